"""Case files: YAML or JSON with one field a line, or standard input.

A case file may hold a `session` beside the fields: what a questionnaire asked for and what came of it.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args

from diagnose.case import Case, as_fact, converted
from diagnose.errors import CaseError, FileError, Problem, did_you_mean
from diagnose.quantity import shown
from diagnose.yamlfile import Document, decoded, parse_json, parse_yaml, read_text

if TYPE_CHECKING:
    from diagnose.data import Base

State = Literal["answered", "unknown", "not applicable"]
SESSION = "session"
STANDARD_INPUT = "-"
LIMIT_BYTES = 1_000_000


def read_document(path: str) -> Document:
    """The document in a case file; `-` reads standard input. Raises FileError."""
    if path == STANDARD_INPUT:
        name = "standard input"
        if sys.stdin is None:
            raise FileError([Problem("is closed", file=name, hint="Name a file.")])
        raw = sys.stdin.buffer.read(LIMIT_BYTES + 1)
        if len(raw) > LIMIT_BYTES:
            hint = "A case file has a few lines."
            raise FileError([Problem(f"is too large (at most {LIMIT_BYTES / 1e6:.0f} MB)", file=name, hint=hint)])
        text = decoded(raw, name)
    else:
        name, text = path, read_text(Path(path), LIMIT_BYTES)
    json = path.endswith(".json") or text.lstrip().startswith("{")
    return parse_json(text, name) if json else parse_yaml(text, name)


def case_of(document: Document, base: Base | None = None) -> Case:
    """The case in a document. Raises CaseError with the line and column of every mistake; see `located` for `base`."""
    fields = fields_in(document)
    with placed(document, base):
        return Case(**fields)


def fields_in(document: Document) -> dict[str, Any]:
    """The fields of a case in a document, as they are written. Raises CaseError for a document that is no mapping."""
    if not isinstance(document.data, dict):
        hint = "Write lines like `electrolyte: LLZO`."
        raise CaseError([document.problem((), "is not a case: a mapping of field names to values", hint)])
    asked_in(document)
    return {name: value for name, value in document.data.items() if name != SESSION}


def asked_in(document: Document) -> dict[str, State]:
    """What a questionnaire asked for, in its order, and what came of it; empty where there was none.

    Raises CaseError for a session with other fields or words.
    """
    session = document.data.get(SESSION) if isinstance(document.data, dict) else None
    if session is None:
        return {}
    states, hint = get_args(State), "Write lines like `coating: unknown`, or take the session out."
    if not isinstance(session, Mapping):
        raise CaseError([document.problem((SESSION,), "is not a mapping of fields to what came of asking", hint)])
    problems = [
        document.problem(
            (SESSION, name), f"{shown(state)} is not what can come of asking", f"Write {', '.join(states)}."
        )
        if name in Case.model_fields
        else document.problem((SESSION, name), "is not a field of a case", did_you_mean(str(name), Case.model_fields))
        for name, state in session.items()
        if name not in Case.model_fields or state not in states
    ]
    if problems:
        raise CaseError(problems)
    return dict(session)


def read_case(path: str, base: Base | None = None) -> Case:
    """The case in a file. Raises FileError or CaseError."""
    return case_of(read_document(path), base)


@contextmanager
def placed(document: Document, base: Base | None = None) -> Iterator[None]:
    """Tell mistakes of a case with their places in its document; see `located`."""
    try:
        yield
    except CaseError as error:
        raise located(error, document, base) from None


def located(error: CaseError, document: Document, base: Base | None = None) -> CaseError:
    """The same error with file, line and column of each field.

    With rules and knowledge in `base`, mistakes that would only be found once these are put right are told as well.
    """
    problems = {*error.problems, *(_later(document, base) if base else ())}
    placed = []
    for problem in problems:
        line, column = document.where((problem.field,) if problem.field else ())
        placed.append(replace(problem, file=document.name, line=line, column=column))
    return CaseError(sorted(placed, key=lambda each: (each.line, each.column, each.field, each.message)))


def _later(document: Document, base: Base) -> list[Problem]:
    """An unknown electrolyte, and contradictions among the fields that are right themselves."""
    from diagnose.derived import derive
    from diagnose.diagnosis import refuse_contradictions
    from diagnose.facts import FactBase, unknown_electrolyte

    found, _ = converted(fields_in(document))
    problems = []
    electrolyte = found.get("electrolyte")
    if electrolyte is not None and document.data.get("electrolyte_family") is None:
        known = base.knowledge.find("electrolyte", electrolyte)
        problems += [] if known else [unknown_electrolyte(electrolyte, base.knowledge)]
    facts = {name: as_fact(value) for name, value in found.items()}
    facts.update({name: span for name, span, _ in derive(facts)})
    try:
        refuse_contradictions(base, FactBase(facts=facts))
    except CaseError as error:
        problems += error.problems
    return problems
