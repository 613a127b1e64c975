"""What is read of messages in one pass is what is found when each key is looked at."""

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.openai_api import plain
from gateway.openai_api.messages import closely


def values_of(array: bytes) -> list[dict[str, bytes | list[dict[str, bytes] | bytes]]]:
    """Every value as it is written, those of parts one by one."""
    found: list[dict[str, Any]] = []
    for message in msgspec.json.decode(array, type=list[dict[str, msgspec.Raw]]):
        found.append({name: bytes(value) for name, value in message.items()})
        if (content := found[-1].get("content", b"")).startswith(b"["):
            found[-1]["content"] = [
                {
                    name: bytes(value)
                    for name, value in msgspec.json.decode(part, type=dict[str, msgspec.Raw]).items()
                }
                if bytes(part).startswith(b"{")
                else bytes(part)
                for part in msgspec.json.decode(content, type=list[msgspec.Raw])
            ]
    return found


written_keys = st.sampled_from(
    [
        "role",
        "content",
        "name",
        "r\\u006fle",
        "Role",
        "conte\\u006et",
        "tool_calls",
        "x",
        "reasoning",
        "refusal",
    ]
)
written_texts = st.sampled_from(
    ['"a"', '"[1]"', '"\\u0022\\u00e9\\/ü"', '"\\":[\\n"', '"a: [b] : [c] [d] [e]"', '""']
)
part_keys = st.sampled_from(["type", "text", "t\\u0065xt", "Text", "image_url", "cache_control", "y"])
part_values = written_texts | st.sampled_from(
    ['"text"', '"image_url"', '"te\\u0078t"', "null", "1", '{"a" : [1, 2]}', '"Text"']
)
spaces = st.sampled_from(["", "", " ", "\n\t"])


def an_object(keys: st.SearchStrategy[str], values: st.SearchStrategy[str], *always: tuple[str, str]) -> Any:
    return st.builds(
        lambda pairs, at, space: (
            "{"
            + ",".join(f'{space}"{key}":{space}{value}' for key, value in [*pairs[:at], *always, *pairs[at:]])
            + "}"
        ),
        st.lists(st.tuples(keys, values), max_size=3),
        st.integers(0, 3),
        spaces,
    )


written_parts = st.lists(
    an_object(part_keys, part_values, ("type", '"text"'), ("text", '"b [c]"'))
    | an_object(part_keys, part_values, ("type", '"image_url"'))
    | an_object(part_keys, part_values)
    | written_texts,
    max_size=3,
).map(lambda parts: "[" + ", ".join(parts) + "]")
written_values = (
    written_texts
    | written_parts
    | st.sampled_from(['"user"', '"\\u0073ystem"', '"System"', "null", "7", "[]", "{}"])
)
written_messages = st.lists(
    an_object(written_keys, written_values, ("role", '"user"'), ("content", '"Hi"'))
    | an_object(written_keys, written_values, ("role", '"assistant"'))
    | st.builds(
        lambda parts, space: f'{{"role":{space}"user",{space}"content":{space}{parts}}}',
        written_parts,
        spaces,
    ),
    max_size=4,
).map(lambda each: ("[" + ",".join(each) + "]").encode())


def meant(array: bytes) -> Any:
    """What the messages say; of values, roles and types alone are taken for what their escapes stand for."""
    found = values_of(array)
    for message in found:
        # Only known words are written anew.
        message["role"] = json.loads(message["role"])  # type: ignore[arg-type]
        for part in message.get("content", ()) if isinstance(message.get("content"), list) else ():
            if isinstance(part, dict) and "type" in part:
                part["type"] = json.loads(part["type"])
    return found


@pytest.mark.slow
@settings(max_examples=1000)
@given(written_messages)
def test_what_is_read_quickly_is_what_is_read_closely(array: bytes) -> None:
    quick = plain.read(array)
    if quick is None:
        return
    slow = closely(msgspec.Raw(array))
    assert quick.roles == slow.roles
    assert quick.kinds == slow.kinds
    assert meant(bytes(quick.array)) == meant(bytes(slow.array))
    for message in json.loads(bytes(quick.array), object_pairs_hook=list):
        parts = [part for part in dict(message).get("content") or () if isinstance(part, list)]
        assert all(len(dict(pairs)) == len(pairs) for pairs in [message, *parts])


@pytest.mark.parametrize(
    "array",
    [
        '[{"role":"user","content":"a"}]',
        '[{"content": "a [b] c [d] e [f] g [h]", "role": "user"}, {"role": "assistant"}]',
        '[{"role":"system","content":"a"},{"role":"user","content":[{"type":"text","text":"b"}]}]',
        '[{"role":"user","content": [ {"type":"text","text":"b"}, {"type":"image_url","image_url":{}}]}]',
        '[{"role":"assistant","content":null,"tool_calls":[{"id":"a"}]},{"role":"tool","tool_call_id":"a"}]',
    ],
)
def test_what_nearly_everybody_writes_is_read_quickly(array: str) -> None:
    assert plain.read(array.encode()) is not None
