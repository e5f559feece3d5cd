"""Scores of the rule book on labelled cases: how often it is right, and how well its probabilities are calibrated."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, ValidationError, model_validator

from diagnose.case import Case
from diagnose.data import Base
from diagnose.errors import CaseError, KnowledgeError, Problem, did_you_mean
from diagnose.facts import fact_base
from diagnose.yamlfile import Document, Place

SCORED_GRADES = ("A", "B")
FLOOR = 1e-6


class Expectation(BaseModel):
    """What the source of a case established."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    verdict: Literal["healthy", "faulty", "undetermined", "invalid_data", "outside_scope"]
    causes: list[str]
    accept: list[list[str]] = []
    not_causes: list[str] = []
    remedies: list[str] = []
    resistance_after_ohm_cm2: Any = None

    @model_validator(mode="after")
    def _named(self) -> Expectation:
        if self.verdict == "faulty" and not self.causes:
            raise ValueError("a faulty case needs at least one cause")
        return self


class LabelledCase(BaseModel):
    """A case with its answer. Only grades A and B that a competent engineer could decide are scored."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    title: str
    first_author: str = ""
    year: int | None = None
    doi: str = ""
    url: str = ""
    provenance: str = ""
    grade: Literal["A", "B", "C"]
    given: dict[str, Any]
    postmortem: dict[str, Any] = {}
    expect: Expectation
    why: str = ""
    decidable: bool
    note: str = ""

    @property
    def scored(self) -> bool:
        """Whether the case counts."""
        return self.grade in SCORED_GRADES and self.decidable

    @property
    def accepted(self) -> frozenset[str]:
        """Causes that may come first: the first expected one, and those the source does not separate from it."""
        groups = [cause for group in self.expect.accept for cause in group]
        return frozenset([*self.expect.causes[:1], *groups])


class Rate(BaseModel):
    """A share with its count and a 95 % bootstrap interval."""

    model_config = ConfigDict(frozen=True)

    value: float
    low: float
    high: float
    count: int

    def __str__(self) -> str:
        return f"{self.value:.3f} [{self.low:.3f}, {self.high:.3f}] of {self.count}"


class CauseRow(BaseModel):
    """How a cause fared where it was expected."""

    model_config = ConfigDict(frozen=True)

    cases: int
    first: int
    among_three: int


class Miss(BaseModel):
    """A case that came out differently."""

    model_config = ConfigDict(frozen=True)

    id: str
    expected: str
    said: str


class Scores(BaseModel):
    """All scores of one run."""

    model_config = ConfigDict(frozen=True)

    first: Rate
    top3: Rate
    healthy: Rate
    verdict: Rate
    remedy: Rate
    brier: Rate
    log_loss: Rate
    per_cause: dict[str, CauseRow]
    misses: tuple[Miss, ...]
    not_scored: int
    rules: str
    knowledge: str

    def text(self) -> str:
        """The scores as a table."""
        names = {
            "first": "first cause right",
            "top3": "right cause among the first three",
            "healthy": "healthy cases called healthy",
            "verdict": "verdict right",
            "remedy": "a remedy that worked among the first five",
            "brier": "Brier score (0 is best)",
            "log_loss": "log loss (0 is best)",
        }
        lines = [f"{label:<44}{getattr(self, name)}" for name, label in names.items()]
        lines += ["", f"{'cause':<36}{'cases':>6}{'first':>6}{'top 3':>6}"]
        lines += [
            f"{cause:<36}{row.cases:>6}{row.first:>6}{row.among_three:>6}"
            for cause, row in sorted(self.per_cause.items())
        ]
        if self.misses:
            lines += ["", "came out differently"]
            lines += [f"  {miss.id}: expected {miss.expected}, said {miss.said}" for miss in self.misses]
        lines += ["", f"{self.not_scored} cases not scored (grade C or undecidable)"]
        return "\n".join(lines)


def cases_in(documents: Sequence[Document], base: Base) -> tuple[LabelledCase, ...]:
    """The labelled cases of some documents.

    Raises KnowledgeError with every mistake: malformed cases, unknown causes and remedies, facts that are refused.
    """
    found: list[LabelledCase] = []
    problems: list[Problem] = []
    for document in documents:
        data = document.data
        items = data.get("cases") if isinstance(data, Mapping) else data
        at: Place = ("cases",) if isinstance(data, Mapping) else ()
        if not isinstance(items, list):
            problems.append(document.problem((), "holds no list of cases", "Start it with `cases:` and a list."))
            continue
        for index, item in enumerate(items):
            place = (*at, index)
            try:
                case = LabelledCase.model_validate(item)
            except ValidationError as error:
                problems += document.problems(error, place)
                continue
            if any(other.id == case.id for other in found):
                problems.append(document.problem((*place, "id"), f"the case id {case.id} is used twice"))
            problems += _wrong(case, document, place, base)
            found.append(case)
    if problems:
        raise KnowledgeError(problems)
    return tuple(found)


def _wrong(case: LabelledCase, document: Document, place: Place, base: Base) -> Iterator[Problem]:
    """Names in a labelled case that do not exist, and what is refused of its facts."""
    from diagnose.diagnosis import refuse_contradictions

    expect = case.expect
    accepted = [slug for group in expect.accept for slug in group]
    for key, slugs, known in (
        ("causes", expect.causes, base.rules.causes),
        ("accept", accepted, base.rules.causes),
        ("not_causes", expect.not_causes, base.rules.causes),
        ("remedies", expect.remedies, base.rules.remedies),
    ):
        for slug in slugs:
            if slug not in known:
                what = "remedy" if key == "remedies" else "cause"
                inside = (*place, "expect", key)
                yield document.problem(inside, f"there is no {what} {slug!r}", did_you_mean(slug, known))
    try:
        refuse_contradictions(base, fact_base(Case(**case.given), base.knowledge))
    except CaseError as error:
        for problem in error.problems:
            line, column = document.where((*place, "given", problem.field))
            yield replace(problem, file=document.name, line=line, column=column, field=f"{case.id}: {problem.field}")


def library(base: Base) -> tuple[LabelledCase, ...]:
    """The cases of knowledge/cases."""
    from diagnose import data

    return cases_in(data.library(), base)


def read_cases(path: Path, base: Base) -> tuple[LabelledCase, ...]:
    """The labelled cases of a YAML or JSON file. Raises FileError or KnowledgeError."""
    from diagnose.casefile import read_document

    return cases_in([read_document(str(path))], base)


class _Outcome:
    """What was said of one case."""

    def __init__(self, base: Base, case: LabelledCase) -> None:
        from diagnose.diagnosis import diagnose

        self.case = case
        report = diagnose(case.given, base=base)
        order = [cause.cause for cause in report.causes]
        self.said = f"{report.verdict} {', '.join(order[:3])}".strip()
        self.faulty = case.expect.verdict == "faulty"
        self.first = bool(order) and order[0] in case.accepted
        self.top3 = bool(set(order[:3]) & case.accepted)
        self.verdict = report.verdict == case.expect.verdict
        usable = [remedy.remedy for remedy in report.remedies if remedy.status != "contraindicated"]
        self.remedy = bool(set(usable[:5]) & set(case.expect.remedies))
        truth = set(case.expect.causes) | case.accepted
        chances = {cause.cause: cause.probability for cause in report.causes}
        pairs = [(chances.get(cause, 0.0), cause in truth) for cause in base.rules.causes]
        self.brier = sum((chance - true) ** 2 for chance, true in pairs) / len(pairs)
        self.log_loss = -sum(
            math.log(min(max(chance if true else 1.0 - chance, FLOOR), 1.0)) for chance, true in pairs
        ) / len(pairs)


def validate(base: Base, cases: Sequence[LabelledCase], seed: int = 0, draws: int = 2000) -> Scores:
    """Scores of a rule book on labelled cases, diagnosed from what was given before the answer."""
    import numpy

    outcomes = [_Outcome(base, case) for case in cases if case.scored]
    faulty = [each for each in outcomes if each.faulty]
    generator = numpy.random.default_rng(seed)

    def rate(of: Sequence[_Outcome], measure: Callable[[_Outcome], float]) -> Rate:
        values = numpy.array([float(measure(each)) for each in of])
        if not len(values):
            return Rate(value=math.nan, low=math.nan, high=math.nan, count=0)
        means = values[generator.integers(0, len(values), (draws, len(values)))].mean(axis=1)
        low, high = numpy.quantile(means, [0.025, 0.975])
        return Rate(value=float(values.mean()), low=float(low), high=float(high), count=len(values))

    rows: dict[str, list[_Outcome]] = {}
    for each in faulty:
        rows.setdefault(each.case.expect.causes[0], []).append(each)
    wrong = [each for each in outcomes if not (each.verdict and (each.first or not each.faulty))]
    return Scores(
        first=rate(faulty, lambda each: each.first),
        top3=rate(faulty, lambda each: each.top3),
        healthy=rate([each for each in outcomes if each.case.expect.verdict == "healthy"], lambda each: each.verdict),
        verdict=rate(outcomes, lambda each: each.verdict),
        remedy=rate([each for each in faulty if each.case.expect.remedies], lambda each: each.remedy),
        brier=rate(outcomes, lambda each: each.brier),
        log_loss=rate(outcomes, lambda each: each.log_loss),
        per_cause={
            cause: CauseRow(
                cases=len(group), first=sum(each.first for each in group), among_three=sum(each.top3 for each in group)
            )
            for cause, group in rows.items()
        },
        misses=tuple(
            Miss(
                id=each.case.id,
                expected=" or ".join(sorted(each.case.accepted)) or each.case.expect.verdict,
                said=each.said,
            )
            for each in wrong
        ),
        not_scored=len(cases) - len(outcomes),
        rules=base.rules.hash,
        knowledge=base.knowledge.hash,
    )
