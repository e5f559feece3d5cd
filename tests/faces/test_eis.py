"""`diagnose eis`, `diagnose run --eis` and files as answers: from the file of an instrument to fields and causes."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

import diagnose
from diagnose.data import load
from diagnose.errors import CaseError
from diagnose.measure import conditions, merged
from diagnose.measured import Measurement
from diagnose.measurement.chain import Shape, impedance
from diagnose.measurement.reading import in_words, written

# A garnet pellet of 1 mm and 0.3 mS/cm between two lithium faces, 1 cm2: bulk, and an arc of 800 ohm at the faces.
AREA, BULK, FACES, FILM_F = 1.0, 333.0, 800.0, 2e-7
CASE = "electrolyte: LLZO\nelectrode: Li\nelectrode_role: anode\ncell_type: symmetric\ntemperature_C: 25\n"


def spectrum(area: float = AREA, noise: float = 0.002, seed: int = 1) -> str:
    """A file with two arcs of known truth."""
    f = np.logspace(7, -1, 81)
    tau = (BULK * 2e-11, FACES * FILM_F)
    z = impedance(Shape(2), [1.0, BULK, FACES, *tau, 0.95, 0.9], f) / area
    draws = np.random.default_rng(seed).standard_normal((2, len(f)))
    z = z * (1 + noise * (draws[0] + 1j * draws[1]))
    rows = [f"{a:.9g},{b.real:.9g},{b.imag:.9g}" for a, b in zip(f, z, strict=True)]
    return "\n".join(["frequency/Hz,Re(Z)/Ohm,Im(Z)/Ohm", *rows]) + "\n"


@pytest.fixture
def cell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a spectrum and a case, in which commands run."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "cell.csv").write_text(spectrum(), encoding="utf-8")
    (tmp_path / "cell.yaml").write_text(CASE, encoding="utf-8")
    return tmp_path


def told(out: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(out)
    return found


def test_arcs_are_found_without_a_guess(command: Callable[..., Any], cell: Path) -> None:
    """Both arcs come out within three of their stated uncertainties, and named as bulk and as interface."""
    done = command("eis", "cell.csv", "--area", "1cm2", "--thickness", "1mm", "--symmetric", "--format", "json")
    assert done.code == 0
    (found,) = told(done.out)["spectra"]
    bulk, faces = found["arcs"]
    assert abs(bulk["R_ohm"] - BULK) < 3 * bulk["sigma_R_ohm"] + 5
    assert abs(faces["R_ohm"] - FACES) < 3 * faces["sigma_R_ohm"] + 5
    assert bulk["elements"][0]["element"] == "bulk"
    assert faces["elements"][0]["element"] in ("interphase", "contact", "charge_transfer")
    fields = {each["field"]: each for each in found["fields"]}
    assert fields["interfacial_resistance_ohm_cm2"]["value"] == pytest.approx(FACES / 2, rel=0.02)
    assert any("half" in step or "halved" in step for step in found["steps"])


def test_the_case_file_that_is_written_is_read(command: Callable[..., Any], cell: Path) -> None:
    """With its three missing lines, what `-o` writes is a case that `diagnose run` takes."""
    options = ("--area", "1cm2", "--symmetric", "--pressure", "2MPa", "-o", "made.yaml")
    assert command("eis", "cell.csv", *options).code == 0
    text = (cell / "made.yaml").read_text(encoding="utf-8")
    assert yaml.safe_load(text)["stack_pressure_MPa"] == 2
    assert "interfacial_resistance_ohm_cm2" in yaml.safe_load(text)
    (cell / "made.yaml").write_text(
        text + "electrolyte: LLZO\nelectrode: Li\nelectrode_role: anode\n", encoding="utf-8"
    )
    assert command("run", "made.yaml").code == 0
    again = command("eis", "cell.csv", "-o", "made.yaml")
    assert again.code == 2
    assert "exists already" in again.err


def test_without_an_area_nothing_is_stated_per_area(command: Callable[..., Any], cell: Path) -> None:
    """Resistances stay in ohm, and the steps say so."""
    (found,) = told(command("eis", "cell.csv", "--format", "json").out)["spectra"]
    assert not any(each["field"].endswith("_cm2") for each in found["fields"])
    assert any("No area" in step for step in found["steps"])


def test_a_file_per_area_needs_no_area(command: Callable[..., Any], cell: Path) -> None:
    """Where the file gives the impedance of each square centimetre, the resistance per area is stated."""
    per_area = spectrum().replace("Re(Z)/Ohm,Im(Z)/Ohm", "Re(Z)/Ohm cm2,Im(Z)/Ohm cm2")
    (cell / "per_area.csv").write_text(per_area, encoding="utf-8")
    (found,) = told(command("eis", "per_area.csv", "--symmetric", "--format", "json").out)["spectra"]
    fields = {each["field"]: each["value"] for each in found["fields"]}
    assert fields["interfacial_resistance_ohm_cm2"] == pytest.approx(FACES / 2, rel=0.02)


def test_run_takes_fields_from_a_file(command: Callable[..., Any], cell: Path) -> None:
    """The resistance with its uncertainty comes from the spectrum, halved as the case is symmetric."""
    done = command("run", "cell.yaml", "--eis", "cell.csv", "--area", "1cm2", "--format", "json")
    report = told(done.out)
    assert "±" in report["case"]["interfacial_resistance_ohm_cm2"]
    assert float(report["case"]["interfacial_resistance_ohm_cm2"].split()[0]) == pytest.approx(FACES / 2, rel=0.02)
    assert report["measured"]["spectra"][0]["symmetric"]
    assert report["verdict"] == "faulty"


def test_what_the_case_says_itself_counts_more(command: Callable[..., Any], cell: Path) -> None:
    """A figure in the case is kept, and it is told that the measured one was passed over."""
    (cell / "cell.yaml").write_text(CASE + "interfacial_resistance_ohm_cm2: 3\n", encoding="utf-8")
    report = told(command("run", "cell.yaml", "--eis", "cell.csv", "--area", "1cm2", "--format", "json").out)
    assert report["case"]["interfacial_resistance_ohm_cm2"] == 3
    assert "interfacial_resistance_ohm_cm2" in report["measured"]["passed_over"]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("run", "cell.yaml", "cell.yaml", "--eis", "cell.csv"), "one FILE"),
        (("run", "cell.yaml", "--area", "1cm2"), "--eis"),
        (("eis", "cell.csv", "--area", "0cm2"), "above 0"),
        (("eis", "cell.csv", "--area", "1kg"), "cm"),
        (("eis", "cell.csv", "--tail", "open"), "--arcs"),
        (("eis", "cell.csv", "-o", "x.txt"), ".yaml"),
        (("series", "cell.csv", "--at", "1,2"), "--over"),
        (("series", "cell.csv", "--area", "1cm2"), "of spectra"),
        (("run", "cell.yaml", "--eis", "cell.csv", "--eis", "cell.csv"), "one spectrum"),
        (("run", "cell.yaml", "-o", "page.html"), "diagnose report"),
        (("eis", "cell.csv", "--area", "1.1 ± 0.1 cm2"), "single figure"),
        (("series", "cell.csv", "--over", "pressure", "--at", "1MPa,2MPa"), "2 values for 1 spectra"),
        (("series", "cell.csv", "--over", "pressure", "--at", "one"), "is not a number"),
    ],
)
def test_bad_usage_is_told(command: Callable[..., Any], cell: Path, options: tuple[str, ...], words: str) -> None:
    """Options that make no sense end with 2 and say what is wrong."""
    done = command(*options)
    assert done.code == 2
    assert words in " ".join(done.err.split())


def test_a_bad_file_does_not_stop_the_others(command: Callable[..., Any], cell: Path) -> None:
    """Mistakes of all files are told at once with their names; the good ones are still fitted."""
    (cell / "cv.txt").write_text("Potential/V, Current/A\n0.1, 1e-3\n0.2, 2e-3\n", encoding="utf-8")
    done = command("eis", "cv.txt", "missing.mpt", "cell.csv", "--format", "json")
    assert done.code == 1
    assert "cv.txt" in done.err
    assert "missing.mpt" in done.err
    assert len(told(done.out)["spectra"]) == 1


def test_a_circuit_is_fitted_besides(command: Callable[..., Any], cell: Path) -> None:
    """The values of a named circuit come with their uncertainties; one that cannot be read is told with its place."""
    (found,) = told(command("eis", "cell.csv", "--circuit", "R0-p(R1,CPE1)-p(R2,CPE2)", "--format", "json").out)[
        "spectra"
    ]
    assert found["circuit"]["values"]["R2"][0] == pytest.approx(FACES, rel=0.03)
    bad = command("eis", "cell.csv", "--circuit", "R0-p(R1,X1)")
    assert bad.code == 2
    assert "at letter 9: there is no element 'X'" in " ".join(bad.err.split())


def test_noise_is_no_arc(command: Callable[..., Any], cell: Path) -> None:
    """A spectrum of noise yields a reason, no parameters and no resistance."""
    draws = np.random.default_rng(0).standard_normal((40, 2))
    rows = [f"{f:.6g},{100 + 80 * a:.6g},{80 * b:.6g}" for f, (a, b) in zip(np.logspace(6, 0, 40), draws, strict=True)]
    (cell / "noise.csv").write_text("\n".join(["f/Hz,Re(Z)/Ohm,Im(Z)/Ohm", *rows]) + "\n", encoding="utf-8")
    (found,) = told(command("eis", "noise.csv", "--area", "1cm2", "--format", "json").out)["spectra"]
    assert found["reason"]
    assert found["arcs"] == []
    assert {each["field"] for each in found["fields"]} <= {"kk_residual_percent"}


def test_a_file_answers_a_question(command: Callable[..., Any], cell: Path) -> None:
    """At a prompt for a figure that a spectrum tells, its file fills the fields; one step back undoes it."""
    lines = "LLZO\nanode\ncell_type = symmetric\ncell.csv 1cm2\nso far\nback\nso far\nstop\n"
    done = command("ask", "--no-save", stdin=lines.encode())
    assert done.code == 0
    first, _, rest = done.out.partition("> so far")
    assert "interfacial_resistance_ohm_cm2: " in first
    assert "interfacial_resistance_ohm_cm2: " in rest.partition("> back")[0]
    assert "interfacial_resistance_ohm_cm2: " not in rest.partition("> back")[2].partition("> stop")[0]


def test_a_file_is_no_answer_before_the_kind_of_cell_is_known(command: Callable[..., Any], cell: Path) -> None:
    """A symmetric cell has two interfaces, so how the cell is built is asked for before its spectrum is taken."""
    done = command("ask", "--no-save", stdin=b"LLZO\nanode\ncell.csv 1cm2\nstop\n")
    assert "type cell_type = symmetric" in " ".join(done.out.split())
    assert "interfacial_resistance_ohm_cm2: " not in done.out


def test_noise_makes_a_case_invalid_and_no_error(command: Callable[..., Any], cell: Path) -> None:
    """A spectrum that obeys nothing leads to invalid data, not to a mistake in the file of the case."""
    draws = np.random.default_rng(0).standard_normal((40, 2))
    rows = [f"{f:.6g},{100 + 90 * a:.6g},{90 * b:.6g}" for f, (a, b) in zip(np.logspace(6, 0, 40), draws, strict=True)]
    (cell / "noise.csv").write_text("\n".join(["f/Hz,Re(Z)/Ohm,Im(Z)/Ohm", *rows]) + "\n", encoding="utf-8")
    done = command("run", "cell.yaml", "--eis", "noise.csv", "--area", "1cm2", "--format", "json")
    assert done.code == 0
    assert told(done.out)["verdict"] == "invalid_data"


def test_a_bare_resistance_is_no_electrolyte(command: Callable[..., Any], cell: Path) -> None:
    """A short with its leads tells no conductivity, and it is said that it might be one."""
    f = np.logspace(7, 0, 71)
    z = 0.5 + 2j * np.pi * f * 2e-7
    rows = [f"{a:.6g},{b.real:.6g},{b.imag:.6g}" for a, b in zip(f, z, strict=True)]
    (cell / "short.csv").write_text("\n".join(["f/Hz,Re(Z)/Ohm,Im(Z)/Ohm", *rows]) + "\n", encoding="utf-8")
    (found,) = told(command("eis", "short.csv", "--area", "1cm2", "--thickness", "1mm", "--format", "json").out)[
        "spectra"
    ]
    assert "electrolyte_conductivity_S_cm" not in {each["field"] for each in found["fields"]}
    assert any("a short" in doubt for doubt in found["doubts"])


def test_what_ends_beyond_the_range_is_a_bound(command: Callable[..., Any], cell: Path) -> None:
    """A spectrum that ends before its slowest arc gives the resistance as a lower bound."""
    f = np.logspace(6, 0, 61)
    z = impedance(Shape(2), [5.0, 300.0, 900.0, 300 * 1e-6, 900 * 3e-4, 0.95, 0.9], f)
    rows = [f"{a:.6g},{b.real:.6g},{b.imag:.6g}" for a, b in zip(f, z, strict=True)]
    (cell / "cut.csv").write_text("\n".join(["f/Hz,Re(Z)/Ohm,Im(Z)/Ohm", *rows]) + "\n", encoding="utf-8")
    (found,) = told(command("eis", "cut.csv", "--area", "1cm2", "--format", "json").out)["spectra"]
    fields = {each["field"]: each["text"] for each in found["fields"]}
    assert fields["interfacial_resistance_ohm_cm2"].startswith(">")


def test_two_spectra_do_not_meet_in_one_case(command: Callable[..., Any], cell: Path) -> None:
    """After the file of a spectrum, another one is refused until the fields of the first are taken back."""
    (cell / "other.csv").write_text(spectrum(area=0.5, seed=2), encoding="utf-8")
    lines = "LLZO\nanode\ncell_type = symmetric\ncell.csv 1cm2\nkk_residual_percent = ?\nstop\n"
    assert command("ask", "--save", "s.yaml", stdin=lines.encode()).code == 0
    (cell / "s.yaml").write_text(
        "electrolyte: LLZO\nelectrode_role: anode\ncell_type: symmetric\narc_frequency_Hz: 5\nsession: {}\n",
        encoding="utf-8",
    )
    done = command("ask", "s.yaml", stdin=b"other.csv 1cm2\nmissing.csv 1cm2\nstop\n")
    words = " ".join(done.out.split())
    assert "are given already" in words
    assert "there is no file missing.csv" in words


def test_python_does_the_same(cell: Path) -> None:
    """`read_spectra` and `fit` give what the command tells."""
    (found,) = diagnose.read_spectra("cell.csv", area_cm2=1.0)
    made = diagnose.fit(found, symmetric=True)
    fields, measurement = merged(yaml.safe_load(CASE), Measurement(spectra=(made,)), load())
    assert diagnose.diagnose(fields).verdict == "faulty"
    with pytest.raises(diagnose.DiagnoseError, match="area_cm2 is '1 cm2'"):
        diagnose.fit(found, area_cm2="1 cm2")  # type: ignore[arg-type]
    assert {each.field for each in measurement.fields} <= set(fields)


def test_figures_are_written_to_two_digits_of_their_uncertainty() -> None:
    """Nothing is pretended: a figure that is hardly known becomes a range that rules treat as unknown."""
    assert in_words(310.42, 20.2) == "310 ± 20"
    assert in_words(0.58759, 0.0143) == "0.588 ± 0.014"
    assert written({"x": (556.2, 711.0)})[0].text == "0-1270"
    assert written({"x": (12.345, None)})[0].text == "12.35"


def test_a_measured_figure_that_no_case_can_hold_is_told() -> None:
    """A field outside its limits is refused with its name, not silently dropped."""
    bad = Measurement.model_construct(series=(), spectra=(_Fields(written({"cpe_exponent": (1.7, 0.1)})),))
    with pytest.raises(CaseError, match="cpe_exponent"):
        merged({}, bad, load())


class _Fields:
    """Something with fields."""

    def __init__(self, fields: Any) -> None:
        self.fields = fields


def test_a_cell_with_blocking_electrodes_has_no_interface() -> None:
    """What a spectrum seems to tell of an interface is not taken over for a cell that has none."""
    measured = Measurement.model_construct(
        series=(),
        spectra=(_Fields(written({"interfacial_resistance_ohm_cm2": (50, 1), "kk_residual_percent": (1, None)})),),
    )
    fields, made = merged({"cell_type": "blocking"}, measured, load())
    assert set(fields) == {"cell_type", "kk_residual_percent"}
    assert made.not_told == ("interfacial_resistance_ohm_cm2",)


def test_conditions_come_from_the_case() -> None:
    """Thickness, temperature and symmetry of the case are used for the fit."""
    given = {"electrolyte_thickness_um": "1 mm", "temperature_C": 60, "cell_type": "symmetric", "electrolyte": "LLZO"}
    assert conditions(given) == {"thickness_um": 1000.0, "temperature_C": 60.0, "symmetric": True}
