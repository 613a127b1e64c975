"""Spans, metrics and evaluations go to an OTLP receiver, from a thread; only who traces loads this."""

import logging
import queue
import threading
import time
from collections.abc import Mapping
from typing import NamedTuple

from opentelemetry._logs import LogRecord
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

from gateway.config import Otel
from gateway.drift.axes import AXES
from gateway.telemetry import conventions as names
from gateway.telemetry.trace import Request, Trace
from gateway.turns.attributes import Attributes, attributes
from gateway.turns.instruments import Instruments
from gateway.turns.meter import Ended
from gateway.turns.receiver import Receiver
from gateway.turns.turn import Drift, Turn

WAITING = 10_000
"""Requests that may wait to be told; further ones are dropped and counted."""
GRACE = 2.0
"""Seconds that the receiver has, at the end of the process, to take what waits."""
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


class Tracing:
    """Tells what one worker's requests were; to take one costs the event loop a microsecond."""

    def __init__(self, config: Otel) -> None:
        self._share = config.sample
        self._receiver = Receiver(config)
        self._ids, self._tracer = self._receiver.ids, self._receiver.tracer
        self._instruments = Instruments(self._receiver.meters)
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
        self._receiver.close(end)

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
            self._receiver.logger.emit(record)
