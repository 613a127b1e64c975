"""The bundled model is asked for little, and what it gets wrong is put right: it shows how a job goes."""

from typing import Any

from gateway.studio import blueprint
from gateway.studio.crowd import Member
from gateway.studio.gates import MARKS
from gateway.studio.wording import Faults

TOKENS = 400
FIELDS, VALUES = 4, 3
WORDS, LINE, PROMPT = 40, 80, 300
"""Characters of a field, of a summary and of a prompt, at most."""
PLAN: dict[str, Any] = {
    "type": "object",
    "properties": {
        "fields": {
            "type": "array",
            "minItems": 2,
            "maxItems": FIELDS,
            "items": {
                "type": "object",
                "properties": {
                    "name": {"type": "string", "minLength": 3, "maxLength": 20},
                    "type": {"type": "string", "enum": list(blueprint.KINDS)},
                    "weights": {
                        "type": "array",
                        "maxItems": VALUES,
                        "items": {
                            "type": "object",
                            "properties": {
                                "value": {"type": "string", "minLength": 2, "maxLength": 20},
                                "weight": {"type": "integer", "minimum": 1, "maximum": 9},
                            },
                        },
                    },
                    "min": {"type": "integer", "minimum": 0, "maximum": 40},
                    "max": {"type": "integer", "minimum": 41, "maximum": 99},
                },
            },
        },
    },
}
"""A plan that a grammar keeps small; it has no constraints."""
MISSING = {"description": "", "ordered_values": [], "mean": 0, "sd": 0}
"""A planned field has these where it is not asked for them."""


def texts(names: list[str]) -> dict[str, Any]:
    """Make the schema of a persona's words."""
    fields: dict[str, Any] = {
        f"field_{name}": {"type": "string", "minLength": 2, "maxLength": WORDS} for name in names
    }
    fields["summary"] = {"type": "string", "minLength": 1, "maxLength": LINE}
    fields["system_prompt"] = {"type": "string", "minLength": 20, "maxLength": PROMPT}
    return {"type": "object", "properties": fields}


def mended(fields: list[dict[str, Any]]) -> dict[str, Any]:
    """Take from a plan what can be drawn from; a field that cannot is one that is written."""
    kept: dict[str, Any] = {}
    for field in fields:
        plain = {"name": str(field["name"]), "type": "text"}
        for candidate in (field, plain):
            if blueprint.check({"fields": [candidate]}, Faults()) is not None:
                kept.setdefault(candidate["name"], candidate)
                break
    return {"fields": [*kept.values()], "constraints": []}


def clean(answer: dict[str, Any]) -> dict[str, Any]:
    """Take marks from the ends of words, which a sheet would take for its own."""
    return {name: value.strip(MARKS + "\n") or "unknown" for name, value in answer.items()}


def named(member: Member, name: str) -> Member:
    """Have the prompt name the persona."""
    prompt = f"You are {name}. {member.system_prompt}"
    return Member(
        persona_id=member.persona_id, fields=member.fields, system_prompt=prompt, markdown=member.markdown
    )
