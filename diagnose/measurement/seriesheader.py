"""The header of a table of a series: which column holds what, and in which unit."""

from __future__ import annotations

import re
from dataclasses import dataclass

from diagnose.errors import Problem
from diagnose.quantity import QuantityError, conversion, unit_label

OHM, OHM_CM2 = "resistance_ohm", "interfacial_resistance_ohm_cm2"
RESISTANCE, SIGMA, BRANCH, PERCENT = "resistance", "sigma", "branch", "percent"


@dataclass(frozen=True)
class Kind:
    """A quantity that a column may hold: its unit, the values it can have, and the beginnings of its names."""

    unit: str
    limits: tuple[float, float]
    names: tuple[str, ...]


KINDS = {
    "stack_pressure_MPa": Kind("MPa", (1e-6, 2000), ("stack_pressure", "stack pressure", "pressure", "p")),
    "temperature_C": Kind("degC", (-100, 1200), ("temperature", "temp", "t")),
    "time_h": Kind("hour", (0, 1e7), ("time", "rest_time", "rest time", "t")),
    "cycles_done": Kind("1", (0, 1e6), ("cycles_done", "cycles", "cycle number", "cycle_number", "cycle")),
    "electrolyte_thickness_um": Kind("um", (0.01, 20000), ("electrolyte_thickness", "thickness")),
    "area_cm2": Kind("cm^2", (1e-6, 1e6), ("electrode_area", "area")),
    "loading": Kind("mg/cm^2", (1e-3, 1e4), ("areal_loading", "mass_loading", "loading")),
    "li_p_ratio": Kind("1", (0, 20), ("li_p_ratio", "li/p ratio", "li/p", "li_p", "li to p")),
}
_RESISTANCES = ("interfacial_resistance", "interfacial resistance", "resistance", "r_int", "rint", "r")
_SIGMAS = (
    "standard_deviation", "resistance_sigma", "uncertainty", "sigma_r", "r_sigma", "sigma", "stderr", "std", "error",
    "err", "dr",
)  # fmt: skip
_BRANCHES = ("branch", "direction", "scan")
_LETTER = re.compile(r"[A-Za-z][_ ([/]+\w")
_UNIT = re.compile(r"(.*?)\s*(?:[\[(]\s*([^\])]*?)\s*[\])]|\s/\s*(\S.*))\s*\Z", re.DOTALL)


@dataclass(frozen=True)
class Column:
    """What a header names: a field, resistance, sigma or branch, and how its figures become its unit."""

    field: str
    scale: float = 1.0
    offset: float = 0.0
    unit: str = ""
    """Of a resistance or sigma: the field that it is, percent, or nothing when it was not said."""


def header(cells: list[str], file: str, line: int) -> tuple[list[Column | None], list[Problem]]:
    """What each cell of a header names, and what is wrong with those that cannot be used."""
    columns: list[Column | None] = []
    problems = []
    for place, cell in enumerate(cells):
        try:
            columns.append(_column(cell))
        except QuantityError as error:
            columns.append(None)
            if _LETTER.match(cell):
                # A letter is a quantity only with a unit that fits: R_squared is none.
                continue
            field = cell
            problems.append(Problem(error.message, file, line, place + 1, field, error.hint))
    return columns, problems


def _column(cell: str) -> Column | None:
    """What a header names, None for a column that is of no use. Raises QuantityError for a unit that does not fit."""
    if after(cell, _BRANCHES) == "":
        return Column(BRANCH)
    unit = after(cell, _SIGMAS)
    if unit is not None:
        if unit in ("%", "percent"):
            return Column(SIGMA, 0.01, unit=PERCENT)
        scale, field = _ohms(unit) if unit else (1.0, "")
        return Column(SIGMA, scale, unit=field)
    unit = after(cell, _RESISTANCES)
    if unit == "":
        raise QuantityError("has no unit", "Write resistance_ohm or resistance_ohm_cm2.")
    if unit is not None:
        scale, field = _ohms(unit)
        return Column(RESISTANCE, scale, unit=field)
    return _varied(cell)


def _varied(cell: str) -> Column | None:
    """A quantity that may be varied. A name that several of them share goes by its unit."""
    wrong: QuantityError | None = None
    for field, kind in KINDS.items():
        unit = after(cell, kind.names)
        try:
            if unit and "/" in kind.unit and "/" not in unit:
                # In a name there is no stroke: loading_mg_cm2.
                unit = unit.replace(" ", "/", 1)
            if unit:
                return Column(field, *conversion(unit, kind.unit))
            if unit == "" and kind.unit != "1":
                raise QuantityError(
                    "has no unit", f"Write it behind the name, such as {cell} ({unit_label(kind.unit)})."
                )
            if unit == "":
                return Column(field)
        except QuantityError as error:
            wrong = wrong or error
    if wrong is not None:
        raise wrong
    return None


def names_resistance(cell: str) -> bool:
    """Whether a header is that of a resistance, with a unit that fits or not."""
    return after(cell, _RESISTANCES) is not None


def after(cell: str, names: tuple[str, ...]) -> str | None:
    """The unit behind one of the names, empty for none; None when a header is not one of the names."""
    found = _UNIT.match(cell)
    body, unit = (found[1], found[2] or found[3] or "") if found else (cell, "")
    plain = body.strip().lower()
    for name in sorted(names, key=len, reverse=True):
        if plain == name:
            return unit
        if not found and plain.startswith((f"{name}_", f"{name} ")):
            return body.strip()[len(name) + 1 :].replace("_", " ").strip()
    return None


def _ohms(unit: str) -> tuple[float, str]:
    """Scale and field of a unit of resistance, per area or not. Raises QuantityError."""
    try:
        return conversion(unit, "ohm")[0], OHM
    except QuantityError:
        return conversion(unit, "ohm*cm^2")[0], OHM_CM2
