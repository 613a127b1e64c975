"""`persona doctor` finds of each part how it is, and says what to do about it."""

from typing import Literal

import msgspec

State = Literal["ok", "warn", "fail"]


class Finding(msgspec.Struct, frozen=True):
    """No key, prompt or text is ever in one."""

    part: str
    """The part, such as `store` or `upstreams.main`."""
    state: State
    """`fail`: the gateway does not start, or does not do what the configuration says; `warn`: it may not."""
    message: str
    remedy: str | None = None
    """This says what to do; it is `None` where there is nothing to do."""


def ok(part: str, message: str) -> Finding:
    return Finding(part, "ok", message)


def warn(part: str, message: str, remedy: str) -> Finding:
    return Finding(part, "warn", message, remedy)


def fail(part: str, message: str, remedy: str) -> Finding:
    return Finding(part, "fail", message, remedy)
