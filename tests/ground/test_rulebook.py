"""The rule book: each mistake with its place and remedy, all at once; overlays; order of findings; hash."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from graphlib import CycleError, TopologicalSorter
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from diagnose.condition import evaluate
from diagnose.errors import Problem, RuleError
from diagnose.quantity import Span
from diagnose.rulebook import FactInfo, Names, RuleBook
from diagnose.rulefile import STARTS, load_rulebook
from diagnose.yamlfile import Document, parse_yaml

NAMES = Names(
    facts={
        "pressure": FactInfo("number"),
        "current": FactInfo("number"),
        "colour": FactInfo("choice", ("red", "green", "blue")),
        "seen": FactInfo("flag"),
        "electrode": FactInfo("text"),
    },
    references=frozenset({"judgement", "smith-2020"}),
    guide=frozenset({"G01", "G02"}),
)
PREFIX = "Value error, "
SOURCES = "sources: {judgement: judgement}"
SCALE = f"""\
unit: deciban
weights: {{weak: 2.9, moderate: 6.3, strong: 9.3, decisive: 12.8}}
confidence: {{high: 1.0, medium: 0.6667, low: 0.3333}}
priors: {{common: -6.0, uncommon: -9.0, rare: -12.0, exceptional: -16.0}}
cap: 30.0
supported_from: -3.0
because: It is a scale.
{SOURCES}
"""
EVIDENCE = f"{{id: one, when: {{seen: true}}, for: weak, group: g, because: b, {SOURCES}}}"


def cause(slug: str, *evidence: str, more: str = "", **changes: str) -> str:
    """A file of a cause; `changes` are keys written otherwise, or left out where empty."""
    head = {
        "cause": slug,
        "title": "t",
        "family": "contact",
        "guide": "[]",
        "mechanism": "m",
        "key_question": "q",
        "confused_with": "[]",
        "prior": "rare",
        "sources": "{judgement: judgement}",
    }
    lines = [f"{key}: {value}" for key, value in (head | changes).items() if value]
    items = "".join(f"  - {each}\n" for each in evidence or (EVIDENCE,))
    return "\n".join(lines) + f"\nevidence:\n{items}{more}"


def remedy(slug: str, more: str = "", **changes: str) -> str:
    head = {
        "remedy": slug,
        "title": "t",
        "how": "h",
        "kind": "surface",
        "treats": "{}",
        "cost": "low",
        "hours": "2",
        "readiness": "lab",
        "reversible": "false",
        "verify": "v",
        "sources": "{judgement: judgement}",
    }
    return "\n".join(f"{key}: {value}" for key, value in (head | changes).items() if value) + f"\n{more}"


def finding(slug: str, when: str = "{seen: true}", more: str = "") -> str:
    return f"findings:\n  {slug}: {{says: s, when: {when}, {SOURCES}{more}}}\n"


def verdict(slug: str, when: str = "{seen: true}", more: str = "") -> str:
    return f"verdicts:\n- {{id: {slug}, verdict: healthy, when: {when}, says: s, {SOURCES}{more}}}\n"


def contradiction(slug: str, when: str = "{seen: true}", more: str = "") -> str:
    return f"contradictions:\n- {{id: {slug}, when: {when}, fields: [seen], says: s, fix: f{more}}}\n"


def evidence(when: str = "{seen: true}", weight: str = "for: weak", more: str = "", name: str = "one") -> str:
    return f"{{id: {name}, when: {when}, {weight}, group: g, because: b, {SOURCES}{more}}}"


def documents(texts: Mapping[str, str], scale: bool = True) -> list[Document]:
    made = [parse_yaml(text, name) for name, text in texts.items()]
    return [*([parse_yaml(SCALE, "scale.yaml")] if scale else []), *made]


def load(*texts: str, overlays: tuple[tuple[str, ...], ...] = ()) -> RuleBook:
    """The book of some files a0.yaml, a1.yaml, ... and of overlays with files b0.yaml, ..., c0.yaml, ..."""
    layers = [
        [parse_yaml(text, f"{letter}{number}.yaml") for number, text in enumerate(layer)]
        for letter, layer in zip("abc", (texts, *overlays), strict=False)
    ]
    return load_rulebook([parse_yaml(SCALE, "scale.yaml"), *layers[0]], NAMES, layers[1:])


def problems(*texts: str, overlays: tuple[tuple[str, ...], ...] = ()) -> tuple[Problem, ...]:
    """The mistakes, without the words that pydantic puts before ours."""
    with pytest.raises(RuleError) as caught:
        load(*texts, overlays=overlays)
    return tuple(replace(each, message=each.message.removeprefix(PREFIX)) for each in caught.value.problems)


def told(*texts: str, overlays: tuple[tuple[str, ...], ...] = ()) -> list[str]:
    return [str(each) for each in problems(*texts, overlays=overlays)]


# --- every mistake, with its place

# Name of the mistake: the file with § before the place that is told, the field that is told, the message, and the hint.
# X stands for a slug.
MISTAKES: dict[str, tuple[str, str, str, str]] = {
    "a list": (
        "§- a", "", "is not a rule file", STARTS,
    ),
    "a word": (
        "§cause", "", "is not a rule file", STARTS,
    ),
    "an unknown top": (
        "§causes: []", "", "is not a rule file",
        "A rule file starts with cause:, findings:, verdicts:, contradictions:, combinations:, remedy: or unit:.",
    ),
    "unknown key of a cause": (
        cause("X", more="tilte: §t\n"), "tilte", "is not a known key here", "Check its spelling, or take it out.",
    ),
    "unknown key of a rule": (
        cause("X", evidence(more=", grup: §g")), "evidence.0.grup", "is not a known key here",
        "Check its spelling, or take it out.",
    ),
    "unknown key of a finding": (
        finding("X", more=", prior: §rare"), "findings.X.prior", "is not a known key here",
        "Check its spelling, or take it out.",
    ),
    "unknown key of a verdict": (
        verdict("X", more=", prior: §rare"), "verdicts.0.prior", "is not a known key here",
        "Check its spelling, or take it out.",
    ),
    "unknown key of a contradiction": (
        contradiction("X", more=", guide: §G01"), "contradictions.0.guide", "is not a known key here",
        "Check its spelling, or take it out.",
    ),
    "unknown key of a remedy": (
        remedy("X", more="prior: §rare\n"), "prior", "is not a known key here", "Check its spelling, or take it out.",
    ),
    "missing key of a cause": ("§" + cause("X", mechanism=""), "mechanism", "is missing", "Add it."),
    "missing key of a rule": (
        cause("X", "§{id: one, when: {seen: true}, for: weak, because: b, " + SOURCES + "}"),
        "evidence.0.group", "is missing", "Add it.",
    ),
    "missing key of a remedy": ("§" + remedy("X", verify=""), "verify", "is missing", "Add it."),
    "not one of the families": (
        cause("X", family="§contacts"), "family", "'contacts' is not one of the choices", "Did you mean contact?",
    ),
    "like none of the priors": (
        cause("X", prior="§zz"), "prior", "'zz' is not one of the choices",
        "Choose from common, uncommon, rare, exceptional.",
    ),
    "not one of the weights": (
        cause("X", evidence(weight="for: §strongly")), "evidence.0.for", "'strongly' is not one of the choices",
        "Did you mean strong?",
    ),
    "not one of the confidences": (
        cause("X", evidence(more=", confidence: §hihg")), "evidence.0.confidence", "'hihg' is not one of the choices",
        "Did you mean high?",
    ),
    "not one of the grades": (
        cause("X", sources="{judgement: §guessed}"), "sources.judgement", "'guessed' is not one of the choices",
        "Choose from seen, secondary, recalled, derived, judgement.",
    ),
    "not one of the verdicts": (
        "verdicts:\n- {id: X, verdict: §helthy, when: {seen: true}, says: s, " + SOURCES + "}\n",
        "verdicts.0.verdict", "'helthy' is not one of the choices", "Did you mean healthy?",
    ),
    "not one of the hazards": (
        remedy("X", hazards="[heat, §lithum]"), "hazards.1", "'lithum' is not one of the choices",
        "Did you mean lithium?",
    ),
    "not one of the shares": (
        remedy("X", treats="{X-other: §decisive}"), "treats.X-other", "'decisive' is not one of the choices",
        "Choose from strong, moderate, weak.",
    ),
    "number for a text": (cause("X", title="§5"), "title", "Input should be a valid string", ""),
    "text for a number": (remedy("X", hours="§two"), "hours", "Input should be a valid number", ""),
    "text for a flag": (remedy("X", reversible="§no"), "reversible", "Input should be a valid boolean", ""),
    "no sources": (
        cause("X", sources="{}").replace("sources: {}", "§sources: {}"), "sources",
        "Dictionary should have at least 1 item after validation, not 0", "",
    ),
    "no evidence": (
        cause("X").replace("evidence:\n  - " + EVIDENCE, "§evidence: []"), "evidence",
        "List should have at least 1 item after validation, not 0", "",
    ),
    "no fields": (
        contradiction("X").replace("fields: [seen]", "§fields: []"), "contradictions.0.fields",
        "List should have at least 1 item after validation, not 0", "",
    ),
    "two weights": (
        cause("X", "§" + evidence(weight="for: weak, against: weak")), "evidence.0",
        "needs exactly one of for, against and curve", "",
    ),
    "weight and curve": (
        cause("X", "§" + evidence(weight="for: weak, curve: {over: pressure, points: [[0, 1], [1, 2]]}")), "evidence.0",
        "needs exactly one of for, against and curve", "",
    ),
    "no weight": (
        cause("X", "§" + evidence(weight="confidence: low")), "evidence.0",
        "needs exactly one of for, against and curve", "",
    ),
    "id with a blank": (
        cause("X", evidence(name="§'a b'")), "evidence.0.id",
        "'a b' is no name here", "Use letters, digits, - and a point between them.",
    ),
    "curve over nothing": (
        cause("X", evidence(weight="curve: {over: §presure, points: [[0, 1], [1, 2]]}")), "evidence.0.curve.over",
        "'presure' is not a numeric fact", "Did you mean pressure?",
    ),
    "curve over a choice": (
        cause("X", evidence(weight="curve: {over: §colour, points: [[0, 1], [1, 2]]}")), "evidence.0.curve.over",
        "'colour' is not a numeric fact", "Did you mean colour?",
    ),
    "curve of one point": (
        cause("X", evidence(weight="curve: {over: pressure, §points: [[0, 1]]}")), "evidence.0.curve.points",
        "List should have at least 2 items after validation, not 1", "",
    ),
    "curve that falls back": (
        cause("X", evidence(weight="§curve: {over: pressure, points: [[1, 1], [0, 2]]}")), "evidence.0.curve",
        "points are pairs [value, decibans] with rising values", "",
    ),
    "curve that stands still": (
        cause("X", evidence(weight="§curve: {over: pressure, points: [[0, 1], [0, 2]]}")), "evidence.0.curve",
        "points are pairs [value, decibans] with rising values", "",
    ),
    "curve of triples": (
        cause("X", evidence(weight="§curve: {over: pressure, points: [[0, 1, 2], [1, 2, 3]]}")), "evidence.0.curve",
        "points are pairs [value, decibans] with rising values", "",
    ),
    "curve of words": (
        cause("X", evidence(weight="curve: {over: pressure, points: [[0, §weak], [1, 2]]}")),
        "evidence.0.curve.points.0.1", "Input should be a valid number", "",
    ),
    "unknown reference of a cause": (
        cause("X", sources="{smith-2002: §seen}"), "sources.smith-2002", "there is no reference 'smith-2002'",
        "Did you mean smith-2020?",
    ),
    "unknown reference of a rule": (
        cause("X", evidence().replace("{judgement: judgement}", "{nobody: §seen}")), "evidence.0.sources.nobody",
        "there is no reference 'nobody'", "",
    ),
    "unknown reference of a finding": (
        finding("X").replace("{judgement: judgement}", "{nobody: §seen}"), "findings.X.sources.nobody",
        "there is no reference 'nobody'", "",
    ),
    "unknown reference of a verdict": (
        verdict("X").replace("{judgement: judgement}", "{nobody: §seen}"), "verdicts.0.sources.nobody",
        "there is no reference 'nobody'", "",
    ),
    "unknown reference of a remedy": (
        remedy("X", sources="{nobody: §seen}"), "sources.nobody", "there is no reference 'nobody'", "",
    ),
    "unknown reference of a remedy's rule": (
        remedy("X", worse="[{id: a, when: {seen: true}, because: b, sources: {nobody: §seen}}]"),
        "worse.0.sources.nobody", "there is no reference 'nobody'", "",
    ),
    "unknown reference of an effect": (
        remedy("X", effects="[{on: a, says: s, sources: {nobody: §seen}}]"), "effects.0.sources.nobody",
        "there is no reference 'nobody'", "",
    ),
    "unknown reference of a setting": (
        remedy("X", settings="[{says: s, sources: {nobody: §seen}}]"), "settings.0.sources.nobody",
        "there is no reference 'nobody'", "",
    ),
    "unknown guide statement of a cause": (
        cause("X", guide="[G01, G99]").replace("guide:", "§guide:"), "guide", "there is no guide statement 'G99'", "",
    ),
    "unknown guide statement of a rule": (
        cause("X", evidence(more=", §guide: [G99]")), "evidence.0.guide", "there is no guide statement 'G99'", "",
    ),
    "unknown guide statement of a remedy": (
        remedy("X", guide="[G99]").replace("guide:", "§guide:"), "guide", "there is no guide statement 'G99'", "",
    ),
    "confused with nothing": (
        cause("X", confused_with="[zz]").replace("confused", "§confused"), "confused_with",
        "there is no cause 'zz'", "",
    ),
    "treats nothing": (remedy("X", treats="{zz: §weak}"), "treats.zz", "there is no cause 'zz'", ""),
    "rule twice": (
        cause("X", evidence(), "§" + evidence(when="{seen: false}")), "evidence.1",
        "the rule id own.one is used already in a0.yaml:11", "Give one of the two another id.",
    ),
    "unknown fact": (
        cause("X", evidence("{presure: §5}")), "evidence.0.when.presure", "there is no fact 'presure'",
        "Did you mean pressure?",
    ),
    "unknown fact in a gate": (
        cause("X", only_if="{colr: §red}"), "only_if.colr", "there is no fact 'colr'", "Did you mean colour?",
    ),
    "unknown fact in a verdict": (
        verdict("X", "{zz: §red}"), "verdicts.0.when.zz", "there is no fact 'zz'", "",
    ),
    "unknown fact in a contradiction": (
        contradiction("X", "{zz: §red}"), "contradictions.0.when.zz", "there is no fact 'zz'", "",
    ),
    "unknown fact in a remedy's gate": (
        remedy("X", only_if="{zz: §red}"), "only_if.zz", "there is no fact 'zz'", "",
    ),
    "unknown fact in a contraindication": (
        remedy("X", contraindicated="[{id: a, when: {zz: §red}, because: b, " + SOURCES + "}]"),
        "contraindicated.0.when.zz", "there is no fact 'zz'", "",
    ),
    "unknown finding": (
        cause("X", evidence("{finding: §zz}")), "evidence.0.when.finding", "there is no finding 'zz'", "",
    ),
    "score outside of a remedy": (
        cause("X", evidence("{§cause.X: {above: 0}}")), "evidence.0.when.cause.X",
        "only remedies may read the score of a cause", "",
    ),
    "score of no cause": (
        remedy("X", only_if="{§cause.zz: {above: 0}}"), "only_if.cause.zz", "there is no cause 'zz'", "",
    ),
    "comparison of a choice": (
        finding("X", "{§colour: {above: 1}}"), "findings.X.when.colour", "colour is a choice, not a number",
        "Use is or in instead of above.",
    ),
    "comparison of a flag": (
        finding("X", "{§seen: {between: [0, 1]}}"), "findings.X.when.seen", "seen is a flag, not a number",
        "Use is or in instead of between.",
    ),
    "word for a flag": (
        finding("X", "{seen: §yes}"), "findings.X.when.seen", "'yes' is neither true nor false", "",
    ),
    "word for a number": (
        finding("X", "{pressure: §high}"), "findings.X.when.pressure", "'high' is not a number", "",
    ),
    "flag for a number": (
        finding("X", "{pressure: §true}"), "findings.X.when.pressure", "True is not a number", "",
    ),
    "number for a choice": (finding("X", "{colour: §5}"), "findings.X.when.colour", "5 is not text", ""),
    "number for a name": (finding("X", "{electrode: §5}"), "findings.X.when.electrode", "5 is not text", ""),
    "no such choice": (
        finding("X", "{colour: §gren}"), "findings.X.when.colour", "'gren' is not a choice of colour",
        "Did you mean green?",
    ),
    "no such choice in a list": (
        finding("X", "{§colour: [red, zz]}"), "findings.X.when.colour", "'zz' is not a choice of colour",
        "Choose from red, green, blue.",
    ),
    "no such test": (
        finding("X", "{pressure: {over: §1}}"), "findings.X.when.pressure.over", "'over' is not a test",
        "Choose from above, below, at_least, at_most, between, is, in, known, unknown.",
    ),
    "bound that is no figure": (
        finding("X", "{pressure: {above: §high}}"), "findings.X.when.pressure.above", "above takes one figure",
        "Write {above: 1.5}.",
    ),
    "bound that is a flag": (
        finding("X", "{pressure: {at_most: §true}}"), "findings.X.when.pressure.at_most", "at_most takes one figure",
        "Write {at_most: 1.5}.",
    ),
    "between that falls": (
        finding("X", "{pressure: {§between: [2, 1]}}"), "findings.X.when.pressure.between",
        "between takes two figures, the lower first", "Write {between: [0.3, 1.1]}.",
    ),
    "between of three": (
        finding("X", "{pressure: {§between: [1, 2, 3]}}"), "findings.X.when.pressure.between",
        "between takes two figures, the lower first", "Write {between: [0.3, 1.1]}.",
    ),
    "known that is false": (
        finding("X", "{pressure: {known: §false}}"), "findings.X.when.pressure.known", "known takes only true",
        "Write {unknown: true} for the opposite.",
    ),
    "unknown that is false": (
        finding("X", "{pressure: {unknown: §false}}"), "findings.X.when.pressure.unknown", "unknown takes only true",
        "Write {known: true} for the opposite.",
    ),
    "comparison with nothing": (
        finding("X", "{electrode: §~}"), "findings.X.when.electrode", "compares with nothing",
        "Write {known: true} or {unknown: true}.",
    ),
    "empty condition": (
        "findings:\n  X:\n    says: s\n    §when: {}\n    " + SOURCES + "\n", "findings.X.when", "is not a condition",
        "Write {field: value}, {field: {above: 1}}, all, any or not.",
    ),
    "condition that is a word": (
        finding("X", "§red"), "findings.X.when", "Input should be a valid dictionary", "",
    ),
    "part that is a word": (
        finding("X", "{all: [{seen: true}, §red]}"), "findings.X.when.all.1", "is not a condition",
        "Write {field: value}, {field: {above: 1}}, all, any or not.",
    ),
    "not of a word": (
        finding("X", "{not: §red}"), "findings.X.when.not", "is not a condition",
        "Write {field: value}, {field: {above: 1}}, all, any or not.",
    ),
    "all of a mapping": (
        finding("X", "{§all: {seen: true}}"), "findings.X.when.all", "needs a list of conditions under all",
        "Write all: [{...}, {...}].",
    ),
    "any of nothing": (
        finding("X", "{§any: []}"), "findings.X.when.any", "needs a list of conditions under any",
        "Write any: [{...}, {...}].",
    ),
    "finding in a circle": (
        "findings:\n  §X-a: {says: s, when: {finding: X-b}, " + SOURCES + "}\n"
        "  X-b: {says: s, when: {not: {finding: X-a}}, " + SOURCES + "}\n",
        "findings.X-a", "findings run in a circle: X-a -> X-b -> X-a", "",
    ),
    "finding of itself": (
        finding("§X", "{any: [{seen: true}, {finding: X}]}"), "findings.X",
        "findings run in a circle: X -> X", "",
    ),
}  # fmt: skip


def expected(name: str, file: str, slug: str) -> tuple[str, Problem]:
    """The text of a mistake without its mark, and the problem that must be told."""
    marked, where, message, hint = (part.replace("X", slug) for part in MISTAKES[name])
    before = marked.split("§")[0]
    text = marked.replace("§", "")
    line, column = before.count("\n") + 1, len(before) - before.rfind("\n")
    return text, Problem(message, file, line, column, where, hint)


@pytest.mark.parametrize("name", sorted(MISTAKES))
def test_mistake_is_told_with_its_place(name: str) -> None:
    """Each mistake names file, line, column and key, and what to write instead where that can be said."""
    text, problem = expected(name, "a0.yaml", "own")
    others = cause("own-other", evidence(name="only"))
    found = problems(text, others)
    assert problem in found
    assert {each.file for each in found if each.file} == {"a0.yaml"}
    assert {each.line for each in found if each.file} == {problem.line}


def test_all_mistakes_are_told_together() -> None:
    """Every kind of mistake in a file of its own: all of them are told in one go, each once."""
    wanted, texts = [], {}
    for number, name in enumerate(sorted(MISTAKES)):
        text, problem = expected(name, f"{number:02}.yaml", f"own{number:02}")
        texts[problem.file] = text
        wanted.append(
            (
                problem.file,
                problem.line,
                problem.column,
                problem.field,
                problem.message.replace("a0.yaml", problem.file).replace("own.one", f"own{number:02}.one"),
            )
        )
    with pytest.raises(RuleError) as caught:
        load_rulebook(documents(texts), NAMES)
    found = [
        (each.file, each.line, each.column, each.field, each.message.removeprefix(PREFIX))
        for each in caught.value.problems
    ]
    assert [each for each in wanted if each not in found] == []
    assert len(found) == len(set(found))


def test_several_mistakes_in_one_item_are_told_together() -> None:
    """Names, grades and keys that are wrong in one cause are all told, whatever part they stand in."""
    text = cause(
        "own",
        evidence("{presure: {above: 1}, colour: gren}", weight="for: weak"),
        evidence("{finding: zz}", name="two").replace("{judgement: judgement}", "{nobody: seen}"),
        only_if="{seen: maybe}",
        confused_with="[zz, own]",
        guide="[G99]",
        sources="{nobody: seen}",
    )
    assert sorted(each.field for each in problems(text)) == [
        "confused_with", "evidence.0.when.colour", "evidence.0.when.presure", "evidence.1.sources.nobody",
        "evidence.1.when.finding", "guide", "only_if.seen", "sources.nobody",
    ]  # fmt: skip


def test_text_of_the_error_is_that_of_its_problems() -> None:
    """The error of a rule book reads as one line a mistake."""
    with pytest.raises(RuleError) as caught:
        load("causes: []\n", "- a\n")
    assert str(caught.value).split("\n") == [
        f"a0.yaml:1:1: is not a rule file. {STARTS}",
        f"a1.yaml:1:1: is not a rule file. {STARTS}",
    ]


def test_without_a_scale_there_is_no_rule_book() -> None:
    """A rule book without a scale says where the scale belongs and what it holds, beside all other mistakes."""
    with pytest.raises(RuleError) as caught:
        load_rulebook(documents({"a.yaml": "- a\n"}, scale=False), NAMES)
    assert [str(each) for each in caught.value.problems][1:] == [
        "rules/scale.yaml: there is no scale. Add weights, priors and cap."
    ]


def test_nothing_is_a_rule_book_when_there_is_a_scale() -> None:
    """Without any rule the book is empty, and right."""
    book = load()
    assert not book.rules
    assert not book.causes
    assert book.scale.cap == 30.0


def test_ids_that_meet_across_items_are_refused() -> None:
    """Two rules whose full ids are the same, though their own are not, are refused."""
    texts = (cause("a.b", evidence(name="c")), cause("a", evidence(name="b.c")))
    assert "the rule id a.b.c is used already in a1.yaml:11" in told(*texts)[0]
    rules = f"[{{id: a, when: {{seen: true}}, because: b, {SOURCES}}}]"
    assert "the rule id remedy.own.a is used already in " in told(remedy("own", better=rules, worse=rules))[0]


@pytest.mark.parametrize("points", ["[[0, 1], [1, 2]]", "[[-5, 6.3], [0, 0], [1, -6.3]]", "[[0.1, 1], [0.2, 1]]"])
def test_curves_that_rise_in_their_quantity_are_read(points: str) -> None:
    """The decibans of a curve may rise, fall or stay, as long as its quantity rises."""
    (item,) = load(cause("own", evidence(weight=f"curve: {{over: pressure, points: {points}}}"))).causes["own"].evidence
    assert item.curve is not None
    assert [pair[0] for pair in item.curve.points] == sorted({pair[0] for pair in item.curve.points})


@settings(derandomize=True, deadline=None, max_examples=200)
@given(st.lists(st.tuples(st.integers(-5, 5), st.integers(-20, 20)), min_size=2, max_size=5))
def test_curve_is_refused_exactly_when_it_does_not_rise(points: list[tuple[int, int]]) -> None:
    """A curve is read exactly when each of its points lies right of the one before."""
    text = cause("own", evidence(weight=f"curve: {{over: pressure, points: {[list(pair) for pair in points]}}}"))
    if all(one[0] < two[0] for one, two in pairwise(points)):
        assert load(text).rules["own.one"].facts == ("pressure", "seen")
    else:
        assert "with rising values" in told(text)[0]


# --- what is made


def test_every_item_becomes_its_rules() -> None:
    """Each rule carries an id that says what it is: finding, gate, evidence, verdict, contradiction or of a remedy."""
    rule = f"{{id: %s, when: {{cause.own: {{above: 0}}}}, because: b, {SOURCES}}}"
    book = load(
        cause("own", only_if="{colour: red}"),
        cause("other"),
        finding("seen-it"),
        verdict("fine", "{finding: seen-it}"),
        contradiction("odd"),
        remedy("mend", treats="{own: weak}", only_if="{cause.own: {above: 3}}", better=f"[{rule % 'a'}]",
               worse=f"[{rule % 'b'}]", contraindicated=f"[{rule % 'c'}]"),
    )  # fmt: skip
    assert {(rule.id, rule.kind, rule.owner, rule.phase) for rule in book.rules.values()} == {
        ("finding.seen-it", "finding", "seen-it", 1),
        ("gate.own", "gate", "own", 1),
        ("own.one", "evidence", "own", 1),
        ("other.one", "evidence", "other", 1),
        ("verdict.fine", "verdict", "fine", 1),
        ("contradiction.odd", "contradiction", "odd", 1),
        ("remedy.mend.unfit", "unfit", "mend", 2),
        ("remedy.mend.a", "better", "mend", 2),
        ("remedy.mend.b", "worse", "mend", 2),
        ("remedy.mend.c", "contraindication", "mend", 2),
    }
    assert list(book.rules) == sorted(book.rules)
    assert book.rules["verdict.fine"].facts == ("seen",)
    assert [rule.id for rule in book.of("better", "gate")] == ["gate.own", "remedy.mend.a"]
    assert book.of() == ()


@pytest.mark.parametrize(("value", "fires"), [("red", False), ("green", True), (None, None)])
def test_gate_rules_out_only_when_it_is_definitely_false(value: str | None, fires: bool | None) -> None:
    """The rule of a gate is true where the gate is false, and unknown where nothing is known."""
    rule = load(cause("own", only_if="{colour: red}")).rules["gate.own"]
    facts = {} if value is None else {"colour": value}
    assert rule.test(facts, {}) is fires
    assert evaluate(rule.when, facts, {}) is fires


NODES = "abcdefg"
GRAPHS = st.dictionaries(st.sampled_from(NODES), st.sets(st.sampled_from(NODES), max_size=3), min_size=1)
FORMS = ("{finding: %s}", "{not: {finding: %s}}", "{all: [{seen: true}, {not: {any: [{finding: %s}]}}]}")


def graph_text(graph: Mapping[str, set[str]]) -> str:
    """A file of findings, each of which reads those it is joined to, or `pressure` where it is joined to none."""
    lines = []
    for number, (name, reads) in enumerate(graph.items()):
        parts = [FORMS[(number + place) % 3] % each for place, each in enumerate(sorted(reads))]
        when = f"{{all: [{', '.join(parts)}]}}" if parts else "{pressure: {above: 1}}"
        lines.append(f"  {name}: {{says: s, when: {when}, {SOURCES}}}\n")
    return "findings:\n" + "".join(lines)


@settings(derandomize=True, deadline=None, max_examples=300)
@given(GRAPHS)
def test_findings_load_exactly_when_they_do_not_run_in_a_circle(graph: dict[str, set[str]]) -> None:
    """Findings in any order are sorted so that each reads only earlier ones; a circle is refused and shown."""
    graph = {name: reads & set(graph) for name, reads in graph.items()}
    try:
        tuple(TopologicalSorter(graph).static_order())
    except CycleError:
        found = problems(graph_text(graph))
        assert found
        for each in found:
            steps = each.message.removeprefix("findings run in a circle: ").split(" -> ")
            assert steps[0] == steps[-1]
            assert all(two in graph[one] for one, two in pairwise(steps))
            assert each.field == f"findings.{steps[0]}"
            assert each.line == list(graph).index(steps[0]) + 2
    else:
        book = load(graph_text(graph))
        order = list(book.findings)
        assert sorted(order) == sorted(graph)
        assert all(order.index(each) < order.index(name) for name in graph for each in graph[name])


@settings(derandomize=True, deadline=None, max_examples=100)
@given(GRAPHS)
def test_facts_of_a_rule_are_those_of_all_it_builds_on(graph: dict[str, set[str]]) -> None:
    """A rule depends on every fact that its findings depend on, however far down."""
    graph = {name: {each for each in reads if each in graph and each > name} for name, reads in graph.items()}

    def below(name: str) -> Iterator[str]:
        if not graph[name]:
            yield "pressure"
        for number, each in enumerate(sorted(graph[name])):
            yield from ["seen"] if (list(graph).index(name) + number) % 3 == 2 else []
            yield from below(each)

    top = next(iter(graph))
    book = load(graph_text(graph), verdict("v", f"{{finding: {top}}}"))
    assert book.rules["verdict.v"].facts == tuple(sorted(set(below(top))))


# --- overlays

KINDS = {
    "cause": (lambda slug, more="": cause(slug, more=more.replace(", ", "") + "\n"), "causes", (1, 1)),
    "remedy": (lambda slug, more="": remedy(slug, more=more.replace(", ", "") + "\n"), "remedies", (1, 1)),
    "finding": (lambda slug, more="": finding(slug, more=more), "findings", (2, 3)),
    "verdict": (lambda slug, more="": verdict(slug, more=more), "verdicts", (2, 3)),
    "contradiction": (lambda slug, more="": contradiction(slug, more=more), "contradictions", (2, 3)),
}
REPLACES = ", replaces: true"


def slugs(book: RuleBook, shelf: str) -> list[str]:
    items = getattr(book, shelf)
    return list(items) if isinstance(items, Mapping) else [each.id for each in items]


def marked(text: str) -> str:
    """The same file with other words in it."""
    return text.replace("title: t", "title: other").replace("says: s", "says: other")


def words(book: RuleBook, shelf: str, slug: str) -> str:
    items = getattr(book, shelf)
    item = items[slug] if isinstance(items, Mapping) else next(each for each in items if each.id == slug)
    return str(getattr(item, "title", None) or item.says)


@pytest.mark.parametrize("kind", KINDS)
def test_overlay_adds(kind: str) -> None:
    """What an overlay adds is added, and the rest stays as it was."""
    make, shelf, _ = KINDS[kind]
    alone = load(make("one"))
    both = load(make("one"), overlays=((make("two"),),))
    assert sorted(slugs(both, shelf)) == ["one", "two"]
    assert words(both, shelf, "one") == words(alone, shelf, "one")
    assert set(alone.rules) < set(both.rules) or kind == "remedy"
    assert both.hash != alone.hash


@pytest.mark.parametrize("kind", KINDS)
def test_overlay_replaces(kind: str) -> None:
    """With `replaces: true` an overlay takes the place of an item, whole; a later overlay may do so again."""
    make, shelf, _ = KINDS[kind]
    once = load(make("one"), overlays=((marked(make("one", REPLACES)),),))
    assert words(once, shelf, "one") == "other"
    again = load(make("one"), overlays=((marked(make("one", REPLACES)),), (make("one", REPLACES),)))
    assert words(again, shelf, "one") != "other"
    added = load(overlays=((make("one"),), (marked(make("one", REPLACES)),)))
    assert words(added, shelf, "one") == "other"


@pytest.mark.parametrize("kind", KINDS)
def test_silent_shadowing_is_refused(kind: str) -> None:
    """Without `replaces: true` an item of the same name is refused with both places."""
    make, _, (line, column) = KINDS[kind]
    for overlays in (((make("one"),),), ((make("two"),), (make("one"),)), ((make("two"), make("one")),)):
        (problem,) = problems(make("one"), overlays=overlays)
        assert problem.message == f"the {kind} one stands already in a0.yaml:{line}"
        assert problem.hint == "Write `replaces: true` to override it."
        assert (problem.file[0], problem.line, problem.column) == ("bc"[len(overlays) - 1], line, column)


@pytest.mark.parametrize("kind", KINDS)
def test_second_overlay_names_the_first(kind: str) -> None:
    """Two overlays that add the same item are refused, naming the first of the two."""
    make, _, (line, _) = KINDS[kind]
    (problem,) = problems(overlays=((make("one"),), (make("one"),)))
    assert (problem.file, problem.message) == ("c0.yaml", f"the {kind} one stands already in b0.yaml:{line}")


@pytest.mark.parametrize("kind", KINDS)
def test_replacing_nothing_is_refused(kind: str) -> None:
    """`replaces: true` where nothing stands is refused, with the nearest name or with what to take out."""
    make, _, (line, column) = KINDS[kind]
    (problem,) = problems(make("first-thing"), overlays=((make("first-think", REPLACES),),))
    assert problem.message == f"replaces the {kind} first-think, which does not exist"
    assert (problem.file, problem.line, problem.column) == ("b0.yaml", line, column)
    assert problem.hint == "Did you mean first-thing?"
    (problem,) = problems(make("one"), overlays=((make("zzzzz", REPLACES),),))
    assert problem.hint == "Take out `replaces: true` to add it."
    (problem,) = problems(make("one", REPLACES))
    assert problem.message == f"replaces the {kind} one, which does not exist"


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("more", ["", REPLACES])
def test_clash_within_the_shipped_rules(kind: str, more: str) -> None:
    """Two items of one name among the shipped files are refused, whatever they say of replacing."""
    make, _, (line, column) = KINDS[kind]
    (problem,) = problems(make("one"), make("one", more))
    assert str(problem).startswith(f"a1.yaml:{line}:{column}: ")
    assert problem.message == f"the {kind} one stands already in a0.yaml:{line}"
    assert problem.hint == "Keep one of the two."


@pytest.mark.parametrize("kind", KINDS)
def test_clash_within_an_overlay(kind: str) -> None:
    """Two files of one overlay may not both replace, or add and replace, the same item."""
    make, _, _ = KINDS[kind]
    texts = (make("one", REPLACES), marked(make("one", REPLACES)))
    assert "stands already in b0.yaml" in told(make("one"), overlays=(texts,))[0]
    assert "stands already in b0.yaml" in told(overlays=((make("one"), texts[0]),))[0]


def test_rules_of_a_replaced_cause_are_gone() -> None:
    """A cause is replaced whole: the rules and the gate it had are not kept."""
    first = cause("own", evidence(), evidence("{seen: false}", "against: weak", name="two"), only_if="{colour: red}")
    book = load(first, overlays=((cause("own", evidence(name="three"), replaces="true"),),))
    assert set(book.rules) == {"own.three"}


def test_replaced_verdict_keeps_its_turn() -> None:
    """Verdicts are read from the top: one that is replaced keeps its turn, one that is added comes last."""
    base = "verdicts:\n" + "".join(verdict(name).split("\n", 1)[1] for name in ("one", "two", "three"))
    book = load(base, overlays=((marked(verdict("two", more=REPLACES)), verdict("four")),))
    assert [each.id for each in book.verdicts] == ["one", "two", "three", "four"]
    assert words(book, "verdicts", "two") == "other"


def test_what_others_say_of_a_replaced_item_is_checked_against_the_new() -> None:
    """A finding of the shipped rules may be made to build on one of an overlay, and may close a circle there."""
    base = finding("one") + finding("two", "{finding: one}").split("\n", 1)[1]
    good = finding("one", "{finding: new}", REPLACES) + finding("new").split("\n", 1)[1]
    assert list(load(base, overlays=((good,),)).findings) == ["new", "one", "two"]
    (problem,) = problems(base, overlays=((finding("one", "{finding: two}", REPLACES),),))
    assert problem.message == "findings run in a circle: one -> two -> one"
    assert problem.file == "b0.yaml"


# --- hash

TEXT = cause("own", only_if="{colour: [red, green]}")
CHANGES = [
    ("title: t", "title: u"), ("rare", "common"), ("weak", "strong"), ("[red, green]", "[green, red]"),
    ("seen: true", "seen: false"), ("id: one", "id: two"), ("judgement: judgement", "judgement: recalled"),
    ("cause: own", "cause: mine"),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new"), CHANGES)
def test_hash_changes_with_the_content(old: str, new: str) -> None:
    """Any change of content gives another hash."""
    assert old in TEXT
    assert load(TEXT.replace(old, new)).hash != load(TEXT).hash


def test_hash_does_not_change_with_the_writing() -> None:
    """Remarks, blank lines, quotes, the order of keys and flow or block style leave the hash as it is."""
    lines = TEXT.splitlines()
    head, tail = lines[:9], lines[9:]
    shuffled = "\n".join([*tail, *reversed(head)]) + "\n"
    quoted = TEXT.replace("title: t", "'title':   \"t\"  # the title").replace("seen: true", "seen: TRUE")
    blocky = TEXT.replace("only_if: {colour: [red, green]}", "only_if:\n  colour:\n    - red\n\n    - green")
    for other in (shuffled, quoted, blocky, "# a remark\n\n" + TEXT.replace("\n", "\r\n")):
        assert other != TEXT
        assert load(other).hash == load(TEXT).hash


def test_hash_is_that_of_what_was_loaded() -> None:
    """The same documents give the same hash each time, sixty-four hexadecimal digits that overlays and order change."""
    book = load(TEXT)
    assert book.hash == load(TEXT).hash
    assert len(bytes.fromhex(book.hash)) == 32
    assert load(TEXT, overlays=((finding("new"),),)).hash != book.hash
    one, two = verdict("one"), verdict("two")
    assert load(one, two).hash != load(two, one).hash
    assert [each.id for each in load(two, one).verdicts] == ["two", "one"]


# --- mistakes that are not found


@pytest.mark.parametrize(
    "text",
    ["findings: [a]\n", "findings:\n", "verdicts: {a: {}}\n", "verdicts:\n", "contradictions: {a: {}}\n",
     "contradictions: none\n"],
)  # fmt: skip
def test_items_in_the_wrong_form_are_refused(text: str) -> None:
    """A list where a mapping belongs, a mapping where a list belongs, and nothing at all are refused."""
    assert told(text)[0].startswith("a0.yaml:1:")


@pytest.mark.parametrize(
    ("first", "second"),
    [("finding", "verdict"), ("verdict", "contradiction"), ("finding", "contradiction")],
)
def test_second_part_of_a_file_is_not_dropped(first: str, second: str) -> None:
    """A file of two kinds of items is read whole or refused, never half."""
    text = KINDS[first][0]("one") + KINDS[second][0]("two")
    try:
        book = load(text)
    except RuleError:
        return
    assert slugs(book, KINDS[second][1]) == ["two"]


@pytest.mark.parametrize("kind", ["finding", "verdict", "contradiction"])
def test_unknown_key_beside_a_list_of_items_is_refused(kind: str) -> None:
    """An unknown key at the top of a file is refused in every kind of file."""
    assert "is not a known" in told(KINDS[kind][0]("one") + "zork: 1\n")[0]


@pytest.mark.parametrize("when", ["{pressure: {}}", "{colour: []}", "{colour: {in: []}}", "{finding: []}"])
def test_empty_comparison_is_refused(when: str) -> None:
    """A comparison without anything to compare with, which is always true or never, is refused."""
    assert "findings.own.when" in told(finding("own", when))[0]


@pytest.mark.parametrize("when", ["{above: .nan}", "{below: .inf}", "{between: [.nan, 1]}", "{between: [0, .inf]}"])
def test_comparison_with_what_is_no_number_is_refused(when: str) -> None:
    """A comparison with NaN or infinity makes no sense and is refused."""
    assert "takes" in told(finding("own", f"{{pressure: {when}}}"))[0]


def test_comparison_with_an_endless_figure_is_refused() -> None:
    """A figure too large for a float is a mistake, not a crash."""
    assert "above takes one figure" in told(finding("own", f"{{pressure: {{above: {'9' * 390}}}}}"))[0]


@pytest.mark.parametrize("points", ["[[0, .nan], [1, 2]]", "[[0, 1], [.inf, 2]]", "[[0, 1], [1, .inf]]"])
def test_curve_through_what_is_no_number_is_refused(points: str) -> None:
    """A curve with NaN or infinity in it is refused."""
    told(cause("own", evidence(weight=f"curve: {{over: pressure, points: {points}}}")))


@pytest.mark.parametrize(
    ("old", "new"),
    [("weak: 2.9, ", ""), ("low: 0.3333", ""), ("rare: -12.0, ", ""), ("2.9", ".nan"), ("cap: 30.0", "cap: .inf"),
     ("cap: 30.0", "cap: -30.0"), ("judgement: judgement", "nobody: seen"), ("{judgement: judgement}", "{}")],
)  # fmt: skip
def test_scale_is_complete_and_sourced(old: str, new: str) -> None:
    """A scale without one of the strengths, confidences or priors, with NaN, or without a known source is refused."""
    assert old in SCALE
    with pytest.raises(RuleError):
        load_rulebook([parse_yaml(SCALE.replace(old, new), "scale.yaml")], NAMES)


def test_second_scale_is_refused() -> None:
    """Two scales are refused, in one layer and in an overlay that does not say that it replaces."""
    with pytest.raises(RuleError):
        load(SCALE)
    with pytest.raises(RuleError):
        load(overlays=((SCALE.replace("30.0", "10.0"),),))


def test_contradiction_may_not_read_a_finding() -> None:
    """A contradiction reads facts; one that reads a finding could never be found true, and is refused."""
    told(finding("own"), contradiction("odd", "{finding: own}"))


def test_fields_of_a_contradiction_are_known() -> None:
    """A contradiction that points to a field that does not exist is refused."""
    told(contradiction("odd").replace("fields: [seen]", "fields: [zork]"))


@pytest.mark.parametrize("slug", ["'Foo Bar!'", "''", "-x"])
@pytest.mark.parametrize("kind", ["cause", "remedy", "finding", "verdict"])
def test_slug_that_is_no_slug_is_refused(kind: str, slug: str) -> None:
    """A slug with blanks, capitals and signs, or an empty one, is refused."""
    told(KINDS[kind][0](slug))


def test_messages_do_not_speak_of_value_errors() -> None:
    """A message about a rule is in plain words."""
    with pytest.raises(RuleError) as caught:
        load(cause("own", evidence(weight="confidence: low")))
    assert PREFIX not in str(caught.value)


def test_python_names_are_no_keys() -> None:
    """The name that Python uses for a key is not a key of the file."""
    told(cause("own", evidence(weight="for_: weak")))


def test_rule_that_stands_twice_is_told_once_with_its_place() -> None:
    """A rule that stands twice is one mistake, and every mistake of a file has its place."""
    (problem,) = problems(cause("own", evidence(), evidence("{seen: false}")))
    assert problem.line > 0


def chain(count: int, form: str) -> str:
    """Findings of which each reads the next one, the last one a fact."""
    reads = [form.replace("N", f"f{number + 1:04}") for number in range(count)]
    lines = [f"  f{number:04}: {{says: s, when: {when}, {SOURCES}}}\n" for number, when in enumerate(reads)]
    return "findings:\n" + "".join(lines) + f"  f{count:04}: {{says: s, when: {{seen: true}}, {SOURCES}}}\n"


def test_a_chain_of_findings_is_sorted() -> None:
    """Findings may build on each other over many steps."""
    assert list(load(chain(100, "{finding: N}")).findings) == [f"f{number:04}" for number in range(100, -1, -1)]


def test_a_very_long_chain_of_findings_is_sorted() -> None:
    """A chain of findings of any length is sorted, or refused, but no crash."""
    assert len(load(chain(1500, "{finding: N}")).findings) == 1501


def test_findings_read_twice_cost_no_more() -> None:
    """The work of loading grows with the number of findings, not with the number of ways through them."""
    start = time.process_time()
    load(chain(18, "{all: [{finding: N}, {finding: N}]}"))
    assert time.process_time() - start < 0.1


def test_numbers_in_rules_are_floats() -> None:
    """Whole numbers in a rule file are taken for the floats they are."""
    book = load(remedy("own"), cause("own", evidence("{pressure: {above: 1}}")))
    assert book.remedies["own"].hours == 2.0
    assert book.rules["own.one"].test({"pressure": Span(1.0, 1.0)}, {}) is False
    assert book.rules["own.one"].test({"pressure": Span(math.nextafter(1.0, 2.0), 2.0)}, {}) is True
