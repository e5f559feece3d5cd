"""Answers that are files: where a question asks for what an impedance spectrum or a series tells, its file will do."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from diagnose.data import Base
from diagnose.errors import UsageError
from diagnose.measure import conditions, fit, merged, read_spectra, series, working
from diagnose.measured import Measurement
from diagnose.quantity import QuantityError, parse_number

FILE_LIKE = re.compile(r"\S*[A-Za-z]\S*\.(?:csv|txt|dta|mp[rt]|z|par|xlsx|ods|json|pssession|dat|tsv)", re.IGNORECASE)
# An area that no cell exceeds, in cm2.
LARGEST_CM2 = 1e6


def answer_of_file(raw: str, kind: str, given: Mapping[str, Any], base: Base) -> Measurement | None:
    """What the file named by an answer tells, with the fields that the case does not give yet; None for no file.

    `kind` is spectrum or series. The area of one electrode may follow the name of a file of a spectrum, as in
    `cell.mpr 1.13cm2`. Raises DataError for a file that cannot be read, UsageError for one with several spectra.
    """
    found = _named(raw)
    if found is None:
        return None
    path, area = found
    if kind == "spectrum" and given.get("cell_type") is None:
        raise UsageError(
            "say first how the cell is built, as a symmetric cell has two interfaces: type cell_type = symmetric (or "
            "half, full, three_electrode), then the file again"
        )
    if kind == "series":
        measurement = Measurement(series=(series(path, base=base, working=working(given)),))
    else:
        spectra = read_spectra(path, area_cm2=area)
        if len(spectra) > 1:
            raise UsageError(f"{path} holds {len(spectra)} spectra. Write one of them to a case: diagnose eis {path}")
        measurement = Measurement(spectra=(fit(spectra[0], base=base, **conditions(given)),))
    found_in = merged(given, measurement, base)[1]
    if kind == "spectrum" and found_in.passed_over:
        # Fields of two spectra must not meet in one case.
        kept = ", ".join(found_in.passed_over)
        raise UsageError(f"{kept} are given already. Type back, or drop each, to take them from {path.name}")
    return found_in


def _is_missing_file(name: str) -> bool:
    """Whether words look like the name of a file that does not exist."""
    if FILE_LIKE.fullmatch(name) is None:
        return False
    try:
        return not Path(name).expanduser().exists()
    except (OSError, ValueError):
        return True


def _named(raw: str) -> tuple[Path, float | None] | None:
    """A file that exists, and an area behind its name."""
    name, _, last = raw.strip().rpartition(" ")
    tries: list[tuple[str, float | None]] = [(raw.strip(), None)]
    try:
        area = parse_number(last, "cm^2", (0.0, LARGEST_CM2)).value
    except QuantityError:
        area = None
    if name and area:
        tries.append((name.strip(), area))
    if _is_missing_file(tries[-1][0]):
        raise UsageError(f"there is no file {tries[-1][0]}")
    for text, size in tries:
        path = Path(text).expanduser()
        try:
            if path.is_file():
                return path, size
        except (OSError, ValueError):
            continue
    return None
