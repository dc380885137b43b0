"""The record moves to tables by the month while everybody works: nothing is lost, doubled or held up."""

from __future__ import annotations

import random
import threading
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import structlog
from redis import Redis
from sqlalchemy import Engine, text

from backend.domain.errors import HistoryUnavailable
from backend.domain.history.history_ports import EventBatch
from backend.domain.history.history_retention import RetentionRule
from backend.domain.jobs.job_event import JobEvent
from backend.domain.jobs.job_id import uuid7
from backend.domain.jobs.job_state import JobState
from backend.embedded.servers import Servers
from backend.history.recording.record_writer import PostgresRecordWriter
from backend.history.schema.migrator import Migrator
from backend.history.schema.upkeep_store import PostgresUpkeepStore
from backend.history.server.connection import connect
from tests.integration.history.before_months import (
    Interrupted,
    in_small_steps,
    interrupt_after,
    migrate_to_the_last_release,
    on_record,
)
from tests.integration.history.chronicle import Chronicle
from tests.integration.history.databases import administer, named, rows, run
from tests.integration.history.lives import Life, events_of
from tests.integration.history.test_exactly_once import many_lives


@pytest.fixture
def now() -> datetime:
    """One instant for all of a test, which may begin long after it was read."""
    return datetime.now(UTC)


@pytest.fixture
def before(redis: Redis, servers: Servers, fresh: Engine, tmp_path: Path) -> Chronicle:
    """The stores of the last release, which know no months of jobs."""
    migrate_to_the_last_release(fresh, tmp_path)
    return Chronicle(redis, servers.redis_url, fresh)


def lives(count: int, since: datetime, *, own_ids: bool = False) -> list[Life]:
    """Jobs of the last hundred days; each third waits, each third fails."""
    dice = random.Random(since.timestamp())  # noqa: S311 - not for secrets
    made = []
    for number in range(count):
        at = since - timedelta(days=100 * number / count)
        job_id = uuid7(int(at.timestamp() * 1000), dice.randbytes(10))
        ends = ("finished", "", "failed")[number % 3]
        made.append(
            Life(
                f"own-{job_id[-12:]}" if own_ids else job_id,
                at,
                ends=ends,
                options={"tags": [f"t{number % 4}"], "callback_url": "https://e.x/"},
                error=("ValueError", "no") if ends == "failed" else ("", ""),
            )
        )
    return made


def test_what_was_on_record_stays_as_it_was_and_stands_in_its_month(
    before: Chronicle, now: datetime
) -> None:
    before.write(*many_lives(before), *events_of(*lives(60, now), *lives(30, now, own_ids=True)))
    # Neither of a month that there is, nor of anybody's own making; and what sorts among the months.
    before.write(*events_of(Life("01f3c0de-0000-7aaa-8000-000000000000"), Life("01KDP3Q2ZJ8S2")))
    expected = on_record(before.engine)

    Migrator(before.engine).apply()

    assert on_record(before.engine) == expected
    assert before.untrue() == []
    places = {
        row["id"]: row["place"]
        for row in before.rows("SELECT id, tableoid::regclass::text AS place FROM jobs")
    }
    assert {place for id_, place in places.items() if id_.startswith("own-")} == {"jobs_other"}
    assert places["01f3c0de-0000-7aaa-8000-000000000000"] == places["01KDP3Q2ZJ8S2"] == "jobs_far"
    assert len(set(places.values()) - {"jobs_other", "jobs_far"}) >= 4


def test_all_that_comes_while_it_moves_is_there_once(before: Chronicle, now: datetime) -> None:
    """Recorders write and repeat themselves, old jobs are pruned, while it moves in steps of a few rows."""
    old = [*lives(300, now), *lives(60, now, own_ids=True)]
    # What begins in one recorder's batch and ends in another's must not be pruned between the two.
    new = [life for life in lives(200, now - timedelta(hours=1)) if not _is_pruned(life, now)]
    kept = [life for life in old if not _is_pruned(life, now)] + new
    told_before = {life.job_id: events_of(life) for life in old}
    before.write(*(event for events in told_before.values() for event in events))
    in_small_steps(before.engine, 9)
    dice = random.Random(5)  # noqa: S311 - not for secrets
    told = events_of(*new)
    again = [
        event for life in old if not _is_pruned(life, now) for event in told_before[life.job_id]
    ]
    pieces = [told[at : at + 10] + dice.sample(again, 20) for at in range(0, len(told), 10)]
    recorders = [
        threading.Thread(target=_record, args=(before, pieces[number::2])) for number in range(2)
    ]
    pruner = threading.Thread(target=_prune, args=(before, now))

    for thread in (*recorders, pruner):
        thread.start()
    Migrator(before.engine).apply()
    for thread in (*recorders, pruner):
        thread.join()
    _prune(before, now)

    jobs = before.rows("SELECT id, status, fence > 0 AS ran FROM jobs")
    assert {(row["id"], row["status"]) for row in jobs} == {
        (life.job_id, life.ends or "queued") for life in kept
    }
    assert before.untrue() == []
    results = before.rows("SELECT job_id FROM job_results")
    assert sorted(row["job_id"] for row in results) == sorted(
        row["id"] for row in jobs if row["ran"]
    )


def _is_pruned(life: Life, now: datetime) -> bool:
    return life.ends == "finished" and life.at < now - timedelta(days=30)


def _record(chronicle: Chronicle, pieces: list[list[JobEvent]]) -> None:
    writer = PostgresRecordWriter(chronicle.engine)
    for piece in pieces:
        while True:
            # As the recorder does: it keeps its batch while names change.
            with suppress(HistoryUnavailable):
                assert writer.write(EventBatch(piece)) == 0
                break


def _prune(chronicle: Chronicle, now: datetime) -> None:
    rule = RetentionRule((JobState.FINISHED,), timedelta(days=30))
    for _ in range(40):
        with suppress(HistoryUnavailable):
            PostgresUpkeepStore(chronicle.engine).prune_jobs(rule, now - rule.keep, 5)


def test_interrupted_it_goes_on_where_it_was(before: Chronicle, now: datetime) -> None:
    before.write(*events_of(*lives(60, now)))
    expected = on_record(before.engine)
    in_small_steps(before.engine, 10)
    dying = connect(before.engine.url.render_as_string(hide_password=False))
    interrupt_after(dying, 4)

    with pytest.raises(Interrupted):
        Migrator(dying).apply()
    dying.dispose()

    assert on_record(before.engine) == expected
    assert before.rows("SELECT sum(moved) AS moved FROM job_moves") == [{"moved": 40}]
    # The last release goes on working in the meantime, and what it records is not forgotten.
    before.write(*events_of(Life("meanwhile")))
    Migrator(before.engine).apply()
    assert before.untrue() == []
    assert len(on_record(before.engine)["jobs"]) == len(expected["jobs"]) + 1


def test_killed_between_the_change_of_names_and_the_note_of_it_it_ends_at_the_next_run(
    before: Chronicle, now: datetime
) -> None:
    before.write(*events_of(*lives(9, now)))
    expected = on_record(before.engine)
    Migrator(before.engine).apply()
    run(before.engine, "DELETE FROM schema_migrations WHERE name LIKE '%_025_%'")

    assert Migrator(before.engine).apply() == ["20260202_025_jobs_by_month.sql"]

    assert on_record(before.engine) == expected
    assert before.rows("SELECT to_regclass('job_moves') AS left") == [{"left": None}]


def test_who_reads_for_long_holds_up_the_change_of_names_and_nobody_else(
    before: Chronicle, now: datetime
) -> None:
    before.write(*events_of(*lives(9, now)))
    waiting = threading.Event()

    with before.engine.connect() as reader:
        reader.execute(text("SELECT count(*) FROM jobs"))
        with structlog.testing.capture_logs(processors=[_set_on("migration.waiting", waiting)]):
            migration = threading.Thread(target=Migrator(before.engine).apply)
            migration.start()
            assert waiting.wait(60)
            _record(before, [events_of(Life("meanwhile"))])
            assert reader.execute(text("SELECT count(*) FROM jobs")).scalar() == 10
            reader.rollback()
            migration.join()

    assert len(on_record(before.engine)["jobs"]) == 10
    assert before.untrue() == []


def _set_on(name: str, event: threading.Event) -> structlog.typing.Processor:
    def look(_: object, __: str, fields: structlog.typing.EventDict) -> structlog.typing.EventDict:
        if fields["event"] == name:
            event.set()
        return fields

    return look


def test_views_rights_and_callbacks_keep_their_place(before: Chronicle, now: datetime) -> None:
    before.write(*events_of(*lives(9, now)))
    url = before.engine.url
    administer(
        url.render_as_string(False), "DROP ROLE IF EXISTS tally_app", "CREATE ROLE tally_app LOGIN"
    )
    run(before.engine, "SELECT grant_service_rights('tally_app')")
    run(before.engine, "GRANT SELECT ON jobs TO PUBLIC")
    run(before.engine, "CREATE VIEW theirs WITH (security_barrier) AS SELECT j.id, r.run_ms FROM jobs j"
        " JOIN job_results r ON r.job_id = j.id")  # fmt: skip
    run(before.engine, "GRANT SELECT ON theirs, task_jobs TO tally_app")
    run(before.engine, "DELETE FROM job_callbacks")
    expected = (
        before.rows("SELECT * FROM theirs ORDER BY id"),
        before.rows("SELECT count(*) FROM task_jobs"),
    )

    Migrator(before.engine).apply()

    app = connect(named(url.render_as_string(False), url.database or "", "tally_app"))
    assert (
        rows(app, "SELECT * FROM theirs ORDER BY id"),
        rows(app, "SELECT count(*) FROM task_jobs"),
    ) == expected
    assert rows(app, "SELECT reloptions FROM pg_class WHERE relname = 'theirs'") == [
        {"reloptions": ["security_barrier=true"]}
    ]
    # What has ended long ago is told once: moving it is no news, but an end that comes now is.
    assert before.rows("SELECT * FROM job_callbacks") == []
    PostgresRecordWriter(app).write(
        EventBatch(events_of(Life("new", now, options={"callback_url": "https://e.x/"})))
    )
    assert [row["job_id"] for row in before.rows("SELECT job_id FROM job_callbacks")] == ["new"]
    PostgresUpkeepStore(app).make_partitions(5)
    app.dispose()
    run(before.engine, "DROP OWNED BY tally_app")
    administer(url.render_as_string(False), "DROP ROLE tally_app")
