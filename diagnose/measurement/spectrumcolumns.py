"""Which columns of a table make a spectrum, from their names and the units below them."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from diagnose.measurement.spectrumnames import (
    FREQUENCY,
    HERTZ,
    IMAGINARY,
    LOGARITHM,
    LOOP,
    MODULUS,
    OHM,
    OHM_AREA,
    PHASE,
    REACTANCE,
    REAL,
    RESISTANCE,
    TEMPERATURE,
    Naming,
    naming,
    plain,
    unit,
)

# What stands below a name that has no unit.
_NO_UNIT = frozenset(("#", "-", "1", ""))


@dataclass(frozen=True)
class Selection:
    """The columns of one spectrum: the place of each quantity, of repeats and of temperatures.

    Quantities are FREQUENCY with REAL and IMAGINARY, or with MODULUS and PHASE, or with MODULUS alone for a column
    that must hold complex numbers. `clash` tells of a unit that contradicts itself.
    """

    places: tuple[tuple[str, int], ...]
    namings: tuple[tuple[str, Naming], ...]
    loop: int | None = None
    temperature: tuple[int, Naming] | None = None
    check: tuple[int, Naming] | None = None
    clash: str = ""

    def place(self, quantity: str) -> int | None:
        """The place of a quantity, or None."""
        return dict(self.places).get(quantity)

    def naming(self, quantity: str) -> Naming:
        """What the name of the column of a quantity says.

        Raises KeyError for a quantity that is not among the places.
        """
        return dict(self.namings)[quantity]

    @property
    def furthest(self) -> int:
        """The last place that a row must have."""
        return max(place for _, place in self.places)


def _with_unit(name: str, below: str) -> tuple[Naming | None, str]:
    """What a name with its unit in the line below says, and how the two contradict each other."""
    alone = naming(name)
    below = plain(below).strip("[](){}<>/ ")
    known = unit(below)
    if known is None or below in _NO_UNIT:
        return alone, ""
    if alone is not None and alone.unit:
        clash = known.kind in (OHM, OHM_AREA, HERTZ) and (
            known.kind != alone.unit or not math.isclose(known.factor, alone.factor)
        )
        return alone, f"{plain(name)!r} has the unit {below!r} below it" if clash else ""
    return naming(f"{plain(name)} [{below}]"), ""


def selections(names: Sequence[str], units: Sequence[str] = ()) -> list[Selection]:
    """The spectra that a table with these names of columns holds; empty when the names do not make one.

    `units` are those of a line of their own below the names. Each column of frequencies begins a spectrum of its own
    when impedances follow it; several pairs of one kind beside one frequency are several spectra.
    """
    found: list[tuple[int, Naming]] = []
    clashes: dict[int, str] = {}
    for place, name in enumerate(names):
        one, clash = _with_unit(name, units[place]) if place < len(units) else (naming(name), "")
        if one is not None:
            found.append((place, one))
            if one.quantity == FREQUENCY and "mhz" in plain(name) + plain("".join(units[place : place + 1])):
                clash = "a frequency in 'mhz' may be in mHz or in MHz"
        if clash:
            clashes[place] = clash
    starts = [place for place, one in found if one.quantity in (FREQUENCY, LOGARITHM)]
    if not starts:
        return []
    groups = []
    for number, start in enumerate(starts):
        end = starts[number + 1] if number + 1 < len(starts) else len(names)
        groups.append([(place, one) for place, one in found if start <= place < end])
    own = [list(_spectra(group, clashes)) for group in groups]
    if len(starts) > 1 and sum(bool(each) for each in own) > 1:
        return [selection for each in own for selection in each]
    # One frequency for all: the one that states its unit, a plain one before a logarithm.
    best = min(
        (one for one in found if one[0] in starts),
        key=lambda one: (one[1].quantity == LOGARITHM, not one[1].unit, one[0]),
    )
    rest = [one for one in found if one[1].quantity not in (FREQUENCY, LOGARITHM)]
    return list(_spectra([best, *rest], clashes))


def _spectra(group: Sequence[tuple[int, Naming]], clashes: dict[int, str]) -> Iterator[Selection]:
    """The spectra beside one frequency, the first of a group."""
    of = {
        quantity: [one for one in group if one[1].quantity == quantity]
        for quantity in (REAL, IMAGINARY, MODULUS, PHASE, RESISTANCE, REACTANCE, LOOP, TEMPERATURE)
    }
    for first, second in ((REAL, IMAGINARY), (RESISTANCE, REACTANCE)):
        pairs = list(_pairs(of[first], of[second]))
        if pairs:
            sole = len(pairs) == 1
            check = next((one for one in of[MODULUS] if not one[1].whole and not one[1].negative), None)
            for real, imaginary in pairs:
                chosen = ((FREQUENCY, group[0]), (REAL, real), (IMAGINARY, imaginary))
                yield _selected(chosen, of, check if sole else None, clashes)
            return
    moduli = sorted(of[MODULUS], key=lambda one: one[1].whole)
    if moduli and of[PHASE]:
        for modulus, phase in _pairs(moduli, of[PHASE]):
            yield _selected(((FREQUENCY, group[0]), (MODULUS, modulus), (PHASE, phase)), of, None, clashes)
        return
    for one in moduli:
        if one[1].whole:
            yield _selected(((FREQUENCY, group[0]), (MODULUS, one)), of, None, clashes)


def _pairs(
    first: Sequence[tuple[int, Naming]], second: Sequence[tuple[int, Naming]]
) -> Iterator[tuple[tuple[int, Naming], tuple[int, Naming]]]:
    """Columns that belong together: one by one when there are as many of each, the first of each otherwise."""
    first, second = list(first), list(second)
    if any(one.unit == OHM for _, one in first) and any(one.unit == OHM_AREA for _, one in first):
        first = [each for each in first if each[1].unit != OHM_AREA]
        second = [each for each in second if each[1].unit != OHM_AREA] or second
    if len(first) == len(second):
        yield from zip(first, second, strict=True)
    elif first and second:
        yield first[0], second[0]


def _selected(
    chosen: tuple[tuple[str, tuple[int, Naming]], ...],
    of: dict[str, list[tuple[int, Naming]]],
    check: tuple[int, Naming] | None,
    clashes: dict[int, str],
) -> Selection:
    return Selection(
        tuple((quantity, place) for quantity, (place, _) in chosen),
        tuple((quantity, one) for quantity, (_, one) in chosen),
        of[LOOP][0][0] if of[LOOP] else None,
        of[TEMPERATURE][0] if of[TEMPERATURE] else None,
        check,
        next((clashes[place] for _, (place, _) in chosen if place in clashes), "") or _parts_clash(chosen),
    )


def _parts_clash(chosen: tuple[tuple[str, tuple[int, Naming]], ...]) -> str:
    """How the units of the two parts contradict each other, or nothing."""
    parts = [one for quantity, (_, one) in chosen if quantity in (REAL, IMAGINARY) and one.unit]
    if len(parts) == 2 and parts[0].unit != parts[1].unit:
        return f"one part of the impedance is in {parts[0].unit}, the other in {parts[1].unit}"
    return ""
