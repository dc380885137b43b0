"""What callers give where something else belongs is told to them by its name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from backend.domain.errors import InvalidOption
from tally import JobFilter
from tally.testing import QueueInTest
from tests.unit.testing.shop import queue, send_receipt

_HANDLE = "job_id must be a text, not Job; of a handle give its id"


@pytest.mark.usefixtures("jobs")
@pytest.mark.parametrize(
    "call",
    [
        lambda queue, job: queue.get_job(job),
        lambda queue, job: queue.wait(job, 1),
        lambda queue, job: queue.find_job(job),
        lambda queue, job: queue.explain_job(job),
        lambda queue, job: queue.job_history(job),
        lambda queue, job: queue.cancel_job(job),
        lambda queue, job: queue.cancel_jobs([job]),
        lambda queue, job: queue.retry_job(job),
        lambda queue, job: queue.retry_jobs([job]),
        lambda queue, job: queue.discard_job(job),
        lambda queue, job: queue.resolve_job(job),
        lambda queue, job: queue.reprioritise_job(job, "high"),
        lambda queue, job: queue.run_job_now(job),
        lambda queue, job: queue.replay_job(job),
    ],
)
def test_a_handle_is_no_id(call: Callable[[Any, Any], Any]) -> None:
    job = send_receipt.enqueue({"order_id": 1})

    with pytest.raises(InvalidOption) as refused:
        call(queue, job)

    assert (str(refused.value), refused.value.details["field"]) == (_HANDLE, "job_id")


@pytest.mark.usefixtures("jobs")
def test_one_text_is_no_list_of_ids() -> None:
    job = send_receipt.enqueue({"order_id": 1})

    with pytest.raises(InvalidOption) as refused:
        queue.cancel_jobs(job.id)

    assert str(refused.value) == "job_ids must be a list of texts, not one text"
    assert job.view().state == "queued"


@pytest.mark.usefixtures("jobs")
def test_a_source_that_there_is_not_is_refused() -> None:
    with pytest.raises(InvalidOption) as refused:
        queue.search_jobs(JobFilter(), source="hstory")  # type: ignore[arg-type]

    assert str(refused.value) == "source must be live, history or None, not 'hstory'"


@pytest.mark.usefixtures("jobs")
@pytest.mark.parametrize("timeout", [None, "1", float("nan")])
def test_what_is_no_number_of_seconds_is_refused(timeout: Any) -> None:
    job = send_receipt.enqueue({"order_id": 1})

    with pytest.raises(InvalidOption) as refused:
        job.result(timeout=timeout)

    assert str(refused.value) == (
        f"timeout must be a number of seconds, not {timeout!r}; math.inf waits as long as it takes"
    )


def test_payloads_may_be_made_one_by_one(jobs: QueueInTest) -> None:
    many = send_receipt.enqueue_many({"order_id": number} for number in range(2))
    more = queue.enqueue_many(
        {"job_type": "send_receipt", "payload": {"order_id": number}} for number in range(2, 4)
    )

    assert [job.payload["order_id"] for job in jobs.enqueued(send_receipt)] == [0, 1, 2, 3]
    assert [job.id for job in jobs.enqueued(send_receipt)] == [*(job.id for job in many), *more]
