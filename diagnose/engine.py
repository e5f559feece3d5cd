"""The rule engine: experta, in the only module that imports it.

One diagnosis asserts facts in three steps, and each step's rules match one pattern of one wide fact:

- `Observed`: fields, material properties and derived quantities. Rules about findings fire and assert `Finding` facts,
  which chain into other findings.
- `Judged`: the same facts plus the truth of every finding. Rules about causes and verdicts fire.
- `Scored`: the same again plus the scores of the causes. Rules about remedies fire.

Every finding compiles to two positive rules, "holds" and "definitely does not hold", so no rule needs a NOT pattern and
an unknown is never taken for a no. experta 1.9.4 does not import on Python 3.10 and later, leaves a handler on the root
logger, fires rules whose NOT no longer holds, orders equal activations by memory address, scans its whole conflict set
at each firing and carries the activations of a failed case into the next; each is mended here by its own hooks.
"""

from __future__ import annotations

import logging
import threading
import weakref
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from operator import attrgetter
from typing import Any

from diagnose.condition import All, Condition, FindingLeaf, Leaf, Truth, Value, leaf_test, negate
from diagnose.errors import DiagnoseError
from diagnose.rulebook import Rule, RuleBook
from diagnose.rulefile import MOST_ALTERNATIVES

# Tests of a path through the network: slot and predicate.
Tests = tuple[tuple[str, Callable[[Any], bool]], ...]
# Names that experta took from `collections` and that newer Pythons keep in `collections.abc` only.
_MOVED = ("Mapping", "MutableMapping", "Iterable", "Callable", "Hashable", "Sequence", "MutableSequence", "Set")


@contextmanager
def _importable() -> Iterator[None]:
    """Make experta's import work on Python 3.10+, and leave `collections` and the root logger as they were."""
    import collections
    import collections.abc

    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    added = [name for name in _MOVED if not hasattr(collections, name)]
    for name in added:
        setattr(collections, name, getattr(collections.abc, name))
    try:
        yield
    finally:
        for name in added:
            delattr(collections, name)
        root.handlers[:] = handlers
        root.setLevel(level)


@dataclass(frozen=True)
class _Kit:
    """What we use of experta, with our strategy, matcher and engine."""

    experta: Any
    engine: type[Any]


_IMPORTING = threading.Lock()


def kit() -> _Kit:
    """experta with our subclasses; imported once, by one thread while the others wait."""
    with _IMPORTING:
        return _kit()


@lru_cache(maxsize=1)
def _kit() -> _Kit:
    with _importable():
        import experta
        from experta import abstract, engine, factlist
        from experta.agenda import Agenda
        from experta.matchers.rete import ReteMatcher, check, mixins, nodes
        from experta.matchers.rete.token import Token

    logging.getLogger("experta").setLevel(logging.WARNING)

    class ExactStrategy(abstract.Strategy):  # type: ignore[misc]
        """Withdraws exactly the activations that no longer hold, and orders the rest totally."""

        @staticmethod
        def key(activation: Any) -> tuple[int, list[int], str]:
            newest = [-number for number in sorted(fact["__factid__"] for fact in activation.facts)]
            return (activation.rule.salience, newest, activation.rule.__name__)

        def _update_agenda(self, agenda: Any, added: Iterable[Any], removed: Iterable[Any]) -> None:
            pending = agenda.activations
            for gone in removed:
                gone.key = key = self.key(gone)
                index = bisect_left(pending, gone)
                while index < len(pending) and pending[index].key == key:
                    other = pending[index]
                    if other.rule == gone.rule and other.facts == gone.facts and other.context == gone.context:
                        del pending[index]
                        break
                    index += 1
            for new in added:
                new.key = self.key(new)
            pending.extend(added)
            pending.sort(key=attrgetter("key"))

    class ExactMatcher(ReteMatcher):  # type: ignore[misc]
        """Lists its nodes once, looks at the conflict set only after a change, and forgets a failed case on reset."""

        def __init__(self, owner: Any) -> None:
            super().__init__(owner)
            order: list[Any] = []
            seen: set[int] = set()

            def walk(node: Any) -> None:
                if id(node) not in seen:
                    seen.add(id(node))
                    order.append(node)
                    for child in node.children:
                        walk(child.node)

            walk(self.root_node)
            self._paths: dict[type, dict[str, list[tuple[Tests, Callable[[Any], None]]]]] = {}
            self._ends = tuple(node for node in order if isinstance(node, nodes.ConflictSetNode))
            self._touched: dict[type, tuple[Any, ...]] = {}
            keep = [node for node in order if not isinstance(node, mixins.NoMemory)]
            self._joins = tuple(node for node in keep if not isinstance(node, nodes.ConflictSetNode))

        def changes(self, adding: Any = None, deleting: Any = None) -> tuple[Any, Any]:
            if not adding and not deleting:
                return (), ()
            ends = self._ends
            for fact in deleting or ():
                self.root_node.remove(fact)
            for fact in adding or ():
                self._add(fact)
            if not deleting and len(adding) == 1:
                ends = self._below(type(next(iter(adding))))
            added: list[Any] = []
            removed: list[Any] = []
            for node in ends:
                if node.added:
                    added.extend(node.added)
                    node.added = set()
                if node.removed:
                    removed.extend(node.removed)
                    node.removed = set()
            return added, removed

        def _add(self, fact: Any) -> None:
            """Send a fact into the network; all plain tests of a path are made before a token is copied for it."""
            kind = type(fact)
            if kind not in self._paths:
                self._paths[kind] = self._indexed(kind)
            token, paths = Token.valid(fact), self._paths[kind]
            for rarest in ("", *fact):
                for tests, callback in paths.get(rarest, ()):
                    for slot, passes in tests:
                        if slot not in fact or not passes(fact[slot]):
                            break
                    else:
                        callback(token)

        def _indexed(self, kind: type) -> dict[str, list[tuple[Tests, Callable[[Any], None]]]]:
            """The paths of a type by the slot that the fewest paths test, since most slots of a case are empty."""
            paths = list(self._walk(kind))
            uses = Counter(slot for tests, _ in paths for slot, _ in tests)
            found: dict[str, list[tuple[Tests, Callable[[Any], None]]]] = {}
            for tests, callback in paths:
                ordered = tuple(sorted(tests, key=lambda each: (uses[each[0]], each[0])))
                found.setdefault(ordered[0][0] if ordered else "", []).append((ordered, callback))
            return found

        def _walk(self, kind: type) -> Iterator[tuple[Tests, Callable[[Any], None]]]:
            """Every path that a fact of some type can take: its plain tests, and the node behind them."""

            def below(child: Any, tests: Tests) -> Iterator[tuple[Tests, Callable[[Any], None]]]:
                test: Any = getattr(child.node, "matcher", None)
                plain = isinstance(test, check.FeatureCheck) and isinstance(test.expected, experta.P)
                if plain and test.expected.__bind__ is None and isinstance(test.what, str):
                    for grandchild in child.node.children:
                        yield from below(grandchild, (*tests, (test.what, test.expected.match)))
                else:
                    yield tests, child.callback

            for child in self.root_node.children:
                wanted = child.node.matcher
                if not isinstance(wanted, check.TypeCheck):
                    yield (), child.callback
                elif wanted.fact_type is kind:
                    for grandchild in child.node.children:
                        yield from below(grandchild, ())

        def _below(self, kind: type) -> tuple[Any, ...]:
            """The ends of the network that a fact of some type can reach."""
            if kind not in self._touched:
                seen: set[int] = set()

                def walk(node: Any) -> None:
                    if id(node) not in seen:
                        seen.add(id(node))
                        for child in node.children:
                            walk(child.node)

                for child in self.root_node.children:
                    wanted = child.node.matcher
                    if not isinstance(wanted, check.TypeCheck) or wanted.fact_type is kind:
                        walk(child.node)
                self._touched[kind] = tuple(node for node in self._ends if id(node) in seen)
            return self._touched[kind]

        def reset(self) -> None:
            for node in self._joins:
                node._reset()
            for node in self._ends:
                if node.memory or node.added or node.removed:
                    node._reset()
                    node.added = set()
                    node.removed = set()

    class ExactEngine(engine.KnowledgeEngine):  # type: ignore[misc]
        """experta's engine with the exact strategy and matcher."""

        __strategy__ = ExactStrategy
        __matcher__ = ExactMatcher

        def reset(self, **_: Any) -> None:
            self.running = False
            self.agenda = Agenda()
            self.facts = factlist.FactList()
            self.matcher.reset()
            self.facts.declare(experta.InitialFact())
            self.strategy.update_agenda(self.agenda, *self.get_activations())

    return _Kit(experta, ExactEngine)


# --- from conditions to patterns


def alternatives(condition: Condition) -> list[tuple[Leaf | FindingLeaf, ...]]:
    """The condition as a list of conjunctions of leaves; it holds when any of them does."""
    if isinstance(condition, (Leaf, FindingLeaf)):
        return [(condition,)]
    found: list[tuple[Leaf | FindingLeaf, ...]]
    if not isinstance(condition, All):
        found = [each for part in condition.parts for each in alternatives(part)]
        return list(dict.fromkeys(found))
    found = [()]
    for part in condition.parts:
        found = [(*head, *tail) for head in found for tail in alternatives(part)]
        if len(found) > MOST_ALTERNATIVES:
            raise DiagnoseError("a condition has too many alternatives; split it into findings")
    return [tuple(dict.fromkeys(each)) for each in found]


def _holds(leaves: tuple[Leaf, ...]) -> Callable[[Value], bool]:
    """A total predicate on one slot: every leaf comes out as it wants."""
    if len(leaves) == 1:
        test, args, want = leaves[0].test, leaves[0].args, leaves[0].want
        return lambda value: leaf_test(test, args, value) is want

    def predicate(value: Value) -> bool:
        return all(leaf_test(leaf.test, leaf.args, value) is leaf.want for leaf in leaves)

    return predicate


class _Slots:
    """Names of facts as slots of a wide fact; experta allows no dots in slot names."""

    def __init__(self) -> None:
        self.of: dict[str, str] = {}
        self.asked_if_known: set[str] = set()

    def slot(self, name: str) -> str:
        return self.of.setdefault(name, f"s{len(self.of)}")


class _Compiler:
    """Makes one experta engine class out of a rule book."""

    def __init__(self, book: RuleBook) -> None:
        self.book = book
        self.kit = kit()
        fact = self.kit.experta.Fact
        self.wide = {step: type(step, (fact,), {}) for step in ("Observed", "Judged", "Scored")}
        self.slots = {step: _Slots() for step in self.wide}
        self.finding = type("Finding", (fact,), {})
        # Keys of the findings that other findings read; the rest need not be asserted one by one.
        self.chained: set[str] = set()
        self.predicates: dict[tuple[Any, ...], Any] = {}
        self.rules: dict[str, Any] = {}

    def engine(self) -> Any:
        for name in self.book.findings:
            rule = self.book.rules[f"finding.{name}"]
            self.add(rule, "Observed", rule.when, self.conclude(name, True))
            self.add(rule, "Observed", negate(rule.when), self.conclude(name, False))
        for rule in self.book.rules.values():
            if rule.kind in ("evidence", "gate", "verdict"):
                self.add(rule, "Judged", rule.when, self.note(rule.id))
            elif rule.phase == 2:
                self.add(rule, "Scored", rule.when, self.note(rule.id))
        return type("Rules", (self.kit.engine,), self.rules)()

    def conclude(self, name: str, holds: bool) -> Callable[[Any], None]:
        finding, chained, key = self.finding, self.chained, _key(name, holds)

        def act(engine: Any) -> None:
            if name not in engine.truth:
                engine.truth[name] = holds
                if holds:
                    engine.trace.append(f"finding.{name}")
                if key in chained:
                    engine.declare(finding(key=key))

        return act

    @staticmethod
    def note(rule_id: str) -> Callable[[Any], None]:
        def act(engine: Any) -> None:
            if rule_id not in engine.noted:
                engine.noted.add(rule_id)
                engine.trace.append(rule_id)

        return act

    def add(self, rule: Rule, step: str, condition: Condition, act: Callable[[Any], None]) -> None:
        for leaves in alternatives(condition):
            name = f"r{len(self.rules):05d}"

            def fire(engine: Any, act: Callable[[Any], None] = act) -> None:
                act(engine)

            fire.__name__ = name
            self.rules[name] = self.kit.experta.Rule(*self.patterns(step, leaves))(fire)

    def patterns(self, step: str, leaves: tuple[Leaf | FindingLeaf, ...]) -> list[Any]:
        tests: dict[str, list[Leaf]] = {}
        joined: list[Any] = []
        for leaf in leaves:
            if isinstance(leaf, Leaf):
                tests.setdefault(self.slots[step].slot(leaf.name), []).append(leaf)
                if leaf.test in ("known", "unknown"):
                    self.slots[step].asked_if_known.add(leaf.name)
            elif step == "Observed":
                joined.append(self.finding(key=_key(leaf.name, leaf.want)))
                self.chained.add(_key(leaf.name, leaf.want))
            else:
                truth = Leaf(f"finding {leaf.name}", "is", (True,), leaf.want)
                tests.setdefault(self.slots[step].slot(truth.name), []).append(truth)
        slots = {slot: self.predicate(tuple(each)) for slot, each in tests.items()}
        return [self.wide[step](**slots), *joined]

    def predicate(self, leaves: tuple[Leaf, ...]) -> Any:
        # To Python 1, 1.0 and True are equal, but no test of a flag is one of a figure: the types belong to the key.
        key = tuple((leaf.test, leaf.args, tuple(map(type, leaf.args)), leaf.want) for leaf in leaves)
        if key not in self.predicates:
            self.predicates[key] = self.kit.experta.P(_holds(leaves))
        return self.predicates[key]


def _key(name: str, holds: bool) -> str:
    return f"{name} {'holds' if holds else 'does not hold'}"


@dataclass(frozen=True)
class Firing:
    """Rules in the order in which they fired, and the truth of every finding."""

    trace: tuple[str, ...]
    findings: Mapping[str, Truth]


class Session:
    """One engine, built once and reused case by case. Not shared between threads; see `session`."""

    def __init__(self, book: RuleBook) -> None:
        # The rule book itself is not kept, so that an engine goes when its book goes.
        compiler = _Compiler(book)
        self.engine = compiler.engine()
        self.wide, self.slots = compiler.wide, compiler.slots
        self.limit = 10 * (len(compiler.rules) + 1)

    def judge(self, facts: Mapping[str, Value]) -> Firing:
        """Assert the facts of a case; fire the rules about findings, then those about causes and verdicts."""
        engine = self.engine
        engine.trace, engine.noted, engine.truth = [], set(), {}
        engine.reset()
        self.declare("Observed", facts, {})
        self.declare("Judged", facts, engine.truth)
        return Firing(tuple(engine.trace), dict(engine.truth))

    def advise(self, facts: Mapping[str, Value]) -> Firing:
        """With the scores of the causes among the facts, fire the rules about remedies. Follows `judge`."""
        engine = self.engine
        before = len(engine.trace)
        self.declare("Scored", facts, engine.truth)
        return Firing(tuple(engine.trace[before:]), dict(engine.truth))

    def declare(self, step: str, facts: Mapping[str, Value], findings: Mapping[str, Truth]) -> None:
        slots = self.slots[step]
        values: dict[str, Any] = {}
        for name, slot in slots.of.items():
            value = findings.get(name[8:]) if name.startswith("finding ") else facts.get(name)
            # No test but "known" and "unknown" comes out on a missing value, so others can do without the slot.
            if value is not None or name in slots.asked_if_known:
                values[slot] = value
        self.engine.declare(self.wide[step](**values))
        self.engine.run(self.limit)
        if self.engine.agenda.activations:
            raise DiagnoseError("the rules do not come to an end")


_LOCAL = threading.local()


@contextmanager
def session(book: RuleBook) -> Iterator[Session]:
    """This thread's engine for a rule book. After any exception the engine is thrown away."""
    store: weakref.WeakKeyDictionary[RuleBook, Session] | None = getattr(_LOCAL, "sessions", None)
    if store is None:
        store = _LOCAL.sessions = weakref.WeakKeyDictionary()
    found = store.pop(book, None) or Session(book)
    yield found
    store[book] = found
