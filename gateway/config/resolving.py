"""Completes and checks a configuration: absolute paths, known base URLs, API keys, the default order."""

import re
from collections.abc import Mapping
from importlib.util import find_spec
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import msgspec

from gateway.config import headers
from gateway.config.asking import EMBEDDED, LOCAL, Route, Upstream
from gateway.config.headers import is_address
from gateway.config.images import resolve_images
from gateway.config.parts import ConfigError
from gateway.config.serving import PASSWORD, Plan, Store
from gateway.config.structs import Config
from gateway.config.tools import resolve_tool

KNOWN_BASE_URLS = {
    "openai": "https://api.openai.com/v1",
    "ollama": "http://127.0.0.1:11434/v1",
    "vllm": "http://127.0.0.1:8000/v1",
    "openrouter": "https://openrouter.ai/api/v1",
}
PLANS = {
    "free": Plan(
        chat_per_minute=30,
        generations_per_minute=5,
        concurrent_runs=1,
        webhook_deliveries_per_minute=60,
        pipelines=False,
    ),
    "pro": Plan(
        chat_per_minute=600,
        generations_per_minute=60,
        concurrent_runs=10,
        webhook_deliveries_per_minute=600,
        pipelines=False,
    ),
    "team": Plan(
        chat_per_minute=3000,
        generations_per_minute=300,
        concurrent_runs=50,
        webhook_deliveries_per_minute=3000,
    ),
}
"""Plans that there are unless the configuration has others of these names."""
LIMIT_STORES = ("valkey", "valkeys", "redis", "rediss")
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")

ORIGIN = re.compile(r"[a-z][a-z0-9+.-]*://[^\s/?#@]+")
"""A scheme, a host and perhaps a port, as a browser sends it."""
PLACE = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+):[0-9]{1,5}")
"""A host and a port; a name beyond ASCII is written in its ASCII form."""


def resolve(config: Config, base: Path, environ: Mapping[str, str], secrets: bool) -> Config:
    """Fill in what is implied: absolute paths, known base URLs, API keys, the default order."""
    _proxy("[egress] proxy", config.egress.proxy)
    upstreams = {
        name: _resolve_upstream(name, upstream, environ, secrets, config.egress.proxy)
        for name, upstream in config.upstreams.items()
    }
    tools = {name: resolve_tool(name, tool, base, environ, secrets) for name, tool in config.tools.items()}
    if config.grounding.search and not is_address(config.grounding.search):
        raise ConfigError("[grounding] search: an http:// or https:// address is needed")
    replace = msgspec.structs.replace
    local = config.local
    if local.model_path:
        local = replace(local, model_path=str(base / Path(local.model_path).expanduser()))
    generation = config.generation
    if generation.pipelines:
        generation = replace(generation, pipelines=str(base / Path(generation.pipelines).expanduser()))
    config = replace(
        config,
        generation=generation,
        server=replace(config.server, public_url=_public_url(config.server.public_url)),
        upstreams=upstreams,
        tools=tools,
        local=local,
        store=_store(config.store, base),
        plans={**PLANS, **config.plans},
    )
    config = replace(config, images=resolve_images(config, base, environ, secrets))
    _check_limits(config)
    _check_otel(config)
    for proxy in config.server.trusted_proxies:
        try:
            ip_network(proxy, strict=False)
        except ValueError:
            place = f"[server] trusted_proxies: `{proxy[:100]}`"
            raise ConfigError(f"{place} is no address, and no network such as `10.0.0.0/8`") from None
    for origin in config.server.cors_origins:
        if origin != "*" and not ORIGIN.fullmatch(origin):
            place = f"[server] cors_origins: `{origin[:100]}`"
            raise ConfigError(f'{place} is no origin such as `https://chat.example.com`, and not "*"')
    for entry in config.egress.allow:
        if not PLACE.fullmatch(entry) or not 0 < int(entry.rpartition(":")[2]) < 65536:
            named = f"[egress] allow: `{entry[:100]}`"
            raise ConfigError(f"{named} is no host with its port, such as `10.0.0.5:8888`")
    with_model = [name for name, upstream in upstreams.items() if upstream.default_model]
    wanted = config.chat.upstreams or with_model or [LOCAL]
    try:
        routes = [route(config, text) for text in wanted]
    except ConfigError as error:
        raise ConfigError(f"[chat] upstreams: {error}") from None
    config = replace(config, chat=replace(config.chat, upstreams=[str(route) for route in routes]))
    if config.embeddings.upstream is not None and config.embeddings.upstream not in upstreams:
        raise ConfigError(f"[embeddings] upstream: there is no upstream `{config.embeddings.upstream}`")
    _check_moderation(config)
    if config.generation.upstream is not None:
        try:
            route(config, config.generation.upstream)
        except ConfigError as error:
            raise ConfigError(f"[generation] upstream: {error}") from None
    if config.drift.judge.upstream is not None:
        judge = replace(config.drift.judge, upstream=_judge(config, config.drift.judge.upstream))
        config = replace(config, drift=replace(config.drift, judge=judge))
        if judge.before_send == "risky" and config.drift.deliver == "later":
            problem = 'waits for the score, which [drift] deliver = "later" puts off; set one of them alone'
            raise ConfigError(f'[drift.judge] before_send = "risky" {problem}')
    return config


def _check_moderation(config: Config) -> None:
    """Raises ConfigError for a moderation that nobody can do."""
    named, judge = config.moderation.upstream, config.moderation.judge
    if named is not None and named.partition("/")[0] not in config.upstreams:
        raise ConfigError(f"[moderation] upstream: `{named}` names no configured upstream")
    if judge is not None:
        try:
            chosen = route(config, judge)
        except ConfigError as error:
            raise ConfigError(f"[moderation] judge: {error}") from None
        if chosen.upstream == LOCAL or chosen.model.startswith("persona/"):
            raise ConfigError(f"[moderation] judge: `{judge}` is no plain model of another upstream")


def _check_otel(config: Config) -> None:
    """Raises ConfigError where nothing can be told there."""
    if not config.otel.endpoint:
        return
    if not is_address(config.otel.endpoint):
        raise ConfigError("[otel] endpoint: an http:// or https:// address is needed")
    if find_spec("opentelemetry") is None or find_spec("opentelemetry.exporter.otlp.proto.http") is None:
        raise ConfigError("[otel] endpoint: OpenTelemetry is missing; pip install 'persona-gateway[otel]'")


def _check_limits(config: Config) -> None:
    """Raises ConfigError for a plan that there is not, and for a store that cannot count."""
    for name in config.plans:
        if not NAME.fullmatch(name):
            raise ConfigError(f"[plans.{name[:100]}]: a name holds letters, digits, `-`, `_` and `.` only")
    for name, workspace in config.workspaces.items():
        if workspace.plan is not None and workspace.plan not in config.plans:
            known = ", ".join(config.plans)
            raise ConfigError(
                f"[workspaces.{name}] plan: there is no plan `{workspace.plan}`; there are: {known}"
            )
    if config.limits.store:
        _check_count(config.limits.store)


def _check_count(url: str) -> None:
    """Raises ConfigError unless the limits can be counted there."""
    if not _names_a_server(url):
        needed = "`valkey://HOST:PORT` or `redis://HOST:PORT` is needed, perhaps with `/N` for a database"
        raise ConfigError(f"[limits] store: {needed}")
    if find_spec("valkey") is None:
        raise ConfigError("[limits] store: its driver is missing; pip install 'persona-gateway[redis]'")


def _names_a_server(url: str) -> bool:
    try:
        parts = urlsplit(url)
        has_place = bool(parts.hostname) and parts.port is not None
    except ValueError:
        return False
    is_database = re.fullmatch(r"/?|/[0-9]{1,4}", parts.path) is not None
    is_plain = not (parts.query or parts.fragment)
    return parts.scheme in LIMIT_STORES and has_place and is_database and is_plain


def store_at(url: str, folder: Path) -> Store:
    """Name a store as `[store] url` does; a relative path starts from the folder. Raises ConfigError."""
    return _store(Store(url=url), folder)


def order(config: Config) -> list[Route]:
    """List the configured upstreams in the order of preference."""
    return [route(config, text) for text in config.chat.upstreams]


def route(config: Config, text: str) -> Route:
    """Parse `NAME` or `NAME/model` (the model may hold slashes). Raises ConfigError."""
    name, _, model = text.partition("/")
    upstream = config.upstreams.get(name)
    if upstream is None and name != LOCAL:
        known = ", ".join([*config.upstreams, LOCAL])
        raise ConfigError(f"`{text}` names no configured upstream; there are: {known}")
    chosen = model or (upstream.default_model if upstream else config.local.model_name)
    if not chosen:
        raise ConfigError(f"`{text}` names no model and [upstreams.{name}] has no default_model")
    return Route(name, chosen)


def uses_local(config: Config) -> bool:
    """Tell whether the bundled model is in the configured order, and so has to be started."""
    return any(route.upstream == LOCAL for route in order(config))


def masked(config: Config) -> dict[str, Any]:
    """Return the resolved configuration as plain data, with every secret replaced by `***`."""
    data: dict[str, Any] = msgspec.to_builtins(config)
    data["otel"]["headers"] = dict.fromkeys(data["otel"]["headers"], "***")
    for upstream in data["upstreams"].values():
        upstream["api_key"] = "***" if upstream["api_key"] else None
        upstream["headers"] = dict.fromkeys(upstream["headers"], "***")
        upstream["proxy"] = PASSWORD.sub(r"\1***@", upstream["proxy"] or "")
        upstream["base_url"] = PASSWORD.sub(r"\1***@", upstream["base_url"])
    for tool in data["tools"].values():
        tool["api_key"] = "***" if tool["api_key"] else None
        tool["headers"] = dict.fromkeys(tool["headers"], "***")
        # A program's arguments may be anything, and its name says enough.
        tool["command"] = [*tool["command"][:1], *["***"] * len(tool["command"][1:])]
    for name in ("access_key", "secret_key"):
        data["images"][name] = "***" if data["images"][name] else None
    data["egress"]["proxy"] = PASSWORD.sub(r"\1***@", data["egress"]["proxy"])
    data["keys"]["pepper"] = "***" if data["keys"]["pepper"] else None
    data["store"]["url"] = config.store.shown
    data["limits"]["store"] = config.limits.shown
    return data


def _judge(config: Config, wanted: str) -> str:
    """Check the judge's `NAME/model`. Raises ConfigError."""
    table = "[drift.judge] upstream"
    try:
        chosen = route(config, wanted)
    except ConfigError as error:
        raise ConfigError(f"{table}: {error}") from None
    if chosen.upstream == LOCAL:
        raise ConfigError(f"{table}: the bundled model cannot judge; name another upstream")
    if chosen.model.startswith("persona/"):
        raise ConfigError(f"{table}: a persona cannot judge; name a plain model")
    judge, workers = config.drift.judge, config.server.workers
    if judge.calls_per_hour is not None and judge.calls_per_hour < workers:
        raise ConfigError(
            f"[drift.judge] calls_per_hour: {workers} workers share it; give each one call, or leave it out"
        )
    if judge.usd_per_hour is not None and chosen.model not in config.upstreams[chosen.upstream].prices:
        raise ConfigError(
            f"[drift.judge] usd_per_hour: `{chosen}` has no price; add one to `prices` of its upstream"
        )
    return str(chosen)


def _public_url(text: str) -> str:
    """Check the URL and take off the slash at its end, since paths are added to it."""
    if text and (not is_address(text) or not re.fullmatch(r"[!-~]+", text) or set("?#") & set(text)):
        problem = "an http:// or https:// address without `?` and `#` is needed"
        raise ConfigError(f"[server] public_url: {problem}")
    return text.rstrip("/")


def _resolve_upstream(
    name: str, upstream: Upstream, environ: Mapping[str, str], secrets: bool, proxy: str
) -> Upstream:
    table = f"[upstreams.{name}]"
    if name in (LOCAL, EMBEDDED):
        raise ConfigError(f"{table}: this name is kept for a bundled model; see [local] and [embeddings]")
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.-]*", name):
        raise ConfigError(f"{table}: a name holds letters, digits, `-`, `_` and `.` only")
    base_url = upstream.base_url or KNOWN_BASE_URLS.get(name, "")
    if not is_address(base_url):
        raise ConfigError(f"{table} base_url: an http:// or https:// address is needed")
    api_key = headers.key(table, upstream.api_key, upstream.api_key_env, environ, secrets)
    headers.require_fit(table, api_key, upstream.headers)
    responses = upstream.responses
    if responses is None:
        responses = base_url.rstrip("/") == KNOWN_BASE_URLS["openai"]
    if not responses and upstream.hosted_tools:
        raise ConfigError(f"{table} hosted_tools: only an upstream with `responses = true` runs tools")
    if not responses and upstream.dedicated_to is not None:
        raise ConfigError(
            f"{table} dedicated_to: only an upstream with `responses = true` holds what has ids"
        )
    if upstream.proxy is None:
        own = "" if _is_here(base_url) else proxy
    else:
        own = _proxy(f"{table} proxy", upstream.proxy)
    return msgspec.structs.replace(
        upstream, base_url=base_url, api_key=api_key, responses=responses, proxy=own
    )


def _is_here(url: str) -> bool:
    """Tell whether the URL leads to this machine."""
    host = urlsplit(url).hostname or ""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def _proxy(place: str, url: str) -> str:
    """Check the URL of a proxy; it may be empty. Raises ConfigError."""
    try:
        parts = urlsplit(url)
        is_one = parts.scheme == "http" and bool(parts.hostname) and parts.port is not None
        is_one = is_one and parts.path in ("", "/") and not (parts.query or parts.fragment)
    except ValueError:
        is_one = False
    if url and not is_one:
        raise ConfigError(
            f"{place}: a proxy is named as `http://HOST:PORT`, perhaps with a user and a password"
        )
    return url.rstrip("/")


def _store(store: Store, base: Path) -> Store:
    scheme, _, rest = store.url.partition("://")
    folder = str(base / Path(store.folder).expanduser()) if store.folder else ""
    if scheme in ("postgresql", "postgres"):
        return Store(url=f"postgresql://{rest}", folder=folder or str(base))
    if scheme != "sqlite" or not rest.startswith("/") or rest in ("/", "/:memory:"):
        raise ConfigError("[store] url: `sqlite:///FILE` or `postgresql://HOST/DATABASE` is needed")
    file = base / Path(rest.removeprefix("/")).expanduser()
    return Store(url=f"sqlite:///{file}", folder=folder)
