"""`diagnose ask`: a conversation that leads to the cause with few questions. Nothing is inferred here."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import yaml

from diagnose.answers import ALWAYS_THERE
from diagnose.casefile import asked_in, case_of, fields_in, read_document
from diagnose.console import Console
from diagnose.consultation import Consultation, consult
from diagnose.data import Base
from diagnose.errors import CaseError, DiagnoseError, UsageError, did_you_mean
from diagnose.explaintext import Found, explanation_text
from diagnose.explanation import Explanation
from diagnose.facts import MATERIALS
from diagnose.fileanswer import answer_of_file
from diagnose.guidance import Question, Stop
from diagnose.guidancetext import effort, prospect
from diagnose.interview import ANSWERED, GIVEN, NOT_APPLICABLE, UNKNOWN, Interview, changes_in, known_material
from diagnose.nexttest import offers
from diagnose.page import Page
from diagnose.quantity import unit_label
from diagnose.render import bar
from diagnose.texts import Texts
from diagnose.wholefile import write_whole

KEPT_IN = "diagnose-session"
SUFFIX = ".yaml"
# What may be given as a figure where a question asks for a word.
SAME_IN_FIGURES = {"resistance_level": "interfacial_resistance_ohm_cm2"}
NOTE = "# Answers to `diagnose ask`. `diagnose ask FILE` goes on with them, `diagnose run FILE` diagnoses them.\n"
# Longest first, so that "why not" is not taken for "why".
COMMANDS = (
    "not_applicable",
    "what_if",
    "why_not",
    "so_far",
    "unknown",
    "tests",
    "back",
    "save",
    "stop",
    "drop",
    "help",
    "how",
    "why",
)


class Conversation:
    """A questionnaire with a person at a console. Every answer is kept in a file before the next question."""

    def __init__(self, interview: Interview, console: Console, width: int, kept: Path | None) -> None:
        self.interview, self.console, self.width, self.kept = interview, console, width, kept
        self.base: Base = interview.base
        self.texts: Texts = self.base.knowledge.texts

    # --- the way through

    def run(self) -> Interview:
        """Ask until there is nothing to ask, or until the person stops. Returns what is known then."""
        self._say("ui.ask.hello")
        if self.kept is not None:
            # A new file is written with the first answer, so that a look at a case leaves none behind.
            self._say("ui.ask.kept", file=self.kept)
            if self.kept.exists():
                self._keep(self.kept)
        self._standing()
        try:
            while True:
                step = self.interview.next()
                if isinstance(step, Stop):
                    self._tell(step.says)
                    break
                self._question(step)
                if not self._answer(step):
                    break
        except KeyboardInterrupt:
            self._say("ui.ask.broken_off")
        if self.kept is not None and self.kept.exists():
            self._say("ui.ask.go_on", file=self.kept)
        return self.interview

    def _question(self, step: Question) -> None:
        self.console.tell("\n")
        self._tell(f"{len(self.interview.asked) + 1}. {step.question}", hang="   ")
        self._tell(self._takes(step), indent="   ")

    def _takes(self, step: Question) -> str:
        """What may be answered, the name of the field, and how long it takes to find out."""
        kind = step.kind
        if kind == "material":
            kind = "name" if step.field in ALWAYS_THERE else "name_or_none"
        elif kind in ("number", "integer"):
            kind = "figure" if step.unit == "1" else "unit"
        takes = ", ".join(step.choices) or self.texts(f"ui.ask.takes.{kind}", unit=unit_label(step.unit))
        if step.field in SAME_IN_FIGURES:
            unit = self.base.knowledge.vocabulary[SAME_IN_FIGURES[step.field]].unit
            takes = self.texts("ui.ask.takes.or_figure", takes=takes, unit=unit_label(unit))
        if step.from_file:
            takes = self.texts("ui.ask.takes.or_file", takes=takes, file=self.texts(f"ui.ask.file.{step.from_file}"))
        return f"{takes} [{step.field}{effort(step, self.texts)}]"

    def _answer(self, step: Question) -> bool:
        """Hear a person out about one question; False when there shall be no other."""
        while True:
            line = self.console.ask(self._words(step))
            if line is None:
                self._say("ui.ask.end")
                return False
            line = line.strip()
            if not line:
                self._say("ui.ask.empty")
                continue
            try:
                name, rest = self._command(line, step)
                if name == "stop":
                    return False
                if self._done(step, name, rest):
                    return True
            except CaseError as error:
                for problem in error.problems:
                    about = f"{problem.field} " if problem.field not in ("", step.field) else ""
                    self._tell(f"{about}{problem.message}. {problem.hint}".strip())
            except DiagnoseError as error:
                self._tell(str(error))

    def _command(self, line: str, step: Question) -> tuple[str, str]:
        """The command in a line and what follows it; `answer` for a line that is none."""
        low = line.casefold()
        if low in (choice.casefold() for choice in step.choices):
            return "answer", line
        if low in ("?", "h"):
            return "help", ""
        for name in COMMANDS:
            for word in (self.texts(f"ui.ask.command.{name}"), name.replace("_", " ")):
                word = word.casefold()
                if low == word or low.startswith(f"{word} "):
                    return name, line[len(word) :].strip()
        if low == "n/a":
            return "not_applicable", ""
        if low in ("quit", "exit", "q"):
            return "stop", ""
        return "answer", line

    def _done(self, step: Question, name: str, rest: str) -> bool:
        """Do what was asked for; True when the next question is due."""
        if name in ("unknown", "not_applicable"):
            self._step(self.interview.skipped(step.field, UNKNOWN if name == "unknown" else NOT_APPLICABLE))
            return True
        if name == "answer":
            found = GIVEN.match(rest)
            if found is not None and (found[1] in self.base.knowledge.vocabulary or "=" in rest):
                # `answered` tells of a name that is no field.
                self._give(found[1], found[2].strip(), asked=found[1] == step.field)
                if found[1] != step.field:
                    self._tell(f"{found[1]}: {_written(self.interview.given[found[1]])}", indent="   ")
                return True
            return self._answered(step, rest)
        if name == "back":
            if self.interview.back() is self.interview:
                self._say("ui.ask.no_way_back")
                return False
            before = self.interview
            self._step(before.back())
            gone = [name for name in before.given if self.interview.given.get(name) != before.given[name]]
            if gone:
                self._say("ui.ask.taken_back", fields=", ".join(gone))
            return True
        if name == "drop":
            self._step(self.interview.dropped(rest))
            return True
        if name == "save":
            self._save(rest)
        else:
            self._tell_about(step, name, rest)
        return False

    def _answered(self, step: Question, answer: str) -> bool:
        """Take an answer, or the file that gives it; False when the file tells nothing new."""
        measured = answer_of_file(answer, step.from_file, self.interview.given, self.base) if step.from_file else None
        if measured is None:
            field = step.field
            if field in SAME_IN_FIGURES and answer[:1] in "0123456789<>~±.":
                field = SAME_IN_FIGURES[field]
                self._tell(f"{field}: {answer}", indent="   ")
            self._give(field, answer, asked=field == step.field)
            return True
        for spectrum in measured.spectra:
            self._listed((spectrum.reason, *spectrum.steps))
        for series in measured.series:
            self._listed((series.reason, *series.steps, *(law.says for law in series.laws)))
        made = self.interview
        for each in measured.fields:
            made = made.answered(each.field, each.given, asked=each.field == step.field)
        self._listed(f"{each.field}: {each.text}" for each in measured.fields)
        if {step.field, SAME_IN_FIGURES.get(step.field)}.isdisjoint(each.field for each in measured.fields):
            self._say("ui.ask.file.silent", field=step.field)
        if made is self.interview:
            return False
        # A file is one step, so that one step back undoes it.
        self._step(replace(made, before=self.interview))
        return True

    def _listed(self, lines: Iterable[str]) -> None:
        for line in lines:
            if line:
                self._tell(line, indent="   ", hang="      ")

    def _give(self, field: str, raw: str, asked: bool) -> None:
        self._step(self.interview.answered(field, raw, asked=asked))
        if field in {each for each, _, _ in MATERIALS}:
            known, hint = known_material(self.base, field, raw)
            if not known:
                self._tell(f"{self.texts('ui.ask.new_material', name=raw)} {hint}".strip())

    def _step(self, interview: Interview) -> None:
        changed = interview.given != self.interview.given
        self.interview = interview
        if self.kept is not None:
            self._keep(self.kept)
        if changed:
            self._standing()

    # --- what can be asked at any time

    def _tell_about(self, step: Question, name: str, rest: str) -> None:
        if name == "help":
            self._say("ui.ask.help")
        elif name == "so_far":
            self._so_far()
        elif name == "why" and not rest:
            self._why(step)
        else:
            case = self.interview.case
            if case is None:
                self._say("ui.ask.too_early")
                return
            self._explain(Explanation(case, self.base), name, rest)

    def _explain(self, explained: Explanation, name: str, rest: str) -> None:
        found: Found
        if name == "why":
            found = explained.why(self._cause(rest))
        elif name == "why_not":
            found = explained.why_not(self._cause(rest))
        elif name == "how":
            found = explained.matters(rest)
        elif name == "what_if":
            found = explained.what_if(changes_in(rest))
        else:
            found = offers(self.base, explained.fields)
        self.console.tell(explanation_text(found, self.texts, self.width))

    def _why(self, step: Question) -> None:
        self._tell(step.why)
        self._tell(step.help)
        page = Page(self.width, self.texts)
        page.items((prospect(each, self.texts) for each in step.prospects), "   ")
        self.console.tell(page.text() if page.lines else "")

    def _so_far(self) -> None:
        for name, value in self.interview.given.items():
            self._tell(f"{name}: {_written(value)}", indent="   ")
        for state in (UNKNOWN, NOT_APPLICABLE):
            names = [name for name, each in self.interview.asked.items() if each == state]
            if names:
                self._tell(f"{self.texts('ui.asked.' + state.replace(' ', '_'))}: {', '.join(names)}", "   ", "      ")
        self._standing()

    def _cause(self, name: str) -> str:
        """A cause by its slug or title. Raises UsageError with the nearest."""
        causes = self.base.rules.causes
        slug = name.strip().casefold().replace(" ", "-")
        if slug in causes:
            return slug
        titled = {cause.title.casefold(): each for each, cause in causes.items()}
        low = name.strip().casefold()
        begun = [each for title, each in titled.items() if low and low in title]
        if len(begun) == 1:
            return begun[0]
        hint = did_you_mean(slug, causes) or did_you_mean(low, titled)
        raise UsageError(f"{self.texts('ui.ask.no_cause', name=name)} {hint}".strip())

    # --- words

    def _words(self, step: Question) -> list[str]:
        """What may be typed."""
        words = [*step.choices]
        if step.kind == "material":
            kind = next(kind for each, kind, _ in MATERIALS if each == step.field)
            words += self.base.knowledge.material_names(kind)
        if step.kind == "flag":
            words += [self.texts("ui.value.yes"), self.texts("ui.value.no")]
        return [*words, *(self.texts(f"ui.ask.command.{name}") for name in COMMANDS)]

    def _standing(self) -> None:
        """The first three causes, after every answer."""
        top = self.interview.top()
        wide = max((len(each.title) for each in top), default=0) + 2
        for place, each in enumerate(top, 1):
            chance = f"{each.probability:.2f}"
            self.console.tell(f"   {place}. {chance}  {each.title:<{wide}}{bar(each.probability)}".rstrip() + "\n")

    def _say(self, key: str, **values: object) -> None:
        for line in self.texts(key, **values).splitlines():
            self._tell(line.strip(), hang="   " if line.startswith(" ") else "")

    def _tell(self, text: str, indent: str = "", hang: str | None = None) -> None:
        page = Page(self.width, self.texts)
        page.add(text, indent, hang)
        self.console.tell("\n".join(page.lines) + "\n")

    # --- files

    def _keep(self, path: Path) -> None:
        try:
            keep(self.interview, path)
        except OSError as error:
            self._say("ui.ask.not_kept", file=path, reason=error.strerror or error)
            self.kept = None

    def _save(self, name: str) -> None:
        path = Path(name).expanduser() if name else self.kept
        if path is None:
            self._say("ui.ask.save_where")
            return
        try:
            if path != self.kept and path.exists():
                self._say("ui.ask.exists", file=path)
                return
            keep(self.interview, path)
        except (OSError, ValueError) as error:
            # The file in which answers are kept so far stays that file.
            self._say("ui.ask.not_saved", file=path, reason=getattr(error, "strerror", None) or error)
            return
        self.kept = path
        self._say("ui.ask.saved", file=path)


def _written(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else f"{value:g}" if isinstance(value, float) else str(value)


def keep(interview: Interview, path: Path) -> None:
    """Write a session whole or not at all, as JSON where the name ends so, else as YAML. Raises OSError, ValueError."""
    if path.suffix.lower() == ".json":
        text = json.dumps(interview.document(), indent=2, ensure_ascii=False) + "\n"
    else:
        text = NOTE + yaml.safe_dump(interview.document(), sort_keys=False, allow_unicode=True, width=1000)
    write_whole(path.resolve(), text.encode())


def begun(file: str | None, base: Base, thorough: bool) -> tuple[Interview, bool]:
    """The interview that a file holds, and whether the file is a session. Raises FileError or CaseError."""
    if file is None:
        return Interview(base, thorough=thorough), True
    document = read_document(file)
    given, asked = fields_in(document), asked_in(document)
    made = Interview(base, thorough=thorough)
    if "electrode_role" in given and ("electrolyte" in given or "electrolyte_family" in given):
        case_of(document, base)
    problems = []
    for name, raw in given.items():
        if raw is not None:
            try:
                made = made.answered(str(name), raw, asked=False)
            except CaseError as error:
                problems += [document.problem((name,), each.message, each.hint) for each in error.problems]
    if problems:
        raise CaseError(problems)
    # What a session says was asked gives way to the fields, which a person may have edited.
    asked = {name: ANSWERED if name in made.given else state for name, state in asked.items()}
    asked = {name: state for name, state in asked.items() if state != ANSWERED or name in made.given}
    return Interview(base, made.given, asked, thorough), bool(asked) or "session" in document.data


def free_name(folder: Path) -> Path:
    """A name for a session that no file has."""
    number = 1
    while (path := folder / f"{KEPT_IN}{'' if number == 1 else f'-{number}'}{SUFFIX}").exists():
        number += 1
    return path


def run_ask(
    file: str | None,
    base: Base,
    console: Console,
    width: int,
    save: Path | None = None,
    keeping: bool = True,
    thorough: bool = False,
) -> Consultation | None:
    """Hold the conversation, then diagnose what is known; None when too little is known for a case.

    Answers are kept in `save`, else in FILE where that is a session, else in a new file in the working directory.
    """
    interview, session = begun(file, base, thorough)
    kept = save or (Path(file) if file is not None and session else free_name(Path()))
    if save is not None and save.exists() and (file is None or not save.samefile(file)):
        raise UsageError(f"{save} exists already. To go on with it: diagnose ask {save}")
    ended = Conversation(interview, console, width, kept if keeping else None).run()
    case = ended.case
    if case is None:
        return None
    return consult(case, base=base, asked=ended.asked)
