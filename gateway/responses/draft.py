"""A response takes shape here: what is known of it before its answer, and how each state is written."""

from typing import Any, Protocol

import msgspec

from gateway import clock
from gateway.envelope import openai_error
from gateway.errors import Refusal
from gateway.openai_api.parameters import NULL
from gateway.responses.asked import Asked

RESP = "resp_"
INCOMPLETE = {"length": "max_output_tokens", "content_filter": "content_filter"}
"""Finish reasons of a chat that leave a response incomplete, and what that is called there."""
ECHOED: dict[str, bytes] = {
    "instructions": b"null",
    "max_output_tokens": b"null",
    "max_tool_calls": b"null",
    "parallel_tool_calls": b"true",
    "prompt": b"null",
    "prompt_cache_key": b"null",
    "reasoning": b'{"effort":null,"summary":null}',
    "safety_identifier": b"null",
    "service_tier": b'"default"',
    "temperature": b"null",
    "text": b'{"format":{"type":"text"}}',
    "tool_choice": b'"auto"',
    "tools": b"[]",
    "top_logprobs": b"null",
    "top_p": b"null",
    "truncation": b'"disabled"',
    "user": b"null",
}
"""Parameters that an answer repeats, with what stands there if the caller gave none."""


class Writing(Protocol):
    """Writes a whole answer as a response."""

    def encode(self, model_json: bytes, persona_json: bytes) -> bytes | bytearray: ...

    def with_words(self, text: str, model_json: bytes, persona_json: bytes) -> bytes: ...


class _Status(msgspec.Struct):
    status: str | None = None


_status = msgspec.json.Decoder(_Status)


class Draft:
    """Becomes the response of one request; `number` is its id without the prefix, as its turn bears it."""

    __slots__ = (
        "_echo",
        "answer",
        "asked",
        "conversation",
        "created_at",
        "goes_on",
        "id",
        "is_endless",
        "is_foreign",
        "is_odd",
        "items",
        "model",
        "number",
        "sequence",
        "source",
        "stored",
        "usage",
        "words",
    )

    def __init__(self, asked: Asked) -> None:
        self.asked = asked
        self.number = ""
        self.id = ""
        self.created_at = 0
        self.model: bytes = b'""'
        """The name that is shown, as JSON."""
        self.conversation: str | None = None
        """The conversation that the caller named."""
        self.goes_on: int | None = None
        """The number of the conversation that it goes on from, in the store."""
        self.is_foreign = False
        """Tells whether it goes on from an upstream's own state, which is not known here."""
        self.is_odd = False
        """Tells whether some of what was said before is of a type that no chat knows."""
        self.is_endless = False
        """Tells that the bundled model answers, which often finds no end, and that nobody has set it one."""
        self.stored = False
        self.sequence = 0
        """The number of the next event."""
        self.items: list[bytes] = []
        """The output as far as it is whole, as JSON."""
        self.usage: bytes = b"null"
        self.answer: bytes | None = None
        """The last state of the response, as it is sent."""
        self.source: Writing | None = None
        """The whole answer of which the response is made."""
        self.words: str | None = None
        """The words that go out in the place of an answer that is held back."""
        self._echo: bytes | None = None

    def begin(self, turn_id: str, model_json: bytes) -> None:
        """Name the response after its turn, once that is known."""
        self.number = turn_id.partition("_")[2]
        self.id = RESP + self.number
        self.created_at = clock.now_ms() // 1000
        self.model = model_json

    def finish(self, model_json: bytes, persona_json: bytes) -> None:
        """Write the response that a whole answer makes."""
        assert self.source is not None  # noqa: S101 - it has been answered
        if self.words is None:
            self.source.encode(model_json, persona_json)
        else:
            self.source.with_words(self.words, model_json, persona_json)

    def incomplete(self, finish: str | None) -> str | None:
        """Say why an answer that a chat finishes so is incomplete; `None` where it is whole."""
        return None if self.is_endless and finish == "length" else INCOMPLETE.get(finish or "")

    @property
    def status(self) -> str:
        """The last state of the response, once it is answered."""
        if self.answer is None:
            return "in_progress"
        return _status.decode(self.answer).status or "completed"

    @property
    def echo(self) -> bytes:
        """Write what every state of the response repeats of the request."""
        if self._echo is None:
            asked = self.asked
            fields: dict[str, Any] = {
                "model": msgspec.Raw(self.model),
                **{name: self._given(name, default) for name, default in ECHOED.items()},
                "previous_response_id": asked.previous,
                "conversation": None if self.conversation is None else {"id": self.conversation},
                "store": self.stored,
                "background": asked.background,
                "metadata": asked.metadata,
            }
            self._echo = msgspec.json.encode(fields)[1:-1]
        return self._echo

    def edits(self) -> dict[str, bytes]:
        """List what an upstream's own response object says otherwise."""
        asked = self.asked
        # One of the background has been told before any upstream knew of it.
        begun = {"created_at": b"%d" % self.created_at} if asked.background else {}
        return {
            **begun,
            "id": msgspec.json.encode(self.id),
            "model": self.model,
            "instructions": bytes(asked.instructions),
            "prompt": bytes(asked.fields.get("prompt", NULL)),
            "previous_response_id": msgspec.json.encode(asked.previous),
            "conversation": msgspec.json.encode(
                None if self.conversation is None else {"id": self.conversation}
            ),
            "store": b"true" if self.stored else b"false",
            "background": b"true" if asked.background else b"false",
            "metadata": msgspec.json.encode(asked.metadata),
        }

    def written(
        self,
        status: str,
        items: list[bytes],
        *,
        error: bytes = b"null",
        incomplete: str | None = None,
        persona: bytes | None = None,
    ) -> bytes:
        """Write the response in this state."""
        details = b"null" if incomplete is None else msgspec.json.encode({"reason": incomplete})
        completed = b',"completed_at":%d' % (clock.now_ms() // 1000) if status == "completed" else b""
        tail = b"" if persona is None else b',"persona":' + persona
        return b"".join(
            [
                b'{"id":"%b","object":"response","created_at":%d' % (self.id.encode(), self.created_at),
                completed,
                b',"status":"',
                status.encode(),
                b'","error":',
                error,
                b',"incomplete_details":',
                details,
                b',"output":[',
                b",".join(items),
                b'],"usage":',
                self.usage,
                b",",
                self.echo,
                tail,
                b"}",
            ]
        )

    def event(self, kind: str, rest: bytes) -> bytes:
        """Write an event; `rest` is what stands behind its number, without the bracket."""
        name = kind.encode()
        number, self.sequence = self.sequence, self.sequence + 1
        return b'event: %b\ndata: {"type":"%b","sequence_number":%d,%b}\n\n' % (name, name, number, rest)

    def failed(self, refusal: Refusal) -> bytes:
        """Write the events that end a stream which has failed: the response in that state, and the error.

        The error is there twice, since clients look for its fields in one place or in the other.
        """
        error = openai_error(refusal)
        shown = {"code": _code(error), "message": str(error.get("message") or "")}
        response = self.written("failed", self.items, error=msgspec.json.encode(shown))
        told = {**shown, "param": error.get("param"), "error": error}
        return self.event("response.failed", b'"response":' + response) + self.event(
            "error", msgspec.json.encode(told)[1:-1]
        )

    def _given(self, name: str, default: bytes) -> msgspec.Raw:
        value = self.asked.fields.get(name, NULL)
        return value if value != NULL else msgspec.Raw(default)


def _code(error: Any) -> str:
    return str(error.get("code") or error.get("type") or "server_error")
