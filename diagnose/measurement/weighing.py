"""All ways to give elements to the arcs of a fit, and what speaks for each of them.

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
# Share of figures that lie anywhere, and how wide anywhere is, in decades or in the unit of the figure.
ODD, WIDE = 0.005, 14.0
WIDTHS = {"exponent": 1.0, "activation_energy_eV": 1.5, "activation_energy_over_bulk_eV": 1.5}
WIDTHS |= {"pressure_exponent": 2.0, "capacitance_pressure_exponent": 2.0}
DECADES = ("capacitance_F_cm", "capacitance_F_cm2", "frequency_25C_Hz")
# Cells as they usually are: decimal logarithms of the area in cm2 and of the thickness in cm, with their spreads; most
# are pellets, some thin films (judgement).
AREA = ((math.log10(0.785), 0.4, 1.0),)
THICKNESS = ((-1.0, 0.5, 0.9), (-4.0, 0.4, 0.1))
STEPS = np.linspace(-2.5, 2.5, 11)
# Decades that a frequency may be off because the temperature was not given, and least error of a figure in decades.
COLD_OR_WARM, LEAST, MOST_ERROR = 0.5, 0.02, 3.0
# Least error of an arc that the fit does not tell by itself: in decades, and of its exponent.
VAGUE, VAGUE_N = 0.3, 0.1
# Decibans against an inverted pair of arcs that lie a decade apart, and against a bulk at two places or at none.
ORDER, SERIES = 10.0, 20.0
# Window of the measured over the expected resistance of the body, and its edge, in decades.
EXPECTED, EXPECTED_EDGE = 0.08, 0.1
DECIBAN = 10.0 / math.log(10.0)
BOLTZMANN_EV, ROOM_K, ZERO_C_K = 8.617333262e-5, 298.15, 273.15


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


class _Grid(NamedTuple):
    """Sizes that the cell may have: decimal logarithms of area in cm2 and thickness in cm, and weights, shape (g,)."""

    area: Reals
    thickness: Reals
    log_weight: Reals


def _grid(cell: Cell) -> _Grid:
    def axis(known: float | None, usual: Sequence[tuple[float, float, float]]) -> tuple[Reals, Reals]:
        if known is not None:
            return np.array([math.log10(known)]), np.zeros(1)
        normal = np.exp(-0.5 * STEPS**2)
        places = np.concatenate([middle + spread * STEPS for middle, spread, _ in usual])
        return places, np.log(np.concatenate([share * normal / normal.sum() for _, _, share in usual]))

    area, one = axis(cell.area_cm2, AREA)
    thickness, other = axis(None if cell.thickness_um is None else cell.thickness_um * 1e-4, THICKNESS)
    first, second = (each.ravel() for each in np.meshgrid(area, thickness, indexing="ij"))
    return _Grid(first, second, (one[:, None] + other[None, :]).ravel())


def _decades(value: float, sigma: float, least: float) -> float:
    """Error of a decimal logarithm; that of a figure without a finite error is the largest."""
    share = sigma / value / math.log(10.0)
    return min(max(share, least), MOST_ERROR) if math.isfinite(share) else MOST_ERROR


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


class Evidence(Protocol):
    """A natural logarithm of the likelihood of an arc, by place, as an element, by place."""

    def __call__(self, place: int, which: int, /) -> float: ...


class Weighed:
    """All ways to name the arcs, shape (w, arcs) in places of elements, and what speaks for each of them.

    `factors` holds natural logarithms, shape (w,), by what they come from.
    """

    def __init__(self, fit: ArcFit, arcs: Sequence[Arc], cell: Cell, elements: Sequence[Element]) -> None:
        self.fit, self.arcs, self.cell, self.elements = fit, arcs, cell, elements
        self.alone = {id(arc) for arc in fit.arcs}
        self.windows = [{window.of: window for window in each.windows} for each in elements]
        self.bulk = next((place for place, each in enumerate(elements) if each.id == BULK), -1)
        every = np.array(list(itertools.product(range(len(elements)), repeat=len(arcs))), dtype=np.intp)
        every = every.reshape(len(elements) ** len(arcs), len(arcs))
        for place, each in enumerate(elements):
            if each.once:
                every = every[(every == place).sum(axis=1) <= 1]
        self.ways = every
        is_bulk = every == self.bulk
        self.bulk_at = np.where(is_bulk.any(axis=1), is_bulk.argmax(axis=1) if len(arcs) else 0, len(arcs))
        self.factors = {
            "prior": self.of_each(self.table(lambda _, which: math.log(elements[which].prior))),
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

    def least(self, arc: Arc) -> float:
        """Least error of capacitance and frequency in decades."""
        return LEAST if id(arc) in self.alone else VAGUE

    def capacitance(self) -> Reals:
        """Averaged over the sizes that the cell may have."""
        grid = _grid(self.cell)
        made = np.empty((len(grid.area), len(self.arcs), len(self.elements)))
        for place, arc in enumerate(self.arcs):
            sigma, own = _decades(arc.C_F, arc.sigma_C_F, self.least(arc)), math.log10(arc.C_F)
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
        x = math.log10(arc.frequency_Hz)
        sigma = _decades(arc.frequency_Hz, arc.sigma_frequency_Hz, self.least(arc))
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
        sigma = max(arc.sigma_n, LEAST if id(arc) in self.alone else VAGUE_N)
        return self.likelihood(which, "exponent", arc.n, sigma if math.isfinite(sigma) else 1.0)

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


class _Plateau(NamedTuple):
    low: float
    high: float
    edge: float
    of: str = "resistance"


def series_of(fit: ArcFit) -> float:
    """The series resistance in ohm, 0 when it is not above twice its error."""
    value = fit.series_ohm or 0.0
    return value if value > 2.0 * (fit.sigma_series_ohm or 0.0) else 0.0


def _log_sum(values: NDArray[np.float64]) -> Reals:
    """Logarithm of the sum of exponentials along the first axis."""
    top = values.max(axis=0)
    made: Reals = top + np.log(np.exp(values - top).sum(axis=0))
    return made
