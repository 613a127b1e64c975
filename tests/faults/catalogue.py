"""Faults of an upstream are listed here, each with what a caller has to get of it."""

from collections.abc import Sequence
from dataclasses import dataclass

from tests.fakes import upstream_faults as faults
from tests.fakes.upstream import Answer
from tests.fakes.upstream_model import answer_chunks, completion
from tests.fakes.upstream_scripts import Stall, error_object, events, json_answer, status

UNAVAILABLE = "503 provider.unavailable"
REASON = "503 with the reason"
"""The same fault is told in the upstream's own words."""
LATER_REASON = "200 then the reason"
OURS = "The upstream `"
"""Every message that is not the upstream's own begins like this."""
OK = "200"
OK_STREAM = "200 [DONE]"
BROKEN = "200 then provider.stream_broken"


@dataclass(frozen=True)
class Fault:
    """One fault, and what a caller gets: whole and streamed, alone and with a good upstream behind it."""

    name: str
    answer: Answer | None
    """The faulty upstream's answer; `None` where it is an address that cannot be reached."""
    whole: str = UNAVAILABLE
    stream: str = UNAVAILABLE
    whole_fallback: str = OK
    stream_fallback: str = OK_STREAM
    attempts: int = 2
    """Attempts at a whole answer with one upstream; retries are set to 1."""

    def expected(self, *, stream: bool, fallback: bool) -> str:
        if fallback:
            return self.stream_fallback if stream else self.whole_fallback
        return self.stream if stream else self.whole


def final(name: str, answer: Answer, outcome: str) -> Fault:
    """Make a fault that the upstream means: no retry, no fallback."""
    return Fault(name, answer, outcome, outcome, outcome, outcome, attempts=1)


def midway(name: str, answer: Answer, stream: str, whole: str = UNAVAILABLE, attempts: int = 2) -> Fault:
    """Make a fault after the first event: a stream cannot be saved any more, a whole answer can."""
    return Fault(name, answer, whole, stream, OK, stream, attempts)


TOO_LONG = error_object("It takes 8,192 tokens at most.", code="context_length_exceeded")
OBJECT_ERROR = {"object": "error", "message": "The engine is overloaded.", "type": "server_error"}
FAULTS: Sequence[Fault] = (
    Fault("connection refused", None),
    Fault("DNS failure", None),
    Fault("TLS failure", None),
    Fault("connecting hangs", None),
    Fault("reset before headers", faults.reset_before_headers()),
    Fault("closed before headers", faults.closed_before_headers()),
    final("400", status(400), "400 passed on"),
    final("401", status(401), "502 provider.rejected_credentials"),
    final("403", status(403), "502 provider.rejected_credentials"),
    final("404", status(404), "404 passed on"),
    Fault("408", status(408), "408 passed on", "408 passed on"),
    Fault("409", status(409), "409 passed on", "409 passed on"),
    final("422", status(422), "422 passed on"),
    Fault("429", status(429), "429 passed on", "429 passed on"),
    Fault("429, Retry-After 1", status(429, retry_after=1), "429 passed on", "429 passed on"),
    Fault("429, Retry-After 60", status(429, retry_after=60), "429 passed on", "429 passed on", attempts=1),
    Fault("500", status(500), REASON, REASON),
    Fault("500 with HTML", faults.html(500)),
    final("500 for the caller's mistake", status(500, TOO_LONG), "400 passed on"),
    Fault("502 with HTML", faults.html(502)),
    Fault("503", status(503), REASON, REASON),
    Fault("503 with a traceback", status(503, error_object("Traceback (most recent call last):\n x.py"))),
    Fault("redirect", faults.redirect("http://127.0.0.1:1/elsewhere")),
    Fault("empty 200", faults.empty_answer()),
    Fault("broken JSON 200", faults.broken_json()),
    Fault("silent before the first byte", faults.silent()),
    midway(
        "comments for 2 s",
        faults.comments(0.1, answer_chunks()),
        OK_STREAM,
        whole=OK,
        attempts=1,
    ),
    Fault("comments only", faults.comments(), OK, UNAVAILABLE, OK, OK_STREAM, attempts=1),
    midway("reset midway", faults.reset_midway(), BROKEN),
    midway("reset behind a finish reason", faults.reset_behind_finish(), BROKEN),
    midway("cut mid-frame", faults.cut_mid_frame(), BROKEN),
    midway("cut between frames", faults.cut_between_frames(), BROKEN),
    midway("ends without finish", faults.ends_without_finish(), BROKEN, whole=OK, attempts=1),
    midway("ends without [DONE]", faults.ends_without_done(), OK_STREAM, whole=OK, attempts=1),
    Fault("error event first", faults.error_event(), REASON, REASON),
    Fault("object error", faults.error_event(error=OBJECT_ERROR), REASON, REASON),
    midway("object error later", faults.error_event(1, OBJECT_ERROR), LATER_REASON, REASON),
    final("200 for the caller's mistake", faults.error_event(error=TOO_LONG), "400 passed on"),
    Fault(
        "429 as first event",
        faults.error_event(error=error_object(code=429)),
        "429 passed on",
        "429 passed on",
    ),
    midway("error event later", faults.error_event(1), LATER_REASON, REASON),
    midway("error inside a chunk", faults.error_in_chunk(1), LATER_REASON, REASON),
    midway("stalls for 0.3 s", faults.stalls(Stall(0.3)), OK_STREAM, whole=OK, attempts=1),
    Fault(
        "stalls for good",
        faults.falls_silent(),
        stream="200 then provider.idle_timeout",
        stream_fallback="200 then provider.idle_timeout",
    ),
    Fault(
        "endless slow drip",
        faults.drip(0.05),
        stream="200 then provider.total_timeout",
        stream_fallback="200 then provider.total_timeout",
    ),
    midway("1 MB frame", faults.big_frame(1 << 20), OK_STREAM, whole=OK, attempts=1),
    Fault("JSON instead of a stream", json_answer(completion()), OK, OK_STREAM, OK, OK_STREAM, attempts=1),
    Fault(
        "JSON by the name of a stream",
        json_answer(completion(), leading=b" \r\n", headers={"content-type": "text/event-stream"}),
        OK,
        OK_STREAM,
        OK,
        OK_STREAM,
        attempts=1,
    ),
    Fault("a byte order mark", faults.marked(), OK, OK_STREAM, OK, OK_STREAM, attempts=1),
    Fault("gzip of two members", faults.packed(), OK, OK_STREAM, OK, OK_STREAM, attempts=1),
    Fault("gzip that is cut off", faults.packed(cut=9)),
    Fault("a gzip bomb", faults.bomb()),
    Fault("status 000", faults.no_status()),
    midway("2,000 chunks", faults.many_chunks(2_000), OK_STREAM, whole=OK, attempts=1),
    Fault("a stream instead of JSON", events(answer_chunks()), stream=OK_STREAM),
)
