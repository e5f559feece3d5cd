"""`diagnose critique`: what to think of the fixes that somebody plans for a case."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING

from diagnose.errors import UsageError

if TYPE_CHECKING:
    from diagnose.data import Base


def run_critique(file: str, planned: Sequence[str], form: str, width: int, base: Base) -> tuple[str, tuple[str, ...]]:
    """The text or JSON of a critique of each planned fix in the case of a file (- reads standard input).

    With it come messages about fixes that are not known.

    Fixes that are planned together are judged one by one, each with an eye on the others; as JSON several make a list.
    Raises FileError or CaseError for the file, located in it, and UsageError where no fix is known.
    """
    from diagnose.casefile import case_of, placed, read_document
    from diagnose.critique import critiques
    from diagnose.plantext import critique_text

    if not planned:
        raise UsageError("say which fix is planned. Name a remedy or write a few words, such as 'press harder'.")
    document = read_document(file)
    case = case_of(document, base)
    with placed(document, base):
        made, unknown = critiques(case, planned, base)
    if form == "json":
        parts = [each.model_dump(mode="json") for each in made]
        return json.dumps(parts[0] if len(planned) == 1 else parts, indent=2, ensure_ascii=False) + "\n", unknown
    return "\n".join(critique_text(each, width, base.knowledge.texts) for each in made), unknown
