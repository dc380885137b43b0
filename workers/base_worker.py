"""What every worker shares, and what a handler is given beside its payload."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

from backend.domain.errors import PermanentFailure, RetryLater, Snooze
from backend.domain.jobs.options import bounds
from backend.domain.jobs.options.trace_parent import trace_parent_of
from backend.domain.jobs.queue_name import DEFAULT_LANE
from workers.job_types.current_job import current_job
from workers.job_types.declaring import job_type, task
from workers.job_types.job_log import JobLog

if TYPE_CHECKING:
    from workers.job_types.job_ended import JobEnded

__all__ = [
    "BaseWorker",
    "JobContext",
    "PermanentFailure",
    "RetryLater",
    "Snooze",
    "StopRequested",
    "TimeLimitReached",
    "current_job",
    "job_type",
    "task",
]

_LONGEST_NOTE = 200
#: What every reader of JSON takes as it is.
_LARGEST_COUNT = 2**53


class TimeLimitReached(BaseException):
    """Raised inside a handler at its soft time limit; not an `Exception`, so that few swallow it.

    An async handler is cancelled instead, and its attempt ends by this.
    """


class StopRequested(BaseException):
    """Raised inside a handler that must end now: stopped by force, its lease was lost, or its process stops
    and will not wait any longer.
    """


class ProgressSink(Protocol):
    """Takes what a handler says about how far it is."""

    def __call__(self, done: float, total: float | None, note: str) -> None: ...


class Checkpoints(Protocol):
    """Where an attempt leaves something for later attempts of its job."""

    def load(self) -> Any: ...

    def save(self, value: Any) -> None: ...


@dataclass(slots=True)
class JobContext:
    """What a handler may know and say about the attempt it runs in."""

    job_id: str
    job_type: str
    attempt: int
    queue: str = ""
    trace_id: str = ""
    tags: tuple[str, ...] = ()
    tenant: str = ""
    context_id: str = ""
    #: Where its maker said that it belongs: ``staging``, say.
    environment: str = ""
    #: The version of the job type when the job was accepted; a deploy may have come since.
    version: int = 1
    #: A rehearsal: touch nothing outside.
    is_test: bool = False
    #: Its maker is bound to the tenant: the job may see and touch nothing of others.
    is_confined: bool = False
    #: Grows with every attempt; guards effects against an attempt that was given up.
    fence: str = ""
    #: When the soft limit will end this attempt; monotonic seconds, None for none.
    deadline: float | None = None
    worker: str = ""
    report_progress: ProgressSink | None = None
    checkpoints: Checkpoints | None = None
    #: Tells the last progress, where it was said too soon after the one before.
    catch_up: Callable[[], None] | None = None
    #: Whether somebody asked for this job to stop; long handlers look now and then.
    canceled: bool = False
    #: The span that asked for the job, or this attempt's own where a tracer made one; W3C Trace Context.
    traceparent: str = ""
    tracestate: str = ""
    #: The job that this one follows, and how that ended; None for one that follows none.
    follows: JobEnded | None = None
    #: Why an async handler is being cancelled: ``timeout``, ``canceled``, ``stopping`` or ``lease_lost``.
    stop_reason: str = ""
    #: The log, once the handler has asked for it, or a library has written a line.
    written: JobLog | None = None
    #: Told once the log has begun.
    watch_log: Callable[[JobContext], None] | None = None

    @property
    def idempotency_key(self) -> str:
        """The same for every attempt of this job: hand it to services that can deduplicate."""
        return self.job_id

    def trace_headers(self) -> dict[str, str]:
        """The headers by which a call to others hands the job's trace on; none outside of a W3C trace."""
        if self.traceparent:
            headers = {"traceparent": self.traceparent}
            return {**headers, "tracestate": self.tracestate} if self.tracestate else headers
        made = trace_parent_of(self.trace_id, f"{self.idempotency_key}:{self.attempt}")
        return {"traceparent": made} if made else {}

    def progress(self, done: float, total: float | None = None, note: str = "") -> None:
        """Says how far the job is. Cheap to call often: at most two a second are written, and the last.

        Numbers that are none (NaN, infinity, text) are not written but logged: they fail no job.
        """
        if not _is_count(done) or (total is not None and not _is_count(total)):
            self.log.warning(
                "progress is not a number", done=bounds.shown(done), total=bounds.shown(total)
            )
        elif self.report_progress is not None:
            self.report_progress(done, total, str(note)[:_LONGEST_NOTE])

    def checkpoint(self) -> Any:
        """What `save_checkpoint` kept last, in this attempt or an earlier one; None for nothing.

        Raises `QueueUnavailable` while Redis cannot say.
        """
        return None if self.checkpoints is None else self.checkpoints.load()

    def save_checkpoint(self, value: Any) -> None:
        """Keeps a JSON value of at most 16 KiB for later attempts of this job, at once.

        For what must not be done again when the job is retried, redriven or rescued. A job that a
        rebuild from history made again has none. Raises `QueueUnavailable` when Redis cannot keep it,
        and `StopRequested` when the lease is lost: another attempt may run by now.
        """
        if self.checkpoints is not None:
            self.checkpoints.save(value)

    @property
    def log(self) -> JobLog:
        """A logger whose lines carry the job's id, type, attempt and trace id, and stay on record."""
        if self.written is None:
            self.written = JobLog(
                job_id=self.job_id,
                job_type=self.job_type,
                attempt=self.attempt,
                trace_id=self.trace_id or None,
            )
            if self.watch_log is not None:
                self.watch_log(self)
        return self.written

    @staticmethod
    def now() -> datetime:
        """The current instant, aware, UTC."""
        return datetime.now(UTC)


def _is_count(value: Any) -> bool:
    return isinstance(value, int | float) and -_LARGEST_COUNT <= value <= _LARGEST_COUNT


class BaseWorker:
    """A family of job types that share a client: connections live from `open` to `close`.

    One instance serves all slots of its process, so what it keeps must bear several threads.
    """

    #: The lane of its job types, unless one names another.
    lane: ClassVar[str] = DEFAULT_LANE

    def __init__(self, settings: Any) -> None:
        self.settings = settings

    def open(self) -> None:
        """Called once in the process, before the first job; may take ``worker.open_timeout`` seconds."""

    def close(self) -> None:
        """Called once, after the last job, when the process ends in order; has 5 seconds."""

    async def aopen(self) -> None:
        """Called once after `open`, in the event loop of async handlers, where there are such."""

    async def aclose(self) -> None:
        """Called once before `close`, in the same loop; both together have 5 seconds."""

    @classmethod
    def is_for_loops(cls) -> bool:
        """Whether it opens something in the event loop."""
        return cls.aopen is not BaseWorker.aopen
