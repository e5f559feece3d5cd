"""The pictures of a report: ranked causes, the evidence for one cause step by step, and a scale with what lies on it.

Each is 4.9 inches wide, so that its words can be read on a phone. Signs, hatches and words tell what colours tell.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, ClassVar, Literal

from diagnose.guidancetext import share
from diagnose.markup import plain
from diagnose.scales import Lane, Scale
from diagnose.scoring import hundredths, probability
from diagnose.svg import GRID, INK, PALE, QUIET, TEXT, Painter, folded
from diagnose.texts import Texts

AGAINST, TRACK = "#b3471d", "#eef1f5"
# From light to dark, so that the order is seen in grey as well.
BANDS = ("#f3f7f2", "#e6ecd9", "#f4dfc4", "#e9c3ae")
# Points: width of a picture, room at its sides and for the axis below, lines of text, thickness of a bar, gap after it.
WIDE, SIDE, BELOW, LINE, THICK, GAP = 353.0, 8.0, 40.0, 14.0, 9.0, 9.0
# Letters that fit: in the label of a cause, and with its figure; beside the figures of evidence; on a scale in all.
LETTERS, BOTH, REASON_LETTERS, ROOM = 46, 66, 30, 54


@dataclass(frozen=True)
class Bar:
    """A ranked cause: its probability, and the range in which draws over what is uncertain put it."""

    label: str
    figure: str
    probability: float
    supported: bool
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class Move:
    """A step of the evidence, in decibans: `start` and `total` from zero, the others from where the last one ended."""

    label: str
    figure: str
    decibans: float
    kind: Literal["start", "for", "against", "cap", "total"]


LOOKS: dict[str, dict[str, Any]] = {
    "start": {"facecolor": PALE, "edgecolor": INK},
    "for": {"facecolor": INK, "edgecolor": INK},
    "against": {"facecolor": "white", "edgecolor": AGAINST, "hatch": "//////"},
    "cap": {"facecolor": "white", "edgecolor": QUIET, "hatch": "\\\\\\\\"},
    "total": {"facecolor": TEXT, "edgecolor": TEXT},
}


class Pictures(Painter):
    """The pictures of a report, with words from `texts`."""

    style: ClassVar[dict[str, Any]] = {"font.size": 10, "hatch.linewidth": 0.9, "xtick.labelsize": 9}
    layout = None

    def __init__(self, texts: Texts) -> None:
        super().__init__()
        self.texts = texts

    # --- causes

    def causes(self, name: str, title: str, says: str, bars: Sequence[Bar], supported_from: float) -> str:
        """Ranked causes as bars, with the range of the draws over each; those that are not supported are pale."""
        labels = [folded(bar.label, max(16, min(LETTERS, BOTH - len(bar.figure)))) for bar in bars]
        tops, bottom = _stacked(labels, LINE)

        def paint(figure: Any) -> None:
            axes = _axes(figure, bottom)
            axes.set_xlim(0, 1)
            axes.set_xticks([0, 0.25, 0.5, 0.75, 1], ["0", "0.25", "0.5", "0.75", "1"])
            near = {"xytext": (3, 0), "textcoords": "offset points", "fontsize": 9, "color": QUIET, "va": "top"}
            axes.annotate(self.texts("ui.picture.supported"), (supported_from, 0), **near)
            axes.plot([supported_from, supported_from], [2, LINE], color=QUIET, linewidth=0.9)
            for bar, label, top in zip(bars, labels, tops, strict=True):
                place = _words(axes, top, label, bar.figure)
                axes.barh(place, 1, height=THICK, color=TRACK, zorder=1)
                axes.barh(
                    place,
                    bar.probability,
                    height=THICK,
                    facecolor=INK if bar.supported else PALE,
                    edgecolor=INK,
                    linewidth=0.8,
                    zorder=2,
                )
                edge = [place - THICK / 2 - 2, place + THICK / 2 + 2]
                axes.plot([supported_from, supported_from], edge, color=QUIET, linewidth=0.9, zorder=3)
                if bar.low is not None and bar.high is not None:
                    _whisker(axes, bar.low, bar.high, place)
            axes.set_xlabel(self.texts("ui.report.probability"), fontsize=9)

        return self.draw(name, title, says, (WIDE / 72, (bottom + BELOW) / 72), paint)

    # --- evidence

    def waterfall(self, name: str, title: str, says: str, moves: Sequence[Move]) -> str:
        """Evidence step by step: each bar begins where the last one ended."""
        labels = [folded(move.label, REASON_LETTERS, 3) for move in moves]
        heights = [max(LINE * 1.6, 12.5 * (label.count("\n") + 1) + 8) for label in labels]
        edges = [0.0]
        for height in heights:
            edges.append(edges[-1] + height)
        spans: list[tuple[float, float]] = []
        at = 0.0
        for move in moves:
            spans.append((0.0, move.decibans) if move.kind in ("start", "total") else (at, at + move.decibans))
            at = spans[-1][1]
        low, high = min(0.0, *(min(span) for span in spans)), max(0.0, *(max(span) for span in spans))
        room = (high - low) or 10.0

        def paint(figure: Any) -> None:
            left = 0.47
            tall = edges[-1]
            axes = figure.add_axes((left, 46 / (tall + 46), 0.98 - left, tall / (tall + 46)))
            axes.set_ylim(tall, 0)
            axes.set_xlim(low - 0.04 * room, high + 0.36 * room)
            _bare(axes)
            step = 5 if room <= 28 else 10
            ticks = list(range(step * math.ceil(low / step), step * math.floor(high / step) + 1, step))
            axes.set_xticks(ticks, [f"{_minus(tick)}\n{share(probability(hundredths(tick)))}" for tick in ticks])
            axes.set_xlabel(self.texts("ui.picture.evidence"), fontsize=9, x=1, ha="right")
            axes.grid(axis="x", linewidth=0.6)
            axes.axvline(0, color=TEXT, linewidth=0.9)
            middles = [(a + b) / 2 for a, b in pairwise(edges)]
            for (_, end), one, other in zip(spans, middles, middles[1:], strict=False):
                axes.plot([end, end], [one + THICK / 2, other - THICK / 2], color=QUIET, linewidth=0.8)
            where = axes.get_yaxis_transform()
            for move, label, (start, end), place in zip(moves, labels, spans, middles, strict=True):
                bold = "bold" if move.kind == "total" else "normal"
                axes.barh(place, end - start, left=start, height=THICK + 2, linewidth=1, zorder=3, **LOOKS[move.kind])
                axes.annotate(
                    move.figure,
                    (max(start, end), place),
                    xytext=(4, 0),
                    textcoords="offset points",
                    va="center_baseline",
                    fontweight=bold,
                    bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.5},
                    zorder=4,
                )
                begin = -(left - SIDE / WIDE) / (0.98 - left)
                axes.text(begin, place, label, transform=where, va="center", fontweight=bold, fontsize=9.5)

        return self.draw(name, title, says, (WIDE / 72, (edges[-1] + 46) / 72), paint)

    # --- scales

    def scale(self, scale: Scale) -> str:
        """A scale: bands or landmarks, and on it one line for each range or value."""
        figures = [plain(lane.figure, 36) for lane in scale.lanes]
        room = (max(16, ROOM - len(figure)) for figure in figures)
        labels = [folded(lane.label, letters) for lane, letters in zip(scale.lanes, room, strict=True)]
        head = 2 * LINE + 2 if scale.bands else LINE + 2 if scale.landmarks else 0.0
        tops, bottom = _stacked(labels, head)
        low, high = _ends(scale)

        def paint(canvas: Any) -> None:
            axes = _axes(canvas, bottom)
            if scale.log:
                axes.set_xscale("log")
                axes.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
            axes.set_xlim(low, high)
            axes.tick_params(which="minor", length=2, color=GRID)
            axes.set_xlabel(scale.axis, fontsize=9)
            for number, band in enumerate(scale.bands):
                start, end = max(band.span.low, low), min(band.span.high, high)
                axes.axvspan(start, end, color=BANDS[band.rank], linewidth=0, zorder=0)
                axes.axvline(end, color="white", linewidth=1.5, zorder=0)
                centre = math.sqrt(start * end)
                axes.text(centre, 5 + LINE * (number % 2), band.label, ha="center", va="center_baseline", fontsize=9)
            for value, label in scale.landmarks:
                axes.axvline(value, color=QUIET, linewidth=0.8, linestyle=(0, (2, 2)), zorder=0, ymax=1 - 12 / bottom)
                axes.text(value, 5, label, ha="center", va="center_baseline", fontsize=9, color=QUIET)
            for lane, label, figure, top in zip(scale.lanes, labels, figures, tops, strict=True):
                _lane(axes, lane, _words(axes, top, label, figure), (low, high))

        return self.draw(scale.name, scale.title, _spoken(scale), (WIDE / 72, (bottom + BELOW) / 72), paint)


def _minus(value: float) -> str:
    return f"{value:g}".replace("-", "\N{MINUS SIGN}")


def _stacked(labels: Sequence[str], head: float) -> tuple[list[float], float]:
    """Where each entry, some lines of words over a bar, begins, and where the last one ends."""
    tops, at = [], head
    for label in labels:
        tops.append(at)
        at += LINE * (label.count("\n") + 1) + THICK + GAP
    return tops, at


def _axes(figure: Any, tall: float) -> Any:
    """Axes whose height is counted downwards in points."""
    whole = figure.get_figheight() * 72
    axes = figure.add_axes((SIDE / WIDE, (whole - tall) / whole, 1 - 2 * SIDE / WIDE, tall / whole))
    axes.set_ylim(tall, 0)
    _bare(axes)
    return axes


def _bare(axes: Any) -> None:
    axes.spines["left"].set_visible(False)
    axes.set_yticks([])
    axes.tick_params(axis="x", length=3, color=QUIET)


def _words(axes: Any, top: float, label: str, figure: str) -> float:
    """Writes a label and its figure over a bar; the middle of the bar."""
    where = axes.get_yaxis_transform()
    axes.text(0, top + 3, label, transform=where, va="top", linespacing=1.15)
    axes.text(1, top + 3, figure, transform=where, va="top", ha="right", fontweight="bold", fontsize=9.5)
    return top + LINE * (label.count("\n") + 1) + THICK / 2 + 3


def _whisker(axes: Any, low: float, high: float, place: float) -> None:
    """A range as a line with ends, dark on light and light round it, so that it is seen on a bar of any colour."""
    for colour, width, cap in (("white", 3.0, 4.6), (TEXT, 1.4, 4.0)):
        axes.plot([low, high], [place, place], color=colour, linewidth=width, zorder=4, solid_capstyle="butt")
        for end in (low, high):
            axes.plot([end, end], [place - cap, place + cap], color=colour, linewidth=width, zorder=4)


def _lane(axes: Any, lane: Lane, place: float, ends: tuple[float, float]) -> None:
    low, high = (min(max(end, ends[0]), ends[1]) for end in lane.span)
    if lane.kind == "window":
        if lane.perhaps is not None:
            wide = [min(max(end, ends[0]), ends[1]) for end in lane.perhaps]
            axes.barh(
                place,
                wide[1] - wide[0],
                left=wide[0],
                height=THICK,
                facecolor="white",
                edgecolor=QUIET,
                hatch="\\\\\\\\",
            )
        axes.barh(place, high - low, left=low, height=THICK, facecolor=PALE, edgecolor=INK, linewidth=0.9, zorder=2)
    elif lane.kind == "after":
        axes.barh(place, high - low, left=low, height=THICK, facecolor="white", edgecolor=INK, linewidth=1.2, zorder=2)
    else:
        colour = AGAINST if lane.kind == "target" else TEXT
        axes.plot([low, high], [place, place], color=colour, linewidth=2.4, zorder=3, solid_capstyle="butt")
        for end, bound in ((low, lane.span.low), (high, lane.span.high)):
            open_ = math.isinf(bound) or bound != end
            marker = ("<" if end == low else ">") if open_ else "|"
            if low < high:
                axes.plot([end], [place], marker=marker, markersize=7, color=colour, zorder=3, clip_on=False)
        if lane.point is not None:
            inside = min(max(lane.point, ends[0]), ends[1])
            axes.plot(
                [inside],
                [place],
                marker="D",
                markersize=7,
                color=colour,
                markeredgecolor="white",
                zorder=4,
                clip_on=False,
            )


def _ends(scale: Scale) -> tuple[float, float]:
    """The ends of the axis, so that all that is finite lies well inside."""
    told = [end for lane in scale.lanes for end in (*lane.span, *(lane.perhaps or ())) if math.isfinite(end)]
    told += [lane.point for lane in scale.lanes if lane.point is not None]
    least = list(scale.ends or ())
    if scale.log:
        told = [value for value in told if value > 0]
        inside = [value / 2 for value in told] + [value * 2 for value in told] + least
        return min(inside), max(inside)
    low, high = min([*told, *least]), max([*told, *least])
    room = 0.03 * (high - low or 1.0)
    return low - room, high + room


def _spoken(scale: Scale) -> str:
    lanes = "; ".join(f"{lane.label}: {lane.figure}" for lane in scale.lanes)
    bands = "; ".join(f"{band.label}: {band.figure}" for band in scale.bands)
    return ". ".join(each for each in (scale.says.rstrip("."), lanes, bands) if each) + "."
