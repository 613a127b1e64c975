"""A relay is fed with an upstream's stream, and gives what goes out."""

import json
from collections.abc import Iterable
from typing import Any

from gateway.errors import Refusal
from gateway.openai_api.relay import Relay
from gateway.upstreams.masking import Mask

MODEL = "persona/a@v1"
PERSONA = {"id": "psn_1", "turn": "msg_1"}
DONE = b"data: [DONE]\n\n"
USAGE = {"id": "1", "model": "gpt", "choices": [], "usage": {"prompt_tokens": 3}}


def relay_of(
    *, choices: int = 1, wants_usage: bool = False, plain: bool = False, limit: int = 100_000
) -> Relay:
    return Relay(
        upstream="main",
        model_json=None if plain else json.dumps(MODEL).encode(),
        choices=choices,
        wants_usage=wants_usage,
        limit=limit,
        mask=Mask(["a-secret-of-ours"]),
        fallback_id="chatcmpl-ours",
    )


def run(relay: Relay, reads: Iterable[bytes]) -> bytes:
    """Return everything that goes out when the upstream sends these pieces and ends."""
    out = []

    def put(frames: bytes) -> None:
        assert frames == b"" or (frames.startswith(b"data: ") and frames.endswith(b"\n\n"))
        out.append(frames)
        while relay.is_settled:
            put(relay.release(json.dumps(PERSONA).encode()))

    for data in reads:
        put(relay.feed(data))
    while not relay.done and relay.failure is None:
        put(relay.finish())
    return b"".join(out)


def frames(out: bytes) -> list[Any]:
    """Decode the data of each frame; `[DONE]` as it is."""
    found = []
    for each in out.split(b"\n\n")[:-1]:
        data = each.removeprefix(b"data: ")
        assert b"\n" not in data
        found.append("[DONE]" if data == b"[DONE]" else json.loads(data))
    return found


def event(*data: object) -> bytes:
    return b"".join(
        b"data: " + (each if isinstance(each, bytes) else json.dumps(each).encode()) + b"\n\n"
        for each in data
    )


def chunk(
    content: str | None = None, finish: str | None = None, index: int = 0, **more: object
) -> dict[str, Any]:
    delta = {} if content is None else {"content": content}
    choice = {"index": index, "delta": delta, "finish_reason": finish}
    return {"id": "1", "model": "gpt", "choices": [choice], **more}


def relayed(*data: object, end: bytes = DONE, **options: Any) -> tuple[list[Any], Relay]:
    relay = relay_of(**options)
    return frames(run(relay, [event(*data) + end])), relay


def named(one: dict[str, Any], **more: object) -> dict[str, Any]:
    return {**one, "model": MODEL, **more}


def failed(*data: object, end: bytes = b"", **options: Any) -> tuple[list[Any], Refusal, Relay]:
    found, relay = relayed(*data, end=end, **options)
    assert relay.failure is not None
    assert relay.cause is not None
    assert "[DONE]" not in found
    assert not relay.done
    return found, relay.failure, relay
