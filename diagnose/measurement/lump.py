"""Arcs with errors in units that are measured, and which of them can be told alone.

Errors come from the normal matrix of a fit and from what its residuals and the Kramers-Kronig test say of the error of
a point. An arc stands alone when its resistance is well known, its peak lies in the measured range and its neighbours
are not too near; else it is part of a lump, of which the sum is known.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from diagnose.measurement.chain import Points, Reals, Shape
from diagnose.measurement.solution import Solution, inverse

# Least error of one part of a point: no instrument is better.
LEAST_ERROR = 1e-4
# What an arc needs to be told alone: relative error of R, distance to the next in decades, exponent.
KNOWN, APART, ARC_N = 0.3, 0.7, 0.5
# Correlation of two resistances, with the sign turned, from which one is known only with the other.
TRADED = 0.5


@dataclass(frozen=True)
class Arc:
    """One arc. C = tau / R is its effective capacitance, frequency that of its peak, n the exponent of the ZARC."""

    R_ohm: float
    sigma_R_ohm: float
    C_F: float
    sigma_C_F: float
    frequency_Hz: float
    sigma_frequency_Hz: float
    n: float
    sigma_n: float


@dataclass(frozen=True)
class Lump:
    """Arcs that cannot be told each alone, with the sum of their resistances and why."""

    arcs: tuple[Arc, ...]
    R_ohm: float
    sigma_R_ohm: float
    reason: str


class Told(NamedTuple):
    """Parameters of a fit in ohm, H, s and S s^n, the covariance of their logarithms, and the arcs among them."""

    values: Reals
    covariance: Reals
    alone: tuple[Arc, ...]
    lumps: tuple[Lump, ...]


def told(best: Solution, data: Points, noise: float) -> Told:
    """What a fit tells. noise: error of one part of a point as a share of the modulus, by the Kramers-Kronig test."""
    values, covariance = physical(best, data, covariance_of(best, 2 * len(data.rows), noise))
    value = dict(zip(best.shape.names, values.tolist(), strict=True))
    arcs = [_arc(k, best.shape, value, covariance) for k in range(1, best.shape.arcs + 1)]
    return Told(values, covariance, *_sorted_out(arcs, best.shape, covariance, data))


def covariance_of(best: Solution, count: int, noise: float) -> Reals:
    """Covariance of the logarithms of a fit to so many figures, shape (p, p)."""
    return inverse(best.normal) * correlated(best.cost / max(count - len(best.logs), 1), [best.residuals], noise)


def correlated(variance: float, residuals: Sequence[Reals], noise: float) -> float:
    """Variance of one part of a point, from its residuals, shape (2 n,) each, and not below the noise.

    Residuals that follow one another are fewer than they look: where their correlation r from point to point is beyond
    chance, the variance is multiplied by (1 + r) / (1 - r), as for a mean of a first-order autoregressive series.
    """
    squares, follow, count = 0.0, 0.0, 0
    for each in residuals:
        parts = each.reshape(2, -1)
        squares += float((parts**2).sum())
        follow += float((parts[:, 1:] * parts[:, :-1]).sum())
        count += each.size
    made = max(variance, noise**2, LEAST_ERROR**2)
    r = follow / squares if squares > 0 else 0.0
    return made * (1.0 + r) / (1.0 - r) if r > 2.0 / math.sqrt(count) else made


def physical(best: Solution, data: Points, covariance: Reals) -> tuple[Reals, Reals]:
    """Values in ohm, H, s and S s^n from those of scaled points, and the covariance of their logarithms."""
    names, logs = best.shape.names, best.logs.copy()
    turn = np.eye(len(names))
    rate = math.log(data.rate)
    for place, name in enumerate(names):
        if name == "L" or "tau" in name:
            logs[place] -= rate
        if name in ("R0", "L", "tail.R", "tail.W") or name.startswith("R"):
            logs[place] += math.log(data.scale)
        if name == "tail.W":
            logs[place] += 0.5 * rate
        if name == "tail.Q":
            # Z = A (j w / rate)^-n, so Q = rate^-n / A.
            exponent = math.exp(logs[names.index("tail.n")])
            logs[place] = -logs[place] - math.log(data.scale) - exponent * rate
            turn[place, place] = -1.0
            turn[place, names.index("tail.n")] = -exponent * rate
    return np.exp(np.clip(logs, -230.0, 230.0)), turn @ covariance @ turn.T


def _arc(k: int, shape: Shape, value: Mapping[str, float], covariance: Reals) -> Arc:
    r, t, e = (shape.names.index(f"{name}{k}") for name in ("R", "tau", "n"))
    ratio = covariance[t, t] + covariance[r, r] - 2.0 * covariance[r, t]
    R, tau, n = value[f"R{k}"], value[f"tau{k}"], value[f"n{k}"]
    C, peak = tau / R, 1.0 / (2.0 * math.pi * tau)
    sr, st, se, sc = (
        math.sqrt(max(each, 0.0)) for each in (covariance[r, r], covariance[t, t], covariance[e, e], ratio)
    )
    return Arc(R, R * sr, C, C * sc, peak, peak * st, n, n * se)


def _sorted_out(
    arcs: list[Arc], shape: Shape, covariance: Reals, data: Points
) -> tuple[tuple[Arc, ...], tuple[Lump, ...]]:
    """Arcs that stand alone, and the others in lumps with the neighbours that make their sum known best."""
    first = shape.resistance + shape.inductance
    R = np.array([arc.R_ohm for arc in arcs])
    spread = covariance[first : first + len(arcs), first : first + len(arcs)] * np.outer(R, R)
    decades = np.log10([arc.frequency_Hz for arc in arcs])
    high, low = np.log10(data.hertz(data.log_w[[0, -1]]))

    def relative(group: list[int]) -> float:
        return math.sqrt(max(float(spread[np.ix_(group, group)].sum()), 0.0)) / float(R[group].sum())

    def near(left: list[int], right: list[int]) -> bool:
        return len(left) == len(right) == 1 and bool(decades[left[0]] - decades[right[0]] < APART)

    def trade(left: list[int], right: list[int]) -> bool:
        """One of them is not well known, and what one loses the other wins."""
        shared = float(spread[np.ix_(left, right)].sum())
        own = float(spread[np.ix_(left, left)].sum() * spread[np.ix_(right, right)].sum())
        return max(relative(left), relative(right)) > KNOWN and shared < -TRADED * math.sqrt(own)

    odd = {k: "its peak is outside the measured range" for k in range(len(arcs)) if not low <= decades[k] <= high}
    for k, arc in enumerate(arcs):
        if arc.n < ARC_N:
            odd.setdefault(k, f"its exponent is below {ARC_N}: more like diffusion or a line than an arc")
    groups = [[k] for k in range(len(arcs))]
    while True:
        pairs = [
            (relative(left + right), place)
            for place, (left, right) in enumerate(itertools.pairwise(groups))
            if not odd.keys() & {*left, *right} and (near(left, right) or trade(left, right))
        ]
        if not pairs:
            break
        place = min(pairs)[1]
        groups[place : place + 2] = [groups[place] + groups[place + 1]]
    alone, lumps = [], []
    for group in groups:
        reason = odd.get(group[0], "")
        if len(group) > 1:
            reason = "these arcs overlap: their sum is better known than each"
        elif not reason and relative(group) > KNOWN:
            reason = "its resistance is not well known"
        if reason:
            total = float(R[group].sum())
            lumps.append(Lump(tuple(arcs[k] for k in group), total, total * relative(group), reason))
        else:
            alone.append(arcs[group[0]])
    return tuple(alone), tuple(lumps)
