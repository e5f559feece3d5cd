"""Cases made for comparing the evaluators: fields at the cut points of the real rule book, and their columns.

A case is drawn as people have them, some fields known and most unknown. A number stands at, one float below or one
float above a figure that some rule compares it with, directly or through a derived quantity, or is an interval between
two of them; a choice, flag or material is any that may be given.
"""

from __future__ import annotations

import math
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from diagnose.case import Case
from diagnose.column import Column, Numbers, Words, packed, without
from diagnose.columnadvice import NOBODY
from diagnose.columns import LEVELS, STATUSES, VERDICTS, Judged
from diagnose.condition import Leaf, Value, leaves
from diagnose.data import Base
from diagnose.derived import DERIVED
from diagnose.diagnosis import _verdict
from diagnose.engine import Session
from diagnose.errors import CaseError
from diagnose.facts import FactBase, fact_base
from diagnose.interpreter import infer
from diagnose.quantity import Measured, Span
from diagnose.report import Report, most_wanted
from diagnose.rulebook import SCORE, RuleBook
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

    def near(self, case: Case) -> Case:
        """A case that differs in one field, which may become unknown; the roles and names of materials stay."""
        names = [name for name, field in self.fields.items() if field.kind != "material" and name != "electrode_role"]
        given = [name for name in case.known() if name in names]
        name = self.draw.choice(given if given and self.draw.random() < 0.6 else names)
        value = None if self.draw.random() < 0.1 else self.value(name)
        if isinstance(value, float):
            value = Measured(value, value, value, 0.0, repr(value))
        return case.model_copy(update={name: value})


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


def columns_of_facts(cases: Sequence[Mapping[str, Value]]) -> dict[str, Column]:
    """The columns of some fact bases."""
    found: dict[str, Column] = {}
    for name in dict.fromkeys(name for facts in cases for name in facts):
        values = [facts.get(name) for facts in cases]
        if any(isinstance(value, Span) for value in values):
            spans = [value if isinstance(value, Span) else Span(math.nan, math.nan) for value in values]
            low, high = (np.array(ends) for ends in zip(*spans, strict=True))
            points = ((low == high) | (low != low)).all()
            found[name] = packed(Numbers(low, low if points else high))
        else:
            # True, 1 and 1.0 are one key to Python; facts hold no bare figures, so words and flags are told apart.
            words = tuple(dict.fromkeys(value for value in values if isinstance(value, (str, bool))))
            codes = np.array([-1 if value is None else words.index(value) for value in values])
            found[name] = packed(Words(codes, words))
    return found


# --- what each evaluator says, in the same tables

RULED_OUT = -(10**6)


@dataclass
class Said:
    """Rules that fire (rows x rules), totals (rows x causes), weights that count (rows x rules), verdict, ranking."""

    fired: NDArray[np.bool_]
    totals: NDArray[np.int64]
    counted: NDArray[np.int64]
    verdicts: NDArray[np.int64]
    ranking: NDArray[np.int64]

    def differing(self, other: Said) -> NDArray[np.intp]:
        """Rows on which two of them differ in anything."""
        odd = np.zeros(len(self.verdicts), dtype=bool)
        for each in fields(self):
            mine, theirs = getattr(self, each.name), getattr(other, each.name)
            odd |= (mine != theirs).reshape(len(odd), -1).any(axis=1)
        return np.flatnonzero(odd)


def _empty(book: RuleBook, rows: int) -> Said:
    rules, causes = len(book.rules), len(book.causes)
    return Said(
        np.zeros((rows, rules), dtype=bool),
        np.full((rows, causes), RULED_OUT, dtype=np.int64),
        np.zeros((rows, rules), dtype=np.int64),
        np.zeros(rows, dtype=np.int64),
        np.full((rows, causes), NOBODY, dtype=np.int64),
    )


def one_by_one(base: Base, bases: Sequence[FactBase], session: Session | None = None) -> Said:
    """What the interpreter says of some cases; with a session, what experta says of them."""
    book = base.rules
    rules = {name: place for place, name in enumerate(book.rules)}
    causes = {name: place for place, name in enumerate(sorted(book.causes))}
    said = _empty(book, len(bases))
    for row, found in enumerate(bases):
        facts, outcome = found.facts, infer(book, found.facts)
        judged = outcome.fired if session is None else session.judge(facts).trace
        scores = ranking(book, judged, facts)
        told = {**facts, **{SCORE + each.cause: Span(each.total / 100, each.total / 100) for each in scores}}
        advised = infer(book, told, 2, outcome.findings).fired if session is None else session.advise(told).trace
        verdict, _ = _verdict(base, found, judged, scores)
        said.fired[row, [rules[name] for name in (*judged, *advised) if book.rules[name].kind != "contradiction"]] = (
            True
        )
        said.verdicts[row] = VERDICTS.index(verdict)
        listed = [each for each in scores if each.lines and verdict != "healthy"]
        if verdict == "invalid_data":
            listed = [each for each in listed if book.causes[each.cause].family == "measurement"]
        said.ranking[row, : len(listed)] = [causes[each.cause] for each in listed]
        for each in scores:
            said.totals[row, causes[each.cause]] = each.total
            for line in each.lines:
                if line.screened_by is None:
                    said.counted[row, rules[line.rule]] = line.weight
    return said


def all_at_once(judged: Judged) -> Said:
    """What columns say of their rows."""
    book, rows = judged.book, judged.rows
    rules = {name: place for place, name in enumerate(book.rules)}
    said = _empty(book, rows)
    for name, place in rules.items():
        if book.rules[name].kind != "contradiction":
            said.fired[:, place] = judged.fired(name)
    for place, cause in enumerate(judged.columns.causes):
        score = judged.scores[cause]
        said.totals[:, place] = np.where(score.out, RULED_OUT, score.total)
        for rule, (mask, weight) in score.counted.items():
            said.counted[:, rules[rule]] = np.where(without(mask, score.out), weight, 0)
    said.verdicts[:] = judged.verdicts
    for number, ranked in enumerate(judged.ranking(len(book.causes))):
        said.ranking[:, number] = ranked.names
    return said


def drawn_bases(base: Base, seed: int, count: int, near: int = 0) -> tuple[list[Case], list[FactBase]]:
    """Cases of the real rule book and their facts, after each of them `near` cases that go on from it field by field.

    A case whose family nobody knows is drawn again.
    """
    drawer = Drawer(base, seed)
    cases: list[Case] = []
    bases: list[FactBase] = []
    while len(cases) < count:
        case = drawer.case()
        for step in range(min(1 + near, count - len(cases))):
            case = drawer.near(case) if step else case
            try:
                bases.append(fact_base(case, base.knowledge))
            except CaseError:
                break
            cases.append(case)
    return cases, bases


# --- the answer as a whole


def answer(judged: Judged, row: int, most: int = 60) -> dict[str, Any]:
    """The answer of columns for a row, in the words of `answer_of`."""
    columns, advice = judged.columns, judged.advice()
    place = int(judged.missing[row])
    severity = int(judged.severity[row])
    causes = [(int(each.names[row]), int(each.keys[row])) for each in judged.ranking(most)]
    remedies = [(int(each.names[row]), bool(each.marked[row])) for each in advice.best(most)]
    feared = [int(each.names[row]) for each in advice.feared(most)]
    return {
        "verdict": VERDICTS[judged.verdicts[row]],
        "severity": None if severity == NOBODY else LEVELS[severity],
        "missing": None if place == NOBODY else list(judged.knowledge.vocabulary)[place],
        "causes": [(columns.causes[name], total / 100) for name, total in causes if name != NOBODY],
        "remedies": [(columns.remedies[name], STATUSES[0 if flag else 1]) for name, flag in remedies if name != NOBODY],
        "avoid": [columns.remedies[name] for name in feared if name != NOBODY],
    }


def answer_of(report: Report) -> dict[str, Any]:
    """The same from the report of one case."""
    return {
        "verdict": report.verdict,
        "severity": report.severity.level,
        "missing": most_wanted(report),
        "causes": [(each.cause, each.log_odds) for each in report.causes],
        "remedies": [(each.remedy, each.status) for each in report.remedies if each.rank is not None],
        "avoid": [each.remedy for each in report.remedies if each.rank is None],
    }
