"""The command line: each command on real input, exit codes, output files, cold start."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import diagnose as package
from diagnose import Case, Report, cli, consult, diagnose
from diagnose.casefile import read_case
from diagnose.data import load

ROOT = Path(package.__file__).resolve().parent.parent
EXAMPLE = ROOT / "examples" / "lpscl-lithium.yaml"
MAIN = "import sys; from diagnose.cli import main; sys.argv[0] = 'diagnose'; main()"
Command = Callable[..., Any]


def process(*arguments: str, **options: Any) -> subprocess.CompletedProcess[bytes]:
    """The command in a Python of its own."""
    environment = {**os.environ, "COLUMNS": "100", **options.pop("env", {})}
    command = [sys.executable, "-c", MAIN, *arguments]
    return subprocess.run(command, capture_output=True, cwd=ROOT, env=environment, timeout=60, **options)


# --- run


def test_json_is_the_report_of_the_function(command: Command) -> None:
    """Command and function give the same bytes."""
    done = command("run", EXAMPLE, "--format", "json")
    assert (done.code, done.err) == (0, "")
    assert done.out == diagnose(read_case(str(EXAMPLE))).to_json()


def test_file_formats_and_standard_input_agree(command: Command, tmp_path: Path) -> None:
    """The same case from YAML, from JSON and from standard input gets the same report."""
    as_json = tmp_path / "cell.json"
    as_json.write_text(json.dumps(read_case(str(EXAMPLE)).dump()), encoding="utf-8")
    first = command("run", EXAMPLE, "--format", "json").out
    assert command("run", as_json, "--format", "json").out == first
    assert command("run", "-", "--format", "json", stdin=EXAMPLE.read_bytes()).out == first
    assert command("run", "-", "--format", "json", stdin=as_json.read_bytes()).out == first


def test_text_is_plain_unless_colour_is_asked_for(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    """Away from a terminal the text has no escapes; --color brings them, --no-color and NO_COLOR keep them away."""
    plain = command("run", EXAMPLE).out
    assert "\x1b" not in plain
    coloured = command("run", EXAMPLE, "--color").out
    assert re.sub(r"\x1b\[[0-9;]*m", "", coloured) == plain != coloured
    assert command("run", EXAMPLE, "--no-color").out == plain
    assert "\x1b" not in command("run", EXAMPLE, "--color", "--format", "markdown").out


def test_several_files(command: Command, examples: list[Path]) -> None:
    """Several files give several reports, in their order; as JSON a list, also when one of them fails."""
    texts = command("run", *examples[:3]).out
    titles = [diagnose(read_case(str(path))).title for path in examples[:3]]
    assert [title for title in titles if title in texts] == titles
    listed = json.loads(command("run", *examples[:3], "--format", "json").out)
    assert [each["title"] for each in listed] == titles
    half = command("run", examples[0], "none.yaml", "--format", "json")
    assert half.code == 1
    assert [each["title"] for each in json.loads(half.out)] == titles[:1]


def test_all_examples_at_once(command: Command, examples: list[Path]) -> None:
    """Every example is answered, in every format."""
    for form in ("text", "json", "markdown"):
        assert command("run", *examples, "--format", form).code == 0


def test_standard_input_is_read_once(command: Command) -> None:
    """Two dashes make no sense."""
    done = command("run", "-", "-", stdin=EXAMPLE.read_bytes())
    assert (done.code, done.out) == (2, "")
    assert "standard input can be read once only" in done.err


def test_output_file(command: Command, tmp_path: Path) -> None:
    """-o writes the whole file and nothing beside it, readable as any new file; nothing is printed."""
    out = tmp_path / "out.json"
    done = command("run", EXAMPLE, "--format", "json", "-o", out)
    assert done == (0, "", "")
    assert Report.model_validate_json(out.read_bytes()).title.startswith("Li | Li6PS5Cl")
    assert [path.name for path in tmp_path.iterdir()] == ["out.json"]
    (tmp_path / "usual").touch()
    assert out.stat().st_mode == (tmp_path / "usual").stat().st_mode


def test_output_is_not_overwritten(command: Command, tmp_path: Path) -> None:
    """An existing file is kept unless --force is given; then its permissions stay."""
    out = tmp_path / "out.txt"
    out.write_text("earlier", encoding="utf-8")
    out.chmod(0o640)
    done = command("run", EXAMPLE, "-o", out)
    assert (done.code, done.out) == (2, "")
    assert "exists already. Give another name, or --force to overwrite it" in done.err
    assert out.read_text(encoding="utf-8") == "earlier"
    assert command("run", EXAMPLE, "-o", out, "--force").code == 0
    assert out.read_text(encoding="utf-8").startswith("Li | Li6PS5Cl")
    assert out.stat().st_mode & 0o777 == 0o640


def test_output_never_replaces_a_case_or_a_device(command: Command, tmp_path: Path) -> None:
    """Even with --force the case itself, a folder or a device is not written over."""
    case = tmp_path / "cell.yaml"
    case.write_bytes(EXAMPLE.read_bytes())
    done = command("run", case, "-o", case, "--force")
    assert done.code == 2
    assert "is a case that is to be read" in done.err
    assert case.read_bytes() == EXAMPLE.read_bytes()
    for other in (tmp_path, Path(os.devnull)):
        done = command("run", case, "-o", other, "--force")
        assert done.code == 2
        assert "is not a file" in done.err


def test_output_into_a_folder_that_is_not_there(command: Command, tmp_path: Path) -> None:
    """A missing folder is named, with what to do."""
    done = command("run", EXAMPLE, "-o", tmp_path / "no" / "out.txt")
    assert done.code == 2
    assert "there is no folder" in done.err
    assert "Make it, or give another name" in done.err


def test_overlay_adds_a_rule(command: Command, tmp_path: Path) -> None:
    """A site's own cause takes part in the diagnosis and changes the hash of the rules."""
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "site.yaml").write_text(
        "cause: site-cause\ntitle: A cause of this site\nfamily: contact\nguide: []\nmechanism: Known here.\n"
        "key_question: Is it?\nconfused_with: []\nprior: common\nsources: {judgement: judgement}\nevidence:\n"
        "  - {id: here, when: {electrode_role: anode}, for: decisive, group: a, because: Seen here.,"
        " sources: {judgement: judgement}}\n",
        encoding="utf-8",
    )
    bare = Report.model_validate_json(command("run", EXAMPLE, "--format", "json").out)
    made = Report.model_validate_json(command("run", EXAMPLE, "--format", "json", "--overlay", tmp_path).out)
    assert "site-cause" in {cause.cause for cause in made.causes} - {cause.cause for cause in bare.causes}
    assert made.versions.rules != bare.versions.rules
    assert made.versions.knowledge == bare.versions.knowledge


# --- usage and failures


@pytest.mark.parametrize(
    ("arguments", "phrase"),
    [
        (["run"], "Missing argument"),
        (["run", "a.yaml", "--format", "pdf"], "'pdf' is not one of"),
        (["ruin"], "No such command 'ruin'"),
        (["run", "--colour"], "No such option"),
        (["rules", "show", "soft-shorts"], "Did you mean soft-short"),
        (["knowledge", "show", "Li6PS5Q"], "Did you mean Li6PS5"),
        (["schema", "cases"], "is not one of"),
        (["completion", "powershell"], "is not one of"),
        (["validate", "--seed", "x"], "not a valid integer"),
    ],
)
def test_wrong_usage(command: Command, arguments: list[str], phrase: str) -> None:
    """A command that makes no sense ends with 2 and says what would."""
    done = command(*arguments)
    assert (done.code, done.out) == (2, "")
    assert phrase in done.err
    assert "Traceback" not in done.err


def test_unexpected_failure_is_one_line(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    """A fault of the program is one line that asks to report it, without a traceback unless debugging is asked for."""

    def broken(*arguments: object) -> None:
        raise ZeroDivisionError("a\nb")

    monkeypatch.setattr(cli, "base_of", broken)
    done = command("run", EXAMPLE)
    assert (done.code, done.out) == (1, "")
    assert done.err == "diagnose: internal error (ZeroDivisionError: a b). Please report it.\n"
    monkeypatch.setenv("DIAGNOSE_DEBUG", "1")
    monkeypatch.setattr(sys, "argv", ["diagnose", "run", str(EXAMPLE)])
    with pytest.raises(ZeroDivisionError):
        cli.main()


def test_interrupt_is_quiet(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C ends the command without a traceback."""

    def stopped(*arguments: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(cli, "base_of", stopped)
    done = command("run", EXAMPLE)
    assert done.code == 130
    assert done.err.strip() == ""


@pytest.mark.skipif(os.name == "nt", reason="needs a shell with pipes")
def test_reader_that_goes_away() -> None:
    """When the reader of a pipe stops reading, the command ends without a word."""
    files = " ".join(["examples/*.yaml"] * 4)
    line = f'"{sys.executable}" -c "{MAIN}" run {files} | head -n 1'
    done = subprocess.run(["sh", "-c", line], capture_output=True, cwd=ROOT, timeout=60, text=True)
    assert len(done.stdout.splitlines()) == 1
    assert done.stderr == ""


def test_terminal_that_knows_ascii_only() -> None:
    """Where the screen cannot show a character it shows a question mark; JSON stays UTF-8."""
    environment = {"PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"}
    text = process("run", str(EXAMPLE), env=environment)
    assert (text.returncode, text.stderr) == (0, b"")
    assert b"310 ? 20" in text.stdout
    made = process("run", str(EXAMPLE), "--format", "json", env=environment)
    assert "310 ± 20" in made.stdout.decode("utf-8")


def test_bad_case_in_a_process() -> None:
    """A bad case ends the process with 1, nothing on standard output and no traceback."""
    done = process("run", "-", input=b"electrolyte: LLZO\nelectrode_role: anode\nstack_pressure_MPa: 50 GPa\n")
    assert (done.returncode, done.stdout) == (1, b"")
    assert b"standard input:3:21: stack_pressure_MPa: 50 GPa is 50000 MPa" in done.stderr
    assert b"Traceback" not in done.stderr


# --- the other commands


def test_version(command: Command) -> None:
    """--version names program and version."""
    assert command("--version").out == f"diagnose, version {package.__version__}\n"


@pytest.mark.parametrize("name", [[], ["run"], ["rules"], ["rules", "show"], ["knowledge"], ["validate"], ["schema"]])
def test_help(command: Command, name: list[str]) -> None:
    """Every command explains itself."""
    done = command(*name, "--help")
    assert done.code == 0
    assert "Usage: diagnose" in done.out
    assert not re.search(r"^  \w[\w-]*$", done.out.split("Commands:")[-1], re.MULTILINE)


def test_rules_list_and_show(command: Command) -> None:
    """Everything that is listed can be shown; a rule is shown with its condition, weight, sentence and sources."""
    listed = command("rules", "list").out.splitlines()
    assert len([line for line in listed if line.startswith("cause ")]) >= 28
    for kind in ("cause", "finding", "remedy"):
        name = next(line for line in listed if line.startswith(f"{kind} ")).split()[1].rstrip(":")
        assert command("rules", "show", name).code == 0
    shown = command("rules", "show", "stripping-voids.stripping-costs-more").out
    for phrase in ("when strip_plate_ratio", "+9.30 dB", "group current", "recalled: Kasemchainan"):
        assert phrase in shown


def test_knowledge_show(command: Command) -> None:
    """A material is found by any of its names, with units, sources and grades; fields and references are shown too."""
    by_formula = command("knowledge", "show", "Li6PS5Cl").out
    assert "conductivity_S_cm" in by_formula
    assert re.search(r"S/cm .*\[(seen|secondary|recalled|derived|judgement): [a-z0-9-]+\]", by_formula)
    assert command("knowledge", "show", "li6ps5cl").out == by_formula
    field = command("knowledge", "show", "stack_pressure_MPa").out
    assert "MPa" in field
    assert "?" in field
    assert "10.1" in command("knowledge", "show", "zhu-2015").out


def test_knowledge_sources(command: Command) -> None:
    """Every reference is listed with how much of it was read."""
    from diagnose.data import load

    lines = command("knowledge", "sources").out.splitlines()
    assert len(lines) == len(load().knowledge.references)
    assert all(re.match(r"[a-z0-9-]+ \(read: (full|abstract|digest|title|none)\): ", line) for line in lines)


def test_schema_of_a_case(command: Command, examples: list[Path]) -> None:
    """The schema knows exactly the fields of a case, accepts every example, and refuses what a case refuses."""
    import jsonschema

    made = json.loads(command("schema").out)
    assert set(made["properties"]) == {*Case.model_fields, "session"}
    assert all(each["title"] and each["description"] for each in made["properties"].values())
    checker = jsonschema.Draft202012Validator(made)
    checker.check_schema(made)
    for path in examples:
        checker.validate(read_case(str(path)).dump())
    good = {"electrolyte": "LLZO", "electrode_role": "anode"}
    checker.validate({**good, "stack_pressure_MPa": "50 bar"})
    checker.validate({**good, "session": {"electrolyte": "answered", "coating": "not applicable"}})
    assert not checker.is_valid({**good, "session": {"coating": "perhaps"}})
    wrong = {"stack_pressure_MPa": -1, "colour": 1, "wetting": "wet", "gap_seen": "no", "cycles_done": 1.5}
    for name, value in wrong.items():
        assert not checker.is_valid({**good, name: value})
    assert not checker.is_valid({"electrolyte": "LLZO"})
    assert not checker.is_valid({"electrode_role": "anode"})


def test_schema_of_a_report(command: Command, examples: list[Path]) -> None:
    """Every report follows the schema of reports."""
    import jsonschema

    made = json.loads(command("schema", "report").out)
    checker = jsonschema.Draft202012Validator(made)
    checker.check_schema(made)
    for path in examples:
        checker.validate(json.loads(diagnose(read_case(str(path))).to_json()))


def test_schema_of_a_consultation(command: Command, examples: list[Path]) -> None:
    """Every report with its guidance follows the schema of consultations."""
    import jsonschema

    made = json.loads(command("schema", "consultation").out)
    checker = jsonschema.Draft202012Validator(made)
    checker.check_schema(made)
    for path in examples:
        checker.validate(json.loads(consult(read_case(str(path)), draws=20).to_json()))


def test_schema_of_rules(command: Command) -> None:
    """Every shipped file of rules follows the schema of rules."""
    import jsonschema

    from diagnose.data import shipped

    made = json.loads(command("schema", "rules").out)
    checker = jsonschema.Draft202012Validator(made)
    checker.check_schema(made)
    for document in shipped("rules"):
        assert checker.is_valid(document.data), document.name
    assert not checker.is_valid({"cause": "a"})


def test_protocol_fits_the_cell(command: Command, tmp_path: Path) -> None:
    """Without a case the protocol has every step; with one it has the steps of that cell, in each format."""
    every = json.loads(command("protocol", "--format", "json").out)
    garnet = json.loads(command("protocol", ROOT / "examples/garnet-lithium-untreated.yaml", "--format", "json").out)
    film = json.loads(command("protocol", ROOT / "examples/lco-phosphate-within.yaml", "--format", "json").out)
    names = [{step["id"] for step in steps} for steps in (every, garnet, film)]
    assert names[1] < names[0]
    assert names[1] != names[2]
    assert "prepare-oxide" in names[1]
    assert "prepare-sulfide-or-halide" not in names[1]
    text = command("protocol", EXAMPLE).out
    assert text.startswith("1. ")
    assert "Why: " in text
    assert max(map(len, text.splitlines())) <= 100
    assert command("protocol", EXAMPLE, "--format", "markdown").out.startswith("# Protocol\n\n1. **")


def test_protocol_for_a_bad_case(command: Command, tmp_path: Path) -> None:
    """A bad case gets no protocol but its mistakes, with their places."""
    case = tmp_path / "cell.yaml"
    text = "electrode_role: anode\nelectrolyte: Zorkmid\ncoating: none\ncoating_thickness_nm: 5\n"
    case.write_text(text, encoding="utf-8")
    done = command("protocol", case)
    assert (done.code, done.out) == (1, "")
    assert f"{case}:2:14: electrolyte: 'Zorkmid' is not in the knowledge base" in done.err
    assert f"{case}:3:10: coating: The coating is said to be absent" in done.err


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion(command: Command, shell: str) -> None:
    """The completion script of each shell names the command."""
    done = command("completion", shell)
    assert done.code == 0
    assert "_DIAGNOSE_COMPLETE" in done.out


def test_completion_completes() -> None:
    """A shell that asks for the rest of a word gets the commands that begin so."""
    asked = {"_DIAGNOSE_COMPLETE": "bash_complete", "COMP_WORDS": "diagnose ru", "COMP_CWORD": "1"}
    done = process(env=asked)
    assert sorted(done.stdout.decode().split()) == ["plain,rules", "plain,run"]


def test_validate_a_file(command: Command, tmp_path: Path) -> None:
    """Labelled cases in a file are scored, as text and as JSON; the seed moves the intervals only."""
    case = {"electrolyte": "LLZO", "electrode": "Li", "electrode_role": "anode", "wetting": "poor"}
    expect = {"verdict": "faulty", "causes": ["rough-or-nonwetting-surface"], "remedies": ["lithiophilic-interlayer"]}
    labelled = {"id": "one", "title": "A case", "grade": "A", "decidable": True, "given": case, "expect": expect}
    file = tmp_path / "cases.json"
    file.write_text(json.dumps([labelled, {**labelled, "id": "two", "grade": "C"}]), encoding="utf-8")
    made = json.loads(command("validate", file, "--json").out)
    assert made["first"]["count"] == 1
    assert made["not_scored"] == 1
    other = json.loads(command("validate", file, "--json", "--seed", "7").out)
    assert other["first"]["value"] == made["first"]["value"]
    assert "first cause right" in command("validate", file).out


def test_validate_a_bad_file(command: Command, tmp_path: Path) -> None:
    """A malformed labelled case is refused with its place."""
    file = tmp_path / "cases.yaml"
    file.write_text("cases:\n  - id: one\n    title: A case\n    grade: D\n", encoding="utf-8")
    done = command("validate", file)
    assert (done.code, done.out) == (1, "")
    assert f"{file}:4:" in done.err
    assert "'D' is not one of the choices" in done.err
    assert "given: is missing" in done.err


# --- cold start


def test_import_is_light() -> None:
    """Neither the package nor its command line loads numpy, scipy, experta, pint or rich before they are needed."""
    heavy = "{'numpy', 'scipy', 'experta', 'pint', 'uncertainties', 'pydantic', 'yaml', 'rich'}"
    for module in ("diagnose", "diagnose.cli"):
        code = f"import sys, {module}; print(sorted({heavy} & set(sys.modules)))"
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
        assert done.stdout.strip() == "[]", module


def test_fields_and_materials_are_listed(command: Command) -> None:
    """`knowledge list` prints every field with what it takes, and every material with all of its names."""
    base = load().knowledge
    fields = command("knowledge", "list", "fields").out
    assert all(f"\n{name}: " in "\n" + fields for name in base.vocabulary)
    materials = command("knowledge", "list", "materials").out
    assert "electrolyte garnet: " in materials
    assert len(materials.splitlines()) == sum(
        len(base.materials[kind]) for kind in ("electrolyte", "electrode", "coating")
    )


def test_a_file_in_place_of_a_command(command: Command) -> None:
    """Who forgets `run` is told what to type."""
    done = command(EXAMPLE)
    assert done.code == 2
    assert f"diagnose run {EXAMPLE}" in done.err


def test_runs_as_a_module() -> None:
    """`python -m diagnose` is the same command."""
    done = subprocess.run([sys.executable, "-m", "diagnose", "--version"], capture_output=True, text=True, check=True)
    assert done.stdout == f"diagnose, version {package.__version__}\n"


def test_a_device_is_no_case() -> None:
    """What is neither a file nor standard input is refused unread."""
    done = process("run", os.devnull)
    assert done.returncode == 1
    assert b"is no file" in done.stderr
