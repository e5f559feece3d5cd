"""Cases as they look in the middle of a questionnaire: some fields of a published case are known, others are not."""

from __future__ import annotations

from functools import cache
from typing import Any

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st

from diagnose.case import Case
from diagnose.data import Base, load
from diagnose.errors import CaseError
from diagnose.validation import library

NEEDED = ("electrolyte", "electrolyte_family", "electrode_role")
FEW = settings(
    derandomize=True,
    deadline=None,
    database=None,
    max_examples=60,
    phases=(Phase.explicit, Phase.generate),
    suppress_health_check=(HealthCheck.filter_too_much, HealthCheck.too_slow),
)


@cache
def base() -> Base:
    """The shipped rules and knowledge."""
    return load()


@cache
def published() -> tuple[dict[str, Any], ...]:
    """What was given in each case of the library that can be diagnosed."""
    found = []
    for case in library(base()):
        try:
            Case.model_validate(case.given)
        except CaseError:
            continue
        found.append(dict(case.given))
    return tuple(found)


@st.composite
def partial(draw: st.DrawFn) -> dict[str, Any]:
    """Some fields of a published case, with what no case can do without."""
    whole = draw(st.sampled_from(published()))
    names = [name for name in whole if name not in NEEDED]
    kept = draw(st.sets(st.sampled_from(names))) if names else set()
    return {name: value for name, value in whole.items() if name in NEEDED or name in kept}
