"""Bytes that no browser sends, in every place of every address and form: none is an error of ours."""

from __future__ import annotations

import re

import pytest
from werkzeug.test import TestResponse

from backend.dashboard.request.routes import Route
from backend.dashboard.views import ROUTES
from tests.integration.dashboard.visitor import HOME, Visitor

_BYTES = {
    "nul": "%00",
    "escape": "%1b[2J",
    "line break": "%0d%0aX-Evil:1",
    "no utf-8": "%ff%fe",
    "half a pair": "%ed%a0%80",
    "override": "%e2%80%aeb",
    "slash": "%2f..%2f",
}
_FIELDS = (
    "reason",
    "name",
    "token",
    "next",
    "payload",
    "confirm",
    "limit",
    "days",
    "overlap",
    "cron",
)
_PARAMETERS = (
    "queue", "type", "state", "text", "cursor", "since", "before", "kind", "error", "range", "note", "n",
    "id", "outcome", "actor", "within", "all", "next",
)  # fmt: skip


def _ask(admin: Visitor, route: Route, place: str, query: str) -> TestResponse:
    address = HOME + re.sub(r"<\w+>", place, route.rule)
    if not route.is_action:
        return admin.browser.get(f"{address}?{query}")
    form = f"form_token={admin.form_token}&edit=1&" + "&".join(
        f"{name}={place}" for name in _FIELDS
    )
    return admin.browser.post(
        f"{address}?{query}", data=form, content_type="application/x-www-form-urlencoded"
    )


@pytest.mark.parametrize("kind", _BYTES)
def test_no_byte_in_any_place_is_an_error_of_ours(admin: Visitor, kind: str) -> None:
    byte = _BYTES[kind]
    answers = {}
    for route in ROUTES:
        answers[route.name] = _ask(admin, route, byte, "")
        for name in () if route.is_action else _PARAMETERS:
            answers[f"{route.name}?{name}"] = _ask(admin, route, "x", f"{name}={byte}")

    assert {name for name, each in answers.items() if each.status_code >= 500} == set()
    assert not [name for name, each in answers.items() if "X-Evil" in each.headers]


@pytest.mark.parametrize("kind", _BYTES)
def test_nor_is_it_where_nobody_has_signed_in(stranger: Visitor, kind: str) -> None:
    byte = _BYTES[kind]
    addresses = [f"{HOME}/{byte}", f"{HOME}/sign-in?next={HOME}/{byte}", f"/dashboard/static/{byte}/x.css",
                 f"/dashboard/static/x/{byte}.css", f"/dashboard/{byte}"]  # fmt: skip

    codes = [stranger.browser.get(address).status_code for address in addresses]
    sent = stranger.browser.post(
        f"{HOME}/sign-in",
        data=f"token={byte}&next={HOME}/{byte}",
        content_type="application/x-www-form-urlencoded",
    )

    assert max(*codes, sent.status_code) < 500
