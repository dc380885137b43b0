"""The queue of a test: it remembers what was accepted, and knows that nobody else works."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from backend.domain.errors import TallyError, WaitTimeout
from backend.domain.jobs.job import EnqueueReply, JobView, NewJob
from backend.domain.ports import JobQueue
from tally.testing.enqueued import EnqueuedJob, enqueued_job


class WatchedQueue:
    """A `JobQueue` over another."""

    def __init__(
        self,
        queue: JobQueue,
        *,
        running: Callable[[], str],
        when_accepted: Callable[[], object],
        work: Callable[[], None],
    ) -> None:
        """``running`` names the type of the job that runs now, ``work`` does all that is due."""
        self._queue = queue
        self._running = running
        self._when_accepted = when_accepted
        self._work = work
        self.accepted: list[EnqueuedJob] = []
        #: Whether worker processes serve it.
        self.somebody_works = False

    def enqueue(self, jobs: Sequence[NewJob]) -> list[EnqueueReply]:
        """Accepts jobs, and remembers those that are new."""
        known = {job.id for job in self.accepted}
        try:
            replies = self._queue.enqueue(jobs)
        except TallyError:
            there = {job.id for job in jobs if self._queue.find(job.id) is not None}
            self._remember(jobs, there - known)
            raise
        self._remember(jobs, {reply.id for reply in replies if reply.created})
        self._when_accepted()
        return replies

    def _remember(self, jobs: Sequence[NewJob], created: set[str]) -> None:
        running = self._running()
        self.accepted += [enqueued_job(job, running) for job in jobs if job.id in created]

    def find(self, job_id: str) -> JobView | None:
        """The job as it stands now."""
        return self._queue.find(job_id)

    def wait(self, job_id: str, timeout: float) -> bool:
        """Does the work that a worker would do meanwhile; waits only where there is one."""
        if self.somebody_works:
            return self._queue.wait(job_id, timeout)
        self._work()
        job = self._queue.find(job_id)
        if job is not None and not job.state.is_final:
            raise WaitTimeout(
                f"job {job_id} ({job.job_type}) is still {job.state}, and nobody but this test works: "
                "travel() to its time, resume what is paused, or let the handler that holds its limit end",
                job_id=job_id,
            )
        return job is not None
