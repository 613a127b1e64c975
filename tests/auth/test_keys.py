"""Keys: how they look, how they are hashed, where the pepper is."""

import re
from pathlib import Path

import msgspec
import pytest

from gateway import clock
from gateway.auth import keys
from gateway.auth.keys import Hasher, Key, Mode
from gateway.config import Config, Keys, Store

KEY = Key(
    id="key_1",
    workspace_id="ws_1",
    owner="key_1",
    name="",
    prefix="",
    hash="",
    scopes=[],
    operator=False,
    created_at=0,
)


def config(folder: Path, pepper: str | None = None) -> Config:
    return Config(store=Store(url=f"sqlite:///{folder / 'deep' / 'persona.db'}"), keys=Keys(pepper=pepper))


@pytest.mark.parametrize("mode", ["live", "test"])
def test_a_key_tells_its_mode(mode: Mode) -> None:
    assert re.fullmatch(rf"pk_{mode}_[0-9A-Za-z]{{40}}", keys.generate(mode))


def test_no_two_keys_are_alike() -> None:
    made = [keys.generate("live") for _ in range(1000)]
    assert len({keys.prefix(key) for key in made}) == 1000


def test_the_prefix_holds_ten_digits_of_a_key() -> None:
    key = keys.generate("live")
    assert keys.prefix(key) == key[:18]


def test_a_hash_is_recognised_under_its_pepper_only() -> None:
    hasher = Hasher(b"pepper")
    assert re.fullmatch(r"[0-9a-f]{64}", hasher.hash("a"))
    assert hasher.matches("a", hasher.hash("a"))
    assert not hasher.matches("b", hasher.hash("a"))
    assert not Hasher(b"other").matches("a", hasher.hash("a"))


def test_any_text_can_be_hashed() -> None:
    assert Hasher(b"pepper").matches("\ud83dğ", Hasher(b"pepper").hash("\ud83dğ"))


@pytest.mark.parametrize(
    ("revoked_at", "expires_at", "is_valid"),
    [(None, None, True), (None, 1001, True), (None, 1000, False), (999, None, False), (5000, 5000, False)],
)
def test_a_key_is_valid_until_it_expires_or_is_revoked(
    revoked_at: int | None, expires_at: int | None, is_valid: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clock, "now_ms", lambda: 1000)
    key = msgspec.structs.replace(KEY, revoked_at=revoked_at, expires_at=expires_at)
    assert key.is_valid() is is_valid
