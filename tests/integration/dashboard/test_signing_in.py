"""Who comes in, for how long, and what their cookie looks like."""

from __future__ import annotations

import re
from datetime import timedelta
from urllib.parse import urlencode

import pytest
from werkzeug.test import TestResponse

from backend.broker.session_book import RedisSessions
from backend.domain.access.role import Role
from tests.e2e.stage import BOOTSTRAP, Stage
from tests.integration.dashboard.visitor import HOME, Visitor
from tests.integration.history.databases import run


def test_a_stranger_is_asked_to_sign_in_and_led_back(stage: Stage, stranger: Visitor) -> None:
    asked = stranger.get("/search?state=failed")
    assert asked.status_code == 303
    assert "<title>Sign in · Tally</title>" in stranger.led("/search?state=failed").text
    assert asked.location == f"{HOME}/sign-in?next=%2Fdashboard%2Fjobs%2Fsearch%3Fstate%3Dfailed"

    data = {"token": BOOTSTRAP, "next": f"{HOME}/search?state=failed"}
    answer = stranger.browser.post(f"{HOME}/sign-in", data=data)

    assert answer.location == f"{HOME}/search?state=failed"
    assert stranger.get("/search").status_code == 200


@pytest.mark.parametrize(
    "wanted",
    [
        "https://evil.invalid/",
        "//evil.invalid",
        "/dashboard/jobsx",
        "javascript:1",
        "/dashboard/jobs/search\r\nX-Evil: 1",
    ],
)
def test_signing_in_leads_nowhere_else(stage: Stage, stranger: Visitor, wanted: str) -> None:
    data = {"token": BOOTSTRAP, "next": wanted}

    assert stranger.browser.post(f"{HOME}/sign-in", data=data).location == HOME


def test_who_came_by_a_link_of_another_site_may_go_on_without_a_token(
    stranger: Visitor, admin: Visitor
) -> None:
    elsewhere = {"Sec_Fetch_Site": "cross-site"}
    asked = stranger.get("/search?state=failed&tag=a", **elsewhere).location.partition(HOME)[2]
    onward = f'href="{HOME}/search?state=failed&amp;tag=a" autofocus>Go on if you are</a>'

    assert onward in stranger.get(asked, **elsewhere).text
    # Whoever is not signed in is asked for a token then, and for nothing else.
    assert "Go on" not in stranger.get(asked).text
    assert "Go on" not in stranger.get(asked, Sec_Fetch_Site="same-origin").text
    assert admin.get(asked).location == f"{HOME}/search?state=failed&tag=a"


@pytest.mark.parametrize("wanted", ["https://evil.invalid/", "//evil.invalid", "javascript:1", ""])
def test_a_link_of_another_site_leads_on_within_the_dashboard_alone(
    stranger: Visitor, wanted: str
) -> None:
    page = stranger.get(f"/sign-in?{urlencode({'next': wanted})}", Sec_Fetch_Site="cross-site").text

    assert re.findall(r'<a class="button main" href="([^"]*)"', page) == [HOME]


def test_the_cookie_cannot_be_read_by_scripts_or_sent_by_other_sites(stranger: Visitor) -> None:
    answer = stranger.browser.post(f"{HOME}/sign-in", data={"token": BOOTSTRAP})

    cookie = answer.headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie
    assert "Max-Age=43200" in cookie
    assert "Secure" not in cookie


def test_over_https_the_cookie_is_secure_and_bound_to_the_host(stranger: Visitor) -> None:
    answer = stranger.browser.post(
        f"{HOME}/sign-in", data={"token": BOOTSTRAP}, base_url="https://tally.example"
    )

    cookie = answer.headers["Set-Cookie"]
    assert cookie.startswith("__Host-tally=")
    assert "Secure" in cookie
    assert "Path=/" in cookie


def test_no_token_is_kept_in_cookie_or_store(stage: Stage, stranger: Visitor) -> None:
    token = stage.token(Role.OPERATOR)
    answer = stranger.browser.post(f"{HOME}/sign-in", data={"token": token})

    session_id = answer.headers["Set-Cookie"].partition("=")[2].partition(";")[0]
    kept = [(key, stage.platform.redis.get(key)) for key in stage.platform.redis.keys("*session*")]
    assert len(kept) == 1
    assert token not in str(kept)
    assert session_id not in str(kept)
    assert token not in answer.headers["Set-Cookie"]


def test_a_session_id_from_before_signing_in_is_worth_nothing(stranger: Visitor) -> None:
    stranger.browser.set_cookie("tally_session", "planted")
    stranger.signed_in(BOOTSTRAP)

    cookie = stranger.browser.get_cookie("tally_session")
    assert cookie is not None
    assert cookie.value != "planted"


def test_signing_out_ends_the_session_for_good(admin: Visitor) -> None:
    cookie = admin.browser.get_cookie("tally_session")
    assert cookie is not None

    assert admin.send("/sign-out").location == f"{HOME}/sign-in?note=signed-out"
    assert admin.browser.get_cookie("tally_session") is None
    admin.browser.set_cookie("tally_session", cookie.value)

    assert admin.get("/search").status_code == 303


def test_a_session_that_is_not_kept_any_more_is_not_kept_on(stage: Stage) -> None:
    book = RedisSessions(stage.platform.redis, stage.platform.keys)
    book.keep("one", "text", 60)

    assert book.prolong("one", "text", 600)
    assert stage.platform.redis.ttl(stage.platform.keys.session("one")) > 60
    book.drop("one")
    assert not book.prolong("one", "text", 600)
    assert book.find("one") is None


def _guess(stranger: Visitor, token: str) -> TestResponse:
    return stranger.browser.post(f"{HOME}/sign-in", data={"token": token})


def test_wrong_tokens_are_refused_and_slowed(stranger: Visitor) -> None:
    answers = [_guess(stranger, f"tally_key_{n}") for n in range(8)]

    assert [answer.status_code for answer in answers] == [401] * 6 + [429] * 2
    assert 1 <= int(answers[7].headers["Retry-After"]) <= 60
    wait = answers[7].headers["Retry-After"]
    assert (
        f"Too many wrong tokens came from your address. Try again in {wait} second"
        in answers[7].text
    )


@pytest.mark.parametrize("kind", ["the bootstrap key", "a key on record"])
def test_who_has_a_right_token_gets_in_however_many_wrong_ones_came_before(
    stage: Stage, stranger: Visitor, kind: str
) -> None:
    for number in range(30):
        _guess(stranger, f"tally_key_{number}")

    token = BOOTSTRAP if kind == "the bootstrap key" else stage.token(Role.OPERATOR)

    assert _guess(stranger, token).status_code == 303


def test_an_ended_key_opens_no_session(stage: Stage, stranger: Visitor) -> None:
    later = stage.platform.clock.now() + timedelta(hours=1)
    token = stage.parts.keys.create("short", Role.ADMIN, by="x", expires_at=later).token
    passed = (
        "UPDATE api_keys SET created_at = created_at - interval '1 day',"
        " expires_at = expires_at - interval '1 day' WHERE name = 'short'"
    )
    assert run(stage.platform.history_engine, passed) == 1

    answer = stranger.browser.post(f"{HOME}/sign-in", data={"token": token})

    assert answer.status_code == 401
    assert "This token is not good" in answer.text


def test_another_site_cannot_sign_somebody_in(stranger: Visitor) -> None:
    for headers in ({"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.invalid"}):
        answer = stranger.browser.post(
            f"{HOME}/sign-in", data={"token": BOOTSTRAP}, headers=headers
        )
        assert answer.status_code == 403


def test_a_script_without_a_session_is_told_so(stranger: Visitor) -> None:
    assert stranger.get("/search", X_Live="1").status_code == 401
