"""Worker processes: what they run, and stopping them."""

from __future__ import annotations

from flask import Response

from backend.api.routers import workers as api
from backend.api.schemas.base import Because
from backend.api.schemas.workers import ClearRequest
from backend.dashboard.routes import Routes
from backend.dashboard.visit import Visit, link

routes = Routes()


@routes.page("/workers", "workers.list_workers")
def workers(visit: Visit) -> Response:
    """Every process on record."""
    return visit.show(
        "workers.html",
        found=api.list_workers(visit.call),
        stale={worker.name for worker in visit.parts.workers.stale()},
    )


@routes.action("/workers/<name>/stop", "workers.stop")
def stop_worker(visit: Visit, name: str) -> str:
    """Asks one to finish what it runs and end."""
    outcome = api.stop(visit.call, name, Because(reason=visit.reason)).outcome
    return link("/workers", note="stopping" if outcome == "asked" else "deaf")


@routes.action("/workers/clear-stale", "workers.clear_stale")
def clear_stale(visit: Visit) -> str:
    """Takes away what the dead left behind."""
    cleared = api.clear_stale(visit.call, ClearRequest(reason=visit.reason))
    return link("/workers", note="cleared", n=len(cleared.names))
