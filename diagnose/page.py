"""Plain text of a width in characters."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable

from diagnose.texts import Texts

NARROWEST = 60


class Page:
    """Lines of a page, and the words it is written in."""

    def __init__(self, width: int, texts: Texts) -> None:
        self.width, self.texts = max(NARROWEST, width), texts
        self.lines: list[str] = []

    def add(self, text: str = "", indent: str = "", hang: str | None = None) -> None:
        """A paragraph; its later lines begin with `hang`, or as the first one does. Without text, an empty line."""
        if not text:
            self.lines.append("")
            return
        self.lines += textwrap.wrap(
            text,
            self.width,
            initial_indent=indent,
            subsequent_indent=indent if hang is None else hang,
            break_long_words=False,
            break_on_hyphens=False,
        )

    def after(self, head: str, text: str, indent: str = "") -> None:
        """Text after a head, of which later lines keep clear."""
        self.add(head + text, indent, indent + " " * len(head))

    def head(self, text: str) -> None:
        """A heading with an empty line before it."""
        self.lines += ["", text]

    def items(self, words: Iterable[str], indent: str = "") -> None:
        """Paragraphs, each after a dash."""
        for each in words:
            self.after("- ", each, indent)

    def text(self) -> str:
        """The page."""
        return "\n".join(line.rstrip() for line in self.lines).strip("\n") + "\n"
