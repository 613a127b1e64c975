"""Requests of one key cannot take an upstream away from anybody else."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.conftest import LIBRARIAN, Start
from tests.e2e.conftest import hello, mint
from tests.e2e.wire import Reply, fetch
from tests.fakes import upstream_faults as faults
from tests.fakes.process import Gateway, upstream_table
from tests.fakes.upstream import ScriptedUpstream, Seen
from tests.fakes.upstream_model import completion
from tests.fakes.upstream_scripts import Script, error_object, json_answer, status

POISON = "Break it"
CALLERS = 8
ROUNDS = 4


@pytest.fixture
def gateway(start: Start, upstream: ScriptedUpstream) -> Gateway:
    chat = "[chat]\nretries = 0\nretry_for = 1\n"
    table = upstream_table("main", upstream.base_url, 'default_model = "gpt-4o-mini"')
    return start(chat + table)


def ask(gateway: Gateway, key: str, text: str) -> Reply:
    return fetch(gateway, body={"model": LIBRARIAN, "messages": hello(text)}, key=key)


@pytest.mark.parametrize(
    "poisoned",
    [
        status(500, error_object("The model crashed on this input.")),
        faults.html(500),
        faults.html(502),
        faults.reset_before_headers(),
        json_answer(b"nonsense"),
        json_answer(error_object("Bad.")),
    ],
    ids=["500 JSON", "500 HTML", "502", "reset", "no answer", "error in a 200"],
)
def test_a_key_whose_requests_break_an_upstream_is_alone_with_that(
    poisoned: Script, gateway: Gateway, upstream: ScriptedUpstream
) -> None:
    def answer(seen: Seen) -> Script:
        return poisoned if seen.json["messages"][-1]["content"] == POISON else json_answer(completion())

    upstream.always(answer)
    bad, good = mint(gateway, "--scope", "chat:invoke"), gateway.key
    with ThreadPoolExecutor(CALLERS) as callers:
        for _ in range(ROUNDS):
            attacks = [callers.submit(ask, gateway, bad, POISON) for _ in range(CALLERS)]
            assert [ask(gateway, good, "Hello").status for _ in range(2)] == [200, 200]
            assert {attack.result().status for attack in attacks} == {503}
    assert [ask(gateway, good, "Hello").status for _ in range(CALLERS)] == [200] * CALLERS
