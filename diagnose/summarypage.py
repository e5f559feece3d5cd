"""The summary of a batch run as one HTML page that needs nothing else: no network, no scripts, no colour.

Every picture has its figures in the table below it. Without matplotlib the tables stand alone.
"""

from __future__ import annotations

import io
import textwrap
import warnings
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from html import escape
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree

import diagnose as package
from diagnose.periods import Group, causes_of
from diagnose.summary import LONGEST_EXAMPLE, Share, Summary, percent, plain, title_of, too_many

if TYPE_CHECKING:
    from diagnose.data import Base

MOST_BARS, MOST_GROUPS_SHOWN, MOST_CAUSES = 12, 20, 5
INK, PALE, GRID = "#24507a", "#a9bfd6", "#d9dde2"
# Colours that the colour-blind tell apart; each line also has a marker and a dash of its own.
LINES = (
    ("#24507a", "o", "-"),
    ("#b3471d", "s", "--"),
    ("#1b7f5c", "^", "-."),
    ("#8a3f86", "D", ":"),
    ("#8a6d00", "v", (0, (6, 1, 1, 1, 1, 1))),
)
STYLE: dict[str, Any] = {
    "svg.fonttype": "none",
    "svg.hashsalt": "diagnose",
    # Names may hold dollar signs.
    "text.parse_math": False,
    "font.family": "DejaVu Sans",
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": "#8b929b",
    "axes.axisbelow": True,
    "grid.color": GRID,
}
JUDGEMENT = (
    "The rules weigh evidence by published findings and by judgement. Their probabilities are judgement and are not "
    "calibrated: a cause with probability 0.8 need not be right in 8 of 10 cells. A first cause is where to look "
    "first, not a proof."
)
NO_PICTURES = 'The pictures are left out, as matplotlib is not installed: pip install "ssb-diagnose[plot]".'

CSS = """
:root { color-scheme: light; --ink: #1c2733; --quiet: #56616d; --line: #d5dae0; --accent: #24507a; }
* { box-sizing: border-box; }
body { margin: 0; background: #fff; color: var(--ink);
  font: 16px/1.55 system-ui, -apple-system, "Segoe UI", "Helvetica Neue", Arial, sans-serif; }
main { max-width: 62rem; margin: 0 auto; padding: 3rem 1.5rem 4rem; }
h1 { font-size: 1.9rem; line-height: 1.2; font-weight: 650; margin: 0 0 .6rem; overflow-wrap: anywhere; }
h2 { font-size: 1.25rem; font-weight: 650; margin: 0 0 .4rem; }
section { margin-top: 3.2rem; padding-top: 1.1rem; border-top: 1px solid var(--line); }
p { max-width: 46rem; margin: .4rem 0 .8rem; }
.lede { font-size: 1.1rem; }
.note { color: var(--quiet); font-size: .92rem; }
dl.key { display: grid; grid-template-columns: repeat(auto-fit, minmax(9rem, 1fr)); gap: 0 1.5rem; margin: 1.8rem 0 0; }
dl.key > div { border-top: 3px solid var(--accent); padding: .5rem 0 0; }
dl.key dt { color: var(--quiet); font-size: .85rem; }
dl.key dd { margin: 0; font-size: 1.55rem; font-weight: 600; font-variant-numeric: tabular-nums; }
figure { margin: 1.2rem 0 1.4rem; }
svg { display: block; width: 100%; height: auto; }
svg * { stroke-linejoin: round; stroke-linecap: butt; }
svg text { font-family: inherit !important; }
.wide { overflow-x: auto; }
.beside table { width: 100%; }
.beside { display: grid; grid-template-columns: repeat(auto-fit, minmax(20rem, 1fr)); gap: 0 3rem; align-items: end; }
table { border-collapse: collapse; min-width: 60%; font-size: .9rem; line-height: 1.4; margin: 1rem 0; }
caption { text-align: left; color: var(--quiet); padding: 0 0 .4rem; }
th, td { text-align: left; vertical-align: top; font-weight: 400; padding: .34rem 1.1rem .34rem 0;
  border-bottom: 1px solid var(--line); overflow-wrap: break-word; }
thead th { vertical-align: bottom; font-size: .82rem; line-height: 1.3; font-weight: 600;
  border-bottom: 1.5px solid var(--ink); }
.n { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
thead .n { white-space: normal; }
th:last-child, td:last-child { padding-right: 0; }
code { font: .86em ui-monospace, "SF Mono", Consolas, "Liberation Mono", monospace; color: var(--quiet);
  overflow-wrap: anywhere; }
th code, td code { display: block; line-height: 1.55; overflow-wrap: normal; }
.s { white-space: nowrap; }
@page { margin: 16mm 14mm; }
@media print {
  body { font-size: 10pt; }
  main { max-width: none; padding: 0; }
  section { margin-top: 1.6rem; }
  h2, h2 + p, caption { break-after: avoid; }
  figure, tr, dl.key { break-inside: avoid; }
  table { font-size: 8.5pt; }
  th, td { padding-right: .7rem; }
  thead { display: table-header-group; }
  .wide { overflow: visible; }
}
""".strip()


def page(summary: Summary, base: Base, title: str, source: str = "", versions: Mapping[str, str] | None = None) -> str:
    """The page as HTML text; equal summaries give equal text. `source` names the input.

    `versions` are the names and versions to tell at the end: without them those of the package and of `base`.
    """
    told = versions or {
        "diagnose": package.__version__,
        "rules": base.rules.hash,
        "knowledge": base.knowledge.hash,
    }
    draw = _Painter()
    body = [
        _top(summary, base, title),
        *([] if draw.able else [_p(NO_PICTURES, "note")]),
        _verdicts(summary, draw),
        _causes(summary, base, draw),
        *([_groups(summary, base, draw)] if summary.by is not None else []),
        *([_course(summary, base, draw)] if summary.time is not None else []),
        _wanted(summary, base, draw),
        _remedies(summary, base),
        *([_errors(summary)] if summary.errors else []),
        _versions(told, source),
    ]
    return _document(title, "\n".join(body))


# --- parts of the page


def _top(summary: Summary, base: Base, title: str) -> str:
    whole = summary.overall
    told = f"{_rows(summary.rows)} diagnosed."
    if whole.faulty:
        first = summary.causes(base)[0]
        told = (
            f"{percent(whole.share)} of the {_rows(whole.judged)} that could be judged are faulty. "
            f"The most frequent first cause is “{first.says}”, in {percent(first.share)} of the faulty rows."
        )
    elif whole.judged:
        told = f"None of the {_rows(whole.judged)} that could be judged is faulty."
    figures = {
        "Rows": f"{summary.rows:,}",
        "Faulty": f"{whole.faulty:,}",
        "Faulty, of those judged": percent(whole.share) if whole.judged else "none judged",
        "In error": f"{summary.errors:,}",
    }
    key = "".join(f"<div><dt>{escape(name)}</dt><dd>{escape(value)}</dd></div>" for name, value in figures.items())
    return (
        f"<header>\n<h1>{_t(title, 200)}</h1>\n{_p(told, 'lede')}\n{_p(JUDGEMENT, 'note')}\n"
        f'<dl class="key">{key}</dl>\n</header>'
    )


def _verdicts(summary: Summary, draw: _Painter) -> str:
    verdicts, levels = summary.verdicts(), summary.levels() if summary.rows else []
    parts = [
        draw.bars(
            "verdicts",
            "Verdicts and interfacial resistance",
            [("Verdict", verdicts), ("Interfacial resistance", levels)],
        ),
        '<div class="beside">',
        _shares("Rows by verdict", "Verdict", verdicts),
        _shares("Rows by interfacial resistance, on the scale of each pair of materials", "Band", levels),
        "</div>",
    ]
    lede = (
        "A row is undetermined when what is known of it does not settle whether it is faulty. Rows with invalid data "
        "or outside the scope of the rules say nothing about the cell."
    )
    return _section("Verdicts", lede, parts if summary.rows else [_p("There are no rows.")])


def _causes(summary: Summary, base: Base, draw: _Painter) -> str:
    faulty = summary.causes(base)
    others = {name: causes_of(summary.outcomes, name) for name in ("undetermined", "invalid_data", "outside_scope")}
    others = {name: found for name, found in others.items() if found.total()}
    listed = [each.name for each in faulty]
    elsewhere = sum(others.values(), Counter[str]())
    listed += sorted(set(elsewhere) - set(listed), key=lambda name: (-elsewhere[name], name))
    counts, total = {each.name: each.rows for each in faulty}, summary.overall.faulty
    rows, running = [], 0
    for name in listed:
        found = counts.get(name, 0)
        running += found
        known = [f"{found:,}", *((_of(found, total), _of(running, total)) if found else ("", ""))]
        known += [f"{summary.sure[(name,)]:,}"] + [f"{each[name]:,}" for each in others.values()]
        rows.append([_named(title_of(base, name), name), *known])
    head = ["Cause", "Faulty rows", "Share", "Running share", "Of these, probability 0.5 or more"]
    head += [f"{name.replace('_', ' ').capitalize()}" for name in others]
    lede = (
        "Each faulty row counts once, for the cause that ranks first. The bars are sorted, and the line adds them up. "
        "Rows that are not faulty but for which causes were ranked stand only in the last columns of the table."
    )
    caption = "First causes of the faulty rows, most frequent first"
    if not listed:
        return _section("Causes", lede, [_p("No cause was ranked.")])
    return _section("Causes", lede, [draw.pareto(faulty), _table(caption, head, rows)])


def _groups(summary: Summary, base: Base, draw: _Painter) -> str:
    by = plain(summary.by or "")
    heading = f"By {by}"
    if summary.groups is None:
        return _section(heading, too_many(summary.by or ""), [])
    worst = summary.worst(MOST_GROUPS_SHOWN)
    if not worst:
        return _section(heading, f"{len(summary.groups):,} values of {by}; in none of them is a row faulty.", [])
    lede = (
        f"The {len(worst)} worst of {len(summary.groups):,} values of {by}, by the share of faulty rows that is "
        "certain at 95 % (the lower end of Wilson's interval), so that a small group does not lead by chance."
    )
    names = _leading(summary, MOST_CAUSES)
    caption = f"Faulty rows by {by} and first cause; shares are of the rows judged in each group"
    table = _crossed(caption, plain(summary.by or ""), worst, names, base)
    return _section(heading, lede, [draw.heat(by, worst, names, base), table])


def _course(summary: Summary, base: Base, draw: _Painter) -> str:
    name = plain(summary.time or "")
    unit, groups, left_out = summary.periods()
    notes = summary.notes_on_time()
    if left_out:
        notes.append(f"Only the last {len(groups)} periods are shown; {left_out:,} earlier ones are left out.")
    if not groups:
        return _section(f"Over {name}", "There are no rows with a time.", [_p(note, "note") for note in notes])
    lede = (
        f"Shares of the rows judged in each {unit}, by first cause. Periods without rows are left out. A share of few "
        "rows jumps by chance: the table tells how many were judged."
    )
    names = _leading(summary, MOST_CAUSES)
    caption = f"Faulty rows by {name} ({unit}) and first cause"
    parts = [draw.lines(name, groups, names, base), _crossed(caption, unit.capitalize(), groups, names, base)]
    return _section(f"Over {name}", lede, [*parts, *(_p(note, "note") for note in notes)])


def _wanted(summary: Summary, base: Base, draw: _Painter) -> str:
    wanted = summary.wanted(base)
    lede = (
        "The measurement that would tell most about the first cause, counted over all rows. One answer helps many rows."
    )
    if not wanted:
        return _section("Measure next", lede, [_p("Nothing is missing.")])
    shown = wanted[:MOST_BARS]
    bars = [each._replace(says=each.name) for each in shown]
    rows = [[_code(each.name), _t(each.says, 300), f"{each.rows:,}", percent(each.share)] for each in shown]
    table = _table("What is missing most", ["Field", "Question", "Rows", "Share of all rows"], rows, words=2)
    more = (
        [_p(f"{len(wanted) - len(shown)} more fields are missing in fewer rows.", "note")] if wanted[MOST_BARS:] else []
    )
    return _section(
        "Measure next", lede, [draw.bars("wanted", "Rows by the field missing most", [("", bars)]), table, *more]
    )


def _remedies(summary: Summary, base: Base) -> str:
    advised = summary.advised(base)[:MOST_BARS]
    lede = (
        "The remedy that ranks first in each faulty row, counted where it is recommended and not only possible. It is "
        "advice for the materials and causes of that row, whose full report gives its settings, hazards and sources."
    )
    if not advised:
        return _section("First remedies", lede, [_p("No remedy is recommended.")])
    table = _shares("First remedies that are recommended, and their share of the faulty rows", "Remedy", advised, True)
    return _section("First remedies", lede, [table])


def _errors(summary: Summary) -> str:
    kinds = summary.kinds()
    lede = f"{_rows(summary.errors)} could not be judged because of mistakes in them. A row may have several."
    parts = []
    if kinds:
        parts.append(_shares("Rows in error by the field that has the mistake", "Field", kinds[:MOST_BARS]))
    if summary.mistakes is None:
        parts.append(_p("There are too many kinds of mistake to count them."))
    rows = [[f"{row:,}", _t(message, LONGEST_EXAMPLE)] for row, message in summary.examples]
    caption = f"The first {len(rows)} rows in error; rows are counted from 0 over the whole run" if rows else ""
    return _section("Rows in error", lede, [*parts, _table(caption, ["Row", "What is wrong"], rows, words=2)])


def _versions(told: Mapping[str, str], source: str) -> str:
    rows = [["Input", _t(source, 1000)]] if source else []
    rows += [[_t(name), _code(version)] for name, version in told.items()]
    lede = "With these, the options and the input equal, the same page comes out."
    return _section("Versions", lede, [_table("What made this page", ["Part", "Version"], rows, words=2)])


def _leading(summary: Summary, most: int) -> list[str]:
    """The causes that come first most often among the faulty rows."""
    found = summary.overall.causes
    return sorted(found, key=lambda name: (-found[name], name))[:most]


# --- HTML


def _t(text: str, most: int = 80) -> str:
    return escape(plain(text, most))


def _p(text: str, kind: str = "") -> str:
    return f'<p class="{kind}">{_t(text, 1000)}</p>' if kind else f"<p>{_t(text, 1000)}</p>"


def _code(text: str) -> str:
    return f"<code>{_t(text, 100)}</code>"


def _named(says: str, name: str) -> str:
    return f"{_t(says)} {_code(name)}" if says != name else _code(name)


def _rows(count: int) -> str:
    return f"{count:,} {'row' if count == 1 else 'rows'}"


def _of(part: int, whole: int) -> str:
    return percent(part / whole) if whole else ""


def _section(heading: str, lede: str, parts: Iterable[str]) -> str:
    return "\n".join(["<section>", f"<h2>{_t(heading, 100)}</h2>", _p(lede), *filter(None, parts), "</section>"])


def _table(caption: str, head: Sequence[str], rows: Iterable[Sequence[str]], words: int = 1) -> str:
    """A table of cells that are HTML already; the first `words` columns hold words, the others figures."""

    def kind(place: int) -> str:
        return "" if place < words else ' class="n"'

    top = "".join(f'<th scope="col"{kind(place)}>{_t(name)}</th>' for place, name in enumerate(head))
    lines = []
    for first, *rest in rows:
        cells = "".join(f"<td{kind(place)}>{cell}</td>" for place, cell in enumerate(rest, 1))
        # A date or a lot stays on one line.
        short = ' class="s"' if len(first) <= 20 else ""
        lines.append(f'<tr><th scope="row"{short}>{first}</th>{cells}</tr>')
    body = "\n".join(lines)
    return (
        f'<div class="wide"><table>\n<caption>{_t(caption, 300)}</caption>\n<thead><tr>{top}</tr></thead>\n'
        f"<tbody>\n{body}\n</tbody>\n</table></div>"
    )


def _shares(caption: str, head: str, shares: Sequence[Share], names: bool = False) -> str:
    rows = [
        [_named(each.says, each.name) if names else _t(each.says), f"{each.rows:,}", percent(each.share)]
        for each in shares
    ]
    return _table(caption, [head, "Rows", "Share"], rows)


def _crossed(caption: str, head: str, groups: Sequence[Group], causes: Sequence[str], base: Base) -> str:
    """Faulty rows of each group by first cause, those not listed taken together."""
    rows = []
    for group in groups:
        found = [group.causes[cause] for cause in causes]
        rest = group.faulty - sum(found)
        figures = [f"{group.judged:,}", f"{group.faulty:,}", _of(group.faulty, group.judged)]
        rows.append([_t(group.name, 32), *figures, *(f"{each:,}" for each in (*found, rest))])
    titles = [title_of(base, cause) for cause in causes]
    return _table(caption, [head, "Judged", "Faulty", "Share", *titles, "Other causes"], rows)


def _document(title: str, body: str) -> str:
    head = (
        '<meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>{_t(title, 200)}</title>",
        f"<style>\n{CSS}\n</style>",
    )
    lines = ("<!DOCTYPE html>", '<html lang="en">', "<head>", *head, "</head>", "<body>", "<main>", body)
    return "\n".join((*lines, "</main>", "</body>", "</html>", ""))


# --- pictures


class _Painter:
    """Pictures as inline SVG; nothing when matplotlib is not installed."""

    def __init__(self) -> None:
        try:
            from matplotlib import style
            from matplotlib.figure import Figure
        except ImportError:
            self.able = False
        else:
            self.able, self._figure, self._style = True, Figure, style

    def _draw(self, name: str, title: str, says: str, size: tuple[float, float], paint: Callable[[Any], None]) -> str:
        """One picture. The style is set from scratch, so a site's own settings do not change the bytes."""
        with warnings.catch_warnings(), self._style.context(["default", STYLE]):
            # A sign that the font for measuring lacks is still shown by the reader's own.
            warnings.filterwarnings("ignore", message=r"Glyph .* missing from")
            figure = self._figure(figsize=size, layout="constrained")
            paint(figure)
            stream = io.StringIO()
            nothing = dict.fromkeys(("Date", "Creator", "Format", "Type"))
            figure.savefig(stream, format="svg", metadata=nothing, transparent=True)
        return f"<figure>\n{_inline(stream.getvalue(), name, title, says)}\n</figure>"

    def bars(self, name: str, title: str, panels: Sequence[tuple[str, Sequence[Share]]]) -> str:
        """Horizontal bars, each with its share; several panels stand side by side."""
        panels = [(head, shares) for head, shares in panels if shares]
        if not self.able or not panels:
            return ""

        def paint(figure: Any) -> None:
            for axes, (head, shares) in zip(figure.subplots(1, len(panels), squeeze=False)[0], panels, strict=True):
                places = range(len(shares))
                axes.barh(places, [each.share for each in shares], height=0.62, color=INK)
                for place, each in zip(places, shares, strict=True):
                    _beside(axes, each.share, place, percent(each.share))
                axes.set_yticks(places, [_folded(each.says, 28) for each in shares])
                axes.set_xlim(0, 1.25 * max(each.share for each in shares) or 1)
                axes.set_title(head, loc="left", fontsize=9, fontweight="bold")
                _bare(axes)

        says = ". ".join(_spoken(head, shares) for head, shares in panels)
        return self._draw(name, title, says, (9, 0.4 + 0.34 * max(len(shares) for _, shares in panels)), paint)

    def pareto(self, causes: Sequence[Share]) -> str:
        """Causes by frequency, with the line of the running share; the rare ones are taken together."""
        if not self.able or not causes:
            return ""
        shown = list(causes[:MOST_BARS])
        rest = causes[MOST_BARS:]
        if rest:
            rows, share = sum(each.rows for each in rest), sum(each.share for each in rest)
            shown.append(Share("", f"{len(rest)} other causes", rows, share))

        def paint(figure: Any) -> None:
            axes = figure.subplots()
            places = range(len(shown))
            axes.barh(places, [each.share for each in shown], height=0.62, color=PALE, edgecolor=INK, linewidth=0.8)
            running = [sum(each.share for each in shown[: place + 1]) for place in places]
            axes.plot(running, places, color="#1c2733", marker="o", markersize=4, linewidth=1.2)
            for place, each in zip(places, shown, strict=True):
                # Within a long bar, or beyond a near dot, so that it is not in the way of the line.
                near = running[place] < each.share + 0.1
                within = each.share > 0.12
                _beside(axes, running[place] if near and not within else each.share, place, percent(each.share), within)
            axes.set_yticks(places, [_folded(each.says, 34) for each in shown])
            axes.set_xlim(0, 1.08)
            axes.xaxis.set_major_formatter(lambda share, _: f"{100 * share:.0f} %")
            axes.set_xlabel("share of the faulty rows: bars, each cause; line with dots, added up")
            axes.invert_yaxis()
            axes.grid(axis="x", linewidth=0.6)
            axes.tick_params(length=0)

        says = _spoken("Share of the faulty rows", shown)
        return self._draw("pareto", "First causes of the faulty rows, sorted", says, (9, 1.2 + 0.4 * len(shown)), paint)

    def heat(self, by: str, groups: Sequence[Group], causes: Sequence[str], base: Base) -> str:
        """Groups against causes; each cell holds its share as text, and is the darker the larger it is."""
        if not self.able:
            return ""
        shares = [[group.causes[cause] / group.judged for cause in causes] for group in groups]
        top = max(max(row) for row in shares) or 1.0

        def paint(figure: Any) -> None:
            from matplotlib.colors import LinearSegmentedColormap

            axes = figure.subplots()
            shades = LinearSegmentedColormap.from_list("ink", ["#ffffff", "#7fa3c7"])
            # Squares, not a picture of pixels: they stay sharp in print.
            axes.pcolormesh(shares, cmap=shades, vmin=0, vmax=top, edgecolors="white", linewidth=1.5)
            for row, line in enumerate(shares):
                for column, share in enumerate(line):
                    axes.text(column + 0.5, row + 0.5, percent(share), ha="center", va="center_baseline", fontsize=8)
            axes.set_yticks([row + 0.5 for row in range(len(groups))], [_folded(each.name, 24) for each in groups])
            titles = [_folded(title_of(base, cause), 18) for cause in causes]
            axes.set_xticks([column + 0.5 for column in range(len(causes))], titles, fontsize=8)
            axes.xaxis.tick_top()
            axes.invert_yaxis()
            _bare(axes, axis=False)

        title = f"Share of the rows judged, by {by} and first cause"
        says = "; ".join(
            f"{plain(each.name, 24)}: {percent(each.share)} faulty, mostly {title_of(base, each.first)}"
            for each in groups
        )
        return self._draw("groups", title, says, (9, 1.0 + 0.3 * len(groups)), paint)

    def lines(self, name: str, groups: Sequence[Group], causes: Sequence[str], base: Base) -> str:
        """The share of each cause over the periods."""
        if not self.able or not causes:
            return ""

        def paint(figure: Any) -> None:
            axes = figure.subplots()
            places = range(len(groups))
            for cause, (colour, marker, dash) in zip(causes, LINES, strict=False):
                shares = [each.causes[cause] / each.judged if each.judged else float("nan") for each in groups]
                label = title_of(base, cause)
                axes.plot(places, shares, color=colour, marker=marker, linestyle=dash, markersize=4.5, label=label)
            step = -(-len(groups) // 7)
            axes.set_xticks(places[::step], [_folded(each.name, 11) for each in groups[::step]])
            axes.set_ylim(bottom=0)
            axes.yaxis.set_major_formatter(lambda share, _: f"{100 * share:g} %")
            axes.set_ylabel("share of the rows judged")
            axes.grid(axis="y", linewidth=0.6)
            axes.tick_params(length=0)
            figure.legend(loc="outside lower center", ncols=2, frameon=False, handlelength=4)

        says = " ".join(
            f"{title_of(base, cause)}: {_of(groups[0].causes[cause], groups[0].judged) or 'none judged'} at first, "
            f"{_of(groups[-1].causes[cause], groups[-1].judged) or 'none judged'} at last."
            for cause in causes
        )
        return self._draw("course", f"First causes over {name}", says, (9, 4.4), paint)


def _folded(text: str, width: int) -> str:
    """A label in at most two lines."""
    lines = textwrap.wrap(plain(text), width)
    return "\n".join(lines[:2]) + ("..." if len(lines) > 2 else "")


def _spoken(head: str, shares: Iterable[Share]) -> str:
    told = ", ".join(f"{plain(each.says, 60)} {percent(each.share)}" for each in shares)
    return f"{head}: {told}" if head else told


def _beside(axes: Any, share: float, place: int, text: str, within: bool = False) -> None:
    """A figure at the end of a bar."""
    side, far = ("right", -7) if within else ("left", 4)
    where = {"xytext": (far, 0), "textcoords": "offset points", "ha": side, "va": "center_baseline"}
    axes.annotate(text, (share, place), fontsize=8, **where)


def _bare(axes: Any, axis: bool = True) -> None:
    """No frame and no ticks: the figures stand in the picture itself."""
    for spine in axes.spines.values():
        spine.set_visible(False)
    axes.tick_params(length=0)
    if axis:
        axes.invert_yaxis()
        axes.set_xticks([])


def _inline(svg: str, name: str, title: str, says: str) -> str:
    """A picture as part of a page: without what only a file needs, its ids its own, with a name that is read aloud."""
    root = ElementTree.fromstring(svg)
    for parent in root.iter():
        for child in list(parent):
            if child.tag.endswith(("}metadata", "}style")):
                parent.remove(child)
    for each in root.iter():
        each.tag = each.tag.rpartition("}")[2]
        for key, value in list(each.attrib.items()):
            del each.attrib[key]
            if key == "id":
                value = f"{name}-{value}"
            elif key.endswith("href"):
                value = value.replace("#", f"#{name}-", 1)
            each.attrib[key.rpartition("}")[2]] = value.replace("url(#", f"url(#{name}-")
    for tag, text in (("desc", says), ("title", title)):
        told = ElementTree.Element(tag, {"id": f"{name}-{tag}"})
        told.text = plain(text, 10_000)
        root.insert(0, told)
    size = {key: root.attrib[key] for key in ("viewBox",)}
    root.attrib.clear()
    root.attrib.update({**size, "role": "img", "aria-labelledby": f"{name}-title {name}-desc"})
    return ElementTree.tostring(root, encoding="unicode")
