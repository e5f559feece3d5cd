"""What the arcs of a joint fit are, by the spectrum and by how each of them follows what was varied."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from diagnose.measurement.arcs import ArcFit
from diagnose.measurement.attribution import Attributed, Attribution, attribute
from diagnose.measurement.dispatch import BULK, PRESSURE, TEMPERATURE, THICKNESS
from diagnose.measurement.jointfit import SeriesFit
from diagnose.measurement.law import Law, Pair, Reals
from diagnose.measurement.lineup import Lineup
from diagnose.measurement.lump import Arc
from diagnose.measurement.weighing import Element

ROOM_C = 25.0
# A capacitance that is shared was tested: it would have been released from about this many standard uncertainties on.
TESTED = 3.0
# Slopes over thickness of arcs in the body and at an interface, and how far real cells scatter about them (judgement).
BODY_SLOPE, INTERFACE_SLOPE, SLOPE_EDGE = 1.0, 0.0, 0.2


@dataclass(frozen=True, eq=False)
class Naming:
    """The arcs of a joint fit by name. k arcs by falling frequency; with a `reason` there are none."""

    attribution: Attribution
    arcs: tuple[Attributed, ...]
    interface: tuple[float, ...]
    """For each arc, the probability that it is that of an interface."""
    body: tuple[float, ...]
    at: int
    """Which of the fitted spectra they were named by."""
    steps: tuple[str, ...]
    reason: str = ""


def named(
    cells: Lineup, fit: SeriesFit, elements: Mapping[str, Element], electrolyte_conductivity_S_cm: float | None = None
) -> Naming:
    """The arcs by their names: first by one spectrum, that nearest to 25 C or in the middle; then with their laws.

    Over temperature the law of each arc gives its activation energy, over pressure its exponents of R and C, over
    thickness its slope, which is near 1 in the body and near 0 at an interface.
    """
    x = cells.x[list(fit.used)]
    at = int(np.argmin(np.abs(x - ROOM_C))) if cells.over == TEMPERATURE else len(x) // 2
    place = fit.used[at]
    area, thick = (None if each is None else float(each[place]) for each in (cells.area_cm2, cells.thickness_um))

    def attributed(energies: Mapping[str, Pair], exponents: Mapping[str, Pair]) -> Attribution:
        return attribute(
            _typical(fit, at),
            area_cm2=1.0 if cells.per_area else area,
            thickness_um=thick,
            temperature_C=float(x[at]) if cells.over == TEMPERATURE else cells.temperature_C,
            # A conductivity is known at one temperature, which need not be that of the spectrum.
            electrolyte_conductivity_S_cm=None if cells.over == TEMPERATURE else electrolyte_conductivity_S_cm,
            symmetric=cells.symmetric,
            activation_energies=energies,
            pressure_exponents=exponents,
            elements=elements,
        )

    first = attributed({}, {})
    if first.reason:
        return Naming(first, (), (), (), at, (), first.reason)
    energies, exponents = _energies(cells, fit), _exponents(cells, fit, x)
    second = attributed(energies, exponents) if energies or exponents else first
    steps = [f"{each.name} by the spectrum alone: {_chances(each)}." for each in first.arcs] if second != first else []
    steps += [each.says for each in second.arcs]
    interface, body = [each.interface for each in second.arcs], [each.body for each in second.arcs]
    for arc, slope in enumerate(_slopes(cells, fit)):
        if slope is None:
            continue
        interface[arc], body[arc] = _weighed(interface[arc], body[arc], slope)
        steps.append(
            f"{second.arcs[arc].name} goes with the thickness to the power {slope[0]:.2f}, so it is in the body with "
            f"{100 * body[arc]:.0f} %."
        )
    return Naming(second, second.arcs, tuple(interface), tuple(body), at, tuple(steps))


def _chances(arc: Attributed) -> str:
    best, rival = (
        f"{each.replace('_', ' ')} {100 * arc.probabilities[each]:.0f} %" for each in (arc.element, arc.rival)
    )
    return f"{best}, {rival}"


def _typical(fit: SeriesFit, at: int) -> ArcFit:
    """One spectrum of a joint fit as the fit of a spectrum."""
    arcs = []
    for arc in range(fit.R_ohm.shape[1]):
        R, sigma, C, error, frequency, n, width = (
            float(each[at, arc])
            for each in (fit.R_ohm, fit.sigma_R_ohm, fit.C_F, fit.sigma_C_F, fit.frequency_Hz, fit.n, fit.sigma_n)
        )
        arcs.append(Arc(R, sigma, C, error, frequency, frequency * math.hypot(sigma / R, error / C), n, width))
    before, error_before = (
        None if each is None else float(each[at]) for each in (fit.series_ohm, fit.sigma_series_ohm)
    )
    return ArcFit(
        kk=fit.kk[fit.used[at]],
        arcs=tuple(arcs),
        series_ohm=before,
        sigma_series_ohm=error_before,
        inductance_H=fit.inductance_H,
        tail=fit.tail,
        tail_values={name: float(values[at]) for name, values in fit.tail_values.items()},
        rms=float(fit.rms[at]),
    )


def _energies(cells: Lineup, fit: SeriesFit) -> dict[str, Pair]:
    """Activation energies of the arcs and of the series resistance, where the series tells them."""
    if cells.over != TEMPERATURE:
        return {}
    R, sigma = fit.R_ohm, fit.sigma_R_ohm
    laws = {f"R{arc + 1}": _law(cells, fit, R[:, arc], sigma[:, arc]) for arc in range(R.shape[1])}
    if fit.series_ohm is not None and fit.sigma_series_ohm is not None:
        laws["R0"] = _law(cells, fit, fit.series_ohm, fit.sigma_series_ohm)
    return {name: law.parameters["activation_energy_eV"] for name, law in laws.items() if law.name}


def _law(cells: Lineup, fit: SeriesFit, R: Reals, sigma: Reals) -> Law:
    return cells.law("", fit.used, R, sigma, None)[0]


def _exponents(cells: Lineup, fit: SeriesFit, x: Reals) -> dict[str, Pair]:
    """Mean exponents m of R ~ P^-m and C ~ P^m of the arcs."""
    made: dict[str, Pair] = {}
    if cells.over != PRESSURE or float(x.min()) <= 0 or len(np.unique(x)) < 3:
        return made
    for arc in range(fit.R_ohm.shape[1]):
        R, C = fit.R_ohm[:, arc], fit.C_F[:, arc]
        made[f"R{arc + 1}"] = _exponent(x, 1.0 / R, fit.sigma_R_ohm[:, arc] / R)
        error = fit.sigma_C_F[:, arc] / C
        spread = float(np.log(x).std())
        made[f"C{arc + 1}"] = (
            (0.0, TESTED * float(error.mean()) / spread) if fit.shared_C[arc] else _exponent(x, C, error)
        )
    return made


def _exponent(x: Reals, y: Reals, s: Reals) -> Pair:
    """m of y ~ x^m with its error, by least squares in logarithms with relative errors s, enlarged to the scatter."""
    base = np.column_stack([np.ones(len(x)), np.log(x) - np.log(x).mean()]) / s[:, None]
    covariance = np.linalg.inv(base.T @ base)
    theta = covariance @ (base.T @ (np.log(y) / s))
    rest = np.log(y) / s - base @ theta
    scale = max(1.0, math.sqrt(float(rest @ rest) / (len(x) - 2)))
    return float(theta[1]), scale * math.sqrt(float(covariance[1, 1]))


def _slopes(cells: Lineup, fit: SeriesFit) -> list[Pair | None]:
    """Slopes over thickness of the arcs, in cells of which the areas are known to be the same or are known."""
    if cells.over != THICKNESS:
        return []
    laws = [_law(cells, fit, R, sigma) for R, sigma in zip(fit.R_ohm.T, fit.sigma_R_ohm.T, strict=True)]
    found = [law.fields.get("thickness_slope") for law in laws]
    return [each if isinstance(each, tuple) else None for each in found]


def _weighed(interface: float, body: float, slope: Pair) -> Pair:
    """Probabilities of interface and body with the odds that a slope over thickness gives, the rest kept as it is."""
    width = math.hypot(slope[1], SLOPE_EDGE)
    chances = [
        prior * math.exp(-0.5 * min(((slope[0] - mean) / width) ** 2, 1e3))
        for prior, mean in ((interface, INTERFACE_SLOPE), (body, BODY_SLOPE))
    ]
    whole = math.fsum(chances)
    if whole <= 0:
        return interface, body
    return (interface + body) * chances[0] / whole, (interface + body) * chances[1] / whole


def bulk_arcs(naming: Naming, arcs: Sequence[int]) -> list[int]:
    """Those of some arcs that are clearly the bulk."""
    return [arc for arc in arcs if naming.arcs[arc].element == BULK and not naming.arcs[arc].cannot_tell]
