"""HTML that our pages share: text made safe, tables that can be read aloud, one style, one frame."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from html import escape

CSS = """
:root { color-scheme: light; --ink: #1c2733; --quiet: #56616d; --line: #d5dae0; --accent: #24507a; }
* { box-sizing: border-box; }
body { margin: 0; background: #fff; color: var(--ink);
  font: 1rem/1.55 system-ui, -apple-system, "Segoe UI", "Helvetica Neue", Arial, sans-serif; }
main { max-width: 62rem; margin: 0 auto; padding: 3rem 1.5rem 4rem; }
h1 { font-size: 1.9rem; line-height: 1.2; font-weight: 650; margin: 0 0 .6rem; overflow-wrap: anywhere; }
h2 { font-size: 1.25rem; font-weight: 650; margin: 0 0 .4rem; }
section { margin-top: 3.2rem; padding-top: 1.1rem; border-top: 1px solid var(--line); }
p { max-width: 46rem; margin: .4rem 0 .8rem; }
.lede { font-size: 1.1rem; }
.note { color: var(--quiet); font-size: .92rem; }
dl.key { display: grid; grid-template-columns: repeat(auto-fit, minmax(9rem, 1fr)); gap: 0 1.5rem; margin: 1.8rem 0 0; }
dl.key > div { border-top: 3px solid var(--accent); padding: .5rem 0 0; }
dl.key dt { color: var(--quiet); font-size: .85rem; }
dl.key dd { margin: 0; font-size: 1.55rem; font-weight: 600; font-variant-numeric: tabular-nums; }
figure { margin: 1.2rem 0 1.4rem; }
svg { display: block; width: 100%; height: auto; }
svg * { stroke-linejoin: round; stroke-linecap: butt; }
svg text { font-family: inherit !important; }
.wide { overflow-x: auto; }
.beside table { width: 100%; }
.beside { display: grid; grid-template-columns: repeat(auto-fit, minmax(20rem, 1fr)); gap: 0 3rem; align-items: end; }
table { border-collapse: collapse; min-width: 60%; font-size: .9rem; line-height: 1.4; margin: 1rem 0; }
caption { text-align: left; color: var(--quiet); padding: 0 0 .4rem; }
th, td { text-align: left; vertical-align: top; font-weight: 400; padding: .34rem 1.1rem .34rem 0;
  border-bottom: 1px solid var(--line); overflow-wrap: break-word; }
thead th { vertical-align: bottom; font-size: .82rem; line-height: 1.3; font-weight: 600;
  border-bottom: 1.5px solid var(--ink); }
.n { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
thead .n { white-space: normal; }
th:last-child, td:last-child { padding-right: 0; }
code { font: .86em ui-monospace, "SF Mono", Consolas, "Liberation Mono", monospace; color: var(--quiet);
  overflow-wrap: anywhere; }
th code, td code { display: block; line-height: 1.55; }
.s { white-space: nowrap; }
@page { margin: 16mm 14mm; }
@media print {
  html { font-size: 10pt; }
  main { max-width: none; padding: 0; }
  section { margin-top: 1.6rem; }
  h2, h2 + p, caption { break-after: avoid; }
  figure, tr, dl.key { break-inside: avoid; }
  table { font-size: 8.5pt; }
  th, td { padding-right: .7rem; }
  thead { display: table-header-group; }
  .wide { overflow: visible; }
}
""".strip()


LONG = 2000


def plain(text: str, most: int = 80) -> str:
    """Somebody's text on one line: signs that steer a terminal or turn the line round are replaced, the rest cut."""
    cut = text if len(text) <= most else text[: most - 3].rstrip() + "..."
    signs = (" " if sign in "\n\r\t" else "\ufffd" if unicodedata.category(sign)[0] == "C" else sign for sign in cut)
    return "".join(signs)


def t(text: str, most: int = 80) -> str:
    """Somebody's text as HTML."""
    return escape(plain(text, most))


def p(text: str, kind: str = "", most: int = 1000) -> str:
    """A paragraph of plain text."""
    return f'<p class="{kind}">{t(text, most)}</p>' if kind else f"<p>{t(text, most)}</p>"


def code(text: str) -> str:
    """A name of the program: a field, a rule, a version."""
    return f"<code>{t(text, 100)}</code>"


def named(says: str, name: str) -> str:
    """A title with its name; the name alone when there is no other title."""
    return f"{t(says)} {code(name)}" if says != name else code(name)


def section(heading: str, lede: str, parts: Iterable[str]) -> str:
    """A part of a page with its heading and first sentence; parts that are empty are left out."""
    first = p(lede) if lede else ""
    return "\n".join(["<section>", f"<h2>{t(heading, 100)}</h2>", *filter(None, (first, *parts)), "</section>"])


def table(
    caption: str,
    head: Sequence[str],
    rows: Iterable[Sequence[str]],
    words: int = 1,
    foot: Sequence[str] = (),
    stacked: bool = False,
) -> str:
    """A table of cells that are HTML already; the first `words` columns hold words, the others figures.

    `foot` is a last row that sums up. A `stacked` table is shown on a narrow screen as one block for each row; its
    roles are written out, since a change of display would take them away in some browsers.
    """

    def part(tag: str, role: str, content: str, place: int, short: bool = False, label: str = "") -> str:
        kinds = [name for name, told in (("n", place >= words), ("s", short)) if told]
        scope = {"columnheader": ' scope="col"', "rowheader": ' scope="row"'}.get(role, "")
        scope += f' class="{" ".join(kinds)}"' if kinds else ""
        if stacked:
            scope += f' role="{role}"' + (f' data-label="{t(label)}"' if label else "")
        return f"<{tag}{scope}>{content}</{tag}>"

    def line(cells: Sequence[str]) -> str:
        # A date or a lot stays on one line.
        first = part("th", "rowheader", cells[0], 0, short=len(cells[0]) <= 20)
        rest = (part("td", "cell", cell, place, label=head[place]) for place, cell in enumerate(cells[1:], 1))
        return f"<tr{row}>{first}{''.join(rest)}</tr>"

    row, group = (' role="row"', ' role="rowgroup"') if stacked else ("", "")
    top = "".join(part("th", "columnheader", t(name), place) for place, name in enumerate(head))
    body = "\n".join(map(line, rows))
    last = f"<tfoot{group}>\n{line(foot)}\n</tfoot>\n" if foot else ""
    opened = '<table class="stack" role="table">' if stacked else "<table>"
    return (
        f'<div class="wide">{opened}\n<caption>{t(caption, 300)}</caption>\n<thead{group}><tr{row}>{top}</tr></thead>\n'
        f"<tbody{group}>\n{body}\n</tbody>\n{last}</table></div>"
    )


def document(title: str, body: str, style: str = "", language: str = "en") -> str:
    """A whole page around its body; `style` is added to what every page has."""
    head = (
        '<meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>{t(title, 200)}</title>",
        f"<style>\n{CSS}{style}\n</style>",
    )
    opening = ("<!DOCTYPE html>", f'<html lang="{t(language)}">', "<head>", *head, "</head>", "<body>", "<main>", body)
    return "\n".join((*opening, "</main>", "</body>", "</html>", ""))


def prose(text: str, kind: str = "") -> str:
    """A paragraph of any length; nothing for no words."""
    return p(text, kind, LONG) if text else ""


def heading(text: str) -> str:
    """A heading within a section."""
    return f"<h3>{t(text, 200)}</h3>"


def listed(items: Iterable[str]) -> str:
    """A list of HTML items."""
    return '<ul class="plain">' + "".join(f"<li>{item}</li>" for item in items) + "</ul>"


def pair(picture: str, figures: str) -> str:
    """A picture with its figures beside it; above them where the page is narrow."""
    if not picture:
        return full(figures)
    return f'<div class="pair"><figure>{picture}</figure><div>{figures}</div></div>'


def full(figures: str) -> str:
    """Figures as wide as the page."""
    return f'<div class="full">{figures}</div>'
