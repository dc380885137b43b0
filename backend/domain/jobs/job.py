"""A job at the three moments we meet it: asked for, claimed by a worker, looked at."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from backend.domain.errors import IdempotencyConflict
from backend.domain.jobs.attempts.outcome import AttemptError
from backend.domain.jobs.job_state import JobState
from backend.domain.jobs.options.durability import Durability
from backend.domain.jobs.options.follow_ups import FollowUp, follow_ups_of
from backend.domain.jobs.options.job_labels import JobLabels, labels_of
from backend.domain.jobs.options.job_terms import terms_of
from backend.domain.jobs.options.unique import UniqueScope
from backend.domain.jobs.queue_name import QueueName

if TYPE_CHECKING:
    from backend.domain.jobs.options.rate_share import RateShare


class NewJob(NamedTuple):
    """A job that passed every check and may be enqueued. Durations are seconds, instants aware UTC."""

    id: str
    job_type: str
    queue: QueueName
    #: The payload as JSON text, as it will be stored.
    payload: str
    #: What travels with the job and no script looks at: tags, tenant, trace id, retry delays…
    options: dict[str, Any]
    max_attempts: int
    timeout: float
    result_ttl: int
    run_at: datetime | None = None
    delay: float = 0.0
    expires_at: datetime | None = None
    unique_key: str = ""
    unique_window: float = 0.0
    limit_key: str = ""
    limit: int = 0
    #: What is asked for, if a repetition under its key or id must ask for the same; see `job_contents`.
    digest: str = ""
    #: What it keeps others out of that are the same; None: nothing.
    scope: UniqueScope | None = None


class EnqueueReply(NamedTuple):
    """What became of one `NewJob`: ``id`` is its own, or that of the job already there."""

    id: str
    #: Whether it is new by this call, as far as that can be told: see ``may_be_older``.
    created: bool
    #: What it outlives from now on.
    durability: Durability = Durability.LOCAL
    #: Whether the job that was there already got the payload of this one.
    replaced: bool = False
    #: Whether a job that is said to be new may have been there all the same, under the id that its caller
    #: gave: the answer to the first try of this call was lost, and the second found the job.
    may_be_older: bool = False


class Conflict(NamedTuple):
    """The answer to a `NewJob` whose key or id belongs to a job with other contents."""

    job_id: str
    #: Since when that one is there, as ISO 8601 in UTC.
    since: str


def new_ids(replies: Iterable[EnqueueReply | Conflict]) -> list[str]:
    """The jobs that were accepted by this very call."""
    return [reply.id for reply in replies if isinstance(reply, EnqueueReply) and reply.created]


def without_conflicts(replies: Sequence[EnqueueReply | Conflict]) -> list[EnqueueReply]:
    """The replies to jobs in their order; raises `IdempotencyConflict` for the first that is a conflict.

    Of several, ``details["place"]`` and the message say which, counted from 0.
    """
    accepted = [reply for reply in replies if isinstance(reply, EnqueueReply)]
    if len(accepted) == len(replies):
        return accepted
    # Most processes refuse nothing.
    from backend.domain.jobs.plans.place_in_list import told_of_many

    place, conflict = next(
        (place, reply) for place, reply in enumerate(replies) if isinstance(reply, Conflict)
    )
    error = IdempotencyConflict(
        f"this key or job id belongs to job {conflict.job_id}, which was accepted at "
        f"{conflict.since} with another type, payload, queue or tenant; nothing was enqueued "
        "for it. Use a new key for a new job",
        job_id=conflict.job_id,
        since=conflict.since,
        accepted=new_ids(accepted),
    )
    raise told_of_many(error, place, len(replies))


class ClaimedJob(NamedTuple):
    """A job that this worker holds a lease on. ``fence`` proves it and orders its effects."""

    id: str
    fence: str
    attempt: int
    failures: int
    suspect: bool
    queue: str
    job_type: str
    #: RQ's call as JSON; the payload is its first argument.
    data: bytes
    options: bytes
    timeout: float
    max_attempts: int
    #: Seconds it was ready before it was claimed, by Redis' clock.
    wait: float = 0.0
    #: What of it could not be read; empty for nothing. The handler is not called then.
    damage: str = ""


class LogLine(NamedTuple):
    """One line that a handler logged."""

    at: datetime
    level: str
    text: str


@dataclass(frozen=True, slots=True)
class JobView:
    """A job as people and programs see it. Instants are aware UTC."""

    id: str
    job_type: str
    queue: str
    state: JobState
    payload: Any
    attempt: int
    max_attempts: int
    failures: int = 0
    result: Any = None
    error: AttemptError | None = None
    created_at: datetime | None = None
    enqueued_at: datetime | None = None
    started_at: datetime | None = None
    ended_at: datetime | None = None
    run_at: datetime | None = None
    expires_at: datetime | None = None
    worker: str = ""
    progress: dict[str, Any] | None = None
    #: The last lines that its running attempt has logged.
    log: tuple[LogLine, ...] = ()
    cancel_asked: bool = False
    timeout: float = 0.0
    options: dict[str, Any] = field(default_factory=dict)
    #: Where it is bound for, if a breaker watches that.
    destination: str = ""
    #: Of one that has finished and has no result here: until when that was kept. None while it is.
    result_until: datetime | None = None

    @property
    def is_result_lost(self) -> bool:
        """Whether a result was kept for a time that is over: what it was, only the record can tell."""
        until, ended = self.result_until, self.ended_at
        # Of one that was to be kept for no time, nobody expects it.
        return until is not None and ended is not None and until > ended

    @property
    def labels(self) -> JobLabels:
        """What is written on it."""
        return labels_of(self.options)

    @property
    def tags(self) -> list[str]:
        """The tags the caller gave."""
        return list(self.labels.tags)

    @property
    def trace_id(self) -> str:
        """The trace this job belongs to; empty when the caller gave none."""
        return self.labels.trace_id

    @property
    def environment(self) -> str:
        """Where the caller said that it belongs; empty when the caller did not say."""
        return self.labels.environment

    @property
    def version(self) -> int:
        """The version of its job type when it was accepted."""
        return self.labels.version

    @property
    def follow_ups(self) -> tuple[FollowUp, ...]:
        """What is enqueued when it ends; by the ids one sees whether it was."""
        return follow_ups_of(self.options)

    @property
    def limit_key(self) -> str:
        """The key whose jobs share a limit; empty for none."""
        return terms_of(self.options).limit_key

    @property
    def hold(self) -> bool:
        """Whether it keeps its place of ``limit_key`` from its first start until it has ended."""
        return terms_of(self.options).hold

    @property
    def rate_share(self) -> RateShare:
        """What one start of it takes of the rates that hold it."""
        # Most jobs have none, and who looks at none need not read what rates are.
        from backend.domain.jobs.options.rate_share import share_in

        return share_in(terms_of(self.options).rate_share)

    @property
    def scope(self) -> UniqueScope | None:
        """What it keeps others out of that are the same; None: nothing."""
        return terms_of(self.options).scope

    @property
    def limit(self) -> int:
        """So many jobs of ``limit_key`` may run at once; 0 for no limit."""
        return terms_of(self.options).limit
