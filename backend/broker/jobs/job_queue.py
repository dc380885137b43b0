"""Accepting jobs and looking at one: what callers of the platform touch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

from redis import Redis
from redis.exceptions import RedisError

from backend.broker.jobs import codec
from backend.broker.jobs.enqueue_arguments import enqueue_arguments, row_of
from backend.broker.keys import Keys
from backend.broker.server.connection import blocked, translated
from backend.broker.server.functions import Functions
from backend.domain.errors import (
    HistoryBacklogFull,
    InvalidRequest,
    QueueFull,
    QueueUnavailable,
    TallyError,
)
from backend.domain.jobs.job import Conflict, EnqueueReply, JobView, NewJob, without_conflicts
from backend.domain.jobs.job_state import JobState
from backend.domain.jobs.step_codes import EnqueueCode

#: More in one step would hold the server too long for the others.
BATCH = 100


class RedisJobQueue:
    """The `JobQueue` on Redis."""

    def __init__(
        self,
        client: Redis,
        blocking: Redis,
        keys: Keys,
        *,
        backlog_limit: int = 0,
        stream_limit: int = 0,
    ) -> None:
        self._client = client
        self._blocking = blocking
        self._keys = keys
        self._functions = Functions(client, keys.root)
        self._limits = (backlog_limit, stream_limit)

    def enqueue(self, jobs: Sequence[NewJob]) -> list[EnqueueReply]:
        """Accepts jobs, a hundred a step; any refusal names how many were accepted before it.

        All are encoded before the first is sent: what cannot be is refused with nothing accepted.
        A `QueueUnavailable` says whether those of its step may have been accepted all the same, and
        under which ids. Raises `IdempotencyConflict` for the first job whose key or id belongs to
        another, after the others were accepted.
        """
        replies: list[EnqueueReply | Conflict] = []
        rows = [row_of(job) for job in jobs]
        for at in range(0, len(jobs), BATCH):
            arguments = enqueue_arguments(rows[at : at + BATCH])
            try:
                codes = self._functions.call("enqueue", *self._limits, *arguments)
            except QueueUnavailable as error:
                raise _unanswered(error, jobs, at) from error
            except TallyError as error:
                error.details.setdefault("accepted", at)
                raise
            except RedisError as error:
                raise InvalidRequest(
                    f"Redis cannot do what was sent: {error}; only the first {at} were accepted",
                    accepted=at,
                ) from error
            for job, code in zip(jobs[at : at + BATCH], codes, strict=True):
                replies.append(_reply(job, code, len(replies)))
        return without_conflicts(replies)

    def find(self, job_id: str) -> JobView | None:
        """The job's hash, newest result and due time, read together."""
        with translated():
            pipe = self._client.pipeline(transaction=False)
            pipe.hgetall(self._keys.job(job_id))
            pipe.xrevrange(self._keys.results(job_id), count=1)
            pipe.zscore(self._keys.schedule, job_id)
            fields, results, due = cast(tuple[Any, Any, Any], tuple(pipe.execute()))
        if b"status" not in fields:
            return None
        return codec.job_view(job_id, fields, results[0][1] if results else None, due)

    def wait(self, job_id: str, timeout: float) -> bool:
        """Asks ``settle`` for a token on the job's own list, then blocks on it."""
        status = self._functions.call("await", job_id)
        if status is None or JobState(status.decode()).is_final:
            return status is not None
        seconds = max(timeout, 0.001)
        done = self._keys.done(job_id)
        with translated():
            return blocked(self._blocking, seconds, "BLPOP", done, seconds) is not None


def _unanswered(error: QueueUnavailable, jobs: Sequence[NewJob], accepted: int) -> QueueUnavailable:
    """What a caller must know who would send the jobs again."""
    may_be = bool(error.details.get("may_be_done"))
    details = {**error.details, "may_be_accepted": may_be}
    if len(jobs) > 1:
        details["accepted"] = accepted
    if not may_be:
        told = f"only the first {accepted} were accepted" if accepted else "nothing was written"
    elif len(jobs) == 1:
        details["job_id"] = jobs[0].id
        told = (
            f"job {jobs[0].id} may have been accepted all the same: "
            "sending it again is safe under that job_id"
        )
    else:
        details["job_ids"] = [job.id for job in jobs]
        told = (
            "jobs may have been accepted all the same: "
            "sending them again is safe under the ids in job_ids"
        )
    return QueueUnavailable(f"{error}; {told}", **details)


def _reply(job: NewJob, code: Any, accepted: int) -> EnqueueReply | Conflict:
    if isinstance(code, list):
        return Conflict(code[0].decode(), code[1].decode())
    if isinstance(code, bytes):
        return EnqueueReply(code.decode(), created=False)
    if code == EnqueueCode.QUEUE_FULL:
        raise QueueFull(
            f"queue {job.queue} is at its backlog limit; job {job.id} was not accepted. "
            "Wait for workers, or raise redis.backlog_limit",
            queue=str(job.queue),
            accepted=accepted,
        )
    if code == EnqueueCode.HISTORY_FULL:
        raise HistoryBacklogFull(
            "the recorder is too far behind to accept more without risking the record; "
            "look at `tally doctor`, Postgres and the recorder",
            accepted=accepted,
        )
    return EnqueueReply(job.id, created=code != EnqueueCode.EXISTS)
