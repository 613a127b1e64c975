"""A refusal of a chat message names the place of the item that the message was made of."""

from collections.abc import Sequence

from gateway.errors import Detail, Refusal

MESSAGES = "messages"


def renamed(refusal: Refusal, origins: Sequence[str], whole: str = "input") -> Refusal:
    """Return the refusal with the caller's own places: `origins` has one for each message of the chat.

    `whole` is the name of them all.
    """
    param = refusal.param
    if param is None or not param.startswith(MESSAGES):
        return refusal
    place = _place(param, origins, whole)
    details = [
        Detail([_place(str(loc), origins, whole) for loc in detail.loc], detail.msg, detail.type)
        for detail in refusal.details or ()
    ]
    message = refusal.message.replace(f"`{param}`", f"`{place}`")
    for detail in refusal.details or ():
        for loc in detail.loc:
            message = message.replace(f"`{loc}`", f"`{_place(str(loc), origins, whole)}`")
    return Refusal(
        refusal.fault,
        message,
        param=place,
        status=refusal.status,
        headers=refusal.headers,
        details=details or None,
        passed_on=refusal.passed_on,
    )


def _place(param: str, origins: Sequence[str], whole: str) -> str:
    head, _, rest = param.partition("]")
    number = head.removeprefix("messages[")
    if not number.isdigit() or int(number) >= len(origins):
        return whole if param.startswith(MESSAGES) else param
    origin = origins[int(number)]
    return origin if origin == "instructions" else origin + rest
