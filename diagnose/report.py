"""The answer: a frozen, JSON-ready account of one diagnosis. Every score can be rebuilt from the lines shown."""

from __future__ import annotations

from collections import Counter
from typing import Any, Literal

from pydantic import Field

from diagnose.entry import Grade
from diagnose.measured import Measurement
from diagnose.part import Part

Verdict = Literal["healthy", "faulty", "undetermined", "invalid_data", "outside_scope"]
Status = Literal["recommended", "possible", "contraindicated"]

SCHEMA_VERSION = 1


class Citation(Part):
    """A reference and how well we know what it says."""

    ref: str
    grade: Grade
    text: str = Field(description="short form: author, year, or title")


class FactUsed(Part):
    """One fact that made a rule true, with where it came from."""

    name: str
    value: str
    origin: str = Field(description="given, material, family, pairing or derived")


class Contribution(Part):
    """One rule that fired for or against a cause. Only counted ones add up."""

    rule: str
    decibans: float = Field(description="10 log10 of the likelihood ratio; + for the cause, - against it")
    group: str
    counted: bool = Field(description="false when a stronger rule of the same group screens this one off")
    screened_by: str | None = None
    because: str
    facts: tuple[FactUsed, ...]
    sources: tuple[Citation, ...]


class Wanted(Part):
    """A field that would decide rules about a cause, and how many decibans hang on it at most."""

    field: str
    question: str
    decibans: float


class CauseResult(Part):
    """One ranked cause: prior + counted contributions + clipped = log_odds."""

    cause: str
    title: str
    family: str
    rank: int
    probability: float
    log_odds: float = Field(description="decibans")
    prior: float = Field(description="decibans before any evidence")
    clipped: float = Field(
        description="decibans taken away by the cap on total evidence; 0 when the cap was not reached"
    )
    supported: bool
    contributions: tuple[Contribution, ...]
    wanted: tuple[Wanted, ...]


class RuledOut(Part):
    """A cause that cannot apply to this interface."""

    cause: str
    title: str
    reason: str


class NotJudged(Part):
    """A cause about which no rule fired either way, with the fields that would settle it."""

    cause: str
    title: str
    wanted: tuple[Wanted, ...]


class Severity(Part):
    """Where the resistance stands on the scale of its pairing."""

    level: Literal["excellent", "acceptable", "poor", "severe"] | None
    resistance_ohm_cm2: str | None
    acceptable_ohm_cm2: float | None
    severe_ohm_cm2: float | None
    basis: str
    sources: tuple[Citation, ...]


class Effect(Part):
    """A published effect of a remedy."""

    on: str
    says: str
    before: float | None
    after: float | None
    unit: str
    sources: tuple[Citation, ...]


class Reason(Part):
    """Why a remedy fits well, fits badly or must not be used."""

    rule: str
    kind: Literal["better", "worse", "contraindication"]
    because: str
    sources: tuple[Citation, ...]


class RemedyResult(Part):
    """One remedy, with the share of the supported causes it would take away."""

    remedy: str
    title: str
    status: Status
    rank: int | None = Field(description="place among the remedies not contraindicated")
    benefit: float = Field(description="1 - product over the causes treated of (1 - probability x share removed)")
    treats: tuple[str, ...]
    how: str
    reasons: tuple[Reason, ...] = Field(description="why contraindicated, or why better or worse for this pairing")
    effects: tuple[Effect, ...]
    settings: tuple[str, ...]
    hazards: tuple[str, ...]
    cost: Literal["low", "medium", "high"]
    hours: float
    readiness: Literal["lab", "pilot", "production"]
    reversible: bool
    verify: str
    sources: tuple[Citation, ...]


class FindingResult(Part):
    """An intermediate conclusion that holds."""

    finding: str
    says: str
    facts: tuple[FactUsed, ...]


class DerivedResult(Part):
    """A derived quantity with its formula and inputs."""

    name: str
    value: str
    unit: str
    formula: str
    inputs: tuple[str, ...]
    source: Citation


class Step(Part):
    """One step of the characterisation protocol."""

    id: str
    title: str
    do: str
    why: str


class Versions(Part):
    """What produced this answer: with these equal, answers differ in nothing but how figures were typed."""

    diagnose: str
    rules: str
    knowledge: str
    case: str


class Report(Part):
    """The diagnosis of one electrode | electrolyte interface."""

    schema_version: int = SCHEMA_VERSION
    title: str
    verdict: Verdict
    because: tuple[str, ...] = Field(description="why this verdict")
    severity: Severity
    case: dict[str, Any]
    causes: tuple[CauseResult, ...]
    not_judged: tuple[NotJudged, ...]
    ruled_out: tuple[RuledOut, ...]
    remedies: tuple[RemedyResult, ...]
    hazards: tuple[str, ...]
    findings: tuple[FindingResult, ...]
    derived: tuple[DerivedResult, ...]
    protocol: tuple[Step, ...] = Field(description="how to measure again, when the data are doubtful or too few")
    notes: tuple[str, ...]
    measured: Measurement | None = Field(default=None, description="what came from the files of instruments")
    versions: Versions

    def to_json(self) -> str:
        """The report as JSON text; the same report gives the same bytes."""
        return self.model_dump_json(indent=2) + "\n"


def most_wanted(report: Report) -> str | None:
    """The field that is missing most: the one wanted first about the first cause.

    Where no cause is ranked it is the field that most of the causes not judged want first; ties by name.
    """
    if report.causes:
        return report.causes[0].wanted[0].field if report.causes[0].wanted else None
    votes = Counter(each.wanted[0].field for each in report.not_judged if each.wanted)
    return min(votes, key=lambda field: (-votes[field], field), default=None)
