"""What was measured as a section of the page of a report: pictures, and beside them the same account in words."""

from __future__ import annotations

from collections.abc import Iterator

from diagnose.lawpictures import LawPictures
from diagnose.markup import code, p, section, t, table
from diagnose.measured import MeasuredLaw, MeasuredSpectrum, Measurement
from diagnose.measuredwords import Account, Block, Grid, Listed, Words, accounts
from diagnose.nyquistpictures import NyquistPictures
from diagnose.spectrumpictures import SpectrumPictures
from diagnose.texts import Texts

LONG, SHORT = 2000, 26

STYLE = """
h4 { font-size: 1rem; font-weight: 650; margin: 1.6rem 0 .3rem; overflow-wrap: anywhere; }
.measured h3 { overflow-wrap: anywhere; }
.drawn { display: grid; grid-template-columns: repeat(2, minmax(0, 29.4rem)); gap: 0 2.2rem; align-items: start; }
.drawn figure { margin: .8rem 0 1rem; }
.measured figcaption { color: var(--quiet); font-size: .9rem; line-height: 1.4; margin: 0 0 .5rem; }
.measured .pair svg { width: 100%; margin: 0; }
.measured .listed { margin: 1rem 0 .2rem; font-weight: 600; font-size: .95rem; }
.measured ol.plain, .measured ul.plain { margin: .3rem 0 1rem; overflow-wrap: anywhere; }
.measured ol.plain { padding-left: 2rem; }
.measured ol.plain li, .measured ul.plain li { margin: 0 0 .25rem; }
@media screen and (max-width: 46rem) { .drawn { display: block; } }
@media print {
  .drawn { grid-template-columns: repeat(2, minmax(0, 1fr)); gap: 0 6mm; }
  h4 { break-after: avoid; }
}
"""


def measured_section(measurement: Measurement, texts: Texts) -> str:
    """The section as HTML text; equal measurements give equal text. It needs STYLE.

    Without matplotlib the words and tables stand alone.
    """
    parts = []
    for place, account in enumerate(accounts(measurement, texts), 1):
        parts += list(_account(f"measured-{place}", account, texts))
    made = section(texts("ui.measured.heading"), texts("ui.measured.lede"), parts)
    return made.replace("<section>", '<section class="measured">', 1)


def _account(name: str, account: Account, texts: Texts) -> Iterator[str]:
    tag = "h3" if account.level == 1 else "h4"
    yield f"<{tag}>{t(account.heading, 200)}</{tag}>"
    blocks = list(account.blocks)
    if account.about is None:
        yield from map(_block, blocks)
        return
    # First what it is in short, then the pictures, then the figures.
    while blocks and (isinstance(blocks[0], Words) or (isinstance(blocks[0], Listed) and not blocks[0].caption)):
        yield _block(blocks.pop(0))
    figures = list(_pictures(name, account.about, texts))
    if isinstance(account.about, MeasuredLaw) and figures and blocks:
        # The points, which come last, stand beside their picture.
        yield f'<div class="pair">{"".join(figures)}<div>{_block(blocks.pop())}</div></div>'
    elif figures:
        yield f'<div class="drawn">{"".join(figures)}</div>'
    yield from map(_block, blocks)


def _pictures(name: str, about: MeasuredSpectrum | MeasuredLaw, texts: Texts) -> Iterator[str]:
    """The pictures there are, each with its caption."""
    if isinstance(about, MeasuredSpectrum):
        draw, known = SpectrumPictures(texts), bool(about.curves.fitted_real_ohm)
        made = {
            "nyquist": NyquistPictures(texts).nyquist(f"{name}-nyquist", about),
            "bode": draw.bode(f"{name}-bode", about),
            "residuals": draw.residuals(f"{name}-residuals", about),
            "relaxation": draw.relaxation(f"{name}-relaxation", about),
        }
    else:
        made, known = {"law": LawPictures(texts).law(f"{name}-law", about)}, bool(about.curve_x)
    for kind, picture in made.items():
        if picture:
            # Where nothing could be fitted, a caption does not speak of it.
            caption = texts(f"ui.measured.picture.{kind}.{'caption' if known or kind == 'relaxation' else 'bare'}")
            yield f"<figure><figcaption>{t(caption, 300)}</figcaption>{picture}</figure>"


def _block(block: Block) -> str:
    if isinstance(block, Words):
        return p(block.says, most=LONG)
    if isinstance(block, Listed):
        tag = "ol" if block.numbered else "ul"
        items = "".join(f"<li>{t(item, LONG)}</li>" for item in block.items)
        return f'{p(block.caption, "listed") if block.caption else ""}<{tag} class="plain">{items}</{tag}>'
    return f'<div class="full">{_table(block)}</div>'


def _table(grid: Grid) -> str:
    rows = []
    for row in grid.rows:
        first, rest = row.cells[0], row.cells[1:]
        head = code(first) if grid.names else t(first, 300)
        note = f"<small>{t(row.note, LONG)}</small>" if row.note else ""
        rows.append([head + note, *(_cell(cell) for cell in rest)])
    return table(grid.caption, grid.head, rows, words=len(grid.head), stacked=len(grid.head) > 3)


def _cell(cell: str) -> str:
    """Figures stay on one line each."""
    parts = cell.split("; ")
    short = cell and max(map(len, parts)) <= SHORT
    return "; ".join(f'<span class="s">{t(part)}</span>' for part in parts) if short else t(cell, LONG)
