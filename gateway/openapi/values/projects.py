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
IMAGE = "a1b2c3d4-e5f6-7890-abcd-ef1234567890.png"
PICTURED: Json = {**PERSONA, "imageUrl": IMAGE}
STYLE: Json = {"id": IMAGE, "name": "Ink and wash", "size": 18234, "createdAt": WHEN}
NEW_STYLE: Json = {
    "image": "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwAD"
    "hgGAWjR9awAAAABJRU5ErkJggg==",
    "name": "Ink and wash",
}
CHANGE: Json = {"systemPrompt": "You are a technical user who expects detailed, accurate responses."}
