"""Dead jobs stay on record while they may be in the dead-letter queue, and go when they have left it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import pytest

from backend.domain.history.history_retention import RetentionRule
from backend.domain.jobs.job_id import uuid7
from backend.domain.jobs.job_state import JobState
from backend.history.schema.upkeep_store import PostgresUpkeepStore
from tests.integration.broker.bench import ERROR
from tests.integration.history.databases import run
from tests.integration.record.bureau import Bureau

MONTH = date(2020, 5, 1)
#: An id of that month, as one that we make has it.
EARLY = uuid7(int(datetime(2020, 5, 10, tzinfo=UTC).timestamp() * 1000), os.urandom(10))


@pytest.fixture
def month(bureau: Bureau) -> Iterator[PostgresUpkeepStore]:
    """What keeps the record in shape, with a month that is long over."""
    run(bureau.engine, "SELECT make_jobs_partition(:month)", month=MONTH)
    yield PostgresUpkeepStore(bureau.engine)
    for table in ("jobs", "job_results", "job_tags"):
        run(bureau.engine, f"DROP TABLE IF EXISTS {table}_{MONTH:%Y_%m}")


def _bury(bureau: Bureau, job_id: str) -> str:
    bureau.enqueue(bureau.job(job_id=job_id))
    [claimed] = bureau.bench.claim()
    bureau.bench.settle(claimed, "failed", body=ERROR, result="eJwDAAAAAAE=")
    bureau.record()
    return job_id


def _prune(bureau: Bureau, *, goes_by_month: bool = False) -> int:
    """All that has ended, whenever that was."""
    rule = RetentionRule((JobState.FAILED,), timedelta(0), goes_by_month=goes_by_month)
    return PostgresUpkeepStore(bureau.engine).prune_jobs(rule, _soon(), 100)


def _soon() -> datetime:
    return datetime.now(UTC) + timedelta(minutes=1)


def _on_record(bureau: Bureau) -> list[str]:
    return [row["id"] for row in bureau.rows("SELECT id FROM jobs ORDER BY id")]


def _is_well(bureau: Bureau) -> bool:
    return bureau.ledger().reconcile().faults == []


def test_a_dead_job_leaves_the_record_after_the_dead_letter_queue(bureau: Bureau) -> None:
    """However old it is: discarded after that it came back as a row that failed for ever."""
    dead = _bury(bureau, "order-17")

    assert _prune(bureau) == 0
    assert _is_well(bureau)

    bureau.bench.discard(dead)
    bureau.record()
    assert _prune(bureau) == 1
    assert _on_record(bureau) == []
    assert _is_well(bureau)


def test_what_was_left_of_a_dead_job_that_went_first_goes_in_time(bureau: Bureau) -> None:
    """As releases until 0.3 had it: a row that says of nothing but that it was discarded."""
    dead = _bury(bureau, "order-17")
    bureau.change("DELETE FROM jobs")
    bureau.bench.discard(dead)
    bureau.record()
    [left] = bureau.rows("SELECT position, finished_at FROM jobs")
    assert left["position"] < 0
    assert left["finished_at"] is None
    rule = RetentionRule((JobState.FAILED,), timedelta(0))

    upkeep = PostgresUpkeepStore(bureau.engine)
    assert upkeep.prune_jobs(rule, datetime.now(UTC) - timedelta(days=1), 100) == 0
    assert _prune(bureau) == 1

    assert _on_record(bureau) == []


def test_a_month_stays_while_a_job_of_it_is_in_the_dead_letter_queue(
    bureau: Bureau, month: PostgresUpkeepStore
) -> None:
    _bury(bureau, EARLY)

    assert not month.drop_jobs_month(MONTH, _soon())
    assert _is_well(bureau)

    bureau.bench.discard(EARLY)
    bureau.record()
    assert month.drop_jobs_month(MONTH, _soon())
    assert _on_record(bureau) == []


def test_what_a_dead_job_holds_up_in_its_month_goes_one_by_one(
    bureau: Bureau, month: PostgresUpkeepStore
) -> None:
    dead, other = EARLY, _bury(bureau, EARLY[:-4] + "ffff")
    bureau.bench.discard(other)
    _bury(bureau, dead)

    assert _prune(bureau, goes_by_month=True) == 1

    assert _on_record(bureau) == [dead]
