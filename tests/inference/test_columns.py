"""Columns say of every row what the interpreter, experta and `diagnose()` say of it, bit for bit.

The large run of the same comparison is `python benchmarks/equality.py`.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from columncases import Said, all_at_once, answer, answer_of, columns_of, columns_of_facts, drawn_bases, one_by_one
from cutpoints import Facts, changed, combinations, one_float_up, packed, readings
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from rulemaker import (
    CAUSES,
    FACTS,
    NUMBERS,
    SCORES,
    STABLE,
    book_of,
    cases,
    cause,
    conditions,
    drawn,
    evidence,
    written_books,
)

from diagnose.case import Case
from diagnose.column import spread
from diagnose.columns import Columns
from diagnose.columnscores import Evidences
from diagnose.condition import NUMBER_TESTS, Any_, Leaf, leaves
from diagnose.data import Base, load
from diagnose.diagnosis import diagnose
from diagnose.engine import Session
from diagnose.errors import CaseError
from diagnose.facts import names
from diagnose.interpreter import infer
from diagnose.program import Program, Run
from diagnose.rulebook import RuleBook
from diagnose.scoring import score

BOOKS = settings(STABLE, max_examples=120, phases=(Phase.explicit, Phase.generate))
DRAWN, AT_ONCE = 20_000, 4_000


@pytest.fixture(scope="module")
def base() -> Base:
    """The shipped rules and knowledge."""
    return load()


# --- books made at random


def fired(book: RuleBook, told: list[Facts], phase: int) -> list[set[str]]:
    """Rules that columns fire in each case. The facts hold scores of causes, which rules of phase 1 do not read."""
    run = Run(Program(book), columns_of_facts(told))
    rules = [name for name, rule in book.rules.items() if rule.phase == phase]
    masks = {name: spread(run.rule(name), len(told)) for name in rules}
    return [{name for name in rules if masks[name][row]} for row in range(len(told))]


@given(
    data=written_books(), told=st.lists(cases((*FACTS, *SCORES)), min_size=2, max_size=5), seed=st.integers(0, 10**6)
)
@BOOKS
def test_columns_equal_the_interpreter_on_random_books(
    data: list[dict[str, Any]], told: list[Facts], seed: int
) -> None:
    """On any rule book and cases columns fire what the interpreter fires."""
    book = book_of(*data)
    every = [*told, *drawn(seed, 40)]
    first = [infer(book, facts) for facts in every]
    assert fired(book, every, 1) == [set(each.fired) for each in first]
    second = [infer(book, facts, 2, each.findings) for facts, each in zip(every, first, strict=True)]
    assert fired(book, every, 2) == [set(each.fired) for each in second]


def curve(over: str, xs: set[float], ys: list[float]) -> dict[str, Any]:
    """A weight that follows a quantity."""
    return {"curve": {"over": over, "points": [[x, y] for x, y in zip(sorted(xs), ys, strict=True)]}}


weights = st.one_of(
    st.fixed_dictionaries({"for": st.sampled_from(("weak", "moderate", "strong"))}),
    st.fixed_dictionaries({"against": st.sampled_from(("weak", "moderate", "strong"))}),
    st.builds(
        lambda over, xs, ys: {
            "curve": {"over": over, "points": [[x, y] for x, y in zip(sorted(xs), ys, strict=False)]}
        },
        st.sampled_from(NUMBERS),
        st.sets(st.sampled_from((-1.0, -0.3, 0.5, 1.0, 2.0)), min_size=3, max_size=3),
        st.lists(st.sampled_from((-12.0, -6.3, -0.004, 0.0, 2.9, 6.3, 40.0)), min_size=3, max_size=3),
    ),
)
rule = st.tuples(conditions(), weights, st.sampled_from(("a", "b")), st.sampled_from(("high", "medium", "low")))


@given(
    rules=st.lists(rule, min_size=1, max_size=8), told=st.lists(cases(), min_size=1, max_size=4), seed=st.integers(0)
)
@BOOKS
def test_scores_equal_on_random_evidence(rules: list[Any], told: list[Facts], seed: int) -> None:
    """Groups, ties, curves over intervals, confidence and cap give the same lines and totals as one by one."""
    made = [
        evidence(f"e{number}", when, group=group, confidence=trust, **weight)
        for number, (when, weight, group, trust) in enumerate(rules)
    ]
    book = book_of(cause("oak", made), cause("yew", [evidence("e", {"seen": True})]))
    every = [*told, *drawn(seed, 30)]
    with np.errstate(all="ignore"):
        got = Evidences(book, "oak").score(Run(Program(book), columns_of_facts(every)))
    totals = np.broadcast_to(got.total, len(every))
    for row, facts in enumerate(every):
        want = score(book, "oak", infer(book, facts).fired, facts)
        counted = {
            name: int(np.broadcast_to(size, len(every))[row])
            for name, (mask, size) in got.counted.items()
            if np.broadcast_to(mask, len(every))[row]
        }
        assert counted == {line.rule: line.weight for line in want.lines if line.screened_by is None}
        assert totals[row] == want.total
        assert bool(np.broadcast_to(got.judged, len(every))[row]) == bool(want.lines)


def test_the_causes_of_a_random_book_are_those_compared() -> None:
    """The books above have the causes that this module names."""
    assert CAUSES == ("oak", "yew")


# --- the real book


def test_every_cut_point_of_the_real_book(base: Base) -> None:
    """Below, at and above each threshold, each choice, unknown, intervals: columns fire what the interpreter fires."""
    known = names(base.knowledge)
    assignments = {
        name: combinations(base.rules, each, readings(base.rules, known, each), seed)
        for seed, (name, each) in enumerate(base.rules.rules.items())
    }
    told = list(packed(assignments))
    first = [infer(base.rules, facts) for facts in told]
    assert fired(base.rules, told, 1) == [set(each.fired) for each in first]
    second = [infer(base.rules, facts, 2, each.findings) for facts, each in zip(told, first, strict=True)]
    assert fired(base.rules, told, 2) == [set(each.fired) for each in second]
    assert sum(map(len, assignments.values())) > 20_000


@pytest.mark.parametrize("seed", range(1, 1 + DRAWN // AT_ONCE))
def test_three_evaluators_agree_on_drawn_cases(base: Base, seed: int) -> None:
    """Rules fired, lines that count, totals, verdict and ranking are the same from all three evaluators."""
    given, bases = drawn_bases(base, seed, AT_ONCE, near=3)
    plain = one_by_one(base, bases)
    columns = all_at_once(Columns(base).evaluate(columns_of(given), len(given)))
    assert plain.differing(columns).tolist() == []
    assert plain.differing(one_by_one(base, bases, Session(base.rules))).tolist() == []


Sample = tuple[list[Case], Said]


@pytest.fixture(scope="module")
def sample(base: Base) -> Sample:
    """Drawn cases with what the interpreter says of them."""
    given, bases = drawn_bases(base, 0, 2 * AT_ONCE // 3)
    return given, one_by_one(base, bases)


def test_drawn_cases_reach_the_book(base: Base, sample: Sample) -> None:
    """The cases that are compared make nearly every rule fire, every verdict come out, and every cause stand first."""
    _, said = sample
    kinds = [each.kind != "contradiction" for each in base.rules.rules.values()]
    assert said.fired[:, kinds].any(axis=0).mean() > 0.97
    assert len(set(said.verdicts.tolist())) == 5
    assert len(set(said.ranking[:, 0].tolist())) >= len(base.rules.causes)


def test_the_answer_is_that_of_diagnose(base: Base) -> None:
    """Verdict, severity, all causes, all remedies with their standing, what to avoid and what is missing most."""
    given, _ = drawn_bases(base, 77, 500)
    judged = Columns(base).evaluate(columns_of(given), len(given))
    contradict = np.zeros(len(given), dtype=bool)
    for _, mask in judged.contradictions():
        contradict |= mask
    compared = 0
    for row, case in enumerate(given):
        try:
            report = diagnose(case, base=base)
        except CaseError:
            assert contradict[row]
            continue
        assert not contradict[row]
        assert answer(judged, row) == answer_of(report), case.dump()
        compared += 1
    assert compared > 300


@pytest.mark.parametrize("rows", [1, 2, 37])
def test_rows_do_not_know_each_other(base: Base, rows: int) -> None:
    """A row gets the same answer alone, among few and among many."""
    given, _ = drawn_bases(base, 5, 74)
    columns = Columns(base)
    whole = all_at_once(columns.evaluate(columns_of(given), len(given)))
    for start in range(0, 74, rows):
        part = given[start : start + rows]
        said = all_at_once(columns.evaluate(columns_of(part), len(part)))
        assert (said.totals == whole.totals[start : start + rows]).all()
        assert (said.ranking == whole.ranking[start : start + rows]).all()
        assert (said.fired == whole.fired[start : start + rows]).all()


# --- the comparison would notice


def regrouped(book: RuleBook, draw: random.Random) -> RuleBook:
    """One rule in another group of its cause."""
    rule = draw.choice([each for each in book.of("evidence") if len(book.causes[each.owner].evidence) > 6])
    groups = sorted({each.group for each in book.causes[rule.owner].evidence} - {rule.item.group})
    item = rule.item.model_copy(update={"group": draw.choice(groups)})
    return replace(book, rules={**book.rules, rule.id: replace(rule, item=item)}, _kinds={})


def reweighted(book: RuleBook, draw: random.Random) -> RuleBook:
    """One rule for instead of against, or against instead of for."""
    rule = draw.choice(book.of("evidence"))
    item = rule.item.model_copy(update={"for_": rule.item.against, "against": rule.item.for_})
    return replace(book, rules={**book.rules, rule.id: replace(rule, item=item)}, _kinds={})


def lower_cap(book: RuleBook, draw: random.Random) -> RuleBook:
    """A cap that is one hundredth of a deciban lower."""
    return replace(book, scale=book.scale.model_copy(update={"cap": book.scale.cap - 0.01}), _kinds={})


def other_prior(book: RuleBook, draw: random.Random) -> RuleBook:
    """One cause with another prior."""
    slug = draw.choice(sorted(book.causes))
    prior = "rare" if book.causes[slug].prior != "rare" else "common"
    return replace(book, causes={**book.causes, slug: book.causes[slug].model_copy(update={"prior": prior})}, _kinds={})


def other_priority(book: RuleBook, draw: random.Random) -> RuleBook:
    """Verdicts in the opposite order."""
    return replace(book, verdicts=book.verdicts[::-1], _kinds={})


def no_gate(book: RuleBook, draw: random.Random) -> RuleBook:
    """One cause that is never ruled out."""
    gate = draw.choice(book.of("gate"))
    return replace(book, rules={**book.rules, gate.id: replace(gate, when=Any_(()))}, _kinds={})


CHANGES = (regrouped, reweighted, lower_cap, other_prior, other_priority, no_gate)


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("seed", range(5))
def test_a_changed_book_is_noticed(
    base: Base, sample: Sample, change: Callable[[RuleBook, random.Random], RuleBook], seed: int
) -> None:
    """Columns of a book with one group, weight, cap, prior, priority or gate changed differ from the interpreter."""
    given, plain = sample
    other = Columns(replace(base, rules=change(base.rules, random.Random(seed))))
    assert len(plain.differing(all_at_once(other.evaluate(columns_of(given), len(given)))))


def test_every_changed_threshold_is_noticed(base: Base) -> None:
    """A threshold that is one float higher makes columns differ at the cut points of its rule, whichever rule it is."""
    known = names(base.knowledge)
    book = changed(base.rules, one_float_up)
    unnoticed = []
    for seed, (name, each) in enumerate(base.rules.rules.items()):
        if not any(isinstance(leaf, Leaf) and leaf.test in NUMBER_TESTS for leaf in leaves(each.when)):
            continue
        told = combinations(base.rules, each, readings(base.rules, known, each), seed)
        masks = []
        for one in (base.rules, book):
            program = Program(one)
            masks.append(spread(Run(program, columns_of_facts(told)).rule(name), len(told)))
        if (masks[0] == masks[1]).all():
            unnoticed.append(name)
    assert unnoticed == []
