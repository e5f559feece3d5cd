"""Pictures as inline SVG: drawn by matplotlib, text as text, named for those who do not see them, equal to the byte."""

from __future__ import annotations

import io
import textwrap
import warnings
from collections.abc import Callable
from typing import Any, ClassVar, Literal
from xml.etree import ElementTree

from diagnose.markup import plain

INK, PALE, GRID, TEXT, QUIET = "#24507a", "#a9bfd6", "#d9dde2", "#1c2733", "#56616d"
STYLE: dict[str, Any] = {
    "svg.fonttype": "none",
    "svg.hashsalt": "diagnose",
    # Names may hold dollar signs.
    "text.parse_math": False,
    "font.family": "DejaVu Sans",
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": "#8b929b",
    "axes.axisbelow": True,
    "grid.color": GRID,
}


class Painter:
    """Draws pictures; `able` is false when matplotlib is not installed."""

    # Over STYLE, and how matplotlib arranges the axes.
    style: ClassVar[dict[str, Any]] = {}
    layout: ClassVar[Literal["constrained"] | None] = "constrained"

    def __init__(self) -> None:
        try:
            from matplotlib import style
            from matplotlib.figure import Figure
        except ImportError:
            self.able = False
        else:
            self.able, self._figure, self._style = True, Figure, style

    def draw(
        self,
        name: str,
        title: str,
        says: str,
        size: tuple[float, float],
        paint: Callable[[Any], None],
    ) -> str:
        """One picture of a size in inches, with the name and the description that are read aloud; nothing if not able.

        The style is set from scratch, so a site's own settings do not change the bytes.
        """
        if not self.able:
            return ""
        with warnings.catch_warnings(), self._style.context(["default", {**STYLE, **self.style}]):
            # A sign that the font for measuring lacks is still shown by the reader's own.
            warnings.filterwarnings("ignore", message=r"Glyph .* missing from")
            figure = self._figure(figsize=size, layout=self.layout)
            paint(figure)
            stream = io.StringIO()
            nothing = dict.fromkeys(("Date", "Creator", "Format", "Type"))
            figure.savefig(stream, format="svg", metadata=nothing, transparent=True)
        return inline(stream.getvalue(), name, title, says)


def folded(text: str, width: int, most: int = 2) -> str:
    """A label in at most so many lines."""
    lines = textwrap.wrap(plain(text, 1000), width)
    return "\n".join(lines[:most]) + ("..." if len(lines) > most else "")


def inline(svg: str, name: str, title: str, says: str) -> str:
    """A picture as part of a page: without what only a file needs, its ids its own, with a name that is read aloud."""
    root = ElementTree.fromstring(svg)
    for parent in root.iter():
        for child in list(parent):
            if child.tag.endswith(("}metadata", "}style")):
                parent.remove(child)
    for each in root.iter():
        each.tag = each.tag.rpartition("}")[2]
        for key, value in list(each.attrib.items()):
            del each.attrib[key]
            if key == "id":
                value = f"{name}-{value}"
            elif key.endswith("href"):
                value = value.replace("#", f"#{name}-", 1)
            each.attrib[key.rpartition("}")[2]] = value.replace("url(#", f"url(#{name}-")
    for tag, text in (("desc", says), ("title", title)):
        told = ElementTree.Element(tag, {"id": f"{name}-{tag}"})
        told.text = plain(text, 10_000)
        root.insert(0, told)
    size = {key: root.attrib[key] for key in ("viewBox",)}
    root.attrib.clear()
    root.attrib.update({**size, "role": "img", "aria-labelledby": f"{name}-title {name}-desc"})
    return ElementTree.tostring(root, encoding="unicode")
