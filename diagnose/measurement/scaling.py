"""How a resistance scales with the thickness of the electrolyte, the area or the loading: slopes in logarithms.

An interface gives 0 over thickness and -1 over area (raw resistance in ohm); bulk and grain boundaries give 1 over
thickness. R A = R_c + L / sigma parts the contacts from the conductivity.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from diagnose.errors import UsageError
from diagnose.measurement.candidate import Choice, Model, band_of, choose, fitted, propagated, scale_alone
from diagnose.measurement.law import SMALLEST, Law, Pair, Reals, Series, Value, checked, figure, none_told

THICKNESS, AREA, LOADING = "electrolyte_thickness_um", "area_cm2", "loading"
CONSTANT, PROPORTIONAL, INVERSE, POWER, CONTACT = "constant", "proportional", "inverse", "power", "contact and bulk"
UM_PER_CM = 1e4
# Sizes over less than the first factor tell no slope; beyond these ones a slope is good.
LEAST_RANGE = 1.2
VAGUE = 0.5


@dataclass(frozen=True)
class _Kind:
    """What is varied: its field, the slope it is known by besides 0, and the factor it should be varied by."""

    field: str
    word: str
    slope: float
    good: float


KINDS = {
    THICKNESS: _Kind("thickness_slope", "thickness", 1.0, 3.0),
    AREA: _Kind("area_slope", "area", -1.0, 2.0),
    LOADING: _Kind("loading_slope", "loading", -1.0, 3.0),
}


def scaling_law(
    x: ArrayLike,
    resistance: ArrayLike,
    sigma: ArrayLike | None = None,
    *,
    over: str = THICKNESS,
    total: bool = False,
) -> Law:
    """The law of cells that differ in one size. Shapes (n,).

    over: `electrolyte_thickness_um`, x in um and R of the arc; `area_cm2`, R raw in ohm; `loading`, R times area.
    thickness_slope, area_slope and loading_slope are d ln R / d ln x by a free power law, whatever law is chosen.
    Over thickness, R = R_c + r L is a candidate, with contact_resistance R_c of both contacts. total: the resistance is
    that of the whole cell in ohm cm2, bulk and grain boundaries together; then conductivity_S_cm = 1 / r is a parameter
    and fills electrolyte_conductivity_S_cm.

    Raises UsageError for arrays that do not belong together and for another `over`.
    """
    if over not in KINDS:
        raise UsageError(f"{over!r} is not known: expected {', '.join(KINDS)}")
    kind = KINDS[over]
    series = checked(x, resistance, sigma, SMALLEST)
    if isinstance(series, str):
        return none_told(over, series)
    least = 3 if series.s is None else 2
    if len(np.unique(series.x)) < least:
        said = f"{len(np.unique(series.x))} different values of {kind.word} are too few; measure at {least} or more"
        return none_told(over, said, len(series))
    span = float(series.x.max() / series.x.min())
    if span < LEAST_RANGE:
        said = f"the values of {kind.word} span a factor of {span:.3g} only; vary them by a factor of {kind.good:g}"
        return none_told(over, said, len(series))
    return _told(series, over, span, total)


def _models(series: Series, over: str, total: bool) -> tuple[Model, ...]:
    x, y = np.log(series.x), series.y
    middle, low, high = float(x.mean()), float(y.min()), float(y.max())
    slope = float(np.polyfit(x, y, 1)[0]) if len(x) > 1 else 0.0
    lower, upper = np.array([low - 40.0]), np.array([high + 40.0])
    start = [y.mean(keepdims=True)]

    def fixed(name: str, slope: float) -> Model:
        def shape(x: Reals, theta: Reals) -> tuple[Reals, Reals]:
            return theta[0] + slope * (np.log(np.maximum(x, SMALLEST)) - middle), np.ones((len(x), 1))

        return Model(
            name, shape, start, lower, upper, lambda theta: {"B": _exp(theta[0] - slope * middle), "slope": slope}
        )

    def power(x: Reals, theta: Reals) -> tuple[Reals, Reals]:
        far = np.log(np.maximum(x, SMALLEST)) - middle
        return theta[0] + theta[1] * far, np.column_stack([np.ones(len(x)), far])

    def contact(x: Reals, theta: Reals) -> tuple[Reals, Reals]:
        grown = theta[1] + np.log(np.maximum(x, SMALLEST)) - middle
        value = np.logaddexp(theta[0], grown)
        share = np.exp(grown - value)
        return value, np.column_stack([1 - share, share])

    def parted(theta: Reals) -> dict[str, float]:
        r = _exp(theta[1] - middle)
        made = {"contact_resistance": _exp(theta[0]), "per_um": r}
        return made | {"conductivity_S_cm": 1 / (UM_PER_CM * r)} if total else made

    models = [
        fixed(CONSTANT, 0.0),
        fixed(PROPORTIONAL if over == THICKNESS else INVERSE, KINDS[over].slope),
        Model(
            POWER,
            power,
            [np.array([y.mean(), slope])],
            np.append(lower, -50.0),
            np.append(upper, 50.0),
            lambda theta: {"B": _exp(theta[0] - theta[1] * middle), "slope": float(theta[1])},
        ),
    ]
    if over == THICKNESS:
        starts = [np.array([y.mean() + math.log(part), y.mean() + math.log(1 - part)]) for part in (0.1, 0.5, 0.9)]
        models.append(Model(CONTACT, contact, starts, np.repeat(lower, 2), np.repeat(upper, 2), parted))
    return tuple(models)


def _exp(value: float) -> float:
    return math.exp(min(max(value, -300.0), 300.0))


def _told(series: Series, over: str, span: float, total: bool) -> Law:
    kind = KINDS[over]
    models = _models(series, over, total)
    free = next(model for model in models if model.name == POWER)
    alone = fitted(free, series)
    if alone is None:
        return none_told(over, "the points leave the slope open", len(series))
    scale = scale_alone(alone, series)
    slope, width = propagated(free.named, alone.theta, alone.covariance, scale)["slope"]
    fields: dict[str, Value] = {}
    doubts: list[str] = []
    if width > VAGUE or not -5 <= slope <= 5:
        doubts.append(f"The slope, {figure(slope, width)}, is too uncertain or too large to be stated.")
    else:
        fields[kind.field] = (slope, width)
    if span < kind.good:
        doubts.append(f"The values of {kind.word} span a factor of {span:.3g} only; {kind.good:g} is better.")
    choice = choose(models, series)
    said = f"d ln R / d ln {kind.word} = {figure(slope, width)}"
    if choice is None or choice.fit(POWER) is None:
        doubts.append(f"{len(series)} points are too few to choose among laws; only a slope is stated.")
        return Law(
            "slope",
            over,
            parameters={"slope": (slope, width)},
            says=f"{said}.",
            fields=fields,
            doubts=tuple(doubts),
            points=len(series),
            band=band_of(alone, scale),
        )
    parameters = choice.parameters()
    if over == THICKNESS:
        _parted(choice, parameters, total, fields, doubts)
    doubts += choice.doubts()
    return Law(
        choice.chosen.model.name,
        over,
        parameters=parameters,
        candidates=choice.candidates,
        says=f"{said}: {_reading(choice.chosen.model.name, over, parameters)}.",
        fields=fields,
        doubts=tuple(doubts),
        points=len(series),
        band=choice.band(),
    )


def _parted(
    choice: Choice, parameters: dict[str, Pair], total: bool, fields: dict[str, Value], doubts: list[str]
) -> None:
    """Conductivity from the slope of R over L: of contacts and bulk, or of bulk alone where no contact shows."""
    if not total:
        return
    name = choice.chosen.model.name
    if name == PROPORTIONAL:
        value, width = parameters["B"]
        parameters["conductivity_S_cm"] = (1 / (UM_PER_CM * value), width / value / (UM_PER_CM * value))
    if name in (PROPORTIONAL, CONTACT):
        value, width = parameters["conductivity_S_cm"]
        if width < VAGUE * value and 0 < value <= 1:
            fields["electrolyte_conductivity_S_cm"] = (value, width)
        else:
            doubts.append("The conductivity is too uncertain to be stated.")


def _reading(name: str, over: str, parameters: dict[str, Pair]) -> str:
    if name == CONSTANT:
        return "the resistance does not depend on it" + (", as that of an interface" if over == THICKNESS else "")
    if name == PROPORTIONAL:
        return "the resistance is proportional to it, as that of bulk and grain boundaries"
    if name == INVERSE:
        where = "as that of a true interface" if over == AREA else "so the whole depth works"
        return f"the resistance is inverse to it, {where}"
    if name == CONTACT:
        return f"contacts of {figure(*parameters['contact_resistance'])} and a bulk that grows with it"
    return "neither constant nor in proportion"
