"""Responses are kept in the database, beside the messages of their conversations."""

from gateway.responses.store.kept import (
    Response,
    conversation_of,
    drafted,
    erase,
    find,
    holding,
    keep,
    rewrite,
    take_out,
)

__all__ = [
    "Response",
    "conversation_of",
    "drafted",
    "erase",
    "find",
    "holding",
    "keep",
    "rewrite",
    "take_out",
]
