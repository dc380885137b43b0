"""Every action, wired: the only way in which people and tokens change anything."""

from __future__ import annotations

import os

from backend.bootstrap.platform import Platform, new_job_id
from backend.bootstrap.record_parts import event_service, ledger_service
from backend.bootstrap.schedule_parts import schedule_actions
from backend.domain.ports import JobQueue
from backend.history.access.api_key_store import PostgresApiKeyStore
from backend.history.reading.statistics_store import PostgresStatisticsStore
from backend.history.schema.upkeep_store import PostgresUpkeepStore
from backend.locks.fork_locks import cached_property
from backend.services.access.key_service import KeyService
from backend.services.actions.action_log import ActionLog
from backend.services.actions.breakers import BreakerActions
from backend.services.actions.dead_letters import DeadLetterActions
from backend.services.actions.events import EventActions
from backend.services.actions.freezes import FreezeActions
from backend.services.actions.jobs import JobActions
from backend.services.actions.keys import KeyActions
from backend.services.actions.ledger import HistoryActions, LedgerActions
from backend.services.actions.many_jobs import ManyJobActions
from backend.services.actions.ownership import Ownership
from backend.services.actions.queues import JobTypeActions, QueueActions
from backend.services.actions.schedules import ScheduleActions
from backend.services.actions.tenants import TenantActions
from backend.services.actions.workers import WorkerActions
from backend.services.finding.history_service import HistoryService
from backend.services.finding.search_service import SearchService
from backend.services.finding.stuck_jobs import StuckJobs
from backend.services.jobs.bulk_service import BulkService
from backend.services.jobs.fair_control import FairControl
from backend.services.jobs.replay_service import ReplayService


class PlatformActions:
    """The `Actions` of one deployment, each family made when it is first asked for."""

    def __init__(
        self,
        parts: Platform,
        log: ActionLog,
        *,
        queue: JobQueue | None = None,
        keys: KeyService | None = None,
    ) -> None:
        """``queue`` takes new jobs, ``keys`` are those of the web process; by default the platform's."""
        self._parts = parts
        self._log = log
        self._queue = queue or parts.job_queue
        self._keys = keys

    @cached_property
    def ownership(self) -> Ownership:
        """Whose jobs are whose, by the record itself: a replica may not know yet what is acted on."""
        parts = self._parts
        statistics = PostgresStatisticsStore(parts.history_engine)
        history = HistoryService(parts.history_reader, statistics, parts.clock)
        search = SearchService(self._queue, parts.inspection, history)
        return Ownership(search, parts.inspection, parts.catalogue)

    @cached_property
    def jobs(self) -> JobActions:
        """One job."""
        parts = self._parts
        return JobActions(
            self._log,
            self.ownership,
            parts.job_control,
            queue=parts.queue_service,
            replays=ReplayService(
                parts.history_reader, self._queue, parts.intake, parts.inspection
            ),
            stuck=StuckJobs(parts.inspection, parts.lease_book, parts.clock),
        )

    @cached_property
    def many_jobs(self) -> ManyJobActions:
        """Many jobs that have not ended."""
        return ManyJobActions(self._log, self.ownership, self._bulk)

    @cached_property
    def dead_letters(self) -> DeadLetterActions:
        """The dead-letter queue."""
        return DeadLetterActions(self._log, self.ownership, self._parts.job_control, self._bulk)

    @cached_property
    def queues(self) -> QueueActions:
        """Queues and lanes."""
        parts = self._parts
        fair = FairControl(parts.broker.fair_queues, parts.job_control.note)
        return QueueActions(self._log, parts.job_control, self._bulk, parts.broker.foreign, fair)

    @cached_property
    def types(self) -> JobTypeActions:
        """Job types."""
        return JobTypeActions(self._log, self._parts.job_control)

    @cached_property
    def breakers(self) -> BreakerActions:
        """Breakers of destinations."""
        return BreakerActions(self._log, self._parts.breaker_service)

    @cached_property
    def schedules(self) -> ScheduleActions:
        """Schedules."""
        return schedule_actions(self._parts, self._log)

    @cached_property
    def freezes(self) -> FreezeActions:
        """Maintenance windows."""
        return FreezeActions(self._log, self._parts.freeze_service)

    @cached_property
    def tenants(self) -> TenantActions:
        """What tenants may use."""
        return TenantActions(self._log, self._parts.quota_service)

    @cached_property
    def keys(self) -> KeyActions:
        """API keys."""
        store, clock = PostgresApiKeyStore(self._parts.history_engine), self._parts.clock
        keys = self._keys or KeyService(store, clock, new_id=new_job_id, randomness=os.urandom)
        return KeyActions(self._log, keys)

    @cached_property
    def workers(self) -> WorkerActions:
        """Worker processes."""
        return WorkerActions(self._log, self._parts.worker_service)

    @cached_property
    def events(self) -> EventActions:
        """Domain events."""
        return EventActions(self._log, event_service(self._parts))

    @cached_property
    def ledger(self) -> LedgerActions:
        """The books of Redis and the record."""
        return LedgerActions(self._log, ledger_service(self._parts))

    @cached_property
    def history(self) -> HistoryActions:
        """Old jobs."""
        return HistoryActions(self._log, PostgresUpkeepStore(self._parts.history_engine))

    @cached_property
    def _bulk(self) -> BulkService:
        return BulkService(self._parts.operations, self._parts.inspection)
