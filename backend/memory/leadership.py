"""Who leads a duty, in memory."""

from __future__ import annotations

from collections import Counter

from backend.memory.state import BrokerState


class MemoryLeadership:
    """The `Leadership` in memory."""

    def __init__(self, state: BrokerState) -> None:
        self._state = state
        self._leads: dict[str, tuple[str, int]] = {}
        self._fences: Counter[str] = Counter()

    def take(self, duty: str, holder: str, lease_seconds: float) -> int:
        """Takes or keeps the lead for so many seconds; the fence of the leadership, 0 if refused."""
        with self._state.lock:
            now = self._state.now_ms
            leader, until = self._leads.get(duty, ("", 0))
            is_free = until <= now
            if not is_free and leader != holder:
                return 0
            if is_free:
                self._fences[duty] = max(
                    self._fences[duty] + 1, self._state.fences_seen[duty] + 1, now
                )
            self._leads[duty] = (holder, now + int(lease_seconds * 1000))
            return self._fences[duty]

    def give_up(self, duty: str, holder: str) -> None:
        """Lets another lead at once, if it is ours."""
        with self._state.lock:
            if self._leads.get(duty, ("", 0))[0] == holder:
                del self._leads[duty]
