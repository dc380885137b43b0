"""Chromium without a window: Debian's, or the one that TALLY_TEST_CHROMIUM names."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

FLAGS = [
    *("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--hide-scrollbars"),
    "--renderer-process-limit=1",
]
#: What a policy refuses is told to the page; kept where tests can ask for it.
_LISTEN = """
window.violations = [];
addEventListener("securitypolicyviolation", (event) =>
  window.violations.push(`${event.violatedDirective} ${event.blockedURI}`));
"""


def chromium_path() -> Path | None:
    """Where it is; None when there is none."""
    path = Path(os.environ.get("TALLY_TEST_CHROMIUM", "/usr/bin/chromium"))
    return path if path.exists() else None


@contextmanager
def launched() -> Iterator[Any]:
    """A browser of its own, with a fresh profile."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(chromium_path()), args=FLAGS)
        try:
            yield browser
        finally:
            browser.close()


class Observer:
    """Watches what pages do that they must not."""

    def __init__(self, page: Any, origin: str) -> None:
        self._origin = origin
        self.outside: list[str] = []
        self.errors: list[str] = []
        page.add_init_script(_LISTEN)
        page.on("request", self._request)
        page.on("console", self._console)
        page.on("pageerror", lambda error: self.errors.append(str(error)))

    def _request(self, request: Any) -> None:
        if not request.url.startswith((self._origin, "data:", "blob:")):
            self.outside.append(request.url)

    def _console(self, message: Any) -> None:
        if message.type == "error" and "status of 4" not in message.text:
            self.errors.append(message.text)


def sign_in(page: Any, url: str, token: str) -> None:
    """Through the form, as people do."""
    page.goto(f"{url}/sign-in")
    page.fill("#token", token)
    page.click("button:has-text('Sign in')")
    page.wait_for_selector("nav[aria-label=Pages]")
