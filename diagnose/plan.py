"""What to do, in order: the remedies of a report by what they are worth here, and which must not be combined.

    worth = benefit x fitness / days
    days  = each try + hours / hours in a day + cost + irreversible + hazards

Benefit and fitness are those of the report (`diagnose.remedies`); the days of each part stand in rules/worth.yaml. To
try repairs in the order of benefit over cost finds the working one soonest when they are tried one after another.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from diagnose import interpreter
from diagnose.case import Case
from diagnose.condition import All, Condition, FindingLeaf, Leaf, evaluate, negate
from diagnose.data import Base, load
from diagnose.derived import FORMULAS
from diagnose.errors import Problem, RuleError
from diagnose.facts import fact_base
from diagnose.guidance import Caution, Plan, PlanStep, Prediction, Treated
from diagnose.prediction import Start, expected, odds, predict
from diagnose.quantity import Span
from diagnose.remedies import SHARE, USUAL, fitness, ready
from diagnose.report import CauseResult, Reason, RemedyResult, Report, Status
from diagnose.rulebook import SCORE, Remedy, Rule, Worth
from diagnose.scoring import ranking
from diagnose.shelf import shelf

RESISTANCE = "interfacial_resistance_ohm_cm2"
STATUSES: tuple[Status, ...] = ("recommended", "possible", "contraindicated")


def plan(report: Report, case: Case | Mapping[str, Any] | None = None, base: Base | None = None) -> Plan:
    """The plan of a finished report.

    `case` is the case of the report, and is read from it when left out; `base` are the rules and knowledge it was made
    with. The same report gives the same plan. Raises RuleError when the rules do not say what work is worth.
    """
    return Situation(report, case, base).plan()


class Situation:
    """A report with the facts behind it, for those that judge remedies."""

    def __init__(self, report: Report, case: Case | Mapping[str, Any] | None = None, base: Base | None = None) -> None:
        self.report, self.base = report, base or load()
        self.rules, self.knowledge, self.texts = self.base.rules, self.base.knowledge, self.base.knowledge.texts
        self.shelf = shelf(self.base)
        self.worth = _worth(self.base)
        self.case = case if isinstance(case, Case) else Case.model_validate(report.case if case is None else case)
        found = fact_base(self.case, self.knowledge)
        outcome = interpreter.infer(self.rules, found.facts)
        self.findings, self.origins, self.facts = outcome.findings, found.origins, dict(found.facts)
        for each in ranking(self.rules, outcome.fired, found.facts):
            self.facts[SCORE + each.cause] = Span(each.total / 100, each.total / 100)
        self.causes = {each.cause: each for each in report.causes}
        self.start = self._start()

    # --- the plan

    def plan(self) -> Plan:
        """All remedies of the report in order, and what to mind when those that are recommended are combined."""
        steps = [self.step(each) for each in self.report.remedies]
        steps.sort(key=lambda each: (STATUSES.index(each.status), -(each.worth or each.benefit), each.remedy))
        firm = [each.remedy for each in steps if each.status == "recommended"]
        for index, each in enumerate(steps):
            if each.status != "contraindicated":
                more = {"place": index + 1, "warnings": self.warnings(each.remedy, firm)}
                steps[index] = each.model_copy(update=more)
        # Each pair is told once, of the remedy that comes first.
        later = ((slug, self.warnings(slug, firm[place:])) for place, slug in enumerate(firm, 1))
        conflicts = tuple(each for _, found in later for each in found if len(each.remedies) > 1)
        says = self._says(steps, len({each.rule for each in conflicts}))
        return Plan(steps=tuple(steps), conflicts=conflicts, says=says)

    def step(self, result: RemedyResult) -> PlanStep:
        """A remedy of a report as a step that has no place yet, without what to mind."""
        remedy, struck = self.rules.remedies[result.remedy], result.status == "contraindicated"
        treated = self.treated(remedy)
        return PlanStep(
            remedy=result.remedy,
            title=result.title,
            status=result.status,
            place=None,
            benefit=result.benefit,
            worth=0.0 if struck else self.worth_of(remedy, result.benefit, result.reasons),
            treats=treated,
            how=result.how,
            predicted=self.predicted(remedy, treated, result),
            cost=result.cost,
            hours=result.hours,
            readiness=result.readiness,
            ready=ready(remedy, self.case.production_stage),
            reversible=result.reversible,
            hazards=result.hazards,
            verify=result.verify,
            reasons=result.reasons,
            warnings=(),
        )

    def worth_of(self, remedy: Remedy, benefit: float, reasons: Iterable[Reason]) -> float:
        """Benefit per day, rounded to six places so that no last digit decides an order."""
        kinds = {each.kind for each in reasons}
        # A contraindication beside a remedy that is not struck out is one that may hold.
        fit = fitness(kinds, "contraindication" in kinds, ready(remedy, self.case.production_stage)) / USUAL**3
        return round(benefit * fit / days(remedy, self.worth), 6)

    def treated(self, remedy: Remedy) -> tuple[Treated, ...]:
        """The ranked causes that a remedy treats, by what it should take away of each."""
        found = [
            Treated(cause=slug, title=self.causes[slug].title, probability=self.causes[slug].probability, strength=each)
            for slug, each in remedy.treats.items()
            if slug in self.causes
        ]
        return tuple(sorted(found, key=lambda each: (-each.probability * SHARE[each.strength], each.cause)))

    # --- what to expect

    def predicted(self, remedy: Remedy, treated: Iterable[Treated], result: RemedyResult) -> Prediction | None:
        """The resistance after a remedy.

        None where there is nothing to repair, where the figure itself is in doubt or a bound only, where the remedy is
        struck out or fits worse than it did where it was published, and where the range is too wide to say anything.
        """
        worse = any(each.kind != "better" for each in result.reasons)
        if worse or self.start is None or self.report.verdict in ("healthy", "invalid_data"):
            return None
        others = [each.probability for slug, each in self.causes.items() if slug not in remedy.treats]
        made = predict(remedy, self.facts, self.start, odds(treated, others), self.worth.tail, self.shelf)
        return None if made is None or made.high > self.worth.widest * made.low else made

    def _start(self) -> Start | None:
        own, excellent = self.facts.get(RESISTANCE), self.facts.get("pairing.excellent_ohm_cm2")
        floor, band = 0.0, None
        if isinstance(excellent, Span):
            origin = self.origins["pairing.excellent_ohm_cm2"]
            floor, band = excellent.high, self.shelf.citation(origin.ref, origin.grade)
        if not isinstance(own, Span):
            return Start(None, floor, band)
        # A bound such as ">136" or "<0.1" reaches to the limit of the field.
        least, most = self.knowledge.vocabulary[RESISTANCE].limits
        return Start(own, floor, band) if least < own.low and own.high < most else None

    # --- what to mind

    def warnings(self, remedy: str, beside: Iterable[str]) -> tuple[Caution, ...]:
        """What to mind with a remedy by itself, and together with any of some others, in their order."""
        others = [each for each in dict.fromkeys(beside) if each != remedy]
        return tuple(self._warnings(remedy, others))

    def _warnings(self, remedy: str, others: list[str]) -> Iterator[Caution]:
        for slug, item in self.rules.combinations.items():
            mine = [part for part in item.parts if remedy in part]
            rest = [each for part in item.parts if remedy not in part for each in part]
            partners = [each for each in others if each in rest]
            if not mine or (rest and not partners):
                continue
            rule = self.rules.rules.get(f"combination.{slug}")
            holds, needs = (True, ()) if rule is None else self.truth(rule)
            # What no field of the case can decide is not asked for.
            if holds or needs:
                yield Caution(
                    rule=f"combination.{slug}",
                    remedies=(remedy, *partners),
                    open=not holds,
                    needs=needs,
                    because=item.because,
                    sources=self.shelf.cite(item.sources),
                )

    def truth(self, rule: Rule) -> tuple[bool | None, tuple[str, ...]]:
        """Whether a rule about remedies holds; where that is open, the fields that would decide it."""
        holds = rule.test(self.facts, self.findings)
        if holds is not None:
            return holds, ()
        return None, self.needs(rule.when)

    def needs(self, condition: Condition) -> tuple[str, ...]:
        """The fields that could still make an undecided condition true; none when no answer could."""
        if isinstance(condition, Leaf):
            return self.fields(condition.name)
        if isinstance(condition, FindingLeaf):
            when = self.rules.rules[f"finding.{condition.name}"].when
            return self.needs(when if condition.want else negate(when))
        parts = [part for part in condition.parts if evaluate(part, self.facts, self.findings) is None]
        found = [self.needs(part) for part in parts]
        if isinstance(condition, All) and not all(found):
            return ()
        return tuple(dict.fromkeys(field for each in found for field in each))

    def fields(self, fact: str) -> tuple[str, ...]:
        """The fields of a case that could make an unknown fact known, or a wide one narrow."""
        if fact in self.knowledge.vocabulary:
            return (fact,)
        if fact in FORMULAS:
            found: list[str] = []
            for slot in FORMULAS[fact].slots:
                known = next((name for name in slot if name in self.facts), None)
                value = self.facts.get(known or "")
                if known is None or (isinstance(value, Span) and value.low < value.high):
                    asked = self.fields(known or slot[0])
                    if not asked:
                        return ()
                    found += asked
            return tuple(found)
        owner = fact.split(".")[0]
        return (owner,) if owner in self.knowledge.vocabulary and owner not in self.facts else ()

    # --- in a sentence

    def aims(self, treats: tuple[Treated, ...]) -> tuple[Treated, ...]:
        """Of the causes that a remedy treats those that are supported, or the first."""
        return tuple(each for each in treats if self.causes[each.cause].supported) or treats[:1]

    def listed(self, causes: Iterable[Treated | CauseResult]) -> str:
        """Causes with their probabilities as part of a sentence."""
        return self.texts.every([f"{each.title} ({each.probability:.2f})" for each in causes])

    def _says(self, steps: list[PlanStep], conflicts: int) -> str:
        verdict, texts = self.report.verdict, self.texts
        if verdict == "healthy":
            return texts("ui.plan.healthy")
        says = [texts("ui.plan.invalid_data")] if verdict == "invalid_data" else []
        first = next((each for each in steps if each.place is not None), None)
        if first is not None:
            key = "ui.plan.first" if first.status == "recommended" else "ui.plan.first_possible"
            says.append(texts(key, title=first.title, causes=self.listed(self.aims(first.treats))))
            if first.predicted is not None:
                says.append(expected(first.predicted, texts))
        else:
            says.append(texts("ui.plan.nothing"))
        if conflicts:
            says.append(texts("ui.plan.conflict" if conflicts == 1 else "ui.plan.conflicts", count=conflicts))
        return " ".join(says)


def days(remedy: Remedy, worth: Worth) -> float:
    """What a remedy costs, in days."""
    days = worth.each_try + remedy.hours / worth.hours_in_a_day + worth.cost[remedy.cost]
    days += 0.0 if remedy.reversible else worth.irreversible
    return days + sum(worth.hazards[each] for each in sorted(set(remedy.hazards)))


def _worth(base: Base) -> Worth:
    if base.rules.worth is None:
        raise RuleError([Problem("there is no scale of worth", file="rules/worth.yaml", hint="Say what work costs.")])
    return base.rules.worth
