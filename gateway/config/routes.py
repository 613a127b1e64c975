"""A route names a configured upstream and a model of it."""

from gateway.config.asking import LOCAL, Route
from gateway.config.parts import ConfigError
from gateway.config.structs import Config


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
