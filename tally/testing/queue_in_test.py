"""The queue as a test sees it: what was enqueued, what runs, what time it is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from backend.bootstrap.platform import Platform
from backend.domain.errors import IllegalMove
from backend.domain.jobs.job import JobView
from backend.domain.jobs.job_state import JobState
from backend.memory.standing_clock import StandingClock
from tally.testing.enqueued import EnqueuedJob, described
from tally.testing.expectations import wanted_jobs
from tally.testing.watched_queue import WatchedQueue
from tally.testing.worker_in_test import RanJob, WorkerInTest

if TYPE_CHECKING:
    from tally.testing.real_worker import RealWorkers

_ALL = 10**6


class QueueInTest:
    """One deployment that lives as long as a test."""

    def __init__(self, parts: Platform, queue: WatchedQueue, worker: WorkerInTest) -> None:
        self._parts = parts
        self._queue = queue
        self._worker = worker

    # -- what was enqueued

    def enqueued(
        self,
        job_type: str | Callable[..., Any] | None = None,
        *,
        payload: Mapping[str, Any] | None = None,
        **said: Any,
    ) -> list[EnqueuedJob]:
        """Every job that was accepted so far, of one type and as it is ``said``; see `expect_enqueued`."""
        if job_type is None:
            return list(self._queue.accepted)
        wanted = wanted_jobs(self._parts.catalogue, job_type, payload, said)
        return [job for job in self._queue.accepted if wanted.takes(job)]

    @contextmanager
    def expect_enqueued(
        self,
        job_type: str | Callable[..., Any],
        *,
        times: int | None = None,
        payload: Mapping[str, Any] | None = None,
        **said: Any,
    ) -> Iterator[list[EnqueuedJob]]:
        """Expects that this block enqueues such a job; the list holds them once the block is over.

        ``said`` names fields of the payload, or options: priority, queue, delay, tags, tenant… A field
        that is called like an option is meant by ``payload``. Without ``times``, one or more will do.
        Raises AssertionError with what the block enqueued instead, the nearest first.
        """
        wanted = wanted_jobs(self._parts.catalogue, job_type, payload, said)
        before = len(self._queue.accepted)
        found: list[EnqueuedJob] = []
        yield found
        there = self._queue.accepted[before:]
        found += [job for job in there if wanted.takes(job)]
        if not found if times is None else len(found) != times:
            counted = "a job" if times is None else f"{times} jobs" if times != 1 else "1 job"
            many = "" if times is None else f", and {len(found)} were;"
            raise AssertionError(
                f"{counted} {wanted} should have been enqueued{many or ':'} {described(wanted, there)}"
            )

    @contextmanager
    def refute_enqueued(
        self,
        job_type: str | Callable[..., Any],
        *,
        payload: Mapping[str, Any] | None = None,
        **said: Any,
    ) -> Iterator[None]:
        """Expects that this block enqueues no such job; see `expect_enqueued`."""
        wanted = wanted_jobs(self._parts.catalogue, job_type, payload, said)
        before = len(self._queue.accepted)
        yield
        there = self._queue.accepted[before:]
        if any(wanted.takes(job) for job in there):
            raise AssertionError(
                f"no job {wanted} should have been enqueued: {described(wanted, there)}"
            )

    # -- what runs

    def drain(
        self, *, limit: int = 1000, through_retries: bool = False, raise_errors: bool = True
    ) -> list[RanJob]:
        """Runs what may run now, and what that enqueues, in the order of workers; what ran. Never waits.

        Raises what a handler raised, after its job was settled as a worker would. A job that failed
        and has attempts left waits for its time, until `travel`; ``through_retries`` moves the clock
        there, and raises only what ends a job for good. ``limit`` jobs are enough: who enqueues
        himself again and again would never end, and is named by an AssertionError.
        """
        ran: list[RanJob] = []
        while job := self._next(through_retries):
            ran.append(job)
            if raise_errors and (job.outcome == "failed" or not through_retries):
                job.raise_error()
            if len(ran) == limit and self._is_more():
                raise AssertionError(self._endless(ran))
        return ran

    def _next(self, through_retries: bool) -> RanJob | None:
        while True:
            self._promote()
            job = self._worker.run_next()
            if job is not None or not through_retries or not self._travel_to_next_attempt():
                return job

    def _promote(self) -> None:
        while self._parts.broker.timetable.promote(100, 0).moved:
            pass

    def _travel_to_next_attempt(self) -> bool:
        """To when the next attempt of a job that has failed is due; whether there is one."""
        due = [job.run_at for job in self.scheduled() if job.failures and job.run_at]
        if due:
            now = self._parts.clock.now()
            self.travel(seconds=max(0.0, (min(due) - now).total_seconds()))
        return bool(due)

    def _is_more(self) -> bool:
        self._promote()
        states = self._parts.inspection.queue_states(self._parts.inspection.queue_names())
        return any(state.counts[JobState.QUEUED] > state.parked for state in states)

    def _endless(self, ran: list[RanJob]) -> str:
        name, times = Counter(job.job_type for job in ran).most_common(1)[0]
        again = [
            job for job in self._queue.accepted if (job.job_type, job.enqueued_by) == (name, name)
        ]
        why = "it enqueues itself" if again else "something enqueues it again and again"
        return (
            f"drain() ran {len(ran)} jobs and there are more; {times} of them were {name}: {why}. "
            "Where so many are meant, say drain(limit=...)"
        )

    # -- what time it is

    def travel(
        self, *, days: float = 0, hours: float = 0, minutes: float = 0, seconds: float = 0
    ) -> None:
        """Lets time pass for the queue, not for Python: what is due then runs at the next `drain`.

        Delays, retries, expiry, windows of idempotency keys and what is kept for a time see it.
        Raises ValueError for time that would run backwards, and `IllegalMove` where a real Redis has
        the clock.
        """
        clock = self._parts.clock
        if not isinstance(clock, StandingClock):
            raise IllegalMove(
                "the clock of a real Redis cannot be moved; travel where the queue is in memory"
            )
        passed = timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)
        clock.move(passed.total_seconds())

    # -- where jobs are

    def job(self, job_id: str) -> JobView:
        """A job as it stands. Raises `JobNotFound`."""
        return self._parts.queue_service.get_job(job_id)

    def waiting(self) -> list[JobView]:
        """Jobs that a worker may take now or once a limit or a pause lets it, those parked last."""
        look = self._parts.inspection
        ids = [i for name in look.queue_names() for i in look.waiting(name, 0, _ALL)]
        ids += [i for gate in look.gates() for i in look.parked(gate, 0, _ALL)]
        return look.jobs(ids)

    def scheduled(self) -> list[JobView]:
        """Jobs that wait for their time, the soonest first."""
        look = self._parts.inspection
        return look.jobs([job_id for job_id, _ in look.scheduled(0, _ALL)])

    def dead(self) -> list[JobView]:
        """Jobs in the dead-letter queue, the oldest first."""
        look = self._parts.inspection
        return look.jobs([job_id for job_id, _ in look.dead(0, _ALL, newest_first=False)])

    def real_workers(self) -> RealWorkers:
        """Worker processes for this queue, in a ``with``; only where it is in a real Redis."""
        from tally.testing.real_worker import RealWorkers

        return RealWorkers(self._parts, self._queue)
