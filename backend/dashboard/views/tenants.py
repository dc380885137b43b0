"""Quotas of tenants: setting and clearing them, from the page of queues that shows them."""

from __future__ import annotations

from typing import Any

from backend.api.schemas.base import Because
from backend.api.schemas.tenants import QuotaRequest
from backend.dashboard.request.page_context import Visit, link
from backend.dashboard.request.routes import Routes

routes = Routes()


@routes.action("/quotas/set", "tenants.set_quota", stands_on="/queues")
def set_quota(visit: Visit) -> str:
    """Says what a tenant may use."""
    said: dict[str, Any] = {name: _typed(visit, name) for name in ("waiting", "running")}
    if starts := _typed(visit, "starts"):
        said["starts"] = {"limit": starts, "per": _typed(visit, "per") or "60"}
    body = QuotaRequest.model_validate({**said, "reason": visit.reason})
    tenant = visit.form.get("tenant", "")
    visit.actions.tenants.set_quota(visit.actor, tenant, body.quota, reason=body.reason)
    return link("/queues", note="quota-set")


@routes.action("/quotas/clear", "tenants.clear_quota", stands_on="/queues")
def clear_quota(visit: Visit) -> str:
    """Lets it use as much as there is."""
    reason = Because(reason=visit.reason).reason
    visit.actions.tenants.clear_quota(visit.actor, visit.form.get("tenant", ""), reason=reason)
    return link("/queues", note="quota-cleared")


def _typed(visit: Visit, name: str) -> str | None:
    return visit.form.get(name, "").strip() or None
