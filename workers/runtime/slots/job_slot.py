"""A slot as it is seen by those who watch it, lease for it and stop it, wherever its job runs."""

from __future__ import annotations

from collections import deque
from typing import Protocol

from backend.domain.jobs.job import ClaimedJob
from workers.base_worker import JobContext


class JobSlot(Protocol):
    """One job at a time: in a thread of its own, or as a task of the event loop."""

    number: int
    #: Claimed, and not begun.
    batch: deque[ClaimedJob]
    running: ClaimedJob | None
    #: Of the running job.
    context: JobContext | None
    started_at: float
    soft_deadline: float

    @property
    def is_over(self) -> bool:
        """Whether it holds nothing and takes nothing more, once its pool stops."""

    def held(self) -> list[ClaimedJob]:
        """Every job it has a lease on: running, not begun, or not yet settled."""

    def give_up_batch(self) -> list[ClaimedJob]:
        """Takes away what has not begun; each job is given to one caller only."""

    def interrupt(self, job: ClaimedJob, raised: type[BaseException]) -> bool:
        """Interrupts the handler of ``job``, once; False if it is over already."""

    def force_to_end(self, job: ClaimedJob) -> None:
        """Interrupts the handler of ``job``; if it does not obey, its attempt ends all the same."""

    def lose(self, job: ClaimedJob) -> bool:
        """Interrupts the handler of ``job``, whose lease is lost; False if that was known already."""

    def is_forsaken(self, now: float) -> bool:
        """Whether nobody waits for it any more, though its job goes on."""
