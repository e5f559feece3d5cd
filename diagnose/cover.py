"""Coverage of the rule book: every rule fires in some case, is silent in a near miss, and healthy joints are quiet."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from diagnose.case import Case
from diagnose.data import Base
from diagnose.facts import fact_base
from diagnose.interpreter import infer
from diagnose.quantity import Span
from diagnose.rulebook import Rule
from diagnose.validation import LabelledCase
from diagnose.witness import Given, Maker, Witness

ROLES = ("cathode", "anode", "junction")


@dataclass(frozen=True)
class Coverage:
    """A witness for each rule, the rules that cases of the library fire, and the healthy cases that were not quiet."""

    witnesses: Mapping[str, Witness | None]
    in_library: frozenset[str]
    healthy: int
    noisy: tuple[str, ...]

    @property
    def never(self) -> tuple[str, ...]:
        """Rules that no case fires."""
        return tuple(name for name, each in self.witnesses.items() if each is None and name not in self.in_library)

    @property
    def always(self) -> tuple[str, ...]:
        """Rules that no change of a single field silences."""
        return tuple(name for name, each in self.witnesses.items() if each is not None and each.miss is None)

    @property
    def complete(self) -> bool:
        """Whether every rule fires, has a near miss, and every healthy case is quiet."""
        return not (self.never or self.always or self.noisy)

    def text(self) -> str:
        """The counts, and everything that is missing."""
        made = [each for each in self.witnesses.values() if each is not None]
        lines = [
            f"{len(self.witnesses)} rules",
            f"{len(made)} fire in a case made for them",
            f"{sum(each.miss is not None for each in made)} are silent in a near miss, one field away",
            f"{len(self.in_library)} of those about findings, causes and verdicts also fire in a case of the library",
            f"{self.healthy - len(self.noisy)} of {self.healthy} healthy cases are quiet",
        ]
        lines += [f"error: {name} fires in no case" for name in self.never]
        lines += [f"error: {name} is not silenced by any change of one field" for name in self.always]
        lines += [f"error: {name} should be quiet" for name in self.noisy]
        return "\n".join(lines)


def cover(base: Base, cases: Sequence[LabelledCase]) -> Coverage:
    """Coverage of a rule book by made cases and by labelled ones."""
    maker = Maker(base)
    fired: set[str] = set()
    for case in cases:
        names = infer(base.rules, fact_base(Case(**case.given), base.knowledge).facts).fired
        out = {base.rules.rules[name].owner for name in names if base.rules.rules[name].kind == "gate"}
        fired.update(name for name in names if _counts(base.rules.rules[name], out))
    healthy = list(_healthy(base, cases))
    return Coverage(
        witnesses={name: maker.make(rule) for name, rule in base.rules.rules.items()},
        in_library=frozenset(fired),
        healthy=len(healthy),
        noisy=tuple(noise for name, given in healthy for noise in _noise(base, name, given)),
    )


def _counts(rule: Rule, out: set[str]) -> bool:
    """Whether a fired rule says something: evidence about a cause that is ruled out does not."""
    return rule.kind != "evidence" or rule.owner not in out


def _healthy(base: Base, cases: Sequence[LabelledCase]) -> Iterator[tuple[str, Given]]:
    """Healthy cases of the library, and one in words and one in figures for each family and role."""
    for case in cases:
        if case.scored and case.expect.verdict == "healthy":
            yield f"the healthy case {case.id}", case.given
    for family in base.knowledge.families:
        for role in ROLES:
            joint: Given = {"electrolyte_family": family, "electrode_role": role}
            yield f"a {role} on {family} with a low resistance", {**joint, "resistance_level": "low"}
            acceptable = fact_base(Case(**joint), base.knowledge).facts.get("pairing.acceptable_ohm_cm2")
            if isinstance(acceptable, Span):
                figure = acceptable.low / 2
                yield (
                    f"a {role} on {family} with {figure:g} ohm cm2",
                    {**joint, "interfacial_resistance_ohm_cm2": figure},
                )


def _noise(base: Base, name: str, given: Given) -> Iterator[str]:
    from diagnose.diagnosis import diagnose

    report = diagnose(given, base=base)
    if report.verdict != "healthy" or report.causes:
        yield f"{name} ({report.verdict}: {', '.join(each.cause for each in report.causes[:3])})"
