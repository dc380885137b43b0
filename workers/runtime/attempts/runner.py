"""What a slot needs of whatever runs its jobs: a thread of its own, or a child process."""

from __future__ import annotations

from typing import Protocol

from backend.domain.jobs.attempts.outcome import Outcome
from backend.domain.jobs.job import ClaimedJob
from backend.domain.jobs.job_type import JobType
from workers.base_worker import JobContext


class Interruptible(Protocol):
    """The slot as its runner sees it."""

    def disarm(self) -> None:
        """Nothing may interrupt this thread any more."""

    def rest(self, seconds: float) -> None:
        """Claims nothing for so long: the next job might not be run either."""


class Runner(Protocol):
    """Runs attempts of one job type."""

    @property
    def kind(self) -> JobType:
        """That job type."""

    def soft_after(self, job: ClaimedJob) -> float:
        """Seconds until the slot's thread is interrupted; 0: the runner sees to that itself."""

    def hard_after(self, job: ClaimedJob) -> float:
        """Seconds until the supervisor kills the whole process; 0: it never needs to."""

    def run(self, job: ClaimedJob, context: JobContext, slot: Interruptible) -> Outcome:
        """One attempt; never raises for what the job does."""


def hard_timeout(job: ClaimedJob, grace: float) -> float:
    """The hard limit of one job in seconds; 0 for none."""
    return job.timeout + grace if job.timeout else 0.0
