"""What follows a job, on record and after a loss of Redis."""

from __future__ import annotations

import pytest

from backend.domain.jobs.options.follow_ups import follow_up_id
from backend.history.reading.history_store import PostgresHistoryStore
from tests.integration.broker.bench import ERROR
from tests.integration.record.bureau import Bureau


def _followed(bureau: Bureau, job_id: str) -> None:
    bureau.enqueue(bureau.job(job_id=job_id, on_success="count", on_failure="count", tenant="acme"))


def _lose_redis(bureau: Bureau) -> None:
    bureau.record()
    bureau.redis.flushall()


def test_the_record_shows_what_follows_what(bureau: Bureau) -> None:
    _followed(bureau, "a")
    [held] = bureau.bench.claim()
    bureau.bench.settle(held, "finished", body="1")
    bureau.record()

    history = PostgresHistoryStore(bureau.engine)
    parent = history.find("a")
    assert parent is not None
    child = history.find(parent.follow_ups[0].id)

    assert child is not None
    assert (child.job.job_type, child.job.tenant, child.labels.parent_id) == ("count", "acme", "a")
    assert child.payload == {"job_id": "a", "job_type": "greet", "state": "finished", "attempt": 1}
    assert child.labels.follows == ("a", "greet", "finished", 1)
    assert (child.job.created_at, child.job.enqueued_at) == (parent.job.finished_at,) * 2
    assert history.find(parent.follow_ups[1].id) is None
    assert bureau.ledger().reconcile().is_balanced


def test_a_job_that_is_made_again_from_the_record_is_still_followed(bureau: Bureau) -> None:
    _followed(bureau, "a")
    _lose_redis(bureau)
    bureau.ledger().rebuild()

    [held] = bureau.bench.claim()
    bureau.bench.settle(held, "failed", body=ERROR)

    assert bureau.queue.find(follow_up_id("a", "on_failure")) is not None
    bureau.record()
    assert bureau.ledger().reconcile().is_balanced


def _run_both(bureau: Bureau) -> list[str]:
    """The job and what follows it finish; their ids."""
    held = bureau.bench.claim()
    bureau.bench.settle(held[0], "finished", body="1")
    held += bureau.bench.claim(queues=("normal:report",), lanes=("report",))
    bureau.bench.settle(held[1], "finished")
    return [job.id for job in held]


def test_an_id_that_came_again_is_followed_again_after_a_rebuild(bureau: Bureau) -> None:
    """What followed the earlier job of that id has the id that is to come now."""
    both = ["a", follow_up_id("a", "on_success")]
    _followed(bureau, "a")
    assert _run_both(bureau) == both
    bureau.record()
    bureau.forget_finished()
    _followed(bureau, "a")

    _lose_redis(bureau)
    bureau.ledger().rebuild()

    assert _run_both(bureau) == both
    bureau.record()
    assert bureau.ledger().reconcile().is_balanced


def test_what_has_followed_does_not_follow_again_after_a_rebuild(bureau: Bureau) -> None:
    _followed(bureau, "a")
    [held] = bureau.bench.claim()
    bureau.bench.settle(held, "failed", body=ERROR)
    [telling] = bureau.bench.claim(queues=("normal:report",), lanes=("report",))
    bureau.bench.settle(telling, "finished")
    _lose_redis(bureau)
    bureau.ledger().rebuild()
    assert bureau.bench.field("a", "follow") == "on_success"

    assert bureau.bench.functions.call("follow", 10) == 0
    assert bureau.bench.redrive("a") == [1]
    [again] = bureau.bench.claim()
    bureau.bench.settle(again, "failed", body=ERROR)

    assert bureau.queue.find(telling.id) is None


HOOK = {"url": "https://example.com", "body": {"text": 'a "b" \\'}}


def _followed_by_a_hook(bureau: Bureau) -> str:
    asked = {"job_type": "send_webhook", "payload": HOOK}
    bureau.enqueue(bureau.job(job_id="a", on_failure=asked))
    return follow_up_id("a", "on_failure")


def _fail(bureau: Bureau) -> None:
    [held] = bureau.bench.claim()
    bureau.bench.settle(held, "failed", body=ERROR)


def test_a_payload_of_its_own_is_on_record_before_and_after(bureau: Bureau) -> None:
    hook = _followed_by_a_hook(bureau)
    _fail(bureau)
    bureau.record()

    history = PostgresHistoryStore(bureau.engine)
    parent, child = history.find("a"), history.find(hook)

    assert parent is not None
    assert parent.follow_ups == (("on_failure", hook, "send_webhook", HOOK),)
    assert child is not None
    assert (child.payload, child.labels.follows) == (HOOK, ("a", "greet", "failed", 1))
    assert bureau.ledger().reconcile().is_balanced


@pytest.mark.parametrize("is_called", [False, True])
def test_a_payload_of_its_own_outlives_a_loss_of_redis(bureau: Bureau, is_called: bool) -> None:
    """Lost before the job ended, and after: what followed is made again as it was."""
    hook = _followed_by_a_hook(bureau)
    if is_called:
        _fail(bureau)
    _lose_redis(bureau)
    bureau.ledger().rebuild()
    if not is_called:
        _fail(bureau)

    child = bureau.queue.find(hook)

    assert child is not None
    assert (child.payload, child.labels.follows) == (HOOK, ("a", "greet", "failed", 1))
    bureau.record()
    assert bureau.ledger().reconcile().is_balanced


def test_a_replay_is_followed_with_the_same_payload_and_one_that_follows_is_told_the_same(
    bureau: Bureau,
) -> None:
    hook = _followed_by_a_hook(bureau)
    _fail(bureau)
    bureau.record()

    again, told_again = (
        bureau.queue.find(bureau.replays.replay(job).job_id) for job in ("a", hook)
    )

    assert again is not None
    [follow_up] = again.follow_ups
    assert (follow_up.job_type, follow_up.payload) == ("send_webhook", HOOK)
    assert follow_up.id == follow_up_id(again.id, "on_failure")
    assert told_again is not None
    assert (told_again.payload, told_again.labels.follows) == (HOOK, ("a", "greet", "failed", 1))


def test_a_job_of_the_outbox_is_followed_like_others(bureau: Bureau) -> None:
    bureau.outbox_service.enqueue([bureau.job(job_id="a", on_success="count")])
    bureau.relay_all()
    [held] = bureau.bench.claim()

    bureau.bench.settle(held, "finished")

    follow_up = bureau.queue.find(follow_up_id("a", "on_success"))
    assert follow_up is not None
    assert follow_up.labels.parent_id == "a"
