"""The law of a series at rest or over cycles: which way it goes, how fast, and with which power of time."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from diagnose.errors import UsageError
from diagnose.measurement.growth import growth_law
from diagnose.measurement.law import Law, Reals

TIMES = np.linspace(0, 200, 14)


def noise(seed: int, count: int = 14) -> Reals:
    """Two percent of scatter."""
    made: Reals = np.exp(0.02 * np.random.default_rng(seed).standard_normal(count))
    return made


def pair(law: Law, name: str) -> tuple[float, float]:
    """A figure that a field got."""
    found = law.fields[name]
    assert isinstance(found, tuple)
    return found


WAYS: dict[str, Callable[[Reals], Reals]] = {
    "constant": lambda t: 50 + 0 * t,
    "parabolic": lambda t: 50 + 6 * t**0.5,
    "linear": lambda t: 50 + 0.3 * t,
    "logarithmic": lambda t: 50 + 40 * np.log1p(t / 3),
    "power": lambda t: 50 + 0.006 * t**1.8,
}


@pytest.mark.parametrize("name", WAYS)
def test_the_right_law_is_chosen_where_the_effect_is_clear(name: str) -> None:
    """In at least 85 percent of 20 series."""
    chosen = [growth_law(TIMES, WAYS[name](TIMES) * noise(seed)).name for seed in range(20)]
    assert chosen.count(name) >= 17


def test_intervals_hold_the_true_exponent_as_often_as_they_say() -> None:
    """One sigma of the exponent of a film holds one half in two thirds of 60 series with unknown scatter."""
    laws = [growth_law(TIMES, WAYS["parabolic"](TIMES) * noise(seed)) for seed in range(60)]
    told = [pair(law, "rest_growth_exponent") for law in laws if law.name == "parabolic"]
    assert len(told) >= 51
    inside = sum(abs(m - 0.5) <= sigma for m, sigma in told)
    assert 0.5 <= inside / len(told) <= 0.86


@settings(deadline=None, max_examples=20)
@given(st.floats(0.3, 2.5), st.floats(0.2, 5), st.floats(-4, 6))
def test_exact_figures_give_back_their_power(m: float, share: float, scale: float) -> None:
    """m, R0 and k of R0 + k t^m, in any unit, also when the first point was not at time 0."""
    times = np.linspace(5, 200, 14)
    size = 10.0**scale
    law = growth_law(times, size * (1 + share * (times / 200) ** m))
    assert pair(law, "rest_growth_exponent")[0] == pytest.approx(m, abs=0.01)
    if law.name == "power":
        assert law.parameters["R0"][0] == pytest.approx(size, rel=0.01)
        assert law.parameters["k"][0] * 200 ** law.parameters["m"][0] == pytest.approx(size * share, rel=0.02)


@pytest.mark.parametrize(
    ("truth", "word", "percent"),
    [("parabolic", "growing", 120.0), ("linear", "growing", 60.0), ("constant", "stable", 0.0)],
)
def test_trend_and_rate_are_those_of_a_hundred_hours(truth: str, word: str, percent: float) -> None:
    """The rate counts from the first point."""
    law = growth_law(TIMES, WAYS[truth](TIMES) * noise(1))
    assert law.fields["trend_at_rest"] == word
    rate, sigma = pair(law, "rest_growth_percent_per_100h")
    assert abs(rate - percent) < 3 * sigma


def test_a_resistance_that_takes_off_late_grows() -> None:
    """The steeper end of the series makes the trend, though the rate counts from its first point."""
    times = np.linspace(5, 200, 14)
    law = growth_law(times, 1 + 0.25 * (times / 200) ** 3)
    assert law.fields["trend_at_rest"] == "growing"
    assert pair(law, "rest_growth_percent_per_100h")[0] < 5


def test_a_resistance_may_fall() -> None:
    """Contact that creeps closed falls; the power of time is that of growth and is left out."""
    law = growth_law(TIMES, (150 - 6 * TIMES**0.5) * noise(2))
    assert law.fields["trend_at_rest"] == "falling"
    assert pair(law, "rest_growth_percent_per_100h")[0] == pytest.approx(-40, abs=3)
    assert "rest_growth_exponent" not in law.fields
    assert "falls with the square root of time" in law.says


def test_cycles_fill_their_own_fields() -> None:
    """Voids on stripping: growing on cycling, with a rate for ten cycles and no exponent of rest."""
    cycles = np.arange(0.0, 61, 5)
    law = growth_law(cycles, (40 + 0.1 * cycles**1.7) * noise(3, 13), over="cycles_done")
    assert set(law.fields) == {"trend_on_cycling", "growth_percent_per_10_cycles"}
    assert law.fields["trend_on_cycling"] == "growing"
    rate, sigma = pair(law, "growth_percent_per_10_cycles")
    assert abs(rate - 0.25 * 10**1.7) < 3 * sigma


def test_a_short_series_is_scaled_up_with_a_doubt_or_not_at_all() -> None:
    """Fifty hours may stand for a hundred, ten may not."""
    fifty, ten = np.linspace(0, 50, 12), np.linspace(0, 10, 12)
    law = growth_law(fifty, (50 + 0.3 * fifty) * noise(4, 12))
    assert abs(pair(law, "rest_growth_percent_per_100h")[0] - 60) < 15
    assert any("scaled up from 50 h" in doubt for doubt in law.doubts)
    short = growth_law(ten, (50 + 3 * ten) * noise(5, 12))
    assert short.fields["trend_at_rest"] == "growing"
    assert "rest_growth_percent_per_100h" not in short.fields
    assert any("too short" in doubt for doubt in short.doubts)


@settings(deadline=None, max_examples=30)
@given(st.floats(-0.5, 3), st.floats(0.3, 2), st.floats(0.002, 0.3), st.floats(1, 1000), st.integers(0, 10**6))
def test_trend_and_rate_never_contradict_each_other(k: float, m: float, scatter: float, end: float, seed: int) -> None:
    """Stable or falling never stands beside a growth of more than 20 percent, which the rules refuse."""
    times = np.linspace(0, end, 12)
    values = (1 + k * (times / end) ** m) * np.exp(scatter * np.random.default_rng(seed).standard_normal(12))
    law = growth_law(times, values)
    rate = law.fields.get("rest_growth_percent_per_100h")
    assert law.fields.get("trend_at_rest") == "growing" or not isinstance(rate, tuple) or rate[0] <= 20


def test_scatter_that_hides_a_trend_leaves_it_open() -> None:
    """Stable is not said of figures that could hide a growth."""
    wild = 50 * np.array([1.5, 0.7, 1.4, 0.6, 1.6, 0.8, 1.2])
    law = growth_law(np.linspace(0, 30, 7), wild)
    assert "trend_at_rest" not in law.fields
    assert any("cannot be ruled out" in doubt for doubt in law.doubts)


def test_too_little_is_no_law() -> None:
    """Few points and no passing of time give a reason; other quantities are refused."""
    assert "too few" in growth_law([0, 1, 2], [5, 6, 7]).reason
    assert "too few" in growth_law([0, 1, 2, 3], [5, 6, 7, 8]).reason
    assert "look at point 1" in growth_law([-1, 1, 2, 3, 4], [5, 6, 7, 8, 9]).reason
    assert "same time" in growth_law([1000, 1000 + 1e-5, 1000 + 2e-5, 1000 + 3e-5, 1000], [5, 6, 7, 8, 9]).reason
    with pytest.raises(UsageError, match="expected time_h or cycles_done"):
        growth_law([0, 1], [5, 6], over="days")
