"""How much of a page goes over the wire, and when it is not sent at all."""

from __future__ import annotations

import gzip
import re

import pytest

from backend.dashboard.views import ROUTES
from tests.e2e.stage import BOOTSTRAP, Stage
from tests.integration.dashboard.visitor import Visitor

_PAGES = ("", "/search", "/dead", "/queues", "/workers", "/schedules", "/audit", "/keys")


@pytest.mark.parametrize("page", _PAGES)
def test_a_page_on_which_nothing_happened_is_not_sent_again(admin: Visitor, page: str) -> None:
    tag = admin.get(page, X_Live="1").headers["ETag"]

    for known in (tag, f"W/{tag}", f'"other", W/{tag}'):
        again = admin.get(page, X_Live="1", If_None_Match=known)
        assert (again.status_code, again.data) == (304, b"")


def test_parts_that_changed_are_sent_alone(admin: Visitor, stage: Stage) -> None:
    first = admin.get("/queues", X_Live="1")
    stage.platform.queue_service.enqueue_job("sync_customer", {})
    page = admin.get("/search", X_Live="1")
    stage.platform.queue_service.enqueue_job("charge_card", {})

    again = admin.get("/search", X_Live="1", X_Parts=page.headers["X-Parts"])

    assert 'id="rows"' in first.text or 'id="lanes"' in first.text
    assert re.search(r'id="rows" data-live data-same', again.text) is None
    assert '<div id="missing" data-live data-same></div>' in again.text
    assert "charge_card" in again.text
    assert again.headers["X-Parts"] != page.headers["X-Parts"]


def test_texts_are_compressed_for_whoever_takes_it(admin: Visitor) -> None:
    plain = admin.get("/schedules")
    style = re.search(r'href="([^"]+dashboard\.css)"', plain.text)
    assert style is not None

    for address in ("/dashboard/jobs/schedules", style[1], "/api/openapi.json"):
        answer = admin.browser.get(address, headers={"Accept-Encoding": "gzip, br"})
        assert answer.headers["Content-Encoding"] == "gzip", address
        assert "Accept-Encoding" in answer.headers["Vary"]
        whole = admin.browser.get(address)
        assert "Content-Encoding" not in whole.headers
        assert re.sub(b'value="[^"]{43}"', b"", gzip.decompress(answer.data)) == re.sub(
            b'value="[^"]{43}"', b"", whole.data
        )
        assert len(answer.data) < len(whole.data) / 2


def test_only_what_is_of_the_addressed_release_is_kept_by_browsers(admin: Visitor) -> None:
    address = re.search(r'href="([^"]+/)dashboard\.css"', admin.get("/search").text)
    assert address is not None

    for name in ("dashboard.css", "live.js", "icon.svg"):
        own = admin.browser.get(address[1] + name)
        other = admin.browser.get(f"/dashboard/static/0123456789abcdef/{name}")
        assert own.headers["Cache-Control"] == "public, max-age=31536000, immutable"
        # While an upgrade goes on, the page may be of a process of the other release.
        assert (other.status_code, other.headers["Cache-Control"]) == (200, "no-store")
        assert other.data == own.data


def test_the_length_of_a_compressed_page_tells_nothing_of_its_secrets(admin: Visitor) -> None:
    sizes = {len(admin.get("/schedules", Accept_Encoding="gzip").data) for _ in range(20)}

    assert len(sizes) > 5


def test_a_weak_tag_of_a_proxy_is_the_tag_of_a_strong_one(admin: Visitor) -> None:
    key = {"Authorization": f"Bearer {BOOTSTRAP}"}
    tag = admin.browser.get("/api/openapi.json", headers=key).headers["ETag"]
    packed = admin.browser.get("/api/openapi.json", headers={**key, "Accept-Encoding": "gzip"})

    assert packed.headers["ETag"] == f"W/{tag}"
    for known in (tag, f"W/{tag}"):
        answer = admin.browser.get("/api/openapi.json", headers={**key, "If-None-Match": known})
        assert answer.status_code == 304


def test_every_live_part_of_every_page_is_found(admin: Visitor) -> None:
    pages = [route.rule for route in ROUTES if not route.is_action and "<" not in route.rule]

    for page in pages:
        answer = admin.get(page, X_Live="1")
        if answer.status_code == 200:
            named = [
                part.partition("=")[0] for part in answer.headers["X-Parts"].split(",") if part
            ]
            assert len(named) == len(re.findall(r"<\w+[^>]* data-live", answer.text)), page
