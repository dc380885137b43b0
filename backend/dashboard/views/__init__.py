"""What each page shows and does; the API's own handlers do it."""

from __future__ import annotations

from backend.dashboard.request.routes import Route
from backend.dashboard.views import (
    audit,
    bulk,
    dead_letters,
    job,
    job_actions,
    jobs,
    keys,
    overview,
    queues,
    schedules,
    tenants,
    workers,
)

_MODULES = (
    overview,
    jobs,
    bulk,
    job,
    job_actions,
    dead_letters,
    queues,
    tenants,
    workers,
    schedules,
    audit,
    keys,
)

#: Every page and action behind the sign-in.
ROUTES: tuple[Route, ...] = tuple(route for module in _MODULES for route in module.routes.all)
