"""The law that a series of resistances follows, as it is handed on: parameters, candidates, a band, case fields."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

import numpy as np
from numpy.typing import ArrayLike, NDArray

from diagnose.errors import UsageError

Reals = NDArray[np.float64]
Marks = NDArray[np.bool_]
Pair = tuple[float, float]
Value = Pair | str | bool
Band = Callable[[Reals], tuple[Reals, Reals, Reals]]

# No resistance and no quantity that it is measured over lies outside; beyond, powers of it would overflow.
SMALLEST, LARGEST = 1e-15, 1e15
# Relative uncertainty of a mean from which it says nothing of whether the resistance changes.
SCATTERED = 0.1
# The share of a normal distribution inside one sigma lies below this quantile on the upper side.
ONE_SIGMA = 0.8413447460685429


@dataclass(frozen=True)
class Candidate:
    """A law that was tried. A lower AICc is better; the weights of all candidates of a series add up to one."""

    name: str
    aicc: float
    weight: float


def _empty() -> Mapping[str, Pair]:
    return MappingProxyType({})


def _nothing() -> Mapping[str, Value]:
    return MappingProxyType({})


@dataclass(frozen=True, eq=False)
class Law:
    """What a series follows. `name` is empty when no law can be told, and `reason` then says why."""

    name: str
    over: str
    """The field of the quantity that was varied."""
    parameters: Mapping[str, Pair] = field(default_factory=_empty)
    """Value and standard uncertainty (half the width of a 68 % interval), units in the names."""
    candidates: tuple[Candidate, ...] = ()
    """All laws that the points allow, best first."""
    says: str = ""
    fields: Mapping[str, Value] = field(default_factory=_nothing)
    """Case fields: a figure with its standard uncertainty, a word of a choice, or a flag."""
    doubts: tuple[str, ...] = ()
    reason: str = ""
    points: int = 0
    """How many points the law was fitted to."""
    band: Band | None = field(default=None, repr=False)

    def curve(self, x: ArrayLike) -> tuple[Reals, Reals, Reals]:
        """The law at x, and one standard uncertainty below and above it; all in the shape of x, in the unit of R.

        The band is that of the law, not of a single measurement: J C J^T of ln R with the covariance C of the
        parameters. Raises UsageError when no law could be told and for x that the law does not know.
        """
        if self.band is None:
            raise UsageError(f"no law could be told, so there is no curve: {self.reason}")
        made = np.asarray(x, dtype=np.float64)
        if not bool(np.all(np.isfinite(made))):
            raise UsageError("a curve needs finite figures")
        mean, low, high = self.band(made.ravel())
        return mean.reshape(made.shape), low.reshape(made.shape), high.reshape(made.shape)


@dataclass(frozen=True, eq=False)
class Series:
    """Points that can be used. n points: x, ln R and, when known, the relative standard uncertainty of R."""

    x: Reals
    y: Reals
    s: Reals | None

    def __len__(self) -> int:
        return len(self.x)

    def only(self, marks: Marks) -> Series:
        """Those of the points that are marked."""
        return Series(self.x[marks], self.y[marks], None if self.s is None else self.s[marks])


def checked(x: ArrayLike, resistance: ArrayLike, sigma: ArrayLike | None, lowest: float) -> Series | str:
    """A series, or the reason why there is none. Shapes (n,); x must not be below `lowest`.

    Raises UsageError for arrays that do not belong together.
    """
    try:
        made = np.array(x, dtype=np.float64)
        values = np.array(resistance, dtype=np.float64)
        widths = None if sigma is None else np.array(sigma, dtype=np.float64)
    except (TypeError, ValueError):
        raise UsageError("a series needs figures only") from None
    if made.ndim != 1 or made.shape != values.shape or (widths is not None and widths.shape != values.shape):
        raise UsageError("a series needs one resistance, and one sigma if any, for each point")
    if not len(made):
        return "there are no points"
    if bad := _which(~(np.isfinite(values) & (values >= SMALLEST) & (values <= LARGEST))):
        return f"resistances must be positive figures; look at {bad}"
    if bad := _which(~(np.isfinite(made) & (made >= lowest) & (made <= LARGEST))):
        least = "a positive figure" if lowest == SMALLEST else f"a figure of at least {lowest:g}"
        return f"what is varied must be {least}; look at {bad}"
    if widths is None:
        return Series(made, np.log(values), None)
    if bad := _which(~(np.isfinite(widths) & (widths > 0) & (widths <= LARGEST))):
        return f"uncertainties must be positive figures; look at {bad}"
    # Nothing is known better than to the last digits that a figure is written with, nor is worse than unknown.
    return Series(made, np.log(values), np.clip(widths / values, 1e-6, 10.0))


def _which(bad: Marks) -> str:
    places = (np.flatnonzero(bad) + 1).tolist()
    if not places:
        return ""
    shown = ", ".join(str(place) for place in places[:5])
    return f"point{'s' if len(places) > 1 else ''} {shown}{' ...' if len(places) > 5 else ''}"


def none_told(over: str, reason: str, points: int = 0, doubts: Sequence[str] = ()) -> Law:
    """The answer when no law can be told."""
    said = f"Cannot tell: {reason}."
    return Law("", over, says=said, reason=reason, points=points, doubts=tuple(doubts))


def figure(value: float, sigma: float) -> str:
    """A figure with its uncertainty as people write it, to two digits of the uncertainty: 0.587 ± 0.016."""
    if not 0 < sigma < 1e300:
        return f"{value:.4g}"
    places = 1 - int(np.floor(np.log10(sigma)))
    if not -6 <= places <= 9:
        return f"{value:.3g} ± {sigma:.2g}"
    return f"{round(value, places):.{max(places, 0)}f} ± {round(sigma, places):.{max(places, 0)}f}"
