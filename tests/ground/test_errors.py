"""Errors: one tree, problems that say where and what to type, and nearest names that obey their laws."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import time
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import diagnose as package
from diagnose.errors import (
    CaseError,
    DataError,
    DiagnoseError,
    FileError,
    KnowledgeError,
    Problem,
    RuleError,
    UsageError,
    did_you_mean,
    nearest,
)
from diagnose.quantity import QuantityError

OF_DATA = (CaseError, RuleError, KnowledgeError, FileError)
FULL = Problem("is not a number", "cell.yaml", 4, 21, "stack_pressure_MPa", "Write a figure.")


def own_exceptions() -> Iterator[type[BaseException]]:
    """Every exception class that a module of the package defines."""
    for found in pkgutil.walk_packages(package.__path__, "diagnose."):
        if found.name.endswith("__main__"):
            continue
        module = importlib.import_module(found.name)
        for _, each in inspect.getmembers(module, inspect.isclass):
            if issubclass(each, BaseException) and each.__module__ == found.name:
                yield each


# --- the tree


def test_every_exception_of_the_package_is_a_diagnose_error() -> None:
    """Whatever the package raises on purpose can be caught as DiagnoseError."""
    found = set(own_exceptions())
    assert {DiagnoseError, DataError, *OF_DATA, UsageError, QuantityError} <= found
    assert [each for each in found if not issubclass(each, DiagnoseError)] == []


@pytest.mark.parametrize("kind", OF_DATA)
def test_mistakes_in_data_are_data_errors(kind: type[DataError]) -> None:
    """Mistakes in a case, a rule book, a knowledge base or a file are data errors, so they end with exit code 1."""
    assert issubclass(kind, DataError)
    assert not issubclass(kind, UsageError)


def test_misuse_is_not_an_error_in_data() -> None:
    """A command used in a way that makes no sense is no data error, so it ends with exit code 2."""
    assert not issubclass(UsageError, DataError)
    assert not issubclass(QuantityError, DataError)


def test_public_error_is_the_base() -> None:
    """The error that the package offers at its top is the base of the tree."""
    assert package.DiagnoseError is DiagnoseError


@pytest.mark.parametrize("kind", [DataError, *OF_DATA])
def test_data_error_holds_all_problems(kind: type[DataError]) -> None:
    """A data error keeps every problem in order, from any iterable, and its text has one problem a line."""
    problems = [FULL, Problem("is missing", field="electrode_role"), Problem("is empty", "a.yaml")]
    for given_as in (problems, tuple(problems), iter(problems)):
        error = kind(given_as)
        assert error.problems == tuple(problems)
        assert str(error).split("\n") == [str(each) for each in problems]


# --- the text of a problem


def test_text_of_a_problem() -> None:
    """A problem reads `file:line:column: field: message. hint`."""
    assert str(FULL) == "cell.yaml:4:21: stack_pressure_MPa: is not a number. Write a figure."


@pytest.mark.parametrize(
    ("problem", "text"),
    [
        (Problem("m"), "m"),
        (Problem("m", hint="Do."), "m. Do."),
        (Problem("m", "f"), "f: m"),
        (Problem("m", "f", 3), "f:3: m"),
        (Problem("m", "f", 3, 7), "f:3:7: m"),
        (Problem("m", field="a.0.b"), "a.0.b: m"),
        (Problem("m", "f", field="a"), "f: a: m"),
    ],
)
def test_unknown_parts_are_left_out(problem: Problem, text: str) -> None:
    """A part of a problem that is not known leaves no trace in its text."""
    assert str(problem) == text


@settings(derandomize=True, deadline=None, max_examples=200)
@given(
    st.sampled_from(["", "a.yaml", "standard input"]),
    st.integers(0, 9999),
    st.integers(0, 999),
    st.sampled_from(["", "coating", "causes.0.when"]),
    st.sampled_from(["", "Leave it out."]),
)
def test_text_holds_every_known_part_in_order(file: str, line: int, column: int, field: str, hint: str) -> None:
    """File, line, column, field, message and hint stand in this order, and never a zero for an unknown place."""
    text = str(Problem("went wrong", file, line, column, field, hint))
    parts = [*(str(each) for each in (file, line, column, field) if each), "went wrong", *([hint] if hint else [])]
    at = 0
    for part in parts:
        at = text.index(part, at) + len(part)
    assert at == len(text)
    assert text.count(":") == sum(1 for each in (file, line, column, field) if each)


def test_problems_are_values() -> None:
    """Equal problems are one, so a mistake found twice is told once, and a list of them can be sorted."""
    twin = Problem("is not a number", "cell.yaml", 4, 21, "stack_pressure_MPa", "Write a figure.")
    assert twin == FULL
    assert len({twin, FULL}) == 1
    assert sorted([Problem("b"), Problem("a", "z"), Problem("a", "y")])[0] == Problem("a", "y")
    with pytest.raises(AttributeError):
        FULL.line = 5  # type: ignore[misc]


# --- nearest names

WORDS = st.text(st.sampled_from("abcdefgABC_ -."), max_size=12)
NAMES = st.lists(WORDS, max_size=12)


def plain(word: str) -> str:
    return "".join(letter for letter in word.lower() if letter.isalnum())


@settings(derandomize=True, deadline=None, max_examples=500)
@given(WORDS, NAMES, st.integers(0, 5))
def test_nearest_offers_some_of_the_choices_once(word: str, choices: list[str], most: int) -> None:
    """What is offered is among the choices, each once, and no more than asked for."""
    found = nearest(word, choices, most)
    assert set(found) <= set(choices)
    assert len(found) == len(set(found)) <= most


@settings(derandomize=True, deadline=None, max_examples=300)
@given(WORDS, NAMES, st.randoms(use_true_random=False))
def test_nearest_does_not_depend_on_the_order_of_choices(word: str, choices: list[str], random: object) -> None:
    """The same names are offered in the same order, however the choices are ordered or repeated."""
    shuffled = [*choices, *choices[:3]]
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert nearest(word, shuffled) == nearest(word, choices)


@settings(derandomize=True, deadline=None, max_examples=300)
@given(WORDS, NAMES)
def test_the_word_itself_comes_first(word: str, choices: list[str]) -> None:
    """A choice that differs only in case, spaces and punctuation is offered before all others."""
    if plain(word):
        first = nearest(word, [*choices, word.upper()])[0]
        assert plain(first) == plain(word)


@settings(derandomize=True, deadline=None, max_examples=300)
@given(WORDS, NAMES)
def test_case_and_punctuation_do_not_matter(word: str, choices: list[str]) -> None:
    """A word is looked up without its case, spaces and punctuation."""
    assert nearest(f" {word.upper()}-_.", choices) == nearest(word, choices)


@settings(derandomize=True, deadline=None, max_examples=300)
@given(st.lists(st.sampled_from("abcdefghijklmnop"), min_size=3, max_size=16, unique=True), st.data())
def test_one_slip_is_forgiven(letters: list[str], data: st.DataObject) -> None:
    """A word with one letter left out, added or mistaken still leads to the word that was meant."""
    meant = "".join(letters)
    at = data.draw(st.integers(0, len(meant) - 1))
    slips = (meant[:at] + meant[at + 1 :], meant[:at] + "z" + meant[at:], meant[:at] + "z" + meant[at + 1 :])
    for typed in slips:
        assert nearest(typed, [meant]) == (meant,)


@pytest.mark.parametrize("word", ["", " ", "...", "±", "->"])
def test_nothing_is_near_to_nothing(word: str) -> None:
    """A word without letters or figures gets no suggestion."""
    assert nearest(word, ["a", "", word]) == ()
    assert did_you_mean(word, ["a", "", word]) == ""


def test_a_part_of_a_name_leads_to_it() -> None:
    """Three letters that stand inside a long name are enough to be offered it; two are not."""
    assert nearest("pressure", ["interfacial_resistance_ohm_cm2", "stack_pressure_MPa"]) == ("stack_pressure_MPa",)
    assert nearest("MPa", ["a_very_long_name_that_ends_in_MPa"]) == ("a_very_long_name_that_ends_in_MPa",)
    assert nearest("MP", ["a_very_long_name_that_ends_in_MPa"]) == ()


@pytest.mark.parametrize(
    ("choices", "question"),
    [
        (["zzzzz"], ""),
        ([], ""),
        (["cathode"], "Did you mean cathode?"),
        (["cathode", "cathodes"], "Did you mean cathode or cathodes?"),
        (["cathode", "cathodes", "cathode_a"], "Did you mean cathode, cathode_a or cathodes?"),
        (["cathode", "cathodes", "cathode_a", "cathodeabc"], "Did you mean cathode, cathode_a or cathodes?"),
    ],
)
def test_the_question(choices: list[str], question: str) -> None:
    """The question names up to three choices, joined by commas and a final or; without any there is no question."""
    assert did_you_mean("cathode", choices) == question


@settings(derandomize=True, deadline=None, max_examples=300)
@given(WORDS, NAMES)
def test_question_and_nearest_agree(word: str, choices: list[str]) -> None:
    """A question is asked exactly when something is near, and it holds every name that is offered."""
    found, question = nearest(word, choices), did_you_mean(word, choices)
    assert bool(found) == bool(question)
    assert all(name in question for name in found)
    assert not question or (question.startswith("Did you mean ") and question.endswith("?"))


def test_a_very_long_word_costs_nothing() -> None:
    """A word of tens of thousands of letters, which can be no slip of a name, is answered at once."""
    choices = [f"stack_pressure_of_cell_{number}" for number in range(100)]
    start = time.process_time()
    assert nearest("stack_pressure_" * 2000, choices) == ()
    assert time.process_time() - start < 0.3
