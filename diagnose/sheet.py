"""Tables of all kinds as one: columns by name, as they came, and the number of rows."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Set
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from diagnose.case import Case
from diagnose.errors import DataError, Problem, UsageError

# Rows that are judged together: enough that Python's own time does not count, few enough to stay near the processor.
BLOCK = 65_536


def arrow() -> Any:
    """pyarrow. Raises UsageError naming the line that installs it."""
    try:
        import pyarrow
    except ImportError:
        raise UsageError('tables need pyarrow. Install it with: pip install "ssb-diagnose[batch]"') from None
    return pyarrow


@dataclass(frozen=True)
class Sheet:
    """Columns of a table by name, each a numpy array, an Arrow array or a list; and the number of rows.

    `flaws` are rows that could not even be read.
    """

    columns: Mapping[str, Any]
    rows: int
    flaws: Mapping[int, Problem] = field(default_factory=dict)

    def part(self, start: int, rows: int) -> Sheet:
        """Some consecutive rows."""
        rows = max(0, min(rows, self.rows - start))
        flaws = {row - start: problem for row, problem in self.flaws.items() if start <= row < start + rows}
        return Sheet({name: _slice(raw, start, rows) for name, raw in self.columns.items()}, rows, flaws)

    def blocks(self) -> Iterator[Sheet]:
        """All rows, BLOCK at a time; a table without rows is one block without rows."""
        for start in range(0, max(self.rows, 1), BLOCK):
            yield self.part(start, BLOCK)


def _slice(raw: Any, start: int, rows: int) -> Any:
    if isinstance(raw, (np.ndarray, list)):
        return raw[start : start + rows]
    part = raw.slice(start, rows)
    if not hasattr(part, "num_chunks"):
        return part
    return part.chunk(0) if part.num_chunks == 1 else part.combine_chunks()


def sheet_of(table: Any) -> Sheet:
    """Any table as a sheet. Raises UsageError for what is no table."""
    pa = arrow()
    if isinstance(table, Sheet):
        return table
    if isinstance(table, (pa.Table, pa.RecordBatch)):
        return _sheet(zip(table.schema.names, table.columns, strict=True), table.num_rows)
    if isinstance(table, Mapping):
        columns = [(name, _raw(name, values)) for name, values in table.items()]
        lengths = {name: len(values) for name, values in columns}
        if len(set(lengths.values())) > 1:
            told = ", ".join(f"{name} {length}" for name, length in lengths.items())
            raise UsageError(f"the columns of a table must be equally long ({told})")
        return _sheet(columns, next(iter(lengths.values()), 0))
    if hasattr(table, "iloc") and hasattr(table, "columns"):
        places = range(len(table.columns))
        columns = [(table.columns[place], _raw(table.columns[place], table.iloc[:, place])) for place in places]
        return _sheet(columns, len(table))
    if hasattr(table, "get_columns"):
        return _sheet(((each.name, _raw(each.name, each)) for each in table.get_columns()), len(table))
    no_table = f"{type(table).__name__} is not a table. Give a data frame, an Arrow table, columns or cases."
    if hasattr(table, "__arrow_c_stream__"):
        try:
            return sheet_of(pa.table(table))
        except pa.ArrowException as error:
            raise UsageError(f"{no_table} ({error})") from None
    if isinstance(table, Iterable) and not isinstance(table, (str, bytes)):
        rows = [each.known() if isinstance(each, Case) else each for each in table]
        if all(isinstance(each, Mapping) for each in rows):
            names = dict.fromkeys(name for each in rows for name in each)
            return _sheet(((name, _raw(name, [each.get(name) for each in rows])) for name in names), len(rows))
    raise UsageError(no_table)


def _sheet(columns: Iterable[tuple[Any, Any]], rows: int) -> Sheet:
    """Columns by name. Raises DataError when two have the same name; 1 and "1" are the same."""
    made: dict[str, Any] = {}
    doubled: dict[str, None] = {}
    for name, values in columns:
        if str(name) in made:
            doubled[str(name)] = None
        made[str(name)] = values
    if doubled:
        raise DataError(Problem(f"there are two columns {name!r}", hint="Rename one of them.") for name in doubled)
    return Sheet(made, rows)


def _raw(name: Any, values: Any) -> Any:
    """A column of a data frame or mapping: an Arrow or numpy array where it is of one type, else a list.

    Raises UsageError for what is no column.
    """
    pa = arrow()
    if isinstance(values, (pa.Array, pa.ChunkedArray)):
        return values
    if hasattr(values, "to_arrow"):
        # What polars has and Arrow lacks; objects would even cross as their addresses.
        lacking = str(values.dtype) in ("Object", "Int128", "UInt128")
        return _raw(name, values.to_list() if lacking else values.to_arrow())
    several = isinstance(values, Iterable) and not isinstance(values, (str, bytes, Mapping, Set))
    if not several or getattr(values, "ndim", 1) != 1:
        raise UsageError(f"column {name!r} is no list of values. What holds in all rows may be given as a constant.")
    if isinstance(values, np.ma.MaskedArray):
        gone = np.ma.getmaskarray(values)
        values = [None if each else value for value, each in zip(values.data, gone, strict=True)]
    kind = getattr(getattr(values, "dtype", None), "kind", "O")
    if kind in ("f", "i", "u"):
        values = getattr(values, "values", values)
        if isinstance(values, np.ndarray):
            # Arrow knows neither the other order of bytes nor floats of more than 8.
            return values.astype(f"{kind}{min(values.dtype.itemsize, 8)}", copy=False)
    for attempt in (values, list(values)) if hasattr(values, "dtype") else (list(values),):
        try:
            made = pa.array(attempt, from_pandas=True)
        except (pa.ArrowException, TypeError, ValueError, OverflowError):
            continue
        if kind != "O" or not _taken_for_another(made.type, attempt):
            return made
    return attempt


def _taken_for_another(made: Any, values: Any) -> bool:
    """Whether Arrow made values of one type of several: 1 of True among floats, bytes of text among bytes."""
    types = arrow().types
    lost: set[type] = {bool, np.bool_} if types.is_floating(made) else {str} if types.is_binary(made) else set()
    return bool(lost) and not lost.isdisjoint(map(type, values))


def plain_type(kind: Any) -> Any:
    """A type with words in place of Arrow dictionaries, which not every program knows, also in lists."""
    pa = arrow()
    if pa.types.is_dictionary(kind):
        return kind.value_type
    # A list without dictionaries stays the very type it is, with the name of its items.
    inner = plain_type(kind.value_type) if pa.types.is_list(kind) else None
    return kind if inner is None or inner == kind.value_type else pa.list_(inner)


def as_texts(column: Any) -> Any:
    """A column as text; what is no single value is written as JSON."""
    pa = arrow()
    if not isinstance(column, list):
        try:
            return column.cast(pa.string())
        except pa.ArrowException:
            column = column.to_pylist()
    return pa.array([_text(value) for value in column], type=pa.string())


def _text(value: Any) -> str | None:
    if isinstance(value, (dict, list, tuple, bool)):
        return json.dumps(value, ensure_ascii=False, default=str)
    if isinstance(value, bytes):
        return value.decode(errors="backslashreplace")
    return None if value is None else str(value)
