"""Workspaces, keys, their log and the state of a process, as examples."""

from gateway.openapi.values.names import KEY_ID, LATER, PERSONA_ID, WHEN, WORKSPACE_ID, Json

WORKSPACE: Json = {"id": WORKSPACE_ID, "name": "acme", "mode": "live", "created_at": WHEN}
KEY: Json = {
    "id": KEY_ID,
    "name": "website",
    "prefix": "pk_live_4fGh2kLm0Q",
    "workspace": WORKSPACE_ID,
    "scopes": ["personas:read", "chat:invoke"],
    "operator": False,
    "created_at": WHEN,
    "expires_at": None,
    "revoked_at": None,
    "last_used_at": LATER,
}
MADE_KEY: Json = {**KEY, "last_used_at": None, "key": "pk_live_4fGh2kLm0Q" + "x" * 30}
PLAN: Json = {
    "workspace": WORKSPACE_ID,
    "plan": "pro",
    "source": "api",
    "limits": {
        "chat_per_minute": 600,
        "generations_per_minute": 60,
        "concurrent_runs": 10,
        "tokens_per_minute": None,
        "concurrent_streams": None,
        "webhook_deliveries_per_minute": 600,
        "pipelines": False,
    },
}
KEY_LIMITS: Json = {
    **dict.fromkeys(PLAN["limits"]),
    "chat_per_minute": 60,
    "concurrent_streams": 2,
    "override": False,
}
del KEY_LIMITS["pipelines"]
AUDIT: Json = {
    "id": "aud_0QwErTy1aBcDeFgHiJkL",
    "action": "label.moved",
    "subject": PERSONA_ID,
    "key": KEY_ID,
    "details": {"label": "production", "version": 2, "previous": 1},
    "at": LATER,
}
BUDGET: Json = {
    "subject": KEY_ID,
    "kind": "key",
    "unit": "usd",
    "period": "month",
    "limit": 50.0,
    "spent": 12.5,
    "reserved": 0.25,
    "left": 37.25,
    "calls": 310,
    "since": "2026-11-01T00:00:00.000Z",
    "resets_at": "2026-12-01T00:00:00.000Z",
    "created_at": WHEN,
    "updated_at": LATER,
}
STATUS: Json = {
    "status": "ready",
    "version": "0.1.0",
    "uptime_seconds": 86400,
    "workers": 2,
    "draining": False,
    "store": "ok",
    "limits": "ok",
    "upstreams": {"main": "ok"},
    "work": {"waiting": 0, "running": 1, "failed": 0, "retries": 0, "oldest_seconds": 0.0},
}
READINESS: Json = {
    "status": "ready",
    "store": "ok",
    "limits": "ok",
    "upstreams": {"main": "ok"},
    "upstream_calls": {
        "main": {"last_failure": "status_503", "seconds_ago": 12.4, "calls": 96, "failing": 0.0104}
    },
    "draining": False,
    "work": {"waiting": 0, "running": 1, "failed": 0, "retries": 0, "oldest_seconds": 0.0},
    "turns_dropped": 0,
    "log_lines_dropped": 0,
    "verdict_changes": {"drifting": 2},
    "retiring_models": {"main/gpt-5.4-mini": "2026-12-28"},
    "late_scores": {"scored": 40, "dropped": 0, "waiting": 3},
    "judge": {"judged": 12, "discarded": 1, "failed": 0, "dropped": 0, "over_budget": 0},
}
