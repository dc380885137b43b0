"""Jobs that fork or use other processes: a copy never speaks for its job, and nothing is left of it."""

from __future__ import annotations

import psutil
import pytest

from backend.domain.jobs.job_state import JobState
from tests.eventually import eventually
from tests.integration.runtime.cluster import Cluster


def _copies(pool: Cluster) -> list[int]:
    return [int(line.split()[1]) for line in pool.lines() if line.startswith("copy")]


def _runs(pid: int) -> bool:
    try:
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


@pytest.mark.parametrize("job_type", ["fork", "isolated_fork"])
@pytest.mark.parametrize("way", ["return", "exit", "raise"])
def test_what_a_copy_says_is_nobodys_result(pool: Cluster, job_type: str, way: str) -> None:
    forked = pool.ended(pool.enqueue(job_type, {"way": way}))

    assert (forked.state, forked.result, forked.attempt) == (
        JobState.FINISHED,
        "from the original",
        1,
    )
    assert forked.progress is None
    for tag in ("a", "b", "c"):
        assert pool.ended(pool.enqueue("isolated_echo", {"tag": tag})).result["tag"] == tag
        assert pool.ended(pool.enqueue("note")).result["pid"] in pool.pids()
    # One in a process of its own is ended with the job, which may be before it has said a word.
    eventually(lambda: job_type == "isolated_fork" or _copies(pool), show=pool.log)
    eventually(lambda: not any(map(_runs, _copies(pool))), show=pool.log)
    assert pool.difference() == 0


def test_what_a_program_of_a_job_leaves_running_is_no_child_of_the_worker_process(
    pool: Cluster,
) -> None:
    """Which would have to bury it, and does not: a job in a thread may start what it likes."""
    left = psutil.Process(pool.ended(pool.enqueue("detach")).result)
    try:
        assert left.ppid() not in pool.pids()
    finally:
        left.kill()


@pytest.mark.parametrize("job_type", ["fork", "isolated_fork"])
@pytest.mark.parametrize(("way", "status"), [("return", 0), ("exit", 3), ("raise", 1)])
def test_a_copy_can_be_waited_for(pool: Cluster, job_type: str, way: str, status: int) -> None:
    forked = pool.ended(pool.enqueue(job_type, {"way": way, "wait": True}))

    assert (forked.state, forked.result) == (JobState.FINISHED, f"status {status}")


@pytest.mark.parametrize(
    "way",
    [
        *("fork", "spawn", "forkserver", "executor", "kept executor"),
        *("set_start_method", "subprocess"),
    ],
)
def test_other_processes_can_be_used_again_and_again(pool: Cluster, way: str) -> None:
    for _ in range(3):
        job = pool.ended(pool.enqueue("many_processes", {"way": way}))

        assert (job.error, job.result) == (None, [1, 2, 3])


def test_a_pool_in_a_thread_ends_though_its_worker_process_handles_its_signal(
    pool: Cluster,
) -> None:
    for _ in range(8):
        assert pool.ended(pool.enqueue("pool_in_thread")).result == [1, 2, 3]
