"""A whole response is told as a stream, for an upstream that sent none although it was asked to."""

from collections.abc import Iterator

import msgspec

from gateway.openai_api import chunk as chunks
from gateway.openai_api.retelling import Retold
from gateway.responses.native_answer import NativeAnswer
from gateway.upstreams.client import Response

_array = msgspec.json.Decoder(list[msgspec.Raw])
_object = msgspec.json.Decoder(dict[str, msgspec.Raw])


def events_of(answer: NativeAnswer, response: Response) -> Retold:
    return Retold(response, _frames(answer))


def _parts(content: msgspec.Raw | None) -> list[tuple[bytes, bytes]]:
    """List the parts of a message with their texts; none where it has another form."""
    try:
        parts = _array.decode(content) if content is not None else []
        return [(bytes(part), bytes(_object.decode(part).get("text", b'""'))) for part in parts]
    except msgspec.DecodeError:
        return []


def _frames(answer: NativeAnswer) -> Iterator[bytes]:
    """Tell the items one after another, each text in one piece."""
    body = answer.body
    begun = chunks.with_keys(body, {"output": b"[]", "status": b'"in_progress"', "usage": b"null"})
    number = 0

    def event(kind: str, rest: bytes) -> bytes:
        nonlocal number
        name = kind.encode()
        number += 1
        return b'event: %b\ndata: {"type":"%b","sequence_number":%d,%b}\n\n' % (name, name, number - 1, rest)

    yield event("response.created", b'"response":' + begun)
    for at, item in enumerate(_array.decode(answer.fields["output"])):
        place = b'"output_index":%d,' % at
        yield event("response.output_item.added", place + b'"item":' + bytes(item))
        fields = _object.decode(item)
        name = b'"item_id":%b,' % bytes(fields.get("id", b'""'))
        if bytes(fields.get("type", b"")) == b'"message"':
            for index, (part, text) in enumerate(_parts(fields.get("content"))):
                where = place + name + b'"content_index":%d,' % index
                yield event("response.content_part.added", where + b'"part":' + part)
                said = where + b'"logprobs":[],'
                yield event("response.output_text.delta", said + b'"delta":' + text)
                yield event("response.output_text.done", said + b'"text":' + text)
                yield event("response.content_part.done", where + b'"part":' + part)
        elif bytes(fields.get("type", b"")) == b'"function_call"':
            arguments = bytes(fields.get("arguments", b'""'))
            where = place + name
            yield event("response.function_call_arguments.delta", where + b'"delta":' + arguments)
            yield event("response.function_call_arguments.done", where + b'"arguments":' + arguments)
        yield event("response.output_item.done", place + b'"item":' + bytes(item))
    kind = (
        "response.incomplete"
        if answer.finish_reason in ("length", "content_filter")
        else "response.completed"
    )
    yield event(kind, b'"response":' + body)
