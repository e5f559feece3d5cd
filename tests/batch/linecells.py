"""A small table of cells for the tests of batches, and ways to write it and to read what came of it."""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv as pc
import pyarrow.feather as pf
import pyarrow.parquet as pq
import pytest

import diagnose.batch as module
from diagnose import many, source
from diagnose.batch import Batch, Options, begin
from diagnose.columns import Columns
from diagnose.data import Base, Parcel, parcel, unpacked

RESISTANCE = "interfacial_resistance_ohm_cm2"


def cells(rows: int, start: int = 0) -> pa.Table:
    """Rows that can all be judged: `cell` is their number, and `lot` changes every tenth row."""
    numbers = range(start, start + rows)
    return pa.table(
        {
            "cell": pa.array(list(numbers), type=pa.int64()),
            "lot": pa.array([f"L{number // 10}" for number in numbers], type=pa.string()),
            "electrolyte": pa.array([("Li6PS5Cl", "LLZO")[number % 2] for number in numbers], type=pa.string()),
            "electrode": pa.array([("NMC811", "Li")[number % 2] for number in numbers], type=pa.string()),
            "electrode_role": pa.array([("cathode", "anode")[number % 2] for number in numbers], type=pa.string()),
            RESISTANCE: pa.array([float(3 + 7 * number % 400) for number in numbers], type=pa.float64()),
        }
    )


def write(table: pa.Table, path: Path, **options: Any) -> Path:
    """Write a table in the format that the name tells."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".parquet":
        pq.write_table(table, path, **options)
    elif path.suffix == ".csv":
        pc.write_csv(table, path)
    elif path.suffix == ".jsonl":
        path.write_text("".join(json.dumps(row) + "\n" for row in table.to_pylist()))
    elif path.suffix == ".feather":
        pf.write_feather(table, path, **options)
    else:
        with pa.ipc.new_file(path, table.schema) as writer:
            writer.write_table(table, **options)
    return path


def csv_text(table: pa.Table) -> str:
    """A table as CSV text."""
    written = io.BytesIO()
    pc.write_csv(table, written)
    return written.getvalue().decode()


def parts(folder: Path) -> dict[str, bytes]:
    """The parts that a batch wrote, by name."""
    return {path.name: path.read_bytes() for path in sorted(folder.glob("part-*.parquet"))}


def answers(folder: Path) -> list[dict[str, Any]]:
    """All rows that a batch wrote, in their order."""
    return [row for path in sorted(folder.glob("part-*.parquet")) for row in pq.read_table(path).to_pylist()]


def column(folder: Path, name: str) -> list[Any]:
    """One column of what a batch wrote."""
    return [row[name] for row in answers(folder)]


def remember(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the shipped rules be read and made once for all tests, not once for each run."""
    monkeypatch.setattr(module, "parcel", lambda overlays: parcel(overlays) if tuple(overlays) else _shipped())
    monkeypatch.setattr(module, "unpacked", lambda sent: _base() if sent is _shipped() else unpacked(sent))
    monkeypatch.setattr(many, "Columns", lambda base: _columns() if base is _base() else Columns(base))


def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Cut files into parts of a few rows, and let the rules be read once."""
    remember(monkeypatch)
    monkeypatch.setattr(source, "PART_ROWS", 10)
    monkeypatch.setattr(source, "PART_BYTES", 500)


@cache
def _shipped() -> Parcel:
    return parcel()


@cache
def _base() -> Base:
    return unpacked(_shipped())


@cache
def _columns() -> Columns:
    return Columns(_base())


def run(
    inputs: Path | Sequence[Path], output: Path, workers: int = 1, scheduler: str | None = None, **options: Any
) -> Batch:
    """Run a batch to its end."""
    begun = {name: options.pop(name) for name in ("overlays", "resume", "overwrite") if name in options}
    typed = [inputs] if isinstance(inputs, Path) else inputs
    made, _ = begin([str(path) for path in typed], output, Options(**options), **begun)
    for _ in made.run(workers, scheduler):
        pass
    made.finish()
    return made
