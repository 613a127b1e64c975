"""The watch: who leaves, which limit is reached when, and that nothing else is cut short."""

import asyncio
import weakref
from collections.abc import Callable

import pytest

from gateway.openai_api.watch import Interrupted, Watch, Why
from gateway.upstreams.deadline import Deadlines

LONG = 1000.0


class Socket:
    """The caller's side, who leaves when the test says so."""

    def __init__(self) -> None:
        self.call: Callable[[], None] | None = None
        self.is_gone = False
        self.is_stalled = False

    def when_gone(self, call: Callable[[], None] | None) -> None:
        self.call = call
        if call is not None and self.is_gone:
            call()

    def leave(self) -> None:
        self.is_gone = True
        if self.call is not None:
            self.call()


class Clock:
    """The loop's clock, which stands still until a timer is waited for, and then jumps to it."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self.now = 100.0
        self.timers: list[tuple[float, Callable[[], object]]] = []

    def run(self, until: float) -> None:
        """Let the time pass, timer by timer."""
        while due := [timer for timer in self.timers if timer[0] <= until]:
            timer = min(due, key=lambda each: each[0])
            self.timers.remove(timer)
            self.now = max(self.now, timer[0])
            timer[1]()
        self.now = until


class Timer:
    def __init__(self, clock: Clock, entry: tuple[float, Callable[[], object]]) -> None:
        self._clock, self._entry = clock, entry

    def cancel(self) -> None:
        if self._entry in self._clock.timers:
            self._clock.timers.remove(self._entry)


class Loop:
    """The part of a loop that a watch uses."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def time(self) -> float:
        return self._clock.now

    def call_at(self, when: float, call: Callable[[], object]) -> Timer:
        entry = (when, call)
        self._clock.timers.append(entry)
        return Timer(self._clock, entry)


@pytest.fixture
def socket() -> Socket:
    return Socket()


@pytest.fixture
async def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Time for watches that are made from now on."""
    clock = Clock(asyncio.get_running_loop())
    monkeypatch.setattr("gateway.openai_api.watch.asyncio.get_running_loop", lambda: Loop(clock))
    return clock


class Watched:
    """A block under a watch, which waits for ever."""

    def __init__(self, socket: Socket, *, total: float = LONG) -> None:
        self.entered = asyncio.Event()
        self.watch: Watch
        self.task = asyncio.ensure_future(self._block(socket, total))

    async def _block(self, socket: Socket, total: float) -> Why:
        try:
            with Watch(socket, total=total) as self.watch:
                self.entered.set()
                await asyncio.Event().wait()
        except Interrupted as interrupted:
            return interrupted.why
        raise AssertionError

    @property
    def is_cut(self) -> bool:
        return self.watch._why is not None


async def started(socket: Socket, **limits: float) -> Watched:
    watched = Watched(socket, **limits)
    await watched.entered.wait()
    return watched


async def test_a_caller_who_leaves_interrupts(socket: Socket) -> None:
    watched = await started(socket)
    socket.leave()
    assert await watched.task == "gone"


async def test_a_caller_who_has_left_before_interrupts(socket: Socket) -> None:
    socket.leave()
    assert await (await started(socket)).task == "gone"


async def test_the_end_of_the_process_interrupts(socket: Socket) -> None:
    watched = await started(socket)
    watched.watch.interrupt("shutdown")
    assert await watched.task == "shutdown"


async def test_the_first_interruption_counts(socket: Socket) -> None:
    watched = await started(socket)
    watched.watch.interrupt("shutdown")
    watched.watch.interrupt("gone")
    socket.leave()
    assert await watched.task == "shutdown"


async def test_a_block_that_ends_is_not_interrupted(socket: Socket) -> None:
    with Watch(socket, total=LONG) as watch:
        pass
    watch.interrupt("shutdown")
    task = asyncio.current_task()
    assert task is not None
    assert not task.cancelling()


async def test_a_caller_who_did_not_read_is_told_from_one_who_left(socket: Socket) -> None:
    watched = await started(socket)
    socket.is_stalled = True
    socket.leave()
    assert await watched.task == "stalled"


async def test_an_error_within_the_block_comes_through(socket: Socket) -> None:
    with pytest.raises(ValueError, match="own"), Watch(socket, total=LONG):
        raise ValueError("own")


async def test_a_cancellation_from_elsewhere_stays_one(socket: Socket) -> None:
    watched = await started(socket)
    watched.task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await watched.task


async def test_a_time_limit_within_the_block_stays_one(socket: Socket) -> None:
    with pytest.raises(TimeoutError), Watch(socket, total=LONG):
        async with asyncio.timeout(0):
            await asyncio.Event().wait()


async def test_an_interruption_reaches_through_a_time_limit(socket: Socket) -> None:
    async def block() -> None:
        with Watch(socket, total=LONG):
            async with asyncio.timeout(LONG):
                await asyncio.Event().wait()

    socket.leave()
    with pytest.raises(Interrupted):
        await block()


async def test_a_real_timer_interrupts_too(socket: Socket) -> None:
    assert await Watched(socket, total=0.001).task == "total"


async def test_the_total_limit_holds_from_the_start(socket: Socket, clock: Clock) -> None:
    watched = await started(socket, total=10)
    for now in range(101, 110):
        clock.run(now)
        watched.watch.read()
        watched.watch.write()
        watched.watch.wrote()
        assert not watched.is_cut
    clock.run(110)
    assert await watched.task == "total"


async def test_silence_is_limited(socket: Socket, clock: Clock) -> None:
    watched = await started(socket)
    watched.watch.limit_idle(5)
    clock.run(104)
    watched.watch.read()
    clock.run(108.9)
    assert not watched.is_cut
    clock.run(109)
    assert await watched.task == "idle"


async def test_a_lifted_limit_interrupts_no_more(socket: Socket, clock: Clock) -> None:
    watched = await started(socket, total=60)
    watched.watch.limit_idle(5)
    clock.run(104)
    watched.watch.limit_idle(None)
    clock.run(159)
    assert not watched.is_cut
    clock.run(160)
    assert await watched.task == "total"


async def test_silence_does_not_count_while_the_caller_reads_slowly(socket: Socket, clock: Clock) -> None:
    watched = await started(socket)
    watched.watch.limit_idle(5)
    clock.run(101)
    watched.watch.write()
    clock.run(190)
    assert not watched.is_cut
    watched.watch.wrote()
    clock.run(194.9)
    assert not watched.is_cut
    clock.run(195)
    assert await watched.task == "idle"


async def test_a_keep_alive_is_due_after_silence_only(socket: Socket, clock: Clock) -> None:
    beats: list[float] = []
    watched = await started(socket)
    watched.watch.keep_alive(10, lambda: beats.append(clock.now))
    clock.run(105)
    watched.watch.write()
    watched.watch.wrote()
    clock.run(114.9)
    assert beats == []
    clock.run(140)
    assert beats == [115, 125, 135]
    socket.leave()
    await watched.task


async def test_a_keep_alive_waits_for_a_slow_caller_and_is_then_in_time(socket: Socket, clock: Clock) -> None:
    beats: list[float] = []
    watched = await started(socket)
    watched.watch.keep_alive(10, lambda: beats.append(clock.now))
    clock.run(109)
    watched.watch.write()
    clock.run(150)
    assert beats == []
    watched.watch.wrote()
    clock.run(160)
    assert beats == [160]
    socket.leave()
    await watched.task


async def test_a_watch_leaves_no_timer_behind(socket: Socket, clock: Clock) -> None:
    with Watch(socket, total=LONG) as watch:
        watch.keep_alive(1, lambda: None)
        watch.limit_idle(1)
        clock.run(100.5)
    assert clock.timers == []


async def test_a_watch_that_is_over_lets_go_of_what_beats(socket: Socket, clock: Clock) -> None:
    class Outlet:
        def __init__(self, watch: Watch) -> None:
            self.watch = watch

        def ping(self) -> None:
            raise AssertionError

    with Watch(socket, total=LONG) as watch:
        outlet = Outlet(watch)
        watch.keep_alive(LONG, outlet.ping)
        seen = weakref.ref(outlet)
    del outlet
    # Its reference count frees it: nobody has to look for cycles.
    assert seen() is None


async def test_a_piece_that_comes_in_sets_no_timer(socket: Socket, clock: Clock) -> None:
    with Watch(socket, total=LONG) as watch:
        watch.limit_idle(5)
        (timer,) = clock.timers
        for _ in range(100):
            watch.read()
            watch.write()
            watch.wrote()
        assert clock.timers == [timer]


async def test_blocks_that_may_take_equally_long_share_a_timer(socket: Socket) -> None:
    ends = Deadlines(0.02)

    async def late() -> Why | None:
        try:
            with Watch(socket, total=0.02, ends=ends):
                await asyncio.Event().wait()
        except Interrupted as cut:
            return cut.why
        return None

    assert [*await asyncio.gather(late(), late())] == ["total", "total"]
    assert not ends._open
