"""A questionnaire as data: what was asked and answered, what comes next. It reads and prints nothing."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from diagnose.case import ABSENT, Case, as_fact, plain, value_of
from diagnose.casefile import SESSION, State
from diagnose.data import Base
from diagnose.diagnosis import refuse_contradictions
from diagnose.errors import CaseError, Problem, UsageError, did_you_mean
from diagnose.facts import MATERIALS, fact_base
from diagnose.guidance import Question, Standing, Stop
from diagnose.quantity import Measured, QuantityError
from diagnose.question import asked_for, asking, first_asked
from diagnose.spelling import spelt
from diagnose.variants import Variants, fields_of

ANSWERED: State = "answered"
UNKNOWN: State = "unknown"
NOT_APPLICABLE: State = "not applicable"
TOP = 3
GIVEN = re.compile(r"\s*([A-Za-z][A-Za-z0-9_]*)\s*[:=]\s*(.+)\Z", re.DOTALL)


@dataclass(frozen=True)
class Interview:
    """One state of a questionnaire. Every step gives a new one, and `back` the one before.

    `given` are fields as a case file holds them; `asked` says in which order fields were asked for and what came of it.
    A field that is given without having been asked for was volunteered. `thorough` asks on when it would stop.
    """

    base: Base
    given: Mapping[str, Any] = field(default_factory=dict)
    asked: Mapping[str, State] = field(default_factory=dict)
    thorough: bool = False
    before: Interview | None = field(default=None, repr=False)

    # --- what is known

    @cached_property
    def fields(self) -> dict[str, Any]:
        """The given fields as facts."""
        vocabulary = self.base.knowledge.vocabulary
        return {name: as_fact(value_of(vocabulary[name], raw)) for name, raw in self.given.items()}

    @cached_property
    def case(self) -> Case | None:
        """The case as it is known so far; None while what no case can do without is missing."""
        if first_asked(self.base, self.fields, self.asked) is not None:
            return None
        return Case(**self.given)

    def top(self, most: int = TOP) -> tuple[Standing, ...]:
        """The first causes as they stand."""
        case = self.case
        if case is None:
            return ()
        return Variants(self.base, fields_of(case), [{}]).leading(0, most)

    # --- what comes next

    def next(self) -> Question | Stop:
        """The next question, or why there is none."""
        needed = first_asked(self.base, self.fields, self.asked)
        if needed is not None:
            if self.asked.get(needed) in (UNKNOWN, NOT_APPLICABLE):
                return Stop(reason="stopped", says=self.base.knowledge.texts("ui.stop.needed", field=needed))
            return asked_for(self.base, needed, self.base.knowledge.texts("ui.question.needed"))
        found = asking(self.base, self.fields, self.asked)
        if found.stop is not None and not (self.thorough and found.best):
            return found.stop
        return found.questions(1)[0]

    # --- steps

    def answered(self, name: str, raw: Any, *, asked: bool = True) -> Interview:
        """The interview with a field given. `asked` is false for a field that is volunteered.

        Raises CaseError for a value that cannot be and for one that contradicts what is known.
        """
        vocabulary = self.base.knowledge.vocabulary
        if name not in vocabulary:
            raise CaseError([Problem("is not a field of a case", field=name, hint=did_you_mean(name, vocabulary))])
        try:
            value = value_of(vocabulary[name], spelt(raw, name, self.base))
        except QuantityError as error:
            raise CaseError([Problem(error.message, field=name, hint=error.hint)]) from None
        written = plain(value) if isinstance(value, Measured) else value
        states = {**self.asked, name: ANSWERED} if asked or name in self.asked else dict(self.asked)
        made = self._step({**self.given, name: written}, states)
        case = made.case
        if case is not None:
            refuse_contradictions(self.base, fact_base(case, self.base.knowledge))
        return made

    def skipped(self, name: str, state: State) -> Interview:
        """The interview with a field asked for in vain: unknown, or not applicable here."""
        return self._step(self.given, {**self.asked, name: state})

    def dropped(self, name: str) -> Interview:
        """The interview without a field; it may be asked for again. Raises UsageError for one that is not given."""
        if name not in self.given:
            raise UsageError(self.base.knowledge.texts("ui.ask.not_given", field=name))
        return self._without(name)

    def back(self) -> Interview:
        """The interview one step ago; of one that was taken up again, without the field asked for last."""
        if self.before is not None or not self.asked:
            return self.before or self
        return replace(self._without(list(self.asked)[-1]), before=None)

    def _without(self, name: str) -> Interview:
        given = {each: value for each, value in self.given.items() if each != name}
        return self._step(given, {each: state for each, state in self.asked.items() if each != name})

    def _step(self, given: Mapping[str, Any], asked: Mapping[str, State]) -> Interview:
        return replace(self, given=dict(given), asked=dict(asked), before=self)

    # --- what is kept

    def document(self) -> dict[str, Any]:
        """What a session file holds: the fields of the case in the order of the vocabulary, and what was asked."""
        names = [name for name in Case.model_fields if name in self.given]
        return {**{name: self.given[name] for name in names}, SESSION: dict(self.asked)}


def known_material(base: Base, name: str, raw: str) -> tuple[bool, str]:
    """Whether a material is in the knowledge base, and the nearest names where it is not."""
    kind = next(kind for each, kind, _ in MATERIALS if each == name)
    if raw.lower() == ABSENT or base.knowledge.find(kind, raw) is not None:
        return True, ""
    return False, did_you_mean(raw, base.knowledge.material_names(kind))


def changes_in(text: str) -> dict[str, Any]:
    """Changes of facts as they are typed: `FIELD=VALUE`, several with commas between; `FIELD=?` drops one.

    Raises UsageError for words that are no change.
    """
    made: dict[str, Any] = {}
    for part in re.split(r",\s*(?=[A-Za-z][A-Za-z0-9_]*\s*[:=])", text):
        found = GIVEN.match(part)
        if found is None:
            raise UsageError(f"{part.strip()!r} is not FIELD=VALUE")
        if found[1] in made:
            raise UsageError(f"{found[1]} is changed twice. Give one value for it.")
        made[found[1]] = None if found[2].strip() == "?" else found[2].strip()
    return made
