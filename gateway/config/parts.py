"""The tables of the configuration share these."""

from typing import Annotated

import msgspec

Seconds = Annotated[float, msgspec.Meta(gt=0)]
Pause = Annotated[float, msgspec.Meta(ge=0, le=86_400)]
Count = Annotated[int, msgspec.Meta(ge=1)]
Days = Annotated[int, msgspec.Meta(ge=0, le=36_500)]
Amount = Annotated[int, msgspec.Meta(ge=1, le=1_000_000_000)]


class ConfigError(Exception):
    """A mistake in the configuration; the message names the file, the table and the key."""


class Strict(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A config table; a misspelt key is an error, not a default."""
