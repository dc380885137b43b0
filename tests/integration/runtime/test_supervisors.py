"""The command becomes the supervisor: one process, that says nothing of where its jobs come from."""

from __future__ import annotations

import psutil

from backend.domain.jobs.job_state import JobState
from tests.eventually import eventually
from tests.integration.runtime.cluster import Cluster


def test_it_is_the_process_that_was_started_and_its_arguments_hold_no_secret(
    cluster: Cluster,
) -> None:
    pid_file = cluster.folder / "pid"
    supervisor = cluster.start("worker", "default", "--processes", "2", "--pid-file", str(pid_file))
    process = psutil.Process(supervisor.pid)
    eventually(lambda: len(process.children()) == 2, timeout=30, show=cluster.log)

    words = process.cmdline()

    assert int(pid_file.read_text()) == supervisor.pid
    assert words[1:4] == ["-P", "-m", "workers.processes.supervisor"]
    assert words[-1] == "default"
    assert cluster.environment["REDIS_URL"] not in " ".join(words)
    supervisor.terminate()
    assert supervisor.wait(60) == 0
    assert not pid_file.exists()


def test_a_pid_file_that_cannot_be_written_is_told_in_a_line(cluster: Cluster) -> None:
    pid_file = cluster.folder / "missing" / "pid"

    supervisor = cluster.start("worker", "default", "--pid-file", str(pid_file))

    assert supervisor.wait(60) == 1
    [*_, last] = cluster.log().splitlines()
    assert last.startswith(f"tally: the pid file {pid_file} cannot be written: No such file")
    assert "Traceback" not in cluster.log()


def test_it_holds_little_memory_as_long_as_nobody_asks_it_anything(cluster: Cluster) -> None:
    """Half of this is Python's own. A client of Redis, structlog or an HTTP server would be more each."""
    supervisor = cluster.workers()
    cluster.ended(cluster.enqueue("note"))

    assert psutil.Process(supervisor.pid).memory_info().rss < 26 * 2**20


def test_one_process_serves_all_lanes_together(cluster: Cluster) -> None:
    supervisor = cluster.start("worker", "default", "quiet", "--together")
    eventually(lambda: len(cluster.pids()) == 1, timeout=30, show=cluster.log)
    [worker] = cluster.platform.inspection.workers()

    ended = [cluster.ended(cluster.enqueue(each)) for each in ("note", "no_loop_here")]

    assert [job.state for job in ended] == [JobState.FINISHED, JobState.FINISHED]
    assert worker.lane == "default,quiet"
    assert "-lanes-0-" in worker.name
    assert len(psutil.Process(supervisor.pid).children()) == 1
