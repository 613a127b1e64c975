"""A call is taken to cost what it may cost at most, by the dearest of the models that it may come to."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from gateway.budgets.budget import MOST, of_usd
from gateway.config import Route, Upstream
from gateway.errors import Fault, Refusal
from gateway.turns.usage import MOST as MOST_TOKENS
from gateway.upstreams.prices import Prices, Tariff

ANSWER_TOKENS = 4096
"""Tokens of an answer that nobody limits, where the output limit of its model is not configured."""


class Asked(NamedTuple):
    """This much is known of a call before it is made."""

    prompt: int
    """Tokens that are sent."""
    answer: int | None = None
    """Tokens of one answer, as the caller limits it."""
    choices: int = 1
    """Answers that are asked for; 0 where nothing is written, as for embeddings."""


class Estimate(NamedTuple):
    tokens: int
    usd: int | None
    """Parts of a dollar; `None` where the price of a model is not known."""
    unpriced: Route | None = None
    """The first model whose price is not known."""


def estimate(
    asked: Asked, routes: Iterable[Route], upstreams: Mapping[str, Upstream], prices: Prices
) -> Estimate:
    """Estimate what the call may take at most, whichever of these models answers."""
    tokens, usd, unpriced = 0, 0, None
    for route in routes:
        answer = min(MOST_TOKENS, _answer(asked.answer, route, upstreams) * asked.choices)
        tokens = max(tokens, min(MOST_TOKENS, asked.prompt + answer))
        tariff = prices.of(route)
        if tariff is None:
            unpriced = unpriced or route
        else:
            usd = max(usd, _most(tariff, asked.prompt, answer))
    return Estimate(tokens, None if unpriced else usd, unpriced)


def price_unknown(route: Route) -> Refusal:
    """Refuse a call that a budget of dollars covers and whose price nobody knows."""
    return Refusal(
        Fault.PRICE_UNKNOWN,
        f"A budget in US dollars covers this request, and nobody knows the price of `{route}`; its operator "
        f'adds it to `prices` of [upstreams.{route.upstream}], as "{route.model}".',
        param="model",
    )


def _answer(asked: int | None, route: Route, upstreams: Mapping[str, Upstream]) -> int:
    upstream = upstreams.get(route.upstream)
    limit = upstream.output.get(route.model) if upstream else None
    if asked is None:
        return limit or ANSWER_TOKENS
    return asked if limit is None else min(asked, limit)


def _most(tariff: Tariff, prompt: int, answer: int) -> int:
    """Return the cost of these tokens if each of them is of the dearest kind."""
    costs = (
        tariff.cost(prompt, answer, written=written, reasoning=reasoning)
        for written in (0, prompt)
        for reasoning in (0, answer)
    )
    return min(MOST, of_usd(max(costs)))
