"""The OpenAPI 3.1 document is made of what Litestar knows, with errors, headers and examples added."""

from collections.abc import Sequence
from typing import Any

from litestar import Litestar

from gateway.auth.scopes import ANY_KEY
from gateway.errors import JOB_PREFIXES
from gateway.openapi import answers, examples, faults, headers, schemas, shapes, told
from gateway.openapi.generation import Structs
from gateway.openapi.operation import Operation, operations
from gateway.openapi.parameters import parameters, without_null
from gateway.openapi.raw import CHAT_HEADERS
from gateway.openapi.shapes.dialogue import LINES
from gateway.openapi.shapes.schema import ref
from gateway.openapi.streams import EVENT_STREAM, STREAMED

Json = dict[str, Any]

SCHEMES = {
    "bearer": {"type": "http", "scheme": "bearer", "description": "`Authorization: Bearer pk_…`"},
    "api_key": {"type": "apiKey", "in": "header", "name": "api-key", "description": "As Azure's clients do."},
    "x_api_key": {"type": "apiKey", "in": "header", "name": "x-api-key", "description": "As others do."},
}


def build(app: Litestar) -> Json:
    """Build the whole document. Raises KeyError for a raw route that nobody has described."""
    whole = app.openapi_schema.to_schema()
    whole["servers"][0]["description"] = "The gateway that answers this."
    paths: dict[str, Json] = {}
    for operation in operations(app, whole["paths"]):
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
    found = [*parameters(operation)]
    if found:
        shown["parameters"] = found
    _complete_body(operation)
    shown["responses"] = {**_good(operation), **_refused(operation)}
    return shown


def _complete_body(operation: Operation) -> None:
    shown = operation.shown
    # A route that reads its body by itself has its type named beside it.
    name = operation.raw.takes if operation.raw else shapes.TAKEN.get(operation.id)
    if name is not None:
        kind = shapes.JSON_LINES if name == LINES else shapes.JSON
        shown["requestBody"] = {"content": {kind: {"schema": ref(name)}}}
    if "requestBody" not in shown:
        return
    (media,) = shown["requestBody"]["content"].values()
    shown["requestBody"]["required"] = "oneOf" not in media["schema"]
    media["schema"] = without_null(media["schema"])
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
            if media["schema"] == ref("Persona"):
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
        content = {"application/json": {"schema": ref("Readiness"), "example": answers.UNREADY}}
        shown["503"] = _answer("Not ready.", content, ["X-Request-Id"])
    return shown


def _complete_answer(operation: Operation, media: Json) -> None:
    if operation.id in shapes.ANSWERED:
        # The handler's answer is described by no struct.
        media["schema"] = ref(shapes.ANSWERED[operation.id])
    schema = media["schema"]
    if "oneOf" in schema:
        # An empty page is a page of either kind.
        schema["anyOf"] = schema.pop("oneOf")
    if (
        "anyOf" in schema or "$ref" in schema or "$ref" in schema.get("items", {})
    ) and operation.id in answers.ANSWERS:
        media["example"] = answers.ANSWERS[operation.id]


def _refused(operation: Operation) -> Json:
    if operation.path.startswith(JOB_PREFIXES):
        return faults.of_jobs(operation.faults())
    shown = faults.responses(operation.faults(), openai=operation.is_openai)
    if operation.raw is not None and operation.raw.passes_on:
        content = {"application/json": {"schema": ref("OpenAIError")}}
        shown["4XX"] = _answer(
            "What else the upstream refuses, with its own error.", content, ["X-Request-Id"]
        )
    return shown


def _answer(word: str, content: Json, names: Sequence[str]) -> Json:
    refs = {name: {"$ref": f"#/components/headers/{name}"} for name in names}
    shown: Json = {"description": word, "headers": refs}
    return {**shown, "content": content} if content else shown
