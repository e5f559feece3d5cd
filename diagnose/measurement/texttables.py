"""The tables in a text: rows of figures under a header that names an impedance, and rows without one."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from diagnose.measurement.cells import Style, complex_figure, count_figures, cut, figure
from diagnose.measurement.readings import Reals
from diagnose.measurement.spectrumcolumns import selections
from diagnose.measurement.spectrumnames import plain, unit
from diagnose.measurement.technique import columnish

# Lines between a header and its first row: the number of points, an end of comments.
MOST_BETWEEN = 6
# No header is longer, in characters.
LONGEST_HEADER = 5000

_EXPONENT = re.compile(r"[eEdD][+-]?\d+\s*\Z")
# A figure that ends in its exponent.
_BROKEN = re.compile(r"[+-]?\d+[.,]?\d*[eEdD][+-]?\Z")
_MODULUS = re.compile(r"\|\s*Z\s*\|")
_LETTER = re.compile(r"[^\W\d_]")
_COMMENT = re.compile(r"^\s*[#%!]+\s*")
_MAYBE_HEADER = re.compile(r"(?i)f|hz|ω|频|周波|omega|lg")


@dataclass
class Table:
    """Rows under one header; `candidates` are the ways to cut the header into cells."""

    line: int = 0
    candidates: list[tuple[list[str], list[str]]] = field(default_factory=list)
    rows: list[list[str]] = field(default_factory=list)
    between: int = 0
    # A line of names above rows without a usable header.
    names: list[str] = field(default_factory=list)

    @property
    def width(self) -> int:
        """The number of cells of most rows."""
        return Counter(len(row) for row in self.rows).most_common(1)[0][0] if self.rows else 0

    def without_cut(self) -> None:
        """Empty the last cell when the row ends before the others do, in cells or within an exponent."""
        last, others = self.rows[-1], self.rows[:-1]
        if not others or len(last) > self.width:
            return
        place = len(last) - 1
        ends = {found[0] if (found := _EXPONENT.search(row[place])) else "" for row in others if len(row) > place}
        length = {len(end) for end in ends}
        own = _EXPONENT.search(last[place])
        if len(last) < self.width or (
            len(length) == 1 and 0 not in length and len(own[0] if own else "") not in length
        ):
            self.rows[-1] = [*last[:-1], ""]


def _units_below(cells: Sequence[str]) -> bool:
    """Whether cells are the units of the names above."""
    filled = [cell for cell in cells if cell]
    known = sum(unit(plain(cell).strip("[](){}<>/ ")) is not None for cell in filled)
    return known >= 2 and all(len(cell) < 16 for cell in filled)


def _cuts(line: str, separator: str) -> Iterator[list[str]]:
    """The ways to cut a header, the one of the rows first."""
    line = _COMMENT.sub("", line)
    seen = []
    glued = re.sub(r"(?<!\s)\s+(?=[\[(])", "", line.strip().strip('"'))
    for other in (separator, "\t", ";", ",", "|", "  ", " "):
        # The bars of a modulus are no separators.
        cells = cut(_MODULUS.sub("mod(Z)", line) if other == "|" else line, other)
        for variant in (cells, [cell for cell in cells if cell]):
            if len(variant) > 1 and variant not in seen:
                seen.append(variant)
                yield variant
    joined = [cell for cell in glued.split() if cell]
    if joined not in seen:
        yield joined


class Walk:
    """Lines in their order, sorted into tables."""

    def __init__(self, style: Style) -> None:
        self.style = style
        self.tables: list[Table] = []
        self.bare: list[Table] = []
        self.table: Table | None = None
        self.names: tuple[int, list[str]] = (0, [])
        self.last = self.last_row = 0

    def named(self) -> Table | None:
        """The longest table whose columns have names, but none of an impedance."""
        return max((table for table in self.bare if table.names), key=lambda table: len(table.rows), default=None)

    def line(self, number: int, line: str) -> None:
        """Take in the next line."""
        cells = cut(line, self.style.separator)
        if not cells:
            return
        if self.is_row(cells):
            self.row(number, cells)
        elif not _LETTER.search(line) and self.table is None:
            # A ruled line parts names from their rows, and nothing else.
            return
        elif not self.header(number, line, cells):
            self.words(number, line, cells)
        self.last = number

    def is_row(self, cells: list[str]) -> bool:
        """Whether a line is a row: mostly figures, or cells without one where a table goes on."""
        filled = [cell for cell in cells if cell]
        values = [value for cell in filled if (value := figure(cell, self.style.comma)) is not None]
        figures = sum(not math.isnan(value) for value in values)
        pairs = len(values) < len(filled) and sum(complex_figure(cell) is not None for cell in filled)
        if pairs and figures:
            return True
        if figures >= 2 and 2 * len(values) >= len(filled):
            return True
        if self.table is None or not self.table.rows:
            return len(values) >= 3 and len(values) == len(filled)
        width = len(self.table.rows[-1])
        broken = len(cells) == 1 and _BROKEN.match(cells[0])
        cut_short = bool(broken or count_figures(cells[:2], self.style.comma)) and len(cells) <= width
        return cut_short or (len(values) >= 3 and len(cells) == width)

    def row(self, number: int, cells: list[str]) -> None:
        """Take in a row: of the table above it, or of a new one."""
        table = self.table or self.open(Table(number))
        if not table.candidates and table.rows and len(table.rows[-1]) != len(cells):
            table = self.open(Table(number))
        if table.candidates and not table.rows and table.between < MOST_BETWEEN and not self.fits(table, cells):
            # Lines such as the number of points stand between a header and its rows.
            table.between += 1
            return
        if not table.candidates and not table.rows and self.names[0] == self.last and columnish(self.names[1]):
            table.names = self.names[1]
        table.rows.append(cells)
        self.last_row = number

    def fits(self, table: Table, cells: list[str]) -> bool:
        """Whether a row is long enough for the columns that a header names."""
        found = (selection for names, units in table.candidates for selection in selections(names, units))
        return len(cells) > min(selection.furthest for selection in found)

    def open(self, table: Table) -> Table:
        """Begin a table."""
        (self.tables if table.candidates else self.bare).append(table)
        self.table = table
        return table

    def header(self, number: int, line: str, cells: list[str]) -> bool:
        """Whether a line is a header of impedance, or the units below one."""
        if len(line) > LONGEST_HEADER:
            return False
        table = self.table
        if table is not None and table.candidates and not table.rows and not table.between and self.last == table.line:
            below = [cells, *_cuts(line, self.style.separator)]
            found = []
            for names, _ in table.candidates:
                units = next((each for each in below if len(each) == len(names)), [])
                if units and _units_below(units) and selections(names, units):
                    found.append((names, units))
            if found:
                table.candidates = found + table.candidates
                return True
        if not _MAYBE_HEADER.search(line):
            return False
        candidates = [(names, list[str]()) for names in _cuts(line, self.style.separator) if selections(names)]
        if not candidates:
            return False
        self.open(Table(number, candidates))
        return True

    def words(self, number: int, line: str, cells: list[str]) -> None:
        """A line that is neither: perhaps the names of another table, which ends the one before it."""
        lettered = [cell for cell in cells if _LETTER.search(cell)] if len(line) <= LONGEST_HEADER else []
        if len(lettered) >= 2 and not cells[0].startswith("#"):
            self.names = (number, cells)
        elif len(lettered) >= 2:
            self.names = (number, [cells[0].lstrip("# "), *cells[1:]])
        if self.table is None:
            return
        if not self.table.candidates:
            if not cells[0].startswith("#"):
                self.table = None
        elif not self.table.rows:
            self.table.between += 1
        elif len(lettered) >= 3 and len(lettered) == sum(bool(cell) for cell in cells) and columnish(cells):
            self.table = None


def column(rows: Sequence[Sequence[str]], place: int, comma: bool) -> Reals:
    """A column as figures, nan where there is none."""
    values = np.full(len(rows), np.nan)
    for number, row in enumerate(rows):
        if place < len(row):
            value = figure(row[place], comma)
            if value is not None:
                values[number] = value
    return values
