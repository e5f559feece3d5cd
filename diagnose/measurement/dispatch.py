"""Which law a series follows, by what was varied, and the law as a result: curve, words and case fields.

A series of the interface fills the fields of its law. One of the bulk fills its activation energy, one of the whole
cell over thickness the conductivity; what else their laws say is no property of the interface and stays out of it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

from diagnose.errors import UsageError
from diagnose.measured import LawChance, MeasuredField, MeasuredLaw, MeasuredSeries
from diagnose.measurement import arrhenius, growth, pressurelaw, scaling, window
from diagnose.measurement.law import Law, Reals, Value, none_told
from diagnose.measurement.reading import figures, in_words, shortened, written
from diagnose.measurement.seriesheader import OHM, OHM_CM2
from diagnose.measurement.seriestable import SeriesTable

PRESSURE, TEMPERATURE, REST, CYCLES = pressurelaw.OVER, arrhenius.OVER, growth.REST, growth.CYCLES
THICKNESS, AREA, LOADING, RATIO = scaling.THICKNESS, scaling.AREA, scaling.LOADING, window.OVER
INTERFACE, BULK, TOTAL = "interface", "bulk", "total"
# What a case can state at one value of what was varied, because the cell stays the same.
STATES = (PRESSURE, TEMPERATURE, REST, CYCLES)
UNITS = {OHM: "ohm", OHM_CM2: "ohm cm2"}
# Columns that stay the same and are fields of a case.
HELD = (PRESSURE, TEMPERATURE, THICKNESS, CYCLES, RATIO)
KEPT = {
    INTERFACE: None,
    BULK: ("bulk_activation_energy_eV",),
    TOTAL: ("electrolyte_conductivity_S_cm",),
}
# Fields that are sizes, never zero or below.
SIZES = (
    OHM_CM2, "resistance_factor", "capacitance_factor", "time_constant_factor", "electrolyte_conductivity_S_cm",
    "arc_capacitance_F_cm2",
)  # fmt: skip
# Points of a curve that is drawn.
DRAWN = 60


def law_over(
    over: str,
    x: Reals,
    resistance: Reals,
    sigma: Reals | None,
    *,
    of: str = INTERFACE,
    unit: str = "ohm cm2",
    branch: Sequence[str] | None = None,
    working: Mapping[str, float] | None = None,
) -> Law:
    """The law of a series. Shapes (n,); x in the unit of the field `over`, the resistance in `unit`.

    of: interface, bulk, total or another element of a cell. working: the values of a case at which the cell works, by
    field; those of pressure and temperature say where a law is looked at. Raises UsageError for an `over` that no law
    knows, and for arrays that do not belong together.
    """
    at = dict(working or {})
    if over == PRESSURE:
        return pressurelaw.pressure_law(x, resistance, sigma, branch=branch, working_MPa=at.get(PRESSURE))
    if over == TEMPERATURE:
        filled = of if of in (INTERFACE, BULK) else ""
        at_C = at.get(TEMPERATURE, arrhenius.ROOM_C)
        return arrhenius.arrhenius_law(x, resistance, sigma, of=filled, branch=branch, at_C=at_C)
    if over in growth.KINDS:
        return growth.growth_law(x, resistance, sigma, over=over)
    if over in scaling.KINDS:
        return scaling.scaling_law(x, resistance, sigma, over=over, total=of == TOTAL and unit == UNITS[OHM_CM2])
    if over == RATIO:
        if unit != UNITS[OHM_CM2]:
            return none_told(over, "a window of Li/P needs the resistance in ohm cm2; give the area")
        return window.window_law(x, resistance, sigma)
    known = (PRESSURE, TEMPERATURE, *growth.KINDS, *scaling.KINDS, RATIO)
    raise UsageError(f"no law is known over {over!r}: expected one of {', '.join(known)}")


def fields_of(law: Law, of: str) -> dict[str, Value]:
    """The case fields of a law that belong to what the resistance is of."""
    if of == INTERFACE:
        return dict(law.fields)
    kept = KEPT.get(of) or ()
    return {name: value for name, value in law.fields.items() if name in kept}


def resistance_at(
    law: Law, x: Reals, unit: str, working: Mapping[str, float] | None, alike: float = 0.0
) -> dict[str, Value]:
    """interfacial_resistance_ohm_cm2 by the law where the cell works, when that was measured; else nothing.

    alike: an error that all points share, as a share of the resistance.
    """
    at = (working or {}).get(law.over)
    if at is None or law.band is None or law.over not in STATES or unit != UNITS[OHM_CM2]:
        return {}
    if not float(x.min()) * (1 - 1e-9) <= at <= float(x.max()) * (1 + 1e-9):
        return {}
    value, low, high = law.curve(np.array([at]))
    return {OHM_CM2: (float(value[0]), math.hypot(float(high[0] - low[0]) / 2, alike * float(value[0])))}


def measured_fields(values: Mapping[str, Value]) -> tuple[MeasuredField, ...]:
    """Case fields as a result, in their order; figures as text such as "0.52 ± 0.03"."""
    return tuple(_field(name, value) for name, value in values.items())


def _field(name: str, value: Value) -> MeasuredField:
    if not isinstance(value, tuple):
        return written({name: value})[0]
    middle, sigma = float(value[0]), float(value[1]) or None
    if name in SIZES:
        # What is hardly known of a size is a range; a slope or an exponent may be zero however well it is known.
        return written({name: (middle, sigma)})[0]
    return MeasuredField(field=name, value=middle, sigma=sigma, text=in_words(middle, sigma))


def measured_law(law: Law, of: str, x: Reals, resistance: Reals, sigma: Reals | None, unit: str) -> MeasuredLaw:
    """A law as a result, with what was measured and its curve over the range measured."""
    grid = _grid(law, x)
    middle, low, high = (np.empty(0),) * 3 if law.band is None else law.curve(grid)
    return MeasuredLaw(
        of=of,
        over=law.over,
        name=law.name,
        says=law.says,
        reason=law.reason,
        parameters={name: (shortened(value), shortened(width)) for name, (value, width) in law.parameters.items()},
        candidates=tuple(
            LawChance(name=each.name, aicc=shortened(each.aicc), weight=shortened(each.weight))
            for each in law.candidates
        ),
        doubts=law.doubts,
        x=figures(x),
        resistance=figures(resistance),
        sigma=() if sigma is None else figures(sigma),
        unit=unit,
        curve_x=() if law.band is None else figures(grid),
        curve=figures(middle),
        curve_low=figures(low),
        curve_high=figures(high),
    )


def _grid(law: Law, x: Reals) -> Reals:
    """Where a curve is drawn: evenly, or evenly in the logarithm for what acts by its powers."""
    made: Reals
    if law.over in (PRESSURE, *scaling.KINDS) and len(x) and float(x.min()) > 0:
        made = np.geomspace(x.min(), x.max(), DRAWN)
    else:
        made = np.linspace(x.min(), x.max(), DRAWN) if len(x) else np.empty(0)
    return np.clip(made, x.min(), x.max()) if len(x) else made


def table_series(
    table: SeriesTable,
    *,
    of: str = "",
    working: Mapping[str, float] | None = None,
    files: Sequence[str] = (),
) -> MeasuredSeries:
    """The law of a table and its case fields.

    of: interface, bulk or total; when it is not said, the resistance counts as that of the interface, and a step tells
    so. working: values of the case by field; with that of what was varied, inside the range measured, the law gives the
    resistance there. Resistances in ohm are multiplied by an area that has a column. Raises UsageError for another
    `of`.
    """
    if of not in ("", INTERFACE, BULK, TOTAL):
        raise UsageError(f"{of!r} is not known: expected {INTERFACE}, {BULK}, {TOTAL} or nothing")
    told = of or INTERFACE
    steps = list(table.notes)
    if not of:
        steps.append("The table does not say of what the resistance is: it counts as that of the interface.")
    resistance, sigma, unit = _scaled(table, steps)
    law = law_over(table.over, table.x, resistance, sigma, of=told, unit=unit, branch=table.branch, working=working)
    fields = fields_of(law, told)
    if told == INTERFACE:
        fields |= resistance_at(law, table.x, unit, working)
        if law.over in STATES and law.band is not None and unit == UNITS[OHM]:
            steps.append("The area is not known, so the resistance itself does not go into the case.")
    for name in HELD:
        if name in table.held:
            fields[name] = (table.held[name], 0.0)
            steps.append(f"{name} is {table.held[name]:g} in every row.")
    return MeasuredSeries(
        over=table.over,
        files=tuple(files),
        reason=law.reason,
        laws=(measured_law(law, told, table.x, resistance, sigma, unit),),
        spectra=(),
        steps=tuple(steps),
        fields=measured_fields(fields),
    )


def _scaled(table: SeriesTable, steps: list[str]) -> tuple[Reals, Reals | None, str]:
    """The resistance in the unit that its law asks for: ohm over area, else ohm cm2 where an area is known."""
    unit = UNITS[table.resistance_field]
    area: Reals | float | None = None
    if table.over == AREA and table.resistance_field == OHM_CM2:
        area, unit, said = (
            1.0 / table.x,
            UNITS[OHM],
            "Divided by the area of each row: the law is of the raw resistance.",
        )
    elif table.over != AREA and table.resistance_field == OHM and AREA in table.held:
        area, unit = table.held[AREA], UNITS[OHM_CM2]
        said = f"Multiplied by the area of {area:g} cm2 from its column."
    if area is None:
        return table.resistance, table.sigma, unit
    steps.append(said)
    return table.resistance * area, None if table.sigma is None else table.sigma * area, unit
