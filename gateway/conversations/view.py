"""The native API takes and shows conversations like this."""

from typing import Annotated, Any, TypeVar

import msgspec
from msgspec import UNSET, UnsetType

from gateway import clock
from gateway.conversations.conversation import Conversation
from gateway.conversations.message import Message
from gateway.turns.turn import Drift

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
    persona: str | None
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


class MessageView(msgspec.Struct, frozen=True, kw_only=True):
    """A message in OpenAI's form, where it stands, and, of an answer, how far it strayed."""

    id: str
    parent: str | None
    role: str
    content: str | list[Any] | None
    name: str | UnsetType = UNSET
    tool_calls: list[Any] | UnsetType = UNSET
    tool_call_id: str | UnsetType = UNSET
    refusal: str | UnsetType = UNSET
    turn: int
    version: int | None
    drift: Drift | None
    coherence: float | None
    created_at: str


class _Body(msgspec.Struct):
    """This is shown of a message's body; what is of another type than OpenAI's is not."""

    content: Any = None
    name: Any = UNSET
    tool_calls: Any = UNSET
    tool_call_id: Any = UNSET
    refusal: Any = UNSET


_body = msgspec.json.Decoder(_Body)
TYPES = {"name": str, "tool_calls": list, "tool_call_id": str, "refusal": str}


def show_message(found: Message) -> MessageView:
    body = _Body() if found.body is None else _body.decode(found.body)
    others = {
        name: value if isinstance(value := getattr(body, name), kind) else UNSET
        for name, kind in TYPES.items()
    }
    return MessageView(
        id=found.id,
        parent=found.parent,
        role=found.role,
        content=body.content,
        **others,
        turn=found.turn,
        version=found.version,
        drift=found.score.drift if found.score else None,
        coherence=found.score.coherence if found.score else None,
        created_at=clock.iso(found.created_at),
    )


def given(value: Given | UnsetType) -> Given | None:
    """Return the value of a field; `None` where it is left out."""
    return None if value is UNSET else value


def show(found: Conversation) -> ConversationView:
    return ConversationView(
        id=found.id,
        persona=found.persona_id or None,
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
