"""JSON Schemas of a case, of a report, of a consultation and of a file of rules."""

from __future__ import annotations

from typing import Any, get_args

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def case_schema() -> dict[str, Any]:
    """JSON Schema of a case file, from the vocabulary. Numbers may also be text with a unit, a bound or a range."""
    from diagnose.casefile import SESSION, State
    from diagnose.knowledgefile import vocabulary

    properties: dict[str, Any] = {}
    for name, field in vocabulary().items():
        about: dict[str, Any] = {"title": field.question, "description": field.help}
        if field.kind in ("number", "integer"):
            low, high = field.limits
            number = {"type": field.kind, "minimum": low, "maximum": high}
            about["anyOf"] = [number, {"type": "string", "minLength": 1}]
            about["x-unit"] = field.unit
        elif field.kind == "flag":
            about["type"] = "boolean"
        elif field.kind == "choice":
            about["enum"] = list(field.of)
        else:
            about.update(type="string", minLength=1)
        properties[name] = about
    properties[SESSION] = {
        "title": "What a questionnaire asked for, and what came of it",
        "description": "Kept by `diagnose ask` so that it can go on; a case needs none.",
        "type": "object",
        "properties": {name: {"enum": list(get_args(State))} for name in vocabulary()},
        "additionalProperties": False,
    }
    return {
        "$schema": DIALECT,
        "title": "Case",
        "description": "What is known of one electrode | electrolyte interface. A missing field is unknown.",
        "type": "object",
        "properties": properties,
        "required": ["electrode_role"],
        "anyOf": [{"required": ["electrolyte"]}, {"required": ["electrolyte_family"]}],
        "additionalProperties": False,
    }


def report_schema() -> dict[str, Any]:
    """JSON Schema of a report."""
    from diagnose.report import Report

    return {"$schema": DIALECT, **Report.model_json_schema(mode="serialization")}


def consultation_schema() -> dict[str, Any]:
    """JSON Schema of a report with its guidance."""
    from diagnose.consultation import Consultation

    return {"$schema": DIALECT, **Consultation.model_json_schema(mode="serialization")}


def rules_schema() -> dict[str, Any]:
    """JSON Schema of one file below `rules/`: a cause, a remedy, lists of other items, a scale."""
    from pydantic.json_schema import models_json_schema

    from diagnose.rulebook import Cause, Combination, Contradiction, Finding, Remedy, Scale, VerdictRule, Worth

    models = (Cause, Remedy, Scale, Worth, Finding, VerdictRule, Contradiction, Combination)
    _, made = models_json_schema([(model, "validation") for model in models], by_alias=True)

    def of(model: type) -> dict[str, str]:
        return {"$ref": f"#/$defs/{model.__name__}"}

    def file(key: str, items: dict[str, Any]) -> dict[str, Any]:
        return {"type": "object", "properties": {key: items}, "required": [key], "additionalProperties": False}

    return {
        "$schema": DIALECT,
        "title": "Rules",
        "description": "One file of the rule book. Conditions (`when`, `only_if`) are described in docs/rules.md.",
        "anyOf": [
            *(of(model) for model in (Cause, Remedy, Scale, Worth)),
            file("findings", {"type": "object", "additionalProperties": of(Finding)}),
            file("verdicts", {"type": "array", "items": of(VerdictRule)}),
            file("contradictions", {"type": "array", "items": of(Contradiction)}),
            file("combinations", {"type": "array", "items": of(Combination)}),
        ],
        "$defs": made["$defs"],
    }
