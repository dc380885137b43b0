"""Jobs that are started and do not get on: whose worker is gone, or that run for too long."""

from __future__ import annotations

from collections.abc import Sequence

from backend.domain.access.actor import Actor
from backend.domain.jobs.attempts.outcome import AttemptError, Outcome, OutcomeKind
from backend.domain.jobs.job import JobView
from backend.domain.ports import Clock, Inspection, Lease, LeaseBook, Rescued


class StuckJobs:
    """Finds them, and gives them back."""

    def __init__(self, inspection: Inspection, leases: LeaseBook, clock: Clock) -> None:
        self._look = inspection
        self._leases = leases
        self._clock = clock

    def older_than(self, seconds: float) -> list[JobView]:
        """Jobs that were started more than so many seconds ago."""
        now = self._clock.now()
        started = [
            job_id for queue in self._look.queue_names() for job_id in self._look.started(queue)
        ]
        jobs = [job for job in self._look.jobs(started) if job.started_at is not None]
        return [job for job in jobs if (now - (job.started_at or now)).total_seconds() > seconds]

    def workers_alive(self) -> set[str]:
        """The names of worker processes that are not lost."""
        return {worker.name for worker in self._look.workers() if worker.state != "lost"}

    def held(self, jobs: Sequence[JobView]) -> list[Lease]:
        """The leases of jobs by which their workers hold them, as `reset` is told what was seen."""
        seen = {(job.id, job.worker) for job in jobs}
        found = self._leases.of_workers({job.worker for job in jobs})
        return [lease for lease in found if (lease.job_id, lease.worker) in seen]

    def reset(self, seen: Sequence[Lease], *, by: Actor, reason: str, force: bool) -> list[str]:
        """Gives started jobs back to the front of their queues, uncharged; the ids of those that were.

        Each only if it is held as it was seen, by the same attempt; and by a worker that is lost, unless
        ``force``.
        """
        alive = set() if force else self.workers_alive()
        leases = [lease for lease in seen if lease.worker not in alive]
        message = f"reset by {by.name}{f': {reason}' if reason else ''}"
        outcome = Outcome(OutcomeKind.RELEASED, error=AttemptError("reset", "Reset", message))
        rescued = [Rescued(lease, outcome) for lease in leases]
        happened = self._leases.rescue(rescued, only_expired=False)
        return [lease.job_id for lease, was in zip(leases, happened, strict=True) if was]
