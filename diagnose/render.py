"""A report as text for a terminal or as Markdown. Pure: the same report and width give the same characters.

The words between its parts come from `texts`, which should be in the language of the report.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from diagnose.page import Page
from diagnose.quantity import unit_label
from diagnose.report import CauseResult, Citation, Contribution, RemedyResult, Report, Step, Wanted
from diagnose.texts import Texts, english

if TYPE_CHECKING:
    from diagnose.guidance import PlanStep

MOST_CAUSES, MOST_WHY, MOST_REMEDIES, MOST_WANTED, MOST_EFFECTS = 5, 3, 6, 5, 2
BAR = 20
IN_ENGLISH = english()


def decibans(value: float) -> str:
    """A weight with its sign: +9.3 dB."""
    return f"{value:+.2f} dB"


def bar(probability: float) -> str:
    """A probability as a bar of twenty characters."""
    filled = round(probability * BAR)
    return "#" * filled + "." * (BAR - filled)


def verdict(name: str, texts: Texts = IN_ENGLISH) -> str:
    """A verdict in capitals."""
    return texts(f"ui.verdict.{name}").upper()


def severity_line(report: Report, texts: Texts = IN_ENGLISH) -> str:
    """The resistance on the scale of its pairing."""
    found = report.severity
    if found.resistance_ohm_cm2 is None:
        return texts("ui.severity.none")
    unit = "" if "ohm" in found.resistance_ohm_cm2 else " ohm cm2"
    resistance = f"{found.resistance_ohm_cm2}{unit}"
    if found.acceptable_ohm_cm2 is None:
        return texts("ui.severity.figure", resistance=resistance)
    level = texts(f"ui.level.{found.level}" if found.level else "ui.severity.between").upper()
    acceptable = f"{found.acceptable_ohm_cm2:g}"
    return texts("ui.severity.judged", resistance=resistance, level=level, acceptable=acceptable)


def most_wanted(report: Report) -> list[Wanted]:
    """The fields that would tell most about the leading causes, in their order, each once."""
    found: dict[str, Wanted] = {}
    for cause in report.causes[:MOST_WHY]:
        for each in cause.wanted:
            if each.field not in found or found[each.field].decibans < each.decibans:
                found[each.field] = each
    return list(found.values())[:MOST_WANTED]


def explained(report: Report) -> tuple[CauseResult, ...]:
    """The causes worth a full account: the supported ones, or else the first."""
    supported = tuple(cause for cause in report.causes if cause.supported)[:MOST_WHY]
    return supported or report.causes[:1]


def source(sources: Iterable[Citation], texts: Texts = IN_ENGLISH) -> str:
    """Grades and sources of a line: seen: Shi 2020."""
    return "; ".join(f"{texts(f'ui.grade.{each.grade}')}: {_short(each.text)}" for each in sources)


def _short(text: str) -> str:
    """Authors and year of a citation, or how its title begins."""
    found = re.match(r".*?\(\d{4}\)", text)
    head = found[0] if found else text.split(". ")[0]
    return head if len(head) <= 60 else head[:57].rstrip() + "..."


def rests_on(contribution: Contribution, texts: Texts = IN_ENGLISH) -> str:
    """The facts a line rests on; where one was not given with the case, what it was taken from."""
    return ", ".join(
        f"{each.name} = {each.value}" + ("" if each.origin == "given" else f" ({texts(f'ui.origin.{each.origin}')})")
        for each in contribution.facts
    )


# --- text


def text(report: Report, width: int = 100, texts: Texts = IN_ENGLISH) -> str:
    """A report as plain text of a width in characters."""
    page = Page(width, texts)
    opening(page, report)
    _next(page, report)
    _remedies(page, report.remedies)
    closing(page, report)
    return page.text()


def opening(page: Page, report: Report) -> None:
    """What was found: the verdict, the ranked causes and the case for the likely ones."""
    texts = page.texts
    page.add(f"{report.title}   {severity_line(report, texts)}", hang="    ")
    page.add(f"{verdict(report.verdict, texts)}. {' '.join(report.because)}", hang="    ")
    _causes(page, report)
    for cause in explained(report) if report.verdict != "healthy" else ():
        _why(page, cause)
    if report.measured:
        # The account leans on this module.
        from diagnose.measuredtext import add_measured

        page.add()
        page.add(texts("ui.measured.heading"))
        add_measured(page, report.measured)


def closing(page: Page, report: Report) -> None:
    """What to mind: hazards, how to measure again, notes, and what produced the answer."""
    texts = page.texts
    if report.hazards:
        page.add()
        hazards = "; ".join(texts(f"ui.hazard.{each}") for each in report.hazards)
        page.add(texts("ui.report.hazards_of", hazards=hazards), hang="  ")
    if report.protocol:
        page.add()
        page.add(texts("ui.report.measure_again"))
        for number, step in enumerate(report.protocol, 1):
            page.add(f"{number}. {step.title}. {step.do}", "  ", "     ")
    if report.notes:
        page.add()
        for note in report.notes:
            page.after(f"{texts('ui.report.note')}  ", note)
    page.add()
    page.add(versions(report, texts))


def versions(report: Report, texts: Texts = IN_ENGLISH) -> str:
    """What produced the answer, with short hashes."""
    made = report.versions
    hashes = {"rules": made.rules[:12], "knowledge": made.knowledge[:12], "case": made.case[:12]}
    return texts("ui.report.versions", diagnose=made.diagnose, **hashes)


def _causes(page: Page, report: Report) -> None:
    if report.causes:
        page.add()
        page.add(f"   {page.texts('ui.report.probability')}")
        wide = max(len(cause.title) for cause in report.causes[:MOST_CAUSES]) + 2
        for cause in report.causes[:MOST_CAUSES]:
            line = f"{cause.rank}. {cause.probability:.2f}  {cause.title:<{wide}}{bar(cause.probability)}"
            page.lines.append(line)
    waiting = [each for each in report.not_judged if each.wanted]
    if waiting:
        words = [page.texts("ui.report.needs", title=each.title, fields=each.wanted[0].field) for each in waiting]
        page.add()
        page.add(f"{page.texts('ui.report.not_judged')}: {'; '.join(words)}", hang="  ")
    if report.ruled_out:
        page.add()
        titles = "; ".join(each.title for each in report.ruled_out)
        page.add(f"{page.texts('ui.report.ruled_out')}: {titles}", hang="  ")


def _why(page: Page, cause: CauseResult) -> None:
    texts = page.texts
    page.add()
    page.add(texts("ui.report.why", title=cause.title))
    page.add(f"{decibans(cause.prior):>10}  {texts('ui.report.before_evidence')}", "  ")
    for line in (each for each in cause.contributions if each.counted):
        known = source(line.sources, texts)
        page.add(f"{decibans(line.decibans):>10}  {line.because} [{known}]", "  ", " " * 14)
        page.add(f"{_tail(line.rule)}: {rests_on(line, texts)}".rstrip(": "), " " * 14)
    if cause.clipped:
        page.add(f"{decibans(cause.clipped):>10}  {texts('ui.report.beyond_cap')}", "  ")
    probability = f"{cause.probability:.2f}"
    page.add(f"{decibans(cause.log_odds):>10}  {texts('ui.report.in_all', probability=probability)}", "  ")
    hidden = [each for each in cause.contributions if not each.counted]
    if hidden:
        words = [f"{_tail(each.rule)} ({decibans(each.decibans)})" for each in hidden]
        page.add(texts("ui.report.screened", rules=", ".join(words)), " " * 14)


def _tail(rule: str) -> str:
    """A rule without its cause: the part after the first point."""
    return rule.split(".", 1)[-1]


def _next(page: Page, report: Report) -> None:
    found = most_wanted(report)
    if not found:
        return
    page.add()
    page.add(page.texts("ui.report.find_out_next"))
    for each in found:
        head = page.texts("ui.report.up_to", decibans=f"{each.decibans:4.1f}")
        page.after(f"{head}  ", f"{each.question} ({each.field})", "  ")


def reasons(remedy: RemedyResult | PlanStep, texts: Texts = IN_ENGLISH) -> Iterator[str]:
    """Why a remedy fits here, and what speaks against it."""
    for reason in remedy.reasons:
        yield texts(f"ui.reason.{reason.kind}", because=reason.because)


def about(remedy: RemedyResult | PlanStep, texts: Texts = IN_ENGLISH) -> str:
    """Status, readiness and cost of a remedy."""
    status, readiness = texts(f"ui.status.{remedy.status}"), texts(f"ui.readiness.{remedy.readiness}")
    return texts("ui.report.about", status=status, readiness=readiness, cost=texts(f"ui.cost.{remedy.cost}"))


def _remedies(page: Page, remedies: Iterable[RemedyResult]) -> None:
    texts = page.texts
    shown = [each for each in remedies if each.status != "contraindicated"]
    struck = [each for each in remedies if each.status == "contraindicated"]
    if shown:
        page.add()
        page.add(texts("ui.report.what_to_do"))
    for each in shown[:MOST_REMEDIES]:
        page.add(f"{each.rank}. {each.title} ({each.remedy}; {about(each, texts)})", "  ", "     ")
        if each.rank is not None and each.rank <= MOST_WHY:
            page.add(each.how, " " * 5)
            for words in (*reasons(each, texts), *details(each, MOST_EFFECTS, texts)):
                page.add(words, " " * 5 + "- ", " " * 7)
    if len(shown) > MOST_REMEDIES:
        page.add(texts("ui.report.more", count=len(shown) - MOST_REMEDIES), "  ")
    if struck:
        page.add()
        page.add(texts("ui.report.what_not_to_do"))
    for each in struck[:MOST_REMEDIES]:
        struck_out(page, each)
    if len(struck) > MOST_REMEDIES:
        page.add(texts("ui.report.more", count=len(struck) - MOST_REMEDIES), "  ")


def struck_out(page: Page, remedy: RemedyResult | PlanStep) -> None:
    """A remedy that must not be used, with the reasons."""
    because = " ".join(why.because for why in remedy.reasons)
    page.after(f"{page.texts('ui.report.not')} ", f"{remedy.title} ({remedy.remedy}): {because}", "  ")


def details(remedy: RemedyResult, effects: int | None = None, texts: Texts = IN_ENGLISH) -> Iterator[str]:
    """Figures of a remedy, what was published of it (all, or so many), and how to see that it worked."""
    if remedy.settings:
        yield texts("ui.report.settings", settings=" ".join(remedy.settings))
    for effect in remedy.effects[:effects]:
        account = effect.says
        if effect.after is not None:
            change = f"{effect.after:g}"
            if effect.before is not None:
                change = texts("ui.report.change", before=f"{effect.before:g}", after=change)
            unit = "" if effect.unit == "1" else f" {unit_label(effect.unit)}"
            account = f"{change}{unit}. {effect.says}"
        yield texts("ui.report.published", on=effect.on, account=account, known=source(effect.sources, texts))
    yield texts("ui.report.check", verify=remedy.verify)


def plain_steps(protocol: Iterable[Step], width: int = 100, texts: Texts = IN_ENGLISH) -> str:
    """The steps of a protocol as plain text of a width in characters."""
    page = Page(width, texts)
    for number, step in enumerate(protocol, 1):
        page.add(f"{number}. {step.title}")
        page.add(step.do, "   ")
        page.add(texts("ui.report.step_why", why=step.why), "   ")
        page.add()
    return page.text()


# --- colour

STYLES = {
    "healthy": "bold green",
    "faulty": "bold red",
    "invalid_data": "bold red",
    "undetermined": "bold yellow",
    "outside_scope": "bold yellow",
}
HEADINGS = ("find_out_next", "what_to_do", "what_not_to_do", "measure_again")


def _styles(texts: Texts) -> Iterator[tuple[str, str]]:
    """What is coloured in a text: a pattern, of which the last group counts, and a style."""
    yield r"\A.*", "bold"
    for name, style in STYLES.items():
        yield rf"^({re.escape(verdict(name, texts))})\.", style
    yield r"^ +(\+\d+\.\d\d dB) ", "green"
    yield r"^ +(-\d+\.\d\d dB) ", "red"
    yield r"(#+)\.*$", "cyan"
    headings = [re.escape(texts(f"ui.report.{name}")) for name in HEADINGS]
    why = re.escape(texts("ui.report.why", title="\0")).replace(re.escape("\0"), ".*")
    yield rf"^(   {re.escape(texts('ui.report.probability'))}|{why}|{'|'.join(headings)})$", "bold"
    yield rf"^  {re.escape(texts('ui.report.not'))} ((?:(?! \([a-z-]+\):)[^\n])+)", "strike"


def coloured(plain: str, texts: Texts = IN_ENGLISH) -> str:
    """The text of a report with colours for a terminal; without the escapes it is the same text."""
    from io import StringIO

    from rich.console import Console
    from rich.text import Text

    styled = Text(plain, end="")
    for pattern, style in _styles(texts):
        for found in re.finditer(pattern, plain, re.MULTILINE):
            styled.stylize(style, *found.span(found.re.groups))
    screen = StringIO()
    console = Console(file=screen, force_terminal=True, color_system="standard", width=1000, legacy_windows=False)
    console.print(styled, end="", soft_wrap=True)
    return screen.getvalue()


# --- Markdown


def markdown(report: Report, texts: Texts = IN_ENGLISH, plan: Sequence[str] = ()) -> str:
    """A report as Markdown. Lines of a plan stand in the place of the remedies."""
    return "\n".join(_markdown(report, texts, plan)).rstrip("\n") + "\n"


def inline(words: str) -> str:
    """Words as they are: nothing in them is taken for markup."""
    return re.sub(r"([\\`*\[\]<>~|]|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9]))", r"\\\1", " ".join(words.split()))


def _markdown(report: Report, texts: Texts, plan: Sequence[str]) -> Iterator[str]:
    def word(name: str) -> str:
        return texts(f"ui.report.{name}")

    yield f"# {inline(report.title)}"
    yield ""
    yield f"**{verdict(report.verdict, texts)}.** {inline(' '.join(report.because))}"
    yield ""
    resistance = severity_line(report, texts)
    scale = texts("ui.severity.scale", basis=report.severity.basis.rstrip("."))
    yield f"{inline(resistance[0].upper() + resistance[1:])}. {scale}"
    if report.causes:
        yield from ("", f"## {word('causes')}", "")
        yield from (f"| | {word('cause')} | {word('probability')} | {word('log_odds')} |", "|---|---|---|---|")
        for cause in report.causes[: 2 * MOST_CAUSES]:
            yield f"| {cause.rank} | {inline(cause.title)} | {cause.probability:.2f} | {decibans(cause.log_odds)} |"
    for cause in explained(report) if report.verdict != "healthy" else ():
        yield from ("", f"### {texts('ui.report.why', title=inline(cause.title))}", "")
        yield from (f"| {word('weight')} | {word('evidence')} | {word('source')} |", "|---|---|---|")
        yield f"| {decibans(cause.prior)} | {word('before_evidence')} | |"
        for line in cause.contributions:
            because = inline(line.because)
            if not line.counted:
                because = texts("ui.report.screened_by", because=because, rule=f"`{line.screened_by}`")
            yield f"| {decibans(line.decibans)} | {because} | {inline(source(line.sources, texts))} |"
        if cause.clipped:
            yield f"| {decibans(cause.clipped)} | {word('beyond_cap')} | |"
        probability = texts("ui.report.probability_of", probability=f"{cause.probability:.2f}")
        yield f"| **{decibans(cause.log_odds)}** | {probability} | |"
    if report.measured:
        from diagnose.measuredtext import markdown_lines

        yield from ("", f"## {texts('ui.measured.heading')}")
        yield from markdown_lines(report.measured, texts, 3)
    if report.not_judged:
        yield from ("", f"## {word('not_judged')}", "")
        for open_ in report.not_judged:
            title, fields = inline(open_.title), ", ".join(f"`{each.field}`" for each in open_.wanted)
            yield f"- {texts('ui.report.needs', title=title, fields=fields) if fields else title}"
    if report.ruled_out:
        yield from ("", f"## {word('ruled_out')}", "")
        yield from (f"- {inline(each.title)}: {inline(each.reason)}" for each in report.ruled_out)
    wanted = most_wanted(report)
    if wanted:
        yield from ("", f"## {word('find_out_next')}", "")
        for each in wanted:
            stake = texts("ui.report.up_to", decibans=f"{each.decibans:.1f}")
            yield f"- {inline(each.question)} (`{each.field}`, {stake})"
    if report.remedies:
        yield from ("", f"## {word('what_to_do')}", "", *plan)
        for remedy in () if plan else report.remedies:
            if remedy.status == "contraindicated":
                yield f"- ~~{inline(remedy.title)}~~ {inline(' '.join(reason.because for reason in remedy.reasons))}"
            else:
                yield f"- {inline(remedy.title)} ({about(remedy, texts)}). {inline(remedy.how)}"
                if remedy.status == "recommended":
                    yield from (f"  - {inline(words)}" for words in details(remedy, texts=texts))
    if report.hazards:
        yield from ("", f"## {word('hazards')}", "")
        yield from (f"- {texts(f'ui.hazard.{each}')}" for each in report.hazards)
    if report.protocol:
        yield from ("", f"## {word('measure_again')}", "")
        yield from steps(report.protocol)
    if report.notes:
        yield from ("", f"## {word('notes')}", "")
        yield from (f"- {inline(note)}" for note in report.notes)
    yield from ("", versions(report, texts))


def steps(protocol: Iterable[Step]) -> Iterator[str]:
    """The steps of a protocol as a numbered Markdown list."""
    for number, step in enumerate(protocol, 1):
        yield f"{number}. **{inline(step.title)}.** {inline(step.do)} *{inline(step.why)}*"
