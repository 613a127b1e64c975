"""Streams of events are described by the schema of each event, and shown by examples."""

import json
import re
from collections.abc import Mapping
from typing import Any

from gateway.errors import Fault
from gateway.openapi import examples, faults
from gateway.openapi.shapes.schema import ref
from gateway.openapi.values import dialogue, generated, names

Json = dict[str, Any]

EVENT_STREAM = "text/event-stream"


def event_stream(streams: Mapping[str, str], events: Mapping[str, str]) -> Json:
    """Describe server-sent events: examples by their titles, and the schema of each event's data."""
    return {
        "schema": {"type": "string"},
        "x-events": {name: ref(data) for name, data in events.items()},
        "examples": examples.titled(streams),
    }


def events(**data: Json) -> str:
    """Write events of the native API, by their names with `_` for the dot, or as they are."""
    kinds = "line|message|scene|tool|run|step|layer"
    named = [(re.sub(f"^({kinds})_", r"\1.", name), value) for name, value in data.items()]
    texts = [(name, json.dumps(value, ensure_ascii=False)) for name, value in named]
    return "".join(f"event: {name}\ndata: {text}\n\n" for name, text in texts)


def unnamed(*events: object, name: str = "") -> str:
    head = f"event: {name}\nid: 17\n" if name else ""
    texts = [each if isinstance(each, str) else json.dumps(each, ensure_ascii=False) for each in events]
    return "".join(f"{head}data: {text}\n\n" for text in texts)


def named(*events: Json) -> str:
    """Write events whose names stand in their data too."""
    texts = [(event["type"], json.dumps(event, ensure_ascii=False)) for event in events]
    return "".join(f"event: {name}\ndata: {text}\n\n" for name, text in texts)


STREAMED = {
    "post_message": event_stream(
        {
            "Answer": events(message_delta=dialogue.DELTA, message_completed=dialogue.REPLY),
            "Answer with a tool": events(tool_completed=dialogue.TOOL_USE, message_completed=dialogue.REPLY),
            "Answer that fails midway": events(
                message_delta=dialogue.DELTA, error=faults.example(Fault.STREAM_BROKEN, openai=False)
            ),
        },
        {
            "message.delta": "MessageDelta",
            "tool.completed": "ToolUse",
            "message.completed": "Reply",
            "error": "Error",
        },
    ),
    "play_scenario": event_stream(
        {"Scene": events(line_completed=dialogue.LINE_SAID, scene_completed=dialogue.SCENE)},
        {"line.completed": "SceneLine", "scene.completed": "Scene", "error": "Error"},
    ),
    "follow_run": event_stream(
        {
            "A run": events(
                run_started={"run_id": generated.RUN_ID, "step": "intent_parse"},
                layer_delta={"op": "add", "path": "/soul/core_desire", "value": "to be needed at night"},
                step_completed={"run_id": generated.RUN_ID, **generated.DETAIL["steps"][0]},
                run_completed={
                    "run_id": generated.RUN_ID,
                    "persona_id": names.PERSONA_ID,
                    "total_cost_usd": 0.0184,
                    "tokens": 4210,
                    "examples_left_out": 0,
                },
            ),
            "A run that fails": events(
                run_failed={
                    "run_id": generated.RUN_ID,
                    "error": faults.example(Fault.INTENT_BLOCKED, openai=False)["error"],
                }
            ),
            "A run that is cancelled": events(run_cancelled={"run_id": generated.RUN_ID}),
        },
        {
            "run.started": "RunStarted",
            "layer.delta": "LayerDelta",
            "step.completed": "RunStep",
            "run.completed": "RunCompleted",
            "run.failed": "RunFailed",
            "run.cancelled": "RunCancelled",
        },
    ),
}
"""Operations answer this to who asks for events, beside what Litestar knows of them."""
