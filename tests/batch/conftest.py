"""What the tests of tables share: the shipped rules, and the drawer of cases of the tests beside."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from diagnose.data import Base, load

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "inference"))


@pytest.fixture(scope="session")
def base() -> Base:
    """The shipped rules and knowledge."""
    return load()
