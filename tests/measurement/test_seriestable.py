"""Tables of a series: names and units of columns, and every mistake with its line."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from diagnose.errors import FileError
from diagnose.measurement.seriestable import read_series

Write = Callable[[str], Path]


@pytest.fixture
def table(tmp_path: Path) -> Write:
    """Writes a table and gives its path."""

    def write(text: str) -> Path:
        path = tmp_path / "series.csv"
        path.write_text(text, encoding="utf-8")
        return path

    return write


def test_a_plain_table_is_read(table: Write) -> None:
    """Names with their units, in file order."""
    series = read_series(table("pressure_MPa, resistance_ohm_cm2, sigma\n1, 100, 2\n5, 30, 1\n2, 60, 1.5\n"))
    assert series.over == "stack_pressure_MPa"
    assert series.resistance_field == "interfacial_resistance_ohm_cm2"
    np.testing.assert_array_equal(series.x, [1, 5, 2])
    np.testing.assert_array_equal(series.resistance, [100, 30, 60])
    assert series.sigma is not None
    np.testing.assert_array_equal(series.sigma, [2, 1, 1.5])
    assert len(series) == 3


@pytest.mark.parametrize(
    ("header", "row", "over", "x", "resistance"),
    [
        ("stack_pressure_MPa,resistance_ohm", "5,60", "stack_pressure_MPa", 5, 60),
        ("pressure [bar],R [kohm]", "50,0.06", "stack_pressure_MPa", 5, 60),
        ("temperature_C,interfacial_resistance_ohm_cm2", "40,60", "temperature_C", 40, 60),
        ("T / K;R / ohm", "313,15;60,5", "temperature_C", 40, 60.5),
        ("T (K)\tR (Ω cm²)", "313.15\t60", "temperature_C", 40, 60),
        ("t (h),R (ohm)", "40,60", "time_h", 40, 60),
        ("time (days) R (ohm)", "2 60", "time_h", 48, 60),
        ("cycle,resistance_mohm", "12,60000", "cycles_done", 12, 60),
        ("thickness_mm,R_ohm", "0.5,60", "electrolyte_thickness_um", 500, 60),
        ("area_mm2,R_ohm", "50,60", "area_cm2", 0.5, 60),
        ("loading_mg_cm2,resistance_ohm_cm2", "12,60", "loading", 12, 60),
        ("Li/P,resistance_ohm_cm2", "2.5,60", "li_p_ratio", 2.5, 60),
        ("# li_p_ratio,resistance_ohm_m2", "2.5,0.006", "li_p_ratio", 2.5, 60),
    ],
)
def test_units_may_stand_in_the_name_or_behind_it(
    table: Write, header: str, row: str, over: str, x: float, resistance: float
) -> None:
    """Whatever separates cells, figures come in the unit of the field."""
    series = read_series(table(f"{header}\n{row}\n"), over)
    assert series.over == over
    assert series.x[0] == pytest.approx(x)
    assert series.resistance[0] == pytest.approx(resistance)


def test_branches_uncertainties_and_what_is_held(table: Write) -> None:
    """Branches are told in the words of the quantity; a constant column is held; others are noted."""
    rows = (
        "# by hand",
        "pressure_MPa\tR_ohm_cm2\tdirection\ttemperature_C\tnote",
        "1\t100 ± 3\tup\t25\ta",
        "5\t50(2)\tloading\t25\t",
        "1\t90 ± 4\tdown\t25",
    )
    text = "\n".join(rows)
    series = read_series(table(text))
    assert series.branch == ("loading", "loading", "unloading")
    assert series.sigma is not None
    np.testing.assert_array_equal(series.sigma, [3, 2, 4])
    assert dict(series.held) == {"temperature_C": 25}
    assert series.notes == ("Column 'note' was not used.",)
    percent = read_series(table("time_h,R_ohm,sigma_percent\n0,50,2\n1,60,5\n"))
    assert percent.sigma is not None
    np.testing.assert_allclose(percent.sigma, [1, 3])


def test_all_mistakes_are_told_in_one_pass(table: Write) -> None:
    """Each with its line and column."""
    path = table("pressure_MPa,resistance_ohm,sigma\n1,-100,2\n,60,1.5\n5,abc,1\n3000,30,nan\n1,<2,1\n1,2,3,4\n")
    with pytest.raises(FileError) as caught:
        read_series(path)
    places = [(problem.line, problem.column) for problem in caught.value.problems]
    assert places == [(2, 2), (3, 1), (4, 2), (5, 1), (5, 3), (6, 2), (7, 0)]
    assert all(problem.file == str(path) for problem in caught.value.problems)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "no line that names its columns"),
        ("a,b\n1,2\n", "no line that names its columns"),
        ("pressure,resistance_ohm\n1,2\n", "pressure: has no unit"),
        ("pressure_MPa,resistance\n1,2\n", "resistance: has no unit"),
        ("pressure_V,resistance_ohm\n1,2\n", "V is not a unit of this field"),
        ("pressure_MPa,resistance_ohm\n", "has no rows"),
        ("note,resistance_ohm,R_squared,sigma\n1,2,3,4\n", "no column of what was varied"),
        ("pressure_MPa,resistance_ohm\n1,2\n1,3\n", "varies nothing"),
        ("pressure_MPa,time_h,resistance_ohm\n1,2,3\n2,3,4\n", "varies stack_pressure_MPa and time_h"),
        ("pressure_MPa,P_bar,resistance_ohm\n1,2,3\n", "second column"),
        ("pressure_MPa,resistance_ohm_cm2,sigma_ohm\n1,2,3\n", "not in the unit of the resistance"),
        ("pressure_MPa,resistance_ohm,branch\n1,2,sideways\n", "'sideways' is no branch"),
        ("pressure_MPa,resistance_ohm\n1,5,6\n", "Use a point for decimals"),
    ],
)
def test_what_cannot_be_read_is_explained(table: Write, text: str, said: str) -> None:
    """Each refusal says what is wrong."""
    with pytest.raises(FileError, match=said):
        read_series(table(text))


def test_a_series_over_two_quantities_needs_a_word(table: Write) -> None:
    """The one that is named is taken, and a note says that the other varies too."""
    path = table("cycles_done,time_h,resistance_ohm\n1,10,50\n2,20,60\n")
    series = read_series(path, "cycles_done")
    np.testing.assert_array_equal(series.x, [1, 2])
    assert series.notes == ("time_h varies too; the law takes it as constant.",)
    with pytest.raises(FileError, match="no column of area_cm2"):
        read_series(path, "area_cm2")


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    """With its name."""
    with pytest.raises(FileError, match="cannot be read"):
        read_series(tmp_path / "none.csv")
    with pytest.raises(FileError, match="cannot be read"):
        read_series(tmp_path)


@settings(deadline=None, max_examples=60)
@given(st.text(max_size=200) | st.text("pressure_MPa,R_ohm\n1 0.5;\t#-e<±", max_size=200), st.booleans())
def test_any_text_is_read_or_refused(tmp_path_factory: pytest.TempPathFactory, text: str, headed: bool) -> None:
    """Nothing but a FileError comes of any text."""
    path = tmp_path_factory.getbasetemp() / "any.csv"
    path.write_text(("pressure_MPa,R_ohm\n" if headed else "") + text, encoding="utf-8", errors="replace")
    try:
        series = read_series(path)
    except FileError:
        return
    assert bool(np.all(series.resistance > 0))
    assert len(series.x) == len(series.resistance)
