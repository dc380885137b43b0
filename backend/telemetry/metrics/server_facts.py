"""What metrics need of Redis besides queues and workers."""

from __future__ import annotations

from typing import NamedTuple, Protocol


class ServerFacts(NamedTuple):
    """Redis at one moment."""

    memory_bytes: int
    #: 0: no limit is set.
    memory_limit_bytes: int
    #: Whether it throws away what it holds, jobs among it, when it is reached.
    evicts: bool
    leases: int
    #: Leases that have ended by Redis' clock.
    leases_expired: int
    #: For how long the first job of the schedule has been due; 0 when none is.
    overdue_seconds: float
    #: Jobs of other programs that were found in our queues.
    foreign_jobs: int
    #: Destinations whose breakers are not closed, and for how long the first of them has not been.
    breakers: int = 0
    breaker_seconds: float = 0.0
    #: Tenants with quotas, and how many of these use up what may wait, and what may run.
    quotas: int = 0
    quotas_waiting: int = 0
    quotas_running: int = 0


class FactSource(Protocol):
    """Where they come from. Raises QueueUnavailable."""

    def read(self) -> ServerFacts:
        """The facts, in one round trip."""
