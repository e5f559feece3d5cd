"""Expected information of questions about the causes, from what their answers would do to the scores.

Hypotheses are the causes, of which one is looked for, and "none of these"; their weights are their odds. How likely an
answer is follows from the law of total probability: the chances of the causes after each answer, weighted by the shares
of the answers, must average to the chances as they are now. A sign that would speak strongly for a rare cause is
therefore rare itself. The information of a question is the mutual information of hypothesis and answer: never negative,
and zero only when no answer moves one cause against another.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
# An answer that rules a cause out makes it so many hundredths of a deciban less likely.
RULED_OUT = -3000.0
# What a mismatch of the average costs against leaving the usual shares; variances below the least count as that.
STRICTNESS, LEAST_VARIANCE = 20.0, 0.002
STEPS, LARGEST_STEP, SHORTEST, ENOUGH = 40, 2.0, 1e-6, 1e-4
TINY, ROUNDING = 1e-12, 1e-9
WIDTHS = (0, 5, 10, 32, 10_000)


@dataclass(frozen=True, eq=False)
class Told:
    """What some questions tell. n answers of all questions together, h hypotheses: the causes, then none of them."""

    bits: Floats
    """Shape (questions,)."""
    shares: Floats
    """Shape (n,): how likely each answer is among those of its question."""
    rest: Floats
    """Shape (questions,): how likely it is that none of the answers comes."""
    moves: Floats
    """Shape (n, h): by how many hundredths of a deciban an answer moves each hypothesis."""
    weights: Floats
    """Shape (h,): the weight of each hypothesis before the question."""


def told(totals: Floats, usual: Floats, sizes: Sequence[int], plain: Floats | None = None, rest: float = 0.0) -> Told:
    """What questions tell when their answers would bring the scores of m causes to `totals`.

    totals: shape (1 + n, m), log-odds in hundredths of a deciban, as they are now and after each answer; minus infinity
    for a cause that is out. usual: shape (n,), the share of each answer before anything is known; 0 for one that cannot
    be. sizes: how many answers each question has, in their order; none may be 0. plain: shape (1 + n, m), the log-odds
    as if no verdict left causes out, which says nothing of how rare an answer is; `totals` when not given.
    rest: the usual share of "none of these answers"; 0 where the answers leave nothing out.
    """
    alive = np.isfinite(totals[0])
    totals = np.where(alive, totals, -np.inf)
    chances = _chances(np.where(alive, totals if plain is None else plain, -np.inf))
    padded, now = _Padded(sizes), chances[0]
    scale = np.sqrt(np.maximum(now * (1.0 - now), LEAST_VARIANCE))
    shares = _shares(padded, usual, (chances[1:] - now) / scale, now / scale, (1.0 - now) / scale, rest)
    answered = shares[:, :-1][padded.used]
    weights = _weights(totals)
    moves = np.maximum(totals[1:] - np.where(alive, totals[0], 0.0), RULED_OUT)
    moves = np.append(np.where(alive, moves, 0.0), np.zeros((len(moves), 1)), axis=1)
    bits = _bits(padded, answered, shares[:, -1], weights[1:], weights[0])
    return Told(bits, answered, shares[:, -1], moves, weights[0])


class _Padded:
    """Answers of several questions, which follow one another, as rows of a table with a place for the rest."""

    def __init__(self, sizes: Sequence[int]) -> None:
        self.starts = np.concatenate([[0], np.cumsum(sizes)[:-1]]).astype(np.intp)
        self.used = np.arange(max(sizes, default=0)) < np.asarray(sizes)[:, None]

    def table(self, values: Floats, shape: tuple[int, ...] = ()) -> Floats:
        """Shape (questions, answers, *shape), zero where a question has no such answer."""
        made = np.zeros((*self.used.shape, *shape))
        made[self.used] = values
        return made

    def sums(self, values: Floats) -> Floats:
        """Sums over the answers of each question."""
        made: Floats = np.add.reduceat(values, self.starts, axis=0)
        return made


def _chances(totals: Floats) -> Floats:
    """The probability of each cause by itself, as a report shows it."""
    made: Floats = 1.0 / (1.0 + 10.0 ** (-np.clip(totals, -10_000.0, 10_000.0) / 1000.0))
    return np.where(np.isfinite(totals), made, 0.0)


def _weights(totals: Floats) -> Floats:
    """The odds of the hypotheses, which sum to one. Shape (n, m + 1)."""
    odds = np.where(np.isfinite(totals), 10.0 ** (np.clip(totals, -10_000.0, 10_000.0) / 1000.0), 0.0)
    odds = np.append(odds, np.ones((len(totals), 1)), axis=1)
    made: Floats = odds / odds.sum(axis=1, keepdims=True)
    return made


def _shares(padded: _Padded, usual: Floats, gaps: Floats, down: Floats, up: Floats, rest: float) -> Floats:
    """Shares near the usual ones under which the chances after the answers average to those before.

    gaps: shape (n, m), by how much each answer moves a chance; down and up, shape (m,), how far it could move at all;
    all in units that make causes comparable. Gives shape (questions, answers + 1), the rest last.
    """
    table = padded.table(usual)
    table /= np.maximum(table.sum(axis=1, keepdims=True), TINY)
    base = np.append(table * (1.0 - rest), np.full((len(table), 1), rest), axis=1)
    moved = padded.table(gaps, gaps.shape[1:])
    made: Floats = base.copy()
    widths = padded.used.sum(axis=1)
    # Questions of like size are solved together, so that short ones need not wait for long ones.
    for low, high in pairwise(WIDTHS):
        rows = np.flatnonzero((widths > low) & (widths <= high))
        if len(rows):
            used = np.append(np.arange(widths[rows].max()), base.shape[1] - 1)
            of = np.ix_(rows, used)
            made[of] = _Balance(base[of], moved[np.ix_(rows, used[:-1])], down, up).solved()
    return made


class _Balance:
    """The shares of q questions with up to a answers and a rest, as a convex problem; c causes.

    Minimises the relative entropy to the usual shares plus STRICTNESS / 2 times the squared mismatch of each cause, by
    Newton's method in the logarithms of the shares, with shorter steps where a step does not pay. What is left after
    "none of these" is not known, only that it is a probability: with a rest only a mismatch counts that it cannot take
    up.
    """

    def __init__(self, base: Floats, moved: Floats, down: Floats, up: Floats) -> None:
        """base: shape (q, a + 1), 0 for what cannot be. moved: shape (q, a, c). down, up: shape (c,)."""
        self.base, self.possible, self.moved = base, base > 0, moved
        self.down, self.up, self.rest = down, up, bool(base[:, -1].any())

    def solved(self) -> Floats:
        """The shares, shape (q, a + 1)."""
        pace = np.ones((len(self.base), 1))
        shares: Floats = self.base.copy()
        cost, slope, active = self._at(shares)
        going = np.ones(len(self.base), dtype=bool)
        for _ in range(STEPS):
            step = self._step(shares, slope, active)
            tried = np.where(self.possible, np.maximum(shares, TINY) * np.exp(pace * step), 0.0)
            tried /= np.maximum(tried.sum(axis=1, keepdims=True), TINY)
            new_cost, new_slope, new_active = self._at(tried)
            # Each question goes its own way, so that it does not depend on its neighbours.
            better = going & (new_cost <= cost)
            shares = np.where(better[:, None], tried, shares)
            cost = np.where(better, new_cost, cost)
            slope = np.where(better[:, None], new_slope, slope)
            active = np.where(better[:, None, None], new_active, active)
            going &= ~better | ((np.abs(pace * step) * shares).max(axis=1) >= ENOUGH)
            pace = np.where(better[:, None], np.minimum(2.0 * pace, 1.0), pace / 4.0)
            going &= pace[:, 0] > SHORTEST
            if not going.any():
                break
        return shares

    def _at(self, shares: Floats) -> tuple[Floats, Floats, Floats]:
        """What the shares cost, its slope in each share, and the moves of the chances that count."""
        active = np.append(self.moved, np.zeros((len(shares), 1, len(self.down))), axis=1)
        if self.rest:
            within, left = np.einsum("qa,qac->qc", shares[:, :-1], self.moved), shares[:, -1:]
            over, under = within - left * self.down > 0, within + left * self.up < 0
            active[:, -1] = np.where(over, -self.down, np.where(under, self.up, 0.0))
            active *= (over | under)[:, None, :]
        mismatch = np.einsum("qa,qac->qc", shares, active)
        distance = np.log(
            np.where(self.possible, np.maximum(shares, TINY), 1.0) / np.where(self.possible, self.base, 1.0)
        )
        cost = (shares * distance).sum(axis=1) + STRICTNESS / 2 * (mismatch**2).sum(axis=1)
        slope = distance + STRICTNESS * np.einsum("qc,qac->qa", mismatch, active)
        return cost, slope, active

    def _step(self, shares: Floats, slope: Floats, active: Floats) -> Floats:
        """Newton's step in the logarithms of the shares, which keeps their sum."""
        root = np.sqrt(shares)
        bent = root[:, :, None] * active
        curvature = np.eye(shares.shape[1]) + STRICTNESS * bent @ bent.transpose(0, 2, 1)
        solved = np.linalg.solve(curvature, np.stack([root * slope, root], axis=2))
        balance = (root[:, :, None] * solved).sum(axis=1)
        step = (balance[:, 0] / np.maximum(balance[:, 1], TINY))[:, None] * solved[..., 1] - solved[..., 0]
        return np.clip(np.where(self.possible, step / np.maximum(root, TINY), 0.0), -LARGEST_STEP, LARGEST_STEP)


def _bits(padded: _Padded, shares: Floats, rest: Floats, odds: Floats, weights: Floats) -> Floats:
    """The mutual information of hypothesis and answer; the rest stands where total probability leaves it."""
    joint = shares[:, None] * odds
    answered = padded.sums(joint)
    left = np.maximum(weights - answered, 0.0)
    left *= (rest / np.maximum(left.sum(axis=1), TINY))[:, None]
    mean = answered + left
    with np.errstate(divide="ignore", invalid="ignore"):
        of = np.repeat(np.arange(len(mean)), padded.used.sum(axis=1))
        gained = padded.sums(np.where(joint > 0, joint * np.log2(odds / mean[of]), 0.0).sum(axis=1))
        share = np.maximum(rest, TINY)[:, None]
        gained += np.where(left > 0, left * np.log2(left / share / mean), 0.0).sum(axis=1)
    doubt = -float(weights[weights > 0] @ np.log2(weights[weights > 0]))
    # What comes of rounding alone is nothing, and what is not in doubt cannot be told.
    return np.where(gained < ROUNDING, 0.0, np.minimum(gained, doubt))
