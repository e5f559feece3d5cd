"""What was measured, put into words once: the same account is shown as text, as Markdown and on the page.

Figures carry two digits of their standard uncertainty. The words come from `texts`; names of elements, reasons and
steps come with the measurement.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from diagnose.guidancetext import share
from diagnose.measured import (
    KramersKronigResult,
    MeasuredArc,
    MeasuredCircuit,
    MeasuredField,
    MeasuredLaw,
    MeasuredSeries,
    MeasuredSpectrum,
    Measurement,
)
from diagnose.quantity import unit_label
from diagnose.texts import Texts

Measured = Measurement | MeasuredSpectrum | MeasuredSeries

# An arc is called by the likeliest element from this probability on: then it is likelier than all others together.
NAMED_FROM = 0.5
# An element less likely than this is not worth a word, and a law neither.
LEAST = 0.005
# More points, files and spectra than these are counted instead of listed.
MOST_POINTS, MOST_FILES, MOST_SPECTRA = 40, 6, 6
PREFIXES = {-15: "f", -12: "p", -9: "n", -6: "u", -3: "m", 0: "", 3: "k", 6: "M", 9: "G"}
PREFIXED = ("ohm", "F", "H", "Hz", "s")
# Units of what tails and circuits are made of.
UNITS = {"Q": "S s^n", "W": "ohm s^-0.5", "R": "ohm", "tau": "s", "C": "F", "L": "H"}


class Words(NamedTuple):
    """A paragraph."""

    says: str


class Listed(NamedTuple):
    """A list, with a caption or without."""

    caption: str
    items: tuple[str, ...]
    numbered: bool = False


class Row(NamedTuple):
    """A row of a table, and a remark that belongs to its first cell."""

    cells: tuple[str, ...]
    note: str = ""


class Grid(NamedTuple):
    """A table; `names` says that its first column holds names of the program, such as fields."""

    caption: str
    head: tuple[str, ...]
    rows: tuple[Row, ...]
    names: bool = False


Block = Words | Listed | Grid


class Account(NamedTuple):
    """A heading with what stands below it; `about` is what can be drawn, `level` how deep it stands."""

    heading: str
    blocks: tuple[Block, ...]
    about: MeasuredSpectrum | MeasuredLaw | None = None
    level: int = 1


# --- figures


def figure(value: float, sigma: float | None = None, unit: str = "") -> str:
    """A figure with two digits of its standard uncertainty and its unit: 310 ± 20 ohm, 3.20 ± 0.21 nF.

    Without an uncertainty it has four digits. An uncertainty that is none (infinite) gives two digits after a tilde.
    """
    power = _power(value if value else sigma or 0.0, unit)
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


def percents(value: float) -> str:
    """Percent to two digits."""
    return f"{value:.2g} %"


# --- small parts, which pictures share


def titled(spectrum: MeasuredSpectrum, texts: Texts) -> str:
    """What a spectrum is called: its file and its number in it."""
    return texts("ui.measured.spectrum", file=spectrum.file, number=spectrum.number)


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
        "low": figure(kk.valid_low_Hz, unit="Hz"),
        "high": figure(kk.valid_high_Hz, unit="Hz"),
        "order": kk.order,
        "outliers": kk.outliers,
    }
    return f"{kk_word(kk, texts)}: {texts('ui.measured.kk.figures', **told)}"


def kk_word(kk: KramersKronigResult, texts: Texts) -> str:
    """KK-consistent or not."""
    return texts("ui.measured.kk.consistent" if kk.consistent else "ui.measured.kk.inconsistent")


# --- accounts


def accounts(measured: Measured, texts: Texts) -> Iterator[Account]:
    """What was measured, heading by heading."""
    if isinstance(measured, MeasuredSpectrum):
        yield spectrum_account(measured, texts)
    elif isinstance(measured, MeasuredSeries):
        yield from _series(measured, texts)
    else:
        yield from _measurement(measured, texts)


def _measurement(measured: Measurement, texts: Texts) -> Iterator[Account]:
    sources: tuple[MeasuredSpectrum | MeasuredSeries, ...] = (*measured.series, *measured.spectra)
    # The fields of the only source are those of the case; they are told once.
    once = len(sources) == 1 and sources[0].fields == measured.fields
    for series in measured.series:
        yield from _series(series, texts, fields=not once)
    for spectrum in measured.spectra[:MOST_SPECTRA]:
        yield spectrum_account(spectrum, texts, fields=not once)
    if rest := measured.spectra[MOST_SPECTRA:]:
        yield Account(texts("ui.measured.more"), (_overview(rest, texts),))
    blocks: list[Block] = []
    if measured.fields:
        blocks.append(_fields(measured.fields, texts, "ui.measured.fields.taken"))
    if measured.passed_over:
        blocks.append(Listed(texts("ui.measured.fields.passed"), measured.passed_over))
    if blocks:
        yield Account(texts("ui.measured.fields.heading"), tuple(blocks))


def spectrum_account(spectrum: MeasuredSpectrum, texts: Texts, fields: bool = True) -> Account:
    """One spectrum, from the points to the fields."""
    blocks: list[Block] = [Listed("", tuple(_facts(spectrum, texts)))]
    if spectrum.reason:
        blocks.append(Words(texts("ui.measured.because", reason=spectrum.reason.rstrip("."))))
    else:
        blocks += _fitted(spectrum, texts)
    if spectrum.circuit:
        blocks.append(_circuit(spectrum.circuit, texts))
    if spectrum.doubts:
        blocks.append(Listed(texts("ui.measured.doubts"), spectrum.doubts))
    blocks += _steps(spectrum.steps, texts)
    if fields and spectrum.fields:
        blocks.append(_fields(spectrum.fields, texts, "ui.measured.fields.caption"))
    return Account(titled(spectrum, texts), tuple(blocks), spectrum)


def _facts(spectrum: MeasuredSpectrum, texts: Texts) -> Iterator[str]:
    dropped = "; ".join(f"{count} ({reason})" for reason, count in spectrum.dropped.items())
    none = texts("ui.measured.nothing")
    yield texts("ui.measured.points", points=spectrum.points, dropped=dropped or none)
    if spectrum.area_cm2 is None:
        yield texts("ui.measured.no_area")
    else:
        yield texts("ui.measured.area", area=f"{spectrum.area_cm2:.4g}", source=spectrum.area_source)
    if spectrum.thickness_um is not None:
        yield texts("ui.measured.thickness", thickness=f"{spectrum.thickness_um:.4g}")
    if spectrum.symmetric:
        yield texts("ui.measured.symmetric")
    yield kk_line(spectrum.kk, texts)
    if spectrum.series_ohm is not None:
        series = figure(spectrum.series_ohm, spectrum.sigma_series_ohm, "ohm")
        yield texts("ui.measured.series_resistance", resistance=series)
    if spectrum.inductance_H is not None:
        yield texts("ui.measured.inductance", inductance=figure(spectrum.inductance_H, unit="H"))


def _fitted(spectrum: MeasuredSpectrum, texts: Texts) -> Iterator[Block]:
    if spectrum.arcs:
        head = tuple(texts(f"ui.measured.arcs.{name}") for name in ("arc", "resistance", "capacitance", "peak"))
        rows = tuple(_arc(place, arc, texts) for place, arc in enumerate(spectrum.arcs, 1))
        yield Grid(texts("ui.measured.arcs.caption"), (*head, "n"), rows)
    if spectrum.lumps:
        sums = (
            texts("ui.measured.lump", sum=figure(lump.R_ohm, lump.sigma_R_ohm, "ohm"), reason=lump.reason)
            for lump in spectrum.lumps
        )
        yield Listed(texts("ui.measured.lumps"), tuple(sums))
    left = texts("ui.measured.leaves", rms=percents(spectrum.rms_percent), chi2=f"{spectrum.chi2:.2g}")
    yield Listed("", (tail_line(spectrum, texts), left))


def _arc(place: int, arc: MeasuredArc, texts: Texts) -> Row:
    chances = "; ".join(f"{each.title} {share(each.probability)}" for each in arc.elements if each.probability >= LEAST)
    alone = "" if arc.alone else texts("ui.measured.arcs.not_alone")
    note = " ".join(f"{each.rstrip('.')}." for each in (chances, alone, arc.says) if each)
    cells = (
        f"{place}. {arc_name(arc, texts)}",
        figure(arc.R_ohm, arc.sigma_R_ohm, "ohm"),
        figure(arc.C_F, arc.sigma_C_F, "F"),
        figure(arc.frequency_Hz, arc.sigma_frequency_Hz, "Hz"),
        figure(arc.n, arc.sigma_n),
    )
    return Row(cells, note)


def tail_line(spectrum: MeasuredSpectrum, texts: Texts) -> str:
    """What follows the arcs at low frequency, with its figures."""
    kind = texts(f"ui.measured.tail.{spectrum.tail}")
    values = ", ".join(
        f"{name} = {figure(value, unit=UNITS.get(name, ''))}" for name, value in spectrum.tail_values.items()
    )
    return texts("ui.measured.tail_is", tail=f"{kind} ({values})" if values else kind)


def _circuit(circuit: MeasuredCircuit, texts: Texts) -> Block:
    caption = texts("ui.measured.circuit", circuit=circuit.circuit)
    if circuit.reason:
        return Listed(caption, (texts("ui.measured.because", reason=circuit.reason.rstrip(".")),))
    rows = tuple(Row((name, figure(*pair, _unit(name)))) for name, pair in circuit.values.items())
    left = Row((texts("ui.measured.circuit_leaves"), percents(circuit.rms_percent)))
    return Grid(caption, (texts("ui.measured.parameter"), texts("ui.measured.value")), (*rows, left), names=True)


def _unit(name: str) -> str:
    """The unit of a parameter of a circuit: that of R1 is ohm, that of CPE1.Q is S s^n."""
    kind = name.partition(".")[2] or re.sub(r"[_\d]*$", "", name)
    return UNITS.get(kind, "")


def _steps(steps: Sequence[str], texts: Texts) -> list[Block]:
    return [Listed(texts("ui.measured.steps"), tuple(steps), numbered=True)] if steps else []


def _fields(fields: Sequence[MeasuredField], texts: Texts, caption: str) -> Grid:
    rows = tuple(Row((each.field, each.text)) for each in fields)
    return Grid(texts(caption), (texts("ui.measured.fields.field"), texts("ui.measured.value")), rows, names=True)


# --- series


def _series(series: MeasuredSeries, texts: Texts, fields: bool = True) -> Iterator[Account]:
    shown = ", ".join(series.files[:MOST_FILES])
    if rest := series.files[MOST_FILES:]:
        shown = texts("ui.measured.files_more", files=shown, count=len(rest))
    blocks: list[Block] = [Words(texts("ui.measured.from", files=shown))]
    if series.reason:
        blocks.append(Words(texts("ui.measured.because", reason=series.reason.rstrip("."))))
    if series.spectra:
        blocks.append(_overview(series.spectra, texts))
    blocks += _steps(series.steps, texts)
    if fields and series.fields:
        blocks.append(_fields(series.fields, texts, "ui.measured.fields.caption"))
    yield Account(texts("ui.measured.series", over=series.over), tuple(blocks))
    for law in series.laws:
        yield law_account(law, texts)


def _overview(spectra: Sequence[MeasuredSpectrum], texts: Texts) -> Grid:
    """Many spectra, a row for each."""
    head = tuple(texts(f"ui.measured.overview.{name}") for name in ("spectrum", "points", "kk", "series", "arcs"))
    rows = []
    for each in spectra:
        series = "-" if each.series_ohm is None else figure(each.series_ohm, each.sigma_series_ohm, "ohm")
        known = [arc_size(arc, texts) for arc in each.arcs if arc.alone]
        known += [texts("ui.measured.sum", sum=figure(lump.R_ohm, lump.sigma_R_ohm, "ohm")) for lump in each.lumps]
        arcs = "; ".join(known) or "-"
        note = texts("ui.measured.because", reason=each.reason.rstrip(".")) if each.reason else ""
        rows.append(Row((titled(each, texts), str(each.points), kk_word(each.kk, texts), series, arcs), note))
    return Grid(texts("ui.measured.overview.caption"), head, tuple(rows))


def law_account(law: MeasuredLaw, texts: Texts) -> Account:
    """The law of one resistance."""
    blocks: list[Block] = []
    if law.says:
        blocks.append(Words(law.says))
    # A law that cannot be told may say so itself.
    if law.reason and law.reason.rstrip(".") not in law.says:
        blocks.append(Words(texts("ui.measured.because", reason=law.reason.rstrip("."))))
    if law.parameters:
        rows = tuple(Row((name, figure(*pair))) for name, pair in law.parameters.items())
        caption = texts("ui.measured.law.parameters", law=law.name)
        head = (texts("ui.measured.parameter"), texts("ui.measured.value"))
        blocks.append(Grid(caption, head, rows, names=True))
    if law.candidates:
        rows = tuple(Row((each.name, share(each.weight), f"{each.aicc:.1f}")) for each in law.candidates)
        tried = (texts("ui.measured.law.name"), texts("ui.measured.law.weight"), "AICc")
        blocks.append(Grid(texts("ui.measured.law.candidates"), tried, rows))
    if law.doubts:
        blocks.append(Listed(texts("ui.measured.doubts"), law.doubts))
    if law.x:
        blocks.append(_points(law, texts))
    return Account(law_name(law, texts), tuple(blocks), law, 2)


def _points(law: MeasuredLaw, texts: Texts) -> Block:
    unit = unit_label(law.unit)
    if len(law.x) > MOST_POINTS:
        ends = {"low": f"{min(law.x):.4g}", "high": f"{max(law.x):.4g}", "over": law.over, "points": len(law.x)}
        values = texts("ui.value.range", low=f"{min(law.resistance):.4g}", high=f"{max(law.resistance):.4g} {unit}")
        return Words(texts("ui.measured.law.many", **ends, values=values))
    sigmas: Sequence[float | None] = law.sigma or [None] * len(law.x)
    rows = tuple(
        Row((f"{x:.4g}", figure(value, sigma))) for x, value, sigma in zip(law.x, law.resistance, sigmas, strict=True)
    )
    return Grid(texts("ui.measured.law.points"), (law.over, f"R, {unit}"), rows)
