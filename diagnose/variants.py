"""What would be said of a case if some of its facts were others: many variants at once, by the column evaluator."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from diagnose.case import as_fact
from diagnose.column import Column, Numbers, Words, packed, spread
from diagnose.columns import VERDICTS, Columns, Judged
from diagnose.data import Base
from diagnose.derived import Value
from diagnose.guidance import Standing
from diagnose.quantity import Span
from diagnose.report import Verdict

if TYPE_CHECKING:
    from diagnose.case import Case

Fields = Mapping[str, Value]
# Out, and ended by a verdict, in hundredths of a deciban.
NOWHERE, ENDED = -np.inf, -2000.0


@lru_cache(maxsize=4)
def evaluator(base: Base) -> Columns:
    """The column evaluator of a base."""
    return Columns(base)


def fields_of(case: Case) -> dict[str, Value]:
    """The known fields of a case as facts: figures as intervals."""
    return {name: as_fact(value) for name, value in case.known().items()}


class Seen:
    """Some cases, judged. Shapes: n cases, m causes in the order of `causes`."""

    def __init__(self, columns: Columns, judged: Judged) -> None:
        self.columns, self.judged, self.causes, self.count = columns, judged, columns.causes, judged.rows

    @cached_property
    def possible(self) -> NDArray[np.bool_]:
        """Shape (n,): where no two facts contradict each other."""
        made = np.ones(self.count, dtype=bool)
        for _, here in self.judged.contradictions():
            made &= ~spread(here, self.count)
        return made

    @cached_property
    def totals(self) -> NDArray[np.float64]:
        """Shape (n, m): log-odds in hundredths of a deciban; minus infinity where a cause is out.

        A cause is out where a gate or the verdict says so. One that no rule has judged yet stands at its prior.
        """
        return self._with(NOWHERE)

    @cached_property
    def evidence(self) -> NDArray[np.float64]:
        """Shape (n, m): the same, but what a verdict ends is only made unlikely: one more fact may undo it."""
        return self._with(ENDED)

    @cached_property
    def plain(self) -> NDArray[np.float64]:
        """Shape (n, m): the same as if there were no verdict."""
        made = np.empty((self.count, len(self.causes)))
        for place, cause in enumerate(self.causes):
            score = self.judged.scores[cause]
            made[:, place] = score.total
            made[spread(score.out, self.count), place] = NOWHERE
        return made

    @cached_property
    def ended(self) -> NDArray[np.bool_]:
        """Shape (n, m): where the verdict leaves a cause out of the ranking."""
        families = [self.columns.book.causes[cause].family for cause in self.causes]
        others = np.array([family != "measurement" for family in families])
        made: NDArray[np.bool_] = self.has("healthy")[:, None] | (self.has("invalid_data")[:, None] & others)
        return made

    def _with(self, ended: float) -> NDArray[np.float64]:
        made: NDArray[np.float64] = self.plain.copy()
        made[self.ended] += ended
        return made

    @cached_property
    def ranked(self) -> NDArray[np.bool_]:
        """Shape (n, m): where a cause stands in the ranking."""
        return np.stack([spread(self.judged.ranked[cause], self.count) for cause in self.causes], axis=1)

    @cached_property
    def first(self) -> NDArray[np.intp]:
        """Shape (n,): position of the first cause of each variant, -1 where none is ranked; ties by name."""
        totals = np.where(self.ranked, self.totals, NOWHERE)
        return np.where(self.ranked.any(axis=1), totals.argmax(axis=1), -1)

    @cached_property
    def probabilities(self) -> NDArray[np.float64]:
        """Shape (n, m): probability of each cause; 0 where it is out."""
        made: NDArray[np.float64] = 1.0 / (1.0 + 10.0 ** (-self.totals / 1000.0))
        return made

    def leading(self, row: int, most: int) -> tuple[Standing, ...]:
        """The first causes of one case as they are ranked; ties by name."""
        places = np.flatnonzero(self.ranked[row]).tolist()
        best = sorted(places, key=lambda place: (-self.totals[row, place], self.causes[place]))[:most]
        return tuple(
            Standing(
                cause=self.causes[place],
                title=self.columns.book.causes[self.causes[place]].title,
                probability=round(float(self.probabilities[row, place]), 6),
            )
            for place in best
        )

    def alike(self, rows: Iterable[int], ordered: bool) -> list[list[int]]:
        """Rows in which everything comes to the same, by the first of each; if ordered, only neighbours together."""
        kinds: dict[bytes, list[list[int]]] = {}
        for row in rows:
            runs = kinds.setdefault(self.totals[row].tobytes(), [])
            if runs and (not ordered or runs[-1][-1] == row - 1):
                runs[-1].append(row)
            else:
                runs.append([row])
        return sorted((run for runs in kinds.values() for run in runs), key=lambda run: run[0])

    def verdict(self, row: int) -> Verdict:
        """The verdict of one case."""
        return VERDICTS[int(self.judged.verdicts[row])]

    def has(self, verdict: Verdict) -> NDArray[np.bool_]:
        """Shape (n,): where a verdict was reached."""
        made: NDArray[np.bool_] = self.judged.verdicts == VERDICTS.index(verdict)
        return made


class Variants(Seen):
    """Variants of one case."""

    def __init__(self, base: Base, fields: Fields, variants: Sequence[Fields]) -> None:
        """`variants` change or, with None, drop fields."""
        columns = evaluator(base)
        super().__init__(columns, columns.evaluate(_columns(base, fields, variants), len(variants)))


@dataclass
class _Words:
    """Words of one field, by code."""

    codes: dict[tuple[type, str | bool], int]

    def code(self, word: Any) -> int:
        return self.codes.setdefault((type(word), word), len(self.codes))


def _columns(base: Base, fields: Fields, variants: Sequence[Fields]) -> dict[str, Column]:
    touched: dict[str, list[tuple[int, Value]]] = {}
    for row, variant in enumerate(variants):
        for name, value in variant.items():
            touched.setdefault(name, []).append((row, value))
    made: dict[str, Column] = {}
    for name in dict.fromkeys([*fields, *touched]):
        kind = base.knowledge.vocabulary[name].kind
        own, rows = fields.get(name), touched.get(name, ())
        if kind in ("number", "integer"):
            made[name] = _numbers(own, rows, len(variants))
        else:
            words = _Words({})
            codes = np.full(len(variants), -1 if own is None else words.code(own), dtype=np.int32)
            for row, value in rows:
                codes[row] = -1 if value is None else words.code(value)
            made[name] = packed(Words(codes, tuple(word for _, word in words.codes)))
    return made


def _numbers(own: Value, rows: Sequence[tuple[int, Value]], count: int) -> Column:
    low, high = np.full(count, np.nan), np.full(count, np.nan)
    if isinstance(own, Span):
        low[:], high[:] = own.low, own.high
    for row, value in rows:
        low[row], high[row] = (value.low, value.high) if isinstance(value, Span) else (np.nan, np.nan)
    points = bool(((low == high) | np.isnan(low)).all())
    return packed(Numbers(low, low if points else high))
