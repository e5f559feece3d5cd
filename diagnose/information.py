"""Expected information of questions about the causes, from what their answers would do to the scores.

Hypotheses are the causes, of which one is looked for, and "none of these"; their weights are their odds. A likelihood
ratio says how much likelier an answer is under a cause than without it, so the change of a score is what an answer's
usual share is multiplied with under that cause. The information of a question is the mutual information of hypothesis
and answer: never negative, and zero only when no answer moves one cause against another.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
# Steps in which usual shares are brought in line with the rules, and the pull back to the shares as they were.
STEPS, LARGEST_STEP, PULL = 20, 2.0, 0.02
# An answer that rules a cause out makes it so many hundredths of a deciban less likely.
RULED_OUT = -3000.0


@dataclass(frozen=True, eq=False)
class Told:
    """What some questions tell. n answers of all questions together, h hypotheses: the causes, then none of them."""

    bits: Floats
    """Shape (questions,)."""
    shares: Floats
    """Shape (n,): how likely each answer is among those of its question."""
    moves: Floats
    """Shape (n, h): by how many hundredths of a deciban an answer moves each hypothesis."""
    weights: Floats
    """Shape (h,): the weight of each hypothesis before the question."""


def told(now: Floats, totals: Floats, usual: Floats, sizes: Sequence[int], ended: NDArray[np.bool_]) -> Told:
    """What questions tell when their answers would bring the causes from `now` to `totals`.

    now: shape (m,), log-odds of m causes in hundredths of a deciban, minus infinity for one that is out.
    totals: shape (n, m), the same after each answer. usual: shape (n,), the share of each answer before anything is
    known; 0 for one that cannot be. sizes: how many answers each question has, in their order; none may be 0.
    ended: shape (n,), answers after which a verdict leaves causes out, which says nothing of how rare they are.
    """
    alive = np.isfinite(now)
    odds = np.where(alive, 10.0 ** (np.where(alive, now, 0.0) / 1000.0), 0.0)
    weights = np.append(odds, 1.0)
    weights /= weights.sum()
    moves = np.where(alive, totals - np.where(alive, now, 0.0), 0.0)
    moves = np.append(np.maximum(moves, RULED_OUT), np.zeros((len(totals), 1)), axis=1)
    ratios = 10.0 ** (moves / 1000.0)
    groups = _Groups(sizes)
    evidence = np.where(ended[:, None], 1.0, ratios)
    base = groups.normalised(_consistent(groups.normalised(usual), evidence, weights, groups))
    under = base[:, None] * ratios
    under /= np.maximum(groups.sums(under), 1e-300)[groups.of]
    shares = under @ weights
    with np.errstate(divide="ignore", invalid="ignore"):
        surprise = np.where(under > 0, under * np.log2(under / shares[:, None]), 0.0)
    bits = np.maximum(groups.sums(surprise @ weights), 0.0)
    return Told(bits, shares, moves, weights)


class _Groups:
    """Answers that belong to one question follow one another."""

    def __init__(self, sizes: Sequence[int]) -> None:
        self.starts = np.concatenate([[0], np.cumsum(sizes)[:-1]]).astype(np.intp)
        self.of = np.repeat(np.arange(len(sizes)), sizes)

    def sums(self, values: Floats) -> Floats:
        made: Floats = np.add.reduceat(values, self.starts, axis=0)
        return made

    def normalised(self, shares: Floats) -> Floats:
        made: Floats = shares / np.maximum(self.sums(shares), 1e-300)[self.of]
        return made


def _consistent(usual: Floats, ratios: Floats, weights: Floats, groups: _Groups) -> Floats:
    """Shares near the usual ones under which likelihood ratios average to one, as by their definition they must.

    A sign that speaks strongly for a rare cause must be rare where that cause is not: mirror descent on the squared
    logarithm of the average ratios, weighted by the hypotheses, with a pull back to the usual shares.
    """
    shares: Floats = usual.copy()
    for _ in range(STEPS):
        mean = np.maximum(groups.sums(shares[:, None] * ratios), 1e-9)
        slope = (ratios * (weights * np.log(mean) / mean)[groups.of]).sum(axis=1)
        shares = shares * np.exp(-np.clip(slope, -LARGEST_STEP, LARGEST_STEP))
        shares = groups.normalised(shares ** (1.0 - PULL) * usual**PULL)
    return shares
