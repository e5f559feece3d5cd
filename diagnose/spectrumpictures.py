"""The pictures of a spectrum over frequency: Bode, what the fit and the Kramers-Kronig test leave, relaxation times.

Markers, line styles, hatches and words tell what colours tell.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from diagnose.measured import MeasuredSpectrum
from diagnose.measuredaxes import (
    BELOW,
    FIT,
    LINE,
    WIDE,
    MeasuredPainter,
    add_legend,
    axes_of,
    log_ticks,
    plot_points,
    scaled,
    two_axes,
)
from diagnose.measuredfigures import arc_name, figure, frequency, kk_word, percents
from diagnose.svg import INK, PALE, TEXT


class SpectrumPictures(MeasuredPainter):
    """The pictures of spectra; nothing is drawn where there is nothing to show."""

    def bode(self, name: str, spectrum: MeasuredSpectrum) -> str:
        """Modulus and phase over frequency, with the fit."""
        curves = spectrum.curves
        if not curves.frequency_Hz:
            return ""
        f, z = np.array(curves.frequency_Hz), np.array(curves.real_ohm) + 1j * np.array(curves.imaginary_ohm)
        fitted = np.array(curves.fitted_real_ohm) + 1j * np.array(curves.fitted_imaginary_ohm)
        size, angle = np.abs(z), np.degrees(np.angle(z))
        fitting = "ui.measured.picture.bode.fit" if len(fitted) else "ui.measured.picture.bode.no_fit"
        says = self.texts(
            "ui.measured.picture.bode.says",
            first=figure(float(size[0]), unit="ohm"),
            high=frequency(float(f[0])),
            last=figure(float(size[-1]), unit="ohm"),
            low=frequency(float(f[-1])),
            least=round(float(angle.min())),
            most=round(float(angle.max())),
            fit=self.texts(fitting, rms=percents(spectrum.rms_percent)) if len(fitted) else self.texts(fitting),
        )

        def paint(canvas: Any) -> None:
            above, below = two_axes(canvas)
            for axes, values in ((above, size), (below, angle)):
                axes.set_xscale("log")
                axes.grid(linewidth=0.6)
                plot_points(axes, f, values, self.word("points"))
                log_ticks(axes.xaxis)
            if len(fitted):
                above.plot(f, np.abs(fitted), color=FIT, linewidth=1.3, zorder=5, label=self.word("fit"))
                below.plot(f, np.degrees(np.angle(fitted)), color=FIT, linewidth=1.3, zorder=5)
            add_legend(above)
            above.set_yscale("log")
            log_ticks(above.yaxis)
            above.set_ylabel("|Z|, ohm")
            below.set_ylabel(self.word("phase"))
            below.set_xlabel(self.word("frequency"))
            above.tick_params(labelbottom=False)

        return self.draw(name, self.title("bode", spectrum), says, (WIDE / 72, 250 / 72), paint)

    def residuals(self, name: str, spectrum: MeasuredSpectrum) -> str:
        """What the fit and the Kramers-Kronig test leave, in percent of the modulus, over frequency."""
        curves = spectrum.curves
        f = np.array(curves.frequency_Hz)
        rows = [
            (self.word("left_fit"), curves.residual_real_percent, curves.residual_imaginary_percent),
            (self.word("left_kk"), curves.kk_real_percent, curves.kk_imaginary_percent),
        ]
        rows = [row for row in rows if row[1] and row[2]]
        if not rows:
            return ""
        kk = spectrum.kk
        says = self.texts(
            "ui.measured.picture.residuals.kk",
            kk=kk_word(kk, self.texts),
            rms=percents(kk.rms_percent),
            largest=percents(kk.largest_percent),
        )
        if curves.residual_real_percent:
            both = (*curves.residual_real_percent, *curves.residual_imaginary_percent)
            most = percents(max(map(abs, both)))
            fit = self.texts("ui.measured.picture.residuals.fit", rms=percents(spectrum.rms_percent), largest=most)
            says = f"{fit} {says}"

        def paint(canvas: Any) -> None:
            both = two_axes(canvas, 34) if len(rows) == 2 else (axes_of(canvas, 34, 250 - 34 - BELOW),)
            for axes, (title, real, imaginary) in zip(both, rows, strict=True):
                axes.set_xscale("log")
                axes.grid(linewidth=0.6)
                axes.axhline(0, color=TEXT, linewidth=0.8)
                parts = (
                    (np.array(real), "o", 4.0, INK, self.word("real")),
                    (np.array(imaginary), "x", 4.5, FIT, self.word("imaginary")),
                )
                # A few points far out must not press the others together.
                sizes = np.abs(np.concatenate([part[0] for part in parts]))
                most = 1.15 * max(min(float(sizes.max()), 8 * float(np.quantile(sizes, 0.8))), 1e-3)
                axes.set_ylim(-most, most)
                beyond = 0
                for values, marker, size, colour, label in parts:
                    inside = np.abs(values) <= most
                    look = {"linestyle": "none", "markersize": size, "color": colour, "zorder": 3}
                    axes.plot(f[inside], values[inside], marker=marker, markeredgewidth=1.2, label=label, **look)
                    for sign, arrow in ((1, "^"), (-1, "v")):
                        out = sign * values > most
                        hollow = "full" if marker == "o" else "none"
                        edge = np.full(int(out.sum()), 0.93 * sign * most)
                        axes.plot(f[out], edge, marker=arrow, fillstyle=hollow, **look)
                    beyond += int(np.count_nonzero(~inside))
                told = self.texts("ui.measured.picture.beyond", title=title, count=beyond) if beyond else title
                axes.set_ylabel("%")
                axes.set_title(told, loc="left", pad=3, fontsize=9)
                log_ticks(axes.xaxis)
            add_legend(both[0], 14)
            for axes in both[:-1]:
                axes.tick_params(labelbottom=False)
            both[-1].set_xlabel(self.word("frequency"))

        return self.draw(name, self.title("residuals", spectrum), says, (WIDE / 72, 250 / 72), paint)

    def relaxation(self, name: str, spectrum: MeasuredSpectrum) -> str:
        """The distribution of relaxation times, with the arcs of the fit where they peak."""
        curves = spectrum.curves
        if not curves.relaxation_s:
            return ""
        # Over frequency from high to low, so that it reads as the other pictures do from left to right: tau rises.
        tau, gamma = np.array(curves.relaxation_s), np.array(curves.relaxation_ohm)
        places = [1 / (2 * math.pi * arc.frequency_Hz) for arc in spectrum.arcs]
        labels = [f"{place} {arc_name(arc, self.texts)}" for place, arc in enumerate(spectrum.arcs, 1)]
        peaks = [
            self.texts("ui.measured.picture.relaxation.arc", name=label, tau=figure(at, unit="s"))
            for label, at in zip(labels, places, strict=True)
        ]
        highest = float(tau[int(np.argmax(gamma))])
        said = self.texts("ui.measured.picture.relaxation.says", tau=figure(highest, unit="s"))
        says = f"{said} {'; '.join(peaks)}." if peaks else said
        top = float(gamma.max()) or 1.0
        scale, unit = scaled(top)

        def paint(canvas: Any) -> None:
            tall = 158.0
            head = LINE * len(labels) + 10
            axes = axes_of(canvas, head, tall)
            axes.set_xscale("log")
            axes.set_xlim(min(tau[0], *places), max(tau[-1], *places))
            axes.set_ylim(0, 1.08 * top / scale)
            axes.grid(linewidth=0.6)
            axes.fill_between(tau, gamma / scale, color=PALE, linewidth=0, zorder=1)
            axes.plot(tau, gamma / scale, color=INK, linewidth=1.3, zorder=2)
            where = axes.get_xaxis_transform()
            for number, (at, label) in enumerate(zip(places, labels, strict=True)):
                # The name of each stands on a line of its own over the axes; a line leads down from it.
                high = 1 + (10 + LINE * number) / tall
                style = {"color": FIT, "linewidth": 1.0, "linestyle": (0, (4, 2)), "clip_on": False}
                axes.plot([at, at], [0, high], transform=where, zorder=3, **style)
                right = math.log(at / axes.get_xlim()[0]) > 0.55 * math.log(axes.get_xlim()[1] / axes.get_xlim()[0])
                axes.annotate(
                    label,
                    (at, high),
                    xycoords=where,
                    xytext=(-4 if right else 4, -3),
                    textcoords="offset points",
                    ha="right" if right else "left",
                    va="center",
                    zorder=6,
                    annotation_clip=False,
                    bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.6},
                )
            axes.set_xlabel(self.word("tau"))
            axes.set_ylabel(self.texts("ui.measured.picture.gamma", unit=unit))
            axes.locator_params(axis="y", nbins=5)
            log_ticks(axes.xaxis)

        size = (WIDE / 72, (158 + BELOW + LINE * len(labels) + 10) / 72)
        return self.draw(name, self.title("relaxation", spectrum), says, size, paint)
