"""An upstream with a Responses API gives a whole answer, which is edited in its bytes."""

import msgspec

from gateway.openai_api import chunk as chunks
from gateway.openai_api.answer import Answer
from gateway.openai_api.keeping import KEPT_CHARACTERS, too_long
from gateway.openai_api.sse import BOM
from gateway.responses.answered import ENDED, finish_of, message_of, said_in
from gateway.responses.draft import Draft
from gateway.scoring.transcript import Said
from gateway.turns.usage import read_response
from gateway.upstreams.failure import from_answer, from_event
from gateway.upstreams.masking import Mask
from gateway.upstreams.reason import is_error

Raw = msgspec.Raw
LARGE = 256 * 1024
"""Bytes of a whole answer, from which on it is edited in a thread."""

_object = msgspec.json.Decoder(dict[str, Raw])
_array = msgspec.json.Decoder(list[Raw])
_objects = msgspec.json.Decoder(list[dict[str, Raw]])


class NativeAnswer(Answer):
    """A whole response as the upstream wrote it."""

    draft: Draft

    def __init__(self, body: bytes, upstream: str, mask: Mask) -> None:
        """Raises UpstreamFailure where the body is no response: broken JSON, an error, no output."""
        self.body = body = body.removeprefix(BOM)
        self._outline = None
        try:
            fields = _object.decode(body)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            self.body, fields = _leniently(body, upstream, mask)
        error = fields.get("error")
        if error is not None and is_error(error):
            raise from_event(upstream, bytes(error), mask)
        output = fields.get("output")
        if output is None or not _holds_items(output):
            raise from_answer(upstream, body, mask)
        if bytes(fields.get("status", chunks.NULL)) not in ENDED:
            raise from_answer(upstream, body, mask)
        self.fields = fields
        self.usage = read_response(fields.get("usage"))
        self.choices = []

    @property
    def is_large(self) -> bool:
        return len(self.body) > LARGE

    @property
    def finish_reason(self) -> str | None:
        return finish_of(self.fields)

    @property
    def spoken(self) -> bytes:
        return bytes(self.fields["output"])

    def said(self) -> list[Said]:
        return [said_in(self.fields["output"])]

    def message(self) -> bytes:
        if len(self.fields["output"]) > KEPT_CHARACTERS:
            raise too_long()
        return message_of(self.fields["output"])

    def encode(self, model_json: bytes, persona_json: bytes) -> bytes:
        return self._edited({"persona": persona_json})

    def message_with(self, text: str) -> bytes:
        self.draft.words = text
        return super().message_with(text)

    def with_words(self, text: str, model_json: bytes, persona_json: bytes) -> bytes:
        part = {"type": "output_text", "text": text, "annotations": []}
        item = {"id": f"msg_{self.draft.number}", "type": "message", "status": "completed"}
        output = msgspec.json.encode([{**item, "role": "assistant", "content": [part]}])
        return self._edited({"persona": persona_json, "output": output, "status": b'"completed"'})

    def plain(self) -> bytes:
        """Encode the answer of a plain model."""
        return self._edited({})

    def _edited(self, values: dict[str, bytes]) -> bytes:
        draft = self.draft
        draft.answer = chunks.with_keys(self.body, {**draft.edits(), **values})
        draft.items = [bytes(each) for each in _array.decode(values.get("output", self.fields["output"]))]
        return draft.answer


def _leniently(body: bytes, upstream: str, mask: Mask) -> tuple[bytes, dict[str, Raw]]:
    """Read what clients take although it holds halves of characters. Raises UpstreamFailure."""
    try:
        written = msgspec.json.encode(chunks.value_of(body))
        return written, _object.decode(written)
    except (ValueError, RecursionError):
        raise from_answer(upstream, body, mask) from None


def _holds_items(output: Raw) -> bool:
    try:
        _objects.decode(output)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return False
    return True
