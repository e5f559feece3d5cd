"""Where the rows of a batch come from: files of several formats, cut into parts that can be read on their own.

A part is a range of rows of a Parquet or Arrow file, or a range of bytes of a text file that begins and ends with a
row. Whoever reads it needs the file and nothing of what was read before, so parts can be spread over processes and
machines.
"""

from __future__ import annotations

import codecs
import csv
import glob
import io
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from diagnose.errors import FileError, Problem, UsageError, did_you_mean
from diagnose.many import BLOCK, Sheet, arrow

# So many rows, or bytes of text, are one part: what is lost at most when a worker is killed.
PART_ROWS = 2 * BLOCK
PART_BYTES = 16_000_000
FORMATS = {
    ".parquet": "parquet",
    ".pq": "parquet",
    ".csv": "csv",
    ".tsv": "csv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".arrow": "arrow",
    ".feather": "arrow",
    ".ipc": "arrow",
}
SEPARATORS = (",", ";", "\t", "|")


@dataclass(frozen=True)
class TextOptions:
    """How text files are written; an empty separator is found from the first line."""

    separator: str = ""
    encoding: str = "utf-8"


@dataclass(frozen=True)
class Input:
    """A file as it was found: its identity, and the values that the names of its folders give (`line=7`)."""

    path: str
    kind: str
    size: int
    changed: int
    folders: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Part:
    """Rows (Parquet, Arrow) or bytes (text) from `start` up to `stop` of a file; `columns` are named in a header."""

    input: Input
    index: int
    start: int
    stop: int
    columns: tuple[str, ...] = ()
    separator: str = ""
    encoding: str = "utf-8"

    def __str__(self) -> str:
        unit = "rows" if self.input.kind in ("parquet", "arrow") else "bytes"
        return f"{self.input.path}: {unit} {self.start} to {self.stop}"


@dataclass(frozen=True)
class Layout:
    """What a file holds: its columns with their Arrow types, and its parts."""

    input: Input
    columns: tuple[tuple[str, Any], ...]
    parts: tuple[Part, ...]


# --- finding files


def inputs(names: Iterable[str]) -> list[Input]:
    """The files that are meant: files, folders (searched through) and patterns. Raises UsageError and FileError."""
    found: list[Input] = []
    problems: list[Problem] = []
    for name in names:
        path = Path(name)
        if path.is_dir():
            files = [each for each in sorted(path.rglob("*")) if _is_table(each, path)]
            if not files:
                problems.append(Problem("holds no table", file=name, hint=f"Tables end in {', '.join(FORMATS)}."))
            found += [_input(each, path) for each in files]
        elif path.exists():
            if path.suffix.lower() not in FORMATS:
                raise UsageError(f"{name} is no table that can be read. Tables end in {', '.join(FORMATS)}.")
            found.append(_input(path, path.parent))
        elif glob.has_magic(name):
            files = [Path(each) for each in sorted(glob.glob(name, recursive=True))]
            files = [each for each in files if _is_table(each, each.parent)]
            if not files:
                problems.append(Problem("matches no table", file=name))
            found += [_input(each, Path(name.split("*")[0]).parent) for each in files]
        else:
            near = did_you_mean(path.name, _neighbours(path))
            problems.append(Problem("there is no such file or folder", file=name, hint=near))
    if problems:
        raise FileError(problems)
    return list(dict.fromkeys(found))


def _neighbours(path: Path) -> list[str]:
    try:
        return [each.name for each in path.parent.iterdir()]
    except OSError:
        return []


def _is_table(path: Path, root: Path) -> bool:
    """Whether a file of a folder is a table; names that begin with _ or . belong to programs."""
    below = path.relative_to(root).parts
    return path.suffix.lower() in FORMATS and path.is_file() and not any(each[0] in "._" for each in below)


def _input(path: Path, root: Path) -> Input:
    about = path.stat()
    between = path.parent.relative_to(root).parts if path.is_relative_to(root) else ()
    pairs = [each.split("=", 1) for each in between if "=" in each]
    folders = tuple((name, value) for name, value in pairs)
    return Input(str(path.absolute()), FORMATS[path.suffix.lower()], about.st_size, about.st_mtime_ns, folders)


# --- cutting them into parts


def layout(source: Input, options: TextOptions) -> Layout:
    """Columns and parts of a file. Raises FileError when it cannot be read."""
    pa = arrow()
    if source.size == 0:
        raise FileError([Problem("is empty", file=source.path, hint="Take the file out, or write something in it.")])
    try:
        made = {"parquet": _parquet, "arrow": _ipc, "csv": _csv, "jsonl": _jsonl}[source.kind](source, options)
    except (pa.ArrowException, OSError) as error:
        raise FileError([unreadable(source.path, error)]) from None
    folders = tuple((name, pa.string()) for name, _ in source.folders if name not in dict(made.columns))
    return Layout(source, (*made.columns, *folders), made.parts)


def unreadable(path: str, error: Exception) -> Problem:
    """The mistake of a file that is broken or may not be read."""
    said = (str(error).strip().splitlines() or ["no reason given"])[0][:200].rstrip(".")
    return Problem(f"cannot be read ({said})", file=path, hint="Is it complete? Write it again, or take it out.")


def _by_rows(source: Input, rows: int, columns: Iterable[tuple[str, Any]]) -> Layout:
    parts = tuple(
        Part(source, index, start, min(start + PART_ROWS, rows))
        for index, start in enumerate(range(0, rows, PART_ROWS))
    )
    return Layout(source, tuple(columns), parts)


def _parquet(source: Input, options: TextOptions) -> Layout:
    import pyarrow.parquet as pq

    with pq.ParquetFile(source.path) as file:
        schema = file.schema_arrow
        return _by_rows(source, file.metadata.num_rows, zip(schema.names, schema.types, strict=True))


def _ipc(source: Input, options: TextOptions) -> Layout:
    pa = arrow()
    with pa.memory_map(source.path) as mapped:
        batches, schema = _ipc_batches(mapped)
        rows = sum(batch.num_rows for batch in batches)
    return _by_rows(source, rows, zip(schema.names, schema.types, strict=True))


def _ipc_batches(mapped: Any) -> tuple[Iterator[Any], Any]:
    """The record batches of an Arrow file or stream, which are not copied, and their schema."""
    pa = arrow()
    try:
        file = pa.ipc.open_file(mapped)
    except pa.ArrowInvalid:
        mapped.seek(0)
        stream = pa.ipc.open_stream(mapped)
        return iter(stream), stream.schema
    return (file.get_batch(number) for number in range(file.num_record_batches)), file.schema


def _csv(source: Input, options: TextOptions) -> Layout:
    pa = arrow()
    with open(source.path, "rb") as file:
        first = _first_row(file)
        try:
            header = first.decode(options.encoding).removeprefix("\N{ZERO WIDTH NO-BREAK SPACE}")
        except (UnicodeDecodeError, LookupError):
            header = ""
            file.seek(0)
        separator = options.separator or max(SEPARATORS, key=header.count)
        names = tuple(name.strip() for name in next(csv.reader(io.StringIO(header), delimiter=separator), []))
        ends = _row_ends(file, source, options.encoding, quotes=True)
        parts = _by_bytes(source, len(first), ends, names, separator, options.encoding)
    return Layout(source, tuple((name, pa.string()) for name in names), parts)


def _jsonl(source: Input, options: TextOptions) -> Layout:
    pa = arrow()
    with open(source.path, "rb") as file:
        parts = _by_bytes(source, 0, _row_ends(file, source, options.encoding, quotes=False), (), "", options.encoding)
    names: dict[str, None] = {}
    for part in parts:
        for row in _json_rows(part):
            if isinstance(row, dict):
                names.update(dict.fromkeys(row))
    return Layout(source, tuple((name, pa.string()) for name in names), parts)


def _by_bytes(
    source: Input, start: int, ends: Iterator[int], names: tuple[str, ...], separator: str, encoding: str
) -> tuple[Part, ...]:
    parts: list[Part] = []
    for end in ends:
        parts.append(Part(source, len(parts), start, end, names, separator, encoding))
        start = end
    return tuple(parts)


def _row_ends(file: Any, source: Input, encoding: str, quotes: bool) -> Iterator[int]:
    """Places at which a row ends, about PART_BYTES apart, from where the file stands; the last one is its end.

    A line break inside quotes ends no row. Raises FileError at text that is not in its encoding.
    """
    try:
        decoder = codecs.getincrementaldecoder(encoding)()
    except LookupError:
        raise UsageError(f"there is no encoding {encoding!r}. Usual ones are utf-8, latin-1 and cp1252.") from None
    at = last = file.tell()
    seen = 0
    while chunk := file.read(PART_BYTES):
        try:
            decoder.decode(chunk)
        except UnicodeDecodeError as error:
            file.seek(0)
            line = file.read(at + error.start).count(b"\n") + 1
            hint = "Give its encoding, as in --encoding latin-1."
            raise FileError([Problem(f"is not {encoding} text", file=source.path, line=line, hint=hint)]) from None
        seen += chunk.count(b'"')
        before, end = seen, len(chunk)
        while (place := chunk.rfind(b"\n", 0, end)) >= 0:
            before -= chunk.count(b'"', place, end)
            if not quotes or before % 2 == 0:
                last = at + place + 1
                yield last
                break
            end = place
        at += len(chunk)
    if at > last:
        yield at


def _first_row(file: Any) -> bytes:
    """The header of a text table, in which names may be quoted."""
    line: bytes = file.readline()
    while line.count(b'"') % 2 and (more := file.readline()):
        line += more
    return line


# --- reading a part


def sheets(part: Part) -> Iterator[Sheet]:
    """The rows of a part, some at a time. Raises FileError when they cannot be read."""
    pa = arrow()
    readers = {"parquet": _read_parquet, "arrow": _read_ipc, "csv": _read_csv, "jsonl": _read_jsonl}
    try:
        for sheet in readers[part.input.kind](part):
            extra = {name: [value] * sheet.rows for name, value in part.input.folders if name not in sheet.columns}
            yield Sheet({**sheet.columns, **extra}, sheet.rows, sheet.flaws)
    except (pa.ArrowException, OSError) as error:
        raise FileError([unreadable(str(part), error)]) from None


def _blocks(batches: Iterable[Any]) -> Iterator[Sheet]:
    """Batches of any size as sheets of BLOCK rows; the last one is what is left."""
    pa = arrow()
    held: list[Any] = []
    rows = 0
    for batch in batches:
        while batch.num_rows:
            some = batch.slice(0, BLOCK - rows)
            held.append(some)
            rows += some.num_rows
            batch = batch.slice(some.num_rows)
            if rows == BLOCK:
                yield _sheet(pa.Table.from_batches(held))
                held, rows = [], 0
    if held:
        yield _sheet(pa.Table.from_batches(held))


def _sheet(table: Any) -> Sheet:
    columns = dict(zip(table.schema.names, table.columns, strict=True))
    return Sheet(columns, table.num_rows).part(0, table.num_rows)


def _read_parquet(part: Part) -> Iterator[Sheet]:
    import pyarrow.parquet as pq

    with pq.ParquetFile(part.input.path) as file:
        groups: list[int] = []
        first = at = 0
        for number in range(file.num_row_groups):
            rows = file.metadata.row_group(number).num_rows
            if at < part.stop and at + rows > part.start:
                first = at if not groups else first
                groups.append(number)
            at += rows
        yield from _blocks(_cut(file.iter_batches(BLOCK, row_groups=groups), part.start - first, part.stop - first))


def _read_ipc(part: Part) -> Iterator[Sheet]:
    with arrow().memory_map(part.input.path) as mapped:
        batches, _ = _ipc_batches(mapped)
        yield from _blocks(_cut(batches, part.start, part.stop))


def _cut(batches: Iterable[Any], start: int, stop: int) -> Iterator[Any]:
    """The rows from start up to stop."""
    at = 0
    for batch in batches:
        if at >= stop:
            return
        low, high = max(start - at, 0), min(stop - at, batch.num_rows)
        if low < high:
            yield batch.slice(low, high - low)
        at += batch.num_rows


def _bytes(part: Part) -> bytes:
    with open(part.input.path, "rb") as file:
        file.seek(part.start)
        raw = file.read(part.stop - part.start)
    return raw if part.encoding.lower() in ("utf-8", "utf8") else raw.decode(part.encoding).encode()


def _read_csv(part: Part) -> Iterator[Sheet]:
    pa = arrow()
    import pyarrow.csv as reader

    ragged: dict[int, Problem] = {}

    def note(row: Any) -> str:
        hint = "Is there a separator in a cell? Put the cell in quotes."
        message = f"the row has {row.actual_columns} cells, the header {row.expected_columns}"
        ragged[row.number - 1] = Problem(message, hint=hint)
        return "skip"

    text = pa.string()
    names = list(part.columns)
    raw = _bytes(part)
    table = reader.read_csv(
        pa.BufferReader(raw),
        read_options=reader.ReadOptions(column_names=names, use_threads=False, block_size=len(raw) + 1),
        parse_options=reader.ParseOptions(delimiter=part.separator, newlines_in_values=True, invalid_row_handler=note),
        convert_options=reader.ConvertOptions(column_types=dict.fromkeys(names, text), strings_can_be_null=False),
    )
    rows = table.num_rows + len(ragged)
    if ragged:
        right = iter(range(table.num_rows))
        table = table.take(pa.array([None if row in ragged else next(right) for row in range(rows)], type=pa.int64()))
    yield from Sheet(_sheet(table).columns, rows, ragged).blocks()


def _json_rows(part: Part) -> Iterator[Any]:
    """Each line as data, or the mistake in it; blank lines are no rows."""
    for line in _bytes(part).splitlines():
        if line.strip():
            try:
                row = json.loads(line)
            except (ValueError, RecursionError) as error:
                yield Problem(f"the line is not JSON ({error})"[:120], hint="Write one object on each line.")
                continue
            yield row if isinstance(row, dict) else Problem("the line is no object", hint='Write {"field": value}.')


def _read_jsonl(part: Part) -> Iterator[Sheet]:
    rows = list(_json_rows(part))
    flaws = {number: row for number, row in enumerate(rows) if isinstance(row, Problem)}
    empty: Mapping[str, Any] = {}
    data = [empty if isinstance(row, Problem) else row for row in rows]
    names = dict.fromkeys(name for row in data for name in row)
    yield from Sheet({name: [row.get(name) for row in data] for name in names}, len(rows), flaws).blocks()
