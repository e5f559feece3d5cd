"""One table of what a single diagnosis costs: `python benchmarks/single_case.py [--calls N] [--json]`.

All rows come from one run, so their ratios mean something. See benchmarks/README.md for the rows and budgets.
"""

from __future__ import annotations

import argparse
import dataclasses
import gc
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from diagnose import Case, diagnose, interpreter
from diagnose.data import Base, load
from diagnose.engine import Session, _Compiler
from diagnose.facts import FactBase, fact_base
from diagnose.yamlfile import parse_yaml, read_text

ROOT = Path(__file__).resolve().parent.parent
EXAMPLES = sorted((ROOT / "examples").glob("*.yaml"))
WARM_UP = 2000
IMPORT = "import time; t = time.process_time(); import diagnose; print(time.process_time() - t)"
RUN = "import sys; from diagnose.cli import main; sys.argv[0] = 'diagnose'; main()"


def median_ms(function: Callable[[Any], object], inputs: list[Any], rounds: int) -> float:
    """Median wall time of one call in ms, over all inputs, after one warm round."""
    for each in inputs:
        function(each)
    times = []
    for _ in range(rounds):
        for each in inputs:
            start = time.perf_counter()
            function(each)
            times.append(time.perf_counter() - start)
    return 1000 * statistics.median(times)


class Stock:
    """experta's own engine, strategy and matcher on the same rules; one class, one network for each case."""

    def __init__(self, base: Base) -> None:
        self.compiler = _Compiler(base.rules)
        self.compiler.kit = dataclasses.replace(self.compiler.kit, engine=self.compiler.kit.experta.KnowledgeEngine)
        self.type = type(self.compiler.engine())

    def judge(self, found: FactBase) -> frozenset[str]:
        """Build a network, fire the rules of the first phase, throw the network away."""
        session = Session.__new__(Session)
        session.wide, session.slots, session.engine = self.compiler.wide, self.compiler.slots, self.type()
        session.limit = 10 * (len(self.compiler.rules) + 1)
        return frozenset(session.judge(found.facts).trace)


def child(code: str, *arguments: str) -> tuple[float, str]:
    """Wall time in s and output of a new Python."""
    start = time.perf_counter()
    command = [sys.executable, "-c", code, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT)
    return time.perf_counter() - start, done.stdout


def resident_mb() -> float:
    """Resident memory of this process in MB; the peak where the system does not tell the present figure."""
    statm = Path("/proc/self/statm")
    if statm.is_file():
        return int(statm.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3


def growth_mb(cases: list[Case], calls: int) -> float:
    """Growth of resident memory over some calls, after a warm-up."""
    for number in range(min(WARM_UP, calls)):
        diagnose(cases[number % len(cases)])
    gc.collect()
    before = resident_mb()
    for number in range(calls):
        diagnose(cases[number % len(cases)])
    gc.collect()
    return resident_mb() - before


def measure(calls: int) -> dict[str, float]:
    """All figures by name."""
    base = load()
    cases = [Case(**parse_yaml(read_text(path), path.name).data) for path in EXAMPLES]
    facts = [fact_base(case, base.knowledge) for case in cases]
    session, stock = Session(base.rules), Stock(base)
    for found in facts:
        if frozenset(session.judge(found.facts).trace) != stock.judge(found):
            raise SystemExit("our engine and stock experta fire different rules")
    figures = {
        "diagnose_ms": median_ms(diagnose, cases, 20),
        "interpreter_ms": median_ms(lambda found: interpreter.infer(base.rules, found.facts), facts, 20),
        "engine_ms": median_ms(lambda found: session.judge(found.facts), facts, 20),
        "stock_ms": median_ms(stock.judge, facts, 1),
        "import_ms": 1000 * min(float(child(IMPORT)[1]) for _ in range(5)),
        "cold_run_s": min(child(RUN, "run", str(EXAMPLES[0]))[0] for _ in range(5)),
        "growth_mb": growth_mb(cases, calls),
    }
    figures["ratio"] = figures["stock_ms"] / figures["diagnose_ms"]
    return figures


ROWS = (
    ("one diagnose(), full report", "diagnose_ms", "ms", 5.0),
    ("interpreter alone", "interpreter_ms", "ms", None),
    ("our engine, reused", "engine_ms", "ms", None),
    ("stock experta, built per case", "stock_ms", "ms", None),
    ("  over one diagnose()", "ratio", "x", -8.0),
    ("import diagnose", "import_ms", "ms", 100.0),
    ("diagnose run, cold", "cold_run_s", "s", 1.0),
    ("memory after the calls", "growth_mb", "MB", 4.0),
)


def main() -> int:
    """Print the table; 1 when a budget is broken. A negative budget is a floor."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--calls", type=int, default=100_000, help="calls of the memory row (100000)")
    parser.add_argument("--json", action="store_true", help="figures as JSON")
    options = parser.parse_args()
    figures = measure(options.calls)
    if options.json:
        print(json.dumps(figures, indent=2))
    broken = 0
    for label, key, unit, budget in ROWS:
        value = figures[key]
        failed = budget is not None and (value > budget if budget > 0 else value < -budget)
        broken += failed
        if not options.json:
            bound = "" if budget is None else f"{'at most' if budget > 0 else 'at least'} {abs(budget):g} {unit}"
            print(f"{label:32}{value:10.3g} {unit:3}  {bound:18}{'BROKEN' if failed else ''}".rstrip())
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
