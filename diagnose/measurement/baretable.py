"""Tables without a header: which columns behave like a frequency and an impedance."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np

from diagnose.measurement.readings import UNSAID, Readings, Reals
from diagnose.measurement.texttables import Table, column

FEWEST_ROWS = 4
LOWEST_HZ, HIGHEST_HZ = 1e-6, 10.0
LEAST_EVENNESS = 0.5


def _frequency_like(values: Reals) -> bool:
    """Whether a column without a name can be a frequency: positive, in order, over decades and not evenly spaced."""
    values = values[np.isfinite(values)]
    values = values[values != 0]
    if len(values) < FEWEST_ROWS or np.any(values < LOWEST_HZ) or values.max() < HIGHEST_HZ:
        return False
    steps = np.diff(values)
    falling, rising = float(np.mean(steps < 0)), float(np.mean(steps > 0))
    if max(falling, rising) < 0.8 or values.max() < 2 * values.min():
        return False
    middle = float(np.median(np.abs(steps)))
    linear = bool(np.all(np.abs(np.abs(steps) - middle) <= 0.02 * middle))
    return not linear and _evenness(values) >= LEAST_EVENNESS


def _evenness(values: Reals) -> float:
    """The part of the steps that is near the middle one on a logarithmic scale."""
    steps = np.abs(np.diff(np.log(values[np.isfinite(values) & (values > 0)])))
    middle = float(np.median(steps))
    return float(np.mean(np.abs(steps - middle) <= 0.2 * middle))


def bare(table: Table, comma: bool) -> Readings | None:
    """Rows without a header as frequency, real and imaginary part; None when no column behaves like a frequency."""
    width = table.width
    rows = [row for row in table.rows if len(row) == width]
    if width < 3 or len(rows) < FEWEST_ROWS:
        return None
    columns = [column(rows, place, comma) for place in range(min(width, 12))]
    full = [place for place, values in enumerate(columns) if np.mean(np.isfinite(values)) > 0.5]
    places = [place for place in full if _frequency_like(columns[place])]
    if not places or len(full) < 3:
        return None
    # Frequencies stand evenly on a logarithmic scale, a resistance that happens to fall with them does not.
    frequency = max(places, key=lambda place: round(_evenness(columns[place]), 1))
    rest = [place for place in full if place > frequency]
    if len(rest) < 2:
        rest = [place for place in full if place != frequency]
    first, second = _pair(columns, rest)
    notes = [
        f"No header: columns {frequency + 1}, {first + 1} and {second + 1} were taken as frequency in Hz and as real "
        "and imaginary part in ohm."
    ]
    impedance = columns[first] + 1j * columns[second]
    if width == 3 and _bode(columns[frequency], columns[first], columns[second]):
        notes = [
            f"No header: columns {frequency + 1}, {first + 1} and {second + 1} were taken as frequency in Hz, modulus "
            "in ohm and phase in degrees: the phase follows from the slope of the modulus."
        ]
        impedance = columns[first] * np.exp(1j * np.radians(columns[second]))
    return Readings(columns[frequency], impedance, UNSAID, notes=tuple(notes))


def _pair(columns: list[Reals], rest: list[int]) -> tuple[int, int]:
    """Real and imaginary part: two columns whose modulus is a third one, else the first two."""
    for first, second in pairwise(rest):
        size = np.hypot(columns[first], columns[second])
        for third in rest:
            off = np.abs(columns[third] / size - 1)
            off = off[np.isfinite(off)]
            if third not in (first, second) and len(off) and np.median(off) < 1e-3:
                return first, second
    return rest[0], rest[1]


def _bode(frequency: Reals, first: Reals, second: Reals) -> bool:
    """Whether two columns are far more likely modulus and phase in degrees than the parts of an impedance."""
    keep = np.isfinite(frequency) & np.isfinite(first) & np.isfinite(second) & (frequency > 0) & (first > 0)
    if np.sum(keep) < 10 or np.max(np.abs(second[keep])) > 181 or np.max(np.abs(second[keep])) < 5:
        return False
    order = np.argsort(frequency[keep], kind="stable")
    scale, size, angle = np.log(frequency[keep][order]), first[keep][order], second[keep][order]
    apart = np.append(True, np.diff(scale) > 1e-6)
    scale, size, angle = scale[apart], size[apart], angle[apart]
    if len(scale) < 10:
        return False
    as_phase = np.linalg.norm(np.abs(angle) - np.abs(90 * np.gradient(np.log(size), scale)))
    as_part = np.linalg.norm(np.abs(angle) - np.abs(math.pi / 2 * np.gradient(size, scale)))
    whole = float(np.linalg.norm(angle))
    return bool(as_phase < 0.4 * whole and as_part > 0.8 * whole)
