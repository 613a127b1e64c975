"""The model behind the scripted upstream speaks OpenAI's Responses API too, and says there what it says to a
chat."""

import hashlib
from collections.abc import Iterator
from typing import Any

from tests.fakes.upstream_scripts import Json, Named, Script, dump, error_object, events, json_answer, status

KNOWN = ("message", "function_call", "function_call_output", "reasoning", "custom_tool_call_output")
CREATED = 1_700_000_000


def as_chat(body: Json) -> Json:
    """Say a Responses request as a chat request, as far as the model looks at it."""
    given = body.get("input")
    items = [{"role": "user", "content": given}] if isinstance(given, str) else given or []
    messages: list[Json] = []
    if body.get("instructions"):
        messages.append({"role": "system", "content": body["instructions"]})
    for item in items:
        kind = item.get("type", "message")
        if kind == "message":
            messages.append({"role": item["role"], "content": item["content"]})
        elif kind.endswith("_output"):
            messages.append({"role": "tool", "content": item["output"]})
    tools = [
        {"type": "function", "function": {name: tool[name] for name in tool if name != "type"}}
        for tool in body.get("tools") or []
        if tool["type"] == "function"
    ]
    shape = (body.get("text") or {}).get("format") or {}
    wanted = {"type": shape.get("type"), "json_schema": shape} if shape else {}
    return {
        "messages": messages,
        "tools": tools,
        "tool_choice": body.get("tool_choice"),
        "response_format": wanted,
        "max_tokens": body.get("max_output_tokens"),
    }


def refusal(body: Json) -> Script | None:
    """Refuse what refers to something that is not kept."""
    given = body.get("input")
    for item in given if isinstance(given, list) else ():
        if item.get("type") == "item_reference":
            return status(404, error_object(f"Item {item.get('id')} was not found.", code="not_found"))
    return None


def output(body: Json, message: Json, asked: str) -> list[Json]:
    """Make the items of an answer; whoever is asked to think does so first."""
    name = hashlib.sha256(dump(body).encode()).hexdigest()[:24]
    found: list[Json] = []
    if "think" in asked:
        secret = "sealed" if "reasoning.encrypted_content" in (body.get("include") or []) else None
        thought = {"type": "summary_text", "text": "A thought."}
        found.append(
            {"id": f"rs_{name}", "type": "reasoning", "summary": [thought], "encrypted_content": secret}
        )
    if any(tool["type"] == "web_search" for tool in body.get("tools") or []):
        action = {"type": "search", "query": asked}
        found.append({"id": f"ws_{name}", "type": "web_search_call", "status": "completed", "action": action})
    found += [
        {
            "id": f"fc_{name}{call['id']}",
            "type": "function_call",
            "call_id": call["id"],
            "name": call["function"]["name"],
            "arguments": call["function"]["arguments"],
            "status": "completed",
        }
        for call in message.get("tool_calls") or []
    ]
    if message.get("content"):
        part = {"type": "output_text", "text": message["content"], "annotations": [], "logprobs": []}
        said = {"id": f"msg_{name}", "type": "message", "role": "assistant", "status": "completed"}
        found.append({**said, "content": [part], "x_vendor_item": True})
    return found


def response(
    body: Json, items: list[Json], finish: str, spent: Json | None, status: str = "completed"
) -> Json:
    name = hashlib.sha256(dump(body).encode()).hexdigest()[:24]
    is_cut = finish == "length" and status == "completed"
    return {
        "id": f"resp_{name}",
        "object": "response",
        "created_at": CREATED,
        "status": "incomplete" if is_cut else status,
        "error": None,
        "incomplete_details": {"reason": "max_output_tokens"} if is_cut else None,
        "instructions": body.get("instructions"),
        "model": body.get("model"),
        "output": items,
        "parallel_tool_calls": True,
        "previous_response_id": None,
        "store": body.get("store", True),
        "temperature": 1.0,
        "text": body.get("text") or {"format": {"type": "text"}},
        "tool_choice": "auto",
        "tools": body.get("tools") or [],
        "top_p": 1.0,
        "truncation": "disabled",
        "metadata": body.get("metadata") or {},
        "usage": spent,
        "x_vendor": {"kept": True},
    }


def answer(body: Json, items: list[Json], finish: str, spent: Json) -> Script:
    whole = response(body, items, finish, spent)
    if not body.get("stream"):
        return json_answer(whole)
    return events(list(told(body, items, whole)), done=False)


def told(body: Json, items: list[Json], whole: Json) -> Iterator[Named]:
    """Tell the answer as events, with one that no client knows among them."""
    begun = response(body, [], "stop", None, "in_progress")
    said: list[Json] = [
        {"type": "response.created", "response": begun},
        {"type": "response.in_progress", "response": begun},
    ]
    for at, item in enumerate(items):
        said += _item_told(at, item)
    said.insert(3, {"type": "response.x_vendor.note", "note": "kept"})
    kind = "response.incomplete" if whole["status"] == "incomplete" else "response.completed"
    said.append({"type": kind, "response": whole})
    for number, event in enumerate(said):
        yield Named(event["type"], {**event, "sequence_number": number})


def _item_told(at: int, item: Json) -> Iterator[Json]:
    place: Json = {"output_index": at, "item_id": item["id"]}
    begun: dict[str, Any] = {**item, "status": "in_progress"}
    if item["type"] == "function_call":
        yield {"type": "response.output_item.added", "output_index": at, "item": {**begun, "arguments": ""}}
        text = item["arguments"]
        kind = "response.function_call_arguments"
        for start in range(0, len(text), 5):
            yield {"type": f"{kind}.delta", **place, "delta": text[start : start + 5]}
        yield {"type": f"{kind}.done", **place, "arguments": text, "name": item["name"]}
    elif item["type"] == "message":
        yield {"type": "response.output_item.added", "output_index": at, "item": {**begun, "content": []}}
        part, where = item["content"][0], {**place, "content_index": 0}
        yield {"type": "response.content_part.added", **where, "part": {**part, "text": ""}}
        words = part["text"].split(" ")
        for number, word in enumerate(words):
            piece = word if number == len(words) - 1 else word + " "
            said = {**where, "delta": piece, "logprobs": [], "obfuscation": "x" * number}
            yield {"type": "response.output_text.delta", **said}
        yield {"type": "response.output_text.done", **where, "text": part["text"], "logprobs": []}
        yield {"type": "response.content_part.done", **where, "part": part}
    else:
        yield {"type": "response.output_item.added", "output_index": at, "item": begun}
    yield {"type": "response.output_item.done", "output_index": at, "item": item}
