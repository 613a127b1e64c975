"""A run tells of itself by these events."""

from gateway.openapi.shapes.schema import NUMBER, TEXT, Json, or_null, record

SHAPES: Json = {
    "RunStarted": record("A run begins.", "run_id step", run_id=TEXT, step=TEXT),
    "LayerDelta": record(
        "An operation of a JSON patch (RFC 6902) on the layers.",
        "op path value",
        op=TEXT,
        path=TEXT,
        value={},
    ),
    "RunCompleted": record(
        "The run has made a persona or a version.",
        "run_id persona_id total_cost_usd",
        run_id=TEXT,
        persona_id=TEXT,
        total_cost_usd=or_null("number"),
        tokens=NUMBER,
        examples_left_out=NUMBER,
        version=NUMBER,
        demonstration={"type": "boolean"},
        patch=or_null("array"),
    ),
    "RunFailed": record("The run has failed.", "run_id error", run_id=TEXT, error={"type": "object"}),
    "RunCancelled": record("The run was cancelled.", "run_id", run_id=TEXT),
}
