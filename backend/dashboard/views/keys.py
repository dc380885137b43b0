"""API keys: making and revoking them. A token is shown once."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import timedelta

from flask import Response

from backend.api.routers import keys as api
from backend.api.schemas.base import Because
from backend.api.schemas.keys import KeyRequest, KeysQuery, RotateRequest
from backend.dashboard.request.page_context import Visit, link
from backend.dashboard.request.routes import Routes
from backend.domain.access.role import Role
from backend.domain.errors import InvalidOption
from backend.services.access.key_service import NewKey

routes = Routes()
LIVES = {"": "without end", "1": "1 day", "30": "30 days", "90": "90 days", "365": "1 year"}
#: Seconds for which a key that is replaced stays good.
OVERLAPS = {"86400": "a day", "3600": "an hour", "604800": "a week", "0": "no longer"}


@routes.page("/keys", "keys.list_keys")
def keys(visit: Visit) -> Response:
    """Every key."""
    return _page(visit, None)


@routes.action("/keys", "keys.create")
def create_key(visit: Visit) -> Response:
    """Makes one; the page that answers is the only one that ever shows its token."""
    form = visit.form
    days = _offered(form.get("days", ""), LIVES, "days")
    body = KeyRequest.model_validate(
        {
            "name": form.get("name", ""),
            "role": form.get("role", ""),
            "tenant": form.get("tenant"),
            "job_types": [name for name in re.split(r"[,\s]+", form.get("job_types", "")) if name]
            or None,
            "expires_at": visit.parts.clock.now() + timedelta(days=int(days)) if days else None,
            "reason": visit.reason,
        }
    )
    made = visit.actions.keys.create(
        visit.actor,
        body.name,
        body.role,
        reason=body.reason,
        expires_at=body.expires_at,
        tenant=body.tenant,
        job_types=body.job_types,
    )
    return _page(visit, made)


@routes.action("/keys/<key_id>/revoke", "keys.revoke")
def revoke_key(visit: Visit, key_id: str) -> str:
    """Ends one for good."""
    because = Because(reason=visit.must_say_why())
    visit.actions.keys.revoke(visit.actor, key_id, reason=because.reason)
    return link("/keys", note="revoked")


@routes.action("/keys/<key_id>/rotate", "keys.rotate")
def rotate_key(visit: Visit, key_id: str) -> Response:
    """Makes one in the place of another, which stays good beside it for some time."""
    overlap = _offered(visit.form.get("overlap", "86400"), OVERLAPS, "overlap")
    body = RotateRequest(overlap_seconds=int(overlap), reason=visit.reason)
    made = visit.actions.keys.rotate(
        visit.actor, key_id, overlap=timedelta(seconds=body.overlap_seconds), reason=body.reason
    )
    return _page(visit, made)


def _offered(value: str, offered: Mapping[str, str], field: str) -> str:
    """What was chosen; a value that the page never offered would be a key of another life."""
    if value not in offered:
        raise InvalidOption(f"{value!r} is none of {', '.join(filter(None, offered))}", field=field)
    return value


def _page(visit: Visit, made: NewKey | None) -> Response:
    with_revoked = visit.query.get("revoked") == "yes"
    found = api.list_keys(visit.call, KeysQuery(revoked=with_revoked))
    return visit.show(
        "keys.html",
        items=found.items,
        made=made,
        with_revoked=with_revoked,
        roles=[role.value for role in Role],
        lives=LIVES,
        overlaps=OVERLAPS,
        now=visit.parts.clock.now(),
    )
