"""Conditions as sets: which values of each fact make them true, and whether one condition implies another.

A fact is looked at in finitely many points: unknown, each choice, and for a number every figure that a rule compares it
with, its limits, one value between each two of these, and the figures of all known materials. Tests cannot tell apart
values that are left out, so these points decide exactly what can be true for single values. A number given as an
interval makes a test true when every value in it does; so where a whole alternative of one condition lies inside one
alternative of another, the implication holds for intervals too. That is what `implies` asks: it never invents an
implication, and misses one only where an alternative is covered by several together.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from itertools import pairwise, product
from typing import Any

from diagnose.case import ABSENT
from diagnose.condition import All, Any_, Condition, FindingLeaf, Leaf, Value, leaf_test, leaves, negate
from diagnose.data import Base
from diagnose.derived import DERIVED, Derived
from diagnose.facts import MATERIALS
from diagnose.knowledge import Knowledge
from diagnose.quantity import Span
from diagnose.rulebook import SCORE, RuleBook

# The values of some facts that satisfy a conjunction; a fact that is not listed may have any value, or none.
Region = Mapping[str, frozenset[Value]]
Limits = tuple[float, float]

OTHER = "another"
GIVEN = ("electrolyte_family", "electrode_role")  # no case is without these
TINY, SMALL, HUGE = 1.0e-300, 1.0e-200, 1.0e200  # stand for nothing and for no end where arithmetic needs a figure


def inside(inner: Region, outer: Region) -> bool:
    """Whether everything in one region is in the other."""
    return all(name in inner and inner[name] <= values for name, values in outer.items())


def implies(one: Iterable[Region], other: Iterable[Region]) -> bool:
    """Whether each alternative of one condition lies inside an alternative of the other."""
    others = tuple(other)
    return all(any(inside(region, each) for each in others) for region in one)


def _both(one: Region, other: Region) -> Region | None:
    """What two regions share; None when that is nothing."""
    joined = dict(one)
    for name, values in other.items():
        joined[name] = joined[name] & values if name in joined else values
    return joined if all(joined.values()) else None


def _largest(regions: Iterable[Region]) -> tuple[Region, ...]:
    """The regions that lie inside no other one."""
    kept: list[Region] = []
    for region in regions:
        if not any(inside(region, each) for each in kept):
            kept = [*(each for each in kept if not inside(each, region)), region]
    return tuple(kept)


def branches(condition: Condition) -> Iterator[tuple[Condition, Condition]]:
    """Each alternative of each `any`, outer ones first, with the whole condition as it would be without the others."""
    if isinstance(condition, Any_):
        for part in condition.parts:
            yield part, part
            yield from branches(part)
    elif isinstance(condition, All):
        for index, part in enumerate(condition.parts):
            for branch, narrowed in branches(part):
                yield branch, All((*condition.parts[:index], narrowed, *condition.parts[index + 1 :]))


class Space:
    """The points of every fact that a rule book reads, with its findings written out."""

    def __init__(self, base: Base) -> None:
        self.definitions = {name: base.rules.rules[f"finding.{name}"].when for name in base.rules.findings}
        self.profiles = dict(_profiles(base.knowledge))
        compared: dict[str, set[Any]] = {}
        for rule in base.rules.rules.values():
            for leaf in leaves(rule.when):
                if isinstance(leaf, Leaf):
                    compared.setdefault(leaf.name, set()).update(leaf.args)
            for name in rule.facts:
                compared.setdefault(name, set())
        looked_up: dict[str, set[Value]] = {}
        for known in self.profiles.values():
            for name, value in ((name, value) for facts in known for name, value in facts.items()):
                looked_up.setdefault(name, set()).add(value)
        self.points = {
            name: frozenset({*_points(base, name, args), *looked_up.get(name, ()), *(() if name in GIVEN else (None,))})
            for name, args in compared.items()
        }
        self._regions: dict[Condition, tuple[Region, ...]] = {}

    def regions(self, condition: Condition) -> tuple[Region, ...]:
        """The alternatives of a condition, none inside another; there are none when it can never be true."""
        if condition not in self._regions:
            self._regions[condition] = self._split(condition)
        return self._regions[condition]

    def _split(self, condition: Condition) -> tuple[Region, ...]:
        if isinstance(condition, Leaf):
            points = self.points[condition.name]
            true = frozenset(
                each for each in points if leaf_test(condition.test, condition.args, each) is condition.want
            )
            return () if not true else ({},) if true == points else ({condition.name: true},)
        if isinstance(condition, FindingLeaf):
            when = self.definitions[condition.name]
            return self.regions(when if condition.want else negate(when))
        if isinstance(condition, Any_):
            return _largest(region for part in condition.parts for region in self.regions(part))
        found: tuple[Region, ...] = ({},)
        for part in condition.parts:
            joined = (_both(head, tail) for head in found for tail in self.regions(part))
            found = _largest(each for each in joined if each is not None)
        return found

    def possible(self, name: str) -> str:
        """What a fact can be, in words."""
        points = self.points[name]
        figures = [end for each in points if isinstance(each, Span) for end in each]
        if figures:
            ends = f"{min(figures):g} to {max(figures):g}" if max(figures) < HUGE else f"{min(figures):g} or more"
            return f"{name} can be {ends}."
        words = sorted(
            str(each).lower() if isinstance(each, bool) else str(each) for each in points if each is not None
        )
        return f"{name} can be {', '.join(words)}."

    def has_material(self, region: Region) -> bool:
        """Whether for each material a region speaks of the knowledge base has one, or a family, that fits."""

        def fits(allowed: frozenset[Value], value: Value) -> bool:
            return value in allowed or (value == OTHER and bool(allowed - {None, ABSENT}))

        return all(
            any(
                all(fits(values, facts.get(name)) for name, values in region.items() if owner == _owner(name))
                for facts in known
            )
            for owner, known in self.profiles.items()
        )


def _owner(name: str) -> str:
    """The material that a fact describes: electrolyte, electrode, coating, ..."""
    return "electrolyte" if name == "electrolyte_family" else name.partition(".")[0]


def _profiles(knowledge: Knowledge) -> Iterator[tuple[str, list[Mapping[str, Value]]]]:
    """Per material field, the facts of every material that may fill it, of none, of an unknown one, of no answer."""

    def looked_up(prefix: str, material: Any, family: str | None) -> dict[str, Value]:
        return {name: fact[0] for name, fact in knowledge.material_facts(prefix, material, family).items()}

    for name, kind, prefix in MATERIALS:
        known: list[Mapping[str, Value]] = []
        for material in knowledge.materials[kind].values():
            family = {"electrolyte_family": material.family} if name == "electrolyte" else {}
            known.append({name: OTHER, **family, **looked_up(prefix, material, material.family or None)})
        if name == "electrolyte":
            for slug in knowledge.families:
                usual = {"electrolyte_family": slug, **looked_up(prefix, None, slug)}
                known += [usual, {name: OTHER, **usual}]
        else:
            known += [{}, {name: ABSENT}, {name: OTHER}]
        yield name, known


# --- the points of a fact


def _points(base: Base, name: str, compared: set[Any]) -> Iterator[Value]:
    about = base.knowledge.vocabulary.get(name) or base.knowledge.properties.get(name)
    if about is None or about.kind in ("number", "integer"):
        whole = about is not None and about.kind == "integer"
        for figure in _figures(compared, _limits(base.knowledge, base.rules, name), whole):
            yield Span(figure, figure)
    elif about.kind == "flag":
        yield from (True, False)
    else:
        yield from about.of or (*compared, ABSENT, OTHER)


def _figures(compared: set[float], limits: Limits, whole: bool) -> set[float]:
    """The figures within the limits that rules compare with, the limits, and one figure between each two of these."""
    inner = sorted(each for each in compared if limits[0] <= each <= limits[1])
    first, last = max(limits[0], -HUGE), min(limits[1], HUGE)
    marks = sorted({first, *inner, last})
    if whole:
        near = {math.floor(mark) + step for mark in marks for step in (-1.0, 0.0, 1.0)}
        return {each for each in near if first <= each <= last}
    return {*marks, *((low + high) / 2.0 for low, high in pairwise(marks))}


def _limits(knowledge: Knowledge, book: RuleBook, name: str) -> Limits:
    """The least and the greatest value a numeric fact can have."""
    about = knowledge.vocabulary.get(name) or knowledge.properties.get(name)
    if about is not None:
        return about.limits
    if name.startswith(SCORE):
        prior = book.scale.priors[book.causes[name[len(SCORE) :]].prior]
        return prior - book.scale.cap, prior + book.scale.cap
    (quantity,) = (each for each in DERIVED if each.name == name)
    return _derived_limits(quantity, knowledge, book)


def _derived_limits(quantity: Derived, knowledge: Knowledge, book: RuleBook) -> Limits:
    """What a derived quantity can be when its inputs keep to their limits, for every choice of inputs."""
    spans: list[Span] = []
    for chosen in product(*quantity.slots):
        facts: dict[str, Value] = {}
        for name in chosen:
            low, high = _limits(knowledge, book, name)
            facts[name] = Span(low or TINY, high)  # 0 / 0 would have no value
        spans.append(quantity.value(facts) or Span(-math.inf, math.inf))
    least = min(span.low for span in spans)
    return (0.0 if abs(least) < SMALL else least), max(span.high for span in spans)
