"""The OpenAPI 3.1 document is made of what Litestar knows, with errors, headers and examples added."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec
from litestar import Litestar
from litestar.handlers import HTTPRouteHandler
from litestar.routes import ASGIRoute, HTTPRoute

from gateway.auth.scopes import ANY_KEY
from gateway.errors import JOB_PREFIXES, OPENAI_PREFIX, Fault
from gateway.openapi import examples, faults, headers, schemas, shapes, told
from gateway.openapi.fields import meaning, with_format
from gateway.openapi.generation import Structs
from gateway.openapi.raw import CHAT_HEADERS, EVENT_STREAM, ROUTES, STREAMED, Raw

Json = dict[str, Any]

ANYWHERE = (
    Fault.REQUEST_INVALID,
    Fault.REQUEST_TIMEOUT,
    Fault.HEADERS_TOO_LARGE,
    Fault.OVERLOADED,
    Fault.INTERNAL,
)
WITH_KEY = (
    Fault.KEY_INVALID,
    Fault.SCOPE_MISSING,
    Fault.WORKSPACE_MISMATCH,
    Fault.RATE_LIMITED,
    Fault.LIMITS_UNAVAILABLE,
    Fault.STORE_UNAVAILABLE,
)
REPEATABLE = (
    Fault.IDEMPOTENCY_MISMATCH,
    Fault.IDEMPOTENCY_BUSY,
    Fault.IDEMPOTENCY_NOT_KEPT,
    Fault.REQUEST_TOO_LARGE,
)
BY_PARAMETER = {
    ("path", "ref"): Fault.PERSONA_UNKNOWN,
    ("path", "project"): Fault.PROJECT_UNKNOWN,
    ("path", "persona"): Fault.PERSONA_UNKNOWN,
    ("path", "job"): Fault.JOB_UNKNOWN,
    ("path", "conversation"): Fault.CONVERSATION_UNKNOWN,
    ("path", "response"): Fault.RESPONSE_UNKNOWN,
    ("path", "item"): Fault.ITEM_UNKNOWN,
    ("path", "v"): Fault.VERSION_UNKNOWN,
    ("path", "a"): Fault.VERSION_UNKNOWN,
    ("header", "If-Match"): Fault.PRECONDITION_FAILED,
}
SCHEMES = {
    "bearer": {"type": "http", "scheme": "bearer", "description": "`Authorization: Bearer pk_…`"},
    "api_key": {"type": "apiKey", "in": "header", "name": "api-key", "description": "As Azure's clients do."},
    "x_api_key": {"type": "apiKey", "in": "header", "name": "x-api-key", "description": "As others do."},
}


class Operation(msgspec.Struct):
    """A method of a path, what the route's code declares in `opt`, and what is shown of it."""

    method: str
    path: str
    opt: Mapping[str, Any]
    shown: Json
    """Litestar's description, which is completed in place."""
    raw: Raw | None = None
    """The description by hand, for a route that Litestar does not look into."""

    @property
    def id(self) -> str:
        return str(self.shown["operationId"])

    @property
    def scope(self) -> str | None:
        return self.opt.get("scope")

    @property
    def is_openai(self) -> bool:
        return self.path.startswith(OPENAI_PREFIX)

    @property
    def is_repeatable(self) -> bool:
        return self.method == "POST" and not self.is_openai and self.opt.get("kept") is not False


def build(app: Litestar) -> Json:
    """Build the whole document. Raises KeyError for a raw route that nobody has described."""
    whole = app.openapi_schema.to_schema()
    whole["servers"][0]["description"] = "The gateway that answers this."
    paths: dict[str, Json] = {}
    for operation in _operations(app, whole["paths"]):
        paths.setdefault(operation.path, {})[operation.method.lower()] = _complete(operation)
    whole["paths"] = paths
    whole["webhooks"] = told.section()
    whole["components"] = {
        "schemas": schemas.components(app.plugins.get(Structs).found.values()),
        "examples": faults.examples(),
        "headers": headers.ANSWERED,
        "parameters": headers.TAKEN,
        "responses": faults.components(),
        "securitySchemes": SCHEMES,
    }
    return whole


def _operations(app: Litestar, paths: Json) -> Iterator[Operation]:
    for route in app.routes:
        path = route.path_format
        if isinstance(route, HTTPRoute):
            for method, handler in _handlers(route):
                yield Operation(method, path, handler.opt, paths[path][method.lower()])
        elif isinstance(route, ASGIRoute):
            raw = ROUTES[path]
            yield Operation(raw.method, path, route.route_handler.opt, raw.shown(), raw)


def _handlers(route: HTTPRoute) -> Iterator[tuple[str, HTTPRouteHandler]]:
    for handler in route.route_handlers:
        if handler.resolve_include_in_schema():
            for method in sorted(map(str, handler.http_methods - {"OPTIONS"})):
                yield method, handler


def _complete(operation: Operation) -> Json:
    """Complete Litestar's description of the operation with what it cannot know."""
    shown, scope = operation.shown, operation.scope
    shown.pop("deprecated", None)
    need = f"Needs the scope `{scope}`." if scope else "Needs no key."
    named = [] if scope == ANY_KEY else [scope]
    if scope == ANY_KEY:
        need = "Any key will do."
    if operation.opt.get("operator"):
        need += " For operators' keys only."
        shown["x-operator"] = True
    # Docstrings are broken into lines.
    about = " ".join(shown.get("description", "").split())
    shown["description"] = f"{about} {need}".strip()
    shown["security"] = [{name: named} for name in SCHEMES] if scope else []
    if scope:
        shown["x-scope"] = scope
    parameters = [*_parameters(operation)]
    if parameters:
        shown["parameters"] = parameters
    _complete_body(operation)
    shown["responses"] = {**_good(operation), **_refused(operation)}
    return shown


def _parameters(operation: Operation) -> Iterator[Json]:
    for found in operation.shown.get("parameters", []):
        name, place = found["name"], found["in"]
        schema = _plain(found["schema"])
        with_format(name, schema)
        about = found.get("description") or meaning(operation.id, name)
        shown: Json = {"name": name, "in": place, "description": about, "schema": schema}
        yield {**shown, "required": True, "example": examples.IN_PATHS[name]} if place == "path" else shown
    if operation.scope:
        yield {"$ref": "#/components/parameters/Persona-Workspace"}
        if operation.is_repeatable:
            yield {"$ref": "#/components/parameters/Idempotency-Key"}


def _plain(schema: Json) -> Json:
    """Take null out of the schema: in a URL, a header or for a whole body it means absent."""
    either = [each for each in schema.pop("oneOf", []) if each != {"type": "null"}]
    for each in either:
        schema = {**each, **schema}
    if isinstance(schema.get("type"), list):
        (schema["type"],) = [kind for kind in schema["type"] if kind != "null"]
    if None in schema.get("enum", ()):
        schema["enum"] = [value for value in schema["enum"] if value is not None]
    for limit in ("minimum", "maximum"):
        if limit in schema:
            schema[limit] = int(schema[limit])
    return {
        key: value
        for key, value in schema.items()
        if (key, value) != ("default", "") and key != "description"
    }


def _complete_body(operation: Operation) -> None:
    shown = operation.shown
    # A route that reads its body by itself has its type named beside it.
    name = operation.raw.takes if operation.raw else shapes.TAKEN.get(operation.id)
    if name is not None:
        kind = shapes.JSON_LINES if name == shapes.LINES else shapes.JSON
        shown["requestBody"] = {"content": {kind: {"schema": schemas.ref(name)}}}
    if "requestBody" not in shown:
        return
    (media,) = shown["requestBody"]["content"].values()
    shown["requestBody"]["required"] = "oneOf" not in media["schema"]
    media["schema"] = _plain(media["schema"])
    if operation.id not in examples.REQUESTS:
        raise LookupError(f"`{operation.id}` needs an example of its body, in gateway/openapi/examples.py")
    media["examples"] = examples.titled(examples.REQUESTS[operation.id])


def _good(operation: Operation) -> Json:
    """List the answers that are no errors."""
    shown: Json = {}
    for status, response in operation.shown["responses"].items():
        if not status.startswith("2"):
            continue
        names = ["X-Request-Id", *(operation.raw.headers if operation.raw else ())]
        if operation.scope:
            names += [*headers.LIMITED, *(headers.LIMITED_OPENAI if operation.is_openai else ())]
        content = response.get("content", {})
        if operation.id == "show_image":
            # A picture is no text; what stands for one says so.
            content = {
                kind: {"schema": {"type": "string", "format": "binary"}, "example": "(bytes)"}
                for kind in ("image/png", "image/jpeg", "image/webp")
            }
        for media in content.values():
            _complete_answer(operation, media)
            if media["schema"] == schemas.ref("Persona"):
                names.append("ETag")
        if operation.id in STREAMED:
            content[EVENT_STREAM] = STREAMED[operation.id]
            names += CHAT_HEADERS if operation.id == "post_message" else ()
        if operation.is_repeatable:
            names.append("Idempotent-Replayed")
        word = {"201": "Made.", "204": "Done; there is nothing to say."}.get(status, "The answer.")
        shown[status] = _answer(word, content, names)
    if operation.id in ("show_home", "show_file"):
        shown["200"]["headers"]["ETag"] = {"$ref": "#/components/headers/ETag"}
    if operation.id == "show_status":
        page = {"schema": {"type": "string"}, "example": "<!doctype html>…"}
        shown["200"]["content"]["text/html"] = page
    if operation.id == "check_readiness":
        content = {"application/json": {"schema": schemas.ref("Readiness"), "example": examples.UNREADY}}
        shown["503"] = _answer("Not ready.", content, ["X-Request-Id"])
    return shown


def _complete_answer(operation: Operation, media: Json) -> None:
    if operation.id in shapes.ANSWERED:
        # The handler's answer is described by no struct.
        media["schema"] = schemas.ref(shapes.ANSWERED[operation.id])
    schema = media["schema"]
    if "oneOf" in schema:
        # An empty page is a page of either kind.
        schema["anyOf"] = schema.pop("oneOf")
    if (
        "anyOf" in schema or "$ref" in schema or "$ref" in schema.get("items", {})
    ) and operation.id in examples.ANSWERS:
        media["example"] = examples.ANSWERS[operation.id]


def _refused(operation: Operation) -> Json:
    if operation.path.startswith(JOB_PREFIXES):
        return faults.of_jobs(_faults(operation))
    shown = faults.responses(_faults(operation), openai=operation.is_openai)
    if operation.raw is not None and operation.raw.passes_on:
        content = {"application/json": {"schema": schemas.ref("OpenAIError")}}
        shown["4XX"] = _answer(
            "What else the upstream refuses, with its own error.", content, ["X-Request-Id"]
        )
    return shown


def _faults(operation: Operation) -> Iterator[Fault]:
    yield from ANYWHERE
    if operation.scope:
        yield from WITH_KEY
        if operation.is_repeatable:
            yield from REPEATABLE
    if operation.opt.get("operator"):
        yield Fault.OPERATOR_REQUIRED
    if "requestBody" in operation.shown:
        yield Fault.REQUEST_TOO_LARGE
        if not operation.is_openai:
            yield Fault.MEDIA_UNSUPPORTED
    for parameter in operation.shown.get("parameters", []):
        fault = BY_PARAMETER.get((parameter.get("in"), parameter.get("name")))
        if fault is not None:
            yield fault
    yield from operation.raw.faults if operation.raw else operation.opt.get("faults", ())


def _answer(word: str, content: Json, names: Sequence[str]) -> Json:
    refs = {name: {"$ref": f"#/components/headers/{name}"} for name in names}
    shown: Json = {"description": word, "headers": refs}
    return {**shown, "content": content} if content else shown
