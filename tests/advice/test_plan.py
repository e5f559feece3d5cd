"""The plan: its order, what it expects of a remedy, what must not be combined, and what is never above the line."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from partial import FEW

import diagnose as package
from diagnose import Case, diagnose
from diagnose.data import Base, load, shipped
from diagnose.errors import CaseError, RuleError
from diagnose.facts import fact_base, names
from diagnose.guidance import Plan, PlanStep, Treated
from diagnose.interpreter import infer
from diagnose.lint import lint
from diagnose.plan import Situation, days, plan
from diagnose.plantext import plan_text
from diagnose.prediction import Odds, Start, odds, predict
from diagnose.quantity import Span
from diagnose.report import Report
from diagnose.rulebook import Remedy
from diagnose.rulefile import load_rulebook
from diagnose.shelf import shelf
from diagnose.validation import library
from diagnose.witness import Maker
from diagnose.yamlfile import parse_yaml, read_text

ROOT = Path(package.__file__).resolve().parent.parent
RESISTANCE = "interfacial_resistance_ohm_cm2"
LIMIT = 1.0e7
DRAWN = settings(FEW, max_examples=150)
LITHIUM_ON_SULFIDE = {
    "electrolyte": "Li6PS5Cl",
    "electrode": "Li",
    "electrode_role": "anode",
    "electrode_form": "foil",
    "interfacial_resistance_ohm_cm2": 310,
    "temperature_C": 25,
    "stack_pressure_MPa": 2,
    "strip_plate_ratio": 2.1,
    "rest_recovery_percent": 70,
    "trend_on_cycling": "growing",
}


@pytest.fixture(scope="module")
def base() -> Base:
    return load()


@cache
def known_cases() -> tuple[Mapping[str, Any], ...]:
    """The cases of the library and the examples."""
    examples = sorted((ROOT / "examples").glob("*.yaml"))
    shown = [dict(parse_yaml(read_text(path), path.name).data) for path in examples]
    return (*shown, *(dict(each.given) for each in library(load())))


@st.composite
def cases(draw: st.DrawFn) -> dict[str, Any]:
    """A known case without some of its fields and with some of another one."""
    one, other = (draw(st.sampled_from(known_cases())) for _ in range(2))
    fixed = ("electrolyte", "electrolyte_family", "electrode_role", "electrode")
    kept = {name: value for name, value in one.items() if name in fixed or draw(st.booleans())}
    added = {name: value for name, value in other.items() if name not in fixed and draw(st.integers(0, 3)) == 0}
    more = draw(
        st.fixed_dictionaries(
            {},
            optional={
                "stack_pressure_MPa": st.sampled_from([0.1, 2, 8, 12, 60, "5-15"]),
                "temperature_C": st.sampled_from([-10, 25, 60, 90, 160]),
                "production_stage": st.sampled_from(["lab", "pilot", "production"]),
                "resistance_level": st.sampled_from(["high", "very_high"]),
                RESISTANCE: st.sampled_from([3, 45, 300, 9000, ">136", "200-900", "310 ± 20"]),
                "coating": st.just("none"),
                "counter_electrode": st.sampled_from(["Li", "Li-In", "NMC811"]),
            },
        )
    )
    return {**kept, **added, **more}


def reported(case: Mapping[str, Any], base: Base) -> Report:
    try:
        return diagnose(case, base=base)
    except CaseError:
        assume(False)
        raise


def steps(found: Plan, *status: str) -> list[PlanStep]:
    return [each for each in found.steps if each.status in status]


def step(case: Mapping[str, Any], remedy: str) -> PlanStep:
    (found,) = (each for each in plan(diagnose(case)).steps if each.remedy == remedy)
    return found


# --- laws


def check(report: Report, base: Base) -> None:
    """Everything that holds of every plan."""
    found = plan(report, base=base)
    usable, struck = steps(found, "recommended", "possible"), steps(found, "contraindicated")
    # The remedies of the report, each once and with its status; what is usable first, and that by status and worth.
    assert {each.remedy: each.status for each in found.steps} == {each.remedy: each.status for each in report.remedies}
    assert list(found.steps) == usable + struck
    assert [each.place for each in found.steps] == [*range(1, len(usable) + 1), *([None] * len(struck))]
    order = [(each.status == "possible", -each.worth, each.remedy) for each in usable]
    assert order == sorted(order)
    assert all(each.worth > 0 for each in usable)
    # No contraindicated remedy stands above the line, and what is struck out says why.
    situation = Situation(report, base=base)
    fired = set(infer(base.rules, situation.facts, 2, situation.findings).fired)
    against = {rule.owner for rule in base.rules.of("contraindication", "unfit") if rule.id in fired}
    assert against.isdisjoint(each.remedy for each in usable)
    assert all(any(why.kind == "contraindication" and why.because for why in each.reasons) for each in struck)
    assert all(each.predicted is None and not each.warnings and each.worth == 0 for each in struck)
    recommended = {each.remedy for each in steps(found, "recommended")}
    for each in usable:
        for mind in each.warnings:
            assert mind.remedies[0] == each.remedy
            assert set(mind.remedies[1:]) <= recommended - {each.remedy}
            assert mind.open == bool(mind.needs)
            assert set(mind.needs) <= set(base.knowledge.vocabulary)
        check_range(each, report, situation)
    for mind in found.conflicts:
        assert set(mind.remedies) <= recommended
        assert len(mind.remedies) > 1
    pairs = [
        (mind.rule, frozenset([mind.remedies[0], other])) for mind in found.conflicts for other in mind.remedies[1:]
    ]
    assert len(pairs) == len(set(pairs))
    assert plan(report, base=base) == found == Plan.model_validate_json(found.model_dump_json())


def check_range(each: PlanStep, report: Report, situation: Situation) -> None:
    """A predicted range is one, and lies between excellent and the resistance of the case, or what was published."""
    if each.predicted is None:
        return
    low, high = each.predicted.low, each.predicted.high
    assert 0 <= low <= high < LIMIT
    assert report.verdict not in ("healthy", "invalid_data")
    assert each.predicted.sources
    assert situation.start is not None
    own, effects = situation.start.figure, situation.rules.remedies[each.remedy].effects
    if own is not None:
        assert high <= own.high
        assert low >= min(situation.start.excellent, own.high)
    else:
        published = [figure for effect in effects for figure in (effect.before, effect.after) if figure is not None]
        assert situation.start.excellent <= low
        assert high <= max(*published, situation.start.excellent)


def test_laws_hold_of_every_known_case(base: Base) -> None:
    """Order, reasons, ranges and cautions are right for each example and each case of the library."""
    for case in known_cases():
        check(diagnose(case, base=base), base)


@DRAWN
@given(cases())
def test_laws_hold_of_drawn_cases(case: dict[str, Any]) -> None:
    """They hold as well of cases that nobody wrote."""
    check(reported(case, load()), load())


def test_the_plan_does_not_depend_on_the_order_of_fields() -> None:
    """The same facts in another order give the same plan."""
    for case in known_cases()[:20]:
        shuffled = list(case.items())
        random.Random(3).shuffle(shuffled)
        assert plan(diagnose(case)) == plan(diagnose(dict(shuffled)))


def test_the_case_may_be_given_or_is_read_from_the_report() -> None:
    """A report carries its case, so that the plan of a stored report is that of a fresh one."""
    for case in known_cases():
        report = diagnose(case)
        stored = Report.model_validate_json(report.to_json())
        assert plan(report, case) == plan(report, Case(**case)) == plan(stored)


# --- worth


def test_worth_is_benefit_per_day(base: Base) -> None:
    """Worth is the benefit times its fitness over the days, reckoned here by hand for a remedy without a remark."""
    worth = base.rules.worth
    assert worth is not None
    found = step(LITHIUM_ON_SULFIDE, "raise-temperature")
    spent = worth.each_try + found.hours / worth.hours_in_a_day + worth.cost[found.cost]
    spent += sum(worth.hazards[each] for each in found.hazards)  # type: ignore[index]
    assert not found.reasons
    assert found.reversible
    assert found.worth == pytest.approx(found.benefit / spent, abs=1e-6)
    unready = step({**LITHIUM_ON_SULFIDE, "production_stage": "production"}, "pressure-conditioning")
    assert not unready.ready
    usual = step(LITHIUM_ON_SULFIDE, "pressure-conditioning")
    assert unready.worth == pytest.approx(usual.worth / 2, abs=1e-6)


@pytest.mark.parametrize(
    "change", [{"hours": 9.0}, {"cost": "high"}, {"reversible": False}, {"hazards": ["lithium", "hf"]}]
)
def test_whatever_costs_more_is_worth_less(base: Base, change: dict[str, Any]) -> None:
    """More hours, a higher cost, no way back and another hazard each add days."""
    remedy: Remedy = base.rules.remedies["limit-stripping"]
    assert base.rules.worth is not None
    assert days(remedy.model_copy(update=change), base.rules.worth) > days(remedy, base.rules.worth) > 0


def test_a_chemist_changes_the_order_in_a_file(tmp_path: Path) -> None:
    """A site that pays dearly for whatever cannot be undone gets those remedies last, without a line of Python."""
    (tmp_path / "rules").mkdir()
    text = (ROOT / "rules" / "worth.yaml").read_text(encoding="utf-8")
    changed = text.replace("irreversible: 2 ", "irreversible: 5000 ") + "replaces: true\n"
    (tmp_path / "rules" / "worth.yaml").write_text(changed, encoding="utf-8")
    site = load([tmp_path])
    found = steps(plan(diagnose(LITHIUM_ON_SULFIDE, base=site), base=site), "recommended")
    undone = [each.reversible for each in found]
    assert undone == sorted(undone, reverse=True)
    assert len(set(undone)) == 2
    usual = steps(plan(diagnose(LITHIUM_ON_SULFIDE)), "recommended")
    assert [each.remedy for each in usual] != [each.remedy for each in found]


def test_rules_without_worth_are_refused(base: Base) -> None:
    """A rule book that does not say what work costs makes no plan, and says what is missing."""
    documents = [each for each in shipped("rules") if each.name != "rules/worth.yaml"]
    bare = Base(load_rulebook(documents, names(base.knowledge)), base.knowledge)
    with pytest.raises(RuleError, match="there is no scale of worth"):
        plan(diagnose(LITHIUM_ON_SULFIDE, base=bare), base=bare)


# --- what to expect


def treated(*chances: tuple[float, Any]) -> list[Treated]:
    return [Treated(cause=f"c{i}", title="C", probability=p, strength=s) for i, (p, s) in enumerate(chances)]


@pytest.mark.parametrize(
    ("chances", "others", "expected"),
    [
        ([], [0.5], (0.0, 0.0, 1.0)),
        ([(0.9, "strong")], [], (0.9, 0.9, 0.1)),
        ([(0.9, "strong")], [0.5, 0.2], (0.9, 0.45, 0.1)),
        ([(0.5, "moderate"), (0.5, "strong")], [], (0.75, 0.75, 0.1)),
        ([(0.9, "weak")], [0.1], (0.0, 0.0, 1.0)),
        ([(0.8, "moderate"), (0.9, "weak")], [], (0.8, 0.08, 0.4)),
    ],
)
def test_odds(chances: Any, others: list[float], expected: tuple[float, float, float]) -> None:
    """A remedy helps with any cause that it really treats, and suffices when no other one is likely."""
    assert vars(odds(treated(*chances), others)) == pytest.approx(
        dict(zip(("helps", "suffices", "leaves"), expected, strict=True))
    )


SULFIDE_CATHODE = {"electrolyte_family": "sulfide", "electrode.kind": "layered_oxide", "electrode_role": "cathode"}
FIRM, DOUBTFUL, IDLE = Odds(0.95, 0.95, 0.1), Odds(0.95, 0.5, 0.1), Odds(0.05, 0.05, 0.1)
FILM = {**SULFIDE_CATHODE, "electrolyte_family": "phosphate_film"}


@pytest.mark.parametrize(
    ("remedy", "facts", "start", "chances", "expected"),
    [
        # Published: to 1/2800, and from 1061 to 68 ohm cm2. The figure of the case is 1000 ohm cm2.
        ("cathode-coating", SULFIDE_CATHODE, Start(Span(1000, 1000), 10), FIRM, (10, 100)),
        ("cathode-coating", SULFIDE_CATHODE, Start(Span(1000, 1000), 0.1), DOUBTFUL, (1000 / 2800, 1000)),
        ("cathode-coating", SULFIDE_CATHODE, Start(Span(500, 2000), 0.1), DOUBTFUL, (500 / 2800, 2000)),
        ("cathode-coating", SULFIDE_CATHODE, Start(Span(4, 4), 10), FIRM, (4, 4)),
        ("cathode-coating", SULFIDE_CATHODE, Start(None, 10), DOUBTFUL, (68, 1061)),
        ("cathode-coating", SULFIDE_CATHODE, Start(None, 10), FIRM, (68, 106.1)),
        ("cathode-coating", SULFIDE_CATHODE, Start(Span(1000, 1000), 10), IDLE, None),
        ("cathode-coating", {**SULFIDE_CATHODE, "electrolyte_family": "halide"}, Start(Span(9, 9)), FIRM, None),
        ("cathode-coating", {**SULFIDE_CATHODE, "electrode.kind": "olivine"}, Start(Span(9, 9)), FIRM, None),
        ("narrow-voltage-window", SULFIDE_CATHODE, Start(Span(1000, 1000), 10), FIRM, None),
        # Only what came out is published: 10 ohm cm2.
        ("tune-li-p-ratio", FILM, Start(Span(180, 180), 10), FIRM, (10, 18)),
        ("tune-li-p-ratio", FILM, Start(Span(180, 180), 10), DOUBTFUL, (10, 180)),
        ("tune-li-p-ratio", FILM, Start(None, 10), FIRM, (10, 10)),
        ("tune-li-p-ratio", FILM, Start(None, 10), DOUBTFUL, None),
    ],
)
def test_range(
    base: Base, remedy: str, facts: Any, start: Start, chances: Odds, expected: tuple[float, float] | None
) -> None:
    """The range runs from the best published to what is left, or to no change where another cause is likely."""
    found = predict(base.rules.remedies[remedy], facts, start, chances, 0.1, shelf(base))
    assert (found and (found.low, found.high)) == (expected and pytest.approx(expected))


def test_no_figure_is_invented() -> None:
    """Nothing is expected where the resistance is a bound only, the data are bad, or the remedy fits worse here."""
    assert step(LITHIUM_ON_SULFIDE, "set-stack-pressure").predicted is not None
    for change in ({RESISTANCE: ">310"}, {RESISTANCE: "<310"}, {"stack_pressure_MPa": 8}):
        assert step({**LITHIUM_ON_SULFIDE, **change}, "set-stack-pressure").predicted is None
    bad = plan(diagnose({**LITHIUM_ON_SULFIDE, "kk_residual_percent": 5, "repeat_drift_percent": 15}))
    assert all(each.predicted is None for each in bad.steps)


# --- what not to combine


def owners(situation: Situation) -> Iterator[tuple[str, str, tuple[str, ...]]]:
    """Every remedy with all others beside it: the cautions told and whether they are open."""
    every = tuple(situation.rules.remedies)
    for slug in every:
        for mind in situation.warnings(slug, every):
            yield mind.rule, "open" if mind.open else "holds", mind.remedies


def told(case: Mapping[str, Any], base: Base) -> dict[str, str]:
    situation = Situation(diagnose(case, base=base), case, base=base)
    return {rule: how for rule, how, _ in owners(situation)}


def test_there_are_enough_combinations_and_each_is_sourced(base: Base) -> None:
    """A good dozen of combinations at least, each with a reason and a source whose grade it can bear."""
    assert 12 <= len(base.rules.combinations) <= 25
    assert not [each for each in lint(base) if each.level == "error"]
    for item in base.rules.combinations.values():
        assert len(item.because) > 40
        assert item.sources


@pytest.mark.parametrize("slug", sorted(load().rules.combinations))
def test_every_combination_is_told_in_a_case_of_its_own(base: Base, slug: str) -> None:
    """Each holds in a case made for it and, where it has a condition, does not in one that differs in one field."""
    rule = base.rules.rules.get(f"combination.{slug}")
    if rule is None:
        assert told(LITHIUM_ON_SULFIDE, base)[f"combination.{slug}"] == "holds"
        return
    witness = Maker(base).make(rule)
    assert witness is not None
    assert witness.miss is not None
    assert told(witness.fires, base)[rule.id] == "holds"
    assert told(witness.miss, base).get(rule.id) != "holds"


PRESSED = ("combination.press-and-warm-lithium", {"set-stack-pressure", "raise-temperature"})


@pytest.mark.parametrize(
    ("pressure", "expected"),
    [(8, "holds"), (5.1, "holds"), (5, None), (2, None), ("3-8", "open"), (None, "open")],
)
def test_pressing_and_warming_lithium(base: Base, pressure: Any, expected: str | None) -> None:
    """Near the pressure that lithium stands, pressing and warming do not go together; unknown, it is asked for."""
    case = {name: value for name, value in LITHIUM_ON_SULFIDE.items() if name != "stack_pressure_MPa"}
    case |= {} if pressure is None else {"stack_pressure_MPa": pressure}
    assert told(case, base).get(PRESSED[0]) == expected


def test_a_published_conflict_is_told_in_the_plan(base: Base) -> None:
    """Li | Li6PS5Cl at 8 MPa: the plan recommends to press and to warm, and says that the two do not go together."""
    found = plan(diagnose({**LITHIUM_ON_SULFIDE, "stack_pressure_MPa": 8}), base=base)
    assert {"set-stack-pressure", "raise-temperature"} <= {each.remedy for each in steps(found, "recommended")}
    (mind,) = (each for each in found.conflicts if each.rule == PRESSED[0] and set(each.remedies) >= PRESSED[1])
    assert not mind.open
    assert {each.ref for each in mind.sources} == {"doux-2020", "zaman-2023"}
    text = " ".join(plan_text(found).split())
    assert "raise-temperature with set-stack-pressure" in text
    assert "Lithium creeps faster when it is warm" in text


def test_bare_cathode_and_garnet_are_not_heated_without_a_word(base: Base) -> None:
    """LiCoO2 on garnet, uncoated: sintering at 750 C is above the onset of their reaction, and that is said."""
    pair = {"electrolyte": "LLZO", "electrode": "LiCoO2", "electrode_role": "cathode", "electrode_form": "composite"}
    case = {**pair, "coating": "none", "resistance_level": "very_high", "contact_description": "point"}
    firing = ("fast-or-low-temperature-sintering", "low-temperature-bonding")
    situation = Situation(diagnose(case), case)
    assert situation.facts["pairing.compatibility_onset_C"] == Span(700, 700)
    for slug in firing:
        assert any(not mind.open and "reacts" in mind.because for mind in situation.warnings(slug, ())), slug
    coated = Situation(diagnose({**case, "coating": "LiNbO3"}), {**case, "coating": "LiNbO3"})
    assert not [mind for slug in firing for mind in coated.warnings(slug, ())]
    unknown = {name: value for name, value in case.items() if name != "coating"}
    open_ = Situation(diagnose(unknown), unknown)
    assert {mind.needs for slug in firing for mind in open_.warnings(slug, ())} == {("coating",)}


def test_what_no_answer_can_decide_is_not_asked(base: Base) -> None:
    """Without a known onset of the pair, the coating would not settle a warning about it, so nobody is asked."""
    case = {"electrolyte": "LiPON", "electrode": "LiCoO2", "electrode_role": "cathode", "resistance_level": "high"}
    situation = Situation(diagnose(case), case)
    assert "pairing.compatibility_onset_C" not in situation.facts
    assert not situation.warnings("low-temperature-bonding", ())


def test_a_combination_is_told_with_any_of_its_remedies(base: Base) -> None:
    """A list in a part stands for any of its remedies, and the partners come in the order in which they were named."""
    situation = Situation(diagnose(LITHIUM_ON_SULFIDE), LITHIUM_ON_SULFIDE)
    layers = ("polymer-buffer-at-anode", "limit-stripping", "soft-polymer-interlayer")
    (mind,) = situation.warnings("isostatic-press", layers)
    assert mind.rule == "combination.press-out-the-polymer"
    assert mind.remedies == ("isostatic-press", "polymer-buffer-at-anode", "soft-polymer-interlayer")
    assert situation.warnings("isostatic-press", ("limit-stripping",)) == ()
    assert situation.warnings("isostatic-press", ("set-stack-pressure", "pressure-conditioning")) == ()


# --- what is refused in the files

MENDS = "sources: {judgement: judgement}"
COMBINATION = "combinations:\n  - {id: own, remedies: %s, because: So it is., " + MENDS + "}\n"


def refused(base: Base, text: str) -> str:
    with pytest.raises(RuleError) as caught:
        load_rulebook(shipped("rules"), names(base.knowledge), [[parse_yaml(text, "own.yaml")]])
    return str(caught.value)


def edited(slug: str, change: Callable[[str], str]) -> str:
    text = (ROOT / "rules" / "remedies" / f"{slug}.yaml").read_text(encoding="utf-8")
    return change(text) + "replaces: true\n"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            COMBINATION % "[set-stack-presure]",
            "there is no remedy 'set-stack-presure'. Did you mean set-stack-pressure",
        ),
        (COMBINATION % "[limit-stripping, [raise-temperature, limit-stripping]]", "names a remedy twice"),
        (COMBINATION % "[]", "at least 1 item"),
        (COMBINATION % "[limit-stripping, raise-temperature, polish-flat]", "at most 2 items"),
        (COMBINATION.replace(MENDS, "sources: {nobody-1900: seen}") % "[polish-flat]", "there is no reference"),
        (COMBINATION.replace("because", "when: {presure: 1}, because") % "[polish-flat]", "there is no fact 'presure'"),
        ("unit: day\neach_try: 1\n", "hazards: is missing"),
        (
            edited("limit-stripping", lambda text: text.replace("rest more", "press harder")),
            "'press harder' is what limit-stripping is called",
        ),
        (
            edited("cathode-coating", lambda text: text.replace("electrolyte: [sulfide]", "electrolyte: [sulfid]", 1)),
            "there is no family of electrolytes 'sulfid'. Did you mean sulfide?",
        ),
        (
            edited("cathode-coating", lambda text: text.replace("electrode: [layered_oxide]", "electrode: [oxide]", 1)),
            "there is no kind or role of electrodes 'oxide'. Did you mean layered_oxide",
        ),
        (
            edited("cathode-coating", lambda text: text.replace("    electrolyte: [sulfide]\n", "", 1)),
            "an electrode alone is no pair",
        ),
    ],
)
def test_mistakes_are_told(base: Base, text: str, message: str) -> None:
    """Unknown remedies, families and kinds, names that two remedies share, and missing days are refused at load."""
    assert message in refused(base, text)


@pytest.mark.parametrize(
    ("item", "kind"),
    [
        ("{id: own, remedies: [tune-li-p-ratio], when: {electrolyte_family: sulfide}, %s}", "unreachable"),
        ("{id: own, remedies: [polish-flat], when: {cpe_exponent: {at_least: 0}}, %s}", "always"),
        ("{id: own, remedies: [isostatic-press], when: {electrolyte_family: sulfide, electrode.nickel_rich: true, "
         "coating: none, cycles_done: {at_least: 1}}, %s}", "duplicate"),
        ("{id: own, remedies: [polish-flat], when: {cpe_exponent: {above: 0.5}}, %s}", ""),
    ],
)  # fmt: skip
def test_lint_looks_at_combinations(base: Base, item: str, kind: str) -> None:
    """A combination that can never be told, always holds or repeats another one is an error."""
    text = f"combinations:\n  - {item % f'because: So it is., {MENDS}'}\n"
    book = load_rulebook(shipped("rules"), names(base.knowledge), [[parse_yaml(text, "own.yaml")]])
    found = [each for each in lint(Base(book, base.knowledge)) if each.level == "error"]
    assert [(each.rule, each.kind) for each in found] == ([("combination.own", kind)] if kind else [])
    assert all(each.file == "rules/combinations.yaml" for each in found)


# --- in words


@pytest.mark.parametrize("width", [60, 100])
def test_text_of_every_plan(base: Base, width: int) -> None:
    """A plan is told within its width; what is struck out stands below the line, with NOT and the reason."""
    for case in known_cases():
        found = plan(diagnose(case, base=base), base=base)
        text = plan_text(found, width)
        assert max(map(len, text.splitlines())) <= width
        flat = " ".join(text.split())
        struck = steps(found, "contraindicated")
        above = flat.split("What not to do")[0]
        assert ("What not to do" in text) == bool(struck)
        assert "NOT " not in above
        for each in struck[:3]:
            reasons = " ".join(why.because for why in each.reasons)
            assert f"NOT {each.title} ({each.remedy}): {' '.join(reasons.split())}" in flat
        for each in steps(found, "recommended")[:3]:
            assert f"{each.place}. {each.title} ({each.remedy};" in flat
            assert f"Check: {' '.join(each.verify.split())}" in flat


def test_a_sound_joint_needs_nothing() -> None:
    """A healthy case gets one step, which repairs nothing, and says so."""
    found = plan(diagnose({**LITHIUM_ON_SULFIDE, "trend_on_cycling": "stable", RESISTANCE: 3, "strip_plate_ratio": 1}))
    assert [each.remedy for each in found.steps] == ["none-needed"]
    assert found.says == "Nothing needs to be repaired."
    assert found.conflicts == ()


def test_fields_that_decide_a_derived_quantity(base: Base) -> None:
    """Of a derived quantity the missing inputs are asked for, and of a wide one the wide ones."""
    case = {"electrolyte": "Li6PS5Cl", "electrode": "Li", "electrode_role": "anode", "stack_pressure_MPa": "3-8"}
    situation = Situation(diagnose(case), case, base=base)
    assert situation.fields("derived.pressure_over_high") == ("stack_pressure_MPa",)
    assert situation.fields("derived.current_over_critical") == (
        "current_density_mA_cm2",
        "critical_current_density_mA_cm2",
    )
    assert situation.fields("derived.stripping_over_limit") == ()
    assert situation.fields("pairing.severe_ohm_cm2") == ()
    assert situation.fields("coating.side") == ("coating",)
    assert fact_base(Case(**case), base.knowledge).facts["derived.pressure_over_high"] == Span(0.3, 0.8)
