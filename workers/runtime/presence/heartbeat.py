"""Says that this worker process lives, and lengthens its leases. A thread that does nothing else."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Protocol

import structlog

from backend.domain.jobs.job import ClaimedJob
from backend.domain.jobs.step_codes import ExtendCode
from backend.telemetry.outages import Wait
from workers.base_worker import StopRequested
from workers.runtime.ending import vital
from workers.runtime.slots.lost_claims import LostClaims
from workers.runtime.slots.slot_pool import SlotPool

if TYPE_CHECKING:
    from workers.runtime.slots.job_slot import JobSlot

log = structlog.get_logger("tally.worker")

_GOES_ON = ExtendCode.EXTENDED
_NOTHING_TOLD = (None, _GOES_ON)
_ENDING = {ExtendCode.ASKED_TO_CANCEL, ExtendCode.ASKED_TO_STOP}
#: How often the process tells its supervisor that it may run Python.
_BOARD_BEAT = 0.5
#: Seconds before the lease's end at which a worker that cannot renew it stops its own jobs.
_MARGIN = 3.0
#: It goes on while the machine is suspended, as leases do; `time.monotonic` stands still on Linux.
_CLOCK = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


def _leases_now() -> float:
    return time.clock_gettime(_CLOCK)


class Renewal(Protocol):
    """Where leases are renewed."""

    def extend(self, held: Sequence[tuple[str, str]], lease: float) -> list[ExtendCode]:
        """One code a pair of id and fence."""


class Presence(Protocol):
    """Where a worker process is seen by others, RQ's tools included."""

    def register(self) -> None:
        """Appears."""

    def beat(
        self, jobs: Sequence[ClaimedJob], *, stopping: bool, finished: int, failed: int
    ) -> None:
        """Is still there, runs these, and has done so many."""

    def unregister(self) -> None:
        """Is gone."""


class Heartbeat(threading.Thread):
    """Beats every ``interval`` seconds; when nothing was confirmed for a lease, stops the jobs first."""

    def __init__(
        self,
        slot_pool: SlotPool,
        renewal: Renewal,
        presence: Presence,
        lost_claims: LostClaims,
        *,
        interval: float,
        lease: float,
        now: Callable[[], float] = _leases_now,
    ) -> None:
        """``interval``, ``lease`` and what ``now`` says are seconds."""
        super().__init__(name="heartbeat", daemon=True)
        self._slot_pool = slot_pool
        self._renewal = renewal
        self._presence = presence
        self._lost_claims = lost_claims
        self._interval = interval
        self._lease = lease
        self._now = now
        self._confirmed = now()
        self._next_beat = 0.0
        self._over = threading.Event()
        self._is_due = False
        self._beating = Wait(slot_pool.outages, "heartbeat")
        self._showing = Wait(slot_pool.outages, "presence")
        self._doubting = Wait(slot_pool.outages, "looking for lost claims")

    @vital
    def run(self) -> None:
        """The loop of the thread."""
        while not self._over.wait(min(_BOARD_BEAT, self._interval)):
            self.step()

    def step(self) -> None:
        """Beats when it is time, and stops what may not run any longer."""
        self._slot_pool.running_table.beat(time.monotonic())
        now = self._now()
        if now >= self._next_beat or self._is_due:
            self._is_due = False
            self._next_beat = now + (self._interval if self.beat() else _BOARD_BEAT)
        self._stop_unconfirmed(self._now())
        if self._slot_pool.in_doubt:
            self._settle_doubt()

    def _settle_doubt(self) -> None:
        try:
            self._slot_pool.in_doubt = self._lost_claims.give_back()
            self._doubting.over()
        except Exception as error:  # noqa: BLE001 - told by the outages; the next beat tries again
            self._doubting.failed(error)

    def beat(self) -> bool:
        """One heartbeat; whether Redis confirmed it and took down who is here."""
        held = self._slot_pool.held()
        # A lease runs from when it is lengthened, however late that is heard.
        asked = self._now()
        try:
            codes = self._renewal.extend([(job.id, job.fence) for job in held], self._lease)
        except Exception as error:  # noqa: BLE001 - told by the outages; the table must go on beating
            self._beating.failed(error)
            return False
        self._beating.over()
        self._confirmed = asked
        told = {j.id: (j, code) for j, code in zip(held, codes, strict=True) if code != _GOES_ON}
        if told:
            self._tell_slots(told)
        return self._show(held)

    def _show(self, held: Sequence[ClaimedJob]) -> bool:
        """Says who is here. A Redis that refuses that has lengthened the leases all the same."""
        try:
            self._presence.beat(
                held,
                stopping=self._slot_pool.stopping.is_set(),
                finished=self._slot_pool.finished,
                failed=self._slot_pool.failed,
            )
        except Exception as error:  # noqa: BLE001 - told by the outages; the next beat tries again
            self._showing.failed(error)
            return False
        self._showing.over()
        return True

    def _tell_slots(self, told: Mapping[str, tuple[ClaimedJob, ExtendCode]]) -> None:
        """Looks at each slot once, however many jobs are held."""
        for slot in self._slot_pool.slots:
            # Before what runs: a job that begins meanwhile is found there.
            for waiting in list(slot.batch):
                job, code = told.get(waiting.id, _NOTHING_TOLD)
                if job is waiting and code == ExtendCode.LOST:
                    self._drop(slot, job)
            running = slot.running
            job, code = told.get(running.id, _NOTHING_TOLD) if running else _NOTHING_TOLD
            if job is not None and job is running:
                self._tell(slot, job, code)

    def _drop(self, slot: JobSlot, job: ClaimedJob) -> None:
        """Another has it by now: what has not begun here shall not."""
        with suppress(ValueError):  # it has been taken out, to be begun or given back
            slot.batch.remove(job)
            log.warning("lease.lost", worker=self._slot_pool.worker, job_id=job.id)

    def _tell(self, slot: JobSlot, job: ClaimedJob, code: ExtendCode) -> None:
        if code in _ENDING and slot.context is not None:
            slot.context.canceled = True
        if code == ExtendCode.LOST and slot.lose(job):
            log.warning("lease.lost", worker=self._slot_pool.worker, job_id=job.id)
        elif code == ExtendCode.ASKED_TO_STOP:
            log.warning("job.stopped", worker=self._slot_pool.worker, job_id=job.id)
            slot.force_to_end(job)

    def _stop_unconfirmed(self, now: float) -> None:
        """Others may take our jobs when the lease ends: stop them before that."""
        if now - self._confirmed < self._lease - min(_MARGIN, self._lease / 4):
            return
        for slot in self._slot_pool.slots:
            # They would begin one after the other. What is still ours is looked for when Redis answers.
            self._slot_pool.in_doubt |= bool(slot.give_up_batch())
            job = slot.running
            if job is not None and slot.interrupt(job, StopRequested):
                log.error("job.stopped", job_id=job.id, reason="no heartbeat was confirmed in time")

    def beat_soon(self) -> None:
        """Something is to be told before the next beat would be due."""
        self._is_due = True

    def end(self) -> None:
        """Ends the thread."""
        self._over.set()
