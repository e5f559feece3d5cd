"""The arithmetic of evidence, in whole hundredths of a deciban, so that no order of adding can change a score.

log-odds of a cause = prior + for each group the contribution of largest size + what the cap takes away. Where two
of the largest size speak against each other both count, and cancel, so that no name decides.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import pairwise

from diagnose.condition import Value
from diagnose.quantity import Span
from diagnose.rulebook import Curve, Evidence, RuleBook, Scale


@dataclass(frozen=True)
class Line:
    """One fired rule about a cause. `screened_by` names the stronger rule of its group, if there is one."""

    rule: str
    weight: int
    group: str
    screened_by: str | None


@dataclass(frozen=True)
class Score:
    """Standing of a cause: total = prior + counted weights + clipped, all in hundredths of a deciban."""

    cause: str
    prior: int
    lines: tuple[Line, ...]
    clipped: int
    total: int

    @property
    def probability(self) -> float:
        """Probability of the cause, rounded to six places."""
        return probability(self.total)


def hundredths(decibans: float) -> int:
    """Decibans as whole hundredths, half to even."""
    return round(decibans * 100)


def millionths(share: float) -> int:
    """A share as whole millionths, half to even: what Python and numpy both round alike."""
    return round(share * 1e6)


def probability(total: int) -> float:
    """Logistic of log-odds given in hundredths of a deciban, rounded to six places."""
    odds: float = 10.0 ** (-total / 1000.0)
    return millionths(1.0 / (1.0 + odds)) / 1e6


def weight(item: Evidence, scale: Scale, facts: Mapping[str, Value]) -> int:
    """Weight of a fired rule: + for its cause, - against it. A curve over an interval gives its smallest sure size."""
    trust = scale.confidence[item.confidence]
    if item.for_ is not None:
        return hundredths(scale.weights[item.for_] * trust)
    if item.against is not None:
        return -hundredths(scale.weights[item.against] * trust)
    assert item.curve is not None
    span = facts.get(item.curve.over)
    return _certain(item.curve, span, trust) if isinstance(span, Span) else 0


def _certain(curve: Curve, span: Span, trust: float) -> int:
    inside = [x for x, _ in curve.points if span.low < x < span.high]
    values = [hundredths(on_curve(curve, x) * trust) for x in (span.low, *inside, span.high)]
    if min(values) <= 0 <= max(values):
        return 0
    return min(values, key=abs)


def on_curve(curve: Curve, x: float) -> float:
    points = curve.points
    if x <= points[0][0]:
        return points[0][1]
    for (x0, y0), (x1, y1) in pairwise(points):
        if x <= x1:
            return y0 + (y1 - y0) * ((x - x0) / (x1 - x0))
    return points[-1][1]


def score(book: RuleBook, cause: str, fired: Iterable[str], facts: Mapping[str, Value]) -> Score:
    """Score of one cause from the ids of the fired rules."""
    weights: dict[str, tuple[int, str]] = {}
    for name in fired:
        rule = book.rules[name]
        if rule.kind == "evidence" and rule.owner == cause:
            weights[name] = (weight(rule.item, book.scale, facts), rule.item.group)
    ordered = sorted(weights.items(), key=lambda each: (-abs(each[1][0]), each[0]))
    strongest: dict[str, str] = {}
    opposed: dict[str, str] = {}
    for name, (size, group) in ordered:
        first = strongest.setdefault(group, name)
        if size == -weights[first][0] != 0:
            opposed.setdefault(group, name)
    lines = tuple(
        Line(name, size, group, None if name in (strongest[group], opposed.get(group)) else strongest[group])
        for name, (size, group) in ordered
    )
    evidence = sum(line.weight for line in lines if line.screened_by is None)
    cap = hundredths(book.scale.cap)
    clipped = max(-cap, min(cap, evidence)) - evidence
    prior = hundredths(book.scale.priors[book.causes[cause].prior])
    return Score(cause, prior, lines, clipped, prior + evidence + clipped)


def ranking(book: RuleBook, fired: Iterable[str], facts: Mapping[str, Value]) -> tuple[Score, ...]:
    """Scores of all causes that are not ruled out, best first; ties by name."""
    names = tuple(fired)
    out = {book.rules[name].owner for name in names if book.rules[name].kind == "gate"}
    scores = [score(book, cause, names, facts) for cause in book.causes if cause not in out]
    return tuple(sorted(scores, key=lambda each: (-each.total, each.cause)))
