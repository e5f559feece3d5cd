"""Case files: YAML or JSON with one field a line, or standard input."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

from diagnose.case import Case
from diagnose.errors import CaseError, FileError, Problem
from diagnose.yamlfile import Document, decoded, parse_json, parse_yaml, read_text

STANDARD_INPUT = "-"
LIMIT_BYTES = 1_000_000


def read_document(path: str) -> Document:
    """The document in a case file; `-` reads standard input. Raises FileError."""
    if path == STANDARD_INPUT:
        name = "standard input"
        text = decoded(sys.stdin.buffer.read(LIMIT_BYTES + 1), name)
        if len(text.encode()) > LIMIT_BYTES:
            raise FileError([Problem("is too large", file=name, hint="A case file has a few lines.")])
    else:
        name, text = path, read_text(Path(path), LIMIT_BYTES)
    json = path.endswith(".json") or text.lstrip().startswith("{")
    return parse_json(text, name) if json else parse_yaml(text, name)


def case_of(document: Document) -> Case:
    """The case in a document. Raises CaseError with the line and column of every mistake."""
    if not isinstance(document.data, dict):
        hint = "Write lines like `electrolyte: LLZO`."
        raise CaseError([document.problem((), "is not a case: a mapping of field names to values", hint)])
    try:
        return Case(**document.data)
    except CaseError as error:
        raise located(error, document) from None


def read_case(path: str) -> Case:
    """The case in a file. Raises FileError or CaseError."""
    return case_of(read_document(path))


def located(error: CaseError, document: Document) -> CaseError:
    """The same error with file, line and column of each field."""
    placed = []
    for problem in error.problems:
        line, column = document.where((problem.field,) if problem.field else ())
        placed.append(replace(problem, file=document.name, line=line, column=column))
    return CaseError(sorted(placed, key=lambda each: (each.line, each.column, each.field)))
