"""Commands work on the budgets of a gateway somewhere else."""

from urllib.parse import quote

from gateway.budgets.budget import Period, Unit
from gateway.budgets.view import BudgetView
from gateway.cli.api import RemoteRoom

PLACE = "/v1/budgets"


class RemoteBudgets(RemoteRoom):
    """The `Budgets` of the key's workspace."""

    async def listed(self, subject: str | None) -> list[BudgetView]:
        return await self._api.pages(PLACE, BudgetView, {} if subject is None else {"subject": subject})

    async def set(self, subject: str, unit: Unit, period: Period, limit: float) -> BudgetView:
        answer = await self._api.call("PUT", _place(subject, unit, period), body={"limit": limit})
        return answer.read(BudgetView)

    async def remove(self, subject: str, unit: Unit, period: Period) -> None:
        await self._api.call("DELETE", _place(subject, unit, period))


def _place(subject: str, unit: Unit, period: Period) -> str:
    return f"{PLACE}/{quote(subject, safe='')}/{unit}/{period}"
