"""Where rows come from: files found, cut into parts and read, each row once and in its place."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from linecells import cells, write

import diagnose.source as module
from diagnose.errors import DiagnoseError, FileError, Problem, UsageError
from diagnose.source import Input, Layout, TextOptions, inputs, layout, sheets

LAWS = settings(
    derandomize=True,
    database=None,
    deadline=None,
    max_examples=60,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
FLIPPED = b"\xff\xfe\xfd\xfc"


def laid(path: Path, **options: str) -> Layout:
    """The layout of one file."""
    (source,) = inputs([str(path)])
    return layout(source, TextOptions(**options))


def rows(path: Path, **options: str) -> list[dict[str, Any] | str]:
    """All rows of a file, one that could not be read as its mistake."""
    return rows_of(laid(path, **options))


def rows_of(found: Layout) -> list[dict[str, Any] | str]:
    """All rows, part by part."""
    made: list[dict[str, Any] | str] = []
    for part in found.parts:
        for sheet in sheets(part):
            columns = {name: raw if isinstance(raw, list) else raw.to_pylist() for name, raw in sheet.columns.items()}
            assert {len(values) for values in columns.values()} <= {sheet.rows}
            for row in range(sheet.rows):
                flaw = sheet.flaws.get(row)
                made.append({name: columns[name][row] for name in columns} if flaw is None else flaw.message)
    return made


def told(run: Callable[[], Any]) -> Problem:
    """The one mistake that is told."""
    with pytest.raises(FileError) as caught:
        run()
    (problem,) = caught.value.problems
    return problem


def text(path: Path, content: str | bytes) -> Path:
    """A text file, to the byte."""
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def short(found: Iterable[Input], root: Path) -> list[str]:
    """Names below a folder."""
    return [Path(each.path).relative_to(root).as_posix() for each in found]


# --- finding files


@pytest.mark.parametrize("name", ["cels.csv", "tables/", "more/cells.csv"])
def test_missing_file(tmp_path: Path, name: str) -> None:
    """A file or folder that does not exist is named."""
    problem = told(lambda: inputs([str(tmp_path / name)]))
    assert problem.message == "there is no such file or folder"
    assert problem.file.rstrip("/").endswith(name.rstrip("/"))


def test_missing_file_nearest(tmp_path: Path) -> None:
    """For a missing file the nearest names are offered."""
    text(tmp_path / "cells.csv", "a\n1\n")
    assert told(lambda: inputs([str(tmp_path / "cels.csv")])).hint == "Did you mean cells.csv?"


def test_all_missing_are_told(tmp_path: Path) -> None:
    """Every name without a file is told at once."""
    with pytest.raises(FileError) as caught:
        inputs([str(tmp_path / "one.csv"), str(tmp_path / "no*.csv"), str(tmp_path)])
    assert [problem.message for problem in caught.value.problems] == [
        "there is no such file or folder",
        "matches no table",
        "holds no table",
    ]
    assert ".parquet" in caught.value.problems[2].hint


def test_unknown_suffix(tmp_path: Path) -> None:
    """A file that is named and whose suffix is unknown is refused, and the known ones are told."""
    with pytest.raises(UsageError, match=r"cells\.xlsx is no table that can be read\. Tables end in \.parquet, "):
        inputs([str(text(tmp_path / "cells.xlsx", "x"))])


def test_folder(tmp_path: Path) -> None:
    """A folder gives the tables of all kinds below it, in order; other files and those of programs are passed over."""
    for name in ("b.csv", "a.parquet", "sub/c.JSONL", "_temporary/d.csv", ".hidden/e.csv", "_f.csv", ".g.csv"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        text(tmp_path / name, "x")
    text(tmp_path / "README.md", "x")
    (tmp_path / "folder.csv").mkdir()
    found = inputs([str(tmp_path)])
    assert short(found, tmp_path) == ["a.parquet", "b.csv", "sub/c.JSONL"]
    assert [each.kind for each in found] == ["parquet", "csv", "jsonl"]


def test_pattern(tmp_path: Path) -> None:
    """A pattern gives the tables it matches and those in the folders it matches."""
    for name in ("day1/a.csv", "day2/b.csv", "night/c.csv", "day3.csv", "day4.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        text(tmp_path / name, "x")
    assert short(inputs([str(tmp_path / "day*")]), tmp_path) == ["day1/a.csv", "day2/b.csv", "day3.csv"]
    assert short(inputs([str(tmp_path / "**/[ac].csv")]), tmp_path) == ["day1/a.csv", "night/c.csv"]


def test_named_like_a_pattern(tmp_path: Path) -> None:
    """A file that exists is meant, though its name looks like a pattern."""
    text(tmp_path / "cells[1].csv", "x")
    assert short(inputs([str(tmp_path / "cells[1].csv")]), tmp_path) == ["cells[1].csv"]


def test_named_twice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that is named in several ways is read once."""
    text(tmp_path / "a.csv", "x")
    (tmp_path / "b.csv").symlink_to(tmp_path / "a.csv")
    monkeypatch.chdir(tmp_path)
    assert len(inputs(["a.csv", "a.csv", "./a.csv", str(tmp_path), "*.csv", "b.csv", f"../{tmp_path.name}/a.csv"])) == 1


@pytest.mark.parametrize(
    "typed", ["", "line=7", "line=*", "line=[7]/day=?", "line=7/day=3/cells.csv", "**/*.csv", "line=7/../line=7"]
)
def test_hive_folders(tmp_path: Path, typed: str) -> None:
    """Folders such as line=7 give columns, in whatever way the file was named."""
    path = tmp_path / "line=7" / "day=3" / "cells.csv"
    path.parent.mkdir(parents=True)
    text(path, "cell\n1\n2\n")
    (source,) = inputs([str(tmp_path / typed)])
    found = layout(source, TextOptions())
    assert [name for name, _ in found.columns] == ["cell", "line", "day"]
    assert rows_of(found) == [{"cell": "1", "line": "7", "day": "3"}, {"cell": "2", "line": "7", "day": "3"}]


def test_hive_names(tmp_path: Path) -> None:
    """Values in the names of folders are decoded, one may be missing, the inner folder and the file come first."""
    folder = tmp_path / "lot=a%20b" / "day=__HIVE_DEFAULT_PARTITION__" / "line=1" / "line=2" / "cell=9"
    folder.mkdir(parents=True)
    text(folder / "cells.csv", "cell\n1\n")
    assert rows(folder / "cells.csv") == [{"cell": "1", "lot": "a b", "day": None, "line": "2"}]


def test_hive_column_of_some_rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where some objects of a JSON Lines file have the key, the folder says nothing about the others."""
    folder = tmp_path / "line=7"
    folder.mkdir()
    text(folder / "cells.jsonl", '{"cell": 1}\n{"cell": 2, "line": "8"}\n')
    for size in (1, 1000):
        monkeypatch.setattr(module, "PART_BYTES", size)
        assert rows(folder / "cells.jsonl") == [{"cell": 1, "line": None}, {"cell": 2, "line": "8"}]


# --- files that cannot be read


@pytest.mark.parametrize("name", ["a.csv", "a.parquet", "a.jsonl", "a.arrow"])
def test_empty_file(tmp_path: Path, name: str) -> None:
    """A file of no bytes is told to be empty."""
    problem = told(lambda: laid(text(tmp_path / name, "")))
    assert (problem.message, problem.file) == ("is empty", str(tmp_path / name))


@pytest.mark.parametrize(("name", "content"), [("a.csv", "\n \r\n\n"), ("a.jsonl", "\n  \n"), ("b.csv", "\ufeff")])
def test_blank_file(tmp_path: Path, name: str, content: str) -> None:
    """A text file of blank lines is empty."""
    assert told(lambda: laid(text(tmp_path / name, content))).message == "is empty"


@pytest.mark.parametrize("suffix", ["parquet", "arrow"])
@pytest.mark.parametrize("left", [0.5, 0.98])
def test_truncated(tmp_path: Path, suffix: str, left: float) -> None:
    """A file whose end is cut off is named."""
    path = write(cells(500), tmp_path / f"cells.{suffix}")
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * left)])
    problem = told(lambda: rows(path))
    assert problem.message.startswith("cannot be read (")
    assert problem.file.startswith(str(path))
    assert problem.hint == "Is it complete? Write it again, or take it out."


@pytest.mark.parametrize("suffix", ["parquet", "arrow"])
def test_not_what_its_name_says(tmp_path: Path, suffix: str) -> None:
    """A text file with the name of another kind is named."""
    path = text(tmp_path / f"cells.{suffix}", "cell,electrolyte\n" * 100)
    assert told(lambda: laid(path)).file == str(path)


@pytest.mark.parametrize("compression", ["zstd", "none"])
def test_broken_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, compression: str) -> None:
    """A page that is broken is found, by its checksum where nothing else tells; the parts before it can be read."""
    monkeypatch.setattr(module, "PART_ROWS", 100)
    table = cells(300)
    path = write(table, tmp_path / "a.parquet", row_group_size=100, compression=compression, write_page_checksum=True)
    raw = bytearray(path.read_bytes())
    column = pq.ParquetFile(path).metadata.row_group(1).column(5)
    middle = column.dictionary_page_offset + column.total_compressed_size // 2
    raw[middle : middle + len(FLIPPED)] = FLIPPED
    path.write_bytes(raw)
    first, second, third = laid(path).parts
    assert [sheet.rows for part in (first, third) for sheet in sheets(part)] == [100, 100]
    problem = told(lambda: list(sheets(second)))
    assert problem.file == f"{path}: rows 100 to 200"
    assert problem.message.startswith("cannot be read (")


def test_text_that_is_none(tmp_path: Path) -> None:
    """A column of text that holds other bytes, as after an accident, is not passed on."""
    broken = pa.array([b"LLZO", b"\xff\xfe"], type=pa.binary()).view(pa.string())
    for suffix in ("parquet", "arrow"):
        path = write(pa.table({"lot": broken}), tmp_path / f"cells.{suffix}")
        assert "UTF8" in told(lambda path=path: rows(path)).message


def test_places_outside_of_the_file(tmp_path: Path) -> None:
    """An Arrow file whose text is said to lie outside of it is told, and not followed there."""
    path = write(pa.table({"lot": ["LLZO", "Li", "LLZO"]}), tmp_path / "a.arrow")
    # Where the three texts begin and end.
    offsets = b"".join(number.to_bytes(4, "little") for number in (0, 4, 6, 10))
    wild = offsets.replace((6).to_bytes(4, "little"), (2_000_000_000).to_bytes(4, "little"))
    raw = path.read_bytes()
    assert raw.count(offsets) == 1
    path.write_bytes(raw.replace(offsets, wild))
    assert told(lambda: rows(path)).message.startswith("cannot be read (")


@pytest.mark.parametrize("suffix", ["parquet", "arrow"])
def test_fewer_rows_than_told(tmp_path: Path, suffix: str) -> None:
    """A part that has fewer rows than its file says is told; rows are not lost in silence."""
    (part,) = laid(write(cells(5), tmp_path / f"a.{suffix}")).parts
    problem = told(lambda: list(sheets(replace(part, stop=6))))
    assert problem.message == "cannot be read (it holds 5 rows here)"


def test_changed_while_read(tmp_path: Path) -> None:
    """A file that became longer after it was cut into parts is not read by them."""
    path = text(tmp_path / "a.csv", "cell\n1\n")
    found = laid(path)
    text(path, "cell\n1\n2\n")
    assert told(lambda: rows_of(found)).message == "was changed while it was worked on"


def test_gone_while_read(tmp_path: Path) -> None:
    """A file that is gone after it was cut into parts is named."""
    path = text(tmp_path / "a.csv", "cell\n1\n")
    found = laid(path)
    path.unlink()
    assert "No such file" in told(lambda: rows_of(found)).message


# --- CSV

TABLE = [{"cell": "1", "lot": "a"}, {"cell": "2", "lot": "b"}]


@pytest.mark.parametrize(
    "content",
    [
        "cell,lot\n1,a\n2,b\n",
        "\ufeffcell,lot\n1,a\n2,b\n",
        "cell;lot\n1;a\n2;b\n",
        "cell\tlot\n1\ta\n2\tb\n",
        "cell|lot\n1|a\n2|b\n",
        "cell,lot\r\n1,a\r\n2,b\r\n",
        "cell,lot\n1,a\n2,b",
        "\n\r\ncell,lot\n\n1,a\n\n\n2,b\n\n",
        '"cell","lot"\n"1","a"\n"2",b\n',
        " cell , lot \n1,a\n2,b\n",
    ],
    ids=["plain", "mark", "semicolons", "tabs", "bars", "CRLF", "no-end", "blank-lines", "quotes", "spaces"],
)
def test_csv(tmp_path: Path, content: str) -> None:
    """A CSV file is read whatever its separator and line ends, with a byte order mark and blank lines or without."""
    assert rows(text(tmp_path / "a.csv", content)) == TABLE


def test_csv_quotes(tmp_path: Path) -> None:
    """In quotes a cell may hold separators, line breaks and quotes; within a cell a quote is a sign like others."""
    content = '"a;b",c\n"1,\n2","say ""5"""\n"x\r\ny",5" wafer\n,\n'
    assert rows(text(tmp_path / "a.csv", content)) == [
        {"a;b": "1,\n2", "c": 'say "5"'},
        {"a;b": "x\r\ny", "c": '5" wafer'},
        {"a;b": "", "c": ""},
    ]


def test_csv_header_over_lines(tmp_path: Path) -> None:
    """A name in the header may hold a line break."""
    assert rows(text(tmp_path / "a.csv", '"cell\nnumber",lot\n1,a\n')) == [{"cell\nnumber": "1", "lot": "a"}]


def test_csv_separator_given(tmp_path: Path) -> None:
    """A separator that is given is taken, also where another one is more frequent in the header."""
    assert rows(text(tmp_path / "a.csv", "a,b:c,d\n1:2\n"), separator=":") == [{"a,b": "1", "c,d": "2"}]


@pytest.mark.parametrize("size", [1, 7, 1_000])
def test_csv_ragged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: int) -> None:
    """A row with too few or too many cells is told in its place, and the others are read."""
    monkeypatch.setattr(module, "PART_BYTES", size)
    content = 'cell,lot\n0\n1,a\n\n2,b,c\n"3\n",d\n4\n5\n6,e\n7,"f,g",\n'
    assert rows(text(tmp_path / "a.csv", content)) == [
        "the row has 1 cells, the header 2",
        {"cell": "1", "lot": "a"},
        "the row has 3 cells, the header 2",
        {"cell": "3\n", "lot": "d"},
        "the row has 1 cells, the header 2",
        "the row has 1 cells, the header 2",
        {"cell": "6", "lot": "e"},
        "the row has 3 cells, the header 2",
    ]


@pytest.mark.parametrize("size", [2, 5, 1_000])
def test_csv_quote_not_closed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: int) -> None:
    """A quote that is never closed would swallow all rows after it; the file is left out and the line told."""
    monkeypatch.setattr(module, "PART_BYTES", size)
    path = text(tmp_path / "a.csv", 'cell,lot\n"1\n",a\n2,"b\n3,c\n4,d\n')
    problem = told(lambda: laid(path))
    assert str(problem) == f"{path}:4: a quote is opened here and never closed. Close it, or take it out."
    header = text(tmp_path / "b.csv", '\n"cell,lot\n1,a\n')
    assert told(lambda: laid(header)).line == 2


@pytest.mark.parametrize("size", [1, 3, 1_000])
def test_csv_encoding(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: int) -> None:
    """Text in another encoding is told with its line and read when the encoding is given."""
    monkeypatch.setattr(module, "PART_BYTES", size)
    content = "cell,größe\n1,µm\n\n2,äöü\n"
    path = text(tmp_path / "a.csv", content.encode("latin-1"))
    expected = [{"cell": "1", "größe": "µm"}, {"cell": "2", "größe": "äöü"}]
    assert rows(path, encoding="latin-1") == expected
    assert (told(lambda: laid(path)).message, told(lambda: laid(path)).line) == ("is not utf-8 text", 1)
    body = text(tmp_path / "b.csv", "cell,größe\n1,µm\n\n2,".encode() + "ä\n".encode("latin-1"))
    problem = told(lambda: laid(body))
    assert problem.line == 4
    assert problem.hint == "Give its encoding, as in --encoding latin-1."
    for encoding in ("utf-8", "utf-8-sig", "UTF8"):
        assert rows(text(tmp_path / "c.csv", content), encoding=encoding) == expected


def test_cut_inside_a_sign(tmp_path: Path) -> None:
    """Text that ends in the middle of a sign is not text."""
    path = text(tmp_path / "a.csv", "cell\n1\nµ".encode()[:-1])
    assert told(lambda: laid(path)).line == 3


@pytest.mark.parametrize(("encoding", "said"), [("latin", None), ("nonsense", "no encoding"), ("rot13", "no encoding")])
def test_encoding_unknown(tmp_path: Path, encoding: str, said: str | None) -> None:
    """An encoding that does not exist is refused, and usual ones are told."""
    path = text(tmp_path / "a.csv", "cell\n1\n")
    if said is None:
        assert rows(path, encoding=encoding) == [{"cell": "1"}]
        return
    with pytest.raises(UsageError, match=rf"there is {said} '{encoding}'\. Usual ones are utf-8"):
        laid(path, encoding=encoding)


@pytest.mark.parametrize("encoding", ["utf-16", "utf-32-le", "utf-7", "iso2022_jp", "hz", "cp037"])
def test_encoding_without_ascii(tmp_path: Path, encoding: str) -> None:
    """An encoding in which a line feed is no single byte of its own is refused."""
    path = text(tmp_path / "a.csv", "cell\n1\n".encode(encoding))
    with pytest.raises(UsageError, match=f"files in {encoding} cannot be cut into rows. Write them in utf-8"):
        laid(path, encoding=encoding)


def test_csv_lines_of_old_macs(tmp_path: Path) -> None:
    """Lines that end in a carriage return alone are told, not taken for one long header."""
    problem = told(lambda: laid(text(tmp_path / "a.csv", "cell,lot\r1,a\r2,b\r")))
    assert problem.message == "has lines that end in carriage returns alone"


@pytest.mark.parametrize("name", ["a.csv", "a.jsonl"])
def test_row_without_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """A row that is too long to be held is refused before it is read."""
    monkeypatch.setattr(module, "PART_BYTES", 10)
    monkeypatch.setattr(module, "LONGEST_ROW", 50)
    problem = told(lambda: laid(text(tmp_path / name, "cell\n1\n" + "x" * 100 + "\n2\n")))
    assert problem.message == "has a row of more than 50 bytes"


@pytest.mark.parametrize("content", ["x" * 100, '"' + "x\n" * 50 + '",b\n'])
def test_header_without_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: str) -> None:
    """A header that is too long to be one is refused."""
    monkeypatch.setattr(module, "LONGEST_HEADER", 20)
    assert told(lambda: laid(text(tmp_path / "a.csv", content))).message in (
        "has a header of more than 20 bytes",
        "a quote is opened here and never closed",
    )


@pytest.mark.parametrize("name", ["csv", "parquet", "arrow"])
def test_no_rows(tmp_path: Path, name: str) -> None:
    """A table without rows has its columns and one part, in which there is nothing."""
    found = laid(write(cells(0), tmp_path / f"a.{name}"))
    assert [column for column, _ in found.columns] == cells(0).schema.names
    assert len(found.parts) == 1
    assert rows_of(found) == []


def test_no_row_groups(tmp_path: Path) -> None:
    """A Parquet file without row groups is a table without rows."""
    pq.ParquetWriter(tmp_path / "a.parquet", cells(0).schema).close()
    assert pq.ParquetFile(tmp_path / "a.parquet").num_row_groups == 0
    assert rows(tmp_path / "a.parquet") == []


# --- laws: where a file is cut does not show


def outcome(path: Path, monkeypatch: pytest.MonkeyPatch, size: int, block: int) -> Any:
    """The rows of a file that is cut into parts of such a size, or what is told instead."""
    for name, value in (("PART_BYTES", size), ("PART_ROWS", size), ("BLOCK", block)):
        monkeypatch.setattr(module, name, value)
    try:
        found = laid(path)
        told = rows_of(found)
    except DiagnoseError as error:
        return str(error).replace(str(path), "")
    assert [part.start for part in found.parts][1:] == [part.stop for part in found.parts][:-1]
    return told


# The CSV writer of older Pythons leaves a carriage return without quotes.
WORDS = st.text(st.characters(blacklist_categories=["Cs"], blacklist_characters="\x00\r"), max_size=8) | st.text(
    'a",\n;', max_size=6
)


@given(
    table=st.lists(st.tuples(WORDS, WORDS, WORDS), max_size=12),
    separator=st.sampled_from(",;\t|"),
    end=st.sampled_from(["\n", "\r\n"]),
    quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
    size=st.integers(1, 60),
    block=st.integers(1, 5),
)
@LAWS
def test_csv_round_trip(
    table: list[tuple[str, ...]],
    separator: str,
    end: str,
    quoting: Any,
    size: int,
    block: int,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Every row that a CSV writer writes is read once, as it was and in order, wherever the file is cut."""
    written = io.StringIO()
    writer = csv.writer(written, delimiter=separator, lineterminator=end, quoting=quoting)
    writer.writerows([("a", "b", "c"), *table])
    path = text(tmp_path / "a.csv", written.getvalue())
    expected = [dict(zip("abc", row, strict=True)) for row in table]
    assert outcome(path, monkeypatch, size, block) == expected


@given(content=st.text('a,"\n\r; \ufeffµ', max_size=80), size=st.integers(1, 40), block=st.integers(1, 4))
@LAWS
def test_csv_cut_anywhere(content: str, size: int, block: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever stands in a CSV file, the same rows and mistakes are found wherever it is cut."""
    path = text(tmp_path / "a.csv", "x,y\n" + content)
    assert outcome(path, monkeypatch, size, block) == outcome(path, monkeypatch, 10_000, 10_000)


VALUES = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | WORDS
JSON = st.recursive(VALUES, lambda inner: st.lists(inner, max_size=2) | st.dictionaries(WORDS, inner, max_size=2))


@given(
    table=st.lists(st.dictionaries(st.sampled_from("abcd"), JSON, max_size=4), min_size=1, max_size=10),
    ascii_only=st.booleans(),
    size=st.integers(1, 60),
    block=st.integers(1, 4),
)
@LAWS
def test_jsonl_round_trip(
    table: list[dict[str, Any]],
    ascii_only: bool,
    size: int,
    block: int,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Every object of a JSON Lines file is read once and in order, with all keys of the file, wherever it is cut."""
    content = "".join(json.dumps(row, ensure_ascii=ascii_only) + "\n" for row in table)
    path = text(tmp_path / "a.jsonl", content)
    names = list(dict.fromkeys(name for row in table for name in row))
    assert outcome(path, monkeypatch, size, block) == [{name: row.get(name) for name in names} for row in table]


@given(content=st.text('{}[]":,\n\r\\u0d8 é1', max_size=80), size=st.integers(1, 40), block=st.integers(1, 4))
@LAWS
def test_jsonl_cut_anywhere(
    content: str, size: int, block: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever stands in a JSON Lines file, the same rows and mistakes are found wherever it is cut."""
    path = text(tmp_path / "a.jsonl", '{"x": 1}\n' + content)
    assert outcome(path, monkeypatch, size, block) == outcome(path, monkeypatch, 10_000, 10_000)


@given(
    count=st.integers(0, 40),
    group=st.integers(1, 15),
    size=st.integers(1, 20),
    block=st.integers(1, 12),
    kind=st.sampled_from(["parquet", "arrow", "feather", "stream"]),
)
@LAWS
def test_rows_cut_anywhere(
    count: int, group: int, size: int, block: int, kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every row of a Parquet or Arrow file or stream is read once and in order, wherever it and its parts are cut."""
    table = cells(count).append_column("word", pa.array(["a", "b", None, "c"] * 10)[:count].dictionary_encode())
    path = tmp_path / f"a.{kind}"
    if kind == "parquet":
        write(table, path, row_group_size=group)
    elif kind == "feather":
        write(table, path, chunksize=group, compression="lz4")
    elif kind == "arrow":
        write(table, path, max_chunksize=group)
    else:
        path = tmp_path / "stream.arrow"
        with pa.ipc.new_stream(path, table.schema) as writer:
            writer.write_table(table, max_chunksize=group)
    assert outcome(path, monkeypatch, size, block) == table.to_pylist()


# --- JSON Lines


@pytest.mark.parametrize("size", [1, 1_000])
def test_jsonl_bad_lines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: int) -> None:
    """A line that is no JSON object is told in its place; blank lines are no rows."""
    monkeypatch.setattr(module, "PART_BYTES", size)
    lines = ['\ufeff{"a": 1}', "", "{", "[1]", '"x"', "null", "  ", '{"a": "\\ud800"}', "[" * 10_000, '{"a": 2}\r']
    found = rows(text(tmp_path / "a.jsonl", "\n".join(lines)))
    assert [row if isinstance(row, dict) else row[:20] for row in found] == [
        {"a": 1},
        "the line is not JSON",
        "the line is no objec",
        "the line is no objec",
        "the line is no objec",
        "the line is not JSON",
        "the line is not JSON",
        {"a": 2},
    ]


def test_jsonl_encoding(tmp_path: Path) -> None:
    """A JSON Lines file in another encoding is told with its line and read when the encoding is given."""
    path = text(tmp_path / "a.jsonl", '{"a": 1}\n{"a": "ä"}\n'.encode("cp1252"))
    assert told(lambda: laid(path)).line == 2
    assert rows(path, encoding="cp1252") == [{"a": 1}, {"a": "ä"}]


def test_jsonl_of_many_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Objects whose names are data would make a column of each; they are refused."""
    monkeypatch.setattr(module, "MOST_COLUMNS", 5)
    path = text(tmp_path / "a.jsonl", "".join(f'{{"cell{number}": 1}}\n' for number in range(6)))
    assert told(lambda: laid(path)).message == "has more than 5 names in its objects"


# --- Arrow


def test_dictionaries_that_do_not_fit_together(tmp_path: Path) -> None:
    """Batches whose dictionaries have more words together than their codes can count are read all the same."""
    batches = [
        pa.DictionaryArray.from_arrays(
            pa.array(range(100), type=pa.int8()), pa.array([f"{number}-{word}" for word in range(100)])
        )
        for number in range(2)
    ]
    table = pa.table({"lot": pa.chunked_array(batches)})
    path = tmp_path / "a.arrow"
    with pa.ipc.new_stream(path, table.schema) as writer:
        writer.write_table(table)
    assert rows(path) == table.to_pylist()
