"""The condition language: Kleene's logic, tests over intervals, mistakes that are refused, and conditions in words."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from rulemaker import (
    EDGES,
    FACTS,
    NAMES,
    STABLE,
    book_of,
    cases,
    conditions,
    expected,
    finding,
    highest,
    holds_at,
    kleene,
    lowest,
    opposite,
    truth,
    values,
    verdict,
    verdicts_of,
    within,
)

from diagnose.condition import (
    NUMBER_TESTS,
    TESTS,
    All,
    Any_,
    Condition,
    FindingLeaf,
    Leaf,
    Truth,
    Value,
    compiled,
    describe,
    evaluate,
    leaf_test,
    leaves,
    negate,
    parse,
    wanted,
)
from diagnose.errors import RuleError
from diagnose.interpreter import deciding, infer
from diagnose.quantity import Span

FINDINGS = ("ash", "birch")
TRUTHS: tuple[Truth, ...] = (True, False, None)

# --- values and conditions at random

floats = st.floats(allow_nan=False)
ends = st.one_of(floats, st.sampled_from((*EDGES, -math.inf, math.inf, 0.0, -0.0)))
spans = st.tuples(ends, ends).map(lambda pair: Span(*sorted(pair)))
anything: st.SearchStrategy[Value] = st.one_of(st.none(), st.booleans(), st.text(max_size=4), spans)
figures = st.one_of(st.sampled_from(EDGES), st.floats(allow_nan=False))


@st.composite
def number_tests(draw: st.DrawFn) -> tuple[str, tuple[float, ...]]:
    """A number test with its figures."""
    test = draw(st.sampled_from(NUMBER_TESTS))
    if test == "between":
        return test, tuple(sorted(draw(st.tuples(figures, figures))))
    return test, (draw(figures),)


@st.composite
def any_leaves(draw: st.DrawFn) -> Leaf:
    """A leaf with any test."""
    test = draw(st.sampled_from(TESTS))
    args: tuple[Any, ...] = ()
    if test in NUMBER_TESTS:
        test, args = draw(number_tests())
    elif test in ("is", "in"):
        args = tuple(draw(st.lists(st.one_of(st.booleans(), st.text(max_size=2), figures), min_size=1, max_size=3)))
    return Leaf(draw(st.sampled_from(FACTS)), test, args, draw(st.booleans()))


def read(data: Any) -> Condition:
    """A condition without mistakes."""
    complaints: list[Any] = []
    condition = parse(data, (), lambda *each: complaints.append(each))
    assert complaints == []
    return condition


written = conditions(findings=FINDINGS)
parsed = written.map(read)
told = st.fixed_dictionaries({name: st.sampled_from(TRUTHS) for name in FINDINGS})

# --- the logic


@given(condition=parsed, facts=cases(), findings=told)
@STABLE
def test_negation_turns_true_and_false_and_leaves_unknown(condition: Condition, facts: Any, findings: Any) -> None:
    """A negation is false where its condition is true, true where it is false, and unknown where it is unknown."""
    assert evaluate(negate(condition), facts, findings) is opposite(evaluate(condition, facts, findings))


@given(condition=parsed)
@STABLE
def test_negation_is_an_involution(condition: Condition) -> None:
    """Negating twice gives the very condition back."""
    assert negate(negate(condition)) == condition


@given(parts=st.lists(parsed, min_size=1, max_size=4).map(tuple), facts=cases(), findings=told)
@STABLE
def test_groups_are_least_and_greatest(parts: tuple[Condition, ...], facts: Any, findings: Any) -> None:
    """`all` is the least and `any` the greatest of its parts, in the order false, unknown, true."""
    outcomes = [evaluate(part, facts, findings) for part in parts]
    assert evaluate(All(parts), facts, findings) is lowest(outcomes)
    assert evaluate(Any_(parts), facts, findings) is highest(outcomes)


@given(parts=st.lists(parsed, min_size=1, max_size=4).map(tuple), facts=cases(), findings=told)
@STABLE
def test_de_morgan(parts: tuple[Condition, ...], facts: Any, findings: Any) -> None:
    """Not all of some parts is any of their negations, and not any of them is all of their negations."""
    negations = tuple(negate(part) for part in parts)
    for whole, dual in ((All(parts), Any_(negations)), (Any_(parts), All(negations))):
        assert negate(whole) == dual
        assert opposite(evaluate(whole, facts, findings)) is evaluate(dual, facts, findings)


@pytest.mark.parametrize("first", TRUTHS)
@pytest.mark.parametrize("second", TRUTHS)
def test_truth_tables(first: Truth, second: Truth) -> None:
    """`all` is false as soon as one part is, `any` true as soon as one part is; failing that, one unknown decides."""
    findings = {"ash": first, "birch": second}
    both = {first, second}
    conjunction = False if False in both else None if None in both else True
    disjunction = True if True in both else None if None in both else False
    parts = [{"finding": "ash"}, {"finding": "birch"}]
    for meaning, data in ((conjunction, {"all": parts}), (disjunction, {"any": parts})):
        assert evaluate(read(data), {}, findings) is meaning
        assert evaluate(read({"not": data}), {}, findings) is opposite(meaning)
    assert evaluate(read({"finding": ["ash", "birch"]}), {}, findings) is disjunction


def test_not_unknown_is_unknown() -> None:
    """An unknown fact is never taken for a no: neither a test nor its negation holds."""
    for data in ({"width": {"above": 1}}, {"colour": "red"}, {"seen": True}, {"finding": "ash"}):
        for condition in (read(data), read({"not": data})):
            assert evaluate(condition, {}, {}) is None
            assert compiled(condition)({}, {}) is None


@given(condition=parsed, facts=cases(), findings=told)
@STABLE
def test_compiled_is_evaluate(condition: Condition, facts: Any, findings: Any) -> None:
    """A compiled condition says what the evaluated one says."""
    assert compiled(condition)(facts, findings) is evaluate(condition, facts, findings)


@given(data=conditions(most=8), facts=cases())
@STABLE
def test_a_condition_means_what_the_rule_page_says(data: Any, facts: Any) -> None:
    """A condition comes out as a direct reading of its data does, which knows no leaves and pushes no negation."""
    assert evaluate(read(data), facts, {}) is truth(data, facts, {})


# --- knowing more

plain = conditions(findings=FINDINGS, known=False).map(read)


@st.composite
def two_states(draw: st.DrawFn) -> tuple[dict[str, Value], dict[str, Value], dict[str, Truth], dict[str, Truth]]:
    """Facts and findings, and the same with more known: unknown ones filled in and intervals made narrower."""
    less, more = draw(cases()), draw(cases())
    for name, value in less.items():
        if not isinstance(value, Span):
            more[name] = value
        else:
            inside = st.sampled_from(within(value, EDGES))
            more[name] = Span(*sorted(draw(st.tuples(inside, inside))))
    findings, later = draw(told), draw(told)
    later.update({name: outcome for name, outcome in findings.items() if outcome is not None})
    return less, more, findings, later


@given(condition=plain, states=two_states())
@STABLE
def test_knowing_more_never_turns_an_answer(condition: Condition, states: Any) -> None:
    """What is true or false stays so when an unknown fact becomes known or an interval narrower."""
    less, more, findings, later = states
    before = evaluate(condition, less, findings)
    assert before is None or evaluate(condition, more, later) is before


def test_known_and_unknown_turn_when_a_fact_becomes_known() -> None:
    """`known` and `unknown` are the two tests that turn when a fact becomes known, and neither is ever undecided."""
    for data, before in (({"width": {"known": True}}, False), ({"width": {"unknown": True}}, True)):
        assert evaluate(read(data), {}, {}) is before
        assert evaluate(read(data), {"width": Span(1, 1)}, {}) is not before
        assert evaluate(read({"not": data}), {}, {}) is not before


# --- tests of one fact


@given(test=number_tests(), span=spans)
@STABLE
def test_number_test_over_an_interval(test: tuple[str, tuple[float, ...]], span: Span) -> None:
    """A number test is true when it holds for every figure of the interval, false when for none, else unknown."""
    name, args = test
    assert leaf_test(name, args, span) is kleene(holds_at(name, args, x) for x in within(span, args))


@given(test=number_tests(), x=st.one_of(figures, st.sampled_from((-math.inf, math.inf))))
@STABLE
def test_number_test_of_a_point_is_decided(test: tuple[str, tuple[float, ...]], x: float) -> None:
    """For one exact figure a number test is plain arithmetic and never unknown."""
    name, args = test
    assert leaf_test(name, args, Span(x, x)) is holds_at(name, args, x)


@pytest.mark.parametrize(
    ("test", "outcomes"),
    [
        ("above", (False, False, True)),
        ("at_least", (False, True, True)),
        ("below", (True, False, False)),
        ("at_most", (True, True, False)),
    ],
)
@pytest.mark.parametrize("threshold", [-2.5, 0.0, 0.1, 1.0, 1e-9, 1e12])
def test_one_float_beside_the_threshold(test: str, outcomes: tuple[bool, ...], threshold: float) -> None:
    """`above` and `below` leave the threshold out, `at_least` and `at_most` take it in, to the last float."""
    beside = (math.nextafter(threshold, -math.inf), threshold, math.nextafter(threshold, math.inf))
    assert tuple(leaf_test(test, (threshold,), Span(x, x)) for x in beside) == outcomes


def test_between_takes_both_ends_in() -> None:
    """`between` holds at both of its ends and not one float beyond them."""
    low, high = 0.3, 1.1
    for x, outcome in ((low, True), (high, True), (math.nextafter(low, -1), False), (math.nextafter(high, 2), False)):
        assert leaf_test("between", (low, high), Span(x, x)) is outcome


@given(args=st.lists(st.sampled_from(EDGES), min_size=1, max_size=3, unique=True), span=spans)
@STABLE
def test_equality_over_an_interval(args: list[float], span: Span) -> None:
    """`is` and `in` of a number are false when no figure of the interval is named, and true for a point that is."""
    named = [arg for arg in args if span.low <= arg <= span.high]
    outcome = leaf_test("in", tuple(args), span)
    assert outcome is (False if not named else True if span.low == span.high else None)


@given(leaf=any_leaves(), value=anything)
@STABLE
def test_every_test_is_total(leaf: Leaf, value: Value) -> None:
    """Every test of every value, of the wrong type or without bounds too, comes out true, false or unknown."""
    outcome = leaf_test(leaf.test, leaf.args, value)
    assert outcome is True or outcome is False or outcome is None
    facts = {} if value is None else {leaf.name: value}
    assert evaluate(leaf, facts, {}) is (None if outcome is None else outcome is leaf.want)


@given(test=number_tests(), value=st.one_of(st.none(), st.booleans(), st.text(max_size=4)))
@STABLE
def test_a_number_test_of_what_is_no_number_is_unknown(test: tuple[str, tuple[float, ...]], value: Value) -> None:
    """A number test of text, of a flag or of nothing is unknown."""
    assert leaf_test(*test, value) is None


@pytest.mark.parametrize("value", [True, False])
def test_a_flag_is_no_figure(value: bool) -> None:
    """True is not 1 and false is not 0, on either side of a test."""
    assert leaf_test("is", (int(value),), value) is False
    assert leaf_test("is", (value,), Span(float(value), float(value))) is False
    assert leaf_test("is", (int(value),), Span(float(value), float(value))) is True


@given(value=anything)
@STABLE
def test_known_is_the_opposite_of_unknown(value: Value) -> None:
    """`known` and `unknown` are always decided, and opposite."""
    assert leaf_test("known", (), value) is (value is not None)
    assert leaf_test("unknown", (), value) is (value is None)


# --- reading conditions


def mistakes(data: Any) -> list[str]:
    """The complaints about a condition, in words."""
    found: list[str] = []

    def complain(place: tuple[Any, ...], message: str, hint: str) -> None:
        found.append(f"{'.'.join(map(str, place))}: {message}. {hint}")

    parse(data, ("when",), complain)
    return found


NOT_A_CONDITION = "is not a condition. Write {field: value}, {field: {above: 1}}, all, any or not."


@pytest.mark.parametrize(
    ("data", "complaint"),
    [
        ({}, f"when: {NOT_A_CONDITION}"),
        ([], f"when: {NOT_A_CONDITION}"),
        ("width", f"when: {NOT_A_CONDITION}"),
        (None, f"when: {NOT_A_CONDITION}"),
        ({"not": []}, f"when.not: {NOT_A_CONDITION}"),
        ({"not": [{"width": 1}]}, f"when.not: {NOT_A_CONDITION}"),
        ({"all": [{"width": 1}, {}]}, f"when.all.1: {NOT_A_CONDITION}"),
        ({"any": [{"not": "seen"}]}, f"when.any.0.not: {NOT_A_CONDITION}"),
        ({"all": []}, "when.all: needs a list of conditions under all. Write all: [{...}, {...}]."),
        ({"any": {"width": 1}}, "when.any: needs a list of conditions under any. Write any: [{...}, {...}]."),
        ({"width": None}, "when.width: compares with nothing. Write {known: true} or {unknown: true}."),
        ({"width": {"over": 1}}, f"when.width.over: 'over' is not a test. Choose from {', '.join(TESTS)}."),
        *(
            (
                {"seen": {test: wrong}},
                f"when.seen.{test}: {test} takes only true. Write {{{other}: true}} for the opposite.",
            )
            for test, other in (("known", "unknown"), ("unknown", "known"))
            for wrong in (False, 1, "true", None)
        ),
        ({"width": {"above": "5"}}, "when.width.above: above takes one figure. Write {above: 1.5}."),
        ({"width": {"below": True}}, "when.width.below: below takes one figure. Write {below: 1.5}."),
        ({"width": {"at_least": None}}, "when.width.at_least: at_least takes one figure. Write {at_least: 1.5}."),
        ({"width": {"at_most": [1]}}, "when.width.at_most: at_most takes one figure. Write {at_most: 1.5}."),
        *(
            (
                {"width": {"between": wrong}},
                "when.width.between: between takes two figures, the lower first. Write {between: [0.3, 1.1]}.",
            )
            for wrong in (1, [1], [1, 2, 3], [2, 1], ["1", "2"], [True, 2], {"low": 1}, None)
        ),
    ],
)
def test_a_mistake_is_named_with_its_place_and_what_to_write(data: Any, complaint: str) -> None:
    """Each mistake in a condition is told once, with its place and what to write instead."""
    assert mistakes(data) == [complaint]


def test_all_mistakes_of_a_condition_are_told_at_once() -> None:
    """Reading goes on after a mistake."""
    assert len(mistakes({"all": [{"width": {"above": "x"}}, {}], "width": None, "any": 3})) == 4


@pytest.mark.parametrize(
    ("when", "field", "message"),
    [
        ({"widht": 1}, "when.widht", "there is no fact 'widht'. Did you mean width?"),
        ({"colour": "rde"}, "when.colour", "'rde' is not a choice of colour. Did you mean red?"),
        ({"colour": "x"}, "when.colour", "'x' is not a choice of colour. Choose from none, red, blue."),
        ({"colour": {"above": 1}}, "when.colour", "colour is a choice, not a number. Use is or in instead of above."),
        ({"seen": {"below": 1}}, "when.seen", "seen is a flag, not a number. Use is or in instead of below."),
        ({"seen": "yes"}, "when.seen", "'yes' is neither true nor false"),
        ({"seen": 1}, "when.seen", "1 is neither true nor false"),
        ({"width": True}, "when.width", "True is not a number"),
        ({"width": "big"}, "when.width", "'big' is not a number"),
        ({"electrolyte": 3}, "when.electrolyte", "3 is not text"),
        ({"colour": True}, "when.colour", "True is not text"),
        ({"cause.oak": {"above": 0}}, "when.cause.oak", "only remedies may read the score of a cause"),
        ({"finding": "oka"}, "when.finding", "there is no finding 'oka'. Did you mean oak?"),
        ({"width": {"above": "5"}}, "when.width.above", "above takes one figure. Write {above: 1.5}."),
    ],
)
def test_a_comparison_that_makes_no_sense_is_refused(when: Any, field: str, message: str) -> None:
    """The loader refuses unknown names and comparisons that a fact cannot stand, and says what to write."""
    with pytest.raises(RuleError) as caught:
        verdicts_of(when, findings={"oak": {"width": 1}})
    (problem,) = caught.value.problems
    assert str(problem) == f"rules/made.yaml: verdicts.0.{field}: {message}"


@pytest.mark.parametrize(
    "when", [{"width": {}}, {"all": [{"width": {}}]}, {"finding": []}, {"width": []}, {"width": {"in": []}}]
)
def test_a_test_without_content_is_refused(when: Any) -> None:
    """A fact without a test and an empty list are refused, for they would hold always or never."""
    assert len(mistakes(when)) == 1


@pytest.mark.parametrize("test", ["above", "below", "at_least", "at_most"])
@pytest.mark.parametrize("figure", [math.nan, math.inf, -math.inf])
def test_a_threshold_is_a_finite_figure(test: str, figure: float) -> None:
    """A threshold that is infinite or no number is refused, for the test would say nothing."""
    assert mistakes({"width": {test: figure}}) == [
        f"when.width.{test}: {test} takes one figure. Write {{{test}: 1.5}}.",
    ]


@pytest.mark.parametrize(
    ("data", "condition"),
    [
        ({"width": 1}, Leaf("width", "is", (1,))),
        ({"width": {"above": 1}}, Leaf("width", "above", (1.0,))),
        ({"width": {"between": [0, 1]}}, Leaf("width", "between", (0.0, 1.0))),
        ({"colour": ["red", "blue"]}, Leaf("colour", "in", ("red", "blue"))),
        ({"colour": {"in": ["red"]}}, Leaf("colour", "in", ("red",))),
        ({"colour": {"is": "red"}}, Leaf("colour", "is", ("red",))),
        ({"width": {"known": True}}, Leaf("width", "known", ())),
        ({"finding": "ash"}, FindingLeaf("ash")),
        ({"finding": ["ash", "fir"]}, Any_((FindingLeaf("ash"), FindingLeaf("fir")))),
        ({"not": {"width": 1}}, Leaf("width", "is", (1,), want=False)),
        ({"not": {"finding": ["ash", "fir"]}}, All((FindingLeaf("ash", False), FindingLeaf("fir", False)))),
        ({"width": 1, "seen": True}, All((Leaf("width", "is", (1,)), Leaf("seen", "is", (True,))))),
        (
            {"width": {"above": 20, "below": 60}},
            All((Leaf("width", "above", (20.0,)), Leaf("width", "below", (60.0,)))),
        ),
        ({"any": [{"width": 1}]}, Any_((Leaf("width", "is", (1,)),))),
        ({"not": {"any": [{"width": 1}, {"seen": True}]}}, None),
    ],
)
def test_a_condition_is_read_into_leaves(data: Any, condition: Condition | None) -> None:
    """Every way to write a condition gives leaves, `all` and `any`, with negation at the leaves."""
    if condition is None:
        condition = All((Leaf("width", "is", (1,), False), Leaf("seen", "is", (True,), False)))
    assert read(data) == condition


# --- in words


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ({"width": {"above": 1.3}}, "width > 1.3"),
        ({"width": {"below": 2}}, "width < 2"),
        ({"width": {"at_least": 4.3}}, "width >= 4.3"),
        ({"width": {"at_most": -1e-9}}, "width <= -1e-09"),
        ({"width": {"between": [0.3, 1.1]}}, "width 0.3 to 1.1"),
        ({"colour": "red"}, "colour is red"),
        ({"colour": ["red", "blue"]}, "colour is red or blue"),
        ({"seen": True}, "seen is true"),
        ({"not": {"seen": False}}, "not (seen is false)"),
        ({"width": {"known": True}}, "width is known"),
        ({"not": {"width": {"unknown": True}}}, "width is not unknown"),
        ({"finding": "ash"}, "ash"),
        ({"not": {"finding": "ash"}}, "not ash"),
        ({"not": {"width": {"above": 1}}}, "not (width > 1)"),
        ({"width": {"above": 20, "below": 60}}, "width > 20 and width < 60"),
        ({"any": [{"seen": True}, {"finding": "ash", "width": 1}]}, "seen is true or (ash and width is 1)"),
        ({"not": {"all": [{"seen": True}, {"finding": "ash"}]}}, "not (seen is true) or not ash"),
    ],
)
def test_a_condition_in_words(data: Any, words: str) -> None:
    """A condition is told in words, with brackets where `and` and `or` meet."""
    assert describe(read(data)) == words


@given(condition=parsed)
@STABLE
def test_words_name_every_fact(condition: Condition) -> None:
    """The words hold the name of every fact and finding that the condition reads."""
    words = describe(condition)
    assert all(leaf.name in words for leaf in leaves(condition))


# --- for want of what


@given(condition=parsed, facts=cases(), findings=told)
@STABLE
def test_wanted_are_undecided_leaves_of_an_undecided_condition(condition: Condition, facts: Any, findings: Any) -> None:
    """A decided condition wants nothing; an undecided one wants some of its leaves, each undecided itself."""
    found = list(wanted(condition, facts, findings))
    assert bool(found) is (evaluate(condition, facts, findings) is None)
    assert all(evaluate(leaf, facts, findings) is None for leaf in found)
    assert set(found) <= set(leaves(condition))


@given(condition=plain, states=two_states())
@STABLE
def test_nothing_else_would_decide(condition: Condition, states: Any) -> None:
    """As long as what is wanted stays as it is, knowing anything else leaves the condition undecided."""
    less, more, findings, later = states
    found = list(wanted(condition, less, findings))
    assume(found)
    names = {leaf.name for leaf in found}
    more = {**more, **{name: value for name, value in less.items() if name in names}}
    more = {name: value for name, value in more.items() if name not in names or name in less}
    later = {name: findings[name] if name in names else outcome for name, outcome in later.items()}
    assert evaluate(condition, more, later) is None


@given(data=conditions(known=False, most=4), facts=cases(), name=st.sampled_from(FACTS), value=st.data())
@STABLE
def test_what_decides_a_finding_is_wanted(data: Any, facts: Any, name: str, value: st.DataObject) -> None:
    """A fact that decides a condition through a finding is among those named as wanted; no finding is named."""
    book = verdicts_of({"finding": "ash"}, findings={"ash": data})
    before = infer(book, facts)
    assume("verdict.v0" in before.unknown)
    named = set(deciding(book, book.rules["verdict.v0"].when, facts, before.findings))
    assert named
    assert named <= set(NAMES.facts)
    after = infer(book, {**facts, name: value.draw(values(name).filter(lambda each: each is not None))})
    if "verdict.v0" not in after.unknown and name not in facts:
        assert name in named


def test_findings_are_worked_out_in_an_order_that_serves() -> None:
    """Findings are put in an order in which each reads only earlier ones, whatever their names."""
    found = {"ash": {"finding": "birch"}, "birch": {"finding": "cedar"}, "cedar": {"width": {"above": 1}}}
    book = verdicts_of({"finding": "ash"}, findings=found)
    assert list(book.findings) == ["cedar", "birch", "ash"]
    for width, outcome in ((Span(2, 2), True), (Span(1, 1), False), (Span(0, 3), None)):
        assert infer(book, {"width": width}).findings == dict.fromkeys(found, outcome)
    assert book.rules["verdict.v0"].facts == ("width",)


def test_findings_in_a_circle_are_refused() -> None:
    """Findings that need each other are refused, with the circle named."""
    with pytest.raises(RuleError, match="findings run in a circle: ash -> birch -> ash"):
        book_of({"findings": {"ash": finding({"finding": "birch"}), "birch": finding({"finding": "ash"})}})


@given(when=conditions(), facts=cases())
@STABLE
def test_unknown_rules_are_those_neither_true_nor_false(when: Any, facts: Any) -> None:
    """The interpreter lists a rule as fired when it is true, as unknown when unknown, and not when it is false."""
    data = {"verdicts": [verdict("v0", when), verdict("v1", {"not": when})]}
    outcome = infer(book_of(data), facts)
    for name, meaning in expected([data], facts).items():
        assert (name in outcome.fired) is (meaning is True)
        assert (name in outcome.unknown) is (meaning is None)
