"""A consultation as plain text or as Markdown: what was found, how firm it is, what to find out, the plan."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import get_args

from diagnose.case import Case
from diagnose.casefile import State
from diagnose.consultation import Consultation
from diagnose.guidancetext import guidance_markdown, guidance_text
from diagnose.page import Page
from diagnose.plantext import plan_markdown, plan_text
from diagnose.render import closing, markdown, opening
from diagnose.texts import Texts


def consultation_text(found: Consultation, texts: Texts, width: int = 100) -> str:
    """A consultation as plain text of a width in characters."""
    first, last = Page(width, texts), Page(width, texts)
    opening(first, found.report)
    closing(last, found.report)
    parts = [first.text(), guidance_text(found.guidance, width, texts), plan_text(found.guidance.plan, width, texts)]
    if found.asked:
        page = Page(width, texts)
        page.add(texts("ui.asked.head"))
        for line in what_was_asked(found.asked, texts):
            page.add(line, "  ", "    ")
        parts.append(page.text())
    return "\n".join(part for part in [*parts, last.text()] if part.strip())


def consultation_markdown(found: Consultation, texts: Texts) -> str:
    """A consultation as Markdown."""
    plan = tuple(plan_markdown(found.guidance.plan, texts))
    parts = [markdown(found.report, texts, plan), guidance_markdown(found.guidance, texts)]
    if found.asked:
        lines = "".join(f"- {line}\n" for line in what_was_asked(found.asked, texts))
        parts.append(f"## {texts('ui.asked.head')}\n\n{lines}")
    return "\n".join(parts)


def what_was_asked(asked: Mapping[str, str], texts: Texts) -> Iterator[str]:
    """What came of asking: answered, unknown and not applicable are told apart, and from what was never asked."""
    for kind in get_args(State):
        key = kind.replace(" ", "_")
        names = [name for name, state in asked.items() if state == kind]
        if names:
            yield f"{texts(f'ui.asked.{key}')}: {', '.join(names)}"
    yield texts("ui.asked.not_asked", count=len(Case.model_fields) - len(asked))
