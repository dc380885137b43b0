"""Tenants: how much of the deployment each may use."""

from __future__ import annotations

from backend.api.http.operation import Router
from backend.api.request.request_context import Call
from backend.api.schemas.base import Because
from backend.api.schemas.fields import Line
from backend.api.schemas.tenants import QuotaCleared, QuotaLine, QuotaRequest, TenantsFound
from backend.domain.access.access_errors import NotAllowed

router = Router("tenants", "Tenants")


@router.get("/api/tenants")
def list_tenants(call: Call) -> TenantsFound:
    """The tenants with quotas: what each may use, and what it uses."""
    return TenantsFound(items=[QuotaLine.of(state) for state in call.parts.quotas.all()])


@router.get("/api/tenants/{tenant}/quota")
def quota(call: Call, tenant: Line) -> QuotaLine:
    """What one tenant may use, and what it uses."""
    if call.who.tenant not in {None, tenant}:
        raise NotAllowed(f"your key is bound to the tenant {call.who.tenant!r}")
    return QuotaLine.of(call.parts.quotas.get(tenant, names_others=call.who.tenant is None))


@router.put("/api/tenants/{tenant}/quota")
def set_quota(call: Call, tenant: Line, body: QuotaRequest) -> QuotaLine:
    """Says what a tenant may use, instead of what was said before; it holds for jobs that wait too."""
    state = call.actions.tenants.set_quota(call.actor, tenant, body.quota, reason=body.reason)
    return QuotaLine.of(state)


@router.delete("/api/tenants/{tenant}/quota", optional_body=True)
def clear_quota(call: Call, tenant: Line, body: Because) -> QuotaCleared:
    """Lets a tenant use as much as there is."""
    cleared = call.actions.tenants.clear_quota(call.actor, tenant, reason=body.reason)
    return QuotaCleared(tenant=tenant, changed=cleared)
