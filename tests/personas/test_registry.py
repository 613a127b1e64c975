"""The registry: which version a name means for whom, from memory, until the store changes."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from sqlalchemy import event, update

from gateway.cache import Cache
from gateway.config import Chat, Config, Route, Upstream
from gateway.errors import Fault, Refusal
from gateway.personas import registry as registries
from gateway.personas.model import Content, Draft, Persona, Profile
from gateway.personas.registry import Registry
from gateway.personas.resolved import Resolved
from gateway.personas.store import labels
from gateway.personas.store import personas as stored
from gateway.storage import tables
from gateway.storage.audit import Actor
from gateway.storage.changes import Change
from gateway.storage.database import Database
from gateway.storage.failure import StoreUnavailable
from tests.fakes.store import opened, workspaces

CONFIG = Config(
    upstreams={"main": Upstream(base_url="http://upstream.test", default_model="m")},
    chat=Chat(upstreams=["main/m"]),
)


class Caller(msgspec.Struct, frozen=True):
    workspace_id: str
    owner: str = "key_me"


def actor(caller: Caller) -> Actor:
    return Actor(caller.workspace_id, caller.owner, caller.owner)


def place(caller: Caller) -> tuple[str, str]:
    return caller.workspace_id, caller.owner


class Personas:
    """A registry over a store, and ways to write to that store."""

    def __init__(self, database: Database, mine: str, theirs: str) -> None:
        self.database = database
        self.registry = Registry(database, CONFIG)
        self.me, self.colleague, self.stranger = Caller(mine), Caller(mine, "key_other"), Caller(theirs)
        self.log: list[tuple[str, Any]] = []
        """Statements with their values."""
        self.statements = 0

    async def push(
        self, slug: str = "a", prompt: str = "One", *, by: Caller | None = None, **more: Any
    ) -> Persona:
        visibility = more.pop("visibility", "workspace")
        draft = Draft(Profile(slug=slug, name="A", visibility=visibility), Content(prompt=prompt, **more))
        caller = by or self.me
        async with self.database.write() as connection:
            persona = (await stored.push(connection, draft, actor(caller))).persona
        self.registry.forget([Change("persona", persona.id)])
        return persona

    async def label(self, persona: Persona, name: str, number: int) -> None:
        async with self.database.write() as connection:
            await labels.move(connection, persona, name, number, actor(self.me))
        self.registry.forget([Change("persona", persona.id)])

    async def set(self, persona: Persona, **values: object) -> None:
        async with self.database.write() as connection:
            of_it = tables.personas.c.id == persona.id
            await connection.execute(update(tables.personas).where(of_it).values(values))
        self.registry.forget([Change("persona", persona.id)])

    async def resolve(self, name: str, caller: Caller | None = None) -> Resolved:
        return await self.registry.resolve(caller or self.me, f"persona/{name}")

    async def is_unknown(self, name: str, caller: Caller | None = None) -> bool:
        try:
            await self.resolve(name, caller)
        except Refusal as refusal:
            return (refusal.fault, refusal.param) == (Fault.PERSONA_UNKNOWN, "model")
        return False


@pytest.fixture
async def personas(tmp_path: Path) -> AsyncIterator[Personas]:
    async with opened(tmp_path) as database:
        mine, theirs = await workspaces(database)
        found = Personas(database, mine.id, theirs.id)

        @event.listens_for(database.backend.readers.sync_engine, "before_cursor_execute")
        def count(_connection: object, _cursor: object, sql: str, values: Any, *_: object) -> None:
            if sql != "BEGIN":
                found.log.append((sql, values))
            found.statements += 1

        yield found


async def test_a_slug_means_the_newest_version(personas: Personas) -> None:
    await personas.push(prompt="One")
    await personas.push(prompt="Two")
    found = await personas.resolve("a")
    assert (found.slug, found.version, found.label, found.model_json) == ("a", 2, "a@v2", b'"persona/a@v2"')
    assert found.prompt.json == b'"Two"'


async def test_a_slug_means_production_where_there_is_one(personas: Personas) -> None:
    persona = await personas.push(prompt="One")
    await personas.push(prompt="Two")
    persona = await personas.push(prompt="Three")
    await personas.label(persona, "production", 1)
    assert (await personas.resolve("a")).version == 1
    assert (await personas.resolve("a@production")).version == 1
    assert (await personas.resolve("a@latest")).version == 3
    assert (await personas.resolve("a@v2")).version == 2


async def test_a_label_means_what_it_was_moved_to(personas: Personas) -> None:
    await personas.push(prompt="One")
    persona = await personas.push(prompt="Two")
    assert await personas.is_unknown("a@beta")
    await personas.label(persona, "beta", 1)
    assert (await personas.resolve("a@beta")).version == 1
    await personas.label(persona, "beta", 2)
    assert (await personas.resolve("a@beta")).version == 2


async def test_an_id_means_the_same_as_the_slug(personas: Personas) -> None:
    persona = await personas.push()
    for suffix in ("", "@v1", "@latest"):
        assert await personas.resolve(f"{persona.id}{suffix}") is await personas.resolve(f"a{suffix}")


@pytest.mark.parametrize(
    "name", ["b", "a@v2", "a@v999999999", "a@beta", "psn_0", "A", "a@", "", "a" * 100_000]
)
async def test_what_does_not_exist_is_unknown(personas: Personas, name: str) -> None:
    await personas.push()
    assert await personas.is_unknown(name)
    assert await personas.is_unknown(name)


async def test_another_kind_of_name_is_unknown(personas: Personas) -> None:
    with pytest.raises(Refusal):
        await personas.registry.resolve(personas.me, "gpt-4o")


async def test_the_refusal_shows_no_endless_name(personas: Personas) -> None:
    with pytest.raises(Refusal) as caught:
        await personas.resolve("x" * 10_000)
    assert len(caught.value.message) < 400


async def test_an_endless_name_is_not_remembered(personas: Personas) -> None:
    assert await personas.is_unknown("x" * 10_000)
    assert len(personas.registry._missing) == 0


async def test_an_archived_persona_is_unknown(personas: Personas) -> None:
    persona = await personas.push()
    assert not await personas.is_unknown("a")
    await personas.set(persona, status="archived")
    assert await personas.is_unknown("a")
    assert await personas.is_unknown(persona.id)


async def test_a_private_persona_is_its_owner_s_alone(personas: Personas) -> None:
    persona = await personas.push(visibility="private")
    for name in ("a", persona.id, "a@v1"):
        assert (await personas.resolve(name)).slug == "a"
        assert await personas.is_unknown(name, personas.colleague)
        assert await personas.is_unknown(name, personas.stranger)
        assert (await personas.resolve(name)).slug == "a"


async def test_a_workspace_s_persona_is_all_its_callers(personas: Personas) -> None:
    persona = await personas.push()
    for name in ("a", persona.id):
        assert await personas.resolve(name, personas.colleague) is await personas.resolve(name)
        assert await personas.is_unknown(name, personas.stranger)


async def test_a_public_persona_of_others_is_known_by_its_id_only(personas: Personas) -> None:
    persona = await personas.push(visibility="public")
    assert (await personas.resolve(persona.id, personas.stranger)).slug == "a"
    assert (await personas.resolve(f"{persona.id}@v1", personas.stranger)).version == 1
    assert await personas.is_unknown("a", personas.stranger)


async def test_a_slug_means_the_caller_s_own_persona(personas: Personas) -> None:
    mine = await personas.push(prompt="Mine", visibility="public")
    theirs = await personas.push(prompt="Theirs", by=personas.stranger)
    assert (await personas.resolve("a")).persona_id == mine.id
    assert (await personas.resolve("a", personas.stranger)).persona_id == theirs.id


async def test_what_others_do_not_see_is_told_as_what_is_not_there(personas: Personas) -> None:
    await personas.push(visibility="private")
    told = []
    for caller, name in [(personas.colleague, "a"), (personas.stranger, "a"), (personas.me, "b")]:
        with pytest.raises(Refusal) as caught:
            await personas.resolve(name, caller)
        told.append(caught.value.message.replace("persona/b", "persona/a"))
    assert len(set(told)) == 1


async def test_what_is_hidden_takes_the_statements_of_what_is_missing(personas: Personas) -> None:
    theirs = await personas.push("theirs", by=personas.stranger)
    private = await personas.push("private", visibility="private")
    archived = await personas.push("archived", by=personas.stranger, visibility="public")
    await personas.set(archived, status="archived")
    missing = "psn_" + "0" * len(theirs.id.removeprefix("psn_"))
    asked = [missing, theirs.id, private.id, archived.id, "nobody", "theirs", "private"]
    told = []
    for ref in asked:
        personas.log.clear()
        assert await personas.is_unknown(ref, personas.colleague)
        told.append([(sql, len(values)) for sql, values in personas.log])
    by_id, by_slug = told[:4], told[4:]
    assert by_id == [by_id[0]] * 4
    assert by_slug == [by_slug[0]] * 3
    assert len(by_id[0]) == len(by_slug[0]) == 1


async def test_a_hidden_persona_is_found_by_index_alone(personas: Personas) -> None:
    for ref in ("psn_" + "0" * 20, "nobody"):
        personas.log.clear()
        assert await personas.is_unknown(ref)
        ((sql, values),) = personas.log
        async with personas.database.read() as connection:
            rows = await connection.driver.execute_fetchall(f"EXPLAIN QUERY PLAN {sql}", values)
        (plan,) = [row[3] for row in rows]
        assert plan.startswith("SEARCH personas USING INDEX")


async def test_a_private_persona_is_remembered_for_its_maker_alone(personas: Personas) -> None:
    await personas.push("a", visibility="private")
    assert await personas.is_unknown("a", personas.colleague)
    assert (await personas.resolve("a")).version == 1
    before = personas.statements
    assert await personas.is_unknown("a", personas.colleague)
    assert (await personas.resolve("a")).version == 1
    assert personas.statements == before


async def test_a_change_of_visibility_takes_effect(personas: Personas) -> None:
    persona = await personas.push()
    assert not await personas.is_unknown("a", personas.colleague)
    await personas.set(persona, visibility="private")
    assert await personas.is_unknown("a", personas.colleague)
    await personas.set(persona, visibility="public")
    assert not await personas.is_unknown(persona.id, personas.stranger)


async def test_a_change_of_slug_takes_effect(personas: Personas) -> None:
    persona = await personas.push()
    await personas.resolve("a")
    await personas.set(persona, slug="b")
    assert await personas.is_unknown("a")
    assert (await personas.resolve("b")).model_json == b'"persona/b@v1"'


async def test_what_was_missing_is_found_once_it_is_created(personas: Personas) -> None:
    assert await personas.is_unknown("a")
    await personas.push()
    assert (await personas.resolve("a")).version == 1


async def test_what_is_known_costs_no_statement(personas: Personas) -> None:
    await personas.push()
    await personas.resolve("a")
    assert await personas.is_unknown("b")
    before = personas.statements
    for _ in range(3):
        await personas.resolve("a")
        assert await personas.is_unknown("b")
    assert personas.statements == before


async def test_a_change_elsewhere_keeps_what_is_known(personas: Personas) -> None:
    await personas.push()
    found = await personas.resolve("a")
    await personas.push("b")
    personas.registry.forget([Change("key", "pk_live_x")])
    before = personas.statements
    assert await personas.resolve("a") is found
    assert personas.statements == before


async def test_an_empty_report_forgets_everything(personas: Personas) -> None:
    await personas.push()
    found = await personas.resolve("a")
    personas.registry.forget([])
    assert await personas.resolve("a") is not found


async def test_a_change_while_we_read_is_not_overwritten(
    personas: Personas, monkeypatch: pytest.MonkeyPatch
) -> None:
    persona = await personas.push()
    find = stored.find

    async def slowly(*arguments: Any) -> Persona | None:
        found = await find(*arguments)
        personas.registry.forget([Change("persona", persona.id)])
        return found

    monkeypatch.setattr(stored, "find", slowly)
    await personas.resolve("a")
    assert len(personas.registry._found) == 0
    assert await personas.is_unknown("b")
    assert len(personas.registry._missing) == 0


async def test_only_so_many_names_are_remembered(personas: Personas) -> None:
    personas.registry._missing = Cache(3)
    for number in range(10):
        assert await personas.is_unknown(f"a{number}")
    known = [
        f"a{n}" for n in range(10) if (*place(personas.me), f"persona/a{n}") in personas.registry._missing
    ]
    assert known == ["a7", "a8", "a9"]


async def test_only_so_many_bytes_are_remembered(personas: Personas, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registries, "CAPACITY_BYTES", 1_000_000)
    personas.registry = Registry(personas.database, CONFIG)
    for number in range(10):
        await personas.push(f"a{number}", prompt=f"{number}" * 100_000)
    for number in range(10):
        await personas.resolve(f"a{number}")
    assert len(personas.registry._found) == 2
    assert (await personas.resolve("a0")).version == 1


async def test_a_store_that_cannot_be_read_is_told(
    personas: Personas, monkeypatch: pytest.MonkeyPatch
) -> None:
    await personas.push()
    await personas.resolve("a")

    def fail(*_: object) -> None:
        raise StoreUnavailable("gone")

    monkeypatch.setattr(personas.database, "read", fail)
    assert (await personas.resolve("a")).version == 1
    with pytest.raises(Refusal) as caught:
        await personas.resolve("b")
    assert caught.value.fault is Fault.STORE_UNAVAILABLE


async def test_a_version_s_upstreams_come_before_the_configured_ones(personas: Personas) -> None:
    await personas.push("a", upstreams=["main/x", "gone/y", "main"])
    await personas.push("b")
    assert (await personas.resolve("a")).routes == (Route("main", "x"), Route("main", "m"))
    assert (await personas.resolve("b")).routes == (Route("main", "m"),)


async def test_what_a_version_holds_is_ready_to_send(personas: Personas) -> None:
    persona = await personas.push(
        prompt='Say "hi" {x} ğ',
        overlay="locked",
        defaults={"temperature": 0.5, "stop": ["x"]},
        headers={"x-a": "b"},
    )
    found = await personas.resolve("a")
    assert found.prompt.head == ',"content":"Say \\"hi\\" {x} ğ"}'.encode()
    assert {name: bytes(value) for name, value in found.defaults.items()} == {
        "temperature": b"0.5",
        "stop": b'["x"]',
    }
    assert (found.overlay, found.headers) == ("locked", {"x-a": "b"})
    assert found.identity_json == f'"id":"{persona.id}","slug":"a","version":1'.encode()
