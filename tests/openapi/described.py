"""The document under test, and how a value is held against one of its schemas."""

import json
from collections.abc import Iterator
from typing import Any

from jsonschema import Draft202012Validator, FormatChecker

Json = dict[str, Any]

WITHOUT_KEY = {
    "/",
    "/page/{build}/{file}",
    "/health/live",
    "/health/ready",
    "/status",
    "/openapi.json",
    "/docs",
    "/docs/errors",
}
METHODS = ("get", "post", "put", "patch", "delete")


class Document:
    """An OpenAPI document."""

    def __init__(self, whole: Json) -> None:
        self.whole = whole

    def resolve(self, thing: Json) -> Json:
        """Follow a reference; anything else stays as it is."""
        while "$ref" in thing:
            found: Any = self.whole
            for key in thing["$ref"].removeprefix("#/").split("/"):
                found = found[key]
            thing = found
        return thing

    def operations(self) -> Iterator[tuple[str, str, Json]]:
        """Yield method, path and operation."""
        for path, item in self.whole["paths"].items():
            for method in METHODS:
                if method in item:
                    yield method.upper(), path, item[method]

    def operation(self, method: str, path: str) -> Json:
        found: Json = self.whole["paths"][path][method.lower()]
        return found

    def problems(self, schema: Json, value: object) -> list[str]:
        """Say why the value is not what the schema says."""
        rooted = {**schema, "components": self.whole["components"]}
        checker = Draft202012Validator(rooted, format_checker=FormatChecker())
        return [f"{error.json_path}: {error.message}" for error in checker.iter_errors(value)]

    def answer_problems(self, method: str, path: str, status: int, text: bytes, media: str) -> list[str]:
        """Say why this answer is not one that the operation says it gives."""
        responses = self.operation(method, path)["responses"]
        if str(status) not in responses:
            return [f"{method} {path} does not say that it answers {status}"]
        content = self.resolve(responses[str(status)]).get("content")
        if content is None:
            return [f"{method} {path} {status} has a body"] if text else []
        schema = content[media.split(";")[0]]["schema"]
        return self.problems(
            schema, json.loads(text) if media.split(";")[0].endswith("json") else text.decode()
        )


def examples(media: Json, document: Document) -> Iterator[tuple[str, Any]]:
    """Return the examples of one media type, by their names."""
    if "example" in media:
        yield "example", media["example"]
    for name, example in media.get("examples", {}).items():
        yield name, document.resolve(example)["value"]


def frames(text: str) -> Iterator[tuple[str, str]]:
    """Split a stream into the event name and the data of each frame."""
    for frame in filter(None, text.split("\n\n")):
        fields = dict(line.split(": ", 1) for line in frame.split("\n"))
        yield fields.get("event", "message"), fields["data"]
