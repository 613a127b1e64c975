"""The search is asked as SearXNG is, and whatever it answers becomes words."""

from typing import Any

import pytest

from gateway.config import Egress
from gateway.egress.fetcher import Fetcher
from gateway.tools.search import search
from tests.fakes.upstream import ScriptedUpstream
from tests.fakes.upstream_scripts import json_answer, status


@pytest.mark.parametrize(
    ("answer", "outcome", "text"),
    [
        (json_answer({"results": []}), "ok", "Nothing was found."),
        (json_answer({"results": [{"title": 5, "url": "u"}, {}]}), "ok", "u\n\n"),
        (json_answer({"results": 5}), "failed", "The search gives an answer that cannot be read."),
        (status(500), "failed", "The search answers with status 500."),
    ],
)
async def test_what_a_search_answers(
    upstream: ScriptedUpstream, answer: Any, outcome: str, text: str
) -> None:
    upstream.by_path("/search", answer)
    fetcher = Fetcher(Egress())
    try:
        place = f"http://127.0.0.1:{upstream.port}/search"
        found = await search(fetcher, place, '{"query": "x"}', 20, 1000)
    finally:
        await fetcher.close()
    assert (found.outcome, found.text) == (outcome, text)


@pytest.mark.parametrize(
    "arguments", ["", "[]", "{}", '{"query": 5}', '{"query": " "}', '{"query": "\\ud800"}']
)
async def test_arguments_that_are_no_query_are_told(arguments: str) -> None:
    found = await search(Fetcher(Egress()), "http://127.0.0.1:1/search", arguments, 20, 1000)
    assert found.outcome == "failed"
    assert "`query`" in found.text


async def test_a_search_that_is_not_there_is_unavailable() -> None:
    fetcher = Fetcher(Egress())
    try:
        found = await search(fetcher, "http://127.0.0.1:1/search", '{"query": "x"}', 20, 1000)
    finally:
        await fetcher.close()
    assert found.outcome == "unavailable"
