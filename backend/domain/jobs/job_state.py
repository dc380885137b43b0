"""The states of a job and the moves between them, as data. The words are RQ's, letter for letter."""

from __future__ import annotations

from enum import StrEnum


class JobState(StrEnum):
    """Where a job stands. The stored word is the value, in Redis, SQL, HTTP and pages alike."""

    #: Waits for its time: a future ``run_at``, or the next attempt after a failure.
    SCHEDULED = "scheduled"
    #: Waits for the jobs it depends on: RQ's word, which only RQ's own callers give a job today.
    DEFERRED = "deferred"
    #: Waits for a worker.
    QUEUED = "queued"
    #: A worker holds its lease.
    STARTED = "started"
    #: Done; its result is kept.
    FINISHED = "finished"
    #: Given up; it is in the dead-letter queue until redriven or discarded.
    FAILED = "failed"
    #: Withdrawn by somebody, or expired before it started.
    CANCELED = "canceled"

    @property
    def is_final(self) -> bool:
        """Whether a job in this state stays there unless a person acts."""
        return self in FINAL_STATES


FINAL_STATES = frozenset({JobState.FINISHED, JobState.FAILED, JobState.CANCELED})

#: From each state, where a job may go next. ``failed`` leaves only by a person: redriven or resolved.
#: No step reads it: the steps are held to it from outside, by the test bench that reads back every
#: history (``tests/integration/broker/audit.py``), and so are the documented states.
LEGAL_MOVES: dict[JobState, frozenset[JobState]] = {
    JobState.SCHEDULED: frozenset({JobState.QUEUED, JobState.CANCELED}),
    JobState.DEFERRED: frozenset({JobState.QUEUED, JobState.SCHEDULED, JobState.CANCELED}),
    JobState.QUEUED: frozenset({JobState.STARTED, JobState.CANCELED}),
    JobState.STARTED: frozenset(
        {
            JobState.FINISHED,
            JobState.FAILED,
            JobState.CANCELED,
            JobState.SCHEDULED,
            JobState.QUEUED,
        }
    ),
    JobState.FINISHED: frozenset(),
    JobState.FAILED: frozenset({JobState.QUEUED, JobState.FINISHED}),
    JobState.CANCELED: frozenset(),
}


def is_legal(origin: JobState, target: JobState) -> bool:
    """Whether a job may move from ``origin`` to ``target``; what tests hold the steps to."""
    return target in LEGAL_MOVES[origin]
