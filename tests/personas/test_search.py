"""Personas are found by words, whether few have them or many."""

from pathlib import Path

import pytest

from gateway.personas.model import Content, Draft, Profile
from gateway.personas.store import personas, search
from gateway.personas.store.search import Search
from gateway.storage import matching
from gateway.storage.audit import Actor
from tests.fakes.store import opened, workspaces

SLUGS = ("ada", "bea", "cleo")


@pytest.mark.parametrize("few", [1, 3])
async def test_what_many_have_is_found_as_what_few_have(
    place: Path | str, monkeypatch: pytest.MonkeyPatch, few: int
) -> None:
    monkeypatch.setattr(matching, "FEW", few)
    async with opened(place) as database:
        mine, theirs = await workspaces(database)
        async with database.write() as connection:
            for workspace in (mine, theirs):
                for slug in SLUGS:
                    profile = Profile(slug=slug, name=slug.title(), visibility="public")
                    draft = Draft(profile, Content(prompt=f"You are {slug}, and know the river."))
                    await personas.push(connection, draft, Actor(workspace.id))
        async with database.read() as connection:
            by_word = {
                word: [
                    persona.profile.slug
                    for persona in await search.find(connection, mine.id, "key_1", Search(words=word))
                ]
                for word in ("river", "ada", "brook")
            }
            assert by_word == {"river": list(reversed(SLUGS)), "ada": ["ada"], "brook": []}
            public = await search.public(connection, Search(words="river"))
            assert sorted(each.name for each in public) == sorted(2 * [slug.title() for slug in SLUGS])
