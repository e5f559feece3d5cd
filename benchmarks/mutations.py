"""Damage done to files: what disks, mail, spreadsheets and people do to them."""

from __future__ import annotations

import random
from collections.abc import Callable

WORDS = (b"NaN", b"nan", b"-", b"", b"inf", b"-Infinity", b"#DIV/0!", b"OVL", b"1e999", b"-1e308", b"1e-400", b"0",
         b"-0", b"9" * 50, b"1.2.3", b"1,234,567", b"0x10", b"1e", b"\xb5", b"\xe2\x88\x92", b"(",
         b'"', b"1+2j", b"=A1")  # fmt: skip
BREAKS = (b"\t", b",", b";", b" ")
SIGNS = ((b".", b","), (b",", b"."), (b"\n", b"\r"), (b"\n", b""), (b"e", b"D"), (b"-", b"\xe2\x88\x92"))
ENCODINGS = ("utf-16", "utf-16-le", "utf-16-be", "utf-8-sig", "cp1252", "utf-7", "cp037", "utf-32")
# No damage makes a file larger than this.
LARGEST = 400_000


def _lines(raw: bytes) -> list[bytes]:
    return raw.split(b"\n")


def truncated(draw: random.Random, raw: bytes) -> bytes:
    """The end or the beginning is missing."""
    place = draw.randrange(len(raw) + 1)
    return raw[:place] if draw.random() < 0.8 else raw[place:]


def flipped(draw: random.Random, raw: bytes) -> bytes:
    """Some bytes are others."""
    data = bytearray(raw)
    for _ in range(draw.choice((1, 1, 2, 5, 30))):
        if data:
            data[draw.randrange(len(data))] = draw.randrange(256)
    return bytes(data)


def bit(draw: random.Random, raw: bytes) -> bytes:
    """One bit is the other."""
    data = bytearray(raw)
    if data:
        data[draw.randrange(len(data))] ^= 1 << draw.randrange(8)
    return bytes(data)


def nulls(draw: random.Random, raw: bytes) -> bytes:
    """A stretch is null, as after a crash."""
    place = draw.randrange(len(raw) + 1)
    length = draw.choice((1, 4, 64, 512))
    return raw[:place] + bytes(length) + raw[place + draw.choice((0, length)) :]


def without_lines(draw: random.Random, raw: bytes) -> bytes:
    """Some lines are missing."""
    share = draw.choice((0.02, 0.1, 0.5, 0.9))
    return b"\n".join(line for line in _lines(raw) if draw.random() > share)


def repeated_lines(draw: random.Random, raw: bytes) -> bytes:
    """A stretch of lines stands more than once."""
    lines = _lines(raw)
    start = draw.randrange(len(lines))
    end = min(len(lines), start + draw.choice((1, 2, 20, 200)))
    return b"\n".join(lines[:end] + lines[start:end] * draw.choice((1, 1, 1, 2, 3, 60)) + lines[end:])[:LARGEST]


def shuffled_lines(draw: random.Random, raw: bytes) -> bytes:
    """Lines stand in another order."""
    lines = _lines(raw)
    if draw.random() < 0.5:
        draw.shuffle(lines)
    else:
        lines.reverse()
    return b"\n".join(lines)


def _in_cell(draw: random.Random, raw: bytes, change: Callable[[list[bytes]], None]) -> bytes:
    lines = _lines(raw)
    mark = max(BREAKS, key=raw.count)
    for _ in range(draw.choice((1, 1, 3, 40))):
        place = draw.randrange(len(lines))
        cells = lines[place].split(mark)
        change(cells)
        lines[place] = mark.join(cells)
    return b"\n".join(lines)


def swapped_cells(draw: random.Random, raw: bytes) -> bytes:
    """Cells of a line stand in each other's place."""

    def change(cells: list[bytes]) -> None:
        first, second = draw.randrange(len(cells)), draw.randrange(len(cells))
        cells[first], cells[second] = cells[second], cells[first]

    return _in_cell(draw, raw, change)


def words_in_cells(draw: random.Random, raw: bytes) -> bytes:
    """Cells hold words, nothing, or figures that are none."""

    def change(cells: list[bytes]) -> None:
        cells[draw.randrange(len(cells))] = draw.choice(WORDS)

    return _in_cell(draw, raw, change)


def fewer_cells(draw: random.Random, raw: bytes) -> bytes:
    """Cells are missing, or one too many."""

    def change(cells: list[bytes]) -> None:
        if draw.random() < 0.7:
            del cells[draw.randrange(len(cells)) :]
        else:
            cells.insert(draw.randrange(len(cells) + 1), draw.choice(WORDS))

    return _in_cell(draw, raw, change)


def other_separators(draw: random.Random, raw: bytes) -> bytes:
    """Separators or decimal signs are others, all of them or from a place on."""
    old, new = draw.choice(BREAKS), draw.choice((*BREAKS, b"", b"  ", b"|", b"\r"))
    if draw.random() < 0.3:
        old, new = draw.choice(
            ((b".", b","), (b",", b"."), (b"\n", b"\r"), (b"\n", b""), (b"e", b"D"), (b"-", b"\xe2\x88\x92"))
        )
    place = draw.choice((0, draw.randrange(len(raw) + 1)))
    return (raw[:place] + raw[place:].replace(old, new))[:LARGEST]


def other_encoding(draw: random.Random, raw: bytes) -> bytes:
    """The text is in another encoding, or its end is."""
    text = raw.decode("latin-1")
    place = draw.choice((0, 0, draw.randrange(len(text) + 1)))
    return text[:place].encode("latin-1") + text[place:].encode(draw.choice(ENCODINGS), errors="replace")


def long_lines(draw: random.Random, raw: bytes) -> bytes:
    """A line has no end, or a cell is very long."""
    place = draw.randrange(len(raw) + 1)
    piece = draw.choice((b"1", b"9.", b"a", b",", b"\t", b'"', b"(", b"-", b"Area ", b"1,", b"z", b"'"))
    return raw[:place] + piece * draw.choice((10, 100, 100, 1_000, 50_000)) + raw[place:]


def joined(draw: random.Random, raw: bytes) -> bytes:
    """A file stands twice in itself, or with a piece of itself in between."""
    place, other = draw.randrange(len(raw) + 1), draw.randrange(len(raw) + 1)
    return (raw[:place] + raw[min(place, other) : max(place, other)] + raw[draw.choice((0, place)) :])[:LARGEST]


def figures(draw: random.Random, raw: bytes) -> bytes:
    """Digits are others."""
    data = bytearray(raw)
    places = [place for place, value in enumerate(data) if 48 <= value <= 57]
    for _ in range(min(len(places), draw.choice((1, 10, 200)))):
        data[draw.choice(places)] = draw.choice(b"0123456789.eE-+,")
    return bytes(data)


MUTATIONS = (
    truncated, flipped, bit, nulls, without_lines, repeated_lines, shuffled_lines, swapped_cells, words_in_cells,
    fewer_cells, other_separators, other_encoding, long_lines, joined, figures,
)  # fmt: skip


def mutated(draw: random.Random, raw: bytes) -> bytes:
    """A file with one to four kinds of damage."""
    for _ in range(draw.choice((1, 1, 1, 2, 2, 4))):
        raw = draw.choice(MUTATIONS)(draw, raw)
    return raw
