"""Measurements made by hand: a spectrum of two arcs whose impedance is known, and a law of pressure."""

from __future__ import annotations

import math
from functools import cache
from typing import Any

import numpy as np

from diagnose.measured import (
    ElementChance,
    KramersKronigResult,
    LawChance,
    MeasuredArc,
    MeasuredField,
    MeasuredLaw,
    MeasuredLump,
    MeasuredSeries,
    MeasuredSpectrum,
    Measurement,
    SpectrumCurves,
)

HOSTILE = '<script>alert(1)</script> & "quoted" $\\frac{$ {0} </title></td>'
SERIES_OHM = 25.0
# R, frequency of the peak and n of each arc; the last is the constant phase element of a blocking electrode.
ARCS = ((140.0, 2.1e5, 0.93), (310.0, 450.0, 0.86))
BLOCKING = (2e-5, 0.88)
NAMES = (
    (("grain_boundary", "Grain boundaries", 0.91), ("bulk", "Bulk of the electrolyte", 0.06)),
    (("interface", "Interface with the electrode", 0.78), ("charge_transfer", "Charge transfer", 0.22)),
)
Complexes = Any


def impedance(f: Any, blocking: bool = False, arcs: Any = ARCS) -> Complexes:
    """A resistance and ZARCs in series. f in Hz; ohm."""
    z = np.full(len(f), SERIES_OHM, dtype=complex)
    for R, peak, n in arcs:
        z += R / (1 + (1j * f / peak) ** n)
    if blocking:
        z += 1 / (BLOCKING[0] * (2j * math.pi * f) ** BLOCKING[1])
    return z


def noise(count: int, place: int) -> Any:
    """Something like noise of 0.2 percent, the same each time."""
    return 0.2 * np.sin(np.arange(count) * (2.1 + 0.37 * place) + place)


def arc(place: int, alone: bool = True) -> MeasuredArc:
    """One of the two arcs."""
    R, peak, n = ARCS[place]
    C = 1 / (2 * math.pi * peak * R)
    return MeasuredArc(
        R_ohm=R,
        sigma_R_ohm=R * 0.0203,
        C_F=C,
        sigma_C_F=C * 0.061,
        frequency_Hz=peak,
        sigma_frequency_Hz=peak * 0.05,
        n=n,
        sigma_n=0.012,
        alone=alone,
        elements=tuple(ElementChance(element=a, title=b, probability=c) for a, b, c in NAMES[place]),
        says="Its capacitance per area fits.",
    )


def field(name: str = "interfacial_resistance_ohm_cm2", value: float = 350.3, sigma: float = 7.1) -> MeasuredField:
    """A field of a case."""
    return MeasuredField(field=name, value=value, sigma=sigma, text=f"{value:.4g} ± {sigma:.2g}")


KK = KramersKronigResult(
    consistent=True,
    largest_percent=0.46,
    rms_percent=0.143,
    noise_percent=0.14,
    valid_low_Hz=1.0,
    valid_high_Hz=7e6,
    outliers=1,
    order=12,
)


@cache
def spectrum(blocking: bool = False, file: str = "cell-07.mpr", number: int = 1) -> MeasuredSpectrum:
    """A spectrum that was fitted."""
    f = np.logspace(np.log10(7e6), 0, 61)
    fitted = impedance(f, blocking)
    real, imaginary = noise(61, 1), noise(61, 2)
    z = fitted + np.abs(fitted) * (real + 1j * imaginary) / 100
    tau = np.logspace(-8, 0, 81)
    peaks = [1 / (2 * math.pi * peak) for _, peak, _ in ARCS]
    gamma = sum(R * np.exp(-(np.log(tau / at) ** 2) / 1.2) / 1.9 for (R, _, _), at in zip(ARCS, peaks, strict=True))
    return MeasuredSpectrum(
        file=file,
        number=number,
        points=61,
        dropped={"inductive": 3, "mains": 1},
        area_cm2=1.13,
        area_source="stated in the case",
        thickness_um=500.0,
        symmetric=False,
        kk=KK,
        reason="",
        series_ohm=SERIES_OHM,
        sigma_series_ohm=0.52,
        inductance_H=1.2e-7,
        arcs=(arc(0), arc(1)),
        lumps=(),
        tail="blocking" if blocking else "none",
        tail_values={"Q": BLOCKING[0], "n": BLOCKING[1]} if blocking else {},
        rms_percent=0.2,
        chi2=1.07,
        steps=(
            "Read 65 points of one spectrum; BioLogic MPR.",
            "Left out 3 points above 7 MHz, which are inductive, and 1 at the mains.",
            "The arc at 450 Hz, 310.0 ± 6.3 ohm, is the interface with the electrode.",
            "Times the area of 1.13 cm2: 350.3 ± 7.1 ohm cm2.",
        ),
        fields=(field(), field("arc_frequency_Hz", 450.0, 22.5)),
        curves=SpectrumCurves(
            frequency_Hz=tuple(f.tolist()),
            real_ohm=tuple(z.real.tolist()),
            imaginary_ohm=tuple(z.imag.tolist()),
            fitted_real_ohm=tuple(fitted.real.tolist()),
            fitted_imaginary_ohm=tuple(fitted.imag.tolist()),
            residual_real_percent=tuple(real.tolist()),
            residual_imaginary_percent=tuple(imaginary.tolist()),
            kk_real_percent=tuple((0.7 * real).tolist()),
            kk_imaginary_percent=tuple((0.7 * imaginary).tolist()),
            relaxation_s=tuple(tau.tolist()),
            relaxation_ohm=tuple(gamma.tolist()),
        ),
    )


def lumped() -> MeasuredSpectrum:
    """One whose arcs are known only as a sum, of a symmetric cell without an area."""
    made = spectrum()
    unknown = arc(1, alone=False).model_copy(update={"elements": (), "says": "Two elements fit equally well."})
    told = {"arcs": (arc(0, alone=False), unknown), "area_cm2": None, "symmetric": True, "number": 2, "fields": ()}
    lump = MeasuredLump(R_ohm=450.0, sigma_R_ohm=4.2, reason="the peaks lie too near to each other")
    return made.model_copy(update={**told, "lumps": (lump,)})


def untold() -> MeasuredSpectrum:
    """One that could not be fitted."""
    made = spectrum()
    nothing = {
        name: () for name in SpectrumCurves.model_fields if name.startswith(("fitted", "residual", "relaxation"))
    }
    kk = KK.model_copy(update={"consistent": False, "rms_percent": 4.2, "largest_percent": 11.0})
    told = {"arcs": (), "series_ohm": None, "sigma_series_ohm": None, "inductance_H": None, "fields": (), "steps": ()}
    reason = "the spectrum does not obey the Kramers-Kronig relations below 10 Hz"
    curves = made.curves.model_copy(update=nothing)
    return made.model_copy(
        update={**told, "number": 3, "kk": kk, "reason": reason, "curves": curves, "rms_percent": 0.0}
    )


def empty() -> MeasuredSpectrum:
    """One of which nothing but its name is left."""
    none = SpectrumCurves(**dict.fromkeys(SpectrumCurves.model_fields, ()))
    return untold().model_copy(update={"curves": none, "points": 0, "dropped": {}, "reason": "there are no points"})


def law(over: str = "stack_pressure_MPa") -> MeasuredLaw:
    """A law of pressure, R = R_inf + B / P^n."""
    x = np.array([2.0, 5.0, 10.0, 20.0, 50.0, 100.0])
    curve_x = np.geomspace(2.0, 100.0, 41)
    wobble = 1 + 0.03 * np.sin(7 * np.arange(6))
    curve = 12 + 420 * curve_x**-0.8
    return MeasuredLaw(
        of="interface",
        over=over,
        name="contact",
        says="R = R_inf + B P^-n with n = 0.800 ± 0.032 and R_inf = 12.0 ± 2.4: it falls by 68 % at five times.",
        reason="",
        parameters={"R_inf": (12.0, 2.4), "B": (420.0, 15.0), "n": (0.8, 0.032)},
        candidates=(
            LawChance(name="contact", aicc=-31.2, weight=0.94),
            LawChance(name="power", aicc=-25.7, weight=0.06),
            LawChance(name="constant", aicc=12.0, weight=1e-9),
        ),
        doubts=("6 points are few; measure at more pressures.",),
        x=tuple(x.tolist()),
        resistance=tuple(((12 + 420 * x**-0.8) * wobble).tolist()),
        sigma=tuple((0.04 * (12 + 420 * x**-0.8)).tolist()),
        unit="ohm cm2",
        curve_x=tuple(curve_x.tolist()),
        curve=tuple(curve.tolist()),
        curve_low=tuple((0.96 * curve).tolist()),
        curve_high=tuple((1.04 * curve).tolist()),
    )


def lawless() -> MeasuredLaw:
    """A series that tells no law."""
    told = {"of": "total", "name": "", "says": "Cannot tell: too few points.", "reason": "too few points"}
    bare = {
        "parameters": {},
        "candidates": (),
        "doubts": (),
        "sigma": (),
        "x": (2.0, 5.0),
        "resistance": (200.0, 190.0),
    }
    none = dict.fromkeys(("curve_x", "curve", "curve_low", "curve_high"), ())
    return law().model_copy(update={**told, **bare, **none, "unit": "ohm"})


def series() -> MeasuredSeries:
    """A series over pressure with the spectra behind it."""
    return MeasuredSeries(
        over="stack_pressure_MPa",
        files=tuple(f"pressure-{each}.mpr" for each in (2, 5, 10, 20, 50, 100, 200)),
        reason="",
        laws=(law(), lawless()),
        spectra=(spectrum(file="pressure-2.mpr"), lumped(), untold().model_copy(update={"file": "pressure-5.mpr"})),
        steps=("Fitted 7 spectra together.", "The law of the interface was told from 6 pressures."),
        fields=(field("pressure_exponent", 0.8, 0.032),),
    )


def measurement() -> Measurement:
    """Of everything one."""
    return Measurement(
        spectra=(spectrum(blocking=True), lumped(), untold()),
        series=(series(),),
        fields=(field(), field("pressure_exponent", 0.8, 0.032)),
        passed_over=("area_cm2",),
    )


def single() -> Measurement:
    """One spectrum that fills the case."""
    return Measurement(spectra=(spectrum(),), fields=spectrum().fields)


def hostile() -> Measurement:
    """Names that somebody wrote to do harm."""
    first = arc(0).model_copy(update={"elements": (ElementChance(element="x", title=HOSTILE, probability=1.0),)})
    told = {"file": HOSTILE, "area_source": HOSTILE, "steps": (HOSTILE,), "arcs": (first, arc(1))}
    odd = spectrum().model_copy(update=told)
    bad = law().model_copy(update={"of": HOSTILE, "over": HOSTILE, "says": HOSTILE, "doubts": (HOSTILE,)})
    run = series().model_copy(update={"over": HOSTILE, "files": (HOSTILE,), "laws": (bad,), "spectra": ()})
    return Measurement(spectra=(odd,), series=(run,), passed_over=(HOSTILE,))
