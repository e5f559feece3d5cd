"""The plain interpreter: the specification of inference, and the source of "unknown for want of".

It evaluates every rule by Kleene's three-valued logic. What experta fires and what the columns compute must equal what
this module says; only this module can also say which rules stay undecided and which facts would decide them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from diagnose.condition import Condition, FindingLeaf, Leaf, Truth, Value, evaluate, wanted
from diagnose.rulebook import RuleBook


@dataclass(frozen=True)
class Outcome:
    """Rules that are true, truth of each finding, and for each undecided rule the facts that could decide it."""

    fired: tuple[str, ...]
    findings: Mapping[str, Truth]
    unknown: Mapping[str, tuple[str, ...]]


def infer(
    book: RuleBook, facts: Mapping[str, Value], phase: int = 1, findings: Mapping[str, Truth] | None = None
) -> Outcome:
    """Evaluate all rules of one phase. Phase 2 needs the findings of phase 1 and the scores among the facts."""
    known: dict[str, Truth] = dict(findings or {})
    if phase == 1:
        for name in book.findings:
            known[name] = evaluate(book.rules[f"finding.{name}"].when, facts, known)
    fired = []
    unknown: dict[str, tuple[str, ...]] = {}
    for rule in book.rules.values():
        if rule.phase != phase:
            continue
        outcome = evaluate(rule.when, facts, known)
        if outcome:
            fired.append(rule.id)
        elif outcome is None:
            unknown[rule.id] = tuple(dict.fromkeys(_facts_wanted(book, rule.when, facts, known)))
    return Outcome(tuple(fired), known, unknown)


def _facts_wanted(
    book: RuleBook, condition: Condition, facts: Mapping[str, Value], findings: Mapping[str, Truth]
) -> Iterator[str]:
    """Names of the facts behind the undecided leaves, through findings down to facts."""
    for leaf in wanted(condition, facts, findings):
        if isinstance(leaf, Leaf):
            yield leaf.name
        elif isinstance(leaf, FindingLeaf):
            yield from _facts_wanted(book, book.rules[f"finding.{leaf.name}"].when, facts, findings)
