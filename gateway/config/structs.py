"""The configuration's tables as frozen structs; the file config.toml documents every key."""

from typing import Annotated

import msgspec

from gateway.config.asking import Chat, Embeddings, Images, Local, Moderation, Upstream
from gateway.config.parts import Days, Seconds, Strict
from gateway.config.serving import Keys, Limits, Plan, Projects, Server, Store, Work, Workspace
from gateway.config.watching import Alerts, Audit, Drift, Log, Metrics, Otel, Recording, Turns, Webhooks


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


class Generation(Strict, frozen=True):
    upstream: str | None = None
    """`NAME/model` of the model that makes personas from an intent; unset: those of the chat order."""
    pipeline: str = "default"
    """The pipeline that runs follow unless a request names another one."""
    pipelines: str = ""
    """A folder with pipelines of the operator's own, relative to the configuration file."""
    days: Days = 30
    """Days after which a run that has made nothing, or a job that has ended, is deleted; 0 means never."""


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
