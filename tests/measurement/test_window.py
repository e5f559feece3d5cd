"""The low-resistance window of Li/P from own films."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from diagnose.errors import UsageError
from diagnose.measurement.law import Law
from diagnose.measurement.window import window_law

RATIOS = [1.0, 1.5, 2.0, 2.5, 3.0, 3.5]
VALUES = [200.0, 30.0, 8.0, 5.0, 9.0, 80.0]


def pair(law: Law, name: str) -> tuple[float, float]:
    """A figure that a field got."""
    found = law.fields[name]
    assert isinstance(found, tuple)
    return found


def test_the_ends_lie_where_ln_r_crosses_the_threshold() -> None:
    """Between the last film inside and the first outside, linear in ln R."""
    law = window_law(RATIOS, VALUES)
    low = 1.5 + 0.5 * math.log(30 / 10) / math.log(30 / 8)
    high = 3.0 + 0.5 * math.log(10 / 9) / math.log(80 / 9)
    assert pair(law, "li_p_window_low")[0] == pytest.approx(low)
    assert pair(law, "li_p_window_high")[0] == pytest.approx(high)
    part, slopes = math.log(10 / 8) / math.log(30 / 8), np.diff(np.log(VALUES)) / 0.5
    bent = 2 * max(abs(slopes[1] - slopes[0]), abs(slopes[2] - slopes[1])) / 1.0
    drawn = bent / 2 * part * (1 - part) * 0.5**3 / math.log(30 / 8)
    assert pair(law, "li_p_window_low")[1] == pytest.approx(min(drawn, 0.5 / math.sqrt(12)))
    assert pair(window_law(RATIOS[1:4], VALUES[1:4]), "li_p_window_low")[1] <= 0.5 / math.sqrt(12)
    assert law.parameters["li_p_window_low_outside"][0] == 1.5
    assert law.parameters["li_p_window_low_inside"][0] == 2.0
    assert law.parameters["li_p_best"][0] == 2.5


def test_each_side_is_told_by_what_happens_there() -> None:
    """Below, lithium leaves the electrode; above, it enters and cobalt is reduced."""
    says = window_law(RATIOS, VALUES).says
    assert "Below the window lithium is extracted from the electrode" in says
    assert "Above the window lithium is inserted into the electrode and cobalt is reduced" in says


def test_ends_that_no_film_brackets_stay_open() -> None:
    """An open end fills no field and is told as a bound."""
    law = window_law(RATIOS[:4], VALUES[:4])
    assert "li_p_window_high" not in law.fields
    assert "li_p_window_low" in law.fields
    assert any("upper end is open: it lies at or above 2.5" in doubt for doubt in law.doubts)


@settings(deadline=None, max_examples=40)
@given(
    st.lists(
        st.tuples(st.floats(0, 20), st.floats(0.1, 1000)), min_size=3, max_size=12, unique_by=lambda film: film[0]
    ),
    st.floats(0.5, 100),
)
def test_a_window_holds_low_films_only(films: list[tuple[float, float]], threshold: float) -> None:
    """Each end lies between its two films, the lower below the upper, and every film between is low."""
    law = window_law([film[0] for film in films], [film[1] for film in films], threshold_ohm_cm2=threshold)
    if law.reason:
        assert not law.fields
        assert all(resistance > threshold for _, resistance in films)
        return
    low = pair(law, "li_p_window_low")[0] if "li_p_window_low" in law.fields else -1.0
    high = pair(law, "li_p_window_high")[0] if "li_p_window_high" in law.fields else 21.0
    assert low <= law.parameters["li_p_best"][0] <= high
    assert all(resistance <= threshold * (1 + 1e-9) for ratio, resistance in films if low < ratio < high)


def test_repeated_films_count_as_one_and_give_a_scatter() -> None:
    """The mean of ln R, with an uncertainty from the scatter; without repeats or sigmas there is a doubt."""
    ratios = [ratio for ratio in RATIOS for _ in range(2)]
    values = [value * factor for value in VALUES for factor in (0.8, 1.25)]
    law = window_law(ratios, values)
    plain = window_law(RATIOS, VALUES)
    assert pair(law, "li_p_window_low")[0] == pytest.approx(pair(plain, "li_p_window_low")[0])
    assert pair(law, "li_p_window_low")[1] > pair(plain, "li_p_window_low")[1]
    assert any("No uncertainty" in doubt for doubt in plain.doubts)
    assert not any("No uncertainty" in doubt for doubt in law.doubts)
    _, low, high = law.curve([2.0, 2.25])
    assert bool(np.all(low < high))


def test_stated_uncertainties_widen_the_ends() -> None:
    """A film near the threshold with a large sigma makes its end less sure, and a doubt says so."""
    sure, unsure = window_law(RATIOS, VALUES, [0.01] * 6), window_law(RATIOS, VALUES, [50, 8, 2, 1, 2, 20])
    assert pair(unsure, "li_p_window_low")[1] > pair(sure, "li_p_window_low")[1]
    assert any("two standard uncertainties" in doubt for doubt in unsure.doubts)


def test_intervals_hold_the_true_end_as_often_as_they_say() -> None:
    """Eight films anywhere on a parabola of ln R with ten percent of scatter: one sigma holds two thirds or more."""
    generator = np.random.default_rng(1)
    inside = []
    half = math.sqrt(math.log(2.5) / 2.2)
    for _ in range(150):
        ratios = np.sort(generator.uniform(0.8, 3.6, 8))
        values = 4 * np.exp(2.2 * (ratios - 2.2) ** 2 + 0.1 * generator.standard_normal(8))
        law = window_law(ratios, values, 0.1 * values)
        for name, truth in (("li_p_window_low", 2.2 - half), ("li_p_window_high", 2.2 + half)):
            if name in law.fields:
                inside.append(abs(pair(law, name)[0] - truth) <= pair(law, name)[1])
    assert len(inside) > 250
    assert 0.6 <= np.mean(inside) <= 0.85


def test_two_low_regions_are_doubted() -> None:
    """The window is that around the best film; the other low film is told."""
    law = window_law([1, 1.5, 2, 2.5, 3], [9, 30, 40, 5, 50])
    assert pair(law, "li_p_window_low")[0] > 2
    assert any("outside the window are low as well" in doubt for doubt in law.doubts)


def test_what_cannot_be_told_is_said() -> None:
    """Fewer than three films or none that is low give a reason; a threshold must be positive; no curve beyond films."""
    assert "2 films are too few" in window_law([1, 2, 2], [5, 50, 60]).reason
    assert "no film lies at or below 10 ohm cm2" in window_law([1, 2, 3], [50, 11, 60]).reason
    assert "more than 20" in window_law([1, 2, 30], [50, 11, 60]).reason
    with pytest.raises(UsageError, match="threshold"):
        window_law(RATIOS, VALUES, threshold_ohm_cm2=0)
    with pytest.raises(UsageError, match=r"from 1 to 3\.5 only"):
        window_law(RATIOS, VALUES).curve([4.0])
