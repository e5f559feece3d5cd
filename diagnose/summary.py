"""What a batch run found: counts that are added up part by part, kept as JSON, and told on one screen.

Everything here is a count, and adding a part is merging its own summary. So the parts of a run, merged in their order,
give what one pass over all rows gives, to the last digit, and a run that was cut short can go on.
"""

from __future__ import annotations

import json
import math
import textwrap
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from diagnose.errors import DataError, Problem, did_you_mean
from diagnose.markup import plain
from diagnose.periods import MIXED, Counts, Group, Periods, Times, as_numpy, causes_of, clock, periods, ranked
from diagnose.sheet import arrow

if TYPE_CHECKING:
    import pyarrow as pa

    from diagnose.data import Base

FORMAT = 1
MOST_GROUPS = 10_000
MOST_EXAMPLES, LONGEST_EXAMPLE = 5, 500
# A first cause with at least this probability is more likely than not.
SURE = 0.5
NO_CAUSE = "no cause ranked"


class Share(NamedTuple):
    """One line of a ranking: a name, what it says, how often it was counted, and its share."""

    name: str
    says: str
    rows: int
    share: float


def surely(faulty: int, judged: int) -> float:
    """Lower end of Wilson's 95 % interval of a share: by it, a small group does not lead because of a few rows."""
    if not judged:
        return 0.0
    z, share = 1.96, faulty / judged
    middle = share + z * z / (2 * judged)
    spread = z * math.sqrt(share * (1 - share) / judged + z * z / (4 * judged * judged))
    return (middle - spread) / (1 + z * z / judged)


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
            read = clock(batch.column(self.time), self.time)
            part.times, keys = read.times(self.times.level if read.kind == self.times.kind else read.level)
            cells = _by(keys, verdict, cause)
            part.times.cells = {key: counts for key, counts in cells.items() if key is not None}
        self.merge(part)

    def _add_mistakes(self, errors: Any) -> None:
        pa = arrow()
        import pyarrow.compute as pc

        places = np.flatnonzero(as_numpy(pc.is_valid(errors)))
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
        return periods(self.times)

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


def _by_name(name: str | None) -> tuple[bool, str]:
    return name is not None, name or ""


def _packed(counts: Counts) -> list[list[Any]]:
    return [[*key, rows] for key, rows in sorted(counts.items())]


def _unpacked(rows: Iterable[Sequence[Any]]) -> Counts:
    return Counter({tuple(map(str, key)): int(count) for *key, count in rows})
