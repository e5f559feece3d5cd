"""Spreadsheets as lines of text: .xlsx with openpyxl (extra `eis`), .ods with the standard library."""

from __future__ import annotations

import importlib
import io
import warnings
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from typing import Any
from xml.etree import ElementTree

from diagnose.measurement.readings import NoImpedanceError

MAGIC = b"PK\x03\x04"
MOST_BYTES = 400_000_000
MOST_ROWS, MOST_COLUMNS, MOST_SHEETS = 200_000, 300, 200
SAVE = "Save the sheet as CSV and give that file."

_TABLE = "{urn:oasis:names:tc:opendocument:xmlns:table:1.0}"
_OFFICE = "{urn:oasis:names:tc:opendocument:xmlns:office:1.0}"
_TEXT = "{urn:oasis:names:tc:opendocument:xmlns:text:1.0}"


def _written(value: Any) -> str:
    """A cell as text that a table of tabs can hold."""
    if value is None:
        return ""
    if isinstance(value, float):
        return repr(value)
    return " ".join(str(value).split())


def _lines(rows: Iterable[Iterable[Any]]) -> str:
    found = []
    for row in rows:
        found.append("\t".join(_written(value) for value in row))
        if len(found) > MOST_ROWS:
            raise NoImpedanceError(f"has a sheet with more than {MOST_ROWS} rows", SAVE)
    return "\n".join(found)


def sheets(raw: bytes) -> list[tuple[str, str]]:
    """Name and text of the sheets of a spreadsheet.

    Raises NoImpedanceError for another kind of archive, damage, or when openpyxl is needed and is not installed.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as archive:
            names = set(archive.namelist())
            if sum(each.file_size for each in archive.infolist()) > MOST_BYTES:
                raise NoImpedanceError("unpacks to too much", SAVE)
            if "xl/workbook.xml" in names:
                return _workbook(raw)
            if "content.xml" in names:
                return list(_opendocument(archive.read("content.xml")))
    except (zipfile.BadZipFile, OSError, RuntimeError, NotImplementedError, EOFError, ValueError, KeyError, zlib.error):
        raise NoImpedanceError("is a damaged archive or spreadsheet", SAVE) from None
    raise NoImpedanceError("is an archive, not a measurement", "Unpack it and give the files in it.")


def _workbook(raw: bytes) -> list[tuple[str, str]]:
    try:
        openpyxl = importlib.import_module("openpyxl")
    except ImportError:
        raise NoImpedanceError(
            "is an Excel file, which needs openpyxl",
            'Install it with: pip install "ssb-diagnose[eis]", or save as CSV.',
        ) from None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            book = openpyxl.load_workbook(io.BytesIO(raw), read_only=True, data_only=True)
            found = []
            for sheet in book.worksheets[:MOST_SHEETS]:
                rows = sheet.iter_rows(values_only=True, max_col=MOST_COLUMNS)
                found.append((str(sheet.title), _lines(rows)))
            return found
    except NoImpedanceError:
        raise
    except Exception:
        # A damaged workbook fails in openpyxl in more ways than it names.
        raise NoImpedanceError("is a damaged Excel file", SAVE) from None


def _opendocument(xml: bytes) -> Iterator[tuple[str, str]]:
    if b"<!DOCTYPE" in xml or b"<!ENTITY" in xml:
        raise NoImpedanceError("is a spreadsheet with declarations that are not read", SAVE)
    try:
        root = ElementTree.fromstring(xml)
    except ElementTree.ParseError:
        raise NoImpedanceError("is a damaged spreadsheet", SAVE) from None
    for sheet in list(root.iter(f"{_TABLE}table"))[:MOST_SHEETS]:
        yield sheet.get(f"{_TABLE}name", ""), _lines(_cells(row) for row in sheet.iter(f"{_TABLE}table-row"))


def _cells(row: ElementTree.Element) -> list[str]:
    cells: list[str] = []
    for cell in row:
        if cell.tag not in (f"{_TABLE}table-cell", f"{_TABLE}covered-table-cell"):
            continue
        value = cell.get(f"{_OFFICE}value")
        if value is None:
            value = " ".join("".join(each.itertext()) for each in cell.iter(f"{_TEXT}p"))
        repeated = cell.get(f"{_TABLE}number-columns-repeated", "1")
        times = int(repeated) if repeated.isdigit() and len(repeated) < 6 else 1
        cells += [value] * min(times, MOST_COLUMNS - len(cells))
        if len(cells) >= MOST_COLUMNS:
            break
    while cells and not cells[-1]:
        cells.pop()
    return cells
