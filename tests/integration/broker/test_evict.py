"""The ``evict`` step: purging a queue reaches those of its jobs that wait behind a gate."""

from __future__ import annotations

from tests.integration.broker.bench import Bench, new_job

GATE = "paused:greet"
#: Jobs of one priority stand in one line behind a gate, whatever their lanes are.
EMAIL, EXPORT = "normal:email", "normal:export"


def _evict(bench: Bench, after: int = 0, most: int = 100, queue: str = "normal") -> list[int]:
    return bench.functions.codes("evict", queue, "ada", "test data", GATE, after, most)


def _parked(bench: Bench, *queues: str) -> list[str]:
    bench.functions.call("pause", "type:greet")
    ids = []
    for queue in queues:
        ids += bench.seed(new_job(queue=queue))
        bench.claim(queues=(queue,))
    assert bench.parked(GATE) == ids
    return ids


def test_each_is_canceled_with_a_name_and_a_reason_and_the_books_balance(bench: Bench) -> None:
    ids = _parked(bench, "normal", "normal")

    assert _evict(bench) == [2, 0]

    assert bench.parked(GATE) == []
    assert bench.registry("canceled").keys() == set(ids)
    assert (bench.count("canceled"), bench.count("parked")) == (2, 0)
    event = bench.events(ids[0])[-1]
    assert (event.kind, event.body, event.worker) == ("canceled", "test data", "ada")


def test_jobs_of_other_queues_stay_in_their_order(bench: Bench) -> None:
    ids = _parked(bench, EMAIL, "normal", EXPORT, "normal", EMAIL)

    assert _evict(bench) == [2, 3]

    assert bench.parked(GATE) == [ids[0], ids[2], ids[4]]


def test_no_more_are_looked_at_than_asked_and_those_that_stay_are_left_out_next(
    bench: Bench,
) -> None:
    ids = _parked(bench, EMAIL, "normal", EXPORT, "normal", EMAIL, "normal")

    assert _evict(bench, most=2) == [1, 1]
    assert _evict(bench, after=1, most=2) == [1, 1]
    assert _evict(bench, after=2, most=2) == [1, 1]
    assert _evict(bench, after=3, most=2) == [0, 0]

    assert bench.parked(GATE) == [ids[0], ids[2], ids[4]]


def test_evicting_twice_is_evicting_once(bench: Bench) -> None:
    _parked(bench, "normal", EMAIL)
    _evict(bench)
    before = bench.snapshot()

    assert _evict(bench) == [0, 1]

    assert bench.snapshot() == before


def test_an_id_without_a_job_is_nobodys_and_stays_for_the_gate_to_drop(bench: Bench) -> None:
    ghost, job_id = _parked(bench, "normal", "normal")
    bench.remove_hash(ghost)

    assert _evict(bench) == [1, 1]

    assert bench.field(job_id, "status") == "canceled"
    assert bench.parked(GATE) == [ghost]


def test_a_second_entry_of_a_job_that_waits_elsewhere_ends_nothing(bench: Bench) -> None:
    job_id = bench.seed(new_job(job_type="other"))[0]
    started = bench.started(queue="high")
    bench.tampered = True
    bench.redis.rpush(bench.keys.parked(GATE), job_id, started.id)

    assert _evict(bench) == [0, 2]
    assert _evict(bench, queue="high") == [0, 2]

    assert bench.field(job_id, "status") == "queued"
    assert bench.settle(started, "finished") == 1


def test_a_job_that_a_foreign_hand_ended_behind_its_gate_is_not_ended_again(bench: Bench) -> None:
    [job_id] = _parked(bench, "normal")
    bench.tampered = True
    bench.redis.hset(bench.keys.job(job_id), "status", "finished")

    assert _evict(bench) == [0, 1]

    assert bench.count("canceled") == 0


def test_those_who_wait_for_an_evicted_job_are_told(bench: Bench) -> None:
    [job_id] = _parked(bench, "normal")
    bench.functions.call("await", job_id)

    _evict(bench)

    assert bench.redis.llen(bench.keys.done(job_id)) == 1


def test_a_job_evicted_from_a_full_limit_sends_nobody_for_a_slot_it_never_had(
    bench: Bench,
) -> None:
    holder, _ = bench.parked_by_limit()
    waiting = bench.seed(new_job(queue=EMAIL))[0]
    bench.claim(queues=(EMAIL,))

    reply = bench.functions.codes("evict", "normal", "ada", "no use", "type:greet", 0, 10)

    assert reply == [1, 1]
    assert bench.parked("type:greet") == [waiting]
    bench.settle(holder, "finished")
    assert [job.id for job in bench.claim(queues=(EMAIL,))] == [waiting]


def test_evicting_works_while_memory_is_full(bench: Bench) -> None:
    _parked(bench, "normal")
    bench.redis.config_set("maxmemory", 1)
    try:
        assert _evict(bench) == [1, 0]
    finally:
        bench.redis.config_set("maxmemory", 0)
