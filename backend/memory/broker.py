"""The whole broker in memory: one state and everything that stands on it."""

from __future__ import annotations

from backend.domain.ports import Clock
from backend.locks.fork_locks import cached_property
from backend.memory.attempt_notes import MemoryCheckpoints, MemoryProgressNotes
from backend.memory.declarations import MemoryDeclarations
from backend.memory.dispatch import MemoryDispatch
from backend.memory.event_source import MemoryEventSource
from backend.memory.foreign_jobs import NoForeignJobs
from backend.memory.inspection import MemoryInspection
from backend.memory.job_queue import MemoryJobQueue
from backend.memory.leadership import MemoryLeadership
from backend.memory.lease_book import MemoryLeaseBook, MemoryUntoldEnds
from backend.memory.operations import MemoryOperations
from backend.memory.record.audit_trail import MemoryAuditTrail
from backend.memory.record.memory_record import MemoryRecord
from backend.memory.state import BrokerState
from backend.memory.timetable import MemoryTimetable
from backend.memory.waiting.fair_queues import MemoryFairQueues
from backend.memory.waiting.freeze_book import MemoryFreezes
from backend.memory.waiting.memory_breakers import MemoryBreakers
from backend.memory.waiting.memory_quotas import MemoryQuotas


class MemoryBroker:
    """What a deployment's Redis is, for one process. Safe for several threads."""

    def __init__(
        self,
        clock: Clock,
        *,
        backlog_limit: int = 0,
        stream_limit: int = 0,
    ) -> None:
        state = BrokerState(clock)
        self._state = state
        self.queue = self.queue_with(backlog_limit=backlog_limit, stream_limit=stream_limit)
        self.leases = MemoryLeaseBook(state)
        self.untold = MemoryUntoldEnds(state)
        self.timetable = MemoryTimetable(state)
        self.leadership = MemoryLeadership(state)
        self.operations = MemoryOperations(state)
        self.inspection = MemoryInspection(state)
        self.breakers = MemoryBreakers(state)
        self.freezes = MemoryFreezes(state)
        self.fair_queues = MemoryFairQueues(state)
        self.quotas = MemoryQuotas(state)
        self.foreign = NoForeignJobs()
        self.progress_notes = MemoryProgressNotes(state)
        self.checkpoints = MemoryCheckpoints(state)
        self.events = MemoryEventSource(state)
        self.declarations = MemoryDeclarations(state, self.operations)
        self._clock = clock

    @cached_property
    def record(self) -> MemoryRecord:
        """The record of all that happens here. Whoever asks for it leaves no events to others."""
        return MemoryRecord(self._clock.now, self.events)

    @cached_property
    def audit_trail(self) -> MemoryAuditTrail:
        """What people and programs did here."""
        return MemoryAuditTrail()

    def queue_with(self, *, backlog_limit: int = 0, stream_limit: int = 0) -> MemoryJobQueue:
        """The queue as callers see it who have limits of their own."""
        return MemoryJobQueue(
            self._state,
            backlog_limit=backlog_limit,
            stream_limit=stream_limit,
        )

    def dispatch(
        self,
        worker: str,
        lanes: tuple[str, ...],  # noqa: ARG002 - nobody is woken here
        *,
        lease_seconds: float,
    ) -> MemoryDispatch:
        """The hot path of one worker; it holds what it claims so long."""
        return MemoryDispatch(self._state, worker=worker, lease=lease_seconds)
