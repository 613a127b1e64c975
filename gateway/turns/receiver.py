"""An OTLP receiver is told spans, metrics and events; only who traces loads this."""

import logging
import os
import threading
import time
from collections.abc import Callable, Sequence

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

from gateway import __version__
from gateway.config import Otel
from gateway.telemetry import conventions as names

REST = 0.5
"""Seconds that threads have to end once nothing is sent any more; one may still wait for an answer."""


class Ids(IdGenerator):
    """The ids were chosen when the request came in, since upstreams were told them."""

    trace = span = 1

    def generate_span_id(self) -> int:
        return self.span

    def generate_trace_id(self) -> int:
        return self.trace


class Receiver:
    """Holds the ways to one receiver."""

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
        self.ids = Ids()
        spans = OTLPSpanExporter(f"{base}/v1/traces", headers=headers)
        events = OTLPLogExporter(f"{base}/v1/logs", headers=headers)
        numbers = OTLPMetricExporter(f"{base}/v1/metrics", headers=headers)
        self._exporters = spans, events, numbers
        self._tracers = TracerProvider(resource=resource, id_generator=self.ids, shutdown_on_exit=False)
        self._tracers.add_span_processor(
            BatchSpanProcessor(spans, schedule_delay_millis=config.interval * 1000)
        )
        self._loggers = LoggerProvider(resource=resource, shutdown_on_exit=False)
        self._loggers.add_log_record_processor(
            BatchLogRecordProcessor(events, schedule_delay_millis=config.interval * 1000)
        )
        reader = PeriodicExportingMetricReader(numbers, export_interval_millis=config.interval * 1000)
        self.meters = MeterProvider(metric_readers=[reader], resource=resource, shutdown_on_exit=False)
        self.tracer = self._tracers.get_tracer("gateway", __version__, schema_url=names.SCHEMA_URL)
        self.logger = self._loggers.get_logger("gateway", __version__, schema_url=names.SCHEMA_URL)

    def close(self, end: float) -> None:
        """Send what waits, until this moment of `time.monotonic()`."""
        providers = self._tracers, self._loggers, self.meters
        # They would wait one after the other, and as long as their receiver likes.
        _await([provider.force_flush for provider in providers], end)
        # Exporters that are shut try nothing again, so that the threads of the providers end at once.
        for exporter in self._exporters:
            exporter.shutdown()
        _await([provider.shutdown for provider in providers], time.monotonic() + REST)


def _await(calls: Sequence[Callable[[], object]], end: float) -> None:
    """Make all of these calls beside each other, and leave those alone that last beyond the end."""
    threads = [threading.Thread(target=call, name="otel-end", daemon=True) for call in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(max(0.0, end - time.monotonic()))
