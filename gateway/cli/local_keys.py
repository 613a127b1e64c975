"""Commands on keys work, without a server, on the store of this machine."""

from gateway.auth import pepper
from gateway.auth import store as auth
from gateway.auth.scopes import DEFAULT, expand
from gateway.auth.view import KeyView, show_key
from gateway.cli.failures import Failure
from gateway.cli.opening import LocalRoom
from gateway.cli.rooms import MadeKey, NewKey
from gateway.storage.audit import Actor


class LocalKeys(LocalRoom):
    """The `Keys` of a workspace in the store here."""

    async def create(self, wanted: NewKey) -> MadeKey:
        hasher = await pepper.prepare(self._database, self._config)
        async with self._database.write() as connection:
            key, text = await auth.create_key(
                connection,
                hasher,
                self._workspace,
                name=wanted.name,
                scopes=expand(DEFAULT) if wanted.scopes is None else wanted.scopes,
                operator=wanted.operator,
                expires_at=wanted.expires_at,
            )
        return MadeKey(key.id, text, self._place)

    async def listed(self) -> list[KeyView]:
        async with self._database.read() as connection:
            return [show_key(key) for key in await auth.workspace_keys(connection, self._workspace.id)]

    async def revoke(self, key_id: str) -> bool:
        async with self._database.write() as connection:
            before = await auth.revoke_key(connection, self._workspace.id, key_id)
        if before is None:
            raise Failure(f"there is no key `{key_id}` {self._where}")
        return before.revoked_at is None

    async def rotate(self, key_id: str, grace: int) -> MadeKey:
        hasher = await pepper.prepare(self._database, self._config)
        async with self._database.write() as connection:
            old = await auth.key(connection, self._workspace.id, key_id)
            if old is None:
                raise Failure(f"there is no key `{key_id}` {self._where}")
            if not old.is_valid():
                raise Failure(f"`{key_id}` is revoked or has ended; `persona keys create` makes another")
            made, text = await auth.rotate_key(
                connection,
                hasher,
                self._workspace,
                old,
                grace=grace,
                expires_at=old.expires_at,
                actor=Actor(self._workspace.id),
            )
        return MadeKey(made.id, text, self._place)

    @property
    def _where(self) -> str:
        return f"in the workspace `{self._workspace.name}`"

    @property
    def _place(self) -> str:
        return f"{self._where} of {self._database.place}"
