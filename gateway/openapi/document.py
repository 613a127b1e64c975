"""The OpenAPI 3.1 document of the routes that the application has."""

import re
from collections.abc import Iterable, Iterator, Sequence
from inspect import Parameter
from typing import Any, get_args, get_origin

import msgspec
from litestar import Request, Response
from litestar.handlers import HTTPRouteHandler
from litestar.params import HeaderParameter
from litestar.routes import ASGIRoute, BaseRoute, HTTPRoute
from litestar.typing import FieldDefinition

from gateway import __version__
from gateway.errors import OPENAI_PREFIX, Fault
from gateway.openapi import faults, headers, schemas
from gateway.openapi.described import OPERATIONS, TAGS, Described
from gateway.openapi.examples import IN_PATHS
from gateway.openapi.fields import meaning, with_format

Json = dict[str, Any]

INTRODUCTION = """\
Every request but those for health and this description needs a key: `Authorization: Bearer pk_…`, or the
headers `api-key` or `x-api-key`. Each operation names the scope that the key needs. `Persona-Workspace` may
be sent to be sure whose key it is; another workspace's is refused. Whatever belongs to another workspace
answers exactly as what does not exist.

**Errors** have one envelope under `/v1/openai`, OpenAI's, and one elsewhere; `code` is stable. A path that
does not exist is 404 `route.not_found`, a method that a path does not take 405 `route.method_not_allowed`.
Every answer, errors included, has `X-Request-Id`.

**Lists** are pages, the newest first: `next` of one goes into `after` for the following one.

**Repeating a POST** of the native API is safe with an `Idempotency-Key`: the first answer is kept for 24
hours. Concurrent edits are safe with `If-Match` and the `ETag` of what was read.
"""
ANYWHERE = (Fault.REQUEST_INVALID, Fault.REQUEST_TIMEOUT, Fault.HEADERS_TOO_LARGE, Fault.INTERNAL)
WITH_KEY = (Fault.KEY_INVALID, Fault.SCOPE_MISSING, Fault.WORKSPACE_MISMATCH, Fault.STORE_UNAVAILABLE)
REPEATABLE = (Fault.IDEMPOTENCY_MISMATCH, Fault.IDEMPOTENCY_BUSY, Fault.REQUEST_TOO_LARGE)
BY_PARAMETER = {
    "ref": Fault.PERSONA_UNKNOWN,
    "v": Fault.VERSION_UNKNOWN,
    "a": Fault.VERSION_UNKNOWN,
    "If-Match": Fault.PRECONDITION_FAILED,
}
SCHEMES = {
    "bearer": {"type": "http", "scheme": "bearer", "description": "`Authorization: Bearer pk_…`"},
    "api_key": {"type": "apiKey", "in": "header", "name": "api-key", "description": "As Azure's clients do."},
    "x_api_key": {"type": "apiKey", "in": "header", "name": "x-api-key", "description": "As others do."},
}


class Operation(msgspec.Struct, frozen=True):
    """A method of a path: what its code shows, and what is described beside it."""

    method: str
    path: str
    described: Described
    handler: HTTPRouteHandler | None
    """`None` for a raw route."""
    opt: dict[str, Any]

    @property
    def scope(self) -> str | None:
        scope = self.opt.get("scope")
        return str(scope) if scope else None

    @property
    def is_openai(self) -> bool:
        return self.path.startswith(OPENAI_PREFIX)

    @property
    def is_repeatable(self) -> bool:
        return self.method == "POST" and not self.is_openai

    def fields(self) -> dict[str, FieldDefinition]:
        """The handler's parameters that come from the request."""
        if self.handler is None:
            return {}
        found = self.handler.parsed_fn_signature.parameters
        return {name: each for name, each in found.items() if not each.is_subclass_of(Request)}

    def answer(self) -> Any:
        """The struct, or page of structs, that is answered; `None` where it is described by hand."""
        if self.handler is None or self.described.answers is not None:
            return None
        kind = self.handler.parsed_fn_signature.return_type.annotation
        kind = get_args(kind)[0] if get_origin(kind) is Response else kind
        return kind if _is_struct(kind) else None

    def body(self) -> tuple[Any, bool]:
        """The struct that is taken, and whether it must be there."""
        data = self.fields().get("data")
        if data is None:
            return None, False
        kinds = [kind for kind in get_args(data.annotation) or (data.annotation,) if _is_struct(kind)]
        return kinds[0], data.is_required


def build(routes: Sequence[BaseRoute]) -> Json:
    """The whole document. Raises KeyError for a route that nobody has described."""
    operations = sorted(_operations(routes), key=lambda each: list(OPERATIONS).index(_key(each)))
    paths: dict[str, Json] = {}
    for operation in operations:
        paths.setdefault(operation.path, {})[operation.method.lower()] = _show(operation)
    kinds = [kind for each in operations for kind in (each.answer(), each.body()[0]) if kind is not None]
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Persona Gateway",
            "version": __version__,
            "summary": "Personas behind the OpenAI API.",
            "description": INTRODUCTION,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/", "description": "The gateway that answers this."}],
        "tags": [{"name": name, "description": text} for name, text in TAGS.items()],
        "paths": paths,
        "components": {
            "schemas": schemas.components(kinds),
            "examples": faults.examples(),
            "headers": headers.ANSWERED,
            "parameters": headers.TAKEN,
            "responses": faults.components(),
            "securitySchemes": SCHEMES,
        },
    }


def _operations(routes: Iterable[BaseRoute]) -> Iterator[Operation]:
    for route in routes:
        path = route.path_format
        if isinstance(route, HTTPRoute):
            for handler in route.route_handlers:
                for method in sorted(map(str, handler.http_methods - {"OPTIONS", "HEAD"})):
                    yield Operation(method, path, OPERATIONS[f"{method} {path}"], handler, handler.opt)
        elif isinstance(route, ASGIRoute):
            methods = [key.split()[0] for key in OPERATIONS if key.endswith(f" {path}")]
            if not methods:
                raise KeyError(path)
            for method in methods:
                yield Operation(method, path, OPERATIONS[f"{method} {path}"], None, route.route_handler.opt)


def _key(operation: Operation) -> str:
    return f"{operation.method} {operation.path}"


def _show(operation: Operation) -> Json:
    described, scope = operation.described, operation.scope
    parameters = list(_parameters(operation))
    shown: Json = {
        "operationId": described.id,
        "summary": described.summary or getattr(operation.handler, "summary", None) or described.id,
        "description": _description(operation),
        "tags": [described.tag],
        "security": [{name: [scope]} for name in SCHEMES] if scope else [],
        "parameters": parameters,
        "responses": _responses(operation, parameters),
    }
    if scope:
        shown["x-scope"] = scope
    if operation.opt.get("operator"):
        shown["x-operator"] = True
    if body := _request_body(operation):
        shown["requestBody"] = body
    return {name: value for name, value in shown.items() if value != [] or name == "security"}


def _description(operation: Operation) -> str:
    need = f"Needs the scope `{operation.scope}`." if operation.scope else "Needs no key."
    if operation.opt.get("operator"):
        need += " For operators' keys only."
    return f"{operation.described.about} {need}".strip()


def _parameters(operation: Operation) -> Iterator[Json]:
    for name, field in operation.fields().items():
        if name != "data":
            yield _parameter(operation, name, field)
    yield from operation.described.parameters
    if operation.scope:
        yield {"$ref": "#/components/parameters/Persona-Workspace"}
        if operation.is_repeatable:
            yield {"$ref": "#/components/parameters/Idempotency-Key"}


def _parameter(operation: Operation, name: str, field: FieldDefinition) -> Json:
    limits: Any = field.kwarg_definition
    schema = schemas.parameter(field.annotation)
    if field.default not in (Parameter.empty, None, "") and not field.is_required:
        schema["default"] = field.default
    for word, key in (("ge", "minimum"), ("le", "maximum"), ("max_length", "maxLength")):
        if getattr(limits, word, None) is not None:
            schema[key] = getattr(limits, word)
    header = limits.name if isinstance(limits, HeaderParameter) else getattr(limits, "header", None)
    with_format(name, schema)
    place = "header" if header else "path" if f"{{{name}}}" in operation.path else "query"
    about = getattr(limits, "description", None) or meaning(operation.described.id, name)
    shown: Json = {"name": header or name, "in": place, "description": about, "schema": schema}
    return {**shown, "required": True, "example": IN_PATHS[name]} if place == "path" else shown


def _request_body(operation: Operation) -> Json | None:
    kind, required = operation.body()
    name = operation.described.takes or (schemas.name_of(kind) if kind else None)
    if name is None:
        return None
    examples = {
        _slug(title): {"summary": title, "value": value}
        for title, value in operation.described.requests.items()
    }
    content = {"schema": schemas.ref(name), "examples": examples}
    return {
        "required": required or operation.described.takes is not None,
        "content": {"application/json": content},
    }


def _responses(operation: Operation, parameters: Sequence[Json]) -> Json:
    shown = _good(operation, parameters)
    for other, (word, schema, example) in operation.described.also.items():
        shown[str(other)] = _answer(word, _content(schema, example), ["X-Request-Id"])
    errors = faults.responses(_faults(operation, parameters), openai=operation.is_openai)
    for status, response in errors.items():
        shown.setdefault(status, response)
    if operation.described.passes_on:
        content = {"application/json": {"schema": schemas.ref("OpenAIError")}}
        shown["4XX"] = _answer(
            "What else the upstream refuses, with its own error.", content, ["X-Request-Id"]
        )
    return shown


def _good(operation: Operation, parameters: Sequence[Json]) -> Json:
    described, kind = operation.described, operation.answer()
    status = operation.handler.status_code if operation.handler else 200
    names = ["X-Request-Id", *described.headers]
    if kind is not None and schemas.name_of(kind) == "Persona":
        names.append("ETag")
    if operation.is_repeatable:
        names.append("Idempotent-Replayed")
    content: Json = {}
    schema = described.answers or (schemas.name_of(kind) if kind else None)
    if schema is not None:
        content = _content(schema, described.answer)
    elif described.media != "application/json":
        content = {described.media: {"schema": {"type": "string"}}}
    if described.streams:
        content["text/event-stream"] = {
            "schema": {"type": "string"},
            "x-events": {name: schemas.ref(data) for name, data in described.events.items()},
            "examples": {
                _slug(title): {"summary": title, "value": text} for title, text in described.streams.items()
            },
        }
    word = {201: "Made.", 204: "Done; there is nothing to say."}.get(status, "The answer.")
    return {str(status): _answer(word, content, names)}


def _answer(word: str, content: Json, names: Sequence[str]) -> Json:
    shown: Json = {
        "description": word,
        "headers": {name: {"$ref": f"#/components/headers/{name}"} for name in names},
    }
    return {**shown, "content": content} if content else shown


def _content(schema: str, example: Any) -> Json:
    return {"application/json": {"schema": schemas.ref(schema), "example": example}}


def _faults(operation: Operation, parameters: Sequence[Json]) -> Iterator[Fault]:
    yield from ANYWHERE
    if operation.scope:
        yield from WITH_KEY
        if operation.is_repeatable:
            yield from REPEATABLE
    if operation.opt.get("operator"):
        yield Fault.OPERATOR_REQUIRED
    if operation.body()[0] is not None or operation.described.takes:
        yield Fault.REQUEST_TOO_LARGE
    for parameter in parameters:
        fault = BY_PARAMETER.get(parameter.get("name", ""))
        if fault is not None and parameter["in"] != "query":
            yield fault
    yield from operation.described.faults


def _slug(title: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", title.lower()).strip("_")


def _is_struct(kind: Any) -> bool:
    origin = get_origin(kind) or kind
    return isinstance(origin, type) and issubclass(origin, msgspec.Struct)
