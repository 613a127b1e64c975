"""The pepper: the secret that keys are hashed with, and how a store knows its own."""

import hmac
import os
import secrets
from pathlib import Path

from gateway.auth import store
from gateway.auth.keys import Hasher
from gateway.config import Config
from gateway.storage import properties
from gateway.storage.database import Database

SHORTEST = 16
"""Characters; a shorter file was cut off, or is no pepper."""
PROPERTY = "pepper"
CHECKED = "the pepper of this store"
"""Its hash tells whether a pepper is the one that the store's keys were hashed with, but not which it is."""


class PepperError(Exception):
    """The pepper is missing or another one; the message says what to do."""


def place(config: Config) -> Path:
    """Return the file in which the pepper lies, beside the store; its mode is 600."""
    return config.store.beside(".pepper")


def hasher(config: Config) -> Hasher:
    """Make the hasher under the configured pepper, or else under the one in the file. Raises PepperError."""
    if config.keys.pepper:
        return Hasher(config.keys.pepper.encode())
    path = place(config)
    try:
        found = path.read_bytes().strip()
    except FileNotFoundError:
        raise PepperError(f"{path} is missing; {_remedy()}") from None
    if len(found) < SHORTEST:
        raise PepperError(f"{path} is cut off; {_remedy()}")
    return Hasher(found)


async def prepare(database: Database, config: Config) -> Hasher:
    """Make the hasher for the store, which knows its pepper; a store without keys gets one if there is none.

    Raises PepperError where the pepper is not the one that the store knows.
    """
    async with database.read() as connection:
        known = await properties.find(connection, PROPERTY)
        is_new = known is None and not await store.has_keys(connection)
    if is_new and not config.keys.pepper:
        _make(place(config))
    found = hasher(config)
    if known is None:
        async with database.write() as connection:
            await properties.put(connection, PROPERTY, found.hash(CHECKED))
    else:
        _require(known, found, config)
    return found


async def verify(database: Database, config: Config) -> bool:
    """Tell whether the store has its pepper, and write nothing; without keys it needs none yet.

    Raises PepperError where `prepare` would.
    """
    async with database.read() as connection:
        known = await properties.find(connection, PROPERTY)
        is_new = known is None and not await store.has_keys(connection)
    if is_new and not config.keys.pepper and not place(config).exists():
        return False
    found = hasher(config)
    if known is not None:
        _require(known, found, config)
    return True


def _require(known: str, found: Hasher, config: Config) -> None:
    """Raises PepperError where this is not the pepper that the store knows."""
    if not hmac.compare_digest(known, found.hash(CHECKED)):
        where = "[keys] pepper" if config.keys.pepper else str(place(config))
        raise PepperError(f"{where} is not the pepper that this store's keys were hashed with; {_remedy()}")


async def renew(database: Database, config: Config) -> None:
    """Let the store take the pepper that is there, or else a new one; all keys so far stay refused."""
    if not config.keys.pepper:
        path = place(config)
        if path.exists() and len(path.read_bytes().strip()) < SHORTEST:
            path.unlink()
        _make(path)
    check = hasher(config).hash(CHECKED)
    async with database.write() as connection:
        await properties.put(connection, PROPERTY, check)


def _remedy() -> str:
    return (
        "put the right one back from a backup, or from another gateway of this store; if it is lost for "
        "good, run `persona db new-pepper`, "
        "after which every key has to be made anew"
    )


def _make(path: Path) -> None:
    """Two processes that make the file at once end with the same one."""
    if path.exists():
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    draft.touch(mode=0o600)
    draft.write_text(secrets.token_hex(32))
    try:
        os.link(draft, path)
    except FileExistsError:
        pass
    finally:
        draft.unlink()
