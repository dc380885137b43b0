"""Dead jobs for the pages to show."""

from __future__ import annotations

from typing import Any

from backend.domain.jobs.attempts.outcome import AttemptError, Outcome, OutcomeKind
from backend.domain.jobs.job import ClaimedJob
from tests.e2e.puppet_worker import PuppetWorker
from tests.e2e.stage import Stage


def dead_jobs(
    stage: Stage,
    number: int = 1,
    job_type: str = "sync_customer",
    error: str = "KeyError",
    message: str = "no such customer",
    **options: Any,
) -> list[str]:
    """So many that died of one kind of error, also on record; their ids."""
    fault = AttemptError("exception", error, message, f"Traceback\n{error}")

    def fail(job: ClaimedJob) -> Outcome:
        return Outcome(OutcomeKind.FAILED, error=fault, run_seconds=0.2)

    jobs = stage.platform.queue_service
    payload = {"customer": 5, "api_key": "hush"}
    ids = [jobs.enqueue_job(job_type, payload, max_retries=0, **options) for _ in range(number)]
    PuppetWorker(stage.platform, ["default", "media"], fail).work_off()
    stage.record()
    return ids
