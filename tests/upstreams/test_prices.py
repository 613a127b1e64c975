"""A model's price is the configuration's, else the public list's, else nobody's."""

import pytest

from gateway.config import Config, Price, Route, Upstream
from gateway.upstreams import prices
from gateway.upstreams.prices import Clause, Prices, meets

HOME = "http://127.0.0.1:1/v1"
MINI = Route("openai", "gpt-4o-mini")


async def looked(**upstreams: Upstream) -> Prices:
    """Read the list as a worker does, by a real process."""
    found = Prices(Config(upstreams=upstreams))
    found.start()
    await found.looked()
    await found.close()
    return found


def input_of(found: Prices, upstream: str, model: str) -> float | None:
    tariff = found.of(Route(upstream, model))
    return None if tariff is None else tariff.steps[0].price.input


async def test_the_list_has_the_price_of_a_provider_s_model() -> None:
    found = await looked(
        openai=Upstream(base_url="https://api.openai.com/v1"),
        mine=Upstream(base_url=HOME, price_list="anthropic"),
        none=Upstream(base_url="https://api.openai.com/v1", price_list=""),
        odd=Upstream(base_url=HOME, price_list="no-such-provider"),
    )
    mini = found.of(MINI)
    assert mini is not None
    price = mini.steps[0].price
    assert 0 < (price.cached_input or 0) < price.input < price.output
    for spelling in ("gpt-4o-mini-2024-07-18", "gpt-4o-mini-20240718", "GPT-4o-mini"):
        assert input_of(found, "openai", spelling) == price.input
    claude = found.of(Route("mine", "claude-sonnet-4-5"))
    assert claude is not None
    assert claude.steps[0].price.cache_write
    assert claude.cost(300_000, 0) > 2 * claude.cost(150_000, 0)
    for unknown in (Route("openai", "a-model-of-nobody"), Route("none", "gpt-4o-mini")):
        assert found.of(unknown) is None
    assert found.of(Route("odd", "gpt-4o-mini")) is None
    assert found.of(Route("openai", "gpt-4o-mini" * 100)) is None
    assert found.of(Route("nobody", "gpt-4o-mini")) is None


async def test_prices_of_the_configuration_win() -> None:
    mine = {"gpt-4o-mini": Price(input=7, output=8)}
    found = await looked(openai=Upstream(base_url="https://api.openai.com/v1", prices=mine))
    assert input_of(found, "openai", "gpt-4o-mini") == 7
    assert input_of(found, "openai", "gpt-4o") not in (None, 7)


async def test_no_process_is_started_for_what_runs_at_home(monkeypatch: pytest.MonkeyPatch) -> None:
    async def refuse(_: object) -> None:
        raise AssertionError

    monkeypatch.setattr(prices, "_ask", refuse)
    home = (
        "http://127.0.0.1:11434/v1",
        "http://localhost:8000/v1",
        "http://[::1]/v1",
        "http://gpu.internal/v1",
    )
    found = await looked(**{f"u{at}": Upstream(base_url=url) for at, url in enumerate(home)})
    assert found.of(Route("u0", "gpt-4o-mini")) is None


async def test_a_list_that_cannot_be_read_leaves_models_without_a_price(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("sys.executable", "/nonexistent/python")
    found = await looked(openai=Upstream(base_url="https://api.openai.com/v1"))
    assert found.of(MINI) is None
    assert "the list of prices cannot be read: FileNotFoundError" in caplog.text


@pytest.mark.parametrize(
    ("clause", "is_met"),
    [
        (["equals", "gpt-4o"], False),
        (["equals", "gpt-4o-mini"], True),
        (["starts_with", "gpt-4o"], True),
        (["ends_with", "mini"], True),
        (["contains", "4o"], True),
        (["regex", "^gpt-[0-9]o-mini$"], True),
        (["or", [["equals", "o3"], ["contains", "mini"]]], True),
        (["and", [["starts_with", "gpt"], ["contains", "nano"]]], False),
    ],
)
def test_a_clause_is_met(clause: Clause, is_met: bool) -> None:
    assert meets("gpt-4o-mini", clause) is is_met
