"""Spectra of a series put in order, with the sizes of their cells and where every figure comes from."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from diagnose.errors import UsageError
from diagnose.measured import MeasuredLaw
from diagnose.measurement.dispatch import (
    AREA,
    INTERFACE,
    PRESSURE,
    TEMPERATURE,
    THICKNESS,
    TOTAL,
    UNITS,
    law_over,
    measured_law,
)
from diagnose.measurement.jointfit import SeriesFit, fit_series
from diagnose.measurement.law import Law, Reals
from diagnose.measurement.seriesheader import OHM, OHM_CM2
from diagnose.measurement.spectrum import HEADER, Spectrum

# Parameters of laws that go with the resistance, so that an error which all spectra share is an error of them.
LEVELS = ("R", "R0", "R_inf", "B", "k", "contact_resistance", "per_um")
# Words for the way back, which is run from the highest value down.
BACK = ("unloading", "cooling")
# No cell comes back to the same resistance better than to this share of it: 0.2 K are one percent (judgement).
REPEATABILITY = 0.01


@dataclass(frozen=True, eq=False)
class Lineup:
    """m spectra in the order of the fit, and what is known of their cells."""

    spectra: tuple[Spectrum, ...]
    over: str
    x: Reals
    branch: tuple[str, ...] | None
    area_cm2: Reals | None
    thickness_um: Reals | None
    symmetric: bool
    temperature_C: float | None
    per_area: bool
    steps: list[str]

    @property
    def unit(self) -> str:
        """Of the resistances of the interface and of the cell."""
        raw = not self.per_area and (self.area_cm2 is None or self.over == AREA)
        return UNITS[OHM] if raw else UNITS[OHM_CM2]

    def factor(self, of: str, used: Sequence[int]) -> Reals:
        """What resistances of the fit, shape (m,), are multiplied with: by area, and halved at two interfaces."""
        made = np.ones(len(used))
        if self.area_cm2 is not None and not self.per_area and self.over != AREA:
            made = made * self.area_cm2[list(used)]
        return made / 2.0 if self.symmetric and of == INTERFACE else made

    def law(
        self, of: str, places: Sequence[int], R_ohm: Reals, sigma_ohm: Reals, working: Mapping[str, float] | None
    ) -> tuple[Law, MeasuredLaw]:
        """The law of a resistance of the spectra at some places, shape (m,), and the same as a result.

        Errors of the fit are widened by REPEATABILITY. Shapes that all spectra share make their errors alike, which
        leaves exponents as they are, but is no less in a mean of many: so it is added to what goes with the resistance.
        """
        factor, x = self.factor(of, places), self.x[list(places)]
        R, sigma = R_ohm * factor, np.hypot(sigma_ohm, REPEATABILITY * R_ohm) * factor
        branch = None if self.branch is None else [self.branch[place] for place in places]
        law = law_over(self.over, x, R, sigma, of=of, unit=self.unit, branch=branch, working=working)
        alike = 0.0 if of == TOTAL else shared_error(R_ohm, sigma_ohm)
        levels = {
            name: (value, math.hypot(width, alike * value))
            for name, (value, width) in law.parameters.items()
            if name in LEVELS
        }
        law = replace(law, parameters={**law.parameters, **levels})
        return law, measured_law(law, of, x, R, sigma, self.unit)

    def fitted(self) -> SeriesFit:
        """The joint fit. Cells of different thickness or area are fitted as if they had that of the middle one, for
        then the capacitances of the electrolyte are the same; resistances and capacitances are those of the cells."""
        scale = np.ones(len(self.spectra))
        if self.over == THICKNESS:
            scale = scale * self.x / self.x[len(self.x) // 2]
        if self.area_cm2 is not None and not self.per_area:
            scale = scale * self.area_cm2[len(self.x) // 2] / self.area_cm2
        fit = fit_series(
            [
                (each.frequency_Hz, each.impedance_ohm / by)
                for each, by in zip(self.spectra, scale.tolist(), strict=True)
            ]
        )
        if fit.reason:
            return fit
        by = scale[list(fit.used)]
        one = by[:, None]
        return replace(
            fit,
            R_ohm=fit.R_ohm * one,
            sigma_R_ohm=fit.sigma_R_ohm * one,
            covariance_R=fit.covariance_R * (one**2)[:, :, None],
            C_F=fit.C_F / one,
            sigma_C_F=fit.sigma_C_F / one,
            series_ohm=None if fit.series_ohm is None else fit.series_ohm * by,
            sigma_series_ohm=None if fit.sigma_series_ohm is None else fit.sigma_series_ohm * by,
        )


def shared_error(R: Reals, sigma: Reals) -> float:
    """How large an error that all spectra share may be, as a share of the resistance: that of a typical one."""
    return float(np.median(sigma / R))


def line_up(
    spectra: Sequence[Spectrum],
    x: Sequence[float] | None,
    over: str,
    area_cm2: float | None,
    thickness_um: float | None,
    symmetric: bool,
    temperature_C: float | None,
    branch: Sequence[str] | None,
) -> Lineup:
    """The spectra in an order in which neighbours are alike; see `spectra_series` for what is given.

    A series that runs up, down, or there and back keeps its order, any other is sorted. Raises UsageError for figures
    that do not belong to the spectra and for sizes that are not above 0.
    """
    steps = []
    if not spectra:
        raise UsageError("a series needs spectra: give two or more")
    if x is None:
        x, said = _from_headers(spectra, over), f"{over} of each spectrum is that of its header."
    else:
        said = f"{over} of each spectrum is as given."
    values = np.array(x, dtype=np.float64)
    if values.shape != (len(spectra),) or not bool(np.all(np.isfinite(values))):
        raise UsageError(f"{over} needs one figure for each of the {len(spectra)} spectra")
    if branch is not None and len(branch) != len(spectra):
        raise UsageError("a series needs one branch for each spectrum")
    steps.append(said)
    order = np.arange(len(values))
    if branch is not None:
        back = np.array([word.strip().lower() in BACK for word in branch])
        order = np.lexsort((np.where(back, -values, values), back))
    elif not _ordered(values, over):
        order = np.argsort(values, kind="stable")
        way = ", so the way there and back is not told apart" if over in (PRESSURE, TEMPERATURE) else ""
        steps.append(f"The spectra were put in the order of {over}{way}.")
    placed = [spectra[place] for place in order.tolist()]
    temperatures = {each.temperature_C for each in placed}
    if temperature_C is None and len(temperatures) == 1:
        temperature_C = temperatures.pop()
    area = _sizes(placed, "area_cm2", values[order] if over == AREA else area_cm2, steps)
    if area is not None and any(each.per_area for each in placed):
        steps.append("Impedances per area were divided by the area to be in ohm.")
        placed = [
            replace(each, impedance_ohm=each.impedance_ohm / by, per_area=False) if each.per_area else each
            for each, by in zip(placed, area.tolist(), strict=True)
        ]
    return Lineup(
        spectra=tuple(placed),
        over=over,
        x=values[order],
        branch=None if branch is None else tuple(branch[place] for place in order.tolist()),
        area_cm2=area,
        thickness_um=_sizes(placed, "thickness_um", values[order] if over == THICKNESS else thickness_um, steps),
        symmetric=symmetric,
        temperature_C=temperature_C,
        per_area=any(each.per_area for each in placed),
        steps=steps,
    )


def _from_headers(spectra: Sequence[Spectrum], over: str) -> list[float]:
    if over != TEMPERATURE:
        raise UsageError(f"{over} stands in no header: give it for each spectrum")
    found = [each.temperature_C for each in spectra]
    if lost := [str(place) for place, value in enumerate(found, 1) if value is None]:
        raise UsageError(f"no header of spectrum {', '.join(lost)} gives a temperature: give it for each spectrum")
    return [value for value in found if value is not None]


def _ordered(x: Reals, over: str) -> bool:
    """Whether rows run up, down, or up and down again: then their order tells branches."""
    steps = np.diff(x)
    if bool(np.all(steps >= 0)) or bool(np.all(steps <= 0)):
        return True
    top = int(np.argmax(x))
    there_and_back = bool(np.all(steps[:top] >= 0)) and bool(np.all(steps[top:] <= 0))
    return there_and_back and over in (PRESSURE, TEMPERATURE)


def _sizes(spectra: Sequence[Spectrum], name: str, given: Reals | float | None, steps: list[str]) -> Reals | None:
    """A size of each cell, shape (m,), or None when one is not known. Raises UsageError for one that is not above 0."""
    word = "Area" if name == "area_cm2" else "Thickness"
    unit = "cm2" if name == "area_cm2" else "um"
    if given is not None and float(np.min(given)) <= 0:
        raise UsageError(f"{name} must be above 0; leave it out when it is not known")
    if isinstance(given, np.ndarray):
        return given
    if given is not None:
        steps.append(f"{word} of {given:g} {unit} as given.")
        return np.full(len(spectra), float(given))
    found = [getattr(each, name) for each in spectra]
    if any(value is None for value in found):
        return None
    if name == "area_cm2" and not all(each.area_source == HEADER for each in spectra):
        steps.append(f"{word} as given with the files: {_span(found)} {unit}.")
    else:
        steps.append(f"{word} from the headers: {_span(found)} {unit}.")
    return np.array(found)


def _span(values: Sequence[float]) -> str:
    low, high = min(values), max(values)
    return f"{low:g}" if low == high else f"{low:g} to {high:g}"
