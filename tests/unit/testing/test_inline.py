"""Jobs that run before the call returns that enqueued them, by the whole worker's way."""

from __future__ import annotations

import pytest

from tally.testing import QueueInTest, inline
from tests.unit.testing.conftest import SHOP
from tests.unit.testing.shop import queue


def test_a_job_has_run_when_the_call_returns_and_so_has_what_it_enqueued(
    at_once: QueueInTest,
) -> None:
    job_id = queue.enqueue_job("close_order", {"order_id": 17})

    assert at_once.job(job_id).state == "finished"
    assert [job.job_type for job in at_once.enqueued()] == ["close_order", "send_receipt"]
    assert at_once.waiting() == []


def test_what_a_handler_raises_is_raised_by_the_call(at_once: QueueInTest) -> None:
    with pytest.raises(ValueError, match="bad luck"):
        queue.enqueue_job("send_receipt", {"order_id": 13})

    assert [job.failures for job in at_once.scheduled()] == [1]


def test_errors_may_be_judged_as_in_a_worker_instead() -> None:
    with inline(job_packages=SHOP, raise_errors=False) as at_once:
        job_id = queue.enqueue_job("send_receipt", {"order_id": 13}, max_retries=0)

        assert [job.id for job in at_once.dead()] == [job_id]


def test_results_go_through_json(at_once: QueueInTest) -> None:
    with pytest.raises(AssertionError, match="ResultNotJson"):
        queue.enqueue_job("odd")


def test_a_delayed_job_waits(at_once: QueueInTest) -> None:
    job_id = queue.enqueue_job("print_label", {"text": "later"}, delay=60)
    assert at_once.job(job_id).state == "scheduled"

    at_once.travel(minutes=1)
    at_once.drain()

    assert at_once.job(job_id).result == "later"


def test_who_enqueues_himself_is_named_before_python_gives_up(at_once: QueueInTest) -> None:
    with pytest.raises(AssertionError, match="50 deep, again last"):
        queue.enqueue_job("again")
