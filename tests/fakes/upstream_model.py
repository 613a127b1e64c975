"""The model behind the scripted upstream: it answers every request the same way, without chance or state."""

import base64
import hashlib
import random
import re
import struct
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any

from tests.fakes import upstream_responses as responses
from tests.fakes.upstream_scripts import Json, Script, dump, error_object, events, json_answer, status

MODEL = "scripted-model"
CREATED = 1_700_000_000


def chunk(
    content: str | None = None,
    *,
    finish: str | None = None,
    index: int = 0,
    delta: Mapping[str, Any] | None = None,
    choice: Mapping[str, Any] | None = None,
    **extra: Any,
) -> Json:
    """Make one chunk; `delta` and `choice` add to those objects, `extra` adds or replaces top-level keys."""
    says = {} if content is None else {"content": content}
    only = {"index": index, "delta": {**says, **(delta or {})}, "finish_reason": finish, **(choice or {})}
    return {**_top("chat.completion.chunk"), "choices": [only], **extra}


def usage_chunk(prompt: int = 9, completion: int = 3, **extra: Any) -> Json:
    return {**_top("chat.completion.chunk"), "choices": [], "usage": usage(prompt, completion), **extra}


def completion(
    content: str | None = "Hello there.",
    *,
    finish: str | None = "stop",
    message: Mapping[str, Any] | None = None,
    **extra: Any,
) -> Json:
    only = {"index": 0, "message": {"role": "assistant", "content": content, **(message or {})}}
    choices = [{**only, "logprobs": None, "finish_reason": finish}]
    return {**_top("chat.completion"), "choices": choices, "usage": usage(9, 3), **extra}


def answer_chunks(text: str = "Hello there.", *, finish: str | None = "stop") -> list[Json]:
    """Make a streamed answer: the role, the text piece by piece, and the finish unless it is `None`."""
    last = [] if finish is None else [chunk(finish=finish)]
    return [chunk("", delta={"role": "assistant"}), *(chunk(piece) for piece in pieces(text)), *last]


def _top(kind: str) -> Json:
    shared = {"created": CREATED, "model": MODEL, "system_fingerprint": "fp_scripted"}
    return {"id": "chatcmpl-scripted", "object": kind, **shared}


def usage(prompt: int, completion: int) -> Json:
    total = {"prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": prompt + completion}
    return {**total, "prompt_tokens_details": {"cached_tokens": 0}}


def pieces(text: str) -> list[str]:
    return re.findall(r"\S+\s*|\s+", text)


def answer(method: str, path: str, body: object) -> Script:
    """Answer as an OpenAI-compatible server does; `body` is the decoded one, `None` where it is no JSON."""
    place = path.partition("?")[0]
    if method == "GET" and place.endswith("/models"):
        listed = [{"id": MODEL, "object": "model", "created": CREATED, "owned_by": "scripted"}]
        return json_answer({"object": "list", "data": listed})
    speak = next((act for end, act in _PLACES.items() if method == "POST" and place.endswith(end)), None)
    if speak is None:
        return _refusal(404, f"No such path: {method} {place}.")
    try:
        return speak(body) if isinstance(body, dict) else _refusal(400, "The body is not a JSON object.")
    except (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError):
        # Whatever a fuzzed body trips over is the body's fault, as it would be at a real upstream.
        return _refusal(400, "The body is not an acceptable request.")


def _refusal(code: int, message: str) -> Script:
    return status(code, error_object(message, code=code, kind="invalid_request_error"))


@dataclass(frozen=True)
class Turn:
    """One choice, in both its forms: the whole message, and the deltas between the role and the finish."""

    message: Json
    deltas: list[Json]
    finish: str
    logprobs: list[Json] | None = None


def _chat(body: Json) -> Script:
    name = hashlib.sha256(dump(body).encode()).hexdigest()[:24]
    top: Json = {"id": "chatcmpl-" + name, "model": body.get("model")}
    turns = [_turn(body, index) for index in range(_bounded(body.get("n"), 1, 128))]
    prompt = sum(len(pieces(_text(message.get("content")))) for message in body.get("messages") or [])
    spent = usage(prompt, sum(len(turn.deltas) for turn in turns))
    headers = {"x-request-id": "req_" + name}
    if not body.get("stream"):
        choices = [_choice(turn, index) for index, turn in enumerate(turns)]
        return json_answer(completion(**top, choices=choices, usage=spent), headers=headers)
    asked = bool((body.get("stream_options") or {}).get("include_usage"))
    extra = {**top, "usage": None} if asked else top
    # The choices take turns, so that a stream with n > 1 is never one choice after the other.
    rows = zip_longest(*(_streamed(turn, index, extra) for index, turn in enumerate(turns)))
    chunks = [part for row in rows for part in row if part is not None]
    return events([*chunks, *([usage_chunk(**{**top, "usage": spent})] if asked else [])], headers=headers)


def _bounded(value: object, default: int, most: int) -> int:
    number = default if value is None else value
    if not isinstance(number, int) or not 0 <= number <= most:
        raise ValueError(f"not within 0 and {most}: {number}")
    return number


def _choice(turn: Turn, index: int) -> Json:
    logprobs = None if turn.logprobs is None else {"content": turn.logprobs, "refusal": None}
    message = {"role": "assistant", **turn.message}
    return {"index": index, "message": message, "logprobs": logprobs, "finish_reason": turn.finish}


def _streamed(turn: Turn, index: int, extra: Json) -> Iterator[Json]:
    yield chunk("", index=index, delta={"role": "assistant"}, **extra)
    for number, delta in enumerate(turn.deltas):
        scores = turn.logprobs and turn.logprobs[number : number + 1]
        choice = {"logprobs": {"content": scores, "refusal": None}} if scores else None
        yield chunk(index=index, delta=delta, choice=choice, **extra)
    yield chunk(finish=turn.finish, index=index, **extra)


def _turn(body: Json, index: int) -> Turn:
    messages = body.get("messages") or [{}]
    if messages[-1].get("role") in ("tool", "function"):
        return _speech(f"The tool said: {_text(messages[-1].get('content'))}", body)
    asked = next((_text(one.get("content")) for one in reversed(messages) if one.get("role") == "user"), "")
    if tools := _tools(body, asked):
        return _tool_calls(tools)
    if function := _function(body, asked):
        return _function_call(function)
    wanted = body.get("response_format") or {}
    if wanted.get("type") == "json_schema":
        return _speech(dump(sample((wanted.get("json_schema") or {}).get("schema") or {})), body)
    if wanted.get("type") == "json_object":
        return _speech(dump({"said": asked}), body)
    return _speech(f"You said: {asked}" + (f" ({index})" if index else ""), body)


def _speech(text: str, body: Json) -> Turn:
    limit = body.get("max_completion_tokens") or body.get("max_tokens")
    said = pieces(text)[:limit]
    others = _bounded(body.get("top_logprobs"), 0, 20)
    scores = [_logprob(piece, others) for piece in said] if body.get("logprobs") else None
    finish = "stop" if "".join(said) == text else "length"
    return Turn({"content": "".join(said)}, [{"content": piece} for piece in said], finish, scores)


def _logprob(token: str, others: int) -> Json:
    entry = {"token": token, "logprob": -0.25, "bytes": list(token.encode(errors="surrogatepass"))}
    return {**entry, "top_logprobs": [entry] * others}


def _tools(body: Json, asked: str) -> list[Json]:
    tools = [tool["function"] for tool in body.get("tools") or [] if tool.get("type") == "function"]
    choice = body.get("tool_choice")
    if isinstance(choice, dict):
        return [tool for tool in tools if tool["name"] == choice.get("function", {}).get("name")]
    if choice == "none":
        return []
    if "both tools" in asked:
        return tools[:2]
    return tools[:1] if choice == "required" or "use the tool" in asked else []


def _function(body: Json, asked: str) -> Json | None:
    choice, functions = body.get("function_call"), body.get("functions") or []
    if isinstance(choice, dict):
        return next((one for one in functions if one["name"] == choice.get("name")), None)
    return functions[0] if functions and choice != "none" and "use the tool" in asked else None


def _tool_calls(tools: list[Json]) -> Turn:
    calls, deltas = [], []
    for index, tool in enumerate(tools):
        arguments = dump(sample(tool.get("parameters") or {}))
        named = {"id": f"call_{index + 1}", "type": "function"}
        calls.append({**named, "function": {"name": tool["name"], "arguments": arguments}})
        first = {"index": index, **named, "function": {"name": tool["name"], "arguments": ""}}
        rest = [{"index": index, "function": {"arguments": part}} for part in _fragments(arguments)]
        deltas += [{"tool_calls": [call]} for call in (first, *rest)]
    return Turn({"content": None, "tool_calls": calls}, deltas, "tool_calls")


def _function_call(function: Json) -> Turn:
    arguments = dump(sample(function.get("parameters") or {}))
    call = {"name": function["name"], "arguments": arguments}
    deltas = [{**call, "arguments": ""}, *({"arguments": part} for part in _fragments(arguments))]
    message = {"content": None, "function_call": call}
    return Turn(message, [{"function_call": delta} for delta in deltas], "function_call")


def _fragments(text: str) -> list[str]:
    return [text[at : at + 5] for at in range(0, len(text), 5)]


def _text(content: object) -> str:
    if isinstance(content, list):
        return "".join(part.get("text") or "" for part in content if isinstance(part, dict))
    return content if isinstance(content, str) else ""


def sample(schema: Json, root: Json | None = None, depth: int = 0) -> object:
    """The smallest value that fits a JSON schema, as far as the structured outputs of OpenAI know it."""
    root = schema if root is None else root
    if depth > 16:  # a schema that needs itself
        return None
    if "$ref" in schema:
        found: Any = root
        for key in schema["$ref"].removeprefix("#").strip("/").split("/"):
            found = found[key] if key else found
        return sample(found, root, depth + 1)
    if "const" in schema or schema.get("enum"):
        return schema["const"] if "const" in schema else schema["enum"][0]
    for key in ("anyOf", "oneOf", "allOf"):
        if schema.get(key):
            return sample(schema[key][0], root, depth + 1)
    kind = schema.get("type", "object")
    match kind[0] if isinstance(kind, list) else kind:
        case "object":
            fields = schema.get("properties") or {}
            return {name: sample(field, root, depth + 1) for name, field in fields.items()}
        case "array":
            return [sample(schema.get("items") or {}, root, depth + 1)]
        case "string":
            return "text"
        case "integer" | "number":
            return schema.get("minimum", 1)
        case "boolean":
            return True
    return None


def _embeddings(body: Json) -> Script:
    given = body.get("input")
    inputs = given if isinstance(given, list) and given and isinstance(given[0], str | list) else [given]
    size = _bounded(body.get("dimensions"), 8, 4096)
    vectors = [_vector(dump(one), size) for one in inputs]
    if body.get("encoding_format") == "base64":
        shown: list[object] = [base64.b64encode(packed).decode() for packed in vectors]
    else:
        shown = [list(struct.unpack(f"<{size}f", packed)) for packed in vectors]
    data = [{"object": "embedding", "index": index, "embedding": one} for index, one in enumerate(shown)]
    spent = {"prompt_tokens": len(inputs), "total_tokens": len(inputs)}
    return json_answer({"object": "list", "data": data, "model": body.get("model"), "usage": spent})


def _vector(text: str, size: int) -> bytes:
    """Packed as 32-bit floats, so that both encodings of a vector are equal to the bit."""
    chance = random.Random(text)
    return struct.pack(f"<{size}f", *(chance.uniform(-1, 1) for _ in range(size)))


def _responses(body: Json) -> Script:
    refused = responses.refusal(body)
    if refused is not None:
        return refused
    chat = responses.as_chat(body)
    turn = _turn(chat, 0)
    asked = next((_text(one["content"]) for one in reversed(chat["messages"]) if one["role"] == "user"), "")
    items = responses.output(body, turn.message, asked)
    sent = sum(len(pieces(_text(message.get("content")))) for message in chat["messages"])
    said = len(turn.deltas)
    spent = {
        "input_tokens": sent,
        "input_tokens_details": {"cached_tokens": 0},
        "output_tokens": said,
        "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": sent + said,
    }
    return responses.answer(body, items, turn.finish, spent)


_PLACES: dict[str, Callable[[Json], Script]] = {
    "/chat/completions": _chat,
    "/embeddings": _embeddings,
    "/responses": _responses,
}
