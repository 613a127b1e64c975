"""It is noted where conversations have left their persona, with the event that tells of it."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import BigInteger, Row, and_, insert, literal, select

from gateway import clock
from gateway.conversations.conversation import Conversation
from gateway.conversations.drifting import DriftPoint
from gateway.events import store as events
from gateway.events.event import NOBODY
from gateway.storage import properties, tables
from gateway.storage.connection import AsyncConnection
from gateway.storage.database import fields
from gateway.storage.signs import newest

CONVERSATION, MESSAGE, TURN = tables.conversations.c, tables.messages.c, tables.turns.c
AMENDMENT, PERSONA, ONSET = tables.amendments.c, tables.personas.c, tables.onsets.c
MESSAGES, AMENDMENTS = "onsets.messages", "onsets.amendments"
"""The properties that say up to which message and amendment has been looked."""
AT_ONCE = 200
SIGNS = (newest(MESSAGE.seq), newest(AMENDMENT.seq))


_PLACES = select(*map(properties.value, (MESSAGES, AMENDMENTS)), *[sign.scalar_subquery() for sign in SIGNS])


class Place(msgspec.Struct, frozen=True):
    message: int
    amendment: int

    def is_behind(self, other: "Place") -> bool:
        return self.message < other.message or self.amendment < other.amendment


class News(msgspec.Struct, frozen=True):
    """An answer that was kept, or of which more became known."""

    conversation: Conversation
    turn_id: str
    score: str | None
    is_amended: bool
    owner: str | None
    """The owner of the keys that may be told of it; `None` means the whole workspace."""


async def places(connection: AsyncConnection) -> tuple[Place | None, Place]:
    """Return the place that was kept, `None` before the first look, and the one behind all that there is."""
    row = (await connection.execute(_PLACES)).one()
    kept = None if row[0] is None or row[1] is None else Place(int(row[0]), int(row[1]))
    return kept, Place(row[2] or 0, row[3] or 0)


async def keep_place(connection: AsyncConnection, at: Place) -> None:
    await properties.put_all(connection, {MESSAGES: str(at.message), AMENDMENTS: str(at.amendment)})


class Found(NamedTuple):
    news: list[News]
    at: Place
    """The place behind it."""
    has_more: bool


async def news(connection: AsyncConnection, behind: Place) -> Found:
    """List the answers behind a place, and the place behind these; what was imported is no news."""
    of_persona = [PERSONA.visibility.label("of_visibility"), PERSONA.owner.label("of_owner")]
    kept = select(MESSAGE.seq.label("place")).where(MESSAGE.seq > literal(behind.message, BigInteger))
    seqs = list(await connection.scalars(kept.order_by(MESSAGE.seq).limit(AT_ONCE)))
    changed = select(AMENDMENT.seq, AMENDMENT.turn_id)
    changed = changed.where(AMENDMENT.seq > literal(behind.amendment, BigInteger))
    amended = list(await connection.execute(changed.order_by(AMENDMENT.seq).limit(AT_ONCE)))
    query = (
        select(*CONVERSATION, MESSAGE.id.label("turn_id"), MESSAGE.score.label("of_score"), *of_persona)
        .join(tables.conversations, CONVERSATION.seq == MESSAGE.conversation)
        .join(tables.personas, PERSONA.id == CONVERSATION.persona_id)
    )
    is_new = and_(MESSAGE.seq.in_(seqs), MESSAGE.score.is_not(None))
    found: list[tuple[Row[Any], bool]] = []
    if seqs:
        kept = query.where(is_new, MESSAGE.created_at >= CONVERSATION.created_at).order_by(MESSAGE.seq)
        found += [(row, False) for row in await connection.execute(kept)]
    of_turn = query.join(
        tables.turns,
        (TURN.id == MESSAGE.id)
        & (TURN.conversation_id == CONVERSATION.id)
        & (TURN.workspace_id == CONVERSATION.workspace_id),
    )
    turn_ids = {row.turn_id for row in amended}
    if turn_ids:
        found += [(row, True) for row in await connection.execute(of_turn.where(TURN.id.in_(turn_ids)))]
    listed = []
    for row, is_amended in found:
        owner = (row.of_owner or NOBODY) if row.of_visibility == "private" else None
        values = {name: value for name, value in fields(row).items() if name in FIELDS}
        conversation = msgspec.convert(values, Conversation)
        listed.append(News(conversation, row.turn_id, row.of_score, is_amended, owner))
    at = Place(seqs[-1] if seqs else behind.message, amended[-1].seq if amended else behind.amendment)
    return Found(listed, at, AT_ONCE in (len(seqs), len(amended)))


FIELDS = frozenset(Conversation.__struct_fields__)


async def known(connection: AsyncConnection, conversation: Conversation, turns: Sequence[str]) -> set[str]:
    """Tell of which of these answers somebody was told."""
    query = select(ONSET.turn_id).where(ONSET.conversation == conversation.seq)
    return set(await connection.scalars(query)) & set(turns)


async def tell(connection: AsyncConnection, news: News, point: DriftPoint) -> None:
    """Note that the conversation has left its persona with this answer, and tell of it."""
    conversation = news.conversation
    query = select(MESSAGE.version)
    query = query.where(MESSAGE.conversation == conversation.seq, MESSAGE.id == point.turn)
    version = (await connection.execute(query)).scalar()
    values = {"conversation": conversation.seq, "turn_id": point.turn, "at": clock.now_ms()}
    await connection.execute(insert(tables.onsets).values(values))
    await events.record(
        connection,
        "conversation.drift_detected",
        conversation.workspace_id,
        news.owner,
        conversation_id=conversation.id,
        persona_id=conversation.persona_id,
        version=version,
        turn_id=point.turn,
        verdict=point.verdict,
        cusum=point.cusum,
    )
