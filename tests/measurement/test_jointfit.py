"""Several spectra of one cell fitted together: shared shapes, released ones, and resistances that do not scatter."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from samplecells import TEMPERATURES, Spectrum, ceramic, logspaced, noisy, odd_inputs, repeats

from diagnose.measurement.arcs import fit_arcs
from diagnose.measurement.chain import Shape, impedance
from diagnose.measurement.jointfit import fit_series

TWO = Shape(2)
C1, C2, N1, N2 = 2e-7, 1e-5, 0.92, 0.85


def series(
    count: int = 6, noise: float = 0.003, seed: int = 0, growth: float = 1.0
) -> tuple[list[Spectrum], NDArray[np.float64]]:
    """A cell whose second resistance falls to a fifth; growth: of its capacitance. With R1 and R2, shape (count, 2)."""
    f, made, truth = logspaced(), [], []
    for place, share in enumerate(np.linspace(0, 1, count)):
        R1, R2, C = 60 * (1 - 0.3 * share), 300 * 0.2**share, C2 * growth**share
        z = impedance(TWO, [20.0, R1, R2, R1 * C1, R2 * C, N1, N2], f)
        made.append(Spectrum(f, noisy(z, noise, 100 * seed + place)))
        truth.append((R1, R2))
    return made, np.array(truth)


def scatter(R: NDArray[np.float64]) -> NDArray[np.float64]:
    """Standard deviation over mean, of each arc."""
    made: NDArray[np.float64] = R.std(axis=0, ddof=1) / R.mean(axis=0)
    return made


def test_shared_shapes() -> None:
    """Where only resistances change, all shapes are shared and come out, as do the resistances, within their errors."""
    spectra, truth = series()
    for shape in (None, TWO):
        fit = fit_series(spectra, shape)
        assert fit.shape == TWO
        assert fit.shared_C == fit.shared_n == (True, True)
        assert np.abs((fit.R_ohm - truth) / fit.sigma_R_ohm).max() < 4
        assert np.abs((fit.C_F - [C1, C2]) / fit.sigma_C_F).max() < 4
        assert np.abs((fit.n - [N1, N2]) / fit.sigma_n).max() < 4
        assert fit.series_ohm == pytest.approx(np.full(6, 20.0), rel=0.02)
        assert fit.frequency_Hz == pytest.approx(1 / (2 * np.pi * fit.R_ohm * fit.C_F))


def test_errors_are_the_scatter() -> None:
    """The errors told are those of series measured anew; sharing makes them smaller than those of single fits."""
    fits = [fit_series(series(seed=seed)[0], TWO) for seed in range(1, 13)]
    truth = series()[1]
    inside = np.mean([np.abs(fit.R_ohm - truth) < fit.sigma_R_ohm for fit in fits])
    assert 0.57 < inside < 0.8
    alone = np.array([[arc.sigma_R_ohm for arc in fit_arcs(*each, TWO).arcs] for each in series(seed=1)[0]])
    assert (fits[0].sigma_R_ohm < alone).mean() > 0.8


def test_covariance() -> None:
    """The covariance of each spectrum has the squared errors on its diagonal and is positive."""
    fit = fit_series(series()[0], TWO)
    assert np.einsum("mkk->mk", fit.covariance_R) == pytest.approx(fit.sigma_R_ohm**2)
    assert (np.linalg.eigvalsh(fit.covariance_R) > 0).all()


def test_arc_that_changes_is_released() -> None:
    """A capacitance that doubles along the series is not shared; that of the other arc is."""
    spectra, truth = series(growth=2.0)
    fit = fit_series(spectra, TWO)
    assert fit.shared_C == (True, False)
    assert fit.shared_n == (True, True)
    assert fit.C_F[-1, 1] / fit.C_F[0, 1] == pytest.approx(2.0, rel=0.1)
    assert fit.R_ohm == pytest.approx(truth, rel=0.05)


def test_different_points() -> None:
    """Spectra need not have the same points, nor the order of their points."""
    spectra, truth = series()
    mixed = [Spectrum(each.f[place % 3 :: 2][::-1], each.z[place % 3 :: 2][::-1]) for place, each in enumerate(spectra)]
    fit = fit_series(mixed, TWO)
    assert fit.R_ohm == pytest.approx(truth, rel=0.05)
    for each, fitted in zip(mixed, fit.fitted_ohm, strict=True):
        assert fitted == pytest.approx(each.z, rel=0.03)


def test_bad_spectrum_is_left_out() -> None:
    """A spectrum that is none is left out, and the others are fitted."""
    spectra, truth = series()
    spectra.insert(2, odd_inputs()["noise"])
    fit = fit_series(spectra, TWO)
    assert fit.used == (0, 1, 3, 4, 5, 6)
    assert fit.R_ohm == pytest.approx(truth, rel=0.05)
    assert len(fit.kk) == 7


def test_blocking_tail_in_physical_units() -> None:
    """The tail of each spectrum comes out in S s^n."""
    f, shape = logspaced(), Shape(1, "blocking")
    spectra = [(f, noisy(impedance(shape, [10.0, R, 1e-4, 1e-5 * R, 0.9, 0.8], f), 0.002)) for R in (50.0, 80.0, 120.0)]
    fit = fit_series(spectra, shape)
    assert fit.tail_values["Q"] == pytest.approx(np.full(3, 1e-4), rel=0.03)
    assert fit.tail_values["n"] == pytest.approx(np.full(3, 0.8), rel=0.02)
    assert fit.R_ohm[:, 0] == pytest.approx([50.0, 80.0, 120.0], rel=0.02)


@pytest.mark.parametrize("name", odd_inputs())
def test_odd_inputs(name: str) -> None:
    """Whatever is given, there are finite figures or a reason."""
    fit = fit_series([odd_inputs()[name]] * 3)
    if not fit.reason:
        assert np.isfinite([*fit.R_ohm.ravel(), *fit.sigma_R_ohm.ravel(), *fit.C_F.ravel(), *fit.rms]).all()


def test_too_few_spectra() -> None:
    """One spectrum, or none that is consistent, is answered by a reason that names them."""
    assert "fewer than two" in fit_series(series()[0][:1]).reason
    assert "spectrum 1: noise only" in fit_series([odd_inputs()["noise"]] * 2).reason
    assert "no arcs" in fit_series([odd_inputs()["constant"]] * 2).reason


def test_repeats_of_a_real_cell() -> None:
    """Ten repeats of one solid-state cell give resistances that scatter by no more than 1 % per arc."""
    fit = fit_series(repeats())
    assert fit.shape is not None
    assert fit.shape.arcs >= 3
    assert (scatter(fit.R_ohm) < 0.01).all()


def test_series_of_a_ceramic() -> None:
    """Along a temperature series the arcs keep their names, and their sum is that of the single fits."""
    shape = Shape(2, "blocking", resistance=False)
    spectra = [ceramic(celsius) for celsius in TEMPERATURES]
    fit = fit_series(spectra, shape)
    assert (np.diff(fit.R_ohm, axis=0) < 0).all()
    alone = [sum(fit_arcs(*each, shape).values[:2]) for each in spectra]
    assert fit.R_ohm.sum(axis=1) == pytest.approx(alone, rel=0.02)
    assert fit.C_F[:, 0] == pytest.approx(np.full(7, 6.5e-12), rel=0.2)
