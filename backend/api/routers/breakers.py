"""Breakers of destinations: looking at those that hold jobs back, opening and closing them by hand."""

from __future__ import annotations

from backend.api.http.operation import Router
from backend.api.request.request_context import Call
from backend.api.schemas.breakers import (
    BreakerOutcome,
    BreakerRequest,
    BreakerResource,
    OpenBreakers,
)

router = Router("breakers", "Breakers")

_MOST = 500


@router.get("/api/breakers")
def list_breakers(call: Call) -> OpenBreakers:
    """Destinations that cannot be reached, or that somebody closed: their jobs wait, uncharged.

    The longest first. Every other destination's breaker is closed.
    """
    found = call.parts.breakers
    items = [BreakerResource.of(state) for state in found.not_closed(_MOST)]
    return OpenBreakers(items=items, total=max(found.count(), len(items)))


@router.post("/api/breakers/open")
def open(call: Call, body: BreakerRequest) -> BreakerOutcome:  # noqa: A001 - as the action is called
    """Holds the jobs for a destination back until somebody closes its breaker; what runs goes on."""
    changed = call.actions.breakers.open(call.actor, body.destination, reason=body.reason)
    return BreakerOutcome(destination=body.destination, open=True, changed=changed)


@router.post("/api/breakers/close")
def close(call: Call, body: BreakerRequest) -> BreakerOutcome:
    """Lets the jobs for a destination come back, twice as many each second, whoever opened its breaker."""
    changed = call.actions.breakers.close(call.actor, body.destination, reason=body.reason)
    return BreakerOutcome(destination=body.destination, open=False, changed=changed)
