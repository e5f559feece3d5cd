"""Explanations: sums that can be rebuilt, chains that end in facts, and what other facts would make of a diagnosis."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from partial import FEW, base, partial, published

from diagnose import diagnose
from diagnose.errors import CaseError, UsageError
from diagnose.explaintext import explanation_text
from diagnose.explanation import Explanation
from diagnose.guidance import Link
from diagnose.quantity import Measured, Span
from diagnose.scoring import score, weight

VOIDS = {
    "electrolyte": "Li6PS5Cl",
    "electrode": "Li",
    "electrode_role": "anode",
    "electrode_form": "foil",
    "interfacial_resistance_ohm_cm2": "310 ± 20",
    "stack_pressure_MPa": 2,
    "current_density_mA_cm2": 0.5,
    "strip_plate_ratio": 2.1,
    "rest_recovery_percent": 70,
    "trend_on_cycling": "growing",
}


@pytest.fixture(scope="module")
def voids() -> Explanation:
    """Lithium on argyrodite that strips too fast."""
    return Explanation(VOIDS, base())


# --- why


@FEW
@given(case=partial())
def test_a_score_is_the_sum_of_the_lines_shown(case: dict[str, Any]) -> None:
    """Prior, counted lines and what the cap takes add up to the log-odds, in the data and in the text."""
    explained = Explanation(case, base())
    for cause in explained.report.causes[:3]:
        why = explained.why(cause.cause)
        counted = [line.contribution.decibans for line in why.lines if line.contribution.counted]
        assert why.prior + sum(counted) + why.clipped == pytest.approx(why.log_odds, abs=1e-6)
        text = explanation_text(why, base().knowledge.texts)
        figures = [float(each) for each in re.findall(r"(?m)^ +([+-]\d+\.\d\d) dB", text)]
        assert sum(figures[:-1]) == pytest.approx(figures[-1], abs=1e-6)


@FEW
@given(case=partial())
def test_every_chain_ends_in_what_was_given_or_published(case: dict[str, Any]) -> None:
    """A fact was given, or has a source, or rests on facts of which the same holds."""

    def grounded(link: Link) -> bool:
        return link.origin == "given" or bool(link.sources) or (bool(link.inputs) and all(map(grounded, link.inputs)))

    explained = Explanation(case, base())
    for cause in explained.report.causes[:3]:
        for line in explained.why(cause.cause).lines:
            for link in line.links:
                assert grounded(link) or link.name == "electrolyte_family", link.name


def test_a_chain_goes_through_findings_and_derived_quantities() -> None:
    """Li/P below its window: rule, finding, ratio, and the two figures that were given."""
    case = {
        "electrolyte": "Li3PO4",
        "electrode": "LCO",
        "electrode_role": "cathode",
        "li_p_ratio": 1.6,
        "li_p_window_low": 2.2,
        "interfacial_resistance_ohm_cm2": 180,
    }
    why = Explanation(case, base()).why("li-extraction-bonding")
    finding = next(link for line in why.lines for link in line.links if link.name == "li-p-below-window")
    ratio = finding.inputs[0]
    assert (finding.origin, ratio.origin) == ("finding", "derived")
    assert [(each.name, each.value, each.origin) for each in ratio.inputs] == [
        ("li_p_ratio", "1.6", "given"),
        ("li_p_window_low", "2.2", "given"),
    ]


def test_why_is_refused_for_a_cause_that_is_not_ranked(voids: Explanation) -> None:
    """A misspelt cause is told with the nearest; one that exists leads to why not."""
    with pytest.raises(UsageError, match="Did you mean stripping-voids"):
        voids.why("striping-voids")
    with pytest.raises(UsageError, match="Ask why not"):
        voids.why("electrolyte-hydrolysis")


# --- why not


@FEW
@given(case=partial(), pick=st.randoms(use_true_random=False))
def test_why_not_names_rules_that_stay_silent(case: dict[str, Any], pick: Any) -> None:
    """Rules named as missing are undecided for want of the fields named; those that failed are definitely not so."""
    explained = Explanation(case, base())
    found = explained.why_not(pick.choice(sorted(base().rules.causes)))
    fired = {line.rule for cause in explained.report.causes for line in cause.contributions}
    for silent in (*found.missing, *found.failed):
        assert silent.rule not in fired
        assert silent.decibans > 0
    assert all(silent.needs for silent in found.missing)
    assert not any(silent.needs for silent in found.failed)
    assert found.says


def test_why_not_tells_a_gate_the_verdict_and_the_first(voids: Explanation) -> None:
    """A cause that cannot apply, one that the verdict left out, and the one that is first."""
    texts = base().knowledge.texts
    assert voids.why_not("li-extraction-bonding").ruled_out
    assert voids.why_not("stripping-voids").says == texts("ui.why_not.first", cause="Voids left by stripping")
    sound = Explanation({**VOIDS, "interfacial_resistance_ohm_cm2": 3, "trend_on_cycling": "stable"}, base())
    if sound.report.verdict == "healthy":
        assert sound.why_not("stripping-voids").ended


# --- contrast


@FEW
@given(case=partial())
def test_a_contrast_adds_up(case: dict[str, Any]) -> None:
    """Prior, caps and differences of two causes add up to the difference of their log-odds."""
    explained = Explanation(case, base())
    found = explained.contrast()
    assume(found is not None)
    assert found is not None
    first, second = explained.report.causes[:2]
    assert found.decibans == pytest.approx(first.log_odds - second.log_odds, abs=1e-6)
    whole = found.prior + found.clipped + sum(each.decibans for each in found.differences)
    assert whole == pytest.approx(found.decibans, abs=1e-6)
    assert first.title in found.says


def test_a_contrast_of_two_named_causes(voids: Explanation) -> None:
    """Any two ranked causes can be compared, either way round."""
    one = voids.contrast("passivating-reduction", "stripping-voids")
    other = voids.contrast("stripping-voids", "passivating-reduction")
    assert one is not None
    assert other is not None
    assert one.decibans == -other.decibans < 0


# --- other facts


@FEW
@given(case=partial(), other=partial(), pick=st.randoms(use_true_random=False))
def test_what_if_is_a_fresh_run(case: dict[str, Any], other: dict[str, Any], pick: Any) -> None:
    """What is told of changed facts is what a diagnosis of the changed case says."""
    free = [name for name in case if name not in ("electrolyte", "electrolyte_family", "electrode_role")]
    changes: dict[str, Any] = {name: None for name in free if pick.random() < 0.3}
    names = [name for name in other if name not in ("electrolyte", "electrolyte_family", "electrode_role")]
    changes |= {name: other[name] for name in names if pick.random() < 0.5}
    fields = {name: value for name, value in {**case, **changes}.items() if value is not None}
    explained = Explanation(case, base())
    try:
        fresh = diagnose(fields, base=base())
    except CaseError:
        with pytest.raises(CaseError):
            explained.what_if(changes)
        return
    found = explained.what_if(changes)
    assert (found.verdict_before, found.verdict_after) == (explained.report.verdict, fresh.verdict)
    after = {each.cause: each.probability for each in fresh.causes}
    before = {each.cause: each.probability for each in explained.report.causes}
    for moved in found.moved:
        assert moved.after == after.get(moved.cause)
        assert moved.before == before.get(moved.cause)
    told = {moved.cause for moved in found.moved}
    for cause in {*after, *before} - told:
        assert abs(after.get(cause, 0) - before.get(cause, 0)) < 0.005


@FEW
@given(case=partial(), pick=st.randoms(use_true_random=False))
def test_how_a_field_matters_is_what_diagnoses_say(case: dict[str, Any], pick: Any) -> None:
    """The line of the answer given is the report as it is; the one of unknown is the report without the field."""
    explained = Explanation(case, base())
    free = [name for name in case if name not in ("electrolyte", "electrolyte_family", "electrode_role")]
    assume(free)
    name = pick.choice(free)
    found = explained.matters(name)
    now, unknown = found.answers[:2]
    without = diagnose({each: value for each, value in case.items() if each != name}, base=base())
    for told, report in ((now, explained.report), (unknown, without)):
        assert told.verdict == report.verdict
        assert [each.cause for each in told.first] == [each.cause for each in report.causes[:3]]
        assert [each.probability for each in told.first] == pytest.approx(
            [each.probability for each in report.causes[:3]], abs=1e-6
        )
    assert now.now
    assert sum(each.now for each in found.answers) == 1


@pytest.mark.parametrize("case", published()[::4], ids=lambda case: str(case.get("electrolyte", "?")))
def test_the_smallest_change_does_change_the_first_cause(case: dict[str, Any]) -> None:
    """With the answer it names, a fresh diagnosis puts the cause first that it names."""
    explained = Explanation(case, base())
    found = explained.change()
    if found is None:
        return
    instead: Any = {"yes": True, "no": False}.get(found.instead, found.instead)
    fresh = diagnose({**explained.case.known(), found.field: instead}, base=base())
    assert fresh.verdict == found.verdict
    first = fresh.causes[0].cause if fresh.causes else None
    assert first == (found.first.cause if found.first else None)
    assert first != (explained.report.causes[0].cause if explained.report.causes else None)


def test_no_figure_nearer_to_the_one_given_changes_the_first_cause() -> None:
    """The figure of the smallest change stands at the edge: a little of the way back, the first cause stays."""
    case = {"electrolyte": "Li6PS5Cl", "electrode": "Li", "electrode_role": "anode", "resistance_level": "high"}
    explained = Explanation({**case, "strip_plate_ratio": 2.1}, base())
    found = explained.change()
    assert found is not None
    given = explained.case.known()[found.field]
    assert isinstance(given, Measured)
    assert given.value is not None
    instead = float(found.instead.split()[0])
    fields = {**explained.case.known(), found.field: instead + 0.05 * (given.value - instead)}
    assert diagnose(fields, base=base()).causes[0].cause == explained.report.causes[0].cause


@pytest.mark.parametrize("case", published(), ids=lambda case: str(case.get("electrolyte", "?")))
def test_the_smallest_change_leaves_what_is_given(case: dict[str, Any]) -> None:
    """It proposes no figure within the range or bound that is given."""
    explained = Explanation(case, base())
    found = explained.change()
    given = None if found is None else explained.fields[found.field]
    if found is not None and isinstance(given, Span):
        assert not given.low <= float(found.instead.split()[0]) <= given.high


def test_causes_that_stand_level_are_told_as_level() -> None:
    """With no evidence to tell them apart, neither of the first two is said to stand before the other."""
    level = [found for case in published() if (found := Explanation(case, base()).contrast()) and not found.decibans]
    assert level
    assert all("stand level" in found.says for found in level)


def test_a_change_of_the_family_says_which_one_counts() -> None:
    """A family that contradicts a known electrolyte is not taken silently."""
    found = Explanation({"electrolyte": "LLZO", "electrode_role": "anode"}, base()).what_if(
        {"electrolyte_family": "sulfide"}
    )
    assert any("garnet" in note for note in found.notes)


def test_a_field_that_does_not_exist_is_told_with_the_nearest(voids: Explanation) -> None:
    """Misspelt fields lead to the right one."""
    with pytest.raises(UsageError, match="Did you mean stack_pressure_MPa"):
        voids.matters("stack_pressure_Mpa")


@FEW
@given(pick=st.randoms(use_true_random=False))
def test_a_cause_is_never_lowered_by_evidence_for_it(pick: Any) -> None:
    """Whatever rules of the real book fired about a cause, one more that speaks for it never lowers its score."""
    book = base().rules
    for cause in pick.sample(sorted(book.causes), 8):
        mine = [rule.id for rule in book.of("evidence") if rule.owner == cause]
        fired = pick.sample(mine, pick.randrange(len(mine)))
        before = score(book, cause, fired, {}).total
        for rule in mine:
            if weight(book.rules[rule].item, book.scale, {}) > 0:
                assert score(book, cause, {*fired, rule}, {}).total >= before, rule
