"""What `persona doctor` finds, with one broken part of each kind."""

import asyncio
import json
import socket
from pathlib import Path

import pytest

from gateway.auth import pepper
from gateway.cli import doctor, store_findings, upstream_findings
from gateway.cli.finding import Finding
from gateway.cli.store_findings import Moment, schema, skew, steps
from gateway.config import Upstream, load
from gateway.storage.database import Database
from gateway.upstreams.failure import UpstreamFailure
from tests.cli.conftest import Persona
from tests.fakes.postgres import Server
from tests.fakes.process import Gateway
from tests.fakes.upstream import ScriptedUpstream
from tests.fakes.upstream_scripts import error_object, status

ANY_PORT = "[server]\nport = 0\n"
NOW = 1_800_000_000_000


def by_part(text: str) -> dict[str, dict[str, str]]:
    return {found["part"]: found for found in json.loads(text)}


def to(place: str, *lines: str) -> str:
    return "\n".join([f'{ANY_PORT}[upstreams.main]\nbase_url = "{place}"', *lines])


def examined(folder: Path, text: str = "") -> dict[str, Finding]:
    (folder / "config.toml").write_text(ANY_PORT + text)
    settings = load(folder / "config.toml", {})
    found = asyncio.run(store_findings.examine(settings, Moment.now()))
    return {one.part: one for one in found}


def test_a_sound_gateway_has_nothing_to_do(persona: Persona, folder: Path) -> None:
    (folder / "config.toml").write_text(to("http://127.0.0.1:1/v1", 'default_model = "m"'))
    found = by_part(persona("doctor", "--json").out)
    assert list(found) == ["config", "store", "migrations", "pepper", "clock", "upstreams.main", "port"]
    assert {one["state"] for one in found.values()} == {"ok"}
    assert not any(one["remedy"] for one in found.values())
    lines = persona("doctor").out.splitlines()
    assert [line.split()[:2] for line in lines] == [["ok", part] for part in found]
    assert not (folder / "persona.pepper").exists()


@pytest.mark.parametrize(
    ("text", "part", "message"),
    [
        ("[server]\nprot = 1", "config", "has no key `prot`"),
        ('[generation]\npipeline = "none"', "config", "`none` is none of"),
        (ANY_PORT + '[store]\nurl = "sqlite:///config.toml"', "store", "not a database"),
        (ANY_PORT + '[upstreams.openai]\napi_key_env = "NOWHERE"', "upstreams.openai", "NOWHERE is not set"),
        (to("http://gone.invalid/v1"), "upstreams.main", "gone.invalid is not found"),
        ('[server]\nhost = "192.0.2.1"\nport = 8099', "port", "192.0.2.1:8099 cannot be listened on"),
        (ANY_PORT + '[images]\nstore = "file:config.toml/x"\n[upstreams.openai]', "images", "cannot be used"),
        (ANY_PORT + '[local]\nmodel_path = "none.gguf"', "upstreams.local", "none.gguf cannot be read"),
    ],
)
def test_a_broken_part_fails_and_says_what_to_do(
    persona: Persona, folder: Path, text: str, part: str, message: str
) -> None:
    if "default_model" not in text and "[upstreams" in text:
        text += '\ndefault_model = "m"'
    (folder / "config.toml").write_text(text)
    found = by_part(persona("doctor", "--json", code=1).out)[part]
    assert found["state"] == "fail"
    assert message in found["message"]
    assert found["remedy"]
    assert f"-> {found['remedy']}" in persona("doctor", code=1).out


@pytest.mark.parametrize(
    ("text", "state", "message"),
    [
        ("[metrics]\nport = 0\n", "ok", "is free"),
        ('[metrics]\nport = 0\nhost = "0.0.0.0"\n', "warn", "names of all personas"),
        ('[metrics]\nport = 9\nhost = "192.0.2.1"\n', "fail", "192.0.2.1:9 cannot be listened on"),
        ("[metrics]\nport = 8099\n", "fail", "the port of the gateway itself"),
    ],
)
def test_the_port_of_the_metrics_is_looked_at(
    persona: Persona, folder: Path, text: str, state: str, message: str
) -> None:
    port = 8099 if "8099" in text else 0
    upstream = to("http://127.0.0.1:1/v1", 'default_model = "m"').replace("port = 0", f"port = {port}")
    (folder / "config.toml").write_text(f"{upstream}\n{text}")
    found = by_part(persona("doctor", "--json", code=1 if state == "fail" else 0).out)["metrics"]
    assert (found["state"], message in found["message"]) == (state, True)
    assert bool(found["remedy"]) == (state != "ok")


def test_a_store_that_is_not_made_yet_is_left_to_the_start(persona: Persona, bare: Path) -> None:
    (bare / "config.toml").write_text(ANY_PORT)
    found = by_part(persona("doctor", "--json").out)
    assert (found["store"]["state"], "migrations" in found) == ("warn", False)
    assert not (bare / "persona.db").exists()


def test_a_variable_that_does_nothing_is_named(persona: Persona, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PERSONA__SERVER__PORT", "0")
    monkeypatch.setenv("PERSONA_SERVER__PORT", "1")
    found = by_part(persona("doctor", "--json").out)["environment"]
    assert (found["state"], "PERSONA__SERVER__PORT" in found["remedy"]) == ("warn", True)


@pytest.mark.parametrize(
    ("found", "state"), [("0036", "ok"), ("0035", "warn"), (None, "warn"), ("0037", "fail")]
)
def test_a_schema_is_behind_or_ahead(found: str | None, state: str) -> None:
    assert schema(found, "0036").state == state


@pytest.mark.parametrize(
    ("written", "server", "expected"),
    [
        (None, None, None),
        (NOW - 90_000_000, NOW + 900, None),
        (NOW + 5_000, None, ("warn", "5.0 s behind the store's newest record")),
        (NOW + 90_000, NOW, ("fail", "90.0 s behind the store's newest record")),
        (NOW, NOW - 3_000, ("warn", "3.0 s ahead of the store's server")),
        (NOW, NOW + 61_000, ("fail", "61.0 s behind the store's server")),
    ],
)
def test_a_clock_is_held_against_the_store(
    written: int | None, server: int | None, expected: tuple[str, str] | None
) -> None:
    found = skew(NOW, written, server)
    if expected is None:
        assert found is None
    else:
        assert found is not None
        assert (found.state, found.message) == (expected[0], f"this clock is {expected[1]}")


@pytest.mark.parametrize(("by", "state"), [(0, "ok"), (120, "ok"), (3_000, "warn"), (-3_000, "warn")])
def test_a_clock_that_is_set_meanwhile_is_noticed(by: int, state: str) -> None:
    assert steps(Moment(NOW, 500.0), Moment(NOW + 1_000 + by, 1_500.0)).state == state


def test_a_record_from_the_future_tells_of_a_clock(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    database = Database(f"sqlite:///{folder}/persona.db")

    async def write() -> None:
        from gateway.storage.changes import announce

        async with database.write() as connection:
            await announce(connection, "key", "any")
        await database.close()

    asyncio.run(write())
    assert examined(folder)["clock"].state == "ok"
    from gateway import clock

    before = clock.now_ms()
    monkeypatch.setattr(clock, "now_ms", lambda: before - 3_600_000)
    assert examined(folder)["clock"].state == "fail"


def test_a_lost_or_foreign_pepper_fails_and_an_open_one_is_told(persona: Persona, folder: Path) -> None:
    persona("keys", "create")
    place = folder / "persona.pepper"
    assert examined(folder)["pepper"].state == "ok"
    place.chmod(0o644)
    assert f"chmod 600 {place}" in str(examined(folder)["pepper"].remedy)
    kept = place.read_text()
    for text, message in (
        ("short", "is cut off"),
        ("another pepper altogether", "is not the pepper"),
        (None, "is missing"),
    ):
        place.unlink()
        if text is not None:
            place.write_text(text)
        found = examined(folder)["pepper"]
        assert (found.state, message in found.message) == ("fail", True)
        assert "persona db new-pepper" in str(found.remedy)
        place.touch()
    place.write_text(kept)
    found = examined(folder, '[keys]\npepper = "another pepper altogether"')["pepper"]
    assert (found.state, "another pepper" in str(found)) == ("fail", False)
    assert pepper.place(load(folder / "config.toml", {})) == place


def test_a_port_is_free_or_a_gateways_or_somebody_elses(served: Gateway, folder: Path) -> None:
    def port(number: int) -> Finding:
        (folder / "config.toml").write_text(f"[server]\nport = {number}")
        return doctor.port(load(folder / "config.toml", {}))

    mine = port(int(served.root.rpartition(":")[2]))
    assert (mine.state, "a gateway answers" in mine.message) == ("ok", True)
    with socket.create_server(("127.0.0.1", 0)) as other:
        number = other.getsockname()[1]
        other.settimeout(0)
        # Whoever listens and says nothing is no gateway.
        taken = port(number)
    assert (taken.state, "another program" in taken.message) == ("fail", True)
    assert port(0).state == "ok"


@pytest.mark.parametrize(
    ("table", "keyless"),
    [
        (Upstream(), True),
        (Upstream(headers={"X-Org": "o"}), True),
        (Upstream(api_key="k"), False),
        (Upstream(headers={"Api-Key": "k"}), False),
    ],
)
def test_a_key_may_be_any_header_of_credentials(table: Upstream, keyless: bool) -> None:
    assert upstream_findings.is_keyless(table) == keyless


@pytest.mark.parametrize(
    ("address", "near"), [("127.0.0.1", True), ("10.1.2.3", True), ("fe80::1%eth0", True), ("8.8.8.8", False)]
)
def test_keys_are_missed_at_public_addresses_alone(address: str, near: bool) -> None:
    assert upstream_findings.is_near(address) == near


@pytest.mark.parametrize(
    ("failure", "told", "remedy"),
    [
        (UpstreamFailure("status", "a", status=401), "failed with status 401", "key"),
        (UpstreamFailure("status", "a", status=404), "failed with status 404", "base_url"),
        (UpstreamFailure("status", "a", status=429), "failed with status 429", "quota"),
        (UpstreamFailure("status", "a", status=400), "failed with status 400", "default_model"),
        (UpstreamFailure("status", "a", status=503), "failed with status 503", "later"),
        (UpstreamFailure("connection", "a", was_reached=False), "could not be reached", "base_url"),
        (UpstreamFailure("bad_answer", "a"), "is not one", "later"),
    ],
)
def test_a_failed_call_says_what_to_do(failure: UpstreamFailure, told: str, remedy: str) -> None:
    assert told in upstream_findings.told(failure)
    assert remedy in upstream_findings.remedy_for(failure)


def test_a_live_call_is_one_real_call(
    persona: Persona, folder: Path, upstream: ScriptedUpstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MAIN_KEY", "sk-hidden-from-everybody-1")
    lines = ('default_model = "m"', 'api_key_env = "MAIN_KEY"')
    (folder / "config.toml").write_text(to(upstream.base_url, *lines))
    persona("doctor")
    assert upstream.seen == []
    shown = persona("doctor", "--live").out
    assert "m answers" in shown
    assert [seen.headers["authorization"] for seen in upstream.seen] == ["Bearer sk-hidden-from-everybody-1"]
    upstream.reply(status(401, error_object("sk-hidden-from-everybody-1 is refused")))
    shown += persona("doctor", "--live", code=1).out
    assert "m failed with status 401 -> see that the key is this upstream's" in shown
    assert len(upstream.seen) == 2
    assert "hidden" not in shown


def test_a_store_on_a_server_is_looked_at_without_its_password(
    persona: Persona, folder: Path, postgres: Server
) -> None:
    with postgres.database() as url:
        (folder / "config.toml").write_text(f'{ANY_PORT}[store]\nurl = "{url}"')
        assert by_part(persona("doctor", "--json").out)["migrations"]["state"] == "warn"
        persona("db", "upgrade")
        found = by_part(persona("doctor", "--json").out)
        assert {found[part]["state"] for part in ("store", "migrations", "pepper", "clock")} == {"ok"}
    gone = 'url = "postgresql://persona:hidden@127.0.0.1:1/persona"'
    (folder / "config.toml").write_text(f"{ANY_PORT}[store]\n{gone}")
    shown = persona("doctor", code=1).out
    assert "fail  store" in shown
    assert "hidden" not in shown
