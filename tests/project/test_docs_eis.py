"""The page about impedance files shows what the commands print, and its Python runs."""

from __future__ import annotations

import re
import shlex
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from transcript import COMMAND, DOCS, EIS

TEXT = EIS.read_text(encoding="utf-8")
# Commands that are named in a line of their own, with files that are shipped.
NAMED = re.findall(r"(?m)^    diagnose (.*examples/.*)$", TEXT)


@pytest.mark.parametrize(("line", "answer"), COMMAND.findall(TEXT), ids=[line for line, _ in COMMAND.findall(TEXT)])
def test_answers_shown_are_answers(command: Callable[..., Any], monkeypatch: Any, line: str, answer: str) -> None:
    """Each command of the page prints what stands below it."""
    monkeypatch.chdir(DOCS.parent)
    done = command(*shlex.split(line))
    assert done.code == 0
    assert done.out == answer


@pytest.mark.parametrize("line", NAMED)
def test_commands_named_run(command: Callable[..., Any], monkeypatch: Any, tmp_path: Path, line: str) -> None:
    """Commands that are named without their answer run."""
    shutil.copytree(DOCS.parent / "examples", tmp_path / "examples")
    monkeypatch.chdir(tmp_path)
    assert command(*shlex.split(line)).code == 0


def test_python_shown_runs(monkeypatch: Any) -> None:
    """The Python of the page runs, and its case is found faulty; the law of its series has an exponent."""
    monkeypatch.chdir(DOCS.parent)
    (block,) = re.findall(r"^```python\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)
    space: dict[str, Any] = {}
    exec(compile(block, str(EIS), "exec"), space)  # the page is ours
    assert space["report"].verdict == "faulty"
    assert "pressure_exponent" in {each.field for each in space["law"].fields}
