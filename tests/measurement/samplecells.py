"""Spectra to try the analysis on: made-up cells whose truth is known, and real files where they are at hand."""

from __future__ import annotations

import importlib.util
import sys
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import NamedTuple

import numpy as np
import pytest
from numpy.typing import NDArray

ROOT = Path(__file__).resolve().parents[2]
FILES = ROOT.parent / "shared" / "eis_data"
CERAMIC = "Sheyigold__EISFitpython/EIS_Data"
CIRCUITS = "ECSHackWeek__impedance.py/data"
SOLID = "jdhuang-csm__hybrid-drt"
# Of the series of a ceramic conductor: thickness and diameter in cm, and its temperatures in C.
THICK_CM, WIDE_CM, TEMPERATURES = 0.21, 0.8, (140, 150, 160, 170, 180, 190, 200)


class Spectrum(NamedTuple):
    """Frequency in Hz and impedance in ohm, shape (n,) each."""

    f: NDArray[np.float64]
    z: NDArray[np.complex128]


@cache
def made() -> ModuleType:
    """The benchmark, which makes the spectra; loaded by path, for its name is that of another package."""
    spec = importlib.util.spec_from_file_location("impedance_benchmark", ROOT / "benchmarks" / "impedance.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def file(name: str) -> Path:
    """A real file; the test is skipped where it is not at hand."""
    path = FILES / name
    if not path.is_file():
        pytest.skip("the real impedance files are not at hand")
    return path


def table(name: str, skip: int, delimiter: str | None = None) -> Spectrum:
    """A spectrum from the first three columns of a text."""
    rows = np.loadtxt(file(name), skiprows=skip, delimiter=delimiter, usecols=(0, 1, 2))
    return Spectrum(rows[:, 0], rows[:, 1] + 1j * rows[:, 2])


def ceramic(celsius: int) -> Spectrum:
    """A ceramic conductor at one temperature."""
    return table(f"{CERAMIC}/Example-3-4/s04147-{celsius}deg.txt", 3)


def lagp() -> Spectrum:
    """The LAGP pellet, in the range that its authors fitted."""
    f, z = table(f"{CERAMIC}/Example-2/Example2b.txt", 3)
    return Spectrum(f[f > 5], z[f > 5])


def repeats() -> list[Spectrum]:
    """Ten spectra of one solid-state cell at rest."""
    rows = np.loadtxt(file(f"{SOLID}/webinar/data/SSB/Sample2_PEIS_AtRest.csv"), skiprows=1, delimiter=",")
    rows = rows[rows[:, 1] > 0]
    loops = (rows[rows[:, 6] == loop] for loop in range(10))
    return [Spectrum(each[:, 1], each[:, 2] * np.exp(1j * np.deg2rad(each[:, 3]))) for each in loops]


def dummy() -> Spectrum:
    """The physical dummy circuit that the reference of the Lin-KK rule is known for."""
    lines = file(f"{CIRCUITS}/Circuit3_EIS_1.z").read_text(errors="replace").splitlines()
    start = next(place for place, line in enumerate(lines) if "End Comments" in line) + 1
    rows = np.array([[float(word) for word in line.split()] for line in lines[start:] if line.strip()])
    return Spectrum(rows[:, 0], rows[:, 4] + 1j * rows[:, 5])


def logspaced(high: float = 1e6, low: float = 0.1, per_decade: int = 10) -> NDArray[np.float64]:
    """Frequencies in Hz, falling."""
    return np.logspace(np.log10(high), np.log10(low), round(per_decade * np.log10(high / low)) + 1)


def noisy(z: NDArray[np.complex128], share: float, seed: int = 0) -> NDArray[np.complex128]:
    """The same with normal noise, a share of the modulus on each part."""
    generator = np.random.Generator(np.random.PCG64(seed))
    return z + share * np.abs(z) * (generator.standard_normal(len(z)) + 1j * generator.standard_normal(len(z)))


def odd_inputs() -> dict[str, Spectrum]:
    """Inputs that nobody would call a spectrum, or that are given in an odd way."""
    f = logspaced()
    z = 10 + 100 / (1 + (2j * np.pi * f * 1e-4) ** 0.9)
    mixed = np.random.Generator(np.random.PCG64(1)).permutation(len(f))
    noise = noisy(np.zeros(len(f)) + 0j, 0.0) + np.random.Generator(np.random.PCG64(2)).standard_normal(
        (len(f), 2)
    ).dot([1, 1j])
    return {
        "noise": Spectrum(f, noise),
        "nothing": Spectrum(f[:0], z[:0]),
        "one point": Spectrum(f[:1], z[:1]),
        "three points": Spectrum(f[:3], z[:3]),
        "nine points": Spectrum(f[::8], z[::8]),
        "constant": Spectrum(f, np.full(len(f), 50.0 + 0j)),
        "constant reactance": Spectrum(f, np.full(len(f), 50.0 - 50j)),
        "zero": Spectrum(f, np.zeros(len(f), dtype=complex)),
        "negative": Spectrum(f, -z),
        "wrong sign": Spectrum(f, z.conj()),
        "coil": Spectrum(f, 2j * np.pi * f * 1e-6),
        "capacitor": Spectrum(f, 1 / (2j * np.pi * f * 1e-6)),
        "shuffled": Spectrum(f[mixed], z[mixed]),
        "rising": Spectrum(f[::-1], z[::-1]),
        "twice each": Spectrum(np.repeat(f, 2), np.repeat(z, 2)),
        "one frequency": Spectrum(np.full(len(f), 10.0), z),
        "a row of zeros": Spectrum(np.append(f, 0.0), np.append(z, 0.0)),
        "negative frequencies": Spectrum(-f, z),
        "huge": Spectrum(f, z * 1e250),
        "tiny": Spectrum(f, z * 1e-250),
        "frequencies beyond reason": Spectrum(f * 1e200, z),
        "a step": Spectrum(f, np.where(f > 100, 10.0 + 0j, 1e6)),
        "a spike": Spectrum(f, np.where(np.arange(len(f)) == 30, 3 * z, z)),
        "two scales": Spectrum(f, np.where(np.arange(len(f)) % 2 == 0, 1e8 * z, z)),
    }
