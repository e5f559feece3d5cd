"""The trace from each statement of the troubleshooting guide to what encodes it; docs/guide.md is written from it."""

from __future__ import annotations

from collections.abc import Iterator

from diagnose.data import Base

HEAD = """# The guide, statement by statement

This file is generated from `knowledge/guide.yaml` and the `guide:` tags of rules and knowledge. A statement that
nothing encodes fails the tests. Write it anew with

    diagnose rules guide > docs/guide.md
"""


def encodings(base: Base) -> dict[str, list[str]]:
    """For each statement of the guide, what carries its tag."""
    found: dict[str, list[str]] = {name: [] for name in base.knowledge.guide}
    for name, what in _tagged(base):
        found[name].append(what)
    for name, statement in base.knowledge.guide.items():
        found[name] += [pin for pin in statement.pins if pin not in found[name]]
    return found


def _tagged(base: Base) -> Iterator[tuple[str, str]]:
    rules, knowledge = base.rules, base.knowledge
    for slug, cause in rules.causes.items():
        yield from ((tag, f"cause `{slug}`") for tag in cause.guide)
        yield from ((tag, f"rule `{slug}.{item.id}`") for item in cause.evidence for tag in item.guide)
    for name, finding in rules.findings.items():
        yield from ((tag, f"finding `{name}`") for tag in finding.guide)
    for verdict in rules.verdicts:
        yield from ((tag, f"verdict `{verdict.id}`") for tag in verdict.guide)
    for slug, remedy in rules.remedies.items():
        yield from ((tag, f"remedy `{slug}`") for tag in remedy.guide)
    tagged = (("test", knowledge.tests), ("protocol step", knowledge.protocol), ("standard", knowledge.standards))
    for kind, items in tagged:
        for item in items.values():
            yield from ((tag, f"{kind} `{item.id}`") for tag in item.guide)


def uncovered(base: Base) -> list[str]:
    """Statements that nothing encodes."""
    return [name for name, what in encodings(base).items() if not what]


def render(base: Base) -> str:
    """The text of docs/guide.md."""
    lines = [HEAD]
    found = encodings(base)
    section = ""
    for name, statement in base.knowledge.guide.items():
        if statement.section != section:
            section = statement.section
            lines.append(f"## {section}\n")
        correction = f" *{statement.correction}*" if statement.correction else ""
        lines.append(f"**{name}** {statement.text}{correction}\n")
        lines.append("Encoded by " + ", ".join(found[name]) + ".\n")
    return "\n".join(lines)
