"""Each shipped example gets the answer a battery scientist would defend. The table was written from the physics."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest

import diagnose as package
from diagnose import Case, Report, diagnose
from diagnose.yamlfile import parse_yaml, read_text

FOLDER = Path(package.__file__).resolve().parent.parent / "examples"


class Expected(NamedTuple):
    """Verdict; causes of which the first must be one; causes that must be supported; remedies among the first five."""

    verdict: str
    first: tuple[str, ...] = ()
    supported: tuple[str, ...] = ()
    remedies: tuple[str, ...] = ()


EXPECTED = {
    # Strip/plate asymmetry and healing at rest: voids. Less current or more pressure.
    "lpscl-lithium": Expected(
        "faulty", ("stripping-voids",), ("stripping-voids",), ("limit-stripping", "set-stack-pressure")
    ),
    # A carbonated garnet face that lithium does not wet: either name of the fault is right, both are there.
    "garnet-lithium-untreated": Expected(
        "faulty",
        ("surface-contamination", "rough-or-nonwetting-surface"),
        ("surface-contamination", "rough-or-nonwetting-surface"),
        ("lithiophilic-interlayer", "heat-treat-or-polish-surface", "acid-or-reactive-cleaning"),
    ),
    "garnet-lithium-clean": Expected("healthy", remedies=("none-needed",)),
    "lco-phosphate-below": Expected("faulty", ("li-extraction-bonding",), (), ("tune-li-p-ratio",)),
    "lco-phosphate-within": Expected("healthy", remedies=("none-needed",)),
    "lco-phosphate-above": Expected("faulty", ("li-insertion-bonding",), (), ("tune-li-p-ratio",)),
    # Water put protons into LiCoO2; heat drives them out again.
    "lco-lipon-water": Expected("faulty", ("surface-contamination",), (), ("anneal-assembled-cell",)),
    # A bare oxide on a sulfide reacts; a thin oxide between them stops it.
    "lco-sulfide-uncoated": Expected("faulty", ("electrolyte-oxidation",), (), ("cathode-coating",)),
    # The rise starts below the cathode reaction, and a twin without carbon is better.
    "nmc-lgps-carbon": Expected("faulty", ("carbon-driven-decomposition",), (), ("change-carbon",)),
    # Ti4+ is reduced to an electron conductor, so the layer never stops growing.
    "latp-lithium": Expected(
        "faulty",
        ("mixed-conducting-reduction",),
        (),
        ("reduction-barrier", "polymer-buffer-at-anode", "raise-anode-potential"),
    ),
    "latp-nmc-cosintered": Expected("faulty", ("interdiffusion",), (), ("low-temperature-bonding", "cathode-coating")),
    "peo-lfp-cold": Expected("faulty", ("polymer-too-cold",), (), ("raise-temperature", "amorphous-polymer")),
    # 4.3 V oxidises a polyether that stands about 3.9 V.
    "peo-lco-high-voltage": Expected(
        "faulty", ("electrolyte-oxidation",), (), ("narrow-voltage-window", "cathode-coating")
    ),
    "halide-sulfide-junction": Expected("faulty", ("heteroionic-junction",)),
    "invalid-measurement": Expected("invalid_data", ("invalid-spectrum",), (), ("remeasure-valid-eis",)),
    "two-causes": Expected(
        "faulty",
        ("electrolyte-oxidation", "electrode-volume-change"),
        ("electrolyte-oxidation", "electrode-volume-change"),
        ("cathode-coating",),
    ),
    # Less ohmic resistance than the pellet allows: electrons run beside the ions.
    "soft-short": Expected("faulty", ("soft-short",), (), ("stop-and-verify-short", "reduce-pressure")),
}
# Nothing but the pairing is known, and Li/P means nothing without a window: see test_guide_table.py.
ELSEWHERE = {"lco-phosphate-no-window"}


@cache
def report(name: str) -> Report:
    path = FOLDER / f"{name}.yaml"
    return diagnose(Case(**parse_yaml(read_text(path), path.name).data))


def test_every_example_is_expected_something() -> None:
    """No example lies about without a test."""
    assert {path.stem for path in FOLDER.glob("*.yaml")} == set(EXPECTED) | ELSEWHERE


def test_every_example_says_where_it_comes_from() -> None:
    """The first lines of an example name a publication, or say that figures are illustrative."""
    for path in FOLDER.glob("*.yaml"):
        lines = read_text(path).splitlines()
        head = " ".join(line for line in lines[:4] if line.startswith("#"))
        assert "llustrative" in head or "doi:" in head, path.name


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_verdict(name: str) -> None:
    """An example gets the verdict expected of it."""
    assert report(name).verdict == EXPECTED[name].verdict


@pytest.mark.parametrize("name", sorted(name for name, each in EXPECTED.items() if each.first))
def test_first_cause(name: str) -> None:
    """The cause that physics names comes first."""
    assert report(name).causes[0].cause in EXPECTED[name].first


@pytest.mark.parametrize("name", sorted(name for name, each in EXPECTED.items() if each.supported))
def test_supported_causes(name: str) -> None:
    """Every cause that is there is supported, also when there are two."""
    supported = {cause.cause for cause in report(name).causes if cause.supported}
    assert set(EXPECTED[name].supported) <= supported


@pytest.mark.parametrize("name", sorted(name for name, each in EXPECTED.items() if each.remedies))
def test_remedies(name: str) -> None:
    """A remedy that a battery scientist would try first stands among the first five."""
    first_five = {remedy.remedy for remedy in report(name).remedies[:5] if remedy.status != "contraindicated"}
    assert first_five & set(EXPECTED[name].remedies)


@pytest.mark.parametrize("name", sorted(name for name, each in EXPECTED.items() if each.remedies))
def test_right_remedies_are_not_struck_out(name: str) -> None:
    """Nothing speaks against the remedies that a battery scientist would try first."""
    struck = {remedy.remedy for remedy in report(name).remedies if remedy.status == "contraindicated"}
    assert struck & set(EXPECTED[name].remedies) == set()


def test_heat_is_struck_out_where_it_feeds_a_reaction() -> None:
    """Heating the bare oxide on a sulfide is shown struck out, with its reason."""
    (heat,) = (each for each in report("lco-sulfide-uncoated").remedies if each.remedy == "raise-temperature")
    assert heat.status == "contraindicated"
    assert heat.reasons


def test_pressing_a_shorted_lithium_cell_harder_is_not_advised() -> None:
    """Lithium at 15 MPa that shorts is not to be pressed harder; what would do so is struck out."""
    harder = {"set-stack-pressure", "pressure-conditioning", "isostatic-press"}
    statuses = [remedy.status for remedy in report("soft-short").remedies if remedy.remedy in harder]
    assert statuses
    assert set(statuses) == {"contraindicated"}


@pytest.mark.parametrize("name", sorted({*EXPECTED, *ELSEWHERE}))
def test_scores_can_be_rebuilt(name: str) -> None:
    """Prior, counted lines and what the cap took away add up to the score of every cause."""
    for cause in report(name).causes:
        counted = sum(round(line.decibans * 100) for line in cause.contributions if line.counted)
        assert round(cause.prior * 100) + counted + round(cause.clipped * 100) == round(cause.log_odds * 100)
