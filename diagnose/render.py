"""A report as text for a terminal or as Markdown. Pure: the same report and width give the same characters."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable, Iterator

from diagnose.quantity import unit_label
from diagnose.report import CauseResult, Contribution, RemedyResult, Report, Step, Wanted

MOST_CAUSES, MOST_WHY, MOST_REMEDIES, MOST_WANTED, MOST_EFFECTS = 5, 3, 6, 5, 2
BAR = 20
BEFORE = {"better": "", "worse": "But: ", "contraindication": "First make sure that this does not hold: "}
VERDICTS = {
    "healthy": "HEALTHY",
    "faulty": "FAULTY",
    "undetermined": "UNDETERMINED",
    "invalid_data": "INVALID DATA",
    "outside_scope": "OUTSIDE SCOPE",
}
HAZARDS = {
    "lithium": "lithium metal: keep dry, inert, away from water",
    "h2s": "hydrogen sulfide: toxic; gas monitor, ventilation",
    "pressure": "stored pressure: shields, no overload",
    "hf": "hydrogen fluoride: toxic and corrosive",
    "heat": "hot parts",
    "solvent": "flammable solvent",
    "dust": "fine dust: do not inhale",
    "acid": "corrosive acid",
    "pyrophoric": "pyrophoric precursors",
    "vacuum": "vacuum vessels",
    "toxic": "toxic substances",
    "fire": "fire",
    "corrosive": "corrosive substances",
}


def decibans(value: float) -> str:
    """A weight with its sign: +9.3 dB."""
    return f"{value:+.2f} dB"


def bar(probability: float) -> str:
    """A probability as a bar of twenty characters."""
    filled = round(probability * BAR)
    return "#" * filled + "." * (BAR - filled)


def severity_line(report: Report) -> str:
    """The resistance on the scale of its pairing."""
    found = report.severity
    if found.resistance_ohm_cm2 is None:
        return "interfacial resistance not given as a figure"
    unit = "" if "ohm" in found.resistance_ohm_cm2 else " ohm cm2"
    line = f"interfacial resistance {found.resistance_ohm_cm2}{unit}"
    if found.acceptable_ohm_cm2 is None:
        return line
    level = (found.level or "between two bands").upper()
    return f"{line}: {level} (acceptable up to {found.acceptable_ohm_cm2:g})"


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


def source(contribution: Contribution) -> str:
    """Grades and sources of a line: seen: Shi 2020."""
    return "; ".join(f"{each.grade}: {_short(each.text)}" for each in contribution.sources)


def _short(text: str) -> str:
    """Authors and year of a citation, or how its title begins."""
    found = re.match(r".*?\(\d{4}\)", text)
    head = found[0] if found else text.split(". ")[0]
    return head if len(head) <= 60 else head[:57].rstrip() + "..."


def _facts(contribution: Contribution) -> str:
    """The facts a line rests on; where one was not given with the case, what it was taken from."""
    return ", ".join(
        f"{each.name} = {each.value}" + ("" if each.origin == "given" else f" ({each.origin})")
        for each in contribution.facts
    )


# --- text


class _Page:
    """Lines of a page of some width."""

    def __init__(self, width: int) -> None:
        self.width = max(60, width)
        self.lines: list[str] = []

    def add(self, text: str = "", indent: str = "", hang: str | None = None) -> None:
        if not text:
            self.lines.append("")
            return
        hang = indent if hang is None else hang
        self.lines += textwrap.wrap(
            text,
            self.width,
            initial_indent=indent,
            subsequent_indent=hang,
            break_long_words=False,
            break_on_hyphens=False,
        )

    def text(self) -> str:
        return "\n".join(line.rstrip() for line in self.lines).strip("\n") + "\n"


def text(report: Report, width: int = 100) -> str:
    """A report as plain text of a width in characters."""
    page = _Page(width)
    page.add(f"{report.title}   {severity_line(report)}", hang="    ")
    page.add(f"{VERDICTS[report.verdict]}. {' '.join(report.because)}", hang="    ")
    _causes(page, report)
    for cause in explained(report) if report.verdict != "healthy" else ():
        _why(page, cause)
    _next(page, report)
    _remedies(page, report.remedies)
    if report.hazards:
        page.add()
        page.add("Hazards of what is recommended: " + "; ".join(HAZARDS[each] for each in report.hazards), hang="  ")
    if report.protocol:
        page.add()
        page.add("How to measure again")
        for number, step in enumerate(report.protocol, 1):
            page.add(f"{number}. {step.title}. {step.do}", "  ", "     ")
    if report.notes:
        page.add()
        for note in report.notes:
            page.add(note, "note  ", "      ")
    page.add()
    page.add(versions(report))
    return page.text()


def versions(report: Report) -> str:
    """What produced the answer, with short hashes."""
    made = report.versions
    return f"diagnose {made.diagnose}, rules {made.rules[:12]}, knowledge {made.knowledge[:12]}, case {made.case[:12]}"


def _causes(page: _Page, report: Report) -> None:
    if report.causes:
        page.add()
        page.add("   probability")
        wide = max(len(cause.title) for cause in report.causes[:MOST_CAUSES]) + 2
        for cause in report.causes[:MOST_CAUSES]:
            line = f"{cause.rank}. {cause.probability:.2f}  {cause.title:<{wide}}{bar(cause.probability)}"
            page.lines.append(line)
    waiting = [each for each in report.not_judged if each.wanted]
    if waiting:
        page.add()
        words = [f"{each.title} (needs {each.wanted[0].field})" for each in waiting]
        page.add("Not judged: " + "; ".join(words), hang="  ")
    if report.ruled_out:
        page.add()
        page.add("Ruled out: " + "; ".join(each.title for each in report.ruled_out), hang="  ")


def _why(page: _Page, cause: CauseResult) -> None:
    page.add()
    page.add(f"Why: {cause.title}")
    page.add(f"{decibans(cause.prior):>10}  before any evidence", "  ")
    for line in (each for each in cause.contributions if each.counted):
        page.add(f"{decibans(line.decibans):>10}  {line.because} [{source(line)}]", "  ", " " * 14)
        page.add(f"{_tail(line.rule)}: {_facts(line)}".rstrip(": "), " " * 14)
    if cause.clipped:
        page.add(f"{decibans(cause.clipped):>10}  beyond the cap on evidence", "  ")
    page.add(f"{decibans(cause.log_odds):>10}  in all: probability {cause.probability:.2f}", "  ")
    hidden = [each for each in cause.contributions if not each.counted]
    if hidden:
        words = [f"{_tail(each.rule)} ({decibans(each.decibans)})" for each in hidden]
        page.add("screened off by a stronger rule of the same group: " + ", ".join(words), " " * 14)


def _tail(rule: str) -> str:
    """A rule without its cause: the part after the first point."""
    return rule.split(".", 1)[-1]


def _next(page: _Page, report: Report) -> None:
    found = most_wanted(report)
    if not found:
        return
    page.add()
    page.add("Find out next")
    for each in found:
        page.add(f"up to {each.decibans:4.1f} dB  {each.question} ({each.field})", "  ", " " * 17)


def reasons(remedy: RemedyResult) -> Iterator[str]:
    """Why a remedy fits here, and what speaks against it."""
    for reason in remedy.reasons:
        yield BEFORE[reason.kind] + reason.because


def _remedies(page: _Page, remedies: Iterable[RemedyResult]) -> None:
    shown = [each for each in remedies if each.status != "contraindicated"]
    struck = [each for each in remedies if each.status == "contraindicated"]
    if shown:
        page.add()
        page.add("What to do")
    for each in shown[:MOST_REMEDIES]:
        page.add(
            f"{each.rank}. {each.title} ({each.remedy}; {each.status}, {each.readiness}, cost {each.cost})",
            "  ",
            "     ",
        )
        if each.rank is not None and each.rank <= MOST_WHY:
            page.add(each.how, " " * 5)
            for words in (*reasons(each), *details(each, MOST_EFFECTS)):
                page.add(words, " " * 5 + "- ", " " * 7)
    if len(shown) > MOST_REMEDIES:
        page.add(f"and {len(shown) - MOST_REMEDIES} more in the JSON report", "  ")
    if struck:
        page.add()
        page.add("What not to do")
    for each in struck[:MOST_REMEDIES]:
        page.add(f"NOT {each.title} ({each.remedy}): {' '.join(why.because for why in each.reasons)}", "  ", "      ")
    if len(struck) > MOST_REMEDIES:
        page.add(f"and {len(struck) - MOST_REMEDIES} more in the JSON report", "  ")


def details(remedy: RemedyResult, effects: int | None = None) -> Iterator[str]:
    """Figures of a remedy, what was published of it (all, or so many), and how to see that it worked."""
    if remedy.settings:
        yield "Settings: " + " ".join(remedy.settings)
    for effect in remedy.effects[:effects]:
        change = ""
        if effect.after is not None:
            before = "" if effect.before is None else f"{effect.before:g} to "
            unit = "" if effect.unit == "1" else f" {unit_label(effect.unit)}"
            change = f" {before}{effect.after:g}{unit}."
        known = "; ".join(f"{each.grade}: {_short(each.text)}" for each in effect.sources)
        yield f"Published for {effect.on}:{change} {effect.says} [{known}]"
    yield f"Check: {remedy.verify}"


def plain_steps(protocol: Iterable[Step], width: int = 100) -> str:
    """The steps of a protocol as plain text of a width in characters."""
    page = _Page(width)
    for number, step in enumerate(protocol, 1):
        page.add(f"{number}. {step.title}")
        page.add(step.do, "   ")
        page.add(f"Why: {step.why}", "   ")
        page.add()
    return page.text()


# --- colour

STYLES = (
    (r"\A.*", "bold"),
    (r"(?m)^(HEALTHY)\.", "bold green"),
    (r"(?m)^(FAULTY|INVALID DATA)\.", "bold red"),
    (r"(?m)^(UNDETERMINED|OUTSIDE SCOPE)\.", "bold yellow"),
    (r"(?m)^ +(\+\d+\.\d\d dB) ", "green"),
    (r"(?m)^ +(-\d+\.\d\d dB) ", "red"),
    (r"(?m)(#+)\.*$", "cyan"),
    (r"(?m)^(   probability|Why: .*|Find out next|What to do|What not to do|How to measure again)$", "bold"),
    (r"(?m)^  NOT ((?:(?! \([a-z-]+\):)[^\n])+)", "strike"),
)


def coloured(plain: str) -> str:
    """The text of a report with colours for a terminal; without the escapes it is the same text."""
    from io import StringIO

    from rich.console import Console
    from rich.text import Text

    styled = Text(plain, end="")
    for pattern, style in STYLES:
        for found in re.finditer(pattern, plain):
            styled.stylize(style, *found.span(found.re.groups))
    screen = StringIO()
    console = Console(file=screen, force_terminal=True, color_system="standard", width=1000, legacy_windows=False)
    console.print(styled, end="", soft_wrap=True)
    return screen.getvalue()


# --- Markdown


def markdown(report: Report) -> str:
    """A report as Markdown."""
    return "\n".join(_markdown(report)).rstrip("\n") + "\n"


def _inline(words: str) -> str:
    """Words as they are: nothing in them is taken for markup."""
    return re.sub(r"([\\`*\[\]<>~|]|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9]))", r"\\\1", " ".join(words.split()))


def _markdown(report: Report) -> Iterator[str]:
    yield f"# {_inline(report.title)}"
    yield ""
    yield f"**{VERDICTS[report.verdict]}.** {_inline(' '.join(report.because))}"
    yield ""
    resistance = severity_line(report)
    yield f"{_inline(resistance[0].upper() + resistance[1:])}. Scale: {report.severity.basis.rstrip('.')}."
    if report.causes:
        yield from ("", "## Causes", "", "| | cause | probability | log-odds |", "|---|---|---|---|")
        for cause in report.causes[: 2 * MOST_CAUSES]:
            yield f"| {cause.rank} | {_inline(cause.title)} | {cause.probability:.2f} | {decibans(cause.log_odds)} |"
    for cause in explained(report) if report.verdict != "healthy" else ():
        yield from ("", f"### Why: {_inline(cause.title)}", "", "| weight | evidence | source |", "|---|---|---|")
        yield f"| {decibans(cause.prior)} | before any evidence | |"
        for line in cause.contributions:
            note = "" if line.counted else f" (screened off by `{line.screened_by}`)"
            yield f"| {decibans(line.decibans)} | {_inline(line.because)}{note} | {_inline(source(line))} |"
        if cause.clipped:
            yield f"| {decibans(cause.clipped)} | beyond the cap on evidence | |"
        yield f"| **{decibans(cause.log_odds)}** | probability {cause.probability:.2f} | |"
    if report.not_judged:
        yield from ("", "## Not judged", "")
        for open_ in report.not_judged:
            fields = ", ".join(f"`{each.field}`" for each in open_.wanted)
            yield f"- {_inline(open_.title)}" + (f" (needs {fields})" if fields else "")
    if report.ruled_out:
        yield from ("", "## Ruled out", "")
        yield from (f"- {_inline(each.title)}: {_inline(each.reason)}" for each in report.ruled_out)
    wanted = most_wanted(report)
    if wanted:
        yield from ("", "## Find out next", "")
        yield from (f"- {_inline(each.question)} (`{each.field}`, up to {each.decibans:.1f} dB)" for each in wanted)
    if report.remedies:
        yield from ("", "## What to do", "")
        for remedy in report.remedies:
            if remedy.status == "contraindicated":
                yield f"- ~~{_inline(remedy.title)}~~ {_inline(' '.join(reason.because for reason in remedy.reasons))}"
            else:
                about = f"({remedy.status}, {remedy.readiness}, cost {remedy.cost})"
                yield f"- {_inline(remedy.title)} {about}. {_inline(remedy.how)}"
                if remedy.status == "recommended":
                    yield from (f"  - {_inline(words)}" for words in details(remedy))
    if report.hazards:
        yield from ("", "## Hazards", "")
        yield from (f"- {HAZARDS[each]}" for each in report.hazards)
    if report.protocol:
        yield from ("", "## How to measure again", "")
        yield from steps(report.protocol)
    if report.notes:
        yield from ("", "## Notes", "")
        yield from (f"- {_inline(note)}" for note in report.notes)
    yield from ("", versions(report))


def steps(protocol: Iterable[Step]) -> Iterator[str]:
    """The steps of a protocol as a numbered Markdown list."""
    for number, step in enumerate(protocol, 1):
        yield f"{number}. **{_inline(step.title)}.** {_inline(step.do)} *{_inline(step.why)}*"
