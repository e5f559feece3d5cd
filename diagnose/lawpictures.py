"""The law of a series as a picture: measured points, and the law with its band."""

from __future__ import annotations

from typing import Any

import numpy as np

from diagnose.measured import MeasuredLaw
from diagnose.measuredaxes import BELOW, FIT, WIDE, MeasuredPainter, add_legend, axes_of, log_ticks
from diagnose.measuredfigures import law_name
from diagnose.quantity import unit_label
from diagnose.svg import INK, PALE, QUIET

# Quantities of which factors count and not differences.
FACTORS = ("stack_pressure_MPa", "area_cm2", "electrolyte_thickness_um", "loading")
WIDE_SPAN = 3.0


class LawPictures(MeasuredPainter):
    """The pictures of series; nothing is drawn where there are no points."""

    def law(self, name: str, law: MeasuredLaw) -> str:
        """Measured points with their uncertainties, and the law with its band of one standard uncertainty."""
        if not law.x:
            return ""
        x, y = np.array(law.x), np.array(law.resistance)
        sigma = np.array(law.sigma) if law.sigma else None
        unit = unit_label(law.unit)
        told = {
            "points": len(x),
            "over": law.over,
            "low": f"{x.min():.4g}",
            "high": f"{x.max():.4g}",
            "least": f"{y.min():.4g}",
            "most": f"{y.max():.4g} {unit}",
        }
        says = f"{self.texts('ui.measured.picture.law.says', **told)} {law.says}".strip()

        def paint(canvas: Any) -> None:
            axes = axes_of(canvas, 24, 190)
            factors = law.over in FACTORS and x.min() > 0 and x.max() / x.min() >= WIDE_SPAN
            if factors:
                axes.set_xscale("log")
                log_ticks(axes.xaxis)
            if y.min() > 0 and (factors or y.max() / y.min() >= WIDE_SPAN):
                axes.set_yscale("log")
                log_ticks(axes.yaxis)
            axes.grid(linewidth=0.6)
            if law.curve_x:
                band = {"facecolor": PALE, "edgecolor": QUIET, "linewidth": 0.5, "hatch": "////", "alpha": 0.7}
                axes.fill_between(law.curve_x, law.curve_low, law.curve_high, zorder=1, label=self.word("band"), **band)
                axes.plot(law.curve_x, law.curve, color=FIT, linewidth=1.4, zorder=2, label=self.word("law"))
            look = {"color": INK, "markerfacecolor": "white", "markersize": 5.5, "capsize": 3, "linewidth": 1.1}
            axes.errorbar(x, y, yerr=sigma, fmt="o", zorder=3, label=self.word("points"), **look)
            add_legend(axes)
            axes.set_xlabel(law.over)
            axes.set_ylabel(f"R, {unit}")

        return self.draw(name, law_name(law, self.texts), says, (WIDE / 72, (190 + 24 + BELOW) / 72), paint)
