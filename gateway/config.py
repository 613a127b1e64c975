"""config.toml and the environment, decoded once into frozen structs; errors name the exact place."""

import os
import re
import tomllib
import typing
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

import msgspec

ENV_PREFIX = "PERSONA__"
LOCAL = "local"
"""The name of the bundled model's upstream."""
BUNDLED_MODEL = "SmolLM2-135M-Instruct"

KNOWN_BASE_URLS = {
    "openai": "https://api.openai.com/v1",
    "ollama": "http://127.0.0.1:11434/v1",
    "vllm": "http://127.0.0.1:8000/v1",
    "openrouter": "https://openrouter.ai/api/v1",
}

HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
PASSWORD = re.compile(r"(://[^:/@]+:)[^@]+@")
CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")

Seconds = Annotated[float, msgspec.Meta(gt=0)]
Count = Annotated[int, msgspec.Meta(ge=1)]


class ConfigError(Exception):
    """A mistake in the configuration; the message names the file, the table and the key."""


class Strict(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A config table; a misspelt key is an error, not a default."""


class Server(Strict, frozen=True):
    host: str = "127.0.0.1"
    port: Annotated[int, msgspec.Meta(ge=0, le=65535)] = 8080
    workers: Count = 1
    shutdown_grace: Seconds = 30
    """Seconds that open answers may take to finish once a stop was asked for."""
    body_timeout: Seconds = 30
    """Seconds between two pieces of a request body."""
    write_timeout: Seconds = 60
    """Seconds that a caller may leave what was sent to it unread."""
    max_body: Annotated[int, msgspec.Meta(ge=1024)] = 32 * 1024 * 1024
    """Bytes of a request body, after decompression."""


class Store(Strict, frozen=True):
    url: str = "sqlite:///persona.db"
    """Relative to the configuration file."""


class Timeouts(Strict, frozen=True):
    """Seconds. `first_byte` holds for streams only; `idle` is the longest silence within an answer."""

    connect: Seconds = 5
    first_byte: Seconds = 60
    idle: Seconds = 60
    total: Seconds = 600


class Price(Strict, frozen=True):
    """US dollars for a million tokens."""

    input: Annotated[float, msgspec.Meta(ge=0)]
    output: Annotated[float, msgspec.Meta(ge=0)]


class Upstream(Strict, frozen=True):
    base_url: str = ""
    """Up to and including `/v1`; a query string is kept. Empty only for the names in KNOWN_BASE_URLS."""
    api_key: str | None = None
    api_key_env: str | None = None
    headers: dict[str, str] = {}
    models: list[str] = []
    """Plain model names that callers may use untouched, without a persona."""
    default_model: str | None = None
    prices: dict[str, Price] = {}
    """By model; what they make of a turn's tokens is its cost."""
    timeouts: Timeouts = Timeouts()
    max_connections: Annotated[int, msgspec.Meta(ge=0)] = 0
    """0 means no limit."""
    client: Literal["native", "aiohttp"] = "native"
    """What speaks HTTP: the gateway's own client, or aiohttp, which takes more CPU time."""
    text_only: bool = False
    """Refuse images, audio and tools before the call, with an error that says so."""


class Chat(Strict, frozen=True):
    upstreams: list[str] = []
    """`NAME/model`, best first. Empty: every upstream with a default model, else the bundled one."""
    retries: Annotated[int, msgspec.Meta(ge=0, le=10)] = 2
    """Further rounds over the order after the first one has failed."""
    retry_for: Seconds = 15
    """Seconds after the request came in, beyond which no upstream that has failed is asked again."""
    keep_alive: Seconds = 15
    """Seconds of silence in a stream before a `: ping` comment goes out."""
    max_answer: Annotated[int, msgspec.Meta(ge=1024)] = 64 * 1024 * 1024
    """Bytes of a whole answer, or of one event of a stream, that an upstream may send."""


class Embeddings(Strict, frozen=True):
    upstream: str | None = None
    """The name of the upstream that answers `/v1/openai/embeddings`; unset: 404."""


class Local(Strict, frozen=True):
    model_path: str | None = None
    """A GGUF file; unset: the bundled SmolLM2-135M-Instruct. Relative to the configuration file."""
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


class Judge(Strict, frozen=True):
    upstream: str | None = None
    """`NAME/model` of the model that judges; unset: nobody does."""
    sample: Annotated[float, msgspec.Meta(ge=0, le=1)] = 0.05
    """The share of scored answers that are judged; suspicious ones are in any case."""
    timeout: Seconds = 30
    concurrency: Count = 2
    """How many answers are judged at the same time, in each worker."""
    queue: Count = 100
    """Answers that may wait for the judge; further ones are dropped and counted."""


class Drift(Strict, frozen=True):
    enabled: bool = True
    """Whether answers of personas are scored."""
    budget_ms: Annotated[float, msgspec.Meta(gt=0, le=1000)] = 50
    """Milliseconds that an answer may wait for its score; then it goes out `unscored`."""
    judge: Judge = Judge()


class Keys(Strict, frozen=True):
    pepper: str | None = None
    """The secret that keys are hashed with, the same on all replicas; unset: a file beside the store."""


class Log(Strict, frozen=True):
    level: Literal["debug", "info", "warning", "error"] = "info"
    format: Literal["text", "json"] = "text"


class Config(Strict, frozen=True):
    server: Server = Server()
    store: Store = Store()
    upstreams: dict[str, Upstream] = {}
    chat: Chat = Chat()
    embeddings: Embeddings = Embeddings()
    local: Local = Local()
    turns: Turns = Turns()
    drift: Drift = Drift()
    keys: Keys = Keys()
    log: Log = Log()


class Route(msgspec.Struct, frozen=True):
    """One entry of an order: the name of an upstream and the model that it is asked for."""

    upstream: str
    model: str

    def __str__(self) -> str:
        return f"{self.upstream}/{self.model}"


def load(
    path: Path | None = None, environ: Mapping[str, str] | None = None, *, secrets: bool = True
) -> Config:
    """Read, override, check and resolve the configuration.

    Without a path: `PERSONA_CONFIG`, else `./config.toml` where it exists, else the built-in defaults.
    With `secrets=False` the variables that `api_key_env` names may be unset. Raises ConfigError.
    """
    environ = os.environ if environ is None else environ
    path = find(path, environ)
    place = str(path) if path else "the built-in configuration"
    tables = _read(path) if path else {}
    _override(tables, environ)
    try:
        config = msgspec.convert(tables, Config)
    except msgspec.ValidationError as error:
        keys, problem = _explain(str(error), tables)
        variable = ENV_PREFIX + "__".join(keys).upper().replace("-", "_")
        where = f"environment variable {variable}" if variable in environ else place
        raise ConfigError(f"{where}: {problem}") from None
    try:
        return _resolve(config, path.parent if path else Path.cwd(), environ, secrets)
    except ConfigError as error:
        raise ConfigError(f"{place}: {error}") from None


def find(path: Path | None, environ: Mapping[str, str]) -> Path | None:
    """The configuration file in force, absolute; `None` where there is none."""
    named = path or (Path(environ["PERSONA_CONFIG"]) if environ.get("PERSONA_CONFIG") else None)
    if named is None:
        here = Path.cwd() / "config.toml"
        return here if here.is_file() else None
    if not named.is_file():
        raise ConfigError(f"{named}: there is no such configuration file")
    return named.absolute()


def user_folder(environ: Mapping[str, str] | None = None) -> Path:
    """Where this user's own settings are kept: `persona` in XDG_CONFIG_HOME, else in `~/.config`."""
    environ = os.environ if environ is None else environ
    # The XDG base directory specification has a relative path ignored.
    named = Path(environ.get("XDG_CONFIG_HOME", ""))
    try:
        return (named if named.is_absolute() else Path.home() / ".config") / "persona"
    except RuntimeError:
        raise ConfigError("there is no home directory; set XDG_CONFIG_HOME") from None


@contextmanager
def without_math_threads() -> Iterator[None]:
    """What is loaded meanwhile start no threads, which a process that forks must not have."""
    with_threads = os.environ.get("OPENBLAS_NUM_THREADS")
    os.environ["OPENBLAS_NUM_THREADS"] = "1"
    try:
        yield
    finally:
        if with_threads is None:
            del os.environ["OPENBLAS_NUM_THREADS"]
        else:
            os.environ["OPENBLAS_NUM_THREADS"] = with_threads


def order(config: Config) -> list[Route]:
    """The configured upstreams in the order of preference."""
    return [route(config, text) for text in config.chat.upstreams]


def route(config: Config, text: str) -> Route:
    """Parse `NAME` or `NAME/model` (the model may hold slashes). Raises ConfigError."""
    name, _, model = text.partition("/")
    upstream = config.upstreams.get(name)
    if upstream is None and name != LOCAL:
        known = ", ".join([*config.upstreams, LOCAL])
        raise ConfigError(f"`{text}` names no configured upstream; there are: {known}")
    chosen = model or (upstream.default_model if upstream else config.local.model_name)
    if not chosen:
        raise ConfigError(f"`{text}` names no model and [upstreams.{name}] has no default_model")
    return Route(name, chosen)


def uses_local(config: Config) -> bool:
    """Whether the bundled model is in the configured order, and so has to be started."""
    return any(route.upstream == LOCAL for route in order(config))


def masked(config: Config) -> dict[str, Any]:
    """The resolved configuration as plain data, with every secret replaced by `***`."""
    data: dict[str, Any] = msgspec.to_builtins(config)
    for upstream in data["upstreams"].values():
        upstream["api_key"] = "***" if upstream["api_key"] else None
        upstream["headers"] = dict.fromkeys(upstream["headers"], "***")
        upstream["base_url"] = PASSWORD.sub(r"\1***@", upstream["base_url"])
    data["keys"]["pepper"] = "***" if data["keys"]["pepper"] else None
    data["store"]["url"] = PASSWORD.sub(r"\1***@", data["store"]["url"])
    return data


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
        raise ConfigError(f"{path}: {error}") from None


def _override(tables: dict[str, Any], environ: Mapping[str, str]) -> None:
    for variable in sorted(environ):
        if variable.startswith(ENV_PREFIX):
            keys = variable.removeprefix(ENV_PREFIX).lower().split("__")
            try:
                _put(tables, Config, keys, environ[variable])
            except tomllib.TOMLDecodeError:
                value = "is no value; write a number, true, false, a list or a table as in config.toml"
                raise ConfigError(f"environment variable {variable}: {value}") from None
            except ConfigError as error:
                raise ConfigError(f"environment variable {variable}: {error}") from None


def _put(table: dict[str, Any], kind: Any, keys: list[str], text: str) -> None:
    """Set the key that the path of names leads to, in the type that its field has."""
    key, *rest = keys
    if typing.get_origin(kind) is dict:
        inner = typing.get_args(kind)[1]
        key = next((name for name in table if name.replace("-", "_").lower() == key), key)
    else:
        fields = {field.name: field.type for field in msgspec.structs.fields(kind)}
        if key not in fields:
            raise ConfigError(f"there is no key `{key}`; known are: {', '.join(fields)}")
        inner = fields[key]
    if rest:
        if not (typing.get_origin(inner) is dict or (isinstance(inner, type) and issubclass(inner, Strict))):
            raise ConfigError(f"`{key}` is not a table")
        below = table.setdefault(key, {})
        if isinstance(below, dict):
            _put(below, inner, rest, text)
        return
    is_text = inner in (str, str | None) or typing.get_origin(inner) is Literal
    table[key] = text if is_text else tomllib.loads(f"value = {text}")["value"]


def _explain(error: str, tables: Mapping[str, Any]) -> tuple[list[str], str]:
    """Turn msgspec's `… - at `$.server.port`` into the keys that lead there and `[server] port: …`."""
    message, _, place = error.partition(" - at `$")
    keys = [key for key in place.rstrip("`").replace("[...]", ".*").split(".") if key]
    if keys[:2] == ["upstreams", "*"]:
        keys[1] = _wrong_upstream(tables["upstreams"])
    keys = [key for key in keys if key != "*"]
    unknown = re.fullmatch(r"Object contains unknown field `(.*)`", message)
    if unknown:
        table = f"table [{'.'.join(keys)}]" if keys else "the top level"
        return [*keys, unknown[1]], f"{table} has no key `{unknown[1]}`"
    table = f"[{'.'.join(keys[:-1])}] " if keys[1:] else ""
    return keys, f"{table}{keys[-1]}: {message}" if keys else message


def _wrong_upstream(tables: Mapping[str, Any]) -> str:
    """The name of the first upstream that cannot be decoded, which msgspec does not tell."""
    for name, table in tables.items():
        try:
            msgspec.convert(table, Upstream)
        except msgspec.ValidationError:
            return name
    return "*"


def _resolve(config: Config, base: Path, environ: Mapping[str, str], secrets: bool) -> Config:
    """Fill in what is implied: absolute paths, known base URLs, API keys, the default order."""
    upstreams = {
        name: _resolve_upstream(name, upstream, environ, secrets)
        for name, upstream in config.upstreams.items()
    }
    replace = msgspec.structs.replace
    local = config.local
    if local.model_path:
        local = replace(local, model_path=str(base / Path(local.model_path).expanduser()))
    config = replace(
        config, upstreams=upstreams, local=local, store=Store(url=_store_url(config.store.url, base))
    )
    with_model = [name for name, upstream in upstreams.items() if upstream.default_model]
    wanted = config.chat.upstreams or with_model or [LOCAL]
    try:
        routes = [route(config, text) for text in wanted]
    except ConfigError as error:
        raise ConfigError(f"[chat] upstreams: {error}") from None
    config = replace(config, chat=replace(config.chat, upstreams=[str(route) for route in routes]))
    if config.embeddings.upstream is not None and config.embeddings.upstream not in upstreams:
        raise ConfigError(f"[embeddings] upstream: there is no upstream `{config.embeddings.upstream}`")
    if config.drift.judge.upstream is not None:
        judge = replace(config.drift.judge, upstream=_judge(config, config.drift.judge.upstream))
        config = replace(config, drift=replace(config.drift, judge=judge))
    return config


def _judge(config: Config, wanted: str) -> str:
    """The judge's `NAME/model`. Raises ConfigError."""
    table = "[drift.judge] upstream"
    try:
        chosen = route(config, wanted)
    except ConfigError as error:
        raise ConfigError(f"{table}: {error}") from None
    if chosen.upstream == LOCAL:
        raise ConfigError(f"{table}: the bundled model cannot judge; name another upstream")
    if chosen.model.startswith("persona/"):
        raise ConfigError(f"{table}: a persona cannot judge; name a plain model")
    return str(chosen)


def _resolve_upstream(name: str, upstream: Upstream, environ: Mapping[str, str], secrets: bool) -> Upstream:
    table = f"[upstreams.{name}]"
    if name == LOCAL:
        raise ConfigError(f"{table}: this name is kept for the bundled model; see [local]")
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.-]*", name):
        raise ConfigError(f"{table}: a name holds letters, digits, `-`, `_` and `.` only")
    base_url = upstream.base_url or KNOWN_BASE_URLS.get(name, "")
    if not _is_address(base_url):
        raise ConfigError(f"{table} base_url: an http:// or https:// address is needed")
    api_key = upstream.api_key
    if upstream.api_key_env:
        if api_key:
            raise ConfigError(f"{table}: api_key and api_key_env exclude each other")
        # Secrets that come from files often end with a newline.
        api_key = environ.get(upstream.api_key_env, "").strip() or None
        if api_key is None and secrets:
            raise ConfigError(
                f"{table} api_key_env: the environment variable {upstream.api_key_env} is not set"
            )
    if CONTROL.search(api_key or ""):
        raise ConfigError(f"{table}: the API key holds a line break or another control character")
    for header, value in upstream.headers.items():
        if not HEADER_NAME.fullmatch(header) or CONTROL.search(value):
            raise ConfigError(f"{table} headers: `{header}` or its value is not fit for a header")
    return msgspec.structs.replace(upstream, base_url=base_url, api_key=api_key)


def _is_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
        # Reading the port checks it, and no longer or empty label of a name can be looked up.
        host, _ = (parts.hostname or "").encode("idna"), parts.port
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and host != b"" and not re.search(r"\s", parts.netloc)


def _store_url(url: str, base: Path) -> str:
    scheme, separator, path = url.partition(":///")
    if scheme != "sqlite" or not separator or not path or path == ":memory:":
        raise ConfigError("[store] url: `sqlite:///FILE` is needed")
    return f"sqlite:///{base / Path(path).expanduser()}"
