"""Errors: one tree, and problems that say what is wrong, where, and what to type instead."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass
from operator import attrgetter

# No name is this long, and comparing a longer word letter by letter takes its time.
LONGEST = 100
# Words that have so much in common are offered for each other.
NEAR = 0.6


@dataclass(frozen=True, order=True)
class Problem:
    """One mistake in somebody's data. Parts that are not known stay empty."""

    message: str
    file: str = ""
    line: int = 0
    column: int = 0
    field: str = ""
    hint: str = ""

    def __str__(self) -> str:
        place = ":".join(str(part) for part in (self.file, self.line, self.column) if part)
        parts = [part for part in (place, self.field) if part]
        text = ": ".join([*parts, self.message])
        return f"{text}. {self.hint}" if self.hint else text


def in_order(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    """Problems in the order of their places, each once."""
    place = attrgetter("file", "line", "column", "field", "message")
    return tuple(sorted(dict.fromkeys(problems), key=place))


class DiagnoseError(Exception):
    """Base of every error this package raises on purpose. Its text is meant for a person."""


class DataError(DiagnoseError):
    """Data that cannot be used; `problems` lists every mistake found. Command-line exit code 1."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))

    def __reduce__(self) -> tuple[type[DataError], tuple[tuple[Problem, ...]]]:
        """Made again from its problems, as when it comes from another process."""
        return type(self), (self.problems,)


class CaseError(DataError):
    """A case with mistakes in it."""


class RuleError(DataError):
    """A rule book with mistakes in it."""


class KnowledgeError(DataError):
    """A knowledge base with mistakes in it."""


class FileError(DataError):
    """A file or folder that cannot be read, or whose text is not what its name says."""


class UsageError(DiagnoseError):
    """A command or function used in a way that makes no sense. Command-line exit code 2."""


def _plain(word: str) -> str:
    return "".join(letter for letter in word.lower() if letter.isalnum())


def nearest(word: str, choices: Iterable[str], most: int = 3) -> tuple[str, ...]:
    """The choices most like a word, best first; case, spaces and punctuation are ignored."""
    target = _plain(word)
    if not 0 < len(target) <= LONGEST:
        return ()
    ranked = []
    for choice in dict.fromkeys(choices):
        plain = _plain(choice)
        score = _likeness(target, plain)
        if len(target) >= 3 and plain and (target in plain or plain in target):
            score = max(score, 0.75)
        if score >= NEAR:
            ranked.append((-score, choice))
    return tuple(choice for _, choice in sorted(ranked)[:most])


def _likeness(first: str, second: str) -> float:
    """How much of two words is the same, 0 to 1; 0 for words that share too few letters to be near."""
    length = len(first) + len(second)
    shared = min(len(first), len(second))
    if 2 * shared >= NEAR * length:
        shared = sum(min(first.count(letter), second.count(letter)) for letter in set(first))
    return difflib.SequenceMatcher(None, first, second).ratio() if 2 * shared >= NEAR * length else 0.0


def did_you_mean(word: str, choices: Iterable[str]) -> str:
    """A question that offers the nearest names, or nothing when none is near."""
    found = nearest(word, choices)
    if not found:
        return ""
    head = ", ".join(found[:-1])
    return f"Did you mean {head + ' or ' if head else ''}{found[-1]}?"
