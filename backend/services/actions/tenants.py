"""What people and tokens say of tenants."""

from __future__ import annotations

from backend.domain.access.actor import Actor
from backend.domain.jobs.options.quota import Quota, QuotaState
from backend.services.access.quota_service import QuotaService
from backend.services.actions.action import ActionFamily, action
from backend.services.actions.action_log import ActionLog, Effect


class TenantActions(ActionFamily):
    """Set and clear quotas."""

    def __init__(self, log: ActionLog, quotas: QuotaService) -> None:
        super().__init__(log)
        self._quotas = quotas

    @action("tenants.set_quota", "tenant:{tenant}")
    def set_quota(
        self, by: Actor, tenant: str, quota: Quota, *, reason: str = ""
    ) -> Effect[QuotaState]:
        """Says how many jobs of a tenant may wait, run and start in a time; how it stands now."""
        before = self._said(tenant)
        state = self._quotas.set(tenant, quota, by=by, reason=reason)
        return Effect(state, [tenant], before={"quota": before}, after={"quota": quota.text})

    @action("tenants.clear_quota", "tenant:{tenant}")
    def clear_quota(self, by: Actor, tenant: str, *, reason: str = "") -> Effect[bool]:
        """Lets a tenant use as much as there is; False if it had no quota."""
        before = self._said(tenant)
        cleared = self._quotas.clear(tenant, by=by, reason=reason)
        ids = [tenant] if cleared else []
        return Effect(cleared, ids, before={"quota": before}, after={"quota": ""})

    def _said(self, tenant: str) -> str:
        state = self._quotas.find(tenant)
        return state.quota.text if state else ""
