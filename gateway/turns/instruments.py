"""Turns are counted by the instruments of the GenAI conventions; only who traces loads this."""

from opentelemetry.sdk.metrics import MeterProvider

from gateway import __version__
from gateway.telemetry import conventions as names
from gateway.turns.attributes import attributes
from gateway.turns.meter import Ended


class Instruments:
    """Histograms of durations, and counters of tokens."""

    def __init__(self, meters: MeterProvider) -> None:
        meter = meters.get_meter("gateway", __version__, schema_url=names.SCHEMA_URL)
        bounds = names.DURATIONS
        self._duration = meter.create_histogram(
            names.DURATION, "s", "How long operations took.", explicit_bucket_boundaries_advisory=bounds
        )
        self._first_chunk = meter.create_histogram(
            names.TIME_TO_FIRST_CHUNK,
            "s",
            "Time to the first chunk of a stream.",
            explicit_bucket_boundaries_advisory=bounds,
        )
        kinds = ("input_tokens", "output_tokens", "cache_read.input_tokens", "cache_write.input_tokens")
        self._usage = {
            kind: meter.create_counter(f"{names.USAGE}{kind}", "{token}", "Tokens.")
            for kind in (*kinds, "reasoning.output_tokens")
        }

    def count(self, ended: Ended) -> None:
        """Count a turn that has ended."""
        turn, found = ended.turn, attributes(ended)
        kept = (names.OPERATION, names.PROVIDER, names.REQUEST_MODEL, names.ERROR_TYPE)
        labels = {name: found[name] for name in kept if name in found}
        self._duration.record(turn.latency_ms / 1000, labels)
        if turn.stream and turn.first_byte_ms is not None:
            self._first_chunk.record(turn.first_byte_ms / 1000, labels)
        usage = turn.usage
        for kind, tokens in (
            ("input_tokens", usage.prompt_tokens),
            ("output_tokens", usage.completion_tokens),
            ("cache_read.input_tokens", usage.cached_tokens),
            ("cache_write.input_tokens", usage.cache_write_tokens),
            ("reasoning.output_tokens", usage.reasoning_tokens),
        ):
            if tokens:
                is_image = ended.surface == "images" and kind == "output_tokens"
                modality = "image" if is_image else "text"
                self._usage[kind].add(tokens, {**labels, names.MODALITY: modality})
