"""The knowledge base: what a material, a pair, a test or a standard says, once its files have been checked.

`diagnose.knowledgefile` reads the files. Each figure keeps its unit, conditions, source and grade; rules read one
default figure per property.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from dataclasses import field as part
from functools import lru_cache
from types import MappingProxyType
from typing import Literal, TypeVar

from diagnose.condition import Condition, Value, evaluate
from diagnose.entry import (
    Element,
    FamilyEntry,
    Field,
    Figure,
    GuideStatement,
    MaterialKind,
    Property,
    ProtocolStep,
    Reference,
    Standard,
    Test,
)
from diagnose.errors import nearest
from diagnose.pairing import ANY, Pairings, Row, StrippingLimit
from diagnose.quantity import Span
from diagnose.texts import Texts

Fact = tuple[Value, str, str, str]
STRIPPING = "stripping_limit_mA_cm2"


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


# --- names

_SEPARATORS = re.compile(r"[\s_\-‐‑‒–—−·⋅]+")
_BRACKET = re.compile(r"(\[[^\]]*\])")
_GREEK = {"α": "alpha", "β": "beta", "γ": "gamma", "δ": "delta"}


@lru_cache(maxsize=4096)
def spelling(name: str, separator: str = "") -> str:
    """A name without what people vary: case, spaces, hyphens, underscores, subscripts, Greek letters."""
    text = unicodedata.normalize("NFKC", name).casefold()
    for letter, word in _GREEK.items():
        text = text.replace(letter, word)
    return _SEPARATORS.sub(separator, text)


def pattern_spelling(text: str) -> str:
    return "".join(each if each.startswith("[") else spelling(each) for each in _BRACKET.split(text))


@dataclass(frozen=True, eq=False)
class Index:
    """Materials of one kind by exact spelling, and by pattern, the pattern with most plain letters first.

    A pattern that is one word, such as LLZO*, is matched with the separators kept, so that no other word continues it.
    """

    exact: Mapping[str, Material]
    patterns: tuple[tuple[re.Pattern[str], bool, Material], ...]
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
    elements: Mapping[str, Element]
    guide: Mapping[str, GuideStatement]
    texts: Texts
    hash: str
    _index: Mapping[str, Index] = part(repr=False)
    _applies: Mapping[tuple[str, str], Condition] = part(repr=False)

    def find(self, kind: str, name: str) -> Material | None:
        """The material of a kind (electrolyte, electrode, coating) with a name, formula, alias or pattern."""
        index = self._index[kind]
        key = spelling(name)
        found = index.exact.get(key)
        if found is not None:
            return found
        apart = spelling(name, "-")
        return next((each for pattern, word, each in index.patterns if pattern.match(apart if word else key)), None)

    def is_name(self, kind: str, name: str) -> bool:
        """Whether a name is one of the names of a material, and not only like its pattern."""
        return spelling(name) in self._index[kind].exact

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
            _put(found, STRIPPING, _stripping(limit, facts), limit)
        if electrolyte is not None and electrode is not None:
            energy = pairs.closed_energy.get((electrolyte.id, electrode.id))
            if energy is not None:
                found["pairing.reaction_energy_closed_meV_atom"] = (energy[0], energy[1], energy[2], "own")
        return found

    def stripping_limit(
        self, electrolyte: Material | None, family: str | None, electrode: Material | None, role: str | None
    ) -> StrippingLimit | None:
        """The row about stripping that answers for a pair."""
        return _first(self.pairings.best_stripping, _pair_keys(electrolyte, family, electrode, role))

    def steps(self, facts: Mapping[str, Value]) -> tuple[ProtocolStep, ...]:
        """The steps of the protocol that concern a case: those whose condition is not definitely false."""
        return tuple(each for each in self.protocol.values() if self._truth("protocol", each.id, facts) is not False)

    def standard_notes(self, facts: Mapping[str, Value]) -> list[str]:
        """What the standards say about a case, for those that definitely concern it."""
        return [
            f"{each.says} {each.note}".strip()
            for each in self.standards.values()
            if each.applies is not None and self._truth("standards", each.id, facts)
        ]

    def concerns(self, kind: Literal["tests", "fields"], name: str, facts: Mapping[str, Value]) -> bool:
        """Whether a test or a field may make sense for a case: unless its condition is definitely false."""
        return self._truth(kind, name, facts) is not False

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


def _first(rows: Mapping[tuple[str, str], RowType], keys: Iterable[tuple[str, str]]) -> RowType | None:
    return next((rows[key] for key in keys if key in rows), None)
