"""The page about many cells shows what the program does."""

from __future__ import annotations

import contextlib
import io
import re
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

import diagnose as package
from diagnose import diagnose_many, fieldcolumn
from diagnose.data import Base, load
from diagnose.many import TableDiagnoser
from diagnose.pipelines import answer_schema, diagnose_plain

ROOT = Path(package.__file__).resolve().parent.parent
BATCH = (ROOT / "docs" / "batch.md").read_text(encoding="utf-8")


def blocks(mark: str) -> list[str]:
    """The blocks of code of some language."""
    return re.findall(rf"^```{mark}\n(.*?)^```$", BATCH, re.MULTILINE | re.DOTALL)


@pytest.fixture(scope="module")
def base() -> Base:
    """The shipped rules and knowledge."""
    return load()


def test_the_profile_shown_is_a_part_of_the_shipped_one() -> None:
    """Each line of the profile on the page stands in the profile of the example."""
    (shown,) = blocks("yaml")
    shipped = (ROOT / "examples" / "line" / "profile.yaml").read_text(encoding="utf-8").splitlines()
    assert set(shown.splitlines()) <= set(shipped)


def test_the_columns_of_the_answer_are_those_on_the_page(base: Base) -> None:
    """Every column of the answer is explained in the table of the page, and nothing else is."""
    names = TableDiagnoser(base).schema.names
    table = BATCH.split("| column | holds |")[1].split("\n\n")[0]
    told = re.findall(r"`([a-z_0-9]+)`", "".join(line.split("|")[1] for line in table.splitlines() if "|" in line))
    numbered = {name for name in names if not re.search(r"_[23](_|$)", name)}
    assert {name for name in told if name in names and not re.search(r"_[23]", name)} == numbered


def test_words_for_missing_and_for_flags_are_those_on_the_page() -> None:
    """The words that are read as missing, yes and no are listed on the page."""
    for word in (*fieldcolumn.NO_NUMBER, *fieldcolumn.FLAGS):
        assert f"`{word}`" in BATCH or not word


def test_python_of_the_page_runs() -> None:
    """The example with two cells runs and says what it says."""
    code = blocks("python")[0]
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        exec(compile(code, "batch.md", "exec"), {})
    assert out.getvalue().startswith("['faulty', 'healthy'] [")
    assert "Li | Li6PS5Cl" in out.getvalue()


def test_the_recipe_for_polars_gives_the_answer_of_a_table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The polars recipe of the page runs; those for Spark and Ray use the same functions."""
    polars = pytest.importorskip("polars")
    monkeypatch.chdir(tmp_path)
    cells = {"electrolyte": ["LLZO"] * 3, "electrode": ["Li"] * 3, "electrode_role": ["anode"] * 3}
    polars.DataFrame(cells).write_parquet("line.parquet")
    (code,) = (each for each in blocks("python") if "pl." in each)
    found: dict[str, Any] = {}
    exec(compile(code, "batch.md", "exec"), found)
    assert found["answers"].height == 3


def test_plain_batches_have_the_schema_that_is_told_before(base: Base) -> None:
    """What Spark is told of the answer is what it gets, and it holds the words of the answer with dictionaries."""
    cells = pa.table({"electrolyte": ["LLZO"], "electrode": ["Li"], "electrode_role": ["anode"], "lot": [7]})
    (made,) = diagnose_plain(cells.to_batches(), base=base)
    assert made.schema == answer_schema(cells.schema, base=base)
    assert not any(pa.types.is_dictionary(each.type) for each in made.schema)
    assert pa.Table.from_batches([made]).to_pylist() == diagnose_many(cells, base=base).to_pylist()
