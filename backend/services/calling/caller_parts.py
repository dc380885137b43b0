"""What stands behind a caller's service, each part made when it is first asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    # Whoever only enqueues need not read them.
    from backend.domain.jobs.options.fairness import FairQueues
    from backend.domain.ports import Inspection
    from backend.services.access.quota_service import QuotaService
    from backend.services.actions.families import Actions
    from backend.services.finding.dead_letters import DeadLetters
    from backend.services.finding.history_service import HistoryService
    from backend.services.finding.search_service import SearchService
    from backend.services.finding.why_service import WhyService
    from backend.services.jobs.breaker_service import BreakerService
    from backend.services.jobs.preview_service import PreviewService
    from backend.services.jobs.rehearsals import Rehearsals
    from backend.services.schedules.freeze_service import FreezeService


class CallerParts(Protocol):
    """The services and actions of one deployment, as Python callers need them."""

    @property
    def actions(self) -> Actions:
        """Everything that changes something, each a row of the audit log."""

    @property
    def inspection(self) -> Inspection:
        """The read side of the live truth."""

    @property
    def freezes(self) -> FreezeService:
        """Maintenance windows."""

    @property
    def breakers(self) -> BreakerService:
        """The breakers of destinations."""

    @property
    def fair_queues(self) -> FairQueues:
        """Queues whose jobs take turns by key."""

    @property
    def quotas(self) -> QuotaService:
        """What tenants may use."""

    @property
    def search(self) -> SearchService:
        """Jobs wherever they are."""

    @property
    def history(self) -> HistoryService:
        """The record alone."""

    @property
    def dead_letters(self) -> DeadLetters:
        """The dead-letter queue."""

    @property
    def why(self) -> WhyService:
        """What keeps a job."""

    @property
    def previews(self) -> PreviewService:
        """What would happen."""

    @property
    def rehearsals(self) -> Rehearsals:
        """Test runs."""
