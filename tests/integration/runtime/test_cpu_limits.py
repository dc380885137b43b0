"""Isolated jobs share processes, and no job pays for the CPU time of another."""

from __future__ import annotations

import signal
from collections.abc import Callable

import pytest

from backend.domain.jobs.attempts.outcome import AttemptError
from tests.integration.runtime.cluster import Cluster
from tests.integration.runtime.conftest import QUICK_BEATS


@pytest.fixture
def limited(make_cluster: Callable[..., Cluster]) -> Cluster:
    """A deployment whose isolated jobs may use two seconds each."""
    cluster = make_cluster(**QUICK_BEATS, TALLY_WORKER__CHILD_CPU_SECONDS="2")
    cluster.workers()
    return cluster


def _computed(cluster: Cluster, seconds: float, **payload: object) -> AttemptError | int:
    job = cluster.ended(cluster.enqueue("isolated_compute", {"seconds": seconds, **payload}))
    return job.error or int(job.result)


def test_each_job_has_its_limit_to_itself_whatever_others_used_in_its_process(
    limited: Cluster,
) -> None:
    processes = [_computed(limited, 0.8) for _ in range(6)]

    assert [type(each) for each in processes] == [int] * 6, processes
    assert 1 < len(set(processes)) < 6


@pytest.mark.parametrize(
    ("deaf", "number"), [(False, signal.SIGXCPU), (True, signal.SIGKILL)], ids=["hears", "deaf"]
)
def test_a_job_beyond_its_limit_is_ended(
    limited: Cluster, deaf: bool, number: signal.Signals
) -> None:
    """One that takes no notice of it somewhat later, for its process has a limit too."""
    _computed(limited, 0.8)

    error = _computed(limited, 60, deaf=deaf)

    assert isinstance(error, AttemptError)
    assert (error.reason, error.message) == (
        "poison",
        f"the job's process ended by signal {number}",
    )
