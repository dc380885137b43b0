"""The breakers of destinations, as operators and pages see them, in memory."""

from __future__ import annotations

from backend.domain.jobs.options.breaker_state import BreakerState
from backend.memory.state import BrokerState
from backend.memory.waiting import breakers


class MemoryBreakers:
    """The `Breakers` in memory."""

    def __init__(self, state: BrokerState) -> None:
        self._state = state

    def open(self, destination: str, *, by: str = "", reason: str = "") -> bool:
        """Opens one until somebody closes it; False if it was open so before."""
        with self._state.lock:
            return breakers.open_by_hand(self._state, destination, by, reason)

    def close(
        self,
        destination: str,
        *,
        by: str = "",  # noqa: ARG002 - nobody reads who closed it
        reason: str = "",  # noqa: ARG002
    ) -> bool:
        """Closes one: who waits comes back, not all at once; False if it was closed before."""
        with self._state.lock:
            closed = breakers.close_by_hand(self._state, destination)
            self._state.changed.notify_all()
            return closed

    def find(self, destination: str) -> BreakerState:
        """How one stands; one that nobody knows is closed."""
        with self._state.lock:
            return breakers.state_of(self._state, destination)

    def not_closed(self, most: int) -> list[BreakerState]:
        """Those that hold jobs back, at most so many, the longest first."""
        with self._state.lock:
            names = breakers.not_closed(self._state)[:most]
            return [breakers.state_of(self._state, name) for name in names]

    def count(self) -> int:
        """How many are not closed."""
        with self._state.lock:
            return len(breakers.not_closed(self._state))
