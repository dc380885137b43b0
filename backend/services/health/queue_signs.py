"""Signs that queues, their jobs and their workers give. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from backend.domain.jobs.job_state import JobState
from backend.domain.jobs.queue_name import lane_of
from backend.domain.jobs.queue_state import QueueState
from backend.services.health.health_situation import Severity, Sign, Situation, jobs, long
from backend.services.health.pause_words import pause_words, resume_command

#: Seconds after which a running job counts as stuck, and a waiting one as waiting long.
STUCK_SECONDS = 300.0
LONG_WAIT_SECONDS = 300.0
#: Jobs that a queue must hold before its growth is worth a word, and the growth that is.
MANY_WAITING, GROWTH = 100, 2
_START = "./scripts/workers/start-workers.sh"


def unserved(found: Situation) -> Iterator[Sign]:
    """Queues whose jobs nobody will run, or that nobody runs anything at all."""
    alive = [each for each in found.workers if each.state != "lost"]
    waiting = {each.name: each.counts[JobState.QUEUED] for each in found.queues}
    if not alive:
        total = sum(waiting.values())
        now = f"{jobs(total)}, and those" if total else "jobs"
        text = f"no worker is alive; {now} that come in will wait: {_START} all"
        yield Sign("no_worker", Severity.CRITICAL, text)
        return
    served = {queue for each in alive for queue in each.queues}
    for name, number in waiting.items():
        if number and name not in served:
            text = (
                f"{jobs(number)} in {name} and no live worker serves it: {_START} {lane_of(name)}"
            )
            yield Sign("no_worker", Severity.CRITICAL, text, name)


def paused(found: Situation) -> Iterator[Sign]:
    """Pauses that jobs wait behind."""
    for pause in found.pauses:
        waiting = pause.waiting(found.queues)
        if waiting:
            text = f"{pause_words(pause, found.now)}; {jobs(waiting)}: {resume_command(pause)}"
            yield Sign("paused", Severity.WARNING, text, pause.what)


def _unexplained(found: Situation) -> list[QueueState]:
    """Queues with jobs that no pause holds, which has a sign of its own, and no freeze, which was meant."""
    aside = sum(queue.parked for queue in found.queues)
    only_paused = aside == sum(pause.parked for pause in found.pauses)
    return [
        queue
        for queue in found.queues
        if not any(pause.holds(queue.name) for pause in found.pauses)
        and not any(window.keeps(queue.name, found.now) for window in found.frozen)
        and not (only_paused and 0 < queue.counts[JobState.QUEUED] == queue.parked)
    ]


def backlogs(found: Situation) -> Iterator[Sign]:
    """Queues whose oldest job has waited long."""
    for queue in _unexplained(found):
        oldest = queue.oldest_enqueued_at
        waited = (found.now - oldest).total_seconds() if oldest else 0.0
        if waited > LONG_WAIT_SECONDS:
            text = f"the oldest job in {queue.name} has waited {long(waited)}; {_help(queue)}"
            yield Sign("backlog", Severity.WARNING, text, queue.name)


def growing_backlogs(found: Situation) -> Iterator[Sign]:
    """Queues that hold many jobs, and far more than a quarter of an hour ago."""
    if found.waited_before is None:
        return
    for queue in _unexplained(found):
        waiting, before = queue.counts[JobState.QUEUED], found.waited_before.get(queue.name, 0)
        if waiting >= MANY_WAITING and waiting > GROWTH * before:
            text = f"{jobs(waiting)} in {queue.name}, {before} did 15 min ago; {_help(queue)}"
            yield Sign("backlog_grows", Severity.WARNING, text, queue.name)


def stuck(found: Situation) -> Iterator[Sign]:
    """Jobs that run for longer than they may."""
    for job in found.running:
        ran = (found.now - job.started_at).total_seconds() if job.started_at else 0.0
        if ran > max(STUCK_SECONDS, job.timeout):
            text = f"{job.job_type} {job.id} has run for {long(ran)} on {job.worker}; cancel it"
            how = f": tally jobs cancel {job.id}, with --force if it does not listen"
            yield Sign("stuck", Severity.WARNING, text + how, job.id)


def lost_workers(found: Situation) -> Iterator[Sign]:
    """Worker processes that went without a word."""
    for worker in found.workers:
        if worker.state == "lost":
            text = f"worker {worker.name} left its record behind; its jobs are rescued, "
            forget = "tally workers clear takes the record away"
            yield Sign("worker_lost", Severity.WARNING, text + forget, worker.name)


def _help(queue: QueueState) -> str:
    if queue.parked == queue.counts[JobState.QUEUED]:
        return "a limit, a freeze or the pause of its type holds it: tally jobs why tells"
    aside = f"{queue.parked} stepped aside for a limit or a pause; " if queue.parked else ""
    return (
        f"{aside}add workers ({_START} {lane_of(queue.name)}), "
        "or look at what they do: tally workers list"
    )
