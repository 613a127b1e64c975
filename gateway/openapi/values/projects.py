"""Personas in the shape of the projects API, as examples."""

from gateway.openapi.values.names import LATER, WHEN, Json

PERSONA_UUID = "0000cc61-3d0c-8a3a-9f4c-5f2b7a1c9d3e"
PERSONA: Json = {
    "id": PERSONA_UUID,
    "name": "impatient-user",
    "description": "A user who wants quick answers",
    "systemPrompt": "You are an impatient user who values brevity and expects quick, concise responses.",
    "createdAt": WHEN,
    "updatedAt": LATER,
}
NEW: Json = {
    "name": "impatient-user",
    "description": "A user who wants quick answers",
    "systemPrompt": "You are an impatient user who values brevity and expects quick, concise responses.",
    "headers": {"X-User-Language": "en"},
}
CHANGE: Json = {"systemPrompt": "You are a technical user who expects detailed, accurate responses."}
