"""A report as one HTML page that needs nothing else: no network, no scripts; to be read, printed and listened to.

Every picture has its figures in a table beside it. Without matplotlib the tables stand alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from diagnose.data import Base
from diagnose.guidance import Draws, Guidance, Question, TestOffer
from diagnose.guidancetext import bits, needs, percent, prospect, share, shown, spread, whole, work
from diagnose.markup import LONG, code, document, full, heading, listed, pair, prose, section, t, table
from diagnose.measuredsection import STYLE as MEASURED
from diagnose.measuredsection import measured_section
from diagnose.pictures import Bar, Move, Pictures
from diagnose.plansection import PlanSection
from diagnose.quantity import unit_label, with_unit
from diagnose.render import explained, most_wanted, rests_on
from diagnose.report import CauseResult, Citation, Contribution, Report
from diagnose.scales import Scale, scales
from diagnose.scoring import hundredths, probability
from diagnose.texts import Texts

MOST_CAUSES, MOST_QUESTIONS, MOST_TESTS = 6, 4, 3


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
        self.plan = PlanSection(report, guidance, base, self.cited)
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
        yield self.plan.html()
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
        todo = next((step for step in self.plan.steps if step.status == "recommended"), None)
        if todo is not None and report.verdict not in ("undetermined", "outside_scope"):
            key.append((self.say("ui.page.do_first"), todo.title, self.plan.effort(todo)))
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
                prose(self.say("ui.page.kicker"), "kicker"),
                f"<h1>{t(report.title, 300)}</h1>",
                f'<p class="verdict {report.verdict}">{verdict}</p>',
                f'<dl class="key">{items}</dl>',
                prose(self.say("ui.page.judgement"), "note"),
                *([] if self.draw.able else [prose(self.say("ui.page.no_pictures"), "note")]),
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
        parts = [pair(picture, table(self.say("ui.page.causes.caption"), head, rows))]
        if rest:
            named = [f"{each.title} {share(each.probability)}" for each in rest]
            parts.append(prose(self.say("ui.page.causes.less", causes="; ".join(named))))
        if self.robustness:
            parts.append(prose(self.robustness.says))
            if self.robustness.nothing_first:
                parts.append(prose(self.say("ui.robustness.nothing", share=whole(self.robustness.nothing_first))))
            drawn_anew = (*self.robustness.varied, *self.robustness.looked_up)
            if drawn_anew:
                parts.append(prose(self.say("ui.robustness.varied", facts=", ".join(drawn_anew)), "note"))
        return section(self.say("ui.page.causes.heading"), lede, parts)

    # --- why

    def why(self) -> str:
        if not self.report.causes:
            return ""
        parts = [part for cause in explained(self.report) for part in self.account(cause)]
        if self.guidance and self.guidance.contrast:
            parts += [heading(self.say("ui.guidance.contrast")), prose(self.guidance.contrast.says)]
        if self.guidance and self.guidance.change:
            parts += [heading(self.say("ui.guidance.change")), prose(self.guidance.change.says)]
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
        yield heading(f"{cause.rank}. {cause.title}")
        head = [self.say("ui.page.why.decibans"), self.say("ui.page.why.evidence")]
        yield pair(picture, table(self.say("ui.page.why.caption"), head, rows, words=2, foot=foot))
        hidden = [
            f"{line.because.rstrip('.')} ({_signed(line.decibans)})" for line in cause.contributions if not line.counted
        ]
        if hidden:
            yield prose(self.say("ui.page.why.screened", lines="; ".join(hidden)), "note")

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
        yield heading(scale.title)
        yield prose(scale.says)
        stretches = [f"{band.label} {band.figure}" for band in scale.bands]
        stretches += [f"{label} {value:g}" for value, label in scale.landmarks]
        marks = (
            prose(self.say("ui.page.scales.marks", axis=scale.unit, marks="; ".join(stretches)), "note")
            if stretches
            else ""
        )
        figures = table(self.say("ui.page.scales.caption"), head, rows, words=2) if rows else ""
        yield pair(picture, figures + marks)

    # --- what to find out

    def find_out(self) -> str:
        if self.report.verdict == "healthy" and not self.guidance:
            return ""
        parts: list[str] = []
        if self.guidance:
            if self.guidance.questions:
                head = [self.say(f"ui.page.find.head.{name}") for name in ("question", "why", "tells", "work")]
                rows = [self.question(each) for each in self.guidance.questions[:MOST_QUESTIONS]]
                parts += [heading(self.say("ui.page.find.questions"))]
                parts += [full(table(self.say("ui.page.find.questions_caption"), head, rows, words=4, stacked=True))]
            if self.guidance.tests:
                head = [self.say(f"ui.page.find.head.{name}") for name in ("test", "how", "outcomes", "tells", "work")]
                rows = [self.test(each) for each in self.guidance.tests[:MOST_TESTS]]
                parts += [heading(self.say("ui.page.find.tests"))]
                parts += [full(table(self.say("ui.page.find.tests_caption"), head, rows, words=5, stacked=True))]
            if self.guidance.stop and parts:
                parts.append(prose(self.guidance.stop.says))
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
                parts.append(full(table(self.say("ui.page.find.questions_caption"), head, rows)))
        if self.report.verdict != "invalid_data":
            parts.append(self.protocol("h3"))
        parts = list(filter(None, parts))
        stop = self.guidance.stop.says if self.guidance and self.guidance.stop else self.say("ui.page.find.nothing")
        return section(self.say("ui.page.find.heading"), self.say("ui.page.find.lede") if parts else stop, parts)

    def question(self, question: Question) -> list[str]:
        listed = "".join(f"<li>{t(prospect(each, self.say), LONG)}</li>" for each in question.prospects)
        return [
            f"{t(question.question, LONG)}{code(question.field)}",
            prose(question.why) + (f"<ul>{listed}</ul>" if listed else ""),
            _short(bits(question.bits, self.say)),
            _short(work(question.minutes, self.say)),
        ]

    def test(self, test: TestOffer) -> list[str]:
        how = [prose(test.how)]
        how += [prose(needs(test, self.say))] if test.needs else []
        how += [prose(self.say("ui.page.find.separates", titles="; ".join(test.separates)))] if test.separates else []
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
            else heading(self.say("ui.report.measure_again")) + steps
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
                full(
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
                full(
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
        parts = [full(table(self.say("ui.page.case.given"), head, rows, words=2))]
        open_ = {name: how for name, how in self.asked.items() if how != "answered"}
        if open_:
            rows = [
                [
                    f"{t(fields[name].question, LONG)}{code(name)}" if name in fields else code(name),
                    t(self.say(f"ui.asked.{how.replace(' ', '_')}")),
                ]
                for name, how in open_.items()
            ]
            parts.append(full(table(self.say("ui.page.case.asked"), head, rows, words=2)))
        if self.report.findings:
            parts += [
                heading(self.say("ui.page.case.findings")),
                listed(t(each.says, LONG) for each in self.report.findings),
            ]
        if self.report.derived:
            rows = []
            for each in self.report.derived:
                unit = "" if each.unit == "1" else f" {unit_label(each.unit)}"
                inputs = t(", ".join(each.inputs), LONG)
                formula = f"{t(each.formula, LONG)}<small>{inputs}</small><small>{self.cited((each.source,))}</small>"
                rows.append([code(each.name), t(f"{each.value}{unit}"), formula])
            head = [self.say("ui.page.case.quantity"), self.say("ui.page.case.value"), self.say("ui.page.case.formula")]
            parts.append(full(table(self.say("ui.page.case.derived"), head, rows, words=3, stacked=True)))
        return section(self.say("ui.page.case.heading"), self.say("ui.page.case.lede"), parts)

    def answer(self, value: object, unit: str) -> str:
        if isinstance(value, bool):
            return self.say("ui.value.yes" if value else "ui.value.no")
        return with_unit(f"{value:g}" if isinstance(value, float) else str(value), unit if unit else "1")

    def notes(self) -> str:
        if not self.report.notes:
            return ""
        return section(self.say("ui.report.notes"), "", [listed(t(note, LONG) for note in self.report.notes)])

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


def _short(figure: str) -> str:
    """A figure that stays on one line when it is no sentence."""
    return f'<span class="s">{t(figure)}</span>' if len(figure) <= 20 else t(figure, 200)


def _signed(decibans: float) -> str:
    """Hundredths of a deciban with their sign; a true minus is read aloud as one."""
    return f"{decibans:+.2f}".replace("-", "\N{MINUS SIGN}")
