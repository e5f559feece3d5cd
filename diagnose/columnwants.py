"""What to measure, over columns: the report's `wanted`, for many cases at once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from diagnose.column import Column, Mask, known, settled, spread, taken, without
from diagnose.columnadvice import NOBODY
from diagnose.derived import FORMULAS
from diagnose.diagnosis import MOST_WANTED
from diagnose.program import Run
from diagnose.shelf import shelf

if TYPE_CHECKING:
    from diagnose.columns import Judged


class _Some(Mapping[str, Column]):
    """Some rows of the facts, taken out when they are read."""

    def __init__(self, facts: Mapping[str, Column], rows: NDArray[np.intp]) -> None:
        self.all, self.rows = facts, rows
        self._taken: dict[str, Column] = {}

    def __getitem__(self, name: str) -> Column:
        if name not in self._taken:
            self._taken[name] = taken(self.all[name], self.rows)
        return self._taken[name]

    def __iter__(self) -> Any:
        return iter(self.all)

    def __len__(self) -> int:
        return len(self.all)


class Wants:
    """Fields that would decide most about a cause, in some rows; see the report's `wanted`."""

    def __init__(self, judged: Judged, rows: NDArray[np.intp]) -> None:
        self.columns, self.count = judged.columns, len(rows)
        self.facts = _Some(judged.facts, rows)
        self.run = Run(judged.columns.program, self.facts)
        self.fields = judged.knowledge.vocabulary
        self.places = {name: place for place, name in enumerate(self.fields)}
        self.stakes = shelf(judged.columns.base).stakes

    def first(self, cause: str) -> NDArray[np.int16]:
        """Position in the vocabulary of the field wanted first, NOBODY where there is none."""
        stakes: dict[str, NDArray[np.int64]] = {}
        several = np.zeros(self.count, dtype=np.int16)
        for size, rules in self.stakes.get(cause, ()):
            among = settled(several < MOST_WANTED)
            if among is False:
                break
            for rule in rules:
                for fact, here in self.columns.opened[rule.id].wanted(self.run, among):
                    for name, where in self._fields(fact, here):
                        old = stakes.setdefault(name, np.zeros(self.count, dtype=np.int64))
                        fresh = spread(where, self.count) & (old == 0)
                        old[fresh] = size + 1
                        several += fresh
        return self._choose(stakes)

    def _choose(self, stakes: Mapping[str, NDArray[np.int64]]) -> NDArray[np.int16]:
        found = np.full(self.count, NOBODY, dtype=np.int16)
        for destructive in (False, True):
            best = np.zeros(self.count, dtype=np.int64)
            free = found == NOBODY
            names = [name for name in stakes if self.fields[name].destructive is destructive]
            for name in sorted(names, key=lambda each: (self.fields[each].effort_min, each)):
                better = free & (stakes[name] > best)
                best[better] = stakes[name][better]
                found[better] = self.places[name]
        return found

    def _fields(self, fact: str, here: Mask) -> Iterable[tuple[str, Mask]]:
        """The fields of a case that could make an unknown fact known, and in which rows."""
        if fact in self.fields:
            yield fact, here
        elif fact in FORMULAS:
            for slot in FORMULAS[fact].slots:
                empty = here
                for name in slot:
                    empty = without(empty, self._known(name))
                empty = settled(empty)
                if empty is not False:
                    yield from self._fields(slot[0], empty)
        else:
            owner = fact.split(".")[0]
            if owner in self.fields:
                empty = settled(without(here, self._known(owner)))
                if empty is not False:
                    yield owner, empty

    def _known(self, name: str) -> Mask:
        return known(self.facts[name]) if name in self.facts else False
