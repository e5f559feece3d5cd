"""The plan on the page of a report: what to do, what to combine with care, and what not to do, struck out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from diagnose.data import Base
from diagnose.guidance import Caution, Guidance, PlanStep, Prediction, Treated
from diagnose.markup import LONG, full, heading, listed, prose, section, t, table
from diagnose.prediction import range_text
from diagnose.quantity import with_unit
from diagnose.remedies import ready
from diagnose.render import reasons
from diagnose.report import Citation, RemedyResult, Report
from diagnose.texts import Texts

MOST_STEPS, MOST_TREATED, MOST_STRUCK = 4, 3, 8


class PlanSection:
    """The steps of a plan, or of the remedies of a report where nobody has made one. `cited` tells sources."""

    def __init__(
        self, report: Report, guidance: Guidance | None, base: Base, cited: Callable[[Iterable[Citation]], str]
    ) -> None:
        self.report, self.guidance, self.base, self.cited = report, guidance, base, cited
        self.say: Texts = base.knowledge.texts
        self.steps = guidance.plan.steps if guidance else tuple(map(self.as_step, report.remedies))

    def as_step(self, remedy: RemedyResult) -> PlanStep:
        """A remedy of the report as a step of a plan that nobody has made."""
        rule = self.base.rules.remedies[remedy.remedy]
        chances = {each.cause: each.probability for each in self.report.causes}
        treats = tuple(
            Treated(
                cause=cause, title=self.base.rules.causes[cause].title, probability=chances[cause], strength=strength
            )
            for cause, strength in sorted(rule.treats.items(), key=lambda each: -chances.get(each[0], 0.0))
            if cause in chances
        )
        return PlanStep(
            remedy=remedy.remedy,
            title=remedy.title,
            status=remedy.status,
            place=remedy.rank,
            benefit=remedy.benefit,
            worth=0.0,
            treats=treats,
            how=remedy.how,
            predicted=None,
            cost=remedy.cost,
            hours=remedy.hours,
            readiness=remedy.readiness,
            ready=ready(rule, self.report.case.get("production_stage")),
            reversible=remedy.reversible,
            hazards=remedy.hazards,
            verify=remedy.verify,
            reasons=remedy.reasons,
            warnings=(),
        )

    def html(self) -> str:
        """The section as HTML text; empty where there is nothing to say."""
        usable = [step for step in self.steps if step.status != "contraindicated"]
        struck = [step for step in self.steps if step.status == "contraindicated"]
        if not self.steps:
            return (
                section(self.say("ui.report.what_to_do"), self.say("ui.page.plan.none"), [])
                if self.report.causes
                else ""
            )
        parts = []
        if usable:
            head = [
                self.say(f"ui.page.plan.head.{name}")
                for name in ("remedy", "how", "treats", "predicted", "effort", "hazards")
            ]
            rows = [self.step(step) for step in usable[:MOST_STEPS]]
            parts.append(full(table(self.say("ui.page.plan.caption"), head, rows, words=6, stacked=True)))
        if usable[MOST_STEPS:]:
            parts.append(
                prose(self.say("ui.page.plan.more", titles="; ".join(step.title for step in usable[MOST_STEPS:])))
            )
        if self.guidance and self.guidance.plan.conflicts:
            parts += [heading(self.say("ui.plan.combine")), listed(self.conflicts(self.guidance.plan.conflicts))]
        if struck:
            items = [self.struck(step) for step in struck[:MOST_STRUCK]]
            parts += [heading(self.say("ui.report.what_not_to_do")), listed(items)]
        if struck[MOST_STRUCK:]:
            parts.append(
                prose(
                    self.say("ui.page.plan.more_struck", titles="; ".join(step.title for step in struck[MOST_STRUCK:]))
                )
            )
        lede = self.guidance.plan.says if self.guidance else self.say("ui.page.plan.lede")
        return section(self.say("ui.report.what_to_do"), lede, parts)

    def step(self, step: PlanStep) -> list[str]:
        status = self.say(f"ui.status.{step.status}")
        place = f"{step.place}. {step.title}" if step.place is not None else step.title
        settings = next((each.settings for each in self.report.remedies if each.remedy == step.remedy), ())
        how = [prose(step.how)]
        how.append(prose(" ".join(reasons(step, self.say))))
        alone = [each for each in step.warnings if len(each.remedies) == 1]
        how += [f"<p><b>{t(self.say('ui.page.plan.mind'))}</b> {self.caution(each)}</p>" for each in alone]
        if settings:
            how.append(f"<p><b>{t(self.say('ui.page.plan.settings'))}</b> {t(' '.join(settings), LONG)}</p>")
        if step.predicted is not None:
            basis = self.known(step.predicted.basis, step.predicted.sources)
            how.append(f"<p><b>{t(self.say('ui.page.plan.basis'))}</b> {basis}</p>")
        how.append(f"<p><b>{t(self.say('ui.page.plan.check'))}</b> {t(step.verify, LONG)}</p>")
        return [
            f"{t(place)}<small>{t(status)}</small>",
            "".join(how),
            self.treated(step),
            t(self.say("ui.page.plan.not_known")) if step.predicted is None else expected(step.predicted, self.say),
            "<br>".join(t(each) for each in self.efforts(step)),
            "<br>".join(t(self.say(f"ui.hazard.{each}")) for each in step.hazards)
            or t(self.say("ui.page.plan.no_hazards")),
        ]

    def treated(self, step: PlanStep) -> str:
        shown = [f"{each.title} ({self.say(f'ui.plan.strength.{each.strength}')})" for each in step.treats]
        told = [f"<div>{t(each)}</div>" for each in shown[:MOST_TREATED]]
        rest = len(shown) - len(told)
        return "".join(told) + (f"<div>{t(self.say('ui.page.plan.treats_more', count=rest))}</div>" if rest else "")

    def efforts(self, step: PlanStep) -> list[str]:
        hours = (
            self.say("ui.page.plan.minutes", minutes=f"{step.hours * 60:g}")
            if step.hours < 1
            else self.say("ui.page.plan.hours", hours=f"{step.hours:g}")
        )
        told = [
            self.say("ui.page.plan.cost", cost=self.say(f"ui.cost.{step.cost}")),
            hours,
            self.say(f"ui.readiness.{step.readiness}"),
        ]
        told += [] if step.ready else [self.say("ui.plan.not_ready")]
        return [*told, self.say("ui.plan.reversible" if step.reversible else "ui.plan.irreversible")]

    def effort(self, step: PlanStep) -> str:
        """What a step costs, in a line."""
        return ", ".join(self.efforts(step))

    def struck(self, step: PlanStep) -> str:
        reasons = " ".join(self.known(each.because, each.sources) for each in step.reasons)
        return f"<strong>{t(self.say('ui.report.not'))}</strong> <del>{t(step.title)}</del>. {reasons}"

    def caution(self, caution: Caution) -> str:
        """Why to mind something; where it may not hold, what would decide that."""
        because = caution.because
        if caution.open:
            because = self.say("ui.plan.open", needs=", ".join(caution.needs), because=because)
        return self.known(because, caution.sources)

    def conflicts(self, conflicts: Iterable[Caution]) -> Iterator[str]:
        """Each thing to mind once, with all the remedies that it is about."""
        found: dict[str, list[Caution]] = {}
        for each in conflicts:
            found.setdefault(each.rule, []).append(each)
        for same in found.values():
            pairs = []
            for each in same:
                first, *others = map(self.remedy, each.remedies)
                pairs.append(self.say("ui.page.plan.pair", first=first, others=self.say.either(others)))
            yield f"{t('; '.join(pairs), LONG)}: {self.caution(same[0])}"

    def known(self, text: str, sources: Iterable[Citation]) -> str:
        """Words with where they are known from."""
        cited = self.cited(sources)
        return f"{t(text, LONG)} ({cited})" if cited else t(text, LONG)

    def remedy(self, name: str) -> str:
        """The title of a remedy."""
        known = self.base.rules.remedies.get(name)
        return known.title if known else name


def expected(predicted: Prediction, texts: Texts) -> str:
    """The range of resistance that a remedy should leave."""
    return t(with_unit(range_text(predicted.low, predicted.high, texts), "ohm*cm^2"))
