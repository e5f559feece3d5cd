"""Many cases at once: what `diagnose()` says of each, from columns of fields, without going through them one by one.

The third evaluator of the rules, beside the plain interpreter and experta, which it equals bit for bit. `Columns`
is made once for a base, keeps nothing of the cases it has seen but names of materials, and may be shared by threads.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, get_args

import numpy as np
from numpy.typing import NDArray

from diagnose.column import (
    Column,
    Floats,
    Ints,
    Mask,
    Numbers,
    Words,
    both,
    either,
    known,
    settled,
    spread,
    taken,
    without,
)
from diagnose.columnfacts import ColumnFacts, FactMaker
from diagnose.columnscores import ColumnScore, Evidences
from diagnose.data import Base
from diagnose.diagnosis import FORMULAS, MOST_WANTED, WHAT_WAS_JOINED
from diagnose.program import Program, Run, opened
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
from diagnose.report import Status, Verdict
from diagnose.rulebook import SCORE, Remedy, Rule
from diagnose.scoring import hundredths, probability
from diagnose.shelf import shelf

VERDICTS: tuple[Verdict, ...] = get_args(Verdict)
STATUSES: tuple[Status, ...] = get_args(Status)
LEVELS = ("excellent", "acceptable", "poor", "severe")
NOBODY = -1


class Columns:
    """The rules and knowledge of a base, made ready for columns."""

    def __init__(self, base: Base) -> None:
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
        highest = hundredths(base.rules.scale.cap) + max(abs(each.prior) for each in self.evidences)
        self.lowest = -highest
        self.chances = np.array([probability(total) for total in range(-highest, highest + 1)])

    def evaluate(self, fields: Mapping[str, Column], rows: int) -> Judged:
        """Judge some rows. `fields` holds columns of the fields of a case, each of `rows` rows or one value for all.

        Values must be in the units and within the limits of their fields.
        """
        with np.errstate(all="ignore"):
            return Judged(self, fields, rows)

    def chance(self, total: Ints) -> Floats:
        """Probability of a total."""
        found = self.chances[total - self.lowest]
        return float(found) if isinstance(total, int) else found


@dataclass(frozen=True, eq=False)
class Ranked:
    """The k-th best of each row: place in a sorted list of names, NOBODY where there is none; its key, and a mark."""

    names: NDArray[np.int16]
    keys: NDArray[np.float64]
    marked: NDArray[np.bool_]


class Judged:
    """What was found for some rows. Each part is worked out when it is first asked for."""

    def __init__(self, columns: Columns, fields: Mapping[str, Column], rows: int) -> None:
        self.columns, self.fields, self.rows = columns, fields, rows
        self.book, self.knowledge = columns.book, columns.base.knowledge
        self.made: ColumnFacts = columns.facts.make(fields)
        self.facts = self.made.facts
        self.run = Run(columns.program, self.facts)
        self.scores: dict[str, ColumnScore] = {each.cause: each.score(self.run) for each in columns.evidences}
        self._observed: dict[str, Mask] = {}

    # --- rules

    def fired(self, rule: str) -> Mask:
        """Where a rule definitely holds; of a rule about remedies, with the scores of the causes among the facts."""
        if self.book.rules[rule].phase == 2:
            self._tell_scores()
        return self.run.rule(rule)

    def contradictions(self) -> Iterable[tuple[Rule, Mask]]:
        """Pairs of facts that cannot be true together, and where."""
        for rule in self.book.of("contradiction"):
            here = self.run.rule(rule.id)
            if here is not False:
                yield rule, here

    @cached_property
    def _told(self) -> bool:
        for cause, score in self.scores.items():
            total: Floats = score.total / 100
            if score.out is True:
                continue
            if score.out is not False:
                total = np.where(score.out, np.nan, total)
            self.facts[SCORE + cause] = Numbers(total, total)
        return True

    def _tell_scores(self) -> None:
        assert self._told

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

    def _is(self, verdict: Verdict) -> Mask:
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
        healthy, invalid = self._is("healthy"), self._is("invalid_data")
        found: dict[str, Mask] = {}
        for cause, score in self.scores.items():
            here = without(without(score.judged, score.out), healthy)
            if self.book.causes[cause].family != "measurement":
                here = without(here, invalid)
            found[cause] = settled(here)
        return found

    def ranking(self, most: int) -> list[Ranked]:
        """The best causes of each row; names are positions in `Columns.causes`, keys are totals."""
        causes = self.columns.causes
        listed = ((place, self.scores[cause].total, self.ranked[cause], False) for place, cause in enumerate(causes))
        return _best(listed, len(causes), most, self.rows)

    # --- remedies

    @cached_property
    def advice(self) -> _Advice:
        """Fit and standing of every remedy in every row."""
        self._tell_scores()
        return _Advice(self)

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
                found[rows] = _Wants(self, rows).first(self.columns.causes[place])
        ended = either(self._is("healthy"), self._is("invalid_data"))
        rows = np.flatnonzero((first == NOBODY) & ~spread(ended, self.rows))
        if len(rows):
            found[rows] = self._most_asked(rows)
        return found

    def _most_asked(self, rows: NDArray[np.intp]) -> NDArray[np.int16]:
        """The field that most causes want first, in rows in which no cause was judged; ties by name."""
        wants = _Wants(self, rows)
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


Listed = tuple[int, Any, Mask, Mask]


def _best(listed: Iterable[Listed], count: int, most: int, rows: int) -> list[Ranked]:
    """The highest keys of each row; of equal ones the first listed goes first.

    Key, place and mark are put into one whole number, which a float holds exactly up to 2^53, so that ranking needs no
    more than the larger and the smaller of two.
    """
    best = [np.full(rows, -np.inf) for _ in range(most)]
    for place, keys, mask, marked in listed:
        if mask is False:
            continue
        new: Any = (keys * np.float64(count) + (count - 1 - place)) * 2.0 + marked
        new = np.full(rows, new) if np.ndim(new) == 0 else new
        if mask is not True:
            new[~mask] = -np.inf
        for number, old in enumerate(best):
            best[number] = np.maximum(old, new)
            new = np.minimum(old, new, out=old)
    found = []
    for packed in best:
        there = packed > -np.inf
        whole = np.where(there, packed, 0.0)
        rest = np.floor(whole / 2.0)
        keys = np.floor(rest / count)
        names = np.where(there, count - 1 - (rest - keys * count), NOBODY).astype(np.int16)
        found.append(Ranked(names, keys, whole > rest * 2.0))
    return found


class _Advice:
    """Remedies over columns; see `remedies.advise`."""

    def __init__(self, judged: Judged) -> None:
        self.judged, self.columns, self.rows = judged, judged.columns, judged.rows
        self.healthy = judged._is("healthy")
        self.invalid = judged._is("invalid_data")
        self._kept: dict[tuple[str, str, bool], Floats] = {}
        self._chances: dict[tuple[str, bool], Floats] = {}
        self.fits: list[Listed] = []
        self.struck: list[Listed] = []
        for place, slug in enumerate(self.columns.remedies):
            self._judge(place, slug)

    def _judge(self, place: int, slug: str) -> None:
        remedy = self.columns.book.remedies[slug]
        holds: dict[str, Mask] = {"unfit": False, "contraindication": False, "better": False, "worse": False}
        doubt: Mask = False
        for rule in self.columns.notes[slug]:
            here = self.judged.run.rule(rule.id)
            holds[rule.kind] = either(holds[rule.kind], here)
            if rule.kind == "contraindication":
                doubt = either(doubt, self._doubt(rule))
        shown = without(without(True, holds["unfit"]), self.healthy)
        struck = settled(both(shown, holds["contraindication"]))
        usable = settled(without(shown, struck))
        if struck is not False:
            fear = self._benefit(remedy, True)
            self.struck.append((place, fear, settled(both(struck, fear >= SHOWN_FROM)), False))
        if usable is False:
            return
        benefit = self._benefit(remedy, False)
        usable = settled(both(usable, benefit >= SHOWN_FROM))
        if usable is False:
            return
        percents = (holds["better"], BETTER), (either(holds["worse"], doubt), WORSE), (self._unready(remedy), UNREADY)
        same, fit = 1, benefit
        for mask, percent in percents:
            if isinstance(mask, bool):
                same *= percent if mask else USUAL
            else:
                fit = fit * np.where(mask, float(percent), float(USUAL))
        fit = fit * float(same)
        self.fits.append((place, fit, usable, without(fit >= RECOMMENDED_FROM, doubt)))

    def _doubt(self, rule: Rule) -> Mask:
        """Where a contraindication is left open by nothing but a bound or a range given with the case."""
        judged = self.judged
        wide: Mask = False
        for name in rule.facts:
            column = judged.facts.get(name)
            if isinstance(column, Numbers) and column.high is not column.low:
                wide = either(wide, column.low < column.high)
        wide = settled(wide)
        if wide is False:
            return False
        opened = self.columns.opened[rule.id]
        found = settled(both(wide, opened.undecided(judged.run)))
        for name, here in opened.wanted(judged.run, found):
            column = judged.facts.get(name)
            found = without(found, without(here, False if column is None else known(column)))
        return settled(found)

    def _unready(self, remedy: Remedy) -> Mask:
        stage = self.judged.fields.get("production_stage")
        if not isinstance(stage, Words):
            return False
        late = STAGES[STAGES.index(remedy.readiness) + 1 :]
        hits = [code for code, name in enumerate(stage.words) if name in late]
        found: Mask = False
        for code in hits:
            found = either(found, stage.codes == code)
        return found

    def _chance(self, cause: str, feared: bool) -> Floats:
        """Probability of a cause in each row, 0 where it is not listed. Feared is also what no rule speaks about."""
        key = (cause, feared)
        if key not in self._chances:
            score = self.judged.scores.get(cause)
            listed: Mask = False
            if score is not None:
                listed = self.judged.ranked[cause]
                if feared:
                    listed = either(both(listed, self.invalid), without(without(True, score.out), self.invalid))
            chance: Floats = 0.0
            if score is not None and listed is not False:
                chance = self.columns.chance(score.total)
                if listed is not True:
                    chance = np.where(listed, chance, 0.0)
            self._chances[key] = chance
        return self._chances[key]

    def _benefit(self, remedy: Remedy, feared: bool) -> Floats:
        """`remedies.benefit_of` in each row. A float holds whole numbers of this size exactly."""
        left: Any = 1.0
        for cause, strength in sorted(remedy.treats.items()):
            key = (cause, strength, feared)
            if key not in self._kept:
                self._kept[key] = 1.0 - self._chance(cause, feared) * SHARE[strength]
            kept = self._kept[key]
            if not isinstance(kept, float) or kept != 1.0:
                left = left * kept
        if isinstance(left, float):
            return float(round((1.0 - left) * 1e6))
        share: NDArray[np.float64] = np.subtract(1.0, left)
        share *= 1e6
        np.rint(share, out=share)
        return share

    def best(self, most: int) -> list[Ranked]:
        """The best remedies of each row, places in `Columns.remedies`; those that are recommended are marked."""
        found = _best(self.fits, len(self.columns.remedies), most, self.rows)
        if self.healthy is not False and NOTHING_TO_DO in self.columns.remedies:
            rows = spread(self.healthy, self.rows)
            found[0].names[rows] = self.columns.remedies.index(NOTHING_TO_DO)
            found[0].marked[rows] = True
        return found

    def feared(self, most: int) -> list[Ranked]:
        """The contraindicated remedies of each row that one would reach for first."""
        return _best(self.struck, len(self.columns.remedies), most, self.rows)


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


class _Wants:
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
