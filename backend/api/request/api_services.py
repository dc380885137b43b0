"""What the API is put together from. `backend.bootstrap` fills it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from backend.api.config.api_settings import ApiSettings
from backend.domain.history.history_record import JobHistory
from backend.domain.jobs.job import JobView
from backend.domain.jobs.job_type import JobTypeCatalogue
from backend.domain.jobs.options.fairness import FairQueues
from backend.domain.ports import Clock
from backend.services.access.audit_service import AuditService
from backend.services.access.key_service import KeyService
from backend.services.access.quota_service import QuotaService
from backend.services.actions.action_log import ActionLog
from backend.services.actions.families import Actions
from backend.services.events.event_service import EventService
from backend.services.finding.dead_letters import DeadLetters
from backend.services.finding.gate_listing import GateListing
from backend.services.finding.history_service import HistoryService
from backend.services.finding.job_standing import JobStanding
from backend.services.finding.search_service import SearchService
from backend.services.finding.why_service import WhyService
from backend.services.health.overview_service import OverviewService
from backend.services.health.worker_service import WorkerService
from backend.services.jobs.breaker_service import BreakerService
from backend.services.jobs.bulk_service import BulkService
from backend.services.jobs.kept_plans import KeptPlans
from backend.services.jobs.preview_service import PreviewService
from backend.services.jobs.rehearsals import Rehearsals
from backend.services.queue_service import QueueService
from backend.services.scheduler_service import SchedulerService
from backend.services.schedules.freeze_service import FreezeService
from workers.artifacts.artifact_store import ArtifactStore


@dataclass(frozen=True, slots=True)
class ApiServices:
    """Ports and services, by what they do."""

    settings: ApiSettings
    version: str
    clock: Clock
    catalogue: JobTypeCatalogue
    #: Where new jobs are accepted, in Redis or by way of an outbox, and looked at.
    queue: QueueService
    bulk: BulkService
    dead_letters: DeadLetters
    search: SearchService
    fair_queues: FairQueues
    why: WhyService
    #: How one job stands beside others.
    standing: Callable[[JobView | JobHistory], JobStanding]
    breakers: BreakerService
    overview: OverviewService
    workers: WorkerService
    history: HistoryService
    previews: PreviewService
    plans: KeptPlans
    rehearsals: Rehearsals
    events: EventService
    schedules: SchedulerService
    freezes: FreezeService
    quotas: QuotaService
    gates: GateListing
    audit: AuditService
    action_log: ActionLog
    #: The only way to change anything.
    actions: Actions
    keys: KeyService
    artifacts: ArtifactStore
    #: Whether Postgres accepts jobs first: then only their ids tell that two requests are one.
    accepts_by_outbox: bool = False
    #: By the name of what is looked at: a function that raises when it is not ready.
    checks: Mapping[str, Callable[[], object]] = field(default_factory=dict)
