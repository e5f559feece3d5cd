"""The arcs of a spectrum, found without any guess, and what cannot be told apart or told at all.

Candidates come from non-negative least squares on a dictionary of relaxations; many starts are refined at once by
variable projection, and the best is polished in the logarithms of all parameters. Points are weighted by one over the
modulus. The order is the one of the least Bayesian information criterion, with the noise of the Kramers-Kronig test but
never less than MODEL_ERROR: real cells are no sums of ZARCs, and with less noise a fit would always ask for more arcs.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import NamedTuple, cast

import numpy as np
from numpy.typing import ArrayLike, NDArray

from diagnose.measurement.chain import Complexes, Points, Reals, Shape, Tail, columns, points, search
from diagnose.measurement.kramerskronig import KramersKronig, kramers_kronig, trimmed
from diagnose.measurement.lump import LEAST_ERROR, Arc, Lump, told
from diagnose.measurement.solution import DECADE, Solution, best_of, bounds, candidates_of, fixed, proposed

MODEL_ERROR = 0.004
# Most arcs, and most steps of a search while their number is looked for.
MOST_ARCS, STEPS = 4, 25
# A simpler shape is good enough when it leaves no more than this share of the modulus; how many of them are looked at.
GOOD_ENOUGH, SIMPLER = 0.01, 3
# Squares per figure, against those of the noise, above which the error is that of the model.
ERRS = 1.5
# Share of the modulus that a fit may leave, or its parameters mean nothing.
USELESS = 0.1
# Residuals of points at the ends that are strays: share of the modulus, and times the median.
STRAY, STRAY_TIMES = 0.05, 5.0
# How far below zero, as a share of the modulus, the real part of a passive cell may come out.
PASSIVE = 0.02
# How far the criterion may fall below what the Kramers-Kronig chain leaves by chance.
LUCK = 6.0
# Decades above the slowest point within which an arc may be the beginning of a tail, and where the time constants of
# tails with an end are started, in decades before the slowest; the ratio and exponent of porous electrodes.
SLOW, ENDS = 3.0, np.array([0.0, 1.0, 2.0])
# Squares per figure, against those of the noise, up to which a sum of arcs is left as it is.
NOISE_LEFT = 1.25
LINE_RATIO, LINE_N = (math.log(0.1),), (math.log(0.9),)
# Tails that are tried in place of a blocking one with an exponent about that of diffusion.
DIFFUSION_N = (0.35, 0.65)


@dataclass(frozen=True, eq=False)
class ArcFit:
    """What was found in a spectrum of n points. With a `reason` there are no parameters: the data do not tell."""

    kk: KramersKronig
    reason: str = ""
    arcs: tuple[Arc, ...] = ()
    """Arcs that stand alone, in order of falling frequency."""
    lumps: tuple[Lump, ...] = ()
    series_ohm: float | None = None
    sigma_series_ohm: float | None = None
    inductance_H: float | None = None
    sigma_inductance_H: float | None = None
    tail: Tail = "none"
    tail_values: Mapping[str, float] = field(default_factory=dict)
    """By name: Q in S s^n and n, W in ohm s^-0.5, R in ohm, tau in s, ratio of pore wall to pore."""
    tail_sigmas: Mapping[str, float] = field(default_factory=dict)
    shape: Shape | None = None
    values: Reals = field(default_factory=lambda: np.empty(0))
    """Shape (p,): all parameters, in the order of `shape.names`."""
    covariance: Reals = field(default_factory=lambda: np.empty((0, 0)))
    """Shape (p, p): of the natural logarithms of the values."""
    fitted_ohm: Complexes = field(default_factory=lambda: np.empty(0, dtype=np.complex128))
    """Shape (n,), in the order given; 0 in rows that were not usable."""
    residuals: Complexes = field(default_factory=lambda: np.empty(0, dtype=np.complex128))
    """Shape (n,): measured less fitted, as shares of the modulus."""
    low_Hz: float = 0.0
    high_Hz: float = 0.0
    """The range of the points that were fitted."""
    rms: float = 0.0
    """Root mean square of the parts of the residuals of the points that were fitted."""
    chi2: float = 0.0
    """Squared residuals against the noise of the test, per degree of freedom: over one, the model errs."""


def fit_arcs(f: ArrayLike, z: ArrayLike, shape: Shape | None = None, *, kk: KramersKronig | None = None) -> ArcFit:
    """The arcs of a spectrum, with order and tail as the data ask, or of the given shape.

    f: Hz, shape (n,); z: ohm, shape (n,); in any order. kk: the test of the same spectrum, when it is at hand. Raises
    ValueError for arrays of unequal shape.
    """
    test = kramers_kronig(f, z) if kk is None else kk
    if not test.consistent:
        return ArcFit(test, test.reason)
    whole = points(f, z)
    data = counted(whole, test)
    free = 2 * len(data.rows)
    if len(data.rows) < len(whole.rows) // 2:
        return ArcFit(test, "the real part is negative in most points, as in no passive cell: look at sign and columns")
    asked = 3 if shape is None else len(shape.names)
    if free <= asked:
        return ArcFit(test, f"too few points: {len(data.rows)} for {asked} parameters")
    best = _automatic(data, test) if shape is None else fixed(data, shape)
    if shape is None and (kept := _described(best)).sum() < len(kept):
        data = data.only(kept)
        best, free = _automatic(data, test), 2 * len(data.rows)
    left = math.sqrt(best.cost / free)
    if left > USELESS:
        return ArcFit(test, f"no {'such chain' if shape else 'chain of arcs'} describes it: {100 * left:.0f} % is left")
    return _result(best, whole, data, test, np.size(f))


def counted(whole: Points, test: KramersKronig) -> Points:
    """The points that count: inside the valid range, not out of line, of a real part that a passive cell can have."""
    frequency = whole.hertz(whole.log_w)
    kept = (frequency > test.valid_low_Hz * (1 - 1e-9)) & (frequency < test.valid_high_Hz * (1 + 1e-9))
    passive = whole.z.real > -PASSIVE * np.abs(whole.z)
    return whole.only(kept & passive & ~np.isin(whole.rows, test.outliers))


class _Order(NamedTuple):
    """A shape that was tried, what its search arrived at, and its criterion."""

    criterion: float
    cost: float
    shape: Shape
    theta: Reals
    amplitude: Reals


class _Judge(NamedTuple):
    """What fits are compared by: points, noise, and the share of the noise that even the best chain leaves."""

    data: Points
    noise: float
    share: float

    @property
    def figures(self) -> int:
        return 2 * len(self.data.rows)

    def criterion(self, cost: float, parameters: int) -> float:
        """Bayesian information criterion with known noise, G. Schwarz, Ann. Stat. 6 (1978) 461."""
        return cost / self.noise**2 + parameters * math.log(self.figures)

    def least(self, parameters: int) -> float:
        """What the criterion of a fit with so many parameters will hardly fall below."""
        return self.criterion(0.0, parameters) + self.share * (self.figures - parameters) - LUCK

    def of(self, found: Solution) -> float:
        return self.criterion(found.cost, len(found.shape.names))


def _automatic(data: Points, test: KramersKronig) -> Solution:
    """The fit of the shape with the least criterion; a simpler one that is good enough, if it tells more arcs alone."""
    noise = max(test.noise, MODEL_ERROR)
    judge = _Judge(data, noise, (test.noise / noise) ** 2)
    capacitive = -data.z[-1].imag > data.z[-1].real
    tried: list[_Order] = []
    for tail in cast(tuple[Tail, ...], ("blocking", "none") if capacitive else ("none", "blocking")):
        _try(judge, tail, tried)
    tried.sort(key=lambda each: each.criterion)
    best = _refined(judge, tried[0])
    # Where a sum of ZARCs describes the cell to within the noise, its order is the answer.
    errs = best.cost > ERRS * judge.figures * test.noise**2
    unclear = _unclear(best, data, test) if errs else 0
    simpler = [each for each in tried[1:] if each.shape.arcs < best.shape.arcs]
    for each in [order for order in simpler if order.cost <= judge.figures * GOOD_ENOUGH**2][:SIMPLER]:
        if not unclear:
            break
        other = _refined(judge, each)
        left = _unclear(other, data, test)
        if left < unclear:
            best, unclear = other, left
    return _with_an_end(best, judge)


def _with_an_end(best: Solution, judge: _Judge) -> Solution:
    """Diffusion with an end, or a porous electrode, in place of slow arcs or a tail, where that describes it better.

    Each can be imitated by a few arcs and a constant phase element, which are then no arcs of the cell.
    """
    data, shape, theta = judge.data, best.shape, _theta(best)
    slowest = -data.log_w[-1]
    tau, n = theta[: shape.arcs], theta[shape.arcs : 2 * shape.arcs]
    slow = int(np.count_nonzero(tau > slowest - SLOW * DECADE))
    enough = best.cost <= NOISE_LEFT * judge.figures * judge.noise**2 * judge.share
    if shape.tail == "none" and (not slow or enough):
        return best
    for left in range(shape.arcs, max(shape.arcs - slow, 0) - 1, -1):
        kept = np.concatenate([tau[:left], n[:left]])
        for tail in cast(tuple[Tail, ...], ("open", "short", "line")):
            more = [[*LINE_RATIO, each, *LINE_N] if tail == "line" else [each] for each in slowest - ENDS * DECADE]
            starts = np.concatenate([np.broadcast_to(kept, (len(more), len(kept))), more], axis=1)
            other = replace(shape, arcs=left, tail=tail)
            if len(other.names) >= judge.figures:
                continue
            tried = best_of(data, other, starts)
            if judge.of(tried) < judge.of(best):
                best = tried
    return best


def _refined(judge: _Judge, order: _Order) -> Solution:
    """A shape without what came out as zero or does not pay, polished."""
    held = dict(zip(order.shape.amplitudes, order.amplitude > 0, strict=True))
    shape = replace(order.shape, resistance=bool(held["R0"]), inductance=bool(held["L"]))
    if not shape.names:
        shape = replace(shape, resistance=True)
    best = best_of(judge.data, shape, order.theta[None, :])
    for change in (_diffusive, _without_resistance, _without_inductance):
        for other, starts in change(best, judge.data):
            tried = best_of(judge.data, other, starts)
            if judge.of(tried) <= judge.of(best):
                best = tried
    return best


def _try(judge: _Judge, tail: Tail, tried: list[_Order]) -> None:
    """Add fits of more and more arcs with a tail, until one more cannot pay."""
    data = judge.data
    candidates = candidates_of(data, tail)
    smaller, least, worse = None, min((each.criterion for each in tried), default=math.inf), 0
    own = math.inf
    for count in range(MOST_ARCS + 1):
        shape = Shape(count, tail, inductance=True)
        size = len(shape.names)
        if tried and (size >= judge.figures or judge.least(size - 2) >= least or worse > 1):
            break
        found = search(shape, data, proposed(data, shape, candidates, smaller), *bounds(data, shape), STEPS)
        place = int(np.argmin(found.cost))
        smaller, amplitude, cost = found.theta[place], found.amplitude[place], float(found.cost[place])
        # Resistance and inductance that come out as zero are left out, and cost nothing.
        criterion = judge.criterion(cost, size - int(np.count_nonzero(amplitude[:2] == 0)))
        tried.append(_Order(criterion, cost, shape, smaller, amplitude))
        worse = 0 if criterion < own else worse + 1
        own, least = min(own, criterion), min(least, criterion)


def _described(best: Solution) -> NDArray[np.bool_]:
    """Points, shape (n,), without those at the ends that no chain came near though it did so to the others.

    At the highest frequencies leads and instrument can make what obeys Kramers and Kronig and yet is no part of a cell.
    """
    size = np.hypot(*best.residuals.reshape(2, -1))
    limit = max(STRAY, STRAY_TIMES * float(np.median(size)))
    return trimmed(size > limit, np.ones(len(size), dtype=bool))


def _unclear(best: Solution, data: Points, test: KramersKronig) -> int:
    """How many arcs of a fit do not stand alone."""
    return sum(len(lump.arcs) for lump in told(best, data, test.noise).lumps)


def _theta(found: Solution) -> Reals:
    return found.logs[len(found.shape.amplitudes) :]


def _diffusive(found: Solution, data: Points) -> list[tuple[Shape, Reals]]:
    """A blocking tail with the exponent of diffusion may be diffusion, without or with an end."""
    low, high = DIFFUSION_N
    if found.shape.tail != "blocking" or not low < found.part("tail.n") < high:
        return []
    arcs = _theta(found)[:-1]
    slow = -data.log_w[-1] + np.array([[-DECADE], [0.0], [DECADE]])
    ended = np.concatenate([np.broadcast_to(arcs, (3, len(arcs))), slow], axis=1)
    return [(replace(found.shape, tail="semi_infinite"), arcs[None, :]), (replace(found.shape, tail="open"), ended)]


def _without_resistance(found: Solution, data: Points) -> list[tuple[Shape, Reals]]:
    shape = replace(found.shape, resistance=False)
    return [(shape, _theta(found)[None, :])] if shape.names else []


def _without_inductance(found: Solution, data: Points) -> list[tuple[Shape, Reals]]:
    shape = replace(found.shape, inductance=False)
    return [(shape, _theta(found)[None, :])] if found.shape.inductance and shape.names else []


def _result(best: Solution, whole: Points, data: Points, test: KramersKronig, n: int) -> ArcFit:
    """The result in ohm, s and so on, with errors."""
    shape, free = best.shape, 2 * len(data.rows) - len(best.shape.names)
    names, made = shape.names, told(best, data, test.noise)
    values, covariance = made.values, made.covariance
    sigma = dict(zip(names, (values * np.sqrt(np.diag(covariance))).tolist(), strict=True))
    value = dict(zip(names, values.tolist(), strict=True))
    fitted = np.zeros(n, dtype=np.complex128)
    model = columns(shape, whole.log_w, _theta(best)[None, :]).values[0] @ np.exp(best.logs[: len(shape.amplitudes)])
    fitted[whole.rows] = model * whole.scale
    rest = np.zeros(n, dtype=np.complex128)
    rest[whole.rows] = (whole.z - model) * whole.weights
    tail = {name.removeprefix("tail."): value[name] for name in names if name.startswith("tail.")}
    return ArcFit(
        kk=test,
        arcs=made.alone,
        lumps=made.lumps,
        series_ohm=value.get("R0"),
        sigma_series_ohm=sigma.get("R0"),
        inductance_H=value.get("L"),
        sigma_inductance_H=sigma.get("L"),
        tail=shape.tail,
        tail_values=tail,
        tail_sigmas={name: sigma[f"tail.{name}"] for name in tail},
        shape=shape,
        values=values,
        covariance=covariance,
        fitted_ohm=fitted,
        residuals=rest,
        low_Hz=float(data.hertz(data.log_w).min()),
        high_Hz=float(data.hertz(data.log_w).max()),
        rms=math.sqrt(best.cost / (2 * len(data.rows))),
        chi2=best.cost / free / max(test.noise, LEAST_ERROR) ** 2,
    )
