"""`persona reload` asks a gateway somewhere else by its native API."""

from collections.abc import AsyncGenerator

import msgspec

from gateway.cli.api import RemoteRoom


class _Reload(msgspec.Struct):
    changed: list[str]


class RemoteGateways(RemoteRoom):
    """Stands for one gateway, that of the URL, as `Gateways`."""

    async def reload(self) -> AsyncGenerator[tuple[str, list[str]], None]:
        answer = await self._api.call("POST", "/v1/admin/reload", body={})
        yield self._api.root, answer.read(_Reload).changed
