"""A report as one HTML page that needs nothing else: no network, no scripts; to be read, printed and listened to.

Every picture has its figures in a table beside it. Without matplotlib the tables stand alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from diagnose.data import Base
from diagnose.guidance import Caution, Draws, Guidance, PlanStep, Prediction, Question, TestOffer, Treated
from diagnose.guidancetext import bits, needs, percent, prospect, share, shown, spread, whole, work
from diagnose.markup import code, document, p, section, t, table
from diagnose.measuredsection import STYLE as MEASURED
from diagnose.measuredsection import measured_section
from diagnose.pictures import Bar, Move, Pictures
from diagnose.prediction import range_text
from diagnose.quantity import unit_label, with_unit
from diagnose.remedies import ready
from diagnose.render import explained, most_wanted, reasons, rests_on
from diagnose.report import CauseResult, Citation, Contribution, RemedyResult, Report
from diagnose.scales import Scale, scales
from diagnose.scoring import hundredths, probability
from diagnose.texts import Texts

MOST_CAUSES, MOST_STEPS, MOST_TREATED, MOST_STRUCK, MOST_QUESTIONS, MOST_TESTS = 6, 4, 3, 8, 4, 3
LONG = 2000

STYLE = """
.kicker { color: var(--quiet); font-size: .85rem; letter-spacing: .06em; text-transform: uppercase; margin: 0 0 .5rem; }
.verdict { font-size: 1.15rem; border-left: .4rem solid var(--accent); padding: .1rem 0 .1rem .9rem; margin: 1rem 0; }
.verdict.faulty, .verdict.invalid_data { border-color: #b3471d; }
.verdict.healthy { border-color: #1b7f5c; }
.verdict.undetermined, .verdict.outside_scope { border-color: #8a6d00; }
dl.key { grid-template-columns: repeat(auto-fit, minmax(11rem, 1fr)); gap: 1rem 1.5rem; margin-bottom: 1.4rem; }
dl.key dd { font-size: 1.05rem; line-height: 1.35; }
dl.key dd + dd { font-size: .88rem; font-weight: 400; color: var(--quiet); }
h3 { font-size: 1.05rem; font-weight: 650; margin: 2rem 0 .3rem; }
h3 + p { margin-top: 0; }
.pair { display: grid; grid-template-columns: minmax(0, 29.4rem) minmax(0, 1fr); gap: 0 2.2rem; align-items: start; }
.pair svg { width: 102.27%; margin-left: -2.27%; }
.pair table, .full table { width: 100%; }
.pair figure { margin: .8rem 0 1rem; max-width: 29.4rem; }
td p, td ul, th p { margin: 0 0 .35rem; max-width: none; }
td ul, td ol { padding-left: 1.1rem; margin: 0; }
td li { margin: 0 0 .25rem; }
td > :last-child { margin-bottom: 0; }
th[scope="row"] { font-weight: 600; }
td code { display: inline; }
th code { display: block; }
th small, td small { display: block; color: var(--quiet); font-size: .93em; font-weight: 400; }
tfoot th, tfoot td { font-weight: 650; border-top: 1.5px solid var(--ink); border-bottom: 0; }
.against { color: #98390f; }
a { color: var(--accent); text-underline-offset: .15em; text-decoration-thickness: 1px; }
ul.plain { padding-left: 1.2rem; max-width: 46rem; }
ul.plain li, ol.plain li { margin: 0 0 .5rem; }
ol.plain { padding-left: 1.5rem; max-width: 46rem; }
ol.plain small { display: block; color: var(--quiet); }
.sources li { font-size: .9rem; overflow-wrap: anywhere; }
del { text-decoration-thickness: 1.5px; }
:target { background: #fdf3d7; }
@media screen and (max-width: 46rem) {
  main { padding: 1.6rem 1rem 3rem; }
  h1 { font-size: 1.5rem; }
  section { margin-top: 2.2rem; }
  .pair { display: block; }
  table { width: 100%; }
  .stack thead { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
  .stack, .stack caption, .stack tbody, .stack tr, .stack th, .stack td { display: block; }
  .stack tr { border-bottom: 1px solid var(--line); padding: .8rem 0; }
  .stack th, .stack td { border: 0; padding: .15rem 0; text-align: left; }
  .stack td[data-label]::before { content: attr(data-label); display: block; color: var(--quiet); font-size: .8rem; }
  .stack td:has(> .s:only-child)::before { display: inline-block; min-width: 6rem; }
}
@media print {
  .pair { grid-template-columns: minmax(0, 1fr) minmax(0, 1fr); gap: 0 6mm; }
  h3 { margin-top: 1.1rem; }
  h3, h3 + p { break-after: avoid; }
  p, li { orphans: 3; widows: 3; }
  tbody tr:first-child { break-before: avoid; }
  section:last-child .wide { break-inside: avoid; }
  li { break-inside: avoid; }
  a { color: inherit; text-decoration: none; }
  .sources li { font-size: 8pt; }
}
"""


def page(report: Report, guidance: Guidance | None, base: Base, asked: Mapping[str, str] | None = None) -> str:
    """The page as HTML text; equal reports and guidances give equal text.

    `base` is the one that made the report. `asked` tells for each field that was asked whether it was 'answered',
    'unknown' or 'not applicable'.
    """
    made = _Document(report, guidance, base, asked or {})
    title = f"{report.title}: {made.say(f'ui.verdict.{report.verdict}')}"
    style = STYLE + MEASURED if report.measured else STYLE
    return document(title, "\n".join(filter(None, made.parts())), style, base.language)


class _Document:
    """The parts of the page in their order."""

    def __init__(self, report: Report, guidance: Guidance | None, base: Base, asked: Mapping[str, str]) -> None:
        self.report, self.guidance, self.base, self.asked = report, guidance, base, asked
        self.references = base.knowledge.references
        # The sources that the page names, for the list at its end.
        self.used: dict[str, Citation] = {}
        self.say: Texts = base.knowledge.texts
        self.draw = Pictures(self.say)
        self.steps = guidance.plan.steps if guidance else tuple(map(self.as_step, report.remedies))
        self.robustness = guidance.robustness if guidance else None
        drawn = self.robustness.causes if self.robustness else ()
        self.draws: dict[str, Draws] = {each.cause: each for each in drawn}

    def parts(self) -> Iterator[str]:
        yield self.top()
        if self.report.verdict == "invalid_data":
            yield self.protocol("h2")
        yield self.causes()
        yield self.why()
        if self.report.measured:
            yield measured_section(self.report.measured, self.say)
        yield self.scales()
        yield self.plan()
        yield self.find_out()
        yield self.open_()
        yield self.case()
        yield self.notes()
        yield self.sources()

    # --- the top

    def top(self) -> str:
        report = self.report
        found = report.severity
        resistance, level = self.say("ui.page.no_resistance"), ""
        if found.resistance_ohm_cm2 is not None:
            resistance = with_unit(found.resistance_ohm_cm2, "ohm*cm^2")
            if found.acceptable_ohm_cm2 is not None:
                known = self.say(f"ui.level.{found.level}" if found.level else "ui.severity.between")
                level = self.say("ui.page.acceptable", level=known, acceptable=f"{found.acceptable_ohm_cm2:g}")
        key = [(self.say("ui.page.resistance"), resistance, level)]
        if report.causes:
            first = report.causes[0]
            key.append(
                (
                    self.say("ui.page.first_cause"),
                    first.title,
                    self.say("ui.report.probability_of", probability=share(first.probability)),
                )
            )
        todo = next((step for step in self.steps if step.status == "recommended"), None)
        if todo is not None and report.verdict not in ("undetermined", "outside_scope"):
            key.append((self.say("ui.page.do_first"), todo.title, self.effort(todo)))
        ask = self.first_question()
        if ask is not None:
            key.append((self.say("ui.page.find_first"), *ask))
        items = "".join(
            f"<div><dt>{t(name)}</dt><dd>{t(value, 200)}</dd>{f'<dd>{t(more, 200)}</dd>' if more else ''}</div>"
            for name, value, more in key
        )
        verdict = f"<strong>{t(self.say(f'ui.verdict.{report.verdict}'))}.</strong> {t(' '.join(report.because), LONG)}"
        return "\n".join(
            (
                "<header>",
                p(self.say("ui.page.kicker"), "kicker"),
                f"<h1>{t(report.title, 300)}</h1>",
                f'<p class="verdict {report.verdict}">{verdict}</p>',
                f'<dl class="key">{items}</dl>',
                p(self.say("ui.page.judgement"), "note"),
                *([] if self.draw.able else [p(self.say("ui.page.no_pictures"), "note")]),
                "</header>",
            )
        )

    def first_question(self) -> tuple[str, str] | None:
        """What to find out first, with what it costs; None where enough is known, which the page says further down."""
        if self.guidance is not None:
            if self.guidance.stop is not None:
                return None
            for question in self.guidance.questions[:1]:
                return question.question, self.say("ui.page.work", time=work(question.minutes, self.say))
            return None
        for wanted in most_wanted(self.report)[:1]:
            return wanted.question, self.say("ui.report.up_to", decibans=f"{wanted.decibans:.1f}")
        return None

    # --- causes

    def causes(self) -> str:
        if not self.report.causes:
            return (
                ""
                if self.report.verdict == "healthy"
                else section(self.say("ui.page.causes.heading"), self.say("ui.page.causes.none"), [])
            )
        shown, rest = self.report.causes[:MOST_CAUSES], self.report.causes[MOST_CAUSES:]
        lede = self.say("ui.page.causes.lede")
        head = [self.say("ui.page.causes.cause"), self.say("ui.page.causes.probability")]
        if self.robustness:
            lede = f"{lede} {self.say('ui.page.causes.draws', draws=self.robustness.draws)}"
            head = [
                self.say("ui.page.causes.cause"),
                self.say("ui.page.causes.range"),
                self.say("ui.page.causes.first"),
            ]
        bars, rows = [], []
        for cause in shown:
            drawn = self.draws.get(cause.cause)
            figure = share(cause.probability)
            ranked = f"{cause.rank}. {cause.title}"
            name = t(ranked) + (f"<small>{t(self.say('ui.page.causes.supported'))}</small>" if cause.supported else "")
            row = [name, t(figure)]
            if drawn:
                row = [name, f"{t(figure)}<small>{t(spread(drawn, self.say))}</small>", t(percent(drawn.first))]
            rows.append(row if drawn or not self.robustness else [*row, ""])
            low, high = (drawn.low, drawn.high) if drawn else (None, None)
            if drawn:
                figure = self.say("ui.page.causes.figure", probability=figure, share=percent(drawn.first))
            bars.append(Bar(ranked, figure, cause.probability, cause.supported, low, high))
        spoken = "; ".join(f"{bar.label} {bar.figure}" for bar in bars)
        limit = probability(hundredths(self.base.rules.scale.supported_from))
        picture = self.draw.causes("causes", self.say("ui.page.causes.title"), spoken, bars, limit)
        parts = [_pair(picture, table(self.say("ui.page.causes.caption"), head, rows))]
        if rest:
            named = [f"{each.title} {share(each.probability)}" for each in rest]
            parts.append(_p(self.say("ui.page.causes.less", causes="; ".join(named))))
        if self.robustness:
            parts.append(_p(self.robustness.says))
            if self.robustness.nothing_first:
                parts.append(_p(self.say("ui.robustness.nothing", share=whole(self.robustness.nothing_first))))
            drawn_anew = (*self.robustness.varied, *self.robustness.looked_up)
            if drawn_anew:
                parts.append(_p(self.say("ui.robustness.varied", facts=", ".join(drawn_anew)), "note"))
        return section(self.say("ui.page.causes.heading"), lede, parts)

    # --- why

    def why(self) -> str:
        if not self.report.causes:
            return ""
        parts = [part for cause in explained(self.report) for part in self.account(cause)]
        if self.guidance and self.guidance.contrast:
            parts += [_h3(self.say("ui.guidance.contrast")), _p(self.guidance.contrast.says)]
        if self.guidance and self.guidance.change:
            parts += [_h3(self.say("ui.guidance.change")), _p(self.guidance.change.says)]
        return section(self.say("ui.page.why.heading"), self.say("ui.page.why.lede"), parts)

    def account(self, cause: CauseResult) -> Iterator[str]:
        """The evidence about one cause, as a picture and as a table with the same steps."""
        moves = [Move(self.say("ui.page.why.prior"), _signed(cause.prior), cause.prior, "start")]
        rows = [[_signed(cause.prior), t(self.say("ui.page.why.prior"))]]
        for line in (each for each in cause.contributions if each.counted):
            kind = "for" if line.decibans >= 0 else "against"
            moves.append(
                Move(line.because, _signed(line.decibans), line.decibans, "for" if kind == "for" else "against")
            )
            rows.append([f'<span class="{kind}">{_signed(line.decibans)}</span>', self.evidence(line)])
        if cause.clipped:
            moves.append(Move(self.say("ui.page.why.cap"), _signed(cause.clipped), cause.clipped, "cap"))
            rows.append([_signed(cause.clipped), t(self.say("ui.page.why.cap"))])
        total = self.say("ui.page.why.total", probability=share(cause.probability))
        moves.append(Move(total, _signed(cause.log_odds), cause.log_odds, "total"))
        name, title = f"why-{cause.cause}", self.say("ui.page.why.title", title=cause.title)
        spoken = "; ".join(f"{move.label} {move.figure}" for move in moves)
        picture = self.draw.waterfall(name, title, spoken, moves)
        foot = [_signed(cause.log_odds), t(total)]
        yield _h3(f"{cause.rank}. {cause.title}")
        head = [self.say("ui.page.why.decibans"), self.say("ui.page.why.evidence")]
        yield _pair(picture, table(self.say("ui.page.why.caption"), head, rows, words=2, foot=foot))
        hidden = [
            f"{line.because.rstrip('.')} ({_signed(line.decibans)})" for line in cause.contributions if not line.counted
        ]
        if hidden:
            yield _p(self.say("ui.page.why.screened", lines="; ".join(hidden)), "note")

    def evidence(self, line: Contribution) -> str:
        facts = rests_on(line, self.say)
        small = [t(facts, LONG)] if facts else []
        small += [self.cited(line.sources)] if line.sources else []
        return t(line.because, LONG) + "".join(f"<small>{each}</small>" for each in small)

    # --- scales

    def scales(self) -> str:
        made = scales(self.report, self.guidance.plan if self.guidance else None, self.base)
        parts = [part for each in made for part in self.scale(each)]
        return section(self.say("ui.page.scales.heading"), self.say("ui.page.scales.lede"), parts) if parts else ""

    def scale(self, scale: Scale) -> Iterator[str]:
        rows = []
        for lane in scale.lanes:
            known = ", ".join(filter(None, (t(lane.origin), self.cited(lane.sources))))
            rows.append([f"{t(lane.label, 200)}<small>{known}</small>", _short(lane.figure)])
        head = [self.say("ui.page.scales.what"), self.say("ui.page.scales.value")]
        picture = self.draw.scale(scale)
        yield _h3(scale.title)
        yield _p(scale.says)
        stretches = [f"{band.label} {band.figure}" for band in scale.bands]
        stretches += [f"{label} {value:g}" for value, label in scale.landmarks]
        marks = (
            _p(self.say("ui.page.scales.marks", axis=scale.unit, marks="; ".join(stretches)), "note")
            if stretches
            else ""
        )
        figures = table(self.say("ui.page.scales.caption"), head, rows, words=2) if rows else ""
        yield _pair(picture, figures + marks)

    # --- the plan

    def as_step(self, remedy: RemedyResult) -> PlanStep:
        """A remedy of the report as a step of a plan that nobody has made."""
        rule = self.base.rules.remedies[remedy.remedy]
        chances = {each.cause: each.probability for each in self.report.causes}
        treats = tuple(
            Treated(
                cause=cause, title=self.base.rules.causes[cause].title, probability=chances[cause], strength=strength
            )
            for cause, strength in sorted(rule.treats.items(), key=lambda each: -chances.get(each[0], 0.0))
            if cause in chances
        )
        return PlanStep(
            remedy=remedy.remedy,
            title=remedy.title,
            status=remedy.status,
            place=remedy.rank,
            benefit=remedy.benefit,
            worth=0.0,
            treats=treats,
            how=remedy.how,
            predicted=None,
            cost=remedy.cost,
            hours=remedy.hours,
            readiness=remedy.readiness,
            ready=ready(rule, self.report.case.get("production_stage")),
            reversible=remedy.reversible,
            hazards=remedy.hazards,
            verify=remedy.verify,
            reasons=remedy.reasons,
            warnings=(),
        )

    def plan(self) -> str:
        usable = [step for step in self.steps if step.status != "contraindicated"]
        struck = [step for step in self.steps if step.status == "contraindicated"]
        if not self.steps:
            return (
                section(self.say("ui.report.what_to_do"), self.say("ui.page.plan.none"), [])
                if self.report.causes
                else ""
            )
        parts = []
        if usable:
            head = [
                self.say(f"ui.page.plan.head.{name}")
                for name in ("remedy", "how", "treats", "predicted", "effort", "hazards")
            ]
            rows = [self.step(step) for step in usable[:MOST_STEPS]]
            parts.append(_full(table(self.say("ui.page.plan.caption"), head, rows, words=6, stacked=True)))
        if usable[MOST_STEPS:]:
            parts.append(
                _p(self.say("ui.page.plan.more", titles="; ".join(step.title for step in usable[MOST_STEPS:])))
            )
        if self.guidance and self.guidance.plan.conflicts:
            parts += [_h3(self.say("ui.plan.combine")), _list(self.conflicts(self.guidance.plan.conflicts))]
        if struck:
            items = [self.struck(step) for step in struck[:MOST_STRUCK]]
            parts += [_h3(self.say("ui.report.what_not_to_do")), _list(items)]
        if struck[MOST_STRUCK:]:
            parts.append(
                _p(self.say("ui.page.plan.more_struck", titles="; ".join(step.title for step in struck[MOST_STRUCK:])))
            )
        lede = self.guidance.plan.says if self.guidance else self.say("ui.page.plan.lede")
        return section(self.say("ui.report.what_to_do"), lede, parts)

    def step(self, step: PlanStep) -> list[str]:
        status = self.say(f"ui.status.{step.status}")
        place = f"{step.place}. {step.title}" if step.place is not None else step.title
        settings = next((each.settings for each in self.report.remedies if each.remedy == step.remedy), ())
        how = [_p(step.how)]
        how.append(_p(" ".join(reasons(step, self.say))))
        alone = [each for each in step.warnings if len(each.remedies) == 1]
        how += [f"<p><b>{t(self.say('ui.page.plan.mind'))}</b> {self.caution(each)}</p>" for each in alone]
        if settings:
            how.append(f"<p><b>{t(self.say('ui.page.plan.settings'))}</b> {t(' '.join(settings), LONG)}</p>")
        if step.predicted is not None:
            basis = self.known(step.predicted.basis, step.predicted.sources)
            how.append(f"<p><b>{t(self.say('ui.page.plan.basis'))}</b> {basis}</p>")
        how.append(f"<p><b>{t(self.say('ui.page.plan.check'))}</b> {t(step.verify, LONG)}</p>")
        return [
            f"{t(place)}<small>{t(status)}</small>",
            "".join(how),
            self.treated(step),
            t(self.say("ui.page.plan.not_known")) if step.predicted is None else _expected(step.predicted, self.say),
            "<br>".join(t(each) for each in self.efforts(step)),
            "<br>".join(t(self.say(f"ui.hazard.{each}")) for each in step.hazards)
            or t(self.say("ui.page.plan.no_hazards")),
        ]

    def treated(self, step: PlanStep) -> str:
        shown = [f"{each.title} ({self.say(f'ui.plan.strength.{each.strength}')})" for each in step.treats]
        told = [f"<div>{t(each)}</div>" for each in shown[:MOST_TREATED]]
        rest = len(shown) - len(told)
        return "".join(told) + (f"<div>{t(self.say('ui.page.plan.treats_more', count=rest))}</div>" if rest else "")

    def efforts(self, step: PlanStep) -> list[str]:
        hours = (
            self.say("ui.page.plan.minutes", minutes=f"{step.hours * 60:g}")
            if step.hours < 1
            else self.say("ui.page.plan.hours", hours=f"{step.hours:g}")
        )
        told = [
            self.say("ui.page.plan.cost", cost=self.say(f"ui.cost.{step.cost}")),
            hours,
            self.say(f"ui.readiness.{step.readiness}"),
        ]
        told += [] if step.ready else [self.say("ui.plan.not_ready")]
        return [*told, self.say("ui.plan.reversible" if step.reversible else "ui.plan.irreversible")]

    def effort(self, step: PlanStep) -> str:
        return ", ".join(self.efforts(step))

    def struck(self, step: PlanStep) -> str:
        reasons = " ".join(self.known(each.because, each.sources) for each in step.reasons)
        return f"<strong>{t(self.say('ui.report.not'))}</strong> <del>{t(step.title)}</del>. {reasons}"

    def caution(self, caution: Caution) -> str:
        """Why to mind something; where it may not hold, what would decide that."""
        because = caution.because
        if caution.open:
            because = self.say("ui.plan.open", needs=", ".join(caution.needs), because=because)
        return self.known(because, caution.sources)

    def conflicts(self, conflicts: Iterable[Caution]) -> Iterator[str]:
        """Each thing to mind once, with all the remedies that it is about."""
        found: dict[str, list[Caution]] = {}
        for each in conflicts:
            found.setdefault(each.rule, []).append(each)
        for same in found.values():
            pairs = []
            for each in same:
                first, *others = map(self.remedy, each.remedies)
                pairs.append(self.say("ui.page.plan.pair", first=first, others=self.say.either(others)))
            yield f"{t('; '.join(pairs), LONG)}: {self.caution(same[0])}"

    def known(self, text: str, sources: Iterable[Citation]) -> str:
        """Words with where they are known from."""
        cited = self.cited(sources)
        return f"{t(text, LONG)} ({cited})" if cited else t(text, LONG)

    def remedy(self, name: str) -> str:
        known = self.base.rules.remedies.get(name)
        return known.title if known else name

    # --- what to find out

    def find_out(self) -> str:
        if self.report.verdict == "healthy" and not self.guidance:
            return ""
        parts: list[str] = []
        if self.guidance:
            if self.guidance.questions:
                head = [self.say(f"ui.page.find.head.{name}") for name in ("question", "why", "tells", "work")]
                rows = [self.question(each) for each in self.guidance.questions[:MOST_QUESTIONS]]
                parts += [_h3(self.say("ui.page.find.questions"))]
                parts += [_full(table(self.say("ui.page.find.questions_caption"), head, rows, words=4, stacked=True))]
            if self.guidance.tests:
                head = [self.say(f"ui.page.find.head.{name}") for name in ("test", "how", "outcomes", "tells", "work")]
                rows = [self.test(each) for each in self.guidance.tests[:MOST_TESTS]]
                parts += [_h3(self.say("ui.page.find.tests"))]
                parts += [_full(table(self.say("ui.page.find.tests_caption"), head, rows, words=5, stacked=True))]
            if self.guidance.stop and parts:
                parts.append(_p(self.guidance.stop.says))
        else:
            wanted = most_wanted(self.report)
            if wanted:
                head = [self.say("ui.page.find.head.question"), self.say("ui.page.find.head.tells")]
                rows = [
                    [
                        f"{t(each.question, LONG)}{code(each.field)}",
                        self.say("ui.report.up_to", decibans=f"{each.decibans:.1f}"),
                    ]
                    for each in wanted
                ]
                parts.append(_full(table(self.say("ui.page.find.questions_caption"), head, rows)))
        if self.report.verdict != "invalid_data":
            parts.append(self.protocol("h3"))
        parts = list(filter(None, parts))
        stop = self.guidance.stop.says if self.guidance and self.guidance.stop else self.say("ui.page.find.nothing")
        return section(self.say("ui.page.find.heading"), self.say("ui.page.find.lede") if parts else stop, parts)

    def question(self, question: Question) -> list[str]:
        listed = "".join(f"<li>{t(prospect(each, self.say), LONG)}</li>" for each in question.prospects)
        return [
            f"{t(question.question, LONG)}{code(question.field)}",
            _p(question.why) + (f"<ul>{listed}</ul>" if listed else ""),
            _short(bits(question.bits, self.say)),
            _short(work(question.minutes, self.say)),
        ]

    def test(self, test: TestOffer) -> list[str]:
        how = [_p(test.how)]
        how += [_p(needs(test, self.say))] if test.needs else []
        how += [_p(self.say("ui.page.find.separates", titles="; ".join(test.separates)))] if test.separates else []
        how += [f"<small>{self.cited(test.sources)}</small>"] if test.sources else []
        ends = f"<small>{t(self.say('ui.test.destructive'))}</small>" if test.destructive else ""
        return [
            f"{t(test.title)}{ends}",
            "".join(how),
            "<ul>" + "".join(f"<li>{t(each, LONG)}</li>" for each in shown(test, self.say)) + "</ul>",
            _short(bits(test.bits, self.say)),
            _short(work(60 * test.hours, self.say)),
        ]

    def protocol(self, level: str) -> str:
        if not self.report.protocol:
            return ""
        items = "".join(
            f"<li><b>{t(step.title)}.</b> {t(step.do, LONG)} <small>{t(step.why, LONG)}</small></li>"
            for step in self.report.protocol
        )
        steps = f'<ol class="plain">{items}</ol>'
        return (
            section(self.say("ui.report.measure_again"), "", [steps])
            if level == "h2"
            else _h3(self.say("ui.report.measure_again")) + steps
        )

    # --- the case and the end

    def open_(self) -> str:
        """What was not judged and what was ruled out."""
        parts = []
        if self.report.not_judged:
            rows = [
                [
                    t(each.title),
                    ", ".join(code(want.field) for want in each.wanted) or t(self.say("ui.page.open.nothing_needed")),
                ]
                for each in self.report.not_judged
            ]
            parts.append(
                _full(
                    table(
                        self.say("ui.page.open.not_judged"),
                        [self.say("ui.page.causes.cause"), self.say("ui.page.open.needs")],
                        rows,
                        words=2,
                    )
                )
            )
        if self.report.ruled_out:
            rows = [[t(each.title), t(each.reason, LONG)] for each in self.report.ruled_out]
            parts.append(
                _full(
                    table(
                        self.say("ui.page.open.ruled_out"),
                        [self.say("ui.page.causes.cause"), self.say("ui.page.open.reason")],
                        rows,
                        words=2,
                    )
                )
            )
        return section(self.say("ui.page.open.heading"), "", parts) if parts else ""

    def case(self) -> str:
        fields = self.base.knowledge.vocabulary
        head = [self.say("ui.page.case.field"), self.say("ui.page.case.value")]
        rows = []
        for name, value in self.report.case.items():
            about = fields.get(name)
            question = t(about.question, LONG) if about else ""
            rows.append([f"{question}{code(name)}", t(self.answer(value, about.unit if about else "1"), LONG)])
        parts = [_full(table(self.say("ui.page.case.given"), head, rows, words=2))]
        open_ = {name: how for name, how in self.asked.items() if how != "answered"}
        if open_:
            rows = [
                [
                    f"{t(fields[name].question, LONG)}{code(name)}" if name in fields else code(name),
                    t(self.say(f"ui.asked.{how.replace(' ', '_')}")),
                ]
                for name, how in open_.items()
            ]
            parts.append(_full(table(self.say("ui.page.case.asked"), head, rows, words=2)))
        if self.report.findings:
            parts += [
                _h3(self.say("ui.page.case.findings")),
                _list(t(each.says, LONG) for each in self.report.findings),
            ]
        if self.report.derived:
            rows = []
            for each in self.report.derived:
                unit = "" if each.unit == "1" else f" {unit_label(each.unit)}"
                inputs = t(", ".join(each.inputs), LONG)
                formula = f"{t(each.formula, LONG)}<small>{inputs}</small><small>{self.cited((each.source,))}</small>"
                rows.append([code(each.name), t(f"{each.value}{unit}"), formula])
            head = [self.say("ui.page.case.quantity"), self.say("ui.page.case.value"), self.say("ui.page.case.formula")]
            parts.append(_full(table(self.say("ui.page.case.derived"), head, rows, words=3, stacked=True)))
        return section(self.say("ui.page.case.heading"), self.say("ui.page.case.lede"), parts)

    def answer(self, value: object, unit: str) -> str:
        if isinstance(value, bool):
            return self.say("ui.value.yes" if value else "ui.value.no")
        return with_unit(f"{value:g}" if isinstance(value, float) else str(value), unit if unit else "1")

    def notes(self) -> str:
        if not self.report.notes:
            return ""
        return section(self.say("ui.report.notes"), "", [_list(t(note, LONG) for note in self.report.notes)])

    def sources(self) -> str:
        parts = []
        listed = sorted((self.reference(each), each.ref) for each in self.used.values())
        items = "".join(f'<li id="source-{t(ref)}">{text}</li>' for text, ref in listed)
        if listed:
            parts.append(f'<ul class="plain sources">{items}</ul>')
        made = self.report.versions
        rows = [["diagnose", code(made.diagnose)]]
        rows += [
            [t(self.say(f"ui.page.versions.{name}")), code(getattr(made, name))]
            for name in ("rules", "knowledge", "case")
        ]
        head = [self.say("ui.page.versions.part"), self.say("ui.page.versions.version")]
        parts.append(table(self.say("ui.page.versions.caption"), head, rows, words=2))
        return section(self.say("ui.page.sources.heading"), self.say("ui.page.sources.lede"), parts)

    def cited(self, sources: Iterable[Citation]) -> str:
        """Short forms with grades, each a link to the list at the end."""
        made = []
        for each in sources:
            self.used[each.ref] = each
            grade = self.say(f"ui.grade.{each.grade}")
            if each.ref == each.grade:
                made.append(f'<a href="#source-{t(each.ref)}">{t(grade)}</a>')
                continue
            known = self.references.get(each.ref)
            short = each.text.split(". ")[0] if known is None else known.authors or known.title
            year = f" {known.year}" if known is not None and known.authors and known.year else ""
            made.append(f'<a href="#source-{t(each.ref)}">{t(short, 60)}{year}</a>, {t(grade)}')
        return "; ".join(made)

    def reference(self, source: Citation) -> str:
        known = self.references.get(source.ref)
        if known is None:
            return t(source.text, LONG)
        who = f"{known.authors or known.title}{f' ({known.year})' if known.year else ''}"
        told = [t(each, LONG) for each in (who, known.title if known.authors else "", known.journal) if each]
        if known.doi:
            told.append(f'<a href="https://doi.org/{t(known.doi, 200)}">doi:{t(known.doi, 200)}</a>')
        elif known.url:
            told.append(f'<a href="{t(known.url, 300)}">{t(known.url, 300)}</a>')
        elif known.other:
            told.append(t(known.other, LONG))
        return ". ".join(each.rstrip(".") for each in told) + "."


# --- HTML and figures


def _p(text: str, kind: str = "") -> str:
    return p(text, kind, LONG) if text else ""


def _h3(text: str) -> str:
    return f"<h3>{t(text, 200)}</h3>"


def _list(items: Iterable[str]) -> str:
    return '<ul class="plain">' + "".join(f"<li>{item}</li>" for item in items) + "</ul>"


def _pair(picture: str, figures: str) -> str:
    """A picture with its figures beside it; above them where the page is narrow."""
    if not picture:
        return _full(figures)
    return f'<div class="pair"><figure>{picture}</figure><div>{figures}</div></div>'


def _full(figures: str) -> str:
    return f'<div class="full">{figures}</div>'


def _expected(predicted: Prediction, texts: Texts) -> str:
    return t(with_unit(range_text(predicted.low, predicted.high, texts), "ohm*cm^2"))


def _short(figure: str) -> str:
    """A figure that stays on one line when it is no sentence."""
    return f'<span class="s">{t(figure)}</span>' if len(figure) <= 20 else t(figure, 200)


def _signed(decibans: float) -> str:
    """Hundredths of a deciban with their sign; a true minus is read aloud as one."""
    return f"{decibans:+.2f}".replace("-", "\N{MINUS SIGN}")
