"""The next question: what is asked, what is never asked, and when the asking ends."""

from __future__ import annotations

import random
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from partial import FEW, base, partial

from diagnose import Case, diagnose
from diagnose.answers import answers, distance
from diagnose.errors import CaseError
from diagnose.facts import fact_base
from diagnose.quantity import Span
from diagnose.question import askable, asking, first_asked, minutes, outlook
from diagnose.variants import Variants, fields_of

LITHIUM = {"electrolyte": "Li6PS5Cl", "electrode": "Li", "electrode_role": "anode", "resistance_level": "high"}


def written(value: Any) -> Any:
    """A fact as a case holds it."""
    return f"{value.low!r}" if isinstance(value, Span) else value


def totals(case: dict[str, Any]) -> dict[str, float]:
    """Log-odds of every ranked cause by a diagnosis of its own."""
    return {each.cause: each.log_odds for each in diagnose(case, base=base()).causes}


@FEW
@given(case=partial())
def test_no_question_with_zero_gain_is_asked(case: dict[str, Any]) -> None:
    """Each question asked has two answers after which fresh diagnoses differ, and tells what its bits say or more."""
    fields = fields_of(Case.model_validate(case))
    found = asking(base(), fields)
    for name in found.best[:3]:
        assert found.outlook.bits[name] >= base().rules.scale.asking.least_bits
        outcomes = set()
        for each in answers(base()).of[name]:
            try:
                report = diagnose({**case, name: written(each.value)}, base=base())
            except CaseError:
                continue
            outcomes.add((report.verdict, tuple((cause.cause, cause.log_odds) for cause in report.causes)))
            if len(outcomes) > 1:
                break
        assert len(outcomes) > 1, name


@FEW
@given(case=partial())
def test_questions_cost_no_cell_and_less_than_a_day(case: dict[str, Any]) -> None:
    """Nothing destructive is asked, nothing known, and nothing that has to be measured for a day."""
    scale, vocabulary = base().rules.scale.asking, base().knowledge.vocabulary
    for name in asking(base(), fields_of(Case.model_validate(case))).best:
        assert not vocabulary[name].destructive
        assert vocabulary[name].noticed or vocabulary[name].effort_min + scale.ask_min < scale.longest_min
        assert name not in case


@FEW
@given(case=partial())
def test_questions_come_by_information_per_minute(case: dict[str, Any]) -> None:
    """No question that is left for later would tell more for its work."""
    found = asking(base(), fields_of(Case.model_validate(case)))
    vocabulary = base().knowledge.vocabulary
    value = [found.outlook.bits[name] / minutes(vocabulary[name], base()) for name in found.best]
    assert value == sorted(value, reverse=True)


@FEW
@given(case=partial(), skipped=st.integers(0, 10))
def test_unknown_is_not_asked_again_and_changes_no_ranking(case: dict[str, Any], skipped: int) -> None:
    """A question answered with unknown leaves the others as they were, without it."""
    fields = fields_of(Case.model_validate(case))
    found = asking(base(), fields)
    assume(found.best)
    out = found.best[skipped % len(found.best)]
    assert asking(base(), fields, [out]).best == tuple(name for name in found.best if name != out)


@FEW
@given(case=partial(), seed=st.integers(0, 1000))
def test_the_order_of_what_is_known_does_not_matter(case: dict[str, Any], seed: int) -> None:
    """Facts in another order give the same questions in the same words."""
    names = list(case)
    random.Random(seed).shuffle(names)
    one = asking(base(), fields_of(Case.model_validate(case)))
    two = asking(base(), fields_of(Case.model_validate({name: case[name] for name in names})))
    assert (one.questions(2), one.stop) == (two.questions(2), two.stop)


@FEW
@given(case=partial())
def test_what_an_answer_would_do_is_what_a_diagnosis_says(case: dict[str, Any]) -> None:
    """The first cause and probability told with an answer are those of a diagnosis with that answer."""
    fields = fields_of(Case.model_validate(case))
    found = asking(base(), fields)
    for name in found.best[:2]:
        seen = found.outlook
        # A third of the answers to each: they are many, and all are worked out alike.
        for row, each in list(zip(seen.rows(name), answers(base()).of[name], strict=False))[::3]:
            if seen.told.shares[row] > 0 and name != "electrolyte":
                report = diagnose({**case, name: written(each.value)}, base=base())
                place = int(seen.variants.first[row + 1])
                first = report.causes[0] if report.causes else None
                assert (seen.variants.causes[place] if place >= 0 else None) == (first.cause if first else None)
                if first is not None:
                    assert abs(seen.variants.probabilities[row + 1, place] - first.probability) < 1e-6


def test_a_case_begins_with_what_it_cannot_do_without() -> None:
    """First the electrolyte, then, when that is not known, its family, then the role; nothing else."""
    assert first_asked(base(), {}) == "electrolyte"
    assert first_asked(base(), {}, ["electrolyte"]) == "electrolyte_family"
    assert first_asked(base(), {"electrolyte": "a new glass"}) == "electrolyte_family"
    assert first_asked(base(), {"electrolyte": "LLZO"}) == "electrode_role"
    assert first_asked(base(), {"electrolyte": "LLZO", "electrode_role": "anode"}) is None


def test_the_family_of_a_known_electrolyte_is_not_asked_for() -> None:
    """The knowledge base knows it."""
    assert not askable("electrolyte_family", fact_base(Case.model_validate(LITHIUM), base().knowledge).facts, base())


def test_asking_ends_when_a_cause_is_settled() -> None:
    """Clear signs of voids end the questionnaire, and it says what it found."""
    case = {**LITHIUM, "trend_on_cycling": "growing", "strip_plate_ratio": 2.1, "rest_recovery_percent": 70}
    case |= {"kk_residual_percent": 0.4, "repeat_drift_percent": 0.5, "harmonic_distortion_percent": 0.5}
    stop = asking(base(), fields_of(Case.model_validate(case))).stop
    assert stop is not None
    assert stop.reason == "settled"
    assert "Voids left by stripping" in stop.says


def test_asking_ends_when_nothing_is_left_to_ask() -> None:
    """With every field asked in vain there is nothing to ask."""
    stop = asking(base(), fields_of(Case.model_validate(LITHIUM)), list(base().knowledge.vocabulary)).stop
    assert stop is not None
    assert stop.reason == "uninformative"


def test_asking_ends_when_the_rest_costs_more_than_it_tells() -> None:
    """With all cheap questions asked in vain, hours of work for a little information are not asked for."""
    vocabulary = base().knowledge.vocabulary
    cheap = [name for name, field in vocabulary.items() if minutes(field, base()) < 300]
    case = {"electrolyte": "LLZO", "electrode_role": "cathode"}
    stop = asking(base(), fields_of(Case.model_validate(case)), cheap).stop
    assert stop is not None
    assert stop.reason in ("costly", "uninformative")


def test_a_question_says_which_causes_it_separates() -> None:
    """The reason names the causes and by how many decibans its answers move them."""
    best = asking(base(), fields_of(Case.model_validate(LITHIUM))).questions(1)[0]
    assert best.separates is not None
    assert best.separates.title in best.why
    assert f"{best.separates.decibans:.1f} dB" in best.why
    assert abs(sum(each.share for each in best.prospects) - 1) < 0.05


@pytest.mark.parametrize("name", sorted(base().knowledge.vocabulary))
def test_possible_answers_are_answers(name: str) -> None:
    """Every possible answer of a field may be given, their shares sum to one, and figures cover all limits."""
    field, found = base().knowledge.vocabulary[name], answers(base()).of[name]
    assert abs(sum(each.share for each in found) - 1) < 1e-9 or field.kind in ("material", "text")
    for each in found:
        if isinstance(each.value, Span):
            assert each.low <= each.value.low <= each.high
            assert field.limits[0] <= each.value.low <= field.limits[1]
    if field.kind in ("number", "integer"):
        assert (found[0].low, found[-1].high) == field.limits
        assert all(one.high == other.low for one, other in pairwise(found))


def test_all_figures_of_a_stretch_come_to_the_same() -> None:
    """Fields no other quantity depends on: a figure near either end of a stretch is judged like its middle."""
    fields = fields_of(Case.model_validate(LITHIUM))
    names = ("strip_plate_ratio", "rest_recovery_percent", "kk_residual_percent", "roughness_um", "pressure_exponent")
    for name in names:
        for each in answers(base()).of[name]:
            assert isinstance(each.value, Span)
            ends = [
                each.value.low + part * (end - each.value.low) for end in (each.low, each.high) for part in (0.5, 0.9)
            ]
            seen = Variants(base(), fields, [{name: Span(x, x)} for x in (each.value.low, *ends)])
            assert (seen.totals == seen.totals[0]).all(), (name, each)


def test_distance_is_a_share_of_the_usual_range() -> None:
    """Linear ranges by difference, wide ones by ratio."""
    assert distance(10, 20, (0, 100)) == pytest.approx(0.1)
    assert distance(1, 10, (1, 10000)) == pytest.approx(0.25)
    assert distance(0, 10, (1, 10000)) == 1.0


def test_an_outlook_on_nothing_is_empty() -> None:
    """With no fields there are no bits."""
    found = outlook(base(), fields_of(Case.model_validate(LITHIUM)), [])
    assert found.bits == {}
    assert np.array_equal(found.variants.possible, [True])
