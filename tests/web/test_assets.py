"""The page's files: whole by themselves, kept by browsers, and nothing from elsewhere."""

import gzip
import re
from importlib.resources import files
from pathlib import Path

import pytest

from gateway.cli.reasons import UNSCORED, WORDS
from gateway.web.assets import Assets
from tests.e2e.wire import Reply, fetch
from tests.fakes.process import Gateway

WEB = Path(str(files("gateway.web")))
SOURCES = sorted(path for path in WEB.rglob("*.js") if path.parent.name != "vendor")


def get(gateway: Gateway, path: str, **headers: str) -> Reply:
    return fetch(gateway, path, key="", headers={n.replace("_", "-"): value for n, value in headers.items()})


def test_the_page_is_kept_by_browsers_and_asked_for_once(gateway: Gateway) -> None:
    home = get(gateway, "/")
    assert home.headers["cache-control"] == "no-cache"
    again = get(gateway, "/", if_none_match=home.headers["etag"])
    assert (again.status, again.body) == (304, b"")
    for path in re.findall(r'(?:src|href)="(/page/[^"]+)"', home.body.decode()):
        plain, packed = get(gateway, path), get(gateway, path, accept_encoding="gzip")
        assert plain.status == 200
        assert "immutable" in plain.headers["cache-control"]
        if packed.headers.get("content-encoding") == "gzip":
            assert gzip.decompress(packed.body) == plain.body
            assert len(packed.body) < len(plain.body)


def test_the_policy_allows_the_page_s_own_files_alone(gateway: Gateway) -> None:
    home = get(gateway, "/")
    policy = dict(each.split(" ", 1) for each in home.headers["content-security-policy"].split("; "))
    assert policy["default-src"] == "'none'"
    assert {policy[name] for name in ("script-src", "style-src", "connect-src", "img-src")} == {"'self'"}
    html = home.body.decode()
    assert not re.search(r"https?://|<style|\sstyle=|\son[a-z]+=|<script>", html)


def test_files_of_another_build_are_not_there(gateway: Gateway) -> None:
    for path in ("/page/0000000000000000/style.css", f"/page/{Assets().build}/../app.py"):
        assert fetch(gateway, path, key="").error["code"] == "route.not_found"


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: path.stem)
def test_a_module_makes_no_markup_of_text_and_asks_no_other_host(source: Path) -> None:
    text = source.read_text("utf-8")
    assert not re.search(r"(inner|outer)HTML|insertAdjacentHTML|document\.write|\beval\(|new Function", text)
    assert not re.search(r"https?://(?!www\.w3\.org/2000/svg)[^\s\"'`]", text)
    assert len(text.splitlines()) <= 250


def test_reasons_have_the_same_words_on_the_page_as_in_the_terminal() -> None:
    text = (WEB / "shell" / "reasons.js").read_text("utf-8")
    for words in (WORDS, UNSCORED):
        assert all(f'"{said}"' in text for said in words.values())


def test_a_library_s_licence_comes_with_it() -> None:
    assert "Permission is hereby granted" in (WEB / "vendor" / "uplot.LICENSE").read_text("utf-8")
