"""Why a job does not run: its place in line, and when, in the words of people."""

from __future__ import annotations

import re

import pytest

from tests.integration.api.caller import Caller
from tests.integration.api.work import Work


def test_why_tells_the_place_in_line(admin: Caller, work: Work) -> None:
    work.appear(queues=("high", "normal"))
    for _ in range(3):
        admin.enqueue()
    admin.enqueue(priority="high")
    last = admin.enqueue()

    why = admin.get(f"/api/jobs/{last}/why").get_json()

    assert (why["position"], why["ahead_elsewhere"], why["causes"]) == (3, 1, [])


def test_why_tells_how_long_in_the_units_of_people(admin: Caller, work: Work) -> None:
    far, again = admin.enqueue(delay=10_366_200), admin.enqueue()
    work.retry(work.start(), delay=9_000)

    told = [admin.get(f"/api/jobs/{job_id}/why").get_json()["text"] for job_id in (far, again)]

    assert told[0] == "it is due in 119 d 23 h"
    assert re.fullmatch(r"attempt 1 of 4 went wrong; the next is due in 2 h (29|30) min", told[1])


@pytest.mark.parametrize(
    ("state", "code"),
    [("later", "due_later"), ("running", "worker_lost"), ("dead", "failed"), ("done", "ended")],
)
def test_why_answers_for_jobs_that_do_not_wait(
    admin: Caller, work: Work, state: str, code: str
) -> None:
    job_id = admin.enqueue(delay=60 if state == "later" else 0)
    jobs = work.start()
    if state == "dead":
        work.fail(jobs)
    elif state == "done":
        work.finish(jobs)

    why = admin.get(f"/api/jobs/{job_id}/why").get_json()

    assert [cause["code"] for cause in why["causes"]] == [code]
