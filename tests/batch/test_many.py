"""Tables of every kind in, and for each row what `diagnose()` says of it, or its mistakes."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from columncases import Drawer, answer_of
from hypothesis import given, settings
from hypothesis import strategies as st

import diagnose as package
from diagnose import sheet as tables
from diagnose.case import Case
from diagnose.data import Base
from diagnose.diagnosis import diagnose
from diagnose.errors import CaseError, DataError, UsageError
from diagnose.facts import fact_base
from diagnose.interpreter import infer
from diagnose.many import TableDiagnoser, diagnose_batches, diagnose_many, explain
from diagnose.profile import Profile, Target
from diagnose.quantity import Measured
from diagnose.report import Report
from diagnose.sheet import sheet_of

STABLE = settings(derandomize=True, deadline=None, database=None, max_examples=15)
Row = dict[str, Any]
FEW = 40
PAIR: dict[str, Any] = {"electrolyte": "Li6PS5Cl", "electrode": "Li", "electrode_role": "anode"}
PRESSURE, TEMPERATURE = "stack_pressure_MPa", "temperature_C"


# --- what diagnose() says


def told(base: Base, case: Case, causes: int = 3, remedies: int = 3) -> Row:
    """The row of the answer that belongs to a case, from its report; only mistakes when it has some."""
    row: Row = dict.fromkeys(("verdict", "severity", "avoid", "missing", "rules", "error"))
    for number in range(1, causes + 1):
        row.update(dict.fromkeys((f"cause_{number}", f"probability_{number}", f"log_odds_{number}")))
    for number in range(1, remedies + 1):
        row.update(dict.fromkeys((f"remedy_{number}", f"remedy_{number}_status")))
    try:
        report = diagnose(case, base=base)
    except CaseError as error:
        return {**row, "error": {str(problem) for problem in error.problems}}
    said = answer_of(report)
    row.update(verdict=said["verdict"], severity=said["severity"], missing=said["missing"])
    for number, cause in enumerate(report.causes[:causes], 1):
        row[f"cause_{number}"], row[f"log_odds_{number}"] = cause.cause, cause.log_odds
        row[f"probability_{number}"] = cause.probability
    for number, (remedy, status) in enumerate(said["remedies"][:remedies], 1):
        row[f"remedy_{number}"], row[f"remedy_{number}_status"] = remedy, status
    row["avoid"] = said["avoid"][0] if said["avoid"] else None
    fired = infer(base.rules, fact_base(case, base.knowledge).facts).fired
    decided = {rule.id for rule in base.rules.of("verdict") if rule.id in fired}
    decided |= {line.rule for each in report.causes[:causes] for line in each.contributions if line.counted}
    row["rules"] = [rule.id for rule in base.rules.of("evidence", "verdict") if rule.id in decided]
    return row


def rows_of(answer: pa.Table | pa.RecordBatch) -> list[Row]:
    """The rows of an answer, their mistakes as a set."""
    rows: list[Row] = answer.to_pylist()
    return [{**row, "error": set(row["error"].split(" | ")) if row["error"] else None} for row in rows]


# --- tables of the same rows


def plain(value: Any) -> Any:
    """A value of a case as a cell: a figure, a range as text, a word or a flag."""
    if isinstance(value, Measured):
        return value.low if value.low == value.high else f"{value.low!r} to {value.high!r}"
    return value


def text(cell: Any) -> str | None:
    """A cell as text."""
    return None if cell is None else str(cell)


def as_columns(rows: Sequence[Row], cell: Callable[[Any], Any] = lambda cell: cell) -> dict[str, list[Any]]:
    """Rows as lists by column, None where a row lacks a field."""
    names = dict.fromkeys(name for row in rows for name in row)
    return {name: [cell(row.get(name)) for row in rows] for name in names}


@pytest.fixture(scope="module")
def drawn(base: Base) -> list[Case]:
    """Cases at the cut points of the rules; some contradict themselves or name an electrolyte that nobody knows."""
    drawer = Drawer(base, 20)
    return [drawer.case() for _ in range(150)]


@pytest.fixture(scope="module")
def some(drawn: list[Case]) -> list[Row]:
    """A few of them as rows of plain cells."""
    return [{name: plain(value) for name, value in case.known().items()} for case in drawn[:FEW]]


@pytest.fixture(scope="module")
def diagnoser(base: Base) -> TableDiagnoser:
    """A diagnoser that several tables go through."""
    return TableDiagnoser(base)


@pytest.fixture(scope="module")
def whole(diagnoser: TableDiagnoser, some: list[Row]) -> pa.RecordBatch:
    """The answer to the few."""
    return diagnoser.answer(sheet_of(some))


# --- the answer is that of diagnose()


def test_each_row_gets_what_diagnose_says_of_it(base: Base, drawn: list[Case]) -> None:
    """Verdict, severity, causes, remedies, what to avoid and to measure, the rules and the mistakes are the same."""
    wanted = [told(base, case) for case in drawn]
    found = rows_of(diagnose_many(drawn, base=base))
    for case, mine, theirs in zip(drawn, found, wanted, strict=True):
        if theirs["error"]:
            # Mistakes that diagnose() would find after the first ones are told too.
            assert mine["error"] >= theirs["error"], case.dump()
            mine = {**mine, "error": theirs["error"]}
        assert mine == theirs, case.dump()
    judged = [row for row in found if not row["error"]]
    assert 80 < len(judged) < 145
    for name in judged[0]:
        assert name == "error" or any(row[name] for row in judged), f"{name} is compared"


@pytest.mark.parametrize(("causes", "remedies"), [(1, 1), (2, 7), (99, 99)])
def test_as_many_causes_and_remedies_as_are_asked_for(
    base: Base, drawn: list[Case], causes: int, remedies: int
) -> None:
    """Fewer or more of them are listed, the rest of the answer goes with them."""
    wanted = [told(base, case, causes, remedies) for case in drawn[:8]]
    right = [number for number, row in enumerate(wanted) if not row["error"]]
    cases = [drawn[number] for number in right]
    found = rows_of(diagnose_many(cases, base=base, causes=causes, remedies=remedies))
    assert found == [wanted[number] for number in right]
    assert len(right) > 3


def outcome(ask: Callable[[], Report]) -> Report | set[str]:
    """A report, or the mistakes that were told instead."""
    try:
        return ask()
    except CaseError as error:
        return {str(problem) for problem in error.problems}


def test_the_report_of_a_row_is_that_of_its_case(base: Base, drawn: list[Case]) -> None:
    """`explain` gives the report of the case in a row, byte for byte, or the mistakes in it."""
    for row, case in enumerate(drawn[:12]):
        wanted = outcome(lambda case=case: diagnose(case, base=base))
        assert outcome(lambda row=row: explain(drawn[:12], row, base=base)) == wanted


# --- tables of all kinds


def objects(columns: dict[str, list[Any]]) -> dict[str, Any]:
    """Columns as numpy arrays of objects."""
    made = {}
    for name, cells in columns.items():
        made[name] = np.empty(len(cells), dtype=object)
        made[name][:] = cells
    return made


def typed(columns: dict[str, list[Any]]) -> pa.Table:
    """Columns as Arrow has them, as text where they hold ranges among figures."""
    try_text = {
        name: [text(cell) for cell in cells] if {str, float} <= set(map(type, cells)) else cells
        for name, cells in columns.items()
    }
    return pa.table(try_text)


def chunked(table: pa.Table) -> pa.Table:
    """A table in chunks of uneven length, an empty one among them."""
    return pa.concat_tables([table.slice(0, 7), table.slice(7, 0), table.slice(7, 1), table.slice(8)])


def sliced(table: pa.Table) -> pa.RecordBatch:
    """The same rows as a slice from the middle of a longer batch."""
    longer = pa.concat_tables([table.slice(5), table, table.slice(0, 9)]).combine_chunks()
    return longer.to_batches()[0].slice(table.num_rows - 5, table.num_rows)


def of_type(table: pa.Table, kind: pa.DataType) -> pa.Table:
    """Columns of text in another type of text."""
    fields = [field.with_type(kind) if pa.types.is_string(field.type) else field for field in table.schema]
    return table.cast(pa.schema(fields))


def encoded(table: pa.Table) -> pa.Table:
    """Every column as a dictionary."""
    return pa.table({name: table[name].dictionary_encode() for name in table.column_names})


KINDS: dict[str, Callable[[list[Row]], Any]] = {
    "rows": lambda rows: rows,
    "generator of rows": lambda rows: (row for row in rows),
    "lists": as_columns,
    "lists of text": lambda rows: as_columns(rows, text),
    "tuples": lambda rows: {name: tuple(cells) for name, cells in as_columns(rows).items()},
    "arrays of objects": lambda rows: objects(as_columns(rows)),
    "pandas": pd.DataFrame,
    "pandas with an index": lambda rows: pd.DataFrame(rows, index=range(len(rows), 0, -1)),
    "pandas of objects": lambda rows: pd.DataFrame(objects(as_columns(rows))),
    "pandas with nullable types": lambda rows: pd.DataFrame(rows).convert_dtypes(),
    "pandas with Arrow types": lambda rows: pd.DataFrame(rows).convert_dtypes(dtype_backend="pyarrow"),
    "pandas categories": lambda rows: pd.DataFrame(as_columns(rows, text)).astype("category"),
    "polars": lambda rows: pl.DataFrame(as_columns(rows, text)),
    "polars with types": lambda rows: pl.from_arrow(typed(as_columns(rows))),
    "polars categories": lambda rows: pl.DataFrame(as_columns(rows, text)).cast(pl.Categorical),
    "polars in chunks": lambda rows: pl.concat(
        [pl.DataFrame(as_columns(rows, text))[part] for part in (slice(9), slice(9, None))], rechunk=False
    ),
    "Arrow": lambda rows: typed(as_columns(rows)),
    "Arrow in chunks": lambda rows: chunked(typed(as_columns(rows))),
    "Arrow dictionaries": lambda rows: encoded(typed(as_columns(rows))),
    "Arrow dictionaries in chunks": lambda rows: pa.concat_tables(
        [encoded(part) for part in (typed(as_columns(rows)).slice(0, 9), typed(as_columns(rows)).slice(9))]
    ),
    "slice of an Arrow batch": lambda rows: sliced(typed(as_columns(rows))),
    "large text": lambda rows: of_type(typed(as_columns(rows)), pa.large_string()),
    "views of text": lambda rows: of_type(typed(as_columns(rows)), pa.string_view()),
    "stream of Arrow": lambda rows: typed(as_columns(rows)).to_reader(9),
    "columns of all kinds": lambda rows: {
        name: (pd.Series, pl.Series, pa.array, list)[place % 4]([text(cell) for cell in cells])
        for place, (name, cells) in enumerate(as_columns(rows).items())
    },
}


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_table_gets_the_same_answer(
    diagnoser: TableDiagnoser, some: list[Row], whole: pa.RecordBatch, kind: str
) -> None:
    """The same rows get the same answer, mistakes included, whatever holds them and whatever their types."""
    sheet = sheet_of(KINDS[kind](some))
    assert sheet.rows == len(some)
    assert diagnoser.answer(sheet.part(0, sheet.rows)).equals(whole)


@pytest.mark.parametrize("kind", ["rows", "pandas", "polars", "Arrow dictionaries", "slice of an Arrow batch"])
def test_a_row_of_every_kind_of_table_is_explained(
    base: Base, some: list[Row], whole: pa.RecordBatch, kind: str
) -> None:
    """The report of a row says what its row in the answer says, and its mistakes are among those told there."""
    for row in (0, 7, 13, FEW - 1):
        said = rows_of(whole)[row]
        found = outcome(lambda row=row: explain(KINDS[kind](some), row, base=base))
        if isinstance(found, Report):
            assert (found.verdict, found.severity.level) == (said["verdict"], said["severity"])
            assert [each.cause for each in found.causes[:1]] == [each for each in (said["cause_1"],) if each]
        else:
            assert found <= said["error"]


# --- laws


@given(st.permutations(range(FEW)))
@STABLE
def test_rows_in_another_order_get_the_same_answers(
    diagnoser: TableDiagnoser, some: list[Row], whole: pa.RecordBatch, order: list[int]
) -> None:
    """Rows do not know each other: in another order each gets the same answer."""
    assert diagnoser.answer(sheet_of([some[row] for row in order])).equals(whole.take(order))


@given(st.sets(st.integers(0, FEW), max_size=5))
@STABLE
def test_a_table_in_parts_gets_the_same_answers(
    diagnoser: TableDiagnoser, some: list[Row], whole: pa.RecordBatch, cuts: set[int]
) -> None:
    """However a table is cut, its parts get the answer of the whole, one after the other."""
    sheet = sheet_of(as_columns(some))
    edges = [0, *sorted(cuts), FEW]
    parts = [diagnoser.answer(sheet.part(low, high - low)) for low, high in pairwise(edges)]
    assert pa.Table.from_batches(parts).combine_chunks().to_pylist() == whole.to_pylist()


@given(
    st.dictionaries(
        st.text(min_size=1, max_size=8).filter(lambda name: name.isprintable()),
        st.sampled_from((None, 5, math.inf, "x", True, b"x", [1, "a"], {"a": 1})),
        max_size=4,
    )
)
@STABLE
def test_a_column_that_is_no_field_changes_nothing(
    diagnoser: TableDiagnoser, some: list[Row], whole: pa.RecordBatch, others: Row
) -> None:
    """Other columns are passed on before the answer, and the answer is the same."""
    others = {name: value for name, value in others.items() if name not in diagnoser.fields}
    sheet = sheet_of({**{name: [value] * FEW for name, value in others.items()}, **as_columns(some)})
    found = diagnoser.answer(sheet)
    assert found.select(found.schema.names[len(others) :]).to_pylist() == whole.to_pylist()
    assert found.num_columns == whole.num_columns + len(others)


IN_BAR_AND_KELVIN = Profile(
    columns={"p": Target(field=PRESSURE, unit="bar"), "T": Target(field=TEMPERATURE, unit="K")}, constants=PAIR
)


def by_hand(cells: Sequence[tuple[float, float]]) -> list[Row]:
    """Rows in which a unit follows each figure."""
    return [{**PAIR, PRESSURE: f"{p:.5g} bar", TEMPERATURE: f"{T:.5g} K"} for p, T in cells]


@pytest.fixture(scope="module")
def mapped(base: Base) -> TableDiagnoser:
    """A diagnoser for tables in bar and kelvin."""
    return TableDiagnoser(base, IN_BAR_AND_KELVIN)


@given(st.lists(st.tuples(st.floats(0, 25_000), st.floats(170, 1480)), min_size=1, max_size=20))
@STABLE
def test_a_unit_of_a_column_is_that_of_each_cell(
    diagnoser: TableDiagnoser, mapped: TableDiagnoser, cells: list[tuple[float, float]]
) -> None:
    """A column mapped with a unit gets the answers, and mistakes, of cases in which the unit follows each figure."""
    cells = [(float(f"{p:.5g}"), float(f"{T:.5g}")) for p, T in cells]
    written = [(f"{p:.5g}", f"{T:.5g}") for p, T in cells]
    wanted = diagnoser.answer(sheet_of(by_hand(cells)))
    for table in (
        {"p": [p for p, _ in cells], "T": np.array([T for _, T in cells])},
        {"p": [p for p, _ in written], "T": pd.Series([T for _, T in written])},
        pd.DataFrame(cells, columns=["p", "T"]),
        pl.DataFrame(written, schema=["p", "T"], orient="row"),
    ):
        assert mapped.answer(sheet_of(table)).equals(wanted)


def test_a_row_with_units_is_explained(base: Base) -> None:
    """The report of a row of a mapped table is that of the case in which the unit follows each figure."""
    cells = [(85.0, 298.15), (25_000.0, 300.0), (0.1, 333.0)]
    table = pd.DataFrame(cells, columns=["p", "T"])
    for row, hand in enumerate(by_hand(cells)):
        found = outcome(lambda row=row: explain(table, row, base=base, profile=IN_BAR_AND_KELVIN))
        assert found == outcome(lambda hand=hand: diagnose(hand, base=base))


@pytest.mark.parametrize("nothing", [math.nan, "", " ", "n/a", "NaN", "NA", "unknown", pd.NA], ids=repr)
def test_nothing_is_missing_however_it_is_written(
    diagnoser: TableDiagnoser, some: list[Row], whole: pa.RecordBatch, nothing: Any
) -> None:
    """A null, NaN, empty text and the usual words for nothing all mean that the row lacks the field."""
    table = as_columns(some, lambda cell: nothing if cell is None else cell)
    assert diagnoser.answer(sheet_of(table)).equals(whole)


def test_figures_as_text_are_figures(diagnoser: TableDiagnoser) -> None:
    """Numbers and flags mean the same as figures, as text, as decimals and as whole numbers."""
    resistance = "interfacial_resistance_ohm_cm2"
    figures: Row = {**PAIR, PRESSURE: 5.0, "cycles_done": 30.0, "gap_seen": True, resistance: 800.3}
    wanted = diagnoser.answer(sheet_of([figures]))
    assert rows_of(wanted)[0]["verdict"] == "faulty"
    for other in (
        {name: str(value) for name, value in figures.items()},
        {**figures, PRESSURE: 5, "cycles_done": 30, "gap_seen": 1},
        {**figures, PRESSURE: " 5 MPa", "cycles_done": "30 cycles", "gap_seen": "yes"},
        {**figures, PRESSURE: Decimal(5), resistance: Decimal("800.30")},
    ):
        assert diagnoser.answer(sheet_of([other])).equals(wanted)
        assert diagnoser.answer(sheet_of(pl.DataFrame([other]))).equals(wanted)


# --- parts, threads and streams


@pytest.mark.parametrize("threads", [1, 3])
def test_blocks_and_threads_do_not_show(
    base: Base, some: list[Row], whole: pa.RecordBatch, monkeypatch: pytest.MonkeyPatch, threads: int
) -> None:
    """Rows come out in their order whatever the size of a block and the number of threads."""
    monkeypatch.setattr(tables, "BLOCK", 9)
    odd = [{**row, "mixed": (5, "x", None)[place % 3]} for place, row in enumerate(some)]
    for table in (odd, pl.DataFrame(as_columns(odd, text))):
        found = diagnose_many(table, base=base, threads=threads)
        assert found.column("mixed").to_pylist() == [("5", "x", None)[place % 3] for place in range(FEW)]
        assert found.drop_columns("mixed").to_pylist() == whole.to_pylist()


def test_batches_are_diagnosed_as_they_come(base: Base, some: list[Row], whole: pa.RecordBatch) -> None:
    """A stream is answered batch by batch, and no batch is asked for before the one before it is answered."""
    asked = []

    def stream() -> Iterator[pa.RecordBatch]:
        for number, batch in enumerate(typed(as_columns(some)).to_batches(9)):
            asked.append(number)
            yield batch
            yield batch.slice(0, 0)

    answers = diagnose_batches(stream(), base=base)
    assert next(answers).equals(whole.slice(0, 9))
    assert asked == [0]
    rest = list(answers)
    assert [batch.num_rows for batch in rest] == [0, 9, 0, 9, 0, 9, 0, 4, 0]
    assert pa.Table.from_batches(rest).to_pylist() == whole.slice(9).to_pylist()


def test_a_large_batch_is_answered_in_blocks(
    base: Base, some: list[Row], whole: pa.RecordBatch, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A batch of more rows than a block is answered in several batches, also with threads and options."""
    monkeypatch.setattr(tables, "BLOCK", 16)
    found = list(diagnose_batches([typed(as_columns(some))], base=base, threads=2, keep=False, causes=3))
    assert [batch.num_rows for batch in found] == [16, 16, 8]
    assert pa.Table.from_batches(found).to_pylist() == whole.to_pylist()


# --- mistakes in rows

BAD_ROWS: list[tuple[Row, list[str]]] = [
    ({PRESSURE: "high"}, [f"{PRESSURE}: 'high' is not a number. Write a figure such as 85"]),
    ({PRESSURE: True}, [f"{PRESSURE}: true is not a number"]),
    ({PRESSURE: math.inf}, [f"{PRESSURE}: inf is not a number"]),
    ({PRESSURE: 10**30}, [f"{PRESSURE}: 1e+30 MPa is outside 0 to 2000 MPa"]),
    ({PRESSURE: [5]}, [f"{PRESSURE}: list is not a number"]),
    ({"electrode_role": "anodes"}, ["electrode_role: 'anodes' is not one of its choices. Did you mean anode or"]),
    ({"electrolyte": 5}, ["electrolyte: 5 is not a name"]),
    ({"electrode_role": None}, ["electrode_role: a case needs the role of the electrode. Write cathode, anode, or"]),
    ({"electrolyte": None}, ["electrolyte: a case needs an electrolyte or its family. Name the electrolyte"]),
    (
        {"electrolyte": None, "electrode_role": None},
        ["electrode_role: a case needs the role", "electrolyte: a case needs an electrolyte or its family"],
    ),
    ({"electrolyte": "LLZX"}, ["electrolyte: 'LLZX' is not in the knowledge base. Did you mean LLTZ"]),
    ({"electrolyte": "none"}, ["electrolyte: 'none' is not in the knowledge base"]),
    ({"electrode_role": "cathode"}, ["electrode_role: "]),
    (
        {"li_p_window_low": 3, "li_p_window_high": 2},
        ["li_p_window_low: The low end of the Li/P window lies above its high"],
    ),
    (
        {PRESSURE: -1, "gap_seen": "maybe", "wetting": "god", "lower_cutoff_V": 4, "upper_cutoff_V": 3},
        [
            "gap_seen: 'maybe' is neither true nor false",
            "lower_cutoff_V: ",
            f"{PRESSURE}: -1 MPa is outside 0 to 2000 MPa",
            "wetting: 'god' is not one of its choices. Did you mean good?",
        ],
    ),
]


def test_every_mistake_in_a_row_is_told(base: Base, diagnoser: TableDiagnoser) -> None:
    """A row with mistakes has all of them in `error` and nothing else; its neighbours are judged as if it was right."""
    rows = [row for bad, _ in BAD_ROWS for row in (PAIR, {**PAIR, **bad})]
    found = diagnoser.answer(sheet_of(rows))
    alone = diagnoser.answer(sheet_of([PAIR]))
    for number, (bad, said) in enumerate(BAD_ROWS):
        assert found.slice(2 * number, 1).to_pylist() == alone.to_pylist()
        (row,) = found.slice(2 * number + 1, 1).to_pylist()
        error = row.pop("error")
        assert not any(row.values()), "nothing is said of a row that is not judged"
        parts = error.split(" | ")
        assert len(parts) == len(said), error
        assert all(part.startswith(start) for part, start in zip(parts, said, strict=True)), error
        # diagnose() tells the mistakes of its first step that fails, and explain() as well.
        hand = outcome(lambda bad=bad: diagnose({**PAIR, **bad}, base=base))
        report = outcome(lambda number=number: explain(rows, 2 * number + 1, base=base))
        assert hand == report
        assert report <= set(parts)


def test_a_family_makes_up_for_an_electrolyte_that_is_not_known(base: Base) -> None:
    """An electrolyte that nobody knows is a mistake unless its family is given in the row."""
    rows = [{**PAIR, "electrolyte": "odd", "electrolyte_family": family} for family in ("sulfide", None, "sulfites")]
    found = rows_of(diagnose_many(rows, base=base))
    wanted = told(base, Case(**rows[0]))
    assert found[0] == wanted
    assert [len(row["error"] or ()) for row in found] == [0, 1, 1]
    assert "electrolyte: 'odd' is not in the knowledge base" in found[1]["error"].pop()
    assert "electrolyte_family: 'sulfites' is not one of its choices" in found[2]["error"].pop()


def test_constants_hold_in_every_row(base: Base) -> None:
    """A constant is what a column with the same value in every row would be, in the answer and in the report."""
    profile = Profile(constants={**PAIR, PRESSURE: "50-90 bar", "gap_seen": "yes"})
    table = {TEMPERATURE: [25, 60, None]}
    rows = [{**PAIR, PRESSURE: "50-90 bar", "gap_seen": True, TEMPERATURE: each} for each in table[TEMPERATURE]]
    assert diagnose_many(table, base=base, profile=profile).equals(diagnose_many(rows, base=base))
    assert explain(table, 1, base=base, profile=profile) == explain(rows, 1, base=base)
    contrary = Profile(constants={**PAIR, "electrode_role": "cathode"})
    assert (
        rows_of(diagnose_many(table, base=base, profile=contrary))[2]["error"]
        == told(base, Case(**{**PAIR, "electrode_role": "cathode"}))["error"]
    )


# --- mistakes in tables

NO_ROLE = (
    "electrode_role: no column fills it. Map a column to it, or give one value for all rows, as in electrode_role=..."
)
TABLES: list[tuple[Any, type[Exception], str]] = [
    ("table.csv", UsageError, "str is not a table. Give a data frame, an Arrow table, columns or cases."),
    (b"x", UsageError, "bytes is not a table"),
    (None, UsageError, "NoneType is not a table"),
    (5, UsageError, "int is not a table"),
    ([[1, 2]], UsageError, "list is not a table"),
    ([PAIR, 5], UsageError, "list is not a table"),
    (np.ones((2, 2)), UsageError, "ndarray is not a table"),
    (pd.Series([1]), UsageError, "Series is not a table"),
    (pl.Series([1]), UsageError, "Series is not a table"),
    (pl.LazyFrame(PAIR), UsageError, "LazyFrame is not a table"),
    (Case(**PAIR), UsageError, "Case is not a table"),
    (PAIR, UsageError, "column 'electrolyte' is no list of values. What holds in all rows may be given as a constant."),
    ({"electrolyte": ["LLZO"], "n": 5}, UsageError, "column 'n' is no list of values"),
    ({"electrolyte": ["LLZO"], "n": {"a": 1}}, UsageError, "column 'n' is no list of values"),
    ({"electrolyte": ["LLZO"], "n": {1}}, UsageError, "column 'n' is no list of values"),
    ({"electrolyte": ["LLZO"], "n": np.ones((1, 1))}, UsageError, "column 'n' is no list of values"),
    ({"electrolyte": ["LLZO"], "n": np.array(1)}, UsageError, "column 'n' is no list of values"),
    (
        {"electrolyte": ["LLZO"], "electrode_role": ["anode"] * 2},
        UsageError,
        "the columns of a table must be equally long (electrolyte 1, electrode_role 2)",
    ),
    ({"electrolyte": ["LLZO"]}, DataError, NO_ROLE),
    (
        {"Electrolyte": ["LLZO"], "role": ["anode"]},
        DataError,
        "electrolyte or electrolyte_family: no column fills it. Did you mean Electrolyte? Map a column to it, or give "
        "one value for all rows, as in electrolyte=...\nelectrode_role: no column fills it. Did you mean role",
    ),
    ([{"electrolyte": "LLZO"}], DataError, NO_ROLE),
    (pa.table([pa.array([1])] * 2, names=["n", "n"]), DataError, "there are two columns 'n'. Rename one of them."),
    (pd.DataFrame([[1, 2]], columns=["n", "n"]), DataError, "there are two columns 'n'. Rename one of them."),
    ({1: [1], "1": [2]}, DataError, "there are two columns '1'. Rename one of them."),
    (pd.DataFrame({1: [1], "1": [2]}), DataError, "there are two columns '1'. Rename one of them."),
    ([{1: 1, "1": 2}], DataError, "there are two columns '1'. Rename one of them."),
]


@pytest.mark.parametrize(("table", "error", "said"), TABLES, ids=[said[:50] for _, _, said in TABLES])
def test_what_is_no_table_or_cannot_be_one_is_refused(
    diagnoser: TableDiagnoser, table: Any, error: type[Exception], said: str
) -> None:
    """A table in which no row can be judged is refused as a whole, with what is wrong and what to do."""
    with pytest.raises(error) as caught:
        diagnoser.answer(sheet_of(table))
    assert str(caught.value).startswith(said)


def test_a_table_without_rows_has_an_empty_answer(base: Base, diagnoser: TableDiagnoser) -> None:
    """No rows in, no rows out, in the columns of any other answer, whatever kind of table is empty."""
    assert diagnose_many([], base=base).equals(pa.Table.from_batches([], diagnoser.schema))
    headed: Row = {"electrolyte": [], "electrode_role": []}
    for table in ([], {}, (), iter(()), pa.table({}), pd.DataFrame(), pl.DataFrame(), headed, pd.DataFrame(headed)):
        found = diagnoser.answer(sheet_of(table))
        assert found.num_rows == 0
        assert found.schema.equals(diagnoser.schema, check_metadata=True)


def test_rows_without_columns_are_told_apart_from_no_rows(base: Base) -> None:
    """Rows that hold nothing at all are a table that lacks its columns."""
    with pytest.raises(DataError, match="electrolyte or electrolyte_family: no column fills it"):
        diagnose_many([{}, {}], base=base)


@pytest.mark.parametrize("options", [{"causes": 0}, {"remedies": 0}, {"causes": -1}])
def test_nothing_to_list_is_refused(base: Base, options: dict[str, int]) -> None:
    """An answer lists at least one cause and one remedy."""
    with pytest.raises(UsageError, match="at least one cause and one remedy must be listed"):
        diagnose_many([PAIR], base=base, **options)


@pytest.mark.parametrize("row", [-1, 2, 10**9])
def test_a_row_that_is_not_there_cannot_be_explained(base: Base, row: int) -> None:
    """Rows are counted from 0, and a number beyond them is a mistake."""
    with pytest.raises(UsageError, match=f"there is no row {row}: the table has 2, counted from 0"):
        explain([PAIR, PAIR], row, base=base)


def test_an_option_that_there_is_not_is_refused(base: Base) -> None:
    """A misspelt option is not passed over in silence."""
    for ask in (
        lambda: diagnose_many([PAIR], base=base, profil=None),  # type: ignore[call-arg]
        lambda: explain([PAIR], 0, base=base, profil=None),
        lambda: list(diagnose_batches([], base=base, profil=None)),
    ):
        with pytest.raises(TypeError, match="profil"):
            ask()


def test_without_pyarrow_it_is_said_how_to_install_it(base: Base, monkeypatch: pytest.MonkeyPatch) -> None:
    """Tables need pyarrow, and who has it not is told the line that installs it."""
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(UsageError, match=r'pip install "ssb-diagnose\[batch\]"'):
        diagnose_many([PAIR], base=base)


# --- columns that are passed on


def test_columns_that_are_no_fields_are_passed_on_as_they_are(base: Base) -> None:
    """Whatever Arrow can hold is passed on with its type, before the answer and in its order."""
    table = pa.table(
        {
            "id": pa.array([7, None], pa.int16()),
            **{name: [value] * 2 for name, value in PAIR.items()},
            "when": pa.array([1, 2], pa.timestamp("ns", "UTC")),
            "curve": pa.array([[1.0, math.nan], None]),
            "batch": pa.array(["a", "b"]).dictionary_encode(),
            "empty": pa.nulls(2),
            "raw": pa.array([b"\xff", None]),
        }
    )
    kept = ["id", "when", "curve", "batch", "empty", "raw"]
    found = diagnose_many(table, base=base)
    assert found.column_names[: len(kept)] == kept
    assert found.select(kept).schema.equals(table.select(kept).schema)
    assert str(found.select(kept).to_pylist()) == str(table.select(kept).to_pylist())
    assert diagnose_many(table, base=base, keep=False).column_names == found.column_names[len(kept) :]


def test_columns_of_pandas_and_numpy_are_passed_on(base: Base) -> None:
    """Types that Arrow has not become the nearest that it has, and values of several types become text."""
    extra = {
        "big-endian": np.array([1, 2], dtype=">i4"),
        "long": np.array([1.5, 2.5], dtype=np.longdouble),
        "masked": np.ma.masked_array([1, 2], [False, True]),
        "category": pd.Categorical(["a", None]),
        "nullable": pd.array([1, None], dtype="Int8"),
        "sparse": pd.arrays.SparseArray([1.5, np.nan]),
        "time": pd.to_datetime(["2020-01-01", None]),
        "several": [1, "x"],
        "flag among floats": [1.5, True],
        "text among bytes": ["x", b"y"],
        "complex": np.array([1j, 2]),
        "huge": [10**30, None],
        "half": ["\ud800", None],
        "object": pl.Series([Decimal(1), "x"], dtype=pl.Object),
    }
    found = diagnose_many({**{name: [value] * 2 for name, value in PAIR.items()}, **extra}, base=base)
    assert {name: found.column(name).to_pylist() for name in extra} == {
        "big-endian": [1, 2],
        "long": [1.5, 2.5],
        "masked": [1, None],
        "category": ["a", None],
        "nullable": [1, None],
        "sparse": [1.5, None],
        "time": [pd.Timestamp("2020-01-01"), None],
        "several": ["1", "x"],
        "flag among floats": ["1.5", "True"],
        "text among bytes": ["x", "b'y'"],
        "complex": ["1j", "(2+0j)"],
        "huge": ["1" + "0" * 30, None],
        "half": ["\\ud800", None],
        "object": ["1", "x"],
    }


def test_a_column_named_like_a_part_of_the_answer_is_renamed(base: Base) -> None:
    """It gets `input_` before its name, as often as it takes to find a free one, so that nothing is lost."""
    table = {**{name: [value] for name, value in PAIR.items()}, "verdict": ["mine"], "input_verdict": ["x"]}
    found = diagnose_many(table, base=base)
    assert found.column_names[:3] == ["input_input_verdict", "input_verdict", "verdict"]
    assert [found.column(name)[0].as_py() for name in found.column_names[:2]] == ["mine", "x"]


def test_an_answer_may_be_diagnosed_again_and_again(base: Base) -> None:
    """What an answer adds to a table is passed on by the next one."""
    table = pa.table({name: [value] for name, value in PAIR.items()})
    first = again = diagnose_many(table, base=base)
    for _ in range(3):
        again = diagnose_many(pa.table({**table.to_pydict(), **again.to_pydict()}), base=base)
        assert len(set(again.column_names)) == again.num_columns
        assert again.select(first.column_names).equals(first)


# --- the answer itself


def test_the_answer_says_what_made_it(base: Base, drawn: list[Case]) -> None:
    """Versions are in the metadata, the columns are those of the schema, and every answer has the same types."""
    found = diagnose_many(drawn[:3], base=base)
    assert found.schema.metadata == {
        b"diagnose": package.__version__.encode(),
        b"diagnose.rules": base.rules.hash.encode(),
        b"diagnose.knowledge": base.knowledge.hash.encode(),
    }
    assert found.schema.equals(TableDiagnoser(base).schema, check_metadata=True)
    assert found.column_names == [
        *("verdict", "severity"),
        *(f"{name}_{number}" for number in (1, 2, 3) for name in ("cause", "probability", "log_odds")),
        *(f"remedy_{number}{part}" for number in (1, 2, 3) for part in ("", "_status")),
        *("avoid", "missing", "rules", "error"),
    ]


def test_a_diagnoser_is_not_changed_by_the_tables_it_sees(
    diagnoser: TableDiagnoser, some: list[Row], whole: pa.RecordBatch
) -> None:
    """After tables with other columns, types, units and mistakes, the same table gets the same answer."""
    diagnoser.answer(sheet_of([{**PAIR, PRESSURE: "odd", "x": 1}]))
    diagnoser.answer(sheet_of(pd.DataFrame([{**PAIR, PRESSURE: 5}])))
    assert diagnoser.answer(sheet_of(some)).equals(whole)
