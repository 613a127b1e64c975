"""Documents are imported, without a server, into the store of this machine."""

from gateway.cli.failures import Failure
from gateway.cli.opening import LocalRoom
from gateway.cli.rooms import Document
from gateway.importing import reading, store
from gateway.importing.found import ImportingError
from gateway.importing.view import Imported
from gateway.personas.acceptance import DraftError
from gateway.personas.store.aliases import AliasTakenError
from gateway.storage.audit import Actor


class LocalImports(LocalRoom):
    """The `Imports` of a workspace in the store here."""

    async def take(self, document: Document) -> list[Imported]:
        try:
            read = reading.read(
                document.format, document.data, document.name, document.slug, document.visibility
            )
        except reading.SeveralError as error:
            raise Failure(f"--slug {error}") from None
        except (ImportingError, DraftError) as error:
            raise Failure(f"{error}") from None
        async with self._database.write() as connection:
            try:
                return [
                    await store.take(connection, each, drafts, Actor(self._workspace.id), is_local=True)
                    for each, drafts in read
                ]
            except AliasTakenError as error:
                raise Failure(f"the alias `{error}` is another persona's") from None
