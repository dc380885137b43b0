"""Upkeep: what is old goes, by state and type; months of events come in time and go whole."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import event, text

from backend.domain.history.history_retention import RetentionPolicy
from backend.history.schema.months import month_after
from backend.history.schema.upkeep_store import PostgresUpkeepStore
from backend.loops.pruner import Pruner
from backend.telemetry.clock import SystemClock
from tests.integration.history.chronicle import Chronicle
from tests.integration.history.databases import run
from tests.integration.history.lives import Life, events_of

NOW = datetime.now(UTC)
LONG_AGO = NOW - timedelta(days=4000)


@pytest.fixture
def upkeep(chronicle: Chronicle) -> PostgresUpkeepStore:
    """What keeps the record in shape."""
    return PostgresUpkeepStore(chronicle.engine)


def pruner(chronicle: Chronicle, **policy: object) -> Pruner:
    """A pruner with a policy."""
    upkeep = PostgresUpkeepStore(chronicle.engine)
    return Pruner(upkeep, chronicle.clock, RetentionPolicy(**policy))  # type: ignore[arg-type]


def days_ago(days: float, job_id: str, **life: object) -> Life:
    """A job accepted so many days ago."""
    return Life(job_id, NOW - timedelta(days=days), **life)  # type: ignore[arg-type]


def left(chronicle: Chronicle) -> list[str]:
    """The jobs on record, and the jobs whose results are."""
    jobs = [row["id"] for row in chronicle.rows("SELECT id FROM jobs ORDER BY id")]
    results = chronicle.rows("SELECT DISTINCT job_id FROM job_results ORDER BY job_id")
    assert [row["job_id"] for row in results] == [id_ for id_ in jobs if "waiting" not in id_]
    return jobs


def test_each_state_is_kept_for_its_own_time(chronicle: Chronicle) -> None:
    chronicle.write(
        *events_of(
            days_ago(31, "finished-old"),
            days_ago(29, "finished"),
            days_ago(91, "failed-old", ends="failed", is_discarded=True),
            days_ago(91, "failed-dead", ends="failed"),
            days_ago(89, "failed", ends="failed", is_discarded=True),
            days_ago(31, "canceled-old", ends="canceled"),
            days_ago(400, "waiting", ends=""),
            days_ago(31, "finished-late", waits=2 * 86400),
        )
    )

    assert pruner(chronicle).run_once() > 0

    assert left(chronicle) == ["failed", "failed-dead", "finished", "finished-late", "waiting"]


def test_a_type_may_be_kept_longer_or_shorter_than_the_others(chronicle: Chronicle) -> None:
    chronicle.write(
        *events_of(
            days_ago(50, "email"),
            days_ago(50, "report", job_type="report"),
            days_ago(3, "ping", job_type="ping"),
            days_ago(3, "ping-failed", job_type="ping", ends="failed", is_discarded=True),
            days_ago(3, "email-new"),
        )
    )

    pruner(chronicle, days_by_type={"report": 365, "ping": 2}).run_once()

    assert left(chronicle) == ["email-new", "report"]


def test_what_others_keep_longer_is_not_read_to_find_what_goes(chronicle: Chronicle) -> None:
    """Else each round reads all of it, every minute, and one day no round comes to its end."""
    chronicle.write(
        *events_of(
            *(days_ago(50, f"report-{n}", job_type="report") for n in range(300)),
            days_ago(50, "email", job_type="email"),
            days_ago(50, "ping", job_type="ping"),
        )
    )
    [general, *_] = RetentionPolicy(days_by_type={"report": 365}).rules()
    asked: list[tuple[str, Any]] = []

    def note(_: Any, __: Any, sql: str, values: Any, *___: Any) -> None:
        if "DELETE FROM jobs" in sql:
            asked.append((sql, values))

    event.listen(chronicle.engine, "before_cursor_execute", note)
    pruned = PostgresUpkeepStore(chronicle.engine).prune_jobs(general, NOW - general.keep, 100)
    event.remove(chronicle.engine, "before_cursor_execute", note)

    assert (pruned, len(asked), len(left(chronicle))) == (2, 2, 300)
    run(chronicle.engine, "ANALYZE jobs")
    with chronicle.engine.connect() as connection:
        connection.execute(text("SET LOCAL enable_seqscan = off"))
        for sql, values in asked:
            found = connection.exec_driver_sql(f"EXPLAIN ANALYZE {sql}", values).scalars()
            assert "Rows Removed by Filter" not in "\n".join(found)


class _Ahead(SystemClock):
    """That of a machine that woke up years ahead."""

    def now(self) -> datetime:
        return super().now() + timedelta(days=500)


def test_a_machine_whose_clock_is_ahead_deletes_nothing(
    chronicle: Chronicle, upkeep: PostgresUpkeepStore
) -> None:
    """Months that are not over are left alone, and each duty is done."""
    chronicle.write(
        *events_of(days_ago(1, "new"), days_ago(1, "f", ends="failed", is_discarded=True))
    )
    pruner(chronicle).run_once()
    expected, months = chronicle.everything(), upkeep.months_of_events()
    hours = chronicle.rows("SELECT * FROM job_statistics")

    assert Pruner(upkeep, _Ahead(), RetentionPolicy()).run_once() > 0

    assert (chronicle.everything(), upkeep.months_of_events()) == (expected, months)
    assert chronicle.rows("SELECT * FROM job_statistics") == hours != []


def test_many_go_in_batches_until_none_is_left(chronicle: Chronicle) -> None:
    chronicle.write(
        *events_of(*(days_ago(40, f"old-{n:04}") for n in range(2100)), days_ago(1, "new"))
    )
    loop = pruner(chronicle)

    waits = [loop.run_once() for _ in range(3)]

    assert (waits[:2], waits[2] > 0) == ([0.0, 0.0], True)
    assert loop.pruned == 2100
    assert left(chronicle) == ["new"]


def test_a_month_of_events_goes_when_the_last_job_of_it_may(
    chronicle: Chronicle, upkeep: PostgresUpkeepStore
) -> None:
    chronicle.write(*events_of(Life("old", LONG_AGO), days_ago(1, "new")))
    first = date(LONG_AGO.year, LONG_AGO.month, 1)
    assert first in upkeep.months_of_events()
    end = datetime.combine(month_after(first), datetime.min.time(), UTC)

    assert upkeep.drop_events(end - timedelta(days=1)) == 0
    assert upkeep.drop_events(end) == 1

    assert first not in upkeep.months_of_events()
    assert chronicle.kinds("old") == []
    assert len(chronicle.kinds("new")) == 3


def test_a_month_that_an_export_reads_goes_when_it_has_been_read(
    chronicle: Chronicle, upkeep: PostgresUpkeepStore
) -> None:
    """It is no outage, and holds up no other duty of the round."""
    chronicle.write(*events_of(Life("old", LONG_AGO)))
    first = date(LONG_AGO.year, LONG_AGO.month, 1)
    run(chronicle.engine, "SELECT make_jobs_partition(:month)", month=first)
    after = datetime.combine(month_after(first), datetime.min.time(), UTC)
    with chronicle.engine.connect() as reader:
        reader.execute(text("SELECT count(*) FROM jobs CROSS JOIN job_events"))

        assert (upkeep.drop_events(after), upkeep.drop_jobs(after)) == (0, 0)

    assert (upkeep.drop_events(after), upkeep.drop_jobs(after)) == (1, 1)


def test_the_round_of_a_pruner_drops_old_months_and_makes_new_ones(
    chronicle: Chronicle, upkeep: PostgresUpkeepStore
) -> None:
    chronicle.write(*events_of(Life("old", LONG_AGO)))

    this = datetime.now(UTC).date().replace(day=1)
    pruner(chronicle).run_once()

    months = upkeep.months_of_events()
    assert date(LONG_AGO.year, LONG_AGO.month, 1) not in months
    assert {this, month_after(this), month_after(month_after(this))} <= set(months)


def test_months_that_are_there_are_not_made_again(upkeep: PostgresUpkeepStore) -> None:
    upkeep.make_partitions(3)

    assert upkeep.make_partitions(3) == 0


def test_sums_outlive_the_jobs_they_are_of_but_not_for_ever(
    chronicle: Chronicle, upkeep: PostgresUpkeepStore
) -> None:
    chronicle.write(*events_of(days_ago(40, "a"), days_ago(500, "b")))

    pruner(chronicle).run_once()

    hours = chronicle.rows(
        "SELECT since FROM job_statistics WHERE queue = '' AND job_type = '' AND grain = 'hour'"
    )
    assert left(chronicle) == []
    assert [
        abs(row["since"] - (NOW - timedelta(days=40))) < timedelta(hours=2) for row in hours
    ] == [True]


def test_the_longest_time_of_any_job_decides_about_events() -> None:
    policy = RetentionPolicy(finished_days=1, failed_days=2, days_by_type={"report": 365})

    assert policy.longest == timedelta(days=365)
    assert RetentionPolicy().longest == timedelta(days=90)
