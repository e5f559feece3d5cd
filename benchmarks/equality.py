"""The three evaluators on many drawn cases: `python benchmarks/equality.py [--cases 1000000] [--workers 2]`.

Rules fired, lines that count, totals, verdict and ranking of the plain interpreter and of columns are compared bit for
bit in every case, those of experta in every case of each tenth block. Of ten cases one is drawn anew and each of the
others changes one field of the one before. Exits with 1 when any case differs.
"""

from __future__ import annotations

import argparse
import sys
import time
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests" / "inference"))

from columncases import all_at_once, columns_of, drawn_bases, one_by_one

from diagnose.columns import Columns
from diagnose.data import load
from diagnose.engine import Session

BLOCK, ENGINE_EVERY, NEAR = 2_000, 10, 9
# Seeds that no test uses.
FIRST_SEED = 1_000_000


def compare(number: int) -> tuple[int, int, int, list[str]]:
    """Cases compared, cases that experta was asked too, rules that fired, and cases that differ."""
    base = load()
    given, bases = drawn_bases(base, FIRST_SEED + number, BLOCK, NEAR)
    plain = one_by_one(base, bases)
    odd = set(plain.differing(all_at_once(Columns(base).evaluate(columns_of(given), BLOCK))).tolist())
    asked = BLOCK if number % ENGINE_EVERY == 0 else 0
    if asked:
        odd |= set(plain.differing(one_by_one(base, bases, Session(base.rules))).tolist())
    return BLOCK, asked, int(plain.fired.sum()), [str(given[row].dump()) for row in sorted(odd)]


def main() -> int:
    """Compare and count."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--cases", type=int, default=1_000_000)
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args()
    begun = time.perf_counter()
    cases = asked = fired = differing = 0
    with ProcessPoolExecutor(options.workers) as pool:
        running = [pool.submit(compare, number) for number in range(-(-options.cases // BLOCK))]
        for done in as_completed(running):
            some, engine, rules, odd = done.result()
            cases, asked, fired, differing = cases + some, asked + engine, fired + rules, differing + len(odd)
            for each in odd[:3]:
                print("differs:", each)
            if cases % (25 * BLOCK) == 0:
                print(f"{cases:,} cases, {time.perf_counter() - begun:,.0f} s", flush=True)
    print(f"{cases:,} cases, {fired:,} firings, {differing} differ (interpreter and columns)")
    print(f"{asked:,} of them through experta too; {time.perf_counter() - begun:,.0f} s")
    return 1 if differing else 0


if __name__ == "__main__":
    sys.exit(main())
