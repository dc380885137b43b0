"""Worker processes that die, freeze, or lose Redis: their jobs run again, on record once."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable

import psutil

from backend.broker.server.functions import Functions
from backend.domain.access.actor import Actor
from backend.domain.jobs.job_state import JobState
from tests.eventually import eventually
from tests.integration.runtime.cluster import ROOT, Cluster

ADA = Actor("ada")


def _began(cluster: Cluster, job_id: str, times: int) -> None:
    eventually(lambda: cluster.lines().count(job_id) == times, timeout=30, show=cluster.log)


def test_a_killed_workers_job_runs_again_at_once(cluster: Cluster) -> None:
    """Its supervisor sees it die, and does not wait for the end of its lease; a second process is ready."""
    cluster.workers(processes=2)
    gate = cluster.folder / "go"
    job_id = cluster.enqueue("hold", {"until": str(gate)})
    cluster.running(job_id)

    holder = cluster.job(job_id).worker
    pid = next(w.pid for w in cluster.platform.inspection.workers() if w.name == holder)

    os.kill(pid, signal.SIGKILL)
    eventually(lambda: cluster.lines().count(job_id) == 2, timeout=10, show=cluster.log)

    cluster.says('"event": "worker.rescued"')
    assert '"event": "job.rescued"' not in cluster.log()
    gate.touch()
    job = cluster.ended(job_id)
    assert (job.state, job.attempt, job.failures) == (JobState.FINISHED, 2, 1)


def test_several_jobs_of_a_killed_worker_run_again_uncharged(cluster: Cluster) -> None:
    cluster.workers(concurrency=3)
    gate = cluster.folder / "go"
    jobs = [cluster.enqueue("hold", {"until": str(gate)}) for _ in range(3)]
    for job_id in jobs:
        cluster.running(job_id)

    os.kill(cluster.pids()[0], signal.SIGKILL)
    eventually(lambda: all(cluster.lines().count(j) == 2 for j in jobs), timeout=15)
    gate.touch()

    for job_id in jobs:
        job = cluster.ended(job_id)
        assert (job.state, job.attempt, job.failures) == (JobState.FINISHED, 2, 0)


def test_a_vanished_hosts_jobs_run_again_when_their_leases_end(short_leased: Cluster) -> None:
    """The supervisor dies with its worker; another host's supervisor looks after the leases."""
    lost = short_leased.workers()
    gate = short_leased.folder / "go"
    job_id = short_leased.enqueue("hold", {"until": str(gate)})
    short_leased.running(job_id)
    vanished = psutil.Process(lost.pid).children()
    lost.send_signal(signal.SIGSTOP)
    for process in vanished:
        process.kill()
    short_leased.workers()

    eventually(lambda: short_leased.lines().count(job_id) == 2, timeout=20, show=short_leased.log)

    short_leased.says('"event": "job.rescued"')
    gate.touch()
    assert short_leased.ended(job_id).state is JobState.FINISHED
    lost.send_signal(signal.SIGCONT)


def test_a_job_that_takes_its_host_along_each_time_is_poison_and_its_neighbours_are_not(
    short_leased: Cluster,
) -> None:
    """As where the kernel ends a whole container for its memory: nobody is left to tell who did it."""
    poison = short_leased.enqueue(
        "hold", {"until": str(short_leased.folder / "never")}, max_retries=0
    )
    neighbours = []
    for times in (1, 2, 3):
        gate = short_leased.folder / f"go-{times}"
        neighbours.append(short_leased.enqueue("hold", {"until": str(gate)}))
        host = psutil.Process(short_leased.workers(concurrency=2).pid)
        _began(short_leased, poison, times)
        short_leased.running(neighbours[-1])

        for process in (host, *host.children(recursive=True)):
            process.kill()
        gate.touch()

    short_leased.workers()

    ended = short_leased.ended(poison)
    assert (ended.state, ended.attempt, ended.failures) == (JobState.FAILED, 3, 1)
    assert ended.error is not None
    assert ended.error.reason == "poison"
    assert ended.error.message.endswith(
        "stopped renewing its lease, as 2 times before beside others"
    )
    assert [short_leased.ended(each).failures for each in neighbours] == [0, 0, 0]


def test_nothing_is_charged_to_what_ran_on_a_host_that_was_killed_as_it_stopped(
    short_leased: Cluster,
) -> None:
    """As by a container's runtime, which waits ten or thirty seconds, whatever the grace period is."""
    gate = short_leased.folder / "go"
    job_id = short_leased.enqueue("hold", {"until": str(gate)}, max_retries=0)
    host = psutil.Process(short_leased.workers().pid)
    _began(short_leased, job_id, 1)

    host.terminate()
    inspection = short_leased.platform.inspection
    eventually(lambda: [w.stopping for w in inspection.workers()] == [True], show=short_leased.log)
    for process in (host, *host.children(recursive=True)):
        process.kill()
    short_leased.workers()
    _began(short_leased, job_id, 2)
    gate.touch()

    job = short_leased.ended(job_id)
    assert (job.state, job.attempt, job.failures) == (JobState.FINISHED, 2, 0)


def test_a_frozen_worker_that_wakes_up_may_not_settle(short_leased: Cluster) -> None:
    frozen = short_leased.workers()
    gate = short_leased.folder / "go"
    job_id = short_leased.enqueue("hold", {"until": str(gate)})
    short_leased.running(job_id)
    sleeper = psutil.Process(frozen.pid).children()[0]
    frozen.send_signal(signal.SIGSTOP)
    sleeper.suspend()
    other = short_leased.workers()
    eventually(lambda: short_leased.lines().count(job_id) == 2, timeout=20, show=short_leased.log)
    gate.touch()
    finished = short_leased.ended(job_id)

    sleeper.resume()
    eventually(lambda: "outcome.late" in short_leased.log(), timeout=10, show=short_leased.log)

    assert short_leased.job(job_id) == finished
    assert finished.attempt == 2
    assert short_leased.platform.redis.hget("rq:tally:counts:normal", "finished") == b"1"
    assert other.poll() is None
    frozen.send_signal(signal.SIGCONT)


def test_a_supervisors_death_stops_its_processes_in_order(cluster: Cluster) -> None:
    supervisor = cluster.workers()
    pid = cluster.pids()[0]
    job_id = cluster.enqueue("nap", {"seconds": 0.5})
    cluster.running(job_id)

    supervisor.kill()

    assert cluster.ended(job_id).attempt == 1
    eventually(lambda: not psutil.pid_exists(pid), timeout=10, show=cluster.log)


def test_work_goes_on_after_redis_was_killed(make_cluster: Callable[..., Cluster], servers) -> None:
    cluster = make_cluster()
    cluster.start("scheduler")
    supervisor = cluster.workers()
    job_id = cluster.enqueue("nap", {"seconds": 1})
    cluster.running(job_id)

    servers.kill_redis()
    time.sleep(1.2)  # the job must end while there is no Redis to tell
    servers.restart_redis()

    assert cluster.ended(job_id).attempt == 1
    assert supervisor.poll() is None
    later = cluster.enqueue("note", delay=0.2)
    assert cluster.ended(later).state is JobState.FINISHED
    assert cluster.difference() == 0


def test_jobs_of_a_claim_whose_answer_was_lost_are_given_back(
    make_cluster: Callable[..., Cluster],
) -> None:
    """Long leases: only the worker itself can tell that this job never reached it."""
    cluster = make_cluster(TALLY_WORKER__HEARTBEAT="20", TALLY_WORKER__LEASE="600")
    cluster.workers()
    worker = cluster.ended(cluster.enqueue("note")).worker
    process = psutil.Process(cluster.pids()[0])
    process.suspend()
    # On its way to standing still it could yet claim what comes.
    eventually(lambda: process.status() == psutil.STATUS_STOPPED)
    job_id = cluster.enqueue("note")
    redis = cluster.platform.redis
    Functions(redis, "rq").call("claim", worker, 600_000, 1, 0, "normal", 0)
    redis.execute_command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")

    process.resume()

    job = cluster.ended(job_id)
    assert (job.state, job.attempt, job.failures) == (JobState.FINISHED, 1, 0)


_A_SHORT_LIFE = """
import os, pathlib
from workers.runtime.supervision.duty_roster import DutyRoster
from workers.runtime.supervision.supervisor_spec import LaneSpec
from workers.runtime.supervision.worker_handle import WorkerHandle
handle = WorkerHandle("orphan", "default", LaneSpec(1, 1, 30.0, 1), DutyRoster.create())
pathlib.Path(os.environ["PID_FILE"]).write_text(str(handle.pid))
os._exit(0)
"""


def test_a_worker_whose_supervisor_died_while_it_started_does_not_stay(cluster: Cluster) -> None:
    pid_file = cluster.folder / "pid"
    environment = {**cluster.environment, "PID_FILE": str(pid_file)}
    with (cluster.folder / "log").open("ab") as log:
        subprocess.run(
            [sys.executable, "-c", _A_SHORT_LIFE],
            env=environment,
            cwd=ROOT,
            stdout=log,
            stderr=log,
            check=True,
        )
    orphan = int(pid_file.read_text())

    try:
        eventually(lambda: _is_gone(orphan), timeout=20, show=cluster.log)
    finally:
        if not _is_gone(orphan):
            os.kill(orphan, signal.SIGKILL)
    assert cluster.pids() == []


def _is_gone(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True
