"""The web process: everything that the API is made of, and the worker inside it."""

from __future__ import annotations

import os
import secrets
import socket
from collections.abc import Callable, Mapping
from typing import cast

from backend import __version__
from backend.api.access.jwt_tokens import verifier_of
from backend.api.config.settings import Settings
from backend.api.request.api_services import ApiServices
from backend.api.serving.embedded_worker import EmbeddedWorker, Work
from backend.bootstrap import worker_parts
from backend.bootstrap.action_parts import PlatformActions
from backend.bootstrap.caller_parts import PlatformCallerParts
from backend.bootstrap.platform import Platform, new_job_id
from backend.bootstrap.record_parts import audit_service, event_service, event_stream
from backend.broker.jobs.operations import RedisOperations
from backend.broker.jobs.plan_shelf import RedisPlanShelf
from backend.domain.access.api_key import Credential, Principal
from backend.domain.access.role import Role
from backend.domain.errors import MigrationError
from backend.domain.ports import JobQueue
from backend.history.access.api_key_store import PostgresApiKeyStore
from backend.history.reading.depth_store import PostgresDepthStore
from backend.history.reading.flow_store import PostgresFlowStore
from backend.history.schema.migrator import Migrator
from backend.services.access.key_service import KeyService
from backend.services.actions.action_log import ActionLog
from backend.services.finding.gate_listing import GateListing
from backend.services.health.overview_service import OverviewService
from backend.services.jobs.bulk_service import BulkService
from backend.services.jobs.kept_plans import KeptPlans
from backend.services.queue_service import QueueService
from backend.services.scheduler_service import SchedulerService
from workers.artifacts.open_store import open_store
from workers.runtime.slots.running_table import RunningTable

#: A web process does not wait for a job for ever, as worker processes of their own may: a day.
_LONGEST_STOP = 86_400.0


def api_parts(parts: Platform) -> ApiServices:
    """What `create_app` needs. Opens no connection."""
    settings = parts.settings.api
    clock, inspection = parts.clock, parts.inspection
    replica = parts.reading_engine
    operations = parts.home.part(RedisOperations)
    by_outbox = parts.settings.job_enqueue_mode == "outbox"
    queue: JobQueue = parts.queue_parts.outbox if by_outbox else parts.job_queue
    found = PlatformCallerParts(parts, queue)
    schedules, keys = SchedulerService(parts.scheduler_parts), key_service(parts)
    audit = audit_service(parts)
    log = ActionLog(audit, is_required=settings.audit_required)
    return ApiServices(
        settings=settings,
        version=__version__,
        clock=clock,
        catalogue=parts.catalogue,
        # Also where jobs are accepted by Redis, applications bring theirs through the outbox.
        queue=QueueService(queue, parts.intake, lambda: parts.queue_parts.outbox),
        bulk=BulkService(operations, inspection),
        dead_letters=found.dead_letters,
        search=found.search,
        fair_queues=found.fair_queues,
        why=found.why,
        standing=found.standing,
        breakers=found.breakers,
        overview=OverviewService(
            inspection,
            found.history,
            clock,
            flow=PostgresFlowStore(replica),
            lanes=parts.catalogue.own_lanes(),
            depths=PostgresDepthStore(replica),
            overdue=lambda: schedules.list_all(overdue=True),
            lag=event_stream(parts, "overview").lag,
            check=parts.check_takes_jobs,
            foreign=parts.broker.foreign.count,
            breakers=found.breakers.not_closed,
            quotas=parts.quota_service.all,
        ),
        workers=parts.worker_service,
        history=found.history,
        previews=found.previews,
        plans=KeptPlans(parts.home.part(RedisPlanShelf)),
        rehearsals=found.rehearsals,
        events=event_service(parts),
        schedules=schedules,
        freezes=parts.freeze_service,
        quotas=parts.quota_service,
        gates=GateListing(inspection, parts.broker.quotas, clock.now),
        audit=audit,
        action_log=log,
        keys=keys,
        actions=PlatformActions(parts, log, queue=queue, keys=keys),
        artifacts=open_store(parts.settings.artifacts),
        accepts_by_outbox=by_outbox,
        checks=_checks(parts),
    )


def key_service(parts: Platform) -> KeyService:
    """API keys, also for the command line."""
    settings = parts.settings.api
    token = settings.bootstrap_key.get_secret_value()
    bootstrap = Principal(
        "bootstrap", "bootstrap key", Role(settings.bootstrap_role), None, Credential.SETTINGS
    )
    return KeyService(
        PostgresApiKeyStore(parts.history_engine),
        parts.clock,
        new_id=new_job_id,
        randomness=os.urandom,
        settings_keys=[(token, bootstrap)] if token else [],
        verifier=verifier_of(settings.jwt),
    )


def _checks(parts: Platform) -> Mapping[str, Callable[[], object]]:
    """What must be there for the process to be ready; each raises when it is not."""
    migrator = Migrator(parts.history_engine)

    def postgres() -> None:
        pending = migrator.pending()
        if pending:
            raise MigrationError(
                f"{len(pending)} migrations are to be applied: run `tally migrate`"
            )

    return {"redis": parts.check_redis, "postgres": postgres}


def embedded_grace(settings: Settings) -> float:
    """Seconds the worker inside a web process has to stop, the longest of all lanes; 0: there is none."""
    if not settings.api.worker_lanes or not settings.job_queue_enabled:
        return 0.0
    lanes = settings.worker.lane_grace
    return min(max(map(settings.worker.grace_of, ["", *lanes])), _LONGEST_STOP)


def embedded_worker(parts: Platform) -> EmbeddedWorker | None:
    """The worker inside the web process, where the settings want one."""
    settings = parts.settings.api
    if not settings.worker_lanes or not parts.settings.job_queue_enabled:
        return None
    lanes = parts.catalogue.own_lanes() if "all" in settings.worker_lanes else settings.worker_lanes
    slots, grace = settings.worker_slots, embedded_grace(parts.settings)

    def make() -> Work:
        name = f"{socket.gethostname()}-web-{secrets.token_hex(4)}"
        async_slots = max(map(parts.async_slots_of, lanes), default=0)
        running_table = RunningTable.create(slots, async_slots)
        worker_spec = worker_parts.WorkerSpec(
            name, list(lanes), slots, running_table, embedded_grace=grace
        )
        return cast(Work, worker_parts.worker_process(parts, worker_spec))

    return EmbeddedWorker(make, grace=grace)
