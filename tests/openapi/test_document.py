"""The document is whole and right: every route, every error, every example."""

import json
import re
from typing import Any

import pytest
from litestar import Litestar
from litestar.routes import ASGIRoute, HTTPRoute
from openapi_spec_validator import validate

from gateway.auth.scopes import ANY_KEY, SCOPES
from gateway.drift.axes import AXES
from gateway.errors import JOB_PREFIXES, OPENAI_PREFIX, Fault
from gateway.openapi import faults, headers
from gateway.openapi.fields import FIELDS
from gateway.openapi.generation import TAGS
from gateway.openapi.places import PLACES
from gateway.turns.meter import SURFACES
from tests.openapi.described import WITHOUT_KEY, Document, examples, frames


@pytest.mark.slow
def test_the_document_is_openapi_3_1(document: Document) -> None:
    validate(document.whole)
    assert document.whole["openapi"].startswith("3.1.")
    json.dumps(document.whole)


def test_every_route_of_the_application_is_described(application: Litestar, document: Document) -> None:
    described = {(method, path) for method, path, _ in document.operations()}
    for route in application.routes:
        if isinstance(route, HTTPRoute):
            methods = {str(method) for handler in route.route_handlers for method in handler.http_methods}
            assert {(method, route.path_format) for method in methods - {"OPTIONS"}} <= described
        elif isinstance(route, ASGIRoute):
            assert route.path_format in {path for _, path in described}


def test_every_operation_declares_its_scope_and_how_it_may_refuse(document: Document) -> None:
    for method, path, operation in document.operations():
        place = f"{method} {path}"
        responses = operation["responses"]
        if path in WITHOUT_KEY:
            assert operation["security"] == [], place
            assert {"400", "408", "431", "500"} <= responses.keys(), place
            continue
        scope = operation["x-scope"]
        named = [] if scope == ANY_KEY else [scope]
        assert scope in (*SCOPES, ANY_KEY), place
        assert (f"`{scope}`" if named else "Any key will do.") in operation["description"], place
        assert [list(each.values()) for each in operation["security"]] == [[named]] * 3, place
        assert {"400", "401", "403", "408", "431", "500", "503"} <= responses.keys(), place
        # A route that changes nothing needs no `Idempotency-Key`.
        if method == "POST" and not path.startswith(OPENAI_PREFIX) and not path.endswith("/render"):
            assert {"409", "413", "422"} <= responses.keys(), place


def test_errors_have_the_envelope_of_their_surface_and_examples(document: Document) -> None:
    for method, path, operation in document.operations():
        envelope = "OpenAIError" if path.startswith(OPENAI_PREFIX) else "Error"
        envelope = "JobError" if path.startswith(JOB_PREFIXES) else envelope
        for status, found in operation["responses"].items():
            response = document.resolve(found)
            assert "X-Request-Id" in response["headers"], (method, path, status)
            if int(status[0]) < 4 or "Readiness" in str(response.get("content")):
                continue
            media = response["content"]["application/json"]
            assert media["schema"] == {"$ref": f"#/components/schemas/{envelope}"}
            if status != "4XX":
                assert media["examples"], (method, path, status)


def test_operations_are_named_summed_up_and_tagged(document: Document) -> None:
    operations = [operation for _, _, operation in document.operations()]
    ids = [operation["operationId"] for operation in operations]
    assert len(set(ids)) == len(ids)
    assert all(re.fullmatch(r"[a-z]+(_[a-z]+)*", each) for each in ids)
    assert {operation["summary"] for operation in operations}.isdisjoint(ids)
    assert {tag for operation in operations for tag in operation["tags"]} == TAGS.keys()


def test_every_parameter_field_and_schema_is_explained(document: Document) -> None:
    for method, path, operation in document.operations():
        for parameter in map(document.resolve, operation.get("parameters", [])):
            assert parameter["description"], (method, path, parameter["name"])
            assert parameter["in"] != "path" or parameter["example"], (method, path, parameter["name"])
    for name, schema in document.whole["components"]["schemas"].items():
        assert schema["description"], name
        assert not list(unexplained(name, schema))


def unexplained(place: str, schema: Any) -> Any:
    """List the places where a property has no description."""
    for name, inner in schema.get("properties", {}).items():
        if not inner.get("description"):
            yield f"{place}.{name}"
        yield from unexplained(f"{place}.{name}", inner)
    yield from unexplained(place, schema["items"]) if "items" in schema else ()


def test_no_explanation_is_left_over(document: Document) -> None:
    ids = {operation["operationId"] for _, _, operation in document.operations()}
    places = {*document.whole["components"]["schemas"], *ids}
    assert {key.split(".")[0] for key in PLACES} <= places
    text = json.dumps(document.whole, ensure_ascii=False)
    said = FIELDS | PLACES
    assert [key for key in said if json.dumps(said[key], ensure_ascii=False) not in text] == []


def test_every_request_and_answer_has_an_example_that_its_schema_takes(document: Document) -> None:
    for method, path, operation in document.operations():
        bodies = [operation["requestBody"]] if "requestBody" in operation else []
        answers = {status: document.resolve(each) for status, each in operation["responses"].items()}
        # What an upstream says is the upstream's, and a page is no example of itself.
        bodies += [
            each
            for status, each in answers.items()
            if status != "4XX" and path != "/" and not path.startswith(("/docs", "/page"))
        ]
        for kind, media in [each for body in bodies for each in body.get("content", {}).items()]:
            found = dict(examples(media, document))
            assert found, (method, path, kind)
            for name, value in found.items():
                assert document.problems(media["schema"], value) == [], (method, path, name)


RUNS = {
    "layer.delta",
    "step.completed",
    *(f"run.{how}" for how in ("started", "completed", "failed", "cancelled")),
}
TURNS = {"turn.completed", "turn.scored", "turn.judged"}
RESPONSES = {f"response.{what}" for what in ("created", "output_text.delta", "completed", "failed")}


def test_the_events_of_streams_are_what_their_schemas_say(document: Document) -> None:
    seen = set()
    for _, path, operation in document.operations():
        content = document.resolve(operation["responses"].get("200", {})).get("content", {})
        media = content.get("text/event-stream", {})
        for name, text in examples(media, document):
            assert text.endswith("\n\n"), name
            for event, data in frames(text):
                if data == "[DONE]":
                    continue
                value = json.loads(data)
                failed = event == "message" and "error" in value
                schema = {"$ref": "#/components/schemas/OpenAIError"} if failed else media["x-events"][event]
                assert document.problems(schema, value) == [], (path, name)
                seen.add("error" if failed else event)
    native = {"message.delta", "tool.completed", "message.completed", "line.completed", "scene.completed"}
    assert seen == {"message", "error", *native, *TURNS, *RUNS, *RESPONSES, "stream.gap", "stream.dropped"}


@pytest.mark.parametrize("fault", Fault)
def test_every_fault_has_an_example_in_both_envelopes(fault: Fault, document: Document) -> None:
    native, drop_in = faults.example(fault, openai=False), faults.example(fault, openai=True)
    assert native["error"]["code"] == fault.code
    assert drop_in["error"]["code"] == (fault.openai_code or fault.code)
    assert document.problems({"$ref": "#/components/schemas/Error"}, native) == []
    assert document.problems({"$ref": "#/components/schemas/OpenAIError"}, drop_in) == []


def test_names_in_the_document_are_for_readers(document: Document) -> None:
    names = document.whole["components"]["schemas"]
    assert not [name for name in names if not re.fullmatch(r"[A-Za-z]+", name) or name.endswith("View")]
    assert "self" in names["Persona"]["properties"]
    assert "self_" not in json.dumps(document.whole)
    assert "UnsetType" not in json.dumps(document.whole)
    used = set(
        re.findall(r'"#/components/(?:schemas|headers|parameters)/([^"]+)"', json.dumps(document.whole))
    )
    assert set(names) | set(headers.ANSWERED) | set(headers.TAKEN) == used


def test_the_levels_of_drift_are_told_apart_from_fields_of_a_persona(document: Document) -> None:
    told = document.whole["components"]["schemas"]["Drift"]["properties"]
    assert {axis.name: told[axis.name]["description"] for axis in AXES} == {a.name: a.text for a in AXES}


@pytest.mark.parametrize("beginning", [beginning for beginning, _ in SURFACES if beginning != "/mcp"])
def test_every_kind_of_path_that_is_counted_is_there(document: Document, beginning: str) -> None:
    assert any(path.startswith(beginning) for path in document.whole["paths"])
