"""A conversation that leaves its persona is told of once for each time that it does."""

from pathlib import Path
from typing import Any

import msgspec
import pytest
from sqlalchemy import delete

from gateway.conversations import drifting, store
from gateway.conversations import message as messages
from gateway.conversations.conversation import Conversation
from gateway.conversations.lineage import hear
from gateway.conversations.message import Addition, Place, Score
from gateway.conversations.store import onsets
from gateway.conversations.watching import Watching, begun
from gateway.events import store as events
from gateway.storage import tables
from gateway.storage.connection import AsyncConnection
from gateway.storage.database import Database
from gateway.turns.amendment import LateScore
from gateway.turns.store import amendments, turns
from gateway.turns.turn import Drift, Verdict, unscored
from tests.conversations.test_store import drafted
from tests.fakes.store import opened
from tests.fakes.turn import new_turn

IN = Drift(voice=0.05, values=None, rules=None, verdict="in-character")
OUT = Drift(voice=0.95, values=None, rules=None, verdict="out-of-character")
NONE = unscored("later")


def path(*verdicts: Drift) -> drifting.PathDrift:
    return drifting.follow([(f"msg_{at}", Score(drift)) for at, drift in enumerate(verdicts)])


@pytest.mark.parametrize(
    ("verdicts", "since", "known", "found"),
    [
        ((IN, IN), 0, set(), []),
        ((IN, OUT), 1, set(), [1]),
        ((IN, OUT), 1, {"msg_1"}, []),
        ((IN, OUT, OUT), 2, {"msg_1"}, []),
        # The sum is still over the threshold.
        ((OUT, OUT, OUT, IN, OUT), 4, {"msg_0"}, []),
        # It was back in between.
        ((OUT, IN, OUT), 2, {"msg_0"}, [2]),
        ((OUT, *[IN] * 6, OUT), 7, {"msg_0"}, [7]),
        ((OUT, NONE, OUT), 2, {"msg_0"}, []),
        # A late score makes a time away begin earlier, of which somebody was told.
        ((OUT, OUT), 0, {"msg_1"}, []),
        # The first answer was acquitted, and the second one stays what it was.
        ((IN, OUT), 0, {"msg_0"}, [1]),
    ],
)
def test_each_time_away_is_found_once(
    verdicts: tuple[Drift, ...], since: int, known: set[str], found: list[int]
) -> None:
    assert begun(path(*verdicts), since, known) == found


class Talk:
    """A conversation that goes on along one path."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.made: Conversation | None = None
        self.leaf: Place | None = None
        self.draft: Conversation | None = None
        self.watching = Watching(database)

    async def begin(self) -> None:
        async with self.database.write() as connection:
            self.draft = await drafted(self.database, connection)
            self.made = await store.create(connection, self.draft)

    async def answer(self, turn_id: str, drift: Drift) -> None:
        assert self.made is not None
        place = self.leaf or messages.root(self.made)
        turn = new_turn(
            id=turn_id,
            workspace_id=self.made.workspace_id,
            conversation_id=self.made.id,
            persona_id=self.made.persona_id,
            version=1,
            drift=drift,
        )
        raw = msgspec.Raw(b'{"role":"assistant","content":"Good evening."}')
        (heard,) = hear([raw], self.made.origin, place.hash)
        said = messages.answer(place, turn, heard)
        async with self.database.write() as connection:
            await turns.insert(connection, [turn])
            await store.add(connection, [Addition(self.made, (said,))])
        self.leaf = said.place

    async def told(self) -> list[dict[str, Any]]:
        while await self.watching.look():
            pass
        async with self.database.read() as connection:
            return [
                dict(event.data)
                for event in await events.since(connection, 0, 100)
                if event.type == "conversation.drift_detected"
            ]

    async def amend(self, turn_id: str, drift: Drift) -> None:
        async with self.database.write() as connection:
            await amendments.amend(connection, [(turn_id, LateScore(drift, None, None))])


async def test_it_is_told_with_the_answer_and_a_late_score_is_told_too(place: Path | str) -> None:
    async with opened(place) as database:
        talk = Talk(database)
        await talk.begin()
        assert await talk.told() == []
        await talk.answer("msg_1", IN)
        await talk.answer("msg_2", OUT)
        await talk.answer("msg_3", OUT)
        (told,) = await talk.told()
        verdict: Verdict = "out-of-character"
        assert talk.made is not None
        assert told["conversation_id"] == talk.made.id
        assert (told["turn_id"], told["verdict"], told["version"]) == ("msg_2", verdict, 1)
        for number in range(4, 12):
            await talk.answer(f"msg_{number}", IN)
        await talk.answer("msg_12", NONE)
        assert len(await talk.told()) == 1
        await talk.amend("msg_12", OUT)
        await talk.answer("msg_13", OUT)
        assert [each["turn_id"] for each in await talk.told()] == ["msg_2", "msg_12"]
        assert len(await talk.told()) == 2


async def test_an_older_store_that_was_put_back_is_looked_at_from_its_own_place(place: Path | str) -> None:
    async with opened(place) as database:
        talk = Talk(database)
        await talk.begin()
        assert await talk.told() == []
        await talk.answer("msg_1", OUT)
        assert len(await talk.told()) == 1
        async with database.write() as connection:
            await connection.execute(delete(tables.onsets))
            await onsets.keep_place(connection, onsets.Place(0, 0))
        assert [each["turn_id"] for each in await talk.told()] == ["msg_1", "msg_1"]


async def test_what_is_deleted_leaves_no_trace_of_it(place: Path | str) -> None:
    from sqlalchemy import func, select

    from gateway.storage import erasure

    async def count(connection: AsyncConnection) -> int:
        return (await connection.execute(select(func.count()).select_from(tables.onsets))).scalar() or 0

    async with opened(place) as database:
        talk = Talk(database)
        await talk.begin()
        await talk.told()
        await talk.answer("msg_1", OUT)
        assert len(await talk.told()) == 1
        # Whoever looks anew may begin before what was looked at last, and tells nobody twice.
        async with database.write() as connection:
            await onsets.keep_place(connection, onsets.Place(0, 0))
        talk.watching = Watching(database)
        assert len(await talk.told()) == 1
        async with database.write() as connection:
            assert await count(connection) == 1
            which = tables.conversations.c.leaf.is_not(None)
            await erasure.conversations(connection, which)
            assert await count(connection) == 0
        # The place that was looked at last is gone, and nothing has come since.
        assert not await talk.watching.look()
