"""What a batch run found: counts that are added up part by part, kept as JSON, and told on one screen.

Everything here is a count, and adding a part is merging its own summary. So the parts of a run, merged in their order,
give what one pass over all rows gives, to the last digit, and a run that was cut short can go on.
"""

from __future__ import annotations

import json
import math
import textwrap
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from diagnose.errors import DataError, Problem, did_you_mean
from diagnose.many import arrow

if TYPE_CHECKING:
    import pyarrow as pa

    from diagnose.data import Base

FORMAT = 1
MOST_GROUPS = 10_000
# Periods that are kept, and that are shown. Years are the coarsest dates, and there are fewer than 10,000 of them.
MOST_KEPT = {"date": 10_000, "number": 1_024}
MOST_SHOWN = {"date": 60, "number": 32}
MOST_EXAMPLES, LONGEST_EXAMPLE = 5, 500
# A first cause with at least this probability is more likely than not.
SURE = 0.5
HOUR, DAY, MONTH, YEAR = range(4)
MIXED = "mixed"
UNITS = (("hour", HOUR), ("day", DAY), ("week", DAY), ("month", MONTH), ("year", YEAR))
NO_CAUSE = "no cause ranked"

Counts = Counter[tuple[str, ...]]
Keys = NDArray[np.int64]
Mask = NDArray[np.bool_]


class Share(NamedTuple):
    """One line of a ranking: a name, what it says, how often it was counted, and its share."""

    name: str
    says: str
    rows: int
    share: float


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


def surely(faulty: int, judged: int) -> float:
    """Lower end of Wilson's 95 % interval of a share: by it, a small group does not lead because of a few rows."""
    if not judged:
        return 0.0
    z, share = 1.96, faulty / judged
    middle = share + z * z / (2 * judged)
    spread = z * math.sqrt(share * (1 - share) / judged + z * z / (4 * judged * judged))
    return (middle - spread) / (1 + z * z / judged)


def plain(text: str, most: int = 80) -> str:
    """Somebody's text on one line: signs that steer a terminal or turn the line round are replaced, the rest cut."""
    cut = text if len(text) <= most else text[: most - 3].rstrip() + "..."
    signs = (" " if sign in "\n\r\t" else "\ufffd" if unicodedata.category(sign)[0] == "C" else sign for sign in cut)
    return "".join(signs)


# --- periods


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


def _clock(column: Any, name: str) -> Clock:
    """The times in a column of dates, numbers or ISO 8601 text. Raises DataError for another type."""
    pa = arrow()
    import pyarrow.compute as pc

    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    kind, given = column.type, ~_numpy(pc.is_null(column, nan_is_null=True))
    none = np.zeros(len(column), dtype=bool)
    if pa.types.is_null(kind):
        return Clock("", 0, none.astype(np.int64), none, none, none)
    if pa.types.is_string(kind) or pa.types.is_large_string(kind) or str(kind) == "string_view":
        # Each text is read once: the same few days often stand in many rows.
        coded = pc.dictionary_encode(column.cast(pa.string()))
        if not len(coded.dictionary):
            return Clock("", 0, none.astype(np.int64), none, none, none)
        place = _numpy(pc.fill_null(coded.indices, 0))
        hours, blank, read, zoned = (each[place] for each in _iso_hours(coded.dictionary))
        given &= ~blank
        return Clock("date", HOUR, hours, given, given & read & _in_years(hours), zoned)
    if pa.types.is_timestamp(kind) or pa.types.is_date(kind):
        unit = "s" if pa.types.is_date32(kind) else "ms" if pa.types.is_date64(kind) else kind.unit
        stamps = column.cast(pa.timestamp("s")) if pa.types.is_date32(kind) else column
        ticks = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}[unit] * 3600
        hours = _numpy(pc.fill_null(stamps.cast(pa.int64()), 0)) // ticks
        zoned = given & (pa.types.is_timestamp(kind) and kind.tz is not None)
        return Clock("date", HOUR, hours, given, given & _in_years(hours), zoned)
    if pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind):
        values = _numpy(pc.fill_null(pc.cast(column, pa.float64(), safe=False), 0.0))
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
        return _numpy(pc.cast(pc.if_else(pc.equal(given, ""), "0", given), pa.int64()))

    months = (number("year") - 1970) * 12 + number("month") - 1
    days = months.astype("datetime64[M]").astype("datetime64[D]").astype(np.int64) + number("day") - 1
    ahead = np.where(_numpy(pc.equal(words("sign"), "-")), -1, 1) * (number("ahead") * 60 + number("past"))
    hours = days * 24 + (number("hour") * 60 + number("minute") - ahead) // 60
    # 30 February would be a day of March.
    read = _numpy(parts.is_valid()) & (_coarser(days, "date", DAY, MONTH) == months)
    blank = ~_numpy(pc.match_substring_regex(texts, r"\S"))
    return hours, blank, read, _numpy(pc.not_equal(words("zone"), ""))


def _numpy(column: Any) -> NDArray[Any]:
    return np.asarray(column.to_numpy(zero_copy_only=False))


class Periods(NamedTuple):
    """Outcomes in the order of time: the unit, the periods that have rows, and how many earlier ones are left out."""

    unit: str
    groups: list[Group]
    left_out: int


def _periods(times: Times) -> Periods:
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


# --- the summary


class Summary:
    """Counts of what a run found: add() batches or merge() the summaries of parts, in the order of the rows."""

    def __init__(self, by: str | None = None, time: str | None = None) -> None:
        """`by` names a column of groups, such as lots, and `time` one of dates, numbers or ISO 8601 text."""
        self.by, self.time = by, time
        self.rows = 0
        self.outcomes: Counts = Counter()
        self.severity: Counts = Counter()
        self.sure: Counts = Counter()
        self.missing: Counts = Counter()
        self.remedies: Counts = Counter()
        self.errors = 0
        self.mistakes: Counts | None = Counter()
        self.examples: list[tuple[int, str]] = []
        self.groups: dict[str | None, Counts] | None = {}
        self.times = Times()

    # --- adding up

    def add(self, batch: pa.RecordBatch) -> None:
        """Count the rows of a batch of diagnoses. Columns that it lacks are left out.

        Raises DataError when the column of groups or times is missing or of a type that cannot be used.
        """
        pa = arrow()
        import pyarrow.compute as pc

        part = Summary(self.by, self.time)
        problems = [_no_column(batch, name) for name in (self.by, self.time) if name and not _has(batch, name)]
        if problems:
            raise DataError(problems)
        part.rows = batch.num_rows
        verdict, cause = _column(batch, "verdict"), _column(batch, "cause_1")
        part.outcomes = _counted(verdict, cause)
        part.severity = _counted(_column(batch, "severity"))
        part.missing = _without_none(_counted(_column(batch, "missing")))
        remedies = _counted(verdict, _column(batch, "remedy_1"), _column(batch, "remedy_1_status"))
        part.remedies = Counter({key: rows for key, rows in remedies.items() if key[1]})
        if _has(batch, "probability_1"):
            likely = pc.fill_null(pc.greater_equal(batch.column("probability_1"), SURE), False)
            faulty = pc.fill_null(pc.equal(pc.cast(verdict, pa.string()), "faulty"), False)
            part.sure = _without_none(_counted(pc.filter(cause, pc.and_(likely, faulty))))
        if self.mistakes is None:
            part.mistakes = None
        part._add_mistakes(_column(batch, "error"))
        if self.by is not None:
            names = _grouped(batch.column(self.by), self.by)
            few = self.groups is not None and pc.count_distinct(names, mode="all").as_py() <= MOST_GROUPS
            part.groups = _by(names, verdict, cause) if few else None
        if self.time is not None:
            clock = _clock(batch.column(self.time), self.time)
            part.times, keys = clock.times(self.times.level if clock.kind == self.times.kind else clock.level)
            cells = _by(keys, verdict, cause)
            part.times.cells = {key: counts for key, counts in cells.items() if key is not None}
        self.merge(part)

    def _add_mistakes(self, errors: Any) -> None:
        pa = arrow()
        import pyarrow.compute as pc

        places = np.flatnonzero(_numpy(pc.is_valid(errors)))
        self.errors = len(places)
        texts = pc.cast(pc.take(errors, pa.array(places)), pa.string())
        self.examples = [
            (int(place), text[:LONGEST_EXAMPLE])
            for place, text in zip(places[:MOST_EXAMPLES].tolist(), texts[:MOST_EXAMPLES].to_pylist(), strict=True)
        ]
        if self.mistakes is None or not len(places):
            return
        # Each mistake begins with its field; what follows holds the value, and is another text in every row.
        parts = pc.split_pattern(texts, " | ")
        heads = pc.extract_regex(pc.list_flatten(parts), r"^(?P<field>[A-Za-z]\w*(?: or [A-Za-z]\w*)*): ")
        rows = pc.list_parent_indices(parts)
        once = _several([rows, pc.struct_field(heads, "field")])
        self.mistakes = Counter((_word(name),) for _, name, _ in once)

    def merge(self, other: Summary) -> None:
        """Add the summary of the rows that follow. Raises DataError when it is by other columns."""
        if (self.by, self.time) != (other.by, other.time):
            told = " and ".join(f"by {each.by!r} over {each.time!r}" for each in (self, other))
            raise DataError([Problem(f"summaries of different columns cannot be merged: {told}")])
        self.times.merge(other.times)
        for mine, theirs in zip(self._counters(), other._counters(), strict=True):
            mine.update(theirs)
        self.examples += [(self.rows + row, text) for row, text in other.examples]
        del self.examples[MOST_EXAMPLES:]
        self.rows += other.rows
        self.errors += other.errors
        if self.mistakes is not None:
            self.mistakes = None if other.mistakes is None else self.mistakes + other.mistakes
            if self.mistakes is not None and len(self.mistakes) > MOST_GROUPS:
                self.mistakes = None
        if self.groups is not None:
            self.groups = None if other.groups is None else _added(self.groups, other.groups)

    def _counters(self) -> tuple[Counts, ...]:
        return self.outcomes, self.severity, self.sure, self.missing, self.remedies

    # --- as JSON

    def to_json(self) -> str:
        """The summary as JSON text on one line; equal summaries give equal text."""
        times = {
            **vars(self.times),
            "cells": [[key, _packed(self.times.cells[key])] for key in sorted(self.times.cells)],
        }
        data = {
            "format": FORMAT,
            **{name: getattr(self, name) for name in ("by", "time", "rows", "errors", "examples")},
            **{name: _packed(getattr(self, name)) for name in COUNTERS},
            "mistakes": None if self.mistakes is None else _packed(self.mistakes),
            "groups": None
            if self.groups is None
            else [[name, _packed(self.groups[name])] for name in sorted(self.groups, key=_by_name)],
            "times": times,
        }
        return json.dumps(data, ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str) -> Summary:
        """The summary in a JSON text. Raises DataError when there is none."""
        try:
            data = json.loads(text)
            if data["format"] != FORMAT:
                raise ValueError(f"its format is {data['format']}, not {FORMAT}")
            found = cls(data["by"], data["time"])
            found.rows, found.errors = int(data["rows"]), int(data["errors"])
            found.examples = [(int(row), str(text)) for row, text in data["examples"]]
            for name in COUNTERS:
                setattr(found, name, _unpacked(data[name]))
            found.mistakes = None if data["mistakes"] is None else _unpacked(data["mistakes"])
            groups = data["groups"]
            found.groups = None if groups is None else {name: _unpacked(counts) for name, counts in groups}
            cells = {int(key): _unpacked(counts) for key, counts in data["times"].pop("cells")}
            found.times = Times(**data["times"], cells=cells)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            hint = "Run the part again."
            raise DataError([Problem(f"the text is not the summary of a part ({error})", hint=hint)]) from None
        return found

    # --- what it says

    @property
    def overall(self) -> Group:
        """All rows as one group."""
        return Group("all rows", self.outcomes)

    def verdicts(self) -> list[Share]:
        """Verdicts by how often they were given, then the rows in error; shares of all rows."""
        found: Counter[str] = Counter()
        for (verdict, _), rows in self.outcomes.items():
            found[verdict] += rows
        lost = found.pop("", 0)
        told = [Share(name, name.replace("_", " "), rows, self._share(rows)) for name, rows in ranked(found)]
        return [*told, Share("", "in error, not judged", lost, self._share(lost))] if lost else told

    def levels(self) -> list[Share]:
        """Bands of the interfacial resistance from good to bad, then the rows without; shares of all rows."""
        from diagnose.columns import LEVELS

        told = {(level,): level for level in LEVELS} | {("",): "not known, or between two bands"}
        return [Share(key[0], says, self.severity[key], self._share(self.severity[key])) for key, says in told.items()]

    def causes(self, base: Base, verdict: str = "faulty") -> list[Share]:
        """First causes of the rows with a verdict, most frequent first; shares of these rows."""
        found = causes_of(self.outcomes, verdict)
        total = found.total()
        return [Share(name, title_of(base, name), rows, rows / total) for name, rows in ranked(found)]

    def wanted(self, base: Base) -> list[Share]:
        """The measurements that are missing most and what they ask, most frequent first; shares of all rows."""
        fields = base.knowledge.vocabulary
        return [
            Share(name, fields[name].question if name in fields else "", rows, self._share(rows))
            for (name,), rows in ranked(self.missing)
        ]

    def advised(self, base: Base) -> list[Share]:
        """The first remedies of the faulty rows that are recommended without reserve; shares of the faulty rows."""
        known, total = base.rules.remedies, self.overall.faulty
        found = Counter(
            {
                name: rows
                for (verdict, name, status), rows in self.remedies.items()
                if verdict == "faulty" and status == "recommended"
            }
        )
        return [
            Share(name, known[name].title if name in known else name, rows, rows / total)
            for name, rows in ranked(found)
        ]

    def kinds(self) -> list[Share]:
        """The fields with mistakes by the rows that have them; shares of the rows in error."""
        return [
            Share(name, name or "no single field", rows, rows / self.errors)
            for (name,), rows in ranked(self.mistakes or Counter())
        ]

    def worst(self, most: int) -> list[Group]:
        """The groups with the largest share of faulty rows, as far as their size lets one be sure; see `surely`."""
        found = [Group("(no value)" if name is None else name, counts) for name, counts in (self.groups or {}).items()]
        faulty = [group for group in found if group.faulty]
        return sorted(faulty, key=lambda each: (-surely(each.faulty, each.judged), -each.faulty, each.name))[:most]

    def periods(self) -> Periods:
        """Outcomes over time, in few enough periods to look at; periods without rows are left out."""
        return _periods(self.times)

    def notes_on_time(self) -> list[str]:
        """What a reader must know about the column of times."""
        told = []
        if self.times.kind == MIXED:
            told.append("The column holds dates in some parts and numbers in others, so nothing is told over time.")
        if self.times.zoned:
            told.append("Times with a time zone are counted in UTC.")
        if self.times.zoned and self.times.local:
            told.append("Some times have no time zone; they are counted as written.")
        if self.times.empty:
            told.append(f"Not counted here: {self.times.empty:,} without a time.")
        if self.times.unread:
            told.append(f"Not counted here: {self.times.unread:,} with a time that cannot be read.")
        return told

    def _share(self, rows: int) -> float:
        return rows / self.rows if self.rows else 0.0

    def text(self, base: Base, width: int = 80) -> str:
        """A short account for a terminal."""
        return "\n".join(self._lines(base, max(60, width)))

    def _lines(self, base: Base, width: int) -> Iterator[str]:
        yield f"{self.rows:,} {'row' if self.rows == 1 else 'rows'}"
        yield from _block("Verdicts", self.verdicts(), width)
        yield from _block("First causes of the faulty rows", _named(self.causes(base)), width)
        yield from _block("Interfacial resistance", self.levels() if self.rows else [], width)
        yield from _block("Missing most", _named(self.wanted(base)), width)
        yield from _block("First remedies of the faulty rows", _named(self.advised(base)), width)
        if self.by is not None:
            told = [
                Share(each.name, f"{plain(each.name, 32)}: {title_of(base, each.first)}", each.faulty, each.share)
                for each in self.worst(LISTED)
            ]
            yield from _block(
                f"Faulty rows by {plain(self.by)}, with their most frequent cause", told, width, more=False
            )
            if self.groups is None:
                yield from _wrapped(too_many(self.by), width)
        if self.time is not None:
            yield from self._course(width)
        if self.errors:
            yield from _block(f"Mistakes in the {self.errors:,} rows in error", self.kinds(), width)
            if self.mistakes is None:
                yield from _wrapped("There are too many kinds of mistake to count them.", width)
            for row, message in self.examples:
                yield from _wrapped(f"row {row}: {plain(message, LONGEST_EXAMPLE)}", width)
            if self.errors > len(self.examples):
                yield f"  and {self.errors - len(self.examples):,} more rows (counted from 0)"

    def _course(self, width: int) -> Iterator[str]:
        unit, groups, _ = self.periods()
        yield ""
        yield f"Over {plain(self.time or '')}"
        judged = [group for group in groups if group.judged]
        if judged:
            low, high = (f(judged, key=lambda group: group.share) for f in (min, max))
            told = f"{len(groups)} periods ({unit}), first {groups[0].name}, last {groups[-1].name}. Faulty: "
            told += f"{percent(low.share)} at least ({low.name}), {percent(high.share)} at most ({high.name})."
            yield from _wrapped(told, width)
        for note in self.notes_on_time():
            yield from _wrapped(note, width)


COUNTERS = ("outcomes", "severity", "sure", "missing", "remedies")
LISTED = 6


def title_of(base: Base, cause: str) -> str:
    """The title of a cause, or its name when the rules in hand do not know it."""
    known = base.rules.causes.get(cause)
    return known.title if known else plain(cause) or NO_CAUSE


def percent(share: float) -> str:
    """A share as text. What is not nothing and not all does not look like it."""
    if 0 < share < 0.001:
        return "<0.1 %"
    return ">99.9 %" if 0.999 < share < 1 else f"{100 * share:.1f} %"


def too_many(by: str) -> str:
    """Why nothing is told about groups."""
    return f"{plain(by)!r} has more than {MOST_GROUPS:,} values, too many to count by group. Name a coarser column."


def _named(shares: Iterable[Share]) -> list[Share]:
    return [
        each._replace(says=f"{each.says} ({each.name})" if each.says != each.name else each.name) for each in shares
    ]


def _block(heading: str, shares: Sequence[Share], width: int, more: bool = True) -> Iterator[str]:
    if not shares:
        return
    yield ""
    yield heading
    for each in shares[:LISTED]:
        head = f"  {each.rows:>11,}  {percent(each.share):>7}  "
        yield from textwrap.wrap(
            plain(each.says, 300), width, initial_indent=head, subsequent_indent=" " * len(head), break_on_hyphens=False
        )
    if more and len(shares) > LISTED:
        yield f"{'':24}and {len(shares) - LISTED} more"


def _wrapped(text: str, width: int) -> list[str]:
    return textwrap.wrap(text, width, initial_indent="  ", subsequent_indent="    ")


# --- counting with Arrow


def _has(batch: Any, name: str) -> bool:
    return bool(batch.schema.get_field_index(name) >= 0)


def _no_column(batch: Any, name: str) -> Problem:
    return Problem(
        f"there is no column {name!r} in the table of diagnoses", hint=did_you_mean(name, batch.schema.names)
    )


def _column(batch: Any, name: str) -> Any:
    """A column, or one without any value where there is none."""
    pa = arrow()
    return batch.column(name) if _has(batch, name) else pa.nulls(batch.num_rows, pa.string())


def _grouped(column: Any, name: str) -> Any:
    """A column as text. Raises DataError where that makes no sense."""
    pa = arrow()
    try:
        if pa.types.is_dictionary(column.type):
            column = column.dictionary_decode()
        return column.cast(pa.string())
    except pa.ArrowException:
        hint = "Name a column of words or numbers."
        raise DataError([Problem(f"holds {column.type}, which makes no groups", field=name, hint=hint)]) from None


def _several(columns: Sequence[Any]) -> list[tuple[Any, ...]]:
    """Each combination of values, and in how many rows it stands at the end."""
    pa = arrow()
    names = [str(number) for number in range(len(columns))]
    found = pa.table(list(columns), names).group_by(names, use_threads=False).aggregate([([], "count_all")])
    return list(zip(*(found.column(name).to_pylist() for name in (*names, "count_all")), strict=True))


def _word(value: Any) -> str:
    return "" if value is None else str(value)


def _counted(*columns: Any) -> Counts:
    return Counter({tuple(map(_word, key)): rows for *key, rows in _several(columns)})


def _by(keys: Any, verdict: Any, cause: Any) -> dict[Any, Counts]:
    """Outcomes by key."""
    found: dict[Any, Counts] = {}
    for key, *outcome, rows in _several((keys, verdict, cause)):
        found.setdefault(key, Counter())[tuple(map(_word, outcome))] += rows
    return found


def _without_none(counts: Counts) -> Counts:
    counts.pop(("",), None)
    return counts


def _added(mine: dict[str | None, Counts], theirs: dict[str | None, Counts]) -> dict[str | None, Counts] | None:
    """Both, or nothing when there are too many groups: kept in part, they would depend on how the rows were split."""
    for name, counts in theirs.items():
        mine.setdefault(name, Counter()).update(counts)
    return mine if len(mine) <= MOST_GROUPS else None


def ranked(counts: Counter[Any]) -> list[tuple[Any, int]]:
    """Most frequent first, ties by name; never counted is left out."""
    return sorted(((name, rows) for name, rows in counts.items() if rows), key=lambda each: (-each[1], each[0]))


def _by_name(name: str | None) -> tuple[bool, str]:
    return name is not None, name or ""


def _packed(counts: Counts) -> list[list[Any]]:
    return [[*key, rows] for key, rows in sorted(counts.items())]


def _unpacked(rows: Iterable[Sequence[Any]]) -> Counts:
    return Counter({tuple(map(str, key)): int(count) for *key, count in rows})
