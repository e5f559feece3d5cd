"""Reading YAML and JSON safely: every value knows its line and column, and nothing is lost or guessed in silence.

This is the only module that imports yaml. Scalars follow YAML 1.2 (`no` is text, `1e-6` is a number, `12:30` is text);
duplicate keys, tags, several documents and alias bombs are refused.
"""

from __future__ import annotations

import json
import math
import re
import stat
from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from diagnose.errors import FileError, Problem, did_you_mean

if TYPE_CHECKING:
    from pydantic import ValidationError

Key = str | int
Place = tuple[Key, ...]

A_CASE = "Write at least electrolyte and electrode_role."
MOST_NODES = 200_000
MOST_DIGITS = 400
DEEPEST = 64

_NUMBER = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?\Z")
_INTEGER = re.compile(r"[-+]?[0-9]+\Z")
_OTHER_BASE = re.compile(r"0(o[0-7]+|x[0-9a-fA-F]+)\Z")
_WORDS: dict[str, Any] = {
    "": None, "~": None, "null": None, "Null": None, "NULL": None,
    "true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False,
    **{sign + word: float(f"{sign}inf") for sign in ("", "+", "-") for word in (".inf", ".Inf", ".INF")},
    ".nan": math.nan, ".NaN": math.nan, ".NAN": math.nan,
}  # fmt: skip


@dataclass(frozen=True)
class Document:
    """Parsed data with the position of every value."""

    name: str
    data: Any
    positions: Mapping[Place, tuple[int, int]]

    def where(self, place: Place) -> tuple[int, int]:
        """Line and column of a value, or of the nearest thing around it; (0, 0) when positions were not kept."""
        for length in range(len(place), -1, -1):
            found = self.positions.get(place[:length])
            if found:
                return found
        return (0, 0)

    def problem(self, place: Place, message: str, hint: str = "") -> Problem:
        """A problem at a place in this document."""
        line, column = self.where(place)
        field = ".".join(str(part) for part in place)
        return Problem(message, self.name, line, column, field, hint)

    def problems(self, error: ValidationError, at: Place = ()) -> list[Problem]:
        """The mistakes of a pydantic error, in words and with their places."""
        found = []
        for detail in error.errors():
            place = at + tuple(part for part in detail["loc"] if isinstance(part, (str, int)))
            message, hint = _in_words(dict(detail))
            found.append(self.problem(place, message, hint))
        return found


@dataclass(frozen=True)
class At:
    """Where something was written, and in which layer: 0 is what is shipped, overlays follow."""

    document: Document
    place: Place
    layer: int

    def inside(self, *keys: Key) -> At:
        """A place further in."""
        return At(self.document, (*self.place, *keys), self.layer)

    def problem(self, message: str, hint: str = "") -> Problem:
        """A problem at this place."""
        return self.document.problem(self.place, message, hint)

    def __str__(self) -> str:
        line = self.document.where(self.place)[0]
        return f"{self.document.name}:{line}" if line else self.document.name


def _in_words(detail: dict[str, Any]) -> tuple[str, str]:
    kind, context = detail["type"], detail.get("ctx") or {}
    if kind == "missing":
        return "is missing", "Add it."
    if kind == "extra_forbidden":
        return "is not a known key here", "Check its spelling, or take it out."
    if kind in ("literal_error", "enum"):
        expected = [word.strip("' ") for word in re.split(r",| or ", str(context.get("expected", "")))]
        given = str(detail.get("input"))
        return f"{given!r} is not one of the choices", did_you_mean(
            given, expected
        ) or f"Choose from {', '.join(expected)}."
    if kind == "string_pattern_mismatch":
        return f"{detail.get('input')!r} is no name here", "Use letters, digits, - and a point between them."
    return str(detail["msg"]).removeprefix("Value error, "), ""


def read_text(path: Path, limit_bytes: int = 5_000_000, name: str = "", when_empty: str = A_CASE) -> str:
    """The text of a file, which mistakes call by `name`.

    Raises FileError when the file is missing, a directory, unreadable, empty, too large, binary or not UTF-8.
    """
    name = name or str(path)

    def refuse(message: str, hint: str = "") -> FileError:
        return FileError((Problem(message, file=name, hint=hint),))

    try:
        if path.is_dir():
            raise refuse("is a directory", "Name a file in it.")
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            raise refuse("is no file", "Name a file, or - to read standard input.")
        size = status.st_size
        if size > limit_bytes:
            raise refuse(
                f"is too large ({size / 1e6:.0f} MB, at most {limit_bytes / 1e6:.0f} MB)",
                "A case file has a few lines.",
            )
        raw = path.read_bytes()
    except FileNotFoundError:
        raise refuse("there is no such file", _neighbours(path)) from None
    except (OSError, ValueError) as error:
        raise refuse(f"cannot be read ({getattr(error, 'strerror', None) or error})") from None
    return decoded(raw, name, when_empty)


def decoded(raw: bytes, name: str, when_empty: str = A_CASE) -> str:
    """Bytes as text. Raises FileError when there is nothing, or nothing that is text."""
    if not raw.strip():
        raise FileError((Problem("is empty", file=name, hint=when_empty),))
    if b"\0" in raw:
        raise FileError((Problem("is binary, not text", file=name, hint="Give a YAML or JSON file."),))
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise FileError((Problem("is not UTF-8 text", name, line, hint="Save the file as UTF-8."),)) from None


def _neighbours(path: Path) -> str:
    try:
        return did_you_mean(path.name, sorted(each.name for each in path.parent.iterdir()))
    except OSError:
        return ""


class _Builder:
    """Plain data and positions from a node tree, in one walk."""

    def __init__(self, name: str, resolver: Any) -> None:
        self.name, self.resolver = name, resolver
        self.positions: dict[Place, tuple[int, int]] = {}
        self.found: list[Problem] = []
        self.nodes = 0

    def build(self, node: Any, place: Place) -> Any:
        self.nodes += 1
        line, column = node.start_mark.line + 1, node.start_mark.column + 1
        if self.nodes > MOST_NODES or len(place) > DEEPEST:
            hint = "Write the values out instead of repeating them by alias."
            raise FileError(
                (Problem("expands to too many or too deeply nested values", self.name, line, column, hint=hint),)
            )
        self.positions[place] = (line, column)
        kind = type(node).__name__
        if self.tagged(node, place):
            return None
        if kind == "MappingNode":
            return self.mapping(node, place)
        if kind == "SequenceNode":
            return [self.build(item, (*place, index)) for index, item in enumerate(node.value)]
        return node.value if node.style else scalar(node.value)

    def tagged(self, node: Any, place: Place) -> bool:
        """Whether a node has another tag than its text alone gives it, which is a mistake."""
        plain = (not node.style, bool(node.style)) if type(node).__name__ == "ScalarNode" else (True, False)
        if node.tag == self.resolver.resolve(type(node), node.value, plain):
            return False
        tag = node.tag.replace("tag:yaml.org,2002:", "!!")
        self.add(place, f"the tag {tag} is not allowed", "Write plain values.")
        return True

    def mapping(self, node: Any, place: Place) -> dict[Key, Any]:
        result: dict[Key, Any] = {}
        lines: dict[Key, int] = {}
        for key_node, value_node in node.value:
            if type(key_node).__name__ != "ScalarNode":
                self.positions[place] = (key_node.start_mark.line + 1, key_node.start_mark.column + 1)
                self.add(place, "a key must be plain text", "")
                continue
            key: Key = key_node.value
            inside = (*place, key)
            at = key_node.start_mark.line + 1, key_node.start_mark.column + 1
            if key in result:
                self.add(inside, f"stands twice (first on line {lines[key]})", "Keep one of the two.", at)
                continue
            lines[key] = at[0]
            self.positions[inside] = at
            result[key] = None if self.tagged(key_node, inside) else self.build(value_node, inside)
            if isinstance(result[key], (dict, list)):
                self.positions[inside] = at
        return result

    def add(self, place: Place, message: str, hint: str, at: tuple[int, int] | None = None) -> None:
        line, column = at or self.positions[place]
        field = ".".join(str(part) for part in place)
        self.found.append(Problem(message, self.name, line, column, field, hint))


def scalar(text: str) -> Any:
    """The value of a plain YAML 1.2 scalar."""
    if text in _WORDS:
        return _WORDS[text]
    if text[0] in "+-.0123456789":
        if _INTEGER.match(text):
            return int(text) if len(text) < MOST_DIGITS else text
        if _NUMBER.match(text):
            return float(text)
        if _OTHER_BASE.match(text) and len(text) < MOST_DIGITS:
            return int(text[2:], 8 if text[1] == "o" else 16)
    return text


def parse_yaml(text: str, name: str, when_empty: str = A_CASE) -> Document:
    """YAML text as a document.

    Raises FileError for text that is not YAML, or that uses duplicate keys, tags, several documents or alias bombs.
    """
    import yaml

    loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        roots = list(yaml.compose_all(text, Loader=loader))
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (0, 0)
        message = f"is not valid YAML: {error.problem or error.context}"
        raise FileError((Problem(message, name, line, column, hint=_yaml_hint(text, line)),)) from None
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise FileError((Problem(f"is not valid YAML: {str(error).splitlines()[0]}", name),)) from None
    if len(roots) > 1:
        line = roots[1].start_mark.line + 1
        raise FileError(
            (Problem("holds several documents", name, line, hint="Keep one document, without `---` lines."),)
        )
    if not roots or roots[0] is None:
        raise FileError((Problem("is empty", file=name, hint=when_empty),))
    builder = _Builder(name, yaml.resolver.Resolver())
    data = builder.build(roots[0], ())
    if builder.found:
        raise FileError(tuple(builder.found))
    return Document(name, data, builder.positions)


def _yaml_hint(text: str, line: int) -> str:
    lines = text.splitlines()
    if 0 < line <= len(lines) and "\t" in lines[line - 1]:
        return "Indent with spaces, not tabs."
    return "Write one `field: value` a line; put text with a colon in quotes."


def parse_json(text: str, name: str) -> Document:
    """JSON text as a document, with the guarantees of `parse_yaml`; NaN and Infinity are refused.

    Raises FileError.
    """

    def constant(word: str) -> Any:
        raise FileError(
            (Problem(f"{word} is not a number", file=name, hint="Leave the field out when it is unknown."),)
        )

    try:
        json.loads(text, parse_constant=constant)
    except json.JSONDecodeError as error:
        message = f"is not valid JSON: {error.msg}"
        raise FileError((Problem(message, name, error.lineno, error.colno),)) from None
    except RecursionError:
        raise FileError((Problem("is too deeply nested", file=name),)) from None
    except ValueError:
        message, hint = "holds a figure with too many digits", "Write it as 1e9."
        raise FileError((Problem(message, file=name, hint=hint),)) from None
    scanner = _JsonPlaces(text, name)
    data = scanner.value((), scanner.skip(0))[0]
    if scanner.found:
        raise FileError(tuple(scanner.found))
    return Document(name, data, scanner.positions)


class _JsonPlaces:
    """A second walk over JSON that is known to be valid, to note positions and duplicate keys."""

    def __init__(self, text: str, name: str) -> None:
        self.text, self.name = text, name
        self.positions: dict[Place, tuple[int, int]] = {}
        self.found: list[Problem] = []
        self.decoder = json.JSONDecoder()
        self.starts = [0, *(found.end() for found in re.finditer("\n", text))]

    def skip(self, at: int) -> int:
        while at < len(self.text) and self.text[at] in " \t\r\n":
            at += 1
        return at

    def mark(self, at: int) -> tuple[int, int]:
        line = bisect_right(self.starts, at)
        return line, at - self.starts[line - 1] + 1

    def value(self, place: Place, at: int) -> tuple[Any, int]:
        if len(place) > DEEPEST:
            raise FileError((Problem("is too deeply nested", self.name, *self.mark(at)),))
        if len(self.positions) >= MOST_NODES:
            raise FileError((Problem("holds too many values", self.name, *self.mark(at)),))
        self.positions[place] = self.mark(at)
        if self.text[at] == "{":
            return self.object(place, self.skip(at + 1))
        if self.text[at] == "[":
            return self.array(place, self.skip(at + 1))
        return self.decoder.raw_decode(self.text, at)

    def object(self, place: Place, at: int) -> tuple[dict[str, Any], int]:
        result: dict[str, Any] = {}
        lines: dict[str, int] = {}
        while self.text[at] != "}":
            key_at = at
            key, at = self.decoder.raw_decode(self.text, at)
            at = self.skip(self.skip(at) + 1)
            if key in result:
                field = ".".join(str(part) for part in (*place, key))
                message, hint = f"stands twice (first on line {lines[key]})", "Keep one of the two."
                self.found.append(Problem(message, self.name, *self.mark(key_at), field, hint))
            lines.setdefault(key, self.mark(key_at)[0])
            result[key], at = self.value((*place, key), at)
            at = self.skip(at)
            at = self.skip(at + 1) if self.text[at] == "," else at
        return result, at + 1

    def array(self, place: Place, at: int) -> tuple[list[Any], int]:
        result: list[Any] = []
        while self.text[at] != "]":
            item, at = self.value((*place, len(result)), at)
            result.append(item)
            at = self.skip(at)
            at = self.skip(at + 1) if self.text[at] == "," else at
        return result, at + 1
