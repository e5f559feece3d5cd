"""The questionnaire as data: steps, back, what is kept, and that the way does not matter."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from partial import FEW, NEEDED, base, partial

from diagnose import Case, diagnose
from diagnose.askcommand import begun, keep
from diagnose.casefile import read_case
from diagnose.errors import CaseError, UsageError
from diagnose.guidance import Question, Stop
from diagnose.interview import NOT_APPLICABLE, UNKNOWN, Interview, changes_in


def answered(case: dict[str, Any], order: list[str], unknown: tuple[str, ...] = ()) -> Interview:
    """An interview in which fields were answered in some order."""
    made = Interview(base())
    for name in order:
        made = made.skipped(name, UNKNOWN) if name in unknown else made.answered(name, case[name])
    return made


@FEW
@given(case=partial(), seed=st.integers(0, 1000))
def test_the_order_of_answers_does_not_change_the_result(case: dict[str, Any], seed: int) -> None:
    """Answers in any order give the same case, the same first causes and the same file but for what was asked when."""
    names = list(case)
    random.Random(seed).shuffle(names)
    one, two = answered(case, list(case)), answered(case, names)
    assert one.case == two.case
    assert one.top() == two.top()
    first, second = one.document(), two.document()
    assert sorted(first.pop("session")) == sorted(second.pop("session"))
    assert list(first.items()) == list(second.items())


@FEW
@given(case=partial(), pick=st.randoms(use_true_random=False))
def test_unknown_equals_not_answered_for_the_ranking(case: dict[str, Any], pick: Any) -> None:
    """A field answered with unknown, or not applicable, leaves the report as it is without the field."""
    vocabulary = [name for name in base().knowledge.vocabulary if name not in case]
    skipped = pick.sample(vocabulary, 5)
    plain = answered(case, list(case))
    made = plain
    for name in skipped:
        made = made.skipped(name, pick.choice([UNKNOWN, NOT_APPLICABLE]))
    assert made.case == plain.case
    assert made.top() == plain.top()


@FEW
@given(case=partial())
def test_the_top_is_that_of_the_report(case: dict[str, Any]) -> None:
    """The first three causes shown after an answer are those of a diagnosis."""
    report = diagnose(case, base=base())
    found = answered(case, list(case)).top()
    assert [each.cause for each in found] == [each.cause for each in report.causes[:3]]
    assert [each.probability for each in found] == pytest.approx([each.probability for each in report.causes[:3]])


def test_a_questionnaire_begins_with_the_electrolyte_and_the_role() -> None:
    """Without them there is no case and no ranking."""
    start = Interview(base())
    assert start.case is None
    assert start.top() == ()
    step = start.next()
    assert isinstance(step, Question)
    assert step.field == "electrolyte"
    step = start.skipped("electrolyte", UNKNOWN).next()
    assert isinstance(step, Question)
    assert step.field == "electrolyte_family"
    end = start.skipped("electrolyte", UNKNOWN).skipped("electrolyte_family", UNKNOWN).next()
    assert isinstance(end, Stop)


def test_back_gives_the_state_before() -> None:
    """Each step back takes one answer away; before the first there is nothing."""
    start = Interview(base())
    one = start.answered("electrolyte", "Li6PS5Cl")
    two = one.answered("electrode_role", "anode")
    assert two.back() is one
    assert one.back() is start
    assert start.back() is start


def test_an_interview_taken_up_again_goes_back_by_what_was_asked() -> None:
    """Where the steps are not known any more, back drops the field asked for last."""
    again = Interview(
        base(),
        {"electrolyte": "LLZO", "electrode_role": "anode"},
        {"electrolyte": "answered", "electrode_role": "answered"},
    )
    assert again.back().given == {"electrolyte": "LLZO"}


def test_answers_are_understood_as_they_are_typed() -> None:
    """Choices in any case, with spaces, or begun; yes and no; figures with units and uncertainties."""
    made = answered({"electrolyte": "Li6PS5Cl", "electrode_role": "ANODE"}, ["electrolyte", "electrode_role"])
    made = made.answered("joining_method", "hot press").answered("polarisation_runaway", "Yes")
    made = made.answered("stack_pressure_MPa", "50 bar").answered("cell_type", "symm")
    made = made.answered("interfacial_resistance_ohm_cm2", "310 ± 20").answered("temperature_C", "25")
    assert made.given == {
        "electrolyte": "Li6PS5Cl",
        "electrode_role": "anode",
        "joining_method": "hot_press",
        "polarisation_runaway": True,
        "stack_pressure_MPa": "50 bar",
        "cell_type": "symmetric",
        "interfacial_resistance_ohm_cm2": "310 ± 20",
        "temperature_C": 25.0,
    }


@pytest.mark.parametrize(
    ("field", "raw", "says"),
    [
        ("stack_pressure_MPa", "hard", "stack_pressure_MPa"),
        ("joining_method", "glue", "not one of its choices"),
        ("polarisation_runaway", "perhaps", "neither true nor false"),
        ("relative_density_percent", "140", "is outside"),
        ("stack_presure_MPa", "2", "Did you mean stack_pressure_MPa"),
    ],
)
def test_what_cannot_be_is_refused_and_changes_nothing(field: str, raw: str, says: str) -> None:
    """A wrong answer is told with what would be right."""
    made = answered({"electrolyte": "LLZO", "electrode_role": "anode"}, ["electrolyte", "electrode_role"])
    with pytest.raises(CaseError, match=says):
        made.answered(field, raw)
    assert made.given == {"electrolyte": "LLZO", "electrode_role": "anode"}


def test_a_contradiction_is_refused() -> None:
    """An answer that cannot be true together with another one is told, with what to do."""
    made = answered(
        {"electrolyte": "LCO-free glass", "electrolyte_family": "phosphate_film", "electrode_role": "cathode"},
        list(NEEDED),
    )
    made = made.answered("li_p_window_low", 2.5).answered("li_p_window_high", 3)
    with pytest.raises(CaseError):
        made.answered("li_p_window_high", 1)


@FEW
@given(case=partial(), pick=st.randoms(use_true_random=False))
def test_a_session_is_a_case_file_and_resumes_without_loss(
    tmp_path_factory: Any, case: dict[str, Any], pick: Any
) -> None:
    """What is kept reads as the same case, and goes on with the same answers, the same asked and the same question."""
    made = answered(case, list(case))
    for name in pick.sample([name for name in base().knowledge.vocabulary if name not in case], 4):
        made = made.skipped(name, pick.choice([UNKNOWN, NOT_APPLICABLE]))
    path: Path = tmp_path_factory.mktemp("kept") / "session.yaml"
    keep(made, path)
    assert read_case(str(path)) == made.case
    again, session = begun(str(path), base(), thorough=False)
    assert session
    assert dict(again.asked) == dict(made.asked)
    assert again.case == made.case
    assert again.next() == made.next()


def test_changes_are_read_as_they_are_typed() -> None:
    """Several with commas, values with spaces and commas, and ? to drop."""
    assert changes_in("stack_pressure_MPa = 2 ± 0.1 MPa, coating=none, cycles_done: ?") == {
        "stack_pressure_MPa": "2 ± 0.1 MPa",
        "coating": "none",
        "cycles_done": None,
    }
    with pytest.raises(UsageError, match="is not FIELD=VALUE"):
        changes_in("warmer")


def test_a_dropped_field_may_be_asked_again() -> None:
    """Dropping takes the answer and the asking back; what is not known cannot be dropped."""
    made = answered(
        {"electrolyte": "LLZO", "electrode_role": "anode", "wetting": "poor"},
        ["electrolyte", "electrode_role", "wetting"],
    )
    assert Case(**made.dropped("wetting").given) == Case(electrolyte="LLZO", electrode_role="anode")
    assert "wetting" not in made.dropped("wetting").asked
    with pytest.raises(UsageError, match="coating is not known"):
        made.dropped("coating")
