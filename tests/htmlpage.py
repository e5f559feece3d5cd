"""A page as a parser sees it."""

from __future__ import annotations

import re
from collections import Counter
from html.parser import HTMLParser
from typing import NamedTuple
from xml.etree import ElementTree


class Table(NamedTuple):
    """The words of a table."""

    caption: str
    head: list[str]
    rows: list[list[str]]
    foot: list[str]


def tables(text: str) -> list[Table]:
    """The tables of a page."""
    found = re.findall(r"<table.*?</table>", text, re.DOTALL)
    return [_table(ElementTree.fromstring(each.replace("<br>", "<br/>"))) for each in found]


def _table(root: ElementTree.Element) -> Table:
    def rows(part: str) -> list[list[str]]:
        return [[_words(cell) for cell in row] for row in root.findall(f"{part}/tr")]

    (head,), foot = rows("thead"), rows("tfoot")
    return Table(_words(root.find("caption")), head, rows("tbody"), foot[0] if foot else [])


def pictures(text: str) -> dict[str, list[str]]:
    """The words that are written in each picture of a page, by the title of the picture."""
    found = (ElementTree.fromstring(each) for each in re.findall(r"<svg.*?</svg>", text, re.DOTALL))
    return {_words(root.find("title")): [_words(each) for each in root.iter("text")] for root in found}


def _words(element: ElementTree.Element | None) -> str:
    assert element is not None
    return " ".join(part.strip() for part in element.itertext() if part.strip())


class Checked(HTMLParser):
    """Reads a page and keeps what is not well-formed, its text, and whatever could load something."""

    EMPTY = ("meta", "br", "hr", "img", "link", "input")

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.tags: Counter[str] = Counter()
        self.ids: Counter[str] = Counter()
        self.wrong: list[str] = []
        self.links: list[str] = []
        self.texts: list[str] = []
        self.attributes: set[str] = set()
        self.headings: list[int] = []
        self.feed(text)
        self.close()
        self.wrong += [f"{tag} is not closed" for tag in self.open]

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """An element of its own, as in SVG."""
        self.seen(tag, attrs)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """An element that is opened."""
        self.seen(tag, attrs)
        if tag not in self.EMPTY:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        """An element that is closed."""
        if not self.open or self.open.pop() != tag:
            self.wrong.append(f"</{tag}> closes nothing")

    def handle_data(self, data: str) -> None:
        """Text."""
        self.texts.append(data)

    def seen(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keep what matters of an element."""
        self.tags[tag] += 1
        if tag in ("h1", "h2", "h3", "h4"):
            self.headings.append(int(tag[1]))
        for name, value in attrs:
            self.attributes.add(name)
            if name == "id":
                self.ids[value or ""] += 1
            if name in ("src", "href", "xlink:href", "action", "data", "srcset"):
                self.links.append(value or "")
