"""Rule engines side by side on the same rules and cases: `python benchmarks/peers.py [--cases N] [--json]`.

Every engine runs the whole shipped rule book, that is all findings, gates, evidence and verdicts, on the facts of the
examples and of the case library. It must first fire the same rules as the plain interpreter on each of them. Then it is
timed: in processor time of all threads, so that the figures are per core, from facts in the form the engine takes them
in to the fired rules in the form it gives them in. Bringing facts into that form is not counted, for none of them.
A peer that is not installed is passed over: `pip install clipspy zen-engine durable_rules`.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import struct
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from importlib.metadata import PackageNotFoundError, version
from itertools import cycle, islice, pairwise
from typing import Any

import numpy as np
from single_case import EXAMPLES, Stock

from diagnose import Case, interpreter
from diagnose.column import Column, Mask, Numbers, Words, narrowest, packed, spread, taken
from diagnose.columns import Columns
from diagnose.condition import NUMBER_TESTS, All, Condition, FindingLeaf, Leaf, Value, leaves, negate
from diagnose.data import Base, load
from diagnose.engine import Firing, Session
from diagnose.facts import FactBase, fact_base, names
from diagnose.program import Run
from diagnose.quantity import Span
from diagnose.sheet import BLOCK
from diagnose.validation import library
from diagnose.yamlfile import parse_yaml, read_text

ROUNDS = 5
# A round of a slow engine takes fewer cases, so that the whole command stays short.
ROUND_SECONDS = 4.0
# Columns are timed on the block that the program itself evaluates at a time.
ROWS = BLOCK
SEED = 1
# How often as fast as a peer the columns must be.
BUDGETS = {"clipspy": 100.0, "zen-engine": 300.0}
Facts = Mapping[str, Value]


# --- the rules in words that any engine knows: two-valued parts that hold only when they definitely do


@dataclass(frozen=True)
class Compare:
    """One end of a known interval, `low` or `high`, compares with a figure."""

    name: str
    end: str
    sign: str
    figure: float


@dataclass(frozen=True)
class Among:
    """A known word or flag is one of some values, or none of them."""

    name: str
    values: tuple[str | bool, ...]
    want: bool


@dataclass(frozen=True)
class Given:
    """A fact is known, or is not."""

    name: str
    want: bool


@dataclass(frozen=True)
class Found:
    """A finding holds, or definitely does not."""

    name: str
    want: bool


@dataclass(frozen=True)
class Every:
    """All parts hold."""

    parts: tuple[Plain, ...]


@dataclass(frozen=True)
class Either:
    """At least one part holds."""

    parts: tuple[Plain, ...]


Part = Compare | Among | Given | Found
Plain = Part | Every | Either

# Test of an interval, and how it comes out: which end it must hold for, and how that end compares.
ENDS = {
    ("above", True): ("low", ">"),
    ("above", False): ("high", "<="),
    ("at_least", True): ("low", ">="),
    ("at_least", False): ("high", "<"),
    ("below", True): ("high", "<"),
    ("below", False): ("low", ">="),
    ("at_most", True): ("high", "<="),
    ("at_most", False): ("low", ">"),
}


class PlainBook:
    """The rule book in plain parts. Rules go by their place in `ids`; `findings` chain in the order they stand in."""

    def __init__(self, base: Base) -> None:
        self.base = base
        rules = [rule for rule in base.rules.rules.values() if rule.phase == 1 and rule.kind != "contradiction"]
        self.ids = tuple(rule.id for rule in rules)
        self.place = {rule: place for place, rule in enumerate(self.ids)}
        tests = [leaf for rule in rules for leaf in leaves(rule.when)]
        kinds = names(base.knowledge).facts
        self.facts = tuple(sorted({leaf.name for leaf in tests if isinstance(leaf, Leaf)}))
        self.numbers = frozenset(name for name in self.facts if kinds[name].kind == "number")
        # No engine takes every name that a fact may have.
        self.slots = {name: f"s{place}" for place, name in enumerate(self.facts)}
        self.findings = {name: place for place, name in enumerate(base.rules.findings)}
        self.conclusions = [
            (name, want, self.plain(when if want else negate(when)))
            for name in self.findings
            for when in (base.rules.rules[f"finding.{name}"].when,)
            for want in (True, False)
        ]
        self.others = [(self.place[rule.id], self.plain(rule.when)) for rule in rules if rule.kind != "finding"]
        parts = [part for _, _, when in self.conclusions for part in _parts(when)]
        parts += [part for _, when in self.others for part in _parts(when)]
        self.asked_if_known = frozenset(part.name for part in parts if isinstance(part, Given))
        self.chained = frozenset(part for part in parts if isinstance(part, Found))

    def plain(self, condition: Condition) -> Plain:
        """A condition in plain parts."""
        if isinstance(condition, FindingLeaf):
            return Found(condition.name, condition.want)
        if isinstance(condition, Leaf):
            return self._leaf(condition)
        parts = tuple(self.plain(part) for part in condition.parts)
        return Every(parts) if isinstance(condition, All) else Either(parts)

    def _leaf(self, leaf: Leaf) -> Plain:
        """Where a test definitely comes out as wanted."""
        name, want, args = leaf.name, leaf.want, leaf.args
        if leaf.test in ("known", "unknown"):
            return Given(name, (leaf.test == "known") is want)
        if (name in self.numbers) is not (leaf.test in NUMBER_TESTS):
            raise SystemExit(f"{name}: the peers have no form yet for the test {leaf.test!r} of such a fact")
        if leaf.test in ("is", "in"):
            return Among(name, args, want)
        if leaf.test != "between":
            return Compare(name, *ENDS[leaf.test, want], args[0])
        if want:
            return Every((Compare(name, "low", ">=", args[0]), Compare(name, "high", "<=", args[1])))
        return Either((Compare(name, "high", "<", args[0]), Compare(name, "low", ">", args[1])))


def _parts(when: Plain) -> Iterator[Part]:
    """Every part, from left to right."""
    if isinstance(when, (Every, Either)):
        for part in when.parts:
            yield from _parts(part)
    else:
        yield when


def alternatives(when: Plain) -> list[tuple[Part, ...]]:
    """Conjunctions of which one must hold; engines that match patterns get a rule for each."""
    if isinstance(when, Either):
        return list(dict.fromkeys(each for part in when.parts for each in alternatives(part)))
    if not isinstance(when, Every):
        return [(when,)]
    found: list[tuple[Part, ...]] = [()]
    for part in when.parts:
        found = [(*head, *tail) for head in found for tail in alternatives(part)]
    return [tuple(dict.fromkeys(each)) for each in found]


# --- the engines


class Peer:
    """An engine with the whole rule book in it. Making one is its setup."""

    package = ""
    label = ""

    def __init__(self, book: PlainBook) -> None:
        self.book = book

    def prepare(self, facts: Facts) -> Any:
        """The facts of a case in the form that the engine takes fastest; not timed."""
        return facts

    def judge(self, given: Any) -> Any:
        """Infer, and fetch what fired."""
        raise NotImplementedError

    def fired(self, answer: Any) -> frozenset[str]:
        """Ids of the rules that fired; not timed."""
        raise NotImplementedError


class Interpreter(Peer):
    """The plain interpreter of this project: the specification."""

    label = "plain interpreter"

    def judge(self, given: Facts) -> interpreter.Outcome:
        """Evaluate every rule."""
        return interpreter.infer(self.book.base.rules, given)

    def fired(self, answer: interpreter.Outcome) -> frozenset[str]:
        """What is true, without the contradictions."""
        return frozenset(answer.fired) & self.book.place.keys()


class Experta(Peer):
    """experta as `diagnose()` uses it: one network, reused."""

    package, label = "experta", "experta {}, as used"

    def __init__(self, book: PlainBook) -> None:
        super().__init__(book)
        self.session = Session(book.base.rules)

    def judge(self, given: Facts) -> Firing:
        """Fire the rules of the first phase."""
        return self.session.judge(given)

    def fired(self, answer: Firing) -> frozenset[str]:
        """The trace."""
        return frozenset(answer.trace)


class StockExperta(Peer):
    """experta's own engine, strategy and matcher. Its reset leaves activations behind, so each case gets an engine."""

    package, label = "experta", "experta {}, stock, network built per case"

    def __init__(self, book: PlainBook) -> None:
        super().__init__(book)
        self.stock = Stock(book.base)

    def prepare(self, facts: Facts) -> FactBase:
        """The form `Stock` takes."""
        return FactBase(dict(facts))

    def judge(self, given: FactBase) -> frozenset[str]:
        """Build, fire, throw away."""
        return self.stock.judge(given)

    def fired(self, answer: frozenset[str]) -> frozenset[str]:
        """As it is."""
        return answer


class Clips(Peer):
    """CLIPS, by clipspy: one wide fact for the case, a fact for each finding, a rule for each alternative.

    An unknown number is the interval of all numbers, of which no test definitely comes out, so that patterns need no
    test for nil. The wide fact is some four times as fast as a fact for each fact of the case; its slots are put by
    `assert_fact`, three times as fast as `assert_string`; what fired is gathered in a global variable, which is faster
    than facts, a Python function or a router.
    """

    package, label = "clipspy", "clipspy {}"

    def __init__(self, book: PlainBook) -> None:
        super().__init__(book)
        import clips

        _let_facts_go()
        self.environment = clips.Environment()
        self.environment.build(f"(deftemplate case {' '.join(self._slots())})")
        self.environment.build("(defglobal ?*fired* = (create$))")
        rules = []
        for name, want, when in book.conclusions:
            note = self._note(book.place[f"finding.{name}"]) if want else ""
            rules += [(each, f"(assert {self._finding(name, want)}) {note}") for each in alternatives(when)]
        for place, when in book.others:
            rules += [(each, self._note(place)) for each in alternatives(when)]
        for number, (parts, action) in enumerate(rules):
            self.environment.build(f"(defrule r{number} {self._patterns(parts)} => {action})")
        self.case = self.environment.find_template("case")
        self.noted = self.environment.find_global("fired")

    def _slots(self) -> Iterator[str]:
        """The slots of the wide fact, and what they hold where nothing is known."""
        widest = sys.float_info.max
        for name, slot in self.book.slots.items():
            if name not in self.book.numbers:
                yield f"(slot {slot} (default nil))"
                continue
            yield f"(slot {slot}-low (default {-widest!r})) (slot {slot}-high (default {widest!r}))"
            if name in self.book.asked_if_known:
                yield f"(slot {slot}-known (default FALSE))"

    @staticmethod
    def _note(place: int) -> str:
        """The action that notes a rule."""
        return f"(bind ?*fired* ?*fired* {place})"

    @staticmethod
    def _finding(name: str, want: bool) -> str:
        """The fact of a finding, and the pattern that it matches."""
        return f"({'holds' if want else 'fails'} {name})"

    def _patterns(self, parts: Sequence[Part]) -> str:
        """The wide fact with the tests of its slots, and the findings to join with it."""
        tests: dict[str, list[str]] = {}
        for part in parts:
            if not isinstance(part, Found):
                slot, test = self._test(part)
                tests.setdefault(slot, []).append(test)
        slots = " ".join(f"({slot} {'&'.join((f'?{slot}', *some))})" for slot, some in tests.items())
        joined = (self._finding(part.name, part.want) for part in parts if isinstance(part, Found))
        return " ".join((f"(case {slots})", *joined))

    def _test(self, part: Compare | Among | Given) -> tuple[str, str]:
        """A slot and what is asked of it."""
        slot = self.book.slots[part.name]
        if isinstance(part, Compare):
            slot = f"{slot}-{part.end}"
            return slot, f":({part.sign} ?{slot} {part.figure!r})"
        if isinstance(part, Given):
            if part.name in self.book.numbers:
                return f"{slot}-known", "TRUE" if part.want else "FALSE"
            return slot, "~nil" if part.want else "nil"
        values = [str(value).upper() if isinstance(value, bool) else json.dumps(value) for value in part.values]
        if not part.want:
            return slot, "&".join(f"~{value}" for value in ("nil", *values))
        # A plain "a|b" is tested without a call, but "or" binds looser than the variable before it.
        return slot, values[0] if len(values) == 1 else f":(or {' '.join(f'(eq ?{slot} {each})' for each in values)})"

    def prepare(self, facts: Facts) -> dict[str, Any]:
        """Slots and values."""
        found: dict[str, Any] = {}
        for name, value in facts.items():
            slot = self.book.slots.get(name)
            if slot is None:
                continue
            if isinstance(value, Span):
                found[f"{slot}-low"], found[f"{slot}-high"] = value
                if name in self.book.asked_if_known:
                    found[f"{slot}-known"] = True
            else:
                found[slot] = value
        return found

    def judge(self, given: dict[str, Any]) -> tuple[int, ...]:
        """Forget the last case, assert this one, run, read the global variable."""
        self.environment.reset()
        self.case.assert_fact(**given)
        self.environment.run()
        return self.noted.value

    def fired(self, answer: tuple[int, ...]) -> frozenset[str]:
        """From places to ids."""
        return frozenset(self.book.ids[place] for place in answer)


def _let_facts_go() -> None:
    """Let CLIPS free a fact that Python has let go of.

    clipspy 1.0.6 calls the release of a fact with one argument too many and hides the error, so that every asserted
    fact stays for good and each case is slower than the one before: half as fast after ten thousand cases.
    """
    import clips
    from clips._clips import lib

    def release(self: Any) -> None:
        """As it was meant."""
        lib.ReleaseFact(self._fact)

    clips.facts.Fact.__del__ = release


class Zen(Peer):
    """zen-engine: a decision graph of two expression nodes, the findings, and a list of the truths of all rules.

    Of the forms tried this is the fastest: a filtered list or a decision table that collects the rules that hold takes
    up to twice as long, a key for each rule four times, and so does a function in JavaScript before it does anything.
    The graph comes from a static loader, which compiles it once; `create_decision` would compile it in each call.
    Its numbers have 28 decimals and no more, which no case here goes beyond.
    """

    package, label = "zen-engine", "zen-engine {}"
    # The largest power of ten that its decimal numbers hold.
    MOST = 1e28

    def __init__(self, book: PlainBook) -> None:
        super().__init__(book)
        import zen

        findings = [(self._name(name, want), self._text(when, "$.")) for name, want, when in book.conclusions]
        truths = {book.place[f"finding.{name}"]: self._name(name, True) for name in book.findings}
        truths.update({place: self._text(when) for place, when in book.others})
        listed = ", ".join(truths[place] for place in range(len(book.ids)))
        nodes = [
            {"id": "in", "type": "inputNode", "name": "in"},
            self._node("findings", findings, keep=True),
            self._node("rules", [("truths", f"[{listed}]")], keep=False),
            {"id": "out", "type": "outputNode", "name": "out"},
        ]
        edges = [
            {"id": f"{first['id']}-{second['id']}", "type": "edge", "sourceId": first["id"], "targetId": second["id"]}
            for first, second in pairwise(nodes)
        ]
        for node in nodes:
            node["position"] = {"x": 0, "y": 0}
        graph = {"contentType": "application/vnd.gorules.decision", "nodes": nodes, "edges": edges}
        self.engine = zen.ZenEngine({"loader": {"type": "static", "content": {"book": graph}}})

    def _name(self, finding: str, want: bool) -> str:
        """Key of a finding or of its opposite."""
        return f"{'holds' if want else 'fails'}_{self.book.findings[finding]}"

    @staticmethod
    def _node(name: str, expressions: list[tuple[str, str]], keep: bool) -> dict[str, Any]:
        """A node that works out some keys, and hands on what it was given too when it is to keep it."""
        content = {
            "expressions": [{"id": key, "key": key, "value": value} for key, value in expressions],
            "passThrough": keep,
            "inputField": None,
            "outputPath": None,
            "executionMode": "single",
        }
        return {"id": name, "type": "expressionNode", "name": name, "content": content}

    def _text(self, when: Plain, here: str = "") -> str:
        """A condition as an expression. A null compares with nothing; `here` leads to what the same node has found."""
        if isinstance(when, (Every, Either)):
            word = " and " if isinstance(when, Every) else " or "
            return f"({word.join(self._text(part, here) for part in when.parts)})" if when.parts else "true"
        if isinstance(when, Found):
            return here + self._name(when.name, when.want)
        slot = self.book.slots[when.name]
        if isinstance(when, Compare):
            return f"({slot}_{when.end} != null and {slot}_{when.end} {when.sign} ({Decimal(repr(when.figure)):f}))"
        if isinstance(when, Given):
            return f"{slot}{'_low' if when.name in self.book.numbers else ''} {'!=' if when.want else '=='} null"
        if when.want and len(when.values) == 1:
            return f"{slot} == {json.dumps(when.values[0])}"
        values = json.dumps(when.values)
        return f"{slot} in {values}" if when.want else f"({slot} != null and {slot} not in {values})"

    def prepare(self, facts: Facts) -> bytes:
        """JSON text, for a float in a dict is rounded to 16 digits, which makes "less than 1" one."""
        found: dict[str, Any] = {}
        for name, value in facts.items():
            slot = self.book.slots.get(name)
            if slot is not None and isinstance(value, Span):
                found[f"{slot}_low"], found[f"{slot}_high"] = (min(max(end, -self.MOST), self.MOST) for end in value)
            elif slot is not None:
                found[slot] = value
        return json.dumps(found).encode()

    def judge(self, given: bytes) -> list[bool]:
        """Evaluate the graph."""
        return self.engine.evaluate("book", given)["result"]["truths"]

    def fired(self, answer: list[bool]) -> frozenset[str]:
        """From truths to ids."""
        return frozenset(rule for rule, truth in zip(self.book.ids, answer, strict=True) if truth)


class Durable(Peer):
    """durable_rules: one fact for the case, a fact for each finding that rules read, a rule for each alternative.

    Two things it cannot do are gone round. Its reader of JSON takes no exponents, so figures go in as whole numbers in
    the same order. And a rule that only asks for what is absent would match every message, also the engine's own, so
    every pattern asks for a case. One that it keeps: a case of which more than 64 tests come out at once is refused,
    with error 303; none of the cases here is so full.
    """

    package, label = "durable_rules", "durable_rules {}"
    SIGNS = {">": "$gt", ">=": "$gte", "<": "$lt", "<=": "$lte"}  # noqa: RUF012 - never changed

    def __init__(self, book: PlainBook) -> None:
        super().__init__(book)
        from durable.engine import MessageNotHandledException
        from durable.lang import get_host

        self.host, self.no_rule_fires = get_host(), MessageNotHandledException
        self.trace: list[str] = []
        self.told: set[str] = set()
        rules: dict[str, Any] = {}
        for name, want, when in book.conclusions:
            for parts in alternatives(when):
                rules[f"r{len(rules)}"] = {"all": self._patterns(parts), "run": self._conclude(name, want)}
        for place, when in book.others:
            for parts in alternatives(when):
                rules[f"r{len(rules)}"] = {"all": self._patterns(parts), "run": self._note(book.ids[place])}
        self.host.set_rulesets({"book": rules})

    def _key(self, name: str, want: bool) -> str:
        """What the fact of a finding says."""
        return f"{self.book.findings[name]} {'holds' if want else 'fails'}"

    def _note(self, rule: str) -> Callable[[Any], None]:
        """The action that notes a rule."""

        def act(_: Any) -> None:
            """Called by the engine."""
            self.trace.append(rule)

        return act

    def _conclude(self, name: str, want: bool) -> Callable[[Any], None]:
        """The action that asserts a finding."""
        rule, key, chained = f"finding.{name}", self._key(name, want), Found(name, want) in self.book.chained

        def act(closure: Any) -> None:
            """Called by the engine, which hides any error in here."""
            if want:
                self.trace.append(rule)
            # A finding nobody reads, or one told twice, is an error to the engine.
            if chained and key not in self.told:
                self.told.add(key)
                closure.assert_fact({"finding": key})

        return act

    def _patterns(self, parts: Sequence[Part]) -> list[dict[str, Any]]:
        """The case with its tests, and the findings to join with it."""
        tests = [self._test(part) for part in parts if not isinstance(part, Found)]
        joined = [part for part in parts if isinstance(part, Found)]
        found: list[dict[str, Any]] = [{"case": {"$and": [{"kind": "case"}, *tests]}}] if tests or not joined else []
        return found + [{f"f{place}": {"finding": self._key(x.name, x.want)}} for place, x in enumerate(joined)]

    def _test(self, part: Compare | Among | Given) -> dict[str, Any]:
        """A part as a test of the case."""
        slot = self.book.slots[part.name]
        if isinstance(part, Compare):
            return {self.SIGNS[part.sign]: {f"{slot}_{part.end}": _whole(part.figure)}}
        if isinstance(part, Given):
            slot = f"{slot}_low" if part.name in self.book.numbers else slot
            return {"$ex" if part.want else "$nex": {slot: 1}}
        tests: list[dict[str, Any]] = [{slot: each} if part.want else {"$neq": {slot: each}} for each in part.values]
        return tests[0] if len(tests) == 1 else {"$or" if part.want else "$and": tests}

    def prepare(self, facts: Facts) -> dict[str, Any]:
        """One message, under an id by which the engine can be told to forget it."""
        found: dict[str, Any] = {"kind": "case", "sid": "case"}
        for name, value in facts.items():
            slot = self.book.slots.get(name)
            if slot is not None and isinstance(value, Span):
                found[f"{slot}_low"], found[f"{slot}_high"] = map(_whole, value)
            elif slot is not None:
                found[slot] = value
        return found

    def judge(self, given: dict[str, Any]) -> list[str]:
        """Assert the case, which fires the rules, and forget it."""
        self.trace, self.told = [], set()
        try:
            self.host.assert_fact("book", dict(given))
        except self.no_rule_fires:
            pass
        finally:
            self.host.delete_state("book", "case")
        return self.trace

    def fired(self, answer: list[str]) -> frozenset[str]:
        """The trace."""
        return frozenset(answer)


def _whole(figure: float) -> int:
    """A whole number for each float, in the same order."""
    bits: int = struct.unpack("<q", struct.pack("<d", figure + 0.0))[0]
    return bits if bits >= 0 else -(bits & 0x7FFF_FFFF_FFFF_FFFF)


PEERS: tuple[type[Peer], ...] = (StockExperta, Experta, Clips, Zen, Durable, Interpreter)


# --- the measurement


@dataclass
class Row:
    """One line of the table. Without a rate, `said` tells why."""

    engine: str
    label: str
    rules: int = 0
    setup_s: float | None = None
    cases: int = 0
    per_s: float | None = None
    columns_over: float | None = None
    compared: int = 0
    differ: int | None = None
    said: str = ""
    failed: bool = False

    @property
    def answers(self) -> str:
        """Whether the answers were the interpreter's."""
        if self.differ is None:
            return self.said
        return f"yes, {self.compared}" if not self.differ else f"{self.differ} of {self.compared} differ"


def all_facts(base: Base) -> list[Facts]:
    """Facts of the cases of the library and the examples."""
    cases = [Case(**case.given) for case in library(base)]
    cases += [Case(**parse_yaml(read_text(path), path.name).data) for path in EXAMPLES]
    return [fact_base(case, base.knowledge).facts for case in cases]


def timed(function: Callable[[], object]) -> float:
    """Processor time in s, of all threads."""
    start = time.process_time()
    function()
    return time.process_time() - start


def peer_row(kind: type[Peer], book: PlainBook, facts: Sequence[Facts], meant: list[frozenset[str]], most: int) -> Row:
    """Build an engine, compare its answers, and only then time it. One that fails has no rate, and says why."""
    row = Row(kind.package or kind.label, kind.label.replace(" {}", ""))
    try:
        if kind.package:
            row.label = kind.label.format(version(kind.package))
        start = time.process_time()
        peer = kind(book)
        row.setup_s = time.process_time() - start
        prepared = [peer.prepare(each) for each in facts]
        start = time.process_time()
        found = [peer.fired(peer.judge(each)) for each in prepared]
        one = (time.process_time() - start) / len(found)
    except (ImportError, PackageNotFoundError):
        row.said = "not installed"
        return row
    except Exception as error:
        row.said, row.failed = f"failed: {' '.join(str(error).split())[:80]}", True
        return row
    row.rules, row.compared = len(book.ids), len(found)
    row.differ = sum(a != b for a, b in zip(found, meant, strict=True))
    row.cases = max(1, min(most, int(ROUND_SECONDS / one)))
    # A short round goes on where the last one ended, so that all cases have their turn.
    turn = cycle(random.Random(SEED).sample(prepared, len(prepared)))
    rounds = [list(islice(turn, row.cases)) for _ in range(ROUNDS)]
    row.per_s = row.cases / statistics.median(timed(lambda some=each: _all(peer, some)) for each in rounds)
    return row


def _all(peer: Peer, prepared: Sequence[Any]) -> None:
    """One round."""
    judge = peer.judge
    for each in prepared:
        judge(each)


def columns_of(facts: Sequence[Facts], book: PlainBook) -> dict[str, Column]:
    """The facts that rules read, as columns."""
    found: dict[str, Column] = {}
    for name in book.facts:
        values: list[Any] = [each.get(name) for each in facts]
        if all(value is None for value in values):
            continue
        if name in book.numbers:
            low, high = (np.array([np.nan if span is None else span[end] for span in values]) for end in (0, 1))
            points = ((low == high) | (low != low)).all()
            found[name] = packed(Numbers(low, low if points else high))
        else:
            words = tuple(dict.fromkeys(value for value in values if value is not None))
            codes = np.array([-1 if value is None else words.index(value) for value in values])
            found[name] = packed(Words(narrowest(codes, len(words)), words))
    return found


def columns_row(book: PlainBook, facts: Sequence[Facts], meant: Sequence[frozenset[str]]) -> Row:
    """The rules over columns, in one block of rows that repeats the cases in a seeded order.

    Like the peers, from facts to fired rules; the answer, which is checked in every row, is a mask for each rule.
    """
    row = Row("columns", "columns, one block of rows at once", len(book.ids), cases=ROWS, compared=ROWS)
    start = time.process_time()
    program = Columns(book.base).program
    row.setup_s = time.process_time() - start
    order = np.random.default_rng(SEED).integers(0, len(facts), ROWS)
    block = {name: taken(column, order) for name, column in columns_of(facts, book).items()}

    def judge() -> list[Mask]:
        """Where each rule fires."""
        run = Run(program, block)
        return [run.rule(rule) for rule in book.ids]

    wrong = np.zeros(ROWS, dtype=bool)
    for rule, mask in zip(book.ids, judge(), strict=True):
        wrong |= spread(mask, ROWS) != np.array([rule in fired for fired in meant])[order]
    row.differ = int(wrong.sum())
    row.per_s = ROWS / statistics.median(timed(judge) for _ in range(ROUNDS))
    return row


def measure(most: int) -> list[Row]:
    """All rows, the columns last."""
    base = load()
    book, facts = PlainBook(base), all_facts(base)
    specification = Interpreter(book)
    meant = [specification.fired(specification.judge(each)) for each in facts]
    rows = [peer_row(kind, book, facts, meant, most) for kind in PEERS]
    columns = columns_row(book, facts, meant)
    for row in rows:
        if row.per_s and columns.per_s:
            row.columns_over = columns.per_s / row.per_s
    return [*rows, columns]


def table(rows: Sequence[Row]) -> str:
    """The rows as text."""
    lines = [f"{'engine':46}{'rules':>6}{'setup s':>9}{'cases/s/core':>14}{'columns over it':>17}  same answers"]
    for row in rows:
        rules = str(row.rules) if row.rules else "-"
        setup = "-" if row.setup_s is None else f"{row.setup_s:.3f}"
        rate = "-" if row.per_s is None else f"{row.per_s:,.1f}" if row.per_s < 100 else f"{row.per_s:,.0f}"
        over = "-" if row.columns_over is None else f"{row.columns_over:,.0f} x"
        lines.append(f"{row.label:46}{rules:>6}{setup:>9}{rate:>14}{over:>17}  {row.answers}")
    return "\n".join(lines)


def budgets(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """What the columns must reach over each peer with a budget; a peer that did not run cannot break one."""
    over = {row.engine: row.columns_over for row in rows}
    return [
        {"over": peer, "ratio": ratio, "at_least": least, "broken": ratio is not None and ratio < least}
        for peer, least in BUDGETS.items()
        for ratio in (over[peer],)
    ]


def main() -> int:
    """Print the table; 1 when a budget is broken or an engine fails or differs from the interpreter."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--cases", type=int, default=1000, help="cases in a round; a slow engine takes fewer (1000)")
    parser.add_argument("--json", action="store_true", help="figures as JSON")
    options = parser.parse_args()
    if options.cases < 1:
        parser.error("--cases needs at least 1")
    rows = measure(options.cases)
    checks = budgets(rows)
    if options.json:
        print(json.dumps({"rows": [vars(row) for row in rows], "budgets": checks}, indent=2))
    else:
        print(table(rows))
        print()
        for check in checks:
            ratio = "not run" if check["ratio"] is None else f"{check['ratio']:,.0f} x"
            end = "BROKEN" if check["broken"] else ""
            print(f"columns over {check['over']:14}{ratio:>10}  at least {check['at_least']:g} x  {end}".rstrip())
    return 1 if any(check["broken"] for check in checks) or any(row.differ or row.failed for row in rows) else 0


if __name__ == "__main__":
    sys.exit(main())
