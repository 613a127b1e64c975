"""Prompts that are lists of messages, as OpenAI and others keep them, become a prompt and examples."""

from typing import Any

from gateway.importing.found import Found, ImportingError, text_of

SYSTEM = frozenset({"system", "developer"})
TEXT_PARTS = frozenset({"text", "input_text", "output_text"})


def prompt_of(messages: list[Any], found: Found) -> tuple[str, list[str]]:
    """Return the text of the system messages, and the assistant's lines as examples. Raises ImportingError.

    What users say in a template has no place in a persona.
    """
    system, lines = [], []
    for number, message in enumerate(messages):
        if not isinstance(message, dict):
            raise ImportingError(f"Message {number} is not an object")
        role, text = message.get("role"), _text(message.get("content"), number, found)
        if role in SYSTEM:
            system.append(text)
        elif role == "assistant":
            lines.append(text)
        else:
            said = f"of the role `{role}`" if isinstance(role, str) else "without a role"
            found.lose(f"Message {number} {said} is not carried: a persona has a system prompt only.")
    return "\n\n".join(filter(str.strip, system)), [line for line in lines if line.strip()]


def _text(content: Any, number: int, found: Found) -> str:
    if not isinstance(content, list):
        return text_of(content, f"messages[{number}].content")
    texts = []
    for part in content:
        if isinstance(part, dict) and part.get("type") in TEXT_PARTS:
            texts.append(text_of(part.get("text"), f"messages[{number}].content.text"))
        else:
            found.lose(f"A part of message {number} that is no text is not carried.")
    return "\n\n".join(texts)
