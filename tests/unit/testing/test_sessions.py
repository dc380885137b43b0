"""Jobs that go with a transaction of the application's: accepted when it commits, or never."""

from __future__ import annotations

import gc

import pytest
from sqlalchemy import Engine
from sqlalchemy.orm import Session, scoped_session, sessionmaker

from tally import IdempotencyConflict, InvalidOption, JobNotFound
from tally.testing import QueueInTest
from tests.unit.testing.shop import queue


def _enqueue(session: object, text: str = "x") -> str:
    return queue.enqueue_job("print_label", {"text": text}, session=session)


def _accepted(jobs: QueueInTest) -> list[str]:
    return [job.payload["text"] for job in jobs.enqueued()]


def test_a_job_is_accepted_when_its_session_commits(jobs: QueueInTest, session: Session) -> None:
    job_id = _enqueue(session)
    assert _accepted(jobs) == []
    assert queue.get_job(job_id).state == "queued"
    assert jobs.drain() == []

    session.commit()

    assert [job.job_id for job in jobs.drain()] == [job_id]


def test_a_job_of_a_transaction_that_is_rolled_back_never_was(
    jobs: QueueInTest, session: Session
) -> None:
    job_id = _enqueue(session, "lost")
    session.rollback()
    _enqueue(session, "kept")
    session.commit()

    assert _accepted(jobs) == ["kept"]
    with pytest.raises(JobNotFound):
        queue.get_job(job_id)


def test_a_savepoint_takes_its_own_jobs_with_it_and_no_others(
    jobs: QueueInTest, session: Session
) -> None:
    _enqueue(session, "before")
    savepoint = session.begin_nested()
    _enqueue(session, "lost")
    savepoint.rollback()
    with session.begin_nested():
        _enqueue(session, "inner")
    assert _accepted(jobs) == []

    session.commit()

    assert _accepted(jobs) == ["before", "inner"]


def test_a_job_of_a_session_that_was_closed_without_a_commit_never_was(
    jobs: QueueInTest, session: Session
) -> None:
    job_id = _enqueue(session, "lost")
    session.close()
    with pytest.raises(JobNotFound):
        queue.get_job(job_id)

    _enqueue(session, "kept")
    session.commit()

    assert _accepted(jobs) == ["kept"]


def test_a_savepoint_that_is_closed_takes_its_jobs_with_it(
    jobs: QueueInTest, session: Session
) -> None:
    _enqueue(session, "before")
    savepoint = session.begin_nested()
    _enqueue(session, "lost")
    savepoint.close()
    session.commit()

    assert _accepted(jobs) == ["before"]


def test_of_many_sessions_each_is_heard_also_where_one_that_is_gone_has_been(
    jobs: QueueInTest, engine: Engine
) -> None:
    for number in range(20):
        with Session(engine) as session:
            _enqueue(session, str(number))
            session.commit()
        del session
        gc.collect()

    assert _accepted(jobs) == [str(number) for number in range(20)]


def test_a_session_inside_a_transaction_of_the_test_commits_as_far_as_it_can_tell(
    jobs: QueueInTest, engine: Engine
) -> None:
    with engine.connect() as connection:
        outer = connection.begin()
        with Session(connection, join_transaction_mode="create_savepoint") as session:
            _enqueue(session)
            session.commit()
        outer.rollback()

    assert _accepted(jobs) == ["x"]


def test_the_session_of_a_registry_will_do(jobs: QueueInTest, engine: Engine) -> None:
    registry = scoped_session(sessionmaker(engine))
    _enqueue(registry)

    registry.commit()

    registry.remove()
    assert _accepted(jobs) == ["x"]


def test_a_connection_will_do(jobs: QueueInTest, engine: Engine) -> None:
    with engine.connect() as connection:
        _enqueue(connection, "lost")
        connection.rollback()
        _enqueue(connection, "kept")
        connection.commit()

    assert _accepted(jobs) == ["kept"]


def test_a_connection_that_was_closed_without_a_commit_takes_its_jobs_with_it(
    jobs: QueueInTest, engine: Engine
) -> None:
    with engine.connect() as connection:
        job_id = _enqueue(connection, "lost")

    assert _accepted(jobs) == []
    with pytest.raises(JobNotFound):
        queue.get_job(job_id)


def test_a_savepoint_of_a_connection_takes_its_own_jobs_with_it_and_no_others(
    jobs: QueueInTest, engine: Engine
) -> None:
    with engine.begin() as connection:
        _enqueue(connection, "before")
        outer = connection.begin_nested()
        _enqueue(connection, "lost")
        with connection.begin_nested():
            _enqueue(connection, "lost too")
        outer.rollback()
        with connection.begin_nested():
            _enqueue(connection, "inner")
        _enqueue(connection, "after")
        assert _accepted(jobs) == []

    assert _accepted(jobs) == ["before", "inner", "after"]


def test_a_savepoint_of_a_connection_from_before_its_first_job_is_kept_to(
    jobs: QueueInTest, engine: Engine
) -> None:
    with engine.begin() as connection:
        earlier = connection.begin_nested()
        _enqueue(connection, "lost")
        earlier.rollback()
        _enqueue(connection, "kept")

    assert _accepted(jobs) == ["kept"]


def test_the_same_id_in_one_transaction_is_one_job(jobs: QueueInTest, session: Session) -> None:
    for _ in range(2):
        queue.enqueue_job("print_label", {"text": "x"}, session=session, job_id="mine")
    session.commit()

    assert _accepted(jobs) == ["x"]


def test_other_contents_under_an_id_of_the_same_transaction_are_refused(
    jobs: QueueInTest, session: Session
) -> None:
    queue.enqueue_job("print_label", {"text": "x"}, session=session, job_id="mine")
    with pytest.raises(IdempotencyConflict):
        queue.enqueue_job("print_label", {"text": "y"}, session=session, job_id="mine")
    session.commit()

    assert _accepted(jobs) == ["x"]


def test_other_contents_under_an_id_that_was_committed_are_refused(
    jobs: QueueInTest, session: Session
) -> None:
    queue.enqueue_job("print_label", {"text": "x"}, session=session, job_id="mine")
    session.commit()

    with pytest.raises(IdempotencyConflict):
        queue.enqueue_job("print_label", {"text": "y"}, session=session, job_id="mine")


def test_of_two_jobs_with_one_id_in_one_list_the_second_is_refused(
    jobs: QueueInTest, session: Session
) -> None:
    with pytest.raises(IdempotencyConflict) as caught:
        queue.enqueue_many(
            [
                {"job_type": "print_label", "payload": {"text": "x"}, "job_id": "mine"},
                {"job_type": "print_label", "payload": {"text": "y"}, "job_id": "mine"},
            ],
            session=session,
        )

    assert (caught.value.details["place"], caught.value.details["accepted"]) == (1, ["mine"])


def test_what_cannot_be_watched_is_refused(jobs: QueueInTest) -> None:
    with pytest.raises(InvalidOption, match="not with a str"):
        _enqueue("a session")


def test_inline_a_job_runs_when_its_session_commits(at_once: QueueInTest, session: Session) -> None:
    job_id = _enqueue(session)
    assert queue.get_job(job_id).state == "queued"

    session.commit()

    assert queue.get_job(job_id).result == "x"
