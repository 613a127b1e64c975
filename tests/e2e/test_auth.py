"""Some may call and some may not, and changes of that are quick while the gateway runs."""

import json
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from typing import Any

import pytest

from tests.conftest import LIBRARIAN
from tests.e2e.conftest import hello, mint
from tests.e2e.wire import Reply, fetch
from tests.fakes.process import Gateway
from tests.fakes.until import within_a_second
from tests.fakes.upstream import ScriptedUpstream

MODELS = "/v1/openai/models"
PATHS = [
    ("/v1/openai/chat/completions", {"model": LIBRARIAN, "messages": hello()}),
    ("/v1/openai/embeddings", {"model": "any", "input": "dusk"}),
    (MODELS, None),
    (f"{MODELS}/{LIBRARIAN}", None),
]
WRONG = "pk_live_" + "0" * 40


def chat(gateway: Gateway, key: str, headers: Mapping[str, str] | None = None) -> Reply:
    body = {"model": LIBRARIAN, "messages": hello()}
    return fetch(gateway, body=body, key=key, headers=headers)


def key_ids(gateway: Gateway) -> list[str]:
    """List the ids from the oldest to the newest."""
    listed = json.loads(gateway.cli("keys", "list", "--json"))
    return [one["id"] for one in sorted(listed, key=lambda one: (one["created_at"], one["id"]))]


def revoke_newest(gateway: Gateway) -> None:
    gateway.cli("keys", "revoke", key_ids(gateway)[-1])


@pytest.fixture(scope="module")
def revoked(library: Gateway) -> str:
    key = mint(library, "--name", "revoked")
    revoke_newest(library)
    return key


@pytest.fixture(scope="module")
def expired(library: Gateway) -> str:
    """Make a key whose time is over; no command makes one like that."""
    key = mint(library, "--name", "expired", "--expires", "1")
    with closing(sqlite3.connect(library.folder / "persona.db", timeout=25)) as store, store:
        store.execute("UPDATE keys SET expires_at = 1 WHERE name = 'expired'")
    return key


@pytest.mark.parametrize(("path", "body"), PATHS)
def test_every_path_wants_a_key(library: Gateway, path: str, body: Any) -> None:
    refused = fetch(library, path, body, key="")
    assert (refused.status, refused.error["code"]) == (401, "invalid_api_key")
    assert refused.headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize(("path", "body"), PATHS)
def test_wrong_revoked_and_expired_keys_are_refused_alike(
    library: Gateway, revoked: str, expired: str, path: str, body: Any
) -> None:
    wrong = [WRONG, revoked, expired, library.key[:-1] + "?", library.key[:18] + "0" * 30, "sk-1", "ü" * 48]
    refused = [fetch(library, path, body, key=key) for key in wrong]
    assert {one.status for one in refused} == {401}
    assert len({one.body for one in refused}) == 1
    missing = fetch(library, path, body, key="")
    assert missing.error | {"message": ""} == refused[0].error | {"message": ""}
    assert not any(key in one.body.decode() for key in wrong for one in refused)


def test_a_scheme_other_than_bearer_is_no_key(library: Gateway) -> None:
    assert chat(library, "", {"authorization": f"Basic {library.key}"}).status == 401
    assert chat(library, "", {"authorization": f"bearer   {library.key}"}).status == 200


@pytest.mark.parametrize(("path", "body"), PATHS)
def test_without_the_scope_the_answer_is_403_whatever_is_asked(
    library: Gateway, reader: str, path: str, body: Any
) -> None:
    refused = fetch(library, path, body, key=reader)
    assert (refused.status, refused.error["code"]) == (403, "missing_scope")
    if body and "messages" in body:
        nobody = fetch(library, path, body | {"model": "persona/nobody"}, key=reader)
        assert (nobody.status, nobody.body) == (403, refused.body)


@pytest.fixture(scope="module")
def reader(library: Gateway) -> str:
    return mint(library, "--scope", "personas:read", "--scope", "keys:manage")


def test_the_workspace_header_must_name_the_keys_own(library: Gateway, upstream: ScriptedUpstream) -> None:
    own = fetch(library, MODELS).json["data"][0]["owned_by"]
    made = library.cli("workspaces", "create", "neighbour").split()[1]
    assert chat(library, library.key, {"Persona-Workspace": own}).status == 200
    refused = [chat(library, library.key, {"Persona-Workspace": name}) for name in (made, "ws_nothing")]
    assert [one.status for one in refused] == [403, 403]
    assert refused[0].body == refused[1].body
    assert refused[0].error["code"] == "wrong_workspace"


def test_a_test_workspaces_keys_say_so(library: Gateway, upstream: ScriptedUpstream) -> None:
    library.cli("workspaces", "create", "rehearsal", "--mode", "test")
    key = mint(library, "--workspace", "rehearsal")
    assert key.startswith("pk_test_")
    assert chat(library, key).status == 404
    assert fetch(library, MODELS, key=key).status == 200


def test_a_new_key_works_at_once(library: Gateway, upstream: ScriptedUpstream) -> None:
    assert chat(library, mint(library)).status == 200


def test_a_revoked_key_is_refused_within_a_second(library: Gateway, upstream: ScriptedUpstream) -> None:
    key = mint(library)
    assert chat(library, key).status == 200
    revoke_newest(library)
    within_a_second(lambda: chat(library, key).status == 401)
    assert chat(library, library.key).status == 200
