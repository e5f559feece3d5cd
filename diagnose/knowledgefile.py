"""Reading the files below knowledge/: every file and every name in them is checked, and all mistakes told at once."""

from __future__ import annotations

import fnmatch
import hashlib
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from types import MappingProxyType
from typing import Any, Generic, TypeVar

from pydantic import ValidationError

from diagnose.case import value_of
from diagnose.condition import Condition, Leaf, Value, leaves, parse
from diagnose.entry import (
    Element,
    Entry,
    FamilyEntry,
    Field,
    Figure,
    GuideStatement,
    MaterialEntry,
    MaterialFile,
    MaterialKind,
    Property,
    PropertyGroup,
    ProtocolStep,
    Reference,
    Sourced,
    Standard,
    Test,
)
from diagnose.errors import KnowledgeError, Problem, did_you_mean, in_order
from diagnose.knowledge import Index, Knowledge, Material, pattern_spelling, spelling
from diagnose.pairing import (
    ANY,
    Compatibility,
    Decomposition,
    FabricationPressure,
    Pairings,
    PressureWindow,
    ReactionTable,
    Resistance,
    Row,
    SeverityBand,
    StrippingLimit,
    Target,
    VolumeChange,
)
from diagnose.quantity import QuantityError, Span
from diagnose.texts import english
from diagnose.yamlfile import At, Document

DIGEST = "digest"
Item = TypeVar("Item", bound=Entry)


class _Shelf(Generic[Item]):
    """Items by id; a second one is refused unless it says `replaces: true` in a later layer."""

    def __init__(self, what: str) -> None:
        self.what = what
        self.items: dict[str, Item] = {}
        self.places: dict[str, At] = {}

    def put(self, name: str, item: Item, at: At, complain: Callable[[At, str, str], None]) -> bool:
        replaces = bool(getattr(item, "replaces", False))
        if name not in self.items and replaces:
            hint = did_you_mean(name, self.items) or "Take out `replaces: true` to add it."
            complain(at, f"replaces the {self.what} {name}, which does not exist", hint)
            return False
        if name in self.items and not (replaces and at.layer > self.places[name].layer):
            hint = "Write `replaces: true` to override it." if at.layer else "Keep one of the two."
            complain(at, f"the {self.what} {name} stands already in {self.places[name]}", hint)
            return False
        self.items[name], self.places[name] = item, at
        return True


class _Loader:
    """Reads documents, collects items and problems."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []
        self.fields: _Shelf[Field] = _Shelf("field")
        self.groups: _Shelf[PropertyGroup] = _Shelf("group of properties")
        self.references: _Shelf[Reference] = _Shelf("reference")
        self.families: _Shelf[FamilyEntry] = _Shelf("family")
        self.materials: dict[str, _Shelf[MaterialEntry]] = {
            kind: _Shelf(kind) for kind in ("electrolyte", "electrode", "coating", "compound")
        }
        self.tests: _Shelf[Test] = _Shelf("test")
        self.protocol: _Shelf[ProtocolStep] = _Shelf("step")
        self.standards: _Shelf[Standard] = _Shelf("standard")
        self.elements: _Shelf[Element] = _Shelf("element")
        self.guide: _Shelf[GuideStatement] = _Shelf("guide statement")
        self.tables: _Shelf[ReactionTable] = _Shelf("table of reaction energies")
        self.rows: dict[str, list[tuple[Any, At]]] = {name: [] for name in ROWS}
        self.applies: dict[tuple[str, str], Condition] = {}

    def complain(self, at: At, message: str, hint: str = "") -> None:
        self.problems.append(at.problem(message, hint))

    def make(self, model: type[Item], data: Any, at: At) -> Item | None:
        try:
            return model.model_validate(data)
        except ValidationError as error:
            self.problems += at.document.problems(error, at.place)
            return None

    def read(self, document: Document, layer: int) -> None:
        """Read one document; the key it holds says what it is."""
        top = At(document, (), layer)
        if not isinstance(document.data, Mapping):
            self.complain(top, "is not a knowledge file", f"Start it with one of {', '.join(READERS)}.")
            return
        known = [key for key in READERS if key in document.data]
        for key in known:
            READERS[key](self, key, document.data, top)
        extra = set(document.data) - set(known) - {"note", *ALONGSIDE.get(known[0] if known else "", ())}
        if not known or extra:
            word = min(map(str, extra)) if known else document.name
            hint = did_you_mean(word, READERS) or f"Choose from {', '.join(READERS)}."
            at = top.inside(word) if known else top
            self.complain(at, "is not a known part of a knowledge file", hint)

    def mapping(self, key: str, data: Mapping[str, Any], top: At) -> Iterator[tuple[str, Any, At]]:
        """The named items below a key."""
        items = data[key]
        if not isinstance(items, Mapping):
            self.complain(top.inside(key), "is not a mapping of names to entries")
            return
        for name, each in items.items():
            yield str(name), each, top.inside(key, name)

    def listed(self, key: str, data: Mapping[str, Any], top: At) -> Iterator[tuple[Any, At]]:
        """The items of the list below a key."""
        items = data[key]
        if not isinstance(items, list):
            self.complain(top.inside(key), "is not a list")
            return
        for index, each in enumerate(items):
            yield each, top.inside(key, index)

    def shelved(self, shelf: _Shelf[Item], model: type[Item], entries: Iterable[tuple[str, Any, At]]) -> None:
        for name, each, at in entries:
            made = self.make(model, each, at)
            if made is not None:
                shelf.put(name or str(getattr(made, "id", "")), made, at, self.complain)

    def read_vocabulary(self, key: str, data: Mapping[str, Any], top: At) -> None:
        if top.layer:
            self.complain(top, "changes the vocabulary, which is the same everywhere", "Take this file out.")
            return
        section = str(data.get("section", ""))
        for name, each, at in self.mapping(key, data, top):
            made = self.make(Field, each, at)
            if made is not None:
                self.fields.put(name, made.model_copy(update={"section": section}), at, self.complain)

    def read_properties(self, key: str, data: Mapping[str, Any], top: At) -> None:
        if top.layer:
            self.complain(top, "changes the properties, which are the same everywhere", "Take this file out.")
            return
        self.shelved(self.groups, PropertyGroup, self.mapping(key, data, top))

    def read_references(self, key: str, data: Mapping[str, Any], top: At) -> None:
        self.shelved(self.references, Reference, self.mapping(key, data, top))

    def read_families(self, key: str, data: Mapping[str, Any], top: At) -> None:
        self.shelved(self.families, FamilyEntry, self.mapping(key, data, top))

    def read_materials(self, key: str, data: Mapping[str, Any], top: At) -> None:
        head = self.make(MaterialFile, data, top)
        if head is None:
            return
        for name, each, at in self.mapping(key, data, top):
            made = self.make(MaterialEntry, each, at)
            if made is None:
                continue
            if head.kind == "electrolyte" and not made.family:
                made = made.model_copy(update={"family": head.family})
            self.materials[head.kind].put(name, made, at, self.complain)

    def read_rows(self, key: str, data: Mapping[str, Any], top: At) -> None:
        for each, at in self.listed(key, data, top):
            made = self.make(ROWS[key], each, at)
            if made is not None:
                self.rows[key].append((made, at))

    def read_tables(self, key: str, data: Mapping[str, Any], top: At) -> None:
        self.shelved(self.tables, ReactionTable, self.mapping(key, data, top))

    def read_tests(self, key: str, data: Mapping[str, Any], top: At) -> None:
        self.shelved(self.tests, Test, (("", *each) for each in self.listed(key, data, top)))

    def read_protocol(self, key: str, data: Mapping[str, Any], top: At) -> None:
        self.shelved(self.protocol, ProtocolStep, (("", *each) for each in self.listed(key, data, top)))

    def read_standards(self, key: str, data: Mapping[str, Any], top: At) -> None:
        self.shelved(self.standards, Standard, (("", *each) for each in self.listed(key, data, top)))

    def read_elements(self, key: str, data: Mapping[str, Any], top: At) -> None:
        self.shelved(self.elements, Element, (("", *each) for each in self.listed(key, data, top)))

    def read_guide(self, key: str, data: Mapping[str, Any], top: At) -> None:
        self.shelved(self.guide, GuideStatement, (("", *each) for each in self.listed(key, data, top)))

    # --- checks on names, after everything has been read

    def properties(self) -> dict[str, Property]:
        """Fact names that rules may read."""
        return {
            f"{prefix}.{name}": each
            for group in self.groups.items.values()
            for prefix in group.prefixes
            for name, each in group.properties.items()
            if each.read_by_rules
        }

    def group(self, kind: str) -> Mapping[str, Property]:
        group = self.groups.items.get(kind)
        return group.properties if group else {}

    def cited(self, item: Sourced, at: At) -> None:
        """Complain when a source does not exist, or when a quoted figure does not say where it was read."""
        for name, ref in (("ref", item.ref), ("read_in", item.read_in)):
            if ref and ref != DIGEST and ref not in self.references.items:
                inside = at.inside(name)
                self.complain(inside, f"there is no reference {ref!r}", did_you_mean(ref, self.references.items))
        if (item.grade == "secondary") != bool(item.read_in):
            hint = "Say where the figure was read."
            self.complain(at, "grade secondary goes with read_in, and with nothing else", hint)

    def sources(self, sources: Mapping[str, str], at: At) -> None:
        for ref in sources:
            if ref not in self.references.items:
                inside = at.inside("sources", ref)
                self.complain(inside, f"there is no reference {ref!r}", did_you_mean(ref, self.references.items))

    def facts(self, test: Test, at: At) -> None:
        """Complain when an outcome would say what no case can say."""
        for place, outcome in enumerate(test.outcomes):
            for name, raw in outcome.facts.items():
                inside = at.inside("outcomes", place, "facts", name)
                if name not in self.fields.items:
                    self.complain(inside, "is not a field of a case", did_you_mean(name, self.fields.items))
                    continue
                try:
                    value_of(self.fields.items[name], raw)
                except QuantityError as error:
                    self.complain(inside, error.message, error.hint)

    def defaults(
        self, kind: str, figures: Mapping[str, tuple[Figure, ...]], at: At
    ) -> dict[str, tuple[Value, str, str]]:
        """The value per property that rules read; every figure is checked on the way."""
        known = self.group(kind)
        chosen: dict[str, tuple[Value, str, str]] = {}
        for name, stated in figures.items():
            inside = at.inside("properties", name)
            about = known.get(name)
            if about is None:
                self.complain(inside, f"is not a property in the group {kind}", did_you_mean(name, known))
                continue
            for index, figure in enumerate(stated):
                self.figure(figure, about, inside.inside(index))
            best = self.best(stated, inside)
            if best is not None and about.read_by_rules:
                value = best.plain(about.limits)
                if value is not None:
                    chosen[name] = (value, best.ref, best.grade)
        return chosen

    def best(self, stated: Sequence[Figure], at: At) -> Figure | None:
        """The default among the figures of a property."""
        countable = [each for each in stated if not each.says]
        marked = [each for each in countable if each.default]
        if any(each.default for each in stated if each.says):
            self.complain(at, "words cannot be the default", "Mark a figure.")
        if len(marked) > 1:
            self.complain(at, "has more than one default", "Keep one `default: true`.")
        if marked:
            if len(countable) > 1 and not marked[0].why:
                self.complain(at, "does not say why the default was chosen", "Add `why` beside `default: true`.")
            return marked[0]
        open_ = [each for each in countable if each.default is None]
        if not open_:
            return None
        if len(countable) > 1:
            self.complain(at, "has several figures and no default", "Mark one `default: true` and say `why`.")
        return open_[0]

    def figure(self, figure: Figure, about: Property, at: At) -> None:
        self.cited(figure, at)
        if figure.says:
            return
        if about.kind == "number":
            span = figure.number(about.limits)
            if span is None:
                self.complain(at, "is not a number", "Write value: 1.5, or low and high, or says for words.")
            elif not about.limits[0] <= span.low <= span.high <= about.limits[1]:
                low, high = about.limits
                self.complain(at, f"lies outside {low:g} to {high:g} {about.unit}", "Check the figure and its unit.")
            if figure.unit != about.unit:
                self.complain(at, f"has the unit {figure.unit!r}, expected {about.unit!r}", "Convert the figure.")
        elif about.kind == "flag" and not isinstance(figure.value, bool):
            self.complain(at, f"{figure.value!r} is neither true nor false")
        elif about.kind == "choice" and figure.value not in about.of:
            hint = did_you_mean(str(figure.value), about.of) or f"Choose from {', '.join(about.of)}."
            self.complain(at, f"{figure.value!r} is not one of the choices", hint)
        elif about.kind == "text" and not isinstance(figure.value, str):
            self.complain(at, "is not text", "Write says: ...")

    def built(self, kind: MaterialKind) -> dict[str, Material]:
        """Materials of a kind with their defaults."""
        shelf = self.materials[kind]
        made = {}
        for name, entry in shelf.items.items():
            at = shelf.places[name]
            if kind == "electrolyte" and entry.family not in self.families.items:
                hint = did_you_mean(entry.family, self.families.items)
                self.complain(at, f"there is no family {entry.family!r}", hint)
            made[name] = Material(
                name, kind, entry.family, entry.name, entry.formula, entry.aliases, entry.patterns, entry.note,
                entry.properties, self.defaults(kind, entry.properties, at),
            )  # fmt: skip
        return made

    def index(self, kind: str, materials: Mapping[str, Material]) -> Index:
        exact: dict[str, Material] = {}
        patterns: dict[str, Material] = {}
        shelf = self.materials[kind]
        for material in materials.values():
            for name in material.names:
                self.claim(exact, spelling(name), name, material, shelf)
            for text in material.patterns:
                self.claim(patterns, pattern_spelling(text), text, material, shelf)
        order = sorted(patterns, key=lambda text: (-len(re.sub(r"\[[^\]]*\]|[*?]", "", text)), text))
        names = dict.fromkeys(name for material in materials.values() for name in material.names)
        compiled = tuple((*_compiled(text), patterns[text]) for text in order)
        return Index(exact, compiled, tuple(names))

    def claim(
        self, taken: dict[str, Material], key: str, name: str, material: Material, shelf: _Shelf[MaterialEntry]
    ) -> None:
        holder = taken.setdefault(key, material)
        if holder is not material:
            other = shelf.places[holder.id]
            self.complain(
                shelf.places[material.id],
                f"the name {name!r} belongs already to {holder.id} in {other}",
                "Take it out of one of the two, or replace the whole material.",
            )

    def keyed(self, kind: str, built: Mapping[str, Mapping[str, Material]]) -> dict[tuple[str, str], Any]:
        """Rows of one kind by (electrolyte, electrode) key; two for one key are refused unless one is the default."""
        found: dict[tuple[str, str], tuple[Any, At]] = {}
        for row, at in self.rows[kind]:
            self.known_pair(row, at, built)
            if isinstance(row, Compatibility) and row.onset_C is None:
                continue
            for key in ((one, two) for one in row.electrolyte for two in row.electrode):
                before = found.get(key)
                newer = before is not None and at.layer > before[1].layer
                if before is None and row.replaces:
                    hint = "Take out `replaces: true` to add it."
                    self.complain(at, f"replaces the row for {' | '.join(key)}, which does not exist", hint)
                elif before is None or (row.replaces if newer else row.default and not before[0].default):
                    found[key] = (row, at)
                elif newer or row.default or not before[0].default:
                    hint = "Write `replaces: true` to override it." if newer else "Mark one `default: true`."
                    self.complain(at, f"a row for {' | '.join(key)} stands already in {before[1]}", hint)
        return {key: row for key, (row, _) in found.items()}

    def known_pair(self, row: Row, at: At, built: Mapping[str, Mapping[str, Material]]) -> None:
        """Complain when a pair names neither a material nor a family, kind, role or any."""
        self.cited(row, at)
        lefts = {ANY, *self.families.items, *built["electrolyte"]}
        role = self.fields.items.get("electrode_role")
        kinds = self.group("electrode").get("kind")
        rights = {ANY, *(role.of if role else ()), *(kinds.of if kinds else ()), *built["electrode"]}
        for name, words, known in (("electrolyte", row.electrolyte, lefts), ("electrode", row.electrode, rights)):
            for word in words:
                if word not in known:
                    inside = at.inside(name)
                    self.complain(inside, f"there is no {name} {word!r}", did_you_mean(word, known))

    def energies(self, index: Mapping[str, Index]) -> dict[tuple[str, str], tuple[Span, str, str]]:
        """Closed-system reaction energy by electrolyte and electrode id; the first block that holds a pair answers."""
        found: dict[tuple[str, str], tuple[Span, str, str]] = {}
        for name, table in self.tables.items.items():
            for number, block in enumerate(table.blocks):
                at = self.tables.places[name]
                self.cited(block, at.inside("blocks", number))
                if name != "closed" or block.between != "electrolyte and cathode":
                    continue
                for row in block.rows:
                    left = index["electrolyte"].exact.get(spelling(row.a))
                    right = index["electrode"].exact.get(spelling(row.b))
                    low, high = (row.value, row.value) if row.value is not None else (row.low, row.high)
                    if left and right and low is not None and high is not None:
                        found.setdefault((left.id, right.id), (Span(low, high), block.ref, block.grade))
        return found

    def conditions(self) -> None:
        """Compile the conditions of fields, tests, the protocol and standards, and check the names they read."""
        known = {*self.fields.items, *self.properties()}
        shelves: tuple[tuple[str, _Shelf[Any]], ...] = (
            ("fields", self.fields), ("tests", self.tests), ("protocol", self.protocol), ("standards", self.standards)
        )  # fmt: skip
        for kind, shelf in shelves:
            for name, item in shelf.items.items():
                if item.applies is not None:
                    self.applies[kind, name] = self.condition(item.applies, shelf.places[name], known)

    def condition(self, data: Any, at: At, known: set[str]) -> Condition:
        def complain(place: tuple[Any, ...], message: str, hint: str = "") -> None:
            self.problems.append(at.document.problem(place, message, hint))

        made = parse(data, (*at.place, "applies"), complain)
        for leaf in leaves(made):
            if not isinstance(leaf, Leaf):
                complain((*at.place, "applies"), "findings cannot be read here", "Read the fields themselves.")
            elif leaf.name not in known and not leaf.name.startswith("derived."):
                hint = did_you_mean(leaf.name, known)
                complain((*at.place, "applies", leaf.name), f"there is no fact {leaf.name!r}", hint)
        return made


ROWS: dict[str, type[Any]] = {
    "compatibility": Compatibility,
    "pressure": PressureWindow,
    "fabrication": FabricationPressure,
    "stripping": StrippingLimit,
    "severity": SeverityBand,
    "targets": Target,
    "resistances": Resistance,
    "decomposition": Decomposition,
    "volume_changes": VolumeChange,
}
READERS: dict[str, Callable[[_Loader, str, Mapping[str, Any], At], None]] = {
    "fields": _Loader.read_vocabulary,
    "properties": _Loader.read_properties,
    "references": _Loader.read_references,
    "families": _Loader.read_families,
    "materials": _Loader.read_materials,
    "reactions": _Loader.read_tables,
    "tests": _Loader.read_tests,
    "protocol": _Loader.read_protocol,
    "standards": _Loader.read_standards,
    "elements": _Loader.read_elements,
    "guide": _Loader.read_guide,
    **dict.fromkeys(ROWS, _Loader.read_rows),
}
ALONGSIDE = {"fields": ("section",), "materials": ("kind", "family")}


def _compiled(text: str) -> tuple[re.Pattern[str], bool]:
    """A pattern, and whether it is a word: LIC* is Li3InCl6 as LIC-1 and LIC (fine), but not the start of LiCoO2."""
    word = text.removesuffix("*")
    if text.endswith("*") and word.isalpha():
        return re.compile(rf"{re.escape(word)}(?![^\W\d_]).*", re.DOTALL), True
    return re.compile(fnmatch.translate(text)), False


def load_knowledge(documents: Iterable[Document], overlays: Iterable[Iterable[Document]] = ()) -> Knowledge:
    """The knowledge base from its documents, and from the overlays laid over them.

    Raises KnowledgeError with every mistake found. An overlay may add entries; to override one it must say
    `replaces: true`.
    """
    made, problems = read_knowledge(documents, overlays)
    if problems:
        raise KnowledgeError(problems)
    return made


def read_knowledge(
    documents: Iterable[Document], overlays: Iterable[Iterable[Document]] = ()
) -> tuple[Knowledge, tuple[Problem, ...]]:
    """What is right of the knowledge, and every mistake in it, in the order of their places."""
    loader = _Loader()
    contents: list[tuple[int, str, Any]] = []
    for layer, layered in enumerate([documents, *overlays]):
        for document in sorted(layered, key=lambda each: each.name):
            contents.append((layer, document.name, document.data))
            loader.read(document, layer)
    made = _assembled(loader, _hash(contents))
    return made, in_order(loader.problems)


def _hash(contents: Any) -> str:
    return hashlib.sha256(json.dumps(contents, sort_keys=True, default=str).encode()).hexdigest()


def _assembled(loader: _Loader, digest: str) -> Knowledge:
    kinds: tuple[MaterialKind, ...] = ("electrolyte", "electrode", "coating", "compound")
    built: dict[str, dict[str, Material]] = {kind: loader.built(kind) for kind in kinds}
    index: dict[str, Index] = {kind: loader.index(kind, built[kind]) for kind in kinds}
    usual = {
        name: loader.defaults("electrolyte", family.properties, loader.families.places[name])
        for name, family in loader.families.items.items()
    }
    loader.conditions()
    cited: tuple[_Shelf[Any], ...] = (loader.tests, loader.protocol, loader.standards, loader.elements)
    for shelf in cited:
        for name, item in shelf.items.items():
            loader.sources(item.sources, shelf.places[name])
    for name, test in loader.tests.items.items():
        loader.facts(test, loader.tests.places[name])
    for name, element in loader.elements.items.items():
        for place, window in enumerate(element.windows):
            loader.cited(window, loader.elements.places[name].inside("windows", place))
    for kind in ("targets", "decomposition", "volume_changes"):
        for row, at in loader.rows[kind]:
            loader.cited(row, at)
    for kind in ("fabrication", "resistances"):
        for row, at in loader.rows[kind]:
            loader.known_pair(row, at, built)
    rows = {kind: tuple(row for row, _ in loader.rows[kind]) for kind in ROWS}
    best = {kind: loader.keyed(kind, built) for kind in ("compatibility", "pressure", "stripping", "severity")}
    return Knowledge(
        vocabulary=MappingProxyType(loader.fields.items),
        properties=MappingProxyType(loader.properties()),
        records={name: group.properties for name, group in loader.groups.items.items()},
        references=MappingProxyType(loader.references.items),
        families=MappingProxyType(loader.families.items),
        family_defaults=usual,
        materials=built,
        pairings=Pairings(
            **rows,
            reactions=MappingProxyType(loader.tables.items),
            best_onset=best["compatibility"],
            best_pressure=best["pressure"],
            best_stripping=best["stripping"],
            best_severity=best["severity"],
            closed_energy=loader.energies(index),
        ),
        tests=MappingProxyType(loader.tests.items),
        protocol=MappingProxyType(loader.protocol.items),
        standards=MappingProxyType(loader.standards.items),
        elements=MappingProxyType(loader.elements.items),
        guide=MappingProxyType(loader.guide.items),
        texts=english(),
        hash=digest,
        _index=index,
        _applies=loader.applies,
    )


@lru_cache(maxsize=1)
def vocabulary() -> Mapping[str, Field]:
    """The fields of a case, in the order of the files. Raises KnowledgeError when the shipped files are damaged."""
    from diagnose.data import home, read

    loader = _Loader()
    for document in read(home("knowledge") / "vocabulary", "knowledge/vocabulary"):
        loader.read(document, 0)
    if loader.problems:
        raise KnowledgeError(loader.problems)
    return MappingProxyType(loader.fields.items)
