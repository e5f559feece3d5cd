"""Several spectra of one cell fitted together: arcs of one shape, resistances of each spectrum.

Fits of single spectra scatter because exponent, capacitance and resistance of neighbouring arcs trade with each other.
Where only resistances change from spectrum to spectrum, exponents n and capacitances C are shared; the scatter goes.
Whether an arc keeps its C, and then its n, is tested (F test of the sum of squares, shared against free); an arc that
does not is released.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike, NDArray

from diagnose.measurement.arcs import counted, fit_arcs
from diagnose.measurement.bundle import Series, State, blocks_of, padded, refined
from diagnose.measurement.chain import Complexes, Points, Reals, Shape, Tail, columns, points
from diagnose.measurement.kramerskronig import KramersKronig, kramers_kronig
from diagnose.measurement.lump import correlated
from diagnose.measurement.solution import fixed

# Chance below which an arc is taken to change its shape along the series.
RELEASED = 1e-3
# Factors on the resistances of the neighbour from which a spectrum is started.
FACTORS = (1.0, 0.5, 2.0, 0.2, 5.0)


@dataclass(frozen=True, eq=False)
class SeriesFit:
    """What was found in m spectra of one cell with k arcs, by falling frequency. With a `reason` there is nothing."""

    kk: tuple[KramersKronig, ...]
    """The test of every spectrum that was given."""
    used: tuple[int, ...] = ()
    """Places of the m spectra that were fitted; those that are not consistent are left out."""
    reason: str = ""
    shape: Shape | None = None
    R_ohm: Reals = field(default_factory=lambda: np.empty((0, 0)))
    """Shape (m, k)."""
    sigma_R_ohm: Reals = field(default_factory=lambda: np.empty((0, 0)))
    covariance_R: Reals = field(default_factory=lambda: np.empty((0, 0, 0)))
    """Shape (m, k, k), ohm^2: of the resistances of each spectrum."""
    C_F: Reals = field(default_factory=lambda: np.empty((0, 0)))
    """Shape (m, k); equal along a column where shared."""
    sigma_C_F: Reals = field(default_factory=lambda: np.empty((0, 0)))
    n: Reals = field(default_factory=lambda: np.empty((0, 0)))
    """Shape (m, k); equal along a column where shared."""
    sigma_n: Reals = field(default_factory=lambda: np.empty((0, 0)))
    frequency_Hz: Reals = field(default_factory=lambda: np.empty((0, 0)))
    """Shape (m, k): peaks."""
    shared_C: tuple[bool, ...] = ()
    shared_n: tuple[bool, ...] = ()
    """For each arc, whether the series has one C, and one n."""
    series_ohm: Reals | None = None
    """Shape (m,)."""
    sigma_series_ohm: Reals | None = None
    inductance_H: float | None = None
    tail: Tail = "none"
    tail_values: Mapping[str, Reals] = field(default_factory=dict)
    """By name, shape (m,), in the units of `ArcFit.tail_values`."""
    fitted_ohm: tuple[Complexes, ...] = ()
    """For each fitted spectrum, in the order of its points; 0 in rows that were not usable."""
    rms: Reals = field(default_factory=lambda: np.empty(0))
    """Shape (m,)."""


def fit_series(spectra: Sequence[tuple[ArrayLike, ArrayLike]], shape: Shape | None = None) -> SeriesFit:
    """A joint fit of spectra of one cell, of the given shape or of the one that most of first, middle and last ask for.

    spectra: pairs of f in Hz and z in ohm, shape (n,) each, in an order in which neighbours are alike. Raises
    ValueError for arrays of unequal shape.
    """
    tests = tuple(kramers_kronig(f, z) for f, z in spectra)
    used = tuple(place for place, test in enumerate(tests) if test.consistent)
    if len(used) < 2:
        return SeriesFit(tests, used, "fewer than two spectra are fit to be used" + _why(tests))
    asked = _asked([(*spectra[place], tests[place]) for place in used]) if shape is None else shape
    if asked is None or not asked.arcs:
        return SeriesFit(tests, used, "no arcs were found that the spectra share")
    wholes = [points(*spectra[place]) for place in used]
    data = [counted(whole, tests[place]) for whole, place in zip(wholes, used, strict=True)]
    if min(2 * len(each.rows) for each in data) <= len(asked.names):
        return SeriesFit(tests, used, f"too few points for {len(asked.names)} parameters in a spectrum")
    scale, rate = data[len(data) // 2].scale, data[len(data) // 2].rate
    data = [each.rescaled(scale, rate) for each in data]
    series = padded(data, asked)
    state, shared = _released(series, _started(series, data))
    return _result(series, state, shared, [each.rescaled(scale, rate) for each in wholes], tests, used, spectra)


def _why(tests: Sequence[KramersKronig]) -> str:
    reasons = [f"spectrum {place + 1}: {test.reason}" for place, test in enumerate(tests) if test.reason]
    return f" ({'; '.join(reasons[:3])})" if reasons else ""


def _asked(spectra: list[tuple[ArrayLike, ArrayLike, KramersKronig]]) -> Shape | None:
    places = sorted({len(spectra) // 2, 0, len(spectra) - 1}, key=lambda place: abs(place - len(spectra) // 2))
    shapes = [fit_arcs(f, z, kk=test).shape for f, z, test in (spectra[place] for place in places)]
    found = [each for each in shapes if each is not None]
    return Counter(found).most_common(1)[0][0] if found else None


def _started(series: Series, data: list[Points]) -> Reals:
    """Each spectrum from its neighbour, from the middle outwards, with C and n held."""
    shape, middle = series.shape, len(data) // 2
    start, first, count = len(shape.amplitudes), shape.resistance + shape.inductance, shape.arcs
    logs = np.zeros((len(data), len(series.low)))
    logs[middle] = fixed(data[middle], shape).logs
    logs[middle, start : start + count] -= logs[middle, first : first + count]
    logs[middle] = np.clip(logs[middle], series.low, series.high)
    free = np.ones(len(series.low), dtype=bool)
    free[start : start + 2 * count] = False
    nothing = np.zeros(len(free), dtype=bool)
    for order in (range(middle + 1, len(data)), range(middle - 1, -1, -1)):
        neighbour = middle
        for place in order:
            found = []
            for factor in FACTORS:
                guess = logs[neighbour].copy()
                guess[first : first + count] += math.log(factor)
                found.append(refined(series.some(place), guess[None, :], free, nothing))
            logs[place] = min(found, key=lambda state: state.cost).logs[0]
            neighbour = place
    return logs


def _released(series: Series, logs: Reals) -> tuple[State, NDArray[np.bool_]]:
    """The fit with C and n of the arcs shared as far as the series allows, and which parameters are shared."""
    shape = series.shape
    start, count = len(shape.amplitudes), shape.arcs
    free = np.ones(len(series.low), dtype=bool)
    shared = np.zeros(len(series.low), dtype=bool)
    shared[start : start + 2 * count] = True
    if shape.inductance:
        shared[int(shape.resistance)] = True
    middle = len(logs) // 2
    logs = np.where(shared, logs[middle], logs)
    state = refined(series, logs, free, shared)
    for kind in (0, count):
        waiting = list(range(start + kind, start + kind + count))
        # Of several arcs that change, the one that explains most is released first, and the others are judged anew.
        while waiting:
            tried = []
            for place in waiting:
                looser = shared.copy()
                looser[place] = False
                tried.append((refined(series, state.logs, free, looser), place, looser))
            best, place, looser = min(tried, key=lambda each: each[0].cost)
            if _chance(series, state, best, looser) >= RELEASED:
                break
            state, shared = best, looser
            waiting.remove(place)
    return state, shared


def _parameters(series: Series, shared: NDArray[np.bool_]) -> int:
    return len(series.target) * int(np.count_nonzero(~shared)) + int(np.count_nonzero(shared))


def _chance(series: Series, strict: State, loose: State, looser: NDArray[np.bool_]) -> float:
    """Chance of so much less misfit by one more free shape, if the shape is the same in all spectra (F test)."""
    from scipy.special import fdtrc

    more = len(series.target) - 1
    left = 2 * int(np.count_nonzero(series.weights)) - _parameters(series, looser)
    if left < 1 or loose.cost <= 0 or strict.cost <= loose.cost:
        return 1.0
    return float(fdtrc(more, left, (strict.cost - loose.cost) / more / (loose.cost / left)))


def _result(
    series: Series,
    state: State,
    shared: NDArray[np.bool_],
    wholes: list[Points],
    tests: tuple[KramersKronig, ...],
    used: tuple[int, ...],
    spectra: Sequence[tuple[ArrayLike, ArrayLike]],
) -> SeriesFit:
    shape, count = series.shape, series.shape.arcs
    start, first = len(shape.amplitudes), shape.resistance + shape.inductance
    scale, rate = wholes[0].scale, wholes[0].rate
    local, common = np.flatnonzero(~shared), np.flatnonzero(shared)
    blocks = blocks_of(state, local, common, 0.0)
    left = max(2 * int(np.count_nonzero(series.weights)) - _parameters(series, shared), 1)
    rests = [
        rest.reshape(2, -1)[:, weight > 0].ravel() for rest, weight in zip(state.rest, series.weights, strict=True)
    ]
    noise = max((test.noise for test in tests if test.consistent), default=0.0)
    error = correlated(state.cost / left, rests, noise)
    spread = error * (blocks.inverse + blocks.coupling @ blocks.shared @ blocks.coupling.swapaxes(1, 2))
    variance = np.zeros(state.logs.shape)
    variance[:, local] = np.einsum("mll->ml", spread)
    variance[:, common] = error * np.diag(blocks.shared)
    sigma = np.sqrt(np.maximum(variance, 0.0))
    arcs, kept_C, kept_n = (slice(begin, begin + count) for begin in (first, start, start + count))
    R, C = np.exp(state.logs[:, arcs]) * scale, np.exp(state.logs[:, kept_C]) / (scale * rate)
    n = np.exp(state.logs[:, kept_n])
    places = np.searchsorted(local, np.arange(first, first + count))
    fitted = []
    for whole, logs, place in zip(wholes, state.logs, used, strict=True):
        theta = logs[start:].copy()
        theta[:count] += logs[arcs]
        model = np.zeros(np.size(spectra[place][0]), dtype=np.complex128)
        model[whole.rows] = columns(shape, whole.log_w, theta[None, :]).values[0] @ np.exp(logs[:start]) * scale
        fitted.append(model)
    return SeriesFit(
        kk=tests,
        used=used,
        shape=shape,
        R_ohm=R,
        sigma_R_ohm=R * sigma[:, arcs],
        covariance_R=spread[:, places[:, None], places] * R[:, :, None] * R[:, None, :],
        C_F=C,
        sigma_C_F=C * sigma[:, kept_C],
        n=n,
        sigma_n=n * sigma[:, kept_n],
        frequency_Hz=1.0 / (2.0 * np.pi * R * C),
        shared_C=tuple(shared[kept_C].tolist()),
        shared_n=tuple(shared[kept_n].tolist()),
        series_ohm=np.exp(state.logs[:, 0]) * scale if shape.resistance else None,
        sigma_series_ohm=np.exp(state.logs[:, 0]) * scale * sigma[:, 0] if shape.resistance else None,
        inductance_H=float(np.exp(state.logs[0, first - 1])) * scale / rate if shape.inductance else None,
        tail=shape.tail,
        tail_values=_tail_values(shape, state.logs, scale, rate),
        fitted_ohm=tuple(fitted),
        rms=np.array([math.sqrt(float(np.mean(rest**2))) for rest in rests]),
    )


def _tail_values(shape: Shape, logs: Reals, scale: float, rate: float) -> dict[str, Reals]:
    if shape.tail == "none":
        return {}
    start = len(shape.amplitudes)
    names = [name.removeprefix("tail.") for name in shape.names[start + 2 * shape.arcs :]]
    made = {name: np.exp(logs[:, start + 2 * shape.arcs + place]) for place, name in enumerate(names)}
    amplitude = np.exp(logs[:, start - 1]) * scale
    if "tau" in made:
        made["tau"] = made["tau"] / rate
    if shape.tail == "blocking":
        return {"Q": rate ** -made["n"] / amplitude, **made}
    return {"W": amplitude * math.sqrt(rate)} if shape.tail == "semi_infinite" else {"R": amplitude, **made}
