"""`…/personas/{persona}/generate-image` makes portraits, in the style of the project's `style-images`."""

import asyncio
import base64
import binascii
from typing import Any

import msgspec
from litestar import Response, Router, delete, get, post

from gateway import clock
from gateway.auth.access import AnyRequest, Settings, Store, actor_of, caller_of, still_there
from gateway.errors import Detail, Fault, Refusal
from gateway.images import store as images
from gateway.images.drawing import Artist, Sitter
from gateway.images.gallery import Gallery
from gateway.images.picture import NAME, Form, form_of
from gateway.images.store import Image
from gateway.personas.acceptance import NAME_LENGTH
from gateway.personas.store import versions
from gateway.personas.store.rows import touch
from gateway.projects import store
from gateway.projects.reaching import found, require_project
from gateway.projects.routes import respond
from gateway.projects.view import ProjectPersona, StyleImage, StyleImageBody, show_style
from gateway.storage.audit import note
from gateway.storage.connection import AsyncConnection

STYLES = 8
"""Style images of one project."""
STYLE_BYTES = 4 << 20
BODY_BYTES = 6 << 20
"""Bytes of a body with a style image, in base64."""
DRAWING = {
    "scope": "personas:write",
    "bucket": "generations",
    "spends": True,
    "faults": (
        Fault.PERSONA_PROMPTLESS,
        Fault.PROVIDER_UNSET,
        Fault.IMAGES_UNSET,
        Fault.IMAGE_STORE_UNAVAILABLE,
        Fault.BUDGET_EXCEEDED,
        Fault.PRICE_UNKNOWN,
        Fault.PROVIDER_REJECTED,
        Fault.PROVIDER_UNAVAILABLE,
        Fault.PROVIDER_CREDENTIALS,
    ),
}
READING = {"scope": "personas:read"}
ADDING = {
    "scope": "personas:write",
    "max_body": BODY_BYTES,
    "faults": (Fault.IMAGE_UNACCEPTABLE, Fault.IMAGE_TOO_MANY, Fault.IMAGE_STORE_UNAVAILABLE),
}
REMOVING = {"scope": "personas:write", "faults": (Fault.IMAGE_UNKNOWN,)}


def router(artist: Artist, gallery: Gallery) -> Router:
    """Make the routes of pictures of a project."""
    handlers = [_drawing(artist, gallery), list_style_images, _adding(gallery), remove_style_image]
    return Router("/projects/{project:str}", route_handlers=handlers, tags=["Projects"])


def _drawing(artist: Artist, gallery: Gallery) -> Any:
    @post("/personas/{persona:str}/generate-image", opt=DRAWING, status_code=200, summary="Make a portrait")
    async def generate_image(
        request: AnyRequest, database: Store, config: Settings, project: str, persona: str
    ) -> Response[ProjectPersona]:
        """A picture is made of the persona's `systemPrompt`, in the style of the project's style images where
        there are any. The answer comes once it is there, with its id as `imageUrl`.
        """
        caller = caller_of(request)
        async with database.read() as connection:
            known = await found(connection, request, config, project, persona)
            newest = await versions.read(connection, known.id, known.latest)
            styles = await images.styles(connection, caller.workspace_id)
        artist.require_able(newest.content.prompt)
        slug = known.profile.slug
        sitter = Sitter(known.id, slug, newest.id, newest.number, newest.content.prompt)
        request_id = str(request.scope["state"]["request_id"])
        async with artist.room(caller.workspace_id, sum(each.size for each in styles)):
            data = await artist.draw(caller, request_id, sitter, await gallery.take_all(styles))
        form = form_of(data)
        assert form is not None  # noqa: S101 - the artist gives pictures alone
        image_id = await gallery.lay(caller.workspace_id, known.id, slug, (form, data))
        # It is paid for, so that it is kept whether or not somebody waits for it still.
        async with database.write() as connection:
            known = await found(connection, request, config, project, persona)
            if not await images.finish(connection, image_id):
                raise Refusal(Fault.IMAGE_STORE_UNAVAILABLE)
            sketch = await store.sketch(connection, known.id)
            await store.keep(connection, known.id, msgspec.structs.replace(sketch, image_id=image_id))
            await images.thin_out(connection, known.id)
            await touch(connection, known)
            await note(connection, actor_of(request), "image.generated", known.id, image=image_id)
            return await respond(connection, await found(connection, request, config, project, persona))

    return generate_image


@get("/style-images", opt=READING, summary="List the style images of a project")
async def list_style_images(
    request: AnyRequest, database: Store, config: Settings, project: str
) -> list[StyleImage]:
    """In the order in which they came; there are at most eight."""
    async with database.read() as connection:
        await require_project(connection, request, config, project)
        return [show_style(each) for each in await images.styles(connection, caller_of(request).workspace_id)]


def _adding(gallery: Gallery) -> Any:
    @post("/style-images", opt=ADDING, summary="Add a style image to a project")
    async def add_style_image(
        request: AnyRequest, database: Store, config: Settings, project: str, data: StyleImageBody
    ) -> StyleImage:
        """Portraits that are made from now on take its style."""
        caller = caller_of(request)
        name, picture = _named(data.name), await asyncio.to_thread(_picture, data.image)

        async def check(connection: AsyncConnection) -> None:
            await require_project(connection, request, config, project)
            if await images.count_styles(connection, caller.workspace_id) >= STYLES:
                raise Refusal(Fault.IMAGE_TOO_MANY)

        image_id = await gallery.lay(caller.workspace_id, None, name, picture, check)
        async with database.write(still_there(request.scope)) as connection:
            if not await images.finish(connection, image_id):
                raise Refusal(Fault.IMAGE_STORE_UNAVAILABLE)
            await note(
                connection, actor_of(request), "style_image.added", caller.workspace_id, image=image_id
            )
        size, now = len(picture[1]), clock.now_ms()
        return show_style(Image(id=image_id, persona_id=None, name=name, size=size, created_at=now))

    return add_style_image


@delete("/style-images/{image:str}", opt=REMOVING, summary="Delete a style image of a project")
async def remove_style_image(
    request: AnyRequest, database: Store, config: Settings, project: str, image: str
) -> None:
    """Its bytes are erased soon after."""
    caller = caller_of(request)
    async with database.write(still_there(request.scope)) as connection:
        await require_project(connection, request, config, project)
        known = None
        if NAME.fullmatch(image):
            known = await images.find(connection, caller.workspace_id, caller.owner, image)
        if known is None or known.persona_id is not None:
            raise Refusal(Fault.IMAGE_UNKNOWN)
        await images.let_go(connection, [image])
        await store.show_no_more(connection, image)
        await note(connection, actor_of(request), "style_image.removed", caller.workspace_id, image=image)


def _named(name: str) -> str:
    if len(name) > NAME_LENGTH or "\0" in name:
        raise _unacceptable("name", f"at most {NAME_LENGTH} characters, and not NUL")
    return name.strip()


def _picture(text: str) -> tuple[Form, bytes]:
    """Read base64, perhaps behind `data:image/png;base64,`. Raises Refusal."""
    if text.startswith("data:"):
        text = text.partition(",")[2]
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise _unacceptable("image", "is no base64") from None
    form = form_of(data)
    if form is None or len(data) > STYLE_BYTES:
        raise _unacceptable("image", f"a PNG, JPEG or WebP of at most {STYLE_BYTES >> 20} MiB is needed")
    return form, data


def _unacceptable(field: str, problem: str) -> Refusal:
    details = [Detail([field], problem, "value_error")]
    return Refusal(Fault.IMAGE_UNACCEPTABLE, f"`{field}`: {problem}.", details=details)
