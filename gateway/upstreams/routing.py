"""Upstreams are asked in an order, with retries, backoff, and a breaker per upstream and model."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TypeVar

import msgspec

from gateway.config import Config, Route, Upstream
from gateway.upstreams.breaker import Breaker
from gateway.upstreams.failure import CREDENTIALS, Kind, UpstreamFailure
from gateway.upstreams.lookup import Lookups
from gateway.upstreams.node import Node
from gateway.upstreams.pausing import pause_after
from gateway.upstreams.prices import Prices

LONGEST_WAIT = 1.0
"""Seconds between two tries at a model that is being started again."""
LOADING = 503
"""The bundled model's server says this until it has loaded."""
SECRET_LENGTH = 8
"""Characters; a shorter header value is no secret worth masking."""
log = logging.getLogger("gateway.upstreams")
T = TypeVar("T")


class Trail(msgspec.Struct):
    """Remembers what was tried for one request. Times are `time.perf_counter()` seconds."""

    key: str = ""
    """The id of the key that asks."""
    attempts: int = 0
    route: Route | None = None
    began: float | None = None


Attempt = Callable[[Node, Route], Awaitable[T]]
"""One try at one upstream. Raises UpstreamFailure."""


class Routing:
    """Has the upstreams of one worker."""

    def __init__(self, config: Config, lookups: Lookups | None = None) -> None:
        self._retries = config.chat.retries
        self.retry_for = config.chat.retry_for
        lookups = lookups or Lookups()
        self.nodes = {
            name: Node(name, _share(upstream, config.server.workers), lookups)
            for name, upstream in config.upstreams.items()
        }
        self.prices = Prices(config)
        self.secrets = tuple(
            secret
            for upstream in config.upstreams.values()
            for value in (upstream.api_key, *upstream.headers.values())
            for secret in _parts(value or "")
            if len(secret) >= SECRET_LENGTH
        )
        """Values that must never be shown to a caller."""
        self.text_only = frozenset(name for name, node in self.nodes.items() if node.upstream.text_only)
        """Upstreams that take nothing but text."""
        self.refuse_tools = frozenset(
            name for name, node in self.nodes.items() if node.upstream.tools == "refuse"
        )

    async def first(
        self,
        routes: Sequence[Route],
        attempt: Attempt[T],
        trail: Trail,
        until: float,
    ) -> T:
        """Return the result of the first attempt that succeeds. Raises the last UpstreamFailure.

        Each upstream has 1 + retries tries. The next to be asked is the one that may be asked soonest, in
        the order of `routes`; none is asked after `until` (`time.monotonic()` seconds). A request that
        may itself have caused the failure is tried once more in all; an upstream that is being started
        again is asked as often as the time allows.
        """
        now = time.monotonic()
        ready = {route: now for route in routes if route.upstream in self.nodes}
        tries: dict[Route, int] = {}
        failure: UpstreamFailure | None = None
        unasked: Kind = "breaker_open" if ready else "not_configured"
        broken = 0
        while ready:
            route, breaker, soonest = self._soonest(ready, trail.key)
            now = time.monotonic()
            if soonest > max(until, now):
                break
            if soonest > now:
                await asyncio.sleep(soonest - now)
                # Another request may have become the breaker's probe meanwhile.
                continue
            try:
                return await self._try(route, breaker, attempt, trail)
            except UpstreamFailure as error:
                failure = error
            broken += failure.is_retried_once
            if not failure.is_retryable or broken > 1:
                break
            if failure.kind == "overloaded":
                # Whoever tried it again would wait in a queue without an end.
                del ready[route]
                continue
            tries[route] = tries.get(route, 0) + 1
            is_awaited = self._is_awaited(route, failure)
            if tries[route] > self._retries and not is_awaited:
                del ready[route]
            else:
                pause = pause_after(failure, tries[route])
                ready[route] = time.monotonic() + (min(pause, LONGEST_WAIT) if is_awaited else pause)
        raise failure or UpstreamFailure(unasked, routes[0].upstream if routes else "default")

    def _soonest(self, ready: Mapping[Route, float], key: str) -> tuple[Route, Breaker, float]:
        """Find the first of the routes that may be asked soonest, with its breaker and when that is."""
        soonest: tuple[Route, Breaker, float] | None = None
        for route, at in ready.items():
            breaker = self.nodes[route.upstream].breaker(route.model)
            opens = breaker.opens_at(key, at)
            if soonest is None or opens < soonest[2]:
                soonest = route, breaker, opens
        assert soonest is not None  # noqa: S101 - there is one
        return soonest

    def _is_awaited(self, route: Route, failure: UpstreamFailure) -> bool:
        """Tell whether the upstream is gone and comes back, or has come back and is still loading."""
        is_away = not failure.was_reached or failure.status == LOADING
        return is_away and self.nodes[route.upstream].is_restarted

    async def _try(self, route: Route, breaker: Breaker, attempt: "Attempt[T]", trail: Trail) -> T:
        node, key = self.nodes[route.upstream], trail.key
        ticket = breaker.start(key)
        trail.attempts += 1
        trail.route = route
        trail.began = trail.began or time.perf_counter()
        try:
            result = await attempt(node, route)
        except UpstreamFailure as failure:
            self._fail(route, breaker, trail, ticket, failure)
            raise
        except BaseException:
            breaker.forgive(key, ticket)
            raise
        self._succeed(route, breaker, key, ticket)
        node.health.succeed()
        return result

    def _fail(
        self, route: Route, breaker: Breaker, trail: Trail, ticket: int, failure: UpstreamFailure
    ) -> None:
        """Note a failure for the breaker, and for whoever asks how the upstream is doing."""
        key, health = trail.key, self.nodes[route.upstream].health
        if failure.kind == "overloaded":
            # It was not asked at all.
            trail.attempts -= 1
            breaker.forgive(key, ticket)
            return
        if self._is_awaited(route, failure):
            breaker.forgive(key, ticket)
        elif failure.trips_breaker:
            was_open = breaker.is_open, breaker.is_open_for(key)
            breaker.fail(key, ticket, time.monotonic(), was_reached=failure.was_reached)
            _tell_opened(route, breaker, key, was_open)
        else:
            self._succeed(route, breaker, key, ticket)
        if failure.is_retryable or failure.status in CREDENTIALS:
            cause = failure.__cause__ or failure.__context__
            health.fail(route, failure.word, None if cause is None else type(cause).__name__)
        else:
            health.succeed()

    @staticmethod
    def _succeed(route: Route, breaker: Breaker, key: str, ticket: int) -> None:
        was_open = breaker.is_open_for(key)
        breaker.succeed(key, ticket, time.monotonic())
        if was_open and not breaker.is_open_for(key):
            log.warning("a breaker has closed", extra={"facts": _of(route)})

    async def close(self) -> None:
        await self.prices.close()
        for node in self.nodes.values():
            await node.client.close()


def _share(upstream: Upstream, workers: int) -> Upstream:
    """Give one worker its part of the calls that the upstream may be asked at once, one at least."""
    concurrency = upstream.concurrency and max(1, upstream.concurrency // workers)
    return msgspec.structs.replace(upstream, concurrency=concurrency)


def _tell_opened(route: Route, breaker: Breaker, key: str, was_open: tuple[bool, bool]) -> None:
    """Log that nobody, or this key alone, is let through to the model for a while."""
    if breaker.is_open and not was_open[0]:
        log.warning("a breaker has opened", extra={"facts": {**_of(route), "for": "everybody"}})
    elif breaker.is_open_for(key) and not was_open[1]:
        log.warning("a breaker has opened", extra={"facts": {**_of(route), "for": key}})


def _of(route: Route) -> dict[str, str]:
    return {"upstream": route.upstream, "model": route.model}


def _parts(value: str) -> tuple[str, ...]:
    """Return a header's value, and the credential in it where it starts with a scheme."""
    scheme, _, token = value.partition(" ")
    return (value, token.strip()) if scheme.lower() in ("basic", "bearer", "token") else (value,)
