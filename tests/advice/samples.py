"""Guidance as it may stand beside a report: made up, but of the causes, remedies, fields and tests of that report."""

from __future__ import annotations

import itertools

from diagnose import Report
from diagnose.data import Base
from diagnose.guidance import (
    Caution,
    Change,
    Contrast,
    Difference,
    Draws,
    Guidance,
    Plan,
    PlanStep,
    Prediction,
    Prospect,
    Question,
    Robustness,
    Separation,
    Standing,
    Stop,
    TestOffer,
    TestOutcome,
    Treated,
)
from diagnose.report import CauseResult, Citation, RemedyResult

OPINION = Citation(ref="judgement", grade="judgement", text="Judgement of the authors of diagnose")


def guidance(report: Report, base: Base) -> Guidance:
    """Guidance for a report: every part is there that the causes of the report allow."""
    causes = report.causes
    return Guidance(
        robustness=_robustness(causes) if causes else None,
        contrast=_contrast(causes[0], causes[1]) if len(causes) > 1 else None,
        change=_change(causes[1]) if len(causes) > 1 else None,
        questions=_questions(report, base),
        stop=None if causes else Stop(reason="healthy", says="The joint is sound, so nothing more is asked."),
        tests=_tests(report, base),
        plan=_plan(report, base),
    )


def _standing(cause: CauseResult) -> Standing:
    return Standing(cause=cause.cause, title=cause.title, probability=cause.probability)


def _robustness(causes: tuple[CauseResult, ...]) -> Robustness:
    shares = (0.88, 0.07, 0.03, 0.01, 0.0)
    drawn = tuple(
        Draws(
            cause=cause.cause,
            title=cause.title,
            first=share,
            low=round(cause.probability * 0.55, 4),
            median=cause.probability,
            high=round(cause.probability + 0.4 * (1 - cause.probability), 4),
        )
        for cause, share in zip(causes, shares, strict=False)
    )
    says = f"{causes[0].title} is first in 88 % of 400 draws over what is uncertain."
    return Robustness(
        draws=400,
        seed=1,
        nothing_first=0.01,
        causes=drawn,
        varied=("interfacial_resistance_ohm_cm2",),
        looked_up=("pairing.severe_ohm_cm2",),
        says=says,
    )


def _contrast(first: CauseResult, second: CauseResult) -> Contrast:
    parts = {name: round(getattr(first, name) - getattr(second, name), 2) for name in ("log_odds", "prior", "clipped")}
    lines = [(line.decibans, line) for line in first.contributions if line.counted]
    lines += [(-line.decibans, line) for line in second.contributions if line.counted]
    lines.sort(key=lambda each: (-abs(each[0]), each[1].rule))
    return Contrast(
        first=_standing(first),
        second=_standing(second),
        decibans=parts["log_odds"],
        prior=parts["prior"],
        clipped=parts["clipped"],
        differences=tuple(Difference(decibans=size, rule=line.rule, because=line.because) for size, line in lines),
        says=f"{first.title} stands {parts['log_odds']:g} dB before the next, mostly because: {lines[0][1].because}",
    )


def _change(second: CauseResult) -> Change:
    return Change(
        field="trend_at_rest",
        given="stable",
        instead="growing",
        first=_standing(second),
        verdict="faulty",
        part=1.0,
        says=f"If the resistance grew at rest instead of staying stable, {second.title} would be first.",
    )


def _questions(report: Report, base: Base) -> tuple[Question, ...]:
    """A question for each of the first fields that a cause of the report waits for."""
    fields = list(dict.fromkeys(want.field for cause in report.causes[:4] for want in cause.wanted))[:4]
    made = []
    for number, name in enumerate(fields):
        about = base.knowledge.vocabulary[name]
        answers = about.of[:3] or (("yes", "no") if about.kind == "flag" else ("below 0.5", "0.5 to 2", "above 2"))
        first, other = report.causes[0], report.causes[min(1, len(report.causes) - 1)]
        separates = Separation(
            cause=first.cause, title=first.title, other=other.cause, other_title=other.title, decibans=12.3 - number
        )
        prospects = tuple(
            Prospect(answer=answer, share=round(1 / len(answers), 3), first=_standing(first if place else other))
            for place, answer in enumerate(answers)
        )
        made.append(
            Question(
                field=name,
                question=about.question,
                help=about.help,
                kind=about.kind,
                unit=about.unit,
                choices=about.of,
                minutes=about.effort_min,
                bits=round(0.41 / (number + 1), 3),
                separates=separates if other is not first else None,
                prospects=prospects,
                why=f"It tells {first.title.lower()} from {other.title.lower()}.",
            )
        )
    return tuple(made)


def _tests(report: Report, base: Base) -> tuple[TestOffer, ...]:
    """The tests of the knowledge base that speak for two of the causes of the report."""
    chances = {cause.cause: cause for cause in report.causes}
    made = []
    for test in base.knowledge.tests.values():
        if len(chances.keys() & set(test.separates)) < 2:
            continue
        outcomes = []
        for outcome in test.outcomes:
            cause = chances.get(outcome.then or "")
            outcomes.append(
                TestOutcome(
                    shows=outcome.if_,
                    speaks_for=cause.cause if cause else None,
                    title=cause.title if cause else "",
                    share=round(0.8 / len(test.outcomes), 3),
                    probability=round((cause.probability + 1) / 2, 3) if cause else None,
                    raised=cause is not None,
                    first=None,
                )
            )
        needs = (test.needs,) if isinstance(test.needs, str) else tuple(test.needs)
        sources = ((ref, grade, base.knowledge.short(ref)) for ref, grade in test.sources.items())
        made.append(
            TestOffer(
                test=test.id,
                title=test.title,
                how=test.how,
                needs=needs,
                hours=test.hours,
                destructive=test.destructive,
                bits=round(0.9 / (len(made) + 1), 3),
                bits_per_hour=round(0.9 / (len(made) + 1) / test.hours, 3),
                separates=tuple(chances[each].title for each in test.separates if each in chances),
                outcomes=tuple(outcomes),
                neither=0.2,
                sources=tuple(Citation(ref=ref, grade=grade, text=text) for ref, grade, text in sources),
            )
        )
    return tuple(made[:4])


def _plan(report: Report, base: Base) -> Plan:
    steps = tuple(_step(remedy, report, base) for remedy in report.remedies)
    usable = [step for step in steps if step.status == "recommended"]
    conflicts = tuple(
        Caution(
            rule="combination.one-at-a-time",
            kind="combination",
            remedies=(first.remedy, second.remedy),
            because="Tried in one cell, neither of them is proved.",
            sources=(OPINION,),
        )
        for first, second in itertools.pairwise(usable[:2])
    )
    says = f"{usable[0].title} first." if usable else "Nothing is advised."
    return Plan(steps=steps, conflicts=conflicts, says=says)


def _step(remedy: RemedyResult, report: Report, base: Base) -> PlanStep:
    rule = base.rules.remedies[remedy.remedy]
    treats = tuple(
        Treated(cause=cause.cause, title=cause.title, probability=cause.probability, strength=rule.treats[cause.cause])
        for cause in report.causes
        if cause.cause in rule.treats
    )
    effect = next((each for each in remedy.effects if each.after is not None and each.unit == "ohm*cm^2"), None)
    predicted = None
    if remedy.rank is not None and (effect is not None or remedy.rank <= 2) and report.causes:
        after = effect.after if effect is not None and effect.after else 30.0
        basis = f"Published for {effect.on}." if effect else "What such a remedy usually leaves."
        sources = effect.sources if effect else (OPINION,)
        predicted = Prediction(low=after, high=2.5 * after, basis=basis, sources=sources)
    warnings = []
    if remedy.rank == 1:
        known = {"remedies": (remedy.remedy,), "sources": ()}
        warnings.append(Caution(rule="", kind="hazard", because="It ends this cell.", **known))
        warnings.append(Caution(rule="r", kind="worse", open=True, needs=("coating",), because="It is hot.", **known))
    return PlanStep(
        remedy=remedy.remedy,
        title=remedy.title,
        status=remedy.status,
        place=remedy.rank,
        benefit=remedy.benefit,
        worth=round(remedy.benefit * 24 / max(remedy.hours, 0.25), 3),
        treats=treats,
        how=remedy.how,
        predicted=predicted,
        cost=remedy.cost,
        hours=remedy.hours,
        readiness=remedy.readiness,
        ready=remedy.readiness != "lab",
        reversible=rule.reversible,
        hazards=remedy.hazards,
        verify=remedy.verify,
        reasons=remedy.reasons,
        warnings=tuple(warnings),
    )
