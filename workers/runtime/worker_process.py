"""A worker process: its slots, and the threads that keep them fed, watched and stoppable."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import psutil
import structlog

from backend.domain.jobs.hooks.in_use import IN_USE
from backend.domain.ports import LeaseBook, UntoldEnds
from backend.telemetry.outages import Wait
from workers.base_worker import BaseWorker, StopRequested
from workers.runtime import stop_signals
from workers.runtime.ending import (
    LONGEST_ENDING_SECONDS,
    Closable,
    close_all,
    tried_for_some_seconds,
)
from workers.runtime.presence.commands import CommandChannel, Commands
from workers.runtime.presence.ends_elsewhere import EndsElsewhere
from workers.runtime.presence.heartbeat import Heartbeat, Presence, Renewal
from workers.runtime.process_hooks import ProcessHooks
from workers.runtime.slots.lost_claims import LostClaims
from workers.runtime.slots.slot import Slot
from workers.runtime.slots.slot_pool import SlotPool
from workers.runtime.slots.slot_watchdog import SlotWatchdog
from workers.runtime.supervision.retirement import (
    SOON_SECONDS,
    Condition,
    RetirementLimits,
    reason_to_retire,
)
from workers.runtime.supervision.stop_requests import StopRequests

if TYPE_CHECKING:
    from workers.runtime.loop.event_loop import EventLoop

log = structlog.get_logger("tally.worker")

_TICK = 0.5
_SLOT_TICK = 0.1
#: Seconds that handlers have to end that are interrupted because the process stops.
_UNWINDING_SECONDS = 2.0
#: Until the last task is cancelled, at most: of thousands, that is done for some at a time.
_CANCELLING_SECONDS = 3.0


class WorkerProcess:
    """Runs until it is told to stop, or retires. Everything it needs comes in ready-made."""

    def __init__(
        self,
        slot_pool: SlotPool,
        *,
        slots: int,
        workers: Sequence[BaseWorker],
        channel: CommandChannel,
        renewal: Renewal,
        book: LeaseBook,
        untold: UntoldEnds,
        presence: Presence,
        heartbeat: float,
        lease: float,
        grace: float,
        open_timeout: float,
        limits: RetirementLimits,
        closables: Sequence[Closable] = (),
        event_loop: EventLoop | None = None,
    ) -> None:
        """``grace`` may be infinite: what runs is waited for until its own time limit ends it."""
        self.slot_pool = slot_pool
        self._workers = workers
        self._opened: list[BaseWorker] = []
        self._presence = presence
        self._grace = grace
        self._open_timeout = open_timeout
        self._limits = limits
        self._closables = closables
        self._requests, self._asked_to_retire = StopRequests(), False
        self._facts = psutil.Process()
        self._event_loop = event_loop
        self._threads = [Slot(number, slot_pool) for number in range(slots)]
        slot_pool.slots = [*self._threads, *(event_loop.slots if event_loop else ())]
        self._slot_watchdog = SlotWatchdog(slot_pool)
        lost = LostClaims(slot_pool, book)
        self._heartbeat = Heartbeat(
            slot_pool, renewal, presence, lost, interval=heartbeat, lease=lease
        )
        self._commands = Commands(slot_pool, channel, self.ask_to_retire)
        self._ends_elsewhere = EndsElsewhere(untold, slot_pool.outages)

    def run(self, *, opened: Callable[[], None] = lambda: None) -> None:
        """Opens its workers, works, and stops in order; returns when all is finished or given back.

        ``opened`` is called before it takes the first job.
        """
        hooks = ProcessHooks("worker")
        try:
            open_seconds = self._open(hooks)
            self._limits = self._limits_above_the_start()
            opened()
            if self._appear():
                self._start(open_seconds)
                self._work()
                self.stop()
        finally:
            loops = [self._event_loop] if self._event_loop else []
            close_all([*loops, *self._opened, *self._closables, hooks])
        log.info("worker.stopped", worker=self.slot_pool.worker, jobs=self.slot_pool.jobs_done)

    def _start(self, open_seconds: float) -> None:
        """Lets the slots work."""
        self.slot_pool.running_table.serve(time.monotonic())
        for thread in (self._heartbeat, self._slot_watchdog, self._commands):
            thread.start()
        if IN_USE.on_ended:
            self._ends_elsewhere.start()
        for slot in self._threads:
            slot.start()
        if self._event_loop is not None:
            self._event_loop.start()
        log.info(
            "worker.started",
            worker=self.slot_pool.worker,
            slots=len(self._threads),
            async_slots=len(self._event_loop.slots) if self._event_loop else 0,
            open_seconds=round(open_seconds, 3),
        )

    def _open(self, hooks: ProcessHooks) -> float:
        """Opens middleware and every worker; how many seconds that took.

        Its supervisor sees to the time limit.
        """
        began = time.monotonic()
        self.slot_pool.running_table.excuse_until(began + self._open_timeout)
        hooks.open()
        for worker in self._workers:
            log.debug("worker.opening", worker=self.slot_pool.worker, opening=type(worker).__name__)
            worker.open()
            self._opened.append(worker)
        if self._event_loop is not None:
            self._event_loop.open()
        self.slot_pool.running_table.excuse_until(0.0)
        self.slot_pool.running_table.beat(time.monotonic())
        return time.monotonic() - began

    def _limits_above_the_start(self) -> RetirementLimits:
        """What it may hold, by what its packages and workers hold already."""
        rss_bytes = self._facts.memory_info().rss
        limits = self._limits.above(rss_bytes)
        if limits != self._limits:
            log.error(
                "worker.too_large",
                worker=self.slot_pool.worker,
                megabytes=rss_bytes // 2**20,
                note=f"before its first job; it is replaced above {limits.memory_mb} MB, for it would be "
                f"all the time above {self._limits.memory_mb}: raise worker.memory_limit_mb",
            )
        return limits

    def _appear(self) -> bool:
        """Waits for Redis, in which it appears; its supervisor sees meanwhile that it lives.

        False if it was told to stop before.
        """
        wait = Wait(self.slot_pool.outages, "starting")
        while True:
            self.slot_pool.running_table.beat(time.monotonic())
            try:
                self._presence.register()
            except Exception as error:  # noqa: BLE001 - told by the outages
                if self._requests.wait(wait.failed(error)):
                    return False
            else:
                wait.over()
                return True

    def _work(self) -> None:
        while not self._requests.wait(_TICK):
            reason = reason_to_retire(self._limits, self._condition())
            if reason:
                self._retire(reason)
                return

    def _condition(self) -> Condition:
        now = time.monotonic()
        return Condition(
            jobs_done=self.slot_pool.jobs_done,
            rss_bytes=self._facts.memory_info().rss if self._limits.memory_mb else 0,
            has_forsaken_slot=self._has_forsaken(now),
            is_asked=self._asked_to_retire,
            is_put_off=self.slot_pool.running_table.is_put_off,
        )

    def _has_forsaken(self, now: float) -> bool:
        """Whether a job goes on that nobody waits for, and that only the end of this process ends."""
        if self._event_loop is not None and self._event_loop.has_too_many_strays:
            return True
        return any(slot.is_forsaken(now) for slot in self._threads)

    def _retire(self, reason: str) -> None:
        """Takes no more jobs and waits for those that run, however long: nobody asked for a stop."""
        served_seconds = time.monotonic() - self.slot_pool.running_table.serving_since
        is_soon = reason == "memory" and served_seconds < SOON_SECONDS
        say = log.warning if is_soon else log.info
        say(
            "worker.recycled",
            worker=self.slot_pool.worker,
            reason=reason,
            running=len(self.slot_pool.held()),
            served_seconds=round(served_seconds, 1),
        )
        self.slot_pool.running_table.leave()
        self._claim_no_more()
        while self._has_work() and not self._requests.stopping:
            self._wait_for_leavers()

    def ask_to_stop(self) -> None:
        """Asks for an orderly stop; asked again, it is the same request."""
        self._requests.ask()

    def ask_to_retire(self) -> None:
        """Asks it to finish what it runs and end, without a limit in time, as if it were recycled."""
        self._asked_to_retire = True

    def stop(self) -> None:
        """Finishes what runs within the grace period, gives the rest back, uncharged, and leaves."""
        log.info(
            "worker.stopping", worker=self.slot_pool.worker, running=len(self.slot_pool.held())
        )
        self._claim_no_more()
        # Whoever is killed for taking too long over it, nothing that it runs is to blame.
        self._heartbeat.beat_soon()
        deadline = time.monotonic() + self._grace
        while self._has_work() and not self._requests.hurried and time.monotonic() < deadline:
            self._wait_for_leavers()
        # Whoever gets what is given back begins at once: nothing of it may still run here.
        self._interrupt_all()
        if not self._requests.hurried:
            self._unwind()
        self._give_back_running()
        self.slot_pool.running_table.note_stopped()
        self.slot_pool.running_table.excuse_until(time.monotonic() + LONGEST_ENDING_SECONDS)
        self._heartbeat.end()
        self._slot_watchdog.end()
        self._commands.end()
        self._ends_elsewhere.end()
        self._leave()

    def _interrupt_all(self) -> None:
        """Raises in every handler that runs in a thread, or in the loop; who waits for a child kills it."""
        for slot in self._threads:
            job = slot.running
            if job is not None:
                slot.interrupt(job, StopRequested)
        if self._event_loop is not None:
            self._event_loop.cancel_all()

    def _unwind(self) -> None:
        """Lets handlers close what they have open. Each that ends so is given back as it ends."""
        deadline = time.monotonic() + _UNWINDING_SECONDS
        latest = deadline + _CANCELLING_SECONDS
        while self._has_work() and time.monotonic() < deadline:
            self._wait_for_leavers()
            # Also in what had been claimed, and began only now.
            self._interrupt_all()
            if self._event_loop is not None and self._event_loop.is_cancelling:
                deadline = min(latest, time.monotonic() + _UNWINDING_SECONDS)

    def _wait_for_leavers(self) -> None:
        """Until some slot is done: once for all that are, for who waits looks at thousands again."""
        left = self.slot_pool.left
        if left.acquire(timeout=_SLOT_TICK):
            while left.acquire(blocking=False):
                pass

    def _claim_no_more(self) -> None:
        self.slot_pool.stop()
        waiting = [job for slot in self.slot_pool.slots for job in slot.give_up_batch()]
        self.slot_pool.give_back(waiting)

    def _has_work(self) -> bool:
        """Whether some slot is not done yet, but for those that never will be."""
        now = time.monotonic()
        return any(not (slot.is_over or slot.is_forsaken(now)) for slot in self.slot_pool.slots)

    def _give_back_running(self) -> None:
        """What is left after that is in the running table, for its supervisor."""
        error = tried_for_some_seconds(
            self._release_running, Wait(self.slot_pool.outages, "giving back")
        )
        if error is not None:
            note = "a supervisor gives them back, or their leases end"
            log.warning("release.failed", error=str(error), note=note)

    def _release_running(self) -> None:
        running = [job for slot in self.slot_pool.slots if (job := slot.running) is not None]
        self.slot_pool.release(running, has_begun=True)

    def _leave(self) -> None:
        try:
            self._presence.unregister()
        except Exception as error:  # noqa: BLE001 - whatever Redis says, the process goes
            log.warning("worker.stopped", error=str(error), note="its record will expire")

    def obey_signals(self, *, parent: int | None) -> None:
        """SIGTERM and SIGINT ask for an orderly stop, and, some seconds later, to give all back at once.

        SIGQUIT asks for that right away. SIGHUP is an order of the supervisor, or the kernel's word that
        it is gone, which comes once for each of its threads; without one, a terminal has hung up.
        """
        for number in stop_signals.ASKING:
            stop_signals.handle(number, lambda *_: self._requests.signal())
        stop_signals.handle(stop_signals.HURRY, lambda *_: self._requests.hurry())
        if parent is None:
            stop_signals.outlive_the_terminal()
            return
        stop_signals.handle(stop_signals.HANG_UP, lambda *_: self._requests.ask())
        if os.getppid() != parent:
            self._requests.ask()
