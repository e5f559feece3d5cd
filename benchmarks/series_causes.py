"""Whether causes are recovered from series of spectra, the whole way: `python benchmarks/series_causes.py`.

Each row makes series of one cause (seriescells.py), with noise of 0.3 percent in each spectrum and
resistances that scatter about their laws by 1 percent. Told is the share of series that gave fields;
right the share of those with the law of the cause, inside the share of those whose stated interval of one standard
uncertainty holds the true parameter of the law (0.683 is exact). Fields is the same for the fields of the case, which
also carry that some arcs cannot be named, so it may be larger; words is the share of words that are right. Exits with
1 when a row breaks a limit.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass

import seriescells

from diagnose.data import load
from diagnose.measured import MeasuredSeries
from diagnose.measurement.sequence import spectra_series

LEAST_RIGHT, LEAST_INSIDE, LEAST_WORDS = 0.85, 0.5, 0.95


@dataclass(frozen=True)
class Score:
    """Shares of one cause; None where there is nothing to count."""

    cause: str
    told: float
    right: float | None
    inside: float | None
    fields: float | None
    words: float | None
    ms: float

    @property
    def sound(self) -> bool:
        limits = ((self.right, LEAST_RIGHT), (self.inside, LEAST_INSIDE), (self.fields, LEAST_INSIDE),
                  (self.words, LEAST_WORDS))  # fmt: skip
        return all(value is None or value >= least for value, least in limits)


def _share(hits: Sequence[bool]) -> float | None:
    return statistics.fmean(hits) if hits else None


def score(cause: str, count: int, scatter: float) -> Score:
    """The shares of so many series of a cause."""
    elements = load().knowledge.elements
    made = seriescells.CAUSES[cause]
    told, right, inside, fields, words, times = [], [], [], [], [], []
    for seed in range(1, count + 1):
        spectra, x = seriescells.series(cause, seed, scatter=scatter)
        start = time.perf_counter()
        found = spectra_series(spectra, x.tolist(), made.over, elements=elements, symmetric=True)
        times.append(1000 * (time.perf_counter() - start))
        told.append(not found.reason)
        law = next((law for law in found.laws if law.of == made.of), None)
        if found.reason or law is None:
            continue
        right.append(law.name == made.law)
        if right[-1]:
            value, sigma = law.parameters[made.figure[0]]
            inside.append(abs(value - made.figure[1]) <= sigma)
        fields += _figures(found, made.truth)
        stated = {field.field: field.value for field in found.fields}
        words += [stated[name] == word for name, word in made.words.items() if name in stated]
    return Score(
        cause, statistics.fmean(told), _share(right), _share(inside), _share(fields), _share(words),
        statistics.median(times),
    )  # fmt: skip


def _figures(found: MeasuredSeries, truth: dict[str, float]) -> list[bool]:
    """Whether each stated figure lies within one standard uncertainty of its truth."""
    return [
        abs(float(field.value) - truth[field.field]) <= (field.sigma or 0.0)
        for field in found.fields
        if field.field in truth
    ]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--count", type=int, default=40, help="series of each cause")
    parser.add_argument("--scatter", type=float, default=0.01, help="of the resistances about their law")
    parser.add_argument("causes", nargs="*", help="which of the causes; all when none is named")
    given = parser.parse_args()
    print(f"{'cause':32}{'told':>7}{'right':>7}{'inside':>8}{'fields':>8}{'words':>7}{'ms':>7}")
    sound = True
    for cause in given.causes or seriescells.CAUSES:
        made = score(cause, given.count, given.scatter)
        shares = (made.told, made.right, made.inside, made.fields, made.words)
        text = "".join(f"{'-' if each is None else f'{each:.2f}':>{width}}" for each, width in zip(
            shares, (7, 7, 8, 8, 7), strict=True))  # fmt: skip
        print(f"{cause:32}{text}{made.ms:7.0f}{'' if made.sound else '  x'}", flush=True)
        sound = sound and made.sound
    return 0 if sound else 1


if __name__ == "__main__":
    sys.exit(main())
