"""Series from files to case fields: laws of tables, made-up cells whose cause is known, and their diagnosis."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path
from types import MappingProxyType

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from samplecells import TEMPERATURES, ceramic, odd_inputs
from seriescells import AREA_CM2, CAUSES, WARM, series, thermal

from diagnose import diagnose
from diagnose.data import load
from diagnose.errors import UsageError
from diagnose.measured import MeasuredLaw, MeasuredSeries
from diagnose.measurement.dispatch import table_series
from diagnose.measurement.law import Reals, Value
from diagnose.measurement.sequence import _mixed, spectra_series
from diagnose.measurement.seriesheader import OHM, OHM_CM2
from diagnose.measurement.seriestable import SeriesTable, read_series
from diagnose.measurement.spectrum import UNKNOWN, Spectrum

ELEMENTS = load().knowledge.elements
# Causes whose arcs can be told apart by one series.
TOLD = [cause for cause in CAUSES if cause != "grain boundary"]


@cache
def told(cause: str, seed: int = 0) -> MeasuredSeries:
    """The result of a made-up series, the whole way."""
    spectra, x = series(cause, seed)
    return spectra_series(spectra, x.tolist(), CAUSES[cause].over, elements=ELEMENTS, symmetric=True)


def law_of(found: MeasuredSeries, of: str) -> MeasuredLaw:
    """The law of one of the resistances."""
    return next(law for law in found.laws if law.of == of)


def fields(found: MeasuredSeries) -> dict[str, float | str | bool]:
    """Values of the case fields."""
    return {field.field: field.value for field in found.fields}


def table(
    over: str, x: Reals, R: Reals, *, unit: str = OHM_CM2, held: Mapping[str, float] | None = None
) -> SeriesTable:
    """A table with one percent of uncertainty."""
    return SeriesTable(over, x, R, unit, sigma=0.01 * R, held=MappingProxyType(dict(held or {})))


# --- spectra, the whole way


@pytest.mark.parametrize("cause", TOLD)
def test_cause_comes_back(cause: str) -> None:
    """The law of a cause, its parameter, the figures of its fields and its words come back from noisy spectra."""
    made, found = CAUSES[cause], told(cause)
    law, stated = law_of(found, made.of), fields(found)
    assert not found.reason
    assert law.name == made.law
    value, sigma = law.parameters[made.figure[0]]
    assert value == pytest.approx(made.figure[1], abs=4 * sigma)
    assert sigma < 0.1 * value
    for field in found.fields:
        if field.field in made.truth:
            assert field.value == pytest.approx(made.truth[field.field], abs=4 * (field.sigma or 0)), field.field
    assert {name: stated.get(name) for name in made.words} == made.words


def test_stated_interval_is_met_at_its_rate() -> None:
    """Of slopes over thickness, about two in three lie within one stated uncertainty of the truth."""
    found = [field for seed in range(12) for field in told("grain boundary, thicker", seed).fields]
    off = [abs(float(field.value) - 1.0) / (field.sigma or 0.0) for field in found if field.field == "thickness_slope"]
    assert len(off) == 12
    assert 5 <= sum(each <= 1 for each in off) <= 11
    assert max(off) < 3.5


def test_branches_in_any_order() -> None:
    """Loading and unloading may come in any order when each spectrum says which it is."""
    spectra, x = series("film under pressure")
    over = CAUSES["film under pressure"].over
    words = ["loading", "unloading"] * 4
    found = spectra_series(spectra, x.tolist(), over, elements=ELEMENTS, symmetric=True, branch=words)
    field = next(each for each in found.fields if each.field == "pressure_hysteresis_percent")
    assert field.value == pytest.approx(0.0, abs=4 * (field.sigma or 0.0))
    with pytest.raises(UsageError, match="one branch for each spectrum"):
        spectra_series(spectra, x.tolist(), over, elements=ELEMENTS, branch=words[1:])


def test_law_decides_what_an_arc_is() -> None:
    """An arc that may be a film or a contact by its capacitance is a contact once its answer to pressure is known."""
    steps = "\n".join(told("contact").steps)
    assert "R3 by the spectrum alone: interphase" in steps
    assert "is the contact with too little area (100 %)" in steps


def test_interface_that_cannot_be_told() -> None:
    """Where the only arc beside the bulk may be of the body or not, there are a reason and laws, but no field."""
    found = told("grain boundary")
    assert "the interface cannot be told" in found.reason
    assert found.fields == ()
    assert law_of(found, "total").name
    assert law_of(found, "bulk").parameters["activation_energy_eV"][0] == pytest.approx(0.35, abs=0.005)


def test_sum_over_open_arcs_widens_figures() -> None:
    """An arc that may be of the interface or not makes figures less certain, and is told in a step."""
    found = told("charge transfer")
    field = next(each for each in found.fields if each.field == "interface_activation_energy_eV")
    law = law_of(found, "interface")
    assert any("It is open what is of the interface" in step for step in found.steps)
    assert field.value == pytest.approx(law.parameters["activation_energy_eV"][0], rel=1e-5)
    assert field.sigma is not None
    assert field.sigma > law.parameters["activation_energy_eV"][1]


def test_halving_and_area_are_steps() -> None:
    """A cell that is not symmetric has twice the resistance of one interface, and no area leaves it in ohm."""
    spectra, x = series("film under pressure")
    bare = [replace(each, area_cm2=None, area_source=UNKNOWN) for each in spectra]
    over = CAUSES["film under pressure"].over
    both = told("film under pressure")
    single = spectra_series(spectra, x.tolist(), over, elements=ELEMENTS)
    raw = spectra_series(bare, x.tolist(), over, elements=ELEMENTS, symmetric=True, working={over: 5.0})
    halves, wholes, ohms = (law_of(each, "interface") for each in (both, single, raw))
    assert np.array(wholes.resistance) == pytest.approx(2 * np.array(halves.resistance), rel=1e-5)
    assert np.array(halves.resistance) == pytest.approx(AREA_CM2 * np.array(ohms.resistance), rel=1e-5)
    assert (halves.unit, ohms.unit) == ("ohm cm2", "ohm")
    assert any("halved" in step for step in both.steps)
    assert not any("halved" in step for step in single.steps)
    assert "interfacial_resistance_ohm_cm2" not in fields(raw)
    assert any("area is not known" in step for step in raw.steps)


def test_temperatures_come_from_headers() -> None:
    """Temperatures in the headers are taken when none are given, with a step that says so; other things are not."""
    spectra, x = series("charge transfer")
    found = spectra_series(spectra, None, "temperature_C", elements=ELEMENTS, symmetric=True)
    assert found.fields == told("charge transfer").fields
    assert any("header" in step for step in found.steps)
    lost = [replace(spectra[0], temperature_C=None), *spectra[1:]]
    with pytest.raises(UsageError, match="spectrum 1 gives a temperature"):
        spectra_series(lost, None, "temperature_C", elements=ELEMENTS)
    with pytest.raises(UsageError, match="stands in no header"):
        spectra_series(spectra, None, "stack_pressure_MPa", elements=ELEMENTS)
    with pytest.raises(UsageError, match="one figure for each"):
        spectra_series(spectra, x.tolist()[1:], "temperature_C", elements=ELEMENTS)


def test_order_of_files_does_not_matter() -> None:
    """Spectra in any order are put in that of what was varied, and the answer is the same to the byte."""
    spectra, x = series("film under pressure")
    order = [3, 0, 7, 5, 1, 2, 6, 4]
    over = CAUSES["film under pressure"].over
    mixed = [spectra[place] for place in order]
    found = spectra_series(mixed, [float(x[place]) for place in order], over, elements=ELEMENTS, symmetric=True)
    assert found.laws == told("film under pressure").laws
    assert any("put in the order" in step for step in found.steps)
    assert found.files == tuple(each.file for each in mixed)


def test_same_bytes() -> None:
    """The same series gives the same bytes."""
    spectra, x = series("grain boundary under pressure")
    over = CAUSES["grain boundary under pressure"].over
    found = spectra_series(spectra, x.tolist(), over, elements=ELEMENTS, symmetric=True)
    assert found.model_dump_json() == told("grain boundary under pressure").model_dump_json()


def test_nothing_to_fit() -> None:
    """Series of noise give a reason and neither law nor field."""
    odd = odd_inputs()["noise"]
    found = spectra_series([Spectrum(odd.f, odd.z)] * 4, [1.0, 2.0, 5.0, 9.0], "stack_pressure_MPa", elements=ELEMENTS)
    assert "fewer than two" in found.reason
    assert (found.laws, found.fields) == ((), ())


def test_total_of_spectra_without_an_arc() -> None:
    """Spectra that share no arc still tell the law of the total resistance."""
    f = np.geomspace(1e5, 1.0, 40)
    generator = np.random.Generator(np.random.PCG64(0))
    spectra = [
        Spectrum(
            f, R * (1 + 0.001 * generator.standard_normal(len(f))) + 0.001j * R * generator.standard_normal(len(f))
        )
        for R in thermal(WARM, 0.3)
    ]
    found = spectra_series(spectra, WARM.tolist(), "temperature_C", elements=ELEMENTS)
    assert found.reason
    assert found.fields == ()
    for law in found.laws:
        assert law.of == "total"
        assert law.parameters["activation_energy_eV"][0] == pytest.approx(0.3, abs=0.01)


def test_ceramic_has_no_interface() -> None:
    """Bulk and grain boundaries of a real ceramic are named, near their published energies of 0.55 and 0.85 eV."""
    spectra = [Spectrum(*ceramic(celsius), temperature_C=float(celsius)) for celsius in TEMPERATURES]
    found = spectra_series(
        spectra, None, "temperature_C", elements=ELEMENTS, area_cm2=math.pi * 0.16, thickness_um=2100
    )
    assert law_of(found, "bulk").parameters["activation_energy_eV"][0] == pytest.approx(0.55, abs=0.08)
    assert law_of(found, "grain_boundary").parameters["activation_energy_eV"][0] == pytest.approx(0.85, abs=0.03)
    assert "interface_activation_energy_eV" not in fields(found)


@given(
    st.lists(st.tuples(st.floats(0.01, 1), st.floats(-5, 5), st.floats(1e-6, 1)), min_size=1, max_size=4),
)
def test_ways_only_widen(ways: list[tuple[float, float, float]]) -> None:
    """Of several ways, the likeliest gives the figure, and the others only widen it."""
    whole = math.fsum(share for share, _, _ in ways)
    made: list[tuple[float, dict[str, Value]]] = [
        (share / whole, {"figure": (value, sigma)}) for share, value, sigma in ways
    ]
    place = max(range(len(made)), key=lambda place: made[place][0])
    mixed, dropped = _mixed(made)
    figure = mixed["figure"]
    assert isinstance(figure, tuple)
    assert figure[0] == ways[place][1]
    assert figure[1] >= ways[place][2] * (1 - 1e-9)
    assert not dropped


@pytest.mark.parametrize(("share", "kept"), [(0.1, True), (0.4, False)])
def test_words_stay_when_most_ways_agree(share: float, kept: bool) -> None:
    """A word, or a figure that another way does not have, is told only when that way is unlikely."""
    mixed, dropped = _mixed([(1 - share, {"word": "strong", "figure": (1.0, 0.1)}), (share, {"word": "weak"})])
    assert set(mixed) == ({"word", "figure"} if kept else set())
    assert set(dropped) == (set() if kept else {"word", "figure"})


# --- the diagnosis


@pytest.mark.parametrize(
    ("cause", "electrolyte", "first"),
    [
        ("contact", "LLZO", "insufficient-contact-pressure"),
        ("film under pressure", "LLZO", "surface-contamination"),
        ("film at rest", "Li6PS5Cl", "passivating-reduction"),
        ("charge transfer", "LLZO", "surface-contamination"),
        ("voids", "LLZO", "stripping-voids"),
        ("grain boundary, thicker", "LLZO", "bulk-or-grain-boundary"),
    ],
)
def test_diagnosis_names_the_cause(cause: str, electrolyte: str, first: str) -> None:
    """The fields of a series, as text in a case of lithium on an electrolyte, make the built-in cause the first one."""
    case: dict[str, object] = {
        "electrolyte": electrolyte, "electrode": "Li", "electrode_role": "anode", "resistance_level": "high"
    }  # fmt: skip
    for field in told(cause).fields:
        case[field.field] = field.value if isinstance(field.value, bool) else field.text
    assert diagnose(case).causes[0].cause == first


# --- tables


HOURS = np.array([0.0, 10, 25, 50, 80, 120, 160, 200])
PRESSED = np.geomspace(1.0, 30.0, 8)


@pytest.mark.parametrize(
    ("over", "x", "resistance", "unit", "name", "field", "value"),
    [
        ("stack_pressure_MPa", PRESSED, 20 + 80 * PRESSED**-0.7, OHM_CM2, "contact", "pressure_exponent", 0.7),
        ("temperature_C", WARM, thermal(WARM, 0.5), OHM_CM2, "arrhenius", "interface_activation_energy_eV", 0.5),
        ("time_h", HOURS, 50 + 6 * HOURS**0.5, OHM_CM2, "parabolic", "rest_growth_percent_per_100h", 120.0),
        ("cycles_done", HOURS, 50 + 0.5 * HOURS, OHM_CM2, "linear", "growth_percent_per_10_cycles", 10.0),
        ("electrolyte_thickness_um", HOURS[1:], 0.3 * HOURS[1:], OHM, "proportional", "thickness_slope", 1.0),
        ("area_cm2", HOURS[1:], 30 / HOURS[1:], OHM, "inverse", "area_slope", -1.0),
        ("loading", HOURS[1:], 30 / HOURS[1:], OHM_CM2, "inverse", "loading_slope", -1.0),
        ("li_p_ratio", np.array([2.0, 2.5, 3, 3.5, 4]), np.array([100.0, 1, 1, 1, 100]), OHM_CM2, "window",
            "li_p_window_low", 2.25),
    ],
)  # fmt: skip
def test_table_goes_to_its_law(
    over: str, x: Reals, resistance: Reals, unit: str, name: str, field: str, value: float
) -> None:
    """What was varied decides the law; figures on a law give its name and its fields, and the curve runs through."""
    found = table_series(table(over, x, resistance, unit=unit), of="interface", files=("series.csv",))
    law = found.laws[0]
    assert (found.over, law.over, law.of, law.name, found.reason) == (over, over, "interface", name, "")
    assert fields(found)[field] == pytest.approx(value, rel=0.02)
    assert found.files == ("series.csv",)
    assert law.curve_x[0] == pytest.approx(x.min())
    assert law.curve_x[-1] == pytest.approx(x.max())
    assert np.interp(x, law.curve_x, law.curve) == pytest.approx(resistance, rel=0.1)
    assert all(
        low <= middle <= high for low, middle, high in zip(law.curve_low, law.curve, law.curve_high, strict=True)
    )


def test_column_of_area_normalises() -> None:
    """Resistances in ohm with an area that stays the same become ohm cm2, and what stays the same is a field."""
    bare = table("stack_pressure_MPa", PRESSED, 100 * PRESSED**-0.5)
    ohms = table(
        "stack_pressure_MPa", PRESSED, 50 * PRESSED**-0.5, unit=OHM, held={"area_cm2": 2.0, "temperature_C": 30.0}
    )
    found = table_series(ohms, of="interface")
    assert found.laws[0].unit == "ohm cm2"
    assert found.laws[0].resistance == pytest.approx(table_series(bare, of="interface").laws[0].resistance)
    assert fields(found)["temperature_C"] == 30.0
    assert "area_cm2" not in fields(found)
    assert any("Multiplied by the area of 2 cm2" in step for step in found.steps)


def test_area_series_is_of_raw_resistance() -> None:
    """Resistances per area over the area are divided back: a true interface gives -1."""
    found = table_series(table("area_cm2", HOURS[1:], np.full(7, 40.0)), of="interface")
    assert fields(found)["area_slope"] == pytest.approx(-1.0)
    assert found.laws[0].unit == "ohm"


def test_what_the_resistance_is_of() -> None:
    """A bulk fills its own activation energy only, the whole cell the conductivity; an unsaid one is told in a step."""
    heated = table("temperature_C", WARM, thermal(WARM, 0.4))
    assert list(fields(table_series(heated, of="bulk"))) == ["bulk_activation_energy_eV"]
    assert fields(table_series(heated, of="total")) == {}
    unsaid = table_series(heated)
    assert "interface_activation_energy_eV" in fields(unsaid)
    assert any("does not say of what" in step for step in unsaid.steps)
    assert fields(table_series(table("stack_pressure_MPa", PRESSED, 100 / PRESSED), of="bulk")) == {}
    thick = table("electrolyte_thickness_um", HOURS[1:] * 10, 20 + 0.2 * HOURS[1:] * 10)
    assert fields(table_series(thick, of="total"))["electrolyte_conductivity_S_cm"] == pytest.approx(5e-4, rel=0.05)
    with pytest.raises(UsageError, match="'cathode' is not known"):
        table_series(heated, of="cathode")


@pytest.mark.parametrize(("working", "stated"), [(5.0, True), (0.1, False), (200.0, False)])
def test_resistance_where_the_cell_works(working: float, stated: bool) -> None:
    """The law gives the resistance at the working pressure when that was measured, and not beyond."""
    found = table_series(
        table("stack_pressure_MPa", PRESSED, 20 + 80 * PRESSED**-0.7),
        of="interface",
        working={"stack_pressure_MPa": working},
    )
    assert (OHM_CM2 in fields(found)) == stated
    if stated:
        assert fields(found)[OHM_CM2] == pytest.approx(20 + 80 * 5**-0.7, rel=0.01)


def test_reason_of_a_table() -> None:
    """A table without a law says why, in the law and in the series, and fills nothing."""
    found = table_series(table("stack_pressure_MPa", PRESSED[:2], PRESSED[:2]), of="interface")
    assert "too few" in found.reason
    assert found.laws[0].reason == found.reason
    assert (found.fields, found.laws[0].curve) == ((), ())
    ohms = table("li_p_ratio", PRESSED, PRESSED, unit=OHM)
    assert "ohm cm2" in table_series(ohms).reason


def test_from_a_file(tmp_path: Path) -> None:
    """A table in a file gives its fields, those of columns that stay the same among them."""
    rows = [f"{P:.6g},25,{20 + 80 * P**-0.7:.6g},0.5" for P in PRESSED]
    path = tmp_path / "sweep.csv"
    path.write_text("\n".join(["pressure_MPa,temperature_C,resistance_ohm_cm2,sigma_ohm_cm2", *rows]), encoding="utf-8")
    found = table_series(read_series(path), of="interface", files=(str(path),))
    assert fields(found)["pressure_exponent"] == pytest.approx(0.7, abs=0.02)
    assert next(field.text for field in found.fields if field.field == "temperature_C") == "25"
