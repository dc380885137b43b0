"""What a page that is kept live tells those who listen, and those whose answers fail."""

from __future__ import annotations

from typing import Any

import pytest

from tests.e2e.browser import sign_in
from tests.e2e.live_jobs import (
    LISTEN,
    NOTICE,
    later_job,
    open_job,
    thorough,
    wait_a_second,
    wait_until_said,
    waiting_job,
)
from tests.e2e.puppet_worker import PuppetWorker
from tests.e2e.stage import BOOTSTRAP, Stage

pytestmark = pytest.mark.usefixtures("policy_kept")


def test_a_change_of_a_jobs_state_is_said_once(
    page: Any, stage: Stage, worker: PuppetWorker
) -> None:
    open_job(page, stage, waiting_job(stage))
    page.evaluate(LISTEN)

    worker.work_off()
    wait_until_said(page, "finished")
    page.wait_for_selector("#timeline >> text=finished")
    wait_a_second(page, "#now time")

    said = page.evaluate("said")
    assert said[-1] == "This job is now finished."
    # Between its claim and its end the page may have been looked at anew, or not.
    assert said[:-1] in ([], ["This job is now started."])


def test_a_new_critical_sign_is_said_once_whatever_its_numbers_do(
    page: Any, stage: Stage, worker: PuppetWorker
) -> None:
    jobs = stage.platform.queue_service
    PuppetWorker(stage.platform, ["default"], name="no-media").presence.register()
    page.goto(stage.url)
    page.wait_for_selector("#signs >> text=low:media", state="detached")
    page.evaluate(LISTEN)

    jobs.enqueue_job("resize_image", {"n": 1})
    wait_until_said(page, "low:media")
    jobs.enqueue_job("resize_image", {"n": 2})
    page.wait_for_selector("#signs >> text=/2 jobs.* low:media/")
    jobs.enqueue_job("resize_image", {"n": 3})
    page.wait_for_selector("#signs >> text=/3 jobs.* low:media/")

    assert len([words for words in page.evaluate("said") if "low:media" in words]) == 1


@thorough
def test_that_rows_hold_still_is_said_once(page: Any, stage: Stage) -> None:
    job_id = later_job(stage, "said")
    page.goto(f"{stage.url}/search?tag=said")
    page.check(f"input[value='{job_id}']")
    page.evaluate(LISTEN)

    later_job(stage, "said")
    wait_until_said(page, "hold still")
    with page.expect_response(lambda answer: "tag=said" in answer.url and answer.status == 200):
        later_job(stage, "said")

    assert page.evaluate("said") == ["Rows hold still while you read."]


def test_what_was_done_and_what_did_not_fit_is_said_when_the_page_comes(
    page: Any, stage: Stage
) -> None:
    job_id = later_job(stage, "told")
    page.goto(f"{stage.url}/job/{job_id}")
    page.click("#do-cancel summary")
    page.fill("#do-cancel input[name=reason]", "a\tb")
    page.click("#do-cancel form button")
    page.wait_for_selector("[data-announce] >> text=Nothing was done.", state="attached")

    page.fill("#do-cancel input[name=reason]", "ordered twice")
    page.click("#do-cancel form button")
    page.wait_for_selector("[data-announce] >> text=Canceled 1 job.", state="attached")

    page.goto(f"{stage.url}/audit")
    page.click("text=Verify the chain")
    page.wait_for_selector("[data-announce] >> text=were recomputed", state="attached")

    page.goto(f"{stage.url}/keys")
    page.fill("[name=name]", "spoken")
    page.click("text=Make key")
    page.wait_for_selector("[data-announce] >> text=spoken is made", state="attached")
    assert page.text_content(".token") not in page.text_content("[data-announce]")


def test_there_is_one_polite_region_that_is_not_seen(page: Any, stage: Stage) -> None:
    page.goto(stage.url)
    region = page.locator("[data-announce]")

    assert region.count() == 1
    assert region.get_attribute("role") == "status"
    assert region.bounding_box()["width"] <= 1


#: Answers that are no page of ours: status (None: none at all), body, what is said; never the same twice.
_WRONG = (
    (404, "", "This is gone."),
    (503, "", "The server cannot answer now"),
    (200, "<h1>Sign in to the corporate network</h1>", "cannot be reached"),
    (502, "<h1>Bad gateway</h1>nginx", "The server cannot answer now"),
    (
        503,
        "<main class='failure'><h1>Away</h1><p role=alert>Redis is out</p></main>",
        "Redis is out",
    ),
    (
        403,
        "<main class='failure'><h1>No</h1><p role=alert>Needs a viewer</p></main>",
        "Needs a viewer",
    ),
    (None, "", "cannot be reached"),
)


def test_what_went_wrong_is_said_as_it_is_until_it_is_over(page: Any, stage: Stage) -> None:
    job_id, now = later_job(stage, "wrong"), list(_WRONG[:1])

    def answer(route: Any) -> None:
        status, body, _ = now[0]
        if "x-live" not in route.request.headers:
            route.continue_()
        elif status is None:
            route.abort()
        else:
            route.fulfill(status=status, body=body, content_type="text/html")

    page.route("**/dashboard/jobs/job/*", answer)
    page.goto(f"{stage.url}/job/{job_id}")
    for wrong in _WRONG:
        now[0] = wrong
        page.wait_for_selector(f"{NOTICE} >> text={wrong[2]}")
        assert page.is_visible("h1 .state.scheduled")
    page.unroute("**/dashboard/jobs/job/*")
    page.wait_for_selector("[data-offline]", state="hidden")


@pytest.mark.parametrize(
    ("address", "opener", "field"),
    [
        ("/schedules", "#new > summary", "#new input[name=name]"),
        ("/audit", "h1", "input[name=action]"),
    ],
)
def test_what_is_typed_beside_the_live_parts_outlives_the_end_of_a_session(
    context: Any, stage: Stage, address: str, opener: str, field: str
) -> None:
    page = context.new_page()
    sign_in(page, stage.url, BOOTSTRAP)
    page.goto(stage.url + address)
    page.click(opener)
    page.fill(field, "half-typed")
    page.evaluate("document.activeElement.blur()")

    context.clear_cookies()
    page.wait_for_selector(f"{NOTICE} >> text=Your session has ended")

    assert page.input_value(field) == "half-typed"
    sign_in(context.new_page(), stage.url, BOOTSTRAP)
    page.wait_for_selector(NOTICE, state="detached")
    assert page.input_value(field) == "half-typed"


@thorough
def test_who_is_signed_out_elsewhere_gets_to_the_sign_in(context: Any, stage: Stage) -> None:
    page = context.new_page()
    sign_in(page, stage.url, BOOTSTRAP)
    page.goto(f"{stage.url}/search?tag=out#rows")

    context.clear_cookies()

    page.wait_for_url("**/sign-in?next=*")
    page.fill("#token", BOOTSTRAP)
    page.click("button:has-text('Sign in')")
    page.wait_for_url("**/search?tag=out")
