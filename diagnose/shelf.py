"""Parts of a report that depend on the rule book and the knowledge alone, made once and shared by every report."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

from diagnose.data import Base
from diagnose.report import Citation, Effect, Reason, Wanted
from diagnose.rulebook import Remedy, Rule
from diagnose.scoring import hundredths, weight


class Shelf:
    """Ready-made parts for one base. It never holds more than there are rules, references, fields and weights."""

    def __init__(self, base: Base) -> None:
        self.base = base
        self._citations: dict[tuple[str, str], Citation] = {}
        self._cited: dict[int, tuple[Citation, ...]] = {}
        self._reasons: dict[str, Reason] = {}
        self._effects: dict[str, tuple[Effect, ...]] = {}
        self._wanted: dict[tuple[str, int], Wanted] = {}
        self.stakes = self._by_stake()

    def citation(self, ref: str, grade: str) -> Citation:
        """A reference with how well we know what it says."""
        key = (ref, grade)
        if key not in self._citations:
            text = self.base.knowledge.short(ref)
            self._citations[key] = Citation.model_validate({"ref": ref, "grade": grade, "text": text})
        return self._citations[key]

    def cite(self, sources: Mapping[str, str]) -> tuple[Citation, ...]:
        """The citations of an item of the rule book, found again by its identity: it lives as long as the base."""
        key = id(sources)
        if key not in self._cited:
            self._cited[key] = tuple(self.citation(ref, grade) for ref, grade in sources.items())
        return self._cited[key]

    def reason(self, rule: Rule) -> Reason:
        """Why a remedy fits better or worse, or must not be used."""
        if rule.id not in self._reasons:
            item = rule.item
            self._reasons[rule.id] = Reason.model_validate(
                {"rule": rule.id, "kind": rule.kind, "because": item.because, "sources": self.cite(item.sources)}
            )
        return self._reasons[rule.id]

    def effects(self, remedy: Remedy) -> tuple[Effect, ...]:
        """The published effects of a remedy."""
        if remedy.remedy not in self._effects:
            self._effects[remedy.remedy] = tuple(
                Effect(
                    on=each.on,
                    says=each.says,
                    before=each.before,
                    after=each.after,
                    unit=each.unit,
                    sources=self.cite(each.sources),
                )
                for each in remedy.effects
            )
        return self._effects[remedy.remedy]

    def wanted(self, field: str, size: int) -> Wanted:
        """A field worth knowing, with the hundredths of a deciban that hang on it."""
        key = (field, size)
        if key not in self._wanted:
            question = self.base.knowledge.vocabulary[field].question
            self._wanted[key] = Wanted(field=field, question=question, decibans=size / 100)
        return self._wanted[key]

    def _by_stake(self) -> dict[str, list[tuple[int, list[Rule]]]]:
        """For each cause its rules by what hangs on them, in hundredths of a deciban; a gate outweighs everything."""
        scale = self.base.rules.scale

        def stake(rule: Rule) -> int:
            if rule.kind == "gate":
                return hundredths(scale.cap)
            if rule.item.curve is not None:
                return max(abs(hundredths(decibans)) for _, decibans in rule.item.curve.points)
            return abs(weight(rule.item, scale, {}))

        found: dict[str, dict[int, list[Rule]]] = {}
        for rule in self.base.rules.of("gate", "evidence"):
            found.setdefault(rule.owner, {}).setdefault(stake(rule), []).append(rule)
        return {cause: sorted(sizes.items(), reverse=True) for cause, sizes in found.items()}


@lru_cache(maxsize=8)
def shelf(base: Base) -> Shelf:
    """The shelf of a base."""
    return Shelf(base)
