"""Processes and what they left: leaders, recorders, workers, leases, books."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from redis import Redis

from backend.bootstrap.platform import Platform
from backend.bootstrap.record_parts import event_stream
from backend.broker.keys import Keys
from backend.broker.ledger.event_floor import RedisEventFloor
from backend.broker.ledger.ledger_view import RedisLedgerView
from backend.broker.schedules.leadership import RedisLeadership
from backend.broker.server.connection import translated
from backend.broker.server.server_facts import RedisFacts
from backend.cli.checks.finding import Finding, ok, warning, wrong
from backend.domain.errors import QueueUnavailable, TallyError
from backend.domain.jobs.job_state import JobState
from backend.domain.jobs.queue_state import QueueState
from backend.history.schedules.duty_leases import DUTIES, PostgresLeadership
from backend.services.health.looked_at_books import imbalances
from backend.services.health.pause_words import pause_words, resume_command
from backend.services.health.worker_service import WorkerService

_LONG_LAG = 60.0
_MOST_EVENTS = 0.8
_LATE = 5.0
#: Seconds that clocks of servers in order may differ.
_DATED_AHEAD = 10.0


def check_processes(parts: Platform) -> Iterator[Finding]:
    """Everything about what runs; nothing while Redis is away, which is told elsewhere."""
    try:
        queues = parts.inspection.queue_states(parts.inspection.queue_names())
        yield from _scheduler(parts)
        yield from _duties(parts)
        yield from _recorder(parts)
        yield from _dates(parts)
        yield from _workers(parts.worker_service, queues)
        yield from _leases(parts)
        yield from _books(parts, queues)
        yield from _paused(parts)
    except QueueUnavailable:
        return


def _scheduler(parts: Platform) -> Iterator[Finding]:
    facts = parts.home.part(RedisFacts).read()
    if not parts.home.part(RedisLeadership).led()["scheduler"]:
        remedy = "start one: tally scheduler (two, on two hosts, are better)"
        waiting = facts.overdue_seconds > _LATE
        text = "no scheduler leads" + (
            f", and a due job has waited {facts.overdue_seconds:.0f} s" if waiting else ""
        )
        yield (wrong if waiting else warning)("no_scheduler", text, remedy)
    elif facts.overdue_seconds > _LATE:
        yield wrong(
            "scheduler_late",
            f"a due job has waited {facts.overdue_seconds:.0f} s though a scheduler leads",
            "look at its log; is Redis slow?",
        )
    else:
        yield ok("scheduler", "a scheduler leads")


def _duties(parts: Platform) -> Iterator[Finding]:
    """Those that are led by a row in Postgres; nothing while it cannot say, which is told elsewhere."""
    try:
        led = PostgresLeadership(parts.history_engine).led()
    except TallyError:
        return
    for process in sorted(set(DUTIES.values())):
        idle = [duty for duty in DUTIES if DUTIES[duty] == process and not led[duty]]
        if idle:
            yield warning(
                "duty_without_leader",
                f"nobody leads {', '.join(idle)}",
                f"start one: tally {process}; if one runs, look at its log",
            )
    if all(led.values()):
        yield ok("duties", f"led: {', '.join(sorted(led))}")


def _recorder(parts: Platform) -> Iterator[Finding]:
    lag = event_stream(parts, "doctor").lag()
    limit = parts.settings.redis.stream_limit
    if limit and lag.events > _MOST_EVENTS * limit:
        yield wrong(
            "stream_full",
            f"{lag.events} events wait for the record; at {limit} enqueueing is refused",
            "start a recorder: tally recorder, and look at Postgres",
        )
    elif lag.seconds > _LONG_LAG:
        yield wrong(
            "recorder_behind",
            f"the record is {lag.seconds:.0f} s and {lag.events} events behind",
            "is a recorder running (tally recorder), and is Postgres well?",
        )
    else:
        yield ok("recorder", f"the record is {lag.events} events behind")


def _dates(parts: Platform) -> Iterator[Finding]:
    """Events are above all on record: where that was written by a clock ahead, they are dated ahead."""
    dated = (parts.home.part(RedisEventFloor).look().last_version >> 20) / 1000
    ahead = dated - parts.clock.now().timestamp()
    if ahead > _DATED_AHEAD:
        yield warning(
            "events_dated_ahead",
            f"events are dated {ahead:.0f} s ahead: an earlier Redis was, or this one is behind",
            "run a time service (chrony) there; times on record are right once the clock is past that",
        )


def _workers(service: WorkerService, queues: list[QueueState]) -> Iterator[Finding]:
    workers = service.all()
    stale = [worker.name for worker in workers if service.is_stale(worker)]
    alive = [worker for worker in workers if worker.name not in stale]
    if stale:
        yield warning(
            "stale_workers",
            f"{len(stale)} records of worker processes that are gone: {', '.join(stale[:3])}",
            "they harm nothing and end by themselves; at once: tally workers clear",
        )
    foreign = [worker.name for worker in alive if not worker.version]
    if foreign:
        yield wrong(
            "foreign_workers",
            f"rq's own workers run here and would spoil jobs: {', '.join(foreign[:3])}",
            "stop them; use scripts/workers/start-workers.sh, and the ACL of docs/security.md",
        )
    served = {queue for worker in alive for queue in worker.queues}
    for queue in queues:
        waiting = queue.counts[JobState.QUEUED]
        if waiting and queue.name not in served:
            yield wrong(
                "no_worker",
                f"{waiting} jobs wait in {queue.name} and no worker serves it",
                f"./scripts/workers/start-workers.sh {queue.name.partition(':')[2] or 'default'}",
            )
    versions = {worker.version for worker in alive}
    if len(versions) > 1:
        yield warning(
            "mixed_versions",
            f"workers of several releases run: {sorted(versions)}",
            "end the deploy",
        )
    if alive:
        slots = sum(worker.slots for worker in alive)
        yield ok("workers", f"{len(alive)} worker processes with {slots} slots")


def _leases(parts: Platform) -> Iterator[Finding]:
    without = parts.home.part(leases_without_jobs)
    if without:
        yield wrong(
            "leases_without_jobs",
            f"{len(without)} leases belong to no started job: {', '.join(without[:3])}",
            "tally reconcile names what is out and repairs it",
        )
    expired = parts.lease_book.expired(500)
    if expired:
        yield warning(
            "leases_expired",
            f"{len(expired)} leases have ended and are not rescued",
            "they are within seconds while a scheduler or supervisor runs: start one",
        )


def leases_without_jobs(redis: Redis, keys: Keys) -> list[str]:
    """Ids that hold a lease and do not run. A job may end between two looks, so one look is not enough:
    what is named has the same lease, and does not run, at one moment of Redis.
    """
    with translated():
        first: list[Any] = redis.zrange(keys.leases, 0, 999, withscores=True)
        pipe = redis.pipeline(transaction=True)
        for job_id, _ in first:
            pipe.zscore(keys.leases, job_id)
            pipe.hget(keys.job(job_id.decode()), "status")
        seen = pipe.execute() if first else []
    return [
        job_id.decode()
        for (job_id, lease), now, state in zip(first, seen[::2], seen[1::2], strict=True)
        if now == lease and state != b"started"
    ]


def _books(parts: Platform, queues: list[QueueState]) -> Iterator[Finding]:
    out = imbalances(queues, parts.home.part(RedisLedgerView))
    if out:
        words = ", ".join(f"{name} by {difference:+d}" for name, difference in out.items())
        yield wrong("books", f"the books do not balance: {words}", "run tally reconcile")
    else:
        yield ok("books", "the books balance")


def _paused(parts: Platform) -> Iterator[Finding]:
    for pause in parts.inspection.pauses():
        words = pause_words(pause, parts.clock.now())
        yield warning("paused", words, f"{resume_command(pause)}, if it was forgotten")
