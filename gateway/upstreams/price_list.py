"""A process of its own reads the public list of prices, says what it has of some upstreams, and ends."""

import re
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import msgspec

from gateway.config import Price
from gateway.upstreams.prices import Clause, Offer, Question, Step, Tariff

if TYPE_CHECKING:
    from genai_prices.types import ModelInfo, Provider

NAMES = {
    "input": "input_mtok",
    "output": "output_mtok",
    "cached_input": "cache_read_mtok",
    "cache_write": "cache_write_mtok",
    "reasoning": "output_reasoning_mtok",
}
"""Our names of prices, and those of the list."""


def main() -> None:
    """Answer the questions on standard input."""
    from genai_prices.data import providers

    questions = msgspec.json.decode(sys.stdin.buffer.read(), type=list[Question])
    answer = {one.name: offers(one, providers) for one in questions}
    sys.stdout.buffer.write(msgspec.json.encode(answer))


def offers(question: Question, providers: "list[Provider]") -> list[Offer]:
    """List the prices of an upstream's models, and behind them those of models that it passes on."""
    provider = _provider(question, providers)
    if provider is None:
        return []
    behind = [one for name in provider.fallback_model_providers or () for one in providers if one.id == name]
    found = []
    for model in [model for each in (provider, *behind) for model in each.models]:
        tariff = _tariff(model)
        if tariff is not None:
            found.append(Offer(_clause(model.match), tariff))
    return found


def _provider(question: Question, providers: "list[Provider]") -> "Provider | None":
    if question.provider is not None:
        from genai_prices.data_snapshot import find_provider_by_id

        return find_provider_by_id(providers, question.provider)
    return next((one for one in providers if re.match(one.api_pattern, question.url)), None)


def _tariff(model: "ModelInfo") -> Tariff | None:
    """Return the model's price of now; `None` where it is not sold by the token."""
    listed = {ours: getattr(prices, name) for ours, name in NAMES.items()} if (prices := _now(model)) else {}
    if listed.get("input") is None:
        return None
    starts = {0, *(tier.start for price in listed.values() for tier in getattr(price, "tiers", ()))}
    return Tariff(tuple(Step(start, _price(listed, start)) for start in sorted(starts)))


def _now(model: "ModelInfo") -> Any:
    return model.get_prices(datetime.now(UTC)) if model.prices else None


def _price(listed: dict[str, Any], start: int) -> Price:
    """Return the prices for prompts of more tokens than `start`."""
    values = {name: _at(price, start) for name, price in listed.items() if price is not None}
    return Price(input=values.pop("input"), output=values.pop("output", 0.0), **values)


def _at(price: Any, start: int) -> float:
    if not hasattr(price, "tiers"):
        return float(price)
    reached = [tier.price for tier in price.tiers if tier.start <= start]
    return float(reached[-1] if reached else price.base)


def _clause(match: Any) -> Clause:
    """Write a condition down as a word and what it applies to."""
    ((name, value),) = vars(match).items()
    word = name.rstrip("_")
    if isinstance(value, list):
        return [word, [_clause(one) for one in value]]
    return [word, value if word == "regex" else value.lower()]


if __name__ == "__main__":
    main()
