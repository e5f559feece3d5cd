"""The parts of a batch as one file: Parquet, Arrow, CSV or JSON Lines."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from diagnose.sheet import BLOCK, arrow, as_texts, plain_type

COMPRESSION = "zstd"


def parquet_writer(place: Any, schema: Any) -> Any:
    """What writes record batches to a Parquet file."""
    import pyarrow.parquet as pq

    return pq.ParquetWriter(place, schema, compression=COMPRESSION)


def join(parts: Iterable[Path], place: Path, suffix: str, schema: Any) -> None:
    """Write the rows of some Parquet files to one file, a block at a time. Raises OSError and ArrowException."""
    import pyarrow.csv as text
    import pyarrow.parquet as pq

    pa = arrow()
    if suffix != ".parquet":
        schema = pa.schema([(each.name, _held(each.type, suffix)) for each in schema], metadata=schema.metadata)

    def batches() -> Iterator[Any]:
        for part in parts:
            with pq.ParquetFile(part) as file:
                for batch in file.iter_batches(BLOCK):
                    columns = [_cast(column, each.type) for each, column in zip(schema, batch.columns, strict=True)]
                    yield pa.RecordBatch.from_arrays(columns, schema=schema)

    if suffix == ".jsonl":
        with open(place, "w", encoding="utf-8", newline="\n") as lines:
            for batch in batches():
                lines.writelines(map(_json_line, batch.to_pylist()))
        return
    writers = {".parquet": parquet_writer, ".arrow": pa.ipc.new_file, ".csv": text.CSVWriter}
    with pa.OSFile(str(place), "wb") as file, writers[suffix](file, schema) as writer:
        for batch in batches():
            writer.write_batch(batch)


def _held(kind: Any, suffix: str) -> Any:
    """The type as a file of one piece holds it: without dictionaries, which parts do not share; text files hold less.

    Lists are words with spaces between in CSV.
    """
    types = arrow().types
    kind = plain_type(kind)
    simple = types.is_integer(kind) or types.is_floating(kind) or types.is_boolean(kind)
    listed = suffix == ".jsonl" and types.is_list(kind) and types.is_string(kind.value_type)
    return kind if suffix == ".arrow" or simple or listed else arrow().string()


def _cast(column: Any, kind: Any) -> Any:
    pa = arrow()
    import pyarrow.compute as pc

    if column.type == kind or kind != pa.string():
        return column if column.type == kind else column.cast(kind)
    if pa.types.is_list(column.type) and pa.types.is_dictionary(column.type.value_type):
        return pc.binary_join(column.cast(pa.list_(kind)), " ")
    return as_texts(column)


def _json_line(row: Mapping[str, Any]) -> str:
    """A row as JSON, without what is missing; JSON has no figure for infinity."""
    told = {
        name: str(value) if isinstance(value, float) and math.isinf(value) else value
        for name, value in row.items()
        if value is not None and value == value
    }
    return json.dumps(told, ensure_ascii=False) + "\n"
