"""Responses, as examples."""

from gateway.openapi.values.completions import ON_ANSWER
from gateway.openapi.values.names import CONVERSATION_ID, LINE, TURN_ID, Json

NUMBER = TURN_ID.partition("_")[2]
RESPONSE_ID = f"resp_{NUMBER}"
ASKED: Json = {
    "model": "persona/the-night-librarian",
    "instructions": "The visitor's name is Ada.",
    "input": "Good evening. What should I read tonight?",
}
ITEM: Json = {
    "id": TURN_ID,
    "type": "message",
    "status": "completed",
    "role": "assistant",
    "content": [{"type": "output_text", "text": LINE, "annotations": [], "logprobs": []}],
}
BEGUN: Json = {
    "id": RESPONSE_ID,
    "object": "response",
    "created_at": 1795327200,
    "status": "in_progress",
    "error": None,
    "incomplete_details": None,
    "output": [],
    "usage": None,
    "model": "persona/the-night-librarian@v2",
    "instructions": "The visitor's name is Ada.",
    "previous_response_id": None,
    "conversation": None,
    "store": True,
    "background": False,
    "metadata": {},
}
ANSWER: Json = {
    **BEGUN,
    "completed_at": 1795327201,
    "status": "completed",
    "output": [ITEM],
    "usage": {
        "input_tokens": 41,
        "input_tokens_details": {"cached_tokens": 32},
        "output_tokens": 12,
        "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": 53,
    },
    "persona": ON_ANSWER,
}
CANCELLED: Json = {**BEGUN, "background": True, "status": "cancelled"}
GIVEN: Json = {"type": "message", "role": "user", "content": "Good evening."}
LISTED: Json = {
    "object": "list",
    "data": [ITEM],
    "first_id": TURN_ID,
    "last_id": TURN_ID,
    "has_more": False,
}
CONVERSATION: Json = {
    "id": CONVERSATION_ID,
    "object": "conversation",
    "created_at": 1795327200,
    "metadata": {"topic": "tea"},
}
PLACE: Json = {"item_id": TURN_ID, "output_index": 0, "content_index": 0}
EVENTS: list[Json] = [
    {"type": "response.created", "sequence_number": 0, "response": BEGUN},
    {
        "type": "response.output_text.delta",
        "sequence_number": 4,
        **PLACE,
        "delta": "Sit down, ",
        "logprobs": [],
    },
    {"type": "response.completed", "sequence_number": 8, "response": ANSWER},
]
