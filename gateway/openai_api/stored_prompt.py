"""The parameter `prompt` names a persona, as OpenAI's stored prompts are named, and brings values for it.

Its form is that of https://platform.openai.com/docs/api-reference/responses/create#responses-create-prompt.
"""

from collections.abc import Mapping
from typing import Any

import msgspec

from gateway.openai_api.messages import opens, wrong
from gateway.personas import name as names
from gateway.personas.name import PREFIX
from gateway.personas.resolved import Resolved, rendered
from gateway.personas.variables import MOST, VariableError

PARAM = "prompt"
ID_LENGTH = 200
VERSION_LENGTH = 64
BYTES = 1 << 20
"""Bytes of the parameter; a hundred values of the longest kind take less."""


class StoredPrompt(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A caller wrote this as `prompt`."""

    id: str | None = None
    """A persona's name, slug or id, or an alias that an import has kept."""
    version: str | int | None = None
    variables: dict[str, Any] | None = None

    @property
    def model(self) -> str | None:
        """The name of the persona; `None` where only values were given. Raises Refusal."""
        if self.id is None:
            return None
        name = names.canonical(self.id)
        name = name if name.startswith(PREFIX) else PREFIX + name
        if self.version is None:
            return name
        if "@" in name:
            raise wrong("prompt.version", "stands beside a version in `prompt.id`; keep one of them")
        version = str(self.version)
        return f"{name}@{'v' if version.isdecimal() else ''}{version}"


_decoder = msgspec.json.Decoder(StoredPrompt)


def read(fields: Mapping[str, msgspec.Raw]) -> StoredPrompt | None:
    """Read the parameter; `None` where there is none, or it is none of these. Raises Refusal."""
    written = fields.get(PARAM)
    if written is None or not opens(written, "{"):
        return None
    if len(memoryview(written)) > BYTES:
        raise wrong(PARAM, f"is longer than {BYTES} bytes")
    try:
        found = _decoder.decode(written)
    except msgspec.ValidationError as error:
        raise wrong(PARAM, f"cannot be read: {error}") from None
    except RecursionError:
        raise wrong(PARAM, "is nested too deeply") from None
    if found.id is not None and len(found.id) > ID_LENGTH:
        raise wrong("prompt.id", f"is longer than {ID_LENGTH} characters")
    if len(str(found.version)) > VERSION_LENGTH:
        raise wrong("prompt.version", f"is longer than {VERSION_LENGTH} characters")
    if len(found.variables or ()) > MOST:
        raise wrong("prompt.variables", f"has more than {MOST} values")
    return found


def taken(fields: dict[str, msgspec.Raw]) -> tuple[dict[str, msgspec.Raw], StoredPrompt | None]:
    """Take the parameter out of the fields, since no upstream knows it; a persona in it becomes the model.

    It stays, and is none, for a plain model. Raises Refusal.
    """
    prompt, model = read(fields), _model(fields)
    named = prompt.model if prompt is not None else None
    is_persona = names.canonical(model).startswith(PREFIX)
    if prompt is None or not (named or is_persona):
        return fields, None
    rest = {name: value for name, value in fields.items() if name != PARAM}
    if named is not None:
        if is_persona and names.canonical(model) != named:
            raise wrong("prompt.id", "names a persona, and so does `model`; keep one of them")
        rest["model"] = msgspec.Raw(msgspec.json.encode(named))
    return rest, prompt


def _model(fields: Mapping[str, msgspec.Raw]) -> str:
    """Read the model as far as it is a text; it may be left out."""
    written = fields.get("model")
    if written is None or not opens(written, '"') or len(memoryview(written)) > ID_LENGTH * 8:
        return ""
    return str(msgspec.json.decode(written, type=str))


def filled(persona: Resolved, prompt: StoredPrompt | None) -> Resolved:
    """Fill the caller's values, and defaults, into the persona's prompt. Raises Refusal."""
    given = {} if prompt is None else prompt.variables or {}
    if persona.template is None:
        if given:
            name = next(iter(given))[:64]
            raise wrong(f"prompt.variables.{name}", "is not declared; the version has no variables")
        return persona
    try:
        return rendered(persona, {name: _value(name, value) for name, value in given.items()})
    except VariableError as error:
        raise wrong(f"prompt.variables.{error.name}", str(error)) from None


def _value(name: str, value: Any) -> Any:
    """Take the text out of OpenAI's form of it. Raises Refusal."""
    if not isinstance(value, dict):
        return value
    if value.get("type") == "input_text" and isinstance(value.get("text"), str):
        return value["text"]
    raise wrong(f"prompt.variables.{name[:64]}", "must be a text, a number, true or false")
