"""The limiter lets a request in, or refuses it, by what its key's bounds leave."""

import asyncio
from collections import Counter
from collections.abc import Callable

from gateway.errors import Refusal
from gateway.limits import telling
from gateway.limits.bounds import Bound, Bounds, Bucket
from gateway.limits.lease import Lease
from gateway.limits.place import HOLD_SECONDS, Place, Standing
from gateway.limits.telling import Head, Header

RENEW_SECONDS = HOLD_SECONDS / 3


class Limiter:
    """Counts the requests of one worker, beside those of all others, at a place that they share."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self._leases: set[Lease] = set()
        self.on_use: Callable[[str, str, float], None] | None = None
        """Is told the bucket, whose limit it is and which part of it is gone, where somebody counts that."""
        self.refused: Counter[str] = Counter()
        """Counts the requests that were refused, by what they take from."""

    async def enter(
        self, bounds: Bounds, bucket: Bucket, *, spends: bool, is_openai: bool
    ) -> tuple[list[Header], Standing | None]:
        """Count one request, and return what to tell of it in the head, and what has no room for it, if any.

        `spends` tells that it takes tokens, and so needs some to be left.
        """
        requests = tokens = None
        taken: list[Bound] = []
        for bound in bounds.of(bucket):
            standing = await self._place.take(bound)
            self._note(bound, standing.remaining)
            requests = _tighter(requests, standing)
            if standing.is_taken:
                taken.append(bound)
            else:
                self.refused[bucket] += 1
                await self._give_back(taken)
                return telling.headers(standing, None, is_openai=is_openai), standing
        refused = None
        if spends or is_openai:
            for bound in bounds.tokens:
                standing = await self._place.left(bound)
                self._note(bound, standing.remaining)
                tokens = _tighter(tokens, standing)
                if spends and not standing.is_taken:
                    refused = standing
        if refused is not None:
            self.refused["tokens"] += 1
            await self._give_back(taken)
        return telling.headers(requests, tokens, is_openai=is_openai), refused

    def require_room(self, bound: Bound, held: int) -> None:
        """Require that one more may go on beside those that somebody else has counted. Raises Refusal."""
        if held >= bound.amount:
            raise self._all_held(bound)
        self._note(bound, bound.amount - held - 1)

    def _all_held(self, bound: Bound) -> Refusal:
        self._note(bound, 0)
        self.refused[bound.bucket] += 1
        return telling.all_held(bound)

    def _note(self, bound: Bound, remaining: int) -> None:
        if self.on_use is not None:
            self.on_use(bound.bucket, bound.ident, 1 - max(0, remaining) / bound.amount)

    async def _give_back(self, taken: list[Bound]) -> None:
        """What is refused does not count anywhere."""
        for bound in taken:
            await self._place.give_back(bound)

    async def wait(self, bounds: Bounds, bucket: Bucket) -> float:
        """Count one more and return 0, or return the seconds after which to ask again."""
        try:
            _, refused = await self.enter(bounds, bucket, spends=False, is_openai=False)
        except Refusal:
            # Nothing can be counted now.
            return telling.MOMENT
        return 0.0 if refused is None else telling.wait(refused)

    async def recount(self, bounds: Bounds, bucket: Bucket, head: Head) -> None:
        """Count a request out of this bucket that the door has let in out of `chat`. Raises Refusal.

        This is for routes that know only by the body what they are asked for.
        """
        if not bounds.of(bucket):
            return
        await self._give_back(list(bounds.chat))
        told, refused = await self.enter(bounds, bucket, spends=False, is_openai=False)
        head.tell_in_head(told)
        if refused is not None:
            raise telling.too_many(refused)

    def charge(self, bounds: Bounds, tokens: int) -> None:
        """Count tokens once it is known how many a turn took."""
        for bound in bounds.tokens:
            self._place.charge(bound, tokens)

    async def hold(self, bounds: Bounds, bucket: Bucket) -> Lease:
        """Hold one of what may go on at the same time, until it is released. Raises Refusal."""
        lease = Lease()
        for bound in bounds.of(bucket):
            held = await self._place.hold(bound)
            if held is None:
                await lease.release()
                raise self._all_held(bound)
            self._note(bound, held.remaining)
            lease.add(self._place, bound, held.word)
        if lease:
            self._leases.add(lease)
        return lease

    async def release(self, lease: Lease) -> None:
        """Let go of what is held."""
        self._leases.discard(lease)
        await lease.release()

    @property
    def healthy(self) -> bool:
        """Tell whether everything is counted where the configuration says."""
        return self._place.healthy

    async def run(self) -> None:
        """Renew what is held and look after the place, until cancelled."""
        await asyncio.gather(self._place.watch(), self._keep())

    async def close(self) -> None:
        """Let go of what is held, and of the place."""
        for lease in list(self._leases):
            await self.release(lease)
        await self._place.close()

    async def _keep(self) -> None:
        while True:
            await asyncio.sleep(RENEW_SECONDS)
            await self.renew()

    async def renew(self) -> None:
        """Go on holding all that is held, for another while."""
        for lease in list(self._leases):
            await lease.renew()


def _tighter(one: Standing | None, other: Standing) -> Standing:
    return other if one is None or other.remaining < one.remaining else one
