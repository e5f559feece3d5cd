"""Expected information: closed forms, and what holds for any scores."""

from __future__ import annotations

import math

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from partial import FEW

from diagnose.information import told


def one(now: list[float], rows: list[list[float]], usual: list[float] | None = None) -> float:
    """Bits of one question."""
    shares = np.array(usual or [1.0] * len(rows))
    return float(told(np.array([now, *rows]), shares, [len(rows)]).bits[0])


def test_a_question_that_decides_between_two_equal_hypotheses_tells_one_bit() -> None:
    """One cause at even odds against none, and answers that settle it: a bit, less what is left at 30 dB."""
    left = 1 / 1001
    entropy = -left * math.log2(left) - (1 - left) * math.log2(1 - left)
    # However rare the first answer is held to be: half of the time it must come.
    found = one([0.0], [[3000.0], [-3000.0]], [1.0, 1000.0])
    assert abs(found - (1 - entropy)) < 0.02


def test_what_moves_no_cause_tells_nothing() -> None:
    """Answers after which every cause stands where it stood carry no information."""
    assert one([-600.0, -900.0], [[-600.0, -900.0]] * 3) == 0.0


def test_what_moves_all_hypotheses_alike_tells_nothing() -> None:
    """With one answer only there is nothing to learn, however far it moves the causes."""
    assert one([-600.0, -900.0], [[600.0, 300.0]]) == 0.0


def test_an_answer_that_cannot_be_counts_for_nothing() -> None:
    """A question whose other answer is impossible tells nothing."""
    assert one([0.0], [[3000.0], [-3000.0]], [1.0, 0.0]) < 1e-9


def test_causes_that_are_out_are_no_hypotheses() -> None:
    """Answers that only move a cause that is ruled out tell nothing."""
    assert one([-np.inf, -600.0], [[2000.0, -600.0], [-2000.0, -600.0]]) == 0.0


tables = st.integers(1, 4).flatmap(
    lambda causes: st.tuples(
        arrays.arrays(float, causes, elements=st.floats(-2000, 2000)),
        st.lists(
            st.integers(1, 4).flatmap(
                lambda rows: arrays.arrays(float, (rows, causes), elements=st.floats(-3000, 3000))
            ),
            min_size=1,
            max_size=4,
        ),
    )
)


@FEW
@given(table=tables)
def test_information_is_never_negative_and_never_more_than_the_doubt(table: tuple) -> None:
    """A question tells between nothing and the entropy of the hypotheses; answers of each sum to one."""
    now, questions = table
    sizes = [len(each) for each in questions]
    found = told(np.vstack([now, *questions]), np.ones(sum(sizes)), sizes)
    doubt = -float((found.weights * np.log2(found.weights)).sum())
    assert (found.bits >= 0).all()
    assert (found.bits <= doubt + 1e-9).all()
    start = 0
    for size in sizes:
        assert abs(found.shares[start : start + size].sum() - 1) < 1e-9
        start += size


@FEW
@given(table=tables)
def test_with_a_rest_the_chances_never_average_to_more_than_they_are(table: tuple) -> None:
    """What the outcomes of a test would make of a cause, weighted by their shares, is at most its chance now, about."""
    now, questions = table
    sizes = [len(each) for each in questions]
    rows = np.concatenate(questions)
    found = told(np.vstack([now, rows]), np.ones(sum(sizes)), sizes, rest=0.2)
    chances = found.shares[:, None] / (1 + 10 ** (-rows / 1000))
    before = 1 / (1 + 10 ** (-now / 1000))
    start = 0
    for size, rest in zip(sizes, found.rest, strict=True):
        average = chances[start : start + size].sum(axis=0)
        assert (average <= before + 0.1).all()
        assert (average + rest >= before - 0.1).all()
        assert abs(found.shares[start : start + size].sum() + rest - 1) < 1e-9
        start += size


def test_a_sign_of_a_rare_cause_is_rare() -> None:
    """A cause of 3 % that one of two outcomes raises to 95 % gives that outcome a share of at most 3.2 %."""
    rare, sure = 1000 * math.log10(0.03 / 0.97), 1000 * math.log10(0.95 / 0.05)
    found = told(np.array([[rare], [sure], [rare]]), np.ones(2), [2], rest=0.2)
    assert 0.01 < found.shares[0] < 0.035


@FEW
@given(table=tables)
def test_questions_do_not_depend_on_their_neighbours(table: tuple) -> None:
    """What a question tells is the same alone and among others."""
    now, questions = table
    sizes = [len(each) for each in questions]
    together = told(np.vstack([now, *questions]), np.ones(sum(sizes)), sizes).bits
    alone = [told(np.vstack([now, each]), np.ones(len(each)), [len(each)]).bits[0] for each in questions]
    assert np.allclose(together, alone, atol=1e-9)
