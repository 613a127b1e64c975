"""Messages to a persona, and lines of an export, look like this."""

from gateway.openapi.shapes.schema import TEXT, Json, array, or_null, record

LINES = "MessageLines"

SHAPES: Json = {
    "NewMessage": record(
        "A message to a persona. Every other field is a parameter of the chat, as OpenAI takes it.",
        "",
        message={"anyOf": [TEXT, array({"type": "object"})]},
        tool_results=array({"type": "object"}),
        persona=TEXT,
        persona_id=TEXT,
        follow=TEXT,
        parent=or_null("string"),
        stream={"type": ["boolean", "null"], "default": False},
        tools=array({"anyOf": [TEXT, {"type": "object"}]}),
    ),
    "MessageDelta": record("A piece of an answer's text.", "message_id delta", message_id=TEXT, delta=TEXT),
    LINES: {
        "type": "string",
        "description": "Lines of JSON, a message in OpenAI's form on each, which may have `id`, `parent`, "
        "`version`, `drift`, `coherence` and `created_at` beside it.",
    },
}
