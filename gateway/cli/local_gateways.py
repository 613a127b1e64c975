"""`persona reload` finds the gateways that run on the store of this machine, and signals them."""

import asyncio
import os
import signal
from collections.abc import AsyncGenerator
from contextlib import suppress
from pathlib import Path

from gateway.cli.failures import Failure
from gateway.config import Config
from gateway.server import notice
from gateway.server.notice import State

LOOK_SECONDS = 0.05


class LocalGateways:
    """The `Gateways` on the store here."""

    def __init__(self, settings: Config) -> None:
        self._settings = settings

    async def reload(self) -> AsyncGenerator[tuple[str, list[str]], None]:
        found = notice.running(self._settings)
        if not found:
            raise Failure(
                f"no gateway runs on the store {self._settings.store.shown} as this user; --url names one "
                "elsewhere, and a [store] that has changed takes a restart"
            )
        for place, before in found.items():
            with suppress(ProcessLookupError):
                os.kill(before.pid, signal.SIGHUP)
            state = await _answered(place, before.begun)
            if state is None:
                raise Failure(f"{before.address}: the gateway has ended meanwhile; its log says why")
            if not state.is_done:
                raise Failure(f"{before.address}: {state.text}")
            yield before.address, state.text.split()


async def _answered(place: Path, begun: int) -> State | None:
    """Wait for the answer to a reload behind so many; `None` where the gateway ends before."""
    while True:
        state = notice.read(place)
        if state is None or state.answered > begun:
            return state
        await asyncio.sleep(LOOK_SECONDS)
