"""Where rules and knowledge are: the shipped ones, and the directories a site lays over them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from diagnose.errors import DataError, FileError, KnowledgeError, Problem, RuleError, UsageError, did_you_mean

if TYPE_CHECKING:
    from diagnose.knowledge import Knowledge
    from diagnose.rulebook import RuleBook
    from diagnose.yamlfile import Document

KINDS = ("rules", "knowledge")
# Folder of knowledge/ with a folder for each language but English, and the language that everything is written in.
TEXTS, ENGLISH = "texts", "en"
EMPTY = "Take the file out, or write something in it."
SUFFIXES = (".yaml", ".yml")


@dataclass(frozen=True)
class Base:
    """Rules and knowledge that belong together, with their texts in one language."""

    rules: RuleBook
    knowledge: Knowledge
    language: str = ENGLISH


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


def read(directory: Path, root: str, skip: str | tuple[str, ...] = ()) -> list[Document]:
    """All YAML files below a directory but those in `skip`, named from `root`, in an order that is always the same.

    Raises FileError with the mistakes of all files.
    """
    from diagnose.yamlfile import parse_yaml, read_text

    documents: list[Document] = []
    problems: list[Problem] = []
    skipped = {skip} if isinstance(skip, str) else set(skip)
    for path in sorted(directory.rglob("*")):
        folders = path.relative_to(directory).parts[:-1]
        if path.suffix not in SUFFIXES or not path.is_file() or not skipped.isdisjoint(folders):
            continue
        with collected(problems):
            name = f"{root}/{path.relative_to(directory).as_posix()}"
            documents.append(parse_yaml(read_text(path, name=name, when_empty=EMPTY), name, EMPTY))
    if problems:
        raise FileError(problems)
    return documents


def shipped(kind: str) -> list[Document]:
    """The shipped documents of one kind, without the case library and the translations."""
    return read(home(kind), kind, skip=("cases", TEXTS))


def library() -> list[Document]:
    """The documents of the case library."""
    return read(home("knowledge") / "cases", "knowledge/cases")


def languages(overlays: Iterable[Path | str] = ()) -> tuple[str, ...]:
    """English, and every language that has a folder below knowledge/texts."""
    places = [home("knowledge"), *(directory / "knowledge" for directory in _directories(overlays))]
    found = {each.name for place in places for each in (place / TEXTS).glob("*") if each.is_dir()}
    return (ENGLISH, *sorted(found - {ENGLISH}))


def translation(knowledge: Path, root: str, language: str) -> list[Document]:
    """The texts in a language below a directory of knowledge. Raises FileError with the mistakes of all files."""
    strays = [path for path in sorted((knowledge / TEXTS).glob("*")) if path.suffix in SUFFIXES and path.is_file()]
    hint = f"Put it into a folder named after its language, such as {TEXTS}/de."
    problems = [Problem("is in no folder of a language", f"{root}/{TEXTS}/{path.name}", hint=hint) for path in strays]
    documents: list[Document] = []
    with collected(problems):
        documents = read(knowledge / TEXTS / language, f"{root}/{TEXTS}/{language}")
    if problems:
        raise FileError(problems)
    return documents


def overlay(directory: Path, language: str = ENGLISH) -> Mapping[str, list[Document]]:
    """The `rules`, `knowledge` and translated `texts` of a site directory.

    Raises FileError when the directory is missing or holds none of them.
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
                found[kind] = read(directory / kind, f"{directory.name}/{kind}", skip=TEXTS)
    if (directory / "knowledge" / TEXTS).is_dir():
        with collected(problems):
            found[TEXTS] = translation(directory / "knowledge", f"{directory.name}/knowledge", language)
    if problems:
        raise FileError(problems)
    if not any(found.values()) and TEXTS not in found:
        hint = "Put YAML files below a folder called rules or knowledge in it."
        raise FileError([Problem("the overlay holds no rules and no knowledge", file=str(directory), hint=hint)])
    return found


@dataclass(frozen=True)
class Parcel:
    """The documents a base is made of: layers of rules, of knowledge and of translated texts, the shipped one first.

    A base cannot be pickled; its parcel can, and makes the same base in another process or on another machine.
    """

    layers: Mapping[str, tuple[tuple[Document, ...], ...]]
    language: str = ENGLISH


def parcel(overlays: Iterable[Path | str] = (), language: str = ENGLISH) -> Parcel:
    """Everything that `load` reads. Raises FileError with every mistake found; UsageError for an unknown language."""
    directories = _directories(overlays)
    known = languages(directories)
    if language not in known:
        hint = did_you_mean(str(language), known) or f"Choose from {', '.join(known)}."
        raise UsageError(f"there is no language {language!r}. {hint}")
    sites: list[Mapping[str, list[Document]]] = []
    problems: list[Problem] = []
    for directory in directories:
        with collected(problems):
            sites.append(overlay(directory, language))
    if problems:
        raise FileError(problems)
    first = {kind: shipped(kind) for kind in KINDS}
    # English is the language of the rules and the knowledge themselves, and of the one file beside the folders.
    first[TEXTS] = read(home("knowledge") / TEXTS / language, f"knowledge/{TEXTS}/{language}")
    layers = {kind: (tuple(first[kind]), *(tuple(site.get(kind, ())) for site in sites)) for kind in first}
    return Parcel(layers, language)


def unpacked(parcel: Parcel) -> Base:
    """The base that a parcel makes. Raises RuleError or KnowledgeError with every mistake found."""
    base = _english(parcel)
    if not any(parcel.layers[TEXTS]):
        return replace(base, language=parcel.language)
    from diagnose.translation import translated

    layers = [(each, _up_to(parcel, level, base)) for level, each in enumerate(parcel.layers[TEXTS]) if each]
    return translated(base, parcel.language, layers)


def _up_to(parcel: Parcel, level: int, base: Base) -> Base:
    """The base of the first layers, for which the translation in the last of them was made."""
    if level == len(parcel.layers[TEXTS]) - 1:
        return base
    try:
        return _english(Parcel({kind: layers[: level + 1] for kind, layers in parcel.layers.items()}))
    except DataError:  # an overlay that leans on a later one
        return base


def _english(parcel: Parcel) -> Base:
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
def _base(overlays: tuple[Path, ...], language: str) -> Base:
    return unpacked(parcel(overlays, language))


def load(overlays: Iterable[Path | str] = (), language: str = ENGLISH) -> Base:
    """Rules and knowledge, checked; loaded once per process, set of overlay directories and language.

    Texts that are not translated stay in English. Raises RuleError, KnowledgeError or FileError with every mistake
    found, and UsageError for an unknown language.
    """
    try:
        return _base(_directories(overlays), language)
    except OSError as error:
        raise FileError([Problem(f"the overlays cannot be read ({error})", hint="Name directories.")]) from None


def _directories(overlays: Iterable[Path | str]) -> tuple[Path, ...]:
    if isinstance(overlays, (str, Path)):
        overlays = (overlays,)
    try:
        return tuple(Path(directory).resolve() for directory in overlays)
    except (TypeError, ValueError, OSError, RuntimeError) as error:
        raise FileError([Problem(f"the overlays cannot be read ({error})", hint="Name directories.")]) from None
