"""What the lines above the figures say of the cell: area, thickness and temperature."""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from diagnose.measurement.cells import figure

# Figures that programs write where nobody entered an area; in cm2.
PLACEHOLDERS = (0.0, 0.001, 1.0)
# No electrode is larger or smaller; such figures are damage or another unit.
SMALLEST_CM2, LARGEST_CM2 = 1e-8, 1e6
THINNEST_UM, THICKEST_UM = 1e-3, 1e6
LOWEST_CELSIUS, HIGHEST_CELSIUS = -273.15, 2000.0
ZERO_CELSIUS_K = 273.15
LONGEST_LINE = 2000

_NUMBER = r"([+\-]?(?:\d+(?:[.,]\d*)?|[.,]\d+)(?:[eE][+\-]?\d{1,3})?)"
_LENGTH = r"(nm|μm|um|mm|cm|m)"
_SQUARE = rf"{_LENGTH}\s*(?:\^|\*\*)?\s*[2�]"
_SIGN = r"\s*[:=,;\t]?\s*"
_MM_PER = {"nm": 1e-6, "μm": 1e-3, "um": 1e-3, "mm": 1.0, "cm": 10.0, "m": 1000.0}
_AREA_NAME = r"(?<!spacer )(?<!spacer_)(?:area|fläche|面积)"
_AREAS = (
    # Electrode Area (cm2) = 0.5, Area[mm^2]: 78.5
    re.compile(rf"(?i){_AREA_NAME}\s*[\[(/_]?\s*{_SQUARE}\s*[\])]?{_SIGN}{_NUMBER}"),
    # Electrode surface area : 0.785 cm2; sample_surface_area: 1 #cm^2
    re.compile(rf"(?i){_AREA_NAME}{_SIGN}{_NUMBER}\s*[#\[(]?\s*{_SQUARE}"),
)
_BARE_AREA = re.compile(rf"(?i){_AREA_NAME}\s*[:=]\s*{_NUMBER}\s*$")
_GAMRY_AREA = re.compile(rf"(?i)^AREA\tQUANT\t{_NUMBER}\t.*\(\s*{_SQUARE}\s*\)")
_DIAMETER = (
    re.compile(rf"(?i)(?<![a-z] )\bdiameter\s*[\[(/_]?\s*{_LENGTH}\s*[\])]?{_SIGN}{_NUMBER}"),
    re.compile(rf"(?i)(?<![a-z] )\bdiameter{_SIGN}{_NUMBER}\s*{_LENGTH}\b"),
)
_THICKNESS = (
    re.compile(rf"(?i)(?<!electrode )(?<!electrode_)\bthickness\s*[\[(/_]?\s*{_LENGTH}\s*[\])]?{_SIGN}{_NUMBER}"),
    re.compile(rf"(?i)(?<!electrode )(?<!electrode_)\bthickness{_SIGN}{_NUMBER}\s*{_LENGTH}\b"),
)
_WARMTH = (
    re.compile(rf"(?i)\btemp(?:erature|eratur|\.)?\s*[\[(/_]?\s*(°?\s*C|deg\s*C|K)\s*[\])]?\s*[:=,;\t]\s*{_NUMBER}"),
    re.compile(rf"(?i)\btemp(?:erature|eratur|\.)?\s*[:=]\s*{_NUMBER}\s*(°\s*C|deg\s*C|C|K)\b"),
)


@dataclass(frozen=True)
class Heading:
    """What a header says; None where it says nothing that can be used, and notes on what was passed over."""

    area_cm2: float | None = None
    thickness_um: float | None = None
    temperature_C: float | None = None
    notes: tuple[str, ...] = ()


def heading(lines: Iterable[str]) -> Heading:
    """Area in cm2, thickness in um and temperature in degree Celsius from the lines of a header.

    An area of 0, 0.001 or 1 cm2 is what programs write where nobody entered one, and is not used. A diameter gives the
    area of a disc, pi d^2 / 4.
    """
    areas: list[tuple[float, str]] = []
    diameter = thickness = temperature = None
    for raw in lines:
        if len(raw) > LONGEST_LINE:
            continue
        line = _readable(raw)
        areas += [(value, line) for value in _areas(line)]
        diameter = diameter or next(_lengths(_DIAMETER, line), None)
        thickness = thickness or next(_lengths(_THICKNESS, line), None)
        if temperature is None:
            temperature = _temperature(line)
    notes = []
    area = None
    for value, _ in areas:
        if any(math.isclose(value, each, abs_tol=1e-12) for each in PLACEHOLDERS):
            notes.append(f"The area of {value:g} cm2 in the header is what programs fill in; it was not used.")
        elif not SMALLEST_CM2 <= value <= LARGEST_CM2:
            notes.append(f"The area of {value:g} cm2 in the header is none that an electrode has; it was not used.")
        elif area is None:
            area = value
            notes.append(f"Area {value:.6g} cm2 from the header.")
    if area is None and diameter:
        size = math.pi / 4 * (diameter / 10) ** 2
        if SMALLEST_CM2 <= size <= LARGEST_CM2:
            area = size
            notes.append(f"Area {size:.6g} cm2 from the diameter of {diameter:g} mm in the header.")
    if thickness is not None and not THINNEST_UM <= 1000 * thickness <= THICKEST_UM:
        thickness = None
    return Heading(area, None if thickness is None else 1000 * thickness, temperature, tuple(dict.fromkeys(notes)))


def _readable(line: str) -> str:
    """A line with one spelling of its signs: squares as 2, one micro, one minus."""
    return unicodedata.normalize("NFKC", line).replace("µ", "μ").replace("−", "-").strip(" \"'#%\r\n")


def _value(text: str) -> float:
    """A figure of a header, whose decimal sign may be a comma; nan where there is none."""
    value = figure(text.replace(",", "."))
    return math.nan if value is None else value


def _areas(line: str) -> Iterator[float]:
    """Areas of a line in cm2."""
    gamry = _GAMRY_AREA.search(line)
    if gamry:
        value, name = _value(gamry.group(1)), gamry.group(2)
    elif found := _AREAS[0].search(line):
        name, value = found.group(1), _value(found.group(2))
    elif found := _AREAS[1].search(line):
        value, name = _value(found.group(1)), found.group(2)
    elif found := _BARE_AREA.search(line):
        # Without a unit only the figure that programs fill in means anything.
        value, name = _value(found.group(1)), "cm"
        if value not in PLACEHOLDERS:
            return
    else:
        return
    if math.isfinite(value):
        yield value * (_MM_PER[_known(name)] / 10) ** 2


def _known(name: str) -> str:
    return name if name in _MM_PER else name.lower()


def _lengths(patterns: tuple[re.Pattern[str], re.Pattern[str]], line: str) -> Iterator[float]:
    """Lengths of a line in mm, above 0."""
    if found := patterns[0].search(line):
        name, value = found.group(1), _value(found.group(2))
    elif found := patterns[1].search(line):
        value, name = _value(found.group(1)), found.group(2)
    else:
        return
    if math.isfinite(value) and value > 0:
        yield value * _MM_PER[_known(name)]


def _temperature(line: str) -> float | None:
    """The temperature of a line in degree Celsius."""
    if found := _WARMTH[0].search(line):
        name, value = found.group(1), _value(found.group(2))
    elif found := _WARMTH[1].search(line):
        value, name = _value(found.group(1)), found.group(2)
    else:
        return None
    if name.upper() == "K":
        value -= ZERO_CELSIUS_K
    return value if math.isfinite(value) and LOWEST_CELSIUS < value < HIGHEST_CELSIUS else None
