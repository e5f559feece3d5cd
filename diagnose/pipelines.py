"""Diagnoses inside other programs that run a function over Arrow record batches: Spark, Ray, polars and the like."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from diagnose.many import diagnose_batches
from diagnose.sheet import arrow, plain_type

if TYPE_CHECKING:
    import pyarrow as pa


def plain_schema(schema: pa.Schema) -> pa.Schema:
    """A schema whose types are plain."""
    return arrow().schema([(each.name, plain_type(each.type)) for each in schema], metadata=schema.metadata)


def diagnose_plain(batches: Iterable[pa.RecordBatch], **options: Any) -> Iterator[pa.RecordBatch]:
    """`diagnose_batches` with words in place of Arrow dictionaries; options as for `diagnose_many`.

    It keeps nothing between calls, and the same batches give the same batches on every machine.
    """
    for batch in diagnose_batches(batches, **options):
        yield batch.cast(plain_schema(batch.schema))


def answer_schema(schema: pa.Schema, **options: Any) -> pa.Schema:
    """The schema that `diagnose_plain` gives for batches of a schema."""
    pa = arrow()
    empty = pa.RecordBatch.from_arrays([pa.array([], type=each.type) for each in schema], schema=schema)
    (made,) = diagnose_plain([empty], **options)
    return made.schema
