"""Jobs that are accepted by a transaction of the caller's."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta

import psycopg2
import psycopg2.extras
import pytest
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session, scoped_session, sessionmaker

from backend.broker.jobs.job_queue import RedisJobQueue
from backend.broker.server.connection import connect, connect_blocking
from backend.domain.errors import (
    HistoryUnavailable,
    InvalidOption,
    JobNotFound,
    MigrationError,
    QueueUnavailable,
)
from backend.domain.jobs.job_state import JobState
from backend.history.outbox.outbox_store import PostgresOutbox
from backend.history.server.connection import connect as connect_to_postgres
from backend.services.events.outbox_service import OutboxService
from backend.services.queue_service import QueueService
from tests.integration.history.lost_commits import lose_the_commit
from tests.integration.record.bureau import Bureau


def _dsn(engine: Engine) -> str:
    return engine.url.render_as_string(hide_password=False).replace("+psycopg2", "")


def _waiting(bureau: Bureau) -> list[str]:
    return bureau.ids(bureau.rows("SELECT job_id FROM job_outbox ORDER BY number"))


def _outbox_nowhere() -> PostgresOutbox:
    engine = connect_to_postgres("postgresql+psycopg2://tally@127.0.0.1:1/tally")
    return PostgresOutbox(engine, lambda: datetime.now(UTC))


def test_a_job_goes_into_the_outbox_with_the_callers_session(bureau: Bureau) -> None:
    job = bureau.job()

    with Session(bureau.engine) as session:
        session.execute(text("CREATE TEMPORARY TABLE orders (id int)"))
        bureau.outbox_service.enqueue([job], session)
        assert _waiting(bureau) == []
        session.commit()

    assert _waiting(bureau) == [job.id]


@pytest.mark.parametrize("make", ["session", "scoped", "connection", "psycopg2", "cursor"])
def test_a_rollback_leaves_nothing_whatever_the_session_is(bureau: Bureau, make: str) -> None:
    job = bureau.job()

    if make in {"session", "scoped"}:
        factory = sessionmaker(bureau.engine)
        session = factory() if make == "session" else scoped_session(factory)
        bureau.outbox_service.enqueue([job], session)
        session.rollback()
        session.close()
    elif make == "connection":
        with bureau.engine.connect() as connection:
            bureau.outbox_service.enqueue([job], connection)
            connection.rollback()
    else:
        with closing(psycopg2.connect(_dsn(bureau.engine))) as connection:
            given = connection if make == "psycopg2" else connection.cursor()
            bureau.outbox_service.enqueue([job], given)
            connection.rollback()

    assert _waiting(bureau) == []


@pytest.mark.parametrize("factory", [None, psycopg2.extras.RealDictCursor])
def test_a_plain_psycopg2_connection_commits_jobs_with_its_own_rows(
    bureau: Bureau, factory: type | None
) -> None:
    jobs = [bureau.job(payload={"name": "50 % of \\ 'quotes' \u20ac \0"}), bureau.job()]

    with closing(psycopg2.connect(_dsn(bureau.engine), cursor_factory=factory)) as connection:
        replies = bureau.outbox_service.enqueue(jobs, connection)
        again = bureau.outbox_service.enqueue(jobs, connection.cursor())
        connection.commit()

    assert _waiting(bureau) == [job.id for job in jobs]
    assert [reply.created for reply in replies] == [True, True]
    assert [reply.created for reply in again] == [False, False]


def test_a_savepoint_that_is_rolled_back_takes_its_jobs_with_it(bureau: Bureau) -> None:
    kept, dropped = bureau.job(), bureau.job()

    with Session(bureau.engine) as session, session.begin():
        bureau.outbox_service.enqueue([kept], session)
        with session.begin_nested() as savepoint:
            bureau.outbox_service.enqueue([dropped], session)
            savepoint.rollback()

    assert _waiting(bureau) == [kept.id]


def test_something_that_is_no_session_is_refused_by_name(bureau: Bureau) -> None:
    with pytest.raises(InvalidOption, match="not dict"):
        bureau.outbox_service.enqueue([bureau.job()], {})


def test_a_session_on_another_database_is_told_what_is_wrong(bureau: Bureau) -> None:
    with bureau.engine.connect() as connection:
        connection.execute(text("SET search_path = pg_catalog"))
        with pytest.raises(MigrationError, match="both are in one database"):
            bureau.outbox_service.enqueue([bureau.job()], connection)


def test_every_option_survives_the_way_through_the_outbox(bureau: Bureau) -> None:
    soon = datetime.now(UTC) + timedelta(hours=1)
    job = bureau.job(
        priority="high",
        run_at=soon,
        expires_at=soon + timedelta(hours=1),
        tags=["a", "b"],
        trace_id="t-1",
        idempotency_key="k",
        idempotency_window=7.5,
        limit_key="customer-1",
        limit=2,
        max_retries=1,
        timeout=2.5,
        result_ttl=9,
    )

    bureau.outbox_service.enqueue([job])

    found = bureau.outbox.find(job.id)
    assert found is not None
    assert found.job == job


def test_a_delay_counts_from_the_moment_the_job_was_accepted(bureau: Bureau) -> None:
    before = datetime.now(UTC)

    bureau.outbox_service.enqueue([job := bureau.job(delay=60)])

    found = bureau.outbox.find(job.id)
    assert found is not None
    assert found.job.delay == 0
    assert found.job.run_at is not None
    assert timedelta(seconds=59) < found.job.run_at - before < timedelta(seconds=61)


def test_a_job_can_be_looked_at_before_redis_has_it(bureau: Bureau) -> None:
    bureau.outbox_service.enqueue([job := bureau.job(), later := bureau.job(delay=60)])

    queued, scheduled = (bureau.outbox_service.find(each.id) for each in (job, later))

    assert queued is not None
    assert scheduled is not None
    assert (queued.state, queued.queue, queued.payload) == (
        JobState.QUEUED,
        "normal",
        {"name": "Ada"},
    )
    assert scheduled.state == JobState.SCHEDULED
    assert scheduled.run_at is not None
    assert bureau.outbox_service.find("unknown") is None


def test_a_job_that_was_sent_and_has_left_redis_is_not_said_to_wait(bureau: Bureau) -> None:
    bureau.outbox_service.enqueue([job := bureau.job()])
    bureau.relay_all()
    bureau.run_all()
    bureau.forget_finished()

    assert bureau.outbox.find(job.id) is not None
    assert bureau.outbox_service.find(job.id) is None


def test_one_can_wait_for_a_job_that_is_still_in_the_outbox(bureau: Bureau) -> None:
    bureau.outbox_service.enqueue([job := bureau.job()])

    assert not bureau.outbox_service.wait(job.id, timeout=0.05)
    bureau.relay_all()
    bureau.run_all()
    assert bureau.outbox_service.wait(job.id, timeout=5)


def _of_another_process(bureau: Bureau, pause: Callable[[float], None]) -> QueueService:
    """One that has given nothing to the outbox itself; ``pause`` is what happens while it waits."""
    outbox = OutboxService(bureau.outbox, bureau.queue, pause=pause)
    return QueueService(bureau.queue, bureau.intake, lambda: outbox)


def test_any_process_finds_and_waits_for_a_job_that_another_one_gave_to_the_outbox(
    bureau: Bureau,
) -> None:
    def pause(_seconds: float) -> None:
        bureau.relay_all()
        bureau.run_all()

    queue = _of_another_process(bureau, pause)
    bureau.outbox_service.enqueue([job := bureau.job()])

    assert queue.get_job(job.id).state is JobState.QUEUED
    assert queue.wait(job.id, timeout=20).state is JobState.FINISHED


def test_a_job_that_comes_to_redis_between_two_looks_is_waited_for(
    bureau: Bureau, monkeypatch: pytest.MonkeyPatch
) -> None:
    def first_look(_job_id: str, _timeout: float) -> bool:
        monkeypatch.undo()
        bureau.relay_all()
        return False

    bureau.outbox_service.enqueue([job := bureau.job()])
    queue = _of_another_process(bureau, time.sleep)
    monkeypatch.setattr(bureau.queue, "wait", first_look)
    ended: list[JobState] = []
    caller = threading.Thread(target=lambda: ended.append(queue.wait(job.id, timeout=60).state))
    caller.start()
    bureau.eventually(lambda: bureau.redis.info("clients")["blocked_clients"] == 1)
    bureau.run_all()
    caller.join(60)

    assert ended == [JobState.FINISHED]


def test_a_job_of_which_nobody_knows_is_not_waited_for(bureau: Bureau) -> None:
    queue = _of_another_process(bureau, time.sleep)

    for unknown in ("unknown", "no\0text"):
        with pytest.raises(JobNotFound):
            queue.wait(unknown, timeout=600)


def test_a_job_accepted_while_redis_is_away_runs_when_it_is_back(bureau: Bureau) -> None:
    nowhere = connect("redis://127.0.0.1:1"), connect_blocking("redis://127.0.0.1:1")
    away = OutboxService(bureau.outbox, RedisJobQueue(*nowhere, bureau.keys))

    away.enqueue([job := bureau.job()])
    found = away.find(job.id)
    assert found is not None
    assert found.state == JobState.QUEUED
    with pytest.raises(QueueUnavailable):
        away.find("unknown")
    neither = OutboxService(_outbox_nowhere(), RedisJobQueue(*nowhere, bureau.keys))
    with pytest.raises(QueueUnavailable):
        neither.find(job.id)

    bureau.relay_all()
    assert bureau.run_all() == [job.id]


def test_a_job_whose_commit_was_not_answered_is_told_by_its_id_and_can_be_sent_again(
    bureau: Bureau, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = bureau.job()
    lose_the_commit(bureau.engine, "job_outbox", monkeypatch)

    with pytest.raises(HistoryUnavailable) as refusal:
        bureau.outbox_service.enqueue([job])

    assert refusal.value.details["may_be_accepted"] is True
    assert refusal.value.ids_that_may_be_accepted == [refusal.value.details["job_id"]] == [job.id]
    assert str(refusal.value).endswith(
        f"; job {job.id} may have been accepted all the same: "
        "sending it again is safe under that job_id"
    )
    [again] = bureau.outbox_service.enqueue([job])
    assert (again.id, again.created) == (job.id, False)
    assert _waiting(bureau) == [job.id]


def test_jobs_whose_commit_was_not_answered_are_all_told(
    bureau: Bureau, monkeypatch: pytest.MonkeyPatch
) -> None:
    jobs = [bureau.job(), bureau.job()]
    lose_the_commit(bureau.engine, "job_outbox", monkeypatch)

    with pytest.raises(HistoryUnavailable) as refusal:
        bureau.outbox_service.enqueue(jobs)

    assert refusal.value.details["job_ids"] == [job.id for job in jobs]


def test_what_never_came_to_a_commit_is_said_not_to_be_accepted(bureau: Bureau) -> None:
    away = OutboxService(_outbox_nowhere(), bureau.queue)

    with pytest.raises(HistoryUnavailable) as refusal:
        away.enqueue([bureau.job()])

    assert refusal.value.details["may_be_accepted"] is False
    assert refusal.value.ids_that_may_be_accepted == []
    assert str(refusal.value).endswith("; nothing was written")


def test_of_the_callers_own_transaction_nothing_is_said(bureau: Bureau) -> None:
    with Session(bureau.engine) as session:
        of_session = text("SELECT pg_backend_pid()")
        number = session.scalar(of_session)
        bureau.rows("SELECT pg_terminate_backend(:number, 20000)", number=number)
        with pytest.raises(HistoryUnavailable) as refusal:
            bureau.outbox_service.enqueue([bureau.job()], session)

    assert "may_be_accepted" not in refusal.value.details


def test_the_depth_of_the_outbox_is_known(bureau: Bureau) -> None:
    assert bureau.outbox.depth() == (0, 0, 0, 0.0)

    bureau.outbox_service.enqueue([bureau.job(), bureau.job()])
    bureau.change("UPDATE job_outbox SET created_at = now() - interval '5 minutes'")

    depth = bureau.outbox.depth()
    assert depth[:3] == (2, 0, 0)
    assert depth.oldest_seconds == pytest.approx(300, abs=5)
