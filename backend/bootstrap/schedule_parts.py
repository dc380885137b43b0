"""The scheduler process, and what people do to schedules."""

from __future__ import annotations

from backend.bootstrap.platform import Platform
from backend.bootstrap.record_parts import audit_service, control_keeper, epoch_keeper, event_stream
from backend.broker.jobs.gates.lost_lines import RedisLostLines
from backend.broker.jobs.operations import RedisOperations
from backend.broker.schedules.job_promoter import JobPromoter
from backend.broker.schedules.redis_freezes import RedisFreezes
from backend.broker.shard import Shard
from backend.domain.ledger.shard_epoch import EPOCH_TAG
from backend.domain.schedules.schedule_verdict import CatchUpRules
from backend.history.reading.depth_store import PostgresDepthStore
from backend.history.schedules.schedule_store import PostgresScheduleStore, PostgresTickBook
from backend.loops.calendar import Calendar
from backend.loops.control_watch import ControlWatch
from backend.loops.cron import Cron
from backend.loops.depth_sampler import DepthSampler
from backend.loops.epoch_watch import EpochWatch
from backend.loops.loop import Loop
from backend.loops.promoter import Promoter
from backend.loops.shedder import Shedder
from backend.loops.usher import Usher
from backend.services.actions.action_log import ActionLog
from backend.services.actions.schedules import ScheduleActions
from backend.services.scheduler_service import SchedulerParts
from backend.services.schedules.freeze_planner import FreezePlanner
from backend.services.schedules.schedule_editor import ScheduleEditor
from backend.services.schedules.schedule_intake import ScheduleIntake
from backend.services.schedules.schedule_runner import ScheduleRunner
from backend.services.schedules.schedule_seeding import ScheduleSeeding
from backend.services.schedules.schedule_system import all_seeds


def scheduler_parts(parts: Platform) -> SchedulerParts:
    """Everything about schedules."""
    store = PostgresScheduleStore(parts.history_engine)
    return SchedulerParts(
        store=store,
        editor=ScheduleEditor(store),
        intake=ScheduleIntake(parts.intake),
        seeding=_seeding(parts),
        actions=schedule_actions(parts, ActionLog(audit_service(parts))),
        overdue_after=parts.settings.scheduler.overdue_after,
    )


def schedule_actions(parts: Platform, log: ActionLog) -> ScheduleActions:
    """What people, tokens and code do to schedules."""
    store = PostgresScheduleStore(parts.history_engine)
    return ScheduleActions(
        log,
        store,
        ScheduleEditor(store),
        intake=ScheduleIntake(parts.intake),
        runner=_runner(parts),
        seeding=_seeding(parts),
        catalogue=parts.catalogue,
    )


def _runner(parts: Platform) -> ScheduleRunner:
    settings = parts.settings.scheduler
    rules = CatchUpRules(settings.missed_after, settings.missed_runs_limit)
    book, intake = PostgresTickBook(parts.history_engine), ScheduleIntake(parts.intake)
    return ScheduleRunner(book, parts.job_queue, intake, rules, parts.broker.freezes.all)


def _seeding(parts: Platform) -> ScheduleSeeding:
    store = PostgresScheduleStore(parts.history_engine)
    seeds = all_seeds({name: said.said() for name, said in parts.settings.schedules.items()})
    return ScheduleSeeding(store, ScheduleEditor(store), ScheduleIntake(parts.intake), seeds)


def scheduler_loops(parts: Platform, holder: str) -> list[Loop]:
    """What the scheduler process does by the clock."""
    waiting = parts.home.connector.blocking(f"tally-{holder}-waiting")
    timetable = JobPromoter(parts.home.client, waiting, parts.home.keys, name=holder)
    batch, engine = parts.settings.scheduler.promote_batch, parts.history_engine
    loops: list[Loop] = [
        Promoter(timetable, parts.leader("scheduler", holder), batch=batch),
        Cron(_runner(parts), parts.duty_leader("cron", holder, engine), _seeding(parts).sync),
        parts.rescuer(),
        DepthSampler(
            parts.inspection,
            PostgresDepthStore(parts.history_engine),
            parts.duty_leader("depths", holder, engine),
            parts.clock,
        ),
    ]
    for shard in parts.shards:
        loops += _shard_loops(parts, shard, holder)
    return loops


def _reconcile(parts: Platform, shard: Shard, epoch: int) -> None:
    """Has every job looked at once, because another Redis took over: what it did not know is named."""
    key = f"epoch {epoch} of shard {shard.number}"
    parts.queue_service.enqueue_job("reconcile", idempotency_key=key, tags=[EPOCH_TAG])


def _shard_loops(parts: Platform, shard: Shard, holder: str) -> list[Loop]:
    """What is done to each Redis."""
    engine, redis = parts.history_engine, parts.settings.redis
    loops: list[Loop] = [
        Usher(shard.part(RedisOperations), shard.part(RedisLostLines)),
        EpochWatch(epoch_keeper(shard, engine, lambda epoch: _reconcile(parts, shard, epoch))),
        ControlWatch(control_keeper(parts, engine, shard), parts.clock),
        Calendar(
            FreezePlanner(shard.part(RedisFreezes), parts.clock.now),
            parts.leader("calendar", holder),
            parts.clock,
        ),
    ]
    if redis.stream_full == "shed" and redis.stream_limit:
        loops.append(Shedder(event_stream(parts, "shedder", shard), most=redis.stream_limit))
    return loops
