"""The table of images is checked: who makes them, and where they are kept."""

import re
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path

import msgspec

from gateway.config.asking import Images
from gateway.config.headers import is_address
from gateway.config.parts import ConfigError
from gateway.config.structs import Config

TABLE = "[images]"
BUCKET = re.compile(r"s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/[A-Za-z0-9._/-]{0,200})?")
DEFAULT = "openai"
"""The upstream of this name makes images where none is named."""


def resolve_images(config: Config, base: Path, environ: Mapping[str, str], secrets: bool) -> Images:
    """Check it, and find folder and keys. With `secrets` false, the keys may be absent."""
    images = config.images
    if images.upstream is not None and images.upstream not in config.upstreams:
        raise ConfigError(f"{TABLE} upstream: there is no upstream `{images.upstream[:100]}`")
    if images.store.startswith("file:"):
        folder = images.store.removeprefix("file:")
        if not folder.strip():
            raise ConfigError(f'{TABLE} store: a folder is needed, such as "file:images/"')
        return msgspec.structs.replace(images, store=f"file:{base / Path(folder).expanduser()}")
    if not BUCKET.fullmatch(images.store):
        raise ConfigError(f'{TABLE} store: "file:FOLDER" or "s3://BUCKET/PREFIX" is needed')
    return _in_bucket(images, environ, secrets)


def pictures(config: Config) -> Path | None:
    """Return the folder in which pictures are kept; `None` where they are in a bucket."""
    store = config.images.store
    return Path(store.removeprefix("file:")) if store.startswith("file:") else None


def maker(config: Config) -> str | None:
    """Return the name of the upstream that makes images; `None` where there is none."""
    named = config.images.upstream or DEFAULT
    return named if named in config.upstreams else None


def _in_bucket(images: Images, environ: Mapping[str, str], secrets: bool) -> Images:
    if find_spec("obstore") is None:
        raise ConfigError(f"{TABLE} store: its client is missing; pip install 'persona-gateway[s3]'")
    if images.endpoint and not is_address(images.endpoint):
        raise ConfigError(f"{TABLE} endpoint: an http:// or https:// address is needed")
    return msgspec.structs.replace(
        images,
        access_key=_key("access_key", images.access_key, images.access_key_env, environ, secrets),
        secret_key=_key("secret_key", images.secret_key, images.secret_key_env, environ, secrets),
    )


def _key(
    name: str, given: str | None, variable: str, environ: Mapping[str, str], secrets: bool
) -> str | None:
    """Return the key that stands in the table, or else in the variable. Raises ConfigError."""
    found = (given or environ.get(variable, "")).strip() or None
    if found is None and secrets:
        raise ConfigError(f"{TABLE} {name}_env: the environment variable {variable} is not set")
    return found
