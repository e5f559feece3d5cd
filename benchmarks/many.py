"""What many cells cost: `python benchmarks/many.py [--rows 10000000] [--folder FOLDER] [--json]`.

The rows are those of a made-up production line (production_line.py) with the full rule book and the full answer:
verdict, severity, three causes, three remedies, what to avoid, what is missing, and the rules that decided.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from production_line import table, write

from diagnose.column import Column, Numbers, Words
from diagnose.columns import Columns
from diagnose.data import load
from diagnose.many import diagnose_many

ROOT = Path(__file__).resolve().parent.parent
WORKERS = 2
DRAWS = 1000
COMMAND = "import sys; from diagnose.cli import main; sys.argv[0] = 'diagnose'; main()"


def best(function: Callable[[], object], rounds: int) -> float:
    """Shortest wall time in s."""
    times = []
    for _ in range(rounds):
        start = time.perf_counter()
        function()
        times.append(time.perf_counter() - start)
    return min(times)


def one_case() -> dict[str, Column]:
    """One case with a dozen known fields, as columns."""
    words = {"electrolyte": "Li6PS5Cl", "electrode": "Li", "electrode_role": "anode", "trend_at_rest": "stable"}
    figures = {
        "interfacial_resistance_ohm_cm2": 310.0,
        "temperature_C": 25.0,
        "stack_pressure_MPa": 2.0,
        "strip_plate_ratio": 2.1,
        "rest_recovery_percent": 70.0,
        "current_density_mA_cm2": 0.5,
        "cycles_done": 40.0,
        "kk_residual_percent": 0.4,
    }
    found: dict[str, Column] = {name: Words(0, (word,)) for name, word in words.items()}
    return found | {name: Numbers(figure, figure) for name, figure in figures.items()}


def draws() -> dict[str, Column]:
    """The same case with 10 % of uncertainty on three of its figures, drawn 1000 times."""
    draw = np.random.default_rng(0)
    found = one_case()
    for name in ("interfacial_resistance_ohm_cm2", "stack_pressure_MPa", "strip_plate_ratio"):
        usual = found[name]
        assert isinstance(usual, Numbers)
        values = usual.low * (1.0 + 0.1 * draw.standard_normal(DRAWS))
        found[name] = Numbers(values, values)
    return found


def resident(pid: int) -> int:
    """Resident bytes of a process and its children."""
    total = 0
    try:
        total = int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
        for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
            total += resident(int(child))
    except (OSError, IndexError):
        return total
    return total


def batch(source: Path, target: Path) -> tuple[float, float]:
    """Wall time in s and peak resident memory in MB, of all processes together, of `diagnose batch`."""
    command = [sys.executable, "-c", COMMAND, "batch", str(source), "-o", str(target), "--overwrite"]
    start = time.perf_counter()
    with subprocess.Popen([*command, "--workers", str(WORKERS)], stdout=subprocess.DEVNULL, cwd=ROOT) as process:
        peak = [0]

        def watch() -> None:
            while process.poll() is None:
                peak[0] = max(peak[0], resident(process.pid))
                time.sleep(0.1)

        watcher = threading.Thread(target=watch)
        watcher.start()
        if process.wait():
            raise SystemExit("diagnose batch failed")
        watcher.join()
    return time.perf_counter() - start, peak[0] / 1e6


def measure(rows: int, folder: Path) -> dict[str, float]:
    """All figures by name."""
    base = load()
    columns = Columns(base)
    alone, drawn = one_case(), draws()
    figures: dict[str, float] = {}

    def causes(fields: dict[str, Column], count: int) -> None:
        judged = columns.evaluate(fields, count)
        assert len(judged.verdicts) == count
        judged.ranking(3)

    causes(alone, 1)
    figures["one_ms"] = 1000 * best(lambda: causes(alone, 1), 50)
    figures["draws_ms"] = 1000 * best(lambda: causes(drawn, DRAWS), 20)
    some = table(min(rows, 1_000_000))
    diagnose_many(some.slice(0, 100_000), base=base)
    for threads in (1, WORKERS):
        taken = best(lambda threads=threads: diagnose_many(some, base=base, threads=threads), 3)  # type: ignore[misc]
        figures[f"memory_{threads}"] = some.num_rows / taken
    figures["core"] = figures["memory_1"]
    size = 1000
    while size <= rows:
        source, target = folder / f"line-{size}", folder / "answers"
        write(source, size, max(1, size // 500_000))
        taken, peak = batch(source, target)
        figures[f"batch_{size}_s"], figures["peak_MB"] = taken, peak
        shutil.rmtree(target)
        shutil.rmtree(source)
        size *= 10
    size //= 10
    figures["batch"] = size / figures[f"batch_{size}_s"]
    if size > 100_000:
        before = size // 10
        figures["linear"] = (figures[f"batch_{size}_s"] / figures[f"batch_{before}_s"]) / 10
    return figures


ROWS = (
    ("one case: verdict and causes", "one_ms", "ms", 2.0),
    ("1000 draws of one case", "draws_ms", "ms", 20.0),
    ("in memory, one thread", "memory_1", "cells/s", None),
    ("in memory, two threads", "memory_2", "cells/s", -1e6),
    ("Parquet to Parquet, two workers", "batch", "cells/s", -5e5),
    ("peak memory of all processes", "peak_MB", "MB", 1074.0),
    ("last ten times as many rows, over 10", "linear", "x", 1.1),
)


def main() -> int:
    """Print the table; 1 when a budget is broken. A negative budget is a floor."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rows", type=int, default=10_000_000, help="largest number of rows (10000000)")
    parser.add_argument("--folder", type=Path, help="where to write; a folder that is removed when left out")
    parser.add_argument("--json", action="store_true", help="figures as JSON")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        figures = measure(options.rows, Path(folder))
    if options.json:
        print(json.dumps(figures, indent=2))
        return 0
    broken = 0
    for label, key, unit, budget in ROWS:
        value = figures.get(key)
        if value is None:
            continue
        failed = budget is not None and (value > budget if budget > 0 else value < -budget)
        broken += failed
        bound = "" if budget is None else f"{'at most' if budget > 0 else 'at least'} {abs(budget):,.4g} {unit}"
        print(f"{label:38}{value:12,.4g} {unit:8} {bound:24}{'BROKEN' if failed else ''}".rstrip())
    for key, value in figures.items():
        if key.startswith("batch_"):
            print(f"  {key.split('_')[1]:>10} rows {value:9.2f} s")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
