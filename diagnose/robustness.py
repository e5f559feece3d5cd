"""How firm a ranking is: many draws of what is uncertain in the case, in the knowledge and in the weights of the rules.

Drawn are figures with a stated uncertainty (normal, cut at the limits of the field), ranges (uniform, or log-uniform
where the ends lie far apart), intervals of material and pairing properties (the same), and the weight of each rule
(normal around itself, with the spread of the confidence it is held with). Bounds such as "<10" stay what they are: an
interval that conditions treat as unknown where it straddles a limit. All are drawn independently.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from diagnose.case import Case
from diagnose.column import Column, Numbers, spread, word
from diagnose.columns import Judged
from diagnose.columnscores import column_weight
from diagnose.data import Base
from diagnose.facts import fact_base
from diagnose.guidance import Draws, Robustness
from diagnose.quantity import Measured, Span
from diagnose.rulebook import Rule
from diagnose.scoring import hundredths
from diagnose.variants import NOWHERE, Seen, Variants, evaluator, fields_of

DRAWS, SEED = 1000, 0
# Ratio of the ends of a range from which it is drawn evenly in its logarithm, and how many causes are told.
WIDE, SHOWN = 10.0, 3
# A cause is told when it is among the first ones in this share of the draws.
LEAST_SHARE = 0.05
LOW, HIGH = 5.0, 95.0
# Shares that are nearer to each other are told as equal; ranges are told to so many places.
CLOSE, ROUNDED = 0.1, 5e-5
LOOKED_UP = ("material", "family", "pairing")

Floats = NDArray[np.float64]


def robustness(case: Case, base: Base, draws: int = DRAWS, seed: int = SEED) -> Robustness:
    """The share of draws in which each cause is first, and the range of its probability; the same for the same seed.

    Raises CaseError for a case that cannot be diagnosed, ValueError for fewer than one draw.
    """
    if draws < 1:
        raise ValueError("needs at least one draw")
    generator = np.random.Generator(np.random.PCG64(seed))
    columns, knowledge = evaluator(base), base.knowledge
    found = fact_base(case, knowledge)
    fields: dict[str, Column] = {}
    varied: list[str] = []
    for name, value in sorted(case.known().items()):
        if isinstance(value, Measured):
            limits = knowledge.vocabulary[name].limits
            column = fields[name] = _drawn(value, limits, draws, generator)
            if not isinstance(column.low, float):
                varied.append(name)
        else:
            fields[name] = word(value)
    drawn: dict[str, Column] = {}
    for name, value in sorted(found.facts.items()):
        looked_up = found.origins[name].kind in LOOKED_UP and name in columns.facts.read
        if looked_up and isinstance(value, Span) and value.low < value.high and all(map(math.isfinite, value)):
            drawn[name] = _points(_between(value, draws, generator))
    seen = Seen(columns, columns.evaluate(fields, draws, drawn))
    totals = np.where(seen.ranked, _weighed(base, seen.judged, generator), NOWHERE)
    chances = 1.0 / (1.0 + 10.0 ** (-totals / 1000.0))
    ranked = seen.ranked.any(axis=1)
    order = np.argsort(-totals, axis=1, kind="stable")
    first = np.where(ranked, order[:, 0], -1)
    among = np.zeros(totals.shape, dtype=bool)
    np.put_along_axis(among, order[:, :SHOWN], True, axis=1)
    told = np.flatnonzero((among & seen.ranked).mean(axis=0) >= LEAST_SHARE)
    rows = []
    for place in told.tolist():
        low, median, high = np.percentile(chances[:, place], (LOW, 50.0, HIGH)).tolist()
        cause = seen.causes[place]
        rows.append(
            Draws(
                cause=cause,
                title=base.rules.causes[cause].title,
                first=float(np.mean(first == place)),
                low=round(low, 4),
                median=round(median, 4),
                high=round(high, 4),
            )
        )
    rows.sort(key=lambda row: (-row.first, -row.median, row.cause))
    return Robustness(
        draws=draws,
        seed=seed,
        nothing_first=float(np.mean(~ranked)),
        causes=tuple(rows),
        varied=tuple(varied),
        looked_up=tuple(drawn),
        says=_says(base, rows, varied, float(np.mean(~ranked)), _outside(case, base, rows)),
    )


def _outside(case: Case, base: Base, rows: list[Draws]) -> list[str]:
    """Titles of the causes whose probability in the ranking is not within the range that was drawn."""
    now = Variants(base, fields_of(case), [{}])
    chances = dict(zip(now.causes, np.where(now.ranked[0], now.probabilities[0], 0.0).tolist(), strict=True))
    return [row.title for row in rows if not row.low - ROUNDED <= chances[row.cause] <= row.high + ROUNDED]


def _says(base: Base, rows: list[Draws], varied: list[str], nothing: float, outside: list[str]) -> str:
    texts = base.knowledge.texts
    if not rows or nothing > max(row.first for row in rows):
        return texts("ui.robustness.nothing", share=f"{100 * nothing:.0f}")
    shares = [f"{100 * row.first:.0f}" for row in rows]
    if len(rows) > 1 and rows[0].first - rows[1].first < CLOSE:
        close = {"cause": rows[0].title, "share": shares[0], "other": rows[1].title, "less": shares[1]}
        said = texts("ui.robustness.close", **close)
    else:
        said = texts("ui.robustness.first", cause=rows[0].title, share=shares[0])
    said = said if varied else f"{said} {texts('ui.robustness.no_uncertainty')}"
    return f"{said} {texts('ui.robustness.outside', causes=', '.join(outside))}" if outside else said


def _drawn(value: Measured, limits: tuple[float, float], draws: int, generator: np.random.Generator) -> Numbers:
    """A figure of the case in every draw."""
    if value.value is not None and value.sigma > 0:
        made = value.value + value.sigma * generator.standard_normal(draws)
        return _points(np.clip(made, *limits))
    if value.value is None and all(limits[0] < end < limits[1] for end in value.span):
        return _points(_between(value.span, draws, generator))
    return Numbers(value.low, value.high)


def _points(values: Floats) -> Numbers:
    return Numbers(values, values)


def _between(span: Span, draws: int, generator: np.random.Generator) -> Floats:
    part = generator.random(draws)
    if span.low > 0 and span.high / span.low >= WIDE:
        made: Floats = span.low * (span.high / span.low) ** part
        return made
    return span.low + (span.high - span.low) * part


def _weighed(base: Base, judged: Judged, generator: np.random.Generator) -> Floats:
    """Log-odds of each cause in each draw, in hundredths of a deciban, with the weights drawn too. Shape (draws, m).

    As in `diagnose.scoring`, of each group the strongest line counts; equal ones that are opposed need not cancel here.
    """
    scale, rows = base.rules.scale, judged.rows
    cap = hundredths(scale.cap)
    made = np.empty((rows, len(judged.scores)))
    for place, evidences in enumerate(judged.columns.evidences):
        groups: dict[str, Floats] = {}
        for rule in _fired(base, judged, evidences.cause):
            size = np.asarray(column_weight(rule.item, base.rules, judged.facts), dtype=np.float64)
            share = 1.0 + scale.spread[rule.item.confidence] * generator.standard_normal(rows)
            mine = np.where(spread(judged.run.rule(rule.id), rows), size * np.maximum(share, 0.0), 0.0)
            best = groups.get(rule.item.group)
            groups[rule.item.group] = mine if best is None else np.where(np.abs(mine) > np.abs(best), mine, best)
        evidence = np.zeros(rows)
        for each in groups.values():
            evidence += each
        made[:, place] = evidences.prior + np.clip(evidence, -cap, cap)
    return made


def _fired(base: Base, judged: Judged, cause: str) -> Iterator[Rule]:
    """The rules about a cause that fire in some draw, by id."""
    for rule in base.rules.of("evidence"):
        if rule.owner == cause and judged.run.rule(rule.id) is not False:
            yield rule
