"""Scores on labelled cases: closed forms on cases whose answers are known."""

from __future__ import annotations

import math
import re
from pathlib import Path
from typing import Any

import pytest

import diagnose as package
from diagnose import diagnose
from diagnose.data import load
from diagnose.errors import KnowledgeError
from diagnose.validation import LabelledCase, cases_in, library, validate
from diagnose.yamlfile import parse_yaml

ROOT = Path(package.__file__).resolve().parent.parent
HUMID = {
    "electrolyte": "LLZO",
    "electrode": "Li",
    "electrode_role": "anode",
    "resistance_level": "high",
    "surface_residue": "carbonate",
}


def labelled(given: dict[str, Any] = HUMID, grade: str = "A", decidable: bool = True, **expect: Any) -> LabelledCase:
    about = {"verdict": "faulty", "causes": ["surface-contamination"], **expect}
    return LabelledCase.model_validate(
        {"id": "made-up", "title": "", "grade": grade, "given": given, "decidable": decidable, "expect": about}
    )


def test_right_and_wrong_answers_are_counted() -> None:
    """One right and one wrong expectation of the same case give a share of one half."""
    scores = validate(load(), [labelled(), labelled(causes=["soft-short"])])
    assert (scores.first.value, scores.first.count) == (0.5, 2)
    assert [miss.expected for miss in scores.misses] == ["soft-short"]
    assert scores.per_cause["surface-contamination"].first == 1
    assert scores.per_cause["soft-short"].first == 0


def test_only_what_can_be_decided_is_scored() -> None:
    """Grade C and cases that nobody could decide are counted as not scored."""
    scores = validate(load(), [labelled(), labelled(grade="C"), labelled(decidable=False), labelled(grade="B")])
    assert (scores.first.count, scores.not_scored) == (2, 2)


def test_causes_that_the_source_does_not_separate_are_accepted() -> None:
    """Any cause of an accept group may come first; a second expected cause alone may not."""
    accepted = labelled(causes=["soft-short"], accept=[["soft-short", "surface-contamination"]])
    second = labelled(causes=["soft-short", "surface-contamination"])
    assert validate(load(), [accepted]).first.value == 1
    assert validate(load(), [second]).first.value == 0


def test_brier_and_log_loss_are_their_closed_forms() -> None:
    """Brier score and log loss are the means over all causes of squared error and of minus log probability."""
    causes = load().rules.causes
    chances = {each.cause: each.probability for each in diagnose(HUMID).causes}
    truth = {"surface-contamination"}
    pairs = [(chances.get(cause, 0.0), cause in truth) for cause in causes]
    scores = validate(load(), [labelled()])
    assert scores.brier.value == pytest.approx(sum((p - y) ** 2 for p, y in pairs) / len(pairs))
    losses = [-math.log(min(max(p if y else 1 - p, 1e-6), 1)) for p, y in pairs]
    assert scores.log_loss.value == pytest.approx(sum(losses) / len(losses))


def test_remedies_count_when_one_that_worked_is_among_the_first_five() -> None:
    """A remedy that worked counts when it is usable and among the first five; cases without any are left out."""
    first = diagnose(HUMID).remedies[0].remedy
    hit, miss, none = labelled(remedies=[first]), labelled(remedies=["amorphous-polymer"]), labelled()
    scores = validate(load(), [hit, miss, none])
    assert (scores.remedy.value, scores.remedy.count) == (0.5, 2)


def test_healthy_cases_are_scored_by_their_verdict() -> None:
    """A healthy case that is called healthy counts as right and takes no part in the scores of causes."""
    given = {key: value for key, value in HUMID.items() if key != "surface_residue"} | {"resistance_level": "low"}
    scores = validate(load(), [labelled(given, verdict="healthy", causes=[]), labelled()])
    assert (scores.healthy.value, scores.healthy.count, scores.first.count) == (1, 1, 1)


def test_intervals_depend_on_the_seed_only() -> None:
    """The bootstrap gives the same interval for the same seed, and it holds the share."""
    cases = [labelled(), labelled(causes=["soft-short"]), labelled(), labelled()]
    first, again = validate(load(), cases, seed=3), validate(load(), cases, seed=3)
    assert first == again
    assert first.first.low <= first.first.value <= first.first.high


def test_no_scored_case_gives_no_number() -> None:
    """Without any scored case a share is not a number, and its count is 0."""
    scores = validate(load(), [labelled(grade="C")])
    assert math.isnan(scores.first.value)
    assert scores.first.count == 0


def test_library_is_well_formed() -> None:
    """Each of the 109 cases of the library names known causes and remedies and a place where it was published."""
    base = load()
    cases = library(base)
    assert len(cases) == 109
    for case in cases:
        named = {
            *case.expect.causes,
            *case.expect.not_causes,
            *(each for group in case.expect.accept for each in group),
        }
        assert named <= set(base.rules.causes), case.id
        assert set(case.expect.remedies) <= set(base.rules.remedies), case.id
        assert case.doi or case.url or case.note or case.first_author, case.id


def test_answers_are_not_read_from_post_mortem_findings() -> None:
    """What was found when the cell was opened stands apart and is not given to the diagnosis."""
    seen = {
        "carbonate_seen", "interdiffusion_nm", "second_phase_seen", "cation_reduced", "electrolyte_oxidised",
        "interphase_nm", "electrode_surface_disordered", "gap_seen", "filament_seen",
    }  # fmt: skip
    for case in library(load()):
        assert not (set(case.postmortem) & set(case.given)), case.id
        assert set(case.postmortem) <= seen, case.id


MISTAKES = """
- {id: a, grade: A}
- {id: b, title: t, grade: Z, given: {}, expect: {verdict: healthy, causes: []}, decidable: true}
- id: c
  title: t
  grade: A
  decidable: true
  given:
    electrolyte: LLZO
    electrode_role: anode
    stack_pressure_MPa: 9 GPa
    coating: none
    coating_thickness_nm: 5
  expect: {verdict: faulty, causes: [soft-shorts], remedies: [limit-striping]}
- {id: c, title: t, grade: A, given: {electrolyte: LLZO, electrode_role: anode}, decidable: true,
   expect: {verdict: healthy, causes: []}}
"""


def test_mistakes_in_labelled_cases_are_told_together() -> None:
    """Malformed cases, names that do not exist, refused facts and an id used twice are told together, with places."""
    with pytest.raises(KnowledgeError) as caught:
        cases_in([parse_yaml(MISTAKES, "cases.yaml")], load())
    words = str(caught.value)
    for part in (
        "cases.yaml:2:3: 0.title: is missing",
        "cases.yaml:3:28: 1.grade: 'Z' is not one of the choices",
        "cases.yaml:11:25: c: stack_pressure_MPa: 9 GPa is 9000 MPa",
        "there is no cause 'soft-shorts'. Did you mean soft-short?",
        "there is no remedy 'limit-striping'. Did you mean limit-stripping?",
        "3.id: the case id c is used twice",
    ):
        assert part in words, words


def test_a_contradictory_labelled_case_is_refused() -> None:
    """Facts of a labelled case that cannot be true together are refused with their line."""
    text = MISTAKES[MISTAKES.index("- id: c") : MISTAKES.index("  expect")].replace(
        "    stack_pressure_MPa: 9 GPa\n", ""
    )
    text += "  expect: {verdict: faulty, causes: [coating-fault]}\n"
    with pytest.raises(KnowledgeError, match=r"cases.yaml:8:14: c: coating: The coating is said to be absent"):
        cases_in([parse_yaml(text, "cases.yaml")], load())


def test_the_form_shown_to_contributors_is_read_and_scored() -> None:
    """The labelled case in CONTRIBUTING.md is well-formed, and the rules answer it as it expects."""
    (text,) = re.findall(
        r"^```yaml\n(.*?)^```$", (ROOT / "CONTRIBUTING.md").read_text("utf-8"), re.MULTILINE | re.DOTALL
    )
    scores = validate(load(), cases_in([parse_yaml(text, "CONTRIBUTING.md")], load()))
    assert (scores.first.value, scores.verdict.value, scores.remedy.value) == (1, 1, 1)
