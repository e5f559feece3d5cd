"""Commands that read the files of instruments: `diagnose eis` and `diagnose series`."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from diagnose.errors import DataError, Problem, UsageError
from diagnose.instruments import MOST, Quantity, of_a_cell, spectra_of
from diagnose.quantity import QuantityError, parse_number
from diagnose.shell import base_of, in_language, overlays, refuse_output, say, width, write_file

if TYPE_CHECKING:
    from diagnose.data import Base
    from diagnose.measured import MeasuredField, MeasuredSpectrum, Measurement
    from diagnose.measurement.chain import Shape
    from diagnose.measurement.spectrum import Spectrum

Made = TypeVar("Made")
FORMS = click.Choice(["text", "json"])
TAILS = click.Choice(["none", "blocking", "semi_infinite", "open", "short", "line"])
# From so many files on a bar shows how far the work is.
MANY = 4
# Quantities of series by a short name.
OVER = {
    "pressure": "stack_pressure_MPa",
    "temperature": "temperature_C",
    "time": "time_h",
    "cycles": "cycles_done",
    "thickness": "electrolyte_thickness_um",
    "area": "area_cm2",
    "loading": "loading",
    "li_p": "li_p_ratio",
}
UNITS = {
    "stack_pressure_MPa": "MPa",
    "temperature_C": "degC",
    "time_h": "h",
    "cycles_done": "1",
    "electrolyte_thickness_um": "um",
    "area_cm2": "cm^2",
    "loading": "mg/cm^2",
    "li_p_ratio": "1",
}


def with_results(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options that say where fields go and how results are shown."""
    for option in (
        in_language,
        overlays,
        click.option("--format", "form", type=FORMS, default="text", show_default=True),
        click.option("--force", is_flag=True, help="Overwrite the output file."),
        click.option(
            "-o", "--output", type=click.Path(path_type=Path), help="Write the fields to this case file (.yaml)."
        ),
    ):
        command = option(command)
    return command


# --- eis


@click.command()
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@of_a_cell
@click.option("--temperature", type=Quantity("degC", -273.15, 2000.0), help="Temperature of the cell, such as 25C.")
@click.option("--conductivity", type=Quantity("S/cm"), help="Conductivity of the electrolyte, such as 0.3mS/cm.")
@click.option("--pressure", type=Quantity("MPa"), help="Stack pressure, for the case that is written.")
@click.option("--spectrum", type=click.IntRange(min=1), help="Only this spectrum of each file, counted from 1.")
@click.option("--arcs", type=click.IntRange(0, 6), help="Number of arcs; as many as the data ask for when left out.")
@click.option("--tail", type=TAILS, help="What lies below the arcs; as the data ask for when left out.")
@click.option("--inductance", is_flag=True, help="With --arcs or --tail: fit an inductance.")
@click.option("--circuit", help="A circuit that is fitted besides, such as R0-p(R1,CPE1)-Wo1.")
@with_results
def eis(
    files: tuple[str, ...],
    area: float | None,
    thickness: float | None,
    symmetric: bool,
    temperature: float | None,
    conductivity: float | None,
    pressure: float | None,
    spectrum: int | None,
    arcs: int | None,
    tail: str | None,
    inductance: bool,
    circuit: str | None,
    output: Path | None,
    force: bool,
    form: str,
    overlay: tuple[Path, ...],
    language: str,
) -> None:
    """Fit the impedance spectra in each FILE: arcs, what each of them is, and the fields of a case.

    No circuit and no guess are needed. Files of most instruments are read, and text with columns. Mistakes of all files
    are told at once; the others are still fitted.
    """
    from diagnose.measure import fit

    if output is not None:
        refuse_output(output, files, force)
        if output.suffix.lower() not in (".yaml", ".yml"):
            raise UsageError(f"{output} does not end in .yaml, as a case file does")
    if circuit is not None:
        from diagnose.measurement.circuit import parsed

        try:
            parsed(circuit)
        except DataError as error:
            told = "; ".join(f"at letter {each.column}: {each.message}. {each.hint}" for each in error.problems)
            raise UsageError(f"--circuit {circuit}: {told}") from None
    base = base_of(overlay, language)
    shape = _shape(arcs, tail, inductance)
    how: dict[str, Any] = {
        "thickness_um": thickness,
        "symmetric": symmetric,
        "temperature_C": temperature,
        "shape": shape,
    }
    how |= {"electrolyte_conductivity_S_cm": conductivity, "circuit": circuit, "base": base}

    def fitted(file: str) -> list[MeasuredSpectrum]:
        found = spectra_of(file, area, spectrum)
        return with_drift([fit(each, **how) for each in found], found)

    made, problems = each_of(files, fitted)
    spectra = [each for file in made for each in file]
    if output is not None and not problems:
        if len(spectra) != 1:
            raise UsageError(f"{len(spectra)} spectra were read, and a case takes one: give one FILE, and --spectrum 1")
        conditions = {
            "stack_pressure_MPa": pressure,
            "temperature_C": temperature,
            "electrolyte_thickness_um": thickness,
            "electrolyte_conductivity_S_cm": conductivity,
        }
        write_file(output, _case_file(spectra[0], conditions))
    show_measured(_together(spectra), form, base)
    if problems:
        raise DataError(problems)


def _shape(arcs: int | None, tail: str | None, inductance: bool) -> Shape | None:
    if arcs is None and tail is None:
        if inductance:
            raise UsageError("--inductance goes with --arcs or --tail; without them the data decide on it")
        return None
    if arcs is None:
        raise UsageError("--tail needs --arcs: say how many arcs there are besides")
    from typing import cast

    from diagnose.measurement.chain import Shape, Tail

    return Shape(arcs, cast(Tail, tail or "none"), inductance=inductance)


def with_drift(made: list[MeasuredSpectrum], found: Sequence[Spectrum]) -> list[MeasuredSpectrum]:
    """The first spectrum also tells by how much a repeat directly after it differs."""
    from diagnose.measurement.reading import repeat_drift, written

    drift = repeat_drift(found)
    if drift is not None and made:
        fields = (*made[0].fields, *written({"repeat_drift_percent": (drift, None)}))
        made[0] = made[0].model_copy(update={"fields": fields})
    return made


def each_of(files: Iterable[str], work: Callable[[str], Made]) -> tuple[list[Made], list[Problem]]:
    """What is made of each file, and the mistakes in the others; with many files a bar on a terminal."""
    files = list(files)
    made: list[Made] = []
    problems: list[Problem] = []
    hidden = len(files) < MANY or sys.stderr is None or not sys.stderr.isatty()
    with click.progressbar(files, file=sys.stderr, hidden=hidden) as bar:
        for file in bar:
            try:
                made.append(work(file))
            except DataError as error:
                problems += error.problems
    return made, problems


def _together(spectra: Sequence[MeasuredSpectrum]) -> Measurement:
    from diagnose.measured import Measurement

    return Measurement(spectra=tuple(spectra), fields=spectra[0].fields if len(spectra) == 1 else ())


def show_measured(measurement: Measurement, form: str, base: Base) -> None:
    """Print a measurement."""
    if form == "json":
        click.echo(measurement.to_json().encode(), nl=False)
        return
    from diagnose.measuredtext import measured_text

    say(measured_text(measurement, base.knowledge.texts, width()))


def _case_file(spectrum: MeasuredSpectrum, conditions: Mapping[str, float | None]) -> str:
    """A case file with the fields of a spectrum and how it was taken, and what must be added."""
    known: dict[str, Any] = {name: value for name, value in conditions.items() if value is not None}
    if spectrum.symmetric:
        known["cell_type"] = "symmetric"
    note = f"# From spectrum {spectrum.number} of {Path(spectrum.file).name}. Add what it is a measurement of:\n"
    note += "#   electrolyte: LLZO\n#   electrode: Li\n#   electrode_role: anode\n"
    note += "".join(f"# {line}\n" for step in spectrum.steps for line in step.splitlines())
    return note + case_lines(known | as_case(spectrum.fields))


def as_case(fields: Iterable[MeasuredField]) -> dict[str, Any]:
    """Fields as a case file holds them."""
    return {each.field: each.given for each in fields}


def case_lines(fields: dict[str, Any]) -> str:
    """Fields as lines of YAML."""
    import yaml

    return yaml.safe_dump(fields, sort_keys=False, allow_unicode=True, width=1000) if fields else ""


# --- series


@click.command()
@click.argument("files", nargs=-1, required=True, metavar="TABLE|FILE...")
@click.option("--over", type=click.Choice(list(OVER)), help="What was varied; a table says it by its columns.")
@click.option("--at", metavar="X,X,...", help="Its value for each spectrum, in the order of the files, with unit.")
@click.option("--of", type=click.Choice(["interface", "bulk"]), help="Whose resistance a table holds.")
@of_a_cell
@with_results
def series(
    files: tuple[str, ...],
    over: str | None,
    at: str | None,
    of: str | None,
    area: float | None,
    thickness: float | None,
    symmetric: bool,
    output: Path | None,
    force: bool,
    form: str,
    overlay: tuple[Path, ...],
    language: str,
) -> None:
    """Find the law of a series: a TABLE of resistances, or spectra in FILEs taken at several values of one quantity.

    A table has a column such as stack_pressure_MPa, temperature_C, time_h, cycles_done, electrolyte_thickness_um,
    area_cm2 or li_p_ratio, a resistance, and if known sigma. For spectra say --over and --at, as in
    `--over pressure --at 1MPa,2MPa,5MPa`; temperatures may come from the files.
    """
    from diagnose.measured import Measurement

    if output is not None:
        refuse_output(output, files, force)
    base = base_of(overlay, language)
    found = series_of(files, over, at, of, area, thickness, symmetric, base)
    if output is not None:
        note = f"# From a series over {found.over}. Add electrolyte, electrode and electrode_role.\n"
        write_file(output, note + case_lines(as_case(found.fields)))
    show_measured(Measurement(series=(found,), fields=found.fields), form, base)


def series_of(
    files: Sequence[str],
    over: str | None,
    at: str | None,
    of: str | None,
    area: float | None,
    thickness: float | None,
    symmetric: bool,
    base: Base,
) -> Any:
    """The series in some files: spectra where `--over` and `--at` say so or several are given, else a table."""
    from diagnose.measure import series as law

    quantity = OVER[over] if over else None
    if at is None and len(files) == 1 and not (over == "temperature" and _holds_spectra(files[0])):
        if area is not None or thickness is not None or symmetric:
            raise UsageError("--area, --thickness and --symmetric are of spectra. Give a table a column area_cm2.")
        table: dict[str, Any] = {"of": of} if of else {}
        return law(files[0], quantity, base=base, **table)
    found, problems = each_of(files, lambda file: spectra_of(file, area))
    if problems:
        raise DataError(problems)
    spectra = [each for file in found for each in file]
    x = None if at is None else _values(at, quantity, len(spectra))
    how: dict[str, Any] = {"area_cm2": area, "thickness_um": thickness, "symmetric": symmetric}
    return law(spectra, quantity, x, base=base, **how)


def _holds_spectra(file: str) -> bool:
    """Whether a file holds several spectra rather than a table of resistances."""
    from diagnose.measure import read_spectra

    try:
        return len(read_spectra(file)) > 1
    except DataError:
        return False


def _values(text: str, quantity: str | None, count: int) -> list[float]:
    if quantity is None:
        raise UsageError("--at needs --over: say which quantity the values are of")
    low = -273.15 if quantity == "temperature_C" else 0.0
    made = []
    for part in text.split(","):
        try:
            value = parse_number(part.strip(), UNITS[quantity], (low, MOST)).value
        except QuantityError as error:
            raise UsageError(f"--at {part.strip()!r}: {error.message}. {error.hint}".strip()) from None
        if value is None:
            raise UsageError(f"--at {part.strip()!r} is not a single figure")
        made.append(value)
    if len(made) != count:
        raise UsageError(f"--at gives {len(made)} values for {count} spectra; give one for each, in their order")
    return made
