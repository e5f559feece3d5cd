"""What the commands share: options, the screen, and files that are written."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from diagnose.errors import DataError, Problem, UsageError

if TYPE_CHECKING:
    from diagnose.data import Base

FORMATS = click.Choice(["text", "json", "markdown"])
overlays = click.option(
    "--overlay",
    "overlay",
    multiple=True,
    type=click.Path(path_type=Path),
    help="Site directory with rules or knowledge.",
)
in_language = click.option("--language", metavar="CODE", default="en", show_default=True, help="Language of texts.")


def width() -> int:
    import shutil

    return min(shutil.get_terminal_size((100, 24)).columns, 120)


def say(text: str, color: bool | None = None) -> None:
    """Print text; what the terminal cannot encode becomes a question mark, also where click would write UTF-8."""
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    click.echo(text.encode(encoding, "replace").decode(encoding), nl=False, color=color)


def complain(text: str) -> None:
    """Print an error; characters that steer a terminal, which data may hold, become question marks."""
    click.echo("".join(each if each.isprintable() or each == "\n" else "?" for each in text), err=True)


def base_of(overlay: Iterable[Path], language: str = "en") -> Base:
    from diagnose.data import load

    return load(overlay, language)


def refuse_output(path: Path, files: Iterable[str], force: bool) -> None:
    """Refuse an output that would destroy something, and one that has no folder to be in."""
    if not path.parent.is_dir():
        raise UsageError(f"there is no folder {path.parent} for {path.name}. Make it, or give another name.")
    if path.exists():
        if not path.is_file():
            raise UsageError(f"{path} is not a file. Give the name of a file.")
        if any(file != "-" and Path(file).exists() and path.samefile(file) for file in files):
            raise UsageError(f"{path} is a case that is to be read. Give another name.")
        if not force:
            raise UsageError(f"{path} exists already. Give another name, or --force to overwrite it.")


def write_file(path: Path, text: str) -> None:
    """Write a file whole or not at all."""
    from diagnose.wholefile import write_whole

    path = path.resolve()
    try:
        write_whole(path, text.encode())
    except OSError as error:
        hint = "" if path.parent.is_dir() else "Make the folder first."
        raise DataError([Problem(f"cannot be written ({error.strerror})", file=str(path), hint=hint)]) from None
