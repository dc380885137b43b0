"""What the slots of a worker process share: the way to Redis, the call to work, the end."""

from __future__ import annotations

import random
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Protocol

import structlog

from backend.domain.jobs.attempts.outcome import Outcome, OutcomeKind
from backend.domain.jobs.job import ClaimedJob
from backend.domain.jobs.step_codes import SettleCode
from backend.domain.ports import Dispatch
from backend.telemetry.outages import Outages, Wait
from workers.base_worker import JobContext
from workers.runtime.attempts.known_types import KnownTypes
from workers.runtime.attempts.runner import Runner
from workers.runtime.slots.claim_order import ClaimOrder
from workers.runtime.slots.round_trips import RoundTrips
from workers.runtime.slots.running_table import RunningTable

if TYPE_CHECKING:
    from workers.runtime.slots.slot import Slot

log = structlog.get_logger("tally.worker")

#: A token can be lost with a process that took it; nothing waits longer than this for its job.
_LONGEST_WAIT = 5.0


class WakeCalls(Protocol):
    """Where the broker calls idle worker processes. No polling: they block there."""

    def wait(self, timeout: float) -> bool:
        """Blocks until a job arrives in one of our lanes, or we call ourselves."""

    def call_own(self) -> None:
        """Wakes whoever of this process waits."""


class SlotPool:
    """The shared part of a worker process. Slots call it; it never calls into a slot's job."""

    def __init__(
        self,
        *,
        worker: str,
        dispatches: Sequence[Dispatch],
        order: ClaimOrder,
        calls: WakeCalls,
        known: KnownTypes,
        running_table: RunningTable,
        make_context: Callable[[ClaimedJob], JobContext],
        batch_seconds: float,
        batch_limit: int,
        tally: Callable[[str | None, Outcome, float], None],
    ) -> None:
        """``tally`` counts an outcome by its job type; None says that its lease was lost before."""
        self.worker = worker
        self.running_table = running_table
        self.batch_seconds = batch_seconds
        self.batch_limit = batch_limit
        self.context_of = make_context
        self.stopping = threading.Event()
        self.outages = Outages()
        self._listener = Wait(self.outages, "listening", quiet_failures=1)
        self._listening = threading.Lock()
        self._calls = calls
        #: Only for a look; a race makes it wrong for an instant, which costs nothing but a moment.
        self._idle = 0
        self._spilled: deque[ClaimedJob] = deque()
        self._exchange = RoundTrips(dispatches, order.plan, self._doubt)
        self._known = known
        self._tally = tally
        self.slots: list[Slot] = []
        self.left = threading.Semaphore(0)
        self.jobs_done = 0
        self.finished = 0
        #: A round trip failed: nobody knows whether Redis gave us jobs in it.
        self.in_doubt = False
        self.failed = 0

    def exchange(self, ended: list[tuple[ClaimedJob, Outcome]], most: int) -> Sequence[ClaimedJob]:
        """Settles what ended and claims more, in one round trip; keeps trying while Redis is away."""
        spilled = self._take_spilled()
        if self.stopping.is_set() or spilled:
            most = 0
        if not ended and most == 0:
            return spilled
        wait: Wait | None = None
        while True:
            try:
                codes, claimed = self._exchange.trade(ended, most)
            except Exception as error:  # noqa: BLE001 - told by the outages
                self.in_doubt = True
                wait = wait or Wait(self.outages, "settling and claiming")
                # Not all at the same time again: what one of them sends may be what Redis refuses.
                time.sleep(wait.failed(error) * random.uniform(0.5, 1))  # noqa: S311 - no secret
                most = 0 if self.stopping.is_set() else most
                continue
            if wait is not None:
                wait.over()
            self._account(ended, codes)
            return [*spilled, *claimed]

    def _doubt(self) -> None:
        self.in_doubt = True

    def _account(self, ended: list[tuple[ClaimedJob, Outcome]], codes: list[SettleCode]) -> None:
        self.jobs_done += len(ended)
        for (job, outcome), code in zip(ended, codes, strict=True):
            if code == SettleCode.LOST:
                log.warning(
                    "outcome.late", worker=self.worker, job_id=job.id, kind=outcome.kind.value
                )
                self._tally(None, outcome, 0.0)
                continue
            self.finished += outcome.kind is OutcomeKind.FINISHED
            self.failed += outcome.kind is OutcomeKind.FAILED
            self._tally(job.job_type, outcome, job.wait)

    def runner_of(self, job: ClaimedJob) -> Runner | Outcome:
        """What runs this job; an outcome instead when nothing here can."""
        return self._known.runner_of(job)

    def wait_for_work(self) -> bool:
        """Blocks an idle slot until there may be work; False when the pool stops.

        One idle slot listens, the others wait their turn: who hears the call goes to claim at once,
        and the next one listens.
        """
        self._idle += 1
        with self._listening:
            self._idle -= 1
            if not self.stopping.is_set() and not self._spilled:
                self._listen()
        return not self.stopping.is_set()

    def _listen(self) -> None:
        self._idle += 1
        try:
            self._calls.wait(_LONGEST_WAIT)
            self._listener.over()
        except Exception as error:  # noqa: BLE001 - told by the outages
            self.stopping.wait(self._listener.failed(error))
        finally:
            self._idle -= 1

    def has_idle(self) -> bool:
        """Whether some slot waits for work."""
        return self._idle > 0

    def spill(self, jobs: Sequence[ClaimedJob]) -> None:
        """Hands jobs that waited behind a long one to idle slots."""
        self._spilled.extend(jobs)
        self._call_own()

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

    def release(self, jobs: Sequence[ClaimedJob], *, has_begun: bool) -> None:
        """Gives jobs back to the front of their queues, uncharged, the last one first.

        Those whose handlers have not begun go back as if they had not been claimed.
        """
        if jobs:
            outcome = Outcome(OutcomeKind.RELEASED if has_begun else OutcomeKind.RETURNED)
            self._exchange.trade([(job, outcome) for job in reversed(jobs)], 0)

    def stop(self) -> None:
        """Claims nothing more; slots leave as their jobs end."""
        self.stopping.set()
        self._call_own()

    def _call_own(self) -> None:
        """Ends the listening of this process's own slot."""
        try:
            self._calls.call_own()
        except Exception as error:  # noqa: BLE001 - who listens looks up by itself soon
            log.debug("wake.lost", worker=self.worker, error=str(error))

    def slot_left(self, slot: Slot) -> None:
        """A slot's thread is over."""
        log.debug("slot.left", slot=slot.number)
        self.left.release()


def no_tally(_job_type: str | None, _outcome: Outcome, _wait: float) -> None:
    """Counts nothing."""
