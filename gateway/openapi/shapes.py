"""OpenAI's shapes, readiness and the error envelopes are no structs, so their schemas stand here by hand."""

from typing import Any

from gateway.errors import Fault

Json = dict[str, Any]

TEXT: Json = {"type": "string"}
NUMBER: Json = {"type": "integer"}
OPEN = "Every other field is passed on as it is."


def _ref(name: str) -> Json:
    return {"$ref": f"#/components/schemas/{name}"}


def _array(items: Json) -> Json:
    return {"type": "array", "items": items}


def _object(description: str, required: str, **properties: Json) -> Json:
    """Make an object that may hold other fields too; `required` is names apart by spaces."""
    shape: Json = {"type": "object", "description": description, "properties": properties}
    return {**shape, "required": required.split()} if required else shape


def _one_of(*values: str) -> Json:
    return {"type": "string", "enum": list(values)}


def _or_null(kind: str) -> Json:
    return {"type": [kind, "null"]}


def _distinct(field: str) -> list[str]:
    return sorted({getattr(fault, field) for fault in Fault})


JSON, JSON_LINES = "application/json", "application/jsonl"
"""Types of bodies."""
LINES = "MessageLines"
CONTENT: Json = {"anyOf": [TEXT, _array({"type": "object"}), {"type": "null"}]}
TOOL_CALL = _object(
    "A function that the model wants called.",
    "",
    index=NUMBER,
    id=TEXT,
    type=TEXT,
    function=_object("The function.", "", name=TEXT, arguments=TEXT),
)
MESSAGE_FIELDS = {"content": CONTENT, "tool_calls": {"anyOf": [_array(_ref("ToolCall")), {"type": "null"}]}}
USAGE = {"anyOf": [_ref("TokenCounts"), {"type": "null"}]}
SHAPES: Json = {
    "NewEnhancement": _object(
        "A persona's text, to be deepened.",
        "persona",
        persona=TEXT,
        grounding=_one_of("off", "web", "research"),
    ),
    "NewPopulation": _object(
        "What a population is for.",
        "prompt count",
        prompt=TEXT,
        count={"type": "integer", "minimum": 1, "maximum": 200},
        blueprint={"type": "object"},
        seed=NUMBER,
        partial={"type": "boolean"},
    ),
    "NewEvaluation": _object(
        "Personas, and perhaps the blueprint that they were made from.",
        "personas",
        personas=_array(_ref("Member")),
        blueprint={"type": "object"},
    ),
    "JobError": _object(
        "An error of a path of jobs.",
        "error",
        error=_object(
            "The error.", "code message details", code=TEXT, message=TEXT, details=_array(_ref("ErrorDetail"))
        ),
    ),
    "NewMessage": _object(
        "A message to a persona. Every other field is a parameter of the chat, as OpenAI takes it.",
        "",
        message={"anyOf": [TEXT, _array({"type": "object"})]},
        tool_results=_array({"type": "object"}),
        persona=TEXT,
        persona_id=TEXT,
        follow=TEXT,
        parent=_or_null("string"),
        stream={"type": ["boolean", "null"], "default": False},
        tools=_array({"anyOf": [TEXT, {"type": "object"}]}),
    ),
    "RunStarted": _object("A run begins.", "run_id step", run_id=TEXT, step=TEXT),
    "LayerDelta": _object(
        "An operation of a JSON patch (RFC 6902) on the layers.",
        "op path value",
        op=TEXT,
        path=TEXT,
        value={},
    ),
    "RunCompleted": _object(
        "The run has made a persona or a version.",
        "run_id persona_id total_cost_usd",
        run_id=TEXT,
        persona_id=TEXT,
        total_cost_usd=_or_null("number"),
        tokens=NUMBER,
        examples_left_out=NUMBER,
        version=NUMBER,
        demonstration={"type": "boolean"},
        patch=_or_null("array"),
    ),
    "RunFailed": _object("The run has failed.", "run_id error", run_id=TEXT, error={"type": "object"}),
    "RunCancelled": _object("The run was cancelled.", "run_id", run_id=TEXT),
    "MessageDelta": _object("A piece of an answer's text.", "message_id delta", message_id=TEXT, delta=TEXT),
    LINES: {
        "type": "string",
        "description": "Lines of JSON, a message in OpenAI's form on each, which may have `id`, `parent`, "
        "`version`, `drift`, `coherence` and `created_at` beside it.",
    },
    "ChatRequest": _object(
        f"A chat request as OpenAI takes it. {OPEN}",
        "model messages",
        model=TEXT,
        messages=_array(_ref("ChatMessage")),
        stream={"type": ["boolean", "null"], "default": False},
        stream_options={"type": ["object", "null"]},
        temperature=_or_null("number"),
        max_completion_tokens=_or_null("integer"),
        n=_or_null("integer"),
        tools={"anyOf": [_array({"type": "object"}), {"type": "null"}]},
        user=_or_null("string"),
    ),
    "RenderRequest": _object(
        f"A chat request of which `model` may be left out, since the path names the persona. {OPEN}",
        "messages",
        messages=_array(_ref("ChatMessage")),
        stream={"type": ["boolean", "null"], "default": False},
    ),
    "ChatMessage": _object(f"One message. {OPEN}", "role", role=TEXT, **MESSAGE_FIELDS),
    "ToolCall": TOOL_CALL,
    "ChatCompletion": _object(
        "A whole answer. Fields of the upstream that are not named here stay.",
        "id object created model choices",
        id=TEXT,
        object={"const": "chat.completion"},
        created=NUMBER,
        model=TEXT,
        choices=_array(
            _object(
                "One answer.",
                "index message finish_reason",
                index=NUMBER,
                message=_ref("ChatMessage"),
                finish_reason=_or_null("string"),
            )
        ),
        usage=USAGE,
        persona=_ref("PersonaOnAnswer"),
    ),
    "ChatCompletionChunk": _object(
        "One event of a stream. The chunk with the last `finish_reason` carries `persona`.",
        "id object created model choices",
        id=TEXT,
        object={"const": "chat.completion.chunk"},
        created=NUMBER,
        model=TEXT,
        choices=_array(
            _object(
                "A piece of one answer.",
                "index delta",
                index=NUMBER,
                delta=_object("The piece.", "", role=TEXT, **MESSAGE_FIELDS),
                finish_reason=_or_null("string"),
            )
        ),
        usage=USAGE,
        persona=_ref("PersonaOnAnswer"),
    ),
    "PersonaOnAnswer": _object(
        "Who answered, and how far from the persona the answer is; absent for plain models.",
        "id slug version turn conversation drift coherence",
        id=TEXT,
        slug=TEXT,
        version=NUMBER,
        turn=TEXT,
        conversation=_or_null("string"),
        drift=_ref("Drift"),
        coherence=_or_null("number"),
    ),
    "ResponseRequest": _object(
        f"A Responses request as OpenAI takes it. {OPEN}",
        "",
        model=TEXT,
        input={"anyOf": [TEXT, _array({"type": "object"})]},
        instructions=_or_null("string"),
        stream={"type": ["boolean", "null"], "default": False},
        store=_or_null("boolean"),
        previous_response_id=_or_null("string"),
        conversation={"anyOf": [TEXT, {"type": "object"}, {"type": "null"}]},
        background=_or_null("boolean"),
        max_output_tokens=_or_null("integer"),
        text={"type": ["object", "null"]},
        reasoning={"type": ["object", "null"]},
        tools={"anyOf": [_array({"type": "object"}), {"type": "null"}]},
        metadata={"type": ["object", "null"]},
        prompt={"type": ["object", "null"]},
    ),
    "Response": _object(
        "A response. Fields of the upstream that are not named here stay.",
        "id object created_at status output model",
        id=TEXT,
        object={"const": "response"},
        created_at=NUMBER,
        status=_one_of("queued", "in_progress", "completed", "incomplete", "failed", "cancelled"),
        output=_array(_ref("ResponseItem")),
        model=TEXT,
        usage={"type": ["object", "null"]},
        error={"type": ["object", "null"]},
        persona=_ref("PersonaOnAnswer"),
    ),
    "ResponseItem": _object(
        f"An item of a response or of a conversation. {OPEN}", "type", type=TEXT, id=TEXT
    ),
    "ResponseItems": _object(
        "A page of items.",
        "object data first_id last_id has_more",
        object={"const": "list"},
        data=_array(_ref("ResponseItem")),
        first_id=_or_null("string"),
        last_id=_or_null("string"),
        has_more={"type": "boolean"},
    ),
    "Deleted": _object(
        "What was deleted, in OpenAI's form.",
        "id object deleted",
        id=TEXT,
        object=TEXT,
        deleted={"const": True},
    ),
    "ResponseEvent": _object(
        "An event of a response's stream; the last one carries the whole response with `persona`.",
        "type sequence_number",
        type=TEXT,
        sequence_number=NUMBER,
        response=_ref("Response"),
    ),
    "EmbeddingsRequest": _object(
        f"A request for vectors as OpenAI takes it, passed on unchanged. {OPEN}",
        "model input",
        model=TEXT,
        input={"anyOf": [TEXT, _array({"anyOf": [TEXT, NUMBER, _array(NUMBER)]})]},
        encoding_format=_one_of("float", "base64"),
        dimensions=NUMBER,
        input_type=_one_of("query", "document", "passage"),
        user=TEXT,
    ),
    "Embeddings": _object(
        "Vectors, as the upstream answered.",
        "object data model",
        object={"const": "list"},
        data=_array(
            _object(
                "One vector.",
                "object index embedding",
                object={"const": "embedding"},
                index=NUMBER,
                embedding={"anyOf": [_array({"type": "number"}), TEXT]},
            )
        ),
        model=TEXT,
        usage=_ref("TokenCounts"),
    ),
    "ModerationRequest": _object(
        "Texts to look at, as OpenAI takes them.",
        "input",
        model=TEXT,
        input={"anyOf": [TEXT, _array({"anyOf": [TEXT, {"type": "object"}]})]},
    ),
    "Moderations": _object(
        "What was seen in each text.",
        "id model results",
        id=TEXT,
        model=TEXT,
        results=_array(
            _object(
                "What was seen in one text; a category that nobody can see is absent.",
                "flagged categories category_scores",
                flagged={"type": "boolean"},
                categories={"type": "object", "additionalProperties": {"type": "boolean"}},
                category_scores={"type": "object", "additionalProperties": {"type": "number"}},
                category_applied_input_types={"type": "object", "additionalProperties": _array(TEXT)},
            )
        ),
        persona=_object("Whose rules were counted.", "id slug version", id=TEXT, slug=TEXT, version=NUMBER),
    ),
    "Model": _object(
        "A name for `model`; `persona` is absent for plain models.",
        "id name object created owned_by",
        id=TEXT,
        name=TEXT,
        object={"const": "model"},
        created=NUMBER,
        owned_by=TEXT,
        persona=_object(
            "What the name stands for now.",
            "id slug version name language",
            id=TEXT,
            slug=TEXT,
            version=NUMBER,
            name=TEXT,
            language=TEXT,
        ),
    ),
    "ModelList": _object(
        "Names for `model`.", "object data", object={"const": "list"}, data=_array(_ref("Model"))
    ),
    "OpenAPIDocument": _object("An OpenAPI 3.1 document.", "openapi", openapi=TEXT),
    "Liveness": _object("The process runs.", "status", status={"const": "live"}),
    "UpstreamCalls": _object(
        "How an upstream has been doing, as the worker that answers has seen it.",
        "last_failure seconds_ago calls failing",
        last_failure=_or_null("string"),
        seconds_ago=_or_null("number"),
        calls=NUMBER,
        failing=_or_null("number"),
    ),
    "WorkDepth": _object(
        "How much work there is that lasts; null as long as the store has not been read.",
        "",
        waiting=NUMBER,
        running=NUMBER,
        failed=NUMBER,
        retries=NUMBER,
        oldest_seconds=NUMBER,
    )
    | {"type": ["object", "null"]},
    "Status": _object(
        "How the gateway is, as the worker that answers sees it.",
        "status version uptime_seconds workers draining store limits upstreams work",
        status=_one_of("ready", "degraded", "unavailable"),
        version=TEXT,
        uptime_seconds=NUMBER,
        workers=NUMBER,
        draining={"type": "boolean"},
        store=_one_of("ok", "degraded"),
        limits=_one_of("ok", "degraded"),
        upstreams={"type": "object", "additionalProperties": _one_of("ok", "degraded")},
        work=_ref("WorkDepth"),
    ),
    "Readiness": _object(
        "Whether chat requests can be answered, and the state of each part.",
        "status store limits upstreams upstream_calls draining turns_dropped log_lines_dropped "
        "verdict_changes late_scores retiring_models work",
        status=_one_of("ready", "degraded", "unavailable"),
        store=_one_of("ok", "degraded"),
        limits=_one_of("ok", "degraded"),
        upstreams={"type": "object", "additionalProperties": _one_of("ok", "degraded")},
        upstream_calls={"type": "object", "additionalProperties": _ref("UpstreamCalls")},
        draining={"type": "boolean"},
        work=_ref("WorkDepth"),
        turns_dropped=NUMBER,
        log_lines_dropped=NUMBER,
        verdict_changes={"type": "object", "additionalProperties": NUMBER},
        retiring_models={"type": "object", "additionalProperties": {"type": "string", "format": "date"}},
        late_scores=_object(
            "What has become of answers that went out before their score was there.",
            "scored dropped waiting",
            scored=NUMBER,
            dropped=NUMBER,
            waiting=NUMBER,
        ),
        judge=_object(
            "What has become of answers that were to be judged; absent where no judge is configured.",
            "judged discarded failed dropped over_budget",
            judged=NUMBER,
            discarded=NUMBER,
            failed=NUMBER,
            dropped=NUMBER,
            over_budget=NUMBER,
        ),
    ),
    "StreamGap": _object("Turns may be missing before the next event.", "message", message=TEXT),
    "StreamDropped": _object("Why a stream of turns ended: it was read too slowly.", "message", message=TEXT),
    "Error": _object(
        "The native error envelope.",
        "error",
        error=_object(
            "What went wrong.",
            "code message type doc_url request_id",
            code=_one_of(*_distinct("code")),
            message=TEXT,
            type=_one_of(*_distinct("type")),
            doc_url=TEXT,
            request_id=TEXT,
            run_id=TEXT,
            details=_array(_ref("ErrorDetail")),
        ),
    ),
    "ErrorDetail": _object(
        "One place that is wrong.",
        "loc msg type",
        loc=_array({"anyOf": [TEXT, NUMBER]}),
        msg=TEXT,
        type=TEXT,
    ),
    "OpenAIError": _object(
        "OpenAI's error envelope. Where an upstream refused the request, its own error object is passed on.",
        "error",
        error=_object(
            "What went wrong.",
            "message type param code",
            message=TEXT,
            type=_or_null("string"),
            param=_or_null("string"),
            code={"type": ["string", "integer", "null"]},
        ),
    ),
}
"""Schemas by their names."""
ANSWERED = {
    "check_liveness": "Liveness",
    "check_readiness": "Readiness",
    "show_status": "Status",
    "export_conversation": LINES,
    "read_response": "Response",
    "cancel_response": "Response",
    "remove_response": "Deleted",
    "list_input_items": "ResponseItems",
    "remove_openai_conversation": "Deleted",
    "list_conversation_items": "ResponseItems",
    "add_conversation_items": "ResponseItems",
    "read_conversation_item": "ResponseItem",
    "list_models": "ModelList",
    "show_model": "Model",
    "show_openapi": "OpenAPIDocument",
}
"""The answers of operations whose handlers return no struct."""
TAKEN = {
    "render_request": "RenderRequest",
    "post_message": "NewMessage",
    "import_conversation": LINES,
    "start_enhancement": "NewEnhancement",
    "start_population": "NewPopulation",
    "start_evaluation": "NewEvaluation",
}
"""The bodies of operations that read them by themselves."""
