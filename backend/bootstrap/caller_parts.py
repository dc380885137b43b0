"""What people and programs reach beside the queue, wired once for Python, HTTP, pages and command line.

Imported where it is made: loading the SQL engine takes longer than most commands run.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from backend.bootstrap.platform import Platform, new_job_id
from backend.domain.jobs.options.fairness import FairQueues
from backend.domain.ports import Inspection, JobQueue
from backend.locks.fork_locks import cached_property

if TYPE_CHECKING:
    from backend.bootstrap.action_parts import PlatformActions
    from backend.domain.history.history_record import JobHistory
    from backend.domain.jobs.job import JobView
    from backend.services.access.quota_service import QuotaService
    from backend.services.finding.dead_letters import DeadLetters
    from backend.services.finding.history_service import HistoryService
    from backend.services.finding.job_standing import JobStanding
    from backend.services.finding.search_service import SearchService
    from backend.services.finding.why_service import WhyService
    from backend.services.jobs.breaker_service import BreakerService
    from backend.services.jobs.preview_service import PreviewService
    from backend.services.jobs.rehearsals import Rehearsals
    from backend.services.schedules.freeze_service import FreezeService


class PlatformCallerParts:
    """The `CallerParts` of one deployment. Opens no connection before it is needed."""

    def __init__(self, parts: Platform, queue: JobQueue | None = None) -> None:
        """``queue`` is where jobs are accepted, if not in Redis."""
        self._parts = parts
        self._queue = queue or parts.job_queue

    @cached_property
    def actions(self) -> PlatformActions:
        """Everything that changes something."""
        from backend.bootstrap.action_parts import PlatformActions
        from backend.services.actions.action_log import ActionLog

        return PlatformActions(self._parts, ActionLog(self._parts.audit_trail))

    @property
    def inspection(self) -> Inspection:
        """The read side of the live truth."""
        return self._parts.inspection

    @property
    def freezes(self) -> FreezeService:
        """Maintenance windows."""
        return self._parts.freeze_service

    @property
    def breakers(self) -> BreakerService:
        """The breakers of destinations."""
        return self._parts.breaker_service

    @property
    def fair_queues(self) -> FairQueues:
        """Queues whose jobs take turns by key."""
        return self._parts.broker.fair_queues

    @property
    def quotas(self) -> QuotaService:
        """What tenants may use."""
        return self._parts.quota_service

    @cached_property
    def search(self) -> SearchService:
        """Jobs wherever they are."""
        from backend.services.finding.search_service import SearchService

        parts = self._parts
        return SearchService(parts.queue_parts.outbox, parts.inspection, self.history)

    @cached_property
    def history(self) -> HistoryService:
        """The record alone."""
        from backend.bootstrap.history_parts import history_service

        return history_service(self._parts)

    @cached_property
    def dead_letters(self) -> DeadLetters:
        """The dead-letter queue."""
        from backend.services.finding.dead_letters import DeadLetters

        return DeadLetters(self._parts.inspection)

    @cached_property
    def why(self) -> WhyService:
        """What keeps a job."""
        from backend.services.finding.why_service import WhyService

        parts = self._parts
        broker = parts.broker
        held = (broker.breakers, self.fair_queues, broker.quotas)
        return WhyService(parts.inspection, *held, parts.clock.now)

    def standing(self, job: JobView | JobHistory) -> JobStanding:
        """How one job stands beside others."""
        from backend.services.finding.job_standing import standing_of

        return standing_of(job, self._parts.inspection, self.fair_queues)

    @cached_property
    def previews(self) -> PreviewService:
        """What would happen."""
        from backend.services.finding.start_forecast import StartForecast
        from backend.services.jobs.preview_service import PreviewService

        parts, now = self._parts, self._parts.clock.now
        return PreviewService(
            parts.intake,
            parts.inspection,
            self._queue,
            forecast=StartForecast(
                self.why, parts.inspection, self.fair_queues, parts.broker.quotas, now
            ),
            new_id=new_job_id,
            now=now,
        )

    @cached_property
    def rehearsals(self) -> Rehearsals:
        """Test runs."""
        from backend.history.outbox.event_record_store import PostgresEventRecordStore
        from backend.history.outbox.outbox_store import PostgresOutbox
        from backend.services.jobs.rehearsals import Rehearsals

        parts = self._parts
        stores = parts.history_engine, parts.clock.now
        return Rehearsals(
            PostgresEventRecordStore(*stores),
            PostgresOutbox(*stores),
            parts.intake,
            new_id=new_job_id,
        )
