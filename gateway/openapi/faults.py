"""The document tells what each error of the catalogue looks like, and which an operation may give."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from gateway.envelope import job_error, native_error, openai_error
from gateway.errors import Detail, Fault, Refusal

Json = dict[str, Any]

EXAMPLES = "#/components/examples/"
RESPONSES = "#/components/responses/"
REQUEST_ID = "req_0QwErTy1aBcDeFgHiJkL"
PUBLIC_URL = "http://127.0.0.1:8080"
PLACE = re.compile("`(\\w+)`:? (.*)[.]")
"""Matches a sentence that names a place in the body; its detail says the two parts apart."""
WITH_DETAILS = frozenset(
    {
        Fault.REQUEST_INVALID,
        Fault.PERSONA_INVALID,
        Fault.WORKSPACE_UNACCEPTABLE,
        Fault.KEY_UNACCEPTABLE,
        Fault.BUDGET_UNACCEPTABLE,
        Fault.CONVERSATION_INVALID,
    }
)

RETRIED_LATER = frozenset(
    {Fault.PROVIDER_TIMEOUT, Fault.PROVIDER_CONFLICT, Fault.RATE_LIMITED, Fault.UPSTREAM_FULL}
)
NOT_RETRIED = frozenset(
    {
        Fault.PROVIDER_CREDENTIALS,
        Fault.PROVIDER_UNAVAILABLE,
        Fault.PROVIDER_CONFLICT,
        Fault.BUDGET_EXCEEDED,
    }
)


def examples() -> Json:
    """Make every error in both envelopes, for operations to refer to."""
    return {
        _name(fault, openai=openai): {"value": example(fault, openai=openai)}
        for fault in Fault
        for openai in (False, True)
    }


def example(fault: Fault, *, openai: bool) -> Json:
    """Make the body of this error, as the catalogue does."""
    if openai:
        refusal = Refusal(fault, fault.openai_sentence, param=fault.param)
        return _plain(openai_error(refusal))
    place = PLACE.fullmatch(fault.sentence) if fault in WITH_DETAILS else None
    kind = "type_error" if fault is Fault.REQUEST_INVALID else "value_error"
    details = [Detail([place[1]], place[2], kind)] if place else None
    return _plain(native_error(Refusal(fault, details=details), REQUEST_ID, PUBLIC_URL))


def _plain(error: Mapping[str, object]) -> Json:
    body: Json = msgspec.to_builtins({"error": error})
    return body


def responses(faults: Iterable[Fault], *, openai: bool) -> Json:
    """List errors by status; a status that only one error has refers to `components`."""
    by_status: dict[int, list[Fault]] = {}
    for fault in dict.fromkeys(faults):
        by_status.setdefault(fault.status, []).append(fault)
    return {
        str(status): {"$ref": RESPONSES + _name(found[0], openai=openai)}
        if len(found) == 1
        else _response(found, openai=openai)
        for status, found in sorted(by_status.items())
    }


def of_jobs(faults: Iterable[Fault]) -> Json:
    """List errors by status as clients of jobs know them."""
    shown: Json = {}
    for fault in dict.fromkeys(faults):
        found = [Detail(["persona"], "Field required", "missing")] if fault is Fault.VALIDATION_FAILED else []
        value = _plain(job_error(Refusal(fault, details=found)))
        name = f"{fault.code}"
        response = shown.setdefault(str(fault.status), _response([fault], openai=False))
        media = response["content"]["application/json"]
        media["schema"] = {"$ref": "#/components/schemas/JobError"}
        media["examples"] = {**media["examples"], name: {"value": value}}
        response["description"] = " · ".join(f"`{code}`" for code in media["examples"])
    return shown


def components() -> Json:
    """Make the answer for each error in both envelopes, for operations to refer to."""
    return {
        _name(fault, openai=openai): _response([fault], openai=openai)
        for fault in Fault
        for openai in (False, True)
    }


def _response(faults: list[Fault], *, openai: bool) -> Json:
    codes = {_code(fault, openai=openai): fault for fault in faults}
    content = {
        "schema": {"$ref": f"#/components/schemas/{'OpenAIError' if openai else 'Error'}"},
        "examples": {code: {"$ref": EXAMPLES + _name(fault, openai=openai)} for code, fault in codes.items()},
    }
    names = ["X-Request-Id"]
    if Fault.KEY_INVALID in faults:
        names.append("WWW-Authenticate")
    if RETRIED_LATER.intersection(faults):
        names.append("Retry-After")
    if NOT_RETRIED.intersection(faults):
        names.append("X-Should-Retry")
    return {
        "description": " · ".join(f"`{code}`" for code in codes),
        "headers": {name: {"$ref": f"#/components/headers/{name}"} for name in names},
        "content": {"application/json": content},
    }


def _name(fault: Fault, *, openai: bool) -> str:
    return f"openai.{fault.code}" if openai else fault.code


def _code(fault: Fault, *, openai: bool) -> str:
    return (openai and fault.openai_code) or fault.code
