"""Measurements: what a case would say after each outcome, and that the rules then say what the outcome says."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest

from diagnose import Case
from diagnose.case import value_of
from diagnose.data import Base, load, shipped
from diagnose.derived import Value
from diagnose.entry import Outcome, Test
from diagnose.errors import KnowledgeError
from diagnose.information import RULED_OUT
from diagnose.knowledgefile import load_knowledge
from diagnose.quantity import Measured
from diagnose.variants import Variants, fields_of
from diagnose.yamlfile import Document, parse_yaml

# By how many hundredths of a deciban an outcome speaks more for its cause than for the others: one weak rule.
APART = 290

Facts = Mapping[str, Any]

LITHIUM: Facts = {"electrode": "Li", "electrode_role": "anode", "resistance_level": "high"}
NMC: Facts = {
    "electrode": "NMC811",
    "electrode_role": "cathode",
    "electrode_form": "composite",
    "upper_cutoff_V": 4.25,
    "resistance_level": "high",
}
LCO: Facts = {
    "electrode": "LiCoO2",
    "electrode_role": "cathode",
    "electrode_form": "thin_film",
    "joining_method": "sputter",
    "resistance_level": "high",
}
BLACK: Facts = {"carbon_additive": "black", "carbon_weight_percent": 3}
BACKGROUNDS: dict[str, Facts] = {
    "lithium | argyrodite": {**LITHIUM, "electrolyte": "Li6PS5Cl"},
    "lithium | pellet": {**LITHIUM, "electrolyte": "Li6PS5Cl", "electrolyte_thickness_um": 500},
    "lithium | garnet": {**LITHIUM, "electrolyte": "LLZO"},
    "lithium | LATP": {**LITHIUM, "electrolyte": "LATP"},
    "lithium | polymer": {**LITHIUM, "electrolyte_family": "polymer", "temperature_C": 50},
    "alloy | argyrodite": {**LITHIUM, "electrode": "Li-In", "electrolyte": "Li6PS5Cl"},
    "NMC | argyrodite": {**NMC, "electrolyte": "Li6PS5Cl"},
    "NMC | carbon | argyrodite": {**NMC, **BLACK, "electrolyte": "Li6PS5Cl"},
    "NMC | coating | argyrodite": {**NMC, "electrolyte": "Li6PS5Cl", "coating": "LiNbO3"},
    "NMC | garnet": {**NMC, "electrolyte": "LLZO"},
    "NMC | fired | garnet": {**NMC, "electrolyte": "LLZO", "process_temperature_C": 800},
    "NMC | halide and sulfide": {**NMC, "electrolyte": "Li3InCl6", "second_electrolyte": "Li6PS5Cl"},
    "NMC | polymer and garnet": {**NMC, "electrolyte": "LLZO", "second_electrolyte": "PEO"},
    "LiCoO2 | phosphate film": {**LCO, "electrolyte": "Li3PO4", "electrolyte_family": "phosphate_film"},
}
# In which case a test is tried out: one in which the causes that it separates are possible.
CASES = {
    "back-to-back-spectra": "lithium | argyrodite",
    "leak-and-intercept": "lithium | argyrodite",
    "collector-swap": "lithium | argyrodite",
    "area-series": "lithium | argyrodite",
    "pressure-sweep": "lithium | garnet",
    "unload-and-reload": "lithium | garnet",
    "sweep-upwards": "NMC | argyrodite",
    "step-pressure-down": "lithium | argyrodite",
    "repress-cycled-cell": "NMC | argyrodite",
    "capacitance-and-pressure": "NMC | argyrodite",
    "strip-against-plate": "lithium | argyrodite",
    "strip-then-reverse": "lithium | argyrodite",
    "rest-after-stripping": "lithium | LATP",
    "arrhenius-pair": "NMC | garnet",
    "arrhenius-across-melting": "NMC | polymer and garnet",
    "anneal-finished-cell": "LiCoO2 | phosphate film",
    "anneal-or-bombardment": "LiCoO2 | phosphate film",
    "rest-at-open-circuit": "lithium | argyrodite",
    "growth-law-and-leak": "lithium | argyrodite",
    "state-of-charge-round-trip": "NMC | argyrodite",
    "hold-against-cycling": "NMC | argyrodite",
    "carbon-free-control": "NMC | carbon | argyrodite",
    "coating-series": "NMC | coating | argyrodite",
    "surface-state-before-cycling": "LiCoO2 | phosphate film",
    "surface-li-p": "LiCoO2 | phosphate film",
    "thickness-series": "lithium | argyrodite",
    "blocking-electrode": "lithium | argyrodite",
    "batch-conductivity": "NMC | argyrodite",
    "section-of-the-joint": "NMC | fired | garnet",
    "annealed-but-never-cycled": "NMC | fired | garnet",
    "clean-the-garnet": "NMC | polymer and garnet",
    "three-layer-cell": "NMC | halide and sulfide",
    "loading-series": "NMC | argyrodite",
    "composite-blocking-cells": "NMC | argyrodite",
    "current-pulses": "alloy | argyrodite",
    "particle-size-or-rate": "NMC | argyrodite",
    "tomography-of-the-electrolyte": "lithium | argyrodite",
    "half-amplitude": "lithium | argyrodite",
    "fixture-check": "lithium | argyrodite",
    "capacitance-of-the-arc": "lithium | pellet",
    "critical-current": "lithium | argyrodite",
    "state-of-charge-series": "NMC | argyrodite",
    "one-change-twins": "NMC | garnet",
    "powders-heated-together": "NMC | fired | garnet",
    "residue-before-joining": "lithium | garnet",
    "raman-of-the-opened-joint": "lithium | garnet",
    "xps-of-the-lithium-side": "lithium | argyrodite",
    "search-for-filaments": "lithium | garnet",
    "section-of-the-composite": "NMC | argyrodite",
    "surface-of-the-active-material": "NMC | argyrodite",
    "thickness-of-the-coating": "NMC | coating | argyrodite",
    "depth-profile": "NMC | argyrodite",
    "calorimetry-of-the-polymer": "lithium | polymer",
    "weight-loss-of-the-cell": "NMC | garnet",
}
ELSEWHERE = {("arrhenius-pair", 4): "lithium | garnet"}
# Outcomes that no field can say, and why.
UNSAID = {
    ("anneal-or-bombardment", 1): "no field says that a film made off the axis of the source was better",
    ("carbon-free-control", 2): "no field says that a twin without carbon was no better",
    ("loading-series", 2): "a loading slope of 0 says it, but no rule reads that",
}
# Outcomes after which their cause is what remains: rules let them speak against the others, and none for the cause.
REMAINS = {
    ("collector-swap", 2), ("repress-cycled-cell", 2), ("strip-against-plate", 2), ("anneal-finished-cell", 2),
    ("rest-at-open-circuit", 1), ("coating-series", 2), ("thickness-series", 2), ("batch-conductivity", 2),
    ("clean-the-garnet", 2), ("composite-blocking-cells", 2), ("composite-blocking-cells", 3),
    ("particle-size-or-rate", 1), ("half-amplitude", 2), ("fixture-check", 2), ("powders-heated-together", 2),
    ("thickness-of-the-coating", 3), ("depth-profile", 2), ("calorimetry-of-the-polymer", 2),
    ("weight-loss-of-the-cell", 2),
}  # fmt: skip
# Outcomes of which the same is measured: what tells them apart in words is known of the cell before the test.
ALIKE = {"arrhenius-pair": (2, 3, 4), "composite-blocking-cells": (2, 3)}
# Causes of the one side only, so that no cell can have both.
OTHER_SIDE = {"electrolyte-oxidation", "passivating-reduction"}


@pytest.fixture(scope="module")
def base() -> Base:
    return load()


@pytest.fixture(scope="module")
def documents() -> list[Document]:
    return shipped("knowledge")


def outcomes() -> list[tuple[str, int]]:
    """Every outcome of every test, by the test and its place from 1 on."""
    return [
        (name, place) for name, test in load().knowledge.tests.items() for place in range(1, len(test.outcomes) + 1)
    ]


def at(base: Base, name: str, place: int) -> tuple[Test, Outcome]:
    test = base.knowledge.tests[name]
    return test, test.outcomes[place - 1]


def entered(base: Base, facts: Facts) -> dict[str, Value]:
    """Facts of an outcome as a case holds them."""
    made: dict[str, Value] = {}
    for name, raw in facts.items():
        value = value_of(base.knowledge.vocabulary[name], raw)
        made[name] = value.span if isinstance(value, Measured) else value
    return made


def moves(base: Base, name: str, place: int) -> dict[str, float]:
    """By how much an outcome moves each cause that the test separates and that is possible before it."""
    test, outcome = at(base, name, place)
    background = BACKGROUNDS[ELSEWHERE.get((name, place), CASES[name])]
    judged = Variants(base, fields_of(Case(**background)), [{}, entered(base, outcome.facts)])
    assert judged.possible.all(), "facts contradict each other"
    now, then = judged.evidence
    places = {cause: judged.causes.index(cause) for cause in test.separates}
    return {cause: max(then[at] - now[at], RULED_OUT) for cause, at in places.items() if np.isfinite(now[at])}


def test_every_test_has_a_case_and_every_exception_is_an_outcome(base: Base) -> None:
    """The tables name the tests and outcomes that there are."""
    known = set(outcomes())
    assert set(CASES) == set(base.knowledge.tests)
    assert set(CASES.values()) | set(ELSEWHERE.values()) == set(BACKGROUNDS)
    assert set(ELSEWHERE) | set(UNSAID) | REMAINS <= known
    assert {(name, place) for name, places in ALIKE.items() for place in places} <= known


@pytest.mark.parametrize(("name", "place"), outcomes())
def test_outcomes_speak_for_causes_that_the_test_separates(base: Base, name: str, place: int) -> None:
    """A test separates at least two causes that there are, and each outcome speaks for one of them."""
    test, outcome = at(base, name, place)
    assert len(set(test.separates)) == len(test.separates) >= 2
    assert set(test.separates) <= set(base.rules.causes)
    assert outcome.then in test.separates
    assert len(test.outcomes) >= 2


@pytest.mark.parametrize(("name", "place"), outcomes())
def test_outcomes_say_something_of_the_case(base: Base, name: str, place: int) -> None:
    """Every outcome has facts, in plain figures, but for those that no field can say."""
    _, outcome = at(base, name, place)
    assert bool(outcome.facts) != ((name, place) in UNSAID)
    for field, value in outcome.facts.items():
        if base.knowledge.vocabulary[field].kind in ("number", "integer"):
            assert isinstance(value, (int, float)), field
            assert not isinstance(value, bool), field


@pytest.mark.parametrize(("name", "place"), [each for each in outcomes() if each not in UNSAID])
def test_rules_say_what_an_outcome_says(base: Base, name: str, place: int) -> None:
    """An outcome raises its cause, by at least a weak rule more than every other cause that the test separates.

    Where no rule speaks for the cause, it lowers the others by as much and leaves the cause as it is. Between outcomes
    that are alike it moves their causes alike.
    """
    test, outcome = at(base, name, place)
    moved = moves(base, name, place)
    mine = moved.pop(str(outcome.then))
    assert moved
    assert set(test.separates) - set(moved) - {outcome.then} <= (OTHER_SIDE if name == "arrhenius-pair" else set())
    if (name, place) in REMAINS:
        assert mine == 0
    else:
        assert mine > 0
    same = ALIKE.get(name, ())
    alike = {test.outcomes[each - 1].then for each in same} if place in same else set()
    for cause, move in moved.items():
        if cause in alike:
            assert move == mine
        else:
            assert mine - move >= APART, cause


@pytest.mark.parametrize("name", sorted(ALIKE))
def test_outcomes_that_are_alike_have_the_same_facts(base: Base, name: str) -> None:
    """What tells alike outcomes apart is no fact that the test brings."""
    assert len({str(at(base, name, place)[1].facts) for place in ALIKE[name]}) == 1


def test_every_field_that_is_never_asked_for_is_found_by_a_test(base: Base) -> None:
    """What costs a cell or a day of work is the outcome of a measurement."""
    found = {name for test in base.knowledge.tests.values() for each in test.outcomes for name in each.facts}
    longest = base.rules.scale.asking.longest_min
    costly = {
        name for name, field in base.knowledge.vocabulary.items() if field.destructive or field.effort_min >= longest
    }
    assert sorted(costly - found) == []


# --- mistakes


OWN = """\
tests:
- id: own
  title: Own
  separates: [soft-short, stripping-voids]
  hours: 1
  destructive: false
  how: Look.
  outcomes:
  - if: it leaks
    then: soft-short
    facts: {%s}
  sources: {judgement: judgement}
"""


def mistakes(documents: list[Document], facts: str) -> list[str]:
    """What is wrong with the facts of an outcome in an overlay."""
    with pytest.raises(KnowledgeError) as caught:
        load_knowledge(documents, [[parse_yaml(OWN % facts, "site/knowledge/own.yaml")]])
    return [str(problem) for problem in caught.value.problems]


@pytest.mark.parametrize(
    ("facts", "message"),
    [
        ("filament_sen: true", "is not a field of a case. Did you mean filament_seen?"),
        ("nonsense: true", "is not a field of a case"),
        ("filament_seen: 1", "1 is neither true nor false. Write true or false, or leave the field out when unknown."),
        ("trend_at_rest: growin", "'growin' is not one of its choices. Did you mean growing?"),
        ("capacitance_factor: low", "'low' is not a number"),
        ("utilisation_percent: 400", "400"),
        ("gap_seen: ~", "None is neither true nor false"),
    ],
)
def test_a_wrong_fact_is_told_with_its_place(documents: list[Document], facts: str, message: str) -> None:
    """The name of a field, a choice, a flag and a figure are checked, with the place of what is wrong."""
    (answer,) = mistakes(documents, facts)
    name = facts.split(":")[0]
    assert answer.startswith("site/knowledge/own.yaml:11:")
    assert f"tests.0.outcomes.0.facts.{name}: " in answer
    assert message in answer


def test_every_wrong_fact_is_told(documents: list[Document]) -> None:
    """Two mistakes are two problems, in the order of their places."""
    first, second = mistakes(documents, "gap_seen: maybe, filament_seen: maybe")
    assert first.startswith("site/knowledge/own.yaml:11:23: ")
    assert second.startswith("site/knowledge/own.yaml:11:45: ")


def test_facts_may_be_left_out_and_written_with_a_unit(documents: list[Document]) -> None:
    """An outcome of a site's own test may say nothing, or say it in other units."""
    for facts in ("", "stack_pressure_MPa: 50 bar"):
        made = load_knowledge(documents, [[parse_yaml(OWN % facts, "site/knowledge/own.yaml")]])
        assert len(made.tests["own"].outcomes[0].facts) == bool(facts)
