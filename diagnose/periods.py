"""Outcomes of rows by period: hours, days, months and years, or ranges of numbers, as coarse as there are many."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from diagnose.errors import DataError, Problem
from diagnose.sheet import arrow

# Periods that are kept, and that are shown. Years are the coarsest dates, and there are fewer than 10,000 of them.
MOST_KEPT = {"date": 10_000, "number": 1_024}
MOST_SHOWN = {"date": 60, "number": 32}
HOUR, DAY, MONTH, YEAR = range(4)
MIXED = "mixed"
UNITS = (("hour", HOUR), ("day", DAY), ("week", DAY), ("month", MONTH), ("year", YEAR))

Counts = Counter[tuple[str, ...]]
Keys = NDArray[np.int64]
Mask = NDArray[np.bool_]


class Group(NamedTuple):
    """The rows of one group or period, by outcome."""

    name: str
    counts: Counts

    @property
    def judged(self) -> int:
        """Rows without mistakes in them."""
        return sum(rows for (verdict, _), rows in self.counts.items() if verdict)

    @property
    def faulty(self) -> int:
        """Rows judged faulty."""
        return sum(rows for (verdict, _), rows in self.counts.items() if verdict == "faulty")

    @property
    def share(self) -> float:
        """Faulty rows among those judged."""
        return self.faulty / self.judged if self.judged else 0.0

    @property
    def causes(self) -> Counter[str]:
        """First causes of the faulty rows."""
        return causes_of(self.counts)

    @property
    def first(self) -> str:
        """The cause that comes first most often among the faulty rows; empty when there is none."""
        return next((cause for cause, _ in ranked(self.causes)), "")


def causes_of(counts: Counts, verdict: str = "faulty") -> Counter[str]:
    """How often each cause comes first among the rows with a verdict."""
    return Counter({cause: rows for (found, cause), rows in counts.items() if found == verdict})


def ranked(counts: Counter[Any]) -> list[tuple[Any, int]]:
    """Most frequent first, ties by name; never counted is left out."""
    return sorted(((name, rows) for name, rows in counts.items() if rows), key=lambda each: (-each[1], each[0]))


@dataclass
class Times:
    """Outcomes by period. A period has a whole number at a level, and lies in one period of the next level.

    Dates have the levels hour, day, month and year; at level n a number lies in a bin 2**n wide. The level is the
    finest with no more periods than are kept. It only rises as rows come in, so it does not matter how they were split.
    `empty` rows have no time, and `unread` ones have a time that cannot be read.
    """

    kind: str = ""
    level: int = 0
    cells: dict[int, Counts] = field(default_factory=dict)
    empty: int = 0
    unread: int = 0
    zoned: bool = False
    local: bool = False
    whole: bool = True

    def merge(self, other: Times) -> None:
        """Add the rows of another part. Where one holds dates and the other numbers, no periods are left."""
        self.empty, self.unread = self.empty + other.empty, self.unread + other.unread
        self.zoned, self.local = self.zoned or other.zoned, self.local or other.local
        self.whole = self.whole and other.whole
        if not (self.kind and other.kind):
            self.kind, self.level = (other.kind, other.level) if other.kind else (self.kind, self.level)
            self.cells = _joined([*self.cells.items(), *other.cells.items()])
        elif self.kind != other.kind:
            self.kind, self.level, self.cells = MIXED, 0, {}
        else:
            level = max(self.level, other.level)
            self.cells, self.level = _joined([*self.at(level), *other.at(level)]), level
            while len(self.cells) > MOST_KEPT.get(self.kind, 0):
                self.cells, self.level = _joined(self.at(self.level + 1)), self.level + 1

    def at(self, level: int) -> list[tuple[int, Counts]]:
        """The cells by their periods at a level that is not finer; several may lie in one."""
        keys = _coarser(np.fromiter(self.cells, np.int64, len(self.cells)), self.kind, self.level, level)
        return list(zip(keys.tolist(), self.cells.values(), strict=True))


def _joined(cells: Iterable[tuple[Any, Counts]]) -> dict[Any, Counts]:
    found: dict[Any, Counts] = {}
    for key, counts in cells:
        found.setdefault(key, Counter()).update(counts)
    return found


def _coarser(keys: Keys, kind: str, level: int, to: int) -> Keys:
    """The periods of a level that is not finer in which these lie."""
    if kind == "number":
        # Shifted by more than 63, all bits but the sign are gone.
        return keys >> min(to - level, 63)
    for step in range(level, to):
        if step == DAY:
            keys = keys.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)
        else:
            keys = keys // (24 if step == HOUR else 12)
    return keys


FIRST_HOUR, LAST_HOUR = (int(np.datetime64(date, "h").astype(np.int64)) for date in ("0001-01-01", "9999-12-31T23"))
ISO = (
    r"^\s*(?P<year>\d{4})-(?P<month>0[1-9]|1[0-2])-(?P<day>0[1-9]|[12]\d|3[01])"
    r"(?:[T ](?P<hour>[01]\d|2[0-3])(?::?(?P<minute>[0-5]\d)(?::?(?:[0-5]\d|60)(?:[.,]\d+)?)?)?"
    r"\s*(?P<zone>[Zz]|(?P<sign>[+-])(?P<ahead>[01]\d|2[0-3])(?::?(?P<past>[0-5]\d))?)?)?\s*$"
)


class Clock(NamedTuple):
    """A column of times, row by row: its period at a level, whether there is a value, can be read, and has a zone."""

    kind: str
    level: int
    keys: Keys
    given: Mask
    read: Mask
    zoned: Mask
    whole: bool = True

    def times(self, lowest: int) -> tuple[Times, Any]:
        """The column without its outcomes, and the period of each row as an Arrow array, null where there is none.

        No level below `lowest` is tried.
        """
        given, read = int(self.given.sum()), int(self.read.sum())
        found = Times("", 0, {}, len(self.given) - given, given - read)
        if not read:
            # What cannot be read says nothing of the kind: another part may hold numbers.
            return found, arrow().nulls(len(self.given), arrow().int64())
        found.kind, found.whole = self.kind, self.whole
        found.zoned, found.local = bool((self.read & self.zoned).any()), bool((self.read & ~self.zoned).any())
        found.level = max(self.level, lowest)
        keys = _coarser(self.keys, self.kind, self.level, found.level)
        several = np.unique(keys[self.read])
        start = found.level
        while several.size > MOST_KEPT[self.kind]:
            several = _coarser(several, self.kind, found.level, found.level + 1)
            # They stay sorted, so the doubles lie side by side.
            several = several[np.append(True, several[1:] != several[:-1])]
            found.level += 1
        keys = _coarser(keys, self.kind, start, found.level)
        return found, arrow().array(keys, mask=~self.read)


def clock(column: Any, name: str) -> Clock:
    """The times in a column of dates, numbers or ISO 8601 text. Raises DataError for another type."""
    pa = arrow()
    import pyarrow.compute as pc

    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    kind, given = column.type, ~as_numpy(pc.is_null(column, nan_is_null=True))
    none = np.zeros(len(column), dtype=bool)
    if pa.types.is_null(kind):
        return Clock("", 0, none.astype(np.int64), none, none, none)
    if pa.types.is_string(kind) or pa.types.is_large_string(kind) or str(kind) == "string_view":
        # Each text is read once: the same few days often stand in many rows.
        coded = pc.dictionary_encode(column.cast(pa.string()))
        if not len(coded.dictionary):
            return Clock("", 0, none.astype(np.int64), none, none, none)
        place = as_numpy(pc.fill_null(coded.indices, 0))
        hours, blank, read, zoned = (each[place] for each in _iso_hours(coded.dictionary))
        given &= ~blank
        return Clock("date", HOUR, hours, given, given & read & _in_years(hours), zoned)
    if pa.types.is_timestamp(kind) or pa.types.is_date(kind):
        unit = "s" if pa.types.is_date32(kind) else "ms" if pa.types.is_date64(kind) else kind.unit
        stamps = column.cast(pa.timestamp("s")) if pa.types.is_date32(kind) else column
        ticks = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}[unit] * 3600
        hours = as_numpy(pc.fill_null(stamps.cast(pa.int64()), 0)) // ticks
        zoned = given & (pa.types.is_timestamp(kind) and kind.tz is not None)
        return Clock("date", HOUR, hours, given, given & _in_years(hours), zoned)
    if pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind):
        values = as_numpy(pc.fill_null(pc.cast(column, pa.float64(), safe=False), 0.0))
        read = given & np.isfinite(values)
        values = np.where(read, values, 0.0)
        # At this level every bin is a whole number of at most 53 bits.
        level = int(np.frexp(np.abs(values).max(initial=0.0))[1]) - 52
        scaled = np.ldexp(values, -level)
        keys = np.where((values < 0) & (scaled == 0), -1, np.floor(scaled)).astype(np.int64)
        return Clock("number", level, keys, given, read, none, bool((values == np.floor(values)).all()))
    hint = "Name a column of dates, numbers or ISO 8601 text (2026-03-31 or 2026-03-31T14:05:00Z)."
    raise DataError([Problem(f"holds {kind}, which is no time", field=name, hint=hint)])


def _in_years(hours: Keys) -> Mask:
    return (hours >= FIRST_HOUR) & (hours <= LAST_HOUR)


def _iso_hours(texts: Any) -> tuple[Keys, Mask, Mask, Mask]:
    """Hours since 1970 of ISO 8601 texts, in UTC where a zone is given; which are blank, can be read, have a zone."""
    pa = arrow()
    import pyarrow.compute as pc

    parts = pc.extract_regex(texts, ISO)

    def words(name: str) -> Any:
        return pc.fill_null(pc.struct_field(parts, name), "")

    def number(name: str) -> Keys:
        given = words(name)
        return as_numpy(pc.cast(pc.if_else(pc.equal(given, ""), "0", given), pa.int64()))

    months = (number("year") - 1970) * 12 + number("month") - 1
    days = months.astype("datetime64[M]").astype("datetime64[D]").astype(np.int64) + number("day") - 1
    ahead = np.where(as_numpy(pc.equal(words("sign"), "-")), -1, 1) * (number("ahead") * 60 + number("past"))
    hours = days * 24 + (number("hour") * 60 + number("minute") - ahead) // 60
    # 30 February would be a day of March.
    read = as_numpy(parts.is_valid()) & (_coarser(days, "date", DAY, MONTH) == months)
    blank = ~as_numpy(pc.match_substring_regex(texts, r"\S"))
    return hours, blank, read, as_numpy(pc.not_equal(words("zone"), ""))


def as_numpy(column: Any) -> NDArray[Any]:
    return np.asarray(column.to_numpy(zero_copy_only=False))


class Periods(NamedTuple):
    """Outcomes in the order of time: the unit, the periods that have rows, and how many earlier ones are left out."""

    unit: str
    groups: list[Group]
    left_out: int


def periods(times: Times) -> Periods:
    """Few enough periods to look at, in the finest unit that allows it."""
    most = MOST_SHOWN.get(times.kind, 0)
    if times.kind == "number":
        level = max(times.level, 0) if times.whole else times.level
        found = _joined(times.at(level))
        while len(found) > most:
            level += 1
            found = _joined(times.at(level))
        groups = [Group(_bin(key, level, times.whole), found[key]) for key in sorted(found)]
        unit = f"range of {2.0**level:g}" if any(" to " in group.name for group in groups) else "value"
        return Periods(unit, groups, 0)
    timed = times.level == HOUR and any(key % 24 for key in times.cells)
    start = times.level if timed else max(times.level, DAY)
    unit, chosen = "", {}
    for unit, level in UNITS:
        if level >= start:
            cells = times.at(level)
            # 1 January 1970 was a Thursday.
            chosen = _joined((key - (key + 3) % 7 if unit == "week" else key, counts) for key, counts in cells)
            if len(chosen) <= most:
                break
    keys = sorted(chosen)
    groups = [Group(_dated(key, unit), chosen[key]) for key in keys[-most:]]
    return Periods(unit, groups, max(0, len(keys) - most))


def _dated(key: int, unit: str) -> str:
    code = {"hour": "h", "month": "M", "year": "Y"}.get(unit, "D")
    text = str(np.array(key, dtype=f"datetime64[{code}]"))
    return {"hour": text.replace("T", " ") + ":00", "week": f"week of {text}"}.get(unit, text)


def _bin(key: int, level: int, whole: bool) -> str:
    """A range of numbers as text: of whole numbers the first and the last, else from a limit to below the next."""
    if whole:
        first, last = str(key << level), str(((key + 1) << level) - 1)
    else:
        with np.errstate(over="ignore"):
            first, last = (f"{float(np.ldexp(float(edge), level)):.12g}" for edge in (key, key + 1))
    return first if first == last else f"{first} to {last}"
