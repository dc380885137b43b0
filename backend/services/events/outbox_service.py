"""The outbox as a job queue: jobs are accepted by Postgres, in the caller's transaction if there is one.

A job is accepted when the transaction commits, whether Redis can be reached or not; the relay brings it
there. With a transaction that is rolled back it never was.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from datetime import UTC
from typing import Any

from backend.domain.errors import HistoryUnavailable, QueueUnavailable
from backend.domain.events.outbox import OutboxDepth, OutboxRow, replies_to
from backend.domain.events.outbox_ports import Outbox
from backend.domain.jobs.job import EnqueueReply, JobView, NewJob
from backend.domain.jobs.job_state import JobState
from backend.domain.ports import JobQueue

#: Seconds between looks at whether the relay has brought a job to Redis.
_LOOK_AGAIN = 0.05


class OutboxService:
    """Accepts jobs by way of Postgres. Also a `JobQueue`, for deployments that make it the default."""

    def __init__(
        self,
        outbox: Outbox,
        queue: JobQueue,
        *,
        monotonic: Callable[[], float] = time.monotonic,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        self._outbox = outbox
        self._queue = queue
        self._monotonic = monotonic
        self._pause = pause

    def enqueue(self, jobs: Sequence[NewJob], session: Any = None) -> list[EnqueueReply]:
        """Accepts jobs, all of them or none, with ``session``'s transaction or at once.

        Raises `IdempotencyConflict` for an id that is in the outbox with other contents, also by this
        very transaction or list. What Redis alone knows is told when the relay comes there: the row is
        set aside with the reason. Without a ``session`` a `HistoryUnavailable` says as `QueueUnavailable`
        does whether they may have been accepted all the same, and under which ids.
        """
        try:
            news = self._outbox.add(jobs, session)
        except HistoryUnavailable as error:
            if session is not None:
                # What becomes of its transaction, whoever has it will know.
                raise
            # Most processes never come here.
            from backend.domain.jobs.plans.unanswered import unanswered

            raise unanswered(error, jobs, "nothing was written") from error
        return replies_to(jobs, news, lambda job_id: self._outbox.find(job_id, session))

    def find(self, job_id: str) -> JobView | None:
        """The job as it stands in Redis, or as it waits in the outbox.

        While Redis is away only a job that was not sent yet can be told of; else raises
        `QueueUnavailable`.
        """
        try:
            job = self._queue.find(job_id)
        except QueueUnavailable:
            unsent = self._unsent(job_id)
            if unsent is None:
                raise
            return _view_of(unsent)
        if job is not None:
            return job
        row = self._outbox.find(job_id)
        if row is None:
            return None
        # Read again: the relay may have been faster than we were.
        if row.accepted_as:
            # Under its own id, or under that of the job that held its idempotency key. One that was there
            # and has left Redis is not waiting any more: what became of it, the record knows.
            return self._queue.find(row.accepted_as)
        return self._queue.find(job_id) or _view_of(row)

    def _unsent(self, job_id: str) -> OutboxRow | None:
        """As far as anybody can tell while Redis is away."""
        try:
            row = self._outbox.find(job_id)
        except HistoryUnavailable:
            return None
        return None if row is None or row.accepted_as else row

    def wait(self, job_id: str, timeout: float) -> bool:
        """Blocks until the job is final, at most ``timeout`` seconds; whether it is."""
        end = self._monotonic() + timeout
        while self._queue.find(job_id) is None:
            row = self._outbox.find(job_id)
            if row is not None and row.accepted_as:
                # Under its own id, or under that of the job that held its idempotency key.
                job_id = row.accepted_as
                break
            if self._monotonic() >= end:
                return False
            self._pause(_LOOK_AGAIN)
        return self._queue.wait(job_id, max(0.001, end - self._monotonic()))

    def depth(self) -> OutboxDepth:
        """How much waits, for metrics and health."""
        return self._outbox.depth()


def _view_of(row: OutboxRow) -> JobView:
    job = row.job
    run_at = job.run_at if job.run_at and job.run_at > row.created_at else None
    return JobView(
        id=job.id,
        job_type=job.job_type,
        queue=str(job.queue),
        state=JobState.SCHEDULED if run_at else JobState.QUEUED,
        payload=json.loads(job.payload),
        attempt=0,
        max_attempts=job.max_attempts,
        created_at=row.created_at.astimezone(UTC),
        run_at=run_at,
        expires_at=job.expires_at,
        timeout=job.timeout,
        options=job.options,
    )
