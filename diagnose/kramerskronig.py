"""Whether a spectrum agrees with itself: the linear Kramers-Kronig test.

A response that is causal, linear and constant in time obeys the Kramers-Kronig relations, and a series of a resistance,
an inductance, a capacitance and many RC elements with fixed time constants obeys them whatever its coefficients are.
What such a series cannot follow is noise or a breach (Boukamp 1995, doi:10.1149/1.2044210; Schoenleber, Klotz and
Ivers-Tiffee 2014, doi:10.1016/j.electacta.2014.01.034).

Agreement is weak evidence: a cell that drifts by a tenth during the sweep mostly passes. Nothing here says that a cell
was stationary.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Reals = NDArray[np.float64]
Complexes = NDArray[np.complex128]
Flags = NDArray[np.bool_]

FEWEST_POINTS = 10
# RC elements per decade that are tried, and how far, in decades, their time constants reach beyond the measured range.
DENSITIES = (1.0, 1.5, 2.0, 2.5, 3.0, 4.0)
REACH = 1.0
# A point breaks the test when its residual exceeds this many robust standard deviations, and this share of |Z|: less
# than that changes no conclusion about a cell.
DEVIATIONS = 5.0
MATERIAL = 0.005
# More than this share of the points is never taken away: what is left would agree with itself too easily.
MOST_DROPPED = 0.35
# Single strays, as from the mains, leave a spectrum consistent while they are at most this share.
MOST_STRAYS = 0.05
RUNS_LEVEL = 0.005


@dataclass(frozen=True, eq=False)
class KramersKronig:
    """The test of one spectrum. All arrays have shape (n,), in the order of falling frequency.

    `residual` is (Z - fit) / |Z|, complex. `kept` tells the points that agree: not in an end that was cut (`cut`) and
    not a single stray (`outlier`). `noise` is the standard deviation of either component relative to |Z|, estimated in
    windows of one decade. `order` is the number of RC elements and `mu` Schoenleber's measure of overfitting (1: none
    negative; near 0: overfitted). `runs_real` and `runs_imaginary` are the probabilities of as few changes of sign of
    the residual if it were noise. `consistent` means that no end was cut, strays are few and the residual looks like
    noise.
    """

    frequency_Hz: Reals
    residual: Complexes
    noise: Reals
    kept: Flags
    cut: Flags
    outlier: Flags
    order: int
    mu: float
    runs_real: float
    runs_imaginary: float

    @property
    def consistent(self) -> bool:
        """The spectrum agrees with the Kramers-Kronig relations within its noise. It may have drifted all the same."""
        strays = int(self.outlier.sum())
        whole = not self.cut.any() and strays <= MOST_STRAYS * len(self.kept)
        return whole and min(self.runs_real, self.runs_imaginary) >= RUNS_LEVEL

    @property
    def valid_range(self) -> tuple[float, float]:
        """Lower and upper end of the range that agrees, in Hz."""
        return float(self.frequency_Hz[~self.cut].min()), float(self.frequency_Hz[~self.cut].max())

    @property
    def rms(self) -> float:
        """Root mean square of the residual of the kept points, relative to |Z|, of one component."""
        return float(np.sqrt(np.mean(np.abs(self.residual[self.kept]) ** 2) / 2.0))

    @property
    def noise_per_decade(self) -> dict[int, float]:
        """Noise relative to |Z| by decade: the key d stands for 10^d Hz up to 10^(d+1) Hz."""
        decade = np.floor(np.log10(self.frequency_Hz) + 1e-9).astype(int)
        return {int(d): float(np.sqrt(np.mean(self.noise[decade == d] ** 2))) for d in np.unique(decade)}


def kramers_kronig(frequency_Hz: ArrayLike, impedance_ohm: ArrayLike) -> KramersKronig:
    """Test a spectrum; both arguments have shape (n,), in any order.

    The order is that of the smallest Bayes information criterion: mu alone stops too early on spectra of little noise,
    and the misfit would then be taken for noise. Raises ValueError for fewer than 10 points, for a frequency that is
    not positive and for an impedance that is zero or not finite.
    """
    frequency, impedance = ordered(frequency_Hz, impedance_ohm)
    n = len(frequency)
    if n < FEWEST_POINTS:
        raise ValueError(f"{n} points are too few for a Kramers-Kronig test, which needs {FEWEST_POINTS}")
    cut, outlier = np.zeros(n, bool), np.zeros(n, bool)
    kept, order, coefficients, residual = _fitted(frequency, impedance, cut | outlier)
    for _ in range(3):
        ends, strays = _breaches(frequency, residual, kept)
        ends, strays = cut | ends, (outlier | strays) & ~ends
        dropped = ends | strays
        if dropped.sum() > MOST_DROPPED * n or n - dropped.sum() < FEWEST_POINTS or not (dropped & kept).any():
            break
        cut, outlier = ends, strays
        kept, order, coefficients, residual = _fitted(frequency, impedance, dropped)
    return KramersKronig(
        frequency,
        residual,
        _noise(frequency, residual, kept, order + 3),
        kept,
        cut,
        outlier,
        order,
        overfitting(coefficients[1 : order + 1]),
        few_runs(residual[kept].real),
        few_runs(residual[kept].imag),
    )


def reference_order(frequency_Hz: ArrayLike, impedance_ohm: ArrayLike, limit: float = 0.85) -> tuple[int, float, Reals]:
    """Order, mu and coefficients (R0, R1, ...) in ohm as Schoenleber's program finds them.

    The real part alone is fitted, in units of |Z|, by a resistance and M RC elements with time constants spread evenly
    in the logarithm over 1/omega; M grows from 1 until mu is at most `limit` (50 elements at most).
    """
    frequency, impedance = ordered(frequency_Hz, impedance_ohm)
    size = np.abs(impedance)
    order, mu, coefficients = 0, 1.0, np.zeros(1)
    while mu > limit and order < 50:
        order += 1
        columns = _columns(frequency, frequency, order, 0.0)[:, : order + 1] / size[:, None]
        coefficients = np.asarray(np.linalg.pinv(columns.real) @ (impedance.real / size))
        mu = overfitting(coefficients[1:])
    return order, mu, coefficients


def ordered(frequency_Hz: ArrayLike, impedance_ohm: ArrayLike) -> tuple[Reals, Complexes]:
    """A spectrum by falling frequency, both of shape (n,); ValueError where a figure can belong to no spectrum."""
    frequency = np.asarray(frequency_Hz, dtype=np.float64)
    impedance = np.asarray(impedance_ohm, dtype=np.complex128)
    if frequency.ndim != 1 or frequency.shape != impedance.shape:
        raise ValueError(f"frequencies of shape {frequency.shape} do not go with impedances of shape {impedance.shape}")
    if not (np.isfinite(frequency).all() and (frequency > 0.0).all()):
        raise ValueError("every frequency must be finite and above 0 Hz")
    if not (np.isfinite(impedance).all() and (impedance != 0.0).all()):
        raise ValueError("every impedance must be finite and not 0")
    falling = np.argsort(-frequency, kind="stable")
    return frequency[falling], impedance[falling]


def overfitting(resistances: Reals) -> float:
    """mu = 1 - (sum of the negative) / (sum of the positive coefficients), sizes taken (Schoenleber 2014, eq. 21)."""
    positive = float(resistances[resistances > 0.0].sum())
    return 1.0 + float(resistances[resistances < 0.0].sum()) / positive if positive else 0.0


def few_runs(values: Reals) -> float:
    """Probability of as few runs of one sign, or fewer, in noise (Wald and Wolfowitz 1940, normal approximation)."""
    signs = values > 0.0
    up, down = int(signs.sum()), int((~signs).sum())
    if min(up, down) == 0:
        # All on one side: as likely as heads every time.
        return float(0.5 ** max(len(values) - 1, 0))
    n = up + down
    runs = 1 + int(np.count_nonzero(signs[1:] != signs[:-1]))
    mean = 1.0 + 2.0 * up * down / n
    variance = (mean - 1.0) * (mean - 2.0) / (n - 1)
    if variance <= 0.0:
        return 1.0
    return 0.5 * math.erfc((mean - runs - 0.5) / math.sqrt(2.0 * variance))


def _columns(frequency: Reals, span: Reals, order: int, reach: float) -> Complexes:
    """Resistance, `order` RC elements over the range of `span`, inductance and capacitance, shape (n, order + 3).

    In units of an ohm at the ends of `span`.
    """
    omega = 2.0 * np.pi * frequency
    high, low = 2.0 * np.pi * float(span.max()), 2.0 * np.pi * float(span.min())
    tau = np.geomspace(10.0**-reach / high, 10.0**reach / low, order) if order > 1 else np.array([1.0 / high])
    columns = np.empty((len(frequency), order + 3), np.complex128)
    columns[:, 0] = 1.0
    columns[:, 1 : order + 1] = 1.0 / (1.0 + 1j * np.outer(omega, tau))
    columns[:, order + 1] = 1j * omega / high
    columns[:, order + 2] = -1j * low / omega
    return columns


def _fitted(frequency: Reals, impedance: Complexes, dropped: Flags) -> tuple[Flags, int, Reals, Complexes]:
    """Points used, order, coefficients in ohm and relative residual of all points, of the best order."""
    kept = ~dropped
    size = np.abs(impedance)
    used, scale = frequency[kept], size[kept, None]
    target = _stacked((impedance[kept] / size[kept])[:, None])
    decades = float(np.log10(used[0] / used[-1])) + 2.0 * REACH
    rows = 2 * len(used)
    best: tuple[float, int, Reals] | None = None
    for order in sorted({min(max(round(decades * density), 1), rows // 3 - 3) for density in DENSITIES}):
        columns = _stacked(_columns(used, used, order, REACH) / scale)
        # The last corner of R is the norm of the residual: no order is solved for but the best.
        triangle: Reals = np.asarray(np.linalg.qr(np.hstack([columns, target]), mode="r"))
        # Figures carry seven digits at the best; without this floor noise-free data would ask for any order.
        mean_square = float(triangle[-1, -1]) ** 2 / rows + 1e-14
        criterion = rows * math.log(mean_square) + (order + 3) * math.log(rows)
        if best is None or criterion < best[0]:
            best = criterion, order, triangle
    assert best is not None
    _, order, triangle = best
    coefficients = np.linalg.lstsq(triangle[:-1, :-1], triangle[:-1, -1], rcond=1e-13)[0]
    # The grid belongs to the points used, also where points beyond them are compared.
    whole = _columns(frequency, used, order, REACH) @ coefficients
    return kept, order, coefficients, (impedance - whole) / size


def _stacked(columns: Complexes) -> Reals:
    """Real above imaginary parts, shape (2 n, m)."""
    return np.vstack([columns.real, columns.imag])


def _breaches(frequency: Reals, residual: Complexes, kept: Flags) -> tuple[Flags, Flags]:
    """Points of an end of the range that breaks the test, and single points elsewhere that do, both of shape (n,)."""
    parts = np.concatenate([residual[kept].real, residual[kept].imag])
    limit = max(DEVIATIONS * 1.4826 * float(np.median(np.abs(parts))), MATERIAL)
    broken = np.maximum(np.abs(residual.real), np.abs(residual.imag)) > limit
    broken &= kept
    ends = np.zeros(len(frequency), bool)
    position = np.log10(frequency)
    for distance in (position[kept].max() - position, position - position[kept].min()):
        # An artefact of leads or of drift fills an end: at least two points in its first decade.
        within = broken & (distance <= 1.0)
        if within.sum() >= 2:
            ends |= distance <= distance[within].max()
    return ends, broken & ~ends


def _noise(frequency: Reals, residual: Complexes, kept: Flags, parameters: int) -> Reals:
    """Standard deviation of a component relative to |Z| in a window of a decade around each point, shape (n,).

    Corrected for the fitted parameters. The windows hold some 20 figures, so half of the variance is that of the whole.
    """
    square = np.where(kept, np.abs(residual) ** 2 / 2.0, 0.0)
    count = int(kept.sum())
    freedom = max(1.0 - parameters / (2.0 * count), 0.2)
    position = np.log10(frequency)
    near = (np.abs(position[:, None] - position[None, :]) <= 0.5) & kept[None, :]
    local = (near @ square) / np.maximum(near.sum(axis=1), 1)
    whole = float(square.sum()) / count
    return np.asarray(np.sqrt((0.5 * local + 0.5 * whole) / freedom))
