"""The Nyquist plot of a spectrum, with the arcs of the fit shaded and named."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from diagnose.measured import MeasuredSpectrum
from diagnose.measuredaxes import (
    BELOW,
    FIT,
    LEFT,
    LINE,
    RIGHT,
    WIDE,
    MeasuredPainter,
    axes_of,
    decades,
    plot_points,
    scaled,
)
from diagnose.measuredfigures import arc_name, arc_size, figure, frequency, tail_line
from diagnose.svg import PALE, QUIET, TEXT, folded

Reals = NDArray[np.float64]

# Height of the axes of a Nyquist plot in parts of its width, least and most; how far beyond the arcs a tail is shown.
FLAT, TALL, BEYOND = 0.36, 0.85, 1.25
# Points of width that a letter takes; an arc is shaded with one pattern after the other.
LETTER = 5.6
SHADES: tuple[dict[str, Any], ...] = (
    {"facecolor": PALE, "hatch": ""},
    {"facecolor": "#f4dfc4", "hatch": "////"},
    {"facecolor": "#e6ecd9", "hatch": "...."},
    {"facecolor": "#eef1f5", "hatch": "\\\\\\\\"},
)


class NyquistPictures(MeasuredPainter):
    """Nyquist plots; nothing is drawn where there are no points. Hatches and words tell what colours tell."""

    def nyquist(self, name: str, spectrum: MeasuredSpectrum) -> str:
        """Points and fit with equal axes; each arc is shaded and has its number, and its name where there is room.

        A tail that runs far beyond the arcs is cut off, and how many points lie outside is told.
        """
        curves = spectrum.curves
        if not curves.frequency_Hz:
            return ""
        x, y = np.array(curves.real_ohm), -np.array(curves.imaginary_ohm)
        f = np.array(curves.frequency_Hz)
        (low, high), (bottom, top) = _view(spectrum, x, y)
        inside = (x >= low) & (x <= high) & (y >= bottom) & (y <= top)
        broad = WIDE - LEFT - RIGHT
        ratio = (top - bottom) / (high - low)
        tall = broad * min(max(ratio, FLAT), TALL)
        if ratio < FLAT:
            top = bottom + FLAT * (high - low)
        elif ratio > TALL:
            more = ((top - bottom) / TALL - (high - low)) / 2
            low, high = low - more, high + more
        per = (high - low) / broad
        scale, unit = scaled(max(abs(high), abs(top)))
        key = [f"{place} {arc_name(arc, self.texts)}" for place, arc in enumerate(spectrum.arcs, 1)]
        sizes = [arc_size(arc, self.texts) for arc in spectrum.arcs]
        outside = int(np.count_nonzero(~inside))
        note = self.texts("ui.measured.picture.outside", count=outside) if outside else ""

        def paint(canvas: Any) -> None:
            head = LINE * (len(key) + bool(note)) + 8
            axes = axes_of(canvas, head, tall)
            self._key(canvas, [*zip(key, sizes, strict=True), *([(note, "")] if note else [])])
            axes.set_xlim(low / scale, high / scale)
            axes.set_ylim(bottom / scale, top / scale)
            axes.set_xlabel(f"Z', {unit}")
            axes.set_ylabel(f"-Z'', {unit}")
            axes.locator_params(axis="y", nbins=max(3, int(tall / 40)))
            axes.locator_params(axis="x", nbins=6)
            axes.grid(linewidth=0.6)
            at = spectrum.series_ohm or 0.0
            # Middles of the words that stand there already, and how far from them the next ones must be, in points.
            taken: list[tuple[float, float, float]] = []
            for place, arc in enumerate(spectrum.arcs):
                drawn = at + _arc(arc.R_ohm, arc.n)
                axes.fill(
                    drawn.real / scale,
                    -drawn.imag / scale,
                    edgecolor=QUIET,
                    linewidth=0.7,
                    linestyle=(0, (2, 1.5)),
                    zorder=1,
                    **SHADES[place % len(SHADES)],
                )
                seen, rise = min(at + arc.R_ohm, high) - at, max(float(-drawn.imag.min()), 0.0)
                peak = at + seen / 2
                at += arc.R_ohm
                if seen <= 0:
                    continue
                room = len(key[place]) * LETTER < seen / per
                taken.append((peak, rise / 2, 22 + (len(key[place]) * LETTER / 2 if room else LETTER)))
                axes.text(
                    peak / scale,
                    rise / 2 / scale,
                    key[place] if room else str(place + 1),
                    ha="center",
                    va="center",
                    fontweight="bold",
                    zorder=5,
                    bbox={"facecolor": "white", "edgecolor": "none", "pad": 1.0, "alpha": 0.85},
                )
            if curves.fitted_real_ohm:
                fitted = np.array(curves.fitted_real_ohm), -np.array(curves.fitted_imaginary_ohm)
                axes.plot(fitted[0] / scale, fitted[1] / scale, color=FIT, linewidth=1.3, zorder=5)
            plot_points(axes, x / scale, y / scale)
            for place, power in decades(f):
                at_point = float(x[place]), float(y[place])
                if not inside[place]:
                    continue
                axes.plot(*([each / scale] for each in at_point), "o", markersize=4.5, color=TEXT, zorder=6)
                # Where points crowd, not every decade has room for its name.
                # At the left edge they stand to the right of their point.
                edge = at_point[0] - low < 26 * per
                middle = at_point[0] + (25 if edge else -20) * per, at_point[1] + (0 if edge else 9) * per
                if all(abs(middle[0] - a) > far * per or abs(middle[1] - b) > 13 * per for a, b, far in taken):
                    taken.append((*middle, 40.0))
                    axes.annotate(
                        figure(10.0**power, unit="Hz"),
                        (at_point[0] / scale, at_point[1] / scale),
                        xytext=(5, -4) if edge else (-3, 5),
                        textcoords="offset points",
                        ha="left" if edge else "right",
                        color=TEXT,
                        zorder=7,
                        bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.3, "alpha": 0.75},
                    )

        size = (WIDE / 72, (tall + BELOW + LINE * (len(key) + bool(note)) + 8) / 72)
        return self.draw(name, self.title("nyquist", spectrum), self.nyquist_says(spectrum), size, paint)

    def nyquist_says(self, spectrum: MeasuredSpectrum) -> str:
        """What a Nyquist plot shows, in a sentence with figures."""
        f, real = spectrum.curves.frequency_Hz, spectrum.curves.real_ohm
        told = [
            self.texts(
                "ui.measured.picture.nyquist.says",
                points=len(f),
                high=frequency(max(f)),
                low=frequency(min(f)),
                least=figure(min(real), unit="ohm"),
                most=figure(max(real), unit="ohm"),
            )
        ]
        if spectrum.reason:
            return f"{told[0]} {self.texts('ui.measured.because', reason=spectrum.reason.rstrip('.'))}"
        arcs = [
            self.texts(
                "ui.measured.picture.arc",
                number=place,
                name=arc_name(arc, self.texts),
                resistance=arc_size(arc, self.texts),
                frequency=figure(arc.frequency_Hz, arc.sigma_frequency_Hz, "Hz"),
            )
            for place, arc in enumerate(spectrum.arcs, 1)
        ]
        told += [f"{'; '.join(arcs)}."] if arcs else []
        return " ".join([*told, tail_line(spectrum, self.texts)])

    def _key(self, canvas: Any, rows: Sequence[tuple[str, str]]) -> None:
        """What the numbers of arcs stand for, over the axes."""
        whole = canvas.get_figheight() * 72
        for place, (label, value) in enumerate(rows):
            y = 1 - (LINE * place + 3) / whole
            canvas.text(8 / WIDE, y, folded(label, 62 - len(value), 1), va="top")
            canvas.text(1 - RIGHT / WIDE, y, value, va="top", ha="right", fontweight="bold")


def _view(spectrum: MeasuredSpectrum, x: Reals, y: Reals) -> tuple[tuple[float, float], tuple[float, float]]:
    """What of the plane is shown: all, or the arcs and the beginning of a tail that is much longer than they are."""
    start = spectrum.series_ohm or 0.0
    arcs = start + sum(arc.R_ohm for arc in spectrum.arcs)
    low, high = min(0.0, float(x.min())), float(x.max())
    bottom, top = min(0.0, float(y.min())), float(y.max())
    if spectrum.tail != "none" and spectrum.arcs and max(high, top) > 2 * arcs:
        high, top = min(high, BEYOND * arcs), min(top, BEYOND * arcs * TALL)
    # An inductance must not press the arcs together.
    bottom = max(bottom, -0.3 * (high - low))
    room = 0.04 * ((high - low) or 1.0)
    return (low - room, high + room), (bottom - room, top + 2.5 * room)


def _arc(resistance: float, n: float) -> NDArray[np.complex128]:
    """Z = R / (1 + (j w tau)^n) from high to low frequency."""
    size = np.power(10.0, np.linspace(4.5, -4.5, 121) / max(n, 0.3))
    made: NDArray[np.complex128] = resistance / (1 + (1j * size) ** n)
    return made
