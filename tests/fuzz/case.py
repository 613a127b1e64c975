"""One request goes to the gateway as a case, which knows what the upstream and the caller are to see of
it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from typing import TypeAlias

from tests.fakes.upstream import Seen
from tests.fakes.upstream_scripts import Script
from tests.fuzz.line import Reply

Header: TypeAlias = tuple[bytes, bytes]
CHAT = b"/v1/openai/chat/completions"
MODEL = "persona/fuzzed"
RESOLVED = "persona/fuzzed@v1"
PLAIN_MODEL = "plain-model"
DEFAULTS = {"temperature": 0.7}
PROMPT_MARK = "lighthouse-ledger-7c1f"
"""Every persona's prompt holds this."""
UPSTREAM_KEY = "upstream-secret-4b7e9d20aa"
FORBIDDEN = "forbidden-body-93ab51"
"""An upstream says this, and no caller may see it."""


Maker: TypeAlias = Callable[[Random, str, str], "Case"]
"""Makes a case from chance, a key and a tag."""


@dataclass
class Case:
    """`rule` is asked on top of what holds for every answer; it gets what the upstream saw, if anything."""

    data: bytes
    path: str | None = CHAT.decode()
    """The path as the application sees it; `None` where nobody can say."""
    method: str = "POST"
    tag: str | None = None
    """Names the case in a field of the request's body, for the upstream to know it."""
    script: Script | None = None
    rule: Callable[[Reply, Seen | None], None] | None = None
    is_http: bool = True
    """Tells whether the bytes are a request that has to be answered."""
    may_fail: bool = False
    """Tells whether the upstream misbehaves, so that the gateway may answer 502 or 503 for it."""
    cuts: list[int] = field(default_factory=list)
    """The bytes are cut at these places on their way."""
    hidden: str | None = None
    """No answer may speak of this: it stands in a request that is none."""
    answers: int = 1
    """The number of requests that the bytes hold."""


def request(
    method: bytes,
    target: bytes,
    headers: list[Header],
    body: bytes | None = None,
    *,
    pieces: list[int] | None = None,
) -> bytes:
    """Encode a request; with `pieces` its body travels in chunks of these sizes and a rest."""
    lines = [b"%b %b HTTP/1.1" % (method, target), *(b"%b: %b" % header for header in headers)]
    if body is None:
        return b"\r\n".join([*lines, b"", b""])
    if pieces is None:
        return b"\r\n".join([*lines, b"Content-Length: %d" % len(body), b"", body])
    chunks, at = [], 0
    for size in [*pieces, len(body)]:
        if part := body[at : at + size]:
            chunks.append(b"%x\r\n%b\r\n" % (len(part), part))
        at += size
    return b"\r\n".join([*lines, b"Transfer-Encoding: chunked", b"", b"".join([*chunks, b"0\r\n\r\n"])])


def common(key: str) -> list[Header]:
    return [
        (b"Host", b"gateway"),
        (b"Authorization", b"Bearer " + key.encode()),
        (b"Content-Type", b"application/json"),
    ]


def maybe(chance: Random, share: float) -> bool:
    return chance.random() < share
