"""Reading the files below rules/: every mistake is told at once with file, line and column; then rules are compiled."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from graphlib import CycleError, TopologicalSorter
from typing import Any, TypeVar

from pydantic import ValidationError

from diagnose.condition import NUMBER_TESTS, Condition, FindingLeaf, Leaf, branching, compiled, leaves, negate, parse
from diagnose.errors import Problem, RuleError, did_you_mean, in_order
from diagnose.rulebook import (
    SCORE,
    SLUG,
    Cause,
    Combination,
    Contradiction,
    FactInfo,
    Finding,
    Item,
    Kind,
    Names,
    PublishedEffect,
    Remedy,
    Rule,
    RuleBook,
    Scale,
    VerdictRule,
    Worth,
)
from diagnose.yamlfile import At, Document, Place

# A condition is matched alternative by alternative; more of them than this is a mistake.
MOST_ALTERNATIVES = 256


Model = TypeVar("Model", bound=Item)
# What a rule file may start with, and what else may stand beside it.
MODELS: dict[str, type[Item]] = {
    "cause": Cause,
    "remedy": Remedy,
    "scale": Scale,
    "finding": Finding,
    "verdict": VerdictRule,
    "contradiction": Contradiction,
    "combination": Combination,
    "worth": Worth,
}
LISTS = ("findings", "verdicts", "contradictions", "combinations")
STARTS = "A rule file starts with cause:, findings:, verdicts:, contradictions:, combinations:, remedy: or unit:."


class _Loader:
    """Collects items and problems over all documents."""

    def __init__(self, names: Names) -> None:
        self.names = names
        self.problems: list[Problem] = []
        self.items: dict[str, dict[str, tuple[Any, At]]] = {kind: {} for kind in MODELS}
        self.claimed: dict[str, At] = {}

    @property
    def scale(self) -> Scale | None:
        """The scale, once it has been read."""
        found = self.items["scale"].get("scale")
        return found[0] if found else None

    def read(self, document: Document, layer: int) -> None:
        data, top = document.data, At(document, (), layer)
        lists = [key for key in LISTS if key in _mapping(data)]
        if not isinstance(data, Mapping):
            self.problems.append(top.problem("is not a rule file", STARTS))
        elif "cause" in data:
            self.add("cause", top, data, "cause")
        elif "remedy" in data:
            self.add("remedy", top, data, "remedy")
        elif lists:
            for key in sorted(set(data) - set(lists), key=str):
                hint = did_you_mean(str(key), LISTS) or "Take it out."
                self.problems.append(top.inside(key).problem("is not a known key here", hint))
            for key in lists:
                self.listed(key, top.inside(key), data[key])
        elif data.get("unit") == "day":
            self.add("worth", top, data, "")
        elif "weights" in data or "unit" in data:
            self.add("scale", top, data, "")
        else:
            self.problems.append(top.problem("is not a rule file", STARTS))

    def listed(self, key: str, at: At, data: Any) -> None:
        """Findings by name, or a list of verdicts, contradictions or combinations."""
        kind = key[:-1]
        if kind == "finding" and isinstance(data, Mapping):
            for name, each in data.items():
                self.add(kind, at.inside(name), each, "")
        elif kind != "finding" and isinstance(data, list):
            for index, each in enumerate(data):
                self.add(kind, at.inside(index), each, "id")
        else:
            form = "a mapping of names to findings" if kind == "finding" else f"a list of {key}"
            self.problems.append(at.problem(f"is not {form}", "See docs/rules.md for the form."))

    def make(self, at: At, model: type[Model], data: Any) -> Model | None:
        try:
            return model.model_validate(data)
        except ValidationError as error:
            self.problems += at.document.problems(error, at.place)
            return None

    def add(self, kind: str, at: At, data: Any, key: str) -> None:
        made = self.make(at, MODELS[kind], data)
        if made is None:
            return
        slug = str(getattr(made, key)) if key else str(at.place[-1]) if at.place else kind
        if kind == "finding" and not re.fullmatch(SLUG, slug):
            self.problems.append(at.problem(f"{slug!r} is no name for a finding", "Use small letters, digits and -."))
            return
        before, replaces = self.items[kind].get(slug), bool(getattr(made, "replaces", False))
        what = kind if slug == kind else f"{kind} {slug}"
        if before is None and replaces:
            hint = did_you_mean(slug, self.items[kind]) or "Take out `replaces: true` to add it."
            self.problems.append(at.problem(f"replaces the {what}, which does not exist", hint))
        elif before is not None and not (replaces and at.layer > before[1].layer):
            shadows = at.layer > before[1].layer
            hint = "Write `replaces: true` to override it." if shadows else "Keep one of the two."
            self.problems.append(at.problem(f"the {what} stands already in {before[1]}", hint))
            return
        self.items[kind][slug] = (made, at)

    def rule(self, name: str, kind: Kind, owner: str, when: Condition, phase: int, item: Any, at: At) -> Rule:
        """A rule under an id that no other rule has."""
        if name in self.claimed:
            hint = "Give one of the two another id."
            self.problems.append(at.problem(f"the rule id {name} is used already in {self.claimed[name]}", hint))
        self.claimed.setdefault(name, at)
        return Rule(name, kind, owner, when, phase, item)

    # --- checks on names, after everything has been read

    def condition(self, data: Any, at: At, scores: bool = False) -> Condition:
        def complain(place: Place, message: str, hint: str = "") -> None:
            self.problems.append(at.document.problem(place, message, hint))

        condition = parse(data, at.place, complain)
        for leaf in leaves(condition):
            self.check(leaf, complain, at.place, scores)
        if max(branching(condition), branching(negate(condition))) > MOST_ALTERNATIVES:
            complain(at.place, "has too many alternatives", "Split it into findings.")
        return condition

    def check(self, leaf: Leaf | FindingLeaf, complain: Any, place: Place, scores: bool) -> None:
        if isinstance(leaf, FindingLeaf):
            if leaf.name not in self.items["finding"]:
                hint = did_you_mean(leaf.name, self.items["finding"])
                complain((*place, "finding"), f"there is no finding {leaf.name!r}", hint)
            return
        if leaf.name.startswith(SCORE):
            slug = leaf.name[len(SCORE) :]
            if not scores:
                complain((*place, leaf.name), "only remedies may read the score of a cause")
            elif slug not in self.items["cause"]:
                complain((*place, leaf.name), f"there is no cause {slug!r}", did_you_mean(slug, self.items["cause"]))
            return
        info = self.names.facts.get(leaf.name)
        if info is None:
            complain((*place, leaf.name), f"there is no fact {leaf.name!r}", did_you_mean(leaf.name, self.names.facts))
        elif leaf.test in NUMBER_TESTS and info.kind != "number":
            complain(
                (*place, leaf.name),
                f"{leaf.name} is a {info.kind}, not a number",
                f"Use is or in instead of {leaf.test}.",
            )
        elif leaf.test in ("is", "in"):
            self.check_values(leaf, info, complain, place)

    def check_values(self, leaf: Leaf, info: FactInfo, complain: Any, place: Place) -> None:
        for arg in leaf.args:
            if info.kind == "flag" and not isinstance(arg, bool):
                complain((*place, leaf.name), f"{arg!r} is neither true nor false")
            elif info.kind == "number" and (isinstance(arg, bool) or not isinstance(arg, (int, float))):
                complain((*place, leaf.name), f"{arg!r} is not a number")
            elif info.kind in ("choice", "text") and not isinstance(arg, str):
                complain((*place, leaf.name), f"{arg!r} is not text")
            elif info.kind == "choice" and arg not in info.of:
                hint = did_you_mean(arg, info.of) or f"Choose from {', '.join(info.of)}."
                complain((*place, leaf.name), f"{arg!r} is not a choice of {leaf.name}", hint)

    def cited(self, item: Any, at: At) -> None:
        for ref in getattr(item, "sources", {}):
            if ref not in self.names.references:
                hint = did_you_mean(ref, self.names.references)
                self.problems.append(
                    at.document.problem((*at.place, "sources", ref), f"there is no reference {ref!r}", hint)
                )
        for mark in getattr(item, "guide", []):
            if mark not in self.names.guide:
                self.problems.append(at.document.problem((*at.place, "guide"), f"there is no guide statement {mark!r}"))


def _mapping(data: Any) -> Mapping[str, Any]:
    return data if isinstance(data, Mapping) else {}


def _slugs_known(loader: _Loader) -> None:
    causes = loader.items["cause"]
    for cause, at in causes.values():
        for other in cause.confused_with:
            if other not in causes:
                problem = at.document.problem(
                    ("confused_with",), f"there is no cause {other!r}", did_you_mean(other, causes)
                )
                loader.problems.append(problem)
    remedies = loader.items["remedy"]
    for remedy, at in remedies.values():
        for slug in remedy.treats:
            if slug not in causes:
                problem = at.document.problem(
                    ("treats", slug), f"there is no cause {slug!r}", did_you_mean(slug, causes)
                )
                loader.problems.append(problem)
    called = {name.lower(): slug for slug, (remedy, _) in remedies.items() for name in (slug, remedy.title)}
    for slug, (remedy, at) in sorted(remedies.items()):
        for index, name in enumerate(remedy.also):
            other = called.setdefault(name.lower(), slug)
            if other != slug:
                message = f"{name!r} is what {other} is called"
                loader.problems.append(at.inside("also", index).problem(message, "Keep one of the two."))
    for item, at in loader.items["combination"].values():
        named = [slug for part in item.parts for slug in part]
        for slug in named:
            if slug not in remedies:
                hint = did_you_mean(slug, remedies)
                loader.problems.append(at.inside("remedies").problem(f"there is no remedy {slug!r}", hint))
        if len(set(named)) < len(named):
            loader.problems.append(at.inside("remedies").problem("names a remedy twice", "Keep one of the two."))


def _finding_rules(loader: _Loader) -> list[Rule]:
    """Findings in dependency order; a circle is a problem."""
    made: dict[str, Rule] = {}
    for name, (item, at) in sorted(loader.items["finding"].items()):
        loader.cited(item, at)
        when = loader.condition(item.when, at.inside("when"))
        made[name] = loader.rule(f"finding.{name}", "finding", name, when, 1, item, at)
    reads = {
        name: sorted({leaf.name for leaf in leaves(rule.when) if isinstance(leaf, FindingLeaf)} & set(made))
        for name, rule in made.items()
    }
    while True:
        try:
            return [made[name] for name in TopologicalSorter(reads).static_order()]
        except CycleError as error:
            circle = error.args[1]
            at = loader.items["finding"][circle[0]][1]
            loader.problems.append(at.problem(f"findings run in a circle: {' -> '.join(reversed(circle))}"))
            reads = {name: [each for each in read if each not in circle] for name, read in reads.items()}


def _cause_rules(loader: _Loader) -> list[Rule]:
    rules: list[Rule] = []
    for slug, (cause, at) in sorted(loader.items["cause"].items()):
        loader.cited(cause, at)
        if cause.only_if is not None:
            gate = negate(loader.condition(cause.only_if, at.inside("only_if")))
            rules.append(loader.rule(f"gate.{slug}", "gate", slug, gate, 1, cause, at.inside("only_if")))
        for index, item in enumerate(cause.evidence):
            inside = at.inside("evidence", index)
            loader.cited(item, inside)
            if item.curve is not None and loader.names.facts.get(item.curve.over, FactInfo("")).kind != "number":
                hint = did_you_mean(item.curve.over, loader.names.facts)
                over = inside.inside("curve", "over")
                loader.problems.append(over.problem(f"{item.curve.over!r} is not a numeric fact", hint))
            when = loader.condition(item.when, inside.inside("when"))
            rules.append(loader.rule(f"{slug}.{item.id}", "evidence", slug, when, 1, item, inside))
    return rules


def _other_rules(loader: _Loader) -> list[Rule]:
    rules: list[Rule] = []
    for scale, at in loader.items["scale"].values():
        loader.cited(scale, at)
    kinds: tuple[Kind, ...] = ("verdict", "contradiction")
    for kind in kinds:
        for slug, (item, at) in loader.items[kind].items():
            loader.cited(item, at)
            when = loader.condition(item.when, at.inside("when"))
            if kind == "contradiction":
                _facts_only(loader, item, when, at)
            rules.append(loader.rule(f"{kind}.{slug}", kind, slug, when, 1, item, at))
    for worth, at in loader.items["worth"].values():
        loader.cited(worth, at)
    for slug, (item, at) in loader.items["combination"].items():
        loader.cited(item, at)
        if item.when is not None:
            when = loader.condition(item.when, at.inside("when"), scores=True)
            rules.append(loader.rule(f"combination.{slug}", "combination", slug, when, 2, item, at))
    for slug, (remedy, at) in sorted(loader.items["remedy"].items()):
        loader.cited(remedy, at)
        if remedy.only_if is not None:
            unfit = negate(loader.condition(remedy.only_if, at.inside("only_if"), scores=True))
            rules.append(loader.rule(f"remedy.{slug}.unfit", "unfit", slug, unfit, 2, remedy, at.inside("only_if")))
        parts: tuple[tuple[Kind, str], ...] = (
            ("better", "better"), ("worse", "worse"), ("contraindication", "contraindicated"),
        )  # fmt: skip
        for kind, key in parts:
            for index, item in enumerate(getattr(remedy, key)):
                inside = at.inside(key, index)
                loader.cited(item, inside)
                when = loader.condition(item.when, inside.inside("when"), scores=True)
                rules.append(loader.rule(f"remedy.{slug}.{item.id}", kind, slug, when, 2, item, inside))
        for key in ("effects", "settings"):
            for index, item in enumerate(getattr(remedy, key)):
                loader.cited(item, at.inside(key, index))
        for index, effect in enumerate(remedy.effects):
            _pair_known(loader, effect, at.inside("effects", index))
    return rules


def _pair_known(loader: _Loader, effect: PublishedEffect, at: At) -> None:
    """A published effect may be carried over only to families of electrolytes and kinds of electrodes that exist."""

    def choices(*facts: str) -> list[str]:
        return [each for fact in facts for each in loader.names.facts.get(fact, FactInfo("")).of]

    families, kinds = choices("electrolyte_family"), choices("electrode.kind", "electrode_role")
    for key, given, known in (("electrolyte", effect.electrolyte, families), ("electrode", effect.electrode, kinds)):
        for word in given:
            if word not in known:
                hint = did_you_mean(word, known) or f"Choose from {', '.join(known)}."
                what = "family of electrolytes" if key == "electrolyte" else "kind or role of electrodes"
                loader.problems.append(at.inside(key).problem(f"there is no {what} {word!r}", hint))
    if effect.electrode and not effect.electrolyte:
        hint = "Name the families of the electrolyte as well."
        loader.problems.append(at.inside("electrode").problem("an electrode alone is no pair", hint))


def _facts_only(loader: _Loader, item: Contradiction, when: Condition, at: At) -> None:
    """A contradiction is looked for before findings are known, and names the facts to correct."""
    for leaf in leaves(when):
        if isinstance(leaf, FindingLeaf):
            hint = "Contradictions read facts; write out what the finding asks."
            loader.problems.append(at.inside("when", "finding").problem(f"reads the finding {leaf.name}", hint))
    for index, name in enumerate(item.fields):
        if name not in loader.names.facts:
            hint = did_you_mean(name, loader.names.facts)
            loader.problems.append(at.inside("fields", index).problem(f"there is no fact {name!r}", hint))


def _fact_names(rule: Rule, findings: Mapping[str, frozenset[str]]) -> frozenset[str]:
    """The facts a rule depends on, through its findings."""
    found: set[str] = set()
    for leaf in leaves(rule.when):
        found.update({leaf.name} if isinstance(leaf, Leaf) else findings.get(leaf.name, ()))
    if rule.kind == "evidence" and rule.item.curve is not None:
        found.add(rule.item.curve.over)
    return frozenset(found)


def load_rulebook(documents: Sequence[Document], names: Names, overlays: Iterable[Sequence[Document]] = ()) -> RuleBook:
    """The rule book of some documents, with overlay documents laid over them in order.

    An overlay may add items; to override one it must say `replaces: true`. Raises RuleError with every mistake found.
    """
    loader = _Loader(names)
    layers = [list(documents), *(list(layer) for layer in overlays)]
    for number, layer in enumerate(layers):
        for document in layer:
            loader.read(document, number)
    findings = _finding_rules(loader)
    rules = [*findings, *_cause_rules(loader), *_other_rules(loader)]
    _slugs_known(loader)
    if loader.scale is None and not any(problem.file.endswith("scale.yaml") for problem in loader.problems):
        loader.problems.append(
            Problem("there is no scale", file="rules/scale.yaml", hint="Add weights, priors and cap.")
        )
    if loader.problems or loader.scale is None:
        raise RuleError(in_order(loader.problems))
    reads: dict[str, frozenset[str]] = {}
    for rule in findings:
        reads[rule.owner] = _fact_names(rule, reads)
    made = {
        rule.id: replace(rule, facts=tuple(sorted(_fact_names(rule, reads))), test=compiled(rule.when))
        for rule in sorted(rules, key=lambda rule: rule.id)
    }
    remedies = {slug: item for slug, (item, _) in sorted(loader.items["remedy"].items())}
    content = json.dumps([[document.name, document.data] for layer in layers for document in layer], sort_keys=True)
    return RuleBook(
        scale=loader.scale,
        causes={slug: item for slug, (item, _) in sorted(loader.items["cause"].items())},
        findings={rule.owner: rule.item for rule in findings},
        verdicts=tuple(item for item, _ in loader.items["verdict"].values()),
        contradictions=tuple(item for item, _ in loader.items["contradiction"].values()),
        remedies=remedies,
        rules=made,
        hash=hashlib.sha256(content.encode()).hexdigest(),
        combinations={slug: item for slug, (item, _) in sorted(loader.items["combination"].items())},
        worth=next((item for item, _ in loader.items["worth"].values()), None),
        names={slug: (slug, item.title, *item.also) for slug, item in remedies.items()},
    )
