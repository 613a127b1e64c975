"""Chunks of a stream are edited in their bytes: the resolved name, one id, and choices in each."""

import re

import msgspec

from gateway.openai_api import chunk as chunks
from gateway.openai_api.chunk import Chunk

MODEL_KEY = b'"model"'
SPELT = re.compile(rb'"model"\s*:\s*("(?:[^"\\]|\\.)*")')


class Edit:
    """Makes all edits on one stream; `model_json` is `None` for a plain model, which keeps its name."""

    __slots__ = ("_fallback_id", "_model", "id")

    def __init__(self, model_json: bytes | None, fallback_id: str) -> None:
        self.id = ""
        """It is empty until a chunk has one that is not."""
        self._model = ModelEdit(model_json) if model_json is not None else None
        self._fallback_id = fallback_id

    @property
    def any_id(self) -> str:
        """Return the answer's id, or ours where it has none."""
        return self.id or self._fallback_id

    def apply(self, data: bytes, chunk: Chunk) -> bytes:
        """Return the chunk as it goes out."""
        if self._model is not None:
            data = self._model.apply(data, chunk)
        # Events that come ahead of the answer, as from Azure, have no id, or an empty one.
        if not self.id and chunk.id != "" and (chunk.id or chunk.choices):
            self.id = chunk.id if isinstance(chunk.id, str) else self._fallback_id
        has_id, has_choices = chunk.id == self.id, isinstance(chunk.choices, list)
        if has_id and has_choices:
            return data
        missing = {} if has_choices else {"choices": b"[]"}
        if not has_id:
            missing["id"] = msgspec.json.encode(self.id)
        return chunks.with_keys(data, missing)


class ModelEdit:
    """Replaces the upstream's name of the model, whose spelling is learnt when the name is seen first."""

    __slots__ = ("_model_json", "_name", "_new", "_old")

    def __init__(self, model_json: bytes) -> None:
        self._model_json = model_json
        self._new = MODEL_KEY + b":" + model_json
        self._name: object = None
        self._old: bytes | None = None

    def apply(self, data: bytes, chunk: Chunk) -> bytes:
        """Put the resolved name into the chunk; one that names no model stays as it is."""
        if chunk.model is msgspec.UNSET:
            return data
        # Only if the key stands once, with the value read, is it surely the one at the top level.
        if data.count(MODEL_KEY) == 1:
            if chunk.model != self._name or self._old is None or self._old not in data:
                self._learn(data, chunk.model)
            if self._old is not None and self._old in data:
                return data.replace(self._old, self._new, 1)
        return chunks.with_keys(data, {"model": self._model_json})

    def _learn(self, data: bytes, name: object) -> None:
        spelt = SPELT.search(data)
        self._name = name
        self._old = spelt[0] if spelt and chunks.value_of(spelt[1]) == name else None
