"""One file a noun: thin functions between HTTP and the services."""

from __future__ import annotations

from backend.api.http.operation import Operation
from backend.api.routers import (
    artifacts,
    audit,
    breakers,
    dead_letters,
    delayed_messages,
    document,
    events,
    freezes,
    health,
    job_actions,
    job_bulk,
    job_search,
    job_types,
    jobs,
    keys,
    metrics,
    plans,
    queues,
    schedules,
    tenants,
    workers,
)

_MODULES = (
    health,
    document,
    job_search,
    jobs,
    plans,
    job_bulk,
    job_actions,
    artifacts,
    job_types,
    queues,
    freezes,
    breakers,
    tenants,
    dead_letters,
    schedules,
    workers,
    metrics,
    events,
    audit,
    keys,
    delayed_messages,
)

#: Every operation of the API.
OPERATIONS: tuple[Operation, ...] = tuple(
    operation for module in _MODULES for operation in module.router.operations
)
