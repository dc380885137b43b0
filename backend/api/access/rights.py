"""Who may do what: the one table of rights. A route that is not in it keeps the API from starting."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from flask import Flask

from backend.domain.access.access_errors import NotAllowed
from backend.domain.access.api_key import Principal
from backend.domain.access.role import Role
from backend.domain.errors import ConfigurationError


class Right(NamedTuple):
    """What a route asks of its caller."""

    #: The least role; None: open to all, without a token.
    role: Role | None
    #: Whether a caller that is bound to a tenant may come in; its handler keeps to their jobs.
    tenants: bool = False


OPEN = Right(None, tenants=True)
_VIEWER, _PRODUCER = Right(Role.VIEWER), Right(Role.PRODUCER)
_OPERATOR, _ADMIN = Right(Role.OPERATOR), Right(Role.ADMIN)
#: What callers who are bound to a tenant may do too, with the jobs of that tenant.
_OWN_VIEWER, _OWN_PRODUCER, _OWN_OPERATOR = (
    Right(role, tenants=True) for role in (Role.VIEWER, Role.PRODUCER, Role.OPERATOR)
)

RIGHTS: dict[str, Right] = {
    "health.alive": OPEN,
    "health.ready": OPEN,
    "health.version": OPEN,
    "document.openapi": OPEN,
    "document.problems": OPEN,
    "document.problem": OPEN,
    "document.whoami": _OWN_VIEWER,
    # Looking at jobs.
    "jobs.search": _OWN_VIEWER,
    "jobs.get": _OWN_VIEWER,
    "jobs.result": _OWN_VIEWER,
    "jobs.events": _OWN_VIEWER,
    "jobs.why": _OWN_VIEWER,
    "jobs.artifacts": _OWN_VIEWER,
    "jobs.download": _OWN_VIEWER,
    # Enqueueing and withdrawing them.
    "jobs.enqueue": _OWN_PRODUCER,
    "jobs.enqueue_bulk": _OWN_PRODUCER,
    "jobs.preview": _OWN_PRODUCER,
    "jobs.enqueue_plan": _OWN_PRODUCER,
    "jobs.test_run": _OWN_PRODUCER,
    "jobs.cancel": _OWN_PRODUCER,
    "messages.register": _OWN_PRODUCER,
    # Repairing them.
    "jobs.cancel_many": _OWN_OPERATOR,
    "jobs.run_many": _OWN_OPERATOR,
    "jobs.retry": _OWN_OPERATOR,
    "jobs.replay": _OWN_OPERATOR,
    "jobs.resolve": _OWN_OPERATOR,
    "jobs.reprioritise": _OWN_OPERATOR,
    "jobs.run_now": _OWN_OPERATOR,
    # What can be done.
    "types.list_types": _OWN_VIEWER,
    "types.get_type": _OWN_VIEWER,
    "types.pause": _OPERATOR,
    "types.resume": _OPERATOR,
    "types.limit": _OPERATOR,
    "types.list_key_limits": _VIEWER,
    "types.limit_key": _OPERATOR,
    "types.rate": _OPERATOR,
    "types.list_key_rates": _VIEWER,
    "types.rate_key": _OPERATOR,
    # The queues.
    "queues.list_queues": _VIEWER,
    "queues.list_gates": _VIEWER,
    "queues.lines": _VIEWER,
    "queues.fair": _OPERATOR,
    "queues.pause": _OPERATOR,
    "queues.resume": _OPERATOR,
    "queues.pause_lane": _OPERATOR,
    "queues.resume_lane": _OPERATOR,
    "queues.purge": _OPERATOR,
    # The maintenance windows.
    "freezes.list_freezes": _VIEWER,
    "freezes.set": _OPERATOR,
    "freezes.lift": _OPERATOR,
    # The breakers of destinations.
    "breakers.list_breakers": _VIEWER,
    "breakers.open": _OPERATOR,
    "breakers.close": _OPERATOR,
    # The quotas of tenants: what is their own they may see, and no more.
    "tenants.list_tenants": _VIEWER,
    "tenants.quota": _OWN_VIEWER,
    "tenants.set_quota": _ADMIN,
    "tenants.clear_quota": _ADMIN,
    # The dead letters.
    "dlq.list_dead": _VIEWER,
    "dlq.discard": _OPERATOR,
    "dlq.redrive_many": _OPERATOR,
    "dlq.discard_many": _OPERATOR,
    # The schedules.
    "schedules.list_schedules": _VIEWER,
    "schedules.get": _VIEWER,
    "schedules.ticks": _VIEWER,
    "schedules.preview": _VIEWER,
    "schedules.create": _OPERATOR,
    "schedules.change": _OPERATOR,
    "schedules.delete": _OPERATOR,
    "schedules.pause": _OPERATOR,
    "schedules.resume": _OPERATOR,
    "schedules.run_now": _OPERATOR,
    "schedules.reset": _OPERATOR,
    # The workers.
    "workers.list_workers": _VIEWER,
    "workers.stop": _OPERATOR,
    "workers.clear_stale": _OPERATOR,
    # The numbers.
    "metrics.overview": _VIEWER,
    "metrics.history": _VIEWER,
    "metrics.depths": _VIEWER,
    # The events.
    "events.emit": _PRODUCER,
    "events.get": _VIEWER,
    "events.of_context": _VIEWER,
    # The audit log, and the keys.
    "audit.search": _OPERATOR,
    "audit.verify": _ADMIN,
    "keys.list_keys": _ADMIN,
    "keys.get": _ADMIN,
    "keys.create": _ADMIN,
    "keys.rotate": _ADMIN,
    "keys.revoke": _ADMIN,
}


def permit(right: Right, who: Principal) -> None:
    """Raises `NotAllowed` unless ``who`` has the right."""
    if right.role is not None and not who.role.includes(right.role):
        raise NotAllowed(f"this needs the role {right.role}; yours is {who.role}")
    if who.tenant is not None and not right.tenants:
        raise NotAllowed(f"this concerns every tenant; your key is bound to {who.tenant!r}")


def check_rights(app: Flask, rights: Mapping[str, Right], operations: Iterable[str]) -> None:
    """Raises `ConfigurationError` for a route without a right, or a right without a route."""
    served = {rule.endpoint for rule in app.url_map.iter_rules()}
    undeclared = sorted(served - set(rights))
    if undeclared:
        raise ConfigurationError(
            f"these routes have no rights: {', '.join(undeclared)}; add each to RIGHTS in "
            "backend/api/access/rights.py, or to those that its blueprint brings"
        )
    idle = sorted(set(RIGHTS) - set(operations))
    if idle:
        raise ConfigurationError(f"RIGHTS names routes that nobody serves: {', '.join(idle)}")
