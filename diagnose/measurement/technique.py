"""What a file without impedance seems to be, from its header and the names of its columns."""

from __future__ import annotations

import re
from collections.abc import Sequence

from diagnose.measurement.readings import HINT, NoImpedanceError
from diagnose.measurement.spectrumnames import (
    FREQUENCY,
    IMAGINARY,
    LOGARITHM,
    MODULUS,
    PHASE,
    REACTANCE,
    REAL,
    RESISTANCE,
    naming,
    plain,
)

_TECHNIQUES = (
    ("cyclic voltammetry", r"cyclic\s+voltam+et|\bCV\b"),
    ("linear sweep voltammetry", r"linear\s+(?:sweep|scan)\s+voltam|\bLSV\b"),
    ("an open-circuit voltage", r"open[\s-]circuit\s+(?:voltage|potential)\s*$|\bOCV\b|\bOCP\b|\bCORPOT\b"),
    ("galvanostatic cycling", r"galvanostatic\s+cycling|\bGCPL\b|charge[\s/-]+discharge\s+cycl"),
    ("a chronoamperometry", r"chrono\s*amperometry|\bCHRONOA\b|i\s*-\s*t\s+curve"),
    ("a chronopotentiometry", r"chrono\s*potentiometry|\bCHRONOP\b"),
    ("a pulse voltammetry", r"pulse\s+voltam|square\s+wave\s+voltam"),
)
# Of a longer line the beginning tells as much.
LONGEST_LINE = 300
_ROLES = (
    ("time", r"^(?:elapsed\s*)?(?:time|zeit|t)\b|\btime[/\s(\[]|时间"),
    ("potential", r"^<?(?:e|ece|vf|v|u|volt\w*|spannung)>?\b|potential|voltage|<?ewe>?|电压"),
    ("current", r"^<?\|?(?:i|im|current|strom)\|?>?\b(?!\s*range)|current(?!\s*range)|电流"),
    ("capacity", r"capacity|charge\b|\(q-qo\)|^q\b|kapazit"),
)


def _roles(names: Sequence[str]) -> set[str]:
    """What columns hold that are no impedance."""
    return {role for role, pattern in _ROLES if any(re.search(f"(?i){pattern}", plain(name)) for name in names)}


def columnish(names: Sequence[str]) -> bool:
    """Whether words are names of columns rather than prose."""
    marked = any(re.search(r"[\[(/]", name) for name in names)
    return marked or any(naming(name) for name in names) or bool(_roles(names))


def seems(names: Sequence[str], lines: Sequence[str] = ()) -> str:
    """What a file without impedance seems to be, or nothing."""
    for line in lines[:80]:
        short = line.strip()[:LONGEST_LINE]
        tag = re.match(r"(?i)(?:TAG|TITLE\tLABEL|technique|method|experiment(?: type)?)\s*[\t:=]\s*(.*)", short)
        candidate = tag.group(1) if tag else short
        if tag is None and (len(short) > 60 or ":" in short or "=" in short):
            continue
        for name, pattern in _TECHNIQUES:
            if re.search(f"(?i){pattern}", candidate):
                return name
    roles = _roles(names)
    if "capacity" in roles:
        return "a record of cycling"
    if {"potential", "current"} <= roles:
        return "a record of potential and current, such as cycling or voltammetry"
    if "time" in roles and ("potential" in roles or "current" in roles):
        return f"a record of {'potential' if 'potential' in roles else 'current'} over time"
    return ""


def lacking(names: Sequence[str], line: int, lines: Sequence[str]) -> NoImpedanceError:
    """The refusal of a table whose header does not name what is needed."""
    shown = ", ".join(plain(name)[:30] for name in names[:8] if name) + (", ..." if len(names) > 8 else "")
    kinds = {found.quantity for name in names if (found := naming(name))}
    if "resistivity" in kinds:
        return NoImpedanceError(f"gives a resistivity, not an impedance (columns: {shown})", HINT, line)
    parts = bool(kinds & {REAL, IMAGINARY, MODULUS, RESISTANCE, REACTANCE})
    if kinds & {FREQUENCY, LOGARITHM}:
        if MODULUS in kinds:
            return NoImpedanceError(f"gives the modulus without a phase (columns: {shown})", HINT, line)
        if parts:
            part = "imaginary" if kinds & {REAL, RESISTANCE} else "real"
            return NoImpedanceError(f"has no {part} part of the impedance (columns: {shown})", HINT, line)
        what = "an admittance" if "siemens" in kinds else "no impedance"
        return NoImpedanceError(f"has frequencies but {what} (columns: {shown})", HINT, line)
    if len(kinds & {REAL, IMAGINARY, MODULUS, PHASE}) >= 2:
        return NoImpedanceError(f"has an impedance but no frequency column (columns: {shown})", HINT, line)
    what = seems(names, lines)
    told = f"; it seems to be {what}" if what else ""
    return NoImpedanceError(f"holds no impedance{told} (columns: {shown})", HINT, line)
