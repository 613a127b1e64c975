"""A node is one upstream as a worker sees it."""

from gateway.cache import Cache
from gateway.config import LOCAL, Upstream
from gateway.upstreams.breaker import Breaker
from gateway.upstreams.client import Client, pooled
from gateway.upstreams.deadline import Deadlines
from gateway.upstreams.health import Health
from gateway.upstreams.lookup import Lookups

MODELS = 1000
"""Models of one upstream whose breakers are remembered."""


class Node:
    """One upstream as a worker sees it: its client, its breakers, and what was learnt of it."""

    def __init__(self, name: str, upstream: Upstream, lookups: Lookups) -> None:
        self.name = name
        self.upstream = upstream
        self.client: Client = pooled(name, upstream, lookups)
        self._breakers: Cache[str, Breaker] = Cache(MODELS)
        self.health = Health(name)
        self.total = Deadlines(upstream.timeouts.total)
        self.first_byte = Deadlines(upstream.timeouts.first_byte)
        self.refuses_usage = False
        """Tells whether it has refused `stream_options.include_usage`, which is left out from then on."""
        self.refuses_cache = False
        """Tells whether it has refused what is said of its prompt cache, which is left out from then on."""
        self.is_restarted = name == LOCAL
        """Tells whether it comes back by itself when it is gone, so that waiting for it is worth while."""

    def breaker(self, model: str) -> Breaker:
        """Return the breaker of one of its models."""
        found = self._breakers.recall(model)
        if found is None:
            found = Breaker()
            self._breakers.keep(model, found)
        return found

    @property
    def open_breakers(self) -> int:
        """Count the models that are left alone."""
        return sum(self.breaker(model).is_open for model in self._breakers)

    @property
    def is_degraded(self) -> bool:
        """Tells whether one of its models is left alone."""
        return any(self.breaker(model).is_open for model in self._breakers)

    def is_usable(self, now: float) -> bool:
        """Tell whether one of its models may be asked; it closes by traffic alone, so a due probe counts."""
        models = list(self._breakers)
        # No key is empty, so this asks only for what is shut for everybody.
        return not models or any(self.breaker(model).opens_at("", now) <= now for model in models)
