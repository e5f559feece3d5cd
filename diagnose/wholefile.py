"""Files that are written whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from uuid import uuid4


@contextmanager
def written(target: Path) -> Iterator[Path]:
    """A name to write to, which becomes the target when all went well; a file that it replaces leaves its mode."""
    # A name of its own: the same file may be made twice at a time, as when a worker is thought dead.
    place = target.with_name(f".{target.name}.{uuid4().hex}")
    try:
        yield place
        with open(place, "rb") as file:
            os.fsync(file.fileno())
        with suppress(FileNotFoundError):
            place.chmod(target.stat().st_mode)
        os.replace(place, target)
    finally:
        place.unlink(missing_ok=True)


def write_whole(path: Path, content: bytes) -> None:
    """Write a file whole or not at all. Raises OSError."""
    with written(path) as place:
        place.write_bytes(content)
