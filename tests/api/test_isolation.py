"""Every route, with every kind of wrong key: nobody learns what is not his, not even that it exists."""

import time
from statistics import median
from typing import NamedTuple

import pytest

from gateway.auth.scopes import ANY_KEY, SCOPES
from gateway.errors import JOB_PREFIXES
from gateway.projects.identity import uuid_of
from tests.api.conftest import User, expire, made
from tests.api.operations import (
    MESSAGES,
    METHODS,
    MISSING,
    Operation,
    Shape,
    call,
    guarded,
    served,
    shape,
)
from tests.e2e.wire import ask, fetch, line
from tests.fakes.pictures import PICTURE, painted
from tests.fakes.process import Gateway
from tests.fakes.until import until
from tests.fakes.upstream import ScriptedUpstream
from tests.openapi.described import WITHOUT_KEY

PRIVATE, SHARED, ARCHIVED = "The private word.", "The shared word.", "The archived word."
ROUNDS = 120


@pytest.fixture(scope="session")
def operations(on_sqlite: Gateway, tmp_path_factory: pytest.TempPathFactory) -> list[Operation]:
    """Each operation of the document."""
    with pytest.MonkeyPatch.context() as patched:
        patched.chdir(tmp_path_factory.mktemp("elsewhere"))
        scopes = served()
    described = {
        (method.upper(), path)
        for path, item in fetch(on_sqlite, "/openapi.json", key="").json["paths"].items()
        for method in METHODS
        if method in item
    }
    assert described == scopes.keys()
    return [Operation(method, path, scopes[method, path]) for method, path in sorted(described)]


class Tenant(NamedTuple):
    """A workspace with a private, a shared and an archived persona, a turn and another key; each persona has
    a conversation."""

    me: User
    personas: dict[str, str]
    images: dict[str, str]
    conversations: dict[str, str]
    responses: dict[str, str]
    turn: str
    key: str
    run: str
    webhook: str
    delivery: str
    job: str

    def target(self, kind: str) -> dict[str, str]:
        return {
            "persona": self.personas[kind],
            "image": self.images[kind],
            "conversation": self.conversations[kind],
            "response": self.responses[kind],
            "key": self.key,
            "turn": self.turn,
            "workspace": self.me.workspace,
            "run": self.run,
            "webhook": self.webhook,
            "delivery": self.delivery,
            "job": self.job,
        }


@pytest.fixture
def tenant(me: User, upstream: ScriptedUpstream) -> Tenant:
    personas = {
        "private": me.persona("private", PRIVATE)["id"],
        "shared": me.persona("shared", SHARED, visibility="workspace")["id"],
        "archived": me.persona("archived", ARCHIVED, visibility="public")["id"],
    }
    upstream.by_path("/images/generations", painted(PICTURE))
    images = {
        kind: fetch(me.gateway, f"{place}/{uuid_of(persona)}/generate-image", {}, key=me.key).json["imageUrl"]
        for kind, persona in personas.items()
        for place in [f"/api/projects/{me.workspace}/personas"]
    }
    conversations, responses = {}, {}
    for slug in personas:
        me.put(f"/personas/{slug}/labels/beta", {"version": 1})
        conversations[slug] = made(me.post("/chat/conversations", {"persona": slug}))["id"]
        asked = {"model": f"persona/{slug}", "input": "Hi"}
        responses[slug] = me.post("/openai/responses", asked).json["id"]
    me.delete("/personas/archived")
    # Both workers know the persona from its conversation, and hear of this within a second.
    until(lambda: {me.post("/personas/archived/render", MESSAGES).status for _ in range(6)} == {404})
    turn = me.chat("persona/private").json["persona"]["turn"]
    until(lambda: me.get(f"/turns/{turn}").status == 200)
    run = me.post("/personas", {"intent": "A muse."}, prefer="respond-async").json["id"]
    until(lambda: me.get(f"/runs/{run}").json["ended_at"], within=60)
    wanted = {"url": "https://hooks.example.invalid/", "events": ["webhook.test"]}
    hook = made(me.post("/webhooks", wanted))["id"]
    delivery = me.post(f"/webhooks/{hook}/test").json["id"]
    job = me.post("/personas/actions/enhance", {"persona": PRIVATE}).json["id"]
    key = me.colleague("chat:invoke").id
    return Tenant(me, personas, images, conversations, responses, turn, key, run, hook, delivery, job)


def test_every_route_declares_its_scope(operations: list[Operation]) -> None:
    assert len(operations) > 25
    for operation in operations:
        if operation.path in WITHOUT_KEY:
            assert operation.scope is None
        else:
            assert operation.scope in (*SCOPES, ANY_KEY), operation


def test_the_methods_of_a_path_are_told_to_those_with_a_key(me: User) -> None:
    reply = me.colleague("runs:read").ask("OPTIONS", "/personas")
    assert (reply.status, reply.body) == (204, b"")
    assert "POST" in reply.headers["allow"]
    assert me.ask("OPTIONS", "/turns/stream").status == 405
    assert fetch(me.gateway, "/v1/personas", key="", method="OPTIONS").status == 401


def test_without_a_good_key_every_route_answers_alike(
    operations: list[Operation], tenant: Tenant, stranger: User
) -> None:
    me, gateway = tenant.me, tenant.me.gateway
    revoked, expired = me.colleague(), me.colleague()
    me.delete(f"/keys/{revoked.id}")
    expire(expired)
    until(lambda: all(one.get("/personas").status == 401 for one in (revoked, expired) * 3))
    bad = {
        "bad": "pk_live_" + "0" * 40,
        "wrong secret": me.key[:-1] + ("a" if me.key[-1] != "a" else "b"),
        "test for live": me.key.replace("pk_live_", "pk_test_"),
        "revoked": revoked.key,
        "expired": expired.key,
        "none": "",
    }
    told: dict[tuple[str, bool], set[Shape]] = {}
    for operation in guarded(operations):
        openai = operation.path.startswith("/v1/openai")
        for kind, key in bad.items():
            for target in (tenant.target("shared"), MISSING):
                reply = call(User(gateway, key), operation, target)
                assert reply.status == 401, (operation, kind)
                assert reply.headers["www-authenticate"] == "Bearer"
                if operation.path.startswith(JOB_PREFIXES):
                    assert reply.error["code"] == "UNAUTHORIZED"
                    continue
                told.setdefault((kind, openai), set()).add(shape(reply, target))
    assert {len(shapes) for shapes in told.values()} == {1}
    for openai in (False, True):
        assert len({str(told[kind, openai]) for kind in bad if kind != "none"}) == 1


def test_without_its_scope_a_route_answers_alike(operations: list[Operation], tenant: Tenant) -> None:
    scoped = [each for each in guarded(operations) if each.scope != ANY_KEY]
    lacking = {
        scope: tenant.me.colleague(*(each for each in SCOPES if each != scope))
        for scope in {operation.scope for operation in scoped}
    }
    for operation in scoped:
        shapes = set()
        for target in (tenant.target("private"), tenant.target("shared"), MISSING):
            reply = call(lacking[operation.scope], operation, target)
            assert reply.status == 403, operation
            assert f"`{operation.scope}`" in reply.error["message"]
            shapes.add(shape(reply, target))
        assert len(shapes) == 1, shapes


def test_with_another_workspace_s_key_what_exists_answers_as_what_does_not(
    operations: list[Operation], tenant: Tenant, stranger: User, operator: User
) -> None:
    rehearsal = operator.neighbour(mode="test")
    assert rehearsal.key.startswith("pk_test_")
    for outsider in (stranger, rehearsal, operator):
        for operation in guarded(operations):
            if not operation.has_target:
                continue
            missing = shape(call(outsider, operation, MISSING), MISSING)
            assert missing[0] == 404, (operation, missing)
            for kind in tenant.personas:
                target = tenant.target(kind)
                assert shape(call(outsider, operation, target), target) == missing, operation


def test_a_colleague_s_private_persona_answers_as_one_that_does_not_exist(
    operations: list[Operation], tenant: Tenant
) -> None:
    colleague = tenant.me.colleague()
    for operation in guarded(operations):
        if not operation.is_about_a_persona:
            continue
        nobody = MISSING | {"workspace": tenant.me.workspace}
        missing = shape(call(colleague, operation, nobody), nobody)
        target = tenant.target("private")
        assert shape(call(colleague, operation, target), target) == missing, operation
        assert missing[0] == 404
        if "{persona}" in operation.path:
            continue
        by_slug = target | {"persona": "private"}
        assert shape(call(colleague, operation, by_slug), by_slug) == missing


def test_prompts_of_others_appear_nowhere(
    operations: list[Operation], tenant: Tenant, stranger: User, operator: User
) -> None:
    me = tenant.me
    outsiders = {
        stranger: [PRIVATE, SHARED, ARCHIVED],
        operator.neighbour(mode="test"): [PRIVATE, SHARED, ARCHIVED],
        me.colleague(): [PRIVATE],
    }
    ends = ["", "/versions", "/versions/1", "/versions/1/diff/1", "/labels"]
    for outsider, hidden in outsiders.items():
        finite = [each for each in guarded(operations) if not each.path.endswith("/stream")]
        replies = [call(outsider, each, tenant.target("private")) for each in finite]
        refs = [*tenant.personas, *tenant.personas.values()]
        for ref in refs:
            replies += [outsider.get(f"/personas/{ref}{end}") for end in ends]
            replies += [outsider.post(f"/personas/{ref}/render", MESSAGES), outsider.chat(f"persona/{ref}")]
            replies += [outsider.get(f"/openai/models?persona={ref}&versions=true")]
        replies += [outsider.get(f"/personas?q={word}") for word in ("private", "shared", "archived", "word")]
        replies += [outsider.get("/openai/models"), outsider.get("/turns"), outsider.get("/audit")]
        shown = b"".join(reply.body for reply in replies).decode()
        assert not [prompt for prompt in hidden if prompt in shown]
    assert not [prompt for prompt in (PRIVATE, SHARED, ARCHIVED) if prompt in me.gateway.errors()]


def test_an_archived_persona_s_prompt_is_neither_found_rendered_nor_compared(tenant: Tenant) -> None:
    me = tenant.me
    replies = [
        me.get("/openai/models"),
        me.get("/openai/models?persona=archived&versions=true"),
        me.get("/personas?q=archived"),
        me.get("/personas"),
        me.post("/personas/archived/render", MESSAGES),
        me.get("/personas/archived/versions/1/diff/1"),
        me.post("/personas/archived/fork", {"slug": "copy"}),
        me.chat("persona/archived"),
        me.get("/audit"),
        me.get("/turns"),
    ]
    assert not any(ARCHIVED.encode() in reply.body for reply in replies)
    me.patch("/personas/archived", {"status": "active"})
    assert me.get("/personas?q=archived").json["data"][0]["prompt"] == ARCHIVED


@pytest.mark.serial
@pytest.mark.parametrize(
    "place", ["/v1/personas/{}", "/v1/personas/{}/versions/1", "/v1/openai/models/persona/{}"]
)
def test_what_is_foreign_takes_no_longer_than_what_is_not_there(
    tenant: Tenant, stranger: User, place: str
) -> None:
    seconds: dict[str, list[float]] = {tenant.personas["shared"]: [], MISSING["persona"]: []}
    with line(stranger.gateway) as opened:
        for _ in range(ROUNDS):
            for ref, taken in seconds.items():
                began = time.perf_counter()
                assert ask(opened, place.format(ref), key=stranger.key).status == 404
                taken.append(time.perf_counter() - began)
    foreign, missing = (median(taken) for taken in seconds.values())
    assert 1 / 3 < foreign / missing < 3
