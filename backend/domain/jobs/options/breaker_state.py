"""How the breaker of a destination stands, and what may be done to it."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import NamedTuple, Protocol


class BreakerStatus(StrEnum):
    """The word for what its jobs may do."""

    #: They run.
    CLOSED = "closed"
    #: All wait.
    OPEN = "open"
    #: Some try, the others wait.
    HALF_OPEN = "half_open"
    #: The destination is back; who waited is let through, twice as many each second.
    RAMPING = "ramping"


class BreakerState(NamedTuple):
    """One breaker. Instants are aware UTC."""

    destination: str
    status: BreakerStatus
    #: Since when it is not closed.
    since: datetime | None = None
    #: When the next probe goes; None: no time is set for one.
    probe_at: datetime | None = None
    #: How many jobs wait behind it, and how many try now.
    waiting: int = 0
    probing: int = 0
    #: How often in a row it opened.
    trips: int = 0
    #: What went wrong last.
    error: str = ""
    #: Who opened it by hand, and why.
    by: str = ""
    reason: str = ""

    @property
    def is_by_hand(self) -> bool:
        """Whether it is open until somebody closes it."""
        return self.status is BreakerStatus.OPEN and self.probe_at is None

    @property
    def keeps_nobody(self) -> bool:
        """Whether the next job starts at once, be it as the probe of one that is half open."""
        is_free = self.status is BreakerStatus.HALF_OPEN and not (self.waiting or self.probing)
        return is_free or self.status is BreakerStatus.CLOSED


class Breakers(Protocol):
    """The breakers of all destinations."""

    def open(self, destination: str, *, by: str = "", reason: str = "") -> bool:
        """Opens one until somebody closes it; False if it was open so before."""

    def close(self, destination: str, *, by: str = "", reason: str = "") -> bool:
        """Closes one: who waits comes back, not all at once; False if it was closed before."""

    def find(self, destination: str) -> BreakerState:
        """How one stands; one that nobody knows is closed."""

    def not_closed(self, most: int) -> list[BreakerState]:
        """Those that hold jobs back, at most so many, the longest first."""

    def count(self) -> int:
        """How many are not closed."""
