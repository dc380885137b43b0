"""What Python callers reach beside the queue, wired."""

from __future__ import annotations

from functools import cached_property

from backend.bootstrap.action_parts import PlatformActions
from backend.bootstrap.history_parts import history_service
from backend.bootstrap.platform import Platform, new_job_id
from backend.domain.ports import Inspection
from backend.history.outbox.event_record_store import PostgresEventRecordStore
from backend.services.actions.action_log import ActionLog
from backend.services.finding.dead_letters import DeadLetters
from backend.services.finding.history_service import HistoryService
from backend.services.finding.search_service import SearchService
from backend.services.finding.why_service import WhyService
from backend.services.jobs.preview_service import PreviewService
from backend.services.jobs.rehearsals import Rehearsals


class PlatformCallerParts:
    """The `CallerParts` of one deployment. Opens no connection before it is needed."""

    def __init__(self, parts: Platform) -> None:
        self._parts = parts

    @cached_property
    def actions(self) -> PlatformActions:
        """Everything that changes something."""
        return PlatformActions(self._parts, ActionLog(self._parts.audit_trail))

    @property
    def inspection(self) -> Inspection:
        """The read side of the live truth."""
        return self._parts.inspection

    @cached_property
    def search(self) -> SearchService:
        """Jobs wherever they are."""
        return SearchService(self._parts.job_queue, self._parts.inspection, self.history)

    @cached_property
    def history(self) -> HistoryService:
        """The record alone."""
        return history_service(self._parts)

    @cached_property
    def dead_letters(self) -> DeadLetters:
        """The dead-letter queue."""
        return DeadLetters(self._parts.inspection)

    @cached_property
    def why(self) -> WhyService:
        """What keeps a job."""
        return WhyService(self._parts.inspection, self._parts.clock.now)

    @cached_property
    def previews(self) -> PreviewService:
        """What would happen."""
        parts = self._parts
        return PreviewService(
            parts.intake, parts.inspection, parts.job_queue, new_id=new_job_id, now=parts.clock.now
        )

    @cached_property
    def rehearsals(self) -> Rehearsals:
        """Test runs."""
        parts = self._parts
        events = PostgresEventRecordStore(parts.history_engine, parts.clock.now)
        return Rehearsals(events, parts.intake, new_id=new_job_id)
