"""The trace from the troubleshooting guide to what encodes it."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import diagnose as package
from diagnose.data import load
from diagnose.guide import encodings, render, uncovered

ROOT = Path(package.__file__).resolve().parent.parent
SITE = """
guide:
  - id: G99
    section: Of our own
    text: Nothing encodes this statement.
"""


def test_page_is_written_from_the_tags() -> None:
    """docs/guide.md is what `diagnose rules guide` prints."""
    page = (ROOT / "docs" / "guide.md").read_text(encoding="utf-8")
    assert page == render(load()), "write it anew with: diagnose rules guide > docs/guide.md"


def test_every_statement_is_encoded() -> None:
    """The statements are G01 to G25, and something encodes each of them."""
    found = encodings(load())
    assert sorted(found) == [f"G{number:02d}" for number in range(1, 26)]
    assert uncovered(load()) == []


def test_statement_that_nothing_encodes_is_told(tmp_path: Path) -> None:
    """A statement without any encoding is named."""
    folder = tmp_path / "knowledge"
    folder.mkdir()
    (folder / "guide.yaml").write_text(SITE, encoding="utf-8")
    assert uncovered(load([tmp_path])) == ["G99"]


def test_what_is_named_exists() -> None:
    """Every cause, rule, finding, verdict, remedy, test, step, standard and file that the page names is there."""
    base = load()
    known = {
        "cause": base.rules.causes,
        "rule": base.rules.rules,
        "finding": base.rules.findings,
        "remedy": base.rules.remedies,
        "verdict": {each.id for each in base.rules.verdicts},
        "test": base.knowledge.tests,
        "protocol step": base.knowledge.protocol,
        "standard": base.knowledge.standards,
    }
    for name, items in encodings(base).items():
        for item in items:
            kind, _, rest = item.partition(" `")
            slug = rest.rstrip("`")
            if kind in known:
                assert slug in known[kind], (name, item)
            else:
                for path in re.findall(r"`([^`]+/[^`]+)`", item):
                    assert (ROOT / path).exists(), (name, item)


def test_command_prints_the_page(command: Callable[..., Any]) -> None:
    """`rules guide` prints the page and nothing else."""
    assert command("rules", "guide").out == render(load())
