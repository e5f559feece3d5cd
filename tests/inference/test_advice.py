"""What is advised and what is warned of, and when a pair of materials alone is called faulty."""

from __future__ import annotations

from typing import Any

import pytest

from diagnose import Report, diagnose
from diagnose.errors import CaseError

LITHIUM_ON_GARNET = {"electrolyte": "LLZO", "electrode": "Li", "electrode_role": "anode", "resistance_level": "high"}
JUNCTION = {"electrode_role": "junction", "resistance_level": "high"}
PRESSED = {"pressure_response": "strong", "resistance_level": "high"}
COATED_CATHODE = {"electrolyte": "Li6PS5Cl", "electrode": "NMC811", "electrode_role": "cathode", "coating": "LiNbO3"}


def status(report: Report, remedy: str) -> str:
    """The standing of a remedy, or nothing where it is not listed."""
    return next((each.status for each in report.remedies if each.remedy == remedy), "")


@pytest.mark.parametrize(
    ("case", "remedies"),
    [
        ({**JUNCTION, "electrolyte": "LLZO", "second_electrolyte": "Li6PS5Cl"}, ["wetting-agent"]),
        ({**JUNCTION, "electrolyte": "Li6PS5Cl", "second_electrolyte": "LLZO"}, ["wetting-agent"]),
        (
            {**LITHIUM_ON_GARNET, "second_electrolyte": "PEO", "wetting": "poor"},
            ["molten-lithium-wetting"],
        ),
        (
            {**LITHIUM_ON_GARNET, "second_electrolyte": "Li6PS5Cl", "wetting": "poor"},
            ["molten-lithium-wetting", "acid-or-reactive-cleaning", "wetting-agent"],
        ),
        (
            {
                **PRESSED, "electrolyte": "Li6PS5Cl", "electrode": "NMC811", "electrode_role": "cathode",
                "electrode_form": "composite", "counter_electrode": "Li", "stack_pressure_MPa": 30,
            },
            ["set-stack-pressure", "isostatic-press", "pressure-conditioning"],
        ),
        (
            {
                **PRESSED, "electrolyte": "Li6PS5Cl", "electrode": "Cu", "electrode_role": "anode",
                "electrode_form": "anode_free", "stack_pressure_MPa": 30,
            },
            ["set-stack-pressure", "isostatic-press", "pressure-conditioning"],
        ),
        (
            {**LITHIUM_ON_GARNET, "electrode": "Cu", "electrode_form": "anode_free", "temperature_C": 170},
            ["raise-temperature"],
        ),
        (
            {
                "electrolyte": "Li6PS5Cl", "second_electrolyte": "Li3InCl6", "electrode_role": "junction",
                "trend_at_rest": "growing",
            },
            ["raise-temperature"],
        ),
        ({**LITHIUM_ON_GARNET, "electrolyte": "Li6PS5Cl", "wetting": "poor"}, ["lithiophilic-interlayer"]),
        ({**LITHIUM_ON_GARNET, "electrolyte": "LATP", "trend_at_rest": "growing"}, ["composite-anode-layer"]),
    ],
)  # fmt: skip
def test_what_would_hurt_is_not_advised(case: dict[str, Any], remedies: list[str]) -> None:
    """A remedy that would hurt either side of the joint, or lithium on the far side, is struck out or not listed."""
    report = diagnose(case)
    for remedy in remedies:
        assert status(report, remedy) in ("contraindicated", ""), remedy


def test_what_is_there_already_is_not_advised() -> None:
    """A carbon anode is not told to become one, nor a halide cathode to take in a halide first of all."""
    carbon = diagnose({"electrolyte": "Li6PS5Cl", "electrode": "graphite", "electrode_role": "anode", **PRESSED})
    assert not {"composite-anode-layer", "lithium-alloy-anode"} & {each.remedy for each in carbon.remedies}
    halide = diagnose(
        {"electrolyte": "Li3InCl6", "electrode": "NMC811", "electrode_role": "cathode", "upper_cutoff_V": 4.5}
    )
    assert status(halide, "oxidation-stable-catholyte") != "recommended"


@pytest.mark.parametrize("pressure", [">8", "8-15"])
def test_a_contraindication_that_a_range_leaves_open_is_told(pressure: str) -> None:
    """Where the pressure may or may not be too high, pressing is possible at most and says what to make sure of."""
    report = diagnose({**LITHIUM_ON_GARNET, **PRESSED, "stack_pressure_MPa": pressure})
    (remedy,) = (each for each in report.remedies if each.remedy == "set-stack-pressure")
    assert remedy.status == "possible"
    assert any(reason.kind == "contraindication" for reason in remedy.reasons)


def test_an_unknown_is_no_doubt() -> None:
    """A contraindication on a fact that is not given at all does not hold a remedy back."""
    report = diagnose({**LITHIUM_ON_GARNET, **PRESSED})
    assert status(report, "set-stack-pressure") == "recommended"


@pytest.mark.parametrize(
    "symptom",
    [{"resistance_level": "high"}, {"trend_on_cycling": "growing"}, {"air_exposure": "humid"}, {"upper_cutoff_V": 4.8}],
)
def test_materials_alone_are_no_fault(symptom: dict[str, Any]) -> None:
    """What was joined is never faulty by itself; the list says what the pair is prone to. A symptom changes that."""
    bare = diagnose(COATED_CATHODE)
    assert bare.verdict == "undetermined"
    assert bare.causes
    assert diagnose({**COATED_CATHODE, **symptom}).verdict in ("faulty", "undetermined")
    assert diagnose({**COATED_CATHODE, "coating": "none", **symptom}).verdict == "faulty"


@pytest.mark.parametrize(
    ("facts", "field"),
    [
        ({"trend_at_rest": "stable", "rest_growth_percent_per_100h": 200}, "trend_at_rest"),
        ({"trend_on_cycling": "falling", "growth_percent_per_10_cycles": 30}, "trend_on_cycling"),
        ({"pressure_response": "none", "pressure_exponent": 1}, "pressure_response"),
        ({"pressure_response": "strong", "pressure_exponent": 0.02}, "pressure_response"),
        ({"wetting": "good", "contact_angle_deg": 130}, "wetting"),
        ({"joining_method": "co_sinter", "heated_while_joined": False}, "joining_method"),
        ({"cycles_done": 0, "growth_percent_per_10_cycles": 30}, "cycles_done"),
        ({"electrode_role": "cathode"}, "electrode_role"),
        ({"electrode": "NMC811"}, "electrode_role"),
    ],
)
def test_facts_that_exclude_each_other_are_refused(facts: dict[str, Any], field: str) -> None:
    """Words that a figure beside them gives the lie to are refused, with what to correct."""
    with pytest.raises(CaseError) as caught:
        diagnose({**LITHIUM_ON_GARNET, **facts})
    assert [problem.field for problem in caught.value.problems] == [field]
    assert caught.value.problems[0].hint


@pytest.mark.parametrize(
    ("position", "given"), [("below", {"li_p_window_high": 3}), ("above", {"li_p_window_low": 1}), ("below", {})]
)
def test_a_position_must_agree_with_the_window(position: str, given: dict[str, float]) -> None:
    """Li/P within the window given is neither below nor above it, also when one end alone tells."""
    film = {"electrolyte": "Li3PO4", "electrode": "LiCoO2", "electrode_role": "cathode", "li_p_ratio": 2}
    window = {"li_p_window_low": 1, **given} if position == "below" else {"li_p_window_high": 3, **given}
    with pytest.raises(CaseError, match="do not agree with li_p_position"):
        diagnose({**film, **window, "li_p_position": position})


def test_conductivity_is_compared_near_room_temperature_only() -> None:
    """An intact electrolyte measured cold or hot is taken neither for a bad one nor for a short."""
    cell = {"electrolyte": "Li6PS5Cl", "electrode": "Li", "electrode_role": "anode", "electrolyte_thickness_um": 1000}
    for temperature, conductivity, bulk in ((-20, 1.5e-4, 670), (100, 2e-2, 5)):
        given = {"temperature_C": temperature, "electrolyte_conductivity_S_cm": conductivity}
        report = diagnose({**cell, **given, "bulk_resistance_ohm_cm2": bulk})
        rules = {line.rule for cause in report.causes for line in cause.contributions}
        assert not {rule for rule in rules if "conducts" in rule or "body-resists" in rule}
