"""Conversations are watched: whenever one leaves its persona, that is told once."""

import time

import msgspec

from gateway.conversations import drifting, store
from gateway.conversations.drifting import PathDrift
from gateway.conversations.message import Score
from gateway.conversations.store import onsets
from gateway.conversations.store.onsets import News
from gateway.drift import onset
from gateway.storage.connection import AsyncConnection
from gateway.storage.database import Database
from gateway.work.following import Following
from gateway.work.work import Source

MOST_ANSWERS = 1000
"""The last answers of a path that are looked at, as many as the API tells."""
PAUSE_SECONDS = 0.5
"""Seconds between two looks; where scores come late, an answer in any conversation may be amended."""
KEEP_SECONDS = 60.0
"""Seconds after which the place is kept even if there was nothing to tell."""

_score = msgspec.json.Decoder(Score)


class Watching:
    """Looks in a work process; its place is in the store, so that the next one goes on there."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._following = Following(database, onsets.places, onsets.keep_place)
        """Its place is kept seldom, as nobody is told twice."""
        self._keep_at = 0.0

    def source(self) -> Source:
        """Have it looked whenever answers are kept or amended."""
        return Source(look=self.look, signs=onsets.SIGNS, pause=PAUSE_SECONDS)

    async def look(self) -> bool:
        """Look at the answers that were kept or amended since; tells whether there may be more."""
        place = await self._following.begin()
        async with self._database.read() as connection:
            found = await onsets.news(connection, place)
        news = [one for one in found.news if one.is_amended or _is_suspicious(one.score)]
        now = time.monotonic()
        if news or (found.at != self._following.kept and now >= self._keep_at):
            self._keep_at = now + KEEP_SECONDS
            async with self._database.write() as connection:
                for one in news:
                    await _look(connection, one)
                await onsets.keep_place(connection, found.at)
            self._following.kept = found.at
        self._following.at = found.at
        return found.has_more


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
