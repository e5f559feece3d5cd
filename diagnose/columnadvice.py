"""Remedies over columns: `remedies.advise`, for many cases at once.

The benefit of a remedy depends on the standings of the causes alone, and many rows share them: it is worked out once
for each distinct set of standings. What is left is done for the rows in which the remedy is worth showing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from diagnose.column import Floats, Mask, Numbers, Words, both, either, known, settled, spread, without
from diagnose.program import Open
from diagnose.remedies import (
    BETTER,
    NOTHING_TO_DO,
    RECOMMENDED_FROM,
    SHARE,
    SHOWN_FROM,
    STAGES,
    UNREADY,
    USUAL,
    WORSE,
)
from diagnose.rulebook import Remedy, Rule, RuleBook
from diagnose.scoring import hundredths, probability

if TYPE_CHECKING:
    from diagnose.columns import Judged

NOBODY = -1
Rows = NDArray[np.intp]


@dataclass(frozen=True, eq=False)
class Ranked:
    """The k-th best of each row: place in a sorted list of names, NOBODY where there is none; its key, and a mark."""

    names: NDArray[np.int16]
    keys: NDArray[np.float64]
    marked: NDArray[np.bool_]


class Best:
    """The highest keys of each row; of equal ones that with the lower place goes first.

    Key, place and mark are put into one whole number, which a float holds exactly up to 2^53, so that ranking needs no
    more than the larger and the smaller of two.
    """

    def __init__(self, count: int, most: int, rows: int) -> None:
        self.count = count
        self.packed = [np.full(rows, -np.inf) for _ in range(most)]

    def add(self, place: int, keys: Any, at: Rows | slice = slice(None), marked: Mask = False) -> None:
        """Enter the keys of one name, in some rows."""
        new: Any = (keys * np.float64(self.count) + (self.count - 1 - place)) * 2.0 + marked
        if not isinstance(at, slice):
            # Most names do not come among the best of a row; what they cannot change is left alone.
            enters = np.flatnonzero(new > self.packed[-1][at])
            at, new = at[enters], new if np.ndim(new) == 0 else new[enters]
        for packed in self.packed:
            old = packed[at]
            higher, new = np.maximum(old, new), np.minimum(old, new)
            packed[at] = higher

    def found(self) -> list[Ranked]:
        """The best, the second best, ..."""
        made = []
        for packed in self.packed:
            there = packed > -np.inf
            whole = np.where(there, packed, 0.0)
            rest = np.floor(whole / 2.0)
            keys = np.floor(rest / self.count)
            names = np.where(there, self.count - 1 - (rest - keys * self.count), NOBODY).astype(np.int16)
            made.append(Ranked(names, keys, whole > rest * 2.0))
        return made


class Chances:
    """Probability by total, in hundredths of a deciban."""

    def __init__(self, book: RuleBook) -> None:
        priors = [abs(hundredths(book.scale.priors[cause.prior])) for cause in book.causes.values()]
        self.most = hundredths(book.scale.cap) + max(priors, default=0)
        self.table = np.array([probability(total) for total in range(-self.most, self.most + 1)])

    def of(self, totals: Any) -> Any:
        """Probabilities, as `scoring.probability` gives them."""
        return self.table[totals + self.most]


class _Standings:
    """The distinct sets of standings of the causes in some rows, and the benefit of remedies for each of them."""

    def __init__(self, judged: Judged, rows: Rows, listed: Mapping[str, Mask]) -> None:
        chances = judged.columns.chances
        nothing = 2 * chances.most + 1
        same: dict[str, int] = {}
        varying: dict[str, NDArray[Any]] = {}
        for cause, score in judged.scores.items():
            where = _at(listed[cause], rows)
            if where is False:
                continue
            total: Any = _at(score.total, rows) + chances.most
            if where is not True:
                total = np.where(where, total, nothing)
            if isinstance(total, np.ndarray) and (total != total[0]).any():
                varying[cause] = total
            else:
                same[cause] = int(total if isinstance(total, int) else total[0])
        self.which, first = _distinct(list(varying.values()), len(rows))
        table = np.append(chances.table, 0.0)
        self.chance: dict[str, Floats] = {cause: float(table[total]) for cause, total in same.items()}
        self.chance.update({cause: table[totals[first]] for cause, totals in varying.items()})
        self._kept: dict[tuple[str, str], Floats] = {}

    def benefit(self, remedy: Remedy) -> Floats:
        """`remedies.benefit_of` for each set of standings. A float holds whole numbers of this size exactly."""
        left: Any = 1.0
        for cause, strength in sorted(remedy.treats.items()):
            if cause not in self.chance:
                continue
            if (cause, strength) not in self._kept:
                self._kept[cause, strength] = 1.0 - self.chance[cause] * SHARE[strength]
            left = left * self._kept[cause, strength]
        share: Floats = (1.0 - left) * 1e6
        return float(round(share)) if isinstance(share, float) else np.rint(share)


def _at(values: Any, rows: Rows) -> Any:
    return values[rows] if isinstance(values, np.ndarray) else values


def _distinct(columns: Sequence[NDArray[Any]], rows: int) -> tuple[Rows, Rows]:
    """For each row the number of its set of values, and for each set the first row that has it."""
    if not columns:
        return np.zeros(rows, dtype=np.intp), np.zeros(1, dtype=np.intp)
    draw = np.random.default_rng(0)
    mixed = np.zeros(rows, dtype=np.uint64)
    for column in columns:
        mixed += column.astype(np.uint64) * draw.integers(1, 2**63, dtype=np.uint64)
    _, first, which = np.unique(mixed, return_index=True, return_inverse=True)
    # Different sets hardly ever mix to the same number; should they, every row stands for itself.
    if any((column[first[which]] != column).any() for column in columns):
        return np.arange(rows), np.arange(rows)
    return which, first


class Advice:
    """Fit and standing of every remedy in every row."""

    def __init__(self, judged: Judged) -> None:
        self.judged, self.columns = judged, judged.columns
        self.healthy, self.invalid = judged.where("healthy"), judged.where("invalid_data")
        self.ill = np.flatnonzero(~spread(self.healthy, judged.rows))

    def best(self, most: int) -> list[Ranked]:
        """The best remedies of each row, places in `Columns.remedies`; those that are recommended are marked."""
        best = Best(len(self.columns.remedies), most, self.judged.rows)
        standings = _Standings(self.judged, self.ill, self.judged.ranked) if len(self.ill) else None
        for place, slug in enumerate(self.columns.remedies) if standings else ():
            assert standings is not None
            benefit = standings.benefit(self.columns.book.remedies[slug])
            rows, benefit = self._shown(standings, benefit)
            if len(rows):
                self._enter(best, place, slug, rows, benefit)
        found = best.found()
        if self.healthy is not False and NOTHING_TO_DO in self.columns.remedies:
            rows = np.flatnonzero(spread(self.healthy, self.judged.rows))
            found[0].names[rows] = self.columns.remedies.index(NOTHING_TO_DO)
            found[0].marked[rows] = True
        return found

    def _shown(self, standings: _Standings, benefit: Floats) -> tuple[Rows, Any]:
        """The rows in which a remedy does enough to be shown, and what it does there."""
        if isinstance(benefit, float):
            return (self.ill, benefit) if benefit >= SHOWN_FROM else (self.ill[:0], benefit)
        shown = np.flatnonzero((benefit >= SHOWN_FROM)[standings.which])
        return self.ill[shown], benefit[standings.which[shown]]

    def _enter(self, best: Best, place: int, slug: str, rows: Rows, benefit: Any) -> None:
        out = self._holds(slug, rows, "unfit", "contraindication")
        if out is True:
            return
        if out is not False:
            kept = np.flatnonzero(~out)
            rows, benefit = rows[kept], benefit if isinstance(benefit, float) else benefit[kept]
        doubt = _at(self._doubts(slug), rows)
        better, worse = self._holds(slug, rows, "better"), either(self._holds(slug, rows, "worse"), doubt)
        late = _at(self._unready(slug), rows)
        same, fit = 1.0, benefit
        for mask, percent in ((better, BETTER), (worse, WORSE), (late, UNREADY)):
            if isinstance(mask, bool):
                same *= percent if mask else USUAL
            else:
                fit = fit * np.where(mask, float(percent), float(USUAL))
        fit = fit * same
        best.add(place, fit, rows, without(fit >= RECOMMENDED_FROM, doubt))

    def feared(self, most: int) -> list[Ranked]:
        """The contraindicated remedies of each row that one would reach for first."""
        best = Best(len(self.columns.remedies), most, self.judged.rows)
        possible = {
            cause: either(
                both(self.judged.ranked[cause], self.invalid), without(without(True, score.out), self.invalid)
            )
            for cause, score in self.judged.scores.items()
        }
        standings = _Standings(self.judged, self.ill, possible) if len(self.ill) else None
        for place, slug in enumerate(self.columns.remedies) if standings else ():
            struck = self._holds(slug, self.ill, "contraindication")
            if struck is False:
                continue
            assert standings is not None
            rows, benefit = self._shown(standings, standings.benefit(self.columns.book.remedies[slug]))
            struck = both(self._holds(slug, rows, "contraindication"), without(True, self._holds(slug, rows, "unfit")))
            here = np.flatnonzero(spread(struck, len(rows)))
            if len(here):
                best.add(place, benefit if isinstance(benefit, float) else benefit[here], rows[here])
        return best.found()

    def _holds(self, slug: str, rows: Rows, *kinds: str) -> Mask:
        """Where any rule of some kinds about a remedy holds, in some rows."""
        found: Mask = False
        for rule in self.columns.notes[slug]:
            if rule.kind in kinds:
                found = either(found, _at(self.judged.fired(rule.id), rows))
        return settled(found)

    def _doubts(self, slug: str) -> Mask:
        """Where a contraindication of a remedy is left open by a bound or a range."""
        found: Mask = False
        for rule in self.columns.notes[slug]:
            if rule.kind == "contraindication":
                found = either(found, self._doubt(rule))
        return found

    @cached_property
    def _wide(self) -> frozenset[str]:
        """Facts that are a bound or a range in some row."""
        facts = self.judged.facts.items()
        return frozenset(name for name, each in facts if isinstance(each, Numbers) and each.high is not each.low)

    def _doubt(self, rule: Rule) -> Mask:
        """Where a contraindication is left open by nothing but a bound or a range given with the case."""
        judged = self.judged
        wide: Mask = False
        for name in self._wide.intersection(rule.facts):
            column = judged.facts[name]
            assert isinstance(column, Numbers)
            wide = either(wide, column.low < column.high)
        wide = settled(wide)
        if wide is False:
            return False
        opened: Open = self.columns.opened[rule.id]
        found = settled(both(wide, opened.undecided(judged.run)))
        for name, here in opened.wanted(judged.run, found):
            fact = judged.facts.get(name)
            found = without(found, without(here, False if fact is None else known(fact)))
        return settled(found)

    def _unready(self, slug: str) -> Mask:
        """Where a remedy is not ready for the stage of production."""
        stage = self.judged.fields.get("production_stage")
        if not isinstance(stage, Words):
            return False
        late = STAGES[STAGES.index(self.columns.book.remedies[slug].readiness) + 1 :]
        found: Mask = False
        for code, name in enumerate(stage.words):
            if name in late:
                found = either(found, stage.codes == code)
        return found
