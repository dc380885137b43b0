"""What went wrong, summed up by the hour: as if each attempt were counted, whatever is late or gone."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from sqlalchemy import text

from backend.domain.history.history_statistics import TimeWindow
from backend.history.reading.flow_store import PostgresFlowStore
from backend.history.reading.statistics_store import PostgresStatisticsStore
from backend.history.schema.upkeep_store import PostgresUpkeepStore
from tests.integration.history.chronicle import Chronicle
from tests.integration.history.databases import run
from tests.integration.history.lives import START, Life, events_of

DAY = timedelta(days=1)

#: What the failures of a window are, counted from the attempts themselves.
COUNTED = """
SELECT error_kind, job_type, count(*) AS attempts, count(*) FILTER (WHERE status = 'failed') AS failed,
  max(ended_at) AS last_at
FROM job_results
WHERE error_kind IS NOT NULL AND ended_at >= :since AND ended_at < :until
  AND status IN ('retried', 'failed', 'crashed', 'suspected') AND (:queue = '' OR queue = :queue)
GROUP BY 1, 2
"""


#: Attempts of one job, one a minute, of which each thirtieth fails; what a month of many jobs would leave.
MANY_ATTEMPTS = """
INSERT INTO job_results (fence, version, attempt, job_id, job_type, queue, status, error_kind)
SELECT (ms << 20) + 8, (ms << 20) + 9, 1 + n, job_id, job_type, queue,
  CASE WHEN fails THEN 'failed' ELSE 'finished' END, CASE WHEN fails THEN error_kind END
FROM job_results, generate_series(1, :attempts) AS n, LATERAL (
  SELECT (1000 * extract(epoch FROM :since + n * interval '1 minute'))::bigint AS ms, n % 30 = 7 AS fails
) AS at
"""
THEIR_HOURS = """
INSERT INTO stale_hours (hour) SELECT DISTINCT date_trunc('hour', ended_at, 'UTC') FROM job_results
"""


def failing_days() -> list[Life]:
    """Some days of failures in two queues, and what finishes beside them."""
    kinds = (("OSError", "disk"), ("KeyError", "x"), ("", ""))
    return [
        Life(
            at=START + n * timedelta(minutes=47),
            queue=("normal", "high")[n % 2],
            job_type=("send_email", "export", "report")[n % 5 % 3],
            ends=("failed", "retried", "finished")[n % 3] if n % 7 else "snoozed",
            error=kinds[n % 3],
        )
        for n in range(150)
    ]


def assert_failures_are_those_of_the_attempts(chronicle: Chronicle) -> None:
    """Of windows that begin and end anywhere, for each queue and for all."""
    flow = PostgresFlowStore(chronicle.engine)
    for hours, more in ((0, 96), (5, 60), (0.4, 72.3), (30, 1), (30.2, 0.5), (30.5, 1), (-24, 240)):
        for queue in ("", "high", "nobody"):
            since = START + timedelta(hours=hours)
            until = since + timedelta(hours=more)
            found = flow.failures(since, until, queue)
            asked = {"since": since, "until": until, "queue": queue}
            expected = {tuple(row.values()) for row in chronicle.rows(COUNTED, **asked)}
            assert {tuple(group[:5]) for group in found} == expected, (hours, more, queue)
            assert all(group.job_id for group in found)


def uncounted(chronicle: Chronicle) -> int:
    """Hours and days that do not say what went wrong in them."""
    sql = "SELECT count(*) AS n FROM job_statistics WHERE queue = '' AND job_type = '' AND failures IS NULL"
    return int(chronicle.rows(sql)[0]["n"])


def test_failures_are_those_of_the_attempts_summed_up_or_not(chronicle: Chronicle) -> None:
    upkeep = PostgresUpkeepStore(chronicle.engine)
    chronicle.write(*events_of(*failing_days()))
    assert_failures_are_those_of_the_attempts(chronicle)

    upkeep.sum_up_hours(40)
    assert_failures_are_those_of_the_attempts(chronicle)
    upkeep.sum_up_hours(1000)
    assert sums_of(chronicle, "day") == 6
    assert uncounted(chronicle) == 0
    assert_failures_are_those_of_the_attempts(chronicle)

    late = [Life(at=START + n * DAY, ends="failed", error=("LateError", "x")) for n in range(3)]
    chronicle.write(*events_of(*late))
    assert_failures_are_those_of_the_attempts(chronicle)


def test_failures_whose_attempts_are_gone_are_gone_and_the_other_sums_stay(
    chronicle: Chronicle,
) -> None:
    upkeep = PostgresUpkeepStore(chronicle.engine)
    chronicle.write(*events_of(*failing_days()))
    upkeep.sum_up_hours(1000)
    window = TimeWindow(START - DAY, START + 9 * DAY)
    statistics = PostgresStatisticsStore(chronicle.engine)
    before = statistics.by_type(window)

    run(chronicle.engine, "DELETE FROM job_results WHERE error_kind = 'OSError' AND queue = 'high'")
    assert uncounted(chronicle) > 0
    assert_failures_are_those_of_the_attempts(chronicle)
    while upkeep.count_failures(7):
        assert_failures_are_those_of_the_attempts(chronicle)
    upkeep.sum_up_hours(1000)

    assert uncounted(chronicle) == 0
    assert sums_of(chronicle, "day") == 6
    assert_failures_are_those_of_the_attempts(chronicle)
    assert statistics.by_type(window) == before


def test_hours_that_the_last_release_summed_up_are_counted_afterwards(chronicle: Chronicle) -> None:
    upkeep = PostgresUpkeepStore(chronicle.engine)
    chronicle.write(*events_of(*failing_days()))
    upkeep.sum_up_hours(1000)
    run(chronicle.engine, "UPDATE job_statistics SET failures = NULL")

    assert_failures_are_those_of_the_attempts(chronicle)
    assert upkeep.count_failures(1000) == upkeep.count_failures(1000) + sums_of(chronicle, "hour")
    upkeep.sum_up_hours(1000)

    assert uncounted(chronicle) == 0
    assert_failures_are_those_of_the_attempts(chronicle)


def test_a_window_reads_the_attempts_of_the_hours_in_which_it_begins_and_ends(
    chronicle: Chronicle,
) -> None:
    life = Life(at=START, ends="failed", error=("OSError", "x"))
    chronicle.write(*events_of(life))
    run(chronicle.engine, MANY_ATTEMPTS, since=START, attempts=30_000)
    run(chronicle.engine, THEIR_HOURS)
    PostgresUpkeepStore(chronicle.engine).sum_up_hours(1000)
    with chronicle.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM ANALYZE"))

    explain = "EXPLAIN (ANALYZE, FORMAT JSON) SELECT * FROM failures_between(:since, :until, '')"
    since = START + timedelta(days=10, minutes=30)
    [plan] = chronicle.rows(explain, since=since, until=since + timedelta(days=1))

    # One in the half of each of two hours.
    assert read_of_attempts(plan["QUERY PLAN"][0]["Plan"]) == 2


def read_of_attempts(plan: dict[str, Any]) -> int:
    """How many rows of attempts were read by a plan that ran."""
    return sum(
        round(node["Actual Rows"] * node["Actual Loops"])
        for node in nodes_of(plan)
        if node.get("Relation Name", "").startswith("job_results")
    )


def nodes_of(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Each step of a plan."""
    yield plan
    for below in plan.get("Plans", ()):
        yield from nodes_of(below)


def sums_of(chronicle: Chronicle, grain: str) -> int:
    """How many hours or days are summed up."""
    sql = "SELECT count(*) AS n FROM job_statistics WHERE grain = :grain AND queue = '' AND job_type = ''"
    return int(chronicle.rows(sql, grain=grain)[0]["n"])
