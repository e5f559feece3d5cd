"""Numbers as people write them: closed forms of units, laws of reading, and refusals that say what to type."""

from __future__ import annotations

import math
import time
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from diagnose.errors import DiagnoseError
from diagnose.knowledgefile import vocabulary
from diagnose.quantity import Measured, QuantityError, Span, parse_number, unit_label

MPA, OHM, CELSIUS, CONDUCTIVITY = "MPa", "ohm*cm^2", "degC", "S/cm"
WIDE = (-1e300, 1e300)
LIMITS = {MPA: (0.0, 2000.0), OHM: (0.0, 1e9), CELSIUS: (-273.15, 2000.0), CONDUCTIVITY: (0.0, 1e3), "1": (0.0, 1e6)}
GENERIC = 'Write a figure such as 85, or text such as "85 ± 5", "<10" or "500-900".'
LEAVE = "Leave the field out when it is unknown."


def read(raw: object, unit: str = MPA, limits: tuple[float, float] | None = None, integer: bool = False) -> Measured:
    return parse_number(raw, unit, limits or LIMITS.get(unit, WIDE), integer)


def refused(raw: object, unit: str = MPA, limits: tuple[float, float] | None = None, integer: bool = False) -> str:
    """The whole text with which a value is refused."""
    with pytest.raises(QuantityError) as caught:
        read(raw, unit, limits, integer)
    assert str(caught.value) == f"{caught.value.message}. {caught.value.hint}".removesuffix(". ")
    return str(caught.value)


def outcome(raw: object, unit: str, limits: tuple[float, float], integer: bool = False) -> Measured | QuantityError:
    """The number that was read, or the error with which it was refused."""
    try:
        return parse_number(raw, unit, limits, integer)
    except QuantityError as error:
        return error


def label(value: object) -> str:
    """A short name for a value in the name of a test."""
    return ascii(value)[:40]


def sound(found: Measured, limits: tuple[float, float]) -> bool:
    """What holds of every number that was read: finite, ordered, inside the limits, with a usable uncertainty."""
    low, high = limits
    return (
        all(math.isfinite(each) for each in (found.low, found.high, found.sigma))
        and low <= found.low <= found.high <= high
        and found.sigma >= 0
        and (found.value is None or found.low == found.value == found.high)
        and found.span == Span(found.low, found.high)
    )


# Figures as people write them: up to twelve digits, with or without a point and an exponent.
FIGURES = st.builds(
    lambda digits, places, exponent: f"{Decimal(digits).scaleb(-places)}" + (f"e{exponent}" if exponent else ""),
    st.integers(0, 10**12 - 1),
    st.integers(0, 6),
    st.integers(-9, 9),
)
SIGNED = st.builds(lambda sign, figure: sign + figure, st.sampled_from(["", "-", "+"]), FIGURES)

# --- units: closed forms

# Unit of the field, unit written, and what one written unit is in the unit of the field.
FACTORS = [
    (MPA, "MPa", Fraction(1)),
    (MPA, "Pa", Fraction(1, 10**6)),
    (MPA, "hPa", Fraction(1, 10**4)),
    (MPA, "kPa", Fraction(1, 1000)),
    (MPA, "GPa", Fraction(1000)),
    (MPA, "bar", Fraction(1, 10)),
    (MPA, "mbar", Fraction(1, 10**4)),
    (MPA, "atm", Fraction(101325, 10**6)),
    (MPA, "torr", Fraction(101325, 760 * 10**6)),
    (MPA, "psi", Fraction("0.45359237") * Fraction("9.80665") / Fraction("0.0254") ** 2 / 10**6),
    (MPA, "N/mm2", Fraction(1)),
    (MPA, "N/mm^2", Fraction(1)),
    (MPA, "kgf/cm2", Fraction("0.0980665")),
    (OHM, "ohm cm2", Fraction(1)),
    (OHM, "ohm*cm2", Fraction(1)),
    (OHM, "ohm*cm^2", Fraction(1)),
    (OHM, "ohm cm**2", Fraction(1)),
    (OHM, "Ω cm²", Fraction(1)),
    (OHM, "Ω·cm²", Fraction(1)),
    (OHM, "Ω⋅cm²", Fraction(1)),
    (OHM, "cm2 ohm", Fraction(1)),
    (OHM, "ohm m2", Fraction(10**4)),
    (OHM, "Ω m²", Fraction(10**4)),
    (OHM, "ohm mm2", Fraction(1, 100)),
    (OHM, "kΩ cm²", Fraction(1000)),
    (OHM, "mohm cm2", Fraction(1, 1000)),
    (OHM, "ohm in2", Fraction("2.54") ** 2),
    (CONDUCTIVITY, "S/cm", Fraction(1)),
    (CONDUCTIVITY, "S/m", Fraction(1, 100)),
    (CONDUCTIVITY, "mS/cm", Fraction(1, 1000)),
    (CONDUCTIVITY, "µS/cm", Fraction(1, 10**6)),
    (CONDUCTIVITY, "μS/cm", Fraction(1, 10**6)),
    (CONDUCTIVITY, "uS/cm", Fraction(1, 10**6)),
    (CONDUCTIVITY, "S cm^-1", Fraction(1)),
    (CONDUCTIVITY, "mS cm⁻¹", Fraction(1, 1000)),
    ("mA/cm^2", "mA/cm2", Fraction(1)),
    ("mA/cm^2", "mA/cm²", Fraction(1)),
    ("mA/cm^2", "mA cm-2", Fraction(1)),
    ("mA/cm^2", "A/cm2", Fraction(1000)),
    ("mA/cm^2", "A/m2", Fraction(1, 10)),
    ("mA/cm^2", "µA/cm²", Fraction(1, 1000)),
    ("mAh/cm^2", "mAh/cm2", Fraction(1)),
    ("mAh/cm^2", "Ah/m2", Fraction(1, 10)),
    ("mAh/g", "mAh/g", Fraction(1)),
    ("mAh/g", "Ah/kg", Fraction(1)),
    ("F/cm^2", "uF/cm2", Fraction(1, 10**6)),
    ("F/cm^2", "F/m2", Fraction(1, 10**4)),
    ("Hz", "kHz", Fraction(1000)),
    ("Hz", "1/s", Fraction(1)),
    ("V", "mV", Fraction(1, 1000)),
    ("eV", "meV", Fraction(1, 1000)),
    ("ohm", "kohm", Fraction(1000)),
    ("ohm", "mΩ", Fraction(1, 1000)),
    ("um", "nm", Fraction(1, 1000)),
    ("um", "µm", Fraction(1)),
    ("um", "mm", Fraction(1000)),
    ("nm", "Å", Fraction(1, 10)),
    ("nm", "um", Fraction(1000)),
    ("h", "min", Fraction(1, 60)),
    ("h", "d", Fraction(24)),
    ("min", "h", Fraction(60)),
    ("min", "s", Fraction(1, 60)),
    ("percent", "%", Fraction(1)),
    ("percent", "percent", Fraction(1)),
    ("percent", "ppm", Fraction(1, 10**4)),
    ("1", "%", Fraction(1, 100)),
    ("1", "percent", Fraction(1, 100)),
    ("ppm", "%", Fraction(10**4)),
    ("ppm/K", "1/K", Fraction(10**6)),
    ("ppm/K", "um/m/K", Fraction(1)),
    ("deg", "°", Fraction(1)),
    ("deg", "deg", Fraction(1)),
    ("deg", "degrees", Fraction(1)),
]  # fmt: skip
# Temperatures: unit written, scale and offset to C.
TEMPERATURES = [
    ("C", Fraction(1), Fraction(0)),
    ("°C", Fraction(1), Fraction(0)),
    ("degC", Fraction(1), Fraction(0)),
    ("celsius", Fraction(1), Fraction(0)),
    ("K", Fraction(1), Fraction("-273.15")),
    ("kelvin", Fraction(1), Fraction("-273.15")),
    ("F", Fraction(5, 9), Fraction(-160, 9)),
    ("°F", Fraction(5, 9), Fraction(-160, 9)),
]


def close(found: float | None, exact: Fraction, size: Fraction = Fraction(0)) -> bool:
    """Equal to eleven digits of the largest figure that took part in the sum."""
    assert found is not None
    return abs(Fraction(found) - exact) <= Fraction(1, 10**11) * max(abs(exact), size)


@pytest.mark.parametrize(("unit", "written", "factor"), FACTORS, ids=[f"{a}<-{b}" for a, b, _ in FACTORS])
def test_unit_is_converted_by_its_factor(unit: str, written: str, factor: Fraction) -> None:
    """A figure in another unit of the same kind is read as the figure times the factor between the units."""
    for figure in ("1", "85", "0.3", "1.52e-6", "7e5"):
        found = read(f"{figure} {written}", unit, WIDE)
        assert close(found.value, Fraction(figure) * factor), figure
        assert found.sigma == 0


@pytest.mark.parametrize(("unit", "written", "factor"), FACTORS, ids=[f"{a}<-{b}" for a, b, _ in FACTORS])
def test_uncertainty_bounds_and_ranges_take_the_same_factor(unit: str, written: str, factor: Fraction) -> None:
    """The unit behind an uncertainty, a bound or a range holds for every figure before it."""
    stated = read(f"8 ± 0.5 {written}", unit, WIDE)
    assert close(stated.value, 8 * factor)
    assert close(stated.sigma, factor / 2)
    short = read(f"8.0(5) {written}", unit, WIDE)
    assert (short.value, short.sigma) == (stated.value, pytest.approx(stated.sigma, rel=1e-12))
    ranged = read(f"3-8 {written}", unit, WIDE)
    assert close(ranged.low, 3 * factor)
    assert close(ranged.high, 8 * factor)
    assert read(f"<= 8 {written}", unit, WIDE).high == ranged.high
    assert read(f">= 3 {written}", unit, WIDE).low == ranged.low


@settings(derandomize=True, deadline=None, max_examples=300)
@given(st.sampled_from(FACTORS), FIGURES)
def test_conversion_is_exact_to_eleven_digits(row: tuple[str, str, Fraction], figure: str) -> None:
    """Whatever the figure, conversion loses nothing that a laboratory could have measured."""
    unit, written, factor = row
    assert close(read(f"{figure} {written}", unit, WIDE).value, Fraction(figure) * factor)


@settings(derandomize=True, deadline=None, max_examples=200)
@given(st.sampled_from(TEMPERATURES), st.integers(0, 3000), st.integers(0, 99))
def test_temperatures_have_a_scale_and_an_offset(row: tuple[str, Fraction, Fraction], whole: int, part: int) -> None:
    """Kelvin and Fahrenheit are read with their offset, Celsius as it stands."""
    written, scale, offset = row
    figure = f"{whole}.{part:02}"
    found = read(f"{figure} {written}", CELSIUS, WIDE).value
    assert close(found, Fraction(figure) * scale + offset, abs(offset) + Fraction(figure))


@pytest.mark.parametrize(
    ("text", "celsius"),
    [("0 K", -273.15), ("273.15 K", 0.0), ("300 K", 26.85), ("77 F", 25.0), ("212 F", 100.0), ("-40 F", -40.0),
     ("-459.67 F", -273.15), ("25", 25.0), ("25C", 25.0), ("25 °C", 25.0)],
)  # fmt: skip
def test_fixed_points_of_temperature(text: str, celsius: float) -> None:
    """Well known temperatures come out without the dust of binary arithmetic."""
    assert read(text, CELSIUS).value == celsius


@pytest.mark.parametrize(("written", "scale", "offset"), TEMPERATURES)
def test_uncertainty_takes_the_scale_but_not_the_offset(written: str, scale: Fraction, offset: Fraction) -> None:
    """An uncertainty of 9 K is one of 9 C, and one of 9 F is one of 5 C."""
    found = read(f"300 ± 9 {written}", CELSIUS)
    assert close(found.value, 300 * scale + offset, Fraction(300))
    assert found.sigma == pytest.approx(float(9 * scale), rel=1e-11)


def test_ends_of_a_range_of_temperatures_take_scale_and_offset() -> None:
    """Both ends of a range and the end of a bound are moved by the offset."""
    found = read("273.15 to 373.15 K", CELSIUS)
    assert (found.low, found.high, found.value, found.sigma) == (0.0, 100.0, None, 0.0)
    assert read("<= 300 K", CELSIUS).span == Span(-273.15, 26.85)
    assert read("-40..212 F", CELSIUS).span == Span(-40.0, 100.0)


@pytest.mark.parametrize(("text", "celsius"), [("32 F", 0.0), ("3e5 mK", 26.85), ("33.8 F", 1.0), ("31.1 F", -0.5)])
def test_temperatures_near_zero_come_out_clean(text: str, celsius: float) -> None:
    """The freezing point of water is 0 C and not just below, so a rule that asks for less than 0 C stays silent."""
    assert read(text, CELSIUS).value == celsius


@pytest.mark.parametrize(("text", "degrees"), [("0.5 rad", 90 / math.pi), ("1 rad", 180 / math.pi), ("90°", 90.0)])
def test_angles(text: str, degrees: float) -> None:
    """A contact angle may be written in radians."""
    assert read(text, "deg").value == pytest.approx(degrees, rel=1e-11)


def test_conversions_keep_order() -> None:
    """Of two figures in one unit the larger is never read as the smaller."""
    for unit, written, _ in FACTORS:
        values = [read(f"{each / 7!r} {written}", unit, WIDE).low for each in range(1, 60)]
        assert values == sorted(values)


def test_every_unit_of_a_field_is_read_in_both_spellings() -> None:
    """The unit of every field may be written as it stands in the vocabulary and as the messages print it."""
    for name, field in vocabulary().items():
        if field.kind in ("number", "integer"):
            low, high = field.limits
            figure = float(min(max(1.0, low), high))
            for unit in {field.unit, unit_label(field.unit)} - {"1"}:
                assert read(f"{figure!r} {unit}", field.unit, field.limits).value == figure, name


@pytest.mark.parametrize(
    ("unit", "label"),
    [(OHM, "ohm cm2"), ("mA/cm^2", "mA/cm2"), (CELSIUS, "C"), ("1", "no unit"), ("percent", "percent"), (MPA, "MPa")],
)
def test_label_of_a_unit(unit: str, label: str) -> None:
    """Units are printed as people write them."""
    assert unit_label(unit) == label


# --- spellings of uncertainty, bounds and ranges


@pytest.mark.parametrize(
    ("text", "value", "sigma"),
    [
        ("85 ± 5", 85.0, 5.0),
        ("85±5", 85.0, 5.0),
        ("85 +/- 5", 85.0, 5.0),
        ("85+/-5", 85.0, 5.0),
        ("85 +- 5", 85.0, 5.0),
        ("85 ± 0", 85.0, 0.0),
        ("8.5e1 ± 5e0", 85.0, 5.0),
        ("85 ± 5 ohm cm2", 85.0, 5.0),
        ("85±5 Ω cm²", 85.0, 5.0),
        ("~85 ± 5", 85.0, 5.0),
        ("85(5)", 85.0, 5.0),
        ("85.0(5)", 85.0, 0.5),
        ("85.25(15)", 85.25, 0.15),
        ("85.(5)", 85.0, 5.0),
        ("85(12)", 85.0, 12.0),
        ("1.52(3)e-6", 1.52e-6, 3e-8),
        ("1.52(3)E+2", 152.0, 3.0),
        ("0.0085(5) ohm m2", 85.0, 5.0),
        ("85", 85.0, 0.0),
        ("+85", 85.0, 0.0),
        ("~85", 85.0, 0.0),
        ("~ 85", 85.0, 0.0),
        ("≈85", 85.0, 0.0),
        ("85.", 85.0, 0.0),
        (".85", 0.85, 0.0),
        ("085", 85.0, 0.0),
        ("8.5e1", 85.0, 0.0),
        ("8.5E+01", 85.0, 0.0),
        (" 85 ", 85.0, 0.0),
        ("85\t±\n5", 85.0, 5.0),
        (85, 85.0, 0.0),
        (85.5, 85.5, 0.0),
    ],
)  # fmt: skip
def test_figures_and_their_uncertainty(text: object, value: float, sigma: float) -> None:
    """A figure may carry a standard uncertainty behind a sign or in brackets, counted in its last digits."""
    found = read(text, OHM)
    assert (found.low, found.high, found.value) == (value, value, value)
    assert found.sigma == pytest.approx(sigma, rel=1e-12, abs=0)


@pytest.mark.parametrize(
    ("text", "low", "high"),
    [
        ("<10", 0.0, math.nextafter(10.0, 0.0)),
        ("< 10", 0.0, math.nextafter(10.0, 0.0)),
        ("<= 10", 0.0, 10.0),
        ("≤10", 0.0, 10.0),
        (">5", math.nextafter(5.0, 9.0), 2000.0),
        (">= 5", 5.0, 2000.0),
        ("≥5", 5.0, 2000.0),
        ("< 1e1", 0.0, math.nextafter(10.0, 0.0)),
        ("<=50 bar", 0.0, 5.0),
        ("<=0", 0.0, 0.0),
        (">=2000", 2000.0, 2000.0),
        ("500-900", 500.0, 900.0),
        ("500 - 900", 500.0, 900.0),
        ("500 to 900", 500.0, 900.0),
        ("500..900", 500.0, 900.0),
        ("500 .. 900", 500.0, 900.0),
        ("500–900", 500.0, 900.0),
        ("500—900", 500.0, 900.0),
        ("5e2-9e2", 500.0, 900.0),
        ("1e-3-1e-2", 0.001, 0.01),
        ("~500-900", 500.0, 900.0),
        ("0.5 to 0.9 GPa", 500.0, 900.0),
    ],
)  # fmt: skip
def test_bounds_and_ranges(text: str, low: float, high: float) -> None:
    """A bound reaches to the limit of its field, open when its sign is; a range holds both of its ends."""
    assert read(text) == Measured(low, high, None, 0.0, text)


@pytest.mark.parametrize(
    ("text", "low", "high"),
    [
        ("-60..-40", -60.0, -40.0),
        ("-60 to -40", -60.0, -40.0),
        ("-60--40", -60.0, -40.0),
        ("-60 - -40", -60.0, -40.0),
        ("-60–-40", -60.0, -40.0),
        ("-60-40", -60.0, 40.0),
        ("-60..+40 C", -60.0, 40.0),
        ("<=-40", -273.15, -40.0),
        (">= -40", -40.0, 2000.0),
        ("-40", -40.0, -40.0),
    ],
)  # fmt: skip
def test_negative_figures(text: str, low: float, high: float) -> None:
    """The sign of a figure and the dash of a range are told apart."""
    assert read(text, CELSIUS).span == Span(low, high)


def test_range_of_one_point_is_a_figure() -> None:
    """A range whose ends are equal is the figure itself."""
    assert read("5-5") == Measured(5.0, 5.0, 5.0, 0.0, "5-5")


def test_text_is_kept() -> None:
    """What was written is kept, with its spaces made single."""
    assert read("  85   ±  5  ohm\tcm2 ", OHM).text == "85 ± 5 ohm cm2"
    assert read(5).text == "5"
    assert read(0.25).text == "0.25"


# --- laws


@settings(derandomize=True, deadline=None, max_examples=500)
@given(st.floats(*LIMITS[MPA]))
def test_figure_is_read_exactly(value: float) -> None:
    """A plain figure is read to its last bit."""
    assert read(value).value == value
    assert read(value).span == Span(value, value)


@settings(derandomize=True, deadline=None, max_examples=500)
@given(SIGNED, st.sampled_from(["", " MPa", "MPa"]))
def test_text_in_the_unit_of_the_field_is_read_exactly(figure: str, unit: str) -> None:
    """A figure of up to twelve digits, with or without the unit of the field, is read as the very same number."""
    assert read(figure + unit, MPA, WIDE).value == float(figure)


@settings(derandomize=True, deadline=None, max_examples=100)
@given(st.floats(0.1, 2000.0))
def test_text_is_not_rounded_where_nothing_is_converted(value: float) -> None:
    """The text of a float, in the unit of the field, gives the float back."""
    assert read(f"{value!r} MPa").value == value


@settings(derandomize=True, deadline=None, max_examples=300)
@given(FIGURES, st.sampled_from(["", " "]), st.sampled_from(["bar", "kPa", "MPa", "N/mm2"]))
def test_spaces_do_not_matter(figure: str, gap: str, unit: str) -> None:
    """A figure is read the same with any spaces around it and before its unit."""
    plain = read(f"{figure} {unit}", MPA, WIDE)
    spaced = read(f"  {figure}{gap}{unit}\n", MPA, WIDE)
    assert (plain.span, plain.value, plain.sigma) == (spaced.span, spaced.value, spaced.sigma)


@settings(derandomize=True, deadline=None, max_examples=300)
@given(FIGURES, FIGURES)
def test_uncertainty_leaves_the_figure_alone(figure: str, spread: str) -> None:
    """With and without an uncertainty the figure is the same, and the uncertainty is that which was written."""
    found = read(f"{figure} ± {spread}", MPA, WIDE)
    assert found.value == read(figure, MPA, WIDE).value
    assert found.sigma == float(spread)


@settings(derandomize=True, deadline=None, max_examples=300)
@given(st.integers(0, 10**9), st.integers(0, 6), st.integers(0, 999), st.integers(-6, 6))
def test_brackets_count_in_the_last_digits(digits: int, places: int, spread: int, exponent: int) -> None:
    """123.45(6)e2 is 123.45e2 with an uncertainty of 0.06e2, whatever the digits."""
    figure = f"{digits // 10**places}" + (f".{digits % 10**places:0{places}}" if places else "")
    found = read(f"{figure}({spread})e{exponent}", MPA, WIDE)
    assert found.value == float(f"{figure}e{exponent}")
    assert found.sigma == pytest.approx(float(Fraction(spread) * Fraction(10) ** (exponent - places)), rel=1e-12)


@settings(derandomize=True, deadline=None, max_examples=300)
@given(st.sampled_from(["<", "<=", ">", ">=", "≤", "≥"]), st.integers(1, 1999), st.floats(*LIMITS[MPA]))
def test_bound_contains_what_its_sign_says(sign: str, end: int, value: float) -> None:
    """Of all possible values a bound contains exactly those for which its sign holds."""
    found = read(f"{sign}{end}")
    holds = {"<": value < end, "<=": value <= end, ">": value > end, ">=": value >= end}
    holds |= {"≤": holds["<="], "≥": holds[">="]}
    assert (found.low <= value <= found.high) == holds[sign]
    assert (found.low <= end <= found.high) == ("=" in sign or sign in "≤≥")
    assert found.value is None


@settings(derandomize=True, deadline=None, max_examples=300)
@given(SIGNED, SIGNED, st.sampled_from(["-", " - ", "..", " to ", "–", "—"]))
def test_range_is_ordered_and_holds_its_ends(first: str, second: str, dash: str) -> None:
    """A range that rises is read between its ends; one that falls is refused with the range that was meant."""
    low, high = float(first), float(second)
    if low <= high:
        assert read(f"{first}{dash}{second}", MPA, WIDE).span == Span(low, high)
    else:
        message = refused(f"{first}{dash}{second}", MPA, WIDE)
        assert "runs downwards" in message
        meant = message.rsplit("Write ", 1)[1].removesuffix(".")
        assert read(meant, MPA, WIDE).span == Span(high, low)


@settings(derandomize=True, deadline=None, max_examples=300)
@given(st.floats(-3000, 3000), st.floats(-1000, 0), st.floats(0, 1000))
def test_limits_are_inclusive_and_kept(value: float, low: float, high: float) -> None:
    """A figure is read exactly when it lies within the limits, ends included."""
    assume(low < high)
    if low <= value <= high:
        assert sound(read(value, MPA, (low, high)), (low, high))
    else:
        assert f"outside {low:g} to {high:g} MPa" in refused(value, MPA, (low, high))
    for end in (low, high):
        assert read(end, MPA, (low, high)).value == end


@settings(derandomize=True, deadline=None, max_examples=200)
@given(st.integers(0, 10**6), st.integers(1, 99))
def test_whole_numbers(whole: int, part: int) -> None:
    """A field that counts takes whole numbers in any spelling, and offers the two neighbours of any other."""
    for spelt in (whole, float(whole), str(whole), f"{whole}.0", f"{whole}e0"):
        assert read(spelt, "1", LIMITS["1"], integer=True).value == whole
    if whole < 10**6:
        message = refused(f"{whole}.{part:02}", "1", integer=True)
        assert message == f"{whole}.{part:02} is not a whole number. Write {whole} or {whole + 1}."


# --- refusals


@pytest.mark.parametrize(
    ("raw", "answer"),
    [
        (True, "true is not a number. Write a figure, or leave the field out when it is unknown."),
        (False, "false is not a number. Write a figure, or leave the field out when it is unknown."),
        (math.nan, f"nan is not a number. {LEAVE}"),
        (math.inf, f"inf is not a number. {LEAVE}"),
        (-math.inf, f"-inf is not a number. {LEAVE}"),
        (10**400, f"inf is not a number. {LEAVE}"),
        ("1e400", f"inf is not a number. {LEAVE}"),
        ("-1e999999999999", f"-inf is not a number. {LEAVE}"),
        ("9" * 5000, f"inf is not a number. {LEAVE}"),
        ("5 ± 1e400", f"inf is not a number. {LEAVE}"),
        ("1e400-1e500", f"inf is not a number. {LEAVE}"),
        ("5(9)e400", f"inf is not a number. {LEAVE}"),
        ("<1e400", f"inf is not a number. {LEAVE}"),
        *((word, f"{word!r} is not a number. {LEAVE}") for word in
          ("", "nan", "NaN", "inf", "-inf", "Infinity", "NA", "n/a", "unknown", "?")),
        ("   ", f"'' is not a number. {LEAVE}"),
        *((word, f"{word!r} is not a number. {GENERIC}") for word in
          ("MPa", "about 5", "five", "(5)", "± 5", "-", "+", ".", "e5", "<", "< MPa", "<<5", "=5", "$5", "−", "()")),
        ([5], 'list is not a number. Write a figure such as 85, or text such as "85 ± 5".'),
        ({"low": 5}, 'dict is not a number. Write a figure such as 85, or text such as "85 ± 5".'),
        (b"5", 'bytes is not a number. Write a figure such as 85, or text such as "85 ± 5".'),
        (Decimal(5), 'Decimal is not a number. Write a figure such as 85, or text such as "85 ± 5".'),
        ("3,5", "'3,5' is not a number. Use a point for decimals: 3.5, not 3,5."),
        ("3,5 MPa", "'3,5 MPa' is not a number. Use a point for decimals: 3.5, not 3,5."),
        ("1,000", "'1,000' is not a number. Use a point for decimals: 3.5, not 3,5."),
        ("<3,5", "'<3,5' is not a number. Use a point for decimals: 3.5, not 3,5."),
        ("3,5 ± 0,2", "'3,5 ± 0,2' is not a number. Use a point for decimals: 3.5, not 3,5."),
        ("5 ± -1", "the uncertainty in '5 ± -1' is negative. Write it as 85 ± 5."),
        ("9-5", "the range '9-5' runs downwards. Write 5-9."),
        ("9 to 5 bar", "the range '9 to 5 bar' runs downwards. Write 5-9."),
        ("<0", "'<0' leaves no possible value. Possible are 0 to 2000."),
        (">2000", "'>2000' leaves no possible value. Possible are 0 to 2000."),
        (-5, "-5 MPa is outside 0 to 2000 MPa. Check the figure and its unit."),
        ("-5", "-5 MPa is outside 0 to 2000 MPa. Check the figure and its unit."),
        ("-5 MPa", "-5 MPa is outside 0 to 2000 MPa. Check the figure and its unit."),
        (3000, "3000 MPa is outside 0 to 2000 MPa. Did you mean 3 MPa?"),
        ("3 GPa", "3 GPa is 3000 MPa, outside 0 to 2000 MPa. Did you mean 3 MPa?"),
        ("50 GPa", "50 GPa is 50000 MPa, outside 0 to 2000 MPa. Did you mean 50 MPa?"),
        ("50GPa", "50GPa is 50000 MPa, outside 0 to 2000 MPa. Did you mean 50 MPa?"),
        ("5 TPa", "5 TPa is 5e+06 MPa, outside 0 to 2000 MPa. Did you mean 5 MPa?"),
        ("1 to 3 GPa", "1 to 3 GPa is 3000 MPa, outside 0 to 2000 MPa. Did you mean 3 MPa?"),
        ("< 3 GPa", "< 3 GPa is 3000 MPa, outside 0 to 2000 MPa. Did you mean 3 MPa?"),
        ("1e300", "1e300 is 1e+300 MPa, outside 0 to 2000 MPa. Check the figure and its unit."),
        ("9**9**9", "'**9**9' is not a unit. Expected MPa."),
        ("5 9**9**9**9", "'9**9**9**9' is not a unit. Expected MPa."),
        ("5 9^9^9^9", "'9^9^9^9' is not a unit. Expected MPa."),
        ("5 (m**9)**9", "'(m**9)**9' is not a unit. Expected MPa."),
        ("5 MPa**99", "'MPa**99' is not a unit. Expected MPa."),
        ("5²", "'²' is not a unit. Expected MPa."),
        ("5 mpa", "'mpa' is not a unit. Expected MPa."),
        ("5 zorkmid", "'zorkmid' is not a unit. Expected MPa."),
        ("12:30", "':30' is not a unit. Expected MPa."),
        ("5 ± 5 ± 5", "'± 5' is not a unit. Expected MPa."),
        ("1-2-3", "'-3' is not a unit. Expected MPa."),
        ("5 6", "'6' is not a unit. Expected MPa."),
        ("0x10", "'x10' is not a unit. Expected MPa."),
        ("1_000", "'_000' is not a unit. Expected MPa."),
        ("5\0", r"'\x00' is not a unit. Expected MPa."),
        ("5 import os", "'import os' is not a unit. Expected MPa."),
        ("5 V", "V is not a unit of this field. Expected MPa."),
        ("5 N", "N is not a unit of this field. Expected MPa."),
        ("5 MPa m", "MPa m is not a unit of this field. Expected MPa."),
        ("5 %", "% is not a unit of this field. Expected MPa."),
    ],
    ids=label,
)  # fmt: skip
def test_what_is_no_pressure_is_refused(raw: object, answer: str) -> None:
    """What is no pressure is refused with a message that says what to type instead."""
    assert refused(raw) == answer


@pytest.mark.parametrize(
    ("raw", "unit", "answer"),
    [
        ("85 ohm", OHM, "ohm is a resistance; this field needs a resistance times area (ohm cm2)."),
        ("85 kΩ", OHM, "kΩ is a resistance; this field needs a resistance times area (ohm cm2)."),
        ("80-90 ohm", OHM, "ohm is a resistance; this field needs a resistance times area (ohm cm2)."),
        ("85 ± 5 ohm", OHM, "ohm is a resistance; this field needs a resistance times area (ohm cm2)."),
        ("<85 ohm", OHM, "ohm is a resistance; this field needs a resistance times area (ohm cm2)."),
        ("85 ohm cm", OHM, "ohm cm is not a unit of this field. Expected ohm cm2."),
        ("85 ohm/cm2", OHM, "ohm/cm2 is not a unit of this field. Expected ohm cm2."),
        ("2 A", "mA/cm^2", "A is a current; this field needs a current per area (mA/cm2). Divide by the electrode"),
        ("2 mA/cm", "mA/cm^2", "mA/cm is not a unit of this field. Expected mA/cm2."),
        ("1 mS/cm2", CONDUCTIVITY, "mS/cm2 is not a unit of this field. Expected S/cm."),
        ("25 V", CELSIUS, "V is not a unit of this field. Expected C."),
        ("2 m", "1", "m is not a unit of this field. Expected no unit."),
        ("2 zork", "1", "'zork' is not a unit. Expected no unit."),
        (-300, CELSIUS, "-300 C is outside -273.15 to 2000 C. Check the figure and its unit."),
        ("-1 K", CELSIUS, "-1 K is -274.15 C, outside -273.15 to 2000 C. Check the figure and its unit."),
        (-1, "1", "-1 is outside 0 to 1e+06. Check the figure and its unit."),
    ],
)  # fmt: skip
def test_a_unit_of_another_kind_is_refused(raw: object, unit: str, answer: str) -> None:
    """A unit of another kind is refused; for resistance and current the message says what the area is needed for."""
    message = refused(raw, unit)
    assert message.startswith(answer)
    if "is a resistance" in answer:
        assert message.endswith('Multiply by the electrode area, for example "85 ohm cm2".')


def test_suggested_figure_is_itself_accepted() -> None:
    """The figure that a message offers in place of an impossible one can be typed."""
    for raw in (3000, 2.5e6, "50 GPa", "7 TPa", "< 3 GPa", "2100"):
        offered = refused(raw).rsplit("Did you mean ", 1)[1].removesuffix("?")
        assert read(offered).value is not None


@settings(derandomize=True, deadline=None, max_examples=200)
@given(st.text(st.characters(categories=["Nd"]), min_size=1, max_size=4))
def test_digits_of_other_scripts_are_never_misread(text: str) -> None:
    """Digits of another script are refused, and never read as another number."""
    found = outcome(text, MPA, WIDE)
    assert isinstance(found, QuantityError) != text.isascii()


@pytest.mark.parametrize(
    "text",
    ["5" * 1_000_000, "5 " + "m" * 1_000_000, "x" * 1_000_000, "5 " * 500_000, "-" * 1_000_000, "<" * 1_000_000,
     "5 ± " * 250_000, "~" * 1_000_000, "5 " + "(" * 1_000_000, "1e" * 500_000, "5-" * 500_000, " " * 1_000_000],
    ids=label,
)  # fmt: skip
def test_a_very_long_text_is_refused_at_once(text: str) -> None:
    """A text of a million letters is refused in the blink of an eye."""
    read("1 bar")
    start = time.process_time()
    refused(text)
    assert time.process_time() - start < 0.5


def test_message_about_a_long_text_is_short() -> None:
    """A message does not repeat a text of a million letters."""
    assert len(refused("x" * 1_000_000)) < 1000


# --- nothing but QuantityError

TOKENS = st.sampled_from(
    [*"0159.,+-±~≈<>≤≥=()[]{}*/^ eE%°Ω²⁻µ_:;!?#\"'\\\n\t\0", "1e3", "e999", "**", "..", "to", "+/-", "(5)", "MPa",
     "bar", "GPa", "degC", "K", "F", "C", "m", "cm2", "km", "ohm", "S/cm", "percent", "rad", "psi", "mol", "kelvin",
     "degR", "1", "pi", "nan", "inf", "lambda", "if", "is", "not"]
)  # fmt: skip
WHERE = st.sampled_from(list(LIMITS.items()))


def answered(raw: object, unit: str, limits: tuple[float, float], integer: bool = False) -> None:
    """The value is read as something sound, or refused with a message."""
    found = outcome(raw, unit, limits, integer)
    if isinstance(found, QuantityError):
        assert found.message
        assert isinstance(found, DiagnoseError)
    else:
        assert sound(found, limits), (raw, found)


@settings(derandomize=True, deadline=None, max_examples=2000)
@given(st.text(max_size=30), WHERE, st.booleans())
def test_any_text_is_read_or_refused(text: str, where: tuple[str, tuple[float, float]], integer: bool) -> None:
    """Whatever the text, it gives a sound number or a QuantityError."""
    answered(text, *where, integer)


@settings(derandomize=True, deadline=None, max_examples=2000)
@given(st.lists(TOKENS, max_size=9).map("".join), st.sampled_from(["", "5 ", "<5 ", "5 ± 1 "]), WHERE)
def test_any_pieces_of_a_quantity_are_read_or_refused(
    text: str, head: str, where: tuple[str, tuple[float, float]]
) -> None:
    """Whatever pieces of numbers and units are strung together, they give a sound number or a QuantityError."""
    answered(head + text, *where)


ANYTHING: st.SearchStrategy[Any] = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.binary(max_size=5), st.lists(st.integers(), max_size=3),
    st.dictionaries(st.text(max_size=3), st.integers(), max_size=2), st.complex_numbers(), st.decimals(),
)  # fmt: skip


@settings(derandomize=True, deadline=None, max_examples=500)
@given(ANYTHING, WHERE)
def test_any_value_is_read_or_refused(raw: object, where: tuple[str, tuple[float, float]]) -> None:
    """Whatever stands in a file in the place of a number, it gives a sound number or a QuantityError."""
    answered(raw, *where)


@pytest.mark.parametrize("unit", sorted({field.unit for field in vocabulary().values() if field.kind == "number"}))
def test_every_unit_that_the_library_knows(unit: str) -> None:
    """Every unit that the unit library knows is converted or refused, for every unit of a field."""
    from diagnose.quantity import _registry

    for name in sorted(dir(_registry())):
        if not name.startswith("_"):
            answered(f"5 {name}", unit, (-1e12, 1e12))


@pytest.mark.parametrize(
    ("text", "unit"),
    [
        ("5 MPa*km^9e3/m^9e3", MPA),
        ("5 delta_degC", CELSIUS),
        ("5 dB/cm", CONDUCTIVITY),
        ("5 dB^2", MPA),
    ],
)
def test_units_that_the_library_cannot_convert(text: str, unit: str) -> None:
    """A unit that the unit library stumbles over is refused like any other that is no unit of the field."""
    assert "is not a unit" in refused(text, unit)


@pytest.mark.parametrize("text", ["5 dB", "3 Np", "3 octave", "3 decade"])
def test_logarithmic_units_are_refused(text: str) -> None:
    """A unit that is no straight line in the unit of the field is refused, not bent into one."""
    refused(text, "1")


def test_angular_frequency_is_not_read_as_a_frequency() -> None:
    """An angular frequency of 2 pi rad/s is 1 Hz, or it is refused; it is never read as 6.28 Hz."""
    try:
        found = read("6.283185307179586 rad/s", "Hz")
    except QuantityError:
        return
    assert found.value == pytest.approx(1.0)


@pytest.mark.parametrize("text", ["5 MPa*m^9e3/km^9e3", "5 Pa*mm^9e3/km^9e3"])
def test_factor_that_vanishes_is_refused(text: str) -> None:
    """A unit so small that every figure in it would be zero is refused."""
    refused(text)


@pytest.mark.parametrize("text", ["1 ± 1e308 GPa", "1 ± 1.7e308 kbar"])
def test_uncertainty_that_overflows_by_its_unit_is_refused(text: str) -> None:
    """An uncertainty that is infinite in the unit of the field is refused."""
    assert "inf is not a number" in refused(text)


@pytest.mark.parametrize("text", ["3 1", "3 1 1", "0.3 1"])
def test_two_figures_are_not_one(text: str) -> None:
    """In a field without a unit a second figure is refused, also when it is 1."""
    refused(text, "1")


@pytest.mark.parametrize("text", ["5 MPa # 3 GPa", "5 MPa?", "5 MPa;", "5 $MPa", "5 {MPa}", "5 \\MPa", "5 =MPa"])
def test_signs_that_belong_to_no_unit_are_refused(text: str) -> None:
    """What stands beside the unit and belongs to none is not dropped in silence."""
    refused(text)


@pytest.mark.parametrize(
    ("text", "unit", "value"),
    [("2 mA cm⁻²", "mA/cm^2", 2.0), ("3 mAh cm⁻²", "mAh/cm^2", 3.0), ("2 mS cm-1", CONDUCTIVITY, 0.002)],
)
def test_exponents_as_papers_print_them(text: str, unit: str, value: float) -> None:
    """Units are read with negative exponents as papers print them."""
    assert read(text, unit).value == value


@pytest.mark.parametrize("text", ["3-4,5", "5 ± 0,5", "500 - 1,000"])
def test_comma_in_any_figure_gets_the_advice_on_commas(text: str) -> None:
    """A decimal comma is named as such wherever it stands."""
    assert "Use a point for decimals" in refused(text)


def test_minus_sign_as_papers_print_it() -> None:
    """A temperature copied from a paper, with a typographic minus, is read."""
    assert read("−40 °C", CELSIUS).value == -40.0
