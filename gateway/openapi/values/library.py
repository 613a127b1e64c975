"""Personas, versions and what is known of them, as examples."""

from gateway.openapi.values.names import (
    FINGERPRINT,
    KEY_ID,
    LATER,
    LINE,
    PERSONA_ID,
    PROMPT,
    SOUL,
    VERSION_ID,
    WHEN,
    Json,
)

CONTENT: Json = {
    "language": "en",
    "prompt": PROMPT,
    "layers": {"soul": SOUL},
    "examples": [LINE],
    "overlay": "append",
    "allow": [],
    "refusal": "",
    "rules": [{"must_not": "promise a refund", "name": "no refunds"}],
    "facts": [{"from": "fact:5e6f7a8b", "off": True}],
    "variables": {},
    "upstreams": [],
    "defaults": {"temperature": 0.7},
    "headers": {},
}
PERSONA: Json = {
    "id": PERSONA_ID,
    "slug": "the-night-librarian",
    "name": "Edith Marlowe",
    "status": "completed",
    "visibility": "workspace",
    "tags": ["demo", "fiction"],
    "schema_version": "1.0",
    "version": 3,
    "labels": {"production": 2},
    "fingerprint": FINGERPRINT,
    **CONTENT,
    "soul": SOUL,
    "self": None,
    "mask": None,
    "surface": None,
    "forked_from": None,
    "created_at": WHEN,
    "updated_at": LATER,
}
VERSION: Json = {
    "id": VERSION_ID,
    "persona": PERSONA_ID,
    "version": 2,
    "labels": ["production"],
    "fingerprint": FINGERPRINT,
    **CONTENT,
    "created_at": WHEN,
}
NEW_PERSONA: Json = {
    "name": "Edith Marlowe",
    "slug": "the-night-librarian",
    "language": "en",
    "visibility": "workspace",
    "tags": ["demo", "fiction"],
    "prompt": PROMPT,
    "examples": [LINE],
    "defaults": {"temperature": 0.7},
}
NEW_FROM_LAYERS: Json = {
    "name": "Mert Kavaklı",
    "language": "tr",
    "soul": {"core_value": "a book finds its reader"},
    "surface": {"occupation": "bookseller", "city": "Istanbul"},
}
RULES: Json = {
    "persona": PERSONA_ID,
    "version": 2,
    "reader": 1,
    "data": [
        {
            "id": "prose:1a2b3c4d",
            "doubted_by": None,
            "origin": "prompt",
            "state": "active",
            "rule": {"must_not": "break character"},
            "source": "You never break character.",
        }
    ],
    "facts": [
        {
            "id": "fact:5e6f7a8b",
            "origin": "prompt",
            "state": "active",
            "said": "eight in the evening",
            "kind": "time",
            "value": 1200,
            "about": "The library opens",
            "basis": "prompt",
            "source": "The library opens at eight in the evening.",
        }
    ],
}
DIFF: Json = {
    "a": 2,
    "b": 3,
    "patch": [{"op": "replace", "path": "/prompt", "value": PROMPT}],
    "text": "--- v2\n+++ v3\n@@ -3 +3 @@\n-prompt: You are Edith.\n+prompt: You are Edith Marlowe, …\n",
}
IMPORT: Json = {
    "format": "card",
    "text": '{"spec":"chara_card_v2","spec_version":"2.0","data":{"name":"Edith Marlowe",'
    '"description":"Night librarian of a small harbour town."}}',
    "visibility": "workspace",
}
IMPORTED: Json = {
    "data": [
        {
            "persona": PERSONA_ID,
            "slug": "edith-marlowe",
            "name": "Edith Marlowe",
            "outcome": "created",
            "version": 1,
            "labels": {},
            "alias": None,
            "not_carried": [],
        }
    ]
}
LABEL_MOVE: Json = {"label": "production", "version": 2, "previous": 1, "by": KEY_ID, "at": LATER}
