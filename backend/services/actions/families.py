"""All actions, by what they are done to."""

from __future__ import annotations

from typing import Protocol

from backend.services.actions.breakers import BreakerActions
from backend.services.actions.dead_letters import DeadLetterActions
from backend.services.actions.events import EventActions
from backend.services.actions.freezes import FreezeActions
from backend.services.actions.jobs import JobActions
from backend.services.actions.keys import KeyActions
from backend.services.actions.ledger import HistoryActions, LedgerActions
from backend.services.actions.many_jobs import ManyJobActions
from backend.services.actions.queues import JobTypeActions, QueueActions
from backend.services.actions.schedules import ScheduleActions
from backend.services.actions.tenants import TenantActions
from backend.services.actions.workers import WorkerActions


class Actions(Protocol):
    """Each family is made when it is first asked for: a command pays for no other than its own."""

    @property
    def jobs(self) -> JobActions:
        """One job."""

    @property
    def many_jobs(self) -> ManyJobActions:
        """Many jobs that have not ended."""

    @property
    def dead_letters(self) -> DeadLetterActions:
        """The dead-letter queue."""

    @property
    def queues(self) -> QueueActions:
        """Queues and lanes."""

    @property
    def types(self) -> JobTypeActions:
        """Job types."""

    @property
    def breakers(self) -> BreakerActions:
        """Breakers of destinations."""

    @property
    def schedules(self) -> ScheduleActions:
        """Schedules."""

    @property
    def freezes(self) -> FreezeActions:
        """Maintenance windows."""

    @property
    def tenants(self) -> TenantActions:
        """What tenants may use."""

    @property
    def keys(self) -> KeyActions:
        """API keys."""

    @property
    def workers(self) -> WorkerActions:
        """Worker processes."""

    @property
    def events(self) -> EventActions:
        """Domain events."""

    @property
    def ledger(self) -> LedgerActions:
        """The books of Redis and the record."""

    @property
    def history(self) -> HistoryActions:
        """Old jobs."""
