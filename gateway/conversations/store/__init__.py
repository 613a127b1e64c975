"""Conversations are kept in the database."""

from gateway.conversations.store.adding import add, take_in
from gateway.conversations.store.messages import Told, answers, back, message, page, told
from gateway.conversations.store.records import (
    Filter,
    change,
    conversations,
    create,
    erase,
    find,
    is_taken,
    require_room,
)

__all__ = [
    "Filter",
    "Told",
    "add",
    "answers",
    "back",
    "change",
    "conversations",
    "create",
    "erase",
    "find",
    "is_taken",
    "message",
    "page",
    "require_room",
    "take_in",
    "told",
]
