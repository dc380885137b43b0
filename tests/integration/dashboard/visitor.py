"""Somebody with a browser that shows nothing."""

from __future__ import annotations

import re
from typing import Any, Self

from flask import Flask
from werkzeug.test import TestResponse

HOME = "/dashboard/jobs"
_TOKEN = re.compile(r'name="form_token" value="([^"]+)"')


class Visitor:
    """Loads pages and sends forms."""

    def __init__(self, app: Flask) -> None:
        self.browser = app.test_client()

    def signed_in(self, token: str) -> Self:
        """The same, signed in."""
        answer = self.browser.post(f"{HOME}/sign-in", data={"token": token})
        assert answer.status_code == 303, answer.text
        return self

    def get(self, address: str = "", **headers: str) -> TestResponse:
        """A page."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.browser.get(HOME + address, headers=named)

    def led(self, address: str) -> TestResponse:
        """The page that an address leads to."""
        return self.browser.get(HOME + address, follow_redirects=True)

    @property
    def form_token(self) -> str:
        """What forms of this session bring."""
        found = _TOKEN.search(self.get("/search").text)
        assert found, "not signed in"
        return found[1]

    def send(self, address: str, *, token: str | None = None, **fields: Any) -> TestResponse:
        """A form, with the session's token unless another is given."""
        sent = fields | {"form_token": self.form_token if token is None else token}
        return self.browser.post(HOME + address, data=sent)
