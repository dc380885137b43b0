"""Jobs end without worker processes: what a worker does at an attempt is done here."""

from __future__ import annotations

from backend.bootstrap.current import platform
from backend.domain.jobs.attempts.outcome import Outcome
from backend.domain.jobs.job import ClaimedJob
from tests.e2e.puppet_worker import PuppetWorker
from workers.base_worker import JobContext
from workers.runtime.attempts.attempt import prepare, run


def dead_jobs(*job_types: str) -> list[str]:
    """One job of each type, run to its end; their ids."""
    service = platform().queue_service
    ids = [service.enqueue_job(name, {}, max_retries=0) for name in job_types]
    work_off()
    assert {service.get_job(job_id).state for job_id in ids} == {"failed"}
    return ids


def work_off() -> None:
    """Runs what waits."""
    PuppetWorker(platform(), ["default"], _attempt).work_off()


def _attempt(job: ClaimedJob) -> Outcome:
    prepared = prepare(platform().catalogue.get(job.job_type), None)
    return run(prepared, job, JobContext(job.id, job.job_type, job.attempt))
