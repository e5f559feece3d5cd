"""The words of the interface, by key and in one language.

English stands in `knowledge/texts/en.yaml`, every other language in a folder beside it; see `diagnose.translation`.
What a derived quantity is stands in English beside its formula.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from types import MappingProxyType
from typing import Any

from diagnose.data import ENGLISH, TEXTS, home
from diagnose.derived import DERIVED
from diagnose.errors import KnowledgeError, Problem
from diagnose.yamlfile import At, Document, parse_yaml, read_text

NOT_TEXT = "Write words; put them in quotes where YAML takes them for something else."


@dataclass(frozen=True, eq=False)
class Texts:
    """Interface words by key, `ui.report.what_to_do`; call it with a key and the values of its {placeholders}.

    A key that does not exist, or a placeholder without a value, is a mistake of the program and raises KeyError.
    """

    language: str
    words: Mapping[str, str] = field(repr=False)

    def __call__(self, key: str, /, **values: object) -> str:
        return self.words[key].format(**values)

    def room(self, name: str) -> dict[str, str]:
        """The words of one room by their last name: `ui.verdict` gives healthy, faulty, ..."""
        start = f"{name}."
        return {key[len(start) :]: words for key, words in self.words.items() if key.startswith(start)}

    def either(self, words: Sequence[str]) -> str:
        """Words as a choice: A, B or C."""
        return self._joined("ui.value.either", words)

    def every(self, words: Sequence[str]) -> str:
        """Words that belong together: A, B and C."""
        return self._joined("ui.value.every", words)

    def _joined(self, key: str, words: Sequence[str]) -> str:
        head, last = words[:-1], "".join(words[-1:])
        return self(key, first=", ".join(head), last=last) if head else last


@lru_cache(maxsize=1)
def english() -> Texts:
    """The words in English, with what derived quantities are. Raises KnowledgeError when the file is damaged."""
    path, name = home("knowledge") / TEXTS / f"{ENGLISH}.yaml", f"knowledge/{TEXTS}/{ENGLISH}.yaml"
    found, problems = read_texts([parse_yaml(read_text(path, name=name), name)])
    if problems:
        raise KnowledgeError(problems)
    says = {f"{each.name}.says": each.says for each in DERIVED}
    return Texts(ENGLISH, MappingProxyType({**{key: words for key, (words, _) in found.items()}, **says}))


def read_texts(documents: Iterable[Document]) -> tuple[dict[str, tuple[str, At]], list[Problem]]:
    """Texts by key, each with its place, and what is no text or stands twice.

    A key is the names on the way to a text with points between them, so it may be written in steps or as one word. The
    items of a list are named by their place from 1 on.
    """
    found: dict[str, tuple[str, At]] = {}
    problems: list[Problem] = []
    for document in documents:
        for key, words, at in _leaves("", document.data, At(document, (), 0)):
            if not isinstance(words, str) or not words.strip():
                problems.append(at.problem("is not a text", NOT_TEXT))
            elif key in found:
                problems.append(at.problem(f"the text {key} stands already in {found[key][1]}", "Keep one of the two."))
            else:
                found[key] = (words, at)
    return found, problems


def _leaves(key: str, data: Any, at: At) -> Iterator[tuple[str, Any, At]]:
    if isinstance(data, Mapping) and data:
        for name, each in data.items():
            yield from _leaves(f"{key}.{name}" if key else str(name), each, at.inside(name))
    elif isinstance(data, list) and data:
        for index, each in enumerate(data):
            yield from _leaves(f"{key}.{index + 1}", each, at.inside(index))
    else:
        yield key, data, at
