"""The other paths, methods, queries and headers, and embeddings."""

import json
from random import Random
from urllib.parse import unquote

from tests.fuzz.case import Case, Header, common, maybe, request
from tests.fuzz.json_tree import Pairs, extend, odd, spoil, tree, write

METHODS = ["GET", "GET", "GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "TRACE", "PROPFIND"]
NAMES = [
    *("persona/fuzzed", "persona/fuzzed@v1", "persona%2Ffuzzed", "persona%2ffuzzed%40v1", "plain-model"),
    *("gpt-4o", "persona/fuzzed@v2", "persona/", "persona", "%70ersona/fuzzed", "persona/%00"),
    *("persona/%ff", "%zz", "%", "persona/fuzzed@staging", "persona//fuzzed", "..", "../.."),
    *("%2e%2e/%2e%2e", "persona/f%C3%BCzzed", "%F0%9F", "persona/fuzzed%0d%0aX:%20y", "a" * 3000),
    *("persona/psn_00000000000000000000", "persona/fuzzed/", "a/b/c/d"),
]
PATHS = [
    *("/v1/openai/models", "/v1/openai/models", "/v1/openai/models/", "/v1/openai", "/v1/openai/", "/v1"),
    *("/v1/openai/chat/completions", "/v1/openai/chat/completions/", "/v1/openai/chat"),
    *("/v1/openai/embeddings", "/v1/openai/responses", "/v1/openai/completions", "/v1/openai/moderations"),
    *("/v1/openai/files", "/v1/openaix", "/v1/openai//models", "//v1/openai/models", "/V1/OPENAI/models"),
    *("/v1/%6fpenai/models", "/v1/openai%2fmodels", "/health/live", "/health/ready", "/health", "/", "//"),
    *("/%", "/%00", "/%ff", "/docs", "/docs/openapi.json", "/docs/nothing", "/favicon.ico", "/metrics"),
    *("/v1/openai/models%00", "/v1/openai/../openai/models", "/.env", "/v1/personas", "/v1/personas/fuzzed"),
    *("/v1/personas/fuzzed/versions", "/v1/personas/fuzzed/versions/1", "/v1/keys", "/v1/conversations"),
    *("/v1/turns", "/v1/runs", "/v1/workspaces", "/v1/config", "/v1/models", "/v1/turns/stream", "/v1/usage"),
    *("/v1/audit", "/v1/personas/", "/v1/personas/fuzzed/render", "/v1/personas/fuzzed/render/x"),
    *("/v1/personas/fuzzed/versions/v1/diff/v1", "/v1/personas/fuzzed/versions/v9/diff/x", "/openapi.json"),
    *("/v1/personas/fuzzed/labels", "/v1/personas/fuzzed@v1", "/v1/personas/%00"),
    *(
        "/v1/personas/fuzzed/fork",
        "/v1/personas/fuzzed/labels/x",
        "/v1/keys/key_x/rotate",
        "/v1/personas/%ff/versions",
    ),
]
QUERIES = [
    *("persona=fuzzed", "persona=persona/fuzzed", "persona=fuzzed&versions=true", "persona=nobody"),
    *("persona=", "versions=true", "versions=maybe", "versions=", "versions=1&versions=0"),
    *("persona=fuzzed&persona=locked", "persona=%ff", "persona=%00", "persona=fuzzed%40v1"),
    *("persona=fuzzed@v9", "persona[]=x", "persona=fuzzed@@", "limit=-1", "limit=1e9", "limit=x"),
    *("limit=5&after=x", "q=%00", "q=a&tag=%ff", "language=xx&label=y", "visibility=none", "after=%00"),
    *("cursor=x", "cursor=%ff", "x" * 2000, "=", "&&&", "%", "a=b=c", "%zz=%zz", "persona=" + "a" * 3000),
    *("persona=psn_00000000000000000000", "persona=..%2f..", "versions=TRUE&persona=fuzzed"),
]
HEADERS: list[Header] = [
    (b"Persona-Workspace", b"ws_00000000000000000000"),
    (b"Persona-Workspace", b""),
    (b"Persona-Workspace", b"\xff"),
    (b"X-Persona-Conversation-Id", b"conv_1"),
    (b"Idempotency-Key", b"k" * 500),
    (b"X-Request-Id", b"req_mine"),
    (b"Accept", b"text/html"),
    (b"Accept", b"\xff/\xfe"),
    (b"Accept-Encoding", b"gzip, br"),
    (b"Cookie", b"a=b; \xff=\x80; =; ;;"),
    (b"Content-Type", b"multipart/form-data; boundary="),
    (b"Content-Type", b"multipart/form-data"),
    (b"Content-Type", b"application/x-www-form-urlencoded"),
    (b"Content-Type", b"application/json; charset=\xff"),
    (b"Content-Type", b";;;"),
    (b"If-None-Match", b"*"),
    (b"Range", b"bytes=0-0"),
    (b"Origin", b"null"),
    (b"X-Forwarded-Host", b"a\tb"),
    (b"Access-Control-Request-Method", b"POST"),
    (b"Host", b"other:99999"),
]
INPUTS = ["text", ["a", "b"], [1, 2, 3], [[1], [2]], "", [], None, {"a": 1}, [None], 5]


def surface(chance: Random, key: str, _tag: str) -> Case:
    """Make a request to anywhere but the chat."""
    if maybe(chance, 0.2):
        return _embeddings(chance, key)
    method, path = chance.choice(METHODS), chance.choice(PATHS)
    if maybe(chance, 0.4):
        path = f"/v1/openai/models/{chance.choice(NAMES)}"
    query = f"?{chance.choice(QUERIES)}" if maybe(chance, 0.4) else ""
    headers = [(b"Host", b"gateway"), *_keys(chance, key)]
    headers += [chance.choice(HEADERS) for _ in range(chance.choice([0, 0, 1, 2]))]
    body = None
    if method not in ("GET", "HEAD", "OPTIONS") or maybe(chance, 0.05):
        body = write(odd(chance)) if maybe(chance, 0.5) else b'{"slug":"fuzz","prompt":"p"}'
    data = request(method.encode(), (path + query).encode(), headers, body)
    # Empty segments are left out when a route is looked for, so either envelope will do.
    return Case(data, path=None if "//" in path else unquote(path), method=method)


def _keys(chance: Random, key: str) -> list[Header]:
    """Put a key into one, some or none of its places; it may be wrong."""
    right = key.encode()
    wrong = [
        b"",
        b"x",
        right[:-1],
        right[:-1] + b"!",
        right + b"x",
        b"pk_live_" + b"0" * 40,
        b"sk-" + b"a" * 40,
    ]
    wrong += [
        b"\xff" * 48,
        right[:8] + "ä".encode() * 20,
        b"pk_test_" + right[8:],
        b"\x80",
        b'"' + right[:-2] + b'"',
    ]
    value = chance.choice(wrong) if maybe(chance, 0.25) else right
    places: list[Header] = [
        (b"Authorization", b"Bearer " + value),
        (b"authorization", b"bearer  " + value),
        (b"Authorization", value),
        (b"Authorization", b"Basic " + value),
        (b"api-key", value),
        (b"X-API-Key", value),
    ]
    return [chance.choice(places) for _ in range(chance.choice([0, 1, 1, 1, 1, 2, 3]))]


def _embeddings(chance: Random, key: str) -> Case:
    fields = Pairs(
        [("model", chance.choice(["any", "persona/fuzzed", ""])), ("input", tree(chance.choice(INPUTS)))]
    )
    if maybe(chance, 0.4):
        fields.append(("encoding_format", chance.choice(["base64", "float", "x", None])))
    if maybe(chance, 0.3):
        fields.append(("dimensions", chance.choice([3, 0, -1, 5000, "x", None])))
    if maybe(chance, 0.5):
        spoil(chance, fields)
    if maybe(chance, 0.2):
        extend(chance, fields)
    body = write(fields)
    if maybe(chance, 0.05):
        body = json.dumps("x" * 100).encode()
    return Case(request(b"POST", b"/v1/openai/embeddings", common(key), body), path="/v1/openai/embeddings")
