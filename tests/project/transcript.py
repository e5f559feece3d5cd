"""What commands shown in the docs print, and the session in docs/ask.md. Run this file to write all of it anew."""

from __future__ import annotations

import os
import re
import shlex
import tempfile
from pathlib import Path

from click.testing import CliRunner

import diagnose as package

DOCS = Path(package.__file__).resolve().parent.parent / "docs"
PAGE, EIS = DOCS / "ask.md", DOCS / "eis.md"
BLOCK = re.compile(r"^```console session\n\$ diagnose ask\n(.*?)^```$", re.MULTILINE | re.DOTALL)
COMMAND = re.compile(r"^```console\n\$ diagnose (.*)\n((?:.*\n)*?)^```$", re.MULTILINE)
ANSWER = re.compile(r"(?m)^> (.*)$")
WIDTH = "100"


def session(answers: list[str]) -> str:
    """What `diagnose ask` prints when these lines are typed, in an empty directory."""
    from diagnose.cli import cli

    here = Path.cwd()
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        try:
            typed = "".join(f"{answer}\n" for answer in answers)
            done = CliRunner().invoke(cli, ["ask"], input=typed, env={"COLUMNS": WIDTH}, catch_exceptions=False)
        finally:
            os.chdir(here)
    assert done.exit_code == 0, done.output
    return done.output


def shown() -> str:
    """The session as the page shows it."""
    found = BLOCK.search(PAGE.read_text(encoding="utf-8"))
    assert found is not None
    return found[1]


def printed(line: str) -> str:
    """What a command of the page prints."""
    from diagnose.cli import cli

    done = CliRunner().invoke(cli, shlex.split(line), env={"COLUMNS": WIDTH}, catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.output


if __name__ == "__main__":
    os.chdir(DOCS.parent)
    made = session(ANSWER.findall(shown()))
    for page in (PAGE, EIS):
        text = page.read_text(encoding="utf-8")
        text = BLOCK.sub(lambda _: f"```console session\n$ diagnose ask\n{made}```", text)
        text = COMMAND.sub(lambda found: f"```console\n$ diagnose {found[1]}\n{printed(found[1])}```", text)
        page.write_text(text, encoding="utf-8")
