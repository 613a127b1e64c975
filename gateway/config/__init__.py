"""config.toml and the environment are decoded once, into frozen structs; errors name the exact place."""

from gateway.config.asking import (
    BUNDLED_MODEL,
    EMBEDDED,
    LOCAL,
    Chat,
    Embeddings,
    Images,
    Local,
    Moderation,
    Price,
    Route,
    Timeouts,
    Upstream,
)
from gateway.config.images import maker as image_maker
from gateway.config.images import pictures as pictures
from gateway.config.loading import (
    ENV_PREFIX,
    environment,
    find,
    forget_dbos_settings,
    load,
    misnamed,
    user_folder,
    without_math_threads,
)
from gateway.config.masking import masked
from gateway.config.parts import ConfigError, Strict
from gateway.config.resolving import store_at
from gateway.config.routes import order, route, uses_local
from gateway.config.serving import Keys, Limits, Plan, Server, Store, Work, Workspace
from gateway.config.structs import Config, Egress, Generation, Grounding, Mcp, Tool
from gateway.config.upstreams import is_here
from gateway.config.watching import (
    Alerts,
    Audit,
    Drift,
    Judge,
    Log,
    Metrics,
    Otel,
    Recording,
    Turns,
    Webhooks,
)

__all__ = [
    "BUNDLED_MODEL",
    "EMBEDDED",
    "ENV_PREFIX",
    "LOCAL",
    "Alerts",
    "Audit",
    "Chat",
    "Config",
    "ConfigError",
    "Drift",
    "Egress",
    "Embeddings",
    "Generation",
    "Grounding",
    "Images",
    "Judge",
    "Keys",
    "Limits",
    "Local",
    "Log",
    "Mcp",
    "Metrics",
    "Moderation",
    "Otel",
    "Plan",
    "Price",
    "Recording",
    "Route",
    "Server",
    "Store",
    "Strict",
    "Timeouts",
    "Tool",
    "Turns",
    "Upstream",
    "Webhooks",
    "Work",
    "Workspace",
    "environment",
    "find",
    "forget_dbos_settings",
    "image_maker",
    "is_here",
    "load",
    "masked",
    "misnamed",
    "order",
    "route",
    "store_at",
    "user_folder",
    "uses_local",
    "without_math_threads",
]
