"""What is unique is so in a test of an application as it is in Redis."""

from __future__ import annotations

from typing import Any

import pytest

from tally import NotUnique
from tally.testing import QueueInTest
from tests.unit.testing.shop import queue, send_receipt

BY_ORDER: dict[str, Any] = {"unique": "started", "unique_by": ["order_id"]}


def test_what_is_the_same_is_enqueued_once(jobs: QueueInTest) -> None:
    first = send_receipt.enqueue({"order_id": 17}, **BY_ORDER)
    second = send_receipt.enqueue({"order_id": 17, "tags": ["again"]}, **BY_ORDER)

    assert (second.id, second.created) == (first.id, False)
    assert [each.id for each in jobs.enqueued(send_receipt)] == [first.id]
    assert len(jobs.drain()) == 1


def test_a_debounced_job_runs_once_it_rests(jobs: QueueInTest) -> None:
    debounce = BY_ORDER | {"on_conflict": "debounce", "delay": 10, "max_wait_seconds": 25}
    for number in range(4):
        send_receipt.enqueue({"order_id": 17, "tags": [str(number)]}, **debounce)
        assert jobs.drain() == []
        jobs.travel(seconds=7)

    assert len(jobs.drain()) == 1

    [job] = jobs.enqueued(send_receipt)
    assert queue.get_job(job.id).payload["tags"] == ["3"]


def test_a_dead_job_waits_for_its_twin(jobs: QueueInTest) -> None:
    dead = queue.enqueue_job("send_receipt", {"order_id": 13}, max_retries=0, unique="ended")
    jobs.drain(raise_errors=False)
    twin = queue.enqueue_job("send_receipt", {"order_id": 13}, unique="ended")

    with pytest.raises(NotUnique) as refused:
        queue.retry_job(dead)

    assert refused.value.details["holder"] == twin
    assert queue.retry_jobs([dead]) == []
    assert queue.retry_jobs([dead], anyway=True) == [dead]
