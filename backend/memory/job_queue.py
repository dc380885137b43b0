"""Accepting jobs and looking at one, in memory."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from threading import TIMEOUT_MAX

from backend.domain.errors import HistoryBacklogFull, QueueFull
from backend.domain.jobs.job import (
    Conflict,
    EnqueueReply,
    JobView,
    NewJob,
    new_ids,
    without_conflicts,
)
from backend.domain.jobs.job_state import JobState
from backend.memory.kept_job import KeptJob
from backend.memory.state import BrokerState
from backend.memory.waiting import quotas, scopes


class MemoryJobQueue:
    """The `JobQueue` in memory."""

    def __init__(
        self,
        state: BrokerState,
        *,
        backlog_limit: int = 0,
        stream_limit: int = 0,
    ) -> None:
        self._state = state
        self._backlog_limit = backlog_limit
        self._stream_limit = stream_limit

    def enqueue(self, jobs: Sequence[NewJob]) -> list[EnqueueReply]:
        """Accepts jobs in order; a refusal names how many were accepted before it."""
        with self._state.lock:
            replies: list[EnqueueReply | Conflict] = []
            try:
                for job in jobs:
                    replies.append(self._accept(job, len(replies)))
            except (QueueFull, HistoryBacklogFull) as refusal:
                if ids := new_ids(replies):
                    refusal.details["accepted_ids"] = ids
                raise
        return without_conflicts(replies)

    def find(self, job_id: str) -> JobView | None:
        """The job as it stands now."""
        with self._state.lock:
            job = self._state.find(job_id)
            return job.view(is_result_over=self._is_result_over(job)) if job else None

    def _is_result_over(self, job: KeptJob) -> bool:
        """Whether it has finished and the time is over for which its result is kept."""
        is_finished = job.state is JobState.FINISHED
        return is_finished and not job.result and job.forget_result_ms <= self._state.now_ms

    def wait(self, job_id: str, timeout: float) -> bool:
        """Blocks until the job is final, at most ``timeout`` seconds of the machine's clock."""
        with self._state.lock:
            if self._state.find(job_id) is None:
                return False
            return self._state.changed.wait_for(
                lambda: self._is_over(job_id), min(timeout, TIMEOUT_MAX)
            )

    def _is_over(self, job_id: str) -> bool:
        job = self._state.find(job_id)
        return job is None or job.state.is_final

    def _accept(self, job: NewJob, accepted: int) -> EnqueueReply | Conflict:
        state = self._state
        here = state.find(job.id)
        twin = here or (state.holder_of(job.unique_key) if job.unique_key else None)
        if twin is not None:
            return conflict_between(twin, job) or EnqueueReply(twin.id, created=False)
        met = scopes.meet(state, job, may_tell=not self._is_behind)
        if met is not None:
            return met
        self._refuse_if_full(job, accepted)
        state.accept(job)
        if job.scope is not None:
            scopes.enter(state, state.jobs[job.id], job.scope)
        return EnqueueReply(job.id, created=True)

    @property
    def _is_behind(self) -> bool:
        return bool(self._stream_limit) and len(self._state.events) >= self._stream_limit

    def _refuse_if_full(self, job: NewJob, accepted: int) -> None:
        if self._is_behind:
            raise HistoryBacklogFull(
                "the recorder is too far behind to accept more without risking the record",
                accepted=accepted,
            )
        queue = str(job.queue)
        waiting = len(self._state.queues[queue]) + len(self._state.lines.ids(queue))
        if self._backlog_limit and waiting >= self._backlog_limit:
            raise QueueFull(
                f"queue {job.queue} is at its backlog limit; job {job.id} was not accepted. "
                "Wait for workers, or raise redis.backlog_limit",
                queue=str(job.queue),
                accepted=accepted,
            )
        quotas.refuse_if_used_up(self._state, job, accepted)


def conflict_between(twin: KeptJob, job: NewJob) -> Conflict | None:
    """What has an id or a key must ask for the same again; a job without either is its contents."""
    if not job.digest or job.digest in {twin.asked.digest, *twin.digests}:
        return None
    is_same = (twin.asked.job_type, twin.payload) == (job.job_type, job.payload)
    if not twin.asked.digest and is_same:
        return None
    since = datetime.fromtimestamp(twin.created_ms / 1000, UTC)
    return Conflict(twin.id, since.strftime("%Y-%m-%dT%H:%M:%S.%fZ"))
