"""Worker processes as people see and stop them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol

from backend.domain.access.access_errors import WorkerNotFound
from backend.domain.jobs.job_state import JobState
from backend.domain.jobs.queue_state import WorkerState
from backend.domain.ports import Clock, Inspection


class WorkerCommands(Protocol):
    """The way to a worker process. Every method raises QueueUnavailable."""

    def shut_down(self, worker: str) -> bool:
        """Asks it to stop in order; False when it does not listen."""

    def forget(self, worker: str) -> None:
        """Takes its record away."""


#: States between which a process goes to and fro by its jobs alone.
_AT_WORK = frozenset({"busy", "idle"})


def told_now(worker: WorkerState, running: Sequence[str]) -> WorkerState:
    """A process as its heartbeat told last, with the jobs that run in it by now."""
    if worker.state not in _AT_WORK:
        return worker
    return replace(
        worker,
        state="busy" if running else "idle",
        busy_slots=len(running),
        current_job=running[0] if running else "",
    )


class WorkerService:
    """Lists workers, stops them, and clears what the dead left behind."""

    def __init__(
        self, inspection: Inspection, commands: WorkerCommands, clock: Clock, *, lease: float
    ) -> None:
        """``lease`` is how many seconds a process may be silent before its jobs are given to others."""
        self._look = inspection
        self._commands = commands
        self._clock = clock
        self._lease = lease

    def all(self) -> list[WorkerState]:
        """Every worker process on record, those included whose record has run out (`lost`)."""
        return self._look.workers()

    def at_work(self) -> list[WorkerState]:
        """The same as Redis has their jobs now: a heartbeat may be half a minute old."""
        ids = [job for queue in self._look.queue_names() for job in self._look.started(queue)]
        running: dict[str, list[str]] = {}
        for job in self._look.jobs(ids):
            if job.state is JobState.STARTED:
                running.setdefault(job.worker, []).append(job.id)
        return [told_now(worker, running.get(worker.name, [])) for worker in self._look.workers()]

    def stop(self, name: str) -> bool:
        """Asks a worker process to finish what it runs and end; whether it listens.

        A supervisor starts another in its place, so this is also how one is recycled: to stop work
        for good, pause the lane or stop the supervisor.
        """
        return self._commands.shut_down(self._known(name).name)

    def stale(self) -> list[WorkerState]:
        """Records of processes that are gone."""
        return [worker for worker in self._look.workers() if self.is_stale(worker)]

    def clear_stale(self) -> list[str]:
        """Takes away the records of processes that are gone; their names. Touches no job."""
        names = [worker.name for worker in self.stale()]
        for name in names:
            self._commands.forget(name)
        return names

    def is_stale(self, worker: WorkerState) -> bool:
        """Whether nobody answers behind a record: it ran out, or was silent for longer than a lease."""
        beat = worker.last_heartbeat
        if worker.state == "lost" or beat is None:
            return True
        return (self._clock.now() - beat).total_seconds() > self._lease

    def _known(self, name: str) -> WorkerState:
        for worker in self._look.workers():
            if worker.name == name:
                return worker
        raise WorkerNotFound(f"there is no worker {name!r}", worker=name)
