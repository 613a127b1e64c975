"""The demo's model is a script: a small OpenAI-compatible server that answers from a list of lines.

Everything in front of it is real: the gateway, its routes and the scorer, which does not know what is played.
"""

import asyncio
import itertools
import json
import re
import threading
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from typing import Any

from gateway.demo.lines import IN_CHARACTER, MARK, OUT_OF_CHARACTER

NAME = "demo-script"
"""The upstream's name, by which the page knows that it has to say so."""
MODEL = "scripted-lines"
WORD_SECONDS = 0.02


def application() -> Any:
    """Make the server's application."""
    # Imported here, since nothing but the demo needs it.
    from starlette.applications import Starlette
    from starlette.requests import Request
    from starlette.responses import JSONResponse, Response, StreamingResponse
    from starlette.routing import Route

    good, bad = itertools.cycle(IN_CHARACTER), itertools.cycle(OUT_OF_CHARACTER)

    async def chat(request: Request) -> Response:
        body = await request.json()
        text = next(bad if MARK in json.dumps(body["messages"]) else good)
        usage = _usage(body["messages"], text)
        if not body.get("stream"):
            message = {"role": "assistant", "content": text}
            choice = {"index": 0, "message": message, "finish_reason": "stop"}
            return JSONResponse(_top("chat.completion") | {"choices": [choice], "usage": usage})
        return StreamingResponse(_events(text, usage), media_type="text/event-stream")

    async def models(_: Request) -> Response:
        return JSONResponse({"object": "list", "data": [{"id": MODEL, "object": "model"}]})

    routes = [Route("/v1/chat/completions", chat, methods=["POST"]), Route("/v1/models", models)]
    return Starlette(routes=routes)


@contextmanager
def served() -> Iterator[str]:
    """Serve the script on a free port of this machine, in a thread, and yield its base URL."""
    import uvicorn

    settings = uvicorn.Config(application(), host="127.0.0.1", port=0, log_level="error", lifespan="off")
    server = uvicorn.Server(settings)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started and thread.is_alive():
        time.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        yield f"http://127.0.0.1:{port}/v1"
    finally:
        server.should_exit = True
        thread.join()


async def _events(text: str, usage: dict[str, int]) -> AsyncIterator[bytes]:
    yield _chunk({"role": "assistant", "content": ""})
    for word in re.findall(r"\S+\s*", text):
        await asyncio.sleep(WORD_SECONDS)
        yield _chunk({"content": word})
    yield _chunk({}, finish="stop")
    yield (
        b"data: "
        + json.dumps(_top("chat.completion.chunk") | {"choices": [], "usage": usage}).encode()
        + b"\n\n"
    )
    yield b"data: [DONE]\n\n"


def _chunk(delta: dict[str, str], finish: str | None = None) -> bytes:
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    whole = _top("chat.completion.chunk") | {"choices": [choice]}
    return b"data: " + json.dumps(whole).encode() + b"\n\n"


def _top(kind: str) -> dict[str, Any]:
    return {"id": "chatcmpl-demo", "object": kind, "created": 0, "model": MODEL}


def _usage(messages: list[dict[str, Any]], text: str) -> dict[str, int]:
    sent, back = len(json.dumps(messages).split()), len(text.split())
    return {"prompt_tokens": sent, "completion_tokens": back, "total_tokens": sent + back}
