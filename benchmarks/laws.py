"""Whether laws of series are found, and how often the truth lies inside one stated sigma: `python benchmarks/laws.py`.

Each row draws series of one mechanism with 2 percent of scatter, once with stated uncertainties and once without.
Right is the share of series for which the law of the mechanism was chosen (shall: 0.85), inside the share of those
whose stated interval of one sigma holds the true figure (shall: 0.60 to 0.76; 0.683 is exact). Exits with 1 when a row
breaks a limit.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from diagnose.measurement.arrhenius import BOLTZMANN_EV, ZERO_C, arrhenius_law
from diagnose.measurement.growth import growth_law
from diagnose.measurement.law import Law
from diagnose.measurement.pressurelaw import pressure_law
from diagnose.measurement.scaling import scaling_law

Reals = NDArray[np.float64]
SCATTER, LEAST_RIGHT, INSIDE = 0.02, 0.85, (0.60, 0.76)


@dataclass(frozen=True)
class Row:
    """A mechanism: its series, the law it follows, and the field or parameter whose truth is known."""

    title: str
    law: Callable[..., Law]
    x: Reals
    truth: Callable[[Reals], Reals]
    name: str
    figure: str
    value: float


def _thermal(temperature_C: Reals, energy_eV: float) -> Reals:
    made: Reals = np.exp(energy_eV / BOLTZMANN_EV * (1 / (temperature_C + ZERO_C) - 1 / 298.15))
    return made


def _melting(temperature_C: Reals) -> Reals:
    """A polymer with 1.0 eV below and 0.35 eV above 55 C."""
    melt = 1 / (55.0 + ZERO_C)
    past = (1 / (temperature_C + ZERO_C) - melt) / BOLTZMANN_EV
    made: Reals = np.exp(np.where(past > 0, 1.0, 0.35) * past)
    return made


def _amorphous(temperature_C: Reals) -> Reals:
    """A Vogel curve with T0 = 190 K."""
    made: Reals = np.exp(0.08 / BOLTZMANN_EV / (temperature_C + ZERO_C - 190))
    return made


def _film(time_h: Reals) -> Reals:
    """A film that slows itself down."""
    made: Reals = 50 + 6 * time_h**0.5
    return made


PRESSURES, TIMES, HEAT = np.geomspace(1, 50, 10), np.linspace(0, 200, 14), np.arange(-20.0, 81.0, 10.0)
THICK, AREAS = np.array([200.0, 300, 450, 600, 800, 1000, 1300]), np.array([0.2, 0.4, 0.785, 1.2, 2.0, 3.0])
thickness, area = partial(scaling_law, over="electrolyte_thickness_um"), partial(scaling_law, over="area_cm2")
cycles = partial(growth_law, over="cycles_done")
ROWS = (
    Row("contact-limited, film left", pressure_law, PRESSURES, lambda p: 20 + 80 * p**-0.8, "contact",
        "pressure_exponent", 0.8),
    Row("contact-limited, fraction", pressure_law, PRESSURES, lambda p: 20 + 80 * p**-0.8, "contact",
        "pressure_contact_fraction", 1 - 20 / (20 + 80 * 50**-0.8)),
    Row("contact-limited alone", pressure_law, PRESSURES, lambda p: 100 * p**-0.6, "power", "pressure_exponent", 0.6),
    Row("film under pressure", pressure_law, PRESSURES, lambda p: 50 + 0 * p, "constant", "R", 50.0),
    Row("charge transfer", arrhenius_law, HEAT, lambda t: 30 * _thermal(t, 0.6), "arrhenius",
        "interface_activation_energy_eV", 0.6),
    Row("melting polymer, kink", arrhenius_law, HEAT, _melting, "kink", "arrhenius_kink_C", 55.0),
    Row("melting polymer, energy", arrhenius_law, HEAT, _melting, "kink", "interface_activation_energy_eV", 1.0),
    Row("amorphous polymer, T0", arrhenius_law, HEAT, _amorphous, "vogel", "T0_K", 190.0),
    Row("film growth, exponent", growth_law, TIMES, _film, "parabolic", "rest_growth_exponent", 0.5),
    Row("film growth, rate", growth_law, TIMES, _film, "parabolic", "rest_growth_percent_per_100h", 120.0),
    Row("reaction without end", growth_law, TIMES, lambda t: 50 + 0.3 * t, "linear", "rest_growth_exponent", 1.0),
    Row("slowing film", growth_law, TIMES, lambda t: 50 + 40 * np.log1p(t / 3), "logarithmic", "tau", 3.0),
    Row("contact that creeps closed", growth_law, TIMES, lambda t: 150 - 6 * t**0.5, "parabolic",
        "rest_growth_percent_per_100h", -40.0),
    Row("void on stripping", cycles, np.arange(0.0, 61, 5), lambda n: 40 + 0.1 * n**1.7, "power", "m", 1.7),
    Row("void on stripping, rate", cycles, np.arange(0.0, 61, 5), lambda n: 40 + 0.1 * n**1.7, "power",
        "growth_percent_per_10_cycles", 0.25 * 10**1.7),
    Row("at rest, unchanged", growth_law, TIMES, lambda t: 50 + 0 * t, "constant", "R0", 50.0),
    Row("grain boundary", thickness, THICK, lambda size: 0.2 * size, "proportional", "thickness_slope", 1.0),
    Row("interface in thickness", thickness, THICK, lambda size: 80 + 0 * size, "constant", "thickness_slope", 0.0),
    Row("contacts and bulk", partial(thickness, total=True), THICK, lambda size: 80 + 0.2 * size, "contact and bulk",
        "electrolyte_conductivity_S_cm", 5e-4),
    Row("interface in area", area, AREAS, lambda size: 80 / size, "inverse", "area_slope", -1.0),
)  # fmt: skip


def measure(row: Row, stated: bool, count: int, seed: int) -> tuple[float, float, float]:
    """Share of right laws, share inside one sigma of those, and median time of one in ms."""
    generator = np.random.Generator(np.random.PCG64(seed))
    right = inside = told = 0
    times = []
    for _ in range(count):
        values = row.truth(row.x) * np.exp(SCATTER * generator.standard_normal(len(row.x)))
        start = time.perf_counter()
        law = row.law(row.x, values, SCATTER * values if stated else None)
        times.append(1000 * (time.perf_counter() - start))
        if law.name != row.name:
            continue
        right += 1
        found = law.fields.get(row.figure, law.parameters.get(row.figure))
        if isinstance(found, tuple):
            told += 1
            inside += abs(found[0] - row.value) <= found[1]
    return right / count, inside / max(told, 1), statistics.median(times)


def main() -> int:
    """Print the table; 1 when a limit is broken."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--series", type=int, default=300, help="series for each row")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    broken = 0
    # Of few series the share scatters: the limits then widen by three of its standard errors beyond 300 series.
    slack = max(0.0, 3 * (0.683 * 0.317) ** 0.5 * (options.series**-0.5 - 300**-0.5))
    print(f"{'mechanism':28} {'figure':30} {'sigma':8} right  inside  ms")
    for row in ROWS:
        for stated in (True, False):
            right, inside, cost = measure(row, stated, options.series, options.seed)
            fine = right >= LEAST_RIGHT and INSIDE[0] - slack <= inside <= INSIDE[1] + slack
            broken += not fine
            head = f"{row.title:28} {row.figure:30} {'stated' if stated else 'unknown':8}"
            print(f"{head} {right:5.3f}  {inside:5.3f}  {cost:4.0f}{'' if fine else '  <'}")
    print(f"{broken} of {2 * len(ROWS)} rows break a limit")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
