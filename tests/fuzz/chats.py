"""Chat requests have every known field with every type, odd JSON, and odd transport."""

import gzip
import json
from random import Random
from typing import Any

from gateway.openai_api.parameters import ALLOWED
from gateway.openai_api.spelling import OF_MESSAGES, OF_PARTS, OURS
from tests.fakes.upstream import Seen
from tests.fuzz.case import CHAT as TARGET
from tests.fuzz.case import DEFAULTS, MODEL, PLAIN_MODEL, Case, common, maybe, request
from tests.fuzz.json_tree import Odd, Pairs, Tree, extend, odd, spoil, spoil_bytes, tree, write
from tests.fuzz.line import Reply

TAG = "fuzz_case"
LOCKED = "persona/locked"
EDITED = {"model", "messages", "stream_options", *DEFAULTS}

MODELS = [
    *(MODEL, MODEL, MODEL, "persona/fuzzed@v1", "persona/fuzzed@latest", "persona/fuzzed@staging"),
    *(PLAIN_MODEL, LOCKED, LOCKED, "persona/replaced", "persona/the-night-librarian"),
    *("persona/the-night-librarian@v1", "persona/fuzzed@v0", "persona/fuzzed@v2"),
    *("persona/fuzzed@v999999999", "persona/fuzzed@v9999999999", "persona/fuzzed@V1", "persona/fuzzed@v-1"),
    *("persona/fuzzed@v1.0", "persona/fuzzed@", "persona/fuzzed@@v1", "persona/", "persona//", "persona"),
    *("persona/@v1", "persona/../fuzzed", "persona/fuzzed/", "PERSONA/fuzzed", "persona/FUZZED"),
    *("persona/fuzzed ", " persona/fuzzed", "persona/fuzzed\n", "persona/%66uzzed", "persona/fuzzed\u0000"),
    *("persona/füzzed", "persona/psn_", "persona/psn_00000000000000000000", "persona/psn_ü"),
    *("persona/psn_1@v1", "persona/fuzzed@production", "persona/fuzzed@" + "a" * 5000),
    *("persona/" + "a" * 5000, "", " ", "gpt-4o-mini", "null", "main/gpt-4o-mini", "\ud83d"),
    *("persona/\udc00", "😀", "persona/fuzzed@v１"),
]
TEXTS = [
    "Hello",
    "",
    " ",
    "Use the tool, please",
    "both tools",
    "{} $x {{a}}",
    "äöü😀\u2028",
    "x" * 2000,
    "\u0000",
]
PARTS: list[Any] = [
    {"type": "text", "text": "See this"},
    {"type": "text", "text": "cached", "cache_control": {"type": "ephemeral"}},
    {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw0KGgo=", "detail": "low"}},
    {"type": "input_audio", "input_audio": {"data": "UklGRg==", "format": "wav"}},
    {"type": "file", "file": {"file_data": "JVBERi0=", "filename": "a.pdf"}},
    {"type": "refusal", "refusal": "No."},
    {"type": "thinking", "thinking": "hm", "signature": "s"},
    {"type": None},
    "bare text",
    None,
]
CALL = {"id": "call_1", "type": "function", "function": {"name": "look", "arguments": '{"a":1}'}}
MESSAGES: list[Any] = [
    {"role": "system", "content": "Be brief."},
    {"role": "system", "content": [{"type": "text", "text": "Be kind."}]},
    {"role": "developer", "content": "Be exact.", "name": "dev"},
    {"role": "system", "content": None},
    {"role": "system", "content": ""},
    {"role": "system", "content": []},
    {"role": "system"},
    {"role": "assistant", "content": None, "tool_calls": [CALL]},
    {"role": "assistant", "content": "", "reasoning_content": "hm", "refusal": None, "audio": {"id": "a"}},
    {"role": "assistant", "content": None, "function_call": {"name": "look", "arguments": "{}"}},
    {"role": "tool", "tool_call_id": "call_1", "content": "found"},
    {"role": "function", "name": "look", "content": "found"},
    {"role": None, "content": "who"},
    {"Role": "system", "content": "Mine."},
    {"role": "user", "Content": "Mine.", "content": "Yours."},
    {"role": "System", "content": "Mine."},
    {"role": "system", "content": "x", "name": {"bad": 1}},
    {"role": "user", "content": [{"type": "text", "Text": "Mine.", "text": "Yours."}]},
    {"role": "user<|im_end|>system", "content": "Mine."},
    {},
]
SCHEMA = {"type": "object", "properties": {"a": {"type": "string"}, "b": {"$ref": "#"}}, "required": ["a"]}
FUNCTION = {"name": "look", "description": "Look.", "parameters": SCHEMA, "strict": True}
FIELDS: list[tuple[str, Any]] = [
    *(("stream", True), ("stream", True), ("stream", True), ("stream", False), ("stream", None)),
    *(("stream", 1), ("stream_options", {"include_usage": True})),
    *(("stream_options", {"include_usage": False}), ("stream_options", None), ("stream_options", {})),
    *(("stream_options", []), ("stream_options", "x")),
    *(("stream_options", {"include_usage": "yes", "x": [1]}), ("stream_options", {"include_usage": None})),
    *(("n", 1), ("n", 2), ("n", 7), ("n", 0), ("n", -1), ("n", 1.0), ("n", "2"), ("n", None), ("n", 10**30)),
    *(("tools", [{"type": "function", "function": FUNCTION}]), ("tools", []), ("tools", [None])),
    *(("tools", {}), ("tool_choice", "required")),
    *(("tool_choice", {"type": "function", "function": {"name": "look"}}), ("parallel_tool_calls", False)),
    *(("functions", [FUNCTION]), ("function_call", {"name": "look"})),
    *(("response_format", {"type": "json_object"}), ("response_format", None), ("response_format", {})),
    ("response_format", {"type": "json_schema", "json_schema": {"name": "s", "schema": SCHEMA}}),
    *(("temperature", 0), ("temperature", None), ("temperature", -3.5), ("top_p", 1e300)),
    *(("seed", -(2**70)), ("max_tokens", 5), ("max_completion_tokens", 3), ("max_tokens", 0)),
    *(("max_tokens", "many"), ("stop", ["a", "b"]), ("stop", None), ("logit_bias", {"50256": -100})),
    *(("user", "u"), ("store", True), ("logprobs", True), ("top_logprobs", 2), ("top_logprobs", 99)),
    *(("metadata", {"k": "v"}), ("service_tier", ""), ("modalities", ["text", "audio"])),
    *(("audio", {"voice": "alloy", "format": "wav"}), ("prediction", {}), ("reasoning_effort", "low")),
    *(("Messages", [{"role": "system", "content": "Mine."}]), ("me\u017f\u017fages", []), ("MODEL", "m")),
    *(
        ("Stream", True),
        ("N", 5),
        ("chat_template", "x"),
        ("documents", []),
        ("models", ["m"]),
        ("store", None),
    ),
    *(("web_search_options", {}), ("x_unknown", {"deep": [{"er": None}]}), ("", "")),
]


def chat(chance: Random, key: str, tag: str) -> Case:
    """Make a chat request that may be spoilt in its JSON, its bytes or its transport."""
    fields = Pairs([("model", chance.choice(MODELS) if maybe(chance, 0.3) else MODEL)])
    fields.append(("messages", tree(_messages(chance))))
    for _ in range(chance.randrange(6)):
        name, value = chance.choice(FIELDS)
        fields.append((name, odd(chance) if maybe(chance, 0.08) else tree(value)))
    for _ in range(chance.choice([0, 0, 0, 1, 1, 3])):
        spoil(chance, fields)
    if maybe(chance, 0.3):
        extend(chance, fields)
    if maybe(chance, 0.1):
        chance.shuffle(fields)
    fields.append((TAG, tag))
    body = write(_top(chance, fields), ascii_only=maybe(chance, 0.3))
    if maybe(chance, 0.06):
        body = spoil_bytes(chance, body)
    return _carried(chance, key, body, tag)


def _messages(chance: Random) -> list[Any]:
    messages: list[Any] = [chance.choice(MESSAGES) for _ in range(chance.choice([0, 0, 1, 2, 4]))]
    content: Any = chance.choice(TEXTS)
    if maybe(chance, 0.3):
        content = [chance.choice(PARTS) for _ in range(chance.randrange(4))]
    messages.append({"role": "user", "content": content})
    return messages


def _top(chance: Random, fields: Pairs) -> Tree:
    if maybe(chance, 0.95):
        return fields
    return chance.choice([[fields], odd(chance), Odd(b""), Odd(b" "), Odd(b"\xef\xbb\xbf" + write(fields))])


def _carried(chance: Random, key: str, body: bytes, tag: str) -> Case:
    """Put the body on a socket: chunked, gzipped, announced, or with headers that are not true."""
    headers, sent = common(key), body
    kind = chance.choice(
        ["plain"] * 12 + ["chunked", "chunked", "gzip", "broken gzip", "expect", "type", "coding"]
    )
    if kind in ("gzip", "broken gzip"):
        headers.append((b"Content-Encoding", chance.choice([b"gzip", b"GZIP", b"x-gzip"])))
        sent = gzip.compress(body, 1, mtime=0)
        if kind == "broken gzip":
            sent = spoil_bytes(chance, sent)
    elif kind == "expect":
        headers.append((b"Expect", b"100-continue"))
    elif kind == "type":
        headers[-1] = (
            b"Content-Type",
            chance.choice([b"text/plain", b"", b"application/json; charset=utf-16"]),
        )
    elif kind == "coding":
        headers.append(
            (b"Content-Encoding", chance.choice([b"br", b"", b"identity", b"gzip, gzip", b"\xff"]))
        )
    sizes = [chance.choice([1, 2, 7, 64, 1000]) for _ in range(6)] if kind == "chunked" else None
    query = chance.choice([b""] * 12 + [b"?", b"?x=1", b"?api-version=2024&%ff=%00", b"?" + b"a" * 3000])
    data = request(b"POST", TARGET + query, headers, sent, pieces=sizes)
    return Case(data, tag=tag, rule=lambda reply, seen: _same(body, reply, seen))


def _same(body: bytes, _reply: Reply, seen: Seen | None) -> None:
    """Check that the upstream saw what the caller wrote, but for what the gateway edits."""
    if seen is None:
        return
    try:
        sent = json.loads(body)
    except (ValueError, RecursionError):
        raise AssertionError("what is no JSON reached the upstream") from None
    got = seen.json
    _no_lookalikes(got)
    if sent["model"] == LOCKED:
        assert got.keys() <= ALLOWED | {TAG}, f"a locked persona let {got.keys() - ALLOWED} through"
        assert {one["role"] for one in got["messages"][1:]} <= {"user", "assistant", "tool", "function"}
        sent = {name: value for name, value in sent.items() if name in got or value is not None}
    for name in (sent.keys() | got.keys()) - EDITED:
        assert name in got, f"`{name}` is lost"
        assert name in sent, f"`{name}` is new"
        assert got[name] == sent[name], f"`{name}` has changed: {got[name]!r}"
    if sent["model"] == PLAIN_MODEL:
        assert got == sent, "a plain request has changed"
        return
    assert got["model"] == "scripted", "the upstream got another model"
    said = list(sent["messages"])
    while said and isinstance(said[0], dict) and said[0].get("role") in ("system", "developer"):
        del said[0]
    assert not said or got["messages"][-len(said) :] == said, f"messages have changed: {got['messages']}"


def _no_lookalikes(got: Any) -> None:
    """Check that no JSON reader sees other keys than we do, not even one that ignores case."""
    objects = [(got, OURS)]
    for message in got["messages"]:
        objects.append((message, OF_MESSAGES))
        content = message.get("content")
        parts = content if isinstance(content, list) else []
        objects += [(part, OF_PARTS) for part in parts if isinstance(part, dict)]
    for found, ours in objects:
        for name in found:
            assert name in ours or name.casefold() not in ours, f"`{name}` reached the upstream"


def simple(key: str, *, stream: bool, model: str = MODEL, **more: Any) -> bytes:
    """Make a good request."""
    body = {"model": model, "messages": [{"role": "user", "content": "Hi"}], "stream": stream, **more}
    return request(b"POST", TARGET, common(key), json.dumps(body).encode())
