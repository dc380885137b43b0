"""Acting on many jobs: first what it would touch, then a reason, then it is done."""

from __future__ import annotations

from collections.abc import Callable, Set
from typing import Any, NamedTuple
from urllib.parse import parse_qsl

from flask import Response, request

from backend.api.request.bulk_actions import dead_jobs, shown, unended_jobs
from backend.api.schemas.bulk import DeadBulkRequest, UnendedBulkRequest
from backend.dashboard.request.filter_names import DEAD_NAMES, FILTER_NAMES
from backend.dashboard.request.page_context import Visit, link
from backend.dashboard.request.redirect import see_other
from backend.dashboard.request.routes import Routes
from backend.dashboard.views.jobs import WITHIN
from backend.domain.errors import InvalidOption
from backend.domain.jobs.job_state import JobState
from backend.services.jobs.bulk_service import SCHEDULED, UNENDED, Selection

routes = Routes()

#: What each action is called here, and what its notice says.
WORDS = {
    "cancel": ("Cancel", "canceled"),
    "run": ("Run", "hastened"),
    "redrive": ("Redrive", "queued"),
    "discard": ("Discard", "discarded"),
}
_OF_DEAD = frozenset({"redrive", "discard"})
#: Where a list in which jobs were ticked says what it shows; ids alone do not lead back to it.
_FROM, _LISTS = "from", frozenset({"/search", "/dead"})


@routes.page("/bulk/cancel", "jobs.cancel_many")
def preview_cancel(visit: Visit) -> Response:
    """What canceling would touch."""
    return _preview(visit, "cancel", FILTER_NAMES, lambda: _unended(visit, UNENDED))


@routes.page("/bulk/run", "jobs.run_many")
def preview_run(visit: Visit) -> Response:
    """What would run before it is due."""
    return _preview(visit, "run", FILTER_NAMES, lambda: _unended(visit, SCHEDULED))


@routes.page("/bulk/redrive", "dlq.redrive_many")
def preview_redrive(visit: Visit) -> Response:
    """What redriving would touch."""
    return _preview(visit, "redrive", DEAD_NAMES, lambda: _dead(visit))


@routes.page("/bulk/discard", "dlq.discard_many")
def preview_discard(visit: Visit) -> Response:
    """What discarding would touch."""
    return _preview(visit, "discard", DEAD_NAMES, lambda: _dead(visit))


@routes.action("/bulk/cancel", "jobs.cancel_many")
def bulk_cancel(visit: Visit) -> str:
    """Withdraws them."""
    reason, chosen = visit.must_say_why(), _unended(visit, UNENDED)
    done = visit.actions.many_jobs.cancel_many(visit.actor, chosen.ids, reason=reason)
    canceled, asked = len(done.canceled), len(done.asked)
    if not asked:
        return _done(visit, "cancel", canceled)
    if not canceled:
        return _done(visit, "cancel", asked, note="asked")
    return _done(visit, "cancel", canceled, note="canceled-and-asked", asked=asked)


@routes.action("/bulk/run", "jobs.run_many")
def bulk_run(visit: Visit) -> str:
    """Queues them before they are due."""
    reason, chosen = visit.must_say_why(), _unended(visit, SCHEDULED)
    done = visit.actions.many_jobs.run_many(visit.actor, chosen.ids, reason=reason)
    return _done(visit, "run", len(done))


@routes.action("/bulk/redrive", "dlq.redrive_many")
def bulk_redrive(visit: Visit) -> str:
    """Sends them home."""
    reason, chosen = visit.must_say_why(), _dead(visit)
    done = visit.actions.dead_letters.redrive_many(visit.actor, chosen.ids, reason=reason)
    return _done(visit, "redrive", len(done))


@routes.action("/bulk/discard", "dlq.discard_many")
def bulk_discard(visit: Visit) -> str:
    """Takes them out for good."""
    reason, chosen = visit.must_say_why(), _dead(visit)
    done = visit.actions.dead_letters.discard_many(visit.actor, chosen.ids, reason=reason)
    return _done(visit, "discard", len(done))


def _preview(
    visit: Visit, action: str, names: dict[str, str], look: Callable[[], Selection]
) -> Response:
    if not set(visit.query) - {_FROM}:
        return see_other(link(*_list_of(visit, action)))
    if bounds := _bounds(visit, names):
        kept = {name: value for name, value in visit.query.items() if name not in {"within", "all"}}
        return see_other(link(f"/bulk/{action}", kept | bounds))
    return visit.show(
        "bulk.html",
        action=action,
        words=WORDS[action][0],
        outcome=shown(visit.call, look()),
        back=link(*_list_of(visit, action)),
        chosen=[
            (name, value)
            for name, value in request.args.items(multi=True)
            if value and name != _FROM
        ],
    )


class _List(NamedTuple):
    """A list of jobs, under some conditions."""

    path: str
    asked: dict[str, str]


def _list_of(visit: Visit, action: str) -> _List:
    """The list that the selection was made in, as it was."""
    path, _, conditions = visit.query.get(_FROM, "").removeprefix(link()).partition("?")
    if path in _LISTS:
        return _List(path, dict(parse_qsl(conditions)))
    asked = {name: visit.query[name] for name in FILTER_NAMES if name in visit.query}
    is_dead = action in _OF_DEAD and "text" not in asked and "state" not in asked
    return _List("/dead" if is_dead else "/search", asked)


def _bounds(visit: Visit, names: dict[str, str]) -> dict[str, str]:
    """Instants in the place of "the last hour" and of no end; empty when the address has them.

    Else jobs that come in between the preview and the action would be touched and were never seen.
    """
    asked, end = set(visit.query), "before" if names is DEAD_NAMES else "until"
    # Without any condition an end would be one, and everything would match it.
    if "id" in asked or not asked & {*names, "within", "all"}:
        return {}
    now = visit.parts.clock.now()
    _, length = WITHIN.get(visit.query.get("within", ""), ("", None))
    bounds = {} if end in asked else {end: now.isoformat()}
    return bounds | ({"since": (now - length).isoformat()} if length else {})


def _done(visit: Visit, action: str, count: int, **told: Any) -> str:
    said = {"note": WORDS[action][1] if count else "nothing", "n": count} | told
    if action in _OF_DEAD and _FROM not in visit.query:
        return link("/dead", said)
    path, asked = _list_of(visit, action)
    return link(path, asked | said)


def _unended(visit: Visit, states: Set[JobState]) -> Selection:
    body = UnendedBulkRequest.model_validate(_body(visit, FILTER_NAMES))
    return unended_jobs(visit.call, body, states)


def _dead(visit: Visit) -> Selection:
    body = _body(visit, DEAD_NAMES)
    if request.args.get("all") == "yes" and not {"filter", "job_ids"} & body.keys():
        body["all"] = True
    return dead_jobs(visit.call, DeadBulkRequest.model_validate(body))


def _body(visit: Visit, names: dict[str, str]) -> dict[str, Any]:
    """The selection stands in the address, of the preview and of the form alike."""
    body: dict[str, Any] = {"reason": visit.reason}
    ids = [job_id for job_id in request.args.getlist("id") if job_id]
    conditions = {names[name]: visit.query[name] for name in names if name in visit.query}
    if unknown := _not_understood(visit, names):
        raise InvalidOption(
            f"this action cannot be limited by {', '.join(unknown)}", field="filter"
        )
    if ids:
        body["job_ids"] = ids
    elif conditions:
        body["filter"] = conditions
    return body


def _not_understood(visit: Visit, names: dict[str, str]) -> list[str]:
    """A condition that would be dropped would make the selection larger than what was looked at."""
    known = {*names, "id", "all", "cursor", "state", _FROM}
    return sorted(set(visit.query) - known)
