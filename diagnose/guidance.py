"""What stands beside a diagnosis: how firm it is, what to ask, what to measure and what to do. Frozen, JSON-ready."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from diagnose.part import Part
from diagnose.report import Citation, Contribution, Reason, Status

Judgement = Literal["agreed", "possible", "off_target", "unfit", "contraindicated", "not_needed"]


class Standing(Part):
    """A cause with its place."""

    cause: str
    title: str
    probability: float


# --- firmness


class Draws(Part):
    """How a cause fares when what is uncertain is drawn anew many times."""

    cause: str
    title: str
    first: float = Field(description="share of the draws in which the cause is ranked first")
    low: float = Field(description="5th percentile of its probability; 0 in draws in which it is ruled out")
    median: float
    high: float = Field(description="95th percentile of its probability")


class Robustness(Part):
    """Draws over the stated uncertainties of the case, the intervals of the knowledge and the weights of the rules."""

    draws: int
    seed: int
    nothing_first: float = Field(description="share of the draws in which no cause is ranked")
    causes: tuple[Draws, ...] = Field(
        description="the causes that are among the first three in one draw of twenty, best first"
    )
    varied: tuple[str, ...] = Field(description="fields of the case that were drawn")
    looked_up: tuple[str, ...] = Field(default=(), description="facts of the knowledge base that were drawn")
    says: str


# --- explanation


class Link(Part):
    """One step of a chain of reasons: a fact or finding with what it rests on, down to what was given or published."""

    name: str
    says: str = Field(description="what it means")
    value: str
    origin: str = Field(description="given, material, family, pairing, derived or finding")
    sources: tuple[Citation, ...]
    inputs: tuple[Link, ...]


class WhyLine(Part):
    """A rule that counts for or against a cause, its condition, and the chain of facts that made it true."""

    contribution: Contribution
    condition: str
    links: tuple[Link, ...]


class Why(Part):
    """The case for and against a cause: prior + counted lines + clipped = log_odds."""

    cause: str
    title: str
    mechanism: str
    rank: int
    probability: float
    prior: float
    clipped: float
    log_odds: float
    lines: tuple[WhyLine, ...]
    sources: tuple[Citation, ...]


class Difference(Part):
    """A line that speaks more for one of two causes than for the other."""

    decibans: float = Field(description="for the first of the two causes; a line about the second counts reversed")
    rule: str
    because: str


class Contrast(Part):
    """Why one cause stands before another."""

    first: Standing
    second: Standing
    decibans: float = Field(description="log-odds of the first less those of the second")
    prior: float = Field(description="part of it that is there before any evidence")
    clipped: float = Field(description="part of it that the caps on total evidence take away")
    differences: tuple[Difference, ...] = Field(description="largest first; with prior and clipped they make decibans")
    says: str


class Change(Part):
    """One answer that, if it were another, would put another cause first."""

    field: str
    given: str | None = Field(description="the answer as it is; null when it is not known")
    instead: str
    first: Standing | None = Field(description="the cause that would be first; null when none would be ranked")
    verdict: str
    part: float = Field(description="how far it is from the answer given, as a share of the usual range; 1 for words")
    says: str


class Silent(Part):
    """A rule that does not speak, and what it would add if it did."""

    rule: str
    decibans: float
    because: str
    condition: str
    needs: tuple[str, ...] = Field(description="fields that would decide it; empty when it is definitely not so")


class WhyNot(Part):
    """Why a cause does not stand higher."""

    cause: str
    title: str
    rank: int | None
    probability: float | None
    ruled_out: str = Field(description="why it cannot apply; empty when it can")
    ended: str = Field(description="why the verdict leaves it out; empty when it does not")
    against: tuple[Contribution, ...] = Field(description="counted lines that speak against it")
    missing: tuple[Silent, ...] = Field(description="rules for it that wait for a field, the heaviest first")
    failed: tuple[Silent, ...] = Field(description="rules for it whose condition is definitely not so")
    says: str


class Alternative(Part):
    """What the answer would be for one value of a field."""

    answer: str
    now: bool = Field(description="whether this is the answer given")
    verdict: str
    first: tuple[Standing, ...] = Field(description="the first three causes")


class Matters(Part):
    """How the first causes depend on one field."""

    field: str
    question: str
    answers: tuple[Alternative, ...]
    says: str


class Moved(Part):
    """How far a change of facts moves a cause."""

    cause: str
    title: str
    before: float | None = Field(description="probability; null when it is not ranked")
    after: float | None


class WhatIf(Part):
    """What changes when facts are set, changed or dropped."""

    changes: tuple[str, ...]
    verdict_before: str
    verdict_after: str
    moved: tuple[Moved, ...]
    notes: tuple[str, ...] = Field(description="remarks that the changed case gets and this one does not")
    says: str


# --- what to find out


class Prospect(Part):
    """A possible answer: how likely it is, and what it would make of the first cause."""

    answer: str
    share: float
    first: Standing | None


class Separation(Part):
    """Two causes that a question tells apart, and by how many decibans its answers differ for them."""

    cause: str
    title: str
    other: str
    other_title: str
    decibans: float


class Question(Part):
    """A question worth asking."""

    field: str
    question: str
    help: str
    kind: str
    unit: str
    choices: tuple[str, ...]
    minutes: float
    bits: float = Field(description="expected information about which cause it is")
    from_file: str = Field(default="", description="the kind of file that can give the answer: spectrum or series")
    separates: Separation | None
    prospects: tuple[Prospect, ...]
    why: str


class Stop(Part):
    """Why nothing more is asked."""

    reason: Literal["settled", "uninformative", "costly", "healthy", "invalid_data", "stopped"]
    says: str


class TestOutcome(Part):
    """What a test may show, how likely that is now, and what it would make of the causes."""

    shows: str
    speaks_for: str | None
    title: str
    share: float
    probability: float | None = Field(description="probability of the cause it speaks for, after it")
    raised: bool = Field(description="whether it makes that cause likelier; otherwise it only speaks against others")
    first: Standing | None = Field(description="the first cause after it; null when none would be ranked")


class TestOffer(Part):
    """A measurement worth doing, with what each outcome would mean."""

    test: str
    title: str
    how: str
    needs: tuple[str, ...]
    hours: float
    destructive: bool
    bits: float
    bits_per_hour: float
    separates: tuple[str, ...] = Field(description="titles of the causes it tells apart")
    outcomes: tuple[TestOutcome, ...]
    neither: float = Field(description="chance that it shows none of these")
    sources: tuple[Citation, ...]


# --- what to do


class Treated(Part):
    """A cause that a remedy treats."""

    cause: str
    title: str
    probability: float
    strength: Literal["strong", "moderate", "weak"]


class Prediction(Part):
    """The range in which the interfacial resistance should lie after a remedy, in ohm cm2, and what it rests on."""

    low: float
    high: float
    basis: str
    sources: tuple[Citation, ...]


class Caution(Part):
    """What to mind with a remedy, or with two at once."""

    rule: str = Field(description="id of the rule that says so; empty for what follows from the remedy itself")
    kind: Literal["combination", "contraindication", "worse", "readiness", "hazard"] = "combination"
    remedies: tuple[str, ...] = Field(description="the first by itself, or together with any of the others")
    open: bool = Field(default=False, description="whether it may hold, and a field is missing to say so")
    needs: tuple[str, ...] = Field(default=(), description="fields that would decide an open one")
    because: str
    sources: tuple[Citation, ...]


class PlanStep(Part):
    """A remedy in its place in the plan."""

    remedy: str
    title: str
    status: Status
    place: int | None = Field(description="place in the plan; null when it is struck out")
    benefit: float = Field(description="expected share of the trouble that it takes away, as in the report")
    worth: float = Field(description="benefit per day of work, by which the plan is ordered within a status")
    treats: tuple[Treated, ...]
    how: str
    predicted: Prediction | None
    cost: Literal["low", "medium", "high"]
    hours: float
    readiness: Literal["lab", "pilot", "production"]
    ready: bool = Field(description="whether it is used at the stage of production of the case")
    reversible: bool
    hazards: tuple[str, ...]
    verify: str = Field(description="the measurement that will show that it worked")
    reasons: tuple[Reason, ...]
    warnings: tuple[Caution, ...]


class Plan(Part):
    """What to do, in order; struck out last."""

    steps: tuple[PlanStep, ...]
    conflicts: tuple[Caution, ...] = Field(description="recommended remedies that need care when they are combined")
    says: str


class Critique(Part):
    """What to think of a fix that somebody plans."""

    planned: str
    remedy: str
    title: str
    judgement: Judgement
    step: PlanStep
    says: str
    warnings: tuple[Caution, ...]
    alternatives: tuple[PlanStep, ...] = Field(description="remedies that are worth more here, best first")


# --- all of it


class Guidance(Part):
    """Everything that stands beside a diagnosis."""

    robustness: Robustness | None
    contrast: Contrast | None
    change: Change | None = Field(description="the smallest single change that would put another cause first")
    questions: tuple[Question, ...] = Field(description="by information per minute")
    stop: Stop | None = Field(description="why nothing more is worth asking")
    tests: tuple[TestOffer, ...] = Field(description="by information per hour, those that destroy the cell last")
    plan: Plan
