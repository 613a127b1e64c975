"""The configuration: every mistake names its place, and the file that is delivered says what is true."""

import re
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from gateway import config as configs
from gateway.config import Config, ConfigError, Judge, Route, Strict, Upstream, load, masked, order
from gateway.config.resolving import KNOWN_BASE_URLS

DELIVERED = Path(__file__).parents[2] / "config.toml"
MAIN = '[upstreams.main]\nbase_url = "http://upstream.test/v1"\ndefault_model = "m"\n'


class Loader:
    def __init__(self, path: Path) -> None:
        self.path = path

    def __call__(self, text: str = "", **environ: str) -> Config:
        self.path.write_text(text)
        return load(self.path, environ)

    def mistake(self, text: str = "", **environ: str) -> str:
        with pytest.raises(ConfigError) as caught:
            self(text, **environ)
        return str(caught.value).replace(str(self.path), "FILE")


@pytest.fixture
def loaded(tmp_path: Path) -> Loader:
    """Loads a configuration file of this text."""
    return Loader(tmp_path / "persona.toml")


def test_an_empty_file_means_the_defaults(loaded: Loader, tmp_path: Path) -> None:
    found = loaded()
    assert found.store.url == f"sqlite:///{tmp_path / 'persona.db'}"
    assert order(found) == [Route("local", configs.BUNDLED_MODEL)]
    expected = msgspec.structs.replace(Config(), store=found.store, chat=found.chat)
    assert found == expected


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("x = 3", "FILE: the top level has no key `x`"),
        ("server = 3", "FILE: server: Expected `object`, got `int`"),
        ("[sever]", "FILE: the top level has no key `sever`"),
        ("[server]\nprot = 1", "FILE: table [server] has no key `prot`"),
        ('[server]\nport = "1"', "FILE: [server] port: Expected `int`, got `str`"),
        ("[server]\nport = 65536", "FILE: [server] port: Expected `int` <= 65535"),
        ("[server]\nworkers = 0", "FILE: [server] workers: Expected `int` >= 1"),
        ("[chat]\nretry_for = 0", "FILE: [chat] retry_for: Expected `float` > 0.0"),
        ("[chat]\nupstreams = [3]", "FILE: [chat] upstreams[0]: Expected `str`, got `int`"),
        ('[log]\nlevel = "loud"', "FILE: [log] level: Invalid enum value 'loud'"),
        ("[upstreams]\na = 3", "FILE: [upstreams] a: Expected `object`, got `int`"),
        (MAIN + "[upstreams.b]\nbase_url = 3", "FILE: [upstreams.b] base_url: Expected `str`, got `int`"),
        (MAIN + '[upstreams."b.c"]\nx = 3', "FILE: table [upstreams.b.c] has no key `x`"),
        ("[drift.judge]\nsample = 1.5", "FILE: [drift.judge] sample: Expected `float` <= 1.0"),
        ("[drift.judge]\nrate = 1", "FILE: table [drift.judge] has no key `rate`"),
        (
            '[drift.judge]\nupstream = "gone/m"',
            "FILE: [drift.judge] upstream: `gone/m` names no configured upstream; there are: local",
        ),
        (
            '[upstreams.b]\nbase_url = "http://b.test"\n[drift.judge]\nupstream = "b"',
            "FILE: [drift.judge] upstream: `b` names no model and [upstreams.b] has no default_model",
        ),
        (
            '[drift.judge]\nupstream = "local"',
            "FILE: [drift.judge] upstream: the bundled model cannot judge; name another upstream",
        ),
        (
            MAIN + '[drift.judge]\nupstream = "main/persona/edith"',
            "FILE: [drift.judge] upstream: a persona cannot judge; name a plain model",
        ),
        (
            MAIN + '[server]\nworkers = 4\n[drift.judge]\nupstream = "main/j"\ncalls_per_hour = 3',
            "FILE: [drift.judge] calls_per_hour: 4 workers share it; give each one call, or leave it out",
        ),
        (
            MAIN + '[drift.judge]\nupstream = "main/j"\nusd_per_hour = 1',
            "FILE: [drift.judge] usd_per_hour: `main/j` has no price; add one to `prices` of its upstream",
        ),
        ("[drift.judge]\nrisk = -1", "FILE: [drift.judge] risk: Expected `float` >= 0.0"),
        (
            MAIN + "timeouts = {connect = 0}",
            "FILE: [upstreams.main.timeouts] connect: Expected `float` > 0.0",
        ),
        (MAIN + "timeouts = {conect = 1}", "FILE: table [upstreams.main.timeouts] has no key `conect`"),
        (MAIN + "headers = {a = 1}", "FILE: [upstreams.main] headers: Expected `str`, got `int`"),
        (
            MAIN + 'headers = {a = "b\\nc"}',
            "FILE: [upstreams.main] headers: the value of `a` holds U+000A (a control character) at place 2; "
            "write ASCII only",
        ),
        (
            MAIN + 'headers = {"a b" = "c"}',
            "FILE: [upstreams.main] headers: `a b` is not fit for the name of a header",
        ),
        (
            MAIN + 'headers = {api-key = "abc\\u00A0"}',
            "FILE: [upstreams.main] headers: the value of `api-key` holds U+00A0 (no-break space) at "
            "place 4; write ASCII only",
        ),
        (
            MAIN + 'api_key = "sk-\\u200Babc"',
            "FILE: [upstreams.main]: the API key holds U+200B (zero width space) at place 4, which no key "
            "has; copy it again",
        ),
        (
            MAIN + 'api_key = "\\uFEFFabc"',
            "FILE: [upstreams.main]: the API key holds U+FEFF (zero width no-break space) at place 1, which "
            "no key has; copy it again",
        ),
        (
            MAIN + 'api_key = "a\\nb"',
            "FILE: [upstreams.main]: the API key holds U+000A (a control character) at place 2, which no key "
            "has; copy it again",
        ),
        (
            MAIN + 'api_key = "a"\napi_key_env = "B"',
            "FILE: [upstreams.main]: api_key and api_key_env exclude each other",
        ),
        (
            MAIN + 'api_key_env = "B"',
            "FILE: [upstreams.main] api_key_env: the environment variable B is not set",
        ),
        ("[upstreams.other]", "FILE: [upstreams.other] base_url: an http:// or https:// address is needed"),
        (
            '[upstreams.other]\nbase_url = "ftp://a"',
            "FILE: [upstreams.other] base_url: an http:// or https:// address is needed",
        ),
        (
            '[upstreams.other]\nbase_url = "http://a:99999/v1"',
            "FILE: [upstreams.other] base_url: an http:// or https:// address is needed",
        ),
        (
            '[upstreams.other]\nbase_url = "http://[a/v1"',
            "FILE: [upstreams.other] base_url: an http:// or https:// address is needed",
        ),
        (
            '[upstreams.other]\nbase_url = "http://a..b/v1"',
            "FILE: [upstreams.other] base_url: an http:// or https:// address is needed",
        ),
        (
            "[upstreams.local]",
            "FILE: [upstreams.local]: this name is kept for the bundled model; see [local]",
        ),
        (
            '[upstreams."a b"]',
            "FILE: [upstreams.a b]: a name holds letters, digits, `-`, `_` and `.` only",
        ),
        (
            '[chat]\nupstreams = ["x/y"]',
            "FILE: [chat] upstreams: `x/y` names no configured upstream; there are: local",
        ),
        (
            '[chat]\nupstreams = ["openai"]\n[upstreams.openai]',
            "FILE: [chat] upstreams: `openai` names no model and [upstreams.openai] has no default_model",
        ),
        ('[embeddings]\nupstream = "x"', "FILE: [embeddings] upstream: there is no upstream `x`"),
        ('[store]\nurl = "mysql://a/b"', "FILE: [store] url: `sqlite:///FILE` is needed"),
        ('[store]\nurl = "sqlite:///:memory:"', "FILE: [store] url: `sqlite:///FILE` is needed"),
        ('[store]\nurl = "sqlite://"', "FILE: [store] url: `sqlite:///FILE` is needed"),
        ("[drift]\nbudget_ms = 0", "FILE: [drift] budget_ms: Expected `float` > 0.0"),
        ("[drift]\nbudget_ms = 60_000", "FILE: [drift] budget_ms: Expected `float` <= 1000.0"),
        ("[drift]\nbudget = 5", "FILE: table [drift] has no key `budget`"),
        ("x = ", "FILE: Invalid value (at end of document)"),
        (
            "[server]\nport = " + "9" * 5000,
            "FILE: a number has too many digits",
        ),
    ],
)
def test_a_mistake_names_its_place(loaded: Loader, text: str, told: str) -> None:
    assert loaded.mistake(text) == told


@pytest.mark.parametrize("hidden", ["\u200b", "\ufeff", "\u00ad", "\u2060", "\u00a0", "é", "\x7f"])
def test_a_key_from_the_environment_with_what_nobody_sees_is_refused(loaded: Loader, hidden: str) -> None:
    loaded.path.write_text(MAIN + 'api_key_env = "B"')
    with pytest.raises(ConfigError, match=f"U\\+{ord(hidden):04X} .* at place 3") as caught:
        load(loaded.path, {"B": f"sk{hidden}secret"})
    assert "secret" not in str(caught.value)


def test_white_space_around_a_key_is_no_part_of_it(loaded: Loader) -> None:
    loaded.path.write_text(MAIN + 'api_key = " sk-abc\\n"')
    assert load(loaded.path, {}).upstreams["main"].api_key == "sk-abc"


def test_a_file_may_begin_with_a_byte_order_mark(loaded: Loader) -> None:
    loaded.path.write_bytes(b"\xef\xbb\xbf[server]\nport = 9000\n")
    assert load(loaded.path, {}).server.port == 9000


def test_a_variable_of_thousands_of_digits_is_no_value(loaded: Loader) -> None:
    loaded.path.write_text("")
    with pytest.raises(ConfigError, match="PERSONA__SERVER__PORT: is no value"):
        load(loaded.path, {"PERSONA__SERVER__PORT": "9" * 5000})


def test_a_file_that_is_no_text_is_named(loaded: Loader) -> None:
    loaded.path.write_bytes(b"\xff")
    with pytest.raises(ConfigError, match=re.escape(str(loaded.path))):
        load(loaded.path, {})


def test_a_file_that_is_missing_is_named(tmp_path: Path) -> None:
    missing = tmp_path / "none.toml"
    told = re.escape(f"{missing}: there is no such configuration file")
    with pytest.raises(ConfigError, match=told):
        load(missing, {})
    with pytest.raises(ConfigError, match=told):
        load(None, {"PERSONA_CONFIG": str(missing)})


@pytest.mark.parametrize(
    ("variable", "value", "read", "expected"),
    [
        ("PERSONA__SERVER__PORT", "9000", lambda found: found.server.port, 9000),
        ("PERSONA__SERVER__HOST", "0.0.0.0", lambda found: found.server.host, "0.0.0.0"),
        ("PERSONA__CHAT__RETRY_FOR", "1.5", lambda found: found.chat.retry_for, 1.5),
        ("PERSONA__CHAT__UPSTREAMS", '["main/x"]', lambda found: found.chat.upstreams, ["main/x"]),
        ("PERSONA__LOG__FORMAT", "json", lambda found: found.log.format, "json"),
        ("PERSONA__DRIFT__ENABLED", "false", lambda found: found.drift.enabled, False),
        ("PERSONA__KEYS__PEPPER", "7", lambda found: found.keys.pepper, "7"),
        ("PERSONA__UPSTREAMS__MAIN__API_KEY", "k", lambda found: found.upstreams["main"].api_key, "k"),
        (
            "PERSONA__UPSTREAMS__MAIN__SYSTEM_ROLE",
            "developer",
            lambda found: found.upstreams["main"].system_role,
            "developer",
        ),
        (
            "PERSONA__UPSTREAMS__MAIN__TEXT_ONLY",
            "true",
            lambda found: found.upstreams["main"].text_only,
            True,
        ),
        ("PERSONA__UPSTREAMS__MAIN__MODELS", '["a"]', lambda found: found.upstreams["main"].models, ["a"]),
        (
            "PERSONA__UPSTREAMS__MAIN__HEADERS",
            '{x = "1"}',
            lambda found: found.upstreams["main"].headers,
            {"x": "1"},
        ),
        (
            "PERSONA__UPSTREAMS__MAIN__HEADERS__X",
            "1",
            lambda found: found.upstreams["main"].headers,
            {"x": "1"},
        ),
        (
            "PERSONA__UPSTREAMS__MAIN__TIMEOUTS__IDLE",
            "3",
            lambda found: found.upstreams["main"].timeouts.idle,
            3,
        ),
        ("PERSONA__UPSTREAMS__OPENAI__API_KEY", "k", lambda found: found.upstreams["openai"].api_key, "k"),
        ("PERSONA__UPSTREAMS__A_B__API_KEY", "k", lambda found: found.upstreams["A-b"].api_key, "k"),
    ],
)
def test_the_environment_overrides(
    loaded: Loader, variable: str, value: str, read: Callable[[Config], object], expected: object
) -> None:
    text = MAIN + '[upstreams.A-b]\nbase_url = "http://upstream.test"\n'
    assert read(loaded(text, **{variable: value})) == expected


@pytest.mark.parametrize(
    ("variable", "value", "told"),
    [
        ("PERSONA__SERVER__PROT", "1", "there is no key `prot`; known are: host, port"),
        ("PERSONA__SEVER__PORT", "1", "there is no key `sever`"),
        ("PERSONA__", "1", "there is no key ``"),
        ("PERSONA__SERVER__PORT", "x", "is no value"),
        ("PERSONA__SERVER__PORT", "", "is no value"),
        ("PERSONA__SERVER__PORT", "99999", "[server] port: Expected `int` <= 65535"),
        ("PERSONA__SERVER__PORT__X", "1", "`port` is not a table"),
        (
            "PERSONA__UPSTREAMS__MAIN__TIMEOUTS__IDLE",
            "0",
            "[upstreams.main.timeouts] idle: Expected `float` > 0.0",
        ),
        ("PERSONA__LOG__LEVEL", "loud", "[log] level: Invalid enum value 'loud'"),
    ],
)
def test_a_mistake_in_the_environment_names_the_variable(
    loaded: Loader, variable: str, value: str, told: str
) -> None:
    found = loaded.mistake(MAIN, **{variable: value})
    assert found.startswith(f"environment variable {variable}: ")
    assert told in found


def test_other_variables_are_left_alone(loaded: Loader) -> None:
    assert loaded(PERSONA_X="1", PERSONA="2", OPENAI_API_KEY="k") == loaded()


def test_a_key_may_come_from_a_variable(loaded: Loader) -> None:
    text = MAIN + 'api_key_env = "B"'
    assert loaded(text, B="secret").upstreams["main"].api_key == "secret"
    assert loaded(text, B="secret\n").upstreams["main"].api_key == "secret"
    assert load(loaded.path, {}, secrets=False).upstreams["main"].api_key is None


def test_known_providers_need_no_address(loaded: Loader) -> None:
    found = loaded("".join(f"[upstreams.{name}]\n" for name in KNOWN_BASE_URLS))
    assert {name: up.base_url for name, up in found.upstreams.items()} == KNOWN_BASE_URLS


def test_the_order_is_that_of_the_upstreams_with_a_model(loaded: Loader) -> None:
    text = MAIN + '[upstreams.ollama]\ndefault_model = "x/y"\n[upstreams.openai]\n'
    assert [str(route) for route in order(loaded(text))] == ["main/m", "ollama/x/y"]
    assert order(loaded('[chat]\nupstreams = ["main", "main/a/b", "local"]\n' + MAIN)) == [
        Route("main", "m"),
        Route("main", "a/b"),
        Route("local", configs.BUNDLED_MODEL),
    ]


def test_paths_are_relative_to_the_file(loaded: Loader, tmp_path: Path) -> None:
    found = loaded('[store]\nurl = "sqlite:///data/a.db"\n[local]\nmodel_path = "m/x.gguf"')
    assert found.store.url == f"sqlite:///{tmp_path / 'data' / 'a.db'}"
    assert (found.local.model_path, found.local.model_name) == (str(tmp_path / "m" / "x.gguf"), "x")
    assert loaded('[store]\nurl = "sqlite:////a/b.db"').store.url == "sqlite:////a/b.db"


def test_the_file_is_found_where_it_may_be(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert configs.find(None, {}) is None
    here, there = tmp_path / "config.toml", tmp_path / "other.toml"
    here.touch()
    there.touch()
    assert configs.find(None, {}) == here
    assert configs.find(None, {"PERSONA_CONFIG": "other.toml"}) == there
    assert configs.find(Path("config.toml"), {"PERSONA_CONFIG": str(there)}) == here


def test_no_secret_is_shown(loaded: Loader) -> None:
    text = """
        [upstreams.main]
        base_url = "http://me:hidden-1@upstream.test/v1"
        api_key = "hidden-2"
        headers = { x = "hidden-3" }
        [keys]
        pepper = "hidden-4"
    """
    shown = masked(loaded(text))
    assert "hidden" not in repr(shown)
    main = shown["upstreams"]["main"]
    assert (main["base_url"], main["api_key"]) == ("http://me:***@upstream.test/v1", "***")
    assert (main["headers"], shown["keys"]) == ({"x": "***"}, {"pepper": "***"})


def test_an_unset_secret_is_shown_as_unset(loaded: Loader) -> None:
    shown = masked(loaded(MAIN))
    assert (shown["upstreams"]["main"]["api_key"], shown["keys"]["pepper"]) == (None, None)


def documented() -> dict[str, Any]:
    """The delivered file with every commented-out key put in force."""
    lines = []
    for line in DELIVERED.read_text().splitlines():
        bare = line.removeprefix("# ")
        is_toml = re.match(r"\[[\w.]+\]|[a-z_]+ = ", bare)
        lines.append(bare if is_toml else line)
    return tomllib.loads("\n".join(lines))


def keys_of(kind: type[Strict]) -> dict[str, type[Strict] | None]:
    found: dict[str, type[Strict] | None] = {}
    for field in msgspec.structs.fields(kind):
        is_table = isinstance(field.type, type) and issubclass(field.type, Strict)
        found[field.name] = field.type if is_table else None
    return found


def test_every_documented_key_is_valid() -> None:
    msgspec.convert(documented(), Config)


def test_every_key_is_documented() -> None:
    tables = documented()
    for name, kind in keys_of(Config).items():
        if kind is not None:
            assert tables[name].keys() == keys_of(kind).keys(), name
    assert tables["drift"]["judge"].keys() == keys_of(Judge).keys()
    # An alternative stands in the comment behind the value that it could replace.
    shown = set(re.findall(r"; or ([a-z_]+) = ", DELIVERED.read_text()))
    for upstream in tables["upstreams"].values():
        shown |= upstream.keys()
        if "timeouts" in upstream:
            assert upstream["timeouts"].keys() == keys_of(configs.Timeouts).keys()
    assert shown == keys_of(Upstream).keys()


def test_every_key_is_documented_with_its_default() -> None:
    in_force = tomllib.loads(DELIVERED.read_text())
    assert msgspec.convert(in_force, Config) == Config()
    for name, table in in_force.items():
        default = msgspec.to_builtins(getattr(Config(), name))
        assert table == set_ones(default), name


def set_ones(table: dict[str, Any]) -> dict[str, Any]:
    tables = {key: set_ones(value) if isinstance(value, dict) else value for key, value in table.items()}
    return {key: value for key, value in tables.items() if value is not None}


def test_the_example_of_an_upstream_shows_defaults_where_it_can() -> None:
    example = documented()["upstreams"]["azure"]
    default = msgspec.to_builtins(Upstream(base_url="x"))
    for name in ("max_connections", "client", "text_only", "timeouts"):
        assert example[name] == default[name], name


def test_the_delivered_file_can_be_loaded() -> None:
    found = load(DELIVERED, {})
    assert order(found) == [Route("local", configs.BUNDLED_MODEL)]


def test_a_judge_is_named_like_any_route(loaded: Loader) -> None:
    assert loaded().drift.judge.upstream is None
    assert loaded(MAIN + '[drift.judge]\nupstream = "main"').drift.judge.upstream == "main/m"
    found = loaded(MAIN, PERSONA__DRIFT__JUDGE__UPSTREAM="main/a/b", PERSONA__DRIFT__JUDGE__SAMPLE="1")
    assert (found.drift.judge.upstream, found.drift.judge.sample) == ("main/a/b", 1)


@pytest.mark.parametrize("origin", ["https://chat.example.com/", "chat.example.com", "https://a b", ""])
def test_an_origin_is_a_scheme_and_a_host(loaded: Loader, origin: str) -> None:
    with pytest.raises(ConfigError, match=r"\[server\] cors_origins: `.*` is no origin such as"):
        loaded(f'[server]\ncors_origins = ["{origin}"]')
    assert loaded('[server]\ncors_origins = ["http://127.0.0.1:3000", "*"]').server.cors_origins[1] == "*"
