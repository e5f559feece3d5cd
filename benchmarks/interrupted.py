"""A batch that is killed again and again: `python benchmarks/interrupted.py FOLDER [--rows 10000000] [--kills 5]`.

Writes a made-up production line into FOLDER, diagnoses it once undisturbed, then once more with `kill -9` at random
moments and `--resume` after each. The bytes of all parts must be the same. Exits with 1 when they are not.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

from production_line import write

ROOT = Path(__file__).resolve().parent.parent
COMMAND = "import sys; from diagnose.cli import main; sys.argv[0] = 'diagnose'; main()"


def start(source: Path, target: Path, *more: str) -> subprocess.Popen[bytes]:
    """A batch in a process group of its own, so that its workers can be killed with it."""
    command = [sys.executable, "-c", COMMAND, "batch", str(source), "-o", str(target), "--workers", "2", *more]
    quiet = subprocess.DEVNULL
    return subprocess.Popen(command, stdout=quiet, stderr=quiet, cwd=ROOT, start_new_session=True)


def digest(folder: Path) -> tuple[str, int]:
    """Hash of the parts in their order, and how many there are."""
    parts = sorted(folder.glob("part-*.parquet"))
    whole = hashlib.sha256()
    for part in parts:
        whole.update(part.name.encode())
        whole.update(hashlib.sha256(part.read_bytes()).digest())
    return whole.hexdigest(), len(parts)


def main() -> int:
    """Run, kill, resume, compare."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--files", type=int, default=20)
    parser.add_argument("--kills", type=int, default=5)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    source = options.folder / "line"
    if not source.exists():
        write(source, options.rows, options.files)
    begun = time.perf_counter()
    if start(source, options.folder / "whole", "--overwrite").wait():
        raise SystemExit("the undisturbed run failed")
    taken = time.perf_counter() - begun
    whole, parts = digest(options.folder / "whole")
    print(f"undisturbed: {taken:.1f} s, {parts} parts, sha256 {whole}", flush=True)
    draw = random.Random(options.seed)
    target, first, kills = options.folder / "killed", True, 0
    while True:
        process = start(source, target, "--overwrite" if first else "--resume")
        first = False
        try:
            # The last run is left to end by itself.
            code = process.wait(draw.uniform(2.0, taken / options.kills) if kills < options.kills else None)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            kills += 1
            print(f"killed {kills}: {len(list(target.glob('part-*.parquet')))} parts", flush=True)
            continue
        break
    killed, parts = digest(target)
    print(f"killed {kills} times: code {code}, {parts} parts, sha256 {killed}")
    same = killed == whole and code == 0 and kills >= options.kills
    print("same bytes" if same else "NOT the same")
    return 0 if same else 1


if __name__ == "__main__":
    sys.exit(main())
