"""Where people look for the pages, and what a proxy may say of the path below which they are."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from backend.api.config.api_settings import ApiSettings
from backend.embedded.servers import Servers
from tests.e2e.stage import Stage
from tests.integration.dashboard.visitor import HOME, Visitor


@pytest.mark.parametrize("address", ["/", "/dashboard", "/dashboard/", "/dashboard/jobs/"])
def test_every_begin_leads_to_the_overview_on_the_same_host(
    stranger: Visitor, address: str
) -> None:
    answer = stranger.browser.get(address, headers={"Host": "evil.example"})

    assert (answer.status_code, answer.headers["Location"]) == (303, HOME)


@pytest.mark.parametrize(
    ("said", "root"),
    [
        ("/tally", "/tally"),
        ("/tally/", "/tally"),
        ("/a/b-c", "/a/b-c"),
        ("//evil.example", ""),
        ("https://evil.example", ""),
        ("/a\\b", ""),
        ("/..", ""),
        ('/"><script>', ""),
        ("", ""),
    ],
)
def test_only_a_plain_path_is_a_path(
    servers: Servers, dashboard_database: str, tmp_path: Path, said: str, root: str
) -> None:
    api = {"trusted_proxies": 1}
    with Stage(servers.redis_url, dashboard_database, tmp_path, prefix="path", api=api) as stage:
        browser = stage.app.test_client()
        answer = browser.get("/dashboard/jobs", headers={"X-Forwarded-Prefix": said})
        with_it = browser.get(f"{root}/dashboard/jobs", headers={"X-Forwarded-Prefix": said})

    assert answer.headers["Location"] == f"{root}{HOME}/sign-in?next=%2Fdashboard%2Fjobs"
    assert with_it.headers["Location"] == answer.headers["Location"]


def test_nobody_is_believed_about_the_path_while_no_proxy_is_trusted(stranger: Visitor) -> None:
    answer = stranger.get("/search", X_Forwarded_Prefix="/tally")

    assert answer.headers["Location"].startswith(HOME)


@pytest.mark.parametrize("path", ["tally", "//tally", "/tally?x", "/..", "/a b"])
def test_a_setting_that_is_no_plain_path_is_refused(path: str) -> None:
    with pytest.raises(ValidationError, match="must be a path such as /tally"):
        ApiSettings.model_validate({"root_path": path})


def test_below_a_path_over_https_the_cookie_belongs_to_it(
    servers: Servers, dashboard_database: str, tmp_path: Path
) -> None:
    api = {"root_path": "/tally/"}
    with Stage(servers.redis_url, dashboard_database, tmp_path, prefix="path", api=api) as stage:
        answer = stage.app.test_client().post(
            f"/tally{HOME}/sign-in",
            data={"token": "bootstrap-key-of-the-stage"},
            base_url="https://tally.example",
        )

    cookie = answer.headers["Set-Cookie"]
    assert cookie.startswith("__Secure-tally=")
    assert "Path=/tally" in cookie
    assert answer.headers["Location"] == f"/tally{HOME}"
