"""The configuration's tables as frozen structs; the file config.toml documents every key."""

import re
from pathlib import Path
from typing import Annotated, Literal

import msgspec

LOCAL = "local"
"""The name of the bundled model's upstream."""
EMBEDDED = "embedded"
"""The name of what embeds without an upstream."""
BUNDLED_MODEL = "SmolLM2-135M-Instruct"

PASSWORD = re.compile(r"(://[^:/@]*:)[^@]+@")

Seconds = Annotated[float, msgspec.Meta(gt=0)]
Pause = Annotated[float, msgspec.Meta(ge=0, le=86_400)]
Count = Annotated[int, msgspec.Meta(ge=1)]
Days = Annotated[int, msgspec.Meta(ge=0, le=36_500)]
Amount = Annotated[int, msgspec.Meta(ge=1, le=1_000_000_000)]


class ConfigError(Exception):
    """A mistake in the configuration; the message names the file, the table and the key."""


class Strict(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A config table; a misspelt key is an error, not a default."""


class Server(Strict, frozen=True):
    host: str = "127.0.0.1"
    port: Annotated[int, msgspec.Meta(ge=0, le=65535)] = 8080
    public_url: str = ""
    """Callers find the gateway here, for links in its answers; empty means the address that it listens on."""
    workers: Count = 1
    shutdown_grace: Seconds = 30
    """Seconds that open answers may take to finish once the process was asked to stop."""
    body_timeout: Seconds = 30
    """Seconds between two pieces of a request body."""
    body_total: Seconds = 120
    """Seconds that the whole of a request body may take."""
    write_timeout: Seconds = 60
    """Seconds that a caller may leave unread what was sent to it."""
    max_body: Annotated[int, msgspec.Meta(ge=1024)] = 32 * 1024 * 1024
    """Bytes of a request body, after decompression."""
    trusted_proxies: list[str] = []
    """Addresses and networks of proxies, such as `10.0.0.0/8`, whose `X-Forwarded-For` and
    `X-Forwarded-Proto` are believed."""
    cors_origins: list[str] = []
    """Origins whose pages may call from a browser, such as `https://chat.example.com`; `*` means all."""
    max_connections: Annotated[int, msgspec.Meta(ge=0)] = 0
    """Callers' connections in each worker; 0 means 10,000, or half of the open files if those are fewer."""


class Store(Strict, frozen=True):
    url: str = "sqlite:///persona.db"
    """`sqlite:///FILE`, relative to the configuration file, or `postgresql://USER:PASSWORD@HOST/DATABASE`."""
    folder: str = ""
    """Pepper and first key lie here; empty means beside the store's file, or beside the configuration."""

    @property
    def is_file(self) -> bool:
        return self.url.startswith("sqlite:")

    @property
    def path(self) -> Path:
        """The store's file; only SQLite has one."""
        return Path(self.url.removeprefix("sqlite:///"))

    @property
    def shown(self) -> str:
        """The URL without a password."""
        return PASSWORD.sub(r"\1***@", self.url)

    def beside(self, suffix: str) -> Path:
        """Name a file that belongs to the store."""
        if not self.is_file:
            return Path(self.folder) / f"persona{suffix}"
        return Path(self.folder or self.path.parent) / f"{self.path.stem}{suffix}"


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


class Turns(Strict, frozen=True):
    queue: Count = 10_000
    """Finished turns that may wait for the store; further ones are dropped and counted."""
    flush_interval: Annotated[float, msgspec.Meta(gt=0, le=1)] = 0.25
    """Seconds between two writes."""
    keep_days: Days = 0
    """Days after which the rows of turns are deleted, whose sums stay; 0 means never."""


class Recording(Strict, frozen=True):
    attach: Literal["header", "all"] = "header"
    """`all`: requests with a persona that name no conversation join the one that they go on with."""
    texts: Literal["conversations", "none"] = "conversations"
    """`none`: conversations are kept without what was said."""
    days: Days = 0
    """Days after the last message of a conversation, when it is deleted; 0 means never."""


class Audit(Strict, frozen=True):
    keep_days: Days = 0
    """Days after which entries of the audit log are deleted; 0 means never."""


class Judge(Strict, frozen=True):
    upstream: str | None = None
    """`NAME/model` of the model that judges; nobody judges where it is unset."""
    risk: Annotated[float, msgspec.Meta(ge=0, le=1)] = 1.0
    """The share of risky answers that are judged, before all others."""
    sample: Annotated[float, msgspec.Meta(ge=0, le=1)] = 0.05
    """The share of the other scored answers that are judged; suspicious ones are in any case."""
    before_send: Literal["off", "risky"] = "off"
    """`risky`: whole answers that are risky or suspicious are judged before they go out."""
    calls_per_hour: Annotated[int, msgspec.Meta(ge=1)] | None = None
    """Calls of the judge within any hour, divided by the workers; unset: no limit."""
    usd_per_hour: Annotated[float, msgspec.Meta(gt=0)] | None = None
    """US dollars within any hour, divided by the workers; needs the price of the judge's model."""
    timeout: Seconds = 30
    concurrency: Count = 2
    """Answers that are judged at the same time, in each worker."""
    queue: Count = 100
    """Answers that may wait for the judge; further ones, the least telling first, are dropped and counted."""


class Drift(Strict, frozen=True):
    enabled: bool = True
    """Tells whether answers of personas are scored."""
    budget_ms: Annotated[float, msgspec.Meta(gt=0, le=1000)] = 50
    """Milliseconds that an answer may wait for its score; after that it goes out `unscored`."""
    deliver: Literal["answer", "later"] = "answer"
    """`later`: no answer waits for its score, which is then found on its turn."""
    judge: Judge = Judge()


class Grounding(Strict, frozen=True):
    search: str = ""
    """The URL of a search that answers as SearXNG does in JSON; the tool `web.search` asks it."""


class Tool(Strict, frozen=True):
    """An MCP server, whose tools personas may call: at a URL, or started as a command."""

    mcp: str = ""
    command: list[str] = []
    env: list[str] = []
    """Names of variables that the command gets; it gets no others."""
    headers: dict[str, str] = {}
    api_key: str | None = None
    api_key_env: str | None = None
    workspaces: list[str] = []
    """Ids of workspaces that may use its tools; nobody else may."""
    personas: list[str] = []
    """Slugs or ids of personas that may use them; empty means all of these workspaces."""
    timeout: Seconds = 30
    """Seconds that one call may take."""
    max_bytes: Annotated[int, msgspec.Meta(ge=256, le=1024 * 1024)] = 32_768
    """Bytes of one result; what is longer is cut."""


class Mcp(Strict, frozen=True):
    enabled: bool = False
    """Tells whether `/mcp` is there, for clients that speak MCP."""
    hosts: list[str] = []
    """Names by which clients know this machine, beside that of `[server] public_url` and its own."""


class Egress(Strict, frozen=True):
    allow: list[str] = []
    """`host:port` of places outside of the public internet, or on other ports, that users' URLs may name."""
    proxy: str = ""
    """Upstreams, and what users' URLs name, are reached through this proxy, `http://USER:PASSWORD@HOST:PORT`;
    empty: directly."""


class Alerts(Strict, frozen=True):
    threshold: Annotated[float, msgspec.Meta(ge=0, le=1)] = 0.2
    """The share of a version's answers out of character from which on an alert is given; 0 gives none."""
    window_hours: Annotated[int, msgspec.Meta(ge=1, le=720)] = 24
    """Hours whose answers are looked at."""
    minimum_turns: Count = 20
    """Scored answers below which no alert is given."""


class Webhooks(Strict, frozen=True):
    retries: Annotated[list[Pause], msgspec.Meta(max_length=20)] = msgspec.field(
        default_factory=lambda: [30.0, 150.0, 720.0, 2700.0]
    )
    """Seconds before each further attempt of a delivery, each made up to a fifth longer or shorter."""
    timeout: Annotated[float, msgspec.Meta(gt=0, le=60)] = 10
    """Seconds that one attempt may take."""


class Generation(Strict, frozen=True):
    upstream: str | None = None
    """`NAME/model` of the model that makes personas from an intent; unset: those of the chat order."""
    pipeline: str = "default"
    """The pipeline that runs follow unless a request names another one."""
    pipelines: str = ""
    """A folder with pipelines of the operator's own, relative to the configuration file."""
    days: Days = 30
    """Days after which a run that has made nothing, or a job that has ended, is deleted; 0 means never."""


class Projects(Strict, frozen=True):
    keyless: str | None = None
    """The id or name of the workspace that the projects API opens to programs on this machine without a key;
    unset: to nobody."""
    names: dict[str, str] = {}
    """Names of projects in URLs, each with the id or name of the workspace that it is."""


class Work(Strict, frozen=True):
    processes: Annotated[int, msgspec.Meta(ge=0, le=64)] = 1
    """Processes beside the workers that do work which lasts; 0 leaves it to `persona work` elsewhere."""
    concurrency: Annotated[int, msgspec.Meta(ge=1, le=1000)] = 8
    """Pieces of work of one kind, or for one webhook, that each of them does at the same time."""


class Keys(Strict, frozen=True):
    pepper: str | None = None
    """The secret that keys are hashed with, the same on all replicas; without it a file beside the store."""


class Log(Strict, frozen=True):
    level: Literal["debug", "info", "warning", "error"] = "info"
    format: Literal["text", "json"] = "text"
    access: bool = True
    """Tells whether each request that has ended leaves a line, at the level `info`."""


class Metrics(Strict, frozen=True):
    port: Annotated[int, msgspec.Meta(ge=0, le=65535)] | None = None
    """Prometheus finds `GET /metrics` here; 0 takes a free port, and nothing is counted where it is unset."""
    host: str = "127.0.0.1"


class Otel(Strict, frozen=True):
    endpoint: str = ""
    """Spans, metrics and evaluations go to this URL by OTLP over HTTP, as to `http://127.0.0.1:4318`; empty:
    nowhere."""
    headers: dict[str, str] = {}
    service_name: str = "persona-gateway"
    sample: Annotated[float, msgspec.Meta(ge=0, le=1)] = 1.0
    """The share of the traces that begin here which is told; of others their caller decides."""
    interval: Annotated[float, msgspec.Meta(ge=0.1, le=300)] = 5
    """Seconds for which they are gathered."""


class Plan(Strict, frozen=True):
    """A workspace may use this; what is unset has no limit."""

    chat_per_minute: Amount | None = None
    """Requests with a key, but for those that generate something."""
    generations_per_minute: Amount | None = None
    concurrent_runs: Amount | None = None
    tokens_per_minute: Amount | None = None
    """Tokens of prompts and answers; they are charged when a turn has ended."""
    concurrent_streams: Amount | None = None
    """Answers that are streamed at the same time."""
    webhook_deliveries_per_minute: Amount | None = None
    pipelines: bool = True
    """Tells whether a request may name the pipeline that it is generated by."""


class Workspace(Strict, frozen=True):
    plan: str | None = None
    """The name of a plan; a workspace without one has no limits."""


class Limits(Strict, frozen=True):
    store: str = ""
    """`valkey://HOST:PORT/N` or `redis://…`, which several gateways share; empty: memory that the workers of
    one gateway share."""
    on_failure: Literal["local", "open", "closed"] = "local"
    """While that store cannot be reached, each gateway counts for itself, lets all in, or lets nobody in."""
    timeout: Seconds = 1
    """Seconds within which that store has to answer."""

    @property
    def shown(self) -> str:
        """The store without a password."""
        return PASSWORD.sub(r"\1***@", self.store)


class Config(Strict, frozen=True):
    server: Server = Server()
    store: Store = Store()
    upstreams: dict[str, Upstream] = {}
    chat: Chat = Chat()
    embeddings: Embeddings = Embeddings()
    images: Images = Images()
    moderation: Moderation = Moderation()
    local: Local = Local()
    turns: Turns = Turns()
    recording: Recording = Recording()
    audit: Audit = Audit()
    drift: Drift = Drift()
    grounding: Grounding = Grounding()
    tools: dict[str, Tool] = {}
    mcp: Mcp = Mcp()
    egress: Egress = Egress()
    webhooks: Webhooks = Webhooks()
    alerts: Alerts = Alerts()
    plans: dict[str, Plan] = {}
    workspaces: dict[str, Workspace] = {}
    limits: Limits = Limits()
    generation: Generation = Generation()
    projects: Projects = Projects()
    work: Work = Work()
    keys: Keys = Keys()
    log: Log = Log()
    metrics: Metrics = Metrics()
    otel: Otel = Otel()


class Route(msgspec.Struct, frozen=True):
    """One entry of an order: the name of an upstream, and the model that it is asked for."""

    upstream: str
    model: str

    def __str__(self) -> str:
        return f"{self.upstream}/{self.model}" if self.model else self.upstream
