"""A reader makes an answer of the bytes that a connection has brought: a head, pieces of a body, an end."""

import httptools

from gateway.upstreams.framing import mended
from gateway.upstreams.response import LEAST_STATUS, IncomingResponse

HEAD_BYTES = 64 * 1024
"""Bytes of all names and values in an answer's head, with trailers and informational answers before it."""
HEADERS = 200


class _Unusable(Exception):
    """Bytes that came in are no answer, or belong to none."""


class Reader:
    """Reads one answer after the other; its connection feeds `parser`, which calls it."""

    __slots__ = (
        "_encoding",
        "_is_mended",
        "_named",
        "_named_bytes",
        "body",
        "has_length",
        "head",
        "is_complete",
        "is_reusable",
        "on_body",
        "parser",
        "response",
        "unread_bytes",
    )

    def __init__(self) -> None:
        self.response: IncomingResponse | None = None
        """The response that is being filled; `None` between two exchanges."""
        self._named: list[tuple[bytes, bytes]] = []
        self._named_bytes = 0
        self.unread_bytes = 0
        """Bytes of which the parser has made nothing yet, such as a head, or a trailer without an end."""
        self.head = b""
        """The part of the answer's head that has come."""
        self._is_mended = False
        """True where the head said in two ways where the answer ends; what follows it is not to be
        trusted."""
        self._encoding = b""
        self.has_length = False
        """True where the answer itself says where it ends; otherwise the end of the connection says it."""
        self.is_complete = False
        self.is_reusable = False
        """Tells whether another request may follow on the connection."""
        self.body: list[bytes] = []
        """Pieces of the body that one read has brought."""
        self.on_body = self.body.append
        """The parser calls this for each chunk of a chunked body; a method would cost twice as much."""
        self.parser = self._new_parser()

    def begin(self, response: IncomingResponse) -> None:
        """Fill this response from now on."""
        self.response = response
        self.has_length = self.is_complete = False
        self.unread_bytes = self._named_bytes = 0
        self._encoding = self.head = b""

    def mend(self) -> bool:
        """Read the answer's beginning anew where its head can be mended; tells whether it is HTTP then."""
        self.is_reusable = False
        head = None if self._is_mended else mended(self.head)
        if head is None:
            return False
        self._is_mended, self.parser = True, self._new_parser()
        self._named, self._named_bytes = [], 0
        try:
            self.parser.feed_data(head)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):
            return False
        return True

    def _new_parser(self) -> httptools.HttpResponseParser:
        parser = httptools.HttpResponseParser(self)
        # Servers in the field get these wrong without doing harm.
        parser.set_dangerous_leniencies(
            lenient_headers=True, lenient_optional_cr_before_lf=True, lenient_spaces_after_chunk_size=True
        )
        return parser

    def close(self) -> None:
        # The parser holds this object, which would otherwise stay until the next collection of cycles.
        del self.parser

    # The parser calls these.

    def on_message_begin(self) -> None:
        if self.is_complete:
            raise _Unusable

    def on_header(self, name: bytes, value: bytes) -> None:
        size = len(name)
        self._named_bytes += size + len(value)
        self._named.append((name, value))
        if self._named_bytes > HEAD_BYTES or len(self._named) > HEADERS:
            raise _Unusable
        # The length spares most names a closer look.
        if size == 14 and name.lower() == b"content-length":
            self.has_length = True
        elif size == 17 and name.lower() == b"transfer-encoding":
            self.has_length = value.lower().rstrip().endswith(b"chunked")
        elif size == 16 and name.lower() == b"content-encoding":
            self._encoding = value

    def on_headers_complete(self) -> None:
        status = self.parser.get_status_code()
        named, self._named = self._named, []
        if status == 101 or status < LEAST_STATUS:
            raise _Unusable
        if status < 200:
            self._encoding, self.has_length = b"", False
        elif self.response is not None:
            self.response.begin(status, named, self._encoding)

    def on_message_complete(self) -> None:
        # An informational answer has an end of its own.
        if self.response is not None and self.response.status:
            self.is_complete = True
            self.is_reusable = self.parser.should_keep_alive() and not self._is_mended
