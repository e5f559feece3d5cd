"""The command line. It talks to a person; all diagnosis is in `diagnose.diagnosis`.

Exit codes: 0 done, 1 bad data or findings, 2 a command that makes no sense.
"""

from __future__ import annotations

import io
import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

import diagnose as package
from diagnose.advicecommands import ask, critique, explain, report, whatif
from diagnose.eiscommand import eis, series
from diagnose.errors import DataError, DiagnoseError, Problem, UsageError, did_you_mean
from diagnose.instruments import Measuring, from_instruments
from diagnose.shell import FORMATS, base_of, complain, in_language, overlays, refuse_output, say, width, write_file

if TYPE_CHECKING:
    from diagnose.data import Base
    from diagnose.derived import Value
    from diagnose.report import Report
    from diagnose.texts import Texts


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package.__version__, prog_name="diagnose")
def cli() -> None:
    """Why the contact between an electrode and a solid electrolyte resists, and what to do about it."""


# --- run


@cli.command()
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@click.option("--format", "form", type=FORMATS, default="text", show_default=True)
@click.option("-o", "--output", type=click.Path(path_type=Path), help="Write here instead of to the screen.")
@click.option("--force", is_flag=True, help="Overwrite the output file.")
@click.option("--color/--no-color", default=None, help="Colour text; by default only on a terminal.")
@from_instruments
@overlays
@in_language
def run(
    files: tuple[str, ...],
    form: str,
    output: Path | None,
    force: bool,
    color: bool | None,
    measuring: Measuring,
    overlay: tuple[Path, ...],
    language: str,
) -> None:
    """Diagnose the case in each FILE (YAML or JSON; - reads standard input).

    With --eis or --series, fields that the case does not give itself come from the files of instruments.

    Several files give several reports, as JSON a list. Mistakes of all files are told at once, on standard error; with
    any mistake no output file is written.
    """
    from diagnose.case import Case
    from diagnose.casefile import case_of, fields_in, placed, read_document
    from diagnose.diagnosis import diagnose

    if files.count("-") > 1:
        raise UsageError("standard input can be read once only")
    if output is not None:
        refuse_output(output, files, force)
        if output.suffix.lower() in (".html", ".htm"):
            raise UsageError(
                f"this writes text, JSON or Markdown. For a page write: diagnose report {files[0]} -o {output}"
            )
    measuring.check(len(files))
    base = base_of(overlay, language)
    reports: list[Report] = []
    problems: list[Problem] = []
    for file in files:
        try:
            document = read_document(file)
            case = case_of(document, base) if not measuring.wanted else None
            with placed(document, base):
                if case is None:
                    fields, measured = measuring.taken(fields_in(document), base)
                    found = diagnose(Case(**fields), base=base)
                    reports.append(found.model_copy(update={"measured": measured}))
                else:
                    reports.append(diagnose(case, base=base))
        except DataError as error:
            problems += error.problems
    texts = base.knowledge.texts
    shown = _shown(reports, form, texts, many=len(files) > 1)
    if output is not None:
        if not problems:
            write_file(output, shown)
    elif form == "json":
        click.echo(shown.encode(), nl=False)
    else:
        from diagnose.render import coloured

        terminal = sys.stdout is not None and sys.stdout.isatty()
        wanted = terminal and not os.environ.get("NO_COLOR") if color is None else color
        say(coloured(shown, texts) if wanted and form == "text" else shown, wanted)
    if problems:
        raise DataError(problems)


def _shown(reports: list[Report], form: str, texts: Texts, many: bool) -> str:
    from diagnose.render import markdown, text

    if form == "json":
        if many:
            parts = [json.loads(report.to_json()) for report in reports]
            return json.dumps(parts, indent=2, ensure_ascii=False) + "\n"
        return "".join(report.to_json() for report in reports)
    rendered = [markdown(each, texts) if form == "markdown" else text(each, width(), texts) for each in reports]
    return "\n\n".join(rendered)


# --- batch


@cli.command()
@click.argument("inputs", nargs=-1, required=True, metavar="INPUT...")
@click.option("-o", "--output", required=True, type=click.Path(path_type=Path), help="Folder, or one file.")
@click.option("--map", "maps", multiple=True, metavar="COLUMN=FIELD[:UNIT]", help="Column that fills a field.")
@click.option("--set", "sets", multiple=True, metavar="FIELD=VALUE", help="What holds in every row.")
@click.option("--profile", type=click.Path(path_type=Path), help="YAML file with the columns and constants.")
@click.option("--save-profile", type=click.Path(path_type=Path), help="Write the columns and constants to this file.")
@click.option("--report", type=click.Path(path_type=Path), help="Write a summary with pictures to this HTML file.")
@click.option("--by", metavar="COLUMN", help="Break the summary down by lot, line, ...")
@click.option("--time", "time_", metavar="COLUMN", help="Show in the summary how causes drift over time.")
@click.option("--id", "id_", metavar="COLUMN", help="Tell ids that stand in several rows.")
@click.option("--causes", default=3, type=click.IntRange(1, 28), show_default=True, help="Causes listed in a row.")
@click.option("--remedies", default=3, type=click.IntRange(1, 50), show_default=True, help="Remedies listed in a row.")
@click.option("--keep/--no-keep", default=True, show_default=True, help="Pass on columns that are no fields.")
@click.option("--workers", default=0, type=click.IntRange(min=0), help="Processes; as many as cores when left out.")
@click.option("--scheduler", metavar="ADDRESS", help="Dask scheduler, as tcp://host:8786, whose workers do the work.")
@click.option("--resume", is_flag=True, help="Go on with an output that was begun.")
@click.option("--overwrite", is_flag=True, help="Write an output anew.")
@click.option("--separator", default="", help="Separator of CSV files; found from the header when left out.")
@click.option("--encoding", default="utf-8", show_default=True, help="Encoding of text files.")
@overlays
def batch(inputs: tuple[str, ...], output: Path, overlay: tuple[Path, ...], **options: Any) -> None:
    """Diagnose every row of tables: Parquet, CSV, JSON Lines or Arrow files, folders of them, patterns.

    The output is a folder of Parquet files, or one file that ends in .parquet, .csv, .jsonl or .arrow. Rows keep their
    order. A row with mistakes gets them in the column `error`; the exit code is then 1.
    """
    from diagnose.batchcommand import run_batch

    problems = run_batch(inputs, output, overlay, width(), **options)
    for problem in problems:
        complain(str(problem))
    if problems:
        sys.exit(1)


# --- validate


@cli.command()
@click.argument("file", required=False, type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print the scores as JSON.")
@click.option(
    "--seed", default=0, type=click.IntRange(min=0), show_default=True, help="Seed of the bootstrap intervals."
)
@overlays
def validate(file: Path | None, as_json: bool, seed: int, overlay: tuple[Path, ...]) -> None:
    """Score the rule book on labelled cases: those in FILE, or the case library."""
    from diagnose.validation import library, read_cases
    from diagnose.validation import validate as score

    base = base_of(overlay)
    scores = score(base, read_cases(file, base) if file else library(base), seed=seed)
    click.echo(scores.model_dump_json(indent=2) if as_json else scores.text())


# --- rules


@cli.group()
def rules() -> None:
    """Look at the rule book and check it."""


@rules.command("list")
@overlays
def rules_list(overlay: tuple[Path, ...]) -> None:
    """Every cause with its rules, every finding, verdict and remedy."""
    book = base_of(overlay).rules
    for slug, cause in book.causes.items():
        click.echo(f"cause {slug}: {cause.title} ({len(cause.evidence)} rules)")
    for name, finding in book.findings.items():
        click.echo(f"finding {name}: {finding.says}")
    for verdict in book.verdicts:
        click.echo(f"verdict {verdict.id}: {verdict.verdict}. {verdict.says}")
    for slug, remedy in book.remedies.items():
        click.echo(f"remedy {slug}: {remedy.title}")


@rules.command("show")
@click.argument("name")
@overlays
def rules_show(name: str, overlay: tuple[Path, ...]) -> None:
    """A cause, finding, remedy or single rule by its NAME."""
    from diagnose.condition import describe

    base = base_of(overlay)
    book = base.rules
    if name in book.causes:
        cause = book.causes[name]
        click.echo(f"{cause.title} ({cause.family}, prior {cause.prior})\n{cause.mechanism}\nAsk: {cause.key_question}")
        for item in cause.evidence:
            _rule(base, f"{name}.{item.id}")
    elif name in book.remedies:
        remedy = book.remedies[name]
        treats = ", ".join(f"{cause} ({share})" for cause, share in remedy.treats.items())
        click.echo(f"{remedy.title}\n{remedy.how}\nTreats: {treats}\nShows that it worked: {remedy.verify}")
        for rule in book.rules.values():
            if rule.owner == name and rule.phase == 2:
                click.echo(f"  {rule.kind:<17} {rule.id}: {describe(rule.when)}")
    elif name in book.findings:
        click.echo(f"{book.findings[name].says}\n  when {describe(book.rules[f'finding.{name}'].when)}")
    elif name in book.rules:
        _rule(base, name)
    else:
        choices = [*book.causes, *book.remedies, *book.findings, *book.rules]
        raise UsageError(f"there is no cause, remedy, finding or rule {name!r}. {did_you_mean(name, choices)}".strip())


def _rule(base: Base, name: str) -> None:
    from diagnose.condition import describe

    rule = base.rules.rules[name]
    words = getattr(rule.item, "because", "") or getattr(rule.item, "says", "")
    click.echo(f"\n{name} [{rule.kind}]\n  when {describe(rule.when)}\n  {words}")
    if rule.kind == "evidence":
        from diagnose.scoring import weight

        size = "a curve" if rule.item.curve else f"{weight(rule.item, base.rules.scale, {}) / 100:+.2f} dB"
        click.echo(f"  weight {size}, group {rule.item.group}")
    for ref, grade in getattr(rule.item, "sources", {}).items():
        click.echo(f"  {grade}: {base.knowledge.short(ref)}")


@rules.command("lint")
@overlays
def rules_lint(overlay: tuple[Path, ...]) -> None:
    """Look for rules that cannot be right."""
    from diagnose.lint import lint

    remarks = lint(base_of(overlay))
    for remark in remarks:
        click.echo(str(remark))
    errors = sum(remark.level == "error" for remark in remarks)
    click.echo(f"{errors} errors, {len(remarks) - errors} warnings")
    if errors:
        sys.exit(1)


@rules.command("cover")
@click.argument("name", required=False)
@overlays
def rules_cover(name: str | None, overlay: tuple[Path, ...]) -> None:
    """Show that every rule can fire, and stays silent in a near miss; with NAME, the two cases made for that rule."""
    from diagnose.cover import cover
    from diagnose.validation import library

    base = base_of(overlay)
    if name is not None:
        _made(base, name)
        return
    coverage = cover(base, library(base))
    click.echo(coverage.text())
    if not coverage.complete:
        sys.exit(1)


def _made(base: Base, name: str) -> None:
    from diagnose.witness import Maker

    if name not in base.rules.rules:
        raise UsageError(f"there is no rule {name!r}. {did_you_mean(name, base.rules.rules)}".strip())
    witness = Maker(base).make(base.rules.rules[name])
    if witness is None:
        click.echo("no case was found in which it fires")
        sys.exit(1)
    click.echo("fires in")
    for field, value in witness.fires.items():
        click.echo(f"  {field}: {str(value).lower() if isinstance(value, bool) else value}")
    if witness.miss is not None:
        other = witness.miss.get(witness.changed)
        words = f"with {witness.changed}: {str(other).lower() if isinstance(other, bool) else other}"
        click.echo(f"silent {words if other is not None else f'without {witness.changed}'}")


@rules.command("guide")
@overlays
def rules_guide(overlay: tuple[Path, ...]) -> None:
    """Trace each statement of the troubleshooting guide to what encodes it."""
    from diagnose.guide import render

    click.echo(render(base_of(overlay)), nl=False)


# --- knowledge


@cli.group()
def knowledge() -> None:
    """Look at what the program knows."""


@knowledge.command("show")
@click.argument("name")
@overlays
def knowledge_show(name: str, overlay: tuple[Path, ...]) -> None:
    """Everything known of a material, field or reference by NAME."""
    base = base_of(overlay).knowledge
    found = False
    for kind in ("electrolyte", "electrode", "coating"):
        material = base.find(kind, name)
        if material is not None:
            found = True
            click.echo(f"{kind}: {material.name} {material.formula} {material.family}".rstrip())
            for label, figures in material.figures.items():
                for figure in figures:
                    click.echo(f"  {label}: {_figure(figure)}")
    if name in base.vocabulary:
        field = base.vocabulary[name]
        limits = f" {field.limits[0]:g} to {field.limits[1]:g}" if field.kind in ("number", "integer") else ""
        click.echo(
            f"{name}: {field.kind} {' '.join(field.of)}{limits} {field.unit}\n  {field.question}\n  {field.help}"
        )
    elif name in base.references:
        reference = base.references[name]
        click.echo(f"{name}: {reference.short()} (read: {reference.read}) {reference.note}")
    elif not found:
        names = [each for kind in ("electrolyte", "electrode", "coating") for each in base.material_names(kind)]
        choices = [*names, *base.vocabulary, *base.references]
        raise UsageError(f"nothing is known of {name!r}. {did_you_mean(name, choices)}".strip())


def _figure(figure: Any) -> str:
    if figure.says:
        value = figure.says
    elif figure.value is not None:
        value = str(figure.value)
    else:
        value = f"{'' if figure.low is None else figure.low} to {'' if figure.high is None else figure.high}"
    parts = [f"{value} {figure.unit}".strip(), figure.at, f"[{figure.grade}: {figure.ref}]"]
    if figure.default:
        parts.append(f"(the figure rules read: {figure.why})" if figure.why else "(the figure rules read)")
    return " ".join(part for part in parts if part)


@knowledge.command("list")
@click.argument("what", type=click.Choice(["fields", "materials"]))
@overlays
def knowledge_list(what: str, overlay: tuple[Path, ...]) -> None:
    """Every field of a case with what it takes, or every material by kind and family."""
    base = base_of(overlay).knowledge
    if what == "fields":
        for name, field in base.vocabulary.items():
            takes = ", ".join(field.of) or (field.kind if field.unit == "1" else f"{field.kind}, {field.unit}")
            click.echo(f"{name}: {takes}\n    {field.question}")
        return
    for kind in ("electrolyte", "electrode", "coating"):
        for material in base.materials[kind].values():
            about = f"{kind} {material.family or material.electrode_kind}".strip()
            click.echo(f"{about}: {', '.join(material.names)}")


@knowledge.command("sources")
@overlays
def knowledge_sources(overlay: tuple[Path, ...]) -> None:
    """Every reference, with how much of it was read."""
    for name, reference in sorted(base_of(overlay).knowledge.references.items()):
        click.echo(f"{name} (read: {reference.read}): {reference.short()}")


# --- schema, protocol, completion


@cli.command()
@click.argument("what", type=click.Choice(["case", "report", "consultation", "rules"]), default="case")
def schema(what: str) -> None:
    """JSON Schema of a case, a report, a report with guidance (consultation) or a file of rules."""
    from diagnose.schema import case_schema, consultation_schema, report_schema, rules_schema

    makers = {"case": case_schema, "report": report_schema, "consultation": consultation_schema, "rules": rules_schema}
    made = makers[what]()
    click.echo(json.dumps(made, indent=2))


@cli.command()
@click.argument("file", required=False)
@click.option("--format", "form", type=FORMATS, default="text", show_default=True)
@overlays
@in_language
def protocol(file: str | None, form: str, overlay: tuple[Path, ...], language: str) -> None:
    """The protocol for characterising an interface, fitted to the cell in FILE."""
    from diagnose.render import steps
    from diagnose.report import Step

    base = base_of(overlay, language)
    texts = base.knowledge.texts
    chosen = [
        Step(id=each.id, title=each.title, do=each.do, why=each.why)
        for each in base.knowledge.steps(_facts(file, base) if file else {})
    ]
    if form == "json":
        click.echo(json.dumps([step.model_dump() for step in chosen], indent=2, ensure_ascii=False))
    elif form == "markdown":
        click.echo("\n".join([f"# {texts('ui.report.protocol')}", "", *steps(chosen)]))
    else:
        from diagnose.render import plain_steps

        say(plain_steps(chosen, width(), texts))


def _facts(file: str, base: Base) -> dict[str, Value]:
    """Everything known of the case in a file."""
    from diagnose.casefile import case_of, placed, read_document
    from diagnose.diagnosis import refuse_contradictions
    from diagnose.facts import fact_base

    document = read_document(file)
    case = case_of(document, base)
    with placed(document, base):
        found = fact_base(case, base.knowledge)
        refuse_contradictions(base, found)
    return found.facts


@cli.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> None:
    """Print the completion script of a shell."""
    from click.shell_completion import get_completion_class

    maker = get_completion_class(shell)
    assert maker is not None
    click.echo(maker(cli, {}, "diagnose", "_DIAGNOSE_COMPLETE").source())


for command in (ask, critique, eis, explain, report, series, whatif):
    cli.add_command(command)


def main() -> None:
    """Run the command line; errors become text for a person and an exit code."""
    for stream in (sys.stdout, sys.stderr):
        # What a terminal cannot encode becomes a question mark.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    try:
        code = cli.main(prog_name="diagnose", standalone_mode=False)
        sys.exit(code if isinstance(code, int) else 0)
    except click.exceptions.Abort:
        sys.exit(130)
    except click.ClickException as error:
        error.show()
        if "No such command" in error.format_message() and Path(sys.argv[1]).exists():
            click.echo(f"To diagnose a case, write: diagnose run {sys.argv[1]}", err=True)
        sys.exit(2)
    except UsageError as error:
        complain(f"diagnose: {error}")
        sys.exit(2)
    except DataError as error:
        complain(str(error))
        count = len(error.problems)
        click.echo(f"{count} mistake{'' if count == 1 else 's'}; nothing was diagnosed there.", err=True)
        sys.exit(1)
    except DiagnoseError as error:
        complain(f"diagnose: {error}")
        sys.exit(1)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except OSError as error:
        complain(f"diagnose: {error.strerror or error}{f': {error.filename}' if error.filename else ''}")
        sys.exit(1)
    except Exception as error:
        if os.environ.get("DIAGNOSE_DEBUG"):
            raise
        words = " ".join(str(error).split())
        complain(f"diagnose: internal error ({type(error).__name__}: {words}). Please report it.")
        sys.exit(1)
