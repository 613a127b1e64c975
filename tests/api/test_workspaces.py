"""Workspaces: made and listed by operators, seen by others as their own alone."""

from concurrent.futures import ThreadPoolExecutor

from tests.api.conftest import NAMES, User, details, made, refused


def test_an_operator_makes_a_workspace_with_a_mode(operator: User) -> None:
    for mode in ("live", "test"):
        name = f"team-{next(NAMES)}"
        workspace = made(operator.post("/workspaces", {"name": name, "mode": mode}))
        assert (workspace["name"], workspace["mode"]) == (name, mode)
        key = made(operator.post("/keys", {"workspace": workspace["id"]}))
        assert key["key"].startswith(f"pk_{mode}_")
        assert key["workspace"] == workspace["id"]
    assert made(operator.post("/workspaces", {"name": f"team-{next(NAMES)}"}))["mode"] == "live"


def test_a_name_is_there_once(operator: User) -> None:
    name = f"team-{next(NAMES)}"
    with ThreadPoolExecutor(4) as pool:
        replies = list(pool.map(lambda _: operator.post("/workspaces", {"name": name}), range(8)))
    assert sorted(reply.status for reply in replies) == [201] + [409] * 7
    refused(operator.post("/workspaces", {"name": name}), 409, "workspace.name_taken")


def test_a_wrong_body_is_told(operator: User) -> None:
    for name in ("", "a b", "-a", "a" * 65, "a\0", "ü"):
        refusal = operator.post("/workspaces", {"name": name})
        assert details(refusal, 422, "workspace.schema_violation") == [(["name"], "value_error")]
    assert details(operator.post("/workspaces", {})) == [(["name"], "missing")]
    assert details(operator.post("/workspaces", {"name": "a", "mode": "dev"})) == [(["mode"], "type_error")]
    assert details(operator.post("/workspaces", {"name": "a", "x": 1})) == [(["x"], "unknown_field")]


def test_others_see_their_own_alone_and_make_none(operator: User, me: User) -> None:
    assert [one["id"] for one in me.get("/workspaces").json["data"]] == [me.workspace]
    refused(me.post("/workspaces", {"name": "free"}), 403, "auth.operator_required")
    reader = me.colleague("personas:read")
    refused(reader.get("/workspaces"), 403, "auth.missing_scope")
    refused(reader.post("/workspaces", {"name": "free"}), 403, "auth.missing_scope")


def test_an_operator_sees_all_page_by_page(operator: User, me: User) -> None:
    pages = operator.pages("/workspaces", 3)
    names = [one["name"] for page in pages for one in page]
    assert names == sorted(set(names))
    assert me.workspace in [one["id"] for page in pages for one in page]
    assert details(operator.get("/workspaces?after=%20")) == [(["query", "after"], "value_error")]


def test_the_workspace_header_has_to_fit(me: User, stranger: User) -> None:
    assert me.get("/personas", persona_workspace=me.workspace).status == 200
    told = {
        refused(me.get("/personas", persona_workspace=name), 403, "auth.wrong_workspace")["message"]
        for name in (stranger.workspace, "ws_nothing", "")
    }
    assert len(told) == 1
