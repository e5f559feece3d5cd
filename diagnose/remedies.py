"""Ranking of remedies: how much of the likely causes each takes away, what speaks against it, how ready it is."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from diagnose.case import Case
from diagnose.data import Base
from diagnose.report import RemedyResult, Status, Verdict
from diagnose.rulebook import Remedy, Rule
from diagnose.scoring import Score, millionths
from diagnose.shelf import Shelf

# Share of a cause that a remedy of this strength usually removes (judgement).
SHARE = {"strong": 0.9, "moderate": 0.6, "weak": 0.3}
# How a condition that fits better or worse moves the benefit in the ranking, in percent (judgement).
BETTER, WORSE, UNREADY, USUAL = 115, 60, 50, 100
STAGES = ("lab", "pilot", "production")
# Benefits are compared in whole millionths, and fits in whole 1e-12, so that no order of multiplying decides.
SHOWN_FROM, RECOMMENDED_FROM = 20_000, 200_000 * USUAL**3
NOTHING_TO_DO = "none-needed"


@dataclass(frozen=True)
class Advice:
    """Ranked remedies, struck-out ones last, and the hazards of those that are recommended."""

    remedies: tuple[RemedyResult, ...]
    hazards: tuple[str, ...]


def advise(
    base: Base,
    case: Case,
    verdict: Verdict,
    ranked: tuple[Score, ...],
    possible: tuple[Score, ...],
    fired: Iterable[str],
    doubtful: Iterable[str],
    shelf: Shelf,
) -> Advice:
    """Remedies for a verdict.

    The ranked causes decide what is advised; all causes that are still possible decide which contraindicated remedies
    are worth a warning. `fired` are the remedy rules that hold; `doubtful` are contraindications that may hold, so
    their remedies are not recommended.
    """
    if verdict == "healthy":
        remedy = base.rules.remedies.get(NOTHING_TO_DO)
        return Advice((result(remedy, "recommended", 1, 1.0, (), shelf),) if remedy else (), ())
    notes: dict[str, list[Rule]] = {}
    open_ = set(doubtful)
    for name in sorted({*fired, *open_}):
        rule = base.rules.rules[name]
        if rule.kind != "combination":
            notes.setdefault(rule.owner, []).append(rule)
    chances = {score.cause: score.probability for score in ranked}
    fears = {score.cause: score.probability for score in possible}
    usable: list[tuple[int, str, Status, int]] = []
    struck: list[tuple[int, str]] = []
    for slug, remedy in base.rules.remedies.items():
        kinds = [rule.kind for rule in notes.get(slug, []) if rule.id not in open_]
        in_doubt = any(rule.id in open_ for rule in notes.get(slug, []))
        struck_out = "contraindication" in kinds
        benefit = benefit_of(remedy, fears if struck_out else chances)
        if "unfit" in kinds or benefit < SHOWN_FROM:
            continue
        if struck_out:
            struck.append((-benefit, slug))
            continue
        fit = benefit * fitness(kinds, in_doubt, ready(remedy, case.production_stage))
        status: Status = "recommended" if fit >= RECOMMENDED_FROM and not in_doubt else "possible"
        usable.append((-fit, slug, status, benefit))
    results = [
        result(base.rules.remedies[slug], status, rank, benefit / 1e6, notes.get(slug, ()), shelf)
        for rank, (_, slug, status, benefit) in enumerate(sorted(usable), 1)
    ]
    results += [
        result(base.rules.remedies[slug], "contraindicated", None, -benefit / 1e6, notes[slug], shelf)
        for benefit, slug in sorted(struck)
    ]
    hazards = [hazard for each in results if each.status == "recommended" for hazard in each.hazards]
    return Advice(tuple(results), tuple(sorted(set(hazards))))


def benefit_of(remedy: Remedy, chances: Mapping[str, float]) -> int:
    """1 - product over the causes treated of (1 - probability x share removed), in millionths."""
    left = 1.0
    for cause, strength in sorted(remedy.treats.items()):
        left *= 1.0 - chances.get(cause, 0.0) * SHARE[strength]
    return millionths(1.0 - left)


def fitness(kinds: Collection[str], in_doubt: bool, is_ready: bool) -> int:
    """What is said for and against a remedy here, as a factor of its benefit in millionths."""
    fit = (BETTER if "better" in kinds else USUAL) * (WORSE if "worse" in kinds or in_doubt else USUAL)
    return fit * (USUAL if is_ready else UNREADY)


def ready(remedy: Remedy, stage: str | None) -> bool:
    """Whether a remedy is used at a stage of production; of an unstated one nothing is asked."""
    return stage is None or STAGES.index(remedy.readiness) >= STAGES.index(stage)


def result(
    remedy: Remedy, status: Status, rank: int | None, benefit: float, rules: Iterable[Rule], shelf: Shelf
) -> RemedyResult:
    """A remedy as it stands in a report; `rules` are those of its rules that hold, and contraindications that may."""
    # A contraindication beside a usable remedy is one that may hold.
    shown = ("contraindication",) if status == "contraindicated" else ("better", "worse", "contraindication")
    return RemedyResult(
        remedy=remedy.remedy,
        title=remedy.title,
        status=status,
        rank=rank,
        benefit=benefit,
        treats=tuple(sorted(remedy.treats)),
        how=remedy.how,
        reasons=tuple(shelf.reason(rule) for rule in rules if rule.kind in shown),
        effects=shelf.effects(remedy),
        settings=tuple(each.says for each in remedy.settings),
        hazards=tuple(remedy.hazards),
        cost=remedy.cost,
        hours=remedy.hours,
        readiness=remedy.readiness,
        reversible=remedy.reversible,
        verify=remedy.verify,
        sources=shelf.cite(remedy.sources),
    )
