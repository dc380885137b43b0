"""The scheduler process, and what people do to schedules."""

from __future__ import annotations

from backend.bootstrap.platform import Platform
from backend.bootstrap.record_parts import event_stream
from backend.broker.job_promoter import JobPromoter
from backend.broker.operations import RedisOperations
from backend.domain.schedule_verdict import CatchUpRules
from backend.history.depth_store import DepthStore
from backend.history.schedule_store import PostgresScheduleStore, PostgresTickBook
from backend.loops.cron import Cron
from backend.loops.depth_sampler import DepthSampler
from backend.loops.loop import Loop
from backend.loops.promoter import Promoter
from backend.loops.shedder import Shedder
from backend.loops.usher import Usher
from backend.services.schedule_editor import ScheduleEditor
from backend.services.schedule_intake import ScheduleIntake
from backend.services.schedule_runner import ScheduleRunner
from backend.services.schedule_seeding import ScheduleSeeding
from backend.services.schedule_system import all_seeds
from backend.services.scheduler_service import SchedulerParts


def scheduler_parts(parts: Platform) -> SchedulerParts:
    """Everything about schedules."""
    engine, settings = parts.history_engine, parts.settings.scheduler
    store = PostgresScheduleStore(engine)
    intake, editor = ScheduleIntake(parts.intake), ScheduleEditor(store)
    rules = CatchUpRules(settings.missed_after, settings.missed_runs_limit)
    seeds = all_seeds({name: said.said() for name, said in parts.settings.schedules.items()})
    return SchedulerParts(
        store=store,
        editor=editor,
        intake=intake,
        runner=ScheduleRunner(PostgresTickBook(engine), parts.job_queue, intake, rules),
        seeding=ScheduleSeeding(store, editor, intake, seeds),
        overdue_after=settings.overdue_after,
    )


def scheduler_loops(parts: Platform, holder: str) -> list[Loop]:
    """What the scheduler process does by the clock."""
    waiting = parts.connections.blocking_redis(f"tally-{holder}-waiting")
    timetable = JobPromoter(parts.redis, waiting, parts.keys, name=holder)
    batch = parts.settings.scheduler.promote_batch
    schedules = parts.scheduler_parts
    loops: list[Loop] = [
        Promoter(timetable, parts.leader("scheduler", holder), batch=batch),
        Cron(schedules.runner, parts.leader("cron", holder), schedules.seeding.sync),
        parts.rescuer(),
        Usher(RedisOperations(parts.redis, parts.keys)),
        DepthSampler(
            parts.inspection,
            DepthStore(parts.history_engine),
            parts.leader("depths", holder),
            parts.clock,
        ),
    ]
    redis = parts.settings.redis
    if redis.stream_full == "shed" and redis.stream_limit:
        loops.append(Shedder(event_stream(parts, "shedder"), most=redis.stream_limit))
    return loops
