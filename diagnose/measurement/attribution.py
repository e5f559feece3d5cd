"""Which physical element each arc of a fit is, with probabilities and the reason in words.

All ways to name the arcs are weighed together; see `diagnose.measurement.weighing`. What is said of an arc compares the
best way with the best one in which this arc is the next probable element.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

import numpy as np

from diagnose.errors import UsageError
from diagnose.measurement.arcs import ArcFit
from diagnose.measurement.law import Pair
from diagnose.measurement.lump import Arc
from diagnose.measurement.weighing import BODY, DECIBAN, INTERFACE, Cell, Element, Weighed, series_of

# Probability from which an arc is called by a name, and most arcs that are weighed together.
TOLD, MOST = 0.6, 6
# Exponents of a tail that is more like diffusion than like a blocking electrode.
DIFFUSIVE = 0.65
WORDS = {
    "prior": "how often it is met",
    "exponent": "its exponent, {n:.2f}",
    "energy": "the activation energies of the arcs",
    "pressure": "how it answers to pressure",
    "order": "the order of the arcs in frequency",
    "resistance": "the resistance that thickness and conductivity ask for",
    "series": "the resistance before the arcs",
}


@dataclass(frozen=True)
class Reason:
    """Something that speaks for an element rather than for the next best, in decibans; below 0 it speaks against."""

    says: str
    decibans: float


@dataclass(frozen=True)
class Attributed:
    """One arc and what it may be. `element` is the most probable one, `rival` the next."""

    name: str
    arc: Arc
    alone: bool
    """Whether the fit tells this arc by itself."""
    probabilities: Mapping[str, float]
    element: str
    rival: str
    reasons: tuple[Reason, ...]
    """Strongest first. Together they are the odds between the best way to name all arcs with each of the two."""
    interface: float
    """Probability of any element at an interface."""
    body: float
    """Probability of any element in the body of the electrolyte."""
    says: str

    @property
    def cannot_tell(self) -> bool:
        return self.probabilities[self.element] < TOLD


@dataclass(frozen=True)
class Attribution:
    """What the arcs of a fit are, in order of falling frequency. With a `reason` there are none."""

    cell: Cell
    arcs: tuple[Attributed, ...] = ()
    tail: str = "none"
    """none, blocking electrode, diffusion or porous electrode."""
    bulk_beyond_range: bool = False
    """The bulk shows as a resistance before the arcs and not as an arc."""
    says: tuple[str, ...] = ()
    reason: str = ""


def attribute(
    fit: ArcFit,
    *,
    area_cm2: float | None = None,
    thickness_um: float | None = None,
    temperature_C: float | None = None,
    electrolyte_conductivity_S_cm: float | None = None,
    symmetric: bool = False,
    activation_energies: Mapping[str, Pair] | None = None,
    pressure_exponents: Mapping[str, Pair] | None = None,
    elements: Mapping[str, Element],
) -> Attribution:
    """What each arc of a fit may be, from the windows of `elements` (the shelf of the knowledge base).

    electrolyte_conductivity_S_cm: total, at the temperature of the spectrum. symmetric: two equal interfaces in series.
    activation_energies: eV with sigma, by R0 for the series resistance and R1, R2, ... for the arcs, lumped ones too,
    in order of falling frequency. pressure_exponents: m with sigma of R ~ P^-m by the same names, and of C ~ P^m by C1,
    C2, ... Raises UsageError for impossible sizes and for names that the fit does not have.
    """
    cell = Cell(
        area_cm2, thickness_um, temperature_C, electrolyte_conductivity_S_cm, symmetric,
        MappingProxyType(dict(activation_energies or {})), MappingProxyType(dict(pressure_exponents or {})),
    )  # fmt: skip
    lumped = [arc for lump in fit.lumps for arc in lump.arcs]
    arcs = sorted([*fit.arcs, *lumped], key=lambda arc: -arc.frequency_Hz)
    known = {"R0", *(f"{letter}{place}" for place in range(1, len(arcs) + 1) for letter in "RC")}
    for name in (*cell.activation_energies, *cell.pressure_exponents):
        if name not in known:
            raise UsageError(f"the fit has no {name!r}: expected {', '.join(sorted(known))}")
    if not elements:
        raise UsageError("no elements to choose from: give the shelf `elements` of the knowledge base")
    if fit.reason:
        return Attribution(cell, reason=fit.reason)
    tail = _tail(fit)
    if len(arcs) > MOST:
        return Attribution(cell, tail=tail, reason=f"{len(arcs)} arcs are more than can be named; fit fewer")
    return _Teller(Weighed(fit, arcs, cell, tuple(elements.values()))).told(tail)


def _tail(fit: ArcFit) -> str:
    if fit.tail == "blocking":
        return "diffusion" if fit.tail_values["n"] < DIFFUSIVE else "blocking electrode"
    return {"none": "none", "line": "porous electrode"}.get(fit.tail, "diffusion")


class _Teller:
    """Puts weighed ways into words."""

    def __init__(self, weighed: Weighed) -> None:
        self.weighed = weighed
        self.arcs, self.cell, self.elements = weighed.arcs, weighed.cell, weighed.elements

    def told(self, tail: str) -> Attribution:
        arcs = tuple(self.arc(place) for place in range(len(self.arcs)))
        hidden = float(self.weighed.share[self.weighed.bulk_at == len(self.arcs)].sum())
        beyond = hidden >= TOLD and series_of(self.weighed.fit) > 0
        says = [each.says for each in arcs]
        if beyond:
            says.append(
                f"The bulk is no arc in this range ({100 * hidden:.0f} %): it lies beyond, in the "
                f"{self.weighed.fit.series_ohm:.3g} ohm before the arcs. Measure at higher frequency or colder."
            )
        if tail != "none":
            says.append(f"The tail at low frequency is that of: {tail}.")
        if arcs and self.cell.area_cm2 is None:
            says.append("No area was given: capacitances are in F of the whole cell, and what they tell is weaker.")
        elif arcs and self.cell.thickness_um is None:
            says.append("No thickness was given: bulk and grain boundaries are told less surely.")
        return Attribution(self.cell, arcs, tail, beyond, tuple(says))

    def arc(self, place: int) -> Attributed:
        chosen = self.weighed.ways[:, place]
        found = np.bincount(chosen, self.weighed.share, len(self.elements))
        order = sorted(range(len(self.elements)), key=lambda which: (-found[which], which))
        best, rival = order[0], order[min(1, len(order) - 1)]
        ends = [int(np.where(chosen == which, self.weighed.total, -np.inf).argmax()) for which in (best, rival)]
        reasons = [
            Reason(self.words(name, place), round(DECIBAN * float(factor[ends[0]] - factor[ends[1]]), 1))
            for name, factor in self.weighed.factors.items()
        ]
        reasons = sorted((each for each in reasons if each.decibans), key=lambda each: -abs(each.decibans))
        by_place = {
            where: float(sum(found[which] for which, each in enumerate(self.elements) if each.place == where))
            for where in (BODY, INTERFACE)
        }
        made = Attributed(
            name=f"R{place + 1}",
            arc=self.arcs[place],
            alone=id(self.arcs[place]) in self.weighed.alone,
            probabilities=MappingProxyType({each.id: float(found[k]) for k, each in enumerate(self.elements)}),
            element=self.elements[best].id,
            rival=self.elements[rival].id,
            reasons=tuple(reasons),
            interface=by_place[INTERFACE],
            body=by_place[BODY],
            says="",
        )
        return _spoken(made, self.elements[best].title, self.elements[rival].title)

    def words(self, name: str, place: int) -> str:
        """What a factor is, with the figures of an arc."""
        arc, cell = self.arcs[place], self.cell
        if name == "capacitance":
            if cell.area_cm2 is None:
                return f"its capacitance, {arc.C_F:.2g} F"
            per_area = arc.C_F / cell.area_cm2
            body = "" if cell.thickness_um is None else f", {per_area * cell.thickness_um * 1e-4:.2g} F/cm as a body"
            both = " of one interface" if cell.symmetric else ""
            return f"its capacitance, {per_area * (2 if cell.symmetric else 1):.2g} F/cm2{both}{body}"
        if name == "frequency":
            where = "" if cell.temperature_C is None else f" at {cell.temperature_C:g} C"
            return f"its frequency, {arc.frequency_Hz:.2g} Hz{where}"
        if name == "energy" and f"R{place + 1}" in cell.activation_energies:
            return f"its activation energy, {cell.activation_energies[f'R{place + 1}'][0]:.2f} eV"
        return WORDS[name].format(n=arc.n)


def _spoken(made: Attributed, title: str, other: str) -> Attributed:
    """With the sentence about the arc."""
    arc, first, second = made.arc, made.probabilities[made.element], made.probabilities[made.rival]
    head = f"{made.name} ({arc.R_ohm:.3g} ohm, {arc.frequency_Hz:.2g} Hz)"
    if not made.alone:
        head += ", which the fit does not tell by itself,"
    if made.cannot_tell:
        head += f" cannot be named: {title} ({100 * first:.0f} %) or {other} ({100 * second:.0f} %)"
    else:
        head += f" is the {title} ({100 * first:.0f} %) rather than the {other} ({100 * second:.0f} %)"
    told = [f"{each.says} ({each.decibans:+.0f} dB)" for each in made.reasons if abs(each.decibans) >= 1][:3]
    return replace(made, says=f"{head}: {'; '.join(told)}." if told else f"{head}.")
