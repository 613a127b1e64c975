"""End-to-end tests share these."""

from collections.abc import AsyncIterator, Iterator
from typing import Any

import openai
import pytest

from tests.fakes.process import PATIENT, Gateway, upstream_table
from tests.fakes.upstream import ScriptedUpstream


@pytest.fixture
def client(gateway: Gateway) -> Iterator[openai.OpenAI]:
    with gateway.client() as made:
        yield made


@pytest.fixture
async def async_client(gateway: Gateway) -> AsyncIterator[openai.AsyncOpenAI]:
    async with gateway.async_client() as made:
        yield made


@pytest.fixture(scope="module")
def library(shared_upstream: ScriptedUpstream, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    """A gateway that the tests of one module may give personas, labels and keys."""
    lines = [
        'default_model = "gpt-4o-mini"',
        'models = ["plain-model"]',
        'headers = { X-Both = "upstream", X-Upstream = "yes" }',
    ]
    config = upstream_table("main", shared_upstream.base_url + "?api-version=7", *lines)
    gateway = Gateway(tmp_path_factory.mktemp("library"), config + PATIENT).start()
    yield gateway
    assert gateway.stop() == 0


def mint(gateway: Gateway, *arguments: str) -> str:
    """Make a new key."""
    return gateway.cli("keys", "create", *arguments).strip()


def hello(text: str = "Good evening") -> list[Any]:
    """Return the messages of a short request."""
    return [{"role": "user", "content": text}]
