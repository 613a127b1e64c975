"""The official Python SDK raises what it always raises, and its own retries multiply nothing."""

from typing import Any

import openai
import pytest

from tests.conftest import LIBRARIAN
from tests.e2e.conftest import hello, mint
from tests.e2e.sdk import SAID
from tests.fakes.process import Gateway
from tests.fakes.upstream import ScriptedUpstream
from tests.fakes.upstream_scripts import error_object, status


def refusal(
    client: openai.OpenAI, kind: type[openai.APIStatusError], **options: Any
) -> openai.APIStatusError:
    """See how a small request fails, whole and streamed alike."""
    found = []
    for stream in (False, True):
        asked: Any = {"model": LIBRARIAN, "messages": hello(), "stream": stream} | options
        with pytest.raises(kind) as failure:
            client.chat.completions.create(**asked)
        assert str(failure.value.request_id).startswith("req_")
        found.append(failure.value)
    whole, streamed = found
    assert (whole.status_code, whole.body) == (streamed.status_code, streamed.body)
    return whole


def test_a_wrong_key_is_an_authentication_error(gateway: Gateway) -> None:
    with gateway.client(api_key="pk_live_" + "0" * 40) as client:
        error = refusal(client, openai.AuthenticationError)
    assert (error.code, error.param, error.type) == ("invalid_api_key", None, "authentication_error")


def test_a_key_that_may_not_chat_is_denied(gateway: Gateway) -> None:
    with gateway.client(api_key=mint(gateway, "--scope", "personas:read")) as client:
        error = refusal(client, openai.PermissionDeniedError)
        assert error.code == "missing_scope"
        assert "chat:invoke" in error.message
        with pytest.raises(openai.PermissionDeniedError):
            client.embeddings.create(model="any", input="dusk")


def test_an_unknown_persona_is_not_found(client: openai.OpenAI) -> None:
    error = refusal(client, openai.NotFoundError, model="persona/nobody")
    assert (error.code, error.param, error.type) == ("model_not_found", "model", "invalid_request_error")


def test_a_malformed_request_is_a_bad_request(client: openai.OpenAI, upstream: ScriptedUpstream) -> None:
    error = refusal(client, openai.BadRequestError, messages="nothing")
    assert error.param == "messages"
    assert not upstream.seen


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (400, openai.BadRequestError),
        (404, openai.NotFoundError),
        (413, openai.APIStatusError),
        (422, openai.UnprocessableEntityError),
    ],
)
def test_what_the_upstream_refuses_is_passed_on_at_once(
    client: openai.OpenAI, upstream: ScriptedUpstream, code: int, kind: type[openai.APIStatusError]
) -> None:
    said = error_object("The fee is too small.", code="fee_small", kind="fee_error")
    upstream.always(status(code, said | {"more": 1}))
    error = refusal(client, kind)
    assert (error.status_code, error.body) == (code, said["error"])
    assert len(upstream.seen) == 2


def test_a_rate_limit_keeps_its_retry_after(client: openai.OpenAI, upstream: ScriptedUpstream) -> None:
    upstream.always(status(429, retry_after=60))
    error = refusal(client, openai.RateLimitError)
    assert error.response.headers["retry-after"] == "60"
    assert error.message.endswith("Scripted error 429.") or "429" in error.message
    assert "x-should-retry" not in error.response.headers
    assert len(upstream.seen) == 2


@pytest.mark.parametrize("code", [401, 403])
def test_the_gateways_own_credentials_are_never_the_callers_fault(
    client: openai.OpenAI, upstream: ScriptedUpstream, code: int
) -> None:
    upstream.always(status(code, error_object("Wrong key: upstream-secret-key.")))
    error = refusal(client, openai.InternalServerError)
    assert (error.status_code, error.code) == (502, "provider.rejected_credentials")
    assert "secret" not in error.response.text
    assert len(upstream.seen) == 2


@pytest.mark.parametrize(
    ("answered", "code", "kind"),
    [
        (409, "409", openai.ConflictError),
        (500, "provider.unavailable", openai.InternalServerError),
        (401, "provider.rejected_credentials", openai.InternalServerError),
    ],
)
def test_the_sdks_own_retries_do_not_multiply_ours(
    gateway: Gateway,
    upstream: ScriptedUpstream,
    answered: int,
    code: str,
    kind: type[openai.APIStatusError],
) -> None:
    upstream.always(status(answered))
    with gateway.client(max_retries=openai.DEFAULT_MAX_RETRIES) as client, pytest.raises(kind) as failure:
        client.chat.completions.create(model=LIBRARIAN, messages=hello())
    # A 500 with a JSON error may be the request's doing, and is tried once more at most.
    tries = {401: 1, 500: 2}.get(answered, 3)
    assert len(upstream.seen) == tries
    assert str(failure.value.code) == code
    headers = failure.value.response.headers
    assert headers["x-should-retry"] == "false"
    assert headers["x-persona-attempts"] == str(tries)


def test_a_first_failure_is_retried_unseen(client: openai.OpenAI, upstream: ScriptedUpstream) -> None:
    upstream.reply(status(503))
    raw = client.chat.completions.with_raw_response.create(model=LIBRARIAN, messages=hello())
    assert raw.headers["x-persona-attempts"] == "2"
    assert raw.parse().choices[0].message.content == SAID
