"""Every operation that is served can be called, about whatever somebody likes, with whatever key."""

import base64
import re
import time
import warnings
from collections.abc import Iterator
from typing import Any, NamedTuple

from gateway.app import create_app
from gateway.config import Config, Keys, Store
from gateway.projects.identity import uuid_of
from tests.api.conftest import User
from tests.e2e.wire import Reply, fetch
from tests.fakes.pictures import PICTURE
from tests.openapi.described import WITHOUT_KEY

METHODS = ("get", "post", "put", "patch", "delete")
MESSAGES = {"messages": [{"role": "user", "content": "Hi"}]}
MISSING = {
    "persona": "psn_" + "0" * 20,
    "key": "key_" + "0" * 20,
    "turn": "msg_" + "0" * 20,
    "conversation": "conv_" + "0" * 20,
    "response": "resp_" + "0" * 20,
    "workspace": "ws_" + "0" * 20,
    "run": "run_" + "0" * 20,
    "webhook": "whk_" + "0" * 20,
    "delivery": "whd_" + "0" * 20,
    "job": "00000000-0000-4000-8000-000000000000",
    "image": "00000000-0000-0000-0000-000000000000.png",
}
Shape = tuple[int, str]
"""Status and body of an answer, without what differs from one request to the next."""


class Operation(NamedTuple):
    method: str
    path: str
    """The path as in the document, such as `/v1/personas/{ref}`."""
    scope: str | None

    @property
    def has_target(self) -> bool:
        kinds = "ref|key_id|turn_id|model|conversation|response|subject|run_id|project|job|webhook_id|image"
        named = re.search(rf"\{{({kinds})\}}", self.path)
        return bool(named) or self.names_a_persona

    @property
    def names_a_persona(self) -> bool:
        ends = (
            "/chat/completions",
            "/openai/responses",
            "/openai/conversations",
            "/chat/conversations",
            "/conversations/import",
        )
        return self.method == "POST" and self.path.endswith(ends)

    @property
    def is_about_a_persona(self) -> bool:
        return (
            bool(re.search(r"\{(ref|model|conversation|response|subject|persona|image)\}", self.path))
            or self.names_a_persona
        )

    def place(self, target: dict[str, str]) -> str:
        """Put these ids into the path."""
        filled = {
            "ref": target["persona"],
            "project": target["workspace"],
            "job": target["job"],
            "image": target["image"],
            "persona": uuid_of(target["persona"]),
            "model": f"persona/{target['persona']}",
            "key_id": target["key"],
            "workspace": target["workspace"],
            "turn_id": target["turn"],
            "conversation": target["conversation"],
            "response": target["response"],
            "run_id": target["run"],
            "webhook_id": target["webhook"],
            "delivery_id": target["delivery"],
            "name": "tea",
            "subject": target["persona"],
            "unit": "usd",
            "period": "day",
            "label": "beta",
        }
        place = re.sub(r"\{(\w+)\}", lambda found: filled.get(found[1], "1"), self.path)
        if self.path.endswith("/around"):
            place += "?at=2030-01-01T00:00:00Z"
        return f"{place}?persona={target['persona']}" if self.path.endswith("/import") else place

    def body(self, target: dict[str, str]) -> Any:
        model = {"model": f"persona/{target['persona']}"}
        bodies: dict[str, Any] = {
            "POST /v1/openai/chat/completions": MESSAGES | model,
            "POST /v1/openai/responses": {"input": "Hi"} | model,
            "POST /v1/openai/conversations": {"persona": target["persona"]},
            "POST /v1/openai/conversations/{conversation}": {"metadata": {"a": "b"}},
            "POST /v1/openai/conversations/{conversation}/items": {
                "items": [{"role": "user", "content": "Hi"}]
            },
            "POST /v1/openai/embeddings": {"model": "any", "input": "dusk"},
            "POST /v1/openai/moderations": {"input": "dusk"} | model,
            "POST /v1/personas": {"name": f"Probe {time.monotonic_ns()}", "prompt": "Probe."},
            "PATCH /v1/personas/{ref}": {"name": "Taken over"},
            "POST /v1/personas/actions/enhance": {"persona": "Probe."},
            "POST /v1/personas/actions/generate": {"prompt": "Probe.", "count": 1},
            "POST /v1/personas/actions/validate": {"personas": []},
            "POST /api/projects/{project}/personas": {"name": f"Probe {time.monotonic_ns()}"},
            "PUT /api/projects/{project}/personas/{persona}": {"name": "Taken over"},
            "POST /api/projects/{project}/style-images": {"image": base64.b64encode(PICTURE).decode()},
            "PUT /v1/personas/{ref}/labels/{label}": {"version": 1},
            "POST /v1/personas/{ref}/fork": {"slug": f"probe-{time.monotonic_ns()}"},
            "POST /v1/personas/{ref}/render": MESSAGES,
            "POST /v1/personas/{ref}/refine": {"instruction": "Let her be curt."},
            "POST /v1/schema/fields": {"name": f"tea_{time.monotonic_ns()}", "schema": {"type": "string"}},
            "POST /v1/chat/conversations": {"persona": target["persona"]},
            "POST /v1/chat/conversations/import": {"role": "user", "content": "Hi"},
            "PATCH /v1/chat/conversations/{conversation}": {"title": "Taken over"},
            "POST /v1/chat/conversations/{conversation}/messages": {"message": "Hi"},
            "PUT /v1/budgets/{subject}/{unit}/{period}": {"limit": 100},
            "POST /v1/webhooks": {"url": "https://hooks.example.invalid/", "events": ["run.failed"]},
            "PATCH /v1/webhooks/{webhook_id}": {"enabled": False},
            "POST /v1/webhooks/{webhook_id}/replay": {"since": "2026-01-01T00:00:00Z"},
            "POST /v1/workspaces": {"name": "probe"},
            "POST /v1/keys": {},
            "PUT /v1/keys/{key_id}/limits": {"chat_per_minute": 1000000},
            "PUT /v1/workspaces/{workspace}/plan": {"plan": "team"},
        }
        return bodies.get(f"{self.method} {self.path}")


def served() -> dict[tuple[str, str], str | None]:
    """List what the application serves, with the scope that each route declares."""
    found = {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        routes = create_app(
            Config(keys=Keys(pepper="of a test"), store=Store(url="sqlite:///nowhere.db"))
        ).litestar.routes
    for route in routes:
        path = re.sub(r":\w+\}", "}", route.path)
        for handler in getattr(route, "route_handlers", None) or [route.route_handler]:  # type: ignore[union-attr]
            raw = {"/v1/turns/stream": "GET"}.get(path, "POST")
            for method in getattr(handler, "http_methods", [raw]):
                if method != "OPTIONS":
                    found[str(method), path] = handler.opt.get("scope")
    return found


def guarded(operations: list[Operation]) -> Iterator[Operation]:
    return (operation for operation in operations if operation.path not in WITHOUT_KEY)


def call(user: User, operation: Operation, target: dict[str, str]) -> Reply:
    place, body = operation.place(target), operation.body(target)
    return fetch(user.gateway, place, body, key=user.key, method=operation.method)


def shape(reply: Reply, target: dict[str, str]) -> Shape:
    text = re.sub(r"req_\w+", "req_", reply.body.decode())
    for kind, known in target.items():
        text = text.replace(known, kind)
    return reply.status, text
