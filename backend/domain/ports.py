"""What services and loops need of the outside, in the domain's words. Redis and Postgres stand behind."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple, Protocol

from backend.domain.job import ClaimedJob, EnqueueReply, JobView, NewJob
from backend.domain.outcome import Outcome


class Clock(Protocol):
    """The time of this machine, for what needs no agreement with others."""

    def now(self) -> datetime:
        """The current instant, aware, UTC."""

    def monotonic(self) -> float:
        """Seconds that only grow."""


class JobQueue(Protocol):
    """Where jobs are accepted and looked at."""

    def enqueue(self, jobs: Sequence[NewJob]) -> list[EnqueueReply]:
        """Accepts jobs, all of them or none; raises QueueUnavailable, QueueFull, HistoryBacklogFull."""

    def find(self, job_id: str) -> JobView | None:
        """The job as it stands now, or None when Redis does not (or no longer) know it."""

    def wait(self, job_id: str, timeout: float) -> bool:
        """Blocks until the job is final, at most ``timeout`` seconds; whether it is."""


class ClaimPlan(NamedTuple):
    """One queue in the order in which a worker looks, and how many jobs of it must come first."""

    queue: str
    guaranteed: int


class Dispatch(Protocol):
    """The hot path of a worker process: outcomes out and jobs in, in one round trip."""

    def settle_and_claim(
        self, ended: Sequence[tuple[ClaimedJob, Outcome]], plan: Sequence[ClaimPlan], most: int
    ) -> tuple[list[int], list[ClaimedJob]]:
        """Settles ``ended``, then claims up to ``most``; raises QueueUnavailable when unsure."""


class Lease(NamedTuple):
    """A started job's lease as it stands: what the rescuer compares before it acts."""

    job_id: str
    fence: str
    expires: str
    worker: str
    failures: int = 0
    max_attempts: int = 1


class Rescued(NamedTuple):
    """What a rescuer wants done with one lease."""

    lease: Lease
    outcome: Outcome


class LeaseBook(Protocol):
    """The leases of all workers."""

    def expired(self, most: int) -> list[Lease]:
        """Leases that ended by the store's clock."""

    def of_worker(self, worker: str) -> list[Lease]:
        """Every lease one worker process holds."""

    def rescue(self, rescued: Sequence[Rescued], *, only_expired: bool) -> list[bool]:
        """Ends the attempts, each only if its lease is still as seen; which were."""


class Promotion(NamedTuple):
    """What one step of promoting did. Durations are seconds; ``next_due`` None: nothing waits."""

    moved: int
    next_due: float | None
    lateness: float


class Timetable(Protocol):
    """Jobs that wait for their time."""

    def promote(self, most: int, fence: int) -> Promotion:
        """Moves due jobs to their queues; ``moved`` is -1 when a newer leader has been here."""

    def wait_for_change(self, timeout: float) -> None:
        """Blocks until an earlier job arrives, at most ``timeout`` seconds."""


class Leadership(Protocol):
    """The right to lead a duty, held by one process at a time."""

    def take(self, duty: str, holder: str, lease: float) -> int:
        """Takes or keeps the lead for ``lease`` seconds; the fence of the leadership, 0 if refused."""

    def give_up(self, duty: str, holder: str) -> None:
        """Lets another lead at once, if it is ours."""
