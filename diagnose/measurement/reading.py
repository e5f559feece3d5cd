"""One spectrum from its figures to the fields of a case: validity, fit, what each arc is, and every step between."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from diagnose.measured import (
    ElementChance,
    KramersKronigResult,
    MeasuredArc,
    MeasuredCircuit,
    MeasuredField,
    MeasuredLump,
    MeasuredSpectrum,
    SpectrumCurves,
)
from diagnose.measurement.arcs import ArcFit, fit_arcs
from diagnose.measurement.attribution import Attribution, attribute
from diagnose.measurement.chain import Shape
from diagnose.measurement.circuit import fit_circuit
from diagnose.measurement.interface import read_interface
from diagnose.measurement.kramerskronig import KramersKronig, kramers_kronig
from diagnose.measurement.relaxation import relaxation_times
from diagnose.measurement.spectrum import GIVEN, Spectrum
from diagnose.measurement.weighing import Element

# Two sweeps are repeats when their frequencies agree so well, as shares.
SAME_FREQUENCY = 1e-3
PLACES = 6
PER_AREA = "as the file gives the impedance of each cm2"
# Share of a figure above which its uncertainty makes a range of it.
HARDLY = 0.5
# Figures in between are written without powers of ten, with at most so many places.
PLAIN, MOST_PLACES = (1e-3, 1e6), 6


def read(
    spectrum: Spectrum,
    *,
    elements: Mapping[str, Element],
    area_cm2: float | None = None,
    thickness_um: float | None = None,
    symmetric: bool = False,
    temperature_C: float | None = None,
    electrolyte_conductivity_S_cm: float | None = None,
    shape: Shape | None = None,
    circuit: str | None = None,
) -> MeasuredSpectrum:
    """What a spectrum tells; see `diagnose.fit`. Raises DataError for a circuit that cannot be read."""
    area, source = (area_cm2, GIVEN) if area_cm2 is not None else (spectrum.area_cm2, spectrum.area_source)
    if area is None and spectrum.per_area:
        # What is given per area is that of one square centimetre.
        area, source = 1.0, PER_AREA
    thickness = spectrum.thickness_um if thickness_um is None else thickness_um
    celsius = spectrum.temperature_C if temperature_C is None else temperature_C
    f, z = spectrum.frequency_Hz, spectrum.impedance_ohm
    test = kramers_kronig(f, z)
    found = fit_arcs(f, z, shape, kk=test)
    conditions: dict[str, Any] = {"area_cm2": area, "thickness_um": thickness, "temperature_C": celsius}
    conditions |= {"electrolyte_conductivity_S_cm": electrolyte_conductivity_S_cm, "symmetric": symmetric}
    named = attribute(found, elements=elements, **conditions)
    arcs_say = {each.says for each in named.arcs}
    told = read_interface(found, named, area_source=source or "as given")
    fields: dict[str, Any] = {"kk_residual_percent": (min(100.0 * test.largest, 100.0), None)} if test.order else {}
    fields |= told.fields
    fields |= {name: _range(*ends) for name, ends in told.ranges.items()}
    if temperature_C is None and celsius is not None:
        fields["temperature_C"] = (celsius, None)
    return MeasuredSpectrum(
        file=spectrum.file,
        number=spectrum.number,
        points=len(spectrum),
        dropped=dict(spectrum.dropped),
        area_cm2=area,
        area_source=source,
        thickness_um=thickness,
        symmetric=symmetric,
        kk=_test(test),
        reason=found.reason,
        series_ohm=found.series_ohm,
        sigma_series_ohm=found.sigma_series_ohm,
        inductance_H=found.inductance_H,
        arcs=tuple(_arcs(named, {name: each.title for name, each in elements.items()})),
        lumps=tuple(MeasuredLump(R_ohm=e.R_ohm, sigma_R_ohm=e.sigma_R_ohm, reason=e.reason) for e in found.lumps),
        tail=found.tail,
        tail_values={name: float(value) for name, value in found.tail_values.items()},
        rms_percent=100.0 * found.rms,
        chi2=found.chi2,
        steps=(*spectrum.notes, *told.steps),
        doubts=tuple(dict.fromkeys((*told.doubts, *(each for each in named.says if each not in arcs_say)))),
        fields=written(fields),
        circuit=None if circuit is None else _circuit(f, z, circuit),
        curves=_curves(f, z, test, found),
    )


def repeat_drift(spectra: Sequence[Spectrum]) -> float | None:
    """By how much two sweeps directly one after the other differ: the largest change of the modulus, in percent.

    None without two sweeps of the same frequencies at the head of the sequence.
    """
    if len(spectra) < 2:
        return None
    one, other = spectra[:2]
    if len(one) != len(other) or not np.allclose(one.frequency_Hz, other.frequency_Hz, rtol=SAME_FREQUENCY):
        return None
    first, second = np.abs(one.impedance_ohm), np.abs(other.impedance_ohm)
    return float(100.0 * np.max(np.abs(second / first - 1.0)))


def written(fields: Mapping[str, Any]) -> tuple[MeasuredField, ...]:
    """Fields as a case holds them: a figure with its standard uncertainty, a word or a flag.

    A figure that is hardly known, with a standard uncertainty of more than half of it, is written as a range, which
    rules take for unknown where it lies on both sides of a limit.
    """
    made = []
    for name, value in fields.items():
        if isinstance(value, (str, bool)):
            text = value if isinstance(value, str) else str(value).lower()
            made.append(MeasuredField(field=name, value=value, sigma=None, text=text))
            continue
        figure, sigma = float(value[0]), None if value[1] is None else float(value[1])
        if sigma is not None and 0 < HARDLY * figure < sigma:
            text = f"{_rounded(max(figure - sigma, 0.0), sigma)}-{_rounded(figure + sigma, sigma)}"
            made.append(MeasuredField(field=name, value=text, sigma=None, text=text))
        else:
            made.append(MeasuredField(field=name, value=figure, sigma=sigma, text=in_words(figure, sigma)))
    return tuple(made)


def in_words(figure: float, sigma: float | None) -> str:
    """A figure with its uncertainty to two digits of it."""
    if not sigma:
        return f"{figure:.4g}"
    return f"{_rounded(figure, sigma)} ± {_rounded(sigma, sigma)}"


def _range(low: float, high: float) -> str:
    return f"{low:.4g}-{high:.4g}" if math.isfinite(high) else f">{low:.4g}"


def _rounded(figure: float, sigma: float) -> str:
    """A figure to the second digit of its uncertainty."""
    places = 1 - math.floor(math.log10(sigma))
    if PLAIN[0] <= max(abs(figure), sigma) < PLAIN[1] and places <= MOST_PLACES:
        return f"{round(figure, places):.{max(places, 0)}f}"
    digits = places + math.floor(math.log10(abs(figure))) + 1 if figure else 1
    return f"{figure:.{min(max(digits, 1), 12)}g}"


def _arcs(named: Attribution, titles: Mapping[str, str]) -> Iterable[MeasuredArc]:
    """Arcs with what they may be."""
    for each in named.arcs:
        arc = each.arc
        chances = sorted(each.probabilities.items(), key=lambda pair: (-pair[1], pair[0]))
        yield MeasuredArc(
            R_ohm=arc.R_ohm,
            sigma_R_ohm=arc.sigma_R_ohm,
            C_F=arc.C_F,
            sigma_C_F=arc.sigma_C_F,
            frequency_Hz=arc.frequency_Hz,
            sigma_frequency_Hz=arc.sigma_frequency_Hz,
            n=arc.n,
            sigma_n=arc.sigma_n,
            alone=each.alone,
            elements=tuple(ElementChance(element=e, title=titles[e], probability=round(p, 6)) for e, p in chances),
            says=each.says,
        )


def _test(test: KramersKronig) -> KramersKronigResult:
    return KramersKronigResult(
        consistent=test.consistent,
        largest_percent=100.0 * test.largest,
        rms_percent=100.0 * test.rms,
        noise_percent=100.0 * test.noise,
        valid_low_Hz=test.valid_low_Hz,
        valid_high_Hz=test.valid_high_Hz,
        outliers=len(test.outliers),
        order=test.order,
    )


def _circuit(f: NDArray[np.float64], z: NDArray[np.complex128], text: str) -> MeasuredCircuit:
    found = fit_circuit(f, z, text)
    values = {name: (float(value), float(found.sigmas[name])) for name, value in found.values.items()}
    return MeasuredCircuit(circuit=text, reason=found.reason, values=values, rms_percent=100.0 * found.rms)


def _curves(f: NDArray[np.float64], z: NDArray[np.complex128], test: KramersKronig, found: ArcFit) -> SpectrumCurves:
    fitted = found.fitted_ohm if not found.reason else z[:0]
    left = found.residuals if not found.reason else z[:0]
    spread = relaxation_times(f, z, kk=test)
    return SpectrumCurves(
        frequency_Hz=figures(f),
        real_ohm=figures(z.real),
        imaginary_ohm=figures(z.imag),
        fitted_real_ohm=figures(fitted.real),
        fitted_imaginary_ohm=figures(fitted.imag),
        residual_real_percent=figures(100.0 * left.real),
        residual_imaginary_percent=figures(100.0 * left.imag),
        kk_real_percent=figures(100.0 * test.residuals_real),
        kk_imaginary_percent=figures(100.0 * test.residuals_imag),
        relaxation_s=figures(spread.tau_s),
        relaxation_ohm=figures(spread.gamma_ohm),
    )


def figures(values: Iterable[float]) -> tuple[float, ...]:
    """Figures to so many places that no last bit of a machine shows."""
    return tuple(map(shortened, values))


def shortened(value: float) -> float:
    """A figure to so many places."""
    return float(f"{value:.{PLACES}g}")
