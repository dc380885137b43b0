"""The audit log: who did what, and the proof that nothing of it was changed."""

from __future__ import annotations

from flask import Response

from backend.api.routers import audit as api
from backend.api.schemas.audit import AuditQuery, AuditVerdictResource
from backend.dashboard.request.page_context import Visit
from backend.dashboard.request.routes import Routes

routes = Routes()
_FILTERS = ("actor", "action", "affected_id", "request_id", "after", "before")


@routes.page("/audit", "audit.search", has_filter=True)
def audit(visit: Visit) -> Response:
    """Actions, the newest first."""
    return _page(visit, None)


@routes.action("/audit", "audit.verify")
def verify_audit(visit: Visit) -> Response:
    """Recomputes both chains and says whether they hold."""
    return _page(visit, api.verify(visit.call))


def _page(visit: Visit, verdict: AuditVerdictResource | None) -> Response:
    asked = visit.asked(*_FILTERS)
    query = AuditQuery.model_validate({**asked, "cursor": visit.query.get("cursor"), "limit": 50})
    page = api.search(visit.call, query).body
    return visit.show(
        "audit.html",
        page=page,
        rows=page.items,
        asked=asked,
        verdict=verdict,
        is_first="cursor" not in visit.query,
    )
