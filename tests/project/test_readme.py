"""What the README shows is what the program does."""

from __future__ import annotations

import contextlib
import io
import re
import shlex
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from picture import BLOCK, EXAMPLE, answer, excerpt

import diagnose as package
from diagnose.yamlfile import parse_yaml, read_text

ROOT = Path(package.__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def block(mark: str) -> list[str]:
    return re.findall(rf"^```{mark}\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)


def test_picture_is_the_answer_of_the_shipped_example() -> None:
    """The answer at the top of the README is what the program prints, word for word, with the cuts marked."""
    (picture,) = BLOCK.findall(README)
    assert picture == excerpt(answer()), "draw it anew with: python tests/project/picture.py"


def test_command_shown_runs_the_example_in_the_picture() -> None:
    """The command of the README runs the example whose answer the picture shows."""
    assert f"bin/diagnose run {EXAMPLE}" in "".join(block("sh"))


def test_there_are_two_commands() -> None:
    """The README has a command that runs the example, two that make a page, one for the tests, two for a table."""
    run, page, test, table = block("sh")
    assert len(page.strip().splitlines()) == len(table.strip().splitlines()) == 2
    assert run.strip().endswith(f"bin/diagnose run {EXAMPLE}")
    assert test.strip().endswith("bin/pytest")
    assert all(each.startswith("python3 -m venv .venv && .venv/bin/pip install ") for each in (run, test))


def test_the_commands_for_a_page_make_pages_with_pictures(
    command: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both commands of the README, the questionnaire with a few answers, write a page with pictures."""
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    monkeypatch.chdir(tmp_path)
    typed = b"LLZO\nanode\nvery_high\nLi\nambient\nstop\n"
    for line in block("sh")[1].strip().splitlines():
        program, *words = shlex.split(line)
        assert program == ".venv/bin/diagnose"
        done = command(*words, stdin=typed if words[0] == "ask" else b"")
        assert done.code == 0, done.err
        assert "<svg" in Path(words[-1]).read_text(encoding="utf-8")


def test_the_command_for_a_table_makes_answers_and_a_page(
    command: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The table of the README, with names and units of its own, becomes answers and a page; three rows are wrong."""
    words = shlex.split(block("sh")[3].strip().splitlines()[1])
    assert words[:2] == [".venv/bin/diagnose", "batch"]
    shutil.copytree(ROOT / "examples" / "line", tmp_path / "examples" / "line")
    monkeypatch.chdir(tmp_path)
    done = command(*words[1:])
    assert done.code == 1
    assert "3 of 300 rows have mistakes" in done.err
    assert pq.read_table("answers.parquet").num_rows == 300
    assert "<svg" in Path("answers.html").read_text(encoding="utf-8")


def test_three_lines_of_python_run() -> None:
    """The Python of the README runs and prints a verdict, a cause and remedies."""
    (code,) = block("python")
    assert len(code.strip().splitlines()) == 3
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        exec(compile(code, "README.md", "exec"), {})
    assert out.getvalue().startswith("faulty ")


def test_citation_file_names_this_version() -> None:
    """CITATION.cff carries the version of the package, and the changelog has an entry for it."""
    citation = parse_yaml(read_text(ROOT / "CITATION.cff"), "CITATION.cff").data
    assert citation["version"] == package.__version__
    assert citation["license"] == "MIT"
    assert f"## {package.__version__}" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
