"""The event stream as the one recorder of a memory reads it."""

from __future__ import annotations

from backend.domain.history.history_ports import EventBatch, StreamLag
from backend.memory.state import BrokerState


class MemoryEventSource:
    """The `EventSource` in memory. Events that a recorder took and did not acknowledge are its own."""

    def __init__(self, state: BrokerState) -> None:
        self._state = state
        self._taken: set[str] = set()

    def read(self, most: int, timeout: float) -> EventBatch:
        """New entries; blocks until there is one, at most ``timeout`` seconds of the machine's clock."""
        with self._state.lock:
            self._state.changed.wait_for(self._is_news, timeout)
            events = [e for e in self._state.events if e.id not in self._taken][:most]
            self._taken |= {event.id for event in events}
            return EventBatch(events)

    def _is_news(self) -> bool:
        return len(self._state.events) > len(self._taken)

    def reclaim(self, most: int) -> EventBatch:
        """What was taken and not acknowledged: nobody else takes it, so it is left behind."""
        with self._state.lock:
            return EventBatch([e for e in self._state.events if e.id in self._taken][:most])

    def acknowledge(self, batch: EventBatch) -> None:
        """These entries are recorded for good."""
        with self._state.lock:
            done = {event.id for event in batch.events}
            self._state.events = [e for e in self._state.events if e.id not in done]
            self._taken -= done

    def trim(self) -> int:
        """Nothing: what is acknowledged is gone already."""
        return 0

    def lag(self) -> StreamLag:
        """How far the record is behind."""
        with self._state.lock:
            events = self._state.events
            age = self._state.now_ms - int(events[0].id.partition("-")[0]) if events else 0
            return StreamLag(len(events), max(0, age) / 1000)

    def leave(self) -> None:
        """What it holds is for the next recorder."""
        with self._state.lock:
            self._taken.clear()
