"""Traces, metrics and drift reach a receiver of OTLP, and never a word that was said."""

import http.server
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from gateway.config import Otel
from gateway.telemetry import conventions as names
from gateway.telemetry.trace import Request, Trace
from gateway.turns import tracing as tracing_module
from gateway.turns.meter import Ended
from gateway.turns.tracing import Tracing
from gateway.turns.turn import Drift
from tests.conftest import LIBRARIAN
from tests.e2e.conftest import hello
from tests.e2e.wire import CHAT, fetch
from tests.fakes.process import PATIENT, Gateway, upstream_table
from tests.fakes.turn import new_turn
from tests.fakes.until import until
from tests.fakes.upstream import ScriptedUpstream

SAID = "A sentence of nobody's business"
PARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
KINDS: dict[str, Any] = {
    "/v1/traces": ExportTraceServiceRequest,
    "/v1/metrics": ExportMetricsServiceRequest,
    "/v1/logs": ExportLogsServiceRequest,
}


class Receiver:
    """Takes OTLP over HTTP as protobuf."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.told: list[tuple[str, bytes, str | None]] = []

    def _all(self, path: str) -> Iterator[Any]:
        for place, body, _ in list(self.told):
            if place == path:
                yield KINDS[path].FromString(body)

    def spans(self) -> list[Any]:
        return [
            span
            for told in self._all("/v1/traces")
            for resource in told.resource_spans
            for scope in resource.scope_spans
            for span in scope.spans
        ]

    def events(self) -> list[Any]:
        return [
            record
            for told in self._all("/v1/logs")
            for resource in told.resource_logs
            for scope in resource.scope_logs
            for record in scope.log_records
        ]

    def metrics(self) -> dict[str, Any]:
        return {
            metric.name: metric
            for told in self._all("/v1/metrics")
            for resource in told.resource_metrics
            for scope in resource.scope_metrics
            for metric in scope.metrics
        }


@contextmanager
def receiving() -> Iterator[Receiver]:
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            made.told.append((self.path, body, self.headers["x-team"]))
            self.send_response(200)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            return

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        made = Receiver(f"http://127.0.0.1:{server.server_port}")
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield made
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture(scope="module")
def receiver() -> Iterator[Receiver]:
    with receiving() as found:
        yield found


@pytest.mark.parametrize("is_first", [True, False])
def test_a_late_score_is_told_within_its_turn_s_span(receiver: Receiver, *, is_first: bool) -> None:
    tracing = Tracing(Otel(endpoint=receiver.url, headers={"x-team": "ours"}, interval=0.1))
    traces = Trace({}, 1.0), Trace({}, 0.0)
    turns = [new_turn(f"msg_{told}{is_first}", persona_id="psn_1", version=1) for told in ("yes", "no")]
    spans = [trace.turn for trace in traces]
    late = Drift(voice=0.25, verdict="in-character")
    for trace, turn in zip(traces, turns, strict=True):
        trace.ended(Ended(turn, "chat", "a@v1", 0, None))
        request = Request(trace, "POST", "/", 200, "req_1", 0.1, 1)
        for step in sorted((False, True), reverse=is_first):
            if step:
                tracing.late(turn, late)
            else:
                tracing.finish(request)
    tracing.close()
    told = [
        one for one in receiver.events() if attributes(one)[names.RESPONSE_ID] in {turns[0].id, turns[1].id}
    ]
    (event,) = told
    assert attributes(event)[names.RESPONSE_ID] == turns[0].id
    assert event.trace_id == traces[0].id.to_bytes(16)
    assert event.span_id == spans[0].to_bytes(8)


def test_no_thread_is_left_where_nobody_receives() -> None:
    before = set(threading.enumerate())
    tracing = Tracing(Otel(endpoint="http://127.0.0.1:9", interval=0.1))
    trace = Trace({}, 1.0)
    trace.ended(Ended(new_turn("msg_lost", persona_id="psn_1", version=1), "chat", "a@v1", 0, None))
    tracing.finish(Request(trace, "POST", "/", 200, "req_1", 0.1, 1))
    begun = {thread for thread in set(threading.enumerate()) - before if "otel" in thread.name.lower()}
    assert len(begun) >= 4
    tracing.close()
    for thread in begun:
        thread.join(25)
    assert not any(thread.is_alive() for thread in begun)


def _is_open(connection: socket.socket) -> bool:
    connection.setblocking(False)
    try:
        while connection.recv(65_536):
            pass
    except BlockingIOError:
        return True
    return False


def test_a_receiver_that_does_not_answer_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tracing_module, "GRACE", 0.1)
    monkeypatch.setattr("gateway.turns.receiver.REST", 0.1)
    before = set(threading.enumerate())
    with socket.create_server(("127.0.0.1", 0)) as silent:
        tracing = Tracing(Otel(endpoint=f"http://127.0.0.1:{silent.getsockname()[1]}", interval=0.1))
        trace = Trace({}, 1.0)
        trace.ended(Ended(new_turn("msg_lost", persona_id="psn_1", version=1), "chat", "a@v1", 0, None))
        tracing.finish(Request(trace, "POST", "/", 200, "req_1", 0.1, 1))
        connection, _ = silent.accept()
        with connection:
            tracing.close()
            # Whoever had waited for the answer would have closed the connection.
            assert _is_open(connection)
    for thread in set(threading.enumerate()) - before:
        thread.join(25)
        assert not thread.is_alive()


@pytest.fixture(scope="module")
def traced(
    receiver: Receiver, shared_upstream: ScriptedUpstream, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Gateway]:
    otel = f'[otel]\nendpoint = "{receiver.url}"\ninterval = 0.1\nheaders = {{ x-team = "ours" }}\n'
    table = upstream_table("main", shared_upstream.base_url, 'default_model = "gpt-4o-mini"')
    gateway = Gateway(tmp_path_factory.mktemp("traced"), table + PATIENT + otel).start()
    yield gateway
    assert gateway.stop() == 0


def attributes(told: Any) -> dict[str, Any]:
    found = {}
    for one in told.attributes:
        kind = one.value.WhichOneof("value")
        value = getattr(one.value, kind)
        found[one.key] = [each.string_value for each in value.values] if kind == "array_value" else value
    return found


@pytest.mark.parametrize("stream", [False, True])
def test_a_turn_is_a_span_of_its_caller_s_trace_and_its_upstream_goes_on_with_it(
    traced: Gateway, receiver: Receiver, shared_upstream: ScriptedUpstream, stream: bool
) -> None:
    shared_upstream.reset()
    body = {"model": LIBRARIAN, "messages": hello(SAID), "stream": stream}
    known = {span.span_id for span in receiver.spans()}
    headers = {"traceparent": PARENT, "tracestate": "vendor=1"}
    assert fetch(traced, body=body, headers=headers).status == 200

    def new() -> list[Any]:
        found = [span for span in receiver.spans() if span.span_id not in known]
        return found if len(found) == 2 else []

    spans = {span.name: span for span in until(new)}
    turn, request = spans["chat gpt-4o-mini"], spans["POST"]
    assert turn.trace_id == request.trace_id == bytes.fromhex(PARENT[3:35])
    assert request.parent_span_id == bytes.fromhex(PARENT[36:52])
    assert turn.parent_span_id == request.span_id
    (seen,) = shared_upstream.wait_for(1)
    assert seen.headers["traceparent"] == f"00-{PARENT[3:35]}-{turn.span_id.hex()}-01"
    assert seen.headers["tracestate"] == "vendor=1"
    found = attributes(turn)
    (row,) = until(lambda: [one for one in traced.turns() if one["id"] == found[names.RESPONSE_ID]])
    assert found[names.OPERATION] == "chat"
    assert found[names.PROVIDER] == "main"
    assert found[names.REQUEST_MODEL] == "gpt-4o-mini"
    assert (found[names.PROMPT_NAME], found[names.PROMPT_VERSION]) == ("the-night-librarian", "v1")
    assert found[names.INPUT_TOKENS] == row["usage"]["prompt_tokens"]
    assert found[names.FINISH_REASONS] == ["stop"]
    assert attributes(request)[names.URL_PATH] == CHAT
    assert turn.start_time_unix_nano < turn.end_time_unix_nano
    drift = until(lambda: [event for event in receiver.events() if event.span_id == turn.span_id])
    assert {event.event_name for event in drift} == {names.EVALUATION}
    scores = {attributes(event)[names.EVALUATION_NAME]: attributes(event)[names.SCORE] for event in drift}
    assert scores["persona.drift.voice"] == pytest.approx(row["drift"]["voice"])
    assert {attributes(event)[names.SCORE_LABEL] for event in drift} == {row["drift"]["verdict"]}


def test_metrics_have_the_names_of_the_conventions(traced: Gateway, receiver: Receiver) -> None:
    assert fetch(traced, body={"model": LIBRARIAN, "messages": hello(SAID), "stream": True}).status == 200
    named = {names.DURATION, names.TIME_TO_FIRST_CHUNK, f"{names.USAGE}input_tokens"}
    until(lambda: named <= receiver.metrics().keys())
    assert receiver.metrics()[names.DURATION].unit == "s"


def test_nothing_that_was_said_is_told(traced: Gateway, receiver: Receiver) -> None:
    assert fetch(traced, body={"model": LIBRARIAN, "messages": hello(SAID)}).status == 200
    until(lambda: any(span.name == "POST" for span in receiver.spans()))
    prompt = traced.cli("personas", "show", "the-night-librarian", "--json").encode()
    assert receiver.told
    for _, body, team in receiver.told:
        assert team == "ours"
        assert SAID.encode() not in body
        assert b"You said" not in body
        assert traced.key.encode() not in body
        assert prompt[200:260] not in body


def test_a_caller_who_does_not_sample_is_not_told_of(traced: Gateway, receiver: Receiver) -> None:
    trace = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
    unsampled = {"traceparent": f"00-{trace}-00f067aa0ba902b7-00"}
    body = {"model": LIBRARIAN, "messages": hello()}
    assert fetch(traced, body=body, headers=unsampled).status == 200
    sampled = {"traceparent": PARENT.replace("4bf9", "cccc")}
    assert fetch(traced, body=body, headers=sampled).status == 200
    until(lambda: any(span.trace_id.hex().startswith("cccc") for span in receiver.spans()))
    assert not any(span.trace_id.hex() == trace for span in receiver.spans())


@pytest.mark.parametrize(
    "header",
    [
        b"",
        b"00-" + b"0" * 32 + b"-00f067aa0ba902b7-01",
        b"ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        b"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more",
        b"00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
        b"\xff",
    ],
)
def test_a_header_that_is_no_traceparent_begins_a_new_trace(header: bytes) -> None:
    trace = Trace({b"traceparent": header}, 1.0)
    assert trace.parent is None
    assert f"{trace.id:032x}" in trace.headers()["traceparent"]


def test_opentelemetry_is_loaded_by_nobody_who_does_not_trace() -> None:
    script = (
        "import sys, gateway.server.worker; print([name for name in sys.modules if 'opentelemetry' in name])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
