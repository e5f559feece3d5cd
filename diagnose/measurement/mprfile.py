"""Impedance in the binary files of BioLogic (.mpr).

The layout was read off files that stand beside their export as text; no other reader was looked at. A file is a mark
of 52 bytes and modules. A module is `MODULE`, a short name of 10 bytes, a long one of 25, four bytes of ff, its size
(u4), four bytes, its version (u4), a date of 8 bytes, and as many bytes as its size says. The module of data begins
with the number of rows (u4), the number of columns (u2) and the code of each column (u2). The rows stand at its end.
All figures are little-endian. Only that layout is read, and only when the figures agree with each other.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from diagnose.measurement.readings import NEGATIVE, NoImpedanceError, Readings

MAGIC = b"BIO-LOGIC MODULAR FILE"
EXPORT = "Export it from EC-Lab as text (.mpt) and give that file."
MOST_COLUMNS = 200

_MODULE = b"MODULE"
_HEAD = struct.Struct("<6s10s25s4xI4xI8s")
_FIRST_MODULE = 52
_DATA, _SETTINGS = b"VMP data", b"VMP Set"
# Where the rows begin in the version of the module that was seen.
_ROWS_AT = {11: 1007}
_FREQUENCY, _REAL, _NEGATIVE, _MODULUS, _LOOP = 32, 37, 38, 36, 24
# Widths of the columns by code: those of impedance that were seen.
_KINDS = {
    32: "<f4", 33: "<f4", 34: "<f4", 35: "<f4", 36: "<f4", 37: "<f4", 38: "<f4", 76: "<f4", 77: "<f4", 169: "<f4",
    172: "<f4", 4: "<f8", 13: "<f8", 24: "<f8", 39: "<u2", 131: "<u2",
}  # fmt: skip
# The first byte of the settings, of the techniques that were seen.
_TECHNIQUES = {25: "a chronopotentiometry", 29: "a potentiostatic impedance measurement"}
# Modulus and parts are written with single precision.
_AGREE = 1e-4
_LEAST_AGREEING = 0.99


def _modules(raw: bytes) -> Iterator[tuple[bytes, int, bytes]]:
    """Short name, version and content of each module."""
    place = _FIRST_MODULE
    while place + _HEAD.size <= len(raw) and raw.startswith(_MODULE, place):
        _, short, _, size, version, _ = _HEAD.unpack_from(raw, place)
        begin = place + _HEAD.size
        if begin + size > len(raw):
            raise NoImpedanceError("is a BioLogic file that is cut short", EXPORT)
        yield short.strip(), version, raw[begin : begin + size]
        place = begin + size


def readings(raw: bytes) -> Readings:
    """The impedance in the bytes of an .mpr file.

    Raises NoImpedanceError for a measurement of another kind, for damage, and for a layout that is not known.
    """
    content, version, technique = b"", 0, ""
    for name, number, module in _modules(raw):
        if name == _DATA and not content:
            content, version = module, number
        elif name == _SETTINGS and module:
            technique = _TECHNIQUES.get(module[0], "")
    if len(content) < 6:
        raise NoImpedanceError("is a BioLogic file without a module of data", EXPORT)
    count, width = struct.unpack_from("<IH", content)
    if not 0 < width <= MOST_COLUMNS or 6 + 2 * width > len(content):
        raise NoImpedanceError(f"is a BioLogic file of a layout that is not known (version {version})", EXPORT)
    codes = struct.unpack_from(f"<{width}H", content, 6)
    if _FREQUENCY not in codes:
        told = f"; it seems to be {technique}" if technique else ""
        raise NoImpedanceError(f"holds no impedance{told}", "Give the file of an impedance measurement.")
    if not count:
        raise NoImpedanceError("is a BioLogic file without a point", EXPORT)
    table = _table(content, version, count, codes)
    names = table.dtype.names or ()
    real, negative = table["37"].astype(np.float64), table["38"].astype(np.float64)
    if "36" in names:
        off = np.abs(np.hypot(real, negative) / table["36"].astype(np.float64) - 1)
        if np.sum(off < _AGREE) < _LEAST_AGREEING * np.sum(np.isfinite(off)) or not np.any(np.isfinite(off)):
            raise NoImpedanceError("is a BioLogic file whose figures do not agree with each other", EXPORT)
    return Readings(
        table["32"].astype(np.float64),
        real - 1j * negative,
        NEGATIVE,
        table["24"].astype(np.float64) if "24" in names else None,
        notes=("BioLogic .mpr: columns freq, Re(Z) and -Im(Z).",),
    )


def _table(content: bytes, version: int, count: int, codes: tuple[int, ...]) -> NDArray[np.void]:
    """The rows with the columns up to the last one needed; the names of columns are their codes.

    Raises NoImpedanceError where the width of a column that must be passed over is not known.
    """
    missing = [code for code in (_REAL, _NEGATIVE) if code not in codes]
    if missing or len(set(codes)) < len(codes):
        raise NoImpedanceError("is a BioLogic file without columns of Re(Z) and -Im(Z)", EXPORT)
    last = max(codes.index(code) for code in (_FREQUENCY, _REAL, _NEGATIVE))
    unknown = next((place for place, code in enumerate(codes) if code not in _KINDS), len(codes))
    if unknown <= last:
        raise NoImpedanceError(f"is a BioLogic file with a column of the unknown code {codes[unknown]}", EXPORT)
    kind = np.dtype([(str(code), _KINDS[code]) for code in codes[:unknown]])
    start = _ROWS_AT.get(version)
    if unknown == len(codes):
        begin = len(content) - count * kind.itemsize
    elif start is not None and (len(content) - start) % count == 0:
        begin = start
    else:
        raise NoImpedanceError(f"is a BioLogic file with a column of the unknown code {codes[unknown]}", EXPORT)
    stride = (len(content) - begin) // count
    if begin < 6 + 2 * len(codes) or stride < kind.itemsize or (start is not None and begin != start):
        raise NoImpedanceError(f"is a BioLogic file of a layout that is not known (version {version})", EXPORT)
    table: NDArray[np.void] = np.ndarray((count,), kind, buffer=content, offset=begin, strides=(stride,))
    return table
