"""Jobs on their way from a committed transaction to Redis, and what became of sending them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

from backend.domain.jobs.job import Conflict, EnqueueReply, NewJob, without_conflicts
from backend.domain.jobs.options.durability import Durability


class OutboxJob(NamedTuple):
    """One row that the relay has claimed."""

    number: int
    job: NewJob


class OutboxRow(NamedTuple):
    """A row as people and callers may ask for it."""

    job: NewJob
    created_at: datetime
    sent_at: datetime | None
    #: The id under which Redis has it; empty while it is not sent.
    accepted_as: str
    last_error: str


def replies_to(
    jobs: Sequence[NewJob], news: Sequence[bool], find: Callable[[str], OutboxRow | None]
) -> list[EnqueueReply]:
    """The answers to jobs in their order, of each of which it is known whether it is new to the outbox.

    Raises `IdempotencyConflict` for an id that is in the outbox with other contents.
    """
    return without_conflicts(
        [
            (not is_new and job.digest and _conflict(job, find(job.id)))
            or EnqueueReply(job.id, created=is_new, durability=Durability.RECORDED)
            for job, is_new in zip(jobs, news, strict=True)
        ]
    )


def _conflict(job: NewJob, row: OutboxRow | None) -> Conflict | None:
    if row is None or row.job.digest in {"", job.digest}:
        return None
    return Conflict(job.id, row.created_at.astimezone(UTC).isoformat())


class SendCode(StrEnum):
    """What Redis said to one job."""

    #: It is there now, or was there already.
    ACCEPTED = "accepted"
    #: Not now: its queue or the record is full. Nothing was written.
    REFUSED = "refused"
    #: Never: its key or id belongs to a job with other contents. Nothing was written.
    CONFLICT = "conflict"


class SendReply(NamedTuple):
    """The answer for one job: ``text`` is the id under which Redis has it, or why it has it not."""

    code: SendCode
    text: str
    #: Its job was there before it was sent, or another that stands for it.
    was_there: bool = False


class SentRow(NamedTuple):
    """A row whose job is in Redis."""

    number: int
    #: The id under which Redis has it.
    job_id: str
    #: It was there before the row was sent: it need not be later than that.
    was_there: bool = False


class OutboxDepth(NamedTuple):
    """How much waits in the outbox, for metrics and health."""

    #: Committed and not known to be in Redis.
    waiting: int
    #: Of those: sent by a relay that did not live to see the answer.
    in_doubt: int
    #: Rows that can never be sent.
    set_aside: int
    #: Seconds since the oldest waiting row was written.
    oldest_seconds: float


def without_delay(job: NewJob, now: datetime) -> NewJob:
    """The job with its delay counted from now: the time in the outbox is part of the wait."""
    if job.delay <= 0:
        return job
    return job._replace(run_at=now + timedelta(seconds=job.delay), delay=0.0)
