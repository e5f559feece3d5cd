"""What is known about pairs of materials: the rows as they are written, and the tables that answer the rules."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import pydantic
from pydantic import model_validator

from diagnose.entry import Entry, Point, Sourced, listed
from diagnose.quantity import Span

ANY = "any"


class Row(Sourced):
    """A statement about a pair. `electrolyte` is an id, a family or any; `electrode` an id, a kind, a role or any."""

    electrolyte: tuple[str, ...] = listed(default=(ANY,))
    electrode: tuple[str, ...] = listed(default=(ANY,))
    default: bool | None = None
    why: str = ""
    replaces: bool = False

    @model_validator(mode="before")
    @classmethod
    def _one_or_many(cls, data: Any) -> Any:
        if isinstance(data, Mapping):
            return {
                key: [each] if key in ("electrolyte", "electrode") and isinstance(each, str) else each
                for key, each in data.items()
            }
        return data


class Compatibility(Row):
    """What heating does to a pair; `onset_C` is the temperature from which it reacts."""

    onset_C: float | None = pydantic.Field(default=None, ge=0, le=2000)
    says: str


class PressureWindow(Row):
    """A usual stack pressure in MPa while the cell runs."""

    low_MPa: float = pydantic.Field(ge=0)
    high_MPa: float = pydantic.Field(gt=0)
    says: str


class FabricationPressure(Row):
    """A pressure in MPa used to make something."""

    what: str
    low_MPa: float | None = None
    high_MPa: float | None = None
    says: str = ""


class StrippingLimit(Row):
    """Largest current (mA/cm2) at which lithium strips without voids, against stack pressure (MPa)."""

    points: tuple[Point, ...] = listed(min_length=2)
    temperature_C: tuple[float, float] = listed(default=(10.0, 40.0))
    says: str

    @model_validator(mode="after")
    def _rising(self) -> StrippingLimit:
        if any(a[0] >= b[0] or a[1] > b[1] for a, b in zip(self.points, self.points[1:], strict=False)):
            raise ValueError("points are pairs [MPa, mA/cm2] with rising pressure and current")
        return self

    def at_pressure(self, pressure: float) -> float | None:
        """Limit by straight lines between the points; None beyond the last one."""
        for (x0, y0), (x1, y1) in zip(self.points, self.points[1:], strict=False):
            if x0 <= pressure <= x1:
                return y0 + (y1 - y0) * (pressure - x0) / (x1 - x0)
        return None


class SeverityBand(Row):
    """Bands of an interface resistance in ohm cm2: upper ends of excellent and acceptable, start of severe."""

    excellent: float = pydantic.Field(gt=0)
    acceptable: float = pydantic.Field(gt=0)
    severe: float = pydantic.Field(gt=0)
    says: str

    @model_validator(mode="after")
    def _rising(self) -> SeverityBand:
        if not self.excellent < self.acceptable < self.severe:
            raise ValueError("excellent < acceptable < severe must hold")
        return self


class Target(Sourced):
    """A published or derived target for a resistance."""

    scope: str
    says: str


class Resistance(Row):
    """A published interface resistance in ohm cm2: a value, a range, or a change from `before` to `after`."""

    pair: str
    value: float | None = None
    low: float | None = None
    high: float | None = None
    before: float | None = None
    after: float | None = None
    unit: str = "ohm*cm^2"
    says: str = ""


class Reaction(Entry):
    """Reaction energy of two phases. `half_charged` is for the half-charged cathode, `unmixed` without mixing."""

    a: str
    b: str
    value: float | None = None
    low: float | None = None
    high: float | None = None
    half_charged: float | None = None
    unmixed: float | None = None
    note: str = ""


class ReactionBlock(Sourced):
    """Reaction energies from one source."""

    between: str
    rows: tuple[Reaction, ...] = listed(min_length=1)


class ReactionTable(Entry):
    """One quantity. Figures of different quantities are never compared."""

    quantity: str
    unit: str
    note: str = ""
    blocks: tuple[ReactionBlock, ...] = listed(min_length=1)


class Decomposition(Sourced):
    """Energy of decomposition of a phase at a potential."""

    phase: str
    potential_V: float
    value: float
    unit: Literal["meV/atom"]


class VolumeChange(Sourced):
    """Change of volume when two phases react, in percent."""

    a: str
    b: str
    chemical_percent: float
    at_4p5_V_percent: float


@dataclass(frozen=True, eq=False)
class Pairings:
    """Everything that is known about pairs; the `best_*` maps answer the rules."""

    compatibility: tuple[Compatibility, ...]
    pressure: tuple[PressureWindow, ...]
    fabrication: tuple[FabricationPressure, ...]
    stripping: tuple[StrippingLimit, ...]
    severity: tuple[SeverityBand, ...]
    targets: tuple[Target, ...]
    resistances: tuple[Resistance, ...]
    reactions: Mapping[str, ReactionTable]
    decomposition: tuple[Decomposition, ...]
    volume_changes: tuple[VolumeChange, ...]
    best_onset: Mapping[tuple[str, str], Compatibility]
    best_pressure: Mapping[tuple[str, str], PressureWindow]
    best_stripping: Mapping[tuple[str, str], StrippingLimit]
    best_severity: Mapping[tuple[str, str], SeverityBand]
    closed_energy: Mapping[tuple[str, str], tuple[Span, str, str]]
