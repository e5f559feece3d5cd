"""Texts of instruments and of people as readings, whatever program wrote them."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from functools import partial

import numpy as np

from diagnose.measurement import baretable, cells, technique, texttables
from diagnose.measurement.cells import Style
from diagnose.measurement.readings import HINT, Complexes, Contents, NoImpedanceError, Readings
from diagnose.measurement.spectrumcolumns import Selection, selections
from diagnose.measurement.spectrumheader import heading
from diagnose.measurement.spectrumnames import PHASE, REAL
from diagnose.measurement.spectrumtable import assembled
from diagnose.measurement.texttables import Table, Walk

# Lines in which a header is looked for.
HEADER_LINES = 400
# A text with more than this share of signs that no text has is binary.
MOST_CONTROLS = 0.02
FIRST = 20_000

_CONTROLS = re.compile(r"[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f]")
_EASTERN = (("gb18030", "频率"), ("shift_jis", "周波数"))


def decoded(raw: bytes) -> str:
    """The text of a file in any of the usual encodings.

    Raises NoImpedanceError for bytes that are no text.
    """
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        text = raw.decode("utf-16", errors="replace")
    elif (wide := _wide(raw)) is not None:
        text = raw.decode(wide, errors="replace")
    else:
        text = _narrow(raw)
    text = text.lstrip("\ufeff")
    first = text[:FIRST]
    if len(_CONTROLS.findall(first)) > MOST_CONTROLS * len(first):
        raise NoImpedanceError(
            "is binary, and of no format that is read here", "Export it as text from the program that wrote it."
        )
    return text


def _wide(raw: bytes) -> str | None:
    """The kind of UTF-16 without a mark: every other byte of its beginning is null."""
    first = raw[:2000]
    even, odd = first[0::2].count(0), first[1::2].count(0)
    if len(first) > 8 and odd > 0.4 * len(first) and not even:
        return "utf-16-le"
    if len(first) > 8 and even > 0.4 * len(first) and not odd:
        return "utf-16-be"
    return None


def _narrow(raw: bytes) -> str:
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        pass
    for encoding, word in _EASTERN:
        text = raw.decode(encoding, errors="replace")
        if word in text:
            return text
    return raw.decode("cp1252", errors="replace")


def contents(text: str) -> Contents:
    """The tables of impedance in a text, and what its header says.

    Raises NoImpedanceError where there is none.
    """
    # Some programs write two carriage returns at each end of line.
    lines = text.replace("\r\r\n", "\n").replace("\r\n", "\n").replace("\r", "\n").split("\n")
    style = cells.style(lines)
    if style is None:
        raise _no_table(lines)
    walk = _walked(style, lines)
    found: list[Readings] = []
    for table in walk.tables:
        if table.rows:
            found += _readings(table, style.comma)
    if not found and not walk.tables:
        bare = (baretable.bare(table, style.comma) for table in walk.bare if not table.names)
        found = [each for each in bare if each is not None]
    if not found:
        raise _refusal(walk, lines)
    return Contents(tuple(found), heading(lines[:HEADER_LINES]))


def _no_table(lines: Sequence[str]) -> NoImpedanceError:
    if not any(line.strip() for line in lines):
        return NoImpedanceError("is empty", HINT)
    narrow = cells.style(lines, 2)
    if narrow is not None and (named := _walked(narrow, lines).named()) is not None:
        return technique.lacking(named.names, max(named.line - 1, 0), lines)
    what = technique.seems((), lines)
    told = f"; it seems to be {what}" if what else ""
    return NoImpedanceError(f"holds no table of figures with three columns{told}", HINT)


def _walked(style: Style, lines: Sequence[str]) -> Walk:
    """The tables of a text; a figure that the end of the text cuts short is none."""
    walk = Walk(style)
    for number, line in enumerate(lines, 1):
        walk.line(number, line)
    if walk.table is not None and walk.last_row == len(lines):
        walk.table.without_cut()
    return walk


def _refusal(walk: Walk, lines: Sequence[str]) -> NoImpedanceError:
    """Why a text with rows of figures has no impedance."""
    if walk.tables:
        table = walk.tables[0]
        names, _ = table.candidates[0]
        chosen = selections(names)
        if table.rows and chosen and chosen[0].place(REAL) is None and chosen[0].place(PHASE) is None:
            return technique.lacking(names, table.line, lines)
        return NoImpedanceError("names an impedance but holds no row of figures below the names", HINT, table.line)
    named = walk.named()
    if named is not None:
        return technique.lacking(named.names, max(named.line - 1, 0), lines)
    what = technique.seems((), lines)
    told = f"; it seems to be {what}" if what else ""
    line = walk.bare[0].line if walk.bare else 0
    return NoImpedanceError(
        f"names no frequency and impedance, and no column of its figures behaves like a frequency{told}", HINT, line
    )


def _readings(table: Table, comma: bool) -> list[Readings]:
    """The spectra in a table, from the way of cutting its header that makes most of its rows."""
    best: list[Readings] = []
    most = (False, 0)
    refused: list[Sequence[str]] = []
    refusal = None
    for names, units in table.candidates:
        if names in refused:
            # Names that contradict the units below them are not read without these units either.
            continue
        try:
            found = [_assembled(table, selection, names, comma) for selection in selections(names, units)]
        except NoImpedanceError as error:
            refused.append(names)
            refusal = refusal or error
            continue
        count = sum(int(np.sum(np.isfinite(each.frequency_Hz) & np.isfinite(each.impedance_ohm))) for each in found)
        # Names cut into as many cells as the rows are the right ones.
        score = (count > 0 and len(names) == table.width, count)
        if score > most:
            best, most = found, score
    if refusal is not None and not best:
        raise refusal
    return best


def _assembled(table: Table, selection: Selection, names: Sequence[str], comma: bool) -> Readings:
    column = partial(texttables.column, table.rows, comma=comma)
    return assembled(selection, column, partial(_complexes, table.rows), tuple(names), table.line)


def _complexes(rows: Sequence[Sequence[str]], place: int) -> Complexes:
    """A column of complex numbers, nan where there is none."""
    values = np.full(len(rows), complex(math.nan, math.nan))
    for number, row in enumerate(rows):
        value = cells.complex_figure(row[place]) if place < len(row) else None
        if value is not None:
            values[number] = value
    return values
