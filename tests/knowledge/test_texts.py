"""Texts by key: English is complete and used, every language has all of it, and changes nothing but words."""

from __future__ import annotations

import ast
import html
import json
import re
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

import diagnose as package
from diagnose import Case, DiagnoseError, Report, diagnose, render
from diagnose.condition import describe
from diagnose.consultation import consult
from diagnose.consulttext import consultation_markdown, consultation_text
from diagnose.critique import critique
from diagnose.data import ENGLISH, TEXTS, Base, home, languages, load, parcel, read, unpacked
from diagnose.derived import DERIVED
from diagnose.document import page
from diagnose.entry import Grade
from diagnose.errors import DataError, FileError, KnowledgeError, UsageError
from diagnose.explaintext import why_text
from diagnose.explanation import Explanation
from diagnose.facts import MATERIALS, show
from diagnose.guidance import Judgement, Treated
from diagnose.plan import plan
from diagnose.plantext import critique_text, plan_text
from diagnose.quantity import Span
from diagnose.report import Reason, RemedyResult, Severity, Status, Verdict
from diagnose.rulebook import Hazard
from diagnose.texts import Texts, english, read_texts
from diagnose.translation import FORMS, texts_of
from diagnose.yamlfile import parse_yaml, read_text

FOLDER = Path(package.__file__).resolve().parent
EXAMPLES = {
    path.stem: parse_yaml(read_text(path), path.name).data
    for path in sorted((FOLDER.parent / "examples").glob("*.yaml"))
}
SHIPPED = languages()[1:]
FIGURE = re.compile(r"\d+(?:\.\d+)?")
NAME = re.compile(r"\b[a-z]+(?:_[A-Za-z0-9]+)+\b")
# Attributes of items that are text for the program and not for a person.
NOT_TOLD = {
    "id", "group", "unit", "section", "authors", "journal", "doi", "url", "ref", "read_in", "at", "why of SeverityBand",
    "note of Reference", "note of SeverityBand",
}  # fmt: skip
# What the program calls things: the same in every language.
SLUGS = {
    "verdict", "level", "cause", "family", "rule", "group", "screened_by", "name", "origin", "ref", "grade", "field",
    "remedy", "status", "kind", "cost", "readiness", "finding", "id", "diagnose", "rules", "knowledge", "case",
    "resistance_ohm_cm2", "unit", "formula",
}  # fmt: skip

Site = Callable[..., Path]


pytestmark = pytest.mark.usefixtures("parsed_once")


@cache
def texts_in(language: str) -> dict[str, str]:
    return texts_of(load(language=language))


@cache
def report(name: str, language: str = ENGLISH) -> Report:
    return diagnose(EXAMPLES[name], language=language)


def written(language: str) -> dict[str, str]:
    """The translated texts as they stand in the files."""
    found, problems = read_texts(read(home("knowledge") / TEXTS / language, language))
    assert problems == []
    return {key: text for key, (text, _) in found.items()}


def told(kind: type[DataError], language: str, *overlays: Path) -> list[str]:
    with pytest.raises(kind) as caught:
        load(overlays, language)
    return [str(each) for each in caught.value.problems]


# --- English


def asked_for(source: str) -> Iterator[re.Pattern[str]]:
    """The keys of interface words in Python source, or the rooms of them; what is filled in may be any one name."""
    for node in ast.walk(ast.parse(source)):
        whole = isinstance(node, ast.JoinedStr)
        parts = node.values if isinstance(node, ast.JoinedStr) else [node]
        words = [str(part.value) if isinstance(part, ast.Constant) else None for part in parts]
        # The constant parts of a text that is filled in are met once more by themselves; they end with a point.
        if words and re.match(r"ui\.[a-z]", words[0] or "") and (whole or not str(words[0]).endswith(".")):
            yield re.compile("".join(r"[^.]+" if each is None else re.escape(each) for each in words) + r"(\..+)?")


def test_words_of_the_interface_are_those_that_the_program_asks_for() -> None:
    """Every key in the source is a text, or a room of texts, in English, and every such text is asked for somewhere."""
    words = {key for key in english().words if key.startswith("ui.")}
    asked: set[str] = set()
    for path in sorted(FOLDER.glob("**/*.py")):
        for key in asked_for(path.read_text(encoding="utf-8")):
            found = {each for each in words if key.fullmatch(each)}
            assert found, f"{path.name} asks for {key.pattern}, which is not in knowledge/texts/en.yaml"
            asked |= found
    assert sorted(words - asked) == []


def literal(model: type, name: str) -> set[str]:
    """The choices of an attribute."""
    choices = [get_args(each) or (each,) for each in get_args(model.model_fields[name].annotation)]
    return {each for some in choices for each in some if isinstance(each, str)}


@pytest.mark.parametrize(
    ("room", "names"),
    [
        ("verdict", set(get_args(Verdict))),
        ("level", literal(Severity, "level")),
        ("grade", set(get_args(Grade))),
        ("status", set(get_args(Status))),
        ("readiness", literal(RemedyResult, "readiness")),
        ("cost", literal(RemedyResult, "cost")),
        ("reason", literal(Reason, "kind")),
        ("hazard", set(get_args(Hazard))),
        ("material", {name for name, _, _ in MATERIALS}),
        ("origin", {"material", "family", "pairing", "derived", "finding"}),
        ("critique.judgement", set(get_args(Judgement))),
        ("plan.strength", literal(Treated, "strength")),
    ],
)
def test_rooms_hold_a_word_for_every_choice(room: str, names: set[str]) -> None:
    """Whatever the program may have to name has a word, and nothing else has one there."""
    assert set(english().room(f"ui.{room}")) == names


def test_placeholders_of_the_interface_are_names() -> None:
    """Every placeholder in English is a plain name, and every text can be filled in."""
    for key, text in english().words.items():
        names = re.findall(r"\{([a-z_]+)\}", text)
        assert english()(key, **dict.fromkeys(names, "x")) == re.sub(r"\{[a-z_]+\}", "x", text), key


def test_a_missing_key_or_value_is_a_mistake_of_the_program() -> None:
    """Asking for a key that does not exist, or leaving a placeholder empty, is not passed over."""
    with pytest.raises(KeyError):
        english()("ui.report.nonsense")
    with pytest.raises(KeyError):
        english()("ui.report.why")


def test_names_of_texts_say_where_they_stand() -> None:
    """Each text of rules and knowledge has the key that the names on the way to it make."""
    base, found = load(), texts_in(ENGLISH)
    cause = base.rules.causes["stripping-voids"]
    assert found["cause.stripping-voids.mechanism"] == cause.mechanism
    assert found[f"cause.stripping-voids.evidence.{cause.evidence[0].id}.because"] == cause.evidence[0].because
    remedy = base.rules.remedies["limit-stripping"]
    assert found["remedy.limit-stripping.effects.1.says"] == remedy.effects[0].says
    assert found["remedy.limit-stripping.settings.2.says"] == remedy.settings[1].says
    assert found[f"remedy.limit-stripping.better.{remedy.better[0].id}.because"] == remedy.better[0].because
    assert found["field.temperature_C.question"] == base.knowledge.vocabulary["temperature_C"].question
    test = base.knowledge.tests["leak-and-intercept"]
    assert [found[f"test.leak-and-intercept.needs.{place}"] for place in (1, 2)] == test.needs
    assert found["test.leak-and-intercept.outcomes.2.if"] == test.outcomes[1].if_
    assert found["severity.sulfide+hydroborate.anode.says"].startswith("Sulfides and lithium")
    assert found["reference.judgement.title"] == base.knowledge.references["judgement"].title
    assert found["scale.because"] == base.rules.scale.because
    assert found["remedy.limit-stripping.also.1"] == remedy.also[0]
    assert (
        found["property.electrolyte.melting_C.note"] == base.knowledge.properties["second_electrolyte.melting_C"].note
    )
    assert {each.says for each in DERIVED} == {found[f"{each.name}.says"] for each in DERIVED}


def test_no_text_is_empty() -> None:
    """Only texts that say something have a key."""
    assert [key for key, text in texts_in(ENGLISH).items() if not text.strip()] == []


@pytest.mark.parametrize("model", FORMS, ids=lambda model: model.__name__)
def test_the_table_of_texts_names_every_text_of_a_model(model: type) -> None:
    """Every attribute that holds words for a person is in the table, so that none is left untranslated."""
    form, fields = FORMS[model], model.model_fields
    assert {*form.texts, *form.parts} <= set(fields)
    plain = {name for name, field in fields.items() if field.annotation is str and not field.metadata}
    told = {name for name in plain if not NOT_TOLD & {name, f"{name} of {model.__name__}"}}
    assert told <= set(form.texts)


# --- every language


def test_german_is_shipped() -> None:
    """German is one of the languages."""
    assert "de" in languages()


@pytest.mark.parametrize("language", SHIPPED)
def test_no_text_is_missing_and_none_too_many(language: str) -> None:
    """A shipped language has every text of English, rules, knowledge and interface, and no other."""
    there, wanted = set(written(language)), set(texts_in(ENGLISH))
    assert sorted(wanted - there) == []
    assert sorted(there - wanted) == []


@pytest.mark.parametrize("language", SHIPPED)
def test_placeholders_are_those_of_english(language: str) -> None:
    """A translation is filled with the same values as the English text."""
    for key, text in written(language).items():
        assert set(re.findall(r"\{.*?\}", text)) == set(re.findall(r"\{.*?\}", texts_in(ENGLISH)[key])), key


@pytest.mark.parametrize("language", SHIPPED)
def test_figures_and_names_of_fields_are_those_of_english(language: str) -> None:
    """A translation holds the figures of the English text, no more and no fewer, and the same names of fields."""
    for key, text in written(language).items():
        for pattern in (FIGURE, NAME):
            assert sorted(pattern.findall(text)) == sorted(pattern.findall(texts_in(ENGLISH)[key])), key


@pytest.mark.parametrize("language", SHIPPED)
def test_words_of_a_language_reach_rules_and_knowledge(language: str) -> None:
    """Every text of a base is the translated one, also where compiled rules and severity bands hold it."""
    base, there = load(language=language), written(language)
    assert base.language == base.knowledge.texts.language == language
    assert texts_of(base) == there
    told = {id(each) for each in base.rules.causes.values()}
    told |= {id(item) for cause in base.rules.causes.values() for item in cause.evidence}
    assert all(id(rule.item) in told for rule in base.rules.of("gate", "evidence"))
    for rule in base.rules.of("verdict"):
        assert rule.item.says == there[f"verdict.{rule.owner}.says"]
    for row in base.knowledge.pairings.best_severity.values():
        assert row.says in there.values()
        assert row in base.knowledge.pairings.severity


@pytest.mark.parametrize("language", languages())
@pytest.mark.parametrize("room", ["cause", "remedy", "test", "protocol"])
def test_titles_differ(language: str, room: str) -> None:
    """No two causes, remedies, tests or steps are called the same in any language."""
    found = texts_in(language).items()
    titles = [text.casefold() for key, text in found if key.startswith(f"{room}.") and key.endswith(".title")]
    assert len(set(titles)) == len(titles) > 0


# --- a language changes nothing but words


def strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        yield from (each for part in value.values() for each in strings(part))
    elif isinstance(value, list):
        yield from (each for part in value for each in strings(part))


@cache
def left_out(language: str) -> dict[str, str]:
    """English texts that a translation says otherwise, with their keys, and the parts of each around placeholders.

    The name of a material, the title of a publication and the condition of a rule are not translated.
    """
    there, found, base = written(language), {}, load()
    anywhere = " ".join(each.title for each in base.knowledge.references.values())
    anywhere += " ".join(describe(rule.when) for rule in base.rules.rules.values())
    anywhere += " ".join(each for kind in ("electrolyte", "coating") for each in base.knowledge.material_names(kind))
    for key, text in texts_in(ENGLISH).items():
        if there[key] != text:
            pieces = (piece.strip() for piece in re.split(r"\{.*?\}", text))
            left = (each for each in (text, *pieces) if " " in each and each not in there[key] + anywhere)
            found.update(dict.fromkeys(left, key))
    return found


def english_in(language: str, data: str, *texts: str) -> list[str]:
    """English texts, or parts of them, that stand in data as JSON or in texts."""
    left = left_out(language)
    found = [each for each in strings(json.loads(data)) if each in left]
    for shown in texts:
        flat = " ".join(shown.split())
        found += [each for each in left if each in flat and re.search(rf"(?<!\w){re.escape(each)}(?!\w)", flat)]
    return found


@pytest.mark.parametrize("name", EXAMPLES)
@pytest.mark.parametrize("language", SHIPPED)
def test_no_english_is_left_in_a_report(language: str, name: str) -> None:
    """No text of a translated report, nor any sentence of it as text or Markdown, is still the English one."""
    made, texts = report(name, language), load(language=language).knowledge.texts
    shown = render.text(made, 100, texts), render.markdown(made, texts)
    assert english_in(language, made.to_json(), *shown) == []


@pytest.mark.parametrize("name", EXAMPLES)
@pytest.mark.parametrize("language", SHIPPED)
def test_no_english_is_left_in_advice(language: str, name: str) -> None:
    """A plan, critiques of planned fixes and the case for a cause are in the language, as data and as text."""
    base, made = load(language=language), report(name, language)
    texts = base.knowledge.texts
    found = plan(made, base=base)
    assert english_in(language, found.model_dump_json(), plan_text(found, 100, texts)) == []
    for slug in ("set-stack-pressure", "raise-temperature", "tune-li-p-ratio"):
        judged = critique({**EXAMPLES[name], "production_stage": "production"}, slug, base=base)
        assert english_in(language, judged.model_dump_json(), critique_text(judged, 100, texts)) == []
    for cause in made.causes[:2]:
        why = Explanation(EXAMPLES[name], base).why(cause.cause)
        assert english_in(language, why.model_dump_json(), why_text(why, texts)) == []


@pytest.mark.parametrize("name", ["invalid-measurement", "lco-phosphate-below", "lpscl-lithium", "two-causes"])
@pytest.mark.parametrize("language", SHIPPED)
def test_no_english_is_left_in_a_consultation(language: str, name: str) -> None:
    """Firmness, questions, measurements and plan are in the language, as data, as text, as Markdown and as a page."""
    base = load(language=language)
    texts = base.knowledge.texts
    found = consult(EXAMPLES[name], draws=20, asked={"gap_seen": "unknown"}, base=base)
    bare = re.sub(r"(?s)<style>.*?</style>|<[^>]*>", " ", page(found.report, found.guidance, base, found.asked))
    words = consultation_text(found, texts), consultation_markdown(found, texts)
    assert english_in(language, found.to_json(), html.unescape(bare), *words) == []


@pytest.mark.parametrize("name", EXAMPLES)
@pytest.mark.parametrize("language", SHIPPED)
def test_a_plan_is_the_same_in_every_language(language: str, name: str) -> None:
    """Order, worth, ranges and cautions of a plan do not depend on the language."""
    one = plan(report(name), base=load())
    other = plan(report(name, language), base=load(language=language))
    assert same(json.loads(one.model_dump_json()), json.loads(other.model_dump_json()))


def same(one: Any, other: Any, key: str = "") -> bool:
    """Whether two reports differ in nothing but words for a person."""
    if isinstance(one, dict):
        return list(one) == list(other) and all(same(one[name], other[name], name) for name in one)
    if isinstance(one, list):
        return len(one) == len(other) and all(same(a, b, key) for a, b in zip(one, other, strict=True))
    return type(one) is type(other) and (one == other or (isinstance(one, str) and key not in SLUGS))


@pytest.mark.parametrize("name", EXAMPLES)
@pytest.mark.parametrize("language", SHIPPED)
def test_every_example_is_judged_the_same(language: str, name: str) -> None:
    """Verdict, ranking, every weight, every remedy and the hashes of an example are the same in every language."""
    one, other = report(name), report(name, language)
    assert one.versions == other.versions
    assert same(json.loads(one.to_json()), json.loads(other.to_json()))
    assert one.to_json() != other.to_json()


@given(st.data())
def test_every_part_of_an_example_is_judged_the_same(draw: st.DataObject) -> None:
    """Whatever is left out of an example, the answers in two languages differ in nothing but words."""
    case = dict(EXAMPLES[draw.draw(st.sampled_from(sorted(EXAMPLES)))])
    needed = {"electrolyte", "electrolyte_family", "electrode_role"}
    for name in draw.draw(st.sets(st.sampled_from(sorted(set(case) - needed)))):
        del case[name]
    made = []
    for language in (ENGLISH, draw.draw(st.sampled_from(SHIPPED))):
        try:
            made.append(json.loads(diagnose(case, language=language).to_json()))
        except DataError as error:
            made.append({"error": [each.field for each in error.problems]})
    assert same(made[0], made[1])


def test_english_is_what_it_was() -> None:
    """English is the language when none is named; a language shares neither rules nor their order with another."""
    assert load() is load(language=ENGLISH)
    german, base = load(language="de"), load()
    assert german is load((), "de")
    assert (german.rules.hash, german.knowledge.hash) == (base.rules.hash, base.knowledge.hash)
    assert list(german.rules.rules) == list(base.rules.rules)
    assert [each.id for each in german.rules.verdicts] == [each.id for each in base.rules.verdicts]
    assert german.rules.of("evidence")[0].item.because != base.rules.of("evidence")[0].item.because


def test_a_parcel_carries_its_language() -> None:
    """What is sent to another process makes the same base there, in the same language."""
    base = unpacked(parcel((), "de"))
    assert base.language == "de"
    assert texts_of(base) == texts_in("de")


# --- how it is shown


def test_values_are_shown_in_the_language() -> None:
    """Ranges, flags and unknown values are words of the language; English when none is given."""
    german = load(language="de").knowledge.texts
    assert [show(each) for each in (Span(1.0, 2.5), Span(2.0, 2.0), True, False, None, "x")] == [
        "1 to 2.5", "2", "yes", "no", "unknown", "x",
    ]  # fmt: skip
    assert [show(each, german) for each in (Span(1.0, 2.5), Span(2.0, 2.0), True, False, None, "x")] == [
        "1 bis 2.5", "2", "ja", "nein", "unbekannt", "x",
    ]  # fmt: skip


def test_words_are_offered_as_a_choice() -> None:
    """One word stands alone; of several the last is set off."""
    words: list[tuple[str, ...]] = [(), ("a",), ("a", "b"), ("a", "b", "c")]
    assert [english().either(each) for each in words] == ["", "a", "a or b", "a, b or c"]
    assert [english().every(each) for each in words] == ["", "a", "a and b", "a, b and c"]


def test_remarks_on_names_are_in_the_language() -> None:
    """What could not be looked up, and what was read as something else, is said in the language of the answer."""
    case = {
        "electrolyte": "LLZO", "electrolyte_family": "sulfide", "electrode": "Lithum", "electrode_role": "anode",
        "coating": "Li3PO4 (rough)", "stack_pressure_MPa": "2-5",
    }  # fmt: skip
    made = diagnose(case, language="de")
    notes = " ".join(made.notes)
    assert "LLZO wird in der Wissensbasis unter garnet geführt; es gilt die angegebene Familie, sulfide." in notes
    assert "Elektrode Lithum steht nicht in der Wissensbasis" in notes
    assert re.search(r"Ist \S+.* oder .* gemeint\?", notes)
    assert "2 bis 5 MPa" in made.title


@pytest.mark.parametrize("name", EXAMPLES)
def test_colours_work_in_every_language(name: str) -> None:
    """Verdict, headings and struck-out remedies are coloured as in English, and no character is changed."""
    escape = re.compile(r"\x1b\[[0-9;]*m")

    def styles(language: str) -> list[str]:
        texts = load(language=language).knowledge.texts
        plain = render.text(report(name, language), 100, texts)
        coloured = render.coloured(plain, texts)
        assert escape.sub("", coloured) == plain
        # Where lines break differs from language to language: bars, headings, verdict, weights count once each.
        return sorted(re.findall(r"\x1b\[((?!0m)[0-9;]*)m", re.sub(r"\x1b\[9m", "", coloured)))

    assert styles("de") == styles(ENGLISH)


def test_struck_out_remedies_are_struck_through_in_german() -> None:
    """The title of a remedy that must not be used is struck through, its reason is not."""
    texts = load(language="de").knowledge.texts
    coloured = render.coloured(render.text(report("lpscl-lithium", "de"), 100, texts), texts)
    struck = re.findall(r"\x1b\[9m([^\x1b]+)\x1b", coloured)
    assert "Stapel von allen Seiten pressen" in struck
    assert not any("Lithium kriecht" in words for words in struck)


def test_the_command_answers_in_a_language(command: Callable[..., Any]) -> None:
    """`diagnose run` and `diagnose protocol` answer in the language asked for, in every format."""
    file, texts = FOLDER.parent / "examples" / "soft-short.yaml", load(language="de").knowledge.texts
    made = report("soft-short", "de")
    assert command("run", "--language", "de", file).out == render.text(made, 100, texts)
    assert command("run", "--language", "de", "--format", "markdown", file).out == render.markdown(made, texts)
    assert command("run", "--language", "de", "--format", "json", file).out == made.to_json()
    done = command("protocol", "--language", "de", "--format", "markdown", file)
    assert done.out.startswith("# Messprotokoll\n")
    assert "Warum: " in command("protocol", "--language", "de").out


# --- languages that do not exist


def test_unknown_language_is_refused_with_the_nearest(command: Callable[..., Any]) -> None:
    """A language that nobody has written is a mistake of usage that names those that exist."""
    with pytest.raises(UsageError, match=r"there is no language 'dee'\. Did you mean de\?"):
        load(language="dee")
    for name in ("klingon", "../de", "", "DE", "."):
        with pytest.raises(DiagnoseError, match=r"there is no language '.*'\. (Did you mean|Choose from) .*de"):
            diagnose(Case(**EXAMPLES["soft-short"]), language=name)
    done = command("run", "--language", "klingon", FOLDER.parent / "examples" / "soft-short.yaml")
    assert (done.code, done.out) == (2, "")
    assert "there is no language 'klingon'" in done.err


# --- what a site lays over


def own(slug: str = "own-cause", title: str = "Our own", confused_with: str = "[]") -> str:
    """A file of rules with a cause of a site."""
    return f"""\
cause: {slug}
title: {title}
family: contact
guide: []
mechanism: Something moved.
key_question: Did it move?
confused_with: {confused_with}
sources: {{judgement: judgement}}
prior: rare
evidence:
  - id: moved
    when: {{stack_pressure_MPa: {{below: 1}}}}
    for: weak
    group: own
    because: It moved.
    sources: {{judgement: judgement}}
"""


def test_texts_of_a_site_stay_in_english(site: Site) -> None:
    """What a site adds has no translation and stays as it is written; the rest is translated."""
    path = site("ours", rules__own=own())
    base = load([path], "de")
    assert base.rules.causes["own-cause"].title == "Our own"
    assert base.rules.rules["own-cause.moved"].item.because == "It moved."
    assert base.rules.causes["soft-short"].title == texts_in("de")["cause.soft-short.title"]
    assert base.rules.hash == load([path]).rules.hash


def test_a_text_that_a_site_has_changed_loses_its_translation(site: Site) -> None:
    """Of a cause that a site replaces, the texts that are still the shipped ones are translated, the others are not."""
    shipped = (home("rules") / "causes" / "soft-short.yaml").read_text(encoding="utf-8")
    title = load().rules.causes["soft-short"].title
    assert title in shipped
    path = site("ours", rules__own=shipped.replace(title, "A short that we know") + "\nreplaces: true\n")
    cause = load([path], "de").rules.causes["soft-short"]
    assert cause.title == "A short that we know"
    assert cause.mechanism == texts_in("de")["cause.soft-short.mechanism"]


def test_a_site_translates_its_own_texts(site: Site) -> None:
    """A site may bring translations of its own texts, and better ones of the shipped texts and of the interface."""
    words = (
        "cause.own-cause.title: Unsere eigene\nui: {report: {what_to_do: Jetzt tun}}\ncause.soft-short: {title: Kurz}\n"
    )
    path = site("ours", rules__own=own(), knowledge__texts__de__own=words)
    base = load([path], "de")
    assert base.rules.causes["own-cause"].title == "Unsere eigene"
    assert base.rules.causes["soft-short"].title == "Kurz"
    assert base.knowledge.texts("ui.report.what_to_do") == "Jetzt tun"
    assert load([path]).rules.causes["own-cause"].title == "Our own"
    assert load([path]).knowledge.texts("ui.report.what_to_do") == "What to do"


def test_a_site_may_bring_a_language(site: Site) -> None:
    """A folder with a few texts is a language; what is not translated in it is English."""
    path = site("ours", knowledge__texts__fr__interface="ui.report.what_to_do: Que faire\n")
    assert languages([path]) == ("en", "de", "fr")
    base = load([path], "fr")
    assert base.knowledge.texts("ui.report.what_to_do") == "Que faire"
    assert {key for key, text in texts_of(base).items() if text != texts_in(ENGLISH)[key]} == {"ui.report.what_to_do"}
    with pytest.raises(UsageError):
        load(language="fr")


def test_a_later_site_puts_a_translation_out_of_date(site: Site) -> None:
    """A translation made for one text is not shown for the text that a later site has put in its place."""
    words = "cause.own-cause: {title: Unsere eigene, mechanism: Etwas bewegte sich.}\n"
    first = site("first", rules__own=own(), knowledge__texts__de__own=words)
    second = site("second", rules__own=own(title="Theirs") + "replaces: true\n")
    cause = load([first, second], "de").rules.causes["own-cause"]
    assert cause.title == "Theirs"
    assert cause.mechanism == "Etwas bewegte sich."


def test_a_site_that_leans_on_a_later_one_is_translated(site: Site) -> None:
    """A site whose rules name what a later site adds can have translations of its own."""
    leaning = own().replace("confused_with: []", "confused_with: [other-cause]")
    first = site("first", rules__own=leaning, knowledge__texts__de__own="cause.own-cause.title: Unsere eigene\n")
    second = site("second", rules__own=own("other-cause", "Other"))
    assert load([first, second], "de").rules.causes["own-cause"].title == "Unsere eigene"


# --- mistakes


def test_mistakes_of_a_translation_are_told_together_with_their_places(site: Site) -> None:
    """Unknown keys, wrong placeholders and what is no text are told in one go, each with file, line and column."""
    words = """\
cause:
  soft-shirt: {title: Kurz}
  soft-short:
    titel: Kurz
    evidence: {}
ui:
  report:
    why: "Warum: {titel}"
    what_to_do: "Was {tun}"
    change: "{before} auf {after"
    not: 5
"""
    path = site(
        "ours", knowledge__texts__de__own=words, knowledge__texts__de__two="ui.report.not: NIE\nui.report.notes:\n"
    )
    nothing, other, no_text = (
        "there is no text",
        "does not hold the {placeholders} of the English text",
        "is not a text",
    )
    expected = [
        ("own.yaml:2:23: cause.soft-shirt.title", nothing, "cause.soft-shirt.title. Did you mean soft-short?"),
        ("own.yaml:4:12: cause.soft-short.titel", nothing, "cause.soft-short.titel. Did you mean title?"),
        ("own.yaml:5:5: cause.soft-short.evidence", no_text, "put them in quotes"),
        ("own.yaml:8:10: ui.report.why", other, "In English it reads: Why: {title}"),
        ("own.yaml:9:17: ui.report.what_to_do", other, "In English it reads: What to do"),
        ("own.yaml:10:13: ui.report.change", other, "In English it reads: {before} to {after}"),
        ("own.yaml:11:10: ui.report.not", no_text, "put them in quotes"),
        ("two.yaml:2:17: ui.report.notes", no_text, "put them in quotes"),
    ]
    answers = told(KnowledgeError, "de", path)
    assert len(answers) == len(expected)
    for answer, (place, message, hint) in zip(answers, expected, strict=True):
        assert answer.startswith(f"ours/knowledge/texts/de/{place}: {message}"), answer
        assert hint in answer


def test_a_placeholder_cannot_reach_into_what_is_filled_in(site: Site) -> None:
    """A translation cannot ask a value for its attributes or another form."""
    for text in (
        "Warum: {title.__class__}",
        "Warum: {title!r}",
        "Warum: {title:>50}",
        "Warum: {title[0]}",
        "Warum: {}",
    ):
        path = site("ours", knowledge__texts__de__own=f'ui.report.why: "{text}"\n')
        (answer,) = told(KnowledgeError, "de", path)
        assert "placeholders" in answer


def test_a_text_written_twice_is_refused(site: Site) -> None:
    """A text that stands in two files of a translation, in whichever form, is told with both places."""
    path = site(
        "ours", knowledge__texts__de__a="ui.report.not: NIE\n", knowledge__texts__de__b="ui: {report: {not: NIE}}\n"
    )
    (answer,) = told(KnowledgeError, "de", path)
    assert (
        "ours/knowledge/texts/de/b.yaml:1:20: ui.report.not: the text ui.report.not stands already in ours/" in answer
    )
    assert "a.yaml:1" in answer


def test_a_translation_outside_a_folder_of_a_language_is_refused(site: Site) -> None:
    """A file that would not be read is told, in whatever language the base is loaded."""
    for language in languages():
        (answer,) = told(FileError, language, site("ours", knowledge__texts__german="ui.report.not: NIE\n"))
        assert answer.startswith("ours/knowledge/texts/german.yaml: is in no folder of a language")


def test_broken_files_of_a_translation_are_told_with_those_of_rules(site: Site) -> None:
    """Files that cannot be read are told together, translations among them."""
    path = site("ours", rules__a="findings: [", knowledge__texts__de__b="a: b: c")
    assert [each.split(": ")[0] for each in told(FileError, "de", path)] == [
        "ours/rules/a.yaml:2:1", "ours/knowledge/texts/de/b.yaml:1:5",
    ]  # fmt: skip


@given(
    st.dictionaries(st.text("abc", min_size=1), st.dictionaries(st.text("abc", min_size=1), st.text("xyz", min_size=1)))
)
def test_a_key_may_be_written_in_steps_or_as_one_word(words: dict[str, dict[str, str]]) -> None:
    """Nested names and names with points between them are the same key."""
    steps = "".join(
        f"{a}:\n" + "".join(f"  {b}: {text}\n" for b, text in inner.items()) for a, inner in words.items() if inner
    )
    whole = "".join(f"{a}.{b}: {text}\n" for a, inner in words.items() for b, text in inner.items())
    if whole:
        found = [read_texts([parse_yaml(each, "x")]) for each in (steps, whole)]
        assert [{key: text for key, (text, _) in some.items()} for some, _ in found] == [
            {f"{a}.{b}": text for a, inner in words.items() for b, text in inner.items()}
        ] * 2


def test_items_of_a_list_are_named_by_their_place() -> None:
    """A list of texts, or of items with texts, is counted from 1."""
    found, problems = read_texts([parse_yaml("needs: [a, b]\noutcomes:\n- if: c\n", "x")])
    assert problems == []
    assert {key: text for key, (text, _) in found.items()} == {"needs.1": "a", "needs.2": "b", "outcomes.1.if": "c"}


def test_words_cannot_be_changed() -> None:
    """The words of a language are frozen."""
    texts: Texts = english()
    with pytest.raises(TypeError):
        texts.words["ui.report.not"] = "x"  # type: ignore[index]


def test_base_without_translation_is_english() -> None:
    """A base put together by hand is in English."""
    made = Base(load().rules, load().knowledge)
    assert made.language == ENGLISH
    assert made.knowledge.texts is english()
