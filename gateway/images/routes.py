"""`/api/images/{image}` shows a picture to those who may read personas of its workspace."""

from litestar import Response, Router, get

from gateway.auth.access import AnyRequest, Store, caller_of
from gateway.errors import Fault, Refusal
from gateway.images import store
from gateway.images.gallery import Gallery
from gateway.images.picture import NAME, form_named

FOR_AN_HOUR = "private, max-age=3600"
"""A picture never changes, but may be erased."""
HARMLESS = {
    "x-content-type-options": "nosniff",
    "content-security-policy": "default-src 'none'; sandbox",
    "cross-origin-resource-policy": "same-origin",
}
"""Whatever a file may hold, no browser takes it for anything but a picture."""


def router(gallery: Gallery) -> Router:
    """Make the route of pictures."""

    @get(
        "/{image:str}",
        opt={"scope": "personas:read", "faults": (Fault.IMAGE_UNKNOWN, Fault.IMAGE_STORE_UNAVAILABLE)},
        media_type="image/png",
        summary="Show an image",
    )
    async def show_image(request: AnyRequest, database: Store, image: str) -> Response[bytes]:
        """PNG, JPEG or WebP, as the ending of its id says. The image of a persona is shown to those who may
        know of the persona; it stays the same as long as it is there.
        """
        caller, found = caller_of(request), None
        if NAME.fullmatch(image):
            async with database.read() as connection:
                found = await store.find(connection, caller.workspace_id, caller.owner, image)
        if found is None:
            raise Refusal(Fault.IMAGE_UNKNOWN)
        etag = f'"{image}"'
        headers = {"etag": etag, "cache-control": FOR_AN_HOUR, **HARMLESS}
        if etag in request.headers.get("if-none-match", ""):
            return Response(b"", status_code=304, headers=headers)
        data = await gallery.take(image)
        if data is None:
            raise Refusal(Fault.IMAGE_UNKNOWN)
        return Response(data, media_type=form_named(image).media_type, headers=headers)

    return Router("/images", route_handlers=[show_image], tags=["Projects"])
