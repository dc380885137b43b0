"""Jobs that do what they should not: each meets its end as designed, and the pool goes on."""

from __future__ import annotations

import psutil
import pytest

from backend.domain.jobs.job_state import JobState
from tests.eventually import eventually
from tests.integration.runtime.cluster import Cluster


def goes_on(pool: Cluster) -> bool:
    """Whether the pool still does what it is there for."""
    return pool.ended(pool.enqueue("note")).state is JobState.FINISHED


@pytest.mark.parametrize(
    ("job_type", "reason"),
    [
        ("spin", "timeout"),
        ("stubborn", "timeout"),
        ("hold_interpreter", "timeout"),
        ("isolated_stubborn", "timeout"),
        ("exit_quietly", "poison"),
        ("eat_memory", "memory"),
    ],
)
def test_it_fails_for_the_true_reason_and_the_pool_goes_on(
    pool: Cluster, job_type: str, reason: str
) -> None:
    job = pool.ended(pool.enqueue(job_type))

    assert job.state is JobState.FAILED
    assert job.error is not None
    assert (job.error.reason, job.attempt) == (reason, 1)
    assert goes_on(pool)
    assert pool.difference() == 0


def test_the_soft_limit_of_an_isolated_job_leaves_its_process_to_the_next(pool: Cluster) -> None:
    before = pool.ended(pool.enqueue("isolated_note")).result["pid"]

    job = pool.ended(pool.enqueue("isolated_spin"))

    assert job.error is not None
    assert (job.error.reason, job.error.error) == ("timeout", "TimeLimitReached")
    assert pool.ended(pool.enqueue("isolated_note")).result["pid"] == before


def test_a_job_that_keeps_killing_its_process_ends_as_poison_after_its_attempts(
    pool: Cluster,
) -> None:
    before = _poisoned(pool)

    job = pool.ended(pool.enqueue("segfault"))

    assert job.state is JobState.FAILED
    assert job.error is not None
    assert (job.error.reason, job.attempt, job.failures) == ("poison", 3, 3)
    assert _poisoned(pool) == before + 1
    assert goes_on(pool)


def _poisoned(pool: Cluster) -> int:
    """What `tally_queue_jobs_poisoned_total` says of the queue ``normal``."""
    return pool.platform.inspection.queue_states(["normal"])[0].poisoned


def test_jobs_beside_a_killer_are_neither_charged_nor_failed(pool: Cluster) -> None:
    gate = pool.folder / "go"
    beside = [pool.enqueue("hold", {"until": str(gate)}) for _ in range(3)]
    for job_id in beside:
        pool.running(job_id)

    killer = pool.ended(pool.enqueue("segfault"))
    gate.touch()

    assert killer.error is not None
    assert killer.error.reason == "poison"
    for job_id in beside:
        job = pool.ended(job_id)
        assert (job.state, job.failures) == (JobState.FINISHED, 0)
    assert pool.difference() == 0


@pytest.mark.parametrize("job_type", ["isolated_stubborn", "leave_child"])
def test_an_isolated_job_leaves_no_process_behind(pool: Cluster, job_type: str) -> None:
    # Time enough to start one on a busy machine.
    pool.ended(pool.enqueue(job_type, timeout=5))

    grandchild = int(pool.lines()[0])
    eventually(lambda: not psutil.pid_exists(grandchild) or _is_zombie(grandchild), timeout=5)


def _is_zombie(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True
