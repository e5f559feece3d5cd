"""What stands beside a diagnosis in words: how firm it is, what would change it, what to ask and to measure.

One account, as headings with lines, is shown as plain text and as Markdown. The plan has `diagnose.plantext`. The words
come from `texts`, which should be in the language of the guidance.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from diagnose.guidance import Draws, Guidance, Prospect, Question, Robustness, TestOffer, TestOutcome
from diagnose.page import Page
from diagnose.render import IN_ENGLISH, decibans, inline
from diagnose.texts import Texts

MOST_DIFFERENCES, MOST_QUESTIONS, MOST_TESTS = 4, 4, 3


class Line(NamedTuple):
    """A line of an account, with what belongs to it."""

    says: str
    inner: tuple[str, ...] = ()


class Account(NamedTuple):
    """A heading with its lines."""

    heading: str
    lines: tuple[Line, ...]


def guidance_text(guidance: Guidance, width: int = 100, texts: Texts = IN_ENGLISH) -> str:
    """What stands beside a diagnosis, without the plan, as plain text of a width in characters."""
    page = Page(width, texts)
    for heading, lines in _accounts(guidance, texts):
        page.head(heading)
        for line in lines:
            page.add(line.says, "  ")
            page.items(line.inner, "    ")
    return page.text() if page.lines else ""


def guidance_markdown(guidance: Guidance, texts: Texts = IN_ENGLISH) -> str:
    """What stands beside a diagnosis, without the plan, as Markdown."""
    made: list[str] = []
    for heading, lines in _accounts(guidance, texts):
        made += ["", f"## {inline(heading)}", ""]
        for line in lines:
            made += [f"- {inline(line.says)}", *(f"  - {inline(inner)}" for inner in line.inner)]
    return "\n".join(made[1:]) + "\n" if made else ""


# --- the account


def _accounts(guidance: Guidance, texts: Texts) -> Iterator[Account]:
    if guidance.robustness is not None:
        yield Account(texts("ui.guidance.firm"), tuple(_firm(guidance.robustness, texts)))
    if guidance.contrast is not None:
        shown = guidance.contrast.differences[:MOST_DIFFERENCES]
        inner = tuple(f"{decibans(each.decibans)}  {each.because}" for each in shown)
        yield Account(texts("ui.guidance.contrast"), (Line(guidance.contrast.says, inner),))
    if guidance.change is not None:
        yield Account(texts("ui.guidance.change"), (Line(guidance.change.says),))
    asked = [question_line(each, texts) for each in guidance.questions[:MOST_QUESTIONS]]
    asked += [Line(guidance.stop.says)] if guidance.stop is not None else []
    if asked:
        yield Account(texts("ui.guidance.ask"), tuple(asked))
    if guidance.tests:
        yield Account(
            texts("ui.guidance.measure"), tuple(offer_line(each, texts) for each in guidance.tests[:MOST_TESTS])
        )


def _firm(robustness: Robustness, texts: Texts) -> Iterator[Line]:
    yield Line(robustness.says, tuple(_drawn(each, texts) for each in robustness.causes))
    if robustness.nothing_first:
        yield Line(texts("ui.robustness.nothing", share=whole(robustness.nothing_first)))
    if drawn := (*robustness.varied, *robustness.looked_up):
        yield Line(texts("ui.robustness.varied", facts=", ".join(drawn)))


def _drawn(draws: Draws, texts: Texts) -> str:
    told = {"title": draws.title, "range": spread(draws, texts), "share": percent(draws.first)}
    return texts("ui.robustness.cause", **told)


def question_line(question: Question, texts: Texts) -> Line:
    """A question, what it tells for how much work, why it is asked, and what its answers would mean."""
    about = f"{question.field}; {bits(question.bits, texts)}, {work(question.minutes, texts)}"
    meant = (prospect(each, texts) for each in question.prospects)
    return Line(f"{question.question} ({about})", (question.why, *meant))


def offer_line(test: TestOffer, texts: Texts) -> Line:
    """A test, what it tells for how much time, what it needs, and what its outcomes would mean."""
    about = [bits(test.bits, texts), work(60 * test.hours, texts)]
    about += [texts("ui.test.destructive")] if test.destructive else []
    needed = [needs(test, texts)] if test.needs else []
    return Line(f"{test.title} ({', '.join(about)})", (test.how, *needed, *shown(test, texts)))


# --- small parts, which the page shares


def spread(draws: Draws, texts: Texts) -> str:
    """The range in which most draws put the probability of a cause."""
    return texts("ui.value.range", low=share(draws.low), high=share(draws.high))


def prospect(prospect: Prospect, texts: Texts) -> str:
    """A possible answer, and what would then be first."""
    first = texts("ui.question.no_cause")
    if prospect.first is not None:
        first = f"{prospect.first.title} {share(prospect.first.probability)}"
    return texts("ui.question.prospect", answer=prospect.answer, share=percent(prospect.share), first=first)


def shown(test: TestOffer, texts: Texts) -> tuple[str, ...]:
    """What a test may show, and how likely the causes would then be."""
    made = [_outcome(each, texts) for each in test.outcomes]
    return (*made, texts("ui.test.neither", share=percent(test.neither)))


def _outcome(outcome: TestOutcome, texts: Texts) -> str:
    shown = f"{outcome.shows} ({percent(outcome.share)})"
    if outcome.speaks_for is None or outcome.probability is None:
        return shown
    if not outcome.raised:
        if outcome.first is None:
            return f"{shown}: {texts('ui.question.no_cause')}"
        then = {"title": outcome.first.title, "probability": share(outcome.first.probability)}
        return texts("ui.test.leaves", shows=shown, **then)
    return texts("ui.test.outcome", shows=shown, title=outcome.title, probability=share(outcome.probability))


def needs(test: TestOffer, texts: Texts) -> str:
    """What a test needs."""
    return texts("ui.test.needs", needs=", ".join(test.needs))


def share(value: float) -> str:
    """A probability to two places; none that is not so is told as 0 or 1."""
    if 0 < value < 0.005:
        return "<0.01"
    return ">0.99" if 0.995 <= value < 1 else f"{value:.2f}"


def whole(value: float) -> str:
    """A share in whole percent, without the sign; none that is not so is told as 0 or 100."""
    if 0 < value < 0.005:
        return "<1"
    return ">99" if 0.995 <= value < 1 else f"{100 * value:.0f}"


def percent(value: float) -> str:
    """A share in whole percent."""
    return f"{whole(value)} %"


def bits(value: float, texts: Texts) -> str:
    """Information to two digits."""
    return texts("ui.value.bits", bits=f"{value:.2g}")


def work(minutes: float, texts: Texts) -> str:
    """A time of work in minutes or hours."""
    if not minutes:
        return texts("ui.value.at_hand")
    if minutes < 90:
        return texts("ui.value.minutes", minutes=f"{minutes:g}")
    return texts("ui.value.hours", hours=f"{minutes / 60:.3g}")


def effort(question: Question, texts: Texts) -> str:
    """How long it takes to find an answer, when it takes more than to read the question."""
    return "" if question.minutes <= 1 else texts("ui.ask.effort", minutes=f"{question.minutes:.0f}")
