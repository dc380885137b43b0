"""Queues: how many jobs are where, and pausing, resuming, emptying them."""

from __future__ import annotations

from itertools import groupby

from flask import Response

from backend.api.request.bulk_actions import shown
from backend.api.routers import freezes, tenants
from backend.api.routers import queues as api
from backend.api.schemas.base import Because
from backend.api.schemas.breakers import BreakerRequest
from backend.api.schemas.bulk import PurgeRequest
from backend.api.schemas.queues import LimitRequest, Queue
from backend.dashboard.request.page_context import Visit, link
from backend.dashboard.request.routes import Routes
from backend.domain.jobs.queue_name import QueueName, lane_of
from backend.services.finding.declared_gates import declared_gates

routes = Routes()

#: Of very many destinations that are away; `tally breakers list` shows all.
_MOST_BREAKERS = 50


def _lane(queue: Queue) -> str:
    return lane_of(queue.name)


@routes.page("/queues", "queues.list_queues")
def queues(visit: Visit) -> Response:
    """Every queue, by lane."""
    found = api.list_queues(visit.call)
    by_lane = groupby(sorted(found.items, key=_lane), key=_lane)
    alive = [worker for worker in visit.parts.workers.all() if worker.state != "lost"]
    return visit.show(
        "queues.html",
        lanes=[(lane, list(group)) for lane, group in by_lane],
        pauses={pause.what: pause for pause in found.pauses},
        fair={rule.queue: rule for rule in found.fair},
        served={queue for worker in alive for queue in worker.queues},
        types=list(visit.parts.catalogue),
        limits=visit.parts.overview.limits(),
        gates_of=declared_gates,
        breakers=visit.parts.breakers.not_closed(_MOST_BREAKERS),
        away=visit.parts.breakers.count(),
        gates=api.list_gates(visit.call).items,
        freezes=freezes.list_freezes(visit.call).items,
        quotas=tenants.list_tenants(visit.call).items,
    )


@routes.page("/queues/<queue>/purge", "queues.purge")
def preview_purge(visit: Visit, queue: str) -> Response:
    """What emptying it would cancel."""
    chosen = visit.parts.bulk.waiting(str(QueueName.parse(queue)))
    return visit.show("purge.html", queue=queue, outcome=shown(visit.call, chosen))


@routes.action("/queues/<queue>/purge", "queues.purge")
def purge(visit: Visit, queue: str) -> str:
    """Empties it."""
    body = PurgeRequest(confirm=visit.form.get("confirm"), reason=visit.must_say_why())
    name = body.confirmed(queue)
    taken = visit.actions.queues.purge(visit.actor, name, reason=body.reason)
    return link("/queues", note="purged", n=taken.jobs)


@routes.action("/queues/<queue>/pause", "queues.pause")
def pause_queue(visit: Visit, queue: str) -> str:
    """Lets no worker take from it."""
    visit.actions.queues.pause(visit.actor, queue, reason=_reason(visit))
    return link("/queues", note="paused")


@routes.action("/queues/<queue>/resume", "queues.resume")
def resume_queue(visit: Visit, queue: str) -> str:
    """Lets workers take from it again."""
    visit.actions.queues.resume(visit.actor, queue, reason=_reason(visit))
    return link("/queues", note="resumed")


@routes.action("/lanes/<lane>/pause", "queues.pause_lane", stands_on="/queues")
def pause_lane(visit: Visit, lane: str) -> str:
    """Pauses every queue of a family of workers."""
    visit.actions.queues.pause_lane(visit.actor, lane, reason=_reason(visit))
    return link("/queues", note="paused")


@routes.action("/lanes/<lane>/resume", "queues.resume_lane", stands_on="/queues")
def resume_lane(visit: Visit, lane: str) -> str:
    """Resumes them."""
    visit.actions.queues.resume_lane(visit.actor, lane, reason=_reason(visit))
    return link("/queues", note="resumed")


@routes.action("/types/<job_type>/pause", "types.pause", stands_on="/queues")
def pause_type(visit: Visit, job_type: str) -> str:
    """Lets no worker take jobs of a type."""
    visit.actions.types.pause(visit.actor, job_type, reason=_reason(visit))
    return link("/queues", note="paused")


@routes.action("/types/<job_type>/resume", "types.resume", stands_on="/queues")
def resume_type(visit: Visit, job_type: str) -> str:
    """Lets workers take them again."""
    visit.actions.types.resume(visit.actor, job_type, reason=_reason(visit))
    return link("/queues", note="resumed")


@routes.action("/types/<job_type>/limit", "types.limit", stands_on="/queues")
def limit_type(visit: Visit, job_type: str) -> str:
    """Says how many of its jobs may run at once in the whole cluster."""
    said = {"limit": visit.form.get("limit", "0"), "reason": visit.reason}
    body = LimitRequest.model_validate(said)
    visit.actions.types.limit(visit.actor, job_type, body.limit, reason=body.reason)
    return link("/queues", note="limited")


@routes.action("/breakers/open", "breakers.open", stands_on="/queues")
def open_breaker(visit: Visit) -> str:
    """Holds the jobs for a destination back until somebody closes its breaker."""
    body = _breaker(visit)
    visit.actions.breakers.open(visit.actor, body.destination, reason=body.reason)
    return link("/queues", note="opened")


@routes.action("/breakers/close", "breakers.close", stands_on="/queues")
def close_breaker(visit: Visit) -> str:
    """Lets them come back."""
    body = _breaker(visit)
    visit.actions.breakers.close(visit.actor, body.destination, reason=body.reason)
    return link("/queues", note="let-back")


def _breaker(visit: Visit) -> BreakerRequest:
    return BreakerRequest(destination=visit.form.get("destination", ""), reason=visit.reason)


@routes.action("/freezes/<name>/lift", "freezes.lift", stands_on="/queues")
def lift_freeze(visit: Visit, name: str) -> str:
    """Ends a maintenance window; what waited comes in turn."""
    visit.actions.freezes.lift(visit.actor, name, reason=_reason(visit))
    return link("/queues", note="thawed")


def _reason(visit: Visit) -> str:
    return Because(reason=visit.reason).reason
