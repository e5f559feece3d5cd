"""The best fit of one shape to a spectrum, without any guess.

Candidates come from non-negative least squares on a dictionary of relaxations (as in a distribution of relaxation
times); many starts are refined at once by variable projection, and the best is polished by Levenberg and Marquardt's
method in the logarithms of all parameters, whose normal matrix then gives the errors.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass

import numpy as np

from diagnose.measurement.chain import SHAPED, Points, Reals, Shape, Tail, columns, search, stacked

# Most starts without a tail that has a time constant; with one there are twice as many.
STARTS = 10
# The dictionary: relaxations per decade and their exponent; exponents of its blocking tails.
PER_DECADE, EXPONENT, TAILS = 5, 0.88, (0.5, 0.7, 0.85, 1.0)
DECADE = math.log(10.0)
# Bounds of exponents of arcs and tails, and how many decades a peak may lie outside the range while searching.
LEAST_N, LEAST_TAIL_N, OUTSIDE = 0.4, 0.25, 1.0
POLISH_STEPS = 25


@dataclass(frozen=True, eq=False)
class Solution:
    """Parameters of a chain for scaled points, with their logarithms' normal matrix."""

    shape: Shape
    logs: Reals
    """Shape (p,): ln of amplitudes, then of the other parameters."""
    normal: Reals
    """Shape (p, p)."""
    cost: float
    residuals: Reals
    """Shape (2 n,): weighted."""
    slope: Reals
    """Shape (p,): minus half the slope of the cost in the logarithms."""

    def part(self, name: str) -> float:
        """The value of a parameter of the scaled points."""
        return math.exp(self.logs[self.shape.names.index(name)])


def fixed(data: Points, shape: Shape) -> Solution:
    """The best fit of one shape."""
    return best_of(data, shape, proposed(data, shape, candidates_of(data, shape.tail)))


def bounds(data: Points, shape: Shape) -> tuple[Reals, Reals]:
    """Bounds of the parameters that are not amplitudes, shape (q,) each, as logarithms."""
    first, last = -data.log_w[0], -data.log_w[-1]
    out = OUTSIDE * DECADE
    low = [first - out] * shape.arcs + [math.log(LEAST_N)] * shape.arcs
    high = [last + out] * shape.arcs + [0.0] * shape.arcs
    for name in SHAPED[shape.tail]:
        below, above = {
            "n": (math.log(LEAST_TAIL_N), 0.0),
            "tau": (first, last + 3 * DECADE),
            "ratio": (-3 * DECADE, 3 * DECADE),
        }[name]
        low.append(below)
        high.append(above)
    return np.array(low), np.array(high)


def candidates_of(data: Points, tail: Tail) -> list[float]:
    """ln tau of relaxations that non-negative least squares finds, those that matter most first."""
    from scipy.optimize import nnls

    first, last = -data.log_w[0] - 0.5 * DECADE, -data.log_w[-1] + 0.5 * DECADE
    grid = np.linspace(first, last, max(2, round(PER_DECADE * (last - first) / DECADE)))
    dictionary = Shape(len(grid), inductance=True)
    theta = np.concatenate([grid, np.full(len(grid), math.log(EXPONENT))])
    made = columns(dictionary, data.log_w, theta[None, :]).values[0]
    if tail != "none":
        power = np.array(TAILS) * (data.log_w[:, None] + 0.5j * math.pi)
        made = np.concatenate([made, np.exp(-power)], axis=1)
    weighted = made * data.weights[:, None]
    matrix = stacked(weighted, axis=0)
    size = np.sqrt(np.einsum("nm,nm->m", matrix, matrix)) + 1e-150
    try:
        found = nnls(matrix / size, stacked(data.z * data.weights))[0] / size
    except RuntimeError:
        # Its iterations can run out; places along the range then have to do.
        return []
    part = found[2 : 2 + len(grid)]
    weight = part * np.abs(weighted[:, 2 : 2 + len(grid)]).max(axis=0)
    groups: list[tuple[float, float]] = []
    for held, run in itertools.groupby(range(len(grid)), key=lambda place: part[place] > 0):
        if held:
            rows = list(run)
            groups.append((float(weight[rows].sum()), float(np.average(grid[rows], weights=part[rows]))))
    return [place for size_of, place in sorted(groups, reverse=True) if size_of > 1e-3]


def proposed(data: Points, shape: Shape, candidates: list[float], smaller: Reals | None = None) -> Reals:
    """Starts of a search, shape (s, q); `smaller` holds ln tau and ln n of a fit with one arc less."""
    count = shape.arcs
    if not count:
        return _with_tail(data, shape, [([], [])])
    first, last = -data.log_w[0], -data.log_w[-1]
    default = math.log(EXPONENT)
    made: list[tuple[list[float], list[float]]] = []
    if smaller is not None:
        taus = smaller[: count - 1].tolist()
        exponents = smaller[count - 1 : 2 * count - 2].tolist()
        ends = [first, *sorted(taus), last]
        gaps = sorted(itertools.pairwise(ends), key=lambda gap: gap[0] - gap[1])
        places = [0.5 * (low + high) for low, high in gaps[:3]]
        places += [place for place in candidates if all(abs(place - tau) > DECADE / 2 for tau in taus)][:2]
        made += [([*taus, place], [*exponents, default]) for place in places]
        # The arc that is widest may be two.
        wide = int(np.argmin(exponents)) if taus else -1
        if wide >= 0:
            rest = taus[:wide] + taus[wide + 1 :]
            made.append(([*rest, taus[wide] - 0.5 * DECADE, taus[wide] + 0.5 * DECADE], [default] * count))
    if len(candidates) >= count:
        subsets = sorted(itertools.combinations(range(min(len(candidates), count + 2)), count), key=sum)
        made += [([candidates[place] for place in subset], [default] * count) for subset in subsets]
    even = [first + (last - first) * (k + 0.5) / count for k in range(count)]
    fast = [first + 0.6 * (last - first) * (k + 0.5) / count for k in range(count)]
    known = candidates[:count]
    filled = known + [place for place in even if all(abs(place - each) > 0.3 * DECADE for each in known)]
    extra = [taus for taus in (filled[:count], even, fast) if len(taus) == count]
    made = made[: STARTS - len(extra)] + [(taus, [default] * count) for taus in extra]
    return _with_tail(data, shape, made)


def _with_tail(data: Points, shape: Shape, made: list[tuple[list[float], list[float]]]) -> Reals:
    """Starts with what shapes the tail; for tails that have a time constant, early and late."""
    tail = {"n": math.log(0.8), "ratio": 0.0}
    places = [-data.log_w[-1], -data.log_w[-1] - 2 * DECADE] if "tau" in SHAPED[shape.tail] else [0.0]
    rows = []
    for tau in places:
        shaped = [tau if name == "tau" else tail[name] for name in SHAPED[shape.tail]]
        rows += [[*taus, *exponents, *shaped] for taus, exponents in made]
    return np.array(rows, dtype=np.float64).reshape(len(rows), -1)


def best_of(data: Points, shape: Shape, starts: Reals) -> Solution:
    found = search(shape, data, starts, *bounds(data, shape))
    place = int(np.argmin(found.cost))
    return polished(data, shape, found.amplitude[place], found.theta[place])


def polished(data: Points, shape: Shape, amplitude: Reals, theta: Reals) -> Solution:
    """Levenberg and Marquardt's method in the logarithms of all parameters, from a good start; arcs in order."""
    count = len(amplitude)
    # No amplitude is so small that it makes less than a ten-millionth of the modulus: its logarithm stays finite.
    felt = columns(shape, data.log_w, theta[None, :]).values[0] * data.weights[:, None]
    least = 1e-7 / np.maximum(np.abs(felt).max(axis=0, initial=0.0), 1e-100)
    logs = np.concatenate([np.log(np.maximum(amplitude, least)), theta])
    low, high = bounds(data, shape)
    low, high = np.concatenate([np.full(count, -600.0), low]), np.concatenate([np.full(count, 600.0), high])
    damping, best = 1e-3, solution_at(data, shape, logs)
    for _ in range(POLISH_STEPS):
        size = np.diag(best.normal)
        matrix = best.normal + np.diag(damping * size + 1e-14 * size.max() + 1e-300)
        slope = best.slope
        held = ((best.logs <= low) & (slope < 0)) | ((best.logs >= high) & (slope > 0))
        matrix[held, :] = 0.0
        matrix[:, held] = 0.0
        matrix[held, held] = 1.0
        step = np.linalg.solve(matrix, np.where(held, 0.0, slope))
        new = solution_at(data, shape, np.clip(best.logs + np.clip(step, -1.0, 1.0), low, high))
        fall = best.cost - new.cost
        if fall > 0:
            best, damping = new, 0.1 * damping
        else:
            damping *= 10.0
        if 0 <= fall <= 1e-10 * best.cost or damping > 1e3:
            break
    return solution_at(data, shape, _sorted(shape, best.logs))


def _sorted(shape: Shape, logs: Reals) -> Reals:
    """The same chain with its arcs in order of falling frequency."""
    count, first = shape.arcs, shape.resistance + shape.inductance
    start = len(shape.amplitudes)
    order = np.argsort(logs[start : start + count], kind="stable")
    made: Reals = logs.copy()
    for begin in (first, start, start + count):
        made[begin : begin + count] = logs[begin : begin + count][order]
    return made


def _slopes(data: Points, shape: Shape, logs: Reals) -> tuple[Reals, Reals]:
    """Weighted model, shape (2 n,), and its slopes in the logarithms, shape (2 n, p)."""
    amplitude = np.exp(logs[: len(shape.amplitudes)])
    made = columns(shape, data.log_w, logs[None, len(amplitude) :])
    weights = data.weights[:, None]
    parts = np.concatenate([made.values[0] * amplitude, made.slopes[0] * amplitude[shape.owners]], axis=1) * weights
    slopes = stacked(parts, axis=0)
    return np.asarray(slopes[:, : len(amplitude)].sum(axis=1), dtype=np.float64), slopes


def solution_at(data: Points, shape: Shape, logs: Reals) -> Solution:
    model, slopes = _slopes(data, shape, logs)
    rest = stacked(data.z * data.weights) - model
    return Solution(shape, logs, slopes.T @ slopes, float(rest @ rest), rest, slopes.T @ rest)


def inverse(normal: Reals) -> Reals:
    """Inverse of a normal matrix; directions the data say nothing of get a large variance and not an infinite one."""
    size = np.sqrt(np.maximum(np.diag(normal), 1e-30))
    root, turned = np.linalg.eigh(normal / np.outer(size, size))
    made: Reals = (turned / np.maximum(root, 1e-12)) @ turned.T / np.outer(size, size)
    return made
