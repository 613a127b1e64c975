"""Each body that an operation takes has examples, by the operation's id; a test checks each."""

import re
from collections.abc import Mapping
from typing import Any

from gateway.openapi.values import (
    completions,
    dialogue,
    generated,
    hooks,
    library,
    names,
    projects,
    responded,
    studio,
)
from gateway.openapi.values.names import Json


def titled(examples: Mapping[str, Any]) -> Json:
    """Arrange examples by their titles."""
    return {
        re.sub(r"[^a-z0-9]+", "_", title.lower()).strip("_"): {"summary": title, "value": value}
        for title, value in examples.items()
    }


IN_PATHS = {
    "ref": "the-night-librarian",
    "project": names.WORKSPACE_ID,
    "job": studio.JOB_ID,
    "persona": projects.PERSONA_UUID,
    "image": projects.IMAGE,
    "v": "v2",
    "a": "v2",
    "b": "v3",
    "label": "production",
    "key_id": names.KEY_ID,
    "subject": names.KEY_ID,
    "unit": "usd",
    "period": "month",
    "workspace": names.WORKSPACE_ID,
    "turn_id": names.TURN_ID,
    "run_id": generated.RUN_ID,
    "webhook_id": hooks.WEBHOOK_ID,
    "delivery_id": hooks.DELIVERY_ID,
    "name": "favourite_tea",
    "conversation": names.CONVERSATION_ID,
    "build": "6f1c2b7a90de4435",
    "file": "style.css",
    "response": responded.RESPONSE_ID,
    "item": names.TURN_ID,
    "model": "persona/the-night-librarian",
}
REQUESTS: dict[str, dict[str, Any]] = {
    "create_chat_completion": {
        "Whole answer": completions.CHAT,
        "Stream": {**completions.CHAT, "stream": True},
        "A fixed version, with the caller's own system message": {
            "model": "persona/the-night-librarian@v2",
            "messages": [{"role": "system", "content": "The visitor's name is Ada."}, *completions.MESSAGES],
            "temperature": 0.2,
        },
    },
    "create_response": {
        "Whole answer": responded.ASKED,
        "Stream": {**responded.ASKED, "stream": True},
        "In the background": {**responded.ASKED, "background": True},
    },
    "create_openai_conversation": {
        "Empty": {},
        "With a persona and an item": {"persona": "the-night-librarian", "items": [responded.GIVEN]},
    },
    "change_openai_conversation": {"Metadata": {"metadata": {"topic": "tea"}}},
    "add_conversation_items": {"One item": {"items": [responded.GIVEN]}},
    "create_embeddings": {"One text": {"model": "text-embedding-3-small", "input": "Good evening"}},
    "create_moderation": {
        "As the persona would say it": {
            "model": "persona/the-night-librarian",
            "input": "As an AI, I cannot help you with that.",
        }
    },
    "create_persona": {
        "With a prompt": library.NEW_PERSONA,
        "From layers": library.NEW_FROM_LAYERS,
        "From an intent": generated.FROM_INTENT,
        "With a field of the workspace's own": {
            **generated.FROM_INTENT,
            "custom_fields": {"favourite_tea": None},
        },
    },
    "refine_persona": {"Another voice": generated.INSTRUCTION},
    "add_field": {"A text": generated.NEW_FIELD},
    "change_persona": {
        "A new version": {"prompt": names.PROMPT},
        "Beside the versions": {"tags": ["fiction"], "visibility": "public"},
        "Take a layer away": {"mask": None},
    },
    "move_label": {"To a version": {"version": "v2"}},
    "fork_persona": {
        "Under another slug": {"slug": "edith-in-german", "version": "v2", "visibility": "workspace"}
    },
    "import_personas": {
        "A character card": library.IMPORT,
        "A text": {"format": "text", "text": "You are Edith, a night librarian.", "name": "edith.md"},
    },
    "render_request": {"A chat request": {"messages": completions.MESSAGES}},
    "create_conversation": {
        "With the version of now": {"persona": "the-night-librarian", "title": "A visitor who cannot sleep"},
        "Under an id of your own, with what a label means": {
            "id": "conv_72",
            "persona_id": names.PERSONA_ID,
            "follow": "production",
            "metadata": {"channel": "web"},
        },
    },
    "change_conversation": {
        "A title": {"title": "A visitor who cannot sleep"},
        "Another version": {"version": "v3"},
    },
    "import_conversation": {
        "An export": dialogue.LINES,
        "Messages alone": '{"role":"user","content":"Hi"}\n{"role":"assistant","content":"Good evening."}\n',
    },
    "post_message": {
        "The first one, to an id of your choosing": {
            "persona_id": names.PERSONA_ID,
            "message": "Is anybody there?",
            "stream": True,
        },
        "Another one": {"message": "And what do you read at night?", "temperature": 0.4},
        "What a tool has found": {"tool_results": [{"tool_call_id": "call_1", "content": "a lamp"}]},
        "Another answer to the same message": {"parent": names.MESSAGE_ID},
    },
    "play_scenario": {
        "Two who meet": {
            "personas": ["the-night-librarian", "the-istanbul-bookseller@v1"],
            "scene": "A power cut. They meet on the stairs, each with a candle.",
            "turns": 4,
            "budget_usd": 0.05,
        }
    },
    "create_project_persona": {"An impatient user": projects.NEW},
    "change_project_persona": {"Another prompt": projects.CHANGE},
    "add_style_image": {"A style": projects.NEW_STYLE},
    "start_enhancement": {"A sketch": {"persona": studio.SOURCE, "grounding": "off"}},
    "start_population": {
        "With a blueprint": {
            "prompt": "People who play support or jungle.",
            "count": 2,
            "seed": 7,
            "blueprint": studio.BLUEPRINT,
        },
        "Planned by a model": {"prompt": "Regulars of a small harbour library.", "count": 20},
    },
    "start_evaluation": {
        "Two personas": {"personas": [studio.PERSONA, studio.OTHER], "blueprint": studio.BLUEPRINT}
    },
    "create_workspace": {"A tenant": {"name": "acme", "mode": "live"}},
    "create_key": {
        "For a website": {"name": "website", "scopes": ["personas:read", "chat:invoke"]},
        "With an end": {"name": "trial", "expires_at": "2030-01-01T00:00:00Z"},
    },
    "set_budget": {"Fifty dollars": {"limit": 50}},
    "set_plan": {"A plan": {"plan": "pro"}, "That of the configuration": {"plan": None}},
    "limit_key": {
        "Less than the others": {"chat_per_minute": 60, "concurrent_streams": 2},
        "More than the plan": {"chat_per_minute": 6000, "override": True},
        "As the plan says": {},
    },
    "rotate_key": {"At once": {"grace_seconds": 0}},
    "create_webhook": {
        "Ends of runs, and drift": {
            "url": hooks.URL,
            "events": hooks.WEBHOOK["events"],
            "description": hooks.WEBHOOK["description"],
        }
    },
    "change_webhook": {"Switch it off": {"enabled": False}, "Other events": {"events": ["run.failed"]}},
    "rotate_webhook": {
        "With an hour for the old secret": {"grace_seconds": 3600},
        "The receiver knows the new secret": {"finish": True},
    },
    "replay_deliveries": {
        "Dead letters of a night": {"since": "2026-11-21T22:00:00Z", "until": "2026-11-22T06:00:00Z"},
        "Everything since then": {"since": "2026-11-22T06:00:00Z", "deliveries": "all"},
    },
}
"""Examples of bodies by the operation's id, each by its title."""
