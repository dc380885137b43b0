"""The door for Python callers: enqueue a job, look at it, wait for it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Unpack

from backend.domain.errors import InvalidOption, JobNotFound, WaitTimeout
from backend.domain.jobs.job import EnqueueReply, JobView
from backend.domain.jobs.options.job_options import JobOptions, OwnOptions
from backend.domain.ports import JobQueue
from backend.services.events.outbox_service import OutboxService
from backend.services.jobs.job_intake import JobIntake
from backend.services.jobs.job_options import JobRequest

if TYPE_CHECKING:
    from pydantic import BaseModel


class QueueService:
    """Accepts jobs. With no arguments it is wired from the settings of this process.

    Safe for several threads. Raises `InvalidRequest` for what can never be accepted and
    `Unavailable` for what cannot be accepted now. `QueueFull` and `HistoryBacklogFull` say that
    nothing (or only the first ``details["accepted"]``) was enqueued. `QueueUnavailable` says in
    ``details["may_be_accepted"]`` whether its request was on its way when the trouble came: then the
    job may run although this raised. ``details["job_id"]`` (of several: ``job_ids``) is its id, and
    sending it again with that ``job_id`` is safe.
    """

    def __init__(
        self,
        queue: JobQueue | None = None,
        intake: JobIntake | None = None,
        outbox: Callable[[], OutboxService] | None = None,
    ) -> None:
        if queue is None or intake is None:
            from backend import bootstrap

            queue, intake, outbox = bootstrap.queue_parts()
        self._queue = queue
        self._intake = intake
        self._make_outbox = outbox
        self._made_outbox: OutboxService | None = None

    def _outbox(self) -> OutboxService:
        """Made when it is first needed: callers without a session need no Postgres."""
        if self._made_outbox is None:
            if self._make_outbox is None:
                raise InvalidOption("this service was wired without an outbox", field="session")
            self._made_outbox = self._make_outbox()
        return self._made_outbox

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
        job = self._intake.check(job_type, payload, priority, options)
        if session is not None:
            return self._outbox().enqueue([job], session)[0].id
        return self._queue.enqueue([job])[0].id

    def enqueue_many(self, requests: Sequence[JobRequest]) -> list[str]:
        """Enqueues many jobs, each a mapping of what `enqueue_job` takes; ids in the same order.

        All are checked before the first is enqueued. On any refusal in the middle,
        ``details["accepted"]`` says how many from the start were accepted; ids already given are
        harmless to send again.
        """
        return [reply.id for reply in self.accept_many(requests)]

    def accept_many(
        self, requests: Sequence[JobRequest], own: OwnOptions | None = None
    ) -> list[EnqueueReply]:
        """Like `enqueue_many`, but tells which jobs were already there.

        ``own`` is what Tally itself says of each, whoever asks for it.
        """
        jobs = [self._intake.check_request(request, own) for request in requests]
        return self._queue.enqueue(jobs) if jobs else []

    def get_job(self, job_id: str) -> JobView:
        """The job as it stands: state, attempts, result, error, times. Raises `JobNotFound`."""
        job = self._queue.find(job_id)
        if job is None and self._made_outbox is not None:
            # This caller uses the outbox: its job may not have been brought to Redis yet.
            job = self._made_outbox.find(job_id)
        if job is None:
            raise JobNotFound(
                f"no job {job_id!r} in Redis; finished jobs stay there for a while, "
                "history keeps them longer: `tally jobs show`",
                job_id=job_id,
            )
        return job

    def wait(self, job_id: str, timeout: float = 30.0) -> JobView:
        """Blocks until the job is final, and returns it; raises `WaitTimeout` after ``timeout`` s.

        A Redis that falls silent meanwhile is given up soon after that: `QueueUnavailable`.
        """
        if not self._queue.wait(job_id, timeout):
            job = self.get_job(job_id)
            if not job.state.is_final:
                raise WaitTimeout(
                    f"job {job_id} is still {job.state} after {timeout:g} s", job_id=job_id
                )
        return self.get_job(job_id)
