"""Keys are spelt so that none looks like one of ours, and none goes on twice."""

from collections.abc import Collection, Iterable

import msgspec

from gateway.errors import Detail, Fault, Refusal
from gateway.openai_api.bounds import LARGE

OURS = frozenset(
    [
        "model",
        "messages",
        "stream",
        "stream_options",
        "n",
        "tools",
        "functions",
        "audio",
        "modalities",
        "input",
        "prompt",
    ]
)
"""The gateway reads or writes these at the top of a request."""
LONGEST = 32
"""Characters of a key that can be like one of ours: folding makes none shorter."""
OF_OPTIONS = frozenset(["include_usage"])
OF_MESSAGES = frozenset(
    ["role", "content", "name", "tool_calls", "tool_call_id", "function_call", "refusal", "audio"]
)
OF_PARTS = frozenset(["type", "text", "image_url", "input_audio", "file", "refusal"])


def refuse_lookalikes(keys: Iterable[str], ours: Collection[str], place: str = "") -> None:
    """Raises Refusal for a key that equals one of `ours` under Unicode case folding, and is none of them.

    `place` is what stands before the key in its name, as in `messages[0].`. A reader that ignores case,
    such as Go's, takes the last such key for ours.
    """
    for key in keys:
        if key not in ours and len(key) <= LONGEST and (folded := key.casefold()) in ours:
            name = place + key
            problem = f"would be read as `{folded}` by some servers; write it so, or leave it out"
            raise Refusal(
                Fault.REQUEST_INVALID,
                f"`{name}` {problem}.",
                param=name,
                details=[Detail([name], problem, "value_error")],
            )


def is_same(written: bytes | msgspec.Raw, compact: bytes) -> bool:
    """Tell whether JSON differs from what was decoded and encoded again in its white space alone.

    A key that stood twice, or was spelt with escapes, makes what was written longer. Where that is large
    and has white space, it is not looked at closely.
    """
    length = len(memoryview(written))
    if length == len(compact):
        return True
    return length <= LARGE and len(_minified(bytes(written))) == len(_minified(compact))


def _minified(json: bytes) -> bytes:
    return msgspec.json.format(json, indent=-1)
