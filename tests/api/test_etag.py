"""ETag and If-Match: nobody overwrites what he has not seen."""

from concurrent.futures import ThreadPoolExecutor

from tests.api.conftest import User, refused


def tag(me: User) -> str:
    return me.get("/personas/muse").headers["etag"]


def test_every_write_moves_the_tag(me: User) -> None:
    me.persona()
    tags = [tag(me)]
    for change in ({"prompt": "B"}, {"name": "B"}, {"status": "archived"}, {"status": "active"}):
        tags.append(me.patch("/personas/muse", change).headers["etag"])
        assert tags[-1] == tag(me)
    tags.append(me.put("/personas/muse/labels/beta", {"version": 1}).headers["etag"])
    assert me.delete("/personas/muse/labels/beta").status == 204
    tags.append(tag(me))
    tags.append(me.post("/personas/muse/versions/1/restore").headers["etag"])
    assert len(set(tags)) == len(tags)
    assert me.patch("/personas/muse", {"name": "B"}).headers["etag"] == tags[-1]


def test_a_stale_tag_changes_nothing(me: User) -> None:
    me.persona()
    stale = tag(me)
    me.patch("/personas/muse", {"prompt": "B"})
    now = me.get("/personas/muse").json
    for wrong in (stale, "W/" + tag(me), tag(me).strip('"'), "", '"x"', f'{stale}, "y"'):
        for reply in [
            me.patch("/personas/muse", {"prompt": "C"}, if_match=wrong),
            me.put("/personas/muse/labels/beta", {"version": 1}, if_match=wrong),
            me.delete("/personas/muse/labels/beta", if_match=wrong),
            me.post("/personas/muse/versions/1/restore", if_match=wrong),
            me.delete("/personas/muse", if_match=wrong),
            me.delete("/personas/muse?purge=true", if_match=wrong),
        ]:
            refused(reply, 412, "request.precondition_failed")
    assert me.get("/personas/muse").json == now


def test_the_right_tag_a_list_with_it_and_a_star_let_through(me: User) -> None:
    me.persona()
    for number, right in enumerate(['"{0}"', "*", '"other", "{0}"', '  "{0}"  ']):
        header = right.format(tag(me).strip('"'))
        assert me.patch("/personas/muse", {"name": f"N{number}"}, if_match=header).status == 200
    refused(me.patch("/personas/nobody", {"name": "A"}, if_match="*"), 404, "persona.not_found")


def test_of_writers_with_one_tag_one_wins(me: User) -> None:
    me.persona()
    seen = tag(me)
    with ThreadPoolExecutor(8) as pool:
        writes = [
            pool.submit(me.patch, "/personas/muse", {"prompt": f"P{no}"}, if_match=seen) for no in range(12)
        ]
    statuses = sorted(write.result().status for write in writes)
    assert statuses == [200] + [412] * 11
    assert me.get("/personas/muse").json["version"] == 2
