"""From a column of a table to a column of a field: units, text, missing values, and what is wrong in which rows.

Tables hold what people and instruments write: figures, figures as text, "85 ± 5", "<10", NaN, "n/a", yes and no. A cell
means what it means in a case file, with more ways to write a flag or nothing: each distinct value is read once by what
reads the fields of a `Case`, and a column of plain figures all at once by the same arithmetic.
"""

from __future__ import annotations

import math
import re
from collections.abc import Hashable, Iterable, Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from diagnose.case import value_of
from diagnose.column import Column, Numbers, Words, narrowest, packed
from diagnose.entry import Field
from diagnose.errors import Problem
from diagnose.quantity import Measured, QuantityError, conversion, parse_number, tidied, written_plainly

if TYPE_CHECKING:
    import pyarrow as pa

# Words that stand for a missing value: of a number more than of a name, for Na is a metal and none is a coating. NA in
# capitals, as R writes it, is missing in every field.
NO_NAME = frozenset({"", "n/a", "nan", "null", "unknown"})
NO_NUMBER = NO_NAME | {"na", "none", "?", "-"}
FLAGS = {"true": True, "yes": True, "1": True, "1.0": True, "false": False, "no": False, "0": False, "0.0": False}
# The types of pandas.NA and pandas.NaT, which need not be installed.
PANDAS_MISSING = ("NAType", "NaTType")
REMEMBERED = 100_000

# What tells that a cell names a unit of its own: a letter that begins no exponent, or a sign.
_UNIT = re.compile(r"[%°]|(?![eE][-+]?[0-9])[^\W\d_]")
_TO = re.compile(r"to\b")

# Powers of ten that a float holds exactly.
_TENS = np.array([float(10**exponent) for exponent in range(23)])

Flaws = list[tuple[int, Problem]]


class FieldReader:
    """Reads the columns of one field."""

    def __init__(self, name: str, field: Field, unit: str = "") -> None:
        self.name, self.field, self.unit = name, field, unit
        self.number = field.kind in ("number", "integer")
        # Raises QuantityError when the unit does not fit the field.
        self.scale = conversion(unit, field.unit) if unit and self.number else (1.0, 0.0)
        self._choices = {each.casefold(): each for each in field.of} if field.kind == "choice" else {}
        self._known: dict[Hashable, Any] = {}

    def value(self, raw: Any) -> Any:
        """One cell as `Case` holds it, None when it is missing. Raises QuantityError."""
        if isinstance(raw, np.generic):
            raw = raw.item()
        if isinstance(raw, Decimal):
            raw = None if raw.is_nan() else float(raw)
        if raw is None or type(raw).__name__ in PANDAS_MISSING or (isinstance(raw, float) and raw != raw):
            return None
        if isinstance(raw, str):
            written = raw.strip()
            word = written.casefold()
            if (word in (NO_NUMBER if self.number else NO_NAME) or written == "NA") and written not in self.field.of:
                return None
            if self.field.kind == "flag" and word in FLAGS:
                return FLAGS[word]
            # Tables are written by many hands: Anode is anode.
            raw = self._choices.get(word, raw)
        if self.field.kind == "flag" and isinstance(raw, (int, float)) and raw in (0, 1):
            return bool(raw)
        if self.unit and self.number and isinstance(raw, (int, float, str)) and not isinstance(raw, bool):
            return self._in_unit(raw)
        return value_of(self.field, raw)

    def _in_unit(self, raw: float | str) -> Measured:
        """A figure in the unit of the column, unless the cell names a unit of its own."""
        if not isinstance(raw, str):
            figure = parse_number(raw, self.field.unit, (-math.inf, math.inf)).value
            raw = written_plainly(figure)
        unit = "" if _UNIT.search(_TO.sub(" ", raw)) else f" {self.unit}"
        return parse_number(f"{raw}{unit}", self.field.unit, self.field.limits, self._whole)

    @property
    def _whole(self) -> bool:
        return self.field.kind == "integer"

    def read(self, raw: Any) -> tuple[Column | None, NDArray[np.bool_] | bool, Flaws]:
        """A column of a table: the column of the field, where a cell was filled, and what is wrong.

        A cell that is wrong is unknown in the column.
        """
        if isinstance(raw, np.ndarray) and raw.dtype.kind in "fiu" and self.number:
            return self._figures(raw.astype(np.float64), raw)
        if isinstance(raw, (np.ndarray, list)):
            return self._coded(*_factorised(cells(raw)))
        return self._arrow(raw)

    def _arrow(self, raw: pa.Array) -> tuple[Column | None, NDArray[np.bool_] | bool, Flaws]:
        import pyarrow as pa
        import pyarrow.compute as pc

        kind = raw.type
        if pa.types.is_null(kind):
            return None, False, []
        if pa.types.is_dictionary(kind):
            words = raw.dictionary
            # Arrow takes nothing out of views of text.
            words = words.cast(pa.string()) if pa.types.is_string_view(words.type) else words
            # A few rows of a long table may share the dictionary of all of it.
            if len(words) > len(raw):
                return self._arrow(words.take(raw.indices))
            codes = raw.indices.cast(pa.int64()).fill_null(-1).to_numpy(zero_copy_only=False)
            return self._coded(codes, cells(words))
        if self.number and (pa.types.is_integer(kind) or pa.types.is_floating(kind)):
            return self._figures(pc.cast(raw, pa.float64(), safe=False).to_numpy(zero_copy_only=False), raw)
        text = pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind)
        if text:
            raw = raw.cast(pa.string())
        # A decimal becomes the nearest float by way of its text, and not always when it is cast.
        if self.number and (text or pa.types.is_decimal(kind)):
            figures = _as_figures(raw.cast(pa.string()))
            if figures is not None:
                return self._figures(figures, raw)
        if text:
            return self._arrow(raw.dictionary_encode())
        return self._coded(*_factorised(cells(raw)))

    def _figures(self, values: NDArray[np.float64], raw: Any) -> tuple[Column | None, NDArray[np.bool_] | bool, Flaws]:
        """Figures in the unit of the column, NaN is missing; and the cells that they were made from."""
        there = values == values
        made = converted(values, *self.scale)
        low, high = self.field.limits
        wrong = there & ~((made >= low) & (made <= high) & (np.abs(made) < np.inf))
        if self._whole:
            wrong |= there & (made != np.floor(made))
        flaws: Flaws = []
        if wrong.any():
            rows = np.flatnonzero(wrong)
            some = cells(raw[rows] if isinstance(raw, np.ndarray) else raw.take(rows))
            flaws = [(row, self._remembered(cell)) for row, cell in zip(rows.tolist(), some, strict=True)]
            made = np.where(wrong, np.nan, made)
        column = packed(Numbers(made, made))
        return column, True if there.all() else there, flaws

    def _coded(self, codes: NDArray[Any], some: Sequence[Any]) -> tuple[Column | None, NDArray[np.bool_] | bool, Flaws]:
        """Values by code, -1 for none."""
        values = [self._remembered(raw) for raw in some]
        filled = np.array([value is not None for value in values] + [False])[codes]
        wrong = np.array([isinstance(value, Problem) for value in values] + [False])[codes]
        flaws = [(row, values[codes[row]]) for row in np.flatnonzero(wrong).tolist()]
        right = [None if isinstance(value, Problem) else value for value in values]
        if self.number:
            nan = math.nan
            low = np.array([nan if value is None else value.low for value in right] + [nan])[codes]
            if all(value is None or value.low == value.high for value in right):
                return packed(Numbers(low, low)), filled, flaws
            high = np.array([nan if value is None else value.high for value in right] + [nan])[codes]
            return packed(Numbers(low, high)), filled, flaws
        words = tuple(dict.fromkeys(value for value in right if value is not None))
        if not words:
            return None, filled, flaws
        place = {word: number for number, word in enumerate(words)}
        table = np.array([-1 if value is None else place[value] for value in right] + [-1])
        return packed(Words(narrowest(table, len(words))[codes], words)), filled, flaws

    def _remembered(self, raw: Any) -> Any:
        """A value or the Problem with it, read once."""
        key = (type(raw), raw)
        try:
            found = self._known.get(key, self)
        except TypeError:
            return self._tried(raw)
        if found is not self:
            return found
        if len(self._known) >= REMEMBERED:
            self._known.clear()
        made = self._known[key] = self._tried(raw)
        return made

    def _tried(self, raw: Any) -> Any:
        try:
            return self.value(raw)
        except QuantityError as error:
            return Problem(error.message, field=self.name, hint=error.hint)


def converted(values: NDArray[np.float64], scale: float, offset: float) -> NDArray[np.float64]:
    """Figures in the unit of the field; what `quantity` does to one figure, to the last bit."""
    if (scale, offset) == (1.0, 0.0):
        return values + 0.0
    with np.errstate(all="ignore"):
        made: NDArray[np.float64] = values * scale + offset + 0.0
        size = np.floor(np.log10(np.abs(made)))
        # As in `tidied`: so many digits after the point, or fewer than none.
        digits = np.where(np.isfinite(size), 11.0 if offset else 11.0 - size, 0.0).astype(np.int64)
        up, down = _TENS[np.clip(digits, 0, 22)], _TENS[np.clip(-digits, 0, 22)]
        large = made * up / down
        near = np.rint(large)
        tidy: NDArray[np.float64] = near / up * down + 0.0
        # `near` is the whole number meant, and the last step rounds once, as reading the digits would. Not so where no
        # float is that power of ten, the logarithm missed one, or rounding may have crossed a half: those one by one.
        half = np.abs(np.abs(large - near) - 0.5) <= np.abs(large) * 2.0**-51
        size_off = (np.abs(near) < 1e11) | (np.abs(near) > 1e12) if not offset else np.abs(near) > 1e15
        doubtful = np.isfinite(made) & (made != 0) & (half | size_off | (np.abs(digits) > 22))
    if doubtful.any():
        tidy[doubtful] = [tidied(repr(value), scale, offset) for value in values[doubtful].tolist()]
    return tidy


def cells(raw: Any) -> list[Any]:
    """A column as plain values. Where Arrow has none for a type, the type stands in: it is no value of any field."""
    if isinstance(raw, list):
        return raw
    if isinstance(raw, np.ndarray):
        return list(raw.tolist())
    import pyarrow as pa

    if not isinstance(raw.type, pa.BaseExtensionType):
        try:
            return list(raw.to_pylist())
        except (ValueError, OverflowError):  # a time that the calendar of Python does not reach
            pass
    return [raw.type if there else None for there in raw.is_valid().to_pylist()]


def _as_figures(text: pa.Array) -> NDArray[np.float64] | None:
    """Text as figures when all of it is plain figures or nothing, which is the usual case and the quick one."""
    import pyarrow as pa
    import pyarrow.compute as pc

    trimmed = pc.utf8_trim_whitespace(text)
    missing = pc.is_in(pc.utf8_lower(trimmed), value_set=pa.array(sorted(NO_NUMBER), type=trimmed.type))
    bare = pc.if_else(missing, pa.scalar(None, type=trimmed.type), trimmed)
    try:
        made = pc.cast(bare, pa.float64())
    except pa.ArrowInvalid:
        return None
    values: NDArray[np.float64] = made.to_numpy(zero_copy_only=False)
    wild = ~np.isfinite(values) & bare.is_valid().to_numpy(zero_copy_only=False)
    return None if wild.any() else values


def _factorised(values: Iterable[Any]) -> tuple[NDArray[Any], list[Any]]:
    """Codes and distinct values; values that cannot be compared are all distinct. None and NaN are -1."""
    order: dict[Hashable, int] = {}
    some: list[Any] = []
    codes = []
    for value in values:
        if value is None or (isinstance(value, float) and value != value):
            codes.append(-1)
            continue
        key: Hashable = (type(value), value)
        try:
            code = order.get(key)
        except TypeError:
            key, code = (type(value), len(some), "odd"), None
        if code is None:
            code = order[key] = len(some)
            some.append(value)
        codes.append(code)
    return np.array(codes, dtype=np.int64), some


def problems_of(flaws: Flaws) -> Mapping[int, list[Problem]]:
    """Problems by row."""
    found: dict[int, list[Problem]] = {}
    for row, problem in flaws:
        found.setdefault(row, []).append(problem)
    return found
