"""From a request to accepted jobs: labels of the caller, idempotency, and what a repetition is answered."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence

from backend.api.access.foreign_holders import told_replies
from backend.api.http.api_errors import MalformedRequest
from backend.api.request.caller_keys import key_of_caller, key_of_tenant, of_tenant
from backend.api.request.pointing import pointing
from backend.api.request.request_context import Call
from backend.api.request.tracing import TraceContext
from backend.api.schemas.jobs import EnqueueRequest
from backend.domain.access.access_errors import NotAllowed
from backend.domain.access.type_rights import permit_types
from backend.domain.errors import IdempotencyConflict, Unavailable
from backend.domain.jobs.derived_job_id import derived_job_id
from backend.domain.jobs.job import EnqueueReply, new_ids
from backend.domain.jobs.job_id import placed
from backend.domain.jobs.options.job_options import OwnOptions
from backend.services.jobs.follow_up_plans import types_that_follow
from backend.services.jobs.job_options import JobRequest

_KEY = re.compile(r"[!-~]{1,128}")


def accept(call: Call, requests: Sequence[EnqueueRequest], within: str = "") -> list[EnqueueReply]:
    """Accepts jobs for the caller; a repetition of another request under one key is refused.

    ``within`` is where the list of them stands in the body; empty: the body is the job.
    """
    wanted = [_traced(each, call.trace) for each in _all_prepared(call, requests, within)]
    key = idempotency_key(call)
    if key is not None:
        for number, one in enumerate(wanted):
            own_key = f"{key}:{number}" if len(wanted) > 1 else key
            one["idempotency_key"] = own_key
            if (job_id := id_under_key(call, own_key)) is not None:
                one.setdefault("job_id", job_id)
    with pointing(wanted, within):
        return audited_replies(
            call, wanted, lambda: call.parts.queue.accept_many(wanted, own_of(call))
        )


def audited_replies(
    call: Call, asked: Sequence[JobRequest], enqueue: Callable[[], list[EnqueueReply]]
) -> list[EnqueueReply]:
    """The replies as the caller may know them; whatever runs by this request is in the audit log."""
    try:
        replies = told_replies(call, asked, enqueue)
    except Unavailable as refusal:
        in_doubt = refusal.ids_that_may_be_accepted
        # All those of the request, if any: with what was accepted for certain.
        note_enqueued(call, in_doubt or refusal.details.get("accepted_ids", []))
        raise
    except IdempotencyConflict as conflict:
        note_enqueued(call, conflict.details.get("accepted", []))
        raise
    note_enqueued(call, new_ids(replies))
    return replies


def idempotency_key(call: Call) -> str | None:
    """The Idempotency-Key header, made the caller's own; None when there is none."""
    given = call.headers.get("Idempotency-Key")
    if given is None:
        return None
    if not _KEY.fullmatch(given):
        raise MalformedRequest(
            "Idempotency-Key must be 1 to 128 visible characters",
            errors=[{"parameter": "Idempotency-Key", "detail": "1 to 128 visible characters"}],
        )
    return key_of_caller(call.who, given)


def id_under_key(call: Call, key: str | None) -> str | None:
    """The id of what Postgres accepts under a key: by ids alone it tells calls apart. None elsewhere."""
    if key is None or not call.parts.accepts_by_outbox:
        return None
    return placed(derived_job_id(key, "http"), key)


def tenant_of(call: Call, asked: str | None) -> str | None:
    """The tenant of what the caller makes: its own, if it has one."""
    own = call.who.tenant
    if own is not None and asked not in {None, own}:
        raise NotAllowed(f"your key is bound to the tenant {own!r}")
    return own or asked


def own_of(call: Call) -> OwnOptions:
    """Whether what the caller makes is confined to its tenant."""
    return {} if call.who.tenant is None else {"is_confined": True}


def note_enqueued(call: Call, ids: Sequence[str]) -> None:
    """Writes down that the caller enqueued these jobs."""
    call.app_state.enqueue_audit.note(call.actor, call.operation, ids)


def prepared(call: Call, request: EnqueueRequest) -> JobRequest:
    """What `enqueue_job` takes, with the caller's tenant; raises `NotAllowed` for what they may not."""
    values = request.job_request()
    names = (request.job_type, *types_that_follow(values))
    permit_types(call.who, call.parts.catalogue, names)
    tenant = tenant_of(call, values.get("tenant"))
    if tenant is not None:
        values["tenant"] = tenant
    if key := values.get("idempotency_key"):
        values["idempotency_key"] = key_of_tenant(tenant or "", key)
    if (limited := values.get("limit_key")) and call.who.tenant is not None:
        # Else a tenant that guesses the key of another holds up its jobs.
        values["limit_key"] = of_tenant(call.who.tenant, limited)
    return values


def _all_prepared(
    call: Call, requests: Sequence[EnqueueRequest], within: str
) -> Iterator[JobRequest]:
    """Each of them; the refusal of one of many points at it."""
    for place, request in enumerate(requests):
        try:
            values = prepared(call, request)
        except NotAllowed as refusal:
            if within:
                refusal.details["within"] = f"{within}/{place}"
            raise
        yield values


def _traced(values: JobRequest, trace: TraceContext) -> JobRequest:
    """With the trace of the request, and the span of its caller, unless it says another itself."""
    if "trace_id" not in values and "traceparent" not in values and trace.given:
        values["traceparent"] = trace.given
        if trace.state:
            values["tracestate"] = trace.state
    values.setdefault("trace_id", trace.trace_id)
    return values
