"""Random requests and random upstreams: every answer keeps to the rules, and the gateway lives on."""

from collections.abc import Iterator
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fuzz.answers import answered
from tests.fuzz.chats import chat
from tests.fuzz.framing import framing
from tests.fuzz.heads import head
from tests.fuzz.rig import BATCH, Rig, fuzz_settings, opened
from tests.fuzz.surface import surface

EXAMPLES = 120
"""Batches of each kind; `make fuzz` runs many more."""

bounded = fuzz_settings(EXAMPLES, derandomize=True)
few = fuzz_settings(EXAMPLES // 4, derandomize=True)
"""Settings for cases of which each has to be waited for."""
chances = st.lists(st.randoms(use_true_random=False), min_size=BATCH, max_size=BATCH)


@pytest.fixture(scope="module")
def rig(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    with opened(tmp_path_factory.mktemp("fuzz")) as rig:
        yield rig


@bounded
@given(chances)
def test_any_chat_request_gets_a_proper_answer(rig: Rig, chances: list[Random]) -> None:
    rig.run(chat, chances)


@bounded
@given(chances)
def test_any_answer_of_an_upstream_becomes_a_proper_one(rig: Rig, chances: list[Random]) -> None:
    rig.run(answered, chances)


@bounded
@given(chances)
def test_any_path_method_and_header_gets_a_proper_answer(rig: Rig, chances: list[Random]) -> None:
    rig.run(surface, chances, is_harmless=False)


@bounded
@given(chances)
def test_any_bytes_on_the_socket_are_answered_or_dropped(rig: Rig, chances: list[Random]) -> None:
    rig.run(head, chances, is_harmless=False)


@few
@given(chances)
def test_a_request_within_a_body_is_never_answered(rig: Rig, chances: list[Random]) -> None:
    rig.run(framing, chances, is_harmless=False)


def test_the_gateway_has_lived_and_kept_its_secrets(rig: Rig) -> None:
    rig.check_end()
