"""Arcs found without a guess: closed forms, made-up cells of known truth, published fits, and what cannot be told."""

from __future__ import annotations

import math
import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from samplecells import (
    TEMPERATURES,
    THICK_CM,
    WIDE_CM,
    ceramic,
    file,
    lagp,
    logspaced,
    made,
    noisy,
    odd_inputs,
    table,
)

from diagnose.errors import DataError
from diagnose.measurement.arcs import ArcFit, fit_arcs
from diagnose.measurement.chain import Shape, Tail, impedance, jacobian
from diagnose.measurement.circuit import circuit_impedance, fit_circuit, parsed
from diagnose.measurement.kramerskronig import kramers_kronig

STEADY = settings(derandomize=True, deadline=None, database=None, max_examples=12)
CONDUCTOR = Shape(2, "blocking", resistance=False)
TAILS: dict[Tail, list[float]] = {
    "none": [],
    "blocking": [1e-4, 0.8],
    "semi_infinite": [50.0],
    "open": [80.0, 2.0],
    "short": [80.0, 2.0],
    "line": [60.0, 3.0, 0.5, 0.9],
}
BOLTZMANN_EV = 8.617333262e-5


def values_of(tail: Tail) -> tuple[Shape, list[float]]:
    """A chain with everything in it."""
    amplitude, shaped = TAILS[tail][:1], TAILS[tail][1:]
    return Shape(2, tail, inductance=True), [20.0, 1e-7, 50.0, 200.0, *amplitude, 2e-5, 1e-2, 0.9, 0.85, *shaped]


def published(celsius: int) -> dict[str, float]:
    """R1, Q1, n1, R2, Q2, n2 of the authors' fit at a temperature; their report names Q2 as Q1 and Q3 as Q2."""
    text = file("Sheyigold__EISFitpython/published_results/Example3_Batch_EISfit_Report.txt").read_text()
    part = text.split(f"Data_{celsius + 273}K")[1].split("Correlation")[0]
    found = [float(each) for each in re.findall(r"^ *[RQn]\d = +(\S+)", part, re.MULTILINE)]
    return dict(zip(("R1", "Q1", "n1", "R2", "Q2", "n2"), found, strict=False))


def both(fit: ArcFit) -> list[tuple[float, float]]:
    """R in ohm and C in F of every arc, those in lumps too."""
    return [(arc.R_ohm, arc.C_F) for arc in made().every_arc(fit)]


def activation(kelvin: list[float], ohm: list[float]) -> float:
    """Activation energy by an unweighted line of ln(sigma T) against 1 / T."""
    sigma = THICK_CM / (math.pi * (WIDE_CM / 2) ** 2) / np.array(ohm)
    slope = np.polyfit(1 / np.array(kelvin), np.log(sigma * np.array(kelvin)), 1)[0]
    return float(-slope * BOLTZMANN_EV)


@pytest.mark.parametrize("tail", TAILS)
def test_slopes(tail: Tail) -> None:
    """The slopes of every chain are those that differences give."""
    shape, values = values_of(tail)
    f = logspaced(per_decade=3)
    found = jacobian(shape, values, f)
    for place in range(len(values)):
        step = np.ones(len(values))
        step[place] = math.exp(1e-5)
        difference = (impedance(shape, values * step, f) - impedance(shape, values / step, f)) / 2e-5
        assert found[:, place] == pytest.approx(
            difference, rel=1e-6, abs=1e-9 * np.abs(impedance(shape, values, f)).max()
        )


def test_closed_forms() -> None:
    """At its own frequency a Debye arc is R (1 - j) / 2; a line without charge transfer is finite diffusion."""
    tau = 1e-3
    z = impedance(Shape(1, resistance=False), [100.0, tau, 1.0], [1 / (2 * math.pi * tau)])
    assert z[0] == pytest.approx(50 - 50j)
    f = logspaced()
    line = impedance(Shape(0, "line", resistance=False), [10.0, 1e9, 1e9, 1.0], f)
    assert line == pytest.approx(impedance(Shape(0, "open", resistance=False), [10.0, 1.0], f), rel=1e-5)
    short = impedance(Shape(0, "short", resistance=False), [10.0, 1.0], [1e-6, 1e6])
    assert short[0] == pytest.approx(10.0, rel=1e-4)
    assert short[1] == pytest.approx(10 / np.sqrt(2j * math.pi * 1e6), rel=1e-9)


@pytest.mark.parametrize("tail", TAILS)
def test_fixed_shape_finds_every_parameter(tail: Tail) -> None:
    """Without noise and without a guess the parameters of a chain come back."""
    shape, values = values_of(tail)
    f = logspaced(1e7, 1e-2)
    fit = fit_arcs(f, impedance(shape, values, f), shape)
    assert fit.reason == ""
    assert fit.rms < 1e-6
    assert fit.values == pytest.approx(values, rel=1e-3)


@STEADY
@given(
    st.floats(10, 1000),
    st.floats(0.2, 5),
    st.floats(-5.3, -4.3),
    st.floats(1.2, 2.5),
    st.floats(0.8, 1),
    st.floats(0.75, 1),
)
def test_two_arcs_of_any_kind(R: float, ratio: float, tau: float, apart: float, first: float, second: float) -> None:
    """Two arcs more than 1.2 decades apart are found by themselves, whatever their sizes."""
    f = logspaced()
    values = [0.3 * R, R, R * ratio, 10**tau, 10 ** (tau + apart), first, second]
    fit = fit_arcs(f, impedance(Shape(2), values, f))
    assert [arc.R_ohm for arc in fit.arcs] == pytest.approx(values[1:3], rel=1e-3)
    assert [arc.C_F for arc in fit.arcs] == pytest.approx([values[3] / R, values[4] / (R * ratio)], rel=2e-3)
    assert fit.series_ohm == pytest.approx(0.3 * R, rel=1e-3)


@settings(STEADY, max_examples=5)
@given(st.floats(-6, 9), st.floats(-1.5, 3))
def test_units_do_not_matter(ohms: float, hertz: float) -> None:
    """A spectrum of another size or another speed gives the same arcs of another size or speed."""
    sample = next(made().samples(1))
    plain = fit_arcs(sample.f, sample.z)
    scaled = fit_arcs(sample.f * 10**hertz, sample.z * 10**ohms)
    for one, other in zip(plain.arcs, scaled.arcs, strict=True):
        assert other.R_ohm == pytest.approx(one.R_ohm * 10**ohms, rel=1e-4)
        assert pytest.approx(one.C_F * 10 ** (-ohms - hertz), rel=1e-4) == other.C_F
        assert other.sigma_R_ohm / other.R_ohm == pytest.approx(one.sigma_R_ohm / one.R_ohm, rel=1e-2)


def test_made_up_cells() -> None:
    """Of 30 spectra with 0.5 % noise none is missed; order and errors are right as often as they should be."""
    benchmark = made()
    right, inside = 0, []
    for sample in benchmark.samples(10):
        fit = fit_arcs(sample.f, sample.z)
        assert fit.reason == ""
        assert benchmark.rms(sample, fit.fitted_ohm) < 1.2 * benchmark.attainable(sample)
        right += len(fit.arcs) == 2 and not fit.lumps
        pairs = zip(fit.arcs, sample.values[1:3], strict=False)
        inside += [abs(arc.R_ohm - truth) < arc.sigma_R_ohm for arc, truth in pairs]
    assert right >= 28
    assert 0.52 < np.mean(inside) < 0.84


@pytest.mark.parametrize("celsius", TEMPERATURES)
def test_published_ceramic(celsius: int) -> None:
    """The published fit of a ceramic conductor at each temperature is found without a guess."""
    truth = published(celsius)
    arcs = both(fit_arcs(*ceramic(celsius), CONDUCTOR))
    for (R, C), k in zip(arcs, (1, 2), strict=True):
        Rk, Q, n = (truth[f"{name}{k}"] for name in "RQn")
        assert pytest.approx(Rk, rel=0.005) == R
        assert pytest.approx((Q * Rk ** (1 - n)) ** (1 / n), rel=0.02) == C


def test_published_energies() -> None:
    """Their activation energies come out: 0.587 eV bulk, 0.892 eV grain boundary, 0.856 eV in all."""
    found = [both(fit_arcs(*ceramic(celsius), CONDUCTOR)) for celsius in TEMPERATURES]
    kelvin = [celsius + 273.0 for celsius in TEMPERATURES]
    bulk, boundary = ([each[k][0] for each in found] for k in (0, 1))
    assert activation(kelvin, bulk) == pytest.approx(0.587, abs=0.002)
    assert activation(kelvin, boundary) == pytest.approx(0.892, abs=0.002)
    assert activation(kelvin, [one + two for one, two in zip(bulk, boundary, strict=True)]) == pytest.approx(
        0.856, abs=0.002
    )


def test_published_lagp() -> None:
    """The published fit of an LAGP pellet, by shape and as a circuit."""
    arcs = both(fit_arcs(*lagp(), CONDUCTOR))
    assert [each for arc in arcs for each in arc] == pytest.approx([4.471e4, 21.7e-12, 4.712e4, 2.40e-9], rel=0.005)
    fit = fit_circuit(*lagp(), "(R1|Q1)+(R2|Q2)+Q3")
    expected = {"R1": 4.471e4, "Q1.Q": 1.727e-10, "Q1.n": 0.8501, "R2": 4.712e4, "Q2.Q": 1.244e-8, "Q2.n": 0.8189}
    expected |= {"Q3.Q": 4.405e-7, "Q3.n": 0.8824}
    assert fit.values == pytest.approx(expected, rel=1e-3)


def test_published_simulation() -> None:
    """The spectrum that its authors simulated gives back the round figures they put in, and the right order."""
    fit = fit_arcs(*table("Sheyigold__EISFitpython/published_results/Example1_simulated.txt", 6))
    assert [arc.R_ohm for arc in fit.arcs] == pytest.approx([5e7, 8e7], rel=1e-4)
    assert fit.tail == "blocking"
    assert fit.tail_values == pytest.approx({"Q": 1e-7, "n": 0.7}, rel=1e-4)


def test_arcs_too_near_are_lumped() -> None:
    """Two arcs 0.6 decades apart are told as a sum, which is right and better known than they are."""
    f = logspaced()
    z = noisy(impedance(Shape(2), [10.0, 100.0, 100.0, 1e-3, 4e-3, 0.9, 0.9], f), 0.001)
    fit = fit_arcs(f, z, Shape(2))
    assert fit.arcs == ()
    (lump,) = fit.lumps
    assert "overlap" in lump.reason
    assert lump.R_ohm == pytest.approx(200.0, abs=4 * lump.sigma_R_ohm)
    assert lump.sigma_R_ohm < min(arc.sigma_R_ohm for arc in lump.arcs)


def test_peak_outside_is_no_arc() -> None:
    """An arc whose peak was not measured does not stand alone."""
    f = logspaced(1e4, 1.0)
    fit = fit_arcs(f, noisy(impedance(Shape(1), [10.0, 100.0, 0.5, 0.9], f), 0.002), Shape(1))
    assert fit.arcs == ()
    assert "outside" in fit.lumps[0].reason


def test_strays_at_the_end_are_left_out() -> None:
    """What a resonance of the leads adds at the highest frequencies is left out, and the range told."""
    f = logspaced()
    z = impedance(Shape(2), [2000.0, 500.0, 8000.0, 1e-3, 0.1, 0.95, 0.9], f)
    s = 1j * f / 1e5
    fit = fit_arcs(f, noisy(z / (1 + s + s**2), 0.002))
    assert fit.reason == ""
    assert 3e3 < fit.high_Hz < 1e6
    assert fit.low_Hz == pytest.approx(0.1)
    found = sorted(fit.arcs, key=lambda arc: -arc.R_ohm)
    assert found[0].R_ohm == pytest.approx(8000.0, rel=0.05)


def test_covariance_is_that_of_repeats() -> None:
    """The errors told are the scatter of the same cell measured anew."""
    f = logspaced()
    z = impedance(Shape(2), [20.0, 50.0, 200.0, 1e-5, 1e-2, 0.9, 0.85], f)
    fits = [fit_arcs(f, noisy(z, 0.005, seed), Shape(2)) for seed in range(40)]
    logs = np.log([fit.values for fit in fits])
    told = np.mean([np.sqrt(np.diag(fit.covariance)) for fit in fits], axis=0)
    assert told == pytest.approx(logs.std(axis=0, ddof=1), rel=0.3)


@pytest.mark.parametrize("name", odd_inputs())
def test_odd_inputs(name: str) -> None:
    """Whatever is given, there is a fit of finite figures or a reason; never an error, a warning or a NaN."""
    f, z = odd_inputs()[name]
    for shape in (None, Shape(1, "line"), Shape(2, "blocking", inductance=True)):
        fit = fit_arcs(f, z, shape)
        if fit.reason:
            assert fit.arcs == fit.lumps == ()
        else:
            assert np.isfinite([*fit.values, *fit.covariance.ravel(), fit.rms, fit.chi2]).all()
            assert fit.fitted_ohm.shape == f.shape
            assert np.isfinite(fit.fitted_ohm).all()
    assert fit_circuit(f, z, "R0-p(R1,CPE1)-Wo1").text


def test_order_and_repeats_of_points_do_not_matter() -> None:
    """Shuffled points, points given twice and a row of zeros give the same arc."""
    odd = odd_inputs()
    for name in ("shuffled", "rising", "twice each", "a row of zeros", "a spike"):
        (arc,) = fit_arcs(*odd[name]).arcs
        assert (arc.R_ohm, arc.n) == pytest.approx((100.0, 0.9), rel=1e-5)


def test_no_spectrum_no_parameters() -> None:
    """Noise, too few points and an inconsistent spectrum are answered by a reason."""
    odd = odd_inputs()
    assert "noise only" in fit_arcs(*odd["noise"]).reason
    assert "too few points" in fit_arcs(*odd["three points"]).reason
    assert "wrong sign" in fit_arcs(*odd["wrong sign"]).reason
    assert "passive" in fit_arcs(*odd["negative"]).reason
    kk = kramers_kronig(*odd["rising"])
    assert fit_arcs(*odd["rising"], kk=kk).kk is kk
    with pytest.raises(ValueError, match="no such shape"):
        Shape(-1)


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("R0-p(R1,CPE1)-Wo1", "R0 + (R1|CPE1) - Wo1"),
        ("R0-(R1|Q1)", "r0 - p( R1 , Q1 )"),
        ("R1|C1", "p(R1,C1)"),
        ("p(R1-W1,C1)", "((R1-W1)//C1)"),
    ],
)
def test_ways_to_write_a_circuit(text: str, same: str) -> None:
    """The ways in which people write one circuit mean the same."""
    assert parsed(text) == parsed(same)


@pytest.mark.parametrize(
    ("text", "says", "column"),
    [
        ("", "empty", 1),
        ("R0-", "an element is missing", 4),
        ("R0-p(R1)", "at least two parts", 4),
        ("R0-Z1", "there is no element 'Z'", 4),
        ("R1-R1", "R1 stands twice", 1),
        ("R0-(R1|C1", "not closed", 10),
        ("R0)", "not expected", 3),
        ("R0-R1|C1", "not clear what is parallel", 1),
        ("R0 § R1", "'§' has no meaning", 3),
        ("p(R1,,C1)", "expected an element", 6),
        ("(" * 30 + "R1" + ")" * 30, "too deep", 22),
        ("R1-" * 400 + "R2", "longer than", 1),
    ],
)
def test_bad_circuits(text: str, says: str, column: int) -> None:
    """A text that is no circuit is refused with its place, what is wrong and an example."""
    with pytest.raises(DataError, match=re.escape(says)) as caught:
        parsed(text)
    (problem,) = caught.value.problems
    assert problem.column == column
    assert "R0-p(R1,CPE1)" in problem.hint


def test_bad_starts() -> None:
    """A start of an unknown name or not above 0 is refused by name."""
    f, z = odd_inputs()["rising"]
    with pytest.raises(DataError, match=r"start\.R3.*Its parameters are R0, R1"):
        fit_circuit(f, z, "R0-(R1|Q1)", {"R3": 1.0})
    with pytest.raises(DataError, match="above 0"):
        fit_circuit(f, z, "R0-(R1|Q1)", {"R1": -1.0})


CIRCUITS = {
    "R0-(R1|Q1)-(R2|Q2)": [20.0, 50.0, 2e-6, 0.9, 200.0, 2e-4, 0.85],
    "L1-R0-p(R1,C1)": [1e-7, 5.0, 80.0, 1e-5],
    "R0-p(R1-Wo1,CPE1)": [10.0, 40.0, 60.0, 20.0, 1e-5, 0.9],
    "R0-(C1|(R1-(R2|C2)))": [10.0, 30.0, 1e-7, 100.0, 1e-4],
    "R0-p(R1,CPE1)-Ws1": [10.0, 40.0, 1e-6, 0.9, 60.0, 2.0],
    "R0-p(R1,CPE1)-W1": [10.0, 40.0, 1e-6, 0.9, 30.0],
}


@pytest.mark.parametrize("text", CIRCUITS)
def test_circuits_are_recovered(text: str) -> None:
    """What a circuit was made of comes back from its spectrum, without a guess."""
    circuit = parsed(text)
    f = logspaced(1e6, 1e-2)
    values = dict(zip(circuit.names, CIRCUITS[text], strict=True))
    if text.startswith("R0-(C1"):
        values = {"R0": 10.0, "C1": 1e-7, "R1": 30.0, "R2": 100.0, "C2": 1e-4}
    z = circuit_impedance(circuit, values, f)
    fit = fit_circuit(f, noisy(z, 1e-4), text)
    assert fit.values == pytest.approx(values, rel=0.02)
    assert all(0 < fit.sigmas[name] < 0.05 * values[name] for name in values)
    assert fit.fitted_ohm == pytest.approx(z, rel=1e-3)
