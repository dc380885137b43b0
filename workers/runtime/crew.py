"""What the slots of a worker process share: the way to Redis, the order of claims, the bell, the end."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from queue import LifoQueue
from typing import TYPE_CHECKING, Any

import structlog

from backend.domain.errors import Unavailable
from backend.domain.job import ClaimedJob
from backend.domain.outcome import AttemptError, Outcome, OutcomeKind
from backend.domain.ports import Dispatch
from workers.base_worker import JobContext
from workers.runtime.claim_order import ClaimOrder
from workers.runtime.flight_board import FlightBoard
from workers.runtime.runner import Runner

if TYPE_CHECKING:
    from workers.runtime.slot import Slot

log = structlog.get_logger("tally.worker")

_LOST = 0
_FIRST_PAUSE, _LONGEST_PAUSE = 0.05, 2.0


class Crew:
    """The shared part of a worker process. Slots call it; it never calls into a slot's job."""

    def __init__(
        self,
        *,
        worker: str,
        dispatches: Sequence[Dispatch],
        order: ClaimOrder,
        runners: Mapping[str, Runner],
        alone: Mapping[str, Runner],
        board: FlightBoard,
        make_context: Callable[[ClaimedJob], JobContext],
        batch_seconds: float,
        batch_limit: int,
        tally: Callable[[str, Outcome], None],
    ) -> None:
        self.worker = worker
        self.board = board
        self.batch_seconds = batch_seconds
        self.batch_limit = batch_limit
        self.context_of = make_context
        self.stopping = threading.Event()
        self.idle_changed = threading.Condition()
        self._idle: deque[tuple[Slot, threading.Event]] = deque()
        self._spilled: deque[ClaimedJob] = deque()
        self._dispatches: LifoQueue[Dispatch] = LifoQueue()
        for dispatch in dispatches:
            self._dispatches.put(dispatch)
        self._order = order
        self._runners = runners
        self._alone = alone
        self._tally = tally
        self.slots: list[Slot] = []
        self.left = threading.Semaphore(0)
        self.jobs_done = 0

    def exchange(self, ended: list[tuple[ClaimedJob, Outcome]], most: int) -> Sequence[ClaimedJob]:
        """Settles what ended and claims more, in one round trip; keeps trying while Redis is away."""
        spilled = self._take_spilled()
        if self.stopping.is_set() or spilled:
            most = 0
        if not ended and most == 0:
            return spilled
        pause = _FIRST_PAUSE
        while True:
            try:
                codes, claimed = self._round_trip(ended, most)
            except Unavailable as error:
                log.warning("redis.unavailable", worker=self.worker, error=str(error))
                time.sleep(pause)
                pause = min(pause * 2, _LONGEST_PAUSE)
                most = 0 if self.stopping.is_set() else most
                continue
            self._account(ended, codes)
            return [*spilled, *claimed]

    def _round_trip(
        self, ended: list[tuple[ClaimedJob, Outcome]], most: int
    ) -> tuple[list[int], list[ClaimedJob]]:
        dispatch = self._dispatches.get()
        try:
            return dispatch.settle_and_claim(ended, self._order.plan(most) if most else (), most)
        finally:
            self._dispatches.put(dispatch)

    def _account(self, ended: list[tuple[ClaimedJob, Outcome]], codes: list[int]) -> None:
        self.jobs_done += len(ended)
        for (job, outcome), code in zip(ended, codes, strict=True):
            if code == _LOST:
                log.warning(
                    "outcome.late", worker=self.worker, job_id=job.id, kind=outcome.kind.value
                )
                self._tally("late", outcome)
            else:
                self._tally(job.job_type, outcome)

    def runner_of(self, job: ClaimedJob) -> Runner | Outcome:
        """What runs this job; an outcome instead when nothing here can."""
        runner = self._runners.get(job.job_type)
        if runner is None:
            return Outcome(OutcomeKind.FAILED, error=_unknown(job))
        return self._alone[job.job_type] if job.suspect else runner

    def wait_for_work(self, slot: Slot) -> bool:
        """Blocks an idle slot until the bell rings for it; False when the crew stops."""
        rung = threading.Event()
        with self.idle_changed:
            if self.stopping.is_set():
                return False
            self._idle.append((slot, rung))
            self.idle_changed.notify_all()
        rung.wait()
        return not self.stopping.is_set()

    def wake(self, slots: int = 1) -> None:
        """Sends idle slots to look for work, the one that ran last first."""
        with self.idle_changed:
            for _ in range(min(slots, len(self._idle))):
                self._idle.pop()[1].set()

    def has_idle(self) -> bool:
        """Whether some slot waits for work."""
        return bool(self._idle)

    def spill(self, jobs: Sequence[ClaimedJob]) -> None:
        """Hands jobs that waited behind a long one to idle slots."""
        self._spilled.extend(jobs)
        self.wake(len(jobs))

    def _take_spilled(self) -> list[ClaimedJob]:
        try:
            return [self._spilled.popleft()]
        except IndexError:
            return []

    def take_all_spilled(self) -> list[ClaimedJob]:
        """Takes back what no slot has picked up."""
        taken = []
        while spilled := self._take_spilled():
            taken += spilled
        return taken

    def held(self) -> list[ClaimedJob]:
        """Every job this process has a lease on."""
        return [*list(self._spilled), *(job for slot in self.slots for job in slot.held())]

    def release(self, jobs: Sequence[ClaimedJob]) -> None:
        """Gives jobs back to the front of their queues, uncharged, the last one first."""
        if jobs:
            outcome = Outcome(OutcomeKind.RELEASED)
            self._round_trip([(job, outcome) for job in reversed(jobs)], 0)

    def stop(self) -> None:
        """Claims nothing more; slots leave as their jobs end."""
        self.stopping.set()
        self.wake(len(self._idle))

    def slot_left(self, slot: Slot) -> None:
        """A slot's thread is over."""
        log.debug("slot.left", slot=slot.number)
        self.left.release()


def _unknown(job: ClaimedJob) -> AttemptError:
    message = f"this worker knows no job type {job.job_type!r}; deploy it, then redrive the job"
    return AttemptError("unknown_job_type", "UnknownJobType", message)


def no_tally(_job_type: str, _outcome: Any) -> None:
    """Counts nothing."""
