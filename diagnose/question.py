"""The next question: which field tells most about the causes for the work it costs, and when to stop asking."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from diagnose.answers import Answer, answers, described
from diagnose.data import Base
from diagnose.derived import Value
from diagnose.entry import Field
from diagnose.facts import facts_of
from diagnose.guidance import Prospect, Question, Separation, Stop
from diagnose.information import Told, told
from diagnose.variants import Fields, Variants

# Without these there is no case, so they are asked first and in this order; one of the first two is enough.
ELECTROLYTE, FAMILY, ROLE = "electrolyte", "electrolyte_family", "electrode_role"
# Causes between which a separation is looked for, and questions that are told.
LEADING, MOST_QUESTIONS = 5, 5
SHOWN_SHARE = 0.005


def first_asked(base: Base, fields: Fields, asked: Collection[str] = ()) -> str | None:
    """The field that a case cannot do without and that is still to be asked for; None when there is none."""
    electrolyte = fields.get(ELECTROLYTE)
    if FAMILY not in fields and (electrolyte is None or _family(base, electrolyte) is None):
        return ELECTROLYTE if electrolyte is None and ELECTROLYTE not in asked else FAMILY
    return None if ROLE in fields else ROLE


def minutes(field: Field, base: Base) -> float:
    """Minutes of effort to answer: to read the question, and to find the answer unless one has noticed it or not."""
    return base.rules.scale.asking.ask_min + (0.0 if field.noticed else field.effort_min)


def askable(name: str, facts: Fields, base: Base) -> bool:
    """Whether a field may be asked for: it is not known, makes sense here, costs no cell and less than a day."""
    field = base.knowledge.vocabulary[name]
    if name in facts or field.destructive or minutes(field, base) >= base.rules.scale.asking.longest_min:
        return False
    return base.knowledge.concerns("fields", name, facts)


@dataclass(frozen=True, eq=False)
class Outlook:
    """What some fields would tell about a case: their possible answers in a row, and the causes after each."""

    base: Base
    names: tuple[str, ...]
    possible: tuple[tuple[Answer, ...], ...]
    variants: Variants
    told: Told

    @property
    def bits(self) -> dict[str, float]:
        """Expected information of each field, in bits."""
        return dict(zip(self.names, self.told.bits.tolist(), strict=True))

    def rows(self, name: str) -> range:
        """Rows of the answers to a field; row 0 of the variants is the case as it is, so they are one further there."""
        place = self.names.index(name)
        start = sum(map(len, self.possible[:place]))
        return range(start, start + len(self.possible[place]))

    def flips(self, name: str) -> float:
        """Chance that the answer puts another cause first, or ends or begins a ranking."""
        rows, first = self.rows(name), self.variants.first
        return float(sum(self.told.shares[row] for row in rows if first[row + 1] != first[0]))


def outlook(base: Base, fields: Fields, names: Iterable[str]) -> Outlook:
    """What the answers to some unknown fields would do to the causes. Fields without a possible answer are left out."""
    possible = {name: _possible(base, fields, name) for name in names}
    possible = {name: found for name, found in possible.items() if found}
    variants = Variants(base, fields, [{}, *({name: each.value} for name, found in possible.items() for each in found)])
    totals = variants.evidence
    usual = np.array([each.share for found in possible.values() for each in found])
    usual = np.where(variants.possible[1:], usual, 0.0)
    sizes = [len(found) for found in possible.values()]
    start = 0
    for name, size in zip(possible, sizes, strict=True):
        if base.knowledge.vocabulary[name].kind == "material":
            usual[start : start + size] = _alike(usual[start : start + size], totals[1 + start : 1 + start + size])
        start += size
    found = told(totals, usual, sizes, variants.plain) if sizes else _NOTHING
    return Outlook(base, tuple(possible), tuple(map(tuple, possible.values())), variants, found)


_EMPTY = np.zeros(0)
_NOTHING = Told(_EMPTY, _EMPTY, _EMPTY, np.zeros((0, 1)), np.ones(1))


def _possible(base: Base, fields: Fields, name: str) -> Sequence[Answer]:
    found = answers(base).of[name]
    family = fields.get(FAMILY)
    if name == ELECTROLYTE and family is not None:
        return [each for each in found if _family(base, each.value) == family]
    return found


def _family(base: Base, name: Value) -> str | None:
    material = base.knowledge.find(ELECTROLYTE, str(name))
    return None if material is None else material.family


def _alike(usual: NDArray[np.float64], totals: NDArray[np.float64]) -> NDArray[np.float64]:
    """Equal shares for the kinds of materials that rules tell apart, however many materials are of a kind."""
    _, kind, count = np.unique(totals, axis=0, return_inverse=True, return_counts=True)
    made: NDArray[np.float64] = np.where(usual > 0, 1.0 / count[kind.ravel()], 0.0)
    return made


@dataclass(frozen=True, eq=False)
class Asking:
    """Questions worth asking, best first, or why there is none."""

    outlook: Outlook
    best: tuple[str, ...]
    stop: Stop | None

    def questions(self, most: int = MOST_QUESTIONS) -> tuple[Question, ...]:
        """The best questions in full."""
        return tuple(question(self.outlook, name) for name in self.best[:most])


def asking(base: Base, fields: Fields, asked: Collection[str] = ()) -> Asking:
    """What to ask next about a case that has an electrolyte or its family and a role.

    `asked` are fields that were asked for without being known. Questions are ordered by expected information per minute
    of effort, ties by name; those that tell less than `least_bits` are left out.
    """
    vocabulary, least = base.knowledge.vocabulary, base.rules.scale.asking.least_bits
    facts = facts_of(fields, base.knowledge).facts
    seen = outlook(base, fields, [name for name in vocabulary if name not in asked and askable(name, facts, base)])
    value = {name: bits / minutes(vocabulary[name], base) for name, bits in seen.bits.items() if bits >= least}
    best = tuple(sorted(value, key=lambda name: (-value[name], name)))
    return Asking(seen, best, _stop(seen, best, value))


def _stop(seen: Outlook, best: Sequence[str], value: Mapping[str, float]) -> Stop | None:
    """Why nothing more is asked, where that is so; `value` is the information of each question per minute."""
    scale, texts = seen.base.rules.scale.asking, seen.base.knowledge.texts
    if not best:
        return Stop(reason="uninformative", says=texts("ui.stop.uninformative"))
    if all(seen.flips(name) < scale.settled_share for name in best):
        verdict, first = seen.variants.verdict(0), int(seen.variants.first[0])
        if verdict == "healthy":
            return Stop(reason="healthy", says=texts("ui.stop.healthy"))
        if verdict == "invalid_data":
            return Stop(reason="invalid_data", says=texts("ui.stop.invalid_data"))
        if verdict == "faulty" and first >= 0:
            return Stop(reason="settled", says=texts("ui.stop.settled", cause=_title(seen, first)))
    if value[best[0]] * 60.0 < scale.least_bits_per_hour:
        return Stop(reason="costly", says=texts("ui.stop.costly"))
    return None


def _title(seen: Outlook, place: int) -> str:
    return seen.base.rules.causes[seen.variants.causes[place]].title


def asked_for(
    base: Base,
    name: str,
    why: str,
    bits: float = 0.0,
    separates: Separation | None = None,
    prospects: tuple[Prospect, ...] = (),
) -> Question:
    """The question for a field, and why it is asked."""
    field = base.knowledge.vocabulary[name]
    return Question(
        field=name,
        question=field.question,
        help=field.help,
        kind=field.kind,
        unit=field.unit,
        choices=field.of,
        minutes=minutes(field, base),
        bits=round(bits, 4),
        from_file=field.from_file,
        separates=separates,
        prospects=prospects,
        why=why,
    )


def question(seen: Outlook, name: str) -> Question:
    """A question in full: what its answers would mean, and why it is asked."""
    texts, apart, bits = seen.base.knowledge.texts, _separation(seen, name), seen.bits[name]
    if apart is None:
        why = texts("ui.question.why_none", bits=f"{bits:.2f}")
    else:
        key = "why_two" if apart.other else "why_one"
        size = f"{apart.decibans:.1f}"
        why = texts(
            f"ui.question.{key}", bits=f"{bits:.2f}", first=apart.title, second=apart.other_title, decibans=size
        )
    return asked_for(seen.base, name, why, bits, apart, prospects(seen, name))


def prospects(seen: Outlook, name: str) -> tuple[Prospect, ...]:
    """The answers that rules tell apart, with their chances and the cause that would then be first."""
    field, texts = seen.base.knowledge.vocabulary[name], seen.base.knowledge.texts
    found, answers_of = seen.possible[seen.names.index(name)], seen.rows(name)
    # Shares of impossible answers are 0.
    possible = [row + 1 for row in answers_of if seen.told.shares[row] > 0]
    made = []
    for rows in seen.variants.alike(possible, ordered=field.kind in ("number", "integer")):
        places = [row - 1 for row in rows]
        share = float(seen.told.shares[places].sum())
        if share >= SHOWN_SHARE:
            words = described([found[place - answers_of.start] for place in places], field, texts)
            first = next(iter(seen.variants.leading(rows[0], 1)), None)
            made.append(Prospect(answer=words, share=round(share, 4), first=first))
    return tuple(made)


def _separation(seen: Outlook, name: str) -> Separation | None:
    """The two leading causes that the answers move most against each other; one alone when it stands against the rest.

    Sizes are weighted by the chance of the causes, so that the question is explained by what is likely.
    """
    rows = np.array(seen.rows(name))
    moves = seen.told.moves[rows[seen.told.shares[rows] > 0]]
    weights, causes = seen.told.weights, seen.variants.causes
    leading = sorted(np.argsort(-weights, kind="stable")[: LEADING + 1].tolist())
    best: tuple[float, float, int, int] | None = None
    for one, other in combinations(leading, 2):
        gap = moves[:, one] - moves[:, other]
        size = float(gap.max() - gap.min())
        worth = size * float(weights[one] * weights[other])
        if worth > 0 and (best is None or worth > best[0]):
            best = (worth, size, one, other)
    if best is None:
        return None
    _, size, one, other = best
    if weights[other] > weights[one] and other < len(causes):
        one, other = other, one
    titles = seen.base.rules.causes
    second = causes[other] if other < len(causes) else ""
    return Separation(
        cause=causes[one],
        title=titles[causes[one]].title,
        other=second,
        other_title=titles[second].title if second else "",
        decibans=round(size / 100, 2),
    )
