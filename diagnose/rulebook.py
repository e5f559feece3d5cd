"""The rule book: what may be written in the files below rules/, and the compiled rules.

`diagnose.rulefile` reads the files. The interpreter and the rule engine share the immutable `RuleBook`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, model_validator

from diagnose.condition import Condition, Test
from diagnose.entry import Grade

Strength = Literal["weak", "moderate", "strong", "decisive"]
Confidence = Literal["high", "medium", "low"]
Prior = Literal["common", "uncommon", "rare", "exceptional"]
# Causes, findings, verdicts and remedies have names in small letters; ids of rules may also hold formulas.
SLUG = r"^[a-z0-9]+([.-][a-z0-9]+)*$"
Slug = Annotated[str, Field(pattern=SLUG)]
RuleId = Annotated[str, Field(pattern=r"^[A-Za-z0-9]+([.-][A-Za-z0-9]+)*$")]
Kind = Literal[
    "finding", "gate", "evidence", "verdict", "unfit", "contraindication", "better", "worse", "contradiction",
    "combination",
]  # fmt: skip

SCORE = "cause."


class Item(BaseModel):
    """Base of everything that is written in a rule file."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


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

    id: RuleId
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

    cause: Slug
    title: str
    family: Literal["measurement", "contact", "bonding", "chemistry", "processing", "composite"]
    guide: list[str]
    mechanism: str
    key_question: str
    confused_with: list[str]
    sources: dict[str, Grade] = Field(min_length=1)
    only_if: dict[str, Any] | None = None
    gate_says: str = ""
    prior: Prior
    evidence: list[Evidence] = Field(min_length=1)
    replaces: bool = False


class Finding(Item):
    """A named intermediate conclusion; `note` is told to the user where it holds."""

    says: str
    note: str = ""
    when: dict[str, Any]
    guide: list[str] = []
    sources: dict[str, Grade] = Field(min_length=1)
    replaces: bool = False


class VerdictRule(Item):
    """A condition that decides, or hands on, the verdict."""

    id: Slug
    verdict: Literal["invalid_data", "healthy", "faulty", "outside_scope"]
    when: dict[str, Any]
    says: str
    guide: list[str] = []
    sources: dict[str, Grade] = Field(min_length=1)
    replaces: bool = False


class Contradiction(Item):
    """Facts that cannot be true together."""

    id: Slug
    when: dict[str, Any]
    fields: list[str] = Field(min_length=1)
    says: str
    fix: str
    replaces: bool = False


class RemedyRule(Item):
    """A condition under which a remedy fits better, fits worse or must not be used."""

    id: RuleId
    when: dict[str, Any]
    because: str
    sources: dict[str, Grade] = Field(min_length=1)


class PublishedEffect(Item):
    """What a remedy did in a published case.

    `electrolyte` (families) and `electrode` (kinds or roles; none stands for any) say to which pairs the figures may be
    carried over. Where no family is named they are shown and not reckoned with.
    """

    on: str
    electrolyte: list[str] = []
    electrode: list[str] = []
    says: str
    before: float | None = None
    after: float | None = None
    unit: str = "ohm*cm^2"
    sources: dict[str, Grade] = Field(min_length=1)


class Setting(Item):
    """A figure or procedure that belongs to a remedy."""

    says: str
    sources: dict[str, Grade] = Field(min_length=1)


Cost = Literal["low", "medium", "high"]
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

    remedy: Slug
    title: str
    also: list[str] = Field(default=[], description="what else people call it")
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
    cost: Cost
    hours: float
    readiness: Literal["lab", "pilot", "production"]
    reversible: bool
    hazards: list[Hazard] = []
    verify: str
    sources: dict[str, Grade] = Field(min_length=1)
    replaces: bool = False


class Combination(Item):
    """What to mind with a remedy, or with two at once: each part is a remedy, or remedies of which any is meant."""

    id: Slug
    remedies: list[Slug | list[Slug]] = Field(min_length=1, max_length=2)
    when: dict[str, Any] | None = None
    because: str
    sources: dict[str, Grade] = Field(min_length=1)
    replaces: bool = False

    @property
    def parts(self) -> tuple[tuple[str, ...], ...]:
        """The remedies that each part may be."""
        return tuple((part,) if isinstance(part, str) else tuple(part) for part in self.remedies)


class Worth(Item):
    """What a plan counts as days of work, and how much of the chances a predicted range covers."""

    unit: Literal["day"]
    each_try: float = Field(gt=0, description="days for each try, however short: taking it up and measuring again")
    hours_in_a_day: float = Field(gt=0)
    cost: dict[Cost, float]
    irreversible: float = Field(ge=0)
    hazards: dict[Hazard, float]
    tail: float = Field(gt=0, lt=0.5, description="chance left out at each end of a predicted range")
    widest: float = Field(default=100.0, gt=1, description="ratio of the ends from which a range is not told")
    because: str
    sources: dict[str, Grade] = Field(min_length=1)
    replaces: bool = False

    @model_validator(mode="after")
    def _complete(self) -> Worth:
        for name, words, days in (("cost", Cost, self.cost), ("hazards", Hazard, self.hazards)):
            missing = [word for word in get_args(words) if word not in days]
            if missing:
                raise ValueError(f"{name} lacks {', '.join(missing)}")
            if any(each < 0 for each in days.values()):
                raise ValueError(f"{name} takes no days below 0")
        return self


class Asking(Item):
    """When the questionnaire asks on, and when it stops."""

    ask_min: float = Field(default=1.0, gt=0, description="minutes that it takes to read and to answer a question")
    longest_min: float = Field(default=480.0, gt=0, description="work from which a question is a test")
    settled_share: float = Field(default=0.1, ge=0, le=1, description="chance of another first cause that is let be")
    least_bits: float = Field(default=0.005, gt=0, description="information below which a question tells nothing")
    neither_share: float = Field(default=0.2, ge=0, lt=1, description="how often a test shows none of its outcomes")
    least_bits_per_hour: float = Field(default=0.05, ge=0, description="information that is worth the work")


class Scale(Item):
    """The one scale of weights and priors, in decibans; `spread` is how far a weight may be wrong, as its own share."""

    unit: Literal["deciban"]
    weights: dict[Strength, float]
    confidence: dict[Confidence, float]
    priors: dict[Prior, float]
    cap: float = Field(gt=0)
    supported_from: float
    spread: dict[Confidence, float] = {"high": 0.2, "medium": 0.35, "low": 0.5}
    asking: Asking = Asking()
    because: str
    sources: dict[str, Grade] = Field(min_length=1)

    @model_validator(mode="after")
    def _complete(self) -> Scale:
        parts = (("weights", Strength), ("confidence", Confidence), ("priors", Prior))
        for name, words in parts:
            missing = [word for word in get_args(words) if word not in getattr(self, name)]
            if missing:
                raise ValueError(f"{name} lacks {', '.join(missing)}")
        return self


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
    """One compiled rule. Phase 2 rules are about remedies and may read the scores of the causes.

    A combination is a rule only where it has a condition, as a gate is.
    """

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
    """The checked, compiled rule book.

    `findings` stand in an order in which each reads only earlier ones. `names` are the slug, title and other names of
    each remedy as they are written in its file; a translation leaves them as they are.
    """

    scale: Scale
    causes: Mapping[str, Cause]
    findings: Mapping[str, Finding]
    verdicts: tuple[VerdictRule, ...]
    contradictions: tuple[Contradiction, ...]
    remedies: Mapping[str, Remedy]
    rules: Mapping[str, Rule]
    hash: str
    combinations: Mapping[str, Combination] = field(default_factory=dict)
    worth: Worth | None = None
    names: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    _kinds: dict[tuple[Kind, ...], tuple[Rule, ...]] = field(default_factory=dict, repr=False)

    def of(self, *kinds: Kind) -> tuple[Rule, ...]:
        """All rules of some kinds, by id."""
        if kinds not in self._kinds:
            self._kinds[kinds] = tuple(rule for rule in self.rules.values() if rule.kind in kinds)
        return self._kinds[kinds]
