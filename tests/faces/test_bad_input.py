"""Bad input: every mistake at once, with file, line, field and what to type; exit code 1; nothing half written."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Command = Callable[..., Any]
GOOD = "electrolyte: Li6PS5Cl\nelectrode: Li\nelectrode_role: anode\n"

# A fourth line of a case that is otherwise right, and what must be said of it.
LINES = {
    "negative": ("stack_pressure_MPa: -3", ["stack_pressure_MPa", "-3 MPa is outside 0 to", "Check the figure"]),
    "nan": ("stack_pressure_MPa: .nan", ["nan is not a number", "Leave the field out when it is unknown"]),
    "nan as text": ('stack_pressure_MPa: "NaN"', ["'NaN' is not a number", "Leave the field out"]),
    "infinite": ("stack_pressure_MPa: .inf", ["inf is not a number", "Leave the field out when it is unknown"]),
    "overflow": ("stack_pressure_MPa: 1e999", ["inf is not a number"]),
    "too many digits": (f"stack_pressure_MPa: 1{'0' * 350}", ["inf is not a number"]),
    "infinite uncertainty": ("stack_pressure_MPa: 5 ± 1e999", ["inf is not a number"]),
    "boolean": ("stack_pressure_MPa: true", ["true is not a number", "Write a figure"]),
    "absurd": ("stack_pressure_MPa: 1e12", ["is 1e+12 MPa, outside 0 to", "Check the figure and its unit"]),
    "list": ("stack_pressure_MPa: [1, 2]", ["list is not a number", "Write a figure such as 85"]),
    "whole number": ("cycles_done: 3.5", ["3.5 is not a whole number", "Write 3 or 4"]),
    "decimal comma": ("stack_pressure_MPa: 3,5", ["'3,5' is not a number", "Use a point for decimals: 3.5, not 3,5"]),
    "range downwards": ("stack_pressure_MPa: 9-5", ["runs downwards", "Write 5-9"]),
    "GPa for MPa": ("stack_pressure_MPa: 50 GPa", ["50 GPa is 50000 MPa, outside", "Did you mean 50 MPa?"]),
    "ohm for ohm cm2": (
        "interfacial_resistance_ohm_cm2: 85 ohm",
        ["ohm is a resistance; this field needs a resistance times area", "Multiply by the electrode area", "ohm cm2"],
    ),
    "another dimension": ("temperature_C: 25 V", ["V is not a unit of this field", "Expected C"]),
    "no unit at all": ("stack_pressure_MPa: 5 zorkmid", ["'zorkmid' is not a unit", "Expected MPa"]),
    "unit that is a sum": ("stack_pressure_MPa: 5 9**9**9**9", ["is not a unit", "Expected MPa"]),
    "unknown field": (
        "stack_presure_MPa: 5",
        ["stack_presure_MPa: is not a field of a case", "Did you mean stack_pressure_MPa"],
    ),
    "unknown choice": ("electrode_form: foils", ["'foils' is not one of its choices", "Did you mean foil"]),
    "choice like nothing": ("wetting: purple", ["'purple' is not one of its choices", "Choose from good"]),
    "flag": ("gap_seen: maybe", ["'maybe' is neither true nor false", "Write true or false"]),
    "YAML 1.1 flag": ("gap_seen: no", ["'no' is neither true nor false"]),
    "hidden character": ('coating: "LiNbO3\\u200b"', ["cannot be seen", "Type the name again"]),
    "thickness of no coating": (
        "{coating: none, coating_thickness_nm: 20}",
        ["said to be absent, yet it has a thickness", "leave out coating_thickness_nm"],
    ),
    "window upside down": (
        "{li_p_window_low: 3, li_p_window_high: 2}",
        ["li_p_window_low", "lies above its high end", "Swap li_p_window_low and li_p_window_high"],
    ),
    "cut-offs upside down": ("{lower_cutoff_V: 4, upper_cutoff_V: 3}", ["Swap lower_cutoff_V and upper_cutoff_V"]),
    "key twice": ("electrode: Na", [":4:", "stands twice (first on line 2)", "Keep one of the two"]),
    "tag": ("coating: !!python/name:os.system x", ["is not allowed", "Write plain values"]),
    "tab": ("coating:\n\tLiNbO3", ["is not valid YAML", "Indent with spaces, not tabs"]),
    "open bracket": ("coating: [", ["is not valid YAML", "Write one `field: value` a line"]),
    "two documents": ("---\ncoating: none", ["holds several documents", "Keep one document"]),
}


def refused(done: Any, *phrases: str) -> None:
    """The command ended with 1, said all of this on standard error, printed nothing, and showed no traceback."""
    assert done.code == 1
    assert done.out == ""
    for phrase in phrases:
        assert phrase in done.err
    assert "Traceback" not in done.err
    assert "internal error" not in done.err


def flow(line: str) -> str:
    return line[1:-1].replace(", ", "\n") if line.startswith("{") else line


@pytest.mark.parametrize("name", sorted(LINES))
def test_line_of_a_case(command: Command, tmp_path: Path, name: str) -> None:
    """A wrong line is refused with file, line and field, and with what to type; no output file appears."""
    line, phrases = LINES[name]
    case = tmp_path / "cell.yaml"
    case.write_text(GOOD + flow(line) + "\n", encoding="utf-8")
    refused(command("run", case, "-o", tmp_path / "out.txt"), f"{case}:", *phrases)
    assert [path.name for path in tmp_path.iterdir()] == ["cell.yaml"]


@pytest.mark.parametrize("name", ["negative", "GPa for MPa", "unknown field", "unknown choice", "flag"])
def test_line_number_points_at_the_line(command: Command, tmp_path: Path, name: str) -> None:
    """The line number is that of the value, whatever stands above it."""
    case = tmp_path / "cell.yaml"
    case.write_text(f"# a remark\n\n{GOOD}{LINES[name][0]}\n", encoding="utf-8")
    refused(command("run", case), f"{case}:6:")


@pytest.mark.parametrize(
    ("text", "phrases"),
    [
        ("electrolyte: Li6PS5Q\nelectrode_role: anode", [":1:", "'Li6PS5Q' is not in the knowledge base", "Li6PS5Cl"]),
        ("electrolyte: LLZO\nelectrode: Li", ["electrode_role: a case needs the role", "Write cathode, anode, or"]),
        ("electrode_role: anode", ["a case needs an electrolyte or its family", "give electrolyte_family"]),
        ("electrolyte: LLZO\nelectrode_role: anodic", [":2:", "'anodic' is not one of", "Did you mean anode?"]),
        ("- electrolyte: LLZO", ["is not a case: a mapping of field names to values", "electrolyte: LLZO"]),
        ("LLZO", ["is not a case", "electrolyte: LLZO"]),
        ("[" * 90 + "]" * 90, ["too deeply nested"]),
        ("[" * 5000, ["is not valid YAML"]),
    ],
)  # fmt: skip
def test_whole_case(command: Command, tmp_path: Path, text: str, phrases: list[str]) -> None:
    """A case without what it needs, or that is no case, is refused with what to write."""
    case = tmp_path / "cell.yaml"
    case.write_text(text + "\n", encoding="utf-8")
    refused(command("run", case), f"{case}:", *phrases)


@pytest.mark.parametrize(
    ("text", "phrases"),
    [
        ('{"electrolyte": "LLZO",\n "electrode_role": }', [":2:20", "is not valid JSON"]),
        ('{"electrolyte": "LLZO"', [":1:23", "is not valid JSON"]),
        ('{"electrolyte": "LLZO", "electrode_role": "anode",\n "stack_pressure_MPa": NaN}', ["NaN is not a number"]),
        ('{"electrolyte": "LLZO", "electrode_role": "anode",\n "stack_pressure_MPa": -Infinity}', ["not a number"]),
        ('{"electrolyte": "LLZO", "electrode_role": "anode",\n "cycles_done": 1e999}', [":2:17", "not a number"]),
        (f'{{"stack_pressure_MPa": 1{"0" * 5000}}}', ["too many digits"]),
        ('{"electrolyte": "LLZO",\n "electrolyte": "LATP"}', [":2:2", "electrolyte: stands twice", "Keep one of"]),
        ('["electrolyte"]', ["is not a case"]),
        ('{"electrolyte": "\\ud800", "electrode_role": "anode"}', ["electrolyte", "cannot be seen"]),
        ("[" * 100_000, ["too deeply nested"]),
        ("[" + "1," * 250_000 + "1]", ["holds too many values"]),
    ],
)  # fmt: skip
def test_json(command: Command, tmp_path: Path, text: str, phrases: list[str]) -> None:
    """Malformed JSON, and JSON that would be read differently by others, is refused with line and column."""
    case = tmp_path / "cell.json"
    case.write_text(text, encoding="utf-8")
    refused(command("run", case), f"{case}:", *phrases)


def test_alias_bomb(command: Command, tmp_path: Path) -> None:
    """A file of a few lines that expands to billions of values is refused at once."""
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]" for i in range(1, 12)]
    case = tmp_path / "bomb.yaml"
    case.write_text("\n".join(lines), encoding="utf-8")
    refused(command("run", case), f"{case}:", "too many or too deeply nested values")


def test_alias_of_itself(command: Command, tmp_path: Path) -> None:
    """A value that contains itself is refused."""
    case = tmp_path / "loop.yaml"
    case.write_text("coating: &a [*a]\n", encoding="utf-8")
    refused(command("run", case), f"{case}:")


@pytest.mark.parametrize(
    ("raw", "phrases"),
    [
        (b"", ["is empty", "Write at least electrolyte and electrode_role"]),
        (b" \n\n", ["is empty"]),
        (b"# only a remark\n", ["is empty"]),
        (b"\x89PNG\r\n\x1a\n\0\0\0", ["is binary, not text", "Give a YAML or JSON file"]),
        (b"electrolyte: LLZO\nelectrode: \xff\xfe\n", [":2", "is not UTF-8 text", "Save the file as UTF-8"]),
    ],
)
def test_file_that_holds_no_text(command: Command, tmp_path: Path, raw: bytes, phrases: list[str]) -> None:
    """An empty or binary file is named as such, also when it comes by standard input."""
    case = tmp_path / "cell.yaml"
    case.write_bytes(raw)
    refused(command("run", case), f"{case}:", *phrases)
    refused(command("run", "-", stdin=raw), "standard input", *phrases)


def test_file_of_100_megabytes(command: Command, tmp_path: Path) -> None:
    """A file far larger than any case is refused by its size, unread; standard input is read only so far."""
    case = tmp_path / "spectra.yaml"
    with case.open("wb") as file:
        file.truncate(100_000_000)
    refused(command("run", case), f"{case}:", "is too large (100 MB, at most 1 MB)", "A case file has a few lines")
    refused(command("run", "-", stdin=b"a" * 1_000_001), "standard input", "is too large (at most 1 MB)")


def test_file_that_is_not_there(command: Command, tmp_path: Path) -> None:
    """For a missing file the nearest name beside it is offered."""
    (tmp_path / "lithium-cell.yaml").write_text(GOOD, encoding="utf-8")
    refused(command("run", tmp_path / "litium-cell.yaml"), "there is no such file", "Did you mean lithium-cell.yaml?")
    refused(command("run", tmp_path), "is a directory", "Name a file in it")


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="the superuser may read everything")
def test_file_that_may_not_be_read(command: Command, tmp_path: Path) -> None:
    """A file without permission is named with the reason."""
    case = tmp_path / "cell.yaml"
    case.write_text(GOOD, encoding="utf-8")
    case.chmod(0)
    refused(command("run", case), "cannot be read", "Permission denied")


def test_all_mistakes_of_a_case_at_once(command: Command, tmp_path: Path) -> None:
    """Wrong figures, unknown fields, an unknown electrolyte, contradictions and a missing role are told together."""
    case = tmp_path / "cell.yaml"
    lines = [
        "electrolyte: Li6PS5Q",
        "stack_pressure_MPa: 50 GPa",
        "coating: none",
        "coating_thickness_nm: 20",
        "li_p_window_low: 3",
        "li_p_window_high: 2",
        "colour: blue",
        "electrode_form: foils",
    ]
    case.write_text("\n".join(lines), encoding="utf-8")
    done = command("run", case)
    refused(done, "electrode_role: a case needs", "Li6PS5Q", "50 MPa?", "colour: is not a field", "'foils'")
    refused(done, "yet it has a thickness", "Swap li_p_window_low", "7 mistakes")
    places = [tuple(map(int, line.removeprefix(f"{case}:").split(":")[:2])) for line in done.err.splitlines()[:-1]]
    assert places == sorted(places)


def test_a_wrong_field_is_not_also_missing(command: Command, tmp_path: Path) -> None:
    """A role that is misspelt is one mistake, not two."""
    case = tmp_path / "cell.yaml"
    case.write_text("electrolyte: LLZO\nelectrode_role: anodes\n", encoding="utf-8")
    refused(command("run", case), "1 mistake;")


def test_mistakes_of_all_files_at_once(command: Command, tmp_path: Path) -> None:
    """The mistakes of several files are told together; the files that are right are still answered on the screen."""
    good, one, two = (tmp_path / f"{name}.yaml" for name in ("good", "one", "two"))
    good.write_text(GOOD, encoding="utf-8")
    one.write_text(GOOD + "stack_pressure_MPa: -1\n", encoding="utf-8")
    two.write_text(GOOD + "colour: blue\n", encoding="utf-8")
    done = command("run", good, one, tmp_path / "three.yaml", two)
    assert done.code == 1
    assert done.out.startswith("Li | Li6PS5Cl")
    for phrase in (f"{one}:4:", f"{two}:4:", "three.yaml: there is no such file", "3 mistakes"):
        assert phrase in done.err


def test_one_wrong_file_and_no_output_is_written(command: Command, tmp_path: Path) -> None:
    """With one wrong file among good ones nothing is written, and an earlier output stays as it was."""
    good, bad, out = tmp_path / "good.yaml", tmp_path / "bad.yaml", tmp_path / "out.json"
    good.write_text(GOOD, encoding="utf-8")
    bad.write_text("electrolyte: LLZO\n", encoding="utf-8")
    out.write_text("earlier", encoding="utf-8")
    refused(command("run", good, bad, "--format", "json", "-o", out, "--force"), f"{bad}:", "electrode_role")
    assert out.read_text(encoding="utf-8") == "earlier"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bad.yaml", "good.yaml", "out.json"]


def test_names_cannot_steer_the_terminal(command: Command, tmp_path: Path) -> None:
    """Escape sequences in field names are not passed on to the terminal."""
    case = tmp_path / "cell.json"
    case.write_text('{"electrolyte": "LLZO", "electrode_role": "anode", "\\u001b[31mred": 1}', encoding="utf-8")
    done = command("run", case)
    refused(done, "?[31mred: is not a field")
    assert "\x1b" not in done.err


def test_unknown_coating_is_noted_with_the_nearest_names(command: Command, tmp_path: Path) -> None:
    """A material other than the electrolyte may be unknown: the answer says what it could not judge."""
    case = tmp_path / "cell.yaml"
    case.write_text(
        "electrolyte: LPSCl\nelectrode: NMC811\nelectrode_role: cathode\ncoating: LiNbQO3\n", encoding="utf-8"
    )
    done = command("run", case)
    assert done.code == 0
    words = " ".join(done.out.split())
    assert "The coating LiNbQO3 is not in the knowledge base" in words
    assert "Did you mean LiNbO3" in words


# --- overlays

CLASH = """\
cause: soft-short
title: Another short
family: measurement
guide: []
mechanism: A second cause of the same name.
key_question: Is it shorted?
confused_with: []
prior: rare
sources: {judgement: judgement}
evidence:
  - {id: one, when: {gap_seen: true}, for: weak, group: seen, because: One., sources: {judgement: judgement}}
  - {id: two, when: {gap_seen: false}, against: weak, group: seen, because: Two., sources: {judgement: judgement}}
"""


def site(tmp_path: Path, **files: str) -> Path:
    folder = tmp_path / "site"
    for name, text in files.items():
        path = folder / name.replace("__", "/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.with_suffix(".yaml").write_text(text, encoding="utf-8")
    return folder


def test_overlay_that_clashes(command: Command, tmp_path: Path) -> None:
    """A cause that stands already is refused with both places, unless it says that it replaces the other."""
    (tmp_path / "cell.yaml").write_text(GOOD, encoding="utf-8")
    folder = site(tmp_path, rules__short=CLASH)
    done = command("run", tmp_path / "cell.yaml", "--overlay", folder)
    refused(done, "site/rules/short.yaml:1:1", "the cause soft-short stands already in rules/causes/soft-short.yaml")
    refused(done, "Write `replaces: true` to override it")
    site(tmp_path, rules__short=CLASH + "replaces: true\n")
    assert command("run", tmp_path / "cell.yaml", "--overlay", folder).code == 0


def test_overlay_of_knowledge_that_clashes(command: Command, tmp_path: Path) -> None:
    """A material that stands already is refused, with both places."""
    (tmp_path / "cell.yaml").write_text(GOOD, encoding="utf-8")
    text = "kind: electrolyte\nfamily: garnet\nmaterials:\n  llzo: {name: Our LLZO}\n"
    done = command("run", tmp_path / "cell.yaml", "--overlay", site(tmp_path, knowledge__ours=text))
    refused(done, "site/knowledge/ours.yaml:4", "the electrolyte llzo stands already in knowledge/materials/")
    refused(done, "Write `replaces: true` to override it")


def test_mistakes_of_an_overlay_at_once(command: Command, tmp_path: Path) -> None:
    """Unknown facts, slugs, keys and references in a rule are told together, each with line and nearest name."""
    (tmp_path / "cell.yaml").write_text(GOOD, encoding="utf-8")
    text = CLASH.replace("soft-short", "site-short").replace("gap_seen: true", "gap_sen: true")
    text = text.replace("confused_with: []", "confused_with: [soft-shorts]").replace(
        "judgement: judgement}}", "x: seen}}"
    )
    done = command("run", tmp_path / "cell.yaml", "--overlay", site(tmp_path, rules__short=text))
    refused(done, "site/rules/short.yaml:11:", "gap_sen", "gap_seen", "soft-shorts")
    assert len(done.err.splitlines()) >= 4


def test_overlay_that_is_not_there(command: Command, tmp_path: Path) -> None:
    """A missing overlay, and one that holds nothing, are named."""
    (tmp_path / "cell.yaml").write_text(GOOD, encoding="utf-8")
    refused(command("run", tmp_path / "cell.yaml", "--overlay", tmp_path / "no"), "there is no such overlay directory")
    (tmp_path / "empty").mkdir()
    done = command("run", tmp_path / "cell.yaml", "--overlay", tmp_path / "empty")
    refused(done, "holds no rules and no knowledge", "Put YAML files below a folder called rules or knowledge")
