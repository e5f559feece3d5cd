"""Cases made for comparing the evaluators: fields at the cut points of the real rule book, and their columns.

A case is drawn as people have them, some fields known and most unknown. A number stands at, one float below or one
float above a figure that some rule compares it with, directly or through a derived quantity, or is an interval between
two of them; a choice, flag or material is any that may be given.
"""

from __future__ import annotations

import math
import random
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from diagnose.case import Case
from diagnose.column import Column, Numbers, Words, packed
from diagnose.columnadvice import NOBODY
from diagnose.columns import LEVELS, STATUSES, VERDICTS, Columns, Judged
from diagnose.condition import Leaf, leaves
from diagnose.data import Base
from diagnose.derived import DERIVED
from diagnose.errors import CaseError
from diagnose.facts import fact_base
from diagnose.interpreter import infer
from diagnose.quantity import Measured, Span
from diagnose.rulebook import SCORE
from diagnose.scoring import ranking

Given = dict[str, Any]
MATERIAL_KINDS = {
    "electrolyte": "electrolyte",
    "second_electrolyte": "electrolyte",
    "electrode": "electrode",
    "counter_electrode": "electrode",
    "coating": "coating",
}


class Drawer:
    """Draws cases from a seed."""

    def __init__(self, base: Base, seed: int) -> None:
        self.base, self.draw = base, random.Random(seed)
        self.fields = base.knowledge.vocabulary
        self.cuts: dict[str, list[float]] = {name: [] for name in self.fields}
        wanted: dict[str, set[float]] = {}
        for rule in base.rules.rules.values():
            for leaf in leaves(rule.when):
                if isinstance(leaf, Leaf):
                    figures = [float(a) for a in leaf.args if isinstance(a, (int, float)) and not isinstance(a, bool)]
                    wanted.setdefault(leaf.name, set()).update(figures)
        self.wanted = {name: sorted(each) for name, each in wanted.items()}
        self.materials = {kind: base.knowledge.material_names(kind) for kind in ("electrolyte", "electrode", "coating")}

    def number(self, name: str) -> Any:
        """A figure or an interval of a field."""
        low, high = self.fields[name].limits
        edges = [edge for cut in self.wanted.get(name, [1.0]) for edge in beside(cut)]
        pool = [*edges, *(10.0 ** self.draw.randint(-9, 4) * self.draw.choice((1.0, 2.0, 5.0)) for _ in range(2)), 25.0]
        pool = [each for each in (*pool, 0.0, low, high) if low <= each <= high and math.isfinite(each)]
        value = self.draw.choice(pool)
        if self.fields[name].kind == "integer":
            return float(int(value)) if low <= int(value) <= high else max(low, 1.0)
        if self.draw.random() < 0.12:
            ends = sorted((value, self.draw.choice(pool)))
            return Measured(ends[0], ends[1], ends[0] if ends[0] == ends[1] else None, 0.0, "range")
        return value

    def value(self, name: str) -> Any:
        """Anything that may be given for a field."""
        field = self.fields[name]
        if field.kind == "flag":
            return self.draw.random() < 0.5
        if field.kind == "choice":
            return self.draw.choice(field.of)
        if name in MATERIAL_KINDS:
            odd = ("none",) if name == "coating" and self.draw.random() < 0.4 else ("an unheard-of thing",)
            some = self.materials[MATERIAL_KINDS[name]]
            return self.draw.choice(odd) if self.draw.random() < 0.1 else self.draw.choice(some)
        return self.number(name)

    def derived_inputs(self, given: Given) -> None:
        """Move a field so that a derived quantity stands at a figure that a rule compares it with."""
        quantity = self.draw.choice([each for each in DERIVED if each.name in self.wanted])
        for slot in quantity.slots:
            if slot[0] in self.fields:
                given.setdefault(slot[0], self.value(slot[0]))
        if len(quantity.slots) != 2 or quantity.slots[0][0] not in self.fields:
            return
        try:
            facts = fact_base(Case(**given), self.base.knowledge).facts
        except CaseError:
            return
        other = next((facts[name] for name in quantity.slots[1] if isinstance(facts.get(name), Span)), None)
        if other is None or not isinstance(other, Span):
            return
        cut = self.draw.choice(self.wanted[quantity.name])
        value = cut * other.low if "/" in quantity.formula else cut + other.low
        low, high = self.fields[quantity.slots[0][0]].limits
        if low <= value <= high and self.fields[quantity.slots[0][0]].kind == "number":
            given[quantity.slots[0][0]] = self.draw.choice(beside(value)[: 3 if value < high else 2])
            if not low <= given[quantity.slots[0][0]] <= high:
                given[quantity.slots[0][0]] = value

    def case(self) -> Case:
        """A case that no rule about contradictions or missing fields refuses to be made; it may contradict itself."""
        while True:
            names = list(self.fields)
            given = {name: self.value(name) for name in self.draw.sample(names, self.draw.choice((4, 10, 20, 40)))}
            if self.draw.random() < 0.9 or "electrolyte_family" not in given:
                given["electrolyte"] = self.value("electrolyte")
            given["electrode_role"] = self.value("electrode_role")
            if self.draw.random() < 0.8:
                given["electrode"] = self.value("electrode")
            if self.draw.random() < 0.5:
                given["interfacial_resistance_ohm_cm2"] = self.value("interfacial_resistance_ohm_cm2")
            if self.draw.random() < 0.7:
                self.derived_inputs(given)
            try:
                return Case(**given)
            except CaseError:
                continue


def beside(cut: float) -> tuple[float, float, float]:
    """A figure with its neighbours."""
    return math.nextafter(cut, -math.inf), cut, math.nextafter(cut, math.inf)


def columns_of(cases: Sequence[Case]) -> dict[str, Column]:
    """The columns of the fields of some cases."""
    found: dict[str, Column] = {}
    for name in dict.fromkeys(name for case in cases for name in case.known()):
        values = [getattr(case, name) for case in cases]
        if any(isinstance(value, Measured) for value in values):
            low = np.array([math.nan if value is None else value.low for value in values])
            high = np.array([math.nan if value is None else value.high for value in values])
            points = ((low == high) | (low != low)).all()
            found[name] = packed(Numbers(low, low if points else high))
        else:
            words = tuple(dict.fromkeys(value for value in values if value is not None))
            codes = np.array([-1 if value is None else words.index(value) for value in values])
            found[name] = packed(Words(codes, words))
    return found


def at(mask: Any, row: int) -> Any:
    """The entry of a row; what is the same in all rows is its own entry."""
    return mask[row].item() if isinstance(mask, np.ndarray) else mask


def told(judged: Judged, row: int) -> dict[str, Any]:
    """Everything that columns say of one row, in the words of `expected`."""
    if at(judged.made.unknown_family, row):
        return {"unknown family": True}
    book = judged.book
    return {
        "fired": {name for name, rule in book.rules.items() if at(judged.fired(name), row) and rule.phase == 1},
        "advised": {name for name, rule in book.rules.items() if rule.phase == 2 and at(judged.fired(name), row)},
        "scores": {
            cause: (
                at(score.total, row),
                {name: at(size, row) for name, (mask, size) in score.counted.items() if at(mask, row)},
            )
            for cause, score in judged.scores.items()
            if not at(score.out, row)
        },
    }


def expected(base: Base, case: Case) -> dict[str, Any]:
    """What the interpreter and the scoring say of a case."""
    try:
        book, found = base.rules, fact_base(case, base.knowledge)
    except CaseError:
        return {"unknown family": True}
    first = infer(book, found.facts)
    scores = ranking(book, first.fired, found.facts)
    facts = {**found.facts, **{SCORE + each.cause: Span(each.total / 100, each.total / 100) for each in scores}}
    second = infer(book, facts, 2, first.findings)
    return {
        "fired": set(first.fired),
        "advised": set(second.fired),
        "scores": {
            each.cause: (each.total, {line.rule: line.weight for line in each.lines if line.screened_by is None})
            for each in scores
        },
    }


def answer(judged: Judged, row: int, most: int = 50) -> dict[str, Any]:
    """The answer of columns for a row, in the words of `answer_of`."""
    columns = judged.columns
    place = int(judged.missing[row])
    severity = int(judged.severity[row])
    causes = [(int(each.names[row]), int(each.keys[row])) for each in judged.ranking(most)]
    remedies = [(int(each.names[row]), bool(each.marked[row])) for each in judged.advice().best(most)]
    feared = [int(each.names[row]) for each in judged.advice().feared(most)]
    return {
        "verdict": VERDICTS[judged.verdicts[row]],
        "severity": None if severity == NOBODY else LEVELS[severity],
        "missing": None if place == NOBODY else list(judged.knowledge.vocabulary)[place],
        "causes": [(columns.causes[name], total / 100) for name, total in causes if name != NOBODY],
        "remedies": [(columns.remedies[name], STATUSES[0 if flag else 1]) for name, flag in remedies if name != NOBODY],
        "avoid": [columns.remedies[name] for name in feared if name != NOBODY],
    }


def answer_of(report: Any) -> dict[str, Any]:
    """The same from the report of one case."""
    from diagnose.report import most_wanted

    return {
        "verdict": report.verdict,
        "severity": report.severity.level,
        "missing": most_wanted(report),
        "causes": [(each.cause, each.log_odds) for each in report.causes],
        "remedies": [(each.remedy, each.status) for each in report.remedies if each.rank is not None],
        "avoid": [each.remedy for each in report.remedies if each.rank is None],
    }


def differences(columns: Columns, cases: Sequence[Case]) -> list[tuple[Mapping[str, Any], Any, Any]]:
    """Cases on which columns and interpreter differ, with what each of them says."""
    judged = columns.evaluate(columns_of(cases), len(cases))
    odd = []
    for row, case in enumerate(cases):
        meant, said = expected(columns.base, case), told(judged, row)
        if meant != said:
            odd.append((case.dump(), meant, said))
    return odd
