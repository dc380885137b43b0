"""Signals: one request however many processes get it, and nothing that a job starts is deaf to them."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable

import psutil
import pytest

from backend.domain.jobs.job_state import JobState
from tests.eventually import eventually
from tests.integration.runtime.cluster import Cluster
from tests.integration.runtime.conftest import QUICK_BEATS


@pytest.fixture
def patient(make_cluster: Callable[..., Cluster]) -> Cluster:
    """A deployment whose workers would wait for a minute."""
    return make_cluster(**QUICK_BEATS, TALLY_WORKER__GRACE="60")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=lambda n: n.name)
def test_a_signal_to_all_processes_at_once_lets_every_job_finish(
    number: signal.Signals, patient: Cluster
) -> None:
    supervisor = patient.workers()
    jobs = [patient.enqueue(kind, {"seconds": 4}) for kind in ("nap", "isolated_nap")]
    for job_id in jobs:
        patient.running(job_id)

    for process in [*psutil.Process(supervisor.pid).children(recursive=True), supervisor]:
        process.send_signal(number)

    assert supervisor.wait(60) == 0, patient.log()
    for job_id in jobs:
        job = patient.job(job_id)
        assert (job.state, job.attempt) == (JobState.FINISHED, 1), patient.log()
    assert sorted(patient.lines()) == sorted([*jobs, *(f"{job} woke" for job in jobs)])


def test_an_isolated_job_whose_process_still_starts_is_finished_too(patient: Cluster) -> None:
    supervisor = patient.workers()
    [worker] = psutil.Process(supervisor.pid).children()
    job_id = patient.enqueue("isolated_nap", {"seconds": 0.1})
    [child] = eventually(worker.children, show=patient.log)

    for process in (child, worker, supervisor):
        process.send_signal(signal.SIGTERM)

    assert supervisor.wait(60) == 0
    job = patient.job(job_id)
    assert (job.state, job.attempt, job.failures) == (JobState.FINISHED, 1, 0), patient.log()


def test_a_second_signal_that_comes_apart_gives_back_at_once(patient: Cluster) -> None:
    supervisor = patient.workers()
    job_id = patient.enqueue("hold", {"until": str(patient.folder / "never")})
    patient.running(job_id)

    def asked_again() -> bool:
        supervisor.send_signal(signal.SIGINT)
        return supervisor.poll() is not None

    eventually(asked_again, timeout=30, show=patient.log)

    assert supervisor.returncode == 0
    assert patient.job(job_id).state is JobState.QUEUED
    assert patient.lines() == [job_id]


def test_sigquit_gives_back_at_once(patient: Cluster) -> None:
    supervisor = patient.workers()
    job_id = patient.enqueue("hold", {"until": str(patient.folder / "never")})
    patient.running(job_id)

    supervisor.send_signal(signal.SIGQUIT)

    assert supervisor.wait(60) == 0
    assert patient.job(job_id).state is JobState.QUEUED


def test_a_terminal_that_hangs_up_ends_nothing(patient: Cluster) -> None:
    started = [
        patient.workers(),
        patient.start("scheduler"),
        patient.start("api", "--port=0"),
    ]
    for event in ("leader.changed", "api.listening"):
        eventually(lambda event=event: event in patient.log(), timeout=30, show=patient.log)
    [web] = eventually(lambda: psutil.Process(started[2].pid).children(), show=patient.log)

    for process in started:
        os.killpg(process.pid, signal.SIGHUP)

    job = patient.ended(patient.enqueue("note", delay=0.1))
    assert (job.state, job.attempt) == (JobState.FINISHED, 1)
    assert [process.poll() for process in started] == [None] * 3
    started[2].terminate()
    assert started[2].wait(60) == 0
    stopped = [line for line in patient.log().splitlines() if "api.stopped" in line]
    assert [json.loads(line)["pid"] for line in stopped] == [web.pid]


def test_a_process_that_is_asked_while_it_starts_leaves_at_once(patient: Cluster) -> None:
    patient.environment |= {"TALLY_TEST_OPEN": "3600", "TALLY_TEST_NOTES": str(patient.file)}
    supervisor = patient.start("worker", "attended")
    eventually(lambda: len(patient.lines()) == 1, timeout=30, show=patient.log)

    supervisor.terminate()

    assert supervisor.wait(60) == 0
    worker = patient.lines()[0].split()[1]
    # Of the worker alone: a supervisor imports no job packages.
    assert patient.lines() == [f"opening {worker}", f"exit {worker}"]


@pytest.mark.parametrize("where", ["", "isolated_"])
def test_programs_and_copies_that_jobs_start_can_be_ended(where: str, pool: Cluster) -> None:
    programs = pool.enqueue(f"{where}ask_program")
    copies = pool.enqueue(f"{where}end_a_copy")

    assert pool.ended(programs).result == "True True\nTrue\n"
    assert pool.ended(copies).result == signal.SIGTERM
