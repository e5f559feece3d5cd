"""Columns of a table put together as frequency and impedance, in Hz and ohm."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from diagnose.measurement.readings import NATURAL, NEGATIVE, Complexes, NoImpedanceError, Readings, Reals
from diagnose.measurement.spectrumcolumns import Selection
from diagnose.measurement.spectrumnames import (
    FREQUENCY,
    IMAGINARY,
    KELVIN,
    LOGARITHM,
    MODULUS,
    PHASE,
    REAL,
    ZERO_CELSIUS_K,
)

# A modulus of a column of its own may differ by rounding; from this ratio on a unit is wrong.
WRONG_UNIT = 100.0
# Fewer points do not tell degrees from radians.
FEWEST_FOR_UNIT = 6
LARGEST_RADIANS = 3.2
ONE_UNIT = "Correct the unit in the header of the column, or give frequency, real and imaginary part with one unit."


def assembled(
    selection: Selection,
    column: Callable[[int], Reals],
    complexes: Callable[[int], Complexes],
    names: tuple[str, ...],
    line: int = 0,
) -> Readings:
    """The spectrum of a selection as readings.

    `column` gives the figures at a place with nan where there are none, `complexes` the same of complex numbers; all
    of one length. `names` are those of the columns at their places, `line` is that of the header.

    Raises NoImpedanceError where the units of the columns contradict each other.
    """
    if selection.clash:
        raise NoImpedanceError(f"contradicts itself: {selection.clash}", ONE_UNIT, line)
    frequency, notes = _frequency(selection, column)
    negative = False
    impedance: Complexes
    if selection.place(REAL) is not None:
        impedance, negative = _parts(selection, column)
        _compare(selection, column, impedance, line)
    elif selection.place(PHASE) is not None:
        one = selection.naming(PHASE)
        modulus, angle = _figures(selection, MODULUS, column), _figures(selection, PHASE, column)
        if not one.unit:
            angle, said = _degrees(frequency, modulus, angle)
            notes.append(said)
        negative = one.negative
        turn = np.radians(-angle if negative else angle)
        impedance = modulus * (np.cos(turn) + 1j * np.sin(turn))
    else:
        impedance = complexes(dict(selection.places)[MODULUS]) * selection.naming(MODULUS).factor
        notes.append("The impedance was given as complex numbers.")
    sign = NEGATIVE if negative else NATURAL
    shown = [repr(names[place][:60].strip()) for _, place in selection.places if place < len(names)]
    if shown:
        notes.insert(0, f"Columns {', '.join(shown[:-1])} and {shown[-1]}.")
    notes += _unsaid(selection)
    loop = None if selection.loop is None else column(selection.loop)
    per_area = selection.naming(selection.places[1][0]).per_area
    return Readings(frequency, impedance, sign, loop, _warmth(selection, column), per_area, tuple(notes))


def _figures(selection: Selection, quantity: str, column: Callable[[int], Reals]) -> Reals:
    return column(dict(selection.places)[quantity]) * selection.naming(quantity).factor


def _frequency(selection: Selection, column: Callable[[int], Reals]) -> tuple[Reals, list[str]]:
    one = selection.naming(FREQUENCY)
    values = _figures(selection, FREQUENCY, column)
    if one.quantity == LOGARITHM:
        return 10.0**values, ["The frequency was given as its decimal logarithm."]
    if one.factor != 1:
        return values, [f"Frequencies were multiplied by {one.factor:.6g} to be in Hz."]
    return values, []


def _parts(selection: Selection, column: Callable[[int], Reals]) -> tuple[Complexes, bool]:
    real, imaginary = _figures(selection, REAL, column), _figures(selection, IMAGINARY, column)
    if selection.naming(REAL).negative:
        real = -real
    negative = selection.naming(IMAGINARY).negative
    # Put together by parts: a product with 1j would make a nan of an infinite part.
    impedance = np.empty(len(real), dtype=np.complex128)
    impedance.real, impedance.imag = real, -imaginary if negative else imaginary
    return impedance, negative


def _compare(selection: Selection, column: Callable[[int], Reals], impedance: Complexes, line: int) -> None:
    """Refuse parts that a column of the modulus shows to be in another unit than the header says."""
    if selection.check is None:
        return
    place, one = selection.check
    ratio = column(place) * one.factor / np.abs(impedance)
    ratio = ratio[np.isfinite(ratio) & (ratio > 0)]
    if not len(ratio) or one.per_area != selection.naming(REAL).per_area:
        return
    middle = float(np.median(ratio))
    if not 1 / WRONG_UNIT < middle < WRONG_UNIT:
        raise NoImpedanceError(
            f"contradicts itself: the modulus in column {place + 1} is {middle:.3g} times that of the real and "
            "imaginary part, so one of the units is wrong",
            ONE_UNIT,
            line,
        )


def _degrees(frequency: Reals, modulus: Reals, angle: Reals) -> tuple[Reals, str]:
    """A phase without a unit in degrees: the slope of the modulus tells radians, phase = (pi/2) dln|Z|/dln f."""
    keep = np.isfinite(frequency) & np.isfinite(modulus) & np.isfinite(angle) & (frequency > 0) & (modulus > 0)
    plain = "The phase states no unit; it was taken in degrees."
    if np.sum(keep) < FEWEST_FOR_UNIT or np.max(np.abs(angle[keep])) > LARGEST_RADIANS:
        return angle, plain
    order = np.argsort(frequency[keep], kind="stable")
    scale, size = np.log(frequency[keep][order]), np.log(modulus[keep][order])
    apart = np.append(True, np.diff(scale) > 1e-6)
    if np.sum(apart) < FEWEST_FOR_UNIT:
        return angle, plain
    slope = np.abs(90 * np.gradient(size[apart], scale[apart]))
    given = np.abs(angle[keep][order][apart])
    if np.linalg.norm(np.degrees(given) - slope) < np.linalg.norm(given - slope):
        return np.degrees(angle), "The phase states no unit; the slope of the modulus says radians."
    return angle, plain


def _unsaid(selection: Selection) -> list[str]:
    """What is to be noted of units of the impedance."""
    notes = []
    parts = [one for quantity, one in selection.namings if quantity in (REAL, IMAGINARY, MODULUS)]
    factors = {one.factor for one in parts}
    if factors != {1.0}:
        notes.append(f"Impedances were multiplied by {', '.join(f'{each:.6g}' for each in sorted(factors))}.")
    if not any(one.unit for one in parts):
        notes.append("The impedance states no unit; it was taken in ohm.")
    return notes


def _warmth(selection: Selection, column: Callable[[int], Reals]) -> Reals | None:
    if selection.temperature is None:
        return None
    place, one = selection.temperature
    return column(place) - (ZERO_CELSIUS_K if one.unit == KELVIN else 0.0)
