"""The same case gives the same bytes, whatever the order of its fields and of Python's sets."""

from __future__ import annotations

import hashlib
import os
import random
import subprocess
import sys
from pathlib import Path

import pytest

import diagnose as package
from diagnose import diagnose
from diagnose.yamlfile import parse_yaml, read_text

ROOT = Path(package.__file__).resolve().parent.parent
NAMES = ("lpscl-lithium", "lco-phosphate-below", "invalid-measurement", "two-causes")
CODE = """
import hashlib, random, sys
from pathlib import Path
from diagnose import diagnose
from diagnose.yamlfile import parse_yaml, read_text
for name in sys.argv[2:]:
    fields = list(parse_yaml(read_text(Path("examples") / f"{name}.yaml"), name).data.items())
    random.Random(int(sys.argv[1])).shuffle(fields)
    print(hashlib.sha256(diagnose(dict(fields)).to_json().encode()).hexdigest())
"""


def fields(name: str) -> dict[str, object]:
    return dict(parse_yaml(read_text(ROOT / "examples" / f"{name}.yaml"), name).data)


@pytest.fixture(scope="module")
def here() -> list[str]:
    return [hashlib.sha256(diagnose(fields(name)).to_json().encode()).hexdigest() for name in NAMES]


@pytest.mark.parametrize("seed", ["0", "1", "2", "42", "4294967295"])
def test_same_bytes_over_hash_seeds_and_input_order(here: list[str], seed: str) -> None:
    """A new process with another hash seed and shuffled fields prints the same JSON, byte for byte."""
    environment = {**os.environ, "PYTHONHASHSEED": seed}
    command = [sys.executable, "-c", CODE, seed, *NAMES]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT, env=environment)
    assert done.stdout.split() == here


def test_other_cases_in_between_leave_no_trace() -> None:
    """An answer does not depend on what was asked before it."""
    first = [diagnose(fields(name)).to_json() for name in NAMES]
    order = list(range(len(NAMES))) * 3
    random.Random(7).shuffle(order)
    for index in order:
        assert diagnose(fields(NAMES[index])).to_json() == first[index]


def test_spelling_of_a_number_leaves_the_hash_of_the_case() -> None:
    """The same facts in another unit are the same case and get the same causes."""
    case = {"electrolyte": "Li6PS5Cl", "electrode": "Li", "electrode_role": "anode"}
    bar, mega = (diagnose({**case, "stack_pressure_MPa": text}) for text in ("50 bar", 5))
    assert bar.versions.case == mega.versions.case
    assert bar.causes == mega.causes
