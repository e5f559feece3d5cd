"""The model of a spectrum: resistance, inductance, arcs and a tail in series; its impedance and its slopes.

An arc is a ZARC, Z = R / (1 + (j w tau)^n), written in R, tau and n because these are far less correlated than R, Q
and n (Q = tau^n / R). Its capacitance tau / R equals (Q R^(1-n))^(1/n): G. J. Brug et al., J. Electroanal. Chem. 176
(1984) 275; C. H. Hsu and F. Mansfeld, Corrosion 57 (2001) 747. Tails: finite diffusion after J. R. Macdonald and
E. Barsoukov, Impedance Spectroscopy; the line is that of R. de Levie, Electrochim. Acta 8 (1963) 751, with a ZARC along
the pore wall (J. Bisquert, J. Phys. Chem. B 106 (2002) 325).

Every element is an amplitude times a function of frequency, so amplitudes are found by linear least squares
(G. Golub and V. Pereyra, SIAM J. Numer. Anal. 10 (1973) 413; slopes after L. Kaufman, BIT 15 (1975) 49).
All functions take a leading axis: many starts, or many spectra, at once.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

Reals = NDArray[np.float64]
Complexes = NDArray[np.complex128]
Tail = Literal["none", "blocking", "semi_infinite", "open", "short", "line"]

# What shapes a tail besides its amplitude. Amplitudes are resistances, but of a blocking tail it is Q, S s^n, and of
# semi-infinite diffusion the coefficient W of Z = W / sqrt(j w), ohm s^-0.5.
SHAPED: dict[Tail, tuple[str, ...]] = {
    "none": (),
    "blocking": ("n",),
    "semi_infinite": (),
    "open": ("tau",),
    "short": ("tau",),
    "line": ("ratio", "tau", "n"),
}
AMPLITUDE: dict[Tail, str] = {
    "none": "",
    "blocking": "tail.Q",
    "semi_infinite": "tail.W",
    "open": "tail.R",
    "short": "tail.R",
    "line": "tail.R",
}
# Frequencies an instrument can have, and the largest exponent that is still worked out.
LOWEST_HZ, HIGHEST_HZ = 1e-9, 1e15
LARGEST = 300.0
QUARTER = 0.5j * math.pi
# Steps of a search, the fall of the sum of squares at which a start has arrived, and how many must arrive together.
STEPS, ARRIVED, AGREED, TOGETHER = 40, 1e-5, 3, 1e-3
# After so many steps, starts so many times worse than the best are given up.
PATIENCE, HOPELESS = 6, 30.0


@dataclass(frozen=True)
class Shape:
    """Which elements stand in series: resistance, inductance, a number of arcs, and a tail."""

    arcs: int
    tail: Tail = "none"
    resistance: bool = True
    inductance: bool = False

    def __post_init__(self) -> None:
        if self.arcs < 0 or self.tail not in SHAPED:
            raise ValueError(f"no such shape: {self.arcs} arcs with tail {self.tail!r}; tails: {', '.join(SHAPED)}")

    @property
    def names(self) -> tuple[str, ...]:
        """Parameters in the order of values: R0 ohm, L H, R ohm of each arc, tail amplitude; then tau s, n, tail."""
        arcs = range(1, self.arcs + 1)
        shaped = [f"tail.{name}" for name in SHAPED[self.tail]]
        return (*self.amplitudes, *(f"tau{k}" for k in arcs), *(f"n{k}" for k in arcs), *shaped)

    @property
    def amplitudes(self) -> tuple[str, ...]:
        """Those parameters that the impedance is linear in (of a blocking tail, in 1/Q)."""
        first = ["R0"] * self.resistance + ["L"] * self.inductance
        last = [AMPLITUDE[self.tail]] if self.tail != "none" else []
        return (*first, *(f"R{k}" for k in range(1, self.arcs + 1)), *last)

    @property
    def owners(self) -> NDArray[np.intp]:
        """For each parameter that is not an amplitude, the place of the amplitude of its element."""
        first = self.resistance + self.inductance
        arcs = np.arange(first, first + self.arcs)
        return np.concatenate([arcs, arcs, np.full(len(SHAPED[self.tail]), first + self.arcs)]).astype(np.intp)


class Columns(NamedTuple):
    """Each element with amplitude one. s starts, n points, m elements, q parameters that are not amplitudes."""

    values: Complexes
    """Shape (s, n, m)."""
    slopes: Complexes
    """Shape (s, n, q): slope of the owning element in the logarithm of the parameter."""


def columns(shape: Shape, log_w: Reals, theta: Reals) -> Columns:
    """The elements of a chain. log_w: shape (n,) or (s, n), ln of the angular frequency; theta: shape (s, q), logs."""
    starts = len(theta)
    log_w = np.broadcast_to(log_w, (starts, log_w.shape[-1]))
    count, first = shape.arcs, shape.resistance + shape.inductance
    made = np.empty((*log_w.shape, len(shape.amplitudes)), dtype=np.complex128)
    slopes = np.empty((*log_w.shape, theta.shape[1]), dtype=np.complex128)
    if shape.resistance:
        made[..., 0] = 1.0
    if shape.inductance:
        made[..., first - 1] = 1j * np.exp(log_w)
    if count:
        exponent = np.exp(theta[:, None, count : 2 * count])
        power: Complexes = exponent * (log_w[..., None] + theta[:, None, :count] + QUARTER)
        arc = 1.0 / (1.0 + _exp(power))
        made[..., first : first + count] = arc
        falling = arc * (arc - 1.0)
        slopes[..., :count] = exponent * falling
        slopes[..., count : 2 * count] = power * falling
    if shape.tail != "none":
        made[..., -1], slopes[..., 2 * count :] = _tail(shape.tail, log_w, theta[:, None, 2 * count :])
    return Columns(made, slopes)


def _exp(power: Complexes) -> Complexes:
    if power.size and np.abs(power.real).max() > LARGEST:
        power = np.clip(power.real, -LARGEST, LARGEST) + 1j * power.imag
    made: Complexes = np.exp(power)
    return made


def _tail(tail: Tail, log_w: Reals, theta: Reals) -> tuple[Complexes, Complexes]:
    """A tail of amplitude one, shape (s, n), and its slopes, shape (s, n, parameters)."""
    log_jw = np.asarray(log_w + QUARTER, dtype=np.complex128)
    if tail == "semi_infinite":
        return _exp(-0.5 * log_jw), np.empty((*log_w.shape, 0), dtype=np.complex128)
    if tail == "blocking":
        power = np.exp(theta[..., 0]) * log_jw
        value = _exp(-power)
        return value, (-power * value)[..., None]
    if tail == "line":
        exponent = np.exp(theta[..., 2])
        power = exponent * (log_jw + theta[..., 1])
        wall = _exp(power)
        root = np.sqrt((1.0 + wall) * np.exp(-theta[..., 0]))
        value, slope = _open(root)
        share = 0.5 * slope * wall / (1.0 + wall)
        return value, np.stack([-0.5 * slope, exponent * share, power * share], axis=-1)
    root = _exp(0.5 * (log_jw + theta[..., 0]))
    if tail == "open":
        value, slope = _open(root)
    else:
        tanh = 1.0 / _coth(root)
        value, slope = tanh / root, 1.0 - tanh * tanh - tanh / root
    return value, (0.5 * slope)[..., None]


def _coth(root: Complexes) -> Complexes:
    small = np.expm1(-2.0 * (np.minimum(root.real, LARGEST) + 1j * root.imag))
    made: Complexes = -(2.0 + small) / small
    return made


def _open(root: Complexes) -> tuple[Complexes, Complexes]:
    """coth(u) / u and its slope in ln u."""
    coth = _coth(root)
    return coth / root, 1.0 - coth * coth - coth / root


def impedance(shape: Shape, values: ArrayLike, f: ArrayLike) -> Complexes:
    """Impedance in ohm of a chain, shape (n,). values: in the order of `shape.names`; f: in Hz, shape (n,)."""
    amplitude, theta, log_w = _split(shape, values, f)
    return np.asarray(columns(shape, log_w, theta).values[0] @ amplitude, dtype=np.complex128)


def jacobian(shape: Shape, values: ArrayLike, f: ArrayLike) -> Complexes:
    """Slopes of the impedance in the logarithms of the values, in ohm, shape (n, parameters)."""
    amplitude, theta, log_w = _split(shape, values, f)
    made = columns(shape, log_w, theta)
    linear = made.values[0] * amplitude
    if shape.tail == "blocking":
        linear[:, -1] *= -1.0
    return np.concatenate([linear, made.slopes[0] * amplitude[shape.owners]], axis=1)


def _split(shape: Shape, values: ArrayLike, f: ArrayLike) -> tuple[Reals, Reals, Reals]:
    given = np.asarray(values, dtype=np.float64)
    if given.shape != (len(shape.names),) or not np.all(given > 0):
        raise ValueError(f"needs {len(shape.names)} values above 0: {', '.join(shape.names)}")
    count = len(shape.amplitudes)
    amplitude = given[:count].copy()
    if shape.tail == "blocking":
        amplitude[-1] = 1.0 / amplitude[-1]
    return amplitude, np.log(given[count:])[None, :], np.log(2.0 * np.pi * np.asarray(f, dtype=np.float64))


@dataclass(frozen=True, eq=False)
class Points:
    """The usable points of a spectrum, of falling frequency, scaled so that figures are near one."""

    rows: NDArray[np.intp]
    """Shape (n,): where they stood in what was given."""
    log_w: Reals
    """Shape (n,): ln of the angular frequency over `rate`."""
    z: Complexes
    """Shape (n,): impedance over `scale`."""
    scale: float
    rate: float
    """In rad/s: the lowest angular frequency."""
    distinct: int
    """Different frequencies."""

    @property
    def weights(self) -> Reals:
        """Shape (n,): one over the modulus, so that residuals are shares of it."""
        made: Reals = 1.0 / np.abs(self.z)
        return made

    def only(self, kept: NDArray[np.bool_]) -> Points:
        """Some of the points, with scale and rate as they were."""
        log_w = self.log_w[kept]
        return Points(self.rows[kept], log_w, self.z[kept], self.scale, self.rate, len(np.unique(log_w)))

    def rescaled(self, scale: float, rate: float) -> Points:
        """The same points on another scale."""
        log_w, z = self.log_w + math.log(self.rate / rate), self.z * (self.scale / scale)
        return Points(self.rows, log_w, z, scale, rate, self.distinct)

    def hertz(self, log_w: Reals) -> Reals:
        """Frequencies of scaled logarithms of the angular frequency."""
        made: Reals = np.exp(log_w) * self.rate / (2.0 * np.pi)
        return made


def points(f: ArrayLike, z: ArrayLike) -> Points:
    """The points of a spectrum that can be used: finite, frequency above 0, impedance not 0. In any order.

    f: Hz, shape (n,); z: ohm, shape (n,). Raises ValueError when the two do not have the same single axis.
    """
    frequency = np.asarray(f, dtype=np.float64)
    ohm = np.asarray(z, dtype=np.complex128)
    if frequency.ndim != 1 or frequency.shape != ohm.shape:
        raise ValueError(f"frequency and impedance need one axis of equal length, not {frequency.shape}, {ohm.shape}")
    size = np.maximum(np.abs(ohm.real), np.abs(ohm.imag))
    good = (frequency >= LOWEST_HZ) & (frequency <= HIGHEST_HZ) & (size > 1e-100) & (size < 1e100)
    rows = np.flatnonzero(good)
    rows = rows[np.argsort(-frequency[rows], kind="stable")]
    if not len(rows):
        return Points(rows, np.empty(0), np.empty(0, dtype=np.complex128), 1.0, 1.0, 0)
    scale, rate = float(np.median(size[rows])), 2.0 * math.pi * float(frequency[rows[-1]])
    # Impedances many decades below the others are noise of the analyser, and would rule when weighted by one over them.
    rows = rows[size[rows] > 1e-12 * scale]
    log_w = np.log(2.0 * np.pi * frequency[rows] / rate)
    return Points(rows, log_w, ohm[rows] / scale, scale, rate, len(np.unique(frequency[rows])))


def stacked(values: NDArray[Any], axis: int = -1) -> Reals:
    """Real parts, then imaginary parts, of complex figures along an axis."""
    return np.concatenate([values.real, values.imag], axis=axis)


class Found(NamedTuple):
    """What a search arrived at. s starts, m elements, q other parameters."""

    theta: Reals
    """Shape (s, q), logs."""
    amplitude: Reals
    """Shape (s, m)."""
    cost: Reals
    """Shape (s,): sum of squared weighted residuals."""


def search(shape: Shape, data: Points, starts: Reals, low: Reals, high: Reals, steps: int = STEPS) -> Found:
    """Variable projection from many starts at once, by Levenberg and Marquardt's method within bounds.

    starts: shape (s, q), logs of the parameters that are not amplitudes; low, high: shape (q,), their bounds.
    Amplitudes are not negative.
    """
    weights = data.weights
    target = stacked(data.z * weights)
    best = np.clip(starts, low, high)
    theta, alive = best.copy(), np.arange(len(best))
    amplitude, cost = np.zeros((len(best), len(shape.amplitudes))), np.full(len(best), np.inf)
    damping = np.full(len(best), 1e-2)
    normal = np.zeros((len(best), best.shape[1], best.shape[1]))
    slope = np.zeros_like(best)
    arrived = np.zeros(len(best), dtype=bool)
    for step in range(steps):
        made = columns(shape, data.log_w, theta)
        basis = stacked(made.values * weights[:, None], axis=1)
        linear, solver = amplitudes(basis, target)
        rest = target - (basis @ linear[..., None])[..., 0]
        new = (rest * rest).sum(axis=1)
        old = cost[alive]
        better = new < old
        done = np.where(better, old - new <= ARRIVED * new, damping[alive] > 1e4)
        won = alive[better]
        best[won], amplitude[won], cost[won] = theta[better], linear[better], new[better]
        damping[alive] *= np.where(better, 0.1, 8.0)
        arrived[alive] = done
        least = cost.min()
        agreed = np.count_nonzero(arrived & (cost <= (1.0 + TOGETHER) * least + 1e-20)) >= AGREED
        if theta.shape[1] == 0 or done.all() or agreed:
            break
        if len(won):
            turned = stacked(made.slopes[better] * weights[:, None], axis=1) * linear[better][:, None, shape.owners]
            flat = basis[better]
            turned -= flat @ (solver[better] @ (flat.swapaxes(1, 2) @ turned))
            normal[won] = turned.swapaxes(1, 2) @ turned
            slope[won] = (turned.swapaxes(1, 2) @ rest[better][..., None])[..., 0]
        alive = alive[~done & ((step < PATIENCE) | (cost[alive] < HOPELESS * least))]
        if not len(alive):
            break
        theta = np.clip(best[alive] + _steps(normal[alive], slope[alive], damping[alive]), low, high)
    return Found(best, amplitude, cost)


def _steps(normal: Reals, slope: Reals, damping: Reals) -> Reals:
    size = np.einsum("sqq->sq", normal)
    floor = 1e-12 + 1e-6 * size.max(axis=1, keepdims=True)
    damped = normal + (damping[:, None] * (size + floor) + 1e-300)[:, :, None] * np.eye(normal.shape[1])
    made: Reals = np.linalg.solve(damped, slope[..., None])[..., 0]
    return np.clip(made, -1.5, 1.5)


def amplitudes(basis: Reals, target: Reals) -> tuple[Reals, Reals]:
    """Amplitudes not below 0 by least squares, shape (s, m), and the inverse normal matrices, shape (s, m, m).

    Columns whose amplitude comes out negative are left out, twice; their part of the inverse is 0.
    """
    size = np.sqrt(np.einsum("snm,snm->sm", basis, basis)) + 1e-150
    scaled = basis / size[:, None, :]
    gram = scaled.swapaxes(1, 2) @ scaled
    right = (scaled.swapaxes(1, 2) @ target[:, None])[..., 0]
    unit = np.eye(gram.shape[1])
    inverse = np.linalg.inv(gram + 1e-11 * unit)
    linear = (inverse @ right[..., None])[..., 0]
    kept = np.ones(right.shape, dtype=bool)
    for _ in range(2):
        if linear.size == 0 or linear.min() >= 0:
            break
        kept &= linear > 0
        both = kept[:, :, None] & kept[:, None, :]
        inverse = np.linalg.inv(np.where(both, gram, 0.0) + (1e-11 + ~kept[:, :, None]) * unit)
        inverse = np.where(both, inverse, 0.0)
        linear = (inverse @ right[..., None])[..., 0]
    return np.maximum(linear, 0.0) / size, inverse / (size[:, :, None] * size[:, None, :])
