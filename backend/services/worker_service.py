"""Worker processes as people see and stop them."""

from __future__ import annotations

from datetime import timedelta
from typing import Protocol

from backend.domain.access_errors import WorkerNotFound
from backend.domain.ports import Clock, Inspection
from backend.domain.queue_state import WorkerState

#: A record without a heartbeat for so long belongs to a process that is gone.
_SILENT = timedelta(minutes=5)


class WorkerCommands(Protocol):
    """The way to a worker process. Every method raises QueueUnavailable."""

    def shut_down(self, worker: str) -> bool:
        """Asks it to stop in order; False when it does not listen."""

    def forget(self, worker: str) -> None:
        """Takes its record away."""


class WorkerService:
    """Lists workers, stops them, and clears what the dead left behind."""

    def __init__(self, inspection: Inspection, commands: WorkerCommands, clock: Clock) -> None:
        self._look = inspection
        self._commands = commands
        self._clock = clock

    def all(self) -> list[WorkerState]:
        """Every worker process on record, those included whose record has run out (`lost`)."""
        return self._look.workers()

    def stop(self, name: str) -> bool:
        """Asks a worker process to finish what it runs and end; whether it listens.

        A supervisor starts another in its place, so this is also how one is recycled: to stop work
        for good, pause the lane or stop the supervisor.
        """
        return self._commands.shut_down(self._known(name).name)

    def stale(self) -> list[WorkerState]:
        """Records of processes that are gone."""
        return [worker for worker in self._look.workers() if self._is_stale(worker)]

    def clear_stale(self) -> list[str]:
        """Takes away the records of processes that are gone; their names. Touches no job."""
        names = [worker.name for worker in self.stale()]
        for name in names:
            self._commands.forget(name)
        return names

    def _is_stale(self, worker: WorkerState) -> bool:
        beat = worker.last_heartbeat
        return worker.state == "lost" or (beat is not None and self._clock.now() - beat > _SILENT)

    def _known(self, name: str) -> WorkerState:
        for worker in self._look.workers():
            if worker.name == name:
                return worker
        raise WorkerNotFound(f"there is no worker {name!r}", worker=name)
