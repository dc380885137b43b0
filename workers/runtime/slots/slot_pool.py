"""What the slots of a worker process share: the way to Redis, the call to work, the end."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Protocol

import structlog

from backend.domain.jobs.attempts.outcome import Outcome, OutcomeKind
from backend.domain.jobs.hooks.in_use import IN_USE
from backend.domain.jobs.job import ClaimedJob
from backend.domain.jobs.step_codes import SettleCode
from backend.domain.ports import ClaimPlan, Dispatch
from backend.telemetry.metrics.job_counts import Ended
from backend.telemetry.outages import Outages, Wait
from workers.base_worker import JobContext
from workers.runtime.attempts.attempt_log import AttemptLog
from workers.runtime.attempts.known_types import KnownTypes
from workers.runtime.attempts.observers import tell_observers
from workers.runtime.attempts.runner import Runner
from workers.runtime.slots.claim_order import ClaimOrder
from workers.runtime.slots.idle_slots import IdleSlots
from workers.runtime.slots.round_trips import RoundTrips
from workers.runtime.slots.running_table import RunningTable

if TYPE_CHECKING:
    from workers.runtime.slots.job_slot import JobSlot
    from workers.runtime.slots.slot import Slot

log = structlog.get_logger("tally.worker")

#: A token can be lost with a process that took it; nothing waits longer than this for its job.
LONGEST_WAIT_SECONDS = 5.0


class WakeCalls(Protocol):
    """Where the broker calls idle worker processes. No polling: they block there."""

    def claim_when_woken(
        self, plan: Sequence[ClaimPlan], most: int, timeout: float
    ) -> list[ClaimedJob]:
        """Blocks until a job arrives in one of our lanes, or for so long, and claims."""

    def end(self) -> None:
        """Ends the wait, for good; what was claimed by then is still returned."""


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
        tally: Callable[[Sequence[Ended]], None],
    ) -> None:
        """``tally`` counts the attempts that one round trip settled."""
        self.worker = worker
        self.running_table = running_table
        self.batch_seconds = batch_seconds
        self.batch_limit = batch_limit
        self.context_of = make_context
        self.stopping = threading.Event()
        self.outages = Outages()
        self._listener = Wait(self.outages, "listening", quiet_failures=1)
        self._order = order
        self._calls = calls
        self.idle = IdleSlots(self._listen)
        self._exchange = RoundTrips(dispatches, order.plan, self._doubt)
        self._known = known
        self._tally = tally
        self._log = AttemptLog()
        self.slots: Sequence[JobSlot] = ()
        self.left = threading.Semaphore(0)
        self.jobs_done = 0
        self.finished = 0
        #: A round trip failed: nobody knows whether Redis gave us jobs in it.
        self.in_doubt = False
        self.failed = 0
        #: Jobs of answers whose other half is told to observers first, which may take their time.
        self._arriving: dict[int, Sequence[ClaimedJob]] = {}

    def exchange(self, ended: list[tuple[ClaimedJob, Outcome]], most: int) -> Sequence[ClaimedJob]:
        """Settles what ended and claims more, in one round trip; keeps trying while Redis is away."""
        if self.stopping.is_set():
            most = 0
        if not ended and most == 0:
            return ()
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
            try:
                self._account(ended, codes)
                if IN_USE.on_ended:
                    self._tell_first(ended, codes, claimed)
            except Exception:  # what was claimed in the same trip must not be lost over it
                log.exception("outcome.untold", worker=self.worker)
            return claimed

    def _doubt(self) -> None:
        self.in_doubt = True

    def _account(self, ended: list[tuple[ClaimedJob, Outcome]], codes: list[SettleCode]) -> None:
        self.jobs_done += len(ended)
        counted: list[Ended] = []
        for (job, outcome), code in zip(ended, codes, strict=True):
            if code == SettleCode.LOST:
                self._tell_late(job, outcome)
                counted.append((None, outcome, 0.0))
                continue
            if outcome.kind is not OutcomeKind.FINISHED:
                self._log.tell(job, outcome)
            self.finished += outcome.kind is OutcomeKind.FINISHED
            self.failed += outcome.kind is OutcomeKind.FAILED
            counted.append((job.job_type, outcome, job.wait))
        self._tally(counted)

    def _tell_first(
        self,
        ended: Sequence[tuple[ClaimedJob, Outcome]],
        codes: Sequence[SettleCode],
        claimed: Sequence[ClaimedJob],
    ) -> None:
        """Before its slot has what came with it, which is held meanwhile: observers may take long."""
        self._arriving[id(claimed)] = claimed
        try:
            self._tell_observers(ended, codes)
        finally:
            del self._arriving[id(claimed)]

    def _tell_observers(
        self, ended: Sequence[tuple[ClaimedJob, Outcome]], codes: Sequence[SettleCode]
    ) -> None:
        """Of what Redis has accepted; the rest ends elsewhere, in another way perhaps."""
        tell_observers(
            pair for pair, code in zip(ended, codes, strict=True) if code != SettleCode.LOST
        )

    def _tell_late(self, job: ClaimedJob, outcome: Outcome) -> None:
        kind = outcome.kind.value
        log.warning("outcome.late", worker=self.worker, job_id=job.id, kind=kind)

    def runner_of(self, job: ClaimedJob) -> Runner | Outcome:
        """What runs this job; an outcome instead when nothing here can."""
        return self._known.runner_of(job)

    def wait_for_work(self, slot: Slot) -> bool:
        """Blocks an idle slot until it has work, or should ask for some; False when the pool stops."""
        self.give_back(self.idle.wait(slot))
        return bool(slot.batch) or not self.stopping.is_set()

    def _listen(self, most: int) -> Sequence[ClaimedJob] | None:
        """Claims when there is something; None after an error, which leaves that to who asked."""
        try:
            jobs = self._calls.claim_when_woken(self._order.plan(most), most, LONGEST_WAIT_SECONDS)
        except Exception as error:  # noqa: BLE001 - told by the outages
            self.in_doubt = True
            self.stopping.wait(self._listener.failed(error))
            return None
        self._listener.over()
        return jobs

    def held(self) -> list[ClaimedJob]:
        """Every job this process has a lease on, looked for in the order that they go."""
        carried = self._exchange.held()
        arriving = [job for jobs in list(self._arriving.values()) for job in jobs]
        return [*carried, *arriving, *(job for slot in self.slots for job in slot.held())]

    def release(self, jobs: Sequence[ClaimedJob], *, has_begun: bool) -> None:
        """Gives jobs back to the front of their queues, uncharged, the last one first.

        Those whose handlers have not begun go back as if they had not been claimed.
        """
        if jobs:
            outcome = Outcome(OutcomeKind.RELEASED if has_begun else OutcomeKind.RETURNED)
            ended = [(job, outcome) for job in reversed(jobs)]
            codes, _ = self._exchange.trade(ended, 0)
            if IN_USE.on_ended:
                self._tell_observers(ended, codes)

    def give_back(self, jobs: Sequence[ClaimedJob]) -> None:
        """Gives back jobs whose handlers have not begun; where that fails, they are looked for as lost."""
        try:
            self.release(jobs, has_begun=False)
        except Exception as error:  # noqa: BLE001 - whatever Redis says, life goes on
            self.in_doubt = True
            log.warning("release.failed", error=str(error), note="tried again soon")

    def stop(self) -> None:
        """Claims nothing more; slots leave as their jobs end."""
        self.stopping.set()
        self.idle.end()
        self._calls.end()

    def slot_left(self, slot: Slot) -> None:
        """A slot's thread is over."""
        log.debug("slot.left", slot=slot.number)
        self.left.release()


def no_tally(_ended: Sequence[Ended]) -> None:
    """Counts nothing."""
