"""A job in the hands of a caller over HTTP: its id, and the way to its outcome."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, Protocol, TypeVar

from backend.domain.errors import JobCanceled, JobFailed, WaitTimeout
from backend.domain.jobs.attempts.outcome import AttemptError

ResultT_co = TypeVar("ResultT_co", covariant=True)


class JobAsker(Protocol):
    """Where jobs are asked after, as `TallyClient` does it."""

    def job(self, job_id: str) -> dict[str, Any]:
        """The job as it stands."""

    def wait(self, job_id: str, timeout: float = 60.0) -> dict[str, Any]:
        """The job once it has ended; raises `TimeoutError` when it has not in time."""

    def cancel(self, job_id: str, *, reason: str = "", force: bool = False) -> str:
        """Withdraws it: ``canceled``, or ``asked`` when it runs."""


@dataclass(frozen=True, slots=True)
class ClientJob(Generic[ResultT_co]):
    """A job that was enqueued, with the methods of `tally.Job`. Only these ask the API."""

    id: str
    #: False when its id or idempotency key was that of a job that is there already.
    created: bool
    _asker: JobAsker = field(repr=False, compare=False)
    #: Makes what the handler returned of its JSON.
    _decode: Callable[[Any], ResultT_co] = field(repr=False, compare=False)

    def view(self) -> dict[str, Any]:
        """The job as it stands."""
        return self._asker.job(self.id)

    def result(self, timeout: float = 60.0) -> ResultT_co:
        """What its handler returned; blocks until the job has ended, at most ``timeout`` seconds.

        Raises `WaitTimeout`, `JobFailed` for a job that is dead, `JobCanceled`, and `ApiUnreachable` for a
        server that is silent: within five seconds after ``timeout``.
        """
        try:
            job = self._asker.wait(self.id, timeout)
        except TimeoutError as error:
            raise WaitTimeout(str(error), job_id=self.id) from error
        return self._decode(_result_of(job))

    def cancel(self, *, reason: str = "", force: bool = False) -> str:
        """Withdraws it: ``canceled``, or ``asked`` when it runs; ``force`` stops it hard."""
        return self._asker.cancel(self.id, reason=reason, force=force)


def _result_of(job: Mapping[str, Any]) -> Any:
    if job["state"] == "finished":
        return job["result"]
    told = f"job {job['id']} ({job['job_type']})"
    if job["state"] == "canceled":
        raise JobCanceled(f"{told} was canceled", job_id=job["id"])
    error = AttemptError(**job["error"]) if job["error"] else None
    words = f"{error.error}: {error.message}" if error else "nobody knows why"
    raise JobFailed(
        f"{told} failed after {job['attempt']} attempts: {words}",
        job_id=job["id"],
        error=error,
        reason=error.reason if error else "",
        attempts=job["attempt"],
    )
