"""Where rules and knowledge are: the shipped ones, and the directories a site lays over them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from diagnose.errors import DataError, FileError, Problem

if TYPE_CHECKING:
    from diagnose.knowledge import Knowledge
    from diagnose.rulebook import RuleBook
    from diagnose.yamlfile import Document

KINDS = ("rules", "knowledge")
SUFFIXES = (".yaml", ".yml")


def home(kind: str) -> Path:
    """Directory of the shipped `rules` or `knowledge`: inside the package when installed, beside it in a checkout."""
    package = Path(__file__).resolve().parent
    inside = package / "_data" / kind
    return inside if inside.is_dir() else package.parent / kind


def files(directory: Path) -> list[Path]:
    """Every YAML file below a directory, in an order that does not depend on the file system."""
    return sorted(path for path in directory.rglob("*") if path.suffix in SUFFIXES and path.is_file())


@dataclass(frozen=True)
class Base:
    """Rules and knowledge that belong together."""

    rules: RuleBook
    knowledge: Knowledge


def _cache_file(digest: str) -> Path:
    return Path(__file__).resolve().parent / "__pycache__" / f"data-{digest[:24]}.json"


def _read(directory: Path, root: str, cached: bool) -> list[Document]:
    """All documents below a directory.

    Parsing YAML costs about a second at this size, so the parsed data are kept beside Python's own bytecode under a name
    that is the hash of the text; a cache that cannot be read or written is done without.
    """
    from diagnose.yamlfile import Document, parse_yaml, read_text

    texts = [(f"{root}/{path.relative_to(directory).as_posix()}", read_text(path)) for path in files(directory)]
    digest = hashlib.sha256(json.dumps(texts).encode()).hexdigest()
    cache = _cache_file(digest)
    if cached:
        try:
            return [Document(name, data, {}) for name, data in json.loads(cache.read_text(encoding="utf-8"))]
        except (OSError, ValueError):
            pass
    documents: list[Document] = []
    problems: list[Problem] = []
    for name, text in texts:
        try:
            documents.append(parse_yaml(text, name))
        except DataError as error:
            problems += error.problems
    if problems:
        raise FileError(tuple(problems))
    _keep(cache, [(document.name, document.data) for document in documents])
    return documents


def _keep(cache: Path, stored: Any) -> None:
    try:
        cache.parent.mkdir(exist_ok=True)
        partial = cache.with_suffix(f".{id(stored)}.part")
        partial.write_text(json.dumps(stored), encoding="utf-8")
        partial.replace(cache)
    except (OSError, TypeError, ValueError):
        return


def shipped(kind: str, cached: bool = True) -> list[Document]:
    """The shipped documents of one kind, without the case library."""
    return [each for each in _read(home(kind), kind, cached) if not each.name.startswith("knowledge/cases/")]


def overlay(directory: Path, cached: bool = True) -> Mapping[str, list[Document]]:
    """The `rules` and `knowledge` documents of a site directory.

    Raises FileError when the directory is missing or holds neither.
    """
    if not directory.is_dir():
        raise FileError((Problem("there is no such overlay directory", file=str(directory)),))
    parts = [kind for kind in KINDS if (directory / kind).is_dir()]
    found = {kind: _read(directory / kind, f"{directory.name}/{kind}", cached) for kind in parts}
    if not any(found.values()):
        hint = "Put YAML files below a folder called rules or knowledge in it."
        raise FileError((Problem("the overlay holds no rules and no knowledge", file=str(directory), hint=hint),))
    return found


def _built(overlays: tuple[Path, ...], cached: bool) -> Base:
    from diagnose.facts import names
    from diagnose.knowledge import load_knowledge
    from diagnose.rulebook import load_rulebook

    sites = [overlay(directory, cached) for directory in overlays]
    knowledge = load_knowledge(shipped("knowledge", cached), [site.get("knowledge", []) for site in sites])
    rules = load_rulebook(shipped("rules", cached), names(knowledge), [site.get("rules", []) for site in sites])
    return Base(rules, knowledge)


@lru_cache(maxsize=8)
def _base(overlays: tuple[Path, ...]) -> Base:
    try:
        return _built(overlays, cached=True)
    except DataError:
        return _built(overlays, cached=False)


def load(overlays: Iterable[Path | str] = ()) -> Base:
    """Rules and knowledge, checked; loaded once per process and set of overlay directories.

    Raises RuleError, KnowledgeError or FileError with every mistake found.
    """
    return _base(tuple(Path(directory).resolve() for directory in overlays))
