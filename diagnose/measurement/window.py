"""The low-resistance window of Li/P from a user's own films. No bounds are built in, because none could be read.

Below the window the film takes lithium from the electrode; above it the film gives lithium and cobalt is reduced.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from diagnose.errors import UsageError
from diagnose.measurement.law import Band, Law, Marks, Pair, Reals, Series, Value, checked, figure, none_told

OVER = "li_p_ratio"
WINDOW = "window"
FEWEST, MOST_RATIO = 3, 20.0
# Interfacial resistances of up to this are low (guide: G07).
THRESHOLD_OHM_CM2 = 10.0
# Standard deviation of an end that lies anywhere between two films, as a part of their distance, and the least one.
ANYWHERE, LEAST = 1 / math.sqrt(12), 0.02
BELOW = "Below the window lithium is extracted from the electrode."
ABOVE = "Above the window lithium is inserted into the electrode and cobalt is reduced."


@dataclass(frozen=True)
class _Side:
    """An end of the window: the last film inside, the first one outside, and where ln R crosses between them."""

    inside: int
    outside: int
    value: float
    sigma: float


def window_law(
    li_p_ratio: ArrayLike,
    resistance_ohm_cm2: ArrayLike,
    sigma: ArrayLike | None = None,
    *,
    threshold_ohm_cm2: float = THRESHOLD_OHM_CM2,
) -> Law:
    """The range of Li/P in which films of one pair have no more than the threshold. Shapes (n,).

    Films of the same ratio count as one, at the mean of ln R. The window is the run of neighbouring films at or below
    the threshold that holds the lowest one. li_p_window_low and li_p_window_high are where ln R, linear between the
    last film inside and the first one outside, crosses the threshold; the uncertainty adds that of both resistances and
    that of the straight line between them: c/2 (x - x0)(x1 - x) over its slope, c the larger second difference of ln R
    at the two films, at most that of an end anywhere between them (their distance over the square root of 12), which
    also holds where neighbours are missing. An end without a film outside stays open, with a doubt. parameters:
    li_p_best, and of each end that is known li_p_window_low_inside, ..._outside: the ratios of the two films, between
    which the end lies for certain.

    Raises UsageError for arrays that do not belong together and a threshold that is no positive figure.
    """
    if not (math.isfinite(threshold_ohm_cm2) and threshold_ohm_cm2 > 0):
        raise UsageError("the threshold must be a positive figure in ohm cm2")
    series = checked(li_p_ratio, resistance_ohm_cm2, sigma, 0.0)
    if isinstance(series, str):
        return none_told(OVER, series)
    if bool(np.any(series.x > MOST_RATIO)):
        return none_told(OVER, f"no film has a Li/P of more than {MOST_RATIO:g}", len(series))
    films, noise = _merged(series)
    if len(films) < FEWEST:
        return none_told(OVER, f"{len(films)} films are too few; make three or more with different Li/P", len(series))
    low = films.y <= math.log(threshold_ohm_cm2)
    if not low.any():
        return none_told(OVER, f"no film lies at or below {threshold_ohm_cm2:g} ohm cm2", len(series))
    best = int(np.argmin(films.y))
    return _told(films, noise, low, best, math.log(threshold_ohm_cm2), len(series))


def _merged(series: Series) -> tuple[Series, Reals]:
    """One point for each ratio, in their order, and its relative uncertainty: stated, or from the scatter of films of
    the same ratio, else 0."""
    ratios, places = np.unique(series.x, return_inverse=True)
    count = np.bincount(places).astype(np.float64)
    if series.s is not None:
        weights = series.s**-2.0
        whole = np.bincount(places, weights)
        return Series(ratios, np.bincount(places, weights * series.y) / whole, None), 1 / np.sqrt(whole)
    mean = np.bincount(places, series.y) / count
    spare = len(series) - len(ratios)
    scatter = math.sqrt(float(np.sum((series.y - mean[places]) ** 2)) / spare) if spare else 0.0
    return Series(ratios, mean, None), scatter / np.sqrt(count)


def _side(films: Series, noise: Reals, inside: int, step: int, limit: float) -> _Side | None:
    outside = inside + step
    if not 0 <= outside < len(films):
        return None
    x0, x1 = float(films.x[inside]), float(films.x[outside])
    y0, y1 = float(films.y[inside]), float(films.y[outside])
    part = (limit - y0) / (y1 - y0)
    # d part / d y0 = -(1 - part)/(y1 - y0) and d part / d y1 = -part/(y1 - y0); the end cannot leave its two films.
    read = abs(x1 - x0) * math.hypot((1 - part) * float(noise[inside]), part * float(noise[outside])) / (y1 - y0)
    gap = abs(x1 - x0)
    bends = [_bend(films, film) for film in (inside, outside) if 0 < film < len(films) - 1]
    bent = max(bends) / 2 * part * (1 - part) * gap**3 / (y1 - y0) if bends else math.inf
    drawn = min(max(bent, LEAST * gap), ANYWHERE * gap)
    return _Side(inside, outside, x0 + part * (x1 - x0), math.hypot(min(read, gap), drawn))


def _bend(films: Series, film: int) -> float:
    """Size of the second derivative of ln R at a film, from its two neighbours."""
    x, y = films.x[film - 1 : film + 2], films.y[film - 1 : film + 2]
    slopes = np.diff(y) / np.maximum(np.diff(x), 1e-9)
    return float(2 * abs(slopes[1] - slopes[0]) / max(x[2] - x[0], 1e-9))


def _told(films: Series, noise: Reals, low: Marks, best: int, limit: float, points: int) -> Law:
    first = last = best
    while first > 0 and low[first - 1]:
        first -= 1
    while last < len(films) - 1 and low[last + 1]:
        last += 1
    fields: dict[str, Value] = {}
    parameters: dict[str, Pair] = {"li_p_best": (float(films.x[best]), _around(films, best))}
    doubts: list[str] = []
    ends = []
    for name, word, side in (
        ("li_p_window_low", "lower", _side(films, noise, first, -1, limit)),
        ("li_p_window_high", "upper", _side(films, noise, last, 1, limit)),
    ):
        edge = float(films.x[first if word == "lower" else last])
        if side is None:
            way = "at or below" if word == "lower" else "at or above"
            doubts.append(f"The {word} end is open: it lies {way} {edge:g}, beyond the films made.")
            ends.append(f"{way} {edge:g} (open)")
            continue
        fields[name] = parameters[name] = (side.value, side.sigma)
        parameters[f"{name}_inside"] = (float(films.x[side.inside]), 0.0)
        parameters[f"{name}_outside"] = (float(films.x[side.outside]), 0.0)
        ends.append(figure(side.value, side.sigma))
        if any(abs(films.y[film] - limit) < 2 * noise[film] for film in (side.inside, side.outside)):
            doubts.append(f"Films at the {word} end lie within two standard uncertainties of the threshold.")
    if int(low.sum()) != last - first + 1:
        doubts.append("Films outside the window are low as well; the window is that around the best film.")
    if first == last:
        doubts.append("One ratio only lies in the window; make films between it and its neighbours.")
    if not noise.any():
        doubts.append("No uncertainty of the resistances is known; repeat films of one ratio or state it.")
    says = (
        f"R is at most {math.exp(limit):g} ohm cm2 from Li/P {ends[0]} to {ends[1]}, lowest at {films.x[best]:g}. "
        f"{BELOW} {ABOVE}"
    )
    return Law(
        WINDOW,
        OVER,
        parameters=parameters,
        says=says,
        fields=fields,
        doubts=tuple(doubts),
        points=points,
        band=_band(films, noise),
    )


def _around(films: Series, best: int) -> float:
    """The best ratio is known to the spacing of the films about it."""
    neighbours = films.x[max(best - 1, 0) : best + 2]
    return float(ANYWHERE * np.ptp(neighbours) / 2)


def _band(films: Series, noise: Reals) -> Band:
    def band(x: Reals) -> tuple[Reals, Reals, Reals]:
        if bool(np.any((x < films.x[0]) | (x > films.x[-1]))):
            raise UsageError(f"films were made from {films.x[0]:g} to {films.x[-1]:g} only")
        middle = np.interp(x, films.x, films.y)
        width = np.interp(x, films.x, noise)
        return np.exp(middle), np.exp(middle - width), np.exp(middle + width)

    return band
