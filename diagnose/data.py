"""Where rules and knowledge are: the shipped ones, and the directories a site lays over them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from diagnose.errors import DataError, FileError, KnowledgeError, Problem, RuleError

if TYPE_CHECKING:
    from diagnose.knowledge import Knowledge
    from diagnose.rulebook import RuleBook
    from diagnose.yamlfile import Document

KINDS = ("rules", "knowledge")
EMPTY = "Take the file out, or write something in it."
SUFFIXES = (".yaml", ".yml")


@dataclass(frozen=True)
class Base:
    """Rules and knowledge that belong together."""

    rules: RuleBook
    knowledge: Knowledge


@contextmanager
def collected(problems: list[Problem]) -> Iterator[None]:
    """Keep the problems of an error and go on."""
    try:
        yield
    except DataError as error:
        problems += error.problems


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
        with collected(problems):
            name = f"{root}/{path.relative_to(directory).as_posix()}"
            documents.append(parse_yaml(read_text(path, name=name, when_empty=EMPTY), name, EMPTY))
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
    try:
        there = directory.is_dir()
    except OSError as error:
        raise FileError([Problem(f"cannot be read ({error.strerror})", file=str(directory))]) from None
    if not there:
        raise FileError([Problem("there is no such overlay directory", file=str(directory))])
    found: dict[str, list[Document]] = {}
    problems: list[Problem] = []
    for kind in KINDS:
        with collected(problems):
            if (directory / kind).is_dir():
                found[kind] = read(directory / kind, f"{directory.name}/{kind}")
    if problems:
        raise FileError(problems)
    if not any(found.values()):
        hint = "Put YAML files below a folder called rules or knowledge in it."
        raise FileError([Problem("the overlay holds no rules and no knowledge", file=str(directory), hint=hint)])
    return found


@dataclass(frozen=True)
class Parcel:
    """The documents a base is made of: layers of rules and of knowledge, the shipped one first.

    A base cannot be pickled; its parcel can, and makes the same base in another process or on another machine.
    """

    layers: Mapping[str, tuple[tuple[Document, ...], ...]]


def parcel(overlays: Iterable[Path | str] = ()) -> Parcel:
    """Everything that `load` reads. Raises FileError with every mistake found."""
    sites: list[Mapping[str, list[Document]]] = []
    problems: list[Problem] = []
    for directory in _directories(overlays):
        with collected(problems):
            sites.append(overlay(directory))
    if problems:
        raise FileError(problems)
    return Parcel({kind: (tuple(shipped(kind)), *(tuple(site.get(kind, ())) for site in sites)) for kind in KINDS})


def unpacked(parcel: Parcel) -> Base:
    """The base that a parcel makes. Raises RuleError or KnowledgeError with every mistake found."""
    from diagnose.facts import names
    from diagnose.knowledgefile import read_knowledge
    from diagnose.rulefile import load_rulebook

    (first, *sites), (rules_first, *rule_sites) = parcel.layers["knowledge"], parcel.layers["rules"]
    knowledge, wrong = read_knowledge(list(first), [list(site) for site in sites])
    try:
        rules = load_rulebook(list(rules_first), names(knowledge), [list(site) for site in rule_sites])
    except RuleError as error:
        raise (KnowledgeError if wrong else RuleError)([*wrong, *error.problems]) from None
    if wrong:
        raise KnowledgeError(wrong)
    return Base(rules, knowledge)


@lru_cache(maxsize=8)
def _base(overlays: tuple[Path, ...]) -> Base:
    return unpacked(parcel(overlays))


def load(overlays: Iterable[Path | str] = ()) -> Base:
    """Rules and knowledge, checked; loaded once per process and set of overlay directories.

    Raises RuleError, KnowledgeError or FileError with every mistake found.
    """
    try:
        return _base(_directories(overlays))
    except OSError as error:
        raise FileError([Problem(f"the overlays cannot be read ({error})", hint="Name directories.")]) from None


def _directories(overlays: Iterable[Path | str]) -> tuple[Path, ...]:
    if isinstance(overlays, (str, Path)):
        overlays = (overlays,)
    try:
        return tuple(Path(directory).resolve() for directory in overlays)
    except (TypeError, ValueError, OSError, RuntimeError) as error:
        raise FileError([Problem(f"the overlays cannot be read ({error})", hint="Name directories.")]) from None
