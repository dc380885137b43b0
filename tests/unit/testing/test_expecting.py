"""What a block enqueued, and what is said when it was something else."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from tally import InvalidOption, InvalidRequest, UnknownJobType
from tally.testing import QueueInTest
from tests.unit.testing.shop import Color, Parcel, Receipt, queue, send_parcel, send_receipt


def test_only_what_the_block_enqueued_counts(jobs: QueueInTest) -> None:
    queue.enqueue_job("send_receipt", {"order_id": 17})

    with jobs.expect_enqueued(send_receipt, order_id=18) as found:
        queue.enqueue_job("send_receipt", {"order_id": 18})

    assert [job.payload["order_id"] for job in found] == [18]
    with (
        pytest.raises(AssertionError, match="nothing was enqueued"),
        jobs.expect_enqueued(send_receipt, order_id=17),
    ):
        pass


def test_a_job_is_meant_by_its_payload_and_by_what_else_is_said_of_it(jobs: QueueInTest) -> None:
    with jobs.expect_enqueued(
        "send_receipt",
        order_id=17,
        priority="low",
        tags=["vip"],
        tenant="acme",
        delay=60,
        max_retries=5,
        idempotency_key="k",
    ) as [*_]:
        queue.enqueue_job(
            "send_receipt",
            {"order_id": 17},
            "low",
            tags=["vip"],
            tenant="acme",
            delay=60,
            max_retries=5,
            idempotency_key="k",
        )


def test_what_follows_is_meant_as_it_is_said(jobs: QueueInTest) -> None:
    receipt = send_receipt.with_payload(Receipt(order_id=18))

    with jobs.expect_enqueued(
        "send_receipt",
        order_id=17,
        on_success={"job_type": "send_receipt", "payload": {"order_id": 18}},
        on_failure="tell_support",
    ) as found:
        send_receipt.enqueue(Receipt(order_id=17), on_success=receipt, on_failure="tell_support")

    assert len(found) == 1


def test_a_field_that_is_called_like_an_option_is_meant_by_the_payload(jobs: QueueInTest) -> None:
    with jobs.expect_enqueued("send_receipt", payload={"tags": ["a"]}, tags=["b"]) as found:
        queue.enqueue_job("send_receipt", {"order_id": 1, "tags": ["a"]}, tags=["b"])

    assert len(found) == 1


def test_what_was_enqueued_instead_is_shown_the_nearest_first(jobs: QueueInTest) -> None:
    others = [
        {"job_type": "close_order", "payload": {"order_id": 17}},
        {"job_type": "send_receipt", "payload": {"order_id": 18}, "priority": "low"},
        {"job_type": "send_receipt", "payload": {"order_id": 17}, "priority": "low"},
    ]

    with (
        pytest.raises(AssertionError) as said,
        jobs.expect_enqueued(send_receipt, order_id=17, priority="high"),
    ):
        queue.enqueue_many(others)  # type: ignore[arg-type]

    first, *rest = str(said.value).splitlines()
    assert first == (
        "a job send_receipt with order_id=17, priority='high' should have been enqueued: "
        "3 jobs were enqueued, the nearest first:"
    )
    assert rest == [
        '  send_receipt {"order_id": 17} in low',
        "    priority: 'low', expected 'high'",
        '  send_receipt {"order_id": 18} in low',
        "    order_id: 18, expected 17",
        "    priority: 'low', expected 'high'",
        '  close_order {"order_id": 17} in normal',
    ]


def test_how_often_may_be_said(jobs: QueueInTest) -> None:
    with jobs.expect_enqueued(send_receipt, times=2):
        queue.enqueue_many(
            [{"job_type": "send_receipt", "payload": {"order_id": n}} for n in (1, 2)]
        )

    with (
        pytest.raises(AssertionError, match=r"1 job send_receipt should .* and 2 were"),
        jobs.expect_enqueued(send_receipt, times=1),
    ):
        queue.enqueue_many(
            [{"job_type": "send_receipt", "payload": {"order_id": n}} for n in (1, 2)]
        )


def test_an_error_in_the_block_is_not_hidden_by_the_expectation(jobs: QueueInTest) -> None:
    with pytest.raises(KeyError), jobs.expect_enqueued(send_receipt):
        raise KeyError("mine")


def test_a_block_that_must_not_enqueue_is_told_when_it_did(jobs: QueueInTest) -> None:
    queue.enqueue_job("close_order", {"order_id": 17})
    with jobs.refute_enqueued("close_order"):
        queue.enqueue_job("send_receipt", {"order_id": 17})

    with (
        pytest.raises(AssertionError, match="no job close_order should have been enqueued: 1 job"),
        jobs.refute_enqueued("close_order"),
    ):
        queue.enqueue_job("close_order", {"order_id": 18})


def test_what_could_never_be_enqueued_is_no_expectation(jobs: QueueInTest) -> None:
    with pytest.raises(UnknownJobType, match="send_receipt"), jobs.refute_enqueued("send_reciept"):
        pass
    with (
        pytest.raises(InvalidOption, match="order_id"),
        jobs.refute_enqueued(send_receipt, oder_id=17),
    ):
        pass
    with pytest.raises(InvalidOption, match="no function that was declared"):
        jobs.enqueued(len)


def test_a_job_that_was_refused_or_was_there_already_is_not_enqueued(jobs: QueueInTest) -> None:
    queue.enqueue_job("close_order", {"order_id": 1}, idempotency_key="k")

    with jobs.refute_enqueued("close_order"):
        queue.enqueue_job("close_order", {"order_id": 1}, idempotency_key="k")
        with pytest.raises(InvalidRequest):
            queue.enqueue_job("close_order", {"order_id": 1}, delay=-1)


def test_everything_so_far_can_be_asked_for(jobs: QueueInTest) -> None:
    queue.enqueue_job("close_order", {"order_id": 17})
    jobs.drain()

    assert [job.job_type for job in jobs.enqueued()] == ["close_order", "send_receipt"]
    assert [job.enqueued_by for job in jobs.enqueued("send_receipt")] == ["close_order"]
    assert jobs.enqueued(send_receipt, order_id=18) == []


DUE = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    "said",
    [
        {"due": DUE},
        {"price": Decimal("2.50")},
        {"owner": UUID(int=5)},
        {"color": Color.RED},
        {"sizes": (1, 2)},
        {"number": 7},
        {"parcelNumber": 7},
        {"receipt": Receipt(order_id=17)},
        {"tags": {"vip", "old"}},
        {"retry_delays": (1, 2)},
    ],
    ids=lambda said: next(iter(said)),
)
def test_a_value_is_meant_as_a_payload_holds_it(jobs: QueueInTest, said: dict[str, Any]) -> None:
    parcel = Parcel(
        due=DUE,
        price=Decimal("2.50"),
        owner=UUID(int=5),
        sizes=(1, 2),
        parcelNumber=7,
        receipt=Receipt(order_id=17),
    )

    with jobs.expect_enqueued(send_parcel, **said):
        send_parcel.enqueue(parcel, tags=["vip", "old"], retry_delays=[1.0, 2.0])
    with (
        pytest.raises(AssertionError, match="no job send_parcel with"),
        jobs.refute_enqueued(send_parcel, **said),
    ):
        send_parcel.enqueue(parcel, tags=["vip", "old"], retry_delays=[1.0, 2.0])


def test_what_a_payload_leaves_out_is_as_its_model_fills_it_in(jobs: QueueInTest) -> None:
    with jobs.expect_enqueued(send_parcel, price=Decimal("1.50"), color=Color.RED, number=0):
        send_parcel.enqueue(Parcel(due=DUE))
    with jobs.refute_enqueued(send_parcel, price=Decimal("1.51")):
        send_parcel.enqueue(Parcel(due=DUE))


@pytest.mark.parametrize(
    "said", [{"due": object()}, {"delay": timedelta(seconds=5)}], ids=["due", "delay"]
)
def test_a_value_that_no_job_could_have_is_no_expectation(
    jobs: QueueInTest, said: dict[str, Any]
) -> None:
    with (
        pytest.raises(InvalidOption, match="and never a"),
        jobs.refute_enqueued(send_parcel, **said),
    ):
        pass
