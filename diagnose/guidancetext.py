"""What stands beside a diagnosis in words: how firm it is, what would change it, what to ask and to measure.

One account, as headings with lines, is shown as plain text and as Markdown. The plan has `diagnose.plantext`.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from typing import NamedTuple

from diagnose.guidance import Draws, Guidance, Prospect, Question, Robustness, TestOffer, TestOutcome
from diagnose.render import _inline as inline
from diagnose.render import decibans

MOST_DIFFERENCES, MOST_QUESTIONS, MOST_TESTS = 4, 4, 3

WORDS = {
    "firm.heading": "How firm this is",
    "firm.cause": "{title}: {range}, first in {share} of the draws",
    "firm.range": "{low} to {high}",
    "firm.nothing_first": "In {share} of the draws no cause is ranked.",
    "firm.varied": "Drawn anew each time: {facts}.",
    "contrast.heading": "First against second",
    "contrast.difference": "{decibans}  {because}",
    "change.heading": "What would change the answer",
    "ask.heading": "What to ask next",
    "ask.question": "{question} ({field}; {bits}, {work})",
    "ask.prospect": "{answer}: {share}, then {title} {probability}",
    "ask.prospect_none": "{answer}: {share}, then no cause",
    "measure.heading": "What to measure next",
    "measure.test": "{title} ({bits}, {work})",
    "measure.test_ends": "{title} ({bits}, {work}, ends the cell)",
    "measure.needs": "Needs: {needs}.",
    "measure.outcome": "{shows} ({share}): {title}, then {probability}",
    "measure.outcome_open": "{shows} ({share})",
    "bits": "{bits} bit",
    "work.minutes": "{minutes} min",
    "work.hours": "{hours} h",
    "work.nothing": "at hand",
}


def say(key: str, **parts: object) -> str:
    """Words of this module."""
    return WORDS[key].format(**parts)


class Line(NamedTuple):
    """A line of an account, with what belongs to it."""

    says: str
    inner: tuple[str, ...] = ()


class Account(NamedTuple):
    """A heading with its lines."""

    heading: str
    lines: tuple[Line, ...]


def guidance_text(guidance: Guidance, width: int = 100) -> str:
    """What stands beside a diagnosis, without the plan, as plain text of a width in characters."""
    made: list[str] = []
    for heading, lines in _accounts(guidance):
        made += ["", heading]
        for line in lines:
            made += _wrapped(line.says, width, "  ")
            for inner in line.inner:
                made += _wrapped(inner, width, "    - ")
    return "\n".join(made[1:]) + "\n" if made else ""


def guidance_markdown(guidance: Guidance) -> str:
    """What stands beside a diagnosis, without the plan, as Markdown."""
    made: list[str] = []
    for heading, lines in _accounts(guidance):
        made += ["", f"## {inline(heading)}", ""]
        for line in lines:
            made += [f"- {inline(line.says)}", *(f"  - {inline(inner)}" for inner in line.inner)]
    return "\n".join(made[1:]) + "\n" if made else ""


def _wrapped(text: str, width: int, head: str) -> list[str]:
    hang = " " * len(head)
    return textwrap.wrap(
        text,
        max(60, width),
        initial_indent=head,
        subsequent_indent=hang,
        break_long_words=False,
        break_on_hyphens=False,
    )


# --- the account


def _accounts(guidance: Guidance) -> Iterator[Account]:
    if guidance.robustness is not None:
        yield Account(say("firm.heading"), tuple(_firm(guidance.robustness)))
    if guidance.contrast is not None:
        shown = guidance.contrast.differences[:MOST_DIFFERENCES]
        inner = [say("contrast.difference", decibans=decibans(each.decibans), because=each.because) for each in shown]
        yield Account(say("contrast.heading"), (Line(guidance.contrast.says, tuple(inner)),))
    if guidance.change is not None:
        yield Account(say("change.heading"), (Line(guidance.change.says),))
    asked = [_question(each) for each in guidance.questions[:MOST_QUESTIONS]]
    asked += [Line(guidance.stop.says)] if guidance.stop is not None else []
    if asked:
        yield Account(say("ask.heading"), tuple(asked))
    if guidance.tests:
        yield Account(say("measure.heading"), tuple(_test(each) for each in guidance.tests[:MOST_TESTS]))


def _firm(robustness: Robustness) -> Iterator[Line]:
    yield Line(robustness.says, tuple(_drawn(each) for each in robustness.causes))
    if robustness.nothing_first:
        yield Line(say("firm.nothing_first", share=percent(robustness.nothing_first)))
    if drawn := (*robustness.varied, *robustness.looked_up):
        yield Line(say("firm.varied", facts=", ".join(drawn)))


def _drawn(draws: Draws) -> str:
    return say("firm.cause", title=draws.title, range=spread(draws), share=percent(draws.first))


def _question(question: Question) -> Line:
    told = {"question": question.question, "field": question.field}
    says = say("ask.question", **told, bits=bits(question.bits), work=work(question.minutes))
    return Line(says, (question.why, *map(prospect, question.prospects)))


def _test(test: TestOffer) -> Line:
    key = "measure.test_ends" if test.destructive else "measure.test"
    says = say(key, title=test.title, bits=bits(test.bits), work=work(60 * test.hours))
    return Line(says, (test.how, *([needs(test)] if test.needs else []), *map(outcome, test.outcomes)))


# --- small parts, which the page shares


def spread(draws: Draws) -> str:
    """The range in which most draws put the probability of a cause."""
    return say("firm.range", low=share(draws.low), high=share(draws.high))


def prospect(prospect: Prospect) -> str:
    """A possible answer, and what would then be first."""
    told = {"answer": prospect.answer, "share": percent(prospect.share)}
    if prospect.first is None:
        return say("ask.prospect_none", **told)
    return say("ask.prospect", **told, title=prospect.first.title, probability=share(prospect.first.probability))


def outcome(outcome: TestOutcome) -> str:
    """What a test may show, and how likely its cause would then be."""
    told = {"shows": outcome.shows, "share": percent(outcome.share)}
    if outcome.speaks_for is None or outcome.probability is None:
        return say("measure.outcome_open", **told)
    return say("measure.outcome", **told, title=outcome.title, probability=share(outcome.probability))


def needs(test: TestOffer) -> str:
    """What a test needs."""
    return say("measure.needs", needs=", ".join(test.needs))


def share(value: float) -> str:
    """A probability to two places; none that is not so is told as 0 or 1."""
    if 0 < value < 0.005:
        return "<0.01"
    return ">0.99" if 0.995 <= value < 1 else f"{value:.2f}"


def percent(value: float) -> str:
    """A share in whole percent; none that is not so is told as 0 or 100."""
    if 0 < value < 0.005:
        return "<1 %"
    return ">99 %" if 0.995 <= value < 1 else f"{100 * value:.0f} %"


def bits(value: float) -> str:
    """Information to two digits."""
    return say("bits", bits=f"{value:.2g}")


def work(minutes: float) -> str:
    """A time of work in minutes or hours."""
    if not minutes:
        return say("work.nothing")
    return (
        say("work.minutes", minutes=f"{minutes:g}") if minutes < 90 else say("work.hours", hours=f"{minutes / 60:.3g}")
    )
