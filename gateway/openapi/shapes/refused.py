"""Errors have one envelope for each kind of client."""

from gateway.errors import Fault
from gateway.openapi.shapes.schema import NUMBER, TEXT, Json, array, one_of, or_null, record, ref


def _distinct(field: str) -> list[str]:
    return sorted({getattr(fault, field) for fault in Fault})


SHAPES: Json = {
    "Error": record(
        "The native error envelope.",
        "error",
        error=record(
            "What went wrong.",
            "code message type doc_url request_id",
            code=one_of(*_distinct("code")),
            message=TEXT,
            type=one_of(*_distinct("type")),
            doc_url=TEXT,
            request_id=TEXT,
            run_id=TEXT,
            details=array(ref("ErrorDetail")),
        ),
    ),
    "ErrorDetail": record(
        "One place that is wrong.",
        "loc msg type",
        loc=array({"anyOf": [TEXT, NUMBER]}),
        msg=TEXT,
        type=TEXT,
    ),
    "OpenAIError": record(
        "OpenAI's error envelope. Where an upstream refused the request, its own error object is passed on.",
        "error",
        error=record(
            "What went wrong.",
            "message type param code",
            message=TEXT,
            type=or_null("string"),
            param=or_null("string"),
            code={"type": ["string", "integer", "null"]},
        ),
    ),
    "JobError": record(
        "An error of a path of jobs.",
        "error",
        error=record(
            "The error.", "code message details", code=TEXT, message=TEXT, details=array(ref("ErrorDetail"))
        ),
    ),
}
