"""Profiles: what columns of somebody's table mean, every mistake in them told at once with its place."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from diagnose.data import Base
from diagnose.errors import DataError, FileError, UsageError
from diagnose.knowledgefile import vocabulary
from diagnose.many import TableDiagnoser, diagnose_many
from diagnose.profile import Profile, Target, read_profile
from diagnose.yamlfile import parse_yaml

PRESSURE, RESISTANCE = "stack_pressure_MPa", "interfacial_resistance_ohm_cm2"
TABLE = {"electrolyte": ["Li6PS5Cl"], "p": [85.0], "electrode_role": ["anode"]}


def profile(columns: dict[str, str] | None = None, **constants: Any) -> Profile:
    """A profile from `column: field:unit` and constants."""
    return Profile(constants=constants).with_words([f"{name}={target}" for name, target in (columns or {}).items()], ())


def told(made: Profile, base: Base) -> list[str]:
    return [str(problem) for problem in made.problems(base.knowledge)]


# --- words of the command line


def test_words_are_laid_over_a_profile() -> None:
    """--map and --set replace what a profile says of the same column and field, and leave the rest."""
    old = profile({"p": f"{PRESSURE}:bar", "R": RESISTANCE}, electrode_role="anode")
    made = old.with_words([f" p={PRESSURE}: GPa", f"p={PRESSURE} :psi", "a=b=electrode"], ["electrode_role = cathode "])
    assert made.columns == {
        "p": Target(field=PRESSURE, unit="psi"),
        "R": Target(field=RESISTANCE),
        " p": Target(field=PRESSURE, unit="GPa"),
        "a=b": Target(field="electrode"),
    }
    assert made.constants == {"electrode_role": "cathode"}
    assert old.columns["p"].unit == "bar"


@pytest.mark.parametrize("text", ["p", "p=", "p= ", "=electrode", "p=:bar", ""])
def test_a_map_that_is_none_is_refused(text: str) -> None:
    """A --map without a column, an equals sign or a field is no map."""
    with pytest.raises(UsageError, match="is not COLUMN=FIELD or COLUMN=FIELD:UNIT"):
        Profile().with_words([text], ())


@pytest.mark.parametrize("text", ["electrode", "electrode=", "electrode= ", "=Li", ""])
def test_a_set_that_is_none_is_refused(text: str) -> None:
    """A --set without a field, an equals sign or a value sets nothing."""
    with pytest.raises(UsageError, match="is not FIELD=VALUE"):
        Profile().with_words((), [text])


# --- mistakes in it

MISTAKES = [
    ({"p": "stack_pressure"}, {}, ["stack_pressure: column 'p' is to fill it, but it is not a field of a case. Did"]),
    ({"p": f"{PRESSURE}:barr"}, {}, [f"{PRESSURE}: 'barr' is not a unit. Expected MPa."]),
    ({"p": f"{PRESSURE}:V"}, {}, [f"{PRESSURE}: V is not a unit of this field. Expected MPa."]),
    ({"p": f"{RESISTANCE}:ohm"}, {}, ["Multiply by the electrode area"]),
    ({"p": "electrode:bar"}, {}, ["electrode: is no number and takes no unit"]),
    ({"p": PRESSURE, "q": f"{PRESSURE}:bar"}, {}, [f"{PRESSURE}: is filled by both 'p' and 'q'"]),
    ({"p": PRESSURE}, {PRESSURE: 5}, [f"{PRESSURE}: is both a constant and filled by 'p'"]),
    ({}, {"electrode_rol": "anode"}, ["electrode_rol: a constant is to fill it, but it is not a field"]),
    ({}, {PRESSURE: "high"}, [f"{PRESSURE}: 'high' is not a number"]),
    ({}, {PRESSURE: 5000}, [f"{PRESSURE}: 5000 MPa is outside 0 to 2000 MPa"]),
    ({}, {"gap_seen": "maybe"}, ["gap_seen: 'maybe' is neither true nor false"]),
    ({}, {"wetting": "god"}, ["wetting: 'god' is not one of its choices. Did you mean good?"]),
    ({}, {"electrode": 5}, ["electrode: 5 is not a name"]),
    ({}, {PRESSURE: [1]}, [f"{PRESSURE}: list is not a number"]),
    *(({}, {"electrode_role": nothing}, ["is a constant without a value"]) for nothing in (None, "", "unknown", "NA")),
    (
        {"p": "x", "q": f"{PRESSURE}:V"},
        {"temperature_C": "hot", "y": 1},
        ["x: column 'p'", f"{PRESSURE}: V is not", "temperature_C: 'hot'", "y: a constant"],
    ),
]


@pytest.mark.parametrize(("columns", "constants", "said"), MISTAKES, ids=[str(each[2][0])[:40] for each in MISTAKES])
def test_every_mistake_is_told(base: Base, columns: dict[str, str], constants: dict[str, Any], said: list[str]) -> None:
    """All mistakes are told at once, each with its field, by the profile and when tables are to be read with it."""
    made = profile(columns, **constants)
    found = told(made, base)
    assert len(found) == len(said)
    assert all(part in problem for part, problem in zip(said, found, strict=True))
    with pytest.raises(DataError) as caught:
        TableDiagnoser(base, made)
    assert [str(problem) for problem in caught.value.problems] == found


def test_a_right_profile_has_no_mistakes(base: Base) -> None:
    """Units of every spelling, flags as words and figures with a unit are right."""
    columns = {"p": f"{PRESSURE}:bar", "R / Ω cm²": f"{RESISTANCE}:kΩ cm²", "T": "temperature_C:K", "e": "electrode"}
    assert (
        told(profile(columns, electrode_role="anode", gap_seen="yes", cycles_done="5", roughness_um="30 nm"), base)
        == []
    )


# --- a table read with it


def test_a_column_that_is_not_there(base: Base) -> None:
    """A profile that names a column that the table lacks is refused, with the nearest names."""
    with pytest.raises(DataError) as caught:
        diagnose_many(TABLE, base=base, profile=profile({"P": PRESSURE}))
    assert str(caught.value) == "there is no column 'P'. Did you mean p?"


def test_two_columns_for_one_field(base: Base) -> None:
    """A column of the profile and a column named like the field cannot both fill it."""
    with pytest.raises(DataError, match=f"{PRESSURE}: columns 'p' and '{PRESSURE}' both fill it"):
        diagnose_many({**TABLE, PRESSURE: [1.0]}, base=base, profile=profile({"p": PRESSURE}))


def test_a_column_and_a_constant_for_one_field(base: Base) -> None:
    """A constant is refused where the table has the field as a column."""
    with pytest.raises(DataError, match="electrode_role: is a column and a constant"):
        diagnose_many(TABLE, base=base, profile=profile(electrode_role="anode"))


def test_a_column_may_have_the_name_of_another_field(base: Base) -> None:
    """A column that the profile maps is taken for what the profile says, not for the field it is named like."""
    table = {"electrolyte": ["LLZO"], "electrode": ["Na"], "electrode_role": ["anode"]}
    diagnoser = TableDiagnoser(base, profile({"electrode": "counter_electrode"}))
    assert diagnoser.sources(list(table)) == {
        "counter_electrode": "electrode",
        "electrolyte": "electrolyte",
        "electrode_role": "electrode_role",
    }


# --- files


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "profile.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_file_in_short_and_in_full(tmp_path: Path, base: Base) -> None:
    """A column is mapped by `field:unit` or by a mapping of both, and its name may look like a figure."""
    text = f"""
columns:
  p: {PRESSURE}:bar
  R: {{field: {RESISTANCE}, unit: ohm*m^2}}
  1: electrode
  1e-3: {{field: temperature_C}}
constants:
  electrode_role: anode
  cycles_done: 5
"""
    assert read_profile(written(tmp_path, text), base.knowledge) == profile(
        {"p": f"{PRESSURE}:bar", "R": f"{RESISTANCE}:ohm*m^2", "1": "electrode", "1e-3": "temperature_C"},
        electrode_role="anode",
        cycles_done=5,
    )


FILES = [
    ("", [": is empty. Write `columns:` and `constants:`."]),
    ("- p\n", [":1:1: is not a profile. Write `columns:` and `constants:`."]),
    ("columns: 5\n", [":1:10: columns: is not a mapping. Write `columns:` with a line for each."]),
    ("columns: []\n", ["columns: is not a mapping"]),
    ("column:\n  p: electrode\n", [":1:1: column: 'column' is not part of a profile. Did you mean columns?"]),
    ("columns:\n  p: 5\n", [":2:6: columns.p: is not a field. Write {field: name, unit: ohm*m^2}."]),
    ("columns:\n  p: {field: electrode, units: x}\n", [":2:3: columns.p: is not a field"]),
    ("columns:\n  p: {unit: bar}\n", ["columns.p: is not a field"]),
    ("columns:\n  1: electrode\n  '1': coating\n", ["columns.1: stands twice (first on line 2). Keep one of the two."]),
    ("constants: {electrode_role: }\n", ["constants.electrode_role: electrode_role: is a constant without a value"]),
    (
        f"columns:\n  p: stack_pressure\n  q: {PRESSURE}:V\nconstants:\n  temperature_C: hot\n",
        [
            ":2:6: columns.p: stack_pressure: column 'p' is to fill it",
            f":3:6: columns.q: {PRESSURE}: V is not a unit of this field. Expected MPa.",
            ":5:18: constants.temperature_C: temperature_C: 'hot' is not a number.",
        ],
    ),
]


@pytest.mark.parametrize(("text", "said"), FILES, ids=[repr(text)[:40] for text, _ in FILES])
def test_every_mistake_in_a_file_is_told_with_its_place(tmp_path: Path, base: Base, text: str, said: list[str]) -> None:
    """A file with mistakes is refused with all of them, each with its line, column and what to write."""
    path = written(tmp_path, text)
    with pytest.raises(FileError) as caught:
        read_profile(path, base.knowledge)
    found = [str(problem) for problem in caught.value.problems]
    assert len(found) == len(said)
    assert all(problem.startswith(str(path)) for problem in found)
    assert all(part in problem for part, problem in zip(said, found, strict=True))


@pytest.mark.parametrize("text", ["{}\n", "columns:\n", "constants:\ncolumns:\n", "# nothing\n{}\n"])
def test_an_empty_profile(tmp_path: Path, base: Base, text: str) -> None:
    """A profile, or a section of it, may say nothing."""
    assert read_profile(written(tmp_path, text), base.knowledge) == Profile()


names = st.one_of(
    st.text(st.characters(exclude_categories=("Cs", "Cc", "Co", "Cn")), min_size=1, max_size=12),
    st.sampled_from(
        ("1", "1e-3", "no", "null", "~", "a: b", "# a", "R / Ω cm²", "{a}", '"a"', "\\", "12:30", "\u2028")
    ),
)
units = st.sampled_from(("", "bar", "%", "Ω cm²", "1/s", "N/mm^2", "°C"))
values = st.one_of(
    st.booleans(),
    st.integers(-(10**9), 10**9),
    st.floats(allow_nan=False, allow_infinity=False),
    names,
    st.sampled_from(("1e-6", "85 ± 5", "yes", "no", "<10")),
)


@given(
    st.dictionaries(names, st.tuples(st.sampled_from(sorted(vocabulary())), units), max_size=4),
    st.dictionaries(st.sampled_from(sorted(vocabulary())), values, max_size=4),
)
@settings(derandomize=True, deadline=None, database=None, max_examples=150)
def test_a_saved_profile_is_read_again(columns: dict[str, tuple[str, str]], constants: dict[str, Any]) -> None:
    """The text of a profile holds the same names, units and constants, text as text and figures as figures."""
    made = Profile(
        columns={name: Target(field=field, unit=unit) for name, (field, unit) in columns.items()}, constants=constants
    )
    data = parse_yaml(made.text(), "profile").data
    again = Profile(
        columns={name: Target(**target) for name, target in (data.get("columns") or {}).items()},
        constants=data.get("constants") or {},
    )
    assert again == made
    assert [type(value) for value in again.constants.values()] == [type(value) for value in constants.values()]


def test_a_saved_profile_is_read_from_its_file(tmp_path: Path, base: Base) -> None:
    """What `text` writes is what `read_profile` reads."""
    made = profile({"R / Ω cm²": f"{RESISTANCE}:kΩ cm²", "1e-3": "electrode"}, electrode_role="anode", gap_seen=True)
    assert read_profile(written(tmp_path, made.text()), base.knowledge) == made
