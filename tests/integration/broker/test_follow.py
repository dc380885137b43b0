"""The ends that only Redis knows, and those that an earlier release made."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from backend.broker.jobs import codec
from backend.domain.errors import QueueFull
from backend.domain.jobs.job import ClaimedJob
from tests.contract.broker.followed import (
    LETTER,
    followed_job,
    job_with_a_letter,
    receipt_of,
    telling_of,
)
from tests.integration.broker.bench import ERROR, Bench, new_job


def _seeded(bench: Bench) -> str:
    job = followed_job()
    bench.seed(job)
    return job.id


def _dead(bench: Bench) -> str:
    job_id = _seeded(bench)
    [held] = bench.claim()
    bench.settle(held, "failed", body=ERROR)
    bench.claim(queues=("high",))
    return job_id


def _there(bench: Bench, job_id: str) -> list[bool]:
    names = [bench.keys.job(of(job_id)) for of in (receipt_of, telling_of)]
    return [bool(bench.redis.exists(name)) for name in names]


def _end_as_the_last_release_would(bench: Bench, job_id: str, end: Callable[[], object]) -> None:
    """Its steps read and write nothing of follow-ups."""
    key = bench.keys.job(job_id)
    to_come = bench.field(job_id, "follow") or ""
    bench.redis.hdel(key, "follow")
    end()
    bench.redis.hset(key, "follow", to_come)


def test_dead_jobs_over_the_limits_are_followed_by_nothing_more(bench: Bench) -> None:
    job_id = _dead(bench)
    bench.dead()

    bench.functions.call("prune", 1, 0, 10, "normal")

    assert not bench.redis.exists(bench.keys.job(job_id))
    assert _there(bench, job_id) == [False, True]
    assert bench.members(bench.keys.following) == []


def test_jobs_that_are_put_where_the_record_says_are_followed_by_nothing(bench: Bench) -> None:
    """The record has what followed them, or tells of it next."""
    bench.tampered = True
    for state in ("finished", "canceled"):
        job_id = _seeded(bench)
        words = (job_id, "queued", "", state, 0, 60_000, "", "", "queue:normal")
        assert bench.functions.call("reseat", *words) == 1
        assert _there(bench, job_id) == [False, False]
    assert bench.members(bench.keys.following) == []


def test_one_that_the_record_says_is_dead_may_still_succeed(bench: Bench) -> None:
    bench.tampered = True
    job_id = _seeded(bench)
    words = (job_id, "queued", "", "failed", 0, 60_000, "", "", "queue:normal")

    assert bench.functions.call("reseat", *words) == 1

    assert _there(bench, job_id) == [False, False]
    assert bench.field(job_id, "follow") == "on_success"


def test_jobs_that_are_evicted_are_followed_by_nothing(bench: Bench) -> None:
    bench.functions.call("pause", "type:greet")
    job_id = _seeded(bench)
    bench.claim()

    words = ("normal", "ada", "", "paused:greet", 0, 10)
    assert bench.functions.codes("evict", *words) == [1, 0]

    assert _there(bench, job_id) == [False, False]


@pytest.mark.parametrize(("kind", "there"), [("finished", [1, 0]), ("failed", [0, 1])])
def test_a_job_that_the_last_release_ended_is_followed_once(
    bench: Bench, kind: str, there: list[int]
) -> None:
    job_id = _seeded(bench)
    [held] = bench.claim()
    _end_as_the_last_release_would(bench, job_id, lambda: bench.settle(held, kind, body=ERROR))
    assert _there(bench, job_id) == [False, False]

    assert [bench.functions.call("follow", 10) for _ in range(2)] == [1, 0]

    assert _there(bench, job_id) == there
    assert bench.complaints() == []


def test_one_that_the_last_release_let_expire_is_told_of_and_one_that_it_canceled_is_not(
    bench: Bench,
) -> None:
    expired, canceled = _seeded(bench), _seeded(bench)
    bench.redis.hset(bench.keys.job(expired), "expires_at", 1000)
    bench.redis.hset(bench.keys.job(canceled), "expires_at", 9_000_000_000_000)
    for job_id in (expired, canceled):
        _end_as_the_last_release_would(bench, job_id, lambda job_id=job_id: bench.cancel(job_id))

    assert bench.functions.call("follow", 10) == 2

    assert _there(bench, expired) == [False, True]
    assert _there(bench, canceled) == [False, False]
    assert bench.complaints() == []


def test_a_job_that_a_foreign_hand_deleted_is_no_longer_looked_at(bench: Bench) -> None:
    job_id = _seeded(bench)
    bench.remove_hash(job_id)

    assert bench.functions.call("follow", 10) == 0

    assert bench.members(bench.keys.following) == []


def test_jobs_are_looked_at_in_turns(bench: Bench) -> None:
    waiting, dead, ended = _seeded(bench), _seeded(bench), _seeded(bench)
    for at, job_id in enumerate((waiting, dead, ended)):
        bench.redis.zadd(bench.keys.following, {job_id: at})
    held = {job.id: job for job in bench.claim(3)}
    bench.settle(held[dead], "failed", body=ERROR)
    _end_as_the_last_release_would(bench, ended, lambda: bench.settle(held[ended], "finished"))

    assert [bench.functions.call("follow", 1) for _ in range(3)] == [0, 0, 1]

    assert _there(bench, ended) == [True, False]


def test_a_job_that_expires_is_told_of(bench: Bench) -> None:
    job_id = _seeded(bench)
    bench.redis.hset(bench.keys.job(job_id), "expires_at", 1000)

    assert bench.claim(queues=("normal",)) == []

    assert _there(bench, job_id) == [False, True]


def test_a_dead_job_that_is_done_by_hand_has_succeeded(bench: Bench) -> None:
    job_id = _dead(bench)

    assert bench.discard(job_id, how="resolved") == [1]

    assert _there(bench, job_id) == [True, True]


def test_a_death_that_was_told_is_not_told_again_when_nobody_knows_of_it_any_more(
    bench: Bench,
) -> None:
    job_id = _seeded(bench)
    [held] = bench.claim()
    bench.settle(held, "failed", body=ERROR)
    [telling] = bench.claim(queues=("high",))
    bench.settle(telling, "finished")
    bench.redis.delete(bench.keys.job(telling.id))
    assert bench.redrive(job_id) == [1]
    [again] = bench.claim()

    bench.settle(again, "failed", body=ERROR)

    assert _there(bench, job_id) == [False, False]


def test_a_job_that_has_the_id_of_a_follow_up_is_left_as_it_is(bench: Bench) -> None:
    job_id = _seeded(bench)
    [held] = bench.claim()
    bench.seed(new_job(receipt_of(job_id), "high"))

    bench.settle(held, "finished")

    assert bench.field(receipt_of(job_id), "origin") == "high"
    assert bench.queue("low") == []


def test_a_follow_up_is_accepted_however_full_the_queue_is(bench: Bench) -> None:
    """Whoever enqueued the job was let in with it."""
    job_id = _seeded(bench)
    [held] = bench.claim()

    assert bench.settle(held, "finished", result="MQ==") == 1

    [follow_up] = bench.claim(queues=("low",))
    assert (
        follow_up.data
        == codec.data_of(
            "receipt",
            f'{{"job_id":"{job_id}","job_type":"greet","state":"finished","attempt":1}}',
        ).encode()
    )
    assert bench.wake_tokens("default")


_ENDS: dict[str, Callable[[Bench, ClaimedJob], int]] = {
    "it finished": lambda bench, held: bench.settle(held, "finished", result="MQ=="),
    "it failed": lambda bench, held: bench.settle(held, "failed", body=ERROR),
    "its process died": lambda bench, held: bench.rescue(held, "poisoned"),
    "it ran too long": lambda bench, held: bench.rescue(held, "failed"),
}


@pytest.mark.parametrize("end", _ENDS)
def test_a_follow_up_comes_once_though_memory_is_full_and_so_is_the_queue(
    bench: Bench, end: str
) -> None:
    """Whoever enqueued the job was let in with it: to refuse what follows now would lose it."""
    job_id = _seeded(bench)
    [held] = bench.claim()
    bench.seed(new_job(queue="low"), new_job(queue="high"))
    bench.redis.config_set("maxmemory", 1)
    try:
        with pytest.raises(QueueFull, match="memory limit"):
            bench.enqueue(new_job("refused", "low"))
        codes = [_ENDS[end](bench, held) for _ in range(2)]
    finally:
        bench.redis.config_set("maxmemory", 0)

    assert bench.enqueue(new_job("refused", "low"), backlog=1) == [-1]
    assert codes[0] == 1
    assert sum(_there(bench, job_id)) == 1
    waiting = [*bench.queue("low"), *bench.queue("high")]
    assert [waiting.count(of(job_id)) for of in (receipt_of, telling_of)] == _there(bench, job_id)


def test_a_payload_of_its_own_is_written_as_it_was_said_and_told_beside(bench: Bench) -> None:
    job = job_with_a_letter()
    bench.seed(job)
    [held] = bench.claim()
    bench.settle(held, "finished")
    letter = receipt_of(job.id)

    text = json.dumps(LETTER, ensure_ascii=False, separators=(",", ":"))
    assert bench.field(letter, "data") == codec.data_of("letter", text)
    told = {"job_id": job.id, "job_type": "greet", "state": "finished", "attempt": 1}
    options = json.loads(bench.field(letter, "options") or "")
    assert (options["parent_id"], options["follows"]) == (job.id, told)
    names = ("destination", "limit_key", "limit", "rate", "hold")
    assert [bench.field(letter, name) for name in names] == [
        "letter:ada@example.com",
        "letter:ada@example.com",
        "1",
        options["rate_share"],
        "1",
    ]
    [accepted] = bench.events(letter)
    assert json.loads(accepted.options) == options


def test_a_job_without_follow_ups_has_no_trace_of_them(bench: Bench) -> None:
    held = bench.started()

    assert bench.field(held.id, "follow") is None
    assert not bench.redis.exists(bench.keys.following)
