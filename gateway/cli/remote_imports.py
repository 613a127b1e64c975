"""Documents are imported by a gateway somewhere else through its native API."""

import base64

from gateway.cli.api import RemoteRoom
from gateway.cli.rooms import Document
from gateway.importing.view import Imported, ImportedList


class RemoteImports(RemoteRoom):
    """The `Imports` of the workspace that the key decides on."""

    async def take(self, document: Document) -> list[Imported]:
        body = {
            "format": document.format,
            "base64": base64.b64encode(document.data).decode(),
            "name": document.name,
            "visibility": document.visibility,
        }
        if document.slug is not None:
            body["slug"] = document.slug
        return (await self._api.call("POST", "/v1/personas/import", body=body)).read(ImportedList).data
