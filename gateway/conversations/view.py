"""The native API takes and shows conversations like this."""

from typing import Annotated, TypeVar

import msgspec
from msgspec import UNSET, UnsetType

from gateway import clock
from gateway.conversations.conversation import Conversation

Given = TypeVar("Given")
VersionNumber = str | int
Title = Annotated[str, msgspec.Meta(max_length=200)]
Metadata = Annotated[
    dict[
        Annotated[str, msgspec.Meta(min_length=1, max_length=64)],
        Annotated[str, msgspec.Meta(max_length=512)],
    ],
    msgspec.Meta(max_length=16),
]


class ConversationBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """`persona` or `persona_id` is needed; without `follow` the version of now stays."""

    id: str | None = None
    persona: str | None = None
    persona_id: str | None = None
    follow: str | None = None
    title: Title = ""
    metadata: Metadata = {}


class ConversationPatch(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Fields that are left out stay; `version` or `follow` moves the pin."""

    title: Title | UnsetType = UNSET
    metadata: Metadata | UnsetType = UNSET
    version: VersionNumber | UnsetType = UNSET
    follow: str | UnsetType = UNSET


class ConversationView(msgspec.Struct, frozen=True, kw_only=True):
    """A conversation: whom it is with, which version answers, and how long it is."""

    id: str
    persona: str
    version: int | None
    follow: str | None
    title: str
    metadata: dict[str, str]
    key: str
    leaf: str | None
    messages: int
    turns: int
    created_at: str
    updated_at: str


def given(value: Given | UnsetType) -> Given | None:
    """Return the value of a field; `None` where it is left out."""
    return None if value is UNSET else value


def show(found: Conversation) -> ConversationView:
    return ConversationView(
        id=found.id,
        persona=found.persona_id,
        version=found.version,
        follow=found.follow,
        title=found.title,
        metadata=found.metadata,
        key=found.key_id,
        leaf=found.leaf,
        messages=found.messages,
        turns=found.turns,
        created_at=clock.iso(found.created_at),
        updated_at=clock.iso(found.updated_at),
    )
