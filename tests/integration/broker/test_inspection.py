"""`RedisInspection`: what people see of queues, dead letters and workers. It changes nothing."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from backend.broker.jobs.inspection import RedisInspection
from backend.broker.workers.worker_presence import RedisWorkerPresence
from backend.domain.jobs.job_state import JobState
from tests.integration.broker.bench import Bench, new_job


@pytest.fixture
def look(bench: Bench) -> RedisInspection:
    return RedisInspection(bench.redis, bench.keys)


def _one_of_each(bench: Bench) -> None:
    bench.finished()
    bench.dead()
    bench.canceled()
    bench.started()
    bench.scheduled()
    bench.parked_by_pause()
    bench.seed(new_job(job_type="other"))


def test_a_queue_counts_its_jobs_by_state_and_its_books_balance(
    bench: Bench, look: RedisInspection
) -> None:
    _one_of_each(bench)

    [state] = look.queue_states(["normal"])

    assert state.counts == {
        JobState.SCHEDULED: 1,
        JobState.DEFERRED: 0,
        JobState.QUEUED: 2,
        JobState.STARTED: 1,
        JobState.FINISHED: 1,
        JobState.FAILED: 1,
        JobState.CANCELED: 1,
    }
    assert (state.accepted, state.parked, state.difference) == (7, 1, 0)


def test_the_books_say_when_a_job_was_lost(bench: Bench, look: RedisInspection) -> None:
    bench.seed(new_job(), new_job())
    bench.tampered = True
    bench.redis.lpop(bench.keys.queue("normal"))

    assert look.queue_states(["normal"])[0].difference == 1


def test_looking_changes_nothing(bench: Bench, look: RedisInspection) -> None:
    _one_of_each(bench)
    before = bench.snapshot()

    look.queue_states(look.queue_names())
    look.paused()
    look.dead(0, 10)
    look.scheduled(0, 10)
    look.started("normal")
    look.workers()
    look.jobs(bench.queue())
    look.gate("type:greet")

    assert bench.snapshot() == before


def test_queues_are_named_without_the_dead_letter_queue(
    bench: Bench, look: RedisInspection
) -> None:
    assert look.queue_names() == []
    bench.dead(queue="low:email")
    bench.seed(new_job(queue="high"))

    assert look.queue_names() == ["high", "low:email"]


def test_an_unknown_queue_is_an_empty_one(look: RedisInspection) -> None:
    [state] = look.queue_states(["high:nothing"])

    assert (state.accepted, state.difference, state.oldest_enqueued_at) == (0, 0, None)
    assert look.queue_states([]) == []


def test_the_oldest_job_of_a_queue_tells_how_long_it_waits(
    bench: Bench, look: RedisInspection
) -> None:
    bench.seed(new_job("a"), new_job("b"))
    bench.redis.hset(bench.keys.job("a"), "enqueued_at", "2026-01-02T03:04:05.000000Z")

    [state] = look.queue_states(["normal"])

    assert state.oldest_enqueued_at == datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def test_a_queue_is_paused_by_itself_or_by_its_lane(bench: Bench, look: RedisInspection) -> None:
    bench.functions.call("pause", "queue:high")
    bench.functions.call("pause", "lane:email")

    states = look.queue_states(["high", "low", "low:email"])

    assert [state.paused for state in states] == [True, False, True]
    assert look.paused() == ["lane:email", "queue:high"]


def test_a_suspension_by_rq_is_a_pause_of_all(bench: Bench, look: RedisInspection) -> None:
    bench.redis.set(bench.keys.suspended, 1)

    assert look.paused() == ["all"]


def test_waiting_jobs_come_in_pages_with_their_positions(
    bench: Bench, look: RedisInspection
) -> None:
    ids = bench.seed(*[new_job() for _ in range(5)])

    assert look.waiting("normal", 0, 2) == ids[:2]
    assert look.waiting("normal", 2, 9) == ids[2:]
    assert look.position(ids[3], "normal") == 3
    assert look.position("nobody", "normal") is None


def test_scheduled_jobs_come_the_soonest_first_with_their_times(
    bench: Bench, look: RedisInspection
) -> None:
    later, sooner = bench.scheduled(delay=200), bench.scheduled(delay=100)

    found = look.scheduled(0, 10)

    assert [job_id for job_id, _ in found] == [sooner, later]
    ahead = found[0][1] - datetime.now(UTC)
    assert timedelta(seconds=95) < ahead < timedelta(seconds=101)
    assert look.scheduled(1, 1) == found[1:]


def test_started_jobs_are_named_without_their_fences(bench: Bench, look: RedisInspection) -> None:
    job = bench.started()

    assert look.started("normal") == [job.id]
    assert look.started("high") == []


def test_dead_jobs_come_newest_or_oldest_first_in_pages(
    bench: Bench, look: RedisInspection
) -> None:
    ids = [bench.dead() for _ in range(3)]
    for at, job_id in enumerate(ids):
        bench.redis.zadd(bench.keys.dead, {job_id: 1000 * at})

    assert [job_id for job_id, _ in look.dead(0, 2)] == [ids[2], ids[1]]
    assert look.dead(0, 1, newest_first=False) == [(ids[0], datetime.fromtimestamp(0, UTC))]
    assert look.dead_count() == 3


def test_jobs_that_are_known_are_shown_in_the_order_asked_for(
    bench: Bench, look: RedisInspection
) -> None:
    dead, waiting = bench.dead(), bench.seed(new_job())[0]

    views = look.jobs([waiting, "nobody", dead])

    assert [view.id for view in views] == [waiting, dead]
    assert views[1].error is not None
    assert views[1].error.error == "ValueError"
    assert look.jobs([]) == []


def test_a_gate_tells_who_holds_it_and_how_many_wait(bench: Bench, look: RedisInspection) -> None:
    holder, _ = bench.parked_by_limit()

    assert look.gate("type:greet") == ([holder.id], 1)
    assert look.gate("key:nothing") == ([], 0)
    assert look.limits() == {"greet": 1}


def test_a_worker_whose_record_ran_out_is_lost(bench: Bench, look: RedisInspection) -> None:
    presence = RedisWorkerPresence(
        bench.redis, bench.keys, name="w1", lane="email", queues=["high"], slots=4, lifetime=60
    )
    presence.register()
    assert look.workers()[0].state == "idle"

    bench.redis.delete(bench.keys.worker("w1"))

    [worker] = look.workers()
    assert (worker.name, worker.state, worker.queues) == ("w1", "lost", ())
