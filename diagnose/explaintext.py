"""Explanations as plain text of a width in characters."""

from __future__ import annotations

from collections.abc import Iterable

from diagnose.guidance import (
    Change,
    Contrast,
    Link,
    Matters,
    Question,
    Silent,
    Standing,
    TestOffer,
    WhatIf,
    Why,
    WhyNot,
)
from diagnose.guidancetext import offer_line, question_line
from diagnose.page import Page
from diagnose.render import decibans, source, verdict
from diagnose.texts import Texts

DEEP = 14
Found = Why | WhyNot | Matters | WhatIf | Contrast | Change | tuple[Question, ...] | tuple[TestOffer, ...] | None


def explanation_text(found: Found, texts: Texts, width: int = 100) -> str:
    """Whatever was asked about a diagnosis, as text."""
    if isinstance(found, Why):
        return why_text(found, texts, width)
    if isinstance(found, WhyNot):
        return why_not_text(found, texts, width)
    if isinstance(found, Matters):
        return matters_text(found, texts, width)
    if isinstance(found, WhatIf):
        return what_if_text(found, texts, width)
    if isinstance(found, Contrast):
        return contrast_text(found, texts, width)
    page = Page(width, texts)
    if isinstance(found, tuple) and found:
        _listed(page, found)
    else:
        page.add(found.says if isinstance(found, Change) else texts("ui.explain.nothing"))
    return page.text()


def why_text(why: Why, texts: Texts, width: int = 100) -> str:
    """The case for and against a cause, with the chain of facts below each line."""
    page = Page(width, texts)
    page.add(f"{texts('ui.report.why', title=why.title)} ({why.cause})")
    page.add(why.mechanism, "  ")
    page.add(f"{decibans(why.prior):>10}  {texts('ui.report.before_evidence')}", "  ")
    for line in why.lines:
        each = line.contribution
        words = f"{each.because} [{source(each.sources, texts)}]"
        if not each.counted:
            words = texts("ui.report.screened_by", because=words, rule=each.screened_by)
            page.add(f"({decibans(each.decibans)})  {words}", "  ", " " * DEEP)
        else:
            page.add(f"{decibans(each.decibans):>10}  {words}", "  ", " " * DEEP)
        page.add(f"{each.rule}: {line.condition}", " " * DEEP, " " * (DEEP + 2))
        for link in line.links:
            _chain(page, link, DEEP + 2)
    if why.clipped:
        page.add(f"{decibans(why.clipped):>10}  {texts('ui.report.beyond_cap')}", "  ")
    total = texts("ui.report.in_all", probability=f"{why.probability:.2f}")
    page.add(f"{decibans(why.log_odds):>10}  {total}", "  ")
    return page.text()


def _chain(page: Page, link: Link, depth: int) -> None:
    texts = page.texts
    origin = "" if link.origin == "given" else f" ({texts(f'ui.origin.{link.origin}')})"
    known = f" [{source(link.sources, texts)}]" if link.sources else ""
    page.add(f"{link.name} = {link.value}{origin}: {link.says}{known}", " " * depth, " " * (depth + 2))
    for each in link.inputs:
        _chain(page, each, depth + 2)


def why_not_text(found: WhyNot, texts: Texts, width: int = 100) -> str:
    """What keeps a cause from standing higher."""
    page = Page(width, texts)
    page.add(found.says)
    for line in found.against:
        page.add(f"{decibans(line.decibans):>10}  {line.because} [{source(line.sources, texts)}]", "  ", " " * DEEP)
    for key, silent in (("missing", found.missing), ("failed", found.failed)):
        if silent:
            page.head(texts(f"ui.why_not.head.{key}"))
        for each in silent:
            page.add(f"{decibans(each.decibans):>10}  {_silent(each, texts)}", "  ", " " * DEEP)
    return page.text()


def _silent(rule: Silent, texts: Texts) -> str:
    if rule.needs:
        return texts("ui.why_not.needs", because=rule.because, fields=", ".join(rule.needs))
    return texts("ui.why_not.not_so", because=rule.because, condition=rule.condition)


def matters_text(found: Matters, texts: Texts, width: int = 100) -> str:
    """What the first causes would be for each value of a field."""
    page = Page(width, texts)
    page.add(f"{found.question} ({found.field})")
    page.add(found.says)
    for each in found.answers:
        first = ", ".join(map(standing, each.first)) or verdict(each.verdict, texts)
        page.add(f"{'*' if each.now else ' '} {each.answer}: {first}", "  ", "      ")
    page.add(texts("ui.matters.star"), "  ")
    return page.text()


def standing(each: Standing) -> str:
    """A cause with its probability."""
    return f"{each.title} {each.probability:.2f}"


def what_if_text(found: WhatIf, texts: Texts, width: int = 100) -> str:
    """What a change of facts moves."""
    page = Page(width, texts)
    page.add(found.says)
    if found.verdict_before != found.verdict_after:
        before, after = (verdict(each, texts) for each in (found.verdict_before, found.verdict_after))
        page.add(texts("ui.what_if.verdict", before=before, after=after))
    for each in found.moved:
        before, after = ("   -" if chance is None else f"{chance:.2f}" for chance in (each.before, each.after))
        page.add(f"{before:>4} -> {after:>4}  {each.title}", "  ", " " * DEEP)
    if not found.moved:
        page.add(texts("ui.what_if.unmoved"), "  ")
    for note in found.notes:
        page.add(note)
    return page.text()


def contrast_text(found: Contrast, texts: Texts, width: int = 100) -> str:
    """Why one cause stands before another."""
    page = Page(width, texts)
    page.add(found.says)
    page.add(f"{decibans(found.prior):>10}  {texts('ui.report.before_evidence')}", "  ")
    for each in found.differences:
        page.add(f"{decibans(each.decibans):>10}  {each.because} ({each.rule})", "  ", " " * DEEP)
    if found.clipped:
        page.add(f"{decibans(found.clipped):>10}  {texts('ui.report.beyond_cap')}", "  ")
    page.add(f"{decibans(found.decibans):>10}  {texts('ui.contrast.in_all')}", "  ")
    return page.text()


def _listed(page: Page, found: Iterable[Question | TestOffer]) -> None:
    for place, each in enumerate(found, 1):
        line = question_line(each, page.texts) if isinstance(each, Question) else offer_line(each, page.texts)
        page.after(f"{place}. ", line.says)
        page.items(line.inner, "   ")
