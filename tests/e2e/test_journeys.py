"""What people on call do, in a browser, on the real platform."""

from __future__ import annotations

from typing import Any

from backend.domain.access.actor import Actor
from backend.domain.access.role import Role
from backend.domain.jobs.attempts.outcome import AttemptError, Outcome, OutcomeKind
from backend.domain.jobs.job import ClaimedJob
from backend.domain.jobs.job_filter import JobFilter
from backend.domain.jobs.job_state import JobState
from tests.e2e.browser import sign_in
from tests.e2e.demonstration import with_file
from tests.e2e.puppet_worker import PuppetWorker, done
from tests.e2e.stage import BOOTSTRAP, Stage
from tests.eventually import eventually

_TRACE = 'Traceback (most recent call last):\n  File "crm.py", line 61\nConnectionError: no answer'


def _fail(job: ClaimedJob) -> Outcome:
    fault = AttemptError("exception", "ConnectionError", "no answer from crm", _TRACE)
    return Outcome(OutcomeKind.FAILED, error=fault, run_seconds=0.1)


def _recorded(stage: Stage, job_id: str, state: JobState) -> None:
    def is_recorded() -> bool:
        rows = stage.parts.history.search(JobFilter(states=frozenset([state]))).jobs
        return any(row.id == job_id for row in rows)

    eventually(is_recorded)


def test_a_failed_job_is_found_read_redriven_and_seen_to_finish_live(
    page: Any, stage: Stage
) -> None:
    worker = PuppetWorker(stage.platform, ["default"], _fail, "journey")
    job_id = stage.platform.queue_service.enqueue_job(
        "sync_customer", {"customer": 7}, max_retries=0
    )
    worker.work_off()
    _recorded(stage, job_id, JobState.FAILED)

    page.goto(stage.url)
    page.click("nav[aria-label=Pages] >> text=Jobs")
    page.click("nav[aria-label=State] >> text=failed")
    page.click(f"a[href$='{job_id}']")
    assert "no answer from crm" in page.text_content("#attempts")
    assert 'File "crm.py", line 61' in page.text_content("#attempts pre")

    page.click("#do-redrive summary")
    page.fill("#do-redrive input[name=reason]", "crm is back")
    page.click("#do-redrive form button")
    page.wait_for_selector("h1 .state.queued")
    address = page.url
    worker.act = done
    worker.work_off()

    page.wait_for_selector("h1 .state.finished")
    assert page.url.partition("?")[0] == address.partition("?")[0]
    page.wait_for_selector("#timeline >> text=crm is back")


def test_a_pasted_id_leads_to_its_job(page: Any, stage: Stage) -> None:
    job_id = stage.platform.queue_service.enqueue_job("sync_customer", {"customer": 8}, delay=3600)
    page.goto(f"{stage.url}/search")

    page.keyboard.press("/")
    page.keyboard.type(job_id)
    page.keyboard.press("Enter")

    page.wait_for_url(f"**/job/{job_id}")
    assert "It is due in" in page.text_content("#now")


def test_a_queue_is_paused_and_resumed(page: Any, stage: Stage) -> None:
    page.goto(f"{stage.url}/queues")

    page.click("#pause-low-media summary")
    page.fill("#pause-low-media input[name=reason]", "the disk is full")
    page.click("#pause-low-media form button")
    page.wait_for_selector("[role=status] >> text=Paused.")
    assert "queue:low:media" in stage.platform.inspection.paused()

    page.click("#resume-low-media summary")
    page.click("#resume-low-media form button")
    page.wait_for_selector("[role=status] >> text=Resumed.")
    assert "queue:low:media" not in stage.platform.inspection.paused()


def test_a_schedule_runs_now_and_its_tick_shows(page: Any, stage: Stage) -> None:
    by = Actor("the tests", Role.OPERATOR)
    stage.parts.schedules.create("daily-sync", "sync_customer", {}, by=by, cron="0 3 * * *")
    page.goto(f"{stage.url}/schedules/daily-sync")

    page.click("#run-now summary")
    page.click("#run-now form button")

    page.wait_for_selector("#ticks >> text=by hand")
    page.wait_for_selector("#ticks .outcome.ran")
    assert stage.parts.schedules.ticks("daily-sync")[0].by_hand


def test_many_jobs_are_previewed_and_redriven_with_a_reason(page: Any, stage: Stage) -> None:
    worker = PuppetWorker(stage.platform, ["media"], _fail, "bulk")
    jobs = stage.platform.queue_service
    ids = [jobs.enqueue_job("resize_image", {"n": n}, max_retries=0) for n in range(3)]
    worker.work_off()
    page.goto(f"{stage.url}/dead?type=resize_image")

    for job_id in ids[:2]:
        page.check(f"input[value='{job_id}']")
    page.click("text=Redrive selected")
    assert page.text_content("h1").strip() == "Redrive 2 jobs"
    page.fill("input[name=reason]", "more memory now")
    page.click("main button:has-text('Redrive 2 jobs')")

    page.wait_for_selector("[role=status] >> text=Sent 2 jobs back")
    states = {job.id: job.state for job in stage.platform.inspection.jobs(ids)}
    assert [states[job_id] for job_id in ids] == [JobState.QUEUED, JobState.QUEUED, JobState.FAILED]


def test_rows_hold_still_while_somebody_selects(page: Any, stage: Stage) -> None:
    jobs = stage.platform.queue_service
    first = jobs.enqueue_job("charge_card", {"cents": 1}, delay=3600, tags=["still"])
    page.goto(f"{stage.url}/search?tag=still")
    page.check(f"input[value='{first}']")

    second = jobs.enqueue_job("charge_card", {"cents": 2}, delay=3600, tags=["still"])
    page.wait_for_selector("[data-held]:not([hidden])")
    assert page.locator(f"#row-{second}").count() == 0

    page.click("[data-release]")
    page.wait_for_selector(f"#row-{second}")


def test_a_viewer_sees_no_buttons_and_is_refused(context: Any, stage: Stage) -> None:
    job_id = stage.platform.queue_service.enqueue_job("sync_customer", {"customer": 9}, delay=3600)
    page = context.new_page()
    sign_in(page, stage.url, stage.token(Role.VIEWER))

    page.goto(f"{stage.url}/job/{job_id}")
    assert page.locator("#do-cancel").count() == 0
    assert page.locator("nav >> text=Keys").count() == 0
    token = page.get_attribute("input[name=form_token]", "value")
    refused = page.request.post(f"{stage.url}/job/{job_id}/cancel", form={"form_token": token})

    assert refused.status == 403
    assert "yours is viewer" in refused.text()
    assert stage.platform.queue_service.get_job(job_id).state is JobState.SCHEDULED


def test_the_theme_can_be_chosen_and_stays(context: Any, stage: Stage) -> None:
    page = context.new_page()
    sign_in(page, stage.url, BOOTSTRAP)
    page.click("[data-theme-toggle]")
    page.reload()

    assert page.evaluate("document.documentElement.dataset.theme") == "dark"


def test_a_pdf_opens_in_the_browser(page: Any, stage: Stage) -> None:
    worker = PuppetWorker(stage.platform, ["default"], lambda job: with_file(stage, job), "pdf")
    job_id = stage.platform.queue_service.enqueue_job("charge_card", {"cents": 5})
    worker.work_off()
    page.goto(f"{stage.url}/job/{job_id}")

    address = page.get_attribute(".files a", "href")
    answer = page.request.get(page.url.partition("/dashboard")[0] + address)

    assert answer.headers["content-type"] == "application/pdf"
    assert answer.headers["content-disposition"].startswith("inline")
    assert answer.body().startswith(b"%PDF")
