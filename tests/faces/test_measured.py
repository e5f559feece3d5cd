"""What was measured, shown: the same figures in pictures, tables, text and Markdown, in every language."""

from __future__ import annotations

import math
import re
import sys
from collections.abc import Iterator
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import measuredsamples as samples
import pytest
from browser import Browser, Tab, binary, browser
from htmlpage import Checked, pictures, tables
from hypothesis import given
from hypothesis import strategies as st
from test_document import LITHIUM, words
from test_document_browser import AXE, DESK, PAPER, PHONE, WIDE

from diagnose import Report, diagnose, render
from diagnose.data import load
from diagnose.document import page
from diagnose.lawpictures import LawPictures
from diagnose.measured import MeasuredCircuit, Measurement
from diagnose.measuredfigures import arc_name, circuit_unit, figure, file_name
from diagnose.measuredtext import measured_markdown, measured_text
from diagnose.measuredwords import MOST_POINTS, MOST_SPECTRA
from diagnose.nyquistpictures import NyquistPictures
from diagnose.spectrumpictures import SpectrumPictures
from diagnose.texts import english

SAY = english()
MADE: dict[str, Any] = {
    "all": samples.measurement(),
    "single": samples.single(),
    "few": Measurement(spectra=(samples.lumped(),), series=(samples.series(),), fields=(samples.field(),)),
    "none": Measurement(),
    "empty": Measurement(spectra=(samples.empty(),)),
    "hostile": samples.hostile(),
}
ANYTHING: dict[str, Any] = {
    **MADE,
    "spectrum": samples.spectrum(),
    "lumped": samples.lumped(),
    "untold": samples.untold(),
    "series": samples.series(),
}


@cache
def report(name: str, language: str = "en") -> Report:
    """A report with a measurement beside it."""
    made = diagnose({**LITHIUM, "interfacial_resistance_ohm_cm2": "350.3 ± 7.1"}, language=language)
    return made.model_copy(update={"measured": MADE[name]})


@cache
def written(name: str, language: str = "en") -> str:
    """Its page."""
    return page(report(name, language), None, load(language=language))


def described(picture: str) -> str:
    """What is read aloud of a picture."""
    found = re.search(r"<desc [^>]*>(.*?)</desc>", picture, re.DOTALL)
    assert found
    return found[1]


# --- figures


@pytest.mark.parametrize(
    ("value", "sigma", "unit", "told"),
    [
        (310.04, 20.3, "ohm", "310 ± 20 ohm"),
        (310.04, 1.234, "ohm", "310.0 ± 1.2 ohm"),
        (12345.0, 230.0, "ohm", "12.35 ± 0.23 kohm"),
        (3.2e-9, 2.1e-10, "F", "3.20 ± 0.21 nF"),
        (2.1e5, 0.0, "Hz", "210 kHz"),
        (0.93, 0.012, "", "0.930 ± 0.012"),
        (0.93, 0.0996, "", "0.93 ± 0.10"),
        (2.0, 1500.0, "ohm", "0 ± 1500 ohm"),
        (3e-8, 2.6e-3, "", "0.0000 ± 0.0026"),
        (2e7, 3e8, "", "(0.2 ± 3.0)e8"),
        (1.2e6, 3.1e5, "", "(1.20 ± 0.31)e6"),
        (2e-5, None, "S s^n", "2e-5 S s^n"),
        (0.0, 0.5, "ohm", "0.00 ± 0.50 ohm"),
        (0.0, None, "ohm", "0 ohm"),
        (310.0, math.inf, "ohm", "~3.1e+02 ohm"),
    ],
)
def test_figures_have_two_digits_of_their_uncertainty(value: float, sigma: float | None, unit: str, told: str) -> None:
    """A figure ends where the second digit of its standard uncertainty does, with a prefix that keeps it short."""
    assert figure(value, sigma, unit) == told


@given(
    st.floats(1e-14, 1e11).flatmap(lambda value: st.tuples(st.just(value), st.floats(1e-4, 3.0).map(value.__mul__))),
    st.sampled_from(["", "ohm", "F", "Hz", "s"]),
)
def test_a_figure_is_told_to_a_small_part_of_its_uncertainty(pair: tuple[float, float], unit: str) -> None:
    """Read back, a figure and its uncertainty differ from the true ones by less than a twentieth of the uncertainty."""
    told = figure(*pair, unit)
    found = re.fullmatch(r"\(?(-?[\d.]+) ± ([\d.]+)\)?(?:e(-?\d+))?(?: ([fpnumkMG]?)(ohm|F|Hz|s))?", told)
    assert found
    power = int(found[3] or 0) + dict(zip("fpnum kMG", range(-15, 10, 3), strict=True)).get(found[4] or " ", 0)
    value, sigma = (float(each) * 10.0**power for each in found.group(1, 2))
    assert abs(value - pair[0]) <= 0.0501 * pair[1] * 1.01
    assert sigma == pytest.approx(pair[1], rel=0.051)


@pytest.mark.parametrize(
    ("name", "unit"),
    [("R1", "ohm"), ("C12", "F"), ("CPE1.Q", "S s^n"), ("CPE1.n", ""), ("Wo_2.tau", "s"), ("W", "ohm s^-0.5")],
)
def test_parameters_of_circuits_have_units(name: str, unit: str) -> None:
    """What a parameter of a circuit is measured in follows from its name."""
    assert circuit_unit(name) == unit


@pytest.mark.parametrize("path", ["cell.mpr", "/data/x/cell.mpr", "C:\\data\\cell.mpr"])
def test_no_folder_of_a_machine_is_shown(path: str) -> None:
    """Of a path only the name of the file is shown."""
    assert file_name(path) == "cell.mpr"


# --- words


@pytest.mark.parametrize("language", ["en", "de"])
@pytest.mark.parametrize("name", ANYTHING)
def test_text_and_markdown_say_the_same(name: str, language: str) -> None:
    """Text keeps to its width, and has the same words as Markdown, but for heads that a narrow text repeats."""
    texts = load(language=language).knowledge.texts
    marked = measured_markdown(ANYTHING[name], texts)
    bare = re.sub(r"\\(.)", r"\1", re.sub(r"(?m)^(#+ |- |\|[-|]+\|$)|(?<!\\)\|", "", marked))
    for width in (60, 100):
        plain = measured_text(ANYTHING[name], texts, width)
        assert all(len(line) <= width for line in plain.splitlines())
        # Punctuation round cells differs; every word and figure must be there.
        missing = set(re.findall(r"[\w.±]+", bare)) - set(re.findall(r"[\w.±]+", plain))
        assert {each for each in missing if not each.endswith((".", ":"))} <= set(re.findall(r"\w+", head_words(texts)))
    assert len(re.findall(r"(?m)^#", marked)) == len(re.findall(r"(?m)^\S", plain)) or name == "hostile"


def head_words(texts: Any) -> str:
    """The first heads of tables, which a narrow text leaves out."""
    names = ("arcs.arc", "overview.spectrum", "fields.field", "parameter", "law.name")
    return " ".join(texts(f"ui.measured.{each}") for each in names)


def test_a_spectrum_is_told_from_points_to_fields() -> None:
    """All that is known of a spectrum stands in its text, with figures as their uncertainties allow."""
    plain = measured_text(samples.spectrum(blocking=True), SAY, 110)
    told = [
        "cell-07.mpr, spectrum 1",
        "61 points; left out: 3 (inductive); 1 (mains).",
        "Area: 1.13 cm2 (stated in the case).",
        "KK-consistent: residuals 0.14 % rms",
        "Series resistance: 25.00 ± 0.52 ohm.",
        "1. Grain boundaries",
        "140.0 ± 2.8 ohm",
        "5.41 ± 0.33 nF",
        "210 ± 10 kHz",
        "0.930 ± 0.012",
        "Grain boundaries 0.91; Bulk of the electrolyte 0.06",
        "Its capacitance per area fits.",
        "Tail at low frequency: a constant phase element (Q = 2e-5 S s^n, n = 0.88).",
        "The fit leaves 0.2 % of the modulus rms; chi2 against the noise 1.1.",
        "4. Times the area of 1.13 cm2: 350.3 ± 7.1 ohm cm2.",
        "interfacial_resistance_ohm_cm2  350.3 ± 7.1",
    ]
    places = [plain.find(each) for each in told]
    assert -1 not in places, told[places.index(-1)]
    assert places == sorted(places)


def test_nobody_is_told_that_a_cell_stood_still() -> None:
    """A spectrum that obeys Kramers-Kronig is called consistent, never stationary, in no language."""
    for language in ("en", "de"):
        spoken = " ".join(load(language=language).knowledge.texts.room("ui.measured").values())
        assert not re.search(r"stationary|stationär|steady", spoken)
    assert "Not KK-consistent" in measured_text(samples.untold())
    assert "Not KK-consistent" not in measured_text(samples.spectrum())


def test_what_cannot_be_told_is_said_with_its_reason() -> None:
    """Where there are no parameters, the reason stands for them; an arc that is likely nothing has no name."""
    plain = measured_text(samples.untold(), SAY, 200)
    assert f"Cannot tell: {samples.untold().reason}." in plain
    assert "The fit leaves" not in plain
    unknown = samples.lumped().arcs[1]
    assert arc_name(unknown, SAY) == "cannot tell"
    even = samples.arc(1).model_copy(
        update={"elements": tuple(each.model_copy(update={"probability": 0.49}) for each in samples.arc(1).elements)}
    )
    assert arc_name(even, SAY) == "cannot tell"
    lumped = measured_text(samples.lumped(), SAY, 200)
    assert "2. cannot tell" in lumped
    assert "450.0 ± 4.2 ohm: the peaks lie too near to each other" in lumped
    assert "Area: not known" in lumped
    assert "Symmetric cell" in lumped


def test_a_law_is_told_with_what_was_tried_and_doubted() -> None:
    """A law has its parameters, the laws that were tried, doubts and points; one that cannot be told says so once."""
    plain = measured_text(samples.series(), SAY, 120)
    for each in ("R_inf      12.0 ± 2.4", "power     0.06", "<0.01", "6 points are few", "253 ± 10", "and 1 more"):
        assert each in plain
    assert plain.count("Cannot tell: too few points.") == 1
    silent = samples.series().model_copy(update={"laws": (samples.lawless().model_copy(update={"says": ""}),)})
    assert measured_text(silent).count("Cannot tell: too few points.") == 1


def test_much_is_counted_and_not_listed() -> None:
    """Of a series with many points the ends are told; of many spectra the rest stand in one table."""
    x = tuple(float(each) for each in range(1, MOST_POINTS + 2))
    long = samples.law().model_copy(update={"x": x, "resistance": x, "sigma": ()})
    made = samples.series().model_copy(update={"laws": (long,)})
    assert f"{len(x)} points with stack_pressure_MPa from 1 to {len(x)}" in measured_text(made, SAY, 120)
    many = Measurement(spectra=(samples.spectrum(),) * (MOST_SPECTRA + 2))
    assert measured_text(many).count("Step by step") == MOST_SPECTRA
    assert "Further spectra" in measured_text(many)


def test_fields_of_the_only_source_are_told_once() -> None:
    """A case that was filled from one spectrum lists its fields once; of several each has its own."""
    assert measured_text(samples.single()).count("arc_frequency_Hz") == 1
    plain = measured_text(samples.measurement())
    assert plain.count("pressure_exponent") == 2
    assert plain.rstrip().endswith("- area_cm2")


def test_a_circuit_that_was_asked_for_has_its_values() -> None:
    """A fitted circuit has a table with units; one that could not be fitted has its reason."""
    values = {"R1": (140.0, 3.1), "CPE1.Q": (2e-6, 1e-7), "CPE1.n": (0.9, 0.01)}
    made = MeasuredCircuit(circuit="p(R1,CPE1)", reason="", values=values, rms_percent=0.4)
    plain = measured_text(samples.spectrum().model_copy(update={"circuit": made}), SAY, 120)
    for each in ("p(R1,CPE1)", "140.0 ± 3.1 ohm", "(2.00 ± 0.10)e-6 S s^n", "0.900 ± 0.010", "0.4 %"):
        assert each in plain
    none = made.model_copy(update={"reason": "too few points", "values": {}})
    assert "Cannot tell: too few points." in measured_text(samples.untold().model_copy(update={"circuit": none}))


@pytest.mark.parametrize("language", ["en", "de"])
def test_a_report_has_a_section_of_what_was_measured(language: str) -> None:
    """Text and Markdown of a report hold the account under its heading; a report without it has none."""
    found, texts = report("all", language), load(language=language).knowledge.texts
    bare = found.model_copy(update={"measured": None})
    for shown in (render.text, render.markdown):
        whole = shown(found, texts=texts)
        assert texts("ui.measured.heading") in whole
        assert "350.3 ± 7.1" in whole
        assert texts("ui.measured.fields.heading") not in shown(bare, texts=texts)
    assert measured_text(found.measured or MADE["none"], texts).strip() in render.text(found, texts=texts)
    assert f"## {texts('ui.measured.heading')}" in render.markdown(found, texts=texts)


# --- pictures


def test_a_nyquist_plot_tells_its_content_in_a_sentence() -> None:
    """Read aloud, the plot has its range and each arc with name, resistance and frequency; seen, it has its number."""
    draw = NyquistPictures(SAY)
    picture = draw.nyquist("x", samples.spectrum())
    told = described(picture)
    assert told.startswith("61 points from 7 MHz to 1 Hz; the real part runs from")
    assert "1 Grain boundaries 140.0 ± 2.8 ohm at 210 ± 10 kHz; 2 Interface with the electrode 310.0 ± 6.3 ohm" in told
    (seen,) = pictures(picture).values()
    assert {"1 Grain boundaries", "310.0 ± 6.3 ohm", "1 MHz", "Z', ohm"} <= set(seen)
    assert samples.untold().reason in described(draw.nyquist("x", samples.untold()))
    assert SAY("ui.measured.in_sum") in described(draw.nyquist("x", samples.lumped()))


def test_a_nyquist_plot_has_equal_axes() -> None:
    """An ohm is as long to the right as it is upwards, with a tail and without."""
    for blocking in (False, True):
        picture = NyquistPictures(SAY).nyquist("x", samples.spectrum(blocking))
        steps = []
        for axis in ("x", "y"):
            found = []
            for tick in ElementTree.fromstring(picture).iter("g"):
                if tick.get("id", "").startswith(f"x-{axis}tick_"):
                    (mark,), (label,) = tick.iter("use"), tick.iter("text")
                    found.append((float(label.text or ""), float(mark.get(axis, ""))))
            (a, b), (c, d) = found[0], found[-1]
            steps.append(abs((d - b) / (c - a)))
        assert steps[0] == pytest.approx(steps[1], rel=1e-3)


def test_a_tail_far_beyond_the_arcs_is_cut_and_counted() -> None:
    """A blocking tail does not press the arcs together; how many points lie outside is told in the picture."""
    (seen,) = pictures(NyquistPictures(SAY).nyquist("x", samples.spectrum(blocking=True))).values()
    (note,) = [each for each in seen if "lie outside" in each]
    assert int(note.split()[0]) > 3
    (seen,) = pictures(NyquistPictures(SAY).nyquist("x", samples.spectrum())).values()
    assert not [each for each in seen if "lie outside" in each]


def test_bode_residuals_and_times_tell_their_content() -> None:
    """Read aloud they have their ends, extremes and the peaks; of relaxation times, that R is never taken from them."""
    draw = SpectrumPictures(SAY)
    told = described(draw.bode("x", samples.spectrum()))
    assert re.match(r"The modulus goes from [\d.]+ ohm at 7 MHz to 473.\d ohm at 1 Hz, the phase lies between", told)
    assert "The fit leaves 0.2 % rms." in told
    assert "Nothing could be fitted." in described(draw.bode("x", samples.untold()))
    told = described(draw.residuals("x", samples.spectrum()))
    assert "The fit leaves 0.2 % rms" in told
    assert "KK-consistent: residuals 0.14 % rms and 0.46 % at most." in told
    told = described(draw.relaxation("x", samples.spectrum()))
    assert "R is never taken from it" in told
    assert "1 Grain boundaries at tau = 757.9 ns; 2 Interface with the electrode at tau = 353.7 us." in told


def test_a_few_wild_residuals_do_not_hide_the_others() -> None:
    """Points far out are drawn at the edge as triangles, and counted."""
    wild = samples.spectrum()
    values = (900.0, *wild.curves.kk_real_percent[1:])
    wild = wild.model_copy(update={"curves": wild.curves.model_copy(update={"kk_real_percent": values})})
    (seen,) = pictures(SpectrumPictures(SAY).residuals("x", wild)).values()
    assert SAY("ui.measured.picture.beyond", title=SAY("ui.measured.picture.word.left_kk"), count=1) in seen


def test_a_law_is_drawn_with_its_points() -> None:
    """Read aloud, the picture of a law has its range and its sentence; axes are logarithmic where factors count."""
    picture = LawPictures(SAY).law("x", samples.law())
    told = described(picture)
    assert told.startswith("6 points with stack_pressure_MPa from 2 to 100; R lies between 22.26 and")
    assert samples.law().says in told
    (seen,) = pictures(picture).values()
    assert {"2", "5", "10", "20", "50", "100", "one standard uncertainty", "measured"} <= set(seen)
    (linear,) = pictures(LawPictures(SAY).law("x", samples.law("time_h"))).values()
    assert "80" in linear


def test_nothing_is_drawn_of_nothing() -> None:
    """Without points there are no pictures, and the page says what there is in words."""
    none = samples.empty()
    spectrum = SpectrumPictures(SAY)
    assert NyquistPictures(SAY).nyquist("x", none) == spectrum.bode("x", none) == ""
    assert spectrum.residuals("x", none) == spectrum.relaxation("x", none) == ""
    bare = samples.lawless().model_copy(update={"x": (), "resistance": ()})
    assert LawPictures(SAY).law("x", bare) == ""
    assert "Cannot tell: there are no points." in words(written("empty"))


# --- the page


@pytest.mark.parametrize(("name", "language"), [*((name, "en") for name in MADE), ("all", "de")])
def test_the_page_with_a_measurement_can_be_read_without_eyes(name: str, language: str) -> None:
    """Well-formed, ids once, headings in steps, tables and pictures named, nothing loaded, nothing run."""
    text = written(name, language)
    found = Checked(text)
    assert not found.wrong
    assert not {"script", "link", "img", "iframe", "object", "image", "foreignobject"} & set(found.tags)
    assert not re.search(r"@import|url\((?!#)", text)
    assert max(found.ids.values()) == 1
    assert all(link[1:] in found.ids for link in found.links if link.startswith("#"))
    assert all(after <= before + 1 for before, after in zip(found.headings, found.headings[1:], strict=False))
    assert found.tags["caption"] == found.tags["table"]
    assert found.tags["desc"] == found.tags["svg"] == found.tags["title"] - 1
    assert len(re.findall(r"<th ", text)) == len(re.findall(r'<th scope="(?:col|row)"', text)) == found.tags["th"]


def test_the_page_shows_what_the_text_says() -> None:
    """Every arc, step, doubt and field of the text stands on the page, the arcs in a table with the same figures."""
    text = words(written("all"))
    for spectrum in samples.measurement().spectra:
        assert all(step in text for step in spectrum.steps)
        assert spectrum.reason in text
    (rows, _) = [each.rows for each in tables(written("all")) if each.caption == SAY("ui.measured.arcs.caption")]
    assert rows[1][0].startswith("2. Interface with the electrode")
    assert rows[1][1:] == ["310.0 ± 6.3 ohm", "1.141 ± 0.070 uF", "450 ± 22 Hz", "0.860 ± 0.012"]
    taken = [each for each in tables(written("all")) if each.caption == SAY("ui.measured.fields.taken")]
    assert [row for each in taken for row in each.rows] == [
        ["interfacial_resistance_ohm_cm2", "350.3 ± 7.1"],
        ["pressure_exponent", "0.8 ± 0.032"],
    ]
    assert len(pictures(written("all"))) > len(pictures(written("none"))) + 10


def test_a_page_without_a_measurement_has_no_such_section() -> None:
    """Without a measurement neither the section nor its style is there."""
    bare = page(report("all").model_copy(update={"measured": None}), None, load())
    assert f"<h2>{SAY('ui.measured.heading')}</h2>" not in bare
    assert ".measured" not in bare


def test_hostile_names_of_files_are_text() -> None:
    """What stands in a file does nothing on the page, and is no markup in Markdown."""
    found = Checked(written("hostile"))
    assert not found.tags["script"]
    assert sum("<script>alert(1)</script>" in each for each in found.texts) > 5
    assert "\\<script\\>" in measured_markdown(MADE["hostile"])


def test_the_same_measurement_gives_the_same_page() -> None:
    """Drawn anew, also under a style of the site, the page has the same bytes."""
    import matplotlib as mpl

    with mpl.rc_context({"font.size": 20, "axes.grid": True, "svg.fonttype": "path"}):
        assert page(report("single"), None, load()) == written("single")


def test_tables_and_words_stand_without_matplotlib(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without matplotlib the page has the same tables and no pictures."""
    for name in [name for name in sys.modules if name.partition(".")[0] == "matplotlib"]:
        monkeypatch.setitem(sys.modules, name, None)
    text = page(report("all"), None, load())
    assert "<svg" not in text
    assert sorted(tables(text)) == sorted(tables(written("all")))


# --- in a browser

FOUND = binary()
needs_browser = pytest.mark.skipif(FOUND is None, reason="no Chromium or Chrome on the path")


@pytest.fixture(scope="module")
def running() -> Iterator[Browser]:
    assert FOUND
    with browser(FOUND) as started:
        yield started


@pytest.fixture
def opened(running: Browser, tmp_path: Path, name: str, width: int, language: str) -> Iterator[Tab]:
    """A page at a width."""
    file = tmp_path / "page.html"
    file.write_text(written(name, language), encoding="utf-8")
    tab = Tab(running, file.as_uri(), width)
    yield tab
    tab.close()


@needs_browser
@pytest.mark.parametrize("name", ["all"])
@pytest.mark.parametrize("language", ["en", "de"])
@pytest.mark.parametrize("width", [DESK, PHONE, PAPER])
def test_the_page_fits_and_is_quiet(opened: Tab, width: int) -> None:
    """Nothing sticks out to the side on a desk, a phone and paper; words in pictures can be read; nothing is loaded."""
    if width == PAPER:
        opened.call("Emulation.setEmulatedMedia", media="print")
    assert opened.value("document.documentElement.scrollWidth") <= width
    assert opened.value(WIDE) == []
    assert opened.complaints() == []
    if width != PAPER:
        script = "[...document.querySelectorAll('.measured svg text')].map(each => each.getBoundingClientRect().height)"
        assert min(opened.value(script)) >= 9
    inside = """[...document.querySelectorAll('.measured svg')].flatMap(svg => {
        const box = svg.getBoundingClientRect();
        return [...svg.querySelectorAll('text')].filter(each => {
            const at = each.getBoundingClientRect();
            return at.left < box.left - 1 || at.right > box.right + 1 || at.top < box.top - 1;
        }).map(each => each.textContent);
    })"""
    assert opened.value(inside) == []


@needs_browser
@pytest.mark.skipif(find_spec("axe_core_python") is None, reason="axe-core is not installed: pip install -e '.[test]'")
@pytest.mark.parametrize(("name", "language"), [("few", "en")])
@pytest.mark.parametrize("width", [DESK, PHONE])
def test_axe_finds_nothing(opened: Tab) -> None:
    """axe-core finds no barrier on the page with a measurement."""
    spec = find_spec("axe_core_python")
    assert spec is not None
    assert spec.submodule_search_locations
    axe = Path(spec.submodule_search_locations[0]) / "axe.min.js"
    opened.value(axe.read_text(encoding="utf-8") + ";true")
    assert opened.value(AXE) == []
