"""A distribution of relaxation times, for pictures and to propose peaks; never the source of a resistance.

Non-negative least squares on Debye relaxations of a dense grid, with a resistance, an inductance and a capacitance in
series and a penalty on the second differences (A. N. Tikhonov and V. Y. Arsenin, 1977; for impedance T. H. Wan et al.,
Electrochim. Acta 184 (2015) 483). The penalty is the largest that still fits the points as well as their noise allows
(discrepancy principle, V. A. Morozov, 1966).
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike

from diagnose.measurement.chain import Reals, points, stacked
from diagnose.measurement.kramerskronig import KramersKronig, kramers_kronig

PER_DECADE, BEYOND = 10, 0.5
# Penalties from strong to weak, and how far above the noise the misfit may be.
PENALTIES = tuple(10.0**power for power in np.arange(1.0, -4.5, -0.5))
MISFIT, FINEST = 1.15, 1e-3
# A peak counts with this share of the whole resistance.
LEAST_PEAK = 0.005


@dataclass(frozen=True)
class Peak:
    """One peak: where it is highest, and the resistance between the valleys beside it."""

    frequency_Hz: float
    R_ohm: float


@dataclass(frozen=True, eq=False)
class Relaxation:
    """A distribution: gamma in ohm per unit of ln tau, so its area is a resistance. With a `reason` it is empty."""

    reason: str = ""
    tau_s: Reals = field(default_factory=lambda: np.empty(0))
    """Shape (g,), rising."""
    gamma_ohm: Reals = field(default_factory=lambda: np.empty(0))
    """Shape (g,), not negative."""
    peaks: tuple[Peak, ...] = ()
    """By falling frequency."""
    series_ohm: float = 0.0
    inductance_H: float = 0.0
    elastance_per_F: float = 0.0
    """One over the capacitance in series, 0 for none."""
    penalty: float = 0.0
    rms: float = 0.0
    """Misfit of one part of a point, as a share of the modulus."""


def relaxation_times(f: ArrayLike, z: ArrayLike, *, kk: KramersKronig | None = None) -> Relaxation:
    """The distribution of relaxation times of a spectrum. f: Hz, shape (n,); z: ohm, shape (n,); in any order.
    kk: the test of the same spectrum, when it is at hand.

    Raises ValueError for arrays of unequal shape.
    """
    from scipy.optimize import nnls

    test = kramers_kronig(f, z) if kk is None else kk
    if not test.consistent:
        return Relaxation(test.reason)
    data = points(f, z)
    margin, decade = BEYOND * math.log(10.0), math.log(10.0)
    first, last = -data.log_w[0] - margin, -data.log_w[-1] + margin
    count = max(3, 1 + round(PER_DECADE * (last - first) / decade))
    grid = np.linspace(first, last, count)
    jw = 1j * np.exp(data.log_w)
    made = np.empty((len(jw), 3 + count), dtype=np.complex128)
    made[:, 0], made[:, 1], made[:, 2] = 1.0, jw / abs(jw[0]), 1.0 / jw
    made[:, 3:] = 1.0 / (1.0 + jw[:, None] * np.exp(grid))
    matrix = stacked(made * data.weights[:, None], axis=0)
    target = stacked(data.z * data.weights)
    # In steps of the grid, of the size of gamma relative to the polarisation seen, so that penalties mean the same.
    size = max(float(np.ptp(data.z.real)), 1e-3 * float(np.abs(data.z).max()))
    smooth = np.zeros((count, 3 + count))
    smooth[:, 3:] = (np.diag(np.full(count, -2.0)) + np.eye(count, k=1) + np.eye(count, k=-1)) / size
    wanted = MISFIT * max(test.rms, FINEST)
    found, rms, used = np.zeros(3 + count), math.inf, 0.0
    for penalty in PENALTIES:
        both = np.concatenate([matrix, penalty * PER_DECADE * smooth])
        try:
            found = nnls(both, np.concatenate([target, np.zeros(count)]), maxiter=30 * both.shape[1])[0]
        except RuntimeError:
            continue
        used, rms = penalty, float(np.sqrt(np.mean((matrix @ found - target) ** 2)))
        if rms <= wanted:
            break
    if not used:
        return Relaxation("the distribution could not be found: the least squares did not arrive")
    tau, part = np.exp(grid) / data.rate, found[3:] * data.scale
    return Relaxation(
        tau_s=tau,
        gamma_ohm=part / (grid[1] - grid[0]),
        peaks=_peaks(tau, part),
        series_ohm=float(found[0]) * data.scale,
        inductance_H=float(found[1]) * data.scale / (data.rate * abs(jw[0])),
        elastance_per_F=float(found[2]) * data.scale * data.rate,
        penalty=used,
        rms=rms,
    )


def _peaks(tau: Reals, part: Reals) -> tuple[Peak, ...]:
    """Maxima inside the grid, each with what lies between its valleys."""
    total, made = float(part.sum()), []
    top = np.flatnonzero((part[1:-1] > part[:-2]) & (part[1:-1] >= part[2:])) + 1
    if not len(top):
        return ()
    valleys = [int(left + np.argmin(part[left:right])) for left, right in itertools.pairwise(top)]
    edges = [0, *valleys, len(part)]
    for place, (left, right) in zip(top.tolist(), itertools.pairwise(edges), strict=True):
        R = float(part[left:right].sum())
        if LEAST_PEAK * total < R:
            made.append(Peak(float(1.0 / (2.0 * math.pi * tau[place])), R))
    return tuple(made)
