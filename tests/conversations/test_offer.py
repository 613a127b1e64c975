"""Tools are offered under names that functions may have, and a message's calls are told apart."""

import json
from typing import Any

import msgspec

from gateway.conversations import posted
from gateway.conversations.offer import Offer
from gateway.tools.tool import Tool
from gateway.tools.toolbox import Offered

OFFERED = Offered("shop.look", "shop", Tool("look", "Looks.", {"type": "object"}))
OFFER = Offer({"shop_look": OFFERED})


def call(name: Any, arguments: Any = "{}", number: Any = "c1") -> dict[str, Any]:
    return {"id": number, "type": "function", "function": {"name": name, "arguments": arguments}}


def message(*calls: Any, content: str | None = None) -> bytes:
    return json.dumps({"role": "assistant", "content": content, "tool_calls": list(calls)}).encode()


def test_a_message_without_calls_of_ours_stays_whole() -> None:
    assert OFFER.split(message(call("other"))) is None
    assert OFFER.split(b'{"role":"assistant","content":"Hi"}') is None
    assert Offer().split(message(call("shop_look"))) is None


def test_calls_of_ours_are_found_whatever_stands_beside_them() -> None:
    strange = [{"id": "x"}, call(None), call(5), {"function": 3}]
    split = OFFER.split(message(call("shop_look", 7, None), *strange, content="Let me see."))
    assert split is not None
    assert [(each.id, each.arguments) for each in split.ours] == [("None", "")]
    assert split.rest is not None
    rest = json.loads(split.rest)
    assert (rest["content"], rest["tool_calls"]) == ("Let me see.", strange)
    assert json.loads(split.asking)["content"] is None


def test_a_message_with_calls_of_ours_alone_is_kept_as_it_is() -> None:
    whole = message(call("shop_look", '{"a":1}'), content="Let me see.")
    split = OFFER.split(whole)
    assert split is not None
    assert (split.asking, split.rest) == (whole, None)
    assert json.loads(split.plain) == {"role": "assistant", "content": "Let me see."}


def test_a_choice_that_forces_a_call_counts_once() -> None:
    for choice, later in (
        ("required", None),
        ({"type": "function"}, None),
        ("auto", "auto"),
        ("none", "none"),
    ):
        wanted = posted.read(json.dumps({"message": "x", "tool_choice": choice}).encode())
        rounds = [
            OFFER.parameters(wanted, is_first=first, is_last=last)
            for first, last in ((True, False), (False, False), (False, True))
        ]
        told = [msgspec.json.decode(one["tool_choice"]) if "tool_choice" in one else None for one in rounds]
        assert told == [choice, later, "none"]
