"""Spans, metrics and evaluations go to an OTLP receiver, from a thread; only who traces loads this."""

import logging
import os
import queue
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from opentelemetry._logs import LogRecord
from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.id_generator import IdGenerator
from opentelemetry.trace import (
    NonRecordingSpan,
    Span,
    SpanContext,
    SpanKind,
    Status,
    StatusCode,
    TraceFlags,
    set_span_in_context,
)

from gateway import __version__
from gateway.config import Otel
from gateway.drift.axes import AXES
from gateway.telemetry import conventions as names
from gateway.telemetry.trace import Request, Trace
from gateway.turns.attributes import Attributes, attributes
from gateway.turns.instruments import Instruments
from gateway.turns.meter import Ended
from gateway.turns.turn import Drift, Turn

WAITING = 10_000
"""Requests that may wait to be told; further ones are dropped and counted."""
GRACE = 2.0
"""Seconds that the receiver has, at the end of the process, to take what waits."""
REST = 0.5
"""Seconds that threads have to end once nothing is sent any more; one may still wait for an answer."""
REMEMBERED = 20_000
"""Turns whose places are known to scores that come late, the newest."""
UNPLACED = 1000
"""Late scores that may wait for their turns to be told."""
NS = 1_000_000_000
SAMPLED = TraceFlags(TraceFlags.SAMPLED)

log = logging.getLogger("gateway.otel")


class Late(NamedTuple):
    """A score that was found after the answer had gone out."""

    turn: Turn
    drift: Drift


Place = tuple[int, int]
"""The ids of a trace and of a turn's span in it."""


class _Ids(IdGenerator):
    """The ids were chosen when the request came in, since upstreams were told them."""

    trace = span = 1

    def generate_span_id(self) -> int:
        return self.span

    def generate_trace_id(self) -> int:
        return self.trace


class Tracing:
    """Tells what one worker's requests were; to take one costs the event loop a microsecond."""

    def __init__(self, config: Otel) -> None:
        base, headers = config.endpoint.rstrip("/"), config.headers
        resource = Resource.create(
            {
                "service.name": config.service_name,
                "service.version": __version__,
                "service.instance.id": f"{os.uname().nodename}:{os.getpid()}",
            }
        )
        # What it would say of a receiver that is away, in several lines each time, is said here once.
        logging.getLogger("opentelemetry").setLevel(logging.CRITICAL)
        self._share = config.sample
        self._ids = _Ids()
        spans = OTLPSpanExporter(f"{base}/v1/traces", headers=headers)
        events = OTLPLogExporter(f"{base}/v1/logs", headers=headers)
        numbers = OTLPMetricExporter(f"{base}/v1/metrics", headers=headers)
        self._exporters = spans, events, numbers
        self._tracers = TracerProvider(resource=resource, id_generator=self._ids, shutdown_on_exit=False)
        self._tracers.add_span_processor(
            BatchSpanProcessor(spans, schedule_delay_millis=config.interval * 1000)
        )
        self._loggers = LoggerProvider(resource=resource, shutdown_on_exit=False)
        self._loggers.add_log_record_processor(
            BatchLogRecordProcessor(events, schedule_delay_millis=config.interval * 1000)
        )
        reader = PeriodicExportingMetricReader(numbers, export_interval_millis=config.interval * 1000)
        self._meters = MeterProvider(metric_readers=[reader], resource=resource, shutdown_on_exit=False)
        self._tracer = self._tracers.get_tracer("gateway", __version__, schema_url=names.SCHEMA_URL)
        self._logger = self._loggers.get_logger("gateway", __version__, schema_url=names.SCHEMA_URL)
        self._instruments = Instruments(self._meters)
        self.dropped = 0
        self._places: dict[str, Place | None] = {}
        """The places where turns are told, by their ids; `None` for those whose trace is not."""
        self._unplaced: dict[str, Late] = {}
        self._queue: queue.Queue[Request | Late | None] = queue.Queue(WAITING)
        self._thread = threading.Thread(target=self._run, name="otel", daemon=True)
        self._thread.start()

    def begin(self, headers: Mapping[bytes, bytes]) -> Trace:
        """Find a request's place in a trace by its head."""
        return Trace(headers, self._share)

    def finish(self, request: Request) -> None:
        """Take a request that has ended."""
        self._put(request)

    def late(self, turn: Turn, drift: Drift) -> None:
        """Take a score that was found late."""
        self._put(Late(turn, drift))

    def close(self) -> None:
        """Tell what still waits, at the end of the process; a receiver that is away is given up soon."""
        end = time.monotonic() + GRACE
        self._put(None)
        self._thread.join(GRACE)
        providers = self._tracers, self._loggers, self._meters
        # They would wait one after the other, and as long as their receiver likes.
        _await([provider.force_flush for provider in providers], end)
        # Exporters that are shut try nothing again, so that the threads of the providers end at once.
        for exporter in self._exporters:
            exporter.shutdown()
        _await([provider.shutdown for provider in providers], time.monotonic() + REST)

    def _put(self, told: Request | Late | None) -> None:
        try:
            self._queue.put_nowait(told)
        except queue.Full:
            self.dropped += 1

    def _run(self) -> None:
        while (told := self._queue.get()) is not None:
            try:
                if isinstance(told, Late):
                    self._amend(told)
                else:
                    self._tell(told)
            except Exception as error:  # noqa: BLE001 - nothing else depends on it
                # The error's own message may quote what was said.
                log.error("a request cannot be traced: %s", type(error).__name__)

    def _tell(self, request: Request) -> None:
        trace = request.trace
        for span_id, ended in trace.turns:
            if isinstance(ended, Ended):
                self._instruments.count(ended)
                if trace.is_sampled:
                    self._turn(trace, span_id, ended)
                self._remember(ended.turn.id, (trace.id, span_id) if trace.is_sampled else None)
        if not trace.is_sampled:
            return
        found: Attributes = {
            names.HTTP_METHOD: request.method,
            names.URL_PATH: request.path,
            "persona.request.id": request.request_id,
        }
        if request.status is not None:
            found[names.HTTP_STATUS] = request.status
        began = request.at - int(request.seconds * NS)
        span = self._begun(trace, trace.span, trace.parent, request.method, SpanKind.SERVER, began, found)
        if request.status is None or request.status >= 500:
            span.set_attribute(names.ERROR_TYPE, str(request.status or "gone"))
            span.set_status(Status(StatusCode.ERROR))
        span.end(request.at)

    def _turn(self, trace: Trace, span_id: int, ended: Ended) -> None:
        turn = ended.turn
        found = attributes(ended)
        name = f"{found[names.OPERATION]} {found.get(names.REQUEST_MODEL, '')}".strip()
        began = turn.created_at * (NS // 1000)
        span = self._begun(trace, span_id, trace.span, name, SpanKind.CLIENT, began, found)
        if turn.error is not None:
            span.set_status(Status(StatusCode.ERROR))
        self._evaluate(turn, turn.drift, span)
        span.end(began + int(turn.latency_ms * NS / 1000))

    def _amend(self, late: Late) -> None:
        """Tell a late score where its turn was told; one that is early even for that waits for its turn."""
        if late.turn.id not in self._places:
            if len(self._unplaced) >= UNPLACED:
                del self._unplaced[next(iter(self._unplaced))]
            self._unplaced[late.turn.id] = late
            return
        if place := self._places[late.turn.id]:
            self._evaluate(late.turn, late.drift, NonRecordingSpan(SpanContext(*place, True, SAMPLED)))

    def _remember(self, turn_id: str, place: Place | None) -> None:
        if len(self._places) >= REMEMBERED:
            del self._places[next(iter(self._places))]
        self._places[turn_id] = place
        late = self._unplaced.pop(turn_id, None)
        if late is not None:
            self._amend(late)

    def _begun(
        self,
        trace: Trace,
        span_id: int,
        parent: int | None,
        name: str,
        kind: SpanKind,
        at: int,
        attributes: Attributes,
    ) -> Span:
        self._ids.trace, self._ids.span = trace.id, span_id
        above = None
        if parent is not None:
            above = set_span_in_context(NonRecordingSpan(SpanContext(trace.id, parent, True, SAMPLED)))
        return self._tracer.start_span(name, above, kind, attributes, start_time=at)

    def _evaluate(self, turn: Turn, drift: Drift, span: Span) -> None:
        """Tell of each axis how far the answer was from its persona."""
        context = set_span_in_context(span)
        for axis in AXES:
            level = getattr(drift, axis.name)
            if level is None:
                continue
            record = LogRecord(
                timestamp=time.time_ns(),
                context=context,
                event_name=names.EVALUATION,
                attributes={
                    names.EVALUATION_NAME: f"persona.drift.{axis.name}",
                    names.SCORE: level,
                    names.SCORE_LABEL: drift.verdict,
                    names.RESPONSE_ID: turn.id,
                },
            )
            self._logger.emit(record)


def _await(calls: Sequence[Callable[[], object]], end: float) -> None:
    """Make all of these calls beside each other, and leave those alone that last beyond the end."""
    threads = [threading.Thread(target=call, name="otel-end", daemon=True) for call in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(max(0.0, end - time.monotonic()))
