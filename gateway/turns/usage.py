"""Usage says how many tokens a turn took, of which kinds, and who counted them."""

from typing import Annotated, Literal

import msgspec

MOST = 10**12
"""No turn takes more tokens, and their sums still fit into the store; an upstream may send any number."""
Tokens = Annotated[int, msgspec.Meta(ge=0, le=MOST)]
Source = Literal["upstream", "estimated"]


class Usage(msgspec.Struct, frozen=True):
    """Tokens of a turn; `None` where nobody said.

    `prompt_tokens` holds all tokens that were sent, cached and written ones among them, and
    `completion_tokens` all that came back, reasoning among them, whatever way of counting the upstream has.
    """

    prompt_tokens: Tokens | None = None
    completion_tokens: Tokens | None = None
    total_tokens: Tokens | None = None
    cached_tokens: Tokens | None = None
    """Tokens of the prompt that the upstream had in its cache."""
    cache_write_tokens: Tokens | None = None
    """Tokens of the prompt that it put into its cache."""
    reasoning_tokens: Tokens | None = None
    """Tokens of the answer that its reader does not see."""


class _Prompt(msgspec.Struct):
    cached_tokens: Tokens | None = None
    cache_write_tokens: Tokens | None = None
    """OpenRouter's name."""
    cache_creation_tokens: Tokens | None = None
    """LiteLLM's name."""


class _Completion(msgspec.Struct):
    reasoning_tokens: Tokens | None = None


class _Counted(msgspec.Struct):
    """Every upstream sends these."""

    prompt_tokens: Tokens | None = None
    completion_tokens: Tokens | None = None
    total_tokens: Tokens | None = None


class _Detailed(_Counted):
    """The kinds of tokens by the names that OpenAI, Anthropic, DeepSeek and Moonshot have for them."""

    prompt_tokens_details: _Prompt | None = None
    completion_tokens_details: _Completion | None = None
    cache_read_input_tokens: Tokens | None = None
    cache_creation_input_tokens: Tokens | None = None
    prompt_cache_hit_tokens: Tokens | None = None
    cached_tokens: Tokens | None = None

    def is_plain(self) -> bool:
        """Tells whether it names no tokens of the cache."""
        return (
            self.cache_read_input_tokens is None
            and self.cache_creation_input_tokens is None
            and self.prompt_cache_hit_tokens is None
            and self.cached_tokens is None
        )


class _Input(msgspec.Struct):
    cached_tokens: Tokens | None = None


class _Output(msgspec.Struct):
    reasoning_tokens: Tokens | None = None


class _Response(msgspec.Struct):
    """The Responses API and the one of images count so."""

    input_tokens: Tokens | None = None
    output_tokens: Tokens | None = None
    total_tokens: Tokens | None = None
    input_tokens_details: _Input | None = None
    output_tokens_details: _Output | None = None


_detailed = msgspec.json.Decoder(_Detailed)
_response = msgspec.json.Decoder(_Response)
_counted = msgspec.json.Decoder(_Counted)


def read(raw: msgspec.Raw | bytes) -> Usage | None:
    """Read the `usage` object of an answer; `None` where it is null or something else."""
    try:
        return _usage(_detailed.decode(raw))
    except msgspec.ValidationError:
        # The kinds may be written in a way of the upstream's own; the sums still count.
        try:
            found = _counted.decode(raw)
        except (msgspec.DecodeError, UnicodeDecodeError):
            return None
        return Usage(found.prompt_tokens, found.completion_tokens, found.total_tokens)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def read_response(raw: msgspec.Raw | None) -> Usage | None:
    """Read the `usage` object of a response or of an image; `None` where it says nothing."""
    try:
        found = None if raw is None else _response.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    if found is None or (found.input_tokens is None and found.output_tokens is None):
        return None
    sent, said = found.input_tokens, found.output_tokens
    return Usage(
        sent,
        said,
        found.total_tokens if found.total_tokens is not None else min((sent or 0) + (said or 0), MOST),
        found.input_tokens_details.cached_tokens if found.input_tokens_details else None,
        None,
        found.output_tokens_details.reasoning_tokens if found.output_tokens_details else None,
    )


def _usage(found: _Detailed) -> Usage:
    prompt, answer = found.prompt_tokens_details, found.completion_tokens_details
    if prompt is None and answer is None and found.is_plain():
        return Usage(found.prompt_tokens, found.completion_tokens, found.total_tokens)
    hits = (found.cache_read_input_tokens, found.prompt_cache_hit_tokens, found.cached_tokens)
    writes: tuple[int | None, ...] = (found.cache_creation_input_tokens,)
    if prompt is not None:
        hits = (*hits, prompt.cached_tokens)  # type: ignore[assignment]
        writes = (*writes, prompt.cache_write_tokens, prompt.cache_creation_tokens)
    cached, written = _most(hits), _most(writes)
    sent, total = _inclusive(found, cached or 0, written or 0)
    reasoning = answer.reasoning_tokens if answer is not None else None
    return Usage(sent, found.completion_tokens, total, cached, written, reasoning)


def _most(counts: tuple[int | None, ...]) -> int | None:
    """Choose between the names for one count: a gateway on the way may leave one of them at 0."""
    return max((count for count in counts if count is not None), default=None)


def _inclusive(found: _Counted, cached: int, written: int) -> tuple[int | None, int | None]:
    """Return the tokens of the prompt with those of the cache among them, and the total.

    Anthropic does not count those as tokens of the prompt, and some servers pass its numbers on.
    """
    sent, total, apart = found.prompt_tokens, found.total_tokens, cached + written
    if sent is None or not apart:
        return sent, total
    said = found.completion_tokens or 0
    if apart <= sent and total != sent + said + apart:
        return sent, total
    whole = min(sent + apart, MOST)
    return whole, None if total is None else min(max(total, whole + said), MOST)


def added(one: Usage | None, other: Usage | None) -> Usage | None:
    """Add up the tokens of two tries; `None` is a try of which nobody said anything."""
    if one is None or other is None:
        return one or other
    pairs = zip(msgspec.structs.astuple(one), msgspec.structs.astuple(other), strict=True)
    sums = [None if a is b is None else min((a or 0) + (b or 0), MOST) for a, b in pairs]
    return Usage(*sums)


def total(usage: Usage) -> int:
    """Add up the tokens of a turn, where the upstream has not done so."""
    if usage.total_tokens is not None:
        return usage.total_tokens
    return (usage.prompt_tokens or 0) + (usage.completion_tokens or 0)
