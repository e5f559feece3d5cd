"""Many cases at once: what `diagnose()` says of each, from columns of fields, without going through them one by one.

The third evaluator of the rules, beside the plain interpreter and experta, which it equals bit for bit. `Columns`
is made once for a base, keeps nothing of the cases it has seen but names of materials, and may be shared by threads.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cached_property
from types import MappingProxyType
from typing import get_args

import numpy as np
from numpy.typing import NDArray

from diagnose.column import (
    Column,
    Floats,
    Mask,
    Numbers,
    both,
    either,
    known,
    settled,
    spread,
    without,
)
from diagnose.columnadvice import NOBODY, Advice, Best, Chances, Ranked
from diagnose.columnfacts import ColumnFacts, FactMaker
from diagnose.columnscores import ColumnScore, Evidences
from diagnose.columnwants import Wants
from diagnose.data import Base
from diagnose.diagnosis import WHAT_WAS_JOINED
from diagnose.program import Program, Run, opened
from diagnose.report import Status, Verdict
from diagnose.rulebook import SCORE, Rule

VERDICTS: tuple[Verdict, ...] = get_args(Verdict)
STATUSES: tuple[Status, ...] = get_args(Status)
LEVELS = ("excellent", "acceptable", "poor", "severe")
# glibc gives the memory of every freed array back to the system and asks for it anew, page by page, until it has once
# seen a large one freed; then it keeps up to twice that. Evaluation makes many arrays of middling size.
LARGE_BYTES = 31 << 20


class Columns:
    """The rules and knowledge of a base, made ready for columns."""

    def __init__(self, base: Base) -> None:
        np.empty(LARGE_BYTES, dtype=np.uint8)
        self.base, self.book = base, base.rules
        self.program = Program(base.rules)
        self.facts = FactMaker(base)
        self.evidences = [Evidences(base.rules, cause) for cause in sorted(base.rules.causes)]
        self.causes = tuple(sorted(base.rules.causes))
        self.remedies = tuple(sorted(base.rules.remedies))
        self.limit = round(base.rules.scale.supported_from * 100)
        self.notes: dict[str, list[Rule]] = {slug: [] for slug in self.remedies}
        for rule in base.rules.of("unfit", "contraindication", "better", "worse"):
            self.notes[rule.owner].append(rule)
        self.opened = {
            rule.id: opened(self.program, rule.when) for rule in base.rules.of("gate", "evidence", "contraindication")
        }
        self.chances = Chances(base.rules)

    def evaluate(
        self, fields: Mapping[str, Column], rows: int, drawn: Mapping[str, Column] = MappingProxyType({})
    ) -> Judged:
        """Judge some rows. `fields` holds columns of the fields of a case, each of `rows` rows or one value for all.

        Values must be in the units and within the limits of their fields. `drawn` are columns of facts that would
        otherwise be looked up in the knowledge base.
        """
        with np.errstate(all="ignore"):
            return Judged(self, fields, rows, drawn)


class Judged:
    """What was found for some rows. Each part is worked out when it is first asked for."""

    def __init__(self, columns: Columns, fields: Mapping[str, Column], rows: int, drawn: Mapping[str, Column]) -> None:
        self.columns, self.fields, self.rows = columns, fields, rows
        self.book, self.knowledge = columns.book, columns.base.knowledge
        self.made: ColumnFacts = columns.facts.make(fields, drawn)
        self.facts = self.made.facts
        self.run = Run(columns.program, self.facts)
        self.scores: dict[str, ColumnScore] = {each.cause: each.score(self.run) for each in columns.evidences}
        self._observed: dict[str, Mask] = {}

    # --- rules

    def fired(self, rule: str) -> Mask:
        """Where a rule definitely holds; of a rule about remedies, with the scores of the causes among the facts."""
        if self.book.rules[rule].phase == 2:
            assert self._told
        return self.run.rule(rule)

    def contradictions(self) -> Iterable[tuple[Rule, Mask]]:
        """Pairs of facts that cannot be true together, and where."""
        for rule in self.book.of("contradiction"):
            here = self.run.rule(rule.id)
            if here is not False:
                yield rule, here

    @cached_property
    def _told(self) -> bool:
        """Enter the scores that rules read among the facts; a cause that is ruled out has none."""
        for cause, score in self.scores.items():
            if score.out is True or SCORE + cause not in self.columns.facts.read:
                continue
            total: Floats = score.total / 100
            if score.out is not False:
                total = np.where(score.out, np.nan, total)
            self.facts[SCORE + cause] = Numbers(total, total)
        return True

    # --- verdict and severity

    @cached_property
    def verdicts(self) -> NDArray[np.int8]:
        """Code of the verdict of each row, in VERDICTS."""
        first: dict[str, Mask] = dict.fromkeys(VERDICTS, False)
        decided: Mask = False
        outside: Mask = False
        for rule in self.book.verdicts:
            holds = self.run.rule(f"verdict.{rule.id}")
            if rule.verdict == "outside_scope":
                outside = either(outside, holds)
            else:
                first[rule.verdict] = either(first[rule.verdict], without(holds, decided))
                decided = either(decided, holds)
        ended = either(first["invalid_data"], first["healthy"])
        said = first["faulty"]
        supported: Mask = False
        for score in self.scores.values():
            supported = either(supported, self._supported(score))
        asked = settled(without(without(supported, ended), said))
        faulty = without(both(supported, either(said, self._symptom(asked))), ended)
        outside = without(without(outside, ended), faulty)
        codes = np.full(self.rows, VERDICTS.index("undetermined"), dtype=np.int8)
        parts: dict[Verdict, Mask] = {
            "outside_scope": outside,
            "faulty": faulty,
            "healthy": first["healthy"],
            "invalid_data": first["invalid_data"],
        }
        for name, mask in parts.items():
            codes[spread(mask, self.rows)] = VERDICTS.index(name)
        return codes

    def where(self, verdict: Verdict) -> Mask:
        """Rows with a verdict."""
        mask = self.verdicts == VERDICTS.index(verdict)
        return True if mask.all() else settled(mask)

    def _supported(self, score: ColumnScore) -> Mask:
        return settled(without(both(score.total >= self.columns.limit, score.judged), score.out))

    def _symptom(self, asked: Mask) -> Mask:
        """Where a counted line for a supported cause rests on something observed, not only on what was joined."""
        found: Mask = False
        if asked is False:
            return False
        for score in self.scores.values():
            here = settled(both(self._supported(score), asked))
            if here is False:
                continue
            for rule, (mask, weight) in score.counted.items():
                speaks = settled(both(both(here, mask), weight > 0))
                for name in self.book.rules[rule].facts if speaks is not False else ():
                    found = either(found, both(speaks, self._seen(name)))
        return found

    def _seen(self, name: str) -> Mask:
        """Where a fact is known and rests on an observation."""
        if name not in self._observed:
            about = self.knowledge.vocabulary.get(name)
            column = self.facts.get(name)
            found: Mask = False
            if column is not None and about is not None:
                found = known(column) if about.section != WHAT_WAS_JOINED else False
            elif column is not None:
                for slot in self.made.chosen.get(name, ()):
                    for source, where in slot:
                        found = either(found, both(where, self._seen(source)))
                found = both(found, known(column))
            self._observed[name] = found
        return self._observed[name]

    @cached_property
    def severity(self) -> NDArray[np.int8]:
        """Code of the band of the resistance in LEVELS, -1 where it is not known or lies in several."""
        found = np.full(self.rows, NOBODY, dtype=np.int8)
        resistance = self.fields.get("interfacial_resistance_ohm_cm2")
        band, target = self.facts.get("pairing.acceptable_ohm_cm2"), self.facts.get("target_resistance_ohm_cm2")
        if not isinstance(resistance, Numbers) or not (isinstance(band, Numbers) or isinstance(target, Numbers)):
            return found
        acceptable: Floats = band.high if isinstance(band, Numbers) else float("nan")
        if isinstance(target, Numbers):
            given = known(target)
            acceptable = (
                (target.high if given else acceptable)
                if isinstance(given, bool)
                else np.where(given, target.high, acceptable)
            )
        low, high = resistance.low, resistance.high
        excellent, severe = (self.facts.get(f"pairing.{name}_ohm_cm2") for name in ("excellent", "severe"))
        open_ = both(low == low, acceptable == acceptable)
        bands: list[tuple[str, Mask]] = []
        if isinstance(excellent, Numbers):
            bands.append(("excellent", both(high <= excellent.high, excellent.high <= acceptable)))
        bands += [("acceptable", high <= acceptable), ("", low <= acceptable)]
        if isinstance(severe, Numbers):
            bands += [
                ("poor", without(True, known(severe))),
                ("severe", low > severe.low),
                ("poor", high <= severe.low),
            ]
        else:
            bands.append(("poor", True))
        for name, mask in bands:
            here = both(open_, mask)
            if name:
                found[spread(here, self.rows)] = LEVELS.index(name)
            open_ = without(open_, here)
        return found

    # --- causes

    @cached_property
    def ranked(self) -> dict[str, Mask]:
        """Where each cause stands in the ranking: healthy ends it, invalid data leave the measurement only."""
        healthy, invalid = self.where("healthy"), self.where("invalid_data")
        found: dict[str, Mask] = {}
        for cause, score in self.scores.items():
            here = without(without(score.judged, score.out), healthy)
            if self.book.causes[cause].family != "measurement":
                here = without(here, invalid)
            found[cause] = settled(here)
        return found

    def ranking(self, most: int) -> list[Ranked]:
        """The best causes of each row; names are positions in `Columns.causes`, keys are totals."""
        best = Best(len(self.columns.causes), most, self.rows)
        for place, cause in enumerate(self.columns.causes):
            here, total = self.ranked[cause], self.scores[cause].total
            if here is True:
                best.add(place, total)
            elif here is not False:
                rows = np.flatnonzero(here)
                best.add(place, total if isinstance(total, int) else total[rows], rows)
        return best.found()

    # --- remedies

    def advice(self) -> Advice:
        """Remedies. It is not kept here: it refers to these rows, which would then outlive their use."""
        return Advice(self)

    # --- what to measure

    @cached_property
    def missing(self) -> NDArray[np.int16]:
        """Position in `Case.model_fields` order of the vocabulary of the field most wanted, NOBODY where there is none.

        It is the first field wanted about the first cause; where no cause is ranked, the field that most of the causes
        not judged want first.
        """
        found = np.full(self.rows, NOBODY, dtype=np.int16)
        first = self.ranking(1)[0].names
        for place in np.unique(first).tolist():
            rows = np.flatnonzero(first == place)
            if place != NOBODY:
                found[rows] = Wants(self, rows).first(self.columns.causes[place])
        ended = either(self.where("healthy"), self.where("invalid_data"))
        rows = np.flatnonzero((first == NOBODY) & ~spread(ended, self.rows))
        if len(rows):
            found[rows] = self._most_asked(rows)
        return found

    def _most_asked(self, rows: NDArray[np.intp]) -> NDArray[np.int16]:
        """The field that most causes want first, in rows in which no cause was judged; ties by name."""
        wants = Wants(self, rows)
        names = sorted(self.knowledge.vocabulary)
        place = {name: number for number, name in enumerate(self.knowledge.vocabulary)}
        votes = np.zeros((len(names), len(rows)), dtype=np.int16)
        order = np.array([names.index(name) for name in self.knowledge.vocabulary])
        for cause, score in self.scores.items():
            chosen = wants.first(cause)
            here = np.flatnonzero((chosen != NOBODY) & ~spread(_part(score.out, rows), len(rows)))
            votes[order[chosen[here]], here] += 1
        best = votes.argmax(axis=0)
        found = np.array([place[name] for name in names], dtype=np.int16)[best]
        return np.where(votes.max(axis=0) > 0, found, NOBODY)


def _part(mask: Mask, rows: NDArray[np.intp]) -> Mask:
    return mask if isinstance(mask, bool) else mask[rows]
