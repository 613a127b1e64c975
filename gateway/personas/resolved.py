"""The chat path needs a version of a persona in this form, computed once for all its requests."""

import hashlib
from collections.abc import Mapping
from typing import Any

import msgspec

from gateway import config
from gateway.config import Config, Route
from gateway.drift import fact, rule
from gateway.drift.character import Character
from gateway.personas import variables
from gateway.personas.model import Content, Overlay, Persona, Reading, Version
from gateway.personas.variables import Template

PYTHON = 8
"""Bytes that a byte of JSON takes as Python objects, roughly."""


class Prompt:
    """A version's prompt, ready to be spliced into a request."""

    __slots__ = ("_sha", "head", "is_empty", "json", "sha256", "text_part")

    def __init__(self, text: str) -> None:
        self.is_empty = not text
        """Tells that the persona has no prompt, so that the caller's messages go out as they are."""
        self.json = msgspec.json.encode(text)
        self.head = b',"content":' + self.json + b"}"
        """The message after its role, which is the upstream's to choose."""
        self.text_part = b'{"type":"text","text":' + self.json + b"}"
        self._sha = hashlib.sha256(text.encode())
        self.sha256 = self._sha.hexdigest()

    def sha256_with(self, more: str) -> str:
        """Hash the prompt followed by this text."""
        digest = self._sha.copy()
        digest.update(more.encode())
        return digest.hexdigest()


class Resolved(msgspec.Struct, frozen=True, weakref=True, eq=False):
    """A version of a persona in the form that the chat path needs."""

    persona_id: str
    workspace_id: str
    slug: str
    version: int
    version_id: str
    prompt: Prompt
    overlay: Overlay
    allow: frozenset[str]
    """Parameters that callers may set although the version is locked."""
    refusal: str
    """The text that goes out in place of an answer that is held back; if it is empty, an error does."""
    routes: tuple[Route, ...]
    defaults: dict[str, msgspec.Raw]
    headers: dict[str, str]
    language: str
    display_name: str
    character: Character
    """The version's answers are held against this."""
    created_at: int
    is_private: bool
    """Tells whether only the key that made it may use it."""
    size: int
    """Bytes that it takes in memory, roughly."""
    label: str
    """`slug@vN`, as the header `X-Persona` shows it."""
    template: Template | None
    """The prompt where the version declares variables; `prompt` has no values in it then."""
    rendering: str
    """Tells renderings of one template apart; empty where no values are in it."""
    base: "Resolved | None"
    """The version without values, of which this is a rendering."""
    model_json: bytes
    """The JSON string `"persona/slug@vN"`."""
    identity_json: bytes
    """`"id":…,"slug":…,"version":…`, the head of the `persona` object in answers."""


def resolved(settings: Config, persona: Persona, version: Version) -> Resolved:
    """Compute everything that stays the same for all requests to this version."""
    content, slug = version.content, persona.profile.slug
    label = f"{slug}@v{version.number}"
    identity = {"id": persona.id, "slug": slug, "version": version.number}
    return Resolved(
        persona_id=persona.id,
        workspace_id=persona.workspace_id,
        slug=slug,
        version=version.number,
        version_id=version.id,
        prompt=Prompt(content.prompt),
        overlay=content.overlay,
        allow=frozenset(content.allow),
        refusal=content.refusal,
        routes=_routes(settings, content.upstreams),
        defaults={name: msgspec.Raw(msgspec.json.encode(value)) for name, value in content.defaults.items()},
        headers=content.headers,
        language=content.language,
        display_name=persona.profile.name,
        character=character(persona.profile.name, content, version.reading),
        created_at=version.created_at,
        is_private=persona.profile.visibility == "private",
        size=_size(content),
        label=label,
        template=Template(content.prompt, content.variables) if content.variables else None,
        rendering="",
        base=None,
        model_json=msgspec.json.encode(f"persona/{label}"),
        identity_json=msgspec.json.encode(identity)[1:-1],
    )


def rendered(persona: Resolved, given: Mapping[str, Any]) -> Resolved:
    """Fill these values into the prompt of a version that declares variables. Raises VariableError."""
    template = persona.template
    assert template is not None  # noqa: S101 - the caller has looked
    values = template.values(given)
    text = template.filled(values)
    return msgspec.structs.replace(
        persona,
        prompt=Prompt(text),
        character=msgspec.structs.replace(persona.character, prompt=text),
        template=None,
        rendering=variables.digest(values),
        base=persona,
    )


def character(name: str, content: Content, reading: Reading | None = None) -> Character:
    """Make the character that answers are held against; without a reading, its prose is read again."""
    return Character(
        name=name,
        language=content.language,
        prompt=content.prompt,
        examples=tuple(content.examples),
        fields=content.layers,
        rules=rule.decode(content.rules),
        facts=fact.decode(content.facts),
        read=reading.rules if reading is not None else None,
    )


def _size(content: Content) -> int:
    """Estimate the size; the prompt is there once as text and three times as JSON."""
    rest = msgspec.json.encode((content.examples, content.layers, content.defaults, content.headers))
    return 4 * len(content.prompt.encode()) + PYTHON * len(rest)


def _routes(settings: Config, upstreams: list[str]) -> tuple[Route, ...]:
    """List the version's order, without upstreams that are no longer configured."""
    routes = []
    for text in upstreams:
        try:
            routes.append(config.route(settings, text))
        except config.ConfigError:
            continue
    return tuple(routes) if upstreams else tuple(config.order(settings))
