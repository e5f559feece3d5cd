"""Which physical element each arc of a fit is, with probabilities and the reason in words.

A window [low, high] of an element says where a figure of its arcs lies. The likelihood of a figure x with error s is
that of a uniform distribution over the window, blurred by edge and error at once,
(Phi((x - low) / w) - Phi((x - high) / w)) / (high - low) with w^2 = edge^2 + s^2, and a small share of figures that lie
anywhere. Figures are taken as independent. All ways to give elements to the arcs are weighed together, for a cell has
one bulk, and elements come in an order. What is not known of the cell is averaged over. Capacitances compare with the
windows after J. Irvine, D. Sinclair and A. West, Adv. Mater. 2 (1990) 132: at unit cell constant in the body, per area
at an electrode.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from diagnose.errors import UsageError
from diagnose.measurement.arcs import ArcFit
from diagnose.measurement.law import Pair, Reals
from diagnose.measurement.lump import Arc

BULK, BODY, INTERFACE = "bulk", "body", "interface"
# Probability from which an arc is called by a name, and most arcs that are weighed together.
TOLD, MOST = 0.6, 6
# Share of figures that lie anywhere, and how wide anywhere is, in decades or in the unit of the figure.
ODD, WIDE = 0.02, 14.0
WIDTHS = {"exponent": 1.0, "activation_energy_eV": 1.5, "activation_energy_over_bulk_eV": 1.5}
WIDTHS |= {"pressure_exponent": 2.0, "capacitance_pressure_exponent": 2.0}
DECADES = ("capacitance_F_cm", "capacitance_F_cm2", "frequency_25C_Hz")
# Pellets as they usually are: decimal logarithms of area in cm2 and thickness in cm, and their spreads (judgement).
AREA, THICKNESS = (math.log10(0.785), 0.4), (-1.0, 0.5)
STEPS = np.linspace(-2.5, 2.5, 11)
# Decades that a frequency may be off because the temperature was not given, and least error of a figure in decades.
COLD_OR_WARM, LEAST, MOST_ERROR = 0.5, 0.02, 3.0
# Decibans against an inverted pair of arcs that lie a decade apart, and against a bulk at two places or at none.
ORDER, SERIES = 10.0, 8.0
# Window of the measured over the expected resistance of the body, and its edge, in decades.
EXPECTED, EXPECTED_EDGE = 0.15, 0.15
DECIBAN = 10.0 / math.log(10.0)
BOLTZMANN_EV, ROOM_K, ZERO_C_K = 8.617333262e-5, 298.15, 273.15
# Exponents of a tail that is more like diffusion than like a blocking electrode.
DIFFUSIVE = 0.65


class Window(Protocol):
    """Where a figure of an element lies; see `diagnose.entry.ElementWindow`."""

    @property
    def of(self) -> str: ...
    @property
    def low(self) -> float: ...
    @property
    def high(self) -> float: ...
    @property
    def edge(self) -> float: ...


class Element(Protocol):
    """What an arc may be; see `diagnose.entry.Element`."""

    @property
    def id(self) -> str: ...
    @property
    def title(self) -> str: ...
    @property
    def place(self) -> str: ...
    @property
    def rank(self) -> int: ...
    @property
    def once(self) -> bool: ...
    @property
    def prior(self) -> float: ...
    @property
    def windows(self) -> Sequence[Window]: ...


def _nothing() -> Mapping[str, Pair]:
    return MappingProxyType({})


@dataclass(frozen=True)
class Cell:
    """What is known of a cell and of series of its spectra. Keys of the mappings: see `attribute`."""

    area_cm2: float | None = None
    thickness_um: float | None = None
    temperature_C: float | None = None
    electrolyte_conductivity_S_cm: float | None = None
    symmetric: bool = False
    activation_energies: Mapping[str, Pair] = field(default_factory=_nothing)
    pressure_exponents: Mapping[str, Pair] = field(default_factory=_nothing)

    def __post_init__(self) -> None:
        for name in ("area_cm2", "thickness_um", "electrolyte_conductivity_S_cm"):
            value = getattr(self, name)
            if value is not None and not 0 < value < math.inf:
                raise UsageError(f"{name} is {value}: expected a figure above 0; leave it out when it is not known")
        if self.temperature_C is not None and not -ZERO_C_K < self.temperature_C < math.inf:
            raise UsageError(f"temperature_C is {self.temperature_C}: expected a temperature above {-ZERO_C_K}")

    @property
    def expected_ohm(self) -> float | None:
        """Resistance that the electrolyte should have: thickness over conductivity and area."""
        if self.area_cm2 is None or self.thickness_um is None or self.electrolyte_conductivity_S_cm is None:
            return None
        return self.thickness_um * 1e-4 / (self.electrolyte_conductivity_S_cm * self.area_cm2)


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
    return _Weighed(fit, arcs, cell, tuple(elements.values())).told(tail, {id(arc) for arc in fit.arcs})


def _tail(fit: ArcFit) -> str:
    if fit.tail == "blocking":
        return "diffusion" if fit.tail_values["n"] < DIFFUSIVE else "blocking electrode"
    return {"none": "none", "line": "porous electrode"}.get(fit.tail, "diffusion")


class _Grid(NamedTuple):
    """Sizes that the cell may have: decimal logarithms of area in cm2 and thickness in cm, and weights, shape (g,)."""

    area: Reals
    thickness: Reals
    log_weight: Reals


def _grid(cell: Cell) -> _Grid:
    def axis(known: float | None, usual: Pair) -> tuple[Reals, Reals]:
        if known is not None:
            return np.array([math.log10(known)]), np.zeros(1)
        weight = -0.5 * STEPS**2
        return usual[0] + usual[1] * STEPS, weight - math.log(float(np.exp(weight).sum()))

    area, one = axis(cell.area_cm2, AREA)
    thickness, other = axis(None if cell.thickness_um is None else cell.thickness_um * 1e-4, THICKNESS)
    first, second = (each.ravel() for each in np.meshgrid(area, thickness, indexing="ij"))
    return _Grid(first, second, (one[:, None] + other[None, :]).ravel())


def _decades(value: float, sigma: float) -> float:
    """Error of a decimal logarithm."""
    return min(max(sigma / value / math.log(10.0), LEAST), MOST_ERROR)


def log_likelihood(window: Window | None, x: Reals, sigma: float, kind: str) -> Reals:
    """Natural logarithm of the likelihood of figures x, shape (g,), with an error; without a window of any figure."""
    from scipy.special import ndtr

    anywhere = 1.0 / WIDTHS.get(kind, WIDE)
    if window is None:
        return np.full(len(x), math.log(anywhere))
    low, high = (math.log10(end) if kind in DECADES else end for end in (window.low, window.high))
    width = math.hypot(window.edge, sigma)
    inside = (ndtr((x - low) / width) - ndtr((x - high) / width)) / (high - low)
    made: Reals = np.log((1.0 - ODD) * inside + ODD * anywhere)
    return made


class _Weighed:
    """All ways to name the arcs, shape (w, arcs) in places of elements, and what speaks for each of them.

    `factors` holds natural logarithms, shape (w,), by what they come from.
    """

    def __init__(self, fit: ArcFit, arcs: Sequence[Arc], cell: Cell, elements: Sequence[Element]) -> None:
        self.fit, self.arcs, self.cell, self.elements = fit, arcs, cell, elements
        self.windows = [{window.of: window for window in each.windows} for each in elements]
        self.bulk = next((place for place, each in enumerate(elements) if each.id == BULK), -1)
        every = np.array(list(itertools.product(range(len(elements)), repeat=len(arcs))), dtype=np.intp)
        every = every.reshape(-1, len(arcs))
        for place, each in enumerate(elements):
            if each.once:
                every = every[(every == place).sum(axis=1) <= 1]
        self.ways = every
        is_bulk = every == self.bulk
        self.bulk_at = np.where(is_bulk.any(axis=1), is_bulk.argmax(axis=1) if len(arcs) else 0, len(arcs))
        self.factors = {
            "prior": self.of_each(np.log([[each.prior for each in elements]] * len(arcs))),
            "capacitance": self.capacitance(),
            "frequency": self.of_each(self.table(self.frequency)),
            "exponent": self.of_each(self.table(self.exponent)),
            "energy": self.energy(),
            "pressure": self.of_each(self.table(self.pressure)),
            "order": self.order(),
            "resistance": self.resistance(),
            "series": self.series(),
        }
        total = np.sum(list(self.factors.values()), axis=0)
        self.total = total - total.max()
        share = np.exp(self.total)
        self.share: Reals = share / share.sum()

    def of_each(self, table: Reals) -> Reals:
        """The sum of a table, shape (..., arcs, elements), along each way: shape (..., w)."""
        made = np.zeros((*table.shape[:-2], len(self.ways)))
        for place in range(len(self.arcs)):
            made += table[..., place, self.ways[:, place]]
        return made

    def table(self, figure: Evidence) -> Reals:
        made = [[figure(place, which) for which in range(len(self.elements))] for place in range(len(self.arcs))]
        return np.array(made).reshape(len(self.arcs), len(self.elements))

    def likelihood(self, which: int, kind: str, x: float, sigma: float) -> float:
        return float(log_likelihood(self.windows[which].get(kind), np.array([x]), sigma, kind)[0])

    # --- what speaks for an element by itself

    def capacitance(self) -> Reals:
        """Averaged over the sizes that the cell may have."""
        grid = _grid(self.cell)
        made = np.empty((len(grid.area), len(self.arcs), len(self.elements)))
        for place, arc in enumerate(self.arcs):
            sigma, own = _decades(arc.C_F, arc.sigma_C_F), math.log10(arc.C_F)
            for which, element in enumerate(self.elements):
                if element.place == BODY:
                    kind, x = "capacitance_F_cm", own + grid.thickness - grid.area
                else:
                    kind, x = "capacitance_F_cm2", own - grid.area + math.log10(2.0 if self.cell.symmetric else 1.0)
                made[:, place, which] = log_likelihood(self.windows[which].get(kind), x, sigma, kind)
        return _log_sum(self.of_each(made) + grid.log_weight[:, None])

    def frequency(self, place: int, which: int) -> float:
        """At 25 C: moved there by the activation energy, of the arc where it is known, else of the element."""
        arc, cell, kind = self.arcs[place], self.cell, "frequency_25C_Hz"
        x, sigma = math.log10(arc.frequency_Hz), _decades(arc.frequency_Hz, arc.sigma_frequency_Hz)
        if cell.temperature_C is None:
            return self.likelihood(which, kind, x, math.hypot(sigma, COLD_OR_WARM))
        kelvin = cell.temperature_C + ZERO_C_K
        per_eV = (1.0 / ROOM_K - 1.0 / kelvin) / (BOLTZMANN_EV * math.log(10.0))
        usual = self.windows[which].get("activation_energy_eV")
        energy = (0.5 * (usual.low + usual.high), 0.5 * (usual.high - usual.low)) if usual else (0.5, 0.3)
        energy = cell.activation_energies.get(f"R{place + 1}", energy)
        return self.likelihood(which, kind, x - energy[0] * per_eV, math.hypot(sigma, energy[1] * per_eV))

    def exponent(self, place: int, which: int) -> float:
        arc = self.arcs[place]
        return self.likelihood(which, "exponent", arc.n, max(arc.sigma_n, LEAST))

    def pressure(self, place: int, which: int) -> float:
        found = 0.0
        for letter, kind in (("R", "pressure_exponent"), ("C", "capacitance_pressure_exponent")):
            told = self.cell.pressure_exponents.get(f"{letter}{place + 1}")
            found += 0.0 if told is None else self.likelihood(which, kind, *told)
        return found

    # --- what depends on the other arcs

    def energy(self) -> Reals:
        """Activation energies over that of the bulk in the same way, or by themselves where it is not known."""
        told, count = self.cell.activation_energies, len(self.arcs)
        made = np.zeros((count + 1, count, len(self.elements)))
        for at, place, which in np.ndindex(*made.shape):
            own = told.get(f"R{place + 1}")
            bulk = told.get(f"R{at + 1}" if at < count else "R0")
            if own is None:
                continue
            if bulk is None or which == self.bulk:
                made[at, place, which] = self.likelihood(which, "activation_energy_eV", *own)
            else:
                sigma = math.hypot(own[1], bulk[1])
                made[at, place, which] = self.likelihood(
                    which, "activation_energy_over_bulk_eV", own[0] - bulk[0], sigma
                )
        found: Reals = self.of_each(made)[self.bulk_at, np.arange(len(self.ways))]
        return found

    def order(self) -> Reals:
        """Against a faster arc that should be slower, the more the farther the two are apart."""
        rank = np.array([each.rank for each in self.elements])[self.ways]
        made = np.zeros(len(self.ways))
        for fast, slow in itertools.combinations(range(len(self.arcs)), 2):
            apart = math.log10(self.arcs[fast].frequency_Hz / self.arcs[slow].frequency_Hz)
            made -= (rank[:, fast] > rank[:, slow]) * ORDER * min(apart, 1.0) / DECIBAN
        return made

    def resistance(self) -> Reals:
        """How the body compares with thickness over conductivity and area; the series resistance belongs to it."""
        expected = self.cell.expected_ohm
        if expected is None:
            return np.zeros(len(self.ways))
        body = np.array([each.place == BODY for each in self.elements])[self.ways]
        found = body @ np.array([arc.R_ohm for arc in self.arcs]) + (self.fit.series_ohm or 0.0)
        x = np.log10(np.maximum(found, 1e-9 * expected) / expected)
        return log_likelihood(_Plateau(-EXPECTED, EXPECTED, EXPECTED_EDGE), x, LEAST, "resistance")

    def series(self) -> Reals:
        """Against a bulk arc with a large resistance before it, and against no bulk anywhere."""
        before = series_of(self.fit)
        R = np.array([*(arc.R_ohm for arc in self.arcs), 0.0])[self.bulk_at]
        seen = self.bulk_at < len(self.arcs)
        lost = np.where(seen, before / np.maximum(before + R, 1e-300), float(before == 0.0))
        return -SERIES / DECIBAN * lost

    # --- words

    def told(self, tail: str, alone: set[int]) -> Attribution:
        arcs = tuple(self.arc(place, id(arc) in alone) for place, arc in enumerate(self.arcs))
        hidden = float(self.share[self.bulk_at == len(self.arcs)].sum())
        beyond = hidden >= TOLD and series_of(self.fit) > 0
        says = [each.says for each in arcs]
        if beyond:
            says.append(
                f"The bulk is no arc in this range ({100 * hidden:.0f} %): it is in the {self.fit.series_ohm:.3g} ohm "
                "before the arcs. Measure at higher frequency or colder to see it."
            )
        if tail != "none":
            says.append(f"The tail at low frequency is that of: {tail}.")
        if arcs and self.cell.area_cm2 is None:
            says.append("No area was given: capacitances are in F of the whole cell, and what they tell is weaker.")
        elif arcs and self.cell.thickness_um is None:
            says.append("No thickness was given: bulk and grain boundaries are told less surely.")
        return Attribution(self.cell, arcs, tail, beyond, tuple(says))

    def arc(self, place: int, alone: bool) -> Attributed:
        chosen = self.ways[:, place]
        found = np.bincount(chosen, self.share, len(self.elements))
        order = sorted(range(len(self.elements)), key=lambda which: (-found[which], which))
        best, rival = order[0], order[min(1, len(order) - 1)]
        ends = [int(np.where(chosen == which, self.total, -np.inf).argmax()) for which in (best, rival)]
        reasons = [
            Reason(self.words(name, place), round(DECIBAN * float(factor[ends[0]] - factor[ends[1]]), 1))
            for name, factor in self.factors.items()
        ]
        reasons = sorted((each for each in reasons if each.decibans), key=lambda each: -abs(each.decibans))
        by_place = {
            where: float(sum(found[which] for which, each in enumerate(self.elements) if each.place == where))
            for where in (BODY, INTERFACE)
        }
        made = Attributed(
            name=f"R{place + 1}",
            arc=self.arcs[place],
            alone=alone,
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


class Evidence(Protocol):
    """A natural logarithm of the likelihood of an arc, by place, as an element, by place."""

    def __call__(self, place: int, which: int, /) -> float: ...


class _Plateau(NamedTuple):
    low: float
    high: float
    edge: float
    of: str = "resistance"


WORDS = {
    "prior": "how often it is met",
    "exponent": "its exponent, {n:.2f}",
    "energy": "the activation energies of the arcs",
    "pressure": "how it answers to pressure",
    "order": "the order of the arcs in frequency",
    "resistance": "the resistance that thickness and conductivity ask for",
    "series": "the resistance before the arcs",
}


def series_of(fit: ArcFit) -> float:
    """The series resistance in ohm, 0 when it is not above twice its error."""
    value = fit.series_ohm or 0.0
    return value if value > 2.0 * (fit.sigma_series_ohm or 0.0) else 0.0


def _log_sum(values: NDArray[np.float64]) -> Reals:
    """Logarithm of the sum of exponentials along the first axis."""
    top = values.max(axis=0)
    made: Reals = top + np.log(np.exp(values - top).sum(axis=0))
    return made


def _spoken(made: Attributed, title: str, other: str) -> Attributed:
    """With the sentence about the arc."""
    from dataclasses import replace

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
