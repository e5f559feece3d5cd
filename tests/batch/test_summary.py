"""The summary of a batch run: its counts, that parts merge to the whole, and its page."""

from __future__ import annotations

import datetime
import json
import random
import re
import sys
from collections import Counter
from functools import cache
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from htmlpage import Checked
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import diagnose.periods as periods
import diagnose.summary as module
from diagnose.data import load
from diagnose.errors import DataError
from diagnose.many import diagnose_many
from diagnose.summary import Summary, percent, plain, surely
from diagnose.summarypage import page

LAWS = settings(
    derandomize=True, database=None, deadline=None, max_examples=25, suppress_health_check=list(HealthCheck)
)
VERDICTS = ("healthy", "faulty", "faulty", "undetermined", "invalid_data", "outside_scope")
CAUSES = ("stripping-voids", "coating-fault", "soft-short", "no-longer-in-the-rules")
HOSTILE = (
    "<script>alert(1)</script>",
    "</td></table><b>",
    '" onload="x',
    "--><!--",
    "]]>",
    "$\\frac{$",
    "\x1b[31m\x00\u202eevil",
    "two\nlines",
    "電池",
    "x" * 500,
)
EPOCH = datetime.datetime(2026, 3, 1, tzinfo=datetime.timezone.utc)


def frame(rows: int, seed: int = 0, wrong: float = 0.1) -> pd.DataFrame:
    """A made-up table of diagnoses, with columns of groups and times."""
    draw = random.Random(seed)

    def row() -> dict[str, Any]:
        place = {
            "lot": draw.choice(["A", "B", "C", None]),
            "at": EPOCH + datetime.timedelta(minutes=draw.randrange(200_000)) if draw.random() < 0.9 else None,
        }
        if draw.random() < wrong:
            told = ["a_field: 'x | y' is no number. Write one.", "b_field: is wrong", "without a field"]
            return {**place, "error": " | ".join(draw.sample(told, draw.randint(1, 3)))}
        verdict = draw.choice(VERDICTS)
        known = {"verdict": verdict, "severity": draw.choice(["poor", "severe", None])}
        if verdict == "healthy":
            return {**place, **known, "remedy_1": "none-needed", "remedy_1_status": "recommended"}
        return {
            **place,
            **known,
            "cause_1": draw.choice(CAUSES),
            "probability_1": draw.choice([0.5, draw.random()]),
            "missing": draw.choice(["cell_type", "pressure_response"]),
            "remedy_1": draw.choice(["limit-stripping", "correct-coating"]),
            "remedy_1_status": draw.choice(["recommended", "possible"]),
        }

    names = ["lot", "at", "verdict", "severity", "cause_1", "probability_1", "missing", "remedy_1", "remedy_1_status"]
    return pd.DataFrame([row() for _ in range(rows)], columns=[*names, "error"])


def batch(table: pd.DataFrame) -> pa.RecordBatch:
    """A data frame as a batch of diagnoses, its words coded as `diagnose_many` codes them."""
    types = {"at": pa.timestamp("ms", "UTC"), "probability_1": pa.float64(), "lot": pa.string(), "error": pa.string()}
    coded = pa.dictionary(pa.int16(), pa.string())
    arrays = [pa.array(table[name], type=types.get(name, coded), from_pandas=True) for name in table.columns]
    return pa.RecordBatch.from_arrays(arrays, names=list(table.columns))


def summed(*batches: pa.RecordBatch, by: str | None = None, time: str | None = None) -> Summary:
    """The summary of batches in their order."""
    found = Summary(by, time)
    for each in batches:
        found.add(each)
    return found


def of(by: str | None = None, time: str | None = None, **columns: Any) -> Summary:
    """The summary of a few columns."""
    return summed(pa.RecordBatch.from_pydict(columns), by=by, time=time)


def sizes(summary: Summary) -> dict[str, int]:
    """Rows by period."""
    return {group.name: group.counts.total() for group in summary.periods().groups}


# --- counts


@pytest.mark.parametrize("seed", range(3))
def test_counts_are_those_of_pandas(seed: int) -> None:
    """Every count is the one that pandas' groupby gives."""
    table = frame(1500, seed)
    found = summed(batch(table), by="lot", time="at")
    words = table.fillna({"verdict": "", "cause_1": ""})

    def grouped(*names: str) -> dict[Any, int]:
        return {key: int(rows) for key, rows in words.groupby(list(names), dropna=False).size().items()}

    assert found.rows == len(table)
    assert dict(found.outcomes) == grouped("verdict", "cause_1")
    faulty = table[table.verdict == "faulty"]
    assert {each.name: each.rows for each in found.causes(load())} == faulty.cause_1.value_counts().to_dict()
    sure = faulty[faulty.probability_1 >= 0.5].cause_1.value_counts()
    assert {name: rows for (name,), rows in found.sure.items()} == sure.to_dict()
    assert {each.name: each.rows for each in found.wanted(load())} == table.missing.value_counts().to_dict()
    advised = faulty[faulty.remedy_1_status == "recommended"].remedy_1.value_counts()
    assert {each.name: each.rows for each in found.advised(load())} == advised.to_dict()
    assert found.severity[("poor",)] == (table.severity == "poor").sum()
    assert found.errors == table.error.notna().sum()
    lots = Counter({lot if isinstance(lot, str) else None: rows for lot, rows in grouped("lot").items()})
    assert found.groups is not None
    assert {name: counts.total() for name, counts in found.groups.items()} == dict(lots)
    for name, counts in found.groups.items():
        here = words[words.lot.isna() if name is None else words.lot == name]
        assert dict(counts) == here.groupby(["verdict", "cause_1"]).size().to_dict()
    assert found.times.empty == table["at"].isna().sum()
    weeks = table["at"].dropna().dt.tz_convert(None).dt.to_period("W-SUN").dt.start_time.value_counts()
    assert found.periods().unit == "week"
    assert sizes(found) == {f"week of {start:%Y-%m-%d}": rows for start, rows in weeks.sort_index().items()}


def test_mistakes_are_counted_by_field_and_once_a_row() -> None:
    """A row in error counts once for each field with a mistake, whatever the values in the text."""
    errors = ["a: 'x' is wrong", "a: 'y' is wrong | b: c: d", "a: 1 | a: 2", "odd", None, "a or b: needs one"]
    found = of(error=errors)
    assert found.errors == 5
    assert {each.name: each.rows for each in found.kinds()} == {"a": 3, "b": 1, "": 1, "a or b": 1}
    assert found.examples == [(row, text) for row, text in enumerate(errors) if text]


def test_only_the_first_examples_are_kept() -> None:
    """Five examples with their rows in the whole run are kept, each cut to a length."""
    one = pa.RecordBatch.from_pydict({"error": [None, "a: " + "x" * 5000, "b: c"]})
    found = summed(one, one, one)
    assert [row for row, _ in found.examples] == [1, 2, 4, 5, 7]
    assert max(len(text) for _, text in found.examples) == module.LONGEST_EXAMPLE


def test_columns_that_are_not_there_are_left_out() -> None:
    """A table with none of the columns of an answer is counted by its rows alone."""
    found = of(other=[1, 2])
    assert found.rows == 2
    assert not found.causes(load())
    assert not found.wanted(load())
    assert found.errors == 0


def test_a_real_run_can_be_summed() -> None:
    """What `diagnose_many` returns is counted as it is, the rows in error too."""
    rows = {
        "electrolyte": ["Li6PS5Cl", "LLZO", "LLZO"],
        "electrode": ["Li"] * 3,
        "electrode_role": ["anode"] * 3,
        "interfacial_resistance_ohm_cm2": ["310", "2", "much"],
        "lot": ["A", "A", "B"],
    }
    found = summed(*diagnose_many(rows).to_batches(), by="lot")
    assert found.rows == 3
    assert found.errors == 1
    assert [each.name for each in found.kinds()] == ["interfacial_resistance_ohm_cm2"]
    assert set(found.groups or {}) == {"A", "B"}
    assert found.text(load()).startswith("3 rows\n")


@pytest.mark.parametrize("option", ["by", "time"])
def test_a_missing_column_is_told_with_the_nearest_name(option: str) -> None:
    """A column of groups or times that is not there raises DataError, which offers the nearest name."""
    with pytest.raises(DataError, match=r"there is no column 'lots' in the table of diagnoses\. Did you mean lot\?"):
        of(**{option: "lots"}, lot=["A"])


def test_columns_of_the_wrong_type_are_refused() -> None:
    """Lists make no groups, and truth values no time."""
    with pytest.raises(DataError, match=r"x: holds list<.*>, which makes no groups"):
        of(by="x", x=[[1]])
    with pytest.raises(DataError, match="x: holds bool, which is no time"):
        of(time="x", x=[True])


@pytest.mark.parametrize(
    ("values", "names"),
    [
        (pa.array([1, 1, None]), {"1": 2, None: 1}),
        (pa.array(["a", None, "a"]).dictionary_encode(), {"a": 2, None: 1}),
        (pa.array([True, False, True]), {"true": 2, "false": 1}),
        (pa.array([datetime.date(2026, 1, 1)] * 3), {"2026-01-01": 3}),
    ],
)
def test_groups_may_be_of_many_types(values: pa.Array, names: dict[str | None, int]) -> None:
    """Groups are named by their values as text, and rows without a value are a group of their own."""
    found = of(by="x", x=values)
    assert {name: counts.total() for name, counts in (found.groups or {}).items()} == names


def test_too_many_groups_are_not_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Up to the limit every group is exact; beyond it none is kept, and that is said, however the rows were split."""
    monkeypatch.setattr(module, "MOST_GROUPS", 5)
    rows = [pa.RecordBatch.from_pydict({"x": [number], "verdict": ["faulty"]}) for number in range(6)]
    assert len(summed(*rows[:5], by="x").groups or {}) == 5
    parts = summed(*rows, by="x")
    whole = summed(pa.Table.from_batches(rows).combine_chunks().to_batches()[0], by="x")
    assert parts.groups is None
    assert parts.to_json() == whole.to_json()
    assert summed(*rows, *rows, by="x").groups is None
    assert "'x' has more than 5 values, too many to count by group." in parts.text(load())
    assert "has more than 5 values" in page(parts, load(), "many")


def test_the_worst_groups_are_those_with_a_surely_large_share() -> None:
    """A group with one faulty row of one does not stand before one with 60 of 100, nor a sound one in the list."""
    lots = ["small"] + ["large"] * 100 + ["sound"] * 10
    verdicts = ["faulty"] + ["faulty"] * 60 + ["healthy"] * 50
    found = of(by="lot", lot=lots, verdict=verdicts)
    assert [group.name for group in found.worst(9)] == ["large", "small"]
    assert found.worst(9)[0].share == 0.6


@given(st.integers(1, 10**6), st.data())
@LAWS
def test_the_sure_share_is_below_the_share_and_grows(judged: int, data: st.DataObject) -> None:
    """Wilson's lower limit lies between 0 and the share, rises with the share, and nears it with more rows."""
    faulty = data.draw(st.integers(0, judged))
    low, share = surely(faulty, judged), faulty / judged
    assert -1e-12 <= low <= share + 1e-12
    assert surely(min(faulty + 1, judged), judged) >= low - 1e-12
    assert share - surely(100 * faulty, 100 * judged) <= share - low + 1e-12


def test_the_sure_share_has_its_closed_form() -> None:
    """All of n rows are surely at least n / (n + z squared), none are surely nothing."""
    assert surely(10, 10) == pytest.approx(10 / (10 + 1.96**2))
    assert surely(0, 10) == pytest.approx(0)
    assert surely(0, 0) == 0


# --- times


@pytest.mark.parametrize(
    ("text", "period"),
    [
        ("2026-03-01T23:30", "2026-03-01 23:00"),
        ("2026-03-01 23", "2026-03-01 23:00"),
        ("2026-03-01T23:59:60.5Z", "2026-03-01 23:00"),
        ("2026-03-01T23:30:00,25-02:00", "2026-03-02 01:00"),
        ("2026-03-01T00:15+0530", "2026-02-28 18:00"),
        (" 2024-02-29T10:00 ", "2024-02-29 10:00"),
        ("0001-01-01T01:00", "0001-01-01 01:00"),
        ("2026-02-29T10:00", None),
        ("2026-13-01", None),
        ("2026-03-01T24:00", None),
        ("0001-01-01T00:00+01:00", None),
        ("01.03.2026", None),
    ],
)
def test_iso_texts_are_read(text: str, period: str | None) -> None:
    """ISO 8601 text is counted by its hour, in UTC where it has a zone; what is no date is counted as unreadable."""
    found = of(time="t", t=[text])
    assert list(sizes(found)) == ([period] if period else [])
    assert found.times.unread == (period is None)


@given(st.lists(st.datetimes(min_value=datetime.datetime(1, 1, 2), max_value=datetime.datetime(9999, 12, 30))))
@LAWS
def test_text_and_timestamps_say_the_same(times: list[datetime.datetime]) -> None:
    """A time as ISO text, as a timestamp and as a timestamp with zone lies in the same period."""
    stamps = of(time="t", t=pa.array(times, pa.timestamp("us")))
    texts = of(time="t", t=pa.array([each.isoformat() for each in times], pa.string()))
    zoned = of(time="t", t=pa.array(times, pa.timestamp("us", "Asia/Tokyo")))
    assert stamps.to_json() == texts.to_json()
    assert stamps.times.cells == zoned.times.cells


def test_nothing_and_nonsense_in_a_column_of_times_are_counted_apart() -> None:
    """Rows without a time, rows whose time cannot be read, and zones beside none are told in words."""
    texts = [None, "  ", "soon", "2026-03-01T10:00Z", "2026-03-01T10:00"]
    found = of(time="t", t=texts, verdict=["faulty"] * 5)
    assert (found.times.empty, found.times.unread) == (2, 1)
    told, written = found.text(load(), 500), page(found, load(), "times")
    for note in (
        "counted in UTC",
        "no time zone; they are counted as written",
        "Not counted here: 2 without a time",
        "Not counted here: 1 with a time that cannot be read",
    ):
        assert note in told
        assert note in written


@pytest.mark.parametrize(
    ("step", "count", "unit", "first"),
    [
        (datetime.timedelta(hours=1), 50, "hour", "2026-03-01 00:00"),
        (datetime.timedelta(hours=5), 100, "day", "2026-03-01"),
        (datetime.timedelta(days=1), 10, "day", "2026-03-01"),
        (datetime.timedelta(days=1), 200, "week", "week of 2026-02-23"),
        (datetime.timedelta(days=1), 1000, "month", "2026-03"),
        (datetime.timedelta(days=30), 500, "year", "2026"),
    ],
)
def test_periods_are_the_finest_that_can_be_looked_at(
    step: datetime.timedelta, count: int, unit: str, first: str
) -> None:
    """Hours, days, weeks, months or years are taken, so that there are at most sixty of them."""
    found = of(time="t", t=pa.array([EPOCH + step * number for number in range(count)]))
    periods = found.periods()
    assert (periods.unit, periods.groups[0].name) == (unit, first)
    assert len(periods.groups) <= 60
    assert sum(sizes(found).values()) == count


def test_dates_without_a_time_of_day_are_days() -> None:
    """A few dates are shown by day and not by their first hour, and a wild one does not make the others years."""
    days = [datetime.date(2026, 3, day) for day in range(1, 6)]
    assert sizes(of(time="t", t=[datetime.date(1, 1, 1), *days])) == {"0001-01-01": 1, **{str(day): 1 for day in days}}


def test_many_years_are_cut_and_said_so() -> None:
    """Of more years than can be shown the last are, and the page says how many are left out."""
    found = of(time="t", t=[datetime.date(year, 1, 1) for year in range(1, 2001)])
    periods = found.periods()
    assert (periods.unit, len(periods.groups), periods.left_out) == ("year", 60, 1940)
    assert "1,940 earlier ones are left out" in page(found, load(), "years")


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([1, 2, 2, 5], {"1": 1, "2": 2, "5": 1}),
        (list(range(64)), {f"{low} to {low + 1}": 2 for low in range(0, 64, 2)}),
        ([-1, 0, 1], {"-1": 1, "0": 1, "1": 1}),
        ([0.5, 0.5], {"0.5": 2}),
        ([2**63, 2**63 + 4096], {"9223372036854775808 to 9223372036854779903": 1}),
        ([float("nan"), float("inf"), None], {}),
    ],
)
def test_numbers_lie_in_bins_with_plain_edges(values: list[float], expected: dict[str, int]) -> None:
    """A column of numbers is counted in bins whose width is a power of two; whole numbers have whole edges."""
    kind = pa.uint64() if values[0] == 2**63 else None
    found = sizes(of(time="t", t=pa.array(values, kind)))
    assert expected.items() <= found.items()
    assert len(found) == len(expected) or kind


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=60))
@LAWS
def test_any_numbers_give_few_bins(values: list[float]) -> None:
    """Whatever the numbers, every one is counted and there are at most 32 bins."""
    found = of(time="t", t=pa.array(values))
    periods = found.periods()
    assert sum(group.counts.total() for group in periods.groups) == len(values)
    assert 1 <= len(periods.groups) <= 32


def test_dates_and_numbers_in_one_run_end_no_run() -> None:
    """When the column holds dates in one part and numbers in another nothing is told over time, and that is said."""
    dates = pa.RecordBatch.from_pydict({"t": ["2026-03-01"]})
    numbers = pa.RecordBatch.from_pydict({"t": [1.0]})
    for parts in ((dates, numbers, dates), (numbers, dates, dates)):
        found = summed(*parts, time="t")
        assert found.rows == 3
        assert not found.periods().groups
        assert "holds dates in some parts and numbers in others" in found.text(load())
        assert "holds dates in some parts and numbers in others" in page(found, load(), "mixed")


# --- merging


TIMES = {
    "dates": st.datetimes(),
    "floats": st.floats(),
    "near": st.floats(0, 1),
    "integers": st.integers(-(2**53), 2**53),
}


@st.composite
def tables(draw: st.DrawFn) -> tuple[pa.RecordBatch, list[int]]:
    """A batch of diagnoses of any content, and where to cut it."""
    rows = draw(st.integers(0, 25))
    kind = draw(st.sampled_from(sorted(TIMES)))
    few = st.sampled_from(["a", "b", "c", None])

    def column(values: st.SearchStrategy[Any], type_: Any) -> pa.Array:
        found = draw(st.lists(st.one_of(st.none(), values), min_size=rows, max_size=rows))
        return pa.array(found, type_)

    coded = pa.dictionary(pa.int8(), pa.string())
    type_ = {"dates": pa.timestamp("us"), "integers": pa.int64()}.get(kind, pa.float64())
    columns = {
        "verdict": column(st.sampled_from(VERDICTS), coded),
        "cause_1": column(few, coded),
        "severity": column(few, coded),
        "probability_1": column(st.floats(0, 1), pa.float64()),
        "missing": column(few, coded),
        "remedy_1": column(few, coded),
        "remedy_1_status": column(few, coded),
        "error": column(st.sampled_from(["a: b", "a: b | c: d", "e", "f: g | f: h"]), pa.string()),
        "lot": column(st.text(max_size=2), pa.string()),
        "t": column(TIMES[kind], type_),
    }
    cuts = draw(st.lists(st.integers(0, rows), max_size=5))
    return pa.RecordBatch.from_pydict(columns), [0, *sorted(cuts), rows]


@given(tables(), st.integers(2, 12))
@LAWS
def test_parts_merge_to_the_whole(made: tuple[pa.RecordBatch, list[int]], most: int) -> None:
    """Parts merged in order, through JSON and in any nesting, give what one pass gives, also beyond the limits."""
    whole, cuts = made
    with pytest.MonkeyPatch.context() as patch:
        # Small limits, so that periods grow coarser and groups are given up within a few rows.
        patch.setattr(periods, "MOST_KEPT", {"date": 3 * most, "number": most})
        patch.setattr(module, "MOST_GROUPS", 2 * most)
        expected = summed(whole, by="lot", time="t").to_json()
        slices = [whole.slice(low, high - low) for low, high in pairwise(cuts)]
        assert summed(*slices, by="lot", time="t").to_json() == expected
        left = Summary("lot", "t")
        for each in slices:
            left.merge(Summary.from_json(summed(each, by="lot", time="t").to_json()))
        assert left.to_json() == expected
        right = Summary("lot", "t")
        for each in reversed(slices):
            part = summed(each, by="lot", time="t")
            part.merge(right)
            right = part
        assert right.to_json() == expected


@pytest.mark.parametrize("time", ["at", "number", "text"])
def test_a_large_run_in_parts_is_one_pass(time: str) -> None:
    """Thousands of rows cut anywhere give the same summary, with the limits as they are."""
    table = frame(4000, 7)
    draw = np.random.default_rng(7)
    table["number"] = draw.normal(size=len(table)) * 10.0 ** draw.integers(-3, 6, len(table))
    table["text"] = table["at"].dt.strftime("%Y-%m-%dT%H:%M:%S%z")
    columns = {name: batch(table[[name]]).column(0) for name in table.columns if name not in ("number", "text")}
    columns |= {"number": pa.array(table["number"]), "text": pa.array(table["text"], from_pandas=True)}
    whole = pa.RecordBatch.from_pydict(columns)
    cuts = [0, *sorted(draw.integers(0, len(table), 9).tolist()), len(table)]
    parts = [whole.slice(low, high - low) for low, high in pairwise(cuts)]
    assert summed(*parts, by="lot", time=time).to_json() == summed(whole, by="lot", time=time).to_json()


def test_summaries_by_different_columns_do_not_merge() -> None:
    """Merging summaries that are broken down by different columns raises DataError."""
    with pytest.raises(DataError, match="summaries of different columns cannot be merged: by 'a' over None"):
        Summary("a").merge(Summary("b"))


@given(tables())
@LAWS
def test_json_is_a_round_trip(made: tuple[pa.RecordBatch, list[int]]) -> None:
    """A summary read from its JSON writes the same JSON and tells the same."""
    found = summed(made[0], by="lot", time="t")
    again = Summary.from_json(found.to_json())
    assert again.to_json() == found.to_json()
    assert again.text(load()) == found.text(load())


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"format": 99}', "null"])
def test_json_of_something_else_is_refused(text: str) -> None:
    """What is not the summary of a part raises DataError with what to do."""
    with pytest.raises(DataError, match=r"not the summary of a part .*Run the part again"):
        Summary.from_json(text)
    damaged = json.loads(Summary().to_json())
    damaged["times"]["unknown"] = 1
    with pytest.raises(DataError, match="not the summary of a part"):
        Summary.from_json(json.dumps(damaged))


# --- text


def test_the_text_names_what_was_found() -> None:
    """The short text has verdicts, causes with titles, the question of the field missing most, remedies and groups."""
    found = summed(batch(frame(500)), by="lot", time="at")
    told = found.text(load(), 200)
    base = load()
    for word in (
        "500 rows",
        "faulty",
        base.rules.causes["stripping-voids"].title + " (stripping-voids)",
        base.knowledge.vocabulary["cell_type"].question,
        base.rules.remedies["limit-stripping"].title,
        "no-longer-in-the-rules",
        "Faulty rows by lot",
        "Over at",
        "a_field",
        "row ",
    ):
        assert word in told


@pytest.mark.parametrize("width", [60, 80, 132])
def test_no_line_is_wider_than_asked(width: int) -> None:
    """The text keeps to the width of the terminal."""
    found = summed(batch(frame(300)), by="lot", time="at")
    assert max(map(len, found.text(load(), width).splitlines())) <= width


def test_text_cannot_steer_the_terminal() -> None:
    """Names and messages from the data reach the terminal without control signs."""
    found = of(by="lot", lot=list(HOSTILE), verdict=["faulty"] * len(HOSTILE), error=[f"{name}: x" for name in HOSTILE])
    told = found.text(load(), 100)
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f\u202a-\u202e]", told)


def test_shares_do_not_look_like_none_or_all() -> None:
    """A share is told with one digit, and what is not nothing and not everything does not look like it."""
    assert [percent(share) for share in (0, 1e-9, 0.001, 0.5, 0.999, 1 - 1e-9, 1)] == [
        *("0.0 %", "<0.1 %", "0.1 %", "50.0 %", "99.9 %", ">99.9 %", "100.0 %")
    ]
    assert plain("x" * 100, 10) == "x" * 7 + "..."


# --- the page


@cache
def full() -> Summary:
    """A summary that fills every part of the page."""
    return summed(batch(frame(400)), by="lot", time="at")


@cache
def whole_page() -> str:
    """Its page."""
    return page(full(), load(), "A run", "cells.parquet")


def test_the_page_stands_alone_and_is_well_formed() -> None:
    """The page loads nothing, runs nothing, closes what it opens, and no id stands twice."""
    text = whole_page()
    found = Checked(text)
    assert not found.wrong
    assert not {"script", "link", "img", "iframe", "object", "image", "foreignobject"} & set(found.tags)
    assert all(link.startswith("#") for link in found.links)
    assert all(link[1:] in found.ids for link in found.links)
    assert not {name for name in found.attributes if name.startswith("on")}
    assert not re.search(r"https?:|//\w|@import|url\((?!#)", text)
    assert max(found.ids.values()) == 1


def test_the_page_can_be_read_without_eyes() -> None:
    """Language, one main heading, captions, scopes, and pictures with a role, a name and a description."""
    text = whole_page()
    found = Checked(text)
    assert '<html lang="en">' in text
    assert (found.tags["h1"], found.tags["main"]) == (1, 1)
    assert found.tags["caption"] == found.tags["table"] == found.tags["thead"]
    assert len(re.findall(r"<th ", text)) == len(re.findall(r'<th scope="(?:col|row)"', text))
    pictures = re.findall(r"<svg .*?</svg>", text, re.DOTALL)
    assert len(pictures) == 5
    for picture in pictures:
        name = re.search(r'aria-labelledby="([\w-]+) ([\w-]+)"', picture)
        assert name
        assert 'role="img"' in picture
        assert f'<title id="{name[1]}">' in picture
        assert f'<desc id="{name[2]}">' in picture
    assert all(table.count("<tr>") > 1 for table in re.findall(r"<table>.*?</table>", text, re.DOTALL))


def test_the_page_says_what_its_figures_are_worth() -> None:
    """The page says that probabilities are judgement and not calibrated, and ends with what made it."""
    base = load()
    told = " ".join(Checked(whole_page()).texts)
    assert "judgement and are not calibrated" in told
    assert told.index("cells.parquet") > told.index("Versions")
    assert base.rules.hash in told
    assert base.knowledge.hash in told
    assert "of another kind" in page(Summary(), base, "A run", versions={"rules": "of another kind"})


def test_figures_of_the_page_are_in_its_tables() -> None:
    """Each count of the summary stands in a table of the page."""
    found, base = full(), load()
    cells = [word.strip() for word in Checked(whole_page()).texts]
    for share in (*found.verdicts(), *found.levels(), *found.causes(base), *found.wanted(base), *found.advised(base)):
        assert f"{share.rows:,}" in cells
        assert percent(share.share) in cells
    for group in (*found.worst(20), *found.periods().groups):
        assert group.name in cells
        assert f"{group.judged:,}" in cells


def test_the_same_summary_gives_the_same_bytes() -> None:
    """Two pages of one summary are equal to the byte, also when a site has its own matplotlib style."""
    import matplotlib as mpl

    with mpl.rc_context({"font.size": 20, "axes.grid": True, "svg.fonttype": "path"}):
        assert page(Summary.from_json(full().to_json()), load(), "A run", "cells.parquet") == whole_page()


def test_the_page_comes_without_matplotlib(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without matplotlib the tables are there, and one sentence says how to get the pictures."""
    whole = whole_page()
    for name in [name for name in sys.modules if name.partition(".")[0] == "matplotlib"]:
        monkeypatch.setitem(sys.modules, name, None)
    text = page(full(), load(), "A run")
    found = Checked(text)
    assert not found.wrong
    assert not found.tags["svg"]
    assert found.tags["table"] == Checked(whole).tags["table"]
    assert text.count("pip install &quot;ssb-diagnose[plot]&quot;") == 1
    assert "ssb-diagnose[plot]" not in whole


def test_hostile_names_are_text() -> None:
    """Names, messages and titles that hold HTML, mathematics or control signs are shown and do nothing."""
    count = len(HOSTILE)
    found = of(
        by="<b>",
        time='"t"',
        **{"<b>": list(HOSTILE), '"t"': list(range(count))},
        verdict=["faulty"] * count,
        cause_1=list(HOSTILE),
        missing=list(HOSTILE),
        remedy_1=list(HOSTILE),
        remedy_1_status=["recommended"] * count,
        error=[f"{name}: x" for name in HOSTILE],
    )
    text = page(found, load(), HOSTILE[0], HOSTILE[1])
    seen = Checked(text)
    assert not seen.wrong
    assert not seen.tags["script"]
    assert not seen.tags["b"]
    assert not {name for name in seen.attributes if name.startswith("on")}
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f\u202a-\u202e]", text)
    assert any("<script>alert(1)</script>" in each for each in seen.texts)
    assert any("電池" in each for each in seen.texts)


@pytest.mark.parametrize(
    "columns",
    [
        {"verdict": [], "cause_1": [], "error": [], "lot": [], "t": []},
        {"verdict": [None], "error": ["a: b"], "lot": [None], "t": [None]},
        {"verdict": ["healthy"] * 2, "lot": ["A", "A"], "t": [1, 2]},
        {"verdict": ["undetermined"], "cause_1": ["soft-short"], "lot": ["A"], "t": ["2026-01-01"]},
        {"verdict": ["faulty"], "lot": ["A"], "t": ["never"]},
        {"lot": ["A"], "t": [0.0]},
    ],
    ids=["empty", "all in error", "all healthy", "undetermined", "faulty without a cause", "no verdicts"],
)
def test_odd_runs_have_a_page_and_a_text(columns: dict[str, list[Any]]) -> None:
    """A run without rows, without verdicts, or with one kind of row only has a text and a page."""
    arrays = {name: pa.array(values, None if values else pa.string()) for name, values in columns.items()}
    found = of(by="lot", time="t", **arrays)
    seen = Checked(page(found, load(), "odd"))
    assert not seen.wrong
    rows = len(columns["lot"])
    assert found.text(load()).splitlines()[0] == f"{rows} row{'s' * (rows != 1)}"
    assert ("Rows in error" in seen.texts) == bool(found.errors)
