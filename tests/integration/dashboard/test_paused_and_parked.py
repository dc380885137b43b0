"""A pause that jobs wait behind is told on each page, with who and why, and they can be acted on."""

from __future__ import annotations

import re
from html import unescape

import pytest

from tests.e2e.puppet_worker import PuppetWorker
from tests.e2e.stage import Stage
from tests.integration.dashboard.visitor import Visitor

MANY = 98


@pytest.fixture
def aside(stage: Stage, admin: Visitor) -> None:
    """Jobs of a type that was paused, because something is wrong."""
    admin.send("/types/sync_customer/pause", reason="the <bank> is down")
    request = {"job_type": "sync_customer", "payload": {"customer": 5}}
    stage.platform.queue_service.enqueue_many([request] * MANY)
    PuppetWorker(stage.platform, ["default"]).work_off()
    stage.record()


@pytest.mark.usefixtures("aside")
def test_the_overview_names_the_pause_and_leads_to_the_button_that_ends_it(admin: Visitor) -> None:
    page = unescape(re.sub(r"<[^>]+>", "", admin.get("").text))
    [href] = re.findall(r'href="([^"]*#resume[^"]*)"', admin.get("").text)

    assert re.search(
        r"the job type sync_customer has been paused by bootstrap key for \d+ s "
        r"\(the <bank> is down\); 98 jobs wait: tally queues resume type:sync_customer · resume it",
        page,
    )
    assert href == "/dashboard/jobs/queues#resume-type-sync_customer"
    assert 'id="resume-type-sync_customer"' in admin.get("/queues").text


@pytest.mark.usefixtures("aside")
def test_the_page_of_queues_says_who_paused_what_and_why(admin: Visitor) -> None:
    admin.send("/lanes/media/pause", reason="disk")
    admin.send("/queues/low/pause")

    page = admin.get("/queues").text

    note = r'paused</span>\s*<span class="quiet">\s*by (.*?) <time[^>]*>[^<]*</time>(.*?)\s*</span>'
    told = [re.sub("<[^>]+>", "", by + why) for by, why in re.findall(note, page)]
    assert sorted(told) == [
        "bootstrap key",
        "bootstrap key: disk",
        "bootstrap key: the &lt;bank&gt; is down",
    ]


@pytest.mark.usefixtures("aside")
def test_all_that_match_takes_those_aside_as_well(admin: Visitor) -> None:
    page = admin.get("/bulk/cancel?type=sync_customer&state=queued&until=2999-01-01T00:00:00").text

    assert f"Cancel {MANY} jobs" in unescape(page)


def test_that_all_is_suspended_comes_and_goes_while_the_page_is_open(
    admin: Visitor, stage: Stage
) -> None:
    redis, suspended = stage.platform.redis, stage.platform.keys.suspended
    before = admin.get("/queues", X_Live="1")
    redis.set(suspended, 1)

    after = admin.get("/queues", X_Live="1", X_Parts=before.headers["X-Parts"]).text
    redis.delete(suspended)

    assert re.search(
        r'<div data-live id="suspended">\s*<p class="away">Everything is suspended', after
    )
    assert "Everything is suspended" not in admin.get("/queues").text
