"""What others may not know of takes no place among what is near."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gateway.auth.guard import Caller
from gateway.embedding.embedder import Embedder
from gateway.embedding.order import DIMENSIONS, Order, Vectors
from gateway.personas import finding
from gateway.personas.filling import packed
from gateway.personas.finding import find_near
from gateway.personas.model import Content, Draft, Profile
from gateway.personas.nearness import Nearness
from gateway.personas.store import personas, search, vectors
from gateway.personas.store.vectors import Unread
from gateway.storage.audit import Actor
from gateway.storage.database import Database
from gateway.turnstile import Turnstile
from tests.fakes.store import opened, workspaces


class Asked(Embedder):
    """Every question is at the angle 0."""

    def __init__(self) -> None:
        super().__init__("")

    async def embed(self, order: Order) -> Vectors:
        return Vectors(vector(0), 1)


def vector(angle: float) -> bytes:
    found = np.zeros((1, DIMENSIONS), dtype="<f4")
    found[0, :2] = np.cos(angle), np.sin(angle)
    return found.tobytes()


async def add(
    database: Database, workspace_id: str, owner: str, slug: str, angle: float, **more: Any
) -> None:
    async with database.write() as connection:
        draft = Draft(Profile(slug=slug, name=slug, **more), Content(prompt="You sell tea."))
        made = await personas.create(connection, draft, Actor(workspace_id, owner, owner))
        read = Unread(made.version.id, made.persona.id, workspace_id, "")
        await vectors.keep(connection, [(read, packed(vector(angle))[0])])


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [({}, ["shared-0", "shared-1"]), ({"tag": "tea"}, ["shared-1"]), ({"visibility": "private"}, [])],
)
async def test_personas_of_others_and_of_other_kinds_take_no_place(
    place: Path | str, monkeypatch: pytest.MonkeyPatch, wanted: dict[str, Any], expected: list[str]
) -> None:
    monkeypatch.setattr(finding, "NEAREST", 4)
    async with opened(place) as database:
        mine, _ = await workspaces(database)
        for number in range(6):
            await add(database, mine.id, "key_2", f"hidden-{number}", 0.01 * number, visibility="private")
        for number in range(2):
            tags = ["tea"] if number else []
            slug = f"shared-{number}"
            await add(database, mine.id, "key_2", slug, 1 + number / 9, visibility="workspace", tags=tags)
        found = await find_near(
            database,
            Turnstile(),
            Nearness(Asked()),
            Caller("key_1", mine.id, "key_1", frozenset(), operator=False),
            search.Search(words="unwritten", **wanted),
            limit=2,
        )
        assert [each.profile.slug for each in found] == expected
