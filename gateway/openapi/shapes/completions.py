"""OpenAI's chat completions look like this, with `persona` added."""

from gateway.openapi.shapes.schema import NUMBER, OPEN, TEXT, Json, array, or_null, record, ref

CONTENT: Json = {"anyOf": [TEXT, array({"type": "object"}), {"type": "null"}]}
MESSAGE_FIELDS = {"content": CONTENT, "tool_calls": {"anyOf": [array(ref("ToolCall")), {"type": "null"}]}}
USAGE = {"anyOf": [ref("TokenCounts"), {"type": "null"}]}

SHAPES: Json = {
    "ChatRequest": record(
        f"A chat request as OpenAI takes it. {OPEN}",
        "model messages",
        model=TEXT,
        messages=array(ref("ChatMessage")),
        stream={"type": ["boolean", "null"], "default": False},
        stream_options={"type": ["object", "null"]},
        temperature=or_null("number"),
        max_completion_tokens=or_null("integer"),
        n=or_null("integer"),
        tools={"anyOf": [array({"type": "object"}), {"type": "null"}]},
        user=or_null("string"),
    ),
    "RenderRequest": record(
        f"A chat request of which `model` may be left out, since the path names the persona. {OPEN}",
        "messages",
        messages=array(ref("ChatMessage")),
        stream={"type": ["boolean", "null"], "default": False},
    ),
    "ChatMessage": record(f"One message. {OPEN}", "role", role=TEXT, **MESSAGE_FIELDS),
    "ToolCall": record(
        "A function that the model wants called.",
        "",
        index=NUMBER,
        id=TEXT,
        type=TEXT,
        function=record("The function.", "", name=TEXT, arguments=TEXT),
    ),
    "ChatCompletion": record(
        "A whole answer. Fields of the upstream that are not named here stay.",
        "id object created model choices",
        id=TEXT,
        object={"const": "chat.completion"},
        created=NUMBER,
        model=TEXT,
        choices=array(
            record(
                "One answer.",
                "index message finish_reason",
                index=NUMBER,
                message=ref("ChatMessage"),
                finish_reason=or_null("string"),
            )
        ),
        usage=USAGE,
        persona=ref("PersonaOnAnswer"),
    ),
    "ChatCompletionChunk": record(
        "One event of a stream. The chunk with the last `finish_reason` carries `persona`.",
        "id object created model choices",
        id=TEXT,
        object={"const": "chat.completion.chunk"},
        created=NUMBER,
        model=TEXT,
        choices=array(
            record(
                "A piece of one answer.",
                "index delta",
                index=NUMBER,
                delta=record("The piece.", "", role=TEXT, **MESSAGE_FIELDS),
                finish_reason=or_null("string"),
            )
        ),
        usage=USAGE,
        persona=ref("PersonaOnAnswer"),
    ),
    "PersonaOnAnswer": record(
        "Who answered, and how far from the persona the answer is; absent for plain models.",
        "id slug version turn conversation drift coherence",
        id=TEXT,
        slug=TEXT,
        version=NUMBER,
        turn=TEXT,
        conversation=or_null("string"),
        drift=ref("Drift"),
        coherence=or_null("number"),
    ),
}
