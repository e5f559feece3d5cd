"""What may be written in the files below knowledge/, but for statements about pairs: see `diagnose.pairing`."""

from __future__ import annotations

import math
from typing import Annotated, Any, Literal

import pydantic
from pydantic import BaseModel, ConfigDict, model_validator

from diagnose.condition import Value
from diagnose.quantity import Span

Grade = Literal["seen", "secondary", "recalled", "derived", "judgement"]
MaterialKind = Literal["electrolyte", "electrode", "coating", "compound"]


def listed(**options: Any) -> Any:
    """A tuple that a YAML list may fill although the models are strict."""
    return pydantic.Field(strict=False, **options)


class Entry(BaseModel):
    """Base of everything that is written in a knowledge file."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)

    @model_validator(mode="after")
    def _upwards(self) -> Entry:
        for low, high in (("low", "high"), ("low_MPa", "high_MPa")):
            one, other = getattr(self, low, None), getattr(self, high, None)
            if isinstance(one, (int, float)) and isinstance(other, (int, float)) and one > other:
                raise ValueError(f"{low} is above {high}")
        return self


# --- vocabulary, properties, references


class Field(Entry):
    """One field of a case. `effort_min` is the usual work in minutes when the value is not at hand.

    `usual` is the range in which answers mostly lie: what is expected before anything is known (judgement). `noticed`
    marks what one has seen in passing or has not: to ask for it costs a minute whatever it costs to measure. `applies`
    is a condition; where it is definitely false the field makes no sense and is not asked for. `from_file` says what
    kind of file can give the field: one impedance spectrum, or a series of resistances.
    """

    kind: Literal["number", "integer", "flag", "choice", "material", "text"]
    unit: str = "1"
    of: tuple[str, ...] = listed(default=())
    limits: tuple[float, float] = listed(default=(-math.inf, math.inf))
    usual: tuple[float, float] | None = listed(default=None)
    note: str = ""
    question: str
    help: str
    effort_min: float = pydantic.Field(ge=0)
    destructive: bool = False
    noticed: bool = False
    applies: dict[str, Any] | None = None
    from_file: Literal["", "spectrum", "series"] = ""
    section: str = ""

    @model_validator(mode="after")
    def _complete(self) -> Field:
        if self.kind in ("number", "integer") and not self.limits[0] < self.limits[1] < math.inf:
            raise ValueError("a number needs limits, the lower first")
        if self.kind in ("number", "integer"):
            low, high = self.usual or (math.inf, -math.inf)
            if not self.limits[0] <= low < high <= self.limits[1]:
                raise ValueError("a number needs the `usual` range of its answers, within its limits")
        if (self.kind == "choice") != bool(self.of):
            raise ValueError("`of` lists the choices of a choice, and of nothing else")
        return self


class Property(Entry):
    """One property that a material or a pairing may have. Records (`read_by_rules: false`) are only shown."""

    kind: Literal["number", "choice", "flag", "text"]
    unit: str = ""
    of: tuple[str, ...] = listed(default=())
    limits: tuple[float, float] = listed(default=(-math.inf, math.inf))
    note: str
    read_by_rules: bool = True

    @model_validator(mode="after")
    def _complete(self) -> Property:
        if self.kind == "number" and not (self.unit and all(math.isfinite(end) for end in self.limits)):
            raise ValueError("a number needs a unit and finite limits")
        if (self.kind == "choice") != bool(self.of):
            raise ValueError("`of` lists the choices of a choice, and of nothing else")
        return self


class PropertyGroup(Entry):
    """The properties of one kind of thing and the prefixes under which rules read them."""

    prefixes: tuple[str, ...] = listed(default=())
    properties: dict[str, Property]


class Reference(Entry):
    """A source. `read` says how much of it was read: full, abstract, digest (a text about it), title or none."""

    title: str
    authors: str = ""
    year: int | None = None
    journal: str = ""
    doi: str = ""
    url: str = ""
    other: str = ""
    read: Literal["full", "abstract", "digest", "title", "none"]
    note: str = ""
    replaces: bool = False

    @model_validator(mode="after")
    def _can_be_found(self) -> Reference:
        if not (self.doi or self.url or self.other):
            raise ValueError("needs doi, url or other, so that it can be found again")
        return self

    def short(self) -> str:
        """One line that is enough to find the source."""
        who = f"{self.authors or self.title}{f' ({self.year})' if self.year else ''}"
        where = f"doi:{self.doi}" if self.doi else self.url or self.other
        return ". ".join(each for each in (who, self.title if self.authors else "", self.journal, where) if each)


# --- materials


class Sourced(Entry):
    """Something that was read somewhere. `read_in` says where, when it was not the work itself."""

    ref: str
    grade: Grade
    read_in: str = ""
    at: str = ""
    note: str = ""


class Figure(Sourced):
    """One published figure: a value, a range (`low`, `high`) or words (`says`)."""

    value: float | bool | str | None = None
    low: float | None = None
    high: float | None = None
    says: str = ""
    unit: str = ""
    default: bool | None = None
    why: str = ""

    @model_validator(mode="after")
    def _one_form(self) -> Figure:
        ranged = self.low is not None or self.high is not None
        if (self.value is not None) + ranged + bool(self.says) != 1:
            raise ValueError("needs exactly one of value, low with or without high, and says")
        return self

    def number(self, limits: tuple[float, float] = (-math.inf, math.inf)) -> Span | None:
        """The figure as an interval, an open end closed by the limits; None when it is not a number."""
        if isinstance(self.value, float) and not isinstance(self.value, bool):
            return Span(self.value, self.value)
        if self.low is None and self.high is None:
            return None
        return Span(limits[0] if self.low is None else self.low, limits[1] if self.high is None else self.high)

    def plain(self, limits: tuple[float, float]) -> Value:
        """The figure as a fact; None when it is words."""
        return self.value if isinstance(self.value, (bool, str)) else self.number(limits)


Figures = Annotated[tuple[Figure, ...], pydantic.Strict(False)]
Point = Annotated[tuple[float, float], pydantic.Strict(False)]
Words = Annotated[tuple[str, ...], pydantic.Strict(False)]


class MaterialEntry(Entry):
    """A material as it is written in a file."""

    name: str
    formula: str = ""
    family: str = ""
    aliases: tuple[str, ...] = listed(default=())
    patterns: tuple[str, ...] = listed(default=())
    note: str = ""
    properties: dict[str, Figures] = {}
    replaces: bool = False


class MaterialFile(Entry):
    """A file of materials of one kind and, for electrolytes, one family."""

    kind: MaterialKind
    family: str = ""
    note: str = ""
    materials: dict[str, Any]


class FamilyEntry(Entry):
    """What usually holds for a family of electrolytes; used where a member has no figure of its own."""

    name: str
    note: str = ""
    properties: dict[str, Figures]
    replaces: bool = False


# --- tests, protocol, standards, guide


class Outcome(Entry):
    """What a test may show, and the cause it then speaks for.

    `facts` are fields of a case with what they would say then: typical values, as a case file holds them. What an
    outcome means for each cause follows from the rules. `usual` is how often it comes before anything is known of the
    cell, where that is not as often as the others.
    """

    if_: str = pydantic.Field(alias="if")
    then: str | None = None
    facts: dict[str, Any] = {}
    usual: float | None = pydantic.Field(default=None, gt=0, lt=1)


class Test(Entry):
    """A measurement that tells causes apart. `applies` is a condition; where it is definitely false it is no use."""

    __test__ = False

    id: str
    title: str
    separates: tuple[str, ...] = listed(min_length=1)
    applies: dict[str, Any] | None = None
    hours: float
    destructive: bool
    needs: str | list[str] = ""
    how: str
    outcomes: tuple[Outcome, ...] = listed(min_length=1)
    sources: dict[str, Grade]
    guide: tuple[str, ...] = listed(default=())
    replaces: bool = False


class ProtocolStep(Entry):
    """One step of the measurement protocol. `applies` is a condition; a step without one is always done."""

    id: str
    title: str
    applies: dict[str, Any] | None = None
    do: str
    why: str
    sources: dict[str, Grade]
    guide: tuple[str, ...] = listed(default=())
    replaces: bool = False


class Standard(Entry):
    """A standard, what it says, and when it concerns a case."""

    id: str
    title: str
    applies: dict[str, Any] | None = None
    says: str
    note: str = ""
    sources: dict[str, Grade]
    guide: tuple[str, ...] = listed(default=())
    replaces: bool = False


class ElementWindow(Sourced):
    """Where a figure of an arc usually lies. `edge` is in decades for capacitances and frequencies."""

    of: Literal[
        "capacitance_F_cm", "capacitance_F_cm2", "frequency_25C_Hz", "exponent", "activation_energy_eV",
        "activation_energy_over_bulk_eV", "pressure_exponent", "capacitance_pressure_exponent",
    ]  # fmt: skip
    low: float
    high: float
    edge: float = pydantic.Field(gt=0)

    @model_validator(mode="after")
    def _has_width(self) -> ElementWindow:
        if not self.low < self.high or (self.of.endswith(("_F_cm", "_F_cm2", "_Hz")) and self.low <= 0):
            raise ValueError("a window needs low below high, and a low above 0 where it is told in decades")
        return self


class Element(Entry):
    """What an arc of a spectrum may be. `rank` is its order in falling frequency, `once` that a cell shows one."""

    id: str
    title: str
    says: str
    place: Literal["body", "interface", "electrode"]
    rank: int
    once: bool = False
    prior: float = pydantic.Field(gt=0)
    windows: tuple[ElementWindow, ...] = listed(min_length=1)
    sources: dict[str, Grade]
    replaces: bool = False

    @model_validator(mode="after")
    def _no_two_of_a_kind(self) -> Element:
        kinds = [each.of for each in self.windows]
        if len(set(kinds)) < len(kinds):
            raise ValueError("has two windows of one kind")
        return self


class GuideStatement(Entry):
    """One statement of the guide that the rules encode, in our words, with a correction where it needs one."""

    id: str
    section: str
    text: str
    correction: str = ""
    pins: tuple[str, ...] = listed(default=())
    replaces: bool = False
