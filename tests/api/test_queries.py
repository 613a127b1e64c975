"""Query strings: a name that a route does not know is an error."""

import pytest

from tests.api.conftest import User, details


@pytest.mark.parametrize(
    ("path", "name", "told"),
    [
        ("/turns?verdcit=drifting", "verdcit", "did you mean `verdict`"),
        ("/personas?limit=5&x=1", "x", "there are: "),
        ("/personas/muse?version=v1", "version", "there are: none"),
        ("/usage?By=day", "By", "did you mean `by`"),
    ],
)
def test_an_unknown_name_is_told_with_those_that_there_are(me: User, path: str, name: str, told: str) -> None:
    me.persona()
    reply = me.get(path)
    assert details(reply) == [(["query", name], "unknown_field")]
    assert told in reply.json["error"]["message"]


def test_a_word_that_is_not_taken_is_told_with_those_that_are(me: User) -> None:
    reply = me.get("/usage?by=dya")
    assert details(reply) == [(["query", "by"], "type_error")]
    words = "`day`, `hour`, `key`, `persona`, `upstream`, `version`"
    assert reply.json["error"]["message"] == f"`query.by`: Invalid enum value 'dya'; there are: {words}."


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (
            {"overlay": "apend"},
            "`overlay`: Invalid enum value 'apend'; there are: `append`, `locked`, `replace`.",
        ),
        (
            {"defaults": {"temprature": 1}},
            "`defaults.temprature`: is no known parameter; did you mean `temperature`?",
        ),
        ({"overlai": "append"}, "`overlai`: there is no such field; did you mean `overlay`?"),
    ],
)
def test_a_body_is_told_what_there_is(me: User, body: dict[str, object], told: str) -> None:
    reply = me.post("/personas", {"slug": "muse", "prompt": "You muse.", **body})
    assert reply.status in (400, 422)
    assert reply.json["error"]["message"] == told


def test_a_query_of_very_many_names_is_no_mistake_of_ours(me: User) -> None:
    assert details(me.get("/turns?" + "x=1&" * 5000)) == [(["query", "x"], "unknown_field")]


def test_every_known_name_passes(me: User) -> None:
    assert me.get("/personas?q=a&limit=5").status == 200
    assert me.get("/turns?verdict=drifting&limit=1").status == 200
