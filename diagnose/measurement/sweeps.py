"""From the rows of a table to sweeps: what cannot be used is dropped and counted, repeats are parted, signs decided."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from diagnose.measurement.readings import NATURAL, NEGATIVE, Complexes, Readings, Reals
from diagnose.measurement.spectrum import Spectrum

# No instrument measures beyond these; such figures are damage in a file.
LOWEST_HZ, HIGHEST_HZ, HIGHEST_OHM = 1e-9, 1e13, 1e18
LOWEST_CELSIUS, HIGHEST_CELSIUS = -273.0, 2000.0
# Fewer points in a run than this are disorder, not a sweep of their own.
FEWEST_IN_RUN = 4
# A single point out of its place does not begin a sweep.
FEWEST_AGAIN = 3
# Two runs that share so much of the shorter one's decades measure the same range again.
SHARED = 0.3
# From this likeness of Im Z and dRe Z/dln f on, the sign follows from the data.
SURE, VERY_SURE = 0.5, 0.7
# Nothing is concluded from the little that the inductance leaves.
LEAST_LEFT = 0.05
# A named or plain column is doubted only with so many points.
FEWEST_FOR_SIGN = 10


def likeness(frequency: Reals, impedance: Complexes) -> float:
    """How alike Im Z and dRe Z/dln f are, -1 to 1; near -1 where the sign of the imaginary part is wrong.

    Im Z is near (pi/2) dRe Z/dln f for every causal spectrum without a resonance (the local Kramers-Kronig relation),
    apart from the inductance of the leads, which has no real part: what grows as the frequency is taken out of both.
    """
    order = np.argsort(frequency, kind="stable")
    scale = np.log(frequency[order])
    keep = np.append(True, np.diff(scale) > 1e-6)
    scale, values = scale[keep], impedance[order][keep]
    if len(scale) < FEWEST_FOR_SIGN:
        return 0.0
    size = np.maximum(np.abs(values), 1e-30)
    with np.errstate(all="ignore"):
        slope = np.gradient(values.real, scale) / size
        part = values.imag / size
        lead = np.exp(scale - scale[-1]) / size
        lead /= np.sqrt(np.sum(lead**2))
        whole = float(np.sqrt(np.sum(part**2)))
        slope, part = (each - np.sum(each * lead) * lead for each in (slope, part))
        left = float(np.sqrt(np.sum(part**2)))
        weight = float(np.sqrt(np.sum(slope**2))) * left
        alike = float(np.sum(slope * part)) / weight if weight > 1e-12 and left > LEAST_LEFT * whole else 0.0
    return alike if np.isfinite(alike) else 0.0


def runs(frequency: Reals) -> list[slice]:
    """Stretches of rows that belong to one sweep each; a shuffled table is one stretch."""
    count = len(frequency)
    bounds, direction = [0], 0.0
    step = np.sign(np.diff(frequency))
    for place in range(count - 1):
        if step[place] and direction and step[place] != direction:
            # Where a sweep turns at a point measured twice, each run keeps one of the two.
            bounds.append(place if place and not step[place - 1] else place + 1)
            direction = 0.0
        elif step[place]:
            direction = step[place]
    bounds.append(count)
    stretches = [slice(start, end) for start, end in pairwise(bounds)]
    if len(stretches) > max(3, count / 5):
        return [slice(0, count)]
    joined: list[slice] = []
    for stretch in stretches:
        if joined and not _again(frequency[joined[-1]], frequency[stretch]):
            joined[-1] = slice(joined[-1].start, stretch.stop)
        else:
            joined.append(stretch)
    return joined


def _again(before: Reals, now: Reals) -> bool:
    """Whether rows measure a range again that was measured before, rather than going on with it."""
    if len(before) < FEWEST_IN_RUN or len(now) < FEWEST_IN_RUN:
        return False
    low, high = max(before.min(), now.min()), min(before.max(), now.max())
    if high <= low:
        return False
    if np.sum((now >= low) & (now <= high)) < FEWEST_AGAIN:
        return False
    shorter = min(np.log(before.max() / before.min()), np.log(now.max() / now.min()))
    return bool(np.log(high / low) > SHARED * shorter)


def _stretches(readings: Readings, usable: NDArray[np.bool_]) -> Iterator[NDArray[np.intp]]:
    """The usable rows of each sweep, by the loop column and by frequencies that start again."""
    rows = np.flatnonzero(usable)
    for part in _loops(readings, rows):
        for stretch in runs(readings.frequency_Hz[part]):
            yield part[stretch]


def _loops(readings: Readings, rows: NDArray[np.intp]) -> list[NDArray[np.intp]]:
    if readings.loop is None or not len(rows):
        return [rows]
    loop = readings.loop[rows]
    known = np.isfinite(loop)
    if not np.any(known):
        return [rows]
    # A row without a number goes with the one before it.
    before = np.maximum.accumulate(np.where(known, np.arange(len(loop)), int(np.argmax(known))))
    loop = loop[before]
    changes = np.flatnonzero(np.diff(loop)) + 1
    # A number that changes with nearly every row counts points, not sweeps.
    if (len(changes) + 1) * 3 > len(rows):
        return [rows]
    return np.split(rows, changes)


def _named(count: int, one: str, many: str) -> str:
    return f"1 {one}" if count == 1 else f"{count} {many}"


@dataclass(frozen=True, eq=False)
class _Sorted:
    frequency: Reals
    impedance: Complexes
    notes: tuple[str, ...]


def _in_order(frequency: Reals, impedance: Complexes) -> _Sorted:
    """Falling frequencies, each once; of points at one frequency the mean is taken."""
    notes = []
    steps = np.sign(np.diff(frequency))
    if np.any(steps > 0) and np.any(steps < 0):
        notes.append("The frequencies were not in order; they were sorted.")
    each, back, counts = np.unique(frequency, return_inverse=True, return_counts=True)
    if len(each) < len(frequency):
        twice = int(np.sum(counts > 1))
        notes.append(f"{_named(twice, 'frequency stood', 'frequencies stood')} more than once; the mean was taken.")
        real = np.bincount(back.ravel(), weights=impedance.real) / counts
        imaginary = np.bincount(back.ravel(), weights=impedance.imag) / counts
        mean = real + 1j * imaginary
    else:
        mean = impedance[np.argsort(frequency, kind="stable")]
    return _Sorted(each[::-1].copy(), mean[::-1].copy(), tuple(notes))


def _turned(readings: Readings, sweeps: list[_Sorted]) -> tuple[bool, str]:
    """Whether the imaginary part has the wrong sign as given, and what is to be noted of it."""
    counts = [len(each.frequency) for each in sweeps]
    alike = float(np.average([likeness(each.frequency, each.impedance) for each in sweeps], weights=counts))
    imaginary = np.concatenate([each.impedance.imag for each in sweeps])
    few = len(imaginary) < FEWEST_FOR_SIGN
    if readings.sign == NEGATIVE:
        if alike < -VERY_SURE and not few:
            return True, (
                "The imaginary part is labelled as its negative, but the real part says that it is not: "
                "its sign was left as in the file."
            )
        return False, "The file gives the negative of the imaginary part; its sign was turned."
    if alike < -(VERY_SURE if readings.sign == NATURAL else SURE) and not few:
        return True, (
            "The sign of the imaginary part was turned: as given it contradicts the real part "
            "(Kramers-Kronig), so the file holds -Im Z."
        )
    if alike > SURE or few:
        said = "as the file names it" if readings.sign == NATURAL else "no name says otherwise"
        return False, f"The imaginary part was taken with its sign in the file ({said})."
    if np.all(imaginary > 0) and _capacitive(sweeps):
        return True, (
            "The sign of the imaginary part was turned: it is positive everywhere and grows towards low "
            "frequencies, as -Im Z of a capacitance does."
        )
    return False, "The imaginary part was taken with its sign in the file; the data do not decide it."


def _capacitive(sweeps: list[_Sorted]) -> bool:
    """Whether |Im Z| grows towards low frequencies over the whole of the first sweep."""
    frequency, size = np.log(sweeps[0].frequency), np.log(np.abs(sweeps[0].impedance.imag))
    return float(np.ptp(frequency)) > 1.0 and float(np.polyfit(frequency, size, 1)[0]) < -0.3


def _temperature(readings: Readings, rows: NDArray[np.intp]) -> tuple[float | None, str]:
    if readings.temperature_C is None:
        return None, ""
    values = readings.temperature_C[rows]
    values = values[np.isfinite(values) & (values > LOWEST_CELSIUS) & (values < HIGHEST_CELSIUS)]
    # Instruments write 0 or -327.67 where no sensor is connected.
    if not len(values) or np.all(values == 0):
        return None, ""
    middle = float(np.median(values))
    return middle, f"Temperature {middle:.4g} degree Celsius from a column of the table."


def spectra(readings: Readings, file: str, first_number: int = 1) -> list[Spectrum]:
    """The sweeps of a table as spectra, numbered on from `first_number`; empty when no row can be used.

    A sweep of a single point is left out, which the others note.
    """
    frequency, impedance = readings.frequency_Hz, readings.impedance_ohm
    with np.errstate(all="ignore"):
        size = np.abs(impedance)
        finite = np.isfinite(frequency) & np.isfinite(size)
        zero = finite & (frequency <= 0)
        empty = finite & ~zero & (size == 0)
        wild = finite & ~zero & ((frequency < LOWEST_HZ) | (frequency > HIGHEST_HZ) | (size > HIGHEST_OHM))
    usable = finite & ~zero & ~empty & ~wild
    reasons = (
        (~finite, "without a number"),
        (zero, "at a frequency of 0 or below"),
        (empty, "with an impedance of exactly 0"),
        (wild, "with a figure no instrument can measure"),
    )
    stretches = list(_stretches(readings, usable))
    kept = [rows for rows in stretches if len(rows) > 1]
    if not kept:
        return []
    sweeps = [_in_order(frequency[rows], impedance[rows]) for rows in kept]
    pairs = [(rows, sweep) for rows, sweep in zip(kept, sweeps, strict=True) if len(sweep.frequency) > 1]
    if not pairs:
        return []
    sweeps = [sweep for _, sweep in pairs]
    turned, said = _turned(readings, sweeps)
    single = len(stretches) - len(pairs)
    starts = [int(rows[0]) for rows, _ in pairs]
    # What is dropped before the first row of the first sweep is the first sweep's.
    bounds = [0, *starts[1:], len(frequency)]
    found = []
    for number, (rows, sweep) in enumerate(pairs):
        notes = [*readings.notes, said, *sweep.notes]
        dropped: dict[str, int] = {}
        span = slice(bounds[number], bounds[number + 1])
        for mask, reason in reasons:
            count = int(np.sum(mask[span]))
            if count:
                dropped[reason] = count
                notes.append(f"{_named(count, 'row', 'rows')} {reason} {'was' if count == 1 else 'were'} left out.")
        if single:
            notes.append(f"{_named(single, 'stretch', 'stretches')} of a single point in the file left out.")
        negative = int(np.sum(sweep.impedance.real < 0))
        if negative:
            notes.append(f"{_named(negative, 'point has', 'points have')} a negative real part.")
        temperature, warmth = _temperature(readings, rows)
        if warmth:
            notes.append(warmth)
        found.append(
            Spectrum(
                frequency_Hz=sweep.frequency,
                impedance_ohm=np.conj(sweep.impedance) if turned else sweep.impedance,
                file=file,
                number=first_number + number,
                temperature_C=temperature,
                dropped=MappingProxyType(dropped),
                notes=tuple(notes),
            )
        )
    return found
