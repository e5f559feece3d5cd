"""The next test: chances that fit the ranking, and only tests that make sense for the cell."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from partial import base

from diagnose import Case
from diagnose.guidance import TestOffer as Offer
from diagnose.nexttest import offers
from diagnose.question import asking, first_asked
from diagnose.validation import library
from diagnose.variants import Variants, fields_of

FILM = {"electrolyte": "LiPON", "electrode": "LiCoO2", "electrode_role": "cathode", "electrode_form": "thin_film"}
GARNET = {"electrolyte": "LLZO", "electrode": "Li", "electrode_role": "anode", "resistance_level": "high"}
MANY = 60


def offered(case: dict[str, Any], most: int = MANY) -> dict[str, Offer]:
    return {each.test: each for each in offers(base(), fields_of(Case.model_validate(case)), most)}


def plain_chances(case: dict[str, Any]) -> dict[str, float]:
    """Probabilities as they are without a verdict."""
    seen = Variants(base(), fields_of(Case.model_validate(case)), [{}])
    return dict(zip(seen.causes, (1 / (1 + 10 ** (-seen.plain[0] / 1000))).tolist(), strict=True))


def test_outcomes_never_promise_more_than_the_ranking() -> None:
    """Over all published cases: what a test may find of a cause, times its chance, is at most the chance it has now."""
    for case in library(base()):
        chances = plain_chances(case.given)
        for offer in offered(case.given, 5).values():
            assert sum(each.share for each in offer.outcomes) + offer.neither == pytest.approx(1, abs=1e-3)
            for cause in {each.speaks_for for each in offer.outcomes if each.speaks_for}:
                mine = [each for each in offer.outcomes if each.speaks_for == cause and each.probability is not None]
                promised = sum(each.share * each.probability for each in mine if each.probability is not None)
                assert promised <= chances[cause] + 0.02, (case.id, offer.test, cause)


def test_answers_average_to_what_is_known() -> None:
    """Over all published cases: the chances after the answers to a question average to the present within 0.15."""
    for case in library(base()):
        fields = fields_of(Case.model_validate(case.given))
        if first_asked(base(), fields) is None:
            found = asking(base(), fields)
            plain = 1 / (1 + 10 ** (-found.outlook.variants.plain / 1000))
            for name in found.best[:5]:
                rows = np.array(found.outlook.rows(name))
                average = found.outlook.told.shares[rows] @ plain[rows + 1]
                assert np.abs(average - plain[0]).max() < 0.16, (case.id, name)


def test_a_rare_cause_is_found_rarely() -> None:
    """A soft short that stands at a few percent is not what a leak test will mostly show."""
    found = offered({**GARNET, "trend_on_cycling": "growing"})["leak-and-intercept"]
    short = next(each for each in found.outcomes if each.speaks_for == "soft-short")
    assert short.share < 0.1
    assert short.probability is not None
    assert short.probability > 0.8


def test_tests_that_make_no_sense_for_the_cell_are_not_offered() -> None:
    """No melting series without a polymer, no pressure sweep of a sputtered film, no carbon control without carbon."""
    film = offered({**FILM, "resistance_level": "high", "carbon_additive": "none"})
    assert not set(film) & {
        "arrhenius-across-melting", "calorimetry-of-the-polymer", "pressure-sweep", "unload-and-reload",
        "leak-and-intercept", "carbon-free-control", "three-layer-cell", "loading-series", "clean-the-garnet",
    }  # fmt: skip
    assert not set(offered(GARNET)) & {"surface-of-the-active-material", "surface-li-p", "anneal-or-bombardment"}


def test_outcomes_that_contradict_the_case_are_dropped() -> None:
    """With no response to pressure on record, no outcome says that the resistance falls with pressure."""
    found = offered({**GARNET, "pressure_response": "none"})
    for offer in found.values():
        test = base().knowledge.tests[offer.test]
        said = {each.if_: each.facts for each in test.outcomes}
        assert all(said[each.shows].get("pressure_response", "none") == "none" for each in offer.outcomes)


def test_a_healthy_joint_needs_no_test() -> None:
    """Nothing is looked for where nothing is wrong."""
    assert offered({**GARNET, "resistance_level": "low"}) == {}


def test_an_outcome_that_only_excludes_others_says_what_stands_first() -> None:
    """Where no rule raises the cause of an outcome, the words name the cause that is first then."""
    found = offered(GARNET)["half-amplitude"]
    kept = next(each for each in found.outcomes if each.speaks_for == "insufficient-contact-pressure")
    assert not kept.raised
    assert kept.first is not None
