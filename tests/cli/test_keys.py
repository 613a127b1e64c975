"""Keys on the command line."""

import json
import re
from pathlib import Path

import pytest

from gateway import clock
from gateway.auth import keys, pepper
from gateway.auth.scopes import SCOPES
from gateway.config import load
from tests.cli.conftest import Persona


def test_a_new_key_stands_alone_on_stdout(persona: Persona) -> None:
    made = persona("keys", "create", "--name", "reading room")
    assert re.fullmatch(r"pk_live_[0-9A-Za-z]{40}\n", made.out)
    assert re.fullmatch(r"key_\w+ in the workspace `default` of \S+; the key is shown this once\n", made.err)


def test_a_key_is_stored_as_a_hash_only(persona: Persona, folder: Path) -> None:
    text = persona("keys", "create").out.strip()
    stored = b"".join(path.read_bytes() for path in folder.glob("persona.db*"))
    assert text.encode() not in stored
    assert keys.prefix(text).encode() in stored
    assert pepper.hasher(load()).hash(text).encode() in stored


def test_a_key_has_the_default_scopes_unless_it_names_some(persona: Persona) -> None:
    persona("keys", "create")
    persona("keys", "create", "--scope", "chat:invoke", "--scope", "runs:*", "--operator", "--name", "ops")
    persona("keys", "create", "--scope", "*")
    first, second, third = json.loads(persona("keys", "list", "--json").out)
    assert first["scopes"] == [
        "personas:read",
        "personas:write",
        "personas:fork",
        "runs:read",
        "chat:invoke",
    ]
    assert (first["operator"], first["name"]) == (False, "")
    assert second["scopes"] == ["runs:read", "runs:cancel", "chat:invoke"]
    assert (second["operator"], second["name"]) == (True, "ops")
    assert third["scopes"] == list(SCOPES)


def test_an_unknown_scope_is_refused_and_all_are_named(persona: Persona) -> None:
    told = persona("keys", "create", "--scope", "chat", code=2).err
    assert "there is no scope `chat`" in told
    assert all(scope in told for scope in SCOPES)


def test_a_key_expires_after_the_days_it_is_given(persona: Persona, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "now_ms", lambda: 1_700_000_000_000)
    persona("keys", "create", "--expires", "30")
    assert persona("keys", "create", "--expires", "0", code=2).out == ""
    (key,) = json.loads(persona("keys", "list", "--json").out)
    assert (key["created_at"], key["expires_at"]) == ("2023-11-14T22:13:20.000Z", "2023-12-14T22:13:20.000Z")


def test_a_revoked_key_stays_in_the_list(persona: Persona) -> None:
    persona("keys", "create")
    (key,) = json.loads(persona("keys", "list", "--json").out)
    assert key["revoked_at"] is None
    assert persona("keys", "revoke", key["id"]).out == f"{key['id']} revoked\n"
    assert persona("keys", "revoke", key["id"]).out == f"{key['id']} was revoked before\n"
    (key,) = json.loads(persona("keys", "list", "--json").out)
    assert key["revoked_at"] is not None


def test_a_key_is_revoked_in_its_own_workspace_only(persona: Persona) -> None:
    persona("workspaces", "create", "acme", "--mode", "test")
    assert persona("keys", "create", "--workspace", "acme").out.startswith("pk_test_")
    (key,) = json.loads(persona("keys", "list", "--workspace", "acme", "--json").out)
    told = persona("keys", "revoke", key["id"], code=1).err
    assert told == f"Error: there is no key `{key['id']}` in the workspace `default`\n"


def test_the_list_never_shows_a_key(persona: Persona) -> None:
    text = persona("keys", "create", "--name", "reading [b]room").out.strip()
    shown = persona("keys", "list").out
    assert keys.prefix(text) in shown
    assert text not in shown
    assert "reading [b]room" in shown


def test_an_empty_list_is_an_empty_array(persona: Persona) -> None:
    assert persona("keys", "list", "--json") == (0, "[]\n", "")
    assert persona("keys", "list").out == ""


def test_a_name_has_its_limit(persona: Persona) -> None:
    assert "at most 200 characters" in persona("keys", "create", "--name", "x" * 201, code=2).err


@pytest.mark.parametrize(
    ("preset", "scopes"),
    [
        ("app", ["chat:invoke"]),
        ("ci", ["personas:read", "personas:write", "runs:read"]),
        ("admin", list(SCOPES)),
    ],
)
def test_a_preset_names_the_scopes(persona: Persona, preset: str, scopes: list[str]) -> None:
    persona("keys", "create", "--for", preset)
    (key,) = json.loads(persona("keys", "list", "--json").out)
    assert (key["scopes"], key["operator"]) == (scopes, False)
    assert (
        "leave --scope out"
        in persona("keys", "create", "--for", preset, "--scope", "chat:invoke", code=2).err
    )


def test_a_key_of_ninety_days_should_be_rotated(persona: Persona, monkeypatch: pytest.MonkeyPatch) -> None:
    born = 1_700_000_000_000
    monkeypatch.setattr(clock, "now_ms", lambda: born)
    persona("keys", "create", "--name", "valid")
    persona("keys", "create", "--name", "short", "--expires", "2")
    for days, told in ((0, "0d"), (89, "89d"), (90, "90d: rotate")):
        monkeypatch.setattr(clock, "now_ms", lambda days=days: born + days * 86_400_000)
        short, valid = sorted(persona("keys", "list").out.splitlines()[1:], key=lambda row: " valid " in row)
        assert valid.endswith(f"  {told}")
        assert f"  {days}d  " in short
