"""Files of impedance: real ones, made ones of every kind, damaged ones, and ones that hold something else."""

from __future__ import annotations

import os
import pickle
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import readers_fuzz
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from spectrumsamples import Complexes, Layout, Reals, biologic_binary, biologic_text, samples, synthetic, written

from diagnose.errors import DataError
from diagnose.measurement import spectrumfile
from diagnose.measurement.readings import NoImpedanceError
from diagnose.measurement.spectrum import Spectrum
from diagnose.measurement.spectrumfile import read_spectra

REAL_FILES = Path(__file__).resolve().parents[2].parent / "shared" / "eis_data"
EXPECTED: dict[str, dict[str, Any]] = yaml.safe_load(
    Path(__file__).with_name("expected.yaml").read_text(encoding="utf-8")
)
SAMPLES = samples()
PELLET = "jdhuang-csm__hybrid-drt/tutorials/data/PEIS_LPSCl_IonBlocking_-25C"
real = pytest.mark.skipif(not REAL_FILES.is_dir(), reason="no real files beside the repository")


def refusal(path: Path, **options: Any) -> NoImpedanceError:
    """The error that a file gives."""
    with pytest.raises(NoImpedanceError) as caught:
        read_spectra(path, **options)
    return caught.value


def same(one: Spectrum, frequency: Reals, impedance: Complexes, within: float = 1e-6) -> None:
    """The spectrum has these figures."""
    np.testing.assert_allclose(one.frequency_Hz, frequency, rtol=within)
    np.testing.assert_allclose(one.impedance_ohm, impedance, rtol=within)


@pytest.fixture
def put(tmp_path: Path) -> Any:
    """Writes bytes or text to a file and gives its path."""

    def write(content: bytes | str, name: str = "file.txt") -> Path:
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return write


@real
@pytest.mark.parametrize("name", EXPECTED)
def test_real_files(name: str) -> None:
    """Each real file gives its spectra with their first and last point, or is refused by name."""
    wanted, path = EXPECTED[name], REAL_FILES / name
    if "refused" in wanted:
        error = refusal(path)
        assert wanted["refused"] in error.message
        assert error.line == wanted.get("line", 0)
        return
    found = read_spectra(path)
    assert [len(each) for each in found] == wanted["points"]
    assert [each.number for each in found] == list(range(1, len(found) + 1))
    first = found[0]
    for place, key in ((0, "first"), (-1, "last")):
        point = [first.frequency_Hz[place], first.impedance_ohm[place].real, first.impedance_ohm[place].imag]
        assert point == pytest.approx(wanted[key], rel=1e-8)
    assert sum(sum(each.dropped.values()) for each in found) == wanted.get("dropped", 0)
    assert first.area_cm2 == (pytest.approx(wanted["area_cm2"]) if "area_cm2" in wanted else None)
    assert first.thickness_um == (pytest.approx(wanted["thickness_um"]) if "thickness_um" in wanted else None)


@real
def test_every_real_file_is_expected() -> None:
    """The list of real files is complete: 55 are read, 20 refused."""
    present = {str(path.relative_to(REAL_FILES)) for path in REAL_FILES.rglob("*") if path.is_file()}
    assert present == set(EXPECTED)
    assert sum("refused" in each for each in EXPECTED.values()) == 20


@real
@pytest.mark.parametrize("ending", [".txt", "_RelaxIS.txt", ".converted.csv"])
def test_one_spectrum_in_four_formats(ending: str) -> None:
    """The binary file of BioLogic gives what its exports give."""
    (binary,) = read_spectra(REAL_FILES / f"{PELLET}.mpr")
    (text,) = read_spectra(REAL_FILES / f"{PELLET}{ending}")
    same(text, binary.frequency_Hz, binary.impedance_ohm)
    # The notebook beside the file prints these figures.
    assert binary.frequency_Hz[0] == pytest.approx(7000018.5)
    assert binary.impedance_ohm[[0, -1]] == pytest.approx([359.24146 - 290.92038j, 1799427.6 - 8093785.5j])


@real
def test_with_and_without_a_header() -> None:
    """The same figures without a header are read the same."""
    folder = REAL_FILES / "Sheyigold__EISFitpython" / "EIS_Data"
    (named,) = read_spectra(folder / "Example-2" / "Example2c.txt")
    (bare,) = read_spectra(folder / "Example_noheader.txt")
    assert np.array_equal(named.frequency_Hz, bare.frequency_Hz)
    assert np.array_equal(named.impedance_ohm, bare.impedance_ohm)


@real
@pytest.mark.parametrize("name", ["GamryABORT.DTA", "EISTest3.DTA", "Example2c.txt", "ZPlot.z", "BioLogic.mpt"])
def test_a_last_line_cut_short(name: str, put: Any) -> None:
    """A row that ends before its figures do is dropped and counted, the others stay."""
    path = next(path for path in sorted(REAL_FILES.rglob("*")) if path.name.endswith(name))
    (whole,) = read_spectra(path)
    lines = path.read_bytes().split(b"EXPERIMENTABORTED")[0].rstrip().split(b"\n")
    lines[-1] = lines[-1][: len(lines[-1]) // 8]
    (part,) = read_spectra(put(b"\n".join(lines)))
    same(part, whole.frequency_Hz[:-1], whole.impedance_ohm[:-1])
    assert dict(part.dropped) == {"without a number": 1}


@pytest.mark.parametrize("cut", range(1, 22))
def test_a_figure_cut_short(cut: int, put: Any) -> None:
    """A last figure that ends before its exponent does is not taken for a smaller one."""
    frequency, impedance = synthetic()
    content = written(frequency, impedance, Layout(ending="\n")).rstrip()[:-cut]
    (found,) = read_spectra(put(content))
    same(found, frequency[:-1], impedance[:-1])
    assert dict(found.dropped) == {"without a number": 1}


@pytest.mark.parametrize("name", SAMPLES)
def test_every_format(name: str, put: Any) -> None:
    """A known spectrum comes back from every format."""
    (found,) = read_spectra(put(SAMPLES[name], name))
    same(found, *synthetic())
    assert found.file.endswith(name)
    assert found.notes


def test_header_gives_area_and_thickness(put: Any) -> None:
    """Area, thickness and temperature of a header are taken; the area given wins."""
    path = put(SAMPLES["novocontrol.txt"])
    (found,) = read_spectra(path)
    assert (found.area_source, found.thickness_um) == ("header", 750)
    assert found.area_cm2 == pytest.approx(np.pi / 4)
    (given_area,) = read_spectra(path, area_cm2=2)
    assert (given_area.area_cm2, given_area.area_source) == (2, "given")
    assert any("differs" in note for note in given_area.notes)
    assert read_spectra(put(SAMPLES["comments.csv"]))[0].temperature_C == 25


def test_placeholder_area_is_not_used(put: Any) -> None:
    """The area that a program fills in is noted and not used."""
    (found,) = read_spectra(put(SAMPLES["biologic.mpt"]))
    assert (found.area_cm2, found.area_source) == (None, "")
    assert any("0.001 cm2" in note for note in found.notes)


def test_impedance_per_area(put: Any) -> None:
    """Ohm cm2 is kept as such until an area makes it ohm."""
    frequency, impedance = synthetic()
    path = put(written(frequency, impedance, Layout(names=("f/Hz", "Z' (Ω·cm²)", "-Z'' (Ω·cm²)"), factors=(1, 1, -1))))
    (kept,) = read_spectra(path)
    assert kept.per_area
    same(kept, frequency, impedance)
    (made,) = read_spectra(path, area_cm2=2)
    assert not made.per_area
    same(made, frequency, impedance / 2)


def test_wrong_sign_is_turned(put: Any) -> None:
    """A positive imaginary part that contradicts the real part is turned; a false minus in a name is passed over."""
    frequency, impedance = synthetic()
    (found,) = read_spectra(put(written(frequency, impedance.conj(), Layout())))
    same(found, frequency, impedance)
    assert any("turned" in note for note in found.notes)
    (found,) = read_spectra(put(written(frequency, impedance, Layout(names=("f", "Z'", "-Z''")))))
    same(found, frequency, impedance)
    assert any("labelled" in note for note in found.notes)


def test_sweeps_stay_apart(put: Any) -> None:
    """61 sweeps of one file are 61 spectra, with a column of cycles and without one."""
    frequency, impedance = synthetic()
    assert len(read_spectra(put(biologic_text(frequency, impedance, 61)))) == 61
    found = read_spectra(put(written(np.tile(frequency, 61), np.tile(impedance, 61), Layout())))
    assert [each.number for each in found] == list(range(1, 62))
    for each in found:
        same(each, frequency, impedance)


def test_shuffled_and_repeated_rows(put: Any) -> None:
    """Rows out of order are sorted, those of one frequency averaged, and both is noted."""
    frequency, impedance = synthetic()
    order = np.random.default_rng(1).permutation(len(frequency))
    (found,) = read_spectra(put(written(frequency[order], impedance[order], Layout())))
    same(found, frequency, impedance)
    (found,) = read_spectra(put(written(np.repeat(frequency, 2), np.repeat(impedance, 2), Layout())))
    same(found, frequency, impedance)
    assert any("more than once" in note for note in found.notes)


def test_a_row_without_a_cycle_stays_in_its_sweep(put: Any) -> None:
    """Where the number of the cycle is missing, a row goes with the one before it."""
    frequency, impedance = synthetic()
    lines = biologic_text(frequency, impedance, 2).decode("latin-1").split("\r\n")
    lines[15] = lines[15].rsplit("\t", 1)[0] + "\t"
    assert [len(each) for each in read_spectra(put("\r\n".join(lines)))] == [25, 25]


@pytest.mark.parametrize("piece", ["\t", " ", ",", '"', '\t"', "\r", "\n", "(", "1 ", "e1", "area ", "|", "z'", "1\n"])
def test_long_runs(piece: str, put: Any) -> None:
    """A long run of one sign takes no more than its length in time."""
    run = (piece * 20_000).encode()
    for raw in (SAMPLES["plain.csv"], SAMPLES["zplot.z"]):
        begun = time.process_time()
        kind, told = readers_fuzz.attempt(raw[:150] + run + raw[150:], put(""))
        assert kind != "fault", told
        assert time.process_time() - begun < 3


def test_rows_that_cannot_be_used_are_counted(put: Any) -> None:
    """Rows without a figure or at a frequency of 0 are dropped by reason."""
    text = written(*synthetic(), Layout()).decode() + "0,1,1\n1e-3,nan,1\n1e-3,,5\n1e-4,12\n"
    (found,) = read_spectra(put(text))
    assert dict(found.dropped) == {"without a number": 3, "at a frequency of 0 or below": 1}
    same(found, *synthetic())


def test_sheet_of_excel(tmp_path: Path) -> None:
    """A sheet of Excel is read by its names, and the sheet is told."""
    openpyxl = pytest.importorskip("openpyxl")
    book = openpyxl.Workbook()
    book.active.append(["Notes"])
    sheet = book.create_sheet("Cell 7")
    sheet.append(["freq/Hz", "Re(Z)/Ohm", "-Im(Z)/Ohm"])
    frequency, impedance = synthetic()
    for hertz, value in zip(frequency.tolist(), impedance.tolist(), strict=True):
        sheet.append([hertz, value.real, -value.imag])
    book.save(tmp_path / "cells.xlsx")
    (found,) = read_spectra(tmp_path / "cells.xlsx")
    same(found, frequency, impedance)
    assert any("Cell 7" in note for note in found.notes)


def _table(header: str, rows: int = 30) -> str:
    return header + "\n" + "".join(f"{place * 0.01:.3f},{place * 1e-6:.3e},{place * 2}\n" for place in range(1, rows))


KILO = "".join(
    f"{f:.6g},{z.real / 1e3:.6g},{z.imag / 1e3:.6g},{abs(z):.6g}\n" for f, z in zip(*synthetic(), strict=True)
)
BARE = written(*synthetic(), Layout(header=False)).decode()
REFUSED = {
    "empty": (b"", "is empty", 0),
    "blank": (b" \r\n\t\r\n", "is empty", 0),
    "nulls": (bytes(4000), "is empty", 0),
    "binary": (bytes(range(256)) * 40, "binary", 0),
    "prose": ("Dear reader,\nthere is nothing here.\n", "no table of figures", 0),
    "voltammetry": ("Cyclic Voltammetry\n\n" + _table("Potential/V, Current/A, Charge/C"), "cyclic voltammetry", 3),
    "two columns": ("Potential/V,Current/A\n0.1,1e-6\n0.2,2e-6\n0.3,3e-6\n", "potential and current", 1),
    "cycling": (_table("time/s,Ewe/V,Q charge/mA.h"), "cycling", 1),
    "no frequency": (_table("time/s,Re(Z)/Ohm,-Im(Z)/Ohm"), "no frequency", 1),
    "no imaginary part": ("freq/Hz,Re(Z)/Ohm,time/s\n" + BARE, "no imaginary part", 1),
    "modulus alone": ("freq/Hz,|Z|/Ohm,time/s\n" + BARE, "modulus without a phase", 1),
    "admittance": ("freq/Hz,Re(Y)/Ohm-1,Im(Y)/Ohm-1\n" + BARE, "admittance", 1),
    "resistivity": ("freq/Hz,rho' (ohm cm),rho'' (ohm cm)\n" + BARE, "resistivity", 1),
    "names alone": ("freq/Hz,Re(Z)/Ohm,Im(Z)/Ohm\n1,2\n", "table of figures", 0),
    "single point": ("freq/Hz,Re(Z)/Ohm,Im(Z)/Ohm\n10,20,-5\n", "no two points", 0),
    "all nan": ("freq/Hz,Re(Z)/Ohm,Im(Z)/Ohm\n" + "10,nan,nan\n20,nan,nan\n" * 9, "", 0),
    "unit above and below": ("f,Zreal (kohm),Zimag (kohm)\nHz,ohm,ohm\n" + BARE, "contradicts itself", 1),
    "unit and modulus": ("freq/Hz,Re(Z)/Ohm,Im(Z)/Ohm,|Z|/Ohm\n" + KILO, "contradicts itself", 1),
    "units of the parts": ("freq/Hz,Z' (ohm cm2),Z'' (ohm)\n" + BARE, "contradicts itself", 1),
    "mhz": ("freq (mhz),Re(Z)/Ohm,Im(Z)/Ohm\n" + BARE, "mHz or in MHz", 1),
    "old Excel": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(99), "old Excel", 0),
    "archive": (b"PK\x03\x04 nothing", "damaged archive", 0),
    "compressed": (b"\x1f\x8b nothing", "compressed", 0),
    "half a session": ('{"measurements": [', "JSON", 1),
    "another session": ('{"measurements": [{"title": "Cyclic Voltammetry"}]}', "Cyclic Voltammetry", 0),
    "deep JSON": ('{"a":' * 100_000, "JSON", 0),
    "half a binary file": (biologic_binary(*synthetic())[:-300], "cut short", 0),
    "unknown column": (biologic_binary(*synthetic()).replace(b"\x20\x00\x25\x00", b"\x20\x00\xf3\x01"), ".mpt", 0),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refusals(name: str, put: Any) -> None:
    """What is no spectrum is refused with the file, the line and what to do."""
    content, words, line = REFUSED[name]
    path = put(content)
    error = refusal(path)
    assert words in str(error)
    assert error.line == line
    assert error.file == str(path)
    assert str(error).startswith(f"{path}:{line}: " if line else f"{path}: ")
    assert error.hint


def test_refusals_of_places(tmp_path: Path) -> None:
    """A folder, a missing file, a name that is none, a pipe and a file too large are refused before they are read."""
    assert "folder" in str(refusal(tmp_path))
    assert "does not exist" in str(refusal(tmp_path / "none.mpt"))
    assert "cannot be read" in str(refusal(Path("a\0b"))) or "does not exist" in str(refusal(Path("a\0b")))
    large = tmp_path / "large.csv"
    with large.open("wb") as stream:
        stream.truncate(2_000_000_000)
    assert "256 MB" in str(refusal(large))
    if hasattr(os, "mkfifo"):
        os.mkfifo(tmp_path / "pipe")
        assert "no regular file" in str(refusal(tmp_path / "pipe"))


def test_unreadable_file(put: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that may not be opened is refused with the reason."""

    def denied(*_: Any, **__: Any) -> None:
        raise PermissionError(13, "Permission denied")

    path = put("1,2,3")
    monkeypatch.setattr(Path, "open", denied)
    assert "Permission denied" in str(refusal(path))


@pytest.mark.parametrize("area", [0, -1, float("nan"), float("inf"), True, "1"])
def test_area_that_is_none(area: Any, put: Any) -> None:
    """An area of an electrode is above 0."""
    assert "area" in str(refusal(put(SAMPLES["plain.csv"]), area_cm2=area))


def test_refusal_travels(put: Any) -> None:
    """A refusal is an error of data and comes whole from another process."""
    error = refusal(put(REFUSED["voltammetry"][0]))
    assert isinstance(error, DataError)
    again = pickle.loads(pickle.dumps(error))
    assert (str(again), again.line, again.hint) == (str(error), error.line, error.hint)


def test_no_memory(put: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A lack of memory is told like any other refusal."""

    def full(*_: Any) -> None:
        raise MemoryError

    monkeypatch.setattr(spectrumfile, "_contents", full)
    assert "memory" in str(refusal(put("1,2,3")))


NAMINGS = st.sampled_from([
    (("freq/Hz", "Re(Z)/Ohm", "-Im(Z)/Ohm"), (1, 1, -1), False),
    (("Frequency (kHz)", "Z' (kOhm)", "Z'' (kOhm)"), (1e-3, 1e-3, 1e-3), False),
    (("f [MHz]", "Zre [mOhm]", "-Zim [mOhm]"), (1e-6, 1e3, -1e3), False),
    (("ω (rad/s)", "Zreal_ohm", "Zimag_ohm"), (2 * np.pi, 1, 1), False),
    (("Freq.(Hz)", "|Z|(ohm)", "Phase(deg)"), (1, 1, 1), True),
    (("Frequency", "|Z|(MOhm)", "-Theta(rad)"), (1, 1e-6, -np.pi / 180), True),
])  # fmt: skip
SEPARATORS = st.sampled_from([(",", False), (";", False), (";", True), ("\t", False), ("\t", True), ("|", True)])
ENCODINGS = st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    names=NAMINGS,
    separator=SEPARATORS,
    encoding=ENCODINGS,
    ending=st.sampled_from(["\n", "\r\n", "\r"]),
    order=st.permutations((0, 1, 2)),
    extra=st.sampled_from([(), ("time/s",), ("Ewe/V", "I/mA")]),
    before=st.sampled_from([(), ("# made by hand",), ("Sample 4, 25 C", "")]),
    points=st.integers(5, 40),
    scale=st.floats(-3, 7),
    rising=st.booleans(),
)
def test_any_way_of_writing(
    names: Any, separator: Any, encoding: str, ending: str, order: Any, extra: Any, before: Any, points: int,
    scale: float, rising: bool, tmp_path: Path,
) -> None:  # fmt: skip
    """A spectrum comes back whatever the order, separator, decimal sign, encoding, sign convention and units."""
    frequency, impedance = synthetic(points)
    impedance = impedance * 10.0**scale
    layout = Layout(separator[0], separator[1], encoding, ending, tuple(order), *names, before, extra, 12)
    path = tmp_path / "written.txt"
    turn = slice(None, None, -1 if rising else 1)
    path.write_bytes(written(frequency[turn], impedance[turn], layout))
    (found,) = read_spectra(path)
    same(found, frequency, impedance, 1e-9)
    assert not found.dropped


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    separator=st.sampled_from([(",", False), (";", True), ("\t", False), ("  ", False)]),
    points=st.integers(10, 40),
    negative=st.booleans(),
)
def test_any_way_of_writing_without_a_header(separator: Any, points: int, negative: bool, tmp_path: Path) -> None:
    """Without names the columns are told by how they behave, and the sign by the real part."""
    frequency, impedance = synthetic(points)
    layout = replace(Layout(header=False), separator=separator[0], comma=separator[1])
    path = tmp_path / "written.txt"
    path.write_bytes(written(frequency, impedance.conj() if negative else impedance, layout))
    (found,) = read_spectra(path)
    same(found, frequency, impedance)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=st.binary(max_size=400) | st.text(alphabet="0123456789.,;-+eE\t\n freqZimoh/()'|{}[]\"", max_size=400))
def test_any_content(content: bytes | str, tmp_path: Path) -> None:
    """Whatever a file holds, it is read whole or refused."""
    raw = content if isinstance(content, bytes) else content.encode()
    kind, told = readers_fuzz.attempt(raw, tmp_path / "any")
    assert kind != "fault", told


def test_damaged_files() -> None:
    """Damaged files of every format are read without a nan or refused; the large run is a benchmark."""
    outcome = readers_fuzz.run(inputs=500, seed=7)
    assert not outcome.faults, outcome.faults[:3]
    assert outcome.inputs == 500
    assert outcome.read > 100
    assert outcome.refused > 100
