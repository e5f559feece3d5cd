"""Impedance in JSON: sessions of PalmSens (.pssession), and plain arrays by name."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from diagnose.measurement.readings import HINT, NATURAL, NEGATIVE, NoImpedanceError, Readings
from diagnose.measurement.spectrumcolumns import selections
from diagnose.measurement.spectrumnames import FREQUENCY, IMAGINARY, PHASE, REAL
from diagnose.measurement.spectrumtable import assembled

MOST_DATASETS = 10_000
_KINDS = {"zre": REAL, "zim": IMAGINARY, "frequency": FREQUENCY}


def _lower(value: Any) -> Any:
    """A JSON object with its keys in lower case, as older and newer PSTrace write them differently."""
    return {str(key).lower(): each for key, each in value.items()} if isinstance(value, dict) else {}


def _figure(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return math.nan
    try:
        return float(value)
    except OverflowError:
        return math.nan


def _items(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _arrays(dataset: Any) -> Iterator[tuple[str, str, NDArray[np.float64]]]:
    """Description, symbol and figures of the arrays of a dataset."""
    for raw in _items(_lower(dataset).get("values")):
        array = _lower(raw)
        kind, symbol = str(array.get("description", "")).lower(), str(_lower(array.get("unit")).get("q", ""))
        values = [_figure(_lower(each).get("v")) for each in _items(array.get("datavalues"))]
        yield kind, symbol, np.array(values, dtype=np.float64)


def _dataset(dataset: Any, title: str) -> Readings | None:
    """The impedance in a dataset of PalmSens, or None."""
    found: dict[str, tuple[str, NDArray[np.float64]]] = {}
    for kind, symbol, values in _arrays(dataset):
        if kind in _KINDS:
            found.setdefault(_KINDS[kind], (symbol, values))
    if len(found) < 3:
        return None
    length = min(len(values) for _, values in found.values())
    if not length:
        return None
    symbol, imaginary = found[IMAGINARY]
    negative = symbol.strip().startswith(("-", "−"))
    imaginary = -imaginary if negative else imaginary
    notes = [f"PalmSens session: {title[:80]!r}, frequency, ZRe and ZIm ({symbol.strip() or 'no symbol'})."]
    if len({len(values) for _, values in found.values()}) > 1:
        notes.append("The arrays of the session differ in length; the shortest counts.")
    impedance = found[REAL][1][:length] + 1j * imaginary[:length]
    sign = NEGATIVE if negative else NATURAL
    return Readings(found[FREQUENCY][1][:length], impedance, sign, notes=tuple(notes))


def _session(session: dict[str, Any]) -> list[Readings]:
    found: list[Readings] = []
    techniques = []
    for raw in _items(session.get("measurements"))[:MOST_DATASETS]:
        measurement = _lower(raw)
        title = str(measurement.get("title", ""))
        techniques.append(title)
        # The spectra of a measurement stand in a list of their own; the dataset of the measurement repeats them.
        listed = [_lower(each) for each in _items(measurement.get("eisdatalist"))]
        datasets = [(each.get("dataset"), str(each.get("title", title))) for each in listed]
        own = [one for dataset, name in datasets if (one := _dataset(dataset, name)) is not None]
        if not own and (one := _dataset(measurement.get("dataset"), title)) is not None:
            own = [one]
        found += own
    if found:
        return found
    told = ", ".join(dict.fromkeys(each[:60] for each in techniques if each)) or "nothing"
    raise NoImpedanceError(
        f"holds no impedance; the session is of: {told}", "Give the session of an impedance measurement."
    )


def _array(arrays: list[list[Any]], length: int, place: int) -> NDArray[np.float64]:
    """An array as figures, filled up with nan to a length."""
    values = np.full(length, np.nan)
    values[: len(arrays[place])] = [_figure(each) for each in arrays[place]]
    return values


def _no_complexes(length: int, place: int) -> NDArray[np.complex128]:
    return np.full(length, complex(math.nan, math.nan))


def _by_name(data: dict[str, Any]) -> list[Readings]:
    """Plain arrays under names that mean frequency and impedance."""
    arrays = {key: value for key, value in data.items() if isinstance(value, list) and len(key) < 80}
    names = tuple(arrays)
    length = max((len(values) for values in arrays.values()), default=0)
    found = []
    for selection in selections(names):
        if selection.place(REAL) is None and selection.place(PHASE) is None:
            continue
        columns = partial(_array, [arrays[name] for name in names], length)
        made = assembled(selection, columns, partial(_no_complexes, length), names)
        found.append(replace(made, notes=("JSON with arrays by name.", *made.notes)))
    if not found:
        shown = ", ".join(key[:30] for key in list(data)[:8])
        raise NoImpedanceError(f"is JSON without arrays of frequency and impedance (keys: {shown})", HINT)
    return found


def readings(text: str) -> list[Readings]:
    """The impedance in JSON.

    Raises NoImpedanceError where the text is no JSON or holds none.
    """
    try:
        data, _ = json.JSONDecoder().raw_decode(text.lstrip("\ufeff \t\r\n"))
    except json.JSONDecodeError as error:
        raise NoImpedanceError(f"is not valid JSON: {error.msg}", "Save the session again.", error.lineno) from None
    except (RecursionError, ValueError):
        raise NoImpedanceError("is no JSON that can be read", "Save the session again.") from None
    if not isinstance(data, dict):
        raise NoImpedanceError("is JSON without named arrays", HINT)
    lower = _lower(data)
    return _session(lower) if "measurements" in lower else _by_name(data)
