"""Whether a spectrum obeys the Kramers-Kronig relations, by a linear fit of a chain that obeys them whatever it holds.

The chain is a resistance, an inductance, a capacitance and many RC elements with fixed time constants (the measurement
model: P. Agarwal, M. E. Orazem and L. H. Garcia-Rubio, J. Electrochem. Soc. 139 (1992) 1917; linear: B. A. Boukamp,
J. Electrochem. Soc. 142 (1995) 1885), weighted by one over the modulus. Its order is the one of the least Bayesian
information criterion. `reference_order` is the rule of M. Schoenleber, D. Klotz and E. Ivers-Tiffee, Electrochim. Acta
131 (2014) 20, for comparison with other programs.

A spectrum that passes is consistent with the relations, which is weak evidence that the cell did not change meanwhile.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from diagnose.measurement.chain import Points, Reals, points, stacked

# RC elements per decade that are tried, and how far their time constants go beyond the measured range, in decades.
PER_DECADE = (1.0, 1.4, 1.8, 2.2, 2.7, 3.4, 4.4)
BEYOND = 1.0
FEWEST = 5
RIDGE = 1e-13
# A residual is out of line above this share of the modulus and this many times the noise.
OUT_OF_LINE, TIMES = 0.01, 5.0
# Rounds of trimming, most points that one round takes from an end, and the least share of points that must stay.
ROUNDS, AT_ONCE, STAY = 5, 0.25, 0.6
# Signs of residuals in too few runs, with residuals of some size, are a misfit and not noise.
RUNS_P, MISFIT = 0.005, 0.0035
# Scatter above which nothing can be read from a spectrum, and the largest share of single points out of line.
NOISE_ONLY, FEW_OUT = 0.1, 0.1
# Points per decade below which that is not said of noise.
SPARSE = 3


@dataclass(frozen=True, eq=False)
class KramersKronig:
    """How well a spectrum of n points obeys the relations. Residuals are shares of the modulus; 0 in unusable rows."""

    residuals_real: Reals
    """Shape (n,), in the order given."""
    residuals_imag: Reals
    """Shape (n,), in the order given."""
    largest: float
    """Largest residual of a part, of the points that count."""
    rms: float
    """Root mean square of both parts, of the points that count."""
    noise: float
    """Scatter of one part about the chain, corrected for the parameters of the chain."""
    decades_Hz: Reals
    """Shape (d,): lower edge of each decade that holds points."""
    decades_noise: Reals
    """Shape (d,): scatter in the decade (from the median, drawn towards `noise` where points are few)."""
    valid_low_Hz: float
    valid_high_Hz: float
    """The range left after points out of line were cut off at the ends; 0 and 0 without usable points."""
    outliers: tuple[int, ...]
    """Single points out of line inside that range, by their place in what was given."""
    runs_p: tuple[float, float]
    """Chance of so few runs of sign in the real and imaginary residuals (A. Wald and J. Wolfowitz, 1940)."""
    order: int
    """RC elements of the chain."""
    consistent: bool
    reason: str = ""
    """Why it is not consistent; else empty."""


class _Fit(NamedTuple):
    residuals: NDArray[np.complex128]
    """Of all points, shape (n,)."""
    variance: float
    order: int


def kramers_kronig(f: ArrayLike, z: ArrayLike) -> KramersKronig:
    """The linear Kramers-Kronig test of a spectrum. f: Hz, shape (n,); z: ohm, shape (n,); in any order.

    Raises ValueError for arrays of unequal shape. Rows that are not finite, without frequency or of no impedance are
    not used.
    """
    data = points(f, z)
    n = np.size(f)
    if data.distinct < FEWEST:
        nothing = np.zeros(n)
        reason = f"too few points: {data.distinct} usable frequencies, at least {FEWEST} are needed"
        ends = data.hertz(data.log_w[[-1, 0]]) if len(data.rows) else np.zeros(2)
        empty = np.empty(0)
        low, high = (float(end) for end in ends)
        return KramersKronig(nothing, nothing, 0, 0, 0, empty, empty, low, high, (), (1, 1), 0, False, reason)
    inside, single = np.ones(len(data.rows), dtype=bool), np.zeros(len(data.rows), dtype=bool)
    first = fit = _fit(data, inside)
    for _ in range(ROUNDS):
        size = np.abs(fit.residuals)
        limit = max(OUT_OF_LINE, TIMES * _robust(stacked(fit.residuals[inside])))
        cut = trimmed(size > limit, inside)
        alone = cut & _alone(size, limit)
        if (cut == inside).all() and (alone == single).all():
            break
        if np.count_nonzero(cut & ~alone) < max(STAY * len(cut), FEWEST):
            break
        inside, single = cut, alone
        fit = _fit(data, inside & ~single, first.order)
    if fit is not first:
        fit = _fit(data, inside & ~single)
    return _judged(data, fit, inside, single & inside, n)


def _judged(data: Points, fit: _Fit, inside: NDArray[np.bool_], single: NDArray[np.bool_], n: int) -> KramersKronig:
    kept = inside & ~single
    counted = fit.residuals[kept]
    parts = stacked(counted)
    rms, noise = float(np.sqrt(np.mean(parts**2))), math.sqrt(fit.variance)
    both = np.zeros((2, n))
    both[:, data.rows] = fit.residuals.real, fit.residuals.imag
    frequency = data.hertz(data.log_w)
    low, high = float(frequency[inside].min()), float(frequency[inside].max())
    decade = np.floor(np.log10(frequency[kept]) + 1e-9)
    found = np.unique(decade)
    local = [_drawn(stacked(counted[decade == each]), noise, rms) for each in found]
    runs = (_runs_p(counted.real), _runs_p(counted.imag))
    reason = ""
    if noise > NOISE_ONLY:
        reason = _scattered(data, kept, noise)
    elif single.sum() > FEW_OUT * len(single):
        reason = f"{single.sum()} of {len(single)} points are out of line"
    elif min(runs) < RUNS_P and rms > MISFIT:
        reason = f"real and imaginary part do not belong together: residuals of {100 * rms:.1f} % that are not noise"
    largest = float(np.abs(parts).max())
    outliers = tuple(sorted(data.rows[single].tolist()))
    edges, noises = 10.0**found, np.array(local)
    return KramersKronig(
        both[0], both[1], largest, rms, noise, edges, noises, low, high, outliers, runs, fit.order, not reason, reason
    )


def _scattered(data: Points, kept: NDArray[np.bool_], noise: float) -> str:
    """What to say of points that no chain comes near."""
    decades = float(np.ptp(data.log_w[kept])) / math.log(10.0)
    count = int(kept.sum())
    if count < SPARSE * decades:
        return f"too few points: {count} over {decades:.1f} decades of frequency, at least {SPARSE} a decade are needed"
    if _fit(replace(data, z=data.z.conj()), kept).variance < (0.2 * noise) ** 2:
        return "the imaginary part seems to have the wrong sign: with the other sign the points do make a spectrum"
    return f"noise only: the points scatter by {100 * noise:.0f} % about any smooth spectrum"


def _basis(data: Points, taus: Reals) -> Reals:
    """Weighted columns: resistance, inductance, capacitance, RC elements. Shape (2 n, 3 + m), of length one each."""
    n, w = len(data.log_w), np.exp(data.log_w)
    made = np.zeros((2 * n, 3 + len(taus)))
    made[:n, 0], made[n:, 1], made[n:, 2] = 1.0, w, -1.0 / w
    turn = w[:, None] * taus
    np.divide(1.0, 1.0 + turn * turn, out=made[:n, 3:])
    np.multiply(-turn, made[:n, 3:], out=made[n:, 3:])
    made *= np.tile(data.weights, 2)[:, None]
    made /= np.sqrt((made * made).sum(axis=0)) + 1e-150
    return made


def _fit(data: Points, kept: NDArray[np.bool_], only: int = 0) -> _Fit:
    """The chain of the best order, or of the only one, fitted to the kept points."""
    target = stacked(data.z * data.weights)
    rows = np.concatenate([kept, kept])
    y = target[rows]
    count = len(y)
    margin = BEYOND * math.log(10.0)
    high, low = float(data.log_w[kept].max()) + margin, float(data.log_w[kept].min()) - margin
    most = max(2, int(0.6 * count) - 3)
    orders = {min(most, max(2, round(each * (high - low) / math.log(10.0)))) for each in PER_DECADE}
    best, made = math.inf, _Fit(np.zeros(len(kept), dtype=np.complex128), 0.0, 0)
    for order in [only] if only else sorted(orders):
        size = order + 3
        columns = _basis(data, np.exp(np.linspace(-high, -low, order)))
        mine = columns[rows]
        # In halves: so small, products stay on one core, where they are fastest.
        gram = mine[: count // 2].T @ mine[: count // 2]
        gram += mine[count // 2 :].T @ mine[count // 2 :]
        gram.flat[:: size + 1] += RIDGE * size
        rest = target - columns @ np.linalg.solve(gram, mine.T @ y)
        squares = float(rest[rows] @ rest[rows]) + 1e-16 * count
        criterion = count * math.log(squares / count) + size * math.log(count)
        if criterion < best:
            best = criterion
            made = _Fit(rest[: len(kept)] + 1j * rest[len(kept) :], squares / max(count - size, 1), order)
    return made


def _alone(size: Reals, limit: float) -> NDArray[np.bool_]:
    """Points out of line whose neighbours are much less so: a misfit has neighbours, a spike has none."""
    around = np.concatenate([[0.0], size, [0.0]])
    beside: Reals = np.maximum(around[:-2], around[2:])
    made: NDArray[np.bool_] = (size > limit) & (2.0 * beside < size)
    return made


def trimmed(out: NDArray[np.bool_], inside: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """What stays when points out of line are cut off at both ends; one point in line between two others goes too."""
    made: NDArray[np.bool_] = inside.copy()
    places = np.flatnonzero(inside)
    for order in (places, places[::-1]):
        last, gap = -1, 0
        for step, place in enumerate(order[: max(1, int(AT_ONCE * len(order)))]):
            gap = 0 if out[place] else gap + 1
            if gap > 1:
                break
            if out[place]:
                last = step
        made[order[: last + 1]] = False
    return made


def _robust(values: Reals) -> float:
    """Standard deviation from the median of the sizes, for figures about zero."""
    return 1.4826 * float(np.median(np.abs(values)))


def _drawn(values: Reals, noise: float, rms: float) -> float:
    """Scatter of some residuals, corrected as the whole is, and drawn to the whole as by ten further points."""
    share = noise / rms if rms > 0 else 1.0
    count = len(values)
    return math.sqrt((count * (share * _robust(values)) ** 2 + 20 * noise**2) / (count + 20))


def _runs_p(values: Reals) -> float:
    """Chance of at most so many runs of sign in a random order."""
    above = values > 0
    plus = int(above.sum())
    minus = len(above) - plus
    if not plus or not minus:
        return 1.0
    runs = 1 + int(np.count_nonzero(above[1:] != above[:-1]))
    total = plus + minus
    mean = 1.0 + 2.0 * plus * minus / total
    variance = (mean - 1.0) * (mean - 2.0) / max(total - 1, 1)
    if variance <= 0:
        return 1.0
    return 0.5 * math.erfc(-(runs + 0.5 - mean) / math.sqrt(2.0 * variance))


def reference_order(f: ArrayLike, z: ArrayLike, cutoff: float = 0.85, most: int = 100) -> tuple[int, float]:
    """Order M and measure mu of Schoenleber's Lin-KK, fitted to the real part: the least M with mu up to the cutoff.

    mu = 1 - sum of |R_k| of the negative R_k over that of the others; `most` is the largest M. f: Hz, shape (n,); z:
    ohm, shape (n,). Raises ValueError for fewer than two usable frequencies.
    """
    data = points(f, z)
    if data.distinct < 2:
        raise ValueError("needs at least two usable frequencies")
    weights = data.weights
    target = (data.z * weights).real
    order, mu = 0, 1.0
    while order < most and mu > cutoff:
        order += 1
        taus = np.exp(-np.linspace(data.log_w[0], data.log_w[-1], order))
        debye = 1.0 / (1.0 + (np.exp(data.log_w)[:, None] * taus) ** 2)
        made = np.concatenate([np.ones((len(debye), 1)), debye], axis=1) * weights[:, None]
        solved = np.linalg.lstsq(made, target, rcond=None)[0][1:]
        positive = float(solved[solved >= 0].sum())
        mu = 1.0 + float(solved[solved < 0].sum()) / positive if positive > 0 else 1.0
    return order, mu
