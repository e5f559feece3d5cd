"""What names of columns mean: quantity, unit and sign, and the spectra that a header makes."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from diagnose.measurement.spectrumcolumns import selections
from diagnose.measurement.spectrumheader import heading
from diagnose.measurement.spectrumnames import (
    FREQUENCY,
    IMAGINARY,
    LOGARITHM,
    LOOP,
    MODULUS,
    PHASE,
    REAL,
    RESISTIVITY,
    SIEMENS,
    TEMPERATURE,
    naming,
    plain,
    unit,
)

NAMES = [
    ("freq/Hz", FREQUENCY, 1.0, False),
    ("Freq.[Hz]", FREQUENCY, 1.0, False),
    ("f (kHz)", FREQUENCY, 1e3, False),
    ("f (MHz)", FREQUENCY, 1e6, False),
    ("f (mHz)", FREQUENCY, 1e-3, False),
    ("ω (rad/s)", FREQUENCY, 1 / (2 * math.pi), False),
    ("freq_Hz", FREQUENCY, 1.0, False),
    ("频率 (Hz)", FREQUENCY, 1.0, False),
    ("log10(f/Hz)", LOGARITHM, 1.0, False),
    ("Re(Z)/Ohm", REAL, 1.0, False),
    ("Zs' [Ohms]", REAL, 1.0, False),
    ("Z'(a)", REAL, 1.0, False),
    ("Zreal_ohm", REAL, 1.0, False),
    ("Z Real", REAL, 1.0, False),
    ("Data: Z'", REAL, 1.0, False),
    ("Re(Z) [kΩ]", REAL, 1e3, False),
    ("Z' (mOhm)", REAL, 1e-3, False),
    ("Z' (MOhm)", REAL, 1e6, False),
    ("-Im(Z)/Ohm", IMAGINARY, 1.0, True),
    ("−Z″ (Ω)", IMAGINARY, 1.0, True),
    ('Z"/ohm', IMAGINARY, 1.0, False),
    ("Zimg", IMAGINARY, 1.0, False),
    ("minus Z_im / Ohm", IMAGINARY, 1.0, True),
    ("|Z|/Ohm", MODULUS, 1.0, False),
    ("Zmod", MODULUS, 1.0, False),
    ("Phase(Z)/deg", PHASE, 1.0, False),
    ("Zphz", PHASE, 1.0, False),
    ("-θ / °", PHASE, 1.0, True),
    ("phase (rad)", PHASE, math.degrees(1), False),
    ("Re(Y)/Ohm-1", SIEMENS, 1.0, False),
    ("rho' (ohm cm)", RESISTIVITY, 1.0, False),
    ("Temperature (°C)", TEMPERATURE, 1.0, False),
    ("T/K", TEMPERATURE, 1.0, False),
    ("cycle number", LOOP, 1.0, False),
    ("loop_index", LOOP, 1.0, False),
]


@pytest.mark.parametrize(("name", "quantity", "factor", "negative"), NAMES)
def test_names(name: str, quantity: str, factor: float, negative: bool) -> None:
    """A name as programs write it gives quantity, factor and sign."""
    found = naming(name)
    assert found is not None
    assert (found.quantity, found.negative) == (quantity, negative)
    assert found.factor == pytest.approx(factor)


@pytest.mark.parametrize(
    "name", ["time/s", "<Ewe>/V", "<I>/mA", "E Real", "Z2 Real", "(F)", "Segment #", "", "x" * 500]
)
def test_other_names_mean_nothing(name: str) -> None:
    """Names of other quantities are not taken for an impedance."""
    assert naming(name) is None


@pytest.mark.parametrize("text", ["ohm cm2", "Ω·cm²", "Ohm*cm^2", "ohm.cm2"])
def test_impedance_per_area(text: str) -> None:
    """A unit of ohm times area is told apart from ohm."""
    found = naming(f"Z' ({text})")
    assert found is not None
    assert found.per_area
    known = unit(plain("ohm m2"))
    assert known is not None
    assert known.factor == pytest.approx(1e4)


def test_parts_before_modulus() -> None:
    """With both, real and imaginary part are taken, and the modulus checks them."""
    (one,) = selections(["freq/Hz", "|Z|/Ohm", "Phase(Z)/deg", "Re(Z)/Ohm", "-Im(Z)/Ohm", "cycle number"])
    assert (one.place(FREQUENCY), one.place(REAL), one.place(IMAGINARY), one.place(PHASE)) == (0, 3, 4, None)
    assert one.loop == 5
    assert one.check is not None
    assert one.check[0] == 1
    assert one.furthest == 4


def test_modulus_and_phase() -> None:
    """Modulus and phase do where there are no parts."""
    (one,) = selections(["time/s", "freq/Hz", "|Z|/Ohm", "Phase(Z)/deg"])
    assert (one.place(FREQUENCY), one.place(MODULUS), one.place(PHASE)) == (1, 2, 3)


def test_several_spectra_side_by_side() -> None:
    """Each frequency begins a spectrum; pairs beside one frequency are spectra of their own."""
    names = ["Freq", "Z'", "Z''"]
    assert [one.furthest for one in selections(names * 3)] == [2, 5, 8]
    assert [one.furthest for one in selections([*names, "Z'", "Z''"])] == [2, 4]


def test_units_below_the_names() -> None:
    """A line of units counts, and one that contradicts the names is told."""
    (one,) = selections(["Freq", "Zreal", "Zimag"], ["kHz", "ohm", "ohm"])
    assert one.naming(FREQUENCY).factor == 1e3
    assert not one.clash
    (one,) = selections(["Freq", "Zreal (kohm)", "Zimag (kohm)"], ["Hz", "ohm", "ohm"])
    assert "'ohm' below" in one.clash


@pytest.mark.parametrize(
    "names",
    [["time/s", "Ewe/V", "I/mA"], ["freq/Hz", "Re(Z)/Ohm"], ["Re(Z)/Ohm", "-Im(Z)/Ohm"], ["freq/Hz", "|Z|/Ohm"], []],
)
def test_names_that_make_no_spectrum(names: list[str]) -> None:
    """Without a frequency or a part there is no spectrum."""
    assert selections(names) == []


@settings(max_examples=40, deadline=None)
@given(st.lists(st.text(max_size=30), max_size=8), st.lists(st.text(max_size=8), max_size=8))
def test_any_names(names: list[str], units: list[str]) -> None:
    """Any words are taken for what they are, without an error."""
    for one in selections(names, units):
        assert one.furthest < len(names)


@settings(deadline=None)
@given(st.text(max_size=60))
def test_plain_names_stay_plain(name: str) -> None:
    """A name in plain spelling means what the name as written means."""
    assert naming(plain(name)) == naming(name)


@pytest.mark.parametrize(
    ("line", "area"),
    [
        ("Electrode surface area : 0.785 cm²", 0.785),
        ("Electrode surface area : 0,785 cm\ufffd", 0.785),
        ("AREA\tQUANT\t1.50000E+000\t&Area (cm^2)", 1.5),
        ("AREA\tQUANT\t1,50000E+000\t&Area (cm^2)", 1.5),
        ("Working Electrode Area (cm2)=2.5", 2.5),
        ("# area = 78.5 mm²", 0.785),
        ("Diameter[mm]: 1.0e+01  Thickness[mm]: 0.5  Spacer Area[mm^2] 3.0e+00", math.pi / 4),
        ("Electrode surface area : 0.001 cm²", None),
        ("AREA\tQUANT\t1.00000E+000\t&Area (cm^2)", None),
        ("    Surface Area:             1", None),
        ("area: -2 cm2", None),
        ("area: 1e40 cm2", None),
        ("area 5", None),
    ],
)
def test_area_of_a_header(line: str, area: float | None) -> None:
    """An area counts in its unit, unless it is what programs fill in."""
    assert heading([line]).area_cm2 == (None if area is None else pytest.approx(area))


def test_thickness_and_temperature_of_a_header() -> None:
    """Thickness comes in um, a temperature in degree Celsius."""
    found = heading(["Thickness[mm]: 7.5e-01  Electrode Thickness[mm]: 4", "Temperature: 298.15 K"])
    assert found.thickness_um == pytest.approx(750)
    assert found.temperature_C == pytest.approx(25)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.text(max_size=80), max_size=5))
def test_any_header(lines: list[str]) -> None:
    """Any header gives an area above 0 or none."""
    found = heading(lines)
    assert found.area_cm2 is None or 0 < found.area_cm2 < math.inf
