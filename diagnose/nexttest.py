"""The next test: which measurement tells most about the causes for an hour of work, and what each outcome would mean.

What an outcome means is worked out by the rules from the facts that it would add to the case, so tests are compared on
the same scale as questions.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from diagnose.answers import distance
from diagnose.case import as_fact, value_of
from diagnose.data import Base
from diagnose.derived import Value
from diagnose.entry import Outcome
from diagnose.entry import Test as Entry
from diagnose.facts import facts_of
from diagnose.guidance import TestOffer, TestOutcome
from diagnose.information import told
from diagnose.quantity import Span
from diagnose.shelf import shelf
from diagnose.variants import Fields, Variants

MOST_TESTS, FAR = 5, 0.25


def offers(base: Base, fields: Fields, most: int = MOST_TESTS) -> tuple[TestOffer, ...]:
    """Tests worth doing on a case, by expected information per hour; those that destroy the cell come last.

    Left out are tests that make no sense for the cell, outcomes that contradict what is known or speak for a cause that
    cannot apply here, and tests of which fewer than two outcomes are left, of which everything is known already, or
    which tell less than `least_bits`. A joint within its range needs none; of invalid data only the measurement itself
    is in question.
    """
    scale, knowledge = base.rules.scale.asking, base.knowledge
    now = Variants(base, fields, [{}])
    verdict = now.verdict(0)
    if verdict == "healthy":
        return ()
    measuring = {cause for cause, item in base.rules.causes.items() if item.family == "measurement"}
    facts = facts_of(fields, knowledge).facts
    alive = {cause for place, cause in enumerate(now.causes) if np.isfinite(now.evidence[0, place])}
    open_: list[tuple[Entry, list[tuple[Outcome, dict[str, Value]]]]] = []
    for test in knowledge.tests.values():
        outcomes = [
            (outcome, added)
            for outcome in test.outcomes
            if outcome.then is None or outcome.then in alive
            if (added := _added(base, outcome.facts, facts)) is not None
        ]
        if (
            len(outcomes) < 2
            or not any(added for _, added in outcomes)
            or not knowledge.concerns("tests", test.id, facts)
        ):
            continue
        # Data that are not valid say nothing of causes before they are made again.
        if verdict != "invalid_data" or measuring.issuperset(test.separates):
            open_.append((test, outcomes))
    if not open_:
        return ()
    seen = Variants(base, fields, [{}, *(added for _, outcomes in open_ for _, added in outcomes)])
    usual = np.where(seen.possible[1:], [share for _, outcomes in open_ for share in _usual(outcomes)], 0.0)
    sizes = [len(outcomes) for _, outcomes in open_]
    found = told(seen.evidence, usual, sizes, seen.plain, scale.neither_share)
    made = []
    row = 0
    for place, (test, outcomes) in enumerate(open_):
        rows = range(row, row + len(outcomes))
        row += len(outcomes)
        bits = float(found.bits[place])
        if bits < scale.least_bits:
            continue
        told_ = [
            _outcome(base, seen, at, outcome, float(found.shares[at]))
            for at, (outcome, _) in zip(rows, outcomes, strict=True)
        ]
        made.append(_offer(base, test, bits, tuple(told_), float(found.rest[place])))
    made.sort(key=lambda each: (each.destructive, -each.bits_per_hour, each.test))
    return tuple(made[:most])


def _usual(outcomes: Sequence[tuple[Outcome, Mapping[str, Value]]]) -> list[float]:
    """How often outcomes come before anything is known: as told, and the others alike.

    Outcomes that add the same facts are one, however many words there are for them.
    """
    added = [each[1] for each in outcomes]
    told = [each[0].usual for each in outcomes]
    rest = max(1.0 - sum(each for each in told if each is not None), 0.0) / max(told.count(None), 1)
    return [rest / added.count(here) if share is None else share for share, here in zip(told, added, strict=True)]


def _added(base: Base, told: Mapping[str, Any], facts: Fields) -> dict[str, Value] | None:
    """What an outcome adds to what is known of a case; None where it contradicts it.

    Outcomes hold typical figures, so a known figure contradicts only from a quarter of the usual range away.
    """
    added: dict[str, Value] = {}
    for name, raw in told.items():
        field = base.knowledge.vocabulary[name]
        value, known = as_fact(value_of(field, raw)), facts.get(name)
        if known is None:
            added[name] = value
        elif isinstance(known, Span) and isinstance(value, Span):
            nearest = min(max(value.low, known.low), known.high)
            if field.usual is not None and distance(value.low, nearest, field.usual) > FAR:
                return None
        elif known != value:
            return None
    return added


def _outcome(base: Base, seen: Variants, row: int, outcome: Outcome, share: float) -> TestOutcome:
    title, chance, raised = "", None, False
    if outcome.then is not None:
        place = seen.causes.index(outcome.then)
        title = base.rules.causes[outcome.then].title
        chance = round(float(seen.probabilities[row + 1, place]), 6)
        raised = bool(seen.plain[row + 1, place] > seen.plain[0, place])
    return TestOutcome(
        shows=outcome.if_,
        speaks_for=outcome.then,
        title=title,
        share=round(share, 4),
        probability=chance,
        raised=raised,
        first=next(iter(seen.leading(row + 1, 1)), None),
    )


def _offer(base: Base, test: Entry, bits: float, outcomes: tuple[TestOutcome, ...], neither: float) -> TestOffer:
    return TestOffer(
        test=test.id,
        title=test.title,
        how=test.how,
        needs=(test.needs,) if isinstance(test.needs, str) else tuple(test.needs),
        hours=test.hours,
        destructive=test.destructive,
        bits=round(bits, 4),
        bits_per_hour=round(bits / test.hours, 4),
        separates=tuple(base.rules.causes[cause].title for cause in test.separates),
        outcomes=outcomes,
        neither=round(neither, 4),
        sources=shelf(base).cite(test.sources),
    )
