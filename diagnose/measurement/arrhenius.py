"""How a resistance falls with temperature: one activation energy, two with a kink between, or a Vogel curve (VTF).

Two plots are in use, ln(1/R) and ln(T/R), that is ln(sigma T), against 1/T. Their energies differ by kT, some 0.03 eV,
so which one was plotted belongs to the result. k = 8.617333262e-5 eV/K (CODATA 2018).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike

from diagnose.errors import UsageError
from diagnose.measurement.branch import CLEAR, difference, joined, split
from diagnose.measurement.candidate import Choice, Fit, Model, choose, propagated
from diagnose.measurement.law import Law, Pair, Reals, Series, Value, checked, figure, none_told

OVER = "temperature_C"
BOLTZMANN_EV, ZERO_C = 8.617333262e-5, 273.15
ONE, KINK, VOGEL = "arrhenius", "kink", "vogel"
CONDUCTANCE, TIMES_T = "ln(1/R)", "ln(T/R)"
FIELDS = {"interface": "interface_activation_energy_eV", "bulk": "bulk_activation_energy_eV", "": ""}
KINK_STARTS = 3
FEWEST, LEAST_SPAN_K, GOOD_SPAN_K = 4, 30.0, 50.0
# One kelvin changes the resistance by 4 to 8 percent (vocabulary: temperature_C): less than this is no lasting change.
LASTING = 0.1
ROOM_C = 25.0


def arrhenius_law(
    temperature_C: ArrayLike,
    resistance: ArrayLike,
    sigma: ArrayLike | None = None,
    *,
    of: str = "interface",
    plotted: str = CONDUCTANCE,
    weighted: bool = True,
    branch: Sequence[str] | None = None,
    at_C: float = ROOM_C,
) -> Law:
    """The law of a temperature series. Shapes (n,); resistance and sigma in one unit, ohm or ohm cm2.

    of: `interface` or `bulk`, which decides the field that is filled, or empty for neither. plotted: `ln(1/R)`, the
    plot of the vocabulary, or `ln(T/R)`. weighted: whether stated sigmas weigh the points. branch: `heating` or
    `cooling` for each point; without it, rows up to the highest temperature are heating, falling ones after it cooling.

    The activation energy is -k d ln(1/R or T/R) / d(1/T): that of the line, of the side of the kink on which at_C lies,
    or of the Vogel curve at at_C (brought into the range measured). arrhenius_kink_C is where two lines meet.
    anneal_response compares cooling with heating at equal temperatures: improved or worsened for a clear change of 10
    percent or more, none when a change of that size can be ruled out.

    Raises UsageError for arrays that do not belong together and for words that are not among those above.
    """
    if of not in FIELDS:
        raise UsageError(f"{of!r} is not known: expected interface, bulk or nothing")
    if plotted not in (CONDUCTANCE, TIMES_T):
        raise UsageError(f"{plotted!r} is not a plot: expected {CONDUCTANCE} or {TIMES_T}")
    if not math.isfinite(at_C):
        raise UsageError("at_C must be a finite temperature")
    series = checked(temperature_C, resistance, sigma, -ZERO_C + 1)
    if isinstance(series, str):
        return none_told(OVER, series)
    series = Series(series.x, series.y, series.s if weighted else None)
    rising, falling = split(series.x, branch, "heating", "cooling")
    heating, cooling = series.only(rising), series.only(falling)
    if len(heating) < FEWEST:
        return none_told(OVER, f"{len(heating)} temperatures are too few; measure at {FEWEST} or more", len(heating))
    span = float(np.ptp(heating.x))
    if span < LEAST_SPAN_K or len(np.unique(heating.x)) < 3:
        said = f"{len(np.unique(heating.x))} temperatures over {span:.3g} K are too little; measure over 30 K or more"
        return none_told(OVER, said, len(heating))
    choice = choose(_models(heating, plotted), heating)
    if choice is None or choice.fit(ONE) is None:
        return none_told(
            OVER,
            "too few temperatures to judge the scatter; measure more or give sigma",
            len(heating),
        )
    fields: dict[str, Value] = {}
    doubts: list[str] = []
    apart = difference(_inverse(heating), _inverse(cooling), choice.scatter_of(choice.chosen)) if len(cooling) else None
    if apart is not None:
        mean, width = apart
        if abs(mean) >= max(CLEAR * width, LASTING):
            fields["anneal_response"] = "improved" if mean < 0 else "worsened"
            doubts.append("Heating and cooling differ; the law is that of heating.")
        elif abs(mean) + width < LASTING:
            fields["anneal_response"] = "none"
        else:
            doubts.append("The scatter hides whether heating and cooling differ for good.")
        if abs(mean) < CLEAR * width:
            both = joined(heating, cooling)
            again = choose(_models(both, plotted), both)
            choice, heating = (again, both) if again else (choice, heating)
    return _told(choice, heating, of, plotted, at_C, fields, doubts)


def _inverse(series: Series) -> Series:
    return Series(1.0 / (series.x + ZERO_C), series.y, series.s)


def _models(series: Series, plotted: str) -> tuple[Model, ...]:
    """The candidates, in 1/kT about its mean: a line, two lines that meet, and ln R = c + B/(T - T0)."""
    scale = 1.0 / (BOLTZMANN_EV * (series.x + ZERO_C))
    middle, y = float(scale.mean()), series.y
    extra = 1.0 if plotted == TIMES_T else 0.0
    coldest = float(series.x.min()) + ZERO_C
    line = np.polyfit(scale - middle, y - extra * np.log(series.x + ZERO_C), 1)

    def parts(x: Reals) -> tuple[Reals, Reals, Reals]:
        kelvin = np.maximum(x + ZERO_C, 1.0)
        return kelvin, 1.0 / (BOLTZMANN_EV * kelvin) - middle, extra * np.log(kelvin)

    def one(x: Reals, theta: Reals) -> tuple[Reals, Reals]:
        _, far, added = parts(x)
        return theta[0] + theta[1] * far + added, np.column_stack([np.ones(len(x)), far])

    def kinked(x: Reals, theta: Reals) -> tuple[Reals, Reals]:
        _, far, added = parts(x)
        past = far - theta[3]
        cold = past > 0
        slope = np.where(cold, theta[2], theta[1])
        value = theta[0] + slope * past + added
        return value, np.column_stack([np.ones(len(x)), np.where(cold, 0.0, past), np.where(cold, past, 0.0), -slope])

    def vogel(x: Reals, theta: Reals) -> tuple[Reals, Reals]:
        kelvin, _, added = parts(x)
        gap = np.maximum(kelvin - theta[2], 1e-3)
        strength = np.exp(theta[1])
        bend = strength / (BOLTZMANN_EV * gap)
        return theta[0] + bend + added, np.column_stack([np.ones(len(x)), bend, bend / gap])

    far = scale - middle
    ordered = np.unique(far)
    kinks = _kinks(far, y - extra * np.log(series.x + ZERO_C), ordered)
    bends = []
    for lost in (40.0, 80.0, 150.0):
        start = max(coldest - lost, 1.0)
        shape = 1.0 / (BOLTZMANN_EV * (series.x + ZERO_C - start))
        fall = np.polyfit(shape, y - extra * np.log(series.x + ZERO_C), 1)
        bends.append(np.array([fall[1], math.log(max(float(fall[0]), 1e-6)), start]))
    wide = np.array([1e3, 50.0, 50.0])
    models = [
        Model(
            ONE, one, [line[::-1].copy()], -wide[:2], wide[:2], lambda theta: {"activation_energy_eV": float(theta[1])}
        )
    ]
    if kinks:
        low, high = float(ordered[1]), float(ordered[-2])
        models.append(
            Model(
                KINK,
                kinked,
                kinks,
                np.append(-wide, low),
                np.append(wide, high),
                lambda theta: {
                    "hot_activation_energy_eV": float(theta[1]),
                    "cold_activation_energy_eV": float(theta[2]),
                    "kink_C": 1.0 / (BOLTZMANN_EV * (float(theta[3]) + middle)) - ZERO_C,
                },
            )
        )
    models.append(
        Model(
            VOGEL,
            vogel,
            bends,
            np.array([-1e3, -20.0, 1.0]),
            np.array([1e3, 5.0, coldest - 5.0]),
            lambda theta: {"B_eV": math.exp(theta[1]), "T0_K": float(theta[2])},
        )
    )
    return tuple(models)


def _kinks(far: Reals, y: Reals, ordered: Reals) -> list[Reals]:
    """Where to begin with two lines that meet: the best of some places between points, by plain least squares."""
    found = []
    for left, right in pairwise(ordered[1:-1]):
        for part in (0.2, 0.5, 0.8):
            knot = float(left + part * (right - left))
            past = far - knot
            base = np.column_stack([np.ones(len(far)), np.minimum(past, 0.0), np.maximum(past, 0.0)])
            theta = np.linalg.lstsq(base, y, rcond=None)[0]
            found.append((float(np.sum((y - base @ theta) ** 2)), np.append(theta, knot)))
    return [theta for _, theta in sorted(found, key=lambda pair: pair[0])[:KINK_STARTS]]


def _energy(choice: Choice, fit: Fit, at_C: float, plotted: str, wanted: str) -> Pair:
    """-k d ln(1/R or T/R) / d(1/T) at a temperature, for a law that was fitted in either plot."""
    kelvin = at_C + ZERO_C
    step = 1e-3
    ends = np.array([kelvin - step, kelvin + step]) - ZERO_C
    added = (0.0 if wanted == CONDUCTANCE else 1.0) * float(np.log((kelvin + step) / (kelvin - step)))
    across = 1.0 / (BOLTZMANN_EV * (kelvin - step)) - 1.0 / (BOLTZMANN_EV * (kelvin + step))

    def slope(theta: Reals) -> dict[str, float]:
        value, _ = fit.model.shape(ends, theta)
        return {"E": (float(value[0] - value[1]) + added) / across}

    return propagated(slope, fit.theta, fit.covariance, choice.scale_of(fit))["E"]


def _told(
    choice: Choice, series: Series, of: str, plotted: str, at_C: float, fields: dict[str, Value], doubts: list[str]
) -> Law:
    name, parameters = choice.chosen.model.name, choice.parameters()
    low, high = float(series.x.min()), float(series.x.max())
    at = min(max(at_C, low), high)
    if name == KINK:
        meet = parameters["kink_C"]
        energy = parameters["hot_activation_energy_eV" if at >= meet[0] else "cold_activation_energy_eV"]
        fields["arrhenius_kink_C"] = meet
        if at != at_C:
            doubts.append(f"{at_C:g} C was not measured; the activation energy is that of the side nearest to it.")
    elif name == VOGEL:
        energy = _energy(choice, choice.chosen, at, plotted, plotted)
        doubts.append(f"The plot is curved; the activation energy holds at {at:g} C.")
    else:
        energy = parameters["activation_energy_eV"]
    parameters["activation_energy_eV"] = energy
    shift = BOLTZMANN_EV * ((low + high) / 2 + ZERO_C) * (1 if plotted == CONDUCTANCE else -1)
    if FIELDS[of] and -1 <= energy[0] <= 5:
        fields[FIELDS[of]] = energy
    if high - low < GOOD_SPAN_K:
        doubts.append(f"The temperatures span {high - low:.3g} K only; a kink or a curve could hide.")
    if len(choice.fits) < 3:
        doubts.append(f"{len(series)} temperatures are too few to look for a kink or a curve.")
    doubts += choice.doubts()
    if energy[0] <= 0:
        doubts.append("The resistance does not fall with temperature; that is no activated transport.")
    other = TIMES_T if plotted == CONDUCTANCE else CONDUCTANCE
    head = f"Activation energy {figure(*energy)} eV from {plotted} against 1/T"
    turn = {
        ONE: "",
        KINK: f" at {at:g} C, with a kink at {figure(*parameters.get('kink_C', energy))} C",
        VOGEL: f" at {at:g} C, where the plot is curved (Vogel)",
    }[name]
    return Law(
        name,
        OVER,
        parameters=parameters,
        candidates=choice.candidates,
        says=f"{head}{turn}; {other} would give about {energy[0] + shift:.3f} eV.",
        fields=fields,
        doubts=tuple(doubts),
        points=len(series),
        band=choice.band(),
    )
