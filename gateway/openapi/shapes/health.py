"""Probes and the status page answer these."""

from gateway.openapi.shapes.schema import NUMBER, TEXT, Json, one_of, or_null, record, ref

SHAPES: Json = {
    "OpenAPIDocument": record("An OpenAPI 3.1 document.", "openapi", openapi=TEXT),
    "Liveness": record("The process runs.", "status", status={"const": "live"}),
    "UpstreamCalls": record(
        "How an upstream has been doing, as the worker that answers has seen it.",
        "last_failure seconds_ago calls failing",
        last_failure=or_null("string"),
        seconds_ago=or_null("number"),
        calls=NUMBER,
        failing=or_null("number"),
    ),
    "WorkDepth": record(
        "How much work there is that lasts; null as long as the store has not been read.",
        "",
        waiting=NUMBER,
        running=NUMBER,
        failed=NUMBER,
        retries=NUMBER,
        oldest_seconds=NUMBER,
    )
    | {"type": ["object", "null"]},
    "Status": record(
        "How the gateway is, as the worker that answers sees it.",
        "status version uptime_seconds workers draining store limits upstreams work",
        status=one_of("ready", "degraded", "unavailable"),
        version=TEXT,
        uptime_seconds=NUMBER,
        workers=NUMBER,
        draining={"type": "boolean"},
        store=one_of("ok", "degraded"),
        limits=one_of("ok", "degraded"),
        upstreams={"type": "object", "additionalProperties": one_of("ok", "degraded")},
        work=ref("WorkDepth"),
    ),
    "Readiness": record(
        "Whether chat requests can be answered, and the state of each part.",
        "status store limits upstreams upstream_calls draining turns_dropped log_lines_dropped "
        "verdict_changes late_scores retiring_models work",
        status=one_of("ready", "degraded", "unavailable"),
        store=one_of("ok", "degraded"),
        limits=one_of("ok", "degraded"),
        upstreams={"type": "object", "additionalProperties": one_of("ok", "degraded")},
        upstream_calls={"type": "object", "additionalProperties": ref("UpstreamCalls")},
        draining={"type": "boolean"},
        work=ref("WorkDepth"),
        turns_dropped=NUMBER,
        log_lines_dropped=NUMBER,
        verdict_changes={"type": "object", "additionalProperties": NUMBER},
        retiring_models={"type": "object", "additionalProperties": {"type": "string", "format": "date"}},
        late_scores=record(
            "What has become of answers that went out before their score was there.",
            "scored dropped waiting",
            scored=NUMBER,
            dropped=NUMBER,
            waiting=NUMBER,
        ),
        judge=record(
            "What has become of answers that were to be judged; absent where no judge is configured.",
            "judged discarded failed dropped over_budget",
            judged=NUMBER,
            discarded=NUMBER,
            failed=NUMBER,
            dropped=NUMBER,
            over_budget=NUMBER,
        ),
    ),
}
