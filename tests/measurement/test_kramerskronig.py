"""The Kramers-Kronig test: what passes, what does not, and what it says of noise, range and single points."""

from __future__ import annotations

import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from samplecells import Spectrum, ceramic, dummy, logspaced, made, noisy, odd_inputs, repeats

from diagnose.measurement.chain import Shape, impedance
from diagnose.measurement.kramerskronig import kramers_kronig, reference_order

STEADY = settings(derandomize=True, deadline=None, database=None, max_examples=30)
TWO = Shape(2, "blocking")


def spectrum(noise: float = 0.0, seed: int = 0) -> Spectrum:
    """Two arcs and a blocking tail."""
    f = logspaced()
    z = impedance(TWO, [20.0, 50.0, 200.0, 2e-4, 1e-5, 1e-2, 0.9, 0.85, 0.9], f)
    return Spectrum(f, noisy(z, noise, seed))


def test_reference_order() -> None:
    """Schoenleber's rule gives the order and the measure that his own tool gives for a physical circuit."""
    order, mu = reference_order(*dummy(), cutoff=0.69)
    assert order == 10
    assert mu == pytest.approx(0.68438211, abs=2e-8)


def test_exact_chain_leaves_nothing() -> None:
    """A chain of arcs obeys the relations, so next to nothing is left of it."""
    test = kramers_kronig(*spectrum())
    assert test.consistent
    assert test.rms < 3e-4


@STEADY
@given(st.sampled_from((0.0005, 0.002, 0.005, 0.02)), st.integers(0, 10_000))
def test_noise_is_found(noise: float, seed: int) -> None:
    """The noise that was put in is the noise that is found, within what so many points allow."""
    test = kramers_kronig(*spectrum(noise, seed))
    assert test.consistent
    assert test.noise == pytest.approx(noise, rel=0.3)
    assert np.all(test.decades_noise < 2 * noise)
    assert len(test.decades_Hz) == len(test.decades_noise) == 8


@STEADY
@given(st.permutations(range(71)))
def test_order_of_points_does_not_matter(order: list[int]) -> None:
    """Points in any order give the same test, with residuals where their points are."""
    f, z = spectrum(0.003)
    straight, mixed = kramers_kronig(f, z), kramers_kronig(f[order], z[order])
    assert mixed.noise == pytest.approx(straight.noise, rel=1e-6)
    assert mixed.residuals_real == pytest.approx(straight.residuals_real[order], abs=1e-9)


def test_synthetic_cells_pass() -> None:
    """Hardly any valid spectrum is called inconsistent."""
    tests = [kramers_kronig(sample.f, sample.z) for sample in made().samples(20)]
    assert sum(not test.consistent for test in tests) <= 1


def test_drift_is_noticed() -> None:
    """A resistance that grows by 40 % while it is measured does not pass at 0.1 % noise."""
    f = logspaced()
    caught = 0
    for seed in range(10):
        values = [20.0, 50.0, 200.0, 2e-4, 1e-1, 0.9, 0.85]
        whole = [impedance(Shape(2), [*values[:2], 200.0 * (1 + 0.4 * share), *values[3:]], f) for share in (0, 1)]
        share = np.linspace(0, 1, len(f))
        drifting = noisy((1 - share) * whole[0] + share * whole[1], 0.001, seed)
        test = kramers_kronig(f, drifting)
        caught += (not test.consistent) or test.valid_low_Hz > 0.2
    assert caught >= 8


def test_single_point_out_of_line() -> None:
    """One point that is 5 % off is named, and does not spoil the rest."""
    f, z = spectrum(0.002)
    z[33] *= 1.05
    test = kramers_kronig(f, z)
    assert test.outliers == (33,)
    assert test.consistent
    assert test.rms < 0.004


def test_broken_end_is_cut_off() -> None:
    """Points at the end of the sweep that no cell could give are cut off, and the valid range says so."""
    f, z = spectrum(0.001)
    z[-4:] *= [1.1, 0.8, 1.4, 0.5]
    test = kramers_kronig(f, z)
    assert f[-5] <= test.valid_low_Hz * 1.5
    assert test.valid_low_Hz > f[-4]
    assert test.valid_high_Hz == pytest.approx(1e6)


def test_repeats_of_a_real_cell() -> None:
    """Ten repeats of a solid-state cell pass with the noise that their repeatability shows: 0.1 %."""
    tests = [kramers_kronig(*each) for each in repeats()]
    assert all(test.consistent for test in tests)
    assert all(5e-4 < test.noise < 1.5e-3 for test in tests)


def test_real_ceramics_pass() -> None:
    """Spectra that were published with their fits are consistent."""
    assert all(kramers_kronig(*ceramic(celsius)).consistent for celsius in (140, 170, 200))


@pytest.mark.parametrize("name", odd_inputs())
def test_odd_inputs(name: str) -> None:
    """Nothing that is given makes a figure that is not finite, and what does not pass has a reason."""
    f, z = odd_inputs()[name]
    test = kramers_kronig(f, z)
    assert test.residuals_real.shape == test.residuals_imag.shape == f.shape
    figures = [test.largest, test.rms, test.noise, test.valid_low_Hz, test.valid_high_Hz, *test.runs_p]
    assert np.isfinite([*figures, *test.residuals_real, *test.residuals_imag, *test.decades_noise]).all()
    assert test.consistent == (not test.reason)


def test_wrong_sign_is_named() -> None:
    """An imaginary part with the wrong sign is told as such."""
    assert "wrong sign" in kramers_kronig(*odd_inputs()["wrong sign"]).reason


def test_unequal_lengths_are_refused() -> None:
    """Frequencies and impedances must be as many."""
    with pytest.raises(ValueError, match="equal length"):
        kramers_kronig([1.0, 2.0], [1.0])
    with pytest.raises(ValueError, match="two usable"):
        reference_order([1.0], [1.0])


def test_fast_enough() -> None:
    """A test takes a few milliseconds (3 ms on an idle machine; the limit here is for busy ones)."""
    f, z = spectrum(0.003)
    times = []
    for _ in range(20):
        start = time.process_time()
        kramers_kronig(f, z)
        times.append(time.process_time() - start)
    assert min(times) < 0.01
