"""A document is read by the format that it is said to have."""

from collections.abc import Callable, Mapping
from typing import Any, Literal

import msgspec

from gateway.importing import cards, langfuse, openai, pictures, plain
from gateway.importing.found import BYTES, PERSONAS, VERSIONS, Found, ImportingError
from gateway.personas.node import DocumentError

Format = Literal["card", "langfuse", "openai-assistant", "openai-prompt", "promptfoo", "text"]
READERS: Mapping[str, Callable[[Any], list[Found]]] = {
    "card": cards.read,
    "langfuse": langfuse.read,
    "openai-assistant": openai.assistants,
    "openai-prompt": openai.prompts,
    "promptfoo": plain.promptfoo,
}
MARK = b"\xef\xbb\xbf"


def read(form: Format, data: bytes, name: str) -> list[Found]:
    """Read the personas of a document; `name` is its file's. Raises ImportingError."""
    if len(data) > BYTES:
        raise ImportingError(f"A document has at most {BYTES >> 20} MiB")
    if form == "card" and data.startswith(pictures.SIGNATURE):
        data = pictures.card(data)
    try:
        text = data.removeprefix(MARK).decode()
    except UnicodeDecodeError:
        raise ImportingError("The document is no text in UTF-8") from None
    try:
        found = plain.text(name, text) if form == "text" else READERS[form](_decoded(form, text))
    except RecursionError:
        raise ImportingError("The document is nested too deeply") from None
    if not found:
        raise ImportingError("The document holds no persona")
    if len(found) > PERSONAS:
        raise ImportingError(f"A document holds at most {PERSONAS} personas, this one {len(found)}")
    if sum(len(each.versions) for each in found) > VERSIONS:
        raise ImportingError(f"A document holds at most {VERSIONS} versions; import the newest ones")
    return found


def _decoded(form: Format, text: str) -> Any:
    if form == "promptfoo":
        # The YAML library is loaded only where something is read by it.
        from gateway.personas import document

        try:
            return document.data(document.parse(text))
        except DocumentError as error:
            raise ImportingError(f"The document {error}") from None
    try:
        return msgspec.json.decode(text)
    except msgspec.DecodeError as error:
        raise ImportingError(f"The document is no JSON: {error}") from None
