"""From the files of instruments to a case: spectra, fits and series, and what of them a case takes over.

Everything is worked out by `diagnose.measurement`; what arcs are is told by the elements of the knowledge base.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from diagnose.case import Case, value_of
from diagnose.data import Base, load
from diagnose.errors import CaseError, Problem, UsageError
from diagnose.measured import MeasuredField, MeasuredSeries, MeasuredSpectrum, Measurement
from diagnose.quantity import QuantityError

if TYPE_CHECKING:
    from diagnose.measurement.chain import Shape
    from diagnose.measurement.spectrum import Spectrum

# Fields of a case that say how a spectrum was taken, with the name under which a fit wants them.
CONDITIONS = {
    "electrolyte_thickness_um": "thickness_um",
    "temperature_C": "temperature_C",
    "electrolyte_conductivity_S_cm": "electrolyte_conductivity_S_cm",
}

# Fields at whose figures a law is read.
WORKING = ("stack_pressure_MPa", "temperature_C", "cycles_done")
# What only an electrode that lets ions pass can show.
OF_AN_INTERFACE = frozenset((
    "interfacial_resistance_ohm_cm2", "arc_capacitance_F_cm2", "arc_frequency_Hz", "cpe_exponent", "interface_arcs",
    "interface_activation_energy_eV",
))  # fmt: skip


def read_spectra(path: str | os.PathLike[str], *, area_cm2: float | None = None) -> tuple[Spectrum, ...]:
    """The impedance spectra of a file, each sweep of its own; see docs/eis.md for the formats.

    `area_cm2` is the area of one electrode. Raises DiagnoseError for a file without impedance, which says what to do.
    """
    from diagnose.measurement import spectrumfile

    return spectrumfile.read_spectra(path, area_cm2=area_cm2)


def fit(
    spectrum: Spectrum,
    *,
    area_cm2: float | None = None,
    thickness_um: float | None = None,
    symmetric: bool = False,
    temperature_C: float | None = None,
    electrolyte_conductivity_S_cm: float | None = None,
    shape: Shape | None = None,
    circuit: str | None = None,
    base: Base | None = None,
) -> MeasuredSpectrum:
    """The arcs of a spectrum without any guess, what each of them is, and the fields of a case that follow.

    `area_cm2` is the area of one electrode (default: that of the spectrum), `thickness_um` that of the electrolyte;
    `symmetric` says that the cell has two equal interfaces, so that resistances are halved. `shape` fixes number of
    arcs and tail; `circuit` is fitted besides. Raises DataError for a circuit that cannot be read, UsageError for a
    size that is no figure above 0.
    """
    from diagnose.measurement.reading import read

    _figures(area_cm2=area_cm2, thickness_um=thickness_um, electrolyte_conductivity_S_cm=electrolyte_conductivity_S_cm)
    return read(
        spectrum,
        area_cm2=area_cm2,
        thickness_um=thickness_um,
        symmetric=symmetric,
        temperature_C=temperature_C,
        electrolyte_conductivity_S_cm=electrolyte_conductivity_S_cm,
        shape=shape,
        circuit=circuit,
        elements=(base or load()).knowledge.elements,
    )


def _figures(**sizes: object) -> None:
    for name, value in sizes.items():
        if value is not None and (isinstance(value, bool) or not isinstance(value, (int, float)) or not value > 0):
            raise UsageError(f"{name} is {value!r}; give a figure above 0, or nothing when it is not known")


def series(
    source: str | os.PathLike[str] | Sequence[Spectrum],
    over: str | None = None,
    x: Sequence[float] | None = None,
    *,
    base: Base | None = None,
    **how: Any,
) -> MeasuredSeries:
    """The law of a series: of a table in a file, or of spectra of one cell with the quantity `x` of each.

    `over` is the field that was varied, such as stack_pressure_MPa, temperature_C, time_h, cycles_done,
    electrolyte_thickness_um, area_cm2 or li_p_ratio; temperatures may come from the headers. `how` are area_cm2,
    thickness_um and symmetric as for `fit`, for spectra, and `working`, values of the case by field, at which a law is
    read. Raises UsageError for what does not belong together, DataError for a table with mistakes.
    """
    from diagnose.measurement.dispatch import table_series
    from diagnose.measurement.sequence import spectra_series
    from diagnose.measurement.seriestable import read_series

    if isinstance(source, (str, os.PathLike)):
        if x is not None or how.keys() - {"of", "working"}:
            raise UsageError("a table holds its quantity and its resistances; nothing else can be given for it")
        return table_series(read_series(source, over), files=(os.fsdecode(source),), **how)
    if over is None:
        raise UsageError("say over which quantity the spectra were taken")
    _figures(area_cm2=how.get("area_cm2"), thickness_um=how.get("thickness_um"))
    return spectra_series(source, x, over, elements=(base or load()).knowledge.elements, **how)


def merged(given: Mapping[str, Any], measurement: Measurement, base: Base) -> tuple[dict[str, Any], Measurement]:
    """The fields of a case with what was measured, and the measurement that says what was taken over.

    What the case gives itself counts more, and is told in `passed_over`. A cell between blocking electrodes has no
    interface of which its spectrum could tell; that is told in `not_told`. Of one field that several files fill, a
    spectrum counts more than a series, and the last of several. Raises CaseError for a figure that no case can hold.
    """
    made, taken, kept, foreign = dict(given), {}, [], []
    vocabulary = base.knowledge.vocabulary
    problems = []
    for field in _all_fields(measurement):
        if given.get(field.field) is not None:
            kept.append(field.field)
            continue
        if given.get("cell_type") == "blocking" and field.field in OF_AN_INTERFACE:
            foreign.append(field.field)
            continue
        raw = field.given
        try:
            value_of(vocabulary[field.field], raw)
        except QuantityError as error:
            problems.append(Problem(f"as measured {error.message}", field=field.field, hint=error.hint))
        made[field.field], taken[field.field] = raw, field
    if problems:
        raise CaseError(problems)
    update = {"fields": tuple(taken.values()), "passed_over": _once(kept), "not_told": _once(foreign)}
    return made, measurement.model_copy(update=update)


def _once(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(names))


def _all_fields(measurement: Measurement) -> Iterable[MeasuredField]:
    for series in measurement.series:
        yield from series.fields
    for spectrum in measurement.spectra:
        yield from spectrum.fields


def conditions(given: Mapping[str, Any]) -> dict[str, Any]:
    """How a spectrum was taken, as far as the fields of a case say it: keywords of `fit`."""
    known = working(given)
    made: dict[str, Any] = {keyword: known[name] for name, keyword in CONDITIONS.items() if name in known}
    if given.get("cell_type") == "symmetric":
        made["symmetric"] = True
    return made


def working(given: Mapping[str, Any]) -> dict[str, float]:
    """The single figures among the fields of a case that say under what the cell is measured or run."""
    told = {name: given[name] for name in (*CONDITIONS, *WORKING) if given.get(name) is not None}
    known = Case.model_validate({"electrolyte": "?", "electrode_role": "anode", **told}).known()
    values = {name: getattr(known.get(name), "value", None) for name in told}
    return {name: value for name, value in values.items() if value is not None}
