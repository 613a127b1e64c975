"""No sequence of key calls gives a caller a right that it did not have."""

from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from gateway.auth.scopes import SCOPES
from tests.api.conftest import User, made

FOREVER = datetime.max.replace(tzinfo=UTC)
REFUSED = {401, 403, 404}
scopes = st.none() | st.lists(st.sampled_from([*SCOPES, "personas:*", "*"]), max_size=4)
hours = st.none() | st.integers(1, 100)


class Held(User):
    """A key, with all that it may do because of the key that made it."""

    def __init__(self, parent: User, shown: dict[str, Any], owner: str, operator: bool = False) -> None:
        super().__init__(parent.gateway, shown["key"], shown["id"], shown["workspace"])
        self.scopes = frozenset(shown["scopes"])
        self.operator = operator
        self.owner = owner
        self.ends = ends(shown)
        self.revoked = False


def ends(shown: dict[str, Any]) -> datetime:
    return datetime.fromisoformat(shown["expires_at"]) if shown["expires_at"] else FOREVER


def machine(operator: User) -> type[RuleBasedStateMachine]:
    """Make the machine over the gateway of this operator."""

    class Rights(RuleBasedStateMachine):
        keys = Bundle[Held]("keys")

        @initialize(target=keys)
        def first(self) -> Held:
            """Begin with a tenant's key and a private persona, and another tenant, whom nobody may reach."""
            self.other = operator.neighbour()
            tenant = operator.neighbour()
            listed = next(one for one in tenant.get("/keys").json["data"] if one["id"] == tenant.id)
            held = Held(tenant, {**listed, "key": tenant.key}, tenant.id)
            self.private = {tenant.id: held.persona()["id"]}
            return held

        @rule(target=keys, by=keys, wanted=scopes, lasting=hours, elsewhere=st.booleans())
        def create(self, by: Held, wanted: list[str] | None, lasting: int | None, elsewhere: bool) -> Held:
            body: dict[str, Any] = {} if wanted is None else {"scopes": wanted}
            if lasting is not None:
                body["expires_at"] = (datetime.now(UTC) + timedelta(hours=lasting)).isoformat()
            if elsewhere:
                body["workspace"] = self.other.workspace
            reply = by.post("/keys", body)
            if reply.status != 201:
                assert reply.status in REFUSED
                return by
            shown = made(reply)
            assert not by.revoked
            assert not elsewhere
            made_by_it = Held(by, shown, shown["id"])
            self.no_more(made_by_it, by)
            if {"personas:write", "personas:read"} <= made_by_it.scopes:
                persona = made_by_it.persona(f"p-{len(self.private)}")
                self.private[made_by_it.id] = persona["id"]
            return made_by_it

        @rule(target=keys, by=keys, of=keys, grace=st.integers(600, 7200))
        def rotate(self, by: Held, of: Held, grace: int) -> Held:
            reply = by.post(f"/keys/{of.id}/rotate", {"grace_seconds": grace})
            if reply.status != 201:
                assert reply.status in REFUSED
                return by
            assert not by.revoked
            assert by.id == of.id
            new = Held(by, made(reply), of.owner)
            self.no_more(new, by)
            assert new.scopes == of.scopes
            listed = {one["id"]: one for one in operator_view(new)}
            if of.id in listed:
                of.ends = ends(listed[of.id])
            return new

        @rule(by=keys, of=keys)
        def revoke(self, by: Held, of: Held) -> None:
            reply = by.delete(f"/keys/{of.id}")
            if reply.status == 204:
                assert of.scopes <= by.scopes
                of.revoked = True
            else:
                assert reply.status in REFUSED

        @rule(by=keys)
        def reach_the_other(self, by: Held) -> None:
            for reply in (
                by.post(f"/keys/{self.other.id}/rotate"),
                by.delete(f"/keys/{self.other.id}"),
                by.post("/workspaces", {"name": "grab"}),
                by.get("/personas", persona_workspace=self.other.workspace),
                by.post("/keys", {"operator": True}),
            ):
                assert reply.status in REFUSED | {400}
            assert self.other.get("/keys").status == 200

        @rule(by=keys)
        def see_private_personas(self, by: Held) -> None:
            for owner, persona in self.private.items():
                status = by.get(f"/personas/{persona}").status
                if owner != by.owner or "personas:read" not in by.scopes:
                    assert status in REFUSED
                elif not by.revoked:
                    assert status == 200

        @staticmethod
        def no_more(new: Held, by: Held) -> None:
            assert new.scopes <= by.scopes
            assert new.ends <= by.ends
            assert new.workspace == by.workspace
            assert not new.operator

    def operator_view(held: Held) -> list[dict[str, Any]]:
        reply = held.get("/keys?limit=200")
        listed: list[dict[str, Any]] = reply.json["data"] if reply.status == 200 else []
        assert not any(one["operator"] for one in listed)
        return listed

    return Rights


def test_no_sequence_of_key_calls_widens_a_right(operator: User) -> None:
    run_state_machine_as_test(
        machine(operator),
        settings=settings(
            max_examples=25,
            stateful_step_count=20,
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
