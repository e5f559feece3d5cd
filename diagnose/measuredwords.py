"""What was measured, put into words once: the same account is shown as text, as Markdown and on the page.

Figures carry two digits of their standard uncertainty. The words come from `texts`; names of elements, reasons and
steps come with the measurement.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from diagnose.guidancetext import share
from diagnose.measured import (
    MeasuredArc,
    MeasuredCircuit,
    MeasuredField,
    MeasuredLaw,
    MeasuredSeries,
    MeasuredSpectrum,
    Measurement,
)
from diagnose.measuredfigures import (
    arc_name,
    arc_size,
    circuit_unit,
    figure,
    file_name,
    kk_line,
    kk_word,
    law_name,
    percents,
    tail_line,
    titled,
)
from diagnose.quantity import unit_label
from diagnose.texts import Texts

Measured = Measurement | MeasuredSpectrum | MeasuredSeries

# An element less likely than this is not worth a word, and a law neither.
LEAST = 0.005
# More points, files and spectra than these are counted instead of listed.
MOST_POINTS, MOST_FILES, MOST_SPECTRA = 40, 6, 6


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
    if any(arc.says for arc in spectrum.arcs):
        said = tuple(arc.says or arc_name(arc, texts) for arc in spectrum.arcs)
        yield Listed(texts("ui.measured.arcs.why"), said, numbered=True)
    if spectrum.lumps:
        sums = (
            texts("ui.measured.lump", sum=figure(lump.R_ohm, lump.sigma_R_ohm, "ohm"), reason=lump.reason)
            for lump in spectrum.lumps
        )
        yield Listed(texts("ui.measured.lumps"), tuple(sums))
    left = texts("ui.measured.leaves", rms=percents(spectrum.rms_percent), misfit=f"{spectrum.chi2:.2g}")
    yield Listed("", (tail_line(spectrum, texts), left))


def _arc(place: int, arc: MeasuredArc, texts: Texts) -> Row:
    chances = "; ".join(f"{each.title} {share(each.probability)}" for each in arc.elements if each.probability >= LEAST)
    alone = "" if arc.alone else texts("ui.measured.arcs.not_alone")
    note = ". ".join(filter(None, (chances, alone)))
    cells = (
        f"{place}. {arc_name(arc, texts)}",
        figure(arc.R_ohm, arc.sigma_R_ohm, "ohm"),
        figure(arc.C_F, arc.sigma_C_F, "F"),
        figure(arc.frequency_Hz, arc.sigma_frequency_Hz, "Hz"),
        figure(arc.n, arc.sigma_n),
    )
    return Row(cells, note)


def _circuit(circuit: MeasuredCircuit, texts: Texts) -> Block:
    caption = texts("ui.measured.circuit", circuit=circuit.circuit)
    if circuit.reason:
        return Listed(caption, (texts("ui.measured.because", reason=circuit.reason.rstrip(".")),))
    rows = tuple(Row((name, figure(*pair, circuit_unit(name)))) for name, pair in circuit.values.items())
    left = Row((texts("ui.measured.circuit_leaves"), percents(circuit.rms_percent)))
    return Grid(caption, (texts("ui.measured.parameter"), texts("ui.measured.value")), (*rows, left), names=True)


def _steps(steps: Sequence[str], texts: Texts) -> list[Block]:
    return [Listed(texts("ui.measured.steps"), tuple(steps), numbered=True)] if steps else []


def _fields(fields: Sequence[MeasuredField], texts: Texts, caption: str) -> Grid:
    rows = tuple(Row((each.field, each.text)) for each in fields)
    return Grid(texts(caption), (texts("ui.measured.fields.field"), texts("ui.measured.value")), rows, names=True)


# --- series


def _series(series: MeasuredSeries, texts: Texts, fields: bool = True) -> Iterator[Account]:
    shown = ", ".join(map(file_name, series.files[:MOST_FILES]))
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
