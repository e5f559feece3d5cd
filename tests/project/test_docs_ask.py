"""The page about asking shows a real session and real answers."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from transcript import ANSWER, COMMAND, PAGE, session, shown

TEXT = PAGE.read_text(encoding="utf-8")


def test_the_session_is_what_the_questionnaire_says() -> None:
    """Typing the answers of the page gives the page, to the last character."""
    assert session(ANSWER.findall(shown())) == shown()


@pytest.mark.parametrize(("line", "answer"), COMMAND.findall(TEXT), ids=[line for line, _ in COMMAND.findall(TEXT)])
def test_answers_shown_are_answers(command: Callable[..., Any], monkeypatch: Any, line: str, answer: str) -> None:
    """Each command of the page prints what stands below it."""
    monkeypatch.chdir(PAGE.parent.parent)
    done = command(*shlex.split(line))
    assert done.code == 0
    assert done.out == answer


def test_python_shown_runs() -> None:
    """The Python of the page runs, and finds what its comments say."""
    (block,) = re.findall(r"^```python\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)
    space: dict[str, Any] = {}
    exec(compile(block, str(Path("docs/ask.md")), "exec"), space)  # the page is ours
    assert space["found"].report.causes[0].title == "Voids left by stripping"
