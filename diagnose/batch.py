"""A batch: tables of any size in, a table of diagnoses out, part by part, in bounded memory.

Each part is written whole or not at all, and beside it a note of what it holds; a run that was killed goes on with the
parts that have no note. A part depends on nothing but its rows, the rules and the options, so who works it out, when
and after how many interruptions does not show in the output.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field, replace
from itertools import islice
from multiprocessing import get_context
from pathlib import Path
from typing import Any
from uuid import uuid4

import diagnose as package
from diagnose.data import Base, Parcel, parcel, unpacked
from diagnose.errors import DataError, DiagnoseError, FileError, Problem, UsageError
from diagnose.many import TableDiagnoser, arrow
from diagnose.profile import Profile
from diagnose.source import Layout, Part, TextOptions, inputs, layout, sheets
from diagnose.summary import Summary

NOTES = "_diagnose"
OUTPUTS = (".parquet", ".csv", ".jsonl", ".arrow")
COMPRESSION = "zstd"


@dataclass(frozen=True)
class Options:
    """What is asked of a batch. `by` and `time` name columns that the summary is broken down by."""

    profile: Profile = field(default_factory=Profile)
    causes: int = 3
    remedies: int = 3
    keep: bool = True
    by: str | None = None
    time: str | None = None
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
            "kept": [[name, str(kind)] for name, kind in self.kept],
            "by": options.by,
            "time": options.time,
            "text": [options.text.separator, options.text.encoding],
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
    """The files, in their order; columns that are passed on; columns that no field is near to; files in error."""

    layouts: tuple[Layout, ...]
    kept: tuple[tuple[str, Any], ...]
    problems: tuple[Problem, ...]

    @property
    def parts(self) -> list[tuple[str, Part]]:
        """Name and part, in the order of the rows."""
        return [
            (f"part-{number:05d}-{part.index:05d}", part)
            for number, each in enumerate(self.layouts)
            for part in each.parts
        ]


def plan(names: Iterable[str], diagnoser: TableDiagnoser, options: Options) -> Plan:
    """What there is to do. Raises UsageError, and DataError when no file can be used."""
    layouts: list[Layout] = []
    problems: list[Problem] = []
    for source in inputs(names):
        try:
            found = layout(source, options.text)
            diagnoser.sources([name for name, _ in found.columns])
            layouts.append(found)
        except FileError as error:
            problems += error.problems
        except DataError as error:
            problems += [replace(each, file=source.path) for each in error.problems]
    if not layouts:
        raise DataError(problems)
    kept = _kept(layouts, diagnoser) if options.keep else ()
    for column in (options.by, options.time):
        if column is not None and column not in dict(kept):
            raise UsageError(f"{column!r} is not a column that is passed on. {_choose([name for name, _ in kept])}")
    return Plan(tuple(layouts), kept, tuple(problems))


def _choose(names: list[str]) -> str:
    return f"Choose from {', '.join(names)}." if names else "The table has none."


def _kept(layouts: Iterable[Layout], diagnoser: TableDiagnoser) -> tuple[tuple[str, Any], ...]:
    """Columns that are no fields, over all files; one whose type differs between files is passed on as text."""
    pa = arrow()
    found: dict[str, Any] = {}
    for each in layouts:
        for name in diagnoser.strangers([name for name, _ in each.columns]):
            kind = dict(each.columns)[name]
            kind = pa.string() if pa.types.is_null(kind) else kind
            found[name] = kind if found.get(name, kind) == kind else pa.string()
    return tuple(found.items())


# --- one part

_HELD: dict[str, TableDiagnoser] = {}


def diagnoser_of(job: Job) -> TableDiagnoser:
    """The diagnoser of a job, made once in each process from the documents that were sent, and checked by their hash.

    Raises DiagnoseError when this machine makes other rules of them, as with another version of the program.
    """
    if job.key not in _HELD:
        _HELD.clear()
        base = unpacked(job.parcel)
        made = (package.__version__, base.rules.hash, base.knowledge.hash)
        if made != (job.about["diagnose"], job.rules, job.knowledge):
            raise DiagnoseError(
                f"this worker has diagnose {made[0]} and makes other rules ({made[1][:12]}) of the same"
            )
        options = job.options
        _HELD[job.key] = TableDiagnoser(base, options.profile, options.causes, options.remedies, job.kept)
    return _HELD[job.key]


def run_part(job: Job, name: str, part: Part) -> Done:
    """Diagnose a part and write it. Mistakes in the data are told in the result; a full disk is raised as FileError."""
    folder = Path(job.folder)
    try:
        diagnoser = diagnoser_of(job)
        summary = Summary(job.options.by, job.options.time)
        rows = errors = 0
        target = folder / f"{name}.parquet"
        with _written(target) as place, _parquet(place, diagnoser.full_schema) as writer:
            for sheet in sheets(part):
                answer = diagnoser.answer(sheet)
                writer.write_batch(answer)
                summary.add(answer)
                rows += answer.num_rows
                errors += answer.num_rows - answer.column("error").null_count
    except DataError as error:
        return Done(part, problem=error.problems[0])
    except OSError as error:
        raise FileError([_unwritable(folder, error)]) from None
    note = {"job": job.key, "part": _identity(part), "rows": rows, "errors": errors, "summary": summary.to_json()}
    write_whole(folder / NOTES / f"{name}.json", json.dumps(note).encode())
    return Done(part, rows, errors)


def _unwritable(path: Path, error: OSError) -> Problem:
    hint = "Make room or name another place, then run again with --resume."
    return Problem(f"cannot be written ({error.strerror or error})", file=str(path), hint=hint)


def _identity(part: Part) -> list[Any]:
    """What a finished part is recognised by."""
    source = part.input
    return [source.path, source.size, source.changed, [list(each) for each in source.folders], part.start, part.stop]


class _written:  # noqa: N801 - used like a function
    """A name to write to, which becomes the target when all went well."""

    def __init__(self, target: Path) -> None:
        # A name of its own: a part may be worked out twice at a time when a worker is thought dead.
        self.target, self.place = target, target.with_name(f".{target.name}.{uuid4().hex}")

    def __enter__(self) -> Path:
        return self.place

    def __exit__(self, kind: Any, *_: Any) -> None:
        if kind is None:
            with open(self.place, "rb") as file:
                os.fsync(file.fileno())
            os.replace(self.place, self.target)
        else:
            self.place.unlink(missing_ok=True)


def write_whole(path: Path, content: bytes) -> None:
    """Write a file whole or not at all."""
    with _written(path) as place:
        place.write_bytes(content)


def _parquet(place: Path, schema: Any) -> Any:
    import pyarrow.parquet as pq

    return pq.ParquetWriter(place, schema, compression=COMPRESSION)


# --- all parts


@dataclass
class Batch:
    """A batch that was begun: where it writes, what is done and what is left."""

    job: Job
    plan: Plan
    output: Path
    done: dict[str, dict[str, Any]]
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
                self.done[names[result.part]] = _note(Path(self.job.folder), names[result.part]) or {}
            yield result

    def summary(self) -> Summary:
        """What all finished parts hold."""
        whole = Summary(self.job.options.by, self.job.options.time)
        for name, _ in self.plan.parts:
            if name in self.done:
                whole.merge(Summary.from_json(self.done[name]["summary"]))
        return whole

    def finish(self) -> None:
        """Join the parts when the output is one file and none is missing. Raises FileError."""
        if not self.single or self.failed or self.left:
            return
        parts = [Path(self.job.folder) / f"{name}.parquet" for name, _ in self.plan.parts]
        try:
            with _written(self.output) as place:
                join(parts, place, self.output.suffix, diagnoser_of(self.job).full_schema)
            shutil.rmtree(self.job.folder)
        except OSError as error:
            raise FileError([_unwritable(self.output, error)]) from None


def begin(
    names: Iterable[str],
    output: Path,
    options: Options,
    overlays: Iterable[Path | str] = (),
    resume: bool = False,
    overwrite: bool = False,
) -> tuple[Batch, Base]:
    """Look at the input, the rules and the output. Nothing that exists is touched unless it may be.

    Raises UsageError for an output that is there already, and DataError for input or rules with mistakes.
    """
    arrow()
    if resume and overwrite:
        raise UsageError("--resume and --overwrite contradict each other")
    if output.suffix and output.suffix not in OUTPUTS:
        raise UsageError(f"{output} is no table that can be written. Name a folder, or a file in {', '.join(OUTPUTS)}.")
    sent = parcel(overlays)
    base = unpacked(sent)
    diagnoser = TableDiagnoser(base, options.profile, options.causes, options.remedies)
    planned = plan(names, diagnoser, options)
    folder = output.with_name(f".{output.name}.parts") if output.suffix in OUTPUTS else output
    _refuse_input(planned, output, folder)
    job = Job(sent, base.rules.hash, base.knowledge.hash, options, planned.kept, str(folder))
    _refuse_output(output, folder, resume, overwrite)
    done = _finished(folder, job, planned) if resume else {}
    try:
        if not resume and folder.exists():
            _clear(folder)
        (folder / NOTES).mkdir(parents=True, exist_ok=True)
        for stray in folder.glob(".part-*"):
            stray.unlink()
        for extra in folder.glob("part-*.parquet"):
            if extra.stem not in done:
                extra.unlink()
        write_whole(folder / NOTES / "job.json", json.dumps({"key": job.key, **job.about}, default=str).encode())
    except OSError as error:
        raise FileError([_unwritable(folder, error)]) from None
    return Batch(job, planned, output, done), base


def _refuse_input(planned: Plan, output: Path, folder: Path) -> None:
    for each in planned.layouts:
        path = Path(each.input.path).resolve()
        if path == output.resolve() or folder.resolve() in path.parents:
            raise UsageError(f"{each.input.path} would be read and overwritten. Name another output.")


def _refuse_output(output: Path, folder: Path, resume: bool, overwrite: bool) -> None:
    if (output.suffix in OUTPUTS and output.is_dir()) or (not output.suffix and output.is_file()):
        raise UsageError(f"{output} is a {'folder' if output.is_dir() else 'file'}. Give another name.")
    there = output.exists() and (output.is_file() or any(output.iterdir()))
    begun = (folder / NOTES / "job.json").exists()
    if there and folder == output and not begun:
        raise UsageError(f"{output} holds other files than a batch. Name another folder.")
    if overwrite or (resume and (begun or not there)):
        return
    if there and resume:
        raise UsageError(f"{output} is finished. Add --overwrite to write it again.")
    if there or begun:
        raise UsageError(f"{output} exists already. Add --resume to go on with it, or --overwrite to begin again.")


def _clear(folder: Path) -> None:
    """Remove what a batch wrote, and nothing else."""
    shutil.rmtree(folder / NOTES, ignore_errors=True)
    for path in (*folder.glob("part-*.parquet"), *folder.glob(".part-*")):
        path.unlink()


def _finished(folder: Path, job: Job, planned: Plan) -> dict[str, dict[str, Any]]:
    """The notes of the parts that are as planned. Raises UsageError when other rules or options made them."""
    try:
        old = json.loads((folder / NOTES / "job.json").read_bytes())
    except (OSError, ValueError):
        return {}
    for what in ("rules", "knowledge", "diagnose"):
        if old.get(what) != job.about[what]:
            told = f"it was begun with {what} {str(old.get(what))[:12]}, and now there is {job.about[what][:12]}"
            raise UsageError(f"{folder} cannot be resumed: {told}. Add --overwrite to begin again.")
    if old.get("key") != job.key:
        now = json.loads(json.dumps(job.about, default=str))
        differing = sorted(name for name in now if old.get(name) != now[name])
        told = f"it was begun with another {', '.join(differing)}"
        raise UsageError(f"{folder} cannot be resumed: {told}. Use the same options, or --overwrite to begin again.")
    notes = {}
    for name, part in planned.parts:
        note = _note(folder, name)
        same = note is not None and note["job"] == job.key and note["part"] == _identity(part)
        if note is not None and same and (folder / f"{name}.parquet").is_file():
            notes[name] = note
    return notes


def _note(folder: Path, name: str) -> dict[str, Any] | None:
    try:
        found: dict[str, Any] = json.loads((folder / NOTES / f"{name}.json").read_bytes())
    except (OSError, ValueError):
        return None
    return found


def _in_processes(job: Job, parts: list[tuple[str, Part]], workers: int) -> Iterator[Done]:
    """Parts as they are finished by worker processes, each of which makes the rules once."""
    waiting = iter(parts)
    # A new interpreter for each worker: a copy of this one would share locks that other threads hold.
    with ProcessPoolExecutor(workers, get_context("spawn"), _begin_worker, (job,)) as pool:
        running: set[Future[Done]] = {pool.submit(_work, name, part) for name, part in islice(waiting, 2 * workers)}
        try:
            while running:
                finished, running = wait(running, return_when=FIRST_COMPLETED)
                running |= {pool.submit(_work, name, part) for name, part in islice(waiting, len(finished))}
                for each in finished:
                    yield each.result()
        except BrokenProcessPool:
            message = "a worker process was killed, perhaps for want of memory"
            raise FileError([Problem(message, hint="Run again with --resume, with fewer --workers.")]) from None
        finally:
            for each in running:
                each.cancel()


_JOB: list[Job] = []


def _begin_worker(job: Job) -> None:
    _JOB[:] = [job]


def _work(name: str, part: Part) -> Done:
    return run_part(_JOB[0], name, part)


# --- one file


def join(parts: Iterable[Path], place: Path, suffix: str, schema: Any) -> None:
    """Write the rows of some Parquet files to one file, a block at a time. Raises OSError."""
    import pyarrow.parquet as pq

    def batches() -> Iterator[Any]:
        for part in parts:
            with pq.ParquetFile(part) as file:
                for batch in file.iter_batches(65_536):
                    yield batch.cast(schema) if batch.schema != schema else batch

    pa = arrow()
    if suffix == ".parquet":
        with _parquet(place, schema) as writer:
            for batch in batches():
                writer.write_batch(batch)
    elif suffix == ".arrow":
        plain = _plain_schema(schema)
        with pa.OSFile(str(place), "wb") as file, pa.ipc.new_file(file, plain) as writer:
            for batch in batches():
                writer.write_batch(batch.cast(plain))
    elif suffix == ".csv":
        import pyarrow.csv as text

        flat = _flat(schema)
        with text.CSVWriter(str(place), flat) as writer:
            for batch in batches():
                writer.write_batch(_flattened(batch, flat))
    else:
        with open(place, "w", encoding="utf-8") as lines:
            for batch in batches():
                for row in batch.to_pylist():
                    filled = {name: value for name, value in row.items() if value is not None}
                    lines.write(json.dumps(filled, ensure_ascii=False, default=str) + "\n")


def _plain_schema(schema: Any) -> Any:
    """The schema without dictionaries, which an Arrow file may not replace from batch to batch."""
    pa = arrow()
    fields = []
    for each in schema:
        kind = each.type
        if pa.types.is_dictionary(kind):
            kind = kind.value_type
        elif pa.types.is_list(kind) and pa.types.is_dictionary(kind.value_type):
            kind = pa.list_(kind.value_type.value_type)
        fields.append(pa.field(each.name, kind))
    return pa.schema(fields, metadata=schema.metadata)


def _flat(schema: Any) -> Any:
    pa = arrow()
    plain = _plain_schema(schema)
    return pa.schema([pa.field(each.name, pa.string() if _nested(pa, each.type) else each.type) for each in plain])


def _nested(pa: Any, kind: Any) -> bool:
    return bool(pa.types.is_nested(kind))


def _flattened(batch: Any, flat: Any) -> Any:
    """Lists as words with spaces between, for text files."""
    pa = arrow()
    columns = []
    for each, column in zip(flat, batch.columns, strict=True):
        if _nested(pa, column.type):
            told = [
                None if row is None else " ".join(map(str, row)) if isinstance(row, list) else str(row)
                for row in column.to_pylist()
            ]
            column = pa.array(told, type=pa.string())
        columns.append(column.cast(each.type))
    return pa.RecordBatch.from_arrays(columns, schema=flat)


def repeated(batch: Batch, column: str) -> tuple[int, list[str]]:
    """How many values of a column stand in more than one row, and the first few of them. Empty ones do not count."""
    import pyarrow.parquet as pq

    seen: dict[Any, int] = {}
    for name, _ in batch.plan.parts:
        if name in batch.done:
            path = Path(batch.job.folder) / f"{name}.parquet"
            values = pq.read_table(path, columns=[column]).column(0)
            for each in values.value_counts().to_pylist():
                if each["values"] is not None:
                    seen[each["values"]] = seen.get(each["values"], 0) + each["counts"]
    several = [str(value) for value, count in seen.items() if count > 1]
    return len(several), several[:5]
