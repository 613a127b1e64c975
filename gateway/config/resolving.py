"""Completes and checks a configuration: absolute paths, known base URLs, API keys, the default order."""

import re
from collections.abc import Mapping
from importlib.util import find_spec
from ipaddress import ip_network
from pathlib import Path

import msgspec

from gateway.config.asking import LOCAL, Route
from gateway.config.headers import is_address
from gateway.config.images import resolve_images
from gateway.config.parts import ConfigError
from gateway.config.plans import PLANS, check_limits
from gateway.config.routes import route
from gateway.config.serving import Store
from gateway.config.structs import Config
from gateway.config.tools import resolve_tool
from gateway.config.upstreams import proxy_url, resolve_upstream

ORIGIN = re.compile(r"[a-z][a-z0-9+.-]*://[^\s/?#@]+")
"""A scheme, a host and perhaps a port, as a browser sends it."""
PLACE = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+):[0-9]{1,5}")
"""A host and a port; a name beyond ASCII is written in its ASCII form."""


def resolve(config: Config, base: Path, environ: Mapping[str, str], secrets: bool) -> Config:
    """Fill in what is implied: absolute paths, known base URLs, API keys, the default order."""
    replace = msgspec.structs.replace
    proxy_url("[egress] proxy", config.egress.proxy)
    upstreams = {
        name: resolve_upstream(name, upstream, environ, secrets, config.egress.proxy)
        for name, upstream in config.upstreams.items()
    }
    tools = {name: resolve_tool(name, tool, base, environ, secrets) for name, tool in config.tools.items()}
    local, pipelines = config.local, config.generation.pipelines
    if local.model_path:
        local = replace(local, model_path=str(base / Path(local.model_path).expanduser()))
    if pipelines:
        pipelines = str(base / Path(pipelines).expanduser())
    config = replace(
        config,
        generation=replace(config.generation, pipelines=pipelines),
        server=replace(config.server, public_url=_public_url(config.server.public_url)),
        upstreams=upstreams,
        tools=tools,
        local=local,
        store=_store(config.store, base),
        plans={**PLANS, **config.plans},
    )
    config = replace(config, images=resolve_images(config, base, environ, secrets))
    _check_places(config)
    check_limits(config)
    _check_otel(config)
    with_model = [name for name, upstream in upstreams.items() if upstream.default_model]
    wanted = config.chat.upstreams or with_model or [LOCAL]
    routes = [str(_route(config, "[chat] upstreams", text)) for text in wanted]
    config = replace(config, chat=replace(config.chat, upstreams=routes))
    _check_upstreams(config)
    if config.drift.judge.upstream is not None:
        judge = replace(config.drift.judge, upstream=_judge(config, config.drift.judge.upstream))
        config = replace(config, drift=replace(config.drift, judge=judge))
    return config


def _check_places(config: Config) -> None:
    """Raises ConfigError for an address, a network or an origin that is none."""
    if config.grounding.search and not is_address(config.grounding.search):
        raise ConfigError("[grounding] search: an http:// or https:// address is needed")
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


def _route(config: Config, place: str, text: str) -> Route:
    """Resolve `NAME` or `NAME/model`. Raises ConfigError, which names the place in the file."""
    try:
        return route(config, text)
    except ConfigError as error:
        raise ConfigError(f"{place}: {error}") from None


def _check_upstreams(config: Config) -> None:
    """Raises ConfigError where embeddings, moderation or generation name an upstream that cannot do it."""
    if config.embeddings.upstream is not None and config.embeddings.upstream not in config.upstreams:
        raise ConfigError(f"[embeddings] upstream: there is no upstream `{config.embeddings.upstream}`")
    named, judge = config.moderation.upstream, config.moderation.judge
    if named is not None and named.partition("/")[0] not in config.upstreams:
        raise ConfigError(f"[moderation] upstream: `{named}` names no configured upstream")
    if judge is not None:
        chosen = _route(config, "[moderation] judge", judge)
        if chosen.upstream == LOCAL or chosen.model.startswith("persona/"):
            raise ConfigError(f"[moderation] judge: `{judge}` is no plain model of another upstream")
    if config.generation.upstream is not None:
        _route(config, "[generation] upstream", config.generation.upstream)


def _check_otel(config: Config) -> None:
    """Raises ConfigError where nothing can be told there."""
    if not config.otel.endpoint:
        return
    if not is_address(config.otel.endpoint):
        raise ConfigError("[otel] endpoint: an http:// or https:// address is needed")
    if find_spec("opentelemetry") is None or find_spec("opentelemetry.exporter.otlp.proto.http") is None:
        raise ConfigError("[otel] endpoint: OpenTelemetry is missing; pip install 'persona-gateway[otel]'")


def store_at(url: str, folder: Path) -> Store:
    """Name a store as `[store] url` does; a relative path starts from the folder. Raises ConfigError."""
    return _store(Store(url=url), folder)


def _judge(config: Config, wanted: str) -> str:
    """Check the judge's `NAME/model`. Raises ConfigError."""
    table = "[drift.judge] upstream"
    chosen = _route(config, table, wanted)
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
    if judge.before_send == "risky" and config.drift.deliver == "later":
        problem = 'waits for the score, which [drift] deliver = "later" puts off; set one of them alone'
        raise ConfigError(f'[drift.judge] before_send = "risky" {problem}')
    return str(chosen)


def _public_url(text: str) -> str:
    """Check the URL and take off the slash at its end, since paths are added to it."""
    if text and (not is_address(text) or not re.fullmatch(r"[!-~]+", text) or set("?#") & set(text)):
        problem = "an http:// or https:// address without `?` and `#` is needed"
        raise ConfigError(f"[server] public_url: {problem}")
    return text.rstrip("/")


def _store(store: Store, base: Path) -> Store:
    scheme, _, rest = store.url.partition("://")
    folder = str(base / Path(store.folder).expanduser()) if store.folder else ""
    if scheme in ("postgresql", "postgres"):
        return Store(url=f"postgresql://{rest}", folder=folder or str(base))
    if scheme != "sqlite" or not rest.startswith("/") or rest in ("/", "/:memory:"):
        raise ConfigError("[store] url: `sqlite:///FILE` or `postgresql://HOST/DATABASE` is needed")
    file = base / Path(rest.removeprefix("/")).expanduser()
    return Store(url=f"sqlite:///{file}", folder=folder)
