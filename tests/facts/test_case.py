"""The case: one attribute per field of the vocabulary, strict values, all mistakes at once."""

from __future__ import annotations

import random
from typing import Any

import pytest
from pydantic import ValidationError

from diagnose import Case
from diagnose.errors import CaseError
from diagnose.knowledgefile import vocabulary
from diagnose.quantity import Measured

MINIMUM: dict[str, Any] = {"electrolyte": "LLZO", "electrode_role": "anode"}


def messages(**fields: Any) -> dict[str, str]:
    """The problems of a case, by field."""
    with pytest.raises(CaseError) as caught:
        Case(**{**MINIMUM, **fields})
    return {problem.field: f"{problem.message}. {problem.hint}" for problem in caught.value.problems}


def test_fields_are_those_of_the_vocabulary() -> None:
    """Case has exactly the fields of the vocabulary, each in a type that suits its kind."""
    fields = vocabulary()
    assert set(Case.model_fields) == set(fields)
    for name, field in fields.items():
        annotation = str(Case.model_fields[name].annotation)
        expected = {"number": "Measured", "integer": "Measured", "flag": "bool"}.get(field.kind, "str")
        assert expected in annotation, name


def test_numbers_keep_what_was_written() -> None:
    """A number keeps its text, its uncertainty and its value in the unit of the field."""
    case = Case(**MINIMUM, stack_pressure_MPa="50 bar", interfacial_resistance_ohm_cm2="85 ± 5 ohm cm2")
    assert case.stack_pressure_MPa == Measured(5.0, 5.0, 5.0, 0.0, "50 bar")
    assert case.interfacial_resistance_ohm_cm2 == Measured(85.0, 85.0, 85.0, 5.0, "85 ± 5 ohm cm2")


def test_all_mistakes_come_at_once() -> None:
    """Several wrong fields are reported together, each with what to do."""
    found = messages(stack_presure_MPa=3, electrode_role="anod", temperature_C=True, cycles_done=1.5, cell_type=3)
    assert "Did you mean stack_pressure_MPa" in found["stack_presure_MPa"]
    assert "Did you mean anode" in found["electrode_role"]
    assert "true is not a number" in found["temperature_C"]
    assert "not a whole number" in found["cycles_done"]
    assert "cell_type" in found


@pytest.mark.parametrize("wrong", [float("nan"), float("inf"), -1, True, [1], "wide", "1e9 MPa"])
def test_impossible_numbers_are_refused(wrong: Any) -> None:
    """NaN, infinity, negative pressures, booleans, lists and words are no pressure."""
    assert "stack_pressure_MPa" in messages(stack_pressure_MPa=wrong)


def test_a_case_needs_electrolyte_and_role() -> None:
    """A case without electrolyte or role says what to add."""
    with pytest.raises(CaseError) as caught:
        Case()
    assert {problem.field for problem in caught.value.problems} == {"electrolyte", "electrode_role"}


def test_absence_is_a_value() -> None:
    """The word none means known to be absent, in any spelling, and differs from unknown."""
    assert Case(**MINIMUM, coating="None").coating == "none"
    assert Case(**MINIMUM).coating is None


def test_case_is_frozen() -> None:
    """A case cannot be changed."""
    case = Case(**MINIMUM)
    with pytest.raises(ValidationError):
        case.electrode_role = "cathode"  # type: ignore[misc]


def test_dump_can_be_read_again() -> None:
    """What a case dumps makes an equal case."""
    case = Case(**MINIMUM, interfacial_resistance_ohm_cm2="<10", trend_at_rest="growing", cycles_done=4)
    assert Case(**case.dump()).digest() == case.digest()


def test_digest_ignores_order_and_spelling_of_units() -> None:
    """The hash of a case depends on what is known, not on how it is written."""
    fields = {**MINIMUM, "stack_pressure_MPa": "5 MPa", "temperature_C": 25, "trend_at_rest": "stable"}
    shuffled = list(fields.items())
    random.Random(1).shuffle(shuffled)
    other = Case(**{**dict(shuffled), "stack_pressure_MPa": "50 bar"})
    assert other.digest() == Case(**fields).digest()
    assert Case(**MINIMUM).digest() != other.digest()
