"""The native API shows personas and versions like this."""

from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import UNSET, UnsetType, field

from gateway import clock
from gateway.personas.model import (
    SCHEMA_VERSION,
    Content,
    Overlay,
    Persona,
    Status,
    Version,
    Visibility,
)

if TYPE_CHECKING:
    # A command that works on a gateway somewhere else needs these shapes, and no database.
    from gateway.personas.store.search import Public
    from gateway.storage.audit import Entry
Layer = dict[str, Any]


class ForkedFrom(msgspec.Struct, frozen=True):
    persona: str
    version: int | None


class RunBrief(msgspec.Struct, frozen=True):
    """The run that has made a persona, and what it took."""

    id: str
    cost_usd: float | None
    tokens: int
    latency_ms: float
    demonstration: bool = False
    """Tells that the bundled model wrote of it, which does not think."""
    patch: list[dict[str, Any]] | None = None
    """A JSON patch from the version that was refined."""


class PersonaView(msgspec.Struct, frozen=True, kw_only=True):
    """A persona with its newest version."""

    id: str
    slug: str
    name: str
    status: Status
    language: str
    visibility: Visibility
    tags: list[str]
    schema_version: str
    version: int
    labels: dict[str, int]
    fingerprint: str
    prompt: str
    layers: dict[str, Any]
    soul: Layer | None
    self_: Layer | None = field(name="self")
    mask: Layer | None
    surface: Layer | None
    examples: list[str]
    overlay: Overlay
    allow: list[str]
    refusal: str
    rules: list[dict[str, Any]]
    facts: list[dict[str, Any]]
    variables: dict[str, dict[str, Any]]
    upstreams: list[str]
    defaults: dict[str, Any]
    headers: dict[str, str]
    forked_from: ForkedFrom | None
    created_at: str
    updated_at: str
    run: RunBrief | UnsetType = UNSET


class VersionView(msgspec.Struct, frozen=True, kw_only=True):
    """One immutable version."""

    id: str
    persona: str
    version: int
    labels: list[str]
    fingerprint: str
    language: str
    prompt: str
    layers: dict[str, Any]
    examples: list[str]
    overlay: Overlay
    allow: list[str]
    refusal: str
    rules: list[dict[str, Any]]
    facts: list[dict[str, Any]]
    variables: dict[str, dict[str, Any]]
    upstreams: list[str]
    defaults: dict[str, Any]
    headers: dict[str, str]
    created_at: str


class LabelMove(msgspec.Struct, frozen=True):
    label: str
    version: int | None
    previous: int | None
    by: str | None
    """The key's id; null where the label was moved at a terminal."""
    at: str


class Diff(msgspec.Struct, frozen=True):
    """The difference from version `a` to version `b`."""

    a: int
    b: int
    patch: list[dict[str, Any]]
    """A JSON patch (RFC 6902)."""
    text: str
    """A unified diff of the two persona files."""


def show(persona: Persona, newest: Version, *, foreign: bool = False) -> PersonaView:
    """Show a persona. A `foreign` workspace sees neither headers nor upstreams, which are its maker's."""
    layers = newest.content.layers
    origin = ForkedFrom(persona.forked_from, persona.forked_version) if persona.forked_from else None
    return PersonaView(
        id=persona.id,
        slug=persona.profile.slug,
        name=persona.profile.name,
        status=persona.status,
        visibility=persona.profile.visibility,
        tags=persona.profile.tags,
        schema_version=SCHEMA_VERSION,
        version=newest.number,
        labels=persona.labels,
        fingerprint=newest.fingerprint,
        soul=layers.get("soul"),
        self_=layers.get("self"),
        mask=layers.get("mask"),
        surface=layers.get("surface"),
        forked_from=origin,
        created_at=clock.iso(persona.created_at),
        updated_at=clock.iso(persona.updated_at),
        **_shown(newest.content, foreign=foreign),
    )


class PublicPersona(msgspec.Struct, frozen=True):
    """A persona that some workspace has made public; its id names it everywhere, as `persona/psn_…`."""

    id: str
    name: str
    language: str
    tags: list[str]


def show_public(found: "Public") -> PublicPersona:
    return PublicPersona(found.id, found.name, found.language, found.tags)


def show_version(persona: Persona, version: Version, *, foreign: bool = False) -> VersionView:
    return VersionView(
        id=version.id,
        persona=persona.id,
        version=version.number,
        labels=[label for label, number in persona.labels.items() if number == version.number],
        fingerprint=version.fingerprint,
        created_at=clock.iso(version.created_at),
        **_shown(version.content, foreign=foreign),
    )


def _shown(content: Content, *, foreign: bool) -> dict[str, Any]:
    """Give the fields that a view has of the content."""
    hidden: dict[str, Any] = {"upstreams": [], "headers": {}} if foreign else {}
    return msgspec.structs.asdict(content) | hidden


def comparable(persona: Persona, version: Version, *, foreign: bool = False) -> dict[str, Any]:
    """Show of a version what it may have in common with another."""
    plain: dict[str, Any] = msgspec.to_builtins(show_version(persona, version, foreign=foreign))
    return {
        name: value for name, value in plain.items() if name not in ("id", "version", "labels", "created_at")
    }


def show_move(entry: "Entry") -> LabelMove:
    details = entry.details
    return LabelMove(
        details["label"], details["version"], details["previous"], entry.key_id, clock.iso(entry.at)
    )
