"""The rule book: the schema of the files below rules/, their checks, and the compiled rules.

`load_rulebook` reads every file, reports every mistake at once with file, line and column, and returns an immutable
`RuleBook` that the interpreter and the rule engine share.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from diagnose.condition import (
    NUMBER_TESTS,
    Condition,
    FindingLeaf,
    Leaf,
    Test,
    compiled,
    leaves,
    negate,
    parse,
)
from diagnose.errors import Problem, RuleError, did_you_mean
from diagnose.yamlfile import Document, Place

Grade = Literal["seen", "secondary", "recalled", "derived", "judgement"]
Strength = Literal["weak", "moderate", "strong", "decisive"]
Confidence = Literal["high", "medium", "low"]
Kind = Literal[
    "finding", "gate", "evidence", "verdict", "unfit", "contraindication", "better", "worse", "contradiction"
]

SCORE = "cause."


class Item(BaseModel):
    """Base of everything that is written in a rule file."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, populate_by_name=True)


class Curve(Item):
    """A weight that follows a quantity: decibans by straight lines between points, flat outside."""

    over: str
    points: list[list[float]] = Field(min_length=2)

    @model_validator(mode="after")
    def _rising(self) -> Curve:
        if any(len(point) != 2 for point in self.points) or [p[0] for p in self.points] != sorted(
            {p[0] for p in self.points}
        ):
            raise ValueError("points are pairs [value, decibans] with rising values")
        return self


class Evidence(Item):
    """One rule for or against a cause."""

    id: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9.-]*$")
    when: dict[str, Any]
    for_: Strength | None = Field(default=None, alias="for")
    against: Strength | None = None
    curve: Curve | None = None
    confidence: Confidence = "high"
    group: str
    because: str
    sources: dict[str, Grade] = Field(min_length=1)
    guide: list[str] = []

    @model_validator(mode="after")
    def _one_weight(self) -> Evidence:
        if sum(each is not None for each in (self.for_, self.against, self.curve)) != 1:
            raise ValueError("needs exactly one of for, against and curve")
        return self


class Cause(Item):
    """A cause with its whole case, for and against."""

    cause: str
    title: str
    family: Literal["measurement", "contact", "bonding", "chemistry", "processing", "composite"]
    guide: list[str]
    mechanism: str
    key_question: str
    confused_with: list[str]
    sources: dict[str, Grade] = Field(min_length=1)
    only_if: dict[str, Any] | None = None
    gate_says: str = ""
    prior: Literal["common", "uncommon", "rare", "exceptional"]
    evidence: list[Evidence] = Field(min_length=1)
    replaces: bool = False


class Finding(Item):
    """A named intermediate conclusion."""

    says: str
    when: dict[str, Any]
    guide: list[str] = []
    sources: dict[str, Grade] = Field(min_length=1)
    replaces: bool = False


class VerdictRule(Item):
    """A condition that decides, or hands on, the verdict."""

    id: str
    verdict: Literal["invalid_data", "healthy", "faulty", "outside_scope"]
    when: dict[str, Any]
    says: str
    guide: list[str] = []
    sources: dict[str, Grade] = Field(min_length=1)
    replaces: bool = False


class Contradiction(Item):
    """Facts that cannot be true together."""

    id: str
    when: dict[str, Any]
    fields: list[str] = Field(min_length=1)
    says: str
    fix: str
    replaces: bool = False


class RemedyRule(Item):
    """A condition under which a remedy fits better, fits worse or must not be used."""

    id: str
    when: dict[str, Any]
    because: str
    sources: dict[str, Grade] = Field(min_length=1)


class PublishedEffect(Item):
    """What a remedy did in a published case."""

    on: str
    says: str
    before: float | None = None
    after: float | None = None
    unit: str = "ohm*cm^2"
    sources: dict[str, Grade] = Field(min_length=1)


class Setting(Item):
    """A figure or procedure that belongs to a remedy."""

    says: str
    sources: dict[str, Grade] = Field(min_length=1)


Hazard = Literal[
    "lithium",
    "pressure",
    "h2s",
    "hf",
    "solvent",
    "heat",
    "vacuum",
    "dust",
    "pyrophoric",
    "acid",
    "toxic",
    "fire",
    "corrosive",
]


class Remedy(Item):
    """A remedy: what it treats, where it fits, where it must not be used, what it did."""

    remedy: str
    title: str
    how: str
    guide: list[str] = []
    kind: Literal["operating", "assembly", "surface", "interlayer", "material", "measurement", "design"]
    treats: dict[str, Literal["strong", "moderate", "weak"]]
    only_if: dict[str, Any] | None = None
    better: list[RemedyRule] = []
    worse: list[RemedyRule] = []
    contraindicated: list[RemedyRule] = []
    effects: list[PublishedEffect] = []
    settings: list[Setting] = []
    cost: Literal["low", "medium", "high"]
    hours: float
    readiness: Literal["lab", "pilot", "production"]
    reversible: bool
    hazards: list[Hazard] = []
    verify: str
    sources: dict[str, Grade] = Field(min_length=1)
    replaces: bool = False


class Scale(Item):
    """The one scale of weights and priors, in decibans."""

    unit: Literal["deciban"]
    weights: dict[Strength, float]
    confidence: dict[Confidence, float]
    priors: dict[str, float]
    cap: float
    supported_from: float
    because: str
    sources: dict[str, Grade]


@dataclass(frozen=True)
class FactInfo:
    """What kind of value a fact has: number, choice, flag or text; and its choices."""

    kind: str
    of: tuple[str, ...] = ()


@dataclass(frozen=True)
class Names:
    """Every name a rule may use, for checking."""

    facts: Mapping[str, FactInfo]
    references: frozenset[str] = frozenset()
    guide: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Rule:
    """One compiled rule. Phase 2 rules are about remedies and may read the scores of the causes."""

    id: str
    kind: Kind
    owner: str
    when: Condition
    phase: int
    item: Any
    facts: tuple[str, ...] = field(compare=False, default=())
    test: Test = field(compare=False, repr=False, default=lambda facts, findings: None)


@dataclass(frozen=True, eq=False)
class RuleBook:
    """The checked, compiled rule book. `findings` stand in an order in which each reads only earlier ones."""

    scale: Scale
    causes: Mapping[str, Cause]
    findings: Mapping[str, Finding]
    verdicts: tuple[VerdictRule, ...]
    contradictions: tuple[Contradiction, ...]
    remedies: Mapping[str, Remedy]
    rules: Mapping[str, Rule]
    hash: str

    def of(self, *kinds: Kind) -> tuple[Rule, ...]:
        """All rules of some kinds, by id."""
        return tuple(rule for rule in self.rules.values() if rule.kind in kinds)


@dataclass
class _Place:
    document: Document
    place: Place


Model = TypeVar("Model", bound=Item)


class _Loader:
    """Collects items and problems over all documents."""

    def __init__(self, names: Names) -> None:
        self.names = names
        self.problems: list[Problem] = []
        self.scale: Scale | None = None
        self.items: dict[str, dict[str, tuple[Any, _Place]]] = {
            kind: {} for kind in ("cause", "finding", "verdict", "contradiction", "remedy")
        }

    def read(self, document: Document, layer: int) -> None:
        data = document.data
        if not isinstance(data, Mapping):
            self.problems.append(
                document.problem((), "is not a rule file", "Start it with cause:, findings:, verdicts: or remedy:.")
            )
        elif "cause" in data:
            self.add("cause", document, (), Cause, data, layer, "cause")
        elif "remedy" in data:
            self.add("remedy", document, (), Remedy, data, layer, "remedy")
        elif "findings" in data:
            for name, each in _mapping(data["findings"]).items():
                self.add("finding", document, ("findings", name), Finding, each, layer, name=name)
        elif "verdicts" in data or "contradictions" in data:
            kind: str = "verdicts" if "verdicts" in data else "contradictions"
            model: type[Item] = VerdictRule if kind == "verdicts" else Contradiction
            for index, each in enumerate(data[kind] if isinstance(data[kind], list) else []):
                self.add(kind[:-1], document, (kind, index), model, each, layer, "id")
        elif "weights" in data:
            made = self.make(document, (), Scale, data)
            self.scale = made or self.scale
        else:
            hint = "A rule file starts with cause:, findings:, verdicts:, contradictions:, remedy: or unit:."
            self.problems.append(document.problem((), "is not a rule file", hint))

    def make(self, document: Document, place: Place, model: type[Model], data: Any) -> Model | None:
        try:
            return model.model_validate(data)
        except ValidationError as error:
            self.problems += document.problems(error, place)
            return None

    def add(
        self,
        kind: str,
        document: Document,
        place: Place,
        model: type[Item],
        data: Any,
        layer: int,
        key: str = "",
        name: str = "",
    ) -> None:
        made = self.make(document, place, model, data)
        if made is None:
            return
        slug = name or str(getattr(made, key))
        before = self.items[kind].get(slug)
        if before is None and getattr(made, "replaces", False):
            hint = did_you_mean(slug, self.items[kind]) or "Take out `replaces: true` to add it."
            self.problems.append(document.problem(place, f"replaces the {kind} {slug}, which does not exist", hint))
        elif before is not None and not (layer and getattr(made, "replaces", False)):
            line = before[1].document.where(before[1].place)[0]
            first = f"{before[1].document.name}:{line}" if line else before[1].document.name
            hint = "Write `replaces: true` to override it." if layer else "Keep one of the two."
            self.problems.append(document.problem(place, f"the {kind} {slug} stands already in {first}", hint))
            return
        self.items[kind][slug] = (made, _Place(document, place))

    # --- checks on names, after everything has been read

    def condition(self, data: Any, at: _Place, scores: bool = False) -> Condition:
        def complain(place: Place, message: str, hint: str = "") -> None:
            self.problems.append(at.document.problem(place, message, hint))

        condition = parse(data, at.place, complain)
        for leaf in leaves(condition):
            self.check(leaf, complain, at.place, scores)
        return condition

    def check(self, leaf: Leaf | FindingLeaf, complain: Any, place: Place, scores: bool) -> None:
        if isinstance(leaf, FindingLeaf):
            if leaf.name not in self.items["finding"]:
                hint = did_you_mean(leaf.name, self.items["finding"])
                complain((*place, "finding"), f"there is no finding {leaf.name!r}", hint)
            return
        if leaf.name.startswith(SCORE):
            slug = leaf.name[len(SCORE) :]
            if not scores:
                complain((*place, leaf.name), "only remedies may read the score of a cause")
            elif slug not in self.items["cause"]:
                complain((*place, leaf.name), f"there is no cause {slug!r}", did_you_mean(slug, self.items["cause"]))
            return
        info = self.names.facts.get(leaf.name)
        if info is None:
            complain((*place, leaf.name), f"there is no fact {leaf.name!r}", did_you_mean(leaf.name, self.names.facts))
        elif leaf.test in NUMBER_TESTS and info.kind != "number":
            complain(
                (*place, leaf.name),
                f"{leaf.name} is a {info.kind}, not a number",
                f"Use is or in instead of {leaf.test}.",
            )
        elif leaf.test in ("is", "in"):
            self.check_values(leaf, info, complain, place)

    def check_values(self, leaf: Leaf, info: FactInfo, complain: Any, place: Place) -> None:
        for arg in leaf.args:
            if info.kind == "flag" and not isinstance(arg, bool):
                complain((*place, leaf.name), f"{arg!r} is neither true nor false")
            elif info.kind == "number" and (isinstance(arg, bool) or not isinstance(arg, (int, float))):
                complain((*place, leaf.name), f"{arg!r} is not a number")
            elif info.kind in ("choice", "text") and not isinstance(arg, str):
                complain((*place, leaf.name), f"{arg!r} is not text")
            elif info.kind == "choice" and arg not in info.of:
                hint = did_you_mean(arg, info.of) or f"Choose from {', '.join(info.of)}."
                complain((*place, leaf.name), f"{arg!r} is not a choice of {leaf.name}", hint)

    def cited(self, item: Any, at: _Place) -> None:
        for ref in getattr(item, "sources", {}):
            if ref not in self.names.references:
                hint = did_you_mean(ref, self.names.references)
                self.problems.append(
                    at.document.problem((*at.place, "sources", ref), f"there is no reference {ref!r}", hint)
                )
        for mark in getattr(item, "guide", []):
            if mark not in self.names.guide:
                self.problems.append(at.document.problem((*at.place, "guide"), f"there is no guide statement {mark!r}"))


def _mapping(data: Any) -> Mapping[str, Any]:
    return data if isinstance(data, Mapping) else {}


def _slugs_known(loader: _Loader) -> None:
    causes = loader.items["cause"]
    for cause, at in causes.values():
        for other in cause.confused_with:
            if other not in causes:
                problem = at.document.problem(
                    ("confused_with",), f"there is no cause {other!r}", did_you_mean(other, causes)
                )
                loader.problems.append(problem)
    for remedy, at in loader.items["remedy"].values():
        for slug in remedy.treats:
            if slug not in causes:
                problem = at.document.problem(
                    ("treats", slug), f"there is no cause {slug!r}", did_you_mean(slug, causes)
                )
                loader.problems.append(problem)


def _finding_rules(loader: _Loader) -> list[Rule]:
    """Findings in dependency order; a circle is a problem."""
    made: dict[str, Rule] = {}
    for name, (item, at) in loader.items["finding"].items():
        loader.cited(item, at)
        inside = _Place(at.document, (*at.place, "when"))
        made[name] = Rule(f"finding.{name}", "finding", name, loader.condition(item.when, inside), 1, item)
    ordered: list[Rule] = []
    state: dict[str, int] = {}

    def visit(name: str, path: tuple[str, ...]) -> None:
        if state.get(name) == 2 or name not in made:
            return
        if state.get(name) == 1:
            at = loader.items["finding"][name][1]
            circle = " -> ".join((*path[path.index(name) :], name))
            loader.problems.append(at.document.problem(at.place, f"findings run in a circle: {circle}"))
            return
        state[name] = 1
        for leaf in leaves(made[name].when):
            if isinstance(leaf, FindingLeaf):
                visit(leaf.name, (*path, name))
        state[name] = 2
        ordered.append(made[name])

    for name in sorted(made):
        visit(name, ())
    return ordered


def _cause_rules(loader: _Loader) -> list[Rule]:
    rules: list[Rule] = []
    for slug, (cause, at) in sorted(loader.items["cause"].items()):
        loader.cited(cause, at)
        if cause.only_if is not None:
            gate = loader.condition(cause.only_if, _Place(at.document, ("only_if",)))
            rules.append(Rule(f"gate.{slug}", "gate", slug, negate(gate), 1, cause))
        seen: dict[str, int] = {}
        for index, item in enumerate(cause.evidence):
            inside = _Place(at.document, ("evidence", index))
            loader.cited(item, inside)
            if item.id in seen:
                loader.problems.append(
                    at.document.problem(inside.place, f"the rule {item.id} stands twice in this cause")
                )
            seen[item.id] = index
            if item.curve is not None and loader.names.facts.get(item.curve.over, FactInfo("")).kind != "number":
                message = f"{item.curve.over!r} is not a numeric fact"
                hint = did_you_mean(item.curve.over, loader.names.facts)
                loader.problems.append(at.document.problem((*inside.place, "curve", "over"), message, hint))
            when = loader.condition(item.when, _Place(at.document, (*inside.place, "when")))
            rules.append(Rule(f"{slug}.{item.id}", "evidence", slug, when, 1, item))
    return rules


def _other_rules(loader: _Loader) -> list[Rule]:
    rules: list[Rule] = []
    kinds: tuple[Kind, ...] = ("verdict", "contradiction")
    for kind in kinds:
        for slug, (item, at) in loader.items[kind].items():
            loader.cited(item, at)
            when = loader.condition(item.when, _Place(at.document, (*at.place, "when")))
            rules.append(Rule(f"{kind}.{slug}", kind, slug, when, 1, item))
    for slug, (remedy, at) in sorted(loader.items["remedy"].items()):
        loader.cited(remedy, at)
        if remedy.only_if is not None:
            fit = loader.condition(remedy.only_if, _Place(at.document, ("only_if",)), scores=True)
            rules.append(Rule(f"remedy.{slug}.unfit", "unfit", slug, negate(fit), 2, remedy))
        parts: tuple[tuple[Kind, str], ...] = (
            ("better", "better"), ("worse", "worse"), ("contraindication", "contraindicated"),
        )  # fmt: skip
        for kind, key in parts:
            for index, item in enumerate(getattr(remedy, key)):
                inside = _Place(at.document, (key, index))
                loader.cited(item, inside)
                when = loader.condition(item.when, _Place(at.document, (*inside.place, "when")), scores=True)
                rules.append(Rule(f"remedy.{slug}.{item.id}", kind, slug, when, 2, item))
        for key in ("effects", "settings"):
            for index, item in enumerate(getattr(remedy, key)):
                loader.cited(item, _Place(at.document, (key, index)))
    return rules


def _fact_names(rule: Rule, findings: Mapping[str, Rule]) -> tuple[str, ...]:
    """The facts a rule depends on, through its findings."""
    found: dict[str, None] = {}

    def walk(condition: Condition) -> None:
        for leaf in leaves(condition):
            if isinstance(leaf, Leaf):
                found[leaf.name] = None
            elif leaf.name in findings:
                walk(findings[leaf.name].when)

    walk(rule.when)
    if rule.kind == "evidence" and rule.item.curve is not None:
        found[rule.item.curve.over] = None
    return tuple(sorted(found))


def load_rulebook(documents: Sequence[Document], names: Names, overlays: Iterable[Sequence[Document]] = ()) -> RuleBook:
    """The rule book of some documents, with overlay documents laid over them in order.

    An overlay may add items; to override one it must say `replaces: true`. Raises RuleError with every mistake found.
    """
    loader = _Loader(names)
    layers = [list(documents), *(list(layer) for layer in overlays)]
    for number, layer in enumerate(layers):
        for document in layer:
            loader.read(document, number)
    findings = _finding_rules(loader)
    rules = [*findings, *_cause_rules(loader), *_other_rules(loader)]
    _slugs_known(loader)
    twice = (
        {rule.id for rule in rules if sum(other.id == rule.id for other in rules) > 1}
        if len({r.id for r in rules}) < len(rules)
        else set()
    )
    for name in sorted(twice):
        loader.problems.append(Problem(f"the rule id {name} is used twice"))
    if loader.scale is None:
        loader.problems.append(
            Problem("there is no scale", file="rules/scale.yaml", hint="Add weights, priors and cap.")
        )
    if loader.problems or loader.scale is None:
        raise RuleError(tuple(dict.fromkeys(loader.problems)))
    by_name = {rule.owner: rule for rule in findings}
    made = {
        rule.id: Rule(
            rule.id,
            rule.kind,
            rule.owner,
            rule.when,
            rule.phase,
            rule.item,
            _fact_names(rule, by_name),
            compiled(rule.when),
        )
        for rule in sorted(rules, key=lambda rule: rule.id)
    }
    content = json.dumps([[document.name, document.data] for layer in layers for document in layer], sort_keys=True)
    return RuleBook(
        scale=loader.scale,
        causes={slug: item for slug, (item, _) in sorted(loader.items["cause"].items())},
        findings={rule.owner: rule.item for rule in findings},
        verdicts=tuple(item for item, _ in loader.items["verdict"].values()),
        contradictions=tuple(item for item, _ in loader.items["contradiction"].values()),
        remedies={slug: item for slug, (item, _) in sorted(loader.items["remedy"].items())},
        rules=made,
        hash=hashlib.sha256(content.encode()).hexdigest(),
    )
