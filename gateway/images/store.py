"""Pictures are written down before their bytes are kept, and forgotten when these are to be erased."""

from collections.abc import Sequence

import msgspec
from sqlalchemy import delete, func, insert, or_, select, update

from gateway import clock, ids
from gateway.storage import tables
from gateway.storage.connection import AsyncConnection
from gateway.storage.database import fields
from gateway.storage.signs import NOW
from gateway.storage.visibility import is_own
from gateway.work.store import rows

KIND = "image"
"""The kind of work that erases the bytes of a picture."""
HOUR_MS = 3_600_000
"""Milliseconds after which nobody keeps a picture any more that was only begun."""
PORTRAITS = 20
"""Pictures of a persona that are kept, beside the one that it shows."""
AT_ONCE = 100
IMAGE, PERSONA = tables.images.c, tables.personas.c
SIGNS = (select(func.min(IMAGE.gone_at)).where(IMAGE.gone_at <= NOW),)
SHOWN = (IMAGE.id, IMAGE.persona_id, IMAGE.name, IMAGE.size, IMAGE.created_at)


class Image(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    """The name of its bytes on the shelf, too."""
    persona_id: str | None
    """`None` for a style image of the workspace."""
    name: str
    size: int
    created_at: int


async def begin(
    connection: AsyncConnection,
    image_id: str,
    workspace_id: str,
    persona_id: str | None,
    name: str,
    size: int,
) -> None:
    """Write down that a picture is about to be kept: it is erased unless it is finished, and seen then."""
    now = clock.now_ms()
    values = {"id": image_id, "workspace_id": workspace_id, "persona_id": persona_id, "name": name}
    row = {**values, "size": size, "created_at": now, "gone_at": now + HOUR_MS}
    await connection.execute(insert(tables.images).values(row))


async def finish(connection: AsyncConnection, image_id: str) -> bool:
    """Show a picture whose bytes are kept, and tell whether it was still wanted."""
    mine = update(tables.images).where(IMAGE.id == image_id, IMAGE.gone_at > clock.now_ms())
    return (await connection.execute(mine.values(gone_at=None))).rowcount > 0


async def find(connection: AsyncConnection, workspace_id: str, owner: str, image_id: str) -> Image | None:
    """Find a picture that a key of this owner may see: a persona's as its persona, a style by all."""
    query = select(*SHOWN).outerjoin(tables.personas, PERSONA.id == IMAGE.persona_id)
    is_shown = or_(IMAGE.persona_id.is_(None), is_own(workspace_id, owner))
    here = (IMAGE.id == image_id) & (IMAGE.workspace_id == workspace_id) & IMAGE.gone_at.is_(None)
    row = (await connection.execute(query.where(here, is_shown))).first()
    return None if row is None else msgspec.convert(fields(row), Image)


async def styles(connection: AsyncConnection, workspace_id: str) -> list[Image]:
    """List the style images of a workspace, the oldest first."""
    mine = (IMAGE.workspace_id == workspace_id) & IMAGE.persona_id.is_(None) & IMAGE.gone_at.is_(None)
    query = select(*SHOWN).where(mine).order_by(IMAGE.created_at, IMAGE.id)
    return [msgspec.convert(fields(row), Image) for row in await connection.execute(query)]


async def count_styles(connection: AsyncConnection, workspace_id: str) -> int:
    """Count the style images of a workspace, those among them that are about to be kept."""
    mine = (IMAGE.workspace_id == workspace_id) & IMAGE.persona_id.is_(None)
    is_open = or_(IMAGE.gone_at.is_(None), IMAGE.gone_at > clock.now_ms())
    counted = await connection.execute(select(func.count()).select_from(tables.images).where(mine, is_open))
    return int(counted.scalar_one())


async def let_go(connection: AsyncConnection, image_ids: Sequence[str]) -> None:
    """Have pictures erased, from now on nobody sees them."""
    gone = update(tables.images).where(IMAGE.id.in_(image_ids))
    await connection.execute(gone.values(gone_at=clock.now_ms()))


async def thin_out(connection: AsyncConnection, persona_id: str) -> None:
    """Have the oldest pictures of a persona erased that are too many, but for those that are shown."""
    shown = select(tables.sketches.c.image_id).where(tables.sketches.c.image_id.is_not(None))
    mine = (IMAGE.persona_id == persona_id) & IMAGE.gone_at.is_(None) & IMAGE.id.not_in(shown)
    query = select(IMAGE.id).where(mine).order_by(IMAGE.created_at.desc(), IMAGE.id).offset(PORTRAITS)
    await let_go(connection, list(await connection.scalars(query.limit(AT_ONCE))))


async def is_any_gone(connection: AsyncConnection) -> bool:
    """Tell whether there are pictures to erase."""
    query = select(IMAGE.id).where(IMAGE.gone_at <= clock.now_ms()).limit(1)
    return (await connection.execute(query)).first() is not None


async def order_erasure(connection: AsyncConnection) -> bool:
    """Forget pictures that are to go, have work erase their bytes, and tell whether there may be more."""
    some = select(IMAGE.id).where(IMAGE.gone_at <= clock.now_ms()).limit(AT_ONCE)
    gone = delete(tables.images).where(IMAGE.id.in_(list(await connection.scalars(some))))
    found = list(await connection.execute(gone.returning(IMAGE.id, IMAGE.workspace_id)))
    for row in found:
        data = {"image": row.id}
        await rows.enqueue(connection, ids.new("img"), KIND, row.workspace_id, None, data)
    return len(found) == AT_ONCE
