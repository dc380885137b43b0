"""Any job of history can be run again, as a new job that names its ancestor."""

from __future__ import annotations

import pytest

from backend.domain.errors import InvalidPayload, JobNotFound, QueueUnavailable
from backend.domain.jobs.job_type import JobType, JobTypeCatalogue
from backend.domain.jobs.options.unique import Unique
from backend.history.reading.history_store import PostgresHistoryStore
from backend.services.jobs.job_intake import JobIntake
from backend.services.jobs.replay_service import ReplayService
from tests.integration.record.bureau import Bureau, new_id


def test_a_job_that_redis_has_long_forgotten_is_replayed(bureau: Bureau) -> None:
    (old,) = bureau.enqueue(
        bureau.job(priority="high", tags=["a"], trace_id="t-1", max_retries=1, tenant="acme")
    )
    bureau.run_all()
    bureau.record()
    bureau.redis.flushall()

    new = bureau.queue.find(bureau.replays.replay(old).job_id)

    assert new is not None
    assert new.id != old
    assert (new.queue, new.payload, new.max_attempts) == ("high", {"name": "Ada"}, 2)
    assert (new.tags, new.trace_id) == (["a"], "t-1")
    assert (new.options["replay_of"], new.options["tenant"]) == (old, "acme")


def test_a_replay_has_what_its_ancestor_was_told_and_nothing_of_its_own(bureau: Bureau) -> None:
    told = {
        "tags": ["a"],
        "tenant": "acme",
        "trace_id": "t-1",
        "context_id": "c-1",
        "is_test": True,
        "environment": "staging",
        "retry_delays": [],
        "timeout": 1.5,
    }
    alone = {"limit_key": "k", "limit": 1, "idempotency_key": "i", "result_ttl": 60}
    (old,) = bureau.enqueue(bureau.job(**told, **alone, max_retries=3))
    bureau.record()

    new = bureau.queue.find(bureau.replays.replay(old).job_id)

    assert new is not None
    assert (new.options, new.max_attempts) == ({**told, "replay_of": old}, 4)


def test_a_replay_does_not_call_back_unless_it_is_told_to(bureau: Bureau) -> None:
    (old,) = bureau.enqueue(bureau.job(callback_url="https://example.com/"))
    bureau.record()

    new = bureau.queue.find(bureau.replays.replay(old).job_id)

    assert new is not None
    assert "callback_url" not in new.options


def test_a_replay_may_have_another_payload_and_priority(bureau: Bureau) -> None:
    (old,) = bureau.enqueue(bureau.job())
    bureau.record()

    new = bureau.queue.find(
        bureau.replays.replay(old, payload={"name": "Eve"}, priority="low", tags=["again"]).job_id
    )

    assert new is not None
    assert (new.payload, new.queue, new.tags) == ({"name": "Eve"}, "low", ["again"])


def test_a_replay_that_the_job_type_no_longer_takes_is_refused(bureau: Bureau) -> None:
    (old,) = bureau.enqueue(bureau.job())
    bureau.record()

    with pytest.raises(InvalidPayload):
        bureau.replays.replay(old, payload={})
    with pytest.raises(JobNotFound):
        bureau.replays.replay("unknown")


def test_a_replay_that_is_answered_by_a_twin_tells_which_and_why(bureau: Bureau) -> None:
    kind = JobType("sync", new_id, unique=Unique("started"))
    intake = JobIntake(JobTypeCatalogue([kind]), bureau.rules, new_id=new_id, now=bureau.clock.now)
    (old,) = bureau.enqueue(intake.check("sync", {"cart": 1}, None, {}))
    bureau.run_all()
    bureau.record()
    history = PostgresHistoryStore(bureau.engine)
    replays = ReplayService(history, bureau.queue, intake, bureau.inspection)
    first = replays.replay(old)

    again = replays.replay(old)
    keyed = replays.replay(old, idempotency_key="k")
    asked_again = replays.replay(old, idempotency_key="k")

    assert (first.twin, first.job_id != old) == (None, True)
    for answered in (again, keyed, asked_again):
        assert answered.twin is not None
        assert answered.job_id == answered.twin.job_id == first.job_id
    assert again.twin is not None
    assert asked_again.twin is not None
    assert again.twin.words == (
        f"job {first.job_id} is the same and keeps others out, until it has started"
    )
    assert (
        asked_again.twin.words == f"job {first.job_id} was accepted under the same idempotency key"
    )


class Away:
    """What others published, and cannot be read."""

    def find(self, _name: str) -> JobType | None:
        raise QueueUnavailable("Redis is away")

    def all(self) -> dict[str, JobType]:
        raise QueueUnavailable("Redis is away")


def test_a_replay_goes_to_no_other_lane_than_its_ancestor_while_nobody_can_tell_which_are_served(
    bureau: Bureau,
) -> None:
    served = JobTypeCatalogue([JobType("sync", new_id), JobType("resize", new_id, lane="images")])
    known = JobTypeCatalogue([JobType("sync", new_id)])
    intake, elsewhere = (
        JobIntake(kinds, bureau.rules, new_id=new_id, now=bureau.clock.now)
        for kinds in (served, known)
    )
    known.published = Away()
    usual, old = bureau.enqueue(
        intake.check("sync", {}, None, {}), intake.check("sync", {}, None, {"queue": "images"})
    )
    bureau.record()
    history = PostgresHistoryStore(bureau.engine)
    replays = ReplayService(history, bureau.queue, elsewhere, bureau.inspection)

    with pytest.raises(QueueUnavailable):
        replays.replay(old)

    assert replays.replay(usual).twin is None
