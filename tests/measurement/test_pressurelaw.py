"""The law of a pressure sweep: exponents, what is left, hysteresis, and words that agree with the rules."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from diagnose.measurement.law import Law, Reals
from diagnose.measurement.pressurelaw import pressure_law

P = np.geomspace(1, 50, 10)


def noise(seed: int, count: int = 10) -> Reals:
    """Two percent of scatter."""
    made: Reals = np.exp(0.02 * np.random.default_rng(seed).standard_normal(count))
    return made


@settings(deadline=None, max_examples=20)
@given(st.floats(0.4, 1.5), st.floats(0.1, 0.6), st.floats(-3, 6))
def test_exact_figures_give_back_their_law(n: float, left: float, scale: float) -> None:
    """R_inf, B and n of figures that lie on R_inf + B P^-n are found, in any unit."""
    size = 10.0**scale
    law = pressure_law(P, size * (left + P**-n))
    assert law.name == "contact"
    assert law.parameters["n"][0] == pytest.approx(n, rel=1e-4)
    assert law.parameters["R_inf"][0] == pytest.approx(size * left, rel=1e-3)
    assert law.parameters["B"][0] == pytest.approx(size, rel=1e-3)
    fraction = law.fields["pressure_contact_fraction"]
    assert isinstance(fraction, tuple)
    assert fraction[0] == pytest.approx(1 - left / (left + 50**-n), abs=1e-3)


def test_the_working_pressure_decides_the_contact_fraction() -> None:
    """1 - R_inf / R(P) at the pressure that is given; outside the sweep with a doubt."""
    values = 20 + 80 / P
    for at in (2.0, 10.0, 80.0):
        law = pressure_law(P, values, working_MPa=at)
        fraction = law.fields["pressure_contact_fraction"]
        assert isinstance(fraction, tuple)
        assert fraction[0] == pytest.approx((80 / at) / (20 + 80 / at), abs=1e-3)
        assert any("outside the pressures tried" in doubt for doubt in law.doubts) == (at > 50)


def test_nothing_left_is_never_certain() -> None:
    """Of a power law all is contact, with the uncertainty to which a little R_inf would have been seen."""
    truth = 100 * P**-0.6
    for seed in range(8):
        law = pressure_law(P, truth * noise(seed))
        if law.name == "power":
            fraction = law.fields["pressure_contact_fraction"]
            assert isinstance(fraction, tuple)
            assert fraction[0] == 1
            assert 0.01 < fraction[1] < 0.3


def test_intervals_hold_the_true_exponent_as_often_as_they_say() -> None:
    """Of 60 contact-limited sweeps the law is right in most, and one sigma holds n in two thirds."""
    right = inside = 0
    for seed in range(60):
        law = pressure_law(P, (20 + 80 * P**-0.8) * noise(seed))
        right += law.name == "contact"
        n, sigma = law.parameters["n"]
        inside += abs(n - 0.8) <= sigma
    assert right >= 54
    assert 31 <= inside <= 51


@pytest.mark.parametrize(
    ("exponent", "word"), [(0.02, "none"), (0.25, "weak"), (0.40, "weak"), (0.47, "strong"), (1.0, "strong")]
)
def test_the_response_goes_by_the_fall_at_five_times_the_pressure(exponent: float, word: str) -> None:
    """None below a mean exponent of 0.1; strong when the resistance halves at five times the pressure."""
    assert pressure_law(P, 100 * P**-exponent).fields["pressure_response"] == word


def agrees_with_the_rules(law: Law) -> bool:
    """Whether the fields avoid what rules/contradictions.yaml refuses."""
    word = law.fields.get("pressure_response")
    exponent, fraction = law.fields.get("pressure_exponent"), law.fields.get("pressure_contact_fraction")
    if word == "none":
        return not (isinstance(exponent, tuple) and exponent[0] >= 0.3) and not (
            isinstance(fraction, tuple) and fraction[0] > 0.5
        )
    return word != "strong" or not (isinstance(exponent, tuple) and -0.1 <= exponent[0] <= 0.1)


@settings(deadline=None, max_examples=40)
@given(st.floats(0, 2), st.floats(0.02, 2), st.floats(0.001, 0.2), st.integers(0, 10**6))
def test_words_and_figures_never_contradict_each_other(share: float, n: float, scatter: float, seed: int) -> None:
    """Whatever the sweep, response, exponent and fraction are such that no contradiction of the rules is met."""
    values = (1 + share * P**-n) * np.exp(scatter * np.random.default_rng(seed).standard_normal(10))
    assert agrees_with_the_rules(pressure_law(P, values))


def test_a_film_does_not_answer_to_pressure() -> None:
    """A constant within its scatter: response none, exponent 0 with an uncertainty, no fraction."""
    law = pressure_law(P, 50 * noise(3))
    assert law.name == "constant"
    assert law.fields["pressure_response"] == "none"
    exponent = law.fields["pressure_exponent"]
    assert isinstance(exponent, tuple)
    assert exponent[0] == 0
    assert 0 < exponent[1] < 0.02
    assert "pressure_contact_fraction" not in law.fields


def test_scatter_that_hides_a_response_leaves_it_open() -> None:
    """Neither none nor weak is said when the figures allow both."""
    wild = np.array([1.5, 0.7, 1.4, 0.6, 1.6, 0.8])
    law = pressure_law(np.geomspace(1, 10, 6), 50 * wild)
    assert "pressure_response" not in law.fields
    assert law.doubts


def test_unloading_that_stays_lower_is_hysteresis() -> None:
    """100 (R loading - R unloading) / R loading at equal pressure, by the order of rows or by words."""
    up = np.geomspace(1, 20, 7)
    down = up[:-1][::-1]
    x, values = np.append(up, down), np.append(100 * up**-0.5, 80 * down**-0.5) * noise(1, 13)
    words = ["loading"] * 7 + ["unloading"] * 6
    for law in (pressure_law(x, values), pressure_law(x[::-1], values[::-1], branch=words[::-1])):
        share = law.fields["pressure_hysteresis_percent"]
        assert isinstance(share, tuple)
        assert share[0] == pytest.approx(20, abs=3 * share[1])
        assert 0.2 < share[1] < 2
        assert law.points == 7
    same = pressure_law(x, 100 * x**-0.5 * noise(2, 13))
    share = same.fields["pressure_hysteresis_percent"]
    assert isinstance(share, tuple)
    assert abs(share[0]) < 3 * share[1]
    assert same.points == 13


def test_a_best_pressure_is_seen() -> None:
    """A rise beyond the lowest resistance is an optimum, and the law holds up to it; else the highest was best."""
    x = np.array([1.0, 2, 4, 8, 16, 25, 40, 60])
    values = 100 * x**-0.5 * np.where(x > 16, (x / 16) ** 1.5, 1.0) * noise(4, 8)
    law = pressure_law(x, values, 0.02 * values)
    assert law.fields["pressure_optimum_seen"] is True
    assert law.points <= 5
    assert pressure_law(P, 100 * P**-0.5 * noise(5)).fields["pressure_optimum_seen"] is False


@pytest.mark.parametrize(
    ("x", "said"),
    [
        ([1.0, 2.0, 5.0], "too few"),
        ([1.0, 1.0, 1.0, 1.0, 2.0], "three different"),
        ([10.0, 11.0, 12.0, 13.0, 14.0], "span a factor of 1.4"),
        ([0.0, 1.0, 2.0, 3.0, 4.0], "look at point 1"),
    ],
)
def test_too_little_is_no_law(x: list[float], said: str) -> None:
    """Few points, few pressures, a small range or no pressure at all give a reason."""
    law = pressure_law(x, [50.0 - place for place in range(len(x))])
    assert said in law.reason
    assert law.says.startswith("Cannot tell")
    assert not law.fields


def test_the_band_widens_away_from_the_points() -> None:
    """One sigma of ln R at the middle of the sweep is smaller than at the ends and far beyond."""
    law = pressure_law(P, 100 * P**-0.6 * noise(6))
    mean, low, high = law.curve([7.0, 50.0, 500.0])
    width = np.log(high / mean)
    assert width[0] < width[1] < width[2]
    np.testing.assert_allclose(mean / low, high / mean)
    assert mean[0] == pytest.approx(100 * 7**-0.6, rel=0.05)
    assert math.isfinite(float(high[2]))
