"""A chore is what a chat UI asks for itself, such as a title for its list: it is no turn of a dialogue."""

import re
from collections.abc import Sequence

import msgspec

from gateway.scoring import transcript
from gateway.scoring.transcript import IGNORED

CHORES: tuple[tuple[str, tuple[str, ...]], ...] = (
    # Open WebUI asks so for titles, tags, follow-ups, searches and completions. Its questions about documents
    # begin in the same way, but quote no history.
    ("### Task:", ("<chat_history>", "</chat_history>")),
    # LibreChat asks so for titles.
    ("Provide a concise, 5-word-or-less title for the conversation", ()),
)
"""Matches the beginning of a chore, and what else stands in one."""
HEAD = 256
"""Bytes of a message, as it is written, within which a chore shows its beginning."""

_beginning = re.compile("|".join(re.escape(beginning) for beginning, _ in CHORES).encode())


def is_chore(roles: Sequence[str], messages: Sequence[msgspec.Raw]) -> bool:
    """Tell whether these messages are a chore: the history is quoted in the one message of the user."""
    if not messages or not IGNORED.issuperset(roles[:-1]):
        return False
    written = memoryview(messages[-1])
    if len(written) > transcript.LONGEST:
        return False
    if _beginning.search(written[:HEAD]) is None:
        return False
    text = transcript.read(messages[-1:], 0).user.lstrip()
    return any(
        text.startswith(beginning) and all(mark in text for mark in marks) for beginning, marks in CHORES
    )
