"""Jobs that go on for months, and many attempts: what comes now is all that is looked at and changed."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from sqlalchemy import text

from backend.domain.jobs.job_event import JobEvent, version_of
from backend.history.statements import source_of, statement
from tests.integration.history.chronicle import Chronicle
from tests.integration.history.databases import run
from tests.integration.history.lives import Life, events_of, stream_id

LONG_AGO = datetime(2020, 5, 10, 12, tzinfo=UTC)


def _redriven(job_id: str, at: datetime) -> JobEvent:
    return JobEvent(stream_id(at), "redriven", job_id, "normal", worker="ada", body="again")


def test_a_redrive_leaves_attempts_as_they_are_whose_events_are_gone(chronicle: Chronicle) -> None:
    """And the sums of their hours, whose other jobs are gone as well."""
    chronicle.write(*events_of(Life("a", LONG_AGO, ends="failed", error=("E", "no"))))
    [before] = chronicle.results("a")
    assert before["ready_version"] == chronicle.job("a")["position"]
    run(chronicle.engine, "SELECT drop_job_events_partition(:month)", month=date(2020, 5, 1))
    run(chronicle.engine, "DELETE FROM stale_hours")

    chronicle.write(_redriven("a", datetime.now(UTC)))

    assert chronicle.results("a") == [before]
    assert chronicle.rows("SELECT hour FROM stale_hours") == []
    assert chronicle.job("a")["status"] == "queued"


def test_a_redrive_that_is_recorded_late_still_tells_since_when_the_next_attempt_waited(
    chronicle: Chronicle,
) -> None:
    accepted, started, failed = events_of(Life("a", ends="failed", error=("E", "no")))
    redriven = _redriven("a", Life().at + timedelta(minutes=5))
    again = started._replace(id=stream_id(Life().at + timedelta(minutes=6)), attempt=2)
    finished = failed._replace(
        id=stream_id(Life().at + timedelta(minutes=7)), kind="finished", attempt=2, fence=again.id
    )
    chronicle.write(accepted, started, failed, again, finished)

    chronicle.write(redriven)

    first, second = chronicle.results("a")
    assert first["ready_version"] == version_of(accepted.id)
    assert second["ready_version"] == version_of(redriven.id)


def test_of_a_job_that_gets_ready_only_attempts_behind_that_are_looked_at(
    chronicle: Chronicle,
) -> None:
    """A handler that polls by `Snooze` has thousands, each of which asks the events of its job."""
    chronicle.write(*events_of(*(Life() for _ in range(500))))
    run(chronicle.engine, "ANALYZE job_results")
    latest = version_of(stream_id(datetime.now(UTC)))
    values = {"least_id": "j", "greatest_id": "k", "least_version": latest}
    with chronicle.engine.begin() as connection:
        connection.execute(statement("prepare_staging"))
        asked = text(f"EXPLAIN (COSTS OFF) {source_of('complete_job_results')}")
        found = list(connection.execute(asked, values).scalars())

    bounds = [line for line in found if "Index Cond" in line and "job_id = s.id" in line]
    assert ["fence >" in line for line in bounds] == [True]
