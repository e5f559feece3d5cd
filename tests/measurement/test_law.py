"""Laws of series: what is taken in, what is handed on, and what holds for any law."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from diagnose.errors import DiagnoseError, UsageError
from diagnose.measurement.arrhenius import arrhenius_law
from diagnose.measurement.candidate import Model, choose, propagated
from diagnose.measurement.growth import growth_law
from diagnose.measurement.law import Law, Reals, Series, figure
from diagnose.measurement.pressurelaw import pressure_law
from diagnose.measurement.scaling import scaling_law
from diagnose.measurement.window import window_law

LAWS: tuple[Callable[..., Law], ...] = (pressure_law, arrhenius_law, growth_law, scaling_law, window_law)
Lists = tuple[list[float], list[float], list[float] | None]


def lines(count: int, k: int) -> Model:
    """A straight line or a constant in x."""

    def shape(x: Reals, theta: Reals) -> tuple[Reals, Reals]:
        slopes = np.column_stack([x**power for power in range(k)])
        return slopes @ theta, slopes

    edge = np.full(k, 1e3)
    return Model(
        f"of {k}", shape, [np.zeros(k)], -edge, edge, lambda theta: {f"p{i}": float(v) for i, v in enumerate(theta)}
    )


def series(elements: st.SearchStrategy[float]) -> st.SearchStrategy[Lists]:
    """Up to ten points, with or without uncertainties."""

    def lists(count: int) -> st.SearchStrategy[Lists]:
        column = st.lists(elements, min_size=count, max_size=count)
        return st.tuples(column, column, st.none() | column)

    return st.integers(0, 10).flatmap(lists)


ANY = st.floats() | st.sampled_from([0.0, 1.0, 2.0, 5.0, -5.0, 1e-300, 1e300])
POSITIVE = st.floats(1e-15, 1e15) | st.floats(0.1, 100) | st.integers(1, 20).map(float)


@settings(deadline=None, max_examples=60)
@given(series(ANY) | series(POSITIVE), st.sampled_from(LAWS))
def test_any_figures_give_a_law_or_a_reason_and_never_a_figure_that_is_none(
    points: Lists, told: Callable[..., Law]
) -> None:
    """No input raises or warns; all that is handed on is finite, and a law comes with a curve through finite values."""
    law = told(*points)
    assert bool(law.name) != bool(law.reason)
    assert law.says
    figures = [*law.parameters.values(), *(pair for pair in law.fields.values() if isinstance(pair, tuple))]
    assert all(math.isfinite(value) and 0 <= sigma < math.inf for value, sigma in figures)
    if law.name:
        mean, low, high = law.curve(points[0])
        assert bool(np.all(np.isfinite([mean, low, high])))
        assert bool(np.all((low <= mean) & (mean <= high)))
    else:
        with pytest.raises(UsageError, match="no law could be told"):
            law.curve([1.0])


@pytest.mark.parametrize("told", LAWS)
def test_bad_points_are_named(told: Callable[..., Law]) -> None:
    """Resistances and uncertainties that are zero, negative or not a number give a reason that counts points from 1."""
    x = [1.0, 2.0, 4.0, 8.0, 16.0]
    for bad in (0.0, -3.0, math.nan, math.inf):
        assert "look at point 2" in told(x, [5.0, bad, 5.0, 5.0, 5.0]).reason
        assert "look at points 2, 3" in told(x, [5.0] * 5, [1.0, bad, bad, 1.0, 1.0]).reason
    assert told([], []).reason == "there are no points"


@pytest.mark.parametrize("told", LAWS)
def test_arrays_that_do_not_belong_together_are_refused(told: Callable[..., Law]) -> None:
    """A missing resistance or uncertainty, or a word among figures, is a mistake of the caller."""
    with pytest.raises(UsageError):
        told([1.0, 2.0], [5.0])
    with pytest.raises(UsageError):
        told([1.0, 2.0], [5.0, 4.0], [1.0])
    with pytest.raises(DiagnoseError):
        told([1.0, 2.0], ["a", "b"])


def test_a_straight_line_is_fitted_as_by_the_closed_form() -> None:
    """Parameters and covariance of a linear law are those of weighted least squares."""
    x, s = np.arange(6.0), np.array([0.1, 0.2, 0.1, 0.3, 0.1, 0.2])
    y = 1 + 0.5 * x + s * np.array([1.0, -1.0, 0.5, -0.5, 0.3, 0.2])
    choice = choose([lines(6, 2)], Series(x, y, s))
    assert choice is not None
    base = np.column_stack([np.ones(6), x]) / s[:, None]
    covariance = np.linalg.inv(base.T @ base)
    np.testing.assert_allclose(choice.chosen.theta, covariance @ base.T @ (y / s), rtol=1e-5)
    np.testing.assert_allclose(choice.chosen.covariance, covariance, rtol=1e-7)


def test_the_criterion_is_the_corrected_one_and_weights_add_up() -> None:
    """AICc = chi2 + 2k + 2k(k + 1)/(n - k - 1) for stated uncertainties; weights are exp(-difference/2), normalised."""
    x = np.arange(7.0)
    y = np.array([0.1, -0.2, 0.1, 0.3, -0.1, 0.2, -0.3])
    choice = choose([lines(7, 1), lines(7, 2)], Series(x, y, np.full(7, 0.2)))
    assert choice is not None
    told = {each.name: each for each in choice.candidates}
    chi2 = float(np.sum((y - y.mean()) ** 2)) / 0.04
    assert told["of 1"].aicc == pytest.approx(chi2 + 2 + 4 / 5)
    assert sum(each.weight for each in choice.candidates) == pytest.approx(1)
    ratio = told["of 2"].weight / told["of 1"].weight
    assert ratio == pytest.approx(math.exp((told["of 1"].aicc - told["of 2"].aicc) / 2))
    assert choice.chosen.model.name == "of 1"


def test_stated_uncertainties_that_are_too_small_are_enlarged() -> None:
    """A tenfold understatement of scatter does not make a parameter ten times surer than the scatter allows."""
    x, y = np.arange(12.0), 0.1 * np.cos(np.arange(12.0) * 2.3)
    understated = choose([lines(12, 1)], Series(x, y, np.full(12, 0.005)))
    unknown = choose([lines(12, 1)], Series(x, y, None))
    assert understated is not None
    assert unknown is not None
    assert understated.misfit
    assert understated.parameters()["p0"] == pytest.approx(unknown.parameters()["p0"], rel=1e-6)


def test_uncertainties_of_functions_follow_the_first_derivatives() -> None:
    """The delta method: sigma of exp(a) is exp(a) sigma of a, and correlated parameters add with their covariance."""
    covariance = np.array([[0.04, 0.01], [0.01, 0.09]])
    found = propagated(
        lambda theta: {"e": math.exp(theta[0]), "sum": float(theta.sum())}, np.array([1.0, 2.0]), covariance, 1.0
    )
    assert found["e"] == pytest.approx((math.e, 0.2 * math.e), rel=1e-6)
    assert found["sum"] == pytest.approx((3.0, math.sqrt(0.04 + 0.09 + 0.02)), rel=1e-6)


@pytest.mark.parametrize(
    ("value", "sigma", "text"),
    [(0.58689, 0.0163, "0.587 ± 0.016"), (123.4, 11.0, "123 ± 11"), (12345.0, 678.0, "12340 ± 680"), (5.0, 0.0, "5")],
)
def test_figures_are_written_to_two_digits_of_their_uncertainty(value: float, sigma: float, text: str) -> None:
    """As people write them."""
    assert figure(value, sigma) == text


@pytest.mark.parametrize("told", LAWS)
def test_the_same_series_gives_the_same_answer(told: Callable[..., Law]) -> None:
    """Nothing is drawn: two calls agree to the last digit."""
    x, values = [1.0, 2.0, 5.0, 10.0, 20.0, 50.0], [90.0, 60.0, 35.0, 22.0, 15.0, 9.0]
    first, second = told(x, values), told(x, values)
    assert (first.name, first.parameters, first.fields) == (second.name, second.parameters, second.fields)
