"""uvicorn holds these for each connection and request; here they lack the queues that stay empty."""

import asyncio
from typing import Any

from uvicorn.protocols.http.flow_control import FlowControl


class Signal:
    """Works like an `asyncio.Event`, but takes its 800 bytes only while somebody waits for it."""

    __slots__ = ("_event", "_is_set")

    def __init__(self, *, is_set: bool = False) -> None:
        self._is_set = is_set
        self._event: asyncio.Event | None = None

    def is_set(self) -> bool:
        return self._is_set

    def set(self) -> None:
        self._is_set = True
        if self._event is not None:
            self._event.set()
            self._event = None

    def clear(self) -> None:
        self._is_set = False

    async def wait(self) -> None:
        if not self._is_set:
            self._event = self._event or asyncio.Event()
            await self._event.wait()


class Flow(FlowControl):
    """Holds back either side when the other one is slow."""

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self.read_paused = self.write_paused = False
        self._is_writable_event = Signal(is_set=True)  # type: ignore[assignment]


class Queue(list[Any]):
    """Requests that wait for the one before them; a `deque` has room for sixty, and nearly none ever wait."""

    def appendleft(self, waiting: Any) -> None:
        self.insert(0, waiting)

    def popleft(self) -> Any:
        return self.pop(0)
