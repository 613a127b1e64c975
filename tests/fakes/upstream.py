"""The scripted upstream: a real server that plays an OpenAI-compatible LLM and commits faults on demand."""

import asyncio
import socket
import threading
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType
from typing import Self, TypeAlias

from tests.fakes.until import PATIENCE
from tests.fakes.upstream_model import answer
from tests.fakes.upstream_scripts import Script
from tests.fakes.upstream_wire import Seen, Wire

__all__ = ["Answer", "ScriptedUpstream", "Seen"]

Answer: TypeAlias = Script | Callable[[Seen], Script]


class ScriptedUpstream:
    """Serves from a thread of its own while entered; every member may be used from any thread.

    An answer comes from, in this order: the path, the queue, the model name, `always`, the built-in model.
    It may be entered again after it has stopped, and then has the same port. Leaving it raises the first of
    `failures`: what a script of the test raised, or a request that was not HTTP.
    """

    def __init__(self, port: int = 0) -> None:
        self.port = port
        self._changed = threading.Condition()
        self._wires: dict[Wire, asyncio.Task[None]] = {}
        self._thread: threading.Thread | None = None
        self.reset()

    def reset(self) -> None:
        """Forgets scripts, requests and counts; open connections stay."""
        with self._changed:
            self.connections_opened = 0
            self.failures: list[Exception] = []
            self._seen: list[Seen] = []
            self._queue: deque[Answer] = deque()
            self._by_model: dict[str, Answer] = {}
            self._by_path: dict[str, Answer] = {}
            self._always: Answer | None = None

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    @property
    def seen(self) -> list[Seen]:
        with self._changed:
            return list(self._seen)

    @property
    def connections_open(self) -> int:
        return len(self._wires)

    def wait_for(self, count: int, timeout: float = PATIENCE) -> list[Seen]:
        """Return all requests so far, once there are `count`. Raises TimeoutError where they do not come."""
        with self._changed:
            if not self._changed.wait_for(lambda: len(self._seen) >= count, timeout):
                raise TimeoutError(f"{len(self._seen)} of {count} requests came within {timeout} s")
            return list(self._seen)

    def reply(self, *answers: Answer) -> None:
        """Queue the answers of the next POST requests, in order."""
        with self._changed:
            self._queue.extend(answers)

    def always(self, script: Answer | None) -> None:
        """Answer like this every POST request that has no other answer; `None` leaves it to the built-in
        model."""
        with self._changed:
            self._always = script

    def by_model(self, model: str, script: Answer) -> None:
        with self._changed:
            self._by_model[model] = script

    def by_path(self, ending: str, script: Answer) -> None:
        """Answer like this every request, of any method, whose path has this ending."""
        with self._changed:
            self._by_path[ending] = script

    def hang_up(self) -> None:
        """Close every connection now, idle ones too, as a server does that drops its keep-alives."""
        self._loop.call_soon_threadsafe(self._hang_up)

    def __enter__(self) -> Self:
        listener = socket.create_server(("127.0.0.1", self.port), backlog=1024)
        # Handed down to each connection, which asyncio leaves without it when the socket is not its own.
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.port = listener.getsockname()[1]
        started = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(listener, started), daemon=True)
        self._thread.start()
        started.wait()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._thread:
            self._loop.call_soon_threadsafe(self._stop.set)
            self._thread.join()
            self._thread = None
        if self.failures and error is None:
            raise self.failures[0]

    def _hang_up(self) -> None:
        for wire in self._wires:
            wire.hang_up()

    def _run(self, listener: socket.socket, started: threading.Event) -> None:
        # A selector loop whatever the policy says: resets need the true socket.
        with asyncio.Runner(loop_factory=asyncio.SelectorEventLoop) as runner:
            runner.run(self._serve(listener, started))

    async def _serve(self, listener: socket.socket, started: threading.Event) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        server = await asyncio.start_server(self._accept, sock=listener)
        started.set()
        await self._stop.wait()
        server.close()
        wires = dict(self._wires)
        for wire, task in wires.items():
            task.cancel()
            wire.writer.transport.abort()  # a task that has not begun yet would leave it open
        await asyncio.gather(*wires.values(), return_exceptions=True)
        self._wires.clear()
        await server.wait_closed()

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # A plain function, because a task of asyncio's own making could not be awaited at the end.
        wire = Wire(reader, writer)
        with self._changed:
            self.connections_opened += 1
        self._wires[wire] = asyncio.get_running_loop().create_task(self._converse(wire))

    async def _converse(self, wire: Wire) -> None:
        try:
            while True:
                seen = await wire.request()
                script = self._choose(seen)
                if not await self._answer(wire, script, seen):
                    break
        except (EOFError, OSError):
            pass
        except Exception as error:  # noqa: BLE001 - a fault of the test or of this server must fail the test
            self.failures.append(error)
        finally:
            if not wire.is_hung_up:
                wire.writer.transport.abort()
            try:
                with suppress(OSError):
                    await wire.writer.wait_closed()
            finally:
                del self._wires[wire]
                for seen in wire.seen:
                    seen.settled.set()
                    seen.closed.set()

    async def _answer(self, wire: Wire, script: Script, seen: Seen) -> bool:
        playing = asyncio.create_task(wire.play(script, seen))
        watching = asyncio.create_task(wire.watch())
        try:
            await asyncio.wait((playing, watching), return_when=asyncio.FIRST_COMPLETED)
            if playing.done() and not isinstance(playing.exception(), OSError):
                keeps = playing.result()
                seen.finished = True
                return keeps
            if not wire.is_hung_up:
                seen.gone.set()
            return False
        finally:
            playing.cancel()
            watching.cancel()
            await asyncio.gather(playing, watching, return_exceptions=True)
            seen.settled.set()

    def _choose(self, seen: Seen) -> Script:
        with self._changed:
            self._seen.append(seen)
            self._changed.notify_all()
            found = self._scripted(seen)
        if found is None:
            return answer(seen.method, seen.path, seen.json)
        return found if isinstance(found, Script) else found(seen)

    def _scripted(self, seen: Seen) -> Answer | None:
        place = seen.path.partition("?")[0]
        if found := next((one for ending, one in self._by_path.items() if place.endswith(ending)), None):
            return found
        if seen.method != "POST":
            return None
        if self._queue:
            return self._queue.popleft()
        return self._by_model.get(str(seen.model), self._always)
