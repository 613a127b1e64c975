"""Commands work on the budgets in the store of this machine."""

from gateway.budgets import setting
from gateway.budgets.budget import Period, Unit
from gateway.budgets.store import records
from gateway.budgets.store.records import Name
from gateway.budgets.view import BudgetView, show
from gateway.cli.failures import Failure
from gateway.cli.opening import LocalRoom
from gateway.errors import Refusal
from gateway.storage.audit import Actor


class LocalBudgets(LocalRoom):
    """The `Budgets` of a workspace; whoever sits at the terminal may do everything with them."""

    async def listed(self, subject: str | None) -> list[BudgetView]:
        workspace_id = self._workspace.id
        async with self._database.read() as connection:
            if subject is not None:
                subject = await records.subject(connection, workspace_id, None, subject) or subject
            found = await records.listed(connection, workspace_id, None, subject=subject)
        return [show(each) for each in found]

    async def set(self, subject: str, unit: Unit, period: Period, limit: float) -> BudgetView:
        try:
            most = setting.amount(unit, limit)
            async with self._database.write() as connection:
                name, actor = self._name(subject, unit, period), Actor(self._workspace.id)
                return show(await setting.put(connection, name, most, actor, None))
        except Refusal as refusal:
            raise Failure(refusal.message) from None

    async def remove(self, subject: str, unit: Unit, period: Period) -> None:
        try:
            async with self._database.write() as connection:
                name, actor = self._name(subject, unit, period), Actor(self._workspace.id)
                await setting.remove(connection, name, actor, None)
        except Refusal as refusal:
            raise Failure(refusal.message) from None

    def _name(self, subject: str, unit: Unit, period: Period) -> Name:
        return Name(self._workspace.id, subject, unit, period)
