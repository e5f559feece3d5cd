"""The package finds its data, keeps its import light, and is built from all that it needs."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

import diagnose as package
from diagnose import data

if sys.version_info >= (3, 11):
    import tomllib

ROOT = Path(package.__file__).resolve().parent.parent


@pytest.fixture(scope="module")
def project() -> dict:
    if sys.version_info < (3, 11):
        pytest.skip("tomllib is in Python from 3.11 on")
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def test_rules_and_knowledge_are_found() -> None:
    """In a checkout the data stand beside the package; everything that a diagnosis needs is there."""
    assert data.home("rules") == ROOT / "rules"
    assert data.home("knowledge") == ROOT / "knowledge"
    assert len(list(data.home("rules").glob("causes/*.yaml"))) >= 28


def test_installed_data_win_over_a_neighbouring_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Once the package holds its own data, a directory called rules beside it is not looked at."""
    inside = tmp_path / "diagnose" / "_data" / "rules"
    inside.mkdir(parents=True)
    (tmp_path / "rules").mkdir()
    monkeypatch.setattr(data, "__file__", str(tmp_path / "diagnose" / "data.py"))
    assert data.home("rules") == inside
    assert data.home("knowledge") == tmp_path / "knowledge"


def test_wheel_maps_the_data_into_the_package(project: dict) -> None:
    """rules/ and knowledge/ go below diagnose/_data, so the wheel has one top-level name."""
    wheel = project["tool"]["hatch"]["build"]["targets"]["wheel"]
    assert set(wheel["only-include"]) == {"diagnose", "rules", "knowledge"}
    assert wheel["sources"] == {kind: f"diagnose/_data/{kind}" for kind in data.KINDS}


def test_source_archive_holds_what_the_tests_read(project: dict) -> None:
    """Tests, examples, docs and the files they check travel with the source archive."""
    listed = set(project["tool"]["hatch"]["build"]["targets"]["sdist"]["only-include"])
    needed = {"diagnose", "rules", "knowledge", "tests", "examples", "docs", "benchmarks", "CHANGELOG.md"}
    assert needed <= listed
    assert all((ROOT / name).exists() for name in listed)


def test_experta_is_pinned_and_imported_once(project: dict) -> None:
    """The rule engine is one exact version, imported in one module."""
    assert "experta==1.9.4" in project["project"]["dependencies"]
    pattern = re.compile(r"^\s*(from|import) experta", re.MULTILINE)
    modules = (ROOT / "diagnose").glob("**/*.py")
    assert [path.name for path in modules if pattern.search(path.read_text(encoding="utf-8"))] == ["engine.py"]


def test_import_is_light() -> None:
    """`import diagnose` loads neither numpy, scipy, experta, pint, pydantic nor yaml."""
    heavy = "numpy scipy experta pint uncertainties pydantic yaml click rich"
    code = f"import diagnose, sys; print(sorted(set({heavy!r}.split()) & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.strip() == "[]"


def test_one_diagnosis_needs_no_numpy() -> None:
    """A plain case is diagnosed without numpy, scipy or pint."""
    code = (
        "import sys; from diagnose import diagnose; "
        "diagnose({'electrolyte': 'LLZO', 'electrode': 'Li', 'electrode_role': 'anode', 'stack_pressure_MPa': 5}); "
        "print(sorted({'numpy', 'scipy', 'pint'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.strip() == "[]"
