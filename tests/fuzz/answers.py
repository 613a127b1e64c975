"""An upstream may answer a good request well with unknown fields, spoil it, refuse it, or not speak HTTP."""

import itertools
from random import Random
from typing import Any

from tests.fakes.upstream import Seen
from tests.fakes.upstream_model import answer_chunks, chunk, completion, usage_chunk
from tests.fakes.upstream_scripts import CLOSE, RESET, Delivery, Json, Script, raw
from tests.fuzz.case import FORBIDDEN, MODEL, PLAIN_MODEL, RESOLVED, UPSTREAM_KEY, Case, maybe
from tests.fuzz.chats import TAG, simple
from tests.fuzz.json_tree import Pairs, Tree, extend, fit, odd, spoil, spoil_bytes, tree, write
from tests.fuzz.line import Reply
from tests.fuzz.relayed import DONE_FRAME, same_stream
from tests.fuzz.rules import loose_json, payloads

NEWLINES = [b"\n", b"\n", b"\n", b"\r\n", b"\r"]
JSON_TYPE = "application/json"
STREAM_TYPE = "text/event-stream"
DOUBLED = "persona/doubled"
TYPES = [
    JSON_TYPE,
    STREAM_TYPE,
    "text/html",
    "",
    "application/json; charset=latin-1",
    "TEXT/EVENT-STREAM",
    "\xff",
]
STATUSES = [
    400,
    401,
    402,
    403,
    404,
    405,
    408,
    409,
    413,
    415,
    422,
    429,
    451,
    499,
    500,
    501,
    502,
    503,
    504,
    529,
    599,
]
ODD_STATUSES = [201, 202, 204, 206, 301, 302, 304, 307, 308, 418, 600, 999]
TEXTS = ["Hello there.", "", "äöü 😀 \u2028", "{} data: [DONE]", "a\r\nb\n\nc", "x" * 3000]
CALLS = [{"index": 0, "id": "call_1", "type": "function", "function": {"name": "look", "arguments": "{}"}}]
CODES: list[Any] = [
    *(400, 401, 403, 404, 429, 500, 503, "400", "429", "500", "invalid_api_key", 400.0, True, None, 10**30),
    *(-1, [400], {"a": 1}, "", "4０0", 99, 600, 399),
]
FORBIDDEN_CODES = (401, 403)
ERROR_LINES = [
    *(b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n", b"HTTP/1.1 abc OK\r\n\r\n"),
    *(b"HTTP/9.9 200 OK\r\n\r\n", b"junk", b"HTTP/1.1 200 OK\r\nno colon\r\n\r\n"),
    b"HTTP/1.1 200 OK\r\nX: \x00\r\nContent-Length: 2\r\n\r\n{}",
    *(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n", b"\r\n\r\n", b"", b"\xff" * 40),
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{}\r\n0\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 2\r\n\r\n{}",
    b"HTTP/1.1 200 OK\r\nContent-Encoding: br\r\nContent-Length: 2\r\n\r\n{}",
    b"HTTP/1.1 200 OK\r\nX: " + b"y" * 70_000 + b"\r\nContent-Length: 2\r\n\r\n{}",
    b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n",
]


def answered(chance: Random, key: str, tag: str) -> Case:
    """Send a good request to an upstream that answers anything."""
    stream, asked = maybe(chance, 0.65), maybe(chance, 0.4)
    model = chance.choice([MODEL, MODEL, MODEL, MODEL, PLAIN_MODEL, DOUBLED])
    more: Json = {TAG: tag}
    choices = chance.choice([1, 1, 1, 2])
    if choices > 1:
        more["n"] = choices
    if stream and asked:
        more["stream_options"] = {"include_usage": True}
    case = Case(simple(key, stream=stream, model=model, **more), tag=tag, may_fail=True)
    kind = chance.random()
    if kind < 0.12:
        case.script = refusal(chance)
    elif kind < 0.16:
        case.script = raw(chance.choice(ERROR_LINES), chance.choice([CLOSE, RESET]))
    elif stream and kind < 0.95:
        _stream(chance, case, model, choices, keeps_usage=asked or model == PLAIN_MODEL)
    else:
        _whole(chance, case, model, choices, stream=stream)
    if model == DOUBLED:
        case.rule = _not_unavailable
    return case


def _not_unavailable(reply: Reply, _seen: Seen | None) -> None:
    """Refuse the answer that no upstream is available, whatever the first one does: the second one is
    well."""
    assert reply.status != 503, "the second upstream was not asked"


def refusal(chance: Random) -> Script:
    """Make an HTTP error; the part that nobody may see bears the mark."""
    status = chance.choice(STATUSES if maybe(chance, 0.85) else ODD_STATUSES)
    hidden = status in FORBIDDEN_CODES
    kind = chance.choice([JSON_TYPE] * 4 + TYPES)
    shape = chance.random()
    if shape < 0.25:
        body = chance.choice([b"", b"<html>%b</html>", b"%b", b"[%b", b'{"error":{"message":"%b"}']).replace(
            b"%b", FORBIDDEN.encode()
        )
    else:
        said = FORBIDDEN if hidden else "Your request is no good."
        holder = tree(_error_body(chance, said))
        if maybe(chance, 0.4):
            spoil(chance, holder)
        body = write(holder)
    headers = {"content-type": kind}
    if maybe(chance, 0.3):
        waits = [
            "0",
            "1",
            "-1",
            "0.5",
            "x",
            "",
            "9" * 400,
            "nan",
            "inf",
            "\xff",
            "Wed, 21 Oct 2015 07:28:00 GMT",
        ]
        headers["retry-after"] = chance.choice(waits)
    delivery = _delivery(chance)
    return delivery.carry([] if status in (204, 304) else [body], code=status, headers=headers)


def _error_body(chance: Random, said: str) -> Any:
    error: Any = {"message": said, "type": "scripted", "param": chance.choice([None, "n", 5]), "code": "c"}
    if maybe(chance, 0.3):
        error["debug"] = {"key": f"Bearer {UPSTREAM_KEY}", UPSTREAM_KEY: [UPSTREAM_KEY]}
    if maybe(chance, 0.2):
        error["code"] = chance.choice(CODES)
    if maybe(chance, 0.05):
        error["padding"] = "x" * 20_000
    shapes: list[Any] = [
        *({"error": error}, {"error": error}, {"error": error}, [{"error": error}], {"error": said}, error),
        *({"detail": said}, {"detail": [{"loc": ["body"], "msg": said}]}, {"message": said}, {"error": {}}),
        *({"error": None}, {"error": [error]}, {"error": 5}, [], said, None, {}, {"error": {"message": ""}}),
        *({"error": {"error": error}}, {"error": {"message": {"text": said}}}, {"error": True}),
    ]
    return chance.choice(shapes)


def _whole(chance: Random, case: Case, model: str, choices: int, *, stream: bool) -> None:
    """Answer a request, or a stream, as a whole; a valid answer has to come through with all it has."""
    body = tree(_completion(chance, choices))
    for _ in range(chance.choice([0, 1, 3])):
        extend(chance, body)
    kind, is_valid = JSON_TYPE, maybe(chance, 0.4)
    if not is_valid:
        for _ in range(chance.choice([1, 1, 2, 5])):
            spoil(chance, body)
    data = write(body, ascii_only=maybe(chance, 0.3))
    if not is_valid:
        if maybe(chance, 0.2):
            body.append(("error", _odd_error(chance)))
            data = write(body)
        if maybe(chance, 0.25):
            data = spoil_bytes(chance, _unmarked(data))
        if maybe(chance, 0.1):
            data = write(odd(chance))
        if maybe(chance, 0.1):
            kind = chance.choice(TYPES)
        if maybe(chance, 0.05):
            data = f"<html>{FORBIDDEN}</html>".encode()
    data = chance.choice([b"", b"", b"", b"\n\n  ", b" "]) + data
    case.script = _delivery(chance).carry([data], code=200, headers={"content-type": kind})
    if not is_valid:
        if maybe(chance, 0.1):
            case.script = case.script.cut(chance.randrange(len(data) + 1), chance.choice([CLOSE, RESET]))
        return
    if not stream:
        case.rule = lambda reply, _seen: _same_whole(reply, data, model)
    else:
        case.rule = lambda reply, _seen: _same_texts(reply, data)


def _completion(chance: Random, choices: int) -> Json:
    each = []
    for index in range(choices):
        message: Json = {"role": "assistant", "content": chance.choice(TEXTS)}
        if maybe(chance, 0.2):
            message |= {"content": None, "tool_calls": [{k: v for k, v in CALLS[0].items() if k != "index"}]}
        each.append({"index": index, "message": message, "finish_reason": chance.choice(["stop", "length"])})
    return completion(choices=each)


def _same_whole(reply: Reply, data: bytes, model: str) -> None:
    assert reply.status == 200, f"a valid answer became {reply.status}"
    expected, got = loose_json(data), loose_json(reply.body)
    persona = got.pop("persona", None)
    assert (persona is not None) is (model == MODEL), "the persona object"
    if model == MODEL:
        expected["model"] = RESOLVED
    assert got == expected, "a valid answer has changed"


def _same_texts(reply: Reply, data: bytes) -> None:
    """Check that a whole answer, sent as a stream, says the same."""
    assert reply.status == 200, f"a valid answer became {reply.status}"
    assert reply.body.endswith(DONE_FRAME), "it does not end well"
    texts: dict[int, str] = {}
    for value in payloads(reply):
        for choice in value["choices"]:
            texts.setdefault(choice["index"], "")
            texts[choice["index"]] += choice["delta"].get("content") or ""
    expected = {one["index"]: one["message"]["content"] or "" for one in loose_json(data)["choices"]}
    assert texts == expected, "the text has changed"


def _stream(chance: Random, case: Case, model: str, choices: int, *, keeps_usage: bool) -> None:
    """Answer with a stream of events; valid or not, what comes out of it is a run of what went in."""
    is_valid = maybe(chance, 0.35)
    items = [tree(item) for item in _chunks(chance, choices)]
    for item in items:
        if maybe(chance, 0.3):
            extend(chance, item)
    texts = [write(item, ascii_only=maybe(chance, 0.2)) for item in items]
    if not is_valid:
        for _ in range(chance.choice([0, 1, 1, 2])):
            _spoil_item(chance, items, texts)
    done = is_valid or maybe(chance, 0.8)
    frames = _frames(chance, [*texts, b"[DONE]"] if done else texts)
    data = b"".join(frames)
    kind = f"{STREAM_TYPE}{chance.choice(['', '; charset=utf-8'])}"
    if not is_valid:
        for _ in range(chance.choice([0, 0, 0, 1, 2])):
            data = spoil_bytes(chance, _unmarked(data))
        if maybe(chance, 0.04):
            kind = chance.choice(TYPES)
    case.script = _delivery(chance).carry([data], code=200, headers={"content-type": kind})
    if not is_valid and maybe(chance, 0.08):
        case.script = case.script.cut(chance.randrange(len(data) + 1), chance.choice([CLOSE, RESET]))
    if JSON_TYPE not in kind:
        case.rule = lambda reply, _seen: same_stream(
            reply, data, model, keeps_usage=keeps_usage, is_valid=is_valid
        )


def _chunks(chance: Random, choices: int) -> list[Json]:
    rows: list[list[Json]] = []
    for index in range(choices):
        row = answer_chunks(chance.choice(TEXTS), finish=chance.choice(["stop", "length"]))
        if maybe(chance, 0.2):
            row.insert(-1, chunk(index=index, delta={"tool_calls": CALLS}))
        for item in row:
            item["choices"][0]["index"] = index
        rows.append(row)
    mixed = [item for row in itertools.zip_longest(*rows) for item in row if item is not None]
    if maybe(chance, 0.4):
        mixed.append(usage_chunk())
    if maybe(chance, 0.2):
        mixed.insert(
            0, {"id": mixed[0]["id"], "choices": chance.choice([[], None]), "prompt_filter_results": [1]}
        )
    if maybe(chance, 0.1):
        del mixed[0]["id"]
    return mixed


def _spoil_item(chance: Random, items: list[Tree], texts: list[bytes]) -> None:
    at = chance.randrange(len(items))
    kind = chance.choice(
        ["spoil"] * 6 + ["error", "error", "junk", "drop", "twice", "swap", "done", "inside"]
    )
    if kind == "spoil" and items[at]:
        spoil(chance, items[at])
        texts[at] = write(items[at], ascii_only=maybe(chance, 0.2))
    elif kind == "error":
        texts.insert(at, write(Pairs([("error", _odd_error(chance))])))
    elif kind == "inside":
        texts[at] = write(Pairs([*items[at], ("error", _odd_error(chance))]))
    elif kind == "junk":
        texts.insert(
            at, chance.choice([b"", b" ", b"<p>", b"[]", b"null", b"5", b'"x"', b"{", b"[DONE", b"{}"])
        )
    elif kind == "done":
        texts.insert(at, b"[DONE]")
    elif kind == "twice":
        texts.insert(at, texts[at])
    elif kind == "drop":
        texts[at] = b""
    else:
        other = chance.randrange(len(texts))
        texts[at], texts[other] = texts[other], texts[at]


def _odd_error(chance: Random) -> Tree:
    """Make an error in the midst of an answer; the mark is in those that name a status nobody may see."""
    if maybe(chance, 0.3):
        return fit(chance) if maybe(chance, 0.7) else odd(chance)
    error: Json = {"message": f"It broke; {UPSTREAM_KEY}.", "type": "scripted", "code": chance.choice(CODES)}
    if any(error["code"] is code or error["code"] == code for code in FORBIDDEN_CODES):
        error["message"] = FORBIDDEN
    elif maybe(chance, 0.3):
        holder = tree(error)
        spoil(chance, holder)
        return holder
    return tree(error)


def _unmarked(data: bytes) -> bytes:
    """Take out the marks of errors, for a spoilt one may be no error any more but a field to pass on."""
    return data.replace(UPSTREAM_KEY.encode(), b"its key").replace(FORBIDDEN.encode(), b"its words")


def _frames(chance: Random, texts: list[bytes]) -> list[bytes]:
    """Write the events down with one kind of end line, with comments, ids, names and spread data."""
    end = chance.choice(NEWLINES)
    space = b"" if maybe(chance, 0.15) else b" "
    extras, spread = maybe(chance, 0.2), maybe(chance, 0.05)
    frames = [b"\xef\xbb\xbf"] if maybe(chance, 0.05) else []
    for text in texts:
        lines = [b"data:" + space + text]
        if spread and text.startswith(b"{") and text.count(b",") == text.count(b',"'):
            lines = [b"data:" + space + part for part in text.replace(b',"', b',\n"').split(b"\n")]
        if extras:
            more = [
                b": comment",
                b"id: 7",
                b"retry: 10",
                b"event: message",
                b"event: completion",
                b"unknown: x",
                b":",
            ]
            lines.insert(0, chance.choice(more))
        frames.append(end.join([*lines, b"", b""]))
    if maybe(chance, 0.1):
        frames[-1] = frames[-1].removesuffix(end)
    return frames


def _delivery(chance: Random) -> Delivery:
    split: Any = chance.choice([None, None, None, 1, 7, 100, (3, 1, 400)])
    return Delivery(
        framing=chance.choice(["chunked", "chunked", "chunked", "length", "length", "close"]),
        split=(50 if split in (1, 7) and maybe(chance, 0.8) else split),
        gzip=maybe(chance, 0.1),
    )
