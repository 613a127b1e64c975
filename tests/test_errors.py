"""The fault catalogue and its two envelopes."""

import ast
import json
import re
from http import HTTPStatus
from pathlib import Path

import pytest
from inline_snapshot import snapshot

import gateway
from gateway.envelope import envelope
from gateway.errors import Detail, Fault, Refusal

CHAT = "/v1/openai/chat/completions"
PUBLIC = "https://personas.example.com"
GATEWAY = Path(gateway.__file__).parent


def refusal() -> Refusal:
    detail = Detail(["messages", 0], "must be an object", "type_error")
    return Refusal(Fault.REQUEST_INVALID, "`messages` is wrong.", param="messages", details=[detail])


def test_the_openai_envelope_is_this() -> None:
    assert json.loads(envelope(refusal(), CHAT, "req_1")) == snapshot(
        {
            "error": {
                "message": "`messages` is wrong.",
                "type": "invalid_request_error",
                "param": "messages",
                "code": "invalid_request",
            }
        }
    )


def test_the_native_envelope_is_this() -> None:
    assert json.loads(envelope(refusal(), "/v1/personas", "req_1", PUBLIC)) == snapshot(
        {
            "error": {
                "code": "request.invalid",
                "message": "`messages` is wrong.",
                "type": "request",
                "doc_url": "https://personas.example.com/docs/errors#request_invalid",
                "request_id": "req_1",
                "details": [
                    {"loc": ["messages", 0], "msg": "must be an object", "type": "type_error"},
                ],
            }
        }
    )


def test_an_error_that_is_passed_on_is_the_upstream_s() -> None:
    found = Refusal(Fault.PROVIDER_REJECTED, "Ours.", status=422, passed_on={"message": "Theirs", "x": [1]})
    assert found.status == 422
    assert json.loads(envelope(found, CHAT, "req_1")) == snapshot(
        {"error": {"type": None, "param": None, "code": None, "message": "Theirs", "x": [1]}}
    )


def test_an_error_that_is_passed_on_is_not_shown_in_the_native_form() -> None:
    found = Refusal(Fault.PROVIDER_REJECTED, "Ours.", passed_on={"message": "Theirs"})
    assert b"Theirs" not in envelope(found, "/v1/personas", "req_1")


@pytest.mark.parametrize(
    ("path", "is_openai"),
    [
        ("/v1/openai", True),
        ("/v1/openai/", True),
        (CHAT, True),
        ("/v1/openaix", False),
        ("/v1", False),
        ("/", False),
        ("/health/ready", False),
    ],
)
def test_the_path_decides_the_envelope(path: str, is_openai: bool) -> None:
    error = json.loads(envelope(refusal(), path, "req_1"))["error"]
    assert ("param" in error) is is_openai
    assert ("request_id" in error) is not is_openai


@pytest.mark.parametrize("fault", Fault, ids=lambda fault: fault.name)
def test_a_fault_has_a_status_and_a_code(fault: Fault) -> None:
    assert HTTPStatus(fault.status).value >= 400
    # Another API named this one, and its clients look for it.
    assert re.fullmatch(r"[a-z_]+\.[a-z_]+", fault.code) or fault is Fault.VALIDATION_FAILED
    assert fault.type
    assert fault.openai_type
    assert Refusal(fault, "x").status == fault.status


@pytest.mark.parametrize("fault", Fault, ids=lambda fault: fault.name)
def test_a_fault_has_all_keys_of_both_envelopes(fault: Fault) -> None:
    found = Refusal(fault, "One sentence.")
    openai = json.loads(envelope(found, CHAT, "req_1"))["error"]
    assert openai.keys() == {"message", "type", "param", "code"}
    native = json.loads(envelope(found, "/", "req_1"))["error"]
    assert native.keys() == {"code", "message", "type", "doc_url", "request_id"}


def test_no_two_faults_have_one_code() -> None:
    assert len({fault.code for fault in Fault}) == len(list(Fault)) == len(Fault.__members__)


@pytest.mark.parametrize("fault", Fault, ids=lambda fault: fault.name)
def test_a_fault_s_sentence_is_one_sentence_and_is_said_without_another(fault: Fault) -> None:
    assert re.fullmatch(r"[A-Z`].+[.]", fault.sentence)
    assert Refusal(fault).message == fault.sentence
    assert Refusal(fault, "Another.").message == "Another."


def test_no_sentence_of_the_catalogue_stands_anywhere_else() -> None:
    sentences = {said for fault in Fault for said in (fault.sentence, fault.openai_sentence)}
    again = [
        f"{path.name}:{node.lineno} {node.value}"
        for path in GATEWAY.rglob("*.py")
        if path.name != "errors.py" or path.parent != GATEWAY
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Constant) and node.value in sentences - {None}
    ]
    assert again == []
