"""Where a person types: a terminal with completion, or plain lines for pipes, logs and screen readers."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from typing import Any, Protocol

PROMPT = "> "


class Console(Protocol):
    """What a conversation needs. Both raise KeyboardInterrupt where a person breaks off."""

    def ask(self, words: Sequence[str]) -> str | None:
        """A line that was typed, `words` being offered for completion; None at the end of the input."""

    def tell(self, text: str) -> None:
        """Show lines of text."""


class Lines:
    """Plain lines in and out. Where nobody sees what is typed, as in a pipe, each line read is shown again."""

    def __init__(self, tell: Callable[[str], None]) -> None:
        self._tell = tell
        self._seen = sys.stdin is not None and sys.stdin.isatty()

    def ask(self, words: Sequence[str]) -> str | None:
        if self._seen:
            try:
                return input(PROMPT)
            except EOFError:
                return None
        line = sys.stdin.readline() if sys.stdin is not None else ""
        if not line:
            return None
        # What steers a terminal is not sent to one.
        self._tell(PROMPT + "".join(each if each.isprintable() else "?" for each in line.rstrip()) + "\n")
        return line.rstrip("\r\n")

    def tell(self, text: str) -> None:
        self._tell(text)


class Terminal:
    """A terminal with completion and editing."""

    def __init__(self, tell: Callable[[str], None], **options: Any) -> None:
        """`options` go to prompt_toolkit, such as an input and an output of a test."""
        from prompt_toolkit import PromptSession

        self._tell = tell
        self._session: PromptSession[str] = PromptSession(**options)

    def ask(self, words: Sequence[str]) -> str | None:
        from prompt_toolkit.completion import WordCompleter

        completer = WordCompleter(list(words), ignore_case=True, sentence=True, match_middle=True)
        try:
            return self._session.prompt(PROMPT, completer=completer)
        except EOFError:
            return None

    def tell(self, text: str) -> None:
        self._tell(text)


def console(tell: Callable[[str], None], plain: bool = False) -> Console:
    """The console that suits where the program runs."""
    streams = (sys.stdin, sys.stdout)
    if not plain and os.environ.get("TERM") != "dumb" and all(each is not None and each.isatty() for each in streams):
        return Terminal(tell)
    return Lines(tell)
