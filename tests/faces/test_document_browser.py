"""The page of a report in a real browser: on a desk, on a phone and on paper. Needs Chromium, and once axe-core."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest
from browser import Browser, Tab, binary, browser
from test_document import report, written

FOUND = binary()
pytestmark = pytest.mark.skipif(FOUND is None, reason="no Chromium or Chrome on the path")
# A4 without its margins, at 96 pixels to the inch.
DESK, PHONE, PAPER = 1280, 390, 688
PAGES = ("lpscl-lithium", "two-causes", "lco-phosphate-no-window", "garnet-lithium-clean", "invalid-measurement")
WIDE = """
[...document.querySelectorAll("body, main, .wide, td, th, p, li, dd, figure")]
    .filter(each => each.scrollWidth > each.clientWidth + 1 && !each.closest("thead"))
    .map(each => `${each.tagName}: ${each.textContent.slice(0, 60)}`)
"""
# What axe-core finds, with the elements it is about.
AXE = """
axe.run(document, {resultTypes: ["violations"]}).then(found =>
    found.violations.map(each => `${each.id}: ${each.nodes.map(node => node.html.slice(0, 120)).join(" | ")}`))
"""

Opened = Callable[[str, int], Tab]


@pytest.fixture(scope="module")
def running() -> Iterator[Browser]:
    assert FOUND
    with browser(FOUND) as started:
        yield started


@pytest.fixture
def opened(running: Browser, tmp_path: Path) -> Iterator[Opened]:
    """Opens the page of an example at a width."""
    tabs: list[Tab] = []

    def show(name: str, width: int) -> Tab:
        file = tmp_path / f"{name}.html"
        file.write_text(written(name), encoding="utf-8")
        tabs.append(Tab(running, file.as_uri(), width))
        return tabs[-1]

    yield show
    for tab in tabs:
        tab.close()


@pytest.mark.parametrize("width", [DESK, PHONE])
@pytest.mark.parametrize("name", PAGES)
def test_the_page_is_quiet_and_fits(opened: Opened, name: str, width: int) -> None:
    """Nothing is complained about, nothing else is asked for, and nothing sticks out to the side."""
    tab = opened(name, width)
    assert tab.value("document.querySelector('h1').textContent") == report(name).title
    assert tab.value("innerWidth") == width
    assert tab.value("document.documentElement.scrollWidth") <= width
    assert tab.value(WIDE) == []
    assert tab.complaints() == []


@pytest.mark.parametrize("name", PAGES)
def test_the_page_fits_on_paper(opened: Opened, name: str) -> None:
    """Printed on A4 nothing sticks out to the side, and each picture stands beside its table."""
    tab = opened(name, PAPER)
    tab.call("Emulation.setEmulatedMedia", media="print")
    assert tab.value("document.documentElement.scrollWidth") <= PAPER
    assert tab.value(WIDE) == []
    assert tab.value("getComputedStyle(document.querySelector('.pair')).display") == "grid"
    assert tab.paper().startswith(b"%PDF")


def test_words_in_pictures_can_be_read_on_a_phone(opened: Opened) -> None:
    """No word of a picture is smaller than 9 pixels on a phone."""
    tab = opened("two-causes", PHONE)
    script = "[...document.querySelectorAll('svg text')].map(each => each.getBoundingClientRect().height)"
    assert min(tab.value(script)) >= 9


@pytest.mark.skipif(find_spec("axe_core_python") is None, reason="axe-core is not installed: pip install -e '.[test]'")
@pytest.mark.parametrize("width", [DESK, PHONE])
@pytest.mark.parametrize("name", PAGES)
def test_axe_finds_nothing(opened: Opened, name: str, width: int) -> None:
    """axe-core finds no barrier: names, roles, order, contrast, captions, language."""
    spec = find_spec("axe_core_python")
    assert spec is not None
    assert spec.submodule_search_locations
    axe = Path(spec.submodule_search_locations[0]) / "axe.min.js"
    tab = opened(name, width)
    tab.value(axe.read_text(encoding="utf-8") + ";true")
    assert tab.value("axe.version") >= "4.4"
    assert tab.value(AXE) == []
