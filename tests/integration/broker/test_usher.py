"""The ``usher`` step: whoever opened a gate may die on the way; nobody stays behind it for ever."""

from __future__ import annotations

import pytest

from backend.broker.jobs.gates.lost_lines import COUNTED_EVERY, RedisLostLines
from backend.broker.jobs.operations import RedisOperations
from backend.domain.jobs.job import ClaimedJob
from backend.loops.usher import Usher
from tests.integration.broker.bench import Bench, new_job


def _usher(bench: Bench, gates: int = 100, jobs: int = 200) -> int:
    return int(bench.functions.call("usher", gates, jobs))


def _known(bench: Bench) -> list[str]:
    """The gates that it will look at, the next one first."""
    return bench.members(bench.keys.gates)


def _behind_a_pause(bench: Bench, jobs: int, job_type: str = "greet") -> list[str]:
    bench.functions.call("pause", f"type:{job_type}")
    ids = bench.seed(*[new_job(job_type=job_type) for _ in range(jobs)])
    bench.claim(jobs)
    assert bench.parked(f"paused:{job_type}") == ids
    return ids


def _behind_a_limit(bench: Bench, jobs: int) -> tuple[str, list[str]]:
    """Who runs, and who waits behind the only slot."""
    bench.functions.call("limit", "", "", "greet", 1)
    ids = bench.seed(*[new_job() for _ in range(jobs + 1)])
    bench.claim(jobs + 1)
    return ids[0], ids[1:]


def test_jobs_left_behind_by_a_caller_that_died_while_resuming_come_back_in_their_order(
    bench: Bench,
) -> None:
    ids = _behind_a_pause(bench, 5)
    assert bench.resume("type:greet", 2) == [1, 2]

    assert (_usher(bench, jobs=2), _usher(bench, jobs=2)) == (2, 1)

    assert bench.queue() == ids
    assert bench.count("parked") == 0


def test_jobs_left_behind_by_a_caller_that_died_while_lifting_a_limit_come_back(
    bench: Bench,
) -> None:
    _, waiting = _behind_a_limit(bench, 250)
    assert bench.functions.call("limit", "", "", "greet", 0)[0] == 200

    assert _usher(bench) == 50

    assert bench.queue() == waiting


def test_jobs_come_back_to_workers_that_sleep(bench: Bench) -> None:
    _behind_a_pause(bench, 3)
    bench.resume("type:greet", 1)
    bench.redis.delete(bench.keys.wake("default"))

    _usher(bench)

    assert bench.wake_tokens() == 2


def test_nobody_passes_a_gate_that_is_shut(bench: Bench) -> None:
    ids = _behind_a_pause(bench, 2, "other")
    _, waiting = _behind_a_limit(bench, 2)

    assert _usher(bench) == 0

    assert bench.parked("paused:other") == ids
    assert bench.parked("type:greet") == waiting


def test_a_free_slot_whose_job_is_gone_goes_to_the_next(bench: Bench) -> None:
    holder, lost = bench.parked_by_limit()
    waiting = bench.seed(new_job())[0]
    bench.claim()
    bench.settle(holder, "finished")
    bench.remove_hash(lost)
    assert bench.claim() == []

    assert _usher(bench) == 1

    assert [job.id for job in bench.claim()] == [waiting]


def test_nobody_is_sent_after_one_who_is_on_the_way(bench: Bench) -> None:
    holder, first = bench.parked_by_limit()
    second = bench.seed(new_job())[0]
    bench.claim()
    bench.settle(holder, "finished")

    assert _usher(bench) == 0

    assert (bench.queue(), bench.parked("type:greet")) == ([first], [second])


def test_a_free_slot_of_a_key_goes_to_the_next_and_to_no_more(bench: Bench) -> None:
    limited = {"limit_key": "k", "limit": 1}
    holder = bench.started(**limited)
    lost, *waiting = bench.seed(*[new_job(**limited) for _ in range(3)])
    bench.claim(9)
    bench.settle(holder, "finished")
    bench.remove_hash(lost)
    bench.claim()

    assert (_usher(bench), _usher(bench)) == (1, 0)

    assert (bench.queue(), bench.parked("key:k")) == (waiting[:1], waiting[1:])


def test_an_id_without_a_job_before_the_others_of_a_key_lets_one_through_not_all(
    bench: Bench,
) -> None:
    limited = {"limit_key": "k", "limit": 1}
    bench.started(**limited)
    ghost, *waiting = bench.seed(*[new_job(**limited) for _ in range(3)])
    bench.claim(9)
    bench.remove_hash(ghost)

    assert _usher(bench) == 1

    assert bench.kinds(ghost)[-1] == "dropped"
    assert bench.parked("key:k") == waiting[1:]


def test_gates_take_turns(bench: Bench) -> None:
    for job_type in ("a", "b", "c"):
        _behind_a_pause(bench, 1, job_type)
    for job_type in ("a", "b", "c"):
        bench.redis.srem(bench.keys.paused, f"type:{job_type}")
    bench.functions.call("pause", "type:a")
    bench.tampered = True

    assert [_usher(bench, gates=1) for _ in range(3)] == [0, 1, 1]
    assert _known(bench) == ["paused:a"]


def test_a_gate_that_fills_again_does_not_jump_the_queue_of_gates(bench: Bench) -> None:
    for job_type in ("a", "b"):
        _behind_a_pause(bench, 1, job_type)
    _usher(bench, gates=1)
    bench.resume("type:a")
    bench.claim(9)

    bench.parked_by_pause(job_type="a")

    assert _known(bench) == ["paused:b", "paused:a"]


def test_a_gate_that_was_not_emptied_for_want_of_time_is_the_next_again(bench: Bench) -> None:
    _behind_a_pause(bench, 3, "a")
    _behind_a_pause(bench, 3, "b")
    bench.resume("type:a", 1)
    bench.resume("type:b", 1)

    assert _usher(bench, jobs=1) == 1

    assert _known(bench)[0] == "paused:a"
    assert len(bench.parked("paused:a")) == 1
    assert _usher(bench) == 3


def test_gates_with_nobody_behind_them_are_forgotten_and_found_again(bench: Bench) -> None:
    _behind_a_pause(bench, 1)
    bench.resume("type:greet")
    assert _known(bench) == ["paused:greet"]

    assert _usher(bench) == 0
    assert _known(bench) == []

    bench.parked_by_pause()
    assert _known(bench) == ["paused:greet"]


def test_ushering_with_nothing_to_do_changes_nothing(bench: Bench) -> None:
    bench.seed(new_job())
    before = bench.snapshot()

    assert _usher(bench) == 0

    assert bench.snapshot() == before


@pytest.mark.parametrize("jobs", [3, 450])
def test_the_loop_goes_on_until_nobody_waits_behind_an_open_gate(bench: Bench, jobs: int) -> None:
    ids = _behind_a_pause(bench, jobs)
    bench.resume("type:greet", 1)
    parts = (bench.redis, bench.keys)
    loop = Usher(RedisOperations(*parts), RedisLostLines(*parts), interval=7.0)

    waits = [loop.run_once() for _ in range(jobs // 200 + 1)]

    assert waits == [0.0] * (jobs // 200) + [7.0]
    assert bench.queue() == ids


def test_the_loop_goes_on_until_few_of_the_lines_it_looks_at_are_empty(bench: Bench) -> None:
    """As where each job has a key of its own: more of them come than a look every five seconds finds."""
    for batch in range(5):
        keys = [f"{batch}:{number}" for number in range(100)]
        bench.seed(*[new_job(limit_key=key, limit=1) for key in keys for _ in (0, 1)])
        held = bench.claim(200)
        for job in held:
            bench.settle(job, "finished")
        for job in bench.claim(200):
            bench.settle(job, "finished")
    assert len(_known(bench)) == 500
    holder, waiting = bench.parked_by_limit()
    parts = (bench.redis, bench.keys)
    loop = Usher(RedisOperations(*parts), RedisLostLines(*parts), interval=7.0)

    waits = [loop.run_once()]
    while not waits[-1]:
        waits.append(loop.run_once())

    assert waits == [0.0] * 5 + [7.0]
    assert (_known(bench), bench.parked("type:greet")) == (["type:greet"], [waiting])
    assert bench.settle(holder, "finished") == 1


def test_ushering_works_while_memory_is_full(bench: Bench) -> None:
    _behind_a_pause(bench, 2)
    bench.resume("type:greet", 1)
    bench.redis.config_set("maxmemory", 1)
    try:
        assert _usher(bench) == 1
    finally:
        bench.redis.config_set("maxmemory", 0)


def test_lines_behind_gates_whose_list_was_lost_are_found_again(bench: Bench) -> None:
    ids = _behind_a_pause(bench, 3)
    bench.redis.delete(bench.keys.gates)
    bench.resume("type:greet", 1)
    assert (_usher(bench), len(bench.queue())) == (0, 1)
    lines = RedisLostLines(bench.redis, bench.keys)

    found = [lines.find() for _ in range(2 * COUNTED_EVERY)]

    assert (sum(found), found[-1]) == (1, 1)
    assert _usher(bench) == 2
    assert bench.queue() == ids


def test_what_nobody_lost_is_not_looked_for(bench: Bench) -> None:
    _behind_a_pause(bench, 3)
    lines = RedisLostLines(bench.redis, bench.keys)
    bench.redis.config_resetstat()

    assert [lines.find() for _ in range(3 * COUNTED_EVERY)] == [0] * 3 * COUNTED_EVERY

    assert "cmdstat_scan" not in bench.redis.info("commandstats")


def test_one_who_stands_in_a_queue_that_was_paused_since_holds_up_no_other_queue(
    bench: Bench,
) -> None:
    bench.functions.call("limit", "", "", "greet", 1)
    _, first = bench.seed(new_job(), new_job())
    [holder] = bench.claim(2)
    [low] = bench.seed(new_job(queue="low"))
    assert bench.claim() == []
    bench.settle(holder, "finished")
    assert bench.queue() == [first]

    bench.functions.call("pause", "queue:normal")

    assert _usher(bench) == 1
    assert bench.queue("low") == [low]
    assert _usher(bench) == 0


def _behind_the_only_slot(bench: Bench, *queues: str) -> tuple[ClaimedJob, list[str]]:
    """Who runs, and who waits in this order."""
    bench.functions.call("limit", "", "", "greet", 1)
    holder = bench.started()
    ids = bench.seed(*[new_job(queue=queue) for queue in queues])
    for queue in dict.fromkeys(queues):
        assert bench.claim(len(ids), (queue,), lanes=("default", "email")) == []
    assert bench.parked("type:greet") == ids
    return holder, ids


def test_nor_does_it_hold_up_those_who_stand_behind_others_of_its_queue(bench: Bench) -> None:
    holder, (sent, email, other) = _behind_the_only_slot(
        bench, "normal:email", "normal:email", "normal"
    )
    bench.settle(holder, "finished")
    assert bench.queue("normal:email") == [sent]

    bench.functions.call("pause", "lane:email")

    assert _usher(bench) == 1
    assert (bench.queue(), bench.parked("type:greet")) == ([other], [email])
    assert _usher(bench) == 0


def test_where_all_are_of_its_queue_one_is_sent_and_no_more(bench: Bench) -> None:
    holder, (sent, *others) = _behind_the_only_slot(bench, *["normal:email"] * 3)
    bench.functions.call("pause", "lane:email")
    bench.settle(holder, "finished")

    assert (_usher(bench), _usher(bench)) == (0, 0)

    assert (bench.queue("normal:email"), bench.parked("type:greet")) == ([sent], others)


def test_however_many_of_them_stand_before_another_it_is_found(bench: Bench) -> None:
    emails = ["normal:email"] * 1200
    holder, ids = _behind_the_only_slot(bench, *emails, "normal", "normal")
    bench.functions.call("pause", "lane:email")
    bench.settle(holder, "finished")

    moved = [_usher(bench) for _ in range(6)]

    assert sum(moved) == 1
    assert bench.queue() == [ids[-2]]


def test_a_queue_that_nobody_serves_holds_up_no_other_one(bench: Bench) -> None:
    holder, ids = _behind_the_only_slot(bench, *["normal:email"] * 3, "normal", "normal")
    bench.settle(holder, "finished")
    assert (bench.queue("normal:email"), _usher(bench)) == (ids[:1], 0)

    bench.redis.hincrby(bench.keys.job(ids[0]), "passed_at", -60_000)

    assert (_usher(bench), bench.queue()) == (1, ids[3:4])
    assert _usher(bench) == 0
    bench.settle(*bench.claim(9), "finished")
    assert [job.id for job in bench.claim(9)] == ids[4:]
    assert bench.parked("type:greet") == ids[1:3]
