"""Listens for RQ's own commands: shutdown, stop-job, and our cancel-job."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any, Protocol

import structlog

from backend.telemetry.outages import Wait
from workers.runtime.ending import vital
from workers.runtime.slots.slot_pool import SlotPool

log = structlog.get_logger("tally.worker")


class CommandChannel(Protocol):
    """Where commands for this worker process arrive."""

    def listen(self) -> Iterator[dict[str, Any] | None]:
        """Each command as it comes, None now and then in between."""


class Commands(threading.Thread):
    """Carries out commands."""

    def __init__(
        self, slot_pool: SlotPool, channel: CommandChannel, shut_down: Callable[[], None]
    ) -> None:
        super().__init__(name="commands", daemon=True)
        self._slot_pool = slot_pool
        self._channel = channel
        self._shut_down = shut_down
        self._over = threading.Event()

    @vital
    def run(self) -> None:
        """The loop of the thread; reconnects when Redis was away."""
        wait = Wait(self._slot_pool.outages, "listening for commands")
        while not self._over.is_set():
            try:
                for command in self._channel.listen():
                    wait.over()
                    if self._over.is_set():
                        return
                    if command is not None:
                        self.obey(command)
            except Exception as error:  # noqa: BLE001 - told by the outages
                self._over.wait(wait.failed(error))

    def obey(self, command: dict[str, Any]) -> None:
        """One command. An unknown one is told in the log and ignored."""
        word = command.get("command")
        if word == "shutdown":
            self._shut_down()
        elif word in {"stop-job", "stop-execution"}:
            self._stop_job(str(command.get("job_id")))
        elif word == "cancel-job":
            self._cancel_job(str(command.get("job_id")))
        else:
            log.warning("command.unknown", command=word)

    def _cancel_job(self, job_id: str) -> None:
        for slot in self._slot_pool.slots:
            if slot.running is not None and slot.running.id == job_id and slot.context is not None:
                slot.context.canceled = True

    def _stop_job(self, job_id: str) -> None:
        for slot in self._slot_pool.slots:
            job = slot.running
            if job is not None and job.id == job_id:
                self._cancel_job(job_id)
                slot.force_to_end(job)

    def end(self) -> None:
        """Ends the thread at the next chance."""
        self._over.set()
