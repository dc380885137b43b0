"""Jobs by the month of their ids: room in time, months that go whole, questions that ask few of them."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, text

from backend.domain.history.history_retention import RetentionPolicy
from backend.domain.history.history_statistics import TimeWindow
from backend.domain.jobs.job_filter import JobFilter
from backend.domain.jobs.job_id import uuid7
from backend.domain.jobs.job_state import JobState
from backend.embedded.servers import Servers
from backend.history.reading.history_store import PostgresHistoryStore
from backend.history.reading.statistics_store import PostgresStatisticsStore
from backend.history.schema.months import month_after
from backend.history.schema.upkeep_store import PostgresUpkeepStore
from backend.history.server.connection import connect
from backend.history.statements import source_of, statement
from backend.loops.pruner import Pruner
from tests.integration.history.chronicle import Chronicle
from tests.integration.history.databases import administer, named, rows, run
from tests.integration.history.lives import Life, events_of

#: A day that each month's table has: of August 2026 it begins on the 14th, where ids go on from 019 to 01a.
_DAY = 20
NOW = datetime.now(UTC)
THIS = date(NOW.year, NOW.month, 1)


def month_ago(months: int) -> date:
    """The month so many before this one."""
    number = THIS.year * 12 + THIS.month - 1 - months
    return date(number // 12, number % 12 + 1, 1)


def dated(at: datetime, salt: bytes = b"0123456789") -> str:
    """An id of this instant."""
    return uuid7(int(at.timestamp() * 1000), salt)


def in_month(month: date, salt: bytes = b"0123456789", **life: Any) -> Life:
    """A job of a month."""
    at = datetime(month.year, month.month, _DAY, 12, tzinfo=UTC)
    return Life(dated(at, salt), at, **life)


@pytest.fixture
def upkeep(chronicle: Chronicle) -> Iterator[PostgresUpkeepStore]:
    """What keeps the record in shape; months that a test makes go with it."""
    store = PostgresUpkeepStore(chronicle.engine)
    # A month may have begun since these tests were read, and the database was made in that.
    run(chronicle.engine, "SELECT make_jobs_partition(:month)", month=THIS)
    months = store.months_of_jobs()
    yield store
    run(chronicle.engine, "DELETE FROM jobs")
    for month in set(store.months_of_jobs()) - set(months):
        for table in ("jobs", "job_results", "job_tags"):
            run(chronicle.engine, f"DROP TABLE {table}_{month:%Y_%m}")


def place_of(chronicle: Chronicle, job_id: str) -> str:
    """The table that a job stands in."""
    sql = "SELECT tableoid::regclass::text AS place FROM jobs WHERE id = :id"
    [found] = chronicle.rows(sql, id=job_id)
    return str(found["place"])


def test_an_id_stands_in_its_month_and_one_of_a_callers_own_making_beside_them(
    chronicle: Chronicle, upkeep: PostgresUpkeepStore
) -> None:
    upkeep.make_partitions(2)
    first = datetime(THIS.year, THIS.month, 1, tzinfo=UTC)
    ids = {
        dated(first): f"jobs_{THIS:%Y_%m}",
        dated(first - timedelta(minutes=2)): "jobs_far",
        dated(first + timedelta(days=40)): f"jobs_{month_after(THIS):%Y_%m}",
        "order-17": "jobs_other",
        "ffffffff-0000-7000-8000-000000000000": "jobs_other",
        "01KDP3Q2ZJ8S2WG2X5V0QJ3F6B": "jobs_far",
    }

    chronicle.write(*events_of(*(Life(job_id) for job_id in ids)))

    assert {job_id: place_of(chronicle, job_id) for job_id in ids} == ids
    assert chronicle.untrue() == []


def test_what_came_before_its_month_was_made_moves_there(
    chronicle: Chronicle, upkeep: PostgresUpkeepStore
) -> None:
    upkeep.make_partitions(2)
    # Further ahead than any other test makes months.
    early = dated(datetime.now(UTC) + timedelta(days=160))
    chronicle.write(*events_of(Life(early, options={"tags": ["a"]}), Life("own")))
    expected = chronicle.everything()
    assert place_of(chronicle, early) == "jobs_far"

    assert upkeep.make_partitions(6) > 0

    assert place_of(chronicle, early).startswith("jobs_20")
    assert chronicle.everything() == expected
    assert chronicle.untrue() == []


def test_where_digits_end_and_letters_begin_a_month_holds_no_ids_of_others(
    chronicle: Chronicle, upkeep: PostgresUpkeepStore
) -> None:
    """Ids of August 2026 go from 019f to 01a0, and all ULIDs of today sort in between."""
    run(
        chronicle.engine,
        "SELECT make_jobs_partition('2026-08-15'), make_jobs_partition('2026-07-15')",
    )

    [found] = chronicle.rows(
        "SELECT pg_get_expr(relpartbound, oid) AS bounds FROM pg_class WHERE relname = 'jobs_2026_08'"
    )
    assert found["bounds"].startswith("FOR VALUES FROM ('01a') TO ('01a0")
    chronicle.write(*events_of(Life("01KDP3Q2ZJ8S2WG2X5V0QJ3F6B")))
    assert place_of(chronicle, "01KDP3Q2ZJ8S2WG2X5V0QJ3F6B") == "jobs_far"


def test_a_month_goes_whole_when_nothing_in_it_waits_or_is_to_be_kept(
    chronicle: Chronicle, upkeep: PostgresUpkeepStore
) -> None:
    month = month_ago(8)
    run(chronicle.engine, "SELECT make_jobs_partition(:month)", month=month)
    waiting, ended = (
        in_month(month, b"1123456789", ends=""),
        in_month(month, options={"tags": ["a"]}),
    )
    chronicle.write(*events_of(waiting, ended, Life("own", ended.at)))
    before = NOW - timedelta(days=90)

    assert upkeep.drop_jobs(before) == 0

    late = Life(waiting.job_id, NOW - timedelta(days=95))
    chronicle.write(*events_of(late)[1:])
    assert upkeep.drop_jobs(NOW - timedelta(days=96)) == 0
    assert upkeep.drop_jobs(before) == 1

    assert month not in upkeep.months_of_jobs()
    assert [row["id"] for row in chronicle.rows("SELECT id FROM jobs")] == ["own"]
    assert [row["job_id"] for row in chronicle.rows("SELECT job_id FROM job_results")] == ["own"]
    assert chronicle.rows("SELECT * FROM job_tags") == []
    assert chronicle.untrue() == []


def test_failures_of_a_month_go_with_it_and_its_other_sums_stay(
    chronicle: Chronicle, upkeep: PostgresUpkeepStore
) -> None:
    month = month_ago(5)
    run(chronicle.engine, "SELECT make_jobs_partition(:month)", month=month)
    at = datetime(month.year, month.month, _DAY, tzinfo=UTC)
    failed = Life(dated(at), at, ends="failed", error=("KeyError", "x"), is_discarded=True)
    own = Life("own", at, ends="retried", error=("KeyError", "x"))
    chronicle.write(*events_of(failed, own))
    upkeep.sum_up_hours(10)
    statistics = PostgresStatisticsStore(chronicle.engine)
    window = TimeWindow(at - timedelta(days=1), at + timedelta(days=2))
    [both] = statistics.failures(window)
    assert upkeep.drop_jobs(NOW - timedelta(days=60)) == 1

    for _ in range(2):
        [left] = statistics.failures(window)
        assert (both.attempts, left.attempts, left.job_id) == (2, 1, "own")
        assert [group.attempts.ended for group in statistics.by_type(window)] == [2]
        upkeep.count_failures(10)
        upkeep.sum_up_hours(10)


def test_no_account_can_drop_a_month_that_is_not_over(chronicle: Chronicle) -> None:
    with pytest.raises(Exception, match="is not over"):
        run(chronicle.engine, "SELECT drop_jobs_partition(:month, now())", month=THIS)


def test_what_is_kept_longest_goes_with_its_month_and_not_one_by_one(
    chronicle: Chronicle, upkeep: PostgresUpkeepStore
) -> None:
    """Shorter times are kept to the day; callers' own ids know no month; a month is held up for a week."""
    month = month_ago(4)
    for since in range(5):
        run(chronicle.engine, "SELECT make_jobs_partition(:month)", month=month_ago(since))
    at = datetime(month.year, month.month, _DAY, tzinfo=UTC)
    for number, (job_id, ends) in enumerate(
        [("f", "failed"), ("d", "finished"), ("own-f", "failed"), ("own-d", "finished")]
    ):
        id_ = job_id if job_id.startswith("own") else dated(at, bytes([number]) * 10)
        is_dead = ends == "failed"
        chronicle.write(*events_of(Life(id_, at, ends=ends, queue=job_id, is_discarded=is_dead)))
    chronicle.write(*events_of(in_month(month, b"9876543210", ends="", queue="waits")))
    over = datetime.combine(month_after(month), datetime.min.time(), UTC)
    for days, left in ((5, {"f", "waits"}), (9, {"waits"})):
        policy = RetentionPolicy(failed_days=(NOW - over).days - days)
        Pruner(upkeep, chronicle.clock, policy).run_once()
        assert {row["queue"] for row in chronicle.rows("SELECT queue FROM jobs")} == left
    assert chronicle.untrue() == []


def test_a_long_query_postpones_new_months_and_nothing_else(
    chronicle: Chronicle, upkeep: PostgresUpkeepStore
) -> None:
    upkeep.make_partitions(2)
    with chronicle.engine.connect() as reader:
        reader.execute(text("SELECT count(*) FROM jobs"))

        assert upkeep.make_partitions(4) == 0

    assert upkeep.make_partitions(4) > 0


def test_counts_are_put_together_and_stay_what_they_were(
    chronicle: Chronicle, upkeep: PostgresUpkeepStore
) -> None:
    for number in range(5):
        chronicle.write(*events_of(Life(f"a{number}"), Life(f"b{number}", ends="")))
    apart = len(chronicle.rows("SELECT FROM job_counts"))
    expected = chronicle.everything()

    upkeep.sum_up_counts()

    assert len(chronicle.rows("SELECT FROM job_counts")) < apart
    assert chronicle.everything() == expected
    run(chronicle.engine, "DELETE FROM jobs")
    upkeep.sum_up_counts()
    assert chronicle.rows("SELECT FROM job_counts") == []


@pytest.fixture
def many_months(chronicle: Chronicle, upkeep: PostgresUpkeepStore) -> Engine:
    """Two years of months, a job in each."""
    for since in range(24):
        run(chronicle.engine, "SELECT make_jobs_partition(:month)", month=month_ago(since))
    chronicle.write(*events_of(*(in_month(month_ago(since)) for since in range(24))))
    return chronicle.engine


def plan(engine: Engine, name: str, **values: Any) -> str:
    """How a statement is answered when no table may be read whole."""
    with engine.connect() as connection:
        connection.execute(text("SET LOCAL enable_seqscan = off"))
        asked = text(f"EXPLAIN (COSTS OFF) {source_of(name)}")
        return "\n".join(connection.execute(asked, values).scalars())


def tables_in(found: str) -> set[str]:
    """The tables of jobs and of results that a plan looks into."""
    words = (word.strip("_") for line in found.splitlines() for word in line.split(" on ")[1:])
    names = (word.split()[0] for word in words)
    return {name for name in names if name.startswith(("jobs_", "job_results_"))}


ONE = dated(datetime(THIS.year, THIS.month, 10, 12, tzinfo=UTC))


@pytest.mark.parametrize(
    ("name", "values", "most"),
    [
        ("find_job", {"job_id": ONE}, 1),
        ("find_attempts", {"job_id": ONE}, 1),
        ("recorded_since", {"ids": [ONE], "positions": [1]}, 1),
        ("recorded_facts", {"ids": [ONE]}, 1),
        ("take_back_starts", {"ids": [ONE]}, 2),
        ("restorable_jobs", {"ids": [ONE]}, 2),
    ],
)
def test_what_is_asked_by_id_looks_into_the_month_of_the_id(
    many_months: Engine, name: str, values: dict[str, Any], most: int
) -> None:
    found = plan(many_months, name, **values)

    assert "Seq Scan on job" not in found
    assert 1 <= len(tables_in(found)) <= most


@pytest.mark.parametrize(
    "name", ["suspects", "waiting_counts", "unaccepted_jobs", "waiting_jobs", "recorded_queues"]
)
def test_the_ledger_finds_what_waits_by_an_index_in_every_month(
    many_months: Engine, name: str
) -> None:
    with many_months.connect() as connection:
        connection.execute(text("SET LOCAL enable_seqscan = off"))
        connection.execute(statement("prepare_count"))
        asked = text(f"EXPLAIN (COSTS OFF) {source_of(name)}")
        values = {"most": 10, "after": 0, "after_id": ""}
        found = "\n".join(connection.execute(asked, values).scalars())

    assert "Seq Scan on jobs" not in found
    assert "jobs_other" in found


_NOT_ASKED = (
    "after_position", "after_id", "job_type", "queue", "state", "states", "tag", "trace_id", "context_id",
    "environment", "tenant", "worker", "error_kind", "error_pattern", "died_after", "died_before", "ids",
)  # fmt: skip


def test_a_page_of_the_newest_is_read_in_order_from_each_month(many_months: Engine) -> None:
    asked = {
        **dict.fromkeys(_NOT_ASKED),
        "since_version": 1,
        "until_version": (1 << 63) - 1,
        "most": 51,
    }

    found = plan(many_months, "search_jobs", **asked)

    assert "Merge Append" in found
    assert "Seq Scan" not in found


def test_a_tag_that_nothing_has_is_known_from_its_own_table(chronicle: Chronicle) -> None:
    chronicle.write(*events_of(Life("a", options={"tags": ["x", "y", "x"]}), Life("b")))
    store = PostgresHistoryStore(chronicle.engine)
    asked = {"since_version": 1, "until_version": 1 << 62, "after_position": None, "after_id": ""}

    with chronicle.engine.connect() as connection:
        assert store.tagged_ids(connection, {**asked, "tag": "x"}) == ["a"]
        assert store.tagged_ids(connection, {**asked, "tag": "nobody"}) == []
        connection.execute(text("SET LOCAL enable_seqscan = off"))
        found = connection.execute(
            text(f"EXPLAIN (COSTS OFF) {source_of('tagged_ids')}"),
            {**asked, "tag": "x", "newest": 10},
        ).scalars()
        assert "Seq Scan" not in "\n".join(found)


def test_months_in_sql_are_those_of_the_calendar(engine: Engine) -> None:
    months = rows(
        engine,
        "SELECT month::date AS month, month_of_id(first_id_of(month::date) || '-') AS found,"
        " to_char(to_timestamp((('x' || first_id_of(month::date))::bit(32)::bigint << 16) / 1000.0)"
        "   AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI') AS begins"
        " FROM generate_series(timestamp '2020-01-01', '2039-08-01', '1 month') AS month"
        # The month in which ids go from 019f to 01a0 begins where they do: ULIDs sort before that.
        " WHERE month <> '2026-08-01'",
    )

    assert all(row["month"] == row["found"] for row in months)
    # At most 66 s early: the minute before midnight, or the one before that.
    assert {row["begins"][-5:] for row in months} <= {"00:00", "23:59", "23:58"}


def test_every_id_is_counted_to_the_month_whose_table_it_stands_in(
    chronicle: Chronicle, upkeep: PostgresUpkeepStore
) -> None:
    """Also ids that only look like ours: a month that goes takes their count along."""
    run(chronicle.engine, "SELECT make_jobs_partition('2026-08-01')")
    dice = random.Random(11)  # noqa: S311 - not for secrets
    signs = "0123456789abcdefghzAKZ_-"
    middle = f"{int(NOW.timestamp() * 1000) >> 16:08x}"
    ids = {
        f"{middle[: dice.randrange(9)]}{''.join(dice.choices(signs, k=dice.randrange(1, 12)))}"
        for _ in range(600)
    }
    ids |= {"01", "01a", "02", "019fffff", "01a00000", middle, *(sign for sign in signs)}

    chronicle.write(*events_of(*(Life(job_id, ends="") for job_id in ids)))

    months = {f"jobs_{month:%Y_%m}": month for month in upkeep.months_of_jobs()}
    found = chronicle.rows(
        "SELECT id, tableoid::regclass::text AS place, month_of_id(id) AS month FROM jobs"
    )
    assert {row["place"] for row in found} > {"jobs_other", "jobs_far", f"jobs_{THIS:%Y_%m}"}
    wrong = [row for row in found if row["month"] != months.get(row["place"], row["month"])]
    beside = [
        row for row in found if row["place"] not in months and row["month"] in months.values()
    ]
    assert (wrong, beside) == ([], [])
    assert chronicle.untrue() == []


def test_the_account_of_the_services_looks_after_months(
    servers: Servers, chronicle: Chronicle, upkeep: PostgresUpkeepStore
) -> None:
    url = chronicle.engine.url
    administer(servers.database_url, "DROP ROLE IF EXISTS tally_app", "CREATE ROLE tally_app LOGIN")
    run(chronicle.engine, "SELECT grant_service_rights('tally_app')")
    app = connect(named(url.render_as_string(False), str(url.database), "tally_app"))
    theirs = Chronicle(chronicle.redis, chronicle.redis_url, app)
    run(chronicle.engine, "SELECT make_jobs_partition(:month)", month=month_ago(8))
    theirs.write(*events_of(in_month(month_ago(8)), Life("own", options={"tags": ["a"]})))

    assert PostgresUpkeepStore(app).make_partitions(4) > 0
    assert PostgresUpkeepStore(app).drop_jobs(NOW - timedelta(days=90)) == 1
    PostgresUpkeepStore(app).sum_up_counts()

    assert PostgresHistoryStore(app).count_by_state(None) == {JobState.FINISHED: 1}
    found = PostgresHistoryStore(app).search(JobFilter(tag="a"), 10, None)
    assert [job.id for job in found.jobs] == ["own"]
    assert chronicle.untrue() == []
    app.dispose()
    run(chronicle.engine, "DROP OWNED BY tally_app")
    administer(servers.database_url, "DROP ROLE tally_app")
