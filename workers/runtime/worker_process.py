"""A worker process: its slots, and the threads that keep them fed, watched and stoppable."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Sequence
from queue import Empty, SimpleQueue
from types import FrameType
from typing import Protocol

import structlog

from backend.domain.ports import LeaseBook
from backend.telemetry.outages import Wait
from workers.base_worker import BaseWorker
from workers.runtime.commands import CommandChannel, Commands
from workers.runtime.crew import Crew
from workers.runtime.heartbeat import Heartbeat, Presence, Renewal
from workers.runtime.slot import Slot
from workers.runtime.steward import Steward
from workers.runtime.stragglers import Stragglers

log = structlog.get_logger("tally.worker")


class Closable(Protocol):
    """What must be ended with the process."""

    def close(self) -> None:
        """Ends it."""


class WorkerProcess:
    """Runs until it is told to stop. Everything it needs comes in ready-made."""

    def __init__(
        self,
        crew: Crew,
        *,
        slots: int,
        workers: Sequence[BaseWorker],
        channel: CommandChannel,
        renewal: Renewal,
        book: LeaseBook,
        presence: Presence,
        heartbeat: float,
        lease: float,
        grace: float,
        recycle_jobs: int = 0,
        closables: Sequence[Closable] = (),
    ) -> None:
        self.crew = crew
        self._workers = workers
        self._presence = presence
        self._grace = grace
        self._recycle_jobs = recycle_jobs
        self._closables = closables
        #: A queue that may be filled from inside a signal handler.
        self._asked: SimpleQueue[None] = SimpleQueue()
        self._times_asked = 0
        crew.slots = [Slot(number, crew) for number in range(slots)]
        self._steward = Steward(crew)
        self._heartbeat = Heartbeat(
            crew, renewal, presence, Stragglers(crew, book), interval=heartbeat, lease=lease
        )
        self._commands = Commands(crew, channel, self.ask_to_stop)

    def run(self, *, started: Callable[[], None] = lambda: None) -> None:
        """Starts everything, works, and stops in order; returns when all is given back."""
        if not self.start():
            self._close()
            return
        started()
        while not self._told_to_stop():
            if self._recycle_jobs and self.crew.jobs_done >= self._recycle_jobs:
                log.info("worker.recycled", worker=self.crew.worker, jobs=self.crew.jobs_done)
                break
        self.stop()

    def _told_to_stop(self, patience: float = 0.5) -> bool:
        try:
            self._asked.get(timeout=patience)
        except Empty:
            return False
        return True

    def start(self) -> bool:
        """Opens the workers' clients, appears, and lets the slots work; False if told to stop before."""
        for worker in self._workers:
            worker.open()
        if not self._appear():
            return False
        for thread in (self._heartbeat, self._steward, self._commands):
            thread.start()
        for slot in self.crew.slots:
            slot.start()
        log.info("worker.started", worker=self.crew.worker, slots=len(self.crew.slots))
        return True

    def _appear(self) -> bool:
        """Waits for Redis, in which it appears; its supervisor sees meanwhile that it lives."""
        wait = Wait(self.crew.outages, "starting")
        while True:
            self.crew.board.beat(time.monotonic())
            try:
                self._presence.register()
            except Exception as error:  # noqa: BLE001 - told by the outages
                if self._told_to_stop(wait.failed(error)):
                    return False
            else:
                wait.over()
                return True

    def ask_to_stop(self) -> None:
        """Asks for an orderly stop; asked a second time, everything is given back at once."""
        self._times_asked += 1
        self._asked.put(None)

    @property
    def was_asked_to_stop(self) -> bool:
        """Whether somebody wants it to end."""
        return self._times_asked > 0

    def stop(self) -> None:
        """Finishes what runs within the grace period, gives the rest back, uncharged, and leaves."""
        log.info("worker.stopping", worker=self.crew.worker, running=len(self.crew.held()))
        self.crew.stop()
        self._give_back_waiting()
        self._wait_for_slots(time.monotonic() + self._grace)
        self._give_back_running()
        self._heartbeat.end()
        self._steward.end()
        self._commands.end()
        self._close()
        self._leave()
        log.info("worker.stopped", worker=self.crew.worker, jobs=self.crew.jobs_done)

    def _close(self) -> None:
        for closable in (*self._workers, *self._closables):
            closable.close()

    def _give_back_waiting(self) -> None:
        waiting = [job for slot in self.crew.slots for job in slot.give_up_batch()]
        try:
            self.crew.release([*waiting, *self.crew.take_all_spilled()])
        except Exception as error:  # noqa: BLE001 - whatever Redis says, the process goes
            log.warning("release.failed", error=str(error), note="their leases will end")

    def _wait_for_slots(self, deadline: float) -> None:
        left = 0
        while left < len(self.crew.slots) and self._times_asked <= 1:
            if time.monotonic() >= deadline:
                return
            left += self.crew.left.acquire(timeout=0.1)

    def _give_back_running(self) -> None:
        running = [job for slot in self.crew.slots if (job := slot.running) is not None]
        try:
            self.crew.release(running)
        except Exception as error:  # noqa: BLE001 - whatever Redis says, the process goes
            log.warning("release.failed", error=str(error), note="their leases will end")

    def _leave(self) -> None:
        try:
            self._presence.unregister()
        except Exception as error:  # noqa: BLE001 - whatever Redis says, the process goes
            log.warning("worker.stopped", error=str(error), note="its record will expire")


def stop_on_signals(process: WorkerProcess) -> None:
    """SIGTERM and SIGINT ask for an orderly stop; a second one gives everything back at once.

    So does SIGHUP, however often it comes: the kernel sends it for each thread of a supervisor that
    dies, and the second one is nobody's wish to hurry.
    """

    def ask(_number: int, _frame: FrameType | None) -> None:
        process.ask_to_stop()

    def ask_once(_number: int, _frame: FrameType | None) -> None:
        if not process.was_asked_to_stop:
            process.ask_to_stop()

    signal.signal(signal.SIGHUP, ask_once)
    signal.signal(signal.SIGTERM, ask)
    signal.signal(signal.SIGINT, ask)


def exit_now(code: int = 0) -> None:
    """Ends the process without waiting for threads whose jobs were given back but still run."""
    os._exit(code)
