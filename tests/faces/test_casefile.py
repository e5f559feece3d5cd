"""Case files: the same case in YAML, in JSON and on standard input; mistakes with their places."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path

import pytest

from diagnose import Case
from diagnose.casefile import case_of, read_case, read_document
from diagnose.data import load
from diagnose.errors import CaseError, FileError, Problem
from diagnose.yamlfile import parse_yaml

FIELDS = {
    "electrolyte": "Li6PS5Cl",
    "electrode": "Li",
    "electrode_role": "anode",
    "interfacial_resistance_ohm_cm2": "310 ± 20",
    "stack_pressure_MPa": 2,
    "gap_seen": True,
}
YAML = "\n".join(f"{name}: {json.dumps(value, ensure_ascii=False)}" for name, value in FIELDS.items())
JSON = json.dumps(FIELDS, indent=1)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.yaml", YAML),
        ("a.json", JSON),
        ("a.yml", JSON),
        ("a.json", JSON.replace("\n", "\r\n")),
        ("a", "\ufeff" + JSON),
    ],
)
def test_yaml_and_json_give_the_same_case(tmp_path: Path, name: str, text: str) -> None:
    """A case reads the same from YAML and JSON, with any line ends and with a byte order mark."""
    (tmp_path / name).write_bytes(text.encode())
    assert read_case(str(tmp_path / name)) == Case(**FIELDS)


@pytest.mark.parametrize("text", [YAML, JSON])
def test_standard_input(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    """A dash reads standard input, YAML or JSON by what it starts with."""
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text.encode()), encoding="ascii"))
    assert read_case("-") == Case(**FIELDS)


def test_unknown_is_not_no(tmp_path: Path) -> None:
    """A field without a value is unknown."""
    (tmp_path / "a.yaml").write_text(YAML + "\nwetting:\ncoating: ~\n", encoding="utf-8")
    assert read_case(str(tmp_path / "a.yaml")) == Case(**FIELDS)


def test_what_a_case_dumps_can_be_read_again(tmp_path: Path) -> None:
    """The dump of a case is a case file of the same case."""
    (tmp_path / "a.json").write_text(json.dumps(Case(**FIELDS).dump()), encoding="utf-8")
    assert read_case(str(tmp_path / "a.json")).digest() == Case(**FIELDS).digest()


def test_problems_carry_their_places() -> None:
    """Each mistake has the line and column of its value and the name of its field."""
    with pytest.raises(CaseError) as caught:
        case_of(parse_yaml("electrolyte: LLZO\nelectrode_role: anode\n\ncycles_done: -1\nwetting: wet\n", "a.yaml"))
    first, second = caught.value.problems
    assert (first.file, first.line, first.column, first.field) == ("a.yaml", 4, 14, "cycles_done")
    assert (second.file, second.line, second.column, second.field) == ("a.yaml", 5, 10, "wetting")


def test_problem_of_the_whole_case_points_at_its_start() -> None:
    """What is missing has no line of its own: the first line is named."""
    with pytest.raises(CaseError) as caught:
        case_of(parse_yaml("electrolyte: LLZO\n", "a.yaml"))
    (problem,) = caught.value.problems
    assert isinstance(problem, Problem)
    assert (problem.field, problem.line) == ("electrode_role", 1)


def test_with_the_rules_later_mistakes_come_along() -> None:
    """Given rules and knowledge, contradictions and an unknown electrolyte are told beside a wrong figure."""
    document = parse_yaml(
        "electrolyte: Zorkmid\nelectrode_role: anode\ncoating: none\ncoating_thickness_nm: 5\ncycles_done: -1\n",
        "a.yaml",
    )
    with pytest.raises(CaseError) as alone:
        case_of(document)
    assert [problem.field for problem in alone.value.problems] == ["cycles_done"]
    with pytest.raises(CaseError) as caught:
        case_of(document, load())
    assert [problem.field for problem in caught.value.problems] == ["electrolyte", "coating", "cycles_done"]


def test_contradiction_is_not_made_from_a_wrong_figure() -> None:
    """A figure that is refused itself takes no part in a contradiction."""
    document = parse_yaml(
        "electrolyte: LLZO\nelectrode_role: anode\ncoating: none\ncoating_thickness_nm: -5\n", "a.yaml"
    )
    with pytest.raises(CaseError) as caught:
        case_of(document, load())
    assert [problem.field for problem in caught.value.problems] == ["coating_thickness_nm"]


def test_reading_raises_one_kind_of_error(tmp_path: Path) -> None:
    """What cannot be read is a FileError that names the file."""
    with pytest.raises(FileError) as caught:
        read_document(str(tmp_path / "none.yaml"))
    assert caught.value.problems[0].file == str(tmp_path / "none.yaml")
