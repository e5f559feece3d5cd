"""What the pictures of measurements share: their size and style, axes, points, ticks and a legend."""

from __future__ import annotations

import math
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from diagnose.measured import MeasuredSpectrum
from diagnose.measuredfigures import PREFIXES, titled
from diagnose.svg import INK, QUIET, Painter
from diagnose.texts import Texts

Reals = NDArray[np.float64]

FIT = "#b3471d"
# Points: width of a picture, room at its left, right and below, a line of words.
WIDE, LEFT, RIGHT, BELOW, LINE = 353.0, 52.0, 10.0, 40.0, 15.0

LEGEND: dict[str, Any] = {"fontsize": 9, "frameon": False, "borderpad": 0.1, "handlelength": 1.6, "columnspacing": 1.2}


class MeasuredPainter(Painter):
    """Draws pictures 4.9 inches wide, with words from `texts`."""

    style: ClassVar[dict[str, Any]] = {
        "font.size": 9,
        "xtick.labelsize": 9,
        "ytick.labelsize": 9,
        "hatch.linewidth": 0.5,
        "hatch.color": QUIET,
    }
    layout = None

    def __init__(self, texts: Texts) -> None:
        super().__init__()
        self.texts = texts

    def title(self, kind: str, spectrum: MeasuredSpectrum) -> str:
        """The title of a picture of a spectrum: its kind, and what it is about."""
        told = self.texts(f"ui.measured.picture.{kind}.title")
        return self.texts("ui.measured.picture.title", kind=told, about=titled(spectrum, self.texts))

    def word(self, name: str) -> str:
        """A word that stands in pictures."""
        return self.texts(f"ui.measured.picture.word.{name}")


def axes_of(canvas: Any, head: float, tall: float) -> Any:
    """Axes of a height in points below some room at the top."""
    whole = canvas.get_figheight() * 72
    return canvas.add_axes((LEFT / WIDE, 1 - (head + tall) / whole, 1 - (LEFT + RIGHT) / WIDE, tall / whole))


def two_axes(canvas: Any, head: float = 18) -> tuple[Any, Any]:
    """Two axes, one over the other."""
    whole = canvas.get_figheight() * 72
    tall = (whole - BELOW - head - 22) / 2
    return axes_of(canvas, head, tall), axes_of(canvas, head + tall + 22, tall)


def plot_points(axes: Any, x: Any, y: Any, label: str | None = None) -> None:
    """Measured points as hollow circles."""
    look = {"markersize": 4, "markerfacecolor": "white", "markeredgecolor": INK, "markeredgewidth": 1.0, "zorder": 4}
    axes.plot(x, y, linestyle="none", marker="o", label=label, **look)


def add_legend(axes: Any, above: float = 0.0) -> None:
    """What signs stand for, over axes and so many points above them."""
    tall = axes.get_position().height * axes.figure.get_figheight() * 72
    axes.legend(loc="lower left", bbox_to_anchor=(-0.02, 0.99 + above / tall), ncols=3, **LEGEND)


def log_ticks(axis: Any) -> None:
    """Ticks of a logarithmic axis with prefixes, 10, 1k, 1M, where few decades are shown also of twos and fives."""
    from matplotlib.ticker import LogLocator, NullLocator

    low, high = axis.get_view_interval()
    subs = (1.0, 2.0, 5.0) if high / low < 50 else (1.0,)
    axis.set_major_locator(LogLocator(subs=subs, numticks=12 if len(subs) > 1 else 9))
    axis.set_major_formatter(lambda value, _: _short(value))
    axis.set_minor_locator(NullLocator())


def _short(value: float) -> str:
    if value <= 0:
        return ""
    power = min(max(3 * math.floor(math.log10(value) / 3 + 1e-9), min(PREFIXES)), max(PREFIXES))
    if -3 <= math.log10(value) < 3:
        power = 0
    return f"{value / 10.0**power:.4g}{PREFIXES[power]}"


def scaled(most: float) -> tuple[float, str]:
    """A factor and a unit in which the largest value has few digits."""
    for power, unit in ((6, "Mohm"), (3, "kohm")):
        if most >= 2 * 10.0**power:
            return 10.0**power, unit
    return 1.0, "ohm"


def decades(f: Reals) -> list[tuple[int, int]]:
    """The points that lie nearest to whole decades, and the powers of ten."""
    found = []
    for power in range(math.ceil(math.log10(f.min()) - 0.05), math.floor(math.log10(f.max()) + 0.05) + 1):
        place = int(np.argmin(np.abs(np.log10(f) - power)))
        if abs(math.log10(f[place]) - power) < 0.06:
            found.append((place, power))
    return found
