"""What experta 1.9.4 does wrong, and that it does not happen here: one test for each trap of docs/engine.md."""

from __future__ import annotations

import ast
import gc
import json
import os
import random
import subprocess
import sys
import threading
import weakref
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from rulemaker import (
    STABLE,
    book_of,
    cause,
    differences,
    drawn,
    evidence,
    finding,
    note,
    remedy,
    verdict,
    verdicts_of,
    written_books,
)

import diagnose as package
from diagnose.data import load
from diagnose.engine import Session, kit, session
from diagnose.interpreter import infer
from diagnose.quantity import Span
from diagnose.rulebook import RuleBook
from diagnose.scoring import score

ROOT = Path(package.__file__).resolve().parent.parent
FIELDS = ("width", "height", "electrode.depth", "derived.ratio", "colour", "electrode.kind", "seen", "electrolyte")


def fresh(code: str, *arguments: str, **environment: str) -> str:
    """What a new process prints."""
    command = [sys.executable, "-W", "error", "-c", code, *arguments]
    around = {**os.environ, **environment}
    return subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT, env=around).stdout


# --- the stock strategy fires rules whose NOT no longer holds


def rules_with_not(base: type[Any], count: int) -> tuple[Any, Callable[..., Any]]:
    """An engine with rules that fire where a fact is missing, written with NOT, and the fact they miss."""
    experta = kit().experta
    fact = type("Told", (experta.Fact,), {})

    def rule(number: int) -> Any:
        def fire(self: Any) -> None:
            self.fired.append(number)

        fire.__name__ = f"missing_{number}"
        return experta.Rule(experta.NOT(fact(key=number)))(fire)

    return type("Nots", (base,), {f"missing_{number}": rule(number) for number in range(count)})(), fact


def wrong_firings(base: type[Any], count: int, seeds: range) -> int:
    """How many runs fire another set of rules than those whose fact is missing; half of the facts are told."""
    made, fact = rules_with_not(base, count)
    wrong = 0
    for seed in seeds:
        told = random.Random(seed).sample(range(count), count // 2)
        made.reset()
        made.fired = []
        for number in told:
            made.declare(fact(key=number))
        made.run()
        wrong += sorted(made.fired) != sorted(set(range(count)) - set(told))
    return wrong


def test_the_stock_strategy_fires_rules_that_no_longer_hold() -> None:
    """experta's own engine fires rules whose NOT has ceased to hold; this is why it is not used as it comes."""
    assert wrong_firings(kit().experta.KnowledgeEngine, 10, range(60)) > 0


def test_our_strategy_withdraws_exactly_what_no_longer_holds() -> None:
    """With our strategy and matcher the very same NOT rules fire for the missing facts and for nothing else."""
    for count in (1, 4, 10, 25):
        assert wrong_firings(kit().engine, count, range(60)) == 0


def test_rules_about_missing_facts_are_right_without_not() -> None:
    """Our own way to say that a fact is missing is right on the same cases, and no rule holds a NOT pattern."""
    book = verdicts_of(*({name: {"unknown": True}} for name in FIELDS))
    made = Session(book)
    value = {"colour": "red", "electrode.kind": "metal", "seen": True, "electrolyte": "LLZO"}
    for seed in range(60):
        told = random.Random(seed).sample(FIELDS, 4)
        fired = made.judge({name: value.get(name, Span(1, 1)) for name in told}).trace
        assert set(fired) == {f"verdict.v{number}" for number, name in enumerate(FIELDS) if name not in told}
    patterns = [pattern for rule in type(made.engine).__dict__.values() for pattern in _conditions(rule)]
    assert patterns
    assert not any(isinstance(pattern, kit().experta.NOT) for pattern in patterns)


def _conditions(rule: Any) -> Iterator[Any]:
    if isinstance(rule, (kit().experta.Rule, kit().experta.NOT)):
        for part in rule:
            yield part
            yield from _conditions(part)


# --- a failed case


class Explosive(float):
    """A figure that cannot be compared."""

    def __le__(self, other: object) -> bool:
        raise RuntimeError("boom")

    __lt__ = __gt__ = __ge__ = __le__


BAD = {"seen": True, "colour": "red", "width": Span(Explosive(1), Explosive(1))}


def explosive_book() -> RuleBook:
    """Rules of which some are activated before one cannot be judged."""
    whens: list[Any] = [{"seen": True}, {"colour": "red"}, {"finding": "ash"}, {"width": {"above": 1}}]
    findings = {"ash": {"seen": True}, "elm": {"colour": "red"}, "fir": {"width": {"above": 1}}}
    data = [{"verdicts": [verdict(f"v{n}", when) for n, when in enumerate([*whens, {"colour": {"unknown": True}}])]}]
    data += [{"findings": {name: finding(when) for name, when in findings.items()}}]
    return book_of(*data, remedy("press", better=[note("seen", {"seen": True}), note("wide", {"width": {"above": 1}})]))


@pytest.mark.parametrize("step", ["judge", "advise"])
def test_an_exception_throws_the_engine_away(step: str) -> None:
    """After an exception in a step the engine is not used again, and the next case is right."""
    book = explosive_book()
    with session(book) as before:
        before.judge({"seen": True})
    with session(book) as again:
        assert again is before
    with pytest.raises(RuntimeError, match="boom"), session(book) as failed:
        getattr(failed, step)(BAD)
    assert failed is before
    with session(book) as after:
        assert after is not failed
        assert after.judge({}).trace == ("verdict.v4",)
        assert differences(book, after, {"seen": True, "width": Span(2, 2)}) == set()


def test_an_engine_forgets_a_failed_case() -> None:
    """Even when an engine is used again after a failed case, nothing of that case fires in the next one."""
    book = explosive_book()
    made = Session(book)
    for facts in ({}, {"seen": False}, {"seen": True, "width": Span(2, 2)}, {"colour": "blue"}):
        with pytest.raises(RuntimeError, match="boom"):
            made.judge(BAD)
        assert differences(book, made, facts) == set()


def test_an_exception_in_a_rule_leaves_the_next_case_right(monkeypatch: pytest.MonkeyPatch) -> None:
    """When a rule raises while it fires, rules that were still to fire do not fire in the next case."""
    chain = {"ash": {"seen": True}, "fir": {"finding": "ash"}, "elm": {"colour": "red"}}
    book = verdicts_of({"finding": ["fir", "elm"]}, {"width": {"above": 1}}, findings=chain)
    made = Session(book)
    with monkeypatch.context() as patch:
        patch.setattr(type(made.engine), "declare", _refuse_findings(type(made.engine).declare))
        with pytest.raises(RuntimeError, match="boom"):
            made.judge({"seen": True, "colour": "red"})
    for facts in ({}, {"seen": True}, {"width": Span(0, 3)}):
        assert differences(book, made, facts) == set()


def _refuse_findings(declare: Callable[..., Any]) -> Callable[..., Any]:
    def refuse(self: Any, *facts: Any) -> Any:
        if any(type(fact).__name__ == "Finding" for fact in facts):
            raise RuntimeError("boom")
        return declare(self, *facts)

    return refuse


def test_facts_of_several_kinds_asserted_at_once_all_take_effect() -> None:
    """One firing may assert facts of several kinds; rules about each of them fire."""
    experta = kit().experta
    kinds = [type(name, (experta.Fact,), {}) for name in ("Left", "Right")]

    def start(self: Any) -> None:
        for kind in kinds:
            self.declare(kind(key="told"))

    def heard(self: Any) -> None:
        self.heard += 1

    rules = {"start": experta.Rule(experta.InitialFact())(start)}
    rules |= {kind.__name__: experta.Rule(kind(key="told"))(heard) for kind in kinds}
    made = type("Several", (kit().engine,), rules)()
    made.heard = 0
    made.reset()
    made.run(10)
    assert made.heard == 2


# --- one case after another


@given(data=written_books(), seed=st.integers(0, 10**6))
@settings(STABLE, max_examples=25, phases=(Phase.explicit, Phase.generate))
def test_no_case_leaves_a_trace_in_the_next(data: list[dict[str, Any]], seed: int) -> None:
    """A, B, A gives for A the same firings in the same order both times, and those of an engine that saw only A."""
    book = book_of(*data)
    made = Session(book)
    cases = drawn(seed, 6)

    def run(made: Session, facts: Any) -> Any:
        judged = made.judge(facts)
        return judged, made.advise(facts)

    first = [run(made, facts) for facts in cases]
    assert [run(made, facts) for facts in reversed(cases)] == first[::-1]
    assert run(Session(book), cases[-1]) == first[-1]


def test_the_order_of_facts_does_not_matter() -> None:
    """The same facts in another order give the same firings in the same order."""
    book = load().rules
    facts = example_facts("lpscl-lithium")
    with session(book) as made:
        meant = made.judge(facts)
        assert len(meant.trace) > 20
        for seed in range(10):
            names = list(facts)
            random.Random(seed).shuffle(names)
            assert made.judge({name: facts[name] for name in names}) == meant


def example_facts(name: str) -> dict[str, Any]:
    """The facts of a shipped example."""
    from diagnose.case import Case
    from diagnose.facts import fact_base
    from diagnose.yamlfile import parse_yaml, read_text

    case = Case(**parse_yaml(read_text(ROOT / "examples" / f"{name}.yaml"), name).data)
    return fact_base(case, load().knowledge).facts


def test_both_branches_of_an_or_count_once() -> None:
    """A rule with two true alternatives fires once, and its evidence is added once."""
    either = {"any": [{"seen": True}, {"width": {"above": 1}}, {"not": {"colour": "red"}}]}
    book = book_of(cause("oak", [evidence("e", either)]), {"findings": {}})
    facts = {"seen": True, "width": Span(2, 2), "colour": "blue"}
    trace = Session(book).judge(facts).trace
    assert trace == ("oak.e",)
    assert score(book, "oak", trace, facts).total == -600 + 630


def test_both_branches_of_a_finding_are_found_once() -> None:
    """A finding with two true alternatives is noted once, and what builds on it fires once."""
    book = verdicts_of({"finding": "ash"}, findings={"ash": {"any": [{"seen": True}, {"width": {"above": 1}}]}})
    assert Session(book).judge({"seen": True, "width": Span(2, 2)}).trace == ("finding.ash", "verdict.v0")


def test_a_rule_that_feeds_itself_is_stopped() -> None:
    """An engine whose rules feed themselves for ever comes to an end."""
    experta = kit().experta
    made = Session(verdicts_of({"seen": True}))
    tick = type("Tick", (experta.Fact,), {})

    def start(self: Any) -> None:
        self.declare(tick(number=0))

    def feed(self: Any, number: int) -> None:
        self.trace.append(str(number))
        self.declare(tick(number=number + 1))

    rules = {
        "start": experta.Rule(made.wide["Observed"]())(start),
        "feed": experta.Rule(tick(number=experta.MATCH.number))(feed),
    }
    made.engine = type("Endless", (kit().engine,), rules)()
    made.limit = 50
    assert 1 < len(made.judge({}).trace) <= 2 * made.limit


def test_the_limit_is_never_in_the_way() -> None:
    """The limit on firings exceeds the number of rules of the engine, of which each fires at most once in a step."""
    with session(load().rules) as made:
        rules = [each for each in vars(type(made.engine)).values() if isinstance(each, kit().experta.Rule)]
        assert made.limit > 2 * len(rules) > 2 * len(load().rules.of("evidence", "gate", "verdict"))


# --- threads


def test_each_thread_has_its_own_engine() -> None:
    """Threads that judge different cases at once each get their own answers, from engines of their own."""
    whens = [{"width": {"above": n / 4}} for n in range(8)]
    book = verdicts_of(*whens, {"finding": "ash"}, findings={"ash": {"seen": True}})
    start = threading.Barrier(4)
    engines: list[Session] = []
    odd: list[Any] = []

    def work(seed: int) -> None:
        start.wait()
        for facts in drawn(seed, 60):
            with session(book) as made:
                odd.extend(differences(book, made, facts))
        engines.append(made)

    run_all([threading.Thread(target=work, args=(seed,)) for seed in range(4)])
    assert odd == []
    assert len({id(made) for made in engines}) == 4


def run_all(threads: list[threading.Thread]) -> None:
    """Start threads and wait for them, switching between them as often as can be."""
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    try:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(interval)


def test_threads_diagnose_at_once() -> None:
    """Whole diagnoses in several threads are those of one thread."""
    from diagnose import diagnose
    from diagnose.yamlfile import parse_yaml, read_text

    names = ("lpscl-lithium", "soft-short", "two-causes", "garnet-lithium-clean")
    fields = {name: parse_yaml(read_text(ROOT / "examples" / f"{name}.yaml"), name).data for name in names}
    meant = {name: diagnose(each).to_json() for name, each in fields.items()}
    found: list[tuple[str, str]] = []

    def work(seed: int) -> None:
        for name in random.Random(seed).choices(names, k=8):
            found.append((name, diagnose(fields[name]).to_json()))

    run_all([threading.Thread(target=work, args=(seed,)) for seed in range(3)])
    assert len(found) == 24
    assert all(text == meant[name] for name, text in found)


FIRST_USE = """
import collections, threading
meet = threading.Barrier(2)
def asked(name):
    if name == "Mapping":
        try:
            meet.wait(0.5)
        except threading.BrokenBarrierError:
            pass
    raise AttributeError(name)
collections.__getattr__ = asked
from diagnose.engine import kit
failed = []
def work():
    try:
        kit()
    except Exception as error:
        failed.append(repr(error))
threads = [threading.Thread(target=work) for _ in range(2)]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
del collections.__getattr__
print(failed, hasattr(collections, "Mapping"))
"""


def test_two_threads_may_use_the_engine_first() -> None:
    """Two threads that both need experta for the first time both get it, and nothing stays in `collections`."""
    assert fresh(FIRST_USE).strip() == "[] False"


def test_an_engine_within_an_engine() -> None:
    """A diagnosis begun within another of the same rule book gets its own engine and disturbs nothing."""
    book = explosive_book()
    with session(book) as outer:
        before = outer.judge({"seen": True})
        with session(book) as inner:
            assert inner is not outer
            inner.judge({"width": Span(2, 2)})
        assert outer.advise({}).findings == before.findings


def test_an_engine_goes_with_its_book() -> None:
    """The engine of a rule book that nobody holds any more is let go."""
    book = explosive_book()
    with session(book) as made:
        made.judge({})
    gone = weakref.ref(book)
    del book, made
    gc.collect()
    assert gone() is None


# --- what the import does to others

IMPORT = """
import collections, json, logging, sys
root = logging.getLogger()
root.setLevel(logging.ERROR)
own = logging.NullHandler()
root.addHandler(own)
before = (list(root.handlers), root.level, set(dir(collections)))
from diagnose import engine
early = "experta" in sys.modules
engine.kit()
from diagnose.data import load
with engine.session(load().rules) as made:
    made.judge({})
after = (list(root.handlers), root.level, set(dir(collections)))
print(json.dumps([before == after, early, "experta" in sys.modules, logging.getLogger("experta").level]))
"""


def test_import_leaves_logging_and_collections_alone() -> None:
    """Importing and using the engine changes neither the root logger nor `collections`; experta comes on first use."""
    assert json.loads(fresh(IMPORT)) == [True, False, True, 30]


def test_import_leaves_an_untouched_root_logger_untouched() -> None:
    """Where nobody has set logging up, no handler is left on the root logger."""
    code = "import logging; from diagnose.engine import kit; kit(); print(logging.getLogger().handlers)"
    assert fresh(code).strip() == "[]"


TRACE = """
import random, sys
from pathlib import Path
from diagnose.case import Case
from diagnose.data import load
from diagnose.engine import session
from diagnose.facts import fact_base
from diagnose.yamlfile import parse_yaml, read_text
base = load()
for name in sys.argv[2:]:
    data = parse_yaml(read_text(Path("examples") / f"{name}.yaml"), name).data
    facts = list(fact_base(Case(**data), base.knowledge).facts.items())
    random.Random(int(sys.argv[1])).shuffle(facts)
    with session(base.rules) as made:
        print(name, *made.judge(dict(facts)).trace, *made.advise(dict(facts)).trace)
"""


def test_firings_come_in_one_order_in_every_process() -> None:
    """Firings and their order do not depend on the hash seed, on memory addresses or on the order of the facts."""
    names = ("lpscl-lithium", "garnet-lithium-untreated", "two-causes", "latp-nmc-cosintered")
    traces = [fresh(TRACE, seed, *names, PYTHONHASHSEED=seed) for seed in ("0", "1", "77", "4294967295")]
    assert len(traces[0].split()) > 80
    assert len(set(traces)) == 1


def test_experta_is_imported_in_one_module() -> None:
    """Of all modules only the engine imports experta, and it does so inside a function."""
    found: dict[str, list[int]] = {}
    for path in sorted((ROOT / "diagnose").rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        top = {id(node) for node in tree.body}
        for node in ast.walk(tree):
            named = [each.name for each in node.names] if isinstance(node, ast.Import) else []
            named += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            if any(name.split(".")[0] == "experta" for name in named):
                found.setdefault(path.name, []).append(int(id(node) in top))
    assert list(found) == ["engine.py"]
    assert set(found["engine.py"]) == {0}


def test_nothing_is_retracted() -> None:
    """After a case all asserted facts are there: one of each step, and one for each finding that another one reads."""
    book = verdicts_of({"finding": "fir"}, findings={"ash": {"seen": True}, "fir": {"finding": "ash"}})
    made = Session(book)
    judged = made.judge({"seen": True})
    made.advise({})
    kinds = sorted(type(fact).__name__ for fact in made.engine.facts.values())
    assert kinds == ["Finding", "InitialFact", "Judged", "Observed", "Scored"]
    assert judged.findings == infer(book, {"seen": True}).findings
