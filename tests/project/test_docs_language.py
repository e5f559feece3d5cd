"""The page about languages shows what the program does."""

from __future__ import annotations

import contextlib
import io
import re
import shlex
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import diagnose as package
from diagnose.data import load
from diagnose.translation import texts_of

ROOT = Path(package.__file__).resolve().parent.parent
PAGE = (ROOT / "docs" / "language.md").read_text(encoding="utf-8")


def blocks(mark: str) -> list[str]:
    """The blocks of code with some mark, also those within a list."""
    found = re.findall(rf"^( *)```{mark}\n(.*?)^\1```$", PAGE, re.MULTILINE | re.DOTALL)
    return [textwrap.dedent(body) for _, body in found]


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory with the examples, and with the translation of the page in the overlay that its command names."""
    folder = tmp_path / "site" / "knowledge" / "texts" / "fr"
    folder.mkdir(parents=True)
    (folder / "own.yaml").write_text(blocks("yaml texts")[0], encoding="utf-8")
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    monkeypatch.chdir(tmp_path)
    return tmp_path / "site"


def test_commands_shown_run(command: Callable[..., Any], site: Path) -> None:
    """Every command of the page answers, in the language that it asks for."""
    lines = [shlex.split(line) for block in blocks("sh") for line in block.strip().splitlines()]
    said = {"run de": "Was zu tun ist", "protocol de": "Warum: ", "run fr": "Que faire"}
    assert {f"{words[1]} {words[-1]}" for words in lines} == set(said)
    for words in lines:
        done = command(*words[1:])
        assert done.code == 0
        assert said[f"{words[1]} {words[-1]}"] in done.out


def test_python_shown_runs() -> None:
    """Every piece of Python on the page runs and prints text in the language it speaks of."""
    printed = []
    for block in blocks("python"):
        out = io.StringIO()
        with contextlib.redirect_stdout(out):
            exec(compile(block, "docs/language.md", "exec"), {})  # the page is ours
        printed.append(out.getvalue())
    german, english = texts_of(load(language="de")), texts_of(load())
    assert any(text in printed[0] for text in german.values())
    assert printed[1].count("\n") >= len(english)
    assert f"ui.report.what_to_do: {english['ui.report.what_to_do']}\n" in printed[1]
    assert printed[2] == "Warum: x\n"


def test_translation_shown_is_one(site: Path) -> None:
    """The keys of the translation on the page exist, and their texts take the place of the English ones."""
    made, english = texts_of(load([site], "fr")), texts_of(load())
    assert {key for key, text in made.items() if text != english[key]} == {
        "cause.soft-short.title", "cause.soft-short.evidence.voltage-dropped.because", "ui.report.what_to_do",
    }  # fmt: skip


def test_keys_in_the_table_exist() -> None:
    """Every key that the table shows is that of a text, and every room of texts has a row."""
    known, shown = texts_of(load()), []
    for row in re.findall(r"^\| [^|]+ \| (`.*`) \|$", PAGE, re.MULTILINE):
        for cell in re.findall(r"`([^`]+)`", row):
            shown.append(cell if not cell.startswith(".") else shown[-1].rpartition(".")[0] + cell)
    assert [key for key in shown if key not in known] == []
    assert {key.split(".")[0] for key in shown} == {key.split(".")[0] for key in known}
