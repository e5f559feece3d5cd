"""The linter: each kind of remark is provoked by a small rule file, and a near miss is left in peace."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from diagnose import lint as linter
from diagnose.condition import Condition, Value, evaluate, negate
from diagnose.data import Base, home, load
from diagnose.derived import DERIVED
from diagnose.facts import names
from diagnose.lint import Remark, lint
from diagnose.quantity import Span
from diagnose.region import Space, implies
from diagnose.rulefile import load_rulebook
from diagnose.yamlfile import parse_yaml, read_text

SOURCES = "sources: {judgement: judgement}"
CAUSE = """
cause: binder
title: Binder left
family: composite
guide: []
mechanism: It covers.
key_question: Was it removed?
confused_with: []
prior: common
%s
sources: {judgement: judgement}
evidence:
  - {id: found, when: {second_phase_seen: true}, for: decisive, group: found, because: Seen., %s}
  - {id: not-found, when: {second_phase_seen: false}, against: decisive, group: found, because: Not seen., %s}
"""
REMEDY = """
remedy: wash
title: Wash
how: Rinse.
kind: surface
treats: {binder: strong}
cost: low
hours: 1
readiness: lab
reversible: false
verify: It rises.
sources: {judgement: judgement}
"""
FINDINGS = """
findings:
  pressed: {says: It is pressed., when: {stack_pressure_MPa: {above: 5}}, sources: {judgement: judgement}}
  blind: {says: It is blind., when: {any: [{pressure_response: none}, {pressure_exponent: {below: 0.1}}]},
    sources: {judgement: judgement}}
"""
CONTRADICTIONS = """
contradictions:
  - {id: bare, when: {coating: none, coating_thickness_nm: {above: 0}}, fields: [coating], says: Bare., fix: Name it.}
"""


def base(*texts: str) -> Base:
    """A small rule book with the shipped scale and the shipped knowledge."""
    knowledge = load().knowledge
    documents = [parse_yaml(read_text(home("rules") / "scale.yaml"), "rules/scale.yaml")]
    documents += [parse_yaml(text, f"rules/own{index}.yaml") for index, text in enumerate(texts)]
    return Base(load_rulebook(documents, names(knowledge)), knowledge)


@lru_cache
def usual(*texts: str) -> frozenset[Remark]:
    return frozenset(lint(base(*texts)))


def remarks(*texts: str, beside: tuple[str, ...] = ()) -> list[Remark]:
    """What is said of some rule files and not of the files beside them alone."""
    return [each for each in lint(base(*beside, *texts)) if each not in usual(*beside)]


def rule(name: str, when: str, rest: str = "for: moderate, group: g") -> str:
    return f"  - {{id: {name}, when: {when}, {f'{rest}, ' if rest else ''}because: So., {SOURCES}}}\n"


def told(*rules: str, only_if: str = "") -> list[Remark]:
    """Remarks on a cause with some evidence beside what every cause needs."""
    gate = f"only_if: {only_if}" if only_if else ""
    cause = CAUSE % (gate, SOURCES, SOURCES) + "".join(rules)
    return remarks(cause, REMEDY, beside=(FINDINGS, CONTRADICTIONS))


def short(found: list[Remark]) -> list[tuple[str, str, str]]:
    return [(each.level, each.rule, each.kind) for each in found]


# --- one condition

UNREACHABLE = {
    "intervals that do not meet": (
        "{stack_pressure_MPa: {above: 5, below: 3}}",
        "{stack_pressure_MPa: {above: 3, below: 5}}",
    ),
    "open ends": ("{cpe_exponent: {above: 0.5, at_most: 0.5}}", "{cpe_exponent: {at_least: 0.5, at_most: 0.5}}"),
    "between two whole numbers": ("{cycles_done: {above: 0, below: 1}}", "{cycles_done: {above: 0, below: 2}}"),
    "categories": (
        "{all: [{pressure_response: weak}, {pressure_response: strong}]}",
        "{any: [{pressure_response: weak}, {pressure_response: strong}]}",
    ),
    "no category left": (
        "{pressure_response: {known: true}, not: {pressure_response: [none, weak, strong]}}",
        "{pressure_response: {known: true}, not: {pressure_response: [none, weak]}}",
    ),
    "known and unknown": (
        "{carbon_additive: none, all: [{carbon_additive: {unknown: true}}]}",
        "{carbon_additive: none, carbon_weight_percent: {unknown: true}}",
    ),
    "above the limits of a field": ("{stack_pressure_MPa: {above: 2000}}", "{stack_pressure_MPa: {at_least: 2000}}"),
    "the opposite of what always holds": ("{not: {cpe_exponent: {at_least: 0}}}", "{not: {cpe_exponent: {above: 0}}}"),
    "below what a formula can give": (
        "{derived.swelling_percent: {below: 0}}",
        "{derived.swelling_percent: {at_most: 0}}",
    ),
    "a ratio below nothing": ("{derived.pressure_over_low: {below: 0}}", "{derived.pressure_over_low: {at_most: 0}}"),
    "always given": ("{electrolyte_family: {unknown: true}}", "{electrode: {unknown: true}}"),
    "a finding and its opposite": (
        "{finding: blind, not: {finding: blind}}",
        "{finding: blind, not: {finding: pressed}}",
    ),
    "a finding against its definition": (
        "{finding: pressed, stack_pressure_MPa: {at_most: 5}}",
        "{finding: pressed, stack_pressure_MPa: {at_most: 6}}",
    ),
    "every alternative of a finding": (
        "{finding: blind, pressure_response: strong, pressure_exponent: {above: 1}}",
        "{finding: blind, pressure_response: strong}",
    ),
    "refused as a contradiction": (
        "{coating: none, coating_thickness_nm: {above: 5}}",
        "{coating: none, coating_thickness_nm: {unknown: true}}",
    ),
}


@pytest.mark.parametrize(("never", "once"), UNREACHABLE.values(), ids=UNREACHABLE)
def test_what_can_never_be_true_is_an_error(never: str, once: str) -> None:
    """A condition that no values make true is an error; one that a single value makes true is not."""
    assert short(told(rule("r", never))) == [("error", "binder.r", "unreachable")]
    assert short(told(rule("r", once))) == []


@pytest.mark.parametrize(
    ("only_if", "never", "once"),
    [
        ("{electrode_role: cathode}", "{electrode_role: [anode, junction]}", "{electrode_role: [anode, cathode]}"),
        ("{not: {cycles_done: {below: 1}}}", "{cycles_done: {at_most: 0}}", "{cycles_done: {at_most: 1}}"),
        ("{electrode.kind: metal}", "{electrode.kind: alloy}", "{electrode.kind: {unknown: true}}"),
        ("{not: {finding: pressed}}", "{stack_pressure_MPa: {above: 6}}", "{stack_pressure_MPa: {above: 4}}"),
    ],
)
def test_what_the_gate_excludes_is_an_error(only_if: str, never: str, once: str) -> None:
    """Evidence that holds only where the cause is ruled out is an error; an unknown gate rules nothing out."""
    (found,) = told(rule("r", never), only_if=only_if)
    assert short([found]) == [("error", "binder.r", "unreachable")]
    assert found.message.endswith("lies outside only_if")
    assert short(told(rule("r", once), only_if=only_if)) == []


def test_gate_and_contradictions_may_exclude_a_rule_together() -> None:
    """A rule of which one alternative is refused and the other ruled out can never be true."""
    refused = "{any: [{coating: none, coating_thickness_nm: {above: 5}}, {electrode_role: %s}]}"
    (found,) = told(rule("r", refused % "anode"), only_if="{electrode_role: cathode}")
    assert (found.level, found.kind, found.hint) == ("error", "unreachable", "See rules/contradictions.yaml.")
    (found,) = told(rule("r", refused % "cathode"), only_if="{electrode_role: cathode}")
    assert found.message.startswith("the alternative coating is none and coating_thickness_nm > 5 can never be true")


@pytest.mark.parametrize(
    ("only_if", "when", "words"),
    [
        ("", "{electrolyte_family: polymer, electrolyte.stiffness: %s}", ("rigid", "soft")),
        ("", "{electrode.is_lithium: true, %s.nickel_rich: true}", ("electrode", "counter_electrode")),
        ("", "{coating: %s, coating.lithiophilic: true}", ("none", "{known: true}")),
        ("", "{electrode: %s, electrode.is_lithium: true}", ("none", "Li")),
        ("", "{electrolyte.oxidation_limit_V: {between: %s}}", ("[7.5, 7.9]", "[3.65, 3.85]")),
        ("", "{electrolyte_family: gel, electrolyte: {unknown: true}, electrolyte.stiffness: %s}", ("rigid", "soft")),
        ("{electrolyte_family: polymer}", "{electrolyte.stiffness: %s}", ("rigid", "[rigid, soft]")),
    ],
)
def test_what_no_known_material_is_like_is_a_warning(only_if: str, when: str, words: tuple[str, str]) -> None:
    """A combination of properties that no material in the knowledge base has, nor any family, is a warning."""
    never, once = (rule("r", when % word) for word in words)
    assert short(told(never, only_if=only_if)) == [("warning", "binder.r", "unreachable")]
    assert short(told(once, only_if=only_if)) == []


def test_a_dead_alternative_is_an_error_of_its_own() -> None:
    """Of a condition that can be true, each alternative that cannot is named once, and no part of it again."""
    nested = "{any: [{cpe_exponent: {above: 1}, any: [{gap_seen: true}, {gap_seen: false}]}, {filament_seen: true}]}"
    (found,) = told(rule("r", nested))
    assert (found.level, found.rule, found.kind) == ("error", "binder.r", "unreachable")
    assert found.message.endswith("can never be true: cpe_exponent > 1")
    assert found.hint == "cpe_exponent can be 0 to 1."
    assert told(rule("r", nested.replace("above: 1", "at_least: 1"))) == []


ALWAYS = {
    "the whole range": ("{cpe_exponent: {at_least: 0}}", "{cpe_exponent: {above: 0}}"),
    "both sides of a figure": (
        "{any: [{cpe_exponent: {above: 0.5}}, {cpe_exponent: {at_most: 0.5}}]}",
        "{any: [{cpe_exponent: {above: 0.5}}, {cpe_exponent: {below: 0.5}}]}",
    ),
    "every category": ("{pressure_response: [none, weak, strong]}", "{pressure_response: [none, weak]}"),
    "always given": ("{electrode_role: {known: true}}", "{electrode: {known: true}}"),
    "one part": ("{gap_seen: true, cpe_exponent: {at_most: 1}}", "{gap_seen: true, cpe_exponent: {below: 1}}"),
}


@pytest.mark.parametrize(("always", "not_always"), ALWAYS.values(), ids=ALWAYS)
def test_what_can_never_be_false_is_an_error(always: str, not_always: str) -> None:
    """A condition, or a part of one, that is true for every value is an error; so is a gate that rules nothing out."""
    assert short(told(rule("r", always))) == [("error", "binder.r", "always")]
    assert short(told(rule("r", not_always))) == []
    assert short(told(only_if=always)) == [("error", "binder", "always")]
    assert short(told(only_if=not_always)) == []


def test_a_gate_that_is_never_open_is_an_error() -> None:
    """A cause whose only_if can never be true is named by its slug and file."""
    (found,) = told(only_if="{all: [{electrode_role: anode}, {electrode_role: cathode}]}")
    assert (found.rule, found.kind, found.file) == ("binder", "unreachable", "rules/causes/binder.yaml")
    assert found.message.startswith("only_if can never be true: electrode_role is anode and electrode_role is cathode")


# --- two rules of one cause

LOW, LOWER = "{cpe_exponent: {below: 0.5}}", "{cpe_exponent: {below: 0.4}}"
STRONG, MODERATE, AGAINST = "for: strong, group: g", "for: moderate, group: g", "against: moderate, group: g"


@pytest.mark.parametrize(
    ("general", "special", "kind"),
    [
        (STRONG, MODERATE, "subsumed"),
        (MODERATE, MODERATE, "subsumed"),
        (MODERATE, STRONG, ""),
        (STRONG, "for: moderate, group: h", ""),
        (STRONG, "for: decisive, confidence: low, group: g", "subsumed"),
        (MODERATE, AGAINST, "contradictory"),
        (AGAINST, STRONG, ""),
        (AGAINST, "for: moderate, group: h", ""),
        (STRONG, "curve: {over: cpe_exponent, points: [[0, 1], [1, 2]]}, group: g", ""),
    ],
)
def test_a_special_rule_must_be_larger_than_the_general_one_of_its_group(general: str, special: str, kind: str) -> None:
    """A rule that implies another of its group counts only when it is larger; the graded form is left in peace."""
    found = short(told(rule("low", LOW, general), rule("lower", LOWER, special)))
    assert found == ([("error", "binder.lower", kind)] if kind else [])


@pytest.mark.parametrize(
    ("one", "other", "rest", "kind"),
    [
        ("{gap_seen: true}", "{not: {gap_seen: false}}", STRONG, "duplicate"),
        ("{gap_seen: true}", "{gap_seen: true}", "for: moderate, group: h", "duplicate"),
        ("{gap_seen: true}", "{gap_seen: true}", AGAINST, "contradictory"),
        ("{gap_seen: true}", "{gap_seen: true}", "against: strong, group: h", "contradictory"),
        ("{finding: pressed}", "{stack_pressure_MPa: {above: 5}}", MODERATE, "duplicate"),
        ("{finding: pressed}", "{stack_pressure_MPa: {at_least: 5}}", STRONG, "subsumed"),
        ("{gap_seen: true}", "{gap_seen: false}", AGAINST, ""),
        ("{gap_seen: true, filament_seen: true}", "{gap_seen: true, cation_reduced: true}", MODERATE, ""),
    ],
)
def test_two_rules_must_not_hold_exactly_together(one: str, other: str, rest: str, kind: str) -> None:
    """Two rules of a cause with equivalent conditions repeat or cancel each other, whatever their groups."""
    found = short(told(rule("a", one), rule("b", other, rest)))
    assert found == ([("error", "binder.a", kind)] if kind else [])


def test_a_curve_is_compared_with_curves_over_the_same_quantity_only() -> None:
    """Two curves under one condition repeat each other when both follow one quantity, and not when each has its own."""
    curve = "curve: {over: %s, points: [[0, -1], [1, 2]]}, group: %s"
    one = rule("a", "{electrode_role: anode}", curve % ("cpe_exponent", "g"))
    assert short(told(one, rule("b", "{electrode_role: anode}", curve % ("thickness_slope", "h")))) == []
    same = told(one, rule("b", "{electrode_role: anode, cpe_exponent: {known: true}}", curve % ("cpe_exponent", "h")))
    assert short(same) == [("error", "binder.a", "duplicate")]
    assert "counts twice" in same[0].message


# --- remedies, verdicts, whole causes


def advised(*lists: str, only_if: str = "") -> list[Remark]:
    text = REMEDY + (f"only_if: {only_if}\n" if only_if else "") + "".join(lists)
    gate = "only_if: {electrode_role: cathode}"
    return remarks(text, beside=(FINDINGS, CAUSE % (gate, SOURCES, SOURCES)))


def listed(key: str, *rules: tuple[str, str]) -> str:
    return f"{key}:\n" + "".join(rule(name, when, "") for name, when in rules)


@pytest.mark.parametrize(
    ("better", "worse", "struck", "expected"),
    [
        (LOWER, "", LOW, [("remedy.wash.b", "contradictory")]),
        (LOW, "", LOWER, []),
        ("", LOW, LOW, [("remedy.wash.w", "contradictory")]),
        (LOW, LOW, "", [("remedy.wash.b", "contradictory")]),
        (LOW, LOWER, "", []),
    ],
)
def test_rules_of_a_remedy_must_not_cancel(better: str, worse: str, struck: str, expected: list[Any]) -> None:
    """A remedy is not better or worse where it is struck out, nor better exactly where it is worse."""
    parts = (("better", "b", better), ("worse", "w", worse), ("contraindicated", "c", struck))
    found = advised(*(listed(key, (name, when)) for key, name, when in parts if when))
    assert [(each.rule, each.kind) for each in found] == expected


def test_the_same_reason_stands_once_in_a_remedy() -> None:
    """Two rules of one list with equivalent conditions repeat each other; a special case beside them may stay."""
    twice = advised(listed("better", ("a", "{finding: pressed}"), ("b", "{stack_pressure_MPa: {above: 5}}")))
    assert [(each.rule, each.kind) for each in twice] == [("remedy.wash.a", "duplicate")]
    assert advised(listed("better", ("a", LOW), ("b", LOWER))) == []


def test_a_remedy_must_be_free_somewhere_of_what_strikes_it_out() -> None:
    """Contraindications that together cover all of only_if leave nothing of the remedy."""
    only_if = "{electrolyte_family: [garnet, nasicon]}"
    garnet, nasicon = ("g", "{electrolyte_family: garnet}"), ("n", "{electrolyte_family: nasicon}")
    (found,) = advised(listed("contraindicated", garnet, nasicon), only_if=only_if)
    assert (found.level, found.rule, found.kind) == ("error", "wash", "contradictory")
    assert advised(listed("contraindicated", garnet), only_if=only_if) == []


def test_a_remedy_must_fit_where_its_cause_is_possible() -> None:
    """A remedy for anodes treats no cause of cathodes."""
    (found,) = advised(only_if="{electrode_role: [anode, junction]}")
    assert (found.rule, found.kind) == ("wash", "unreachable")
    assert str(found) == (
        "error: wash (rules/remedies/wash.yaml): treats binder, which is ruled out wherever the remedy fits. "
        "The cause asks for electrode_role is cathode."
    )
    assert advised(only_if="{electrode_role: [anode, cathode]}") == []


def test_a_remedy_that_never_fits_is_told_once() -> None:
    """An only_if that can never be true is one error, whatever else follows from it."""
    (found,) = advised(listed("contraindicated", ("c", LOW)), only_if="{cpe_exponent: {above: 1}}")
    assert (found.level, found.rule, found.kind) == ("error", "wash", "unreachable")


def test_scores_keep_to_their_limits() -> None:
    """The score of a cause lies within the cap around its prior, so a remedy cannot ask for more."""
    assert [each.kind for each in advised(listed("better", ("a", "{cause.binder: {above: 24}}")))] == ["unreachable"]
    assert advised(listed("better", ("a", "{cause.binder: {above: 23}}"))) == []


@pytest.mark.parametrize(("second", "expected"), [(LOWER, ["verdict.b"]), ("{cpe_exponent: {below: 0.6}}", [])])
def test_a_verdict_below_a_wider_one_never_decides(second: str, expected: list[str]) -> None:
    """A verdict that holds only where another one above it holds is an error."""
    kinds = (("a", "faulty", LOW), ("d", "faulty", LOWER), ("b", "healthy", second), ("c", "outside_scope", LOWER))
    rows = [f"  - {{id: {name}, verdict: {kind}, when: {when}, says: So., {SOURCES}}}\n" for name, kind, when in kinds]
    found = remarks("verdicts:\n" + "".join(rows))
    assert sorted({each.rule for each in found if each.kind == "subsumed"}) == expected


def test_a_cause_has_two_sides() -> None:
    """A cause without evidence for it, or without any against it, is an error; a curve that changes sign is both."""
    whole = CAUSE % ("", SOURCES, SOURCES)
    head = whole[: whole.index("  - {id: found")]
    curve = "curve: {over: cpe_exponent, points: [[0, %s], [1, %s]]}, group: g"

    def sides(text: str) -> list[tuple[str, str]]:
        found = remarks(head + text, REMEDY, beside=())
        return [(each.kind, each.message.split(",")[0]) for each in found if each.rule == "binder"]

    assert sides(rule("r", LOW, "for: decisive, group: g")) == [("one-sided", "nothing speaks against it")]
    assert sides(rule("r", LOW, curve % (-5, 12))) == []
    assert sides(rule("r", LOW, curve % (2, 12))) == [("one-sided", "nothing speaks against it")]
    assert ("one-sided", "nothing speaks for it") in sides(rule("r", LOW, "against: weak, group: g"))


def test_a_cause_can_be_supported() -> None:
    """A cause that all its evidence together cannot lift to where support starts is an error."""
    whole = CAUSE % ("", SOURCES, SOURCES)
    rare = whole.replace("prior: common", "prior: exceptional")
    assert [each.kind for each in remarks(rare, REMEDY) if each.rule == "binder"] == ["too-weak"]
    second = rule("r", LOW, "for: moderate, group: h")
    assert [each for each in remarks(rare + second, REMEDY) if each.rule == "binder"] == []
    screened = rule("r", LOW, "for: moderate, group: found")
    assert [each.kind for each in remarks(rare + screened, REMEDY) if each.rule == "binder"] == ["too-weak"]


def test_every_cause_has_a_remedy_and_every_remedy_a_cause() -> None:
    """A cause that nothing treats and a remedy that treats nothing are errors; none-needed is no such remedy."""
    cause = CAUSE % ("", SOURCES, SOURCES)
    nothing = REMEDY.replace("{binder: strong}", "{}")

    def errors(*texts: str) -> list[tuple[str, str]]:
        return [(each.rule, each.kind) for each in remarks(*texts) if each.level == "error"]

    assert errors(cause, REMEDY) == []
    assert errors(cause, nothing) == [("binder", "untreated"), ("wash", "unused")]
    assert errors(cause, REMEDY, nothing.replace("remedy: wash", "remedy: none-needed")) == []


# --- what nothing uses, and grades


def unused(*texts: str) -> set[str]:
    return {each.rule for each in lint(base(*texts)) if (each.level, each.kind) == ("warning", "unused")}


@pytest.mark.parametrize(
    ("name", "when"),
    [
        ("finding.pressed", "{finding: pressed}"),
        ("derived.stripping_over_limit", "{derived.stripping_over_limit: {above: 1}}"),
        ("current_density_mA_cm2", "{derived.stripping_over_limit: {above: 1}}"),
        ("pairing.stripping_limit_mA_cm2", "{derived.stripping_over_limit: {above: 1}}"),
        ("gap_seen", "{gap_seen: true}"),
        ("coating", "{coating.lithiophilic: true}"),
        ("coating.lithiophilic", "{coating.lithiophilic: true}"),
        ("electrolyte.melting_C", "{second_electrolyte.melting_C: {above: 50}}"),
    ],
)
def test_what_no_rule_reads_is_a_warning(name: str, when: str) -> None:
    """Findings, fields, derived quantities and properties are read by some rule, directly or through one another."""
    cause = CAUSE % ("", SOURCES, SOURCES)
    assert name in unused(FINDINGS, cause)
    assert name not in unused(FINDINGS, cause + rule("r", when))


def test_a_property_is_read_under_any_prefix_and_by_the_standards() -> None:
    """A property is named once, not under each prefix; a field that a standard asks for is read."""
    prefixes = {name.split(".")[0] for name in unused() if "." in name}
    assert prefixes == {"derived", "electrolyte", "electrode", "coating", "pairing"}
    assert "residual_liquid_percent" not in unused()


def test_a_contradiction_is_use_for_a_quantity_but_not_for_a_field() -> None:
    """What only refuses a case needs no other use when it was computed for that; a field that is asked for does."""
    refuses = """
contradictions:
  - {id: upside-down, when: {derived.voltage_window_V: {below: 0}}, fields: [lower_cutoff_V], says: So., fix: Swap.}
"""
    gone = unused() - unused(refuses)
    assert gone == {"derived.voltage_window_V"}
    assert "lower_cutoff_V" in unused(refuses)


def test_a_reference_that_nothing_cites_is_a_warning() -> None:
    """A reference is cited by a rule or by a figure of the knowledge base."""
    only_rules = unused() - {each.rule for each in lint(load())}
    assert not unused() & {row.ref for row in load().knowledge.pairings.resistances}
    ref = sorted(only_rules & set(load().knowledge.references))[0]
    assert ref not in unused(CAUSE % ("", SOURCES, f"sources: {{{ref}: recalled}}"))


def test_a_derived_quantity_has_a_source(monkeypatch: pytest.MonkeyPatch) -> None:
    """A derived quantity without a reference, a known grade and a formula is an error."""
    first, *others = DERIVED
    assert not [each for each in lint(load()) if each.rule == first.name]
    for faulty in (replace(first, source="nobody-1900"), replace(first, grade="guessed"), replace(first, formula="")):
        monkeypatch.setattr(linter, "DERIVED", (faulty, *others))
        (found,) = (each for each in lint(load()) if each.rule == first.name)
        assert (found.level, found.kind) == ("error", "no-grade")


def test_a_grade_is_borne_by_what_was_read() -> None:
    """Only of a source that was read, or its abstract, can a statement be graded seen."""
    read = {each.read: ref for ref, each in sorted(load().knowledge.references.items())}
    for how, fine in (("full", True), ("abstract", True), ("digest", False), ("title", False), ("none", False)):
        if how in read:
            cause = CAUSE % ("", f"sources: {{{read[how]}: seen}}", SOURCES)
            found = [each.rule for each in remarks(cause, REMEDY) if each.kind == "grade"]
            assert found == ([] if fine else ["binder.found"])


# --- the whole


def test_the_shipped_rules_have_no_errors() -> None:
    """Nothing in the shipped rule book or knowledge base is known to be wrong, and that is found within seconds."""
    start = time.perf_counter()
    found = lint(load())
    assert time.perf_counter() - start < 5
    assert [str(each) for each in found if each.level == "error"] == []
    assert found == lint(load())


def test_the_command_prints_remarks_and_fails_on_errors(command: Callable[..., Any], tmp_path: Path) -> None:
    """`rules lint` prints every remark with a count, and exits with 1 when one of them is an error."""
    (tmp_path / "rules" / "causes").mkdir(parents=True)
    file = tmp_path / "rules" / "causes" / "binder.yaml"
    cause = CAUSE % ("", SOURCES, SOURCES)
    (tmp_path / "rules" / "wash.yaml").write_text(REMEDY, encoding="utf-8")
    file.write_text(cause + rule("r", "{stack_pressure_MPa: {above: 2000}}"), encoding="utf-8")
    done = command("rules", "lint", "--overlay", tmp_path)
    assert done.code == 1
    assert (
        "error: binder.r (rules/causes/binder.yaml): the condition can never be true: stack_pressure_MPa > 2000. "
        "stack_pressure_MPa can be 0 to 2000.\n"
    ) in done.out
    assert done.out.splitlines()[-1].startswith("1 errors, ")
    assert command("rules", "lint").code == 0


# --- the sets behind it

FIGURES = st.sampled_from([0, 1, 2, 3])
PRESSURE = ("none", "weak", "strong")


def _leaf(draw: st.DrawFn) -> dict[str, Any]:
    kind = draw(st.sampled_from(["number", "choice", "flag", "known"]))
    if kind == "number":
        test = draw(st.sampled_from(["above", "below", "at_least", "at_most", "between"]))
        low, high = sorted((draw(FIGURES), draw(FIGURES)))
        return {"thickness_slope": {test: [low, high] if test == "between" else low}}
    if kind == "choice":
        return {"pressure_response": draw(st.lists(st.sampled_from(PRESSURE), min_size=1, unique=True))}
    if kind == "flag":
        return {"gap_seen": draw(st.booleans())}
    return {draw(st.sampled_from(["thickness_slope", "gap_seen"])): {draw(st.sampled_from(["known", "unknown"])): True}}


@st.composite
def conditions(draw: st.DrawFn, depth: int = 2) -> dict[str, Any]:
    """A condition on three facts, as it is written in a rule."""
    if depth == 0 or draw(st.booleans()):
        found = _leaf(draw)
    else:
        parts = draw(st.lists(conditions(depth=depth - 1), min_size=1, max_size=3))
        found = {draw(st.sampled_from(["all", "any"])): parts}
    return {"not": found} if draw(st.booleans()) else found


@st.composite
def cases(draw: st.DrawFn) -> Mapping[str, Value]:
    """Values of the three facts, as single values, intervals or unknown."""
    low, high = sorted(draw(st.sampled_from([-1.0, 0.0, 0.5, 1.0, 1.5, 2.0, 2.5, 3.0, 4.0])) for _ in range(2))
    facts: dict[str, Value] = {
        "thickness_slope": draw(st.sampled_from([Span(low, low), Span(low, high), None])),
        "pressure_response": draw(st.sampled_from([*PRESSURE, None])),
        "gap_seen": draw(st.sampled_from([True, False, None])),
    }
    return {name: value for name, value in facts.items() if value is not None}


@settings(deadline=None, max_examples=80)
@given(st.tuples(conditions(), conditions()), st.lists(cases(), min_size=20, max_size=20))
def test_no_implication_is_invented(pair: tuple[Any, Any], facts: list[Mapping[str, Value]]) -> None:
    """What the sets say of two conditions is what evaluating them says, for single values and for intervals."""
    written = [rule(name, json.dumps(each)) for name, each in zip("ab", pair, strict=True)]
    small = base(CAUSE % ("", SOURCES, SOURCES) + "".join(written))
    one, other = (small.rules.rules[f"binder.{name}"].when for name in "ab")
    space = Space(small)

    def true(condition: Condition, each: Mapping[str, Value]) -> bool:
        return evaluate(condition, each, {}) is True

    for each in facts:
        if true(one, each):
            assert space.regions(one)
            assert true(other, each) or not implies(space.regions(one), space.regions(other))
        if evaluate(one, each, {}) is False:
            assert space.regions(negate(one))
