"""What people and tokens do to the breakers of destinations."""

from __future__ import annotations

from backend.domain.access.actor import Actor
from backend.services.actions.action import ActionFamily, action
from backend.services.actions.action_log import ActionLog, Effect
from backend.services.jobs.breaker_service import BreakerService


class BreakerActions(ActionFamily):
    """Open and close."""

    def __init__(self, log: ActionLog, breakers: BreakerService) -> None:
        super().__init__(log)
        self._breakers = breakers

    @action("breakers.open", "breaker:{destination}")
    def open(self, by: Actor, destination: str, *, reason: str = "") -> Effect[bool]:
        """Holds the jobs for a destination back until somebody closes it; False if it was so before."""
        opened = self._breakers.open(destination, by=by, reason=reason)
        return Effect(opened, [destination] if opened else [], after={"is_open": True})

    @action("breakers.close", "breaker:{destination}")
    def close(self, by: Actor, destination: str, *, reason: str = "") -> Effect[bool]:
        """Lets them come back, not all at once; False if it was closed before."""
        closed = self._breakers.close(destination, by=by, reason=reason)
        return Effect(closed, [destination] if closed else [], after={"is_open": False})
