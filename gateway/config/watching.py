"""These tables say what is recorded, scored and told of what goes on."""

from typing import Annotated, Literal

import msgspec

from gateway.config.parts import Count, Days, Pause, Seconds, Strict


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


class Alerts(Strict, frozen=True):
    threshold: Annotated[float, msgspec.Meta(ge=0, le=1)] = 0.2
    """The share of a version's answers out of character from which on an alert is given; 0 gives none."""
    window_hours: Annotated[int, msgspec.Meta(ge=1, le=720)] = 24
    """Hours whose answers are looked at."""
    minimum_turns: Count = 20
    """Scored answers below which no alert is given."""
    models_hours: Annotated[float, msgspec.Meta(ge=0, le=720)] = 24
    """Hours between two looks for models that their providers will switch off; 0 never looks."""


class Webhooks(Strict, frozen=True):
    retries: Annotated[list[Pause], msgspec.Meta(max_length=20)] = msgspec.field(
        default_factory=lambda: [30.0, 150.0, 720.0, 2700.0]
    )
    """Seconds before each further attempt of a delivery, each made up to a fifth longer or shorter."""
    timeout: Annotated[float, msgspec.Meta(gt=0, le=60)] = 10
    """Seconds that one attempt may take."""


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
