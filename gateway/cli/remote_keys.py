"""Commands on keys work on a gateway somewhere else through its native API."""

from urllib.parse import quote

import msgspec

from gateway import clock
from gateway.auth.view import KeyView
from gateway.cli.api import Answer, RemoteRoom
from gateway.cli.failures import Failure
from gateway.cli.rooms import MadeKey, NewKey


class _Made(msgspec.Struct):
    id: str
    key: str
    workspace: str


class RemoteKeys(RemoteRoom):
    """The `Keys` of the workspace that the key decides on."""

    async def create(self, wanted: NewKey) -> MadeKey:
        if wanted.operator:
            raise Failure("a key with --operator is made on the store only, where the gateway runs")
        body: dict[str, object] = {"name": wanted.name}
        if wanted.scopes is not None:
            body["scopes"] = wanted.scopes
        if wanted.expires_at is not None:
            body["expires_at"] = clock.iso(wanted.expires_at)
        return self._made(await self._api.call("POST", "/v1/keys", body=body))

    async def listed(self) -> list[KeyView]:
        return await self._api.pages("/v1/keys", KeyView)

    async def revoke(self, key_id: str) -> bool:
        await self._api.call("DELETE", f"/v1/keys/{quote(key_id, safe='')}")
        return True

    async def rotate(self, key_id: str, grace: int) -> MadeKey:
        body = {"grace_seconds": grace}
        return self._made(
            await self._api.call("POST", f"/v1/keys/{quote(key_id, safe='')}/rotate", body=body)
        )

    def _made(self, answer: Answer) -> MadeKey:
        made = answer.read(_Made)
        return MadeKey(made.id, made.key, f"in the workspace `{made.workspace}` at {self._api.root}")
