"""What stands in no month though others do, and months that go while others look after the record."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta

import pytest

from backend.domain.history.history_retention import RetentionPolicy, RetentionRule
from backend.domain.jobs.job_id import uuid7
from backend.domain.jobs.job_state import JobState
from backend.history.schema.upkeep_store import PostgresUpkeepStore
from backend.history.statements import statement
from backend.loops.pruner import Pruner
from tests.eventually import eventually
from tests.integration.history.chronicle import Chronicle
from tests.integration.history.databases import run
from tests.integration.history.lives import Life, events_of

#: Ids of callers' own making sort between two digits of this August; March is not made.
MONTHS = [date(2020, 2, 1), date(2020, 4, 1), date(2026, 7, 1), date(2026, 8, 1), date(2026, 9, 1)]
LATE = uuid7(int(datetime(2020, 3, 10, tzinfo=UTC).timestamp() * 1000), b"0123456789")
ULID = "01KDP3Q2ZJ8S2WG2X5V0QJ3F6B"
#: Whoever waits for a lock that another transaction has.
WAITS = (
    "SELECT pid FROM pg_stat_activity"
    " WHERE datname = current_database() AND cardinality(pg_blocking_pids(pid)) > 0"
)
IN_A_MONTH = uuid7(int(datetime(2020, 4, 10, tzinfo=UTC).timestamp() * 1000), b"0123456789")


@pytest.fixture
def upkeep(chronicle: Chronicle) -> Iterator[PostgresUpkeepStore]:
    """What keeps the record in shape, with months; those that were not there go again."""
    store = PostgresUpkeepStore(chronicle.engine)
    there = store.months_of_jobs()
    for month in MONTHS:
        run(chronicle.engine, "SELECT make_jobs_partition(:month)", month=month)
    yield store
    run(chronicle.engine, "DELETE FROM jobs")
    for month in set(store.months_of_jobs()) - set(there):
        for table in ("jobs", "job_results", "job_tags"):
            run(chronicle.engine, f"DROP TABLE {table}_{month:%Y_%m}")


def _discarded(job_id: str, days: float) -> Life:
    at = datetime.now(UTC) - timedelta(days=days)
    return Life(job_id, at, ends="failed", error=("E", "no"), is_discarded=True)


@pytest.mark.parametrize("job_id", [ULID, LATE, "own"])
def test_what_is_in_no_month_goes_one_by_one_when_its_time_is_over(
    chronicle: Chronicle, upkeep: PostgresUpkeepStore, job_id: str
) -> None:
    chronicle.write(*events_of(_discarded(job_id, 91), _discarded("0" + job_id, 89)))
    places = chronicle.rows("SELECT tableoid::regclass::text AS place FROM jobs WHERE id < '01a'")
    assert {row["place"] for row in places} <= {"jobs_far", "jobs_other"}

    Pruner(upkeep, chronicle.clock, RetentionPolicy()).run_once()

    assert [row["id"] for row in chronicle.rows("SELECT id FROM jobs")] == ["0" + job_id]


def test_what_is_in_a_month_goes_with_that_unless_it_is_held_up_for_a_week(
    chronicle: Chronicle, upkeep: PostgresUpkeepStore
) -> None:
    failed = RetentionRule((JobState.FAILED,), timedelta(days=90), goes_by_month=True)
    in_april = datetime(2020, 4, 20, tzinfo=UTC)
    is_old = Life(IN_A_MONTH, in_april, ends="failed", error=("E", "no"), is_discarded=True)
    holds_up = _discarded(IN_A_MONTH[:-1] + "0", 89)
    chronicle.write(*events_of(is_old, holds_up))

    assert upkeep.prune_jobs(failed, datetime(2020, 5, 7, tzinfo=UTC), 100) == 0
    assert upkeep.prune_jobs(failed, datetime(2020, 5, 9, tzinfo=UTC), 100) == 1

    assert [row["id"] for row in chronicle.rows("SELECT id FROM jobs")] == [holds_up.job_id]


def test_the_counts_of_a_month_go_with_it_also_while_counts_are_put_together(
    chronicle: Chronicle, upkeep: PostgresUpkeepStore
) -> None:
    """By another pruner, of which several may run."""
    chronicle.write(*events_of(_discarded(IN_A_MONTH, 91), _discarded("own", 91)))
    with chronicle.engine.connect() as other, ThreadPoolExecutor(1) as pool:
        putting_together = other.begin()
        other.execute(statement("sum_up_counts"))
        dropped = pool.submit(upkeep.drop_jobs_month, MONTHS[1], datetime.now(UTC))
        eventually(lambda: chronicle.rows(WAITS), timeout=30)
        putting_together.commit()

        # It waits for two seconds at most, and is postponed then.
        assert dropped.result() or upkeep.drop_jobs_month(MONTHS[1], datetime.now(UTC))

    assert [row["id"] for row in chronicle.rows("SELECT id FROM jobs")] == ["own"]
    assert chronicle.untrue() == []


def test_counts_are_put_together_another_time_while_a_month_goes(
    chronicle: Chronicle, upkeep: PostgresUpkeepStore
) -> None:
    chronicle.write(*events_of(_discarded(IN_A_MONTH, 91), _discarded("own", 91)))
    with chronicle.engine.begin() as dropping:
        values = {"month": MONTHS[1], "before": datetime.now(UTC)}
        assert dropping.execute(statement("drop_jobs_month"), values).scalar_one()

        upkeep.sum_up_counts()

    assert chronicle.untrue() == []
