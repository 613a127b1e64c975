"""Documents are imported, without a server, into the store of this machine."""

from gateway.auth.keys import Workspace
from gateway.cli.failures import Failure
from gateway.cli.rooms import Document
from gateway.importing import formats, store
from gateway.importing.found import ImportingError
from gateway.importing.view import Imported
from gateway.personas.acceptance import DraftError
from gateway.personas.body import slug_from
from gateway.personas.store.aliases import AliasTakenError
from gateway.storage.audit import Actor
from gateway.storage.database import Database


class LocalImports:
    """The `Imports` of a workspace in the store here."""

    def __init__(self, database: Database, workspace: Workspace) -> None:
        self._database = database
        self._actor = Actor(workspace.id)

    async def take(self, document: Document) -> list[Imported]:
        try:
            found = formats.read(document.format, document.data, document.name)
            if document.slug is not None and len(found) != 1:
                raise Failure(f"--slug is for one persona, and the document holds {len(found)}")
            made = [
                list(store.drafts(each, document.slug or slug_from(each.name), document.visibility))
                for each in found
            ]
        except ImportingError as error:
            raise Failure(f"{error}") from None
        except DraftError as error:
            raise Failure(f"{error}") from None
        async with self._database.write() as connection:
            try:
                return [
                    await store.take(connection, each, drafts, self._actor, is_local=True)
                    for each, drafts in zip(found, made, strict=True)
                ]
            except AliasTakenError as error:
                raise Failure(f"the alias `{error}` is another persona's") from None
