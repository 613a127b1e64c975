"""OpenAI's shapes, readiness and the error envelopes are no structs, so their schemas stand here by hand."""

from gateway.openapi.shapes import (
    completions,
    dialogue,
    generated,
    health,
    models,
    recorded,
    refused,
    responded,
    studio,
)
from gateway.openapi.shapes.dialogue import LINES
from gateway.openapi.shapes.schema import Json

JSON, JSON_LINES = "application/json", "application/jsonl"
"""Types of bodies."""
SHAPES: Json = {
    **completions.SHAPES,
    **dialogue.SHAPES,
    **generated.SHAPES,
    **health.SHAPES,
    **models.SHAPES,
    **recorded.SHAPES,
    **refused.SHAPES,
    **responded.SHAPES,
    **studio.SHAPES,
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
