"""How columns of somebody's table become fields of a case: other names, other units, and what holds for all rows."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from diagnose.errors import FileError, Problem, UsageError, did_you_mean
from diagnose.fieldcolumn import FieldReader
from diagnose.knowledge import Knowledge
from diagnose.quantity import QuantityError
from diagnose.yamlfile import Document, parse_yaml, read_text


class Target(BaseModel):
    """The field that a column fills, and the unit of its figures; without one, the unit of the field."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    field: str
    unit: str = ""


class Profile(BaseModel):
    """What the columns of a table mean. A column whose name is a field needs no entry."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    columns: dict[str, Target] = Field(default={}, description="column of the table -> field and unit")
    constants: dict[str, Any] = Field(default={}, description="field -> what holds in every row")

    def with_words(self, maps: Iterable[str], sets: Iterable[str]) -> Profile:
        """This profile with `COLUMN=FIELD:UNIT` and `FIELD=VALUE` laid over it. Raises UsageError."""
        columns, constants = dict(self.columns), dict(self.constants)
        new: set[str] = set()
        for text in maps:
            column, equals, target = text.rpartition("=")
            field, _, unit = target.partition(":")
            if not equals or not column or not field.strip():
                raise UsageError(f"--map {text!r} is not COLUMN=FIELD or COLUMN=FIELD:UNIT")
            if column in new:
                raise UsageError(f"--map names the column {column!r} twice")
            new.add(column)
            columns[column] = Target(field=field.strip(), unit=unit.strip())
        for text in sets:
            field, equals, value = text.partition("=")
            if not equals or not field.strip() or not value.strip():
                raise UsageError(f"--set {text!r} is not FIELD=VALUE")
            constants[field.strip()] = value.strip()
        return Profile(columns=columns, constants=constants)

    def problems(self, knowledge: Knowledge) -> list[Problem]:
        """Everything that cannot be right, whatever the table: fields, units, values, two columns for one field."""
        fields = knowledge.vocabulary
        found: list[Problem] = []
        taken: dict[str, str] = {}
        for column, target in self.columns.items():
            if target.field not in fields:
                found.append(_no_field(target.field, fields, f"column {column!r}"))
                continue
            if target.field in taken:
                found.append(Problem(f"is filled by both {taken[target.field]!r} and {column!r}", field=target.field))
            taken[target.field] = column
            number = fields[target.field].kind in ("number", "integer")
            if target.unit and not number:
                found.append(Problem("is no number and takes no unit", field=target.field))
            try:
                FieldReader(target.field, fields[target.field], target.unit)
            except QuantityError as error:
                found.append(Problem(error.message, field=target.field, hint=error.hint))
        for name, value in self.constants.items():
            if name not in fields:
                found.append(_no_field(name, fields, "a constant"))
                continue
            if name in taken:
                found.append(Problem(f"is both a constant and filled by {taken[name]!r}", field=name))
            try:
                if FieldReader(name, fields[name]).value(value) is None:
                    found.append(Problem("is a constant without a value", field=name, hint="Leave it out."))
            except QuantityError as error:
                found.append(Problem(error.message, field=name, hint=error.hint))
        return found

    def text(self) -> str:
        """The profile as YAML, with every text in quotes, so that it is text when it is read again."""
        lines = []
        if self.columns:
            lines.append("columns:")
        for name, target in self.columns.items():
            lines.append(f"  {_quoted(name)}: {_quoted(target.model_dump(exclude_defaults=True))}")
        if self.constants:
            lines.append("constants:")
        lines += [f"  {_quoted(name)}: {_quoted(value)}" for name, value in self.constants.items()]
        return "\n".join(lines or ["{}"]) + "\n"


def _quoted(value: Any) -> str:
    """Plain data as JSON, which is YAML as well; letters that cannot be seen are escaped."""
    text = json.dumps(value, ensure_ascii=False)
    return "".join(letter if letter.isprintable() else f"\\U{ord(letter):08x}" for letter in text)


def _no_field(name: str, fields: Iterable[str], what: str) -> Problem:
    return Problem(
        f"{what} is to fill it, but it is not a field of a case", field=name, hint=did_you_mean(name, fields)
    )


def read_profile(path: Path, knowledge: Knowledge) -> Profile:
    """The profile in a YAML file. Raises FileError with every mistake and its place."""
    document = parse_yaml(read_text(path, when_empty=WRITE), str(path), WRITE)
    problems: list[Problem] = []
    if not isinstance(document.data, dict):
        raise FileError([document.problem((), "is not a profile", WRITE)])
    columns = _section(document, "columns", problems)
    made: dict[str, Target] = {}
    for name, entry in columns.items():
        if isinstance(entry, str):
            field, _, unit = entry.partition(":")
            made[str(name)] = Target(field=field.strip(), unit=unit.strip())
        elif isinstance(entry, dict) and set(entry) <= {"field", "unit"} and isinstance(entry.get("field"), str):
            made[str(name)] = Target(field=entry["field"], unit=str(entry.get("unit") or ""))
        else:
            problems.append(
                document.problem(("columns", name), "is not a field", "Write {field: name, unit: ohm*m^2}.")
            )
    for key in document.data:
        if key not in Profile.model_fields:
            problems.append(
                document.problem((key,), f"{key!r} is not part of a profile", did_you_mean(str(key), PARTS))
            )
    profile = Profile(columns=made, constants=_section(document, "constants", problems))
    for problem in profile.problems(knowledge):
        place = _place(profile, problem.field)
        problems.append(document.problem(place, f"{problem.field}: {problem.message}", problem.hint))
    if problems:
        raise FileError(problems)
    return profile


PARTS = tuple(Profile.model_fields)
WRITE = "Write `columns:` and `constants:`."


def _section(document: Document, name: str, problems: list[Problem]) -> dict[str, Any]:
    found = document.data.get(name)
    if found is None:
        return {}
    if not isinstance(found, dict):
        problems.append(document.problem((name,), "is not a mapping", f"Write `{name}:` with a line for each."))
        return {}
    return {str(key): value for key, value in found.items()}


def _place(profile: Profile, field: str) -> tuple[str, ...]:
    for column, target in profile.columns.items():
        if target.field == field:
            return ("columns", column)
    return ("constants", field)
