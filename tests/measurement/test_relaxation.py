"""Distributions of relaxation times: areas are resistances, peaks stand where arcs do, and nothing is negative."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from samplecells import ceramic, logspaced, noisy, odd_inputs, repeats

from diagnose.measurement.chain import Shape, impedance
from diagnose.measurement.relaxation import relaxation_times

STEADY = settings(derandomize=True, deadline=None, database=None, max_examples=20)


@STEADY
@given(st.floats(20, 500), st.floats(0.3, 3), st.floats(1.5, 3), st.integers(0, 1000))
def test_two_arcs(R: float, ratio: float, apart: float, seed: int) -> None:
    """Two arcs make two large peaks, at their frequencies and with their resistances."""
    f = logspaced()
    taus = (1e-5, 1e-5 * 10**apart)
    z = impedance(Shape(2), [0.2 * R, R, R * ratio, *taus, 0.95, 0.95], f)
    found = relaxation_times(f, noisy(z, 0.002, seed))
    assert found.reason == ""
    assert (found.gamma_ohm >= 0).all()
    area = float(found.gamma_ohm.sum() * math.log(found.tau_s[1] / found.tau_s[0]))
    assert area == pytest.approx(R * (1 + ratio), rel=0.05)
    assert found.series_ohm == pytest.approx(0.2 * R, rel=0.2)
    largest = sorted(found.peaks, key=lambda peak: -peak.R_ohm)[:2]
    for peak, tau, ohm in zip(sorted(largest, key=lambda peak: -peak.frequency_Hz), taus, (R, R * ratio), strict=True):
        assert math.log10(peak.frequency_Hz * 2 * math.pi * tau) == pytest.approx(0.0, abs=0.2)
        assert peak.R_ohm == pytest.approx(ohm, rel=0.25)


def test_capacitor_coil_and_resistor_make_no_peak() -> None:
    """What does not relax is told beside the distribution."""
    f = logspaced()
    w = 2 * np.pi * f
    found = relaxation_times(f, 10 + 1e-6j * w + 1 / (1e-3j * w))
    assert found.series_ohm == pytest.approx(10, rel=1e-2)
    assert found.inductance_H == pytest.approx(1e-6, rel=1e-2)
    assert found.elastance_per_F == pytest.approx(1e3, rel=1e-2)
    assert sum(peak.R_ohm for peak in found.peaks) < 0.2


@pytest.mark.parametrize("name", odd_inputs())
def test_odd_inputs(name: str) -> None:
    """Whatever is given, there is a distribution of finite figures or a reason."""
    found = relaxation_times(*odd_inputs()[name])
    assert bool(found.reason) == (len(found.tau_s) == 0)
    assert np.isfinite([*found.tau_s, *found.gamma_ohm, found.series_ohm, found.rms, found.elastance_per_F]).all()


def test_real_cells() -> None:
    """Distributions of real spectra fit them to 0.3 %, and are the same for repeats."""
    assert relaxation_times(*ceramic(160)).rms < 0.003
    one, other = (relaxation_times(*each) for each in repeats()[:2])
    assert max(one.rms, other.rms) < 0.002
    largest = [max(found.peaks, key=lambda peak: peak.R_ohm) for found in (one, other)]
    assert largest[0].frequency_Hz == pytest.approx(largest[1].frequency_Hz, rel=0.3)
    assert largest[0].R_ohm == pytest.approx(largest[1].R_ohm, rel=0.1)
