"""Times in query strings are read here."""

from datetime import datetime

from gateway.errors import Detail, Fault, Refusal


def ms(time: datetime | None, name: str) -> int | None:
    """Convert to milliseconds. Raises Refusal for a time without a zone."""
    if time is None:
        return None
    if time.tzinfo is None:
        problem = "a time zone is needed, such as `2030-01-01T00:00:00Z`"
        details = [Detail(["query", name], problem, "value_error")]
        raise Refusal(Fault.REQUEST_INVALID, f"`{name}`: {problem}.", details=details)
    return int(time.timestamp() * 1000)
