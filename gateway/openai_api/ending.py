"""Here alone it is decided how a request has ended, for its record and for its caller."""

import msgspec

from gateway.errors import Fault, Refusal
from gateway.openai_api import edge
from gateway.openai_api.watch import Interrupted
from gateway.turns.turn import Status
from gateway.upstreams.failure import UpstreamFailure


class Ending(msgspec.Struct, frozen=True):
    status: Status
    word: str | None
    """The word in the turn's row for what went wrong; `None` where there is nothing to say."""
    refusal: Refusal | None = None
    """The refusal that the caller is told; `None` where all is well or nobody is there to be told."""


COMPLETED = Ending("completed", None)


def ending(error: BaseException | None, upstream: str, *, has_begun: bool = False) -> Ending:
    """Find the ending that an exception stands for; `None` is the good one.

    `upstream` was asked last. `has_begun` says whether something of the answer has gone out.
    """
    if error is None:
        return COMPLETED
    if isinstance(error, Interrupted):
        return _interrupted(error, upstream, has_begun=has_begun)
    if isinstance(error, UpstreamFailure):
        return Ending("failed", error.word, error.refusal())
    if isinstance(error, Refusal):
        return Ending("failed", error.fault.code, error)
    if isinstance(error, Exception):
        return Ending("failed", Fault.INTERNAL.code, edge.our_mistake())
    return Ending("cancelled", None)


def _interrupted(error: Interrupted, upstream: str, *, has_begun: bool) -> Ending:
    match error.why:
        case "gone":
            return Ending("cancelled", None)
        case "stalled":
            return Ending("cancelled", "caller_stalled")
        case "shutdown":
            return Ending("failed", "shutdown", edge.draining())
        case "total" if not has_begun:
            failure = UpstreamFailure("total_timeout", upstream)
            return Ending("failed", failure.word, failure.refusal())
        case why:
            fault = Fault.TOTAL_TIMEOUT if why == "total" else Fault.IDLE_TIMEOUT
            message = f"The upstream `{upstream}` exceeded its time limit ({why}) within the answer."
            return Ending("failed", f"{why}_timeout", Refusal(fault, message))
