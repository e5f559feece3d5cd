"""Damaged files of impedance: `python benchmarks/readers_fuzz.py [--inputs 200000] [--seed 0] [--data FOLDER]`.

Each input is a sample file, or a file of the folder, with damage done to it. It must give spectra of finite figures by
falling frequency, or a refusal with a message, within the time limit. Exits with 1 when any input does not.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
import traceback
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from mutations import mutated
from spectrumsamples import samples

from diagnose.measurement.readings import NoImpedanceError
from diagnose.measurement.spectrum import Spectrum
from diagnose.measurement.spectrumfile import read_spectra

LONGEST_S = 5.0
# Larger files of a folder would take the time of many small ones.
LARGEST_BYTES = 200_000
POINTS = 6
# Of so many inputs one is made from a file of the folder.
FOLDER_EVERY = 50
REPORT_EVERY = 10_000


@dataclass
class Outcome:
    """What came of the inputs."""

    inputs: int = 0
    read: int = 0
    refused: int = 0
    slowest_s: float = 0.0
    faults: list[str] = field(default_factory=list)


def fault(spectra: Sequence[Spectrum]) -> str:
    """What is wrong with what was read, or nothing."""
    if not spectra:
        return "no spectrum and no refusal"
    if [each.number for each in spectra] != list(range(1, len(spectra) + 1)):
        return "spectra are not numbered from 1"
    for each in spectra:
        frequency, impedance = each.frequency_Hz, each.impedance_ohm
        if frequency.shape != impedance.shape or frequency.ndim != 1 or len(frequency) < 2:
            return "shapes do not fit"
        if not np.all(np.isfinite(frequency)) or not np.all(np.isfinite(impedance)):
            return "a figure is not finite"
        if np.any(frequency <= 0) or np.any(np.diff(frequency) >= 0):
            return "frequencies do not fall"
        if each.area_cm2 is not None and not 0 < each.area_cm2 < np.inf:
            return "the area is none"
        if not each.notes:
            return "nothing is said of the sign"
    return ""


def attempt(raw: bytes, path: Path) -> tuple[str, str]:
    """Kind of outcome ("read", "refused" or "fault") and what is to be told of it."""
    path.write_bytes(raw)
    try:
        wrong = fault(read_spectra(path))
        return ("fault", wrong) if wrong else ("read", "")
    except NoImpedanceError as error:
        if error.file != str(path) or not error.message:
            return "fault", f"a refusal without a file or a message: {error}"
        return "refused", error.message
    except Exception:
        return "fault", traceback.format_exc(limit=-3)


def corpus(folder: Path | None) -> list[tuple[str, bytes]]:
    """Files of a folder that are not too large; none without a folder."""
    if folder is None or not folder.is_dir():
        return []
    paths = sorted(path for path in folder.rglob("*") if path.is_file() and path.stat().st_size <= LARGEST_BYTES)
    return [(path.name, path.read_bytes()) for path in paths]


def run(inputs: int, seed: int, folder: Path | None = None) -> Outcome:
    """Try so many damaged inputs; the same ones for the same seed."""
    own = sorted(samples(POINTS).items())
    given = corpus(folder)
    outcome = Outcome()
    with tempfile.TemporaryDirectory() as place, warnings.catch_warnings():
        warnings.simplefilter("error")
        path = Path(place) / "input"
        for number in range(inputs):
            draw = random.Random(f"{seed} {number}")
            name, raw = draw.choice(given if given and number % FOLDER_EVERY == 0 else own)
            raw = mutated(draw, raw)
            started = time.perf_counter()
            kind, told = attempt(raw, path)
            taken = time.perf_counter() - started
            outcome.inputs += 1
            outcome.slowest_s = max(outcome.slowest_s, taken)
            if kind != "fault" and taken > LONGEST_S:
                kind, told = "fault", f"took {taken:.1f} s"
            outcome.read += kind == "read"
            outcome.refused += kind == "refused"
            if kind == "fault":
                outcome.faults.append(f"seed {seed}, input {number} ({name}): {told}")
                print(outcome.faults[-1], flush=True)
            if outcome.inputs % REPORT_EVERY == 0:
                print(f"{outcome.inputs:,} inputs, {len(outcome.faults)} faults", flush=True)
    return outcome


def main() -> int:
    """Try and count."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--inputs", type=int, default=200_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--data", type=Path, help="a folder of real files, damaged too")
    options = parser.parse_args()
    begun = time.perf_counter()
    outcome = run(options.inputs, options.seed, options.data)
    print(
        f"{outcome.inputs:,} inputs: {outcome.read:,} read, {outcome.refused:,} refused, {len(outcome.faults)} faults; "
        f"slowest {outcome.slowest_s:.2f} s, {time.perf_counter() - begun:,.0f} s in all"
    )
    return 1 if outcome.faults else 0


if __name__ == "__main__":
    sys.exit(main())
