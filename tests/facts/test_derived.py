"""Derived quantities: closed forms, intervals and columns."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from diagnose.derived import DERIVED, Derived, derive, water_ppm
from diagnose.quantity import Span

BY_NAME = {each.name: each for each in DERIVED}


def value(name: str, **facts: float | tuple[float, float]) -> Span | None:
    """The quantity for facts given by field name, `__` standing for a dot."""
    base = {
        key.replace("__", "."): Span(*each) if isinstance(each, tuple) else Span(each, each)
        for key, each in facts.items()
    }
    return BY_NAME[f"derived.{name}"].value(base)


@pytest.mark.parametrize(
    ("name", "facts", "expected"),
    [
        ("voltage_lost_mV", {"current_density_mA_cm2": 3.0, "interfacial_resistance_ohm_cm2": 40.0}, 120.0),
        ("coating_resistance_ohm_cm2", {"coating_thickness_nm": 10.0, "coating__conductivity_S_cm": 1e-9}, 1000.0),
        ("film_thickness_from_capacitance_nm", {"arc_capacitance_F_cm2": 1e-6}, 8.854),
        ("thermal_strain_percent", {"expansion_mismatch_ppm_K": 5.0, "process_temperature_C": 725.0}, 0.35),
        (
            "activation_energy_difference_eV",
            {"interface_activation_energy_eV": 0.5, "bulk_activation_energy_eV": 0.35},
            0.15,
        ),
        ("water_dose_over_harmful", {"dew_point_C": -40.0, "dew_exposure_min": 30.0}, 1.0),
        ("swelling_percent", {"electrode_volume_change_percent": -6.0}, 6.0),
        (
            "electrolyte_resistance_ohm_cm2",
            {"electrolyte_thickness_um": 500.0, "electrolyte_conductivity_S_cm": 5e-4},
            100.0,
        ),
    ],
)
def test_closed_forms(name: str, facts: dict[str, float], expected: float) -> None:
    """Each formula gives the figure that a textbook example or the dossier gives."""
    found = value(name, **facts)
    assert found is not None
    assert found.low == pytest.approx(expected, rel=1e-3)
    assert found.low == found.high


def test_target_comes_before_the_band() -> None:
    """A target given with the case takes the place of the severity band of the pairing."""
    base = {
        "interfacial_resistance_ohm_cm2": Span(50, 50),
        "pairing.acceptable_ohm_cm2": Span(20, 20),
        "target_resistance_ohm_cm2": Span(100, 100),
    }
    assert BY_NAME["derived.resistance_over_acceptable"].value(base) == Span(0.5, 0.5)


def test_unknown_input_gives_unknown() -> None:
    """A quantity with an unknown input is unknown, never zero."""
    assert value("voltage_lost_mV", current_density_mA_cm2=1.0) is None
    zero = {"interfacial_resistance_ohm_cm2": 0.0, "pairing__acceptable_ohm_cm2": 0.0}
    assert value("resistance_over_acceptable", **zero) is None


def test_swelling_of_an_interval_across_zero_starts_at_zero() -> None:
    """The size of a volume change that may have either sign reaches down to zero."""
    assert value("swelling_percent", electrode_volume_change_percent=(-4.0, 2.0)) == Span(0.0, 4.0)


def test_names_are_unique_and_sourced() -> None:
    """Every derived quantity has its own name, a unit, a formula and a source."""
    assert len(BY_NAME) == len(DERIVED)
    assert all(each.unit and each.formula and each.source and each.says for each in DERIVED)


POSITIVE = st.floats(1e-6, 1e6)


@given(st.sampled_from(DERIVED), st.lists(st.tuples(POSITIVE, POSITIVE, st.floats(0, 1)), min_size=3, max_size=3))
def test_interval_holds_every_value_inside(quantity: Derived, inputs: list[tuple[float, float, float]]) -> None:
    """The interval of a quantity holds its value for every choice of inputs inside their intervals."""
    spans = {slot[0]: Span(min(a, b), max(a, b)) for slot, (a, b, _) in zip(quantity.slots, inputs, strict=False)}
    points = {
        slot[0]: min(a, b) + share * (max(a, b) - min(a, b))
        for slot, (a, b, share) in zip(quantity.slots, inputs, strict=False)
    }
    whole = quantity.value(spans)
    inside = quantity.value({name: Span(point, point) for name, point in points.items()})
    assert whole is not None
    assert inside is not None
    slack = 1e-9 * max(abs(whole.low), abs(whole.high), 1.0)
    assert whole.low - slack <= inside.low <= whole.high + slack


@given(st.sampled_from(DERIVED), st.lists(st.tuples(*[st.floats(0.01, 1e4)] * 3), min_size=1, max_size=20))
def test_columns_equal_scalars_bit_for_bit(quantity: Derived, rows: list[tuple[float, float, float]]) -> None:
    """The same function gives a numpy column the very bits it gives one float at a time."""
    count = len(quantity.slots)
    columns = [np.array([row[index] for row in rows]) for index in range(count)]
    together = quantity.function(*columns)
    alone = [quantity.function(*row[:count]) for row in rows]
    assert [float(each) for each in together] == [float(each) for each in alone]


@given(st.floats(-100, 40), st.floats(-100, 40))
def test_wetter_air_holds_more_water(first: float, second: float) -> None:
    """The water content of air rises with its dew point."""
    low, high = sorted((first, second))
    assert water_ppm(low) <= water_ppm(high)


def test_water_content_at_known_dew_points() -> None:
    """-40 C is about 127 ppm and 0 C about 6030 ppm by volume."""
    assert math.isclose(water_ppm(-40.0), 126.8, rel_tol=1e-9)
    assert math.isclose(water_ppm(0.0), 6033.0, rel_tol=1e-9)


def test_derive_names_its_inputs() -> None:
    """Each derived fact says which facts it was computed from."""
    facts = {"current_density_mA_cm2": Span(1, 1), "interfacial_resistance_ohm_cm2": Span(20, 20)}
    assert list(derive(facts)) == [("derived.voltage_lost_mV", Span(20, 20), tuple(facts))]
