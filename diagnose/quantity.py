"""Numbers as people write them: with a unit, an uncertainty, a bound or a range.

Plain figures, bounds and ranges in the unit of the field are read here; pint is imported only when another unit is
written. A figure after ± is a standard uncertainty, in the unit that follows it.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple

from diagnose.errors import DiagnoseError


class QuantityError(DiagnoseError):
    """A value that is not what its field needs; `hint` says what to type."""

    def __init__(self, message: str, hint: str = "") -> None:
        self.message, self.hint = message, hint
        super().__init__(f"{message}. {hint}" if hint else message)


class Span(NamedTuple):
    """A closed interval. A point has low == high; an open end is stored as the next float inside."""

    low: float
    high: float


@dataclass(frozen=True)
class Measured:
    """A number with what is known of it, in the unit of its field.

    `value` is None for a bound or a range; `sigma` is the standard uncertainty (0 when none was stated); `text` is what
    was written.
    """

    low: float
    high: float
    value: float | None
    sigma: float
    text: str

    @property
    def span(self) -> Span:
        """The interval that conditions see: the point itself, or the bounds."""
        return Span(self.low, self.high)


_FIGURE = r"[-+]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][-+]?[0-9]+)?"
_PLUS_MINUS = re.compile(rf"({_FIGURE})\s*(?:±|\+/-|\+-)\s*({_FIGURE})(.*)\Z", re.DOTALL)
_SHORTHAND = re.compile(r"([-+]?[0-9]+(?:\.([0-9]*))?)\(([0-9]+)\)([eE][-+]?[0-9]+)?(.*)\Z", re.DOTALL)
_RANGE = re.compile(rf"({_FIGURE})\s*(?:\.\.|–|—|to\b|-)\s*({_FIGURE})(.*)\Z", re.DOTALL)
_SINGLE = re.compile(rf"({_FIGURE})(.*)\Z", re.DOTALL)
_BOUND = re.compile(r"(<=|>=|<|>|≤|≥)\s*(.*)\Z", re.DOTALL)
_COMMA = re.compile(r"\d,\d")

_SPELLINGS = (
    ("⁻¹", "^-1"), ("⁻²", "^-2"), ("⁻³", "^-3"), ("²", "^2"), ("³", "^3"), ("Ω", "ohm"), ("Ω", "ohm"), ("·", "*"),
    ("⋅", "*"), ("×", "*"), ("µ", "u"), ("μ", "u"), ("°", "deg"), ("%", "percent"), ("Å", "angstrom"),
    ("Ohm", "ohm"), ("OHM", "ohm"),
    ("\N{ANGSTROM SIGN}", "angstrom"),
)  # fmt: skip
_POWER = re.compile(r"\b([mcu]?m|in)([23])\b|(?<=[A-Za-z])(-[123])\b")
_SPACED = re.compile(r"(?<=[A-Za-z0-9^])\s+(?=[A-Za-z])")
# No unit holds this: long text, other signs, two digits in a row, a power of a figure. It must not reach the unit
# library, which drops signs that it does not know and would work out 9**9**9**9.
_NO_UNIT = re.compile(r"[^A-Za-z0-9_*/^()+\-. ]|\d\d|[\d)]\s*(?:\*\*|\^)|.{41}", re.DOTALL)
# What in a figure is no unit: an exponent, the word between the ends of a range; and any other sign.
_EXPONENT_OR_TO = re.compile(r"(?<=[\d.])[eE](?=[-+\d])|\bto\b")
_OTHER_SIGN = re.compile(r"[^\d\s.()+\-\u2212\u2013\u2014±<>=≤≥~≈]")
_NAMES = {"1": "no unit", "percent": "percent", "degC": "C"}


def written_plainly(value: float | None) -> str:
    """A figure as it is written when nothing else is said of it: 310 and 310.0 are the same."""
    if value is None:
        return ""
    whole = value == int(value) if abs(value) < 1e15 else False
    return str(int(value)) if whole else repr(value)


def shown(raw: object) -> str:
    """What somebody gave, short enough for a message."""
    try:
        text = repr(raw)
    except Exception:  # an object of another library may fail to describe itself
        text = f"a {type(raw).__name__}"
    return _clipped(text)


def within(number: Measured, unit: str, limits: tuple[float, float]) -> Measured:
    """A number that was made elsewhere, checked against the limits of its field. Raises QuantityError."""
    if not limits[0] <= number.low <= number.high <= limits[1]:
        low, high = limits
        message = f"{number.low:g} to {number.high:g} lies outside {low:g} to {high:g} {unit_label(unit)}"
        raise QuantityError(message, "Check the figure and its unit.")
    return number


def unit_label(unit: str) -> str:
    """A unit as people read it: ohm*cm^2 -> ohm cm2."""
    return _NAMES.get(unit, unit.replace("*", " ").replace("^", ""))


def with_unit(text: str, unit: str) -> str:
    """A figure with the unit of its field as people read it, unless somebody wrote one beside it."""
    written = _OTHER_SIGN.search(_EXPONENT_OR_TO.sub("", text))
    return text if unit == "1" or written else f"{text} {unit_label(unit)}"


@lru_cache(maxsize=1)
def _registry() -> Any:
    import pint

    registry: Any = pint.UnitRegistry(autoconvert_offset_to_baseunit=True, cache_folder=None)
    return registry


def conversion(written: str, unit: str) -> tuple[float, float]:
    """Scale and offset that take a figure in the written unit to the unit of the field. Raises QuantityError."""
    text = written.strip()
    for old, new in _SPELLINGS:
        text = text.replace(old, new)
    text = _SPACED.sub("*", _POWER.sub(lambda found: f"{found[1]}^{found[2]}" if found[1] else f"^{found[3]}", text))
    if unit == "degC" and text in ("C", "degC", "degreeC", "celsius", "Celsius"):
        text = "degC"
    elif unit == "degC" and text in ("F", "degF", "fahrenheit", "Fahrenheit"):
        text = "degF"
    elif unit == "degC" and text == "K":
        text = "kelvin"
    if unit == "1" and text in ("cycle", "cycles"):
        return 1.0, 0.0
    if text == unit_label(unit).replace(" ", "*") or (text == unit and unit != "1"):
        return 1.0, 0.0
    if _NO_UNIT.search(text) or not re.search("[A-Za-z]", text):
        raise _no_unit(written, unit)
    registry = _registry()
    try:
        source, target = registry.parse_units(text), registry.parse_units("dimensionless" if unit == "1" else unit)
        fits = source.dimensionality == target.dimensionality
        at = [float(registry.Quantity(each, source).to(target).magnitude) for each in (0.0, 1e6, 2e6)] if fits else []
    except Exception:  # pint raises many kinds of error on text that is no unit
        raise _no_unit(written, unit) from None
    if not fits:
        raise QuantityError(*_wrong_dimension(registry, written.strip(), source, unit))
    if unit in ("1", "Hz") and "radian" in str(registry.get_base_units(source)[1]):
        hint = "Divide by 2 pi and write it in Hz." if unit == "Hz" else "Expected no unit."
        raise QuantityError(f"{written.strip()} counts an angle", hint)
    scale = (at[1] - at[0]) / 1e6
    # A logarithmic unit is no straight line, and a prefix can be too large or too small for a float.
    if not math.isfinite(at[2]) or scale == 0 or not math.isclose(at[2] - at[1], at[1] - at[0], rel_tol=1e-6):
        raise _no_unit(written, unit)
    return scale, at[0]


def _no_unit(written: str, unit: str) -> QuantityError:
    return QuantityError(f"{_clipped(written.strip())!r} is not a unit", f"Expected {unit_label(unit)}.")


def _clipped(text: str, most: int = 40) -> str:
    return text if len(text) <= most else text[:most] + "..."


def tidied(figure: str, scale: float, offset: float) -> float:
    """A figure in the unit of the field, without the dust of binary arithmetic: 77 F is 25 C not 24.999999999999."""
    value = float(figure)
    if (scale, offset) == (1.0, 0.0):
        return value
    value = value * scale + offset
    return round(value, 11) if offset else float(f"{value:.12g}")


def _wrong_dimension(registry: Any, written: str, source: Any, unit: str) -> tuple[str, str]:
    expected = unit_label(unit)
    if unit == "ohm*cm^2" and source.dimensionality == registry.parse_units("ohm").dimensionality:
        message = f"{written} is a resistance; this field needs a resistance times area ({expected})"
        return message, 'Multiply by the electrode area, for example "85 ohm cm2".'
    if unit == "mA/cm^2" and source.dimensionality == registry.parse_units("A").dimensionality:
        return (
            f"{written} is a current; this field needs a current per area ({expected})",
            "Divide by the electrode area.",
        )
    return f"{written} is not a unit of this field", f"Expected {expected}."


def _affine(rest: str, unit: str) -> tuple[float, float]:
    return conversion(rest, unit) if rest.strip() else (1.0, 0.0)


def _outside(value: float, unit: str, limits: tuple[float, float], text: str) -> QuantityError:
    low, high = limits
    label = "" if unit == "1" else f" {unit_label(unit)}"
    figure = f"{value:g}{label}"
    stated = text if text.replace(" ", "") != f"{value:g}" else ""
    head = f"{stated} is {figure}, outside" if stated and stated != figure else f"{figure} is outside"
    hint = "Check the figure and its unit."
    for factor in (1000.0, 1.0e6):
        if low <= value / factor <= high and value / factor > 0:
            hint = f"Did you mean {value / factor:g}{label}?"
            break
    return QuantityError(f"{head} {low:g} to {high:g}{label}", hint)


def parse_number(raw: object, unit: str, limits: tuple[float, float], integer: bool = False) -> Measured:
    """A number in the unit of a field, from a figure or from text.

    `limits` are the physically possible values, inclusive; they close the open side of a bound. Raises QuantityError.
    """
    if isinstance(raw, bool):
        raise QuantityError(
            f"{str(raw).lower()} is not a number", "Write a figure, or leave the field out when it is unknown."
        )
    if isinstance(raw, (int, float)):
        try:
            value = int.__float__(raw) if isinstance(raw, int) else float.__float__(raw)
        except OverflowError:
            value = math.inf
        return _point(_finite(value, unit) + 0.0, 0.0, written_plainly(value), unit, limits, integer)
    if not isinstance(raw, str):
        raise QuantityError(
            f"{type(raw).__name__} is not a number", 'Write a figure such as 85, or text such as "85 ± 5".'
        )
    text = " ".join(raw.split())
    if _COMMA.search(text):
        raise _not_a_number(text)
    plain = text.replace("\N{MINUS SIGN}", "-")
    bound = _BOUND.match(plain)
    if bound:
        return _bounded(bound[1], bound[2], text, unit, limits, integer)
    body = plain.lstrip("~≈ ")
    for pattern, reader in ((_PLUS_MINUS, _uncertain), (_SHORTHAND, _shorthand), (_RANGE, _ranged), (_SINGLE, _single)):
        found = pattern.match(body)
        if found:
            return reader(found, text, unit, limits, integer)
    raise _not_a_number(text)


def _not_a_number(text: str) -> QuantityError:
    text = _clipped(text)
    if "," in text:
        return QuantityError(f"{text!r} is not a number", "Use a point for decimals: 3.5, not 3,5.")
    if text.lower() in ("nan", "inf", "-inf", "infinity", "na", "n/a", "unknown", "?", ""):
        return QuantityError(f"{text!r} is not a number", "Leave the field out when it is unknown.")
    return QuantityError(
        f"{text!r} is not a number", 'Write a figure such as 85, or text such as "85 ± 5", "<10" or "500-900".'
    )


def _finite(value: float, unit: str) -> float:
    if math.isnan(value) or math.isinf(value):
        raise QuantityError(f"{value} is not a number", "Leave the field out when it is unknown.")
    return value


def _point(value: float, sigma: float, text: str, unit: str, limits: tuple[float, float], integer: bool) -> Measured:
    if not limits[0] <= _finite(value, unit) <= limits[1]:
        raise _outside(value, unit, limits, text)
    if integer and value != int(value):
        raise QuantityError(f"{text} is not a whole number", f"Write {int(value)} or {int(value) + 1}.")
    return Measured(value, value, value, sigma, text)


def _single(found: re.Match[str], text: str, unit: str, limits: tuple[float, float], integer: bool) -> Measured:
    return _point(tidied(found[1], *_affine(found[2], unit)), 0.0, text, unit, limits, integer)


def _uncertain(found: re.Match[str], text: str, unit: str, limits: tuple[float, float], integer: bool) -> Measured:
    scale, offset = _affine(found[3], unit)
    sigma = _finite(float(found[2]) * abs(scale), unit)
    if sigma < 0:
        raise QuantityError(f"the uncertainty in {text!r} is negative", "Write it as 85 ± 5.")
    return _point(tidied(found[1], scale, offset), sigma, text, unit, limits, integer)


def _shorthand(found: re.Match[str], text: str, unit: str, limits: tuple[float, float], integer: bool) -> Measured:
    """85(5) and 1.52(3)e-6: the figures in brackets count in the last digit."""
    exponent = found[4] or ""
    scale, offset = _affine(found[5], unit)
    size = float(f"{found[3]}e{-len(found[2] or '')}") * float(f"1{exponent}" if exponent else 1)
    sigma = _finite(size * abs(scale), unit)
    return _point(tidied(found[1] + exponent, scale, offset), sigma, text, unit, limits, integer)


def _ranged(found: re.Match[str], text: str, unit: str, limits: tuple[float, float], integer: bool) -> Measured:
    scale, offset = _affine(found[3], unit)
    low, high = sorted(_finite(tidied(figure, scale, offset), unit) for figure in (found[1], found[2]))
    if float(found[1]) > float(found[2]):
        raise QuantityError(f"the range {text!r} runs downwards", f"Write {found[2]}-{found[1]}.")
    for end in (low, high):
        if not limits[0] <= end <= limits[1]:
            raise _outside(end, unit, limits, text)
    return Measured(low, high, low if low == high else None, 0.0, text)


def _bounded(sign: str, rest: str, text: str, unit: str, limits: tuple[float, float], integer: bool) -> Measured:
    found = _SINGLE.match(rest)
    if not found:
        raise _not_a_number(text)
    end = _single(found, text, unit, limits, integer=False).low
    below = sign in ("<", "<=", "≤")
    if sign in ("<", ">"):
        end = math.nextafter(end, -math.inf if below else math.inf)
    low, high = (float(limits[0]), end) if below else (end, float(limits[1]))
    if low > high:
        raise QuantityError(f"{text!r} leaves no possible value", f"Possible are {limits[0]:g} to {limits[1]:g}.")
    return Measured(low, high, None, 0.0, text)
