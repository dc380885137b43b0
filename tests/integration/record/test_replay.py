"""Any job of history can be run again, as a new job that names its ancestor."""

from __future__ import annotations

import pytest

from backend.domain.errors import InvalidPayload, JobNotFound
from tests.integration.record.bureau import Bureau


def test_a_job_that_redis_has_long_forgotten_is_replayed(bureau: Bureau) -> None:
    (old,) = bureau.enqueue(
        bureau.job(priority="high", tags=["a"], trace_id="t-1", max_retries=1, tenant="acme")
    )
    bureau.run_all()
    bureau.record()
    bureau.redis.flushall()

    new = bureau.queue.find(bureau.replays.replay(old))

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

    new = bureau.queue.find(bureau.replays.replay(old))

    assert new is not None
    assert (new.options, new.max_attempts) == ({**told, "replay_of": old}, 4)


def test_a_replay_does_not_call_back_unless_it_is_told_to(bureau: Bureau) -> None:
    (old,) = bureau.enqueue(bureau.job(callback_url="https://example.com/"))
    bureau.record()

    new = bureau.queue.find(bureau.replays.replay(old))

    assert new is not None
    assert "callback_url" not in new.options


def test_a_replay_may_have_another_payload_and_priority(bureau: Bureau) -> None:
    (old,) = bureau.enqueue(bureau.job())
    bureau.record()

    new = bureau.queue.find(
        bureau.replays.replay(old, payload={"name": "Eve"}, priority="low", tags=["again"])
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
