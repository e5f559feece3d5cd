"""Cases made for a rule: one in which it fires, and a near miss in which it does not.

A case is made from the rule's own words. The condition, with its findings written out and joined to what keeps its
cause from being ruled out, is taken apart into alternatives. Each fact of an alternative offers the values that satisfy
it; what has to be computed (derived quantities, properties of a pair) is found by trying inputs around every figure
that the rules compare them with. Only the order of trials is random, from a seed that is the rule's id.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice, pairwise, product
from typing import Any

from diagnose.case import Case
from diagnose.condition import All, Condition, FindingLeaf, Leaf, evaluate, leaf_test, leaves, negate
from diagnose.data import Base
from diagnose.derived import FORMULAS, Value
from diagnose.errors import CaseError
from diagnose.facts import MATERIALS, fact_base
from diagnose.interpreter import infer
from diagnose.quantity import Span
from diagnose.rulebook import SCORE, Rule
from diagnose.scoring import hundredths, ranking, weight

MOST_BRANCHES, MOST_TRIES = 400, 400
Given = dict[str, Any]


@dataclass(frozen=True)
class Witness:
    """A case in which a rule fires; a near miss, which differs in one field; and the name of that field."""

    fires: Given
    miss: Given | None
    changed: str


@dataclass
class _Needs:
    """What an alternative asks of the fields themselves, of each material, and of what has to be computed."""

    fields: dict[str, list[Leaf]] = field(default_factory=dict)
    materials: dict[str, list[Leaf]] = field(default_factory=dict)
    computed: list[Leaf] = field(default_factory=list)


class Maker:
    """Makes witnesses for the rules of one base."""

    def __init__(self, base: Base) -> None:
        self.base, self.rules, self.knowledge = base, base.rules, base.knowledge
        self.kinds = {name: kind for name, kind, _ in MATERIALS}
        self.contradictions = self.rules.of("contradiction")
        self.cuts: dict[str, set[float]] = {}
        for rule in self.rules.rules.values():
            for leaf in leaves(rule.when):
                if isinstance(leaf, Leaf):
                    figures = [arg for arg in leaf.args if isinstance(arg, float)]
                    self.cuts.setdefault(leaf.name, set()).update(figures)

    def make(self, rule: Rule) -> Witness | None:
        """A witness of a rule; None when no trial made it fire. A miss of None means every change kept it firing."""
        trials = random.Random(rule.id)
        fallback = None
        for branch in islice(self.branches(self.wanted(rule), trials), MOST_BRANCHES):
            given = next((each for each in self.given(branch, trials) if self.fires(rule, each)), None)
            if given is not None:
                lean = self.lean(rule, given)
                witness = Witness(lean, *self.miss(rule, lean, trials))
                if witness.miss is not None:
                    return witness
                fallback = fallback or witness
        return fallback

    # --- what has to hold

    def wanted(self, rule: Rule) -> Condition:
        """The rule's condition; for evidence also that its cause is not ruled out."""
        if rule.kind == "gate" or rule.phase == 2:
            return rule.when
        gate = self.rules.rules.get(f"gate.{rule.owner}")
        return All((rule.when, negate(gate.when))) if rule.kind == "evidence" and gate else rule.when

    def branches(self, condition: Condition, trials: random.Random) -> Iterator[tuple[Leaf, ...]]:
        """The alternatives of a condition, with findings and scores of causes written out, one after another."""
        if isinstance(condition, FindingLeaf):
            inner = self.rules.rules[f"finding.{condition.name}"].when
            yield from self.branches(inner if condition.want else negate(inner), trials)
        elif isinstance(condition, Leaf):
            supported = condition.want and condition.name.startswith(SCORE) and condition.test in ("above", "at_least")
            if supported:
                yield from self.supporting(condition, trials)
            else:
                yield (condition,)
        elif isinstance(condition, All):
            parts = [list(islice(self.branches(part, trials), MOST_BRANCHES)) for part in condition.parts]
            yield from (tuple(leaf for part in chosen for leaf in part) for chosen in product(*parts))
        else:
            for part in condition.parts:
                yield from self.branches(part, trials)

    def supporting(self, leaf: Leaf, trials: random.Random) -> Iterator[tuple[Leaf, ...]]:
        """Alternatives in which enough evidence for a cause holds to lift its score above a figure."""
        cause, scale = leaf.name[len(SCORE) :], self.rules.scale
        favourable = [
            (weight(rule.item, scale, {}), rule)
            for rule in self.rules.of("evidence")
            if rule.owner == cause and rule.item.for_ is not None
        ]
        gate = self.rules.rules.get(f"gate.{cause}")
        for _ in range(MOST_BRANCHES // 10):
            trials.shuffle(favourable)
            total, groups = hundredths(scale.priors[self.rules.causes[cause].prior]), set[str]()
            parts: list[Condition] = [negate(gate.when)] if gate else []
            for size, rule in favourable:
                if rule.item.group not in groups and total <= hundredths(leaf.args[0]):
                    total, groups = total + size, groups | {rule.item.group}
                    parts.append(rule.when)
            yield from islice(self.branches(All(tuple(parts)), trials), 4)

    # --- values that satisfy it

    def given(self, branch: tuple[Leaf, ...], trials: random.Random) -> Iterator[Given]:
        """Cases that may satisfy an alternative."""
        needs = self.sorted(branch)
        fields = {name: self.values(name, asked) for name, asked in needs.fields.items()}
        for leaf in needs.computed:
            for name in self.inputs(leaf.name):
                if name in self.kinds:
                    needs.materials.setdefault(name, [])
                else:
                    fields.setdefault(name, self.values(name, []))
        needs.materials.setdefault("electrolyte", [])
        fields.setdefault("electrode_role", ["cathode", "anode", "junction"])
        options = [*fields.values()]
        options += [self.named(name, asked) for name, asked in needs.materials.items()]
        if not all(options):
            return
        names = [*fields, *needs.materials]
        for _ in range(self.tries(needs)):
            made: Given = {}
            for name, each in zip(names, options, strict=True):
                value = trials.choice(each)
                made.update(value if isinstance(value, dict) else {name: value})
            yield {name: value for name, value in made.items() if value is not None}

    def tries(self, needs: _Needs) -> int:
        """How often to draw: seldom when each draw fits, often when few pairs of materials have the property asked."""
        if any(leaf.name.startswith("pairing.") for leaf in needs.computed):
            return MOST_TRIES * 10
        return MOST_TRIES if needs.computed else MOST_TRIES // 10

    def sorted(self, branch: Iterable[Leaf]) -> _Needs:
        needs = _Needs()
        for leaf in branch:
            head = leaf.name.split(".")[0]
            if leaf.name == "electrolyte_family":
                needs.materials.setdefault("electrolyte", []).append(leaf)
            elif head in self.kinds:
                needs.materials.setdefault(head, []).append(leaf)
            elif leaf.name in self.knowledge.vocabulary:
                needs.fields.setdefault(leaf.name, []).append(leaf)
            else:
                needs.computed.append(leaf)
        return needs

    def inputs(self, fact: str) -> tuple[str, ...]:
        """The fields that a computed fact depends on."""
        if fact in FORMULAS:
            return tuple(each for slot in FORMULAS[fact].slots for name in slot for each in self.inputs(name))
        if fact.startswith("pairing."):
            return ("electrolyte", "electrode", "stack_pressure_MPa")
        if fact.startswith(SCORE):
            return ()
        return (fact.split(".")[0],)

    def values(self, name: str, asked: Iterable[Leaf]) -> list[Any]:
        """Values of a field that come out as asked; None stands for leaving it out."""
        about = self.knowledge.vocabulary[name]
        found: list[Any]
        if about.kind in ("number", "integer"):
            found = self.figures(name, about.limits, about.kind == "integer")
        elif about.kind == "flag":
            found = [True, False]
        else:
            found = list(about.of)
        return [value for value in [*found, None] if _all(asked, {name: _fact(value)})]

    def figures(self, name: str, limits: tuple[float, float], whole: bool) -> list[Any]:
        """Figures within the limits: on, between and beyond every figure the rules compare with, and a coarse grid."""
        low, high = limits
        start = low if low > 0 else min(high, 1.0) * 1e-6
        steps = [step / 12 for step in range(13)]
        grid = [start * (high / start) ** step for step in steps] if high > start > 0 else []
        cuts = sorted({low, high, *self.cuts.get(name, ())})
        grid += [low + (high - low) * step for step in steps] + [(a + b) / 2 for a, b in pairwise(cuts)]
        found = {*cuts, *(float(f"{each:.3g}") for each in grid)}
        return sorted({round(each) if whole else each for each in found if low <= each <= high})

    def named(self, name: str, asked: list[Leaf]) -> list[Given]:
        """Ways to name a material so that its properties come out as asked."""
        kind, found = self.kinds[name], list[Given]()
        prefix = name
        for material in self.knowledge.materials[kind].values():
            facts: dict[str, Value] = {name: material.name, "electrolyte_family": material.family}
            family = material.family if kind == "electrolyte" else None
            facts |= {each: fact[0] for each, fact in self.knowledge.material_facts(prefix, material, family).items()}
            if _all(asked, facts):
                found.append({name: material.name})
        if name == "electrolyte":
            for family in self.knowledge.vocabulary["electrolyte_family"].of:
                facts = {"electrolyte_family": family}
                facts |= {each: fact[0] for each, fact in self.knowledge.material_facts(prefix, None, family).items()}
                if _all(asked, facts):
                    found.append({"electrolyte_family": family})
        else:
            found += [{name: "none"}] if _all(asked, {name: "none"}) else []
            found += [{}] if _all(asked, {}) else []
        return found

    # --- trials

    def fires(self, rule: Rule, given: Given) -> bool | None:
        """Whether a rule fires in a case; None when the case is refused or the rule's cause is ruled out in it."""
        try:
            facts = fact_base(Case(**given), self.knowledge).facts
        except CaseError:
            return None
        if rule.kind == "contradiction":
            return bool(evaluate(rule.when, facts, {}))
        if any(evaluate(each.when, facts, {}) for each in self.contradictions):
            return None
        findings: dict[str, bool | None] = {}
        for name in self.rules.findings:
            findings[name] = self.rules.rules[f"finding.{name}"].test(facts, findings)
        gate = self.rules.rules.get(f"gate.{rule.owner}")
        if rule.kind == "evidence" and gate is not None and gate.test(facts, findings):
            return None
        if any(name.startswith(SCORE) for name in rule.facts):
            for score in ranking(self.rules, infer(self.rules, facts).fired, facts):
                facts[SCORE + score.cause] = Span(score.total / 100, score.total / 100)
        return bool(rule.test(facts, findings))

    def lean(self, rule: Rule, given: Given) -> Given:
        """The case without the fields that the rule does not need."""
        for name in sorted(given):
            less = {each: value for each, value in given.items() if each != name}
            if self.fires(rule, less):
                given = less
        return given

    def miss(self, rule: Rule, given: Given, trials: random.Random) -> tuple[Given | None, str]:
        """The case with one field changed, left out or added, so that the rule is silent and its cause possible."""
        names = sorted(given)
        trials.shuffle(names)
        names += [name for name in rule.facts if name in self.knowledge.vocabulary and name not in given]
        for name in names:
            for value in self.others(name, given.get(name)):
                near = {each: other for each, other in {**given, name: value}.items() if other is not None}
                if self.fires(rule, near) is False:
                    return near, name
        return None, ""

    def others(self, name: str, value: Any) -> list[Any]:
        """Other values of a field, the nearest figures first, and last leaving it out."""
        about = self.knowledge.vocabulary[name]
        if about.kind in ("number", "integer"):
            found = self.figures(name, about.limits, about.kind == "integer")
            near = 0.0 if value is None else value
            return [*sorted((each for each in found if each != value), key=lambda each: abs(each - near)), None]
        if about.kind == "material":
            return [*(each.name for each in self.knowledge.materials[self.kinds[name]].values()), None]
        return [*(each for each in (about.of or (True, False)) if each != value), None]


def _all(asked: Iterable[Leaf], facts: Mapping[str, Value]) -> bool:
    return all(leaf_test(leaf.test, leaf.args, facts.get(leaf.name)) is leaf.want for leaf in asked)


def _fact(value: Any) -> Value:
    plain = isinstance(value, (bool, str)) or value is None
    return value if plain else Span(float(value), float(value))
