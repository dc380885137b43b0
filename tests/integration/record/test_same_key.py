"""What a second request under the same key or job id is answered: the same way wherever it comes in."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy.orm import Session

from backend.domain.errors import IdempotencyConflict
from backend.services.queue_service import QueueService
from tests.integration.record.bureau import Bureau

NAMES: list[dict[str, Any]] = [{"idempotency_key": "order-7"}, {"job_id": "invoice-7"}]
by_key_and_by_id = pytest.mark.parametrize("name", NAMES, ids=["key", "id"])


@pytest.fixture
def queue(bureau: Bureau) -> QueueService:
    """The door for Python callers."""
    return QueueService(bureau.queue, bureau.intake, lambda: bureau.outbox_service)


@by_key_and_by_id
def test_the_same_contents_give_the_same_job(queue: QueueService, name: dict[str, Any]) -> None:
    first = queue.enqueue_job("count", {"a": 1, "b": {"c": 2, "d": 3}}, tags=["x"], **name)

    again = queue.enqueue_job("count", {"b": {"d": 3, "c": 2}, "a": 1}, tags=["y"], **name)

    assert again == first


@by_key_and_by_id
@pytest.mark.parametrize(
    "other",
    [
        ("count", {"name": "Ada"}, None, {}),
        ("greet", {"name": "Eve"}, None, {}),
        ("greet", {"name": "Ada"}, "high", {}),
        ("greet", {"name": "Ada"}, None, {"tenant": "globex"}),
    ],
    ids=["type", "payload", "priority", "tenant"],
)
def test_other_contents_are_an_error_that_names_the_job(
    bureau: Bureau, queue: QueueService, name: dict[str, Any], other: tuple[Any, ...]
) -> None:
    job_id = queue.enqueue_job("greet", {"name": "Ada"}, **name)
    job_type, payload, priority, options = other
    since = bureau.bench.field(job_id, "created_at")

    with pytest.raises(IdempotencyConflict) as caught:
        queue.enqueue_job(job_type, payload, priority, **name, **options)

    assert caught.value.code == "idempotency_conflict"
    assert caught.value.details == {"job_id": job_id, "since": since, "accepted": []}
    assert str(caught.value) == (
        f"this key or job id belongs to job {job_id}, which was accepted at {since} with another "
        "type, payload, queue or tenant; nothing was enqueued for it. Use a new key for a new job"
    )
    assert bureau.bench.queue("normal") == [job_id]


def test_of_many_the_others_are_accepted_and_named(bureau: Bureau, queue: QueueService) -> None:
    queue.enqueue_job("greet", {"name": "Ada"}, job_id="a")
    asked = [
        {"job_type": "greet", "payload": {"name": "Bob"}, "job_id": "b"},
        {"job_type": "greet", "payload": {"name": "Eve"}, "job_id": "a"},
        {"job_type": "greet", "payload": {"name": "Cyd"}, "job_id": "c"},
        {"job_type": "greet", "payload": {"name": "Dan"}, "job_id": "c"},
    ]

    with pytest.raises(IdempotencyConflict) as caught:
        queue.enqueue_many(asked)

    assert (caught.value.details["job_id"], caught.value.details["accepted"]) == ("a", ["b", "c"])
    assert bureau.bench.queue("normal") == ["a", "b", "c"]


def test_an_id_that_was_given_for_a_job_may_be_sent_again(queue: QueueService) -> None:
    job_id = queue.enqueue_job("greet", {"name": "Ada"})

    assert queue.enqueue_job("greet", {"name": "Ada"}, job_id=job_id) == job_id
    with pytest.raises(IdempotencyConflict):
        queue.enqueue_job("greet", {"name": "Eve"}, job_id=job_id)


def test_a_job_that_was_changed_since_is_still_the_one_that_was_asked_for(
    bureau: Bureau, queue: QueueService
) -> None:
    job_id = queue.enqueue_job("greet", {"name": "Ada"}, job_id="a")
    bureau.bench.reprioritise(job_id, "high")

    assert queue.enqueue_job("greet", {"name": "Ada"}, job_id="a") == "a"


def test_the_outbox_refuses_other_contents_under_an_id_that_it_holds(
    bureau: Bureau, queue: QueueService
) -> None:
    bureau.outbox_service.enqueue([bureau.job(job_id="a")])

    bureau.outbox_service.enqueue([bureau.job(job_id="a")])
    with pytest.raises(IdempotencyConflict, match="belongs to job a, which was accepted at"):
        bureau.outbox_service.enqueue([bureau.job(job_id="a", payload={"name": "Eve"})])


_ADA, _EVE = {"name": "Ada"}, {"name": "Eve"}


def test_a_transaction_is_told_of_other_contents_under_an_id_that_it_wrote_itself(
    bureau: Bureau, queue: QueueService
) -> None:
    with Session(bureau.engine) as session:
        queue.enqueue_job("greet", _ADA, job_id="a", session=session)
        assert queue.enqueue_job("greet", _ADA, job_id="a", session=session) == "a"
        with pytest.raises(IdempotencyConflict, match="belongs to job a, which was accepted at"):
            queue.enqueue_job("greet", _EVE, job_id="a", session=session)
        session.commit()

    bureau.relay_all()
    assert queue.get_job("a").payload == _ADA


@pytest.mark.parametrize("in_session", [True, False])
def test_of_two_jobs_with_one_id_in_one_list_the_outbox_refuses_the_second(
    bureau: Bureau, *, in_session: bool
) -> None:
    jobs = [
        bureau.job(job_id="b"),
        bureau.job(job_id="a"),
        bureau.job(job_id="a"),
        bureau.job(job_id="a", payload=_EVE),
    ]

    with bureau.engine.begin() as connection, pytest.raises(IdempotencyConflict) as caught:
        bureau.outbox_service.enqueue(jobs, connection if in_session else None)

    details = caught.value.details
    assert (details["job_id"], details["place"], details["accepted"]) == ("a", 3, ["b", "a"])


def test_the_same_job_twice_in_one_list_is_one_and_is_said_to_be(bureau: Bureau) -> None:
    jobs = [bureau.job(job_id="a"), bureau.job(job_id="a")]

    replies = bureau.outbox_service.enqueue(jobs)

    assert [(reply.id, reply.created) for reply in replies] == [("a", True), ("a", False)]


def test_what_only_redis_knows_is_set_aside_with_the_reason(
    bureau: Bureau, queue: QueueService
) -> None:
    job_id = queue.enqueue_job("greet", {"name": "Ada"}, idempotency_key="order-7")
    since = bureau.bench.field(job_id, "created_at")
    bureau.outbox_service.enqueue(
        [
            bureau.job(job_id="same", idempotency_key="order-7"),
            bureau.job(job_id="other", idempotency_key="order-7", payload={"name": "Eve"}),
        ]
    )

    bureau.relay_all()

    rows = bureau.rows(
        "SELECT job_id, accepted_as, set_aside_at IS NOT NULL AS aside, last_error"
        " FROM job_outbox ORDER BY number"
    )
    reason = f"its key or id belongs to job {job_id} of {since}, which has other contents"
    assert rows == [
        {"job_id": "same", "accepted_as": job_id, "aside": False, "last_error": None},
        {"job_id": "other", "accepted_as": None, "aside": True, "last_error": reason},
    ]


def test_the_key_of_a_canceled_job_is_free(bureau: Bureau, queue: QueueService) -> None:
    first = queue.enqueue_job("greet", {"name": "Ada"}, idempotency_key="order-7")
    bureau.bench.cancel(first)

    second = queue.enqueue_job("greet", {"name": "Eve"}, idempotency_key="order-7")

    assert queue.get_job(second).state == "queued"
    assert queue.enqueue_job("greet", {"name": "Eve"}, idempotency_key="order-7") == second


def test_the_key_of_a_job_that_was_canceled_while_it_ran_is_free(
    bureau: Bureau, queue: QueueService
) -> None:
    first = queue.enqueue_job("greet", {"name": "Ada"}, idempotency_key="order-7")
    (held,) = bureau.bench.claim()
    bureau.bench.cancel(first)
    bureau.bench.settle(held, "canceled")

    assert queue.enqueue_job("greet", {"name": "Ada"}, idempotency_key="order-7") != first


def test_the_key_of_a_discarded_job_is_free_and_that_of_a_dead_one_is_not(
    bureau: Bureau, queue: QueueService
) -> None:
    first = queue.enqueue_job("greet", {"name": "Ada"}, idempotency_key="order-7")
    (held,) = bureau.bench.claim()
    bureau.bench.settle(held, "failed")
    while_dead = queue.enqueue_job("greet", {"name": "Ada"}, idempotency_key="order-7")
    bureau.bench.discard(first)

    second = queue.enqueue_job("greet", {"name": "Ada"}, idempotency_key="order-7")

    assert while_dead == first
    assert queue.get_job(second).state == "queued"


def test_the_key_of_a_job_that_somebody_deleted_is_free(
    bureau: Bureau, queue: QueueService
) -> None:
    first = queue.enqueue_job("greet", {"name": "Ada"}, idempotency_key="order-7")
    bureau.redis.delete(bureau.keys.job(first))

    second = queue.enqueue_job("greet", {"name": "Ada"}, idempotency_key="order-7")

    assert queue.get_job(second).state == "queued"


@pytest.mark.parametrize("result_ttl", [0, 5])
def test_a_finished_job_can_be_looked_at_as_long_as_its_key_stands_for_it(
    bureau: Bureau, queue: QueueService, result_ttl: int
) -> None:
    once = {"idempotency_key": "order-7", "idempotency_window": 900, "result_ttl": result_ttl}
    job_id = queue.enqueue_job("greet", {"name": "Ada"}, **once)
    (held,) = bureau.bench.claim()
    bureau.bench.settle(held, "finished", result="MQ==")

    again = queue.enqueue_job("greet", {"name": "Ada"}, **once)

    assert (again, queue.get_job(again).state) == (job_id, "finished")
    key_ends, job_ends = (
        bureau.redis.pexpiretime(key)
        for key in (bureau.keys.unique("order-7"), bureau.keys.job(job_id))
    )
    assert -5 <= job_ends - key_ends < 2000
    left = bureau.redis.ttl(bureau.keys.results(job_id))
    assert 0 <= left <= result_ttl if result_ttl else left == -2
    assert bureau.bench.complaints() == []


def test_what_was_done_by_hand_keeps_its_key(bureau: Bureau, queue: QueueService) -> None:
    once = {"idempotency_key": "order-7", "idempotency_window": 9000}
    job_id = queue.enqueue_job("greet", {"name": "Ada"}, **once)
    (held,) = bureau.bench.claim()
    bureau.bench.settle(held, "failed")

    bureau.bench.discard(job_id, how="resolved")

    assert queue.enqueue_job("greet", {"name": "Ada"}, **once) == job_id
    assert bureau.redis.ttl(bureau.keys.job(job_id)) > 8000
