"""A job in the hands of whoever enqueued it: its id, and the way to its outcome."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Generic, Protocol, TypeVar

from backend.domain.errors import JobCanceled, JobFailed
from backend.domain.jobs.job import JobView
from backend.domain.jobs.job_state import JobState

R_co = TypeVar("R_co", covariant=True)


class JobKeeper(Protocol):
    """Where jobs are asked after, as `QueueService` does it."""

    def get_job(self, job_id: str) -> JobView:
        """The job as it stands; raises `JobNotFound`."""

    def wait(self, job_id: str, timeout: float = 30.0) -> JobView:
        """The job once it is final; raises `WaitTimeout` after ``timeout`` seconds."""

    async def await_job(self, job_id: str, timeout: float = 30.0) -> JobView:
        """The same without blocking the event loop."""

    def cancel_job(self, job_id: str, *, reason: str = "", force: bool = False) -> str:
        """Withdraws it: ``canceled``, or ``asked`` when it runs."""


def as_it_came(result: Any) -> Any:
    """The JSON of a result, as it is."""
    return result


# Not frozen: to make one would cost as much as checking its payload.
@dataclass(slots=True, unsafe_hash=True)
class Job(Generic[R_co]):
    """A job that was enqueued. Looking at it, and printing it, asks nobody; its methods do."""

    id: str
    #: False when its id or idempotency key was that of a job that is there already.
    created: bool
    _keeper: JobKeeper = field(repr=False, compare=False)
    #: Makes what the handler returned of its JSON.
    _decode: Callable[[Any], R_co] = field(default=as_it_came, repr=False, compare=False)

    def view(self) -> JobView:
        """The job as it stands: state, attempts, error, times. Raises `JobNotFound`."""
        return self._keeper.get_job(self.id)

    def result(self, timeout: float = 30.0) -> R_co:
        """What its handler returned; blocks until the job has ended, at most ``timeout`` seconds.

        Raises `WaitTimeout`, `JobFailed` for a job that is dead, `JobCanceled`, and `InvalidResult` when
        what is kept does not fit the handler's annotation here; `HistoryUnavailable` for one that has left
        Redis while the record cannot tell it. The handler's own exception is told by
        `JobFailed`, never raised: its class need not exist here.
        """
        return self._decode(result_of(self._keeper.wait(self.id, timeout)))

    async def aresult(self, timeout: float = 30.0) -> R_co:
        """The same without blocking the event loop.

        Who gives it up, as by `asyncio.wait_for`, goes on at once.
        """
        return self._decode(result_of(await self._keeper.await_job(self.id, timeout)))

    def cancel(self, *, reason: str = "", force: bool = False) -> str:
        """Withdraws it: ``canceled``, or ``asked`` when it runs; ``force`` stops it hard.

        Raises `IllegalMove` for one that has ended. It is a row of the audit log.
        """
        return self._keeper.cancel_job(self.id, reason=reason, force=force)


def result_of(job: JobView) -> Any:
    """The JSON that a final job left; raises `JobFailed` or `JobCanceled` when it left none.

    `HistoryUnavailable` where only the record knows it, and cannot tell now.
    """
    if job.state is JobState.FINISHED:
        if job.is_result_lost:
            # Most results are there.
            from backend.domain.history.recorded_view import lost_result

            raise lost_result(job)
        return job.result
    if job.state is JobState.CANCELED:
        raise JobCanceled(f"job {job.id} ({job.job_type}) was canceled", job_id=job.id)
    error = job.error
    words = f"{error.error}: {error.message}" if error else "nobody knows why"
    raise JobFailed(
        f"job {job.id} ({job.job_type}) failed after {job.attempt} attempts: {words}",
        job_id=job.id,
        error=error,
        reason=error.reason if error else "",
        attempts=job.attempt,
    )
