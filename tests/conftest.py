"""The command line as a person meets it: its exit code and what it printed."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest

import diagnose as package
from diagnose import data

ROOT = Path(package.__file__).resolve().parent.parent


class Done(NamedTuple):
    """A finished command."""

    code: int
    out: str
    err: str


@pytest.fixture
def command(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Callable[..., Done]:
    """Runs `diagnose ARGUMENTS...` in this process, through the entrance that the installed command uses."""
    from diagnose.cli import main

    monkeypatch.delenv("DIAGNOSE_DEBUG", raising=False)
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("COLUMNS", "100")

    def run(*arguments: str | os.PathLike[str], stdin: bytes = b"") -> Done:
        monkeypatch.setattr(sys, "argv", ["diagnose", *(os.fspath(each) for each in arguments)])
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin), encoding="utf-8"))
        with pytest.raises(SystemExit) as caught:
            main()
        shown = capsys.readouterr()
        return Done(int(caught.value.code or 0), shown.out, shown.err)

    return run


@pytest.fixture(scope="module")
def parsed_once() -> Iterator[None]:
    """The shipped files are parsed once for all tests of a module; what is laid over them is read each time."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(data, "shipped", cache(data.shipped))
        yield


@pytest.fixture
def site(tmp_path: Path) -> Callable[..., Path]:
    """Makes a directory with the given files below it: `rules__causes__a="..."` is rules/causes/a.yaml."""

    def make(name: str, **files: str) -> Path:
        (tmp_path / name).mkdir(exist_ok=True)
        for path, text in files.items():
            file = tmp_path / name / f"{path.replace('__', '/')}.yaml"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
        return tmp_path / name

    return make


@pytest.fixture(scope="session")
def examples() -> list[Path]:
    """The shipped examples."""
    return sorted((ROOT / "examples").glob("*.yaml"))
