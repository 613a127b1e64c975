"""A pipeline says in YAML which steps a run takes, what each asks and which answer it takes."""

import hashlib
from functools import lru_cache
from pathlib import Path
from typing import Any

import msgspec

from gateway.personas import document

FOLDER = Path(__file__).parent / "pipelines"
DEFAULT = "default"


class Stage(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One step. A step without `ask` is one of the gateway's own: `audit` and `prompt`."""

    name: str
    ask: str = ""
    schema: dict[str, Any] = {}
    layer: str | None = None
    """The layer that its answer becomes."""
    temperature: float | None = None


class Pipeline(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    name: str
    system: str
    steps: tuple[Stage, ...]
    rounds: int = 1
    """The times that the audit has layers drafted anew."""
    temperature: float = 0.7
    max_tokens: int = 300

    @property
    def fingerprint(self) -> str:
        return "sha256:" + hashlib.sha256(msgspec.json.encode(self, order="sorted")).hexdigest()

    def stage(self, name: str) -> Stage:
        return next(stage for stage in self.steps if stage.name == name)


@lru_cache
def packaged(name: str = DEFAULT) -> Pipeline:
    """Read a pipeline that comes with the gateway."""
    text = (FOLDER / f"{name}.yml").read_text("utf-8")
    return msgspec.convert(document.data(document.parse(text)), Pipeline)
