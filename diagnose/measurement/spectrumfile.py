"""Files of impedance as spectra, told apart by what they hold."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np

from diagnose.measurement import mprfile, sessionfile, sheetfile, spectrumtext, sweeps
from diagnose.measurement.readings import HINT, Contents, NoImpedanceError
from diagnose.measurement.spectrum import GIVEN, HEADER, UNKNOWN, Spectrum
from diagnose.measurement.spectrumheader import Heading

MOST_BYTES = 256_000_000

# What begins files that are no measurements, and what to do with them.
_FOREIGN = (
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "is an old Excel file (.xls)", "Save it as .xlsx or CSV."),
    (b"\x1f\x8b", "is compressed", "Unpack it and give the file in it."),
    (b"%PDF", "is a PDF", HINT),
    (b"\x89PNG", "is a picture", HINT),
    (b"\xff\xd8\xff", "is a picture", HINT),
    (b"\x89HDF", "is an HDF5 file", HINT),
    (b"MATLAB 5.0", "is a Matlab file", "Save the figures as CSV."),
    (b"\x93NUMPY", "is a numpy file", "Save the figures as CSV."),
)


def read_spectra(path: str | os.PathLike[str], *, area_cm2: float | None = None) -> tuple[Spectrum, ...]:
    """The spectra of a file, each sweep of its own, in the order of the file.

    Read are BioLogic .mpt and .mpr, Gamry .DTA, ZPlot .z, Autolab, VersaStudio .par, CH Instruments, Parstat,
    PowerSuite, Novocontrol, RelaxIS, PalmSens sessions, Excel (with openpyxl) and OpenDocument sheets, and any text
    with columns of frequency and impedance. `area_cm2` is the area of one electrode; without it the one of the header
    counts, unless it is what programs fill in. An impedance per area is multiplied back to ohm when an area is known,
    otherwise the spectrum says `per_area`.

    Raises NoImpedanceError for anything that gives no spectrum: the message names the file, the line and what to do.
    """
    file = os.fsdecode(path)
    try:
        if area_cm2 is not None and not (_number(area_cm2) and area_cm2 > 0):
            raise NoImpedanceError(f"cannot have an area of {area_cm2!r} cm2", "Give the area in cm2, above 0.")
        raw = _bytes(Path(file))
        with np.errstate(all="ignore"):
            found = _spectra(raw, file, area_cm2)
    except NoImpedanceError as error:
        raise error.within(file) from None
    except MemoryError:
        raise NoImpedanceError("needs more memory than there is", "Cut the file to its impedance.", 0, file) from None
    return found


def _number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


def _bytes(path: Path) -> bytes:
    """The content of a file that is there, is a file and is not too large."""
    try:
        if path.is_dir():
            raise NoImpedanceError("is a folder", "Give one file of it.")
        size = path.stat().st_size
        if not path.is_file():
            raise NoImpedanceError("is no regular file", "Give a file.")
        if size > MOST_BYTES:
            raise NoImpedanceError(
                f"is larger than {MOST_BYTES // 1_000_000} MB, which no impedance needs",
                "Export the impedance alone and give that file.",
            )
        with path.open("rb") as stream:
            raw = stream.read(MOST_BYTES + 1)
    except FileNotFoundError:
        raise NoImpedanceError("does not exist", "Check the name and the folder.") from None
    except (OSError, ValueError) as error:
        told = getattr(error, "strerror", None) or str(error)
        raise NoImpedanceError(f"cannot be read: {told}", "Check the name and the permissions.") from None
    if not raw.strip(b"\0 \t\r\n"):
        raise NoImpedanceError("is empty", "Export the measurement again.")
    return raw


def _contents(raw: bytes) -> Iterator[tuple[str, Callable[[], Contents]]]:
    """The parts of a file and how each is read; sheets have names."""
    if raw.startswith(mprfile.MAGIC):
        yield "", lambda: Contents((mprfile.readings(raw),))
        return
    for start, what, hint in _FOREIGN:
        if raw.startswith(start):
            raise NoImpedanceError(what, hint)
    if raw.startswith(sheetfile.MAGIC):
        for name, text in sheetfile.sheets(raw):
            yield name, partial(spectrumtext.contents, text)
        return
    text = spectrumtext.decoded(raw)
    if text.lstrip()[:1] == "{":
        yield "", lambda: Contents(tuple(sessionfile.readings(text)))
        return
    yield "", partial(spectrumtext.contents, text)


def _spectra(raw: bytes, file: str, area_cm2: float | None) -> tuple[Spectrum, ...]:
    found: list[Spectrum] = []
    refusal: NoImpedanceError | None = None
    for sheet, read in _contents(raw):
        try:
            contents = read()
        except NoImpedanceError as error:
            refusal = refusal or (_in_sheet(error, sheet) if sheet else error)
            continue
        for readings in contents.readings:
            notes = (*contents.notes, *((f"Sheet {sheet!r}.",) if sheet else ()))
            for spectrum in sweeps.spectra(readings, file, len(found) + 1):
                placed = replace(spectrum, notes=(*notes, *spectrum.notes))
                found.append(_with_cell(placed, readings.per_area, contents.heading, area_cm2))
    if found:
        return tuple(found)
    if refusal is not None:
        raise refusal
    raise NoImpedanceError("holds no two points of an impedance that can be used", HINT)


def _in_sheet(error: NoImpedanceError, sheet: str) -> NoImpedanceError:
    return NoImpedanceError(f"sheet {sheet!r} {error.message}", error.hint, error.line)


def _with_cell(spectrum: Spectrum, per_area: bool, header: Heading, area_cm2: float | None) -> Spectrum:
    """A spectrum with the area, thickness and temperature that are known of its cell."""
    notes = [*spectrum.notes, *header.notes]
    area, source = (area_cm2, GIVEN) if area_cm2 is not None else (header.area_cm2, HEADER)
    impedance = spectrum.impedance_ohm
    if area is None:
        source = UNKNOWN
    elif area_cm2 is not None and header.area_cm2 is not None and not math.isclose(area, header.area_cm2, rel_tol=1e-3):
        notes.append(f"The area given, {area:.6g} cm2, differs from the one of the header; the given one counts.")
    if per_area and area is not None:
        impedance = impedance / area
        notes.append(f"The file gives ohm cm2; divided by {area:.6g} cm2 to be in ohm.")
    elif per_area:
        notes.append("The file gives ohm cm2, and no area is known to make it ohm.")
    temperature = spectrum.temperature_C if spectrum.temperature_C is not None else header.temperature_C
    return replace(
        spectrum,
        impedance_ohm=impedance,
        area_cm2=None if area is None else float(area),
        area_source=source,
        thickness_um=header.thickness_um,
        temperature_C=temperature,
        per_area=per_area and area is None,
        notes=tuple(notes),
    )
