"""What the outbox sent goes with its job when retention takes that: it is never taken for a lost one."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import pytest

from backend.domain.history.history_retention import RetentionRule
from backend.domain.jobs.job_id import uuid7
from backend.domain.jobs.job_state import JobState
from backend.domain.ledger.ledger import FaultKind
from backend.history.outbox.relay_store import PostgresRelayStore
from backend.history.schema.upkeep_store import PostgresUpkeepStore
from tests.integration.history.databases import run
from tests.integration.record.bureau import Bureau

MONTH = date(2020, 5, 1)


@pytest.fixture
def old_month(bureau: Bureau) -> Iterator[datetime]:
    """An instant in a month that is long over, and of which there is a table."""
    run(bureau.engine, "SELECT make_jobs_partition(:month)", month=MONTH)
    yield datetime(2020, 5, 10, tzinfo=UTC)
    for table in ("jobs", "job_results", "job_tags"):
        run(bureau.engine, f"DROP TABLE IF EXISTS {table}_{MONTH:%Y_%m}")


def _prune(bureau: Bureau) -> int:
    rule = RetentionRule((JobState.FINISHED, JobState.CANCELED), timedelta(0))
    store = PostgresUpkeepStore(bureau.engine)
    return store.prune_jobs(rule, datetime.now(UTC) + timedelta(minutes=1), 100)


def _finish_what_waits(bureau: Bureau) -> list[str]:
    ran = bureau.run_all()
    bureau.record()
    bureau.forget_finished()
    return ran


def _rows(bureau: Bureau) -> list[str]:
    return bureau.ids(bureau.rows("SELECT job_id FROM job_outbox ORDER BY number"))


def _runs_again(bureau: Bureau) -> list[str]:
    """What runs after each way in which the ledger brings back what it takes for lost."""
    assert bureau.ledger().reconcile(repair=True).faults == []
    bureau.relay_all()
    bureau.redis.flushall()
    assert bureau.ledger().rebuild().sent_again == 0
    bureau.relay_all()
    return bureau.run_all()


def test_a_job_that_was_pruned_is_not_lost_and_not_sent_again(bureau: Bureau) -> None:
    bureau.outbox_service.enqueue([job := bureau.job()])
    bureau.relay_all()
    assert _finish_what_waits(bureau) == [job.id]

    assert _prune(bureau) == 1

    assert _runs_again(bureau) == []


def test_who_was_answered_with_a_job_that_was_pruned_is_not_sent_again(bureau: Bureau) -> None:
    holder, twin = (bureau.job(idempotency_key="order-7") for _ in range(2))
    bureau.enqueue(holder)
    bureau.outbox_service.enqueue([twin])
    bureau.relay_all()
    assert _finish_what_waits(bureau) == [holder.id]

    assert _prune(bureau) == 1

    assert _rows(bureau) == []
    assert _runs_again(bureau) == []


def test_who_was_answered_with_a_job_that_had_been_pruned_by_then_is_not_sent_again(
    bureau: Bureau,
) -> None:
    """A key may stand for longer than history keeps its job."""
    bureau.enqueue(bureau.job(idempotency_key="order-7"))
    bureau.run_all()
    bureau.record()
    assert _prune(bureau) == 1
    bureau.outbox_service.enqueue([bureau.job(idempotency_key="order-7")])
    bureau.relay_all()

    bureau.redis.flushall()

    assert bureau.ledger().rebuild().sent_again == 0
    assert _runs_again(bureau) == []
    assert PostgresRelayStore(bureau.engine).clean(0, 100) == 1


def test_a_job_whose_month_was_dropped_is_not_lost_and_not_sent_again(
    bureau: Bureau, old_month: datetime
) -> None:
    early = uuid7(int(old_month.timestamp() * 1000), os.urandom(10))
    twin = bureau.job(idempotency_key="order-7")
    bureau.outbox_service.enqueue([bureau.job(job_id=early, idempotency_key="order-7"), twin])
    bureau.relay_all()
    assert _finish_what_waits(bureau) == [early]
    upkeep = PostgresUpkeepStore(bureau.engine)

    assert upkeep.drop_jobs_month(MONTH, datetime.now(UTC) + timedelta(minutes=1))

    assert _rows(bureau) == []
    assert _runs_again(bureau) == []


def test_a_month_that_stays_leaves_what_was_sent(bureau: Bureau, old_month: datetime) -> None:
    early = uuid7(int(old_month.timestamp() * 1000), os.urandom(10))
    bureau.outbox_service.enqueue([bureau.job(job_id=early)])
    bureau.relay_all()
    bureau.record()

    assert not PostgresUpkeepStore(bureau.engine).drop_jobs_month(MONTH, datetime.now(UTC))

    assert _rows(bureau) == [early]


def test_an_id_that_came_again_since_is_sent_again_when_redis_lost_it(bureau: Bureau) -> None:
    """The record says that the former one has ended, until the recorder comes to the later one."""
    bureau.enqueue(bureau.job(job_id="invoice-7"))
    _finish_what_waits(bureau)
    bureau.change("UPDATE jobs SET status_version = status_version - (86400000::bigint << 20)")
    bureau.outbox_service.enqueue([bureau.job(job_id="invoice-7")])
    bureau.relay_all()

    assert _prune(bureau) == 1
    bureau.redis.flushall()

    assert bureau.ledger().rebuild().sent_again == 1
    bureau.relay_all()
    assert bureau.run_all() == ["invoice-7"]


def _sent_under_the_id_of_a_former_job(bureau: Bureau) -> None:
    bureau.enqueue(bureau.job(job_id="invoice-7"))
    _finish_what_waits(bureau)
    bureau.outbox_service.enqueue([bureau.job(job_id="invoice-7")])
    bureau.relay_all()


def test_an_id_that_came_again_is_sent_again_also_while_its_former_job_is_on_record(
    bureau: Bureau,
) -> None:
    _sent_under_the_id_of_a_former_job(bureau)
    bureau.redis.flushall()

    assert bureau.ledger().rebuild().sent_again == 1

    bureau.relay_all()
    assert bureau.run_all() == ["invoice-7"]


def test_an_id_that_came_again_and_that_redis_lost_is_named_and_sent_again(bureau: Bureau) -> None:
    _sent_under_the_id_of_a_former_job(bureau)
    bureau.redis.flushall()

    [fault] = bureau.ledger().reconcile(repair=True).faults

    assert (fault.kind, fault.job_id, fault.is_repaired) == (FaultKind.LOST, "invoice-7", True)
    bureau.relay_all()
    assert bureau.run_all() == ["invoice-7"]
    bureau.record()
    assert bureau.ledger().reconcile().faults == []


def test_a_sent_row_stays_until_its_own_job_is_on_record(bureau: Bureau) -> None:
    _sent_under_the_id_of_a_former_job(bureau)
    store = PostgresRelayStore(bureau.engine)

    assert store.clean(0, 100) == 0

    bureau.record()
    assert store.clean(0, 100) == 1


def test_who_was_answered_with_a_job_of_its_id_is_not_sent_again(bureau: Bureau) -> None:
    """That one was accepted before the row was claimed, and is the one that was asked for all the same."""
    bureau.enqueue(bureau.job(job_id="invoice-7"))
    bureau.outbox_service.enqueue([bureau.job(job_id="invoice-7")])
    bureau.relay_all()
    assert _finish_what_waits(bureau) == ["invoice-7"]

    assert _runs_again(bureau) == []

    assert PostgresRelayStore(bureau.engine).clean(0, 100) == 1


def test_a_row_in_doubt_whose_job_was_pruned_has_arrived(bureau: Bureau) -> None:
    """A relay that died before it could note what it had sent; none led until retention took the job."""
    bureau.outbox_service.enqueue([job := bureau.job()])
    bureau.relay_all()
    assert _finish_what_waits(bureau) == [job.id]
    bureau.change("UPDATE job_outbox SET sent_at = NULL, accepted_as = NULL, claimed_by = 7")

    assert _prune(bureau) == 1
    bureau.relay_all()

    assert bureau.run_all() == []


def test_what_was_not_sent_yet_stays_when_a_job_of_its_id_is_pruned(bureau: Bureau) -> None:
    bureau.enqueue(bureau.job(job_id="invoice-7"))
    _finish_what_waits(bureau)
    bureau.outbox_service.enqueue([bureau.job(job_id="invoice-7")])

    assert _prune(bureau) == 1
    bureau.relay_all()

    assert bureau.run_all() == ["invoice-7"]


def test_what_both_stores_lost_before_it_was_recorded_is_still_sent_again(bureau: Bureau) -> None:
    bureau.outbox_service.enqueue([bureau.job(), lost := bureau.job()])
    bureau.relay_all()
    held = bureau.bench.claim(1)
    bureau.bench.settle(held[0], "finished", body="1")
    bureau.record()
    bureau.change("DELETE FROM jobs WHERE id = :id", id=lost.id)
    assert _prune(bureau) == 1
    bureau.redis.flushall()

    assert bureau.ledger().rebuild().sent_again == 1

    assert _rows(bureau) == [lost.id]
