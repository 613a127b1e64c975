"""A socket listens before anybody is forked, so that all have it."""

import errno
import socket


class StartError(Exception):
    """The gateway cannot start; the message says why."""


def listen(host: str, port: int, table: str, hint: str = "") -> socket.socket:
    """Listen there, where `table` of the configuration says. Raises StartError."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listener = socket.create_server((host, port), family=family, backlog=2048)
    except OSError as error:
        # Python adds in brackets what it was doing, which the message already says in front.
        reason = str(error.strerror or error).partition(" (while")[0]
        other = f"; {hint}{table} port names another" if error.errno == errno.EADDRINUSE else ""
        raise StartError(f"{host}:{port} cannot be listened on: {reason}{other}") from None
    listener.setblocking(False)
    return listener


def address(host: str, listener: socket.socket) -> str:
    """Write the URL at which it listens."""
    port: int = listener.getsockname()[1]
    return f"http://{f'[{host}]' if ':' in host else host}:{port}"
