"""Every mistake in a configuration names its place, in the file or in the environment."""

import re
from pathlib import Path

import pytest

from gateway.config import Config, ConfigError, Judge, Upstream, load
from tests.config.conftest import MAIN, Loader

STORES = "FILE: [store] url: `sqlite:///FILE` or `postgresql://HOST/DATABASE` is needed"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("x = 3", "FILE: the top level has no key `x`; known are: " + ", ".join(Config.__struct_fields__)),
        ("server = 3", "FILE: server: Expected `object`, got `int`"),
        (
            "[log]\n[server]\nport = 1\n[log]",
            "FILE: [log] stands there already (at line 4, column 5): put its keys into the first one",
        ),
        ("[sever]", "FILE: the top level has no key `sever`; did you mean `server`?"),
        ("[server]\nprot = 1", "FILE: table [server] has no key `prot`; did you mean `port`?"),
        ('[server]\nport = "1"', "FILE: [server] port: Expected `int`, got `str`"),
        ("[server]\nport = 65536", "FILE: [server] port: Expected `int` <= 65535"),
        ("[server]\nworkers = 0", "FILE: [server] workers: Expected `int` >= 1"),
        ("[chat]\nretry_for = 0", "FILE: [chat] retry_for: Expected `float` > 0.0"),
        ("[chat]\nupstreams = [3]", "FILE: [chat] upstreams[0]: Expected `str`, got `int`"),
        ('[log]\nlevel = "loud"', "FILE: [log] level: 'loud' is none of debug, info, warning, error"),
        ("[upstreams]\na = 3", "FILE: [upstreams] a: Expected `object`, got `int`"),
        (MAIN + "[upstreams.b]\nbase_url = 3", "FILE: [upstreams.b] base_url: Expected `str`, got `int`"),
        (
            MAIN + '[upstreams."b.c"]\nx = 3',
            "FILE: table [upstreams.b.c] has no key `x`; known are: " + ", ".join(Upstream.__struct_fields__),
        ),
        (
            "[plans.acme]\nchat_per_minute = 0",
            "FILE: [plans.acme] chat_per_minute: Expected `int` >= 1",
        ),
        (
            "[plans.acme]\nchat_a_minute = 6",
            "FILE: table [plans.acme] has no key `chat_a_minute`; did you mean `chat_per_minute`?",
        ),
        (
            '[plans."a b"]\nchat_per_minute = 6',
            "FILE: [plans.a b]: a name holds letters, digits, `-`, `_` and `.` only",
        ),
        (
            '[limits]\nstore = "valkey://secret@127.0.0.1"',
            "FILE: [limits] store: `valkey://HOST:PORT` or `redis://HOST:PORT` is needed, perhaps with `/N` "
            "for a database",
        ),
        (
            '[workspaces.acme]\nplan = "gold"',
            "FILE: [workspaces.acme] plan: there is no plan `gold`; there are: free, pro, team",
        ),
        (
            "[tools.a]\nworkspace = 1",
            "FILE: table [tools.a] has no key `workspace`; did you mean `workspaces`?",
        ),
        ("[tools.a]", 'FILE: [tools.a]: one of `mcp = "https://…"` and `command = […]` is needed'),
        (
            '[tools.web]\nmcp = "http://a.test"',
            "FILE: [tools.web]: this name is kept for the gateway's own tools; see [grounding]",
        ),
        (
            '[tools."a.b"]\nmcp = "http://a.test"',
            "FILE: [tools.a.b]: a name has at most 32 small letters, digits, `-` and `_`",
        ),
        (
            '[tools.a]\nmcp = "http://a.test"\nworkspaces = ["default"]',
            "FILE: [tools.a] workspaces: `default` is no id; `persona workspaces list` shows those that "
            "there are",
        ),
        (
            '[tools.a]\nmcp = "http://me:secret@a.test"',
            "FILE: [tools.a] mcp: a URL may not hold a user or a password; see `headers` and `api_key_env`",
        ),
        (
            '[tools.a]\ncommand = ["no-such-program-here"]',
            "FILE: [tools.a] command: there is no program `no-such-program-here`",
        ),
        (
            '[tools.a]\ncommand = ["/bin/sh"]\nenv = ["NOT_SET"]',
            "FILE: [tools.a] env: the environment variable NOT_SET is not set",
        ),
        (
            '[grounding]\nsearch = "ftp://a.test"',
            "FILE: [grounding] search: an http:// or https:// address is needed",
        ),
        ("[drift.judge]\nsample = 1.5", "FILE: [drift.judge] sample: Expected `float` <= 1.0"),
        (
            "[drift.judge]\nrate = 1",
            "FILE: table [drift.judge] has no key `rate`; known are: " + ", ".join(Judge.__struct_fields__),
        ),
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
        (
            MAIN + '[drift]\ndeliver = "later"\n[drift.judge]\nupstream = "main/j"\nbefore_send = "risky"',
            'FILE: [drift.judge] before_send = "risky" waits for the score, which [drift] deliver = "later" '
            "puts off; set one of them alone",
        ),
        *[
            (
                f'[egress]\nallow = ["{entry}"]',
                f"FILE: [egress] allow: `{entry}` is no host with its port, such as `10.0.0.5:8888`",
            )
            for entry in (
                "10.0.0.5",
                "http://a.test:80",
                "a.test:0",
                "a.test:65536",
                "::1:80",
                "a b:80",
                "*:80",
            )
        ],
        ("[drift.judge]\nrisk = -1", "FILE: [drift.judge] risk: Expected `float` >= 0.0"),
        (
            MAIN + "timeouts = {connect = 0}",
            "FILE: [upstreams.main.timeouts] connect: Expected `float` > 0.0",
        ),
        (
            MAIN + "timeouts = {conect = 1}",
            "FILE: table [upstreams.main.timeouts] has no key `conect`; did you mean `connect`?",
        ),
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
            "FILE: [upstreams.local]: this name is kept for a bundled model; see [local] and [embeddings]",
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
        (
            '[store]\nurl = "mysql://a/b"',
            STORES,
        ),
        (
            '[store]\nurl = "sqlite:///:memory:"',
            STORES,
        ),
        (
            '[store]\nurl = "sqlite://"',
            STORES,
        ),
        ("[drift]\nbudget_ms = 0", "FILE: [drift] budget_ms: Expected `float` > 0.0"),
        ("[drift]\nbudget_ms = 60_000", "FILE: [drift] budget_ms: Expected `float` <= 1000.0"),
        ("[drift]\nbudget = 5", "FILE: table [drift] has no key `budget`; did you mean `budget_ms`?"),
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
    ("variable", "value", "told"),
    [
        ("PERSONA__SERVER__PROT", "1", "there is no key `prot`; did you mean `port`?"),
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
        ("PERSONA__LOG__LEVEL", "loud", "[log] level: 'loud' is none of debug, info, warning, error"),
    ],
)
def test_a_mistake_in_the_environment_names_the_variable(
    loaded: Loader, variable: str, value: str, told: str
) -> None:
    found = loaded.mistake(MAIN, **{variable: value})
    assert found.startswith(f"environment variable {variable}: ")
    assert told in found
