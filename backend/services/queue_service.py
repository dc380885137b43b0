"""The door for Python callers: enqueue a job, look at it, wait for it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Unpack

from backend.domain.errors import JobNotFound
from backend.domain.history.recorded_view import view_of, with_result
from backend.domain.jobs.hooks.draft import Draft
from backend.domain.jobs.hooks.in_use import IN_USE
from backend.domain.jobs.job import EnqueueReply, JobView, NewJob
from backend.domain.jobs.job_type import JobTypeCatalogue
from backend.domain.jobs.options.job_options import JobOptions, OwnOptions
from backend.domain.ports import JobQueue
from backend.services.calling.async_calls import AsyncCalls, check_time, in_time
from backend.services.calling.caller_parts import CallerParts
from backend.services.calling.job_calls import JobCalls
from backend.services.calling.job_ids import checked_id
from backend.services.calling.plan_calls import PlanCalls
from backend.services.calling.queue_calls import QueueCalls
from backend.services.calling.queue_parts import QueueParts
from backend.services.events.outbox_service import OutboxService
from backend.services.jobs.enqueue_hooks import around_enqueue
from backend.services.jobs.job_intake import JobIntake
from backend.services.jobs.job_options import JobRequest

if TYPE_CHECKING:
    from pydantic import BaseModel


class QueueService(JobCalls, QueueCalls, PlanCalls, AsyncCalls):
    """Accepts jobs, finds them, and does to them and their queues what people can do on pages.

    With no arguments it is wired from the settings of this process.

    Safe for several threads. Raises `InvalidRequest` for what can never be accepted and
    `Unavailable` for what cannot be accepted now. `QueueFull` and `HistoryBacklogFull` say that
    nothing was enqueued, or how many of several: the first ``details["accepted"]`` and all of
    ``details["accepted_ids"]``. `QueueUnavailable`, and `HistoryUnavailable` where Postgres accepts the
    jobs, say in ``details["may_be_accepted"]`` whether the request was on its way when the trouble came:
    then the job may run although this raised. ``details["job_id"]`` (of several: ``job_ids``) is its id,
    and sending it again with that ``job_id`` is safe.
    """

    def __init__(
        self,
        queue: JobQueue | None = None,
        intake: JobIntake | None = None,
        outbox: Callable[[], OutboxService] | None = None,
        reach: Callable[[], CallerParts] | None = None,
    ) -> None:
        """``reach`` makes, when it is first needed, what stands behind all but enqueueing."""
        if queue is not None and intake is not None:
            parts = QueueParts(queue, intake, outbox, reach)
            self._find_parts: Callable[[], QueueParts] = lambda: parts
        else:
            from backend.bootstrap import current

            # Asked for at each call: a test kit may stand in for the real ones, and lets go of it again.
            self._find_parts = current.queue_parts

    @classmethod
    def of(cls, parts: QueueParts) -> QueueService:
        """One that stands on these, whatever the settings say."""
        service = cls(parts.queue, parts.intake)
        service._find_parts = lambda: parts
        return service

    @property
    def _queue(self) -> JobQueue:
        return self._find_parts().queue

    @property
    def _intake(self) -> JobIntake:
        return self._find_parts().intake

    @property
    def catalogue(self) -> JobTypeCatalogue:
        """The job types that can be enqueued here."""
        return self._intake.catalogue

    def _outbox(self) -> OutboxService:
        return self._find_parts().outbox

    def enqueue_job(
        self,
        job_type: str,
        payload: Mapping[str, Any] | BaseModel | None = None,
        priority: str | None = None,
        *,
        session: Any = None,
        **options: Unpack[JobOptions],
    ) -> str:
        """Enqueues one job and returns its id; once it returns, the job will not be lost.

        ``payload`` is a mapping, or the job type's model; both are kept as JSON.

        With a ``session`` (a SQLAlchemy Session or Connection, or a psycopg2 connection or cursor)
        the job is written in that transaction: it is accepted when you commit, whether Redis can be
        reached or not, and never was when you roll back.

        ``options`` are those of `JobOptions`, each with its range in docs/job-options.md; durations
        are seconds, a naive instant means UTC, and None says nothing. What is no option, or out of
        its range, raises `InvalidOption`.
        """
        return self.accept(job_type, payload, priority, options, session).id

    def accept(
        self,
        job_type: str,
        payload: Mapping[str, Any] | BaseModel | None,
        priority: str | None,
        options: Mapping[str, Any],
        session: Any = None,
    ) -> EnqueueReply:
        """Like `enqueue_job`, but tells whether the job was already there."""
        parts = self._find_parts()
        if IN_USE.around_enqueue:
            draft = Draft(job_type, payload, priority, dict(options))
            return self._accept_drafts([draft], None, session)[0]
        job = parts.intake.check(job_type, payload, priority, options)
        if session is not None:
            return parts.outbox.enqueue([job], session)[0]
        return parts.queue.enqueue([job])[0]

    def enqueue_many(self, requests: Iterable[JobRequest], *, session: Any = None) -> list[str]:
        """Enqueues many jobs, each a mapping of what `enqueue_job` takes; ids in the same order.

        All are checked before the first is enqueued: of one that does not fit, ``details["place"]`` and
        the message say which, counted from 0. On any refusal in the middle,
        ``details["accepted"]`` says how many from the start were accepted, and ``accepted_ids`` which
        are new by this call: several hundred are sent at once, so some behind the refused one may have
        found room. Ids already given are harmless to send again. With a ``session`` all of them are
        written in its transaction, or none.
        """
        return [reply.id for reply in self.accept_many(requests, session=session)]

    def accept_many(
        self,
        requests: Iterable[JobRequest],
        own: OwnOptions | None = None,
        *,
        session: Any = None,
    ) -> list[EnqueueReply]:
        """Like `enqueue_many`, but tells which jobs were already there.

        ``own`` is what Tally itself says of each, whoever asks for it.
        """
        intake, given = self._intake, list(requests)
        if IN_USE.around_enqueue and given:
            drafts = [Draft.of(request) for request in given]
            return self._accept_drafts(drafts, own, session)
        return self._send(intake.check_requests(given, own), session)

    def _accept_drafts(
        self, drafts: Sequence[Draft], own: OwnOptions | None, session: Any
    ) -> list[EnqueueReply]:
        """Accepts what middleware has made of them."""
        with around_enqueue(drafts):
            jobs = self._intake.check_requests([draft.request() for draft in drafts], own)
            replies = self._send(jobs, session)
            for draft, job, reply in zip(drafts, jobs, replies, strict=True):
                draft.job_id, draft.created, draft.queue = reply.id, reply.created, str(job.queue)
        return replies

    def _send(self, jobs: Sequence[NewJob], session: Any) -> list[EnqueueReply]:
        if not jobs:
            return []
        return (
            self._queue.enqueue(jobs) if session is None else self._outbox().enqueue(jobs, session)
        )

    def get_job(self, job_id: str) -> JobView:
        """The job as it stands: state, attempts, result, error, times.

        One that has left Redis is as the record has it, and so is a result that has left it before its
        job; while the record cannot tell that, ``is_result_lost`` is true. Raises `JobNotFound`, and
        `HistoryUnavailable` when only the record could tell of the job.
        """
        job = self._queue.find(checked_id(job_id))
        if job is None:
            return self._not_in_redis(job_id)
        return job if job.result_until is None else self._with_result(job)

    def _with_result(self, job: JobView) -> JobView:
        """A job whose result has left Redis before it."""
        if not self._find_parts().reaches_record:
            return job
        return with_result(job, self.job_history)

    def _not_in_redis(self, job_id: str) -> JobView:
        """A job that has left it, or was not brought there yet."""
        missing = JobNotFound(f"no job {job_id!r} in Redis", job_id=job_id)
        parts = self._find_parts()
        if parts.reaches_record:
            try:
                return view_of(self.job_history(job_id))
            except JobNotFound as error:
                missing = error
        waiting = parts.outbox.find(job_id) if parts.has_outbox else None
        if waiting is None:
            raise missing
        return waiting

    def wait(self, job_id: str, timeout: float = 30.0) -> JobView:
        """Blocks until the job is final, and returns it; raises `WaitTimeout` after ``timeout`` s.

        A Redis that falls silent meanwhile is given up soon after that, or after an hour:
        `QueueUnavailable`. ``math.inf`` waits as long as it takes.
        """
        check_time(timeout)
        checked_id(job_id)
        return in_time(self._after(job_id, timeout), timeout)

    def _after(self, job_id: str, seconds: float) -> JobView:
        """The job once it has ended, or as it stands after so many seconds."""
        ends_at = time.monotonic() + seconds
        while self._has_ended(job_id, max(ends_at - time.monotonic(), 0.0)):
            job = self.get_job(job_id)
            # What told of its end may be left from one before: the job was sent home since.
            if job.state.is_final or time.monotonic() >= ends_at:
                return job
        return self.get_job(job_id)

    def _has_ended(self, job_id: str, timeout: float) -> bool:
        """Whether it is final by then; a job that was given a session may have to come to Redis first."""
        ends_at = time.monotonic() + timeout
        if self._queue.wait(job_id, timeout):
            return True
        left = ends_at - time.monotonic()
        parts = self._find_parts()
        # Of a job that it does not know, Redis tells that at once.
        if left <= 0 or not parts.has_outbox or parts.outbox.find(job_id) is None:
            return False
        return parts.outbox.wait(job_id, left)
