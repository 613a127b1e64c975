"""The gateway and the key that `persona auth login` keeps in the user's own folder."""

import json
import os
import tomllib
from pathlib import Path

import msgspec

from gateway import config
from gateway.cli.failures import Failure


class Credentials(msgspec.Struct, frozen=True):
    """The root of a gateway, and a key that it takes."""

    url: str
    key: str


def place() -> Path:
    return config.user_folder() / "credentials.toml"


def choose(url: str | None, key: str | None) -> Credentials:
    """Take what was given, and what is kept for the rest; a kept key is used with its own gateway only."""
    if url and key:
        return Credentials(url, key)
    kept = load()
    if kept is None:
        wanted = f"a key for {url} is needed: --key, PERSONA_API_KEY" if url else "no gateway is known: --url"
        raise Failure(f"{wanted} or `persona auth login`")
    if url not in (None, kept.url):
        raise Failure(
            f"a key for {url} is needed: --key or PERSONA_API_KEY; `persona auth login` was to {kept.url}"
        )
    return Credentials(kept.url, key or kept.key)


def load() -> Credentials | None:
    """Read what is kept; `None` where nobody has logged in."""
    try:
        return msgspec.convert(tomllib.loads(place().read_text("utf-8")), Credentials)
    except FileNotFoundError:
        return None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, msgspec.ValidationError) as error:
        raise Failure(f"{place()}: {error}; `persona auth login` writes it anew") from None


def save(credentials: Credentials) -> Path:
    """Keep them where nobody else can read them."""
    path = place()
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    path.parent.chmod(0o700)
    # JSON strings of plain ASCII are TOML strings too.
    lines = [f"{name} = {json.dumps(value)}\n" for name, value in msgspec.structs.asdict(credentials).items()]
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    draft.unlink(missing_ok=True)
    draft.touch(mode=0o600, exist_ok=False)
    draft.write_text("# Written by `persona auth login`.\n" + "".join(lines), "utf-8")
    draft.replace(path)
    return path


def remove() -> bool:
    """Forget them; false where there was nothing to forget."""
    try:
        place().unlink()
    except FileNotFoundError:
        return False
    return True


def masked(key: str) -> str:
    """Show the key's public part, by which it is found in the list of keys."""
    return f"{key[:18]}…" if len(key) > 36 else "***"
