"""What is well-formed in rules and knowledge and still cannot be right.

Names, references and circles are checked when rules are loaded. Here conditions are compared as sets of values (see
`diagnose.region`): what can be true, what is always true, which rule holds wherever another does. Findings are replaced
by their definitions. Single values are reasoned about; what is said of one rule implying another is true of intervals
as well. An implication may be missed, and none is invented.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import combinations, permutations
from typing import Any, Literal, get_args

from pydantic import BaseModel

from diagnose.condition import All, Any_, Condition, FindingLeaf, Leaf, describe, leaves, negate, parse
from diagnose.data import Base
from diagnose.derived import DERIVED
from diagnose.facts import MATERIALS
from diagnose.region import Region, Space, implies, inside
from diagnose.remedies import NOTHING_TO_DO
from diagnose.rulebook import Grade, Kind, Rule
from diagnose.scoring import hundredths, weight

Level = Literal["error", "warning"]
# What Python reads without a rule: the stage of the case (remedies.py), and the severity shown (diagnosis.py).
READ_BY_CODE = ("production_stage", "pairing.excellent_ohm_cm2", "pairing.severity_basis")
GATES: dict[Kind, str] = {"evidence": "gate.{}", "better": "remedy.{}.unfit", "worse": "remedy.{}.unfit"}
GATES["contraindication"] = GATES["better"]


@dataclass(frozen=True)
class Remark:
    """Something to put right (error) or to think about (warning). `rule` is the id of a rule, or another name.

    `file` is where a rule of that id stands, below rules/ or below the rules/ of an overlay.
    """

    level: Level
    rule: str
    kind: str
    message: str
    hint: str = ""
    file: str = ""

    def __str__(self) -> str:
        place = f" ({self.file})" if self.file else ""
        return f"{self.level}: {self.rule}{place}: {self.message}. {self.hint}".rstrip()


def lint(base: Base) -> tuple[Remark, ...]:
    """Every remark on the rules and the knowledge, errors first."""
    linter = _Linter(base)
    parts = (linter.reach, linter.pairs, linter.remedies, linter.verdicts, linter.sides, linter.unused, linter.grades)
    found = dict.fromkeys(remark for part in parts for remark in part())
    return tuple(sorted(found, key=lambda each: (each.level, each.rule, each.kind, each.message)))


def _file(rule: Rule) -> str:
    folder = {"gate": "causes", "evidence": "causes", "unfit": "remedies"}.get(rule.kind, "remedies")
    if rule.kind == "finding":
        return "rules/findings/"
    return f"rules/{rule.kind}s.yaml" if rule.kind in ("verdict", "contradiction") else f"rules/{folder}/{rule.owner}.yaml"


def _branches(condition: Condition) -> Iterator[tuple[Condition, Condition]]:
    """Each alternative of each `any`, with the whole condition as it would be without the others."""
    if isinstance(condition, Any_):
        for part in condition.parts:
            yield part, part
            yield from _branches(part)
    elif isinstance(condition, All):
        for index, part in enumerate(condition.parts):
            for branch, narrowed in _branches(part):
                yield branch, All((*condition.parts[:index], narrowed, *condition.parts[index + 1 :]))


class _Linter:
    def __init__(self, base: Base) -> None:
        self.base, self.book, self.knowledge = base, base.rules, base.knowledge
        self.space = Space(base)
        self.refused = [region for rule in self.book.of("contradiction") for region in self.regions(rule.when)]

    def regions(self, condition: Condition) -> tuple[Region, ...]:
        return self.space.regions(condition)

    def remark(self, level: Level, rule: Rule, kind: str, message: str, hint: str = "") -> Remark:
        return Remark(level, rule.id, kind, message, hint, _file(rule))

    # --- what can be true

    def reach(self) -> Iterator[Remark]:
        """`unreachable` and `always`. A gate is judged by its `only_if`, of which the compiled rule is the opposite."""
        for rule in self.book.rules.values():
            is_gate = rule.kind in ("gate", "unfit")
            condition = negate(rule.when) if is_gate else rule.when
            words = "only_if" if is_gate else "the condition"
            dead = self.dead(rule, condition)
            if dead is not None:
                yield self.remark(dead[0], rule, "unreachable", f"{words} can never be true: {dead[1]}", dead[2])
            elif not self.regions(negate(condition)):
                hint = "Ask for {known: true} if that is meant, or take it out."
                yield self.remark("error", rule, "always", f"{words} can never be false: {describe(condition)}", hint)
            else:
                yield from self.parts(rule, condition)

    def parts(self, rule: Rule, condition: Condition) -> Iterator[Remark]:
        """Alternatives that can never be true, and tests that can never be false, in a condition that can."""
        gone: list[Condition] = []
        for branch, narrowed in _branches(condition):
            dead = self.dead(rule, narrowed)
            if dead is not None and not any(branch in _within(each) for each in gone):
                gone.append(branch)
                message = f"the alternative {describe(branch)} can never be true: {dead[1]}"
                yield self.remark(dead[0], rule, "unreachable", message, dead[2])
        for leaf in leaves(condition):
            if isinstance(leaf, Leaf) and not self.regions(negate(leaf)):
                hint = "Ask for {known: true} if that is meant, or take it out."
                yield self.remark("error", rule, "always", f"{describe(leaf)} can never be false", hint)

    def dead(self, rule: Rule, condition: Condition) -> tuple[Level, str, str] | None:
        """Why a condition of a rule can never be true; None when it can."""
        regions = self.regions(condition)
        if not regions:
            hint = "The parts exclude each other, or lie outside what their facts can be."
            return "error", self.clash(condition), hint
        gate = self.book.rules.get(GATES.get(rule.kind, "").format(rule.owner))
        if gate is not None and implies(regions, self.regions(gate.when)):
            return "error", f"{describe(condition)} is outside only_if", f"only_if asks for {describe(negate(gate.when))}."
        if rule.kind != "contradiction":
            shut = self.refused + list(self.regions(gate.when) if gate else ())
            left = [region for region in regions if not any(inside(region, each) for each in shut)]
            if not left:
                return "error", f"a case in which {describe(condition)} is refused", "See rules/contradictions.yaml."
            regions = tuple(left)
        together = self.regions(All((condition, negate(gate.when)))) if gate else ()
        if not any(self.space.has_material(region) for region in together or regions):
            hint = "Add the material that is meant to knowledge/materials/, or correct the condition."
            return "warning", f"no material or family in the knowledge base has {self.asked(condition)}", hint
        return None

    def clash(self, condition: Condition) -> str:
        """The smallest part of a condition that can never be true."""
        parts = condition.parts if isinstance(condition, All) else ()
        for size in (1, 2):
            for few in combinations(parts, size):
                if not self.regions(All(few)):
                    return describe(All(few) if size > 1 else few[0])
        return describe(condition)

    def asked(self, condition: Condition) -> str:
        return describe(condition)

    # --- rules of one cause, one remedy, one list

    def pairs(self) -> Iterator[Remark]:
        """`duplicate`, `subsumed` and `contradictory` among the rules of each cause."""
        by_cause: dict[str, list[Rule]] = {}
        for rule in self.book.of("evidence"):
            by_cause.setdefault(rule.owner, []).append(rule)
        for rules in by_cause.values():
            for one, other in permutations(rules, 2):
                yield from self.pair(one, other)

    def pair(self, one: Rule, other: Rule) -> Iterator[Remark]:
        first, second = self.counted(one), self.counted(other)
        if not first or not implies(first, second):
            return
        a, b, same_group = one.item, other.item, one.item.group == other.item.group
        sizes = [weight(each, self.book.scale, {}) for each in (a, b)]
        curves = a.curve is not None or b.curve is not None
        opposite = sizes[0] * sizes[1] < 0
        if implies(second, first):
            if one.id > other.id or (curves and (a.curve is None) != (b.curve is None)):
                return
            if opposite:
                message = f"holds exactly when {other.id} holds, which speaks the other way"
                yield self.remark("error", one, "contradictory", message, "Keep one of the two.")
            else:
                twice = "" if same_group else ", in another group, so that one observation counts twice"
                message = f"holds exactly when {other.id} holds{twice}"
                yield self.remark("error", one, "duplicate", message, "Keep one of the two.")
        elif same_group and not curves and abs(sizes[1]) >= abs(sizes[0]):
            hint = "Make it larger, give it another group, or take it out."
            if opposite:
                message = f"can never count: {other.id} holds wherever it does, is as large and speaks the other way"
                yield self.remark("error", one, "contradictory", message, hint)
            else:
                message = f"can never count: {other.id} holds wherever it does and is at least as large"
                yield self.remark("error", one, "subsumed", message, hint)

    def counted(self, rule: Rule) -> tuple[Region, ...]:
        """Where a rule adds to the score: a curve only where what it runs over is known."""
        curve = rule.item.curve
        return self.regions(rule.when if curve is None else All((rule.when, Leaf(curve.over, "known", ()))))

    def remedies(self) -> Iterator[Remark]:
        """Rules of a remedy that work against each other, and remedies that cannot be used for what they treat."""
        hint = "Narrow one of the two."
        for slug, remedy in self.book.remedies.items():
            rules = [rule for rule in self.book.of("better", "worse", "contraindication") if rule.owner == slug]
            for one, other in permutations(rules, 2):
                first, second = self.regions(one.when), self.regions(other.when)
                if not first or not implies(first, second):
                    continue
                same = implies(second, first)
                if one.kind != "contraindication" and other.kind == "contraindication":
                    message = f"is {one.kind} only where {other.id} strikes the remedy out"
                    yield self.remark("error", one, "contradictory", message, hint)
                elif same and one.id < other.id and one.kind == other.kind:
                    message = f"holds exactly when {other.id} holds"
                    yield self.remark("error", one, "duplicate", message, "Keep one of the two.")
                elif same and one.id < other.id and {one.kind, other.kind} == {"better", "worse"}:
                    message = f"is {one.kind} exactly where {other.id} is {other.kind}"
                    yield self.remark("error", one, "contradictory", message, hint)
            yield from self.usable(slug, rules)

    def usable(self, slug: str, rules: list[Rule]) -> Iterator[Remark]:
        """A remedy must be free somewhere of what strikes it out, and fit somewhere where the cause is possible."""
        unfit = self.book.rules.get(f"remedy.{slug}.unfit")
        fits = (negate(unfit.when),) if unfit else ()
        free = tuple(negate(rule.when) for rule in rules if rule.kind == "contraindication")
        if unfit and free and not self.regions(All(fits + free)):
            message = "is struck out wherever its only_if holds"
            yield self.remark("error", unfit, "contradictory", message, "Narrow what is contraindicated.")
        for cause in self.book.remedies[slug].treats:
            gate = self.book.rules.get(f"gate.{cause}")
            if unfit and gate and not self.regions(All((*fits, negate(gate.when)))):
                message = f"treats {cause}, which is ruled out wherever the remedy fits"
                hint = f"The cause asks for {describe(negate(gate.when))}."
                yield self.remark("error", unfit, "unreachable", message, hint)

    def verdicts(self) -> Iterator[Remark]:
        """A verdict below another one that holds wherever it does never decides."""
        deciding = [item for item in self.book.verdicts if item.verdict != "outside_scope"]
        for upper, lower in combinations(deciding, 2):
            one, other = (self.book.rules[f"verdict.{item.id}"] for item in (lower, upper))
            first = self.regions(one.when)
            if lower.verdict != upper.verdict and first and implies(first, self.regions(other.when)):
                message = f"never decides: {other.id} stands above it and holds wherever it does"
                yield self.remark("error", one, "subsumed", message, "Move it up, or take it out.")

    # --- whole causes

    def sides(self) -> Iterator[Remark]:
        """`one-sided`: nothing for or nothing against; `untreated`; `too-weak`: support is out of reach."""
        treated = {cause for remedy in self.book.remedies.values() for cause in remedy.treats}
        scale = self.book.scale
        for slug, cause in self.book.causes.items():
            best: dict[str, int] = {}
            signs: set[bool] = set()
            for item in cause.evidence:
                trust = scale.confidence[item.confidence]
                points = [hundredths(y * trust) for _, y in item.curve.points] if item.curve else [weight(item, scale, {})]
                signs |= {size > 0 for size in points if size}
                best[item.group] = max(best.get(item.group, 0), *points)
            file = f"rules/causes/{slug}.yaml"
            for sign, word in ((True, "for"), (False, "against")):
                if sign not in signs:
                    message, hint = f"nothing speaks {word} it", "Say what would."
                    yield Remark("error", slug, "one-sided", message, hint, file)
            most = hundredths(scale.priors[cause.prior]) + min(sum(best.values()), hundredths(scale.cap))
            if True in signs and most < hundredths(scale.supported_from):
                message = f"can reach {most / 100:g} decibans at most, and is supported from {scale.supported_from:g} on"
                yield Remark("error", slug, "too-weak", message, "Add evidence for it, or raise its prior.", file)
            if slug not in treated:
                yield Remark("error", slug, "untreated", "no remedy treats it", "Name it under treats of a remedy.", file)
        for slug, remedy in self.book.remedies.items():
            if not remedy.treats and slug != NOTHING_TO_DO:
                file = f"rules/remedies/{slug}.yaml"
                yield Remark("error", slug, "unused", "treats nothing", "Name a cause under treats.", file)

    # --- what nothing uses

    def unused(self) -> Iterator[Remark]:
        """Findings, facts and references that nothing reads."""
        facts, findings = self.read()
        for name in self.book.findings:
            if name not in findings:
                rule = self.book.rules[f"finding.{name}"]
                yield self.remark("warning", rule, "unused", "no rule reads this finding", "Use it, or take it out.")
        for quantity in DERIVED:
            if quantity.name not in facts:
                yield Remark("warning", quantity.name, "unused", "no rule reads this derived quantity")
        for name in self.knowledge.vocabulary:
            if name not in facts:
                yield Remark("warning", name, "unused", "no rule reads this field of a case")
        kinds = {prefix: group for group, about in self.prefixes() for prefix in about}
        read = {(kinds[prefix], name) for prefix, _, name in (fact.partition(".") for fact in facts) if prefix in kinds}
        for fact in self.knowledge.properties:
            prefix, _, name = fact.partition(".")
            if (kinds[prefix], name) not in read and prefix == kinds[prefix]:
                hint = "Write read_by_rules: false in knowledge/properties.yaml, or use it."
                yield Remark("warning", fact, "unused", "no rule reads this property", hint)
        cited = {ref for item in self.items() for ref, _ in _sources(item)} | {each.source for each in DERIVED}
        for ref in self.knowledge.references:
            if ref not in cited:
                yield Remark("warning", ref, "unused", "no rule and no figure cites this reference")

    def prefixes(self) -> Iterator[tuple[str, tuple[str, ...]]]:
        kinds: dict[str, list[str]] = {}
        for _, kind, prefix in MATERIALS:
            kinds.setdefault(kind, []).append(prefix)
        yield from ((kind, tuple(each)) for kind, each in kinds.items())
        yield "pairing", ("pairing",)

    def read(self) -> tuple[set[str], set[str]]:
        """The facts and the findings that something reads; contradictions only refuse, and do not count."""
        facts, findings = set(READ_BY_CODE), set[str]()
        rules = [rule for rule in self.book.rules.values() if rule.kind != "contradiction"]
        for rule in rules:
            facts |= set(rule.facts)
            findings |= {leaf.name for leaf in leaves(rule.when) if isinstance(leaf, FindingLeaf)}
        for shelf in (self.knowledge.protocol, self.knowledge.standards):
            for item in shelf.values():
                applies: dict[str, Any] | None = item.applies
                facts |= {leaf.name for leaf in leaves(parse(applies, (), _quiet))} if applies else set()
        for quantity in DERIVED:
            if quantity.name in facts:
                facts |= {name for slot in quantity.slots for name in slot}
        facts |= {field for field, _, prefix in MATERIALS if any(name.startswith(f"{prefix}.") for name in facts)}
        return facts, findings

    # --- sources and grades

    def grades(self) -> Iterator[Remark]:
        """`no-grade`: statements without a source or grade; `grade`: a grade that its reference cannot bear."""
        references = self.knowledge.references
        for each in DERIVED:
            if each.source not in references or each.grade not in get_args(Grade) or not each.formula:
                message = f"needs a formula, a reference and a grade, not {each.source!r} and {each.grade!r}"
                yield Remark("error", each.name, "no-grade", message)
        for item in self.items():
            name = _name(item)
            if getattr(item, "sources", None) == {}:
                yield Remark("error", name, "no-grade", "has no source", "Cite a reference with its grade.")
            for ref, grade in _sources(item):
                if grade == "seen" and ref in references and references[ref].read not in ("full", "abstract"):
                    message = f"is graded seen, but of {ref} only {references[ref].read} was read"
                    yield Remark("error", name, "grade", message, "Grade it secondary or recalled, or read the source.")

    def items(self) -> Iterator[BaseModel]:
        """Everything in rules and knowledge that may cite a source."""
        book, known = self.book, self.knowledge
        roots: list[Any] = [book.scale, book.verdicts, known.tests, known.protocol, known.standards, known.families]
        roots += [book.causes, book.findings, book.remedies, vars(known.pairings)]
        roots += [material.figures for kind in known.materials.values() for material in kind.values()]
        yield from _models(roots)


def _quiet(place: Any, message: str, hint: str) -> None:
    """Conditions of knowledge were checked when they were loaded."""


def _within(condition: Condition) -> Iterator[Condition]:
    yield condition
    for part in getattr(condition, "parts", ()):
        yield from _within(part)


def _models(value: Any) -> Iterator[BaseModel]:
    """Every model inside plain containers and other models."""
    if isinstance(value, BaseModel):
        yield value
        value = [getattr(value, name) for name in type(value).model_fields]
    if hasattr(value, "values"):
        value = value.values()
    if isinstance(value, Iterable) and not isinstance(value, str):
        for each in value:
            yield from _models(each)


def _sources(item: BaseModel) -> Iterator[tuple[str, str]]:
    yield from getattr(item, "sources", {}).items()
    if hasattr(item, "ref"):
        yield item.ref, getattr(item, "grade", "")
        if getattr(item, "read_in", ""):
            yield getattr(item, "read_in", ""), ""


def _name(item: Any) -> str:
    for key in ("cause", "remedy", "id", "name", "ref"):
        if getattr(item, key, ""):
            return str(getattr(item, key))
    return str(getattr(item, "says", type(item).__name__))
