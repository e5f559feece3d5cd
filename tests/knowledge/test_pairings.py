"""Pairings: bands, windows, onsets and limits; the most specific row answers."""

from __future__ import annotations

from itertools import product

import pytest

from diagnose.data import load, shipped
from diagnose.errors import KnowledgeError
from diagnose.knowledge import Fact, Knowledge
from diagnose.knowledgefile import load_knowledge
from diagnose.pairing import StrippingLimit
from diagnose.quantity import Span
from diagnose.yamlfile import Document, parse_yaml

ROLES = ("cathode", "anode", "junction")


@pytest.fixture(scope="module")
def knowledge() -> Knowledge:
    return load().knowledge


@pytest.fixture(scope="module")
def documents() -> list[Document]:
    return shipped("knowledge")


def pair(knowledge: Knowledge, electrolyte: str, electrode: str, role: str, **facts: float) -> dict[str, Fact]:
    """Facts about a pair of known materials."""
    left, right = knowledge.find("electrolyte", electrolyte), knowledge.find("electrode", electrode)
    assert left is not None
    assert right is not None
    spans = {name: Span(value, value) for name, value in facts.items()}
    return knowledge.pairing_facts(left, left.family, right, role, spans)


def figure(facts: dict[str, Fact], name: str) -> float | None:
    """A fact that is one number."""
    if f"pairing.{name}" not in facts:
        return None
    value = facts[f"pairing.{name}"][0]
    assert isinstance(value, Span)
    assert value.low == value.high
    return value.low


def test_every_family_and_role_has_bands(knowledge: Knowledge) -> None:
    """For every family and role there are rising severity bands with a basis in words and a source."""
    for family, role in product(knowledge.families, ROLES):
        facts = knowledge.pairing_facts(None, family, None, role)
        ends = [figure(facts, f"{name}_ohm_cm2") for name in ("excellent", "acceptable", "severe")]
        bands = [end for end in ends if end is not None]
        assert len(bands) == 3, (family, role)
        assert bands == sorted(set(bands)), (family, role)
        basis, ref, grade, _ = facts["pairing.severity_basis"]
        assert isinstance(basis, str)
        assert ref in knowledge.references
        assert grade == "judgement"


@pytest.mark.parametrize(
    ("electrolyte", "electrode", "role", "acceptable", "severe"),
    [
        ("LiPON", "LCO", "cathode", 30, 150),
        ("LLZO", "Li", "anode", 40, 500),
        ("LLZO", "LCO", "cathode", 100, 1000),
        ("Li6PS5Cl", "NMC811", "cathode", 40, 200),
        ("Li6PS5Cl", "Li", "anode", 20, 100),
        ("PEO", "LFP", "cathode", 80, 500),
        ("Li3InCl6", "NMC811", "cathode", 60, 300),
        ("LLZTO", "Li", "junction", 30, 200),
    ],
)
def test_bands_of_common_pairs(
    knowledge: Knowledge,
    electrolyte: str,
    electrode: str,
    role: str,
    acceptable: float,
    severe: float,
) -> None:
    """The bands are those of the pairing, and a junction has its own."""
    facts = pair(knowledge, electrolyte, electrode, role)
    assert figure(facts, "acceptable_ohm_cm2") == acceptable
    assert figure(facts, "severe_ohm_cm2") == severe


@pytest.mark.parametrize(
    ("electrolyte", "electrode", "role", "onset"),
    [
        ("LLZTO", "LCO", "cathode", 664),
        ("LLZO", "LCO", "cathode", 700),
        ("Ga-LLZO", "LCO", "cathode", 664),
        ("LLZO", "NMC811", "cathode", 600),
        ("LATP", "LCO", "cathode", 500),
        ("LATP", "NMC622", "cathode", 400),
        ("LAGP", "NMC811", "cathode", 400),
        ("LPS", "NMC111", "cathode", 300),
        ("Li6PS5Cl", "NMC811", "cathode", 200),
        ("Li6PS5Cl", "LCO", "cathode", 200),
        ("LATP", "LFP", "cathode", None),
        ("LLZO", "Li", "anode", None),
    ],
)
def test_the_most_specific_onset_answers(
    knowledge: Knowledge, electrolyte: str, electrode: str, role: str, onset: float | None
) -> None:
    """A row on the materials beats one on their family or kind; rows of words answer nothing."""
    assert figure(pair(knowledge, electrolyte, electrode, role), "compatibility_onset_C") == onset


@pytest.mark.parametrize(
    ("electrolyte", "electrode", "role", "low", "high"),
    [
        ("Li6PS5Cl", "Li", "anode", 2, 10),
        ("LLZO", "Li", "anode", 2, 10),
        ("Li6PS5Cl", "Cu", "anode", 2, 10),
        ("PEO", "Li", "anode", 0.1, 1),
        ("Li6PS5Cl", "Ag-C", "anode", 2, 4),
        ("Li6PS5Cl", "Si", "anode", 5, 50),
        ("Li6PS5Cl", "NMC811", "cathode", 5, 150),
    ],
)
def test_pressure_windows(
    knowledge: Knowledge, electrolyte: str, electrode: str, role: str, low: float, high: float
) -> None:
    """The usual stack pressure follows the pairing."""
    facts = pair(knowledge, electrolyte, electrode, role)
    assert (figure(facts, "pressure_low_MPa"), figure(facts, "pressure_high_MPa")) == (low, high)


def test_stripping_limit_follows_the_pressure(knowledge: Knowledge) -> None:
    """The stripping limit is read off the published points and is unknown beyond them, hot, or without a pressure."""
    name = "stripping_limit_mA_cm2"
    assert figure(pair(knowledge, "Li6PS5Cl", "Li", "anode", stack_pressure_MPa=3), name) == pytest.approx(0.2)
    assert figure(pair(knowledge, "Li6PS5Cl", "Li", "anode", stack_pressure_MPa=5), name) == pytest.approx(0.6)
    assert figure(pair(knowledge, "LLZO", "Li", "anode", stack_pressure_MPa=2.0), name) == pytest.approx(0.4)
    for facts in (
        {},
        {"stack_pressure_MPa": 50.0},
        {"stack_pressure_MPa": 3.0, "temperature_C": 80.0},
    ):
        assert figure(pair(knowledge, "Li6PS5Cl", "Li", "anode", **facts), name) is None
    assert figure(pair(knowledge, "Li6PS5Cl", "Li-In", "anode", stack_pressure_MPa=3), name) is None


def test_an_interval_of_pressure_gives_an_interval(knowledge: Knowledge) -> None:
    """A pressure known within bounds gives the limit within bounds."""
    left, right = knowledge.find("electrolyte", "LPSCl"), knowledge.find("electrode", "Li")
    facts = knowledge.pairing_facts(left, "sulfide", right, "anode", {"stack_pressure_MPa": Span(3.0, 7.0)})
    assert facts["pairing.stripping_limit_mA_cm2"][0] == Span(0.2, 1.0)


def test_stripping_points_must_rise() -> None:
    """Points that run backwards are refused."""
    with pytest.raises(ValueError, match="rising"):
        StrippingLimit.model_validate(
            {
                "points": [[3.0, 0.2], [1.0, 0.4]],
                "says": "x",
                "ref": "judgement",
                "grade": "judgement",
            }
        )


def test_the_two_reaction_energies_are_kept_apart(knowledge: Knowledge) -> None:
    """Closed and open systems stand in two tables with their own quantity and unit; decomposition stands alone."""
    tables = knowledge.pairings.reactions
    assert set(tables) == {"closed", "open"}
    assert tables["closed"].unit != tables["open"].unit
    rows = {name: sum(len(block.rows) for block in table.blocks) for name, table in tables.items()}
    assert rows["closed"] >= 90
    assert rows["open"] >= 150
    assert len(knowledge.pairings.decomposition) >= 28
    assert {row.potential_V for row in knowledge.pairings.decomposition} == {0.0, 5.0}


@pytest.mark.parametrize(
    ("electrolyte", "electrode", "energy"),
    [
        ("Li6PS5Cl", "LCO", -339),
        ("Li6PS5Cl", "NMC811", -383),
        ("LLZO", "LFP", -94),
        ("LGPS", "NMC111", -351),
    ],
)
def test_closed_reaction_energy_of_a_pair(
    knowledge: Knowledge, electrolyte: str, electrode: str, energy: float
) -> None:
    """Rules read the closed-system energy, from the first table that holds the pair."""
    assert figure(pair(knowledge, electrolyte, electrode, "cathode"), "reaction_energy_closed_meV_atom") == energy


def test_records_are_complete(knowledge: Knowledge) -> None:
    """Published resistances, onsets, pressures, volume changes and targets are all kept, each with its source."""
    pairings = knowledge.pairings
    assert len(pairings.resistances) >= 23
    assert len(pairings.compatibility) >= 19
    assert len(pairings.fabrication) >= 27
    assert len(pairings.volume_changes) >= 6
    assert len(pairings.targets) >= 4
    for row in (
        *pairings.resistances,
        *pairings.compatibility,
        *pairings.fabrication,
        *pairings.severity,
    ):
        assert row.ref in knowledge.references


ROW = "{electrolyte: %s, electrode: %s, onset_C: 321, says: own, ref: judgement, grade: judgement%s}"


def overlaid(documents: list[Document], *rows: str) -> Knowledge:
    text = "compatibility:\n" + "\n".join(f"- {row}" for row in rows) + "\n"
    return load_knowledge(documents, [[parse_yaml(text, "site/knowledge/own.yaml")]])


def test_a_site_may_add_or_replace_a_row(documents: list[Document]) -> None:
    """A more specific row of a site answers; a row for the same pair must say that it replaces."""
    added = overlaid(documents, ROW % ("lagp", "nmc811", ""))
    assert figure(pair(added, "LAGP", "NMC811", "cathode"), "compatibility_onset_C") == 321
    replaced = overlaid(documents, ROW % ("llzto", "lco", ", replaces: true"))
    assert figure(pair(replaced, "LLZTO", "LCO", "cathode"), "compatibility_onset_C") == 321
    with pytest.raises(
        KnowledgeError,
        match=r"llzto \| lco stands already in knowledge/pairings/compatibility.yaml:\d+",
    ):
        overlaid(documents, ROW % ("llzto", "lco", ""))
    with pytest.raises(KnowledgeError, match="does not exist"):
        overlaid(documents, ROW % ("lagp", "nmc811", ", replaces: true"))


def test_ties_and_unknown_pairs_are_refused(documents: list[Document]) -> None:
    """Two rows for one pair, and names that mean nothing, are refused with what to write."""
    with pytest.raises(KnowledgeError, match=r"lagp \| nmc811 stands already"):
        overlaid(documents, ROW % ("lagp", "nmc811", ""), ROW % ("lagp", "nmc811", ""))
    with pytest.raises(KnowledgeError, match=r"there is no electrolyte 'lapg'\. Did you mean"):
        overlaid(documents, ROW % ("lapg", "nmc811", ""))
    with pytest.raises(KnowledgeError, match="there is no electrode 'nmc812'"):
        overlaid(documents, ROW % ("lagp", "nmc812", ""))


def test_protocol_and_standards_concern_the_right_cells(knowledge: Knowledge) -> None:
    """Steps that are definitely not for a cell are left out, and a standard speaks only when it definitely applies."""
    everything = {step.id for step in knowledge.steps({})}
    anode = {step.id for step in knowledge.steps({"electrode_role": "anode", "electrolyte_family": "garnet"})}
    assert anode <= everything == set(knowledge.protocol)
    wet = knowledge.standard_notes({"residual_liquid_percent": Span(5.0, 5.0)})
    assert wet
    assert knowledge.standard_notes({}) == []
