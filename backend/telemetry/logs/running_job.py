"""The job that runs here, as those know it who write lines."""

from __future__ import annotations

from collections.abc import Mapping
from contextvars import ContextVar
from typing import Any, Protocol


class KeptLog(Protocol):
    """Where lines stay with an attempt."""

    def keep(self, level: str, event: Any, details: Mapping[str, Any]) -> None:
        """Keeps a line; never raises."""


class LoggedJob(Protocol):
    """An attempt, as its lines tell of it."""

    job_id: str
    job_type: str
    attempt: int
    trace_id: str

    @property
    def log(self) -> KeptLog:
        """Its own log."""


#: Set anew in each attempt's own context, so that nothing need take it back.
RUNNING: ContextVar[LoggedJob | None] = ContextVar("tally_running_job", default=None)
#: Whether the line that is being written was kept by the job's log already.
IS_KEPT: ContextVar[bool] = ContextVar("tally_line_is_kept", default=False)


def fields_of(job: LoggedJob) -> dict[str, Any]:
    """What a line says of its job."""
    fields = {"job_id": job.job_id, "job_type": job.job_type, "attempt": job.attempt}
    return {**fields, "trace_id": job.trace_id} if job.trace_id else fields
