"""Several spectra of a cell over one quantity: resistances of a joint fit, what its arcs are, their laws, case fields.

What an arc is shows twice: by its capacitance, and by its law. The first naming goes by the spectrum alone; the second
one adds the activation energy of each arc, or its exponents of pressure, from the first laws. What then is the
interface is summed up, with the covariance of the joint fit, and its law fills the fields of the case.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

from diagnose.measured import MeasuredField, MeasuredLaw, MeasuredSeries
from diagnose.measurement.arcs import ArcFit, fit_arcs
from diagnose.measurement.attribution import TOLD, Attributed, Attribution, Element, attribute
from diagnose.measurement.dispatch import (
    BULK,
    CYCLES,
    INTERFACE,
    PRESSURE,
    REST,
    STATES,
    TEMPERATURE,
    TOTAL,
    UNITS,
    fields_of,
    law_over,
    measured_fields,
    measured_law,
    resistance_at,
)
from diagnose.measurement.jointfit import SeriesFit, fit_series
from diagnose.measurement.law import Law, Pair, Reals, Value
from diagnose.measurement.lineup import Lineup, line_up
from diagnose.measurement.lump import Arc
from diagnose.measurement.seriesheader import OHM_CM2
from diagnose.measurement.spectrum import Spectrum

ROOM_C = 25.0
# Arcs that cannot be named do not matter when they make up less than this share of the interface.
SMALL = 0.05
# Share of the modulus that a joint fit may leave, or its parameters mean nothing.
USELESS = 0.1
# A capacitance that is shared was tested: it would have been released from about this many standard uncertainties on.
TESTED = 3.0


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
    branch: loading or unloading, heating or cooling, for each spectrum. working: values of the case by field.

    Where the joint fit fails or no interface can be told there is a reason and no field; the law of the total
    resistance may then still be there. Raises UsageError when x does not belong to the spectra or no law knows `over`.
    """
    cells = line_up(spectra, x, over, area_cm2, thickness_um, symmetric, temperature_C, branch)
    files = tuple(dict.fromkeys(each.file for each in spectra if each.file))
    if cells.per_area and not all(each.per_area for each in spectra):
        return _failed(cells, files, "some spectra are per area and others are not; give the area of the cells", ())
    fit = fit_series([(each.frequency_Hz, each.impedance_ohm) for each in cells.spectra])
    reason = fit.reason
    if not reason and float(fit.rms.max()) > USELESS:
        worst = int(fit.rms.argmax())
        reason = f"the joint fit leaves {100 * float(fit.rms[worst]):.0f} % of spectrum {fit.used[worst] + 1}"
    if reason:
        return _failed(cells, files, reason, _alone(cells, fit, working))
    return _Named(cells, fit, elements, electrolyte_conductivity_S_cm, working).series(files)


def _failed(cells: Lineup, files: tuple[str, ...], reason: str, laws: tuple[MeasuredLaw, ...]) -> MeasuredSeries:
    return MeasuredSeries(
        over=cells.over, files=files, reason=reason, laws=laws, spectra=(), steps=tuple(cells.steps), fields=()
    )


def _alone(cells: Lineup, fit: SeriesFit, working: Mapping[str, float] | None) -> tuple[MeasuredLaw, ...]:
    """The law of the total resistance by fits of each spectrum alone, when a joint fit failed."""
    places, total, sigma = [], [], []
    for place in fit.used:
        spectrum = cells.spectra[place]
        made = fit_arcs(spectrum.frequency_Hz, spectrum.impedance_ohm, kk=fit.kk[place])
        if made.reason:
            continue
        parts = [*made.arcs, *made.lumps]
        places.append(place)
        total.append(sum(part.R_ohm for part in parts) + (made.series_ohm or 0.0))
        sigma.append(math.hypot(*(part.sigma_R_ohm for part in parts), made.sigma_series_ohm or 0.0))
    if not places or min(total) <= 0 or min(sigma) <= 0:
        return ()
    cells.steps.append("The total resistance is that of fits of each spectrum alone.")
    factor = cells.factor(TOTAL, places)
    return (_law(cells, TOTAL, places, np.array(total) * factor, np.array(sigma) * factor, working)[1],)


def _law(
    cells: Lineup,
    of: str,
    places: Sequence[int],
    resistance: Reals,
    sigma: Reals,
    working: Mapping[str, float] | None,
) -> tuple[Law, MeasuredLaw]:
    """The law of a resistance, and the same as a result."""
    x = cells.x[list(places)]
    branch = None if cells.branch is None else [cells.branch[place] for place in places]
    law = law_over(cells.over, x, resistance, sigma, of=of, unit=cells.unit, branch=branch, working=working)
    return law, measured_law(law, of, x, resistance, sigma, cells.unit)


class _Named:
    """A joint fit, its arcs by name, and their laws."""

    def __init__(
        self,
        cells: Lineup,
        fit: SeriesFit,
        elements: Mapping[str, Element],
        conductivity_S_cm: float | None,
        working: Mapping[str, float] | None,
    ) -> None:
        self.cells, self.fit, self.elements, self.working = cells, fit, elements, working
        self.conductivity_S_cm = conductivity_S_cm
        self.steps = [*cells.steps, *_joint(fit, cells)]
        self.x = cells.x[list(fit.used)]
        self.at = self._typical()

    def _typical(self) -> int:
        """Which of the fitted spectra names the arcs: that nearest to 25 C, else the one in the middle."""
        if self.cells.over == TEMPERATURE:
            return int(np.argmin(np.abs(self.x - ROOM_C)))
        return len(self.x) // 2

    def series(self, files: tuple[str, ...]) -> MeasuredSeries:
        """Laws and fields."""
        named = self.attributed({}, {})
        if named.reason:
            return _failed(self.cells, files, named.reason, (self.total()[1],))
        self.say(named, "by the spectrum")
        energies, exponents = self.evidence()
        if energies or exponents:
            named = self.attributed(energies, exponents)
            self.say(named, "with its law")
        groups, reason = _groups(named, self.fit)
        laws, fields = self.told(named, groups)
        return MeasuredSeries(
            over=self.cells.over,
            files=files,
            reason=reason or laws[0].reason,
            laws=tuple(laws),
            spectra=(),
            steps=tuple(self.steps),
            fields=() if reason else fields,
        )

    def attributed(self, energies: Mapping[str, Pair], exponents: Mapping[str, Pair]) -> Attribution:
        """The arcs of the typical spectrum by name."""
        cells, place = self.cells, self.fit.used[self.at]
        area, thick = (None if each is None else float(each[place]) for each in (cells.area_cm2, cells.thickness_um))
        return attribute(
            _typical_fit(self.fit, self.at),
            area_cm2=1.0 if cells.per_area else area,
            thickness_um=thick,
            temperature_C=float(cells.x[place]) if cells.over == TEMPERATURE else cells.temperature_C,
            electrolyte_conductivity_S_cm=None if cells.over == TEMPERATURE else self.conductivity_S_cm,
            symmetric=cells.symmetric,
            activation_energies=energies,
            pressure_exponents=exponents,
            elements=self.elements,
        )

    def say(self, named: Attribution, how: str) -> None:
        """Steps that tell what each arc is taken for."""
        for each in named.arcs:
            self.steps.append(f"{each.name} {how}: {each.says}")

    def evidence(self) -> tuple[dict[str, Pair], dict[str, Pair]]:
        """Activation energies and exponents of pressure of the arcs, where the series tells them."""
        energies: dict[str, Pair] = {}
        exponents: dict[str, Pair] = {}
        for arc in range(self.fit.R_ohm.shape[1]):
            R, sigma = self.fit.R_ohm[:, arc], self.fit.sigma_R_ohm[:, arc]
            name = f"{arc + 1}"
            if self.cells.over == TEMPERATURE:
                _energy(energies, f"R{name}", self.law("", R, sigma)[0])
            elif self.cells.over == PRESSURE:
                _exponent(exponents, f"R{name}", self.x, 1.0 / R, sigma / R)
                C, error = self.fit.C_F[:, arc], self.fit.sigma_C_F[:, arc] / self.fit.C_F[:, arc]
                _exponent(exponents, f"C{name}", self.x, C, error, self.fit.shared_C[arc])
        if self.cells.over == TEMPERATURE and self.fit.series_ohm is not None:
            _energy(energies, "R0", self.law("", *self.before())[0])
        return energies, exponents

    def before(self) -> tuple[Reals, Reals]:
        """The series resistance with its errors, shape (m,)."""
        assert self.fit.series_ohm is not None
        assert self.fit.sigma_series_ohm is not None
        return self.fit.series_ohm, self.fit.sigma_series_ohm

    def law(self, of: str, R: Reals, sigma: Reals) -> tuple[Law, MeasuredLaw]:
        """The law of resistances of the fit, in the unit and of the number of interfaces that it is told for."""
        factor = self.cells.factor(of, self.fit.used)
        return _law(self.cells, of, self.fit.used, R * factor, sigma * factor, self.working)

    def summed(self, arcs: Sequence[int]) -> tuple[Reals, Reals]:
        """The sum of arcs and its error, with their covariance."""
        chosen = self.fit.covariance_R[:, list(arcs)][:, :, list(arcs)]
        return self.fit.R_ohm[:, list(arcs)].sum(axis=1), np.sqrt(np.maximum(chosen.sum(axis=(1, 2)), 1e-300))

    def total(self) -> tuple[Law, MeasuredLaw]:
        """The law of everything before the tail."""
        R, sigma = self.summed(range(self.fit.R_ohm.shape[1]))
        if self.fit.series_ohm is not None:
            before, error = self.before()
            R, sigma = R + before, np.hypot(sigma, error)
        return self.law(TOTAL, R, sigma)

    def told(
        self, named: Attribution, groups: Mapping[str, list[int]]
    ) -> tuple[list[MeasuredLaw], tuple[MeasuredField, ...]]:
        """The laws of interface, body, single arcs and all, and the fields of the case."""
        laws: list[MeasuredLaw] = []
        fields: dict[str, Value] = {}
        if arcs := groups[INTERFACE]:
            law, made = self.law(INTERFACE, *self.summed(arcs))
            laws.append(made)
            fields |= fields_of(law, INTERFACE) | resistance_at(law, self.x, self.cells.unit, self.working)
            fields |= self.compared(arcs)
            self.normalised(law)
        body = self.body(named, groups)
        if body is not None:
            law, made = self.law(BULK, *body)
            laws.append(made)
            fields |= fields_of(law, BULK)
        if len(named.arcs) > 1:
            for arc, each in enumerate(named.arcs):
                laws.append(self.law(each.element, self.fit.R_ohm[:, arc], self.fit.sigma_R_ohm[:, arc])[1])
        law, made = self.total()
        laws.append(made)
        fields |= fields_of(law, TOTAL)
        return laws, measured_fields(fields)

    def normalised(self, law: Law) -> None:
        """Steps from the resistances of the fit to those of one interface per area."""
        if self.cells.symmetric:
            self.steps.append("The resistance of the interface was halved: a symmetric cell has two of them.")
        if self.cells.unit == UNITS[OHM_CM2] and not self.cells.per_area:
            self.steps.append("Resistances were multiplied by the area.")
        elif self.cells.per_area:
            self.steps.append("The files give resistances per area.")
        elif law.over in STATES:
            self.steps.append("The area is not known, so the resistance itself does not go into the case.")

    def body(self, named: Attribution, groups: Mapping[str, list[int]]) -> tuple[Reals, Reals] | None:
        """The resistance of the bulk: its arc, else the series resistance, else all arcs of the body together."""
        own = [arc for arc in groups["body"] if named.arcs[arc].element == BULK and not named.arcs[arc].cannot_tell]
        if own:
            return self.summed(own)
        if named.bulk_beyond_range and self.fit.series_ohm is not None:
            self.steps.append("The bulk shows no arc: its resistance is the series resistance, leads included.")
            return self.before()
        if groups["body"]:
            self.steps.append("Bulk and grain boundaries are not told apart: their sum counts as the bulk.")
            return self.summed(groups["body"])
        return None

    def compared(self, arcs: Sequence[int]) -> dict[str, Value]:
        """Over time and cycles: the last spectrum against the first one, the reference state."""
        if self.cells.over not in (REST, CYCLES) or float(self.x[-1]) <= float(self.x[0]):
            return {}
        R, sigma = self.summed(arcs)
        made: dict[str, Value] = {"resistance_factor": _ratio(R, sigma)}
        if len(arcs) == 1:
            C, error = self.fit.C_F[:, arcs[0]], self.fit.sigma_C_F[:, arcs[0]]
            if self.fit.shared_C[arcs[0]]:
                width = TESTED * float(error[0] / C[0])
                made["capacitance_factor"] = (1.0, width)
                value, own = _ratio(R, sigma)
                made["time_constant_factor"] = (value, value * math.hypot(own / value, width))
            else:
                made["capacitance_factor"] = _ratio(C, error)
                made["time_constant_factor"] = _ratio(R * C, R * C * np.hypot(sigma / R, error / C))
        self.steps.append("Factors compare the last spectrum with the first one.")
        return made


def _ratio(values: Reals, sigma: Reals) -> Pair:
    value = float(values[-1] / values[0])
    return value, value * math.hypot(float(sigma[-1] / values[-1]), float(sigma[0] / values[0]))


def _joint(fit: SeriesFit, cells: Lineup) -> list[str]:
    """Steps of the joint fit: what was left out, what is shared."""
    made = []
    for place, test in enumerate(fit.kk):
        if place not in fit.used:
            made.append(f"Spectrum {place + 1} ({cells.over} {cells.x[place]:g}) was left out: {test.reason}.")
    count = fit.R_ohm.shape[1]
    said = f"{len(fit.used)} spectra were fitted together with {count} arc{'s' if count > 1 else ''}"
    free = [f"C{arc + 1}" for arc in range(count) if not fit.shared_C[arc]]
    free += [f"n{arc + 1}" for arc in range(count) if not fit.shared_n[arc]]
    made.append(f"{said}; their capacitances and exponents are shared{' but for ' + ', '.join(free) if free else ''}.")
    return made


def _typical_fit(fit: SeriesFit, at: int) -> ArcFit:
    """One spectrum of a joint fit as the fit of a spectrum."""
    arcs = []
    for arc in range(fit.R_ohm.shape[1]):
        R, sigma, C, error, frequency, n, width = (
            float(each[at, arc])
            for each in (fit.R_ohm, fit.sigma_R_ohm, fit.C_F, fit.sigma_C_F, fit.frequency_Hz, fit.n, fit.sigma_n)
        )
        spread = frequency * math.hypot(sigma / R, error / C)
        arcs.append(Arc(R, sigma, C, error, frequency, spread, n, width))
    return ArcFit(
        kk=fit.kk[fit.used[at]],
        arcs=tuple(arcs),
        series_ohm=None if fit.series_ohm is None else float(fit.series_ohm[at]),
        sigma_series_ohm=None if fit.sigma_series_ohm is None else float(fit.sigma_series_ohm[at]),
        inductance_H=fit.inductance_H,
        tail=fit.tail,
        tail_values={name: float(values[at]) for name, values in fit.tail_values.items()},
        rms=float(fit.rms[at]),
    )


def _energy(energies: dict[str, Pair], name: str, law: Law) -> None:
    if law.name:
        energies[name] = law.parameters["activation_energy_eV"]


def _exponent(exponents: dict[str, Pair], name: str, x: Reals, y: Reals, s: Reals, shared: bool = False) -> None:
    """The mean exponent of y ~ x^m with its error, by least squares in logarithms, weighted with relative errors s.

    Errors are enlarged to the scatter about the line. A y that is shared by all x has m = 0 with what its test lets be.
    """
    if float(x.min()) <= 0 or len(np.unique(x)) < 3:
        return
    far = np.log(x) - np.log(x).mean()
    if shared:
        exponents[name] = (0.0, TESTED * float(s.mean()) / float(np.sqrt(np.mean(far**2))))
        return
    base = np.column_stack([np.ones(len(x)), far]) / s[:, None]
    covariance = np.linalg.inv(base.T @ base)
    theta = covariance @ (base.T @ (np.log(y) / s))
    rest = np.log(y) / s - base @ theta
    scale = max(1.0, math.sqrt(float(rest @ rest) / (len(x) - 2)))
    exponents[name] = (float(theta[1]), scale * math.sqrt(float(covariance[1, 1])))


def _groups(named: Attribution, fit: SeriesFit) -> tuple[dict[str, list[int]], str]:
    """Arcs of the interface and of the body, and why the interface cannot be told, empty when it can."""
    groups: dict[str, list[int]] = {INTERFACE: [], "body": [], "open": []}
    for arc, each in enumerate(named.arcs):
        if each.interface >= TOLD:
            groups[INTERFACE].append(arc)
        elif each.body >= TOLD:
            groups["body"].append(arc)
        elif each.interface + each.body > 1 - TOLD:
            groups["open"].append(arc)
    if groups["open"]:
        whole = fit.R_ohm[:, groups[INTERFACE]].sum(axis=1)
        share = fit.R_ohm[:, groups["open"]].sum(axis=1) / np.maximum(whole, 1e-300)
        if float(np.median(share)) > SMALL:
            return groups, f"the interface cannot be told: {' '.join(_open(named.arcs[arc]) for arc in groups['open'])}"
    if not groups[INTERFACE]:
        return groups, f"no arc is that of an interface: {' '.join(each.says for each in named.arcs)}"
    return groups, ""


def _open(arc: Attributed) -> str:
    return f"{arc.name} may lie in the body ({100 * arc.body:.0f} %) or at the interface ({100 * arc.interface:.0f} %)."
