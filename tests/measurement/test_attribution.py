"""What arcs are: cells whose answer is known, laws of the probabilities, agreement with the rules, and the reading."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from samplecells import TEMPERATURES, THICK_CM, WIDE_CM, ceramic, lagp, logspaced, noisy

from diagnose.data import load
from diagnose.entry import Element
from diagnose.errors import UsageError
from diagnose.measurement.arcs import ArcFit, fit_arcs
from diagnose.measurement.attribution import Attribution, attribute
from diagnose.measurement.chain import Shape, impedance
from diagnose.measurement.interface import InterfaceReading, read_interface
from diagnose.measurement.lump import Arc, Lump
from diagnose.measurement.weighing import AREA, STEPS, THICKNESS, log_likelihood

STEADY = settings(derandomize=True, deadline=None, database=None, max_examples=60)
DISC_CM2 = math.pi * (WIDE_CM / 2) ** 2
FACES = ("contact", "interphase", "charge_transfer")


def elements() -> Mapping[str, Element]:
    return load().knowledge.elements


def arc(R: float, C: float, n: float = 0.9, share: float = 0.02) -> Arc:
    f = 1.0 / (2.0 * math.pi * R * C)
    return Arc(R, share * R, C, share * C, f, share * f, n, 0.01)


@cache
def empty() -> ArcFit:
    """A fit to put arcs into."""
    f = logspaced(1e5, 1.0)
    return replace(fit_arcs(f, 10 + 100 / (1 + 2j * np.pi * f * 1e-4)), shape=None)


def fitted(*arcs: Arc, series: float | None = None, **more: Any) -> ArcFit:
    """A fit that found these arcs and a series resistance, in ohm."""
    sigma = None if series is None else 0.01 * series
    return replace(empty(), arcs=arcs, lumps=(), series_ohm=series, sigma_series_ohm=sigma, **more)


def named(fit: ArcFit, **cell: Any) -> Attribution:
    return attribute(fit, elements=elements(), **cell)


def names(found: Attribution) -> list[str]:
    return [each.element for each in found.arcs]


def simulated(arcs: list[tuple[float, float, float]], series: float, high: float = 1e7) -> ArcFit:
    """The fit of a made-up cell with a little noise: R in ohm, C in F and exponent of each arc."""
    R, C, n = (list(each) for each in zip(*arcs, strict=True))
    f = logspaced(high, 0.01)
    z = impedance(Shape(len(arcs)), [series, *R, *(r * c for r, c in zip(R, C, strict=True)), *n], f)
    return fit_arcs(f, noisy(z, 0.002))


# --- cells whose answer is known


@pytest.mark.parametrize("celsius", TEMPERATURES)
def test_bulk_and_grain_boundaries_of_a_published_ceramic(celsius: int) -> None:
    """Two arcs of 6-7 and 17-19 pF, published as bulk and grain boundaries, are named so in this order."""
    found = named(fit_arcs(*ceramic(celsius)), area_cm2=DISC_CM2, thickness_um=1e4 * THICK_CM, temperature_C=celsius)
    assert names(found)[:2] == ["bulk", "grain_boundary"]
    assert not any(each.cannot_tell for each in found.arcs[:2])


def test_activation_energies_make_it_sure() -> None:
    """The published activation energies, 0.587 and 0.892 eV, leave no doubt about the second arc."""
    size: dict[str, Any] = {"area_cm2": DISC_CM2, "thickness_um": 1e4 * THICK_CM, "temperature_C": 140}
    fit = fit_arcs(*ceramic(140))
    before, after = (
        named(fit, **size),
        named(fit, **size, activation_energies={"R1": (0.587, 0.01), "R2": (0.892, 0.01)}),
    )
    assert names(after) == ["bulk", "grain_boundary"]
    for one, other in zip(before.arcs, after.arcs, strict=True):
        assert other.body > max(one.body, 0.9)


def test_second_arc_of_a_glass_ceramic_is_not_named_without_more() -> None:
    """LAGP without its sizes: the bulk is told, but 2.4 nF may be grain boundaries as well as contacts."""
    found = named(lagp_fit())
    assert names(found)[0] == "bulk"
    assert not found.arcs[0].cannot_tell
    assert found.arcs[1].cannot_tell
    assert found.tail == "blocking electrode"
    assert any("No area" in each for each in found.says)


@cache
def lagp_fit() -> ArcFit:
    return fit_arcs(*lagp())


GARNET: dict[str, Any] = {"area_cm2": 0.8, "thickness_um": 1000, "temperature_C": 25, "symmetric": True}


@cache
def garnet() -> ArcFit:
    """Li|garnet|Li: bulk and boundaries of 4e-4 S/cm each, each interface of 200 ohm cm2 and 1 uF/cm2."""
    bulk = (0.1 / (4e-4 * 0.8), 5e-12 * 0.8 / 0.1, 0.98)
    boundary = (0.1 / (4e-4 * 0.8), 1e-9 * 0.8 / 0.1, 0.92)
    return simulated([bulk, boundary, (2 * 200 / 0.8, 1e-6 * 0.8 / 2, 0.88)], 1.0, high=1e8)


def test_garnet_between_lithium() -> None:
    """Bulk in the MHz, grain boundaries and interface come out as such, and the interface with its true figures."""
    found = named(garnet(), **GARNET, electrolyte_conductivity_S_cm=2e-4)
    assert names(found)[:2] == ["bulk", "grain_boundary"]
    assert found.arcs[2].element in FACES
    assert not found.bulk_beyond_range
    fields = read_interface(garnet(), found).fields
    assert figure(fields, "interfacial_resistance_ohm_cm2") == pytest.approx(200, rel=0.03)
    assert figure(fields, "arc_capacitance_F_cm2") == pytest.approx(1e-6, rel=0.05)
    assert figure(fields, "ohmic_over_expected") == pytest.approx(1, abs=0.03)
    assert figure(fields, "interface_arcs") == 1


def test_film_on_an_argyrodite() -> None:
    """A film of 0.3 uF/cm2 on Li6PS5Cl is an interphase, and the bulk, at 100 MHz, lies beyond the range."""
    fit = simulated([(2 * 60 / 0.8, 3e-7 * 0.8 / 2, 0.9)], 0.05 / (2e-3 * 0.8))
    size: dict[str, Any] = {"area_cm2": 0.8, "thickness_um": 500, "temperature_C": 25, "symmetric": True}
    found = named(fit, **size, electrolyte_conductivity_S_cm=2e-3)
    assert names(found) == ["interphase"]
    assert found.bulk_beyond_range
    assert any("lies beyond" in each for each in found.says)
    reading = read_interface(fit, found)
    assert figure(reading.fields, "interfacial_resistance_ohm_cm2") == pytest.approx(60, rel=0.02)
    assert figure(reading.fields, "ohmic_over_expected") == pytest.approx(1, abs=0.02)


def test_conductivity_is_read_where_it_was_not_given() -> None:
    """Where bulk and boundaries are told and the sizes are known, thickness over resistance and area is stated."""
    fit = simulated([(2 * 60 / 0.8, 3e-6 * 0.8 / 2, 0.85)], 0.05 / (2e-3 * 0.8))
    size: dict[str, Any] = {"area_cm2": 0.8, "thickness_um": 500, "temperature_C": 25, "symmetric": True}
    reading = read_interface(fit, named(fit, **size))
    assert figure(reading.fields, "electrolyte_conductivity_S_cm") == pytest.approx(2e-3, rel=0.02)
    assert any("series of thicknesses" in each for each in reading.doubts)
    ceramics = named(fit_arcs(*ceramic(140)), area_cm2=DISC_CM2, thickness_um=1e4 * THICK_CM, temperature_C=140)
    told = read_interface(fit_arcs(*ceramic(140)), ceramics)
    assert "electrolyte_conductivity_S_cm" not in told.fields
    assert any("Not all arcs of the electrolyte are told" in each for each in told.steps)


def test_a_contact_shows_by_its_answer_to_pressure() -> None:
    """An arc between bulk and interface cannot be named by its capacitance; R ~ P^-0.6 and C ~ P^0.6 name a contact."""
    fit = fitted(arc(200, 2e-9, 0.88), series=40.0)
    size: dict[str, Any] = {"area_cm2": 0.8, "thickness_um": 800, "temperature_C": 25}
    assert named(fit, **size).arcs[0].cannot_tell
    found = named(fit, **size, pressure_exponents={"R1": (0.6, 0.05), "C1": (0.6, 0.1)})
    assert names(found) == ["contact"]
    assert found.arcs[0].probabilities["contact"] > 0.9
    steady = named(fit, **size, pressure_exponents={"R1": (0.02, 0.05), "C1": (0.0, 0.1)})
    assert steady.arcs[0].probabilities["contact"] < 0.1


def test_a_contact_has_the_activation_energy_of_the_bulk() -> None:
    """An arc with the activation energy of the bulk is a contact sooner than a film, and the other way round."""
    fit = fitted(arc(200, 3e-8, 0.85), series=40.0)
    size: dict[str, Any] = {"area_cm2": 1.0, "thickness_um": 800, "temperature_C": 25}
    same, more = (
        named(fit, **size, activation_energies={"R0": (0.35, 0.01), "R1": (own, 0.01)}).arcs[0].probabilities
        for own in (0.35, 0.6)
    )
    assert same["contact"] > same["interphase"]
    assert more["interphase"] > 50 * more["contact"]


def test_expected_resistance_tells_boundaries_from_contacts() -> None:
    """An arc that thickness and conductivity ask for is one of grain boundaries; one too many is not of the body."""
    fit, size = fitted(arc(300, 2e-9, 0.9), series=40.0), {"area_cm2": 1.0, "thickness_um": 1000}
    needed = named(fit, **size, electrolyte_conductivity_S_cm=0.1 / 340).arcs[0]
    surplus = named(fit, **size, electrolyte_conductivity_S_cm=0.1 / 40).arcs[0]
    assert needed.element == "grain_boundary"
    assert not needed.cannot_tell
    assert surplus.element == "contact"
    assert surplus.interface > 0.9
    assert surplus.probabilities["grain_boundary"] < 0.1 < named(fit, **size).arcs[0].probabilities["grain_boundary"]


def test_tails() -> None:
    """A tail is named by its kind, a constant phase element by its exponent."""
    told = {
        named(fitted(tail=tail, tail_values={"n": n})).tail
        for tail, n in (("blocking", 0.9), ("blocking", 0.5), ("semi_infinite", 0.5), ("line", 0.9), ("none", 0.9))
    }
    assert told == {"blocking electrode", "diffusion", "porous electrode", "none"}


# --- laws

ARCS = st.lists(
    st.builds(
        lambda R, C, n, share: arc(10**R, 10**C, n, share),
        st.floats(0, 6), st.floats(-13, -2), st.floats(0.4, 1.0), st.floats(0.001, 1.0),
    ),
    max_size=4,
)  # fmt: skip
SERIES = st.one_of(st.none(), st.floats(0.1, 1e4))


@STEADY
@given(ARCS, SERIES, st.sampled_from([None, 0.2, 1.0]), st.sampled_from([None, 500.0]), st.booleans())
def test_probabilities_are_probabilities(
    arcs: list[Arc], series: float | None, area: float | None, thickness: float | None, symmetric: bool
) -> None:
    """Those of an arc add up to one, a cell has at most one bulk and one kind of grain boundary, reasons are finite."""
    found = named(fitted(*arcs, series=series), area_cm2=area, thickness_um=thickness, symmetric=symmetric)
    assert len(found.arcs) == len(arcs)
    for each in found.arcs:
        assert math.fsum(each.probabilities.values()) == pytest.approx(1)
        assert max(each.probabilities.values()) == each.probabilities[each.element]
        assert each.cannot_tell == (each.probabilities[each.element] < 0.6)
        assert all(math.isfinite(reason.decibans) for reason in each.reasons)
        assert each.interface + each.body + each.probabilities["diffusion"] == pytest.approx(1)
    for once in ("bulk", "grain_boundary"):
        assert math.fsum(each.probabilities[once] for each in found.arcs) < 1 + 1e-9


@STEADY
@given(ARCS, SERIES, st.floats(-2, 2), st.booleans())
def test_only_area_times_resistance_counts(arcs: list[Arc], series: float | None, power: float, known: bool) -> None:
    """A cell of another area with resistances and capacitances to match is attributed the same."""
    factor = 10**power
    other = [
        replace(
            each,
            R_ohm=each.R_ohm / factor, sigma_R_ohm=each.sigma_R_ohm / factor,
            C_F=each.C_F * factor, sigma_C_F=each.sigma_C_F * factor,
        )
        for each in arcs
    ]  # fmt: skip
    size: dict[str, Any] = {"thickness_um": 700, "electrolyte_conductivity_S_cm": 1e-3 if known else None}
    one = named(fitted(*arcs, series=series), area_cm2=0.5, **size)
    two = named(fitted(*other, series=None if series is None else series / factor), area_cm2=0.5 * factor, **size)
    assert [list(each.probabilities.values()) for each in one.arcs] == [
        pytest.approx(list(each.probabilities.values()), abs=1e-6) for each in two.arcs
    ]


@settings(STEADY, max_examples=4)
@given(ARCS, SERIES)
def test_without_sizes_nothing_is_surer_than_with_the_best_of_them(arcs: list[Arc], series: float | None) -> None:
    """Unknown sizes are averaged over, so no element is more probable than with some area and thickness given."""
    fit = fitted(*arcs, series=series)
    best = [dict.fromkeys(elements(), 0.0) for _ in arcs]
    for area in (middle + spread * step for middle, spread, _ in AREA for step in STEPS):
        for thickness in (middle + spread * step for middle, spread, _ in THICKNESS for step in STEPS):
            found = named(fit, area_cm2=10**area, thickness_um=1e4 * 10**thickness)
            for place, each in enumerate(found.arcs):
                for name, share in each.probabilities.items():
                    best[place][name] = max(best[place][name], share)
    for place, each in enumerate(named(fit).arcs):
        assert all(share <= best[place][name] + 1e-9 for name, share in each.probabilities.items())


@pytest.mark.parametrize("C", [1e-7, 1e-6, 1e-5])
def test_without_an_area_interfaces_are_no_surer_on_the_whole(C: float) -> None:
    """An arc of a usual pellet in the middle of a window of interfaces is less sure without its area."""
    fit = fitted(arc(300, C * 0.785, 0.85), series=30.0)
    with_area, without = (
        named(fit, temperature_C=25, **size).arcs[0] for size in ({"area_cm2": 0.785, "thickness_um": 1000}, {})
    )
    assert without.interface <= with_area.interface + 1e-9


def test_symmetric_halves_and_doubles() -> None:
    """Two interfaces in series read as one: half the resistance, twice the capacitance, the same frequency."""
    fit = fitted(arc(100, 5e-7, 0.9), series=20.0)
    reads = [read_interface(fit, named(fit, area_cm2=2.0, symmetric=both)) for both in (False, True)]
    single, half = (each.fields for each in reads)
    assert figure(single, "interfacial_resistance_ohm_cm2") == 200
    assert figure(half, "interfacial_resistance_ohm_cm2") == 100
    assert figure(half, "arc_capacitance_F_cm2") == pytest.approx(2 * figure(single, "arc_capacitance_F_cm2"))
    assert half["arc_frequency_Hz"] == single["arc_frequency_Hz"]
    assert [any("halved" in step for step in each.steps) for each in reads] == [False, True]
    # To what lies at an interface, a symmetric cell looks as a plain one with half the arc.
    plain = fitted(arc(50, 1e-6, 0.9), series=20.0)
    one, two = (
        each.arcs[0].probabilities for each in (named(plain, area_cm2=2.0), named(fit, area_cm2=2.0, symmetric=True))
    )
    assert [one[name] / one["interphase"] for name in FACES] == pytest.approx(
        [two[name] / two["interphase"] for name in FACES]
    )


def test_likelihood_of_a_window() -> None:
    """It falls by half at an edge, adds up to one over all figures, and is flat far outside."""
    window = elements()["interphase"].windows[0]
    x = np.linspace(-40, 30, 70_001)
    value = np.exp(log_likelihood(window, x, 0.0, window.of))
    at = {end: value[np.argmin(np.abs(x - end))] for end in (math.log10(window.low), -6.7, math.log10(window.high))}
    ends = [at[math.log10(window.low)], at[math.log10(window.high)]]
    assert ends == pytest.approx([0.5 * at[-6.7]] * 2, rel=0.02)
    assert value[(x > -15) & (x < -1)].sum() * 1e-3 == pytest.approx(1, abs=0.01)
    assert value[0] == value[-1] > 0


def test_reasons_add_up_to_the_odds_of_two_names_when_there_is_one_arc() -> None:
    """With a single arc the decibans of its reasons are the odds of the two most probable elements."""
    (found,) = named(fitted(arc(80, 4e-7), series=30.0), area_cm2=1.0, thickness_um=600, temperature_C=40).arcs
    odds = 10 * math.log10(found.probabilities[found.element] / found.probabilities[found.rival])
    assert math.fsum(each.decibans for each in found.reasons) == pytest.approx(odds, abs=0.5)


# --- the reading


def figure(fields: Mapping[str, Any], name: str) -> float:
    return float(fields[name][0])


def test_nothing_per_area_without_an_area() -> None:
    """Without an area no field per area is given, and the steps say so; frequency and exponent need none."""
    fit = fitted(arc(100, 1e-6), series=20.0)
    reading = read_interface(fit, named(fit))
    assert not any(name.endswith("cm2") for name in (*reading.fields, *reading.ranges))
    assert "No area was given" in reading.steps[0]
    assert {"arc_frequency_Hz", "cpe_exponent"} <= set(reading.fields)


def test_doubtful_arcs_give_a_range() -> None:
    """An arc that may be of the body or the interface makes a range of both readings, with their errors."""
    fit = fitted(arc(150, 2e-9, 0.9), arc(100, 2e-6), series=20.0)
    found = named(fit, area_cm2=1.0, thickness_um=900, temperature_C=25)
    assert 0.2 < found.arcs[0].interface < 0.8
    reading = read_interface(fit, found)
    low, high = reading.ranges["interfacial_resistance_ohm_cm2"]
    assert 95 < low < 100
    assert 250 < high < 260
    assert "interface_arcs" not in reading.fields
    assert any("doubtful" in step for step in reading.steps)


def test_errors_of_a_sum_know_how_its_parts_trade() -> None:
    """What one overlapping arc loses the other wins, so their sum is better known than each."""
    fit = simulated([(100, 4e-7, 0.9), (80, 3e-6, 0.85)], 10.0)
    found = named(fit, area_cm2=1.0, thickness_um=500, electrolyte_conductivity_S_cm=5e-3, temperature_C=25)
    assert all(each.interface > 0.8 for each in found.arcs)
    value, sigma = figures(read_interface(fit, found).fields, "interfacial_resistance_ohm_cm2")
    assert value == pytest.approx(180, abs=4 * sigma)
    assert sigma < min(each.arc.sigma_R_ohm for each in found.arcs)
    swapped = replace(fit, values=fit.values[::-1])
    other = figures(read_interface(swapped, found).fields, "interfacial_resistance_ohm_cm2")[1]
    assert other == pytest.approx(math.hypot(*(each.arc.sigma_R_ohm for each in found.arcs)), rel=0.05)


def figures(fields: Mapping[str, Any], name: str) -> tuple[float, float]:
    value, sigma = fields[name]
    return float(value), float(sigma)


def test_every_field_is_one_of_a_case() -> None:
    """Fields and ranges are in the vocabulary, and their figures within its limits."""
    vocabulary = load().knowledge.vocabulary
    for reading in readings():
        for name, value in {**reading.fields, **reading.ranges}.items():
            if isinstance(value, tuple):
                assert vocabulary[name].limits[0] <= value[0] <= vocabulary[name].limits[1]
                assert value[1] >= 0
            else:
                assert value in vocabulary[name].of


def readings() -> list[InterfaceReading]:
    made = [fitted(), fitted(arc(100, 1e-6), series=5.0), fitted(arc(1e5, 1e-11), arc(1e5, 1e-9))]
    sizes: tuple[dict[str, Any], ...] = ({}, {"area_cm2": 1.0}, {"area_cm2": 1.0, "thickness_um": 1000})
    return [read_interface(fit, named(fit, **size)) for fit in (*made, garnet()) for size in sizes]


def test_an_inductive_end_is_read() -> None:
    """An inductance that lifts the spectrum above the real axis is a loop at high frequency."""
    crossing = np.array([5 + 1j, 6 - 1j])
    fit = fitted(arc(100, 1e-6), inductance_H=1e-6, sigma_inductance_H=1e-8, fitted_ohm=crossing)
    assert read_interface(fit, named(fit)).fields["inductive_loop"] == "high_frequency"
    below = replace(fit, fitted_ohm=crossing.conj()[:1])
    assert "inductive_loop" not in read_interface(below, named(below)).fields


def test_a_fit_without_parameters_tells_nothing() -> None:
    """The reason of the fit is handed on."""
    fit = replace(empty(), reason="too few points: 2 for 3 parameters")
    found = named(fit)
    assert (found.arcs, found.reason) == ((), fit.reason)
    reading = read_interface(fit, found)
    assert not reading.fields
    assert "too few points" in reading.steps[0]


def test_more_arcs_than_can_be_named() -> None:
    """Seven arcs are handed back with a reason."""
    found = named(fitted(*(arc(10, 10**-power) for power in range(5, 12))))
    assert "7 arcs" in found.reason
    assert found.arcs == ()


def test_arcs_in_a_lump_are_named_but_less_surely() -> None:
    """Overlapping arcs are weighed with larger errors, said not to stand alone, and not counted."""
    pair = (arc(100, 1e-7), arc(120, 3e-7))
    apart, lumped = fitted(*pair), fitted()
    lumped = replace(lumped, lumps=(Lump(pair, 220, 3, "these arcs overlap"),))
    one, two = (named(fit, area_cm2=1.0) for fit in (apart, lumped))
    assert [each.alone for each in (*one.arcs, *two.arcs)] == [True, True, False, False]
    assert "does not tell by itself" in two.says[0]
    assert "interface_arcs" not in read_interface(lumped, two).fields


@pytest.mark.parametrize(
    "wrong",
    [
        {"area_cm2": 0.0}, {"thickness_um": -1.0}, {"electrolyte_conductivity_S_cm": math.nan},
        {"temperature_C": -300.0}, {"activation_energies": {"R3": (0.4, 0.1)}}, {"pressure_exponents": {"m": (1, 1)}},
    ],
)  # fmt: skip
def test_impossible_cells_are_refused(wrong: dict[str, Any]) -> None:
    """Sizes that cannot be, and names that the fit does not have, are told."""
    with pytest.raises(UsageError, match="expected"):
        named(fitted(arc(100, 1e-6)), **wrong)


# --- the shelf of elements


def window(element: str, of: str) -> tuple[float, float]:
    (found,) = (each for each in elements()[element].windows if each.of == of)
    return found.low, found.high


def test_windows_are_those_of_the_rules() -> None:
    """A film, a chemical capacitance and the body of the electrolyte are the same to the rules and here."""

    def when(cause: str, evidence: str) -> Any:
        return next(each.when for each in load().rules.causes[cause].evidence if each.id == evidence)

    film = when("passivating-reduction", "film-capacitance")["arc_capacitance_F_cm2"]["between"]
    assert window("interphase", "capacitance_F_cm2") == tuple(film)
    normalised = "derived.arc_capacitance_normalised_F_cm"
    body = when("bulk-or-grain-boundary", "capacitance-of-the-body")[normalised]["between"]
    bulk, boundary = (window(name, "capacitance_F_cm") for name in ("bulk", "grain_boundary"))
    assert [bulk[0], boundary[1]] == body
    assert bulk[1] == boundary[0]
    assert boundary[1] < when("bulk-or-grain-boundary", "capacitance-of-an-interface")[normalised]["above"]
    chemical = when("mixed-conducting-reduction", "chemical-capacitance")["arc_capacitance_F_cm2"]["above"]
    assert window("diffusion", "capacitance_F_cm2")[0] > chemical
    same = when("insufficient-contact-pressure", "carries-bulk-activation-energy")
    assert window("contact", "activation_energy_over_bulk_eV") == tuple(
        same["derived.activation_energy_difference_eV"]["between"]
    )
    more = when("insufficient-contact-pressure", "activated-more-than-bulk")["derived.activation_energy_difference_eV"]
    for name in ("interphase", "charge_transfer"):
        assert window(name, "activation_energy_over_bulk_eV")[0] == more["above"]


def test_every_window_has_a_source() -> None:
    """Every window names a known reference with a grade, and what lies at an electrode is told per area."""
    references = load().knowledge.references
    for name, each in elements().items():
        kinds = {one.of for one in each.windows}
        assert {one.ref for one in each.windows} | set(each.sources) <= set(references), name
        assert ("capacitance_F_cm" in kinds) == (each.place == "body"), name
        assert {"frequency_25C_Hz", "exponent", "activation_energy_eV"} <= kinds, name


def test_the_strongest_reason_goes_first() -> None:
    """Reasons come by weight, and the sentence holds the first of them."""
    for each in named(garnet(), **GARNET).arcs:
        assert [abs(one.decibans) for one in each.reasons] == sorted(
            (abs(one.decibans) for one in each.reasons), reverse=True
        )
        assert (each.reasons[0].says in each.says) == (abs(each.reasons[0].decibans) >= 1)
