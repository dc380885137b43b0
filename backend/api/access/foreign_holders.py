"""What a caller who is bound to a tenant is answered where a job of another has the id or the key."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from backend.api.request.request_context import Call
from backend.domain.access.taken_name import taken_name
from backend.domain.errors import IdempotencyConflict, JobNotFound, Unavailable
from backend.domain.jobs.job import EnqueueReply, new_ids
from backend.domain.jobs.plans.place_in_list import told_of_many
from backend.services.jobs.job_options import JobRequest


def told_replies(
    call: Call, asked: Sequence[JobRequest], enqueue: Callable[[], list[EnqueueReply]]
) -> list[EnqueueReply]:
    """The replies, as far as they are the caller's; raises `IdempotencyConflict`.

    Ids are one space for all tenants. A job that was accepted without an id of its caller's has
    nothing by which tenants are told apart when it is repeated: only here is it looked at whose it is.
    """
    if call.who.tenant is None:
        return enqueue()
    try:
        replies = enqueue()
    except IdempotencyConflict as conflict:
        holder, accepted = conflict.details["job_id"], conflict.details["accepted"]
        if _tenant_of(call, holder) == call.who.tenant:
            raise
        taken = taken_name(_asked_id(asked, holder), accepted)
        raise told_of_many(taken, conflict.details.get("place", 0), len(asked)) from None
    for place, reply in enumerate(replies):
        if reply.created and not reply.may_be_older:
            continue
        if _tenant_of(call, reply.id) not in {call.who.tenant, _NOBODY_KNOWS}:
            accepted = [job_id for job_id in new_ids(replies) if job_id != reply.id]
            taken = taken_name(_asked_id(asked, reply.id), accepted)
            raise told_of_many(taken, place, len(asked))
    return replies


#: No tenant is called so.
_NOBODY_KNOWS = "\0"


def _tenant_of(call: Call, job_id: str) -> str | None:
    try:
        return call.parts.queue.get_job(job_id).labels.tenant
    except (JobNotFound, Unavailable):
        # It left Redis: the caller's own key leads there, for an id alone holds nothing that is gone.
        return _NOBODY_KNOWS


def _asked_id(asked: Sequence[JobRequest], job_id: str) -> str | None:
    return job_id if any(request.get("job_id") == job_id for request in asked) else None
