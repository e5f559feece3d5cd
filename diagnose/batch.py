"""A batch: tables of any size in, a table of diagnoses out, part by part, in bounded memory.

Each part is written whole or not at all, and beside it a note of what it holds; a run that was killed goes on with the
parts that have no note. A part depends on nothing but its rows, the rules and the options, so who works it out, when
and after how many interruptions does not show in the output.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import signal
import sqlite3
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from itertools import islice
from multiprocessing import get_context, parent_process, resource_tracker
from pathlib import Path
from typing import Any

import diagnose as package
from diagnose.data import Base, Parcel, parcel, unpacked
from diagnose.errors import DataError, DiagnoseError, FileError, Problem, UsageError, did_you_mean
from diagnose.many import TableDiagnoser
from diagnose.onefile import join, parquet_writer
from diagnose.profile import Profile
from diagnose.sheet import BLOCK, Sheet, arrow, as_texts
from diagnose.source import Input, Layout, Part, TextOptions, inputs, layout, sheets
from diagnose.summary import Summary
from diagnose.wholefile import write_whole, written

NOTES = "_diagnose"
OUTPUTS = (".parquet", ".csv", ".jsonl", ".arrow")
# What a batch wrote, and what it was about to write when it was killed.
PART_NAME = re.compile(r"part-\d{5,}-\d{5,}\.(parquet|json)")
TEMPORARY = re.compile(r"\..+\.[0-9a-f]{32}")
MOST_NAMED = 20


@dataclass(frozen=True)
class Options:
    """What is asked of a batch. `by` and `time` name columns that the summary is broken down by, `id` one of ids."""

    profile: Profile = field(default_factory=Profile)
    causes: int = 3
    remedies: int = 3
    keep: bool = True
    by: str | None = None
    time: str | None = None
    id: str | None = None
    text: TextOptions = field(default_factory=TextOptions)


@dataclass(frozen=True)
class Job:
    """Everything that a worker needs besides its part. Its `key` is a hash of what decides the output."""

    parcel: Parcel
    rules: str
    knowledge: str
    options: Options
    kept: tuple[tuple[str, Any], ...]
    folder: str

    @property
    def about(self) -> dict[str, Any]:
        """What decides the output, in words."""
        options = self.options
        return {
            "diagnose": package.__version__,
            "rules": self.rules,
            "knowledge": self.knowledge,
            "profile": options.profile.model_dump(),
            "causes": options.causes,
            "remedies": options.remedies,
            "columns passed on": [[name, str(kind)] for name, kind in self.kept],
            "by": options.by,
            "time": options.time,
            "separator and encoding": [options.text.separator, options.text.encoding],
        }

    @property
    def key(self) -> str:
        """Hash of `about`."""
        return hashlib.sha256(json.dumps(self.about, sort_keys=True, default=str).encode()).hexdigest()


@dataclass(frozen=True)
class Done:
    """A part that was finished, or the mistake for which it could not be."""

    part: Part
    rows: int = 0
    errors: int = 0
    problem: Problem | None = None


@dataclass(frozen=True)
class Plan:
    """The files that can be read, by their place among all; columns that are passed on; files in error."""

    layouts: Mapping[int, Layout]
    kept: tuple[tuple[str, Any], ...]
    problems: tuple[Problem, ...]

    @property
    def parts(self) -> list[tuple[str, Part]]:
        """Name and part, in the order of the rows."""
        return [
            (f"part-{number:05d}-{part.index:05d}", part)
            for number, each in self.layouts.items()
            for part in each.parts
        ]


def plan(sources: Iterable[Input], diagnoser: TableDiagnoser, options: Options) -> Plan:
    """What there is to do. Raises UsageError, and DataError when no file can be used."""
    layouts: dict[int, Layout] = {}
    problems: list[Problem] = []
    for number, source in enumerate(sources):
        try:
            found = layout(source, options.text)
            diagnoser.sources([name for name, _ in found.columns])
            layouts[number] = found
        except FileError as error:
            problems += error.problems
        except DataError as error:
            problems += [replace(each, file=source.path) for each in error.problems]
    if not layouts:
        raise DataError(problems)
    kept = _kept(layouts.values(), diagnoser) if options.keep else ()
    names = [name for name, _ in kept]
    for column in (options.by, options.time, options.id):
        if column is not None and column not in names:
            raise UsageError(f"{column!r} is not a column that is passed on. {_choose(column, names)}")
    return Plan(layouts, kept, tuple(problems))


def _choose(name: str, names: Sequence[str]) -> str:
    told = f"Choose from {', '.join(names[:MOST_NAMED])}{', ...' * (len(names) > MOST_NAMED)}."
    return did_you_mean(name, names) or told if names else "There is none."


def _kept(layouts: Iterable[Layout], diagnoser: TableDiagnoser) -> tuple[tuple[str, Any], ...]:
    """Columns that are no fields, over all files; one whose type differs between files is passed on as text."""
    pa = arrow()
    found: dict[str, Any] = {}
    for each in layouts:
        types = dict(each.columns)
        for name in diagnoser.strangers(list(types)):
            kind, other = _stored(types[name]), found.get(name, pa.null())
            if pa.types.is_null(kind) or pa.types.is_null(other):
                # A column without values goes with any type.
                found[name] = other if pa.types.is_null(kind) else kind
            else:
                found[name] = kind if kind == other else pa.string()
    return tuple((name, pa.string() if pa.types.is_null(kind) else kind) for name, kind in found.items())


def _stored(kind: Any) -> Any:
    """The type as a Parquet file keeps it, text where it cannot.

    Dictionaries are written out: those of several parts do not always fit together.
    """
    pa = arrow()
    import pyarrow.parquet as pq

    while pa.types.is_dictionary(kind):
        kind = kind.value_type
    written = pa.BufferOutputStream()
    try:
        parquet_writer(written, pa.schema([("x", kind)])).close()
    except pa.ArrowException:
        return pa.string()
    return pq.read_schema(pa.BufferReader(written.getvalue())).field(0).type


# --- one part

_HELD: dict[str, TableDiagnoser] = {}


def diagnoser_of(job: Job) -> TableDiagnoser:
    """The diagnoser of a job, made once in each process from the documents that were sent, and checked by their hash.

    Raises DiagnoseError when this machine makes other rules of them, as with another version of the program.
    """
    found = _HELD.get(job.key)
    if found is None:
        base = unpacked(job.parcel)
        made = (package.__version__, base.rules.hash, base.knowledge.hash)
        if made != (job.about["diagnose"], job.rules, job.knowledge):
            told = f"diagnose {made[0]}, rules {made[1][:12]}, knowledge {made[2][:12]}"
            raise DiagnoseError(
                f"a worker makes other rules of the same files ({told}). Install the same version there."
            )
        options = job.options
        found = TableDiagnoser(base, options.profile, options.causes, options.remedies, job.kept)
        _hold(job, found)
    return found


def _hold(job: Job, diagnoser: TableDiagnoser) -> None:
    _HELD.clear()
    _HELD[job.key] = diagnoser


def run_part(job: Job, name: str, part: Part) -> Done:
    """Diagnose a part and write it. Mistakes in the data are told in the result; a full disk is raised as FileError."""
    diagnoser = diagnoser_of(job)
    folder = Path(job.folder)
    try:
        summary = Summary(job.options.by, job.options.time)
        target = folder / f"{name}.parquet"
        with written(target) as place, parquet_writer(place, diagnoser.full_schema) as writer:
            for sheet in sheets(part):
                answer = diagnoser.answer(_as_text(sheet, job.kept))
                writer.write_batch(answer)
                summary.add(answer)
        done = Done(part, summary.rows, summary.errors)
        note = {"job": job.key, "part": _identity(part), "summary": summary.to_json()}
        write_whole(folder / NOTES / f"{name}.json", json.dumps(note).encode())
    except DataError as error:
        return Done(part, problem=error.problems[0])
    except OSError as error:
        raise FileError([_unwritable(folder, error)]) from None
    except arrow().ArrowException as error:
        return Done(part, problem=Problem(f"cannot be worked out ({error})"))
    return done


def _as_text(sheet: Sheet, kept: Iterable[tuple[str, Any]]) -> Sheet:
    """The sheet, in which columns that are passed on as text are text."""
    pa = arrow()
    made = {
        name: as_texts(sheet.columns[name])
        for name, kind in kept
        if kind == pa.string() and name in sheet.columns and getattr(sheet.columns[name], "type", None) != kind
    }
    return replace(sheet, columns={**sheet.columns, **made}) if made else sheet


def _unwritable(path: Path, error: Exception) -> Problem:
    hint = "Make room or name another place, then run again with --resume."
    number = getattr(error, "errno", None)
    said = os.strerror(number) if number else str(error).partition("\n")[0]
    return Problem(f"cannot be written ({said})", file=str(path), hint=hint)


def _identity(part: Part) -> list[Any]:
    """What a finished part is recognised by."""
    source = part.input
    return [source.path, source.size, source.changed, [list(each) for each in source.folders], part.start, part.stop]


# --- all parts


@dataclass
class Batch:
    """A batch that was begun: where it writes, what is done and what is left."""

    job: Job
    plan: Plan
    output: Path
    done: set[str]
    failed: list[Problem] = field(default_factory=list)

    @property
    def single(self) -> bool:
        """Whether the output is one file."""
        return self.output.suffix in OUTPUTS

    @property
    def left(self) -> list[tuple[str, Part]]:
        """Parts that have no note yet."""
        return [(name, part) for name, part in self.plan.parts if name not in self.done]

    def run(self, workers: int = 1, scheduler: str | None = None) -> Iterator[Done]:
        """Work out what is left, and say when each part is finished. Parts may finish in any order."""
        names = {part: name for name, part in self.left}
        if not names:
            return
        if scheduler is not None:
            from diagnose.cluster import run_on

            results = run_on(scheduler, self.job, self.left)
        elif workers <= 1 or len(names) <= 1:
            results = (run_part(self.job, name, part) for name, part in self.left)
        else:
            results = _in_processes(self.job, self.left, workers)
        for result in results:
            if result.problem is not None:
                self.failed.append(replace(result.problem, file=str(result.part)))
            else:
                self.done.add(names[result.part])
            yield result

    def summary(self) -> Summary:
        """What all finished parts hold. Raises FileError when a note of theirs is gone."""
        whole = Summary(self.job.options.by, self.job.options.time)
        for name, _ in self.plan.parts:
            if name in self.done:
                whole.merge(Summary.from_json(_note(Path(self.job.folder), name).get("summary", "")))
        return whole

    def finish(self) -> None:
        """Join the parts when the output is one file and none is missing. Raises FileError."""
        folder = Path(self.job.folder)
        try:
            # Workers that were thought dead leave something.
            _remove(folder, TEMPORARY)
            _remove(folder / NOTES, TEMPORARY)
            if self.single and not self.failed and not self.left:
                parts = [folder / f"{name}.parquet" for name, _ in self.plan.parts]
                with written(self.output) as place:
                    join(parts, place, self.output.suffix, diagnoser_of(self.job).full_schema)
                shutil.rmtree(folder)
        except (OSError, ValueError, arrow().ArrowException) as error:
            raise FileError([_unwritable(self.output, error)]) from None


def packed(overlays: Iterable[Path | str]) -> tuple[Parcel, Base]:
    """The documents that workers are sent, and the rules and knowledge made of them. Raises the errors of `load`."""
    sent = parcel(overlays)
    return sent, unpacked(sent)


def begin(
    names: Iterable[str],
    output: Path,
    options: Options,
    overlays: Iterable[Path | str] = (),
    resume: bool = False,
    overwrite: bool = False,
    loaded: tuple[Parcel, Base] | None = None,
) -> tuple[Batch, Base]:
    """Look at the input, the rules and the output. Nothing that exists is touched unless it may be.

    `loaded` is what `packed` made of the overlays, where it was needed before.
    Raises UsageError for an output that is there already, and DataError for input or rules with mistakes.
    """
    arrow()
    if resume and overwrite:
        raise UsageError("--resume and --overwrite contradict each other")
    if output.suffix and output.suffix not in OUTPUTS:
        raise UsageError(f"{output} is no table that can be written. Name a folder, or a file in {', '.join(OUTPUTS)}.")
    # Workers may stand elsewhere.
    output = output.absolute()
    folder = output.with_name(f".{output.name}.parts") if output.suffix in OUTPUTS else output
    _refuse_output(output, folder, resume, overwrite)
    names = list(names)
    sources = inputs(names)
    _refuse_input(names, sources, output, folder)
    sent, base = loaded or packed(overlays)
    diagnoser = TableDiagnoser(base, options.profile, options.causes, options.remedies)
    planned = plan(sources, diagnoser, options)
    diagnoser.kept = planned.kept
    options = _renamed(options, planned.kept, diagnoser)
    job = Job(sent, base.rules.hash, base.knowledge.hash, options, planned.kept, str(folder))
    _hold(job, diagnoser)
    done = _finished(folder, job, planned) if resume else set()
    try:
        notes = folder / NOTES
        notes.mkdir(parents=True, exist_ok=True)
        for place in (folder, notes):
            _remove(place, TEMPORARY)
        if folder != output:
            _remove(output.parent, re.compile(re.escape(f".{output.name}") + r"\.[0-9a-f]{32}"))
        # The notes first: a part without one is as good as none.
        for place in (notes, folder):
            _remove(place, PART_NAME, done)
        write_whole(notes / "job.json", json.dumps({"key": job.key, **job.about}, default=str).encode())
    except OSError as error:
        raise FileError([_unwritable(folder, error)]) from None
    return Batch(job, planned, output, done), base


def _renamed(options: Options, kept: tuple[tuple[str, Any], ...], diagnoser: TableDiagnoser) -> Options:
    """The options with columns named as in the output. Raises UsageError for one that the summary cannot use."""
    names = dict(zip(dict(kept), diagnoser.full_schema.names, strict=False))
    by, time, id_ = (None if name is None else names[name] for name in (options.by, options.time, options.id))
    try:
        Summary(by, time).add(diagnoser.answer(Sheet({}, 0)))
    except DataError as error:
        raise UsageError(str(error)) from None
    return replace(options, by=by, time=time, id=id_)


def _remove(folder: Path, pattern: re.Pattern[str], but: Set[str] = frozenset()) -> None:
    """Remove the files with such names; others may have done it in the meantime."""
    for path in folder.iterdir():
        if pattern.fullmatch(path.name) and path.stem not in but:
            path.unlink(missing_ok=True)


def _refuse_input(names: Iterable[str], sources: Iterable[Input], output: Path, folder: Path) -> None:
    there, within = output.resolve(), folder.resolve()
    for each in sources:
        path = Path(each.path).resolve()
        if path == there or within in path.parents:
            raise UsageError(f"{each.path} would be read and overwritten. Name another output.")
    for name in names:
        if Path(name).is_dir() and Path(name).resolve() in there.parents:
            raise UsageError(f"{output} lies in {name}, all tables of which are read. Name another output.")


def _refuse_output(output: Path, folder: Path, resume: bool, overwrite: bool) -> None:
    if (output.suffix in OUTPUTS and output.is_dir()) or (not output.suffix and output.is_file()):
        raise UsageError(f"{output} is a {'folder' if output.is_dir() else 'file'}. Give another name.")
    there = output.exists() and (output.is_file() or any(output.iterdir()))
    begun = (folder / NOTES).is_dir()
    if there and folder == output and not begun:
        raise UsageError(f"{output} holds other files than a batch. Name another folder.")
    if overwrite or (resume and (begun or not there)):
        return
    if there and resume:
        raise UsageError(f"{output} is finished. Add --overwrite to write it again.")
    if there or begun:
        raise UsageError(f"{output} exists already. Add --resume to go on with it, or --overwrite to begin again.")


def _finished(folder: Path, job: Job, planned: Plan) -> set[str]:
    """The parts that are done as planned. Raises UsageError when they were made by other rules or options."""
    old = _read_note(folder / NOTES / "job.json")
    if not old:
        return set()
    for what in ("rules", "knowledge", "diagnose"):
        if old.get(what) != job.about[what]:
            told = f"it was begun with {what} {str(old.get(what))[:12]}, and now there is {job.about[what][:12]}"
            raise UsageError(f"{folder} cannot be resumed: {told}. Add --overwrite to begin again.")
    if old.get("key") != job.key:
        now = json.loads(json.dumps(job.about, default=str))
        differing = sorted(name for name in now if old.get(name) != now[name])
        told = f"these were others when it was begun: {', '.join(differing)}"
        raise UsageError(f"{folder} cannot be resumed: {told}. Use the same options, or --overwrite to begin again.")
    done = set()
    for name, part in planned.parts:
        note = _note(folder, name)
        same = note.get("job") == job.key and note.get("part") == _identity(part)
        if same and (folder / f"{name}.parquet").is_file():
            done.add(name)
    return done


def _note(folder: Path, name: str) -> dict[str, Any]:
    return _read_note(folder / NOTES / f"{name}.json")


def _read_note(path: Path) -> dict[str, Any]:
    """What a batch noted, nothing when it cannot be read."""
    try:
        found = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _in_processes(job: Job, parts: Sequence[tuple[str, Part]], workers: int) -> Iterator[Done]:
    """Parts as they are finished by worker processes, each of which makes the rules once."""
    waiting = iter(parts)
    running: set[Future[Done]] = set()

    def some(most: int) -> set[Future[Done]]:
        with _deaf():
            return {pool.submit(_work, name, part) for name, part in islice(waiting, most)}

    # A new interpreter for each worker: a copy of this one would share locks that other threads hold.
    with ProcessPoolExecutor(min(workers, len(parts)), get_context("spawn"), _begin_worker, (job,)) as pool:
        try:
            running = some(2 * workers)
            while running:
                finished, running = wait(running, return_when=FIRST_COMPLETED)
                running |= some(len(finished))
                for each in finished:
                    yield each.result()
        except BrokenProcessPool:
            message = "a worker process was killed, perhaps for want of memory"
            raise FileError([Problem(message, hint="Run again with --resume, with fewer --workers.")]) from None
        finally:
            for each in running:
                each.cancel()


@contextmanager
def _deaf() -> Iterator[None]:
    """Processes that are started meanwhile never hear Ctrl-C. It means the batch, which ends its workers itself."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    # The first process that is started brings a tracker, and starting that lets Ctrl-C through again.
    resource_tracker.ensure_running()
    before = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


_JOB: list[Job] = []


def _begin_worker(job: Job) -> None:
    _JOB[:] = [job]
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # When the batch is killed nobody else ends its workers.
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = parent_process()
    assert parent is not None
    parent.join()
    os._exit(1)


def _work(name: str, part: Part) -> Done:
    return run_part(_JOB[0], name, part)


# --- ids


def repeated(batch: Batch, column: str) -> tuple[int, list[str]]:
    """How many values of a column stand in more than one row, and the first few of them. Empty ones do not count.

    Raises FileError when there is no room to sort them.
    """
    import pyarrow.parquet as pq

    several = "from ids group by id having count(*) > 1"
    try:
        # On disk, as there may be more ids than fit in memory.
        with closing(sqlite3.connect("")) as ids:
            ids.execute("create table ids (id text)")
            for name, _ in batch.plan.parts:
                if name in batch.done:
                    with pq.ParquetFile(Path(batch.job.folder) / f"{name}.parquet") as file:
                        for each in file.iter_batches(BLOCK, columns=[column]):
                            rows = ((text,) for text in as_texts(each.column(0)).to_pylist() if text)
                            ids.executemany("insert into ids values (?)", rows)
            (count,) = ids.execute(f"select count(*) from (select 1 {several})").fetchone()
            some = ids.execute(f"select id {several} order by min(rowid) limit 5").fetchall()
    except (sqlite3.Error, OSError) as error:
        raise FileError([Problem(f"the ids cannot be compared ({error})", field=column)]) from None
    return count, [text for (text,) in some]
