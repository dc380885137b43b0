"""What people do to one job."""

from __future__ import annotations

from typing import Any

from backend.api.own_jobs import find_own
from backend.api.routers import dead_letters, job_actions, plans
from backend.api.schemas.base import Because
from backend.api.schemas.job_actions import CancelRequest, ReprioritiseRequest, RetryRequest
from backend.api.schemas.plans import ReplayRequest
from backend.dashboard.edited_payload import destinations_of, edited_payload
from backend.dashboard.routes import Routes
from backend.dashboard.visit import Visit, link
from backend.domain.history_record import JobHistory

routes = Routes()


@routes.action("/job/<job_id>/cancel", "jobs.cancel")
def cancel(visit: Visit, job_id: str) -> str:
    """Withdraws it."""
    force = "force" in visit.form
    reason = visit.must_say_why() if force else visit.reason
    body = CancelRequest(reason=reason, force=force)
    return _back(job_id, job_actions.cancel(visit.call, job_id, body).outcome)


@routes.action("/job/<job_id>/retry", "jobs.retry")
def retry(visit: Visit, job_id: str) -> str:
    """Sends a dead job home, with another payload if it was changed."""
    body = RetryRequest(reason=visit.reason, payload=_payload(visit, job_id))
    return _back(job_id, job_actions.retry(visit.call, job_id, body).outcome)


@routes.action("/job/<job_id>/discard", "dlq.discard")
def discard(visit: Visit, job_id: str) -> str:
    """Takes a dead job out of the dead-letter queue for good."""
    dead_letters.discard(visit.call, job_id, Because(reason=visit.must_say_why()))
    return _back(job_id, "discarded")


@routes.action("/job/<job_id>/resolve", "jobs.resolve")
def resolve(visit: Visit, job_id: str) -> str:
    """Marks a dead job as done by hand."""
    body = Because(reason=visit.must_say_why())
    return _back(job_id, job_actions.resolve(visit.call, job_id, body).outcome)


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
    job_actions.reprioritise(visit.call, job_id, body)
    return _back(job_id, "moved")


@routes.action("/job/<job_id>/run", "jobs.run_now")
def run_now(visit: Visit, job_id: str) -> str:
    """Queues it before it is due."""
    job_actions.run_now(visit.call, job_id, Because(reason=visit.reason))
    return _back(job_id, "hastened")


@routes.action("/job/<job_id>/replay", "jobs.replay")
def replay(visit: Visit, job_id: str) -> str:
    """Runs it again as a new job."""
    body = ReplayRequest(payload=_payload(visit, job_id), reason=visit.reason)
    answer = plans.replay(visit.call, job_id, body)
    return _back(answer.body.id, "replayed")


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
