"""From a column of a table to a column of a field: units, text, missing values, and what is wrong in which rows.

Tables hold what people and instruments write: figures, figures as text, "85 ± 5", "<10", NaN, "n/a", yes and no. Each
distinct value is read once by what reads the fields of a `Case`, so a cell means what it means in a case file.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from diagnose.case import value_of
from diagnose.column import Column, Numbers, Words, narrowest, packed
from diagnose.entry import Field
from diagnose.errors import Problem
from diagnose.quantity import Measured, QuantityError, conversion, parse_number

if TYPE_CHECKING:
    import pyarrow as pa

# Words that stand for a missing value: of a number more than of a name, for Na is a metal and none is a coating.
NO_NAME = frozenset({"", "n/a", "nan", "null", "unknown"})
NO_NUMBER = NO_NAME | {"na", "none", "?", "-"}
FLAGS = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
REMEMBERED = 100_000

# Powers of ten to the last bit, which a power function does not promise.
_TENS = np.array([float(f"1e{exponent}") for exponent in range(301)])

Flaws = list[tuple[NDArray[np.intp], Problem]]


@dataclass(frozen=True)
class Source:
    """Where the values of a field come from: a column of the table, and the unit its figures are in."""

    column: str
    unit: str = ""


class FieldReader:
    """Reads the columns of one field."""

    def __init__(self, name: str, field: Field, unit: str = "") -> None:
        self.name, self.field, self.unit = name, field, unit
        self.number = field.kind in ("number", "integer")
        # Raises QuantityError when the unit does not fit the field.
        self.scale = conversion(unit, field.unit) if unit and self.number else (1.0, 0.0)
        self._known: dict[Hashable, Any] = {}

    def value(self, raw: Any) -> Any:
        """One cell as `Case` holds it, None when it is missing. Raises QuantityError."""
        if raw is None or (isinstance(raw, float) and raw != raw):
            return None
        if isinstance(raw, np.generic):
            raw = raw.item()
        if isinstance(raw, str):
            word = raw.strip().casefold()
            if word in (NO_NUMBER if self.number else NO_NAME) and raw.strip() not in self.field.of:
                return None
            if self.field.kind == "flag" and word in FLAGS:
                return FLAGS[word]
        if self.field.kind == "flag" and isinstance(raw, (int, float)) and raw in (0, 1):
            return bool(raw)
        if not self.number or isinstance(raw, (bool, Measured)) or not self.unit:
            return value_of(self.field, raw)
        if isinstance(raw, str):
            try:
                return parse_number(f"{raw} {self.unit}", self.field.unit, self.field.limits, self._whole)
            except QuantityError:
                return value_of(self.field, raw)
        return value_of(self.field, converted(np.array([raw], dtype=float), *self.scale)[0].item())

    @property
    def _whole(self) -> bool:
        return self.field.kind == "integer"

    def read(self, raw: Any) -> tuple[Column | None, NDArray[np.bool_] | bool, Flaws]:
        """A column of a table: the column of the field, where a cell was filled, and what is wrong.

        A cell that is wrong is unknown in the column.
        """
        if isinstance(raw, np.ndarray) and raw.dtype.kind in "fiu" and self.number:
            return self._figures(raw.astype(np.float64))
        if isinstance(raw, np.ndarray):
            raw = raw.tolist()
        if isinstance(raw, Sequence):
            return self._coded(*_factorised(raw))
        return self._arrow(raw)

    def _arrow(self, raw: pa.Array) -> tuple[Column | None, NDArray[np.bool_] | bool, Flaws]:
        import pyarrow as pa
        import pyarrow.compute as pc

        kind = raw.type
        if pa.types.is_null(kind):
            return None, False, []
        numeric = pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind)
        if self.number and numeric:
            return self._figures(pc.cast(raw, pa.float64(), safe=False).to_numpy(zero_copy_only=False))
        if pa.types.is_dictionary(kind):
            codes = raw.indices.fill_null(-1).to_numpy(zero_copy_only=False)
            return self._coded(codes, raw.dictionary.to_pylist())
        if pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind):
            raw = raw.cast(pa.string())
            if self.number:
                figures = _as_figures(raw)
                if figures is not None:
                    return self._figures(figures)
            coded = raw.dictionary_encode()
            return self._coded(coded.indices.fill_null(-1).to_numpy(zero_copy_only=False), coded.dictionary.to_pylist())
        return self._coded(*_factorised(raw.to_pylist()))

    def _figures(self, values: NDArray[np.float64]) -> tuple[Column | None, NDArray[np.bool_] | bool, Flaws]:
        """Figures in the unit of the column; NaN is missing."""
        there = values == values
        made = converted(values, *self.scale)
        low, high = self.field.limits
        wrong = there & ~((made >= low) & (made <= high) & (np.abs(made) < np.inf))
        if self._whole:
            wrong |= there & (made != np.floor(made))
        flaws: Flaws = []
        if wrong.any():
            rows = np.flatnonzero(wrong)
            codes, some = _factorised(values[rows].tolist())
            flaws = self._flaws(rows, codes, some)
            made = np.where(wrong, np.nan, made)
        column = packed(Numbers(made, made))
        return column, True if there.all() else there, flaws

    def _flaws(self, rows: NDArray[np.intp], codes: NDArray[Any], some: Sequence[Any]) -> Flaws:
        found: Flaws = []
        for code, raw in enumerate(some):
            try:
                self.value(raw)
            except QuantityError as error:
                found.append((rows[codes == code], Problem(error.message, field=self.name, hint=error.hint)))
        return found

    def _coded(self, codes: NDArray[Any], some: Sequence[Any]) -> tuple[Column | None, NDArray[np.bool_] | bool, Flaws]:
        """Values by code, -1 for none."""
        values = [self._remembered(raw) for raw in some]
        filled = np.array([value is not None for value in values] + [False])[codes]
        flaws: Flaws = []
        for code, value in enumerate(values):
            if isinstance(value, Problem):
                rows = np.flatnonzero(codes == code)
                if len(rows):
                    flaws.append((rows, value))
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
    """Figures in the unit of the field, without the dust of binary arithmetic; what `quantity` does to one figure."""
    if (scale, offset) == (1.0, 0.0):
        return values + 0.0
    with np.errstate(all="ignore"):
        made = values * scale + offset
        if offset:
            made = np.rint(made * 1e11) / 1e11 + 0.0
            return made
        size = np.floor(np.log10(np.abs(made)))
        digits = np.where(np.isfinite(size), 11 - size, 0.0).astype(np.int64)
        up, down = _TENS[np.clip(digits, 0, 300)], _TENS[np.clip(-digits, 0, 300)]
        rounded: NDArray[np.float64] = np.rint(made * up / down) / up * down + 0.0
        return rounded


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


def problems_of(flaws: Iterable[tuple[NDArray[np.intp], Problem]]) -> Mapping[int, list[Problem]]:
    """Problems by row."""
    found: dict[int, list[Problem]] = {}
    for rows, problem in flaws:
        for row in rows.tolist():
            found.setdefault(row, []).append(problem)
    return found
