"""Every cut point of a rule book: the values at which one of its tests changes, combined rule by rule."""

from __future__ import annotations

import math
import random
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import product

from rulemaker import beside

from diagnose.condition import NUMBER_TESTS, All, Any_, Condition, Leaf, Value, compiled, leaves
from diagnose.engine import alternatives
from diagnose.quantity import Span
from diagnose.rulebook import SCORE, FactInfo, Names, Rule, RuleBook

# Up to so many combinations a rule is enumerated; beyond, facts are varied by few, and so many are drawn at random.
EXHAUSTIVE = 1500
DRAWN = 400
FEW = 150

Facts = dict[str, Value]


def leaves_read(book: RuleBook, condition: Condition) -> Iterator[Leaf]:
    """Every test of a fact that a condition depends on, findings followed down."""
    for leaf in leaves(condition):
        if isinstance(leaf, Leaf):
            yield leaf
        else:
            yield from leaves_read(book, book.rules[f"finding.{leaf.name}"].when)


def cut_values(info: FactInfo, tests: Sequence[Leaf]) -> list[Value]:
    """Values of one fact on every side of every test of it.

    For a number one float below, at and one float above each threshold, and an interval across all of them; for a
    choice or a text each one named and another; and always unknown, which is None.
    """
    named = dict.fromkeys(arg for leaf in tests for arg in leaf.args)
    if info.kind == "number":
        edges = sorted({edge for arg in named for edge in beside(float(arg))}) or [1.0]
        across = [Span(edges[0], edges[-1])] if len(edges) > 1 else []
        return [*(Span(edge, edge) for edge in edges), *across, None]
    if info.kind == "flag":
        return [True, False, None]
    others = [choice for choice in info.of if choice not in named] if info.kind == "choice" else ["something else"]
    return [*named, *others[:1], None]


def readings(book: RuleBook, names: Names, rule: Rule) -> dict[str, list[Value]]:
    """The facts that a rule reads, each with its values at the cut points of this rule."""
    tests: dict[str, list[Leaf]] = {}
    for leaf in leaves_read(book, rule.when):
        tests.setdefault(leaf.name, []).append(leaf)
    number = FactInfo("number")
    return {
        name: cut_values(number if name.startswith(SCORE) else names.facts[name], each) for name, each in tests.items()
    }


def count(readings: Mapping[str, Sequence[Value]]) -> int:
    """How many combinations there are."""
    return math.prod(len(each) for each in readings.values())


def combinations(book: RuleBook, rule: Rule, readings: Mapping[str, Sequence[Value]], seed: int) -> list[Facts]:
    """All combinations of the values that a rule reads, or a sample of them when there are too many.

    The sample holds, around bases on which the rule is true, false and unknown, each fact varied alone and the facts of
    each alternative of the rule in all combinations where these are few, and a seeded random draw. In a drawn one about
    half of the facts are as in the base, or conjunctions would hardly ever hold.
    """
    if count(readings) <= EXHAUSTIVE:
        return [dict(zip(readings, each, strict=True)) for each in product(*readings.values())]
    draw = random.Random(seed)
    bases: dict[object, Facts] = {None: dict.fromkeys(readings)}
    for _ in range(20_000):
        trial = {name: draw.choice(each) for name, each in readings.items()}
        bases.setdefault(outcome(book, rule, trial), trial)
        if len(bases) == 3:
            break
    together = {frozenset({name}) for name in readings}
    together |= {
        frozenset(leaf.name for each in way for leaf in leaves_read(book, each)) for way in alternatives(rule.when)
    }
    found: list[Facts] = []
    for some in sorted(map(sorted, together)):
        varied = {name: readings[name] for name in some}
        if count(varied) <= FEW:
            ways = [dict(zip(varied, each, strict=True)) for each in product(*varied.values())]
            found += [{**base, **way} for base in bases.values() for way in ways]
    for _ in range(DRAWN):
        base = draw.choice(list(bases.values()))
        found.append({name: draw.choice([*each, base[name], base[name]]) for name, each in readings.items()})
    return found


def outcome(book: RuleBook, rule: Rule, facts: Mapping[str, Value]) -> object:
    """Truth of a rule, its findings worked out from the facts."""
    needed: dict[str, bool | None] = {}

    def settle(condition: Condition) -> None:
        for leaf in leaves(condition):
            if not isinstance(leaf, Leaf) and leaf.name not in needed:
                settle(book.rules[f"finding.{leaf.name}"].when)
                needed[leaf.name] = book.rules[f"finding.{leaf.name}"].test(facts, needed)

    settle(rule.when)
    return rule.test(facts, needed)


def packed(assignments: Mapping[str, Sequence[Facts]]) -> Iterator[Facts]:
    """Cases that hold every assignment of every rule at least once; rules that agree on their facts share a case."""
    waiting = {name: deque(each) for name, each in assignments.items()}
    while waiting:
        case: Facts = {}
        # Rules that have most left choose first.
        for name in sorted(waiting, key=lambda each: -len(waiting[each])):
            queue = waiting[name]
            for _ in range(min(len(queue), 12)):
                wanted = queue[0]
                if all(case.get(fact, value) == value for fact, value in wanted.items()):
                    case.update(wanted)
                    queue.popleft()
                    break
                queue.rotate(-1)
        waiting = {name: queue for name, queue in waiting.items() if queue}
        yield case


def changed(book: RuleBook, change: Callable[[Leaf], Leaf]) -> RuleBook:
    """A rule book whose leaves are changed. The rules of the first one are left as they are."""

    def walk(condition: Condition) -> Condition:
        if isinstance(condition, Leaf):
            return change(condition)
        if isinstance(condition, (All, Any_)):
            return type(condition)(tuple(walk(part) for part in condition.parts))
        return condition

    rules = {}
    for name, rule in book.rules.items():
        when = walk(rule.when)
        rules[name] = rule if when == rule.when else replace(rule, when=when, test=compiled(when))
    return replace(book, rules=rules)


def one_float_up(leaf: Leaf) -> Leaf:
    """A number test with its thresholds one float higher; another leaf as it is."""
    if leaf.test not in NUMBER_TESTS:
        return leaf
    return replace(leaf, args=tuple(math.nextafter(arg, math.inf) for arg in leaf.args))
