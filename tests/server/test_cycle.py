"""One answer on its way out: what is written when, and what is refused."""

from typing import Any

import pytest
from uvicorn.protocols.http.flow_control import FlowControl

from gateway.openai_api import edge
from gateway.server.cycle import Cycle


class Transport:
    """The caller's side, who notes each write."""

    def __init__(self) -> None:
        self.writes: list[bytes] = []
        self.is_closed = False

    def write(self, data: bytes) -> None:
        self.writes.append(data)

    def close(self) -> None:
        self.is_closed = True


@pytest.fixture
def transport() -> Transport:
    return Transport()


def made(transport: Any, *, method: str = "POST", keep_alive: bool = True) -> Cycle:
    cycle = Cycle(
        {"method": method, "state": {"request_id": "req_1"}},
        transport,
        FlowControl(transport),
        [(b"date", b"today")],
        lambda: None,
        keep_alive=keep_alive,
    )
    cycle.more_body = False
    return cycle


def started(*headers: tuple[bytes, bytes], status: int = 200) -> dict[str, Any]:
    return {"type": "http.response.start", "status": status, "headers": headers}


def body(data: bytes = b"", *, more: bool = False) -> dict[str, Any]:
    return {"type": "http.response.body", "body": data, "more_body": more}


async def test_a_body_that_follows_goes_out_with_its_head(transport: Transport) -> None:
    cycle = made(transport)
    await edge.send_json(cycle.send, 200, b"{}")
    assert transport.writes == [
        b"HTTP/1.1 200 OK\r\ndate: today\r\ncontent-type: application/json\r\ncontent-length: 2\r\n"
        b"x-request-id: req_1\r\n\r\n{}"
    ]
    assert cycle.response_complete
    assert not transport.is_closed


async def test_any_other_head_goes_out_at_once(transport: Transport) -> None:
    cycle = made(transport)
    await cycle.send(started())
    assert len(transport.writes) == 1
    assert transport.writes[0].endswith(b"\r\ntransfer-encoding: chunked\r\n\r\n")
    await cycle.send(body(b"ab", more=True))
    await cycle.send(body())
    assert transport.writes[1:] == [b"2\r\nab\r\n", b"0\r\n\r\n"]


async def test_an_answer_to_a_head_request_has_no_body(transport: Transport) -> None:
    cycle = made(transport, method="HEAD")
    await cycle.send(started((b"content-length", b"5")))
    assert cycle.response_complete
    await cycle.send(body(b"hel", more=True))
    await cycle.send(body(b"lo"))
    assert len(transport.writes) == 1


async def test_a_connection_that_is_not_kept_says_so_and_closes(transport: Transport) -> None:
    cycle = made(transport, keep_alive=False)
    await edge.send_json(cycle.send, 200, b"{}")
    assert transport.writes[0].count(b"\r\nconnection: close\r\n") == 1
    assert transport.is_closed


async def test_an_answer_before_the_end_of_its_request_leaves_the_closing_to_the_connection(
    transport: Transport,
) -> None:
    cycle = made(transport)
    cycle.more_body = True
    await edge.send_json(cycle.send, 401, b"{}")
    assert transport.writes[0].count(b"\r\nconnection: close\r\n") == 1
    assert cycle.response_complete
    assert not transport.is_closed


async def test_an_answer_may_close_the_connection_by_itself(transport: Transport) -> None:
    await edge.send_json(made(transport).send, 200, b"{}", [(b"connection", b"Close")])
    assert transport.writes[0].count(b"connection: ") == 1
    assert transport.is_closed


@pytest.mark.parametrize("value", [b"a\r\nset-cookie: b", b"a\nb", b"a\rb", b"a\0b", b"a\x7fb", b"\r\n"])
async def test_a_header_that_would_break_the_head_is_refused(transport: Transport, value: bytes) -> None:
    with pytest.raises(RuntimeError, match="control character"):
        await made(transport).send(started((b"x-persona", value)))
    assert not transport.writes


@pytest.mark.parametrize("data", [b"abc", b"a"])
async def test_a_body_of_another_length_is_refused(transport: Transport, data: bytes) -> None:
    cycle = made(transport)
    await cycle.send(started((b"content-length", b"2")))
    with pytest.raises(RuntimeError, match="Content-Length"):
        await cycle.send(body(data))


async def test_a_message_out_of_its_place_is_refused(transport: Transport) -> None:
    cycle = made(transport)
    with pytest.raises(RuntimeError, match="no place"):
        await cycle.send(body(b"early"))
    await edge.send_json(cycle.send, 200, b"{}")
    for late in (started(), body(b"late")):
        with pytest.raises(RuntimeError, match="no place"):
            await cycle.send(late)


async def test_nothing_is_sent_to_a_caller_who_has_gone(transport: Transport) -> None:
    cycle = made(transport)
    cycle.disconnected = True
    await edge.send_json(cycle.send, 200, b"{}")
    assert not transport.writes


async def test_a_whole_answer_is_the_same_in_one_step_as_in_messages(transport: Transport) -> None:
    for keep_alive in (True, False):
        told, sent = made(transport, keep_alive=keep_alive), Transport()
        other = made(sent, keep_alive=keep_alive)
        told.whole([(b"x-persona", b"a@v1")], b'{"a":1}')
        await edge.send_json(other.send, 200, b'{"a":1}', [(b"x-persona", b"a@v1")])
        assert transport.writes == sent.writes
        assert transport.is_closed is sent.is_closed is not keep_alive
        assert told.response_complete
        transport.writes.clear()


async def test_a_whole_answer_with_a_control_character_in_its_head_is_refused(transport: Transport) -> None:
    with pytest.raises(RuntimeError, match="control character"):
        made(transport).whole([(b"x-persona", b"a\r\nset-cookie: b")], b"{}")
    assert transport.writes == []


def test_a_body_is_the_same_in_one_piece_and_in_several(transport: Transport) -> None:
    for pieces in ([b"abc"], [b"a", b"b", b"c"]):
        cycle = made(transport)
        for piece in pieces:
            cycle.add(piece)
        assert cycle.has_come
        assert cycle.taken() == b"abc"
        assert cycle.taken() == b""
