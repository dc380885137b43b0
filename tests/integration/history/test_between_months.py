"""What stands in no month, though months stand on both sides of it, is kept as long as its rule says."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import pytest

from backend.domain.history.history_retention import RetentionPolicy
from backend.domain.jobs.job_id import uuid7
from backend.history.schema.upkeep_store import PostgresUpkeepStore
from backend.loops.pruner import Pruner
from tests.integration.history.chronicle import Chronicle
from tests.integration.history.databases import run
from tests.integration.history.lives import Life, events_of

#: Ids of callers' own making sort between two digits of this August; March is not made.
MONTHS = [date(2020, 2, 1), date(2020, 4, 1), date(2026, 7, 1), date(2026, 8, 1), date(2026, 9, 1)]
LATE = uuid7(int(datetime(2020, 3, 10, tzinfo=UTC).timestamp() * 1000), b"0123456789")
ULID = "01KDP3Q2ZJ8S2WG2X5V0QJ3F6B"
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


def _dead(job_id: str, days: float) -> Life:
    at = datetime.now(UTC) - timedelta(days=days)
    return Life(job_id, at, ends="failed", error=("E", "no"))


@pytest.mark.parametrize("job_id", [ULID, LATE, "own"])
def test_what_is_in_no_month_goes_one_by_one_when_its_time_is_over(
    chronicle: Chronicle, upkeep: PostgresUpkeepStore, job_id: str
) -> None:
    chronicle.write(*events_of(_dead(job_id, 91), _dead("0" + job_id, 89)))
    places = chronicle.rows("SELECT tableoid::regclass::text AS place FROM jobs WHERE id < '01a'")
    assert {row["place"] for row in places} <= {"jobs_far", "jobs_other"}

    Pruner(upkeep, chronicle.clock, RetentionPolicy()).run_once()

    assert [row["id"] for row in chronicle.rows("SELECT id FROM jobs")] == ["0" + job_id]


def test_what_is_in_a_month_goes_with_that(
    chronicle: Chronicle, upkeep: PostgresUpkeepStore
) -> None:
    chronicle.write(*events_of(_dead(IN_A_MONTH, 91), _dead(IN_A_MONTH[:-1] + "0", 89)))

    Pruner(upkeep, chronicle.clock, RetentionPolicy()).run_once()

    assert len(chronicle.rows("SELECT id FROM jobs")) == 2
