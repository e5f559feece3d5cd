"""The command line as a person meets it: its exit code and what it printed."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

import diagnose as package

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


@pytest.fixture(scope="session")
def examples() -> list[Path]:
    """The shipped examples."""
    return sorted((ROOT / "examples").glob("*.yaml"))
