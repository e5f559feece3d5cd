"""The critique of a planned fix: which remedy is meant, what is thought of it, what to mind, and what is worth more."""

from __future__ import annotations

import json
import random
import re
import shlex
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pytest

import diagnose as package
from diagnose import diagnose
from diagnose.critique import critique, named
from diagnose.critiquecommand import run_critique
from diagnose.data import Base, languages, load
from diagnose.errors import CaseError, FileError, UsageError
from diagnose.guidance import Critique
from diagnose.plan import plan
from diagnose.plantext import critique_text, plan_text
from diagnose.validation import library
from diagnose.yamlfile import parse_yaml, read_text

ROOT = Path(package.__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "plan.md"
PRESS = "press harder"
LOOSE_SULFIDE = {
    "electrolyte": "Li6PS5Cl",
    "electrode": "NMC811",
    "electrode_role": "cathode",
    "electrode_form": "composite",
    "coating": "LiNbO3",
    "interfacial_resistance_ohm_cm2": 260,
    "stack_pressure_MPa": 1,
    "pressure_response": "strong",
    "pressure_exponent": 0.7,
}


@pytest.fixture(scope="module")
def base() -> Base:
    return load()


@cache
def example(name: str) -> Mapping[str, Any]:
    path = ROOT / "examples" / f"{name}.yaml"
    return dict(parse_yaml(read_text(path), path.name).data)


def judged(case: Mapping[str, Any] | str, planned: str, **more: Any) -> Critique:
    return critique({**(example(case) if isinstance(case, str) else case), **more}, planned)


# --- which remedy is meant


@pytest.mark.parametrize("language", languages())
def test_every_name_of_a_remedy_finds_it(base: Base, language: str) -> None:
    """Slug, title and other names find their remedy, whatever their capitals, spaces and hyphens, English ones too."""
    book = load(language=language).rules
    for slug, remedy in book.remedies.items():
        english = base.rules.remedies[slug]
        assert remedy.also
        for name in (slug, remedy.title, *remedy.also, english.title, *english.also):
            for spelling in (name, name.upper(), f"  {name.replace('-', ' ')} "):
                assert named(spelling, book) == slug, spelling


@pytest.mark.parametrize(
    ("words", "slug"),
    [
        ("press harder", "set-stack-pressure"),
        ("coat the cathode", "cathode-coating"),
        ("coating the cathode", "cathode-coating"),
        ("raise the temperature", "raise-temperature"),
        ("raising temperature", "raise-temperature"),
        ("Lower the upper cut-off", "narrow-voltage-window"),
        ("isostatic", "isostatic-press"),
        ("anneal the finished cell", "anneal-assembled-cell"),
        ("Li/P ratio", "tune-li-p-ratio"),
    ],
)
def test_free_words_find_a_remedy(base: Base, words: str, slug: str) -> None:
    """Words that stand in the names of one remedy only are enough."""
    assert named(words, base.rules) == slug


@pytest.mark.parametrize(
    ("words", "slug"),
    [
        ("fester pressen", "set-stack-pressure"),
        ("Kathode beschichten", "cathode-coating"),
        ("Beschichtung des Aktivmaterials", "cathode-coating"),
        ("Temperaturen erhöhen", "raise-temperature"),
        ("die obere Abschaltspannung senken", "narrow-voltage-window"),
        ("isostatisches Pressen", "isostatic-press"),
        ("Tempern der Zelle", "anneal-assembled-cell"),
        ("Li/P-Verhältnis", "tune-li-p-ratio"),
        ("wet the interface", "wetting-agent"),
        ("coating the cathode", "cathode-coating"),
    ],
)
def test_free_german_words_find_a_remedy(words: str, slug: str) -> None:
    """In German, German words are enough, in whatever form they stand; English ones still are."""
    assert named(words, load(language="de").rules) == slug


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("", "say which fix is planned"),
        (" - ", "say which fix is planned"),
        ("prees harder", "there is no remedy 'prees harder'. Did you mean press harder"),
        ("stack presure", "there is no remedy 'stack presure'. Did you mean stack pressure"),
        ("set-stack-presure", "Did you mean set-stack-pressure"),
        ("xyzzy", "there is no remedy 'xyzzy'. `diagnose rules list` shows all of them."),
        ("polymer", "'polymer' may mean "),
    ],
)
def test_what_is_not_known_is_refused_with_the_nearest(base: Base, words: str, message: str) -> None:
    """An unknown or ambiguous fix is an error of use that says what to type."""
    with pytest.raises(UsageError) as caught:
        named(words, base.rules)
    assert message in str(caught.value)


def test_a_choice_lists_the_remedies(base: Base) -> None:
    """Of an ambiguous word every remedy is named that it may mean."""
    with pytest.raises(UsageError) as caught:
        named("carbon", base.rules)
    found = re.findall(r"[a-z]+(?:-[a-z]+)+", str(caught.value))
    assert {"change-carbon", "composite-anode-layer"} <= set(found)
    assert set(found) <= set(base.rules.remedies)


# --- what is thought of it


def test_pressing_a_loose_contact_is_agreed() -> None:
    """A sulfide composite whose resistance falls when it is pressed: press harder."""
    found = judged(LOOSE_SULFIDE, PRESS)
    assert (found.judgement, found.remedy) == ("agreed", "set-stack-pressure")
    assert found.step.treats[0].cause == "insufficient-contact-pressure"
    assert "Contact pressure too low" in found.says


def test_pressing_a_film_with_the_wrong_composition_is_off_target() -> None:
    """Li/P below its window: pressing treats another cause than the likely one, and both are named."""
    found = judged("lco-phosphate-below", PRESS)
    assert found.judgement == "off_target"
    assert "aims at the wrong cause" in found.says
    assert "Contact lost to swelling, shrinking or cracking (0.06)" in found.says
    assert "Lithium drawn out of the electrode on bonding (0.74)" in found.says
    assert "tune-li-p-ratio" in {each.remedy for each in found.alternatives}


@pytest.mark.parametrize(
    ("case", "planned", "more", "judgement"),
    [
        ("lpscl-lithium", PRESS, {}, "agreed"),
        ("lpscl-lithium", PRESS, {"stack_pressure_MPa": 12}, "contraindicated"),
        ("soft-short", PRESS, {}, "contraindicated"),
        ("two-causes", "raise the temperature", {}, "contraindicated"),
        ("lco-sulfide-uncoated", "coat the cathode", {}, "agreed"),
        ("lpscl-lithium", "coat the cathode", {}, "unfit"),
        ("garnet-lithium-clean", "polish", {}, "not_needed"),
        ("garnet-lithium-clean", "do nothing", {}, "agreed"),
        ("garnet-lithium-untreated", "do nothing", {}, "off_target"),
        ("garnet-lithium-untreated", "limit-stripping", {}, "off_target"),
        ("invalid-measurement", PRESS, {}, "off_target"),
        ("invalid-measurement", "measure again", {}, "agreed"),
        ("latp-nmc-cosintered", "fast sintering", {}, "contraindicated"),
        ("latp-nmc-cosintered", "remix-composite", {}, "off_target"),
        ("lco-phosphate-below", "narrow-voltage-window", {}, "possible"),
    ],
)
def test_judgements(case: str, planned: str, more: dict[str, Any], judgement: str) -> None:
    """Every judgement, on examples whose answer a chemist would give."""
    assert judged(case, planned, **more).judgement == judgement


def test_too_little_known_is_neither_yes_nor_no() -> None:
    """Where no cause is ranked, nothing is said for or against a fix."""
    bare = {"electrolyte_family": "antiperovskite", "electrode_role": "cathode"}
    report = diagnose(bare)
    found = critique(bare, "dry room")
    if not report.causes:
        assert found.judgement == "possible"
        assert "Too little is known" in found.says
    assert found.judgement in ("possible", "agreed", "off_target")


def test_a_cause_that_was_not_judged_is_named() -> None:
    """A fix for a cause that could not be judged says what is missing to judge it."""
    found = judged("lco-sulfide-uncoated", "dry the electrolyte")
    assert found.judgement == "off_target"
    assert "Not judged: " in found.says


def test_what_hurts_is_told_before_what_is_not_needed() -> None:
    """A harmful fix of a healthy joint is refused as harmful."""
    found = judged("garnet-lithium-clean", "soft layer", temperature_C=25)
    assert found.judgement == "not_needed"
    film = judged("lco-phosphate-within", "molten lithium")
    assert film.judgement == "contraindicated"


# --- what to mind


def test_pressing_near_the_limit_and_heating_is_warned_of() -> None:
    """Li | Li6PS5Cl at 8 MPa: pressing harder clashes with the warmth that the plan recommends."""
    found = judged("lpscl-lithium", PRESS, stack_pressure_MPa=8)
    (mind,) = (each for each in found.warnings if each.rule == "combination.press-and-warm-lithium")
    assert mind.remedies[:2] == ("set-stack-pressure", "raise-temperature")
    assert not mind.open
    assert any(each.kind == "worse" for each in found.warnings)
    assert "what speaks against it in mind" in found.says


def test_fixes_planned_together_are_looked_at_together() -> None:
    """What the plan does not recommend is combined all the same when it is planned."""
    alone = judged("lpscl-lithium", "polymer buffer")
    beside = critique(example("lpscl-lithium"), "polymer buffer", beside=["isostatic pressing"])
    rule = "combination.press-out-the-polymer"
    (mind,) = (each for each in beside.warnings if each.rule == rule)
    assert mind.remedies[1] == "isostatic-press"
    assert not any("isostatic-press" in each.remedies for each in alone.warnings)
    with pytest.raises(UsageError):
        critique(example("lpscl-lithium"), "polymer buffer", beside=["xyzzy"])


def test_heating_a_bare_pair_above_its_onset_is_refused_or_warned_of() -> None:
    """LCO and garnet, uncoated, sintered: a warning; LATP and NMC, which react below any sintering: refused."""
    garnet = {
        "electrolyte": "LLZO", "electrode": "LiCoO2", "electrode_role": "cathode", "electrode_form": "composite",
        "coating": "none", "resistance_level": "very_high", "contact_description": "point",
    }  # fmt: skip
    found = critique(garnet, "sinter faster")
    assert "combination.sinter-above-the-onset" in {each.rule for each in found.warnings}
    refused = judged("latp-nmc-cosintered", "sinter faster")
    assert refused.judgement == "contraindicated"
    assert any(each.kind == "contraindication" and not each.open for each in refused.warnings)


def test_what_may_be_contraindicated_is_open() -> None:
    """Without the stack pressure nobody knows whether pressing harms, so it is asked for; with it nothing is open."""
    case = {name: value for name, value in example("lpscl-lithium").items() if name != "stack_pressure_MPa"}
    found = critique(case, PRESS)
    open_ = [each for each in found.warnings if each.open]
    assert open_
    assert all("stack_pressure_MPa" in each.needs for each in open_)
    text = critique_text(found)
    assert "First make sure (stack_pressure_MPa) that this does not hold:" in " ".join(text.split())
    assert not [each for each in judged("lpscl-lithium", PRESS).warnings if each.open]


def test_readiness_and_hazards_are_told() -> None:
    """A method of the laboratory that is wanted in production is told so, and its hazards are named in words."""
    found = judged("garnet-lithium-untreated", "acid dip", production_stage="production")
    kinds = {each.kind: each.because for each in found.warnings}
    assert kinds["readiness"] == "It is ready for lab and is wanted for production."
    assert "hydrogen fluoride" in kinds["hazard"]
    usual = judged("garnet-lithium-untreated", "acid dip")
    assert "readiness" not in {each.kind for each in usual.warnings}


# --- laws


@pytest.fixture(scope="module")
def sample(base: Base) -> list[tuple[Mapping[str, Any], str]]:
    """Known cases, each with some remedies."""
    cases = [dict(each.given) for each in library(base)]
    cases += [example(path.stem) for path in sorted((ROOT / "examples").glob("*.yaml"))]
    draw = random.Random(11)
    return [(case, slug) for case in cases for slug in draw.sample(sorted(base.rules.remedies), 2)]


def test_laws(base: Base, sample: list[tuple[Mapping[str, Any], str]]) -> None:
    """Every fix in every case is answered: with its step of the plan, a reason, and what is worth more."""
    seen = set()
    for case, slug in sample:
        found = critique(case, slug, base=base)
        report = diagnose(case, base=base)
        steps = {each.remedy: each for each in plan(report, base=base).steps}
        seen.add(found.judgement)
        assert found.remedy == slug == found.step.remedy
        assert found.says.strip()
        assert found.step == steps.get(slug, found.step)
        harmful = any(each.kind == "contraindication" and not each.open for each in found.warnings)
        assert harmful == (found.judgement == "contraindicated") == (found.step.status == "contraindicated")
        assert (found.judgement == "agreed") <= (found.step.status == "recommended")
        for other in found.alternatives:
            assert other == steps[other.remedy]
            assert other.status != "contraindicated"
            assert other.remedy != slug
            if found.step.status == other.status and found.step.place is not None:
                assert other.worth >= found.step.worth
        if found.judgement not in ("agreed", "not_needed") and slug not in steps:
            assert found.alternatives or not any(each.place for each in steps.values())
        for mind in found.warnings:
            assert mind.remedies[0] == slug
            assert set(mind.needs) <= set(base.knowledge.vocabulary)
        assert Critique.model_validate_json(found.model_dump_json()) == found
        text = critique_text(found, 72)
        assert max(map(len, text.splitlines())) <= 72
        assert ("\n  NOT " in text) == (found.judgement == "contraindicated")
    assert seen == {"agreed", "possible", "off_target", "unfit", "contraindicated", "not_needed"}


# --- the command


def test_one_fix_is_an_object_and_several_are_a_list(base: Base) -> None:
    """As JSON one fix gives what the Python function gives, and several give a list of them."""
    path = str(ROOT / "examples" / "lpscl-lithium.yaml")
    one = json.loads(run_critique(path, [PRESS], "json", 100, base)[0])
    assert one == critique(example("lpscl-lithium"), PRESS, base=base).model_dump(mode="json")
    two = json.loads(run_critique(path, [PRESS, "raise the temperature"], "json", 100, base)[0])
    assert [each["remedy"] for each in two] == ["set-stack-pressure", "raise-temperature"]
    text, _ = run_critique(path, [PRESS, "raise the temperature"], "text", 100, base)
    assert text.count("What to mind") == 2


def test_mistakes_of_the_command(base: Base, tmp_path: Path) -> None:
    """A missing file, a bad case, no fix and an unknown one are told as elsewhere."""
    path = str(ROOT / "examples" / "lpscl-lithium.yaml")
    with pytest.raises(UsageError, match="say which fix is planned"):
        run_critique(path, [], "text", 100, base)
    with pytest.raises(UsageError, match="there is no remedy"):
        run_critique(path, ["xyzzy"], "text", 100, base)
    with pytest.raises(FileError):
        run_critique(str(tmp_path / "none.yaml"), [PRESS], "text", 100, base)
    bad = tmp_path / "bad.yaml"
    bad.write_text("electrolyte: LLZO\nelectrode: Li\nelectrode_role: cathode\n", encoding="utf-8")
    with pytest.raises(CaseError) as caught:
        run_critique(str(bad), [PRESS], "text", 100, base)
    assert caught.value.problems[0].line == 3


# --- the page


SHOWN = re.compile(r"^```console\n\$ diagnose critique ([^\n]+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def test_the_page_shows_what_the_command_says(command: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """Every command on the page gives the output that stands below it."""
    monkeypatch.chdir(ROOT)
    found = SHOWN.findall(PAGE.read_text(encoding="utf-8"))
    assert len(found) >= 2
    for line, output in found:
        assert command("critique", *shlex.split(line)).out == output


def test_the_python_on_the_page_runs(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """The Python shown on the page prints what stands below it."""
    monkeypatch.chdir(ROOT)
    text = PAGE.read_text(encoding="utf-8")
    code, output = re.findall(r"^```python\n(.*?)^```\n+```text\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)[0]
    exec(compile(code, "docs/plan.md", "exec"), {})  # the page is ours
    assert capsys.readouterr().out == output


def test_the_figures_on_the_page_are_those_of_the_file() -> None:
    """The lines of rules/worth.yaml that are shown stand in it."""
    text = PAGE.read_text(encoding="utf-8")
    (block,) = re.findall(r"^```yaml excerpt rules/worth.yaml\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    worth = [line.split("#")[0].rstrip() for line in (ROOT / "rules" / "worth.yaml").read_text().splitlines()]
    assert [line for line in block.splitlines() if line not in worth] == []


def test_the_combination_on_the_page_loads(base: Base, tmp_path: Path) -> None:
    """The combination that is shown may be laid over the shipped ones, and is told."""
    text = PAGE.read_text(encoding="utf-8")
    (block,) = re.findall(r"^```yaml rules\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "own.yaml").write_text(block, encoding="utf-8")
    site = load([tmp_path])
    (new,) = set(site.rules.combinations) - set(base.rules.combinations)
    found = critique(example("lpscl-lithium"), "limit-stripping", beside=["formation-protocol"], base=site)
    assert f"combination.{new}" in {each.rule for each in found.warnings}
    assert plan_text(plan(diagnose(example("lpscl-lithium"), base=site), base=site))


def test_lithium_on_a_reducible_electrolyte_is_not_heated() -> None:
    """Heat speeds up the reduction of germanium and titanium phosphates by lithium, unless a layer is between them."""
    for electrolyte in ("LAGP", "LATP"):
        cell = {"electrolyte": electrolyte, "electrode": "Li", "electrode_role": "anode", "resistance_level": "high"}
        assert critique(cell, "raise temperature").judgement == "contraindicated"
        steps = {each.remedy: each for each in plan(diagnose(cell)).steps}
        assert steps["raise-temperature"].status == "contraindicated"


def test_a_figure_in_a_plan_is_judged() -> None:
    """Pressing lithium on argyrodite is agreed to, and at 500 MPa it is not; what was assumed is told."""
    cell = {"electrolyte": "Li6PS5Cl", "electrode": "Li", "electrode_role": "anode", "resistance_level": "high"}
    cell |= {"stack_pressure_MPa": 1, "pressure_response": "strong"}
    assert critique(cell, PRESS).judgement == "agreed"
    hard = critique(cell, "press harder at 500 MPa")
    assert hard.judgement == "contraindicated"
    assert any("planned_pressure_MPa = 500 MPa" in each.because for each in hard.warnings)
    assert critique(cell, "raise the temperature to 60 C").judgement != "contraindicated"
    assert critique(cell, "raise the temperature to 175 C").judgement == "contraindicated"


def test_a_plan_that_is_not_known_leaves_the_others(command: Callable[..., Any], tmp_path: Path) -> None:
    """Every fix that is known is judged, and every one that is not is named."""
    path = tmp_path / "cell.yaml"
    path.write_text(
        "electrolyte: LLZO\nelectrode: Li\nelectrode_role: anode\nresistance_level: high\n", encoding="utf-8"
    )
    done = command("critique", str(path), PRESS, "xyzzy", "plugh")
    assert done.code == 2
    assert "Set and hold the stack pressure" in done.out
    assert "xyzzy" in done.err
    assert "plugh" in done.err


@pytest.mark.parametrize(
    ("electrolyte", "electrode", "role", "plan_", "judgement"),
    [
        ("LLZO", "Li", "anode", "warm isostatic pressing at 200 C", "contraindicated"),
        ("LAGP", "Li", "anode", "warm isostatic pressing at 80 C", "contraindicated"),
        ("LLZO", "Li", "anode", "molten lithium at 150 C", "contraindicated"),
        ("LLZO", "Li", "anode", "molten lithium at 250 C", "agreed"),
        ("LLZO", "LiCoO2", "cathode", "fast or low-temperature sintering at 1000 C", "contraindicated"),
    ],
)
def test_harmful_figures_are_refused(electrolyte: str, electrode: str, role: str, plan_: str, judgement: str) -> None:
    """A plan is judged by its figure: what melts, reacts or does not melt at it is told."""
    cell = {"electrolyte": electrolyte, "electrode": electrode, "electrode_role": role, "resistance_level": "high"}
    found = critique(cell, plan_).judgement
    assert (found == "contraindicated") == (judgement == "contraindicated"), found


def test_a_figure_that_cannot_be_read_is_told() -> None:
    """A range or a figure without a known unit is refused with what to write, not passed over."""
    cell = {"electrolyte": "LLZO", "electrode": "Li", "electrode_role": "anode", "resistance_level": "high"}
    with pytest.raises(UsageError, match="cannot read the figure"):
        critique(cell, "press harder to 10-50 N/mm2")
