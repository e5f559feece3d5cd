"""Options for the files of instruments that several commands share, and what they take over into a case."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from diagnose.errors import DataError, Problem, UsageError
from diagnose.quantity import QuantityError, parse_number

if TYPE_CHECKING:
    from diagnose.data import Base
    from diagnose.measured import MeasuredSpectrum, Measurement
    from diagnose.measurement.spectrum import Spectrum

MOST = 1e12


class Quantity(click.ParamType):  # type: ignore[type-arg]
    """A figure with a unit, in the unit that is wanted."""

    def __init__(self, unit: str, low: float = 0.0, high: float = MOST) -> None:
        self.name, self.unit, self.limits = unit, unit, (low, high)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """The figure. Fails with what is wrong for text that is none."""
        if isinstance(value, float):
            return value
        try:
            found = parse_number(value, self.unit, self.limits)
        except QuantityError as error:
            self.fail(f"{error.message}. {error.hint}".strip(), param, ctx)
        if found.sigma:
            self.fail(f"{value!r} has an uncertainty, which is not carried on. Give a single figure.", param, ctx)
        if found.value is None or (self.unit != "degC" and found.value <= 0):
            self.fail(f"{value!r} is not a single figure above 0.", param, ctx)
        return found.value


def of_a_cell(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options that say how the cell of a spectrum was built."""
    for option in (
        click.option("--symmetric", is_flag=True, help="The cell has two equal interfaces: resistances are halved."),
        click.option("--thickness", type=Quantity("um"), help="Thickness of the electrolyte, such as 500um."),
        click.option("--area", type=Quantity("cm^2"), help="Area of one electrode, such as 1.13cm2."),
    ):
        command = option(command)
    return command


def spectra_of(file: str, area: float | None, number: int | None = None) -> tuple[Spectrum, ...]:
    """The spectra of a file, or the one with a number. Raises DataError."""
    from diagnose.measure import read_spectra

    found = read_spectra(file, area_cm2=area)
    if number is None:
        return found
    if number > len(found):
        hint = f"Give a number from 1 to {len(found)}."
        raise DataError([Problem(f"has no spectrum {number}, only {len(found)}", file=file, hint=hint)])
    return found[number - 1 : number]


def from_instruments(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options that take fields of a case from files; the command gets them as `measuring`."""

    @functools.wraps(command)
    def wrapped(**options: Any) -> Any:
        names = ("eis", "spectrum", "tables", "area", "thickness", "symmetric")
        return command(measuring=Measuring(**{name: options.pop(name) for name in names}), **options)

    made = of_a_cell(wrapped)
    for option in (
        click.option("--series", "tables", multiple=True, metavar="TABLE", help="Table of a series of resistances."),
        click.option("--spectrum", type=click.IntRange(min=1), help="Which spectrum of a file that has several."),
        click.option("--eis", multiple=True, metavar="FILE", help="Impedance file that gives fields of the case."),
    ):
        made = option(made)
    return made


@dataclass(frozen=True)
class Measuring:
    """What a command takes from the files of instruments."""

    eis: tuple[str, ...]
    spectrum: int | None
    tables: tuple[str, ...]
    area: float | None
    thickness: float | None
    symmetric: bool

    @property
    def wanted(self) -> bool:
        """Whether anything is measured."""
        return bool(self.eis or self.tables)

    def check(self, cases: int = 1) -> None:
        """Raises UsageError for options that do not belong together."""
        if self.wanted and cases != 1:
            raise UsageError("--eis and --series fill the fields of one case. Give one FILE.")
        alone = self.area is not None or self.thickness is not None or self.symmetric or self.spectrum is not None
        if len(self.eis) > 1:
            raise UsageError("--eis takes the one spectrum of the case. For several write: diagnose series FILE...")
        if not self.eis and alone:
            raise UsageError("--area, --thickness, --symmetric and --spectrum say how the file of --eis was measured")

    def taken(self, given: Mapping[str, Any], base: Base) -> tuple[dict[str, Any], Measurement]:
        """The fields of a case with what was measured, and the measurement. Raises DataError."""
        from diagnose.measure import conditions, fit, merged, series, working
        from diagnose.measured import Measurement

        spectra: tuple[MeasuredSpectrum, ...] = ()
        for file in self.eis:
            how = conditions(given)
            how |= {} if self.thickness is None else {"thickness_um": self.thickness}
            how |= {"symmetric": True} if self.symmetric else {}
            found = spectra_of(file, self.area, self.spectrum)
            if len(found) > 1:
                hint = f"Say which one: --spectrum 1 to {len(found)}. See: diagnose eis {file}"
                raise DataError([Problem(f"holds {len(found)} spectra", file=file, hint=hint)])
            spectra = (fit(found[0], base=base, **how),)
        tables = tuple(series(table, base=base, working=working(given)) for table in self.tables)
        return merged(given, Measurement(spectra=spectra, series=tables), base)
