"""What people and tokens do to worker processes."""

from __future__ import annotations

from backend.domain.access.actor import Actor
from backend.services.actions.action import ActionFamily, action
from backend.services.actions.action_log import ActionLog, Effect
from backend.services.health.worker_service import WorkerService


class WorkerActions(ActionFamily):
    """Stop one, and clear what the dead left behind."""

    def __init__(self, log: ActionLog, workers: WorkerService) -> None:
        super().__init__(log)
        self._workers = workers

    @action("workers.stop", "worker:{name}")
    def stop(self, by: Actor, name: str, *, reason: str = "") -> Effect[bool]:
        """Asks a worker process to finish what it runs and end; whether it listens."""
        is_heard = self._workers.stop(name)
        return Effect(is_heard, [name] if is_heard else [])

    @action("workers.clear_stale", "workers")
    def clear_stale(self, by: Actor, *, reason: str = "") -> Effect[list[str]]:
        """Takes away the records of processes that are gone; their names. Touches no job."""
        names = self._workers.clear_stale()
        return Effect(names, names)
