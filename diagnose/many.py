"""diagnose_many(): from a table of cells to a table of diagnoses, and the full report of any row.

A table is anything with named columns: pandas, polars, Arrow, a mapping of arrays, or any iterable of cases. Each row
is one interface and gets what `diagnose()` says of it; a row that cannot be judged gets its mistakes instead, and the
others are not held up by it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

import diagnose as package
from diagnose.case import Case, missing
from diagnose.column import Column, Mask, Numbers, Words, both, either, figure, known, settled, spread, without, word
from diagnose.columnadvice import NOBODY, Ranked
from diagnose.columns import LEVELS, STATUSES, VERDICTS, Columns, Judged
from diagnose.data import Base, load
from diagnose.errors import CaseError, DataError, Problem, UsageError, did_you_mean, in_order
from diagnose.facts import unknown_electrolyte
from diagnose.fieldcolumn import FieldReader, Flaws, cells, problems_of
from diagnose.profile import Profile
from diagnose.quantity import Measured, QuantityError
from diagnose.rulebook import Kind
from diagnose.sheet import Sheet, arrow, sheet_of

if TYPE_CHECKING:
    import pyarrow as pa

    from diagnose.report import Report

LISTED: tuple[Kind, ...] = ("evidence", "verdict")
ONE_OF = (("electrolyte", "electrolyte_family"), ("electrode_role",))


class TableDiagnoser:
    """Judges tables of one kind. It keeps nothing of the rows it has seen, and threads may share it."""

    def __init__(
        self,
        base: Base,
        profile: Profile | None = None,
        causes: int = 3,
        remedies: int = 3,
        keep: bool | Sequence[tuple[str, Any]] = True,
    ) -> None:
        """`causes` and `remedies` say how many of each are listed.

        `keep` passes on the columns that are no fields, whatever they are in each table, or those named, each with its
        Arrow type.

        Raises UsageError, and DataError for a profile with mistakes.
        """
        if causes < 1 or remedies < 1:
            raise UsageError("at least one cause and one remedy must be listed")
        self.base, self.profile = base, profile or Profile()
        self.kept = None if keep is True else tuple(keep or ())
        self.causes, self.remedies = causes, remedies
        if not isinstance(self.profile, Profile):
            raise UsageError("profile takes a Profile: diagnose.profile.Profile(columns={...}, constants={...})")
        problems = self.profile.problems(base.knowledge)
        if problems:
            raise DataError(problems)
        self.columns = Columns(base)
        self.fields = base.knowledge.vocabulary
        units = {target.field: target.unit for target in self.profile.columns.values()}
        self.readers = {name: FieldReader(name, field, units.get(name, "")) for name, field in self.fields.items()}
        self.constants = {name: self._constant(name, value) for name, value in self.profile.constants.items()}
        self.listed = [rule.id for rule in base.rules.of(*LISTED)]

    def _constant(self, name: str, value: Any) -> tuple[Any, Column]:
        made = FieldReader(name, self.fields[name]).value(value)
        if isinstance(made, Measured):
            return made, figure(made.low) if made.low == made.high else Numbers(made.low, made.high)
        return made, word(made)

    # --- what the columns of a table mean

    def sources(self, names: Sequence[str]) -> dict[str, str]:
        """The column of a table that fills each field. Raises DataError when a column is missing or there twice."""
        problems = []
        doubled = sorted({name for name in names if names.count(name) > 1})
        problems += [Problem(f"there are two columns {name!r}", hint="Rename one of them.") for name in doubled]
        found: dict[str, str] = {}
        for column, target in self.profile.columns.items():
            if column in names:
                found[target.field] = column
            else:
                problems.append(Problem(f"there is no column {column!r}", hint=did_you_mean(column, names)))
        for name in names:
            if name in self.fields and name not in self.profile.columns:
                if name in found and found[name] != name:
                    problems.append(Problem(f"columns {found[name]!r} and {name!r} both fill it", field=name))
                elif name in self.constants:
                    problems.append(Problem("is a column and a constant", field=name, hint="Leave out one of them."))
                found.setdefault(name, name)
        for choice in ONE_OF:
            if not any(name in found or name in self.constants for name in choice):
                near = did_you_mean(choice[0], [name for name in names if name not in found.values()])
                hint = f"{near} Map a column to it, or give one value for all rows, as in {choice[0]}=..."
                problems.append(Problem("no column fills it", field=" or ".join(choice), hint=hint.strip()))
        if problems:
            raise DataError(problems)
        return found

    def strangers(self, names: Sequence[str]) -> list[str]:
        """Columns that fill no field."""
        return [name for name in names if name not in self.profile.columns and name not in self.fields]

    # --- one part of a table

    def read(self, sheet: Sheet) -> tuple[dict[str, Column], dict[int, list[Problem]], Mask]:
        """The columns of the fields, the mistakes by row, and where an electrolyte's family was filled."""
        fields: dict[str, Column] = {}
        flaws: Flaws = []
        filled: dict[str, Mask] = {}
        for name, source in self.sources(list(sheet.columns)).items():
            column, filled[name], wrong = self.readers[name].read(sheet.columns[source])
            flaws += wrong
            if column is not None:
                fields[name] = column
        for name, (_, column) in self.constants.items():
            fields[name], filled[name] = column, True
        problems = dict(problems_of(flaws))
        problems.update({row: [problem] for row, problem in sheet.flaws.items()})
        for choice, problem in _lacking():
            there = np.zeros(sheet.rows, dtype=bool)
            for name in choice:
                there |= filled.get(name, False)
            for row in np.flatnonzero(~there).tolist():
                if row not in sheet.flaws:
                    problems.setdefault(row, []).append(problem)
        return fields, problems, filled.get("electrolyte_family", False)

    def judge(self, sheet: Sheet) -> tuple[Judged, dict[int, list[Problem]]]:
        """What the rules say of each row, and the mistakes by row."""
        fields, problems, family = self.read(sheet)
        judged = self.columns.evaluate(fields, sheet.rows)
        electrolyte = fields.get("electrolyte")
        if isinstance(electrolyte, Words):
            lost = spread(without(both(judged.made.unknown_family, known(electrolyte)), family), sheet.rows)
            codes = np.broadcast_to(electrolyte.codes, sheet.rows)
            # Near names are looked for once for each name.
            told = {
                code: unknown_electrolyte(str(electrolyte.words[code]), self.base.knowledge)
                for code in np.unique(codes[lost]).tolist()
            }
            for row in np.flatnonzero(lost).tolist():
                problems.setdefault(row, []).append(told[int(codes[row])])
        for rule, here in judged.contradictions():
            for row in np.flatnonzero(spread(here, sheet.rows)).tolist():
                given = [name for name in rule.item.fields if _at(judged.facts.get(name), row)] or rule.item.fields
                problem = Problem(rule.item.says.rstrip("."), field=given[0], hint=rule.item.fix)
                problems.setdefault(row, []).append(problem)
        return judged, problems

    def answer(self, sheet: Sheet) -> pa.RecordBatch:
        """The diagnoses of a part of a table, one row for each of its rows, in their order."""
        pa = arrow()
        if sheet.rows == 0:
            arrays = [pa.array([], type=field.type) for field in self.schema]
            return self._with_kept(pa.RecordBatch.from_arrays(arrays, schema=self.schema), sheet)
        judged, problems = self.judge(sheet)
        bad = np.zeros(sheet.rows, dtype=bool)
        bad[list(problems)] = True
        columns, names = self.columns, self._names
        arrays = [_coded(judged.verdicts, names["verdicts"], bad), _coded(judged.severity, names["levels"], bad)]
        ranking = judged.ranking(self.causes)
        for ranked in ranking:
            empty = bad | (ranked.names == NOBODY)
            totals = np.where(empty, 0, ranked.keys).astype(np.int64)
            arrays.append(_coded(ranked.names, names["causes"], bad))
            arrays.append(pa.array(columns.chances.of(totals), mask=empty))
            arrays.append(pa.array(totals / 100, mask=empty))
        advice = judged.advice()
        for ranked in advice.best(self.remedies):
            status = np.where(ranked.names == NOBODY, NOBODY, np.where(ranked.marked, 0, 1)).astype(np.int8)
            arrays += [_coded(ranked.names, names["remedies"], bad), _coded(status, names["statuses"], bad)]
        arrays.append(_coded(advice.feared(1)[0].names, names["remedies"], bad))
        arrays.append(_coded(judged.missing, names["fields"], bad))
        arrays.append(self._rules(judged, ranking, bad))
        told = [_told(problems.get(row)) for row in range(sheet.rows)] if problems else None
        arrays.append(pa.nulls(sheet.rows, pa.string()) if told is None else pa.array(told, type=pa.string()))
        return self._with_kept(pa.RecordBatch.from_arrays(arrays, schema=self.schema), sheet)

    @cached_property
    def _names(self) -> dict[str, Any]:
        pa = arrow()
        columns = self.columns
        named = {
            "verdicts": VERDICTS,
            "levels": LEVELS,
            "causes": columns.causes,
            "remedies": columns.remedies,
            "statuses": STATUSES[:2],
            "fields": tuple(self.fields),
            "rules": self.listed,
        }
        return {name: pa.array(list(words), type=pa.string()) for name, words in named.items()}

    @cached_property
    def schema(self) -> pa.Schema:
        """Names, types and meaning of the columns that are added."""
        pa = arrow()
        small, wide = pa.dictionary(pa.int8(), pa.string()), pa.dictionary(pa.int16(), pa.string())
        made = [("verdict", small), ("severity", small)]
        for number in range(1, self.causes + 1):
            made += [
                (f"cause_{number}", wide),
                (f"probability_{number}", pa.float64()),
                (f"log_odds_{number}", pa.float64()),
            ]
        for number in range(1, self.remedies + 1):
            made += [(f"remedy_{number}", wide), (f"remedy_{number}_status", small)]
        made += [("avoid", wide), ("missing", wide), ("rules", pa.list_(wide)), ("error", pa.string())]
        versions = {
            "diagnose": package.__version__,
            "diagnose.rules": self.base.rules.hash,
            "diagnose.knowledge": self.base.knowledge.hash,
        }
        return pa.schema(made, metadata=versions)

    def _rules(self, judged: Judged, ranking: Sequence[Ranked], bad: NDArray[np.bool_]) -> pa.Array:
        """In each row the verdicts that hold, and the rules that count for or against the causes listed; by id."""
        pa = arrow()
        masks: dict[str, Mask] = {rule.id: judged.fired(rule.id) for rule in self.base.rules.of("verdict")}
        for place, cause in enumerate(self.columns.causes):
            listed: Mask = False
            for ranked in ranking if judged.ranked[cause] is not False else ():
                listed = either(listed, settled(ranked.names == place))
            if listed is not False:
                masks.update({rule: both(mask, listed) for rule, (mask, _) in judged.scores[cause].counted.items()})
        hits: list[tuple[int, Any]] = []
        counts = np.zeros(judged.rows, dtype=np.int32)
        for place, rule in enumerate(self.listed):
            mask = masks.get(rule, False)
            if mask is not False:
                rows = np.flatnonzero(spread(mask, judged.rows))
                counts[rows] += 1
                hits.append((place, rows))
        ends = np.cumsum(counts, dtype=np.int32)
        cursor = ends - counts
        found = np.empty(ends[-1], dtype=np.int16)
        for place, rows in hits:
            found[cursor[rows]] = place
            cursor[rows] += 1
        offsets = np.concatenate((np.zeros(1, dtype=np.int32), ends))
        values = pa.DictionaryArray.from_arrays(pa.array(found), self._names["rules"])
        return pa.ListArray.from_arrays(pa.array(offsets), values, mask=pa.array(bad))

    def _with_kept(self, answer: pa.RecordBatch, sheet: Sheet) -> pa.RecordBatch:
        """The columns that are no fields, before the answer."""
        pa = arrow()
        kept = self.kept
        if kept is None:
            kept = tuple((name, None) for name in self.strangers(list(sheet.columns)))
        if not kept:
            return answer
        arrays = [_kept(pa, sheet.columns.get(name), kind, sheet.rows) for name, kind in kept]
        types = [(name, array.type) for (name, _), array in zip(kept, arrays, strict=True)]
        return pa.RecordBatch.from_arrays([*arrays, *answer.columns], schema=self._schema_with(types))

    def _schema_with(self, kept: Iterable[tuple[str, Any]]) -> pa.Schema:
        """The schema with columns that are passed on; one that is named like a part of the answer is renamed."""
        pa = arrow()
        types = dict(kept)
        fields = []
        for name, kind in types.items():
            free = name
            while free in self.schema.names or (free != name and free in types):
                free = f"input_{free}"
            fields.append(pa.field(free, kind))
        return pa.schema([*fields, *self.schema], metadata=self.schema.metadata)

    @property
    def full_schema(self) -> pa.Schema:
        """The schema of the answer when it is said which columns are passed on."""
        return self._schema_with(self.kept or ())

    # --- many parts

    def answers(self, sheets: Iterable[Sheet], threads: int = 1) -> Iterator[pa.RecordBatch]:
        """The diagnoses of many parts, in their order; a few parts are held at a time."""
        if threads <= 1:
            yield from map(self.answer, sheets)
            return
        with ThreadPoolExecutor(threads) as pool:
            yield from in_turn(pool.submit, self.answer, sheets, 2 * threads)

    def case(self, sheet: Sheet, row: int) -> Case:
        """The case in a row. Raises CaseError with its mistakes, UsageError when there is no such row."""
        if not isinstance(row, int) or not 0 <= row < sheet.rows:
            raise UsageError(f"there is no row {row}: the table has {sheet.rows}, counted from 0")
        sources = self.sources(list(sheet.columns))
        part = sheet.part(row, 1)
        found: dict[str, Any] = {name: value for name, (value, _) in self.constants.items()}
        problems = []
        for name, source in sources.items():
            try:
                found[name] = self.readers[name].value(cells(part.columns[source])[0])
            except QuantityError as error:
                found[name] = error
                problems.append(Problem(error.message, field=name, hint=error.hint))
        problems += missing({name for name, value in found.items() if value is not None})
        if problems:
            raise CaseError(in_order(problems))
        return Case(**found)


def in_turn(
    submit: Callable[..., Any], function: Callable[[Any], Any], items: Iterable[Any], most: int
) -> Iterator[Any]:
    """Results in the order of the items, with at most so many of them under way."""
    waiting = iter(items)
    running = [submit(function, item) for item in islice(waiting, most)]
    while running:
        done = running.pop(0).result()
        running += [submit(function, item) for item in islice(waiting, 1)]
        yield done


def _lacking() -> Iterator[tuple[tuple[str, ...], Problem]]:
    """What a case cannot do without, and the mistake of leaving it out."""
    problems = {problem.field: problem for problem in missing(())}
    for choice in ONE_OF:
        yield choice, problems[choice[0]]


def _at(column: Column | None, row: int) -> bool:
    if column is None:
        return False
    mask = known(column)
    return mask if isinstance(mask, bool) else bool(mask[row])


def _told(problems: Sequence[Problem] | None) -> str | None:
    return None if problems is None else " | ".join(str(problem) for problem in in_order(problems))


def _coded(codes: NDArray[Any], words: Any, bad: NDArray[np.bool_]) -> Any:
    pa = arrow()
    return pa.DictionaryArray.from_arrays(pa.array(codes, mask=bad | (codes == NOBODY)), words)


def _kept(pa: Any, raw: Any, kind: Any, rows: int) -> Any:
    """A column that is passed on, with its type when that is known; empty where the table lacks it.

    What is still a list holds values of several types or of one that Arrow lacks, and is passed on as text.
    """
    if raw is None:
        return pa.nulls(rows, kind)
    if isinstance(raw, list):
        made = pa.array([None if value is None else _written(value) for value in raw], type=pa.string())
    else:
        made = raw if isinstance(raw, pa.Array) else pa.array(raw, from_pandas=True)
    return made if kind is None or made.type == kind else made.cast(kind, safe=False)


def _written(value: Any) -> str:
    """A value as text that may be stored: half a surrogate pair, which may not, is spelled out."""
    return str(value).encode("utf-8", "backslashreplace").decode()


def diagnose_many(
    table: Any,
    *,
    overlays: Iterable[Path | str] = (),
    base: Base | None = None,
    profile: Profile | None = None,
    causes: int = 3,
    remedies: int = 3,
    keep: bool = True,
    threads: int = 1,
) -> pa.Table:
    """Diagnose every row of a table: pandas, polars, Arrow, a mapping of columns, or any iterable of cases.

    Returns an Arrow table with the rows in their order: the columns that are no fields of a case (`keep`), verdict,
    severity, the first `causes` with probability and log-odds in decibans, the first `remedies`, the contraindicated
    remedy one would reach for first (`avoid`), the field `missing` most, the `rules` that decided, and `error` for rows
    that could not be judged. Raises DataError for a table whose columns are not those needed, UsageError for what is no
    table, and the errors of `load`.
    """
    pa = arrow()
    diagnoser = TableDiagnoser(base or load(overlays), profile, causes, remedies, keep)
    return pa.Table.from_batches(list(diagnoser.answers(sheet_of(table).blocks(), threads)))


def diagnose_batches(batches: Iterable[pa.RecordBatch], **options: Any) -> Iterator[pa.RecordBatch]:
    """Diagnose record batches one by one, in bounded memory; options as for `diagnose_many`.

    It is a plain function of batches to batches, as Spark's `mapInArrow`, Ray and others want it.
    """
    overlays, threads = options.pop("overlays", ()), options.pop("threads", 1)
    diagnoser = TableDiagnoser(options.pop("base", None) or load(overlays), **options)
    yield from diagnoser.answers((part for batch in batches for part in sheet_of(batch).blocks()), threads)


def explain(table: Any, row: int, *, base: Base | None = None, **options: Any) -> Report:
    """The full report of one row of a table, counted from 0, through `diagnose()`; options as for `diagnose_many`.

    Raises CaseError with the mistakes in the row, UsageError when there is no such row, DataError, and the errors of
    `load`.
    """
    from diagnose.diagnosis import diagnose

    overlays, _ = options.pop("overlays", ()), options.pop("threads", 1)
    base = base or load(overlays)
    diagnoser = TableDiagnoser(base, **options)
    return diagnose(diagnoser.case(sheet_of(table), row), base=base)
