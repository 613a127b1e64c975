"""SSE framing: the same events however the bytes are cut, and nothing but line ends ends a line."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.openai_api.sse import BOM, Event, Framer, TooLargeError, frame
from tests.openai_api.pieces import cut, pieces

LIMIT = 1_000_000
NOISE = [": ping", ":", "id: 7", "id", "retry: 3000", "unknown: x", "data2: x", "dat", " data: x", "Data: x"]

line_text = st.text(
    st.characters(exclude_characters="\r\n", exclude_categories=["Cs"])
    | st.sampled_from(["ğ", "🙂", "\u2028", "\x85", "\x0b", "\x0c", "\ufeff", ":", " ", "\x00"]),
    max_size=12,
)


@st.composite
def streams(draw: st.DrawFn) -> tuple[bytes, list[Event]]:
    """Draw the bytes of a stream, and the events that are in it."""
    ends = draw(st.sampled_from([["\n"], ["\r\n"], ["\r"], ["\n", "\r\n"], ["\n", "\r\n", "\r"]]))
    ends_with_blank = draw(st.booleans())
    out: list[str] = []
    events = []

    def put(line: str) -> None:
        end = draw(st.sampled_from(ends))
        if end == "\n" and out and out[-1].endswith("\r"):
            if line:
                out.append(line + end)
                return
            # An empty line that is a bare LF behind a bare CR would be read as the rest of a CRLF.
            end = "\r"
        out.append(line + end)

    for lines in draw(st.lists(st.lists(line_text, min_size=1, max_size=3), max_size=5)):
        name = draw(st.sampled_from(["", "", "error", "delta", "ü"]))
        fields = [("data", line) for line in lines]
        if name:
            fields.insert(draw(st.integers(0, len(fields))), ("event", name))
        for field, value in fields:
            for noise in draw(st.lists(st.sampled_from(NOISE), max_size=2)):
                put(noise)
            space = " " if value.startswith(" ") else draw(st.sampled_from(["", " "]))
            put(field if not value and draw(st.booleans()) else f"{field}:{space}{value}")
        events.append(Event("\n".join(lines).encode(), name.encode()))
        put("")
        for _ in range(draw(st.integers(0, 2))):
            put("")
    text = "".join(out)
    if events and not ends_with_blank:
        text = text.rstrip("\r\n")
    start = BOM if draw(st.booleans()) else b""
    if text.startswith("\ufeff"):
        start = BOM
    return start + text.encode(), events


def framed(chunks: list[bytes], limit: int = LIMIT) -> list[Event]:
    framer = Framer(limit)
    return [event for chunk in chunks for event in framer.feed(chunk)] + framer.finish()


@given(streams(), st.data())
def test_every_chunking_gives_the_same_events(stream: tuple[bytes, list[Event]], data: st.DataObject) -> None:
    text, events = stream
    assert framed([text]) == events
    assert framed(data.draw(pieces(text))) == events


@given(st.lists(st.sampled_from([b"\r", b"\n", b"data", b":", b" ", b"x", BOM, b"\xf0\x9f"])), st.data())
def test_any_bytes_are_framed_alike_in_every_chunking(parts: list[bytes], data: st.DataObject) -> None:
    text = b"".join(parts)
    assert framed(data.draw(pieces(text))) == framed([text])


@given(st.lists(st.lists(st.binary(max_size=8).map(lambda text: text.replace(b"\r", b"")), max_size=4)))
def test_the_fast_path_equals_the_slow_one(reads: list[list[bytes]]) -> None:
    chunks = [b"".join(b"data: " + text + b"\n\n" for text in texts) for texts in reads]
    fast, slow = Framer(LIMIT), Framer(LIMIT)
    fast.feed(b"data: first\n\n")
    slow.feed(b"data: first\n\n")
    for chunk in chunks:
        # A carriage return keeps the second framer from taking the shorter way.
        assert fast.feed(chunk) == slow._feed_lines(chunk)
    assert fast.finish() == slow.finish()


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"])
def test_one_byte_at_a_time_gives_the_events(end: bytes) -> None:
    text = end.join([BOM + b": hello", b"event:delta", 'data: {"ğ":"🙂"}'.encode(), b"data:2", b"", b"data"])
    assert framed([bytes([byte]) for byte in text]) == [
        Event('{"ğ":"🙂"}\n2'.encode(), b"delta"),
        Event(b"", b""),
    ]


def test_a_line_end_that_is_cut_in_two_is_one() -> None:
    assert framed([b"data: a\r", b"\ndata: b\r", b"", b"\n\r", b"\n"]) == [Event(b"a\nb")]


@pytest.mark.parametrize("character", ["\u2028", "\u2029", "\x85", "\x0b", "\x0c", "\x1c", "\x1e", "\x00"])
def test_only_lf_cr_and_crlf_end_a_line(character: str) -> None:
    text = f"a{character}b"
    plain = f"data: {text}\n\n".encode()
    assert framed([plain, plain]) == [Event(text.encode())] * 2


def test_an_event_without_data_is_none() -> None:
    assert framed([b"event: ping\n\n: comment\n\nid: 1\n\ndata: a\n\n"]) == [Event(b"a")]


def test_a_name_holds_for_its_own_event_only() -> None:
    assert framed([b"event: error\ndata: a\n\ndata: b\n\n"]) == [Event(b"a", b"error"), Event(b"b")]


def test_one_space_after_the_colon_is_dropped() -> None:
    assert framed([b"data:  a \n\n"]) == [Event(b" a ")]


def test_a_byte_order_mark_counts_at_the_start_only() -> None:
    assert framed([BOM[:1], BOM[1:2], BOM[2:] + b"data: a\n\n", BOM + b"data: b\n\n"]) == [Event(b"a")]


def test_the_last_event_needs_no_blank_line() -> None:
    assert framed([b"data: a\n\ndata: b"]) == [Event(b"a"), Event(b"b")]


@pytest.mark.parametrize(
    "text",
    [
        b"data: " + b"x" * 2000,
        b"x" * 2000,
        b"data: x\n" * 600,
        b"data:\n" * 2000,
        b"event: " + b"x" * 2000,
    ],
)
@pytest.mark.parametrize("size", [1, 7, 100])
def test_an_event_beyond_the_limit_is_refused(text: bytes, size: int) -> None:
    with pytest.raises(TooLargeError):
        framed(cut(text, range(0, len(text), size)), limit=1000)


def test_many_events_within_the_limit_are_not_refused() -> None:
    text = b"data: " + b"x" * 900 + b"\n\n"
    assert len(framed(cut(text * 20, range(0, len(text) * 20, 61)), limit=1000)) == 20


def test_a_large_event_in_small_pieces_is_joined_once(monkeypatch: pytest.MonkeyPatch) -> None:
    framer, touched = Framer(10_000_000), 0
    take = Framer._line

    def line(self: Framer, text: bytes) -> None:
        nonlocal touched
        touched += len(text)
        take(self, text)

    monkeypatch.setattr(Framer, "_line", line)
    text = b"data: " + b"x" * 5_000_000
    for piece in cut(text, range(0, len(text), 500)):
        assert framer.feed(piece) == []
        # The piece is held as it came, and joined only when the line is whole.
        assert framer._pending[-1] is piece
    assert [len(event.data) for event in framer.feed(b"\n\n")] == [5_000_000]
    assert touched == len(text)


def test_ten_thousand_tiny_events_hold_nothing_back() -> None:
    framer = Framer(1000)
    events = []
    for number in range(10_000):
        text = f"data: {number}\r\n\r\n".encode()
        for piece in (text[:5], text[5:]):
            events += framer.feed(piece)
        assert not framer._pending
    assert events == [Event(str(number).encode()) for number in range(10_000)]


@given(st.binary())
def test_a_frame_is_one_event_of_one_line(data: bytes) -> None:
    (event,) = framed([frame(data)])
    assert event.data == data.replace(b"\r\n", b" ").replace(b"\n", b" ").replace(b"\r", b" ")
    assert frame(data).count(b"\n") == 2
