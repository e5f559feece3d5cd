"""Figures and names of what was measured, which its words and its pictures share.

Figures carry two digits of their standard uncertainty.
"""

from __future__ import annotations

import math
import re

from diagnose.measured import KramersKronigResult, MeasuredArc, MeasuredLaw, MeasuredSpectrum
from diagnose.texts import Texts

# An arc is called by the likeliest element from this probability on: then it is likelier than all others together.
NAMED_FROM = 0.5
PREFIXES = {-15: "f", -12: "p", -9: "n", -6: "u", -3: "m", 0: "", 3: "k", 6: "M", 9: "G"}
PREFIXED = ("ohm", "F", "H", "Hz", "s")
# Units of what tails and circuits are made of.
UNITS = {"Q": "S s^n", "W": "ohm s^-0.5", "R": "ohm", "tau": "s", "C": "F", "L": "H"}


def figure(value: float, sigma: float | None = None, unit: str = "") -> str:
    """A figure with two digits of its standard uncertainty and its unit: 310 ± 20 ohm, 3.20 ± 0.21 nF.

    Without an uncertainty it has four digits. An uncertainty that is none (infinite) gives two digits after a tilde.
    """
    # The larger of the two sets the prefix, so that neither has many zeros.
    power = _power(max(abs(value), sigma if sigma and math.isfinite(sigma) else 0.0), unit)
    named = unit in PREFIXED
    scale, after = 10.0**power, f" {PREFIXES[power] if named else ''}{unit}" if unit else ""
    beyond = f"e{power}" if power and not named else ""
    value = value / scale
    if not sigma:
        return f"{value:.4g}{beyond}{after}"
    if not math.isfinite(sigma):
        return f"~{value:.2g}{beyond}{after}"
    sigma = sigma / scale
    places = 1 - int(f"{sigma:.1e}".partition("e")[2])
    if places > 12:
        return f"{value:.4g} ± {sigma:.1e}{beyond}{after}"
    told = " ± ".join(f"{round(each, places):.{max(places, 0)}f}" for each in (value, sigma))
    return f"({told}){beyond}{after}" if beyond else f"{told}{after}"


def _power(value: float, unit: str) -> int:
    """The power of ten that is put into the prefix of the unit, or behind the figure."""
    size = abs(value)
    if not size or not math.isfinite(size) or (unit == "ohm" and 0.01 <= size < 1e4):
        return 0
    if unit in PREFIXED:
        return min(max(3 * math.floor(math.log10(size) / 3), min(PREFIXES)), max(PREFIXES))
    return 0 if 1e-3 <= size < 1e5 else math.floor(math.log10(size))


def frequency(value: float) -> str:
    """A frequency that was set, to three digits."""
    return figure(float(f"{value:.3g}"), unit="Hz")


def percents(value: float) -> str:
    """Percent to two digits."""
    return f"{value:.2g} %"


# --- small parts, which pictures share


def titled(spectrum: MeasuredSpectrum, texts: Texts) -> str:
    """What a spectrum is called: its file and its number in it."""
    return texts("ui.measured.spectrum", file=file_name(spectrum.file), number=spectrum.number)


def file_name(path: str) -> str:
    """The name of a file without the folders of a machine."""
    return re.split(r"[\\/]", path)[-1] or path


def arc_name(arc: MeasuredArc, texts: Texts) -> str:
    """The element that an arc most likely is, or that this cannot be told."""
    first = arc.elements[0] if arc.elements else None
    return first.title if first and first.probability >= NAMED_FROM else texts("ui.measured.cannot_tell")


def arc_size(arc: MeasuredArc, texts: Texts) -> str:
    """The resistance of an arc, where it can be told alone."""
    return figure(arc.R_ohm, arc.sigma_R_ohm, "ohm") if arc.alone else texts("ui.measured.in_sum")


def law_name(law: MeasuredLaw, texts: Texts) -> str:
    """Which resistance over which quantity."""
    return texts("ui.measured.law.of", of=law.of, over=law.over)


def kk_line(kk: KramersKronigResult, texts: Texts) -> str:
    """What the Kramers-Kronig test found. To obey the relations does not prove that the cell stood still."""
    told = {
        "rms": percents(kk.rms_percent),
        "largest": percents(kk.largest_percent),
        "noise": percents(kk.noise_percent),
        "low": frequency(kk.valid_low_Hz),
        "high": frequency(kk.valid_high_Hz),
        "order": kk.order,
        "outliers": kk.outliers,
    }
    return f"{kk_word(kk, texts)}: {texts('ui.measured.kk.figures', **told)}"


def kk_word(kk: KramersKronigResult, texts: Texts) -> str:
    """KK-consistent or not."""
    return texts("ui.measured.kk.consistent" if kk.consistent else "ui.measured.kk.inconsistent")


def tail_line(spectrum: MeasuredSpectrum, texts: Texts) -> str:
    """What follows the arcs at low frequency, with its figures."""
    kind = texts(f"ui.measured.tail.{spectrum.tail}")
    values = ", ".join(
        f"{name} = {figure(value, unit=UNITS.get(name, ''))}" for name, value in spectrum.tail_values.items()
    )
    return texts("ui.measured.tail_is", tail=f"{kind} ({values})" if values else kind)


def circuit_unit(name: str) -> str:
    """The unit of a parameter of a circuit: that of R1 is ohm, that of CPE1.Q is S s^n."""
    kind = name.partition(".")[2] or re.sub(r"[_\d]*$", "", name)
    return UNITS.get(kind, "")
