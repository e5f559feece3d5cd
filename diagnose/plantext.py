"""A plan and a critique as plain text of a width in characters.

Their words come from `texts`, which should be in the language of the plan or critique.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from diagnose.guidance import Caution, Critique, Plan, PlanStep, Prediction
from diagnose.page import Page
from diagnose.prediction import expected
from diagnose.render import IN_ENGLISH, about, inline, reasons, source, struck_out
from diagnose.texts import Texts

MOST_FULL, MOST_SHOWN = 3, 8
# A cause less likely than this is left out where another one is shown.
LEAST = 0.05


def plan_text(plan: Plan, width: int = 100, texts: Texts = IN_ENGLISH) -> str:
    """A plan as text: the first steps in full, the next by name, what to combine with care, and what not to do."""
    page = Page(width, texts)
    page.add(plan.says)
    shown = [each for each in plan.steps if each.place is not None]
    struck = [each for each in plan.steps if each.place is None]
    if shown:
        page.head(texts("ui.report.what_to_do"))
    for step in shown[:MOST_SHOWN]:
        _head(page, step)
        if step.place is not None and step.place <= MOST_FULL:
            page.add(step.how, " " * 5)
            page.items(_step(step, texts), " " * 5)
    _rest(page, len(shown) - MOST_SHOWN)
    if plan.conflicts:
        page.head(texts("ui.plan.combine"))
        page.items(_conflicts(plan.conflicts, texts), "  ")
    if struck:
        page.head(texts("ui.report.what_not_to_do"))
    for step in struck[:MOST_SHOWN]:
        struck_out(page, step)
    _rest(page, len(struck) - MOST_SHOWN)
    return page.text()


def plan_markdown(plan: Plan, texts: Texts = IN_ENGLISH) -> Iterator[str]:
    """The lines of a plan in Markdown: steps in order, what to combine with care, and what not to do."""
    yield from (inline(plan.says), "")
    for step in plan.steps:
        if step.place is not None:
            yield f"{step.place}. **{inline(step.title)}** ({about(step, texts)}). {inline(step.how)}"
            yield from (f"   - {inline(each)}" for each in _step(step, texts))
    if plan.conflicts:
        yield from ("", f"### {texts('ui.plan.combine')}", "")
        yield from (f"- {inline(each)}" for each in _conflicts(plan.conflicts, texts))
    struck = [each for each in plan.steps if each.place is None]
    if struck:
        yield from ("", f"### {texts('ui.report.what_not_to_do')}", "")
        for step in struck:
            yield f"- ~~{inline(step.title)}~~ {inline(' '.join(reason.because for reason in step.reasons))}"


def critique_text(critique: Critique, width: int = 100, texts: Texts = IN_ENGLISH) -> str:
    """A critique as text: the judgement, what speaks for it, what to mind, and what is worth more."""
    page, step = Page(width, texts), critique.step
    same = " ".join(critique.planned.lower().split()) in (critique.remedy, critique.title.lower())
    planned = "" if same else f"{critique.planned}: "
    judgement = texts(f"ui.critique.judgement.{critique.judgement}")
    page.add(f"{planned}{critique.title} ({critique.remedy})   {judgement}", hang="    ")
    if critique.judgement == "contraindicated":
        struck_out(page, step)
    else:
        page.add(critique.says, "  ")
    if step.predicted is not None:
        page.items([_predicted(step.predicted, texts)], "  ")
    # What strikes it out stands above.
    minded = [each for each in critique.warnings if each.open or each.kind != "contraindication"]
    if minded:
        page.head(texts("ui.critique.mind"))
        page.items((_warning(each, texts) for each in minded), "  ")
    if critique.alternatives:
        page.head(texts("ui.critique.alternatives"))
    for each in critique.alternatives:
        _head(page, each)
        page.items(_facts(each, texts), " " * 5)
    return page.text()


def _rest(page: Page, count: int) -> None:
    if count > 0:
        page.add(page.texts("ui.plan.more", count=count), "  ")


def _head(page: Page, step: PlanStep) -> None:
    """A step with its place and what it asks for."""
    texts = page.texts
    asks = [f"{step.remedy}; {about(step, texts)}", f"{step.hours:g} h"]
    asks.append(texts("ui.plan.reversible" if step.reversible else "ui.plan.irreversible"))
    asks += [] if step.ready else [texts("ui.plan.not_ready")]
    page.add(f"{step.place}. {step.title} ({', '.join(asks)})", "  ", "     ")


def _step(step: PlanStep, texts: Texts) -> Iterator[str]:
    """Everything about a step of a plan."""
    yield from _facts(step, texts)
    yield from reasons(step, texts)
    yield from (_warning(each, texts) for each in step.warnings if len(each.remedies) == 1)
    yield texts("ui.report.check", verify=step.verify)


def _facts(step: PlanStep, texts: Texts) -> Iterator[str]:
    """What a remedy treats, and what to expect of it."""
    if step.treats:
        likely = [each for each in step.treats[:MOST_FULL] if each.probability >= LEAST] or step.treats[:1]
        strengths = {each.cause: texts(f"ui.plan.strength.{each.strength}") for each in likely}
        causes = (f"{each.title} ({each.probability:.2f}, {strengths[each.cause]})" for each in likely)
        yield texts("ui.plan.treats", causes="; ".join(causes))
    if step.predicted is not None:
        yield _predicted(step.predicted, texts)


def _predicted(prediction: Prediction, texts: Texts) -> str:
    """The expected range, with what it rests on."""
    return f"{expected(prediction, texts)} {prediction.basis} [{source(prediction.sources, texts)}]"


def _warning(warning: Caution, texts: Texts) -> str:
    """What to mind with a remedy, by itself or together with others."""
    _, *others = warning.remedies
    because = _because(warning, texts)
    if others:
        return texts("ui.plan.together", others=texts.either(others), because=because)
    return texts("ui.reason.worse", because=because) if warning.kind in ("worse", "readiness") else because


def _conflicts(warnings: Iterable[Caution], texts: Texts) -> Iterator[str]:
    """Each thing to mind once, with all the remedies that it is about."""
    found: dict[str, list[Caution]] = {}
    for each in warnings:
        found.setdefault(each.rule, []).append(each)
    for same in found.values():
        pairs = [texts("ui.plan.pair", first=each.remedies[0], others=texts.either(each.remedies[1:])) for each in same]
        yield f"{'; '.join(pairs)}: {_because(same[0], texts)}"


def _because(warning: Caution, texts: Texts) -> str:
    """Why, with its sources; of what may not hold, what to make sure of first."""
    known = f" [{source(warning.sources, texts)}]" if warning.sources else ""
    if warning.open:
        return texts("ui.plan.open", needs=", ".join(warning.needs), because=warning.because) + known
    return warning.because + known
