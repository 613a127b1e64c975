"""The projects API shows and takes personas like this."""

from typing import Any

import msgspec
from msgspec import UNSET, UnsetType

from gateway import clock
from gateway.images.store import Image
from gateway.personas.model import Persona, Version
from gateway.projects.identity import uuid_of
from gateway.projects.sketch import Sketch


class ProjectPersona(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A persona of a project."""

    id: str
    name: str
    description: str
    system_prompt: str
    image_url: str | UnsetType = UNSET
    """It is there once the persona has an image."""
    created_at: str
    updated_at: str


class ProjectPersonaPatch(
    msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True
):
    """A change; a field that is left out stays, and null empties it. What is only shown is passed over."""

    name: str | UnsetType | None = UNSET
    description: str | UnsetType | None = UNSET
    system_prompt: str | UnsetType | None = UNSET
    image_url: str | UnsetType | None = UNSET
    headers: dict[str, str] | UnsetType | None = UNSET
    id: Any = UNSET
    created_at: Any = UNSET
    updated_at: Any = UNSET


class ProjectPersonaBody(ProjectPersonaPatch, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A new persona, of which only the name is needed."""


def show(persona: Persona, newest: Version, sketch: Sketch) -> ProjectPersona:
    return ProjectPersona(
        id=uuid_of(persona.id),
        name=persona.profile.name,
        description=sketch.description,
        system_prompt=newest.content.prompt,
        image_url=sketch.image_id or UNSET,
        created_at=clock.iso(persona.created_at),
        updated_at=clock.iso(persona.updated_at),
    )


class StyleImage(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A picture whose style the portraits of a project have."""

    id: str
    name: str
    size: int
    """Bytes."""
    created_at: str


class StyleImageBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A new style image, in base64."""

    image: str
    name: str = ""


def show_style(image: Image) -> StyleImage:
    return StyleImage(id=image.id, name=image.name, size=image.size, created_at=clock.iso(image.created_at))
