"""What became of jobs that were sent to the ``enqueue`` step: replies, or the error that tells it all."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from redis.exceptions import RedisError

from backend.domain.errors import (
    HistoryBacklogFull,
    InvalidRequest,
    QueueFull,
    QueueUnavailable,
    QuotaExceeded,
    TallyError,
)
from backend.domain.jobs.job import Conflict, EnqueueReply, NewJob, new_ids, without_conflicts
from backend.domain.jobs.options.job_labels import labels_of
from backend.domain.jobs.step_codes import EnqueueCode

_NEW = (EnqueueCode.QUEUED, EnqueueCode.SCHEDULED)
_Reply = EnqueueReply | Conflict


class StepAnswer(NamedTuple):
    """What became of the jobs of one step: a reply for each that was not refused."""

    replies: list[_Reply]
    #: The first that was refused: its place among all jobs of the call, and the code.
    refused: tuple[int, Any] | None

    @property
    def refuses(self) -> bool:
        """Whether none may be sent behind it."""
        return self.refused is not None


def is_refusal(code: Any) -> bool:
    """Whether it is a number below 0, or begins with one."""
    first = code[0] if isinstance(code, list) else code
    return isinstance(first, int) and first < 0


def quota_words(code: Sequence[int], job: NewJob) -> str:
    """For people: that the quota of the job's tenant is used up; with both numbers."""
    _, waiting, limit = code
    tenant = labels_of(job.options).tenant
    return f"{waiting} jobs of the tenant {tenant!r} wait, and its quota is {limit}"


def has_replaced(code: Any) -> bool:
    """Whether the job that was there got the payload."""
    return isinstance(code, list) and code[1:] == [b"replaced", b""]


def step_answer(
    jobs: Sequence[NewJob], first: int, codes: Sequence[Any], may_be_done: bool
) -> StepAnswer:
    """Of the codes of those jobs of a call that begin at the place ``first``.

    ``may_be_done`` says that an earlier try of the same call may have made them.
    """
    replies: list[_Reply] = []
    refused: tuple[int, Any] | None = None
    for at, code in enumerate(codes, first):
        if code in _NEW:
            replies.append(EnqueueReply(jobs[at].id, created=True))
        elif is_refusal(code):
            refused = refused or (at, code)
        else:
            replies.append(_other_reply(jobs[at], code, may_be_done))
    return StepAnswer(replies, refused)


def replies_of(
    jobs: Sequence[NewJob], answers: Sequence[StepAnswer | Exception], starts: Sequence[int]
) -> list[EnqueueReply]:
    """A reply a job; ``answers`` are those of steps that begin at the places ``starts``.

    Raises the first refusal. It says in ``details["accepted"]`` how many were accepted before it, and in
    ``accepted_ids`` which are new by this call: some may stand behind it.
    """
    replies: list[_Reply] = []
    refused: tuple[int, Any] | None = None
    for start, answer in zip(starts, answers, strict=False):
        if isinstance(answer, Exception):
            refused = refused or (start, answer)
        else:
            replies += answer.replies
            refused = refused or answer.refused
    if refused is not None:
        raise _refusal(jobs, *refused, replies)
    return without_conflicts(replies)


def _other_reply(job: NewJob, code: Any, may_be_done: bool) -> _Reply:
    if has_replaced(code):
        return EnqueueReply(code[0].decode(), created=False, replaced=True)
    if isinstance(code, list):
        return Conflict(code[0].decode(), code[1].decode())
    if isinstance(code, bytes):
        return EnqueueReply(code.decode(), created=False)
    # Under an id that we made nobody else can have enqueued it. Under one of its caller's own somebody
    # may have, but that it is new must not be kept from those who write down what was accepted.
    return EnqueueReply(job.id, created=may_be_done, may_be_older=may_be_done and bool(job.digest))


def _refusal(
    jobs: Sequence[NewJob], accepted: int, why: Any, replies: Sequence[_Reply]
) -> Exception:
    """Our error for a code or an error, with what was accepted all the same."""
    told = f"only the first {accepted} were accepted"
    if len(replies) > accepted:
        told = f"the first {accepted} were accepted, and some behind them: see accepted_ids"
    error = (
        _told(why, jobs, accepted, told)
        if isinstance(why, Exception)
        else _coded(jobs[accepted], why)
    )
    if isinstance(error, TallyError):
        if len(jobs) > 1 or not isinstance(error, QueueUnavailable):
            error.details.setdefault("accepted", accepted)
        if ids := new_ids(replies):
            error.details["accepted_ids"] = ids
    return error


def _coded(job: NewJob, code: Any) -> TallyError:
    if isinstance(code, list):
        return QuotaExceeded(
            f"{quota_words(code, job)}; job {job.id} was not accepted. Wait for workers, or raise it with "
            "`tally tenants quota`",
            tenant=labels_of(job.options).tenant,
            waiting=code[1],
            limit=code[2],
        )
    if code == EnqueueCode.QUEUE_FULL:
        return QueueFull(
            f"queue {job.queue} is at its backlog limit; job {job.id} was not accepted. "
            "Wait for workers, or raise redis.backlog_limit",
            queue=str(job.queue),
        )
    return HistoryBacklogFull(
        "the recorder is too far behind to accept more without risking the record; "
        "look at `tally doctor`, Postgres and the recorder"
    )


def _told(error: Exception, jobs: Sequence[NewJob], accepted: int, told: str) -> Exception:
    if isinstance(error, QueueUnavailable):
        # Most processes refuse nothing.
        from backend.domain.jobs.plans.unanswered import unanswered

        ours: Exception = unanswered(error, jobs, told if accepted else "nothing was written")
    elif isinstance(error, RedisError):
        ours = InvalidRequest(f"Redis cannot do what was sent: {error}; {told}")
    else:
        return error
    ours.__cause__ = error
    return ours
