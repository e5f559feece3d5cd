"""Slopes over thickness, area and loading, and the conductivity behind contacts."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from diagnose.errors import UsageError
from diagnose.measurement.law import Law, Reals
from diagnose.measurement.scaling import scaling_law

THICK = np.array([200.0, 300, 450, 600, 800, 1000, 1300])
AREAS = np.array([0.2, 0.4, 0.785, 1.2, 2.0, 3.0])


def noise(seed: int, count: int = 7) -> Reals:
    """Two percent of scatter."""
    made: Reals = np.exp(0.02 * np.random.default_rng(seed).standard_normal(count))
    return made


def pair(law: Law, name: str) -> tuple[float, float]:
    """A figure that a field got."""
    found = law.fields[name]
    assert isinstance(found, tuple)
    return found


@settings(deadline=None, max_examples=25)
@given(st.floats(-2, 2), st.floats(-4, 6))
def test_exact_figures_give_back_their_slope(slope: float, scale: float) -> None:
    """d ln R / d ln x of a power law, in any unit."""
    for over, name in (("area_cm2", "area_slope"), ("loading", "loading_slope")):
        law = scaling_law(AREAS, 10**scale * AREAS**slope, over=over)
        assert pair(law, name)[0] == pytest.approx(slope, abs=1e-5)


@pytest.mark.parametrize(
    ("over", "truth", "name", "slope"),
    [
        ("electrolyte_thickness_um", lambda x: 0.2 * x, "proportional", 1.0),
        ("electrolyte_thickness_um", lambda x: 80 + 0 * x, "constant", 0.0),
        ("area_cm2", lambda x: 80 / x, "inverse", -1.0),
        ("loading", lambda x: 80 * x**-0.5, "power", -0.5),
    ],
)
def test_slopes_are_found_within_their_intervals(over: str, truth, name: str, slope: float) -> None:  # type: ignore[no-untyped-def]
    """Grain boundary, interface, area and loading: the right law, and one sigma that holds the slope in two thirds."""
    x = THICK if over.startswith("electrolyte") else AREAS
    laws = [scaling_law(x, truth(x) * noise(seed, len(x)), over=over) for seed in range(40)]
    assert sum(law.name == name for law in laws) >= 34
    field = next(iter(laws[0].fields))
    inside = sum(abs(pair(law, field)[0] - slope) <= pair(law, field)[1] for law in laws)
    assert 18 <= inside <= 36


def test_contacts_are_parted_from_the_conductivity() -> None:
    """R = R_c + L / sigma: 80 ohm cm2 and 5e-4 S/cm, only filled in when the resistance is the total one."""
    values = (80 + 0.2 * THICK) * noise(1)
    law = scaling_law(THICK, values, total=True)
    assert law.name == "contact and bulk"
    contact, sigma = law.parameters["contact_resistance"]
    assert abs(contact - 80) < 3 * sigma
    conductivity, width = pair(law, "electrolyte_conductivity_S_cm")
    assert abs(conductivity - 5e-4) < 3 * width
    assert "electrolyte_conductivity_S_cm" not in scaling_law(THICK, values).fields
    alone = scaling_law(THICK, 0.2 * THICK * noise(2), total=True)
    assert alone.name == "proportional"
    assert pair(alone, "electrolyte_conductivity_S_cm")[0] == pytest.approx(5e-4, rel=0.03)


def test_three_cells_give_a_slope_and_two_do_with_uncertainties() -> None:
    """Too few points to choose a law still have a slope, with an honest uncertainty."""
    law = scaling_law([300, 600, 1000], [61, 119, 201])
    assert law.name == "slope"
    assert pair(law, "thickness_slope")[0] == pytest.approx(1.0, abs=0.05)
    two = scaling_law([0.5, 2.0], [160.0, 40.0], [4.0, 1.0], over="area_cm2")
    assert pair(two, "area_slope")[0] == pytest.approx(-1)
    assert pair(two, "area_slope")[1] == pytest.approx(0.025 * 2**0.5 / np.log(4), rel=1e-6)
    mean, low, high = two.curve([1.0])
    assert low[0] < mean[0] < high[0]
    assert mean[0] == pytest.approx(80)


def test_too_little_is_no_law() -> None:
    """Two cells without uncertainties, or sizes that hardly differ, give a reason; other sizes are refused."""
    assert "too few" in scaling_law([300, 600], [60, 120]).reason
    assert "span a factor of 1.1" in scaling_law([300, 315, 330], [60, 62, 66]).reason
    with pytest.raises(UsageError, match="expected electrolyte_thickness_um"):
        scaling_law([1, 2], [1, 2], over="volume")
