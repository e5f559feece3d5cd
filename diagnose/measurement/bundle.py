"""Several chains of one shape refined together, with some parameters the same in all.

Levenberg and Marquardt's method in logarithms; the blocks of the single spectra are eliminated first, as in bundle
adjustment (B. Triggs et al., LNCS 1883 (2000) 298), so that the effort grows with the number of spectra only.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from diagnose.measurement.chain import Points, Reals, Shape, columns, stacked
from diagnose.measurement.solution import bounds, inverse

# Most steps, the fall of the sum of squares at which they end, and the least logarithm of an amplitude.
STEPS, ARRIVED, LEAST_LOG = 40, 1e-8, -30.0


class Series(NamedTuple):
    """The spectra on one scale, padded to equal length with points of no weight."""

    shape: Shape
    log_w: Reals
    """Shape (m, n)."""
    target: Reals
    """Shape (m, 2 n): weighted."""
    weights: Reals
    """Shape (m, n)."""
    low: Reals
    """Shape (p,): bounds of the logarithms, as of the high ones."""
    high: Reals

    def some(self, place: int) -> Series:
        """One spectrum of it."""
        only = slice(place, place + 1)
        return self._replace(log_w=self.log_w[only], target=self.target[only], weights=self.weights[only])


class State(NamedTuple):
    """Logarithms of amplitudes, C, n and tail of each spectrum, shape (m, p), and what they leave."""

    logs: Reals
    rest: Reals
    """Shape (m, 2 n)."""
    slopes: Reals
    """Shape (m, 2 n, p)."""
    cost: float


def padded(data: list[Points], shape: Shape) -> Series:
    longest = max(len(each.rows) for each in data)
    log_w, weights = np.zeros((len(data), longest)), np.zeros((len(data), longest))
    target = np.zeros((len(data), longest), dtype=np.complex128)
    for place, each in enumerate(data):
        count = len(each.rows)
        log_w[place, :count], weights[place, :count] = each.log_w, each.weights
        target[place, :count] = each.z * each.weights
    widest = np.array([bounds(each, shape) for each in data])
    free = np.full(len(shape.amplitudes), 600.0)
    low, high = (
        np.append(0.0 * free + LEAST_LOG * 2, widest[:, 0].min(axis=0)),
        np.append(free, widest[:, 1].max(axis=0)),
    )
    start = len(free)
    low[start : start + shape.arcs], high[start : start + shape.arcs] = -600.0, 600.0
    return Series(shape, log_w, stacked(target), weights, low, high)


def state_of(series: Series, logs: Reals) -> State:
    """Residuals and slopes in amplitudes at constant C, in C, n and tail; tau = R C."""
    shape, count = series.shape, series.shape.arcs
    start, first = len(shape.amplitudes), shape.resistance + shape.inductance
    amplitude, theta = np.exp(logs[:, :start]), logs[:, start:].copy()
    theta[:, :count] += logs[:, first : first + count]
    made = columns(shape, series.log_w, theta)
    linear = made.values * amplitude[:, None, :]
    other = made.slopes * amplitude[:, None, shape.owners]
    model = linear.sum(axis=2)
    linear[:, :, first : first + count] += other[:, :, :count]
    slopes = stacked(np.concatenate([linear, other], axis=2) * series.weights[:, :, None], axis=1)
    rest = series.target - stacked(model * series.weights)
    return State(logs, rest, slopes, float((rest**2).sum()))


class Blocks(NamedTuple):
    """Inverse of the local blocks, shape (m, l, l), what couples them, and the inverse of the shared block."""

    inverse: Reals
    coupling: Reals
    """Shape (m, l, s): inverse times the mixed block."""
    shared: Reals
    """Shape (s, s)."""


def blocks_of(state: State, local: NDArray[np.intp], shared: NDArray[np.intp], damping: float) -> Blocks:
    own, common = state.slopes[:, :, local], state.slopes[:, :, shared]
    normal, mixed = own.swapaxes(1, 2) @ own, own.swapaxes(1, 2) @ common
    normal += (damping * np.einsum("mll->ml", normal) + 1e-13)[:, :, None] * np.eye(len(local))
    made = np.array([inverse(each) for each in normal])
    coupling = made @ mixed
    whole = np.einsum("mns,mnt->st", common, common)
    whole += np.diag(damping * np.diag(whole) + 1e-13) - np.einsum("mls,mlt->st", mixed, coupling)
    return Blocks(made, coupling, inverse(whole))


def refined(series: Series, logs: Reals, free: NDArray[np.bool_], shared: NDArray[np.bool_]) -> State:
    """The least squares of all spectra. free, shared: shape (p,), parameters that move, and that are one for all."""
    state, damping = state_of(series, logs), 1e-3
    local, common = np.flatnonzero(free & ~shared), np.flatnonzero(free & shared)
    for _ in range(STEPS):
        blocks = blocks_of(state, local, common, damping)
        slope = np.einsum("mnp,mn->mp", state.slopes, state.rest)
        own = slope[:, local]
        together = slope[:, common].sum(axis=0) - np.einsum("mls,ml->s", blocks.coupling, own)
        step = np.zeros_like(state.logs)
        step[:, common] = blocks.shared @ together
        step[:, local] = np.einsum("mlk,mk->ml", blocks.inverse, own) - blocks.coupling @ step[0, common]
        new = state_of(series, np.clip(state.logs + np.clip(step, -1.0, 1.0), series.low, series.high))
        fall = state.cost - new.cost
        if fall >= 0:
            state, damping = new, 0.1 * damping
        else:
            damping *= 10.0
        if 0 <= fall <= ARRIVED * new.cost or damping > 1e5:
            break
    return state
