"""How well and how fast arcs are found in made-up spectra whose truth is known: `python benchmarks/impedance.py`.

180 spectra of two arcs in series with a resistance: garnet-like oxide, argyrodite-like sulfide, and arcs that overlap;
ten points a decade, 0.5 % noise of the modulus on real and imaginary part. Where the package `impedance` is installed,
it gets the same spectra and a guess within about a factor of two of the truth.
"""

from __future__ import annotations

import argparse
import math
import signal
import statistics
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from diagnose.measurement.arcs import Arc, ArcFit, fit_arcs
from diagnose.measurement.chain import Shape, impedance
from diagnose.measurement.kramerskronig import kramers_kronig

NOISE, PER_DECADE = 0.005, 10
SEED, EACH = 20, 60
# A fit has failed when it takes longer, or leaves more than this times what the true parameters attain.
LONGEST_S, WORSE = 20.0, 1.2
TWO = Shape(2)
# Log-uniform ranges: R0, R1, R2 in ohm, C1, C2 in F; uniform ranges of n1, n2; highest and lowest frequency in Hz.
OXIDE = ((100, 1000), (100, 3000), (50, 3000), (1e-9, 1e-8), (2e-7, 1e-5), (0.85, 0.97), (0.75, 0.95), (1e7, 0.1))
SULFIDE = ((10, 100), (5, 100), (10, 300), (2e-7, 2e-6), (2e-5, 3e-4), (0.8, 0.95), (0.75, 0.95), (1e6, 0.1))
# No two arcs are closer than this factor of tau: nearer ones are one arc to every method at this noise.
CLOSEST = 8
# Overlapping arcs: R1 in ohm, R2 / R1, tau1 in s, tau2 / tau1, and both exponents.
OVERLAP = ((20, 500), (0.33, 3), (1e-4, 1e-3), (CLOSEST, 25), (0.85, 0.97))


@dataclass(frozen=True, eq=False)
class Sample:
    """A made-up spectrum of two arcs. values: R0, R1, R2, tau1, tau2, n1, n2, the faster arc first."""

    family: str
    f: NDArray[np.float64]
    z: NDArray[np.complex128]
    values: NDArray[np.float64]


def samples(each: int = EACH, seed: int = SEED) -> Iterator[Sample]:
    """So many spectra of each family; the same for the same seed."""
    for place, family in enumerate(("oxide", "sulfide", "overlap")):
        generator = np.random.Generator(np.random.PCG64([seed, place]))
        for _ in range(each):
            yield _sample(family, generator)


def _sample(family: str, generator: np.random.Generator) -> Sample:
    def wide(low: float, high: float) -> float:
        return float(low * (high / low) ** generator.random())

    def even(low: float, high: float) -> float:
        return float(low + (high - low) * generator.random())

    if family == "overlap":
        R1 = wide(*OVERLAP[0])
        R2 = R1 * wide(*OVERLAP[1])
        tau1 = wide(*OVERLAP[2])
        tau2 = tau1 * wide(*OVERLAP[3])
        values = [R1 * wide(0.05, 0.5), R1, R2, tau1, tau2, even(*OVERLAP[4]), even(*OVERLAP[4])]
        high, low = 1e6, 0.1
    else:
        ranges = OXIDE if family == "oxide" else SULFIDE
        R0, R1, R2, C1, C2 = (wide(*each) for each in ranges[:5])
        while R2 * C2 < CLOSEST * R1 * C1:
            R0, R1, R2, C1, C2 = (wide(*each) for each in ranges[:5])
        values = [R0, R1, R2, R1 * C1, R2 * C2, even(*ranges[5]), even(*ranges[6])]
        high, low = ranges[7]
    f = np.logspace(math.log10(high), math.log10(low), round(PER_DECADE * math.log10(high / low)) + 1)
    z = impedance(TWO, values, f)
    noise = generator.standard_normal(len(f)) + 1j * generator.standard_normal(len(f))
    return Sample(family, f, z + NOISE * np.abs(z) * noise, np.array(values))


def rms(sample: Sample, fitted: NDArray[np.complex128]) -> float:
    """Root mean square of what a fit leaves of one part of a point, as a share of the modulus."""
    rest = np.abs(sample.z - fitted) / np.abs(sample.z)
    return float(np.sqrt(np.mean(rest**2) / 2.0))


def attainable(sample: Sample) -> float:
    """The least rms that a search from the true parameters arrives at."""
    from scipy.optimize import least_squares

    def rest(logs: NDArray[np.float64]) -> NDArray[np.float64]:
        share = (sample.z - impedance(TWO, np.exp(logs), sample.f)) / np.abs(sample.z)
        return np.concatenate([share.real, share.imag])

    found = least_squares(rest, np.log(sample.values), method="lm")
    return math.sqrt(2.0 * found.cost / (2 * len(sample.f)))


def every_arc(fit: ArcFit) -> list[Arc]:
    """Arcs that stand alone and those in lumps, by falling frequency."""
    arcs = [*fit.arcs, *(arc for lump in fit.lumps for arc in lump.arcs)]
    return sorted(arcs, key=lambda arc: -arc.frequency_Hz)


def timed(function: Callable[[], Any]) -> tuple[Any, float]:
    """What a function gives, and how many ms it took."""
    start = time.perf_counter()
    made = function()
    return made, 1000.0 * (time.perf_counter() - start)


class Tally:
    """What is counted of one way to fit."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.count = 0
        self.failed: list[str] = []
        self.inside: list[bool] = []
        self.right: int | None = None
        self.ms: list[float] = []

    def fitted(self, sample: Sample, best: float, fit: NDArray[np.complex128] | None, ms: float) -> None:
        """Note one fit; none means an error or no answer."""
        self.count += 1
        self.ms.append(ms)
        if fit is None or ms > 1000 * LONGEST_S or not rms(sample, fit) <= WORSE * best:
            self.failed.append(sample.family)

    def covered(self, sample: Sample, found: list[tuple[float, float]]) -> None:
        """Note which resistances lie within their errors; found: R and its error in ohm, the faster arc first."""
        for truth, (value, sigma) in zip(sample.values[1:3], found, strict=True):
            self.inside.append(bool(abs(value - truth) <= sigma))

    def line(self) -> str:
        """One row of the table."""
        kinds = ", ".join(f"{self.failed.count(name)} {name}" for name in dict.fromkeys(self.failed))
        failed = f"{len(self.failed)}/{self.count}" + (f" ({kinds})" if kinds else "")
        right = "" if self.right is None else f"{self.right}/{self.count}"
        inside = f"{np.mean(self.inside):.2f}" if self.inside else ""
        slow = np.quantile(self.ms, 0.95)
        return f"{self.name:34} {failed:36} {right:8} {inside:6} {statistics.median(self.ms):8.1f} {slow:8.1f}"


@contextmanager
def limited(seconds: float) -> Iterator[None]:
    """Ends what takes longer by TimeoutError."""

    def stop(number: int, frame: FrameType | None) -> None:
        raise TimeoutError

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def peer() -> Any:
    """The circuit of the package `impedance`, or None. This file has its name, so its folder is left out meanwhile."""
    here = Path(__file__).resolve().parent
    path, sys.path = sys.path, [each for each in sys.path if Path(each or ".").resolve() != here]
    try:
        from impedance.models.circuits import CustomCircuit
    except ImportError:
        return None
    finally:
        sys.path = path
    return CustomCircuit


def by_peer(circuit: Any, sample: Sample, generator: np.random.Generator, tally: Tally, best: float) -> None:
    """A fit by the package `impedance`, modulus weights, from the truth times 10 to the power of N(0, 0.3)."""
    R0, R1, R2, tau1, tau2, n1, n2 = sample.values
    truth = np.array([R0, R1, tau1**n1 / R1, n1, R2, tau2**n2 / R2, n2])
    guess = truth * 10.0 ** generator.normal(0.0, 0.3, len(truth))
    guess[[3, 6]] = 0.9
    model = circuit("R0-p(R1,CPE1)-p(R2,CPE2)", initial_guess=guess.tolist())
    start = time.perf_counter()
    made = None
    try:
        with warnings.catch_warnings(), limited(LONGEST_S):
            warnings.simplefilter("ignore")
            model.fit(sample.f, sample.z, weight_by_modulus=True)
            made = np.asarray(model.predict(sample.f), dtype=np.complex128)
    except Exception:  # whatever its fit ends by is a failure that is counted
        made = None
    tally.fitted(sample, best, made, 1000.0 * (time.perf_counter() - start))


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--each", type=int, default=EACH, help="spectra of each family")
    parser.add_argument("--without-peer", action="store_true", help="leave out the package impedance")
    options = parser.parse_args()
    circuit = None if options.without_peer else peer()
    fixed, automatic, rival = (
        Tally("two arcs, no guess"),
        Tally("automatic, no guess"),
        Tally("impedance.py, good guess"),
    )
    automatic.right = 0
    tests: list[float] = []
    generator = np.random.Generator(np.random.PCG64(SEED))
    first = next(samples(1))
    fit_arcs(first.f, first.z)
    for sample in samples(options.each):
        best = attainable(sample)
        _, ms = timed(lambda sample=sample: kramers_kronig(sample.f, sample.z))
        tests.append(ms)
        fit, ms = timed(lambda sample=sample: fit_arcs(sample.f, sample.z, TWO))
        fixed.fitted(sample, best, None if fit.reason else fit.fitted_ohm, ms)
        if not fit.reason:
            fixed.covered(sample, [(arc.R_ohm, arc.sigma_R_ohm) for arc in every_arc(fit)])
        fit, ms = timed(lambda sample=sample: fit_arcs(sample.f, sample.z))
        automatic.fitted(sample, best, None if fit.reason else fit.fitted_ohm, ms)
        if len(fit.arcs) == 2 and not fit.lumps and fit.tail == "none":
            automatic.right += 1
            automatic.covered(sample, [(arc.R_ohm, arc.sigma_R_ohm) for arc in fit.arcs])
        if circuit is not None:
            by_peer(circuit, sample, generator, rival, best)
    print(f"{'':34} {'failed':36} {'order':8} {'1 sigma':6} {'ms':>8} {'p95':>8}")
    print(f"{'Kramers-Kronig test':88}{statistics.median(tests):8.1f} {np.quantile(tests, 0.95):8.1f}")
    for tally in (fixed, automatic, *([rival] if rival.count else [])):
        print(tally.line())
    if circuit is None:
        print(
            "impedance.py: " + ("left out" if options.without_peer else "not installed (pip install impedance pandas)")
        )


if __name__ == "__main__":
    main()
