"""Worker processes. Opens no connection to Postgres, and imports none."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import structlog

from backend.api.config.engine_settings import WorkerSettings
from backend.bootstrap.job_type_modules import OWN_MODULES
from backend.bootstrap.platform import Platform
from backend.broker.jobs.checkpoints import RedisCheckpoints
from backend.broker.jobs.dispatch import RedisDispatch
from backend.broker.jobs.lease_book import RedisLeaseBook
from backend.broker.jobs.progress_notes import RedisProgressNotes
from backend.broker.jobs.wake_calls import RedisWakeCalls
from backend.broker.workers.command_channel import RedisCommandChannel
from backend.broker.workers.untold_ends import RedisUntoldEnds
from backend.broker.workers.worker_presence import RedisWorkerPresence
from backend.domain.errors import TallyError
from backend.domain.jobs.hooks.in_use import IN_USE
from backend.domain.jobs.job import ClaimedJob
from backend.domain.jobs.job_type import Isolation, JobType
from backend.domain.jobs.queue_name import queues_of
from backend.telemetry.logs.redaction import without_values
from backend.telemetry.metrics.job_counts import JobCounts
from workers.base_worker import BaseWorker, JobContext
from workers.job_types.middleware import refuse_unknown_types
from workers.runtime.attempts import attempt
from workers.runtime.attempts.job_contexts import context_maker
from workers.runtime.attempts.known_types import KnownTypes
from workers.runtime.attempts.live_logs import LiveLogs
from workers.runtime.attempts.progress import Progress
from workers.runtime.attempts.runner import Runner
from workers.runtime.attempts.thread_runner import ThreadRunner
from workers.runtime.children.child_pool import ChildPool
from workers.runtime.children.child_process import Surroundings
from workers.runtime.children.child_runner import ChildRunner
from workers.runtime.green_threads import refuse_green_threads
from workers.runtime.slots.claim_order import ClaimOrder
from workers.runtime.slots.running_table import RunningTable
from workers.runtime.slots.slot_pool import SlotPool, no_tally
from workers.runtime.supervision.retirement import RetirementLimits
from workers.runtime.worker_process import WorkerProcess

if TYPE_CHECKING:
    from workers.runtime.loop.event_loop import EventLoop

log = structlog.get_logger("tally.worker")

#: Slots of one process share so many connections: while one carries, others gather for the next.
_DISPATCHES = 2

Workers = dict[type[BaseWorker], BaseWorker]
Pool = TypeVar("Pool", bound=SlotPool)


class WorkerSpec(NamedTuple):
    """What makes one worker process differ from another."""

    name: str
    lanes: Sequence[str]
    slots: int
    #: Knows how many async slots there are besides.
    running_table: RunningTable
    #: Inside another process: the seconds it has to stop, and it is never recycled. None: it is its own.
    embedded_grace: float | None = None


def worker_process(
    parts: Platform, worker_spec: WorkerSpec, counts: JobCounts | None = None
) -> WorkerProcess:
    """One worker process, ready to run; ``counts`` are what is shown of it as metrics."""
    refuse_green_threads()
    refuse_unknown_types(IN_USE.all, [kind.name for kind in parts.catalogue.own()])
    settings = parts.settings.worker
    workers = _workers(parts, worker_spec.lanes)
    children = ChildPool(Surroundings.of_this_process(parts.settings, OWN_MODULES))
    grace, limits = _grace_and_limits(settings, worker_spec)
    slot_pool, event_loop = _slots_and_loop(parts, worker_spec, workers, children, counts)
    return WorkerProcess(
        slot_pool,
        event_loop=event_loop,
        slots=worker_spec.slots,
        workers=list(workers.values()),
        channel=RedisCommandChannel(parts.home.blocking, parts.home.keys, worker_spec.name),
        book=parts.lease_book,
        untold=RedisUntoldEnds(parts.home.client, parts.home.keys),
        renewal=RedisLeaseBook(
            parts.home.connector.client(f"{worker_spec.name}-heart"), parts.home.keys
        ),
        presence=_presence(parts, worker_spec),
        heartbeat=settings.heartbeat,
        lease=settings.lease,
        grace=grace,
        open_timeout=settings.open_timeout,
        limits=limits,
        closables=[children],
    )


def _grace_and_limits(
    settings: WorkerSettings, worker_spec: WorkerSpec
) -> tuple[float, RetirementLimits]:
    if worker_spec.embedded_grace is not None:
        return worker_spec.embedded_grace, RetirementLimits()
    limits = RetirementLimits(settings.recycle_jobs, settings.memory_limit_mb)
    return max(settings.grace_of(lane) for lane in worker_spec.lanes), limits


def _presence(parts: Platform, worker_spec: WorkerSpec) -> RedisWorkerPresence:
    return RedisWorkerPresence(
        parts.home.client,
        parts.home.keys,
        name=worker_spec.name,
        lane=",".join(worker_spec.lanes),
        queues=[str(queue) for queue in queues_of(list(worker_spec.lanes))],
        slots=worker_spec.slots + _loop_places(parts, worker_spec),
        lifetime=parts.settings.worker.lease,
        declare=lambda: _declare(parts),
    )


def _loop_places(parts: Platform, worker_spec: WorkerSpec) -> int:
    """How many jobs it takes beside those in threads."""
    kinds = _async_types(parts, worker_spec.lanes)
    return worker_spec.running_table.async_slots if kinds else 0


def _declare(parts: Platform) -> None:
    """Tells callers of the job types that are not Tally's own; a worker that cannot works all the same."""
    shipped = frozenset(OWN_MODULES)
    kinds = [kind for kind in parts.catalogue.own() if kind.handler.__module__ not in shipped]
    try:
        parts.broker.declarations.publish(kinds)
    except TallyError as error:
        log.warning("declarations.not_published", error=str(error))


def _slots_and_loop(
    parts: Platform,
    worker_spec: WorkerSpec,
    workers: Workers,
    children: ChildPool,
    counts: JobCounts | None,
) -> tuple[SlotPool, EventLoop | None]:
    """The loop is there, and read, only where an async type may come."""
    table = worker_spec.running_table
    make_context = _context_maker(parts, worker_spec.name)
    others = {
        "known": _known_types(parts, workers, children, worker_spec.name),
        "make_context": make_context,
        "tally": counts.count if counts is not None else no_tally,
    }
    kinds = _async_types(parts, worker_spec.lanes) if table.async_slots else []
    if not kinds:
        return _slot_pool(SlotPool, parts, worker_spec, **others), None
    from backend.bootstrap import loop_parts

    jobs = loop_parts.loop_jobs(parts, kinds, workers, table, make_context)
    beside = loop_parts.slot_pool_beside(jobs, _dispatch_for_looks(parts, worker_spec, len(kinds)))
    pool = _slot_pool(beside, parts, worker_spec, **others)
    return pool, loop_parts.event_loop(parts, jobs, pool, list(workers.values()), counts)


def _dispatch_for_looks(
    parts: Platform, worker_spec: WorkerSpec, async_types: int
) -> RedisDispatch | None:
    """None where all types of its lanes are async: nothing stands between their jobs."""
    lanes = worker_spec.lanes
    types = sum(kind.lane in lanes for kind in parts.catalogue.own())
    return _dispatch(parts, worker_spec) if types > async_types else None


def _dispatch(parts: Platform, worker_spec: WorkerSpec) -> RedisDispatch:
    return RedisDispatch(
        parts.home.client,
        parts.home.keys,
        worker=worker_spec.name,
        lanes=worker_spec.lanes,
        lease=parts.settings.worker.lease,
    )


def _async_types(parts: Platform, lanes: Sequence[str]) -> list[JobType]:
    """What runs in the loop of a process for these lanes; elsewhere they are isolated."""
    return [
        kind
        for kind in parts.catalogue.own()
        if kind.is_async and kind.lane in lanes and kind.isolation is Isolation.THREAD
    ]


def _context_maker(parts: Platform, name: str) -> Callable[[ClaimedJob], JobContext]:
    redis, keys = parts.home.client, parts.home.keys
    notes = RedisProgressNotes(redis, keys)
    return context_maker(name, notes, RedisCheckpoints(redis, keys), _watched_logs(parts, notes))


def _slot_pool(
    make: Callable[..., Pool], parts: Platform, worker_spec: WorkerSpec, **others: Any
) -> Pool:
    settings, redis, keys = parts.settings.worker, parts.home.client, parts.home.keys
    name, lanes = worker_spec.name, worker_spec.lanes
    return make(
        worker=name,
        dispatches=[
            _dispatch(parts, worker_spec) for _ in range(min(worker_spec.slots, _DISPATCHES))
        ],
        order=ClaimOrder(lanes, settings.weights),
        calls=RedisWakeCalls(
            redis,
            parts.home.blocking,
            keys,
            worker=name,
            lanes=lanes,
            lease_seconds=settings.lease,
        ),
        running_table=worker_spec.running_table,
        batch_seconds=settings.batch_seconds,
        batch_limit=settings.batch_limit,
        **others,
    )


def _watched_logs(
    parts: Platform, notes: RedisProgressNotes
) -> Callable[[JobContext, ClaimedJob, Progress], None]:
    """Logs of running attempts, shown with what the types of their jobs call secret masked."""
    logs = LiveLogs(notes)

    def watch(context: JobContext, job: ClaimedJob, progress: Progress) -> None:
        kind = parts.catalogue.find(job.job_type)
        secrets = attempt.secrets_of(kind, job) if kind is not None else set()
        logs.watch(context, progress, lambda text: without_values(text, secrets))

    return watch


def _known_types(parts: Platform, workers: Workers, children: ChildPool, name: str) -> KnownTypes:
    kinds = parts.catalogue.own()
    return KnownTypes(
        {kind.name: kind.version for kind in kinds},
        {kind.name: _runner(parts, kind, workers, children, name) for kind in kinds},
        {kind.name: ChildRunner(children, kind, name) for kind in kinds},
        patience_seconds=parts.settings.worker.unknown_type_patience_seconds,
    )


def _workers(parts: Platform, lanes: Sequence[str]) -> Workers:
    """One instance of each worker class whose job types run in threads of these lanes."""
    classes = {
        kind.worker
        for kind in parts.catalogue.own()
        if kind.worker and kind.lane in lanes and kind.isolation is Isolation.THREAD
    }
    return {worker: worker(parts.settings) for worker in classes}


def _runner(
    parts: Platform, kind: JobType, workers: Workers, children: ChildPool, name: str
) -> Runner:
    if (
        kind.isolation is Isolation.PROCESS
        or kind.is_async
        or (kind.worker and kind.worker not in workers)
    ):
        return ChildRunner(children, kind, name)
    worker = workers[kind.worker] if kind.worker else None
    return ThreadRunner(attempt.prepare(kind, worker, parts.settings.max_result_bytes))
