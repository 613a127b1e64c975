"""A conversation is a tree of messages with one persona; each way from its root to a leaf is a path."""

import re

import msgspec

ID = re.compile(r"conv_[A-Za-z0-9]{1,35}", re.ASCII)
MESSAGE_ID = re.compile(r"msg_[A-Za-z0-9]{1,36}", re.ASCII)
MOST_MESSAGES = 100_000
"""Messages that one conversation may hold, on all of its paths together."""
MOST_CONVERSATIONS = 1_000_000
"""Conversations that one workspace may have."""


class Pin(msgspec.Struct, frozen=True):
    """Says which version answers on the native surface: always this one, or whatever a label means."""

    version: int | None = None
    follow: str | None = None
    """`latest` or another label."""

    @property
    def suffix(self) -> str:
        """Return what stands behind the persona's id in a model name."""
        return f"@{self.follow}" if self.follow is not None else f"@v{self.version}"


class Conversation(msgspec.Struct, frozen=True, kw_only=True):
    seq: int
    """The number under which its messages are stored; nobody outside knows it."""
    workspace_id: str
    id: str
    owner: str
    """The owner of the key that made it, which outlives the rotation of that key."""
    key_id: str
    persona_id: str
    """It is empty until a persona answers in a conversation that was begun without one."""
    version: int | None
    follow: str | None
    title: str
    metadata: dict[str, str]
    origin: bytes
    """The hash of its root: who began it, with whom."""
    leaf: str | None
    """The newest message; `None` where there is none."""
    messages: int
    turns: int
    """Answers of the persona that were made here."""
    created_at: int
    updated_at: int

    @property
    def pin(self) -> Pin:
        return Pin(self.version, self.follow)
