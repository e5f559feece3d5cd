"""The law of a temperature series: published energies, kinks, curves, and what heating leaves behind."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from diagnose.errors import UsageError
from diagnose.measurement.arrhenius import BOLTZMANN_EV, ZERO_C, arrhenius_law
from diagnose.measurement.law import Law, Reals

HEAT = np.arange(-20.0, 81.0, 10.0)
REPORT = (
    Path(__file__).parents[2].parent
    / "shared/eis_data/Sheyigold__EISFitpython/published_results/Example3_Arrhenius_Analysis_Report.txt"
)


def activated(temperature_C: Reals, energy_eV: float) -> Reals:
    """30 ohm at 25 C."""
    made: Reals = 30 * np.exp(energy_eV / BOLTZMANN_EV * (1 / (temperature_C + ZERO_C) - 1 / 298.15))
    return made


def noise(seed: int, count: int = 11) -> Reals:
    """Two percent of scatter."""
    return np.exp(0.02 * np.random.default_rng(seed).standard_normal(count))


def energy(law: Law, name: str = "interface_activation_energy_eV") -> tuple[float, float]:
    """The activation energy that a field got."""
    found = law.fields[name]
    assert isinstance(found, tuple)
    return found


def published() -> dict[str, tuple[Reals, Reals, float]]:
    """Temperatures in C, conductivities in S/cm and the activation energy of each part of the published report."""
    if not REPORT.exists():
        pytest.skip("the published results are not here")
    made = {}
    for part in re.split(r"\n(?=\w+ Analysis:)", REPORT.read_text(encoding="utf-8"))[1:]:
        rows = re.findall(r"^ +(\d+\.\d) +(\d\.\d+e-\d+)", part, re.MULTILINE)
        told = re.search(r"Activation Energy \(EA\): (\S+)", part)
        assert told
        figures = np.array(rows, dtype=float)
        made[part.split()[0]] = (figures[:, 0] - ZERO_C, figures[:, 1], float(told[1]))
    return made


def test_published_activation_energies_are_found() -> None:
    """Bulk, grain boundary and total of a ceramic, by ln(sigma T) without weights: 0.587, 0.892 and 0.856 eV."""
    parts = published()
    assert set(parts) == {"Bulk", "Gb", "Total"}
    for temperatures, conductivities, expected in parts.values():
        law = arrhenius_law(temperatures, 1 / conductivities, of="bulk", plotted="ln(T/R)", weighted=False)
        assert law.name == "arrhenius"
        assert energy(law, "bulk_activation_energy_eV")[0] == pytest.approx(expected, abs=0.0003)


def test_the_plot_belongs_to_the_result() -> None:
    """ln(T/R) gives an energy higher by kT in the middle of the range; the sentence names the plot and the other."""
    values = activated(HEAT, 0.6) * noise(0)
    plain, times = arrhenius_law(HEAT, values), arrhenius_law(HEAT, values, plotted="ln(T/R)")
    assert energy(times)[0] - energy(plain)[0] == pytest.approx(BOLTZMANN_EV * 303, abs=0.001)
    assert "ln(1/R)" in plain.says
    other = re.search(r"ln\(T/R\) would give about (\d\.\d+) eV", plain.says)
    assert other
    assert float(other[1]) == pytest.approx(energy(times)[0], abs=0.001)


@settings(deadline=None, max_examples=15)
@given(st.floats(0.1, 1.2), st.floats(-6, 6))
def test_exact_figures_give_back_their_energy(size: float, scale: float) -> None:
    """In any unit of resistance."""
    law = arrhenius_law(HEAT, 10**scale * activated(HEAT, size))
    assert law.name == "arrhenius"
    assert energy(law)[0] == pytest.approx(size, abs=1e-5)


def test_intervals_hold_the_true_energy_as_often_as_they_say() -> None:
    """Of 40 series with unknown scatter most are straight, and one sigma holds the energy in two thirds of them."""
    right = inside = 0
    for seed in range(40):
        law = arrhenius_law(HEAT, activated(HEAT, 0.6) * noise(seed))
        right += law.name == "arrhenius"
        value, sigma = energy(law)
        inside += abs(value - 0.6) <= sigma
    assert right >= 36
    assert 19 <= inside <= 35


def test_a_kink_is_found_and_the_energy_is_that_of_the_side_asked_for() -> None:
    """1.0 eV below and 0.35 eV above 55 C: the field is that at 25 C unless another temperature is given."""
    past = (1 / (HEAT + ZERO_C) - 1 / (55 + ZERO_C)) / BOLTZMANN_EV
    values = np.exp(np.where(past > 0, 1.0, 0.35) * past) * noise(1)
    law = arrhenius_law(HEAT, values)
    assert law.name == "kink"
    kink = law.fields["arrhenius_kink_C"]
    assert isinstance(kink, tuple)
    assert kink[0] == pytest.approx(55, abs=3 * kink[1])
    assert energy(law)[0] == pytest.approx(1.0, abs=3 * energy(law)[1])
    assert energy(arrhenius_law(HEAT, values, at_C=70))[0] == pytest.approx(0.35, abs=0.1)


def test_a_vogel_curve_is_no_kink() -> None:
    """A curved plot is told as such, with its local energy B T^2 / (T - T0)^2."""
    law = arrhenius_law(HEAT, np.exp(0.08 / BOLTZMANN_EV / (HEAT + ZERO_C - 190)) * noise(2))
    assert law.name == "vogel"
    assert "arrhenius_kink_C" not in law.fields
    expected = 0.08 * (298.15 / (298.15 - 190)) ** 2
    assert energy(law)[0] == pytest.approx(expected, abs=3 * energy(law)[1])


@pytest.mark.parametrize(("factor", "word"), [(0.7, "improved"), (1.5, "worsened"), (1.01, "none")])
def test_what_heating_leaves_behind_is_the_response_to_an_anneal(factor: float, word: str) -> None:
    """Cooling against heating at equal temperatures, by the order of rows."""
    down = HEAT[:-1][::-1]
    values = np.append(activated(HEAT, 0.5), factor * activated(down, 0.5)) * noise(3, 21)
    law = arrhenius_law(np.append(HEAT, down), values)
    assert law.fields["anneal_response"] == word
    assert energy(law)[0] == pytest.approx(0.5, abs=0.02)


@pytest.mark.parametrize(
    ("temperatures", "said"),
    [([0, 20, 40], "too few"), ([20, 25, 30, 35, 40], "over 20 K"), ([-300, 0, 30, 60], "point 1")],
)
def test_too_little_is_no_law(temperatures: list[float], said: str) -> None:
    """Fewer than four temperatures or less than 30 K give a reason, and so do impossible ones."""
    law = arrhenius_law(temperatures, [50.0] * len(temperatures))
    assert said in law.reason
    assert not law.fields


def test_words_that_are_not_known_are_refused() -> None:
    """What is measured and how it is plotted are choices."""
    with pytest.raises(UsageError, match="expected interface, bulk"):
        arrhenius_law(HEAT, activated(HEAT, 0.5), of="total")
    with pytest.raises(UsageError, match="not a plot"):
        arrhenius_law(HEAT, activated(HEAT, 0.5), plotted="log R")
    with pytest.raises(UsageError, match="expected heating or cooling"):
        arrhenius_law(HEAT, activated(HEAT, 0.5), branch=["up"] * 11)
