"""The stream of turns says by these that it has lost some."""

from gateway.openapi.shapes.schema import TEXT, Json, record

SHAPES: Json = {
    "StreamGap": record("Turns may be missing before the next event.", "message", message=TEXT),
    "StreamDropped": record("Why a stream of turns ended: it was read too slowly.", "message", message=TEXT),
}
