"""Each operation has examples of its bodies and answers, by the operation's id; a test checks each."""

import re
from collections.abc import Mapping
from typing import Any

from gateway.openapi import values
from gateway.openapi.values import Json


def page(*items: Json, following: str | None = None) -> Json:
    """Make a page of a list."""
    return {"data": list(items), "has_more": following is not None, "next": following}


def titled(examples: Mapping[str, Any]) -> Json:
    """Arrange examples by their titles."""
    return {
        re.sub(r"[^a-z0-9]+", "_", title.lower()).strip("_"): {"summary": title, "value": value}
        for title, value in examples.items()
    }


IN_PATHS = {
    "ref": "the-night-librarian",
    "v": "v2",
    "a": "v2",
    "b": "v3",
    "label": "production",
    "key_id": values.KEY_ID,
    "turn_id": values.TURN_ID,
    "conversation": values.CONVERSATION_ID,
    "model": "persona/the-night-librarian",
}
REQUESTS: dict[str, dict[str, Any]] = {
    "create_chat_completion": {
        "Whole answer": values.CHAT,
        "Stream": {**values.CHAT, "stream": True},
        "A fixed version, with the caller's own system message": {
            "model": "persona/the-night-librarian@v2",
            "messages": [{"role": "system", "content": "The visitor's name is Ada."}, *values.MESSAGES],
            "temperature": 0.2,
        },
    },
    "create_embeddings": {"One text": {"model": "text-embedding-3-small", "input": "Good evening"}},
    "create_persona": {"With a prompt": values.NEW_PERSONA, "From layers": values.NEW_FROM_LAYERS},
    "change_persona": {
        "A new version": {"prompt": values.PROMPT},
        "Beside the versions": {"tags": ["fiction"], "visibility": "public"},
        "Take a layer away": {"mask": None},
    },
    "move_label": {"To a version": {"version": "v2"}},
    "fork_persona": {
        "Under another slug": {"slug": "edith-in-german", "version": "v2", "visibility": "workspace"}
    },
    "render_request": {"A chat request": {"messages": values.MESSAGES}},
    "create_conversation": {
        "With the version of now": {"persona": "the-night-librarian", "title": "A visitor who cannot sleep"},
        "Under an id of your own, with what a label means": {
            "id": "conv_72",
            "persona_id": values.PERSONA_ID,
            "follow": "production",
            "metadata": {"channel": "web"},
        },
    },
    "change_conversation": {
        "A title": {"title": "A visitor who cannot sleep"},
        "Another version": {"version": "v3"},
    },
    "import_conversation": {
        "An export": values.LINES,
        "Messages alone": '{"role":"user","content":"Hi"}\n{"role":"assistant","content":"Good evening."}\n',
    },
    "post_message": {
        "The first one, to an id of your choosing": {
            "persona_id": values.PERSONA_ID,
            "message": "Is anybody there?",
            "stream": True,
        },
        "Another one": {"message": "And what do you read at night?", "temperature": 0.4},
        "What a tool has found": {"tool_results": [{"tool_call_id": "call_1", "content": "a lamp"}]},
        "Another answer to the same message": {"parent": values.MESSAGE_ID},
    },
    "create_workspace": {"A tenant": {"name": "acme", "mode": "live"}},
    "create_key": {
        "For a website": {"name": "website", "scopes": ["personas:read", "chat:invoke"]},
        "With an end": {"name": "trial", "expires_at": "2030-01-01T00:00:00Z"},
    },
    "rotate_key": {"At once": {"grace_seconds": 0}},
}
"""Examples of bodies by the operation's id, each by its title."""
ANSWERS: dict[str, Any] = {
    "check_liveness": {"status": "live"},
    "check_readiness": values.READINESS,
    "show_openapi": {"openapi": "3.1.0"},
    "create_chat_completion": values.ANSWER,
    "create_embeddings": values.EMBEDDINGS,
    "list_models": values.MODELS,
    "show_model": values.MODEL,
    "create_persona": {**values.PERSONA, "version": 1, "labels": {}},
    "search_personas": page(values.PERSONA, following=values.PERSONA_ID),
    "read_persona": values.PERSONA,
    "change_persona": values.PERSONA,
    "list_versions": page(values.VERSION, following="v2"),
    "read_version": values.VERSION,
    "compare_versions": values.DIFF,
    "list_rules": values.RULES,
    "restore_version": values.PERSONA,
    "move_label": values.PERSONA,
    "list_label_moves": page(values.LABEL_MOVE),
    "fork_persona": {
        **values.PERSONA,
        "slug": "edith-in-german",
        "version": 1,
        "labels": {},
        "forked_from": {"persona": values.PERSONA_ID, "version": 2},
    },
    "render_request": values.RENDERED,
    "create_conversation": {**values.CONVERSATION, "leaf": None, "messages": 0, "turns": 0},
    "list_conversations": page(values.CONVERSATION, following="17"),
    "read_conversation": values.CONVERSATION,
    "change_conversation": values.CONVERSATION,
    "post_message": values.REPLY,
    "export_conversation": values.LINES,
    "follow_drift": values.PATH_DRIFT,
    "import_conversation": {**values.CONVERSATION, "version": 3},
    "list_messages": page(values.MESSAGE, following=values.TURN_ID),
    "list_turns": page(values.TURN, following="17"),
    "read_turn": values.TURN_DETAIL,
    "sum_up_usage": values.USAGE,
    "show_drift": values.DRIFT_HISTORY,
    "list_workspaces": page(values.WORKSPACE),
    "create_workspace": values.WORKSPACE,
    "list_keys": page(values.KEY),
    "create_key": values.MADE_KEY,
    "rotate_key": values.MADE_KEY,
    "list_audit": page(values.AUDIT),
}
UNREADY: Json = {**values.READINESS, "status": "unavailable", "upstreams": {"main": "degraded"}}
