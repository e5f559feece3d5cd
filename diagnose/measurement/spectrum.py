"""One impedance spectrum as it was read: figures in plain units, where they come from, and what was decided."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

# Where an area comes from: the caller, the header of the file, or nowhere.
GIVEN, HEADER, UNKNOWN = "given", "header", ""


@dataclass(frozen=True, eq=False)
class Spectrum:
    """A sweep of `n` points, by falling frequency, each frequency once.

    `frequency_Hz` has the shape (n,) and is above 0, `impedance_ohm` has the shape (n,) and an imaginary part below 0
    where the cell is capacitive; all figures are finite. With `per_area` the file gives the impedance per area and no
    area is known: then `impedance_ohm` is in ohm cm2. `number` counts the spectra of a file from 1. `dropped` counts
    the rows that were left out by reason, and `notes` say what the reader decided and why.
    """

    frequency_Hz: NDArray[np.float64]
    impedance_ohm: NDArray[np.complex128]
    file: str = ""
    number: int = 1
    area_cm2: float | None = None
    area_source: str = UNKNOWN
    thickness_um: float | None = None
    temperature_C: float | None = None
    per_area: bool = False
    dropped: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.frequency_Hz)
