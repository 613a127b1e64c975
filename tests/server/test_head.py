"""What open requests have in common is there once."""

from gateway.server.head import NAMES, lowered


def test_open_requests_share_the_names_of_their_headers() -> None:
    first, second = (lowered(bytes(bytearray(b"X-Team"))) for _ in range(2))
    assert first == b"x-team"
    assert first is second


def test_names_that_nobody_sends_again_are_forgotten() -> None:
    for number in range(2 * NAMES):
        assert lowered(b"X-%d" % number) == b"x-%d" % number
    assert lowered.cache_info().currsize == NAMES
