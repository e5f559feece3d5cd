"""Where the rows of a batch come from: files of several formats, cut into parts that can be read on their own.

A part is a range of rows of a Parquet or Arrow file, or a range of bytes of a text file that begins and ends with a
row. Whoever reads it needs the file and nothing of what was read before, so parts can be spread over processes and
machines.
"""

from __future__ import annotations

import codecs
import glob
import json
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import numpy as np
from numpy.typing import NDArray

from diagnose.data import EMPTY
from diagnose.errors import FileError, Problem, UsageError, did_you_mean
from diagnose.sheet import BLOCK, Sheet, arrow

# So many rows, or bytes of text, are one part: what is lost at most when a worker is killed.
PART_ROWS = 2 * BLOCK
PART_BYTES = 16_000_000
# What is longer is no row, and no header: a part must fit in memory. So many columns are data in the place of names.
LONGEST_ROW = 256_000_000
LONGEST_HEADER = 1_000_000
MOST_COLUMNS = 10_000
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
BY_ROWS = ("parquet", "arrow")
SEPARATORS = (",", ";", "\t", "|")
BOM = "\N{ZERO WIDTH NO-BREAK SPACE}"
# What Hive and Spark name the folder of rows that have no value.
NO_VALUE = "__HIVE_DEFAULT_PARTITION__"


# Rows of a table, and what gets them.
Piece = tuple[int, Callable[[], Any]]


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
    folders: tuple[tuple[str, str | None], ...] = ()


@dataclass(frozen=True)
class Part:
    """Rows (Parquet, Arrow) or bytes (text) from `start` up to `stop` of a file; `columns` are those of a text file."""

    input: Input
    index: int
    start: int
    stop: int
    columns: tuple[str, ...] = ()
    separator: str = ""
    encoding: str = "utf-8"

    def __str__(self) -> str:
        unit = "rows" if self.input.kind in BY_ROWS else "bytes"
        return f"{self.input.path}: {unit} {self.start} to {self.stop}"


@dataclass(frozen=True)
class Layout:
    """What a file holds: its columns with their Arrow types, and its parts."""

    input: Input
    columns: tuple[tuple[str, Any], ...]
    parts: tuple[Part, ...]


# --- finding files


def inputs(names: Iterable[str]) -> list[Input]:
    """The files that are meant, each once: files, folders (searched through) and patterns.

    Raises UsageError and FileError.
    """
    found: dict[Path, Input] = {}
    problems: list[Problem] = []
    for name in names:
        path = Path(name)
        chosen, lacking = [path], "holds no table"
        if not path.exists():
            if not glob.has_magic(name):
                near = did_you_mean(path.name, _neighbours(path))
                problems.append(Problem("there is no such file or folder", file=name, hint=near))
                continue
            chosen, lacking = sorted(map(Path, glob.glob(name, recursive=True))), "matches no table"
        elif not path.is_dir() and path.suffix.lower() not in FORMATS:
            raise UsageError(f"{name} is no table that can be read. Tables end in {', '.join(FORMATS)}.")
        files = [file for each in chosen for file in _tables(each)]
        if not files:
            problems.append(Problem(lacking, file=name, hint=f"Tables end in {', '.join(FORMATS)}."))
        for file in files:
            found.setdefault(file.resolve(), _input(file))
    if problems:
        raise FileError(problems)
    return list(found.values())


def _neighbours(path: Path) -> list[str]:
    try:
        return [each.name for each in path.parent.iterdir()]
    except OSError:
        return []


def _tables(path: Path) -> list[Path]:
    """A table itself, or those in a folder, where names that begin with _ or . belong to programs."""
    if not path.is_dir():
        return [path] if path.suffix.lower() in FORMATS else []
    return [
        each
        for each in sorted(path.rglob("*"))
        if each.suffix.lower() in FORMATS
        and each.is_file()
        and not any(part[0] in "._" for part in each.relative_to(path).parts)
    ]


def _input(path: Path) -> Input:
    about, path = path.stat(), path.absolute()
    # All folders count, however the file was named: a shell turns data/line=* into the folders below data.
    pairs = [each.split("=", 1) for each in path.parent.parts if "=" in each]
    folders = {unquote(name): None if value == NO_VALUE else unquote(value) for name, value in pairs}
    return Input(str(path), FORMATS[path.suffix.lower()], about.st_size, about.st_mtime_ns, tuple(folders.items()))


# --- cutting them into parts


def layout(source: Input, options: TextOptions) -> Layout:
    """Columns and parts of a file. Raises FileError when it cannot be read."""
    pa = arrow()
    if source.size == 0:
        raise FileError([_empty(source)])
    try:
        made = {"parquet": _parquet, "arrow": _ipc, "csv": _csv, "jsonl": _jsonl}[source.kind](source, options)
    except (pa.ArrowException, OSError, ValueError) as error:
        # A ValueError: a name that is no text.
        raise FileError([unreadable(source.path, error)]) from None
    folders = tuple((name, pa.string()) for name, _ in source.folders if name not in dict(made.columns))
    return Layout(source, (*made.columns, *folders), made.parts)


def _empty(source: Input) -> Problem:
    return Problem("is empty", file=source.path, hint=EMPTY)


def unreadable(path: str, error: Exception) -> Problem:
    """The mistake of a file that is broken or may not be read."""
    said = (str(error).strip().splitlines() or ["no reason given"])[0][:200].rstrip(".")
    return Problem(f"cannot be read ({said})", file=path, hint="Is it complete? Write it again, or take it out.")


def _by_rows(source: Input, rows: int, columns: Iterable[tuple[str, Any]]) -> Layout:
    starts = range(0, max(rows, 1), PART_ROWS)
    parts = tuple(Part(source, index, start, min(start + PART_ROWS, rows)) for index, start in enumerate(starts))
    return Layout(source, tuple(columns), parts)


def _parquet(source: Input, options: TextOptions) -> Layout:
    import pyarrow.parquet as pq

    with pq.ParquetFile(source.path) as file:
        schema = file.schema_arrow
        return _by_rows(source, file.metadata.num_rows, zip(schema.names, schema.types, strict=True))


def _ipc(source: Input, options: TextOptions) -> Layout:
    with arrow().memory_map(source.path) as mapped:
        schema, pieces = _pieces(mapped)
        rows = sum(rows for rows, _ in pieces)
    return _by_rows(source, rows, zip(schema.names, schema.types, strict=True))


def _pieces(mapped: Any) -> tuple[Any, Iterator[Piece]]:
    """The schema of an Arrow file or stream, and its record batches."""
    pa = arrow()
    try:
        file = pa.ipc.open_file(mapped)
    except pa.ArrowInvalid:
        mapped.seek(0)
        stream = pa.ipc.open_stream(mapped)
        return stream.schema, map(_piece, stream)
    # Compressed batches are opened by what gets them: to count rows, one column is enough.
    slim = pa.ipc.open_file(mapped, options=pa.ipc.IpcReadOptions(included_fields=[0]))
    places = range(file.num_record_batches)
    return file.schema, ((slim.get_batch(place).num_rows, partial(file.get_batch, place)) for place in places)


def _piece(batch: Any) -> Piece:
    return batch.num_rows, lambda: batch


def _csv(source: Input, options: TextOptions) -> Layout:
    pa = arrow()
    import pyarrow.csv as reader

    encoding = _encoding(options.encoding)
    with open(source.path, "rb") as file:
        first, skipped = _header(file, source, options.separator or "".join(SEPARATORS))
        try:
            header = first.decode(encoding)
        except UnicodeDecodeError:
            raise FileError([_no_text(source, encoding, 1 + skipped)]) from None
        bare = re.sub('"[^"]*"', "", header).rstrip("\r\n")
        if "\r" in bare:
            hint = "Write it with line feeds (LF or CR LF)."
            raise FileError([Problem("has lines that end in carriage returns alone", file=source.path, hint=hint)])
        if not header.strip():
            raise FileError([_empty(source)])
        separator = options.separator or max(SEPARATORS, key=bare.count)
        named = reader.read_csv(
            pa.BufferReader(header.encode()),
            parse_options=reader.ParseOptions(delimiter=separator, newlines_in_values=True),
        ).column_names
        names = tuple(name.strip() for name in named)
        lines = skipped + first.count(b"\n")
        ends = _row_ends(file, source, encoding, lines, _Quotes(separator))
        parts = _by_bytes(source, file.tell(), ends, names, separator, encoding)
    return Layout(source, tuple((name, pa.string()) for name in names), parts)


def _jsonl(source: Input, options: TextOptions) -> Layout:
    pa = arrow()
    encoding = _encoding(options.encoding)
    with open(source.path, "rb") as file:
        parts = _by_bytes(source, 0, _row_ends(file, source, encoding, 0), (), "", encoding)
    names: dict[str, None] = {}
    blank = True
    for part in parts:
        for row in _json_rows(part):
            blank = False
            if isinstance(row, dict):
                names.update(dict.fromkeys(row))
        if len(names) > MOST_COLUMNS:
            message = f"has more than {MOST_COLUMNS:,} names in its objects"
            raise FileError([Problem(message, file=source.path, hint="Are they data? Give them a field of their own.")])
    if blank:
        raise FileError([_empty(source)])
    # Each part tells all names: what a table lacks must not depend on where it was cut.
    parts = tuple(replace(part, columns=tuple(names)) for part in parts)
    return Layout(source, tuple((name, pa.string()) for name in names), parts)


def _encoding(name: str) -> str:
    """The usual name of an encoding. Raises UsageError for what is none, or writes line feeds otherwise than ASCII."""
    usual = "Usual ones are utf-8, latin-1 and cp1252."
    plain = bytes(range(128))
    try:
        found = codecs.lookup(name).name
        # In some encodings bytes of ASCII make up other signs, among them a quote that is none.
        signs = "\N{LATIN SMALL LETTER E WITH ACUTE}\N{CJK UNIFIED IDEOGRAPH-96FB}".encode(found, "ignore")
        fits = plain.decode(found) == plain.decode("ascii") and (not signs or max(signs) > 127)
    except LookupError:
        raise UsageError(f"there is no encoding {name!r}. {usual}") from None
    except ValueError:
        fits = False
    if not fits:
        raise UsageError(f"files in {name} cannot be cut into rows. Write them in utf-8. {usual}")
    return "utf-8" if found == "utf-8-sig" else found


def _no_text(source: Input, encoding: str, line: int) -> Problem:
    hint = "Give its encoding, as in --encoding latin-1."
    return Problem(f"is not {encoding} text", file=source.path, line=line, hint=hint)


def _by_bytes(
    source: Input, start: int, ends: Iterator[int], names: tuple[str, ...], separator: str, encoding: str
) -> tuple[Part, ...]:
    parts: list[Part] = []
    for end in ends:
        parts.append(Part(source, len(parts), start, end, names, separator, encoding))
        start = end
    # A table without rows has a part without rows.
    return tuple(parts) or (Part(source, 0, start, start, names, separator, encoding),)


class _Quotes:
    """Which quotes of a text open and close, as Arrow reads them: one opens only where a cell begins."""

    def __init__(self, separators: str) -> None:
        self.before = np.zeros(256, dtype=bool)
        # After the quote that closes, another one stands for itself, and the cell goes on.
        self.before[list(separators.encode() + b'\r\n"')] = True
        self.inside = False
        self.last = ord("\n")

    def edges(self, chunk: bytes) -> NDArray[np.intp]:
        """The places in the next piece of the text at which quotes open and close in turn."""
        data = np.frombuffer(chunk, dtype=np.uint8)
        places = np.flatnonzero(data == ord('"'))
        before = np.where(places > 0, data[places - 1], self.last)
        if not self.before[before[self.inside :: 2]].all():
            places = self._one_by_one(places, before)
        self.inside ^= bool(len(places) % 2)
        closed = len(places) and places[-1] == len(chunk) - 1
        self.last = 0 if chunk.endswith(b'"') and not closed else chunk[-1]
        return places

    def _one_by_one(self, places: NDArray[np.intp], before: NDArray[np.uint8]) -> NDArray[np.intp]:
        """The edges where some quotes are no edges, as in 5" wafer."""
        inside, edges, last = self.inside, [], -1
        for place, sign in zip(places.tolist(), before.tolist(), strict=True):
            if inside or (self.before[sign] and (sign != ord('"') or place in (0, last + 1))):
                inside, last = not inside, place
                edges.append(place)
        return np.array(edges, dtype=np.intp)


def _header(file: Any, source: Input, separators: str) -> tuple[bytes, int]:
    """The first line of a text table that is not blank, in which names may be quoted; and how many are before it."""
    line, skipped = file.readline(LONGEST_HEADER).removeprefix(BOM.encode()), 0
    while line and not line.strip():
        line, skipped = file.readline(LONGEST_HEADER), skipped + 1
    quotes, header = _Quotes(separators), b""
    while line:
        quotes.edges(line)
        header += line
        line = file.readline(LONGEST_HEADER) if quotes.inside and len(header) < LONGEST_HEADER else b""
    if quotes.inside:
        raise FileError([_not_closed(source, 1 + skipped)])
    if len(header) >= LONGEST_HEADER:
        raise FileError([Problem(f"has a header of more than {LONGEST_HEADER:,} bytes", file=source.path)])
    return header, skipped


def _not_closed(source: Input, line: int) -> Problem:
    hint = "Close it, or take it out."
    return Problem("a quote is opened here and never closed", file=source.path, line=line, hint=hint)


def _row_ends(file: Any, source: Input, encoding: str, lines: int, quotes: _Quotes | None = None) -> Iterator[int]:
    """Places at which a row ends, about PART_BYTES apart, from where the file stands; the last one is its end.

    `lines` are before that. A line break inside quotes ends no row. Raises FileError at text that is not in its
    encoding, and at a quote that is never closed.
    """
    decoder = codecs.getincrementaldecoder(encoding)()
    at = last = file.tell()
    begun = 1
    while True:
        chunk = file.read(PART_BYTES)
        pending = len(decoder.getstate()[0])
        try:
            decoder.decode(chunk, final=not chunk)
        except UnicodeDecodeError as error:
            lines += chunk.count(b"\n", 0, max(error.start - pending, 0)) + 1
            raise FileError([_no_text(source, encoding, lines)]) from None
        if not chunk:
            break
        limits = np.array([] if quotes and quotes.inside else [-1], dtype=np.intp)
        if quotes is not None:
            limits = np.append(limits, edges := quotes.edges(chunk))
            if quotes.inside and len(edges):
                begun = lines + chunk.count(b"\n", 0, int(edges[-1])) + 1
        if len(limits) % 2:
            limits = np.append(limits, len(chunk))
        # Outside of quotes, from the end.
        for low, high in limits.reshape(-1, 2)[::-1]:
            if (place := chunk.rfind(b"\n", int(low) + 1, int(high))) >= 0:
                last = at + place + 1
                yield last
                break
        at += len(chunk)
        lines += chunk.count(b"\n")
        if at - last > LONGEST_ROW:
            break
    if quotes is not None and quotes.inside:
        raise FileError([_not_closed(source, begun)])
    if at - last > LONGEST_ROW:
        raise FileError([Problem(f"has a row of more than {LONGEST_ROW:,} bytes", file=source.path)])
    if at > last:
        yield at


# --- reading a part


def sheets(part: Part) -> Iterator[Sheet]:
    """The rows of a part, some at a time. Raises FileError when they cannot be read."""
    pa = arrow()
    readers = {"parquet": _read_parquet, "arrow": _read_ipc, "csv": _read_csv, "jsonl": _read_jsonl}
    try:
        if Path(part.input.path).stat().st_size != part.input.size:
            hint = "Run again with --resume."
            raise FileError([Problem("was changed while it was worked on", file=part.input.path, hint=hint)])
        rows = 0
        for sheet in readers[part.input.kind](part):
            rows += sheet.rows
            extra = {name: [value] * sheet.rows for name, value in part.input.folders if name not in sheet.columns}
            yield Sheet({**sheet.columns, **extra}, sheet.rows, sheet.flaws)
        if part.input.kind in BY_ROWS and rows != part.stop - part.start:
            raise pa.ArrowInvalid(f"it holds {rows} rows here")
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        raise FileError([unreadable(str(part), error)]) from None


def _blocks(batches: Iterable[Any]) -> Iterator[Sheet]:
    """Batches of any size as sheets of BLOCK rows; the last one is what is left."""
    pa = arrow()
    held: list[Any] = []
    rows = 0
    for batch in batches:
        # What is broken must be found here: text that is none, and places outside of the file.
        batch.validate(full=True)
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
    columns = dict(zip(table.schema.names, map(_whole, table.columns), strict=True))
    return Sheet(columns, table.num_rows)


def _whole(column: Any) -> Any:
    """A column in one piece; where the dictionaries of its pieces are too many words for one, without them."""
    pa = arrow()
    try:
        return column.combine_chunks()
    except pa.ArrowInvalid:
        if not pa.types.is_dictionary(column.type):
            raise
        return column.cast(column.type.value_type).combine_chunks()


def _read_parquet(part: Part) -> Iterator[Sheet]:
    import pyarrow.parquet as pq

    with pq.ParquetFile(part.input.path, page_checksum_verification=True) as file:
        groups: list[int] = []
        first = at = 0
        for number in range(file.num_row_groups):
            rows = file.metadata.row_group(number).num_rows
            if at < part.stop and at + rows > part.start:
                first = at if not groups else first
                groups.append(number)
            at += rows
        if groups:
            pieces = map(_piece, file.iter_batches(BLOCK, row_groups=groups))
            yield from _blocks(_cut(pieces, part.start - first, part.stop - first))


def _read_ipc(part: Part) -> Iterator[Sheet]:
    with arrow().memory_map(part.input.path) as mapped:
        yield from _blocks(_cut(_pieces(mapped)[1], part.start, part.stop))


def _cut(pieces: Iterable[Piece], start: int, stop: int) -> Iterator[Any]:
    """The rows from start up to stop."""
    at = 0
    for rows, batch in pieces:
        low, high = max(start - at, 0), min(stop - at, rows)
        if low < high:
            yield batch().slice(low, high - low)
        at += rows
        if at >= stop:
            return


def _bytes(part: Part) -> bytes:
    with open(part.input.path, "rb") as file:
        file.seek(part.start)
        raw = file.read(part.stop - part.start)
    return raw if part.encoding == "utf-8" else raw.decode(part.encoding).encode()


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
    # After a blank line, which is no row, Arrow takes the bytes that may begin a file for what they are: of a cell.
    raw = b"\n" + _bytes(part)
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
    if rows:
        yield from Sheet(_sheet(table).columns, rows, ragged).blocks()


def _json_rows(part: Part) -> Iterator[dict[str, Any] | Problem]:
    """Each line as data, or the mistake in it; blank lines are no rows."""
    for line in _bytes(part).removeprefix(BOM.encode()).split(b"\n"):
        if line.strip():
            yield _json_row(line)


def _json_row(line: bytes) -> dict[str, Any] | Problem:
    try:
        row = json.loads(line.decode())
        if b"\\u" in line:
            # Half of a surrogate pair is JSON, but no text.
            json.dumps(row, ensure_ascii=False).encode()
    except (ValueError, RecursionError) as error:
        return Problem(f"the line is not JSON ({error})"[:120], hint="Write one object on each line.")
    return row if isinstance(row, dict) else Problem("the line is no object", hint='Write {"field": value}.')


def _read_jsonl(part: Part) -> Iterator[Sheet]:
    lines = _json_rows(part)
    while rows := list(islice(lines, BLOCK)):
        flaws = {number: row for number, row in enumerate(rows) if isinstance(row, Problem)}
        data = [{} if isinstance(row, Problem) else row for row in rows]
        yield Sheet({name: [row.get(name) for row in data] for name in part.columns}, len(rows), flaws)
