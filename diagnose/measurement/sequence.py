"""Several spectra of a cell over one quantity: resistances of a joint fit, what its arcs are, their laws, case fields.

What is the interface is summed up with the covariance of the joint fit, and its law fills the fields of the case. Where
an arc may be of the interface or not, the law is taken both ways: figures are those of the likelier one, with the
difference as part of their uncertainty, and words are told only when both ways agree.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence

import numpy as np

from diagnose.measured import MeasuredLaw, MeasuredSeries
from diagnose.measurement.arcs import fit_arcs
from diagnose.measurement.attribution import TOLD
from diagnose.measurement.dispatch import (
    AREA,
    BULK,
    CYCLES,
    INTERFACE,
    REST,
    STATES,
    THICKNESS,
    TOTAL,
    UNITS,
    fields_of,
    measured_fields,
    resistance_at,
)
from diagnose.measurement.interface import CAPACITANCE, COUNT, LIKELY, UNLIKELY
from diagnose.measurement.jointfit import SeriesFit
from diagnose.measurement.law import Law, Pair, Reals, Value
from diagnose.measurement.lineup import REPEATABILITY, Lineup, line_up, shared_error
from diagnose.measurement.lump import Arc, Lump
from diagnose.measurement.naming import TESTED, Naming, bulk_arcs, named
from diagnose.measurement.seriesheader import OHM_CM2
from diagnose.measurement.spectrum import Spectrum
from diagnose.measurement.weighing import Element

# Share of the modulus that a joint fit may leave, or its parameters mean nothing.
USELESS = 0.1
# Arcs of which it is open whether they are of the interface, that are weighed against each other.
MOST_OPEN = 3
# Median relative error from which an arc is too badly known for a law of its own.
HARDLY = 0.5
# A cell is fresh up to this share of the time or the cycles of a series.
FRESH = 0.1


def spectra_series(
    spectra: Sequence[Spectrum],
    x: Sequence[float] | None,
    over: str,
    *,
    elements: Mapping[str, Element],
    area_cm2: float | None = None,
    thickness_um: float | None = None,
    symmetric: bool = False,
    temperature_C: float | None = None,
    electrolyte_conductivity_S_cm: float | None = None,
    branch: Sequence[str] | None = None,
    working: Mapping[str, float] | None = None,
) -> MeasuredSeries:
    """The laws of a series of spectra and the case fields of the interface.

    x: the value of `over` for each spectrum, in the unit of the field; None takes temperatures from the headers. over:
    stack_pressure_MPa, temperature_C, time_h, cycles_done, electrolyte_thickness_um, area_cm2, loading or li_p_ratio.
    Area and thickness given count before those of the headers. symmetric: two equal interfaces in series, halved.
    branch: loading or unloading, heating or cooling, for each spectrum. working: values of the case by field; inside
    the range measured, the law gives the resistance there.

    Where the joint fit fails or the interface cannot be told there is a reason and no field; the law of the total
    resistance may then still be there. Where all arcs are those of the body, the fields are those of the largest one.
    Raises UsageError when x does not belong to the spectra or no law knows `over`.
    """
    cells = line_up(spectra, x, over, area_cm2, thickness_um, symmetric, temperature_C, branch)
    files = tuple(dict.fromkeys(each.file for each in spectra if each.file))
    if cells.per_area and not all(each.per_area for each in cells.spectra):
        said = "some spectra are per area and others are not; give the area of the cells"
        return _failed(cells.over, files, said, (), cells.steps)
    fit = cells.fitted()
    reason = fit.reason
    if not reason and float(fit.rms.max()) > USELESS:
        worst = int(fit.rms.argmax())
        share = 100 * float(fit.rms[worst])
        reason = f"the joint fit leaves {share:.0f} % of the spectrum at {over} {cells.x[fit.used[worst]]:g}"
    if reason:
        laws, steps = _alone(cells, fit, working)
        return _failed(cells.over, files, reason, laws, [*cells.steps, *steps])
    return _Told(cells, fit, named(cells, fit, elements, electrolyte_conductivity_S_cm), working).series(files)


def _failed(
    over: str, files: tuple[str, ...], reason: str, laws: Sequence[MeasuredLaw], steps: Sequence[str]
) -> MeasuredSeries:
    return MeasuredSeries(
        over=over, files=files, reason=reason, laws=tuple(laws), spectra=(), steps=tuple(steps), fields=()
    )


def _alone(
    cells: Lineup, fit: SeriesFit, working: Mapping[str, float] | None
) -> tuple[tuple[MeasuredLaw, ...], tuple[str, ...]]:
    """The law of the total resistance by fits of each spectrum alone, when a joint fit failed, and a step."""
    places, total, sigma = [], [], []
    for place in fit.used:
        spectrum = cells.spectra[place]
        made = fit_arcs(spectrum.frequency_Hz, spectrum.impedance_ohm, kk=fit.kk[place])
        parts: list[Arc | Lump] = [*made.arcs, *made.lumps]
        whole = math.fsum(part.R_ohm for part in parts) + (made.series_ohm or 0.0)
        if not made.reason and whole > 0:
            places.append(place)
            total.append(whole)
            sigma.append(math.hypot(*(part.sigma_R_ohm for part in parts), made.sigma_series_ohm or 0.0))
    if not places:
        return (), ()
    law = cells.law(TOTAL, places, np.array(total), np.array(sigma), working)[1]
    return (law,), ("The total resistance is that of fits of each spectrum alone.",)


class _Told:
    """The laws of a joint fit whose arcs have names, and the case fields."""

    def __init__(self, cells: Lineup, fit: SeriesFit, naming: Naming, working: Mapping[str, float] | None) -> None:
        self.cells, self.fit, self.naming, self.working = cells, fit, naming, working
        self.x = cells.x[list(fit.used)]
        self.steps = [*cells.steps, *_joint(fit, cells), *naming.steps]
        self.laws: list[MeasuredLaw] = []
        self.fields: dict[str, Value] = {}

    def series(self, files: tuple[str, ...]) -> MeasuredSeries:
        """The result."""
        reason = self.naming.reason or self.interface()
        self.body()
        self.single()
        law, made = self.total()
        self.laws.append(made)
        self.fields |= fields_of(law, TOTAL)
        if reason:
            return _failed(self.cells.over, files, reason, self.laws, self.steps)
        return MeasuredSeries(
            over=self.cells.over,
            files=files,
            reason="" if self.fields else self.laws[0].reason,
            laws=tuple(self.laws),
            spectra=(),
            steps=tuple(self.steps),
            fields=measured_fields(self.fields),
        )

    def law(self, of: str, R: Reals, sigma: Reals) -> tuple[Law, MeasuredLaw]:
        """The law of resistances of the fit, shape (m,)."""
        return self.cells.law(of, self.fit.used, R, sigma, self.working)

    def summed(self, arcs: Sequence[int]) -> tuple[Reals, Reals]:
        """The sum of arcs and its error, with their covariance."""
        chosen = self.fit.covariance_R[:, list(arcs)][:, :, list(arcs)]
        return self.fit.R_ohm[:, list(arcs)].sum(axis=1), np.sqrt(np.maximum(chosen.sum(axis=(1, 2)), 0.0))

    def single(self) -> None:
        """The laws of arcs by themselves; two of one element go by their places too."""
        arcs = self.naming.arcs
        told = [law.of for law in self.laws]
        for arc, each in enumerate(arcs if len(arcs) > 1 else ()):
            known = np.median(self.fit.sigma_R_ohm[:, arc] / np.maximum(self.fit.R_ohm[:, arc], 1e-300))
            if each.element in told or known > HARDLY:
                continue
            alike = sum(other.element == each.element for other in arcs) > 1
            of = f"{each.element} {each.name}" if alike else each.element
            of += " of the whole cell" if self.cells.symmetric else ""
            self.laws.append(self.law(of, self.fit.R_ohm[:, arc], self.fit.sigma_R_ohm[:, arc])[1])

    def total(self) -> tuple[Law, MeasuredLaw]:
        """The law of everything before the tail."""
        R, sigma = self.summed(range(self.fit.R_ohm.shape[1]))
        if self.fit.series_ohm is not None and self.fit.sigma_series_ohm is not None:
            R, sigma = R + self.fit.series_ohm, np.hypot(sigma, self.fit.sigma_series_ohm)
        return self.law(TOTAL, R, sigma)

    def interface(self) -> str:
        """Tell the interface; why it cannot be told, or nothing."""
        chance = self.naming.interface
        open_arcs = [arc for arc, each in enumerate(chance) if UNLIKELY < each < LIKELY]
        clear = [arc for arc, each in enumerate(chance) if each >= LIKELY]
        doubts = "; ".join(self.doubt(arc) for arc in open_arcs)
        if not clear and not open_arcs:
            return self.none()
        if not clear:
            best = max(open_arcs, key=lambda arc: chance[arc])
            if chance[best] < TOLD:
                return f"the interface cannot be told: {doubts}"
            clear = [best]
            open_arcs.remove(best)
        if len(open_arcs) > MOST_OPEN:
            return f"the interface cannot be told: {doubts}"
        if doubts:
            self.steps.append(f"It is open what is of the interface: {doubts}.")
        ways = []
        for taken in itertools.product((False, True), repeat=len(open_arcs)):
            arcs = sorted(clear + [arc for arc, here in zip(open_arcs, taken, strict=True) if here])
            share = math.prod(
                chance[arc] if here else 1 - chance[arc] for arc, here in zip(open_arcs, taken, strict=True)
            )
            ways.append((share, arcs, *self.law(INTERFACE, *self.summed(arcs))))
        _, arcs, law, made = max(ways, key=lambda way: way[0])
        self.steps.append(f"The interface is {' and '.join(self.naming.arcs[arc].name for arc in arcs)}.")
        self.normalised(law)
        self.laws.append(made)
        found, dropped = _mixed([(share, self.of_interface(each, some)) for share, some, each, _ in ways])
        self.fields |= found
        if dropped:
            self.steps.append(f"Not stated, because it depends on what is of the interface: {', '.join(dropped)}.")
        return ""

    def doubt(self, arc: int) -> str:
        return f"{self.naming.arcs[arc].name} is with {100 * self.naming.interface[arc]:.0f} %"

    def of_interface(self, law: Law, arcs: Sequence[int]) -> dict[str, Value]:
        """The case fields of the interface, when it is some arcs."""
        alike = shared_error(*self.summed(arcs))
        made = fields_of(law, INTERFACE) | resistance_at(law, self.x, self.cells.unit, self.working, alike)
        return made | self.compared(arcs)

    def none(self) -> str:
        """No arc is that of an interface. What was taken for it is the largest arc of the body, if there is one."""
        body = [arc for arc, each in enumerate(self.naming.body) if each >= LIKELY]
        grains = [arc for arc in body if arc not in bulk_arcs(self.naming, body)] or body
        if not grains:
            return "no arc is that of an interface or of the electrolyte"
        arc = max(grains, key=lambda each: float(self.fit.R_ohm[self.naming.at, each]))
        name, cells = self.naming.arcs[arc].name, self.cells
        self.steps.append(f"No arc is that of an interface. What may be taken for one is {name}, in the electrolyte.")
        self.fields[COUNT] = (0.0, 0.0)
        if cells.over == THICKNESS:
            law = self.law("", self.fit.R_ohm[:, arc], self.fit.sigma_R_ohm[:, arc])[0]
            self.fields |= {name: value for name, value in law.fields.items() if name == "thickness_slope"}
        elif cells.area_cm2 is not None and cells.over != AREA:
            area = float(cells.area_cm2[self.fit.used[self.naming.at]])
            C, error = (float(each[self.naming.at, arc]) for each in (self.fit.C_F, self.fit.sigma_C_F))
            self.fields[CAPACITANCE] = (C / area, error / area)
            if cells.thickness_um is not None:
                self.fields[THICKNESS] = (float(cells.thickness_um[self.fit.used[self.naming.at]]), 0.0)
            self.steps.append(f"The capacitance of {name} goes into the case as that of the arc in question.")
        return ""

    def normalised(self, law: Law) -> None:
        """Steps from the resistances of the fit to those of one interface per area."""
        if self.cells.symmetric:
            self.steps.append("The resistance of the interface was halved: a symmetric cell has two of them.")
        else:
            self.steps.append("The arcs of both electrodes are summed: a second electrode is taken to add nothing.")
        if self.cells.per_area:
            self.steps.append("The files give resistances per area.")
        elif self.cells.unit == UNITS[OHM_CM2]:
            self.steps.append("Resistances were multiplied by the area.")
        elif law.over in STATES:
            self.steps.append("The area is not known, so the resistance itself does not go into the case.")

    def body(self) -> None:
        """The law of the bulk: of its arc, else of the series resistance, else of all arcs of the body together."""
        body = [arc for arc, each in enumerate(self.naming.body) if each >= LIKELY]
        if own := bulk_arcs(self.naming, body):
            R, sigma = self.summed(own)
        elif self.naming.attribution.bulk_beyond_range and self.fit.series_ohm is not None:
            assert self.fit.sigma_series_ohm is not None
            self.steps.append("The bulk shows no arc: its resistance is the series resistance, leads included.")
            R, sigma = self.fit.series_ohm, self.fit.sigma_series_ohm
        elif body:
            self.steps.append("Bulk and grain boundaries are not told apart: their sum counts as the bulk.")
            R, sigma = self.summed(body)
        else:
            return
        law, made = self.law(BULK, R, sigma)
        self.laws.append(made)
        self.fields |= fields_of(law, BULK)

    def compared(self, arcs: Sequence[int]) -> dict[str, Value]:
        """Over time and cycles from a fresh cell on: the last spectrum against the first one, the reference state.

        The capacitance is that of the largest arc, as for a single spectrum, and told over cycles only: at rest a film
        that grows lowers it as lost area does.
        """
        if self.cells.over not in (REST, CYCLES) or not 0 <= float(self.x[0]) <= FRESH * float(self.x[-1]):
            return {}
        R, sigma = self.summed(arcs)
        sigma = np.hypot(sigma, REPEATABILITY * R)
        made: dict[str, Value] = {"resistance_factor": _ratio(R, sigma)}
        if self.cells.over == REST:
            return made
        arc = max(arcs, key=lambda each: float(self.fit.R_ohm[-1, each]))
        R, C, error = self.fit.R_ohm[:, arc], self.fit.C_F[:, arc], self.fit.sigma_C_F[:, arc]
        sigma = np.hypot(self.fit.sigma_R_ohm[:, arc], REPEATABILITY * R)
        if self.fit.shared_C[arc]:
            value, own = _ratio(R, sigma)
            width = TESTED * float(error[0] / C[0])
            made["capacitance_factor"] = (1.0, width)
            made["time_constant_factor"] = (value, math.hypot(own, value * width))
        else:
            made["capacitance_factor"] = _ratio(C, error)
            made["time_constant_factor"] = _ratio(R * C, R * C * np.hypot(sigma / R, error / C))
        return made


def _ratio(values: Reals, sigma: Reals) -> Pair:
    """The last figure over the first one."""
    value = float(values[-1] / values[0])
    return value, value * math.hypot(float(sigma[-1] / values[-1]), float(sigma[0] / values[0]))


def _mixed(ways: Sequence[tuple[float, Mapping[str, Value]]]) -> tuple[dict[str, Value], tuple[str, ...]]:
    """Fields of the likeliest way with the uncertainty of all, and names of those that other ways do not bear out."""
    chosen = max(ways, key=lambda way: way[0])[1]
    made: dict[str, Value] = {}
    dropped = []
    for name, value in chosen.items():
        others = [(share, fields.get(name)) for share, fields in ways]
        if isinstance(value, tuple):
            figures = [(share, other) for share, other in others if isinstance(other, tuple)]
            against = 1.0 - math.fsum(share for share, _ in figures)
            apart = math.fsum(share * (other[0] - value[0]) ** 2 for share, other in figures)
            value = (value[0], math.sqrt(value[1] ** 2 + apart))
        else:
            against = math.fsum(share for share, other in others if other != value)
        if against > UNLIKELY:
            dropped.append(name)
        else:
            made[name] = value
    return made, tuple(dropped)


def _joint(fit: SeriesFit, cells: Lineup) -> list[str]:
    """Steps of the joint fit: what was left out, what is shared."""
    made = [
        f"The spectrum at {cells.over} {cells.x[place]:g} was left out: {test.reason}."
        for place, test in enumerate(fit.kk)
        if place not in fit.used
    ]
    count = fit.R_ohm.shape[1]
    free = [f"C{arc + 1}" for arc in range(count) if not fit.shared_C[arc]]
    free += [f"n{arc + 1}" for arc in range(count) if not fit.shared_n[arc]]
    said = f"{len(fit.used)} spectra were fitted together with {count} arc{'s' if count > 1 else ''}"
    made.append(f"{said}; their capacitances and exponents are shared{' but for ' + ', '.join(free) if free else ''}.")
    return made
