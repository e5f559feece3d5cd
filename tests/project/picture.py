"""The picture at the top of the README: the shipped example's answer, shortened. Run this file to draw it anew."""

from __future__ import annotations

import re
from pathlib import Path

from click.testing import CliRunner

import diagnose as package

ROOT = Path(package.__file__).resolve().parent.parent
README = ROOT / "README.md"
EXAMPLE = "examples/lpscl-lithium.yaml"
WIDTH = "100"
CUT = "[...]"
BLOCK = re.compile(r"^```text answer\n(.*?)^```$", re.MULTILINE | re.DOTALL)
# How many entries of a paragraph are shown, by the words it starts with. An entry starts with the pattern.
SHOWN = {
    "Why": (100, r"^ {2,}[+-]"),
    "Find out next": (2, r"^  up to"),
    "What to do": (1, r"^  \d+\. "),
    "What not to do": (1, r"^  NOT "),
}


def answer() -> str:
    """What the command of the README prints for the shipped example."""
    from diagnose.cli import cli

    done = CliRunner().invoke(cli, ["run", str(ROOT / EXAMPLE)], env={"COLUMNS": WIDTH}, catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.output


def excerpt(text: str) -> str:
    """The verdict, the ranking, the reasons, and the first entries of what to do; cuts are marked."""
    kept: list[str] = []
    for number, paragraph in enumerate(text.strip("\n").split("\n\n")):
        shown = next((each for start, each in SHOWN.items() if paragraph.startswith(start)), None)
        if number < 2:
            kept.append(paragraph)
        elif shown is not None:
            kept.append(_first(paragraph, *shown))
        elif kept[-1] != CUT:
            kept.append(CUT)
    return "\n\n".join(kept) + "\n"


def _first(paragraph: str, most: int, pattern: str) -> str:
    lines = paragraph.splitlines()
    starts = [index for index, line in enumerate(lines) if re.match(pattern, line)]
    return "\n".join([*lines[: starts[most]], f"  {CUT}"]) if len(starts) > most else paragraph


if __name__ == "__main__":
    text = README.read_text(encoding="utf-8")
    README.write_text(BLOCK.sub(lambda _: f"```text answer\n{excerpt(answer())}```", text), encoding="utf-8")
