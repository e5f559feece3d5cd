"""Why a cause stands where it stands: its case, its contrast with others, and what other facts would make of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any

import numpy as np

from diagnose import interpreter
from diagnose.answers import Answer, answers, described, distance
from diagnose.case import Case
from diagnose.column import spread
from diagnose.condition import Condition, FindingLeaf, describe, leaves
from diagnose.data import Base, load
from diagnose.derived import FORMULAS, Value
from diagnose.diagnosis import diagnose
from diagnose.errors import UsageError, did_you_mean
from diagnose.facts import FactBase, fact_base, fields_behind, show
from diagnose.guidance import (
    Alternative,
    Change,
    Contrast,
    Difference,
    Link,
    Matters,
    Moved,
    Silent,
    Standing,
    WhatIf,
    Why,
    WhyLine,
    WhyNot,
)
from diagnose.quantity import Measured, Span, with_unit
from diagnose.report import CauseResult, Report
from diagnose.scoring import weight
from diagnose.shelf import shelf
from diagnose.spelling import spelt
from diagnose.variants import Seen, Variants, fields_of

FIRST, MOST_SILENT, LEAST_MOVE = 3, 5, 0.005
# Decibans below which two causes stand level.
TIED = 0.05
# What was joined is no answer that could be a slip of the pen, so no smallest change is looked for there.
IDENTITY = ("electrolyte_family", "electrode_role", "electrode_form", "cell_type", "production_stage")
# Places at which the way from an answer to one that changes the first cause is searched, twice.
PLACES = 64


class Explanation:
    """Everything that can be asked about the diagnosis of one case. Parts are worked out when they are asked for."""

    def __init__(self, case: Case | Mapping[str, Any], base: Base | None = None) -> None:
        """Raises CaseError as `diagnose` does."""
        self.case = case if isinstance(case, Case) else Case.model_validate(case)
        self.base = base or load()
        self.report: Report = diagnose(self.case, base=self.base)
        self.rules, self.knowledge, self.texts = self.base.rules, self.base.knowledge, self.base.knowledge.texts

    @cached_property
    def _found(self) -> FactBase:
        return fact_base(self.case, self.knowledge)

    @cached_property
    def _outcome(self) -> interpreter.Outcome:
        return interpreter.infer(self.rules, self._found.facts)

    @cached_property
    def fields(self) -> dict[str, Value]:
        """The known fields of the case."""
        return fields_of(self.case)

    def _ranked(self, cause: str) -> CauseResult | None:
        if cause not in self.rules.causes:
            raise UsageError(f"there is no cause {cause!r}. {did_you_mean(cause, self.rules.causes)}".strip())
        return next((each for each in self.report.causes if each.cause == cause), None)

    # --- why

    def why(self, cause: str) -> Why:
        """The case for and against a cause, down to facts and sources. Raises UsageError for one that is not ranked."""
        found = self._ranked(cause)
        if found is None:
            raise UsageError(f"{cause} is not ranked here. Ask why not.")
        item = self.rules.causes[cause]
        lines = [
            WhyLine(
                contribution=each,
                condition=describe(self.rules.rules[each.rule].when),
                links=tuple(self._links(self.rules.rules[each.rule].when)),
            )
            for each in found.contributions
        ]
        return Why(
            cause=cause,
            title=found.title,
            mechanism=item.mechanism,
            rank=found.rank,
            probability=found.probability,
            prior=found.prior,
            clipped=found.clipped,
            log_odds=found.log_odds,
            lines=tuple(lines),
            sources=shelf(self.base).cite(item.sources),
        )

    def _links(self, condition: Condition) -> Iterator[Link]:
        """The known facts and findings that a condition reads, each once."""
        seen = set()
        for leaf in leaves(condition):
            if leaf.name not in seen:
                seen.add(leaf.name)
                link = self._finding(leaf.name) if isinstance(leaf, FindingLeaf) else self._fact(leaf.name)
                if link is not None:
                    yield link

    def _finding(self, name: str) -> Link | None:
        truth = self._outcome.findings[name]
        if truth is None:
            return None
        item, rule = self.rules.findings[name], self.rules.rules[f"finding.{name}"]
        return Link(
            name=name,
            says=item.says,
            value=show(truth, self.texts),
            origin="finding",
            sources=shelf(self.base).cite(item.sources),
            inputs=tuple(self._links(rule.when)),
        )

    def _fact(self, name: str) -> Link | None:
        if name not in self._found.facts:
            return None
        origin = self._found.origins[name]
        if name in FORMULAS:
            formula = FORMULAS[name]
            says, source = self.texts(f"{name}.says"), (formula.source, formula.grade)
        else:
            field = self.knowledge.vocabulary.get(name)
            says = field.question if field is not None else self.knowledge.properties[name].note
            source = (origin.ref, origin.grade)
        inputs = (self._fact(each) for each in origin.inputs)
        return Link(
            name=name,
            says=says,
            value=show(self._found.facts[name], self.texts),
            origin=origin.kind,
            sources=(shelf(self.base).citation(*source),) if source[0] else (),
            inputs=tuple(each for each in inputs if each is not None),
        )

    # --- why not

    def why_not(self, cause: str) -> WhyNot:
        """What keeps a cause from standing higher: a gate, the verdict, evidence against it, rules that stay silent."""
        found = self._ranked(cause)
        out = next((each.reason for each in self.report.ruled_out if each.cause == cause), "")
        ended = ""
        if found is None and not out and self.report.verdict in ("healthy", "invalid_data"):
            ended = " ".join(self.report.because)
        missing: list[Silent] = []
        failed: list[Silent] = []
        for size, rule in self._heaviest(cause):
            if rule.id in self._outcome.fired or size <= 0:
                continue
            undecided = rule.id in self._outcome.unknown
            needs: tuple[str, ...] = ()
            if undecided:
                facts = interpreter.deciding(self.rules, rule.when, self._found.facts, self._outcome.findings)
                known = self._found.facts
                fields = (name for fact in facts for name in fields_behind(fact, known, self.knowledge.vocabulary))
                needs = tuple(dict.fromkeys(fields))
            silent = Silent(
                rule=rule.id,
                decibans=size / 100,
                because=rule.item.because,
                condition=describe(rule.when),
                needs=needs,
            )
            (missing if undecided else failed).append(silent)
        against = tuple(each for each in found.contributions if each.counted and each.decibans < 0) if found else ()
        title = self.rules.causes[cause].title
        key, values = "silent", {"cause": title}
        if out:
            key, values = "ruled_out", {"cause": title, "reason": out}
        elif ended:
            key, values = "ended", {"cause": title, "reason": ended}
        elif found is not None and found.rank == 1:
            key = "first"
        elif against:
            key, values = "against", {"cause": title, "because": against[0].because}
        elif missing:
            key, values = "missing", {"cause": title, "field": missing[0].needs[0] if missing[0].needs else ""}
        return WhyNot(
            cause=cause,
            title=title,
            rank=found.rank if found else None,
            probability=found.probability if found else None,
            ruled_out=out,
            ended=ended,
            against=against,
            missing=tuple(missing[:MOST_SILENT]),
            failed=tuple(failed[:MOST_SILENT]),
            says=self.texts(f"ui.why_not.{key}", **values),
        )

    def _heaviest(self, cause: str) -> list[tuple[int, Any]]:
        """Rules about a cause by the weight they have or, as a curve, could have, in hundredths of a deciban."""
        scale = self.rules.scale
        found = []
        for rule in self.rules.of("evidence"):
            if rule.owner == cause:
                curve = rule.item.curve
                size = (
                    weight(rule.item, scale, {})
                    if curve is None
                    else round(max(y for _, y in curve.points) * 100 * scale.confidence[rule.item.confidence])
                )
                found.append((size, rule))
        return sorted(found, key=lambda each: (-each[0], each[1].id))

    # --- contrast

    def contrast(self, first: str | None = None, second: str | None = None) -> Contrast | None:
        """Why one cause stands before another: by default the first before the second. None with fewer than two."""
        named = [self._ranked(name) if name else None for name in (first, second)]
        for name, each in zip((first, second), named, strict=True):
            if name and each is None:
                raise UsageError(f"{name} is not ranked here. Ask why not.")
        others = [each for each in self.report.causes if each not in named]
        one = named[0] or (others.pop(0) if others else None)
        other = named[1] or (others.pop(0) if others else None)
        if one is None or other is None:
            return None
        lines = [(each, each.decibans) for each in one.contributions if each.counted]
        lines += [(each, -each.decibans) for each in other.contributions if each.counted]
        lines.sort(key=lambda pair: (-abs(pair[1]), pair[0].rule))
        gap = round(one.log_odds - other.log_odds, 2)
        main = next((line for line, size in lines if size > 0), None)
        tied = abs(gap) < TIED
        about = "own" if main is not None and main in one.contributions else "other"
        says = self.texts(
            f"ui.contrast.{'tied' if tied else 'level' if main is None else about}",
            first=one.title,
            second=other.title,
            decibans=f"{gap:.1f}",
            because=main.because if main else "",
        )
        return Contrast(
            first=_standing(one),
            second=_standing(other),
            decibans=gap,
            prior=round(one.prior - other.prior, 2),
            clipped=round(one.clipped - other.clipped, 2),
            differences=tuple(
                Difference(decibans=size, rule=line.rule, because=line.because) for line, size in lines if size
            ),
            says=says,
        )

    # --- other facts

    def matters(self, field: str) -> Matters:
        """What the first causes would be for the other values of a field. Raises UsageError for no field."""
        vocabulary = self.knowledge.vocabulary
        if field not in vocabulary:
            raise UsageError(f"there is no field {field!r}. {did_you_mean(field, vocabulary)}".strip())
        given = self.fields.get(field)
        found = list(answers(self.base).of[field])
        variants: list[dict[str, Value]] = [{}, {field: None}, *({field: each.value} for each in found)]
        seen = Variants(self.base, self.fields, variants)
        told = []
        if given is not None:
            told.append(self._alternative(seen, 0, self._given(field), now=True))
        told.append(self._alternative(seen, 1, self.texts("ui.value.unknown"), now=given is None))
        possible = [row for row in range(2, seen.count) if seen.possible[row] and not _lacks(seen, row)]
        for rows in seen.alike(possible, ordered=vocabulary[field].kind in ("number", "integer")):
            words = described([found[row - 2] for row in rows], vocabulary[field], self.texts)
            told.append(self._alternative(seen, rows[0], words, now=False))
        firsts = {each.first[0].cause if each.first else each.verdict for each in told}
        key = "nothing" if len(firsts) == 1 else "much"
        return Matters(
            field=field,
            question=vocabulary[field].question,
            answers=tuple(told),
            says=self.texts(f"ui.matters.{key}", field=field, count=len(firsts)),
        )

    def _alternative(self, seen: Seen, row: int, words: str, now: bool) -> Alternative:
        return Alternative(answer=words, now=now, verdict=seen.verdict(row), first=seen.leading(row, FIRST))

    def _given(self, field: str) -> str:
        value = getattr(self.case, field)
        if not isinstance(value, Measured):
            return show(value, self.texts)
        named = any(letter.isalpha() for letter in value.text)
        return value.text if named else with_unit(value.text, self.knowledge.vocabulary[field].unit)

    def what_if(self, changes: Mapping[str, Any]) -> WhatIf:
        """What changes when fields are set to other values or, with None, dropped: a fresh diagnosis beside this one.

        Raises CaseError for values that cannot be.
        """
        told = {name: spelt(each, name, self.base) for name, each in changes.items()}
        fields = {name: each for name, each in {**self.case.known(), **told}.items() if each is not None}
        other = diagnose(fields, base=self.base)
        before = {each.cause: each for each in self.report.causes}
        after = {each.cause: each for each in other.causes}
        moved = []
        for cause in dict.fromkeys([*after, *before]):
            one = before[cause].probability if cause in before else None
            two = after[cause].probability if cause in after else None
            if abs((one or 0.0) - (two or 0.0)) >= LEAST_MOVE:
                moved.append(Moved(cause=cause, title=self.rules.causes[cause].title, before=one, after=two))
        words = tuple(f"{name}: {'?' if each is None else each}" for name, each in changes.items())
        first = [report.causes[0].title if report.causes else "" for report in (self.report, other)]
        if first[0] == first[1]:
            key = "same" if first[0] else "never"
        else:
            key = "none" if not first[1] else "other" if first[0] else "begun"
        return WhatIf(
            changes=words,
            verdict_before=self.report.verdict,
            verdict_after=other.verdict,
            moved=tuple(sorted(moved, key=lambda each: (-abs((each.after or 0) - (each.before or 0)), each.cause))),
            notes=tuple(each for each in other.notes if each not in self.report.notes),
            says=self.texts(f"ui.what_if.{key}", before=first[0], after=first[1]),
        )

    def change(self) -> Change | None:
        """The smallest single change of an answer given that would put another cause first; None when there is none.

        Figures are compared by their distance as a share of the usual range, from the nearer end of one that is given
        as a range; a word that becomes another counts 1, and of several the nearest in the list of choices is told.
        A change that leaves no cause ranked is told only when none puts another cause first.
        """
        vocabulary = self.knowledge.vocabulary
        tried: list[tuple[str, Answer]] = []
        for name in self.fields:
            if vocabulary[name].kind != "material" and name not in IDENTITY:
                tried += [(name, each) for each in answers(self.base).of[name] if not self._given_already(name, each)]
        seen = Variants(self.base, self.fields, [{}, *({name: each.value} for name, each in tried)])
        best: tuple[tuple[bool, float, int, str], Value] | None = None
        for row, (name, each) in enumerate(tried, 1):
            if seen.possible[row] and seen.first[row] != seen.first[0]:
                part, value = self._nearest(name, each.value, int(seen.first[0]))
                order = (bool(seen.first[row] < 0), part, self._steps(name, each.value), name)
                if best is None or order < best[0]:
                    best = (order, value)
        if best is None:
            return None
        (_, part, _, name), value = best
        final = Variants(self.base, self.fields, [{name: value}])
        instead = show(value, self.texts)
        if isinstance(value, Span):
            instead = with_unit(f"{value.low:.4g}", vocabulary[name].unit)
        first = next(iter(final.leading(0, 1)), None)
        says = self.texts(
            "ui.change.first" if first else "ui.change.none",
            field=name,
            given=self._given(name),
            instead=instead,
            cause=first.title if first else "",
        )
        return Change(
            field=name,
            given=self._given(name),
            instead=instead,
            first=first,
            verdict=final.verdict(0),
            part=round(part, 4),
            says=says,
        )

    def _given_already(self, name: str, answer: Answer) -> bool:
        """Whether a figure lies within the range or bound that is given."""
        given, value = self.fields[name], answer.value
        return isinstance(given, Span) and isinstance(value, Span) and given.low <= value.low <= given.high

    def _steps(self, name: str, value: Value) -> int:
        """How many places apart in the list of choices a word and the one given are; 0 for anything else."""
        choices = self.knowledge.vocabulary[name].of
        places = [choices.index(str(each)) for each in (self.fields[name], value) if each in choices]
        return max(places) - min(places) if places else 0

    def _nearest(self, name: str, value: Value, first: int) -> tuple[float, Value]:
        """The figure nearest to the one given that still changes the first cause, searched on the way to one that does.

        It is rounded to three places, away from the one given where that is needed.
        """
        given, usual = self.fields[name], self.knowledge.vocabulary[name].usual
        if not isinstance(value, Span) or not isinstance(given, Span) or usual is None:
            return 1.0, value
        start = min(max(value.low, given.low), given.high)
        low, high = 0.0, 1.0
        whole = self.knowledge.vocabulary[name].kind == "integer"
        for _ in range(2):
            parts = np.linspace(low, high, PLACES + 1)
            points = [start + float(part) * (value.low - start) for part in parts]
            points = [float(round(each)) if whole else each for each in points]
            seen = Variants(self.base, self.fields, [{name: Span(each, each)} for each in points])
            flips = (seen.first != first) & seen.possible
            place = int(np.argmax(flips))
            if not flips[place] or place == 0:
                break
            low, high = float(parts[place - 1]), float(parts[place])
        point = start + high * (value.low - start)
        point = self._rounded(name, float(round(point)) if whole else point, value.low, first)
        return distance(start, point, usual), Span(point, point)

    def _rounded(self, name: str, point: float, beyond: float, first: int) -> float:
        """A figure with few places near `point` that still changes the first cause."""
        for places in (3, 4, 5):
            near = float(f"{point:.{places}g}")
            step = 10.0 ** (np.floor(np.log10(abs(point))) - places + 1) if point else 0.0
            tried = [near, near + step, near - step]
            tried = [each for each in tried if min(point, beyond) <= each <= max(point, beyond)]
            if tried:
                seen = Variants(self.base, self.fields, [{name: Span(each, each)} for each in tried])
                for each, flip in zip(tried, (seen.first != first) & seen.possible, strict=True):
                    if flip:
                        return each
        return point


def _lacks(seen: Seen, row: int) -> bool:
    """Whether a variant has lost what no case can do without: the family of its electrolyte."""
    return bool(spread(seen.judged.made.unknown_family, seen.count)[row])


def _standing(cause: CauseResult) -> Standing:
    return Standing(cause=cause.cause, title=cause.title, probability=cause.probability)
