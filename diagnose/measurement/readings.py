"""What the readers of files hand over: tables of frequency and impedance as they stand, or a refusal."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from diagnose.errors import DataError, Problem
from diagnose.measurement.spectrumheader import Heading

Reals = NDArray[np.float64]
Complexes = NDArray[np.complex128]

# What a source says of the imaginary part: its negative was given, it was named without a minus, or nothing.
NEGATIVE, NATURAL, UNSAID = "negative", "natural", "unsaid"
HINT = "Give the file with frequency, real and imaginary part (or modulus and phase) of the impedance."


class NoImpedanceError(DataError):
    """A source in which no impedance was found: what is wrong, what to do, and in which file on which line."""

    def __init__(self, message: str, hint: str = "", line: int = 0, file: str = "") -> None:
        super().__init__([Problem(message, file=file, line=line, hint=hint)])
        self.message, self.hint, self.line, self.file = message, hint, line, file

    def __reduce__(self) -> tuple[type[NoImpedanceError], tuple[str, str, int, str]]:  # type: ignore[override]
        """Made again from its parts, as when it comes from another process."""
        return type(self), (self.message, self.hint, self.line, self.file)

    def within(self, file: str) -> NoImpedanceError:
        """The same refusal of a file that has a name."""
        return type(self)(self.message, self.hint, self.line, file)


@dataclass(frozen=True, eq=False)
class Readings:
    """The rows of one table in file order, in Hz and ohm; what could not be read is nan.

    With the sign NEGATIVE the imaginary part is turned here already. `loop` numbers repeats. With `per_area` the
    impedance is in ohm cm2.
    """

    frequency_Hz: Reals
    impedance_ohm: Complexes
    sign: str = UNSAID
    loop: Reals | None = None
    temperature_C: Reals | None = None
    per_area: bool = False
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Contents:
    """What a file holds: the tables of impedance, what its header says of the cell, and what was decided."""

    readings: tuple[Readings, ...]
    heading: Heading = field(default_factory=Heading)
    notes: tuple[str, ...] = ()
