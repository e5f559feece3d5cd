"""A plan and a critique as plain text of a width in characters."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator

from diagnose.guidance import Critique, Plan, PlanStep, Prediction
from diagnose.guidance import Warning as Caution
from diagnose.prediction import range_text
from diagnose.render import source

MOST_FULL, MOST_SHOWN = 3, 8
# A cause less likely than this is left out where another one is shown.
LEAST = 0.05
TEXTS = {
    "plan": "What to do",
    "struck": "What not to do",
    "conflicts": "When you combine what is recommended",
    "more": "and {count} more in the JSON output",
    "step": "{place}. {title} ({about})",
    "about": "{remedy}; {status}, {readiness}, cost {cost}, {hours:g} h",
    "reversible": "can be undone",
    "irreversible": "cannot be undone",
    "not_ready": "not ready for the stage of production",
    "not": "NOT {title} ({remedy}): {because}",
    "treats": "Treats: {causes}",
    "cause": "{title} ({probability:.2f}, {strength})",
    "predicted": "Expect {range} ohm cm2. {basis} [{known}]",
    "better": "{because}",
    "worse": "But: {because}",
    "contraindication": "{because}",
    "combination": "{because}",
    "together": "Together with {others}: {because}",
    "pair": "{first} with {others}",
    "conflict": "{pairs}: {because}",
    "readiness": "But: {because}",
    "hazard": "{because}",
    "open": "First make sure ({needs}) that this does not hold: {because}",
    "in_doubt": "First make sure that this does not hold: {because}",
    "verify": "Check: {verify}",
    "critique": "{planned}: {title} ({remedy})   {judgement}",
    "same": "{title} ({remedy})   {judgement}",
    "mind": "What to mind",
    "alternatives": "Worth more here",
    "or": "{head} or {last}",
    "agreed": "AGREED",
    "possible": "POSSIBLE",
    "off_target": "WRONG CAUSE",
    "unfit": "DOES NOT SUIT",
    "contraindicated": "NOT HERE",
    "not_needed": "NOT NEEDED",
}


def plan_text(plan: Plan, width: int = 100) -> str:
    """A plan as text: the first steps in full, the next by name, what to combine with care, and what not to do."""
    page = _Page(width)
    page.add(plan.says)
    shown = [each for each in plan.steps if each.place is not None]
    struck = [each for each in plan.steps if each.place is None]
    if shown:
        page.head(TEXTS["plan"])
    for step in shown[:MOST_SHOWN]:
        page.add(TEXTS["step"].format(place=step.place, title=step.title, about=_about(step)), "  ", "     ")
        if step.place is not None and step.place <= MOST_FULL:
            page.add(step.how, " " * 5)
            page.items(_step(step), " " * 5)
    page.rest(len(shown) - MOST_SHOWN)
    if plan.conflicts:
        page.head(TEXTS["conflicts"])
        page.items(_conflicts(plan.conflicts), "  ")
    if struck:
        page.head(TEXTS["struck"])
    for step in struck[:MOST_SHOWN]:
        page.add(_struck(step), "  ", " " * 6)
    page.rest(len(struck) - MOST_SHOWN)
    return page.text()


def critique_text(critique: Critique, width: int = 100) -> str:
    """A critique as text: the judgement, what speaks for it, what to mind, and what is worth more."""
    page, step = _Page(width), critique.step
    same = " ".join(critique.planned.lower().split()) in (critique.remedy, critique.title.lower())
    values = {"planned": critique.planned, "title": critique.title, "remedy": critique.remedy}
    page.add(TEXTS["same" if same else "critique"].format(judgement=TEXTS[critique.judgement], **values), hang="    ")
    if critique.judgement == "contraindicated":
        page.add(_struck(step), "  ", " " * 6)
    else:
        page.add(critique.says, "  ")
    if step.predicted is not None:
        page.items([predicted(step.predicted)], "  ")
    # What strikes it out stands above.
    minded = [each for each in critique.warnings if each.open or each.kind != "contraindication"]
    if minded:
        page.head(TEXTS["mind"])
        page.items(map(_warning, minded), "  ")
    if critique.alternatives:
        page.head(TEXTS["alternatives"])
    for each in critique.alternatives:
        page.add(TEXTS["step"].format(place=each.place, title=each.title, about=_about(each)), "  ", "     ")
        page.items(_facts(each), " " * 5)
    return page.text()


class _Page:
    """Lines of a page of some width."""

    def __init__(self, width: int) -> None:
        self.width = max(60, width)
        self.lines: list[str] = []

    def add(self, text: str, indent: str = "", hang: str | None = None) -> None:
        hang = indent if hang is None else hang
        self.lines += textwrap.wrap(
            text,
            self.width,
            initial_indent=indent,
            subsequent_indent=hang,
            break_long_words=False,
            break_on_hyphens=False,
        )

    def head(self, text: str) -> None:
        self.lines += ["", text]

    def items(self, texts: Iterable[str], indent: str) -> None:
        for text in texts:
            self.add(text, f"{indent}- ", f"{indent}  ")

    def rest(self, count: int) -> None:
        if count > 0:
            self.add(TEXTS["more"].format(count=count), "  ")

    def text(self) -> str:
        return "\n".join(line.rstrip() for line in self.lines).strip("\n") + "\n"


def _about(step: PlanStep) -> str:
    """What a remedy asks for."""
    about = [TEXTS["about"].format(**step.model_dump(include={"remedy", "status", "readiness", "cost", "hours"}))]
    about.append(TEXTS["reversible" if step.reversible else "irreversible"])
    return ", ".join([*about, *([] if step.ready else [TEXTS["not_ready"]])])


def _struck(step: PlanStep) -> str:
    because = " ".join(each.because for each in step.reasons if each.kind == "contraindication")
    return TEXTS["not"].format(title=step.title, remedy=step.remedy, because=because)


def _step(step: PlanStep) -> Iterator[str]:
    """Everything about a step of a plan."""
    yield from _facts(step)
    for each in step.reasons:
        key = "in_doubt" if each.kind == "contraindication" else each.kind
        yield TEXTS[key].format(because=each.because)
    yield from (_warning(each) for each in step.warnings if len(each.remedies) == 1)
    yield TEXTS["verify"].format(verify=step.verify)


def _facts(step: PlanStep) -> Iterator[str]:
    """What a remedy treats, and what to expect of it."""
    if step.treats:
        likely = [each for each in step.treats[:MOST_FULL] if each.probability >= LEAST] or step.treats[:1]
        causes = (TEXTS["cause"].format(**each.model_dump(exclude={"cause"})) for each in likely)
        yield TEXTS["treats"].format(causes="; ".join(causes))
    if step.predicted is not None:
        yield predicted(step.predicted)


def predicted(prediction: Prediction) -> str:
    """The expected range, with what it rests on."""
    expected = range_text(prediction.low, prediction.high)
    return TEXTS["predicted"].format(range=expected, basis=prediction.basis, known=source(prediction.sources))


def _warning(warning: Caution) -> str:
    """What to mind with a remedy, by itself or together with others."""
    _, *others = warning.remedies
    text = TEXTS[warning.kind].format(because=_because(warning))
    return TEXTS["together"].format(others=_or(others), because=_because(warning)) if others else text


def _conflicts(warnings: Iterable[Caution]) -> Iterator[str]:
    """Each thing to mind once, with all the remedies that it is about."""
    found: dict[str, list[Caution]] = {}
    for each in warnings:
        found.setdefault(each.rule, []).append(each)
    for same in found.values():
        pairs = (TEXTS["pair"].format(first=each.remedies[0], others=_or(list(each.remedies[1:]))) for each in same)
        yield TEXTS["conflict"].format(pairs="; ".join(pairs), because=_because(same[0]))


def _because(warning: Caution) -> str:
    """Why, with its sources; of what may not hold, what to make sure of first."""
    known = f" [{source(warning.sources)}]" if warning.sources else ""
    text = TEXTS["open"].format(needs=", ".join(warning.needs), because=warning.because) if warning.open else ""
    return (text or warning.because) + known


def _or(words: list[str]) -> str:
    head, last = ", ".join(words[:-1]), "".join(words[-1:])
    return TEXTS["or"].format(head=head, last=last) if head else last
