"""A fact of many cases at once: intervals of numbers, or words, with the unknown among them.

What is the same in every row is kept once, as a plain float or code, so that whatever is made of it is worked out once.
Truths follow the same rule: a mask is an array of bool, or True or False where all rows agree. A three-valued truth is
two masks, "definitely" and "definitely not"; where neither holds it is unknown.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from diagnose.condition import NUMBER_TESTS
from diagnose.quantity import Span

Mask: TypeAlias = "bool | NDArray[np.bool_]"
Floats: TypeAlias = "float | NDArray[np.float64]"
Ints: TypeAlias = "int | NDArray[Any]"

# Up to so many words are looked for one by one; a longer list is looked up in a table.
FEW = 4


@dataclass(frozen=True, eq=False)
class Numbers:
    """Closed intervals, shape (rows,) or one float for all rows. NaN is unknown; `high is low` where all are points."""

    low: Floats
    high: Floats


@dataclass(frozen=True, eq=False)
class Words:
    """Words or flags by code, shape (rows,) or one code for all rows; -1 is unknown."""

    codes: Ints
    words: tuple[str | bool, ...]


Column = Numbers | Words
NAN = float("nan")
UNKNOWN = Numbers(NAN, NAN)


def figure(value: float) -> Numbers:
    """The same point in every row."""
    return Numbers(value, value)


def word(value: str | bool) -> Words:
    """The same word or flag in every row."""
    return Words(0, (value,))


def narrowest(codes: NDArray[Any], count: int) -> NDArray[Any]:
    """Codes below `count` in the smallest signed type that holds them and -1."""
    small = np.int8 if count <= 127 else np.int16 if count <= 32767 else np.int32
    return codes.astype(small, copy=False)


def packed(column: Column) -> Column:
    """The same column, kept once when all rows are equal."""
    if isinstance(column, Words):
        codes = column.codes
        if isinstance(codes, int) or not len(codes):
            return column
        first = codes[0]
        return Words(int(first), column.words) if first == codes[-1] and (codes == first).all() else column
    low = _same(column.low)
    high = low if column.high is column.low else _same(column.high)
    if isinstance(low, float) and isinstance(high, float):
        return Numbers(low, high)
    return column


def _same(values: Floats) -> Floats:
    """The one float that all rows hold, or the array as it is. All unknown is one NaN."""
    if isinstance(values, float) or not len(values):
        return values
    first, last = values[0], values[-1]
    if first == last:
        return float(first) if (values == first).all() else values
    return NAN if first != first and last != last and (values != values).all() else values


def known(column: Column) -> Mask:
    """Where a fact is known."""
    if isinstance(column, Words):
        return column.codes >= 0
    return column.low == column.low


def taken(column: Column, rows: NDArray[np.intp]) -> Column:
    """Some rows of a column."""
    if isinstance(column, Words):
        return column if isinstance(column.codes, int) else Words(column.codes[rows], column.words)
    low = column.low if isinstance(column.low, float) else column.low[rows]
    if column.high is column.low:
        return Numbers(low, low)
    return Numbers(low, column.high if isinstance(column.high, float) else column.high[rows])


def looked_up(values: Sequence[Span | str | bool | None], codes: Ints) -> Column | None:
    """The column that holds `values[code]` in each row; code -1 and None are unknown. None when nothing is known."""
    if isinstance(codes, int):
        value = None if codes < 0 else values[codes]
        if value is None:
            return None
        return Numbers(value.low, value.high) if isinstance(value, Span) else word(value)
    if all(value is None for value in values):
        return None
    if all(value == values[0] for value in values) and (codes >= 0).all():
        return looked_up(values, 0)
    if any(isinstance(value, Span) for value in values):
        spans = [value if isinstance(value, Span) else Span(NAN, NAN) for value in (*values, None)]
        low = np.array([span.low for span in spans])[codes]
        if all(span.low == span.high or span.low != span.low for span in spans):
            return Numbers(low, low)
        return Numbers(low, np.array([span.high for span in spans])[codes])
    words = tuple(dict.fromkeys(value for value in values if isinstance(value, (str, bool))))
    table = [-1 if value is None else words.index(value) for value in values]
    return Words(narrowest(np.array([*table, -1]), len(words))[codes], words)


# --- masks


def both(first: Mask, second: Mask) -> Mask:
    """Where both hold."""
    if first is False or second is False:
        return False
    if first is True:
        return second
    return first if second is True else first & second


def either(first: Mask, second: Mask) -> Mask:
    """Where at least one holds."""
    if first is True or second is True:
        return True
    if first is False:
        return second
    return first if second is False else first | second


def without(first: Mask, second: Mask) -> Mask:
    """Where the first holds and the second does not."""
    if first is False or second is True:
        return False
    if second is False:
        return first
    return ~second if first is True else first & ~second


def settled(mask: Mask) -> Mask:
    """The same mask, as False when it holds nowhere, so that nothing more is worked out for it."""
    return mask if isinstance(mask, bool) or mask.any() else False


def spread(mask: Mask, rows: int) -> NDArray[np.bool_]:
    """A mask as an array."""
    return np.full(rows, mask) if isinstance(mask, bool) else mask


# --- tests


def definitely(column: Column | None, test: str, args: tuple[Any, ...], want: bool) -> Mask:
    """Where a test of a fact definitely comes out as wanted; the column form of `condition.leaf_test`."""
    if test in ("known", "unknown"):
        wants_known = (test == "known") is want
        if column is None:
            return not wants_known
        if isinstance(column, Words):
            return column.codes >= 0 if wants_known else column.codes < 0
        return column.low == column.low if wants_known else column.low != column.low
    if column is None:
        return False
    if isinstance(column, Numbers):
        return _number_test(column, test, args, want) if test in NUMBER_TESTS else _is_number(column, args, want)
    return False if test in NUMBER_TESTS else _is_word(column, args, want)


def _number_test(column: Numbers, test: str, args: tuple[float, ...], want: bool) -> Mask:
    low, high, limit = column.low, column.high, args[0]
    if test == "above":
        return low > limit if want else high <= limit
    if test == "at_least":
        return low >= limit if want else high < limit
    if test == "below":
        return high < limit if want else low >= limit
    if test == "at_most":
        return high <= limit if want else low > limit
    if want:
        return both(low >= limit, high <= args[1])
    return either(high < limit, low > args[1])


def _is_number(column: Numbers, args: tuple[Any, ...], want: bool) -> Mask:
    low, high = column.low, column.high
    hit: Mask = False
    for arg in args:
        if not isinstance(arg, (str, bool)):
            hit = either(hit, both(low <= float(arg), high >= float(arg)))
    return both(hit, low == high) if want else without(low == low, hit)


def _is_word(column: Words, args: tuple[Any, ...], want: bool) -> Mask:
    wanted = [any(type(each) is type(arg) and each == arg for arg in args) is want for each in column.words]
    codes = column.codes
    if isinstance(codes, int):
        return codes >= 0 and wanted[codes]
    hits = [code for code, hit in enumerate(wanted) if hit]
    if not hits:
        return False
    if len(hits) == len(wanted):
        return codes >= 0
    if len(hits) > FEW:
        chosen: Mask = np.array([*wanted, False])[codes]
        return chosen
    found: Mask = codes == hits[0]
    for code in hits[1:]:
        found = either(found, codes == code)
    return found
