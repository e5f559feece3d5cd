"""The report as a page: it stands alone, can be read without eyes, and shows nothing but what the report says."""

from __future__ import annotations

import hashlib
import math
import os
import re
import subprocess
import sys
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from htmlpage import Checked, Table, pictures, tables
from samples import guidance

import diagnose as package
from diagnose import Report, diagnose
from diagnose.data import load
from diagnose.document import page
from diagnose.guidance import Guidance
from diagnose.guidancetext import guidance_markdown, guidance_text, percent, share
from diagnose.quantity import Span, with_unit
from diagnose.scales import Scale, scales
from diagnose.texts import english
from diagnose.yamlfile import parse_yaml, read_text

ROOT = Path(package.__file__).resolve().parent.parent
NAMES = sorted(path.stem for path in (ROOT / "examples").glob("*.yaml"))
SAY = english()
WORDS = SAY.room("ui.page")
HOSTILE = '<script>alert(1)</script> & "quoted" $\\frac{$ {0} </title></td>'
MINUS = "\N{MINUS SIGN}"
LITHIUM = {"electrolyte": "Li6PS5Cl", "electrode": "Li", "electrode_role": "anode"}
FILM = {"electrolyte": "Li3PO4", "electrolyte_family": "phosphate_film", "electrode": "LiCoO2"}
KINDS: dict[str, dict[str, Any]] = {
    "undetermined": {"electrolyte": "Li6PS5Cl", "electrode_role": "anode"},
    "outside_scope": {**LITHIUM, "temperature_C": 350},
}


@cache
def report(name: str) -> Report:
    """The report on an example, or on a case of a kind of verdict."""
    if name in KINDS:
        return diagnose(KINDS[name])
    path = ROOT / "examples" / f"{name}.yaml"
    return diagnose(parse_yaml(read_text(path), path.name).data)


@cache
def guide(name: str) -> Guidance:
    """Guidance that may stand beside it."""
    return guidance(report(name), load())


@cache
def written(name: str, guided: bool = True) -> str:
    """Its page."""
    return page(report(name), guide(name) if guided else None, load())


def table(name: str, caption: str, guided: bool = True) -> Table:
    """The one table of a page with a caption."""
    (found,) = [each for each in tables(written(name, guided)) if each.caption == WORDS[caption]]
    return found


def words(text: str) -> str:
    """The text of a page without its style, on one line."""
    return " ".join(" ".join(Checked(re.sub(r"<style>.*?</style>", "", text, flags=re.DOTALL)).texts).split())


def made(case: dict[str, Any]) -> str:
    """The page on a case."""
    return page(diagnose(case), None, load())


# --- what every page keeps


@pytest.mark.parametrize("guided", [True, False], ids=["guided", "bare"])
@pytest.mark.parametrize("name", [*NAMES, *KINDS])
def test_the_page_stands_alone_and_can_be_read_without_eyes(name: str, guided: bool) -> None:
    """Well-formed, nothing loaded or run, ids once, headings in steps, tables and pictures named."""
    text = written(name, guided)
    found = Checked(text)
    assert not found.wrong
    assert not {"script", "link", "img", "iframe", "object", "image", "foreignobject", "form"} & set(found.tags)
    assert not {name for name in found.attributes if name.startswith("on") or name in ("src", "srcset")}
    assert not re.search(r"@import|url\((?!#)", text)
    anchors = re.findall(r'<a href="([^"]*)"', text)
    outside = [link for link in found.links if not link.startswith("#")]
    assert all(link.startswith("https://") and link in anchors for link in outside)
    assert all(link[1:] in found.ids for link in found.links if link.startswith("#"))
    assert max(found.ids.values(), default=1) == 1
    assert '<html lang="en">' in text
    assert (found.tags["h1"], found.tags["main"]) == (1, 1)
    assert found.headings[0] == 1
    assert all(after <= before + 1 for before, after in zip(found.headings, found.headings[1:], strict=False))
    assert found.tags["caption"] == found.tags["table"] == found.tags["thead"]
    assert len(re.findall(r"<th ", text)) == len(re.findall(r'<th scope="(?:col|row)"', text)) == found.tags["th"]
    assert all(each.rows for each in tables(text))
    shown = re.findall(r"<svg .*?</svg>", text, re.DOTALL)
    assert shown
    for picture in shown:
        named = re.search(r'aria-labelledby="([\w.-]+) ([\w.-]+)"', picture)
        assert named
        assert 'role="img"' in picture
        assert f'<title id="{named[1]}">' in picture
        assert f'<desc id="{named[2]}">' in picture


@pytest.mark.parametrize("name", [*NAMES, *KINDS])
def test_every_total_is_the_sum_of_the_lines_above_it(name: str) -> None:
    """In each table of evidence the lines shown add up to the total shown, and the picture beside it says the same."""
    found, drawn = report(name), pictures(written(name))
    accounts = [each for each in tables(written(name)) if each.foot]
    assert bool(accounts) == bool(found.causes)
    for account, cause in zip(accounts, found.causes, strict=False):
        figures = [figure for figure, _ in account.rows]
        hundredths = [round(100 * float(figure.replace(MINUS, "-"))) for figure in (*figures, account.foot[0])]
        assert sum(hundredths[:-1]) == hundredths[-1] == round(100 * cause.log_odds)
        picture = drawn[WORDS["why.title"].format(title=cause.title)]
        assert [each for each in picture if re.fullmatch(rf"[+{MINUS}]\d+\.\d\d", each)] == [*figures, account.foot[0]]


@pytest.mark.parametrize("name", NAMES)
def test_figures_of_the_ranking_stand_in_its_table(name: str) -> None:
    """Each cause has its probability, the range of the draws and how often it is first, in table and picture."""
    if not report(name).causes:
        assert WORDS["causes.caption"] not in written(name)
        return
    drawn = {each.cause: each for each in (guide(name).robustness or pytest.fail("no draws")).causes}
    rows = table(name, "causes.caption").rows
    picture = pictures(written(name))[WORDS["causes.title"]]
    for cause, row in zip(report(name).causes, rows, strict=False):
        assert row[0].startswith(f"{cause.rank}. {cause.title}")
        assert ("supported" in row[0]) == cause.supported
        assert row[1].startswith(share(cause.probability))
        assert any(each.startswith(share(cause.probability)) for each in picture)
        if cause.cause in drawn:
            assert row[1].endswith(f"{share(drawn[cause.cause].low)} to {share(drawn[cause.cause].high)}")
            assert row[2] == percent(drawn[cause.cause].first)
    rest = report(name).causes[len(rows) :]
    assert all(f"{each.title} {share(each.probability)}" in words(written(name)) for each in rest)


@pytest.mark.parametrize("name", [*NAMES, *KINDS])
def test_figures_of_the_scales_stand_in_their_tables(name: str) -> None:
    """What is drawn on a scale stands in a table, and its bands and landmarks in a sentence, both as in the picture."""
    text = words(written(name))
    for scale in scales(report(name), guide(name).plan, load()):
        picture = pictures(written(name))[scale.title]
        assert scale.says in text
        for lane in scale.lanes:
            assert lane.figure in picture
            assert [lane.label, lane.figure] in [
                [row[0][: len(lane.label)], row[1]] for each in tables(written(name)) for row in each.rows
            ]
        for band in scale.bands:
            assert band.label in picture
            assert f"{band.label} {band.figure}" in text
        for value, label in scale.landmarks:
            assert label in picture
            assert f"{label} {value:g}" in text


@pytest.mark.parametrize("guided", [True, False], ids=["guided", "bare"])
@pytest.mark.parametrize("name", NAMES)
def test_the_plan_is_a_table_in_its_order(name: str, guided: bool) -> None:
    """The first remedies stand with all that belongs to them, the next by name, and none that is struck out."""
    remedies = [each for each in report(name).remedies if each.rank is not None]
    plan = {each.remedy: each for each in guide(name).plan.steps}
    text = words(written(name, guided))
    rows = table(name, "plan.caption", guided).rows
    for remedy, (head, how, _, predicted, effort, hazards) in zip(remedies, rows, strict=False):
        assert head == f"{remedy.rank}. {remedy.title} {remedy.status}"
        assert all(part in how for part in (words(remedy.how), remedy.verify, *remedy.settings))
        expected = plan[remedy.remedy].predicted if guided else None
        assert (expected is None) == (predicted == WORDS["plan.not_known"])
        assert SAY("ui.plan.reversible" if remedy.reversible else "ui.plan.irreversible") in effort
        assert SAY("ui.page.plan.cost", cost=SAY(f"ui.cost.{remedy.cost}")) in effort
        assert bool(remedy.hazards) == (hazards != WORDS["plan.no_hazards"])
    assert all(each.title in text for each in remedies)


@pytest.mark.parametrize("name", NAMES)
def test_what_must_not_be_done_is_struck_out_in_words_too(name: str) -> None:
    """A contraindicated remedy is struck through, follows the word NOT, and has its reason."""
    struck = re.findall(r"<li><strong>NOT</strong> <del>(.*?)</del>\. (.*?)</li>", written(name))
    expected = [each for each in report(name).remedies if each.status == "contraindicated"]
    assert len(struck) == min(len(expected), 8)
    for remedy, (title, reason) in zip(expected, struck, strict=False):
        assert words(title) == remedy.title
        assert words(reason).startswith(words(remedy.reasons[0].because))


@pytest.mark.parametrize("name", NAMES)
def test_every_source_that_is_named_is_listed_with_its_place(name: str) -> None:
    """Each source of what counts is linked to the list at the end, where its DOI is a link."""
    text = written(name)
    counted = [line for cause in report(name).causes[:1] for line in cause.contributions if line.counted]
    for source in (source for line in counted for source in line.sources):
        assert f'href="#source-{source.ref}"' in text
        (entry,) = re.findall(rf'<li id="source-{re.escape(source.ref)}">(.*?)</li>', text)
        known = load().knowledge.references[source.ref]
        assert not known.doi or f'<a href="https://doi.org/{known.doi}">' in entry


# --- kinds of verdicts


def test_a_sound_joint_has_a_short_page() -> None:
    """A healthy interface is told so, without causes and evidence, with its scales and the advice to leave it."""
    text = words(written("garnet-lithium-clean", guided=False))
    assert "Healthy. The resistance is acceptable" in text
    for heading in ("causes.heading", "why.heading", "find.heading", "open.heading"):
        assert f"<h2>{WORDS[heading]}</h2>" not in written("garnet-lithium-clean", guided=False)
    assert "2 ohm cm2 is excellent" in text
    assert "Nothing to repair" in text


def test_doubtful_data_are_measured_again_first() -> None:
    """Of an invalid measurement the page says first how to measure again."""
    text = written("invalid-measurement")
    assert "Invalid data." in words(text)
    headings = re.findall(r"<h2>(.*?)</h2>", text)
    assert headings[0] == SAY("ui.report.measure_again")
    assert all(words(step.do) in words(text) for step in report("invalid-measurement").protocol)


@pytest.mark.parametrize("kind", KINDS)
def test_an_answer_that_is_none_is_told_with_what_would_help(kind: str) -> None:
    """An undetermined case, or one out of scope, has its reasons and how to measure."""
    assert report(kind).verdict == kind
    text = words(written(kind, guided=False))
    assert f"{SAY(f'ui.verdict.{kind}')}. {' '.join(report(kind).because)}" in text
    assert SAY("ui.report.measure_again") in text


# --- scales


def scale(name: str, **case: Any) -> Scale | None:
    """A scale of a case."""
    return next((each for each in scales(diagnose(case), None, load()) if each.name == name), None)


def test_a_bound_is_open_to_its_side() -> None:
    """`<10` and `>136` are lines without an end on one side; ± is a line of one standard uncertainty to each side."""
    ends = []
    for text in ("<10", ">136", "310 ± 20", "600-900"):
        found = scale("severity", **LITHIUM, interfacial_resistance_ohm_cm2=text)
        assert found
        ends.append((found.lanes[0].span, found.lanes[0].point, found.lanes[0].figure))
    (below, *_), (above, *_), (sigma, point, figure), (span, middle, _) = ends
    assert below.low == -math.inf
    assert below.high == pytest.approx(10)
    assert (above.low, above.high) == (pytest.approx(136), math.inf)
    assert (sigma, point, figure) == (Span(290, 330), 310, "310 ± 20 ohm cm2")
    assert (span, middle) == (Span(600, 900), None)


@pytest.mark.parametrize(
    ("target", "bands"),
    [
        (None, ["excellent up to 5", "acceptable 5 to 20", "poor 20 to 100", "severe above 100"]),
        (15, ["excellent up to 5", "acceptable 5 to 15", "poor 15 to 100", "severe above 100"]),
        (3, ["acceptable up to 3", "poor 3 to 100", "severe above 100"]),
        (200, ["excellent up to 5", "acceptable 5 to 200", "severe above 200"]),
    ],
)
def test_a_target_moves_what_is_acceptable(target: float | None, bands: list[str]) -> None:
    """A target has a line of its own, and the bands are those by which the report judges: no value has two names."""
    case = {**LITHIUM, **({} if target is None else {"target_resistance_ohm_cm2": target})}
    found = scale("severity", **case, interfacial_resistance_ohm_cm2=310)
    assert found
    assert [lane.figure for lane in found.lanes[1:]] == ([] if target is None else [f"up to {target} ohm cm2"])
    assert [f"{band.label} {band.figure}" for band in found.bands] == bands
    for value in (1, 4, 10, 18, 50, 150, 400):
        report = diagnose({**case, "interfacial_resistance_ohm_cm2": value})
        (band,) = [band for band in found.bands if band.span.low < value <= band.span.high]
        assert band.label == report.severity.level


def test_a_window_of_li_p_is_never_made_up() -> None:
    """Without a window the page says that none is published; the phosphates are landmarks with their ratios."""
    text = words(written("lco-phosphate-no-window"))
    assert "No bounds of the low-resistance window are published" in text
    assert "LiPO3 1; Li4P2O7 2; Li3PO4 3" in text
    film = {**FILM, "electrode_role": "cathode"}
    assert scale("li-p", **film) is None
    window = scale("li-p", **film, li_p_ratio=1.6)
    assert window
    assert [lane.kind for lane in window.lanes] == ["case"]


@pytest.mark.parametrize(("ratio", "position"), [(1.6, "below"), (2.5, "within"), (3.1, "above"), ("2-2.5", "partly")])
def test_the_place_of_the_film_is_told(ratio: object, position: str) -> None:
    """Li/P lies below, within, above or partly within the window given."""
    found = scale("li-p", **FILM, electrode_role="cathode", li_p_ratio=ratio, li_p_window_low=2.2, li_p_window_high=2.8)
    assert found
    assert f"lies {position}" in found.says


def test_pressure_and_voltage_stand_against_their_windows() -> None:
    """The window of the pairing, of the electrolyte and of a coating stand there with their sources, and the cell."""
    case = {"electrolyte": "Li6PS5Cl", "electrode": "NMC811", "electrode_role": "cathode", "coating": "LiNbO3"}
    case |= {"stack_pressure_MPa": "50 bar", "upper_cutoff_V": 4.3, "lower_cutoff_V": 2.5}
    pressure, voltage = scale("pressure", **case), scale("voltage", **case)
    assert pressure
    assert voltage
    assert [(lane.kind, lane.figure) for lane in pressure.lanes] == [("window", "5 to 150 MPa"), ("case", "50 bar")]
    assert pressure.lanes[1].point == 5
    labels = [lane.label for lane in voltage.lanes]
    assert labels == ["Li6PS5Cl is stable", "LiNbO3 is stable", "NMC811, usual potential", "Voltage limits of the cell"]
    assert voltage.lanes[-1].span == Span(2.5, 4.3)
    assert all(lane.sources for lane in (*pressure.lanes[:1], *voltage.lanes[:3]))


@pytest.mark.parametrize(
    ("text", "shown"),
    [("310", "310 MPa"), ("50 bar", "50 bar"), ("1e-3", "1e-3 MPa"), ("2 to 5", "2 to 5 MPa"), ("85(5)", "85(5) MPa")],
)
def test_a_unit_is_added_where_none_was_written(text: str, shown: str) -> None:
    """A figure gets the unit of its field unless it has one."""
    assert with_unit(text, "MPa") == shown


# --- what a person typed, and what was not known


def test_hostile_names_are_text() -> None:
    """What a person typed is shown as typed, in the head, the pictures and the tables, and does nothing."""
    case = {"electrolyte": HOSTILE, "electrolyte_family": "sulfide", "electrode": HOSTILE, "electrode_role": "cathode"}
    text = made({**case, "upper_cutoff_V": 4.3, "interfacial_resistance_ohm_cm2": 300, "stack_pressure_MPa": 5})
    found = Checked(text)
    assert not found.wrong
    assert not found.tags["script"]
    assert found.tags["title"] == 1 + found.tags["svg"]
    assert sum("<script>alert(1)</script>" in each for each in found.texts) > 3


def test_hostile_guidance_is_text() -> None:
    """Words of the guidance do nothing either, on the page and in Markdown."""
    plain = guide("lpscl-lithium")
    told = plain.model_dump()
    told["contrast"]["says"] = told["plan"]["says"] = told["questions"][0]["why"] = f"{HOSTILE}\x1b[31m\u202e"
    odd = Guidance.model_validate(told, strict=False)
    text = page(report("lpscl-lithium"), odd, load())
    found = Checked(text)
    assert not found.wrong
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f\u202a-\u202e]", text)
    assert not found.tags["script"]
    assert "\\<script\\>" in guidance_markdown(odd)


def test_what_was_asked_and_not_known_is_told() -> None:
    """Fields that were asked and are not known, or do not apply, are listed; those that were answered are not."""
    asked = {"gap_seen": "unknown", "soc_ratio": "not applicable", "temperature_C": "answered"}
    text = page(report("lpscl-lithium"), None, load(), asked)
    (found,) = [each for each in tables(text) if each.caption == WORDS["case.asked"]]
    assert [(row[0].split()[-1], row[1]) for row in found.rows] == [
        ("gap_seen", "unknown"),
        ("soc_ratio", "not applicable"),
    ]
    assert WORDS["case.asked"] not in written("lpscl-lithium")


def test_the_case_is_shown_as_it_was_given() -> None:
    """Every field of the case stands with its question and its value as written."""
    rows = table("lpscl-lithium", "case.given").rows
    assert [row[0].split()[-1] for row in rows] == list(report("lpscl-lithium").case)
    given = {row[0].split()[-1]: row[1] for row in rows}
    assert given["interfacial_resistance_ohm_cm2"] == "310 ± 20 ohm cm2"
    assert given["stack_pressure_MPa"] == "2 MPa"
    assert given["rest_recovery_percent"] == "70 percent"


def test_the_page_says_what_its_figures_are_worth_and_what_made_it() -> None:
    """Probabilities are judgement and not calibrated; the page ends with the versions."""
    text = words(written("two-causes"))
    assert "judgement and are not calibrated" in text
    versions = report("two-causes").versions
    assert [row[1] for row in table("two-causes", "versions.caption").rows] == list(versions.model_dump().values())


# --- the same bytes, and without matplotlib

CODE = """
import hashlib, sys
from pathlib import Path
sys.path[:0] = ["tests/advice", "tests"]
from samples import guidance
from diagnose import diagnose
from diagnose.data import load
from diagnose.document import page
from diagnose.texts import english
from diagnose.yamlfile import parse_yaml, read_text
for name in sys.argv[1:]:
    report = diagnose(parse_yaml(read_text(Path("examples") / f"{name}.yaml"), name).data)
    print(hashlib.sha256(page(report, guidance(report, load()), load()).encode()).hexdigest())
"""


@pytest.mark.parametrize("seed", ["0", "42"])
def test_the_same_bytes_in_another_process(seed: str) -> None:
    """A new process with another hash seed writes the same page, byte for byte."""
    names = ("two-causes", "lco-phosphate-below")
    done = subprocess.run(
        [sys.executable, "-c", CODE, *names],
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
        env={**os.environ, "PYTHONHASHSEED": seed},
    )
    assert done.stdout.split() == [hashlib.sha256(written(name).encode()).hexdigest() for name in names]


def test_a_style_of_the_site_changes_nothing() -> None:
    """The page is the same when a site has its own matplotlib style."""
    import matplotlib as mpl

    with mpl.rc_context({"font.size": 20, "axes.grid": True, "svg.fonttype": "path"}):
        assert page(report("two-causes"), guide("two-causes"), load()) == written("two-causes")


def test_the_page_comes_without_matplotlib(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without matplotlib the same tables are there, and one line says how to get the pictures."""
    for name in [name for name in sys.modules if name.partition(".")[0] == "matplotlib"]:
        monkeypatch.setitem(sys.modules, name, None)
    text = page(report("two-causes"), guide("two-causes"), load())
    assert not Checked(text).wrong
    assert "<svg" not in text
    assert tables(text) == tables(written("two-causes"))
    assert text.count("pip install &quot;ssb-diagnose[plot]&quot;") == 1
    assert "ssb-diagnose[plot]" not in written("two-causes")


def test_the_language_of_the_page_is_that_of_the_base() -> None:
    """The page says which language it is in."""
    assert '<html lang="de">' in page(report("lpscl-lithium"), None, replace(load(), language="de"))


# --- the same in words


@pytest.mark.parametrize("name", NAMES)
def test_guidance_reads_alike_as_text_and_as_markdown(name: str) -> None:
    """Text and Markdown have the same headings and the same words in the same order."""
    plain, marked = guidance_text(guide(name), 80), guidance_markdown(guide(name))
    assert all(len(line) <= 80 for line in plain.splitlines())
    bare = re.sub(r"\\(.)", r"\1", re.sub(r"(?m)^(## | *- )", "", marked))
    assert re.sub(r"(?m)^ +- ", "", plain).split() == bare.split()
    for told in (guide(name).contrast, guide(name).change, guide(name).stop):
        assert told is None or words(told.says) in " ".join(plain.split())
    for question in guide(name).questions:
        assert question.field in plain


def test_no_guidance_no_words() -> None:
    """Where there is nothing to say, nothing is said."""
    empty = guide("lpscl-lithium").model_copy(
        update={"robustness": None, "contrast": None, "change": None, "questions": (), "stop": None, "tests": ()}
    )
    assert guidance_text(empty) == guidance_markdown(empty) == ""


@pytest.mark.parametrize(
    ("value", "probability", "part"),
    [
        (0, "0.00", "0 %"),
        (0.001, "<0.01", "<1 %"),
        (0.5, "0.50", "50 %"),
        (0.9951, ">0.99", ">99 %"),
        (1, "1.00", "100 %"),
    ],
)
def test_no_doubt_is_rounded_away(value: float, probability: str, part: str) -> None:
    """A probability or a share that is neither 0 nor 1 is not shown as one of them."""
    assert (share(value), percent(value)) == (probability, part)
