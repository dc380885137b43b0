"""Async handlers in worker processes: they run, end and are ended as others are."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from backend.domain.jobs.job_state import JobState
from tests.integration.runtime.cluster import Cluster
from tests.integration.runtime.conftest import QUICK_BEATS


def test_an_isolated_one_runs_in_a_process_that_is_used_again(pool: Cluster) -> None:
    first = pool.ended(pool.enqueue("isolated_async_note")).result
    second = pool.ended(pool.enqueue("isolated_async_note")).result

    assert (first["attempt"], first["same"]) == (1, True)
    assert second["pid"] == first["pid"]


def test_what_the_loop_does_in_threads_costs_an_isolated_job_no_process(pool: Cluster) -> None:
    pids = {pool.ended(pool.enqueue("isolated_async_threads")).result for _ in range(4)}

    assert len(pids) == 1


def test_a_thread_that_goes_on_after_an_isolated_async_job_costs_its_process(pool: Cluster) -> None:
    before = pool.ended(pool.enqueue("isolated_async_threads", {"seconds": 5})).result

    assert pool.ended(pool.enqueue("isolated_async_threads")).result != before


def test_the_soft_limit_of_an_isolated_one_cancels_it_and_leaves_its_process(
    pool: Cluster,
) -> None:
    before = pool.ended(pool.enqueue("isolated_async_note")).result["pid"]

    job = pool.ended(pool.enqueue("isolated_async_linger"))

    assert job.state is JobState.FAILED
    assert job.error is not None
    assert (job.error.reason, job.error.error) == ("timeout", "TimeLimitReached")
    assert pool.lines()[-1] == f"{job.id} timeout"
    assert pool.ended(pool.enqueue("isolated_async_note")).result["pid"] == before


def test_they_run_beside_each_other_in_one_process(pool: Cluster) -> None:
    gate = {"until": str(pool.folder / "go")}
    held = [pool.enqueue("async_hold", gate) for _ in range(20)]
    for job_id in held:
        pool.running(job_id)
    (pool.folder / "go").touch()

    note = pool.ended(pool.enqueue("async_note"))

    assert note.result == {"pid": pool.pids()[0], "attempt": 1, "same": True}
    assert {pool.ended(job_id).state for job_id in held} == {JobState.FINISHED}
    assert pool.difference() == 0


def test_the_soft_limit_cancels_it_with_a_reason_that_it_can_see(pool: Cluster) -> None:
    job = pool.ended(pool.enqueue("async_linger"))

    assert job.error is not None
    assert (job.error.reason, job.error.error) == ("timeout", "TimeLimitReached")
    assert pool.lines() == [f"{job.id} timeout"]


def test_what_one_sets_in_its_context_no_other_sees(pool: Cluster) -> None:
    jobs = [pool.enqueue("async_seen") for _ in range(8)]

    assert [pool.ended(job_id).result for job_id in jobs] == [["", job_id] for job_id in jobs]


def test_one_whose_task_exits_ends_nothing_but_itself(pool: Cluster) -> None:
    before = pool.pids()
    beside = pool.enqueue("async_hold", {"until": str(pool.folder / "go")})
    pool.running(beside)

    job = pool.ended(pool.enqueue("async_exit"))
    (pool.folder / "go").touch()

    assert job.state is JobState.FAILED
    assert (pool.ended(beside).attempt, pool.pids()) == (1, before)


@pytest.mark.parametrize("job_type", ["async_opened", "isolated_async_opened"])
def test_its_worker_was_opened_in_the_loop_in_which_it_runs(pool: Cluster, job_type: str) -> None:
    assert [pool.ended(pool.enqueue(job_type)).result for _ in range(2)] == [True, True]


def test_both_kinds_come_from_one_queue_and_neither_waits_for_the_other(pool: Cluster) -> None:
    gate = {"until": str(pool.folder / "go")}
    held = [pool.enqueue("async_hold", gate) for _ in range(30)]
    held += [pool.enqueue("hold", gate) for _ in range(3)]
    for job_id in held:
        pool.running(job_id)

    notes = [pool.enqueue(kind) for kind in ("note", "async_note") * 20]

    assert {pool.ended(job_id).state for job_id in notes} == {JobState.FINISHED}
    (pool.folder / "go").touch()
    assert {pool.ended(job_id).attempt for job_id in held} == {1}
    assert pool.difference() == 0


def test_it_says_how_far_it_is_and_the_last_word_is_kept(pool: Cluster) -> None:
    job = pool.ended(pool.enqueue("async_note"))

    assert job.progress == {"done": 1, "total": 2, "note": "noted"}


def test_a_process_whose_lane_has_none_has_no_loop(make_cluster: Callable[..., Cluster]) -> None:
    quiet = make_cluster(**QUICK_BEATS)
    quiet.workers("quiet")

    found = quiet.ended(quiet.enqueue("no_loop_here")).result

    assert found["modules"] == []
    assert not {"loop", "loop-watch", "carrier-0"} & set(found["threads"])


def test_an_isolated_one_whose_task_exits_does_not_go_on_beside_the_next(pool: Cluster) -> None:
    before = pool.ended(pool.enqueue("isolated_async_note")).result["pid"]

    job = pool.ended(pool.enqueue("isolated_async_exit"))
    turns = pool.lines().count(f"{job.id} goes on")
    after = [pool.ended(pool.enqueue("isolated_async_note")) for _ in range(3)]

    assert job.error is not None
    assert (job.state, job.error.error) == (JobState.FAILED, "SystemExit")
    assert [note.result["pid"] for note in after] == [before] * 3
    assert pool.lines().count(f"{job.id} goes on") == turns


def test_a_task_that_takes_no_notice_of_its_end_costs_its_process_and_no_result(
    pool: Cluster,
) -> None:
    left = pool.ended(pool.enqueue("isolated_async_leave"))

    assert left.state is JobState.FINISHED
    assert pool.ended(pool.enqueue("isolated_async_note")).result["pid"] != left.result
    pool.says("the task obstinate")


def test_a_worker_that_could_not_be_opened_is_opened_anew_for_the_next_job(pool: Cluster) -> None:
    first = pool.ended(pool.enqueue("isolated_async_refused"))
    second = pool.ended(pool.enqueue("isolated_async_refused"))

    assert first.error is not None
    assert (first.state, first.error.message) == (JobState.FAILED, "not there yet")
    assert (second.state, second.result) == (JobState.FINISHED, ["open", 1])
