"""experta, as it is used here, says what the plain interpreter says: on books made at random and on the real one."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Any

import pytest
from cutpoints import EXHAUSTIVE, Facts, changed, combinations, count, one_float_up, outcome, packed, readings
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from rulemaker import (
    CAUSES,
    FACTS,
    SCORES,
    STABLE,
    beside,
    book_of,
    cases,
    cause,
    differences,
    drawn,
    evidence,
    expected,
    note,
    remedy,
    verdict,
    verdicts_of,
    written_books,
)

from diagnose import engine
from diagnose.condition import NUMBER_TESTS, Any_, Leaf, compiled, describe, leaf_test, leaves
from diagnose.data import Base, load
from diagnose.engine import Session, alternatives, session
from diagnose.errors import DiagnoseError
from diagnose.facts import names
from diagnose.interpreter import infer
from diagnose.quantity import Span
from diagnose.rulebook import RuleBook

# Making books smaller to explain a failure would take minutes; the book is printed as it was made.
BOOKS = settings(STABLE, max_examples=120, phases=(Phase.explicit, Phase.generate))
scored_cases = cases((*FACTS, *SCORES))

# --- books made at random


@given(data=written_books(), told=st.lists(scored_cases, min_size=3, max_size=6), seed=st.integers(0, 10**6))
@BOOKS
def test_engine_equals_interpreter_on_random_books(data: list[dict[str, Any]], told: list[Facts], seed: int) -> None:
    """On any rule book and case the engine fires what the interpreter fires, once each, and finds the same findings."""
    book = book_of(*data)
    made = Session(book)
    for facts in [*told, *drawn(seed, 12)]:
        assert differences(book, made, facts) == set(), facts


@given(data=written_books(), told=st.lists(scored_cases, min_size=2, max_size=5))
@BOOKS
def test_interpreter_equals_a_direct_reading(data: list[dict[str, Any]], told: list[Facts]) -> None:
    """On any rule book and case the interpreter says of every rule what a direct reading of the written data says."""
    book = book_of(*data)
    for facts in told:
        first = infer(book, facts)
        second = infer(book, facts, 2, first.findings)
        for name, meaning in expected(data, facts).items():
            said = first if book.rules[name].phase == 1 else second
            assert (name in said.fired, name in said.unknown) == (meaning is True, meaning is None), name


@pytest.mark.parametrize("figure", [0, 1])
@pytest.mark.parametrize("first", ["flag", "figure"])
def test_a_flag_and_a_figure_do_not_share_a_test(figure: int, first: str) -> None:
    """`seen: true` and `width: 1` are different tests, in whichever order the rules stand, and so are false and 0."""
    whens: list[dict[str, Any]] = [{"seen": bool(figure)}, {"width": figure}]
    book = verdicts_of(*(whens if first == "flag" else whens[::-1]))
    made = Session(book)
    for seen in (bool(figure), not bool(figure), None):
        for width in (Span(figure, figure), Span(5, 5), None):
            facts = {"seen": seen, "width": width}
            assert differences(book, made, {k: v for k, v in facts.items() if v is not None}) == set()


def test_each_test_fires_on_its_own_side() -> None:
    """Every number test, alone in a rule, is right one float below, at and above its threshold, and for a range."""
    tests = [{test: 1.0} for test in NUMBER_TESTS if test != "between"] + [{"between": [0.5, 1.0]}, {"is": 1}]
    whens = [{"width": each} for each in tests]
    book = verdicts_of(*whens, *({"not": when} for when in whens))
    made = Session(book)
    points = [Span(x, x) for threshold in (0.5, 1.0) for x in beside(threshold)]
    ends = [x for span in points for x in span]
    for span in [*points, *(Span(low, high) for low in ends for high in ends if low < high)]:
        assert differences(book, made, {"width": span}) == set()


def test_chain_of_findings() -> None:
    """A finding that builds on a finding is found, and what it denies is definitely denied, through six links."""
    links = {f"f{n}": {"finding": f"f{n - 1}"} if n % 2 else {"not": {"finding": f"f{n - 1}"}} for n in range(1, 7)}
    book = verdicts_of({"finding": "f6"}, {"not": {"finding": "f6"}}, findings={"f0": {"width": {"above": 1}}, **links})
    made = Session(book)
    assert made.judge({}).findings == {}
    for width, last in ((2.0, False), (1.0, True)):
        judged = made.judge({"width": Span(width, width)})
        assert judged.findings["f6"] is last
        assert judged.trace[-1] == ("verdict.v0" if last else "verdict.v1")
        assert differences(book, made, {"width": Span(width, width)}) == set()


def test_remedies_read_scores_and_findings() -> None:
    """A rule about a remedy reads the scores of causes beside the findings of the case, and fires in `advise` only."""
    when = {"cause.oak": {"at_least": -3.0}, "finding": "ash"}
    book = book_of(
        {"findings": {"ash": {"says": "So.", "when": {"seen": True}, "sources": {"judgement": "judgement"}}}},
        cause("oak", [evidence("e", {"seen": True})]),
        remedy("press", contraindicated=[note("harm", when)]),
    )
    made = Session(book)
    for score in beside(-3.0):
        facts = {"seen": True, "cause.oak": Span(score, score)}
        assert made.judge(facts).trace == ("finding.ash", "oak.e")
        assert made.advise(facts).trace == (("remedy.press.harm",) if score >= -3.0 else ())


def test_contradictions_are_left_to_the_interpreter() -> None:
    """The engine does not fire contradictions, the interpreter does."""
    contradiction = {"id": "odd", "when": {"seen": True}, "fields": ["seen"], "says": "So.", "fix": "Change it."}
    book = book_of({"contradictions": [contradiction]})
    assert infer(book, {"seen": True}).fired == ("contradiction.odd",)
    assert Session(book).judge({"seen": True}).trace == ()


def test_a_condition_with_too_many_alternatives_is_refused() -> None:
    """A condition that would need more than 256 rules of the engine is refused on loading, with what to do."""
    parts = [{"any": [{"width": {"above": n}}, {"height": {"above": n}}]} for n in range(9)]
    with pytest.raises(DiagnoseError, match=r"too many alternatives\. Split it into findings"):
        verdicts_of({"all": parts})
    assert len(alternatives(verdicts_of({"all": parts[:8]}).rules["verdict.v0"].when)) == 256


# --- the real book, at every cut point


@pytest.fixture(scope="module")
def base() -> Base:
    """The shipped rules and knowledge."""
    return load()


@pytest.fixture(scope="module")
def assignments(base: Base) -> dict[str, list[Facts]]:
    """For every rule the combinations of values at its cut points."""
    book, known = base.rules, names(base.knowledge)
    return {
        rule.id: combinations(book, rule, readings(book, known, rule), seed)
        for seed, rule in enumerate(book.rules.values())
    }


def given_only(facts: Facts) -> Facts:
    """Facts without those that are unknown, as a fact base holds them."""
    return {name: value for name, value in facts.items() if value is not None}


def test_real_book_at_every_cut_point(base: Base, assignments: dict[str, list[Facts]]) -> None:
    """On the shipped rules engine and interpreter agree at every cut point of every rule, in both phases."""
    odd: Counter[str] = Counter()
    compared = 0
    with session(base.rules) as made:
        for facts in packed(assignments):
            compared += 1
            odd.update(differences(base.rules, made, given_only(facts)))
    assert odd == Counter()
    assert compared > 1000


def test_packing_loses_no_assignment() -> None:
    """Cases that serve several rules at once still hold each assignment of each rule, unknown facts included."""
    wanted: dict[str, list[Facts]] = {
        "a": [{"x": x, "y": y} for x in (Span(0, 0), Span(1, 1), None) for y in ("red", None)],
        "b": [{"y": y} for y in ("red", "blue", None)],
        "c": [{"z": z} for z in (True, False, None)],
        "d": [{}],
    }
    found = list(packed(wanted))
    assert len(found) < sum(map(len, wanted.values()))
    for each in wanted.values():
        for assignment in each:
            assert any(assignment.items() <= case.items() for case in found)


def test_rules_enumerated_in_full(base: Base) -> None:
    """All but a few wide rules are enumerated in full; the wide ones read five facts or more."""
    known = names(base.knowledge)
    read = {rule.id: readings(base.rules, known, rule) for rule in base.rules.rules.values()}
    wide = {name: each for name, each in read.items() if count(each) > EXHAUSTIVE}
    assert len(wide) <= len(read) // 40
    assert all(len(each) >= 4 for each in wide.values())


def test_every_rule_is_seen_to_fire_and_to_be_silent(base: Base, assignments: dict[str, list[Facts]]) -> None:
    """Among the assignments compared every rule of the shipped book is true in one and not true in another."""
    for rule in base.rules.rules.values():
        outcomes = {outcome(base.rules, rule, given_only(facts)) for facts in assignments[rule.id]}
        assert True in outcomes, rule.id
        assert outcomes != {True}, rule.id


# --- the comparisons can fail


def test_every_threshold_matters_to_the_last_float(base: Base, assignments: dict[str, list[Facts]]) -> None:
    """Were all thresholds one float higher, each rule with a threshold would differ at a cut point compared."""
    moved = changed(base.rules, one_float_up)
    for rule in moved.rules.values():
        if any(isinstance(leaf, Leaf) and leaf.test in NUMBER_TESTS for leaf in leaves(rule.when)):
            before = base.rules.rules[rule.id]
            assert any(
                outcome(base.rules, before, given_only(facts)) is not outcome(moved, rule, given_only(facts))
                for facts in assignments[rule.id]
            ), rule.id


def test_every_single_test_matters(base: Base, assignments: dict[str, list[Facts]]) -> None:
    """Were any one test of any one rule turned round, that rule would differ at a cut point that is compared."""
    idle = set()
    for rule in base.rules.rules.values():
        facts = [given_only(each) for each in assignments[rule.id]]
        findings = [infer_findings(base.rules, rule.id, each) for each in facts]
        before = [rule.test(*each) for each in zip(facts, findings, strict=True)]
        for index, leaf in enumerate(leaves(rule.when)):
            test = compiled(turned(rule.when, index))
            after = [test(*each) for each in zip(facts, findings, strict=True)]
            if before == after:
                idle.add((rule.id, describe(leaf)))
    assert not idle


def infer_findings(book: RuleBook, name: str, facts: Facts) -> dict[str, bool | None]:
    """The findings that a rule reads, worked out from facts."""
    found: dict[str, bool | None] = {}
    for leaf in leaves(book.rules[name].when):
        if not isinstance(leaf, Leaf):
            found[leaf.name] = outcome(book, book.rules[f"finding.{leaf.name}"], facts)  # type: ignore[assignment]
    return found


def turned(condition: Any, index: int) -> Any:
    """A condition with one of its leaves, counted from the left, turned round."""
    if hasattr(condition, "want"):
        return replace(condition, want=not condition.want) if index == 0 else condition
    parts = []
    for part in condition.parts:
        size = len(list(leaves(part)))
        parts.append(turned(part, index) if 0 <= index < size else part)
        index -= size
    return type(condition)(tuple(parts))


def real_differences(base: Base, made: Session, assignments: dict[str, list[Facts]], rules: list[str]) -> set[str]:
    """Rules that differ between the shipped book and an engine over the assignments of some rules."""
    chosen = {name: assignments[name] for name in rules}
    return {name for facts in packed(chosen) for name in differences(base.rules, made, given_only(facts))}


def test_an_engine_with_changed_thresholds_is_noticed(base: Base, assignments: dict[str, list[Facts]]) -> None:
    """Compared with an engine whose thresholds are one float higher, every rule with a threshold stands out."""
    made = Session(changed(base.rules, one_float_up))
    own = [
        rule.id
        for rule in base.rules.rules.values()
        if rule.kind in ("verdict", "gate", "finding", "contraindication")
        and any(isinstance(leaf, Leaf) and leaf.test in NUMBER_TESTS for leaf in leaves(rule.when))
    ]
    assert len(own) > 20
    assert set(own) <= real_differences(base, made, assignments, own)


def test_an_engine_without_its_last_alternative_is_noticed(
    base: Base, assignments: dict[str, list[Facts]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """An engine that forgets the last branch of each OR differs from the interpreter on every finding that has one."""
    whole = engine._Compiler.add

    def add(self: Any, rule: Any, step: str, condition: Any, act: Any) -> None:
        fewer = Any_(condition.parts[:-1]) if isinstance(condition, Any_) else condition
        whole(self, rule, step, fewer, act)

    monkeypatch.setattr(engine._Compiler, "add", add)
    own = [f"finding.{name}" for name in base.rules.findings]
    with_or = {name for name in own if isinstance(base.rules.rules[name].when, Any_)}
    assert len(with_or) > 5
    assert with_or <= real_differences(base, Session(base.rules), assignments, own)


def test_an_engine_that_takes_unknown_for_no_is_noticed(
    base: Base, assignments: dict[str, list[Facts]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """An engine in which a test on an interval that straddles its threshold counts as false stands out."""
    monkeypatch.setattr(engine, "leaf_test", lambda *each: bool(leaf_test(*each)))
    made = Session(base.rules)
    own = [f"finding.{name}" for name in base.rules.findings]
    assert real_differences(base, made, assignments, own)


@given(data=written_books(), told=st.lists(scored_cases, min_size=4, max_size=4))
@settings(BOOKS, max_examples=15)
def test_no_rule_of_a_random_book_goes_unnoticed(data: list[dict[str, Any]], told: list[Facts]) -> None:
    """Whatever rule fires, an engine built without it is found to differ."""
    book = book_of(*data)
    facts = told[0]
    first = infer(book, facts)
    for name in first.fired[:2]:
        if book.rules[name].kind in ("evidence", "gate", "verdict"):
            fewer = replace(book, rules={each: rule for each, rule in book.rules.items() if each != name})
            assert differences(book, Session(fewer), facts) == {name}


def test_every_cause_of_a_random_book_is_read() -> None:
    """The books made at random hold the causes whose scores their remedies read."""
    assert {f"cause.{slug}" for slug in CAUSES} == set(SCORES)
    assert verdict("v", {})["verdict"] == "faulty"
