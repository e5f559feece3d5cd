"""How a resistance falls with pressure: R(P) = R_inf + B P^-n, a power law to nothing, or not at all.

n of a contact that closes is 0.3 to 1 and near 0 for a film or a bonded joint (vocabulary: pressure_exponent).
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from diagnose.measurement.branch import CLEAR, difference, joined, split
from diagnose.measurement.candidate import Choice, Fit, Model, choose, inverse, propagated
from diagnose.measurement.law import SCATTERED, SMALLEST, Law, Pair, Reals, Series, Value, checked, figure, none_told

OVER = "stack_pressure_MPa"
CONSTANT, POWER, FULL = "constant", "power", "contact"
# Pressures over less than this factor tell nothing; over less than the second one, little.
LEAST_RANGE, GOOD_RANGE = 2.0, 5.0
FEWEST = 4
# `none` below this mean exponent, the limit that rules read as no response (a fall under 15 percent at five times the
# pressure); `strong` when the resistance halves at five times the pressure.
NO_RESPONSE, STRONG = 0.1, math.log(2) / math.log(5)
# An optimum counts when the resistance at the highest pressure lies above the lowest one by this share and so many
# standard uncertainties: the least of several points lies low by chance.
RISE, SURE = 0.05, 4.0
# A fraction that is less certain is not handed on.
VAGUE = 0.3


def pressure_law(
    pressure_MPa: ArrayLike,
    resistance: ArrayLike,
    sigma: ArrayLike | None = None,
    *,
    branch: Sequence[str] | None = None,
    working_MPa: float | None = None,
) -> Law:
    """The law of a pressure sweep. Shapes (n,); resistance and sigma in one unit, ohm or ohm cm2.

    branch: `loading` or `unloading` for each point; without it, rows up to the highest pressure are loading, falling
    ones after it unloading. A clear difference between the branches gives pressure_hysteresis_percent = 100 (R loading
    - R unloading) / R loading, the mean at equal pressures, and then the law is that of the loading branch.
    pressure_contact_fraction = 1 - R_inf / R(P) at working_MPa, or at the highest pressure when none is given.
    pressure_response goes by the mean exponent m = -d ln R / d ln P over the pressures tried: none below 0.1, strong
    when R falls by half or more at five times the pressure (m of 0.43), else weak. pressure_exponent is n, or 0 with
    its uncertainty when R does not fall. pressure_optimum_seen is true when R clearly rises again beyond a best
    pressure (the law then is that up to it) and false when it falls up to the highest one.

    Raises UsageError for arrays that do not belong together.
    """
    series = checked(pressure_MPa, resistance, sigma, SMALLEST)
    if isinstance(series, str):
        return none_told(OVER, series)
    rising, falling = split(series.x, branch, "loading", "unloading")
    loading, unloading = series.only(rising), series.only(falling)
    if reason := _unfit(loading):
        return none_told(OVER, reason, len(loading))
    doubts: list[str] = []
    fields: dict[str, Value] = {}
    top = _optimum(loading)
    if top is not None:
        loading, unloading = loading.only(loading.x <= top), unloading.only(unloading.x <= top)
        fields["pressure_optimum_seen"] = True
        doubts.append(f"The resistance rises again beyond {top:g} MPa; the law holds up to there.")
        if reason := _unfit(loading):
            said = f"{reason} up to the best pressure, {top:g} MPa"
            return Law("", OVER, fields=fields, says=f"Cannot tell: {said}.", reason=said, points=len(loading))
    choice = choose(_models(loading), loading)
    if choice is None or choice.fit(POWER) is None:
        return none_told(OVER, "too few points to judge the scatter; measure more or give sigma", len(loading))
    apart = None
    if len(unloading):
        apart = difference(_logarithmic(loading), _logarithmic(unloading), choice.scatter_of(choice.chosen))
    if apart is not None:
        mean, width = apart
        share = 100 * math.exp(min(mean, 50.0))
        fields["pressure_hysteresis_percent"] = (max(100 - share, -100.0), min(share * width, 100.0))
        if abs(mean) < CLEAR * width:
            both = choose(_models(joined(loading, unloading)), joined(loading, unloading))
            choice, loading = (both, joined(loading, unloading)) if both else (choice, loading)
        else:
            doubts.append("Loading and unloading differ; the law is that of loading.")
    at = float(loading.x.max()) if working_MPa is None else float(working_MPa)
    if not (math.isfinite(at) and at >= SMALLEST):
        return none_told(OVER, "the working pressure must be a positive figure", len(loading))
    if not loading.x.min() <= at <= loading.x.max() * (1 + 1e-9):
        doubts.append(f"The working pressure of {at:g} MPa lies outside the pressures tried.")
    return _told(choice, loading, at, fields, doubts)


def _unfit(series: Series) -> str:
    if len(series) < FEWEST:
        return f"{len(series)} pressures are too few; measure at five or more"
    if len(np.unique(series.x)) < 3:
        return "a law of pressure needs at least three different pressures"
    span = float(series.x.max() / series.x.min())
    if span < LEAST_RANGE:
        return f"the pressures span a factor of {span:.2g} only; measure over a factor of five"
    return ""


def _logarithmic(series: Series) -> Series:
    return Series(np.log(series.x), series.y, series.s)


def _optimum(series: Series) -> float | None:
    """The best pressure when the resistance clearly rises beyond it. The scatter, when none is stated, is that about a
    cubic in ln P, which follows a fall and a rise."""
    order = np.argsort(series.x, kind="stable")
    x, y = np.log(series.x[order]), series.y[order]
    if series.s is None:
        if len(x) < 6 or len(np.unique(x)) < 5:
            return None
        base = np.vander((x - x.mean()) / max(float(np.ptp(x)), 1e-9), 4)
        rest = y - base @ np.linalg.lstsq(base, y, rcond=None)[0]
        s = np.full(len(x), math.sqrt(float(rest @ rest) / (len(x) - 4)))
    else:
        s = series.s[order]
    least = int(np.argmin(y))
    if least == len(x) - 1 or series.x[order][least] >= series.x.max():
        return None
    if least == 0:
        return None
    rise, width = float(y[-1] - y[least]), float(np.hypot(s[-1], s[least]))
    return float(series.x[order][least]) if rise > RISE and rise > SURE * width else None


def _models(series: Series) -> tuple[Model, ...]:
    """The candidates. R in its unit; ln P is taken about its mean so that B and n do not hang together."""
    x, y = np.log(series.x), series.y
    middle, low, high = float(x.mean()), float(y.min()), float(y.max())
    slope = float(np.polyfit(x, y, 1)[0])

    def constant(x: Reals, theta: Reals) -> tuple[Reals, Reals]:
        return np.full(len(x), theta[0]), np.ones((len(x), 1))

    def power(x: Reals, theta: Reals) -> tuple[Reals, Reals]:
        far = np.log(np.maximum(x, SMALLEST)) - middle
        return theta[0] - theta[1] * far, np.column_stack([np.ones(len(x)), -far])

    def full(x: Reals, theta: Reals) -> tuple[Reals, Reals]:
        far = np.log(np.maximum(x, SMALLEST)) - middle
        contact = theta[1] - theta[2] * far
        value = np.logaddexp(theta[0], contact)
        share = np.exp(contact - value)
        return value, np.column_stack([1 - share, share, -far * share])

    starts = []
    for n in (0.3, 0.7, 1.0, 2.0):
        for rest in (0.9, 0.5):
            bottom = low + math.log(rest)
            top = math.log(max(math.exp(min(high - bottom, 100.0)) - 1, 0.05)) + bottom
            starts.append(np.array([bottom, top - n * (middle - float(x.min())), n]))
    return (
        Model(
            CONSTANT,
            constant,
            [np.array([y.mean()])],
            np.array([low - 1]),
            np.array([high + 1]),
            lambda theta: {"R": _exp(theta[0])},
        ),
        Model(
            POWER,
            power,
            [np.array([y.mean(), min(max(-slope, -5.0), 10.0)])],
            np.array([low - 1, -5.0]),
            np.array([high + 1, 10.0]),
            lambda theta: {"B": _exp(theta[0] + theta[1] * middle), "n": float(theta[1])},
        ),
        Model(
            FULL,
            full,
            starts,
            np.array([low - 15, low - 60, 0.05]),
            np.array([high + 1, high + 10, 10.0]),
            lambda theta: {
                "R_inf": _exp(theta[0]),
                "B": _exp(theta[1] + theta[2] * middle),
                "n": float(theta[2]),
            },
        ),
    )


def _exp(value: float) -> float:
    return math.exp(min(max(value, -300.0), 300.0))


def _exponent(choice: Choice, fit: Fit, series: Series) -> Pair:
    """Mean of -d ln R / d ln P over the pressures tried."""
    ends = np.array([series.x.min(), series.x.max()])
    far = float(np.log(ends[1] / ends[0]))

    def mean(theta: Reals) -> dict[str, float]:
        value, _ = fit.model.shape(ends, theta)
        return {"m": float(value[0] - value[1]) / far}

    return propagated(mean, fit.theta, fit.covariance, choice.scale_of(fit))["m"]


def _told(choice: Choice, series: Series, at: float, fields: dict[str, Value], doubts: list[str]) -> Law:
    fit, power = choice.chosen, choice.fit(POWER) or choice.chosen
    name, parameters = fit.model.name, choice.parameters()
    m, width = _exponent(choice, power if name == CONSTANT else fit, series)
    span = float(series.x.max() / series.x.min())
    response = "none" if m < NO_RESPONSE else "strong" if m >= STRONG else "weak"
    if m < -NO_RESPONSE and m + width < 0 and name != CONSTANT:
        doubts.append("The resistance rises with pressure all the way; that is no contact closing.")
        fields["pressure_exponent"] = parameters["n"]
    elif response == "none":
        if abs(m) + width < NO_RESPONSE:
            fields["pressure_response"] = "none"
            fields["pressure_exponent"] = (0.0, width) if name == CONSTANT else (m, width)
        else:
            doubts.append(
                f"The scatter hides a mean exponent up to {abs(m) + width:.2g}: none cannot be told from weak."
            )
    elif name == CONSTANT:
        doubts.append("The scatter hides whether the resistance falls.")
    else:
        fields["pressure_response"] = response
        fields["pressure_exponent"] = parameters["n"]
        if min(abs(m - NO_RESPONSE), abs(m - STRONG)) < width:
            doubts.append(f"The mean exponent, {figure(m, width)}, lies close to the limit of {response}.")
        if "pressure_optimum_seen" not in fields and span >= GOOD_RANGE:
            fields["pressure_optimum_seen"] = False
        _fraction(choice, series, at, fields, doubts)
    if span < GOOD_RANGE:
        doubts.append(f"The pressures span a factor of {span:.2g} only; a factor of five is needed.")
    if len(series) < 5:
        doubts.append(f"{len(series)} points are few; measure at five pressures or more.")
    doubts += choice.doubts()
    return Law(
        name,
        OVER,
        parameters=parameters,
        candidates=choice.candidates,
        says=_says(name, parameters, m),
        fields=fields,
        doubts=tuple(doubts),
        points=len(series),
        band=choice.band(),
    )


def _fraction(choice: Choice, series: Series, at: float, fields: dict[str, Value], doubts: list[str]) -> None:
    full = choice.fit(FULL)
    if full is None:
        doubts.append("Too few points to tell whether a resistance is left at very high pressure.")
        return

    def contact(theta: Reals) -> dict[str, float]:
        value, _ = full.model.shape(np.array([at]), theta)
        return {"fraction": 1 - _exp(float(theta[0] - value[0]))}

    fraction, width = propagated(contact, full.theta, full.covariance, choice.scale_of(full))["fraction"]
    if choice.chosen is not full:
        # Nothing left is the simpler law; how far that may be off is what a little R_inf beside it is known to.
        fraction, width = 1.0, max(_leftover(choice, series, at), 1 - fraction)
    if width > VAGUE:
        doubts.append("The share that would vanish at very high pressure is too uncertain to be stated.")
        return
    fields["pressure_contact_fraction"] = (fraction, width)


def _leftover(choice: Choice, series: Series, at: float) -> float:
    """Standard uncertainty of R_inf / R(at) about none, from the first derivatives at the power law."""
    fit = choice.chosen
    value, slopes = fit.model.shape(series.x, fit.theta)
    here, _ = fit.model.shape(np.array([at]), fit.theta)
    s = np.ones(len(series)) if series.s is None else series.s
    scaled = np.column_stack([slopes, np.exp(np.clip(here[0] - value, -50.0, 50.0))]) / s[:, None]
    covariance = inverse(scaled, np.ones(scaled.shape[1], dtype=bool))
    return 1.0 if covariance is None else choice.scale_of(fit) * math.sqrt(float(covariance[-1, -1]))


def _says(name: str, parameters: dict[str, Pair], m: float) -> str:
    if name == CONSTANT:
        value, sigma = parameters["R"]
        if sigma > SCATTERED * value:
            return f"No answer to pressure shows through the scatter: R = {figure(value, sigma)}."
        return f"The resistance does not depend on pressure: R = {figure(value, sigma)}."
    fall = 100 * (1 - 5**-m)
    n = figure(*parameters["n"])
    turn = f"it falls by {fall:.0f} %" if fall >= 0 else f"it rises by {-fall:.0f} %"
    if name == POWER:
        return f"The resistance goes as a power of pressure, R ~ P^-n with n = {n}: {turn} at five times the pressure."
    left = figure(*parameters["R_inf"])
    return f"R = R_inf + B P^-n with n = {n} and R_inf = {left}: {turn} at five times the pressure."
