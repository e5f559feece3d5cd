"""A table of a measured series: one column for what was varied, one for the resistance, perhaps its uncertainty.

Columns are known by their names, with the unit in the name (`pressure_MPa`) or behind it (`pressure (MPa)`, `T / K`);
the names of case fields are understood too. Nothing is guessed from the position of a column.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from os import PathLike
from pathlib import Path
from types import MappingProxyType

import numpy as np

from diagnose.errors import FileError, Problem, in_order
from diagnose.measurement.law import Reals
from diagnose.measurement.seriesheader import (
    BRANCH,
    KINDS,
    OHM,
    OHM_CM2,
    PERCENT,
    RESISTANCE,
    SIGMA,
    Column,
    header,
    names_resistance,
)
from diagnose.quantity import QuantityError, parse_number, unit_label

LARGEST_FILE = 20_000_000
EXAMPLE = "pressure_MPa, resistance_ohm_cm2, sigma_ohm_cm2"
_DECIMAL_COMMA = re.compile(r"(?<=\d),(?=\d)")
ENDLESS = (-1e300, 1e300)

_RISING = ("loading", "load", "up", "heating", "rising", "forward")
_FALLING = ("unloading", "unload", "down", "cooling", "falling", "backward", "back")
_WORDS = {"stack_pressure_MPa": ("loading", "unloading"), "temperature_C": ("heating", "cooling")}


@dataclass(frozen=True, eq=False)
class SeriesTable:
    """A series as it was measured, in file order. n points, units of the case fields."""

    over: str
    """The field of what was varied: stack_pressure_MPa, temperature_C, time_h, cycles_done, electrolyte_thickness_um,
    area_cm2, loading (mg/cm2) or li_p_ratio."""
    x: Reals
    """Shape (n,)."""
    resistance: Reals
    """Shape (n,), in ohm or in ohm cm2."""
    resistance_field: str
    """resistance_ohm or interfacial_resistance_ohm_cm2."""
    sigma: Reals | None = None
    """Shape (n,), standard uncertainties in the unit of the resistance."""
    branch: tuple[str, ...] | None = None
    """For each point `loading` or `unloading`, or `heating` or `cooling`, when a column says it."""
    held: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}))
    """Quantities that have a column and stay the same, by their fields."""
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.x)


def read_series(path: str | PathLike[str], over: str | None = None) -> SeriesTable:
    """The series in a text file with named columns, separated by commas, semicolons, tabs or blanks.

    Lines that begin with # are comments. over: the field that was varied, needed only when several columns vary.
    Raises FileError with every mistake found, each with its line.
    """
    name, file = str(path), Path(path)
    try:
        raw = file.read_bytes() if file.stat().st_size <= LARGEST_FILE else None
    except (OSError, ValueError) as error:
        said = getattr(error, "strerror", None) or "it cannot be opened"
        raise FileError([Problem(f"cannot be read: {said}", name)]) from None
    if raw is None:
        raise FileError([Problem("is too large for a series", name, hint="Expected a table of some points.")])
    lines = _text(raw).splitlines()
    for number, line in enumerate(lines, 1):
        text = line.strip().lstrip("#").strip()
        if not text:
            continue
        separator = _separator(text)
        cells = _cells(text, separator)
        columns, problems = header(cells, name, number)
        known = sum(column is not None for column in columns)
        clean = known > 1 and any(column is not None and column.field == RESISTANCE for column in columns)
        meant = known + len(problems) > 1 and any(names_resistance(cell) for cell in cells)
        # A comment may speak of a resistance without being the header.
        if clean or (meant and not line.strip().startswith("#")):
            return _Reader(name, number, cells, columns, separator, list(problems)).read(lines[number:], over)
    raise FileError([Problem("has no line that names its columns", name, hint=f"Begin with a line such as: {EXAMPLE}")])


def _text(raw: bytes) -> str:
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        return raw.decode("utf-16", errors="replace")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        return raw.decode("latin-1")


def _separator(header: str) -> str:
    return next((each for each in ("\t", ";", ",", "|") if each in header), " ")


def _cells(line: str, separator: str) -> list[str]:
    if separator == " ":
        line = re.sub(r"\s+(?=[\[(])", "", re.sub(r"\s*±\s*", "±", line))
        cells = line.split()
    else:
        cells = line.split(separator)
    return [cell.strip().strip("\"'").strip() for cell in cells]


class _Reader:
    """Rows under a header, and all that is wrong with them."""

    def __init__(
        self,
        file: str,
        line: int,
        names: list[str],
        columns: list[Column | None],
        separator: str,
        problems: list[Problem],
    ) -> None:
        self.file, self.line, self.names, self.columns, self.separator = file, line, names, columns, separator
        self.problems = problems
        self.figures: dict[str, list[float]] = {column.field: [] for column in columns if column}
        self.own: list[float] = []
        self.words: list[str] = []

    def read(self, lines: list[str], over: str | None) -> SeriesTable:
        """The table of the rows. Raises FileError."""
        self.check()
        for number, line in enumerate(lines, self.line + 1):
            text = line.strip()
            if text and not text.startswith("#"):
                self.row(number, text)
        if not self.problems and not self.figures.get(RESISTANCE):
            self.wrong("has no rows below its header", self.line)
        self.stop()
        return self.table(over)

    def wrong(self, message: str, line: int, place: int = -1, hint: str = "") -> None:
        """Note a mistake."""
        field = self.names[place] if place >= 0 else ""
        self.problems.append(Problem(message, self.file, line, place + 1, field, hint))

    def stop(self) -> None:
        """Raise all that was noted."""
        if self.problems:
            raise FileError(in_order(self.problems))

    def check(self) -> None:
        """Each quantity has one column, and something was varied."""
        seen: dict[str, int] = {}
        for place, column in enumerate(self.columns):
            if column is None:
                continue
            if column.field in seen:
                first = self.names[seen[column.field]]
                self.wrong(f"is a second column like {first!r}", self.line, place, "Leave one of them.")
            seen.setdefault(column.field, place)
        if {RESISTANCE, SIGMA} <= seen.keys():
            units = [column.unit for column in self.columns if column and column.field in (RESISTANCE, SIGMA)]
            if set(units) == {OHM, OHM_CM2}:
                hint = "Give both in ohm, or both in ohm cm2."
                self.wrong("is not in the unit of the resistance", self.line, seen[SIGMA], hint)
        if not self.problems and not any(field in seen for field in KINDS):
            hint = f"Expected one of {', '.join(KINDS)}."
            self.wrong("has no column of what was varied", self.line, hint=hint)
        self.stop()

    def row(self, number: int, text: str) -> None:
        """Take in a row, or note all that is wrong with it."""
        cells = _cells(text, self.separator)
        while cells and not cells[-1] and len(cells) > len(self.columns):
            cells.pop()
        if len(cells) > len(self.columns):
            hint = "Use a point for decimals." if self.separator == "," else "Check the separators."
            self.wrong(f"has {len(cells)} cells, but the header names {len(self.columns)}", number, hint=hint)
            return
        cells += [""] * (len(self.columns) - len(cells))
        for place, (column, cell) in enumerate(zip(self.columns, cells, strict=True)):
            if column is None:
                continue
            if column.field == BRANCH:
                self.word(number, place, cell)
            else:
                self.cell(number, place, column, cell)

    def word(self, number: int, place: int, cell: str) -> None:
        """Take in a branch."""
        told = cell.lower()
        if told not in _RISING + _FALLING:
            self.wrong(f"{cell!r} is no branch", number, place, "Write loading or unloading, heating or cooling.")
        self.words.append("rising" if told in _RISING else "falling")

    def cell(self, number: int, place: int, column: Column, cell: str) -> None:
        """Take in a figure, in the unit of its field."""
        text = cell if self.separator == "," else _DECIMAL_COMMA.sub(".", cell)
        if not text:
            self.wrong("is empty", number, place, "Give a figure, or leave out the row.")
            return
        try:
            made = parse_number(text, "1", ENDLESS)
        except QuantityError as error:
            self.wrong(error.message, number, place, "Write a figure; its unit stands in the header.")
            return
        if made.value is None:
            self.wrong(f"{cell!r} is a bound or a range", number, place, "A series needs figures.")
            return
        value = made.value * column.scale + column.offset
        if column.field in (RESISTANCE, SIGMA):
            if not 1e-15 <= value <= 1e15:
                self.wrong(f"{cell} is not a positive figure", number, place, "Leave out points that failed.")
        else:
            kind = KINDS[column.field]
            if not kind.limits[0] <= round(value, 9) <= kind.limits[1]:
                low, high = kind.limits
                self.wrong(
                    f"{cell} is outside {low:g} to {high:g} {unit_label(kind.unit)}",
                    number,
                    place,
                    "Check the figure and its unit.",
                )
        self.figures[column.field].append(value)
        if column.field == RESISTANCE:
            self.own.append(made.sigma * column.scale)

    def table(self, over: str | None) -> SeriesTable:
        """The series of rows without a mistake. Raises FileError when it is not clear what was varied."""
        arrays = {field: np.array(values) for field, values in self.figures.items() if field != BRANCH}
        kinds = [field for field in arrays if field in KINDS]
        varied = [field for field in kinds if float(np.ptp(arrays[field])) > 0]
        if over is None and len(varied) == 1:
            over = varied[0]
        if over is None or over not in kinds:
            if over is not None:
                self.wrong(f"has no column of {over}", self.line, hint=f"It has {', '.join(kinds)}.")
            elif varied:
                said = f"varies {' and '.join(varied)}"
                self.wrong(said, self.line, hint="Say over which one the series goes, or part it.")
            else:
                self.wrong("varies nothing", self.line, hint="A series needs different values in one column.")
            self.stop()
        resistance = self.column(RESISTANCE)
        assert over is not None
        assert resistance is not None
        notes = [
            f"Column {name!r} was not used."
            for name, column in zip(self.names, self.columns, strict=True)
            if not column
        ]
        notes += [f"{field} varies too; the law takes it as constant." for field in varied if field != over]
        branch = None
        if self.words and over in _WORDS:
            branch = tuple(_WORDS[over][word == "falling"] for word in self.words)
        elif self.words:
            notes.append("The branch was not used: only pressure and temperature run there and back.")
        held = {field: float(arrays[field][0]) for field in kinds if field != over and field not in varied}
        return SeriesTable(
            over,
            arrays[over],
            arrays[RESISTANCE],
            resistance.unit,
            sigma=self.sigma(arrays, resistance),
            branch=branch,
            held=MappingProxyType(held),
            notes=tuple(notes),
        )

    def column(self, field: str) -> Column | None:
        """The column of a field."""
        return next((column for column in self.columns if column is not None and column.field == field), None)

    def sigma(self, arrays: Mapping[str, Reals], resistance: Column) -> Reals | None:
        """Uncertainties from their column, or written behind the resistances."""
        column = self.column(SIGMA)
        if column is None:
            own = np.array(self.own)
            return own if bool(np.all(own > 0)) else None
        if column.unit == PERCENT:
            return arrays[SIGMA] * arrays[RESISTANCE]
        return arrays[SIGMA] if column.unit else arrays[SIGMA] * resistance.scale
