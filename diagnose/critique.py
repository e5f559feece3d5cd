"""What to think of a fix that somebody plans: whether it aims at the fault, what to mind, what is worth more."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from diagnose.case import Case
from diagnose.data import Base, load
from diagnose.diagnosis import diagnose
from diagnose.errors import CaseError, UsageError, did_you_mean
from diagnose.guidance import Caution, Critique, Judgement, PlanStep
from diagnose.plan import Situation
from diagnose.remedies import NOTHING_TO_DO, SHOWN_FROM, benefit_of, ready, result
from diagnose.report import Status
from diagnose.rulebook import Remedy, Rule, RuleBook
from diagnose.texts import english

MOST_ALTERNATIVES = 3
HEAT = "temperature_C"
PLANNED = {"stack_pressure_MPa": "planned_pressure_MPa", HEAT: "planned_temperature_C"}
LINKED = r"(?:\b(?:at|to|of|by|with|bei|auf|mit|von)\s+)?(?<![\w.])"
# Figures that a plan may name, by the field of the case that they would set.
FIGURES = {
    "stack_pressure_MPa": re.compile(LINKED + r"(\d+(?:\.\d+)?)\s*(MPa|kPa|GPa|bar|psi)\b"),
    HEAT: re.compile(LINKED + r"(-?\d+(?:\.\d+)?)\s*°?\s*(C|K)\b"),
}
# A word of what somebody plans counts from so many letters on: shorter ones are articles and prepositions.
SHORTEST = 4
# Endings of English and German words, any number of them after the first four letters.
ENDINGS = re.compile(r"(?<=....)(?:ing|ung|ed|en|er|em|es|e|(?<!s)s)+$")
CHOOSE = "`diagnose rules list` shows all of them."


def critique(
    case: Case | Mapping[str, Any],
    planned: str,
    *,
    beside: Iterable[str] = (),
    base: Base | None = None,
) -> Critique:
    """What to think of a planned fix in a case.

    `planned` is the slug of a remedy, its title, another name of it, or words of these; `beside` are fixes that are
    planned together with it. Raises UsageError for one that is not known, with the nearest names, and CaseError.
    """
    base = base or load()
    fix = _fix(planned, base)
    others = [_fix(each, base).slug for each in beside]
    return _Critic(_situation(case, base), fix, others).critique()


def critiques(
    case: Case | Mapping[str, Any], planned: Sequence[str], base: Base
) -> tuple[tuple[Critique, ...], tuple[str, ...]]:
    """What to think of fixes that are planned together, each with an eye on the others, and what was not understood.

    Raises CaseError, and UsageError where no fix is known.
    """
    fixes, unknown = [], []
    for each in planned:
        try:
            fixes.append(_fix(each, base))
        except UsageError as error:
            unknown.append(str(error))
    if not fixes:
        raise UsageError("\n".join(unknown))
    situation = _situation(case, base)
    slugs = [fix.slug for fix in fixes]
    return tuple(_Critic(situation, fix, slugs).critique() for fix in fixes), tuple(unknown)


class Fix(NamedTuple):
    """A planned fix: the words for it, the remedy that is meant, and figures it names, as fields of a case."""

    words: str
    slug: str
    at: Mapping[str, str]


def _fix(planned: str, base: Base) -> Fix:
    words, at = figures_in(planned)
    try:
        slug = named(words, base.rules)
    except UsageError:
        if re.search(r"\d", words):
            hint = "Write one figure with its unit, such as 10 MPa or 60 C."
            raise UsageError(f"cannot read the figure in {planned!r}. {hint}") from None
        raise
    # What is not done while the cell runs changes nothing of how it is run.
    if base.rules.remedies[slug].kind != "operating":
        at = {field: value for field, value in at.items() if field in PLANNED.values()}
    return Fix(planned, slug, at)


def figures_in(planned: str) -> tuple[str, dict[str, str]]:
    """The words of a plan without the figures of pressure and temperature that it names, and these as fields."""
    at: dict[str, str] = {}
    for field, unit in FIGURES.items():
        for found in unit.finditer(planned):
            at[field] = at[PLANNED[field]] = f"{found[1]} {found[2]}"
        planned = unit.sub(" ", planned)
    return " ".join(planned.replace("=", " ").split()), at


def _situation(case: Case | Mapping[str, Any], base: Base) -> Situation:
    return Situation(diagnose(case, base=base), case, base=base)


def named(planned: str, book: RuleBook) -> str:
    """The slug of the remedy that somebody means.

    Tried in order: its slug, title or other name, in English or in the language of the book; words that all stand in
    one of these of a single remedy. Raises UsageError.
    """
    words = _words(planned)
    if not words:
        raise UsageError(f"say which fix is planned. {CHOOSE}")
    names = _names(book)
    found = [slug for slug, each in names.items() if words in each]
    long = [word for word in words if len(word) >= SHORTEST]
    if not found and long:
        found = [slug for slug, each in names.items() if any(_within(long, name) for name in each)]
    if len(found) == 1:
        return found[0]
    if found:
        raise UsageError(f"{planned!r} may mean {english().either(found)}. Name one of them.")
    every = [name for slug, each in book.remedies.items() for name in (*book.names[slug], each.title, *each.also)]
    raise UsageError(f"there is no remedy {planned!r}. {did_you_mean(planned, every) or CHOOSE}")


@lru_cache(maxsize=4)
def _names(book: RuleBook) -> dict[str, tuple[tuple[str, ...], ...]]:
    """The words of all names of each remedy."""
    return {
        slug: tuple(map(_words, (*book.names[slug], remedy.title, *remedy.also)))
        for slug, remedy in book.remedies.items()
    }


def _words(name: str) -> tuple[str, ...]:
    return tuple(re.findall(r"[^\W_]+", name.casefold()))


def _within(words: Iterable[str], name: Collection[str]) -> bool:
    """Whether each word is among the words of a name, with another ending or none: coating stands for coat."""
    return {ENDINGS.sub("", word) for word in words} <= {ENDINGS.sub("", each) for each in name}


class _Critic:
    """Judges one remedy in one situation."""

    def __init__(self, situation: Situation, fix: Fix, beside: Iterable[str]) -> None:
        self.situation, self.report, self.texts, self.fix = situation, situation.report, situation.texts, fix
        slug = fix.slug
        self.remedy: Remedy = situation.rules.remedies[slug]
        self.beside = tuple(beside)
        rules = [each for each in situation.rules.rules.values() if each.owner == slug and each.phase == 2]
        rules = [each for each in rules if each.kind != "combination"]
        self.truth = {rule.id: situation.truth(rule) for rule in rules}
        self.holding = [rule for rule in rules if self.truth[rule.id][0]]
        self.open = [rule for rule in rules if rule.kind == "contraindication" and self.truth[rule.id][1]]
        self.struck = [rule for rule in self.holding if rule.kind == "contraindication"]
        self.unfit = any(rule.kind == "unfit" for rule in self.holding)
        self.then = self.contraindicated_then(rules) if fix.at else []
        self.holding += self.then
        self.struck += self.then

    def contraindicated_then(self, rules: Iterable[Rule]) -> list[Rule]:
        """Contraindications that the figures of the plan bring about: those that hold in the case with them."""
        try:
            then = _situation({**self.situation.case.known(), **self.fix.at}, self.situation.base)
        except CaseError as error:
            told = "; ".join(f"{each.field} {each.message}" for each in error.problems)
            raise UsageError(f"{self.fix.words!r} cannot be: {told}") from None
        new = [rule for rule in rules if rule.kind == "contraindication" and rule not in self.struck]
        found = [rule for rule in new if then.truth(rule)[0]]
        self.truth.update((rule.id, (True, ())) for rule in found)
        return found

    def critique(self) -> Critique:
        plan = self.situation.plan()
        step = next((each for each in plan.steps if each.remedy == self.remedy.remedy), None)
        step = self.step() if step is None or self.then else step
        beside = [*self.beside, *(each.remedy for each in plan.steps if each.status == "recommended")]
        judgement = self.judgement(step)
        better = self.better(step, plan.steps) if judgement != "not_needed" else ()
        return Critique(
            planned=self.fix.words,
            remedy=self.remedy.remedy,
            title=self.remedy.title,
            judgement=judgement,
            step=step,
            says=self.says(judgement, step),
            warnings=tuple(self.warnings(step, beside)),
            alternatives=better,
        )

    def step(self) -> PlanStep:
        """The remedy as a step, although the report does not list it."""
        chances = {each.cause: each.probability for each in self.report.causes}
        healthy = self.report.verdict == "healthy"
        status: Status = "contraindicated" if self.struck else "possible"
        benefit = 0.0 if healthy or self.unfit else benefit_of(self.remedy, chances) / 1e6
        return self.situation.step(result(self.remedy, status, None, benefit, self.holding, self.situation.shelf))

    def judgement(self, step: PlanStep) -> Judgement:
        """What hurts comes first, then what cannot be done here, then whether it is needed, and last what it treats."""
        if self.struck:
            return "contraindicated"
        if self.report.verdict == "healthy":
            return "agreed" if self.remedy.remedy == NOTHING_TO_DO else "not_needed"
        if self.unfit:
            return "unfit"
        if step.status == "recommended":
            return "agreed"
        likely = {each.cause for each in self.report.causes if each.supported}
        if likely and likely.isdisjoint(each.cause for each in step.treats):
            return "off_target"
        if self.report.causes and step.benefit * 1e6 < SHOWN_FROM:
            return "off_target"
        return "possible"

    def better(self, step: PlanStep, steps: Iterable[PlanStep]) -> tuple[PlanStep, ...]:
        """The first steps of the plan that stand before this one; where it has no place, the first of all.

        What is only possible is no alternative to anything while something is recommended.
        """
        usable = [each for each in steps if each.place is not None and each.remedy != step.remedy]
        firm = [each for each in usable if each.status == "recommended"] or usable
        before = [each for each in firm if step.place is None or (each.place or 0) < step.place]
        return tuple(before[:MOST_ALTERNATIVES])

    # --- what to mind

    def warnings(self, step: PlanStep, beside: Iterable[str]) -> Iterator[Caution]:
        """Contraindications that hold or may hold, combinations, what fits badly, the stage of production, hazards."""
        situation, texts = self.situation, self.texts
        for rule in (*self.struck, *self.open):
            yield self.warning(rule)
        if self.fix.at:
            figures = ", ".join(f"{name} = {self.fix.at[name]}" for name in PLANNED.values() if name in self.fix.at)
            words = texts("ui.critique.judged_at", figures=figures)
            yield Caution(rule="", kind="worse", remedies=(step.remedy,), because=words, sources=())
        yield from situation.warnings(self.remedy.remedy, beside)
        for rule in self.holding:
            if rule.kind == "worse":
                yield self.warning(rule)
        stage = situation.case.production_stage
        if not ready(self.remedy, stage):
            readiness, wanted = texts(f"ui.readiness.{self.remedy.readiness}"), texts(f"ui.readiness.{stage}")
            words = texts("ui.critique.not_ready", readiness=readiness, stage=wanted)
            yield Caution(rule="", kind="readiness", remedies=(step.remedy,), because=words, sources=())
        if step.hazards:
            words = f"{texts('ui.report.hazards')}: {'; '.join(texts(f'ui.hazard.{each}') for each in step.hazards)}"
            yield Caution(rule="", kind="hazard", remedies=(step.remedy,), because=words, sources=())

    def warning(self, rule: Rule) -> Caution:
        needs = self.truth[rule.id][1]
        return Caution.model_validate(
            {
                "rule": rule.id,
                "kind": rule.kind,
                "remedies": (rule.owner,),
                "open": bool(needs),
                "needs": needs,
                "because": rule.item.because,
                "sources": self.situation.shelf.cite(rule.item.sources),
            }
        )

    # --- in a few sentences

    def says(self, judgement: Judgement, step: PlanStep) -> str:
        open_ = self.not_judged() if judgement in ("possible", "off_target") else ()
        return " ".join([self.verdict(judgement, step), *open_])

    def verdict(self, judgement: Judgement, step: PlanStep) -> str:
        likely = [each for each in self.report.causes if each.supported]
        key: str = judgement
        if self.report.verdict == "healthy" and judgement in ("agreed", "not_needed"):
            key = "nothing_needed"
        elif judgement == "off_target" and self.report.verdict == "invalid_data":
            key = "invalid_data"
        elif judgement == "off_target":
            key = ("off_target" if likely else "weak") + ("" if step.treats else "_nothing")
        elif judgement == "possible" and not self.report.causes:
            key = "unclear"
        elif judgement == "agreed" and any(each.kind != "better" for each in step.reasons):
            key = "agreed_but"
        return self.texts(
            f"ui.critique.says.{key}",
            because=" ".join(rule.item.because for rule in self.struck),
            causes=self.situation.listed(self.situation.aims(step.treats)),
            likely=self.situation.listed(likely),
            benefit=f"{100 * step.benefit:.0f}",
        )

    def not_judged(self) -> Iterator[str]:
        """Causes that the remedy is meant for and that could not be judged, with what is missing."""
        for each in self.report.not_judged:
            if self.remedy.treats.get(each.cause, "weak") != "weak":
                fields = ", ".join(want.field for want in each.wanted)
                words = self.texts("ui.report.needs", title=each.title, fields=fields) if fields else each.title
                yield f"{self.texts('ui.report.not_judged')}: {words}."
