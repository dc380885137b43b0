"""A test works the queue off itself: by the worker's code, without waiting, to an end."""

from __future__ import annotations

import logging
from datetime import timedelta

import pytest

from tally import InvalidRequest, WaitTimeout
from tally.testing import QueueInTest
from tests.unit.testing import shop
from tests.unit.testing.shop import mail_report, queue, ship


def test_drain_runs_what_is_due_and_what_that_enqueues(jobs: QueueInTest) -> None:
    job_id = queue.enqueue_job("close_order", {"order_id": 17}, tenant="acme")

    ran = jobs.drain()

    assert [(job.job_type, job.outcome) for job in ran] == [
        ("close_order", "finished"),
        ("send_receipt", "finished"),
    ]
    assert ran[1].result == {"sent": 17, "attempt": 1, "tenant": "acme"}
    assert ran[1].progress == [(1, 2, "half"), (2, 2, "")]
    assert ran[1].log == [("info", "sending order=17")]
    assert jobs.job(job_id).state == "finished"
    assert (jobs.drain(), jobs.waiting()) == ([], [])


@pytest.mark.parametrize(
    ("order", "told"), [(17, "finished: on its way"), (13, "failed: bad luck")]
)
def test_what_follows_a_job_runs_after_it(jobs: QueueInTest, order: int, told: str) -> None:
    job_id = queue.enqueue_job("ship", {"order_id": order})

    ran = jobs.drain(raise_errors=False)

    assert [job.job_type for job in ran] == ["ship", "tell_support"]
    assert (ran[1].result, jobs.job(ran[1].job_id).labels.parent_id) == (told, job_id)


@pytest.mark.parametrize(("order", "told"), [(17, "ship finished"), (13, "ship failed")])
def test_what_follows_with_arguments_of_its_own_is_told_by_its_context(
    jobs: QueueInTest, order: int, told: str
) -> None:
    report = mail_report.with_arguments("ada")
    ship.enqueue({"order_id": order}, on_success=report, on_failure=report)

    ran = jobs.drain(raise_errors=False)

    assert [job.result for job in ran[1:]] == [f"ada: {told}"]


def test_more_urgent_jobs_run_first(jobs: QueueInTest) -> None:
    for priority in ("low", "normal", "high"):
        queue.enqueue_job("print_label", {"text": priority}, priority)

    assert [job.result for job in jobs.drain()] == ["high", "normal", "low"]


def test_what_a_handler_raises_is_raised_once_its_job_is_settled(jobs: QueueInTest) -> None:
    job_id = queue.enqueue_job("send_receipt", {"order_id": 13})

    with pytest.raises(ValueError, match="bad luck") as raised:
        jobs.drain()

    assert raised.traceback[-1].name == "send_receipt"
    job = jobs.job(job_id)
    assert (job.state, job.failures, job.error and job.error.message) == (
        "scheduled",
        1,
        "bad luck",
    )


def test_errors_may_be_kept_instead(jobs: QueueInTest) -> None:
    queue.enqueue_job("send_receipt", {"order_id": 13})

    [ran] = jobs.drain(raise_errors=False)

    assert (ran.outcome, ran.error and ran.error.error) == ("retried", "ValueError")
    assert isinstance(ran.raised, ValueError)
    assert 54 <= ran.delay <= 66


def test_a_retry_waits_until_somebody_travels_to_it(jobs: QueueInTest) -> None:
    queue.enqueue_job("send_receipt", {"order_id": 13})
    jobs.drain(raise_errors=False)
    assert jobs.drain() == []

    jobs.travel(minutes=2)

    [ran] = jobs.drain(raise_errors=False)
    assert ran.attempt == 2


def test_drain_goes_through_retries_to_the_end_if_it_is_told_to(jobs: QueueInTest) -> None:
    job_id = queue.enqueue_job("send_receipt", {"order_id": 13})

    with pytest.raises(ValueError, match="bad luck"):
        jobs.drain(through_retries=True)

    assert [job.id for job in jobs.dead()] == [job_id]
    assert jobs.dead()[0].attempt == 3


def test_going_through_retries_leaves_jobs_that_only_wait_for_their_time(jobs: QueueInTest) -> None:
    queue.enqueue_job("print_label", {"text": "later"}, delay=10.0)

    assert jobs.drain(through_retries=True) == []
    assert [job.payload for job in jobs.scheduled()] == [{"text": "later"}]


@pytest.mark.parametrize(
    ("how", "outcome", "state"),
    [
        ("later", "retried", "scheduled"),
        ("never", "failed", "failed"),
        ("snooze", "snoozed", "scheduled"),
    ],
)
def test_signals_are_meant_and_not_raised(
    jobs: QueueInTest, how: str, outcome: str, state: str
) -> None:
    job_id = queue.enqueue_job("signal", {"how": how})

    [ran] = jobs.drain()

    assert (ran.outcome, jobs.job(job_id).state) == (outcome, state)


def test_a_result_that_is_no_json_is_told_as_a_worker_tells_it(jobs: QueueInTest) -> None:
    queue.enqueue_job("odd")

    with pytest.raises(AssertionError, match=r"odd.* was failed: ResultNotJson"):
        jobs.drain()


def test_a_payload_is_checked_when_it_is_enqueued(jobs: QueueInTest) -> None:
    with pytest.raises(InvalidRequest, match="order_id"):
        queue.enqueue_job("send_receipt", {"order_id": "many"})


def test_who_enqueues_himself_is_named(jobs: QueueInTest) -> None:
    queue.enqueue_job("again")

    with pytest.raises(AssertionError, match=r"20 of them were again: it enqueues itself") as said:
        jobs.drain(limit=20)

    assert "drain() ran 20 jobs and there are more" in str(said.value)


def test_exactly_as_many_jobs_as_the_limit_are_fine(jobs: QueueInTest) -> None:
    for _ in range(5):
        queue.enqueue_job("print_label", {"text": "x"})

    assert len(jobs.drain(limit=5)) == 5


def test_time_passes_for_the_queue_alone(jobs: QueueInTest) -> None:
    job_id = queue.enqueue_job("print_label", {"text": "later"}, delay=3600)
    due = jobs.job(job_id).run_at
    jobs.travel(minutes=59)
    assert jobs.drain() == []

    jobs.travel(minutes=2)

    assert [job.result for job in jobs.drain()] == ["later"]
    started, created = jobs.job(job_id).started_at, jobs.job(job_id).created_at
    assert due is not None
    assert started is not None
    assert created is not None
    assert started - created == timedelta(minutes=61)


def test_time_does_not_run_backwards(jobs: QueueInTest) -> None:
    with pytest.raises(ValueError, match="backwards"):
        jobs.travel(hours=-1)


def test_a_job_that_expires_never_runs(jobs: QueueInTest) -> None:
    created = jobs.job(queue.enqueue_job("print_label", {"text": "now"})).created_at
    assert created is not None
    job_id = queue.enqueue_job(
        "print_label", {"text": "x"}, expires_at=created + timedelta(hours=1)
    )
    jobs.travel(hours=2)

    assert [job.result for job in jobs.drain()] == ["now"]
    assert jobs.job(job_id).state == "canceled"


def test_whoever_waits_for_a_job_has_it_done(jobs: QueueInTest) -> None:
    job_id = queue.enqueue_job("send_receipt", {"order_id": 17})

    assert queue.wait(job_id).result["sent"] == 17


def test_waiting_for_what_nobody_will_do_is_over_at_once_and_says_why(jobs: QueueInTest) -> None:
    job_id = queue.enqueue_job("print_label", {"text": "x"}, delay=60)

    with pytest.raises(WaitTimeout, match=r"still scheduled.*travel"):
        queue.wait(job_id, timeout=3600)


def test_a_handler_may_wait_for_another_job(jobs: QueueInTest) -> None:
    first = queue.enqueue_job("print_label", {"text": "deep"}, "low")
    queue.enqueue_job("wait_for", {"job_id": first})

    [ran] = jobs.drain()

    assert (ran.job_type, ran.result) == ("wait_for", "deep")


def test_a_worker_is_opened_once_and_closed_with_the_test() -> None:
    from tally.testing import memory

    shop.Printer.events.clear()
    with memory(job_packages=["tests.unit.testing.shop"]) as jobs:
        for text in ("a", "b"):
            queue.enqueue_job("print_label", {"text": text})
        jobs.drain()

    assert shop.Printer.events == ["open", "a", "b", "close"]


def test_a_rate_holds_as_its_type_declares_it(jobs: QueueInTest) -> None:
    ids = [queue.enqueue_job("call_courier", {"order_id": number}) for number in range(3)]

    assert [job.job_id for job in jobs.drain()] == ids[:2]
    assert "of the job type call_courier no more than 2 in 60 s may start" in (
        queue.explain_job(ids[2]).text
    )

    jobs.travel(minutes=2)
    assert [job.job_id for job in jobs.drain()] == ids[2:]


def test_what_a_handler_writes_with_logging_is_in_the_log_of_its_attempt(jobs: QueueInTest) -> None:
    root, factory = logging.getLogger(), logging.getLogRecordFactory()
    level = root.level
    job_id = queue.enqueue_job("call_courier", {"order_id": 17})

    [ran] = jobs.drain()
    logging.getLogger("shop").info("of no job")

    assert ran.log == [("info", "calling for order 17")]
    [attempt] = queue.job_history(job_id).attempts
    assert [(line.level, line.text) for line in attempt.log] == ran.log
    assert (root.level, logging.getLogRecordFactory()) == (level, factory)
