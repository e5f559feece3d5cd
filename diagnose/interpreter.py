"""The plain interpreter: the specification of inference, and the source of "unknown for want of".

It evaluates every rule by Kleene's three-valued logic. What experta fires and what the columns compute must equal what
this module says; only this module can also say which rules stay undecided and which facts would decide them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from diagnose.condition import Condition, Leaf, Truth, Value, wanted
from diagnose.rulebook import RuleBook


@dataclass(frozen=True)
class Outcome:
    """Rules that are true, rules that stay undecided, and the truth of each finding."""

    fired: tuple[str, ...]
    unknown: tuple[str, ...]
    findings: Mapping[str, Truth]


def infer(
    book: RuleBook, facts: Mapping[str, Value], phase: int = 1, findings: Mapping[str, Truth] | None = None
) -> Outcome:
    """Evaluate all rules of one phase. Phase 2 needs the findings of phase 1 and the scores among the facts."""
    known: dict[str, Truth] = dict(findings or {})
    if phase == 1:
        for name in book.findings:
            known[name] = book.rules[f"finding.{name}"].test(facts, known)
    fired, unknown = [], []
    for rule in book.rules.values():
        if rule.phase == phase:
            outcome = rule.test(facts, known)
            if outcome:
                fired.append(rule.id)
            elif outcome is None:
                unknown.append(rule.id)
    return Outcome(tuple(fired), tuple(unknown), known)


def deciding(
    book: RuleBook, condition: Condition, facts: Mapping[str, Value], findings: Mapping[str, Truth]
) -> tuple[str, ...]:
    """Names of the facts for want of which a condition stays undecided, through findings down to facts."""
    found: dict[str, None] = {}
    seen: set[str] = set()
    waiting = [condition]
    while waiting:
        for leaf in wanted(waiting.pop(0), facts, findings):
            if isinstance(leaf, Leaf):
                found[leaf.name] = None
            elif leaf.name not in seen:
                seen.add(leaf.name)
                waiting.append(book.rules[f"finding.{leaf.name}"].when)
    return tuple(found)
