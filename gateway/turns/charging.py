"""A turn is charged for its tokens by the price of the model that was asked."""

from gateway.config import Route
from gateway.turns.turn import Turn
from gateway.turns.usage import Usage
from gateway.upstreams.prices import Prices, Tariff


def charge(turn: Turn, prices: Prices, route: Route | None = None) -> None:
    """Set what the turn's tokens cost; it stays `None` where nobody knows the model's price.

    `route` is the turn's upstream, where that is at hand.
    """
    if turn.upstream is None or not is_counted(turn.usage):
        return
    if route is None:
        name, _, model = turn.upstream.partition("/")
        route = Route(name, model)
    tariff = prices.of(route)
    turn.cost_usd = None if tariff is None else cost(tariff, turn.usage)


def cost(tariff: Tariff, usage: Usage) -> float:
    """Return the dollars that these tokens cost."""
    return tariff.cost(
        usage.prompt_tokens or 0,
        usage.completion_tokens or 0,
        cached=usage.cached_tokens or 0,
        written=usage.cache_write_tokens or 0,
        reasoning=usage.reasoning_tokens or 0,
    )


def is_counted(usage: Usage) -> bool:
    """Tell whether anybody knows of tokens that the turn took."""
    return usage.prompt_tokens is not None or usage.completion_tokens is not None


def is_unpriced(turn: Turn) -> bool:
    """Tell whether the turn took tokens whose price nobody knows."""
    return turn.cost_usd is None and is_counted(turn.usage)
