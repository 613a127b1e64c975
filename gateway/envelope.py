"""A refusal is put into the envelope that the clients of its path know."""

from collections.abc import Mapping

import msgspec

from gateway.errors import DOCS_PATH, JOB_PREFIXES, OPENAI_PREFIX, Fault, Refusal

JOB_CODES = {401: "UNAUTHORIZED", 402: "PAYMENT_REQUIRED"}


def openai_error(refusal: Refusal) -> Mapping[str, object]:
    """Make the object behind `error` in OpenAI's form, always with `message`, `type`, `param` and `code`."""
    fault = refusal.fault
    ours: dict[str, object] = {
        "message": refusal.message,
        "type": fault.openai_type,
        "param": refusal.param,
        "code": fault.openai_code or fault.code,
    }
    if refusal.passed_on is None:
        return ours
    return {"type": None, "param": None, "code": None, **refusal.passed_on}


def native_error(refusal: Refusal, request_id: str, public_url: str) -> Mapping[str, object]:
    """Make the object behind `error` in the native form."""
    fault = refusal.fault
    error: dict[str, object] = {
        "code": fault.code,
        "message": refusal.message,
        "type": fault.type,
        "doc_url": f"{public_url}{DOCS_PATH}#{fault.anchor}",
        "request_id": request_id,
    }
    if refusal.run_id is not None:
        error["run_id"] = refusal.run_id
    if refusal.details:
        error["details"] = refusal.details
    return error


def job_error(refusal: Refusal) -> Mapping[str, object]:
    """Make the object behind `error` as clients of jobs know it."""
    is_invalid = refusal.fault is Fault.VALIDATION_FAILED
    return {
        "code": JOB_CODES.get(refusal.status, refusal.fault.code),
        "message": "request validation failed" if is_invalid else refusal.message,
        "details": refusal.details or [],
    }


def envelope(refusal: Refusal, path: str, request_id: str, public_url: str = "") -> bytes:
    """Encode the JSON body that answers the refusal on this path.

    `public_url` is where callers find the gateway, without a slash at its end; OpenAI's form needs none.
    """
    openai = path == OPENAI_PREFIX or path.startswith(OPENAI_PREFIX + "/")
    error = openai_error(refusal) if openai else native_error(refusal, request_id, public_url)
    if path.startswith(JOB_PREFIXES):
        error = job_error(refusal)
    return msgspec.json.encode({"error": error})
