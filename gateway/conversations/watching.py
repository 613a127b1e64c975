"""Conversations are watched: whenever one leaves its persona, that is told once."""

from functools import partial

import msgspec

from gateway.conversations import drifting, store
from gateway.conversations.drifting import PathDrift
from gateway.conversations.message import Score
from gateway.conversations.store import onsets
from gateway.conversations.store.onsets import News
from gateway.drift import onset
from gateway.storage.connection import AsyncConnection
from gateway.storage.database import Database
from gateway.work.work import Source

MOST_ANSWERS = 1000
"""The last answers of a path that are looked at, as many as the API tells."""

_score = msgspec.json.Decoder(Score)


def source(database: Database) -> Source:
    """Have it looked whenever answers are kept or amended."""
    return Source(look=partial(watch, database), signs=onsets.SIGNS)


async def watch(database: Database) -> bool:
    """Look at the answers that were kept or amended since the last look; tells whether there may be more."""
    async with database.read() as connection:
        behind, newest = await onsets.places(connection)
    if behind is not None and not behind.is_behind(newest):
        return False
    async with database.write() as connection:
        behind, newest = await onsets.places(connection)
        if behind is None:
            await onsets.keep_place(connection, newest)
            return False
        news, at = await onsets.news(connection, behind)
        for one in news:
            if one.is_amended or _is_suspicious(one.score):
                await _look(connection, one)
        await onsets.keep_place(connection, at)
    return at.is_behind(newest)


def _is_suspicious(score: str | None) -> bool:
    """Tell whether an answer can be the one with which a conversation leaves its persona."""
    if score is None:
        return False
    found = _score.decode(score)
    return found.drift.verdict == "out-of-character" or (drifting.level(found) or 0.0) > onset.SLACK


async def _look(connection: AsyncConnection, news: News) -> None:
    conversation = news.conversation
    told: list[tuple[str, Score]] = []
    if news.is_amended and conversation.leaf is not None:
        # The answers behind it may count otherwise, too.
        told = await store.answers(connection, conversation, conversation.leaf, MOST_ANSWERS)
    if news.turn_id not in [turn_id for turn_id, _ in told]:
        told = await store.answers(connection, conversation, news.turn_id, MOST_ANSWERS)
    ids = [turn_id for turn_id, _ in told]
    if news.turn_id not in ids:
        return
    path = drifting.follow(told)
    known = await onsets.known(connection, conversation, ids)
    for at in begun(path, ids.index(news.turn_id), known):
        await onsets.tell(connection, news, path.data[at])


def begun(path: PathDrift, since: int, known: set[str]) -> list[int]:
    """Find the answers, from this one on, with which the path leaves its persona and that nobody was told of.

    It is away as long as its answers are out of character, or the sum is over the threshold; an answer
    without a score changes nothing. Whatever of such a time was told of, the rest of it is not told again.
    """
    found: list[int] = []
    first: int | None = None
    away: list[tuple[int, int]] = []
    for at, point in enumerate(path.data):
        if point.verdict == "unscored":
            continue
        is_away = point.verdict == "out-of-character" or point.cusum >= onset.THRESHOLD
        if is_away and first is None:
            first = at
        elif not is_away and first is not None:
            away.append((first, at))
            first = None
    if first is not None:
        away.append((first, len(path.data)))
    for begin, end in away:
        turns = {point.turn for point in path.data[begin:end]}
        if end > since and not turns & known:
            found.append(begin)
    return found
