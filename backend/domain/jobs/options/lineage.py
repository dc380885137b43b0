"""What a job that is enqueued inside of another one takes over from it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from backend.domain.jobs.options.job_options import OwnOptions

_TEXTS = ("trace_id", "tenant", "context_id")
_SPAN = ("traceparent", "tracestate")


class Surrounding(Protocol):
    """The job that runs where another one is enqueued."""

    job_id: str
    trace_id: str
    tenant: str
    traceparent: str
    tracestate: str
    context_id: str
    is_test: bool
    is_confined: bool


def inherited_options(said: Mapping[str, Any], around: Surrounding) -> Mapping[str, Any]:
    """A caller's options, with what they leave unsaid of trace, tenant, context and rehearsal.

    An empty text, and False for ``is_test``, are said: such a job is of no tenant, or is no rehearsal.
    """
    taken: dict[str, Any] = {
        name: getattr(around, name)
        for name in _TEXTS
        if getattr(around, name) and said.get(name) is None
    }
    if not any(said.get(name) for name in ("trace_id", *_SPAN)):
        taken |= {name: text for name in _SPAN if (text := getattr(around, name))}
    if around.is_test and said.get("is_test") is None:
        taken["is_test"] = True
    return {**said, **taken} if taken else said


def inherited_own(
    said: Mapping[str, Any], own: OwnOptions | None, around: Surrounding
) -> OwnOptions:
    """What we say of it: whose child it is, and that it stays in the tenant that its parent is bound to."""
    taken: OwnOptions = {"parent_id": around.job_id}
    if around.is_confined and said.get("tenant") == around.tenant:
        taken["is_confined"] = True
    return {**taken, **(own or {})}
