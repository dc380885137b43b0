"""What the record alone can say, for when Redis cannot be asked: some moments old, and without results."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import islice
from typing import Any, TypeVar

from backend.api.config.settings import Settings
from backend.bootstrap.current import platform
from backend.cli.input.parts import history_service
from backend.cli.output.ages import age
from backend.cli.output.job_printing import attempts_of
from backend.cli.output.plain_data import plain
from backend.cli.output.printing import print_json, print_rows, say
from backend.domain.errors import HistoryUnavailable, MigrationError, QueueUnavailable
from backend.domain.history.history_record import JobRecord, RecordedQueue
from backend.domain.history.history_search import MOST_PER_PAGE
from backend.domain.jobs.job_filter import JobFilter
from backend.domain.jobs.job_state import JobState

Answer = TypeVar("Answer")


def print_queues(away: QueueUnavailable, *, as_json: bool) -> None:
    """Every queue with jobs that have not ended, or are dead; ``away`` is why Redis is not asked."""
    queues = _asked(away, lambda: history_service().queues())
    _tell(away)
    dead, stuck = (sum(getattr(queue, name) for queue in queues) for name in ("dead", "stuck"))
    if as_json:
        rows = [_as_live(queue) for queue in queues]
        said = {"queues": rows, "dead": dead, "started_over_5_minutes": stuck, "source": "history"}
        print_json(said)
        return
    print_rows(
        ("queue", "queued", "started", "scheduled", "oldest", "dead"),
        [
            (q.name, q.queued, q.started, q.scheduled, age(q.oldest_enqueued_at), q.dead)
            for q in queues
        ],
        empty="no job on record waits, runs or is dead",
    )
    say(f"{dead} in the dead-letter queue; {stuck} running for more than 5 minutes")


def _as_live(queue: RecordedQueue) -> dict[str, Any]:
    """What the record knows of it, in the places where a script looks for it while Redis is there."""
    counts = {state: getattr(queue, state) for state in ("queued", "started", "scheduled")}
    oldest = plain(queue.oldest_enqueued_at)
    return {"name": queue.name, "counts": counts, "oldest_enqueued_at": oldest, "dead": queue.dead}


def print_dead(away: QueueUnavailable, wanted: JobFilter, limit: int, *, as_json: bool) -> None:
    """Dead jobs that a filter takes, the newest accepted first."""
    found = _asked(away, lambda: list(islice(_dead(wanted), limit)))
    _tell(away)
    if as_json:
        print_json([_as_dead(job) for job in found])
        return
    print_rows(
        ("job", "type", "queue", "dead for", "attempts", "reason", "error"),
        [
            (
                job.id,
                job.job_type,
                job.queue,
                age(job.finished_at),
                attempts_of(job, "/"),
                job.error_reason,
                job.last_error.partition("\n")[0][:120],
            )
            for job in found
        ],
        empty="no job on record is dead, or none matches",
    )


def _as_dead(job: JobRecord) -> dict[str, Any]:
    """The same in the places where it is while Redis is there, with what else the record knows."""
    # The record has class and message in one text, and no traceback.
    message = job.last_error.removeprefix(f"{job.error_kind}: ")
    said = {
        "reason": job.error_reason,
        "error": job.error_kind,
        "message": message,
        "traceback": "",
    }
    error = said if job.last_error or job.error_kind else None
    return {**plain(job), "died_at": plain(job.finished_at), "error": error, "source": "history"}


def _asked(away: QueueUnavailable, ask: Callable[[], Answer]) -> Answer:
    """What the record says; when it cannot be asked either, the first trouble is the one to tell."""
    try:
        return ask()
    except (HistoryUnavailable, MigrationError):
        raise away from None


def _dead(wanted: JobFilter) -> Iterator[JobRecord]:
    dead = replace(wanted, states=frozenset([JobState.FAILED]))
    page = history_service().search(dead, limit=MOST_PER_PAGE)
    yield from (job for job in page.jobs if job.discarded_at is None)
    while page.next is not None:
        page = history_service().search(dead, limit=MOST_PER_PAGE, after=page.next)
        yield from (job for job in page.jobs if job.discarded_at is None)


def _tell(away: QueueUnavailable) -> None:
    is_default = platform().settings.redis_url == Settings.model_fields["redis_url"].default
    unset = " (REDIS_URL is not set)" if is_default else ""
    say(f"{away}{unset}: this is the record, some moments old")
