"""A relay is asked for this, whatever its upstream speaks."""

from typing import Protocol

import msgspec

from gateway.config import Timeouts
from gateway.errors import Refusal
from gateway.openai_api.transcript import Transcript
from gateway.upstreams.client import Response
from gateway.upstreams.failure import UpstreamFailure


class Relaying(Protocol):
    """Makes of what an upstream streams what its caller is streamed; `Relay` says what each of these is."""

    @property
    def transcript(self) -> Transcript: ...

    @property
    def events(self) -> int: ...

    @property
    def cause(self) -> UpstreamFailure | None: ...

    @property
    def failure(self) -> Refusal | None: ...

    @property
    def done(self) -> bool: ...

    @property
    def goes_on(self) -> bool: ...

    @property
    def may_be_billed(self) -> bool: ...

    @property
    def is_held(self) -> bool: ...

    @property
    def is_settled(self) -> bool: ...

    @property
    def ending(self) -> bytes:
        """These bytes end the stream, once its answer is kept."""

    def feed(self, data: bytes) -> bytes: ...

    def finish(self, *, is_broken: bool = False) -> bytes: ...

    def settle(self) -> bytes: ...

    def release(self, persona_json: bytes) -> bytes: ...


class Opened(msgspec.Struct, frozen=True):
    """Stands for a stream whose first event has come."""

    relay: Relaying
    response: Response
    frames: bytes
    """Frames that are ready to be sent."""
    limits: Timeouts
    began: float
    """The time at which this try began, in `loop.time()` seconds."""
