"""From the fields of many cases to the fact columns that the rules read; the column form of `facts.fact_base`."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from types import MappingProxyType
from typing import Any, TypeVar, cast

import numpy as np

from diagnose.case import ABSENT
from diagnose.column import (
    UNKNOWN,
    Column,
    Floats,
    Ints,
    Mask,
    Numbers,
    Words,
    both,
    either,
    figure,
    known,
    looked_up,
    narrowest,
    without,
)
from diagnose.condition import Value
from diagnose.data import Base
from diagnose.derived import DERIVED, Derived
from diagnose.facts import MATERIALS
from diagnose.knowledge import STRIPPING, Material
from diagnose.pairing import StrippingLimit

# What is remembered of names and pairs is forgotten when it grows beyond this.
REMEMBERED = 20_000
# Up to so many combinations of codes, the ones that occur are found by marking them in a table instead of sorting.
MARKED = 1 << 20
LIMIT = f"pairing.{STRIPPING}"
Key = TypeVar("Key", bound=Hashable)
Made = TypeVar("Made")
_NOTHING: Any = object()


@dataclass(frozen=True, eq=False)
class ColumnFacts:
    """Facts by name; for each derived quantity, where which fact filled each of its slots; rows of unknown family."""

    facts: dict[str, Column]
    chosen: Mapping[str, tuple[tuple[tuple[str, Mask], ...], ...]]
    unknown_family: Mask


class FactMaker:
    """Makes fact columns with the knowledge of one base."""

    def __init__(self, base: Base) -> None:
        self.knowledge = base.knowledge
        read = {name for rule in base.rules.rules.values() for name in rule.facts}
        read |= {name for quantity in DERIVED for slot in quantity.slots for name in slot}
        read |= {f"pairing.{name}_ohm_cm2" for name in ("excellent", "acceptable", "severe")}
        self.read = frozenset(read)
        self._named: dict[tuple[str, str], Material | None] = {}
        self._material: dict[tuple[str, Material | None, str | None], Mapping[str, Value]] = {}
        self._pair: dict[tuple[Material | None, str | None, Material | None, str | None], _Pair] = {}

    def make(self, fields: Mapping[str, Column], drawn: Mapping[str, Column] = MappingProxyType({})) -> ColumnFacts:
        """All fact columns for some columns of fields; `drawn` stand in for facts that are looked up."""
        facts = dict(fields)
        found = {name: self._materials(facts.get(name), kind) for name, kind, _ in MATERIALS}
        families, unknown = self._families(facts, found["electrolyte"])
        for name, _, prefix in MATERIALS:
            some, codes = found[name]
            if name == "electrolyte":
                pairs = _combined((found[name], families))
            else:
                own = [each.family if each and name == "second_electrolyte" else None for each in some]
                pairs = (codes, list(zip(some, own, strict=True)))
            self._put(facts, pairs[0], [self._material_facts(prefix, *each) for each in pairs[1]])
        role = _words(fields.get("electrode_role"))
        codes, keys = _combined((found["electrolyte"], families, found["electrode"], role))
        told = [self._pair_facts(*key) for key in keys]
        self._put(facts, codes, [each.facts for each in told])
        if LIMIT in self.read:
            column = _stripping(codes, [each.limit for each in told], facts)
            if column is not None:
                facts[LIMIT] = column
        facts.update(drawn)
        chosen = {}
        for quantity in DERIVED:
            if quantity.name in self.read:
                made = derived(quantity, facts)
                if made is not None:
                    facts[quantity.name], chosen[quantity.name] = made
        return ColumnFacts(facts, chosen, unknown)

    def _put(self, facts: dict[str, Column], codes: Ints, rows: Sequence[Mapping[str, Value]]) -> None:
        for name in dict.fromkeys(name for row in rows for name in row):
            column = looked_up([row.get(name) for row in rows], codes)
            if column is not None:
                facts[name] = column

    def _materials(self, column: Column | None, kind: str) -> tuple[list[Material | None], Ints]:
        """The materials that a column names, and their codes."""
        if not isinstance(column, Words):
            return [], -1
        some = [self._find(kind, str(name)) for name in column.words]
        order = {each: code for code, each in enumerate(dict.fromkeys(each for each in some if each is not None))}
        table = [-1 if each is None else order[each] for each in some]
        if isinstance(column.codes, int):
            return list(order), -1 if column.codes < 0 else table[column.codes]
        return list(order), np.array([*table, -1], dtype=np.int32)[column.codes]

    def _find(self, kind: str, name: str) -> Material | None:
        find = self.knowledge.find
        return _remembered(self._named, (kind, name), lambda: None if name == ABSENT else find(kind, name))

    def _families(
        self, facts: dict[str, Column], electrolyte: tuple[list[Material | None], Ints]
    ) -> tuple[tuple[list[str | None], Ints], Mask]:
        """The family of each electrolyte, given or else that of its material, which is entered; where there is none."""
        given = _words(facts.get("electrolyte_family"))
        codes, keys = _combined((given, electrolyte))
        families = [name if name is not None else each.family if each is not None else None for name, each in keys]
        column = looked_up(families, codes)
        if isinstance(column, Words):
            facts["electrolyte_family"] = column
        return _words(column), True if column is None else without(True, known(column))

    def _material_facts(self, prefix: str, material: Material | None, family: str | None) -> Mapping[str, Value]:
        def make() -> Mapping[str, Value]:
            found = self.knowledge.material_facts(prefix, material, family)
            return {name: fact[0] for name, fact in found.items() if name in self.read}

        return _remembered(self._material, (prefix, material, family), make)

    def _pair_facts(
        self, electrolyte: Material | None, family: str | None, electrode: Material | None, role: str | None
    ) -> _Pair:
        def make() -> _Pair:
            found = self.knowledge.pairing_facts(electrolyte, family, electrode, role)
            limit = self.knowledge.stripping_limit(electrolyte, family, electrode, role)
            return _Pair({name: fact[0] for name, fact in found.items() if name in self.read}, limit)

        return _remembered(self._pair, (electrolyte, family, electrode, role), make)


@dataclass(frozen=True, eq=False)
class _Pair:
    """What is known of a pair whatever else its case says, and its limit of stripping, which depends on the case."""

    facts: Mapping[str, Value]
    limit: StrippingLimit | None = field(default=None)


def _remembered(store: dict[Key, Made], key: Key, make: Callable[[], Made]) -> Made:
    # Threads may share the store: it is asked once, and at worst something is made twice.
    found = store.get(key, _NOTHING)
    if found is not _NOTHING:
        return cast(Made, found)
    if len(store) >= REMEMBERED:
        store.clear()
    made = store[key] = make()
    return made


def _words(column: Column | None) -> tuple[list[Any], Ints]:
    """Words and codes of a column."""
    return (list(column.words), column.codes) if isinstance(column, Words) else ([], -1)


def _combined(parts: Sequence[tuple[Sequence[Any], Ints]]) -> tuple[Ints, list[tuple[Any, ...]]]:
    """The combinations of values that occur together in a row, and the code of each row's combination."""
    if all(isinstance(codes, int) for _, codes in parts):
        return 0, [tuple(None if codes < 0 else values[codes] for values, codes in parts)]  # type: ignore[index]
    total: Any = np.int64(0)
    count = 1
    for values, codes in parts:
        total = total * (len(values) + 1) + (codes + np.int64(1))
        count *= len(values) + 1
    if count <= MARKED:
        seen = np.zeros(count, dtype=bool)
        seen[total] = True
        some = np.flatnonzero(seen)
        place = np.empty(count, dtype=np.int32)
        place[some] = np.arange(len(some))
        codes = place[total]
    else:
        some, codes = np.unique(total, return_inverse=True)
    keys = []
    for each in some.tolist():
        key = []
        for values, _ in reversed(parts):
            each, code = divmod(each, len(values) + 1)
            key.append(values[code - 1] if code else None)
        keys.append(tuple(reversed(key)))
    return narrowest(codes, len(keys)), keys


def _stripping(codes: Ints, limits: Sequence[StrippingLimit | None], facts: Mapping[str, Column]) -> Numbers | None:
    """The limit of stripping at the stack pressure; unknown beyond the published pressures and temperatures."""
    pressure, temperature = facts.get("stack_pressure_MPa"), facts.get("temperature_C")
    if not isinstance(pressure, Numbers):
        return None
    found: Numbers | None = None
    for limit in dict.fromkeys(each for each in limits if each is not None):
        mine: Mask = np.array([each is limit for each in limits])[codes]
        if isinstance(codes, int):
            mine = bool(mine)
        if isinstance(temperature, Numbers):
            low, high = limit.temperature_C
            warm = both(temperature.low >= low, temperature.high <= high)
            mine = both(mine, either(warm, without(True, known(temperature))))
        ends = at_pressure(limit, pressure.low), at_pressure(limit, pressure.high)
        here = both(mine, both(ends[0] == ends[0], ends[1] == ends[1]))
        if here is not False:
            old = found or UNKNOWN
            found = Numbers(chosen(here, ends[0], old.low), chosen(here, ends[1], old.high))
    return found


def at_pressure(limit: StrippingLimit, pressure: Floats) -> Floats:
    """`StrippingLimit.at_pressure` for a column of pressures in MPa; NaN beyond the last point."""
    if isinstance(pressure, float):
        found = limit.at_pressure(pressure)
        return UNKNOWN.low if found is None else found
    made: Floats = float("nan")
    for (x0, y0), (x1, y1) in reversed(list(zip(limit.points, limit.points[1:], strict=False))):
        inside = (x0 <= pressure) & (pressure <= x1)
        made = np.where(inside, y0 + (y1 - y0) * (pressure - x0) / (x1 - x0), made)
    return made


def chosen(where: Mask, first: Floats, second: Floats) -> Floats:
    """The first figure where the mask holds, else the second."""
    if isinstance(where, bool):
        return first if where else second
    return np.where(where, first, second)


# --- derived quantities

Choice = tuple[tuple[tuple[str, Mask], ...], ...]


def derived(quantity: Derived, facts: Mapping[str, Column]) -> tuple[Numbers, Choice] | None:
    """A derived quantity over columns, and which fact filled each slot where; None when it is known nowhere."""
    spans, choices = [], []
    for slot in quantity.slots:
        span, choice = _slot(slot, facts)
        if span is None:
            return None
        spans.append(span)
        choices.append(choice)
    made = _over_corners(quantity, spans)
    if isinstance(made.low, float) and made.low != made.low:
        return None
    return made, tuple(choices)


def _slot(slot: Iterable[str], facts: Mapping[str, Column]) -> tuple[Numbers | None, tuple[tuple[str, Mask], ...]]:
    """The first known fact of a slot in each row."""
    found: Numbers | None = None
    filled: Mask = False
    choice = []
    for name in slot:
        column = facts.get(name)
        if not isinstance(column, Numbers):
            continue
        mine = without(known(column), filled)
        if mine is False:
            continue
        choice.append((name, mine))
        if found is None:
            found = column
        else:
            low = chosen(filled, found.low, column.low)
            points = found.high is found.low and column.high is column.low
            found = Numbers(low, low if points else chosen(filled, found.high, column.high))
        filled = either(filled, mine)
        if filled is True:
            break
    return found, tuple(choice)


def _over_corners(quantity: Derived, spans: Sequence[Numbers]) -> Numbers:
    if all(span.high is span.low for span in spans):
        value = quantity.function(*(span.low for span in spans))
        return figure(float(value)) if isinstance(value, (int, float)) else Numbers(value, value)
    sides: list[list[Floats]] = []
    for span in spans:
        ends: list[Floats] = [span.low] if span.high is span.low else [span.low, span.high]
        if len(ends) == 2:
            # Where it turns outside the interval, the low end stands in: a corner twice changes nothing.
            ends += [chosen(both(span.low < turn, turn < span.high), turn, span.low) for turn in quantity.turns_at]
        sides.append(ends)
    corners = [quantity.function(*corner) for corner in product(*sides)]
    low = high = corners[0]
    for corner in corners[1:]:
        # Unlike min and max of Python, these pass NaN on, and a corner that is no number makes the quantity unknown.
        low, high = np.minimum(low, corner), np.maximum(high, corner)
    if isinstance(low, (int, float)) and not isinstance(low, np.ndarray):
        return Numbers(float(low), float(high))
    return Numbers(low, high)
