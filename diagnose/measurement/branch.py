"""Two branches of a series, there and back again, and how far apart they lie at equal x."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from diagnose.errors import UsageError
from diagnose.measurement.law import Marks, Reals, Series

# A difference between branches counts from so many standard uncertainties on.
CLEAR = 2.0


def split(x: Reals, words: Sequence[str] | None, first: str, second: str) -> tuple[Marks, Marks]:
    """Marks of the rising and of the falling branch, shape (n,) each; the second is empty when there is only one.

    Without words the rows are taken in the order of measuring: up to the highest x and down again. A series that does
    not run so, such as one that only falls, is one branch. Raises UsageError for words that are neither `first` nor
    `second`.
    """
    one = np.ones(len(x), dtype=bool)
    if words is not None:
        told = [str(word).strip().lower() for word in words]
        if len(told) != len(x):
            raise UsageError("a series needs one branch for each point")
        if odd := sorted(set(told) - {first, second}):
            raise UsageError(f"{odd[0]!r} is no branch: expected {first} or {second}")
        rising = np.array([word == first for word in told], dtype=bool)
        return (rising, ~rising) if rising.any() else (one, ~one)
    top = int(np.argmax(x)) + 1
    back = x[top - 1 :]
    there_and_back = bool(np.all(np.diff(x[:top]) >= 0)) and bool(np.all(np.diff(back) <= 0))
    if there_and_back and 1 < top < len(x):
        rising = np.arange(len(x)) < top
        return rising, ~rising
    return one, ~one


def difference(rising: Series, falling: Series, s: float) -> tuple[float, float] | None:
    """Mean of ln R on the falling less that on the rising branch at equal x, and its standard uncertainty.

    The rising branch is interpolated in ln R at each falling point that lies within it; a point of the falling branch
    at the highest x belongs to both and says nothing. `s` is the relative uncertainty of points that state none. The
    mean is linear in ln R, so its uncertainty is exact for independent points. None without a shared range.
    """
    order = np.argsort(rising.x, kind="stable")
    x, y = rising.x[order], rising.y[order]
    inside = (falling.x >= x[0]) & (falling.x <= x[-1]) & (falling.x < max(x[-1], float(falling.x.max())))
    if not inside.any() or len(x) < 2:
        return None
    at = falling.x[inside]
    left = np.clip(np.searchsorted(x, at, side="right") - 1, 0, len(x) - 2)
    gap = x[left + 1] - x[left]
    part = np.where(gap > 0, (at - x[left]) / np.where(gap > 0, gap, 1.0), 0.5)
    pull = np.zeros(len(x))
    np.add.at(pull, left, (1 - part) / len(at))
    np.add.at(pull, left + 1, part / len(at))
    mean = float(np.mean(falling.y[inside]) - pull @ y)
    spread = np.full(len(x), s) if rising.s is None else rising.s[order]
    own = np.full(len(at), s) if falling.s is None else falling.s[inside]
    return mean, float(np.sqrt(np.sum((pull * spread) ** 2) + np.sum((own / len(at)) ** 2)))


def joined(first: Series, second: Series) -> Series:
    """Both branches as one series."""
    s = None if first.s is None or second.s is None else np.concatenate([first.s, second.s])
    return Series(np.concatenate([first.x, second.x]), np.concatenate([first.y, second.y]), s)
