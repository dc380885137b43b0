"""Jobs whose transaction has committed, and that the queue does not take: as a relay would meet them."""

from __future__ import annotations

import pytest
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from tally import Quota
from tally.testing import QueueInTest
from tests.unit.testing.shop import queue


def _enqueue(session: object, text: str, **options: str) -> str:
    label = {"text": text}
    return queue.enqueue_job("print_label", label, session=session, **options)  # type: ignore[arg-type]


def _accepted(jobs: QueueInTest) -> list[str]:
    return [job.payload["text"] for job in jobs.enqueued()]


@pytest.mark.parametrize("is_connection", [False, True])
def test_a_key_of_other_contents_fails_no_commit_and_sets_that_job_aside(
    jobs: QueueInTest, engine: Engine, *, is_connection: bool
) -> None:
    queue.enqueue_job("print_label", {"text": "first"}, idempotency_key="k")
    with engine.connect() if is_connection else Session(engine) as session:
        before = _enqueue(session, "before")
        aside = _enqueue(session, "other", idempotency_key="k")
        same = _enqueue(session, "first", idempotency_key="k")
        after = _enqueue(session, "after")

        session.commit()

    assert _accepted(jobs) == ["first", "before", "after"]
    assert [job.result for job in jobs.drain()] == ["first", "before", "after"]
    assert [queue.get_job(job_id).state for job_id in (before, after)] == ["finished"] * 2
    assert queue.get_job(same).payload == {"text": "first"}
    # On its way for good, as its row in the outbox says.
    assert queue.get_job(aside).state == "queued"


def test_a_job_that_is_refused_now_fails_no_commit_and_is_taken_once_there_is_room(
    jobs: QueueInTest, session: Session
) -> None:
    queue.set_quota("acme", Quota(waiting=1))
    queue.enqueue_job("print_label", {"text": "first"}, tenant="acme")
    job_id = _enqueue(session, "second", tenant="acme")
    _enqueue(session, "third", tenant="globex")

    session.commit()

    assert _accepted(jobs) == ["first", "third"]
    assert queue.get_job(job_id).state == "queued"
    assert [job.result for job in jobs.drain()] == ["first", "third", "second"]
    assert queue.get_job(job_id).state == "finished"
