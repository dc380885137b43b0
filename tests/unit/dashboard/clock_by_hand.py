"""A clock that moves when a test says so."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta


class ClockByHand:
    """Starts at a fixed instant."""

    def __init__(self) -> None:
        self._passed = 0.0

    def now(self) -> datetime:
        """The instant."""
        return datetime(2026, 3, 10, 12, 0, tzinfo=UTC) + timedelta(seconds=self._passed)

    def monotonic(self) -> float:
        """Seconds that only grow."""
        return self._passed

    def move(self, seconds: float) -> None:
        """Lets time pass."""
        self._passed += seconds
