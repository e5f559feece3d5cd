"""What is well-formed in rules and knowledge and still cannot be right.

Names, references and circles are checked when rules are loaded. Here conditions are compared as sets of values (see
`diagnose.region`): what can be true, what is always true, which rule holds wherever another does. Findings are replaced
by their definitions. What can be true is decided for single values; that one rule implies another is then true of
intervals as well. An implication may be missed, but none is invented.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations, permutations, product
from typing import Any, Literal, get_args

from pydantic import BaseModel

from diagnose.condition import All, Condition, FindingLeaf, Leaf, describe, leaves, negate, parse
from diagnose.data import Base
from diagnose.derived import DERIVED
from diagnose.entry import Grade
from diagnose.facts import MATERIALS
from diagnose.region import Region, Space, branches, implies, inside
from diagnose.remedies import NOTHING_TO_DO
from diagnose.rulebook import Cause, Rule
from diagnose.scoring import hundredths, weight

Level = Literal["error", "warning"]
Items = tuple[tuple[str, BaseModel], ...]
# Facts that Python reads by itself: the stage of the case (remedies.py) and the severity shown (diagnosis.py).
READ_BY_CODE = ("production_stage", "pairing.excellent_ohm_cm2", "pairing.severity_basis")
EXCLUDE = "The parts exclude each other, or lie outside what their facts can be."
IF_KNOWN = "Write {known: true} if that is meant, or take it out."
ONE_OF_TWO = "Keep one of the two."


@dataclass(frozen=True)
class Remark:
    """Something to put right (error) or to think about (warning).

    `rule` is the id of a rule, the slug of a cause or remedy, or the name of a fact or reference; `file` is where it is
    written, as the files of the shipped rules and of an overlay are named.
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
    """Every remark on rules and knowledge, errors first.

    Kinds: unreachable, always, duplicate, subsumed, contradictory, one-sided, too-weak, untreated, unused, no-grade,
    grade.
    """
    linter = _Linter(base)
    parts = (linter.reach, linter.evidence, linter.remedies, linter.combinations, linter.verdicts, linter.causes)
    found = dict.fromkeys(remark for part in parts for remark in part())
    items = tuple(_items(base))
    found |= dict.fromkeys((*_unused(base, items), *_grades(base, items)))
    return tuple(sorted(found, key=lambda each: (each.level, each.rule, each.kind, each.message)))


def _remark(level: Level, rule: Rule, kind: str, message: str, hint: str = "") -> Remark:
    if rule.kind in ("verdict", "contradiction", "combination"):
        file = f"rules/{rule.kind}s.yaml"
    elif rule.kind == "finding":
        file = "rules/findings/"
    else:
        file = f"rules/{'causes' if rule.kind in ('gate', 'evidence') else 'remedies'}/{rule.owner}.yaml"
    return Remark(level, rule.owner if rule.kind in ("gate", "unfit") else rule.id, kind, message, hint, file)


class _Linter:
    """The checks that compare conditions."""

    def __init__(self, base: Base) -> None:
        self.book = base.rules
        self.space = Space(base)
        self.regions = self.space.regions
        self.refused = [region for rule in self.book.of("contradiction") for region in self.regions(rule.when)]

    def gate(self, rule: Rule) -> Rule | None:
        """The rule that makes another one idle: its cause is ruled out, or its remedy does not fit.

        Not one that always does so: that is told of the gate, and need not be told of every rule behind it.
        """
        kinds = {"evidence": "gate.{}", **dict.fromkeys(("better", "worse", "contraindication"), "remedy.{}.unfit")}
        found = self.book.rules.get(kinds.get(rule.kind, "").format(rule.owner))
        return found if found is not None and self.regions(negate(found.when)) else None

    # --- what can be true

    def reach(self) -> Iterator[Remark]:
        """`unreachable` and `always`. A gate is judged by its `only_if`, of which the compiled rule is the opposite."""
        for rule in self.book.rules.values():
            condition, words = rule.when, "the condition"
            if rule.kind in ("gate", "unfit"):
                condition, words = negate(condition), "only_if"
            dead = self.dead(rule, condition)
            if dead is not None:
                yield _remark(dead[0], rule, "unreachable", f"{words} can never be true: {dead[1]}", dead[2])
            elif not self.regions(negate(condition)):
                yield _remark("error", rule, "always", f"{words} can never be false: {describe(condition)}", IF_KNOWN)
            else:
                yield from self.parts(rule, condition)

    def parts(self, rule: Rule, condition: Condition) -> Iterator[Remark]:
        """Alternatives that can never be true, and tests that can never be false, in a condition that can be both."""
        inner: list[Condition] = []
        for branch, narrowed in branches(condition):
            dead = None if branch in inner else self.dead(rule, narrowed)
            if dead is not None:
                inner += [nested for nested, _ in branches(branch)]
                message = f"the alternative {describe(branch)} can never be true: {dead[1]}"
                yield _remark(dead[0], rule, "unreachable", message, dead[2])
        for leaf in leaves(condition):
            if isinstance(leaf, Leaf) and not self.regions(negate(leaf)):
                yield _remark("error", rule, "always", f"{describe(leaf)} can never be false", IF_KNOWN)

    def dead(self, rule: Rule, condition: Condition) -> tuple[Level, str, str] | None:
        """Why a condition of a rule can never be true, with a hint; None when it can."""
        regions = self.regions(condition)
        if not regions:
            return "error", *self.clash(condition)
        gate, words = self.gate(rule), describe(condition)
        idle = self.regions(gate.when) if gate else ()
        only_if = describe(negate(gate.when)) if gate else ""
        if implies(regions, idle):
            return "error", f"{words} lies outside only_if", f"The file asks for {only_if}."
        if rule.kind != "contradiction":
            shut = (*idle, *self.refused)
            regions = tuple(region for region in regions if not any(inside(region, each) for each in shut))
        if not regions:
            return "error", f"a case in which {words} is refused", "See rules/contradictions.yaml."
        together = self.regions(All((condition, negate(gate.when)))) if gate else ()
        if not any(self.space.has_material(region) for region in together or regions):
            words += f", where {only_if}" if gate else ""
            hint = "Add the material that is meant to knowledge/materials/, or correct the condition."
            return "warning", f"no material or family in the knowledge base has {words}", hint
        return None

    def clash(self, condition: Condition) -> tuple[str, str]:
        """The smallest part of a condition that can never be true, and a hint."""
        parts = condition.parts if isinstance(condition, All) else (condition,)
        for part in parts:
            if not self.regions(part):
                return describe(part), self.space.possible(part.name) if isinstance(part, Leaf) else EXCLUDE
        for two in combinations(parts, 2):
            if not self.regions(All(two)):
                return describe(All(two)), EXCLUDE
        return describe(condition), EXCLUDE

    # --- rules of one cause, of one remedy, of the verdicts

    def evidence(self) -> Iterator[Remark]:
        """`duplicate`, `subsumed` and `contradictory` among the rules of each cause."""
        for cause in self.book.causes:
            rules = [rule for rule in self.book.of("evidence") if rule.owner == cause]
            for one, other in permutations(rules, 2):
                first, second = self.counts(one), self.counts(other)
                if first and implies(first, second):
                    yield from self.implied(one, other, same=implies(second, first))

    def counts(self, rule: Rule) -> tuple[Region, ...]:
        """Where a rule adds to the score: a curve only where the quantity it follows is known."""
        curve = rule.item.curve
        return self.regions(rule.when if curve is None else All((rule.when, Leaf(curve.over, "known", ()))))

    def implied(self, one: Rule, other: Rule, same: bool) -> Iterator[Remark]:
        """What is wrong when `other` holds wherever `one` does. Sizes of curves are not compared."""
        curves = one.item.curve is not None or other.item.curve is not None
        size, least = (weight(rule.item, self.book.scale, {}) for rule in (other, one))
        opposite, one_group = size * least < 0, one.item.group == other.item.group
        if same and one.id < other.id:
            words = f"holds exactly when {other.id} holds"
            if opposite:
                yield _remark("error", one, "contradictory", f"{words}, which speaks the other way", ONE_OF_TWO)
            else:
                words += "" if one_group else ", in another group, so that one observation counts twice"
                yield _remark("error", one, "duplicate", words, ONE_OF_TWO)
        elif not same and one_group and not curves and abs(size) >= abs(least):
            words = f"can never count: {other.id} holds wherever it does and is at least as large"
            kind = "contradictory" if opposite else "subsumed"
            words += ", the other way" if opposite else ""
            yield _remark("error", one, kind, words, "Make it larger, give it another group, or take it out.")

    def remedies(self) -> Iterator[Remark]:
        """Rules of a remedy that work against each other, and remedies that cannot be used for what they treat."""
        for slug in self.book.remedies:
            rules = [rule for rule in self.book.of("better", "worse", "contraindication") if rule.owner == slug]
            for one, other in permutations(rules, 2):
                first, second = self.regions(one.when), self.regions(other.when)
                same, kinds = implies(second, first), (one.kind, other.kind)
                if not first or not implies(first, second):
                    continue
                if one.kind != "contraindication" and other.kind == "contraindication":
                    message = f"is {one.kind} only where {other.id} strikes the remedy out"
                    yield _remark("error", one, "contradictory", message, "Narrow one of the two.")
                elif same and one.id < other.id and "contraindication" not in kinds and one.kind != other.kind:
                    message = f"is {one.kind} exactly where {other.id} is {other.kind}"
                    yield _remark("error", one, "contradictory", message, ONE_OF_TWO)
                elif same and one.id < other.id and one.kind == other.kind:
                    yield _remark("error", one, "duplicate", f"holds exactly when {other.id} holds", ONE_OF_TWO)
            unfit = self.book.rules.get(f"remedy.{slug}.unfit")
            if unfit is not None:
                yield from self.usable(unfit, [rule.when for rule in rules if rule.kind == "contraindication"])

    def usable(self, unfit: Rule, struck_out: list[Condition]) -> Iterator[Remark]:
        """A remedy must fit where nothing strikes it out, and where each cause that it treats is possible."""
        fits = negate(unfit.when)
        if not self.regions(fits):
            return
        if not self.regions(All((fits, *map(negate, struck_out)))):
            message = "is struck out wherever its only_if holds"
            yield _remark("error", unfit, "contradictory", message, "Narrow what is contraindicated.")
        for cause in unfit.item.treats:
            gate = self.book.rules.get(f"gate.{cause}")
            if gate is not None and not self.regions(All((fits, negate(gate.when)))):
                message = f"treats {cause}, which is ruled out wherever the remedy fits"
                hint = f"The cause asks for {describe(negate(gate.when))}."
                yield _remark("error", unfit, "unreachable", message, hint)

    def combinations(self) -> Iterator[Remark]:
        """A combination must be possible where each of its remedies fits; two about the same ones must differ."""
        rules = self.book.of("combination")
        for rule in rules:
            for pair in product(*rule.item.parts):
                unfit = (self.book.rules.get(f"remedy.{slug}.unfit") for slug in pair)
                fits = [negate(each.when) for each in unfit if each is not None]
                if self.regions(rule.when) and not self.regions(All((rule.when, *fits))):
                    message = f"can never be told: {' and '.join(pair)} do not fit where it holds"
                    yield _remark("error", rule, "unreachable", message, "Take the remedy out, or widen the condition.")
        for one, other in combinations(rules, 2):
            first, second = self.regions(one.when), self.regions(other.when)
            same = first and implies(first, second) and implies(second, first)
            if same and set(product(*one.item.parts)) & set(product(*other.item.parts)):
                yield _remark("error", one, "duplicate", f"holds exactly when {other.id} holds", ONE_OF_TWO)

    def verdicts(self) -> Iterator[Remark]:
        """`subsumed`: a verdict never decides when another one stands above it and holds wherever it does."""
        deciding = [item for item in self.book.verdicts if item.verdict != "outside_scope"]
        for upper, lower in combinations(deciding, 2):
            one, other = self.book.rules[f"verdict.{lower.id}"], self.book.rules[f"verdict.{upper.id}"]
            first = self.regions(one.when)
            if lower.verdict != upper.verdict and first and implies(first, self.regions(other.when)):
                message = f"never decides: {other.id} stands above it and holds wherever it does"
                yield _remark("error", one, "subsumed", message, "Move it up, or take it out.")

    # --- whole causes

    def causes(self) -> Iterator[Remark]:
        """`one-sided`: nothing for or nothing against; `too-weak`: support is out of reach; `untreated`."""
        treated = {cause for remedy in self.book.remedies.values() for cause in remedy.treats}
        support = hundredths(self.book.scale.supported_from)
        for slug, cause in self.book.causes.items():
            found: list[tuple[str, str, str]] = []
            least, most = self.ends(cause)
            if most <= 0:
                found.append(("one-sided", "nothing speaks for it", "Say what would."))
            if least >= 0:
                found.append(("one-sided", "nothing speaks against it", "Say what would."))
            most += hundredths(self.book.scale.priors[cause.prior])
            if most < support:
                message = f"all evidence for it gives {most / 100:g} decibans, and support starts at {support / 100:g}"
                found.append(("too-weak", message, "Add evidence for it, or raise its prior."))
            if slug not in treated:
                found.append(("untreated", "no remedy treats it", "Name it under treats of a remedy."))
            for kind, message, hint in found:
                yield Remark("error", slug, kind, message, hint, f"rules/causes/{slug}.yaml")

    def ends(self, cause: Cause) -> tuple[int, int]:
        """The sums, in hundredths of a deciban, of the largest contributions against and for in each group."""
        scale, ends = self.book.scale, dict[str, list[int]]()
        for item in cause.evidence:
            trust = scale.confidence[item.confidence]
            sizes = [hundredths(y * trust) for _, y in item.curve.points] if item.curve else [weight(item, scale, {})]
            ends.setdefault(item.group, [0]).extend(sizes)
        cap = hundredths(scale.cap)
        return max(-cap, sum(map(min, ends.values()))), min(cap, sum(map(max, ends.values())))


# --- what nothing uses


def _unused(base: Base, items: Items) -> Iterator[Remark]:
    """Findings, facts, properties, references and remedies that do nothing."""
    rules, knowledge = base.rules, base.knowledge
    facts = _facts_read(base)
    computed = facts | {name for rule in rules.of("contradiction") for name in rule.facts}
    every = (leaf for rule in rules.rules.values() for leaf in leaves(rule.when))
    findings = {leaf.name for leaf in every if isinstance(leaf, FindingLeaf)}
    cited = {ref for _, item in items for ref, _ in _sources(item)} | {each.source for each in DERIVED}
    for name, item in rules.findings.items():
        if name not in findings and not item.note:
            yield _remark("warning", rules.rules[f"finding.{name}"], "unused", "no rule reads this finding")
    for name, remedy in rules.remedies.items():
        if not remedy.treats and name != NOTHING_TO_DO:
            hint, file = "Name a cause under treats.", f"rules/remedies/{name}.yaml"
            yield Remark("error", name, "unused", "treats nothing", hint, file)
    names: list[tuple[str, str]] = [
        *((each.name, "no rule reads this derived quantity") for each in DERIVED if each.name not in computed),
        *((name, "no rule reads this field of a case") for name in knowledge.vocabulary if name not in facts),
        *((ref, "no rule and no figure cites this reference") for ref in knowledge.references if ref not in cited),
    ]
    kinds = {"pairing": "pairing", **{prefix: kind for _, kind, prefix in MATERIALS}}
    read = {(kinds.get(prefix), name) for prefix, _, name in (fact.partition(".") for fact in facts)}
    for fact in knowledge.properties:
        prefix, _, name = fact.partition(".")
        if prefix == kinds[prefix] and (prefix, name) not in read:
            names.append((fact, "no rule reads this property; mark it read_by_rules: false"))
    for name, message in names:
        yield Remark("warning", name, "unused", message)


def _facts_read(base: Base) -> set[str]:
    """The facts that something reads; contradictions only refuse cases, so they do not count."""
    facts = set(READ_BY_CODE)
    for rule in base.rules.rules.values():
        facts |= set(rule.facts) if rule.kind != "contradiction" else set()
    applies = [step.applies for step in base.knowledge.protocol.values()]
    applies += [standard.applies for standard in base.knowledge.standards.values()]
    for condition in (parse(each, (), lambda *_: None) for each in applies if each):
        facts |= {leaf.name for leaf in leaves(condition)}
    for quantity in DERIVED:
        if quantity.name in facts:
            facts |= {name for slot in quantity.slots for name in slot}
    return facts | {field for field, _, prefix in MATERIALS if any(name.startswith(f"{prefix}.") for name in facts)}


# --- sources and grades


def _grades(base: Base, items: Items) -> Iterator[Remark]:
    """`no-grade`: a statement without source or grade; `grade`: one that its reference cannot bear."""
    references = base.knowledge.references
    for each in DERIVED:
        if each.source not in references or each.grade not in get_args(Grade) or not each.formula:
            message = f"needs a formula, a reference and a grade, and has {each.source!r} and {each.grade!r}"
            yield Remark("error", each.name, "no-grade", message)
    for name, item in items:
        if vars(item).get("sources") == {}:
            yield Remark("error", name, "no-grade", "has no source", "Cite a reference, with its grade.")
        for ref, grade in _sources(item):
            if grade == "seen" and ref in references and references[ref].read not in ("full", "abstract"):
                message = f"is graded seen, but of {ref} no more was read than: {references[ref].read}"
                yield Remark("error", name, "grade", message, "Grade it secondary or recalled, or read the source.")


def _items(base: Base) -> Iterator[tuple[str, BaseModel]]:
    """Everything in rules and knowledge that may cite a source, with a name."""
    book, known = base.rules, base.knowledge
    materials = [{name: each.figures for name, each in kind.items()} for kind in known.materials.values()]
    rows = {name: each for name, each in vars(known.pairings).items() if isinstance(each, tuple) or name == "reactions"}
    roots = (known.tests, known.protocol, known.standards, known.elements, known.families, *materials, rows)
    scales = {"scale": book.scale, "worth": book.worth}
    for root in (scales, book.causes, book.findings, book.verdicts, book.remedies, book.combinations, *roots):
        yield from _models(root, "")


def _models(value: Any, name: str) -> Iterator[tuple[str, BaseModel]]:
    """Every model inside containers and other models, named by the keys and ids that lead to it."""
    if isinstance(value, BaseModel):
        yield name, value
        for each in vars(value).values():
            yield from _models(each, name)
    elif isinstance(value, Mapping):
        for key, each in value.items():
            yield from _models(each, f"{name}.{key}".strip("."))
    elif isinstance(value, (list, tuple)):
        for each in value:
            mark = vars(each).get("id", "") if isinstance(each, BaseModel) else ""
            yield from _models(each, f"{name}.{mark}".strip("."))


def _sources(item: BaseModel) -> Iterator[tuple[str, str]]:
    """References and grades of an item; where a figure was read is cited too, without a grade."""
    stated = vars(item)
    yield from stated.get("sources", {}).items()
    for key, grade in (("ref", stated.get("grade", "")), ("read_in", "")):
        if stated.get(key):
            yield stated[key], grade
