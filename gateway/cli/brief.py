"""A brief is a text from which a persona is made; its front matter, in YAML, may hold the other fields."""

import re
import sys
from pathlib import Path
from typing import Any

import msgspec

from gateway.cli.failures import Failure
from gateway.personas import document
from gateway.personas.node import DocumentError, text_of, wrong
from gateway.runs.asked import FIELDS
from gateway.runs.view import CreateBody
from gateway.spelling import suggestion

BYTES = 64 * 1024
FENCE = re.compile(r"---[ \t]*\n")
END = re.compile(r"^---[ \t]*(?:\n|\Z)", re.MULTILINE)
BESIDE = tuple(name for name in FIELDS if name != "intent")
NOT_TEXTS = ("seed", "budget_usd", "custom_fields")


def read(path: Path) -> CreateBody:
    """Read a brief; `-` is standard input. Raises Failure."""
    is_piped = str(path) == "-"
    place = "standard input" if is_piped else str(path)
    try:
        if is_piped:
            found = sys.stdin.buffer.read(BYTES + 1)
        else:
            with path.open("rb") as file:
                found = file.read(BYTES + 1)
        if len(found) > BYTES:
            raise Failure(f"{place}: is longer than {BYTES // 1024} KiB; a brief is a few sentences")
        return parse(found.decode("utf-8-sig").replace("\r\n", "\n"))
    except UnicodeDecodeError as error:
        raise Failure(f"{place}: {error}") from None
    except DocumentError as error:
        raise Failure(f"{place}: {error}") from None


def parse(text: str) -> CreateBody:
    """Read the text of a brief. Raises DocumentError."""
    start = FENCE.match(text)
    if start is None:
        return CreateBody(intent=text.strip())
    end = END.search(text, start.end())
    if end is None:
        raise DocumentError("the front matter has no end; write a line `---` behind it")
    # The line in the place of the fence lets errors name lines as the file counts them.
    values = _fields("\n" + text[start.end() : end.start()])
    try:
        return msgspec.convert({**values, "intent": text[end.end() :].strip()}, CreateBody)
    except msgspec.ValidationError as error:
        message, _, name = str(error).partition(" - at `$.")
        raise DocumentError(f"{name.rstrip('`')}: {message}") from None


def _fields(text: str) -> dict[str, Any]:
    if not text.strip():
        return {}
    root = document.parse(text)
    if root.kind != "map":
        raise wrong(root, "front matter is a mapping, such as `language: en`")
    document.data(root)
    values = {}
    for key, node in root.pairs():
        name = text_of(key)
        if name not in BESIDE:
            hint = suggestion(name, BESIDE) or f"; known are: {', '.join(BESIDE)}"
            raise wrong(key, f"there is no field `{name}`{hint}")
        values[name] = document.data(node, "core" if name in NOT_TEXTS else "text")
    return values
