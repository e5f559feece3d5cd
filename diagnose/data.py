"""Where rules and knowledge are: the shipped ones, and the directories a site lays over them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from diagnose.errors import DataError, FileError, Problem

if TYPE_CHECKING:
    from diagnose.knowledge import Knowledge
    from diagnose.rulebook import RuleBook
    from diagnose.yamlfile import Document

KINDS = ("rules", "knowledge")
SUFFIXES = (".yaml", ".yml")


@dataclass(frozen=True)
class Base:
    """Rules and knowledge that belong together."""

    rules: RuleBook
    knowledge: Knowledge


def home(kind: str) -> Path:
    """Directory of the shipped `rules` or `knowledge`: inside the package when installed, beside it in a checkout."""
    package = Path(__file__).resolve().parent
    inside = package / "_data" / kind
    return inside if inside.is_dir() else package.parent / kind


def read(directory: Path, root: str, skip: str = "") -> list[Document]:
    """All YAML files below a directory but those in `skip`, named from `root`, in an order that is always the same.

    Raises FileError with the mistakes of all files.
    """
    from diagnose.yamlfile import parse_yaml, read_text

    documents: list[Document] = []
    problems: list[Problem] = []
    for path in sorted(directory.rglob("*")):
        if path.suffix not in SUFFIXES or not path.is_file() or skip in path.relative_to(directory).parts[:-1]:
            continue
        try:
            documents.append(parse_yaml(read_text(path), f"{root}/{path.relative_to(directory).as_posix()}"))
        except DataError as error:
            problems += error.problems
    if problems:
        raise FileError(problems)
    return documents


def shipped(kind: str) -> list[Document]:
    """The shipped documents of one kind, without the case library."""
    return read(home(kind), kind, skip="cases")


def library() -> list[Document]:
    """The documents of the case library."""
    return read(home("knowledge") / "cases", "knowledge/cases")


def overlay(directory: Path) -> Mapping[str, list[Document]]:
    """The `rules` and `knowledge` documents of a site directory.

    Raises FileError when the directory is missing or holds neither.
    """
    if not directory.is_dir():
        raise FileError([Problem("there is no such overlay directory", file=str(directory))])
    parts = [kind for kind in KINDS if (directory / kind).is_dir()]
    found = {kind: read(directory / kind, f"{directory.name}/{kind}") for kind in parts}
    if not any(found.values()):
        hint = "Put YAML files below a folder called rules or knowledge in it."
        raise FileError([Problem("the overlay holds no rules and no knowledge", file=str(directory), hint=hint)])
    return found


@lru_cache(maxsize=8)
def _base(overlays: tuple[Path, ...]) -> Base:
    from diagnose.facts import names
    from diagnose.knowledge import load_knowledge
    from diagnose.rulebook import load_rulebook

    sites = [overlay(directory) for directory in overlays]
    knowledge = load_knowledge(shipped("knowledge"), [site.get("knowledge", []) for site in sites])
    rules = load_rulebook(shipped("rules"), names(knowledge), [site.get("rules", []) for site in sites])
    return Base(rules, knowledge)


def load(overlays: Iterable[Path | str] = ()) -> Base:
    """Rules and knowledge, checked; loaded once per process and set of overlay directories.

    Raises RuleError, KnowledgeError or FileError with every mistake found.
    """
    return _base(tuple(Path(directory).resolve() for directory in overlays))
