"""What people do to one job."""

from __future__ import annotations

from typing import Any

from backend.api.access.own_jobs import find_own
from backend.api.schemas.base import Because
from backend.api.schemas.job_actions import CancelRequest, ReprioritiseRequest, RetryRequest
from backend.api.schemas.plans import ReplayRequest
from backend.dashboard.request.edited_payload import destinations_of, edited_payload
from backend.dashboard.request.page_context import Visit, link
from backend.dashboard.request.routes import Routes
from backend.domain.history.history_record import JobHistory

routes = Routes()


@routes.action("/job/<job_id>/cancel", "jobs.cancel")
def cancel(visit: Visit, job_id: str) -> str:
    """Withdraws it."""
    force = "force" in visit.form
    reason = visit.must_say_why() if force else visit.reason
    body = CancelRequest(reason=reason, force=force)
    outcome = visit.actions.jobs.cancel(visit.actor, job_id, reason=body.reason, force=body.force)
    return _back(job_id, outcome)


@routes.action("/job/<job_id>/retry", "jobs.retry")
def retry(visit: Visit, job_id: str) -> str:
    """Sends a dead job home, with another payload if it was changed."""
    body = RetryRequest(reason=visit.reason, payload=_payload(visit, job_id))
    visit.actions.jobs.retry(visit.actor, job_id, reason=body.reason, payload=body.payload)
    return _back(job_id, "queued")


@routes.action("/job/<job_id>/discard", "dlq.discard")
def discard(visit: Visit, job_id: str) -> str:
    """Takes a dead job out of the dead-letter queue for good."""
    because = Because(reason=visit.must_say_why())
    visit.actions.dead_letters.discard(visit.actor, job_id, reason=because.reason)
    return _back(job_id, "discarded")


@routes.action("/job/<job_id>/resolve", "jobs.resolve")
def resolve(visit: Visit, job_id: str) -> str:
    """Marks a dead job as done by hand."""
    because = Because(reason=visit.must_say_why())
    visit.actions.jobs.resolve(visit.actor, job_id, reason=because.reason)
    return _back(job_id, "finished")


@routes.action("/job/<job_id>/move", "jobs.reprioritise")
def move(visit: Visit, job_id: str) -> str:
    """Moves a waiting job to another priority."""
    body = ReprioritiseRequest.model_validate(
        {
            "priority": visit.form.get("priority", ""),
            "front": "front" in visit.form,
            "reason": visit.reason,
        }
    )
    visit.actions.jobs.reprioritise(
        visit.actor, job_id, body.priority, reason=body.reason, front=body.front
    )
    return _back(job_id, "moved")


@routes.action("/job/<job_id>/run", "jobs.run_now")
def run_now(visit: Visit, job_id: str) -> str:
    """Queues it before it is due."""
    because = Because(reason=visit.reason)
    visit.actions.jobs.run_now(visit.actor, job_id, reason=because.reason)
    return _back(job_id, "hastened")


@routes.action("/job/<job_id>/replay", "jobs.replay")
def replay(visit: Visit, job_id: str) -> str:
    """Runs it again as a new job."""
    body = ReplayRequest(payload=_payload(visit, job_id), reason=visit.reason)
    done = visit.actions.jobs.replay(visit.actor, job_id, reason=body.reason, payload=body.payload)
    if done.twin is None:
        return _back(done.job_id, "replayed")
    return _back(done.job_id, "replaced" if done.twin.replaced else "answered")


def _back(job_id: str, note: str) -> str:
    return link(f"/job/{job_id}", note=note)


def _payload(visit: Visit, job_id: str) -> dict[str, Any] | None:
    """The payload as it was edited; None when nobody edited it."""
    text = visit.form.get("payload", "")
    if not text or "edit" not in visit.form:
        return None
    found = find_own(visit.call, job_id)
    original = found.current_payload if isinstance(found, JobHistory) else found.payload
    job_type = found.job.job_type if isinstance(found, JobHistory) else found.job_type
    edited = edited_payload(text, original, destinations_of(visit.parts.catalogue, job_type))
    return None if edited == original else edited
