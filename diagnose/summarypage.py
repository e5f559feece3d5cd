"""The summary of a batch run as one HTML page that needs nothing else: no network, no scripts, no colour.

Every picture has its figures in the table below it. Without matplotlib the tables stand alone.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from html import escape
from typing import TYPE_CHECKING, Any

import diagnose as package
from diagnose.markup import code, document, named, p, plain, section, t, table
from diagnose.periods import Group, causes_of
from diagnose.summary import LONGEST_EXAMPLE, Share, Summary, percent, title_of, too_many
from diagnose.svg import INK, PALE, TEXT, Painter, folded
from diagnose.texts import english

if TYPE_CHECKING:
    from diagnose.data import Base

MOST_BARS, MOST_GROUPS_SHOWN, MOST_CAUSES = 12, 20, 5
# Colours that the colour-blind tell apart; each line also has a marker and a dash of its own.
LINES = (
    ("#24507a", "o", "-"),
    ("#b3471d", "s", "--"),
    ("#1b7f5c", "^", "-."),
    ("#8a3f86", "D", ":"),
    ("#8a6d00", "v", (0, (6, 1, 1, 1, 1, 1))),
)


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
        *([] if draw.able else [p(english()("ui.page.no_pictures"), "note")]),
        _verdicts(summary, draw),
        _causes(summary, base, draw),
        *([_groups(summary, base, draw)] if summary.by is not None else []),
        *([_course(summary, base, draw)] if summary.time is not None else []),
        _wanted(summary, base, draw),
        _remedies(summary, base),
        *([_errors(summary)] if summary.errors else []),
        _versions(told, source),
    ]
    return document(title, "\n".join(body))


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
        f"<header>\n<h1>{t(title, 200)}</h1>\n{p(told, 'lede')}\n{p(english()('ui.page.judgement'), 'note')}\n"
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
    return section("Verdicts", lede, parts if summary.rows else [p("There are no rows.")])


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
        rows.append([named(title_of(base, name), name), *known])
    head = ["Cause", "Faulty rows", "Share", "Running share", "Of these, probability 0.5 or more"]
    head += [f"{name.replace('_', ' ').capitalize()}" for name in others]
    lede = (
        "Each faulty row counts once, for the cause that ranks first. The bars are sorted, and the line adds them up. "
        "Rows that are not faulty but for which causes were ranked stand only in the last columns of the table."
    )
    caption = "First causes of the faulty rows, most frequent first"
    if not listed:
        return section("Causes", lede, [p("No cause was ranked.")])
    return section("Causes", lede, [draw.pareto(faulty), table(caption, head, rows)])


def _groups(summary: Summary, base: Base, draw: _Painter) -> str:
    by = plain(summary.by or "")
    heading = f"By {by}"
    if summary.groups is None:
        return section(heading, too_many(summary.by or ""), [])
    worst = summary.worst(MOST_GROUPS_SHOWN)
    if not worst:
        return section(heading, f"{len(summary.groups):,} values of {by}; in none of them is a row faulty.", [])
    lede = (
        f"The {len(worst)} worst of {len(summary.groups):,} values of {by}, by the share of faulty rows that is "
        "certain at 95 % (the lower end of Wilson's interval), so that a small group does not lead by chance."
    )
    names = _leading(summary, MOST_CAUSES)
    caption = f"Faulty rows by {by} and first cause; shares are of the rows judged in each group"
    counted = _crossed(caption, plain(summary.by or ""), worst, names, base)
    return section(heading, lede, [draw.heat(by, worst, names, base), counted])


def _course(summary: Summary, base: Base, draw: _Painter) -> str:
    name = plain(summary.time or "")
    unit, groups, left_out = summary.periods()
    notes = summary.notes_on_time()
    if left_out:
        notes.append(f"Only the last {len(groups)} periods are shown; {left_out:,} earlier ones are left out.")
    if not groups:
        return section(f"Over {name}", "There are no rows with a time.", [p(note, "note") for note in notes])
    lede = (
        f"Shares of the rows judged in each {unit}, by first cause. Periods without rows are left out. A share of few "
        "rows jumps by chance: the table tells how many were judged."
    )
    names = _leading(summary, MOST_CAUSES)
    caption = f"Faulty rows by {name} ({unit}) and first cause"
    parts = [draw.lines(name, groups, names, base), _crossed(caption, unit.capitalize(), groups, names, base)]
    return section(f"Over {name}", lede, [*parts, *(p(note, "note") for note in notes)])


def _wanted(summary: Summary, base: Base, draw: _Painter) -> str:
    wanted = summary.wanted(base)
    lede = (
        "The measurement that would tell most about the first cause, counted over all rows. One answer helps many rows."
    )
    if not wanted:
        return section("Measure next", lede, [p("Nothing is missing.")])
    shown = wanted[:MOST_BARS]
    bars = [each._replace(says=each.name) for each in shown]
    rows = [[code(each.name), t(each.says, 300), f"{each.rows:,}", percent(each.share)] for each in shown]
    counted = table("What is missing most", ["Field", "Question", "Rows", "Share of all rows"], rows, words=2)
    more = (
        [p(f"{len(wanted) - len(shown)} more fields are missing in fewer rows.", "note")] if wanted[MOST_BARS:] else []
    )
    return section(
        "Measure next", lede, [draw.bars("wanted", "Rows by the field missing most", [("", bars)]), counted, *more]
    )


def _remedies(summary: Summary, base: Base) -> str:
    advised = summary.advised(base)[:MOST_BARS]
    lede = (
        "The remedy that ranks first in each faulty row, counted where it is recommended and not only possible. It is "
        "advice for the materials and causes of that row, whose full report gives its settings, hazards and sources."
    )
    if not advised:
        return section("First remedies", lede, [p("No remedy is recommended.")])
    counted = _shares(
        "First remedies that are recommended, and their share of the faulty rows", "Remedy", advised, True
    )
    return section("First remedies", lede, [counted])


def _errors(summary: Summary) -> str:
    kinds = summary.kinds()
    lede = f"{_rows(summary.errors)} could not be judged because of mistakes in them. A row may have several."
    parts = []
    if kinds:
        parts.append(_shares("Rows in error by the field that has the mistake", "Field", kinds[:MOST_BARS]))
    if summary.mistakes is None:
        parts.append(p("There are too many kinds of mistake to count them."))
    rows = [[f"{row:,}", t(message, LONGEST_EXAMPLE)] for row, message in summary.examples]
    caption = f"The first {len(rows)} rows in error; rows are counted from 0 over the whole run" if rows else ""
    return section("Rows in error", lede, [*parts, table(caption, ["Row", "What is wrong"], rows, words=2)])


def _versions(told: Mapping[str, str], source: str) -> str:
    rows = [["Input", t(source, 1000)]] if source else []
    rows += [[t(name), code(version)] for name, version in told.items()]
    lede = "With these, the options and the input equal, the same page comes out."
    return section("Versions", lede, [table("What made this page", ["Part", "Version"], rows, words=2)])


def _leading(summary: Summary, most: int) -> list[str]:
    """The causes that come first most often among the faulty rows."""
    found = summary.overall.causes
    return sorted(found, key=lambda name: (-found[name], name))[:most]


# --- HTML


def _rows(count: int) -> str:
    return f"{count:,} {'row' if count == 1 else 'rows'}"


def _of(part: int, whole: int) -> str:
    return percent(part / whole) if whole else ""


def _shares(caption: str, head: str, shares: Sequence[Share], names: bool = False) -> str:
    rows = [
        [named(each.says, each.name) if names else t(each.says), f"{each.rows:,}", percent(each.share)]
        for each in shares
    ]
    return table(caption, [head, "Rows", "Share"], rows)


def _crossed(caption: str, head: str, groups: Sequence[Group], causes: Sequence[str], base: Base) -> str:
    """Faulty rows of each group by first cause, those not listed taken together."""
    rows = []
    for group in groups:
        found = [group.causes[cause] for cause in causes]
        rest = group.faulty - sum(found)
        figures = [f"{group.judged:,}", f"{group.faulty:,}", _of(group.faulty, group.judged)]
        rows.append([t(group.name, 32), *figures, *(f"{each:,}" for each in (*found, rest))])
    titles = [title_of(base, cause) for cause in causes]
    return table(caption, [head, "Judged", "Faulty", "Share", *titles, "Other causes"], rows)


# --- pictures


class _Painter(Painter):
    """The pictures of the page; nothing when matplotlib is not installed."""

    def _draw(self, name: str, title: str, says: str, size: tuple[float, float], paint: Callable[[Any], None]) -> str:
        return f"<figure>\n{self.draw(name, title, says, size, paint)}\n</figure>"

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
                axes.set_yticks(places, [folded(each.says, 28) for each in shares])
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
            axes.plot(running, places, color=TEXT, marker="o", markersize=4, linewidth=1.2)
            for place, each in zip(places, shown, strict=True):
                # Within a long bar, or beyond a near dot, so that it is not in the way of the line.
                near = running[place] < each.share + 0.1
                within = each.share > 0.12
                _beside(axes, running[place] if near and not within else each.share, place, percent(each.share), within)
            axes.set_yticks(places, [folded(each.says, 34) for each in shown])
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
            axes.set_yticks([row + 0.5 for row in range(len(groups))], [folded(each.name, 24) for each in groups])
            titles = [folded(title_of(base, cause), 18) for cause in causes]
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
            axes.set_xticks(places[::step], [folded(each.name, 11) for each in groups[::step]])
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
