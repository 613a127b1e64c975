"""Somebody reads the page in a real browser, and hears what the browser complains of."""

import re
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.web.conftest import Traffic

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
expect = playwright.expect

WIDE, NARROW = {"width": 1440, "height": 900}, {"width": 360, "height": 740}
PATIENCE_MS = 20_000
expect.set_options(timeout=PATIENCE_MS)


class Reader:
    """Somebody who reads the page, and everything that the browser had to complain of."""

    def __init__(self, browser: Any, traffic: Traffic) -> None:
        self.traffic = traffic
        self.root = traffic.gateway.root
        self.context = browser.new_context(viewport=WIDE, reduced_motion="reduce")
        self.page = self.context.new_page()
        self.page.set_default_timeout(PATIENCE_MS)
        self.complaints: list[str] = []
        self.hosts: set[str] = set()
        self.page.on("console", self._hear)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("request", lambda request: self.hosts.add(urlsplit(request.url).netloc))

    def _hear(self, message: Any) -> None:
        if message.type in ("error", "warning"):
            self.complaints.append(message.text)

    def sign_in(self, key: str) -> None:
        self.page.goto(f"{self.root}/#key={key}")
        self.page.reload()
        expect(self.page.locator("nav a").first).to_be_visible()

    def open(self, path: str) -> Any:
        """Go to a view, and wait until all of it is there, and nothing of the one before it."""
        self.leave()
        self.page.goto(f"{self.root}/#{path}")
        main = self.page.locator("main")
        self.page.locator("main:not([aria-busy]) h1").wait_for()
        return main

    def leave(self) -> None:
        """Go where nothing is shown; a view asks again and again for what it shows."""
        self.page.goto("about:blank")


def text(locator: Any) -> str:
    return str(locator.first.text_content(timeout=PATIENCE_MS))


def figure(locator: Any) -> float:
    """Read the first number that is shown."""
    found = re.search(r"-?[\d,.]+", text(locator))
    assert found, text(locator)
    return float(found[0].replace(",", ""))
