"""A stream is answered: this module alone decides how it walks."""

from functools import partial

from gateway.errors import Refusal
from gateway.openai_api.exchange import Exchange
from gateway.openai_api.keeping import Keepable, Keeper, kept_by
from gateway.openai_api.life import Outlet
from gateway.openai_api.passing_on import await_bill, pass_on
from gateway.openai_api.relaying import Relaying
from gateway.openai_api.watch import Watch
from gateway.upstreams.client import Response
from gateway.upstreams.failure import UpstreamFailure


class Streaming(Exchange):
    """Answers one chat request by a stream."""

    async def stream(self, watch: Watch, outlet: Outlet) -> None:
        account, routing, routes = self.account, self._shared.routing, self._usable()
        if self._shared.moderation is not None:
            await self._admit(self._shared.moderation)
        if account.purse is not None:
            await self._reserve(routes)
        try:
            opened = await routing.first(routes, self._asking.open, account.trail, self._until)
        finally:
            account.lost = self._asking.lost
        self._note_answered()
        self._source = self._said = opened.relay.transcript
        self._response = opened.response
        relay, response, frames, limits = opened.relay, opened.response, opened.frames, opened.limits
        watch.limit_total(opened.began + limits.total)
        watch.limit_idle(limits.idle)
        # Objects that are no longer needed must not stay in memory until the answer's end.
        del opened, self._asking
        while True:
            if relay.is_settled:
                frames = await self._scored(relay, frames, watch, limits.idle, outlet)
            if relay.done and self._keeper is not None and isinstance(relay.transcript, Keepable):
                frames = await self._kept(self._keeper, relay, relay.transcript, frames, watch, outlet)
            if frames:
                await outlet.write(frames, is_last=relay.done)
                frames = b""
            if relay.failure is not None:
                await await_bill(relay, response)
                raise relay.failure
            if relay.done:
                return
            if relay.is_held:
                frames = await self._follow(relay, response, watch)
                continue
            if outlet.writer is not None:
                await response.pour(partial(pass_on, relay, outlet.writer, watch))
            if relay.goes_on:
                frames = await self._next(relay, response, watch)

    async def _kept(
        self,
        keeper: Keeper,
        relay: Relaying,
        transcript: Keepable,
        frames: bytes,
        watch: Watch,
        outlet: Outlet,
    ) -> bytes:
        """Return the frames that end a stream, once its answer is kept. Raises Refusal."""
        # The upstream is not to blame for the time that the store takes.
        watch.limit_idle(None)
        try:
            await kept_by(keeper, self.account.turn, transcript, is_large=False)
        except Refusal:
            if frames:
                await outlet.write(frames)
            raise
        return frames + relay.ending

    async def _scored(
        self, relay: Relaying, frames: bytes, watch: Watch, idle: float, outlet: Outlet
    ) -> bytes:
        """Return the frames with the last chunk, once its score is there; what waits goes out before."""
        job = self._score(relay.transcript)
        if job.future is not None:
            if frames:
                await outlet.write(frames)
                frames = b""
            # The upstream is not to blame for the time that the score takes.
            watch.limit_idle(None)
            await job.future
            watch.limit_idle(idle)
        self._take(job)
        return frames + relay.release(self.account.persona_json())

    @staticmethod
    async def _next(relay: Relaying, response: Response, watch: Watch) -> bytes:
        """Return the frames for the next piece of the upstream's stream, or for its end."""
        try:
            data = await response.read()
        except UpstreamFailure:
            return relay.finish(is_broken=True)
        watch.read()
        return relay.feed(data) if data else relay.finish()

    async def _follow(self, relay: Relaying, response: Response, watch: Watch) -> bytes:
        """Return the frames that go out once it is known whether the held chunk is the last one."""
        frames, self._spent = b"", 0.0
        try:
            with self._shared.linger.begin():
                while not frames and relay.is_held and not relay.is_settled:
                    frames = await self._next(relay, response, watch)
        except TimeoutError:
            frames, self._spent = relay.settle(), self._shared.linger_seconds
        return frames
