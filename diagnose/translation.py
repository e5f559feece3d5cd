"""Rules and knowledge in another language: where their texts stand, and how those of a translation take their place."""

from __future__ import annotations

import string
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any, TypeVar

from pydantic import BaseModel

from diagnose.data import Base
from diagnose.entry import Element, ElementWindow, Field, Outcome, Property, ProtocolStep, Reference, Standard, Test
from diagnose.errors import KnowledgeError, Problem, did_you_mean, in_order
from diagnose.pairing import SeverityBand
from diagnose.rulebook import (
    Cause,
    Combination,
    Contradiction,
    Evidence,
    Finding,
    PublishedEffect,
    Remedy,
    RemedyRule,
    Scale,
    Setting,
    VerdictRule,
    Worth,
)
from diagnose.texts import Texts, english, read_texts
from diagnose.yamlfile import Document

Change = Callable[[str, str], str]
Model = TypeVar("Model", bound=BaseModel)


@dataclass(frozen=True)
class Form:
    """The attributes of a model that hold a text or a list of texts, and those that hold items with their own texts."""

    texts: tuple[str, ...]
    parts: tuple[str, ...] = ()


FORMS: Mapping[type[BaseModel], Form] = {
    Cause: Form(("title", "mechanism", "key_question", "gate_says"), ("evidence",)),
    Evidence: Form(("because",)),
    Finding: Form(("says", "note")),
    VerdictRule: Form(("says",)),
    Contradiction: Form(("says", "fix")),
    Remedy: Form(("title", "also", "how", "verify"), ("better", "worse", "contraindicated", "effects", "settings")),
    RemedyRule: Form(("because",)),
    PublishedEffect: Form(("on", "says")),
    Setting: Form(("says",)),
    Combination: Form(("because",)),
    Worth: Form(("because",)),
    Scale: Form(("because",)),
    Field: Form(("question", "help", "note")),
    Property: Form(("note",)),
    Test: Form(("title", "how", "needs"), ("outcomes",)),
    Outcome: Form(("if_",)),
    ProtocolStep: Form(("title", "do", "why")),
    Standard: Form(("title", "says", "note")),
    Element: Form(("title", "says"), ("windows",)),
    ElementWindow: Form(("note",)),
    SeverityBand: Form(("says",)),
    Reference: Form(("title", "other")),
}


class _Walk:
    """Goes through items and gives each text to `change`, under the key that says where it stands."""

    def __init__(self, change: Change) -> None:
        self.change = change
        self.made: dict[int, Any] = {}

    def items(self, room: str, items: Mapping[str, Model]) -> dict[str, Model]:
        return {name: self.item(f"{room}.{name}", each) for name, each in items.items()}

    def item(self, key: str, item: Model) -> Model:
        """A copy with changed texts. Items within are named by their id, or else by their place from 1 on."""
        form, fields = FORMS[type(item)], type(item).model_fields
        update: dict[str, Any] = {}
        for name in form.texts:
            update[name] = self.text(f"{key}.{fields[name].alias or name}", getattr(item, name))
        for name in form.parts:
            parts = getattr(item, name)
            named = ((getattr(part, "id", place), part) for place, part in enumerate(parts, 1))
            update[name] = type(parts)(self.item(f"{key}.{name}.{label}", part) for label, part in named)
        made = item.model_copy(update=update)
        self.made[id(item)] = made
        return made

    def text(self, key: str, words: Any) -> Any:
        if isinstance(words, list):
            return [self.text(f"{key}.{place}", each) for place, each in enumerate(words, 1)]
        return self.change(key, words) if words else words


def retold(base: Base, change: Change) -> Base:
    """The base with every text of its rules and knowledge changed; it infers the same, under the same hashes."""
    walk, rules, knowledge = _Walk(change), base.rules, base.knowledge
    book = replace(
        rules,
        scale=walk.item("scale", rules.scale),
        causes=walk.items("cause", rules.causes),
        findings=walk.items("finding", rules.findings),
        verdicts=tuple(walk.items("verdict", {each.id: each for each in rules.verdicts}).values()),
        contradictions=tuple(walk.items("contradiction", {each.id: each for each in rules.contradictions}).values()),
        remedies=walk.items("remedy", rules.remedies),
        combinations=walk.items("combination", rules.combinations),
        worth=rules.worth and walk.item("worth", rules.worth),
        _kinds={},
    )
    made = {name: replace(rule, item=walk.made[id(rule.item)]) for name, rule in rules.rules.items()}
    # Of the rows about severity only those that answer for some pair are ever told.
    told = knowledge.pairings.best_severity
    walk.items("severity", {f"{'+'.join(row.electrolyte)}.{'+'.join(row.electrode)}": row for row in told.values()})
    # What two prefixes share has the name of the group, which is the first of them.
    groups = {name: each for name, each in knowledge.properties.items() if name.split(".")[0] in knowledge.records}
    walk.items("property", groups)
    described = {name: each for name, each in knowledge.references.items() if _described(each)}
    return Base(
        replace(book, rules=made),
        replace(
            knowledge,
            vocabulary=MappingProxyType(walk.items("field", knowledge.vocabulary)),
            properties=MappingProxyType({name: walk.made[id(each)] for name, each in knowledge.properties.items()}),
            references=MappingProxyType({**knowledge.references, **walk.items("reference", described)}),
            tests=MappingProxyType(walk.items("test", knowledge.tests)),
            protocol=MappingProxyType(walk.items("protocol", knowledge.protocol)),
            standards=MappingProxyType(walk.items("standard", knowledge.standards)),
            elements=MappingProxyType(walk.items("element", knowledge.elements)),
            pairings=replace(
                knowledge.pairings,
                severity=tuple(walk.made.get(id(row), row) for row in knowledge.pairings.severity),
                best_severity={key: walk.made[id(row)] for key, row in told.items()},
            ),
        ),
        base.language,
    )


def _described(reference: Reference) -> bool:
    """Whether a source has no title but what we call it: our judgement, common knowledge."""
    return not (reference.authors or reference.year or reference.doi or reference.url)


def texts_of(base: Base) -> dict[str, str]:
    """Every text of a base by its key, the words of the interface among them."""
    found = dict(base.knowledge.texts.words)

    def note(key: str, words: str) -> str:
        found[key] = words
        return words

    retold(base, note)
    return found


def translated(base: Base, language: str, layers: Iterable[tuple[Sequence[Document], Base]]) -> Base:
    """A base in another language, from layers of translations, each with the base that it was made for.

    A text stays as it is when it is not translated, or when an overlay has changed it since. Raises KnowledgeError with
    every mistake found in the translations.
    """
    now = texts_of(base)
    words: dict[str, str] = {}
    problems: list[Problem] = []
    for documents, made_for in layers:
        then = now if made_for is base else texts_of(made_for)
        found, wrong = read_texts(documents)
        problems += wrong
        for key, (text, at) in found.items():
            if key not in then:
                problems.append(at.problem(f"there is no text {key}", _nearest(key, then)))
            elif not _same_placeholders(text, then[key]):
                hint = f"In English it reads: {then[key]}"
                problems.append(at.problem("does not hold the {placeholders} of the English text", hint))
            elif then[key] == now.get(key):
                words[key] = text
    if problems:
        raise KnowledgeError(in_order(problems))
    made = retold(base, lambda key, text: words.get(key, text))
    spoken = {key: words.get(key, text) for key, text in english().words.items()}
    texts = Texts(language, MappingProxyType(spoken))
    return replace(made, knowledge=replace(made.knowledge, texts=texts), language=language)


def _nearest(key: str, known: Mapping[str, str]) -> str:
    """The names that may stand where a key leaves the known ones."""
    way = key.split(".")
    for depth in range(len(way) - 1, -1, -1):
        start = "".join(f"{each}." for each in way[:depth])
        following = {each[len(start) :].split(".")[0] for each in known if each.startswith(start)}
        if following:
            return did_you_mean(way[depth], following)
    return "See docs/language.md for the keys."


def _same_placeholders(text: str, other: str) -> bool:
    try:
        return _placeholders(text) == _placeholders(other)
    except ValueError:  # a brace without its partner
        return text == other


def _placeholders(text: str) -> set[tuple[str, str | None, str | None]]:
    return {(name, form, how) for _, name, form, how in string.Formatter().parse(text) if name is not None}
