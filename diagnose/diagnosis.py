"""diagnose(): from a case to a report. The one entrance; everything above it only shows what it returns."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import diagnose as package
from diagnose import interpreter
from diagnose.case import Case
from diagnose.data import ENGLISH, Base, load
from diagnose.derived import FORMULAS, Value
from diagnose.engine import session
from diagnose.errors import CaseError, Problem
from diagnose.facts import FactBase, fact_base, fields_behind, show
from diagnose.quantity import Span
from diagnose.remedies import Advice, advise
from diagnose.report import (
    CauseResult,
    Contribution,
    DerivedResult,
    FactUsed,
    FindingResult,
    NotJudged,
    Report,
    RuledOut,
    Severity,
    Step,
    Verdict,
    Versions,
    Wanted,
)
from diagnose.rulebook import SCORE, Rule
from diagnose.scoring import Score, ranking
from diagnose.shelf import shelf

MOST_WANTED = 3
# Section of the vocabulary whose fields say what was joined; they are no symptoms.
WHAT_WAS_JOINED = "pairing"


def diagnose(
    case: Case | Mapping[str, Any],
    *,
    overlays: Iterable[Path | str] = (),
    language: str = ENGLISH,
    base: Base | None = None,
) -> Report:
    """Diagnose one interface.

    `case` is a `Case` or a mapping of its fields; `overlays` are site directories with rules or knowledge of their own;
    `language` is that of the texts, such as de. A `base` has both already. The same case gives the same report, byte
    for byte. Raises CaseError, RuleError or KnowledgeError for overlays, and UsageError for an unknown language.
    """
    case = case if isinstance(case, Case) else Case.model_validate(case)
    base = base or load(overlays, language)
    found = fact_base(case, base.knowledge)
    refuse_contradictions(base, found)
    with session(base.rules) as engine:
        judged = engine.judge(found.facts)
        outcome = interpreter.infer(base.rules, found.facts)
        scores = ranking(base.rules, judged.trace, found.facts)
        verdict, because = _verdict(base, found, judged.trace, scores)
        told = dict(found.facts)
        told.update({SCORE + each.cause: Span(each.total / 100, each.total / 100) for each in scores})
        advised = engine.advise(told)
    doubts = _doubtful(base, told, outcome)
    return _Writer(base, case, found, outcome, scores, judged.trace).report(verdict, because, advised.trace, doubts)


def refuse_contradictions(base: Base, found: FactBase) -> None:
    """Raise CaseError naming every pair of facts that cannot be true together."""
    problems = []
    for rule in base.rules.of("contradiction"):
        if rule.test(found.facts, {}):
            given = [name for name in rule.item.fields if name in found.facts] or rule.item.fields
            problems.append(Problem(rule.item.says.rstrip("."), field=given[0], hint=rule.item.fix))
    if problems:
        raise CaseError(tuple(problems))


def _doubtful(base: Base, told: Mapping[str, Value], outcome: interpreter.Outcome) -> tuple[str, ...]:
    """Contraindications that a bound or a range given with the case leaves open: "8-15" may be 10 or more."""
    found: list[str] = []
    wide = {name for name, value in told.items() if isinstance(value, Span) and value.low < value.high}
    for rule in base.rules.of("contraindication"):
        if not wide.isdisjoint(rule.facts) and rule.test(told, outcome.findings) is None:
            open_ = interpreter.deciding(base.rules, rule.when, told, outcome.findings)
            if all(told.get(name) is not None for name in open_):
                found.append(rule.id)
    return tuple(found)


def _symptom(base: Base, found: FactBase, score: Score) -> bool:
    """Whether a line that counts for a cause rests on something observed, not only on what was joined."""

    def observed(name: str) -> bool:
        if name not in found.facts:
            return False
        about, inputs = base.knowledge.vocabulary.get(name), found.origins[name].inputs
        return any(map(observed, inputs)) if about is None else about.section != WHAT_WAS_JOINED

    counting = (line.rule for line in score.lines if line.weight > 0 and line.screened_by is None)
    return any(observed(name) for rule in counting for name in base.rules.rules[rule].facts)


def _verdict(
    base: Base, found: FactBase, fired: Iterable[str], scores: tuple[Score, ...]
) -> tuple[Verdict, tuple[str, ...]]:
    """The first true verdict from the top of rules/verdicts.yaml; see the note there."""
    names, texts = set(fired), base.knowledge.texts
    true = [rule for rule in base.rules.verdicts if f"verdict.{rule.id}" in names]
    deciding = next((rule for rule in true if rule.verdict != "outside_scope"), None)
    if deciding is not None and deciding.verdict in ("invalid_data", "healthy"):
        same = [rule.says for rule in true if rule.verdict == deciding.verdict]
        return ("invalid_data", tuple(same)) if deciding.verdict == "invalid_data" else ("healthy", tuple(same))
    said = [deciding.says] if deciding else []
    limit = round(base.rules.scale.supported_from * 100)
    supported = [score for score in scores if score.total >= limit and score.lines]
    if supported and (said or any(_symptom(base, found, score) for score in supported)):
        return "faulty", tuple(said or [texts("ui.because.supported")])
    outside = [rule.says for rule in true if rule.verdict == "outside_scope"]
    if outside:
        return "outside_scope", tuple(outside)
    if supported:
        return "undetermined", (texts("ui.because.no_fault_reported"),)
    return "undetermined", (*said, texts("ui.because.too_little"))


class _Writer:
    """Turns scores and firings into the parts of a report."""

    def __init__(
        self,
        base: Base,
        case: Case,
        found: FactBase,
        outcome: interpreter.Outcome,
        scores: tuple[Score, ...],
        fired: tuple[str, ...],
    ) -> None:
        self.base, self.case, self.found, self.outcome, self.scores = base, case, found, outcome, scores
        self.rules, self.knowledge = base.rules, base.knowledge
        self.texts = base.knowledge.texts
        self.fired = set(fired)
        self.shelf = shelf(base)
        self.facts_used: dict[str, FactUsed] = {}
        self.unknown = set(outcome.unknown)

    # --- small parts

    def shown(self, value: Value) -> str:
        return show(value, self.texts)

    def used(self, rule: Rule) -> tuple[FactUsed, ...]:
        """The known facts a rule read, findings followed down to their facts, conditions on unknowns left out."""
        made = []
        for name in rule.facts:
            if name in self.found.facts:
                if name not in self.facts_used:
                    value, origin = self.shown(self.found.facts[name]), self.found.origins[name].kind
                    self.facts_used[name] = FactUsed(name=name, value=value, origin=origin)
                made.append(self.facts_used[name])
        return tuple(made)

    def wanted(self, cause: str) -> tuple[Wanted, ...]:
        """The fields that would decide most about a cause, by the largest weight on each; destructive ones last."""
        stakes: dict[str, int] = {}
        for size, rules in self.shelf.stakes.get(cause, ()):
            for rule in rules:
                if rule.id in self.unknown:
                    for fact in interpreter.deciding(self.rules, rule.when, self.found.facts, self.outcome.findings):
                        for field in fields_behind(fact, self.found.facts, self.knowledge.vocabulary):
                            stakes.setdefault(field, size)
            if len(stakes) >= MOST_WANTED:
                break
        fields = self.knowledge.vocabulary
        best = sorted(
            stakes.items(),
            key=lambda each: (fields[each[0]].destructive, -each[1], fields[each[0]].effort_min, each[0]),
        )[:MOST_WANTED]
        return tuple(self.shelf.wanted(name, size) for name, size in best)

    # --- the report

    def report(
        self, verdict: Verdict, because: tuple[str, ...], advised: tuple[str, ...], doubts: tuple[str, ...]
    ) -> Report:
        ranked = self.ranked(verdict)
        possible = ranked if verdict == "invalid_data" else self.scores
        advice: Advice = advise(self.base, self.case, verdict, ranked, possible, advised, doubts, self.shelf)
        judged = tuple(self.cause(rank, score) for rank, score in enumerate(ranked, 1))
        doubtful = verdict in ("invalid_data", "undetermined", "outside_scope")
        return Report(
            title=self.title(),
            verdict=verdict,
            because=because,
            severity=self.severity(),
            case=self.case.dump(),
            causes=judged,
            not_judged=self.not_judged(verdict),
            ruled_out=self.ruled_out(verdict),
            remedies=advice.remedies,
            hazards=advice.hazards,
            findings=self.findings(),
            derived=self.derived(),
            protocol=self.protocol() if doubtful else (),
            notes=self.notes(verdict),
            versions=Versions(
                diagnose=package.__version__,
                rules=self.rules.hash,
                knowledge=self.knowledge.hash,
                case=self.case.digest(),
            ),
        )

    def ranked(self, verdict: Verdict) -> tuple[Score, ...]:
        """Causes with at least one rule fired. Healthy ends the ranking; invalid data leave the measurement only."""
        if verdict == "healthy":
            return ()
        judged = tuple(score for score in self.scores if score.lines)
        if verdict == "invalid_data":
            return tuple(score for score in judged if self.rules.causes[score.cause].family == "measurement")
        return judged

    def cause(self, rank: int, score: Score) -> CauseResult:
        cause = self.rules.causes[score.cause]
        lines = []
        for line in score.lines:
            rule = self.rules.rules[line.rule]
            lines.append(
                Contribution(
                    rule=line.rule,
                    decibans=line.weight / 100,
                    group=line.group,
                    counted=line.screened_by is None,
                    screened_by=line.screened_by,
                    because=rule.item.because,
                    facts=self.used(rule),
                    sources=self.shelf.cite(rule.item.sources),
                )
            )
        return CauseResult(
            cause=score.cause,
            title=cause.title,
            family=cause.family,
            rank=rank,
            probability=score.probability,
            log_odds=score.total / 100,
            prior=score.prior / 100,
            clipped=score.clipped / 100,
            supported=score.total >= round(self.rules.scale.supported_from * 100),
            contributions=tuple(lines),
            wanted=self.wanted(score.cause),
        )

    def not_judged(self, verdict: Verdict) -> tuple[NotJudged, ...]:
        if verdict in ("healthy", "invalid_data"):
            return ()
        return tuple(
            NotJudged(cause=score.cause, title=self.rules.causes[score.cause].title, wanted=self.wanted(score.cause))
            for score in sorted(self.scores, key=lambda each: each.cause)
            if not score.lines
        )

    def ruled_out(self, verdict: Verdict) -> tuple[RuledOut, ...]:
        if verdict == "healthy":
            return ()
        gates = [rule for rule in self.rules.of("gate") if rule.id in self.fired]
        return tuple(RuledOut(cause=rule.owner, title=rule.item.title, reason=rule.item.gate_says) for rule in gates)

    def title(self) -> str:
        case = self.case
        partner = case.second_electrolyte if case.electrode_role == "junction" else case.electrode
        left = partner or case.electrode_role
        parts = [f"{left} | {case.electrolyte or case.electrolyte_family}"]
        if case.temperature_C is not None:
            parts.append(f"{self.shown(case.temperature_C.span)} C")
        if case.stack_pressure_MPa is not None:
            parts.append(f"{self.shown(case.stack_pressure_MPa.span)} MPa")
        return ", ".join(parts)

    def severity(self) -> Severity:
        facts = self.found.facts
        resistance, target = self.case.interfacial_resistance_ohm_cm2, facts.get("target_resistance_ohm_cm2")
        bands = {name: facts.get(f"pairing.{name}_ohm_cm2") for name in ("excellent", "acceptable", "severe")}
        basis = facts.get("pairing.severity_basis")
        origin = self.found.origins.get("pairing.acceptable_ohm_cm2")
        acceptable = target if isinstance(target, Span) else bands["acceptable"]
        level = None
        if resistance is not None and isinstance(acceptable, Span):
            level = _level(resistance.span, bands["excellent"], acceptable, bands["severe"])
        if isinstance(target, Span):
            basis = self.texts("ui.severity.target")
        return Severity.model_validate(
            {
                "level": level,
                "resistance_ohm_cm2": None if resistance is None else resistance.text,
                "acceptable_ohm_cm2": acceptable.high if isinstance(acceptable, Span) else None,
                "severe_ohm_cm2": bands["severe"].low if isinstance(bands["severe"], Span) else None,
                "basis": basis if isinstance(basis, str) else self.texts("ui.severity.no_band"),
                "sources": (self.shelf.citation(origin.ref, origin.grade),) if origin and origin.ref else (),
            }
        )

    def findings(self) -> tuple[FindingResult, ...]:
        return tuple(
            FindingResult(finding=name, says=item.says, facts=self.used(self.rules.rules[f"finding.{name}"]))
            for name, item in self.rules.findings.items()
            if self.outcome.findings[name]
        )

    def derived(self) -> tuple[DerivedResult, ...]:
        made = []
        for name, each in FORMULAS.items():
            if name in self.found.facts:
                made.append(
                    DerivedResult(
                        name=name,
                        value=self.shown(self.found.facts[name]),
                        unit=each.unit,
                        formula=each.formula,
                        inputs=tuple(
                            f"{fact} = {self.shown(self.found.facts[fact])}" for fact in self.found.origins[name].inputs
                        ),
                        source=self.shelf.citation(each.source, each.grade),
                    )
                )
        return tuple(made)

    def protocol(self) -> tuple[Step, ...]:
        return tuple(
            Step(id=step.id, title=step.title, do=step.do, why=step.why)
            for step in self.knowledge.steps(self.found.facts)
        )

    def notes(self, verdict: Verdict) -> tuple[str, ...]:
        notes = list(self.found.notes)
        notes += self.knowledge.standard_notes(self.found.facts)
        findings = self.rules.findings.items()
        notes += [item.note for name, item in findings if item.note and self.outcome.findings[name]]
        if verdict in ("faulty", "undetermined"):
            notes.append(self.rules.scale.because)
        return tuple(dict.fromkeys(notes))


def _level(resistance: Span, excellent: Any, acceptable: Span, severe: Any) -> str | None:
    """Name of the band when the whole interval lies in one band."""
    if isinstance(excellent, Span) and resistance.high <= excellent.high and excellent.high <= acceptable.high:
        return "excellent"
    if resistance.high <= acceptable.high:
        return "acceptable"
    if resistance.low <= acceptable.high:
        return None
    if not isinstance(severe, Span):
        return "poor"
    if resistance.low > severe.low:
        return "severe"
    return "poor" if resistance.high <= severe.low else None
