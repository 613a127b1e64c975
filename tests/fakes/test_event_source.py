"""The tests' own reader of event streams does what the standard's examples say."""

import pytest

from tests.fakes.event_source import Event, EventSource, events

STREAM = b"\xef\xbb\xbfevent: add\r\ndata: 1\r\n\r\n: ping\n\nid: 7\rdata:a\rdata: b\xc3\xa4\r\rdata: cut"


@pytest.mark.parametrize("size", [1, 2, 3, 7, len(STREAM)])
def test_a_stream_says_the_same_wherever_it_is_cut(size: int) -> None:
    pieces = [STREAM[at : at + size] for at in range(0, len(STREAM), size)]
    assert events(pieces) == [Event("add", "1", ""), Event("message", "a\nbä", "7")]


@pytest.mark.parametrize(
    ("stream", "expected"),
    [
        (b"data: YHOO\ndata: +2\ndata: 10\n\n", [Event("message", "YHOO\n+2\n10", "")]),
        (
            b": test stream\n\ndata: first event\nid: 1\n\ndata:second event\nid\n\ndata:  third event\n\n",
            [
                Event("message", "first event", "1"),
                Event("message", "second event", ""),
                Event("message", " third event", ""),
            ],
        ),
        (b"data\n\ndata\ndata\n\ndata:", [Event("message", "", ""), Event("message", "\n", "")]),
        (b"data:test\n\ndata: test\n\n", [Event("message", "test", "")] * 2),
        (b"event: lost\n\nunknown: 1\ndata: kept\n\n", [Event("message", "kept", "")]),
    ],
)
def test_the_standard_s_examples_are_read(stream: bytes, expected: list[Event]) -> None:
    assert events([stream]) == expected


def test_comments_and_the_time_to_come_back_are_no_events() -> None:
    source = EventSource()
    assert source.feed(b": ping\nretry: 300\nretry: 1.5\n\n") == []
    assert (source.comments, source.retry) == ([" ping"], 300)


def test_bytes_that_are_no_text_are_a_fault() -> None:
    with pytest.raises(UnicodeDecodeError):
        events([b"data: \xff\n\n"])
