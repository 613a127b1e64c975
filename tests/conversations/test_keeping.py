"""An answer is put below what was asked, and that in a thread where it is large."""

import threading
from typing import Any

import pytest
from msgspec import Raw

from gateway.auth.guard import Caller
from gateway.conversations import beginning, keeping
from gateway.conversations.conversation import Pin
from gateway.conversations.keeping import Keeping
from gateway.conversations.lineage import Heard, hear, hear_one
from gateway.conversations.message import Addition, root
from gateway.errors import Fault, Refusal
from gateway.openai_api.bounds import LARGE
from gateway.openai_api.keeping import kept_by
from tests.fakes.turn import new_turn


class Kept:
    """Takes additions in the place of a committer."""

    keeps_texts = True

    def __init__(self) -> None:
        self.additions: list[Addition] = []

    async def commit(self, addition: Addition) -> None:
        self.additions.append(addition)


@pytest.mark.parametrize(("size", "aside"), [(10, False), (LARGE, True)])
async def test_a_large_turn_is_read_in_a_thread(
    monkeypatch: pytest.MonkeyPatch, size: int, aside: bool
) -> None:
    threads = []

    def followed(*given: Any) -> Heard:
        threads.append(threading.current_thread())
        return hear_one(*given)

    monkeypatch.setattr(keeping, "hear_one", followed)
    caller = Caller("key_1", "ws_1", "key_1", frozenset(), operator=False)
    conversation = beginning.draft(caller, "psn_1", Pin(1))
    place, committer = root(conversation), Kept()
    heard = list(hear([Raw(b'{"role":"user","content":"Good evening"}')], place.hash))
    turn = new_turn()
    one: Any = committer
    kept = Keeping(one, conversation, place, heard)
    await kept.keep(turn, b'{"role":"assistant","content":"%s"}' % (b"a" * size))
    assert [thread is threading.main_thread() for thread in threads] == [not aside]
    ((asked, answered),) = [addition.messages for addition in committer.additions]
    assert (answered.id, answered.parent, kept.parent) == ("msg_1", asked.id, asked.id)


class Full:
    """Takes nothing, in the place of a committer."""

    keeps_texts = True

    async def commit(self, addition: Addition) -> None:
        raise Refusal(Fault.CONVERSATION_FULL)


class Words:
    """Is an answer."""

    def message(self) -> bytes:
        return b'{"role":"assistant","content":"Good evening"}'


async def test_what_nobody_has_asked_to_keep_costs_no_answer() -> None:
    caller = Caller("key_1", "ws_1", "key_1", frozenset(), operator=False)
    conversation = beginning.draft(caller, "psn_1", Pin(1))
    committer: Any = Full()
    turn = new_turn(conversation_id=conversation.id)
    wanted = Keeping(committer, conversation, root(conversation), [])
    with pytest.raises(Refusal):
        await kept_by(wanted, turn, Words(), is_large=False)
    matched = Keeping(committer, conversation, root(conversation), [], is_wanted=False)
    await kept_by(matched, turn, Words(), is_large=False)
    assert turn.conversation_id is None
