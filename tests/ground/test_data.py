"""Where rules and knowledge are: the shipped base is sound, and a site's directory lies over it without surprises."""

from __future__ import annotations

import math
import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, get_args

import pytest

from diagnose.data import Base, home, load, overlay, read, shipped
from diagnose.entry import Figure, Grade, Sourced
from diagnose.errors import DataError, FileError, KnowledgeError, RuleError
from diagnose.facts import names
from diagnose.pairing import Resistance, Row
from diagnose.quantity import Span
from diagnose.yamlfile import parse_yaml

SOURCES = "sources: {judgement: judgement}"
JUDGED = "ref: judgement, grade: judgement"
SECRET = f"""\
kind: electrode
materials:
  secret-oxide:
    name: Secret oxide
    aliases: [our best]
    properties:
      kind: [{{value: spinel, {JUDGED}}}]
      potential_V: [{{value: 4.2, unit: V, {JUDGED}}}]
"""
ADDED = f"findings:\n  hot-indeed:\n    says: s\n    when: {{temperature_C: {{above: 200}}}}\n    {SOURCES}\n"

Site = Callable[..., Path]


pytestmark = pytest.mark.usefixtures("parsed_once")


@pytest.fixture(scope="module")
def base() -> Base:
    return load()


def told(kind: type[DataError], *overlays: Path) -> list[str]:
    """The mistakes in some overlays, as a person reads them."""
    with pytest.raises(kind) as caught:
        load(overlays)
    return [str(each) for each in caught.value.problems]


# --- what is shipped


def test_shipped_base_loads_without_a_mistake(base: Base) -> None:
    """The shipped rules and knowledge load, and every file of a cause or remedy is in the book."""
    assert len(base.rules.causes) == len(list((home("rules") / "causes").glob("*.yaml")))
    assert len(base.rules.remedies) == len(list((home("rules") / "remedies").glob("*.yaml")))
    assert base.rules.findings
    assert base.rules.verdicts
    assert base.rules.contradictions
    assert all(base.knowledge.materials[kind] for kind in ("electrolyte", "electrode", "coating", "compound"))


def test_file_of_a_cause_or_remedy_bears_its_name(base: Base) -> None:
    """The file of each cause and remedy is named after its slug, so that it can be found."""
    assert {path.stem for path in (home("rules") / "causes").iterdir()} == set(base.rules.causes)
    assert {path.stem for path in (home("rules") / "remedies").iterdir()} == set(base.rules.remedies)


def test_slugs_can_be_typed(base: Base) -> None:
    """Every slug of a rule is made of small letters, figures, dots and hyphens; an id in a cause may name a unit."""
    slug = re.compile(r"[a-z0-9]+([.-][a-z0-9]+)*\Z")
    rules = base.rules
    named = [*rules.causes, *rules.findings, *rules.remedies]
    named += [each.id for each in (*rules.verdicts, *rules.contradictions)]
    assert [each for each in named if not slug.match(each)] == []
    inner = [item.id for cause in rules.causes.values() for item in cause.evidence]
    assert [each for each in inner if not slug.match(each.lower())] == []


def test_documents_are_read_in_one_order_and_without_the_cases() -> None:
    """The shipped documents come sorted by path, named from rules/ or knowledge/, and hold no case."""
    for kind in ("rules", "knowledge"):
        found = [each.name for each in shipped(kind)]
        assert found == [each.name for each in shipped(kind)]
        assert sorted(found, key=lambda name: Path(name).parts) == found
        assert all(name.startswith(f"{kind}/") for name in found)
        assert not any("cases" in Path(name).parts for name in found)
        assert len(set(found)) == len(found)


def statements(base: Base) -> Iterator[tuple[str, Any]]:
    """Everything in the rule book and the tests that must name its sources."""
    rules, knowledge = base.rules, base.knowledge
    yield "scale", rules.scale
    for slug, cause in rules.causes.items():
        yield slug, cause
        yield from ((f"{slug}.{item.id}", item) for item in cause.evidence)
    yield from rules.findings.items()
    yield from ((each.id, each) for each in rules.verdicts)
    for slug, remedy in rules.remedies.items():
        yield slug, remedy
        for part in (remedy.better, remedy.worse, remedy.contraindicated, remedy.effects, remedy.settings):
            yield from ((slug, item) for item in part)
    for shelf in (knowledge.tests, knowledge.protocol, knowledge.standards):
        yield from shelf.items()


def test_every_statement_of_the_rules_has_a_source_and_a_grade(base: Base) -> None:
    """Every rule, finding, verdict, remedy, setting, test, step and standard names known sources with a grade."""
    grades = set(get_args(Grade))
    for name, each in statements(base):
        assert each.sources, name
        assert set(each.sources) <= set(base.knowledge.references), name
        assert set(each.sources.values()) <= grades, name


def sourced(base: Base) -> Iterator[tuple[str, Sourced]]:
    """Every figure and row of the knowledge base."""
    knowledge, pairs = base.knowledge, base.knowledge.pairings
    for materials in knowledge.materials.values():
        for material in materials.values():
            for name, stated in material.figures.items():
                yield from ((f"{material.id}.{name}", each) for each in stated)
    for family, entry in knowledge.families.items():
        for name, stated in entry.properties.items():
            yield from ((f"{family}.{name}", each) for each in stated)
    for table, made in pairs.reactions.items():
        yield from ((table, each) for each in made.blocks)
    for kind in ("compatibility", "pressure", "fabrication", "stripping", "severity", "targets", "resistances",
                 "decomposition", "volume_changes"):  # fmt: skip
        yield from ((kind, each) for each in getattr(pairs, kind))


def test_every_figure_has_a_source_and_a_grade(base: Base) -> None:
    """Every figure and row names a known source and one of the five grades, and where a quoted one was read."""
    grades = set(get_args(Grade))
    count = 0
    for label, each in sourced(base):
        count += 1
        assert each.ref in base.knowledge.references, label
        assert each.grade in grades, label
        assert bool(each.read_in) == (each.grade == "secondary"), label
        assert each.read_in in {"", "digest", *base.knowledge.references}, label
    assert count > 1000


def test_every_numeric_figure_has_the_unit_of_its_property(base: Base) -> None:
    """Every number of a material or family is finite, in the unit and within the limits that its property declares."""
    knowledge = base.knowledge
    shelves = [(kind, each.figures) for kind, shelf in knowledge.materials.items() for each in shelf.values()]
    shelves += [("electrolyte", each.properties) for each in knowledge.families.values()]
    for kind, figures in shelves:
        for name, stated in figures.items():
            about = knowledge.records[kind][name]
            for figure in stated:
                span = figure.number(about.limits)
                if isinstance(figure, Figure) and about.kind == "number" and not figure.says:
                    assert span is not None, name
                    assert figure.unit == about.unit, name
                    assert all(math.isfinite(end) for end in span), name
                    assert about.limits[0] <= span.low <= span.high <= about.limits[1], name
                else:
                    assert figure.unit == "" or about.kind == "number", name


def test_every_row_about_a_pair_says_something(base: Base) -> None:
    """A row about a pair holds figures or words; ranges run upwards; resistances are in ohm cm2."""
    pairs = base.knowledge.pairings
    for window in (*pairs.pressure, *pairs.fabrication):
        assert window.low_MPa is None or window.high_MPa is None or window.low_MPa <= window.high_MPa, window
        assert window.says or window.low_MPa is not None or window.high_MPa is not None, window
    for row in pairs.resistances:
        assert isinstance(row, Resistance)
        assert row.unit == "ohm*cm^2", row.pair
        figures = [each for each in (row.value, row.low, row.high, row.before, row.after) if each is not None]
        assert figures or row.says, row.pair
        assert all(math.isfinite(each) and each >= 0 for each in figures), row.pair
        assert row.low is None or row.high is None or row.low <= row.high, row.pair
    for table in pairs.reactions.values():
        assert table.unit
        for line in (line for block in table.blocks for line in block.rows):
            figures = [line.value, line.low, line.high, line.half_charged, line.unmixed]
            assert any(each is not None for each in figures) or line.note, (line.a, line.b)


def test_every_reference_can_be_found_or_says_why_not(base: Base) -> None:
    """Every reference has a title and a DOI, an address or words on where it is; DOIs and addresses are in form."""
    for name, reference in base.knowledge.references.items():
        assert reference.title.strip(), name
        assert reference.doi or reference.url or len(reference.other.split()) > 0, name
        if reference.doi:
            assert re.match(r"10\.\d{4,9}/\S+\Z", reference.doi), name
        if reference.url:
            assert re.match(r"https?://\S+\Z", reference.url), name
        if reference.year is not None:
            assert 1850 <= reference.year <= 2030, name


def test_names_of_facts_are_complete(base: Base) -> None:
    """Every field, property and derived quantity is a fact, and no two share a name."""
    facts = names(base.knowledge).facts
    assert set(base.knowledge.vocabulary) <= set(facts)
    assert set(base.knowledge.properties) <= set(facts)
    assert len(facts) > len(base.knowledge.vocabulary) + len(base.knowledge.properties)
    assert all(bool(info.of) == (info.kind == "choice") for info in facts.values())


# --- a site's directory


def test_overlay_of_knowledge_and_rules(base: Base, site: Site) -> None:
    """A site may add a material and a finding at once; both are there, and nothing else has changed."""
    mine = load([site("ours", knowledge__own=SECRET, rules__own=ADDED)])
    found = mine.knowledge.find("electrode", "Our Best")
    assert found is not None
    assert found.defaults["potential_V"][0] == Span(4.2, 4.2)
    assert base.knowledge.find("electrode", "Our Best") is None
    assert set(mine.rules.findings) - set(base.rules.findings) == {"hot-indeed"}
    assert mine.rules.causes == base.rules.causes
    assert mine.rules.hash != base.rules.hash
    assert mine.knowledge.hash != base.knowledge.hash


def test_figure_of_a_material_is_replaced(base: Base, site: Site) -> None:
    """With `replaces: true` a site writes a material anew, and the rules read its figure."""
    name = "lco"
    text = (
        f"kind: electrode\nmaterials:\n  {name}:\n    name: LCO\n    formula: LiCoO2\n    replaces: true\n"
        f"    properties: {{potential_V: [{{value: 3.87, unit: V, at: our cells, {JUDGED}}}]}}\n"
    )
    before, after = base.knowledge, load([site("ours", knowledge__lco=text)]).knowledge
    assert after.materials["electrode"][name].defaults["potential_V"][0] == Span(3.87, 3.87)
    assert before.materials["electrode"][name].defaults["potential_V"][0] != Span(3.87, 3.87)
    assert list(after.materials["electrode"]) == list(before.materials["electrode"])


def test_shadowing_a_material_names_both_places(base: Base, site: Site) -> None:
    """Without `replaces: true` a material of the same id is refused, naming both places."""
    text = SECRET.replace("secret-oxide", "lco").replace("Secret oxide", "Our LCO")
    (answer,) = told(KnowledgeError, site("ours", knowledge__lco=text))
    shown = next(each for each in shipped("knowledge") if ("materials", "lco") in each.positions)
    line = shown.where(("materials", "lco"))[0]
    assert answer == (
        f"ours/knowledge/lco.yaml:3:3: materials.lco: the electrode lco stands already in {shown.name}:{line}. "
        "Write `replaces: true` to override it."
    )


def test_cause_is_replaced_by_a_copy_of_its_file(base: Base, site: Site) -> None:
    """To change one figure of a cause its file is copied, changed, and marked; without the mark it is refused."""
    slug = next(iter(base.rules.causes))
    text = (home("rules") / "causes" / f"{slug}.yaml").read_text(encoding="utf-8")
    changed = re.sub(r"^title: .*$", "title: As we see it", text, flags=re.MULTILINE)
    mine = load([site("marked", rules__causes__own=changed + "\nreplaces: true\n")])
    assert mine.rules.causes[slug].title == "As we see it"
    assert set(mine.rules.rules) == set(base.rules.rules)
    (answer,) = told(RuleError, site("bare", rules__causes__own=changed))
    first = f"rules/causes/{slug}.yaml:1"
    assert answer.startswith("bare/rules/causes/own.yaml:")
    assert answer.endswith(f"the cause {slug} stands already in {first}. Write `replaces: true` to override it.")


def test_two_overlays_lie_in_order(site: Site) -> None:
    """The second overlay may replace what the first added; the other way round there is nothing to replace."""
    first = site("first", knowledge__own=SECRET, rules__own=ADDED)
    second = site(
        "second",
        knowledge__own=SECRET.replace("4.2", "3.9").replace("aliases", "replaces: true\n    aliases"),
        rules__own=ADDED.replace("says: s", "says: other\n    replaces: true"),
    )
    both = load([first, second])
    assert both.knowledge.materials["electrode"]["secret-oxide"].defaults["potential_V"][0] == Span(3.9, 3.9)
    assert both.rules.findings["hot-indeed"].says == "other"
    answer, *of_rules = told(KnowledgeError, second, first)
    assert [each.split(": ")[0] for each in of_rules] == ["first/rules/own.yaml:2:3", "second/rules/own.yaml:2:3"]
    assert answer == (
        "second/knowledge/own.yaml:3:3: materials.secret-oxide: replaces the electrode secret-oxide, "
        "which does not exist. Take out `replaces: true` to add it."
    )


def test_two_overlays_that_add_the_same(site: Site) -> None:
    """Two overlays that add the same material are refused, naming both, as is one that is laid over itself."""
    first, second = site("first", knowledge__own=SECRET), site("second", knowledge__own=SECRET)
    for overlays in ((first, second), (first, first)):
        (answer,) = told(KnowledgeError, *overlays)
        assert answer.startswith(f"{overlays[1].name}/knowledge/own.yaml:3:3: ")
        assert "stands already in first/knowledge/own.yaml:3. Write `replaces: true`" in answer


def test_same_item_twice_in_one_overlay(site: Site) -> None:
    """Two files of one overlay may not name the same material, whatever they say of replacing."""
    again = SECRET.replace("aliases", "replaces: true\n    aliases")
    (answer,) = told(KnowledgeError, site("ours", knowledge__a=SECRET, knowledge__b=again))
    assert answer.startswith("ours/knowledge/b.yaml:3:3: ")
    assert "stands already in ours/knowledge/a.yaml:3" in answer


def test_rules_of_a_site_may_speak_of_its_own_knowledge(site: Site) -> None:
    """A rule may cite a reference and name a guide statement that only the site knows."""
    reference = "references:\n  ours-2026: {title: Our notebook, other: shelf 3, read: full}\n"
    text = ADDED.replace("{judgement: judgement}", "{ours-2026: seen}")
    both = load([site("ours", knowledge__ref=reference, rules__own=text)])
    assert both.rules.findings["hot-indeed"].sources == {"ours-2026": "seen"}
    (answer,) = told(RuleError, site("bare", rules__own=text))
    assert answer.startswith("bare/rules/own.yaml:5:26: findings.hot-indeed.sources.ours-2026: there is no reference")


def test_row_of_a_pair_is_added(site: Site) -> None:
    """A row of a site for a pair that has none of its own answers for it."""
    row = f"pressure:\n- {{electrolyte: lagp, electrode: nmc811, low_MPa: 7, high_MPa: 9, says: ours, {JUDGED}}}\n"
    knowledge = load([site("ours", knowledge__own=row)]).knowledge
    answer = knowledge.pairings.best_pressure["lagp", "nmc811"]
    assert isinstance(answer, Row)
    assert (answer.low_MPa, answer.high_MPa) == (7, 9)


# --- mistakes in a site's directory


def test_missing_and_empty_directories(site: Site, tmp_path: Path) -> None:
    """A directory that is missing, is a file, or holds neither rules nor knowledge is named as such."""
    (tmp_path / "file").write_text("x", encoding="utf-8")
    for path in (tmp_path / "none", tmp_path / "file"):
        assert told(FileError, path) == [f"{path}: there is no such overlay directory"]
    hint = "Put YAML files below a folder called rules or knowledge in it."
    (tmp_path / "hollow" / "rules").mkdir(parents=True)
    for path in (site("empty"), site("elsewhere", own=ADDED), tmp_path / "hollow"):
        assert told(FileError, path) == [f"{path}: the overlay holds no rules and no knowledge. {hint}"]


def test_other_files_are_not_read(site: Site) -> None:
    """Notes, tables and scripts may lie beside the YAML files of a site; .yml is YAML too."""
    path = site("ours", rules__own=ADDED)
    (path / "rules" / "README.md").write_text("{ not yaml", encoding="utf-8")
    (path / "rules" / "own.yaml~").write_text("{ not yaml", encoding="utf-8")
    (path / "rules" / "deep").mkdir()
    (path / "rules" / "deep" / "more.yml").write_text(ADDED.replace("hot-indeed", "hot-again"), encoding="utf-8")
    found = overlay(path)
    assert [each.name for each in found["rules"]] == ["ours/rules/deep/more.yml", "ours/rules/own.yaml"]
    assert set(found) == {"rules"}


def test_broken_files_are_told_together(site: Site) -> None:
    """Every file of an overlay that cannot be read is named with its mistakes, in one go."""
    path = site("ours", rules__a="findings: [", rules__b="x: 1\nx: 2\ny: !z 1\n", rules__c=ADDED, rules__d__e="a: b: c")
    (path / "rules" / "f.yaml").write_bytes(b"title: \xe9\n")
    answers = told(FileError, path)
    assert [answer.split(": ")[0] for answer in answers] == [
        "ours/rules/a.yaml:2:1", "ours/rules/b.yaml:2:1", "ours/rules/b.yaml:3:4", "ours/rules/d/e.yaml:1:5",
        "ours/rules/f.yaml:1",
    ]  # fmt: skip


def test_mistakes_of_all_files_and_overlays_are_told_together(site: Site) -> None:
    """Mistakes in several files of several overlays of knowledge are told in one go, each with its file."""
    first = site("first", knowledge__a="matreials: {}\n", knowledge__b=SECRET.replace("spinel", "spinal"))
    second = site("second", knowledge__c=SECRET.replace("judgement, grade", "nobody, grade", 1))
    answers = told(KnowledgeError, first, second)
    assert sorted(answer.split(": ")[0] for answer in answers) == [
        "first/knowledge/a.yaml:1:1", "first/knowledge/b.yaml:7:14", "second/knowledge/c.yaml:3:3",
    ]  # fmt: skip


def test_mistakes_of_rules_in_several_overlays_are_told_together(site: Site) -> None:
    """Mistakes in the rules of several overlays are told in one go, each with its file."""
    first = site("first", rules__a=ADDED.replace("temperature_C", "temperture_C"), rules__b="causes: []\n")
    second = site("second", rules__c=ADDED.replace("hot-indeed", "other").replace("200", "high"))
    answers = told(RuleError, first, second)
    assert sorted(answer.split(": ")[0] for answer in answers) == [
        "first/rules/a.yaml:4:12", "first/rules/b.yaml:1:1", "second/rules/c.yaml:4:35",
    ]  # fmt: skip


def test_broken_files_of_rules_and_knowledge_are_told_together(site: Site) -> None:
    """Files that cannot be read are told together across rules and knowledge and across overlays."""
    first = site("first", rules__a="findings: [", knowledge__b="a: !z 1")
    second = site("second", rules__c="findings: [")
    assert [answer.split(":")[0] for answer in told(FileError, first, second)] == [
        "first/rules/a.yaml", "first/knowledge/b.yaml", "second/rules/c.yaml",
    ]  # fmt: skip


def test_mistakes_of_rules_and_knowledge_are_told_together(site: Site) -> None:
    """Mistakes in the rules of a site are told beside those in its knowledge."""
    path = site("ours", rules__a="causes: []\n", knowledge__b="matreials: {}\n")
    try:
        load([path])
    except DataError as error:
        if {each.file for each in error.problems} == {"ours/rules/a.yaml", "ours/knowledge/b.yaml"}:
            return
        raise


def test_mistakes_stand_in_the_order_of_the_files(site: Site) -> None:
    """The mistakes of a site are told in the order of its files and lines, so that they can be worked off."""
    rules = site("rules", rules__a=ADDED.replace("temperature_C", "zz"), rules__b="causes: []\n", rules__c="- a\n")
    knowledge = site("known", knowledge__a="zz: 1\n", knowledge__b=SECRET.replace("spinel", "aa"))
    for kind, path in ((RuleError, rules), (KnowledgeError, knowledge)):
        places = [answer.split(": ")[0] for answer in told(kind, path)]
        assert places == sorted(places)


def test_files_are_named_in_one_way(site: Site) -> None:
    """A file that is no text is named like one that is no YAML: from the name of the site on."""
    path = site("ours", rules__a="findings: [")
    (path / "rules" / "b.yaml").write_bytes(b"title: \xe9\n")
    assert [answer.split(":")[0] for answer in told(FileError, path)] == ["ours/rules/a.yaml", "ours/rules/b.yaml"]


def test_empty_file_of_rules_is_not_told_to_name_an_electrolyte(site: Site) -> None:
    """An empty file of an overlay is refused with a hint that fits a file of rules."""
    (answer,) = told(FileError, site("ours", rules__a="# nothing yet\n"))
    assert "is empty" in answer
    assert "electrode_role" not in answer


@pytest.mark.parametrize(
    ("key", "row"),
    [
        ("pressure", "{electrolyte: lagp, electrode: nmc811, low_MPa: 9, high_MPa: 7, says: ours, %s}"),
        ("fabrication", "{what: pressing, low_MPa: 9, high_MPa: 7, says: ours, %s}"),
        ("resistances", "{pair: ours, low: 9, high: 7, %s}"),
        ("stripping", "{electrolyte: lagp, electrode: li, points: [[0, .nan], [1, 2]], says: ours, %s}"),
        ("stripping", "{electrolyte: lagp, electrode: li, points: [[0, 1], [.inf, 2]], says: ours, %s}"),
        ("resistances", "{pair: ours, value: .nan, %s}"),
    ],
)  # fmt: skip
def test_rows_that_make_no_sense_are_refused(site: Site, key: str, row: str) -> None:
    """A range that runs downwards and a figure that is no number are refused in every row."""
    assert told(KnowledgeError, site("ours", knowledge__own=f"{key}:\n- {row % JUDGED}\n"))


# --- loading once


def test_base_is_loaded_once(site: Site) -> None:
    """The same overlays, however their paths are written, are loaded once; another order of them is another base."""
    one = site("one", knowledge__own=SECRET)
    two = site("two", rules__own=ADDED)
    base = load()
    assert load([]) is load(()) is base
    mine = load([one])
    assert load([str(one)]) is mine
    assert load([one / ".." / "one"]) is mine
    assert load([Path(os.path.relpath(one))]) is mine
    assert load(iter([one])) is mine
    assert mine is not base
    assert load([one, two]) is not load([two, one])


def test_failure_is_not_remembered(site: Site) -> None:
    """An overlay that was refused is read again once it is put right."""
    path = site("ours", rules__own=ADDED.replace("temperature_C", "temperture_C"))
    told(RuleError, path)
    site("ours", rules__own=ADDED)
    assert "hot-indeed" in load([path]).rules.findings


def test_reading_skips_a_folder_by_name(tmp_path: Path) -> None:
    """A folder to be skipped is skipped at any depth, a file of that name is not, and links to folders are harmless."""
    for name in ("a.yaml", "cases/b.yaml", "deep/cases/c.yaml", "deep/cases.yaml"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(f"name: {name}\n", encoding="utf-8")
    assert [each.name for each in read(tmp_path, "root", skip="cases")] == ["root/a.yaml", "root/deep/cases.yaml"]
    assert len(read(tmp_path, "root")) == 4
    assert read(tmp_path / "none", "root") == []
    assert read(tmp_path, "root", "cases")[0] == parse_yaml("name: a.yaml\n", "root/a.yaml")
