"""From a case to the fact base that the rules read: fields, material and pairing properties, derived quantities."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from diagnose.case import ABSENT, Case, as_fact
from diagnose.derived import DERIVED, FORMULAS, Value, derive
from diagnose.errors import CaseError, Problem, did_you_mean
from diagnose.quantity import Span
from diagnose.texts import Texts, english

if TYPE_CHECKING:
    from diagnose.knowledge import Knowledge, Material
    from diagnose.rulebook import Names

# Which field names a material, what kind of material it is, and under which prefix the rules read its properties.
MATERIALS = (
    ("electrolyte", "electrolyte", "electrolyte"),
    ("electrode", "electrode", "electrode"),
    ("second_electrolyte", "electrolyte", "second_electrolyte"),
    ("counter_electrode", "electrode", "counter_electrode"),
    ("coating", "coating", "coating"),
)


@dataclass(frozen=True)
class Origin:
    """Where a fact comes from: given, material, family, pairing or derived; with its source when it has one."""

    kind: str
    ref: str = ""
    grade: str = ""
    inputs: tuple[str, ...] = ()


@dataclass
class FactBase:
    """Facts by name, each with its origin, and remarks on what could not be looked up."""

    facts: dict[str, Value] = field(default_factory=dict)
    origins: dict[str, Origin] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def put(self, name: str, value: Value, origin: Origin) -> None:
        """Enter a known fact; an unknown one stays absent."""
        if value is not None:
            self.facts[name] = value
            self.origins[name] = origin


def names(knowledge: Knowledge) -> Names:
    """Every fact name that a rule may read, for checking the rule book."""
    from diagnose.rulebook import FactInfo, Names

    facts = {}
    for name, each in knowledge.vocabulary.items():
        kind = "number" if each.kind == "integer" else "text" if each.kind == "material" else each.kind
        facts[name] = FactInfo(kind, tuple(each.of))
    for name, about in knowledge.properties.items():
        facts[name] = FactInfo(about.kind, tuple(about.of))
    for quantity in DERIVED:
        facts[quantity.name] = FactInfo("number", ())
    return Names(facts=facts, references=frozenset(knowledge.references), guide=frozenset(knowledge.guide))


def fact_base(case: Case, knowledge: Knowledge) -> FactBase:
    """All facts about a case.

    Raises CaseError when the electrolyte is not known and its family is not given.
    """
    return facts_of({name: as_fact(value) for name, value in case.known().items()}, knowledge)


def facts_of(fields: Mapping[str, Value], knowledge: Knowledge) -> FactBase:
    """All facts about a case whose known fields are given as facts.

    Raises CaseError when the electrolyte is not known and its family is not given.
    """
    base = FactBase()
    for name, value in fields.items():
        base.put(name, value, Origin("given"))
    found = {name: _material(base, fields, knowledge, name, kind) for name, kind, _ in MATERIALS}
    electrolyte, given = fields.get("electrolyte"), fields.get("electrolyte_family")
    family = str(given) if given is not None else _family(found["electrolyte"])
    if family is None:
        raise CaseError((unknown_electrolyte("" if electrolyte is None else str(electrolyte), knowledge),))
    if given is None:
        base.put("electrolyte_family", family, Origin("material"))
    elif found["electrolyte"] is not None and found["electrolyte"].family != family:
        kept = found["electrolyte"].family
        words = knowledge.texts("ui.note.other_family", material=electrolyte, kept=kept, given=family)
        base.notes.append(words)
    families = {"electrolyte": family, "second_electrolyte": _family(found["second_electrolyte"])}
    for name, _, prefix in MATERIALS:
        _properties(base, knowledge.material_facts(prefix, found[name], families.get(name)))
    role = None if fields.get("electrode_role") is None else str(fields["electrode_role"])
    _properties(
        base,
        knowledge.pairing_facts(found["electrolyte"], family, found["electrode"], role, base.facts),
        "pairing",
    )
    for name, span, inputs in derive(base.facts):
        base.put(name, span, Origin("derived", inputs=inputs))
    return base


def _family(material: Material | None) -> str | None:
    return None if material is None else material.family


def _properties(base: FactBase, found: Mapping[str, tuple[Value, str, str, str]], kind: str = "") -> None:
    for name, (value, ref, grade, level) in found.items():
        base.put(name, value, Origin(kind or ("family" if level == "family" else "material"), ref, grade))


def _material(
    base: FactBase, fields: Mapping[str, Value], knowledge: Knowledge, name: str, kind: str
) -> Material | None:
    """The material a field names; one that is not known is noted, with the nearest names."""
    if fields.get(name) in (None, ABSENT):
        return None
    given = str(fields[name])
    material, texts = knowledge.find(kind, given), knowledge.texts
    field = texts(f"ui.material.{name}")
    if material is None and not (name == "electrolyte" and "electrolyte_family" not in fields):
        said = [texts("ui.note.unknown_material", field=field, name=given)]
        near = knowledge.nearest(kind, given)
        if near:
            said.append(texts("ui.note.did_you_mean", names=texts.either(near)))
        base.notes.append(" ".join(said))
    if material is not None and not knowledge.is_name(kind, given):
        base.notes.append(texts("ui.note.read_as", field=field, name=given, material=material.name))
    return material


def fields_behind(fact: str, facts: Collection[str], vocabulary: Collection[str]) -> tuple[str, ...]:
    """The fields of a case that could make an unknown fact known, where `facts` are known."""
    if fact in vocabulary:
        return (fact,)
    if fact in FORMULAS:
        empty = [slot[0] for slot in FORMULAS[fact].slots if not any(name in facts for name in slot)]
        return tuple(each for name in empty for each in fields_behind(name, facts, vocabulary))
    owner = fact.split(".")[0]
    return (owner,) if owner in vocabulary and owner not in facts else ()


def unknown_electrolyte(name: str, knowledge: Knowledge) -> Problem:
    """The mistake of an electrolyte that is not known and whose family is not given."""
    hint = did_you_mean(name, knowledge.material_names("electrolyte"))
    families = "or give electrolyte_family (garnet, sulfide, polymer, ...)"
    return Problem(
        f"{name!r} is not in the knowledge base",
        field="electrolyte",
        hint=f"{hint} Correct the name, {families}.".strip(),
    )


def show(value: Value, texts: Texts | None = None) -> str:
    """A fact as text: figures without trailing zeros, bounds and ranges as intervals; in English without `texts`."""
    if isinstance(value, Span):
        low, high = f"{value.low:.4g}", f"{value.high:.4g}"
        return low if value.low == value.high else (texts or english())("ui.value.range", low=low, high=high)
    if isinstance(value, str):
        return value
    return (texts or english())("ui.value.unknown" if value is None else "ui.value.yes" if value else "ui.value.no")
