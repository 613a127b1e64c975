"""Of a history, as much is sent as fits, and what is large is weighed in a thread."""

import threading

import pytest

from gateway.conversations import window
from gateway.openai_api.bounds import LARGE
from gateway.openai_api.reckoning import A_MESSAGE, of_message


@pytest.mark.parametrize(("size", "aside"), [(10, False), (LARGE, True)])
async def test_large_messages_are_weighed_in_a_thread(
    monkeypatch: pytest.MonkeyPatch, size: int, aside: bool
) -> None:
    threads = []

    def weighed(raw: bytes) -> int:
        threads.append(threading.current_thread())
        return of_message(raw)

    monkeypatch.setattr(window, "of_message", weighed)
    raw = b'{"role":"user","content":"%s"}' % (b"a" * size)
    assert await window.weigh([raw]) == [A_MESSAGE + of_message(raw)]
    assert [thread is threading.main_thread() for thread in threads] == [not aside]
