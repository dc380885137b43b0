"""One handler, run as a worker runs it, without any queue."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from tally import InvalidOption, InvalidPayload, JobContext, JobEnded, Rate, job_type
from tally.testing import QueueInTest, run_job
from tests.unit.testing.shop import (
    Printer,
    Receipt,
    close_order,
    mail_report,
    pages,
    send_receipt,
    signal,
)


@job_type("call", keyed_rate=Rate(5, per=60, by="account"))
def call(_: dict[str, Any], context: JobContext) -> int:
    """One start a time of each account."""
    return context.attempt


@job_type("call_heavily", keyed_rate=Rate(10, per=60, burst=10, by="account", weight="calls"))
def call_heavily(_: dict[str, Any], context: JobContext) -> int:
    """So many of ten calls a time."""
    return context.attempt


def test_a_handler_is_run_with_all_that_is_said_of_its_job() -> None:
    ran = run_job(send_receipt, Receipt(order_id=17), attempt=2, tenant="acme")

    assert (ran.outcome, ran.attempt) == ("finished", 2)
    assert ran.result == {"sent": 17, "attempt": 2, "tenant": "acme"}
    assert ran.progress == [(1, 2, "half"), (2, 2, "")]
    assert ran.log == [("info", "sending order=17")]


def test_what_it_raises_is_raised_or_told() -> None:
    with pytest.raises(ValueError, match="bad luck"):
        run_job(send_receipt, {"order_id": 13})

    ran = run_job(send_receipt, {"order_id": 13}, raise_errors=False)
    assert (ran.outcome, str(ran.raised)) == ("retried", "bad luck")


def test_the_last_attempt_is_the_last() -> None:
    ran = run_job(send_receipt, {"order_id": 13}, attempt=3, raise_errors=False)

    assert ran.outcome == "failed"


def test_no_rate_holds_up_the_attempt_that_is_wanted() -> None:
    for handler in (call, call_heavily):
        ran = run_job(handler, {"account": "acme", "calls": 6}, attempt=3)

        assert (ran.outcome, ran.result) == ("finished", 3)


def test_a_job_that_could_not_run_is_refused() -> None:
    with pytest.raises(InvalidOption, match="attempt"):
        run_job(send_receipt, {"order_id": 17}, attempt=0)
    with pytest.raises(InvalidOption, match="expires_at"):
        run_job(send_receipt, {"order_id": 17}, expires_at=datetime(2026, 1, 27, tzinfo=UTC))


@pytest.mark.parametrize(
    ("how", "outcome", "delay"),
    [("later", "retried", 30.0), ("never", "failed", 0.0), ("snooze", "snoozed", 30.0)],
)
def test_signals_tell_the_verdict(how: str, outcome: str, delay: float) -> None:
    ran = run_job(signal, {"how": how})

    assert (ran.outcome, ran.delay) == (outcome, delay)


def test_payload_and_options_are_checked_as_when_it_is_enqueued() -> None:
    with pytest.raises(InvalidPayload, match="order_id"):
        run_job(send_receipt, {})
    with pytest.raises(InvalidOption, match="timeout"):
        run_job(send_receipt, {"order_id": 17}, timeout=-1)


def test_an_attempt_finds_what_the_one_before_kept_and_keeps_something_itself() -> None:
    ran = run_job(pages, {}, attempt=2, checkpoint=4)

    assert (ran.result["from"], ran.checkpoint) == (4, 5)
    with pytest.raises(InvalidOption, match="first attempt"):
        run_job(pages, {}, checkpoint=4)


def test_a_handler_may_be_told_of_the_end_that_it_follows() -> None:
    ended = JobEnded(job_id="a", job_type="ship", state="failed", attempt=2)

    assert run_job(mail_report, {"to": "ada"}, follows=ended).result == "ada: ship failed"
    assert run_job(mail_report, {"to": "ada"}).result == "ada: nothing"


def test_a_handler_may_be_told_that_it_is_to_end() -> None:
    assert run_job(pages, {}, canceled=True).result["canceled"] is True


def test_a_method_is_run_on_a_worker_that_is_opened_or_on_ones_own() -> None:
    Printer.events.clear()

    assert run_job(Printer.print_label, {"text": "a"}).result == "a"
    assert Printer.events == ["open", "a", "close"]
    run_job(Printer.print_label, {"text": "b"}, worker=Printer(None))
    assert Printer.events[3:] == ["b"]


def test_what_it_enqueues_goes_to_the_queue_of_the_test_and_nothing_of_itself(
    jobs: QueueInTest,
) -> None:
    with jobs.expect_enqueued(send_receipt, order_id=17, times=1):
        run_job(close_order, {"order_id": 17})

    assert [job.job_type for job in jobs.waiting()] == ["send_receipt"]
