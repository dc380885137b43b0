"""What the API is put together from. `backend.bootstrap` fills it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from backend.api.config.api_settings import ApiSettings
from backend.domain.job_type import JobTypeCatalogue
from backend.domain.ports import Clock
from backend.services.actions.action_log import ActionLog
from backend.services.actions.families import Actions
from backend.services.audit_service import AuditService
from backend.services.bulk_service import BulkService
from backend.services.dead_letters import DeadLetters
from backend.services.event_service import EventService
from backend.services.history_service import HistoryService
from backend.services.kept_plans import KeptPlans
from backend.services.key_service import KeyService
from backend.services.overview_service import OverviewService
from backend.services.preview_service import PreviewService
from backend.services.queue_service import QueueService
from backend.services.scheduler_service import SchedulerService
from backend.services.search_service import SearchService
from backend.services.test_run_service import JobTester
from backend.services.why_service import WhyService
from backend.services.worker_service import WorkerService
from workers.artifacts.artifact_store import ArtifactStore


@dataclass(frozen=True, slots=True)
class ApiParts:
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
    why: WhyService
    overview: OverviewService
    workers: WorkerService
    history: HistoryService
    previews: PreviewService
    plans: KeptPlans
    tester: JobTester
    events: EventService
    schedules: SchedulerService
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
