"""Fields of a case from a fit whose arcs have been named, and every step on the way.

Per area means per geometric area of one interface. In a symmetric cell two equal interfaces lie in series: the
resistance is halved and the capacitance doubled, which leaves R C and the frequency as they are. What is not told
clearly is given as a range with its reason, or not at all.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

import numpy as np

from diagnose.measurement.arcs import ArcFit
from diagnose.measurement.attribution import TOLD, Attributed, Attribution
from diagnose.measurement.law import Pair, Value
from diagnose.measurement.weighing import BULK, series_of

RESISTANCE, CAPACITANCE = "interfacial_resistance_ohm_cm2", "arc_capacitance_F_cm2"
FREQUENCY, EXPONENT, COUNT = "arc_frequency_Hz", "cpe_exponent", "interface_arcs"
OHMIC, CONDUCTIVITY, LOOP = "ohmic_over_expected", "electrolyte_conductivity_S_cm", "inductive_loop"
# Probability from which an arc counts, and those between which it is doubtful whether it does.
COUNTS, UNLIKELY, LIKELY = 0.5, 0.2, 0.8
# Share of the modulus, and times the noise, that a fit may leave before it is doubted; most inductance of leads.
POOR, ERRS, LEADS_H = 0.02, 25.0, 5e-6
# Least relative error of a resistance of the body that the fit does not tell by itself.
VAGUE = 0.1


def _fields() -> Mapping[str, Value]:
    return MappingProxyType({})


def _ranges() -> Mapping[str, Pair]:
    return MappingProxyType({})


@dataclass(frozen=True, eq=False)
class InterfaceReading:
    """What a spectrum says of the interface. `fields` are those of a case: a figure with its sigma, or a word."""

    fields: Mapping[str, Value] = field(default_factory=_fields)
    ranges: Mapping[str, Pair] = field(default_factory=_ranges)
    """Lowest and highest value of fields that depend on arcs which cannot be named; `steps` say why."""
    steps: tuple[str, ...] = ()
    """What was done, in order."""
    doubts: tuple[str, ...] = ()


def read_interface(fit: ArcFit, attribution: Attribution, *, area_source: str = "as given") -> InterfaceReading:
    """Fields of a case from a fit and what its arcs are.

    Sizes, conductivity and symmetry are those the attribution was made with. area_source: where the area is from, for
    the record. Resistances add with the covariance of the fit, and R p (1 - p) R of every doubtful arc as variance.
    """
    if attribution.reason:
        return InterfaceReading(steps=(f"Nothing is read from the arcs: {attribution.reason}.",))
    made = _Reader(fit, attribution)
    made.area(area_source)
    made.interface()
    made.body()
    made.loop()
    return InterfaceReading(
        MappingProxyType(made.fields), MappingProxyType(made.ranges), tuple(made.steps), tuple(made.doubts)
    )


class _Reader:
    """Collects fields and steps."""

    def __init__(self, fit: ArcFit, attribution: Attribution) -> None:
        self.fit, self.found, self.cell = fit, attribution, attribution.cell
        self.fields: dict[str, Value] = {}
        self.ranges: dict[str, Pair] = {}
        self.steps: list[str] = []
        self.doubts: list[str] = []

    def area(self, source: str) -> None:
        if self.cell.area_cm2 is None:
            self.steps.append("No area was given, so nothing per area is stated.")
        else:
            self.steps.append(f"Area: {self.cell.area_cm2:g} cm2, {source}.")

    def interface(self) -> None:
        self.fit_doubts()
        arcs = self.found.arcs
        beyond = [each for each in arcs if each.arc.frequency_Hz < self.fit.low_Hz and each.interface > UNLIKELY]
        if beyond:
            # What lies below the range is guessed from its beginning only.
            self.steps.append(f"{_names(beyond)} would peak below the measured range, so nothing is stated of the "
                              "interfacial resistance but what lies above it.")  # fmt: skip
            self.doubts.append("The interfacial resistance is at least what is stated: the spectrum ends too early.")
            arcs = tuple(each for each in arcs if each not in beyond)
        taken = [each for each in arcs if each.interface >= COUNTS]
        unclear = [each for each in arcs if UNLIKELY < each.interface < LIKELY]
        low = [each for each in arcs if each.interface >= LIKELY]
        high = [each for each in arcs if each.interface > UNLIKELY]
        if not high:
            self.steps.append("No arc is likely to be that of an interface.")
            self.count(0, unclear)
            return
        for each in taken:
            what = f"the interface ({100 * each.interface:.0f} %)"
            self.steps.append(f"{each.name} counts as {what}: most likely {_word(each.element)}.")
        if unclear:
            names = ", ".join(f"{each.name} ({100 * each.interface:.0f} %)" for each in unclear)
            self.steps.append(f"It is doubtful whether these are of the interface: {names}.")
        scale = self.per_interface()
        if scale is not None:
            if unclear:
                least, most = _sum(low) - self.sigma(low), _sum(high) + self.sigma(high)
                self.ranges[RESISTANCE] = (scale * max(least, 0.0), math.inf if beyond else scale * most)
            if taken:
                value = scale * _sum(taken)
                doubt = sum(each.interface * (1.0 - each.interface) * each.arc.R_ohm**2 for each in unclear)
                sigma = scale * math.sqrt(self.sigma(taken) ** 2 + doubt)
                self.fields[RESISTANCE] = f">{max(value - sigma, 0.0):.4g}" if beyond else (value, sigma)
                self.steps.append(f"Interfacial resistance: {value:.4g} ohm cm2, the sum of {_names(taken)}.")
        if taken:
            self.shape(taken, scale)
        else:
            self.steps.append("No arc is more likely than not that of an interface, so only a range is stated.")
        self.count(len(taken), unclear)

    def fit_doubts(self) -> None:
        """What makes the fit itself doubtful."""
        fit = self.fit
        if fit.rms > POOR:
            self.doubts.append(f"The fit leaves {100 * fit.rms:.1f} % of the modulus: its arcs are an approximation.")
        elif fit.chi2 > ERRS:
            times = math.sqrt(fit.chi2)
            self.doubts.append(f"The fit leaves {times:.0f} times the noise: its arcs are an approximation.")
        if (fit.inductance_H or 0.0) > LEADS_H:
            self.doubts.append(f"An inductance of {fit.inductance_H:.2g} H is more than that of leads.")

    def per_interface(self) -> float | None:
        """cm2 by which a resistance of the cell becomes that of one interface; without an area None."""
        area = self.cell.area_cm2
        if self.cell.symmetric:
            self.steps.append("Symmetric cell: two equal interfaces in series; resistance halved, capacitance doubled.")
        else:
            self.doubts.append("The arcs of both electrodes are summed: a second electrode is taken to add nothing.")
        return None if area is None else area / (2.0 if self.cell.symmetric else 1.0)

    def shape(self, taken: Sequence[Attributed], scale: float | None) -> None:
        """Capacitance, frequency and exponent of the interface arc, which is that of the largest resistance."""
        largest = max(taken, key=lambda each: each.arc.R_ohm)
        arc = largest.arc
        if not largest.alone:
            self.steps.append(f"{largest.name} is not told by itself, so its capacitance, frequency and exponent are "
                              "not stated.")  # fmt: skip
            return
        if len(taken) > 1:
            self.steps.append(f"Capacitance, frequency and exponent are those of {largest.name}, the largest.")
        if scale is not None:
            self.fields[CAPACITANCE] = (arc.C_F / scale, arc.sigma_C_F / scale)
        self.fields[FREQUENCY] = (arc.frequency_Hz, arc.sigma_frequency_Hz)
        self.fields[EXPONENT] = (min(arc.n, 1.0), arc.sigma_n)

    def count(self, count: int, unclear: Sequence[Attributed]) -> None:
        lumped = [each for each in self.found.arcs if not each.alone and each.interface > UNLIKELY]
        if unclear or lumped:
            self.steps.append("How many arcs the interface has is not stated: not all of them are told.")
        else:
            self.fields[COUNT] = (float(count), 0.0)

    def body(self) -> None:
        """The resistance of the electrolyte against the one it should have, or the conductivity it shows."""
        found, cell = self.found, self.cell
        body = [each for each in found.arcs if each.body >= LIKELY]
        before = series_of(self.fit)
        bulk = any(each.probabilities.get(BULK, 0.0) >= TOLD for each in body)
        if not bulk and not found.bulk_beyond_range:
            return
        if any(UNLIKELY < each.body < LIKELY for each in found.arcs):
            self.steps.append("Not all arcs of the electrolyte are told, so its resistance is not stated.")
            return
        if not found.arcs and found.tail == "none":
            self.doubts.append("Nothing but a resistance was seen: a short, a lead or a resistor looks the same.")
            return
        R = _sum(body) + before
        sigma = self.sigma(body, bool(before))
        if not all(each.alone for each in body):
            # The shape decides what an arc takes that peaks beyond the range or overlaps with another one.
            sigma = max(sigma, VAGUE * R)
        expected = cell.expected_ohm
        parts = [*(each.name for each in body), *(["the series resistance"] if before else [])]
        if expected is not None:
            self.fields[OHMIC] = (R / expected, sigma / expected)
            self.steps.append(f"Resistance of the electrolyte: {R:.4g} ohm, from {' and '.join(parts)}; thickness over "
                              f"conductivity and area gives {expected:.4g} ohm.")  # fmt: skip
        elif cell.area_cm2 is not None and cell.thickness_um is not None and cell.electrolyte_conductivity_S_cm is None:
            # The series resistance holds the leads too, so where the bulk is an arc it is not added to it.
            own = [] if bulk else ["the series resistance"]
            R, sigma = (_sum(body), min(sigma, max(self.sigma(body), VAGUE * _sum(body)))) if bulk else (R, sigma)
            value = cell.thickness_um * 1e-4 / (R * cell.area_cm2)
            self.fields[CONDUCTIVITY] = (value, value * sigma / R)
            self.doubts.append("The conductivity rests on what the arcs are; a series of thicknesses would settle it.")
            self.steps.append(f"Conductivity of the electrolyte: {value:.3g} S/cm, from "
                              f"{' and '.join([*(each.name for each in body), *own])}.")  # fmt: skip

    def loop(self) -> None:
        """An inductive end, where the fit has an inductance and its impedance crosses the real axis."""
        L = self.fit.inductance_H
        if L and 2.0 * (self.fit.sigma_inductance_H or 0.0) < L and bool((self.fit.fitted_ohm.imag > 0).any()):
            self.fields[LOOP] = "high_frequency"
            self.steps.append(f"The spectrum turns inductive at high frequency: {L:.2g} H in series.")

    def sigma(self, taken: Sequence[Attributed], series: bool = False) -> float:
        """Standard error in ohm of a sum of resistances, with what the fit knows of how they trade."""
        names = [*(each.name for each in taken), *(["R0"] if series else [])]
        fit = self.fit
        if fit.shape is not None and set(names) <= set(fit.shape.names):
            places = [fit.shape.names.index(name) for name in names]
            R = fit.values[places]
            # A circuit may have its arcs in another order than that of their frequencies.
            if np.allclose(R[: len(taken)], [each.arc.R_ohm for each in taken], rtol=1e-9, atol=0.0):
                return math.sqrt(max(float(R @ fit.covariance[np.ix_(places, places)] @ R), 0.0))
        own = [each.arc.sigma_R_ohm for each in taken] + ([fit.sigma_series_ohm or 0.0] if series else [])
        return math.hypot(*own)


def _sum(taken: Sequence[Attributed]) -> float:
    return math.fsum(each.arc.R_ohm for each in taken)


def _names(taken: Sequence[Attributed]) -> str:
    return " and ".join(each.name for each in taken)


def _word(element: str) -> str:
    return element.replace("_", " ")
