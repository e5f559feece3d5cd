"""Made-up series of spectra whose cause is known: a symmetric cell of lithium and garnet over pressure, rest, heat ...

The cell is a resistance of leads and body, an arc of grain boundaries and, but for one cause, an arc of two equal
interfaces. Every spectrum has noise of its own, and all resistances scatter about their laws by a share, as they do in
a laboratory.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from diagnose.measurement.chain import Shape, impedance
from diagnose.measurement.spectrum import GIVEN, Spectrum

Reals = NDArray[np.float64]

AREA_CM2, THICKNESS_UM, LEADS_OHM, NOISE, SCATTER = 0.785, 1000.0, 0.1, 0.003, 0.01
BOLTZMANN_EV, ZERO_C = 8.617333262e-5, 273.15
PRESSURES = np.geomspace(1.0, 30.0, 8)
RESTS = np.array([0.0, 6, 12, 24, 48, 72, 100, 140, 180, 220])
WARM = np.arange(-20.0, 61.0, 10.0)
THICK = np.array([500.0, 800, 1200, 1800, 2500])
CYCLES = np.array([0.0, 5, 10, 15, 20, 30, 40, 50])
# Of the body: conductivity in S/cm and its activation energy, share of grain boundaries, capacitances in F/cm.
SIGMA_S_CM, BODY_EV, GRAINS_EV, BULK_F_CM, GRAINS_F_CM = 5e-4, 0.35, 0.42, 5e-12, 1.5e-10


def thermal(temperature_C: Reals, energy_eV: float) -> Reals:
    """Resistance over that at 25 C."""
    made: Reals = np.exp(energy_eV / BOLTZMANN_EV * (1 / (temperature_C + ZERO_C) - 1 / (25.0 + ZERO_C)))
    return made


def same(x: Reals) -> Reals:
    """A resistance that what is varied does not change."""
    return np.ones(len(x))


@dataclass(frozen=True)
class Cause:
    """A cause: R of one interface in ohm cm2 over x, its C in F/cm2, and how body and grain boundaries follow x."""

    over: str
    x: Reals
    resistance: Callable[[Reals], Reals] | None
    capacitance: Callable[[Reals], Reals]
    of: str
    """Which resistance the cause shows in: interface, or bulk where there is no interface."""
    law: str
    figure: tuple[str, float]
    """A parameter of that law and its true value."""
    truth: dict[str, float]
    """Case fields with their true values."""
    words: dict[str, str | bool] = field(default_factory=dict)
    body: Callable[[Reals], Reals] = same
    grains: Callable[[Reals], Reals] = same
    grains_part: float = 0.3
    exponent: float = 0.88


def contact(pressure: Reals) -> Reals:
    """A contact that closes, with a thin film left."""
    made: Reals = 12 + 160 * pressure**-0.7
    return made


def film(hours: Reals) -> Reals:
    """A film that slows itself down."""
    made: Reals = 40 + 6 * np.sqrt(hours)
    return made


def transfer(temperature_C: Reals) -> Reals:
    """Charge transfer with 0.62 eV."""
    return 30 * thermal(temperature_C, 0.62)


def voids(cycles: Reals) -> Reals:
    """Contact area that is lost evenly."""
    made: Reals = 20 * (1 + 0.04 * cycles)
    return made


CAUSES = {
    "contact": Cause(
        "stack_pressure_MPa", PRESSURES, contact, lambda x: 2e-6 / contact(x), "interface",
        "contact", ("n", 0.7),
        {"pressure_exponent": 0.7, "pressure_contact_fraction": float(1 - 12 / contact(PRESSURES[-1:])[0])},
        {"pressure_response": "strong", "pressure_optimum_seen": False},
    ),
    "film under pressure": Cause(
        "stack_pressure_MPa", PRESSURES, lambda x: 150 * same(x), lambda x: 6e-7 * same(x), "interface",
        "constant", ("R", 150.0), {}, {"pressure_response": "none"},
    ),
    "film at rest": Cause(
        "time_h", RESTS, film, lambda x: 2e-5 / film(x), "interface", "parabolic", ("k", 6.0),
        {"rest_growth_exponent": 0.5, "rest_growth_percent_per_100h": 150.0}, {"trend_at_rest": "growing"},
    ),
    "charge transfer": Cause(
        "temperature_C", WARM, transfer, lambda x: 1e-5 * same(x), "interface", "arrhenius",
        ("activation_energy_eV", 0.62),
        {"interface_activation_energy_eV": 0.62, "bulk_activation_energy_eV": BODY_EV}, {},
        lambda x: thermal(x, BODY_EV), lambda x: thermal(x, GRAINS_EV),
    ),
    "voids": Cause(
        "cycles_done", CYCLES, voids, lambda x: 6e-5 / voids(x), "interface", "linear", ("k", 0.8),
        {"growth_percent_per_10_cycles": 40.0, "capacitance_factor": 1 / 3, "time_constant_factor": 1.0},
        {"trend_on_cycling": "growing"},
    ),
    "grain boundary": Cause(
        "temperature_C", WARM, None, same, "bulk", "arrhenius", ("activation_energy_eV", BODY_EV),
        {"bulk_activation_energy_eV": BODY_EV}, {},
        lambda x: thermal(x, BODY_EV), lambda x: thermal(x, GRAINS_EV), 3.0,
    ),
    "grain boundary under pressure": Cause(
        "stack_pressure_MPa", PRESSURES, None, same, "bulk", "constant", ("R", 200.0),
        {"interface_arcs": 0.0}, {}, grains_part=3.0,
    ),
    "grain boundary, thicker": Cause(
        "electrolyte_thickness_um", THICK, None, same, "bulk", "proportional", ("B", 0.2),
        {"thickness_slope": 1.0, "electrolyte_conductivity_S_cm": SIGMA_S_CM / 4}, {}, grains_part=3.0,
    ),
    "film, thicker": Cause(
        "electrolyte_thickness_um", THICK, lambda x: 150 * same(x), lambda x: 6e-7 * same(x), "interface",
        "constant", ("B", 150.0),
        {"thickness_slope": 0.0, "electrolyte_conductivity_S_cm": SIGMA_S_CM / 1.3}, {},
    ),
}  # fmt: skip


def series(cause: str, seed: int = 0, noise: float = NOISE, scatter: float = SCATTER) -> tuple[list[Spectrum], Reals]:
    """Spectra of a cause and the x of each; the same for the same seed."""
    made = CAUSES[cause]
    generator = np.random.Generator(np.random.PCG64([seed, *cause.encode()]))
    f = np.geomspace(7e6, 0.05, 90)
    count = len(made.x)
    spread = np.exp(scatter * generator.standard_normal((3, count)))
    thickness = made.x if made.over == "electrolyte_thickness_um" else np.full(count, THICKNESS_UM)
    cell = thickness * 1e-4 / AREA_CM2
    body = cell / SIGMA_S_CM * made.body(made.x)
    grains = cell / SIGMA_S_CM * made.grains_part * made.grains(made.x)
    parts = [
        (body * spread[0], BULK_F_CM / cell, 0.97),
        (grains * spread[1], GRAINS_F_CM / cell, 0.92),
    ]
    if made.resistance is not None:
        two = 2 * made.resistance(made.x) * spread[2] / AREA_CM2
        parts.append((two, made.capacitance(made.x) * AREA_CM2 / 2, made.exponent))
    shape = Shape(len(parts))
    spectra = []
    for place in range(count):
        R, C, n = ([each[k][place] if k < 2 else each[k] for each in parts] for k in range(3))
        z = impedance(shape, [LEADS_OHM, *R, *(r * c for r, c in zip(R, C, strict=True)), *n], f)
        z = z + noise * np.abs(z) * (generator.standard_normal(len(f)) + 1j * generator.standard_normal(len(f)))
        temperature = float(made.x[place]) if made.over == "temperature_C" else 25.0
        thick = float(thickness[place])
        spectra.append(Spectrum(f, z, f"{cause} {place}.csv", 1, AREA_CM2, GIVEN, thick, temperature_C=temperature))
    return spectra, made.x
