"""What holds for every report: sums, ranks, sources, what a verdict allows, and that only fired rules explain."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache
from itertools import permutations, product
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, assume, given, settings
from hypothesis import strategies as st
from rulemaker import SCALE as MADE_SCALE
from rulemaker import STABLE, beside, cause, document, evidence, note, remedy, verdict

from diagnose import Case, Report, diagnose
from diagnose.condition import Leaf, leaves
from diagnose.data import Base, load
from diagnose.diagnosis import refuse_contradictions
from diagnose.errors import CaseError
from diagnose.facts import FactBase, fact_base, names
from diagnose.interpreter import Outcome, infer
from diagnose.knowledgefile import vocabulary
from diagnose.quantity import Measured, Span
from diagnose.rulebook import SCORE
from diagnose.rulefile import load_rulebook
from diagnose.scoring import ranking

CASES = settings(
    STABLE,
    max_examples=80,
    phases=(Phase.explicit, Phase.generate),
    suppress_health_check=(HealthCheck.filter_too_much, HealthCheck.too_slow),
)
MATERIALS = {
    "electrolyte": "electrolyte",
    "second_electrolyte": "electrolyte",
    "electrode": "electrode",
    "counter_electrode": "electrode",
    "coating": "coating",
}

# --- cases from the vocabulary


@cache
def thresholds() -> dict[str, tuple[float, ...]]:
    """The figures with which rules compare each field."""
    found: dict[str, set[float]] = {}
    for rule in load().rules.rules.values():
        for leaf in leaves(rule.when):
            if isinstance(leaf, Leaf):
                figures = (arg for arg in leaf.args if isinstance(arg, float))
                found.setdefault(leaf.name, set()).update(figures)
    return {name: tuple(sorted(each)) for name, each in found.items()}


def numbers(name: str) -> st.SearchStrategy[Any]:
    """Figures, bounds and ranges of a field: at and beside the thresholds of the rules, and anywhere within limits."""
    spec = vocabulary()[name]
    low, high = spec.limits
    edges = [edge for figure in thresholds().get(name, ()) for edge in beside(figure) if low <= edge <= high]
    figure = st.floats(low, high, allow_subnormal=False)
    if edges:
        figure = st.one_of(st.sampled_from(edges), st.sampled_from(edges), figure)
    if spec.kind == "integer":
        return st.integers(math.ceil(low), math.floor(min(high, 2000)))
    # Written figures are read to twelve digits, so one float beside a threshold can be given as a number only.
    short = figure.map(lambda x: float(f"{x:.6g}")).filter(lambda x: low < x < high)
    ranges = st.tuples(short, short).map(sorted).map(lambda ends: f"{ends[0]!r} to {ends[1]!r}")
    bounds = st.tuples(st.sampled_from("<>"), short).map(lambda bound: f"{bound[0]}{bound[1]!r}")
    return st.one_of(figure, figure, figure, bounds, ranges)


@cache
def values(name: str) -> st.SearchStrategy[Any]:
    """What a field may be given."""
    spec = vocabulary()[name]
    if spec.kind == "choice":
        return st.sampled_from(spec.of)
    if spec.kind == "flag":
        return st.booleans()
    if spec.kind == "material":
        known = load().knowledge.material_names(MATERIALS[name])
        return st.sampled_from(known if name == "electrolyte" else (*known, "none", "Unobtainium"))
    return numbers(name)


# What makes verdicts other than faulty likely enough to be seen often.
LEANINGS: tuple[dict[str, Any], ...] = (
    {},
    {},
    {},
    {"resistance_level": "low"},
    {"resistance_level": "acceptable"},
    {"temperature_C": 450},
    {"repeat_drift_percent": 9},
)


@st.composite
def cases(draw: st.DrawFn) -> dict[str, Any]:
    """A case: its electrolyte and role, mostly its electrode, and none to many of the other fields."""
    must = ["electrolyte", "electrode_role", *draw(st.sampled_from(([], ["electrode"], ["electrode"], ["electrode"])))]
    leaning = draw(st.sampled_from(LEANINGS))
    rest = [name for name in vocabulary() if name not in must and name not in leaning]
    chosen = draw(st.lists(st.sampled_from(rest), unique=True, max_size=draw(st.sampled_from((2, 6, 14, 30)))))
    return {**{name: draw(values(name)) for name in [*must, *chosen]}, **leaning}


@dataclass(frozen=True)
class Answer:
    """A case with its report, which is too long to be printed."""

    given: dict[str, Any]
    report: Report = field(repr=False)

    def __iter__(self) -> Iterator[Any]:
        return iter((self.given, self.report))


@st.composite
def answers(draw: st.DrawFn) -> Answer:
    """A case with its report; cases that contradict themselves are left out."""
    given = draw(cases())
    try:
        return Answer(given, diagnose(given))
    except CaseError:
        assume(False)
        raise


def looked_up(given: dict[str, Any]) -> tuple[FactBase, Outcome]:
    """The facts of a case and what the plain interpreter says of them."""
    found = fact_base(Case(**given), load().knowledge)
    return found, infer(load().rules, found.facts)


def hundredths(decibans: float) -> int:
    """Decibans as shown, in whole hundredths."""
    made = round(decibans * 100)
    assert made / 100 == decibans
    return made


# --- scores


def check_sums(report: Report) -> None:
    for each in report.causes:
        counted = sum(hundredths(line.decibans) for line in each.contributions if line.counted)
        assert hundredths(each.log_odds) == hundredths(each.prior) + counted + hundredths(each.clipped)
        assert each.probability == pytest.approx(1 / (1 + 10 ** (-each.log_odds / 10)), abs=5.1e-7)
        assert each.supported is (each.log_odds >= load().rules.scale.supported_from)


def check_groups(report: Report) -> None:
    for each in report.causes:
        counted = {line.group: line for line in each.contributions if line.counted}
        assert len(counted) == sum(line.counted for line in each.contributions)
        for line in each.contributions:
            assert line.group in counted
            strongest = counted[line.group]
            assert abs(line.decibans) <= abs(strongest.decibans)
            assert line.screened_by == (None if line.counted else strongest.rule)


def check_order(report: Report) -> None:
    assert [each.rank for each in report.causes] == list(range(1, len(report.causes) + 1))
    order = [(-each.log_odds, each.cause) for each in report.causes]
    assert order == sorted(order)
    assert len({each.cause for each in report.causes}) == len(report.causes)


def check_remedies(report: Report) -> None:
    usable = [each for each in report.remedies if each.status != "contraindicated"]
    struck = [each for each in report.remedies if each.status == "contraindicated"]
    assert [each.rank for each in usable] == list(range(1, len(usable) + 1))
    assert all(each.rank is None and each.reasons for each in struck)
    assert list(report.remedies) == [*usable, *struck]
    assert all(0 <= each.benefit <= 1 for each in report.remedies)
    hazards = {hazard for each in usable if each.status == "recommended" for hazard in each.hazards}
    assert set(report.hazards) == hazards


def check_sources(report: Report) -> None:
    for ranked in report.causes:
        assert ranked.contributions
        assert all(line.sources and line.because for line in ranked.contributions)
    for each in report.remedies:
        assert each.sources
        assert all(reason.sources for reason in each.reasons)


LAWS = (check_sums, check_groups, check_order, check_remedies, check_sources)


@given(answer=answers())
@CASES
def test_scores_can_be_rebuilt(answer: Answer) -> None:
    """Each log-odds shown equals the prior, the counted lines and what the cap took; probability follows from it."""
    check_sums(answer.report)


@given(answer=answers())
@CASES
def test_one_line_of_each_group_counts(answer: Answer) -> None:
    """Of the lines of a cause the strongest of each group counts, and the others name it."""
    check_groups(answer.report)


@given(answer=answers())
@CASES
def test_causes_are_ranked_from_first_to_last(answer: Answer) -> None:
    """Ranks of causes run from 1 without a gap, by falling score and then by name."""
    check_order(answer.report)


@given(answer=answers())
@CASES
def test_contraindicated_remedies_have_no_rank(answer: Answer) -> None:
    """Usable remedies are ranked from 1 without a gap; struck-out ones come last, without rank, with a reason."""
    check_remedies(answer.report)


@given(answer=answers())
@CASES
def test_everything_said_has_a_source(answer: Answer) -> None:
    """Every contribution, remedy and reason names at least one source."""
    check_sources(answer.report)


START = {"electrolyte": "LLZO", "electrode_role": "anode"}


def made_base(*data: Any) -> Base:
    """Rules made for a test, with the shipped knowledge."""
    knowledge = load().knowledge
    documents = [document(each) for each in (MADE_SCALE, *data)]
    return Base(load_rulebook(documents, names(knowledge)), knowledge)


@pytest.mark.parametrize(("side", "clipped"), [("for", -21.2), ("against", 21.2)])
def test_what_the_cap_took_is_shown(side: str, clipped: float) -> None:
    """Four decisive rules, 51.2 decibans, count 30, and the report shows what was taken away."""
    flags = ("gap_seen", "carbonate_seen", "filament_seen", "cation_reduced")
    rules = [evidence(flag.replace("_", "-"), {flag: True}, group=flag, **{side: "decisive"}) for flag in flags]
    report = diagnose({**START, **dict.fromkeys(flags, True)}, base=made_base(cause("oak", rules)))
    assert [each.clipped for each in report.causes] == [clipped]
    check_sums(report)


def test_remedies_read_the_scores_of_causes() -> None:
    """A remedy is struck out from the very score on at which its rule says so, and the score is the one shown."""
    rules = [evidence("e", {"gap_seen": True}, **{"for": "strong"}), evidence("f", {"filament_seen": True}, group="f")]
    for limit, status in ((3.3, "contraindicated"), (math.nextafter(3.3, 4), "recommended")):
        harm = note("harm", {"cause.oak": {"at_least": limit}})
        base = made_base(cause("oak", rules), remedy("press", treats={"oak": "strong"}, contraindicated=[harm]))
        report = diagnose({**START, "gap_seen": True}, base=base)
        assert [each.log_odds for each in report.causes] == [3.3]
        assert [each.status for each in report.remedies] == [status]
        both = diagnose({**START, "gap_seen": True, "filament_seen": True}, base=base)
        assert [each.status for each in both.remedies] == ["contraindicated"]


def broken(report: Report, law: Callable[[Report], None]) -> list[Report]:
    """Reports with one thing wrong that a law forbids."""

    def with_cause(**update: Any) -> Report:
        return report.model_copy(update={"causes": (report.causes[0].model_copy(update=update), *report.causes[1:])})

    first = report.causes[0]
    line = first.contributions[0]
    struck = next(each for each in report.remedies if each.status == "contraindicated")

    def with_line(**update: Any) -> Report:
        return with_cause(contributions=(line.model_copy(update=update), *first.contributions[1:]))

    def with_struck(**update: Any) -> Report:
        changed = struck.model_copy(update=update)
        return report.model_copy(update={"remedies": (*(r for r in report.remedies if r is not struck), changed)})

    swapped = report.model_copy(update={"causes": report.causes[::-1]})
    found = {
        check_sums: [with_line(decibans=line.decibans + 0.01), with_cause(prior=0.0), with_cause(supported=False)],
        check_groups: [with_line(counted=False, screened_by=None), with_line(decibans=0.0)],
        check_order: [swapped, with_cause(rank=2)],
        check_remedies: [with_struck(rank=1), with_struck(reasons=()), report.model_copy(update={"hazards": ("x",)})],
        check_sources: [with_line(sources=()), with_struck(sources=())],
    }
    return found[law]


@pytest.mark.parametrize("law", LAWS, ids=lambda law: law.__name__)
def test_a_broken_report_is_noticed(law: Callable[[Report], None]) -> None:
    """Each law above holds for a sound report and fails for one with a single thing changed."""
    report = diagnose(
        {
            "electrolyte": "Li6PS5Cl",
            "electrode": "Li",
            "electrode_role": "anode",
            "strip_plate_ratio": 2,
            "rest_recovery_percent": 80,
            "trend_on_cycling": "growing",
            "stack_pressure_MPa": 30,
        }
    )
    assert len(report.causes) > 1
    assert report.causes[0].supported
    law(report)
    for wrong in broken(report, law):
        with pytest.raises(AssertionError):
            law(wrong)


# --- explanation


@given(answer=answers())
@CASES
def test_the_explanation_is_the_rules_that_fired(answer: Answer) -> None:
    """The lines of a cause are the very rules about it that the plain interpreter finds true; so are the findings."""
    given, report = answer
    found, outcome = looked_up(given)
    rules = load().rules.rules
    for each in report.causes:
        fired = {name for name in outcome.fired if (rules[name].kind, rules[name].owner) == ("evidence", each.cause)}
        assert {line.rule for line in each.contributions} == fired
    assert {each.finding for each in report.findings} == {name for name, holds in outcome.findings.items() if holds}
    used = {fact.name for each in report.causes for line in each.contributions for fact in line.facts}
    assert used <= set(found.facts)


@given(answer=answers())
@CASES
def test_reasons_of_remedies_are_rules_that_fired(answer: Answer) -> None:
    """A remedy is struck out, or said to fit better or worse, by rules that hold for the case and its scores."""
    given, report = answer
    found, outcome = looked_up(given)
    book = load().rules
    scores = {SCORE + each.cause: Span(each.total / 100, each.total / 100)
              for each in ranking(book, outcome.fired, found.facts)}  # fmt: skip
    fired = set(infer(book, {**found.facts, **scores}, 2, outcome.findings).fired)
    for each in report.remedies:
        if report.verdict != "healthy":
            contra = {name for name in fired if _is(name, each.remedy, "contraindication")}
            shown = contra or {name for name in fired if _is(name, each.remedy, "better", "worse")}
            assert {reason.rule for reason in each.reasons} == shown
            assert (each.status == "contraindicated") is bool(contra)
            assert not any(_is(name, each.remedy, "unfit") for name in fired)


def _is(name: str, remedy: str, *kinds: str) -> bool:
    rule = load().rules.rules[name]
    return rule.owner == remedy and rule.kind in kinds


@given(answer=answers())
@CASES
def test_every_cause_has_one_place(answer: Answer) -> None:
    """Ranked, ruled out or not judged: each cause is one of these, unless the verdict ends the ranking."""
    report = answer.report
    places = [each.cause for part in (report.causes, report.ruled_out, report.not_judged) for each in part]
    assert len(places) == len(set(places))
    if report.verdict not in ("healthy", "invalid_data"):
        assert set(places) == set(load().rules.causes)


@given(answer=answers())
@CASES
def test_a_cause_ruled_out_is_not_ranked(answer: Answer) -> None:
    """Causes are ruled out where their gate is definitely false, and they are never ranked nor left unjudged."""
    given, report = answer
    gates = {name.removeprefix("gate.") for name in looked_up(given)[1].fired if name.startswith("gate.")}
    assert gates.isdisjoint(each.cause for each in (*report.causes, *report.not_judged))
    if report.verdict != "healthy":
        assert {each.cause for each in report.ruled_out} == gates


@given(answer=answers())
@CASES
def test_nothing_that_is_known_is_asked_for(answer: Answer) -> None:
    """What to find out next are fields of a case that are not given, or given as no more than a bound or range."""
    given, report = answer
    exact = {name for name, value in Case(**given).known().items()
             if not (isinstance(value, Measured) and value.low < value.high)}  # fmt: skip
    for each in (*report.causes, *report.not_judged):
        asked = [one.field for one in each.wanted]
        assert len(asked) == len(set(asked)) <= 3
        assert set(asked) <= set(vocabulary()) - exact


# --- one case, one report


@given(answer=answers(), seed=st.integers(0, 1000))
@CASES
def test_the_order_of_fields_does_not_matter(answer: Answer, seed: int) -> None:
    """The same fields in another order give the same report, byte for byte."""
    given, report = answer
    fields = list(given.items())
    random.Random(seed).shuffle(fields)
    assert diagnose(dict(fields)).to_json() == report.to_json()


@given(answer=answers())
@CASES
def test_the_case_in_the_report_gives_the_report(answer: Answer) -> None:
    """The case as the report repeats it is a case again, and gives the same report but for the wording of a figure."""
    report = answer.report
    again = diagnose(report.case)
    assert again.model_dump(exclude={"severity"}) == report.model_dump(exclude={"severity"})
    assert again.severity.level == report.severity.level


# --- verdicts


@given(answer=answers())
@CASES
def test_verdict_follows_the_file(answer: Answer) -> None:
    """The first true invalid_data, healthy or faulty decides; then a supported cause, then outside_scope."""
    given, report = answer
    found, outcome = looked_up(given)
    book = load().rules
    true = [each for each in book.verdicts if f"verdict.{each.id}" in outcome.fired]
    ranked = ranking(book, outcome.fired, found.facts)
    supported = any(each.lines and each.total >= book.scale.supported_from * 100 for each in ranked)
    faulty = [each for each in true if each.verdict == "faulty"]
    assert report.verdict == meant([each.verdict for each in true], supported and bool(faulty or observed(report)))
    says = [each.says for each in true if each.verdict == report.verdict]
    if report.verdict in ("invalid_data", "healthy", "outside_scope"):
        assert list(report.because) == says
    assert report.because


def observed(report: Report) -> bool:
    """Whether a line that speaks and counts for a supported cause names something else than what was joined."""
    fields = load().knowledge.vocabulary
    inputs = {each.name: [text.split(" = ")[0] for text in each.inputs] for each in report.derived}
    lines = [line for cause in report.causes if cause.supported for line in cause.contributions]
    names = {fact.name for line in lines if line.counted and line.decibans > 0 for fact in line.facts}
    while names & set(inputs):
        names = {part for name in names for part in inputs.get(name, [name])}
    return any(name in fields and fields[name].section != "pairing" for name in names)


def meant(true: list[str], supported: bool) -> str:
    """The verdict that docs/rules.md promises, from the true ones in the order of the file."""
    first = next((each for each in true if each != "outside_scope"), "")
    if first in ("invalid_data", "healthy"):
        return first
    if supported:
        return "faulty"
    return "outside_scope" if "outside_scope" in true else "undetermined"


FLAGS = {"invalid_data": "carbonate_seen", "healthy": "gap_seen", "faulty": "filament_seen"}
FLAGS |= {"outside_scope": "second_phase_seen"}


@pytest.mark.parametrize("order", list(permutations(FLAGS)), ids="-".join)
def test_precedence_of_verdicts(order: tuple[str, ...]) -> None:
    """In any order of the file, for any set of true verdicts, with a supported cause or none, the docs are kept."""
    base = made_base(
        {"verdicts": [verdict(name.replace("_", "-"), {FLAGS[name]: True}, name) for name in order]},
        cause("oak", [evidence("e", {"cation_reduced": True}, **{"for": "decisive"})]),
        cause("yew", [evidence("e", {"sudden_voltage_drop": True}, against="weak")], family="measurement"),
    )
    for true in product((True, False), repeat=5):
        *verdicts, supported = true
        told = [name for name, holds in zip(order, verdicts, strict=True) if holds]
        case = {**START, **{FLAGS[name]: True for name in told}, "sudden_voltage_drop": True}
        report = diagnose({**case, "cation_reduced": True} if supported else case, base=base)
        assert report.verdict == meant(told, supported)
        ranked = [each.cause for each in report.causes]
        judged = ["oak", "yew"] if supported else ["yew"]
        assert ranked == {"healthy": [], "invalid_data": ["yew"]}.get(report.verdict, judged)


def test_doubtful_data_stand_first_in_the_shipped_file() -> None:
    """In the shipped file all verdicts of invalid data come before the others, and each kind of verdict occurs."""
    order = [each.verdict for each in load().rules.verdicts]
    assert set(order) == set(FLAGS)
    doubtful = order.count("invalid_data")
    assert set(order[:doubtful]) == {"invalid_data"}


@given(answer=answers())
@CASES
def test_a_healthy_joint_has_no_causes(answer: Answer) -> None:
    """A healthy verdict ends the ranking: no cause is ranked, ruled out or left to judge, and nothing is to be done."""
    healthy = {
        name: value for name, value in answer.given.items() if name in ("electrolyte", "electrode", "electrode_role")
    }
    report = diagnose({**healthy, "resistance_level": "low"})
    assert report.verdict == "healthy"
    assert report.causes == report.ruled_out == report.not_judged == ()
    assert [each.remedy for each in report.remedies] == ["none-needed"]


@given(answer=answers())
@CASES
def test_invalid_data_leave_the_measurement_only(answer: Answer) -> None:
    """Whatever else is known, a spectrum that fails Kramers-Kronig leaves causes of the measurement alone."""
    report = diagnose({**answer.given, "kk_residual_percent": 2.5})
    assert report.verdict == "invalid_data"
    assert report.causes
    assert {each.family for each in report.causes} == {"measurement"}
    assert report.protocol
    assert report.not_judged == ()


@given(answer=answers())
@CASES
def test_what_is_wrong_is_never_healthy(answer: Answer) -> None:
    """A filament that was seen, or a sudden drop of the voltage, keeps any joint from being called healthy."""
    for more in ({"filament_seen": True}, {"sudden_voltage_drop": True}, {"resistance_level": "very_high"}):
        try:
            assert diagnose({**answer.given, **more}).verdict != "healthy"
        except CaseError:
            continue


@given(case=cases())
@CASES
def test_a_refused_case_says_why(case: dict[str, Any]) -> None:
    """A case from valid parts is answered, or refused for a contradiction with the field and what to type."""
    found = fact_base(Case(**case), load().knowledge)
    true = [rule for rule in load().rules.of("contradiction") if f"{rule.id}" in infer(load().rules, found.facts).fired]
    if not true:
        assert diagnose(case).schema_version == 1
        return
    with pytest.raises(CaseError) as caught:
        diagnose(case)
    assert [problem.hint for problem in caught.value.problems] == [rule.item.fix for rule in true]
    assert all(problem.field in rule.item.fields for problem, rule in zip(caught.value.problems, true, strict=True))
    with pytest.raises(CaseError):
        refuse_contradictions(load(), found)


def test_cases_made_reach_every_verdict() -> None:
    """The cases of these laws are not all alike: each verdict, ranked causes and struck-out remedies occur."""
    seen: set[str] = set()
    sizes: list[int] = []

    @given(answer=answers())
    @settings(CASES, max_examples=150)
    def look(answer: Answer) -> None:
        report = answer.report
        seen.add(report.verdict)
        seen.update(each.status for each in report.remedies)
        sizes.append(len(report.causes))

    look()
    assert seen >= {"healthy", "faulty", "undetermined", "invalid_data"}
    assert seen >= {"recommended", "possible", "contraindicated"}
    assert sum(sizes) / len(sizes) > 3
