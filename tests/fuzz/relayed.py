"""A relayed stream must have kept these things of what the upstream sent."""

import json
import re

from tests.fakes.upstream_scripts import Json
from tests.fuzz.case import MODEL, RESOLVED
from tests.fuzz.line import Reply
from tests.fuzz.rules import loose_json, payloads

LINE_END = re.compile(rb"\r\n|\n|\r")
DONE_FRAME = b"data: [DONE]\n\n"


def same_stream(reply: Reply, data: bytes, model: str, *, keeps_usage: bool, is_valid: bool) -> None:
    """Raises AssertionError unless the answer is a run of the chunks that the upstream sent."""
    if is_valid:
        assert reply.status == 200, f"a valid answer became {reply.status}"
        assert reply.body.endswith(DONE_FRAME), "it does not end well"
    if reply.status != 200:
        return
    came = payloads(reply)
    if reply.body.endswith(DONE_FRAME) and came and _is_ours(came[-1]):
        # An answer without a finish has no chunk of its own for `persona`.
        assert not is_valid, "a chunk of ours in a valid stream"
        del came[-1]
    said = [_bare(value) for value in came]
    sent = [_bare(value) for value in _read(data)]
    if is_valid:
        expected = [value for value in sent if keeps_usage or not value.get("usage") or value["choices"]]
        assert said == expected, "a valid stream has changed"
    rest = iter(sent)
    for value in said:
        assert any(value == one for one in rest), f"nothing like this was sent, or not in this order: {value}"
    if model == MODEL:
        named = {json.dumps(value["model"]) for value in payloads(reply) if "model" in value}
        assert named <= {f'"{RESOLVED}"'}, f"another model: {named}"


def _is_ours(value: Json) -> bool:
    return "persona" in value and value["choices"] == [{"index": 0, "delta": {}, "finish_reason": None}]


def _bare(value: Json) -> Json:
    """Return a chunk less what the gateway writes; an error that stands beside a text follows it on its
    own."""
    bare = {name: item for name, item in value.items() if name not in ("model", "id", "persona")}
    if bare.get("error"):
        del bare["error"]
    return bare if isinstance(bare.get("choices"), list) else {**bare, "choices": []}


def _read(data: bytes) -> list[Json]:
    """Decode the JSON objects of an event stream, as the HTML standard frames it, up to `[DONE]`."""
    found: list[Json] = []
    held: list[bytes] = []
    for line in [*LINE_END.split(data.removeprefix(b"\xef\xbb\xbf")), b""]:
        name, _, value = line.partition(b":")
        if name == b"data":
            held.append(value.removeprefix(b" "))
        if line or not held:
            continue
        text, held = b"\n".join(held), []
        if text.strip() == b"[DONE]":
            break
        try:
            value_of = loose_json(text)
        except (ValueError, RecursionError):
            continue
        if isinstance(value_of, dict):
            found.append(value_of)
    return found
