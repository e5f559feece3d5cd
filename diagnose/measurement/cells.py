"""Lines of figures cut into cells, whatever separates them and whichever sign is the decimal one."""

from __future__ import annotations

import csv
import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

SAMPLE = 600
LONGEST_CELL = 60

_AROUND = " \t\"'\u00a0"
_FIGURE = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eEdD][+-]?[0-9]{1,4})?\Z")
_GROUPED = re.compile(r"[+-]?[0-9]{1,3}(?:,[0-9]{3})+\.[0-9]+\Z")
_COMPLEX = re.compile(r"\(?[-+0-9.eE]+j\)?\Z")
# What programs write where there is no figure.
_NOTHING = frozenset((
    "nan", "-nan", "+nan", "#n/a", "n/a", "na", "-", "--", "---", "null", "none", "inf", "-inf", "+inf", "infinity",
    "-infinity", "#num!", "#div/0!", "#value!", "#ref!", "1.#qnan", "-1.#ind", "1.#inf", "-1.#inf", "1.#ind",
    "overload", "ovl", "?", "*",
))  # fmt: skip
_NUMERIC_START = re.compile(r"[\s;,|\"']*[+\-−]?[.,]?[0-9]")
_SEPARATORS: tuple[tuple[str, bool], ...] = (
    ("\t", False), ("\t", True), (";", False), (";", True), (",", False), ("|", False), ("|", True),
    (" ", False), (" ", True), (", ", True),
)  # fmt: skip


@dataclass(frozen=True)
class Style:
    """How the rows of a text are written: what separates cells, and whether the comma is the decimal sign."""

    separator: str
    comma: bool


def figure(cell: str, comma: bool = False) -> float | None:
    """The figure in a cell, nan for a cell that says that there is none, None for words."""
    # Each way of cutting a text asks for the same cells again.
    return (
        _figure(cell, comma) if len(cell) <= LONGEST_CELL else _figure(cell.strip(_AROUND)[: LONGEST_CELL + 1], comma)
    )


@lru_cache(maxsize=1 << 15)
def _figure(cell: str, comma: bool) -> float | None:
    cell = cell.strip(_AROUND).replace("−", "-")
    if not cell or cell.lower() in _NOTHING:
        return math.nan
    if len(cell) > LONGEST_CELL:
        return None
    if comma:
        if "," in cell:
            cell = cell.replace(".", "").replace(",", ".", 1)
        elif "." in cell:
            return None
    elif "," in cell and _GROUPED.match(cell):
        cell = cell.replace(",", "")
    if not _FIGURE.match(cell):
        return None
    return float(cell.replace("d", "e").replace("D", "e"))


def cut(line: str, separator: str) -> list[str]:
    """The cells of a line, without empty ones at its end."""
    if separator == " ":
        cells = line.split()
    elif separator == "  ":
        cells = re.split(r"\s{2,}", line.strip().strip('"').strip())
    elif separator == ", ":
        cells = re.split(r",[ \t]+", line.strip())
    elif '"' in line and re.search(rf'(?:^|{re.escape(separator)}) *"', line):
        try:
            cells = next(csv.reader([line], delimiter=separator, skipinitialspace=True), [])
        except csv.Error:
            cells = line.split(separator)
    else:
        cells = line.split(separator)
    cells = [cell.strip() for cell in cells]
    while cells and not cells[-1]:
        cells.pop()
    return cells


def complex_figure(cell: str) -> complex | None:
    """The complex number in a cell, as Python, Matlab and spreadsheets write it; None for anything else."""
    if cell[-1:] not in ("i", "j", ")") or len(cell) > 2 * LONGEST_CELL:
        return None
    cell = cell.replace(" ", "").replace("*", "").replace("i", "j")
    if not _COMPLEX.match(cell):
        return None
    try:
        return complex(cell)
    except ValueError:
        return None


def count_figures(cells: Sequence[str], comma: bool) -> int:
    """How many figures cells hold; a complex number counts as two."""
    found = [figure(cell, comma) for cell in cells]
    pairs = sum(complex_figure(cell) is not None for cell, value in zip(cells, found, strict=True) if value is None)
    return 2 * pairs + sum(value is not None and not math.isnan(value) for value in found)


def style(lines: Sequence[str], fewest: int = 3) -> Style | None:
    """Separator and decimal sign of the rows; None when no line holds the fewest figures a row has."""
    numeric = [line for line in lines if _NUMERIC_START.match(line)]
    step = max(1, len(numeric) // SAMPLE)
    sample = numeric[::step]
    best, most = None, (0, 0)
    marks: dict[tuple[str, bool], int] = {}
    for separator, comma in _SEPARATORS:
        rows = figures = 0
        mark = separator[0]
        for line in sample:
            if mark != " " and mark not in line:
                continue
            count = count_figures(cut(line, separator), comma)
            if count >= fewest:
                rows += 1
                figures += count
        marks[separator, comma] = rows
        if (rows, figures) > most:
            best, most = Style(separator, comma), (rows, figures)
    spaced = marks.get((", ", True), 0)
    if best == Style(",", False) and spaced and spaced == marks[",", False] and _decimal_commas(sample):
        return Style(", ", True)
    return best


def _decimal_commas(lines: Iterable[str]) -> bool:
    """Whether commas inside words are decimal signs where a comma and a space separate."""
    rows = [cut(line, ", ") for line in lines]
    return all(figure(cell, True) is not None for row in rows for cell in row) and any(
        "," in cell for row in rows for cell in row
    )
