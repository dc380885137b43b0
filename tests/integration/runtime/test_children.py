"""The processes of isolated jobs, from their start to their end, under real worker processes."""

from __future__ import annotations

import json
import resource
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest

from backend.domain.jobs.job_state import JobState
from tests.eventually import eventually
from tests.integration.runtime.cluster import Cluster


def _warm(cluster: Cluster, jobs: int) -> set[int]:
    """Isolated jobs at once, so that each slot starts a child; their pids."""
    gate = cluster.folder / "warm"
    ids = [cluster.enqueue("isolated_hold", {"until": str(gate)}) for _ in range(jobs)]
    for job_id in ids:
        cluster.running(job_id)
    gate.touch()
    return {int(cluster.ended(job_id).result) for job_id in ids}


def test_a_stop_lets_an_isolated_job_end_whichever_slot_started_its_process(
    cluster: Cluster,
) -> None:
    """Slots without a job end at once, and took with them the processes that they had started."""
    supervisor = cluster.workers(concurrency=4)
    assert len(_warm(cluster, 4)) == 4
    running = [cluster.enqueue("isolated_sleep", {"seconds": 1.5}) for _ in range(3)]
    for job_id in running:
        cluster.running(job_id)

    supervisor.terminate()

    assert supervisor.wait(60) == 0
    jobs = [cluster.job(job_id) for job_id in running]
    assert [(job.state, job.attempt) for job in jobs] == [(JobState.FINISHED, 1)] * 3


def _log_lines(cluster: Cluster) -> list[dict[str, Any]]:
    lines = (cluster.folder / "log").read_text().splitlines()
    return [json.loads(line) for line in lines if line.startswith("{")]


def test_the_lines_of_isolated_jobs_are_as_those_of_others(cluster: Cluster) -> None:
    cluster.workers()

    job = cluster.ended(cluster.enqueue("isolated_log", trace_id="t-1"))

    said = {line["event"]: line for line in _log_lines(cluster) if line.get("process") == "child"}
    for line in said.values():
        del line["timestamp"]
    assert said == {
        "signed in": {
            "event": "signed in",
            "level": "info",
            "process": "child",
            "password": "[hidden]",
            "job_id": job.id,
            "job_type": "isolated_log",
            "attempt": 1,
            "trace_id": "t-1",
        },
        f"a library's line of {job.id}": {
            "event": f"a library's line of {job.id}",
            "level": "warning",
            "process": "child",
            "logger": "library",
            "job_id": job.id,
            "job_type": "isolated_log",
            "attempt": 1,
            "trace_id": "t-1",
        },
    }
    assert "hunter2" not in (cluster.folder / "log").read_text()


def test_what_isolated_jobs_write_goes_where_and_how_the_settings_say(
    make_cluster: Callable[..., Cluster],
) -> None:
    cluster = make_cluster(TALLY_LOG__FORMAT="text", TALLY_LOG__LEVEL="ERROR")
    cluster.workers()

    cluster.ended(cluster.enqueue("isolated_log"))

    assert "signed in" not in cluster.log()
    assert "a library's line" not in cluster.log()


def test_workers_in_the_processes_of_isolated_jobs_are_closed_once_in_order(
    make_cluster: Callable[..., Cluster], tmp_path: Path
) -> None:
    left = tmp_path / "left"
    left.touch()
    cluster = make_cluster(TALLY_TEST_LEAVING=str(left))
    supervisor = cluster.workers()
    pid = cluster.ended(cluster.enqueue("leave")).result
    assert left.read_text().splitlines() == [f"opened in {pid}"]

    supervisor.terminate()

    assert supervisor.wait(60) == 0
    assert left.read_text().splitlines() == [
        f"opened in {pid}",
        f"closed in {pid}",
        f"at exit of {pid}",
    ]


def test_a_retired_process_is_closed_in_order_as_well(
    make_cluster: Callable[..., Cluster], tmp_path: Path
) -> None:
    left = tmp_path / "left"
    left.touch()
    cluster = make_cluster(TALLY_TEST_LEAVING=str(left))
    cluster.workers()
    pid = cluster.ended(cluster.enqueue("leave")).result

    assert cluster.ended(cluster.enqueue("change", {"what": "thread"})).result == pid

    eventually(lambda: f"at exit of {pid}" in left.read_text(), show=cluster.log)
    assert f"closed in {pid}" in left.read_text()
    retired = [line for line in _log_lines(cluster) if line["event"] == "child.retired"]
    assert [line["left"].partition("-")[0] for line in retired] == ["the thread Thread"]


def test_a_process_that_does_not_close_is_cut_off(
    make_cluster: Callable[..., Cluster],
) -> None:
    cluster = make_cluster()
    supervisor = cluster.workers()
    pid = cluster.ended(cluster.enqueue("stay")).result

    supervisor.terminate()

    assert supervisor.wait(60) == 0
    assert not psutil.pid_exists(pid)
    assert [line["event"] for line in _log_lines(cluster)].count("child.cut_off") == 1


def _package(cluster: Cluster, name: str, text: str) -> None:
    """One more job package."""
    (cluster.folder / f"{name}.py").write_text(text)
    cluster.environment["PYTHONPATH"] = str(cluster.folder)
    cluster.environment["TALLY_JOB_PACKAGES"] += f",{name}"


@pytest.mark.parametrize("seconds", [0.2, 30])
def test_large_jobs_reach_their_process_where_a_package_gives_all_sockets_a_timeout(
    cluster: Cluster, seconds: float
) -> None:
    """Larger than what the system keeps between two processes."""
    _package(cluster, "hurried", f"import socket\nsocket.setdefaulttimeout({seconds})\n")
    cluster.workers()
    tag = "x" * 250_000

    jobs = [cluster.ended(cluster.enqueue("isolated_echo", {"tag": tag})) for _ in range(5)]

    assert [(job.error, job.attempt, job.failures) for job in jobs] == [(None, 1, 0)] * 5
    assert {len(job.result["tag"]) for job in jobs} == {250_000}


class Broken:
    """A job package whose import fails in the processes of isolated jobs while a file exists."""

    def __init__(self, cluster: Cluster) -> None:
        self.file = cluster.folder / "broken"
        _package(
            cluster,
            "breaking",
            "import os, pathlib, sys\n"
            f"if pathlib.Path({str(self.file)!r}).exists() and '-c' not in sys.argv:\n"
            "    if 'workers.runtime' in sys.orig_argv:\n"
            "        raise RuntimeError('half a deploy')\n",
        )
        self.file.touch()


def test_a_job_whose_process_cannot_be_started_is_put_off_uncharged(cluster: Cluster) -> None:
    broken = Broken(cluster)
    cluster.start("scheduler")
    cluster.workers(concurrency=2)
    isolated = [cluster.enqueue("isolated_echo", {"tag": "at last"}) for _ in range(4)]
    eventually(lambda: "child.not_started" in cluster.log(), timeout=20, show=cluster.log)

    # What runs in threads of the same process goes on meanwhile, whoever waits before it.
    assert cluster.ended(cluster.enqueue("note")).state is JobState.FINISHED
    broken.file.unlink()

    for job_id in isolated:
        job = cluster.ended(job_id)
        assert (job.state, job.attempt, job.failures) == (JobState.FINISHED, 1, 0)
        assert job.result["tag"] == "at last"
    told = [line for line in _log_lines(cluster) if line["event"] == "child.not_started"]
    assert len(told) == 1
    assert "'breaking' cannot be imported: RuntimeError: half a deploy" in told[0]["error"]
    assert cluster.difference() == 0


def test_more_files_than_select_knows_may_be_open(cluster: Cluster) -> None:
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard < 2000:
        pytest.skip("this machine allows fewer open files")
    cluster.workers(concurrency=2)
    worker = psutil.Process(cluster.pids()[0])
    cluster.ended(cluster.enqueue("open_files", {"files": 1500}))
    assert worker.num_fds() > 1500

    job = cluster.ended(cluster.enqueue("isolated_echo", {"tag": "x"}))

    assert (job.error, job.result["tag"], job.attempt) == (None, "x", 1)
