"""The native API takes personas and changes of them like this."""

from typing import Any, Literal

import msgspec
from anyascii import anyascii
from msgspec import UNSET, UnsetType, field

from gateway.errors import Detail
from gateway.personas.acceptance import NAME_LENGTH, DraftError, check
from gateway.personas.model import (
    Content,
    Draft,
    Overlay,
    Profile,
    Status,
    Visibility,
)
from gateway.personas.slug import LENGTH
from gateway.personas.template import LAYERS, render
from gateway.personas.view import Layer


class PersonaPatch(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A change; a field that is left out stays. A layer stands in `layers` or at the top; null removes it."""

    slug: str | UnsetType = UNSET
    name: str | UnsetType = UNSET
    status: Status | Literal["active"] | UnsetType = UNSET
    tags: list[str] | UnsetType = UNSET
    visibility: Visibility | UnsetType = UNSET
    language: str | UnsetType = UNSET
    prompt: str | UnsetType = UNSET
    layers: dict[str, Any] | UnsetType = UNSET
    soul: Layer | UnsetType | None = UNSET
    self_: Layer | UnsetType | None = field(name="self", default=UNSET)
    mask: Layer | UnsetType | None = UNSET
    surface: Layer | UnsetType | None = UNSET
    examples: list[str] | UnsetType = UNSET
    overlay: Overlay | UnsetType = UNSET
    allow: list[str] | UnsetType = UNSET
    refusal: str | UnsetType = UNSET
    rules: list[dict[str, Any]] | UnsetType = UNSET
    facts: list[dict[str, Any]] | UnsetType = UNSET
    variables: dict[str, dict[str, Any]] | UnsetType = UNSET
    upstreams: list[str] | UnsetType = UNSET
    defaults: dict[str, Any] | UnsetType = UNSET
    headers: dict[str, str] | UnsetType = UNSET


class PersonaBody(PersonaPatch, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A new persona: `name` or `slug`, and `prompt` or a layer, from which a prompt is rendered."""


def new_draft(body: PersonaBody) -> Draft:
    """Make the draft of a new persona. Raises DraftError."""
    if body.slug is UNSET and body.name is UNSET:
        raise DraftError([Detail(["name"], "name or slug is needed", "missing")])
    name = body.name if body.name is not UNSET else str(body.slug)
    if len(name) > NAME_LENGTH:
        # The length is checked before a slug is made of it, which takes long for a long name.
        raise DraftError([Detail(["name"], f"1 to {NAME_LENGTH} characters", "value_error")])
    slug = body.slug if body.slug is not UNSET else slug_from(name)
    blank = Draft(Profile(slug=slug, name=name, visibility="private"), Content(prompt=""))
    draft = patched(blank, body)
    if body.prompt is UNSET:
        if not draft.content.layers:
            raise DraftError([Detail(["prompt"], "prompt or a layer is needed", "missing")])
        text = render(name, draft.content.language, draft.content.layers)
        draft = msgspec.structs.replace(draft, content=msgspec.structs.replace(draft.content, prompt=text))
    check(draft)
    return draft


def patched(draft: Draft, patch: PersonaPatch) -> Draft:
    """Apply the changes to the draft, which may be unacceptable after that."""
    given = {name: getattr(patch, name) for name in PersonaPatch.__struct_fields__}
    given = {name: value for name, value in given.items() if value is not UNSET and name != "status"}
    layers = dict(given.pop("layers", draft.content.layers))
    for layer in LAYERS:
        if (key := "self_" if layer == "self" else layer) in given:
            layers[layer] = given.pop(key)
    layers = {layer: value for layer, value in layers.items() if value is not None}
    of_profile = {name: given.pop(name) for name in Profile.__struct_fields__ if name in given}
    return Draft(
        msgspec.structs.replace(draft.profile, **of_profile),
        msgspec.structs.replace(draft.content, **given, layers=layers),
    )


def slug_from(name: str) -> str:
    """Make a slug in plain ASCII: `Mert Kavaklı` becomes `mert-kavakli`."""
    letters = "".join(letter if letter.isalnum() else " " for letter in anyascii(name).lower())
    return "-".join(letters.split())[:LENGTH].strip("-")
