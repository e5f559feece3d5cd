"""A made-up production line: `python benchmarks/production_line.py FOLDER --rows 10000000 --files 20`.

Four pairs of materials, 16 fields, and the columns that a line keeps for itself. Most cells are healthy; the causes of
the others come and go with lot and time. The same seed gives the same rows, whatever the number of files.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

# Electrolyte, electrode, role, coating, usual resistance in ohm cm2, upper and lower cut-off in V, pressure in MPa.
PAIRS = (
    ("Li6PS5Cl", "NMC811", "cathode", "LiNbO3", 12.0, 4.25, 2.8, 50.0),
    ("Li6PS5Cl", "Li", "anode", "none", 6.0, 4.25, 0.0, 5.0),
    ("LLZO", "Li", "anode", "none", 4.0, 4.2, 0.0, 3.0),
    ("LiPON", "LCO", "cathode", "none", 40.0, 4.2, 3.0, 0.2),
)
TRENDS = ("stable", "growing", "falling")
BLOCK = 100_000


def block(number: int, rows: int = BLOCK, seed: int = 0) -> pa.RecordBatch:
    """Rows number * BLOCK and following."""
    draw = np.random.default_rng((seed, number))
    pair = draw.integers(0, len(PAIRS), rows)
    column = [np.array([each[place] for each in PAIRS])[pair] for place in range(len(PAIRS[0]))]
    ill = draw.random(rows) < 0.3
    resistance = column[4] * np.exp(draw.normal(0.0, 0.4, rows)) * np.where(ill, np.exp(draw.uniform(1, 5, rows)), 0.5)
    cell = np.arange(rows) + number * BLOCK

    def missing(values: np.ndarray, share: float) -> pa.Array:
        return pa.array(values, mask=draw.random(rows) < share)

    columns = {
        "cell": pa.array(cell),
        "lot": pa.array(np.char.add("L", (cell // 5000).astype(str))),
        "measured_at": pa.array(1_760_000_000_000 + cell * 500, type=pa.timestamp("ms", "UTC")),
        "electrolyte": pa.array(column[0]).dictionary_encode(),
        "electrode": pa.array(column[1]).dictionary_encode(),
        "electrode_role": pa.array(column[2]).dictionary_encode(),
        "coating": pa.array(column[3]).dictionary_encode(),
        "interfacial_resistance_ohm_cm2": missing(np.round(resistance, 3), 0.02),
        "stack_pressure_MPa": missing(np.round(column[7] * np.exp(draw.normal(0, 0.5, rows)), 2), 0.1),
        "temperature_C": missing(np.round(draw.normal(25, 2, rows), 1), 0.01),
        "kk_residual_percent": missing(np.round(np.exp(draw.normal(-1.2, 0.6, rows)), 2), 0.1),
        "upper_cutoff_V": pa.array(column[5]),
        "lower_cutoff_V": pa.array(column[6]),
        "relative_density_percent": missing(np.round(np.clip(draw.normal(95, 3, rows), 60, 100), 1), 0.3),
        "current_density_mA_cm2": missing(np.round(np.exp(draw.normal(-1.5, 0.8, rows)), 3), 0.1),
        "cycles_done": missing(draw.integers(1, 50, rows).astype(float), 0.05),
        "growth_percent_per_10_cycles": missing(np.round(np.exp(draw.normal(1, 1.2, rows)), 2), 0.5),
        "trend_at_rest": pa.DictionaryArray.from_arrays(
            missing(draw.integers(0, len(TRENDS), rows).astype(np.int8), 0.5), pa.array(TRENDS)
        ),
        "dew_point_C": missing(np.round(draw.normal(-55, 8, rows), 1), 0.3),
    }
    return pa.RecordBatch.from_pydict(columns)


def table(rows: int, seed: int = 0) -> pa.Table:
    """So many rows in memory."""
    parts = [block(number, min(BLOCK, rows - start), seed) for number, start in enumerate(range(0, rows, BLOCK))]
    return pa.Table.from_batches(parts)


def write(folder: Path, rows: int, files: int, seed: int = 0) -> None:
    """A folder of Parquet files with so many rows in all."""
    folder.mkdir(parents=True, exist_ok=True)
    starts = list(range(0, rows, BLOCK))
    share = -(-len(starts) // files)
    for number in range(0, len(starts), share):
        parts = starts[number : number + share]
        path = folder / f"line-{number // share:04d}.parquet"
        with pq.ParquetWriter(path, block(0, 1, seed).schema, compression="zstd") as writer:
            for start in parts:
                writer.write_batch(block(start // BLOCK, min(BLOCK, rows - start), seed))


def main() -> None:
    """Write the files."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--files", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    write(options.folder, options.rows, options.files, options.seed)


if __name__ == "__main__":
    main()
