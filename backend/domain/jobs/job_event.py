"""One line of a job's history, as the broker's functions append it to the stream."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

from backend.domain.jobs.job_state import JobState


class EventKind(StrEnum):
    """What happened to a job. The value is the stored word, in the stream and in SQL."""

    ENQUEUED = "enqueued"
    PROMOTED = "promoted"
    STARTED = "started"
    #: A start that was taken back, as history tells it: a worker held the job and its handler never began.
    CLAIMED = "claimed"
    FINISHED = "finished"
    RETRIED = "retried"
    SNOOZED = "snoozed"
    FAILED = "failed"
    RELEASED = "released"
    CRASHED = "crashed"
    SUSPECTED = "suspected"
    CANCEL_ASKED = "cancel_asked"
    CANCELED = "canceled"
    REDRIVEN = "redriven"
    DISCARDED = "discarded"
    RESOLVED = "resolved"
    REPRIORITISED = "reprioritised"
    #: A job that waits got the payload of a later one that is the same, and perhaps a later time.
    REPLACED = "replaced"
    #: An entry that named no runnable job was taken off a queue or the schedule.
    DROPPED = "dropped"


#: The state a job is in after an event; `ENQUEUED` carries its own, and some change none.
STATE_AFTER: dict[EventKind, JobState] = {
    EventKind.PROMOTED: JobState.QUEUED,
    EventKind.STARTED: JobState.STARTED,
    EventKind.CLAIMED: JobState.STARTED,
    EventKind.FINISHED: JobState.FINISHED,
    EventKind.RETRIED: JobState.SCHEDULED,
    EventKind.SNOOZED: JobState.SCHEDULED,
    EventKind.FAILED: JobState.FAILED,
    EventKind.RELEASED: JobState.QUEUED,
    EventKind.CRASHED: JobState.QUEUED,
    EventKind.SUSPECTED: JobState.QUEUED,
    EventKind.CANCELED: JobState.CANCELED,
    EventKind.REDRIVEN: JobState.QUEUED,
    EventKind.DISCARDED: JobState.FAILED,
    EventKind.RESOLVED: JobState.FINISHED,
}

#: The events that end an attempt; each belongs to the `STARTED` event whose id is its fence.
ATTEMPT_ENDS = frozenset(
    {
        EventKind.FINISHED,
        EventKind.RETRIED,
        EventKind.SNOOZED,
        EventKind.FAILED,
        EventKind.RELEASED,
        EventKind.CRASHED,
        EventKind.SUSPECTED,
        EventKind.CANCELED,
    }
)


def version_of(stream_id: str) -> int:
    """A stream id as one number that sorts the same way: milliseconds, then 20 bits of sequence."""
    milliseconds, _, sequence = stream_id.partition("-")
    return (int(milliseconds) << 20) | int(sequence or 0)


class JobEvent(NamedTuple):
    """One event. Fields that a kind does not have are empty. Times are milliseconds of Redis' clock."""

    id: str
    kind: str
    job_id: str
    queue: str = ""
    attempt: int = 0
    #: The worker, or who acted.
    worker: str = ""
    #: Id of the `STARTED` event of the attempt that this one ends.
    fence: str = ""
    #: JSON of the result or error; for what people did, their reason as plain text.
    body: str = ""
    run_ms: float = 0.0
    due_ms: int = 0
    #: Only of `ENQUEUED`:
    state: str = ""
    job_type: str = ""
    max_attempts: int = 0
    #: RQ's call as JSON (also of `REPLACED`, and of `REDRIVEN` with a changed payload).
    data: str = ""
    #: Of these three too: a job that gets another payload has what follows from that among its options.
    options: str = ""
    #: What the handler logged in the attempt that this ends, as JSON.
    log: str = ""
    #: Id of a `STARTED` event that this one takes back: the handler never began.
    taken_back: str = ""
    #: Its place in the line that told it, from 1; 0: an entry of its own.
    number: int = 0
