"""Coverage of the rule book, and the cases that are made for a rule."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sitecause import CAUSE

from diagnose import diagnose
from diagnose.case import Case
from diagnose.cover import Coverage, cover
from diagnose.data import Base, load
from diagnose.facts import fact_base
from diagnose.interpreter import infer
from diagnose.validation import LabelledCase, library
from diagnose.witness import Maker, Witness

SITE = (
    CAUSE
    + """  - id: no-composite
    when: {electrode_form: thin_film}
    against: moderate
    group: form
    because: This can never count, since the cause is then ruled out.
    sources: {judgement: judgement}
  - id: any-role
    when: {any: [{electrode_role: {known: true}}, {electrode_role: {unknown: true}}]}
    against: weak
    group: role
    because: This is always so.
    sources: {judgement: judgement}
"""
)


@pytest.fixture(scope="module")
def base() -> Base:
    return load()


@pytest.fixture(scope="module")
def coverage(base: Base) -> Coverage:
    return cover(base, library(base))


@pytest.fixture
def site(tmp_path: Path) -> Base:
    folder = tmp_path / "site" / "rules" / "causes"
    folder.mkdir(parents=True)
    (folder / "binder-residue.yaml").write_text(SITE, encoding="utf-8")
    return load([tmp_path / "site"])


def test_every_rule_has_a_case_and_a_near_miss(base: Base, coverage: Coverage) -> None:
    """Each rule of the shipped book fires in a case made for it and is silent in one that differs in one field."""
    assert set(coverage.witnesses) == set(base.rules.rules)
    assert coverage.complete, coverage.text()


def test_made_cases_fire_what_they_were_made_for(base: Base, coverage: Coverage) -> None:
    """A made case, read anew as any case, fires its rule; its near miss does not, and differs in the field named."""
    for name, witness in coverage.witnesses.items():
        rule = base.rules.rules[name]
        assert isinstance(witness, Witness)
        assert witness.miss is not None
        changed = {key for key in {*witness.fires, *witness.miss} if witness.fires.get(key) != witness.miss.get(key)}
        assert changed == {witness.changed}, name
        if rule.phase == 1 and rule.kind != "contradiction":
            fired, missed = (
                infer(base.rules, fact_base(Case(**given), base.knowledge).facts).fired
                for given in (witness.fires, witness.miss)
            )
            assert name in fired
            assert name not in missed


def test_evidence_counts_in_the_diagnosis_of_its_case(base: Base, coverage: Coverage) -> None:
    """What is made for a rule of evidence shows that rule among the lines of its cause, in the full diagnosis."""
    for rule in base.rules.of("evidence")[::10]:
        witness = coverage.witnesses[rule.id]
        assert witness is not None
        report = diagnose(witness.fires, base=base)
        lines = {line.rule for cause in report.causes for line in cause.contributions}
        assert report.verdict in ("healthy", "invalid_data") or rule.id in lines


def test_made_cases_are_lean(base: Base, coverage: Coverage) -> None:
    """No field of a made case can be left out: without it the rule is silent or the case is refused."""
    maker = Maker(base)
    for name in list(coverage.witnesses)[::20]:
        witness = coverage.witnesses[name]
        assert witness is not None
        for field in witness.fires:
            less = {key: value for key, value in witness.fires.items() if key != field}
            assert not maker.fires(base.rules.rules[name], less), (name, field)


def test_made_cases_are_the_same_each_time(base: Base, coverage: Coverage) -> None:
    """Making a case twice gives the same case."""
    for name in list(coverage.witnesses)[::30]:
        assert Maker(base).make(base.rules.rules[name]) == coverage.witnesses[name]


def test_rules_that_cannot_count_or_be_silent_are_told(site: Base) -> None:
    """A rule that its cause's gate excludes has no case, and one that is always true has no near miss."""
    coverage = cover(site, ())
    assert coverage.never == ("binder-residue.no-composite",)
    assert coverage.always == ("binder-residue.any-role",)
    assert not coverage.complete
    assert "error: binder-residue.no-composite fires in no case" in coverage.text()
    assert "error: binder-residue.any-role is not silenced by any change of one field" in coverage.text()


def test_a_healthy_case_that_is_not_quiet_is_told(base: Base) -> None:
    """A case called healthy whose resistance is severe counts as noise, with what was said of it."""
    given = {"electrolyte": "LLZO", "electrode": "Li", "electrode_role": "anode", "resistance_level": "very_high"}
    case = LabelledCase.model_validate(
        {
            "id": "made-up",
            "title": "",
            "grade": "A",
            "given": given,
            "decidable": True,
            "expect": {"verdict": "healthy", "causes": []},
        }
    )
    assert any(each.startswith("the healthy case made-up (") for each in cover(base, [case]).noisy)


def test_command_shows_the_two_cases(command: Callable[..., Any]) -> None:
    """`rules cover NAME` prints the case made for a rule and the change that silences it."""
    done = command("rules", "cover", "stripping-voids.symmetric-polarisation")
    assert done.code == 0
    assert "strip_plate_ratio:" in done.out
    assert "silent with" in done.out
    wrong = command("rules", "cover", "stripping-voids.symetric")
    assert wrong.code == 2
    assert "stripping-voids.symmetric-polarisation" in wrong.err


def test_command_fails_when_a_rule_is_not_covered(command: Callable[..., Any], site: Base, tmp_path: Path) -> None:
    """`rules cover` ends with 1 when a rule of a site cannot fire."""
    done = command("rules", "cover", "--overlay", tmp_path / "site")
    assert done.code == 1
    assert "binder-residue.no-composite fires in no case" in done.out
