"""The guide's table of LiCoO2 on a phosphate film, end to end: Li/P below, within, above a window, and without one."""

from __future__ import annotations

import pytest

from diagnose import Report, diagnose

FILM = {"electrolyte": "Li3PO4", "electrolyte_family": "phosphate_film", "electrode": "LiCoO2"}
FILM |= {"electrode_role": "cathode", "electrode_form": "thin_film"}
WINDOW = {"li_p_window_low": 2.2, "li_p_window_high": 2.8}


def first_remedies(report: Report) -> list[str]:
    return [remedy.remedy for remedy in report.remedies if remedy.status != "contraindicated"][:5]


@pytest.mark.parametrize("more", [{}, {"resistance_level": "high"}, {"interfacial_resistance_ohm_cm2": 180}])
@pytest.mark.parametrize(
    ("side", "ratio", "cause"), [("below", 1.6, "li-extraction-bonding"), ("above", 3.3, "li-insertion-bonding")]
)
def test_outside_the_window(side: str, ratio: float, cause: str, more: dict[str, object]) -> None:
    """Below the window lithium leaves the electrode, above it enters; either way the composition is to be tuned."""
    for given in ({"li_p_ratio": ratio, **WINDOW}, {"li_p_position": side}):
        report = diagnose({**FILM, **given, **more})
        assert (report.verdict, report.causes[0].cause) == ("faulty", cause)
        assert "tune-li-p-ratio" in first_remedies(report)


@pytest.mark.parametrize("more", [{}, {"resistance_level": "low"}, {"interfacial_resistance_ohm_cm2": "<10"}])
@pytest.mark.parametrize("given", [{"li_p_ratio": 2.5, **WINDOW}, {"li_p_position": "within"}])
def test_within_the_window(given: dict[str, object], more: dict[str, object]) -> None:
    """Within the window the joint is healthy and nothing is to be done."""
    report = diagnose({**FILM, **given, **more})
    assert report.verdict == "healthy"
    assert report.causes == ()
    assert [remedy.remedy for remedy in report.remedies] == ["none-needed"]


@pytest.mark.parametrize("ratio", [1.6, 2.5, 3.3])
def test_without_a_window(ratio: float) -> None:
    """Li/P without a window decides nothing between extraction and insertion, and the answer asks for the window."""
    report = diagnose({**FILM, "li_p_ratio": ratio, "interfacial_resistance_ohm_cm2": 180})
    said = [note for note in report.notes if "li_p_window_low" in note]
    assert len(said) == 1
    assert "li_p_window_high" in said[0]
    assert "No bounds" in said[0] or "no bounds" in said[0]
    lines = [line.group for cause in report.causes for line in cause.contributions]
    assert "composition" not in lines
    wanted = {each.field for cause in report.causes for each in cause.wanted}
    assert wanted & {"li_p_window_low", "li_p_window_high", "li_p_position"}


def test_window_alone_asks_for_the_composition() -> None:
    """With a window and no Li/P the answer asks for Li/P."""
    report = diagnose({**FILM, **WINDOW, "resistance_level": "high"})
    assert any("li_p_ratio" in note for note in report.notes)


def test_any_ratio_without_a_window_gives_the_same_ranking() -> None:
    """Landmarks such as Li3PO4 = 3 are labels: without a window the ranking does not depend on Li/P."""
    ranks = {
        tuple((cause.cause, cause.log_odds) for cause in diagnose({**FILM, "li_p_ratio": ratio}).causes)
        for ratio in (0.5, 1, 2, 3, 4)
    }
    assert len(ranks) == 1
