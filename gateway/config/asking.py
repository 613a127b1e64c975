"""These tables say which models are asked, and what they cost."""

from pathlib import Path
from typing import Annotated, Literal

import msgspec

from gateway.config.parts import Count, Seconds, Strict

LOCAL = "local"
"""The name of the bundled model's upstream."""
EMBEDDED = "embedded"
"""The name of what embeds without an upstream."""
BUNDLED_MODEL = "SmolLM2-135M-Instruct"


class Timeouts(Strict, frozen=True):
    """Seconds. `first_byte` is the longest silence before a stream, `idle` the longest within an answer."""

    connect: Seconds = 5
    first_byte: Seconds = 60
    idle: Seconds = 60
    total: Seconds = 600


class Price(Strict, frozen=True):
    """US dollars for a million tokens."""

    input: Annotated[float, msgspec.Meta(ge=0)]
    output: Annotated[float, msgspec.Meta(ge=0)]
    cached_input: Annotated[float, msgspec.Meta(ge=0)] | None = None
    """The price of tokens that the upstream had in its cache; unset, these cost what all others do."""
    cache_write: Annotated[float, msgspec.Meta(ge=0)] | None = None
    """The price of tokens that it puts into its cache; unset, these cost what all others do."""
    reasoning: Annotated[float, msgspec.Meta(ge=0)] | None = None
    """The price of tokens that it reasons with; unset, these cost what the rest of an answer does."""

    def cost(
        self, prompt: int, completion: int, *, cached: int = 0, written: int = 0, reasoning: int = 0
    ) -> float:
        """Dollars for so many tokens; the last three are among those of the prompt and of the answer."""
        cached = min(cached, prompt)
        written = min(written, prompt - cached)
        reasoning = min(reasoning, completion)
        usd = (prompt - cached - written) * self.input + (completion - reasoning) * self.output
        usd += cached * _or(self.cached_input, self.input) + written * _or(self.cache_write, self.input)
        return (usd + reasoning * _or(self.reasoning, self.output)) / 1_000_000


def _or(price: float | None, other: float) -> float:
    return other if price is None else price


class Upstream(Strict, frozen=True):
    base_url: str = ""
    """The URL up to `/v1`, perhaps with a query string; may be empty for the names in KNOWN_BASE_URLS
    alone."""
    api_key: str | None = None
    api_key_env: str | None = None
    headers: dict[str, str] = {}
    models: list[str] = []
    """Plain model names that callers may use without a persona; such requests pass untouched."""
    default_model: str | None = None
    prices: dict[str, Price] = {}
    """Prices by model; a turn's tokens are charged at them."""
    price_list: str | None = None
    """The provider in the public list of prices, which counts for models without a price here; unset: the one
    whose URL this is, if it is one's; empty: none."""
    context: dict[str, Annotated[int, msgspec.Meta(ge=512)]] = {}
    """Tokens that a model takes, prompt and answer together; 8192 for models that are not named."""
    output: dict[str, Count] = {}
    """Tokens of the longest answer that a model gives; budgets reckon with 4096 for one that is not named."""
    timeouts: Timeouts = Timeouts()
    concurrency: Annotated[int, msgspec.Meta(ge=0)] = 0
    """Calls at once, over all workers; some more wait, and others are refused. 0 means no limit."""
    client: Literal["native", "aiohttp"] = "native"
    """This speaks HTTP to it: the gateway's own client, or aiohttp, which takes more CPU time."""
    proxy: str | None = None
    """It is reached through this proxy; unset: that of [egress], but not on this machine; empty: none."""
    text_only: bool = False
    """Images, audio and files are refused before the call, with an error that says so."""
    tools: Literal["pass", "refuse", "drop"] = "pass"
    """Tools in a request go on, are refused before the call, or are left out, which the head says."""
    prompt_cache: Literal["off", "key", "explicit"] = "off"
    """`key`: each prompt has a `prompt_cache_key`; `explicit`: a long one is marked for the cache, too."""
    system_role: Literal["system", "developer"] = "system"
    """The role in which a persona's prompt is sent."""
    responses: bool | None = None
    """It has OpenAI's Responses API, which is used then; unset: only OpenAI's own URL has it."""
    hosted_tools: list[str] = []
    """Types of tools, such as `web_search`, that callers may have it run by itself."""
    dedicated_to: str | None = None
    """The workspace whose own account this is: it alone may name what the account holds by its ids."""


class Chat(Strict, frozen=True):
    upstreams: list[str] = []
    """`NAME/model`, best first. Empty means every upstream with a default model, else the bundled one."""
    retries: Annotated[int, msgspec.Meta(ge=0, le=10)] = 2
    """Further rounds over the order after the first one has failed."""
    retry_for: Seconds = 15
    """Seconds since the request came in, after which no upstream that has failed is asked again."""
    keep_alive: Seconds = 15
    """Seconds of silence in a stream before a `: ping` comment goes out."""
    max_answer: Annotated[int, msgspec.Meta(ge=1024)] = 64 * 1024 * 1024
    """Bytes of a whole answer, or of one event of a stream, that an upstream may send."""
    tool_rounds: Annotated[int, msgspec.Meta(ge=1, le=32)] = 8
    """Times that one message to a conversation may have tools of the gateway's called."""
    tool_seconds: Seconds = 60
    """Seconds that all these calls may take together."""
    tool_bytes: Annotated[int, msgspec.Meta(ge=1024, le=4 * 1024 * 1024)] = 131_072
    """Bytes that all their results may have together."""


class Embeddings(Strict, frozen=True):
    upstream: str | None = None
    """The upstream that answers `/v1/openai/embeddings`; unset: the model of the extra `embed`."""
    model: str | None = None
    """The upstream's model that embeds where a persona is named."""
    idle: Seconds = 300
    """Seconds without a text after which the process of the embedded model ends, until one comes again."""
    personas: Literal["all", "searched"] = "all"
    """Vectors are made of these personas: all, or those of workspaces that have searched by meaning."""


class Moderation(Strict, frozen=True):
    upstream: str | None = None
    """`NAME` or `NAME/model` of an upstream that has `/moderations`; it is asked first."""
    judge: str | None = None
    """`NAME/model` of a model that is asked by a fixed rubric, where no upstream answers."""
    input: Literal["off", "flag", "block"] = "off"
    """`flag`: what callers say in chat is marked where it is flagged; `block`: refused before it is sent."""
    output: Literal["off", "flag"] = "off"
    """Answers are marked where they are flagged, once they are out."""


class Images(Strict, frozen=True):
    """Pictures of personas: who makes them, and where they are kept."""

    upstream: str | None = None
    """The upstream that has `/images/generations` and `/images/edits`; unset: the one called `openai`."""
    model: str = "gpt-image-1"
    size: str = "1024x1024"
    """Is sent with each order, as `quality` is; empty leaves it out."""
    quality: str = "auto"
    timeout: Seconds = 180
    """Seconds that one picture may take."""
    store: str = "file:images/"
    """`file:FOLDER`, relative to the configuration file, or `s3://BUCKET/PREFIX`."""
    endpoint: str = ""
    """The address of a store that is compatible with S3; empty: Amazon's."""
    region: str = "us-east-1"
    access_key: str | None = None
    access_key_env: str = "AWS_ACCESS_KEY_ID"
    """The variable that holds the key, where the table does not."""
    secret_key: str | None = None
    secret_key_env: str = "AWS_SECRET_ACCESS_KEY"  # noqa: S105 - the name of a variable


class Local(Strict, frozen=True):
    model_path: str | None = None
    """A GGUF file, relative to the configuration file; without one, the bundled SmolLM2-135M-Instruct."""
    n_ctx: Annotated[int, msgspec.Meta(ge=512)] = 8192
    """Tokens of context over all slots together."""
    slots: Count = 2
    threads: Annotated[int, msgspec.Meta(ge=0)] = 0
    """Threads that read a prompt; 0 means one per core. Answers are written by one thread."""

    @property
    def model_name(self) -> str:
        return Path(self.model_path).stem if self.model_path else BUNDLED_MODEL


class Route(msgspec.Struct, frozen=True):
    """One entry of an order: the name of an upstream, and the model that it is asked for."""

    upstream: str
    model: str

    def __str__(self) -> str:
        return f"{self.upstream}/{self.model}" if self.model else self.upstream
