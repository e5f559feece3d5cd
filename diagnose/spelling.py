"""Answers as people type them, turned into what a case file would hold."""

from __future__ import annotations

from typing import Any

from diagnose.data import Base


def spelt(raw: Any, name: str, base: Base) -> Any:
    """An answer for a field: choices in any case, with spaces or by how they begin; yes and no for a flag.

    What is not understood stays as it is and is told where it is read, as is a field that does not exist.
    """
    field = base.knowledge.vocabulary.get(name)
    if not isinstance(raw, str) or field is None:
        return raw
    word, texts = raw.strip(), base.knowledge.texts
    if field.kind == "flag":
        yes = {"yes", "y", "true", texts("ui.value.yes").casefold()}
        no = {"no", "n", "false", texts("ui.value.no").casefold()}
        return True if word.casefold() in yes else False if word.casefold() in no else word
    if field.kind == "choice":
        key = _bare(word)
        begun = [each for each in field.of if key and _bare(each).startswith(key)]
        return next((each for each in begun if _bare(each) == key), begun[0] if len(begun) == 1 else word)
    return word


def _bare(word: str) -> str:
    return word.casefold().replace(" ", "_").replace("-", "_")
