"""Worker processes: what they run, and stopping them."""

from __future__ import annotations

from typing import NamedTuple

from flask import Response

from backend.api.routers import workers as api
from backend.api.schemas.base import Because
from backend.api.schemas.workers import Worker
from backend.dashboard.request.page_context import Visit, link
from backend.dashboard.request.routes import Routes
from backend.domain.jobs.job import JobView

routes = Routes()
#: States between which a process goes to and fro by its jobs alone.
_AT_WORK = frozenset({"busy", "idle"})


#: Jobs of one worker that are named.
_MOST_NAMED = 8


class WorkerRow(NamedTuple):
    """A process as its heartbeat told last, and what runs in it as Redis has it now."""

    told: Worker
    running: list[JobView]

    @property
    def busy_slots(self) -> int:
        """A heartbeat may be half a minute old; a job that runs is known at once."""
        return len(self.running) if self.told.state in _AT_WORK else self.told.busy_slots

    @property
    def state(self) -> str:
        """Busy when a job runs in it, whatever its heartbeat told before."""
        if self.told.state not in _AT_WORK:
            return self.told.state
        return "busy" if self.running else "idle"


@routes.page("/workers", "workers.list_workers")
def workers(visit: Visit) -> Response:
    """Every process on record, with all that runs in it."""
    found = api.list_workers(visit.call)
    by_worker: dict[str, list[JobView]] = {}
    for job in visit.fresh.get("running", visit.parts.overview.running):
        by_worker.setdefault(job.worker, []).append(job)
    rows = [WorkerRow(worker, by_worker.get(worker.name, [])) for worker in found.items]
    return visit.show(
        "workers.html",
        rows=rows,
        alive=found.alive,
        slots=found.slots,
        busy_slots=sum(row.busy_slots for row in rows if row.state != "lost"),
        most_named=_MOST_NAMED,
        stale={worker.name for worker in visit.parts.workers.stale()},
    )


@routes.action("/workers/<name>/stop", "workers.stop")
def stop_worker(visit: Visit, name: str) -> str:
    """Asks one to finish what it runs and end."""
    because = Because(reason=visit.reason)
    is_heard = visit.actions.workers.stop(visit.actor, name, reason=because.reason)
    return link("/workers", note="stopping" if is_heard else "deaf")


@routes.action("/workers/clear-stale", "workers.clear_stale")
def clear_stale(visit: Visit) -> str:
    """Takes away what the dead left behind."""
    because = Because(reason=visit.reason)
    cleared = visit.actions.workers.clear_stale(visit.actor, reason=because.reason)
    return link("/workers", note="cleared", n=len(cleared))
