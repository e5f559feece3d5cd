"""A batch on a Dask cluster: a scheduler and workers that are processes of their own, and may die."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from linecells import cells, column, parts, remember, run, write

import diagnose.cluster as module
import diagnose.source as source
from diagnose.batch import Batch, Options, begin
from diagnose.cluster import run_on
from diagnose.errors import DiagnoseError, FileError, UsageError

distributed = pytest.importorskip("distributed")

SECONDS = 60.0


class Cluster:
    """A scheduler and its workers, on ports that were free; what they print is kept."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        self.start("scheduler", "--port", "0", "--scheduler-file", str(folder / "scheduler.json"))
        self.wait_until((folder / "scheduler.json").exists, "the scheduler")
        self.address = json.loads((folder / "scheduler.json").read_text())["address"]

    def start(self, name: str, *arguments: str) -> None:
        """Start a scheduler or a worker, which stands in a folder of its own and does not see the tests."""
        program = "distributed.cli.dask_scheduler" if name == "scheduler" else "distributed.cli.dask_worker"
        with open(self.folder / f"{name}.log", "wb") as log:
            command = [sys.executable, "-m", program, *arguments, "--host", "127.0.0.1", "--no-dashboard"]
            self.processes[name] = subprocess.Popen(command, cwd=self.folder, stdout=log, stderr=log)

    def work(self, *names: str) -> None:
        """Let there be these workers; others are killed."""
        for name in set(self.processes) - {"scheduler", *names}:
            self.kill(name)
        for name in set(names) - set(self.processes):
            self.start(name, self.address, "--nthreads", "1", "--name", name, "--no-nanny")
        self.wait_until(lambda: self.known() == set(names), f"workers {names}")

    def known(self) -> set[str]:
        """Names of the workers that the scheduler knows."""
        with distributed.Client(self.address, timeout=SECONDS, set_as_default=False) as client:
            return {each["name"] for each in client.scheduler_info(n_workers=-1)["workers"].values()}

    def kill(self, name: str) -> None:
        """kill -9."""
        process = self.processes.pop(name)
        process.kill()
        process.wait()

    def printed(self) -> str:
        """What all of them printed."""
        return "".join(path.read_text() for path in sorted(self.folder.glob("*.log")))

    @staticmethod
    def wait_until(true: Callable[[], bool], what: str) -> None:
        """Look again and again until something is so."""
        end = time.monotonic() + SECONDS
        while not true():
            assert time.monotonic() < end, f"waited in vain for {what}"
            time.sleep(0.05)

    def end(self) -> None:
        """Kill all that is left."""
        for name in list(self.processes):
            self.kill(name)


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """One scheduler for all tests."""
    made = Cluster(tmp_path_factory.mktemp("cluster"))
    try:
        yield made
    finally:
        made.end()


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Small parts, and the rules read once."""
    remember(monkeypatch)
    monkeypatch.setattr(source, "PART_ROWS", 10)


@pytest.fixture
def line(tmp_path: Path) -> Path:
    """A folder with two files of a line, in 20 parts."""
    for number in range(2):
        write(cells(100, 100 * number), tmp_path / "line" / f"file{number}.parquet")
    return tmp_path / "line"


def begun(line: Path, output: Path, **options: Any) -> Batch:
    """A batch that was begun."""
    return begin([str(line)], output, Options(), **options)[0]


def written(folder: Path) -> dict[str, bytes]:
    """All that is in a folder."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


# --- all is well


def test_same_bytes(cluster: Cluster, line: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two workers of a cluster write the bytes that one process writes, also where the output is named from here."""
    cluster.work("one", "two")
    monkeypatch.chdir(tmp_path)
    run(line, tmp_path / "here" / "out")
    run(line, Path("there") / "out", scheduler=cluster.address)
    assert written(tmp_path / "here") == written(tmp_path / "there")
    assert len(written(tmp_path / "there")) == 20 + 20 + 1
    assert "diagnose/batch.py" not in cluster.printed()


def test_command(cluster: Cluster, line: Path, command: Any, tmp_path: Path) -> None:
    """`diagnose batch --scheduler` tells what it tells without, and works out only what is left."""
    cluster.work("one", "two")
    plain = command("batch", line, "-o", tmp_path / "out", "--workers", "1")
    (tmp_path / "out" / "part-00001-00003.parquet").unlink()
    done = command("batch", line, "-o", tmp_path / "out", "--resume", "--scheduler", cluster.address)
    assert (done.code, done.out) == (0, plain.out)
    assert done.err == f"19 of 20 parts are done already.\n{plain.err}"
    done = command("batch", line, "-o", tmp_path / "out", "--resume", "--scheduler", cluster.address)
    assert (done.code, done.out) == (0, plain.out)


def test_rows_in_error(cluster: Cluster, command: Any, tmp_path: Path) -> None:
    """Rows with mistakes and files that break off are told as without a cluster."""
    cluster.work("one", "two")
    lines = ["electrolyte,electrode,electrode_role", *["LLZO,Li,anode", "LLZO,Li,anodd", "LLZO"] * 10]
    (tmp_path / "a.csv").write_text("\n".join(lines))
    done = command("batch", tmp_path / "a.csv", "-o", tmp_path / "out", "--scheduler", cluster.address)
    assert done.code == 1
    assert "20 of 30 rows have mistakes, told in the column error" in done.err
    assert [bool(error) for error in column(tmp_path / "out", "error")] == [False, True, True] * 10


def test_two_batches_at_once(cluster: Cluster, line: Path, tmp_path: Path) -> None:
    """Two batches with the same options at the same time on the same workers write each their own output."""
    cluster.work("one", "two")
    made = [begun(line / f"file{number}.parquet", tmp_path / f"out{number}") for number in range(2)]
    both = zip(*(each.run(scheduler=cluster.address) for each in made), strict=True)
    assert len(list(both)) == 10
    for number, each in enumerate(made):
        each.finish()
        assert not each.left
        assert column(tmp_path / f"out{number}", "cell") == list(range(100 * number, 100 * number + 100))


# --- workers that die, join and refuse


def test_killed_worker(cluster: Cluster, line: Path, tmp_path: Path) -> None:
    """When a worker is killed its part is given to another, one that joined later too, and nothing is lost."""
    cluster.work("first")
    made = begun(line, tmp_path / "there")
    results = made.run(scheduler=cluster.address)
    assert [next(results).rows for _ in range(3)] == [10] * 3
    # From here on the work is done by one that came too late to be told the rules by hand.
    cluster.work("second")
    assert len(list(results)) == 17
    made.finish()
    run(line, tmp_path / "here")
    assert written(tmp_path / "here") == written(tmp_path / "there")


def test_worker_that_makes_other_rules(cluster: Cluster, line: Path, tmp_path: Path) -> None:
    """A worker that makes other rules of the same documents refuses to work, without a traceback of its own."""
    cluster.work("one", "two")
    made = begun(line, tmp_path / "out")
    made.job = replace(made.job, rules="0" * 64)
    with pytest.raises(DiagnoseError, match=r"a worker makes other rules of the same files .*Install the same version"):
        list(made.run(scheduler=cluster.address))
    assert not parts(tmp_path / "out")
    assert "diagnose/batch.py" not in cluster.printed()


def test_workers_without_room(cluster: Cluster, line: Path, tmp_path: Path) -> None:
    """When workers cannot write, that is told, without a traceback through the program; Dask may tell of its own."""
    cluster.work("one", "two")
    made = begun(line, tmp_path / "out")
    shutil.rmtree(tmp_path / "out")
    with pytest.raises(FileError, match=r"out: cannot be written \(No such file or directory\)\. Make room"):
        list(made.run(scheduler=cluster.address))
    assert "diagnose/batch.py" not in cluster.printed()


def test_jobs_are_forgotten(cluster: Cluster, line: Path, tmp_path: Path) -> None:
    """After a batch, finished or not, its workers keep nothing of it."""
    cluster.work("one", "two")
    for stop in (False, True):
        made = begun(line, tmp_path / "out", overwrite=True)
        for _ in made.run(scheduler=cluster.address):
            if stop:
                break
    held = "len(__import__('sys').modules['diagnose.cluster']._JOBS)"
    with distributed.Client(cluster.address, timeout=SECONDS, set_as_default=False) as client:
        cluster.wait_until(lambda: set(client.run(eval, held).values()) == {0}, "the workers to forget")


def test_part_of_a_run_that_was_ended(line: Path, tmp_path: Path) -> None:
    """A worker that reaches a part after the run was ended says so and does nothing, and Dask prints no traceback."""
    ((name, part), *_) = begun(line, tmp_path / "out").left
    assert str(module._work("nobody's", name, part)) == "the batch was ended before this part was begun"
    assert not parts(tmp_path / "out")


# --- no cluster


@pytest.mark.parametrize("address", ["tcp://127.0.0.1:1", "127.0.0.1:x", "foo://127.0.0.1:1", "tcp://", ""])
def test_wrong_address(line: Path, tmp_path: Path, command: Any, monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    """When nobody answers at the address that is told within seconds, and the exit code is 2."""
    monkeypatch.setattr(module, "SECONDS", 1.0)
    done = command("batch", line, "-o", tmp_path / "out", "--scheduler", address)
    assert done.code == 2
    assert f"diagnose: no scheduler answers at {address!r} (" in done.err
    assert not parts(tmp_path / "out")


def test_address_of_something_else(line: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What takes the call and says nothing is no scheduler either."""
    monkeypatch.setattr(module, "SECONDS", 0.5)
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        made = begun(line, tmp_path / "out")
        with pytest.raises(UsageError, match="no scheduler answers at"):
            list(run_on(f"tcp://127.0.0.1:{silent.getsockname()[1]}", made.job, made.left))


def test_no_dask(line: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without Dask the line that installs it is told."""
    monkeypatch.setitem(sys.modules, "distributed", None)
    made = begun(line, tmp_path / "out")
    with pytest.raises(
        UsageError, match=r'a cluster needs Dask\. Install it with: pip install "ssb-diagnose\[cluster\]"'
    ):
        list(made.run(scheduler="tcp://127.0.0.1:1"))


def test_scheduler_that_dies(line: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """When the scheduler dies that is told, and the batch can be resumed without it."""
    monkeypatch.setattr(module, "SECONDS", 2.0)
    (tmp_path / "cluster").mkdir()
    cluster = Cluster(tmp_path / "cluster")
    try:
        cluster.work("one")
        made = begun(line, tmp_path / "out")
        results = made.run(scheduler=cluster.address)
        next(results)
        cluster.kill("scheduler")
        with pytest.raises(DiagnoseError, match=r"the cluster at tcp://.* failed .* Run again with --resume\."):
            list(results)
    finally:
        cluster.end()
    run(line, tmp_path / "out", resume=True)
    assert column(tmp_path / "out", "cell") == list(range(200))
