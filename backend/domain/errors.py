"""Everything Tally raises, as one tree. Each class carries a stable code that callers may rely on.

TallyError
├── InvalidRequest            the caller asked for something that cannot be
│   ├── UnknownJobType
│   ├── UnknownPriority
│   ├── InvalidPayload        (names the field)
│   ├── PayloadTooLarge
│   ├── InvalidOption         (run_at, delay, retries, schedule…)
│   ├── IdempotencyConflict   the key or job id belongs to a job with other contents
│   ├── JobNotFound
│   └── IllegalMove           the job is not in a state that allows this
│       └── NotUnique         another job that is the same holds their key
├── Unavailable               a store or a part cannot serve now; trying later may help
│   ├── QueueUnavailable      Redis cannot be reached or refuses us
│   ├── QueueFull             a queue's backlog or Redis' memory is at its limit
│   │   └── QuotaExceeded     as many jobs of the tenant wait as may
│   ├── HistoryUnavailable    Postgres cannot be reached
│   └── HistoryBacklogFull    the recorder is too far behind to accept more
├── WaitTimeout               the job did not end in the time given
├── JobFailed                 the job whose result was asked for is dead
├── JobCanceled               it was canceled, or expired before it started
├── InvalidResult             what it left does not fit its handler's annotation here
├── ConfigurationError        settings are wrong
│   └── ForeignKeyspace       RQ works under our key prefix
├── MigrationError            the database's schema is not what this release needs
└── ArtifactError             a produced file is missing, damaged or outside its store

JobSignal                     what a handler raises to say how its attempt ended
├── PermanentFailure          never retry
├── RetryLater                retry after a delay, counts as an attempt
│   └── Unreachable           the destination was not reached: its breaker counts it
└── Snooze                    run again after a delay, does not count
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    from backend.domain.jobs.attempts.outcome import AttemptError


class TallyError(Exception):
    """The root of all errors of Tally. ``code`` is stable; the message is for people."""

    code: ClassVar[str] = "tally_error"

    def __init__(self, message: str, **details: Any) -> None:
        super().__init__(message)
        self.details: dict[str, Any] = details


class InvalidRequest(TallyError):
    """The request itself is wrong; sending it again unchanged will not help."""

    code = "invalid_request"


class UnknownJobType(InvalidRequest):
    """No registered job type has this name."""

    code = "unknown_job_type"


class UnknownPriority(InvalidRequest):
    """There is no such priority or queue."""

    code = "unknown_priority"


class InvalidPayload(InvalidRequest):
    """The payload does not fit the job type; ``details["errors"]`` names each field.

    Of what follows a job, ``details["option"]`` says whose payload it is.
    """

    code = "invalid_payload"


class PayloadTooLarge(InvalidRequest):
    """The payload is over the configured size in bytes."""

    code = "payload_too_large"


class InvalidOption(InvalidRequest):
    """An option beside the payload is out of range or contradicts another."""

    code = "invalid_option"


class IdempotencyConflict(InvalidRequest):
    """This key or job id belongs to a job that was asked for with other contents.

    ``details`` has that ``job_id``, ``since`` when it is there (ISO 8601, UTC) and ``accepted``: the ids
    of the other jobs of the call that were accepted; of several also the ``place`` of this one, counted
    from 0. Over HTTP a caller who is bound to a tenant is told
    neither of a job of another.
    """

    code = "idempotency_conflict"


class JobNotFound(InvalidRequest):
    """No job with this id is known here."""

    code = "job_not_found"


class IllegalMove(InvalidRequest):
    """The job is in a state that does not allow this."""

    code = "illegal_move"


class NotUnique(IllegalMove):
    """Another job that is the same holds the key that they share; ``details["holder"]`` is its id."""

    code = "not_unique"


class Unavailable(TallyError):
    """Something Tally stands on cannot serve now. Trying again later may help.

    When enqueueing, ``details["may_be_accepted"]`` of the store that accepts says whether the request was
    on its way when the trouble came: then the job, whose id is in ``details["job_id"]`` (of several:
    ``job_ids``), may have been accepted all the same, and sending it again under that id is safe.
    """

    code = "unavailable"

    @property
    def ids_that_may_be_accepted(self) -> list[str]:
        """The jobs of this request that may run although it failed."""
        one = self.details.get("job_id")
        return list(self.details.get("job_ids") or ([one] if one else []))


class QueueUnavailable(Unavailable):
    """Redis cannot be reached, or refuses our commands; ``details`` are those of `Unavailable`."""

    code = "queue_unavailable"


class QueueFull(Unavailable):
    """A queue is at its backlog limit, or Redis is at its memory limit; nothing was written."""

    code = "queue_full"


class QuotaExceeded(QueueFull):
    """As many jobs of a tenant wait as its quota allows; nothing was written of this one.

    ``details`` has the ``tenant``, how many of its jobs are ``waiting``, and the ``limit``.
    """

    code = "quota_exceeded"


class HistoryUnavailable(Unavailable):
    """Postgres cannot be reached; where it accepts jobs, ``details`` are those of `Unavailable`."""

    code = "history_unavailable"


class HistoryBacklogFull(Unavailable):
    """The recorder is so far behind that accepting more would risk the record."""

    code = "history_backlog_full"


class WaitTimeout(TallyError):
    """The job had not ended when the time to wait was over; it is still being worked on."""

    code = "wait_timeout"


class JobFailed(TallyError):
    """The job whose result was asked for is dead: given up, and in the dead-letter queue."""

    code = "job_failed"

    @property
    def error(self) -> AttemptError | None:
        """What its last attempt ended with: class, message and traceback, as text."""
        found: AttemptError | None = self.details.get("error")
        return found

    @property
    def reason(self) -> str:
        """Why, in one stable word: ``exception``, ``timeout``, ``permanent_failure``…"""
        return str(self.details.get("reason", ""))

    @property
    def attempts(self) -> int:
        """How many it had."""
        return int(self.details.get("attempts", 0))


class JobCanceled(TallyError):
    """The job whose result was asked for was canceled, or expired before it started."""

    code = "job_canceled"


class InvalidResult(TallyError):
    """What a job left does not fit the annotation of its handler as this process knows it."""

    code = "invalid_result"


class ConfigurationError(TallyError):
    """A setting is missing, unknown or out of range."""

    code = "configuration_error"


class ForeignKeyspace(ConfigurationError):
    """Another program keeps its jobs in Redis under the names that ours would have."""

    code = "foreign_keyspace"


class MigrationError(TallyError):
    """The schema in the database is not the one that this release's migrations make."""

    code = "migration_error"


class ArtifactError(TallyError):
    """A file that a job produced or needs is missing, damaged or out of bounds."""

    code = "artifact_error"


class JobSignal(Exception):
    """What a handler raises to end its attempt in another way than success or plain failure."""

    code: ClassVar[str] = "job_signal"


class PermanentFailure(JobSignal):
    """Trying again cannot help: the job fails at once, whatever retries are left."""

    code = "permanent_failure"


class RetryLater(JobSignal):
    """Try again after ``delay`` seconds (the retry policy's own delay when None); counts."""

    code = "retry_later"

    def __init__(self, message: str = "", *, delay: float | None = None) -> None:
        super().__init__(message)
        self.delay = delay


class Unreachable(RetryLater):
    """The destination could not be reached, or cannot answer now; tried again later, as after `RetryLater`.

    Where the job type has a breaker, that counts it, and once it is open the job waits uncharged.
    ``retry_after`` are the seconds for which the destination itself asked to be left alone: it is, by all
    its jobs.
    """

    code = "unreachable"

    def __init__(
        self,
        message: str = "",
        *,
        delay: float | None = None,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(message, delay=retry_after if delay is None else delay)
        self.retry_after = retry_after


class Snooze(JobSignal):
    """Not now: run again after ``delay`` seconds, without counting this attempt."""

    code = "snoozed"

    def __init__(self, delay: float, message: str = "") -> None:
        super().__init__(message)
        self.delay = delay
