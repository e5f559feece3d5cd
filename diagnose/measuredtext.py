"""What was measured as plain text and as Markdown: the same words in the same order."""

from __future__ import annotations

from collections.abc import Iterator

from diagnose.measuredwords import Block, Grid, Listed, Measured, Words, accounts
from diagnose.page import Page
from diagnose.render import IN_ENGLISH, inline
from diagnose.texts import Texts


def measured_text(measured: Measured, texts: Texts = IN_ENGLISH, width: int = 100) -> str:
    """What was measured as plain text of a width in characters."""
    page = Page(width, texts)
    add_measured(page, measured)
    return page.text() if page.lines else ""


def add_measured(page: Page, measured: Measured) -> None:
    """What was measured, at the end of a page."""
    for account in accounts(measured, page.texts):
        page.add()
        page.add(account.heading, hang="    ")
        for block in account.blocks:
            _add(page, block)


def _add(page: Page, block: Block) -> None:
    if isinstance(block, Words):
        page.add(block.says, "  ")
        return
    if block.caption:
        page.add(block.caption, "  ")
    indent = "    " if block.caption else "  "
    if isinstance(block, Grid):
        _grid(page, block, indent)
    elif block.numbered:
        for number, item in enumerate(block.items, 1):
            page.after(f"{number:>2}. ", item, indent)
    else:
        page.items(block.items, indent)


def _grid(page: Page, grid: Grid, indent: str) -> None:
    """Columns where they fit, else each row as names with values; a remark stands below its row."""
    lines = [grid.head, *(row.cells for row in grid.rows)]
    wide = [max(map(len, column)) for column in zip(*lines, strict=True)]
    fits = len(indent) + sum(wide) + 2 * (len(wide) - 1) <= page.width
    notes = ["", *(row.note for row in grid.rows)]
    for place, (cells, note) in enumerate(zip(lines, notes, strict=True)):
        if fits:
            page.lines.append(indent + "  ".join(f"{cell:<{size}}" for cell, size in zip(cells, wide, strict=True)))
        elif place:
            told = (f"{name} {cell}" for name, cell in zip(grid.head[1:], cells[1:], strict=True) if cell)
            page.add(f"{cells[0]}: {'; '.join(told)}", indent, indent + "  ")
        if note:
            page.add(note, indent + "   ")


# --- Markdown


def measured_markdown(measured: Measured, texts: Texts = IN_ENGLISH, level: int = 2) -> str:
    """What was measured as Markdown; its headings begin at a level."""
    return "\n".join(markdown_lines(measured, texts, level)).strip("\n") + "\n"


def markdown_lines(measured: Measured, texts: Texts, level: int) -> Iterator[str]:
    """The lines of it, with an empty line before each heading and block."""
    for account in accounts(measured, texts):
        yield from ("", f"{'#' * (level + account.level - 1)} {inline(account.heading)}")
        for block in account.blocks:
            yield ""
            yield from _markdown(block)


def _markdown(block: Block) -> Iterator[str]:
    if isinstance(block, Words):
        yield inline(block.says)
        return
    if block.caption:
        yield from (f"{inline(block.caption)}:", "")
    if isinstance(block, Listed):
        for number, item in enumerate(block.items, 1):
            yield f"{f'{number}.' if block.numbered else '-'} {inline(item)}"
        return
    noted = any(row.note for row in block.rows)
    yield f"| {' | '.join(map(inline, block.head))} |{' |' if noted else ''}"
    yield "|---" * (len(block.head) + noted) + "|"
    for row in block.rows:
        cells = (*row.cells, row.note) if noted else row.cells
        yield f"| {' | '.join(map(inline, cells))} |"
