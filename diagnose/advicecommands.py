"""Commands that ask, explain and advise."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from diagnose.errors import UsageError, did_you_mean
from diagnose.instruments import Measuring, from_instruments
from diagnose.shell import base_of, in_language, overlays, refuse_output, say, width, write_file

if TYPE_CHECKING:
    from diagnose.consultation import Consultation
    from diagnose.data import Base
    from diagnose.explaintext import Found
    from diagnose.explanation import Explanation

QUESTIONS = ("why", "how", "contrast", "change", "questions", "tests")
FORMS = click.Choice(["text", "json"])
as_form = click.option("--format", "form", type=FORMS, default="text", show_default=True)
SUFFIXES = {".html": "html", ".md": "markdown", ".json": "json", ".txt": "text"}


# --- ask


@click.command()
@click.argument("file", required=False)
@click.option("--save", type=click.Path(path_type=Path), help="File that keeps the answers.")
@click.option("--no-save", is_flag=True, help="Keep no answers in a file.")
@click.option(
    "-o", "--output", type=click.Path(path_type=Path), help="Write the report here (.html, .md, .json, .txt)."
)
@click.option("--force", is_flag=True, help="Overwrite the output file.")
@click.option("--thorough", is_flag=True, help="Ask on as long as anything tells something.")
@click.option("--plain", is_flag=True, help="Plain lines also on a terminal, as for a screen reader.")
@overlays
@in_language
def ask(
    file: str | None,
    save: Path | None,
    no_save: bool,
    output: Path | None,
    force: bool,
    thorough: bool,
    plain: bool,
    overlay: tuple[Path, ...],
    language: str,
) -> None:
    """Answer questions until the cause is found; at any prompt type ? for what else may be typed.

    Starts from nothing, from a case in FILE, or goes on with a session in FILE. Answers are kept in a file after each
    question, which `diagnose run` reads as a case.
    """
    from diagnose.askcommand import run_ask
    from diagnose.console import console

    form = _form(output, [file] if file else [], force)
    if file == "-":
        raise UsageError("answers are read from standard input, so a case cannot be. Name a file.")
    base = base_of(overlay, language)
    found = run_ask(file, base, console(say, plain), width(), save, not no_save, thorough)
    if found is None:
        return
    if output is not None:
        write_file(output, _shown(found, form, base))
    else:
        say("\n" + _shown(found, "text", base))


def _form(output: Path | None, files: Iterable[str], force: bool) -> str:
    """The form of a document by its name. Raises UsageError for one that is not known and for a file that exists."""
    if output is None:
        return "text"
    if output.suffix.lower() not in SUFFIXES:
        raise UsageError(f"{output} ends in none of {', '.join(SUFFIXES)}, which say what is written")
    refuse_output(output, files, force)
    return SUFFIXES[output.suffix.lower()]


def _shown(found: Consultation, form: str, base: Base) -> str:
    """A consultation as a document."""
    if form == "json":
        return found.to_json()
    if form == "html":
        from diagnose.document import page

        return page(found.report, found.guidance, base, found.asked)
    from diagnose.consulttext import consultation_markdown, consultation_text

    texts = base.knowledge.texts
    return consultation_markdown(found, texts) if form == "markdown" else consultation_text(found, texts, width())


# --- report


@click.command()
@click.argument("file")
@click.option("-o", "--output", type=click.Path(path_type=Path), help="Document to write (.html, .md, .json, .txt).")
@click.option("--force", is_flag=True, help="Overwrite the output file.")
@click.option(
    "--draws", default=1000, type=click.IntRange(1, 100_000), show_default=True, help="Draws of what is uncertain."
)
@click.option("--seed", default=0, type=click.IntRange(min=0), show_default=True, help="Seed of the draws.")
@from_instruments
@overlays
@in_language
def report(
    file: str,
    output: Path | None,
    force: bool,
    draws: int,
    seed: int,
    measuring: Measuring,
    overlay: tuple[Path, ...],
    language: str,
) -> None:
    """Everything about the case in FILE as a document: the diagnosis, how firm it is, what to find out, the plan.

    Without an output it is shown as text. Reads YAML or JSON; - reads standard input. With --eis or --series, fields
    that the case does not give itself come from the files of instruments, and the document shows them with pictures.
    """
    from diagnose.casefile import asked_in, case_of, fields_in, placed, read_document
    from diagnose.consultation import consult

    form = _form(output, [file], force)
    measuring.check()
    base = base_of(overlay, language)
    document = read_document(file)
    case: Any = None if measuring.wanted else case_of(document, base)
    with placed(document, base):
        measured = None
        if measuring.wanted:
            case, measured = measuring.taken(fields_in(document), base)
        found = consult(case, asked=asked_in(document), draws=draws, seed=seed, measured=measured, base=base)
    shown = _shown(found, form, base)
    if output is None:
        say(shown)
    else:
        write_file(output, shown)


# --- explain, whatif


@click.command()
@click.argument("file")
@click.argument("question", nargs=-1)
@as_form
@overlays
@in_language
def explain(file: str, question: tuple[str, ...], form: str, overlay: tuple[Path, ...], language: str) -> None:
    """Explain the diagnosis of the case in FILE.

    \b
    QUESTION is one of
      why CAUSE       the case for and against a cause (the first when left out)
      why not CAUSE   what keeps a cause from standing higher
      how FIELD       what the first causes would be for other values of a field
      contrast        why the first cause stands before the second (or: contrast CAUSE CAUSE)
      change          the smallest change of an answer that would put another cause first
      questions       what to ask next
      tests           what to measure next
    """
    base = base_of(overlay, language)
    explained = _explained(file, base)
    found = _answer(explained, " ".join(question).split() or ["contrast"])
    _show(found, form, base)


@click.command()
@click.argument("file")
@click.argument("changes", nargs=-1, required=True, metavar="FIELD=VALUE...")
@as_form
@overlays
@in_language
def whatif(file: str, changes: tuple[str, ...], form: str, overlay: tuple[Path, ...], language: str) -> None:
    """Show what changes in the diagnosis of FILE when facts are set, changed or, with FIELD=?, dropped."""
    from diagnose.interview import changes_in

    base = base_of(overlay, language)
    wanted = changes_in(", ".join(changes))
    explained = _explained(file, base)
    _show(explained.what_if(wanted), form, base)


def _explained(file: str, base: Base) -> Explanation:
    from diagnose.casefile import case_of, placed, read_document
    from diagnose.explanation import Explanation

    document = read_document(file)
    case = case_of(document, base)
    with placed(document, base):
        return Explanation(case, base)


def _answer(explained: Explanation, words: list[str]) -> Found:
    """The answer to a question about a diagnosis."""
    head, *rest = words
    if head == "why":
        if rest and rest[0] == "not":
            return explained.why_not(" ".join(rest[1:]))
        first = explained.report.causes[0].cause if explained.report.causes else None
        if not rest and first is None:
            raise UsageError("no cause is ranked here. Ask: why not CAUSE")
        return explained.why(" ".join(rest) or str(first))
    if head == "how":
        return explained.matters(" ".join(rest))
    if head == "contrast" and len(rest) <= 2:
        return explained.contrast(*rest)
    if head == "change" and not rest:
        return explained.change()
    if head == "questions" and not rest:
        from diagnose.question import asking

        return asking(explained.base, explained.fields).questions()
    if head == "tests" and not rest:
        from diagnose.nexttest import offers

        return offers(explained.base, explained.fields)
    raise UsageError(
        f"{' '.join(words)!r} is no question. {did_you_mean(head, QUESTIONS)} See diagnose explain --help."
    )


def _show(found: Found, form: str, base: Base) -> None:
    if form == "json":
        made = [each.model_dump(mode="json") for each in found] if isinstance(found, tuple) else found
        data = made if made is None or isinstance(made, list) else made.model_dump(mode="json")
        say(json.dumps(data, indent=2, ensure_ascii=False) + "\n")
        return
    from diagnose.explaintext import explanation_text

    say(explanation_text(found, base.knowledge.texts, width()))


# --- critique


@click.command()
@click.argument("file")
@click.argument("planned", nargs=-1, required=True, metavar="FIX...")
@as_form
@overlays
@in_language
def critique(file: str, planned: tuple[str, ...], form: str, overlay: tuple[Path, ...], language: str) -> None:
    """Say what to think of each FIX that is planned for the cell in FILE: a remedy, or words such as "press harder"."""
    from diagnose.critiquecommand import run_critique

    shown, unknown = run_critique(file, planned, form, width(), base_of(overlay, language))
    say(shown)
    if unknown:
        raise UsageError("\n".join(unknown))
