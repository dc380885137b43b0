"""No page runs what others wrote, asks outside hosts, or breaks its own policy."""

from __future__ import annotations

import json
import os
from typing import Any

import pytest

from backend.domain.access.actor import Actor
from backend.domain.access.role import Role
from backend.domain.errors import JobNotFound
from backend.domain.jobs.attempts.outcome import AttemptError, Outcome, OutcomeKind
from backend.domain.jobs.job import ClaimedJob
from tests.e2e.browser import Observer
from tests.e2e.hostile_texts import HOSTILE_TEXTS
from tests.e2e.puppet_worker import PuppetWorker
from tests.e2e.stage import Stage
from tests.eventually import eventually

PAGES = (
    "", "?range=day", "?range=week", "/search", "/search?state=failed", "/dead", "/queues",
    "/workers", "/schedules", "/audit", "/keys", "/queues/normal/purge", "/nowhere",
    "/bulk/redrive?all=yes", "/bulk/cancel?type=sync_customer",
)  # fmt: skip

#: Each tenth in the suite; all of them with TALLY_TEST_E2E=full.
TEXTS = HOSTILE_TEXTS if os.environ.get("TALLY_TEST_E2E") == "full" else HOSTILE_TEXTS[::10]


@pytest.fixture(scope="module")
def hostile_ids(stage: Stage) -> list[str]:
    """A job for each hostile text: in payload, tags, ids of callers, progress and error."""
    jobs, ids = stage.platform.queue_service, []

    def end(job: ClaimedJob) -> Outcome:
        text = TEXTS[ids.index(job.id)] if job.id in ids else "x"
        if len(text) % 2:
            return Outcome(OutcomeKind.FINISHED, result=json.dumps({text: [text]}), run_seconds=0.1)
        fault = AttemptError("exception", text[:100], text, f"Traceback\n{text}")
        return Outcome(OutcomeKind.FAILED, error=fault, run_seconds=0.1)

    for text in TEXTS:
        plain = text.replace("\x00", "")
        options = {"tags": [plain[:100]], "tenant": plain[:100], "context_id": plain[:100]}
        ids.append(jobs.enqueue_job("sync_customer", {plain: text}, max_retries=0, **options))
    worker = PuppetWorker(stage.platform, ["default"], end, 'w<img src=x onerror="window.pwned=1">')
    worker.presence.register()
    worker.work_off()
    by = Actor("<script>window.pwned=1</script>", Role.OPERATOR)
    stage.parts.schedules.create(
        "hostile", "sync_customer", {"n": HOSTILE_TEXTS[0]}, by=by, cron="@daily"
    )
    stage.parts.keys.create("<script>window.pwned=1</script>", Role.VIEWER, by=by.name)
    eventually(lambda: _is_recorded(stage, ids[-1]))
    return ids


def _is_recorded(stage: Stage, job_id: str) -> bool:
    try:
        return stage.parts.history.get_job(job_id).job.state.is_final
    except JobNotFound:
        return False


def _check(page: Any, observer: Observer, address: str) -> None:
    page.goto(address)
    page.wait_for_selector("h1")
    assert page.evaluate("window.pwned") is None, address
    assert page.evaluate("window.violations") == [], address
    assert observer.outside == [], address
    assert observer.errors == [], address


def test_there_are_a_hundred_hostile_texts() -> None:
    assert len(set(HOSTILE_TEXTS)) >= 100


def test_no_page_breaks_its_policy_or_asks_outside_hosts(
    page: Any, observer: Observer, stage: Stage, hostile_ids: list[str]
) -> None:
    for address in (*PAGES, "/schedules/hostile"):
        _check(page, observer, stage.url + address)


def test_hostile_texts_are_shown_and_never_run(
    page: Any, observer: Observer, stage: Stage, hostile_ids: list[str]
) -> None:
    for job_id in hostile_ids:
        _check(page, observer, f"{stage.url}/job/{job_id}")
    shown = page.text_content("#payload pre")
    assert "window.pwned" in shown


def test_hostile_conditions_of_the_address_bar_are_never_run(
    page: Any, observer: Observer, stage: Stage
) -> None:
    for text in TEXTS[::5]:
        plain = text.replace("\x00", "")
        for path, name in (
            ("/search", "text"),
            ("/search", "tag"),
            ("/dead", "error"),
            ("", "note"),
        ):
            address = page.evaluate(
                "([name, text]) => `?${new URLSearchParams({[name]: text})}`", [name, plain]
            )
            _check(page, observer, stage.url + path + address)


def test_a_page_without_inline_code_says_so_in_its_headers(page: Any, stage: Stage) -> None:
    headers = page.goto(stage.url).headers

    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["cache-control"] == "no-store"


def test_a_link_of_another_site_shows_nothing_of_a_session_and_leads_on_with_one_click(
    page: Any, stage: Stage
) -> None:
    wanted = f"{stage.url}/search?tag=linked"
    page.route(
        "http://chat.invalid/",
        lambda route: route.fulfill(body=f"<a href='{wanted}'>look</a>", content_type="text/html"),
    )
    page.goto("http://chat.invalid/")

    page.click("text=look")
    page.wait_for_url("**/sign-in?*")
    assert page.locator("nav").count() == 0
    page.click("text=Go on if you are")

    page.wait_for_url(wanted)
    page.wait_for_selector("nav[aria-label=Pages]")
