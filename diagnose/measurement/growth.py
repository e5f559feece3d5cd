"""How a resistance changes with time at rest or with cycles: not at all, or as R0 + k g(t).

g is one of t^1/2 (a film that slows itself down), t, ln(1 + t/tau) and t^m.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from diagnose.errors import UsageError
from diagnose.measurement.candidate import Choice, Fit, Model, choose, propagated
from diagnose.measurement.law import SCATTERED, Law, Pair, Reals, Series, Value, checked, figure, none_told

REST, CYCLES = "time_h", "cycles_done"
CONSTANT, PARABOLIC, LINEAR, LOGARITHMIC, POWER = "constant", "parabolic", "linear", "logarithmic", "power"
FEWEST = 4
# Limits of m. Below the first one t^m cannot be told from a logarithm.
LEAST_M, MOST_M = 0.05, 4.0
# A change is scaled up from a series of at least this part of the time it is stated for.
LEAST_PART = 0.25
VAGUE = 0.5
# How many standard uncertainties away from no change a trend is told.
CLEAR = 2.0


@dataclass(frozen=True)
class _Kind:
    """What is varied, and the fields it fills."""

    unit: str
    trend: str
    rate: str
    per: float
    # A change by this many percent for each `per` is a trend, and, with cycles, one by `whole` over all of them.
    moved: float
    whole: float


# Rules read a growth of less than 5 percent in 100 hours like a stable resistance.
KINDS = {
    REST: _Kind("h", "trend_at_rest", "rest_growth_percent_per_100h", 100.0, 5.0, math.inf),
    CYCLES: _Kind("cycles", "trend_on_cycling", "growth_percent_per_10_cycles", 10.0, 5.0, 10.0),
}


def growth_law(x: ArrayLike, resistance: ArrayLike, sigma: ArrayLike | None = None, *, over: str = REST) -> Law:
    """The law of a series at rest (x in h) or over cycles (x counts them). Shapes (n,); one unit of resistance.

    rest_growth_percent_per_100h is 100 (R(t1 + 100 h) / R(t1) - 1) by the law, t1 the first point, and
    growth_percent_per_10_cycles the same with ten cycles. A series shorter than that is scaled up by its law, with a
    doubt, when it covers a quarter. trend_at_rest and trend_on_cycling are growing or falling for 5 percent or more by
    that measure, counted from the first point or up to the last one (with cycles also for 10 percent over the whole
    series), else stable, which is told only when the scatter hides no such change. rest_growth_exponent is m of
    R0 + k t^m with m free, whatever law is chosen, for a resistance that grows.

    Raises UsageError for arrays that do not belong together and for another `over`.
    """
    if over not in KINDS:
        raise UsageError(f"{over!r} is not known: expected {REST} or {CYCLES}")
    series = checked(x, resistance, sigma, 0.0)
    if isinstance(series, str):
        return none_told(over, series)
    if len(series) < FEWEST or len(np.unique(series.x)) < 3:
        said = f"{len(series)} points are too few; measure at five times or more"
        return none_told(over, said, len(series))
    if float(np.ptp(series.x)) < 1e-6 * float(series.x.max()):
        return none_told(over, "all points were taken at nearly the same time", len(series))
    choice = choose(_models(series), series)
    if choice is None or choice.fit(LINEAR) is None:
        return none_told(over, "too few points for a law of growth", len(series))
    return _told(choice, series, over)


Growing = Callable[[Reals, float], tuple[Reals, Reals]]


def _models(series: Series) -> tuple[Model, ...]:
    """The candidates. Their parameters are ln R at both ends of the series, and what shapes the way between: so the law
    stays positive, and its parameters hang together little."""
    first, last = float(series.x.min()), float(series.x.max())
    order = np.argsort(series.x, kind="stable")
    y = series.y[order]
    low, high = float(y.min()), float(y.max())
    some = max(len(y) // 4, 1)
    ends = np.array([y[:some].mean(), y[-some:].mean()])
    later = series.x[series.x > first]
    soonest = float(later.min() - first) / last

    def powered(u: Reals, m: float) -> tuple[Reals, Reals]:
        made = u**m
        return made, made * np.log(np.maximum(u, 1e-300))

    def logged(u: Reals, ln_tau: float) -> tuple[Reals, Reals]:
        tau = math.exp(ln_tau)
        return np.log1p(u / tau), -u / (tau + u)

    def shaped(way: Growing, fixed: float | None) -> Callable[[Reals, Reals], tuple[Reals, Reals]]:
        def shape(x: Reals, theta: Reals) -> tuple[Reals, Reals]:
            bend = float(theta[2]) if fixed is None else fixed
            above, tilt = way(np.maximum(x, 0.0) / last, bend)
            edge, edges = way(np.array([first, last]) / last, bend)
            whole = max(float(edge[1] - edge[0]), 1e-300)
            part = (above - edge[0]) / whole
            start, end = np.exp(theta[:2])
            value = np.maximum(start + (end - start) * part, 1e-100)
            slopes = [start * (1 - part) / value, end * part / value]
            if fixed is None:
                turn = (tilt - edges[0] - part * (edges[1] - edges[0])) / whole
                slopes.append((end - start) * turn / value)
            return np.log(value), np.column_stack(slopes)

        return shape

    def named(way: Growing, fixed: float | None, bend: str) -> Callable[[Reals], dict[str, float]]:
        def parameters(theta: Reals) -> dict[str, float]:
            shape = float(theta[2]) if fixed is None else fixed
            edge, _ = way(np.array([first, last]) / last, shape)
            start, end = np.exp(theta[:2])
            k = (end - start) / max(float(edge[1] - edge[0]), 1e-300)
            scale = last**-shape if bend == "m" else 1.0
            made = {"R0": float(start - k * edge[0]), "k": float(k) * scale}
            if fixed is None:
                made[bend] = shape if bend == "m" else last * math.exp(shape)
            return made

        return parameters

    def constant(x: Reals, theta: Reals) -> tuple[Reals, Reals]:
        return np.full(len(x), theta[0]), np.ones((len(x), 1))

    lower, upper = np.array([low - 3.0, low - 3.0]), np.array([high + 3.0, high + 3.0])
    made = [
        Model(
            CONSTANT, constant, [y.mean(keepdims=True)], lower[:1], upper[:1], lambda theta: {"R0": math.exp(theta[0])}
        )
    ]
    for name, m in ((PARABOLIC, 0.5), (LINEAR, 1.0)):
        made.append(Model(name, shaped(powered, m), [ends], lower, upper, named(powered, m, "m")))
    taus = (math.log(soonest / 10), 0.0)
    made.append(
        Model(
            LOGARITHMIC,
            shaped(logged, None),
            [np.append(ends, tau) for tau in (math.log(soonest), math.log(soonest) / 2, -1.0)],
            np.append(lower, taus[0]),
            np.append(upper, taus[1]),
            named(logged, None, "tau"),
        )
    )
    made.append(
        Model(
            POWER,
            shaped(powered, None),
            [np.append(ends, m) for m in (0.3, 0.7, 1.5, 2.5)],
            np.append(lower, LEAST_M),
            np.append(upper, MOST_M),
            named(powered, None, "m"),
        )
    )
    return tuple(made)


def _percent(choice: Choice, fit: Fit, start: float, end: float) -> Pair:
    """Change in percent from one x to another by a law; -100 is the least there is."""
    ends = np.array([start, end])

    def change(theta: Reals) -> dict[str, float]:
        value, _ = fit.model.shape(ends, theta)
        return {"percent": 100 * math.expm1(min(float(value[1] - value[0]), 100.0))}

    return propagated(change, fit.theta, fit.covariance, choice.scale_of(fit))["percent"]


def _told(choice: Choice, series: Series, over: str) -> Law:
    kind, name, parameters = KINDS[over], choice.chosen.model.name, choice.parameters()
    first, last = float(series.x.min()), float(series.x.max())
    line = choice.fit(LINEAR) or choice.chosen
    fit = line if name == CONSTANT else choice.chosen
    rate, width = _percent(choice, fit, first, first + kind.per)
    whole, spread = _percent(choice, fit, first, last)
    # A resistance may take off late or come to rest: the steeper end of the series makes the trend.
    late = _percent(choice, fit, max(last - kind.per, first), max(last, first + kind.per))
    steep, around = max((rate, width), late, key=lambda pair: abs(pair[0]))
    fields: dict[str, Value] = {}
    doubts: list[str] = []
    clear = name != CONSTANT and abs(whole) >= CLEAR * spread
    if clear and (abs(steep) >= kind.moved or abs(whole) >= kind.whole):
        fields[kind.trend] = "growing" if whole > 0 else "falling"
        if abs(steep) - around < kind.moved and abs(whole) - spread < kind.whole:
            doubts.append(f"The change, {figure(steep, around)} % in {kind.per:g} {kind.unit}, is close to none.")
    elif abs(steep) + around < kind.moved and abs(whole) + spread < kind.whole:
        fields[kind.trend] = "stable"
    else:
        doubts.append(
            f"A change of up to {abs(steep) + around:.2g} % in {kind.per:g} {kind.unit} cannot be ruled out nor shown."
        )
    part = (last - first) / kind.per
    if part < LEAST_PART:
        doubts.append(f"The series is too short to say what {kind.per:g} {kind.unit} would bring.")
    elif kind.trend in fields:
        fields[kind.rate] = (min(max(rate, -100.0), 1e6), width)
        if part < 1:
            doubts.append(f"The change in {kind.per:g} {kind.unit} is scaled up from {last - first:g} {kind.unit}.")
    power = choice.fit(POWER)
    if over == REST and fields.get(kind.trend) == "growing":
        m, vague = choice.parameters(power)["m"] if power else (0.0, math.inf)
        if vague <= VAGUE and LEAST_M < m < MOST_M:
            fields["rest_growth_exponent"] = (m, vague)
        else:
            doubts.append("The points do not say with which power of time the resistance grows.")
    doubts += choice.doubts()
    return Law(
        name,
        over,
        parameters=parameters,
        candidates=choice.candidates,
        says=_says(name, kind, parameters, _percent(choice, fit, first, last)),
        fields=fields,
        doubts=tuple(doubts),
        points=len(series),
        band=choice.band(),
    )


_WORDS = {
    PARABOLIC: "with the square root of {x}",
    LINEAR: "evenly with {x}",
    LOGARITHMIC: "with the logarithm of {x}",
    POWER: "as a power of {x}, m = {m}",
}


def _says(name: str, kind: _Kind, parameters: dict[str, Pair], whole: Pair) -> str:
    if name == CONSTANT:
        value, sigma = parameters["R0"]
        seen = "No change shows through the scatter" if sigma > SCATTERED * value else "The resistance does not change"
        return f"{seen}: R = {figure(value, sigma)}."
    word = "grows" if whole[0] > 0 else "falls"
    x = "time" if kind.unit == "h" else "the number of cycles"
    way = _WORDS[name].format(x=x, m=figure(*parameters["m"]) if "m" in parameters else "")
    return f"The resistance {word} {way}: by {figure(*whole)} % over the series."
