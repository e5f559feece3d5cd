"""A diagnosis with everything that stands beside it: how firm it is, what to find out, what to do."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from pydantic import Field

from diagnose.case import Case
from diagnose.data import Base, load
from diagnose.explanation import Explanation
from diagnose.guidance import Guidance
from diagnose.measured import Measurement
from diagnose.nexttest import offers
from diagnose.part import Part
from diagnose.plan import plan
from diagnose.question import asking
from diagnose.report import Report
from diagnose.robustness import DRAWS, SEED, robustness


class Consultation(Part):
    """A report with its guidance. `asked` says of each field that was asked for what came of it."""

    report: Report
    guidance: Guidance
    asked: dict[str, str] = Field(
        description="answered, unknown or not applicable; fields not named were not asked for"
    )

    def to_json(self) -> str:
        """The consultation as JSON text; the same one gives the same bytes."""
        return self.model_dump_json(indent=2) + "\n"


def consult(
    case: Case | Mapping[str, Any],
    *,
    asked: Mapping[str, str] = MappingProxyType({}),
    draws: int = DRAWS,
    seed: int = SEED,
    measured: Measurement | None = None,
    overlays: Iterable[Path | str] = (),
    language: str = "en",
    base: Base | None = None,
) -> Consultation:
    """Diagnose one interface and say how firm the answer is, what to ask and measure next, and what to do.

    The report is that of `diagnose`. `asked` are fields that were asked for, so that they are not proposed again;
    `measured` is what fields of the case came from, to be shown; a `base` has overlays and language already. Equal
    arguments give equal answers. Raises CaseError, and RuleError or KnowledgeError for overlays.
    """
    base = base or load(overlays, language)
    explained = Explanation(case, base)
    found = asking(base, explained.fields, asked)
    guidance = Guidance(
        robustness=robustness(explained.case, base, draws, seed),
        contrast=explained.contrast(),
        change=explained.change(),
        questions=found.questions(),
        stop=found.stop,
        tests=offers(base, explained.fields),
        plan=plan(explained.report, explained.case, base),
    )
    report = explained.report.model_copy(update={"measured": measured}) if measured else explained.report
    return Consultation(report=report, guidance=guidance, asked=dict(asked))
