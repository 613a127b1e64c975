"""Turns of a version or an upstream are looked for in those hours alone in which there were any."""

from pathlib import Path

from gateway.turns.store import turns
from gateway.turns.store.hours import HOUR_MS
from gateway.turns.store.turns import Filter
from tests.fakes.store import opened
from tests.fakes.turn import new_turn

BEGAN = 1_800_000_000_000
RARE = (40, 43)
"""The hours in which another version answers, from another upstream."""
ASKED = (
    Filter(upstream="rare/m"),
    Filter(persona_id="psn_1", version=2),
    Filter(upstream="rare/m", since=BEGAN + 41 * HOUR_MS),
    Filter(version=2, until=BEGAN + 42 * HOUR_MS),
    Filter(upstream="main/m", since=BEGAN + 98 * HOUR_MS),
    Filter(since=BEGAN + 97 * HOUR_MS),
)


async def test_what_few_turns_have_is_found_between_the_places_of_its_hours(place: Path | str) -> None:
    made = [
        new_turn(
            id=f"msg_{hour:03}",
            persona_id="psn_1",
            version=2 if hour in RARE else 1,
            upstream="rare/m" if hour in RARE else "main/m",
            created_at=BEGAN + hour * HOUR_MS,
        )
        for hour in range(100)
    ]
    async with opened(place) as database:
        async with database.write() as connection:
            await turns.insert(connection, made)
        async with database.read() as connection:
            for asked in ASKED:
                everywhere = await turns.listed(connection, "ws_1", asked, limit=200)
                assert everywhere, asked
                known = await turns.placed(connection, "ws_1", asked)
                assert known is not None
                assert await turns.listed(connection, "ws_1", known, limit=200) == everywhere
            rare = await turns.placed(connection, "ws_1", ASKED[0])
            assert rare is not None
            assert rare.within is not None
            assert rare.within.below - rare.within.above < len(made) / 4
            for missing in (Filter(upstream="none/m"), Filter(persona_id="psn_1", version=3)):
                assert await turns.placed(connection, "ws_1", missing) is None
