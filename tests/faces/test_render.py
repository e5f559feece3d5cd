"""Reports as text and Markdown: sums that add up, nothing taken for markup, the same characters every time."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import pytest

import diagnose as package
from diagnose import Report, diagnose, render
from diagnose.report import Step
from diagnose.texts import english
from diagnose.yamlfile import parse_yaml, read_text

FOLDER = Path(package.__file__).resolve().parent.parent / "examples"
NAMES = sorted(path.stem for path in FOLDER.glob("*.yaml"))
ESCAPES = re.compile(r"\x1b\[[0-9;]*m")
WEIGHT = re.compile(r"^ +([+-]\d+\.\d\d) dB  ", re.MULTILINE)


@cache
def report(name: str) -> Report:
    path = FOLDER / f"{name}.yaml"
    return diagnose(parse_yaml(read_text(path), path.name).data)


def flat(text: str) -> str:
    return " ".join(text.split())


@pytest.mark.parametrize("name", NAMES)
def test_lines_of_each_account_add_up(name: str) -> None:
    """Prior and counted lines of an account, as printed, add up to the total printed below them."""
    accounts = re.split(r"^Why: ", render.text(report(name)), flags=re.MULTILINE)[1:]
    assert bool(accounts) == bool(report(name).causes)
    for account in accounts:
        figures = [round(float(figure) * 100) for figure in WEIGHT.findall(account.split("\n\n")[0])]
        assert sum(figures[:-1]) == figures[-1]


@pytest.mark.parametrize("name", NAMES)
def test_text_tells_the_answer(name: str) -> None:
    """The text names the pair, the verdict, the first causes, what to do, what not to do, hazards, notes, versions."""
    made, text = report(name), flat(render.text(report(name)))
    assert text.startswith(made.title)
    assert render.verdict(made.verdict) in text
    assert all(flat(why) in text for why in made.because)
    for cause in made.causes[:5]:
        assert f"{cause.rank}. {cause.probability:.2f} {cause.title}" in text
    usable = [each for each in made.remedies if each.status != "contraindicated"]
    for remedy in usable[:6]:
        assert f"{remedy.rank}. {remedy.title} ({remedy.remedy}; {remedy.status}" in text
    for remedy in usable[:3]:
        assert flat(f"Check: {remedy.verify}") in text
        assert all(flat(setting) in text for setting in remedy.settings)
    for remedy in [each for each in made.remedies if each.status == "contraindicated"][:6]:
        assert flat(f"NOT {remedy.title} ({remedy.remedy}): {remedy.reasons[0].because}") in text
    assert all(flat(english()(f"ui.hazard.{hazard}")) in text for hazard in made.hazards)
    assert all(flat(note) in text for note in made.notes)
    assert made.versions.rules[:12] in text


@pytest.mark.parametrize("name", NAMES)
def test_every_counted_line_names_rule_source_and_grade(name: str) -> None:
    """Each counted line of the first account is shown with its sentence, its rule, the grade and the facts."""
    text = flat(render.text(report(name)))
    for line in report(name).causes[0].contributions if report(name).causes else ():
        if line.counted:
            assert flat(f"{render.decibans(line.decibans)} {line.because} [{line.sources[0].grade}:") in text
            assert flat(f"{line.rule.split('.', 1)[1]}: {line.facts[0].name} = {line.facts[0].value}") in text
        else:
            assert f"{line.rule.split('.', 1)[1]} ({render.decibans(line.decibans)})" in text


@pytest.mark.parametrize("width", [60, 80, 100, 120])
def test_lines_keep_the_width(width: int) -> None:
    """No line is wider than asked, down to 60 characters, but for the bars, which are not broken."""
    for name in NAMES:
        for line in render.text(report(name), width).splitlines():
            assert len(line) <= width or line.endswith((".", "#")), line
            assert line == line.rstrip()


@pytest.mark.parametrize("name", NAMES)
def test_colour_changes_no_character(name: str) -> None:
    """Without its escapes the coloured text is the plain text, character by character."""
    plain = render.text(report(name), 100)
    coloured = render.coloured(plain)
    assert ESCAPES.sub("", coloured) == plain
    assert coloured != plain
    assert "\x1b" not in plain


def test_contraindicated_remedies_are_struck_through() -> None:
    """On a terminal the title of a remedy that must not be used is struck through; its reason is not."""
    coloured = render.coloured(render.text(report("lpscl-lithium"), 100))
    struck = re.findall(r"\x1b\[9m([^\x1b]+)\x1b", coloured)
    assert "Press the stack from all sides" in struck
    assert not any("Lithium creeps" in words for words in struck)


def test_markdown_strikes_through_too() -> None:
    """In Markdown a contraindicated remedy is struck through and followed by its reason."""
    made = render.markdown(report("lpscl-lithium"))
    assert "- ~~Press the stack from all sides~~ Lithium creeps" in made


@pytest.mark.parametrize("name", NAMES)
def test_markdown_is_complete(name: str) -> None:
    """The Markdown lists every remedy, all that was not judged or was ruled out, and each account with its sum."""
    made, text = report(name), render.markdown(report(name))
    assert text.endswith("\n")
    assert not text.endswith("\n\n")
    for titled in (*made.remedies, *made.not_judged, *made.ruled_out):
        assert render.inline(titled.title) in text
    for cause in render.explained(made) if made.causes else ():
        table = text.split(f"### Why: {render.inline(cause.title)}\n\n", 1)[1].split("\n\n")[0].splitlines()
        rows = [[cell.strip(" *") for cell in row.strip("|").split(" | ")] for row in table[2:]]
        sums = [round(float(row[0].removesuffix(" dB")) * 100) for row in rows if "screened off by" not in row[1]]
        assert sum(sums[:-1]) == sums[-1]


def test_tables_of_markdown_keep_their_columns() -> None:
    """A bar in a title or sentence does not break a table."""
    for name in NAMES:
        for row in (line for line in render.markdown(report(name)).splitlines() if line.startswith("|")):
            assert len(re.findall(r"(?<!\\)\|", row)) in (4, 5)


def test_names_in_markdown_are_no_markup() -> None:
    """What a person typed is shown as typed and is not taken for HTML, links, tables or emphasis."""
    made = diagnose(
        {
            "electrolyte": "<script>alert(1)</script> [x](y) *a* `b` | ~~c~~ _d_",
            "electrolyte_family": "sulfide",
            "electrode_role": "anode",
        }
    )
    head = render.markdown(made).splitlines()[0]
    assert head.count("\\<") == 2
    for sign in ("\\[x\\]", "\\*a\\*", "\\`b\\`", "\\|", "\\~\\~c", "\\_d\\_"):
        assert sign in head


def test_healthy_answer_is_short() -> None:
    """A healthy joint gets no causes and no accounts, and is told that nothing need be done."""
    for text in (render.text(report("garnet-lithium-clean")), render.markdown(report("garnet-lithium-clean"))):
        assert "HEALTHY" in text
        assert "Why: " not in text
        assert "Causes" not in text
        assert "Nothing" in text or "nothing" in text


def test_doubtful_data_get_the_protocol() -> None:
    """An invalid measurement is answered with how to measure again."""
    made = report("invalid-measurement")
    for text in (render.text(made), render.markdown(made)):
        assert "INVALID DATA" in text
        assert "How to measure again" in text
        assert flat(made.protocol[0].do)[:40] in flat(text)


def test_missing_window_is_asked_for() -> None:
    """Without an Li/P window the text says so and names the fields to give."""
    text = flat(render.text(report("lco-phosphate-no-window")))
    assert "no bounds are published" in text
    assert "li_p_window_low" in text


@pytest.mark.parametrize(
    ("probability", "bar"), [(0.0, "." * 20), (0.5, "#" * 10 + "." * 10), (0.976, "#" * 20), (1.0, "#" * 20)]
)
def test_bar(probability: float, bar: str) -> None:
    """A bar has twenty places and fills with the probability."""
    assert render.bar(probability) == bar


def test_same_report_same_characters() -> None:
    """Rendering twice, and in any order, gives the same characters."""
    first = [(render.text(report(name)), render.markdown(report(name))) for name in NAMES]
    second = [(render.text(report(name)), render.markdown(report(name))) for name in reversed(NAMES)]
    assert first == second[::-1]


def test_a_json_report_renders_the_same() -> None:
    """A report read back from its JSON gives the same text."""
    made = report("two-causes")
    again = Report.model_validate_json(made.to_json())
    assert render.text(again) == render.text(made)


def test_steps_as_text() -> None:
    """Steps are numbered and say what to do and why."""
    made = render.plain_steps([Step(id="a", title="First", do="Do this.", why="That is why.")], 60)
    assert made == "1. First\n   Do this.\n   Why: That is why.\n"
