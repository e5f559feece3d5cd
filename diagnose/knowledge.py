"""What we know: vocabulary, materials, pairings, references, tests and standards, from the files below knowledge/.

`load_knowledge` checks every file and every name in it, reports all mistakes at once, and returns an immutable
`Knowledge`. Each figure keeps its unit, conditions, source and grade; rules read one default figure per property.
"""

from __future__ import annotations

import fnmatch
import hashlib
import json
import math
import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from dataclasses import field as part
from functools import lru_cache
from types import MappingProxyType
from typing import Annotated, Any, Generic, Literal, TypeVar

import pydantic
from pydantic import BaseModel, ConfigDict, ValidationError, model_validator

from diagnose.condition import Condition, Leaf, Value, evaluate, leaves, parse
from diagnose.errors import KnowledgeError, Problem, did_you_mean, in_order, nearest
from diagnose.quantity import Span
from diagnose.yamlfile import Document, Place

Grade = Literal["seen", "secondary", "recalled", "derived", "judgement"]
MaterialKind = Literal["electrolyte", "electrode", "coating", "compound"]
Fact = tuple[Value, str, str, str]
ANY = "any"
DIGEST = "digest"


def _listed(**options: Any) -> Any:
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
    """One field of a case. `effort_min` is the usual work in minutes when the value is not at hand."""

    kind: Literal["number", "integer", "flag", "choice", "material", "text"]
    unit: str = "1"
    of: tuple[str, ...] = _listed(default=())
    limits: tuple[float, float] = _listed(default=(-math.inf, math.inf))
    note: str = ""
    question: str
    help: str
    effort_min: float = pydantic.Field(ge=0)
    destructive: bool = False
    section: str = ""

    @model_validator(mode="after")
    def _complete(self) -> Field:
        if self.kind in ("number", "integer") and not self.limits[0] < self.limits[1] < math.inf:
            raise ValueError("a number needs limits, the lower first")
        if (self.kind == "choice") != bool(self.of):
            raise ValueError("`of` lists the choices of a choice, and of nothing else")
        return self


class Property(Entry):
    """One property that a material or a pairing may have. Records (`read_by_rules: false`) are only shown."""

    kind: Literal["number", "choice", "flag", "text"]
    unit: str = ""
    of: tuple[str, ...] = _listed(default=())
    limits: tuple[float, float] = _listed(default=(-math.inf, math.inf))
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

    prefixes: tuple[str, ...] = _listed(default=())
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
    aliases: tuple[str, ...] = _listed(default=())
    patterns: tuple[str, ...] = _listed(default=())
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


@dataclass(frozen=True, eq=False)
class Material:
    """A known material. `figures` holds everything known; `defaults` the one value per property that rules read."""

    id: str
    kind: MaterialKind
    family: str
    name: str
    formula: str
    aliases: tuple[str, ...]
    patterns: tuple[str, ...]
    note: str
    figures: Mapping[str, tuple[Figure, ...]]
    defaults: Mapping[str, tuple[Value, str, str]]

    @property
    def names(self) -> tuple[str, ...]:
        """Every exact spelling, the usual one first."""
        return tuple(dict.fromkeys(each for each in (self.name, self.formula, *self.aliases, self.id) if each))

    @property
    def electrode_kind(self) -> str:
        """The kind of an electrode (layered_oxide, metal, ...), or nothing."""
        value = self.defaults.get("kind", (None, "", ""))[0]
        return value if isinstance(value, str) else ""


# --- pairings


class Row(Sourced):
    """A statement about a pair. `electrolyte` is an id, a family or any; `electrode` an id, a kind, a role or any."""

    electrolyte: tuple[str, ...] = _listed(default=(ANY,))
    electrode: tuple[str, ...] = _listed(default=(ANY,))
    default: bool | None = None
    why: str = ""
    replaces: bool = False

    @model_validator(mode="before")
    @classmethod
    def _one_or_many(cls, data: Any) -> Any:
        if isinstance(data, Mapping):
            return {
                key: [each] if key in ("electrolyte", "electrode") and isinstance(each, str) else each
                for key, each in data.items()
            }
        return data


class Compatibility(Row):
    """What heating does to a pair; `onset_C` is the temperature from which it reacts."""

    onset_C: float | None = pydantic.Field(default=None, ge=0, le=2000)
    says: str


class PressureWindow(Row):
    """A usual stack pressure in MPa while the cell runs."""

    low_MPa: float = pydantic.Field(ge=0)
    high_MPa: float = pydantic.Field(gt=0)
    says: str


class FabricationPressure(Row):
    """A pressure in MPa used to make something."""

    what: str
    low_MPa: float | None = None
    high_MPa: float | None = None
    says: str = ""


class StrippingLimit(Row):
    """Largest current (mA/cm2) at which lithium strips without voids, against stack pressure (MPa)."""

    points: tuple[Point, ...] = _listed(min_length=2)
    temperature_C: tuple[float, float] = _listed(default=(10.0, 40.0))
    says: str

    @model_validator(mode="after")
    def _rising(self) -> StrippingLimit:
        if any(a[0] >= b[0] or a[1] > b[1] for a, b in zip(self.points, self.points[1:], strict=False)):
            raise ValueError("points are pairs [MPa, mA/cm2] with rising pressure and current")
        return self

    def at_pressure(self, pressure: float) -> float | None:
        """Limit by straight lines between the points; None beyond the last one."""
        for (x0, y0), (x1, y1) in zip(self.points, self.points[1:], strict=False):
            if x0 <= pressure <= x1:
                return y0 + (y1 - y0) * (pressure - x0) / (x1 - x0)
        return None


class SeverityBand(Row):
    """Bands of an interface resistance in ohm cm2: upper ends of excellent and acceptable, start of severe."""

    excellent: float = pydantic.Field(gt=0)
    acceptable: float = pydantic.Field(gt=0)
    severe: float = pydantic.Field(gt=0)
    says: str

    @model_validator(mode="after")
    def _rising(self) -> SeverityBand:
        if not self.excellent < self.acceptable < self.severe:
            raise ValueError("excellent < acceptable < severe must hold")
        return self


class Target(Sourced):
    """A published or derived target for a resistance."""

    scope: str
    says: str


class Resistance(Row):
    """A published interface resistance in ohm cm2: a value, a range, or a change from `before` to `after`."""

    pair: str
    value: float | None = None
    low: float | None = None
    high: float | None = None
    before: float | None = None
    after: float | None = None
    unit: str = "ohm*cm^2"
    says: str = ""


class Reaction(Entry):
    """Reaction energy of two phases. `half_charged` is for the half-charged cathode, `unmixed` without mixing."""

    a: str
    b: str
    value: float | None = None
    low: float | None = None
    high: float | None = None
    half_charged: float | None = None
    unmixed: float | None = None
    note: str = ""


class ReactionBlock(Sourced):
    """Reaction energies from one source."""

    between: str
    rows: tuple[Reaction, ...] = _listed(min_length=1)


class ReactionTable(Entry):
    """One quantity. Figures of different quantities are never compared."""

    quantity: str
    unit: str
    note: str = ""
    blocks: tuple[ReactionBlock, ...] = _listed(min_length=1)


class Decomposition(Sourced):
    """Energy of decomposition of a phase at a potential."""

    phase: str
    potential_V: float
    value: float
    unit: Literal["meV/atom"]


class VolumeChange(Sourced):
    """Change of volume when two phases react, in percent."""

    a: str
    b: str
    chemical_percent: float
    at_4p5_V_percent: float


@dataclass(frozen=True, eq=False)
class Pairings:
    """Everything that is known about pairs; the `best_*` maps answer the rules."""

    compatibility: tuple[Compatibility, ...]
    pressure: tuple[PressureWindow, ...]
    fabrication: tuple[FabricationPressure, ...]
    stripping: tuple[StrippingLimit, ...]
    severity: tuple[SeverityBand, ...]
    targets: tuple[Target, ...]
    resistances: tuple[Resistance, ...]
    reactions: Mapping[str, ReactionTable]
    decomposition: tuple[Decomposition, ...]
    volume_changes: tuple[VolumeChange, ...]
    best_onset: Mapping[tuple[str, str], Compatibility]
    best_pressure: Mapping[tuple[str, str], PressureWindow]
    best_stripping: Mapping[tuple[str, str], StrippingLimit]
    best_severity: Mapping[tuple[str, str], SeverityBand]
    closed_energy: Mapping[tuple[str, str], tuple[Span, str, str]]


# --- tests, protocol, standards, guide


class Outcome(Entry):
    """What a test may show, and the cause it then speaks for."""

    if_: str = pydantic.Field(alias="if")
    then: str | None = None


class Test(Entry):
    """A measurement that tells causes apart."""

    __test__ = False

    id: str
    title: str
    separates: tuple[str, ...] = _listed(min_length=1)
    hours: float
    destructive: bool
    needs: str | list[str] = ""
    how: str
    outcomes: tuple[Outcome, ...] = _listed(min_length=1)
    sources: dict[str, Grade]
    guide: tuple[str, ...] = _listed(default=())
    replaces: bool = False


class ProtocolStep(Entry):
    """One step of the measurement protocol. `applies` is a condition; a step without one is always done."""

    id: str
    title: str
    applies: dict[str, Any] | None = None
    do: str
    why: str
    sources: dict[str, Grade]
    guide: tuple[str, ...] = _listed(default=())
    replaces: bool = False


class Standard(Entry):
    """A standard, what it says, and when it concerns a case."""

    id: str
    title: str
    applies: dict[str, Any] | None = None
    says: str
    note: str = ""
    sources: dict[str, Grade]
    guide: tuple[str, ...] = _listed(default=())
    replaces: bool = False


class GuideStatement(Entry):
    """One statement of the guide that the rules encode, in our words, with a correction where it needs one."""

    id: str
    section: str
    text: str
    correction: str = ""
    pins: tuple[str, ...] = _listed(default=())
    replaces: bool = False


# --- names

_SEPARATORS = re.compile(r"[\s_\-‐‑‒–—−·⋅]+")
_BRACKET = re.compile(r"(\[[^\]]*\])")
_GREEK = {"α": "alpha", "β": "beta", "γ": "gamma", "δ": "delta"}


@lru_cache(maxsize=4096)
def spelling(name: str) -> str:
    """A name without what people vary: case, spaces, hyphens, underscores, subscripts, Greek letters."""
    text = unicodedata.normalize("NFKC", name).casefold()
    for letter, word in _GREEK.items():
        text = text.replace(letter, word)
    return _SEPARATORS.sub("", text)


def _pattern(text: str) -> str:
    return "".join(each if each.startswith("[") else spelling(each) for each in _BRACKET.split(text))


@dataclass(frozen=True, eq=False)
class _Index:
    """Materials of one kind by exact spelling, and by pattern, the pattern with most plain letters first."""

    exact: Mapping[str, Material]
    patterns: tuple[tuple[re.Pattern[str], Material], ...]
    names: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Knowledge:
    """The checked knowledge base."""

    vocabulary: Mapping[str, Field]
    properties: Mapping[str, Property]
    records: Mapping[str, Mapping[str, Property]]
    references: Mapping[str, Reference]
    families: Mapping[str, FamilyEntry]
    family_defaults: Mapping[str, Mapping[str, tuple[Value, str, str]]]
    materials: Mapping[str, Mapping[str, Material]]
    pairings: Pairings
    tests: Mapping[str, Test]
    protocol: Mapping[str, ProtocolStep]
    standards: Mapping[str, Standard]
    guide: Mapping[str, GuideStatement]
    hash: str
    _index: Mapping[str, _Index] = part(repr=False)
    _applies: Mapping[tuple[str, str], Condition] = part(repr=False)

    def find(self, kind: str, name: str) -> Material | None:
        """The material of a kind (electrolyte, electrode, coating) with a name, formula, alias or pattern."""
        index = self._index[kind]
        key = spelling(name)
        found = index.exact.get(key)
        if found is not None:
            return found
        return next((material for pattern, material in index.patterns if pattern.match(key)), None)

    def material_names(self, kind: str) -> tuple[str, ...]:
        """Every name, formula and alias of the materials of a kind."""
        return self._index[kind].names

    def nearest(self, kind: str, name: str) -> tuple[str, ...]:
        """The known names most like a name, best first."""
        return nearest(name, self.material_names(kind))

    def short(self, ref: str) -> str:
        """One line that is enough to find a source."""
        return self.references[ref].short()

    def material_facts(self, prefix: str, material: Material | None, family: str | None) -> dict[str, Fact]:
        """Facts about a material: name -> (value, reference, grade, level).

        `level` is own for a figure of the material itself and family for the usual figure of its family.
        """
        found: dict[str, Fact] = {}
        if family is not None and f"{prefix}.family" in self.properties:
            found[f"{prefix}.family"] = (family, "judgement", "judgement", "own" if material else "family")
        usual = self.family_defaults.get(family or "", {})
        for name, (value, ref, grade) in usual.items():
            found[f"{prefix}.{name}"] = (value, ref, grade, "family")
        for name, (value, ref, grade) in (material.defaults if material else {}).items():
            found[f"{prefix}.{name}"] = (value, ref, grade, "own")
        return {name: fact for name, fact in found.items() if name in self.properties}

    def pairing_facts(
        self,
        electrolyte: Material | None,
        family: str | None,
        electrode: Material | None,
        role: str | None,
        facts: Mapping[str, Value] = MappingProxyType({}),
    ) -> dict[str, Fact]:
        """Facts about a pair: name -> (value, reference, grade, level); the most specific row answers.

        `facts` may hold stack_pressure_MPa and temperature_C, which the stripping limit (mA/cm2) depends on.
        """
        keys = tuple(_pair_keys(electrolyte, family, electrode, role))
        pairs, found = self.pairings, dict[str, Fact]()
        onset = _first(pairs.best_onset, keys)
        if onset is not None and onset.onset_C is not None:
            _put(found, "compatibility_onset_C", Span(onset.onset_C, onset.onset_C), onset)
        window = _first(pairs.best_pressure, keys)
        if window is not None:
            _put(found, "pressure_low_MPa", Span(window.low_MPa, window.low_MPa), window)
            _put(found, "pressure_high_MPa", Span(window.high_MPa, window.high_MPa), window)
        band = _first(pairs.best_severity, keys)
        if band is not None:
            ends = {"excellent": band.excellent, "acceptable": band.acceptable, "severe": band.severe}
            for name, figure in ends.items():
                _put(found, f"{name}_ohm_cm2", Span(figure, figure), band)
            _put(found, "severity_basis", band.says, band)
        limit = _first(pairs.best_stripping, keys)
        if limit is not None:
            _put(found, "stripping_limit_mA_cm2", _stripping(limit, facts), limit)
        if electrolyte is not None and electrode is not None:
            energy = pairs.closed_energy.get((electrolyte.id, electrode.id))
            if energy is not None:
                found["pairing.reaction_energy_closed_meV_atom"] = (energy[0], energy[1], energy[2], "own")
        return found

    def steps(self, facts: Mapping[str, Value]) -> tuple[ProtocolStep, ...]:
        """The steps of the protocol that concern a case: those whose condition is not definitely false."""
        return tuple(each for each in self.protocol.values() if self._truth("protocol", each.id, facts) is not False)

    def standard_notes(self, facts: Mapping[str, Value]) -> list[str]:
        """What the standards say about a case, for those that definitely concern it."""
        return [
            each.note or each.says
            for each in self.standards.values()
            if each.applies is not None and self._truth("standards", each.id, facts)
        ]

    def _truth(self, kind: str, name: str, facts: Mapping[str, Value]) -> bool | None:
        condition = self._applies.get((kind, name))
        return True if condition is None else evaluate(condition, facts, {})


def _put(found: dict[str, Fact], name: str, value: Value, row: Row) -> None:
    if value is not None:
        level = "any" if row.electrolyte == (ANY,) and row.electrode == (ANY,) else "pair"
        found[f"pairing.{name}"] = (value, row.ref, row.grade, level)


def _stripping(limit: StrippingLimit, facts: Mapping[str, Value]) -> Span | None:
    """The limit at the stack pressure of the case; unknown beyond the published pressures and temperatures."""
    pressure, temperature = facts.get("stack_pressure_MPa"), facts.get("temperature_C")
    low, high = limit.temperature_C
    if isinstance(temperature, Span) and not low <= temperature.low <= temperature.high <= high:
        return None
    if not isinstance(pressure, Span):
        return None
    ends = (limit.at_pressure(pressure.low), limit.at_pressure(pressure.high))
    return None if ends[0] is None or ends[1] is None else Span(ends[0], ends[1])


def _pair_keys(
    electrolyte: Material | None, family: str | None, electrode: Material | None, role: str | None
) -> Iterator[tuple[str, str]]:
    """Keys of a pair from the most to the least specific; at equal rank the more specific electrolyte goes first."""
    left = [(3, electrolyte.id)] if electrolyte is not None else []
    left += [(2, family)] if family else []
    right = [(3, electrode.id)] if electrode is not None else []
    right += [(2, electrode.electrode_kind)] if electrode is not None and electrode.electrode_kind else []
    right += [(1, role)] if role else []
    ranked = [(-(a + b), -a, (one, two)) for a, one in [*left, (0, ANY)] for b, two in [*right, (0, ANY)]]
    return (key for _, _, key in sorted(ranked))


RowType = TypeVar("RowType", bound=Row)
Item = TypeVar("Item", bound=Entry)


def _first(rows: Mapping[tuple[str, str], RowType], keys: Iterable[tuple[str, str]]) -> RowType | None:
    return next((rows[key] for key in keys if key in rows), None)


# --- loading


@dataclass(frozen=True)
class _At:
    """Where something was written, and in which layer: 0 is what is shipped, overlays follow."""

    document: Document
    place: Place
    layer: int

    def __str__(self) -> str:
        line = self.document.where(self.place)[0]
        return f"{self.document.name}:{line}" if line else self.document.name


class _Shelf(Generic[Item]):
    """Items by id; a second one is refused unless it says `replaces: true` in a later layer."""

    def __init__(self, what: str) -> None:
        self.what = what
        self.items: dict[str, Item] = {}
        self.places: dict[str, _At] = {}

    def put(self, name: str, item: Item, at: _At, complain: Callable[[_At, str, str], None]) -> bool:
        replaces = bool(getattr(item, "replaces", False))
        if name not in self.items and replaces:
            hint = did_you_mean(name, self.items) or "Take out `replaces: true` to add it."
            complain(at, f"replaces the {self.what} {name}, which does not exist", hint)
            return False
        if name in self.items and not (replaces and at.layer > self.places[name].layer):
            hint = "Write `replaces: true` to override it." if at.layer else "Keep one of the two."
            complain(at, f"the {self.what} {name} stands already in {self.places[name]}", hint)
            return False
        self.items[name], self.places[name] = item, at
        return True


class _Loader:
    """Reads documents, collects items and problems."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []
        self.fields: _Shelf[Field] = _Shelf("field")
        self.groups: _Shelf[PropertyGroup] = _Shelf("group of properties")
        self.references: _Shelf[Reference] = _Shelf("reference")
        self.families: _Shelf[FamilyEntry] = _Shelf("family")
        self.materials: dict[str, _Shelf[MaterialEntry]] = {
            kind: _Shelf(kind) for kind in ("electrolyte", "electrode", "coating", "compound")
        }
        self.tests: _Shelf[Test] = _Shelf("test")
        self.protocol: _Shelf[ProtocolStep] = _Shelf("step")
        self.standards: _Shelf[Standard] = _Shelf("standard")
        self.guide: _Shelf[GuideStatement] = _Shelf("guide statement")
        self.tables: _Shelf[ReactionTable] = _Shelf("table of reaction energies")
        self.rows: dict[str, list[tuple[Any, _At]]] = {name: [] for name in ROWS}
        self.applies: dict[tuple[str, str], Condition] = {}

    def complain(self, at: _At, message: str, hint: str = "") -> None:
        self.problems.append(at.document.problem(at.place, message, hint))

    def make(self, model: type[Item], data: Any, at: _At) -> Item | None:
        try:
            return model.model_validate(data)
        except ValidationError as error:
            self.problems += at.document.problems(error, at.place)
            return None

    def read(self, document: Document, layer: int) -> None:
        """Read one document; the key it holds says what it is."""
        top = _At(document, (), layer)
        if not isinstance(document.data, Mapping):
            self.complain(top, "is not a knowledge file", f"Start it with one of {', '.join(READERS)}.")
            return
        known = [key for key in READERS if key in document.data]
        for key in known:
            READERS[key](self, key, document.data, top)
        extra = set(document.data) - set(known) - {"note", *ALONGSIDE.get(known[0] if known else "", ())}
        if not known or extra:
            word = min(map(str, extra)) if known else document.name
            hint = did_you_mean(word, READERS) or f"Choose from {', '.join(READERS)}."
            at = _At(document, (word,), layer) if known else top
            self.complain(at, "is not a known part of a knowledge file", hint)

    def mapping(self, key: str, data: Mapping[str, Any], top: _At) -> Iterator[tuple[str, Any, _At]]:
        """The named items below a key."""
        items = data[key]
        if not isinstance(items, Mapping):
            self.complain(_At(top.document, (key,), top.layer), "is not a mapping of names to entries")
            return
        for name, each in items.items():
            yield str(name), each, _At(top.document, (key, name), top.layer)

    def listed(self, key: str, data: Mapping[str, Any], top: _At) -> Iterator[tuple[Any, _At]]:
        """The items of the list below a key."""
        items = data[key]
        if not isinstance(items, list):
            self.complain(_At(top.document, (key,), top.layer), "is not a list")
            return
        for index, each in enumerate(items):
            yield each, _At(top.document, (key, index), top.layer)

    def shelved(self, shelf: _Shelf[Item], model: type[Item], entries: Iterable[tuple[str, Any, _At]]) -> None:
        for name, each, at in entries:
            made = self.make(model, each, at)
            if made is not None:
                shelf.put(name or str(getattr(made, "id", "")), made, at, self.complain)

    def read_vocabulary(self, key: str, data: Mapping[str, Any], top: _At) -> None:
        if top.layer:
            self.complain(top, "changes the vocabulary, which is the same everywhere", "Take this file out.")
            return
        section = str(data.get("section", ""))
        for name, each, at in self.mapping(key, data, top):
            made = self.make(Field, each, at)
            if made is not None:
                self.fields.put(name, made.model_copy(update={"section": section}), at, self.complain)

    def read_properties(self, key: str, data: Mapping[str, Any], top: _At) -> None:
        if top.layer:
            self.complain(top, "changes the properties, which are the same everywhere", "Take this file out.")
            return
        self.shelved(self.groups, PropertyGroup, self.mapping(key, data, top))

    def read_references(self, key: str, data: Mapping[str, Any], top: _At) -> None:
        self.shelved(self.references, Reference, self.mapping(key, data, top))

    def read_families(self, key: str, data: Mapping[str, Any], top: _At) -> None:
        self.shelved(self.families, FamilyEntry, self.mapping(key, data, top))

    def read_materials(self, key: str, data: Mapping[str, Any], top: _At) -> None:
        head = self.make(MaterialFile, data, top)
        if head is None:
            return
        for name, each, at in self.mapping(key, data, top):
            made = self.make(MaterialEntry, each, at)
            if made is None:
                continue
            if head.kind == "electrolyte" and not made.family:
                made = made.model_copy(update={"family": head.family})
            self.materials[head.kind].put(name, made, at, self.complain)

    def read_rows(self, key: str, data: Mapping[str, Any], top: _At) -> None:
        for each, at in self.listed(key, data, top):
            made = self.make(ROWS[key], each, at)
            if made is not None:
                self.rows[key].append((made, at))

    def read_tables(self, key: str, data: Mapping[str, Any], top: _At) -> None:
        self.shelved(self.tables, ReactionTable, self.mapping(key, data, top))

    def read_tests(self, key: str, data: Mapping[str, Any], top: _At) -> None:
        self.shelved(self.tests, Test, (("", *each) for each in self.listed(key, data, top)))

    def read_protocol(self, key: str, data: Mapping[str, Any], top: _At) -> None:
        self.shelved(self.protocol, ProtocolStep, (("", *each) for each in self.listed(key, data, top)))

    def read_standards(self, key: str, data: Mapping[str, Any], top: _At) -> None:
        self.shelved(self.standards, Standard, (("", *each) for each in self.listed(key, data, top)))

    def read_guide(self, key: str, data: Mapping[str, Any], top: _At) -> None:
        self.shelved(self.guide, GuideStatement, (("", *each) for each in self.listed(key, data, top)))

    # --- checks on names, after everything has been read

    def properties(self) -> dict[str, Property]:
        """Fact names that rules may read."""
        return {
            f"{prefix}.{name}": each
            for group in self.groups.items.values()
            for prefix in group.prefixes
            for name, each in group.properties.items()
            if each.read_by_rules
        }

    def group(self, kind: str) -> Mapping[str, Property]:
        group = self.groups.items.get(kind)
        return group.properties if group else {}

    def cited(self, item: Sourced, at: _At) -> None:
        """Complain when a source does not exist, or when a quoted figure does not say where it was read."""
        for name, ref in (("ref", item.ref), ("read_in", item.read_in)):
            if ref and ref != DIGEST and ref not in self.references.items:
                inside = _At(at.document, (*at.place, name), at.layer)
                self.complain(inside, f"there is no reference {ref!r}", did_you_mean(ref, self.references.items))
        if (item.grade == "secondary") != bool(item.read_in):
            hint = "Say where the figure was read."
            self.complain(at, "grade secondary goes with read_in, and with nothing else", hint)

    def sources(self, sources: Mapping[str, str], at: _At) -> None:
        for ref in sources:
            if ref not in self.references.items:
                inside = _At(at.document, (*at.place, "sources", ref), at.layer)
                self.complain(inside, f"there is no reference {ref!r}", did_you_mean(ref, self.references.items))

    def defaults(
        self, kind: str, figures: Mapping[str, tuple[Figure, ...]], at: _At
    ) -> dict[str, tuple[Value, str, str]]:
        """The value per property that rules read; every figure is checked on the way."""
        known = self.group(kind)
        chosen: dict[str, tuple[Value, str, str]] = {}
        for name, stated in figures.items():
            inside = _At(at.document, (*at.place, "properties", name), at.layer)
            about = known.get(name)
            if about is None:
                self.complain(inside, f"is not a property in the group {kind}", did_you_mean(name, known))
                continue
            for index, figure in enumerate(stated):
                self.figure(figure, about, _At(at.document, (*inside.place, index), at.layer))
            best = self.best(stated, inside)
            if best is not None and about.read_by_rules:
                value = best.plain(about.limits)
                if value is not None:
                    chosen[name] = (value, best.ref, best.grade)
        return chosen

    def best(self, stated: Sequence[Figure], at: _At) -> Figure | None:
        """The default among the figures of a property."""
        countable = [each for each in stated if not each.says]
        marked = [each for each in countable if each.default]
        if any(each.default for each in stated if each.says):
            self.complain(at, "words cannot be the default", "Mark a figure.")
        if len(marked) > 1:
            self.complain(at, "has more than one default", "Keep one `default: true`.")
        if marked:
            if len(countable) > 1 and not marked[0].why:
                self.complain(at, "does not say why the default was chosen", "Add `why` beside `default: true`.")
            return marked[0]
        open_ = [each for each in countable if each.default is None]
        if not open_:
            return None
        if len(countable) > 1:
            self.complain(at, "has several figures and no default", "Mark one `default: true` and say `why`.")
        return open_[0]

    def figure(self, figure: Figure, about: Property, at: _At) -> None:
        self.cited(figure, at)
        if figure.says:
            return
        if about.kind == "number":
            span = figure.number(about.limits)
            if span is None:
                self.complain(at, "is not a number", "Write value: 1.5, or low and high, or says for words.")
            elif not about.limits[0] <= span.low <= span.high <= about.limits[1]:
                low, high = about.limits
                self.complain(at, f"lies outside {low:g} to {high:g} {about.unit}", "Check the figure and its unit.")
            if figure.unit != about.unit:
                self.complain(at, f"has the unit {figure.unit!r}, expected {about.unit!r}", "Convert the figure.")
        elif about.kind == "flag" and not isinstance(figure.value, bool):
            self.complain(at, f"{figure.value!r} is neither true nor false")
        elif about.kind == "choice" and figure.value not in about.of:
            hint = did_you_mean(str(figure.value), about.of) or f"Choose from {', '.join(about.of)}."
            self.complain(at, f"{figure.value!r} is not one of the choices", hint)
        elif about.kind == "text" and not isinstance(figure.value, str):
            self.complain(at, "is not text", "Write says: ...")

    def built(self, kind: MaterialKind) -> dict[str, Material]:
        """Materials of a kind with their defaults."""
        shelf = self.materials[kind]
        made = {}
        for name, entry in shelf.items.items():
            at = shelf.places[name]
            if kind == "electrolyte" and entry.family not in self.families.items:
                hint = did_you_mean(entry.family, self.families.items)
                self.complain(at, f"there is no family {entry.family!r}", hint)
            made[name] = Material(
                name, kind, entry.family, entry.name, entry.formula, entry.aliases, entry.patterns, entry.note,
                entry.properties, self.defaults(kind, entry.properties, at),
            )  # fmt: skip
        return made

    def index(self, kind: str, materials: Mapping[str, Material]) -> _Index:
        exact: dict[str, Material] = {}
        patterns: dict[str, Material] = {}
        shelf = self.materials[kind]
        for material in materials.values():
            for name in material.names:
                self.claim(exact, spelling(name), name, material, shelf)
            for text in material.patterns:
                self.claim(patterns, _pattern(text), text, material, shelf)
        order = sorted(patterns, key=lambda text: (-len(re.sub(r"\[[^\]]*\]|[*?]", "", text)), text))
        names = dict.fromkeys(name for material in materials.values() for name in material.names)
        compiled = tuple((re.compile(fnmatch.translate(text)), patterns[text]) for text in order)
        return _Index(exact, compiled, tuple(names))

    def claim(
        self, taken: dict[str, Material], key: str, name: str, material: Material, shelf: _Shelf[MaterialEntry]
    ) -> None:
        holder = taken.setdefault(key, material)
        if holder is not material:
            other = shelf.places[holder.id]
            self.complain(
                shelf.places[material.id],
                f"the name {name!r} belongs already to {holder.id} in {other}",
                "Take it out of one of the two, or replace the whole material.",
            )

    def keyed(self, kind: str, built: Mapping[str, Mapping[str, Material]]) -> dict[tuple[str, str], Any]:
        """Rows of one kind by (electrolyte, electrode) key; two for one key are refused unless one is the default."""
        found: dict[tuple[str, str], tuple[Any, _At]] = {}
        for row, at in self.rows[kind]:
            self.known_pair(row, at, built)
            if isinstance(row, Compatibility) and row.onset_C is None:
                continue
            for key in ((one, two) for one in row.electrolyte for two in row.electrode):
                before = found.get(key)
                newer = before is not None and at.layer > before[1].layer
                if before is None and row.replaces:
                    hint = "Take out `replaces: true` to add it."
                    self.complain(at, f"replaces the row for {' | '.join(key)}, which does not exist", hint)
                elif before is None or (row.replaces if newer else row.default and not before[0].default):
                    found[key] = (row, at)
                elif newer or row.default or not before[0].default:
                    hint = "Write `replaces: true` to override it." if newer else "Mark one `default: true`."
                    self.complain(at, f"a row for {' | '.join(key)} stands already in {before[1]}", hint)
        return {key: row for key, (row, _) in found.items()}

    def known_pair(self, row: Row, at: _At, built: Mapping[str, Mapping[str, Material]]) -> None:
        """Complain when a pair names neither a material nor a family, kind, role or any."""
        self.cited(row, at)
        lefts = {ANY, *self.families.items, *built["electrolyte"]}
        role = self.fields.items.get("electrode_role")
        kinds = self.group("electrode").get("kind")
        rights = {ANY, *(role.of if role else ()), *(kinds.of if kinds else ()), *built["electrode"]}
        for name, words, known in (("electrolyte", row.electrolyte, lefts), ("electrode", row.electrode, rights)):
            for word in words:
                if word not in known:
                    inside = _At(at.document, (*at.place, name), at.layer)
                    self.complain(inside, f"there is no {name} {word!r}", did_you_mean(word, known))

    def energies(self, index: Mapping[str, _Index]) -> dict[tuple[str, str], tuple[Span, str, str]]:
        """Closed-system reaction energy by electrolyte and electrode id; the first block that holds a pair answers."""
        found: dict[tuple[str, str], tuple[Span, str, str]] = {}
        for name, table in self.tables.items.items():
            for number, block in enumerate(table.blocks):
                at = self.tables.places[name]
                self.cited(block, _At(at.document, (*at.place, "blocks", number), at.layer))
                if name != "closed" or block.between != "electrolyte and cathode":
                    continue
                for row in block.rows:
                    left = index["electrolyte"].exact.get(spelling(row.a))
                    right = index["electrode"].exact.get(spelling(row.b))
                    low, high = (row.value, row.value) if row.value is not None else (row.low, row.high)
                    if left and right and low is not None and high is not None:
                        found.setdefault((left.id, right.id), (Span(low, high), block.ref, block.grade))
        return found

    def conditions(self) -> None:
        """Compile the conditions of the protocol and the standards, and check the names they read."""
        known = {*self.fields.items, *self.properties()}
        shelves: tuple[tuple[str, _Shelf[Any]], ...] = (("protocol", self.protocol), ("standards", self.standards))
        for kind, shelf in shelves:
            for name, item in shelf.items.items():
                if item.applies is not None:
                    self.applies[kind, name] = self.condition(item.applies, shelf.places[name], known)

    def condition(self, data: Any, at: _At, known: set[str]) -> Condition:
        def complain(place: tuple[Any, ...], message: str, hint: str = "") -> None:
            self.problems.append(at.document.problem(place, message, hint))

        made = parse(data, (*at.place, "applies"), complain)
        for leaf in leaves(made):
            if not isinstance(leaf, Leaf):
                complain((*at.place, "applies"), "findings cannot be read here", "Read the fields themselves.")
            elif leaf.name not in known and not leaf.name.startswith("derived."):
                hint = did_you_mean(leaf.name, known)
                complain((*at.place, "applies", leaf.name), f"there is no fact {leaf.name!r}", hint)
        return made


ROWS: dict[str, type[Any]] = {
    "compatibility": Compatibility,
    "pressure": PressureWindow,
    "fabrication": FabricationPressure,
    "stripping": StrippingLimit,
    "severity": SeverityBand,
    "targets": Target,
    "resistances": Resistance,
    "decomposition": Decomposition,
    "volume_changes": VolumeChange,
}
READERS: dict[str, Callable[[_Loader, str, Mapping[str, Any], _At], None]] = {
    "fields": _Loader.read_vocabulary,
    "properties": _Loader.read_properties,
    "references": _Loader.read_references,
    "families": _Loader.read_families,
    "materials": _Loader.read_materials,
    "reactions": _Loader.read_tables,
    "tests": _Loader.read_tests,
    "protocol": _Loader.read_protocol,
    "standards": _Loader.read_standards,
    "guide": _Loader.read_guide,
    **dict.fromkeys(ROWS, _Loader.read_rows),
}
ALONGSIDE = {"fields": ("section",), "materials": ("kind", "family")}


def load_knowledge(documents: Iterable[Document], overlays: Iterable[Iterable[Document]] = ()) -> Knowledge:
    """The knowledge base from its documents, and from the overlays laid over them.

    Raises KnowledgeError with every mistake found. An overlay may add entries; to override one it must say
    `replaces: true`.
    """
    made, problems = read_knowledge(documents, overlays)
    if problems:
        raise KnowledgeError(problems)
    return made


def read_knowledge(
    documents: Iterable[Document], overlays: Iterable[Iterable[Document]] = ()
) -> tuple[Knowledge, tuple[Problem, ...]]:
    """What is right of the knowledge, and every mistake in it, in the order of their places."""
    loader = _Loader()
    contents: list[tuple[int, str, Any]] = []
    for layer, layered in enumerate([documents, *overlays]):
        for document in sorted(layered, key=lambda each: each.name):
            contents.append((layer, document.name, document.data))
            loader.read(document, layer)
    made = _assembled(loader, _hash(contents))
    return made, in_order(loader.problems)


def _hash(contents: Any) -> str:
    return hashlib.sha256(json.dumps(contents, sort_keys=True, default=str).encode()).hexdigest()


def _assembled(loader: _Loader, digest: str) -> Knowledge:
    kinds: tuple[MaterialKind, ...] = ("electrolyte", "electrode", "coating", "compound")
    built: dict[str, dict[str, Material]] = {kind: loader.built(kind) for kind in kinds}
    index: dict[str, _Index] = {kind: loader.index(kind, built[kind]) for kind in kinds}
    usual = {
        name: loader.defaults("electrolyte", family.properties, loader.families.places[name])
        for name, family in loader.families.items.items()
    }
    loader.conditions()
    cited: tuple[_Shelf[Any], ...] = (loader.tests, loader.protocol, loader.standards)
    for shelf in cited:
        for name, item in shelf.items.items():
            loader.sources(item.sources, shelf.places[name])
    for kind in ("targets", "decomposition", "volume_changes"):
        for row, at in loader.rows[kind]:
            loader.cited(row, at)
    for kind in ("fabrication", "resistances"):
        for row, at in loader.rows[kind]:
            loader.known_pair(row, at, built)
    rows = {kind: tuple(row for row, _ in loader.rows[kind]) for kind in ROWS}
    best = {kind: loader.keyed(kind, built) for kind in ("compatibility", "pressure", "stripping", "severity")}
    return Knowledge(
        vocabulary=MappingProxyType(loader.fields.items),
        properties=MappingProxyType(loader.properties()),
        records={name: group.properties for name, group in loader.groups.items.items()},
        references=MappingProxyType(loader.references.items),
        families=MappingProxyType(loader.families.items),
        family_defaults=usual,
        materials=built,
        pairings=Pairings(
            **rows,
            reactions=MappingProxyType(loader.tables.items),
            best_onset=best["compatibility"],
            best_pressure=best["pressure"],
            best_stripping=best["stripping"],
            best_severity=best["severity"],
            closed_energy=loader.energies(index),
        ),
        tests=MappingProxyType(loader.tests.items),
        protocol=MappingProxyType(loader.protocol.items),
        standards=MappingProxyType(loader.standards.items),
        guide=MappingProxyType(loader.guide.items),
        hash=digest,
        _index=index,
        _applies=loader.applies,
    )


@lru_cache(maxsize=1)
def vocabulary() -> Mapping[str, Field]:
    """The fields of a case, in the order of the files. Raises KnowledgeError when the shipped files are damaged."""
    from diagnose.data import home, read

    loader = _Loader()
    for document in read(home("knowledge") / "vocabulary", "knowledge/vocabulary"):
        loader.read(document, 0)
    if loader.problems:
        raise KnowledgeError(loader.problems)
    return MappingProxyType(loader.fields.items)
