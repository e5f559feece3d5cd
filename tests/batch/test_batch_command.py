"""`diagnose batch` as a person meets it: what it prints, its exit codes, and that it may be killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv as pc
import pyarrow.parquet as pq
import pytest
from linecells import RESISTANCE, answers, cells, column, parts, run, small_parts, write

import diagnose.batch as module
import diagnose.batchcommand as told
import diagnose.source as source
from diagnose.errors import FileError, Problem

Command = Callable[..., Any]


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Small parts, and the rules read once."""
    small_parts(monkeypatch)


@pytest.fixture
def batch(command: Command) -> Command:
    """Runs `diagnose batch ... --workers 1` and looks for tracebacks."""

    def act(*arguments: str | Path, workers: int = 1) -> Any:
        done = command("batch", *arguments, "--workers", str(workers))
        assert "Traceback" not in done.out + done.err
        assert "internal error" not in done.err
        return done

    return act


@pytest.fixture
def line(tmp_path: Path) -> Path:
    """A folder with two files of a line, of 25 and 15 rows."""
    for number, (start, rows) in enumerate([(0, 25), (25, 15)]):
        write(cells(rows, start), tmp_path / "line" / f"file{number}.parquet")
    return tmp_path / "line"


# --- what is told


def test_all_is_well(line: Path, batch: Command, tmp_path: Path) -> None:
    """Without mistakes the summary is printed, remarks go to standard error, and the exit code is 0."""
    done = batch(line, "-o", tmp_path / "out")
    assert done.code == 0
    assert done.out.startswith("40 rows\n\nVerdicts\n")
    assert done.err.splitlines() == [
        "Passed on, as they are no fields: cell, lot.",
        "  cell: Did you mean cell_type? If so, add --map cell=FIELD.",
    ]
    assert len(answers(tmp_path / "out")) == 40


def test_rows_in_error(batch: Command, tmp_path: Path) -> None:
    """Rows with mistakes are counted, and the exit code is 1; all rows are written."""
    table = cells(30).set_column(4, "electrode_role", pa.array(["anode", "cathod", "cathode"] * 10))
    done = batch(write(table, tmp_path / "a.parquet"), "-o", tmp_path / "out.csv")
    wrong = sum(bool(error) for error in pc.read_csv(tmp_path / "out.csv").column("error").to_pylist())
    assert wrong >= 10
    assert done.code == 1
    assert f"{wrong} of 30 rows have mistakes, told in the column error" in done.err
    assert f"Mistakes in the {wrong} rows in error" in done.out
    assert not (tmp_path / ".out.csv.parts").exists()


def test_file_in_error(line: Path, batch: Command, tmp_path: Path) -> None:
    """A file that cannot be read is named before and after, the others are worked out, and the exit code is 1."""
    (line / "file0.parquet").write_bytes(b"PAR1")
    done = batch(line, "-o", tmp_path / "out")
    assert done.code == 1
    assert done.err.count(f"{line / 'file0.parquet'}: cannot be read (") == 2
    assert f"Left out: {line / 'file0.parquet'}" in done.err
    assert column(tmp_path / "out", "cell") == list(range(25, 40))


@pytest.mark.parametrize("workers", [1, 2])
def test_part_in_error(line: Path, batch: Command, tmp_path: Path, workers: int) -> None:
    """A part that cannot be read is named with its rows, and it is told what is missing and what to do."""
    path = write(cells(25), line / "file0.parquet", row_group_size=10, write_page_checksum=True)
    about = pq.ParquetFile(path).metadata.row_group(1).column(5)
    middle = about.dictionary_page_offset + about.total_compressed_size // 2
    raw = bytearray(path.read_bytes())
    raw[middle] ^= 255
    path.write_bytes(raw)
    done = batch(line, "-o", tmp_path / "out.csv", workers=workers)
    assert done.code == 1
    assert done.out.startswith("30 rows\n")
    assert f"{path}: rows 10 to 20: cannot be read (" in done.err
    assert (
        f"1 of 5 parts are missing in the output; the others are in {tmp_path / '.out.csv.parts'}. "
        "Mend or take out what is named above, then run again with --resume."
    ) in done.err
    assert not (tmp_path / "out.csv").exists()


def test_usage(line: Path, batch: Command, tmp_path: Path) -> None:
    """A command that makes no sense gives one line and the exit code 2, and nothing is written."""
    table = write(cells(2), tmp_path / "a.csv")
    for arguments, said in (
        ([line], "Missing option '-o'"),
        (["-o", tmp_path / "out"], "Missing argument"),
        ([tmp_path / "nothing", "-o", tmp_path / "out"], "there is no such file or folder"),
        ([line, "-o", line / "out"], "all tables of which are read"),
        ([line, "-o", tmp_path / "out", "--resume", "--overwrite"], "contradict each other"),
        ([line, "-o", tmp_path / "out", "--by", "lott"], "'lott' is not a column that is passed on. Did you mean lot?"),
        ([line, "-o", tmp_path / "out", "--id", "x"], "'x' is not a column that is passed on. Choose from cell, lot."),
        ([line, "-o", tmp_path / "out", "--map", "R"], "--map 'R' is not COLUMN=FIELD or COLUMN=FIELD:UNIT"),
        ([line, "-o", tmp_path / "out", "--map", "R=nothing"], "it is not a field of a case"),
        ([line, "-o", tmp_path / "out", "--set", "lot"], "--set 'lot' is not FIELD=VALUE"),
        ([line, "-o", tmp_path / "out", "--causes", "0"], "--causes"),
        ([line, "-o", tmp_path / "out", "--separator", "ab"], "'ab' is no separator"),
        ([line, "-o", tmp_path / "out", "--separator", '"'], "is no separator"),
        ([line, "-o", tmp_path / "out", "--separator", "§"], "Give one character of ASCII, or tab."),
        ([table, "-o", tmp_path / "out", "--encoding", "klingon"], "there is no encoding 'klingon'"),
        ([line, "-o", tmp_path / "out", "--report", tmp_path / "no" / "r.html"], "its folder does not exist"),
        ([line, "-o", tmp_path / "out", "--save-profile", tmp_path / "no" / "p.yaml"], "its folder does not exist"),
    ):
        done = batch(*arguments)
        assert (done.code, done.out) == (1 if "no such file" in said else 2, "")
        assert said in " ".join(done.err.split())
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.csv", "line"]


def test_signs_of_strangers(batch: Command, tmp_path: Path) -> None:
    """Names and ids that hold signs to steer a terminal are printed without them."""
    table = cells(4).append_column("\x1b[31mid", pa.array(["\x1b[2J", "\x1b[2J", "a", "b"]))
    write(table, tmp_path / "a.parquet")
    done = batch(tmp_path / "a.parquet", "-o", tmp_path / "out", "--id", "\x1b[31mid")
    assert "1 value of" in done.out
    assert "\x1b" not in done.out + done.err


def test_progress(line: Path, batch: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a terminal each line of progress tells parts, rate and what is left, also when a run is resumed."""
    monkeypatch.setattr(told, "EVERY_SECONDS", 0.0)
    lines = [each for each in batch(line, "-o", tmp_path / "out").err.splitlines() if "rows/s" in each]
    assert [each.split()[0] for each in lines] == ["1/5", "2/5", "3/5", "4/5", "5/5"]
    assert lines[-1].endswith(" 0 s left")
    (tmp_path / "out" / "part-00001-00001.parquet").unlink()
    done = batch(line, "-o", tmp_path / "out", "--resume")
    assert done.err.splitlines()[0] == "4 of 5 parts are done already."
    assert [each.split()[0] for each in done.err.splitlines() if "rows/s" in each] == ["5/5"]
    done = batch(line, "-o", tmp_path / "out", "--resume")
    assert (done.code, done.err.splitlines()[0]) == (0, "5 of 5 parts are done already.")
    assert done.out.startswith("40 rows\n")


def test_progress_on_a_terminal(line: Path, batch: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a terminal a bar counts the parts."""
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    done = batch(line, "-o", tmp_path / "out")
    assert done.code == 0
    assert "5/5 parts" in done.err
    assert " rows/s" in done.err


def test_ids(line: Path, batch: Command, tmp_path: Path) -> None:
    """Ids that stand in several rows are counted, and a few told; that is no error."""
    done = batch(line, "-o", tmp_path / "out", "--id", "lot")
    assert done.code == 0
    assert done.out.rstrip().endswith("4 values of lot stand in several rows: L0, L1, L2, L3")
    assert "several rows" not in batch(line, "-o", tmp_path / "out2", "--id", "cell").out


def test_report(line: Path, batch: Command, tmp_path: Path) -> None:
    """The report is a page about the batch, and the same for a run that was resumed."""
    options = ("--by", "lot", "--time", "cell")
    assert batch(line, "-o", tmp_path / "out", *options, "--report", tmp_path / "one.html").code == 0
    assert batch(line, "-o", tmp_path / "out", *options, "--report", tmp_path / "two.html", "--resume").code == 0
    assert (tmp_path / "one.html").read_bytes() == (tmp_path / "two.html").read_bytes()
    assert "Batch out" in (tmp_path / "one.html").read_text()


# --- columns of other people


def foreign(tmp_path: Path) -> Path:
    """The table as somebody else writes it: German names, ohm m2, semicolons, decimal points."""
    table = cells(40)
    names = {"cell": "Zelle", "electrode": "Elektrode", "electrode_role": "Rolle", RESISTANCE: "R = ASR"}
    rows = [";".join([*(names.get(name, name) for name in table.schema.names)])]
    for row in table.to_pylist():
        row[RESISTANCE] = f"{row[RESISTANCE] / 10_000:.4f}"
        rows.append(";".join(map(str, row.values())))
    (tmp_path / "a.csv").write_text("\n".join(rows))
    return tmp_path / "a.csv"


MAPS = ("--map", "Elektrode=electrode", "--map", "Rolle=electrode_role", "--map", f"R = ASR={RESISTANCE}:ohm*m^2")


def test_foreign_columns(batch: Command, tmp_path: Path) -> None:
    """Columns with other names and units give the diagnoses of the usual ones, by --map and by a saved profile."""
    plain = tmp_path / "plain"
    assert batch(write(cells(40), tmp_path / "cells.csv"), "-o", plain, "--set", "temperature_C=300 K").code == 0
    path, profile = foreign(tmp_path), tmp_path / "profile.yaml"
    done = batch(path, "-o", tmp_path / "one", *MAPS, "--set", "temperature_C=300 K", "--save-profile", profile)
    assert (done.code, "R = ASR" in profile.read_text()) == (0, True)
    done = batch(path, "-o", tmp_path / "two", "--profile", profile)
    assert done.code == 0
    expected = [{name: row[name] for name in row if name != "cell"} for row in answers(plain)]
    for name in ("one", "two"):
        found = answers(tmp_path / name)
        assert [row.pop("Zelle") for row in found] == [str(number) for number in range(40)]
        assert found == expected
    assert parts(tmp_path / "one") == parts(tmp_path / "two")


def test_foreign_columns_unmapped(batch: Command, tmp_path: Path) -> None:
    """What is missing is told with the nearest name of a column, and how to give one value for all rows."""
    done = batch(foreign(tmp_path), "-o", tmp_path / "out", "--map", "Role=electrode_role")
    assert done.code == 1
    assert "there is no column 'Role'. Did you mean Rolle?" in done.err
    done = batch(foreign(tmp_path), "-o", tmp_path / "out")
    assert (
        "electrode_role: no column fills it. Did you mean electrode" in done.err
        or "Map a column to it, or give one value for all rows, as in electrode_role=..." in done.err
    )
    assert not (tmp_path / "out").exists()


def test_text_options(batch: Command, tmp_path: Path) -> None:
    """Separator and encoding of CSV files can be told."""
    write(cells(3), tmp_path / "a.csv")
    content = (tmp_path / "a.csv").read_text().replace(",", "\t").replace("lot", "Größe")
    (tmp_path / "a.csv").write_bytes(content.encode("cp1252"))
    done = batch(tmp_path / "a.csv", "-o", tmp_path / "out")
    assert done.code == 1
    assert f"{tmp_path / 'a.csv'}:1: is not utf-8 text. Give its encoding, as in --encoding latin-1." in done.err
    assert batch(tmp_path / "a.csv", "-o", tmp_path / "out", "--encoding", "cp1252", "--separator", "tab").code == 0
    assert column(tmp_path / "out", "Größe") == ["L0"] * 3


def test_causes_and_columns(line: Path, batch: Command, tmp_path: Path) -> None:
    """How many causes and remedies are listed, and whether other columns are passed on, can be told."""
    assert batch(line, "-o", tmp_path / "out", "--causes", "1", "--remedies", "2", "--no-keep").code == 0
    names = pq.read_schema(tmp_path / "out" / "part-00000-00000.parquet").names
    assert names[:3] == ["verdict", "severity", "cause_1"]
    assert [name for name in names if name.startswith(("cause_", "remedy_"))] == [
        "cause_1",
        "remedy_1",
        "remedy_1_status",
        "remedy_2",
        "remedy_2_status",
    ]


# --- whole processes

SMALL = """
import sys, time
import diagnose.batch as module, diagnose.source as source
from diagnose.cli import main

def stop_at_the_third(*arguments, **options):
    seen.append(1)
    if len(seen) > 3:
        time.sleep(600)
    return wait(*arguments, **options)

seen, wait = [], module.wait
source.PART_ROWS = 20
if sys.argv[-1] == "2":
    module.wait = stop_at_the_third
main()
"""


def started(*arguments: str | Path, **options: Any) -> subprocess.Popen[str]:
    """`diagnose batch` with small parts, in a process of its own, which stops half-way when it has two workers."""
    command = [sys.executable, "-c", SMALL, "batch", *map(str, arguments)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options)


def wait_until(true: Callable[[], bool], what: str, seconds: float = 60.0) -> None:
    """Look again and again until something is so."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, f"waited {seconds:.0f} s in vain for {what}"
        time.sleep(0.02)


def children(pid: int) -> list[int]:
    """The processes that a process has started."""
    found = Path(f"/proc/{pid}/task/{pid}/children")
    return [int(each) for each in found.read_text().split()]


@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="needs /proc")
def test_killed_with_its_workers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """After kill -9 in the middle no worker lives on, and what is resumed has the bytes of an undisturbed run."""
    path = write(cells(320), tmp_path / "a.parquet")
    process = started(path, "-o", tmp_path / "out", "--workers", "2")
    try:
        wait_until(lambda: len(list(tmp_path.glob("out/part-*"))) >= 3, "three parts")
        workers = children(process.pid)
        assert len(workers) >= 2
    finally:
        process.kill()
        process.communicate()
    wait_until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in workers), "the end of the workers")
    assert 3 <= len(parts(tmp_path / "out")) < 16
    monkeypatch.setattr(source, "PART_ROWS", 20)
    made = run(path, tmp_path / "out", resume=True)
    assert not made.left
    run(path, tmp_path / "whole")
    assert parts(tmp_path / "out") == parts(tmp_path / "whole")
    assert not list((tmp_path / "out").rglob(".*"))


@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="needs /proc")
@pytest.mark.parametrize("parts", [0, 3])
def test_interrupted(tmp_path: Path, parts: int) -> None:
    """Ctrl-C, which reaches the workers too, while they start or work, ends the run without a traceback of anybody."""
    path = write(cells(600), tmp_path / "a.parquet")
    process = started(path, "-o", tmp_path / "out", "--workers", "2", start_new_session=True)
    try:
        wait_until(lambda: len(children(process.pid)) >= 2, "a worker")
        wait_until(lambda: len(list(tmp_path.glob("out/part-*"))) >= parts, "parts")
        os.killpg(process.pid, signal.SIGINT)
        _, err = process.communicate(timeout=60)
    finally:
        process.kill()
    assert process.returncode == 130
    assert "Traceback" not in err


@pytest.mark.parametrize("workers", [1, 2])
def test_full_disk(tmp_path: Path, workers: int) -> None:
    """When a part cannot be written the run ends and says so, without a traceback, and leaves nothing half-written."""
    resource = pytest.importorskip("resource")
    path = write(cells(100), tmp_path / "a.parquet")

    def small() -> None:
        # No file may become larger: a write to it fails, as on a full disk.
        resource.setrlimit(resource.RLIMIT_FSIZE, (6_000, 6_000))

    process = started(path, "-o", tmp_path / "out", "--workers", str(workers), preexec_fn=small)
    out, err = process.communicate(timeout=120)
    assert (process.returncode, out) == (1, "")
    said = f"{tmp_path / 'out'}: cannot be written (File too large). Make room or name another place, then run again "
    assert f"{said}with --resume.\n" in err
    assert "Traceback" not in err
    assert [path.name for path in (tmp_path / "out").rglob("*")] == ["_diagnose", "job.json"]


def test_no_room_for_a_note(line: Path, batch: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """When the disk is full for the note of a part, that is told, and the part is worked out again."""
    real = module.write_whole

    def full(path: Path, content: bytes) -> None:
        if path.name == "part-00000-00001.json":
            raise OSError(28, "No space left on device")
        real(path, content)

    with monkeypatch.context() as patch:
        patch.setattr(module, "write_whole", full)
        done = batch(line, "-o", tmp_path / "out")
    assert done.code == 1
    assert f"{tmp_path / 'out'}: cannot be written (No space left on device)" in done.err
    assert batch(line, "-o", tmp_path / "out", "--resume").code == 0
    assert column(tmp_path / "out", "cell") == list(range(40))


def test_report_that_cannot_be_written(
    line: Path, batch: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When the report cannot be written that is told, and the table is finished all the same."""

    def full(path: Path, content: bytes) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(told, "write_whole", full)
    done = batch(line, "-o", tmp_path / "out.csv", "--report", tmp_path / "r.html")
    assert done.code == 1
    assert f"{tmp_path / 'r.html'}: cannot be written (" in done.err
    assert pc.read_csv(tmp_path / "out.csv").num_rows == 40
    assert sorted(path.name for path in tmp_path.iterdir()) == ["line", "out.csv"]


def test_page_and_profile_destroy_nothing(line: Path, batch: Command, tmp_path: Path) -> None:
    """A page or profile never replaces what is read or written, nor another file without --overwrite."""
    cells_ = tmp_path / "mine.csv"
    cells_.write_text("electrolyte,electrode_role\nLLZO,anode\n")
    page, profile = tmp_path / "page.html", tmp_path / "p.yaml"
    page.write_text("mine")
    profile.write_text("columns: {}\n")
    for more, told_ in (
        (("--report", cells_), "must end in .html"),
        (("--save-profile", cells_), "must end in .yaml"),
        (("--report", page), "exists already"),
        (("--profile", profile, "--save-profile", profile, "--overwrite"), "would overwrite what is read"),
    ):
        done = batch(cells_, "-o", tmp_path / "out.parquet", *more)
        assert (done.code, told_ in done.err) == (2, True), done.err
    assert [each.read_text() for each in (page, profile)] == ["mine", "columns: {}\n"]
    assert cells_.read_text().startswith("electrolyte,")
    assert not (tmp_path / "out.parquet").exists()


def test_ids_without_room(line: Path, batch: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """When ids cannot be compared that is told, and nothing is lost."""

    def full(*_: Any) -> Any:
        raise FileError([Problem("the ids cannot be compared (database or disk is full)", field="cell")])

    monkeypatch.setattr(told, "repeated", full)
    done = batch(line, "-o", tmp_path / "out", "--id", "cell")
    assert (done.code, "the ids cannot be compared" in done.err) == (1, True)
    assert column(tmp_path / "out", "cell") == list(range(40))


def test_installed_command(line: Path, tmp_path: Path) -> None:
    """`python -m diagnose batch` works with worker processes, in another folder and with relative names."""
    command = [sys.executable, "-m", "diagnose", "batch", "line", "-o", "out.jsonl", "--workers", "2"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False)
    assert (done.returncode, done.stdout[:7]) == (0, "40 rows")
    assert len((tmp_path / "out.jsonl").read_text().splitlines()) == 40
