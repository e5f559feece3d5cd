"""Robustness: shares of draws, what is drawn, and that the same seed gives the same answer."""

from __future__ import annotations

import time
from functools import cache
from typing import Any

import pytest
from hypothesis import given
from partial import FEW, base, partial

from diagnose import Case, diagnose
from diagnose.data import Base, load
from diagnose.robustness import robustness

NEAR = {
    "electrolyte": "Li6PS5Cl",
    "electrode": "Li",
    "electrode_role": "anode",
    "resistance_level": "high",
    "strip_plate_ratio": "1.2 ± 0.3",
    "trend_at_rest": "growing",
}


@cache
def exact(changed: Base) -> Base:
    """The same rules, with weights that are not doubted."""
    from dataclasses import replace

    scale = changed.rules.scale.model_copy(update={"spread": {"high": 0.0, "medium": 0.0, "low": 0.0}})
    return replace(changed, rules=replace(changed.rules, scale=scale, _kinds={}))


@FEW
@given(case=partial())
def test_shares_of_draws_are_shares(case: dict[str, Any]) -> None:
    """Causes that are first, and draws with no cause, make up the draws, but for rare ones; intervals are in order."""
    found = robustness(Case.model_validate(case), base(), draws=200)
    assert 0.8 <= sum(each.first for each in found.causes) + found.nothing_first <= 1 + 1e-9
    for each in found.causes:
        assert 0 <= each.low <= each.median <= each.high <= 1
    assert [each.first for each in found.causes] == sorted((each.first for each in found.causes), reverse=True)


def test_the_same_seed_gives_the_same_bytes() -> None:
    """Equal seeds agree in every byte and in any order of facts; another seed draws anew."""
    case = Case.model_validate(NEAR)
    turned = Case.model_validate(dict(reversed(NEAR.items())))
    one, two = robustness(case, base()), robustness(turned, base())
    assert one.model_dump_json() == two.model_dump_json()
    assert one != robustness(case, base(), seed=1)


@FEW
@given(case=partial())
def test_without_any_doubt_every_draw_is_the_diagnosis(case: dict[str, Any]) -> None:
    """With exact figures and weights the first cause of the report is first in all draws, with its probability."""
    sure = exact(load())
    plain = {name: value for name, value in case.items() if not isinstance(value, str) or "±" not in value}
    report = diagnose(plain, base=sure)
    found = robustness(Case.model_validate(plain), sure, draws=5)
    if found.looked_up or found.varied:
        return
    if report.causes:
        best = [each for each in found.causes if each.first == 1.0]
        assert [each.cause for each in best] == [report.causes[0].cause]
        assert best[0].median == pytest.approx(report.causes[0].probability, abs=1e-4)
    else:
        assert found.nothing_first == 1.0


def test_an_uncertain_figure_near_a_threshold_is_first_as_often_as_it_passes() -> None:
    """1.2 ± 0.3 lies above 1.5 in one draw of six: so often the strong rule fires."""
    sure = exact(load())
    case = {**NEAR, "trend_at_rest": "stable"}
    found = robustness(Case.model_validate(case), sure, draws=4000)
    assert "strip_plate_ratio" in found.varied
    voids = next(each for each in found.causes if each.cause == "stripping-voids")
    above = diagnose({**case, "strip_plate_ratio": 1.8}, base=sure)
    below = diagnose({**case, "strip_plate_ratio": 0.8}, base=sure)
    chances = [{each.cause: each.probability for each in report.causes}["stripping-voids"] for report in (below, above)]
    assert voids.low == pytest.approx(chances[0], abs=2e-3)
    assert voids.high == pytest.approx(chances[1], abs=2e-3)


def test_bounds_stay_bounds_and_ranges_are_drawn() -> None:
    """`>500` is nowhere drawn; `500-900` is."""
    case = {"electrolyte": "LLZO", "electrode": "Li", "electrode_role": "anode"}
    bound = robustness(Case.model_validate({**case, "interfacial_resistance_ohm_cm2": ">500"}), base(), draws=50)
    ranged = robustness(Case.model_validate({**case, "interfacial_resistance_ohm_cm2": "500-900"}), base(), draws=50)
    assert bound.varied == ()
    assert ranged.varied == ("interfacial_resistance_ohm_cm2",)


def test_doubt_in_the_weights_alone_widens_the_probability() -> None:
    """Without stated uncertainties the interval is that of the weights, and the answer says so."""
    case = {**NEAR, "strip_plate_ratio": 2.0}
    found = robustness(Case.model_validate(case), base())
    assert all(each.low < each.high for each in found.causes)
    assert "no uncertainties" in found.says


def test_a_thousand_draws_take_less_than_a_few_hundred_milliseconds() -> None:
    """Warm, and with a wide margin for a busy machine."""
    case = Case.model_validate(NEAR)
    robustness(case, base())
    started = time.process_time()
    robustness(case, base())
    assert time.process_time() - started < 0.3


def test_fewer_than_one_draw_is_refused() -> None:
    """There is nothing to say of no draws."""
    with pytest.raises(ValueError, match="at least one draw"):
        robustness(Case.model_validate(NEAR), base(), draws=0)
