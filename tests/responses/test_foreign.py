"""What lies in an upstream's account is named by the workspace alone whose account it is."""

from typing import Any

import msgspec
import pytest

from gateway.responses.asked import Asked
from tests.conftest import Start
from tests.e2e.wire import fetch
from tests.fakes.process import upstream_table
from tests.fakes.upstream import ScriptedUpstream
from tests.responses.asking import PATH

USER = {"role": "user", "content": "x"}
FILE = {"type": "input_file", "file_id": "file-1"}


@pytest.mark.parametrize(
    ("item", "place"),
    [
        ({"type": "item_reference", "id": "msg_1"}, "input[0].id"),
        ({"id": "msg_1"}, "input[0].id"),
        ({"type": None, "id": "msg_1"}, "input[0].id"),
        ({"role": "user", "content": [FILE]}, "input[0].content[0].file_id"),
        ({"role": "assistant", "content": [FILE]}, "input[0].content.file_id"),
        ({"type": "function_call_output", "call_id": "c", "output": [FILE]}, "input[0].output[0].file_id"),
        ({"type": "custom_tool_call_output", "call_id": "c", "output": [FILE]}, "input[0].output"),
        ({"type": "computer_call_output", "output": {"file_id": "file-1"}}, "input[0].output"),
        ({"type": "code_interpreter_call", "container_id": "cntr_1", "code": "1"}, "input[0].container_id"),
        ({"type": "x_call", "action": {"with": [{"Container_ID": "cntr_1"}]}}, "input[0].action"),
        ({"type": "image_generation_call", "id": "ig_1"}, "input[0].id"),
    ],
)
@pytest.mark.parametrize("is_escaped", [False, True])
def test_an_item_that_names_an_object_of_an_upstream_is_seen(
    item: dict[str, Any], place: str, is_escaped: bool
) -> None:
    written = msgspec.json.encode({"model": "persona/a", "input": [item, USER]})
    if is_escaped:
        for word in (b"item_reference", b"assistant", b"file_id", b"output"):
            written = written.replace(b'"%b"' % word, b'"\\u%04x%b"' % (word[0], word[1:]))
    assert Asked.read(written).foreign == [place]


@pytest.mark.parametrize("number", [b"1e999", b"9" * 5000])
def test_a_number_larger_than_any_hides_nothing_and_is_no_mistake(number: bytes) -> None:
    item = b'{"type":"x_call","at":[%b],"with":[%b,{"file_id":"file-1"}]}' % (number, number)
    written = b'{"model":"a","input":[%b,{"role":"user","content":"x"}],"odd":%b}' % (item, number)
    assert Asked.read(written).foreign == ["input[0].with"]


@pytest.mark.parametrize(
    ("more", "place"),
    [
        ({"vector_store_ids": ["vs_1"]}, "tools[0].vector_store_ids"),
        ({"container": "cntr_1"}, "tools[0].container"),
        ({"container": {"type": "auto", "file_ids": ["file-1"]}}, "tools[0].container"),
        ({"environment": {"container_id": "cntr_1"}}, "tools[0].environment"),
        ({"environment": {"skills": [{"skill_id": "skill_1"}]}}, "tools[0].environment"),
        ({"input_image_mask": {"file_id": "file-1"}}, "tools[0].input_image_mask"),
        ({"container": {"type": "auto", "File_IDs": ["file-1"]}}, "tools[0].container"),
    ],
)
def test_a_tool_that_names_an_object_of_an_upstream_is_seen(more: dict[str, Any], place: str) -> None:
    written = msgspec.json.encode({"model": "a", "input": "x", "tools": [{"type": "shell", **more}]})
    escaped = written.replace(b"_id", b"\\u005fid")
    assert Asked.read(written).foreign == Asked.read(escaped).foreign == [place]


def test_only_the_workspace_of_the_account_may_name_what_lies_in_it(
    upstream: ScriptedUpstream, start: Start
) -> None:
    chats = upstream_table("main", upstream.base_url, 'default_model = "gpt-4o-mini"')
    gateway = start(chats)
    key = fetch(gateway, "/v1/keys", {"name": "other", "scopes": ["chat:invoke"]}).json
    personas = {"prompt": "You are Mira.", "upstreams": ["own/gpt-5.4-mini", "main/gpt-4o-mini"]}
    gateway.stop()
    for owner, is_refused in (("ws_0VcERKqWRSoJfqenMg4J", True), (key["workspace"], False)):
        lines = ("responses = true", f'dedicated_to = "{owner}"')
        gateway.config.write_text(chats + upstream_table("own", upstream.base_url, *lines), "utf-8")
        gateway.start()
        slug = f"mira-{is_refused}".lower()
        assert fetch(gateway, "/v1/personas", {"slug": slug, "name": "Mira", **personas}).status == 201
        for name, more in (
            ("previous_response_id", {"previous_response_id": "resp_theirs"}),
            ("conversation", {"conversation": "conv_theirs"}),
            ("input[0].content[0].file_id", {"input": [{"role": "user", "content": [FILE]}]}),
        ):
            before = len(upstream.seen)
            reply = fetch(gateway, PATH, {"model": f"persona/{slug}", "input": "x", **more})
            if is_refused:
                assert (reply.status, reply.error["param"], len(upstream.seen)) == (400, name, before)
            else:
                # Its own answer is passed on, and nobody else is asked, who would not know it.
                sent = [(each.path, each.json.get(name, FILE)) for each in upstream.seen[before:]]
                assert sent == [("/v1/responses", more.get(name, FILE))]
        gateway.stop()
