"""Clients that ask `/responses` by themselves are answered by either kind of upstream, and may leave."""

from typing import Any

import pytest
from langchain_openai import ChatOpenAI
from pydantic import SecretStr

from tests.e2e.test_cancel import assert_let_go
from tests.e2e.wire import connect, written
from tests.fakes import upstream_faults as faults
from tests.fakes.process import Gateway
from tests.fakes.upstream import ScriptedUpstream
from tests.responses.asking import PATH


def test_langchain_speaks_responses(responding: Gateway, kind: str) -> None:
    model: Any = ChatOpenAI(
        model=f"persona/{kind}",
        base_url=responding.base_url,
        api_key=SecretStr(responding.key),
        use_responses_api=True,
        max_retries=0,
    )
    answer = model.invoke("Good evening")
    assert answer.text == "You said: Good evening"
    assert answer.usage_metadata["output_tokens"] == 4
    pieces = [piece.text for piece in model.stream("Good evening")]
    assert "".join(pieces) == "You said: Good evening"
    following = model.invoke("Go on", previous_response_id=answer.response_metadata["id"])
    assert following.text == "You said: Go on"


@pytest.mark.serial
@pytest.mark.parametrize("stream", [False, True])
def test_the_upstream_is_let_go_when_the_caller_of_a_response_leaves(
    responding: Gateway, upstream: ScriptedUpstream, kind: str, stream: bool
) -> None:
    upstream.always(faults.silent())
    body = {"model": f"persona/{kind}", "input": "Hi", "stream": stream}
    with connect(responding) as peer:
        peer.sendall(written(responding, body, PATH))
        (seen,) = upstream.wait_for(1)
        assert seen.path == ("/v1/responses" if kind == "native" else "/v1/chat/completions")
    assert_let_go(responding, seen)
