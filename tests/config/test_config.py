"""The configuration is read from a file and the environment, and completed."""

from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from gateway import config as configs
from gateway.config import Config, ConfigError, Route, load, masked, order
from gateway.config.upstreams import KNOWN_BASE_URLS
from tests.config.conftest import MAIN, Loader


def test_an_empty_file_means_the_defaults(loaded: Loader, tmp_path: Path) -> None:
    found = loaded()
    assert found.store.url == f"sqlite:///{tmp_path / 'persona.db'}"
    assert order(found) == [Route("local", configs.BUNDLED_MODEL)]
    assert found.images.store == f"file:{tmp_path / 'images'}"
    kept = {"store": found.store, "images": found.images, "chat": found.chat, "plans": found.plans}
    expected = msgspec.structs.replace(Config(), **kept)
    assert found == expected


def test_white_space_around_a_key_is_no_part_of_it(loaded: Loader) -> None:
    loaded.path.write_text(MAIN + 'api_key = " sk-abc\\n"')
    assert load(loaded.path, {}).upstreams["main"].api_key == "sk-abc"


def test_a_file_may_begin_with_a_byte_order_mark(loaded: Loader) -> None:
    loaded.path.write_bytes(b"\xef\xbb\xbf[server]\nport = 9000\n")
    assert load(loaded.path, {}).server.port == 9000


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
        [tools.shop]
        mcp = "http://shop.test"
        api_key = "hidden-5"
        headers = { x = "hidden-6" }
        [tools.files]
        command = ["/bin/sh", "hidden-7"]
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


def test_a_variable_that_overrides_nothing_is_found() -> None:
    names = ("PERSONA_SERVER__PORT", "PERSONA_CONFIG", "PERSONA_DRIFT_DIR", "PERSONA__LOG__LEVEL")
    assert configs.misnamed(dict.fromkeys(names, "1")) == ["PERSONA_SERVER__PORT"]


def test_a_header_from_a_variable_has_hyphens(loaded: Loader) -> None:
    found = loaded(MAIN, PERSONA__UPSTREAMS__MAIN__HEADERS__API_KEY="secret")
    assert found.upstreams["main"].headers == {"api-key": "secret"}
