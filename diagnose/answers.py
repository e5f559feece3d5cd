"""The answers that a question may get, as far as rules can tell them apart, and how likely each is beforehand."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

from diagnose.case import ABSENT
from diagnose.condition import Leaf, leaves
from diagnose.data import Base
from diagnose.derived import DERIVED, Value
from diagnose.entry import Field
from diagnose.facts import MATERIALS, show
from diagnose.quantity import Span, with_unit
from diagnose.texts import Texts

# A figure that other quantities are worked out from is tried at so many places of its usual range.
FINE = 24
# Share of answers expected in each stretch beyond the usual range, and ratio of its ends from which it is logarithmic.
BEYOND, WIDE = 0.02, 20.0
# More words than these are counted, not told.
MOST_WORDS = 4
# Materials without which there is no interface; others may be absent.
ALWAYS_THERE = ("electrolyte", "electrode")
# The limit of stripping is looked up at these two; see `knowledge.stripping_limit`.
LOOKED_UP_AT = ("stack_pressure_MPa", "temperature_C")


@dataclass(frozen=True)
class Answer:
    """A possible answer: a value that stands for all from `low` to `high`, and its share before anything is known."""

    value: Value
    share: float
    low: float = -math.inf
    high: float = math.inf


class Answers:
    """Possible answers to every field of a base. They do not depend on the case."""

    def __init__(self, base: Base) -> None:
        self.knowledge = base.knowledge
        self.fields = base.knowledge.vocabulary
        self._cuts: dict[str, set[float]] = {}
        for rule in base.rules.rules.values():
            for leaf in leaves(rule.when):
                if isinstance(leaf, Leaf):
                    figures = [float(x) for x in leaf.args if isinstance(x, (int, float)) and not isinstance(x, bool)]
                    self._cuts.setdefault(leaf.name, set()).update(figures)
            curve = getattr(rule.item, "curve", None)
            if curve is not None:
                self._cuts.setdefault(curve.over, set()).update(x for x, _ in curve.points)
        feeding = {name for quantity in DERIVED for slot in quantity.slots for name in slot}
        self._fine = feeding.union(LOOKED_UP_AT).intersection(self.fields)
        self.of = {name: tuple(self._possible(name, field)) for name, field in self.fields.items()}

    def _possible(self, name: str, field: Field) -> Iterator[Answer]:
        if field.kind == "flag":
            yield from (Answer(value, 0.5) for value in (True, False))
        elif field.kind == "choice":
            yield from (Answer(value, 1 / len(field.of)) for value in field.of)
        elif field.kind == "material":
            kind = next(kind for each, kind, _ in MATERIALS if each == name)
            words = [material.name for material in self.knowledge.materials[kind].values()]
            words += [] if name in ALWAYS_THERE else [ABSENT]
            yield from (Answer(word, 1 / len(words)) for word in words)
        elif field.usual is not None:
            yield from self._figures(name, field, field.usual)

    def _figures(self, name: str, field: Field, usual: tuple[float, float]) -> Iterator[Answer]:
        """Stretches between the figures that rules compare with; finer where other quantities depend on the field."""
        low, high = usual
        by_ratio = logarithmic(usual)
        edges = {low, high}
        for cut in self._cuts.get(name, ()):
            edges |= {cut - 0.5, cut + 0.5} if field.kind == "integer" else {cut}
        if name in self._fine:
            for step in range(1, FINE):
                part = step / FINE
                edges.add(low * (high / low) ** part if by_ratio else low + (high - low) * part)
        least, most = field.limits
        # Open ends are stored as the next float inside: 10 and the float before it are one edge.
        inside = sorted({float(f"{edge:.12g}") for edge in edges if least < edge < most})
        ends = [least, *inside, most]
        made: list[Answer] = []
        for one, other in pairwise(ends):
            value = _middle(one, other, usual, by_ratio)
            if field.kind == "integer":
                value = float(round(value))
            share = BEYOND
            if one >= low and other <= high:
                share = math.log(other / one) / math.log(high / low) if by_ratio else (other - one) / (high - low)
            made.append(Answer(Span(value, value), share, one, other))
        whole = sum(each.share for each in made)
        yield from (Answer(each.value, each.share / whole, each.low, each.high) for each in made)


def _middle(low: float, high: float, usual: tuple[float, float], by_ratio: bool) -> float:
    """A figure well inside a stretch; beyond the usual range it lies near the end that is closer to it."""
    if high <= usual[0]:
        return high / 2 if by_ratio and low < high / 2 else max((low + high) / 2, high - (usual[1] - usual[0]))
    if low >= usual[1]:
        return min((low + high) / 2, low * 2 if by_ratio else low + (usual[1] - usual[0]) / 2)
    return math.sqrt(low * high) if by_ratio and low > 0 else (low + high) / 2


def described(answers: Sequence[Answer], field: Field, texts: Texts) -> str:
    """Answers that come to the same in words: a stretch of figures with its unit, or the words themselves."""
    if field.kind not in ("number", "integer"):
        words = [show(each.value, texts) for each in answers]
        if len(words) > MOST_WORDS:
            return texts("ui.answer.like", words=", ".join(words[:MOST_WORDS]), count=len(words) - MOST_WORDS)
        return texts.either(words)
    low, high = min(each.low for each in answers), max(each.high for each in answers)
    if field.kind == "integer":
        low, high = math.ceil(low), math.floor(high)
        if low == high:
            return f"{low}"
    least, most = low <= field.limits[0], high >= field.limits[1]
    if least and most:
        return texts("ui.answer.any")
    first, last = f"{low:.4g}", f"{high:.4g}"
    last, first = with_unit(last, field.unit), with_unit(first, field.unit) if most else first
    if least:
        return texts("ui.answer.up_to", figure=last)
    return texts("ui.answer.from", figure=first) if most else texts("ui.value.range", low=first, high=last)


def distance(one: float, other: float, usual: tuple[float, float]) -> float:
    """How far apart two figures are, as a share of the usual range; 1 where a logarithmic range is left for good."""
    if not logarithmic(usual):
        return abs(other - one) / (usual[1] - usual[0])
    if min(one, other) <= 0:
        return 0.0 if one == other else 1.0
    return abs(math.log(other / one)) / math.log(usual[1] / usual[0])


def logarithmic(usual: tuple[float, float]) -> bool:
    """Whether figures of a usual range are compared by their ratio."""
    return usual[0] > 0 and usual[1] / usual[0] >= WIDE


@lru_cache(maxsize=8)
def answers(base: Base) -> Answers:
    """The possible answers of a base."""
    return Answers(base)
