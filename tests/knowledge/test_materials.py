"""Materials, families and references: complete, sourced, with one figure for the rules."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from diagnose.data import load, shipped
from diagnose.entry import Figure, Reference
from diagnose.errors import KnowledgeError
from diagnose.knowledge import Knowledge, Material
from diagnose.knowledgefile import load_knowledge
from diagnose.quantity import Span
from diagnose.yamlfile import Document, parse_yaml


@pytest.fixture(scope="module")
def knowledge() -> Knowledge:
    return load().knowledge


@pytest.fixture(scope="module")
def documents() -> list[Document]:
    return shipped("knowledge")


def figures(knowledge: Knowledge) -> Iterator[tuple[str, Figure]]:
    """Every figure, with a label that says where it stands."""
    for materials in knowledge.materials.values():
        for material in materials.values():
            for name, stated in material.figures.items():
                for figure in stated:
                    yield f"{material.id}.{name}", figure
    for family, entry in knowledge.families.items():
        for name, stated in entry.properties.items():
            for figure in stated:
                yield f"{family}.{name}", figure


def problems(documents: list[Document], *overlays: str) -> list[str]:
    """What is wrong when the given YAML texts are laid over the shipped knowledge."""
    sites = [[parse_yaml(text, f"site{index}/knowledge/own.yaml")] for index, text in enumerate(overlays)]
    with pytest.raises(KnowledgeError) as caught:
        load_knowledge(documents, sites)
    return [str(problem) for problem in caught.value.problems]


def electrode(text: str) -> str:
    return f"kind: electrode\nmaterials:\n{text}\n"


FIGURE = "{value: layered_oxide, ref: judgement, grade: judgement}"


def test_enough_materials(knowledge: Knowledge) -> None:
    """At least 71 electrolytes, 20 cathodes and 12 anodes, and 43 coatings are known, in every family."""
    metal = {"metal", "alloy", "carbon", "titanate", "collector"}
    kinds = [material.electrode_kind for material in knowledge.materials["electrode"].values()]
    assert len(knowledge.materials["electrolyte"]) >= 71
    assert sum(kind not in metal for kind in kinds) >= 20
    assert sum(kind in metal for kind in kinds) >= 12
    assert len(knowledge.materials["coating"]) >= 43
    families = set(knowledge.vocabulary["electrolyte_family"].of)
    assert set(knowledge.families) == families
    assert {material.family for material in knowledge.materials["electrolyte"].values()} == families
    assert knowledge.properties["electrolyte.family"].of == knowledge.vocabulary["electrolyte_family"].of


def test_every_electrolyte_is_classified(knowledge: Knowledge) -> None:
    """For every electrolyte the rules know stiffness, contact with lithium, attack by water and the window."""
    needed = (
        "family",
        "stiffness",
        "lithium_contact",
        "water_attack",
        "oxidation_limit_V",
        "grain_boundary_limited",
        "contains_phosphate",
    )
    for material in knowledge.materials["electrolyte"].values():
        facts = knowledge.material_facts("electrolyte", material, material.family)
        missing = [name for name in needed if f"electrolyte.{name}" not in facts]
        assert not missing, material.id


def test_every_electrode_is_classified(knowledge: Knowledge) -> None:
    """For every electrode the rules know its kind, whether it is lithium, and whether it is rich in nickel."""
    for material in knowledge.materials["electrode"].values():
        assert {"kind", "is_lithium", "nickel_rich"} <= set(material.defaults), material.id
    lithium = [each.id for each in knowledge.materials["electrode"].values() if each.defaults["is_lithium"][0]]
    assert lithium == ["li"]


def test_every_coating_has_a_side(knowledge: Knowledge) -> None:
    """Every coating has a side, and a useful range runs upwards."""
    for material in knowledge.materials["coating"].values():
        assert "side" in material.defaults, material.id
        low, high = (material.defaults.get(f"useful_{end}_nm") for end in ("low", "high"))
        if low and high:
            assert isinstance(low[0], Span)
            assert isinstance(high[0], Span)
            assert low[0].high < high[0].low, material.id


def test_every_figure_is_sourced_and_in_plain_words(knowledge: Knowledge) -> None:
    """Every figure names a known source and a grade, and its words hold no jargon of the notes it came from."""
    jargon = ("dg_", "MIEC", "SEI", "->", "hole:", "obelix")
    for label, figure in figures(knowledge):
        assert figure.ref in knowledge.references, label
        assert figure.grade != "secondary" or figure.read_in, label
        words = f"{figure.says} {figure.at} {figure.note} {figure.why}"
        assert not [each for each in jargon if each in words.strip()], label


def test_sources_that_disagree_are_all_kept(knowledge: Knowledge) -> None:
    """Where sources disagree all figures stand, and the default says why it was chosen."""
    figures = knowledge.materials["electrolyte"]["llzo"].figures["oxidation_limit_V"]
    assert len([each for each in figures if not each.says]) == 3
    assert [bool(each.why) for each in figures if each.default] == [True]


@pytest.mark.parametrize(
    ("name", "limit"),
    [
        ("Li6PS5Cl", 2.6),
        ("LLZO", (3.7, 3.8)),
        ("PEO", (3.8, 4.0)),
        ("Li3InCl6", 4.26),
        ("LSiPS", (2.3, 2.8)),
        ("Li3YBr6", 3.15),
    ],
)
def test_oxidation_limits_are_practical(knowledge: Knowledge, name: str, limit: float | tuple[float, float]) -> None:
    """Rules read a practical limit where one stands, from the family when the member has none."""
    material = knowledge.find("electrolyte", name)
    assert material is not None
    expected = Span(*limit) if isinstance(limit, tuple) else Span(limit, limit)
    assert (
        knowledge.material_facts("electrolyte", material, material.family)["electrolyte.oxidation_limit_V"][0]
        == expected
    )


def test_an_unknown_material_gets_the_figures_of_its_family(knowledge: Knowledge) -> None:
    """Without a material the family answers, and says so."""
    facts = knowledge.material_facts("second_electrolyte", None, "sulfide")
    assert facts["second_electrolyte.stiffness"][0] == "ductile"
    assert {level for _, _, _, level in facts.values()} == {"family"}
    assert knowledge.material_facts("electrode", None, None) == {}


def test_own_figures_beat_those_of_the_family(knowledge: Knowledge) -> None:
    """A figure of the material itself is preferred to that of its family."""
    lgps = knowledge.find("electrolyte", "LGPS")
    facts = knowledge.material_facts("electrolyte", lgps, "sulfide")
    assert facts["electrolyte.lithium_contact"][0] == "mixed_conducting"
    assert facts["electrolyte.lithium_contact"][3] == "own"
    assert facts["electrolyte.stiffness"][3] == "family"


def test_facts_are_properties_of_the_right_type(knowledge: Knowledge) -> None:
    """Every fact that a material gives is a declared property, in the type and within the limits declared."""
    types = {"number": Span, "choice": str, "flag": bool}
    prefixes = {
        "electrolyte": "electrolyte",
        "electrode": "counter_electrode",
        "coating": "coating",
    }
    for kind, prefix in prefixes.items():
        for material in knowledge.materials[kind].values():
            for name, (value, ref, _, _) in knowledge.material_facts(prefix, material, material.family or None).items():
                about = knowledge.properties[name]
                assert isinstance(value, types[about.kind]), f"{material.id}: {name}"
                assert ref in knowledge.references
                if isinstance(value, Span):
                    assert about.limits[0] <= value.low <= value.high <= about.limits[1]


def test_references_can_be_found_again(knowledge: Knowledge) -> None:
    """Every reference has a locator and a line to cite it by, and no DOI stands under two ids."""
    dois: dict[str, str] = {}
    for name, reference in knowledge.references.items():
        assert name == name.lower()
        assert " " not in name
        assert len(reference.short()) > 10
        if reference.doi:
            assert dois.setdefault(reference.doi.lower(), name) == name
    assert "Kasemchainan" in knowledge.short("kasemchainan-2019")
    assert Reference(title="T", authors="A", year=2020, doi="10/x", read="full").short() == "A (2020). T. doi:10/x"


def test_loading_is_fast_and_repeatable(documents: list[Document]) -> None:
    """Parsed documents become checked knowledge in well under half a second, with the same hash in any order."""
    times = []
    for _ in range(3):
        start = time.perf_counter()
        knowledge = load_knowledge(documents)
        times.append(time.perf_counter() - start)
    assert min(times) < 0.4
    assert load_knowledge(list(reversed(documents))).hash == knowledge.hash


def test_an_overlay_adds_a_material(documents: list[Document]) -> None:
    """A site may add a material, and the hash tells that something was added."""
    text = electrode(f"  secret-oxide:\n    name: Secret oxide\n    properties: {{kind: [{FIGURE}]}}")
    base = load_knowledge(documents)
    site = load_knowledge(documents, [[parse_yaml(text, "site/knowledge/own.yaml")]])
    found = site.find("electrode", "secret oxide")
    assert isinstance(found, Material)
    assert found.electrode_kind == "layered_oxide"
    assert base.find("electrode", "secret oxide") is None
    assert site.hash != base.hash


def test_an_overlay_must_say_that_it_replaces(documents: list[Document]) -> None:
    """A material of the same id is refused, naming both places, unless it says `replaces: true`."""
    entry = f"  lco:\n    name: LCO\n    formula: LiCoO2\n    properties: {{kind: [{FIGURE}]}}"
    (message,) = problems(documents, electrode(entry))
    assert message.startswith("site0/knowledge/own.yaml:3:")
    assert "knowledge/materials/cathodes.yaml:" in message
    assert "replaces: true" in message
    site = load_knowledge(documents, [[parse_yaml(electrode(entry + "\n    replaces: true"), "own.yaml")]])
    lco = site.find("electrode", "LiCoO2")
    assert lco is not None
    assert set(lco.figures) == {"kind"}


def test_an_overlay_may_not_take_a_name(documents: list[Document]) -> None:
    """A name of another material is refused, naming both places."""
    text = electrode(f"  mine:\n    name: Mine\n    aliases: [li co o2]\n    properties: {{kind: [{FIGURE}]}}")
    (message,) = problems(documents, text)
    assert "'li co o2' belongs already to lco in knowledge/materials/cathodes.yaml:" in message


def test_replacing_what_is_not_there_is_refused(documents: list[Document]) -> None:
    """`replaces: true` for an unknown id gets the nearest ids."""
    text = electrode(f"  lc0:\n    name: X\n    replaces: true\n    properties: {{kind: [{FIGURE}]}}")
    (message,) = problems(documents, text)
    assert "does not exist" in message
    assert "Did you mean" in message


@pytest.mark.parametrize(
    ("figure", "expected"),
    [
        (
            "{value: layered, ref: judgement, grade: judgement}",
            "'layered' is not one of the choices. Did you mean layered_oxide",
        ),
        ("{value: spinel, ref: nobody-1900, grade: seen}", "there is no reference 'nobody-1900'"),
        ("{value: spinel, ref: judgement, grade: secondary}", "Say where the figure was read"),
        ("{value: spinel, ref: judgement, grade: guessed}", "'guessed' is not one of the choices"),
        ("{value: spinel, refs: judgement, grade: seen}", "is not a known key here"),
        ("{ref: judgement, grade: judgement}", "needs exactly one of value"),
        (
            "{value: spinel, ref: judgement, grade: judgement}, {value: metal, ref: judgement, grade: judgement}",
            "no default",
        ),
    ],
)
def test_mistakes_in_a_figure_are_explained(documents: list[Document], figure: str, expected: str) -> None:
    """Each kind of mistake names the place and what to write instead."""
    found = problems(documents, electrode(f"  own:\n    name: Own\n    properties:\n      kind: [{figure}]"))
    assert any(expected in message and message.startswith("site0/knowledge/own.yaml:") for message in found), found


@pytest.mark.parametrize(
    ("figure", "expected"),
    [
        ("{value: 42, unit: V, ref: judgement, grade: judgement}", "lies outside -1 to 6 V"),
        (
            "{value: 4.2, unit: mV, ref: judgement, grade: judgement}",
            "has the unit 'mV', expected 'V'",
        ),
        ("{value: high, ref: judgement, grade: judgement}", "is not a number"),
        ("{low: 4, high: 3, unit: V, ref: judgement, grade: judgement}", "low is above high"),
        (
            "{says: high, default: true, ref: judgement, grade: judgement}",
            "words cannot be the default",
        ),
    ],
)
def test_mistakes_in_a_number_are_explained(documents: list[Document], figure: str, expected: str) -> None:
    """Numbers out of limits, in another unit, or that are words are refused."""
    found = problems(
        documents,
        electrode(f"  own:\n    name: Own\n    properties:\n      potential_V: [{figure}]"),
    )
    assert any(expected in message for message in found), found


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "kind: electrode\nmaterials:\n  own: {name: Own, properties: {colour: []}}\n",
            "is not a property in the group electrode",
        ),
        (
            "kind: electrolyte\nfamily: granet\nmaterials:\n  own: {name: Own}\n",
            "there is no family 'granet'. Did you mean garnet?",
        ),
        ("matreials: {}\n", "is not a known part of a knowledge file"),
        (
            "section: new\nfields: {x: {kind: flag, question: q, help: h, effort_min: 0}}\n",
            "changes the vocabulary",
        ),
        ("- a list\n", "is not a knowledge file"),
    ],
)
def test_mistakes_in_a_file_are_explained(documents: list[Document], text: str, expected: str) -> None:
    """Unknown properties, families, keys and forbidden changes are named."""
    assert any(expected in message for message in problems(documents, text))


def test_all_mistakes_are_reported_at_once(documents: list[Document]) -> None:
    """Two overlays with a mistake each give both."""
    one = electrode(f"  lco:\n    name: LCO\n    properties: {{kind: [{FIGURE}]}}")
    found = problems(documents, one, "kind: electrolyte\nfamily: granet\nmaterials:\n  own: {name: Own}\n")
    assert any("site0/" in message for message in found)
    assert any("site1/" in message for message in found)
