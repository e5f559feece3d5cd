"""`diagnose batch` as a person meets it: what it tells while it works, and what it says at the end."""

from __future__ import annotations

import os
import shlex
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

import diagnose as package
from diagnose.batch import Batch, Done, Options, begin, packed, repeated
from diagnose.data import Base
from diagnose.errors import FileError, Problem, UsageError, did_you_mean, in_order
from diagnose.knowledge import Knowledge
from diagnose.markup import plain
from diagnose.profile import Profile, read_profile
from diagnose.source import TextOptions
from diagnose.wholefile import write_whole

# Without a terminal, progress is told once in so many seconds.
EVERY_SECONDS = 30.0
MOST_TOLD = 20
MOST_LETTERS = 500


def run_batch(
    names: Iterable[str],
    output: Path,
    overlay: Iterable[Path],
    width: int,
    *,
    maps: Sequence[str],
    sets: Sequence[str],
    profile: Path | None,
    save_profile: Path | None,
    report: Path | None,
    by: str | None,
    time_: str | None,
    id_: str | None,
    causes: int,
    remedies: int,
    keep: bool,
    workers: int,
    scheduler: str | None,
    resume: bool,
    overwrite: bool,
    separator: str,
    encoding: str,
) -> list[Problem]:
    """Run a batch and print its summary. Returns the mistakes that are left; raises UsageError and DataError."""
    names = list(names)
    _refuse_files(names, output, profile, report, save_profile, overwrite or resume)
    loaded = packed(overlay) if profile is not None or maps or sets else None
    chosen = _profile(profile, maps, sets, loaded[1].knowledge) if loaded else Profile()
    text = TextOptions(_separator(separator), encoding)
    options = Options(chosen, causes, remedies, keep, by, time_, id_, text)
    made, base = begin(names, output, options, overlay, resume, overwrite, loaded)
    if save_profile is not None:
        _save(save_profile, chosen.text())
    for line in _remarks(made, base):
        click.echo(line, err=True)
    with _progress(made) as show:
        for done in made.run(workers or os.cpu_count() or 1, scheduler):
            show(done)
    summary = made.summary()
    click.echo(summary.text(base, width))
    problems = [*made.plan.problems, *in_order(made.failed)]
    if id_ is not None and made.job.options.id is not None:
        count, some = repeated(made, made.job.options.id)
        if count:
            told = f"{', '.join(map(plain, some))}{', ...' * (count > len(some))}"
            words = f"1 value of {plain(id_)} stands" if count == 1 else f"{count} values of {plain(id_)} stand"
            click.echo(f"{words} in several rows: {told}")
    made.finish()
    if report is not None:
        from diagnose.summarypage import page

        made_by = {"diagnose": package.__version__, "rules": base.rules.hash, "knowledge": base.knowledge.hash}
        made_by |= {
            f"column {plain(name)}": f"{each.field} {each.unit}".strip() for name, each in chosen.columns.items()
        }
        made_by |= {f"constant {name}": plain(str(value)) for name, value in chosen.constants.items()}
        source = plain(", ".join(names), MOST_LETTERS)
        _save(report, page(summary, base, f"Batch {output.name}", source, made_by))
    if made.left:
        told = f"{len(made.left)} of {len(made.plan.parts)} parts are missing in the output; the others are in {{}}"
        hint = "Mend or take out what is named above, then run again with --resume."
        problems.append(Problem(told.format(made.job.folder), hint=hint))
    if summary.errors:
        problems.append(Problem(f"{summary.errors} of {summary.rows} rows have mistakes, told in the column error"))
    return problems


def _refuse_files(
    names: Iterable[str], output: Path, profile: Path | None, report: Path | None, saved: Path | None, replace: bool
) -> None:
    """Refuse a page or profile that would destroy something. Raises UsageError."""
    read = [*map(Path, names), *([profile] if profile is not None else [])]
    for path, option, suffixes in (
        (report, "--report", (".html", ".htm")),
        (saved, "--save-profile", (".yaml", ".yml")),
    ):
        if path is None:
            continue
        if path.suffix.lower() not in suffixes:
            raise UsageError(f"{option} {path} must end in {suffixes[0]}.")
        taken = [*read, output, *([report] if option == "--save-profile" and report is not None else [])]
        if any(path.resolve() == each.resolve() for each in taken):
            raise UsageError(f"{option} {path} would overwrite what is read or written. Give another name.")
        if path.exists() and not (replace and path.is_file()):
            raise UsageError(f"{option} {path} exists already. Give another name, or --overwrite to write all anew.")
        if not path.absolute().parent.is_dir():
            raise UsageError(f"{path} cannot be written: its folder does not exist. Make it first.")


def _separator(word: str) -> str:
    found = {"tab": "\t", "\\t": "\t"}.get(word, word)
    if found in ('"', "\n", "\r") or len(found.encode()) > 1:
        raise UsageError(f"{word!r} is no separator. Give one character of ASCII, or tab.")
    return found


def _profile(path: Path | None, maps: Sequence[str], sets: Sequence[str], knowledge: Knowledge) -> Profile:
    found = (read_profile(path, knowledge) if path is not None else Profile()).with_words(maps, sets)
    problems = found.problems(knowledge)
    if problems:
        raise UsageError("\n".join(str(problem) for problem in problems))
    return found


def _save(path: Path, text: str) -> None:
    try:
        write_whole(path, text.encode())
    except OSError as error:
        raise FileError([Problem(f"cannot be written ({error.strerror})", file=str(path))]) from None


def _remarks(made: Batch, base: Base) -> Iterator[str]:
    """What there is to do, what is done already, and columns that fill no field although their name is near to one."""
    parts = made.plan.parts
    if made.done:
        yield f"{len(made.done)} of {len(parts)} parts are done already."
    kept = [plain(name) for name, _ in made.plan.kept]
    if kept:
        yield f"Passed on, as they are no fields: {', '.join(kept[:MOST_TOLD])}{', ...' * (len(kept) > MOST_TOLD)}."
    for name in kept:
        near = did_you_mean(name, base.knowledge.vocabulary)
        if near:
            yield f"  {name}: {near} If so, add --map {shlex.quote(f'{name}=FIELD')}."
    for problem in made.plan.problems:
        yield f"Left out: {plain(str(problem), MOST_LETTERS)}"


@contextmanager
def _progress(made: Batch) -> Iterator[Any]:
    """A function that is told of each finished part: a bar on a terminal, a line now and then elsewhere."""
    total = len(made.plan.parts)
    begun = time.monotonic()
    count, rows = len(made.done), 0
    if not total:
        yield lambda done: None
        return
    if sys.stderr is not None and sys.stderr.isatty():
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

        columns = (TextColumn("{task.completed}/{task.total} parts"), BarColumn(), TextColumn("{task.fields[rate]}"))
        with Progress(*columns, TimeRemainingColumn(), console=Console(stderr=True), transient=True) as bar:
            task = bar.add_task("rows", total=total, completed=count, rate="")

            def draw(done: Done) -> None:
                nonlocal rows
                rows += done.rows
                bar.update(task, advance=1, rate=f"{rows / max(time.monotonic() - begun, 1e-9):,.0f} rows/s")

            yield draw
        return
    told = begun

    def say(done: Done) -> None:
        nonlocal count, rows, told
        count, rows, now = count + 1, rows + done.rows, time.monotonic()
        if now - told >= EVERY_SECONDS:
            told = now
            rate = rows / max(now - begun, 1e-9)
            left = (total - count) * (now - begun) / max(count - len_done, 1)
            click.echo(f"{count}/{total} parts, {rate:,.0f} rows/s, {left:,.0f} s left", err=True)

    len_done = count
    yield say
