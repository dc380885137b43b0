"""`RedisOperations`: what people do, in bulk and to the end."""

from __future__ import annotations

from typing import Any

import pytest

from backend.broker.jobs import operations
from backend.broker.jobs.operations import RedisOperations
from backend.broker.server.functions import Functions
from tests.integration.broker.bench import Bench, new_job

BY = {"by": "ada", "reason": "a test"}


@pytest.fixture
def desk(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> RedisOperations:
    """Operations that need several steps for what others do in one."""
    monkeypatch.setattr(operations, "_BATCH", 2)
    monkeypatch.setattr(operations, "_BULK", 4)
    return RedisOperations(bench.redis, bench.keys)


def test_a_bulk_cancel_answers_for_each_job_in_order(bench: Bench, desk: RedisOperations) -> None:
    ids = bench.seed(*[new_job() for _ in range(4)])
    started = bench.claim()[0].id
    assert started == ids[0]

    codes = desk.cancel([*ids, "nobody", ids[1]], force=False, **BY)

    assert codes == [2, 1, 1, 1, 0, 3]


def test_force_reaches_started_jobs(bench: Bench, desk: RedisOperations) -> None:
    job = bench.started()

    assert desk.cancel([job.id], force=True, **BY) == [2]

    assert bench.extend(job) == [3]


def test_a_bulk_redrive_sends_every_dead_job_home_and_answers_in_order(
    bench: Bench, desk: RedisOperations
) -> None:
    dead = [bench.dead() for _ in range(5)]

    assert desk.redrive([*dead[:3], "nobody", *dead[3:]], **BY) == [1, 1, 1, 0, 1, 1]

    assert bench.queue() == dead


def test_a_job_is_redriven_with_another_payload(bench: Bench, desk: RedisOperations) -> None:
    dead = bench.dead()

    assert desk.redrive_changed(dead, "greet", '{"name":"Grace"}', **BY) == 1
    assert desk.redrive_changed(dead, "greet", '{"name":"Joan"}', **BY) == 0

    assert b'{"name":"Grace"}' in bench.claim()[0].data


def test_dead_jobs_are_discarded_or_resolved_in_bulk(bench: Bench, desk: RedisOperations) -> None:
    dead = [bench.dead() for _ in range(6)]

    assert desk.discard([*dead[:5], "nobody"], **BY) == [1, 1, 1, 1, 1, 0]
    assert desk.resolve([dead[5], dead[0]], **BY) == [1, 0]

    assert (bench.count("failed"), bench.count("finished")) == (5, 1)


def test_many_jobs_move_each_to_its_own_queue(bench: Bench, desk: RedisOperations) -> None:
    bench.seed(*[new_job(f"j{n}", "low") for n in range(5)])
    moves = [(f"j{n}", "high" if n % 2 else "normal") for n in range(5)]

    assert desk.reprioritise(moves, front=False, **BY) == [1] * 5

    assert (bench.queue("high"), bench.queue("normal")) == (["j1", "j3"], ["j0", "j2", "j4"])


def test_nothing_to_do_is_nothing_done(bench: Bench, desk: RedisOperations) -> None:
    assert desk.cancel([], force=False, **BY) == []
    assert desk.redrive([], **BY) == []
    assert desk.reprioritise([], front=True, **BY) == []

    assert bench.snapshot() == {}


def test_a_paused_type_comes_back_whole_and_in_order(bench: Bench, desk: RedisOperations) -> None:
    assert desk.pause("type:greet") is True
    assert desk.pause("type:greet") is False
    ids = bench.seed(*[new_job() for _ in range(11)])
    bench.claim(20)
    assert bench.parked("paused:greet") == ids

    assert desk.resume("type:greet", ["default"]) is True
    assert desk.resume("type:greet", ["default"]) is False

    assert bench.queue() == ids
    assert bench.wake_tokens() == 64


def test_a_removed_limit_lets_all_through_and_in_order(bench: Bench, desk: RedisOperations) -> None:
    desk.limit("greet", 1)
    ids = bench.seed(*[new_job() for _ in range(12)])
    bench.claim(20)

    desk.limit("greet", 0)

    assert bench.queue() == ids[1:]


def test_a_wide_limit_lets_through_as_many_as_it_says(bench: Bench, desk: RedisOperations) -> None:
    desk.limit("greet", 1)
    ids = bench.seed(*[new_job() for _ in range(12)])
    bench.claim(20)

    desk.limit("greet", 8)

    assert bench.queue() == ids[1:8]
    assert [job.id for job in bench.claim(20)] == ids[1:8]


def test_a_queue_is_purged_to_its_end(bench: Bench, desk: RedisOperations) -> None:
    bench.seed(*[new_job() for _ in range(10)])

    assert desk.purge("normal", **BY) == 10
    assert desk.purge("normal", **BY) == 0

    assert bench.count("canceled") == 10


def test_what_outlived_its_time_is_pruned_to_the_end(bench: Bench, desk: RedisOperations) -> None:
    for _ in range(10):
        bench.dead()

    assert desk.prune(["normal"], max_dead=1, max_dead_age=0) == (0, 9)

    assert len(bench.members(bench.keys.dead)) == 1


def test_a_purge_takes_what_waits_behind_gates_too_and_nothing_comes_back(
    bench: Bench, desk: RedisOperations
) -> None:
    desk.limit("greet", 1)
    desk.pause("type:other")
    ids = bench.seed(*[new_job() for _ in range(12)])
    held = bench.claim(20)[0]
    paused = bench.seed(*[new_job(job_type="other") for _ in range(9)])
    elsewhere = bench.seed(new_job("elsewhere", "low", job_type="other"))
    bench.claim(20)
    fresh = bench.seed(new_job())

    assert desk.purge("normal", **BY) == 11 + 9 + 1

    assert bench.registry("canceled").keys() == {*ids[1:], *paused, *fresh}
    assert bench.count("parked") == 0
    assert bench.settle(held, "finished") == 1
    desk.resume("type:other", [])
    assert [job.id for job in bench.claim(20)] == elsewhere


def test_a_limit_counts_what_runs_already(bench: Bench, desk: RedisOperations) -> None:
    running = [bench.started() for _ in range(3)]
    bench.seed(new_job(), new_job())

    desk.limit("greet", 2)

    assert bench.claim(9) == []
    bench.settle(running[0], "finished")
    assert bench.claim(9) == []
    bench.settle(running[1], "finished")
    assert len(bench.claim(9)) == 1


@pytest.mark.parametrize("where", ["queue", "line"])
@pytest.mark.parametrize("act", ["cancel", "reprioritise"])
def test_of_a_very_long_list_a_step_takes_few_and_the_next_ones_take_the_others(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, act: str, where: str
) -> None:
    """Redis walks to each of them, and serves nobody else meanwhile."""
    ids = bench.seed(*[new_job() for _ in range(10)])
    long_list = bench.keys.queue("normal")
    if where == "line":
        bench.functions.call("pause", "type:greet")
        assert bench.claim(10) == []
        long_list = bench.keys.parked("paused:greet")
    bench.tampered = True
    for _ in range(30):
        bench.redis.lpush(long_list, *[f"another-{number}" for number in range(10_000)])
    calls: list[int] = []
    original = Functions.codes

    def counted(self: Functions, *words: Any) -> list[int]:
        codes = original(self, *words)
        calls.append(len(codes))
        return codes

    monkeypatch.setattr(Functions, "codes", counted)
    desk = RedisOperations(bench.redis, bench.keys)

    if act == "cancel":
        codes = desk.cancel([*ids, "nobody"], force=False, **BY)
    else:
        moves = [(job_id, "high") for job_id in [*ids, "nobody"]]
        codes = desk.reprioritise(moves, front=False, **BY)

    assert (codes, calls) == ([1] * 10 + [0], [4, 4, 3])
    assert bench.redis.llen(long_list) == 300_000
