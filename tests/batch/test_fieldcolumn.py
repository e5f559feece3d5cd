"""A column of any type is read cell by cell as one cell is read, and what is wrong is told of its rows."""

from __future__ import annotations

import datetime
import math
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from diagnose import fieldcolumn
from diagnose.column import Column, Numbers
from diagnose.errors import Problem
from diagnose.fieldcolumn import FieldReader, converted, problems_of
from diagnose.knowledgefile import vocabulary
from diagnose.quantity import Measured, QuantityError, conversion, parse_number
from diagnose.sheet import sheet_of

STABLE = settings(derandomize=True, deadline=None, database=None, max_examples=60)
PRESSURE, CYCLES, FLAG, CHOICE, NAME = "stack_pressure_MPa", "cycles_done", "gap_seen", "wetting", "coating"
UNITS = {
    "stack_pressure_MPa": ("", "MPa", "bar", "GPa", "psi", "kgf/cm2"),
    "temperature_C": ("", "C", "K", "degF"),
    "arc_capacitance_F_cm2": ("", "uF/cm2", "F/m2"),
    "interfacial_resistance_ohm_cm2": ("", "ohm m2", "kΩ cm²"),
    "electrolyte_conductivity_S_cm": ("", "mS/cm", "S/m"),
    "carbon_weight_percent": ("", "%", "ppm"),
}
FIELDS_AND_UNITS = [(field, unit) for field, units in UNITS.items() for unit in units]


def reader(field: str = PRESSURE, unit: str = "") -> FieldReader:
    return FieldReader(field, vocabulary()[field], unit)


def column_of(cells: Any) -> Any:
    """Cells as the column that a table of them has."""
    sheet = sheet_of({"x": cells})
    return sheet.part(0, sheet.rows).columns["x"]


def in_row(column: Column | None, row: int) -> Any:
    """What a column says in a row: an interval, a word, or None."""
    if column is None:
        return None
    if isinstance(column, Numbers):
        low, high = (ends if isinstance(ends, float) else float(ends[row]) for ends in (column.low, column.high))
        return None if low != low else (low, high)
    code = column.codes if isinstance(column.codes, int) else int(column.codes[row])
    return None if code < 0 else column.words[code]


def by_cell(made: FieldReader, raw: Any) -> Any:
    """The same from one cell on its own; a mistake as a Problem."""
    try:
        value = made.value(raw)
    except QuantityError as error:
        return Problem(error.message, field=made.name, hint=error.hint)
    return (value.low, value.high) if isinstance(value, Measured) else value


def by_column(made: FieldReader, raw: Any, rows: int) -> list[Any]:
    """What a column says in every row, its mistakes as Problems."""
    column, filled, flaws = made.read(raw)
    problems = problems_of(flaws)
    found = [in_row(column, row) for row in range(rows)]
    for row, (problem,) in problems.items():
        assert found[row] is None, "a wrong cell is unknown"
        found[row] = problem
    assert np.broadcast_to(filled, rows).tolist() == [each is not None for each in found]
    return found


def read(cells: Any, field: str = PRESSURE, unit: str = "") -> list[Any]:
    """What cells mean as a column of a field, their mistakes as text."""
    made = by_column(reader(field, unit), column_of(cells), len(cells))
    return [str(each) if isinstance(each, Problem) else each for each in made]


# --- a column and its cells

# -0.0 is 0.0, also in what is said of it.
points = st.floats(width=32).map(lambda figure: figure + 0.0)
figures = st.one_of(
    points,
    st.floats(0, 1000),
    st.integers(-(10**3), 10**4),
    st.sampled_from((0, 1, 0.3, 25.0, 10**30, -(2**63), 2**63)),
)
plain = st.sampled_from((0.3, 7, 25, 1e-6, 1.52e-4, 310.5, 2000, 2500, 1e9))
texts = st.one_of(
    st.builds(str, figures),
    st.builds("{} ± {}".format, plain, plain),
    st.builds("{} to {}".format, plain, plain),
    st.builds("{}{}".format, st.sampled_from(("<", ">=", "~", " ")), plain),
    st.builds("{} {}".format, plain, st.sampled_from(("MPa", "bar", "%", "K", "°C", "uF/cm2", "ohm", "m", "zork"))),
    st.sampled_from(
        ("", "  ", "NaN", "n/a", "NA", "?", "-", "high", "3,5", "5(1)", "1e5", "1e999", "yes", "\x00", "٣")
    ),
)
odd = st.one_of(st.booleans(), st.none(), st.sampled_from(([1], {"a": 1}, b"5", datetime.date(2020, 1, 1), 1j)))
decimals = st.decimals(allow_infinity=False, places=4, min_value=-(10**6), max_value=10**6)
anything = st.one_of(figures, texts, odd, decimals, st.sampled_from((pd.NA, pd.NaT, np.float32(0.3), np.int8(5))))
COLUMNS: dict[str, tuple[st.SearchStrategy[Any], Callable[[Sequence[Any]], Any]]] = {
    "list": (anything, list),
    "object array": (anything, lambda cells: np.array([*cells, None], dtype=object)[:-1]),
    "object series": (anything, lambda cells: pd.Series(cells, dtype=object)),
    "floats": (points, lambda cells: np.array(cells, dtype=float)),
    "short floats": (points.map(np.float32), lambda cells: np.array(cells, dtype=np.float32)),
    "whole numbers": (st.integers(-(2**63), 2**63 - 1), lambda cells: np.array(cells, dtype=np.int64)),
    "big-endian": (st.integers(0, 3000), lambda cells: np.array(cells, dtype=">i4")),
    "arrow floats": (st.one_of(figures, st.none()).map(lambda x: x if x is None else float(x)), pa.array),
    "decimals": (st.one_of(st.none(), decimals), lambda cells: pa.array(cells, pa.decimal128(38, 4))),
    "text": (st.one_of(st.none(), texts), lambda cells: pa.array(cells, pa.string())),
    "figures as text": (st.builds(str, figures), lambda cells: pa.array(cells, pa.string())),
    "large text": (st.one_of(st.none(), texts), lambda cells: pa.array(cells, pa.large_string())),
    "text views": (st.one_of(st.none(), texts), lambda cells: pa.array(cells, pa.string_view())),
    "categories": (st.one_of(st.none(), texts), lambda cells: pa.array(cells, pa.string()).dictionary_encode()),
    "pandas text": (st.one_of(st.none(), texts), lambda cells: pd.Series(cells, dtype="string[pyarrow]")),
    "pandas categories": (st.one_of(st.none(), texts), lambda cells: pd.Series(cells, dtype="category")),
}


@pytest.mark.parametrize("kind", COLUMNS)
def test_a_column_is_read_as_its_cells_are(kind: str) -> None:
    """Whatever type a column has, each row holds what `value` makes of its cell, or the mistake that `value` finds."""
    strategy, made = COLUMNS[kind]

    @given(st.lists(strategy, max_size=12), st.sampled_from([*FIELDS_AND_UNITS, (CYCLES, ""), (FLAG, ""), (NAME, "")]))
    @settings(STABLE, max_examples=40)
    def law(cells: list[Any], target: tuple[str, str]) -> None:
        raw = made(cells)
        kept = raw.tolist() if isinstance(raw, np.ndarray) else cells
        one = reader(*target)
        assert by_column(reader(*target), column_of(raw), len(cells)) == [by_cell(one, cell) for cell in kept]

    law()


@given(st.lists(texts, min_size=1, max_size=8), st.sampled_from(FIELDS_AND_UNITS))
@STABLE
def test_cells_do_not_know_each_other(cells: list[str], target: tuple[str, str]) -> None:
    """A cell means the same, and its mistake is told in the same words, whatever stands in the other cells."""
    together = by_column(reader(*target), pa.array(cells), len(cells))
    assert together == [by_column(reader(*target), pa.array([cell]), 1)[0] for cell in cells]


# --- units


@given(st.sampled_from(FIELDS_AND_UNITS), st.lists(st.floats(-1e12, 1e12), max_size=30), st.integers(1, 17))
@settings(STABLE, max_examples=150)
def test_the_unit_of_a_column_is_that_written_behind_each_figure(
    target: tuple[str, str], values: list[float], digits: int
) -> None:
    """A figure in a column with a unit is the figure followed by that unit, to the last bit."""
    field, unit = target
    about = vocabulary()[field]
    values = [float(f"{value:.{digits}g}") for value in values]
    scale = conversion(unit, about.unit) if unit else (1.0, 0.0)
    hand = [parse_number(f"{value!r} {unit}", about.unit, (-math.inf, math.inf)).low for value in values]
    assert converted(np.array(values), *scale).tolist() == hand


@pytest.mark.parametrize(("scale", "offset"), [(0.1, 0.0), (1e-6, 0.0), (1e4, 0.0), (1.0, -273.15), (5 / 9, -160 / 9)])
def test_figures_that_lie_halfway_are_converted_alike(scale: float, offset: float) -> None:
    """Rounding to the digits that mean something goes the same way at a half, at powers of ten and far from one."""
    draw = np.random.default_rng(0)
    halves = (draw.integers(10**11, 10**12, 400) * 10 + 5) / 10.0 ** draw.integers(0, 26, 400)
    tens = np.array([float(f"{lead}e{power}") for power in range(-30, 25) for lead in ("1", "-9.99999999999999")])
    values = np.concatenate((halves, np.nextafter(halves, 0), tens, np.nextafter(tens, 0), [0.0, 1e300, 5e-324]))
    made = converted(values, scale, offset).tolist()
    hand = [value * scale + offset for value in values.tolist()]
    assert made == [round(each, 11) if offset else float(f"{each:.12g}") for each in hand]


UNIT_CASES = {
    "figures": ([85, 8.5], "bar", [(8.5, 8.5), (0.85, 0.85)]),
    "figures as text": (["85", "8.5"], "bar", [(8.5, 8.5), (0.85, 0.85)]),
    "uncertain": (["85 ± 5", "85(5)"], "bar", [(8.5, 8.5), (8.5, 8.5)]),
    "ranges": (["50-90", "50 to 90"], "bar", [(5.0, 9.0), (5.0, 9.0)]),
    "bounds": (["<= 10"], "bar", [(0.0, 1.0)]),
    "a unit of its own": (["50", "50 MPa", "50-90 MPa"], "bar", [(5.0, 5.0), (50.0, 50.0), (50.0, 90.0)]),
    "exponents": (["5e1", "5E+1"], "bar", [(5.0, 5.0), (5.0, 5.0)]),
}


@pytest.mark.parametrize("label", UNIT_CASES)
def test_cells_of_a_column_with_a_unit(label: str) -> None:
    """The unit of a column holds for every way to write a number, but not for a cell that names a unit itself."""
    cells, unit, wanted = UNIT_CASES[label]
    assert read(cells, PRESSURE, unit) == wanted


def test_a_percent_sign_is_not_taken_twice() -> None:
    """5 % is five percent in a column of percent, and in one of ppm."""
    assert read(["5 %", "5%", "5"], "carbon_weight_percent", "%") == [(5.0, 5.0)] * 3
    assert read(["5 %", "5"], "carbon_weight_percent", "ppm") == [(5.0, 5.0), (0.0005, 0.0005)]


def test_a_figure_outside_the_limits_is_not_read_in_another_unit() -> None:
    """85 in a column of GPa is refused, as a figure, as text and beside text: it is never taken for 85 MPa."""
    wrong = f"{PRESSURE}: 85 GPa is 85000 MPa, outside 0 to 2000 MPa. Did you mean 85 MPa?"
    assert read([85, 1], PRESSURE, "GPa") == [wrong, (1000.0, 1000.0)]
    assert read(["85", "1"], PRESSURE, "GPa") == [wrong, (1000.0, 1000.0)]
    assert read(["85", "1-2", 85], PRESSURE, "GPa") == [wrong, (1000.0, 2000.0), wrong]


def test_a_unit_that_does_not_fit_is_refused() -> None:
    """A reader is not made for a unit that is none or of another dimension; words take no notice of one."""
    for unit, said in (("barr", "is not a unit"), ("V", "is not a unit of this field")):
        with pytest.raises(QuantityError, match=said):
            reader(PRESSURE, unit)
    assert read(["good"], CHOICE, "bar") == ["good"]


# --- missing values

MISSING = [None, math.nan, "", "  ", "NaN", "nan", "n/a", "N/A", "null", "unknown", "NA", pd.NA, pd.NaT, Decimal("NaN")]


@pytest.mark.parametrize("raw", [*MISSING, np.float32("nan"), np.datetime64("NaT")], ids=repr)
@pytest.mark.parametrize("field", [PRESSURE, CYCLES, FLAG, CHOICE, NAME, "electrolyte"])
def test_what_stands_for_a_missing_value(field: str, raw: Any) -> None:
    """Null, NaN, empty text and the usual words for nothing are missing in every field, alone and among others."""
    assert read([raw], field) == [None]
    good = {PRESSURE: 5, CYCLES: 5, FLAG: True, CHOICE: "good"}.get(field, "LLZO")
    first, second = read([raw, good], field)
    assert first is None
    assert second == by_cell(reader(field), good)


def test_words_that_are_missing_numbers_may_be_names() -> None:
    """Na is sodium and none is a coating or a choice; of a number, both are missing."""
    assert read(["na", "none", "?", "-"]) == [None] * 4
    assert read(["Na", "none", "NONE"], NAME) == ["Na", "none", "none"]
    assert read(["none"], "carbon_additive") == ["none"]


def test_nothing_but_missing_values() -> None:
    """A column of nulls is read as nothing, whatever the type that holds them."""
    for raw in (pa.nulls(2), pa.array([None, None], pa.float64()), pa.array([None, None], pa.string()), [None, None]):
        assert read(raw) == [None, None]
        assert read(raw, NAME) == [None, None]
    assert read([]) == []


# --- flags and words


@pytest.mark.parametrize("yes", [True, 1, 1.0, "true", "True", " YES ", "1", "1.0", np.True_, np.uint8(1), Decimal(1)])
def test_flags_that_are_set(yes: Any) -> None:
    """Flags may be given as true, yes or 1, in text and in figures."""
    assert read([yes], FLAG) == [True]


@pytest.mark.parametrize("no", [False, 0, 0.0, "false", "FALSE", "no", "0", "0.0", np.False_, Decimal(0)])
def test_flags_that_are_not_set(no: Any) -> None:
    """Flags may be given as false, no or 0, in text and in figures."""
    assert read([no], FLAG) == [False]


def test_flags_in_columns_of_every_type() -> None:
    """Whole numbers, floats, text, Arrow and pandas flags mean the same."""
    for raw in (
        np.array([1, 0]),
        np.array([1.0, 0.0], dtype=np.float32),
        np.array([True, False]),
        pa.array(["yes", "no"]),
        pa.array([1, 0], pa.uint8()),
        pa.array(["yes", "no"]).dictionary_encode(),
        pd.Series([True, False], dtype="boolean"),
        pd.Series([1, 0], dtype="Int64"),
    ):
        assert read(raw, FLAG) == [True, False]


def test_spaces_around_a_word_do_not_count() -> None:
    """Names and choices are read without the spaces around them."""
    assert read([" LiNbO3 ", "LiNbO3"], NAME) == ["LiNbO3", "LiNbO3"]
    assert read([" good"], CHOICE) == ["good"]


# --- what is wrong

WRONG = [
    (PRESSURE, "high", "'high' is not a number. Write a figure such as 85"),
    (PRESSURE, "3,5", "'3,5' is not a number. Use a point for decimals: 3.5, not 3,5."),
    (PRESSURE, True, "true is not a number. Write a figure"),
    (PRESSURE, math.inf, "inf is not a number. Leave the field out when it is unknown."),
    (PRESSURE, "inf", "'inf' is not a number. Leave the field out"),
    (PRESSURE, -1, "-1 MPa is outside 0 to 2000 MPa. Check the figure and its unit."),
    (PRESSURE, 5000, "5000 MPa is outside 0 to 2000 MPa. Did you mean 5 MPa?"),
    (PRESSURE, "5000.0", "5000.0 is 5000 MPa, outside 0 to 2000 MPa. Did you mean 5 MPa?"),
    (PRESSURE, 10**400, "inf is not a number"),
    (PRESSURE, 2**63, "9.223372036854776e+18 is 9.22337e+18 MPa, outside 0 to 2000 MPa"),
    (PRESSURE, "5 V", "V is not a unit of this field. Expected MPa."),
    (PRESSURE, "5 zork", "'zork' is not a unit. Expected MPa."),
    (PRESSURE, [1], "list is not a number"),
    (PRESSURE, b"5", "bytes is not a number"),
    (PRESSURE, 1j, "complex is not a number"),
    (PRESSURE, datetime.datetime(2020, 1, 1), "datetime is not a number"),
    (PRESSURE, datetime.datetime(2020, 1, 1, tzinfo=datetime.timezone.utc), "datetime is not a number"),
    (PRESSURE, "\ud800", "'\\ud800' is not a number"),
    (CYCLES, 3.5, "3.5 is not a whole number. Write 3 or 4."),
    (CYCLES, "3.5", "3.5 is not a whole number. Write 3 or 4."),
    (FLAG, "maybe", "'maybe' is neither true nor false. Write true or false"),
    (FLAG, 2, "2 is neither true nor false"),
    (FLAG, 0.5, "0.5 is neither true nor false"),
    (CHOICE, "god", "'god' is not one of its choices. Did you mean good?"),
    (CHOICE, "purple", "'purple' is not one of its choices. Choose from good, poor."),
    (CHOICE, 1, "1 is not one of its choices"),
    (CHOICE, True, "True is not one of its choices"),
    (NAME, 5.0, "5.0 is not a name. Write a name or formula, such as Li6PS5Cl."),
    (NAME, "x" * 101, "is too long for a name"),
    (NAME, "LiNbO3\u200b", "holds a character that cannot be seen"),
    (NAME, "\ud800", "holds a character that cannot be seen"),
]


@pytest.mark.parametrize(("field", "raw", "said"), WRONG, ids=[f"{field} {raw!a}"[:50] for field, raw, _ in WRONG])
def test_a_wrong_cell_is_told_of_its_row(field: str, raw: Any, said: str) -> None:
    """The message names the field, says what is wrong and what to type; the other rows keep their values."""
    good = {PRESSURE: 5, CYCLES: 5, FLAG: True, CHOICE: "good"}.get(field, "LLZO")
    fine = by_cell(reader(field), good)
    alone, (before, among, after) = read([raw], field), read([good, raw, good], field)
    assert alone == [among]
    assert (before, after) == (fine, fine)
    assert among.startswith(f"{field}: ")
    assert said in among


@pytest.mark.parametrize(
    "raw",
    [
        pd.Series(pd.to_datetime(["2020-01-01T00:00:00.000000001Z", None])),
        pa.array([2**62, None], pa.timestamp("s")),
        pa.array([1, None], pa.duration("ns")),
        pa.array([1, None], pa.date32()),
        pa.array([1, None], pa.time64("ns")),
        pd.Series(pd.PeriodIndex(["2020-01", None], freq="M")),
        pa.array([{"a": 1}, None]),
        pa.array([[1.0], None]),
        pa.array([b"5", None]),
    ],
    ids=lambda raw: str(raw.dtype if hasattr(raw, "dtype") else raw.type),
)
@pytest.mark.parametrize("field", [PRESSURE, FLAG, CHOICE, NAME])
def test_times_and_other_types_are_no_values(raw: Any, field: str) -> None:
    """A column of times, periods, lists, structs or bytes is refused cell by cell, and its nulls are missing."""
    wrong, missing = read(raw, field)
    assert " is n" in wrong  # is not ..., is neither ...
    assert missing is None


def test_true_among_floats_is_not_one() -> None:
    """A flag in a column of figures is a mistake, in whatever order they stand."""
    for cells in ([5.5, True], [True, 5.5], [5, True], [5.5, np.True_]):
        flags = [isinstance(cell, (bool, np.bool_)) for cell in cells]
        assert [isinstance(each, str) for each in read(cells)] == flags
        assert [isinstance(each, str) for each in read(np.array(cells, dtype=object))] == flags


# --- columns as other libraries hold them


def test_decimals_are_the_nearest_floats() -> None:
    """0.3 as a decimal is 0.3, which a cast of Arrow misses by a bit."""
    cells = [Decimal("0.3"), Decimal("2.675"), None]
    wanted = [(0.3, 0.3), (2.675, 2.675), None]
    for kind in (pa.decimal128(10, 3), pa.decimal256(50, 20), pa.decimal64(10, 3)):
        assert read(pa.array(cells, kind)) == wanted
    assert read(cells) == wanted
    assert read([*cells, "4"]) == [*wanted, (4.0, 4.0)]


@pytest.mark.parametrize("index", [pa.uint8(), pa.int8(), pa.uint32(), pa.int64()])
def test_dictionaries_with_nulls_inside_and_outside(index: pa.DataType) -> None:
    """A null in the dictionary, a null among the codes and an entry that no row uses are all nothing."""
    raw = pa.DictionaryArray.from_arrays(pa.array([0, None, 1, 2], index), pa.array(["5", None, "6-7", "high"]))
    assert read(raw.slice(0, 3)) == [(5.0, 5.0), None, None]
    assert read(raw.slice(3)) == [(6.0, 7.0)]
    views = pa.DictionaryArray.from_arrays(raw.indices, raw.dictionary.cast(pa.string_view()))
    assert read(views) == [(5.0, 5.0), None, None, (6.0, 7.0)]
    assert read(views.slice(3)) == [(6.0, 7.0)]


def test_dictionaries_of_figures() -> None:
    """Categories may be figures."""
    assert read(pd.Series([5.5, None, 7.0], dtype="category")) == [(5.5, 5.5), None, (7.0, 7.0)]
    assert read(pa.array([5, None, 5]).dictionary_encode(), CYCLES) == [(5.0, 5.0), None, (5.0, 5.0)]


def test_masked_arrays_hide_what_is_masked() -> None:
    """What is behind a mask is missing, be it right or wrong."""
    mask = [False, True, True]
    assert read(np.ma.masked_array([5.0, 6.0, 7000.0], mask)) == [(5.0, 5.0), None, None]
    assert read(np.ma.masked_array([5, 6, 7000], mask)) == [(5.0, 5.0), None, None]
    assert read(np.ma.masked_array(["5", "6", "high"], mask)) == [(5.0, 5.0), None, None]
    assert read(np.ma.masked_array(np.array([5, 6, "x"], dtype=object), mask)) == [(5.0, 5.0), None, None]
    assert read(np.ma.masked_array([True, False, True], mask), FLAG) == [True, None, None]


@pytest.mark.parametrize(
    "raw",
    [
        pd.Series([5, None], dtype="Int64"),
        pd.Series([5.0, None], dtype="Float32"),
        pd.Series([5.0, None], dtype=pd.ArrowDtype(pa.float64())),
        pd.Series(["5", None], dtype="string[python]"),
        pd.Series(["5", None], dtype=pd.ArrowDtype(pa.string())),
        pd.arrays.SparseArray([5.0, np.nan]),
        np.array([5.0, np.nan], dtype=np.float16),
        np.array([5.0, np.nan], dtype=np.longdouble),
        np.array([5.0, 0.0, np.nan])[::2],
        pa.array([4.0, 5.0, None, 6.0]).slice(1, 2),
        pa.array(["4", "5", None, "6"]).slice(1, 2),
        pa.array(["4", "5", None, "6"]).dictionary_encode().slice(1, 2),
        pa.chunked_array([["5"], [None]]),
        pa.chunked_array([pa.array(["5"]).dictionary_encode(), pa.array([None], pa.string()).dictionary_encode()]),
        pa.chunked_array([pa.array(["5"], pa.string_view()), pa.array([None], pa.string_view())]),
        pa.array([5.0, None], pa.float16()),
        pa.RunEndEncodedArray.from_arrays([1, 2], pa.array([5.0, None])),
        (5, None),
    ],
    ids=lambda raw: f"{type(raw).__name__} {getattr(raw, 'dtype', getattr(raw, 'type', ''))}",
)
def test_a_figure_and_a_null_of_every_library(raw: Any) -> None:
    """The same figure and the same null come out of every type that may hold them."""
    assert read(raw) == [(5.0, 5.0), None]


def test_huge_whole_numbers_are_read() -> None:
    """Whole numbers beyond 64 bits, beyond floats and at the edge of both are read as `Case` reads them."""
    good, *wrong = read([10**6, 2**63, 10**30, 10**400], CYCLES)
    assert good == (1e6, 1e6)
    assert ["1e+30 is outside" in each for each in wrong] == [False, True, False]
    assert ["inf is not a number" in each for each in wrong] == [False, False, True]
    for edge in (2**64 - 1, 2**63, 2**53 + 1):
        raw = np.array([edge], dtype=np.uint64)
        assert read(raw, CYCLES) == read([edge], CYCLES) == [str(by_cell(reader(CYCLES), edge))]


# --- memory


def test_a_column_of_many_distinct_texts_is_forgotten_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """A reader remembers no more cells than REMEMBERED, however many it has seen, and forgetting changes nothing."""
    monkeypatch.setattr(fieldcolumn, "REMEMBERED", 500)
    made = reader()
    for start in range(0, 5000, 700):
        cells = [f"{number} to 2000" if number % 2 else f"no {number}" for number in range(start, start + 700)]
        found = by_column(made, pa.array(cells), 700)
        assert len(made._known) <= 500
        assert [isinstance(each, Problem) for each in found] == [
            number % 2 == 0 or number > 2000 for number in range(start, start + 700)
        ]


def test_a_million_distinct_texts_are_remembered_in_part() -> None:
    """The same at full size, through the dictionary of a long table of which each part sees all."""
    count = 1_000_000
    raw = pa.array([f"coating {number}" for number in range(count)]).dictionary_encode()
    made = reader(NAME)
    for start in (0, count - 60_000):
        column, filled, flaws = made.read(raw.slice(start, 60_000))
        assert (in_row(column, 0), in_row(column, 59_999)) == (f"coating {start}", f"coating {start + 59_999}")
        assert np.all(filled)
        assert flaws == []
        assert len(made._known) <= fieldcolumn.REMEMBERED


def test_many_different_mistakes_take_no_time_for_each_other() -> None:
    """A part of a table in which every cell is wrong in its own way is read as fast as its cells are."""
    rows = 60_000
    _, _, flaws = reader().read(pa.array([f"odd {number}" for number in range(rows)]))
    assert [row for row, _ in flaws] == list(range(rows))
    assert flaws[-1][1].message == f"'odd {rows - 1}' is not a number"
