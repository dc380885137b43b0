"""Every process goes on when nobody takes its lines any more, and says how many were lost."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from backend.domain.jobs.job_state import JobState
from tests.eventually import eventually
from tests.free_port import free_port
from tests.integration.metrics.conftest import Deployment
from tests.unit.telemetry.scrape import fetch, samples

_LOST = "tally_log_lines_lost_total"
Start = Callable[..., subprocess.Popen[bytes]]


@contextmanager
def _full(deployment: Deployment) -> Iterator[Start]:
    """A device that is full."""
    yield lambda *command: deployment.cluster.start(*command, log="/dev/full")


@contextmanager
def _without_reader(deployment: Deployment) -> Iterator[Start]:
    """A pipe whose reader has gone, as after `| head -1`."""
    pipe = deployment.cluster.folder / "pipe"
    os.mkfifo(pipe)

    def start(*command: str) -> subprocess.Popen[bytes]:
        reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
        process = deployment.cluster.start(*command, log="pipe")
        os.close(reader)
        return process

    yield start


def _lost(port: int) -> bool:
    try:
        return samples(port).get(_LOST, 0) > 0
    except OSError:
        return False


@pytest.mark.parametrize("streams", [_full, _without_reader])
def test_processes_whose_lines_nobody_takes_work_on(
    streams: Callable[[Deployment], object], deployment: Deployment
) -> None:
    cluster, web_port = deployment.cluster, free_port()
    ports = (deployment.worker_port, deployment.scheduler_port, deployment.recorder_port, web_port)
    with streams(deployment) as start:  # type: ignore[attr-defined]
        processes = [start("worker", "default"), start("scheduler"), start("recorder")]
        processes.append(start("api", f"--port={web_port}"))
        for port in ports:
            eventually(lambda port=port: _lost(port), timeout=40)

        _kill_the_worker_process(deployment)
        kinds = ("talk", "isolated_talk")
        jobs = [cluster.ended(cluster.enqueue(kind, delay=0.1, max_retries=0)) for kind in kinds]

    assert [(job.state, job.result) for job in jobs] == [(JobState.FINISHED, "said")] * 2
    assert fetch(web_port, "/healthz")[0] == 200
    assert [process.poll() for process in processes] == [None] * 4
    for process in processes:
        process.terminate()
    assert [process.wait(120) for process in processes] == [0] * 4


def _kill_the_worker_process(deployment: Deployment) -> None:
    """Its supervisor has something to say then."""
    [pid] = eventually(deployment.cluster.pids, timeout=20)
    os.kill(pid, signal.SIGKILL)
    eventually(lambda: pid not in deployment.cluster.pids())
