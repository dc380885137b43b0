"""Runs a job in the slot's own thread: cheap, for what waits on the network."""

from __future__ import annotations

from backend.domain.jobs.attempts.outcome import Outcome
from backend.domain.jobs.job import ClaimedJob
from workers.base_worker import JobContext
from workers.runtime.attempts import attempt
from workers.runtime.attempts.attempt import Prepared
from workers.runtime.attempts.runner import Interruptible, hard_timeout


class ThreadRunner:
    """The runner of one job type in threads."""

    def __init__(self, prepared: Prepared) -> None:
        self._prepared = prepared
        self.kind = prepared.job_type

    def soft_after(self, job: ClaimedJob) -> float:
        """Seconds until `TimeLimitReached` is raised in the handler."""
        return job.timeout

    def hard_after(self, job: ClaimedJob) -> float:
        """Seconds until the supervisor kills the whole process."""
        return hard_timeout(job, self.kind.grace)

    def run(self, job: ClaimedJob, context: JobContext, slot: Interruptible) -> Outcome:
        """One attempt in this thread."""
        try:
            return attempt.run(self._prepared, job, context)
        finally:
            slot.disarm()
