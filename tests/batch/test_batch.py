"""A batch: what it writes, that it goes on where it was killed, and what it refuses."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.csv as pc
import pyarrow.feather as pf
import pyarrow.parquet as pq
import pytest
from linecells import RESISTANCE, answers, cells, column, csv_text, parts, run, small_parts, write
from sitecause import CAUSE

import diagnose.batch as module
import diagnose.source as source
from diagnose.batch import NOTES, Batch, Done, Options, begin, diagnoser_of, repeated
from diagnose.errors import DataError, DiagnoseError, FileError, UsageError
from diagnose.many import diagnose_many
from diagnose.profile import Profile, Target
from diagnose.source import TextOptions
from diagnose.summary import Summary

ODD = ".part-00000-00000.parquet." + "0" * 32


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Small parts, and the rules read once."""
    small_parts(monkeypatch)


@pytest.fixture
def line(tmp_path: Path) -> Path:
    """A folder with three files of a line, of 25, 5 and 20 rows."""
    folder = tmp_path / "line"
    for number, (start, rows) in enumerate([(0, 25), (25, 5), (30, 20)]):
        write(cells(rows, start), folder / f"file{number}.parquet")
    return folder


def begun(inputs: Path, output: Path, *more: Any, **options: Any) -> Batch:
    """A batch that was begun and did not work out any part."""
    return begin([str(inputs)], output, Options(), *more, **options)[0]


def refused(act: Callable[[], Any]) -> str:
    """What is said when something is refused."""
    with pytest.raises(UsageError) as caught:
        act()
    return str(caught.value)


def changed(path: Path, table: pa.Table) -> None:
    """Write other rows in a file, in the same second and of the same size perhaps."""
    before = path.stat().st_mtime_ns
    write(table, path)
    os.utime(path, ns=(before + 1, before + 1))


def rubbish(folder: Path) -> list[str]:
    """What does not belong in a finished output."""
    seen = [path for path in folder.rglob("*") if path.is_file()]
    usual = [path.name for path in seen if module.PART_NAME.fullmatch(path.name) or path.name == "job.json"]
    return sorted({path.name for path in seen} - set(usual))


# --- what is written


def test_rows_in_order(line: Path, tmp_path: Path) -> None:
    """Every row of all files is diagnosed once and in order, as `diagnose_many` does it."""
    made = run(line, tmp_path / "out")
    expected = diagnose_many(cells(50)).to_pylist()
    assert answers(tmp_path / "out") == expected
    assert list(parts(tmp_path / "out")) == [
        f"part-{file:05d}-{part:05d}.parquet" for file, part in ((0, 0), (0, 1), (0, 2), (1, 0), (2, 0), (2, 1))
    ]
    assert (made.summary().rows, made.summary().errors) == (50, 0)
    assert rubbish(tmp_path / "out") == []


@pytest.mark.parametrize("suffix", ["csv", "jsonl", "arrow", "feather"])
def test_kinds_of_input(tmp_path: Path, suffix: str) -> None:
    """The same rows in another format get the same diagnoses."""
    run(write(cells(50), tmp_path / f"cells.{suffix}"), tmp_path / "out")
    expected = diagnose_many(cells(50)).to_pylist()
    typed = str if suffix in ("csv", "jsonl") else int
    assert answers(tmp_path / "out") == [{**row, "cell": typed(row["cell"])} for row in expected]


def test_mixed_kinds(tmp_path: Path) -> None:
    """A folder with tables of several kinds is one table; a column whose type differs is passed on as text."""
    for number, suffix in enumerate(("parquet", "csv", "jsonl", "arrow")):
        write(cells(15, 15 * number), tmp_path / "line" / f"{number}.{suffix}")
    run(tmp_path / "line", tmp_path / "out")
    assert column(tmp_path / "out", "cell") == [str(number) for number in range(60)]
    assert {str(pq.read_schema(path).field("cell").type) for path in (tmp_path / "out").glob("*.parquet")} == {"string"}


@pytest.mark.parametrize("suffix", ["parquet", "csv", "jsonl", "arrow"])
def test_one_file(line: Path, tmp_path: Path, suffix: str) -> None:
    """An output that is one file holds the rows of all parts, and nothing is left beside it."""
    output = tmp_path / "out" / f"told.{suffix}"
    run(line, output)
    expected = diagnose_many(cells(50)).to_pylist()
    if suffix == "parquet":
        assert pq.read_table(output).to_pylist() == expected
    elif suffix == "arrow":
        assert pf.read_table(output).to_pylist() == expected
    elif suffix == "jsonl":
        full = [{name: value for name, value in row.items() if value is not None} for row in expected]
        assert [json.loads(each) for each in output.read_text().splitlines()] == full
    else:
        words = [{**row, "rules": " ".join(row["rules"])} for row in expected]
        read = pc.read_csv(output, convert_options=pc.ConvertOptions(strings_can_be_null=True))
        assert [{**row, "avoid": row["avoid"] or None} for row in read.to_pylist()] == words
    assert [path.name for path in output.parent.iterdir()] == [output.name]


@pytest.mark.parametrize("output", ["out", "out.parquet", "out.csv", "out.jsonl", "out.arrow"])
def test_no_rows(tmp_path: Path, output: str) -> None:
    """A table without rows gives a table without rows, with all its columns."""
    write(cells(0), tmp_path / "none.csv")
    made = begun(tmp_path / "none.csv", tmp_path / output)
    assert [each.rows for each in made.run()] == [0]
    assert made.summary().rows == 0
    made.finish()
    written = tmp_path / output
    if output == "out":
        names = pq.read_table(written / "part-00000-00000.parquet").schema.names
    elif output == "out.jsonl":
        assert written.read_text() == ""
        return
    else:
        readers = {".parquet": pq.read_table, ".csv": pc.read_csv, ".arrow": pf.read_table}
        table = readers[written.suffix](written)
        assert table.num_rows == 0
        names = table.schema.names
    assert names[:2] == ["cell", "lot"]
    assert names[-1] == "error"


def test_bad_rows_keep_their_place(tmp_path: Path) -> None:
    """A row with mistakes gets them in its place, whether it could be read or not; the others are judged."""
    lines = csv_text(cells(30)).splitlines()
    lines[3] = "nonsense"
    lines[17] += ",too,many"
    lines[22] = lines[22].replace("Li6PS5Cl", "").replace("LLZO", "")
    (tmp_path / "a.csv").write_text("\n".join(lines))
    made = run(tmp_path / "a.csv", tmp_path / "out")
    told = column(tmp_path / "out", "error")
    assert [row for row, error in enumerate(told) if error] == [2, 16, 21]
    assert told[2].startswith("the row has 1 cells, the header 6")
    assert told[16].startswith("the row has 8 cells, the header 6")
    assert told[21].startswith("electrolyte: a case needs an electrolyte or its family")
    wanted = [str(row) for row in range(30)]
    assert column(tmp_path / "out", "cell") == [None if row in ("2", "16") else row for row in wanted]
    assert (made.summary().rows, made.summary().errors) == (30, 3)


def test_key_that_comes_late(tmp_path: Path) -> None:
    """A field that only late objects of a JSON Lines file have is filled there, also under a foreign name."""
    table = cells(60).to_pylist()
    path = tmp_path / "a.jsonl"
    rows = [{key: value for key, value in row.items() if key != RESISTANCE} for row in table[:40]]
    rows += [{"R" if key == RESISTANCE else key: value for key, value in row.items()} for row in table[40:]]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    run(path, tmp_path / "out", profile=Profile(columns={"R": Target(field=RESISTANCE)}))
    found = answers(tmp_path / "out")
    assert [row["error"] for row in found] == [None] * 60
    assert {row["severity"] for row in found[:40]} == {None}
    assert None not in {row["severity"] for row in found[40:]}


def test_rows_without_a_field_in_a_part(tmp_path: Path) -> None:
    """Objects that lack the electrolyte get their mistake each, also when no object of their part has one."""
    rows = cells(60).to_pylist()
    for row in rows[:30]:
        del row["electrolyte"]
    (tmp_path / "a.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    made = run(tmp_path / "a.jsonl", tmp_path / "out")
    assert not made.failed
    assert [bool(error) for error in column(tmp_path / "out", "error")] == [True] * 30 + [False] * 30


def test_hive_folders(tmp_path: Path) -> None:
    """Names of folders give columns that are passed on, or fill a field."""
    table = cells(20)
    bare = table.drop_columns(["electrode_role", "electrolyte"])
    folder = tmp_path / "line=7" / "electrode_role=anode"
    write(bare.take(list(range(1, 20, 2))), folder / "electrolyte=LLZO" / "a.parquet")
    write(bare.take(list(range(0, 20, 2))), tmp_path / "electrode_role=cathode" / "electrolyte=Li6PS5Cl" / "a.csv")
    run([folder, tmp_path / "electrode_role=cathode"], tmp_path / "out")
    found = answers(tmp_path / "out")
    assert [row["line"] for row in found] == ["7"] * 10 + [None] * 10
    expected = diagnose_many(table.take([*range(1, 20, 2), *range(0, 20, 2)]))
    for name in ("cause_1", "probability_1", "rules", "error"):
        assert [row[name] for row in found] == expected.column(name).to_pylist()


# --- columns that are passed on

KINDS = {
    "timestamp": pa.array([0, 1], type=pa.timestamp("s", "UTC")),
    "date": pa.array([0, 86_400_000], type=pa.date64()),
    "decimal": pa.array([1, 2], type=pa.decimal128(10, 2)),
    "bytes": pa.array([b"a", b"\xff"], type=pa.binary()),
    "half": pa.array([1.5, float("nan")], type=pa.float16()),
    "infinite": pa.array([float("inf"), float("-inf")]),
    "list": pa.array([[1, None], None], type=pa.list_(pa.int64())),
    "struct": pa.array([{"a": [1]}, {"a": None}]),
    "map": pa.array([[("a", 1)], []], type=pa.map_(pa.string(), pa.int64())),
    "words": pa.array(["a", "b"]).dictionary_encode(),
    "numbers": pa.array([7, 8]).dictionary_encode(),
    "view": pa.array(["a", None], type=pa.string_view()),
    "large": pa.array(["a", None], type=pa.large_string()),
    "null": pa.nulls(2),
    "interval": pa.array([None, (1, 2, 3)], type=pa.month_day_nano_interval()),
    "runs": pa.RunEndEncodedArray.from_arrays(pa.array([2], type=pa.int32()), pa.array(["a"])),
    "bare": pa.array([{}, None], type=pa.struct([])),
    "uuid": pa.array([b"\x00" * 16, None], type=pa.uuid()),
    "duration": pa.array([1, None], type=pa.duration("s")),
}


@pytest.mark.parametrize("output", ["out", "out.parquet", "out.csv", "out.jsonl", "out.arrow"])
def test_kinds_of_columns(tmp_path: Path, output: str) -> None:
    """Columns of all types are passed on, to files of all kinds, as text where nothing better is possible."""
    table = cells(2)
    for name, values in KINDS.items():
        table = table.append_column(f"x_{name}", values)
    run(write(table, tmp_path / "a.arrow"), tmp_path / output)
    if output == "out.jsonl":
        found = [json.loads(row, parse_constant=pytest.fail) for row in (tmp_path / output).read_text().splitlines()]
        assert found[0]["x_timestamp"] == "1970-01-01 00:00:00.000Z"
        assert found[0]["x_infinite"] == "inf"
        assert "x_half" not in found[1]
    elif output == "out.csv":
        found = pd.read_csv(tmp_path / output).to_dict("records")
        assert found[0]["x_struct"] == '{"a": [1]}'
    else:
        read = pf.read_table if output == "out.arrow" else pq.read_table
        found = read(tmp_path / ("out/part-00000-00000.parquet" if output == "out" else output)).to_pylist()
        assert found[0]["x_list"] == [1, None]
        assert found[1]["x_bytes"] == b"\xff"
        assert found[0]["x_interval"] is None
        assert found[1]["x_interval"] == "[1, 2, 3]"
    assert [str(row["x_numbers"]) for row in found] == ["7", "8"]
    assert [row["x_words"] for row in found] == ["a", "b"]
    assert found[0]["x_runs"] == "a"


@pytest.mark.parametrize("name", list(KINDS))
def test_kind_of_a_column_differs(tmp_path: Path, name: str) -> None:
    """A column of some type in one file and of text in the other is passed on as text, without values as what it is."""
    table = cells(2)
    write(table.append_column("x", KINDS[name]), tmp_path / "line" / "a.arrow")
    write(table.append_column("x", pa.array(["one", None])), tmp_path / "line" / "b.parquet")
    run(tmp_path / "line", tmp_path / "out")
    found = column(tmp_path / "out", "x")
    assert found[2:] == ["one", None]
    assert [value is None for value in found[:2]] == [value is None for value in KINDS[name].to_pylist()]
    assert all(value is None or isinstance(value, str) for value in found)


def test_column_without_values(tmp_path: Path) -> None:
    """A column that has no values in one file keeps the type it has in the others."""
    for number, values in enumerate((pa.nulls(2), pa.array([1, 2]), pa.nulls(2))):
        write(cells(2).append_column("x", values), tmp_path / "line" / f"{number}.parquet")
    run(tmp_path / "line", tmp_path / "out")
    assert column(tmp_path / "out", "x") == [None, None, 1, 2, None, None]


def test_column_in_some_files(tmp_path: Path) -> None:
    """A column that only some files have is empty in the rows of the others."""
    write(cells(2), tmp_path / "line" / "a.parquet")
    write(cells(2, 2).append_column("x", pa.array([1, 2])), tmp_path / "line" / "b.csv")
    run(tmp_path / "line", tmp_path / "out")
    assert column(tmp_path / "out", "x") == [None, None, "1", "2"]


def test_words_of_many_batches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Words that are coded differently, and by small codes, in each batch are passed on to one file."""
    table = cells(400)
    words = [f"word{number}" for number in range(400)]
    chunks = [
        pa.DictionaryArray.from_arrays(pa.array(range(100), type=pa.int8()), pa.array(words[start : start + 100]))
        for start in range(0, 400, 100)
    ]
    table = table.append_column("x", pa.chunked_array(chunks))
    with pa.ipc.new_stream(tmp_path / "a.arrow", table.schema) as writer:
        writer.write_table(table, max_chunksize=100)
    monkeypatch.setattr(source, "PART_ROWS", 400)
    for name in ("out.arrow", "out.parquet"):
        run(tmp_path / "a.arrow", tmp_path / name)
    assert pf.read_table(tmp_path / "out.arrow").column("x").to_pylist() == words
    assert pq.read_table(tmp_path / "out.parquet").column("x").to_pylist() == words


def test_output_as_input(line: Path, tmp_path: Path) -> None:
    """What a batch wrote can be read by another one, which renames columns that it writes itself."""
    profile = Profile(constants={"electrolyte": "LLZO", "electrode_role": "anode"})
    run(line, tmp_path / "one")
    made = run(tmp_path / "one", tmp_path / "two", profile=profile, by="verdict", id="cell")
    assert column(tmp_path / "two", "input_verdict") == column(tmp_path / "one", "verdict")
    assert made.summary().by == "input_verdict"
    assert set(made.summary().groups or ()) == set(column(tmp_path / "one", "verdict"))


# --- files with mistakes


def test_missing_column_in_one_file(line: Path, tmp_path: Path) -> None:
    """A file that lacks what a case needs is named and left out, and the others are worked out."""
    write(cells(5, 25).drop_columns(["electrode_role"]), line / "file1.parquet")
    made = run(line, tmp_path / "out")
    (problem,) = made.plan.problems
    assert problem.file == str(line / "file1.parquet")
    assert (problem.field, problem.message) == ("electrode_role", "no column fills it")
    assert column(tmp_path / "out", "cell") == [*range(25), *range(30, 50)]


def test_no_file_can_be_used(tmp_path: Path) -> None:
    """When no file can be used, all mistakes are told and nothing is written."""
    for name in ("a.parquet", "b.arrow"):
        (tmp_path / name).write_bytes(b"PAR1 no table")
    with pytest.raises(DataError) as caught:
        begin([str(tmp_path / "a.parquet"), str(tmp_path / "b.arrow")], tmp_path / "out", Options())
    assert [Path(problem.file).name for problem in caught.value.problems] == ["a.parquet", "b.arrow"]
    assert not (tmp_path / "out").exists()


def test_broken_part(line: Path, tmp_path: Path) -> None:
    """A page that is broken costs its part; what is before and after it is kept, and mended it can be resumed."""
    path = line / "file0.parquet"
    write(cells(25), path, row_group_size=10, write_page_checksum=True)
    raw = path.read_bytes()
    about = pq.ParquetFile(path).metadata.row_group(1).column(5)
    middle = about.dictionary_page_offset + about.total_compressed_size // 2
    path.write_bytes(raw[:middle] + bytes(byte ^ 255 for byte in raw[middle : middle + 4]) + raw[middle + 4 :])
    made = run(line, tmp_path / "out")
    (problem,) = made.failed
    assert problem.file == f"{path}: rows 10 to 20"
    assert problem.message.startswith("cannot be read (")
    assert [name for name, _ in made.left] == ["part-00000-00001"]
    assert column(tmp_path / "out", "cell") == [*range(10), *range(20, 50)]
    kept = stamps(tmp_path / "out")[tmp_path / "out" / "part-00001-00000.parquet"]
    path.write_bytes(raw)
    assert not run(line, tmp_path / "out", resume=True).failed
    assert column(tmp_path / "out", "cell") == list(range(50))
    assert stamps(tmp_path / "out")[tmp_path / "out" / "part-00001-00000.parquet"] == kept


def test_broken_part_of_one_file(line: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """While a part is missing no file is put together; what is done waits for the part."""
    broken = (line / "file1.parquet").read_bytes()
    made = begun(line, tmp_path / "out.csv")
    (line / "file1.parquet").write_bytes(broken[:-1])
    assert len([each for each in made.run() if each.problem]) == 1
    made.finish()
    assert not (tmp_path / "out.csv").exists()
    (line / "file1.parquet").write_bytes(broken)
    run(line, tmp_path / "out.csv", resume=True)
    assert pc.read_csv(tmp_path / "out.csv").column("cell").to_pylist() == list(range(50))
    assert not (tmp_path / ".out.csv.parts").exists()


def test_column_that_cannot_be_passed_on(line: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever Arrow cannot do with a part is told of that part and stops no other."""
    answer = module.TableDiagnoser.answer

    def failing(self: Any, sheet: Any) -> Any:
        if sheet.rows == 5:
            raise pa.ArrowInvalid("no such cast")
        return answer(self, sheet)

    monkeypatch.setattr(module.TableDiagnoser, "answer", failing)
    made = run(line / "file0.parquet", tmp_path / "out")
    assert [str(problem) for problem in made.failed] == [
        f"{line / 'file0.parquet'}: rows 20 to 25: cannot be worked out (no such cast)"
    ]
    assert column(tmp_path / "out", "cell") == list(range(20))


# --- outputs that are refused


def stamps(root: Path) -> dict[Path, tuple[int, int, int]]:
    """Files and folders, and what changes with what is in them."""
    about = {path: path.stat() for path in root.rglob("*")}
    return {path: (each.st_ino, each.st_size, each.st_mtime_ns) for path, each in about.items()}


def test_output_exists(line: Path, tmp_path: Path) -> None:
    """An output that is there is refused, a folder and a file, finished and begun, and nothing in it is touched."""
    begun(line, tmp_path / "begun")
    for name in ("out", "out.csv"):
        run(line, tmp_path / name)
    before = stamps(tmp_path)
    for name in ("begun", "out", "out.csv"):
        said = refused(lambda name=name: begun(line, tmp_path / name))
        assert said == (
            f"{tmp_path / name} exists already. Add --resume to go on with it, or --overwrite to begin again."
        )
    assert stamps(tmp_path) == before


def test_output_of_somebody_else(line: Path, tmp_path: Path) -> None:
    """A folder that holds something else is refused, even when it may be overwritten."""
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "thesis.txt").write_text("x")
    for flags in ({}, {"overwrite": True}, {"resume": True}):
        said = refused(lambda flags=flags: begun(line, tmp_path / "out", **flags))
        assert said == f"{tmp_path / 'out'} holds other files than a batch. Name another folder."
    assert os.listdir(tmp_path / "out") == ["thesis.txt"]


def test_output_of_the_wrong_kind(line: Path, tmp_path: Path) -> None:
    """A file where a folder is to be, a folder where a file is to be, and unknown kinds are refused."""
    (tmp_path / "out").write_text("x")
    (tmp_path / "out.csv").mkdir()
    assert refused(lambda: begun(line, tmp_path / "out")) == f"{tmp_path / 'out'} is a file. Give another name."
    assert refused(lambda: begun(line, tmp_path / "out.csv")).endswith("out.csv is a folder. Give another name.")
    assert "Name a folder, or a file in .parquet, .csv, .jsonl, .arrow." in refused(
        lambda: begun(line, tmp_path / "out.xlsx")
    )


@pytest.mark.parametrize("output", [".", "out", "out.csv", "sub/out"])
def test_output_inside_the_input(line: Path, output: str) -> None:
    """An output in a folder all tables of which are read would be read the next time; it is refused."""
    before = sorted(line.rglob("*"))
    refused(lambda: begun(line, line / output))
    assert sorted(line.rglob("*")) == before


def test_output_is_an_input(line: Path, tmp_path: Path) -> None:
    """An output that would overwrite an input is refused, by whatever name."""
    run(line, tmp_path / "out")
    part = next((tmp_path / "out").glob("*.parquet"))
    table = tmp_path / "table.csv"
    write(cells(3), table)
    (tmp_path / "other.csv").symlink_to(table)
    for inputs, output in ((part, tmp_path / "out"), (table, table), (table, tmp_path / "other.csv")):
        said = refused(lambda inputs=inputs, output=output: begun(inputs, output, overwrite=True))
        assert said.endswith("would be read and overwritten. Name another output.")
    assert table.read_text() == csv_text(cells(3))


def test_contradiction(line: Path, tmp_path: Path) -> None:
    """To go on and to begin again cannot both be meant."""
    said = refused(lambda: begun(line, tmp_path / "out", resume=True, overwrite=True))
    assert said == "--resume and --overwrite contradict each other"


@pytest.mark.parametrize("role", ["by", "time", "id"])
def test_column_that_is_not_there(line: Path, tmp_path: Path, role: str) -> None:
    """A column for the summary that is not passed on is refused before anything is touched."""
    run(line, tmp_path / "out")
    before = parts(tmp_path / "out")
    for name, said in (("lots", "Did you mean lot?"), ("speed", "Choose from cell, lot."), (RESISTANCE, "cell, lot")):
        wrong = Options(**{role: name})
        told = refused(lambda wrong=wrong: begin([str(line)], tmp_path / "out", wrong, overwrite=True))
        assert told.startswith(f"{name!r} is not a column that is passed on. ")
        assert said in told
    none = Options(keep=False, **{role: "lot"})
    assert refused(lambda: begin([str(line)], tmp_path / "out", none, overwrite=True)).endswith("There is none.")
    assert parts(tmp_path / "out") == before


def test_column_that_makes_no_groups(tmp_path: Path) -> None:
    """A column whose type makes no groups or times is refused before anything is worked out."""
    path = write(cells(2).append_column("x", KINDS["list"]), tmp_path / "a.parquet")
    assert "makes no groups" in refused(lambda: begin([str(path)], tmp_path / "out", Options(by="x")))
    assert "is no time" in refused(lambda: begin([str(path)], tmp_path / "out", Options(time="x")))
    assert not (tmp_path / "out").exists()


# --- going on


def test_resume_by_other_rules(line: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A batch is not resumed by other rules or another version, and both hashes are told."""
    old = begun(line, tmp_path / "out").job
    site = tmp_path / "site"
    (site / "rules").mkdir(parents=True)
    (site / "rules" / "own.yaml").write_text(CAUSE)
    said = refused(lambda: begun(line, tmp_path / "out", [site], resume=True))
    new = module.unpacked(module.parcel([site])).rules.hash
    assert old.rules != new
    assert said == (
        f"{tmp_path / 'out'} cannot be resumed: it was begun with rules {old.rules[:12]}, and now there is {new[:12]}. "
        "Add --overwrite to begin again."
    )
    monkeypatch.setattr(module.package, "__version__", "99.0")
    assert "begun with diagnose 0." in refused(lambda: begun(line, tmp_path / "out", resume=True))


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"causes": 2}, "causes"),
        ({"remedies": 1, "causes": 1}, "causes, remedies"),
        ({"keep": False}, "columns passed on"),
        ({"by": "lot"}, "by"),
        ({"time": "cell"}, "time"),
        ({"profile": Profile(constants={"temperature_C": "25"})}, "profile"),
        ({"text": TextOptions(";")}, "separator and encoding"),
    ],
)
def test_resume_with_other_options(line: Path, tmp_path: Path, options: dict[str, Any], said: str) -> None:
    """A batch is not resumed with other options, and those that differ are told."""
    begun(line, tmp_path / "out")
    told = refused(lambda: begin([str(line)], tmp_path / "out", Options(**options), resume=True))
    assert f"cannot be resumed: these were others when it was begun: {said}. Use the same options" in told


def test_id_is_no_option_of_the_output(line: Path, tmp_path: Path) -> None:
    """Which column holds ids decides nothing in the output, so it may be asked for later."""
    run(line, tmp_path / "out")
    made = run(line, tmp_path / "out", resume=True, id="lot")
    assert repeated(made, "lot") == (5, ["L0", "L1", "L2", "L3", "L4"])


def test_resume_of_nothing(line: Path, tmp_path: Path) -> None:
    """To resume what was never begun is to begin."""
    run(line, tmp_path / "out", resume=True)
    assert column(tmp_path / "out", "cell") == list(range(50))


def test_resume_of_what_is_finished(line: Path, tmp_path: Path) -> None:
    """A finished folder is resumed by doing nothing; a finished file is left alone and said to be finished."""
    run(line, tmp_path / "out")
    run(line, tmp_path / "out.csv")
    before = {path: stamp for path, stamp in stamps(tmp_path / "out").items() if path.suffix == ".parquet"}
    made = run(line, tmp_path / "out", resume=True)
    assert made.left == []
    assert before.items() <= stamps(tmp_path / "out").items()
    said = refused(lambda: begun(line, tmp_path / "out.csv", resume=True))
    assert said == f"{tmp_path / 'out.csv'} is finished. Add --overwrite to write it again."


def test_resume_after_a_change(line: Path, tmp_path: Path) -> None:
    """After a file was changed its parts are worked out again, and those of the others are kept."""
    run(line, tmp_path / "out")
    before = stamps(tmp_path / "out")
    changed(line / "file1.parquet", cells(5, 100))
    made = begun(line, tmp_path / "out", resume=True)
    assert [name for name, _ in made.left] == ["part-00001-00000"]
    run(line, tmp_path / "out", resume=True)
    assert column(tmp_path / "out", "cell") == [*range(25), *range(100, 105), *range(30, 50)]
    after = stamps(tmp_path / "out")
    assert [path.name for path in before if path.suffix == ".parquet" and before[path] != after[path]] == [
        "part-00001-00000.parquet"
    ]


def test_resume_after_a_file_became_shorter(line: Path, tmp_path: Path) -> None:
    """Parts that a file no longer has are removed, with their notes."""
    run(line, tmp_path / "out")
    changed(line / "file0.parquet", cells(8))
    run(line, tmp_path / "out", resume=True)
    assert column(tmp_path / "out", "cell") == [*range(8), *range(25, 50)]
    assert not list((tmp_path / "out").rglob("part-00000-00001.*"))


def test_resume_with_more_files(line: Path, tmp_path: Path) -> None:
    """A file that was added is worked out, and what was done is kept."""
    run(line, tmp_path / "out")
    write(cells(5, 50), line / "file3.parquet")
    made = begun(line, tmp_path / "out", resume=True)
    assert [name for name, _ in made.left] == ["part-00003-00000"]
    write(cells(3, -3), line / "file-1.parquet")
    run(line, tmp_path / "out", resume=True)
    assert column(tmp_path / "out", "cell") == list(range(-3, 55))


def test_resume_after_a_file_was_mended(line: Path, tmp_path: Path) -> None:
    """A file that could not be read has its place among the parts, so only it is left when it is mended."""
    whole = (line / "file0.parquet").read_bytes()
    (line / "file0.parquet").write_bytes(whole[:-10])
    assert run(line, tmp_path / "out").plan.problems[0].file == str(line / "file0.parquet")
    assert column(tmp_path / "out", "cell") == list(range(25, 50))
    (line / "file0.parquet").write_bytes(whole)
    made = begun(line, tmp_path / "out", resume=True)
    assert {name[:10] for name, _ in made.left} == {"part-00000"}
    run(line, tmp_path / "out", resume=True)
    assert column(tmp_path / "out", "cell") == list(range(50))


def test_note_of_other_rows(line: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A note never comes to stand beside a part of other rows, though a file was changed, and changed back."""
    run(line, tmp_path / "out")
    path = line / "file1.parquet"
    old, stamp = path.read_bytes(), path.stat().st_mtime_ns
    changed(path, cells(5, 100))
    made = begun(line, tmp_path / "out", resume=True)
    with monkeypatch.context() as patch:
        # As if it were killed between the part and its note.
        patch.setattr(module, "write_whole", lambda path, content: None)
        list(made.run())
    assert column(tmp_path / "out", "cell") == [*range(25), *range(100, 105), *range(30, 50)]
    path.write_bytes(old)
    os.utime(path, ns=(stamp, stamp))
    run(line, tmp_path / "out", resume=True)
    assert column(tmp_path / "out", "cell") == list(range(50))


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"null", b'{"job": 1}', b"\xff"])
def test_broken_notes(line: Path, tmp_path: Path, content: bytes) -> None:
    """A note that cannot be read is as good as none."""
    run(line, tmp_path / "out")
    (tmp_path / "out" / NOTES / "part-00001-00000.json").write_bytes(content)
    made = begun(line, tmp_path / "out", resume=True)
    assert [name for name, _ in made.left] == ["part-00001-00000"]
    (tmp_path / "out" / NOTES / "job.json").write_bytes(content if content != b'{"job": 1}' else b"[]")
    run(line, tmp_path / "out", resume=True)
    assert column(tmp_path / "out", "cell") == list(range(50))


def test_part_without_its_file(line: Path, tmp_path: Path) -> None:
    """A part that was deleted is worked out again."""
    run(line, tmp_path / "out")
    (tmp_path / "out" / "part-00000-00002.parquet").unlink()
    run(line, tmp_path / "out", resume=True)
    assert column(tmp_path / "out", "cell") == list(range(50))


def test_overwrite(line: Path, tmp_path: Path) -> None:
    """To begin again removes what a batch wrote, finished or half-written, and nothing of anybody else."""
    run(line, tmp_path / "out")
    strange = ("thesis.txt", "part-of-me.parquet", ".hidden", ".part-of-me.txt", f"{NOTES}/remark.txt")
    for name in (*strange, ODD, f"{NOTES}/.part-00000-00000.json.{'f' * 32}", "part-00099-00000.parquet"):
        (tmp_path / "out" / name).write_text("x")
    begun(line, tmp_path / "out", overwrite=True)
    assert rubbish(tmp_path / "out") == sorted(Path(name).name for name in strange)
    assert parts(tmp_path / "out") == {"part-of-me.parquet": b"x"}


def test_overwrite_a_file(line: Path, tmp_path: Path) -> None:
    """A file that is to be overwritten stays until the new one is whole."""
    (tmp_path / "out.csv").write_text("old")
    made = begun(line, tmp_path / "out.csv", overwrite=True)
    assert len(list(made.run())) == 6
    assert (tmp_path / "out.csv").read_text() == "old"
    made.finish()
    assert pc.read_csv(tmp_path / "out.csv").num_rows == 50


def test_strays_of_a_killed_run(line: Path, tmp_path: Path) -> None:
    """Files that a killed run was about to write are removed when it is resumed, and when a run is finished."""
    made = begun(line, tmp_path / "out")
    places = (ODD, f"{NOTES}/.job.json.{'a' * 32}", f"{NOTES}/.part-00000-00000.json.{'b' * 32}")
    for name in places:
        (tmp_path / "out" / name).write_text("x")
    made = begun(line, tmp_path / "out", resume=True)
    assert rubbish(tmp_path / "out") == []
    for name in places:
        (tmp_path / "out" / name).write_text("x")
    list(made.run())
    made.finish()
    assert rubbish(tmp_path / "out") == []


# --- no room


def test_no_room_to_join(line: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """When the disk is full while parts are joined, the parts are kept, and it can be resumed."""

    def full(parts: Any, place: Path, suffix: str, schema: Any) -> None:
        place.write_text("half")
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(module, "join", full)
        with pytest.raises(FileError, match=r"out\.csv: cannot be written \(No space left on device\)\. Make room"):
            run(line, tmp_path / "out.csv")
    assert sorted(path.name for path in tmp_path.iterdir()) == [".out.csv.parts", "line"]
    assert begun(line, tmp_path / "out.csv", resume=True).left == []
    run(line, tmp_path / "out.csv", resume=True)
    assert pc.read_csv(tmp_path / "out.csv").column("cell").to_pylist() == list(range(50))


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="nothing is forbidden to root")
def test_folder_that_may_not_be_written(line: Path, tmp_path: Path) -> None:
    """An output in a folder that may not be written is told."""
    (tmp_path / "locked").mkdir(mode=0o500)
    with pytest.raises(FileError, match="cannot be written \\(Permission denied\\)"):
        begun(line, tmp_path / "locked" / "out")


def test_output_below_a_file(line: Path, tmp_path: Path) -> None:
    """An output below what is no folder is told."""
    (tmp_path / "a").write_text("x")
    with pytest.raises(FileError, match="cannot be written \\("):
        begun(line, tmp_path / "a" / "out")


# --- killed

DRIVER = textwrap.dedent(
    """
    # Runs batches in children that kill themselves at the first, second, ... moment at which a file appears.
    import os, shutil, signal, sys
    from pathlib import Path

    import pyarrow.csv, pyarrow.parquet

    import diagnose.batch as module
    import diagnose.source as source
    from diagnose.batch import Options, begin
    from diagnose.data import parcel, unpacked
    from diagnose.many import sheet_of

    work, name = Path(sys.argv[1]), sys.argv[2]
    source.PART_ROWS = 10
    # Read and made once, before all children.
    sent = parcel()
    base = unpacked(sent)
    module.parcel, module.unpacked = lambda overlays: sent, lambda parcel: base
    any_kept, none_kept = module.TableDiagnoser(base), module.TableDiagnoser(base, keep=())
    none_kept.answer(sheet_of({"electrolyte": ["LLZO"], "electrode_role": ["anode"]}))
    module.TableDiagnoser = lambda *arguments: none_kept if len(arguments) > 4 else any_kept

    def run(output, kill_at=0):
        real, seen = os.replace, 0

        def replace(here, there):
            nonlocal seen
            seen += 1
            if seen == kill_at:
                os.kill(os.getpid(), signal.SIGKILL)
            real(here, there)
            seen += 1
            if seen == kill_at:
                os.kill(os.getpid(), signal.SIGKILL)

        os.replace = replace
        made, _ = begin([str(work / "line")], output, Options(keep=False), resume=True)
        for _ in made.run():
            pass
        made.finish()

    def in_child(*arguments):
        child = os.fork()
        if not child:
            try:
                run(*arguments)
                os._exit(0)
            except BaseException as error:
                print(type(error), error, flush=True)
                os._exit(1)
        return os.waitpid(child, 0)[1]

    def written(folder):
        files = (path for path in folder.rglob("*") if path.is_file())
        return {path.relative_to(folder): path.read_bytes() for path in files}

    (work / "whole").mkdir()
    assert in_child(work / "whole" / name) == 0
    expected, moment = written(work / "whole"), 0
    killed = signal.SIGKILL
    while killed:
        moment += 1
        folder = work / f"at{moment}"
        folder.mkdir()
        killed = in_child(folder / name, moment)
        assert killed in (0, signal.SIGKILL), killed
        if killed and moment % 2:
            # And killed again while it goes on.
            assert in_child(folder / name, 2) in (0, signal.SIGKILL)
        done = (folder / name).is_file() and not (folder / f".{name}.parts").exists()
        assert done or in_child(folder / name) == 0
        found = written(folder)
        assert found == expected, (moment, sorted(found), sorted(expected))
        shutil.rmtree(folder)
    print(moment)
    """
)


@pytest.mark.parametrize(("output", "rows"), [("out", 5), ("out.csv", 15)])
def test_killed_at_any_moment(tmp_path: Path, output: str, rows: int) -> None:
    """Killed by kill -9 before or after any file appears, a batch that is resumed writes the same bytes."""
    write(cells(rows), tmp_path / "line" / "a.parquet")
    driver = tmp_path / "driver.py"
    driver.write_text(DRIVER)
    command = [sys.executable, driver, tmp_path, output]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    # The job, each part and its note and, in the end, the one file: all have a moment before and one after.
    files = 3 if output == "out" else 6
    assert int(done.stdout) == 2 * files + 1


# --- several processes


def test_workers(line: Path, tmp_path: Path) -> None:
    """Two worker processes write the bytes that one process writes."""
    run(line, tmp_path / "one" / "out")
    run(line, tmp_path / "two" / "out", workers=2)
    one, two = (
        {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
        for folder in (tmp_path / "one", tmp_path / "two")
    )
    assert one == two
    assert len(one) == 1 + 2 * 6


def test_worker_that_makes_other_rules(line: Path, tmp_path: Path) -> None:
    """A worker that makes other rules of the same documents refuses to work."""
    job = replace(begun(line, tmp_path / "out").job, rules="0" * 64)
    with pytest.raises(DiagnoseError, match="a worker makes other rules of the same files"):
        diagnoser_of(job)


def test_killed_worker(line: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker process that is killed ends the run with what to do, and the run can be resumed."""
    made = begun(line, tmp_path / "out")
    monkeypatch.setattr(module, "_work", die)
    with pytest.raises(FileError, match=r"a worker process was killed.* Run again with --resume, with fewer --workers"):
        list(made.run(2))
    monkeypatch.undo()
    monkeypatch.setattr(source, "PART_ROWS", 10)
    run(line, tmp_path / "out", resume=True)
    assert column(tmp_path / "out", "cell") == list(range(50))


def die(name: str, part: Any) -> None:
    """What a worker does for which there is no memory."""
    os.kill(os.getpid(), signal.SIGKILL)


# --- ids


def test_repeated_ids(tmp_path: Path) -> None:
    """Ids in several rows are counted over all parts, and told in the order in which they come; empty ones are not."""
    ids = ["b", "a", "", None, "b", *map(str, range(20)), "a", "", None, "b", "7", *"cdefgcdefg"]
    table = cells(len(ids)).append_column("id", pa.array(ids))
    for suffix in ("parquet", "csv"):
        made = run(write(table, tmp_path / f"a.{suffix}"), tmp_path / f"out-{suffix}", id="id")
        assert repeated(made, "id") == (8, ["b", "a", "7", "c", "d"])


def test_repeated_ids_of_numbers(tmp_path: Path) -> None:
    """Ids may be numbers."""
    made = run([write(cells(20), tmp_path / "a.parquet"), write(cells(20, 15), tmp_path / "b.parquet")], tmp_path / "o")
    assert repeated(made, "cell") == (5, ["15", "16", "17", "18", "19"])


# --- summary


def test_summary_of_parts(line: Path, tmp_path: Path) -> None:
    """The summary of a batch, resumed or not, is that of all its rows at once."""
    whole = Summary("lot", "cell")
    whole.add(diagnose_many(cells(50)).combine_chunks().to_batches()[0])
    made = run(line, tmp_path / "out", by="lot", time="cell")
    assert made.summary().to_json() == whole.to_json()
    again = run(line, tmp_path / "out", by="lot", time="cell", resume=True)
    assert again.summary().to_json() == whole.to_json()


def test_progress_counts(line: Path, tmp_path: Path) -> None:
    """Each finished part is told with its rows and mistakes."""
    done = list(begun(line, tmp_path / "out").run())
    assert [(each.rows, each.errors) for each in done] == [(10, 0), (10, 0), (5, 0), (5, 0), (10, 0), (10, 0)]
    assert all(isinstance(each, Done) for each in done)
