"""Log lines go to standard error, as text or as JSON."""

import logging
import sys
import traceback
from collections.abc import Mapping

import msgspec

from gateway import clock
from gateway.config import Log


def configure(config: Log) -> None:
    """Set up the root logger; called once in each process."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Json() if config.format == "json" else _Text())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(config.level.upper())
    # These log every connection and request, which interests only their authors, and what is in them.
    for name in ("uvicorn", "asyncio", "aiosqlite", "alembic", "sse_starlette", "mcp", "httpx", "httpcore"):
        logging.getLogger(name).setLevel(max(logging.WARNING, root.level))
    # It warns of every request that is not HTTP, and anybody can send any number of those.
    logging.getLogger("uvicorn.error").setLevel(max(logging.ERROR, root.level))


class _Text(logging.Formatter):
    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s: %(message)s")

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - the base class's name
        facts = "".join(f" {name}={value}" for name, value in _facts(record).items())
        return super().formatMessage(record) + facts


class _Json(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        line = {
            "at": clock.iso(int(record.created * 1000)),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **_facts(record),
        }
        if record.exc_info:
            line["trace"] = "".join(traceback.format_exception(*record.exc_info))
        return msgspec.json.encode(line).decode()


def _facts(record: logging.LogRecord) -> Mapping[str, str]:
    """Read what is said beside the message, as `extra={"facts": …}`: it is for programs more than people."""
    facts: Mapping[str, str] = getattr(record, "facts", {})
    return facts
