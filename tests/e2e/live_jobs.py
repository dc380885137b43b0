"""Jobs that change while a page is open, and what the page says of it."""

from __future__ import annotations

import json
import os
from typing import Any

import pytest

from backend.domain.access.actor import Actor
from backend.domain.access.role import Role
from backend.domain.jobs.attempts.outcome import AttemptError, Outcome, OutcomeKind
from backend.domain.jobs.job import ClaimedJob
from tests.e2e.puppet_worker import PuppetWorker
from tests.e2e.stage import Stage

TRACE = "\n".join(["Traceback", *(f"  line {n} of a long way down" for n in range(200))])
FAULT = AttemptError("exception", "ConnectionError", "no answer", TRACE)
HELD = "[data-held]:not([hidden])"
NOTICE = "[data-offline]:not([hidden])"
#: Each waits for several refreshes: the short form of the suite leaves out what others nearly show.
thorough = pytest.mark.skipif(
    os.environ.get("TALLY_TEST_E2E") != "full", reason="the long form: TALLY_TEST_E2E=full"
)
#: All that is said from now on, in order.
LISTEN = """() => {
  window.said = [];
  const region = document.querySelector("[data-announce]");
  new MutationObserver(() => region.textContent && said.push(region.textContent))
    .observe(region, {childList: true, characterData: true, subtree: true});
}"""


def ended_well(job: ClaimedJob) -> Outcome:
    """It ends well, and its result names it."""
    result = json.dumps({"done": job.id})
    return Outcome(OutcomeKind.FINISHED, result=result, run_seconds=0.05)


def given_up(job: ClaimedJob) -> Outcome:
    """It is given up, with a long traceback."""
    return Outcome(OutcomeKind.FAILED, error=FAULT, run_seconds=0.1)


def tried_again(job: ClaimedJob) -> Outcome:
    """It is to be tried again at once."""
    return Outcome(OutcomeKind.RETRIED, error=FAULT, delay=0, run_seconds=0.1)


def later_job(stage: Stage, tag: str) -> str:
    """One that nothing happens to."""
    return stage.platform.queue_service.enqueue_job("charge_card", {}, delay=3600, tags=[tag])


def waiting_job(stage: Stage, retries: int = 0) -> str:
    """One that a worker may take."""
    return stage.platform.queue_service.enqueue_job("sync_customer", {"n": 1}, max_retries=retries)


def open_job(page: Any, stage: Stage, job_id: str) -> None:
    """Its page, as the record knows it: nothing but what the test does changes it any more."""
    page.goto(f"{stage.url}/job/{job_id}")
    page.wait_for_selector("#timeline")


def attempted(page: Any, stage: Stage, worker: PuppetWorker) -> str:
    """A job after its first attempt, its traceback open on the page."""
    job_id = waiting_job(stage, retries=2)
    job = worker.take(job_id)
    worker.settle([(job, tried_again(job))])
    page.goto(f"{stage.url}/job/{job_id}")
    page.click("#trace-1-1 summary")
    return job_id


def second_attempt(page: Any, worker: PuppetWorker, job_id: str) -> None:
    """Its second attempt fails, and the page shows it above the first."""
    job = worker.take(job_id)
    worker.settle([(job, tried_again(job))])
    page.wait_for_selector("#trace-2-2", state="attached")


def redrive(stage: Stage, job_id: str) -> None:
    """Somebody else sends a dead job home."""
    by = Actor("somebody else", Role.OPERATOR)
    stage.platform.job_control.redrive(job_id, by=by, reason="crm is back")


def wait_a_second(page: Any, time: str) -> None:
    """A live answer has come that says nothing but that time went on."""
    page.wait_for_function(
        "([time, before]) => document.querySelector(time).textContent !== before",
        arg=[time, page.text_content(time)],
    )


def wait_until_said(page: Any, words: str) -> None:
    """Until the page has told those who listen."""
    page.wait_for_function("words => said.some(each => each.includes(words))", arg=words)
