"""The tools of the MCP server: what they take and give, and how each asks the native API."""

import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, NamedTuple

from gateway import ids
from gateway.mcp.api import Api, ApiRefusal, failed

Json = dict[str, Any]
SEGMENT = re.compile(r"[A-Za-z0-9_-]{1,128}")
Progress = Callable[[float, str], Awaitable[None]]
"""Tells how many characters or lines have been said so far, and what was said last."""

TEXT: Json = {"type": "string"}
NUMBER: Json = {"type": "number"}
REF: Json = {
    "type": "string",
    "description": "A slug or id, perhaps with a version or label behind it: `the-night-librarian@v3`.",
    "maxLength": 128,
}
OPEN: Json = {"type": "object"}
MAYBE_NUMBER: Json = {"type": ["number", "null"]}
SHOWN = ("id", "slug", "name", "visibility", "tags", "language", "version", "labels")
"""Fields of a persona that a search shows."""
OF_MESSAGE = ("persona", "message", "temperature", "max_tokens", "tools")
OF_REPLY = ("message_id", "persona", "drift", "coherence", "tools_used", "tokens", "cost_usd")


class Tool(NamedTuple):
    """Describes one tool."""

    title: str
    description: str
    input: Json
    output: Json
    annotations: Json
    run: Callable[[Api, Mapping[str, Any], Progress | None], Awaitable[Json]]


def _object(required: str, **properties: Json) -> Json:
    return {
        "type": "object",
        "properties": properties,
        "required": required.split(),
        "additionalProperties": False,
    }


async def invoke(api: Api, given: Mapping[str, Any], progress: Progress | None) -> Json:
    """Say something to a persona, and return its answer."""
    named = {name: given[name] for name in OF_MESSAGE if name in given}
    conversation = str(given.get("conversation_id") or ids.new("conv"))
    path = f"/chat/conversations/{segment(conversation)}/messages"
    if progress is None:
        reply = await api.call("POST", path, body=named)
    else:
        reply = await _streamed(api, path, named, progress)
    return {
        "answer": reply["content"] or "",
        "conversation_id": reply["conversation"],
        **{name: reply[name] for name in OF_REPLY},
    }


async def _streamed(api: Api, path: str, body: Json, progress: Progress) -> Json:
    said, reply = 0, None
    async with api.events(path, {**body, "stream": True}) as events:
        async for event in events:
            if event.name == "error":
                raise failed(event)
            if event.name == "message.delta":
                said += len(event.data["delta"])
                await progress(said, event.data["delta"])
            elif event.name == "message.completed":
                reply = event.data
    if reply is None:
        raise ApiRefusal(500, "internal", "The answer has broken off.")
    found: Json = reply
    return found


async def search(api: Api, given: Mapping[str, Any], _progress: Progress | None) -> Json:
    """Find personas by words of their names, slugs, tags and prompts, or by what they mean."""
    query = {"q": str(given.get("query", "")), "limit": str(given.get("limit", 10))}
    if given.get("semantic"):
        query["semantic"] = "true"
    found = await api.call("GET", "/personas", query=query)
    shown = [{name: each[name] for name in SHOWN if name in each} for each in found["data"]]
    return {"personas": shown}


async def fork(api: Api, given: Mapping[str, Any], _progress: Progress | None) -> Json:
    """Copy a persona as a new one of the caller's."""
    parent, _, version = str(given["parent"]).partition("@")
    body = {name: given[name] for name in ("slug", "name", "visibility") if name in given}
    if version:
        body["version"] = version
    made = await api.call("POST", f"/personas/{segment(parent)}/fork", body=body)
    return {"persona": {name: made[name] for name in SHOWN if name in made}}


async def scenario(api: Api, given: Mapping[str, Any], progress: Progress | None) -> Json:
    """Have several personas play a scene."""
    if progress is None:
        found: Json = await api.call("POST", "/ensembles/scenarios", body=dict(given))
        return found
    scene: Json | None = None
    async with api.events("/ensembles/scenarios", {**given, "stream": True}) as events:
        async for event in events:
            if event.name == "error":
                raise failed(event)
            if event.name == "line.completed":
                line = event.data
                await progress(line["line"], f"{line['persona']['slug']}: {line['content']}")
            elif event.name == "scene.completed":
                scene = event.data
    if scene is None:
        raise ApiRefusal(500, "internal", "The scene has broken off.")
    return scene


def segment(text: str) -> str:
    """Return a text that can be one segment of a path. Raises ApiRefusal, since nothing has another name."""
    if not SEGMENT.fullmatch(text):
        raise ApiRefusal(404, "request.invalid", "A name holds letters, digits, `-` and `_` only.")
    return text


TOOLS = {
    "persona.invoke": Tool(
        "Talk to a persona",
        "Say something to a persona and get its answer, with how far it strays from the persona. Its "
        "`conversation_id` goes on with the same conversation.",
        _object(
            "persona message",
            persona=REF,
            message={"type": "string", "minLength": 1, "description": "What to say."},
            conversation_id={**TEXT, "description": "The conversation to go on in; without it, a new one."},
            temperature={**NUMBER, "minimum": 0, "maximum": 2},
            max_tokens={"type": "integer", "minimum": 1, "description": "Tokens of the answer at most."},
            tools={
                "type": "array",
                "maxItems": 128,
                "items": TEXT,
                "description": "Tools of the gateway's own.",
            },
        ),
        _object(
            "answer conversation_id message_id persona drift tokens",
            answer=TEXT,
            conversation_id=TEXT,
            message_id=TEXT,
            persona=OPEN,
            drift={**OPEN, "description": "How far it strays: 0 to 1 for each axis, and a verdict."},
            coherence=MAYBE_NUMBER,
            tools_used={"type": "array", "items": OPEN},
            tokens=OPEN,
            cost_usd=MAYBE_NUMBER,
        ),
        {"readOnlyHint": False, "destructiveHint": False, "idempotentHint": False, "openWorldHint": True},
        invoke,
    ),
    "persona.search": Tool(
        "Find personas",
        "Find personas that this key may read, by words of their names, slugs, tags and prompts.",
        _object(
            "query",
            query={**TEXT, "maxLength": 200, "description": "A few words."},
            limit={"type": "integer", "minimum": 1, "maximum": 50, "default": 10},
            semantic={
                "type": "boolean",
                "default": False,
                "description": "Whether personas are found by what they mean, too.",
            },
        ),
        _object("personas", personas={"type": "array", "items": OPEN}),
        {"readOnlyHint": True, "openWorldHint": False},
        search,
    ),
    "persona.fork": Tool(
        "Copy a persona",
        "Copy one version of a persona as version 1 of a new one.",
        _object(
            "parent",
            parent={**REF, "description": "The persona to copy, perhaps with `@v3`."},
            slug={**TEXT, "maxLength": 64, "description": "The new slug; without it, one is made."},
            name={**TEXT, "maxLength": 200},
            visibility={"type": "string", "enum": ["private", "workspace", "public"], "default": "private"},
        ),
        _object("persona", persona=OPEN),
        {"readOnlyHint": False, "destructiveHint": False, "idempotentHint": False, "openWorldHint": False},
        fork,
    ),
    "ensemble.scenario": Tool(
        "Play a scene",
        "Have several personas play a scene: they speak in turn, each with its own prompt, and each line "
        "tells how far it strays from its persona.",
        _object(
            "personas scene",
            personas={"type": "array", "minItems": 2, "maxItems": 8, "items": REF},
            scene={**TEXT, "minLength": 1, "maxLength": 8000, "description": "Where they are, and why."},
            turns={"type": "integer", "minimum": 1, "maximum": 32, "default": 6},
            budget_usd={
                **NUMBER,
                "exclusiveMinimum": 0,
                "description": "Ends the scene once it costs this.",
            },
            temperature={**NUMBER, "minimum": 0, "maximum": 2},
            max_tokens={"type": "integer", "minimum": 1, "maximum": 100_000},
        ),
        _object(
            "lines ended cost_usd",
            lines={"type": "array", "items": OPEN},
            ended={"type": "string", "enum": ["turns", "budget", "unpriced", "left", "failed"]},
            cost_usd=MAYBE_NUMBER,
            error={"type": ["string", "null"]},
        ),
        {"readOnlyHint": False, "destructiveHint": False, "idempotentHint": False, "openWorldHint": True},
        scenario,
    ),
}
