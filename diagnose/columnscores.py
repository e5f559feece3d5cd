"""Scores of the causes over columns: `diagnose.scoring`, for many cases at once, in the same whole numbers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby, pairwise
from typing import Any

import numpy as np

from diagnose.column import Column, Floats, Ints, Mask, Numbers, both, either, settled, without
from diagnose.program import Run
from diagnose.rulebook import Curve, Evidence, Rule, RuleBook
from diagnose.scoring import hundredths, on_curve, weight


@dataclass(frozen=True, eq=False)
class ColumnScore:
    """Standing of a cause in each row: total in hundredths of a deciban, where any rule fired, where it is ruled out.

    `counted` gives for each rule that counts somewhere its rows and its weight.
    """

    cause: str
    total: Ints
    judged: Mask
    out: Mask
    counted: Mapping[str, tuple[Mask, Ints]]


class Evidences:
    """The evidence of one cause, sorted once: groups, and in a group the strongest rules first, ties by id."""

    def __init__(self, book: RuleBook, cause: str) -> None:
        self.book, self.cause, self.cap = book, cause, hundredths(book.scale.cap)
        self.prior = hundredths(book.scale.priors[book.causes[cause].prior])
        rules = [rule for rule in book.of("evidence") if rule.owner == cause]
        self.fixed: list[list[tuple[str, int]]] = []
        self.curved: list[list[Rule]] = []
        for group in dict.fromkeys(rule.item.group for rule in rules):
            mine = [rule for rule in rules if rule.item.group == group]
            if any(rule.item.curve for rule in mine):
                self.curved.append(sorted(mine, key=lambda rule: rule.id))
            else:
                weights = [(rule.id, weight(rule.item, book.scale, {})) for rule in mine]
                self.fixed.append(sorted(weights, key=lambda each: (-abs(each[1]), each[0])))
        self.gates = [rule.id for rule in book.of("gate") if rule.owner == cause]

    def score(self, run: Run) -> ColumnScore:
        """The score of the cause in every row."""
        judged: Mask = False
        counted: dict[str, tuple[Mask, Ints]] = {}
        same, varying = 0, None
        for rule, fired, mask, size in self._lines(run):
            judged = either(judged, fired)
            if mask is False:
                continue
            counted[rule] = (mask, size)
            if mask is True and isinstance(size, int):
                same += size
            else:
                part = size if mask is True else mask * (np.int32(size) if isinstance(size, int) else size)
                varying = part if varying is None else varying + part
        total: Ints
        if varying is None:
            total = self.prior + max(-self.cap, min(self.cap, same))
        else:
            total = np.clip(varying + np.int32(same), -self.cap, self.cap) + np.int32(self.prior)
        out: Mask = False
        for gate in self.gates:
            out = either(out, run.rule(gate))
        return ColumnScore(self.cause, total, judged, out, counted)

    def _lines(self, run: Run) -> Iterator[tuple[str, Mask, Mask, Ints]]:
        """Every rule that fires somewhere: where it fires, where it counts, and its weight."""
        for group in self.fixed:
            beaten: Mask = False
            for _, level in groupby(group, key=lambda each: abs(each[1])):
                seen: dict[bool, Mask] = {True: False, False: False}
                for rule, size in level:
                    fired = run.rule(rule)
                    if fired is False:
                        continue
                    speaks = size >= 0
                    yield rule, fired, settled(without(without(fired, beaten), seen[speaks])), size
                    seen[speaks] = either(seen[speaks], fired)
                beaten = either(beaten, either(seen[True], seen[False]))
                if beaten is True:
                    break
        for rules in self.curved:
            yield from self._compared(run, rules)

    def _compared(self, run: Run, rules: list[Rule]) -> Iterator[tuple[str, Mask, Mask, Ints]]:
        """The same where weights differ from row to row, so that each rule is compared with each other one."""
        sizes: dict[str, Any] = {rule.id: column_weight(rule.item, self.book, run.facts) for rule in rules}
        fired = {rule.id: run.rule(rule.id) for rule in rules}
        for rule, mine in sizes.items():
            if fired[rule] is False:
                continue
            beaten: Mask = False
            for other, size in sizes.items():
                if other != rule:
                    stronger: Mask = abs(size) > abs(mine)
                    wins = either(stronger, size == mine) if other < rule else stronger
                    beaten = either(beaten, both(fired[other], wins))
            yield rule, fired[rule], settled(without(fired[rule], beaten)), mine


def column_weight(item: Evidence, book: RuleBook, facts: Mapping[str, Column]) -> Ints:
    """`scoring.weight` in every row."""
    if item.curve is None:
        return weight(item, book.scale, {})
    column = facts.get(item.curve.over)
    if not isinstance(column, Numbers):
        return 0
    trust = book.scale.confidence[item.confidence]
    low = high = _on_curve(item.curve, column.low, trust)
    if column.high is not column.low:
        end = _on_curve(item.curve, column.high, trust)
        low, high = np.minimum(low, end), np.maximum(high, end)
        for x, _ in item.curve.points:
            inside = both(column.low < x, x < column.high)
            if inside is not False:
                there = hundredths(on_curve(item.curve, x) * trust)
                low = np.where(inside, np.minimum(low, there), low)
                high = np.where(inside, np.maximum(high, there), high)
    made = np.where(low > 0, low, np.where(high < 0, high, 0))
    return int(made) if made.ndim == 0 else made.astype(np.int32)


def _on_curve(curve: Curve, x: Floats, trust: float) -> Any:
    """Hundredths of a deciban at x; 0 where x is unknown."""
    if isinstance(x, float):
        return 0 if x != x else hundredths(on_curve(curve, x) * trust)
    points = curve.points
    made = np.full(len(x), points[-1][1])
    for (x0, y0), (x1, y1) in reversed(list(pairwise(points))):
        made = np.where(x <= x1, y0 + (y1 - y0) * ((x - x0) / (x1 - x0)), made)
    made = np.where(x <= points[0][0], points[0][1], made)
    return np.where(x == x, np.rint(made * trust * 100), 0).astype(np.int64)
